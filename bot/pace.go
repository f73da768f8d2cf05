package bot

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Slack takes one message a second in a channel, short bursts above it too, and some fifty edits a minute in all (tier 3;
// docs.slack.dev/apis/web-api/rate-limits).
const (
	paceEvery    = time.Second
	paceBurst    = 3
	paceChannels = 1024 // channels remembered

	editEvery   = 1300 * time.Millisecond
	editBurst   = 15
	editReserve = 5 // edits of the burst that are kept for cards with buttons: somebody waits to press them
)

// pace keeps messages to Slack's rate. It never waits; it says how long the caller should.
type pace struct {
	mu       sync.Mutex
	channels map[string]*rate.Limiter
	edits    *rate.Limiter
	held     map[string]time.Time // by method: until when Slack wants no call
}

func newPace() *pace {
	return &pace{
		channels: map[string]*rate.Limiter{}, edits: rate.NewLimiter(rate.Every(editEvery), editBurst), held: map[string]time.Time{},
	}
}

// wait is 0 when method may be called for channel now, which then counts; else the time until it may. An edit that gives a
// card its buttons is urgent.
func (p *pace) wait(method, channel string, urgent bool, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if held := p.held[method].Sub(now); held > 0 {
		return held
	}
	if method == "chat.update" {
		return p.edit(urgent, now)
	}
	turn := p.limiter(channel, now).ReserveN(now, 1)
	delay := turn.DelayFrom(now)
	if delay > 0 {
		turn.CancelAt(now)
	}
	return delay
}

// edit takes an edit out of those that Slack allows, and leaves some for the urgent ones.
func (p *pace) edit(urgent bool, now time.Time) time.Duration {
	need := 1.0
	if !urgent {
		need += editReserve
	}
	if missing := need - p.edits.TokensAt(now); missing > 0 {
		return time.Duration(missing * float64(editEvery))
	}
	p.edits.AllowN(now, 1)
	return 0
}

// hold keeps everybody from calling method, as Slack has asked for.
func (p *pace) hold(method string, until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if until.After(p.held[method]) {
		p.held[method] = until
	}
}

func (p *pace) limiter(channel string, now time.Time) *rate.Limiter {
	if l := p.channels[channel]; l != nil {
		return l
	}
	if len(p.channels) >= paceChannels {
		p.forget(now)
	}
	l := rate.NewLimiter(rate.Every(paceEvery), paceBurst)
	p.channels[channel] = l
	return l
}

// forget drops the channels that have been quiet; those that have not matter.
func (p *pace) forget(now time.Time) {
	for channel, l := range p.channels {
		if l.TokensAt(now) >= paceBurst {
			delete(p.channels, channel)
		}
	}
}
