// Package fault breaks the stand-ins' services on purpose and keeps the list of calls they had.
//
// A Desk stands in front of every service of the sandbox. Scripts lay faults on it ("the next two
// restores answer 503", "sign-in hangs") and read from it which calls arrived and how each was
// answered. The stand-ins themselves know nothing of faults: they answer as the vendor would, and
// the Desk spoils that answer on its way.
package fault

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Kind is a way in which a call goes wrong.
type Kind string

// The kinds of fault. Fault.Value means what each line says; it is unused elsewhere.
const (
	Status     Kind = "status"     // answered with HTTP status Value, nothing done
	Throttle   Kind = "throttle"   // answered 429 with Retry-After of Value seconds, nothing done
	Slow       Kind = "slow"       // answered after Value milliseconds
	Hang       Kind = "hang"       // never answered: held until the caller gives up or the fault is cleared
	Drop       Kind = "drop"       // connection closed before anything is done
	Lost       Kind = "lost"       // done, but the connection is closed before the answer
	Cut        Kind = "cut"        // done, but the answer ends in its middle
	Refused    Kind = "refused"    // no connection is taken until the faults are cleared; done by the sandbox, which has the ports
	Disconnect Kind = "disconnect" // a Slack socket is closed; taken by the Slack stand-in itself
)

// Services are the names that Fault.Service may take.
var services = map[string]bool{"slack": true, "login": true, "graph": true, "exchange": true}

// Fault spoils the calls of one service whose path, with the method before it ("DELETE /v1.0/users/…"), contains Match.
type Fault struct {
	Service string `json:"service"`
	Match   string `json:"match"`
	Kind    Kind   `json:"kind"`
	Times   int    `json:"times"` // how many calls; 0 means every call until Clear
	Value   int    `json:"value"`
}

// Call is one call that a service had.
type Call struct {
	Service string    `json:"service"`
	Method  string    `json:"method"`
	Path    string    `json:"path"`   // with its query
	Status  int       `json:"status"` // 0 when the caller got no whole answer
	Done    int       `json:"-"`      // the status that the service gave it, also where the caller did not get that; 0 where nothing was done
	At      time.Time `json:"at"`
}

// Desk holds the faults that wait and the calls that were made. The zero value is not usable: see New.
type Desk struct {
	now func() time.Time

	mu      sync.Mutex
	watch   func(Moment)
	faults  []*Fault
	taken   int
	cleared chan struct{} // closed by Clear, so that hanging calls end
	calls   []Call
}

// New returns an empty desk whose calls are dated by now.
func New(now func() time.Time) *Desk {
	return &Desk{now: now, cleared: make(chan struct{})}
}

// Add lays a fault on the desk. It refuses an unknown service or kind, and values that the kind cannot have.
func (d *Desk) Add(f Fault) error {
	if !services[f.Service] {
		return fmt.Errorf("unknown service %q: it is one of slack, login, graph, exchange", f.Service)
	}
	if f.Times < 0 || f.Value < 0 {
		return fmt.Errorf("times and value are not negative")
	}
	switch f.Kind {
	case Status:
		if f.Value < 400 || f.Value > 599 {
			return fmt.Errorf("a fault of kind status has the HTTP status, 400 to 599, as its value")
		}
	case Disconnect:
		if f.Service != "slack" {
			return fmt.Errorf("only slack has sockets to disconnect")
		}
	case Refused:
		return fmt.Errorf("only a whole sandbox can refuse connections")
	case Throttle, Slow, Hang, Drop, Lost, Cut:
	default:
		return fmt.Errorf("unknown kind %q: it is one of status, throttle, slow, hang, drop, lost, cut, refused, disconnect", f.Kind)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults = append(d.faults, &f)
	return nil
}

// Moment is a call that is about to be served, or that was served and has no answer yet.
type Moment struct {
	Service, Method, Path string
	Served                bool
	Status                int // of one that was served
}

// Watch has every moment of every call told to w before the call goes on; nil ends it. A harness breaks something there.
func (d *Desk) Watch(w func(Moment)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.watch = w
}

// tell tells of a call; status is 0 before it is served.
func (d *Desk) tell(service string, r *http.Request, status int) {
	d.mu.Lock()
	w := d.watch
	d.mu.Unlock()
	if w != nil {
		w(Moment{service, r.Method, r.URL.RequestURI(), status != 0, status})
	}
}

// Clear takes all faults away and lets hanging calls go on.
func (d *Desk) Clear() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults = nil
	close(d.cleared)
	d.cleared = make(chan struct{})
}

// Take uses up and returns the first fault of one of the kinds that fits service and path.
func (d *Desk) Take(service, path string, kinds ...Kind) (Fault, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, f := range d.faults {
		if f.Service != service || !strings.Contains(path, f.Match) || !slices.Contains(kinds, f.Kind) {
			continue
		}
		taken := *f
		d.taken++
		if f.Times == 1 {
			d.faults = append(d.faults[:i:i], d.faults[i+1:]...)
		} else if f.Times > 1 {
			f.Times--
		}
		return taken, true
	}
	return Fault{}, false
}

// Taken counts the calls that have met a fault so far.
func (d *Desk) Taken() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.taken
}

// Calls returns every call so far, oldest first.
func (d *Desk) Calls() []Call {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]Call{}, d.calls...)
}

// record notes a call: what the caller and what the service saw of it.
func (d *Desk) record(service string, r *http.Request, status, done int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls = append(d.calls, Call{
		Service: service, Method: r.Method, Path: r.URL.RequestURI(), Status: status, Done: done, At: d.now(),
	})
}

// Refuse writes a vendor's own body for a status that a fault asks for; retryAfter is 0 where none was given.
type Refuse func(w http.ResponseWriter, r *http.Request, status int, retryAfter time.Duration)

// Wrap puts the desk in front of a service: calls are recorded, and spoiled as the faults say.
func (d *Desk) Wrap(service string, refuse Refuse, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, ok := d.Take(service, r.Method+" "+r.URL.RequestURI(), Status, Throttle, Slow, Hang, Drop, Lost, Cut)
		if !ok {
			d.serve(service, w, r, next)
			return
		}
		switch f.Kind {
		case Status:
			d.record(service, r, f.Value, 0)
			refuse(w, r, f.Value, 0)
		case Throttle:
			d.record(service, r, http.StatusTooManyRequests, 0)
			refuse(w, r, http.StatusTooManyRequests, time.Duration(f.Value)*time.Second)
		case Slow:
			buffer(r)
			d.wait(r, time.After(time.Duration(f.Value)*time.Millisecond))
			d.serve(service, w, r, next)
		case Hang:
			buffer(r)
			d.wait(r, nil)
			d.record(service, r, 0, 0)
			panic(http.ErrAbortHandler)
		case Drop:
			d.record(service, r, 0, 0)
			panic(http.ErrAbortHandler)
		case Lost:
			d.lose(service, r, next, func(*answer) {})
		case Cut:
			d.lose(service, r, next, func(a *answer) { a.half(w) })
		}
	})
}

// buffer reads a call's body and puts it back: net/http notices that a caller has gone only once the body is read.
func buffer(r *http.Request) {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler) // the caller has gone
	}
	r.Body = io.NopCloser(bytes.NewReader(b))
}

// wait returns when timeout fires, the caller is gone or the faults are cleared.
func (d *Desk) wait(r *http.Request, timeout <-chan time.Time) {
	d.mu.Lock()
	cleared := d.cleared
	d.mu.Unlock()
	select {
	case <-timeout:
	case <-cleared:
	case <-r.Context().Done():
	}
}

func (d *Desk) serve(service string, w http.ResponseWriter, r *http.Request, next http.Handler) {
	d.tell(service, r, 0)
	seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
	defer func() { d.record(service, r, seen.status, seen.status) }()
	next.ServeHTTP(seen, r)
	d.tell(service, r, seen.status)
}

// statusWriter remembers the status that a handler wrote. Unwrap lets a websocket upgrade through.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// lose has a call served and keeps its answer, but for what show lets through.
func (d *Desk) lose(service string, r *http.Request, next http.Handler, show func(*answer)) {
	a := &answer{header: http.Header{}, status: http.StatusOK}
	d.tell(service, r, 0)
	next.ServeHTTP(a, r)
	d.record(service, r, 0, a.status)
	d.tell(service, r, a.status)
	show(a)
	panic(http.ErrAbortHandler)
}

// answer is a ResponseWriter whose answer goes nowhere yet.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }

// half writes the answer up to the middle of its body.
func (a *answer) half(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.header)
	w.Header().Set("Content-Length", strconv.Itoa(max(a.body.Len(), 2))) // so that a cut answer can be told from a whole one
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body.Bytes()[:a.body.Len()/2])
	_ = http.NewResponseController(w).Flush() // what is still buffered would go with the connection
}
