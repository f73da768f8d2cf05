package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"mailback/internal/slackfake"
)

// unknown gives errors about what is not there the status 404. The Slack stand-in begins them with that word.
func unknown(err error) error {
	if err != nil && strings.HasPrefix(err.Error(), "unknown ") {
		return &refusal{http.StatusNotFound, err.Error()}
	}
	return err
}

func (s *Sandbox) people(context.Context, url.Values) ([]slackfake.PersonInfo, error) {
	return s.slack.People(), nil
}

// commandRequest is a typed line. No channel means the direct messages with the app.
type commandRequest struct {
	User    string `json:"user"`
	Channel string `json:"channel"`
	Text    string `json:"text"`
}

func (s *Sandbox) command(ctx context.Context, r commandRequest) (slackfake.CommandResult, error) {
	result, err := s.slack.Command(ctx, r.User, r.Channel, r.Text)
	return result, unknown(err)
}

// click answers message_not_found as Slack does, in the result: it is no fault of the call.
func (s *Sandbox) click(ctx context.Context, r slackfake.ClickRequest) (slackfake.Outcome, error) {
	out, err := s.slack.Click(ctx, r)
	if errors.Is(err, slackfake.ErrMessageNotFound) {
		return slackfake.Outcome{Error: err.Error()}, nil
	}
	return out, unknown(err)
}

type submitRequest struct {
	User   string                    `json:"user"`
	ViewID string                    `json:"view_id"`
	State  map[string]map[string]any `json:"state"`
}

func (s *Sandbox) submit(ctx context.Context, r submitRequest) (slackfake.SubmitResult, error) {
	result, err := s.slack.Submit(ctx, r.User, r.ViewID, r.State)
	return result, unknown(err)
}

// closeRequest closes a modal, or with All the whole stack.
type closeRequest struct {
	User   string `json:"user"`
	ViewID string `json:"view_id"`
	All    bool   `json:"all"`
}

func (s *Sandbox) closeView(ctx context.Context, r closeRequest) (slackfake.Outcome, error) {
	out, err := s.slack.CloseView(ctx, r.User, r.ViewID, r.All)
	return out, unknown(err)
}

type homeRequest struct {
	User string `json:"user"`
}

// home and shortcut answer as command does, for one shape of all three.
func (s *Sandbox) home(ctx context.Context, r homeRequest) (slackfake.CommandResult, error) {
	out, err := s.slack.Home(ctx, r.User)
	return slackfake.CommandResult{AckMS: out.AckMS, Error: out.Error}, unknown(err)
}

type shortcutRequest struct {
	User       string `json:"user"`
	CallbackID string `json:"callback_id"`
}

func (s *Sandbox) shortcut(ctx context.Context, r shortcutRequest) (slackfake.CommandResult, error) {
	out, err := s.slack.Shortcut(ctx, r.User, r.CallbackID)
	return slackfake.CommandResult{AckMS: out.AckMS, Error: out.Error}, unknown(err)
}

func (s *Sandbox) messages(_ context.Context, q url.Values) ([]slackfake.MessageInfo, error) {
	list, err := s.slack.Messages(q.Get("user"))
	return list, unknown(err)
}

func (s *Sandbox) views(_ context.Context, q url.Values) (slackfake.ViewsInfo, error) {
	info, err := s.slack.Views(q.Get("user"))
	return info, unknown(err)
}

// envelope takes any JSON object: that is its point.
func (s *Sandbox) envelope(ctx context.Context, text []byte) (slackfake.EnvelopeResult, error) {
	return s.slack.Envelope(ctx, json.RawMessage(text))
}

// personChange changes somebody in the workspace. What is left out stays.
type personChange struct {
	User     string  `json:"user"`
	Deleted  *bool   `json:"deleted"`  // deactivated
	Guest    *bool   `json:"guest"`    // multi-channel guest
	Approver *bool   `json:"approver"` // in the approvers' user group
	DMError  *string `json:"dm_error"` // what the app's direct messages are refused with, as messages_tab_disabled; "" ends it
	Locale   *string `json:"locale"`
	Email    *string `json:"email"` // confirmed
}

func (s *Sandbox) changePerson(_ context.Context, c personChange) (none, error) {
	err := s.slack.ChangePerson(c.User, func(p *slackfake.Person) {
		set(&p.Deleted, c.Deleted)
		set(&p.Restricted, c.Guest)
		set(&p.DMError, c.DMError)
		set(&p.Locale, c.Locale)
		set(&p.Email, c.Email)
	})
	if err == nil && c.Approver != nil {
		err = s.setApprover(c.User, *c.Approver)
	}
	return none{}, unknown(err)
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

func (s *Sandbox) setApprover(user string, approver bool) error {
	var users []string
	for _, p := range s.slack.People() {
		if p.Role == slackfake.RoleApprover && p.ID != user {
			users = append(users, p.ID)
		}
	}
	if approver {
		users = append(users, user)
	}
	return s.slack.SetGroup(slackfake.ApproverGroup, users...)
}

func (s *Sandbox) usergroups(context.Context, url.Values) ([]slackfake.GroupInfo, error) {
	return s.slack.Groups(), nil
}

// channelInfo is a channel of the workspace; direct messages are not listed.
type channelInfo struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func (s *Sandbox) channels(context.Context, url.Values) ([]channelInfo, error) {
	return []channelInfo{{slackfake.ApprovalsID, slackfake.ApprovalsName}, {slackfake.GeneralID, "general"}}, nil
}

// channelChange changes who is in a channel, or what the app's use of it is refused with.
type channelChange struct {
	Channel string   `json:"channel"`
	Add     []string `json:"add"`
	Remove  []string `json:"remove"`
	Error   *string  `json:"error"` // as is_archived or channel_not_found; "" ends it
}

func (s *Sandbox) changeChannel(_ context.Context, c channelChange) (none, error) {
	if err := s.slack.ChangeMembers(c.Channel, c.Add, c.Remove); err != nil {
		return none{}, unknown(err)
	}
	if c.Error == nil {
		return none{}, nil
	}
	return none{}, unknown(s.slack.FailChannel(c.Channel, *c.Error))
}

// envelopeTypes are the envelopes behind which a fault may drop the socket.
func envelopeTypes() []string { return []string{"slash_commands", "interactive", "events_api"} }

// disconnectNow closes all of the app's sockets as Slack's refresh does.
func (s *Sandbox) disconnectNow() error {
	if err := s.slack.Disconnect("refresh_requested", ""); err != nil {
		return fmt.Errorf("disconnect: %w", err)
	}
	return nil
}
