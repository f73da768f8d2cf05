package store

import (
	"context"
	"database/sql"
	"strconv"
	"strings"
	"time"

	"mailback/recovery"
)

var _ recovery.ItemList = (*Store)(nil)

// rowsAtOnce is how many rows one statement inserts. SQLite finds each $1 by its name: with 500 rows a list of 10,000 takes seconds,
// in which nobody else can write; with 20 a fifth of one.
const rowsAtOnce = 20

// SaveItems replaces the request's list: see recovery.ItemList.
func (s *Store) SaveItems(ctx context.Context, request int64, rows []recovery.ItemRow) error {
	return s.db.transact(ctx, func(t txn) error {
		if err := t.exec(ctx, "delete the list of items", `DELETE FROM items WHERE request_id = $1`, request); err != nil {
			return err
		}
		for from := 0; from < len(rows); from += rowsAtOnce {
			if err := t.insertItems(ctx, request, rows[from:min(from+rowsAtOnce, len(rows))]); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t txn) insertItems(ctx context.Context, request int64, rows []recovery.ItemRow) error {
	var query strings.Builder
	query.WriteString(`INSERT INTO items (request_id, n, entry_id, class, folder, source, modified_at, chosen) VALUES `)
	args := make([]any, 0, 8*len(rows))
	for i, r := range rows {
		if i > 0 {
			query.WriteString(", ")
		}
		values := []any{request, r.N, r.EntryID, r.Class, r.Folder, r.Source, millis(r.ModifiedAt), r.Chosen}
		query.WriteByte('(')
		for j := range values {
			if j > 0 {
				query.WriteString(", ")
			}
			query.WriteString("$" + strconv.Itoa(len(args)+j+1))
		}
		query.WriteByte(')')
		args = append(args, values...)
	}
	return t.exec(ctx, "write the list of items", query.String(), args...)
}

// ItemRows gives the whole list: see recovery.ItemList.
func (s *Store) ItemRows(ctx context.Context, request int64) ([]recovery.ItemRow, error) {
	return s.db.reader().items(ctx, `WHERE request_id = $1 ORDER BY n`, request)
}

// NextItems gives the chosen rows without a result that are next: see recovery.ItemList.
func (s *Store) NextItems(ctx context.Context, request int64, limit int) ([]recovery.ItemRow, error) {
	return s.db.reader().items(ctx, `WHERE request_id = $1 AND chosen AND result = '' ORDER BY tries, n LIMIT $2`, request, limit)
}

// items reads the rows that clause selects.
func (c conn) items(ctx context.Context, clause string, args ...any) ([]recovery.ItemRow, error) {
	const query = `SELECT n, entry_id, class, folder, source, modified_at, chosen, began_at, tries, sent, result, restored_to FROM items `
	var list []recovery.ItemRow
	err := c.rows(ctx, "read the list of items", query+clause, args, func(rows *sql.Rows) error {
		var r recovery.ItemRow
		var modified, began int64
		err := rows.Scan(&r.N, &r.EntryID, &r.Class, &r.Folder, &r.Source, &modified, &r.Chosen, &began, &r.Tries, &r.Sent, &r.Result, &r.RestoredTo)
		r.ModifiedAt = time.UnixMilli(modified).UTC()
		if began > 0 {
			r.Began = time.UnixMilli(began).UTC()
		}
		list = append(list, r)
		return err
	})
	return list, err
}

// ChooseItems marks these numbers as chosen, and no others: see recovery.ItemList.
func (s *Store) ChooseItems(ctx context.Context, request int64, numbers []int) error {
	return s.db.transact(ctx, func(t txn) error {
		if err := t.exec(ctx, "choose items", `UPDATE items SET chosen = FALSE WHERE request_id = $1 AND chosen`, request); err != nil {
			return err
		}
		for _, span := range spans(numbers) {
			const query = `UPDATE items SET chosen = TRUE WHERE request_id = $1 AND n BETWEEN $2 AND $3`
			if err := t.exec(ctx, "choose items", query, request, span[0], span[1]); err != nil {
				return err
			}
		}
		return nil
	})
}

// spans puts neighbours together: 1, 2, 3, 7 are 1 to 3 and 7 to 7.
func spans(numbers []int) [][2]int {
	var list [][2]int
	for _, n := range numbers {
		if last := len(list) - 1; last >= 0 && list[last][1] == n-1 {
			list[last][1] = n
			continue
		}
		list = append(list, [2]int{n, n})
	}
	return list
}

// UpdateItems writes how far some items are: see recovery.ItemList.
func (s *Store) UpdateItems(ctx context.Context, request int64, rows ...recovery.ItemRow) error {
	const query = `UPDATE items SET began_at = $1, tries = $2, sent = $3, result = $4, restored_to = $5 WHERE request_id = $6 AND n = $7`
	return s.db.transact(ctx, func(t txn) error {
		for _, r := range rows {
			began := int64(0)
			if !r.Began.IsZero() {
				began = millis(r.Began)
			}
			if err := t.exec(ctx, "update an item", query, began, r.Tries, r.Sent, string(r.Result), r.RestoredTo, request, r.N); err != nil {
				return err
			}
		}
		return nil
	})
}

// ReopenItems takes back results and tries: see recovery.ItemList.
func (s *Store) ReopenItems(ctx context.Context, request int64) error {
	const query = `UPDATE items SET result = '', began_at = 0, tries = 0, restored_to = '' WHERE request_id = $1 AND result NOT IN ($2, $3)`
	return s.db.transact(ctx, func(t txn) error {
		return t.exec(ctx, "reopen items", query, request, string(recovery.ItemRestored), string(recovery.ItemGone))
	})
}

// CountItems counts the chosen rows: see recovery.ItemList.
func (s *Store) CountItems(ctx context.Context, request int64) (recovery.ItemCounts, error) {
	const query = `SELECT result, COUNT(*) FROM items WHERE request_id = $1 AND chosen GROUP BY result`
	var c recovery.ItemCounts
	err := s.db.reader().rows(ctx, "count the items", query, []any{request}, func(rows *sql.Rows) error {
		var result recovery.ItemState
		var n int
		err := rows.Scan(&result, &n)
		c.Add(result, n)
		return err
	})
	return c, err
}
