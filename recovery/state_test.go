package recovery

import (
	"slices"
	"testing"
	"time"
)

// allStates are the states of a request; "" is before it is one.
var allStates = []State{
	"", Submitted, Confirming, Pending, Approved, Restoring, Succeeded, Partial, Failed, Denied, Cancelled, Expired, Unneeded, Impossible,
}

func TestStateTable(t *testing.T) {
	t.Parallel()
	type edge struct{ from, to State }
	table := map[edge]bool{}
	for _, line := range []struct {
		from []State
		to   []State
	}{
		{[]State{""}, []State{Submitted}},
		{[]State{Submitted}, []State{Confirming, Unneeded, Impossible}},
		{[]State{Confirming}, []State{Pending}},
		{[]State{Pending}, []State{Approved, Denied}},
		{[]State{Approved}, []State{Pending}},
		{[]State{Pending, Approved}, []State{Confirming}},
		{[]State{Submitted, Confirming, Pending, Approved}, []State{Cancelled}},
		{[]State{Confirming, Pending}, []State{Expired}},
		{[]State{Approved}, []State{Restoring}},
		{[]State{Restoring}, []State{Succeeded, Partial, Failed}},
		{[]State{Partial, Failed}, []State{Approved}},
		// And the rest: an obstacle that nobody removes, and a plan made anew that finds no way any more; an approval that
		// could not be acted on in time; and one that is tried again, whose people leave it at what was done before.
		{[]State{Submitted, Approved}, []State{Expired}},
		{[]State{Confirming, Pending, Approved}, []State{Partial}},
		{[]State{Confirming}, []State{Unneeded, Impossible}},
	} {
		for _, from := range line.from {
			for _, to := range line.to {
				table[edge{from, to}] = true
			}
		}
	}
	for _, from := range allStates {
		for _, to := range allStates {
			if got, want := from.CanBecome(to), from == to || table[edge{from, to}]; got != want {
				t.Errorf("%q to %q: %v, want %v", from, to, got, want)
			}
		}
	}
}

func TestOpenStatesAreThoseThatGoOn(t *testing.T) {
	t.Parallel()
	open := []State{Submitted, Confirming, Pending, Approved, Restoring}
	for _, s := range allStates[1:] {
		if s.Open() != slices.Contains(open, s) {
			t.Errorf("%s.Open() = %v", s, s.Open())
		}
	}
}

// inState gives a request of rita's that is in a state by hand; its plan is john's.
func inState(w *world, s State) Request {
	w.Helper()
	w.deleted(john, "john")
	r := w.is(w.asks("john@contoso.com"), Confirming)
	w.force(r.ID, func(r *Request) {
		r.State = s
		if s == Submitted {
			r.Plan, r.Obstacle = nil, &Note{NoteNoSeat, []string{"ENTERPRISEPACK"}}
			r.Diagnosis.Offers = []Offer{{Action: ChooseAccount, Options: []Option{{Value: john}}}}
		}
		if s == Restoring { // by a copy, which is suspended
			r.Plan.Steps = append([]Step{{Kind: StepCopy, Progress: Progress{
				Began: w.clock, Acted: w.clock, CopyID: "copy-1", Copy: &CopyStatus{State: CopySuspended}, Problem: &Note{Code: NoteCopyWaits},
			}}}, r.Plan.Steps...)
		}
		if s == Confirming {
			r.Diagnosis.Offers = append(r.Diagnosis.Offers,
				Offer{Action: ChooseSignInName, Options: []Option{{Value: "john2@contoso.com"}}},
				Offer{Action: ChooseDrop, Options: []Option{{Value: "drop"}}},
				Offer{Action: ChooseLicense, Options: []Option{{Value: skuE3}}})
		}
		if s == Succeeded || s == Partial || s == Failed {
			r.EnteredAt = w.clock
			r.Plan.Steps[0].Progress = Progress{Began: w.clock, Acted: w.clock, Done: w.clock, Before: &Facts{Deleted: true}, After: &Facts{Enabled: new(true)}}
		}
		if s == Approved {
			r.Reviews = []Review{{By: by(bert), Verdict: Approve, At: w.clock, Fingerprint: r.Plan.Fingerprint()}}
		}
	})
	return w.request(r.ID)
}

// force writes a request past the state table and without a job.
func (w *world) force(id int64, change func(*Request)) {
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	r := w.store.read(id)
	change(&r)
	r.Version++
	w.store.write(r, w.store.rows[id].events)
	w.store.jobs = nil
}

// decideOne lets the one click of a request be decided and gives what came of it.
func (w *world) decideOne(id int64, c Click) Event {
	w.Helper()
	w.send(id, c)
	r := w.request(id)
	if _, err := w.svc.Advance(w.ctx, id, r.Version); err != nil {
		w.Fatal(err)
	}
	trail := w.store.trail(id)
	return trail[len(trail)-1]
}

// offered are values that inState's requests offer.
var offered = map[Action]string{
	ActDeny: "because", ChooseAccount: john, ChooseSignInName: "john2@contoso.com", ChooseDrop: "drop", ChooseLicense: skuE3, ChooseSignIn: "block",
}

var allActions = []Action{
	ActConfirm, ActCancel, ActApprove, ActDeny, ActRetry, ActCheck, ActResume, ActUndo, ChooseAccount, ChooseSignInName, ChooseDrop, ChooseLicense, ChooseSignIn,
}

// obeyed says in which states an action is obeyed when the right person makes it on the right message, and where to
// the request goes.
var obeyed = map[Action]map[State]State{
	ActConfirm:       {Confirming: Pending},
	ActCancel:        {Submitted: Cancelled, Confirming: Cancelled, Pending: Cancelled, Approved: Cancelled},
	ActApprove:       {Pending: Approved},
	ActDeny:          {Pending: Denied},
	ActRetry:         {Partial: Approved, Failed: Approved},
	ActCheck:         {Submitted: Submitted}, // elsewhere there is no obstacle
	ActResume:        {Restoring: Restoring},
	ActUndo:          {Restoring: Restoring, Succeeded: Succeeded, Partial: Partial, Failed: Failed},
	ChooseAccount:    {Submitted: Submitted},
	ChooseSignInName: {Confirming: Confirming},
	ChooseDrop:       {Confirming: Confirming},
	ChooseLicense:    {Confirming: Confirming},
	ChooseSignIn:     {Confirming: Confirming},
}

func TestEveryActionInEveryState(t *testing.T) {
	t.Parallel()
	for _, a := range allActions {
		for _, s := range allStates[1:] {
			t.Run(string(a)+" in "+string(s), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				r := inState(w, s)
				who := rita
				if a == ActApprove || a == ActDeny || a == ActRetry || a == ActResume || a == ActUndo || a == ChooseAccount {
					who = anna
				}
				e := w.decideOne(r.ID, w.click(r.ID, who, a, offered[a]))
				next, ok := obeyed[a][s]
				switch {
				case ok && (e.Kind == EventRefused || e.To != next):
					t.Errorf("%s by %s gives %s to %s (%v), want %s", a, who, e.Kind, e.To, e.Note, next)
				case !ok && (e.Kind != EventRefused || e.To != s):
					t.Errorf("%s by %s gives %s to %s, want it refused", a, who, e.Kind, e.To)
				case !ok && a == ActCancel && s == Restoring && e.Note.Code != NoteTooLate:
					t.Errorf("refused by %v, want %s", e.Note, NoteTooLate)
				}
				if after := w.request(r.ID); len(after.Inbox) != 0 || after.Lease.Owner != "" || e.By != by(who) || e.Click == nil {
					t.Errorf("left behind: inbox %v, lease %v, event %+v", after.Inbox, after.Lease, e)
				}
			})
		}
	}
}

// whoMay gives why somebody may not do an action, in the state where it can be done; "" for who may. Self is whether
// self-approval is on.
func whoMay(user string, a Action, self bool) NoteCode {
	bad := map[string]NoteCode{
		gus: NoteGuest, bot: NoteBot, gone: NoteDeactivated, ivan: NoteDeactivated, fogg: NoteUnproven, "UNOBODY": NoteUnproven,
	}
	if code, ok := bad[user]; ok {
		return code
	}
	approver := user == anna || user == bert || user == carl
	requester := user == "requester" || user == "requester+approver"
	switch a {
	case ActApprove, ActDeny, ActRetry, ActResume:
		if requester && !self {
			return NoteYourOwn
		}
		if !approver && user != "requester+approver" {
			return NoteNotApprover
		}
	case ChooseAccount, ActUndo:
		if !approver && user != "requester+approver" {
			return NoteNotApprover
		}
	case ActCancel, ActCheck:
		if !approver && !requester {
			return NoteNotApprover
		}
	default:
		if !requester {
			return NoteNotRequester
		}
	}
	return ""
}

func TestEveryPersonWithEveryAction(t *testing.T) {
	t.Parallel()
	people := []string{"requester", "requester+approver", anna, carl, sven, gus, bot, gone, ivan, fogg, "UNOBODY"}
	for _, a := range allActions {
		state := slices.Sorted(func(yield func(State) bool) {
			for s := range obeyed[a] {
				if !yield(s) {
					return
				}
			}
		})[0]
		for _, user := range people {
			for _, self := range []bool{false, true} {
				t.Run(string(a)+" by "+user, func(t *testing.T) {
					t.Parallel()
					w := newWorld(t)
					w.set(func(s *Settings) { s.SelfApproval = self })
					r := inState(w, state)
					who := user
					if user == "requester" || user == "requester+approver" {
						who = rita
					}
					if user == "requester+approver" {
						w.set(func(s *Settings) { s.Approvers = append(slices.Clone(s.Approvers), rita) })
					}
					c := w.click(r.ID, who, a, offered[a])
					if user == fogg || user == "UNOBODY" {
						w.force(r.ID, func(r *Request) { r.Inbox = []Click{c} })
						w.undecided(t, r.ID, user == fogg)
						return
					}
					e := w.decideOne(r.ID, c)
					want := whoMay(user, a, self)
					if (want == "") != (e.Kind != EventRefused) || want != "" && e.Note.Code != want {
						t.Errorf("self-approval %v: %s with %v, want refusal %q", self, e.Kind, e.Note, want)
					}
					if e.Kind == EventRefused && e.To != state {
						t.Errorf("a refused click moved the request to %s", e.To)
					}
				})
			}
		}
	}
}

// undecided checks that a click whose person cannot be read is never obeyed: tried again for a while where that may help,
// and refused then.
func (w *world) undecided(t *testing.T, id int64, wait bool) {
	t.Helper()
	r := w.request(id)
	_, err := w.svc.Advance(w.ctx, id, r.Version)
	if wait {
		if after := w.request(id); err == nil || len(after.Inbox) != 1 || after.Version != r.Version || after.Lease.Owner != "" || after.Tries != r.Tries {
			t.Fatalf("unreadable person: error %v, request %+v", err, after)
		}
		w.clock = w.clock.Add(clickTTL)
		_, err = w.svc.Advance(w.ctx, id, r.Version)
	}
	got := w.refusals(id)
	if err != nil || len(got) != 1 || got[0] != NoteUnproven && got[0] != NoteStale || w.request(id).State != r.State {
		t.Errorf("error %v, refusals %v, state %s", err, got, w.request(id).State)
	}
}

func TestExternalPeopleAreRefusedAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := inState(w, Pending)
	c := w.click(r.ID, xena, ActApprove, "")
	c.By.TeamID = "T9" // as Slack Connect tells it
	if note, err := w.svc.Click(w.ctx, r.ID, c); err != nil || note == nil || note.Code != NoteExternal {
		t.Fatalf("%v, %v", note, err)
	}
	if len(w.request(r.ID).Inbox) != 0 {
		t.Error("the click was recorded")
	}
	c.By.TeamID = team // as if by one of ours: the profile tells
	if e := w.decideOne(r.ID, c); e.Kind != EventRefused || e.Note.Code != NoteExternal {
		t.Errorf("%s %v", e.Kind, e.Note)
	}
	if note, err := w.svc.mayAct(w.ctx, Actor{TeamID: "T9", UserID: anna}); err != nil || note == nil || note.Code != NoteExternal {
		t.Errorf("an approver's id, of another workspace: %v, %v", note, err)
	}
	w.people.persons["UFAKE"] = Person{ID: anna, TeamID: team} // Slack answers for somebody else
	if e := w.decideOne(r.ID, w.click(r.ID, "UFAKE", ActApprove, "")); e.Kind != EventRefused || e.Note.Code != NoteUnproven {
		t.Errorf("%s %v", e.Kind, e.Note)
	}
}

func TestClickOnAnotherMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := inState(w, Pending)
	w.store.post(hq, "99.1", 99, CardApproval)
	w.store.post(hq, "1.9", r.ID, "line:3")
	for name, change := range map[string]func(*Click){
		"unknown message":        func(c *Click) { c.TS = "77.7" },
		"other channel":          func(c *Click) { c.Channel = "COTHER" },
		"no message":             func(c *Click) { c.Channel, c.TS = "", "" },
		"requester's card":       func(c *Click) { c.Channel, c.TS = "D"+rita, "1.2" },
		"another request's card": func(c *Click) { c.TS = "99.1" },
		"a line, not a card":     func(c *Click) { c.TS = "1.9" },
	} {
		c := w.click(r.ID, anna, ActApprove, "")
		change(&c)
		if e := w.decideOne(r.ID, c); e.Kind != EventRefused || e.Note.Code != NoteOldMessage {
			t.Errorf("%s: %s %v", name, e.Kind, e.Note)
		}
	}
	c := w.click(r.ID, rita, ActConfirm, "")
	c.Channel, c.TS = hq, "1.1"
	if e := w.decideOne(r.ID, c); e.Kind != EventRefused || e.Note.Code != NoteOldMessage {
		t.Errorf("confirmed on the approvers' card: %s %v", e.Kind, e.Note)
	}
	if note, err := w.svc.Click(w.ctx, 4711, c); err != nil || note == nil || note.Code != NoteOldMessage {
		t.Errorf("a click on no request: %v, %v", note, err)
	}
}

func TestStaleClickIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := inState(w, Pending)
	c := w.click(r.ID, anna, ActApprove, "")
	w.clock = w.clock.Add(clickTTL)
	if e := w.decideOne(r.ID, c); e.Kind != EventRefused || e.Note.Code != NoteStale {
		t.Errorf("%s %v", e.Kind, e.Note)
	}
}

func TestRefusalsAreToldOnceAMinute(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := inState(w, Pending)
	refused := func(user string, a Action, value string) Event {
		t.Helper()
		e := w.decideOne(r.ID, w.click(r.ID, user, a, value))
		if e.Kind != EventRefused { // each is an event, told or not
			t.Fatalf("%s by %s: %s", a, user, e.Kind)
		}
		return e
	}
	for i := range 3 {
		if e := refused(sven, ActApprove, ""); e.Again != (i > 0) {
			t.Errorf("click %d: again %v", i, e.Again)
		}
	}
	if refused(gus, ActApprove, "").Again || refused(sven, ActDeny, "x").Again || refused(rita, ActApprove, "").Again {
		t.Error("what one was told is taken for told to another, or of something else")
	}
	w.clock = w.clock.Add(refusalTTL)
	if refused(sven, ActApprove, "").Again {
		t.Error("nobody is told any more")
	}
	if n := len(w.events(r.ID, EventRefused)); n != 7 {
		t.Errorf("%d refusals on record", n)
	}
}

func TestOddValues(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		state State
		act   Action
		value string
		want  NoteCode
	}{
		{Confirming, ChooseSignInName, "evil@elsewhere.com", NoteNotOffered},
		{Confirming, ChooseLicense, skuLookalike, NoteNotOffered},
		{Confirming, ChooseSignIn, "", NoteNotOffered},
		{Confirming, ChooseDrop, "keep", NoteNotOffered},
		{Submitted, ChooseAccount, jane, NoteNotOffered},
		{Pending, ActDeny, "", NoteNeedReason},
		{Confirming, "request.everything", "", NoteNotOffered},
		{Confirming, "", "", NoteNotOffered},
	} {
		w := newWorld(t)
		r := inState(w, tt.state)
		who := rita
		if tt.act == ActDeny || tt.act == ChooseAccount {
			who = anna
		}
		if e := w.decideOne(r.ID, w.click(r.ID, who, tt.act, tt.value)); e.Kind != EventRefused || e.Note.Code != tt.want {
			t.Errorf("%s %q: %s %v, want %s", tt.act, tt.value, e.Kind, e.Note, tt.want)
		}
	}
}

func TestInbox(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := inState(w, Pending)
	c := w.click(r.ID, anna, ActDeny, "no")
	w.send(r.ID, c)
	w.send(r.ID, c) // delivered twice
	again := c
	again.Key, again.At = "another", c.At.Add(time.Second)
	w.send(r.ID, again) // pressed twice
	if got := w.request(r.ID).Inbox; len(got) != 1 {
		t.Fatalf("inbox %v", got)
	}
	better := again
	better.Key, better.Reason = "third", "a better reason"
	w.send(r.ID, better)
	if got := w.request(r.ID).Inbox; len(got) != 2 {
		t.Fatalf("inbox %v", got)
	}
	for i := range 2 * maxInboxEach { // one person cannot shut the others out
		x := w.click(r.ID, sven, ActApprove, "")
		x.TS = string(rune('a' + i))
		note, err := w.svc.Click(w.ctx, r.ID, x)
		if full := i >= maxInboxEach; err != nil || (note != nil) != full || full && note.Code != NoteBusy {
			t.Fatalf("click %d: %v, %v", i, note, err)
		}
	}
	w.send(r.ID, w.click(r.ID, bert, ActApprove, ""))
	w.force(r.ID, func(*Request) {})
	w.store.again(job{id: r.ID, version: w.request(r.ID).Version}, w.clock)
	w.settle()
	r = w.is(w.request(r.ID), Denied)
	if len(r.Inbox) != 0 || r.EndReason != "no" || len(w.refusals(r.ID)) != maxInboxEach+2 {
		t.Errorf("inbox %d, reason %q, %d refusals", len(r.Inbox), r.EndReason, len(w.refusals(r.ID)))
	}
	w.send(r.ID, c) // delivered once more, long after it was decided
	if got := w.request(r.ID).Inbox; len(got) != 0 {
		t.Errorf("a decided click waits again: %v", got)
	}
}

func TestGroups(t *testing.T) {
	t.Parallel()
	unread := map[string]error{desk: &Error{Kind: Unavailable, Op: "usergroups.users.list"}}
	disabled := map[string]error{desk: &Error{Kind: NotFound, Op: "usergroups.users.list"}}
	for _, tt := range []struct {
		name string
		errs map[string]error
		who  string
		want NoteCode // "" for obeyed, "later" for not decided now
	}{
		{"unreadable, named approver", unread, anna, ""},
		{"unreadable, member", unread, carl, "later"},
		{"unreadable, other", unread, sven, "later"},
		{"disabled, named approver", disabled, anna, ""},
		{"disabled, member", disabled, carl, NoteNotApprover},
		{"disabled, other", disabled, sven, NoteNotApprover},
		{"member", nil, carl, ""},
		{"other", nil, sven, NoteNotApprover},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r := inState(w, Pending)
			w.people.errs = tt.errs
			c := w.click(r.ID, tt.who, ActApprove, "")
			if tt.want == "later" {
				w.force(r.ID, func(r *Request) { r.Inbox = []Click{c} })
				w.undecided(t, r.ID, true)
				return
			}
			e := w.decideOne(r.ID, c)
			if (e.Kind == EventRefused) != (tt.want != "") || tt.want != "" && e.Note.Code != tt.want {
				t.Errorf("%s %v, want %q", e.Kind, e.Note, tt.want)
			}
		})
	}
}

func TestWhoMayAsk(t *testing.T) {
	t.Parallel()
	for user, want := range map[string]State{rita: Confirming, anna: Confirming, carl: Confirming, sven: Impossible, gus: Impossible, bot: Impossible, gone: Impossible, ivan: Impossible} {
		w := newWorld(t)
		w.set(func(s *Settings) { s.Requesters = []string{rita, "SGONE"} })
		w.people.errs["SGONE"] = &Error{Kind: NotFound, Op: "usergroups.users.list"}
		w.deleted(john, "john")
		r := w.asksAs(user, Ask{Query: Query{ByAddress, "john@contoso.com"}})
		if r.State != want || r.Reader.Approver != (user == anna || user == carl) {
			t.Errorf("%s: %s, approver %v, %v", user, r.State, r.Reader.Approver, r.Obstacle)
		}
	}
}
