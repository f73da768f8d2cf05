package bot

import (
	"context"
	"fmt"
	"sync"
)

// lanes runs jobs on a few workers, those of one key one after the other in the order they came.
type lanes struct {
	workers sync.WaitGroup

	mu      sync.Mutex
	wake    *sync.Cond
	queues  map[string][]func() // a key is here while a job of it is ready or running
	ready   []string            // keys whose next job may start
	pending int                 // jobs that wait or run
	limit   int                 // of pending
	closed  bool
}

// newLanes starts the workers; close ends them. At most limit jobs wait or run at a time.
func newLanes(workers, limit int) *lanes {
	l := &lanes{queues: map[string][]func(){}, limit: limit}
	l.wake = sync.NewCond(&l.mu)
	for range workers {
		l.workers.Go(l.work)
	}
	return l
}

// put queues job behind those of the same key. It never waits: false means that there is no room, or no more work is taken.
func (l *lanes) put(key string, job func()) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.pending >= l.limit {
		return false
	}
	l.pending++
	queue, busy := l.queues[key]
	l.queues[key] = append(queue, job)
	if !busy {
		l.ready = append(l.ready, key)
		l.wake.Signal()
	}
	return true
}

func (l *lanes) work() {
	for {
		key, job, ok := l.next()
		if !ok {
			return
		}
		job()
		l.done(key)
	}
}

func (l *lanes) next() (key string, job func(), ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.ready) == 0 {
		if l.closed && l.pending == 0 {
			return "", nil, false
		}
		l.wake.Wait()
	}
	key, l.ready = l.ready[0], l.ready[1:]
	job, l.queues[key] = l.queues[key][0], l.queues[key][1:]
	return key, job, true
}

func (l *lanes) done(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pending--
	if len(l.queues[key]) == 0 {
		delete(l.queues, key)
	} else {
		l.ready = append(l.ready, key)
		l.wake.Signal()
	}
	if l.closed && l.pending == 0 {
		l.wake.Broadcast()
	}
}

// close takes no more jobs and waits for those there are. When ctx ends first it returns an error
// with their number; their workers end when they do.
func (l *lanes) close(ctx context.Context) error {
	l.mu.Lock()
	l.closed = true
	l.wake.Broadcast()
	l.mu.Unlock()
	ended := make(chan struct{})
	go func() {
		l.workers.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		l.mu.Lock()
		defer l.mu.Unlock()
		return fmt.Errorf("%d still at work: %w", l.pending, context.Cause(ctx))
	}
}
