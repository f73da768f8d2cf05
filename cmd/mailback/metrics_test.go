package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"mailback/bot"
	"mailback/internal/exposition"
	"mailback/recovery"
	"mailback/recovery/store"
)

// shown is what a page of metrics shows, by the names of the series.
type shown map[string]*dto.MetricFamily

func readMetrics(t *testing.T, page io.Reader) shown {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(page)
	if err != nil {
		t.Fatal(err)
	}
	return families
}

// value gives the value of a series, or how often a histogram was told something; labels are name and value in turn. It gives -1 for one that is
// not there.
func (s shown) value(name string, labels ...string) float64 {
	for _, m := range s[name].GetMetric() {
		given := map[string]string{}
		for _, l := range m.GetLabel() {
			given[l.GetName()] = l.GetValue()
		}
		same := true
		for i := 0; i < len(labels); i += 2 {
			same = same && given[labels[i]] == labels[i+1]
		}
		switch {
		case !same:
		case m.GetHistogram() != nil:
			return float64(m.GetHistogram().GetSampleCount())
		case m.GetCounter() != nil:
			return m.GetCounter().GetValue()
		default:
			return m.GetGauge().GetValue()
		}
	}
	return -1
}

// show gives what /metrics shows of these.
func (m *metrics) show(t *testing.T) shown {
	t.Helper()
	page := httptest.NewRecorder()
	m.ServeHTTP(page, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if page.Code != http.StatusOK || page.Header().Get("Content-Type") != exposition.ContentType {
		t.Fatalf("%d %s: %s", page.Code, page.Header(), page.Body)
	}
	return readMetrics(t, page.Body)
}

func testMetrics(backlog func(context.Context) (store.Backlog, error), signed *signIn, expiry time.Time) *metrics {
	m := newMetrics()
	health := func() bot.Health { return bot.Health{Connections: 2, Reconnects: 3} }
	m.stand(gauges{health: health, backlog: backlog, signIn: signed, expiry: func() time.Time { return expiry }})
	return m
}

// TestMetricsAreNamedByTheConventions also tells of each that is without a help text.
func TestMetricsAreNamedByTheConventions(t *testing.T) {
	t.Parallel()
	signed := newSignIn(time.Now)
	signed.note("graph", true)
	m := testMetrics(func(context.Context) (store.Backlog, error) { return store.Backlog{At: time.Now()}, nil }, signed, time.Now())
	m.event(recovery.Event{From: recovery.Restoring, To: recovery.Failed, Step: recovery.StepAssign, Result: recovery.StepFailed})
	families := m.show(t)
	if len(families) != 18 {
		t.Errorf("%d families: each has to be shown here", len(families))
	}
	problems, err := promlint.New(bytes.NewReader(m.registry.Text())).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	for _, f := range families {
		if !strings.HasPrefix(f.GetName(), "mailback_") || f.GetHelp() == "" {
			t.Errorf("%s: %q", f.GetName(), f.GetHelp())
		}
	}
}

func TestMetricsShowWhatStands(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	backlog := store.Backlog{
		At: now, Requests: map[recovery.State]int{recovery.Pending: 4},
		Jobs: map[string]store.Queue{"advance": {Running: 1, Due: 2, Later: 3, Oldest: 90 * time.Second}},
	}
	var err error
	signed := newSignIn(func() time.Time { return now })
	m := testMetrics(func(context.Context) (store.Backlog, error) { return backlog, err }, signed, now.Add(time.Hour))
	s := m.show(t)
	for _, c := range []struct {
		want   float64
		name   string
		labels []string
	}{
		{1, "mailback_ready", nil},
		{2, "mailback_sockets", nil},
		{3, "mailback_socket_reconnects_total", nil},
		{1, "mailback_database_up", nil},
		{4, "mailback_requests_open", []string{"state", "pending"}},
		{0, "mailback_requests_open", []string{"state", "restoring"}},
		{2, "mailback_jobs", []string{"queue", "advance", "state", "due"}},
		{1, "mailback_jobs", []string{"queue", "advance", "state", "running"}},
		{3, "mailback_jobs", []string{"queue", "advance", "state", "later"}},
		{0, "mailback_jobs", []string{"queue", "deliver", "state", "due"}},
		{90, "mailback_job_oldest_due_age_seconds", []string{"queue", "advance"}},
		{1_800_003_600, "mailback_credential_expiry_timestamp_seconds", nil},
		{1_800_000_000, "mailback_backlog_read_timestamp_seconds", nil},
		{1, "mailback_build_info", []string{"version", "development"}},
		{-1, "mailback_sign_in_up", nil},
	} {
		if got := s.value(c.name, c.labels...); got != c.want {
			t.Errorf("%s%v is %v, want %v", c.name, c.labels, got, c.want)
		}
	}
	err = &recovery.Error{Kind: recovery.Unavailable, Peer: recovery.PeerDatabase}
	signed.note("graph", true)
	signed.note("exchange", false)
	s = m.show(t)
	if s.value("mailback_ready") != 0 || s.value("mailback_database_up") != 0 || s.value("mailback_requests_open", "state", "pending") != 4 {
		t.Error("without a database the last values stay, and that it is away is shown")
	}
	if s.value("mailback_sign_in_up") != 0 || s.value("mailback_sign_in_last_success_timestamp_seconds") != 1_800_000_000 {
		t.Error("the sign-in to one of the two services fails, and that is not shown")
	}
}

// TestCallsAreCounted by service and status, and pauses that overlap once.
func TestCallsAreCounted(t *testing.T) {
	t.Parallel()
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "40")
		w.Header().Set("x-slack-req-id", "their-id")
		w.WriteHeader(status)
	}))
	t.Cleanup(server.Close)
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	m := newMetrics()
	s := &settings{SlackAPIURL: server.URL + "/api/", Cloud: "public"}
	u := newUpstream(http.DefaultTransport, s, m, logger)
	call := func(path string) {
		t.Helper()
		ctx := recovery.WithRequest(t.Context(), "R-7")
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := u.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
	}
	call("/api/chat.postMessage")
	status = http.StatusTooManyRequests
	call("/api/chat.update")
	call("/commands/T1/secret")
	got := m.show(t)
	if a, b := got.value("mailback_upstream_calls_total", "service", "slack", "code", "200"), got.value("mailback_upstream_calls_total", "service", "slack", "code", "429"); a != 1 || b != 2 {
		t.Errorf("%v calls were answered and %v throttled", a, b)
	}
	if paused := got.value("mailback_upstream_throttled_seconds_total", "service", "slack"); paused < 40 || paused > 45 {
		t.Errorf("throttled for %v s, want 40: a pause of an answer that is no refusal is none, and two at once are one", paused)
	}
	if n := got.value("mailback_upstream_call_duration_seconds", "service", "slack"); n != 3 {
		t.Errorf("%v durations", n)
	}
	server.Close()
	if _, err := u.RoundTrip(httptest.NewRequest(http.MethodGet, server.URL+"/api/x", nil)); err == nil {
		t.Fatal("a server that is closed has answered")
	}
	if n := m.show(t).value("mailback_upstream_calls_total", "service", "slack", "code", "none"); n != 1 {
		t.Errorf("%v calls without an answer", n)
	}
	for _, want := range []string{"service=slack op=chat.postMessage status=200", "request_id=their-id request=R-7", "op=answer status=429"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, log.String())
		}
	}
	if strings.Contains(log.String(), "secret") {
		t.Errorf("the log has the path of a response URL:\n%s", log.String())
	}
}

func TestServicesByHost(t *testing.T) {
	t.Parallel()
	u := newUpstream(nil, &settings{SlackAPIURL: "https://slack.com/api/", Cloud: "public"}, nil, nil)
	for host, want := range map[string]string{
		"slack.com": "slack", "files.slack.com": "slack", "hooks.slack.com": "slack", "graph.microsoft.com": "graph", "outlook.office365.com": "exchange",
		"eurprd01.outlook.office365.com": "exchange", "login.microsoftonline.com": "login", "169.254.169.254": "login",
	} {
		if got := u.service(&url.URL{Host: host}); got != want {
			t.Errorf("%s is of %s, want %s", host, got, want)
		}
	}
}

func TestRetryAfterHeader(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, "-7": 0, "soon": 0, "NaN": 0, "Mon, 30 Nov 2026 12:02:00 GMT": 2 * time.Minute, "Mon, 30 Nov 2026 11:00:00 GMT": 0,
	} {
		if got := retryAfter(http.Header{"Retry-After": {text}}, now); got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
	if got := retryAfter(nil, now); got != 0 {
		t.Errorf("no answer is %s", got)
	}
}

// BenchmarkAckIsCounted is what counting adds to each ack.
func BenchmarkAckIsCounted(b *testing.B) {
	m := newMetrics()
	b.ReportAllocs()
	for b.Loop() {
		m.ack("command", 3*time.Millisecond, bot.AckAnswered)
	}
}
