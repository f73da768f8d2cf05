package recovery

import (
	"slices"
	"testing"
	"time"
)

// reminded gives the notes of a request's reminders.
func (w *world) reminded(id int64) (notes []Note) {
	for _, e := range w.store.trail(id) {
		if e.Kind == EventReminded {
			notes = append(notes, *e.Note)
		}
	}
	return notes
}

func TestRemindersWaitTwiceAsLongEachTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.set(func(s *Settings) { s.Reminder = 30 * time.Minute })
	w.deleted("id-1", "adele")
	r := w.asks("adele@contoso.com")
	entered := r.EnteredAt
	for _, tt := range []struct {
		after time.Duration
		want  int
	}{{29 * time.Minute, 0}, {31 * time.Minute, 1}, {89 * time.Minute, 1}, {91 * time.Minute, 2}, {211 * time.Minute, 3}} {
		w.pass(entered.Add(tt.after).Sub(w.clock))
		if got := w.reminded(r.ID); len(got) != tt.want {
			t.Errorf("after %v: %v", tt.after, got)
		}
	}
	if got := w.reminded(r.ID)[0]; !slices.Equal(got.Args, []string{stamp(entered.Add(90 * time.Minute))}) {
		t.Errorf("the first one says %v", got)
	}
	// With the next state it begins anew, and the approvers are called.
	w.press(r.ID, rita, ActConfirm)
	before := len(w.reminded(r.ID))
	w.pass(31 * time.Minute)
	got := w.reminded(r.ID)
	if len(got) != before+1 || len(got[before].Args) != 4 || got[before].Args[1] != anna {
		t.Errorf("%v", got[before:])
	}
	w.press(r.ID, anna, ActApprove)
	w.pass(24 * time.Hour)
	if got := w.reminded(r.ID); len(got) != before+1 {
		t.Errorf("reminded of what waits for nobody: %v", got)
	}
}

// TestTheLastReminderSaysSo, and what no process was there for is made up for by one.
func TestTheLastReminderSaysSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.set(func(s *Settings) { s.Reminder, s.TTL = 30*time.Minute, 5*time.Hour })
	w.deleted("id-1", "adele")
	r := w.asks("adele@contoso.com")
	w.clock = r.EnteredAt.Add(4 * time.Hour)
	w.settle()
	got := w.reminded(r.ID)
	if len(got) != 1 || got[0].Args[0] != "" {
		t.Errorf("%v", got)
	}
}

func TestNobodyIsRemindedWithoutTheSetting(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted("id-1", "adele")
	r := w.asks("adele@contoso.com")
	w.pass(20 * time.Hour)
	if got := w.reminded(r.ID); len(got) != 0 {
		t.Errorf("%v", got)
	}
}
