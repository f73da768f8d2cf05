package store

import (
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"mailback/recovery"
	"mailback/recovery/store/pgtest"
)

// auditEvents is how many events the audit trail of the benchmark has. Its figures in docs/performance.md are of a million.
func auditEvents(b *testing.B) int {
	b.Helper()
	if v := os.Getenv("MAILBACK_BENCH_EVENTS"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil {
			b.Fatal(err)
		}
		return n
	}
	return 1_000_000
}

// BenchmarkVerify reads a trail of a million events, ten to a request, with two fields each, and checks all hashes.
func BenchmarkVerify(b *testing.B) {
	for name, url := range map[string]string{"sqlite": "sqlite:" + b.TempDir() + "/bench.db", "postgres": pgtest.Database(b)} {
		b.Run(name, func(b *testing.B) {
			n := auditEvents(b)
			fillTrail(b, url, n)
			trail, err := OpenTrail(b.Context(), url, time.Now)
			if err != nil {
				b.Fatal(err)
			}
			defer trail.Close()
			runtime.GC()
			most, stop := watchHeap()
			b.ResetTimer()
			for b.Loop() {
				v, err := trail.Verify(b.Context(), nil)
				if err != nil || v.Events != int64(n) {
					b.Fatal(v, err)
				}
			}
			b.StopTimer()
			stop()
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric(float64(most.Load())/1e6, "MB-heap-at-most")
		})
	}
}

// watchHeap looks at the heap until it is stopped.
func watchHeap() (most *atomic.Uint64, stop func()) {
	most, done, ended := &atomic.Uint64{}, make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		look := time.NewTicker(50 * time.Millisecond)
		defer look.Stop()
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most.Store(max(most.Load(), m.HeapInuse))
			select {
			case <-look.C:
			case <-done:
				return
			}
		}
	}()
	return most, func() { close(done); <-ended }
}

// fillTrail writes events as the store does, many to a transaction.
func fillTrail(b *testing.B, url string, events int) {
	b.Helper()
	s, err := Open(b.Context(), Config{URL: url, Render: render, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	const each, atOnce = 10, 1000
	for done := 0; done < events; done += each * atOnce {
		err := s.db.transact(b.Context(), func(t txn) error {
			for range min(atOnce, (events-done)/each) {
				if err := fillRequest(b, t, each); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

func fillRequest(b *testing.B, t txn, events int) error {
	r := ask("U1")
	id, err := t.reserve(b.Context(), r)
	if err != nil {
		return err
	}
	prev := ""
	for seq := range events {
		click := &recovery.Click{Action: recovery.ActConfirm, By: r.Requester, Channel: "C1", TS: "1790000000.000100", Key: fmt.Sprint(id, seq)}
		s, err := seal(recovery.Event{
			Request: id, Seq: int64(seq + 1), At: time.Now(), Kind: recovery.EventClicked, By: r.Requester, Click: click, From: recovery.Pending, To: recovery.Pending,
		})
		if err == nil {
			prev, err = t.link(b.Context(), prev, s)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
