package bot

import (
	"context"
	"encoding/json"
	"sync"
	"time"
)

// acker sends acks on the socket that an envelope came from.
type acker interface {
	// ack hands the ack to the socket; it returns when the socket has taken it or ctx ends.
	ack(ctx context.Context, envelopeID string, payload json.RawMessage) error
}

// target is one delivery that has to be acked.
type target struct {
	to         acker
	envelopeID string
	received   time.Time
	kind       kind
}

// answer is what one deed was acked with. Every delivery of that deed gets the same.
type answer struct {
	mu      sync.Mutex
	given   bool
	payload json.RawMessage
	waiting []target
}

// join adds a delivery; ready means that it can be acked with payload at once, else give will.
func (a *answer) join(t target) (payload json.RawMessage, ready bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.given {
		a.waiting = append(a.waiting, t)
	}
	return a.payload, a.given
}

// give sets the answer and returns the deliveries that wait for it.
func (a *answer) give(payload json.RawMessage) []target {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.given, a.payload = true, payload
	waiting := a.waiting
	a.waiting = nil
	return waiting
}

// How long and how many deeds are remembered. Slack repeats within minutes; an hour is what other clients use.
const (
	memory    = time.Hour
	memorized = 4096
)

// seen remembers by their marks the deeds that came in, so that a repeated delivery is not a second deed.
type seen struct {
	now func() time.Time

	mu      sync.Mutex
	answers map[string]*answer
	order   []memo // oldest first
}

type memo struct {
	mark string
	of   *answer
	at   time.Time
}

func newSeen(now func() time.Time) *seen {
	return &seen{now: now, answers: map[string]*answer{}}
}

// take returns the answer of the deed with one of marks, and whether this is its first delivery.
func (s *seen) take(marks []string) (a *answer, first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.prune()
	for _, m := range marks {
		if known := s.answers[m]; known != nil {
			return known, false
		}
	}
	a = &answer{}
	for _, m := range marks {
		s.answers[m] = a
		s.order = append(s.order, memo{m, a, s.now()})
	}
	return a, true
}

// forget lets the deed come again: it was not done.
func (s *seen) forget(marks []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range marks {
		delete(s.answers, m)
	}
}

func (s *seen) prune() {
	oldest := s.now().Add(-memory)
	for len(s.order) > 0 && (len(s.order) > memorized || s.order[0].at.Before(oldest)) {
		if m := s.order[0]; s.answers[m.mark] == m.of {
			delete(s.answers, m.mark)
		}
		s.order = s.order[1:]
	}
}
