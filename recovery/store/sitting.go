package store

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"mailback/recovery"
)

// sitting is what one job does for its request: turn after turn, as long as the next can be taken at once. Each turn is committed as if a
// job of its own had done it, but its next job is not inserted: in the same commit, the job that runs becomes the one of the new version.
// So it is always the newest version's job that is lost with a process, or put off.
type sitting struct {
	request int64
	job     int64        // River's id of it
	version atomic.Int64 // the newest that this sitting has made
}

// sittingTime is how long a sitting may last before others have their turn. The last of its turns may end later.
const sittingTime = 5 * time.Second

type sittingKey struct{}

// sittingOf is the sitting that ctx belongs to, if it is one of this request.
func sittingOf(ctx context.Context, request int64) *sitting {
	if sit, ok := ctx.Value(sittingKey{}).(*sitting); ok && sit.request == request {
		return sit
	}
	return nil
}

// follow makes the job that runs the one of a request's new version, within the transaction that makes the version.
func (sit *sitting) follow(ctx context.Context, t txn, next job) error {
	args, err := json.Marshal(next.Args)
	if err != nil {
		return fmt.Errorf("write a job's arguments as JSON: %w", err)
	}
	const query = `UPDATE river_job SET args = $1, priority = $2 WHERE id = $3`
	return t.exec(ctx, "pass on the job", query, string(args), next.InsertOpts.Priority, sit.job)
}

// sat tells the sitting that ctx belongs to which version of its request is committed. One that did not know would take the request to be
// in other hands, and end its job.
func sat(ctx context.Context, r recovery.Request) {
	if sit := sittingOf(ctx, r.ID); sit != nil && active(r) {
		sit.version.Store(r.Version)
	}
}

// advance is the job of one version of a request, and of those that it makes itself. A wait is counted from since.
func (s *Store) advance(ctx context.Context, log *slog.Logger, sit *sitting, since *time.Time) (time.Duration, error) {
	ctx = context.WithValue(ctx, sittingKey{}, sit)
	for began := time.Now(); ; *since = s.now() {
		version := sit.version.Load()
		wait, err := s.turn(ctx, sit.request, version)
		switch made := sit.version.Load() > version; {
		case wait > 0 || err != nil:
			return wait, err
		case !made:
			const still = `SELECT EXISTS (SELECT 1 FROM requests WHERE id = $1 AND version = $2 AND active)`
			return s.leftBehind(ctx, log, still, sit.request, version)
		case time.Since(began) > s.sittingTime() || s.Stopping():
			return time.Millisecond, nil
		}
	}
}

// turn is one of a sitting. It has the time of a job.
func (s *Store) turn(ctx context.Context, request, version int64) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.JobTimeout)
	defer cancel()
	defer s.db.yield(ctx)()
	return s.workers.Advance(ctx, request, version)
}

// sittingTime is how long a sitting may go on.
func (s *Store) sittingTime() time.Duration { return min(sittingTime, s.cfg.JobTimeout) }

// next brings the jobs that a change makes to their readers, and with a new version the request's own, if there is one to come.
func (s *Store) next(ctx context.Context, t txn, jobs []job, version int64, r recovery.Request) error {
	if r.Version != version && active(r) {
		own := advanceJob(r, s.now())
		if sit := sittingOf(ctx, r.ID); sit == nil {
			jobs = append(jobs, own)
		} else if err := sit.follow(ctx, t, own); err != nil {
			return err
		}
	}
	return s.enqueue(ctx, t, jobs)
}
