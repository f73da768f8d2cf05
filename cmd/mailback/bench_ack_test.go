package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mailback/internal/m365fake"
	"mailback/internal/slackfake"
	"mailback/recovery/store/pgtest"
)

// The loads of BenchmarkAck: so many deeds, one after each pause, however long the acks of others take.
const (
	deeds = 1000
	// ackGoal is what 99 of 100 acks have to stay below, in ms.
	ackGoal = 50
)

// BenchmarkAck is how long Slack waits for its ack at 100 and at 300 deeds per second, from writing the envelope on the socket to reading
// the ack, while the bot also diagnoses what it was asked. Each bot is a process of its own, with SQLite on disk or with PostgreSQL. When
// the last deed was acked they are killed, and what they acked must be in the database.
func BenchmarkAck(b *testing.B) {
	for _, f := range []struct {
		name     string
		replicas int
		database func(testing.TB) string // nil: SQLite
	}{{"sqlite", 1, nil}, {"postgres", 1, pgtest.Durable}, {"three", 3, pgtest.Durable}} {
		for _, rate := range []int{100, 300} {
			b.Run(fmt.Sprintf("%s/%d", f.name, rate), func(b *testing.B) {
				w := newWorld(b, slackfake.Config{}, m365fake.Config{Users: 20 * deeds})
				if f.database != nil {
					w.env["MAILBACK_DATABASE_URL"] = f.database(b)
				}
				w.acks(b, f.replicas, rate)
			})
		}
	}
}

// acks measures the acks of some bots at so many deeds per second.
func (w *world) acks(b *testing.B, replicas, rate int) {
	b.Helper()
	settle(b)
	var bots []*started
	for range replicas {
		bots = append(bots, w.start(b))
	}
	people := []string{
		slackfake.Megan, slackfake.Alex, slackfake.Isaiah, slackfake.Lidia, slackfake.Lee, slackfake.Joni, slackfake.Patti, slackfake.Nestor,
	}
	var ids []int64
	b.Run("command", func(b *testing.B) {
		ids = nil
		acks := load(b, rate, func(ctx context.Context, i int) ack {
			line := fmt.Sprintf("/restore-mailbox user%05d@%s left by mistake", 20*(i+1), m365fake.TenantDomain) // deleted ones
			got, err := w.slack.Command(ctx, people[i%len(people)], "", line)
			return ack{took: got.AckMS, id: requestIn(got.Reply), failure: got.Error, err: err}
		})
		for _, a := range acks {
			ids = append(ids, a.id)
		}
		report(b, acks, func(a ack) bool { return a.id > 0 })
	})
	b.Run("click", func(b *testing.B) {
		if len(ids) == 0 {
			b.Skip("the requests that are clicked on are those of command")
		}
		report(b, load(b, rate, func(ctx context.Context, i int) ack {
			got, err := w.slack.Envelope(ctx, confirmation(b, people[i%len(people)], ids[i], i))
			return ack{took: got.AckMS, failure: got.Error, err: err}
		}), func(ack) bool { return true })
	})
	for _, bot := range bots {
		bot.kill()
	}
	b.Run("durable", func(b *testing.B) {
		b.ReportMetric(0, "ns/op")
		most(b, "missing-commands", float64(missing(b, w.open(b), "asked", ids)), 0)
		most(b, "missing-clicks", float64(missing(b, w.open(b), "clicked", ids)), 0)
	})
}

// settle waits until the disk has all that was written before, the benchmark's own binary above all, which go test has just linked. Else
// ext4 writes it with its journal, every five seconds, and a commit that comes then waits for all of it.
func settle(b *testing.B) {
	b.Helper()
	if err := exec.CommandContext(b.Context(), "sync").Run(); err != nil {
		b.Fatal(err)
	}
}

// open opens the bots' database.
func (w *world) open(b *testing.B) *sql.DB {
	b.Helper()
	driver, name := "pgx", w.env["MAILBACK_DATABASE_URL"]
	if file, ok := strings.CutPrefix(name, "sqlite:"); ok {
		driver, name = "sqlite", file
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	return db
}

// ack is what became of one deed. took is in ms.
type ack struct {
	took    float64
	id      int64
	failure string
	err     error
}

// load does each deed in its time, all at once where they take longer.
func load(b *testing.B, rate int, deed func(ctx context.Context, i int) ack) []ack {
	b.Helper()
	acks := make([]ack, deeds)
	var all sync.WaitGroup
	began := time.Now()
	for i := range acks {
		time.Sleep(time.Until(began.Add(time.Duration(i) * time.Second / time.Duration(rate))))
		all.Go(func() { acks[i] = deed(b.Context(), i) })
	}
	b.ReportMetric(deeds/time.Since(began).Seconds(), "per-s")
	all.Wait()
	return acks
}

// report reports the times, and how many deeds had no ack, or another one than they should.
func report(b *testing.B, acks []ack, right func(ack) bool) {
	b.Helper()
	var took []time.Duration
	wrong := 0
	for _, a := range acks {
		took = append(took, time.Duration(a.took*float64(time.Millisecond)))
		if a.err != nil || a.failure != "" || !right(a) {
			wrong++
			b.Logf("wrong: %+v", a)
		}
	}
	quantiles(b, took, ackGoal)
	most(b, "errors", float64(wrong), 0)
}

var requestRef = regexp.MustCompile(`\bR-(\d+)\b`)

// requestIn gives the id of the request that an answer names; 0 if it names none.
func requestIn(reply string) int64 {
	m := requestRef.FindStringSubmatch(reply)
	if m == nil {
		return 0
	}
	id, _ := strconv.ParseInt(m[1], 10, 64) // the expression takes digits alone
	return id
}

// confirmation is a click on the requester's card. It is written by hand because Slack takes one card a second in each
// channel, so that a thousand cards would be long in coming; the way to its ack is that of any click.
func confirmation(b *testing.B, user string, id int64, i int) json.RawMessage {
	b.Helper()
	ts := fmt.Sprintf("1700000000.%06d", i)
	payload, err := json.Marshal(map[string]any{
		"type": "block_actions", "api_app_id": slackfake.AppID, "token": "unused", "trigger_id": fmt.Sprintf("bench.%d.%d", id, i),
		"team":      map[string]any{"id": slackfake.TeamID, "domain": slackfake.TeamDomain},
		"user":      map[string]any{"id": user, "username": user, "name": user, "team_id": slackfake.TeamID},
		"container": map[string]any{"type": "message", "message_ts": ts, "channel_id": "D0BENCH", "is_ephemeral": false},
		"channel":   map[string]any{"id": "D0BENCH", "name": "directmessage"},
		"message":   map[string]any{"type": "message", "ts": ts, "user": slackfake.BotUser},
		"actions": []any{map[string]any{
			"type": "button", "action_id": "request.confirm", "block_id": "actions", "value": strconv.FormatInt(id, 10), "action_ts": ts,
		}},
	})
	if err != nil {
		b.Fatal(err)
	}
	return payload
}

// missing counts the requests of which the database's audit trail has no such event.
func missing(b *testing.B, db *sql.DB, kind string, ids []int64) int {
	b.Helper()
	n := 0
	for _, id := range ids {
		if id == 0 {
			continue // it was not acked
		}
		var there bool
		const query = `SELECT EXISTS (SELECT 1 FROM events JOIN requests ON requests.id = request_id WHERE request_id = $1 AND kind = $2)`
		if err := db.QueryRowContext(b.Context(), query, id, kind).Scan(&there); err != nil {
			b.Fatal(err)
		}
		if !there {
			n++
		}
	}
	return n
}
