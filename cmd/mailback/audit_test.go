package main

import (
	"testing"
	"time"

	"mailback/recovery"
	"mailback/recovery/store"
)

func TestParseAnchor(t *testing.T) {
	hash := "3fa9c2d1e0b4aa55"
	for in, want := range map[string]store.Anchor{
		"R-12/17:" + hash:         {Request: 12, Seq: 17, Hash: hash},
		"`R-12/17:" + hash + "` ": {Request: 12, Seq: 17, Hash: hash},
		"4:" + hash:               {Seal: 4, Hash: hash},
	} {
		if got, err := parseAnchor(in); err != nil || got != want {
			t.Errorf("%s: %+v, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "R-12:" + hash, "R-12/x:" + hash, "four:" + hash, "4:", "4:3fa9", "4:XYZ456789012345", hash} {
		if got, err := parseAnchor(in); err == nil {
			t.Errorf("%q was taken for %+v", in, got)
		}
	}
}

func TestParseSince(t *testing.T) {
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	for in, want := range map[string]time.Time{
		"": {}, "2026-11-01": time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), "30d": now.AddDate(0, 0, -30), "2h": now.Add(-2 * time.Hour),
	} {
		if got, err := parseSince(in, now); err != nil || !got.Equal(want) {
			t.Errorf("%q: %s, %v", in, got, err)
		}
	}
	for _, in := range []string{"yesterday", "-3d", "2026-13-01"} {
		if _, err := parseSince(in, now); err == nil {
			t.Errorf("%q was taken", in)
		}
	}
}

func TestAuditRowRunsNoFormula(t *testing.T) {
	e := store.Entry{Event: recovery.Event{
		Request: 12, Seq: 1, Kind: recovery.EventAsked, Ask: &recovery.Ask{Query: recovery.Query{Value: "=1+1@contoso.com"}, Reason: "@SUM(A1)"},
	}}
	row := auditRow(e)
	if len(row) != len(auditColumns()) {
		t.Fatalf("%d cells for %d columns", len(row), len(auditColumns()))
	}
	for i, cell := range row {
		if cell != "" && (cell[0] == '=' || cell[0] == '@') {
			t.Errorf("%s begins a formula: %s", auditColumns()[i], cell)
		}
	}
}
