package recovery

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// memLinks keeps links in memory.
type memLinks struct {
	mu   sync.Mutex
	all  []Link
	fail error
}

func (m *memLinks) KeepLink(_ context.Context, l Link) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail == nil && !linked(m.all, l.Actor) {
		m.all = append(m.all, l)
	}
	return m.fail
}

func (m *memLinks) FollowLink(_ context.Context, l Relinked) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.all {
		if m.all[i].Actor == l.Actor && m.all[i].ObjectID == l.Was {
			m.all[i].ObjectID, m.all[i].Why, m.all[i].LinkedAt = l.Is, LinkAnew, l.At
		}
	}
	return m.fail
}

// before are the links that were there before the test: who is in a user group, and not listed by user id, needs one.
func (m *memLinks) before() []Link { return []Link{{Actor: by(carl), ObjectID: "id-" + carl}} }

func (m *memLinks) Links(_ context.Context, who Actor) (list []Link, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := append(m.before(), m.all...)
	for _, own := range all {
		if own.Actor != who {
			continue
		}
		list = slices.DeleteFunc(slices.Clone(all), func(l Link) bool { return l.ObjectID != own.ObjectID })
	}
	return list, m.fail
}

// knows says that somebody was proven to be an account before.
func (w *world) knows(user, account string) {
	w.links.all = append(w.links.all, Link{Actor: by(user), ObjectID: account, LinkedAt: w.clock, Why: LinkAddress})
}

func TestTheFirstProofIsKept(t *testing.T) {
	t.Parallel()
	w := itemWorld(t, true)
	w.holds(john, 2)
	began := w.clock
	r := w.is(w.asksItems(rita, ItemWish{}), Confirming)
	want := []Link{{Actor: by(rita), ObjectID: john, LinkedAt: began, Why: LinkAddress, Request: r.ID}}
	if diff := cmp.Diff(want, w.links.all); diff != "" {
		t.Error(diff)
	}
	u := w.tenant.users[john] // both get another name, which the object id outlives
	u.account.UserPrincipalName, u.account.Mail, u.account.ProxyAddresses = "jon@contoso.com", "jon@contoso.com", []string{"SMTP:jon@contoso.com"}
	w.mailboxOf(john).Address = "jon@contoso.com"
	w.people.set(rita, func(p *Person) { p.Email = "jon@contoso.com" })
	r, _, err := w.svc.Ask(w.ctx, AskInput{Ask: Ask{Query: Query{ByAddress, "jon@contoso.com"}, Items: &ItemWish{}}, Actor: by(rita), Key: "again"})
	if err != nil {
		t.Fatal(err)
	}
	w.settle()
	if r = w.is(w.request(r.ID), Confirming); !r.Plan.Items.Owner {
		t.Error("a new address made somebody else of the owner")
	}
	if diff := cmp.Diff(want, w.links.all); diff != "" {
		t.Error(diff)
	}
}

func TestALinkOutweighsTheAddress(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		known, of string // who is linked to which account
		address   string // what rita's Slack account says now
		asks      string // whose items she asks for
		state     State
		note      NoteCode
	}{
		"another's address":     {rita, john, "jane@contoso.com", "jane", Impossible, NoteLinkDiffers},
		"the own old mailbox":   {rita, john, "jane@contoso.com", "john", Impossible, NoteLinkDiffers},
		"a third one's mailbox": {rita, john, "jane@contoso.com", "info", Confirming, ""},
		"a second Slack person": {sven, john, "john@contoso.com", "john", Impossible, NoteLinkTaken},
		"an address of nobody":  {rita, john, "rita@contoso.com", "john", Confirming, ""},
		"an unconfirmed one":    {rita, john, "", "john", Confirming, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := itemWorld(t, true)
			w.lives(jane, "jane")
			w.lives(info, "info")
			w.knows(tt.known, tt.of)
			w.people.set(rita, func(p *Person) { p.Email = tt.address })
			r := w.is(w.asksAs(rita, Ask{Query: Query{ByAddress, tt.asks + "@contoso.com"}, Items: &ItemWish{}}), tt.state)
			if r.Plan != nil && (r.Plan.Items.Owner || slices.Contains(w.tenant.calls, "items")) {
				t.Error("taken for the owner")
			}
			if tt.note != "" {
				w.hindered(r, tt.note)
			}
			if w.links.all[0].ObjectID != tt.of || len(w.links.all) > 2 || tt.known == rita && len(w.links.all) > 1 {
				t.Errorf("links %+v", w.links.all)
			}
			if warned := strings.Contains(w.log.String(), "not taken for the owner"); warned != (tt.note != "") {
				t.Errorf("log %s", w.log)
			}
		})
	}
}

func TestAnOwnerWhoBecomesAnother(t *testing.T) {
	t.Parallel()
	w := itemWorld(t, true)
	w.holds(john, 2)
	w.lives(jane, "jane")
	r := w.is(w.asksItems(rita, ItemWish{}), Confirming)
	w.people.set(rita, func(p *Person) { p.Email = "jane@contoso.com" })
	if _, note, err := w.svc.OwnItems(w.ctx, by(rita), r.ID, OwnFilter{}); err != nil || note == nil || note.Code != NoteLinkDiffers {
		t.Errorf("the form: %v, %v", note, err)
	}
	w.press(r.ID, rita, ActConfirm)
	r = w.press(r.ID, anna, ActApprove)
	w.hindered(w.is(r, Impossible), NoteLinkDiffers)
	if len(w.box.put) > 0 {
		t.Errorf("restored %v", w.box.put)
	}
}

func TestOwnersWaitForWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	w := itemWorld(t, true)
	w.holds(john, 1)
	r := w.asksItems(rita, ItemWish{})
	for name, spoil := range map[string]func(){
		"Microsoft": func() { w.tenant.fails("find", 1, &Error{Kind: Unavailable, Op: "users"}) },
		"the links": func() { w.links.fail = errors.New("disk full") },
	} {
		spoil()
		if own, note, err := w.svc.OwnItems(w.ctx, by(rita), r.ID, OwnFilter{}); err == nil {
			t.Errorf("without %s: %+v, %v", name, own, note)
		}
		w.links.fail = nil
	}
}

func TestASecondSlackAccountDecidesNothing(t *testing.T) {
	t.Parallel()
	away := &Error{Kind: Unavailable, Op: "users"}
	for name, tt := range map[string]struct {
		change func(*world)
		action Action
		state  State
		calls  int // of Graph, to prove who the approver is
	}{
		"both linked":         {func(w *world) { w.knows(rita, john); w.knows(anna, john) }, ActApprove, Pending, 0},
		"to deny":             {func(w *world) { w.knows(rita, john); w.knows(anna, john) }, ActDeny, Pending, 0},
		"proven now":          {func(w *world) { w.knows(rita, john) }, ActApprove, Pending, 1},
		"Microsoft is away":   {func(w *world) { w.knows(rita, john); w.knows(anna, john); w.tenant.fails("find", 1, away) }, ActApprove, Pending, 0},
		"linked to another":   {func(w *world) { w.knows(rita, john); w.knows(anna, info) }, ActDeny, Denied, 0},
		"requester not known": {func(w *world) { w.knows(anna, john) }, ActDeny, Denied, 1},
		"requester, too, now": {func(w *world) {
			w.knows(anna, john)
			w.people.set(rita, func(p *Person) { p.Email = "john@contoso.com" })
		}, ActApprove, Pending, 1},
		"nothing to compare": {func(w *world) { w.knows(rita, john); w.tenant.fails("find", 1, away) }, ActDeny, Denied, 1},
		"self-approval":      {func(w *world) { w.knows(rita, john); w.set(func(s *Settings) { s.SelfApproval = true }) }, ActDeny, Denied, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.lives(john, "john")
			w.lives(info, "info")
			w.deleted(jane, "jane")
			w.people.set(anna, func(p *Person) { p.Email = "john@fabrikam.com" })
			r := w.asks("jane@contoso.com")
			w.is(w.press(r.ID, rita, ActConfirm), Pending)
			tt.change(w)
			w.tenant.calls = nil
			w.is(w.press(r.ID, anna, tt.action, map[Action]string{ActDeny: "no"}[tt.action]), tt.state)
			refused := w.refusals(r.ID)
			found := slices.DeleteFunc(slices.Clone(w.tenant.calls), func(op string) bool { return op != "find" })
			if (tt.state == Pending) != slices.Equal(refused, []NoteCode{NoteYourOwn}) || len(found) != tt.calls {
				t.Errorf("refused %v, calls %v", refused, w.tenant.calls)
			}
		})
	}
}

// TestASecondAccountIsFoundBeforeTheRestore: what could not be proven at the click is asked again before anything is changed.
func TestASecondAccountIsFoundBeforeTheRestore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.set(func(s *Settings) { s.Approvals = 2 })
	w.lives(john, "john")
	w.deleted(jane, "jane")
	w.people.set(anna, func(p *Person) { p.Email = "john@contoso.com" })
	r := w.asks("jane@contoso.com")
	w.press(r.ID, rita, ActConfirm)
	w.knows(rita, john)
	w.tenant.fails("find", 1, &Error{Kind: Unavailable, Op: "users"})
	w.press(r.ID, anna, ActApprove)
	r = w.is(w.press(r.ID, bert, ActApprove), Pending)
	if len(r.Changed) != 1 || !r.Changed[0].same(Note{NoteApproverLost, []string{anna}}) || w.tenant.did["restore"] > 0 {
		t.Errorf("changed %v, done %v", r.Changed, w.tenant.did)
	}
}

// TestOnePersonAgreesOnce: two Slack accounts of one Entra account are one approval.
func TestOnePersonAgreesOnce(t *testing.T) {
	t.Parallel()
	for name, know := range map[string]func(*world){
		"both linked": func(w *world) { w.knows(anna, john); w.knows(bert, john) },
		"proven now":  func(w *world) { w.knows(anna, john) },
		"both proven now": func(w *world) {
			w.people.set(anna, func(p *Person) { p.Email = "john@contoso.com" })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.set(func(s *Settings) { s.Approvers, s.Approvals = []string{anna, bert, carl}, 2 })
			w.lives(john, "john")
			w.deleted(jane, "jane")
			r := w.asks("jane@contoso.com")
			w.press(r.ID, rita, ActConfirm)
			w.is(w.press(r.ID, anna, ActApprove), Pending)
			w.people.set(bert, func(p *Person) { p.Email = "john@contoso.com" })
			know(w)
			r = w.is(w.press(r.ID, bert, ActApprove), Pending)
			if diff := cmp.Diff([]NoteCode{NoteTwice}, w.refusals(r.ID)); diff != "" || len(r.Approvals()) != 1 {
				t.Errorf("%s, %v", diff, r.Reviews)
			}
			w.is(w.press(r.ID, carl, ActApprove), Succeeded)
		})
	}
}

// TestOnePersonIsFoundOutBeforeTheRestore: what could not be read at the click counts before anything is changed.
func TestOnePersonIsFoundOutBeforeTheRestore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.set(func(s *Settings) { s.Approvals = 2 })
	w.lives(john, "john")
	w.deleted(jane, "jane")
	r := w.asks("jane@contoso.com")
	w.press(r.ID, rita, ActConfirm)
	w.press(r.ID, anna, ActApprove)
	w.send(r.ID, w.click(r.ID, bert, ActApprove, ""))
	w.store.after = func(string) {
		if w.request(r.ID).State == Approved && len(w.links.all) == 0 {
			w.knows(anna, john)
			w.knows(bert, john)
		}
	}
	w.settle()
	r = w.is(w.request(r.ID), Pending)
	if len(r.Approvals()) != 1 || len(r.Changed) != 1 || !r.Changed[0].same(Note{NoteApproverLost, []string{bert}}) || w.tenant.did["restore"] > 0 {
		t.Errorf("%v, changed %v, done %v", r.Reviews, r.Changed, w.tenant.did)
	}
}

// TestOnePersonIsCountedOnce: neither the second account of who asked nor that of another approver is one more who could decide.
func TestOnePersonIsCountedOnce(t *testing.T) {
	t.Parallel()
	for _, other := range []string{rita, bert} {
		w := newWorld(t)
		w.set(func(s *Settings) { s.Approvers, s.Approvals = []string{anna, bert}, 2 })
		w.lives(john, "john")
		w.deleted(jane, "jane")
		w.knows(other, john)
		w.knows(anna, john)
		w.hindered(w.is(w.asks("jane@contoso.com"), Submitted), NoteNobody, "2", "1")
	}
}

func TestProvingAnApproverIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.knows(rita, john)
	var deadline time.Time
	w.svc.Directory = slowDirectory{w.tenant, &deadline}
	if note, err := w.svc.secondSelf(w.ctx, Request{ID: 1, Requester: by(rita)}, by(anna)); note != nil || err != nil {
		t.Error(note, err)
	}
	if deadline.IsZero() {
		t.Error("a Graph that hangs would hold the click up")
	}
}

// slowDirectory notes until when it may take.
type slowDirectory struct {
	Directory

	deadline *time.Time
}

func (d slowDirectory) Find(ctx context.Context, _ Query) (Findings, error) {
	*d.deadline, _ = ctx.Deadline()
	return Findings{}, &Error{Kind: Unavailable, Op: "users", Err: context.DeadlineExceeded}
}

// TestRelink: what is proven now follows the link, and what proves nothing leaves it.
func TestRelink(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		known   string // who rita was until now; empty for nobody
		change  func(p *Person)
		now     string // whom she is proven to be
		becomes string // whom she is linked to then
	}{
		"another account":        {jane, nil, john, john},
		"the same account":       {john, nil, john, john},
		"nobody yet":             {"", nil, "", ""},
		"no confirmed address":   {jane, func(p *Person) { p.Email = "" }, "", jane},
		"an address of nobody":   {jane, func(p *Person) { p.Email = "rita@contoso.com" }, "", jane},
		"a guest":                {jane, func(p *Person) { p.Guest = true }, "", jane},
		"deactivated in Slack":   {jane, func(p *Person) { p.Deleted = true }, "", jane},
		"of another workspace":   {jane, func(p *Person) { p.External = true }, "", jane},
		"somebody else answered": {jane, func(p *Person) { p.ID = sven }, "", jane},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := itemWorld(t, true) // rita has john's address
			if tt.known != "" {
				w.knows(rita, tt.known)
			}
			if tt.change != nil {
				w.people.set(rita, tt.change)
			}
			done, err := w.svc.Relink(w.ctx, by(rita))
			if want := (Relinked{by(rita), tt.known, tt.now, w.clock}); done != want || (err != nil) != (name == "somebody else answered") {
				t.Errorf("%+v, %v, want %+v", done, err, want)
			}
			links, err := w.links.Links(w.ctx, by(rita))
			if err != nil || len(links) > 1 || tt.becomes != "" && (len(links) == 0 || links[0].ObjectID != tt.becomes) || tt.becomes == "" && len(links) > 0 {
				t.Errorf("linked to %+v, %v, want %q", links, err, tt.becomes)
			}
		})
	}
}
