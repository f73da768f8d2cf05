package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Backup copies the SQLite database of a URL into a new file, beside a Mailback that may run: the copy is the database as it was at one
// moment, whole, on the disk, and readable by its owner alone. A file that is there is left as it is. Its errors are sentences for whoever
// starts the program; a database of PostgreSQL is one of them, since that has pg_dump.
func Backup(ctx context.Context, databaseURL, file string) error {
	scheme, rest, _ := strings.Cut(databaseURL, ":")
	if scheme != "sqlite" {
		return errors.New("only SQLite is backed up by Mailback itself: PostgreSQL has pg_dump, as docs/operating.md shows")
	}
	from := strings.TrimPrefix(rest, "//")
	if _, err := os.Stat(from); err != nil {
		return fmt.Errorf("the database %s cannot be read: %w", from, err)
	}
	if _, err := os.Lstat(file); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is there already: name a new file", file)
	}
	part := file + ".part" // what bears the name of a backup is a whole one
	err := copyInto(ctx, from, part)
	if err == nil {
		err = os.Rename(part, file)
	}
	if err == nil && runtime.GOOS != "windows" { // which keeps names by itself
		err = syncFile(filepath.Dir(file), os.O_RDONLY)
	}
	if err != nil {
		_ = os.Remove(part)
		return fmt.Errorf("the backup %s cannot be written: %w", file, err)
	}
	return nil
}

// copyInto has SQLite write a database anew into an empty file. What SQLite does not do is to wait for the disk (sqlite.org/lang_vacuum.html).
func copyInto(ctx context.Context, from, to string) error {
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) //nolint:gosec // the operator names it
	if err != nil {
		return err
	}
	if err := errors.Join(f.Chmod(0o600), f.Close()); err != nil { // one that was left by a backup that was killed may have another mode
		return err
	}
	q := url.Values{"mode": {"rw"}, "_pragma": {"busy_timeout(5000)"}}
	db, err := openKeeping((&url.URL{Scheme: "file", Opaque: (&url.URL{Path: from}).EscapedPath(), RawQuery: q.Encode()}).String())
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "VACUUM INTO ?", to)
	if err := errors.Join(err, db.Close()); err != nil {
		return err
	}
	return syncFile(to, os.O_RDWR)
}

// syncFile waits until a file, or the names in a directory, are on the disk.
func syncFile(name string, mode int) error {
	f, err := os.OpenFile(name, mode, 0) //nolint:gosec // as above
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
