package recovery

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// halted gives a request that has restored an account, could give it no licence, and was tried again: a tenant whose licence is another
// one sends it back to its requester.
func halted(w *world) Request {
	w.Helper()
	w.deleted(john, "john", unlicensed)
	w.tenant.fails("assign", 1, &Error{Kind: NoSeat})
	id := w.begin("john@contoso.com")
	w.settle()
	w.is(w.request(id), Partial)
	w.stock(exo1(5))
	r := w.is(w.press(id, bert, ActRetry), Confirming)
	if !r.Touched() || r.Plan.sent() {
		w.Fatalf("plan %+v", r.Plan)
	}
	return r
}

// wholly says whether a request is as it was before it was tried again: the account restored, the licence not there, and both known.
func (w *world) wholly(r Request, note NoteCode, args ...string) {
	w.Helper()
	w.hindered(w.is(r, Partial), note, args...)
	if diff := cmp.Diff([]StepKind{StepRestoreUser, StepAssign, StepMailbox}, stepKinds(r.Plan)); diff != "" || r.Halted != nil || r.Changed != nil {
		w.Errorf("halted %v, changed %v, steps (-want +got):\n%s", r.Halted, r.Changed, diff)
	}
	if r.Plan.Steps[0].Progress.Done.IsZero() || !r.Plan.Steps[1].Progress.Done.IsZero() {
		w.Errorf("steps %+v", r.Plan.Steps)
	}
	if diff := cmp.Diff([]Step{{Kind: StepBlockSignIn}}, r.Undo()); diff != "" {
		w.Errorf("what can be undone (-want +got):\n%s", diff)
	}
}

func TestWhatWasDoneIsLeftAtThat(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		come func(w *world, r Request)
		who  string
	}{
		{"confirming, by the requester", func(*world, Request) {}, rita},
		{"confirming, by an approver", func(*world, Request) {}, anna},
		{"pending, by the requester", func(w *world, r Request) { w.is(w.press(r.ID, rita, ActConfirm), Pending) }, rita},
		{"approved, by the requester", func(w *world, r Request) {
			w.press(r.ID, rita, ActConfirm)
			w.tenant.fails("find", 99, &Error{Kind: Forbidden, Detail: "User.Read.All"})
			w.hindered(w.is(w.press(r.ID, anna, ActApprove), Approved), NoteMissingRole, "User.Read.All")
		}, rita},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r := halted(w)
			tt.come(w, r)
			w.wholly(w.press(r.ID, tt.who, ActCancel), NoteLeft, tt.who)
			e := w.events(r.ID, EventEnded)
			if last := e[len(e)-1]; last.By != by(tt.who) || last.Click == nil || last.To != Partial {
				t.Errorf("event %+v", last)
			}
			w.tenant.fault = nil
			w.is(w.press(r.ID, anna, ActRetry), Confirming)
			w.is(w.approve(r.ID, nil), Succeeded)
			if diff := cmp.Diff(map[string]int{"restore": 1, "assign": 1}, w.tenant.did); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhatWasDoneWaitsForNobodyForEver(t *testing.T) {
	t.Parallel()
	for name, come := range map[string]func(w *world, r Request){
		"confirming": func(*world, Request) {},
		"confirming, without a plan": func(w *world, r Request) {
			w.stock(exo1(0))
			w.hindered(w.is(w.press(r.ID, rita, ChooseSignIn, "block"), Confirming), NoteNoSeat, "EXCHANGESTANDARD")
		},
		"pending": func(w *world, r Request) { w.is(w.press(r.ID, rita, ActConfirm), Pending) },
		"approved": func(w *world, r Request) {
			w.press(r.ID, rita, ActConfirm)
			w.tenant.fails("find", 999, &Error{Kind: Unavailable})
			w.send(r.ID, w.click(r.ID, anna, ActApprove, ""))
			w.pass(time.Hour)
			w.is(w.request(r.ID), Approved)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r := halted(w)
			if name == "confirming, without a plan" {
				w.force(r.ID, func(r *Request) {
					r.Diagnosis.Offers = append(r.Diagnosis.Offers, Offer{Action: ChooseSignIn, Options: []Option{{Value: "block"}}})
				})
			}
			come(w, r)
			w.pass(25 * time.Hour)
			w.wholly(w.request(r.ID), NoteUndecided)
		})
	}
}

func TestApprovalIsForNow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := inState(w, Pending)
	w.tenant.fails("find", 999, &Error{Kind: Unavailable})
	w.send(r.ID, w.click(r.ID, anna, ActApprove, ""))
	w.pass(23 * time.Hour)
	w.is(w.request(r.ID), Approved)
	w.pass(2 * time.Hour)
	w.is(w.request(r.ID), Expired)
	w.tenant.fault = nil
	w.pass(time.Hour)
	if len(w.tenant.did) != 0 {
		t.Errorf("changes %v", w.tenant.did)
	}
}

func TestPurgeDateOfWhatIsBackEndsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.set(func(s *Settings) { s.Approvals = 2 })
	w.deleted(john, "john", unlicensed, func(u *user) { u.account.DeletedAt = w.ago(30*24*time.Hour - time.Hour) })
	w.tenant.fails("assign", 1, &Error{Kind: NoSeat})
	r := w.asks("john@contoso.com")
	w.press(r.ID, rita, ActConfirm)
	w.press(r.ID, anna, ActApprove)
	w.is(w.press(r.ID, bert, ActApprove), Partial)
	w.people.set(anna, func(p *Person) { p.Deleted = true })
	w.pass(2 * time.Hour)
	w.is(w.press(r.ID, bert, ActRetry), Pending)
	w.pass(time.Hour)
	w.is(w.request(r.ID), Pending)
}

func TestDenialLeavesWhatWasDone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := halted(w)
	w.is(w.press(r.ID, rita, ActConfirm), Pending)
	asked := w.request(r.ID).Plan.Fingerprint()
	r = w.is(w.press(r.ID, anna, ActDeny, "enough"), Denied)
	if e := w.events(r.ID, EventDenied)[0]; e.Click.Plan != asked || stepKinds(r.Plan)[0] != StepRestoreUser {
		t.Errorf("event %+v, steps %v", e, stepKinds(r.Plan))
	}
	w.is(w.press(r.ID, bert, ActRetry), Denied)
	undo := w.undoes(r.ID)
	w.is(w.undone(undo.ID), Succeeded)
	if w.tenant.did["block"] != 1 {
		t.Errorf("changes %v", w.tenant.did)
	}
}

func TestNoWayOnLeavesWhatWasDone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := halted(w)
	w.is(w.press(r.ID, rita, ActCancel), Partial)
	delete(w.tenant.users, john)
	w.tenant.mailboxes = nil
	w.hindered(w.is(w.press(r.ID, anna, ActRetry), Partial), NoteGone)
}

func TestUnreachableRequesterLeavesWhatWasDone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := halted(w)
	if err := w.svc.Unsent(w.ctx, r.ID, CardRequester, "account_inactive"); err != nil {
		t.Fatal(err)
	}
	w.settle()
	w.wholly(w.request(r.ID), NoteUnreachable, "account_inactive")
}
