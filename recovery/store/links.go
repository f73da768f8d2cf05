package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"mailback/recovery"
)

var _ recovery.Links = (*Store)(nil)

// KeepLink records the first link of a person, and with it an event of the request that needed it: see recovery.Links.
func (s *Store) KeepLink(ctx context.Context, l recovery.Link) error {
	const query = `INSERT INTO links (team_id, user_id, seq, object_id, linked_at, by_team_id, by_user_id, why, request_id)
		VALUES ($1, $2, 1, $3, $4, $5, $6, $7, $8) ON CONFLICT (team_id, user_id, seq) DO NOTHING RETURNING seq`
	request := sql.NullInt64{Int64: l.Request, Valid: l.Request != 0}
	var r recovery.Request
	var events []recovery.Event
	err := s.db.transact(ctx, func(t txn) error {
		r, events = recovery.Request{}, nil // of an attempt that was taken back
		var seq int64
		err := t.row(ctx, "keep a link", query, []any{
			l.TeamID, l.UserID, l.ObjectID, millis(l.LinkedAt), l.By.TeamID, l.By.UserID, string(l.Why), request,
		}, &seq)
		if errors.Is(err, sql.ErrNoRows) { // that person has one
			return nil
		}
		if err != nil || !request.Valid {
			return err
		}
		r, _, events, err = s.change(ctx, t, l.Request, func(r *recovery.Request) (recovery.Event, error) {
			r.NewLinks = append(slices.Clone(r.NewLinks), recovery.NewLink{Actor: l.Actor, ObjectID: l.ObjectID})
			note := recovery.Note{Code: recovery.NoteLinked, Args: []string{l.ObjectID}}
			return recovery.Event{At: l.LinkedAt, Kind: recovery.EventLinked, By: l.Actor, Note: &note}, nil
		})
		return err
	})
	if err == nil && r.ID != 0 {
		sat(ctx, r)
		s.tell(ctx, events)
	}
	return err
}

// FollowLink has one link follow another, and writes what the approvers are told of it: see recovery.Links.
func (s *Store) FollowLink(ctx context.Context, l recovery.Relinked) error {
	if s.cfg.RenderLink == nil {
		return errors.New("nobody could be told of the new link, so it was not made")
	}
	m, err := s.cfg.RenderLink(l)
	if err != nil {
		return fmt.Errorf("word a link: %w", err)
	}
	const query = `INSERT INTO links (team_id, user_id, seq, object_id, linked_at, by_team_id, by_user_id, why)
		SELECT team_id, user_id, seq + 1, $4, $5, '', '', $6 FROM links l WHERE team_id = $1 AND user_id = $2 AND object_id = $3
		AND seq = (SELECT MAX(seq) FROM links WHERE team_id = l.team_id AND user_id = l.user_id) ON CONFLICT (team_id, user_id, seq) DO NOTHING RETURNING seq`
	return s.db.transact(ctx, func(t txn) error {
		var seq int64
		err := t.row(ctx, "follow a link", query, []any{l.TeamID, l.UserID, l.Was, l.Is, millis(l.At), string(recovery.LinkAnew)}, &seq)
		if errors.Is(err, sql.ErrNoRows) {
			return errors.New("the link was changed meanwhile: look again")
		}
		if err != nil {
			return err
		}
		jobs, err := t.post(ctx, m)
		if err != nil {
			return err
		}
		return s.enqueue(ctx, t, jobs)
	})
}

// account gives the object id of the Entra account that somebody is linked to; empty where none is known.
func (t txn) account(ctx context.Context, who recovery.Actor) (id string, err error) {
	if who.UserID == "" {
		return "", nil
	}
	const query = `SELECT object_id FROM links WHERE team_id = $1 AND user_id = $2 ORDER BY seq DESC LIMIT 1`
	if err = t.row(ctx, "read a link", query, []any{who.TeamID, who.UserID}, &id); errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return id, err
}

// Links gives all links to the account that somebody is linked to: see recovery.Links.
func (s *Store) Links(ctx context.Context, who recovery.Actor) ([]recovery.Link, error) {
	const query = `SELECT team_id, user_id, object_id, linked_at, by_team_id, by_user_id, why, COALESCE(request_id, 0) FROM links l
		WHERE object_id = (SELECT object_id FROM links WHERE team_id = $1 AND user_id = $2 ORDER BY seq DESC LIMIT 1)
		AND seq = (SELECT MAX(seq) FROM links WHERE team_id = l.team_id AND user_id = l.user_id)
		ORDER BY linked_at, team_id, user_id`
	var list []recovery.Link
	err := s.db.reader().rows(ctx, "read links", query, []any{who.TeamID, who.UserID}, func(rows *sql.Rows) error {
		var l recovery.Link
		var at int64
		err := rows.Scan(&l.TeamID, &l.UserID, &l.ObjectID, &at, &l.By.TeamID, &l.By.UserID, &l.Why, &l.Request)
		l.LinkedAt = time.UnixMilli(at).UTC()
		list = append(list, l)
		return err
	})
	return list, err
}
