package bot

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// ask asks for a turn of message in a channel, or of an edit.
func (p *pace) ask(method, channel string, message int64, urgent bool, now time.Time) time.Duration {
	return p.wait(outgoing{method, channel, message, urgent}, now)
}

func TestPace(t *testing.T) {
	t.Parallel()
	p, now := newPace(), time.Unix(1000, 0)
	for i := range paceBurst {
		if w := p.ask("chat.postMessage", "C1", int64(i), false, now); w != 0 {
			t.Fatalf("a burst has to wait %s", w)
		}
	}
	for range 3 { // asking does not make it longer
		if w := p.ask("chat.postMessage", "C1", 9, false, now); w != time.Second {
			t.Errorf("after a burst: wait %s", w)
		}
	}
	if w := p.ask("chat.postMessage", "C2", 10, false, now); w != 0 {
		t.Errorf("another channel has to wait %s", w)
	}
	if w := p.ask("chat.postMessage", "C1", 9, false, now.Add(time.Second)); w != 0 {
		t.Errorf("a second later: wait %s", w)
	}
	p.hold(outgoing{method: "chat.update", message: 1}, now, now.Add(9*time.Second))
	p.hold(outgoing{method: "chat.update", message: 1}, now, now.Add(3*time.Second))
	if w := p.ask("chat.update", "C3", 1, false, now); w != 9*time.Second {
		t.Errorf("while Slack wants no calls: wait %s", w)
	}
	later := now.Add(time.Hour)
	for i := range editBurst - editReserve {
		if w := p.ask("chat.update", "C4", int64(i), false, later); w != 0 {
			t.Fatalf("a burst of edits has to wait %s", w)
		}
	}
	if w := p.ask("chat.update", "C4", 20, false, later); w < editEvery/2 || w > editEvery {
		t.Errorf("an edit after the burst: wait %s", w)
	}
	if w := p.ask("chat.update", "C4", 21, true, later); w != 0 {
		t.Errorf("an edit that gives a card its buttons: wait %s", w)
	}
	for i := range 2 * paceChannels {
		p.ask("chat.postMessage", fmt.Sprint(i), int64(i), false, now.Add(time.Duration(i)*time.Minute))
	}
	if n := len(p.channels); n > paceChannels {
		t.Errorf("%d channels remembered", n)
	}
}

// rush lets messages 0 to n-1 ask for their turn again and again, and gives the order in which they got it. Those that may
// come at one time come in the worst order: the last one first.
func (p *pace) rush(method string, n int64, urgent func(int64) bool, begin time.Time) (order []int64, last time.Time) {
	due := map[int64]time.Time{}
	ask := func(i int64, now time.Time) {
		if w := p.ask(method, "C1", i, urgent(i), now); w > 0 {
			due[i] = now.Add(w)
			return
		}
		delete(due, i)
		order, last = append(order, i), now
	}
	for i := range n {
		ask(i, begin)
	}
	for now := begin; len(due) > 0; now = now.Add(5 * time.Second) { // River looks for snoozed jobs as rarely as that
		for i := n - 1; i >= 0; i-- {
			if at, waits := due[i]; waits && !at.After(now) {
				ask(i, now)
			}
		}
	}
	return order, last
}

// inTurn says whether messages 0 to n-1 are in order, but for those that one burst has room for.
func inTurn(order []int64, n, burst int) bool {
	for i, message := range order {
		if d := int(message) - i; d >= burst || -d >= burst {
			return false
		}
	}
	return len(order) == n
}

func TestFirstComeFirstServed(t *testing.T) {
	t.Parallel()
	begin := time.Unix(1000, 0)
	none := func(int64) bool { return false }
	for method, burst := range map[string]int{"chat.postMessage": paceBurst, "chat.update": editBurst - editReserve} {
		order, last := newPace().rush(method, 60, none, begin)
		if !inTurn(order, 60, burst) {
			t.Errorf("%s: in the order %v", method, order)
		}
		if took := last.Sub(begin); took > 150*time.Second {
			t.Errorf("%s: the last one left after %s", method, took)
		}
	}
	order, _ := newPace().rush("chat.update", 60, func(i int64) bool { return i >= 50 }, begin)
	late := slices.Index(order, 49) // the last one without buttons
	for i := int64(50); i < 60; i++ {
		if slices.Index(order, i) > late-30 {
			t.Errorf("buttons do not come first: %v", order)
		}
	}
	if plain := slices.DeleteFunc(slices.Clone(order), func(i int64) bool { return i >= 50 }); !inTurn(plain, 50, editBurst-editReserve) {
		t.Errorf("edits without buttons: in the order %v", plain)
	}
}

// TestCardsGoBeforeWhatStandsBeside: while both wait, three cards leave before each line in a thread or answer to one person's eyes,
// and one of those after each three cards, however many come.
func TestCardsGoBeforeWhatStandsBeside(t *testing.T) {
	t.Parallel()
	for method, burst := range map[string]int{"chat.postMessage": paceBurst, "chat.update": editBurst} {
		every := map[string]time.Duration{"chat.postMessage": paceEvery, "chat.update": editEvery}[method]
		p, now := newPace(), time.Unix(1000, 0)
		var order []int64
		var waiting []int64
		turn := func() { // all that wait come again, the last one first
			for _, id := range slices.Backward(slices.Clone(waiting)) {
				if p.ask(method, "C1", id, id < 100, now) == 0 {
					order, waiting = append(order, id), slices.DeleteFunc(waiting, func(w int64) bool { return w == id })
				}
			}
		}
		for i := range int64(burst) {
			p.ask(method, "C1", -1-i, true, now)
		}
		for beside := int64(100); beside < 103; beside++ {
			p.ask(method, "C1", beside, false, now)
			waiting = append(waiting, beside)
		}
		for card := range int64(12) { // one more card each time that one message may leave
			waiting = append(waiting, card)
			turn()
			now = now.Add(every)
			turn()
		}
		if first := slices.Index(order, 100); first != urgentInARow || slices.Index(order, 101) != 2*urgentInARow+1 || slices.Index(order, 102) != 3*urgentInARow+2 {
			t.Errorf("%s: in the order %v", method, order)
		}
	}
}

func TestWhichCallsAreUrgent(t *testing.T) {
	t.Parallel()
	full, err := readBody([]byte(card))
	if err != nil {
		t.Fatal(err)
	}
	bare, _ := full.quiet()
	for name, c := range map[string]struct {
		method, thread string
		body           body
		want           bool
	}{
		"a card":                     {method: "chat.postMessage", body: bare, want: true},
		"its buttons":                {method: "chat.update", body: full, want: true},
		"their removal":              {method: "chat.update", body: bare},
		"buttons of one in a thread": {method: "chat.update", thread: "1.1", body: full, want: true},
		"a line in its thread":       {method: "chat.postMessage", thread: "1.1", body: bare},
		"an answer to one person":    {method: "chat.postEphemeral", body: body{Text: "no", User: "U1"}},
	} {
		if got := urgent(c.method, &outMessage{threadTS: c.thread}, c.body); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestPlaceInLine(t *testing.T) {
	t.Parallel()
	p, now := newPace(), time.Unix(1000, 0)
	for i := range int64(paceBurst) {
		p.ask("chat.postMessage", "C1", i, false, now)
	}
	want := func(what string, message int64, at, wait time.Duration) {
		t.Helper()
		if w := p.ask("chat.postMessage", "C1", message, false, now.Add(at)); w != wait {
			t.Errorf("%s: wait %s, want %s", what, w, wait)
		}
	}
	want("the first in line", 10, 0, time.Second)
	want("the second", 11, 0, 2*time.Second)
	want("the third", 12, 0, 3*time.Second)
	want("the second, too early", 11, time.Second, time.Second)
	want("the first, at its time", 10, time.Second, 0)
	p.hold(outgoing{"chat.postMessage", "C1", 10, false}, now.Add(time.Second), now.Add(4*time.Second)) // Slack has not taken it
	want("the second, held", 11, time.Second, 3*time.Second)
	want("the first, again", 10, 4*time.Second, 0)
	want("the second", 11, 4*time.Second, 0)
	// 12 does not come any more: its place is kept for a while, then lost.
	want("a new one behind it", 13, 4*time.Second, time.Second)
	want("the same", 14, 4*time.Second, 2*time.Second)
	want("the same, when the place is lost", 14, 4*time.Second+placeKept, 0)
}

// TestAnswersToOnePersonHoldUpNoCard: somebody clicks and clicks, and a card leaves at Slack's own rate all the same.
func TestAnswersToOnePersonHoldUpNoCard(t *testing.T) {
	t.Parallel()
	p, now := newPace(), time.Unix(1000, 0)
	left := 0
	for i := range int64(100) {
		if p.ask("chat.postEphemeral", "C1", i, false, now) == 0 {
			left++
		}
	}
	if left != paceBurst {
		t.Errorf("%d answers left at once", left)
	}
	if w := p.ask("chat.postMessage", "C1", 1002, true, now); w != time.Second {
		t.Errorf("the card after a burst: wait %s", w)
	}
	if w := p.ask("chat.postEphemeral", "C1", 99, false, now.Add(time.Second)); w == 0 {
		t.Error("an answer overtakes the card")
	}
	if w := p.ask("chat.postMessage", "C1", 1002, true, now.Add(time.Second)); w != 0 {
		t.Errorf("the card, at its time: wait %s", w)
	}
}

// TestDeliveriesTakeTurns: jobs come back in any order, and messages leave in the one in which they were due.
func TestDeliveriesTakeTurns(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	p.board()
	d := p.deliverer(nil)
	now := time.Unix(1000, 0)
	d.now = func() time.Time { return now }
	due := map[int64]time.Time{}
	try := func(id int64) {
		d.outbox = &outbox{channel: "C1", body: fmt.Sprintf(`{"text":"%d"}`, id), version: 1}
		again, err := d.Deliver(t.Context(), "R-9", id, 1)
		if err != nil {
			t.Fatal(err)
		}
		if delete(due, id); again > 0 {
			due[id] = now.Add(again)
		}
	}
	for id := range int64(8) {
		try(id)
	}
	for ; len(due) > 0; now = now.Add(time.Second) {
		for id := int64(7); id >= 0; id-- {
			if at, waits := due[id]; waits && !at.After(now) {
				try(id)
			}
		}
	}
	var order []string
	for _, v := range p.called("chat.postMessage") {
		order = append(order, v.Get("text"))
	}
	if got := strings.Join(order, " "); got != "0 1 2 3 4 5 6 7" {
		t.Errorf("posted in the order %s", got)
	}
}

// TestOtherProcessesHaveTheTurn: what has to wait for another process calls nothing, keeps its place, and comes when there is a turn.
func TestOtherProcessesHaveTheTurn(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	p.board()
	d := p.deliverer(nil)
	now := time.Unix(1000, 0)
	d.now = func() time.Time { return now }
	try := func(id int64, turns ...time.Duration) time.Duration {
		o := &outbox{channel: "C1", body: fmt.Sprintf(`{"text":"%d"}`, id), version: 1, turns: turns}
		d.outbox = o
		again, err := d.Deliver(t.Context(), "R-9", id, 1)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range o.lines {
			if line != "C1 1s 3" {
				t.Errorf("asked for a turn of %s", line)
			}
		}
		return again
	}
	if again := try(1, 700*time.Millisecond); again != 700*time.Millisecond {
		t.Errorf("the first waits %s", again)
	}
	if again := try(2); again < 700*time.Millisecond {
		t.Errorf("the second waits %s, and went before the first", again)
	}
	now = now.Add(700 * time.Millisecond)
	if again := try(1); again != 0 {
		t.Errorf("the first waits %s more", again)
	}
	if again := try(2); again != 0 {
		t.Errorf("the second waits %s more", again)
	}
	if n := len(p.called("chat.postMessage")); n != 2 {
		t.Errorf("%d calls", n)
	}
}
