package recovery

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

// memUses counts in memory.
type memUses struct {
	each map[string]int
	all  int
	fail error
}

func (m *memUses) Used(_ context.Context, who string, at time.Time, most int) (int, int, error) {
	key := who + at.Format("15:04")
	m.each[key]++
	if most > 0 && m.each[key] > most {
		return m.each[key], 0, m.fail
	}
	m.all++
	return m.each[key], m.all, m.fail
}

func TestFloodsAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	uses := &memUses{each: map[string]int{}}
	w.svc.Uses = uses
	w.set(func(s *Settings) { s.Limits = Limits{Each: 2, All: 4} })
	until := stamp(w.clock.Add(time.Minute))
	admit := func(user string, want *Note) {
		t.Helper()
		got := w.svc.Admit(w.ctx, by(user))
		if (got == nil) != (want == nil) || got != nil && !got.same(*want) {
			t.Errorf("%s: %v, want %v", user, got, want)
		}
	}
	each, all := &Note{NoteFlood, []string{"2", until}}, &Note{NoteFloodAll, []string{until}}
	admit(rita, nil)
	admit(rita, nil)
	for range 10 { // which shuts nobody else out
		admit(rita, each)
	}
	admit(sven, nil)
	admit(anna, nil)
	admit(bert, all)
	if n := strings.Count(w.log.String(), "too many commands"); n != 1 {
		t.Errorf("%d lines in the log", n)
	}
	w.clock = w.clock.Add(time.Minute)
	uses.all = 0
	admit(rita, nil)
	admit(rita, nil)
	admit(rita, &Note{NoteFlood, []string{"2", stamp(w.clock.Add(time.Minute))}})
	if !strings.Contains(w.log.String(), "refused_before=11") {
		t.Errorf("log %s", w.log)
	}
	if len(w.store.events) > 0 {
		t.Error("refused commands are events")
	}
	uses.fail = errors.New("disk full")
	admit(rita, nil)
	w.set(func(s *Settings) { s.Limits = Limits{} })
	w.svc.Uses = nil
	admit(rita, nil)
}
