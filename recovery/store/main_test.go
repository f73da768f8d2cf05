package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mailback/recovery"
	"mailback/recovery/store/pgtest"
)

// TestMain also proves that no store leaves a goroutine behind.
func TestMain(m *testing.M) {
	if url := os.Getenv(childURL); url != "" {
		child(url)
	}
	code := pgtest.Main(m)
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// setup is one database for one test.
type setup struct {
	t     *testing.T
	url   string
	clock *clock
}

// clock is the system's, moved by hand.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time           { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) advance(by time.Duration) { c.ahead.Add(int64(by)) }

// each runs a test on both databases.
func each(t *testing.T, test func(*testing.T, *setup)) {
	t.Helper()
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, &setup{t: t, url: "sqlite:" + filepath.Join(t.TempDir(), "mail back?#%.db"), clock: &clock{}})
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, &setup{t: t, url: pgtest.Database(t), clock: &clock{}})
	})
}

// open opens the database; the test's end closes it.
func (u *setup) open(change ...func(*Config)) *Store {
	u.t.Helper()
	cfg := Config{URL: u.url, Render: render, Now: u.clock.now, Logger: slog.New(slog.NewTextHandler(u.t.Output(), nil))}
	for _, f := range change {
		f(&cfg)
	}
	s, err := Open(u.t.Context(), cfg)
	if err != nil {
		u.t.Fatalf("open: %v", err)
	}
	u.t.Cleanup(func() {
		if err := s.Close(); err != nil {
			u.t.Errorf("close: %v", err)
		}
	})
	return s
}

// render gives the requester's card in every state, the approval card from pending on, a line for each event that waits,
// and an ephemeral one for each refusal.
func render(r recovery.Request, e recovery.Event) ([]recovery.Message, error) {
	text := func(s string) []byte { return fmt.Appendf(nil, `{"text":%q}`, r.Ref()+" "+s) }
	ms := []recovery.Message{{Key: recovery.CardRequester, Channel: r.Requester.UserID, Body: text(string(r.State))}}
	if r.State == recovery.Pending || r.State == recovery.Approved {
		ms = append(ms, recovery.Message{Key: recovery.CardApproval, Channel: "C1", Body: text(string(r.State))})
	}
	switch e.Kind {
	case recovery.EventWaiting:
		ms = append(ms, recovery.Message{
			Key: fmt.Sprintf("line-%d", e.Seq), Channel: r.Requester.UserID, Thread: recovery.CardRequester, Body: text("waits"),
		})
	case recovery.EventRefused:
		ms = append(ms, recovery.Message{Key: fmt.Sprintf("no-%d", e.Seq), Channel: "C1", Ephemeral: "U2", Body: text("no")})
	case recovery.EventUnsent:
		return nil, errors.New("no words")
	}
	return ms, nil
}

var keys atomic.Int64

func ask(requester string) recovery.Request {
	n := keys.Add(1)
	return recovery.Request{
		Key: fmt.Sprintf("key-%d", n), UUID: fmt.Sprintf("uuid-%d", n), State: recovery.Submitted, CreatedAt: time.Now().UTC(),
		Requester: recovery.Actor{TeamID: "T1", UserID: requester}, ResponseURL: "https://hooks.slack.example/secret",
		Ask: recovery.Ask{Query: recovery.Query{Kind: recovery.ByAddress, Value: "anna@contoso.com"}},
	}
}

func (u *setup) create(s *Store, requester string) recovery.Request {
	u.t.Helper()
	r, isNew, err := s.Create(u.t.Context(), ask(requester), recovery.Event{Kind: recovery.EventAsked, At: u.clock.now()})
	if err != nil || !isNew {
		u.t.Fatalf("create: %v, new %v", err, isNew)
	}
	return r
}

func (u *setup) update(s *Store, id int64, change func(*recovery.Request) (recovery.Event, error)) recovery.Request {
	u.t.Helper()
	r, err := s.Update(u.t.Context(), id, change)
	if err != nil {
		u.t.Fatalf("update R-%d: %v", id, err)
	}
	return r
}

// become changes the state with an event.
func become(next recovery.State, kind recovery.EventKind) func(*recovery.Request) (recovery.Event, error) {
	return func(r *recovery.Request) (recovery.Event, error) {
		r.State = next
		return recovery.Event{Kind: kind}, nil
	}
}

// count gives a number that a query counts.
func (u *setup) count(s *Store, query string, args ...any) (n int) {
	u.t.Helper()
	if err := s.db.writer().row(u.t.Context(), "count", query, args, &n); err != nil {
		u.t.Fatalf("%s: %v", query, err)
	}
	return n
}

// trail opens the audit trail beside the store.
func (u *setup) trail() *Trail {
	u.t.Helper()
	trail, err := OpenTrail(u.t.Context(), u.url, u.clock.now)
	if err != nil {
		u.t.Fatalf("open the audit trail: %v", err)
	}
	u.t.Cleanup(func() {
		if err := trail.Close(); err != nil {
			u.t.Errorf("close the audit trail: %v", err)
		}
	})
	return trail
}

// events verifies the whole audit trail and gives a request's part of it.
func (u *setup) events(_ *Store, id int64) []recovery.Event {
	u.t.Helper()
	trail := u.trail()
	if _, err := trail.Verify(u.t.Context(), nil); err != nil {
		u.t.Fatal(err)
	}
	var es []recovery.Event
	err := trail.Export(u.t.Context(), time.Time{}, func(e Entry) error {
		if e.Request == id {
			es = append(es, e.Event)
		}
		return nil
	})
	if err != nil {
		u.t.Fatal(err)
	}
	return es
}

// calls are the jobs that ran, as "advance 1 2": id and version.
type calls struct {
	mu    sync.Mutex
	each  map[string]int
	came  chan string
	left  map[string]int // that came while another was waited for; of the test's own goroutine
	onRun func(call string) (time.Duration, error)
}

func newCalls(onRun func(call string) (time.Duration, error)) *calls {
	return &calls{each: map[string]int{}, left: map[string]int{}, came: make(chan string, 1000), onRun: onRun}
}

func (c *calls) run(kind string) func(context.Context, int64, int64) (time.Duration, error) {
	return func(_ context.Context, id, version int64) (time.Duration, error) {
		call := fmt.Sprintf("%s %d %d", kind, id, version)
		c.mu.Lock()
		c.each[call]++
		c.mu.Unlock()
		c.came <- call
		return c.onRun(call)
	}
}

func (c *calls) workers() Workers {
	return Workers{Advance: c.run("advance"), Deliver: forRequest(c.run("deliver"))}
}

// forRequest makes a worker one that is told a request.
func forRequest(run func(context.Context, int64, int64) (time.Duration, error)) func(context.Context, string, int64, int64) (time.Duration, error) {
	return func(ctx context.Context, _ string, message, version int64) (time.Duration, error) {
		return run(ctx, message, version)
	}
}

func (c *calls) times(call string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.each[call]
}

// wait waits until a job ran, once more for each call of wait. Jobs of different queues run in any order, so what comes
// meanwhile is kept for its own wait.
func (c *calls) wait(t *testing.T, call string, within time.Duration) {
	t.Helper()
	timeout := time.After(within)
	for c.left[call] == 0 {
		select {
		case got := <-c.came:
			c.left[got]++
		case <-timeout:
			c.mu.Lock()
			defer c.mu.Unlock()
			t.Fatalf("no %q within %s; there were %v", call, within, c.each)
		}
	}
	c.left[call]--
}

// lines are those of a log, as JSON.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// read gives the lines that speak of jobs.
func (l *lines) read(t *testing.T) (out []map[string]any) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for d := json.NewDecoder(&l.b); d.More(); {
		var line map[string]any
		if err := d.Decode(&line); err != nil {
			t.Fatal(err)
		}
		if line["job"] != nil {
			out = append(out, line)
		}
	}
	return out
}

func (u *setup) start(s *Store, w Workers) {
	u.t.Helper()
	if err := s.Start(u.t.Context(), w); err != nil {
		u.t.Fatalf("start: %v", err)
	}
}

func (u *setup) stop(s *Store) {
	u.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := s.Stop(ctx); err != nil {
		u.t.Fatalf("stop: %v", err)
	}
}

// jobs counts the jobs of a kind that are not finished.
func (u *setup) jobs(s *Store, kind string) int {
	u.t.Helper()
	return u.count(s, `SELECT COUNT(*) FROM river_job WHERE kind = $1 AND finalized_at IS NULL`, kind)
}
