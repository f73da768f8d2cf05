package slackfake

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"
)

// Verdicts on an acknowledgement.
const (
	AckOK          = "ok"
	AckLate        = "late"               // after the deadline; does not count
	AckDuplicate   = "duplicate"          // of an envelope that was acknowledged before; does not count
	AckUnknown     = "unknown"            // of no envelope; does not count
	AckOtherSocket = "other_socket"       // on another socket than the envelope's; counts unless Config.OwnSocketAcks
	AckTooLong     = "too_long"           // over ackFrameBytes; does not count
	AckNoPayload   = "unexpected_payload" // with a payload where none is accepted; counts without it
	AckMalformed   = "malformed"          // no JSON object with an envelope_id; does not count
)

// Ack is one frame that the app wrote on a socket.
type Ack struct {
	EnvelopeID string    `json:"envelope_id"`
	Type       string    `json:"type"` // of the envelope
	Verdict    string    `json:"verdict"`
	Bytes      int       `json:"bytes"`
	At         time.Time `json:"at"` // wall clock
	Frame      []byte    `json:"-"`  // as the app wrote it
}

// pending is an envelope that was sent. After the deadline it stays, to tell a late ack from an unknown one.
type pending struct {
	kind    string
	accepts bool
	conn    *conn
	sent    time.Time
	at      time.Time // acknowledged
	over    bool      // acknowledged, or the deadline has passed
	payload json.RawMessage
	done    chan struct{}
}

// envelope is what Slack writes on a socket.
type envelope struct {
	id      string
	kind    string
	accepts bool
	payload any
	retry   int
	reason  string
}

func (e envelope) frame() []byte {
	o := map[string]any{"envelope_id": e.id, "type": e.kind, "accepts_response_payload": e.accepts, "payload": e.payload}
	if e.kind == eventsAPI {
		o["retry_attempt"], o["retry_reason"] = e.retry, e.reason
	}
	return frame(o)
}

// outcome is what became of an envelope.
type outcome struct {
	acked   bool
	ms      float64 // from writing the envelope to reading its ack
	payload json.RawMessage
	failure string // what Slack would show
}

// Errors that Slack shows to the person who acted.
const (
	operationTimeout = "operation_timeout"
	dispatchFailed   = "dispatch_failed" // no socket took the envelope
	troubleConnects  = "trouble_connecting"
)

// deliver sends one envelope to one socket and waits for its ack. build makes the envelope for an app that knows the
// server by the address base; it runs under the lock, again for each socket that turns out to be broken.
func (s *Server) deliver(ctx context.Context, build func(base string) envelope) outcome {
	for {
		s.mu.Lock()
		c := s.hub.pick()
		if c == nil {
			s.mu.Unlock()
			return outcome{failure: dispatchFailed}
		}
		e := build(c.base)
		if e.id == "" {
			e.id = uuid.NewString()
		}
		p := &pending{kind: e.kind, accepts: e.accepts, conn: c, sent: time.Now(), done: make(chan struct{})}
		s.hub.sent[e.id] = p
		s.mu.Unlock()
		if s.write(c, p, e.frame()) {
			return s.await(ctx, p, e)
		}
	}
}

// pick returns the next socket in turn. Each envelope goes to one socket.
func (h *hub) pick() *conn {
	for range h.conns {
		h.next = (h.next + 1) % len(h.conns)
		if c := h.conns[h.next]; c.ready && !c.cut {
			return c
		}
	}
	return nil
}

// write reports whether the frame was written. A fault may close the socket right behind it.
func (s *Server) write(c *conn, p *pending, frame []byte) bool {
	cut := s.cutShort(p.kind)
	s.mu.Lock()
	c.cut = c.cut || cut
	p.sent = time.Now()
	s.mu.Unlock()
	err := c.send(frame)
	if err != nil || cut {
		s.drop(c)
	}
	return err == nil
}

func (s *Server) await(ctx context.Context, p *pending, e envelope) outcome {
	deadline := time.NewTimer(s.cfg.AckTimeout)
	defer deadline.Stop()
	select {
	case <-p.done:
	case <-deadline.C:
	case <-ctx.Done():
	case <-s.stop.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.at.IsZero() {
		p.over = true
		if s.cfg.ResendCommands && e.kind == slashCommands {
			s.hub.unacked = append(s.hub.unacked, e.frame())
		}
		return outcome{failure: operationTimeout}
	}
	return outcome{acked: true, ms: float64(p.at.Sub(p.sent).Microseconds()) / 1000, payload: p.payload}
}

// takeAck judges a frame that the app wrote.
func (s *Server) takeAck(c *conn, raw []byte) {
	now := time.Now()
	var a struct {
		EnvelopeID string          `json:"envelope_id"`
		Payload    json.RawMessage `json:"payload"`
	}
	malformed := json.Unmarshal(raw, &a) != nil || a.EnvelopeID == ""
	if string(a.Payload) == "null" {
		a.Payload = nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.cut {
		return
	}
	p := s.hub.sent[a.EnvelopeID]
	entry := Ack{EnvelopeID: a.EnvelopeID, Bytes: len(raw), At: now, Verdict: AckOK, Frame: raw}
	counts := false
	switch {
	case len(raw) > ackFrameBytes:
		entry.Verdict = AckTooLong
	case malformed:
		entry.Verdict = AckMalformed
	case p == nil:
		entry.Verdict = AckUnknown
	case !p.at.IsZero():
		entry.Verdict = AckDuplicate
	case p.over:
		entry.Verdict = AckLate
	case p.conn != c:
		entry.Verdict, counts = AckOtherSocket, !s.cfg.OwnSocketAcks
	case a.Payload != nil && !p.accepts:
		entry.Verdict, counts = AckNoPayload, true
	default:
		counts = true
	}
	if p != nil {
		entry.Type = p.kind
	}
	s.hub.acks = append(s.hub.acks, entry)
	if counts {
		p.at, p.over = now, true
		if p.accepts {
			p.payload = a.Payload
		}
		close(p.done)
	}
}

func (s *Server) journal(a Ack) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a.At = time.Now()
	s.hub.acks = append(s.hub.acks, a)
}

// Acks returns every frame that the app wrote on its sockets, oldest first, with the stand-in's verdict.
func (s *Server) Acks() []Ack {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Ack{}, s.hub.acks...)
}

// deliverEvent sends an event and returns what became of its first copy. Without an ack it comes again, in the
// background: up to three times with retry_attempt and retry_reason, waiting for a socket where there is none.
func (s *Server) deliverEvent(ctx context.Context, payload any) outcome {
	id := uuid.NewString()
	first := s.deliver(ctx, func(string) envelope { return envelope{id: id, kind: eventsAPI, payload: payload} })
	if !first.acked {
		s.goTask(func() { s.retryEvent(id, payload) })
	}
	return first
}

func (s *Server) retryEvent(id string, payload any) {
	if s.cfg.ResendEvents {
		if !s.awaitSocket(0) {
			return
		}
		again := func(string) envelope { return envelope{id: id, kind: eventsAPI, payload: payload} }
		if s.deliver(s.stop, again).acked {
			return
		}
	}
	for i, wait := range s.cfg.EventRetries {
		if !s.awaitSocket(wait) {
			return
		}
		retry := func(string) envelope {
			return envelope{kind: eventsAPI, payload: payload, retry: i + 1, reason: "timeout"}
		}
		if s.deliver(s.stop, retry).acked {
			return
		}
	}
}

// awaitSocket waits for at least wait and until a socket is ready. It is false when the server closes before.
func (s *Server) awaitSocket(wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.stop.Done():
		return false
	}
	for {
		s.mu.Lock()
		ready, opened := s.hub.pick() != nil, s.hub.opened
		s.mu.Unlock()
		if ready {
			return true
		}
		select {
		case <-opened:
		case <-s.stop.Done():
			return false
		}
	}
}
