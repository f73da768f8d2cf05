package slackfake

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"mailback/internal/fault"
)

// Config says what the workspace and its app are like. The zero value is a working workspace: every field has a default.
type Config struct {
	Now  func() time.Time // the clock of messages, trigger ids and response URLs; time.Now if nil
	Desk *fault.Desk      // lays faults on calls and keeps their journal, as service "slack"; one of its own if nil

	BotToken, AppToken string   // BotToken and AppToken of the seed if empty
	Scopes             []string // of the bot token
	HomeOff            bool     // the app has no Home tab: views.publish answers not_enabled

	AckTimeout     time.Duration   // 3 s, as docs.slack.dev/interactivity/handling-user-interaction
	PingInterval   time.Duration   // 5 s
	ConnectionLife time.Duration   // after which Slack refreshes a socket; 18060 s
	WarningLead    time.Duration   // between the disconnect warning and the refresh; 10 s
	EventRetries   []time.Duration // waits before retries 1, 2, ... of an event; Slack's schedule compressed: 0, 1 s, 5 s

	ResendEvents   bool // an unacknowledged event first comes again with its own envelope id and retry_attempt 0 (bolt-js#2487)
	ResendCommands bool // an unacknowledged slash command comes again on the next connection (bolt-js#2188)
	CloseOnLongAck bool // an ack over 20480 bytes closes the socket with 1009; otherwise it is silently dropped
	OwnSocketAcks  bool // an ack counts only on the socket that had its envelope; otherwise on any
	NoRateLimits   bool // methods have no limits of their own, only those that the desk asks for
}

// What Slack allows every app (docs.slack.dev/apis/events-api/using-socket-mode; slack-go socketmode/socketmode.go, maxResponseSize;
// docs.slack.dev/interactivity/handling-user-interaction).
const (
	maxConnections  = 10
	ackFrameBytes   = 20480
	responseURLUses = 5
)

func (c Config) withDefaults() Config {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Desk == nil {
		c.Desk = fault.New(c.Now)
	}
	if c.Scopes == nil {
		c.Scopes = seedScopes()
	}
	if c.EventRetries == nil {
		c.EventRetries = []time.Duration{0, time.Second, 5 * time.Second}
	}
	c.BotToken = cmp.Or(c.BotToken, BotToken)
	c.AppToken = cmp.Or(c.AppToken, AppToken)
	c.AckTimeout = cmp.Or(c.AckTimeout, 3*time.Second)
	c.PingInterval = cmp.Or(c.PingInterval, 5*time.Second)
	c.ConnectionLife = cmp.Or(c.ConnectionLife, 18060*time.Second)
	c.WarningLead = cmp.Or(c.WarningLead, 10*time.Second)
	return c
}

// Server is one Slack workspace with one app installed. All its methods may be called concurrently.
type Server struct {
	cfg     Config
	limits  *limiter
	methods map[string]method
	granted atomic.Pointer[[]string] // Config.Scopes, or those of SetScopes

	stop   context.Context // done once the server closes
	cancel context.CancelFunc
	tasks  sync.WaitGroup // sockets, event retries and announced disconnects

	mu        sync.Mutex // guards everything below; never held during I/O
	closed    bool
	people    map[string]*Person
	order     []string // people's ids, as seeded
	channels  map[string]*channel
	groups    map[string]*group
	triggers  map[string]*trigger
	oldest    []string // trigger ids, oldest first
	responses map[string]*responseURL
	views     map[string]*view // by id, open ones
	files     map[string]*file
	stacks    map[string]*stack // by user
	authError string            // what every call is refused with, as token_revoked
	lastTS    time.Time
	lastID    uint64
	hub       hub
}

// New returns a seeded workspace. Close ends its sockets.
func New(cfg Config) *Server {
	cfg = cfg.withDefaults()
	s := &Server{
		cfg: cfg, limits: newLimiter(),
		people: map[string]*Person{}, channels: map[string]*channel{}, groups: map[string]*group{},
		triggers: map[string]*trigger{}, responses: map[string]*responseURL{},
		views: map[string]*view{}, files: map[string]*file{}, stacks: map[string]*stack{}, hub: newHub(),
	}
	s.stop, s.cancel = context.WithCancel(context.Background())
	s.SetScopes(cfg.Scopes...)
	s.methods = s.webMethods()
	for _, p := range seedPeople() {
		s.people[p.ID] = p
		s.order = append(s.order, p.ID)
	}
	for _, c := range seedChannels() {
		s.channels[c.ID] = c
	}
	for _, g := range seedGroups() {
		s.groups[g.ID] = g
	}
	return s
}

// Handler serves the Web API at /api/, the Socket Mode sockets at /link/, the response URLs at /response/ and uploads at /upload/. Every
// link that it gives out is made from the request's Host header, so that a proxy may stand in between.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/api/{method}", s.cfg.Desk.Wrap("slack", refuse, http.HandlerFunc(s.serveMethod)))
	mux.Handle("POST /response/{team}/{id}", s.cfg.Desk.Wrap("slack", refuse, http.HandlerFunc(s.serveResponseURL)))
	mux.Handle("POST /upload/v1/{id}", s.cfg.Desk.Wrap("slack", refuse, http.HandlerFunc(s.serveUpload)))
	mux.HandleFunc("GET /link/", s.serveSocket)
	return mux
}

// Close ends all sockets and waits for the server's goroutines. Commands and clicks that still wait for an ack get none.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	s.tasks.Wait()
}

// enter counts a goroutine that Close waits for, and which calls tasks.Done. It is false once the server is closed.
func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.tasks.Add(1)
	return true
}

// goTask runs f as a goroutine that Close waits for. It does nothing once the server is closed.
func (s *Server) goTask(f func()) {
	if !s.enter() {
		return
	}
	go func() {
		defer s.tasks.Done()
		f()
	}()
}

// refuse answers a call that a fault spoils, as Slack does when it is throttling or in trouble. What other services say with 401 and 403
// Slack says with 200 and its own word (docs.slack.dev/apis/web-api#responses).
func refuse(w http.ResponseWriter, _ *http.Request, status int, retryAfter time.Duration) {
	switch status {
	case http.StatusUnauthorized:
		writeJSON(w, http.StatusOK, map[string]any{"ok": false, "error": "invalid_auth"})
		return
	case http.StatusForbidden:
		writeJSON(w, http.StatusOK, map[string]any{"ok": false, "error": "missing_scope", "needed": "chat:write", "provided": "commands"})
		return
	}
	code := "fatal_error"
	switch {
	case status == http.StatusTooManyRequests:
		code = "ratelimited"
	case status == http.StatusServiceUnavailable:
		code = "service_unavailable"
	case status >= http.StatusInternalServerError:
		code = "internal_error"
	}
	if retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(retryAfter.Seconds())))
	}
	writeJSON(w, status, map[string]any{"ok": false, "error": code})
}

// baseURL is the address by which the caller reached this server, such as http://127.0.0.1:8080.
func baseURL(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

// newTS returns the id of a new message: the clock's seconds and microseconds, never the same one twice.
// The caller holds the lock.
func (s *Server) newTS() string {
	at := s.cfg.Now().Truncate(time.Microsecond)
	if !at.After(s.lastTS) {
		at = s.lastTS.Add(time.Microsecond)
	}
	s.lastTS = at
	return tsOf(at)
}

func tsOf(at time.Time) string {
	return fmt.Sprintf("%d.%06d", at.Unix(), at.Nanosecond()/1000)
}

// nextID returns a fresh id with a prefix, as V for views: ten characters as Slack makes them. The caller holds the lock.
func (s *Server) nextID(prefix string) string {
	s.lastID++
	return prefix + "0" + strings.ToUpper(fmt.Sprintf("%08s", strconv.FormatUint(s.lastID, 36)))
}

// randomHex returns n random hexadecimal characters, for ids that nobody should guess from another one.
func randomHex(n int) string {
	const digits = "0123456789abcdef"
	b := make([]byte, n)
	for i := range b {
		b[i] = digits[rand.IntN(len(digits))] //nolint:gosec // A stand-in's ids protect nothing.
	}
	return string(b)
}

func (s *Server) hasScope(scope string) bool {
	return slices.Contains(s.scopes(), scope)
}

// scopes are those of the bot token now.
func (s *Server) scopes() []string { return *s.granted.Load() }

// SetScopes sets the scopes of the bot token, as installing the app again with others does.
func (s *Server) SetScopes(scopes ...string) {
	scopes = slices.Clone(scopes)
	s.granted.Store(&scopes)
}
