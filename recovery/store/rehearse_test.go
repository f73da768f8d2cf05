package store

import (
	"database/sql"
	"testing"

	"mailback/recovery/store/pgtest"
)

// TestARehearsalLeavesNothing: it goes well on each connection, also beside another process's, and nobody ever sees anything of it.
func TestARehearsalLeavesNothing(t *testing.T) {
	t.Parallel()
	u := &setup{t: t, url: pgtest.Database(t), clock: &clock{}}
	s, beside := u.open(), u.open()
	done := make(chan error)
	go func() { done <- beside.rehearse(t.Context()) }()
	u.must(s.rehearse(t.Context()))
	u.must(<-done)
	var conns []*sql.Conn
	for i := range poolSize {
		c, err := s.db.write.Conn(t.Context())
		u.must(err)
		conns = append(conns, c)
		for _, deed := range []string{"INSERT INTO uses", "SELECT id, body FROM requests WHERE bulk_of", "INSERT INTO events", "UPDATE requests SET state", "JobInsertFastMany", "FOR UPDATE"} {
			var known bool
			const query = `SELECT EXISTS (SELECT 1 FROM pg_prepared_statements WHERE POSITION($1 IN statement) > 0)`
			if err := c.QueryRowContext(t.Context(), query, deed).Scan(&known); err != nil || !known {
				t.Errorf("connection %d has not done %q: %v", i, deed, err)
			}
		}
	}
	for _, c := range conns {
		u.must(c.Close()) // goes back to the pool
	}
	for _, table := range []string{"requests", "events", "event_fields", "reviews", "messages", "uses", "river_job WHERE kind = 'advance'"} {
		if n := u.count(s, `SELECT COUNT(*) FROM `+table); n != 0 {
			t.Errorf("%d rows are left in %s", n, table)
		}
	}
	if r := u.create(s, "U1"); r.ID != 1 {
		t.Errorf("the first request is %s", r.Ref())
	}
}

// TestARehearsalThatFailsStopsNobody: what keeps it from the database, the first deed tells.
func TestARehearsalThatFailsStopsNobody(t *testing.T) {
	t.Parallel()
	u := &setup{t: t, url: pgtest.Database(t), clock: &clock{}}
	s := u.open()
	u.must(s.db.writer().exec(t.Context(), "break it", `ALTER TABLE events RENAME TO events_elsewhere`))
	if err := s.rehearse(t.Context()); err == nil {
		t.Error("nothing was said of it")
	}
	u.must(u.open().Ping(t.Context()))
}
