package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mailback/bot"
	"mailback/commands"
	"mailback/internal/m365fake"
	"mailback/internal/racetest"
	"mailback/internal/sandbox"
	"mailback/internal/slackfake"
)

// rush is the load of a rolling restart.
type rush struct {
	*stage

	mu      sync.Mutex
	asked   map[int]int64 // by the number of the deed: the request that the command made
	pressed map[int]int   // by the number of the deed: how often its button was pressed until that was acked
	closes  []window      // when replicas were being stopped
	failed  []failure
}

// window is a time.
type window struct{ from, to time.Time }

func (w window) meets(o window) bool { return w.from.Before(o.to) && o.from.Before(w.to) }

// failure is a deed that did not work at once. tries is how many it took.
type failure struct {
	what  string
	why   string
	at    window
	tries int
}

// rates of a rush. pause is between two restarts.
func rates() (typed, clicks, rounds, users int, pause time.Duration) {
	if long() {
		return 50, 20, 2, 100_000, 4 * time.Second
	}
	return 20, 8, 1, 20_000, time.Second
}

// TestRollingRestart stops each of three replicas with SIGTERM and starts it again, one after the other, while many people type and click.
// Nothing is lost and nothing done twice; what failed was in flight when a socket closed, is counted, and works when it is repeated.
func TestRollingRestart(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts three bots")
	}
	racetest.Leave(t)
	typed, clicks, rounds, users, pause := rates()
	db := postgresDatabase(3)(t)
	r := &rush{asked: map[int]int64{}, pressed: map[int]int{}, stage: setLargeStage(t, db,
		sandbox.Config{Replicas: 3, NoRateLimits: true, Users: users}, map[string]string{"MAILBACK_LOG_LEVEL": "info", "MAILBACK_COMMAND_LIMITS": "100000,100000"})}
	defer r.close(t)
	p := plots()[0]
	if _, err := r.ask(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	r.confirmed(t)

	load, end := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() { r.every(load, time.Second/time.Duration(typed), r.command) })
	all.Go(func() { r.every(load, time.Second/time.Duration(clicks), r.click) })
	for range rounds {
		for n := 1; n <= 3; n++ {
			time.Sleep(pause)
			all.Go(func() { r.press(t.Context(), slackfake.Patti, "request.approve") }) // the second finds it done, or does it
			r.restart(t, n)
		}
	}
	time.Sleep(pause)
	end()
	all.Wait()
	r.judge(t)
	r.restored(t, p)
}

// confirmed waits until the one request that is to be restored waits for its approver. It comes before the load, whose cards stand in
// line for minutes.
func (r *rush) confirmed(t *testing.T) {
	t.Helper()
	for {
		list, err := r.client.Messages(t.Context(), slackfake.Patti)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range list {
			if sandbox.FindAction(m.Blocks, "request.approve") != nil {
				return
			}
		}
		r.press(t.Context(), slackfake.Megan, "request.confirm")
		time.Sleep(100 * time.Millisecond)
	}
}

// restored waits until the request is restored, which happens once.
func (r *rush) restored(t *testing.T, p plot) {
	t.Helper()
	const restores = `SELECT COUNT(*) FROM events WHERE kind = 'ended' AND request_id = 1`
	for end := time.Now().Add(playWithin); r.number(t, restores) == 0; time.Sleep(200 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the request that was approved is not restored")
		}
	}
	for _, e := range p.effects {
		if n := r.had(e); n != e.times {
			t.Errorf("%d calls had the effect %s, not %d", n, e.call, e.times)
		}
	}
}

// restart stops a replica and starts it again.
func (r *rush) restart(t *testing.T, n int) {
	t.Helper()
	began := time.Now()
	if err := r.client.SignalReplica(t.Context(), n, "stop"); err != nil {
		t.Errorf("stop replica %d: %v", n, err)
	}
	r.mu.Lock()
	r.closes = append(r.closes, window{began, time.Now()})
	r.mu.Unlock()
	if err := r.client.SignalReplica(t.Context(), n, "start"); err != nil {
		t.Errorf("start replica %d: %v", n, err)
	}
}

// every does a deed at each tick, however long those before take, and waits for all of them.
func (r *rush) every(load context.Context, pause time.Duration, deed func(i int)) {
	var all sync.WaitGroup
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for i := 0; load.Err() == nil; i++ {
		all.Go(func() { deed(i) })
		<-tick.C
	}
	all.Wait()
}

// typists are the people of a rush.
func typists() []string {
	return []string{slackfake.Alex, slackfake.Isaiah, slackfake.Lidia, slackfake.Lee, slackfake.Joni, slackfake.Patti, slackfake.Nestor}
}

func typist(i int) string { return typists()[i%len(typists())] }

// command asks for a deleted mailbox, again until it is acked with the request.
func (r *rush) command(i int) {
	line := fmt.Sprintf("/restore-mailbox user%05d@%s left by mistake", 20*(i+1), m365fake.TenantDomain)
	r.untilDone("command", func(ctx context.Context) string {
		got, err := r.client.Command(ctx, typist(i), "", line)
		id := requestIn(got.Reply)
		if err != nil || got.Error != "" || id == 0 {
			return fmt.Sprintf("%s %s %v", got.Error, got.Reply, err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.asked[i] = id
		return ""
	})
}

// click confirms a request of a command before, if there is one yet, again until it is acked.
func (r *rush) click(i int) {
	r.mu.Lock()
	id := r.asked[i]
	r.mu.Unlock()
	if id == 0 {
		return
	}
	try := 0
	r.untilDone("click", func(ctx context.Context) string {
		try++
		got, err := r.client.Envelope(ctx, press(typist(i), id, try))
		if err != nil || !got.Acked || got.Error != "" {
			return fmt.Sprintf("%s %v", got.Error, err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.pressed[i] = try
		return ""
	})
}

// untilDone repeats a deed until it works, as people do, and notes when it did not.
func (r *rush) untilDone(what string, deed func(context.Context) (why string)) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var first *failure
	for try := 1; ; try++ {
		began := time.Now()
		why := deed(ctx)
		if why == "" {
			break
		}
		if first == nil {
			first = &failure{what: what, why: why, at: window{began, time.Now()}}
		}
		first.tries = try + 1
		if ctx.Err() != nil {
			first.tries = 0
			break
		}
		time.Sleep(200 * time.Millisecond) // a person's pause
	}
	if first != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.failed = append(r.failed, *first)
	}
}

// press is a press of the button on the requester's card, written by hand: Slack takes one card a second in each channel. Each press is
// another one.
func press(user string, id int64, try int) json.RawMessage {
	ts := fmt.Sprintf("1700000000.%06d", id)
	payload, _ := json.Marshal(map[string]any{ // of strings
		"type": "block_actions", "api_app_id": slackfake.AppID, "token": "unused", "trigger_id": fmt.Sprintf("rush.%d.%d", id, try),
		"team":      map[string]any{"id": slackfake.TeamID, "domain": slackfake.TeamDomain},
		"user":      map[string]any{"id": user, "username": user, "name": user, "team_id": slackfake.TeamID},
		"container": map[string]any{"type": "message", "message_ts": ts, "channel_id": "D0BENCH", "is_ephemeral": false},
		"channel":   map[string]any{"id": "D0BENCH", "name": "directmessage"},
		"message":   map[string]any{"type": "message", "ts": ts, "user": slackfake.BotUser},
		"actions": []any{map[string]any{
			"type": "button", "action_id": "request.confirm", "block_id": "actions", "value": strconv.FormatInt(id, 10), "action_ts": fmt.Sprintf("1700000000.%06d", try),
		}},
	})
	return payload
}

// judge says what was lost, done twice, or failed without a reason.
func (r *rush) judge(t *testing.T) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	owners := map[int64]int{}
	for i, id := range r.asked {
		if other, twice := owners[id]; twice {
			t.Errorf("commands %d and %d have the same request R-%d", i, other, id)
		}
		owners[id] = i
	}
	busy := 0
	for _, f := range r.failed {
		if f.tries == 0 {
			t.Errorf("a %s never worked: %s", f.what, f.why)
		}
		switch {
		case r.closing(f.at):
		case strings.Contains(f.why, commands.Sorry("en")(bot.Busy, "")): // an answer in time, of a machine that has too much to do
			busy++
		default:
			t.Errorf("a %s failed while no replica was closing: %s, from %v to %v", f.what, f.why, f.at.from, f.at.to)
		}
	}
	if busy > 0 {
		t.Errorf("%d commands were too many for this machine", busy)
	}
	pressed := r.recorded(t, len(owners)+1) // one request was there before
	t.Logf("%d commands and %d clicks, %d failed at %d closes and %d for too much to do, and all worked when they were repeated: %s",
		len(owners), pressed, len(r.failed)-busy, len(r.closes), busy, r.reasons())
}

func (r *rush) closing(at window) bool {
	for _, w := range r.closes {
		if w.meets(at) {
			return true
		}
	}
	return false
}

func (r *rush) reasons() string {
	var all []string
	for _, f := range r.failed {
		all = append(all, fmt.Sprintf("%s (%d tries): %s", f.what, f.tries, f.why))
	}
	return strings.Join(all, "; ")
}

// recorded compares the database with what was acked, and gives how many clicks it has.
func (r *rush) recorded(t *testing.T, requests int) (clicks int) {
	t.Helper()
	if n := r.number(t, `SELECT COUNT(*) FROM requests`); n != requests {
		t.Errorf("there are %d requests, not %d: a command was lost or taken twice", n, requests)
	}
	if n := r.number(t, `SELECT COUNT(*) FROM requests q WHERE 1 <> (SELECT COUNT(*) FROM events e WHERE e.request_id = q.id AND e.kind = 'asked')`); n > 0 {
		t.Errorf("%d requests were not asked for exactly once", n)
	}
	for i, tries := range r.pressed {
		id := r.asked[i]
		n := r.number(t, `SELECT COUNT(*) FROM events WHERE kind = 'clicked' AND request_id = $1`, id)
		if n == 0 && r.saidNo(t, typist(i)) { // it was acked, and its person told that it was not taken
			r.failed = append(r.failed, failure{"click", "refused with a message", window{}, tries + 1})
			tries++
			r.again(t, i, id, tries)
			n = r.number(t, `SELECT COUNT(*) FROM events WHERE kind = 'clicked' AND request_id = $1`, id)
		}
		if n < 1 || n > tries {
			t.Errorf("R-%d was pressed %d times until it was acked, and %d of them are recorded", id, tries, n)
		}
	}
	return len(r.pressed)
}

// saidNo says whether somebody was told that a click was not taken.
func (r *rush) saidNo(t *testing.T, user string) bool {
	t.Helper()
	list, err := r.client.Messages(t.Context(), user)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range list {
		if strings.Contains(m.Text, commands.Sorry("en")(bot.Busy, user)) {
			return true
		}
	}
	return false
}

// again repeats a press.
func (r *rush) again(t *testing.T, i int, id int64, try int) {
	t.Helper()
	got, err := r.client.Envelope(t.Context(), press(typist(i), id, try))
	if err != nil || !got.Acked {
		t.Errorf("a click on R-%d does not work when it is repeated: %+v, %v", id, got, err)
	}
}

func (r *rush) number(t *testing.T, query string, args ...any) (n int) {
	t.Helper()
	db, err := sql.Open("pgx", r.url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRowContext(t.Context(), query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
