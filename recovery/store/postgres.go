package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// poolSize is how many connections a process has at most. Each is a process of the server's: more of them do not do more on the few
// processors that they share, and the longest waits grow.
const poolSize = 5

// jobTurns is how many of them transactions of jobs may have at a time: two stay for what people do.
const jobTurns = poolSize - 2

// openPostgres opens a pool on a server. The password is that of current, as connector says, where that is not nil.
func openPostgres(ctx context.Context, url string, current func() (string, error), log *slog.Logger) (*database, error) {
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("the database URL is not valid: %w", err) // pgx leaves the password out
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = 5 * time.Second
	}
	db := sql.OpenDB(&connector{cfg: *cfg, url: current, log: log, password: cfg.Password})
	db.SetMaxOpenConns(poolSize)
	db.SetMaxIdleConns(poolSize)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(postgresTrouble(cfg, err), db.Close())
	}
	return &database{
		dialect: postgresDialect(), write: db, read: db, close: db.Close, pace: newPace(jobTurns),
		exclude: func(ctx context.Context, do func() error) error { return advisoryLock(ctx, db, do) },
	}, nil
}

// migrationLock is the key of the advisory lock under which tables are brought up to date: "mailback" in ASCII.
const migrationLock int64 = 0x6d61696c6261636b

// advisoryLock runs do under a lock of the session, which the server gives back when the connection ends.
func advisoryLock(ctx context.Context, db *sql.DB, do func() error) error {
	c, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("lock the database: %w", err)
	}
	defer c.Close() //nolint:errcheck // goes back to the pool
	if _, err := c.ExecContext(ctx, "SELECT pg_advisory_lock($1)", migrationLock); err != nil {
		return fmt.Errorf("lock the database: %w", err)
	}
	err = do()
	if _, unlockErr := c.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", migrationLock); unlockErr != nil {
		err = errors.Join(err, fmt.Errorf("unlock the database: %w", unlockErr))
	}
	return err
}

// postgresTrouble says in a sentence why a server cannot be used.
func postgresTrouble(cfg *pgx.ConnConfig, err error) error {
	where := fmt.Sprintf("the database %q at %s:%d", cfg.Database, cfg.Host, cfg.Port)
	e, ok := errors.AsType[*pgconn.PgError](err)
	switch {
	case !ok:
		return fmt.Errorf("%s cannot be reached: check the URL, the network and that the server runs: %w", where, err)
	case e.Code == "3D000":
		return fmt.Errorf("%s does not exist: create it first", where)
	case e.Code == "28P01", e.Code == "28000":
		return fmt.Errorf("%s refuses the user %q: check the user and the password", where, cfg.User)
	default:
		return fmt.Errorf("%s cannot be used: %w", where, err)
	}
}
