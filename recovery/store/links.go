package store

import (
	"context"
	"database/sql"
	"time"

	"mailback/recovery"
)

var _ recovery.Links = (*Store)(nil)

// KeepLink records the first link of a person: see recovery.Links.
func (s *Store) KeepLink(ctx context.Context, l recovery.Link) error {
	const query = `INSERT INTO links (team_id, user_id, seq, object_id, linked_at, by_team_id, by_user_id, why, request_id)
		VALUES ($1, $2, 1, $3, $4, $5, $6, $7, $8) ON CONFLICT (team_id, user_id, seq) DO NOTHING`
	request := sql.NullInt64{Int64: l.Request, Valid: l.Request != 0}
	return s.db.transact(ctx, func(t txn) error {
		return t.exec(ctx, "keep a link", query, l.TeamID, l.UserID, l.ObjectID, millis(l.LinkedAt), l.By.TeamID, l.By.UserID,
			string(l.Why), request)
	})
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
