package store

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"testing"
)

// TestKeptStatements: a statement that was kept runs as one that was just parsed, also where the same one still gives rows, after it has
// failed, and when more were seen than are kept.
func TestKeptStatements(t *testing.T) {
	t.Parallel()
	db, _ := grouped(t)
	ctx := t.Context()
	tx, err := db.write.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	for n := range 3 {
		if _, err := tx.ExecContext(ctx, "INSERT INTO notes VALUES ($1)", n); err != nil {
			t.Fatal(err)
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO notes VALUES ($1)", n); err == nil {
			t.Fatal("a number twice")
		}
	}
	const after = "SELECT n FROM notes WHERE n >= $1 ORDER BY n"
	pairs := ""
	list(t, tx, after, 0, func(n int) { list(t, tx, after, n, func(m int) { pairs += fmt.Sprint(n, m, " ") }) })
	if pairs != "0 0 0 1 0 2 1 1 1 2 2 2 " {
		t.Errorf("rows within rows: %s", pairs)
	}
	list(t, tx, after, 0, func(int) {
		for i := range 2 * mostKept {
			var got int
			if err := tx.QueryRowContext(ctx, fmt.Sprintf("SELECT %d + $1", i), 1).Scan(&got); err != nil || got != i+1 {
				t.Fatal(got, err)
			}
		}
	})
	var n int
	if err := tx.QueryRowContext(ctx, after, 3).Scan(&n); !errors.Is(err, sql.ErrNoRows) {
		t.Errorf("after all: %d, %v", n, err)
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO nowhere VALUES ($1)", 1); err == nil {
		t.Error("a table that is not there")
	}
	if _, err := tx.ExecContext(ctx, "ALTER TABLE notes ADD COLUMN more TEXT NOT NULL DEFAULT 'x'"); err != nil {
		t.Fatal(err)
	}
	if err := tx.QueryRowContext(ctx, after, 2).Scan(&n); err != nil || n != 2 {
		t.Errorf("after the table was changed: %d, %v", n, err)
	}
}

// TestLimitsAreWrittenOut: each LIMIT has its own number, and a kept statement is not taken for one with another.
func TestLimitsAreWrittenOut(t *testing.T) {
	t.Parallel()
	db, _ := grouped(t)
	ctx := t.Context()
	for n := range 9 {
		if _, err := db.write.ExecContext(ctx, "INSERT INTO notes VALUES ($1)", n); err != nil {
			t.Fatal(err)
		}
	}
	const query = "SELECT COUNT(*), (SELECT COUNT(*) FROM (SELECT n FROM notes WHERE n >= $1 LIMIT $3)) FROM (SELECT n FROM notes WHERE n >= $1 LIMIT $2)"
	for _, c := range [][2]int{{2, 5}, {5, 2}, {1, 1}, {2, 5}, {0, 9}} {
		var first, second int
		if err := db.write.QueryRowContext(ctx, query, 0, c[0], c[1]).Scan(&first, &second); err != nil || first != c[0] || second != c[1] {
			t.Errorf("limits %v gave %d and %d, %v", c, first, second, err)
		}
	}
	conn := &keepingConn{limits: map[string]bool{}}
	for query, want := range map[string]string{
		"A LIMIT ?2 B LIMIT $1": "A LIMIT 20 B LIMIT 10", "A LIMIT ?3": "A LIMIT ?3", "A LIMIT $9": "A LIMIT $9", "A LIMIT 4": "A LIMIT 4",
	} {
		args := []driver.NamedValue{{Ordinal: 1, Value: int64(10)}, {Ordinal: 2, Value: int64(20)}, {Ordinal: 3, Value: "text"}}
		if got := conn.limited(query, args); got != want {
			t.Errorf("%s became %s, want %s", query, got, want)
		}
	}
}

// list calls do for each number of a query.
func list(t *testing.T, tx *sql.Tx, query string, from int, do func(int)) {
	t.Helper()
	rows, err := tx.QueryContext(t.Context(), query, from)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var n int
		if err := rows.Scan(&n); err != nil {
			t.Fatal(err)
		}
		do(n)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}
