package graph

import (
	"context"
	"net/http"
	"sync"
	"time"

	"mailback/recovery"
)

// How fast calls for many accounts go, in calls per second. Graph's budget depends on the tenant's size, which nobody tells
// (learn.microsoft.com/graph/throttling-limits, identity and access): they begin fast, slow down at each refusal and speed up slowly
// while there is none.
const (
	firstRate   = 800.0
	leastRate   = 10.0
	mostRate    = 1000.0
	slowDown    = 0.7
	speedUp     = 1.02 // in a second
	longestHold = 5 * time.Second
)

// budget keeps calls for many accounts (recovery.WithBulk) within what Graph allows. All others go at once, and those of many give
// way to them.
type budget struct {
	mu    sync.Mutex
	rate  float64
	next  time.Time // when the next one may go
	held  time.Time // until when Graph wants none
	eased time.Time // when the rate was last changed
}

func newBudget() *budget { return &budget{rate: firstRate} }

// enter waits until a call may go. Where Graph wants a long pause, it says so instead.
func (b *budget) enter(ctx context.Context, op operation) error {
	for {
		wait, err := b.take(ctx, op, time.Now())
		if err != nil || wait <= 0 {
			return err
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
		if !b.holds(time.Now()) {
			return nil
		}
	}
}

// take takes the next place in line, and says how long to wait for it.
func (b *budget) take(ctx context.Context, op operation, now time.Time) (time.Duration, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next.Before(now) {
		b.next = now
	}
	gap := time.Duration(float64(time.Second) / b.rate)
	if !recovery.InBulk(ctx) {
		b.next = b.next.Add(gap)
		return 0, nil
	}
	if left := b.held.Sub(now); left > longestHold {
		return 0, &recovery.Error{Peer: recovery.PeerGraph, Kind: recovery.Throttled, Op: string(op), RetryAfter: left, Detail: "others were told to wait"}
	}
	if b.held.After(b.next) {
		b.next = b.held
	}
	at := b.next
	b.next = at.Add(gap)
	return at.Sub(now), nil
}

func (b *budget) holds(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.held.After(now)
}

// answered learns from an answer, of whatever call.
func (b *budget) answered(c *call, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.eased.IsZero() {
		b.eased = now
	}
	since := now.Sub(b.eased)
	if c.status == http.StatusTooManyRequests {
		if until := now.Add(max(c.retryAfter(), time.Second)); until.After(b.held) {
			b.held = until
		}
		if since >= time.Second {
			b.rate, b.eased = max(leastRate, b.rate*slowDown), now
		}
		return
	}
	if since >= time.Second && c.status < http.StatusInternalServerError {
		b.rate, b.eased = min(mostRate, b.rate*speedUp), now
	}
}
