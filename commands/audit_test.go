package commands

import (
	"strings"
	"testing"
	"time"

	"mailback/bot"
	"mailback/recovery"
)

// The last line of a proof has what "mailback audit verify --expect" takes, for both who read it.
func TestProofEndsWithItsAnchor(t *testing.T) {
	r := deletedUser()
	r.State, r.Proof = recovery.Succeeded, &recovery.Proof{ReadAt: at(1)}
	e := recovery.Event{Request: 142, Seq: 17, Kind: recovery.EventEnded, From: recovery.Restoring, To: recovery.Succeeded, Hash: strings.Repeat("3fa9", 16)}
	cards := 0
	for _, m := range render(t, r, e) {
		if m.Key != recovery.CardApproval && m.Key != recovery.CardRequester {
			continue
		}
		cards++
		if !strings.Contains(string(m.Body), "audit trail `R-142/17:3fa93fa93fa93fa9`") {
			t.Errorf("%s has no anchor: %s", m.Key, m.Body)
		}
	}
	if cards != 2 {
		t.Errorf("%d cards", cards)
	}
}

func TestSealSaysHowItIsChecked(t *testing.T) {
	m, err := NewSealRenderer(RendererConfig{ApprovalChannel: approvals, Language: "en"})(recovery.Seal{
		N: 4, At: time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC), Requests: 12, Hash: strings.Repeat("ab", 32),
	})
	if err != nil {
		t.Fatal(err)
	}
	if m.Channel != approvals || m.Key != "seal:4" || !strings.Contains(string(m.Body), "4:abab") || bot.CheckBody(m.Body) != nil {
		t.Errorf("%+v: %s", m, m.Body)
	}
}
