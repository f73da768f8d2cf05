package main

import (
	"context"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"mailback/bot"
	"mailback/internal/exposition"
	"mailback/recovery"
	"mailback/recovery/store"
)

// metrics are what /metrics shows. They have a registry of their own, and no label that names a person, a mailbox or a request, or whose values
// could grow without end.
type metrics struct {
	registry *exposition.Registry

	acks, took                     *exposition.Histogram
	ended, steps, calls, throttled *exposition.Value
}

// newMetrics gives metrics of which only what stands is missing: see stand.
func newMetrics() *metrics {
	r := exposition.NewRegistry()
	m := &metrics{
		registry: r,
		acks: r.Histogram("mailback_ack_duration_seconds",
			"Time from the receipt of an envelope of Slack's to its ack, by what it brought and which ack it got. Slack waits three seconds.",
			[]float64{.005, .01, .025, .05, .1, .25, .5, 1, 2, 3}, "kind", "outcome"),
		took: r.Histogram("mailback_upstream_call_duration_seconds", "Time from a call of a service to the beginning of its answer.",
			[]float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 20}, "service"),
		calls: r.Counter("mailback_upstream_calls_total",
			"Calls of a service, by the HTTP status of the answer, or none where there was none. Slack says most errors with 200.", "service", "code"),
		throttled: r.Counter("mailback_upstream_throttled_seconds_total",
			"Seconds that a service asked to be left alone for (Retry-After). Pauses that overlap count once.", "service"),
		ended: r.Counter("mailback_requests_ended_total", "Requests that this process has brought to an end, by their last state.", "state"),
		steps: r.Counter("mailback_steps_total",
			"Steps of restores, by kind and how they moved on: their change was sent, their effect was read back (done) or found, or they failed.", "step", "result"),
	}
	m.begin()
	return m
}

// begin makes the series from which alerts count: the first of a series that was not there before is no increase.
func (m *metrics) begin() {
	for _, service := range services() {
		m.throttled.Add(0, service)
		m.took.Begin(service)
		for _, code := range []string{"200", "429", "500", "502", "503", "504", noAnswer} {
			m.calls.Add(0, service, code)
		}
	}
	for _, state := range []recovery.State{
		recovery.Succeeded, recovery.Partial, recovery.Failed, recovery.Denied, recovery.Cancelled, recovery.Expired, recovery.Unneeded, recovery.Impossible,
	} {
		m.ended.Add(0, string(state))
	}
	for _, kind := range []string{"command", "action", "submission"} {
		for _, outcome := range bot.Outcomes() {
			m.acks.Begin(kind, string(outcome))
		}
	}
}

// ack counts an ack: see bot.Config.Observe.
func (m *metrics) ack(kind string, took time.Duration, outcome bot.Outcome) {
	m.acks.Observe(took.Seconds(), kind, string(outcome))
}

// event counts what became of requests and their steps: see store.Config.Observe.
func (m *metrics) event(e recovery.Event) {
	if e.From != e.To && !e.To.Open() {
		m.ended.Add(1, string(e.To))
	}
	if e.Result != "" {
		m.steps.Add(1, string(e.Step), string(e.Result))
	}
}

// noAnswer stands for the status of a call without one.
const noAnswer = "none"

// call counts a call of a service; a status of 0 is no answer. One that HTTP does not have is counted as one.
func (m *metrics) call(service string, status int, took time.Duration) {
	code := "other"
	switch {
	case status == 0:
		code = noAnswer
	case status >= 100 && status < 600:
		code = strconv.Itoa(status)
	}
	m.calls.Add(1, service, code)
	m.took.Observe(took.Seconds(), service)
}

// throttle counts a pause that a service asked for.
func (m *metrics) throttle(service string, pause time.Duration) {
	m.throttled.Add(pause.Seconds(), service)
}

// ServeHTTP shows all metrics.
func (m *metrics) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", exposition.ContentType)
	_, _ = w.Write(m.registry.Text()) // a scraper who left needs no answer
}

// gauges are what is looked at when somebody asks, and not counted.
type gauges struct {
	health  func() bot.Health
	backlog func(context.Context) (store.Backlog, error)
	signIn  *signIn
	expiry  func() time.Time // of the certificate; zero for none
}

// stand has the metrics show these as well. All but the backlog is in memory, and that takes half a second at most.
func (m *metrics) stand(s gauges) {
	r := m.registry
	build := r.Gauge("mailback_build_info", "1, with the release and the commit that it was built of.", "version", "revision")
	ready := r.Gauge("mailback_ready", "1 while a socket to Slack is up and the database can be read.")
	sockets := r.Gauge("mailback_sockets", "Sockets to Slack that are up; there should be two.")
	reconnects := r.Counter("mailback_socket_reconnects_total",
		"How often a connection to Slack came back after its socket had ended. Slack renews each every few hours.")
	database := r.Gauge("mailback_database_up", "1 while the database can be read at once.")
	look := m.backlog()
	signIn := m.signIn()
	expiry := r.Gauge("mailback_credential_expiry_timestamp_seconds",
		"When the certificate of the sign-in to Microsoft expires. Absent for a secret, whose end Entra alone knows.")
	commit, _ := built(debug.ReadBuildInfo())
	commit = strings.TrimPrefix(commit, "commit ")
	build.Set(1, release, commit)
	r.BeforeText(func() {
		h := s.health()
		b, err := s.backlog(context.Background())
		ready.Set(truth(h.Connections > 0 && err == nil))
		sockets.Set(float64(h.Connections))
		reconnects.Set(float64(h.Reconnects))
		database.Set(truth(err == nil))
		look(b)
		signIn(s.signIn)
		if ends := s.expiry(); !ends.IsZero() {
			expiry.Set(seconds(ends))
		}
	})
}

// backlog makes the metrics of what there is to do, with a zero where there is nothing.
func (m *metrics) backlog() (look func(store.Backlog)) {
	read := m.registry.Gauge("mailback_backlog_read_timestamp_seconds",
		"When mailback_requests_open and mailback_jobs were read: they stay while the database cannot be.")
	open := m.registry.Gauge("mailback_requests_open", "Requests that have not ended, by state; of all processes that share the database.", "state")
	jobs := m.registry.Gauge("mailback_jobs",
		"Jobs that have not ended, by queue: running, due, or waiting for their time (later); of all processes that share the database.", "queue", "state")
	oldest := m.registry.Gauge("mailback_job_oldest_due_age_seconds", "How long the oldest job of a queue has been due; 0 where none is.", "queue")
	return func(b store.Backlog) {
		if b.At.IsZero() {
			return // never read
		}
		read.Set(seconds(b.At))
		for _, state := range []recovery.State{recovery.Submitted, recovery.Confirming, recovery.Pending, recovery.Approved, recovery.Restoring} {
			open.Set(float64(b.Requests[state]), string(state))
		}
		for _, queue := range store.Queues() {
			q := b.Jobs[queue]
			jobs.Set(float64(q.Running), queue, "running")
			jobs.Set(float64(q.Due), queue, "due")
			jobs.Set(float64(q.Later), queue, "later")
			oldest.Set(q.Oldest.Seconds(), queue)
		}
	}
}

// signIn makes the metrics of the sign-in, which are absent before the first.
func (m *metrics) signIn() (look func(*signIn)) {
	up := m.registry.Gauge("mailback_sign_in_up", "1 where the last sign-in to Microsoft worked, 0 where it did not; absent before the first.")
	last := m.registry.Gauge("mailback_sign_in_last_success_timestamp_seconds", "When a token of Microsoft's was last to be had; absent before the first.")
	return func(s *signIn) {
		tried, worked, failed := s.last()
		if tried {
			up.Set(truth(failed.IsZero()))
		}
		if !worked.IsZero() {
			last.Set(seconds(worked))
		}
	}
}

// truth is 1 for what is so.
func truth(so bool) float64 {
	if so {
		return 1
	}
	return 0
}

// seconds is a time as Prometheus has it: seconds since 1970.
func seconds(at time.Time) float64 { return float64(at.UnixMilli()) / 1000 }
