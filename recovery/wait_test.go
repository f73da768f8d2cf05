package recovery

import (
	"slices"
	"testing"
	"time"
)

// Beside this, every job of every test is watched: see world.run.
func TestWhatGoesByItselfIsNoDiagnosis(t *testing.T) {
	t.Parallel()
	for code, wait := range map[NoteCode]bool{
		NoteUnreadable: true, NoteWaitThrottled: true, NoteIncomplete: true,
		NoteNoSeat: false, NoteMissingRole: false, NoteAmbiguous: false, NoteGone: false,
	} {
		n := Note{Code: code}
		err := Diagnosis{Obstacle: &n}.unsettled()
		if (err != nil) != wait || n.passing() != wait || err != nil && !passes(err) {
			t.Errorf("%s: passing %v, %v", code, n.passing(), err)
		}
	}
	if err := (Diagnosis{}).unsettled(); err != nil {
		t.Errorf("without an obstacle: %v", err)
	}
}

func TestAPauseIsKept(t *testing.T) {
	t.Parallel()
	away := &Error{Kind: Unavailable, Op: "users", RetryAfter: 10 * time.Minute}
	for name, meets := range map[string]func(*tenant){
		"Graph is away":                 func(x *tenant) { x.fails("find", 9, away) },
		"Graph throttles":               func(x *tenant) { x.fails("find", 9, &Error{Kind: Throttled, RetryAfter: 10 * time.Minute}) },
		"a page's failure is about all": func(x *tenant) { x.fails("find", 9, &Error{Kind: Incomplete, Err: away}) },
		"Exchange throttles while Graph is away": func(x *tenant) {
			x.fails("find", 9, &Error{Kind: Unavailable, Op: "users"})
			x.fails("exchange", 9, &Error{Kind: Throttled, RetryAfter: 10 * time.Minute})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.deleted(john, "john")
			meets(w.tenant)
			r := w.asks("john@contoso.com")
			w.hindered(r, NoteWaitThrottled, "2026-11-22T10:10:00Z")
			w.pass(9 * time.Minute)
			if n := count(w.tenant.calls, "find"); n != 1 {
				t.Errorf("%d calls", n)
			}
			w.tenant.fault = nil
			w.pass(2 * time.Minute)
			w.is(w.request(r.ID), Confirming)
		})
	}
}

func TestNobodyBelievesAPauseOfYears(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	id := w.begin("john@contoso.com")
	w.tenant.fails("find", 1, &Error{Kind: Unavailable, RetryAfter: 1 << 62})
	w.pass(25 * time.Hour)
	w.is(w.request(id), Succeeded)
}

// A click tells until when, and repeats nothing before.
func TestNoClickCutsAPauseShort(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	r := w.asks("john@contoso.com")
	w.tenant.fails("find", 1, &Error{Kind: Throttled, RetryAfter: time.Hour})
	r = w.press(r.ID, rita, ChooseSignIn, "block")
	w.hindered(r, NoteWaitThrottled, stamp(r.Next))
	calls := len(w.tenant.calls)
	w.press(r.ID, rita, ActCheck)
	w.press(r.ID, rita, ChooseSignIn, "allow")
	refused := w.events(r.ID, EventRefused)
	if len(refused) != 1 || !refused[0].Note.same(Note{NoteWaitThrottled, []string{stamp(r.Next)}}) || len(w.tenant.calls) != calls {
		t.Errorf("refused %v, %d calls more", refused, len(w.tenant.calls)-calls)
	}
	w.pass(time.Hour)
	if r = w.is(w.request(r.ID), Confirming); r.Plan == nil || r.Obstacle != nil || r.Plan.SignIn != SignInReturns {
		t.Errorf("obstacle %v, plan %+v", r.Obstacle, r.Plan)
	}
}

func TestNoClickCutsAPauseShortWhileAPersonActs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.orphaned(lost, "john", inactive)
	w.set(func(s *Settings) { s.Licenses = []string{"ENTERPRISEPACK"} })
	r := w.asks("john@contoso.com")
	w.press(r.ID, rita, ActConfirm)
	w.send(r.ID, w.click(r.ID, anna, ActApprove, ""))
	w.pass(10 * time.Minute)
	w.tenant.fails("exchange", 1, &Error{Kind: Throttled, RetryAfter: time.Hour})
	w.shortly(r.ID, anna, ActCheck)
	calls := len(w.tenant.calls)
	w.shortly(r.ID, anna, ActCheck)
	if got := w.refusals(r.ID); !slices.Equal(got, []NoteCode{NoteWaitThrottled}) || len(w.tenant.calls) != calls {
		t.Errorf("refused %v, %d calls more", got, len(w.tenant.calls)-calls)
	}
}
