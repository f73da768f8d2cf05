package store

import (
	"context"
	"database/sql"
	"fmt"

	"mailback/recovery"
)

// redraw has the cards of all open requests worded anew, once after the schema has changed: a card that an older version worded goes on
// showing its buttons, and may lack what this version wants to know of a click. It is done again by the next start if it is broken off.
func (s *Store) redraw(ctx context.Context) error {
	files, err := s.db.migrations()
	if err != nil {
		return err
	}
	drawn := 0
	if err := s.db.reader().row(ctx, "read by which schema cards were drawn", `SELECT MAX(schema_version) FROM drawn`, nil, &drawn); err != nil {
		return err
	}
	if drawn >= len(files) {
		return nil
	}
	open, err := s.openRequests(ctx)
	if err != nil {
		return err
	}
	for _, id := range open {
		if err := s.redrawOne(ctx, id); err != nil {
			return fmt.Errorf("draw the cards of R-%d anew: %w", id, err)
		}
	}
	return s.db.transact(ctx, func(t txn) error {
		return t.exec(ctx, "note that cards were drawn", `UPDATE drawn SET schema_version = $1`, len(files))
	})
}

func (s *Store) openRequests(ctx context.Context) (ids []int64, err error) {
	err = s.db.reader().rows(ctx, "list open requests", `SELECT id FROM requests WHERE open ORDER BY id`, nil, func(rows *sql.Rows) error {
		var id int64
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	})
	return ids, err
}

func (s *Store) redrawOne(ctx context.Context, id int64) error {
	return s.db.transact(ctx, func(t txn) error {
		r, err := t.request(ctx, "WHERE id = $1"+t.d.lockRow, id)
		if err != nil || !r.State.Open() {
			return err
		}
		jobs, err := s.writeMessages(ctx, t, r, recovery.Event{Request: id, At: s.now()}) // of no kind: it words the cards and nothing else
		if err != nil {
			return err
		}
		return s.enqueue(ctx, t, jobs)
	})
}
