package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"

	"mailback/recovery"
)

// upkeepArgs is the daily job: it looks for requests that lost their job and for faults of the installation, seals the audit trail, and takes
// personal fields out of requests that ended long ago.
type upkeepArgs struct {
	Day string `json:"day"` // in UTC, as 2026-11-28
}

// Kind names the job.
func (upkeepArgs) Kind() string { return "upkeep" }

// InsertOpts gives the kind its own queue.
func (a upkeepArgs) InsertOpts() river.InsertOpts { return insertOpts(a.Kind()) }

// nextUpkeep is the job of the day after now.
func nextUpkeep(now time.Time) job {
	at := now.UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)
	return job{Args: upkeepArgs{at.Format(time.DateOnly)}, InsertOpts: &river.InsertOpts{ScheduledAt: at}}
}

// schedule makes sure that the next daily job is there.
func (s *Store) schedule(ctx context.Context) error {
	return s.db.transact(ctx, func(t txn) error { return s.enqueue(ctx, t, []job{nextUpkeep(s.now())}) })
}

// upkeep is the daily job. The next day's is inserted first, so that a day that fails does not end the row.
func (s *Store) upkeep(ctx context.Context, log *slog.Logger) (time.Duration, error) {
	if err := s.schedule(ctx); err != nil {
		return 0, err
	}
	if err := s.sweep(ctx); err != nil {
		return 0, err
	}
	if err := s.examine(ctx); err != nil {
		return 0, err
	}
	if err := s.seal(ctx); err != nil {
		return 0, err
	}
	if s.cfg.Retention <= 0 {
		return 0, nil
	}
	more, err := s.expire(ctx, log)
	if more {
		return 100 * time.Millisecond, err
	}
	return 0, err
}

// examine has what the daily look finds told to the approvers.
func (s *Store) examine(ctx context.Context) error {
	if s.workers.Examine == nil {
		return nil
	}
	for _, n := range s.workers.Examine(ctx) {
		if err := s.Met(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

// seal chains the newest hashes of all requests that have new events, and posts what comes of it. Without new events there is no seal.
func (s *Store) seal(ctx context.Context) error {
	return s.db.transact(ctx, func(t txn) error {
		made, err := t.seal(ctx, s.now().UTC())
		if err != nil || made.N == 0 || s.cfg.RenderSeal == nil {
			return err
		}
		m, err := s.cfg.RenderSeal(made)
		if err != nil {
			return fmt.Errorf("word the seal: %w", err)
		}
		jobs, err := t.post(ctx, m)
		if err != nil {
			return err
		}
		return s.enqueue(ctx, t, jobs)
	})
}

func (t txn) seal(ctx context.Context, now time.Time) (recovery.Seal, error) {
	var n int64
	var prev string
	const last = `SELECT n, hash FROM seals ORDER BY n DESC LIMIT 1`
	if err := t.row(ctx, "read the last seal", last, nil, &n, &prev); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return recovery.Seal{}, err
	}
	made := recovery.Seal{N: n + 1, At: now.Truncate(time.Millisecond)}
	const place = `INSERT INTO seals (n, at, requests, body, prev_hash, hash) VALUES ($1, $2, $3, $4, $5, $6)`
	const heads = `INSERT INTO seal_heads (seal, request_id, seq, hash)
		SELECT $1, id, head_seq, head_hash FROM requests WHERE head_seq > sealed_seq`
	if err := t.exec(ctx, "gather the heads", heads, made.N); err != nil {
		return recovery.Seal{}, err
	}
	sum, count, err := t.sum(ctx, made.N)
	if err != nil || count == 0 {
		return recovery.Seal{}, err
	}
	made.Requests = count
	body, err := canonical(sealBody{At: made.At, Heads: sum, N: made.N, Requests: count})
	if err != nil {
		return recovery.Seal{}, fmt.Errorf("write a seal as JSON: %w", err)
	}
	made.Hash = chain(prev, body)
	if err := t.exec(ctx, "write a seal", place, made.N, millis(made.At), count, string(body), prev, made.Hash); err != nil {
		return recovery.Seal{}, err
	}
	const sealed = `UPDATE requests SET sealed_seq = (SELECT seq FROM seal_heads WHERE seal = $1 AND request_id = requests.id)
		WHERE id IN (SELECT request_id FROM seal_heads WHERE seal = $1)`
	return made, t.exec(ctx, "mark what is sealed", sealed, made.N)
}
