package recovery

import (
	"context"
	"strconv"
	"sync"
	"time"
)

// Limits are how many commands that make work are taken within a minute; 0 is no limit.
type Limits struct {
	Each int // of one person
	All  int // of everybody together
}

// flood counts the commands that were refused in a process.
type flood struct {
	mu      sync.Mutex
	minute  time.Time
	refused int
}

// admitTime is how long counting a command may take: its ack waits for it. What cannot be counted in time is taken.
const admitTime = 300 * time.Millisecond

// Admit counts a command that makes work, and says why it is not taken where there were too many; nil where it is. What one person
// is refused does not count for all, so that nobody can shut the others out.
func (s *Service) Admit(ctx context.Context, who Actor) *Note {
	limits, now := s.Settings.Limits, s.Now()
	if limits == (Limits{}) {
		return nil
	}
	soon, cancel := context.WithTimeout(ctx, admitTime)
	defer cancel()
	mine, all, err := s.Uses.Used(soon, who.TeamID+"/"+who.UserID, now, limits.Each)
	if err != nil {
		s.Logger.WarnContext(ctx, "a command could not be counted, and is taken", "error", err)
		return nil
	}
	until := stamp(now.Truncate(time.Minute).Add(time.Minute))
	switch {
	case limits.Each > 0 && mine > limits.Each:
		s.turnedAway(ctx, now, who)
		return &Note{NoteFlood, []string{strconv.Itoa(limits.Each), until}}
	case limits.All > 0 && all > limits.All:
		s.turnedAway(ctx, now, who)
		return &Note{NoteFloodAll, []string{until}}
	default:
		return nil
	}
}

// turnedAway counts a refusal. The log has the first of a minute, with how many there were in the last such minute.
func (s *Service) turnedAway(ctx context.Context, now time.Time, who Actor) {
	f := &s.flood
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refused++
	if minute := now.Truncate(time.Minute); !f.minute.Equal(minute) {
		s.Logger.WarnContext(ctx, "too many commands: refused", "first", who.UserID, "refused_before", f.refused-1)
		f.minute, f.refused = minute, 1
	}
}
