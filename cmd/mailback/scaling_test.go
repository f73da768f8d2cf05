package main

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"mailback/internal/sandbox"
	"mailback/internal/slackfake"
)

// cost is what one request takes of what is rationed, from its ask to its end, as docs/scaling.md counts with it.
type cost struct {
	edits  int // chat.update, of all messages
	posts  int // messages into the approval channel
	reads  int // Graph calls that read
	writes int // Graph calls that change something
	cmds   int // Exchange cmdlets
}

// ordinary is the cost of a deleted user who comes back, when nobody waits and nothing fails.
func ordinary() cost { return cost{edits: 12, posts: 5, reads: 50, writes: 1, cmds: 20} }

// ration is a limit that all processes of the app share.
type ration struct {
	what string
	cost int
	have float64 // an hour
}

// rations are the published limits that a request meets: Slack's tier 3 as bot/pace.go keeps it, one message a second and channel, and
// Graph's of a small tenant (docs.slack.dev/apis/web-api/rate-limits; microsoftgraph/microsoft-graph-docs-contrib,
// concepts/throttling-limits.md). A read takes 2 units on average.
func rations(c cost) []ration {
	const hour = 3600
	return []ration{
		{"Slack: edits of messages, one each 1.3 s", c.edits, hour / 1.3},
		{"Slack: messages into the approval channel, one a second", c.posts, hour},
		{"Graph: 3,500 units in 10 s", 2 * c.reads, 350 * hour},
		{"Graph: 3,000 changes in 150 s", c.writes, 20 * hour},
	}
}

// TestScalingIsCounted holds the table of docs/scaling.md against the limits.
func TestScalingIsCounted(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/scaling.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rations(ordinary()) {
		line := fmt.Sprintf("| %s | %d | %d |", r.what, r.cost, int(r.have/float64(r.cost)))
		if !strings.Contains(string(text), line) {
			t.Errorf("docs/scaling.md does not have\n%s", line)
		}
	}
}

// pressOnce waits for a button and presses it a single time: a second click is looked at too, and costs.
func (s *stage) pressOnce(ctx context.Context, t *testing.T, user, action string) {
	t.Helper()
	for !s.press(ctx, user, action) {
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			t.Fatalf("%s waits in vain for %s", user, action)
		}
	}
}

// TestCostOfARequest counts what an ordinary request takes in truth. Microsoft's delays are taken away: how often a request looks again
// because of them depends on the machine.
func TestCostOfARequest(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts a bot")
	}
	s := setLargeStage(t, sqliteDatabase(t), sandbox.Config{NoRateLimits: true, NoDelays: true}, nil)
	defer s.close(t)
	ctx, cancel := context.WithTimeout(t.Context(), playWithin)
	defer cancel()
	if _, err := s.ask(ctx, plots()[0]); err != nil {
		t.Fatal(err)
	}
	s.pressOnce(ctx, t, slackfake.Megan, "request.confirm")
	s.pressOnce(ctx, t, slackfake.Patti, "request.approve")
	ends := regexp.MustCompile(`(?s)\bR-1: .* is restored`)
	for done := false; !done; time.Sleep(50 * time.Millisecond) {
		var err error
		if done, err = s.told(ctx, ends); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.settled(t.Context()); err != nil {
		t.Fatal(err)
	}
	var c cost
	for _, call := range s.Desk().Calls() {
		switch {
		case call.Path == "/api/chat.update":
			c.edits++
		case call.Service == "graph" && call.Method == "GET":
			c.reads++
		case call.Service == "graph":
			c.writes++
		case call.Service == "exchange":
			c.cmds++
		}
	}
	list, err := s.client.Messages(t.Context(), slackfake.Patti)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range list {
		if m.Channel == slackfake.ApprovalsID && !m.Ephemeral {
			c.posts++
		}
	}
	most := ordinary()
	if c.edits > most.edits || c.posts > most.posts || c.reads > most.reads || c.writes > most.writes || c.cmds > most.cmds {
		t.Errorf("it takes %+v, and docs/scaling.md counts with %+v", c, most)
	}
	t.Logf("it takes %+v", c)
}
