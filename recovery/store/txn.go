package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"mailback/recovery"
)

// querier is what a *sql.DB and a *sql.Tx have in common.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// conn runs statements. All its errors but sql.ErrNoRows are *recovery.Error.
type conn struct {
	q      querier
	d      *dialect
	steady bool // no statement is broken off because its caller waits no longer
}

// txn is a conn within a transaction.
type txn struct {
	conn

	tx *sql.Tx
}

// span is the time that a statement has.
func (c conn) span(ctx context.Context) context.Context {
	if c.steady {
		return context.WithoutCancel(ctx)
	}
	return ctx
}

// exec runs a statement without rows. op names the deed in errors.
func (c conn) exec(ctx context.Context, op, query string, args ...any) error {
	_, err := c.q.ExecContext(c.span(ctx), query, args...)
	return c.d.fault(op, err)
}

// row reads one row; sql.ErrNoRows when there is none.
func (c conn) row(ctx context.Context, op, query string, args []any, dest ...any) error {
	return c.d.fault(op, c.q.QueryRowContext(c.span(ctx), query, args...).Scan(dest...))
}

// rows calls scan for each row.
func (c conn) rows(ctx context.Context, op, query string, args []any, scan func(*sql.Rows) error) error {
	rows, err := c.q.QueryContext(c.span(ctx), query, args...)
	if err != nil {
		return c.d.fault(op, err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		if err := scan(rows); err != nil {
			return c.d.fault(op, err)
		}
	}
	return c.d.fault(op, rows.Err())
}

// fault classifies what a database said. nil and sql.ErrNoRows stay as they are.
func (d *dialect) fault(op string, err error) error {
	if err == nil || errors.Is(err, sql.ErrNoRows) {
		return err
	}
	kind := recovery.Unavailable // the connection, the disk, the deadline: what was asked may have happened
	if d.defect(err) {
		kind = recovery.Internal
	}
	return &recovery.Error{Kind: kind, Peer: recovery.PeerDatabase, Op: op, Err: err}
}

// transact runs do in a transaction and commits, again and again while the database says that others were in the way and
// ctx lasts.
func (db *database) transact(ctx context.Context, do func(txn) error) error {
	const most = 100 // tries without a deadline
	for try := 1; ; try++ {
		err := db.once(ctx, do)
		if err == nil || !db.busy(err) || try == most {
			return err
		}
		pause := time.Duration(min(try, 20)) * 5 * time.Millisecond
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause + rand.N(pause)): //nolint:gosec // jitter
		}
	}
}

func (db *database) once(ctx context.Context, do func(txn) error) error {
	leave, err := db.enter(ctx)
	if err != nil {
		return db.fault("begin", err)
	}
	defer leave()
	if db.group != nil {
		return db.group.run(ctx, do)
	}
	tx, err := db.write.BeginTx(ctx, nil)
	if err != nil {
		return db.fault("begin", err)
	}
	defer tx.Rollback() //nolint:errcheck // an error after Commit; before it, nothing was written
	if err := do(txn{conn{q: tx, d: db.dialect}, tx}); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return db.fault("commit", err) // for sure not committed
	}
	return db.fault("commit", db.unsure(tx.Commit()))
}

// unsure marks what a commit said, unless the database itself has said no.
func (db *database) unsure(err error) error {
	if err == nil || db.defect(err) || db.busy(err) {
		return err
	}
	return fmt.Errorf("%w: %w", recovery.ErrUnsure, err)
}

// reader runs statements that change nothing.
func (db *database) reader() conn { return conn{q: db.read, d: db.dialect} }

// writer runs single statements.
func (db *database) writer() conn { return conn{q: db.write, d: db.dialect} }

// notFound turns sql.ErrNoRows into recovery.ErrNotFound for a thing so named.
func notFound(err error, format string, args ...any) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf(format+": %w", append(args, recovery.ErrNotFound)...)
	}
	return err
}

// millis is how times are kept.
func millis(t time.Time) int64 { return t.UnixMilli() }
