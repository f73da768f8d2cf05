package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// jobOpen selects River's jobs that have not ended.
const jobOpen = `state IN ('available', 'pending', 'retryable', 'running', 'scheduled')`

// jobless finds the active requests whose newest version has no job. Both sides have an index by which only what is open is read, however
// much has ended; River's is of states and queues.
const jobless = `SELECT id, version FROM requests WHERE active
	EXCEPT SELECT CAST(args->>'request_id' AS BIGINT), CAST(args->>'version' AS BIGINT) FROM river_job
	WHERE queue IN ('advance', '` + bulkQueue + `') AND ` + jobOpen

// sweep gives every active request that has lost its job a new one. That happens by no way that is known, but such a request would stay as
// it is for ever, without a reminder or an end, and nobody would hear of it. It may be done by several processes at once.
func (s *Store) sweep(ctx context.Context) error {
	var lost []int64
	err := s.db.reader().rows(ctx, "look for requests without a job", jobless, nil, func(rows *sql.Rows) error {
		var id, version int64
		err := rows.Scan(&id, &version)
		lost = append(lost, id)
		return err
	})
	if err != nil {
		return err
	}
	for _, id := range lost {
		mended, err := s.mend(ctx, id)
		if err != nil {
			return fmt.Errorf("give R-%d a job again: %w", id, err)
		}
		if mended {
			s.log.WarnContext(ctx, "an open request had no job: it has one again", logRequest(id))
		}
	}
	return nil
}

// mend gives a request a job if it still has none. The row is locked first: whoever else gives it one is seen by the look that follows. The
// lease stays, in case somebody is at work on it after all.
func (s *Store) mend(ctx context.Context, id int64) (mended bool, err error) {
	err = s.db.transact(ctx, func(t txn) error {
		mended = false
		r, err := t.request(ctx, "WHERE id = $1"+t.d.lockRow, id)
		if err != nil {
			return err
		}
		const still = `SELECT id FROM (` + jobless + `) AS lost WHERE id = $1`
		err = t.row(ctx, "look whether a request has a job", still, []any{id}, &id)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		own, err := s.renew(ctx, t, r)
		if err != nil {
			return err
		}
		mended = true
		return s.enqueue(ctx, t, []job{own})
	})
	return mended, err
}
