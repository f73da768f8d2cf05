package commands

import (
	"context"
	"errors"

	"github.com/slack-go/slack"

	"mailback/bot"
	"mailback/recovery"
)

// LookUps is what People needs of bot.Bot: fresh answers about people, user groups and channels.
type LookUps interface {
	User(ctx context.Context, id string) (*slack.User, error)
	GroupMembers(ctx context.Context, group string) ([]string, error)
	Channel(ctx context.Context, id string) (*slack.Channel, error)
}

// People tells recovery who somebody is in Slack; it is recovery's People. What Slack does not say counts as the worse:
// nobody is taken for a member of the workspace whose team is not named, and no address counts that is not confirmed.
type People struct {
	slack  LookUps
	teamID string
}

var _ recovery.People = (*People)(nil)

// NewPeople returns People of the workspace teamID.
func NewPeople(from LookUps, teamID string) *People { return &People{slack: from, teamID: teamID} }

// Person reads a user (docs.slack.dev/reference/objects/user-object).
func (p *People) Person(ctx context.Context, userID string) (recovery.Person, error) {
	u, err := p.slack.User(ctx, userID)
	if err != nil {
		return recovery.Person{}, peopleError("users.info", "users:read", err)
	}
	if u == nil || u.ID == "" {
		return recovery.Person{}, &recovery.Error{Kind: recovery.Unavailable, Peer: recovery.PeerSlack, Op: "users.info", Detail: "an answer without a user"}
	}
	return p.person(*u), nil
}

func (p *People) person(u slack.User) recovery.Person {
	out := recovery.Person{
		ID: u.ID, TeamID: u.TeamID, Name: u.Profile.DisplayName,
		Locale: u.Locale, TimeZone: u.TZ, Deleted: u.Deleted, Invited: u.IsInvitedUser,
		Bot:      u.IsBot || u.IsAppUser || u.IsWorkflowBot || u.IsConnectorBot || u.Profile.BotID != "" || u.ID == slackbot,
		Guest:    u.IsRestricted || u.IsUltraRestricted,
		External: u.IsStranger || u.TeamID != p.teamID, // is_stranger alone proves nothing (docs.slack.dev/apis/slack-connect)
	}
	if out.Name == "" {
		out.Name = u.RealName
	}
	if u.IsEmailConfirmed && !out.External && !out.Bot {
		out.Email = u.Profile.Email
	}
	return out
}

// slackbot is the one bot that users.info does not call one (docs.slack.dev/reference/objects/user-object).
const slackbot = "USLACKBOT"

// Members reads a user group. One that is not there, disabled or of another organisation is a NotFound error.
func (p *People) Members(ctx context.Context, groupID string) ([]string, error) {
	ids, err := p.slack.GroupMembers(ctx, groupID)
	if err != nil {
		return nil, peopleError("user group "+groupID, "usergroups:read", err)
	}
	return ids, nil
}

// Channel reads a channel. One that Slack does not show the app is a NotFound error.
func (p *People) Channel(ctx context.Context, channelID string) (recovery.Channel, error) {
	c, err := p.slack.Channel(ctx, channelID)
	if err != nil {
		return recovery.Channel{}, peopleError("conversations.info", "channels:read, groups:read", err)
	}
	if c == nil || c.ID == "" {
		return recovery.Channel{}, &recovery.Error{Kind: recovery.Unavailable, Peer: recovery.PeerSlack, Op: "conversations.info", Detail: "an answer without a channel"}
	}
	return recovery.Channel{
		ID: c.ID, Member: c.IsMember, Private: c.IsPrivate, Archived: c.IsArchived,
		Shared: bot.Shared(c),
	}, nil
}

// peopleError gives a Slack error its kind; scope is what the call needs.
func peopleError(op, scope string, err error) error {
	out := &recovery.Error{Kind: recovery.Unavailable, Peer: recovery.PeerSlack, Op: op, Err: err}
	e, ok := errors.AsType[*bot.Error](err)
	switch {
	case !ok: // the context ended, or a fault of the network
	case e.Code == "ratelimited" || e.Code == "rate_limited":
		out.Kind, out.RetryAfter = recovery.Throttled, e.RetryAfter
	case e.Code == "missing_scope" || e.Code == "no_permission":
		out.Kind, out.Detail = recovery.Forbidden, scope
	case e.Verdict == bot.Token:
		out.Kind, out.Detail = recovery.SignedOut, e.Code
	case e.Verdict == bot.Refused:
		out.Kind, out.Detail = refusedKind(e.Code), e.Code
	}
	return out
}

// refusedKind sorts what Slack refuses every time.
func refusedKind(code string) recovery.Kind {
	switch code {
	case "user_not_found", "users_not_found", "user_not_visible", "no_such_subteam", "subteam_disabled", "subteam_external",
		"channel_not_found":
		return recovery.NotFound
	default:
		return recovery.Invalid
	}
}
