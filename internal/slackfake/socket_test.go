package slackfake

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"mailback/internal/fault"
)

func TestTicketWorksOnce(t *testing.T) {
	t.Parallel()
	_, api, _ := workspace(t, Config{})
	_, url, err := api.StartSocketModeContext(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ws, response, err := websocket.DefaultDialer.DialContext(t.Context(), url, nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	_ = ws.Close()
	_, response, err = websocket.DefaultDialer.DialContext(t.Context(), url, nil)
	if !errors.Is(err, websocket.ErrBadHandshake) || response.StatusCode != http.StatusForbidden {
		t.Errorf("second use of a ticket: %v", err)
	}
	_ = response.Body.Close()
}

func TestHelloAndPings(t *testing.T) {
	t.Parallel()
	s, api, _ := workspace(t, Config{PingInterval: 20 * time.Millisecond})
	hello(t, api)
	c := dial(t, api)
	first := c.read()
	debug, _ := first["debug_info"].(map[string]any)
	if first["type"] != "hello" || first["num_connections"] != 2.0 || debug["approximate_connection_time"] != 18060.0 {
		t.Errorf("hello is %v", first)
	}
	pings := make(chan string, 100)
	c.ws.SetPingHandler(func(text string) error {
		pings <- text
		return c.ws.WriteControl(websocket.PongMessage, []byte(text), time.Now().Add(patience))
	})
	go func() { _, _ = c.tryRead() }()
	for range 8 { // longer than the server waits for a pong
		wait(t, pings, "ping")
	}
	if n := len(s.Connections()); n == 0 {
		t.Error("the socket that answers pings was closed")
	}
}

func TestSilentSocketIsGivenUp(t *testing.T) {
	t.Parallel()
	s, api, _ := workspace(t, Config{PingInterval: 10 * time.Millisecond})
	hello(t, api) // never reads again, so never answers a ping
	for deadline := time.Now().Add(patience); len(s.Connections()) > 0; {
		if time.Now().After(deadline) {
			t.Fatal("a socket without pongs stays open")
		}
		time.Sleep(time.Millisecond)
	}
}

func TestTooManyWebsockets(t *testing.T) {
	t.Parallel()
	_, api, _ := workspace(t, Config{})
	for range 10 {
		hello(t, api)
	}
	c := dial(t, api)
	if frame := c.read(); frame["type"] != "disconnect" || frame["reason"] != "too_many_websockets" {
		t.Errorf("the eleventh socket got %v", frame)
	}
	if _, err := c.tryRead(); err == nil {
		t.Error("the eleventh socket stays open")
	}
}

func TestEnvelopeGoesToOneSocket(t *testing.T) {
	t.Parallel()
	s, api, _ := workspace(t, Config{})
	var mu sync.Mutex
	seen, bySocket := map[string]int{}, [2]int{}
	for i := range 2 {
		connect(t, api, func(evt socketmode.Event) any {
			mu.Lock()
			defer mu.Unlock()
			seen[evt.Request.EnvelopeID]++
			bySocket[i]++
			return nil
		})
	}
	for range 20 {
		if r := must(s.Command(t.Context(), Megan, "", "/restore-mailbox help"))(t); r.Error != "" {
			t.Fatal(r.Error)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if len(seen) != 20 || bySocket[0] == 0 || bySocket[1] == 0 || bySocket[0]+bySocket[1] != 20 {
		t.Errorf("%d envelopes, by socket %v", len(seen), bySocket)
	}
}

func TestNobodyAcks(t *testing.T) {
	t.Parallel()
	s, api, _ := workspace(t, Config{AckTimeout: 30 * time.Millisecond})
	if r := must(s.Command(t.Context(), Megan, "", "/restore-mailbox"))(t); r.Error != "dispatch_failed" {
		t.Errorf("without a socket: %+v", r)
	}
	c := hello(t, api)
	r := must(s.Command(t.Context(), Megan, "", "/restore-mailbox"))(t)
	if r.Error != "operation_timeout" || r.AckMS != 0 {
		t.Errorf("without an ack: %+v", r)
	}
	envelope := c.read()
	c.ack(envelope, nil)
	c.ack(map[string]any{"envelope_id": "00000000-0000-0000-0000-000000000000"}, nil)
	c.write("no object")
	wantVerdicts(t, s, AckLate, AckUnknown, AckMalformed)
}

// wantVerdicts waits until the app's frames have had these verdicts.
func wantVerdicts(t *testing.T, s *Server, want ...string) {
	t.Helper()
	var got []string
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		got = nil
		for _, a := range s.Acks() {
			got = append(got, a.Verdict)
		}
		if fmt.Sprint(got) == fmt.Sprint(want) {
			return
		}
	}
	t.Errorf("acks were judged %q, want %q", got, want)
}

func TestDefaultDeadlineIsThreeSeconds(t *testing.T) {
	t.Parallel()
	s, api, _ := workspace(t, Config{})
	hello(t, api)
	start := time.Now()
	r := must(s.Command(t.Context(), Megan, "", "/restore-mailbox"))(t)
	if took := time.Since(start); r.Error != "operation_timeout" || took < 3*time.Second || took > 5*time.Second {
		t.Errorf("%+v after %v", r, took)
	}
}

func TestAcks(t *testing.T) {
	t.Parallel()
	long := map[string]any{"text": strings.Repeat("x", 20480)}
	for _, tt := range []struct {
		name      string
		cfg       Config
		act       func(a, b *socket, envelope map[string]any)
		verdicts  []string
		wantError string
	}{
		{"twice", Config{}, func(a, _ *socket, e map[string]any) {
			a.ack(e, nil)
			a.ack(e, nil)
		}, []string{AckOK, AckDuplicate}, ""},
		{"on another socket", Config{}, func(_, b *socket, e map[string]any) { b.ack(e, nil) }, []string{AckOtherSocket}, ""},
		{
			"on another socket, strictly",
			Config{OwnSocketAcks: true},
			func(_, b *socket, e map[string]any) { b.ack(e, nil) },
			[]string{AckOtherSocket},
			"operation_timeout",
		},
		{"too long", Config{}, func(a, _ *socket, e map[string]any) { a.ack(e, long) }, []string{AckTooLong}, "operation_timeout"},
		{"too long, closing", Config{CloseOnLongAck: true}, func(a, _ *socket, e map[string]any) {
			a.ack(e, long)
			_, err := a.tryRead()
			if !websocket.IsCloseError(err, websocket.CloseMessageTooBig) {
				a.t.Errorf("the socket ended with %v, want 1009", err)
			}
		}, []string{AckTooLong}, "operation_timeout"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.cfg.AckTimeout = 300 * time.Millisecond
			s, api, _ := workspace(t, tt.cfg)
			b := hello(t, api) // has no turn before the second socket
			a := hello(t, api)
			result := make(chan CommandResult, 1)
			go func() {
				r, err := s.Command(context.Background(), Megan, "", "/restore-mailbox")
				if err != nil {
					t.Error(err)
				}
				result <- r
			}()
			tt.act(a, b, a.read())
			if r := wait(t, result, "result"); r.Error != tt.wantError {
				t.Errorf("the person sees %q, want %q", r.Error, tt.wantError)
			}
			wantVerdicts(t, s, tt.verdicts...)
		})
	}
}

func TestPayloadOnlyWhereAccepted(t *testing.T) {
	t.Parallel()
	s, api, _ := workspace(t, Config{})
	connect(t, api, func(socketmode.Event) any { return map[string]any{"text": "R-1"} })
	r := must(s.Command(t.Context(), Megan, "", "/restore-mailbox"))(t)
	if r.Reply != "R-1" || r.Error != "" || r.AckMS <= 0 {
		t.Errorf("command: %+v", r)
	}
	e := must(s.Envelope(t.Context(), []byte(`{"type":"event_callback","event":{"type":"app_home_opened","user":"U1"}}`)))(t)
	if !e.Acked || e.Payload != nil {
		t.Errorf("event: %+v", e)
	}
	wantVerdicts(t, s, AckOK, AckNoPayload)
}

func TestEventsComeAgain(t *testing.T) {
	t.Parallel()
	retries := []time.Duration{0, time.Millisecond, time.Millisecond}
	s, api, _ := workspace(t, Config{AckTimeout: 20 * time.Millisecond, EventRetries: retries, ResendEvents: true})
	c := hello(t, api)
	if r := must(s.Home(t.Context(), Megan))(t); r.Error != "operation_timeout" {
		t.Errorf("home: %+v", r)
	}
	var got []string
	var ids, events []any
	for range 5 {
		e := c.read()
		got = append(got, fmt.Sprintf("%v %v", e["retry_attempt"], e["retry_reason"]))
		payload, _ := e["payload"].(map[string]any)
		ids, events = append(ids, e["envelope_id"]), append(events, payload["event_id"])
	}
	if want := "[0  0  1 timeout 2 timeout 3 timeout]"; fmt.Sprint(got) != want {
		t.Errorf("retries are %v, want %v", got, want)
	}
	if ids[0] != ids[1] || ids[1] == ids[2] || events[0] != events[4] {
		t.Errorf("envelopes %v of events %v", ids, events)
	}
}

func TestEventWaitsForASocket(t *testing.T) {
	t.Parallel()
	s, api, _ := workspace(t, Config{AckTimeout: 20 * time.Millisecond})
	if r := must(s.Home(t.Context(), Megan))(t); r.Error != "dispatch_failed" {
		t.Errorf("home: %+v", r)
	}
	c := hello(t, api)
	if e := c.read(); e["type"] != "events_api" || e["retry_attempt"] != 1.0 || e["retry_reason"] != "timeout" {
		t.Errorf("the new socket got %v", e)
	}
}

func TestUnackedCommandComesAgain(t *testing.T) {
	t.Parallel()
	s, api, _ := workspace(t, Config{AckTimeout: 20 * time.Millisecond, ResendCommands: true})
	first := hello(t, api)
	must(s.Command(t.Context(), Megan, "", "/restore-mailbox"))(t)
	want := first.read()
	second := hello(t, api)
	if got := second.read(); got["envelope_id"] != want["envelope_id"] {
		t.Errorf("the new socket got %v, want %v again", got, want)
	}
}

func TestDisconnects(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		reason string
		want   []string
		closed bool
	}{
		{"refresh", []string{"warning", "refresh_requested"}, true},
		{"warning", []string{"warning"}, false},
		{"refresh_requested", []string{"refresh_requested"}, true},
		{"link_disabled", []string{"link_disabled"}, true},
		{"drop", nil, true},
	} {
		t.Run(tt.reason, func(t *testing.T) {
			t.Parallel()
			s, api, _ := workspace(t, Config{WarningLead: 20 * time.Millisecond})
			c := hello(t, api)
			if err := s.Disconnect(tt.reason, s.Connections()[0].ID); err != nil {
				t.Fatal(err)
			}
			for _, reason := range tt.want {
				if f := c.read(); f["type"] != "disconnect" || f["reason"] != reason {
					t.Errorf("got %v, want %s", f, reason)
				}
			}
			if !tt.closed {
				go func() { _, _ = s.Command(context.Background(), Megan, "", "/restore-mailbox") }()
			}
			if f, err := c.tryRead(); (err != nil) != tt.closed {
				t.Errorf("then the socket gave %v, %v", f, err)
			}
			_, _, err := api.StartSocketModeContext(t.Context())
			if (err != nil) != (tt.reason == "link_disabled") {
				t.Errorf("a new socket: %v", err)
			}
			if tt.reason != "link_disabled" {
				hello(t, api)
			}
		})
	}
}

func (s *Server) ready() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hub.pick() != nil
}

func TestDisconnectRefusesNonsense(t *testing.T) {
	t.Parallel()
	s, _, _ := workspace(t, Config{})
	wantError(t, s.Disconnect("sunset", ""), "unknown reason")
	wantError(t, s.Disconnect("drop", "conn9"), "unknown connection")
}

func TestConnectionEndsItsLife(t *testing.T) {
	t.Parallel()
	_, api, _ := workspace(t, Config{ConnectionLife: 60 * time.Millisecond, WarningLead: 20 * time.Millisecond})
	c := hello(t, api)
	for _, reason := range []string{"warning", "refresh_requested"} {
		if f := c.read(); f["reason"] != reason {
			t.Errorf("got %v, want %s", f, reason)
		}
	}
}

func TestSlackGoComesBack(t *testing.T) {
	t.Parallel()
	s, api, _ := workspace(t, Config{WarningLead: 10 * time.Millisecond})
	connect(t, api, nil)
	for _, reason := range []string{"refresh_requested", "drop"} {
		before := s.Connections()[0].ID
		if err := s.Disconnect(reason, ""); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
			if now := s.Connections(); len(now) == 1 && now[0].ID != before && s.ready() {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("slack-go did not come back after %s", reason)
			}
		}
		if r := must(s.Command(t.Context(), Megan, "", "/restore-mailbox"))(t); r.Error != "" {
			t.Errorf("after %s: %+v", reason, r)
		}
	}
}

func TestDisconnectFault(t *testing.T) {
	t.Parallel()
	desk := fault.New(time.Now)
	s, api, _ := workspace(t, Config{AckTimeout: 100 * time.Millisecond, Desk: desk})
	layFault(t, desk, fault.Fault{Kind: fault.Disconnect, Match: "interactive", Times: 1})
	layFault(t, desk, fault.Fault{Kind: fault.Disconnect, Match: "socket/slash_commands", Times: 1})
	c := hello(t, api)
	if r := must(s.Command(t.Context(), Megan, "", "/restore-mailbox"))(t); r.Error != "operation_timeout" {
		t.Errorf("command: %+v", r)
	}
	if e := c.read(); e["type"] != "slash_commands" {
		t.Errorf("got %v", e)
	}
	if _, err := c.tryRead(); err == nil {
		t.Error("the socket stays open")
	}
	hello(t, api)
	must(s.Shortcut(t.Context(), Megan, "restore_mailbox"))(t)
	hello(t, api)
	if must(s.Home(t.Context(), Megan))(t); len(s.Connections()) != 1 {
		t.Errorf("%d sockets, want the one that no fault was for", len(s.Connections()))
	}
}

func TestConnectionsOpenInTrouble(t *testing.T) {
	t.Parallel()
	desk := fault.New(time.Now)
	_, api, _ := workspace(t, Config{Desk: desk})
	layFault(t, desk, fault.Fault{Kind: fault.Hang, Match: "apps.connections.open", Times: 1})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if _, _, err := api.StartSocketModeContext(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("hung: %v", err)
	}
	layFault(t, desk, fault.Fault{Kind: fault.Throttle, Match: "apps.connections.open", Times: 1, Value: 7})
	_, _, err := api.StartSocketModeContext(t.Context())
	if limited, ok := errors.AsType[*slack.RateLimitedError](err); !ok || limited.RetryAfter != 7*time.Second {
		t.Errorf("throttled: %v", err)
	}
	layFault(t, desk, fault.Fault{Kind: fault.Status, Match: "apps.connections.open", Times: 1, Value: 503})
	if _, _, err = api.StartSocketModeContext(t.Context()); err == nil {
		t.Error("503 went unnoticed")
	}
	hello(t, api)
}

func TestEnvelopeIsSentAsItIs(t *testing.T) {
	t.Parallel()
	s, api, _ := workspace(t, Config{AckTimeout: 100 * time.Millisecond})
	c := hello(t, api)
	for _, tt := range []struct{ raw, kind string }{
		{`{"command":"/restore-mailbox","user_id":"U0FORGED"}`, "slash_commands"},
		{`{"type":"event_callback","event":{}}`, "events_api"},
		{`{"type":"block_actions","actions":[]}`, "interactive"},
		{`{"type":"odd","envelope_id":"mine","payload":{"a":1}}`, "odd"},
	} {
		must(s.Envelope(t.Context(), []byte(tt.raw)))(t)
		if e := c.read(); e["type"] != tt.kind {
			t.Errorf("%s went out as %v", tt.raw, e)
		}
	}
	_, err := s.Envelope(t.Context(), []byte(`[]`))
	wantError(t, err, "JSON object")
}

func TestManyCommandsAtOnce(t *testing.T) {
	t.Parallel()
	s, api, _ := workspace(t, Config{})
	var n atomic.Int64
	connect(t, api, func(socketmode.Event) any { n.Add(1); return map[string]any{"text": "recorded"} })
	var wg sync.WaitGroup
	for range 500 {
		wg.Go(func() {
			if r, err := s.Command(context.Background(), Megan, "", "/restore-mailbox a@contoso.com"); err != nil || r.Error != "" {
				t.Errorf("%+v, %v", r, err)
			}
		})
	}
	wg.Wait()
	if n.Load() != 500 {
		t.Errorf("the app saw %d commands of 500", n.Load())
	}
}
