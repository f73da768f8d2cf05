package bot

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestTokenFacts(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	p.on("auth.test", func(w http.ResponseWriter, _ url.Values) {
		w.Header().Set("X-OAuth-Scopes", "chat:write, users:read,")
		_, _ = w.Write([]byte(`{"ok":true,"team":"Contoso","user":"mailback","team_id":"T1","user_id":"UBOT","bot_id":"B1"}`))
	})
	b := p.bot()
	f, err := b.TestToken(t.Context())
	if err != nil || f.Workspace != "Contoso" || f.User != "mailback" || f.TeamID != "T1" || f.BotID != "B1" || !slices.Equal(f.Scopes, []string{"chat:write", "users:read"}) {
		t.Errorf("%+v, %v", f, err)
	}
	if b.Identity().TeamID != "T1" {
		t.Error("the bot has not learnt who it is")
	}
}

// TestTokensAreAskedForOnce: what is wrong is told at once, with what to do about it where somebody can do something.
func TestTokensAreAskedForOnce(t *testing.T) {
	t.Parallel()
	for code, fatal := range map[string]bool{"token_revoked": true, "account_inactive": true, "internal_error": false} {
		p := newPeer(t)
		p.answer("auth.test", `{"ok":false,"error":"`+code+`"}`)
		p.answer("apps.connections.open", `{"ok":false,"error":"`+code+`"}`)
		b := p.bot()
		_, err := b.TestToken(t.Context())
		for setting, err := range map[string]error{botSetting: err, appSetting: b.TestSocketMode(t.Context())} {
			refused, isFatal := errors.AsType[*FatalError](err)
			if err == nil || isFatal != fatal || fatal && (refused.Setting != setting || refused.Code != code || refused.Remedy == "") {
				t.Errorf("%s of %s: %v", code, setting, err)
			}
		}
		if n := len(p.called("auth.test")) + len(p.called("apps.connections.open")); n != 2 {
			t.Errorf("%s: %d calls", code, n)
		}
	}
}

func TestSocketModeIsAskedForWithoutASocket(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	b := p.bot()
	if err := b.TestSocketMode(t.Context()); err != nil || len(p.sockets) > 0 {
		t.Errorf("%v, %d sockets", err, len(p.sockets))
	}
	p.answer("apps.connections.open", `{"ok":false,"error":"a_word_of_tomorrow"}`)
	err := b.TestSocketMode(t.Context())
	if e, ok := errors.AsType[*Error](err); !ok || e.Verdict != Refused || !strings.Contains(err.Error(), "a_word_of_tomorrow") {
		t.Errorf("%v", err)
	}
}
