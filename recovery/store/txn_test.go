package store

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivertype"

	"mailback/recovery"
)

// Slack waits for an ask to be recorded; it must not wait for jobs.
func TestJobsKeepNobodyWaiting(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		for range cap(s.db.turns) {
			leave, err := s.db.enter(ofJob(t.Context()))
			if err != nil {
				t.Fatal(err)
			}
			defer leave()
		}
		r := u.create(s, "U1")
		u.update(s, r.ID, func(*recovery.Request) (recovery.Event, error) {
			return recovery.Event{Kind: recovery.EventClicked}, nil
		})
		ctx, cancel := context.WithTimeout(ofJob(t.Context()), 20*time.Millisecond)
		defer cancel()
		_, err := s.Update(ctx, r.ID, func(*recovery.Request) (recovery.Event, error) {
			t.Error("a job did not wait for its turn")
			return recovery.Event{}, nil
		})
		if recovery.KindOf(err) != recovery.Unavailable || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a job that waited in vain: %v", err)
		}
	})
}

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

// A job begins when no deed is being recorded, and not much later when there always is one.
func TestJobsLetDeedsGoFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db := newPace(1)
		waits := func() time.Duration {
			began := time.Now()
			db.yield(t.Context())
			return time.Since(began)
		}
		if w := waits(); w != 0 {
			t.Errorf("nothing to wait for: %s", w)
		}
		db.deeds.Add(1)
		if w := waits(); w != yieldMost {
			t.Errorf("a deed without end: %s", w)
		}
		time.AfterFunc(4*yieldEvery-1, func() { db.deeds.Add(-1) })
		if w := waits(); w != 4*yieldEvery {
			t.Errorf("a deed of four looks: %s", w)
		}
	})
}
