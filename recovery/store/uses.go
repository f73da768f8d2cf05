package store

import (
	"context"
	"sync"
	"time"

	"mailback/recovery"
)

var _ recovery.Uses = (*Store)(nil)

// tally counts uses within the newest minute of one process, which is all that there is with SQLite.
type tally struct {
	mu     sync.Mutex
	minute int64
	each   map[string]int
	all    int
}

// Used counts one more use: see recovery.Uses. Processes that share PostgreSQL count together, in a table that costs no write to disk.
func (s *Store) Used(ctx context.Context, who string, at time.Time, most int) (mine, all int, err error) {
	minute := at.Unix() / 60
	if s.db.single {
		mine, all = s.tally.used(who, minute, most)
		return mine, all, nil
	}
	mine, all, err = s.db.writer().used(ctx, who, minute, most)
	if err == nil && all == 1 { // a new minute
		err = s.db.writer().exec(ctx, "forget old uses", `DELETE FROM uses WHERE minute < $1`, minute-1)
	}
	return mine, all, err
}

// used counts one more use in the table.
func (c conn) used(ctx context.Context, who string, minute int64, most int) (mine, all int, err error) {
	const query = `WITH mine AS (
			INSERT INTO uses (who, minute, n) VALUES ($1, $2, 1) ON CONFLICT (who, minute) DO UPDATE SET n = uses.n + 1 RETURNING n
		), everybody AS (
			INSERT INTO uses (who, minute, n) SELECT '', $2, 1 FROM mine WHERE $3 = 0 OR n <= $3
			ON CONFLICT (who, minute) DO UPDATE SET n = uses.n + 1 RETURNING n
		) SELECT n, COALESCE((SELECT n FROM everybody), 0) FROM mine`
	err = c.row(ctx, "count a use", query, []any{who, minute, int64(most)}, &mine, &all)
	return mine, all, err
}

func (t *tally) used(who string, minute int64, most int) (mine, all int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.each == nil || t.minute != minute {
		t.minute, t.each, t.all = minute, map[string]int{}, 0
	}
	t.each[who]++
	if mine = t.each[who]; most > 0 && mine > most {
		return mine, 0
	}
	t.all++
	return mine, t.all
}
