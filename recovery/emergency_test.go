package recovery

import (
	"slices"
	"testing"
)

// wantRefused checks why the last click of a request was refused.
func (w *world) wantRefused(id int64, want NoteCode) {
	w.Helper()
	var why NoteCode
	for _, e := range w.store.trail(id) {
		if e.Kind == EventRefused {
			why = e.Note.Code
		}
	}
	if why != want {
		w.Errorf("refused with %q, want %q", why, want)
	}
}

func TestOneApproverDecidesAloneInAnEmergency(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.set(func(s *Settings) { s.Emergency, s.Approvals = true, 2 })
	w.deleted("id-1", "adele")
	r := w.asksAs(anna, Ask{Query: Query{ByAddress, "adele@contoso.com"}})
	r = w.press(r.ID, anna, ActConfirm)
	if r = w.press(r.ID, anna, ActEmergency); r.State != Pending {
		t.Fatalf("without a reason it is %s", r.State)
	}
	w.wantRefused(r.ID, NoteNeedReason)
	r = w.press(r.ID, anna, ActEmergency, "the court's deadline")
	if r.State != Succeeded {
		t.Fatalf("%s: %v", r.State, r.Obstacle)
	}
	v, ok := r.ByEmergency()
	if !ok || v.By != by(anna) || v.Reason != "the court's deadline" {
		t.Errorf("%+v", r.Reviews)
	}
	for _, e := range w.store.trail(r.ID) {
		if e.Kind == EventEmergency && (e.By != by(anna) || !slices.Contains(e.Note.Args, bert)) {
			t.Errorf("told are %v", e.Note)
		}
	}
}

func TestTheEmergencyPathOpensNothingElse(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*world)
		who    string
		want   NoteCode
	}{
		"the setting is off":   {func(w *world) { w.set(func(s *Settings) { s.Emergency = false }) }, anna, NoteNotOffered},
		"no approver":          {func(*world) {}, sven, NoteNotApprover},
		"a deactivated person": {func(w *world) { p := w.people.persons[anna]; p.Deleted = true; w.people.persons[anna] = p }, anna, NoteDeactivated},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.set(func(s *Settings) { s.Emergency = true })
			w.deleted("id-1", "adele")
			r := w.asks("adele@contoso.com")
			r = w.press(r.ID, rita, ActConfirm)
			tt.change(w)
			if r = w.press(r.ID, tt.who, ActEmergency, "now"); r.State != Pending {
				t.Errorf("it is %s", r.State)
			}
			w.wantRefused(r.ID, tt.want)
		})
	}
}

// TestALoneApproverCanAskWithTheEmergencyPath: without it, nobody could decide.
func TestALoneApproverCanAskWithTheEmergencyPath(t *testing.T) {
	t.Parallel()
	for _, open := range []bool{false, true} {
		w := newWorld(t)
		w.set(func(s *Settings) { s.Emergency, s.Approvers = open, []string{anna} })
		w.deleted("id-1", "adele")
		r := w.asksAs(anna, Ask{Query: Query{ByAddress, "adele@contoso.com"}})
		if got := r.State == Confirming; got != open {
			t.Errorf("with the path open %v it is %s: %v", open, r.State, r.Obstacle)
		}
	}
}
