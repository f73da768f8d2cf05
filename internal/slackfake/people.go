package slackfake

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Person is a user of the workspace, or of another organisation that shares a channel with it. The flags are those of
// the user object (docs.slack.dev/reference/objects/user-object).
type Person struct {
	ID, Team, Handle, RealName, Email string

	Zone, Locale    string
	Admin, Owner    bool
	Restricted      bool // a guest
	UltraRestricted bool // a single-channel guest
	Stranger        bool // of another organisation, and in no channel that the app sees
	Invited         bool // has not signed in yet
	Deleted         bool // deactivated
	Bot, AppUser    bool
	BotID           string

	DMError string // what writing to this person is refused with, as messages_tab_disabled
	updated time.Time
}

// group is a user group.
type group struct {
	ID, Handle, Name string
	Users            []string
	disabled         bool
	updated          time.Time
}

// userObject is the answer of users.info. People of other organisations show no mail address and no locale.
func (s *Server) userObject(p *Person, withLocale bool) map[string]any {
	ours := p.Team == TeamID
	first, last, _ := strings.Cut(p.RealName, " ")
	profile := map[string]any{
		"real_name": p.RealName, "real_name_normalized": p.RealName, "display_name": p.Handle,
		"display_name_normalized": p.Handle, "first_name": first, "last_name": last, "team": p.Team, "title": "", "phone": "",
	}
	if ours && p.Email != "" && s.hasScope("users:read.email") {
		profile["email"] = p.Email
	}
	u := map[string]any{
		"id": p.ID, "team_id": p.Team, "name": p.Handle, "deleted": p.Deleted, "profile": profile, "is_bot": p.Bot,
		"is_app_user": p.AppUser, "updated": p.updated.Unix(),
	}
	if p.updated.IsZero() {
		u["updated"] = 0
	}
	if p.Bot {
		profile["bot_id"] = p.BotID
	}
	if p.Deleted {
		return u
	}
	zone, offset := zoneOf(p.Zone, s.cfg.Now())
	maps.Copy(u, map[string]any{
		"real_name": p.RealName, "tz": p.Zone, "tz_label": zone, "tz_offset": offset, "is_admin": p.Admin, "is_owner": p.Owner,
		"is_primary_owner": p.Owner, "is_restricted": p.Restricted, "is_ultra_restricted": p.UltraRestricted,
		"is_email_confirmed": ours && !p.Invited, "color": "9f69e7", "who_can_share_contact_card": "EVERYONE",
	})
	if p.Invited {
		u["is_invited_user"] = true
	}
	if !ours {
		u["is_stranger"] = p.Stranger
	}
	if withLocale && p.Locale != "" {
		u["locale"] = p.Locale
	}
	return u
}

func zoneOf(name string, now time.Time) (label string, offset int) {
	at, err := time.LoadLocation(name)
	if err != nil {
		return "", 0
	}
	return now.In(at).Zone()
}

func (s *Server) usersInfo(c *call) (map[string]any, *apiError) {
	p, ok := s.people[c.args["user"]]
	if !ok {
		return nil, fail("user_not_found")
	}
	return map[string]any{"user": s.userObject(p, c.flag("include_locale"))}, nil
}

func (s *Server) usersLookupByEmail(c *call) (map[string]any, *apiError) {
	for _, p := range s.people {
		if strings.EqualFold(p.Email, c.args["email"]) && p.Team == TeamID && !p.Deleted && !p.Bot {
			return map[string]any{"user": s.userObject(p, false)}, nil
		}
	}
	return nil, fail("users_not_found")
}

func (s *Server) usersList(c *call) (map[string]any, *apiError) {
	var members []any
	for _, id := range s.order {
		if p := s.people[id]; !p.Stranger {
			members = append(members, s.userObject(p, c.flag("include_locale")))
		}
	}
	members, next, refusal := page(c, members, 1000)
	if refusal != nil {
		return nil, refusal
	}
	return map[string]any{"members": members, "cache_ts": s.cfg.Now().Unix(), "response_metadata": cursor(next)}, nil
}

func (s *Server) botsInfo(c *call) (map[string]any, *apiError) {
	for _, p := range s.people {
		if p.Bot && p.BotID == c.args["bot"] {
			return map[string]any{"bot": map[string]any{
				"id": p.BotID, "name": p.RealName, "deleted": p.Deleted, "user_id": p.ID, "app_id": AppID, "updated": 0,
				"icons": map[string]any{},
			}}, nil
		}
	}
	return nil, fail("bot_not_found")
}

func (s *Server) groupObject(g *group, users, count bool) map[string]any {
	o := map[string]any{
		"id": g.ID, "team_id": TeamID, "is_usergroup": true, "is_subteam": true, "name": g.Name, "handle": g.Handle,
		"description": "", "is_external": false, "auto_type": nil, "date_create": 1760000000, "date_update": 1760000000,
		"date_delete": 0, "created_by": Joni, "updated_by": Joni, "deleted_by": nil,
		"prefs": map[string]any{"channels": []string{}, "groups": []string{}},
	}
	if !g.updated.IsZero() {
		o["date_update"] = g.updated.Unix()
	}
	if g.disabled {
		o["date_delete"] = o["date_update"]
	}
	if users {
		o["users"] = slices.Clone(g.Users)
	}
	if count {
		o["user_count"] = len(g.Users)
	}
	return o
}

func (s *Server) usergroupsList(c *call) (map[string]any, *apiError) {
	list := []any{}
	for _, id := range sortedKeys(s.groups) {
		if g := s.groups[id]; !g.disabled || c.flag("include_disabled") {
			list = append(list, s.groupObject(g, c.flag("include_users"), c.flag("include_count")))
		}
	}
	return map[string]any{"usergroups": list}, nil
}

func (s *Server) usergroupsUsersList(c *call) (map[string]any, *apiError) {
	g, ok := s.groups[c.args["usergroup"]]
	if !ok || g.disabled && !c.flag("include_disabled") {
		return nil, fail("no_such_subteam")
	}
	return map[string]any{"users": append([]string{}, g.Users...)}, nil
}

// ChangePerson changes a person while the workspace runs: deactivate, make a guest, refuse direct messages.
func (s *Server) ChangePerson(id string, change func(*Person)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.people[id]
	if !ok {
		return fmt.Errorf("unknown user %q", id)
	}
	change(p)
	p.updated = s.cfg.Now()
	if p.Deleted || p.Restricted {
		// Slack takes guests and deactivated people out of user groups.
		for _, g := range s.groups {
			g.Users = slices.DeleteFunc(g.Users, func(u string) bool { return u == id })
		}
	}
	return nil
}

// SetGroup sets who is in a user group. As at Slack, guests, bots and people of other organisations cannot be in one.
func (s *Server) SetGroup(id string, users ...string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, ok := s.groups[id]
	if !ok {
		return fmt.Errorf("unknown user group %q", id)
	}
	for _, u := range users {
		if p, ok := s.people[u]; !ok || p.Bot || p.Restricted || p.Team != TeamID {
			return fmt.Errorf("invalid_user: %q cannot be in a user group", u)
		}
	}
	g.Users, g.updated = slices.Clone(users), s.cfg.Now()
	return nil
}

// DisableGroup disables a user group: it is then no_such_subteam.
func (s *Server) DisableGroup(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, ok := s.groups[id]
	if !ok {
		return fmt.Errorf("unknown user group %q", id)
	}
	g.disabled, g.updated = true, s.cfg.Now()
	return nil
}

// SetTokens gives the app other tokens; those before are not known any more. Sockets that are open stay open.
func (s *Server) SetTokens(bot, app string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cfg.BotToken, s.cfg.AppToken = bot, app
}

// SetTokenError makes every call of a right token fail with code, as token_revoked or account_inactive; "" ends that.
func (s *Server) SetTokenError(code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.authError = code
}
