package store

import (
	"context"
	"database/sql"
	"sync"
	"sync/atomic"
	"time"

	"mailback/recovery"
)

// Backlog is what there is to do.
type Backlog struct {
	At       time.Time              // when it was read; zero when it never was
	Requests map[recovery.State]int // open ones
	Jobs     map[string]Queue       // by River's queue: advance, bulk, deliver and upkeep
}

// Queue is the jobs of one kind that have not ended.
type Queue struct {
	Running int
	Due     int           // that could begin now
	Later   int           // that wait for their time
	Oldest  time.Duration // how long the oldest of those due has been; 0 where there is none
}

// Queues gives the names of River's queues.
func Queues() []string {
	return []string{advanceArgs{}.Kind(), bulkQueue, deliverArgs{}.Kind(), upkeepArgs{}.Kind()}
}

// gauge keeps what was read last.
type gauge struct {
	reading sync.Mutex
	last    atomic.Pointer[reading]
}

type reading struct {
	Backlog

	err  error
	when time.Time // by the system's clock
}

// How long a reading may take, and how long it is as good as a new one. Whoever asks all the time costs the database no more than that.
const (
	backlogTime  = 500 * time.Millisecond
	backlogFresh = time.Second
)

// Backlog reads what there is to do. The counts are of what is open, by an index, so they take no longer as the history grows. It is
// given as it was read last, with an error of kind Unavailable, where the database does not answer at once, and without one where somebody else
// is reading.
func (s *Store) Backlog(ctx context.Context) (Backlog, error) {
	last := s.gauge.last.Load()
	if last != nil && time.Since(last.when) < backlogFresh || !s.gauge.reading.TryLock() {
		return last.given()
	}
	defer s.gauge.reading.Unlock()
	ctx, cancel := context.WithTimeout(ctx, backlogTime)
	defer cancel()
	next := &reading{when: time.Now()}
	if next.Backlog, next.err = s.backlog(ctx); next.err != nil && last != nil {
		next.Backlog = last.Backlog
	}
	s.gauge.last.Store(next)
	return next.given()
}

func (r *reading) given() (Backlog, error) {
	if r == nil {
		return Backlog{}, nil
	}
	return r.Backlog, r.err
}

// backlog reads within a turn of a job's: the connections that are kept for deeds stay free for them.
func (s *Store) backlog(ctx context.Context) (Backlog, error) {
	leave, err := s.db.enter(ofJob(ctx))
	if err != nil {
		return Backlog{}, s.db.fault("read the backlog", err)
	}
	defer leave()
	now := s.now()
	b := Backlog{At: now, Requests: map[recovery.State]int{}, Jobs: map[string]Queue{}}
	const open = `SELECT state, COUNT(*) FROM requests WHERE open GROUP BY state`
	err = s.db.reader().rows(ctx, "count the open requests", open, nil, func(rows *sql.Rows) error {
		var state string
		var n int
		err := rows.Scan(&state, &n)
		b.Requests[recovery.State(state)] = n
		return err
	})
	if err != nil {
		return Backlog{}, err
	}
	jobs := `SELECT queue, SUM(CASE WHEN state = 'running' THEN 1 ELSE 0 END),
			SUM(CASE WHEN state <> 'running' AND due <= $1 THEN 1 ELSE 0 END), SUM(CASE WHEN state <> 'running' AND due > $1 THEN 1 ELSE 0 END),
			COALESCE($1 - MIN(CASE WHEN state <> 'running' AND due <= $1 THEN due END), 0)
		FROM (SELECT queue, state, ` + s.db.jobDue + ` AS due FROM river_job WHERE ` + jobOpen + `) AS open_jobs GROUP BY queue`
	err = s.db.reader().rows(ctx, "count the jobs", jobs, []any{millis(now)}, func(rows *sql.Rows) error {
		var name string
		var q Queue
		var oldest int64
		err := rows.Scan(&name, &q.Running, &q.Due, &q.Later, &oldest)
		q.Oldest = time.Duration(oldest) * time.Millisecond
		b.Jobs[name] = q
		return err
	})
	if err != nil {
		return Backlog{}, err
	}
	return b, nil
}
