package bot

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slack-go/slack"
)

func TestRespondWritesWhatSlackReads(t *testing.T) {
	t.Parallel()
	section := slack.NewSectionBlock(slack.NewTextBlockObject(slack.PlainTextType, "b", false, false), nil, nil)
	for _, c := range []struct {
		r    Response
		want string
	}{
		{Response{Text: "a"}, `{"text":"a","response_type":"ephemeral","replace_original":false}`},
		{Response{Text: "a", Replace: true}, `{"text":"a","response_type":"ephemeral","replace_original":true}`},
		{Response{Text: "a", Blocks: []slack.Block{section}}, `{"text":"a","blocks":[{"type":"section","text":{"type":"plain_text","text":"b","emoji":false}}],"response_type":"ephemeral","replace_original":false}`},
	} {
		p := newPeer(t)
		p.answer("/respond/secret", "ok")
		if err := p.bot().Respond(t.Context(), p.server.URL+"/respond/secret", c.r); err != nil {
			t.Fatal(err)
		}
		if got := p.called("/respond/secret")[0].Get("json"); got != c.want {
			t.Errorf("sent %s, want %s", got, c.want)
		}
	}
}

func TestRespondTriesAgainWithinBounds(t *testing.T) {
	t.Parallel()
	status := func(code int, body string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			w.WriteHeader(code)
			_, _ = fmt.Fprint(w, body)
		}
	}
	limited := func(after string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			w.Header().Set("Retry-After", after)
			w.WriteHeader(http.StatusTooManyRequests)
		}
	}
	cut := func(http.ResponseWriter) { panic(http.ErrAbortHandler) }
	for name, c := range map[string]struct {
		first   func(http.ResponseWriter) // all but the last of tries; the last one is ok
		tries   int32
		code    string
		verdict Verdict
	}{
		"server error, then fine":   {first: status(502, "bad"), tries: 2},
		"cut, then fine":            {first: cut, tries: 2},
		"limited shortly":           {first: limited("1"), tries: 2},
		"limited for long":          {first: limited("60"), tries: 1, code: "ratelimited"},
		"server error for ever":     {first: status(500, ""), tries: 3, code: "http_500"},
		"cut for ever":              {first: cut, tries: 3, code: "network"},
		"used up, status 404":       {first: status(404, `{"ok":false,"error":"used_url"}`), tries: 1, code: "used_url", verdict: Refused},
		"expired, status 200":       {first: status(200, `{"ok":false,"error":"expired_url"}`), tries: 1, code: "expired_url", verdict: Refused},
		"refused without any words": {first: status(403, "go away"), tries: 1, code: "http_403", verdict: Refused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPeer(t)
			var calls atomic.Int32
			p.on("/respond/secret", func(w http.ResponseWriter, _ url.Values) {
				if n := calls.Add(1); c.code != "" || n < c.tries {
					c.first(w)
				}
			})
			err := p.bot().Respond(t.Context(), p.server.URL+"/respond/secret", Response{Text: "a"})
			if n := calls.Load(); n != c.tries {
				t.Errorf("%d tries, want %d", n, c.tries)
			}
			if c.code == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			e, ok := errors.AsType[*Error](err)
			if !ok || e.Code != c.code || e.Verdict != c.verdict || secrets.MatchString(err.Error()) {
				t.Errorf("Respond: %v", err)
			}
		})
	}
}

func TestResponseURLsThatAreNotUsed(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	b := p.bot(func(c *Config) { c.APIURL = "https://slack.com/api/" })
	for _, u := range []string{
		p.server.URL + "/respond/secret", "https://evil.test/respond/secret", "https://hooks.slack.com.evil.test/respond/secret",
		"https://evilslack.com/respond/secret", "file:///respond/secret", "://", "",
	} {
		err := b.Respond(t.Context(), u, Response{Text: "a"})
		if e, ok := errors.AsType[*Error](err); !ok || e.Verdict != Refused || secrets.MatchString(err.Error()) {
			t.Errorf("%s: %v", u, err)
		}
	}
	for _, u := range []string{"https://hooks.slack.com/commands/1", "https://hooks.slack-gov.com/actions/1"} {
		if err := b.allowed(u); err != nil {
			t.Errorf("%s: %v", u, err)
		}
	}
}

func TestErrorsHoldNoURL(t *testing.T) {
	t.Parallel()
	b := newPeer(t).bot()
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	<-ctx.Done()
	err := b.Respond(ctx, "http://127.0.0.1:1/respond/secret", Response{Text: "a"})
	if err == nil || secrets.MatchString(err.Error()) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Respond: %v", err)
	}
	for in, want := range map[string]string{
		`Post "https://hooks.slack.com/commands/T1/2/secret": EOF`: `Post "https://hooks.slack.com/…": EOF`,
		"dial wss://wss.slack.com/link/?ticket=1&app_id=2 failed":  "dial wss://wss.slack.com/… failed",
		"token xoxb-1-2-abc, xapp-1-A2-3-def and xoxe.xoxp-1-z":    "token x…, x… and x…",
		"nothing to hide, see docs.slack.dev":                      "nothing to hide, see docs.slack.dev",
	} {
		if got := redact(in); got != want {
			t.Errorf("redact(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestViews(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	b := p.bot()
	title := slack.NewTextBlockObject(slack.PlainTextType, "Restore", false, false)
	modal := slack.ModalViewRequest{Type: slack.VTModal, Title: title, Blocks: slack.Blocks{BlockSet: []slack.Block{slack.NewDividerBlock()}}}
	p.answer("views.open", `{"ok":true,"view":{"id":"V1","hash":"h"}}`, `{"ok":false,"error":"expired_trigger_id"}`)
	v, err := b.OpenView(t.Context(), "t1", modal)
	if err != nil || v.ID != "V1" || v.Hash != "h" {
		t.Errorf("OpenView: %+v, %v", v, err)
	}
	_, err = b.OpenView(t.Context(), "t1", modal)
	if e, ok := errors.AsType[*Error](err); !ok || e.Code != "expired_trigger_id" || e.Verdict != Refused {
		t.Errorf("OpenView: %v", err)
	}
	p.answer("views.update", `{"ok":true,"view":{"id":"V1"}}`)
	if _, err := b.UpdateView(t.Context(), "V1", "h", modal); err != nil || !strings.Contains(p.called("views.update")[0].Get("json"), `"hash":"h","view_id":"V1"`) {
		t.Errorf("UpdateView: %v, %s", err, p.called("views.update"))
	}
	modal.Title = slack.NewTextBlockObject(slack.PlainTextType, strings.Repeat("x", 25), false, false)
	calls := len(p.called("views.open"))
	if _, err := b.OpenView(t.Context(), "t1", modal); err == nil || len(p.called("views.open")) != calls {
		t.Errorf("a view that breaks Slack's limits was sent: %v", err)
	}
}
