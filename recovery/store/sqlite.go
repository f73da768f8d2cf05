package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
)

// openSQLite opens a file, which it creates for this user alone. A lock on FILE.lock, which ends with the process, keeps
// a second process out.
func openSQLite(ctx context.Context, file string) (*database, error) {
	if file == "" || file == ":memory:" {
		return nil, errors.New("the database URL names no file: it has to be sqlite:FILE, for example sqlite:mailback.db")
	}
	unlock, err := lockFile(file + ".lock")
	if err != nil {
		return nil, sqliteTrouble(file, err)
	}
	write, read, err := openPools(ctx, file)
	if err != nil {
		return nil, errors.Join(sqliteTrouble(file, err), unlock())
	}
	db := newSQLite(write, read, unlock)
	db.warning = exposed(file)
	db.exclude = func(_ context.Context, do func() error) error { return do() } // the lock on the file does it
	return db, nil
}

// exposed says in a sentence which files of a database others than its owner may read; empty where there are none. It may be on purpose,
// as for a backup.
func exposed(file string) string {
	var names []string
	for _, end := range []string{"", "-wal", "-shm", ".lock"} {
		if info, err := os.Stat(file + end); err == nil && readByOthers(info) {
			names = append(names, file+end)
		}
	}
	if names == nil {
		return ""
	}
	return fmt.Sprintf("other users of this machine can read the database: chmod 600 %s", strings.Join(names, " "))
}

// openSQLiteBeside opens a file that another process may have: SQLite lets several read, and write in turn.
func openSQLiteBeside(ctx context.Context, file string) (*database, error) {
	if _, err := os.Stat(file); err != nil {
		return nil, fmt.Errorf("the database %s cannot be read: %w", file, err)
	}
	write, read, err := openPools(ctx, file)
	if err != nil {
		return nil, sqliteTrouble(file, err)
	}
	return newSQLite(write, read, func() error { return nil }), nil
}

func newSQLite(write, read *sql.DB, unlock func() error) *database {
	db := &database{
		dialect: sqliteDialect(), write: write, read: read, pace: newPace(8),
		close: sync.OnceValue(func() error { return errors.Join(read.Close(), write.Close(), unlock()) }),
	}
	db.group = &group{db: db}
	return db
}

// openPools gives one connection that writes, and some that read beside it (SQLite: write-ahead logging).
func openPools(ctx context.Context, file string) (write, read *sql.DB, err error) {
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the operator names it
	if err != nil {
		return nil, nil, err
	}
	if err := f.Close(); err != nil {
		return nil, nil, err
	}
	// Full: the commit survives power loss. The triggers of the audit trail also see rows that REPLACE deletes.
	if write, err = openKeeping(sqliteURL(file, "immediate", "journal_mode(wal)", "synchronous(full)", "foreign_keys(1)",
		"recursive_triggers(1)")); err != nil {
		return nil, nil, err
	}
	write.SetMaxOpenConns(1)
	if err := write.PingContext(ctx); err != nil {
		return nil, nil, errors.Join(err, write.Close())
	}
	if read, err = openKeeping(sqliteURL(file, "deferred", "query_only(1)")); err != nil {
		return nil, nil, errors.Join(err, write.Close())
	}
	read.SetMaxOpenConns(4)
	return write, read, nil
}

// sqliteURL is the file as modernc.org/sqlite takes it (its Driver.Open). Waiting for other programs is short: transact
// tries again for as long as its caller has time.
func sqliteURL(file, lock string, pragmas ...string) string {
	q := url.Values{"_txlock": {lock}, "_pragma": append([]string{"busy_timeout(500)"}, pragmas...)}
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: file}).EscapedPath(), RawQuery: q.Encode()}).String()
}

// errLocked is that another process holds the lock.
var errLocked = errors.New("locked")

// sqliteTrouble says in a sentence why a file cannot be used.
func sqliteTrouble(file string, err error) error {
	dir := filepath.Dir(file)
	switch {
	case errors.Is(err, errLocked):
		return fmt.Errorf("the database %s is in use by another Mailback: stop that one first, or use PostgreSQL to run several", file)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("the database %s cannot be created: there is no directory %s", file, dir)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return fmt.Errorf("the database %s cannot be written: this user needs to write the file and the directory %s: %w", file, dir, err)
	default:
		return fmt.Errorf("the database %s cannot be opened: %w", file, err)
	}
}
