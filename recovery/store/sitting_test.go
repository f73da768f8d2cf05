package store

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"mailback/recovery"
)

// step is a change with an event.
func step(*recovery.Request) (recovery.Event, error) {
	return recovery.Event{Kind: recovery.EventStep}, nil
}

// TestOneJobTakesTurnAfterTurn: what a job does for its own request needs no other job, and the one that it ends as is the newest version's.
func TestOneJobTakesTurnAfterTurn(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		r, other := u.create(s, "U1"), u.create(s, "U2")
		c := newCalls(func(call string) (time.Duration, error) {
			if call == "advance 1 5" || call == "advance 1 6" || call[:9] == "advance 2" {
				return time.Hour, nil
			}
			return 0, nil
		})
		w := c.workers()
		advance := w.Advance
		w.Advance = func(ctx context.Context, id, version int64) (time.Duration, error) {
			wait, err := advance(ctx, id, version)
			if id != r.ID || wait > 0 {
				return wait, err
			}
			if version == 3 { // another's request has a job of its own
				if _, err := s.Update(ctx, other.ID, step); err != nil {
					return 0, err
				}
			}
			_, err = s.Update(ctx, id, step)
			return 0, err
		}
		u.start(s, w)
		for version := range 5 {
			c.wait(t, fmt.Sprintf("advance 1 %d", version+1), 30*time.Second)
		}
		c.wait(t, "advance 2 2", 30*time.Second)
		u.await("the job at rest", func() bool {
			return u.count(s, `SELECT COUNT(*) FROM river_job WHERE kind = 'advance' AND state = 'running'`) == 0
		})
		if n := u.count(s, `SELECT COUNT(*) FROM river_job WHERE kind = 'advance'`); n != 3 { // of the other, for two versions
			t.Errorf("%d jobs, want 3", n)
		}
		u.update(s, r.ID, step)
		c.wait(t, "advance 1 6", 30*time.Second)
		if n := c.times("advance 1 5"); n != 1 {
			t.Errorf("version 5 was called %d times", n)
		}
	})
}

// TestATurnThatOnlyKeepsALink: its request gets a new version by that, and the job goes on with it where the turn does nothing else, as
// after another process has taken the lease away.
func TestATurnThatOnlyKeepsALink(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		r := u.create(s, "U1")
		c := newCalls(done)
		w := c.workers()
		advance := w.Advance
		w.Advance = func(ctx context.Context, id, version int64) (time.Duration, error) {
			_, _ = advance(ctx, id, version)
			if version == 2 {
				return time.Hour, nil
			}
			l := recovery.Link{Actor: r.Requester, ObjectID: "11111111-2222-4333-8444-555555555555", LinkedAt: time.Now(), Why: recovery.LinkAddress, Request: id}
			return 0, s.KeepLink(ctx, l)
		}
		u.start(s, w)
		c.wait(t, "advance 1 2", 30*time.Second)
	})
}

// TestABrokenTurnIsRepeated: a job that fails after some turns comes again for the version that it had come to.
func TestABrokenTurnIsRepeated(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		r := u.create(s, "U1")
		c := newCalls(done)
		w := c.workers()
		advance := w.Advance
		w.Advance = func(ctx context.Context, id, version int64) (time.Duration, error) {
			_, _ = advance(ctx, id, version)
			if version == 3 && c.times("advance 1 3") == 1 {
				return 0, &recovery.Error{Kind: recovery.Unavailable, Err: errors.New("away")}
			}
			if version == 4 {
				return time.Hour, nil
			}
			_, err := s.Update(ctx, id, step)
			return 0, err
		}
		u.start(s, w)
		c.wait(t, "advance 1 4", 30*time.Second)
		if n := c.times("advance 1 3"); n != 2 || c.times("advance 1 1") != 1 {
			t.Errorf("version 3 was called %d times, version 1 %d times", n, c.times("advance 1 1"))
		}
		if got, err := s.Request(t.Context(), r.ID); err != nil || got.Version != 4 {
			t.Errorf("version %d, %v", got.Version, err)
		}
	})
}

// TestASittingEnds: a request that never rests gives its place to others, and goes on later.
func TestASittingEnds(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open(func(c *Config) { c.JobTimeout = 300 * time.Millisecond })
		u.create(s, "U1")
		w := newCalls(done).workers()
		var cutOff atomic.Bool
		w.Advance = func(ctx context.Context, id, _ int64) (time.Duration, error) {
			time.Sleep(20 * time.Millisecond)
			_, err := s.Update(ctx, id, step)
			cutOff.CompareAndSwap(false, err != nil)
			return 0, err
		}
		u.start(s, w)
		u.await("a second sitting of the same job", func() bool {
			return u.count(s, `SELECT COUNT(*) FROM river_job WHERE kind = 'advance' AND CAST(metadata AS TEXT) LIKE '%snoozes%'`) > 0
		})
		if n := u.count(s, `SELECT COUNT(*) FROM river_job WHERE kind = 'advance'`); n != 1 || cutOff.Load() {
			t.Errorf("%d jobs, want 1; a turn was cut off: %t", n, cutOff.Load())
		}
	})
}

// TestStopEndsASitting: a request that always has something to do does not keep a process from stopping.
func TestStopEndsASitting(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		u.create(s, "U1")
		var turns atomic.Int64
		w := newCalls(done).workers()
		w.Advance = func(ctx context.Context, id, _ int64) (time.Duration, error) {
			turns.Add(1)
			_, err := s.Update(ctx, id, step)
			return 0, err
		}
		u.start(s, w)
		u.await("some turns", func() bool { return turns.Load() > 5 })
		before := turns.Load()
		if s.Stopping() {
			t.Error("a turn is told to end though nobody stops")
		}
		u.stop(s)
		if !s.Stopping() {
			t.Error("a turn that runs long is not told to end")
		}
		if more := turns.Load() - before; more > 50 { // a whole sitting has hundreds
			t.Errorf("%d turns more", more)
		}
	})
}

// TestThoseToBeginGoFirst: of a list, an account that is to begin goes before those that have begun, and what is purged soon before its like.
func TestThoseToBeginGoFirst(t *testing.T) {
	t.Parallel()
	now := time.Now()
	soon := &recovery.Diagnosis{Deadline: now.Add(time.Hour)}
	for want, rs := range map[int][]recovery.Request{
		1: {{State: recovery.Pending, Diagnosis: soon}, {State: recovery.Submitted, BulkOf: 1, Diagnosis: soon}},
		2: {{State: recovery.Pending}, {State: recovery.Submitted, BulkOf: 1}, {State: recovery.Restoring, BulkOf: 1, Diagnosis: soon}},
		3: {{State: recovery.Restoring, BulkOf: 1}},
	} {
		for _, r := range rs {
			if opts := advanceJob(r, now).InsertOpts; opts.Priority != want || (opts.Queue == bulkQueue) != (r.BulkOf != 0) {
				t.Errorf("%s of list %d: priority %d in queue %q, want %d", r.State, r.BulkOf, opts.Priority, opts.Queue, want)
			}
		}
	}
}
