package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/riverqueue/river/riverdriver"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// dialect is all that the statements of this package have to know of a database.
type dialect struct {
	name    string // of its folder of migrations
	lockRow string // ends a SELECT that locks what it reads
	skipIDs string // leaves out $1 numbers of requests and gives the next one; no row where there was no request yet
	single  bool   // one process at a time has the database
	// snapshot is the level of isolation at which a transaction that only reads sees the database as it was at its first statement.
	snapshot sql.IsolationLevel
	jobDue   string // an expression: when a job of River's is due, in milliseconds since 1970
	driver   func(*sql.DB) riverdriver.Driver[*sql.Tx]
	defect   func(error) bool // the statement is at fault, so repeating it is useless
	busy     func(error) bool // another transaction is in the way, so repeating this one helps
}

// database is an open one. In PostgreSQL, read and write are the same pool.
type database struct {
	*dialect
	*pace

	write, read *sql.DB
	group       *group // where one connection writes
	// exclude runs do while no other process brings the tables up to date.
	exclude func(ctx context.Context, do func() error) error
	warning string // what the operator should know of it; empty for nothing
	close   func() error
}

// openDatabase opens the database of a URL; current and log are those of openPostgres.
func openDatabase(ctx context.Context, url string, current func() (string, error), log *slog.Logger) (*database, error) {
	scheme, rest, _ := strings.Cut(url, ":")
	switch scheme {
	case "sqlite":
		return openSQLite(ctx, strings.TrimPrefix(rest, "//")) // sqlite:FILE and sqlite:///FILE alike
	case "postgres", "postgresql":
		return openPostgres(ctx, url, current, log)
	}
	return nil, fmt.Errorf("the database URL begins with %q: it has to be sqlite:FILE or postgres://…", scheme+":")
}

// openBeside opens a database that a Mailback may be using.
func openBeside(ctx context.Context, url string) (*database, error) {
	scheme, rest, _ := strings.Cut(url, ":")
	if scheme == "sqlite" {
		return openSQLiteBeside(ctx, strings.TrimPrefix(rest, "//"))
	}
	return openDatabase(ctx, url, nil, nil)
}

func sqliteDialect() *dialect {
	return &dialect{
		name:    "sqlite",
		skipIDs: `UPDATE sqlite_sequence SET seq = seq + $1 WHERE name = 'requests' RETURNING seq + 1`,
		single:  true, // and a transaction always is a snapshot (SQLite: isolation)
		// River writes a job that was put off with Go's time.String, of which SQLite reads the beginning alone; so whole seconds have to do.
		jobDue: "unixepoch(substr(scheduled_at, 1, 19)) * 1000",
		driver: sqliteDriver,
		defect: func(err error) bool {
			e, ok := errors.AsType[*sqlite.Error](err)
			if !ok {
				return false
			}
			switch e.Code() & 0xff {
			case sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_MISUSE,
				sqlite3.SQLITE_RANGE, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
				return true
			}
			return false
		},
		busy: func(err error) bool {
			e, ok := errors.AsType[*sqlite.Error](err)
			return ok && (e.Code()&0xff == sqlite3.SQLITE_BUSY || e.Code()&0xff == sqlite3.SQLITE_LOCKED)
		},
	}
}

func postgresDialect() *dialect {
	return &dialect{
		name:     "postgres",
		skipIDs:  `SELECT setval(pg_get_serial_sequence('requests', 'id'), last_value + $1) + 1 FROM requests_id_seq WHERE is_called`,
		lockRow:  " FOR UPDATE",
		snapshot: sql.LevelRepeatableRead,
		jobDue:   "CAST(EXTRACT(EPOCH FROM scheduled_at) * 1000 AS BIGINT)",
		driver:   postgresDriver,
		// Classes of SQLSTATE: PostgreSQL, appendix A.
		defect: func(err error) bool {
			e, ok := errors.AsType[*pgconn.PgError](err)
			if !ok || len(e.Code) < 2 {
				return false
			}
			switch e.Code[:2] {
			case "08", "25", "40", "53", "55", "57", "58": // connection, read-only, rollback, resources, locks, shutdown, disk
				return false
			}
			return true
		},
		busy: func(err error) bool {
			e, ok := errors.AsType[*pgconn.PgError](err)
			return ok && (e.Code == "40001" || e.Code == "40P01" || e.Code == "55P03")
		},
	}
}
