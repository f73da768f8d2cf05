package recovery

import (
	"fmt"
	"testing"
)

// BenchmarkJudge measures the pure part of a diagnosis, in a tenant with many SKUs.
func BenchmarkJudge(b *testing.B) {
	for _, several := range []int{1, 20} {
		b.Run(fmt.Sprintf("accounts=%d", several), func(b *testing.B) {
			w := newWorld(b)
			for i := range several {
				w.deleted(fmt.Sprintf("id-%d", i), "john", unlicensed)
			}
			for i := range 40 {
				w.tenant.skus = append(w.tenant.skus, sku(fmt.Sprintf("sku-%d", i), 5, planEXO2, planTeams, planYammer, planShield))
			}
			q := Query{ByAddress, "john@contoso.com"}
			r, err := w.svc.read(w.ctx, wanted{query: Query{ByAddress, "john@contoso.com"}})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if d := w.svc.Settings.judge(r, Ask{Query: q}, Choices{}, q); d.ReadAt.IsZero() {
					b.Fatal("no diagnosis")
				}
			}
		})
	}
}

// BenchmarkAdvance measures what a turn costs beside the database and Microsoft: one that only waits, on a store in memory
// that pays for JSON as a real one does.
func BenchmarkAdvance(b *testing.B) {
	w := newWorld(b)
	w.deleted(john, "john")
	r := w.asks("john@contoso.com")
	b.ReportAllocs()
	for b.Loop() {
		if wait, err := w.svc.Advance(w.ctx, r.ID, r.Version); err != nil || wait == 0 {
			b.Fatal(wait, err)
		}
	}
}

// BenchmarkRestore measures a whole request from the ask to the proof, without the outside's time.
func BenchmarkRestore(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		w := newWorld(b)
		w.deleted(john, "john")
		r := w.asks("john@contoso.com")
		w.press(r.ID, rita, ActConfirm)
		w.is(w.press(r.ID, anna, ActApprove), Succeeded)
	}
}

// BenchmarkFingerprint measures the name of a plan, which each event carries.
func BenchmarkFingerprint(b *testing.B) {
	w := newWorld(b)
	w.deleted(john, "john")
	p := w.asks("john@contoso.com").Plan
	b.ReportAllocs()
	for b.Loop() {
		p.Fingerprint()
	}
}
