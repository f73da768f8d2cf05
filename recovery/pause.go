package recovery

import (
	"slices"
	"time"
)

// longestPause bounds the pauses that are believed: whoever asks for a longer one may not be Microsoft.
const longestPause = 12 * time.Hour

// Pause is how long the other side asks to be left alone: the longest of all that is joined or wrapped in err, 0 where none says.
func Pause(err error) time.Duration {
	var longest time.Duration
	switch e := err.(type) { //nolint:errorlint // it walks through all of them itself
	case *Error:
		longest = max(e.RetryAfter, Pause(e.Err))
	case interface{ Unwrap() error }:
		longest = Pause(e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			longest = max(longest, Pause(one))
		}
	}
	return min(longest, longestPause)
}

// end notes that the look has ended.
func (l *Look) end(now time.Time) {
	if !l.Asked.IsZero() && l.Ended.IsZero() {
		l.Ended = now
	}
}

// spans says whether a click came while the look ran. It is answered by that look: what people change comes before they ask for one, and
// who has changed something since the look began can ask again.
func (l Look) spans(click time.Time) bool { return !click.Before(l.Asked) && click.Before(l.Ended) }

// paused gives the note on a pause that Microsoft asked for and that is not over; nil where there is none.
func (r *Request) paused(now time.Time) *Note {
	note := r.Obstacle
	if r.ByHand() {
		i := slices.IndexFunc(r.Plan.Steps, func(st Step) bool { return st.Progress.Done.IsZero() })
		note = r.Plan.Steps[i].Progress.Problem
	}
	if note == nil || note.Code != NoteWaitThrottled || !now.Before(r.Next) {
		return nil
	}
	return note
}
