package m365fake

import (
	"net/http"
	"strings"
	"sync"
	"time"
)

// UnitsWindow is within which time an empty budget of resource units is full again.
const UnitsWindow = 10 * time.Second

// Limits of a large tenant (learn.microsoft.com/graph/throttling-limits, identity and access).
const (
	unitsPer10s  = 8000 // in UnitsWindow
	writesPer150 = 3000 // in 150 s
)

// perMailbox is how many calls of one app a mailbox serves at a time (same page, Outlook).
const perMailbox = 4

// limiter holds the app's budgets. They run on the wall clock: clients wait on it.
type limiter struct {
	units, writes *bucket

	mu    sync.Mutex
	busy  map[string]int // calls under way, by mailbox
	spent Spent
}

// Spent is what the app has taken from Graph's budgets of the directory.
type Spent struct {
	Calls, Refused int
	Units, Writes  int
}

// Least is how long the budgets make so much last at least, from when they are full.
func (s Spent) Least() time.Duration {
	units := time.Duration(s.Units-unitsPer10s) * UnitsWindow / unitsPer10s
	writes := time.Duration(s.Writes-writesPer150) * 150 * time.Second / writesPer150
	return max(0, units, writes)
}

// Spent gives what the app has taken so far.
func (s *Server) Spent() Spent {
	s.limits.mu.Lock()
	defer s.limits.mu.Unlock()
	return s.limits.spent
}

func newLimiter() *limiter {
	return &limiter{
		units: newBucket(unitsPer10s, UnitsWindow), writes: newBucket(writesPer150, 150*time.Second), busy: map[string]int{},
	}
}

// enter admits one call, which leave must end, or says how long to wait.
func (l *limiter) enter(r route, args []string) (leave func(), err error) {
	if !r.outlook {
		return func() {}, l.pay(r)
	}
	mailbox := strings.ToLower(args[0])
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.busy[mailbox] >= perMailbox {
		return nil, &graphError{
			status: http.StatusTooManyRequests, code: "ApplicationThrottled",
			message: "Application is over its MailboxConcurrency limit.", retryAfter: time.Second,
		}
	}
	l.busy[mailbox]++
	return func() { l.leave(mailbox) }, nil
}

func (l *limiter) leave(mailbox string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.busy[mailbox]--; l.busy[mailbox] == 0 {
		delete(l.busy, mailbox)
	}
}

// pay takes one directory call from the budgets.
func (l *limiter) pay(r route) error {
	wait, writes := l.units.take(r.cost), 0
	if wait == 0 && r.method != http.MethodGet {
		wait, writes = l.writes.take(1), 1
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.spent.Calls++
	if wait > 0 {
		l.spent.Refused++
		return throttled(wait)
	}
	l.spent.Units += r.cost
	l.spent.Writes += writes
	return nil
}

// bucket is a token bucket that holds size and fills up within window.
type bucket struct {
	size   float64
	window time.Duration

	mu   sync.Mutex
	left float64
	at   time.Time
}

func newBucket(size int, window time.Duration) *bucket {
	return &bucket{size: float64(size), window: window, left: float64(size), at: time.Now()}
}

// take removes n, or returns how long until they are there.
func (b *bucket) take(n int) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	b.left = min(b.size, b.left+b.size*float64(now.Sub(b.at))/float64(b.window))
	b.at = now
	if b.left < float64(n) {
		return time.Duration((float64(n) - b.left) / b.size * float64(b.window))
	}
	b.left -= float64(n)
	return 0
}
