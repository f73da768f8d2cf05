package bot

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what has to happen; only a failing test takes that long.
const patience = 10 * time.Second

// secrets is what no log line and no error may contain.
var secrets = regexp.MustCompile(`xox[a-z]-|xapp-|/respond/|ticket=`)

const (
	testBot = "xoxb-1-secret"
	testApp = "xapp-1-secret"
)

// peer is a Slack with the oddities that a test wants: a Web API whose methods are functions, and sockets in the test's hands.
type peer struct {
	t       *testing.T
	server  *httptest.Server
	sockets chan *socket  // each one that opened
	acks    chan ack      // each ack that came, from any socket
	greet   func(*socket) // says hello
	log     *syncBuffer   // what the bot logged
	tickets sync.Map      // single use
	number  int           // of sockets opened
	mu      sync.Mutex    // guards number, methods, calls
	methods map[string]func(http.ResponseWriter, url.Values)
	calls   []call
}

type call struct {
	method string
	form   url.Values // of a form; a JSON body is in "json"
}

type ack struct {
	EnvelopeID string          `json:"envelope_id"`
	Payload    json.RawMessage `json:"payload"`
	socket     int
}

func newPeer(t *testing.T) *peer {
	p := &peer{t: t, sockets: make(chan *socket, 100), acks: make(chan ack, 1000), methods: map[string]func(http.ResponseWriter, url.Values){}, log: &syncBuffer{}}
	p.greet = func(s *socket) {
		s.send(`{"type":"hello","num_connections":1,"connection_info":{"app_id":"A1"},"debug_info":{"approximate_connection_time":3600}}`)
	}
	p.answer("auth.test", `{"ok":true,"team_id":"T1","user_id":"UBOT","bot_id":"B1","enterprise_id":"E1"}`)
	p.answer("conversations.info", `{"ok":true,"channel":{"id":"C1","is_member":true}}`)
	p.server = httptest.NewUnstartedServer(http.HandlerFunc(p.serve))
	p.server.Config.ErrorLog = log.New(p.log, "", 0) // aborted answers
	p.server.Start()
	t.Cleanup(func() {
		p.server.CloseClientConnections()
		p.server.Close()
		if t.Failed() {
			t.Log(p.log.String())
		}
		if found := secrets.FindString(p.log.String()); found != "" {
			t.Errorf("the log contains %q:\n%s", found, p.log)
		}
	})
	return p
}

// on sets what a method of the Web API does.
func (p *peer) on(method string, f func(http.ResponseWriter, url.Values)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.methods[method] = f
}

// answer makes a method answer the texts in turn, the last one for ever.
func (p *peer) answer(method string, texts ...string) {
	p.on(method, func(w http.ResponseWriter, _ url.Values) {
		p.mu.Lock()
		defer p.mu.Unlock()
		_, _ = io.WriteString(w, texts[0])
		texts = texts[min(1, len(texts)-1):]
	})
}

// called returns the calls of a method so far.
func (p *peer) called(method string) []url.Values {
	p.mu.Lock()
	defer p.mu.Unlock()
	var forms []url.Values
	for _, c := range p.calls {
		if c.method == method {
			forms = append(forms, c.form)
		}
	}
	return forms
}

func (p *peer) serve(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/link/" {
		p.socket(w, r)
		return
	}
	body, _ := io.ReadAll(r.Body)
	form, err := url.ParseQuery(string(body))
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") || err != nil {
		form = url.Values{"json": {string(body)}, "bearer": {strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")}}
	}
	method := strings.TrimPrefix(r.URL.Path, "/api/")
	p.mu.Lock()
	p.calls = append(p.calls, call{method, form})
	f := p.methods[method]
	p.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	switch {
	case f != nil:
		f(w, form)
	case method == "apps.connections.open":
		p.open(w)
	default:
		_, _ = io.WriteString(w, `{"ok":false,"error":"unknown_method"}`)
	}
}

// open is apps.connections.open.
func (p *peer) open(w http.ResponseWriter) {
	ticket := fmt.Sprint(time.Now().UnixNano())
	p.tickets.Store(ticket, true)
	_, _ = fmt.Fprintf(w, `{"ok":true,"url":"ws%s/link/?ticket=%s"}`, strings.TrimPrefix(p.server.URL, "http"), ticket)
}

func (p *peer) socket(w http.ResponseWriter, r *http.Request) {
	if _, known := p.tickets.LoadAndDelete(r.URL.Query().Get("ticket")); !known {
		http.Error(w, "ticket is used", http.StatusForbidden)
		return
	}
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	p.mu.Lock()
	p.number++
	s := &socket{conn: conn, number: p.number, ended: make(chan struct{})}
	p.mu.Unlock()
	p.greet(s)
	p.sockets <- s
	defer close(s.ended)
	defer func() { _ = conn.Close() }()
	for {
		a := ack{socket: s.number}
		if conn.ReadJSON(&a) != nil {
			return
		}
		p.acks <- a
	}
}

// socket is one open connection of the bot.
type socket struct {
	conn   *websocket.Conn
	number int
	ended  chan struct{}
	mu     sync.Mutex
}

func (s *socket) send(frame string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conn.WriteMessage(websocket.TextMessage, []byte(frame)) == nil
}

func (s *socket) command(envelope, user, trigger, text string) bool {
	return s.send(fmt.Sprintf(`{"type":"slash_commands","envelope_id":%q,"accepts_response_payload":true,"payload":{"command":"/x","user_id":%q,"team_id":"T1","trigger_id":%q,"text":%q,"api_app_id":"A1","response_url":%q}}`,
		envelope, user, trigger, text, s.responseURL()))
}

func (s *socket) click(envelope, user, trigger, ts string) bool {
	return s.send(fmt.Sprintf(`{"type":"interactive","envelope_id":%q,"accepts_response_payload":true,"payload":{"type":"block_actions","user":{"id":%q},"trigger_id":%q,"api_app_id":"A1","response_url":%q,"container":{"type":"message","channel_id":"C1","message_ts":%q},"actions":[{"action_id":"a","block_id":"b","type":"button","value":"1"}]}}`,
		envelope, user, trigger, s.responseURL(), ts))
}

func (s *socket) responseURL() string {
	return "http://" + s.conn.LocalAddr().String() + "/respond/secret"
}

// next returns the next thing from a channel, or fails the test.
func next[T any](t *testing.T, from <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatalf("waited in vain for %s", what)
		panic("unreachable")
	}
}

// eventually waits until a condition holds, or fails the test.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// handler is a Handler of functions; those that are nil answer nothing.
type handler struct {
	command    func(context.Context, slack.SlashCommand) Reply
	action     func(context.Context, slack.InteractionCallback) Reply
	submission func(context.Context, slack.InteractionCallback) Reply
	shortcut   func(context.Context, slack.InteractionCallback) Reply
	event      func(context.Context, slackevents.EventsAPIEvent) Reply
}

func (h handler) Command(ctx context.Context, c slack.SlashCommand) Reply {
	return reply(ctx, h.command, c)
}

func (h handler) Action(ctx context.Context, a slack.InteractionCallback) Reply {
	return reply(ctx, h.action, a)
}

func (h handler) Submission(ctx context.Context, v slack.InteractionCallback) Reply {
	return reply(ctx, h.submission, v)
}

func (h handler) Shortcut(ctx context.Context, s slack.InteractionCallback) Reply {
	return reply(ctx, h.shortcut, s)
}

func (h handler) Event(ctx context.Context, e slackevents.EventsAPIEvent) Reply {
	return reply(ctx, h.event, e)
}

func reply[T any](ctx context.Context, f func(context.Context, T) Reply, v T) Reply {
	if f == nil {
		return Reply{}
	}
	return f(ctx, v)
}

// config is a Config for the peer. Its sorry texts are the trouble's name, and the user.
func (p *peer) config() Config {
	return Config{
		BotToken: testBot, AppToken: testApp, APIURL: p.server.URL + "/api",
		HTTPClient: &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}},
		Logger:     slog.New(slog.NewTextHandler(p.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Sorry:      func(why Trouble, user string) string { return "sorry " + why.String() + " " + user },
		Stagger:    time.Millisecond,
	}
}

func (p *peer) bot(changes ...func(*Config)) *Bot {
	p.t.Helper()
	c := p.config()
	for _, change := range changes {
		change(&c)
	}
	b, err := New(c)
	if err != nil {
		p.t.Fatal(err)
	}
	return b
}

// start runs a bot against the peer until the test ends. stop ends it before and returns what Run returned.
func (p *peer) start(h Handler, changes ...func(*Config)) (b *Bot, stop func() error) {
	p.t.Helper()
	b = p.bot(changes...)
	ctx, cancel := context.WithCancel(p.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx, h) }()
	var once sync.Once
	var err error
	stop = func() error {
		once.Do(func() {
			cancel()
			err = next(p.t, ended, "Run to return")
		})
		return err
	}
	p.t.Cleanup(func() { _ = stop() })
	return b, stop
}

// syncBuffer is a bytes.Buffer for several goroutines.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
