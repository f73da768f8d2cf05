package store

import (
	"context"
	"testing"
	"time"

	"mailback/recovery/store/pgtest"
)

// Replicas that are alive leave each other's work alone, also one whose session the server ended.
func TestReplicasKnowWhoLives(t *testing.T) {
	t.Parallel()
	u := &setup{t: t, url: pgtest.Database(t), clock: &clock{}}
	one, two := u.open(), u.open()
	busy := make(chan struct{})
	c := newCalls(func(string) (time.Duration, error) {
		<-busy
		return time.Hour, nil
	})
	u.create(one, "U1")
	u.start(one, c.workers())
	c.wait(t, "advance 1 1", 30*time.Second)
	u.start(two, newCalls(func(string) (time.Duration, error) { return time.Hour, nil }).workers())
	u.await("both on the roll", func() bool { return u.count(one, `SELECT COUNT(*) FROM replicas`) == 2 })

	const end = `SELECT COUNT(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory' AND classid = $1 AND database =
		(SELECT oid FROM pg_database WHERE datname = current_database())`
	before := u.count(one, `SELECT MAX(id) FROM replicas`)
	if n := u.count(one, end, rollLock); n != 2 {
		t.Fatalf("%d sessions ended", n)
	}
	u.await("new places for both", func() bool {
		return u.count(one, `SELECT COUNT(*) FROM replicas WHERE id > $1`, before) == 2 && u.count(one, `SELECT COUNT(*) FROM replicas`) == 2
	})
	close(busy)
	u.stop(one)
	u.await("one alone", func() bool { return u.count(two, `SELECT COUNT(*) FROM replicas`) == 1 })
	u.stop(two)
	three := u.open() // a row that somebody left behind is gone as soon as anybody calls the roll
	u.start(three, newCalls(func(string) (time.Duration, error) { return time.Hour, nil }).workers())
	u.await("the third alone", func() bool { return u.count(three, `SELECT COUNT(*) FROM replicas`) == 1 })
	u.stop(three)
}

// TestNoJobBeforeTheRoll: a process that dies in its very first job is covered for as well.
func TestNoJobBeforeTheRoll(t *testing.T) {
	t.Parallel()
	u := &setup{t: t, url: pgtest.Database(t), clock: &clock{}}
	s := u.open()
	u.create(s, "U1")
	seen := make(chan int, 1000)
	w := newCalls(done).workers()
	w.Advance = func(context.Context, int64, int64) (time.Duration, error) {
		seen <- u.count(s, `SELECT COUNT(*) FROM replicas`)
		return time.Hour, nil
	}
	u.start(s, w)
	if n := <-seen; n != 1 {
		t.Errorf("%d processes on the roll at the first job, want this one", n)
	}
	u.stop(s)
}
