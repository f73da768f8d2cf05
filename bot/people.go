package bot

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"
	"golang.org/x/sync/singleflight"
)

// How old an answer about people may be. Rights are decided on them, so they are hardly kept; user groups
// a little longer, since Slack allows about 20 such calls a minute (docs.slack.dev/apis/web-api/rate-limits, tier 2).
const (
	userAge     = 10 * time.Second
	groupAge    = 30 * time.Second
	channelAge  = 30 * time.Second
	lookUpLimit = 1000 // answers kept of each kind
	lookUpTime  = 10 * time.Second
)

// people asks Slack who somebody is.
type people struct {
	api  *tokens
	self *self

	users    *lookUp[*slack.User]
	groups   *lookUp[map[string]slack.UserGroup]
	members  *lookUp[[]string]
	channels *lookUp[*slack.Channel]
}

func newPeople(api *tokens, self *self, now func() time.Time) people {
	return people{
		api: api, self: self,
		users:    newLookUp[*slack.User](userAge, now),
		groups:   newLookUp[map[string]slack.UserGroup](groupAge, now),
		members:  newLookUp[[]string](groupAge, now),
		channels: newLookUp[*slack.Channel](channelAge, now),
	}
}

// User asks users.info; the answer is at most ten seconds old and shared, so it must not be changed.
// A field that Slack left out is its zero value, which proves nothing (docs.slack.dev/reference/objects/user-object).
func (b *Bot) User(ctx context.Context, id string) (*slack.User, error) {
	return b.people.users.get(ctx, id, func(ctx context.Context) (*slack.User, error) {
		u, err := b.api.now(ctx).GetUserInfoContext(ctx, id)
		return u, about(id, classify("users.info", err))
	})
}

// UserByEmail asks users.lookupByEmail who has an address: nil where nobody who is active has it in this workspace
// (docs.slack.dev/reference/methods/users.lookupByEmail).
func (b *Bot) UserByEmail(ctx context.Context, email string) (*slack.User, error) {
	u, err := b.api.now(ctx).GetUserByEmailContext(ctx, email)
	err = classify("users.lookupByEmail", err)
	if e, ok := errors.AsType[*Error](err); ok && e.Code == "users_not_found" {
		return nil, nil
	}
	return u, err
}

// Channel asks conversations.info; the answer is at most 30 seconds old and shared, so it must not be changed.
func (b *Bot) Channel(ctx context.Context, id string) (*slack.Channel, error) {
	return b.people.channels.get(ctx, id, func(ctx context.Context) (*slack.Channel, error) {
		c, err := b.api.now(ctx).GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: id})
		return c, about(id, classify("conversations.info", err))
	})
}

// Shared says whether another organisation is in a channel, or is asked into it (docs.slack.dev/reference/objects/conversation-object).
func Shared(c *slack.Channel) bool { return c.IsExtShared || c.IsOrgShared || c.IsPendingExtShared }

// mayPost says why nothing is to be shown in a channel now; nil for a person's DM, and for a channel that no other organisation is in. A
// channel that cannot be read counts as one that is shared.
func (b *Bot) mayPost(ctx context.Context, channel string) error {
	if personal(channel) {
		return nil
	}
	c, err := b.Channel(ctx, channel)
	switch {
	case err != nil:
		return err
	case c == nil || c.ID == "":
		return &Error{Method: "conversations.info", Code: "no_channel", Verdict: Retry, subject: channel, detail: "an answer without a channel"}
	case Shared(c):
		return &Error{
			Method: "chat.postMessage", Code: "channel_shared", Verdict: Token, subject: channel,
			detail: "another organisation is in the channel, so nothing is posted or edited there until it has left",
		}
	default:
		return nil
	}
}

// personal tells the id of a person, or of a DM, from a channel's.
func personal(id string) bool {
	return strings.HasPrefix(id, "U") || strings.HasPrefix(id, "W") || strings.HasPrefix(id, "D")
}

// GroupMembers gives the user ids of a user group; the answer is at most 30 seconds old and must not be changed.
// A group that is not there (no_such_subteam), disabled (subteam_disabled) or of another organisation
// (subteam_external) is an *Error of verdict Refused that names it.
func (b *Bot) GroupMembers(ctx context.Context, group string) ([]string, error) {
	all, err := b.people.groups.get(ctx, "", b.people.listGroups)
	if err != nil {
		return nil, about(group, err)
	}
	if err := usable(group, all); err != nil {
		return nil, err
	}
	return b.people.members.get(ctx, group, func(ctx context.Context) ([]string, error) {
		var options []slack.GetUserGroupMembersOption
		if id := b.self.get(); id.EnterpriseID != "" {
			options = append(options, slack.GetUserGroupMembersOptionTeamID(id.TeamID))
		}
		members, err := b.api.now(ctx).GetUserGroupMembersContext(ctx, group, options...)
		return members, about(group, classify("usergroups.users.list", err))
	})
}

// ForgetPeople forgets all that is known about people, user groups and channels: the next question about each is asked afresh.
func (b *Bot) ForgetPeople() {
	b.people.users.forget()
	b.people.groups.forget()
	b.people.members.forget()
	b.people.channels.forget()
}

// listGroups asks usergroups.list, disabled ones included, because usergroups.users.list does not say that a group is disabled.
func (p *people) listGroups(ctx context.Context) (map[string]slack.UserGroup, error) {
	options := []slack.GetUserGroupsOption{slack.GetUserGroupsOptionIncludeDisabled(true)}
	if id := p.self.get(); id.EnterpriseID != "" {
		options = append(options, slack.GetUserGroupsOptionTeamID(id.TeamID))
	}
	list, err := p.api.now(ctx).GetUserGroupsContext(ctx, options...)
	if err != nil {
		return nil, classify("usergroups.list", err)
	}
	groups := make(map[string]slack.UserGroup, len(list))
	for _, g := range list {
		groups[g.ID] = g
	}
	return groups, nil
}

// usable refuses groups that no right may hang on.
func usable(group string, all map[string]slack.UserGroup) error {
	g, there := all[group]
	e := &Error{Method: "usergroups.list", Verdict: Refused, subject: group}
	switch {
	case !there:
		e.Code = "no_such_subteam"
	case g.DateDelete != 0:
		e.Code = "subteam_disabled"
	case g.IsExternal:
		e.Code = "subteam_external"
	default:
		return nil
	}
	return e
}

// lookUp keeps answers for a short while, and asks only once for what several want at the same time.
// Errors are not kept.
type lookUp[T any] struct {
	age    time.Duration
	now    func() time.Time
	flight singleflight.Group

	mu    sync.Mutex
	known map[string]fact[T]
}

type fact[T any] struct {
	value T
	at    time.Time
}

func newLookUp[T any](age time.Duration, now func() time.Time) *lookUp[T] {
	return &lookUp[T]{age: age, now: now, known: map[string]fact[T]{}}
}

// get returns what is known, or asks. The question outlives ctx, as others may wait for it too, but not lookUpTime.
func (l *lookUp[T]) get(ctx context.Context, key string, ask func(context.Context) (T, error)) (T, error) {
	if v, ok := l.recall(key); ok {
		return v, nil
	}
	result := l.flight.DoChan(key, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookUpTime)
		defer cancel()
		asked := l.now()
		v, err := ask(ctx)
		if err == nil {
			l.keep(key, v, asked)
		}
		return v, err
	})
	var none T
	select {
	case r := <-result:
		if r.Err != nil {
			return none, r.Err
		}
		v, _ := r.Val.(T) // a nil interface is T's zero value
		return v, nil
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

func (l *lookUp[T]) recall(key string) (T, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, ok := l.known[key]
	return f.value, ok && l.now().Sub(f.at).Abs() < l.age
}

func (l *lookUp[T]) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.known)
}

func (l *lookUp[T]) keep(key string, v T, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.known) >= lookUpLimit {
		clear(l.known)
	}
	l.known[key] = fact[T]{v, at}
}
