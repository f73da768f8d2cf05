package bot

import (
	"context"
	"sync"
	"time"

	"github.com/slack-go/slack/socketmode"
)

// noSocketAfter is how long there may be no connection until it is logged, and logged again.
const noSocketAfter = 30 * time.Second

// sockets is the pair of connections of a running Bot. Slack delivers each envelope to any one of them
// (docs.slack.dev/apis/events-api/using-socket-mode, "Using multiple connections").
type sockets struct {
	pair  [2]*connection
	fault chan error // what ended a connection for good
	end   context.CancelFunc
	owned sync.WaitGroup
}

// connect opens the first connection, and the second a little after the first is live: Slack renews
// sockets after a fixed time, and so the two are not renewed together.
func (b *Bot) connect(ctx context.Context, d *dispatcher) *sockets {
	ctx, end := context.WithCancel(ctx)
	s := &sockets{pair: [2]*connection{b.connection("first", d), b.connection("second", d)}, fault: make(chan error, 2), end: end}
	s.owned.Go(func() { s.keep(ctx, s.pair[0]) })
	s.owned.Go(func() {
		if b.stagger(ctx) {
			s.keep(ctx, s.pair[1])
		}
	})
	s.owned.Go(func() { b.watch(ctx) })
	return s
}

func (s *sockets) keep(ctx context.Context, c *connection) {
	if err := c.run(ctx); err != nil {
		s.fault <- err
	}
}

// close waits until the acks that were given are written, a second at most, and closes both sockets.
func (s *sockets) close(ctx context.Context) {
	flush, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	for _, c := range s.pair {
		c.flush(flush)
	}
	s.end()
	s.owned.Wait()
}

// connection prepares one connection. Its dialer counts what is written to the socket.
func (b *Bot) connection(name string, d *dispatcher) *connection {
	written := &flow{}
	dialer := *b.dialer
	dialer.WriteBufferPool = written
	return &connection{
		name: name, dialer: &dialer, flow: written, log: b.log, pulse: b.pulse, self: b.self,
		client: socketmode.New(b.api.inUse(), socketmode.OptionDialer(&dialer)),
		take:   d.take, again: d.ackSoon, within: helloTimeout,
	}
}

// stagger waits until the first connection is live, and a while longer. It returns false when ctx ends first.
func (b *Bot) stagger(ctx context.Context) bool {
	for {
		h, changed := b.pulse.health()
		if h.Connections > 0 {
			return sleep(ctx, b.config.Stagger)
		}
		select {
		case <-changed:
		case <-time.After(helloTimeout): // the first cannot connect; the second may
			return true
		case <-ctx.Done():
			return false
		}
	}
}

// watch logs when there has been no connection for long.
func (b *Bot) watch(ctx context.Context) {
	started := b.config.Now()
	tick := time.NewTicker(noSocketAfter)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if gap := b.Health().Gap(b.config.Now(), started); gap >= noSocketAfter {
				b.log.Error("slack: no connection, commands and clicks do not arrive", "for", gap.Round(time.Second))
			}
		case <-ctx.Done():
			return
		}
	}
}
