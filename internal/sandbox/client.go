package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"

	"mailback/internal/fault"
	"mailback/internal/m365fake"
	"mailback/internal/slackfake"
)

// Client drives a sandbox through its control API, as a script does. Its methods bear the names of the calls; an error
// that the sandbox answered has the sandbox's words.
type Client struct {
	url  string
	http *http.Client
}

// NewClient returns a client of the sandbox at url, as Sandbox.URL has it.
func NewClient(url string) *Client { return &Client{url: url, http: &http.Client{}} }

// People lists who can act.
func (c *Client) People(ctx context.Context) ([]slackfake.PersonInfo, error) {
	return call[[]slackfake.PersonInfo](ctx, c, http.MethodGet, "/people", nil)
}

// Command types a line; no channel means the person's direct messages with the app.
func (c *Client) Command(ctx context.Context, user, channel, text string) (slackfake.CommandResult, error) {
	return call[slackfake.CommandResult](ctx, c, http.MethodPost, "/command", commandRequest{user, channel, text})
}

// Click presses a button or chooses in a menu.
func (c *Client) Click(ctx context.Context, r slackfake.ClickRequest) (slackfake.Outcome, error) {
	return call[slackfake.Outcome](ctx, c, http.MethodPost, "/click", r)
}

// Submit fills in the topmost modal and submits it.
func (c *Client) Submit(ctx context.Context, user, viewID string, state map[string]map[string]any) (slackfake.SubmitResult, error) {
	return call[slackfake.SubmitResult](ctx, c, http.MethodPost, "/submit", submitRequest{user, viewID, state})
}

// Home opens the app's Home tab.
func (c *Client) Home(ctx context.Context, user string) (slackfake.CommandResult, error) {
	return call[slackfake.CommandResult](ctx, c, http.MethodPost, "/home", homeRequest{user})
}

// Shortcut uses one of the app's global shortcuts.
func (c *Client) Shortcut(ctx context.Context, user, callbackID string) (slackfake.CommandResult, error) {
	return call[slackfake.CommandResult](ctx, c, http.MethodPost, "/shortcut", shortcutRequest{user, callbackID})
}

// Messages lists what a person sees now, oldest first.
func (c *Client) Messages(ctx context.Context, user string) ([]slackfake.MessageInfo, error) {
	return call[[]slackfake.MessageInfo](ctx, c, http.MethodGet, "/messages?user="+url.QueryEscape(user), nil)
}

// Views returns what a person has open.
func (c *Client) Views(ctx context.Context, user string) (slackfake.ViewsInfo, error) {
	return call[slackfake.ViewsInfo](ctx, c, http.MethodGet, "/views?user="+url.QueryEscape(user), nil)
}

// Envelope sends a Socket Mode payload as it is.
func (c *Client) Envelope(ctx context.Context, raw json.RawMessage) (slackfake.EnvelopeResult, error) {
	return call[slackfake.EnvelopeResult](ctx, c, http.MethodPost, "/envelope", raw)
}

// Advance moves the sandbox's time forwards by a Go duration.
func (c *Client) Advance(ctx context.Context, by string) error {
	_, err := call[timeStatus](ctx, c, http.MethodPost, "/time", advanceRequest{by})
	return err
}

// Signal kills, stops or starts the bot.
func (c *Client) Signal(ctx context.Context, signal string) error {
	_, err := call[BotStatus](ctx, c, http.MethodPost, "/bot", botRequest{Signal: signal})
	return err
}

// SignalReplica kills, stops or starts one of several bots, from 1.
func (c *Client) SignalReplica(ctx context.Context, n int, signal string) error {
	_, err := call[BotStatus](ctx, c, http.MethodPost, "/bot", botRequest{signal, n})
	return err
}

// BotStatus says whether the first bot runs.
func (c *Client) BotStatus(ctx context.Context) (BotStatus, error) {
	return call[BotStatus](ctx, c, http.MethodGet, "/bot", nil)
}

// Tenant returns what the tenant truly holds.
func (c *Client) Tenant(ctx context.Context) (m365fake.Tenant, error) {
	return call[m365fake.Tenant](ctx, c, http.MethodGet, "/tenant", nil)
}

// ChangeTenant does to the tenant what somebody else might: see the package's documentation for the deeds.
func (c *Client) ChangeTenant(ctx context.Context, do, user, value string, seats int) error {
	_, err := call[none](ctx, c, http.MethodPost, "/tenant", tenantChange{do, user, value, seats})
	return err
}

// ChangePerson changes somebody in Slack; the fields are those of POST /control/people beside user.
func (c *Client) ChangePerson(ctx context.Context, user string, fields map[string]any) error {
	return c.change(ctx, "/people", "user", user, fields)
}

// ChangeChannel changes a channel; the fields are those of POST /control/channels beside channel.
func (c *Client) ChangeChannel(ctx context.Context, channel string, fields map[string]any) error {
	return c.change(ctx, "/channels", "channel", channel, fields)
}

func (c *Client) change(ctx context.Context, path, key, id string, fields map[string]any) error {
	all := map[string]any{key: id}
	maps.Copy(all, fields)
	_, err := call[none](ctx, c, http.MethodPost, path, all)
	return err
}

// Calls lists the calls that the stand-ins had.
func (c *Client) Calls(ctx context.Context) ([]fault.Call, error) {
	return call[[]fault.Call](ctx, c, http.MethodGet, "/calls", nil)
}

// Fault lays a fault on the desk.
func (c *Client) Fault(ctx context.Context, f fault.Fault) error {
	_, err := call[none](ctx, c, http.MethodPost, "/faults", f)
	return err
}

// ClearFaults takes all faults away.
func (c *Client) ClearFaults(ctx context.Context) error {
	_, err := call[none](ctx, c, http.MethodDelete, "/faults", nil)
	return err
}

func call[Out any](ctx context.Context, c *Client, method, path string, in any) (Out, error) {
	var out Out
	var body bytes.Buffer
	if in != nil {
		if err := json.NewEncoder(&body).Encode(in); err != nil {
			return out, fmt.Errorf("%s: %w", path, err)
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, c.url+"/control"+path, &body)
	if err != nil {
		return out, err
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return out, err
	}
	defer func() { _ = answer.Body.Close() }()
	d := json.NewDecoder(answer.Body)
	if answer.StatusCode == http.StatusOK {
		return out, d.Decode(&out)
	}
	var refused struct {
		Error string `json:"error"`
	}
	if err := d.Decode(&refused); err != nil {
		return out, fmt.Errorf("%s: status %d: %w", path, answer.StatusCode, err)
	}
	return out, &refusal{answer.StatusCode, refused.Error}
}
