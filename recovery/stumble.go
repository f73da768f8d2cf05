package recovery

import (
	"context"
	"errors"
	"time"
)

// stumble deals with an error of a look-up while nothing has been changed: the person is told once, and the look-up is
// repeated until the request expires. What cannot be mended by waiting stays as an obstacle until somebody clicks "Check
// again".
func (s *Service) stumble(ctx context.Context, r Request, err error) (time.Duration, error) {
	note, wait := s.excuse(r, err)
	s.Logger.WarnContext(ctx, "look-up failed", "request", r.Ref(), "tries", r.Tries, "wait", wait, "error", err)
	next := s.Now().Add(wait)
	if !note.worthTelling(r.Obstacle, wait) {
		return s.atMost(r, wait), s.commit(ctx, r, func(r *Request) Event {
			r.Obstacle, r.Next = &note, next
			r.Tries++
			return Event{}
		})
	}
	return 0, s.commit(ctx, r, func(r *Request) Event {
		r.Obstacle, r.Next = &note, next
		r.Tries++
		return Event{Kind: EventWaiting, Note: &note}
	})
}

// worthTelling says whether people do not know yet what stands in the way. A pause is told again when it is a long one,
// because it has another end.
func (n Note) worthTelling(known *Note, wait time.Duration) bool {
	return known == nil || known.Code != n.Code || n.Code == NoteWaitThrottled && wait >= time.Minute
}

// excuse words an error as a note and says when to try again: never before the other side wants it.
func (s *Service) excuse(r Request, err error) (Note, time.Duration) {
	e, _ := errors.AsType[*Error](err)
	kind, asked, wait := KindOf(err), Pause(err), backoff(r.Tries, mostPause)
	if kind == Throttled || asked > wait {
		wait = max(asked, time.Second)
		return e.note(NoteWaitThrottled, stamp(s.Now().Add(wait))), wait
	}
	switch kind {
	case Forbidden, SignedOut:
		return e.Mend(), s.Settings.TTL
	case Incomplete:
		return Note{Code: NoteIncomplete}, wait
	default:
		return e.note(NoteUnreadable, string(kind)), wait
	}
}

// backoff doubles from one second to most.
func backoff(tries int, most time.Duration) time.Duration {
	return min(time.Second<<min(tries, 20), most)
}
