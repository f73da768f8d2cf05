package store

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"mailback/recovery"
)

// hour is a job that is asked for again in an hour.
func hour(string) (time.Duration, error) { return time.Hour, nil }

// lose takes a request's jobs away, or marks them as given up by River.
func (u *setup) lose(s *Store, id int64, query string) {
	u.t.Helper()
	const those = ` WHERE kind = 'advance' AND CAST(args->>'request_id' AS BIGINT) = $1`
	u.must(s.db.writer().exec(u.t.Context(), "lose a job", query+those, id))
}

const (
	gone    = `DELETE FROM river_job`
	givenUp = `UPDATE river_job SET state = 'discarded', finalized_at = CURRENT_TIMESTAMP`
)

// warnings counts the lines of the log that tell of a mended request.
func (l *lines) warnings(id int64) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.b.String(), fmt.Sprintf(`"level":"WARN","msg":"an open request had no job: it has one again","request":"R-%d"`, id))
}

// TestStartGivesALostJobAgain: whatever became of the job of a request that is open, the next start gives it one, and those that have one or
// need none are left alone.
func TestStartGivesALostJobAgain(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		var log lines
		s := u.open(func(c *Config) { c.Logger = slog.New(slog.NewJSONHandler(&log, nil)) })
		for range 6 {
			u.create(s, "U1")
		}
		u.lose(s, 1, gone)
		u.lose(s, 2, givenUp)
		u.update(s, 3, event(recovery.EventWaiting))
		u.must(s.db.writer().exec(t.Context(), "lose a job", `DELETE FROM river_job WHERE kind = 'advance'
			AND CAST(args->>'request_id' AS BIGINT) = 3 AND CAST(args->>'version' AS BIGINT) = 2`)) // the one of version 1 does nothing any more
		u.update(s, 4, become(recovery.Cancelled, recovery.EventCancelled))
		u.lose(s, 4, gone)
		u.update(s, 5, func(r *recovery.Request) (recovery.Event, error) { // ended, with a click to decide
			r.State, r.Inbox = recovery.Cancelled, []recovery.Click{{Key: "c"}}
			return recovery.Event{Kind: recovery.EventCancelled}, nil
		})
		u.lose(s, 5, gone)

		c := newCalls(hour)
		u.start(s, c.workers())
		defer u.stop(s)
		for _, call := range []string{"advance 1 2", "advance 2 2", "advance 3 3", "advance 5 3", "advance 6 1"} {
			c.wait(t, call, 30*time.Second)
		}
		for id, want := range map[int64]int{1: 1, 2: 1, 3: 1, 4: 0, 5: 1, 6: 0} {
			if n := log.warnings(id); n != want {
				t.Errorf("R-%d is named by %d warnings, want %d", id, n, want)
			}
		}
		u.must(s.sweep(t.Context())) // and nothing is mended twice
		if r, err := s.Request(t.Context(), 1); err != nil || r.Version != 2 {
			t.Errorf("after another look: version %d, %v", r.Version, err)
		}
		if es := u.events(s, 1); len(es) != 1 {
			t.Errorf("the audit trail has %d lines of a request that nothing happened to", len(es))
		}
	})
}

// TestUpkeepGivesALostJobAgain, and the request goes on to what it waits for.
func TestUpkeepGivesALostJobAgain(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		u.create(s, "U1")
		c := newCalls(hour)
		u.start(s, c.workers())
		defer u.stop(s)
		c.wait(t, "advance 1 1", 30*time.Second)
		u.await("the job to wait", func() bool {
			return u.count(s, `SELECT COUNT(*) FROM river_job WHERE kind = 'advance' AND state = 'scheduled'`) == 1
		})
		u.lose(s, 1, gone)
		u.clock.advance(25 * time.Hour)
		c.wait(t, "advance 1 2", 30*time.Second)
	})
}

// TestSweepSideBySide: several processes that look at once give each request one job, and lease and state stay.
func TestSweepSideBySide(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		all := []*Store{u.open()}
		if !all[0].db.single {
			all = append(all, u.open(), u.open())
		}
		const requests = 20
		lease := recovery.Lease{Owner: "somebody", Until: u.clock.now().Add(time.Minute).UTC().Truncate(time.Millisecond)}
		for i := range int64(requests) {
			u.create(all[0], "U1")
			u.update(all[0], i+1, func(r *recovery.Request) (recovery.Event, error) {
				r.Lease = lease
				return recovery.Event{}, nil
			})
			u.lose(all[0], i+1, gone)
		}
		var wg sync.WaitGroup
		for i := range 3 {
			wg.Go(func() {
				if err := all[i%len(all)].sweep(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := u.jobs(all[0], "advance"); n != requests {
			t.Errorf("%d jobs for %d requests", n, requests)
		}
		for i := range int64(requests) {
			r, err := all[0].Request(context.Background(), i+1)
			if err != nil || r.Version != 2 || r.Lease.Owner != lease.Owner || !r.Lease.Until.Equal(lease.Until) || r.State != recovery.Submitted {
				t.Errorf("R-%d: version %d, lease %v, %s, %v", i+1, r.Version, r.Lease, r.State, err)
			}
		}
	})
}

// TestSweepReadsWhatIsOpen: neither ended requests nor ended jobs are read.
func TestSweepReadsWhatIsOpen(t *testing.T) {
	t.Parallel()
	u := &setup{t: t, url: "sqlite:" + t.TempDir() + "/m.db", clock: &clock{}}
	plan := u.plan(u.open(), jobless)
	for _, index := range []string{"requests_active", "river_job_prioritized_fetching_index (state=? AND queue=?)"} {
		if !strings.Contains(plan, index) {
			t.Errorf("SQLite does not use %s:\n%s", index, plan)
		}
	}
}
