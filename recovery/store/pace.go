package store

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// pace keeps deeds from waiting for jobs. A deed is a transaction that is not a job's: what somebody did is being recorded, and Slack waits
// three seconds for it. There are far more jobs than processors, or connections that write.
type pace struct {
	turns chan struct{} // of transactions of jobs: so many may stand before the database at a time
	deeds atomic.Int64  // that are being recorded
	slot  chan struct{} // of the one job that may run in a rush

	mu     sync.Mutex
	latest [rushDeeds]time.Time // when the latest deeds began
	next   int                  // of latest: the oldest
}

// newPace lets so many transactions of jobs stand before the database at a time.
func newPace(turns int) *pace {
	return &pace{turns: make(chan struct{}, turns), slot: make(chan struct{}, 1)}
}

type jobKey struct{}

// ofJob marks the transactions of a job.
func ofJob(ctx context.Context) context.Context { return context.WithValue(ctx, jobKey{}, true) }

// enter notes a deed, or waits for a turn if ctx is a job's. leave ends the one and gives back the other.
func (p *pace) enter(ctx context.Context) (leave func(), err error) {
	if ctx.Value(jobKey{}) == nil {
		p.begin()
		return func() { p.deeds.Add(-1) }, nil
	}
	select {
	case p.turns <- struct{}{}:
		return func() { <-p.turns }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// begin notes that a deed begins.
func (p *pace) begin() {
	p.deeds.Add(1)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.latest[p.next] = time.Now()
	p.next = (p.next + 1) % rushDeeds
}

// So many deeds within this time are a rush. A rush of deeds makes as many jobs, and what those do would take the processor from the
// deeds that come behind: while it lasts, one job runs at a time, with a rest after it, and none waits for longer than slotMost.
const (
	rushDeeds = 5
	rushTime  = 250 * time.Millisecond
	slotRest  = 25 * time.Millisecond
	slotMost  = 2 * time.Second
)

// rush says whether there is one.
func (p *pace) rush() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Since(p.latest[p.next]) < rushTime
}

// How long a job that begins lets deeds go first, and how often it looks.
const (
	yieldMost  = 200 * time.Millisecond
	yieldEvery = 5 * time.Millisecond
)

// yield waits for the moment at which a job may begin: no deed is being recorded, and in a rush it is its turn. leave is to be called
// when it has ended.
func (p *pace) yield(ctx context.Context) (leave func()) {
	for waited := time.Duration(0); p.deeds.Load() > 0 && waited < yieldMost; waited += yieldEvery {
		select {
		case <-time.After(yieldEvery):
		case <-ctx.Done():
			return func() {}
		}
	}
	if !p.rush() {
		return func() {}
	}
	select {
	case p.slot <- struct{}{}:
		return func() { time.AfterFunc(slotRest, func() { <-p.slot }) }
	case <-time.After(slotMost):
	case <-ctx.Done():
	}
	return func() {}
}
