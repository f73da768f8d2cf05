package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
)

// How connections are watched and renewed.
const (
	helloTimeout = 15 * time.Second // from the opening of a socket until Slack says hello
	youngAge     = 10 * time.Second // a socket that ends before this age did not really work
	youngLimit   = 3                // so many of them in a row, and the next is opened only after a pause
	firstPause   = 250 * time.Millisecond
	longestPause = 30 * time.Second
	unsentLimit  = 64 // acks kept for the next socket
)

// errYoung ends a session whose sockets are closed soon after they open.
var errYoung = errors.New("slack closes each socket soon after it opens")

// connection keeps one Socket Mode connection. slack-go reconnects by itself, but it retries for ever
// on errors that only an operator can mend, pauses up to five minutes after others, and does not pause
// at all when sockets open and die. So each failure ends the session here, and run decides what is next.
type connection struct {
	name   string
	client *socketmode.Client
	dialer *websocket.Dialer
	log    *slog.Logger
	pulse  *pulse
	self   *self
	take   func(acker, socketmode.Event)
	again  func(target, json.RawMessage, Outcome) // acks once more
	flow   *flow
	within time.Duration // until hello

	queued atomic.Int64 // acks given to slack-go

	// Of the goroutine that runs run:
	opened   time.Time              // when the present socket opened; zero while there is none
	young    int                    // sockets in a row that died young
	failures int                    // sessions in a row that failed
	hello    *time.Timer            // fires when Slack does not say hello
	unsent   []*socketmode.Response // acks whose write failed; sent again on the next socket
}

// run keeps the connection until ctx ends, then returns nil; or until Slack refuses the app-level token, then it returns a *FatalError.
func (c *connection) run(ctx context.Context) error {
	for {
		err := c.session(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if errors.Is(err, errYoung) {
			err = c.diagnose(ctx, err)
		}
		if end := fatal(appSetting, err); end != nil {
			return end
		}
		pause := pauseAfter(c.failures, err)
		c.failures++
		c.log.Warn("slack: no socket, trying again", "connection", c.name, "in", pause, "err", err)
		if !sleep(ctx, pause) {
			return nil
		}
	}
}

// pauseAfter is how long to wait after an error: longer with each failure in a row, and never less than Slack asked for.
func pauseAfter(failures int, err error) time.Duration {
	pause := min(firstPause<<min(failures, 10), longestPause)
	if e, ok := errors.AsType[*Error](err); ok {
		pause = max(pause, e.RetryAfter)
	}
	return pause + rand.N(pause/4) //nolint:gosec // jitter
}

// sleep waits; false means that ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// session runs slack-go's client until it or Slack gives up, and says why.
func (c *connection) session(parent context.Context) error {
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	ended := make(chan error, 1)
	go func() { ended <- c.client.RunContext(ctx) }()
	c.hello = time.NewTimer(time.Hour)
	defer c.hello.Stop()
	for {
		select {
		case e := <-c.client.Events:
			if err := c.observe(e); err != nil {
				cancel(err)
			}
		case <-c.hello.C:
			cancel(errors.New("no hello from Slack"))
		case err := <-ended:
			c.rest()
			_ = c.down() // that sockets die young does not matter after the session's own error
			if cause := context.Cause(ctx); cause != nil {
				return cause
			}
			return classify("socket mode", err)
		}
	}
}

// rest takes what slack-go had read before its client ended.
func (c *connection) rest() {
	for {
		select {
		case e := <-c.client.Events:
			_ = c.observe(e) // the session is over: only the envelopes matter
		default:
			return
		}
	}
}

// observe follows the connection's state and passes envelopes on. An error ends the session.
func (c *connection) observe(e socketmode.Event) error {
	switch e.Type {
	case socketmode.EventTypeConnecting:
		return c.down()
	case socketmode.EventTypeConnected:
		c.opened = time.Now()
		c.hello.Reset(c.within)
	case socketmode.EventTypeHello:
		c.up(e.Request)
	case socketmode.EventTypeConnectionError:
		if failed, ok := e.Data.(*slack.ConnectionErrorEvent); ok {
			return classify("socket mode", failed.ErrorObj)
		}
	case socketmode.EventTypeErrorWriteFailed:
		c.writeFailed(e)
	case socketmode.EventTypeIncomingError:
		c.log.Debug("slack: socket broke", "connection", c.name)
	case socketmode.EventTypeErrorBadMessage, socketmode.EventTypeSlashCommand,
		socketmode.EventTypeInteractive, socketmode.EventTypeEventsAPI:
		c.take(c, e)
	}
	return nil
}

// up notes that Slack has said hello: from now on it delivers to this socket.
func (c *connection) up(r *socketmode.Request) {
	c.hello.Stop()
	if r != nil {
		c.self.hello(r.ConnectionInfo.AppID)
		c.log.Info("slack: connected", "connection", c.name, "app", r.ConnectionInfo.AppID, "connections", r.NumConnections)
	}
	c.pulse.set(c.name, true)
	for _, ack := range c.unsent {
		payload, _ := ack.Payload.(json.RawMessage) // nil where the ack had none
		c.again(target{c, ack.EnvelopeID, time.Now(), other}, payload, "")
	}
	c.unsent = nil
}

// writeFailed keeps an ack that the dying socket did not take.
func (c *connection) writeFailed(e socketmode.Event) {
	failed, ok := e.Data.(*socketmode.ErrorWriteFailed)
	if !ok || len(c.unsent) >= unsentLimit {
		return
	}
	c.log.Warn("slack: ack not written, kept for the next socket", "connection", c.name, "envelope", failed.Response.EnvelopeID)
	c.unsent = append(c.unsent, failed.Response)
}

// down notes that the socket has ended. Slack closes sockets every few hours, and a new one is opened at
// once; only when they keep dying young is it an error.
func (c *connection) down() error {
	c.hello.Stop()
	c.pulse.set(c.name, false)
	if c.opened.IsZero() {
		return nil
	}
	age := time.Since(c.opened)
	c.opened = time.Time{}
	c.log.Info("slack: socket ended", "connection", c.name, "age", age.Round(time.Second))
	if age >= youngAge {
		c.young, c.failures = 0, 0
		return nil
	}
	if c.young++; c.young >= youngLimit {
		return errYoung
	}
	return nil
}

// diagnose opens one socket by hand to read why Slack closes them: slack-go keeps the reason of a disconnect to
// itself. An envelope that Slack sends there is lost, so it is done only when no connection works anyway.
func (c *connection) diagnose(ctx context.Context, err error) error {
	if h, _ := c.pulse.health(); h.Connections > 0 {
		return err
	}
	reason := c.disconnectReason(ctx)
	switch reason {
	case "":
		return err
	case "link_disabled":
		return &Error{Method: "disconnect", Code: reason, Verdict: Token}
	}
	return fmt.Errorf("%w (%s)", err, reason)
}

// disconnectReason is the reason that Slack gives in the first frames of a new socket, or empty
// (docs.slack.dev/apis/events-api/using-socket-mode, "disconnect").
func (c *connection) disconnectReason(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, helloTimeout)
	defer cancel()
	_, url, err := c.client.OpenContext(ctx)
	if err != nil {
		return ""
	}
	socket, response, err := c.dialer.DialContext(ctx, url, nil)
	if err != nil {
		return ""
	}
	defer func() { _ = response.Body.Close() }()
	defer func() { _ = socket.Close() }()
	if socket.SetReadDeadline(time.Now().Add(3*time.Second)) != nil {
		return ""
	}
	for {
		var frame struct{ Type, Reason string }
		if err := socket.ReadJSON(&frame); err != nil || frame.Type != "hello" {
			return frame.Reason
		}
	}
}

// ack gives an ack to slack-go, which writes it to the present socket, or the next one when that is gone.
func (c *connection) ack(ctx context.Context, envelopeID string, payload json.RawMessage) error {
	var p any
	if payload != nil {
		p = payload
	}
	if err := c.client.AckCtx(ctx, envelopeID, p); err != nil {
		return fmt.Errorf("connection %s: %w", c.name, err)
	}
	c.queued.Add(1)
	return nil
}

// flush waits until slack-go has written the acks it was given, as far as there is a socket to write them to.
func (c *connection) flush(ctx context.Context) {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for c.flow.messages.Load() < c.queued.Load() {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// flow counts the messages that were written to a connection's sockets. gorilla/websocket takes a buffer from
// its pool for each message, and puts it back when the message has been written or could not be.
type flow struct {
	buffers  sync.Pool
	messages atomic.Int64
}

// Get is of websocket.BufferPool.
func (f *flow) Get() any { return f.buffers.Get() }

// Put is of websocket.BufferPool.
func (f *flow) Put(b any) {
	f.buffers.Put(b)
	f.messages.Add(1)
}
