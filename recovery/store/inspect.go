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

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Condition is what Inspect finds of a database that can be used.
type Condition struct {
	Place   string // the file, or the database and its server; without user and password
	Absent  bool   // there is no such file yet: Open makes it
	Schema  int    // the version of Mailback's tables; 0 where there are none yet
	Newest  int    // the version that Open brings them to
	Exposed string // a sentence about files that other users of the machine can read; empty for none
}

// Inspect looks whether Open could use the database of a URL, beside a Mailback that may run, and changes nothing: what it writes to see
// whether that can be done, it takes back. A database that Open could not use is an error, which is a sentence for whoever starts the
// program; a schema newer than this Mailback knows is none.
func Inspect(ctx context.Context, databaseURL string) (Condition, error) {
	scheme, rest, _ := strings.Cut(databaseURL, ":")
	switch scheme {
	case "sqlite":
		return inspectSQLite(ctx, strings.TrimPrefix(rest, "//"))
	case "postgres", "postgresql":
		return inspectPostgres(ctx, databaseURL)
	}
	return Condition{}, fmt.Errorf("the database URL begins with %q: it has to be sqlite:FILE or postgres://…", scheme+":")
}

func inspectSQLite(ctx context.Context, file string) (Condition, error) {
	if file == "" || file == ":memory:" {
		return Condition{}, errors.New("the database URL names no file: it has to be sqlite:FILE, for example sqlite:mailback.db")
	}
	files, err := sqliteDialect().migrations()
	if err != nil {
		return Condition{}, err
	}
	c := Condition{Place: "the file " + file, Newest: len(files), Exposed: exposed(file)}
	if err := mayWrite(filepath.Dir(file)); err != nil { // a journal comes and goes beside the file
		return Condition{}, sqliteTrouble(file, err)
	}
	switch err := mayWrite(file); {
	case errors.Is(err, fs.ErrNotExist):
		c.Absent = true
		return c, nil
	case err != nil:
		return Condition{}, sqliteTrouble(file, err)
	}
	if info, err := os.Stat(file); err == nil && info.Size() == 0 {
		return c, nil // nothing is in it yet
	}
	q := url.Values{"mode": {"rw"}, "_txlock": {"immediate"}, "_pragma": {"busy_timeout(2000)"}} // rw makes no file
	db, err := openKeeping((&url.URL{Scheme: "file", Opaque: (&url.URL{Path: file}).EscapedPath(), RawQuery: q.Encode()}).String())
	if err != nil {
		return Condition{}, sqliteTrouble(file, err)
	}
	c.Schema, err = schemaOf(ctx, db, sqliteDialect(), func(*sql.Tx) error { return nil })
	if err = errors.Join(err, db.Close()); err != nil {
		return Condition{}, unwritable(file, err)
	}
	return c, nil
}

// unwritable says in a sentence why a file cannot be written that could be opened.
func unwritable(file string, err error) error {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return sqliteTrouble(file, err)
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("the file %s is no SQLite database: name another one", file)
	case sqlite3.SQLITE_READONLY:
		return sqliteTrouble(file, fmt.Errorf("%w: %w", fs.ErrPermission, err))
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return fmt.Errorf("the database %s is locked by another program: end that one", file)
	default:
		return sqliteTrouble(file, err)
	}
}

func inspectPostgres(ctx context.Context, databaseURL string) (Condition, error) {
	files, err := postgresDialect().migrations()
	if err != nil {
		return Condition{}, err
	}
	opened, err := openPostgres(ctx, databaseURL, nil, nil)
	if err != nil {
		return Condition{}, err
	}
	c := Condition{Newest: len(files)}
	err = opened.write.QueryRowContext(ctx, `SELECT format('the database "%s"', current_database())`).Scan(&c.Place)
	if err == nil {
		c.Schema, err = schemaOf(ctx, opened.write, opened.dialect, tryPostgres)
	}
	if err = errors.Join(err, opened.close()); err != nil {
		return Condition{}, postgresRefusal(err)
	}
	return c, nil
}

// errForeignTables says that somebody else made Mailback's tables.
var errForeignTables = errors.New("its user may not write tables that are there")

// tryPostgres makes a table and writes into it: the server refuses that where it is a standby, where the database is read-only and where
// the user may not make tables, which each new version needs. It asks for the rights to those that are there.
func tryPostgres(tx *sql.Tx) error {
	for _, query := range []string{"CREATE TABLE mailback_doctor (n BIGINT)", "INSERT INTO mailback_doctor VALUES (1)"} {
		if _, err := tx.Exec(query); err != nil { //nolint:noctx // the transaction has its context
			return err
		}
	}
	const refused = `SELECT COUNT(*) FROM pg_class
		WHERE relname IN ('requests', 'events', 'messages', 'river_job') AND relnamespace::regnamespace::text = current_schema()
		AND NOT (has_table_privilege(oid, 'SELECT') AND has_table_privilege(oid, 'INSERT') AND has_table_privilege(oid, 'UPDATE'))`
	var n int
	if err := tx.QueryRow(refused).Scan(&n); err != nil { //nolint:noctx // as above
		return err
	}
	if n > 0 {
		return errForeignTables
	}
	return nil
}

// postgresRefusal says in a sentence why a database that answers cannot be used.
func postgresRefusal(err error) error {
	e, ok := errors.AsType[*pgconn.PgError](err)
	switch {
	case ok && e.Code == "25006": // read_only_sql_transaction
		return errors.New("the database is read-only: give the URL of the primary server, and let default_transaction_read_only be off")
	case ok && e.Code == "42501", errors.Is(err, errForeignTables): // insufficient_privilege
		return fmt.Errorf("the database's user may not do all that Mailback needs: make it the owner of the database and of Mailback's tables: %w", err)
	default:
		return fmt.Errorf("the database cannot be used: %w", err)
	}
}

// schemaOf tries something in a transaction that is taken back, and gives the version of Mailback's tables.
func schemaOf(ctx context.Context, db *sql.DB, d *dialect, try func(*sql.Tx) error) (version int, err error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer tx.Rollback() //nolint:errcheck // that is all it ends with
	if err := try(tx); err != nil {
		return 0, err
	}
	there := `SELECT COUNT(*) FROM sqlite_master WHERE name = 'mailback_migrations'`
	if d.name == "postgres" {
		there = `SELECT COUNT(*) FROM pg_class WHERE oid = to_regclass('mailback_migrations')`
	}
	var n int
	if err := tx.QueryRowContext(ctx, there).Scan(&n); err != nil || n == 0 {
		return 0, err
	}
	err = tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(version), 0) FROM mailback_migrations`).Scan(&version)
	return version, err
}
