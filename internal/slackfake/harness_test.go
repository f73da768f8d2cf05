package slackfake

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"mailback/internal/fault"
)

const patience = 10 * time.Second

// workspace starts a stand-in behind a real listener and returns a slack-go client for it.
func workspace(t *testing.T, cfg Config) (*Server, *slack.Client, string) {
	t.Helper()
	s := New(cfg)
	web := httptest.NewServer(s.Handler())
	t.Cleanup(func() {
		s.Close()
		web.Close()
	})
	api := slack.New(BotToken, slack.OptionAppLevelToken(AppToken), slack.OptionAPIURL(web.URL+"/api/"))
	return s, api, web.URL
}

// handler answers what comes over the socket; what it returns is the ack's payload.
type handler func(socketmode.Event) any

// connect runs slack-go's Socket Mode client, acknowledging all that comes, and returns once it has said hello.
func connect(t *testing.T, api *slack.Client, h handler) *socketmode.Client {
	t.Helper()
	client := socketmode.New(api)
	ctx, cancel := context.WithCancel(context.Background())
	done, hello := make(chan struct{}), make(chan struct{}, 100)
	go func() {
		defer close(done)
		_ = client.RunContext(ctx) // ends with the context's error
	}()
	go func() {
		for {
			select {
			case <-done:
				return
			case evt := <-client.Events:
				if evt.Type == socketmode.EventTypeHello {
					hello <- struct{}{}
				}
				if evt.Request == nil || evt.Request.EnvelopeID == "" {
					continue
				}
				var payload any
				if h != nil {
					payload = h(evt)
				}
				_ = client.AckCtx(ctx, evt.Request.EnvelopeID, payload) // a lost ack shows in the test
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	wait(t, hello, "hello")
	return client
}

func wait[T any](t *testing.T, c <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("no %s within %v", what, patience)
		panic("unreachable")
	}
}

// socket is a bare client that acknowledges only what a test tells it to.
type socket struct {
	t  *testing.T
	ws *websocket.Conn
}

func dial(t *testing.T, api *slack.Client) *socket {
	t.Helper()
	_, url, err := api.StartSocketModeContext(t.Context())
	if err != nil {
		t.Fatalf("apps.connections.open: %v", err)
	}
	ws, response, err := websocket.DefaultDialer.DialContext(t.Context(), url, nil)
	if err != nil {
		t.Fatalf("dialling %s: %v", url, err)
	}
	_ = response.Body.Close()
	t.Cleanup(func() { _ = ws.Close() })
	return &socket{t: t, ws: ws}
}

// hello is dial and the reading of the first frame.
func hello(t *testing.T, api *slack.Client) *socket {
	t.Helper()
	c := dial(t, api)
	if first := c.read(); first["type"] != "hello" {
		t.Fatalf("the first frame is %v, not hello", first)
	}
	return c
}

func (c *socket) read() map[string]any {
	c.t.Helper()
	frame, err := c.tryRead()
	if err != nil {
		c.t.Fatalf("reading the socket: %v", err)
	}
	return frame
}

func (c *socket) tryRead() (map[string]any, error) {
	_ = c.ws.SetReadDeadline(time.Now().Add(patience))
	var frame map[string]any
	err := c.ws.ReadJSON(&frame)
	return frame, err
}

func (c *socket) write(frame any) {
	c.t.Helper()
	if err := c.ws.WriteJSON(frame); err != nil {
		c.t.Fatalf("writing the socket: %v", err)
	}
}

func (c *socket) ack(envelope map[string]any, payload any) {
	c.t.Helper()
	frame := map[string]any{"envelope_id": envelope["envelope_id"]}
	if payload != nil {
		frame["payload"] = payload
	}
	c.write(frame)
}

// postTo posts a Web API call by hand and returns the answer.
func postTo(t *testing.T, url, method, token, contentType, body string) (*http.Response, map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/api/"+method, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return do(t, req)
}

func do(t *testing.T, req *http.Request) (*http.Response, map[string]any) {
	t.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var answer map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatalf("%s: %v", req.URL, err)
	}
	return resp, answer
}

const (
	formType = "application/x-www-form-urlencoded"
	jsonType = "application/json; charset=utf-8"
)

// respondTo posts JSON to a response URL.
func respondTo(t *testing.T, url, body string) (int, map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, answer := do(t, req)
	return resp.StatusCode, answer
}

func layFault(t *testing.T, desk *fault.Desk, f fault.Fault) {
	t.Helper()
	f.Service = "slack"
	if err := desk.Add(f); err != nil {
		t.Fatal(err)
	}
}

func wantError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error is %v, want %q", err, want)
	}
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// clock is a clock that tests move.
type clock struct{ at chan time.Time }

func newClock() *clock {
	c := &clock{at: make(chan time.Time, 1)}
	c.at <- time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	return c
}

func (c *clock) now() time.Time {
	at := <-c.at
	c.at <- at
	return at
}

func (c *clock) advance(d time.Duration) { c.at <- (<-c.at).Add(d) }

func buttonBlocks(action, value string) slack.MsgOption {
	button := slack.NewButtonBlockElement(action, value, slack.NewTextBlockObject("plain_text", "Confirm", false, false))
	return slack.MsgOptionBlocks(
		slack.NewSectionBlock(slack.NewTextBlockObject("mrkdwn", "Restore a mailbox", false, false), nil, nil),
		slack.NewActionBlock("acts", button),
	)
}

func newRequest(t *testing.T, url string) (*http.Request, error) {
	t.Helper()
	return http.NewRequestWithContext(t.Context(), http.MethodPost, url, http.NoBody)
}
