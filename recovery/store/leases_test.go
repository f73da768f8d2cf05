package store

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"mailback/recovery"
)

func TestLease(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		r := u.create(s, "U1")
		mine := recovery.Lease{Owner: "me", Until: u.clock.now().Add(time.Minute).UTC().Truncate(time.Millisecond)}
		take := func(r *recovery.Request) error {
			if r.Lease.Owner != "" {
				return errors.New("held by " + r.Lease.Owner)
			}
			r.Lease, r.Tries = mine, 7
			return nil
		}
		same := func(what, owner string) {
			t.Helper()
			got, err := s.Request(t.Context(), r.ID)
			if err != nil || got.Lease.Owner != owner || got.Version > 2 {
				t.Errorf("%s: the lease is of %q, version %d, %v", what, got.Lease.Owner, got.Version, err)
			}
		}
		if got, err := s.Lease(t.Context(), r.ID, take); err != nil || got.Lease.Owner != "me" || got.Version != 1 {
			t.Fatalf("taken: %+v, %v", got.Lease, err)
		}
		same("taken", "me")
		if _, err := s.Lease(t.Context(), r.ID, take); err == nil || err.Error() != "held by me" {
			t.Errorf("taken twice: %v", err)
		}
		u.update(s, r.ID, func(r *recovery.Request) (recovery.Event, error) { // of somebody who has no lease
			if r.Lease.Owner != "me" {
				t.Errorf("a click sees the lease of %q", r.Lease.Owner)
			}
			return recovery.Event{Kind: recovery.EventStep}, nil
		})
		same("after a click", "me")
		_, err := s.Update(t.Context(), r.ID, func(r *recovery.Request) (recovery.Event, error) {
			r.Lease = recovery.Lease{}
			return recovery.Event{}, errors.New("no")
		})
		if err == nil {
			t.Error("a change that fails")
		}
		same("after a change that failed", "me")
		u.update(s, r.ID, func(r *recovery.Request) (recovery.Event, error) {
			r.Lease = recovery.Lease{}
			return recovery.Event{}, nil
		})
		same("given back", "")
		if got, err := s.Lease(t.Context(), r.ID, take); err != nil || got.Lease.Owner != "me" {
			t.Errorf("taken again: %+v, %v", got.Lease, err)
		}
		if _, err := s.Lease(t.Context(), 99, take); !errors.Is(err, recovery.ErrNotFound) {
			t.Errorf("no such request: %v", err)
		}
	})
}

// TestALeaseEndsWithItsProcess: where one process has the database, the next one finds no lease.
func TestALeaseEndsWithItsProcess(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		r := u.create(s, "U1")
		_, err := s.Lease(t.Context(), r.ID, func(r *recovery.Request) error {
			r.Lease = recovery.Lease{Owner: "me", Until: time.Now().Add(time.Hour)}
			return nil
		})
		u.must(err)
		single := s.db.single
		u.must(s.Close())
		got, err := u.open().Request(t.Context(), r.ID)
		if err != nil || (got.Lease.Owner == "") != single {
			t.Errorf("the lease is of %q, %v", got.Lease.Owner, err)
		}
	})
}

// TestAClickBringsNoLeaseBack: a lease that is given back while a click is being recorded stays so.
func TestAClickBringsNoLeaseBack(t *testing.T) {
	t.Parallel()
	u := &setup{t: t, url: "sqlite:" + filepath.Join(t.TempDir(), "m.db"), clock: &clock{}}
	s := u.open()
	r := u.create(s, "U1")
	s.leases.set(r.ID, recovery.Lease{Owner: "me", Until: time.Now().Add(time.Hour)})
	u.update(s, r.ID, func(r *recovery.Request) (recovery.Event, error) {
		s.leases.set(r.ID, recovery.Lease{}) // as a job does that was committed just before
		return recovery.Event{Kind: recovery.EventStep}, nil
	})
	if got, err := s.Request(t.Context(), r.ID); err != nil || got.Lease.Owner != "" {
		t.Errorf("the lease is of %q, %v", got.Lease.Owner, err)
	}
}
