package bot

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slack-go/slack"
)

func TestPeopleAreAskedForAfresh(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	var mu sync.Mutex
	now := time.Unix(1000, 0)
	pass := func(d time.Duration) { mu.Lock(); defer mu.Unlock(); now = now.Add(d) }
	b := p.bot(func(c *Config) { c.Now = func() time.Time { mu.Lock(); defer mu.Unlock(); return now } })
	p.answer("users.info", `{"ok":true,"user":{"id":"U1","team_id":"T1"}}`, `{"ok":true,"user":{"id":"U1","team_id":"T1","deleted":true}}`)
	deleted := func() bool {
		u, err := b.User(t.Context(), "U1")
		if err != nil {
			t.Fatal(err)
		}
		return u.Deleted
	}
	first, second := deleted(), deleted()
	if first || second || len(p.called("users.info")) != 1 {
		t.Error("asked twice within ten seconds")
	}
	p.answer("users.info", `{"ok":true,"user":{"id":"U1","team_id":"T1"}}`, `{"ok":true,"user":{"id":"U1","team_id":"T1","deleted":true}}`)
	b.ForgetPeople()
	if deleted() || len(p.called("users.info")) != 2 {
		t.Error("what was forgotten is not asked again")
	}
	pass(userAge)
	if !deleted() {
		t.Error("after ten seconds the old answer is given")
	}

	p.answer("usergroups.list", `{"ok":true,"usergroups":[{"id":"S1"},{"id":"S2","date_delete":5},{"id":"S3","is_external":true},{"id":"S4"}]}`)
	p.answer("usergroups.users.list", `{"ok":true,"users":["U1","U2"]}`)
	for range 3 {
		if m, err := b.GroupMembers(t.Context(), "S1"); err != nil || strings.Join(m, " ") != "U1 U2" {
			t.Errorf("members %v, %v", m, err)
		}
	}
	if n := len(p.called("usergroups.list")) + len(p.called("usergroups.users.list")); n != 2 {
		t.Errorf("%d calls within 30 seconds", n)
	}
	pass(groupAge)
	p.answer("usergroups.users.list", `{"ok":false,"error":"no_such_subteam"}`)
	for group, code := range map[string]string{"S1": "no_such_subteam", "S2": "subteam_disabled", "S3": "subteam_external", "S9": "no_such_subteam"} {
		_, err := b.GroupMembers(t.Context(), group)
		if e, ok := errors.AsType[*Error](err); !ok || e.Code != code || e.Verdict != Refused || !strings.Contains(err.Error(), group) {
			t.Errorf("group %s: %v", group, err)
		}
	}
	pass(groupAge)
	p.answer("usergroups.list", `{"ok":false,"error":"missing_scope","needed":"usergroups:read","provided":"commands"}`)
	_, err := b.GroupMembers(t.Context(), "S1") // fails closed
	if e, ok := errors.AsType[*Error](err); !ok || e.Verdict != Token || !strings.Contains(err.Error(), "usergroups:read") {
		t.Errorf("without the scope: %v", err)
	}
}

func TestChannelAndItsErrors(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	b := p.bot()
	p.answer("conversations.info", `{"ok":false,"error":"channel_not_found"}`, `{"ok":true,"channel":{"id":"C1","is_ext_shared":true,"is_member":true}}`)
	_, err := b.Channel(t.Context(), "C1")
	if err == nil || !strings.Contains(err.Error(), "C1: channel_not_found") {
		t.Errorf("Channel: %v", err)
	}
	c, err := b.Channel(t.Context(), "C1") // an error is not remembered
	if err != nil || !c.IsExtShared || !c.IsMember {
		t.Errorf("Channel: %+v, %v", c, err)
	}
}

func TestManyAskOnce(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	b := p.bot()
	asked, release := make(chan struct{}, 100), make(chan struct{})
	p.on("users.info", func(w http.ResponseWriter, _ url.Values) {
		asked <- struct{}{}
		<-release
		_, _ = w.Write([]byte(`{"ok":true,"user":{"id":"U1"}}`))
	})
	impatient, giveUp := context.WithCancel(t.Context())
	gone := make(chan error, 1)
	go func() {
		_, err := b.User(impatient, "U1")
		gone <- err
	}()
	next(t, asked, "the first question")
	giveUp()
	if err := next(t, gone, "the one who gave up"); !errors.Is(err, context.Canceled) {
		t.Errorf("who gave up got %v", err)
	}
	users := make(chan *slack.User, 10)
	for range cap(users) {
		go func() {
			u, err := b.User(t.Context(), "U1")
			if err != nil {
				t.Error(err)
			}
			users <- u
		}()
	}
	close(release)
	for range cap(users) {
		if u := next(t, users, "an answer"); u == nil || u.ID != "U1" {
			t.Errorf("got %+v", u)
		}
	}
	if len(asked) > 0 {
		t.Errorf("asked %d times more", len(asked))
	}
}

// TestFactsAboutPeopleAreFresh: a minute later nothing that a right hangs on is taken from memory, nor after the clock was set back, and
// what Slack does not answer then is an error.
func TestFactsAboutPeopleAreFresh(t *testing.T) {
	t.Parallel()
	for name, ask := range map[string]func(*Bot) error{
		"users.info":            func(b *Bot) error { _, err := b.User(t.Context(), "U1"); return err },
		"usergroups.list":       func(b *Bot) error { _, err := b.GroupMembers(t.Context(), "S1"); return err },
		"usergroups.users.list": func(b *Bot) error { _, err := b.GroupMembers(t.Context(), "S1"); return err },
		"conversations.info":    func(b *Bot) error { _, err := b.Channel(t.Context(), "C1"); return err },
		"users.info, set back":  func(b *Bot) error { _, err := b.User(t.Context(), "U1"); return err },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			method, odd, _ := strings.Cut(name, ", ")
			p := newPeer(t)
			now := time.Unix(1000, 0)
			b := p.bot(func(c *Config) { c.Now = func() time.Time { return now } })
			p.answer("users.info", `{"ok":true,"user":{"id":"U1","team_id":"T1"}}`)
			p.answer("usergroups.list", `{"ok":true,"usergroups":[{"id":"S1"}]}`)
			p.answer("usergroups.users.list", `{"ok":true,"users":["U1"]}`)
			p.answer("conversations.info", `{"ok":true,"channel":{"id":"C1"}}`)
			if err := ask(b); err != nil {
				t.Fatal(err)
			}
			p.answer(method, `{"ok":false,"error":"internal_error"}`)
			if odd == "set back" {
				now = now.Add(-time.Hour)
			} else {
				now = now.Add(time.Minute)
			}
			if err := ask(b); err == nil {
				t.Error("an answer of a minute ago is given")
			}
		})
	}
}

// TestWhoHasAnAddress: nobody is an answer, and what cannot be read is none.
func TestWhoHasAnAddress(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	b := p.bot()
	p.answer("users.lookupByEmail", `{"ok":true,"user":{"id":"U1"}}`, `{"ok":false,"error":"users_not_found"}`, `{"ok":false,"error":"missing_scope"}`)
	if u, err := b.UserByEmail(t.Context(), "a@contoso.com"); err != nil || u == nil || u.ID != "U1" {
		t.Errorf("%+v, %v", u, err)
	}
	if u, err := b.UserByEmail(t.Context(), "b@contoso.com"); err != nil || u != nil {
		t.Errorf("nobody: %+v, %v", u, err)
	}
	_, err := b.UserByEmail(t.Context(), "c@contoso.com")
	if e, ok := errors.AsType[*Error](err); !ok || e.Code != "missing_scope" {
		t.Errorf("not to be read: %v", err)
	}
	if asked := p.called("users.lookupByEmail"); len(asked) != 3 || asked[0].Get("email") != "a@contoso.com" {
		t.Errorf("asked %v", asked)
	}
}

// TestSay posts plain text: what looks like markup in it is none.
func TestSay(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	b := p.bot()
	p.answer("chat.postMessage", `{"ok":true,"channel":"C1","ts":"1.1"}`, `{"ok":false,"error":"not_in_channel"}`)
	if err := b.Say(t.Context(), "C1", "<!here> & a line"); err != nil {
		t.Error(err)
	}
	if said := p.called("chat.postMessage"); len(said) != 1 || said[0].Get("channel") != "C1" || said[0].Get("text") != "&lt;!here&gt; &amp; a line" {
		t.Errorf("said %v", said)
	}
	if e, ok := errors.AsType[*Error](b.Say(t.Context(), "C1", "again")); !ok || e.Code != "not_in_channel" || !strings.Contains(e.Error(), "C1") {
		t.Errorf("%v", e)
	}
}
