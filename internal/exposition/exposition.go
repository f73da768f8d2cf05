// Package exposition counts and shows what it counted in Prometheus' text format (prometheus.io/docs/instrumenting/exposition_formats, version
// 0.0.4). It is for Mailback's own metrics, no more: counters, gauges and histograms with a fixed set of labels, in a registry of their own.
//
// Prometheus' client for Go is not used because of its size: it cannot be had without protobuf, which makes the stripped binary 2 MB larger
// (docs/decisions/0009-metrics.md). Its parser and its linter read what this package writes, in tests.
package exposition

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// ContentType is that of what Registry.Text gives.
const ContentType = "text/plain; version=0.0.4; charset=utf-8"

// maxLabels is how many labels a metric may have.
const maxLabels = 2

// Registry is a set of metrics. Its methods that make one panic where the name is taken or has more than maxLabels labels: that is a mistake in
// the program, made before it does anything.
type Registry struct {
	mu       sync.Mutex
	families []family
	names    map[string]bool
	look     []func()
}

// family is a metric with all its series.
type family interface {
	write(page *bytes.Buffer)
	// seriesNames are those that its series have.
	seriesNames() []string
}

// NewRegistry gives an empty one.
func NewRegistry() *Registry { return &Registry{names: map[string]bool{}} }

// BeforeText has look called before each Text, to set what is not counted but looked at.
func (r *Registry) BeforeText(look func()) { r.look = append(r.look, look) }

// Text gives all metrics. One caller at a time is served.
func (r *Registry) Text() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, look := range r.look {
		look()
	}
	var page bytes.Buffer
	for _, f := range r.families {
		f.write(&page)
	}
	return page.Bytes()
}

// Names gives the names of all series that there can be; a histogram has three.
func (r *Registry) Names() (names []string) {
	for _, f := range r.families {
		names = append(names, f.seriesNames()...)
	}
	return names
}

func (r *Registry) add(d desc, f family) {
	if r.names[d.name] || len(d.labels) > maxLabels {
		panic(fmt.Sprintf("the metric %s is there twice, or has more than %d labels", d.name, maxLabels))
	}
	r.names[d.name] = true
	r.families = append(r.families, f)
}

// desc describes a metric.
type desc struct {
	name, help, kind string
	labels           []string
}

func (d desc) head(page *bytes.Buffer) {
	help := strings.NewReplacer(`\`, `\\`, "\n", `\n`).Replace(d.help)
	fmt.Fprintf(page, "# HELP %s %s\n# TYPE %s %s\n", d.name, help, d.name, d.kind)
}

// values are those of a metric's labels, in their order.
type values [maxLabels]string

// line writes a sample. bound is the label le of a histogram's bucket; empty for none.
func (d desc) line(page *bytes.Buffer, suffix string, of values, bound string, v float64) {
	page.WriteString(d.name + suffix)
	var pairs []string
	for i, label := range d.labels {
		pairs = append(pairs, label+`="`+strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(of[i])+`"`)
	}
	if bound != "" {
		pairs = append(pairs, `le="`+bound+`"`)
	}
	if len(pairs) > 0 {
		page.WriteString("{" + strings.Join(pairs, ",") + "}")
	}
	page.WriteString(" " + number(v) + "\n")
}

// number writes a value as the format has it: as Go does, and +Inf, -Inf and NaN.
func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// series are those of one metric, by the values of their labels.
type series[T any] struct {
	desc

	mu sync.RWMutex
	by map[values]*T
}

// at gives the series of some label values, which it makes where it is not there yet.
func (s *series[T]) at(labels []string) *T {
	var key values
	if len(labels) != len(s.labels) {
		panic(fmt.Sprintf("the metric %s has the labels %q", s.name, s.labels))
	}
	copy(key[:], labels)
	s.mu.RLock()
	one := s.by[key]
	s.mu.RUnlock()
	if one != nil {
		return one
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.by[key] == nil {
		s.by[key] = new(T)
	}
	return s.by[key]
}

// each calls show for each series, in the order of their labels.
func (s *series[T]) each(show func(of values, one *T)) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, of := range slices.SortedFunc(maps.Keys(s.by), func(a, b values) int { return slices.Compare(a[:], b[:]) }) {
		show(of, s.by[of])
	}
}

// float is a number that several may add to.
type float struct{ bits atomic.Uint64 }

func (f *float) get() float64  { return math.Float64frombits(f.bits.Load()) }
func (f *float) set(v float64) { f.bits.Store(math.Float64bits(v)) }

func (f *float) add(v float64) {
	for {
		was := f.bits.Load()
		if f.bits.CompareAndSwap(was, math.Float64bits(math.Float64frombits(was)+v)) {
			return
		}
	}
}

// Value is a counter or a gauge.
type Value struct{ series[float] }

// Counter makes a metric that only grows, or is set from what only grows.
func (r *Registry) Counter(name, help string, labels ...string) *Value {
	return r.value("counter", name, help, labels)
}

// Gauge makes a metric that is set.
func (r *Registry) Gauge(name, help string, labels ...string) *Value {
	return r.value("gauge", name, help, labels)
}

func (r *Registry) value(kind, name, help string, labels []string) *Value {
	v := &Value{series[float]{desc: desc{name, help, kind, labels}, by: map[values]*float{}}}
	r.add(v.desc, v)
	return v
}

// Add adds to the series with these label values; 0 makes it be there.
func (v *Value) Add(n float64, labels ...string) { v.at(labels).add(n) }

// Set sets the series with these label values.
func (v *Value) Set(n float64, labels ...string) { v.at(labels).set(n) }

func (v *Value) write(page *bytes.Buffer) {
	shown := false
	v.each(func(of values, one *float) {
		if !shown { // one without a series is not shown at all
			v.head(page)
			shown = true
		}
		v.line(page, "", of, "", one.get())
	})
}

func (v *Value) seriesNames() []string { return []string{v.name} }

// Histogram counts what it is told by buckets.
type Histogram struct {
	series[counts]

	bounds []float64
}

// mostBounds is how many bounds a histogram may have.
const mostBounds = 12

// counts are those of one series of a histogram: how much was up to each bound and above the one before, the last being what was above all.
type counts struct {
	in  [mostBounds + 1]atomic.Uint64
	sum float
}

// Histogram makes one whose buckets end at these bounds, in rising order; there is one more for what is above them.
func (r *Registry) Histogram(name, help string, bounds []float64, labels ...string) *Histogram {
	if len(bounds) > mostBounds || !slices.IsSorted(bounds) {
		panic(fmt.Sprintf("the metric %s has more than %d bounds, or they do not rise", name, mostBounds))
	}
	h := &Histogram{series[counts]{desc: desc{name, help, "histogram", labels}, by: map[values]*counts{}}, bounds}
	r.add(h.desc, h)
	return h
}

// Observe counts v in the series with these label values.
func (h *Histogram) Observe(v float64, labels ...string) {
	c := h.at(labels)
	i, _ := slices.BinarySearch(h.bounds, v) // the first bound that is not below v
	c.in[i].Add(1)
	c.sum.add(v)
}

// Begin makes the series with these label values be there, with nothing in it.
func (h *Histogram) Begin(labels ...string) { h.at(labels) }

func (h *Histogram) write(page *bytes.Buffer) {
	shown := false
	h.each(func(of values, c *counts) {
		if !shown {
			h.head(page)
			shown = true
		}
		all := uint64(0)
		for i, bound := range h.bounds {
			all += c.in[i].Load()
			h.line(page, "_bucket", of, number(bound), float64(all))
		}
		all += c.in[len(h.bounds)].Load()
		h.line(page, "_bucket", of, "+Inf", float64(all))
		h.line(page, "_sum", of, "", c.sum.get())
		h.line(page, "_count", of, "", float64(all))
	})
}

func (h *Histogram) seriesNames() []string {
	return []string{h.name + "_bucket", h.name + "_sum", h.name + "_count"}
}
