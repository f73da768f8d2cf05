package recovery

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mailback/internal/racetest"
)

// many deletes n users, the first of them longest ago.
func (w *world) many(n int) {
	for i := range n {
		w.deleted(fmt.Sprintf("id-%02d", i), fmt.Sprintf("u%02d", i), func(u *user) {
			u.account.DeletedAt = w.ago(time.Duration(200-5*i) * time.Hour)
		})
	}
}

// asksMany raises a request for many by anna, who is an approver.
func (w *world) asksMany(wish BulkWish) Request {
	w.Helper()
	w.set(func(s *Settings) { s.BulkMax = 20 })
	return w.asksAs(anna, Ask{Bulk: &wish, Reason: "sync"})
}

// agrees confirms and approves a request for many.
func (w *world) agrees(r Request) Request {
	w.Helper()
	w.is(r, Confirming)
	w.is(w.press(r.ID, anna, ActConfirm), Pending)
	w.is(w.press(r.ID, bert, ActApprove), Pending)
	return w.press(r.ID, carl, ActApprove)
}

// result gives what became of the row with an address.
func (w *world) result(r Request, name string) (BulkResult, *Note) {
	w.Helper()
	rows, err := w.bulk.BulkRows(w.ctx, r.ID)
	if err != nil {
		w.Fatal(err)
	}
	i := slices.IndexFunc(rows, func(row BulkRow) bool { return strings.HasPrefix(row.Address, name+"@") })
	if i < 0 {
		w.Fatalf("%s is not on the list", name)
	}
	if rows[i].Skip != nil {
		return BulkSkipped, rows[i].Skip
	}
	return rows[i].Result, rows[i].Note
}

func (w *world) became(r Request, name string, want BulkResult, code NoteCode) {
	w.Helper()
	got, note := w.result(r, name)
	if got != want || (note == nil) != (code == "") || note != nil && note.Code != code {
		w.Errorf("%s is %s (%v), want %s (%s)", name, got, note, want, code)
	}
}

func TestManyComeBack(t *testing.T) {
	w := newWorld(t)
	w.many(5)
	w.deleted("id-sync", "synced", func(u *user) { u.account.Synced = true })
	w.deleted("id-taken", "taken")
	w.lives("id-other", "other", func(u *user) { u.account.UserPrincipalName = "taken@contoso.com" })
	w.tenant.skus[0].Enabled = w.tenant.skus[0].Consumed + 4
	r := w.asksMany(BulkWish{Domain: "contoso.com"})
	p := r.Plan.Bulk
	if r.Plan.Approvals != 2 || p.Count != 4 || p.Skipped != 3 {
		t.Fatalf("plan %+v %+v", r.Plan, p)
	}
	r = w.is(w.agrees(r), Succeeded)
	for _, name := range []string{"u00", "u01", "u02", "u03"} { // the first to be purged get the seats
		w.became(r, name, BulkDone, "")
	}
	w.became(r, "u04", BulkSkipped, NoteNoSeat)
	w.became(r, "synced", BulkSkipped, NoteSyncedUser)
	w.became(r, "taken", BulkSkipped, NoteBulkChoice)
	if n := w.tenant.did["restore"]; n != 4 {
		t.Errorf("%d restores", n)
	}
	if r.Proof.Bulk.Done != 4 || r.Proof.Bulk.Skipped != 3 {
		t.Errorf("proof %+v", r.Proof.Bulk)
	}
}

func TestManyAreForApproversAlone(t *testing.T) {
	w := newWorld(t)
	w.many(2)
	r := w.is(w.asksAs(rita, Ask{Bulk: &BulkWish{Domain: "contoso.com"}}), Impossible)
	w.hindered(r, NoteBulkApprovers)
	if len(w.tenant.calls) > 0 {
		t.Errorf("calls %v", w.tenant.calls)
	}
}

func TestTooMany(t *testing.T) {
	w := newWorld(t)
	w.many(21)
	r := w.is(w.asksMany(BulkWish{Domain: "contoso.com"}), Impossible)
	w.hindered(r, NoteBulkMany, "21", "20")
	w.is(w.asksMany(BulkWish{Domain: "fourthcoffee.com"}), Unneeded)
	if r = w.is(w.asksMany(BulkWish{After: "7d"}), Confirming); r.Plan.Bulk.Count >= 21 || r.Plan.Bulk.Count == 0 {
		t.Errorf("%d since a day", r.Plan.Bulk.Count)
	}
}

func TestPastedAddresses(t *testing.T) {
	w := newWorld(t)
	w.many(2)
	w.lives("id-alive", "alive", func(u *user) { u.answersAt = w.ago(time.Hour); u.account.Licenses = []AssignedLicense{{SKU: skuE3}} })
	r := w.asksMany(BulkWish{Addresses: []string{"u00@contoso.com", "U00@fabrikam.com", "alive@contoso.com", "nobody@contoso.com", "u01@contoso.com"}})
	r = w.is(w.agrees(r), Succeeded)
	w.became(r, "u01", BulkDone, "")
	w.became(r, "alive", BulkSkipped, NoteHealthy)
	w.became(r, "nobody", BulkSkipped, NoteGone)
	if n := w.tenant.did["restore"]; n != 2 {
		t.Errorf("%d restores", n)
	}
}

func TestWhatDiffersFromTheListIsLeftOut(t *testing.T) {
	w := newWorld(t)
	w.many(3)
	r := w.asksMany(BulkWish{Domain: "contoso.com"})
	w.is(w.press(r.ID, anna, ActConfirm), Pending)
	w.is(w.press(r.ID, bert, ActApprove), Pending)
	w.tenant.access["id-01"] = Access{RolesKnown: true, GroupsKnown: true, Roles: []string{"Global Administrator"}}
	w.lives("id-other", "other", func(u *user) { u.account.UserPrincipalName = "u02@contoso.com" })
	r = w.is(w.press(r.ID, carl, ActApprove), Partial)
	w.became(r, "u00", BulkDone, "")
	w.became(r, "u01", BulkSkipped, NoteBulkChanged)
	w.became(r, "u02", BulkSkipped, NoteBulkChoice)
}

func TestAnApproverWhoIsNoneAnyMoreBringsNothingBack(t *testing.T) {
	w := newWorld(t)
	w.many(3)
	r := w.asksMany(BulkWish{Domain: "contoso.com"})
	w.is(w.press(r.ID, anna, ActConfirm), Pending)
	w.is(w.press(r.ID, bert, ActApprove), Pending)
	lost := false
	w.store.after = func(string) { // once the list is at work, before its first account is
		if now := w.store.read(r.ID); !lost && now.State == Restoring {
			lost = true
			w.people.groups[desk] = nil
		}
	}
	r = w.is(w.press(r.ID, carl, ActApprove), Failed)
	w.became(r, "u00", BulkSkipped, NoteApproverLost)
	if n := w.tenant.did["restore"]; n != 0 {
		t.Errorf("%d restores", n)
	}
}

func TestManyArePausedAndStopped(t *testing.T) {
	w := newWorld(t)
	r := w.listAgreed(6)
	w.until(func() bool { return w.request(r.ID).held().Running+w.request(r.ID).held().Waiting == 6 })
	w.send(r.ID, w.click(r.ID, rita, ActBulkPause, ""))
	w.send(r.ID, w.click(r.ID, bert, ActBulkPause, ""))
	w.pass(time.Hour)
	if got := w.refusals(r.ID); !slices.Equal(got, []NoteCode{NoteNotApprover}) {
		t.Errorf("refusals %v", got)
	}
	if n := w.tenant.did["restore"]; n != 0 || !w.request(r.ID).held().Paused {
		t.Fatalf("%d restores while it is paused: %+v", n, w.request(r.ID).held())
	}
	w.is(w.request(r.ID), Restoring)
	w.press(r.ID, carl, ActBulkStop)
	r = w.is(w.request(r.ID), Failed)
	w.became(r, "u00", BulkSkipped, NoteBulkStopped)
	if n := w.tenant.did["restore"]; n != 0 {
		t.Errorf("%d restores", n)
	}
}

// listAgreed gives a request for n deleted users whose last approval is recorded and not decided on yet.
func (w *world) listAgreed(n int) Request {
	w.Helper()
	w.many(n)
	r := w.asksMany(BulkWish{Domain: "contoso.com"})
	w.is(w.press(r.ID, anna, ActConfirm), Pending)
	w.is(w.press(r.ID, bert, ActApprove), Pending)
	w.send(r.ID, w.click(r.ID, carl, ActApprove, ""))
	return r
}

// TestNothingIsBegunBehindAClick: from the moment at which a stop or a pause is recorded no account is begun, although the click is
// decided on later, and neither where it comes while an account is looked at.
func TestNothingIsBegunBehindAClick(t *testing.T) {
	t.Parallel()
	for _, action := range []Action{ActBulkStop, ActBulkPause} {
		for _, meanwhile := range []bool{false, true} {
			w := newWorld(t)
			r := w.listAgreed(2)
			child := r.ID + 1
			w.until(func() bool { _, begun := w.store.rows[child]; return begun })
			click := func() { w.send(r.ID, w.click(r.ID, bert, action, "")) }
			if meanwhile {
				w.svc.Directory = lookedAt{w.svc.Directory, sync.OnceFunc(click)}
			} else {
				click()
			}
			for range 5 {
				if _, err := w.svc.Advance(w.ctx, child, w.request(child).Version); err != nil {
					t.Fatal(err)
				}
			}
			if w.is(w.request(child), Submitted); w.tenant.did["restore"] != 0 {
				t.Errorf("%s: %d restores", action, w.tenant.did["restore"])
			}
			w.pass(10 * time.Minute)
			if hold := w.request(r.ID).held(); w.tenant.did["restore"] != 0 || hold.Stopped != (action == ActBulkStop) || hold.Paused == hold.Stopped {
				t.Errorf("%s: %d restores, %+v", action, w.tenant.did["restore"], hold)
			}
		}
	}
}

// lookedAt calls look when an account is read.
type lookedAt struct {
	Directory

	look func()
}

func (l lookedAt) Complete(ctx context.Context, found []Found) error {
	l.look()
	return l.Directory.Complete(ctx, found)
}

// until runs jobs one by one until something is so.
func (w *world) until(so func() bool) {
	w.Helper()
	for range 1000 {
		if so() {
			return
		}
		j, ok := w.store.next(w.clock.Add(soon))
		if !ok {
			break
		}
		if j.due.After(w.clock) {
			w.clock = j.due
		}
		w.run(j)
	}
	w.Fatal("it does not become so")
}

// TestManySurviveEveryDeath kills the process after every commit and every call in turn.
func TestManySurviveEveryDeath(t *testing.T) {
	racetest.Leave(t)
	for at := 1; ; at++ {
		w := newWorld(t)
		w.many(2)
		r := w.asksMany(BulkWish{Domain: "contoso.com"})
		places := w.killAt(at)
		r = w.agrees(r)
		if r = w.is(w.request(r.ID), Succeeded); w.tenant.did["restore"] != 2 || r.Proof.Bulk.Done != 2 {
			t.Fatalf("killed at %d, %v: %d restores, %+v", at, *places, w.tenant.did["restore"], r.Proof.Bulk)
		}
		if len(*places) < at {
			break
		}
	}
}
