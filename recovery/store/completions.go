package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivertype"
)

// mostCompletions is how many jobs are marked as done in one transaction.
const mostCompletions = 10

// shortDriver is River's driver for SQLite, but that it marks jobs as done a few at a time. River collects them for a quarter
// of a second, and SQLite writes one statement for each: a hundred in one transaction would keep the only connection that
// writes from the deeds that Slack waits for.
type shortDriver struct{ *riversqlite.Driver }

func newShortDriver(db *sql.DB) riverdriver.Driver[*sql.Tx] { return shortDriver{riversqlite.New(db)} }

// GetExecutor gives what River runs its own statements with.
func (d shortDriver) GetExecutor() riverdriver.Executor {
	return shortExecutor{d.Driver.GetExecutor()}
}

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
