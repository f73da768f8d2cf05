package commands

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailback/bot"
	"mailback/internal/racetest"
	"mailback/internal/slackfake"
	"mailback/recovery"
)

// workspace is a stand-in for Slack, which refuses what Slack refuses.
func workspace(t *testing.T) (*slackfake.Server, string) {
	t.Helper()
	s := slackfake.New(slackfake.Config{NoRateLimits: true})
	web := httptest.NewServer(s.Handler())
	t.Cleanup(func() {
		s.Close()
		web.Close()
	})
	return s, web.URL + "/api/"
}

// post sends a message's body as it is and gives its ts.
func post(t *testing.T, api, channel string, body []byte) string {
	t.Helper()
	var m map[string]json.RawMessage
	if err := json.Unmarshal(body, &m); err != nil {
		t.Fatal(err)
	}
	var text string
	if err := json.Unmarshal(m["text"], &text); err != nil {
		t.Fatal(err)
	}
	form := url.Values{"token": {slackfake.BotToken}, "channel": {channel}, "text": {text}, "blocks": {string(m["blocks"])}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, api+"chat.postMessage", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var said struct {
		OK       bool   `json:"ok"`
		Error    string `json:"error"`
		TS       string `json:"ts"`
		Metadata struct {
			Messages []string `json:"messages"`
		} `json:"response_metadata"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&said); err != nil {
		t.Fatal(err)
	}
	if !said.OK {
		t.Errorf("Slack refuses it: %s %v", said.Error, said.Metadata.Messages)
	}
	return said.TS
}

func TestSlackTakesEveryMessage(t *testing.T) {
	t.Parallel()
	racetest.Leave(t)
	_, api := workspace(t)
	for _, s := range scenes() {
		for _, r := range []recovery.Request{s.r, absurd(s.r)} {
			for _, m := range render(t, r, s.e) {
				if post(t, api, m.Channel, m.Body) == "" {
					t.Errorf("%s, %s", s.name, m.Key)
				}
			}
		}
	}
}

// serve runs a bot with these handlers against the stand-in until the test ends.
func serve(t *testing.T, api string, d *desk) {
	t.Helper()
	b, err := bot.New(bot.Config{
		BotToken: slackfake.BotToken, AppToken: slackfake.AppToken, APIURL: api, Sorry: Sorry("en"),
		Logger: slog.New(slog.DiscardHandler), AckTimeout: 2 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	h := New(Config{Service: d, Slack: b, Language: "en", Now: func() time.Time { return at(0) }, Logger: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx, h) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	eventually(t, "a socket is up", func() bool { return b.Health().Connections > 0 })
}

func TestAConversationOverASocket(t *testing.T) {
	t.Parallel()
	s, api := workspace(t)
	d := &desk{requests: []recovery.Request{in(recovery.Pending)}, accounts: []recovery.Account{{UserPrincipalName: adele, DeletedAt: at(-24)}}}
	serve(t, api, d)
	say := func(line string) string {
		t.Helper()
		out, err := s.Command(t.Context(), slackfake.Megan, "", "/restore-mailbox "+line)
		if err != nil || out.Error != "" {
			t.Fatalf("%s: %+v %v", line, out, err)
		}
		return out.Reply
	}
	wantText(t, say("adelev@contoso.com She is back"), "R-142", adele)
	wantText(t, say("status"), "R-142", "waiting for approval")
	wantText(t, say("deleted"), "Looking")
	eventually(t, "the list after the ack", func() bool {
		messages, err := s.Messages(slackfake.Megan)
		return err == nil && slices.ContainsFunc(messages, func(m slackfake.MessageInfo) bool { return m.Ephemeral && strings.Contains(m.Text, "1 deleted user") })
	})
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.asks) != 1 || d.asks[0].Query != address(adele) || d.asks[0].Actor != actor(slackfake.Megan) || d.asks[0].Reason != "She is back" {
		t.Errorf("asked: %+v", d.asks)
	}
}

func TestClicksOverASocket(t *testing.T) {
	t.Parallel()
	s, api := workspace(t)
	d := &desk{}
	serve(t, api, d)
	card := find(t, sceneOf(t, "pending"), recovery.CardApproval)
	ts := post(t, api, card.Channel, card.Body)
	click := func(action recovery.Action, value string) {
		t.Helper()
		out, err := s.Click(t.Context(), slackfake.ClickRequest{User: slackfake.Patti, Channel: approvals, TS: ts, ActionID: string(action), Value: value})
		if err != nil || out.Error != "" {
			t.Fatalf("%+v %v", out, err)
		}
	}
	click(recovery.ActApprove, "")
	click(recovery.ActDeny, "")
	views, err := s.Views(slackfake.Patti)
	if err != nil || len(views.Modals) != 1 {
		t.Fatalf("%+v %v", views, err)
	}
	form, _ := views.Modals[0]["id"].(string)
	reason := map[string]map[string]any{"reason": {"reason": map[string]any{"type": "plain_text_input", "value": "Left for good"}}}
	if out, err := s.Submit(t.Context(), slackfake.Patti, form, reason); err != nil || out.Error != "" || len(out.Errors) > 0 {
		t.Fatalf("%+v %v", out, err)
	}
	choice := find(t, sceneOf(t, "ambiguous"), recovery.CardApproval)
	ts = post(t, api, choice.Channel, choice.Body)
	click(recovery.ChooseAccount, "id-2")
	want := []recovery.Click{{Action: recovery.ActApprove}, {Action: recovery.ActDeny, Reason: "Left for good"}, {Action: recovery.ChooseAccount, Value: "id-2"}}
	got := d.taken()
	for i := range got {
		if got[i].By != actor(slackfake.Patti) || got[i].Channel != approvals || got[i].TS == "" || got[i].Key == "" {
			t.Errorf("click %d: %+v", i, got[i])
		}
		got[i] = recovery.Click{Action: got[i].Action, Value: got[i].Value, Reason: got[i].Reason}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// eventually waits until something is so.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !so(); {
		if time.Now().After(deadline) {
			t.Fatalf("not in ten seconds: %s", what)
		}
		<-time.After(10 * time.Millisecond)
	}
}
