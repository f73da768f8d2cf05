package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/slack-go/slack/socketmode"
)

// MaxAck is the largest payload of an ack, in bytes. Slack silently drops frames of more than 20 480
// (slack-go socketmode/socketmode.go, maxResponseSize); the rest is for the envelope around it.
const MaxAck = 20_000

// AfterTimeout is how long Reply.After may run.
const AfterTimeout = 30 * time.Second

// ackLimit is when an ack has to be on its way: Slack waits three seconds.
const ackLimit = 2900 * time.Millisecond

// dispatcher takes envelopes off the sockets and has them answered.
type dispatcher struct {
	handler Handler
	command string // the app's own; empty takes all
	log     *slog.Logger
	self    *self
	seen    *seen
	sorry   func(Trouble, string) string
	observe func(kind string, took time.Duration, outcome Outcome) // nil for nobody
	// tell reaches a person to whom an ack can show nothing: raw goes to the response URL, or text into the person's DM.
	tell func(ctx context.Context, e envelope, text string, raw json.RawMessage) error

	ackTimeout time.Duration   // of the Handler's context, counted from the envelope's arrival
	acts       *lanes          // the Handler's methods
	afters     *lanes          // Reply.After, and telling people of trouble
	acks       *lanes          // acks that no handler gives: repeats, refusals and the unreadable
	work       context.Context // ends when the bot stops waiting for handlers
}

// The states of a turn. The first to leave a state decides what Slack is told.
const (
	waiting int32 = iota
	running
	answered
)

// turn is one deed on its way through the dispatcher.
type turn struct {
	envelope
	answer *answer
	state  atomic.Int32
}

func (t *turn) claim(from, to int32) bool { return t.state.CompareAndSwap(from, to) }

// take deals with one event of a socket. It never waits, so that the socket is always read.
func (d *dispatcher) take(from acker, e socketmode.Event) {
	received := time.Now()
	if e.Type == socketmode.EventTypeErrorBadMessage {
		d.bad(from, e, received)
		return
	}
	env, err := open(e, received)
	if err != nil {
		d.log.Warn("slack: envelope cannot be read", "err", err)
		return
	}
	here := target{from, env.id, received, env.kind}
	if fault, why := d.stranger(env); fault != "" {
		d.log.Warn("slack: envelope is not for this bot", "why", fault, "envelope", env.id, "app", env.appID, "kind", env.kind, "user", env.user)
		var told json.RawMessage
		if env.kind == command {
			told = env.apology(d.sorry(why, env.user))
		}
		d.ackSoon(here, told, AckForeign)
		return
	}
	a, first := d.seen.take(env.marks)
	payload, ready := a.join(here)
	switch {
	case ready:
		d.log.Info("slack: repeated envelope", "envelope", env.id, "kind", env.kind)
		d.ackSoon(here, payload, AckRepeated)
	case first:
		d.admit(&turn{envelope: env, answer: a})
	default: // acked together with the first
		d.log.Info("slack: repeated envelope joined the first", "envelope", env.id, "kind", env.kind)
	}
}

// stranger says why an envelope is not for this bot, if it is not, and what its person is told where an ack can show it.
func (d *dispatcher) stranger(e envelope) (fault string, why Trouble) {
	switch {
	case !d.self.app(e):
		return "of another app", Foreign
	case e.contrary:
		return "it names two places", Foreign
	case e.kind == command && d.command != "" && e.name != d.command:
		return "another command", Foreign
	case e.kind == command && e.team != d.self.get().TeamID:
		return "of another workspace", External
	}
	return "", 0
}

// bad acks what slack-go could not read, so that Slack does not send it again and again.
func (d *dispatcher) bad(from acker, e socketmode.Event, received time.Time) {
	id, cause := badEnvelope(e)
	d.log.Error("slack: message cannot be read", "envelope", id, "err", redact(fmt.Sprint(cause)))
	if id != "" {
		d.ackSoon(target{from, id, received, other}, nil, AckUnread)
	}
}

// admit queues a turn, or refuses it when there is no room or the bot is stopping.
func (d *dispatcher) admit(t *turn) {
	// A turn that waits too long to be answered in time is not begun: half of the time is for the queue.
	stop := at(t.received.Add(d.ackTimeout/2), func() {
		if t.claim(waiting, answered) {
			d.refuse(t)
		}
	})
	if d.acts.put(t.key, func() { stop(); d.run(t) }) {
		return
	}
	stop()
	if t.claim(waiting, answered) {
		d.refuse(t)
	}
}

// refuse tells Slack that the envelope was not looked at, and forgets it, so that it may come again.
func (d *dispatcher) refuse(t *turn) {
	d.log.Warn("slack: envelope refused, too much to do or stopping", "envelope", t.id, "kind", t.kind)
	d.seen.forget(t.marks)
	payload := d.excuse(t, Busy)
	for _, w := range t.answer.give(payload) {
		d.ackSoon(w, payload, AckBusy)
	}
}

// run has the Handler answer a turn, and acks in time whatever the Handler does.
func (d *dispatcher) run(t *turn) {
	if !t.claim(waiting, running) {
		return // refused while it waited
	}
	due := t.received.Add(d.ackTimeout)
	stop := at(due.Add((ackLimit-d.ackTimeout)/2), func() {
		if t.claim(running, answered) {
			d.log.Error("slack: handler is late, acked without it", "envelope", t.id, "kind", t.kind, "user", t.user)
			d.give(t, d.excuse(t, Late), AckLate)
		}
	})
	reply, err := d.call(t, due)
	stop()
	inTime := t.claim(running, answered)
	switch {
	case err != nil && inTime:
		d.give(t, d.excuse(t, Failed), AckFailed)
	case err == nil && inTime:
		d.give(t, d.payload(t, reply), AckAnswered)
	case err == nil && t.kind == command:
		d.followUp(t, reply)
	}
	d.after(t, reply)
}

// call runs the Handler's method. A panic of it is logged and becomes an error.
func (d *dispatcher) call(t *turn, due time.Time) (reply Reply, err error) {
	ctx, cancel := context.WithDeadline(d.work, due)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			d.logPanic(t, p)
			reply, err = Reply{}, errors.New("handler panicked")
		}
	}()
	return t.handle(withEnvelope(ctx, t.id), d.handler), nil
}

func (d *dispatcher) logPanic(t *turn, p any) {
	d.log.Error("slack: handler panicked", "envelope", t.id, "kind", t.kind, "user", t.user,
		"panic", panicText(p), "stack", string(debug.Stack()))
}

// panicText is what the runtime says of a panic. Of a value that somebody else panicked with it is the type alone: its text may
// hold anything that was at hand.
func panicText(p any) string {
	if err, ok := p.(runtime.Error); ok {
		return err.Error()
	}
	return fmt.Sprintf("%T", p)
}

// payload renders a reply for the ack.
func (d *dispatcher) payload(t *turn, r Reply) json.RawMessage {
	if r.Payload == nil {
		return nil
	}
	raw, err := json.Marshal(r.Payload)
	switch {
	case err != nil:
		d.log.Error("slack: payload of an ack cannot be written", "envelope", t.id, "kind", t.kind, "err", redact(err.Error()))
		return d.excuse(t, Oversize)
	case !t.takes:
		d.log.Error("slack: payload dropped, this kind of envelope takes none", "envelope", t.id, "kind", t.kind)
		return nil
	case len(raw) > MaxAck:
		d.log.Error("slack: payload of an ack is too large", "envelope", t.id, "kind", t.kind, "bytes", len(raw))
		return d.excuse(t, Oversize)
	}
	return raw
}

// excuse words a trouble for the ack. To whom an ack can show nothing it is sent another way.
func (d *dispatcher) excuse(t *turn, why Trouble) json.RawMessage {
	text := d.sorry(why, t.user)
	if payload := t.apology(text); payload != nil {
		return payload
	}
	if t.user != "" && t.kind != event && t.kind != other {
		d.later(t, func(ctx context.Context) error { return d.tell(ctx, t.envelope, text, nil) })
	}
	return nil
}

// followUp brings the answer of a late handler through the response URL.
func (d *dispatcher) followUp(t *turn, r Reply) {
	if r.Payload == nil {
		return
	}
	raw, err := json.Marshal(r.Payload)
	if err != nil {
		d.log.Error("slack: late answer cannot be written", "envelope", t.id, "err", redact(err.Error()))
		return
	}
	d.later(t, func(ctx context.Context) error { return d.tell(ctx, t.envelope, "", raw) })
}

// later tells a person something after the ack; it is given up when there is too much of it.
func (d *dispatcher) later(t *turn, say func(context.Context) error) {
	put := d.afters.put("tell "+t.key, func() {
		ctx, cancel := context.WithTimeout(d.work, AfterTimeout)
		defer cancel()
		if err := say(ctx); err != nil {
			d.log.Warn("slack: could not tell a person of trouble", "envelope", t.id, "user", t.user, "err", err)
		}
	})
	if !put {
		d.log.Warn("slack: no room to tell a person of trouble", "envelope", t.id, "user", t.user)
	}
}

// after runs Reply.After, in its own pool, so that it keeps no other turn waiting; without room there, right here.
func (d *dispatcher) after(t *turn, r Reply) {
	if r.After == nil {
		return
	}
	job := func() {
		ctx, cancel := context.WithTimeout(d.work, AfterTimeout)
		defer cancel()
		defer func() {
			if p := recover(); p != nil {
				d.logPanic(t, p)
			}
		}()
		r.After(ctx)
	}
	if !d.afters.put(t.key, job) {
		job()
	}
}

// give acks every delivery of a turn.
func (d *dispatcher) give(t *turn, payload json.RawMessage, which Outcome) {
	for _, w := range t.answer.give(payload) {
		d.ack(w, payload, which)
	}
}

// ack acks a delivery.
func (d *dispatcher) ack(w target, payload json.RawMessage, which Outcome) {
	ctx, cancel := context.WithDeadline(context.WithoutCancel(d.work), w.received.Add(ackLimit))
	defer cancel()
	if err := w.to.ack(ctx, w.envelopeID, payload); err != nil {
		d.log.Error("slack: ack could not be sent", "envelope", w.envelopeID, "err", err)
		d.acked(w, AckUnsent, which)
		return
	}
	d.acked(w, which, which)
}

// acked tells who observes which ack a delivery got. Of one that is acked once more, which has no outcome, it tells nothing.
func (d *dispatcher) acked(w target, got, meant Outcome) {
	if d.observe != nil && meant != "" {
		d.observe(string(w.kind), time.Since(w.received), got)
	}
}

// ackSoon acks without keeping the reader of the socket waiting. Acks of one socket leave in order.
func (d *dispatcher) ackSoon(w target, payload json.RawMessage, which Outcome) {
	if !d.acks.put(fmt.Sprintf("%p", w.to), func() { d.ack(w, payload, which) }) {
		d.log.Error("slack: ack dropped, too many wait", "envelope", w.envelopeID)
		d.acked(w, AckUnsent, which)
	}
}

// at runs f at a time, unless the returned function is called before. That function waits for f when it has begun.
func at(when time.Time, f func()) (stop func()) {
	ended := make(chan struct{})
	t := time.AfterFunc(time.Until(when), func() {
		defer close(ended)
		f()
	})
	return func() {
		if !t.Stop() {
			<-ended
		}
	}
}

// drain takes no more envelopes, and waits until all that were taken are answered and followed up.
// Until it returns new ones are refused, with an ack. It returns an error when ctx ends first.
func (d *dispatcher) drain(ctx context.Context) error {
	var errs []error
	for _, l := range []*lanes{d.acts, d.afters, d.acks} { // each puts into the next ones
		errs = append(errs, l.close(ctx))
	}
	return errors.Join(errs...)
}
