package store

import (
	"log/slog"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"mailback/recovery/store/pgtest"
)

func TestUsesAreCountedByTheMinute(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s, at := u.open(), time.Date(2026, 11, 22, 12, 0, 10, 0, time.UTC)
		use := func(who string, at time.Time, mine, all int) {
			t.Helper()
			if m, a, err := s.Used(t.Context(), who, at, 2); err != nil || m != mine || a != all {
				t.Errorf("%s: %d and %d, %v, want %d and %d", who, m, a, err, mine, all)
			}
		}
		use("U1", at, 1, 1)
		use("U2", at, 1, 2)
		use("U1", at, 2, 3)
		use("U1", at, 3, 0) // beyond the most of one person: it does not count for all
		use("U2", at, 2, 4)
		use("U1", at.Add(time.Minute), 1, 1)
		use("U1", at.Add(3*time.Minute), 1, 1)
		if !s.db.single {
			if n := u.count(s, `SELECT COUNT(*) FROM uses`); n != 2 {
				t.Errorf("%d rows are kept", n)
			}
		}
	})
}

// TestUsesOfAllProcessesCountTogether, also where they come at the same time.
func TestUsesOfAllProcessesCountTogether(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		stores := []*Store{u.open()}
		if !stores[0].db.single {
			stores = append(stores, u.open(), u.open())
		}
		var all sync.WaitGroup
		at := time.Now()
		for i := range 60 {
			all.Go(func() {
				if _, _, err := stores[i%len(stores)].Used(t.Context(), "U"+strconv.Itoa(i%3), at, 0); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if mine, total, err := stores[0].Used(t.Context(), "U0", at, 0); mine != 21 || total != 61 || err != nil {
			t.Errorf("%d of one and %d of all, %v", mine, total, err)
		}
	})
}

// BenchmarkUsed is what stands before each ack.
func BenchmarkUsed(b *testing.B) {
	for name, url := range map[string]string{"sqlite": "sqlite:" + filepath.Join(b.TempDir(), "bench.db"), "postgres": pgtest.Database(b)} {
		b.Run(name, func(b *testing.B) {
			s, err := Open(b.Context(), Config{URL: url, Render: render, Logger: slog.New(slog.DiscardHandler)})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			at := time.Now()
			for b.Loop() {
				if _, _, err := s.Used(b.Context(), "U1", at, 30); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
