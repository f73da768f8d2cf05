package bot

import (
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Slack takes one message a second in a channel, short bursts above it too, and some fifty edits a minute in all (tier 3;
// docs.slack.dev/apis/web-api/rate-limits).
const (
	paceEvery    = time.Second
	paceBurst    = 3
	paceReserve  = 2    // messages of the burst that are kept from answers to one person alone: whoever clicks a lot must hold up no card
	paceChannels = 1024 // channels remembered

	editEvery   = 1300 * time.Millisecond
	editBurst   = 15
	editReserve = 5 // edits of the burst that are kept for cards with buttons: somebody waits to press them

	placeKept = 15 * time.Second // how much later than told one may come again and still have its place in line
)

// pace keeps messages to Slack's rate. It never waits; it says how long the caller should, who comes again then. Messages
// leave in the order in which they first asked, in whatever order they come again; only those that fit into one burst may
// overtake each other, and all overtake those to one person alone. Places in line are all that is kept here: a process that dies loses no message, and in the next one
// they line up as they come.
type pace struct {
	mu       sync.Mutex
	channels map[string]*line
	edits    *line
	held     map[string]time.Time // by method: until when Slack wants no call
}

// outgoing is a call that wants to be made. An edit that gives a card its buttons is urgent.
type outgoing struct {
	method, channel string
	message         int64
	urgent          bool
}

// rank is who goes before whom.
type rank int

const (
	urgent  rank = iota // gives a card its buttons: somebody waits to press them
	regular             // any other message or edit
	private             // to one person alone: Slack calls its delivery uncertain anyway
)

func (c outgoing) rank() rank {
	switch {
	case c.urgent:
		return urgent
	case c.method == "chat.postEphemeral":
		return private
	default:
		return regular
	}
}

func newPace() *pace {
	return &pace{channels: map[string]*line{}, edits: newLine(editEvery, editBurst, [...]int{regular: editReserve, private: editReserve}), held: map[string]time.Time{}}
}

// wait is 0 when c may be made now, which then counts; else the time until it is its turn, if it comes again with the same
// message.
func (p *pace) wait(c outgoing, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	start := now
	if held := p.held[c.method]; held.After(now) {
		start = held
	}
	l := p.line(c, now)
	i := l.place(c, now)
	wait := start.Sub(now) + l.until(i, start)
	if wait > 0 {
		l.waiting[i].kept = now.Add(wait + placeKept)
		return wait
	}
	l.rate.ReserveN(now, 1)
	l.waiting = slices.Delete(l.waiting, i, i+1)
	return 0
}

// hold keeps everybody from calling c's method, as Slack has asked for when c was made. c has its turn again before those
// that came after it.
func (p *pace) hold(c outgoing, now, until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if until.After(p.held[c.method]) {
		p.held[c.method] = until
	}
	p.line(c, now).first(c, until.Add(placeKept))
}

func (p *pace) line(c outgoing, now time.Time) *line {
	if c.method == "chat.update" {
		return p.edits
	}
	if l := p.channels[c.channel]; l != nil {
		return l
	}
	if len(p.channels) >= paceChannels {
		p.forget(now)
	}
	l := newLine(paceEvery, paceBurst, [...]int{private: paceReserve})
	p.channels[c.channel] = l
	return l
}

// forget drops the channels that have been quiet; those that have not matter.
func (p *pace) forget(now time.Time) {
	for channel, l := range p.channels {
		if len(l.waiting) == 0 && l.rate.TokensAt(now) >= paceBurst {
			delete(p.channels, channel)
		}
	}
}

// line is the messages that wait for one rate: by rank, else in the order in which they came.
type line struct {
	rate    *rate.Limiter
	every   time.Duration
	reserve [private + 1]int // of the burst, kept from those of a rank for those before it
	waiting []place
}

// place is a message's place in line. It is lost at the time kept: its message may have gone another way.
type place struct {
	message int64
	rank    rank
	kept    time.Time
}

func newLine(every time.Duration, burst int, reserve [private + 1]int) *line {
	return &line{rate: rate.NewLimiter(rate.Every(every), burst), every: every, reserve: reserve}
}

// place is where c stands in line, at the end of its like if it is new.
func (l *line) place(c outgoing, now time.Time) int {
	l.waiting = slices.DeleteFunc(l.waiting, func(w place) bool {
		return w.kept.Before(now) || w.message == c.message && w.rank != c.rank()
	})
	if i := slices.IndexFunc(l.waiting, func(w place) bool { return w.message == c.message }); i >= 0 {
		return i
	}
	end := l.before(c.rank() + 1)
	l.waiting = slices.Insert(l.waiting, end, place{message: c.message, rank: c.rank()})
	return end
}

// first puts c before all of its like.
func (l *line) first(c outgoing, kept time.Time) {
	l.waiting = slices.DeleteFunc(l.waiting, func(w place) bool { return w.message == c.message })
	l.waiting = slices.Insert(l.waiting, l.before(c.rank()), place{c.message, c.rank(), kept})
}

// before is how many wait that go before those of rank r.
func (l *line) before(r rank) int {
	if i := slices.IndexFunc(l.waiting, func(w place) bool { return w.rank >= r }); i >= 0 {
		return i
	}
	return len(l.waiting)
}

// until is how long after now it is the turn of the one in place i.
func (l *line) until(i int, now time.Time) time.Duration {
	need := i + 1 + l.reserve[l.waiting[i].rank]
	missing := float64(need) - l.rate.TokensAt(now)
	return max(0, time.Duration(missing*float64(l.every))).Truncate(time.Microsecond) // what is less is the rounding of tokens
}
