package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"mailback/recovery"
)

// grouped opens a SQLite database with a table to write to.
func grouped(t *testing.T) (*database, *setup) {
	t.Helper()
	u := &setup{t: t, url: "sqlite:" + filepath.Join(t.TempDir(), "m.db"), clock: &clock{}}
	s := u.open()
	u.must(s.db.writer().exec(t.Context(), "make a table", "CREATE TABLE notes (n INTEGER PRIMARY KEY)"))
	return s.db, u
}

// note writes a number.
func note(ctx context.Context, n int) func(txn) error {
	return func(t txn) error { return t.exec(ctx, "note", "INSERT INTO notes VALUES ($1)", n) }
}

// noted says which of these numbers are there.
func noted(t *testing.T, db *database, numbers ...int) string {
	t.Helper()
	there := ""
	for _, n := range numbers {
		var one bool
		if err := db.reader().row(t.Context(), "look", "SELECT EXISTS (SELECT 1 FROM notes WHERE n = $1)", []any{n}, &one); err != nil {
			t.Fatal(err)
		}
		if one {
			there += fmt.Sprint(n, " ")
		}
	}
	return there
}

// held lets a transaction hold the connection until release is called, and waits until it does. The transactions that are begun meanwhile
// become one group.
func held(t *testing.T, db *database) (release func()) {
	t.Helper()
	has, end, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- db.transact(t.Context(), func(txn) error {
			close(has)
			<-end
			return nil
		})
	}()
	<-has
	return func() {
		close(end)
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// begin begins a transaction and waits until it stands behind n others.
func begin(t *testing.T, db *database, n int, do func() error) <-chan error {
	t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- do() }()
	for {
		db.group.mu.Lock()
		waiting := len(db.group.waiting)
		db.group.mu.Unlock()
		if waiting == n+1 {
			return ended
		}
		time.Sleep(time.Millisecond)
	}
}

// noting begins to note a number behind so many others.
func noting(ctx context.Context, t *testing.T, db *database, behind, n int) <-chan error {
	t.Helper()
	return begin(t, db, behind, func() error { return db.transact(ctx, note(ctx, n)) })
}

// TestGroupIsEachAlone: of transactions that are committed together, one that fails, panics, breaks a rule of the database or is given up
// by its caller leaves nothing, and no other feels it.
func TestGroupIsEachAlone(t *testing.T) {
	t.Parallel()
	db, _ := grouped(t)
	no := errors.New("no")
	given, giveUp := context.WithCancel(t.Context())
	release := held(t, db)
	after := func(n int, then func() error) func() error {
		return func() error {
			return db.transact(t.Context(), func(x txn) error {
				if err := note(t.Context(), n)(x); err != nil {
					return err
				}
				return then()
			})
		}
	}
	fine := func() error { return nil }
	ends := []<-chan error{
		begin(t, db, 0, after(1, fine)),
		begin(t, db, 1, after(2, func() error { return no })),
		begin(t, db, 2, after(3, fine)),
		begin(t, db, 3, func() (err error) {
			defer func() { err = fmt.Errorf("panic: %v", recover()) }()
			return after(4, func() error { panic("help") })()
		}),
		begin(t, db, 4, after(1, fine)), // there already
		begin(t, db, 5, func() error {
			return db.transact(given, func(x txn) error {
				err := note(given, 6)(x)
				giveUp()
				return err
			})
		}),
		begin(t, db, 6, after(7, fine)),
	}
	release()
	var errs []error
	for _, end := range ends {
		errs = append(errs, <-end)
	}
	if got := noted(t, db, 1, 2, 3, 4, 6, 7); got != "1 3 7 " {
		t.Errorf("written: %s", got)
	}
	for i, want := range []func(error) bool{
		func(err error) bool { return err == nil },
		func(err error) bool { return errors.Is(err, no) },
		func(err error) bool { return err == nil },
		func(err error) bool { return err != nil && err.Error() == "panic: help" },
		func(err error) bool { return recovery.KindOf(err) == recovery.Internal },
		func(err error) bool { return errors.Is(err, context.Canceled) && !errors.Is(err, recovery.ErrUnsure) },
		func(err error) bool { return err == nil },
	} {
		if !want(errs[i]) {
			t.Errorf("transaction %d: %v", i, errs[i])
		}
	}
}

// TestGroupIsLost: when SQLite takes back the transaction itself, as where the disk is full, all of the group are told that nothing was
// written, and the next group is whole.
func TestGroupIsLost(t *testing.T) {
	t.Parallel()
	db, _ := grouped(t)
	release := held(t, db)
	ends := []<-chan error{
		noting(t.Context(), t, db, 0, 1),
		begin(t, db, 1, func() error {
			return db.transact(t.Context(), func(x txn) error {
				if err := x.exec(t.Context(), "take all back", "ROLLBACK"); err != nil {
					return err
				}
				return errors.New("the disk is full")
			})
		}),
		noting(t.Context(), t, db, 2, 3),
	}
	release()
	for i, end := range ends {
		if err := <-end; err == nil || i != 1 && recovery.KindOf(err) != recovery.Unavailable {
			t.Errorf("transaction %d: %v", i, err)
		}
	}
	if err := db.transact(t.Context(), note(t.Context(), 4)); err != nil {
		t.Errorf("the next one: %v", err)
	}
	if got := noted(t, db, 1, 3, 4); got != "4 " {
		t.Errorf("written: %s", got)
	}
}

// TestGroupWhoseLeaderIsLost: where the leader's goroutine ends in the middle, the others are told that it is not known what became of
// theirs, and the next group has another leader.
func TestGroupWhoseLeaderIsLost(t *testing.T) {
	t.Parallel()
	db, _ := grouped(t)
	release := held(t, db)
	begin(t, db, 0, func() error { // the leader
		return db.transact(t.Context(), func(txn) error {
			runtime.Goexit()
			return nil
		})
	})
	other := noting(t.Context(), t, db, 1, 2)
	release()
	if err := <-other; !errors.Is(err, recovery.ErrUnsure) {
		t.Errorf("one of its group: %v", err)
	}
	if err := db.transact(t.Context(), note(t.Context(), 3)); err != nil {
		t.Errorf("the next one: %v", err)
	}
	if got := noted(t, db, 2, 3); got != "3 " {
		t.Errorf("written: %s", got)
	}
}

// TestGroupGoesOnWithoutItsLeader: whoever gives up while it waits, be it the one that is to lead, holds nobody up.
func TestGroupGoesOnWithoutItsLeader(t *testing.T) {
	t.Parallel()
	db, _ := grouped(t)
	c, err := db.write.Conn(t.Context()) // so that the leader waits for it
	if err != nil {
		t.Fatal(err)
	}
	leader, giveUp := context.WithCancel(t.Context())
	other, giveUpToo := context.WithCancel(t.Context())
	ends := []<-chan error{
		noting(leader, t, db, 0, 1),
		noting(other, t, db, 1, 2),
		noting(t.Context(), t, db, 2, 3),
	}
	giveUpToo()
	if err := <-ends[1]; !errors.Is(err, context.Canceled) {
		t.Errorf("one who gave up: %v", err)
	}
	giveUp()
	if err := <-ends[0]; !errors.Is(err, context.Canceled) {
		t.Errorf("the leader who gave up: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ends[2]; err != nil {
		t.Errorf("who waited on: %v", err)
	}
	if got := noted(t, db, 1, 2, 3); got != "3 " {
		t.Errorf("written: %s", got)
	}
}

// TestGroupsOfMany: hundreds side by side, of which some give up, are each written or refused.
func TestGroupsOfMany(t *testing.T) {
	t.Parallel()
	db, _ := grouped(t)
	const many = 300
	var all sync.WaitGroup
	errs := make([]error, many)
	for i := range many {
		all.Go(func() {
			ctx := t.Context()
			if i%3 == 0 {
				short, cancel := context.WithTimeout(ctx, time.Duration(i)*100*time.Microsecond)
				defer cancel()
				ctx = short
			}
			errs[i] = db.transact(ctx, note(ctx, i))
		})
	}
	all.Wait()
	for i, err := range errs {
		if there := noted(t, db, i) != ""; there != (err == nil) {
			t.Errorf("%d: %v, written: %v", i, err, there)
		}
	}
	if len(db.group.waiting) != 0 || db.group.led {
		t.Errorf("left: %+v", db.group.waiting)
	}
}
