package bot

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
)

func text(s string) map[string]any { return map[string]any{"text": s} }

func TestCommandIsAckedThenFollowedUp(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	acked, after := make(chan struct{}), make(chan bool, 1)
	p.start(handler{command: func(ctx context.Context, c slack.SlashCommand) Reply {
		deadline, ok := ctx.Deadline()
		if left := time.Until(deadline); !ok || left > 2*time.Second || left < time.Second {
			t.Errorf("the handler has %s", left)
		}
		return Reply{Payload: text("got " + c.Text), After: func(context.Context) {
			<-acked // would wait for ever if After ran before the ack
			after <- true
		}}
	}})
	next(t, p.sockets, "a socket").command("e1", "U1", "t1", "a word")
	a := next(t, p.acks, "the ack")
	close(acked)
	if a.EnvelopeID != "e1" || string(a.Payload) != `{"text":"got a word"}` {
		t.Errorf("acked %s with %s", a.EnvelopeID, a.Payload)
	}
	next(t, after, "After")
}

func TestEachKindReachesItsMethod(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	got := make(chan string, 10)
	note := func(s string) func(context.Context, slack.InteractionCallback) Reply {
		return func(_ context.Context, i slack.InteractionCallback) Reply {
			got <- s + " " + string(i.Type)
			return Reply{Payload: text("shown where Slack takes it")}
		}
	}
	p.start(handler{
		action: note("action"), submission: note("submission"), shortcut: note("shortcut"),
		event: func(_ context.Context, e slackevents.EventsAPIEvent) Reply {
			got <- "event " + e.InnerEvent.Type
			return Reply{}
		},
	})
	s := next(t, p.sockets, "a socket")
	for _, c := range []struct{ kind, takes, payload, want string }{
		{"interactive", "false", `{"type":"block_actions","api_app_id":"A1","user":{"id":"U1"},"actions":[]}`, "action block_actions"},
		{"interactive", "true", `{"type":"view_submission","api_app_id":"A1","user":{"id":"U1"},"view":{"id":"V1"}}`, "submission view_submission"},
		{"interactive", "false", `{"type":"shortcut","api_app_id":"A1","user":{"id":"U1"},"callback_id":"x"}`, "shortcut shortcut"},
		{"interactive", "false", `{"type":"message_action","api_app_id":"A1","user":{"id":"U1"},"callback_id":"x"}`, "shortcut message_action"},
		{"events_api", "false", `{"type":"event_callback","api_app_id":"A1","event_id":"Ev1","event":{"type":"app_home_opened","user":"U1","tab":"home"}}`, "event app_home_opened"},
		{"interactive", "false", `{"type":"view_closed","api_app_id":"A1","user":{"id":"U1"},"view":{"id":"V1"}}`, ""},
		{"interactive", "true", `{"type":"block_suggestion","api_app_id":"A1","user":{"id":"U1"}}`, ""},
	} {
		s.send(fmt.Sprintf(`{"type":%q,"envelope_id":%q,"accepts_response_payload":%s,"payload":%s}`, c.kind, "e "+c.want, c.takes, c.payload))
		a := next(t, p.acks, "the ack of "+c.payload)
		if a.EnvelopeID != "e "+c.want || (len(a.Payload) > 0) != (c.want == "submission view_submission") {
			t.Errorf("%s: acked %q with %q", c.payload, a.EnvelopeID, a.Payload)
		}
		if c.want != "" {
			if g := next(t, got, c.want); g != c.want {
				t.Errorf("handled as %q, want %q", g, c.want)
			}
		}
	}
	if len(got) > 0 {
		t.Errorf("handled too: %s", <-got)
	}
}

func TestUnreadableMessagesAreAcked(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	p.start(handler{})
	s := next(t, p.sockets, "a socket")
	for id, frame := range map[string]string{
		"e-type":    `{"type":"brand_new","envelope_id":"e-type","payload":{}}`,
		"e-payload": `{"type":"slash_commands","envelope_id":"e-payload","payload":"no object"}`,
		"e-bool":    `{"type":"slash_commands","envelope_id":"e-bool","payload":{"is_enterprise_install":[]}}`,
		"e-block":   `{"type":"interactive","envelope_id":"e-block","payload":{"type":"block_actions","message":{"blocks":[{"type":"table","rows":[[{"type":"new_cell"}]]}]}}}`,
	} {
		s.send(frame)
		if a := next(t, p.acks, "the ack of "+id); a.EnvelopeID != id || a.Payload != nil {
			t.Errorf("acked %s with %s, want %s", a.EnvelopeID, a.Payload, id)
		}
	}
	s.send(`[]`)
	s.send(`{"type":"brand_new"}`)
	s.command("e-after", "U1", "t1", "")
	if a := next(t, p.acks, "the ack after"); a.EnvelopeID != "e-after" {
		t.Errorf("acked %s, want e-after", a.EnvelopeID)
	}
	if n := strings.Count(p.log.String(), "message cannot be read"); n != 6 {
		t.Errorf("%d unreadable messages logged, want 6", n)
	}
}

func TestPanicIsAckedAndSurvived(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	p.answer("/respond/secret", "ok")
	boom := func() Reply { panic("boom with xoxb-9-leak") }
	p.start(handler{
		command:    func(context.Context, slack.SlashCommand) Reply { return boom() },
		action:     func(context.Context, slack.InteractionCallback) Reply { return boom() },
		submission: func(context.Context, slack.InteractionCallback) Reply { return boom() },
		shortcut:   func(context.Context, slack.InteractionCallback) Reply { return boom() },
		event: func(context.Context, slackevents.EventsAPIEvent) Reply {
			return Reply{After: func(context.Context) { boom() }}
		},
	})
	p.answer("chat.postMessage", `{"ok":true,"channel":"D1","ts":"1.1"}`)
	s := next(t, p.sockets, "a socket")

	s.command("e1", "U1", "t1", "")
	if a := next(t, p.acks, "an ack"); !strings.Contains(string(a.Payload), `"text":"sorry failed U1"`) {
		t.Errorf("a command that failed was acked with %s", a.Payload)
	}
	s.click("e2", "U1", "t2", "1.1")
	if a := next(t, p.acks, "an ack"); a.EnvelopeID != "e2" || a.Payload != nil {
		t.Errorf("a click that failed was acked with %s", a.Payload)
	}
	eventually(t, "the clicker is told", func() bool { return len(p.called("/respond/secret")) == 1 })
	if told := p.called("/respond/secret")[0].Get("json"); told != `{"text":"sorry failed U1","response_type":"ephemeral","replace_original":false}` {
		t.Errorf("the clicker is told %s", told)
	}
	form := `{"type":"interactive","envelope_id":"e3","accepts_response_payload":true,"payload":{"type":"view_submission","api_app_id":"A1","user":{"id":"U1"},"view":{"id":"V1","blocks":[{"type":"section","block_id":"s","text":{"type":"plain_text","text":"x"}}%s]}}}`
	s.send(fmt.Sprintf(form, `,{"type":"input","block_id":"in","label":{"type":"plain_text","text":"x"},"element":{"type":"plain_text_input","action_id":"a"}}`))
	if a := next(t, p.acks, "an ack"); string(a.Payload) != `{"response_action":"errors","errors":{"in":"sorry failed U1"}}` {
		t.Errorf("a form that failed was acked with %s", a.Payload)
	}
	s.send(strings.Replace(fmt.Sprintf(form, ""), "e3", "e4", 1))
	if a := next(t, p.acks, "an ack"); !strings.Contains(string(a.Payload), `"response_action":"update"`) || !strings.Contains(string(a.Payload), "sorry failed U1") {
		t.Errorf("a form without inputs that failed was acked with %s", a.Payload)
	}
	s.send(`{"type":"interactive","envelope_id":"e5","payload":{"type":"shortcut","api_app_id":"A1","user":{"id":"U5"}}}`)
	next(t, p.acks, "an ack")
	eventually(t, "the user of the shortcut is told", func() bool { return len(p.called("chat.postMessage")) == 1 })
	if m := p.called("chat.postMessage")[0]; m.Get("channel") != "U5" || m.Get("text") != "sorry failed U5" {
		t.Errorf("told %s: %s", m.Get("channel"), m.Get("text"))
	}
	s.send(`{"type":"events_api","envelope_id":"e6","payload":{"type":"event_callback","event":{"type":"app_home_opened","user":"U1"}}}`)
	next(t, p.acks, "an ack")
	eventually(t, "all panics are logged with their stacks", func() bool {
		return strings.Count(p.log.String(), "handler panicked") == 6 && strings.Count(p.log.String(), "dispatch_test.go") >= 6
	})
	if log := p.log.String(); strings.Contains(log, "boom") || !strings.Contains(log, "panic=string") {
		t.Errorf("what a panic said is logged:\n%s", log)
	}
}

func TestRepeatsAreHandledOnce(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	var handled atomic.Int32
	release := make(chan struct{})
	p.start(handler{
		command: func(_ context.Context, c slack.SlashCommand) Reply {
			if c.Text == "slow" {
				<-release
			}
			return Reply{Payload: text(fmt.Sprint(handled.Add(1)))}
		},
		event: func(context.Context, slackevents.EventsAPIEvent) Reply {
			handled.Add(1)
			return Reply{}
		},
	})
	one, two := next(t, p.sockets, "a socket"), next(t, p.sockets, "a second socket")

	want := func(socket int, envelope, payload string) {
		t.Helper()
		a := next(t, p.acks, "the ack of "+envelope)
		if a.socket != socket || a.EnvelopeID != envelope || string(a.Payload) != payload {
			t.Errorf("socket %d acked %s with %s; want socket %d, %s, %s", a.socket, a.EnvelopeID, a.Payload, socket, envelope, payload)
		}
	}
	one.command("e1", "U1", "t1", "")
	want(one.number, "e1", `{"text":"1"}`)
	one.command("e1", "U1", "t1", "")
	want(one.number, "e1", `{"text":"1"}`)
	two.command("e2", "U1", "t1", "") // Slack has run the command again: another envelope, the same trigger
	want(two.number, "e2", `{"text":"1"}`)
	two.command("e3", "U2", "t1", "") // another person: never a repeat
	want(two.number, "e3", `{"text":"2"}`)

	one.command("e4", "U1", "t4", "slow")
	two.command("e4", "U1", "t4", "slow") // a repeat while the first is being handled
	eventually(t, "both deliveries are in", func() bool { return strings.Contains(p.log.String(), "joined") })
	close(release)
	a, b := next(t, p.acks, "an ack"), next(t, p.acks, "an ack")
	if string(a.Payload) != `{"text":"3"}` || string(b.Payload) != `{"text":"3"}` || a.socket == b.socket {
		t.Errorf("acked on %d with %s and on %d with %s", a.socket, a.Payload, b.socket, b.Payload)
	}

	event := `{"type":"events_api","envelope_id":%q,"retry_attempt":%d,"retry_reason":"timeout","payload":{"type":"event_callback","event_id":"Ev1","event":{"type":"app_home_opened","user":"U1"}}}`
	one.send(fmt.Sprintf(event, "e5", 1)) // the first attempt never arrived: this one counts
	want(one.number, "e5", "")
	one.send(fmt.Sprintf(event, "e6", 2))
	want(one.number, "e6", "")
	if n := handled.Load(); n != 4 {
		t.Errorf("handled %d times, want 4", n)
	}
}

func TestFullQueueRefusesHonestly(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	p.answer("/respond/secret", "ok")
	release, began := make(chan struct{}), make(chan struct{}, 10)
	p.start(handler{command: func(context.Context, slack.SlashCommand) Reply {
		began <- struct{}{}
		<-release
		return Reply{Payload: text("done")}
	}}, func(c *Config) { c.Workers, c.Queue = 1, 1 })
	s := next(t, p.sockets, "a socket")
	s.command("e1", "U1", "t1", "")
	next(t, began, "the handler")
	s.command("e2", "U2", "t2", "")
	if a := next(t, p.acks, "an ack"); a.EnvelopeID != "e2" || string(a.Payload) != `{"response_type":"ephemeral","text":"sorry busy U2"}` {
		t.Errorf("acked %s with %s", a.EnvelopeID, a.Payload)
	}
	s.click("e3", "U3", "t3", "1.1")
	if a := next(t, p.acks, "an ack"); a.EnvelopeID != "e3" {
		t.Errorf("acked %s, want e3", a.EnvelopeID)
	}
	eventually(t, "the clicker is told", func() bool { return len(p.called("/respond/secret")) == 1 })
	close(release)
	next(t, p.acks, "the ack of the first")
	eventually(t, "what was refused comes again and is handled", func() bool { // the first may not have left its place yet
		s.command("e2", "U2", "t2", "")
		return string(next(t, p.acks, "an ack").Payload) == `{"text":"done"}`
	})
}

func TestLateHandler(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	p.answer("/respond/secret", "ok")
	release := make(chan struct{})
	p.start(handler{command: func(ctx context.Context, c slack.SlashCommand) Reply {
		if c.Text == "late" {
			<-ctx.Done()
			<-release
		}
		return Reply{Payload: text("recorded after all")}
	}}, func(c *Config) { c.AckTimeout = 300 * time.Millisecond })
	s := next(t, p.sockets, "a socket")
	sent := time.Now()
	s.command("e1", "U1", "t1", "late")
	s.command("e2", "U1", "t2", "behind it") // waits for the first, too long to be begun
	if a := next(t, p.acks, "an ack"); a.EnvelopeID != "e2" || !strings.Contains(string(a.Payload), "sorry busy U1") {
		t.Errorf("acked %s with %s", a.EnvelopeID, a.Payload)
	}
	if a := next(t, p.acks, "an ack"); a.EnvelopeID != "e1" || !strings.Contains(string(a.Payload), "sorry late U1") {
		t.Errorf("acked %s with %s", a.EnvelopeID, a.Payload)
	}
	if took := time.Since(sent); took > 2900*time.Millisecond {
		t.Errorf("acked after %s", took)
	}
	close(release)
	eventually(t, "the truth arrives", func() bool { return len(p.called("/respond/secret")) == 1 })
	if told := p.called("/respond/secret")[0].Get("json"); told != `{"text":"recorded after all"}` {
		t.Errorf("the late answer is %s", told)
	}
}

func TestPayloadsThatCannotGo(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	p.start(handler{
		command: func(_ context.Context, c slack.SlashCommand) Reply {
			if c.Text == "channel" {
				return Reply{Payload: make(chan int)}
			}
			return Reply{Payload: text(strings.Repeat("x", MaxAck))}
		},
	})
	s := next(t, p.sockets, "a socket")
	for i, what := range []string{"huge", "channel"} {
		s.command(fmt.Sprint("e", i), "U1", fmt.Sprint("t", i), what)
		if a := next(t, p.acks, "an ack"); !strings.Contains(string(a.Payload), "sorry oversize U1") {
			t.Errorf("%s: acked with %.100s", what, a.Payload)
		}
	}
	if !strings.Contains(p.log.String(), "payload of an ack is too large") {
		t.Error("the large payload is not logged")
	}
}

func TestStrangersAreNotHandled(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	handled := make(chan string, 10)
	note := func(_ context.Context, i slack.InteractionCallback) Reply {
		handled <- i.TriggerID
		return Reply{}
	}
	p.start(handler{command: func(_ context.Context, c slack.SlashCommand) Reply {
		handled <- c.TriggerID
		return Reply{}
	}, action: note, submission: note, shortcut: note}, func(c *Config) { c.Command = "/x" })
	s := next(t, p.sockets, "a socket")
	typed := `{"command":%q,"team_id":%q,"api_app_id":%q,"user_id":"U1","trigger_id":"t"}`
	clicked := `{"type":"block_actions","user":{"id":"U1"},"trigger_id":"t","container":{"type":"message","channel_id":"C1","message_ts":"1.1"},%s"actions":[]}`
	own := `"api_app_id":"A1",`
	for name, c := range map[string]struct{ kind, payload, log, acked string }{
		"own command":           {"slash_commands", fmt.Sprintf(typed, "/x", "T1", "A1"), "", ""},
		"command without app":   {"slash_commands", strings.Replace(fmt.Sprintf(typed, "/x", "T1", ""), `"api_app_id":"",`, "", 1), "", ""},
		"command of an app":     {"slash_commands", fmt.Sprintf(typed, "/x", "T1", "A2"), "of another app", "sorry foreign U1"},
		"another command":       {"slash_commands", fmt.Sprintf(typed, "/y", "T1", "A1"), "another command", "sorry foreign U1"},
		"command without name":  {"slash_commands", fmt.Sprintf(typed, "", "T1", "A1"), "another command", "sorry foreign U1"},
		"another workspace":     {"slash_commands", fmt.Sprintf(typed, "/x", "T2", "A1"), "of another workspace", "sorry external U1"},
		"no workspace":          {"slash_commands", fmt.Sprintf(typed, "/x", "", "A1"), "of another workspace", "sorry external U1"},
		"own click":             {"interactive", fmt.Sprintf(clicked, own+`"channel":{"id":"C1"},"message":{"ts":"1.1"},`), "", ""},
		"click, ephemeral":      {"interactive", fmt.Sprintf(clicked, own+`"channel":{"id":"C1"},`), "", ""},
		"click of no app":       {"interactive", fmt.Sprintf(clicked, ""), "of another app", ""},
		"click of an app":       {"interactive", fmt.Sprintf(clicked, `"api_app_id":"A2",`), "of another app", ""},
		"click in two channels": {"interactive", fmt.Sprintf(clicked, own+`"channel":{"id":"C2"},"message":{"ts":"1.1"},`), "it names two places", ""},
		"click on two messages": {"interactive", fmt.Sprintf(clicked, own+`"channel":{"id":"C1"},"message":{"ts":"2.2"},`), "it names two places", ""},
		"form of no app":        {"interactive", `{"type":"view_submission","user":{"id":"U1"},"trigger_id":"t","view":{"id":"V1"}}`, "of another app", ""},
		"shortcut of an app":    {"interactive", `{"type":"shortcut","api_app_id":"A2","user":{"id":"U1"},"trigger_id":"t"}`, "of another app", ""},
	} {
		payload := strings.Replace(c.payload, `"trigger_id":"t"`, fmt.Sprintf(`"trigger_id":%q`, name), 1)
		s.send(fmt.Sprintf(`{"type":%q,"envelope_id":%q,"accepts_response_payload":true,"payload":%s}`, c.kind, name, payload))
		a := next(t, p.acks, "the ack of "+name)
		if a.EnvelopeID != name || !strings.Contains(string(a.Payload), c.acked) || (c.acked == "") != (a.Payload == nil) {
			t.Errorf("%s: acked %s with %s", name, a.EnvelopeID, a.Payload)
		}
		if c.log == "" {
			if got := next(t, handled, name); got != name {
				t.Errorf("handled %q, want %q", got, name)
			}
		} else if line := fmt.Sprintf(`why=%q envelope=%q`, c.log, name); !strings.Contains(p.log.String(), line) {
			t.Errorf("%s: not logged as %s", name, line)
		}
	}
	if len(handled) > 0 {
		t.Errorf("handled too: %q", <-handled)
	}
}

func TestClickedAt(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	for ts, want := range map[string]time.Time{
		fmt.Sprintf("%d.250000", now.Unix()-7): now.Add(-6750 * time.Millisecond),
		fmt.Sprint(now.Unix() - 7200):          now.Add(-2 * time.Hour),
		fmt.Sprintf("%d.000001", now.Unix()):   now, // Slack's clock is ahead
		"9999999999.000000":                    now,
		"":                                     {},
		"soon":                                 {},
		"NaN":                                  {},
		"1e9":                                  {},
		"-1.0":                                 {},
		"1700000000.":                          {},
		"17000000000000000000000.0":            {},
	} {
		if got := ClickedAt(ts, now); !got.Equal(want) {
			t.Errorf("%q: %s, want %s", ts, got, want)
		}
	}
}

func TestClicksOnOneCardAreHandledInOrder(t *testing.T) {
	t.Parallel()
	const clicks = 200
	p := newPeer(t)
	var mu sync.Mutex
	got := map[string][]string{}
	p.start(handler{action: func(_ context.Context, a slack.InteractionCallback) Reply {
		mu.Lock()
		defer mu.Unlock()
		got[a.Container.MessageTs] = append(got[a.Container.MessageTs], a.TriggerID)
		return Reply{}
	}})
	s := next(t, p.sockets, "a socket")
	for i := range clicks {
		s.click(fmt.Sprint("e", i), fmt.Sprint("U", i), fmt.Sprintf("%04d", i), fmt.Sprint(i%5))
	}
	for range clicks {
		next(t, p.acks, "an ack")
	}
	mu.Lock()
	defer mu.Unlock()
	for ts, triggers := range got {
		if len(triggers) != clicks/5 || !slices.IsSorted(triggers) {
			t.Errorf("card %s: %d clicks, in the order %v", ts, len(triggers), triggers)
		}
	}
}

func TestStopFinishesWhatWasTaken(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	began, release, after := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	b, stop := p.start(handler{command: func(context.Context, slack.SlashCommand) Reply {
		close(began)
		<-release
		return Reply{Payload: text("finished"), After: func(ctx context.Context) { after <- ctx.Err() }}
	}})
	s := next(t, p.sockets, "a socket")
	eventually(t, "the bot is connected", func() bool { return b.Health().Connections > 0 })
	s.command("e1", "U1", "t1", "")
	next(t, began, "the handler")
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	var refused ack
	for i := 0; ; i++ { // until the stop has been noticed, events are still handled
		s.send(fmt.Sprintf(`{"type":"events_api","envelope_id":"e2-%d","payload":{"type":"event_callback","event":{"type":"app_home_opened","user":"U%d"}}}`, i, i))
		refused = next(t, p.acks, "the ack of an envelope that came while stopping")
		if strings.Contains(p.log.String(), "envelope refused") {
			break
		}
	}
	if !strings.HasPrefix(refused.EnvelopeID, "e2") {
		t.Errorf("acked %s", refused.EnvelopeID)
	}
	close(release)
	if a := next(t, p.acks, "the ack of what was taken"); a.EnvelopeID != "e1" || string(a.Payload) != `{"text":"finished"}` {
		t.Errorf("acked %s with %s", a.EnvelopeID, a.Payload)
	}
	if err := next(t, after, "After"); err != nil {
		t.Errorf("After ran with a context that had ended: %v", err)
	}
	if err := next(t, stopped, "the stop"); err != nil {
		t.Errorf("Run: %v", err)
	}
	next(t, s.ended, "the end of the socket")
	if n := b.Health().Connections; n != 0 {
		t.Errorf("%d connections after the stop", n)
	}
}

func TestStopIsBounded(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	began, release := make(chan struct{}), make(chan struct{})
	_, stop := p.start(handler{command: func(context.Context, slack.SlashCommand) Reply {
		close(began)
		<-release
		return Reply{}
	}}, func(c *Config) { c.StopTimeout = 50 * time.Millisecond })
	next(t, p.sockets, "a socket").command("e1", "U1", "t1", "")
	next(t, began, "the handler")
	err := stop()
	close(release)
	if err == nil || !strings.Contains(err.Error(), "1 still at work") {
		t.Errorf("Run: %v", err)
	}
}

func TestSeenIsBounded(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	s := newSeen(func() time.Time { return now })
	first := func(mark string) bool { _, first := s.take([]string{mark}); return first }
	if !first("a") || first("a") {
		t.Error("a repeat is not recognised")
	}
	now = now.Add(memory + 1)
	if !first("a") {
		t.Error("remembered for more than an hour")
	}
	for i := range 2 * memorized {
		first(fmt.Sprint(i))
	}
	if n := len(s.answers); n > memorized+1 {
		t.Errorf("%d deeds remembered", n)
	}
	if first(fmt.Sprint(2*memorized - 1)) {
		t.Error("the latest deed is forgotten")
	}
}
