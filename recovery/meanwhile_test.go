package recovery

import (
	"slices"
	"sync"
	"testing"
	"time"
)

// during sends a click while the next call of that name is under way.
func (w *world) during(op string, c func() (int64, Click)) {
	var once sync.Once // calls are made beside each other
	w.tenant.after = func(o string) {
		if o != op {
			return
		}
		once.Do(func() {
			id, click := c()
			click.At = w.clock
			w.send(id, click)
		})
	}
}

// afterCommits does something once, after so many commits.
func (w *world) afterCommits(n int, do func()) {
	w.store.after = func(string) {
		if n--; n == 0 {
			w.store.after = func(string) {}
			do()
		}
	}
}

// TestTheLastCheckRunsOnce: a click that comes while it runs and cannot change what follows waits until it has begun, and is answered then.
func TestTheLastCheckRunsOnce(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		who    string
		act    Action
		value  string
		looks  int
		state  State
		refuse []NoteCode
	}{
		"nobody clicks":            {looks: 1, state: Succeeded},
		"the approver once more":   {who: anna, act: ActApprove, looks: 1, state: Succeeded, refuse: []NoteCode{NoteState}},
		"another approver":         {who: bert, act: ActApprove, looks: 1, state: Succeeded, refuse: []NoteCode{NoteState}},
		"a denial that comes late": {who: bert, act: ActDeny, value: "no", looks: 1, state: Succeeded, refuse: []NoteCode{NoteState}},
		"the requester confirms":   {who: rita, act: ActConfirm, looks: 1, state: Succeeded, refuse: []NoteCode{NoteState}},
		"it is cancelled":          {who: rita, act: ActCancel, looks: 1, state: Cancelled},
		"somebody may not cancel":  {who: sven, act: ActCancel, looks: 2, state: Succeeded, refuse: []NoteCode{NoteNotApprover}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.deleted(john, "john")
			r := w.asks("john@contoso.com")
			w.is(w.press(r.ID, rita, ActConfirm), Pending)
			before := count(w.tenant.calls, "contents")
			if tt.act != "" {
				c := w.click(r.ID, tt.who, tt.act, tt.value)
				w.during("contents", func() (int64, Click) { return r.ID, c })
			}
			began := 0
			w.store.after = func(string) {
				if began == 0 && w.store.stored(r.ID).state != Pending && w.store.stored(r.ID).state != Approved {
					began = count(w.tenant.calls, "contents") - before
				}
			}
			w.is(w.press(r.ID, anna, ActApprove), tt.state)
			if began != tt.looks {
				t.Errorf("looked %d times before it began, want %d", began, tt.looks)
			}
			if got := w.refusals(r.ID); !slices.Equal(got, tt.refuse) {
				t.Errorf("refused %v, want %v", got, tt.refuse)
			}
		})
	}
}

// TestADenialDuringTheLastCheckCounts where the check finds too few approvals, and sends the same plan back to its approvers.
func TestADenialDuringTheLastCheckCounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	r := w.asks("john@contoso.com")
	w.press(r.ID, rita, ActConfirm)
	w.tenant.fails("find", 3, &Error{Kind: Throttled, RetryAfter: time.Hour}) // as in TestApproverLostTheRight
	w.is(w.press(r.ID, anna, ActApprove), Approved)
	w.set(func(s *Settings) { s.Approvers = []string{bert, desk} })
	c := w.click(r.ID, bert, ActDeny, "no")
	w.afterCommits(1, func() { // the lease of the last check
		c.At = w.clock
		w.send(r.ID, c)
	})
	w.pass(2 * time.Hour)
	r = w.is(w.request(r.ID), Denied)
	if got := w.refusals(r.ID); len(got) != 0 || r.EndReason != "no" {
		t.Errorf("refused %v, ended because %q", got, r.EndReason)
	}
}

// TestALookThatWasAskedForRunsOnce: who wants another while it runs is told that it did, and may then have one.
func TestALookThatWasAskedForRunsOnce(t *testing.T) {
	t.Parallel()
	seats := func(w *world) Request {
		w.tenant.skus[0].Consumed = 10
		w.lives(jane, "jane", unlicensed)
		r := w.is(w.asks("jane@contoso.com"), Submitted)
		w.hindered(r, NoteNoSeat, "ENTERPRISEPACK")
		return r
	}
	for name, tt := range map[string]struct {
		come   func(w *world) Request
		op     string
		second string
		refuse []NoteCode
	}{
		"submitted, the same person":  {seats, "exchange", rita, []NoteCode{NoteLooked}},
		"submitted, somebody else":    {seats, "exchange", anna, []NoteCode{NoteLooked}},
		"submitted, nobody may again": {seats, "exchange", sven, []NoteCode{NoteNotApprover}},
		"confirming": {func(w *world) Request {
			w.deleted(john, "john")
			r := w.asks("john@contoso.com")
			w.set(func(s *Settings) { s.Approvers = nil })
			r = w.is(w.press(r.ID, rita, ChooseSignIn, "block"), Confirming)
			w.hindered(r, NoteNobody, "1", "0")
			return r
		}, "exchange", rita, []NoteCode{NoteLooked}},
		"approved": {func(w *world) Request {
			w.deleted(john, "john")
			r := w.asks("john@contoso.com")
			w.press(r.ID, rita, ActConfirm)
			w.tenant.fails("exchange", 99, &Error{Kind: Forbidden, Detail: "Exchange.ManageAsApp"})
			r = w.is(w.press(r.ID, anna, ActApprove), Approved)
			w.hindered(r, NoteMissingRole, "Exchange.ManageAsApp")
			return r
		}, "exchange", rita, []NoteCode{NoteLooked}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r := tt.come(w)
			looks := func() int { return count(w.tenant.calls, tt.op) }
			before := looks()
			w.press(r.ID, rita, ActCheck)
			once := looks() - before
			w.pass(time.Minute)
			first, second := w.click(r.ID, rita, ActCheck, ""), w.click(r.ID, tt.second, ActCheck, "")
			before = looks()
			w.send(r.ID, first)
			w.afterCommits(3, func() { // the lease, the decision, and the lease of the look
				w.clock = w.clock.Add(time.Second)
				second.At = w.clock
				w.send(r.ID, second)
				w.clock = w.clock.Add(time.Second)
			})
			w.settle()
			if n := looks() - before; n != once {
				t.Errorf("%d calls for two clicks, %d for one", n, once)
			}
			if got := w.refusals(r.ID); !slices.Equal(got, tt.refuse) {
				t.Errorf("refused %v, want %v", got, tt.refuse)
			}
			before = looks()
			w.press(r.ID, rita, ActCheck)
			if n := looks() - before; n != once {
				t.Errorf("a click after the look has %d calls made, want %d", n, once)
			}
		})
	}
}

// TestALookByItselfIsNoAnswer: who clicks meanwhile is told what stands in the way, or gets a look.
func TestALookByItselfIsNoAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	w.tenant.fails("exchange", 3, &Error{Kind: Unavailable, RetryAfter: 30 * time.Minute})
	r := w.asks("john@contoso.com")
	c := w.click(r.ID, rita, ActCheck, "")
	w.afterCommits(1, func() {
		w.clock = w.clock.Add(time.Second)
		c.At = w.clock
		w.send(r.ID, c)
		w.clock = w.clock.Add(time.Second)
	})
	w.pass(31 * time.Minute)
	if got := w.refusals(r.ID); !slices.Equal(got, []NoteCode{NoteWaitThrottled}) {
		t.Errorf("refused %v", got)
	}
}
