package main

import (
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

// BenchmarkBulk is a request for a thousand deleted users among twenty thousand, from its last approval to its end: how much longer it
// takes than Graph's budgets make it last, how many calls Graph refuses, and by how much the bot's memory grows.
func BenchmarkBulk(b *testing.B) {
	w := newWorld(b, slackfake.Config{}, m365fake.Config{Users: 20_000})
	w.env["MAILBACK_BULK_MAX"] = "1100"
	w.oneMoreApprover(b)
	bot := w.start(b)
	id := w.listed(b)
	time.Sleep(m365fake.UnitsWindow) // reading the list took from the budgets, and the goal is counted from full ones
	before, memory, began := w.m365.Spent(), bot.memory(b, "VmRSS"), time.Now()
	peak := memory
	w.pressAny(b, slackfake.Alex, "request.approve", id)
	w.ends(b, id, func() { peak = max(peak, bot.memory(b, "VmRSS")) })
	took, spent := time.Since(began), w.m365.Spent()
	spent.Calls, spent.Refused = spent.Calls-before.Calls, spent.Refused-before.Refused
	spent.Units, spent.Writes = spent.Units-before.Units, spent.Writes-before.Writes
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(took.Seconds(), "s")
	b.ReportMetric(spent.Least().Seconds(), "s-by-throttle")
	b.ReportMetric(float64(spent.Calls)/took.Seconds(), "calls/s")
	most(b, "of-throttle", took.Seconds()/spent.Least().Seconds(), 1.1)
	most(b, "429-%", float64(spent.Refused)/float64(spent.Calls)*100, 2)
	most(b, "RSS-MB-grown", peak-memory, 20)
}

// BenchmarkBulkKilled is the same with too few seats, conflicts and on-premises accounts among them, and a kill in the middle: what is
// wrong at its end.
func BenchmarkBulkKilled(b *testing.B) {
	w := newWorld(b, slackfake.Config{}, m365fake.Config{Users: 20_000})
	w.env["MAILBACK_BULK_MAX"] = "1100"
	w.oneMoreApprover(b)
	if err := w.m365.SetSeats("SPE_E3", w.inUse(b, "SPE_E3")+900); err != nil {
		b.Fatal(err)
	}
	bot := w.start(b)
	id := w.listed(b)
	w.pressAny(b, slackfake.Alex, "request.approve", id)
	for began := w.m365.Spent().Writes; w.m365.Spent().Writes < began+600; { // each takes two
		time.Sleep(10 * time.Millisecond)
	}
	bot.kill()
	w.start(b)
	w.ends(b, id, func() {})
	results := w.results(b)
	wrong, counts := 0, map[string]int{}
	live := map[string]bool{}
	for _, u := range w.m365.Tenant().Users {
		live[strings.ToLower(fmt.Sprint(u["id"]))] = true
	}
	for line := range strings.Lines(results) {
		cells := strings.Split(line, ",")
		if len(cells) < 12 || cells[0] == "\uFEFFn" {
			continue
		}
		done := strings.Contains(line, ",done,")
		counts[map[bool]string{true: "done", false: "left"}[done]]++
		if live[strings.ToLower(cells[3])] != done {
			wrong++
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(counts["done"]), "restored")
	b.ReportMetric(float64(counts["left"]), "left-out")
	most(b, "wrong", float64(wrong), 0)
	if counts["done"] < 800 || counts["left"] < 50 || wrong > 0 {
		b.Errorf("restored and left out %v, of which wrong %d", counts, wrong)
	}
}

// results waits for the file of results, which is sent after the end is told.
func (w *world) results(b *testing.B) string {
	b.Helper()
	for began := time.Now(); time.Since(began) < patience; time.Sleep(100 * time.Millisecond) {
		list, err := w.slack.Messages(slackfake.Patti)
		if err != nil {
			b.Fatal(err)
		}
		for _, m := range list {
			for _, f := range m.Files {
				if strings.Contains(f.Name, "results") {
					return f.Text
				}
			}
		}
	}
	b.Fatal("no file of results")
	return ""
}

// inUse is how many seats of a licence are taken.
func (w *world) inUse(b *testing.B, part string) int {
	b.Helper()
	for _, k := range w.m365.Tenant().SKUs {
		if k["skuPartNumber"] == part {
			n, err := strconv.Atoi(fmt.Sprint(k["consumedUnits"]))
			if err != nil {
				b.Fatal(err)
			}
			return n
		}
	}
	b.Fatalf("there is no %s", part)
	return 0
}

// oneMoreApprover makes somebody an approver: an admin on the list takes one more.
func (w *world) oneMoreApprover(b *testing.B) {
	b.Helper()
	w.env["MAILBACK_APPROVERS"] += "," + slackfake.Alex
	if err := w.slack.ChangeMembers(slackfake.ApprovalsID, []string{slackfake.Alex}, nil); err != nil {
		b.Fatal(err)
	}
}

// listed asks for all deleted users, and has one approver agree to the list.
func (w *world) listed(b *testing.B) int64 {
	b.Helper()
	got, err := w.slack.Command(b.Context(), slackfake.Patti, "", "/restore-mailbox bulk domain:"+m365fake.TenantDomain+" A sync rule went wrong")
	id := requestIn(got.Reply)
	if err != nil || id == 0 {
		b.Fatalf("ask: %+v, %v", got, err)
	}
	w.awaitLong(b, slackfake.Patti, "the list", func(m slackfake.MessageInfo) bool {
		if strings.Contains(m.Text, "No way back") {
			b.Fatal(m.Text)
		}
		return sandbox.FindAction(m.Blocks, "request.confirm") != nil
	})
	w.pressAny(b, slackfake.Patti, "request.confirm", id)
	w.pressAny(b, slackfake.Nestor, "request.approve", id)
	w.awaitLong(b, slackfake.Joni, "the first approval", func(m slackfake.MessageInfo) bool { return strings.Contains(sandbox.Plain(m, noName), "1 of 3") })
	w.pressAny(b, slackfake.Joni, "request.approve", id)
	w.awaitLong(b, slackfake.Joni, "the second approval", func(m slackfake.MessageInfo) bool { return strings.Contains(sandbox.Plain(m, noName), "2 of 3") })
	return id
}

// pressAny is press on a card that may have many messages behind it.
func (w *world) pressAny(b *testing.B, who, action string, id int64) {
	b.Helper()
	var card slackfake.MessageInfo
	w.awaitLong(b, who, action, func(m slackfake.MessageInfo) bool {
		card = m
		return sandbox.FindAction(m.Blocks, action) != nil
	})
	got, err := w.slack.Click(b.Context(), slackfake.ClickRequest{User: who, Channel: card.Channel, TS: card.TS, ActionID: action})
	if err != nil || got.Error != "" {
		b.Fatalf("%s of R-%d: %+v, %v", action, id, got, err)
	}
}

// ends waits until the requester has the results, and looks at something all the while.
func (w *world) ends(b *testing.B, id int64, look func()) {
	b.Helper()
	w.awaitLong(b, slackfake.Patti, "the results", func(m slackfake.MessageInfo) bool {
		return requestIn(m.Text) == id && strings.Contains(m.Text, "mailboxes are restored")
	}, look)
}

// awaitLong is await for what takes minutes.
func (w *world) awaitLong(b *testing.B, who, what string, will func(slackfake.MessageInfo) bool, looks ...func()) {
	b.Helper()
	for began := time.Now(); time.Since(began) < 20*time.Minute; time.Sleep(50 * time.Millisecond) {
		list, err := w.slack.Messages(who)
		if err != nil {
			b.Fatal(err)
		}
		for _, look := range looks {
			look()
		}
		if slices.ContainsFunc(list, will) {
			return
		}
	}
	b.Fatalf("waited in vain for %s", what)
}
