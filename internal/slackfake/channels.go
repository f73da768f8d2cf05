package slackfake

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// channel is a channel, or the direct messages between one person and the app.
type channel struct {
	ID, Name string

	creator  string
	private  bool
	im       string // the person, of direct messages
	archived bool
	failure  string // what every use is refused with, as channel_not_found
	members  []string
	messages []*message
	byTS     map[string]*message
}

func newChannel(c channel, members ...string) *channel {
	c.members, c.byTS = members, map[string]*message{}
	return &c
}

func (c *channel) has(user string) bool { return slices.Contains(c.members, user) }

func (c *channel) add(user string) {
	if !c.has(user) {
		c.members = append(c.members, user)
	}
}

// visible reports whether a person sees the channel: members do, and of a public one all full members of the workspace.
func (s *Server) visible(c *channel, p *Person) bool {
	return c.has(p.ID) || !c.private && c.im == "" && p.Team == TeamID && !p.Restricted
}

// shared reports whether somebody of another organisation is a member.
func (s *Server) shared(c *channel) bool {
	return slices.ContainsFunc(c.members, func(u string) bool { return s.people[u].Team != TeamID })
}

// payloadName is a channel's name as slash command and interaction payloads have it.
func (c *channel) payloadName() string {
	switch {
	case c.im != "":
		return "directmessage"
	case c.private:
		return "privategroup"
	}
	return c.Name
}

// scope is the scope that an act on this kind of channel needs, as groups:read.
func (c *channel) scope(act string) string {
	switch {
	case c.im != "":
		return "im:" + act
	case c.private:
		return "groups:" + act
	}
	return "channels:" + act
}

// dm returns the direct messages of a person with the app, which Slack opens when they are first used.
func (s *Server) dm(p *Person) *channel {
	id := "D" + p.ID[1:]
	c, ok := s.channels[id]
	if !ok {
		c = newChannel(channel{ID: id, im: p.ID, creator: p.ID}, p.ID, BotUser)
		s.channels[id] = c
	}
	return c
}

// openDM is dm for the app, which may not write to everybody.
func (s *Server) openDM(user string) (*channel, *apiError) {
	p, ok := s.people[user]
	switch {
	case !ok || p.Stranger:
		return nil, fail("user_not_found")
	case p.Bot:
		return nil, fail("cannot_dm_bot")
	case p.Deleted:
		return nil, fail("user_disabled")
	case p.DMError != "":
		return nil, fail(p.DMError)
	}
	return s.dm(p), nil
}

// botChannel finds a channel that the app can see. Of others Slack says that they do not exist.
func (s *Server) botChannel(id string) (*channel, *apiError) {
	c, ok := s.channels[id]
	if !ok || (c.private || c.im != "") && !c.has(BotUser) {
		return nil, fail("channel_not_found")
	}
	if c.failure != "" {
		return nil, fail(c.failure)
	}
	return c, nil
}

// channelFor is botChannel for calls that need a scope by the kind of channel.
func (s *Server) channelFor(c *call, act string) (*channel, *apiError) {
	ch, refusal := s.botChannel(c.args["channel"])
	if refusal != nil {
		return nil, refusal
	}
	return ch, s.needScope(ch.scope(act))
}

func (s *Server) channelObject(c *channel) map[string]any {
	if c.im != "" {
		return map[string]any{
			"id": c.ID, "created": 1760000000, "is_im": true, "is_org_shared": false, "user": c.im, "is_open": true,
			"context_team_id": TeamID, "is_archived": false,
		}
	}
	shared := s.shared(c)
	o := map[string]any{
		"id": c.ID, "name": c.Name, "name_normalized": c.Name, "created": 1760000000, "creator": c.creator,
		"is_channel": !c.private, "is_group": c.private, "is_im": false, "is_mpim": false, "is_private": c.private,
		"is_archived": c.archived, "is_general": c.ID == GeneralID, "is_member": c.has(BotUser), "is_shared": shared,
		"is_ext_shared": shared, "is_org_shared": false, "is_pending_ext_shared": false, "context_team_id": TeamID,
		"topic": map[string]any{"value": ""}, "purpose": map[string]any{"value": ""}, "previous_names": []string{},
	}
	if shared {
		o["shared_team_ids"] = []string{TeamID, OtherTeamID}
		o["connected_team_ids"] = []string{OtherTeamID}
		o["conversation_host_id"] = TeamID
	}
	return o
}

func (s *Server) conversationsInfo(c *call) (map[string]any, *apiError) {
	ch, refusal := s.channelFor(c, "read")
	if refusal != nil {
		return nil, refusal
	}
	o := s.channelObject(ch)
	if c.flag("include_num_members") {
		o["num_members"] = len(ch.members)
	}
	if c.flag("include_locale") {
		o["locale"] = "en-US"
	}
	return map[string]any{"channel": o}, nil
}

func (s *Server) conversationsMembers(c *call) (map[string]any, *apiError) {
	ch, refusal := s.channelFor(c, "read")
	if refusal != nil {
		return nil, refusal
	}
	members, next, refusal := page(c, ch.members, 1000)
	if refusal != nil {
		return nil, refusal
	}
	return map[string]any{"members": slices.Clone(members), "response_metadata": cursor(next)}, nil
}

func (s *Server) conversationsList(c *call) (map[string]any, *apiError) {
	types := strings.Split(c.args["types"], ",")
	if c.args["types"] == "" {
		types = []string{"public_channel"}
	}
	list := []any{}
	for _, id := range sortedKeys(s.channels) {
		ch, refusal := s.botChannel(id)
		if refusal != nil || ch.archived && c.flag("exclude_archived") {
			continue
		}
		kind := map[string]string{"channels:read": "public_channel", "groups:read": "private_channel", "im:read": "im"}[ch.scope("read")]
		if slices.Contains(types, kind) && s.hasScope(ch.scope("read")) {
			list = append(list, s.channelObject(ch))
		}
	}
	list, next, refusal := page(c, list, 1000)
	if refusal != nil {
		return nil, refusal
	}
	return map[string]any{"channels": list, "response_metadata": cursor(next)}, nil
}

func (s *Server) conversationsOpen(c *call) (map[string]any, *apiError) {
	if id := c.args["channel"]; id != "" {
		ch, refusal := s.botChannel(id)
		if refusal != nil {
			return nil, refusal
		}
		return s.opened(c, ch, true), nil
	}
	users := strings.Split(c.args["users"], ",")
	switch {
	case c.args["users"] == "":
		return nil, fail("users_list_not_supplied")
	case len(users) > 1:
		return nil, cmp.Or(s.needScope("mpim:write"), fail("invalid_user_combination"))
	}
	if p := s.people[users[0]]; p != nil && p.Team != TeamID {
		return nil, fail("invalid_user_combination") // people of other organisations: chat.postMessage reaches them
	}
	before := len(s.channels)
	ch, refusal := s.openDM(users[0])
	if refusal != nil {
		return nil, refusal
	}
	return s.opened(c, ch, len(s.channels) == before), nil
}

func (s *Server) opened(c *call, ch *channel, before bool) map[string]any {
	o := map[string]any{"id": ch.ID}
	if c.flag("return_im") {
		o = s.channelObject(ch)
	}
	return map[string]any{"channel": o, "no_op": before, "already_open": before}
}

// ChangeMembers adds people to a channel and removes others, the app's bot included.
func (s *Server) ChangeMembers(id string, add, remove []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.channels[id]
	if !ok {
		return fmt.Errorf("unknown channel %q", id)
	}
	for _, u := range append(slices.Clone(add), remove...) {
		if s.people[u] == nil {
			return fmt.Errorf("unknown user %q", u)
		}
	}
	c.members = slices.DeleteFunc(slices.Clone(c.members), func(u string) bool { return slices.Contains(remove, u) })
	for _, u := range add {
		c.add(u)
	}
	return nil
}

// FailChannel makes every use of a channel by the app fail with code, as channel_not_found or is_archived; "" ends that.
func (s *Server) FailChannel(id, code string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.channels[id]
	if !ok {
		return fmt.Errorf("unknown channel %q", id)
	}
	c.failure, c.archived = code, code == "is_archived"
	return nil
}

// ArchiveChannel archives a channel. It can still be read, which says that it is archived (docs.slack.dev/reference/objects/conversation-object),
// and takes no message: is_archived (docs.slack.dev/reference/methods/chat.postMessage).
func (s *Server) ArchiveChannel(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.channels[id]
	if !ok {
		return fmt.Errorf("unknown channel %q", id)
	}
	c.archived = true
	return nil
}
