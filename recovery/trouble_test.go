package recovery

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// begin brings john's restore, or info's or jane's, to where it is approved.
func (w *world) begin(address string) int64 {
	w.Helper()
	r := w.is(w.asks(address), Confirming)
	w.is(w.press(r.ID, rita, ActConfirm), Pending)
	w.send(r.ID, w.click(r.ID, anna, ActApprove, ""))
	return r.ID
}

// told gives the notes that people were told while a request waited.
func (w *world) told(id int64) (notes []string) {
	for _, e := range w.events(id, EventWaiting) {
		notes = append(notes, e.Note.String())
	}
	return notes
}

func TestLookUpTroubleIsToldOnce(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		err   error
		times int
		told  []string
	}{
		{"500s", &Error{Kind: Unavailable, Op: "users"}, 9, []string{"unreadable(unavailable)"}},
		{"cut short", &Error{Kind: Incomplete, Op: "users"}, 3, []string{"incomplete"}},
		{"a defect", errors.New("nil map"), 3, []string{"unreadable(internal)"}},
		{"throttled for short", &Error{Kind: Throttled, RetryAfter: 5 * time.Second}, 4, []string{"throttled(2026-11-22T10:00:05Z)"}},
		{"throttled for long", &Error{Kind: Throttled, RetryAfter: 2 * time.Hour}, 2, []string{"throttled(2026-11-22T12:00:00Z)", "throttled(2026-11-22T14:00:00Z)"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.deleted(john, "john")
			w.tenant.fails("find", tt.times, tt.err)
			r := w.asks("john@contoso.com")
			if r.Obstacle != nil && !r.Obstacle.passing() {
				t.Errorf("obstacle %v", r.Obstacle)
			}
			w.pass(6 * time.Hour)
			r = w.is(w.request(r.ID), Confirming)
			if diff := cmp.Diff(tt.told, w.told(r.ID)); diff != "" || r.Obstacle != nil {
				t.Errorf("obstacle %v, told (-want +got):\n%s", r.Obstacle, diff)
			}
			if n := count(w.tenant.calls, "find"); n > tt.times+1 {
				t.Errorf("%d calls for %d faults", n, tt.times)
			}
		})
	}
}

func TestTroubleIsOfTheServiceThatHasIt(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err  *Error
		note NoteCode
		args []string
	}{
		{&Error{Kind: Unavailable, Peer: PeerSlack, Op: "users.info"}, NoteUnreadable, []string{"unavailable", "slack"}},
		{&Error{Kind: Throttled, Peer: PeerSlack, RetryAfter: time.Minute}, NoteWaitThrottled, []string{"2026-11-22T10:01:00Z", "slack"}},
		{&Error{Kind: Forbidden, Peer: PeerSlack, Detail: "users:read"}, NoteMissingScope, []string{"users:read"}},
		{&Error{Kind: SignedOut, Peer: PeerSlack, Detail: "token_revoked"}, NoteSignInFailed, []string{"slack", "token_revoked"}},
		{&Error{Kind: SignedOut, Peer: PeerEntra, Detail: SecretExpired}, NoteSignInFailed, []string{"entra", "secret expired"}},
		{&Error{Kind: Forbidden, Peer: PeerGraph, Detail: "User.Read.All"}, NoteMissingRole, []string{"User.Read.All"}},
		{&Error{Kind: Forbidden, Peer: PeerExchange, Detail: "Get-Mailbox"}, NoteMissingCmdlet, []string{"Get-Mailbox"}},
	} {
		w := newWorld(t)
		w.deleted(john, "john")
		if tt.err.Peer == PeerSlack {
			w.people.errs[rita] = tt.err
		} else {
			w.tenant.fails("find", 1, tt.err)
		}
		in := AskInput{Ask: Ask{Query: Query{ByAddress, "john@contoso.com"}}, Actor: by(rita), Key: "1"}
		if _, _, err := w.svc.Ask(w.ctx, in); err != nil {
			t.Fatal(err)
		}
		if _, err := w.svc.Advance(w.ctx, 1, 1); err != nil {
			t.Fatal(err)
		}
		w.hindered(w.request(1), tt.note, tt.args...)
	}
}

func TestMissingRoleWaitsForAPerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	w.tenant.fails("exchange", 1, &Error{Kind: Forbidden, Op: "Get-Mailbox", Detail: "Exchange.ManageAsApp"})
	r := w.is(w.asks("john@contoso.com"), Submitted)
	w.hindered(r, NoteMissingRole, "Exchange.ManageAsApp")
	w.pass(time.Hour)
	if n := len(w.tenant.calls); n != 2 {
		t.Errorf("%d calls", n)
	}
	w.is(w.press(r.ID, rita, ActCheck), Confirming)
}

func TestTroubleWhileConfirmingEndsInTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	r := w.asks("john@contoso.com")
	w.pass(20 * time.Hour)
	w.tenant.fails("find", 99, &Error{Kind: Forbidden, Detail: "User.Read.All"})
	w.hindered(w.is(w.press(r.ID, rita, ChooseSignIn, "block"), Confirming), NoteMissingRole, "User.Read.All")
	w.pass(5 * time.Hour)
	if r = w.is(w.request(r.ID), Expired); r.EnteredAt.Sub(r.CreatedAt) > 24*time.Hour+time.Second {
		t.Errorf("expired after %v", r.EnteredAt.Sub(r.CreatedAt))
	}
}

func TestHungCallIsRecordedThoughTimeIsUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	in := AskInput{Ask: Ask{Query: Query{ByAddress, "john@contoso.com"}}, Actor: by(rita), Key: "1"}
	if _, _, err := w.svc.Ask(w.ctx, in); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(w.ctx)
	w.tenant.fault = func(op string) fault { // it hangs until the job's time is up
		cancel()
		return fault{err: &Error{Kind: Unavailable, Op: op, Err: context.DeadlineExceeded}}
	}
	if _, err := w.svc.Advance(ctx, 1, 1); err != nil {
		t.Fatal(err)
	}
	r := w.request(1)
	w.hindered(r, NoteUnreadable, "unavailable")
	if r.Lease.Owner != "" {
		t.Error("the lease was left behind")
	}
	w.tenant.fault = nil
	w.pass(time.Minute)
	w.is(w.request(1), Confirming)
}

func TestLostAnswerIsNotSentTwice(t *testing.T) {
	t.Parallel()
	for _, lag := range []time.Duration{0, repeatUncertain - time.Second} {
		for _, op := range []string{"restore", "assign", "block", "location"} {
			w := newWorld(t)
			w.tenant.lag = lag
			w.deleted(john, "john", unlicensed, func(u *user) { u.account.UsageLocation = "" })
			r := w.asks("john@contoso.com")
			w.press(r.ID, rita, ChooseSignIn, "block")
			w.tenant.loses(op, 1)
			w.is(w.approve(r.ID, nil), Succeeded)
			want := map[string]int{"restore": 1, "assign": 1, "block": 1, "location": 1}
			if diff := cmp.Diff(want, w.tenant.did); diff != "" {
				t.Errorf("lag %v, %s: changes (-want +got):\n%s", lag, op, diff)
			}
			if n := count(w.tenant.calls, op); n != 1 {
				t.Errorf("lag %v: %s was sent %d times", lag, op, n)
			}
		}
	}
}

func count(list []string, s string) (n int) {
	for _, x := range list {
		if x == s {
			n++
		}
	}
	return n
}

func TestNothingHappenedIsSentAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	w.tenant.fails("restore", 2, &Error{Kind: Unavailable})
	id := w.begin("john@contoso.com")
	w.settle()
	w.is(w.request(id), Succeeded)
	if n := count(w.tenant.calls, "restore"); n != 3 || w.tenant.did["restore"] != 1 {
		t.Errorf("sent %d times, did %v", n, w.tenant.did)
	}
}

func TestRestoredBySomebodyElseMeanwhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	w.tenant.meets("restore", 1, fault{err: &Error{Kind: NotFound, Op: "restore"}, late: true})
	id := w.begin("john@contoso.com")
	w.settle()
	w.is(w.request(id), Succeeded)
}

func TestPauseOfAStepIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	w.tenant.fails("restore", 1, &Error{Kind: Throttled, RetryAfter: 10 * time.Second})
	began := w.clock
	id := w.begin("john@contoso.com")
	w.settle()
	w.is(w.request(id), Succeeded)
	if took := w.clock.Sub(began); took < 10*time.Second || took > 20*time.Second {
		t.Errorf("took %v for a pause of 10 s", took)
	}
	if got := w.told(id); len(got) != 1 {
		t.Errorf("told %v", got)
	}
}

func TestStepsThatCannotBe(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		op   string
		err  *Error
		want State
		code NoteCode
		args []string
	}{
		{"privileged", "restore", &Error{Kind: Forbidden, Detail: "User.DeleteRestore.All"}, Failed, NotePrivileged, nil},
		{"credential refused", "restore", &Error{Kind: SignedOut, Peer: PeerGraph, Detail: TokenRefused}, Failed, NoteSignInFailed, []string{"graph", "token"}},
		{"name taken", "restore", &Error{Kind: Conflict, Detail: "userPrincipalName"}, Failed, NoteSignInTaken, []string{"john@contoso.com"}},
		{"address taken", "restore", &Error{Kind: Conflict, Detail: "proxyAddresses"}, Failed, NoteAddressTaken, []string{"proxyAddresses"}},
		{"no seat", "assign", &Error{Kind: NoSeat}, Partial, NoteNoSeat, []string{"ENTERPRISEPACK"}},
		{"may not assign", "assign", &Error{Kind: Forbidden, Detail: "LicenseAssignment.ReadWrite.All"}, Partial, NoteMissingRole, []string{"LicenseAssignment.ReadWrite.All"}},
		{"makes no sense", "assign", &Error{Kind: Invalid}, Partial, NoteFailedStep, []string{"assign-license", "invalid"}},
		{"may not look", "account", &Error{Kind: Forbidden, Detail: "User.Read.All"}, Failed, NoteMissingRole, []string{"User.Read.All"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.deleted(john, "john", unlicensed)
			tt.err.Receipt = Receipt{RequestID: "req-x"}
			w.tenant.fails(tt.op, 1, tt.err)
			id := w.begin("john@contoso.com")
			w.settle()
			r := w.is(w.request(id), tt.want)
			w.hindered(r, tt.code, tt.args...)
			if e := w.events(id, EventEnded)[0]; e.Receipt.RequestID != "req-x" {
				t.Errorf("the event does not lead to the call: %+v", e)
			}
			w.is(w.press(id, anna, ActRetry), Succeeded)
			if diff := cmp.Diff(map[string]int{"restore": 1, "assign": 1}, w.tenant.did); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRetryAfterTheTenantChanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john", unlicensed)
	w.tenant.fails("assign", 1, &Error{Kind: NoSeat})
	id := w.begin("john@contoso.com")
	w.settle()
	w.is(w.request(id), Partial)
	w.stock(exo1(5))
	r := w.is(w.press(id, bert, ActRetry), Confirming)
	if diff := cmp.Diff([]StepKind{StepAssign, StepMailbox}, stepKinds(r.Plan)); diff != "" || len(r.Reviews) != 0 {
		t.Errorf("reviews %v, steps (-want +got):\n%s", r.Reviews, diff)
	}
	w.is(w.approve(id, nil), Succeeded)
}

func TestNewSignInNameIsTakenAtTheLastMoment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	w.lives(alien, "john")
	r := w.asksAs(rita, Ask{Query: Query{ByAddress, "john@contoso.com"}, As: "j@contoso.com"})
	w.press(r.ID, rita, ChooseDrop, "drop")
	r = w.approve(r.ID, func() { w.lives(jane, "j") })
	w.hindered(w.is(r, Confirming), NoteSignInTaken, "j@contoso.com")
	w.press(r.ID, rita, ActConfirm)
	if got := w.refusals(r.ID); got[len(got)-1] != NoteState {
		t.Errorf("refusals %v", got)
	}
	w.is(w.press(r.ID, rita, ChooseSignInName, "john2@contoso.com"), Confirming)
	r = w.is(w.approve(r.ID, nil), Succeeded)
	if r.Proof.SignInName != "john2@contoso.com" {
		t.Errorf("proof %+v", r.Proof)
	}
}

func TestSlowMailbox(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		delay time.Duration
		want  State
		told  []string // after how many minutes
	}{
		{30 * time.Second, Succeeded, nil},
		{40 * time.Minute, Succeeded, []string{"1", "30"}},
		{23 * time.Hour, Succeeded, []string{"1", "30", "120", "720"}},
		{25 * time.Hour, Partial, []string{"1", "30", "120", "720"}},
	} {
		for _, flaky := range []bool{false, true} {
			w := newWorld(t)
			w.tenant.delay = tt.delay
			w.deleted(john, "john")
			if began := w.clock; flaky { // an outage of two hours, in the midst of it
				w.tenant.fault = func(op string) fault {
					if since := w.clock.Sub(began); op == "mailbox" && since > 3*time.Hour && since < 5*time.Hour {
						return fault{err: &Error{Kind: Unavailable, Op: op}}
					}
					return fault{}
				}
			}
			id := w.begin("john@contoso.com")
			w.pass(26 * time.Hour)
			r := w.is(w.request(id), tt.want)
			var told []string
			began := stamp(r.Plan.Steps[len(r.Plan.Steps)-1].Progress.Began)
			for _, e := range w.events(id, EventWaiting) {
				if e.Note.Code == NoteStillWaiting && e.Note.Args[0] == began { // since when, and not how long: that stays true on a card
					told = append(told, e.Note.Args[1])
				}
			}
			if diff := cmp.Diff(tt.told, told); diff != "" {
				t.Errorf("%v, flaky %v: told (-want +got):\n%s", tt.delay, flaky, diff)
			}
			if tt.want == Partial {
				w.hindered(r, NoteStepMissing, "mailbox")
				w.is(w.press(id, anna, ActRetry), Succeeded)
			}
		}
	}
}

func TestMailboxServiceDoesNotKnowTheAccountYet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	w.tenant.fails("mailbox", 3, &Error{Kind: NotFound, Op: "mailboxSettings"})
	id := w.begin("john@contoso.com")
	w.settle()
	w.is(w.request(id), Succeeded)
}

func TestOutageBeforeAChangeDoesNotFailIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	id := w.begin("john@contoso.com")
	w.tenant.fails("account", 30, &Error{Kind: Unavailable, Op: "user"}) // some two hours
	w.settle()
	w.is(w.request(id), Succeeded)
}

func TestLongOutageEndsAStep(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	id := w.begin("john@contoso.com")
	w.tenant.fails("account", 999, &Error{Kind: Unavailable, Op: "user"})
	w.settle()
	r := w.is(w.request(id), Failed)
	w.hindered(r, NoteFailedStep, "restore-user", "unavailable")
	if n := count(w.tenant.calls, "account"); n > 24*60/5+20 || len(w.told(id)) != 1 {
		t.Errorf("%d looks, told %v", n, w.told(id))
	}
}

func TestNewEmptyMailboxIsNoSuccess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.tenant.newMailbox, w.tenant.delay = true, time.Minute
	w.lives(jane, "jane", unlicensed)
	r := w.asks("jane@contoso.com")
	w.pass(time.Second)
	w.press(r.ID, rita, ActConfirm)
	w.send(r.ID, w.click(r.ID, anna, ActApprove, ""))
	id := r.ID
	w.settle()
	r = w.is(w.request(id), Partial)
	if r.Obstacle.Code != NoteEmptyMailbox || len(r.Proof.Missing) != 1 {
		t.Errorf("obstacle %v, proof %+v", r.Obstacle, r.Proof)
	}
	r = w.is(w.press(id, anna, ActRetry), Partial)
	if r.Obstacle.Code != NoteEmptyMailbox {
		t.Errorf("obstacle %v", r.Obstacle)
	}
}

func TestProofWithoutExchangeSaysWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exchangeOff()
	w.deleted(john, "john")
	id := w.begin("john@contoso.com")
	w.settle()
	r := w.is(w.request(id), Succeeded)
	if !slices.ContainsFunc(r.Proof.Notes, Note{Code: NoteMaybeNotBack}.same) {
		t.Errorf("proof %+v", r.Proof)
	}
}

func TestRolesThatThePlanDidNotNameMakeItPartial(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	id := w.begin("john@contoso.com")
	w.tenant.after = func(op string) {
		if op == "restore" { // only now does Graph list them
			w.tenant.access[john] = Access{RolesKnown: true, Roles: []string{"Exchange Administrator"}}
		}
	}
	w.settle()
	w.hindered(w.is(w.request(id), Partial), NoteRolesCameBack, "Exchange Administrator")
}

func TestProofIsReadAgainWhereTheDirectoryIsBehind(t *testing.T) {
	t.Parallel()
	for _, behind := range []time.Duration{10 * time.Second, time.Hour} {
		w := newWorld(t)
		w.deleted(john, "john")
		r := w.asks("john@contoso.com")
		w.press(r.ID, rita, ChooseSignIn, "block")
		w.press(r.ID, rita, ActConfirm)
		w.tenant.after = func(op string) { // the last look is over: somebody switches sign-in on again
			if op == "mailbox" && w.tenant.users[john].account.Enabled != nil && !*w.tenant.users[john].account.Enabled {
				u := w.tenant.users[john]
				u.old, u.seenAt = u.account, w.clock.Add(behind)
				u.old.Enabled = new(true)
			}
		}
		r = w.press(r.ID, anna, ActApprove)
		if behind < time.Minute {
			w.is(r, Succeeded)
			continue
		}
		w.hindered(w.is(r, Partial), NoteStepMissing, "block-sign-in")
		w.tenant.after = func(string) {}
		w.pass(behind)
		w.tenant.users[john].account.Enabled = new(true) // it was really lost
		w.is(w.press(r.ID, anna, ActRetry), Succeeded)
		if w.tenant.did["block"] != 2 || w.tenant.did["restore"] != 1 {
			t.Errorf("changes %v", w.tenant.did)
		}
	}
}

func TestProofThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for times, want := range map[int]State{3: Succeeded, 20: Succeeded, 9999: Partial} { // twenty are an hour
		w := newWorld(t)
		w.deleted(john, "john")
		id := w.begin("john@contoso.com")
		w.tenant.after = func(op string) {
			if op == "mailbox" {
				w.tenant.fails("find", times, &Error{Kind: Unavailable, Op: "users"})
			}
		}
		w.settle()
		r := w.is(w.request(id), want)
		if want == Partial {
			w.hindered(r, NoteNotProven, "unavailable")
			w.tenant.after, w.tenant.fault = func(string) {}, nil
			w.is(w.press(id, anna, ActRetry), Succeeded)
		}
	}
}

func TestTroubleAfterAChoice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	r := w.asks("john@contoso.com")
	w.tenant.fails("find", 1, &Error{Kind: Throttled, RetryAfter: time.Hour})
	w.hindered(w.is(w.press(r.ID, rita, ChooseSignIn, "block"), Confirming), NoteWaitThrottled, "2026-11-22T11:00:00Z")
	w.press(r.ID, rita, ActConfirm) // the plan is an old one
	if got := w.refusals(r.ID); !slices.Equal(got, []NoteCode{NoteState}) {
		t.Errorf("refusals %v", got)
	}
	w.pass(61 * time.Minute)
	r = w.is(w.request(r.ID), Confirming)
	if r.Obstacle != nil || r.Replan || r.Plan.SignIn != SignInBlocked {
		t.Errorf("obstacle %v, plan %+v", r.Obstacle, r.Plan)
	}
}
