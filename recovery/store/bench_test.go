package store

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"mailback/recovery"
)

func benchStore(b *testing.B) *Store {
	b.Helper()
	s, err := Open(b.Context(), Config{
		URL: "sqlite:" + filepath.Join(b.TempDir(), "bench.db"), Render: render, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	return s
}

// BenchmarkCreate is what stands between a command and its ack.
func BenchmarkCreate(b *testing.B) {
	s := benchStore(b)
	var took []time.Duration
	for b.Loop() {
		began := time.Now()
		if _, _, err := s.Create(b.Context(), ask("U1"), recovery.Event{Kind: recovery.EventAsked}); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(len(took))/b.Elapsed().Seconds(), "creates/s")
}

// BenchmarkRequests is what status and a new ask look for, with few and with 100,000 old requests of the same person.
func BenchmarkRequests(b *testing.B) {
	for _, old := range []int{100, 100_000} {
		s := benchStore(b)
		const many = `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
			INSERT INTO requests (key, uuid, state, version, requester, open, active, created_at, updated_at, body)
			SELECT 'old' || i, 'old' || i, 'succeeded', 1, 'U1', FALSE, FALSE, 0, 0, '{"id":1,"state":"succeeded"}' FROM n`
		if err := s.db.writer().exec(b.Context(), "fill", many, old); err != nil {
			b.Fatal(err)
		}
		r, _, err := s.Create(b.Context(), ask("U1"), recovery.Event{Kind: recovery.EventAsked})
		if err != nil {
			b.Fatal(err)
		}
		for name, f := range map[string]recovery.Filter{
			"own": {Requester: "U1", Limit: 10}, "the same ask": {Requester: "U1", Wish: r.Wish(), Open: true}, "all open": {Open: true},
		} {
			b.Run(fmt.Sprintf("%s of %d", name, old), func(b *testing.B) {
				for b.Loop() {
					if rs, err := s.Requests(b.Context(), f); err != nil || len(rs) == 0 {
						b.Fatal(len(rs), err)
					}
				}
			})
		}
	}
}
