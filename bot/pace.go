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
	paceChannels = 1024 // channels remembered

	editEvery   = 1300 * time.Millisecond
	editBurst   = 15
	editReserve = 5 // edits of the burst that are kept for cards with buttons: somebody waits to press them

	urgentInARow = 3 // urgent messages that go before one that is not, while both wait

	placeKept = 15 * time.Second // how much later than told one may come again and still have its place in line
)

// pace keeps messages to Slack's rate. It never waits; it says how long the caller should, who comes again then. Messages
// leave in the order in which they first asked, in whatever order they come again, urgent ones before others; only those that
// fit into one burst may overtake each other. Places in line are all that is kept here: a process that dies loses no message,
// and in the next one they line up as they come.
type pace struct {
	mu       sync.Mutex
	channels map[string]*line
	edits    *line
	held     map[string]time.Time // by method: until when Slack wants no call
}

// outgoing is a call that wants to be made. It is urgent where people wait for it: a message that stands by itself, as a card, and
// an edit that gives a card its buttons. What goes into a thread or to one person's eyes, and all other edits, are not.
type outgoing struct {
	method, channel string
	message         int64
	urgent          bool
}

func newPace() *pace {
	return &pace{channels: map[string]*line{}, edits: newLine(editEvery, editBurst, editReserve), held: map[string]time.Time{}}
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
	if l.taken.After(start) {
		start = l.taken
	}
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

// taken says that other processes have used up the rate until a time. The turn that c had is given back, before those that came after it.
func (p *pace) taken(c outgoing, now, until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.line(c, now)
	l.taken = until
	l.rate.ReserveN(now, -1)
	l.first(c, until.Add(placeKept))
}

// common is the rate that c shares with all processes: its name, how often there is a turn, and how many may come at once.
func (c outgoing) common() (line string, every time.Duration, burst int) {
	switch {
	case c.method != "chat.update":
		return c.channel, paceEvery, paceBurst
	case c.urgent:
		return "chat.update", editEvery, editBurst
	default:
		return "chat.update", editEvery, editBurst - editReserve
	}
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
	l := newLine(paceEvery, paceBurst, 0)
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

// line is the messages that wait for one rate, in the order in which they leave.
type line struct {
	rate    *rate.Limiter
	every   time.Duration
	reserve int // of the burst, for urgent ones
	waiting []place
	taken   time.Time // until when other processes have used up the rate
}

// place is a message's place in line. It is lost at the time kept: its message may have gone another way.
type place struct {
	message int64
	urgent  bool
	passed  int // urgent ones that were put before it while it was the first that is not
	kept    time.Time
}

// ahead says whether nobody is put before it any more.
func (p place) ahead() bool { return p.urgent || p.passed >= urgentInARow }

func newLine(every time.Duration, burst, reserve int) *line {
	return &line{rate: rate.NewLimiter(rate.Every(every), burst), every: every, reserve: reserve}
}

// place is where c stands in line. If it is new, that is the end of the line, or before all who are not ahead if it is urgent.
func (l *line) place(c outgoing, now time.Time) int {
	l.waiting = slices.DeleteFunc(l.waiting, func(w place) bool {
		return w.kept.Before(now) || w.message == c.message && w.urgent != c.urgent
	})
	if i := slices.IndexFunc(l.waiting, func(w place) bool { return w.message == c.message }); i >= 0 {
		return i
	}
	end := len(l.waiting)
	if c.urgent {
		end = l.ahead()
		if end < len(l.waiting) {
			l.waiting[end].passed++
		}
	}
	l.waiting = slices.Insert(l.waiting, end, place{message: c.message, urgent: c.urgent})
	return end
}

// first puts c before all of its like. Its turn had come, so nobody is put before it any more.
func (l *line) first(c outgoing, kept time.Time) {
	l.waiting = slices.DeleteFunc(l.waiting, func(w place) bool { return w.message == c.message })
	start := 0
	if !c.urgent {
		start = l.ahead()
	}
	l.waiting = slices.Insert(l.waiting, start, place{c.message, c.urgent, urgentInARow, kept})
}

// ahead is how many wait before whom nobody is put. They stand in front of all others.
func (l *line) ahead() int {
	if i := slices.IndexFunc(l.waiting, func(w place) bool { return !w.ahead() }); i >= 0 {
		return i
	}
	return len(l.waiting)
}

// until is how long after now it is the turn of the one in place i.
func (l *line) until(i int, now time.Time) time.Duration {
	need := i + 1
	if !l.waiting[i].ahead() {
		need += l.reserve
	}
	missing := float64(need) - l.rate.TokensAt(now)
	return max(0, time.Duration(missing*float64(l.every))).Truncate(time.Microsecond) // what is less is the rounding of tokens
}
