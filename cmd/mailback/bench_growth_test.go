package main

import (
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"mailback/internal/m365fake"
	"mailback/internal/sandbox"
	"mailback/internal/slackfake"
)

// BenchmarkGrowth is what two commands and a start take with few and with 100,000 old requests in the database, of which each has its ten
// events and more in the audit trail, and as many deleted users in the tenant: the ack of status, which is its answer, the time from the
// command check until its answer is there, and from the start of the process until it is ready. With many the median may be higher by
// what is noise.
func BenchmarkGrowth(b *testing.B) {
	const noise = 3             // ms
	few := map[string]float64{} // medians with the fewest
	compare := func(b *testing.B, what string, took []time.Duration) {
		b.Helper()
		quantiles(b, took, 0)
		p50 := ms(median(took))
		if before, known := few[what]; known {
			most(b, "p50-ms", p50, before+noise)
			return
		}
		few[what] = p50
	}
	for _, many := range []int{100, 100_000} {
		w := newWorld(b, slackfake.Config{NoRateLimits: true}, m365fake.Config{Users: many})
		w.bury(b, many)
		first := w.start(b)
		w.restore(b, slackfake.Megan, "christiec@contoso.com")
		first.kill()
		multiply(b, w.database(), many)
		b.Run(fmt.Sprintf("start/%d", many), func(b *testing.B) {
			compare(b, "start", times(b, func() time.Duration {
				bot := w.start(b)
				bot.kill()
				return bot.ready
			}))
		})
		w.start(b)
		for _, who := range []string{slackfake.Megan, slackfake.Patti} {
			what := "status-of-" + map[string]string{slackfake.Megan: "a-requester", slackfake.Patti: "an-approver"}[who]
			b.Run(fmt.Sprintf("%s/%d", what, many), func(b *testing.B) {
				compare(b, what, times(b, func() time.Duration { return w.status(b, who) }))
			})
		}
		for name, address := range map[string]string{"sign-in-name": "kk1204@contoso.com", "mail": "kai.klein@contoso.com"} {
			b.Run(fmt.Sprintf("check-by-%s/%d", name, many), func(b *testing.B) {
				compare(b, name, times(b, func() time.Duration { return w.check(b, slackfake.Patti, address) }))
			})
		}
	}
}

// BenchmarkJob is a whole request, from the command to the message that says restored, where a mailbox answers as soon as its
// user is back and people click at once. The stand-ins have no delays, so this is the bot's own time, and that of Slack's rate
// of one message a second in a channel, which the bot keeps to. All of the people are spoken to in English.
func BenchmarkJob(b *testing.B) {
	w := newWorld(b, slackfake.Config{}, m365fake.Config{Users: 1000, Provisioning: -1})
	w.start(b)
	var took []time.Duration
	for i, who := range []string{slackfake.Megan, slackfake.Joni, slackfake.Isaiah, slackfake.Lidia, slackfake.Lee} {
		took = append(took, w.restore(b, who, fmt.Sprintf("user%05d@%s", 20*(i+1), m365fake.TenantDomain))) // a deleted one
		time.Sleep(5 * time.Second)                                                                         // the channel's rate recovers
	}
	quantiles(b, took, 0)
}

// times takes a few times of what f measures.
func times(b *testing.B, f func() time.Duration) []time.Duration {
	b.Helper()
	f() // signs in, fills caches
	var took []time.Duration
	for range 20 {
		took = append(took, f())
	}
	return took
}

// bury deletes the users that the tenant was filled with.
func (w *world) bury(b *testing.B, n int) {
	b.Helper()
	for i := 1; i <= n; i++ {
		if i%20 == 0 {
			continue // is deleted already
		}
		if err := w.m365.Delete(fmt.Sprintf("user%05d@%s", i, m365fake.TenantDomain)); err != nil {
			b.Fatal(err)
		}
	}
}

// multiply copies the only request of the database, which is over, with its messages and its events until there are n old ones.
func multiply(b *testing.B, file string, n int) {
	b.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	for _, statement := range []string{
		`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
		INSERT INTO requests (key, uuid, state, version, requester, open, active, created_at, updated_at, body)
		SELECT 'old' || i, 'old' || i, state, version, requester, open, active, created_at, updated_at, body FROM requests, n WHERE id = 1 AND state = 'succeeded'`,
		`INSERT INTO messages (request_id, key, channel, thread_key, body, version, shown_version, posted_channel, ts, live)
		SELECT r.id, m.key, m.channel, m.thread_key, m.body, m.version, m.version, m.posted_channel, 'old' || r.id || m.id, m.live
		FROM requests r, messages m WHERE m.request_id = 1 AND r.id > 1 AND r.id <= $1 + 1`,
		`INSERT INTO events (request_id, seq, at, kind, body, prev_hash, hash, format)
		SELECT r.id, e.seq, e.at, e.kind, e.body, e.prev_hash, e.hash, e.format
		FROM requests r, events e WHERE e.request_id = 1 AND r.id > 1 AND r.id <= $1 + 1`,
	} {
		if _, err := db.ExecContext(b.Context(), statement, n); err != nil {
			b.Fatal(err)
		}
	}
	var old, events int
	const count = `SELECT (SELECT COUNT(*) FROM requests WHERE NOT open), (SELECT COUNT(*) FROM events)`
	if err := db.QueryRowContext(b.Context(), count).Scan(&old, &events); err != nil || old != n+1 || events < 10*old {
		b.Fatalf("%d old requests, %d events: %v", old, events, err)
	}
}

// status types the command and gives the time of its ack.
func (w *world) status(b *testing.B, who string) time.Duration {
	b.Helper()
	got, err := w.slack.Command(b.Context(), who, "", "/restore-mailbox status")
	if err != nil || got.Error != "" || !strings.Contains(got.Reply, "christiec@contoso.com") && who == slackfake.Megan {
		b.Fatalf("status: %+v, %v", got, err)
	}
	return time.Duration(got.AckMS * float64(time.Millisecond))
}

// check types the command and gives the time until its answer is there.
func (w *world) check(b *testing.B, who, address string) time.Duration {
	b.Helper()
	old, err := w.slack.Messages(who)
	if err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	got, err := w.slack.Command(b.Context(), who, "", "/restore-mailbox check "+address)
	if err != nil || got.Error != "" {
		b.Fatalf("check: %+v, %v", got, err)
	}
	w.await(b, who, "the answer to check", func(m slackfake.MessageInfo) bool {
		isNew := len(old) == 0 || m.TS > old[len(old)-1].TS
		return isNew && strings.Contains(sandbox.Plain(m, noName), "contoso.com")
	})
	return time.Since(began)
}

// restore plays a whole request and gives its time.
func (w *world) restore(b *testing.B, who, address string) time.Duration {
	b.Helper()
	began := time.Now()
	got, err := w.slack.Command(b.Context(), who, "", "/restore-mailbox "+address)
	id := requestIn(got.Reply)
	if err != nil || id == 0 {
		b.Fatalf("ask: %+v, %v", got, err)
	}
	w.press(b, who, "request.confirm", id)
	w.press(b, slackfake.Patti, "request.approve", id)
	w.await(b, who, "that it is restored", func(m slackfake.MessageInfo) bool {
		return requestIn(m.Text) == id && strings.Contains(m.Text, "is restored")
	})
	return time.Since(began)
}

// press waits for a button of the request and clicks it.
func (w *world) press(b *testing.B, who, action string, id int64) {
	b.Helper()
	var card slackfake.MessageInfo
	w.await(b, who, action, func(m slackfake.MessageInfo) bool {
		card = m
		e := sandbox.FindAction(m.Blocks, action)
		return e != nil && e["value"] == strconv.FormatInt(id, 10)
	})
	got, err := w.slack.Click(b.Context(), slackfake.ClickRequest{User: who, Channel: card.Channel, TS: card.TS, ActionID: action})
	if err != nil || got.Error != "" {
		b.Fatalf("%s: %+v, %v", action, got, err)
	}
}

// await waits until somebody sees a message that will do. It looks at the newest ones first.
func (w *world) await(b *testing.B, who, what string, will func(slackfake.MessageInfo) bool) {
	b.Helper()
	for began := time.Now(); time.Since(began) < patience; time.Sleep(time.Millisecond) {
		list, err := w.slack.Messages(who)
		if err != nil {
			b.Fatal(err)
		}
		if slices.ContainsFunc(list[max(0, len(list)-3):], will) {
			return
		}
	}
	list, _ := w.slack.Messages(who) // as above
	b.Fatalf("waited in vain for %s; the last messages are\n%+v", what, list[max(0, len(list)-3):])
}

func noName(id string) string { return id }
