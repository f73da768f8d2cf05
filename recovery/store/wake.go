package store

import (
	"context"
	"database/sql"

	"mailback/recovery"
)

// wake makes up for a process that was killed, where no other process can be at work: it takes back all leases and gives
// every active request and every message that is not shown a new version with a new job. River would keep the jobs that
// were running for RescueAfter and more, and as they are unique, with their old versions they would swallow their like.
func (s *Store) wake(ctx context.Context) error {
	return s.db.transact(ctx, func(t txn) error {
		jobs, err := s.wakeRequests(ctx, t, "WHERE active")
		if err != nil {
			return err
		}
		messages, err := s.wakeMessages(ctx, t, "")
		if err != nil {
			return err
		}
		// The dead process may be River's leader for some seconds more, and nobody would wake what waits.
		if err := t.exec(ctx, "take the lead", `DELETE FROM river_leader`); err != nil {
			return err
		}
		return s.enqueue(ctx, t, append(jobs, messages...))
	})
}

// wakeMessages gives the messages that are not shown new versions, those that and selects.
func (s *Store) wakeMessages(ctx context.Context, t txn, and string, args ...any) (jobs []job, err error) {
	query := `UPDATE messages SET version = version + 1, lease_until = 0 WHERE shown_version < version` + and +
		` RETURNING COALESCE(request_id, 0), id, version`
	err = t.rows(ctx, "wake the messages", query, args, func(rows *sql.Rows) error {
		var request, id, version int64
		err := rows.Scan(&request, &id, &version)
		jobs = append(jobs, deliverJob(request, id, version))
		return err
	})
	return jobs, err
}

// wakeRequests gives the requests that clause selects new versions, and takes their leases back.
func (s *Store) wakeRequests(ctx context.Context, t txn, clause string, args ...any) ([]job, error) {
	rs, err := t.requests(ctx, clause, args...)
	if err != nil {
		return nil, err
	}
	var jobs []job
	for _, r := range rs {
		r.Lease = recovery.Lease{}
		own, err := s.renew(ctx, t, r)
		if err != nil {
			return nil, err
		}
		jobs = append(jobs, own)
	}
	return jobs, nil
}

// renew gives a request a new version, and that version's job. It is not an event: nothing about the request changed. A job of the version
// that it had might be swallowed by one like it that has ended.
func (s *Store) renew(ctx context.Context, t txn, r recovery.Request) (job, error) {
	r.Version++
	return advanceJob(r, s.now()), t.write(ctx, r, millis(s.now()), tip{})
}
