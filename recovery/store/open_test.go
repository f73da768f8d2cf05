package store

import (
	"bytes"
	"context"
	"database/sql"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailback/recovery/store/pgtest"
)

// lockOut locks R-1 against all writers, as another program; release ends it.
func (u *setup) lockOut(s *Store) (release func()) {
	u.t.Helper()
	other, query := s.db.write, `SELECT id FROM requests WHERE id = 1 FOR UPDATE`
	if s.db.single {
		var err error
		other, err = sql.Open("sqlite", sqliteURL(strings.TrimPrefix(u.url, "sqlite:"), "immediate"))
		if err != nil {
			u.t.Fatal(err)
		}
		u.t.Cleanup(func() { _ = other.Close() })
		query = `SELECT id FROM requests WHERE id = 1`
	}
	tx, err := other.BeginTx(context.Background(), nil)
	if err != nil {
		u.t.Fatal(err)
	}
	var id int64
	if err := tx.QueryRowContext(u.t.Context(), query).Scan(&id); err != nil {
		u.t.Fatal(err)
	}
	return func() { _ = tx.Rollback() }
}

func TestOpenAgain(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		r := u.create(s, "U1")
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		again, err := u.open().Request(t.Context(), r.ID)
		if err != nil || again.Key != r.Key {
			t.Errorf("read back %+v, %v", again, err)
		}
	})
}

func TestOpenSideBySide(t *testing.T) {
	t.Parallel()
	u := &setup{t: t, url: pgtest.Database(t), clock: &clock{}}
	opened := make(chan error, 4)
	for range cap(opened) {
		go func() {
			s, err := Open(t.Context(), Config{URL: u.url, Render: render})
			if err == nil {
				err = s.Close()
			}
			opened <- err
		}()
	}
	for range cap(opened) {
		if err := <-opened; err != nil {
			t.Errorf("open a new database at the same time: %v", err)
		}
	}
}

func TestOpenIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := filepath.Join(dir, "text.db")
	if err := os.WriteFile(text, []byte(strings.Repeat("this is no database\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	pg := pgtest.Database(t)
	for name, c := range map[string]struct{ url, want string }{
		"no directory": {"sqlite:" + filepath.Join(dir, "none", "a.db"), "there is no directory"},
		"a directory":  {"sqlite:" + dir, "cannot be opened"},
		"no database":  {"sqlite:" + text, "cannot be opened"},
		"no file":      {"sqlite:", "names no file"},
		"scheme":       {"mysql://x/y", `begins with "mysql:"`},
		"nothing":      {"", "has to be sqlite:FILE"},
		"no server":    {"postgres://u:hush@127.0.0.1:1/x?connect_timeout=2", "cannot be reached"},
		"not a URL":    {"postgres://u:hush@host:port/x", "not valid"},
		"no such name": {strings.Replace(pg, "/test", "/none", 1), "does not exist"},
		"unknown user": {strings.Replace(pg, "postgres@", "stranger:hush@", 1), "stranger"},
	} {
		s, err := Open(t.Context(), Config{URL: c.url, Render: render})
		if err == nil {
			_ = s.Close()
			t.Errorf("%s: opened", name)
			continue
		}
		if !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v, want %q and no password", name, err, c.want)
		}
	}
	if _, err := Open(t.Context(), Config{URL: "sqlite:" + filepath.Join(dir, "x.db")}); err == nil {
		t.Error("opened without a renderer")
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		if err := s.db.writer().exec(t.Context(), "pretend", `INSERT INTO mailback_migrations VALUES (99, 0)`); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		_, err := Open(t.Context(), Config{URL: u.url, Render: render})
		if err == nil || !strings.Contains(err.Error(), "schema 99") || !strings.Contains(err.Error(), "install the newer Mailback") {
			t.Errorf("error %v", err)
		}
	})
}

func TestSQLiteFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "mailback.db")
	u := &setup{t: t, url: "sqlite:" + file, clock: &clock{}}
	s := u.open()
	u.create(s, "U1")
	for _, name := range []string{file, file + "-wal", file + "-shm", file + ".lock"} {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, %v; want 0600", name, info.Mode(), err)
		}
	}
	if _, err := Open(t.Context(), Config{URL: u.url, Render: render}); err == nil || !strings.Contains(err.Error(), "in use by another Mailback") {
		t.Errorf("a second one: %v", err)
	}
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"} {
		var got string
		if err := s.db.write.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %s, %v; want %s", pragma, got, err, want)
		}
	}
	if _, err := s.db.read.ExecContext(t.Context(), `DELETE FROM requests`); err == nil {
		t.Error("the pool for reading writes")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	u.open() // the lock is free again
}

func TestSQLiteFileCannotBeWritten(t *testing.T) {
	t.Parallel()
	err := sqliteTrouble("/var/x.db", &fs.PathError{Op: "open", Path: "/var/x.db", Err: fs.ErrPermission}) // root may write everywhere
	if !strings.Contains(err.Error(), "/var/x.db cannot be written") {
		t.Errorf("error %v", err)
	}
}

func TestADatabaseThatOthersCanReadIsWarnedAbout(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "mailback.db")
	for _, mode := range []os.FileMode{0o600, 0o640, 0o604} {
		if err := os.WriteFile(file, nil, mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		s, err := Open(t.Context(), Config{URL: "sqlite:" + file, Render: render, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if warned := strings.Contains(log.String(), "chmod 600 "+file); warned != (mode != 0o600) {
			t.Errorf("with mode %o: %s", mode, log.String())
		}
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
}
