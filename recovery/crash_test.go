package recovery

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailback/internal/racetest"
)

// story is a flow from the ask to the proof, which must end the same wherever its process dies.
type story struct {
	name    string
	address string
	setup   func(w *world)
	choose  func(w *world, id int64)
	want    State
	into    string                   // a copy into jane's mailbox
	then    func(w *world, id int64) // what people do once it is at work
}

func stories() []story {
	block := func(w *world, id int64) { w.press(id, rita, ChooseSignIn, "block") }
	return []story{
		{name: "user", address: "john@contoso.com", setup: func(w *world) {
			w.deleted(john, "john", unlicensed, func(u *user) { u.account.UsageLocation = "" })
		}, choose: block, want: Succeeded},
		{name: "shared", address: "info@contoso.com", setup: func(w *world) {
			w.deleted(info, "info", shared, func(u *user) { u.account.Enabled = new(true) })
		}, want: Succeeded},
		{name: "license", address: "jane@contoso.com", setup: func(w *world) { w.lives(jane, "jane", unlicensed) }, want: Succeeded},
		{name: "partial", address: "john@contoso.com", setup: func(w *world) {
			w.deleted(john, "john", unlicensed)
			w.tenant.fails("assign", 99, &Error{Kind: NoSeat})
		}, want: Partial},
		{name: "unreachable", address: "john@contoso.com", setup: func(w *world) { w.deleted(john, "john") }, choose: func(w *world, id int64) {
			if err := w.svc.Unsent(w.ctx, id, CardRequester, "cannot_dm_bot"); err != nil {
				w.Fatal(err)
			}
			w.settle()
		}, want: Cancelled},
		copyStory("copy", "", withArchive, func(w *world, _ int64) { w.settle() }),
		copyStory("copy that is suspended", CopySuspended, inactive, func(w *world, id int64) {
			w.shortly(id, anna, ActResume)
			w.settle()
		}),
		copyStory("copy that fails", CopyFailed, sharedKind, func(w *world, id int64) {
			w.settle()
			w.is(w.request(id), Partial)
			w.press(id, anna, ActRetry)
		}),
	}
}

// copyStory is the copy of john's old mailbox. The first one that Exchange makes meets first.
func copyStory(name string, first CopyState, kind func(*Mailbox), then func(w *world, id int64)) story {
	return story{name: name, address: "john@contoso.com", into: "jane@contoso.com", setup: func(w *world) {
		w.orphaned(lost, "john", kind)
		w.lives(jane, "jane", licensed, answers)
		w.tenant.copyTime = 2 * time.Minute
		w.tenant.made = func(c *madeCopy) {
			if c.id == "copy-1" {
				c.state = first
			}
		}
	}, then: then, want: Succeeded}
}

// play plays a story to its end.
func (s story) play(w *world) Request {
	w.tenant.lag, w.tenant.delay = 5*time.Second, 20*time.Second
	s.setup(w)
	r := w.asksAs(rita, Ask{Query: Query{ByAddress, s.address}, Into: s.into})
	if s.choose != nil {
		s.choose(w, r.ID)
	}
	if w.request(r.ID).State.Open() {
		w.press(r.ID, rita, ActConfirm)
		w.press(r.ID, anna, ActApprove)
	}
	if s.then != nil { // a copy takes two approvals, and leaves jobs for hours; one that may have been asked for is looked for a while
		w.send(r.ID, w.click(r.ID, bert, ActApprove, ""))
		w.pass(20 * time.Minute)
		s.then(w, r.ID)
	}
	return w.request(r.ID)
}

// killAt lets the process die at the nth place where it can: after a commit of a job, or after a call to the outside. The
// calls of a diagnosis run side by side and only read: dying after one of them is dying after the commit before.
func (w *world) killAt(n int) (places *[]string) {
	places = new([]string)
	pass := func(place string) {
		if *places = append(*places, place); len(*places) == n {
			panic(killed{place})
		}
	}
	w.tenant.after = func(op string) {
		if !slices.Contains([]string{"find", "complete", "exchange", "contents", "cmdlets", "delicensing", "grants"}, op) {
			pass("call " + op)
		}
	}
	w.store.after = func(op string) {
		if w.working {
			pass("commit " + op)
		}
	}
	return places
}

func TestKilledAnywhere(t *testing.T) {
	t.Parallel()
	racetest.Leave(t)
	for _, s := range stories() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			places := w.killAt(-1)
			want := w.is(s.play(w), s.want)
			did, all := maps.Clone(w.tenant.did), len(*places)
			if all < 5 {
				t.Fatalf("only %d places to die at: %v", all, *places)
			}
			for n := 1; n <= all; n++ {
				w := newWorld(t)
				places := w.killAt(n)
				r := s.play(w)
				where := fmt.Sprintf("killed at %d of %d, %s", n, all, (*places)[min(n, len(*places))-1])
				if r.State != s.want {
					t.Errorf("%s: %s, want %s: %s", where, r.State, s.want, w.store.story(r.ID))
					continue
				}
				if diff := cmp.Diff(did, w.tenant.did); diff != "" {
					t.Errorf("%s: changes (-want +got):\n%s", where, diff)
				}
				same := func(a, b *Request) bool {
					return a.Obstacle == nil && b.Obstacle == nil || a.Obstacle.same(*b.Obstacle)
				}
				if !same(&want, &r) || len(r.Reviews) != len(want.Reviews) || (want.Proof == nil) != (r.Proof == nil) || r.Lease.Owner != "" {
					t.Errorf("%s: another end: %+v", where, r)
				}
				if want.Plan == nil || r.Plan == nil {
					continue
				}
				for i, st := range r.Plan.Steps {
					if w := want.Plan.Steps[i].Progress; st.Progress.Found != w.Found || st.Progress.Done.IsZero() != w.Done.IsZero() {
						t.Errorf("%s: %s: found %v, done %v", where, st.Kind, st.Progress.Found, st.Progress.Done)
					}
				}
			}
		})
	}
}

func TestStoreFailsForAWhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	r := w.asks("john@contoso.com")
	w.press(r.ID, rita, ActConfirm)
	w.send(r.ID, w.click(r.ID, anna, ActApprove, ""))
	n := 0
	w.tenant.after = func(op string) {
		if op == "restore" {
			w.store.fail = fmt.Errorf("disk full")
		}
	}
	for range 20 { // the queue's own tries
		j, ok := w.store.next(w.clock.Add(time.Minute))
		if !ok {
			break
		}
		if w.store.fail != nil {
			if n++; n == 3 {
				w.store.fail = nil
				w.tenant.after = func(string) {}
			}
		}
		if j.due.After(w.clock) {
			w.clock = j.due
		}
		w.clock = w.clock.Add(time.Second)
		w.run(j)
	}
	w.settle()
	w.is(w.request(r.ID), Succeeded)
	if w.tenant.did["restore"] != 1 || count(w.tenant.calls, "restore") != 1 {
		t.Errorf("did %v, calls %v", w.tenant.did, w.tenant.calls)
	}
	if n < 3 {
		t.Errorf("the store failed %d times", n)
	}
}

func TestTwoProcessesDoNotActSideBySide(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	r := inStateOf(w, Restoring)
	other := New(w.svc.Config)
	reached, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	w.tenant.after = func(op string) {
		if op == "restore" {
			once.Do(func() { close(reached); <-goOn })
		}
	}
	done := make(chan error)
	go func() {
		_, err := w.svc.Advance(context.Background(), r.ID, r.Version)
		done <- err
	}()
	<-reached
	for _, svc := range []*Service{other, w.svc} {
		calls := len(w.tenant.calls)
		wait, err := svc.Advance(w.ctx, r.ID, r.Version)
		if err != nil || wait <= 0 || wait > time.Second || len(w.tenant.calls) != calls {
			t.Errorf("while another works: wait %v, error %v, calls %v", wait, err, w.tenant.calls)
		}
	}
	close(goOn)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if wait, err := other.Advance(w.ctx, r.ID, r.Version); wait != 0 || err != nil {
		t.Errorf("an old version: wait %v, error %v", wait, err)
	}
	if wait, err := other.Advance(w.ctx, 4711, 1); wait != 0 || err != nil {
		t.Errorf("no such request: wait %v, error %v", wait, err)
	}
	if w.tenant.did["restore"] != 1 {
		t.Errorf("did %v", w.tenant.did)
	}
}

// inStateOf gives john's request in a state; john is there already.
func inStateOf(w *world, s State) Request {
	w.Helper()
	r := w.is(w.asks("john@contoso.com"), Confirming)
	w.force(r.ID, func(r *Request) { r.State = s })
	return w.request(r.ID)
}

func TestLostLeaseChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	r := inStateOf(w, Restoring)
	w.tenant.after = func(op string) {
		if op == "account" { // while this one looks, its lease runs out and another takes over
			w.force(r.ID, func(r *Request) { r.Lease.Owner = "another"; r.Version-- })
		}
	}
	if wait, err := w.svc.Advance(w.ctx, r.ID, r.Version); wait != 0 || err != nil {
		t.Errorf("wait %v, error %v", wait, err)
	}
	if got := w.request(r.ID); got.Lease.Owner != "another" || got.Version != r.Version || len(w.tenant.did) != 0 {
		t.Errorf("lease %v, version %d, did %v", got.Lease, got.Version, w.tenant.did)
	}
}

func TestClickWhileAJobWorks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	r := w.asks("john@contoso.com")
	w.press(r.ID, rita, ActConfirm)
	var once sync.Once
	w.tenant.after = func(op string) {
		if op == "find" { // the plan is made anew, just before the first change
			once.Do(func() { w.send(r.ID, w.click(r.ID, rita, ActCancel, "")) })
		}
	}
	w.is(w.press(r.ID, anna, ActApprove), Cancelled) // nothing had been changed yet
	if len(w.tenant.did) != 0 {
		t.Errorf("did %v", w.tenant.did)
	}
}

func TestCancelledTooLate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	r := w.asks("john@contoso.com")
	w.press(r.ID, rita, ActConfirm)
	var once sync.Once
	w.tenant.after = func(op string) {
		if op == "restore" {
			once.Do(func() { w.send(r.ID, w.click(r.ID, rita, ActCancel, "")) })
		}
	}
	w.is(w.press(r.ID, anna, ActApprove), Succeeded)
	if got := w.refusals(r.ID); !slices.Equal(got, []NoteCode{NoteTooLate}) {
		t.Errorf("refusals %v", got)
	}
}
