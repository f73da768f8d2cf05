package store

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mailback/recovery"
)

// outbox is what bot declares as the Outbox it needs.
type outbox interface {
	Message(ctx context.Context, id int64) (channel, ts, threadTS string, body []byte, version int64, live, waits bool, err error)
	Posted(ctx context.Context, id, version int64, channel, ts string, live bool) error
	Refused(ctx context.Context, id, version int64, code string) error
	Turn(ctx context.Context, line string, every time.Duration, burst int) (wait time.Duration, err error)
}

var _ outbox = (*Outbox)(nil)

// message is what Outbox.Message gives.
type message struct {
	channel, ts, thread, text, user string
	version                         int64
	live, waits                     bool
}

func (u *setup) message(s *Store, id int64) (m message) {
	u.t.Helper()
	var body []byte
	var err error
	m.channel, m.ts, m.thread, body, m.version, m.live, m.waits, err = s.Outbox().Message(u.t.Context(), id)
	if err != nil {
		u.t.Fatalf("message %d: %v", id, err)
	}
	var read struct{ Text, User string }
	if err := json.Unmarshal(body, &read); err != nil {
		u.t.Fatalf("body %s: %v", body, err)
	}
	m.text, m.user = read.Text, read.User
	return m
}

func (u *setup) posted(s *Store, id, version int64, channel, ts string, live bool) {
	u.t.Helper()
	if err := s.Outbox().Posted(u.t.Context(), id, version, channel, ts, live); err != nil {
		u.t.Fatalf("posted: %v", err)
	}
}

func event(kind recovery.EventKind) func(*recovery.Request) (recovery.Event, error) {
	return func(*recovery.Request) (recovery.Event, error) { return recovery.Event{Kind: kind}, nil }
}

func TestCardsLifeInTheOutbox(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		u.create(s, "U1")
		steps := []struct {
			name string
			do   func()
			want message
			jobs int
		}{
			{"new", func() {}, message{channel: "U1", text: "R-1 submitted", version: 1}, 1},
			{
				"posted without buttons", func() { u.posted(s, 1, 1, "D1", "10.1", false) },
				message{channel: "D1", ts: "10.1", text: "R-1 submitted", version: 1},
				1,
			},
			{
				"with buttons", func() { u.posted(s, 1, 1, "D1", "10.1", true) },
				message{channel: "D1", ts: "10.1", text: "R-1 submitted", version: 1, live: true},
				1,
			},
			{
				"event that reads the same", func() { u.update(s, 1, event(recovery.EventStep)) },
				message{channel: "D1", ts: "10.1", text: "R-1 submitted", version: 1, live: true},
				1,
			},
			{
				"event that reads differently", func() { u.update(s, 1, become(recovery.Confirming, recovery.EventPlanned)) },
				message{channel: "D1", ts: "10.1", text: "R-1 confirming", version: 2},
				2,
			},
			{
				"posted again elsewhere", func() { u.posted(s, 1, 2, "D1", "10.2", true) },
				message{channel: "D1", ts: "10.2", text: "R-1 confirming", version: 2, live: true},
				2,
			},
		}
		for _, c := range steps {
			c.do()
			if got := u.message(s, 1); got != c.want {
				t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
			}
			if n := u.count(s, `SELECT COUNT(*) FROM river_job WHERE kind = 'deliver'`); n != c.jobs {
				t.Errorf("%s: %d deliver jobs, want %d", c.name, n, c.jobs)
			}
		}
	})
}

// TestCardsAreFound: where each stands, and what a message is of, once Slack has shown it.
func TestCardsAreFound(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		u.create(s, "U1")
		u.posted(s, 1, 1, "D1", "10.1", true)
		u.posted(s, 1, 1, "D1", "10.2", true)
		if id, key, err := s.Posted(t.Context(), "D1", "10.2"); id != 1 || key != recovery.CardRequester || err != nil {
			t.Errorf("posted: %d %q %v", id, key, err)
		}
		for _, where := range [][2]string{{"D1", "10.1"}, {"D2", "10.2"}, {"", ""}} {
			if _, _, err := s.Posted(t.Context(), where[0], where[1]); !errors.Is(err, recovery.ErrNotFound) {
				t.Errorf("posted %v: %v, want not found", where, err)
			}
		}
		want := map[int64]recovery.Place{1: {Channel: "D1", TS: "10.2"}}
		if got, err := s.Cards(t.Context(), recovery.CardRequester, []int64{1, 99}); err != nil || !maps.Equal(got, want) {
			t.Errorf("cards: %v %v, want %v", got, err, want)
		}
		for _, none := range []map[string][]int64{{recovery.CardRequester: nil}, {recovery.CardApproval: {1}}} {
			for key, ids := range none {
				if got, err := s.Cards(t.Context(), key, ids); err != nil || len(got) > 0 {
					t.Errorf("cards %s of %v: %v %v, want none", key, ids, got, err)
				}
			}
		}
		if _, _, _, _, _, _, _, err := s.Outbox().Message(t.Context(), 99); !errors.Is(err, recovery.ErrNotFound) {
			t.Errorf("no such message: %v", err)
		}
	})
}

func TestThreadWaitsForItsCard(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		u.create(s, "U1")
		u.update(s, 1, event(recovery.EventWaiting))
		if got, want := u.message(s, 2), (message{channel: "U1", text: "R-1 waits", version: 1, waits: true}); got != want {
			t.Errorf("before the card: %+v, want %+v", got, want)
		}
		u.posted(s, 1, 1, "D1", "10.1", false)
		if got, want := u.message(s, 2), (message{channel: "D1", thread: "10.1", text: "R-1 waits", version: 1}); got != want {
			t.Errorf("after the card: %+v, want %+v", got, want)
		}
	})
}

func TestThreadOfARefusedCard(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		u.create(s, "U1")
		u.update(s, 1, event(recovery.EventWaiting))
		if err := s.Outbox().Refused(t.Context(), 1, 1, "channel_not_found"); err != nil {
			t.Fatal(err)
		}
		if got, want := u.message(s, 2), (message{channel: "U1", text: "R-1 waits", version: 1}); got != want {
			t.Errorf("line: %+v, want %+v", got, want)
		}
	})
}

func TestEphemeralMessage(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		u.create(s, "U1")
		u.update(s, 1, event(recovery.EventRefused))
		if got, want := u.message(s, 2), (message{channel: "C1", text: "R-1 no", user: "U2", version: 1}); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
		u.posted(s, 2, 1, "C1", "10.5", true)
		if _, _, err := s.Posted(t.Context(), "C1", "10.5"); !errors.Is(err, recovery.ErrNotFound) {
			t.Errorf("an ephemeral message takes clicks: %v", err)
		}
	})
}

func TestDeliver(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		u.create(s, "U1")
		u.update(s, 1, become(recovery.Confirming, recovery.EventPlanned)) // makes the first version stale
		u.update(s, 1, event(recovery.EventWaiting))
		u.update(s, 1, become(recovery.Cancelled, recovery.EventCancelled))
		c := newCalls(done)
		w := c.workers()
		count := w.Deliver
		w.Deliver = func(ctx context.Context, request string, id, version int64) (time.Duration, error) {
			if request != "R-1" {
				t.Errorf("message %d is of %q, want R-1", id, request)
			}
			if _, err := count(ctx, request, id, version); err != nil {
				return 0, err
			}
			return 0, s.Outbox().Posted(ctx, id, version, "D1", time.Now().Format("05.000000000"), true)
		}
		u.start(s, w)
		c.wait(t, "deliver 1 3", 30*time.Second)
		deadline := time.Now().Add(10 * time.Second)
		for u.jobs(s, "deliver") > 0 && time.Now().Before(deadline) {
			time.Sleep(20 * time.Millisecond)
		}
		for call, want := range map[string]int{"deliver 1 1": 0, "deliver 1 2": 0, "deliver 1 3": 1, "deliver 2 1": 1} {
			if n := c.times(call); n != want {
				t.Errorf("%s ran %d times, want %d", call, n, want)
			}
		}
		if n := u.jobs(s, "deliver"); n != 0 {
			t.Errorf("%d deliver jobs are left", n)
		}
		if n := u.count(s, `SELECT COUNT(*) FROM messages WHERE lease_until <> 0`); n != 0 {
			t.Errorf("%d messages are leased", n)
		}
	})
}

// TestOneMessageIsDeliveredByOneJob: while an old version is under way, a new one would post the card a second time.
func TestOneMessageIsDeliveredByOneJob(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		u.create(s, "U1")
		first, release := make(chan bool, 1), make(chan bool)
		var side, most atomic.Int64
		c := newCalls(done)
		w := c.workers()
		count := w.Deliver
		w.Deliver = func(ctx context.Context, request string, id, version int64) (time.Duration, error) {
			most.Store(max(most.Load(), side.Add(1)))
			defer side.Add(-1)
			if version == 1 {
				first <- true
				<-release
			}
			_, err := count(ctx, request, id, version)
			return 0, errors.Join(err, s.Outbox().Posted(ctx, id, version, "D1", "1.1", true))
		}
		u.start(s, w)
		<-first
		u.update(s, 1, become(recovery.Confirming, recovery.EventPlanned))
		time.Sleep(500 * time.Millisecond) // long enough for the second job to be picked up
		close(release)
		c.wait(t, "deliver 1 2", 30*time.Second)
		if n := most.Load(); n != 1 {
			t.Errorf("%d at once", n)
		}
	})
}

func TestRefusedMessage(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		u.create(s, "U1")
		type told struct {
			request   int64
			key, code string
		}
		var heard []told
		away := &recovery.Error{Kind: recovery.Unavailable}
		s.workers.Refused = func(_ context.Context, request int64, key, code string) error {
			heard = append(heard, told{request, key, code})
			if len(heard) == 1 {
				return away
			}
			return nil
		}
		if err := s.Outbox().Refused(t.Context(), 1, 1, "is_archived"); !errors.Is(err, away) {
			t.Errorf("the request was not told: %v", err)
		}
		if n := u.count(s, `SELECT COUNT(*) FROM messages WHERE refused <> ''`); n != 0 {
			t.Error("recorded, though the request was not told")
		}
		if err := s.Outbox().Refused(t.Context(), 1, 1, "is_archived"); err != nil {
			t.Fatal(err)
		}
		if len(heard) != 2 || heard[1] != (told{1, recovery.CardRequester, "is_archived"}) {
			t.Errorf("told %v", heard)
		}
		if n := u.count(s, `SELECT COUNT(*) FROM messages WHERE refused = 'is_archived' AND shown_version = version`); n != 1 {
			t.Error("not recorded")
		}
		u.update(s, 1, become(recovery.Confirming, recovery.EventPlanned))
		if n := u.count(s, `SELECT COUNT(*) FROM messages WHERE shown_version < version`); n != 1 {
			t.Error("a new body is not tried again")
		}
	})
}

// However many processes ask at once, no more of them have a turn than the rate has room for; a line of its own has its own.
func TestProcessesShareSlacksRate(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		others := []*Store{s}
		if !s.db.single {
			others = append(others, u.open(), u.open())
		}
		var turns, waits atomic.Int64
		var all sync.WaitGroup
		for _, s := range others {
			for range 10 {
				all.Go(func() {
					wait, err := s.Outbox().Turn(t.Context(), "C1", time.Hour, 3)
					switch {
					case err != nil || wait > 3*time.Hour:
						t.Errorf("wait %s, %v", wait, err)
					case wait > 0:
						waits.Add(1)
					default:
						turns.Add(1)
					}
				})
			}
		}
		all.Wait()
		if want := int64(3); !s.db.single && (turns.Load() != want || waits.Load() != 27) || s.db.single && turns.Load() != 10 {
			t.Errorf("%d have a turn, %d wait", turns.Load(), waits.Load())
		}
		if wait, err := s.Outbox().Turn(t.Context(), "C2", time.Hour, 1); wait != 0 || err != nil {
			t.Errorf("another channel: wait %s, %v", wait, err)
		}
	})
}

// A turn comes again when its time has passed.
func TestTurnComesAgain(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		o := u.open().Outbox()
		take := func() time.Duration {
			wait, err := o.Turn(t.Context(), "C1", 200*time.Millisecond, 1)
			if err != nil {
				t.Fatal(err)
			}
			return wait
		}
		take()
		u.await("another turn", func() bool { return take() == 0 })
	})
}
