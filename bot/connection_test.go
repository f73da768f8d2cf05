package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
)

func echo() handler {
	return handler{command: func(_ context.Context, c slack.SlashCommand) Reply { return Reply{Payload: text(c.Text)} }}
}

func TestTwoSocketsOverlapWhenOneIsRenewed(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	b, _ := p.start(echo())
	one, two := next(t, p.sockets, "a socket"), next(t, p.sockets, "a second socket")
	eventually(t, "both are live", func() bool { return b.Health().Connections == 2 })
	n := 0
	deliver := func(s *socket) {
		t.Helper()
		n++
		id := fmt.Sprint("e", n)
		s.command(id, "U1", fmt.Sprint("t", n), id)
		if a := next(t, p.acks, "the ack of "+id); a.EnvelopeID != id || a.socket != s.number || string(a.Payload) != `{"text":"`+id+`"}` {
			t.Errorf("%s sent on %d: %s acked on %d with %s", id, s.number, a.EnvelopeID, a.socket, a.Payload)
		}
	}
	for _, reason := range []string{"warning", "refresh_requested"} {
		deliver(one)
		one.send(`{"type":"disconnect","reason":"` + reason + `"}`)
		for range 20 { // Slack delivers to the other while the first is gone
			deliver(two)
		}
		next(t, one.ended, "the end of the renewed socket")
		fresh := next(t, p.sockets, "the socket that replaces it")
		eventually(t, "both are live", func() bool { return b.Health().Connections == 2 })
		one, two = two, fresh
	}
	if gap := b.Health().Gap(time.Now(), time.Time{}); gap != 0 {
		t.Errorf("a gap of %s", gap)
	}
}

func TestSocketThatBreaksIsReplaced(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	p.start(echo())
	for acked := 0; acked < 6; { // more than youngLimit: with pauses, but it goes on
		s := next(t, p.sockets, "a socket")
		s.command(fmt.Sprint("e", s.number), "U1", fmt.Sprint("t", s.number), "")
		select {
		case <-p.acks:
			acked++
		case <-s.ended: // it was opened to find out why the others end
		case <-time.After(patience):
			t.Fatal("neither an ack nor the end of the socket")
		}
		_ = s.conn.Close()
	}
}

func TestHungOpenIsGivenUp(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	var calls atomic.Int32
	p.on("apps.connections.open", func(w http.ResponseWriter, _ url.Values) {
		if calls.Add(1) == 1 {
			time.Sleep(time.Second) // longer than the client waits
			return
		}
		p.open(w)
	})
	p.start(echo(), func(c *Config) { c.HTTPClient.Timeout = 50 * time.Millisecond })
	next(t, p.sockets, "a socket")
}

// TestSocketWithoutHelloIsNoConnection: it counts as none, and is given up for another.
func TestSocketWithoutHelloIsNoConnection(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	hello := p.greet
	p.greet = func(s *socket) {
		if s.number > 1 {
			hello(s)
		}
	}
	b := p.bot()
	c := b.connection("first", &dispatcher{})
	c.within = 50 * time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.run(ctx) }()
	silent := next(t, p.sockets, "a socket")
	if h := b.Health(); h.Connections != 0 || !h.LastLive.IsZero() {
		t.Errorf("without a hello: %+v", h)
	}
	next(t, silent.ended, "the end of the silent socket")
	next(t, p.sockets, "another socket")
	eventually(t, "it is live", func() bool { return b.Health().Connections == 1 })
	cancel()
	if err := next(t, ended, "the end"); err != nil || b.Health().Connections != 0 {
		t.Errorf("ended with %v and %+v", err, b.Health())
	}
}

func TestErrorsOfTheNetworkAreRetried(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	var auth, opens atomic.Int32
	p.on("auth.test", func(w http.ResponseWriter, _ url.Values) {
		switch auth.Add(1) {
		case 1:
			panic(http.ErrAbortHandler)
		case 2:
			http.Error(w, "<html>busy</html>", http.StatusServiceUnavailable)
		default:
			_, _ = io.WriteString(w, `{"ok":true,"team_id":"T1"}`)
		}
	})
	p.on("apps.connections.open", func(w http.ResponseWriter, _ url.Values) {
		switch opens.Add(1) {
		case 1:
			_, _ = io.WriteString(w, `{"ok":false,"error":"internal_error"}`)
		case 2:
			_, _ = io.WriteString(w, `{"ok":true,"url":"ws://127.0.0.1:1/link/?ticket=secret"}`)
		case 3:
			http.NotFound(w, nil) // slack-go gives up on it
		default:
			p.open(w)
		}
	})
	b, _ := p.start(echo())
	next(t, p.sockets, "a socket")
	eventually(t, "the bot is connected", func() bool { return b.Health().Connections > 0 })
	if id := b.Identity(); id.TeamID != "T1" || id.AppID != "A1" {
		t.Errorf("identity %+v", id)
	}
}

func TestRefusedTokensEndRun(t *testing.T) {
	t.Parallel()
	for _, code := range []string{
		"not_allowed_token_type", "missing_scope", "token_expired", "no_permission", "forbidden_team", "team_access_not_granted",
		"invalid_auth", "not_authed", "account_inactive", "token_revoked", "missing_args",
	} {
		for method, setting := range map[string]string{"apps.connections.open": "SLACK_APP_TOKEN", "auth.test": "SLACK_BOT_TOKEN"} {
			t.Run(method+" "+code, func(t *testing.T) {
				t.Parallel()
				p := newPeer(t)
				p.answer(method, `{"ok":false,"error":"`+code+`"}`)
				err := p.bot().Run(t.Context(), handler{})
				fault, ok := errors.AsType[*FatalError](err)
				if !ok || fault.Setting != setting || fault.Code != code || fault.Remedy == "" {
					t.Errorf("Run: %v", err)
				}
				if want := "Slack refuses " + setting + " (" + code + "): "; err == nil || !strings.HasPrefix(err.Error(), want) {
					t.Errorf("Run: %v, want %s…", err, want)
				}
			})
		}
	}
}

func TestTokenRevokedWhileRunningEndsRun(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	ended := make(chan error, 1)
	b := p.bot()
	go func() { ended <- b.Run(t.Context(), echo()) }()
	one, two := next(t, p.sockets, "a socket"), next(t, p.sockets, "a second socket")
	p.answer("apps.connections.open", `{"ok":false,"error":"token_revoked"}`)
	_ = one.conn.Close()
	want := "Slack refuses SLACK_APP_TOKEN (token_revoked): make a new app-level token with connections:write and restart"
	if err := next(t, ended, "the end of Run"); err == nil || err.Error() != want {
		t.Errorf("Run: %v, want %s", err, want)
	}
	next(t, two.ended, "the end of the other socket")
}

func TestSocketModeSwitchedOffEndsRun(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	p.greet = func(s *socket) { s.send(`{"type":"disconnect","reason":"link_disabled"}`) }
	err := p.bot().Run(t.Context(), handler{})
	if err == nil || err.Error() != "Slack refuses SLACK_APP_TOKEN (link_disabled): switch on Socket Mode in the app's settings and restart" {
		t.Errorf("Run: %v", err)
	}
}

func TestTooManyWebsocketsIsNamedAndRetried(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	var full atomic.Bool
	full.Store(true)
	hello := p.greet
	p.greet = func(s *socket) {
		hello(s)
		if full.Load() {
			s.send(`{"type":"disconnect","reason":"too_many_websockets"}`)
		}
	}
	b, _ := p.start(echo())
	eventually(t, "the reason is logged", func() bool { return strings.Contains(p.log.String(), "too_many_websockets") })
	full.Store(false)
	eventually(t, "the bot is connected", func() bool { return b.Health().Connections > 0 })
}

func TestAckWhoseWriteFailedIsSentOnTheNextSocket(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	again := make(chan target, 1)
	b := p.bot()
	c := b.connection("first", &dispatcher{})
	c.again = func(w target, payload json.RawMessage, _ Outcome) {
		if string(payload) != `{"text":"x"}` {
			t.Errorf("payload %s", payload)
		}
		again <- w
	}
	c.hello = time.NewTimer(time.Hour)
	failed := &socketmode.ErrorWriteFailed{Response: &socketmode.Response{EnvelopeID: "e1", Payload: json.RawMessage(`{"text":"x"}`)}}
	if err := c.observe(socketmode.Event{Type: socketmode.EventTypeErrorWriteFailed, Data: failed}); err != nil {
		t.Fatal(err)
	}
	if len(again) > 0 {
		t.Fatal("sent to the socket that failed")
	}
	if err := c.observe(socketmode.Event{Type: socketmode.EventTypeHello, Request: &socketmode.Request{}}); err != nil {
		t.Fatal(err)
	}
	if w := next(t, again, "the ack"); w.envelopeID != "e1" {
		t.Errorf("acked %s", w.envelopeID)
	}
	if len(c.unsent) > 0 {
		t.Error("the ack is still kept")
	}
}

// TestSocketsTrustWhatTheHTTPClientTrusts stands for a proxy that inspects TLS, whose root certificate only the client knows.
func TestSocketsTrustWhatTheHTTPClientTrusts(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	p.server.Close()
	p.server = httptest.NewUnstartedServer(http.HandlerFunc(p.serve))
	p.server.EnableHTTP2 = true
	p.server.StartTLS()
	client := p.server.Client() // speaks HTTP/2, which has no upgrade to a socket
	b, _ := p.start(echo(), func(c *Config) { c.HTTPClient = client })
	s := next(t, p.sockets, "a socket")
	s.command("e1", "U1", "t1", "over TLS")
	if a := next(t, p.acks, "an ack"); string(a.Payload) != `{"text":"over TLS"}` {
		t.Errorf("acked with %s", a.Payload)
	}
	if id := b.Identity(); id.AppID != "A1" {
		t.Errorf("identity %+v", id)
	}
}

func TestSignInIsDoneOnce(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	b := p.bot()
	for range 2 {
		if id, err := b.SignIn(t.Context()); err != nil || id != (Identity{TeamID: "T1", EnterpriseID: "E1", BotUserID: "UBOT", BotID: "B1"}) {
			t.Errorf("SignIn: %+v, %v", id, err)
		}
	}
	if n := len(p.called("auth.test")); n != 1 {
		t.Errorf("%d calls", n)
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	p := newPulse(func() time.Time { return now })
	health := func() Health { h, _ := p.health(); return h }
	if g := health().Gap(now, now.Add(-time.Minute)); g != time.Minute {
		t.Errorf("never connected: a gap of %s since the start", g)
	}
	p.set("first", true)
	p.set("second", true)
	p.set("first", false)
	if h := health(); h.Connections != 1 || h.Gap(now, time.Time{}) != 0 {
		t.Errorf("one of two: %+v", h)
	}
	p.set("second", false)
	now = now.Add(42 * time.Second)
	if h := health(); h.Connections != 0 || h.Gap(now, time.Time{}) != 42*time.Second {
		t.Errorf("none: %+v", h)
	}
}

func TestNewListsAllFaults(t *testing.T) {
	t.Parallel()
	_, err := New(Config{BotToken: "xapp-1", AppToken: "xoxb-1", AckTimeout: 3 * time.Second})
	for _, want := range []string{"SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "Sorry", "AckTimeout"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is not named in: %v", want, err)
		}
	}
}

// TestNoisySession makes everything go wrong at once; that no secret is logged is checked at the end of each test.
func TestNoisySession(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	p.on("/respond/secret", func(http.ResponseWriter, url.Values) { panic(http.ErrAbortHandler) })
	p.on("chat.postMessage", func(w http.ResponseWriter, _ url.Values) { http.Error(w, testBot, http.StatusBadGateway) })
	b, _ := p.start(handler{action: func(_ context.Context, a slack.InteractionCallback) Reply {
		panic("cannot post to " + a.ResponseURL + " with " + testBot)
	}})
	s := next(t, p.sockets, "a socket")
	s.send(`{"type":"slash_commands","envelope_id":"e1","payload":{"text":5,"token":"` + testApp + `","response_url":"` + s.responseURL() + `"}}`)
	s.send(`"` + testApp)
	s.click("e2", "U1", "t1", "1.1")
	next(t, p.acks, "an ack")
	next(t, p.acks, "an ack")
	eventually(t, "the answer was given up", func() bool { return strings.Contains(p.log.String(), "could not tell a person") })
	if err := b.Respond(t.Context(), s.responseURL(), Response{Text: "x"}); err == nil || secrets.MatchString(err.Error()) {
		t.Errorf("Respond: %v", err)
	}
	_ = s.conn.Close()
	next(t, p.sockets, "a new socket")
}

func TestFlushWaitsForWhatIsNotWritten(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	c := p.bot().connection("first", &dispatcher{})
	p.tickets.Store("1", true)
	conn, response, err := c.dialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(p.server.URL, "http")+"/link/?ticket=1", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	defer func() { _ = response.Body.Close() }()

	c.queued.Store(2)
	if err := conn.WriteJSON(ack{EnvelopeID: "e1"}); err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if c.flush(short); short.Err() == nil {
		t.Error("flush did not wait for the second ack")
	}
	if err := conn.WriteJSON(ack{EnvelopeID: "e2"}); err != nil {
		t.Fatal(err)
	}
	long, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if c.flush(long); long.Err() != nil {
		t.Error("flush waited although both acks are written")
	}
}
