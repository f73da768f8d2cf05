package slackfake

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"mailback/internal/fault"
)

func TestTokens(t *testing.T) {
	t.Parallel()
	_, _, base := workspace(t, Config{})
	form := func(token string) string { return url.Values{"token": {token}}.Encode() }
	for _, tt := range []struct{ name, method, header, kind, body, want string }{
		{"header", "auth.test", BotToken, formType, "", ""},
		{"form", "auth.test", "", formType, form(BotToken), ""},
		{"none", "auth.test", "", formType, "", "not_authed"},
		{"in JSON", "auth.test", "", jsonType, `{"token":"` + BotToken + `"}`, "not_authed"},
		{"wrong", "auth.test", "xoxb-wrong", formType, "", "invalid_auth"},
		{"app token for a bot's method", "auth.test", AppToken, formType, "", "not_allowed_token_type"},
		{"app token in header", "apps.connections.open", AppToken, jsonType, "", ""},
		{"app token in form", "apps.connections.open", "", formType, form(AppToken), "not_authed"},
		{"bot token for a socket", "apps.connections.open", BotToken, formType, "", "not_allowed_token_type"},
		{"unknown method", "chat.shout", BotToken, formType, "", "unknown_method"},
		{"bad JSON", "chat.postMessage", BotToken, jsonType, `{`, "invalid_json"},
		{"JSON list", "chat.postMessage", BotToken, jsonType, `[]`, "json_not_object"},
		{"JSON for a form's method", "users.info", BotToken, jsonType, `{"user":"` + Megan + `"}`, "invalid_arguments"},
		{"missing argument", "chat.update", BotToken, formType, "channel=C1", "invalid_arguments"},
		{"JSON", "chat.postMessage", BotToken, jsonType, `{"channel":"` + GeneralID + `","text":"hello","unfurl_links":false}`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, answer := postTo(t, base, tt.method, tt.header, tt.kind, tt.body)
			if got, _ := answer["error"].(string); got != tt.want || answer["ok"] != (tt.want == "") {
				t.Errorf("answer is %v, want error %q", answer, tt.want)
			}
		})
	}
	_, answer := postTo(t, base, "auth.test?token="+BotToken, "", formType, "")
	if answer["error"] != "not_authed" {
		t.Errorf("a token in the query: %v", answer)
	}
}

func TestTokenErrors(t *testing.T) {
	t.Parallel()
	s, api, _ := workspace(t, Config{})
	s.SetTokenError("token_revoked")
	_, err := api.AuthTestContext(t.Context())
	wantError(t, err, "token_revoked")
	s.SetTokenError("")
	me := must(api.AuthTestContext(t.Context()))(t)
	if me.UserID != BotUser || me.BotID != BotID || me.TeamID != TeamID {
		t.Errorf("auth.test: %+v", me)
	}
}

func TestMissingScope(t *testing.T) {
	t.Parallel()
	s, api, _ := workspace(t, Config{Scopes: []string{"commands", "users:read"}})
	_, _, err := api.PostMessageContext(t.Context(), GeneralID, slack.MsgOptionText("hello", false))
	refused, ok := errors.AsType[slack.SlackErrorResponse](err)
	if !ok || refused.Err != "missing_scope" || refused.Needed != "chat:write" || refused.Provided != "commands,users:read" {
		t.Errorf("chat.postMessage: %#v", err)
	}
	_, err = api.GetConversationInfoContext(t.Context(), &slack.GetConversationInfoInput{ChannelID: ApprovalsID})
	wantError(t, err, "missing_scope")
	if u := must(api.GetUserInfoContext(t.Context(), Megan))(t); u.Profile.Email != "" {
		t.Errorf("without users:read.email the address is %q", u.Profile.Email)
	}
	_, err = api.GetUserByEmailContext(t.Context(), "meganb@contoso.com")
	wantError(t, err, "missing_scope")
	s.SetScopes("users:read", "users:read.email")
	if u := must(api.GetUserByEmailContext(t.Context(), "meganb@contoso.com"))(t); u.ID != Megan {
		t.Errorf("with users:read.email: %+v", u)
	}
	if auth := must(api.AuthTestContext(t.Context()))(t); auth.Header.Get("X-OAuth-Scopes") != "users:read,users:read.email" {
		t.Errorf("the scopes are told as %q", auth.Header.Get("X-OAuth-Scopes"))
	}
}

func TestUserFlags(t *testing.T) {
	t.Parallel()
	_, api, _ := workspace(t, Config{})
	for _, tt := range []struct {
		id    string
		check func(*slack.User) bool
	}{
		{Alex, func(u *slack.User) bool {
			return u.Profile.Email == "alexw@contoso.com" && u.TZ == "Europe/Riga" && u.Locale == "lv-LV" && u.TeamID == TeamID && u.TZOffset > 0
		}},
		{Joni, func(u *slack.User) bool { return u.IsAdmin && u.IsOwner }},
		{Guest, func(u *slack.User) bool { return u.IsRestricted && !u.IsUltraRestricted }},
		{SingleGuest, func(u *slack.User) bool { return u.IsRestricted && u.IsUltraRestricted }},
		{External, func(u *slack.User) bool {
			return u.TeamID == OtherTeamID && !u.IsStranger && u.Profile.Email == "" && u.Locale == ""
		}},
		{Stranger, func(u *slack.User) bool { return u.TeamID == OtherTeamID && u.IsStranger }},
		{Deactivated, func(u *slack.User) bool { return u.Deleted }},
		{Invited, func(u *slack.User) bool { return u.IsInvitedUser && !u.IsEmailConfirmed }},
		{BotUser, func(u *slack.User) bool { return u.IsBot && u.IsAppUser && u.Profile.BotID == BotID }},
	} {
		if u := must(api.GetUserInfoContext(t.Context(), tt.id))(t); !tt.check(u) {
			t.Errorf("users.info %s: %+v", tt.id, u)
		}
	}
	_, err := api.GetUserInfoContext(t.Context(), "U0NOBODY")
	wantError(t, err, "user_not_found")
	if u := must(api.GetUserByEmailContext(t.Context(), "PattiF@contoso.com"))(t); u.ID != Patti {
		t.Errorf("users.lookupByEmail: %+v", u)
	}
	_, err = api.GetUserByEmailContext(t.Context(), "diegos@contoso.com")
	wantError(t, err, "users_not_found")
	all := must(api.GetUsersContext(t.Context(), slack.GetUsersOptionLimit(3)))(t)
	if len(all) != 15 {
		t.Errorf("users.list has %d people in pages of 3", len(all))
	}
}

func TestGroupsChange(t *testing.T) {
	t.Parallel()
	s, api, _ := workspace(t, Config{})
	members := func() string {
		return strings.Join(must(api.GetUserGroupMembersContext(t.Context(), ApproverGroup))(t), " ")
	}
	if got := members(); got != Joni+" "+Patti+" "+Nestor {
		t.Errorf("members are %s", got)
	}
	if err := s.ChangePerson(Patti, func(p *Person) { p.Deleted = true }); err != nil {
		t.Fatal(err)
	}
	if got := members(); got != Joni+" "+Nestor {
		t.Errorf("after Patti left, members are %s", got)
	}
	wantError(t, s.SetGroup(ApproverGroup, Guest), "invalid_user")
	if err := s.SetGroup(ApproverGroup, Lee); err != nil {
		t.Fatal(err)
	}
	groups := must(api.GetUserGroupsContext(t.Context(), slack.GetUserGroupsOptionIncludeUsers(true)))(t)
	if len(groups) != 1 || len(groups[0].Users) != 1 || groups[0].Users[0] != Lee || groups[0].DateDelete != 0 {
		t.Errorf("usergroups.list: %+v", groups)
	}
	if err := s.DisableGroup(ApproverGroup); err != nil {
		t.Fatal(err)
	}
	_, err := api.GetUserGroupMembersContext(t.Context(), ApproverGroup)
	wantError(t, err, "no_such_subteam")
}

func TestConversations(t *testing.T) {
	t.Parallel()
	s, api, _ := workspace(t, Config{})
	info := func(id string) (*slack.Channel, error) {
		return api.GetConversationInfoContext(t.Context(), &slack.GetConversationInfoInput{ChannelID: id, IncludeNumMembers: true})
	}
	if c := must(info(ApprovalsID))(t); !c.IsPrivate || c.IsExtShared || !c.IsMember || c.NumMembers != 6 {
		t.Errorf("approvals: %+v", c)
	}
	if err := s.ChangeMembers(ApprovalsID, []string{External}, nil); err != nil {
		t.Fatal(err)
	}
	if c := must(info(ApprovalsID))(t); !c.IsExtShared || c.NumMembers != 7 {
		t.Errorf("approvals, shared with another organisation: %+v", c)
	}
	ids, _, err := api.GetUsersInConversationContext(t.Context(), &slack.GetUsersInConversationParameters{ChannelID: ApprovalsID})
	if err != nil || len(ids) != 7 {
		t.Errorf("members %v, %v", ids, err)
	}
	open := func(user string) error {
		_, _, _, err := api.OpenConversationContext(t.Context(), &slack.OpenConversationParameters{Users: []string{user}, ReturnIM: true})
		return err
	}
	if err := open(Megan); err != nil {
		t.Error(err)
	}
	wantError(t, open(External), "invalid_user_combination")
	wantError(t, open(OtherBot), "cannot_dm_bot")
	wantError(t, open(Deactivated), "user_disabled")
	if err := s.ChangeMembers(ApprovalsID, nil, []string{BotUser}); err != nil {
		t.Fatal(err)
	}
	_, err = info(ApprovalsID)
	wantError(t, err, "channel_not_found")
	if err := s.ArchiveChannel(GeneralID); err != nil {
		t.Fatal(err)
	}
	if c, err := info(GeneralID); err != nil || !c.IsArchived {
		t.Errorf("an archived channel is read as %+v, %v", c, err)
	}
	_, _, err = api.PostMessageContext(t.Context(), GeneralID, slack.MsgOptionText("x", false))
	wantError(t, err, "is_archived")
	if err := s.FailChannel(GeneralID, "is_archived"); err != nil {
		t.Fatal(err)
	}
	_, _, err = api.PostMessageContext(t.Context(), GeneralID, slack.MsgOptionText("x", false))
	wantError(t, err, "is_archived")
}

func TestRateLimits(t *testing.T) {
	t.Parallel()
	s, api, _ := workspace(t, Config{})
	wall := newClock()
	s.limits.now = wall.now
	send := func(channel string) error {
		_, _, err := api.PostMessageContext(t.Context(), channel, slack.MsgOptionText("x", false))
		return err
	}
	for range 5 {
		if err := send(GeneralID); err != nil {
			t.Fatal(err)
		}
	}
	if limited, ok := errors.AsType[*slack.RateLimitedError](send(GeneralID)); !ok || limited.RetryAfter != time.Second {
		t.Errorf("the sixth message at once: %v", limited)
	}
	if err := send(ApprovalsID); err != nil {
		t.Errorf("another channel: %v", err)
	}
	wall.advance(time.Second)
	if err := send(GeneralID); err != nil {
		t.Errorf("a second later: %v", err)
	}
	var err error
	n := 0
	for ; err == nil; n++ {
		_, err = api.GetUserGroupMembersContext(t.Context(), ApproverGroup)
	}
	if limited, ok := errors.AsType[*slack.RateLimitedError](err); !ok || n != 21 || limited.RetryAfter != 3*time.Second {
		t.Errorf("tier 2 ended at call %d with %v", n, err)
	}
	if _, err := api.GetUserInfoContext(t.Context(), Megan); err != nil {
		t.Errorf("another method: %v", err)
	}
}

func TestFaultsOnDemand(t *testing.T) {
	t.Parallel()
	desk := fault.New(time.Now)
	s, api, _ := workspace(t, Config{Desk: desk})
	send := func() error {
		_, _, err := api.PostMessageContext(t.Context(), GeneralID, slack.MsgOptionText("x", false))
		return err
	}
	layFault(t, desk, fault.Fault{Kind: fault.Throttle, Match: "chat.postMessage", Times: 1, Value: 30})
	if limited, ok := errors.AsType[*slack.RateLimitedError](send()); !ok || limited.RetryAfter != 30*time.Second {
		t.Errorf("throttled: %v", limited)
	}
	layFault(t, desk, fault.Fault{Kind: fault.Lost, Match: "chat.postMessage", Times: 1})
	if err := send(); err == nil {
		t.Error("the lost answer arrived")
	}
	if list := must(s.Messages(Megan))(t); len(list) != 1 || list[0].Text != "x" {
		t.Errorf("the message of the lost answer is not there once: %+v", list)
	}
	calls := desk.Calls()
	if len(calls) != 2 || calls[0].Status != 429 || calls[1].Status != 0 || calls[0].Path != "/api/chat.postMessage" {
		t.Errorf("calls are %+v", calls)
	}
}

func TestLinksFollowTheHost(t *testing.T) {
	t.Parallel()
	_, _, base := workspace(t, Config{})
	req := must(newRequest(t, base+"/api/apps.connections.open"))(t)
	req.Header.Set("Authorization", "Bearer "+AppToken)
	req.Host = "slack.example:8443"
	req.Header.Set("X-Forwarded-Proto", "https")
	_, answer := do(t, req)
	if link, _ := answer["url"].(string); !strings.HasPrefix(link, "wss://slack.example:8443/link/?ticket=") {
		t.Errorf("the socket is at %q", link)
	}
}

func TestBotTeamAndChannelList(t *testing.T) {
	t.Parallel()
	_, api, base := workspace(t, Config{})
	if b := must(api.GetBotInfoContext(t.Context(), slack.GetBotInfoParameters{Bot: BotID}))(t); b.UserID != BotUser || b.AppID != AppID {
		t.Errorf("bots.info: %+v", b)
	}
	_, err := api.GetBotInfoContext(t.Context(), slack.GetBotInfoParameters{Bot: "B0NONE"})
	wantError(t, err, "bot_not_found")
	if team := must(api.GetTeamInfoContext(t.Context()))(t); team.ID != TeamID || team.Domain != TeamDomain {
		t.Errorf("team.info: %+v", team)
	}
	list, next, err := api.GetConversationsContext(t.Context(), &slack.GetConversationsParameters{
		Types: []string{"public_channel", "private_channel"}, Limit: 1,
	})
	if err != nil || len(list) != 1 || next == "" {
		t.Errorf("conversations.list: %+v, %q, %v", list, next, err)
	}
	list, next, err = api.GetConversationsContext(t.Context(), &slack.GetConversationsParameters{
		Types: []string{"public_channel", "private_channel"}, Limit: 1, Cursor: next,
	})
	if err != nil || len(list) != 1 || next != "" {
		t.Errorf("conversations.list, second page: %+v, %q, %v", list, next, err)
	}
	_, _, err = api.GetConversationsContext(t.Context(), &slack.GetConversationsParameters{Cursor: "next:99"})
	wantError(t, err, "invalid_cursor")
	if _, answer := postTo(t, base, "api.test", BotToken, formType, "error=my_error"); answer["error"] != "my_error" {
		t.Errorf("api.test: %v", answer)
	}
}

func TestMetadataAndAttachmentsAreChecked(t *testing.T) {
	t.Parallel()
	_, _, base := workspace(t, Config{NoRateLimits: true})
	for more, want := range map[string]string{
		`"metadata":"{"`:                                       "invalid_metadata_format",
		`"metadata":{"event_type":"x"}`:                        "invalid_metadata_schema",
		`"metadata":{"event_type":"x","event_payload":{}}`:     "",
		`"metadata":{"event_type":"","event_payload":null}`:    "",
		`"attachments":{"text":"x"}`:                           "invalid_attachments",
		`"attachments":[{"text":"x"}],"text":""`:               "",
		`"attachments":[` + strings.Repeat("{},", 100) + `{}]`: "too_many_attachments",
		`"text":null`:                 "no_text",
		`"blocks":[],"text":""`:       "no_text",
		`"blocks":{"type":"divider"}`: "invalid_blocks_format",
		`"blocks":"[{\"type\":\"divider\"}]","text":"as text"`: "",
	} {
		_, answer := postTo(t, base, "chat.postMessage", BotToken, jsonType, `{"channel":"`+GeneralID+`","text":"x",`+more+`}`)
		if got, _ := answer["error"].(string); got != want {
			t.Errorf("%s: %v, want error %q", more, answer, want)
		}
	}
}
