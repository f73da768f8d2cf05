package slackfake

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"mailback/internal/fault"
)

// Types of Socket Mode envelopes (docs.slack.dev/apis/events-api/using-socket-mode).
const (
	slashCommands = "slash_commands"
	interactive   = "interactive"
	eventsAPI     = "events_api"
)

// hub holds the app's sockets and what was sent over them. It is guarded by Server.mu.
type hub struct {
	tickets map[string]time.Time // unused ones, by when they were given out
	conns   []*conn
	next    int           // round robin
	opened  chan struct{} // closed when a socket is ready, then replaced
	off     bool          // Socket Mode was switched off
	sent    map[string]*pending
	acks    []Ack
	unacked [][]byte // slash commands to send again, with Config.ResendCommands
}

func newHub() hub {
	return hub{tickets: map[string]time.Time{}, sent: map[string]*pending{}, opened: make(chan struct{})}
}

// conn is one socket.
type conn struct {
	id     string
	base   string // the server's address as the app knows it; links in payloads begin with it
	ws     *websocket.Conn
	host   string
	opened time.Time
	ready  bool // may have envelopes; guarded by Server.mu
	cut    bool // a fault closes it: nothing more is read from it; guarded by Server.mu
	gone   chan struct{}

	write sync.Mutex
	once  sync.Once
}

// Connection is an open socket of the app.
type Connection struct {
	ID     string    `json:"id"`
	Opened time.Time `json:"opened"` // wall clock
}

const (
	ticketLife  = 30 * time.Second
	writeWithin = 5 * time.Second
)

// connectionsOpen gives out a socket's address. It works once, and soon (docs.slack.dev/reference/methods/apps.connections.open).
func (s *Server) connectionsOpen(c *call) (map[string]any, *apiError) {
	if s.hub.off {
		return nil, fail("forbidden_team") // What Slack answers once Socket Mode is off is unverified.
	}
	ticket := randomHex(32)
	s.hub.tickets[ticket] = time.Now()
	return map[string]any{"url": strings.Replace(c.base, "http", "ws", 1) + "/link/?ticket=" + ticket + "&app_id=" + AppID}, nil
}

// takeTicket uses a ticket up and reports whether it was good.
func (s *Server) takeTicket(ticket string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	given, ok := s.hub.tickets[ticket]
	delete(s.hub.tickets, ticket)
	return ok && time.Since(given) < ticketLife && !s.hub.off
}

func (s *Server) serveSocket(w http.ResponseWriter, r *http.Request) {
	if !s.enter() {
		http.Error(w, "closing", http.StatusServiceUnavailable)
		return
	}
	defer s.tasks.Done()
	if !s.takeTicket(r.URL.Query().Get("ticket")) {
		http.Error(w, "the ticket is unknown, used or too old", http.StatusForbidden)
		return
	}
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }} // clients send Slack's origin
	ws, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // Upgrade has answered.
	}
	c := &conn{base: baseURL(r), ws: ws, host: "applink-" + randomHex(4), opened: time.Now(), gone: make(chan struct{})}
	defer s.drop(c)
	n, ok := s.admit(c)
	if !ok {
		_ = c.send(c.disconnectFrame("too_many_websockets"))
		c.close(websocket.CloseNormalClosure)
		return
	}
	life := s.cfg.ConnectionLife
	if r.URL.Query().Get("debug_reconnects") == "true" {
		life = 360 * time.Second
	}
	if s.greet(c, helloFrame(c, n, life)) != nil {
		return
	}
	s.goTask(func() { s.keep(c, life) })
	s.read(c)
}

// admit enters a socket and returns how many there are now. It is false when there are too many.
func (s *Server) admit(c *conn) (int, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.hub.conns) >= maxConnections {
		return 0, false
	}
	c.id = s.nextID("conn")
	s.hub.conns = append(s.hub.conns, c)
	return len(s.hub.conns), true
}

// greet writes the hello and lets the socket have envelopes, first those commands that are to come again. Who has read
// the hello may count on having a turn: envelopes wait behind it for the socket.
func (s *Server) greet(c *conn, hello []byte) error {
	c.write.Lock()
	defer c.write.Unlock()
	s.mu.Lock()
	c.ready = true
	again := s.hub.unacked
	s.hub.unacked = nil
	close(s.hub.opened)
	s.hub.opened = make(chan struct{})
	s.mu.Unlock()
	for _, frame := range append([][]byte{hello}, again...) {
		if err := c.sendLocked(frame); err != nil {
			return err
		}
	}
	return nil
}

// drop takes a socket out and closes it.
func (s *Server) drop(c *conn) {
	s.mu.Lock()
	s.hub.conns = slices.DeleteFunc(s.hub.conns, func(o *conn) bool { return o == c })
	s.mu.Unlock()
	c.abort()
}

func helloFrame(c *conn, n int, life time.Duration) []byte {
	return frame(map[string]any{
		"type": "hello", "num_connections": n, "connection_info": map[string]any{"app_id": AppID},
		"debug_info": map[string]any{
			"host": c.host, "started": c.opened.UTC().Format("2006-01-02 15:04:05.000"), "build_number": 54,
			"approximate_connection_time": int(life.Seconds()),
		},
	})
}

func (c *conn) disconnectFrame(reason string) []byte {
	return frame(map[string]any{"type": "disconnect", "reason": reason, "debug_info": map[string]any{"host": c.host}})
}

// frame encodes what is known to be encodable: maps of texts, numbers and JSON that was decoded before.
func frame(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("slackfake: unreachable: %v", err))
	}
	return raw
}

func (c *conn) send(frame []byte) error {
	c.write.Lock()
	defer c.write.Unlock()
	return c.sendLocked(frame)
}

func (c *conn) sendLocked(frame []byte) error {
	if err := c.ws.SetWriteDeadline(time.Now().Add(writeWithin)); err != nil {
		return err
	}
	return c.ws.WriteMessage(websocket.TextMessage, frame)
}

// abort closes the socket without a close frame.
func (c *conn) abort() {
	c.once.Do(func() {
		close(c.gone)
		_ = c.ws.Close() // Nobody waits for what was still on its way.
	})
}

// close sends a close frame, then closes the socket.
func (c *conn) close(code int) {
	_ = c.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, ""), time.Now().Add(writeWithin))
	c.abort()
}

// keep pings the socket, and refreshes it when its time is over.
func (s *Server) keep(c *conn, life time.Duration) {
	ping := time.NewTicker(s.cfg.PingInterval)
	defer ping.Stop()
	end := time.NewTimer(max(0, life-s.cfg.WarningLead))
	defer end.Stop()
	for n := 0; ; n++ {
		select {
		case <-c.gone:
			return
		case <-s.stop.Done():
			c.close(websocket.CloseGoingAway)
			return
		case <-end.C:
			s.goTask(func() { s.refresh(c) })
		case <-ping.C:
			text := fmt.Sprintf("Ping from %s %d", c.host, n)
			if c.ws.WriteControl(websocket.PingMessage, []byte(text), time.Now().Add(writeWithin)) != nil {
				c.abort()
				return
			}
		}
	}
}

// refresh warns, waits, asks for a refresh and closes.
func (s *Server) refresh(c *conn) {
	_ = c.send(c.disconnectFrame("warning")) // A socket that is gone needs no warning.
	select {
	case <-time.After(s.cfg.WarningLead):
	case <-c.gone:
		return
	case <-s.stop.Done():
		return
	}
	s.part(c, "refresh_requested")
}

func (s *Server) part(c *conn, reason string) {
	s.mu.Lock()
	c.ready = false
	s.mu.Unlock()
	_ = c.send(c.disconnectFrame(reason)) // As above.
	c.close(websocket.CloseNormalClosure)
}

// read takes acknowledgements until the socket ends. A client that answers no pings is given up.
func (s *Server) read(c *conn) {
	patience := 4 * s.cfg.PingInterval
	alive := func(string) error { return c.ws.SetReadDeadline(time.Now().Add(patience)) }
	c.ws.SetPongHandler(alive)
	if s.cfg.CloseOnLongAck {
		c.ws.SetReadLimit(ackFrameBytes)
	}
	for {
		if alive("") != nil {
			return
		}
		_, raw, err := c.ws.ReadMessage()
		if err != nil {
			if errors.Is(err, websocket.ErrReadLimit) {
				s.journal(Ack{Verdict: AckTooLong})
			}
			return
		}
		s.takeAck(c, raw)
	}
}

// Connections returns the app's open sockets.
func (s *Server) Connections() []Connection {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []Connection{}
	for _, c := range s.hub.conns {
		list = append(list, Connection{ID: c.id, Opened: c.opened})
	}
	return list
}

// Disconnect ends sockets as Slack does; connection names one of Connections, "" means all. The reason is one of
//
//	refresh             warning, then after Config.WarningLead refresh_requested, then the socket is closed
//	warning             only the warning
//	refresh_requested   without a warning
//	link_disabled       Socket Mode is switched off: there are no new sockets
//	drop                the connection breaks without a word
//
// A refresh goes on after Disconnect has returned.
func (s *Server) Disconnect(reason, connection string) error {
	act, ok := map[string]func(*conn){
		"refresh":           func(c *conn) { s.goTask(func() { s.refresh(c) }) },
		"warning":           func(c *conn) { _ = c.send(c.disconnectFrame("warning")) },
		"refresh_requested": func(c *conn) { s.part(c, "refresh_requested") },
		"link_disabled":     func(c *conn) { s.part(c, "link_disabled") },
		"drop":              func(c *conn) { c.abort() },
	}[reason]
	if !ok {
		return fmt.Errorf("unknown reason %q: it is one of refresh, warning, refresh_requested, link_disabled, drop", reason)
	}
	s.mu.Lock()
	s.hub.off = s.hub.off || reason == "link_disabled"
	conns := slices.Clone(s.hub.conns)
	s.mu.Unlock()
	if connection != "" {
		conns = slices.DeleteFunc(conns, func(c *conn) bool { return c.id != connection })
		if len(conns) == 0 {
			return fmt.Errorf("unknown connection %q", connection)
		}
	}
	for _, c := range conns {
		act(c)
	}
	return nil
}

// cutShort reports whether a fault closes the socket that an envelope of this type goes out on.
func (s *Server) cutShort(kind string) bool {
	_, ok := s.cfg.Desk.Take("slack", "socket/"+kind, fault.Disconnect)
	return ok
}
