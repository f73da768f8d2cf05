package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"mailback/recovery"
)

var _ recovery.Faults = (*Store)(nil)

// How long a fault must not have been met to be told again when it is, and how long a meeting is not noted anew: a hundred requests may
// meet it in one second.
const (
	faultQuiet = 48 * time.Hour
	faultNoted = time.Minute
)

// Met has a fault told: see recovery.Faults.
func (s *Store) Met(ctx context.Context, n recovery.Note) error {
	return s.db.transact(ctx, func(t txn) error {
		jobs, err := s.met(ctx, t, n, s.now())
		if err != nil {
			return err
		}
		return s.enqueue(ctx, t, jobs)
	})
}

// met notes that a fault was met, and gives the job that tells the approvers of it: none where they were told, or where the note is of none.
func (s *Store) met(ctx context.Context, t txn, n recovery.Note, at time.Time) ([]job, error) {
	if s.cfg.RenderFault == nil || !n.Lasting() {
		return nil, nil
	}
	args, err := json.Marshal(n.Args)
	if err != nil {
		return nil, fmt.Errorf("write the arguments of a fault as JSON: %w", err)
	}
	const meet = `INSERT INTO faults AS f (code, args, met_at) VALUES ($1, $2, $3)
		ON CONFLICT (code, args) DO UPDATE SET met_at = excluded.met_at WHERE f.met_at < $4 RETURNING code`
	var known string
	err = t.row(ctx, "note a fault", meet, []any{n.Code, string(args), millis(at), millis(at.Add(-faultQuiet))}, &known)
	switch {
	case err == nil:
		return s.tellFault(ctx, t, recovery.Fault{Note: n, At: at})
	case !errors.Is(err, sql.ErrNoRows):
		return nil, err
	}
	const again = `UPDATE faults SET met_at = $3 WHERE code = $1 AND args = $2 AND met_at < $4`
	return nil, t.exec(ctx, "note a fault again", again, n.Code, string(args), millis(at), millis(at.Add(-faultNoted)))
}

// SignedIn has it told that a sign-in works again: see recovery.Faults.
func (s *Store) SignedIn(ctx context.Context, to recovery.Peer) error {
	return s.db.transact(ctx, func(t txn) error {
		told, err := t.signInFaults(ctx, to)
		if err != nil || len(told) == 0 {
			return err
		}
		for _, args := range told {
			const over = `DELETE FROM faults WHERE code = $1 AND args = $2`
			if err := t.exec(ctx, "forget a fault", over, recovery.NoteSignInFailed, args); err != nil {
				return err
			}
		}
		note := recovery.Note{Code: recovery.NoteSignInFailed, Args: []string{string(to)}}
		jobs, err := s.tellFault(ctx, t, recovery.Fault{Note: note, At: s.now(), Over: true})
		if err != nil {
			return err
		}
		return s.enqueue(ctx, t, jobs)
	})
}

// signInFaults gives the arguments of the faults that were told of the sign-in to a service.
func (t txn) signInFaults(ctx context.Context, to recovery.Peer) (told []string, err error) {
	const query = `SELECT args FROM faults WHERE code = $1`
	err = t.rows(ctx, "read what was told of the sign-in", query, []any{recovery.NoteSignInFailed}, func(rows *sql.Rows) error {
		var raw string
		var args []string
		if err := rows.Scan(&raw); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(raw), &args); err != nil {
			return fmt.Errorf("read the arguments of a fault: %w", err)
		}
		if len(args) > 0 && args[0] == string(to) {
			told = append(told, raw)
		}
		return nil
	})
	return told, err
}

// tellFault writes what is told of a fault.
func (s *Store) tellFault(ctx context.Context, t txn, f recovery.Fault) ([]job, error) {
	if s.cfg.RenderFault == nil {
		return nil, nil
	}
	m, err := s.cfg.RenderFault(f)
	if err != nil {
		return nil, fmt.Errorf("word a fault: %w", err)
	}
	return t.post(ctx, m)
}

// post writes a message of no request, and gives the job that brings it to Slack.
func (t txn) post(ctx context.Context, m recovery.Message) ([]job, error) {
	const query = `INSERT INTO messages (key, channel, body, version) VALUES ($1, $2, $3, 1) RETURNING id`
	var id int64
	if err := t.row(ctx, "insert a message", query, []any{m.Key, m.Channel, string(m.Body)}, &id); err != nil {
		return nil, err
	}
	return []job{deliverJob(0, id, 1)}, nil
}
