package store

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"mailback/recovery"
)

// Slack waits for an ask to be recorded; it must not wait for jobs.
func TestJobsKeepNobodyWaiting(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		for range cap(s.db.turns) {
			leave, err := s.db.enter(ofJob(t.Context()))
			if err != nil {
				t.Fatal(err)
			}
			defer leave()
		}
		r := u.create(s, "U1")
		u.update(s, r.ID, func(*recovery.Request) (recovery.Event, error) {
			return recovery.Event{Kind: recovery.EventClicked}, nil
		})
		ctx, cancel := context.WithTimeout(ofJob(t.Context()), 20*time.Millisecond)
		defer cancel()
		_, err := s.Update(ctx, r.ID, func(*recovery.Request) (recovery.Event, error) {
			t.Error("a job did not wait for its turn")
			return recovery.Event{}, nil
		})
		if recovery.KindOf(err) != recovery.Unavailable || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a job that waited in vain: %v", err)
		}
	})
}

// A job begins when no deed is being recorded, and not much later when there always is one.
func TestJobsLetDeedsGoFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db := newPace(1)
		waits := func() time.Duration {
			began := time.Now()
			db.yield(t.Context())
			return time.Since(began)
		}
		if w := waits(); w != 0 {
			t.Errorf("nothing to wait for: %s", w)
		}
		db.deeds.Add(1)
		if w := waits(); w != yieldMost {
			t.Errorf("a deed without end: %s", w)
		}
		time.AfterFunc(4*yieldEvery-1, func() { db.deeds.Add(-1) })
		if w := waits(); w != 4*yieldEvery {
			t.Errorf("a deed of four looks: %s", w)
		}
	})
}

// TestJobsInARush: while deeds come one upon the other, jobs go one at a time with a rest in between, and none waits for ever.
func TestJobsInARush(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPace(1)
		deeds := func(n int) {
			for range n {
				leave, err := p.enter(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				leave()
			}
		}
		job := func() (leave func(), waited time.Duration) {
			began := time.Now()
			return p.yield(t.Context()), time.Since(began)
		}
		deeds(rushDeeds - 1)
		for range 3 {
			if _, w := job(); w != 0 {
				t.Errorf("no rush, and a job waits %s", w)
			}
		}
		deeds(1)
		leave, w := job()
		if w != 0 {
			t.Errorf("the first job of a rush waits %s", w)
		}
		if _, w := job(); w != slotMost {
			t.Errorf("a job that does not end holds the next one up for %s", w)
		}
		deeds(rushDeeds)
		leave()
		if leave, w = job(); w != slotRest {
			t.Errorf("the next job waits %s", w)
		}
		over, cancel := context.WithCancel(t.Context())
		cancel()
		deeds(rushDeeds)
		began := time.Now()
		p.yield(over)()
		if time.Since(began) != 0 {
			t.Error("a job that was told to stop waits")
		}
		time.Sleep(rushTime)
		if _, w := job(); w != 0 {
			t.Errorf("the rush is over, and a job waits %s", w)
		}
		leave()
		time.Sleep(slotRest)
	})
}
