package recovery

import (
	"context"
	"time"
)

// reminder tells when people are next reminded of a request that waits for them: first after the time that is set, then each time after
// twice as long as before. Zero where they are not, as when it ends first.
func (s *Service) reminder(r Request) time.Time {
	first := s.Settings.Reminder
	if first <= 0 || r.BulkOf != 0 || r.State != Confirming && r.State != Pending || r.Obstacle != nil {
		return time.Time{}
	}
	at := r.EnteredAt.Add(first * (1<<min(r.Reminders+1, 30) - 1))
	if end := s.expires(r); !end.IsZero() && !at.Before(end) {
		return time.Time{}
	}
	return at
}

// remind reminds those who are waited for. What was missed while no process ran is made up for by one reminder.
func (s *Service) remind(ctx context.Context, r Request) error {
	now := s.Now()
	next := r
	for at := s.reminder(next); !at.IsZero() && !now.Before(at); at = s.reminder(next) {
		next.Reminders++
	}
	note := Note{Code: NoteReminder, Args: []string{""}}
	if at := s.reminder(next); !at.IsZero() {
		note.Args[0] = stamp(at)
	}
	if r.State == Pending {
		note.Args = append(note.Args, s.Settings.approvers(r.matter())...)
	}
	return s.commit(ctx, r, func(r *Request) Event {
		r.Reminders = next.Reminders
		return Event{Kind: EventReminded, Note: &note}
	})
}
