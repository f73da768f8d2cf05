package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// outbox is an Outbox of one message.
type outbox struct {
	channel, ts, threadTS, body string
	version                     int64
	live, waits                 bool
	refused                     string
	crash                       int             // so many records fail
	history                     []string        // what was recorded
	turns                       []time.Duration // what Turn answers next; 0 after them
	lines                       []string        // what Turn was asked for
}

// The one who runs deliveries reads from an error whether to wait without alarm.
var _ interface {
	error
	Retryable() bool
	RateLimited() bool
} = (*Error)(nil)

var errCrash = errors.New("the database is gone")

func (o *outbox) Message(context.Context, int64) (channel, ts, threadTS string, body []byte, version int64, live, waits bool, err error) {
	return o.channel, o.ts, o.threadTS, []byte(o.body), o.version, o.live, o.waits, nil
}

func (o *outbox) Posted(_ context.Context, _, version int64, channel, ts string, live bool) error {
	if o.crash > 0 {
		o.crash--
		return errCrash
	}
	o.channel, o.ts, o.live = channel, ts, live && version == o.version
	o.history = append(o.history, fmt.Sprint(channel, " ", ts, " ", live))
	return nil
}

func theFile(_ context.Context, key string) ([]byte, string, error) {
	if key == "mine" {
		return []byte("a,b\n"), "", nil
	}
	return nil, "not_yours", nil
}

// Turn keeps the rate as the database does, for all deliverers of one outbox.
func (o *outbox) Turn(_ context.Context, line string, every time.Duration, burst int) (time.Duration, error) {
	o.lines = append(o.lines, fmt.Sprint(line, " ", every, " ", burst))
	if len(o.turns) == 0 {
		return 0, nil
	}
	wait := o.turns[0]
	o.turns = o.turns[1:]
	return wait, nil
}

func (o *outbox) Refused(_ context.Context, _, _ int64, code string) error {
	o.refused = code
	return nil
}

const card = `{"text":"a card","blocks":[` +
	`{"type":"section","text":{"type":"mrkdwn","text":"with"},"accessory":{"type":"button","action_id":"s","text":{"type":"plain_text","text":"x"}}},` +
	`{"type":"context","elements":[{"type":"mrkdwn","text":"a note"}]},` +
	`{"type":"actions","elements":[{"type":"button","action_id":"request.approve","text":{"type":"plain_text","text":"Approve"}}]}]}`

// board answers chat.* like Slack and keeps what is shown, by ts.
func (p *peer) board() map[string]url.Values {
	shown := map[string]url.Values{}
	p.on("chat.postMessage", func(w http.ResponseWriter, v url.Values) {
		ts := fmt.Sprintf("%d.0", len(shown)+1)
		shown[ts] = v
		_, _ = fmt.Fprintf(w, `{"ok":true,"channel":"D1","ts":%q}`, ts)
	})
	p.on("chat.update", func(w http.ResponseWriter, v url.Values) {
		if shown[v.Get("ts")] == nil {
			_, _ = io.WriteString(w, `{"ok":false,"error":"message_not_found"}`)
			return
		}
		shown[v.Get("ts")] = v
		_, _ = fmt.Fprintf(w, `{"ok":true,"channel":"D1","ts":%q}`, v.Get("ts"))
	})
	return shown
}

func (p *peer) deliverer(o Outbox) *Deliverer { return NewDeliverer(p.bot(), o, theFile) }

func deliver(t *testing.T, d *Deliverer, version int64) {
	t.Helper()
	if again, err := d.Deliver(t.Context(), "R-9", 7, version); again != 0 || err != nil {
		t.Fatalf("Deliver: again in %s, %v", again, err)
	}
}

// TestCardThatSlackLetsNobodyEditIsPostedAgain: what is left of the old one is off file, so its buttons do nothing.
func TestCardThatSlackLetsNobodyEditIsPostedAgain(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"message_not_found", "cant_update_message", "edit_window_closed"} {
		p := newPeer(t)
		shown := p.board()
		p.on("chat.update", func(w http.ResponseWriter, v url.Values) {
			if v.Get("ts") == "9.9" {
				_, _ = fmt.Fprintf(w, `{"ok":false,"error":%q}`, code)
				return
			}
			shown[v.Get("ts")] = v
			_, _ = fmt.Fprintf(w, `{"ok":true,"channel":"D1","ts":%q}`, v.Get("ts"))
		})
		o := &outbox{channel: "D1", ts: "9.9", body: card, version: 2}
		deliver(t, p.deliverer(o), 2)
		if o.ts != "1.0" || !o.live || o.refused != "" || len(shown) != 1 {
			t.Errorf("%s: on file as %s, live %v, refused %q; shown %v", code, o.ts, o.live, o.refused, shown)
		}
	}
}

func TestCardIsPostedWithoutButtonsThenEdited(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	shown := p.board()
	o := &outbox{channel: "U1", body: card, version: 1}
	d := p.deliverer(o)
	deliver(t, d, 1)
	posted := p.called("chat.postMessage")[0]
	want := `[{"text":{"text":"with","type":"mrkdwn"},"type":"section"},{"type":"context","elements":[{"type":"mrkdwn","text":"a note"}]}]`
	if posted.Get("channel") != "U1" || posted.Get("text") != "a card" || posted.Get("blocks") != want {
		t.Errorf("posted %v", posted)
	}
	if now := shown["1.0"]; now.Get("channel") != "D1" || !strings.Contains(now.Get("blocks"), "request.approve") {
		t.Errorf("shown %v", now)
	}
	if got := strings.Join(o.history, ", "); got != "D1 1.0 false, D1 1.0 true" {
		t.Errorf("recorded %s", got)
	}
	deliver(t, d, 1)
	if n := len(p.called("chat.update")); n != 1 {
		t.Errorf("edited %d times", n)
	}

	o.version, o.live, o.body = 2, false, `{"text":"decided"}`
	deliver(t, d, 1) // the job of the first version
	if n := len(p.called("chat.update")); n != 1 {
		t.Error("an old job has edited the message")
	}
	deliver(t, d, 2)
	if now := shown["1.0"]; now.Get("text") != "decided" || now.Get("blocks") != "[]" {
		t.Errorf("shown %v", now)
	}
}

func TestCrashLeavesNoLiveOrphan(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	shown := p.board()
	o := &outbox{channel: "C1", body: card, version: 1, crash: 1}
	d := p.deliverer(o)
	if again, err := d.Deliver(t.Context(), "R-9", 7, 1); again != 0 || !errors.Is(err, errCrash) {
		t.Fatalf("Deliver: again in %s, %v", again, err)
	}
	d = p.deliverer(o) // a new process
	deliver(t, d, 1)
	if len(shown) != 2 || strings.Contains(shown["1.0"].Get("blocks"), "action_id") || !strings.Contains(shown["2.0"].Get("blocks"), "action_id") {
		t.Errorf("shown %v", shown)
	}

	o.version, o.live, o.crash = 2, false, 1 // between the edit and its record
	if _, err := d.Deliver(t.Context(), "R-9", 7, 2); !errors.Is(err, errCrash) {
		t.Fatalf("Deliver: %v", err)
	}
	d = p.deliverer(o)
	deliver(t, d, 2)
	if len(shown) != 2 {
		t.Errorf("%d messages are shown", len(shown))
	}
}

func TestCardThatIsGoneIsPostedAgain(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	shown := p.board()
	o := &outbox{channel: "C1", ts: "99.9", body: card, version: 3}
	deliver(t, p.deliverer(o), 3)
	if o.ts != "1.0" || !o.live || !strings.Contains(shown["1.0"].Get("blocks"), "action_id") {
		t.Errorf("recorded %v, shown %v", o.history, shown)
	}
}

func TestDeliverVerdicts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, answer string
		status       int
		retryAfter   string
		ts           string
		again        time.Duration
		verdict      Verdict
		refused      string
	}{
		{name: "rate limit", status: 429, retryAfter: "17", again: 17 * time.Second},
		{name: "server error", status: 503, again: retryPause},
		{name: "internal error", answer: "internal_error", again: retryPause},
		{name: "token", answer: "token_revoked", again: tokenPause, verdict: Token},
		{name: "scope", answer: "missing_scope", again: tokenPause, verdict: Token},
		{name: "inactive", answer: "is_inactive", ts: "1.1", refused: "is_inactive"},
		{name: "no channel", answer: "channel_not_found", refused: "channel_not_found"},
		{name: "archived", answer: "is_archived", refused: "is_archived"},
		{name: "not in channel", answer: "not_in_channel", refused: "not_in_channel"},
		{name: "a bot", answer: "cannot_dm_bot", refused: "cannot_dm_bot"},
		{name: "disabled", answer: "user_disabled", refused: "user_disabled"},
		{name: "no messages tab", answer: "messages_tab_disabled", refused: "messages_tab_disabled"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newPeer(t)
			for _, method := range []string{"chat.postMessage", "chat.update"} {
				p.on(method, func(w http.ResponseWriter, _ url.Values) {
					if c.status != 0 {
						w.Header().Set("Retry-After", c.retryAfter)
						w.WriteHeader(c.status)
					}
					_, _ = fmt.Fprintf(w, `{"ok":false,"error":%q}`, c.answer)
				})
			}
			o := &outbox{channel: "C1", ts: c.ts, body: card, version: 1}
			d := p.deliverer(o)
			again, err := d.Deliver(t.Context(), "R-9", 7, 1)
			e, failed := errors.AsType[*Error](err)
			if again != c.again || failed != (c.again > 0) || o.refused != c.refused || (failed && (e.Verdict != c.verdict || e.Retryable() != (c.verdict == Retry))) {
				t.Errorf("again in %s, %v, refused %q", again, err, o.refused)
			}
			if c.retryAfter != "" {
				calls := len(p.called("chat.postMessage"))
				if again, err := d.Deliver(t.Context(), "R-9", 7, 1); again < 16*time.Second || err != nil || len(p.called("chat.postMessage")) != calls {
					t.Errorf("while Slack wants no calls: again in %s, %v", again, err)
				}
			}
		})
	}
}

func TestDeliverWaitsForTheThread(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	p.board()
	o := &outbox{channel: "C1", waits: true, body: `{"text":"a line"}`, version: 1}
	d := p.deliverer(o)
	if again, err := d.Deliver(t.Context(), "R-9", 7, 1); again != threadPause || err != nil {
		t.Errorf("again in %s, %v", again, err)
	}
	o.waits, o.threadTS = false, "5.5"
	deliver(t, d, 1)
	if got := p.called("chat.postMessage"); len(got) != 1 || got[0].Get("thread_ts") != "5.5" {
		t.Errorf("posted %v", got)
	}
}

// TestNothingGoesIntoASharedChannel: neither a line nor a card's edit, until it is shared no more. What one person alone sees does, and so do
// direct messages.
func TestNothingGoesIntoASharedChannel(t *testing.T) {
	t.Parallel()
	const own, line = `{"ok":true,"channel":{"id":"C1","is_member":true}}`, `{"text":"a line"}`
	for name, c := range map[string]struct {
		answer  string
		o       outbox
		goes    bool
		again   time.Duration
		refused string
	}{
		"a line":                   {answer: `{"ok":true,"channel":{"id":"C1","is_ext_shared":true}}`, o: outbox{channel: "C1", threadTS: "5.5", body: line}, again: tokenPause},
		"a line of a private one":  {answer: `{"ok":true,"channel":{"id":"G1","is_ext_shared":true}}`, o: outbox{channel: "G1", body: line}, again: tokenPause},
		"a line that waits":        {answer: `{"ok":true,"channel":{"id":"C1","is_org_shared":true}}`, o: outbox{channel: "C1", waits: true, body: line}, again: tokenPause},
		"a card":                   {answer: `{"ok":true,"channel":{"id":"C1","is_pending_ext_shared":true}}`, o: outbox{channel: "C1", body: card}, again: tokenPause},
		"a card's edit":            {answer: `{"ok":true,"channel":{"id":"C1","is_ext_shared":true}}`, o: outbox{channel: "C1", ts: "5.5", body: card}, again: tokenPause},
		"to one alone":             {answer: `{"ok":true,"channel":{"id":"C1","is_ext_shared":true}}`, o: outbox{channel: "C1", body: `{"text":"a line","user":"U9"}`}, goes: true},
		"to a person":              {answer: `{"ok":false,"error":"method_not_supported_for_channel_type"}`, o: outbox{channel: "U9", body: line}, goes: true},
		"in a DM":                  {answer: `{"ok":false,"error":"method_not_supported_for_channel_type"}`, o: outbox{channel: "D1", ts: "5.5", body: line}, goes: true},
		"not shared":               {answer: own, o: outbox{channel: "C1", body: line}, goes: true},
		"cannot be read":           {answer: `{"ok":false,"error":"internal_error"}`, o: outbox{channel: "C1", body: line}, again: retryPause},
		"without a scope":          {answer: `{"ok":false,"error":"missing_scope"}`, o: outbox{channel: "C1", body: line}, again: tokenPause},
		"an answer that is no one": {answer: `{"ok":true}`, o: outbox{channel: "C1", body: line}, again: retryPause},
		"not there":                {answer: `{"ok":false,"error":"channel_not_found"}`, o: outbox{channel: "C1", body: line}, refused: "channel_not_found"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, o := newPeer(t), c.o
			o.version = 1
			for _, method := range []string{"chat.postMessage", "chat.update"} {
				p.answer(method, `{"ok":true,"channel":"C1","ts":"5.5"}`)
			}
			p.answer("chat.postEphemeral", `{"ok":true,"message_ts":"3.3"}`)
			p.answer("conversations.info", c.answer)
			d := p.deliverer(&o)
			again, err := d.Deliver(t.Context(), "R-9", 7, 1)
			sent := len(p.called("chat.postMessage")) + len(p.called("chat.update")) + len(p.called("chat.postEphemeral"))
			if again != c.again || (err != nil) != (c.again > 0) || sent > 0 != c.goes || o.live != c.goes || o.refused != c.refused {
				t.Errorf("again in %s, %v; %d calls, live %t, refused %q", again, err, sent, o.live, o.refused)
			}
		})
	}
}

// TestWhatWasKeptFromASharedChannelComesLater: nothing is lost, and the error that goes to the log says which channel and why.
func TestWhatWasKeptFromASharedChannelComesLater(t *testing.T) {
	t.Parallel()
	p, o, now := newPeer(t), &outbox{channel: "C1", ts: "5.5", body: card, version: 2}, time.Now()
	p.answer("conversations.info", `{"ok":true,"channel":{"id":"C1","is_ext_shared":true}}`, `{"ok":true,"channel":{"id":"C1","is_member":true}}`)
	p.answer("chat.update", `{"ok":true,"channel":"C1","ts":"5.5"}`)
	b := p.bot()
	b.people.channels.now = func() time.Time { return now }
	d := NewDeliverer(b, o, nil)
	if _, err := d.Deliver(t.Context(), "R-9", 7, 2); err == nil || !strings.Contains(err.Error(), "C1: channel_shared: another organisation is in the channel") {
		t.Errorf("the error says %v", err)
	}
	now = now.Add(channelAge)
	if deliver(t, d, 2); !o.live {
		t.Error("the card's edit is lost")
	}
	if err := b.Say(t.Context(), "C1", "a line"); err == nil { // chat.postMessage is not answered, but asked
		t.Error("no error")
	}
	now = now.Add(channelAge)
	p.answer("conversations.info", `{"ok":true,"channel":{"id":"C1","is_ext_shared":true}}`)
	if err := b.Say(t.Context(), "C1", "a line"); codeOf(err) != "channel_shared" || len(p.called("chat.postMessage")) != 1 {
		t.Errorf("said in a shared channel: %v, posted %d times", err, len(p.called("chat.postMessage")))
	}
}

func TestDeliverOutsideOfAThreadThatIsGone(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	p.answer("chat.postMessage", `{"ok":false,"error":"thread_not_found"}`, `{"ok":true,"channel":"C1","ts":"1.0"}`)
	o := &outbox{channel: "C1", threadTS: "5.5", body: `{"text":"a line"}`, version: 1}
	deliver(t, p.deliverer(o), 1)
	if got := p.called("chat.postMessage"); len(got) != 2 || got[1].Has("thread_ts") || o.ts != "1.0" {
		t.Errorf("posted %v", got)
	}
}

func TestDefectiveBodies(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ā😀", 2000)
	for name, c := range map[string]struct{ body, answer, text, refused string }{
		"no JSON":        {body: `{`, refused: "invalid_body"},
		"long text":      {body: `{"text":` + quote(long) + `}`, text: strings.Repeat("ā😀", 1333) + "…"},
		"bad block":      {body: `{"text":"t","blocks":[{"type":"header","text":{"type":"plain_text","text":` + quote(long) + `}}]}`, text: "t"},
		"Slack says no":  {body: `{"text":"t","blocks":[{"type":"divider"}]}`, answer: "invalid_blocks", text: "t"},
		"Slack insists":  {body: `{"text":"t"}`, answer: "msg_too_long", text: "t", refused: "msg_too_long"},
		"nothing at all": {body: `{}`, answer: "no_text", refused: "no_text"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPeer(t)
			p.on("chat.postMessage", func(w http.ResponseWriter, v url.Values) {
				if c.answer != "" && (v.Get("blocks") != "[]" || c.refused != "") {
					_, _ = fmt.Fprintf(w, `{"ok":false,"error":%q}`, c.answer)
					return
				}
				_, _ = io.WriteString(w, `{"ok":true,"channel":"C1","ts":"1.0"}`)
			})
			o := &outbox{channel: "C1", body: c.body, version: 1}
			deliver(t, p.deliverer(o), 1)
			if o.refused != c.refused || o.live != (c.refused == "") {
				t.Errorf("refused %q, live %t", o.refused, o.live)
			}
			calls := p.called("chat.postMessage")
			if c.text != "" {
				if last := calls[len(calls)-1]; last.Get("text") != c.text || last.Get("blocks") != "[]" {
					t.Errorf("sent %.60q with %s", last.Get("text"), last.Get("blocks"))
				}
			}
			if lines := p.log.String(); strings.Contains(lines, "level=ERROR") && !strings.Contains(lines, "request=R-9 message=7 ") {
				t.Error("a line does not say whose message it is")
			}
			if strings.Contains(p.log.String(), "ā😀ā😀") {
				t.Error("the text of a message is logged")
			}
		})
	}
}

func quote(s string) string {
	raw, _ := json.Marshal(s)
	return string(raw)
}

func TestEphemeralMessageIsPostedOnce(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	p.answer("chat.postEphemeral", `{"ok":true,"message_ts":"3.3"}`)
	o := &outbox{channel: "C1", body: strings.Replace(card, `{"text"`, `{"user":"U9","text"`, 1), version: 1}
	d := p.deliverer(o)
	deliver(t, d, 1)
	got := p.called("chat.postEphemeral")
	if len(got) != 1 || got[0].Get("user") != "U9" || !strings.Contains(got[0].Get("blocks"), "action_id") || strings.Join(o.history, ", ") != "C1 3.3 true" {
		t.Errorf("posted %v, recorded %v", got, o.history)
	}
	o.version, o.live = 2, false
	deliver(t, d, 2)
	if len(p.called("chat.postEphemeral"))+len(p.called("chat.update")) != 1 || !o.live {
		t.Error("an ephemeral message was edited")
	}
}

func TestAFileComesBehindItsText(t *testing.T) {
	t.Parallel()
	p, o := newPeer(t), &outbox{channel: "U1", version: 1, body: `{"text":"the list","file":{"name":"R-1.csv","key":"mine"}}`}
	p.board()
	p.answer("files.getUploadURLExternal", `{"ok":true,"file_id":"F1","upload_url":"`+p.server.URL+`/upload/F1"}`)
	p.answer("F1", "OK - 4")
	p.answer("files.completeUploadExternal", `{"ok":true,"files":[{"id":"F1","title":"R-1.csv"}]}`)
	o.crash = 1
	d := p.deliverer(o)
	if _, err := d.Deliver(t.Context(), "", 1, 1); !errors.Is(err, errCrash) {
		t.Fatalf("the crash: %v", err)
	}
	if wait, err := d.Deliver(t.Context(), "", 1, 1); wait != 0 || err != nil || !o.live {
		t.Fatalf("delivered: %v, %v, %+v", wait, err, o)
	}
	form := p.called("files.completeUploadExternal")[0]
	if form.Get("channel_id") == "U1" || form.Get("channel_id") == "" || form.Get("files") != `[{"id":"F1","title":"R-1.csv"}]` {
		t.Errorf("shared with %v", form)
	}
}

func TestAFileThatIsNotForItsReaderAnyMoreIsNotSent(t *testing.T) {
	t.Parallel()
	p, o := newPeer(t), &outbox{channel: "U1", version: 1, body: `{"text":"the list","file":{"name":"R-1.csv","key":"theirs"}}`}
	p.board()
	if _, err := p.deliverer(o).Deliver(t.Context(), "", 1, 1); err != nil || o.refused != "not_yours" {
		t.Errorf("%v, refused %q", err, o.refused)
	}
}
