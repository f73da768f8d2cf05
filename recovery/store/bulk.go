package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"mailback/recovery"
)

var _ recovery.BulkList = (*Store)(nil)

const bulkColumns = "request_id, n, account_id, address, name, kind, deadline, fingerprint, approvals, seat, skip, child, result, note"

// SaveBulk replaces the request's list: see recovery.BulkList.
func (s *Store) SaveBulk(ctx context.Context, request int64, rows []recovery.BulkRow) error {
	return s.db.transact(ctx, func(t txn) error {
		if err := t.exec(ctx, "delete the list", `DELETE FROM bulk_rows WHERE request_id = $1`, request); err != nil {
			return err
		}
		return t.putBulk(ctx, request, rows)
	})
}

// UpdateBulk writes rows that are on the list: see recovery.BulkList.
func (s *Store) UpdateBulk(ctx context.Context, request int64, rows ...recovery.BulkRow) error {
	if len(rows) == 0 {
		return nil
	}
	return s.db.transact(ctx, func(t txn) error { return t.putBulk(ctx, request, rows) })
}

// putBulk writes rows, a few at a time: see rowsAtOnce.
func (t txn) putBulk(ctx context.Context, request int64, rows []recovery.BulkRow) error {
	for len(rows) > 0 {
		some := rows[:min(rowsAtOnce, len(rows))]
		rows = rows[len(some):]
		var args []any
		var groups []string
		for _, r := range some {
			values, err := bulkValues(request, r)
			if err != nil {
				return err
			}
			marks := make([]string, len(values))
			for i := range values {
				marks[i] = "$" + strconv.Itoa(len(args)+i+1)
			}
			groups = append(groups, "("+strings.Join(marks, ", ")+")")
			args = append(args, values...)
		}
		query := "INSERT INTO bulk_rows (" + bulkColumns + ") VALUES " + strings.Join(groups, ", ") + ` ON CONFLICT (request_id, n) DO UPDATE SET
			account_id = excluded.account_id, address = excluded.address, name = excluded.name, kind = excluded.kind, deadline = excluded.deadline,
			fingerprint = excluded.fingerprint, approvals = excluded.approvals, seat = excluded.seat, skip = excluded.skip, child = excluded.child,
			result = excluded.result, note = excluded.note`
		if err := t.exec(ctx, "write the list", query, args...); err != nil {
			return err
		}
	}
	return nil
}

func bulkValues(request int64, r recovery.BulkRow) ([]any, error) {
	deadline := int64(0)
	if !r.Deadline.IsZero() {
		deadline = millis(r.Deadline)
	}
	var texts [3]string
	for i, v := range []any{r.Seat, r.Skip, r.Note} {
		b, err := json.Marshal(v)
		if err != nil {
			return nil, fmt.Errorf("write row %d as JSON: %w", r.N, err)
		}
		texts[i] = string(b)
	}
	return []any{
		request, r.N, r.AccountID, r.Address, r.Name, string(r.Case), deadline, r.Fingerprint, r.Approvals, texts[0], texts[1], r.Child,
		string(r.Result), texts[2],
	}, nil
}

// BulkRows gives the whole list: see recovery.BulkList.
func (s *Store) BulkRows(ctx context.Context, request int64) ([]recovery.BulkRow, error) {
	const query = `SELECT b.n, b.account_id, b.address, b.name, b.kind, b.deadline, b.fingerprint, b.approvals, b.seat, b.skip, b.child, b.result,
		b.note, COALESCE(c.state, '') FROM bulk_rows b LEFT JOIN requests c ON c.id = b.child WHERE b.request_id = $1 ORDER BY b.n`
	var list []recovery.BulkRow
	err := s.db.reader().rows(ctx, "read the list", query, []any{request}, func(rows *sql.Rows) error {
		var r recovery.BulkRow
		var deadline int64
		var seat, skip, note []byte
		err := rows.Scan(&r.N, &r.AccountID, &r.Address, &r.Name, &r.Case, &deadline, &r.Fingerprint, &r.Approvals, &seat, &skip, &r.Child, &r.Result,
			&note, &r.State)
		if err != nil {
			return err
		}
		if deadline > 0 {
			r.Deadline = time.UnixMilli(deadline).UTC()
		}
		for _, part := range []struct {
			from []byte
			into any
		}{{seat, &r.Seat}, {skip, &r.Skip}, {note, &r.Note}} {
			if err := json.Unmarshal(part.from, part.into); err != nil {
				return fmt.Errorf("read the JSON of row %d: %w", r.N, err)
			}
		}
		list = append(list, r)
		return nil
	})
	return list, err
}
