package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"syscall"
	"time"

	"mailback/recovery/store"
)

// services makes the checks of what is outside of Mailback, side by side; they are printed in this order. The clock comes last: it is
// compared with what the others were answered.
func (x examination) services(ctx context.Context) []finding {
	local := [][]finding{nil, nil}
	plain, err := x.s.transport()
	if err != nil { // which the settings' findings have said
		const because = "MAILBACK_CA_FILE is wrong"
		return slices.Concat([]finding{unchecked("slack", because), unchecked("microsoft", because)}, x.database(ctx), x.listen(ctx))
	}
	defer plain.CloseIdleConnections()
	x.dates = &dates{now: x.now, next: plain, ahead: map[string]time.Duration{}}
	x.transport = x.dates
	var slackSide, microsoftSide []finding
	side(
		func() { slackSide = x.slack(ctx) },
		func() { microsoftSide = x.microsoft(ctx) },
		func() { local[0] = x.within(ctx, "database", x.database) },
		func() { local[1] = x.within(ctx, "listen", x.listen) },
	)
	return slices.Concat(slackSide, microsoftSide, local[0], local[1], x.clock())
}

// side runs all of do beside each other and waits for them.
func side(do ...func()) {
	var all sync.WaitGroup
	for _, f := range do {
		all.Go(f)
	}
	all.Wait()
}

// within makes a check that has to end in time: one that does not is left behind, and has failed.
func (x examination) within(ctx context.Context, name string, check func(context.Context) []finding) []finding {
	_, found := inTime(ctx, x.limit, name, func(ctx context.Context) (struct{}, []finding) { return struct{}{}, check(ctx) })
	return found
}

// inTime is within for a check that gives what others go by.
func inTime[T any](ctx context.Context, limit time.Duration, name string, check func(context.Context) (T, []finding)) (T, []finding) {
	type result struct {
		facts T
		found []finding
	}
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	done := make(chan result, 1)
	go func() {
		facts, found := check(bounded)
		done <- result{facts, found}
	}()
	grace := time.NewTimer(limit + 2*time.Second) // it may say by itself what it waited for
	defer grace.Stop()
	select {
	case r := <-done:
		return r.facts, r.found
	case <-grace.C:
		var none T
		return none, []finding{failed(name, "look at the network and at what is to answer there", "no answer within %s", limit)}
	}
}

// database looks at Mailback's own database.
func (x examination) database(ctx context.Context) []finding {
	const name = "database"
	if why := x.without("MAILBACK_DATABASE_URL"); why != "" {
		return []finding{unchecked(name, why)}
	}
	c, err := store.Inspect(ctx, x.s.DatabaseURL)
	if err != nil {
		return []finding{failed(name, "put right what it says, or name another database in MAILBACK_DATABASE_URL", "%v", err)}
	}
	var all []finding
	switch {
	case c.Absent:
		all = append(all, note(name, "%s is not there yet; serve makes it", c.Place))
	case c.Schema > c.Newest:
		all = append(all, failed(name, "install the newer Mailback, or restore the backup from before its installation",
			"%s has schema %d, and this Mailback knows schemas up to %d", c.Place, c.Schema, c.Newest))
	case c.Schema == 0:
		all = append(all, note(name, "%s can be written and has no tables yet; serve makes them", c.Place))
	case c.Schema < c.Newest:
		all = append(all, note(name, "%s can be written; serve brings it from schema %d to %d, so make a backup first", c.Place, c.Schema, c.Newest))
	default:
		all = append(all, well(name, "%s can be written, and has schema %d", c.Place, c.Schema))
	}
	if c.Exposed != "" {
		all = append(all, warned("database.files", "do that, unless it is so on purpose", "%s", c.Exposed))
	}
	return all
}

// listen looks whether the address of /readyz is free.
func (x examination) listen(ctx context.Context) []finding {
	const name = "listen"
	if because := x.without("MAILBACK_LISTEN"); because != "" {
		return []finding{unchecked(name, because)}
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", x.s.Listen)
	switch {
	case isInUse(err):
		return []finding{note(name, "%s is in use: by a mailback serve that runs, or else serve cannot start", x.s.Listen)}
	case err != nil:
		return []finding{failed(name, "set MAILBACK_LISTEN to an address of this machine, such as 127.0.0.1:9090", "%v", err)}
	}
	if err := l.Close(); err != nil {
		return []finding{note(name, "%s is free (%v)", x.s.Listen, err)}
	}
	return []finding{well(name, "%s is free", x.s.Listen)}
}

// How far this machine's clock may be off: Microsoft refuses what a certificate signed beyond five minutes
// (learn.microsoft.com/entra/identity-platform/certificate-credentials), and people are told times by it.
const (
	skewWarns = 30 * time.Second
	skewFails = 5 * time.Minute
)

// dates is a transport that compares the Date of each answer with this machine's clock.
type dates struct {
	now  func() time.Time
	next http.RoundTripper

	mu    sync.Mutex
	ahead map[string]time.Duration // how far each host's clock is ahead of ours
}

// RoundTrip makes a call.
func (d *dates) RoundTrip(r *http.Request) (*http.Response, error) {
	began := d.now()
	resp, err := d.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	ended := d.now()
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		d.note(r.URL.Host, date, began, ended)
	}
	return resp, nil
}

// note notes a Date, which is cut to the second, of an answer that came between two moments; the least that a host's clock can be off counts.
func (d *dates) note(host string, date, began, ended time.Time) {
	var off time.Duration
	switch latest := date.Add(time.Second); {
	case date.After(ended):
		off = date.Sub(ended)
	case latest.Before(began):
		off = latest.Sub(began)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if known, ok := d.ahead[host]; !ok || off.Abs() < known.Abs() {
		d.ahead[host] = off
	}
}

// clock compares this machine's clock with those of Slack and Microsoft.
func (x examination) clock() []finding {
	const name, fix = "clock", "let this machine take its time from the network (NTP): as root, timedatectl set-ntp true"
	x.dates.mu.Lock()
	defer x.dates.mu.Unlock()
	at := x.s.endpoints()
	var far string
	var most time.Duration
	seen := 0
	for _, peer := range []struct{ name, url string }{
		{"Slack", x.s.SlackAPIURL}, {"Microsoft Entra", at.authority}, {"Microsoft Graph", at.graph}, {"Exchange Online", at.exchange},
	} {
		u, err := url.Parse(peer.url)
		if err != nil {
			continue
		}
		off, ok := x.dates.ahead[u.Host]
		if !ok {
			continue
		}
		if seen++; off.Abs() > most.Abs() {
			most, far = off, peer.name
		}
	}
	direction := "ahead of"
	if most > 0 {
		direction = "behind"
	}
	text := fmt.Sprintf("this machine's clock is %s %s that of %s", most.Abs().Round(time.Second), direction, far)
	switch {
	case seen == 0:
		return []finding{unchecked(name, "nobody answered who has a clock")}
	case most.Abs() > skewFails:
		return []finding{failed(name, fix, "%s", text)}
	case most.Abs() > skewWarns:
		return []finding{warned(name, fix, "%s", text)}
	}
	return []finding{well(name, "this machine's clock goes with those of the %d services that answered, by less than %s", seen, skewWarns)}
}

// isInUse says whether an address is taken; 10048 is WSAEADDRINUSE, as Windows says it.
func isInUse(err error) bool {
	return errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, syscall.Errno(10048))
}
