package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"mailback/recovery"
)

func (u *setup) tellsFaults() func(*Config) {
	return func(c *Config) {
		c.RenderFault = func(f recovery.Fault) (recovery.Message, error) {
			key := fmt.Sprint("fault:", f.Code, f.Args)
			if f.Over {
				key = fmt.Sprint("over:", f.Code, f.Args)
			}
			return recovery.Message{Key: key, Channel: "C1", Body: []byte(`{"text":"x"}`)}, nil
		}
	}
}

// told counts the messages of a key that are to be brought to Slack.
func (u *setup) told(s *Store, key string) int {
	u.t.Helper()
	return u.count(s, `SELECT COUNT(*) FROM messages m WHERE key = '`+key+`' AND channel = 'C1' AND request_id IS NULL
		AND EXISTS (SELECT 1 FROM river_job WHERE kind = 'deliver')`)
}

var secretExpired = recovery.Note{Code: recovery.NoteSignInFailed, Args: []string{"entra", recovery.SecretExpired}}

// A fault is told once, however many requests and look-ups meet it, and again once nobody has met it for two days.
func TestFaultsAreToldOnce(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s, ctx := u.open(u.tellsFaults()), t.Context()
		meet := func(n recovery.Note) {
			u.update(s, u.create(s, "U1").ID, func(r *recovery.Request) (recovery.Event, error) {
				r.Obstacle = &n
				return recovery.Event{Kind: recovery.EventWaiting, Note: &n}, nil
			})
		}
		want := func(what string, note recovery.Note, n int) {
			t.Helper()
			if got := u.told(s, fmt.Sprint("fault:", note.Code, note.Args)); got != n {
				t.Errorf("%s: told %d times, want %d", what, got, n)
			}
		}
		meet(secretExpired)
		meet(secretExpired)
		u.must(s.Met(ctx, secretExpired))
		want("three meetings", secretExpired, 1)
		role := recovery.Note{Code: recovery.NoteMissingRole, Args: []string{"User.DeleteRestore.All"}}
		meet(role)
		want("another fault", role, 1)
		passing := recovery.Note{Code: recovery.NoteUnreadable, Args: []string{"unavailable", "graph"}}
		meet(passing)
		u.must(s.Met(ctx, passing))
		want("what passes", passing, 0)
		for range 3 { // met each day
			u.clock.advance(24 * time.Hour)
			u.must(s.Met(ctx, secretExpired))
		}
		want("met each day", secretExpired, 1)
		u.clock.advance(faultQuiet + time.Hour)
		u.must(s.Met(ctx, secretExpired))
		want("after a quiet time", secretExpired, 2)
	})
}

// Many meet a fault at the same moment, and one tells it.
func TestFaultsAreToldOnceAtOnce(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open(u.tellsFaults())
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() { u.must(s.Met(t.Context(), secretExpired)) })
		}
		wg.Wait()
		if n := u.told(s, "fault:sign-in-failed[entra secret expired]"); n != 1 {
			t.Errorf("told %d times", n)
		}
	})
}

// A sign-in that works is told where the approvers were told that it does not, and the next failure is told anew.
func TestSignInIsToldToWorkAgain(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s, ctx := u.open(u.tellsFaults()), t.Context()
		u.must(s.SignedIn(ctx, recovery.PeerEntra))
		if n := u.told(s, "over:sign-in-failed[entra]"); n != 0 {
			t.Errorf("nothing was wrong: told %d times", n)
		}
		u.must(s.Met(ctx, secretExpired))
		u.must(s.Met(ctx, recovery.Note{Code: recovery.NoteSignInFailed, Args: []string{"graph", recovery.TokenRefused}}))
		u.must(s.SignedIn(ctx, recovery.PeerEntra))
		u.must(s.SignedIn(ctx, recovery.PeerEntra))
		if n := u.told(s, "over:sign-in-failed[entra]"); n != 1 {
			t.Errorf("told %d times that it works again", n)
		}
		u.must(s.Met(ctx, secretExpired))
		if n := u.told(s, "fault:sign-in-failed[entra secret expired]"); n != 2 {
			t.Errorf("told %d times that it fails, want 2", n)
		}
		if n := u.count(s, `SELECT COUNT(*) FROM faults`); n != 2 {
			t.Errorf("%d faults are known, want that of Entra and that of Graph", n)
		}
	})
}

// What the daily look finds is told once, though it is found each day.
func TestDailyLookIsTold(t *testing.T) {
	each(t, func(_ *testing.T, u *setup) {
		s := u.open(u.tellsFaults())
		ends := recovery.Note{Code: recovery.NoteCertificate, Args: []string{"2026-12-24T00:00:00Z"}}
		u.start(s, Workers{
			Advance: asleep, Deliver: forRequest(asleep),
			Examine: func(context.Context) []recovery.Note { return []recovery.Note{ends} },
		})
		key := fmt.Sprint("fault:", ends.Code, ends.Args)
		for day := 1; day <= 3; day++ {
			u.clock.advance(24 * time.Hour)
			u.await("the day's look", func() bool {
				return u.count(s, `SELECT COUNT(*) FROM river_job WHERE kind = 'upkeep' AND state = 'completed'`) >= day && u.told(s, key) == 1
			})
		}
	})
}

func TestFaultThatCannotBeWorded(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		unworded := errors.New("no words")
		s := u.open(func(c *Config) {
			c.RenderFault = func(recovery.Fault) (recovery.Message, error) { return recovery.Message{}, unworded }
		})
		if err := s.Met(t.Context(), secretExpired); !errors.Is(err, unworded) {
			t.Errorf("Met: %v", err)
		}
		if n := u.count(s, `SELECT COUNT(*) FROM faults`); n != 0 {
			t.Errorf("a fault that was not told is noted as told")
		}
	})
}
