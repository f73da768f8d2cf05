package main

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"mailback/recovery"
)

// The services that Mailback calls, as metrics and log name them.
const (
	serviceSlack    = "slack"
	serviceLogin    = "login"
	serviceGraph    = "graph"
	serviceExchange = "exchange"
)

func services() []string {
	return []string{serviceSlack, serviceLogin, serviceGraph, serviceExchange}
}

// upstream sends calls by another transport, counts them, and logs those of the services whose adapters do not log each call.
type upstream struct {
	next    http.RoundTripper
	byHost  map[string]string // services by URL.Host
	apiPath string            // of Slack's Web API: what is behind it is a method's name
	metrics *metrics
	log     *slog.Logger

	mu    sync.Mutex
	until map[string]time.Time // by service: when the pause that it asked for is over
}

func newUpstream(next http.RoundTripper, s *settings, m *metrics, log *slog.Logger) *upstream {
	u := &upstream{next: next, byHost: map[string]string{}, metrics: m, log: log, until: map[string]time.Time{}}
	at := s.endpoints()
	for name, address := range map[string]string{
		serviceLogin: at.authority, serviceGraph: at.graph, serviceExchange: at.exchange, serviceSlack: s.SlackAPIURL,
	} {
		base, err := url.Parse(address)
		if err != nil {
			continue // unreachable: what is no URL was refused with the settings
		}
		u.byHost[base.Host] = name
		if name == serviceSlack {
			u.apiPath = base.Path
		}
	}
	return u
}

// Unwrap gives the transport that calls are sent by.
func (u *upstream) Unwrap() http.RoundTripper { return u.next }

// RoundTrip makes a call.
func (u *upstream) RoundTrip(req *http.Request) (*http.Response, error) {
	began := time.Now()
	resp, err := u.next.RoundTrip(req)
	took, service, status := time.Since(began), u.service(req.URL), 0
	var header http.Header
	if err == nil {
		status, header = resp.StatusCode, resp.Header
	}
	u.metrics.call(service, status, took)
	if pause := retryAfter(header, time.Now()); pause > 0 && (status == http.StatusTooManyRequests || status >= http.StatusInternalServerError) {
		u.metrics.throttle(service, u.extend(service, pause, time.Now()))
	}
	if service == serviceSlack || service == serviceLogin { // the adapters log the others, with more to say
		u.tell(req.Context(), service, req.URL, status, header, took)
	}
	return resp, err
}

// service names whose call it is. A host that is nobody's own is one of Slack's (files, response URLs), one of Exchange's regions, or where the
// machine's identity signs in.
func (u *upstream) service(at *url.URL) string {
	if name, known := u.byHost[at.Host]; known {
		return name
	}
	host := "." + strings.ToLower(at.Hostname())
	switch {
	case strings.HasSuffix(host, ".slack.com"), strings.HasSuffix(host, ".slack-gov.com"):
		return serviceSlack
	case strings.HasSuffix(host, ".office365.com"), strings.HasSuffix(host, ".office365.us"), strings.HasSuffix(host, ".office.com"):
		return serviceExchange
	default:
		return serviceLogin
	}
}

// extend notes a pause that a service asks for, and gives by how much it is longer than what it has asked for already.
func (u *upstream) extend(service string, pause time.Duration, now time.Time) time.Duration {
	u.mu.Lock()
	defer u.mu.Unlock()
	from, until := u.until[service], now.Add(pause)
	if from.Before(now) {
		from = now
	}
	if !until.After(from) {
		return 0
	}
	u.until[service] = until
	return until.Sub(from)
}

// retryAfter is how long an answer asks to wait, in seconds or until a date (RFC 9110, 10.2.3); 0 where it does not say.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := h.Get("Retry-After")
	if text == "" {
		return 0
	}
	if seconds, err := strconv.ParseUint(text, 10, 32); err == nil {
		return time.Duration(seconds) * time.Second
	}
	until, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	return max(0, until.Sub(now))
}

// tell logs a call by its ids. A path is left out: that of a response URL is a secret, and that of a sign-in names the tenant.
func (u *upstream) tell(ctx context.Context, service string, at *url.URL, status int, header http.Header, took time.Duration) {
	if !u.log.Enabled(ctx, slog.LevelDebug) {
		return
	}
	op, id := "sign in", header.Get("x-ms-request-id")
	if service == serviceSlack {
		op, id = "answer", header.Get("x-slack-req-id")
		if dir, method := path.Split(at.Path); dir == u.apiPath {
			op = method
		}
	}
	attrs := []slog.Attr{
		slog.String("service", service), slog.String("op", op), slog.Int("status", status), slog.Duration("took", took), slog.String("request_id", id),
	}
	if ref := recovery.RequestRef(ctx); ref != "" {
		attrs = append(attrs, slog.String("request", ref))
	}
	u.log.LogAttrs(ctx, slog.LevelDebug, "upstream call", attrs...)
}
