package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"mailback/internal/exposition"
	"mailback/internal/slackfake"
	"mailback/recovery/store"
)

// TestARequestIsFollowed plays a whole request, and then tells its story from what the bot has left for those who operate it: its log, by the
// request's id alone, and its metrics.
func TestARequestIsFollowed(t *testing.T) {
	t.Parallel()
	s := setStage(t, sqliteDatabase(t), 1, map[string]string{"MAILBACK_LOG_FORMAT": "json"})
	defer s.close(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if err := s.play(ctx, plots()[0]); err != nil {
		t.Fatal(err)
	}
	if err := s.settled(ctx); err != nil {
		t.Fatal(err)
	}
	text := s.log.find(regexp.MustCompile(`(?s).*`))
	t.Run("log", func(t *testing.T) { followLog(t, readLog(t, text), s.url) })
	t.Run("privacy", func(t *testing.T) {
		for _, secret := range []string{"adelev", "Adele", "left by mistake", "xoxb-", "xapp-", "/response/"} {
			if at := strings.Index(text, secret); at >= 0 {
				t.Errorf("the log has %q: …%s", secret, text[max(0, at-200):min(len(text), at+50)])
			}
		}
	})
	t.Run("metrics", func(t *testing.T) { followMetrics(t, s) })
}

// logLine is a line of the log.
type logLine map[string]any

func (l logLine) is(want map[string]any) bool {
	for key, value := range want {
		got, there := l[key]
		if value == present {
			if text, ok := got.(string); !there || ok && text == "" {
				return false
			}
			continue
		}
		if fmt.Sprint(got) != fmt.Sprint(value) {
			return false
		}
	}
	return true
}

// present stands for any value that is not empty.
const present = "*"

func readLog(t *testing.T, text string) (lines []logLine) {
	t.Helper()
	for line := range strings.Lines(text) {
		var l logLine
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatalf("a line of the log is no JSON: %s", line)
		}
		if l["request"] == "R-1" {
			lines = append(lines, l)
		}
	}
	return lines
}

// followLog reads the story of R-1 in the order in which it has to be told.
func followLog(t *testing.T, lines []logLine, url string) {
	t.Helper()
	event := func(kind string, more ...any) map[string]any {
		want := map[string]any{"msg": "request event", "level": "INFO", "event": kind}
		for i := 0; i < len(more); i += 2 {
			want[more[i].(string)] = more[i+1]
		}
		return want
	}
	at := 0
	for _, want := range []map[string]any{
		event("asked", "by", slackfake.Megan, "state", "submitted"),
		{"msg": "graph call", "status": 200, "client_request_id": present, "request_id": present},
		event("planned", "state", "confirming"),
		event("clicked", "by", slackfake.Megan, "action", "request.confirm"),
		event("confirmed", "by", slackfake.Megan, "state", "pending"),
		event("clicked", "by", slackfake.Patti, "action", "request.approve"),
		event("approved", "by", slackfake.Patti, "from", "pending", "state", "approved"),
		event("started", "state", "restoring"),
		{"msg": "step begun", "step": "restore-user"},
		{"msg": "graph call", "op": "restore user", "status": 200, "client_request_id": present, "request_id": present},
		event("step", "step", "restore-user", "result", "sent", "client_request_id", present, "request_id", present),
		{"msg": "graph call", "status": 200, "request_id": present},
		event("step", "step", "restore-user", "result", "done"),
		{"msg": "step begun", "step": "mailbox"},
		event("step", "step", "mailbox", "result", "done"),
		{"msg": "proof read", "missing": 0, "request_id": present},
		event("ended", "from", "restoring", "state", "succeeded"),
	} {
		i := slices.IndexFunc(lines[at:], func(l logLine) bool { return l.is(want) })
		if i < 0 {
			t.Fatalf("after line %d of the log there is no %v:\n%s", at, want, told(lines))
		}
		at += i + 1
	}
	recorded := map[string]any{"msg": "recorded", "what": "asked", "how": "command", "envelope": present, "user": slackfake.Megan}
	if !slices.ContainsFunc(lines, func(l logLine) bool { return l.is(recorded) }) { // beside the job, which may be quicker
		t.Errorf("there is no %v:\n%s", recorded, told(lines))
	}
	for _, service := range []string{"exchange", "slack", "login"} { // between which lines is their own affair
		want := map[string]any{"msg": "upstream call", "service": service, "status": 200}
		switch service {
		case "exchange":
			want = map[string]any{"msg": "exchange call", "status": 200, "client_request_id": present, "request_id": present}
		case "login":
			want["request_id"] = present
		}
		if !slices.ContainsFunc(lines, func(l logLine) bool { return l.is(want) }) {
			t.Errorf("there is no call of %s:\n%s", service, told(lines))
		}
	}
	followSteps(t, lines)
	followTrail(t, lines, url)
}

// followSteps pairs the beginning of each step with its end.
func followSteps(t *testing.T, lines []logLine) {
	t.Helper()
	begun := map[any]bool{}
	for _, l := range lines {
		switch {
		case l["msg"] == "step begun":
			if begun[l["step"]] {
				t.Errorf("the step %s has begun twice", l["step"])
			}
			begun[l["step"]] = true
		case l["result"] == "done", l["result"] == "found":
			if !begun[l["step"]] {
				t.Errorf("the step %s is done and has not begun", l["step"])
			}
			delete(begun, l["step"])
		}
	}
	for step := range begun {
		t.Errorf("the step %s has begun and is not done", step)
	}
}

// followTrail compares the log with the audit trail: each event has its line, and they stand in their order.
func followTrail(t *testing.T, lines []logLine, url string) {
	t.Helper()
	trail, err := store.OpenTrail(t.Context(), url, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer trail.Close()
	var kept, logged []string
	if err := trail.Export(t.Context(), time.Time{}, func(e store.Entry) error {
		kept = append(kept, fmt.Sprintf("%d %s %s", e.Seq, e.Kind, e.To))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for _, l := range lines {
		if l["msg"] == "request event" {
			logged = append(logged, fmt.Sprintf("%v %s %s", l["seq"], l["event"], l["state"]))
		}
	}
	if !slices.Equal(kept, logged) {
		t.Errorf("the trail has\n%s\nand the log\n%s", strings.Join(kept, "\n"), strings.Join(logged, "\n"))
	}
}

func told(lines []logLine) string {
	var all []string
	for _, l := range lines {
		text, err := json.Marshal(l)
		if err != nil {
			return err.Error()
		}
		all = append(all, string(text))
	}
	return strings.Join(all, "\n")
}

// labels are those that a series may have, none of which says of whom or of which request it is.
var labels = []string{"kind", "outcome", "service", "code", "state", "step", "result", "queue", "version", "revision", "le"}

// followMetrics scrapes the bot.
func followMetrics(t *testing.T, s *stage) {
	t.Helper()
	get := func(path string) (string, string) {
		t.Helper()
		resp, err := http.Get(s.Health() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatal(resp.Status, err, string(body))
		}
		return string(body), resp.Header.Get("Content-Type")
	}
	page, kind := get("/metrics")
	if kind != exposition.ContentType {
		t.Errorf("it is %s", kind)
	}
	got := readMetrics(t, strings.NewReader(page))
	for _, c := range []struct {
		least  float64
		name   string
		labels []string
	}{
		{1, "mailback_ack_duration_seconds", []string{"kind", "command", "outcome", "answered"}},
		{2, "mailback_ack_duration_seconds", []string{"kind", "action", "outcome", "answered"}},
		{1, "mailback_requests_ended_total", []string{"state", "succeeded"}},
		{1, "mailback_steps_total", []string{"step", "restore-user", "result", "sent"}},
		{1, "mailback_steps_total", []string{"step", "restore-user", "result", "done"}},
		{1, "mailback_upstream_calls_total", []string{"service", "slack", "code", "200"}},
		{1, "mailback_upstream_calls_total", []string{"service", "graph", "code", "200"}},
		{1, "mailback_upstream_calls_total", []string{"service", "exchange", "code", "200"}},
		{1, "mailback_upstream_calls_total", []string{"service", "login", "code", "200"}},
		{1, "mailback_sockets", nil},
		{1, "mailback_ready", nil},
		{1, "mailback_database_up", nil},
		{1, "mailback_sign_in_up", nil},
		{0, "mailback_jobs", []string{"queue", "advance", "state", "due"}},
		{0, "mailback_requests_open", []string{"state", "pending"}},
		{1, "mailback_jobs", []string{"queue", "upkeep", "state", "later"}},
		{1, "mailback_build_info", nil},
	} {
		if v := got.value(c.name, c.labels...); v < c.least {
			t.Errorf("%s%v is %v, want %v at least", c.name, c.labels, v, c.least)
		}
	}
	for name, family := range got {
		for _, m := range family.GetMetric() {
			for _, l := range m.GetLabel() {
				if !slices.Contains(labels, l.GetName()) || strings.ContainsAny(l.GetValue(), "@/") || strings.Contains(l.GetValue(), "R-1") {
					t.Errorf("%s has the label %s=%s", name, l.GetName(), l.GetValue())
				}
			}
		}
	}
	if ready, _ := get("/readyz"); !regexp.MustCompile(`"sign-in":"ok, \d+ s ago"`).MatchString(ready) {
		t.Errorf("/readyz says %s", ready)
	}
}
