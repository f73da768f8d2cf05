package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"mailback/internal/m365fake"
	"mailback/internal/sandbox"
	"mailback/internal/slackfake"
)

// TestReplicasKeepSlacksPace has three replicas bring the cards of many requests at once to Slack with its limits. They share its rates, so
// that few calls are refused: what waits in line here is shown sooner than what is refused there.
func TestReplicasKeepSlacksPace(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts three bots")
	}
	asks := 10
	if long() {
		asks = 30
	}
	s := setLargeStage(t, postgresDatabase(3)(t), sandbox.Config{Replicas: 3, Users: 20 * asks}, map[string]string{"MAILBACK_LOG_LEVEL": "info", "MAILBACK_COMMAND_LIMITS": "100000,100000"})
	defer s.close(t)
	for i := range asks {
		line := fmt.Sprintf("/restore-mailbox user%05d@%s left by mistake", 20*(i+1), m365fake.TenantDomain)
		if got, err := s.client.Command(t.Context(), slackfake.Megan, "", line); err != nil || requestIn(got.Reply) == 0 {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	for end := time.Now().Add(playWithin); s.cards(t) < asks; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d of %d cards came", s.cards(t), asks)
		}
	}
	calls, refused := 0, 0
	for _, c := range s.Desk().Calls() {
		if c.Service == "slack" && strings.HasPrefix(c.Path, "/api/chat.") {
			calls++
			if c.Status == 429 {
				refused++
			}
		}
	}
	t.Logf("%d of %d calls were refused by Slack's limits", refused, calls)
	if refused*20 > calls {
		t.Errorf("more than one in twenty")
	}
}

// cards counts the cards with a button to confirm.
func (s *stage) cards(t *testing.T) int {
	t.Helper()
	list, err := s.client.Messages(t.Context(), slackfake.Megan)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, m := range list {
		if sandbox.FindAction(m.Blocks, "request.confirm") != nil {
			n++
		}
	}
	return n
}
