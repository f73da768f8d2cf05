package store

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivertype"
)

// executor notes what River wants to be done at once.
type executor struct {
	riverdriver.Executor

	parts [][]int64
	err   error
}

// JobSetStateIfRunningMany notes the jobs.
func (e *executor) JobSetStateIfRunningMany(_ context.Context, p *riverdriver.JobSetStateIfRunningManyParams) ([]*rivertype.JobRow, error) {
	e.parts = append(e.parts, p.ID)
	rows := make([]*rivertype.JobRow, len(p.ID))
	for i, id := range p.ID {
		rows[i] = &rivertype.JobRow{ID: id, State: p.State[i]}
	}
	return rows, e.err
}

func TestCompletionsComeInShortTransactions(t *testing.T) {
	t.Parallel()
	const n = 2*mostCompletions + 1
	all := &riverdriver.JobSetStateIfRunningManyParams{
		Attempt: make([]*int, n), ErrData: make([][]byte, n), FinalizedAt: make([]*time.Time, n), MetadataDoMerge: make([]bool, n),
		MetadataUpdates: make([][]byte, n), ScheduledAt: make([]*time.Time, n), State: make([]rivertype.JobState, n),
	}
	for i := range n {
		all.ID, all.State[i] = append(all.ID, int64(i)), rivertype.JobStateCompleted
	}
	e := &executor{}
	rows, err := shortExecutor{e}.JobSetStateIfRunningMany(t.Context(), all)
	if err != nil || len(rows) != n {
		t.Fatal(len(rows), err)
	}
	for i, row := range rows {
		if row.ID != int64(i) || row.State != rivertype.JobStateCompleted {
			t.Errorf("row %d is %+v", i, row)
		}
	}
	if len(e.parts) != 3 || len(e.parts[0]) != mostCompletions || !slices.Equal(slices.Concat(e.parts...), all.ID) {
		t.Errorf("parts %v", e.parts)
	}
	e.err = errors.New("no")
	if _, err := (shortExecutor{e}).JobSetStateIfRunningMany(t.Context(), all); !errors.Is(err, e.err) {
		t.Errorf("a part that failed: %v", err)
	}
}
