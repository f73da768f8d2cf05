package graph

import (
	"testing"
	"time"
)

// Parts have every moment that their span has, share bounds but no more, and get shorter until a span is its own only part.
func TestParts(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for name, d := range map[string]span{
		"all": {}, "since": {from: now.Add(-15 * time.Minute)}, "a day": {now.Add(-48 * time.Hour), now.Add(-24 * time.Hour)},
		"odd": {now.Add(-1003 * time.Second), now.Add(-time.Second)}, "until": {to: now.Add(-time.Hour)},
	} {
		parts := d.parts(now)
		if len(parts) < 16 || !parts[0].from.Equal(d.from) || !parts[len(parts)-1].to.Equal(d.to) {
			t.Fatalf("%s: %d parts: %v", name, len(parts), parts)
		}
		for i, p := range parts {
			if i > 0 && !p.from.Equal(parts[i-1].to) || !p.to.IsZero() && !p.from.Before(p.to) {
				t.Errorf("%s: part %d is %v, after %v", name, i, p, parts[max(0, i-1)])
			}
			for depth := 0; len(p.parts(now)) > 1; depth++ {
				if p = p.parts(now)[1]; depth > 6 {
					t.Fatalf("%s: part %d has parts without end", name, i)
				}
			}
		}
	}
	for name, d := range map[string]span{
		"short": {now.Add(-15 * time.Second), now}, "beyond the retention": {to: now.Add(-31 * 24 * time.Hour)}, "not yet": {from: now},
	} {
		if parts := d.parts(now); len(parts) != 1 || parts[0] != d {
			t.Errorf("%s: %v", name, parts)
		}
	}
}

func TestSpanHas(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	d := span{at, at.Add(time.Minute)}
	for after, want := range map[time.Duration]bool{-time.Second: false, 0: true, time.Minute: true, 61 * time.Second: false} {
		if d.has(at.Add(after)) != want {
			t.Errorf("%v after its beginning: %t", after, !want)
		}
	}
	if got := d.filter(); got != "deletedDateTime ge 2026-11-23T12:00:00Z and deletedDateTime le 2026-11-23T12:01:00Z" {
		t.Error(got)
	}
	if got := (span{}).filter(); got != "" {
		t.Error(got)
	}
}
