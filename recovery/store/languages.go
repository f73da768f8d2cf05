package store

import (
	"context"
	"database/sql"
	"errors"

	"mailback/recovery"
)

var _ recovery.Languages = (*Store)(nil)

// Language gives somebody's language: see recovery.Languages.
func (s *Store) Language(ctx context.Context, who recovery.Actor) (code string, err error) {
	const query = `SELECT language FROM languages WHERE team_id = $1 AND user_id = $2`
	err = s.db.reader().row(ctx, "read a language", query, []any{who.TeamID, who.UserID}, &code)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return code, err
}

// KeepLanguage keeps somebody's language: see recovery.Languages.
func (s *Store) KeepLanguage(ctx context.Context, who recovery.Actor, language string, chosen bool) error {
	const query = `INSERT INTO languages (team_id, user_id, language, chosen) VALUES ($1, $2, $3, $4)
		ON CONFLICT (team_id, user_id) DO UPDATE SET language = excluded.language, chosen = excluded.chosen
		WHERE excluded.chosen OR NOT languages.chosen`
	return s.db.transact(ctx, func(t txn) error {
		return t.exec(ctx, "keep a language", query, who.TeamID, who.UserID, language, chosen)
	})
}
