package bot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"
)

// tokens has the client for each call, with the bot token that is in force, and the app-level token for each socket that is opened. Both are read
// anew whenever they are needed (Config.Tokens). A new one is used once Slack has taken it, and only if it is of the same app in the same
// workspace; until then, and where it cannot be read, the one before stays in use.
type tokens struct {
	config Config
	self   *self
	log    *slog.Logger
	turn   chan struct{} // who has put something in tries a new bot token

	mu       sync.Mutex
	client   *slack.Client      // with the bot token in use
	bot, app string             // those in use
	refused  map[string]refusal // by setting
	said     string             // what was last said of the tokens
}

// refusal is a new token that was not taken.
type refusal struct {
	token string
	at    time.Time
}

// triesAgain is how long a token that was not taken waits for another try.
const triesAgain = time.Minute

func newTokens(c Config, self *self) *tokens {
	t := &tokens{config: c, self: self, log: c.Logger, turn: make(chan struct{}, 1), bot: c.BotToken, app: c.AppToken, refused: map[string]refusal{}}
	t.client = t.make(c.BotToken)
	return t
}

// make makes a client. slack-go keeps the tokens that it was made with, and opens sockets anew by itself, so that opener has to see to those.
func (t *tokens) make(bot string) *slack.Client {
	client := *t.config.HTTPClient
	client.Transport = opener{t, client.Transport}
	return slack.New(bot, slack.OptionAppLevelToken(t.config.AppToken), slack.OptionAPIURL(t.config.APIURL), slack.OptionHTTPClient(&client))
}

// inUse is the client with the bot token in use.
func (t *tokens) inUse() *slack.Client {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.client
}

// now gives the client for a call. If there is a new bot token, auth.test says first whose it is.
func (t *tokens) now(ctx context.Context) *slack.Client {
	t.mu.Lock()
	client, inUse := t.client, t.bot
	t.mu.Unlock()
	bot, _, ok := t.read()
	if !ok || bot == inUse || !t.due(botSetting, bot) || t.self.get().TeamID == "" {
		return client
	}
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return client
	}
	if t.due(botSetting, bot) { // nobody has tried it meanwhile
		t.try(ctx, bot)
	}
	return t.inUse()
}

// try asks Slack whose a new bot token is, and takes it into use if it is this bot's.
func (t *tokens) try(ctx context.Context, bot string) {
	client := t.make(bot)
	said, err := client.AuthTestContext(ctx)
	err = classify("auth.test", err)
	if err == nil {
		if own, is := t.self.get(), identityOf(said); is.TeamID != own.TeamID || is.BotUserID != own.BotUserID {
			err = errors.New("it is of another app or workspace, which needs a restart")
		}
	}
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		t.refuse(botSetting, bot, err)
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.log.InfoContext(ctx, "slack: a token has changed, and the new one is in use", "setting", botSetting)
	t.client, t.bot, t.said = client, bot, ""
}

// read gives the tokens as they are now; false where that is not known.
func (t *tokens) read() (bot, app string, ok bool) {
	if t.config.Tokens == nil {
		return "", "", false
	}
	bot, app, err := t.config.Tokens()
	switch {
	case err != nil:
		t.say(err)
	case !strings.HasPrefix(bot, "xoxb-"):
		t.say(errors.New(botSetting + " is no bot token"))
	case !strings.HasPrefix(app, "xapp-"):
		t.say(errors.New(appSetting + " is no app-level token"))
	case !sameApp(app, t.config.AppToken):
		t.say(errors.New(appSetting + " is of another app, which needs a restart"))
	default:
		t.mu.Lock()
		defer t.mu.Unlock()
		if bot == t.bot && app == t.app {
			t.said = ""
		}
		return bot, app, true
	}
	return "", "", false
}

// sameApp compares the apps of two app-level tokens. Slack does not document that xapp-1-A0123456789-… names the app; where it does not look so,
// the sockets have to tell.
func sameApp(a, b string) bool {
	as, bs := strings.Split(a, "-"), strings.Split(b, "-")
	return len(as) < 5 || len(bs) < 5 || as[2] == bs[2]
}

// due says whether a token is new and to be tried.
func (t *tokens) due(setting, token string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.refused[setting]
	return token != t.bot && token != t.app && (token != r.token || time.Since(r.at) >= triesAgain)
}

// refuse notes that a new token was not taken.
func (t *tokens) refuse(setting, token string, why error) {
	t.mu.Lock()
	t.refused[setting] = refusal{token, time.Now()}
	t.mu.Unlock()
	t.say(fmt.Errorf("%s: %w", setting, why))
}

// say warns that a new token is of no use, once as long as the reason is the same.
func (t *tokens) say(why error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if text := why.Error(); t.said != text {
		t.said = text
		t.log.Warn("slack: a token is not the one in use and cannot be used, the one before stays", "err", why)
	}
}

// opener sends apps.connections.open with the app-level token that is in force, and all other calls as they are.
type opener struct {
	tokens *tokens
	next   http.RoundTripper // nil: http.DefaultTransport
}

// Unwrap gives the transport that calls are sent by.
func (o opener) Unwrap() http.RoundTripper { return o.next }

// RoundTrip makes a call.
func (o opener) RoundTrip(r *http.Request) (*http.Response, error) {
	if path.Base(r.URL.Path) != "apps.connections.open" || r.Header.Get("Authorization") == "" { // a redirect to elsewhere has none
		return o.send(r)
	}
	if r.Body != nil {
		if err := r.Body.Close(); err != nil {
			return nil, err
		}
	}
	t := o.tokens
	t.mu.Lock()
	inUse := t.app
	t.mu.Unlock()
	if _, app, ok := t.read(); ok && app != inUse && t.due(appSetting, app) {
		answer, err := o.send(bearing(r, app))
		if err != nil {
			return nil, err
		}
		answer, err = o.judge(answer, app)
		if answer != nil || err != nil {
			return answer, err
		}
	}
	return o.send(bearing(r, inUse))
}

func (o opener) send(r *http.Request) (*http.Response, error) {
	if o.next == nil {
		return http.DefaultTransport.RoundTrip(r)
	}
	return o.next.RoundTrip(r)
}

// bearing is the call with another token. Its body is empty (docs.slack.dev/reference/methods/apps.connections.open has no arguments).
func bearing(r *http.Request, token string) *http.Request {
	other := r.Clone(r.Context())
	other.Body, other.ContentLength = http.NoBody, 0
	other.Header.Set("Authorization", "Bearer "+token)
	return other
}

// judge takes a new token into use with which Slack has given a socket. It gives the answer to be passed on, or none where the token was
// refused and the one before is to be tried.
func (o opener) judge(answer *http.Response, app string) (*http.Response, error) {
	body, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err = errors.Join(err, answer.Body.Close()); err != nil {
		return nil, err
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	var said slack.SlackResponse
	if err := json.Unmarshal(body, &said); err != nil {
		return answer, nil //nolint:nilerr // slack-go says what is wrong with it
	}
	t := o.tokens
	switch {
	case said.Ok:
		t.mu.Lock()
		t.app, t.said = app, ""
		t.mu.Unlock()
		t.log.Info("slack: a token has changed, and the new one is in use", "setting", appSetting)
	case verdict(said.Error) == Token:
		t.refuse(appSetting, app, classify("apps.connections.open", said.Err()))
		return nil, nil
	}
	return answer, nil
}
