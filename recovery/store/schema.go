package store

import (
	"fmt"
	"path"
	"strconv"
	"strings"
)

// Schema gives the version of the tables that a database has once this Mailback has opened it: the number of the newest migration.
func Schema() (int, error) {
	files, err := sqliteDialect().migrations()
	if err != nil {
		return 0, err
	}
	return migrationNumber(files[len(files)-1])
}

// migrationNumber is the number that a migration's file begins with.
func migrationNumber(file string) (int, error) {
	number, _, _ := strings.Cut(path.Base(file), "_")
	n, err := strconv.Atoi(number)
	if err != nil {
		return 0, fmt.Errorf("migration %s has no number: %w", file, err)
	}
	return n, nil
}
