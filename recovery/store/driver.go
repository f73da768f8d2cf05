package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivertype"
)

// riverDriver is River's driver with two things made cheaper, as deeds, for which Slack waits, wait for them.
type riverDriver struct {
	riverdriver.Driver[*sql.Tx]

	short bool // jobs are marked as done in short transactions
}

func sqliteDriver(db *sql.DB) riverdriver.Driver[*sql.Tx] {
	return riverDriver{riversqlite.New(db), true}
}

func postgresDriver(db *sql.DB) riverdriver.Driver[*sql.Tx] {
	return riverDriver{riverdatabasesql.New(db), false}
}

// GetExecutor gives what River runs its own statements with.
func (d riverDriver) GetExecutor() riverdriver.Executor {
	if d.short {
		return shortExecutor{d.Driver.GetExecutor()}
	}
	return d.Driver.GetExecutor()
}

// UnwrapExecutor gives what River inserts jobs with within a transaction of the store.
func (d riverDriver) UnwrapExecutor(tx *sql.Tx) riverdriver.ExecutorTx {
	return sameTx{d.Driver.UnwrapExecutor(tx)}
}

// sameTx inserts jobs without the savepoint that River sets for them: when they cannot be inserted, the store takes back all.
type sameTx struct{ riverdriver.ExecutorTx }

// Begin goes on in the same transaction.
func (t sameTx) Begin(context.Context) (riverdriver.ExecutorTx, error) { return t, nil }

// Commit leaves it to the store.
func (sameTx) Commit(context.Context) error { return nil }

// Rollback leaves it to the store, which is told by an error.
func (sameTx) Rollback(context.Context) error { return nil }

// mostCompletions is how many jobs are marked as done in one transaction.
const mostCompletions = 10

// shortExecutor marks jobs as done a few at a time. River collects them for a quarter of a second, and SQLite writes one statement for
// each: a hundred in one transaction would keep the only connection that writes from the deeds.
type shortExecutor struct{ riverdriver.Executor }

// JobSetStateIfRunningMany does what River's does, which may be repeated, in several transactions.
func (e shortExecutor) JobSetStateIfRunningMany(ctx context.Context, all *riverdriver.JobSetStateIfRunningManyParams) ([]*rivertype.JobRow, error) {
	rows := make([]*rivertype.JobRow, 0, len(all.ID))
	for from := 0; from < len(all.ID); from += mostCompletions {
		to := min(from+mostCompletions, len(all.ID))
		some, err := e.Executor.JobSetStateIfRunningMany(ctx, &riverdriver.JobSetStateIfRunningManyParams{
			ID: all.ID[from:to], Attempt: all.Attempt[from:to], ErrData: all.ErrData[from:to], FinalizedAt: all.FinalizedAt[from:to],
			MetadataDoMerge: all.MetadataDoMerge[from:to], MetadataUpdates: all.MetadataUpdates[from:to], Now: all.Now,
			ScheduledAt: all.ScheduledAt[from:to], Schema: all.Schema, State: all.State[from:to],
		})
		if err != nil {
			return nil, fmt.Errorf("mark jobs as done: %w", err)
		}
		rows = append(rows, some...)
	}
	return rows, nil
}
