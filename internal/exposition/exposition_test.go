package exposition

import (
	"bytes"
	"math"
	"sync"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// TestPrometheusReadsIt: what is written is read by Prometheus' own parser as what was told.
func TestPrometheusReadsIt(t *testing.T) {
	t.Parallel()
	r := NewRegistry()
	c := r.Counter("calls_total", "Calls \\ of\na service.", "service", "code")
	c.Add(2, "graph", "200")
	c.Add(0.5, "graph", "200")
	c.Add(0, "graph", "503")
	const odd = "a \"quoted\" \\ text\nof two lines, {x=\"y\"} ā"
	c.Add(1e9, odd, "")
	g := r.Gauge("temperature", "Without labels.")
	g.Set(7)
	g.Set(-3.25)
	r.Gauge("never_set", "Not shown.")
	h := r.Histogram("took_seconds", "A histogram.", []float64{.1, 1, 2.5}, "kind")
	for _, v := range []float64{0, .1, .11, 1, 2.5, 3, math.Inf(1)} {
		h.Observe(v, "x")
	}
	h.Begin("y")
	looks := 0
	late := r.Gauge("looked_at", "Set when somebody asks.")
	r.BeforeText(func() { looks++; late.Set(float64(looks)) })
	r.Text()

	parser := expfmt.NewTextParser(model.UTF8Validation)
	got, err := parser.TextToMetricFamilies(bytes.NewReader(r.Text()))
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 4 || got["never_set"] != nil {
		t.Errorf("families %v", got)
	}
	if help := got["calls_total"].GetHelp(); help != "Calls \\ of\na service." {
		t.Errorf("help %q", help)
	}
	values := map[string]float64{}
	for _, m := range got["calls_total"].GetMetric() {
		if len(m.GetLabel()) != 2 {
			t.Fatalf("labels %v", m.GetLabel())
		}
		values[m.GetLabel()[0].GetValue()+"|"+m.GetLabel()[1].GetValue()] = m.GetCounter().GetValue()
	}
	if len(values) != 3 || values["graph|200"] != 2.5 || values["graph|503"] != 0 || values[odd+"|"] != 1e9 {
		t.Errorf("counters %v", values)
	}
	if v := got["temperature"].GetMetric()[0].GetGauge().GetValue(); v != -3.25 {
		t.Errorf("gauge %v", v)
	}
	if v := got["looked_at"].GetMetric()[0].GetGauge().GetValue(); v != 2 {
		t.Errorf("looked at %v times", v)
	}
	checkHistograms(t, got["took_seconds"])
}

// checkHistograms compares the two of TestPrometheusReadsIt, of which the second has nothing in it.
func checkHistograms(t *testing.T, got *dto.MetricFamily) {
	t.Helper()
	x, y := got.GetMetric()[0].GetHistogram(), got.GetMetric()[1].GetHistogram()
	if x.GetSampleCount() != 7 || !math.IsInf(x.GetSampleSum(), 1) || y.GetSampleCount() != 0 {
		t.Errorf("histograms %v and %v", x, y)
	}
	for i, want := range []struct {
		bound float64
		count uint64
	}{{.1, 2}, {1, 4}, {2.5, 5}, {math.Inf(1), 7}} {
		if b := x.GetBucket()[i]; b.GetUpperBound() != want.bound || b.GetCumulativeCount() != want.count {
			t.Errorf("bucket %v, want %v", b, want)
		}
	}
}

func TestNamesAreThoseOfAllSeries(t *testing.T) {
	t.Parallel()
	r := NewRegistry()
	r.Counter("a_total", "A.")
	r.Histogram("b_seconds", "B.", nil)
	got := r.Names()
	want := []string{"a_total", "b_seconds_bucket", "b_seconds_sum", "b_seconds_count"}
	if len(got) != len(want) {
		t.Fatalf("%q, want %q", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestManyCountAtOnce and nothing is lost, also while it is read.
func TestManyCountAtOnce(t *testing.T) {
	t.Parallel()
	r := NewRegistry()
	c, h := r.Counter("n_total", "N.", "x"), r.Histogram("h_seconds", "H.", []float64{1}, "x")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := range 1000 {
				c.Add(1, string(rune('a'+i%3)))
				h.Observe(float64(i%2)*2, "x")
				if i%100 == 0 {
					r.Text()
				}
			}
		})
	}
	all.Wait()
	if n := c.at([]string{"a"}).get() + c.at([]string{"b"}).get() + c.at([]string{"c"}).get(); n != 8000 {
		t.Errorf("%v were counted", n)
	}
	if x := h.at([]string{"x"}); x.in[0].Load() != 4000 || x.in[1].Load() != 4000 || x.sum.get() != 8000 {
		t.Errorf("%d and %d, %v in all", x.in[0].Load(), x.in[1].Load(), x.sum.get())
	}
}

func TestMistakesPanic(t *testing.T) {
	t.Parallel()
	for name, mistake := range map[string]func(*Registry){
		"a name twice":       func(r *Registry) { r.Counter("a", "A."); r.Gauge("a", "A.") },
		"too many labels":    func(r *Registry) { r.Counter("a", "A.", "x", "y", "z") },
		"too many bounds":    func(r *Registry) { r.Histogram("a", "A.", make([]float64, mostBounds+1)) },
		"bounds that fall":   func(r *Registry) { r.Histogram("a", "A.", []float64{2, 1}) },
		"a label is missing": func(r *Registry) { r.Counter("a", "A.", "x").Add(1) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s does not panic", name)
				}
			}()
			mistake(NewRegistry())
		}()
	}
}

// TestCountingMakesNoGarbage, since acks are counted.
func TestCountingMakesNoGarbage(t *testing.T) {
	r := NewRegistry()
	c, h := r.Counter("n_total", "N.", "x", "y"), r.Histogram("h_seconds", "H.", []float64{1, 2, 3}, "x", "y")
	if n := testing.AllocsPerRun(100, func() {
		c.Add(1, "command", "answered")
		h.Observe(.5, "command", "answered")
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
