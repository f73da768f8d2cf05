package bot

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// vault is where a bot's tokens are, and a Slack that knows some.
type vault struct {
	*peer

	mu       sync.Mutex
	bot, app string
	err      error
	known    map[string]string // what auth.test says of each bot token
	opens    map[string]bool   // the app-level tokens that sockets are given for
}

func newVault(t *testing.T) *vault {
	v := &vault{
		peer: newPeer(t), bot: testBot, app: testApp, opens: map[string]bool{testApp: true},
		known: map[string]string{testBot: `{"ok":true,"team_id":"T1","user_id":"UBOT","bot_id":"B1"}`},
	}
	invalid := `{"ok":false,"error":"invalid_auth"}`
	v.on("auth.test", func(w http.ResponseWriter, form url.Values) {
		v.mu.Lock()
		defer v.mu.Unlock()
		said, known := v.known[form.Get("token")]
		if !known {
			said = invalid
		}
		_, _ = io.WriteString(w, said)
	})
	v.on("users.info", func(w http.ResponseWriter, form url.Values) {
		v.mu.Lock()
		defer v.mu.Unlock()
		said := `{"ok":true,"user":{"id":"U1"}}`
		if v.known[form.Get("token")] == "" {
			said = invalid
		}
		_, _ = io.WriteString(w, said)
	})
	v.on("apps.connections.open", func(w http.ResponseWriter, form url.Values) {
		v.mu.Lock()
		good := v.opens[form.Get("bearer")]
		v.mu.Unlock()
		if !good {
			_, _ = io.WriteString(w, invalid)
			return
		}
		v.open(w)
	})
	return v
}

// follows has the bot read its tokens from the vault.
func (v *vault) follows(c *Config) {
	c.Tokens = func() (string, string, error) {
		v.mu.Lock()
		defer v.mu.Unlock()
		return v.bot, v.app, v.err
	}
}

// set changes something of the vault's or of Slack's.
func (v *vault) set(change func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	change()
}

// logged counts the lines of the log that match.
func (v *vault) logged(pattern string, want int) {
	v.t.Helper()
	if n := len(regexp.MustCompile(pattern).FindAllString(v.log.String(), -1)); n != want {
		v.t.Errorf("%d lines match %s, want %d:\n%s", n, pattern, want, v.log)
	}
}

// TestANewBotTokenIsUsedOnceItIsKnownToBeThisBots: one that Slack does not know, one of another bot or workspace and none at all leave the one before.
func TestANewBotTokenIsUsedOnceItIsKnownToBeThisBots(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	b := v.peer.bot(v.follows)
	if _, err := b.SignIn(t.Context()); err != nil {
		t.Fatal(err)
	}
	uses := func(want string) {
		t.Helper()
		b.ForgetPeople()
		if _, err := b.User(t.Context(), "U1"); err != nil {
			t.Errorf("no answer: %v", err)
		}
		all := v.called("users.info")
		if got := all[len(all)-1].Get("token"); got != want {
			t.Errorf("asked with %s, want %s", got, want)
		}
	}
	uses(testBot)
	v.set(func() {
		v.known["xoxb-other-bot"] = `{"ok":true,"team_id":"T1","user_id":"UOTHER","bot_id":"B2"}`
		v.known["xoxb-other-team"] = `{"ok":true,"team_id":"T2","user_id":"UBOT","bot_id":"B1"}`
	})
	for token, why := range map[string]string{
		"": "is no bot token", testApp: "is no bot token", "xoxb-1-unknown": "invalid_auth", "xoxb-other-bot": "of another app", "xoxb-other-team": "of another app",
	} {
		v.set(func() { v.bot = token })
		before := len(v.called("auth.test"))
		uses(testBot)
		uses(testBot)
		if tried := len(v.called("auth.test")) - before; tried > 1 {
			t.Errorf("%q was tried %d times", token, tried)
		}
		if !strings.Contains(v.log.String(), why) {
			t.Errorf("of %q the log does not say %q:\n%s", token, why, v.log)
		}
		v.set(func() { v.bot = testBot })
		uses(testBot)
	}
	v.set(func() { v.err = errors.New("no such file") })
	uses(testBot)
	uses(testBot)
	v.logged(`level=WARN.*the one before stays.*no such file`, 1)
	v.set(func() {
		v.err, v.bot = nil, "xoxb-2-secret"
		v.known["xoxb-2-secret"] = v.known[testBot]
		delete(v.known, testBot)
	})
	uses("xoxb-2-secret")
	uses("xoxb-2-secret")
	v.logged(`level=INFO.*a token has changed, and the new one is in use.*SLACK_BOT_TOKEN`, 1)
}

// TestANewAppTokenOpensTheNextSocket, and those that are open stay open. One that Slack does not take leaves the one before.
func TestANewAppTokenOpensTheNextSocket(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	b, stop := v.start(handler{}, v.follows)
	first, second := next(t, v.sockets, "a socket"), next(t, v.sockets, "the second one")
	eventually(t, "both are up", func() bool { return b.Health().Connections == 2 })
	renew := func(s *socket) *socket {
		t.Helper()
		s.send(`{"type":"disconnect","reason":"refresh_requested"}`)
		return next(t, v.sockets, "a new socket")
	}
	opened := func(want string) {
		t.Helper()
		all := v.called("apps.connections.open")
		if got := all[len(all)-1].Get("bearer"); got != want {
			t.Errorf("the socket was opened with %s, want %s", got, want)
		}
	}
	v.set(func() { v.app = "xapp-1-half" })
	first = renew(first)
	opened(testApp)
	v.logged(`level=WARN.*the one before stays.*SLACK_APP_TOKEN.*invalid_auth`, 1)
	v.set(func() { v.app, v.opens = "xapp-2-secret", map[string]bool{"xapp-2-secret": true} })
	first = renew(first)
	opened("xapp-2-secret")
	v.logged(`level=INFO.*a token has changed, and the new one is in use.*SLACK_APP_TOKEN`, 1)
	if !second.command("e1", "U1", "t1", "x") { // by a socket that the first token opened
		t.Error("the other socket is closed")
	}
	next(t, v.acks, "an ack")
	_ = renew(first)
	opened("xapp-2-secret")
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func TestAnAppTokenOfAnotherAppIsNotTried(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	const own = "xapp-1-A1-22-secret"
	v.app, v.opens = own, map[string]bool{own: true, "xapp-1-A2-22-secret": true, "xapp-1-A1-33-secret": true}
	b := v.peer.bot(v.follows, func(c *Config) { c.AppToken = own })
	for _, c := range []struct{ token, want string }{{"xapp-1-A2-22-secret", own}, {"xapp-1-A1-33-secret", "xapp-1-A1-33-secret"}} {
		v.set(func() { v.app = c.token })
		if err := b.TestSocketMode(t.Context()); err != nil {
			t.Error(err)
		}
		all := v.called("apps.connections.open")
		if got := all[len(all)-1].Get("bearer"); got != c.want {
			t.Errorf("opened with %s, want %s", got, c.want)
		}
	}
	v.logged(`level=WARN.*SLACK_APP_TOKEN is of another app`, 1)
}

// TestASocketOfAnotherAppDoesNotChangeWhichAppThisIs: its envelopes are another app's.
func TestASocketOfAnotherAppDoesNotChangeWhichAppThisIs(t *testing.T) {
	t.Parallel()
	s := &self{}
	s.hello("")
	s.hello("A1")
	s.hello("A2")
	if id := s.get().AppID; id != "A1" {
		t.Errorf("the app is %q", id)
	}
}
