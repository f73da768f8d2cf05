package bot

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"
)

// Config is what a Bot needs. The zero value of a field means the default that stands there.
type Config struct {
	BotToken string // xoxb-…; required
	AppToken string // xapp-…, with connections:write; required
	// Tokens gives both tokens as they are now. It is asked at each call and for each socket, and what is new is used if it is of the same bot.
	// Nil: BotToken and AppToken stay as they are.
	Tokens func() (bot, app string, err error)

	APIURL     string           // https://slack.com/api/
	HTTPClient *http.Client     // a new one; without a Timeout it gets 15 s. Its proxy and root certificates serve the sockets too
	Logger     *slog.Logger     // slog.Default()
	Now        func() time.Time // time.Now; dates memories and caches, never deadlines

	// Command is the app's slash command, as "/restore-mailbox": one of another name is refused. Empty: none is refused for its name.
	Command string

	// Sorry words a trouble for a user; required. It is called while Slack waits, so it must not block.
	Sorry func(why Trouble, userID string) string

	// Observe is told of each ack once it is on its way: what the envelope brought (command, action, submission, shortcut, event or other),
	// how long Slack has waited since the envelope came in, and which ack it was. It runs before the next ack, so it must not block. Optional.
	Observe func(kind string, took time.Duration, outcome Outcome)

	Workers     int           // 8; handlers at work at a time
	Queue       int           // 256; envelopes that wait or are being handled, beyond which new ones are refused
	AckTimeout  time.Duration // 2 s, at most 2.5 s; how long a handler has, counted from the envelope's arrival
	StopTimeout time.Duration // 10 s; how long Run waits for handlers when it is told to stop
	Stagger     time.Duration // 5 s; between the first socket's hello and the opening of the second
}

// Bot is an app in Slack. Create it with New; all its methods may be used at the same time.
type Bot struct {
	config Config
	api    *tokens
	log    *slog.Logger
	self   *self
	pulse  *pulse
	dialer *websocket.Dialer
	people people
}

// New checks the config and returns a Bot that has not talked to Slack yet.
func New(c Config) (*Bot, error) {
	var faults []error
	if !strings.HasPrefix(c.BotToken, "xoxb-") {
		faults = append(faults, errors.New("SLACK_BOT_TOKEN has to be a bot token (xoxb-…)"))
	}
	if !strings.HasPrefix(c.AppToken, "xapp-") {
		faults = append(faults, errors.New("SLACK_APP_TOKEN has to be an app-level token (xapp-…)"))
	}
	if c.Sorry == nil {
		faults = append(faults, errors.New("Config.Sorry is missing"))
	}
	if c.AckTimeout > 2500*time.Millisecond {
		faults = append(faults, errors.New("Config.AckTimeout is over 2.5 s: Slack waits three seconds"))
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	c = c.withDefaults()
	b := &Bot{config: c, log: c.Logger, self: &self{}, pulse: newPulse(c.Now), dialer: dialerLike(c.HTTPClient)}
	b.api = newTokens(c, b.self)
	b.people = newPeople(b.api, b.self, c.Now)
	return b, nil
}

func (c Config) withDefaults() Config {
	c.APIURL = strings.TrimSuffix(cmp.Or(c.APIURL, slack.APIURL), "/") + "/"
	c.Logger = cmp.Or(c.Logger, slog.Default())
	if c.Now == nil {
		c.Now = time.Now
	}
	client := http.Client{}
	if c.HTTPClient != nil {
		client = *c.HTTPClient
	}
	client.Timeout = cmp.Or(client.Timeout, 15*time.Second) // slack-go sets none: a hung call would stop reconnecting
	c.HTTPClient = &client
	c.Workers = cmp.Or(c.Workers, 8)
	c.Queue = cmp.Or(c.Queue, 256)
	c.AckTimeout = cmp.Or(c.AckTimeout, 2*time.Second)
	c.StopTimeout = cmp.Or(c.StopTimeout, 10*time.Second)
	c.Stagger = cmp.Or(c.Stagger, 5*time.Second)
	return c
}

// dialerLike opens sockets the way client makes requests, also where its Transport wraps another and says so by Unwrap. The write buffer
// has to hold a whole ack: Slack drops acks that come in fragments (slack-go socketmode/socketmode.go, defaultWriteBufferSize).
func dialerLike(client *http.Client) *websocket.Dialer {
	d := &websocket.Dialer{Proxy: http.ProxyFromEnvironment, HandshakeTimeout: 15 * time.Second, WriteBufferSize: 32 << 10}
	rt := client.Transport
	for wrapper, wraps := rt.(interface{ Unwrap() http.RoundTripper }); wraps; wrapper, wraps = rt.(interface{ Unwrap() http.RoundTripper }) {
		rt = wrapper.Unwrap() // one that counts, perhaps: what it sends by knows the way out
	}
	t, ok := rt.(*http.Transport)
	if !ok {
		return d
	}
	d.Proxy, d.NetDialContext = t.Proxy, t.DialContext
	if t.TLSClientConfig != nil {
		d.TLSClientConfig = t.TLSClientConfig.Clone()
		d.TLSClientConfig.NextProtos = []string{"http/1.1"} // net/http adds h2, which has no WebSocket upgrade
		d.TLSClientConfig.MinVersion = max(d.TLSClientConfig.MinVersion, tls.VersionTLS12)
	}
	return d
}

// Identity is who the bot is, as far as Slack has said so: empty before SignIn or Run, without AppID before the first socket.
func (b *Bot) Identity() Identity { return b.self.get() }

// Health says how many sockets are live, and since when there is none.
func (b *Bot) Health() Health {
	h, _ := b.pulse.health()
	return h
}

// Run connects to Slack and has h answer what comes, until ctx ends; then it reads no more, waits up to
// Config.StopTimeout for what was taken to be answered and acked, and closes the sockets. It returns nil
// after a clean stop, and a *FatalError when Slack refuses a token. It is called once.
func (b *Bot) Run(ctx context.Context, h Handler) error {
	if _, err := b.SignIn(ctx); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	work, endWork := context.WithCancel(context.WithoutCancel(ctx))
	defer endWork()
	d := b.dispatcher(work, h)
	sockets := b.connect(work, d)
	var fault error
	select {
	case <-ctx.Done():
	case fault = <-sockets.fault:
	}
	stop, cancel := context.WithTimeout(work, b.config.StopTimeout)
	defer cancel()
	left := d.drain(stop)
	sockets.close(stop)
	return errors.Join(fault, left)
}

// SignIn asks auth.test who the bot is, unless it knows. It tries until it succeeds, ctx ends, or Slack refuses the
// bot token, which is a *FatalError. Run signs in too; calling SignIn before is for those who need the Identity first.
func (b *Bot) SignIn(ctx context.Context) (Identity, error) {
	for failures := 0; b.Identity().TeamID == ""; failures++ {
		said, err := b.api.now(ctx).AuthTestContext(ctx)
		if err == nil {
			b.self.learn(identityOf(said))
			b.log.Info("slack: signed in", "team", said.TeamID, "enterprise", said.EnterpriseID, "user", said.UserID)
			break
		}
		err = classify("auth.test", err)
		if end := fatal(botSetting, err); end != nil {
			return Identity{}, end
		}
		pause := pauseAfter(failures, err)
		b.log.Warn("slack: cannot sign in, trying again", "in", pause, "err", err)
		if !sleep(ctx, pause) {
			return Identity{}, ctx.Err()
		}
	}
	return b.Identity(), nil
}

func (b *Bot) dispatcher(work context.Context, h Handler) *dispatcher {
	return &dispatcher{
		handler: h, command: b.config.Command, log: b.log, self: b.self, seen: newSeen(b.config.Now),
		sorry: b.config.Sorry, observe: b.config.Observe, tell: b.tell, ackTimeout: b.config.AckTimeout, work: work,
		acts:   newLanes(b.config.Workers, b.config.Queue),
		afters: newLanes(b.config.Workers, b.config.Queue),
		acks:   newLanes(2, 4*b.config.Queue), // one worker for each socket
	}
}

// tell reaches a person to whom an ack could show nothing.
func (b *Bot) tell(ctx context.Context, e envelope, text string, raw json.RawMessage) error {
	switch {
	case e.responseURL != "" && raw != nil:
		return b.respond(ctx, e.responseURL, raw)
	case e.responseURL != "":
		return b.Respond(ctx, e.responseURL, Response{Text: text})
	case text != "":
		_, _, err := b.api.now(ctx).PostMessageContext(ctx, e.user, slack.MsgOptionText(text, false))
		return classify("chat.postMessage", err)
	}
	return nil
}
