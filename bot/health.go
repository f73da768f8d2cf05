package bot

import (
	"sync"
	"time"
)

// Health says whether Slack can reach the bot.
type Health struct {
	Connections int       // sockets on which Slack has said hello and that are still open
	LastLive    time.Time // when there last was one: now while Connections > 0, zero if there never was
	Reconnects  int       // how often a connection came back after its socket had ended
}

// Gap is how long there has been no connection, at time now; since is used when there never was one.
func (h Health) Gap(now, since time.Time) time.Duration {
	switch {
	case h.Connections > 0:
		return 0
	case h.LastLive.IsZero():
		return now.Sub(since)
	}
	return now.Sub(h.LastLive)
}

// pulse counts the live connections.
type pulse struct {
	now func() time.Time

	mu       sync.Mutex
	live     map[string]bool
	lastLive time.Time
	again    int           // connections that came back
	changed  chan struct{} // closed and replaced at every change
}

func newPulse(now func() time.Time) *pulse {
	return &pulse{now: now, live: map[string]bool{}, changed: make(chan struct{})}
}

func (p *pulse) set(name string, live bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.live[name] == live {
		return
	}
	if _, was := p.live[name]; was && live {
		p.again++
	}
	p.live[name] = live
	p.lastLive = p.now()
	close(p.changed)
	p.changed = make(chan struct{})
}

// health returns the present health and a channel that is closed when it changes.
func (p *pulse) health() (Health, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	h := Health{LastLive: p.lastLive, Reconnects: p.again}
	for _, live := range p.live {
		if live {
			h.Connections++
		}
	}
	if h.Connections > 0 {
		h.LastLive = p.now()
	}
	return h, p.changed
}
