package store

import (
	"testing"
)

// TestSchema: the version that is told is the one that a database gets, on both.
func TestSchema(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		want, err := Schema()
		if err != nil {
			t.Fatal(err)
		}
		s := u.open()
		var have int
		if err := s.db.writer().row(t.Context(), "read the schema's version", `SELECT MAX(version) FROM mailback_migrations`, nil, &have); err != nil {
			t.Fatal(err)
		}
		if have != want || want < 1 {
			t.Errorf("a new database has schema %d, and Schema says %d", have, want)
		}
		files, err := s.db.migrations()
		if err != nil {
			t.Fatal(err)
		}
		for i, file := range files {
			if n, err := migrationNumber(file); err != nil || n != i+1 {
				t.Errorf("%s is the migration %d: %d, %v", file, i+1, n, err)
			}
		}
	})
}

func TestMigrationsHaveNumbers(t *testing.T) {
	t.Parallel()
	if n, err := migrationNumber("migrations/sqlite/first.sql"); err == nil {
		t.Errorf("first.sql has the number %d", n)
	}
}
