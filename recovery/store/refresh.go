package store

import (
	"context"
	"database/sql"
	"errors"

	"mailback/recovery"
)

// skipped is how many numbers are left out after a restore from a backup, for the requests that were made after it and are lost.
const skipped = 1000

// Refresh readies a database that was restored from a backup, before a Mailback works with it again. Slack may show what this database does
// not know of: the cards of all open requests are shown anew. And numbers may have been given that it does not know of: new requests begin
// a thousand further on. It gives how many cards that are, and the number from which on new requests are counted.
func (s *Store) Refresh(ctx context.Context) (cards int, next int64, err error) {
	err = s.db.transact(ctx, func(t txn) error {
		if err := t.row(ctx, "skip numbers", s.db.skipIDs, []any{skipped}, &next); err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		const unseen = `UPDATE messages SET shown_version = version - 1 WHERE key IN ($1, $2) AND ephemeral = '' AND ts <> ''
			AND request_id IN (SELECT id FROM requests WHERE open)`
		if err := t.exec(ctx, "show cards anew", unseen, recovery.CardApproval, recovery.CardRequester); err != nil {
			return err
		}
		jobs, err := s.wakeMessages(ctx, t, "")
		if err != nil {
			return err
		}
		cards = len(jobs)
		return s.enqueue(ctx, t, jobs)
	})
	return cards, next, err
}
