package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"testing"
	"time"

	"mailback/internal/m365fake"
	"mailback/internal/slackfake"
)

// These benchmarks give the figures of docs/performance.md: see "make bench", which builds program first and prints all
// figures as one table. Each of them takes its own repetitions, so that one run of it is enough. One that misses its goal makes the run fail. No
// test runs them, so a machine that is busy with something else fails nobody's change: what must always hold is counted by tests, as
// the chain of a diagnosis is by TestDiagnosisChain.

// program is the stripped binary that "make build" makes.
const program = "../../bin/mailback"

// most reports a figure together with the highest value that it may have. Where it is higher, the run of all benchmarks fails at its end:
// of a benchmark that fails Go prints no figures.
func most(b *testing.B, unit string, value, goal float64) {
	b.Helper()
	b.ReportMetric(value, unit)
	b.ReportMetric(goal, unit+"-goal")
	if value > goal {
		misses = append(misses, fmt.Sprintf("%s: %.4g %s, at most %.4g", b.Name(), value, unit, goal))
	}
}

// misses are the goals that benchmarks have missed.
var misses []string

// quantiles reports the median, the 99th percentile, which has a goal unless that is 0, and the longest of some times.
func quantiles(b *testing.B, took []time.Duration, p99Goal float64) {
	b.Helper()
	if len(took) == 0 {
		b.Fatal("nothing was measured")
	}
	slices.Sort(took)
	b.ReportMetric(ms(took[len(took)/2]), "p50-ms")
	b.ReportMetric(ms(took[len(took)-1]), "max-ms")
	b.ReportMetric(0, "ns/op") // says nothing here
	p99 := ms(took[len(took)*99/100])
	if p99Goal > 0 {
		most(b, "p99-ms", p99, p99Goal)
		return
	}
	b.ReportMetric(p99, "p99-ms")
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// median is the middle one of some times.
func median(took []time.Duration) time.Duration {
	slices.Sort(took)
	return took[len(took)/2]
}

// world is the stand-ins on loopback ports, as the sandbox has them, with the settings that a bot needs there.
type world struct {
	slack *slackfake.Server
	m365  *m365fake.Server
	env   map[string]string
}

func newWorld(b *testing.B, slackConfig slackfake.Config, m365Config m365fake.Config) *world {
	b.Helper()
	collect := debug.SetGCPercent(400) // of the stand-ins, which have the same processors as the bot that is measured
	b.Cleanup(func() { debug.SetGCPercent(collect) })
	w := &world{slack: slackfake.New(slackConfig)}
	b.Cleanup(w.slack.Close)
	if err := w.slack.ChangeMembers(slackfake.ApprovalsID, nil, []string{slackfake.External}); err != nil {
		b.Fatal(err)
	}
	var err error
	if w.m365, err = m365fake.New(m365Config); err != nil {
		b.Fatal(err)
	}
	cert, err := m365fake.NewCertificate()
	if err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	ca := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(ca, cert.CA, 0o600); err != nil {
		b.Fatal(err)
	}
	login := httptest.NewUnstartedServer(w.m365.LoginHandler())
	login.TLS = &tls.Config{Certificates: []tls.Certificate{cert.Server}, MinVersion: tls.VersionTLS12}
	login.StartTLS()
	b.Cleanup(login.Close)
	app := w.m365.App()
	w.env = map[string]string{
		"SLACK_BOT_TOKEN": slackfake.BotToken, "SLACK_APP_TOKEN": slackfake.AppToken, "SLACK_API_URL": listen(b, w.slack.Handler()) + "/api/",
		"AZURE_TENANT_ID": app.TenantID, "AZURE_CLIENT_ID": app.ClientID, "AZURE_CLIENT_SECRET": app.ClientSecret,
		"AZURE_AUTHORITY_HOST": login.URL + "/", "GRAPH_BASE_URL": listen(b, w.m365.GraphHandler()) + "/v1.0",
		"EXCHANGE_BASE_URL": listen(b, w.m365.ExchangeHandler()), "MAILBACK_CA_FILE": ca,
		"MAILBACK_APPROVERS": slackfake.ApproverGroup, "MAILBACK_APPROVAL_CHANNEL": slackfake.ApprovalsID,
		"MAILBACK_DATABASE_URL": "sqlite:" + filepath.Join(dir, "mailback.db"), "MAILBACK_LOG_LEVEL": "error",
		"MAILBACK_COMMAND_LIMITS": "100000,100000",
	}
	return w
}

func listen(b *testing.B, h http.Handler) string {
	b.Helper()
	s := httptest.NewServer(h)
	b.Cleanup(s.Close)
	return s.URL
}

// database is the file of the bot's database.
func (w *world) database() string { return w.env["MAILBACK_DATABASE_URL"][len("sqlite:"):] }

// started is a bot as a process of its own.
type started struct {
	*exec.Cmd

	log   logTail
	ready time.Duration // from its start to the first 200 of /readyz
}

// start starts program and waits until it is ready. It is killed with the benchmark, if not before.
func (w *world) start(b *testing.B) *started {
	b.Helper()
	health := freeAddress(b)
	env := maps.Clone(w.env)
	env["MAILBACK_LISTEN"] = health
	p := &started{Cmd: exec.CommandContext(context.WithoutCancel(b.Context()), program, "serve")}
	p.Stdout, p.Stderr = &p.log, &p.log
	for name, value := range env {
		p.Env = append(p.Env, name+"="+value)
	}
	began := time.Now()
	if err := p.Start(); err != nil {
		b.Fatalf("%v: run \"make build\" first", err)
	}
	b.Cleanup(p.kill)
	for !isReady(b, health) {
		if time.Since(began) > patience {
			b.Fatalf("the bot is not ready:\n%s", p.log.String())
		}
		time.Sleep(2 * time.Millisecond)
	}
	p.ready = time.Since(began)
	return p
}

// kill ends the bot as a power cut does.
func (p *started) kill() {
	if p.ProcessState == nil {
		_ = p.Process.Kill() // it may have ended by itself
		_ = p.Wait()         // killed, says the error
	}
}

// freeAddress is one of this machine that nobody listens on.
func freeAddress(tb testing.TB) string {
	tb.Helper()
	s := httptest.NewServer(nil)
	defer s.Close()
	return s.Listener.Addr().String()
}

func isReady(b *testing.B, health string) bool {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, "http://"+health+"/readyz", http.NoBody)
	if err != nil {
		b.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return false
	}
	_ = answer.Body.Close() // its status is all that counts
	return answer.StatusCode == http.StatusOK
}
