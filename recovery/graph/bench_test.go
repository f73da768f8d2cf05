package graph_test

import (
	"testing"
	"time"

	"mailback/internal/m365fake"
)

// latency is what each call takes in TestFindIsTwoRounds and BenchmarkFind.
const latency = 100 * time.Millisecond

// A diagnosis is as long as its chain of dependent calls: accounts and tenant, then what belongs to them. The shortest
// of a few is taken, because a busy machine only makes it longer.
func TestFindIsTwoRounds(t *testing.T) {
	n := newTenant(t, m365fake.Config{Latency: latency})
	for _, address := range []string{"meganb@contoso.com", "fadym@contoso.com", "garthf@contoso.com"} {
		shortest := time.Hour
		for range 4 { // the first one also signs in
			began := time.Now()
			find(t, n, byAddress(address))
			shortest = min(shortest, time.Since(began))
		}
		if shortest < 2*latency || shortest >= 3*latency {
			t.Errorf("%s took %v; two rounds are %v", address, shortest, 2*latency)
		}
	}
}

// BenchmarkFind shows how many rounds of 100 ms a diagnosis takes: of a live account, a deleted one, and one by an alias that
// Graph cannot search, after the first search.
func BenchmarkFind(b *testing.B) {
	for name, address := range map[string]string{"live": "meganb@contoso.com", "deleted": "fadym@contoso.com", "alias": "partners@contoso.com"} {
		b.Run(name, func(b *testing.B) {
			n := newTenant(b, m365fake.Config{Latency: latency, RefuseDeletedProxyFilter: true})
			if _, err := findAll(b, n.client, byAddress(address)); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if _, err := findAll(b, n.client, byAddress(address)); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(latency), "rounds/op")
		})
	}
}
