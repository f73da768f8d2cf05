package bot

import (
	"context"
	"crypto/tls"
	"net/http"
	"testing"
	"time"

	"github.com/slack-go/slack"
)

// observed is what Config.Observe was told.
type observed struct {
	kind    string
	took    time.Duration
	outcome Outcome
}

func TestEachAckIsObserved(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	acks := make(chan observed, 10)
	envelopes := make(chan string, 10)
	const slow = 50 * time.Millisecond
	p.start(handler{command: func(ctx context.Context, c slack.SlashCommand) Reply {
		envelopes <- EnvelopeID(ctx)
		switch c.Text {
		case "slow":
			time.Sleep(slow)
		case "boom":
			panic("boom")
		}
		return Reply{Payload: text("got " + c.Text)}
	}}, func(c *Config) {
		c.Observe = func(kind string, took time.Duration, outcome Outcome) { acks <- observed{kind, took, outcome} }
	})
	s := next(t, p.sockets, "a socket")
	for _, c := range []struct {
		envelope, trigger, text string
		want                    Outcome
		least                   time.Duration
	}{
		{"e1", "t1", "slow", AckAnswered, slow},
		{"e2", "t1", "slow", AckRepeated, 0},
		{"e3", "t3", "boom", AckFailed, 0},
	} {
		s.command(c.envelope, "U1", c.trigger, c.text)
		next(t, p.acks, "the ack of "+c.envelope)
		if got := next(t, acks, "the observation of "+c.envelope); got.kind != "command" || got.outcome != c.want || got.took < c.least || got.took > 3*time.Second {
			t.Errorf("%s was observed as %+v, want %s", c.envelope, got, c.want)
		}
		if c.want != AckRepeated {
			if id := next(t, envelopes, "the handler"); id != c.envelope {
				t.Errorf("the handler answers %q, not %s", id, c.envelope)
			}
		}
	}
	s.send(`{"type":"interactive","envelope_id":"e4","accepts_response_payload":false,"payload":{"type":"block_actions","api_app_id":"A2","user":{"id":"U1"},"actions":[]}}`)
	next(t, p.acks, "the ack of another app's click")
	if got := next(t, acks, "its observation"); got.kind != "action" || got.outcome != AckForeign {
		t.Errorf("another app's click was observed as %+v", got)
	}
	s.send(`{"type":"brand_new","envelope_id":"e5","payload":{}}`)
	next(t, p.acks, "the ack of what cannot be read")
	if got := next(t, acks, "its observation"); got.kind != "other" || got.outcome != AckUnread {
		t.Errorf("what cannot be read was observed as %+v", got)
	}
	if EnvelopeID(t.Context()) != "" {
		t.Error("a context of no handler has an envelope")
	}
}

// counting is a transport around another.
type counting struct{ http.RoundTripper }

func (c counting) Unwrap() http.RoundTripper { return c.RoundTripper }

// TestSocketsLeaveBelowTheWrappers: with the proxy and the certificates of the transport that all wrappers send by.
func TestSocketsLeaveBelowTheWrappers(t *testing.T) {
	t.Parallel()
	direct := &http.Transport{Proxy: http.ProxyURL(nil), TLSClientConfig: &tls.Config{ServerName: "wrapped", MinVersion: tls.VersionTLS12}}
	for name, rt := range map[string]http.RoundTripper{"none": direct, "one": counting{direct}, "two": counting{counting{direct}}} {
		if d := dialerLike(&http.Client{Transport: rt}); d.TLSClientConfig == nil || d.TLSClientConfig.ServerName != "wrapped" {
			t.Errorf("%s: the dialer has %+v", name, d.TLSClientConfig)
		}
	}
}

func TestReconnectsAreCounted(t *testing.T) {
	t.Parallel()
	p := newPulse(time.Now)
	for _, step := range []struct {
		name string
		live bool
		want int
	}{{"first", false, 0}, {"first", true, 0}, {"second", true, 0}, {"first", false, 0}, {"first", true, 1}, {"first", true, 1}, {"second", false, 1}, {"second", true, 2}} {
		p.set(step.name, step.live)
		if h, _ := p.health(); h.Reconnects != step.want {
			t.Errorf("after %+v there were %d reconnects", step, h.Reconnects)
		}
	}
}
