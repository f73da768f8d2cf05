package slackfake

// webMethods are the Web API methods, with the scopes, arguments and rate limit tiers of docs.slack.dev/reference/methods.
// The tiers of usergroups.list, team.info and bots.info are unverified.
func (s *Server) webMethods() map[string]method {
	write := []string{"chat:write"}
	read := []string{"users:read"}
	byKind := []string(nil) // the scope depends on the kind of channel; the method asks for it itself
	return map[string]method{
		"api.test":              {tier: tier4, json: true, do: apiTest},
		"auth.test":             {tier: special, json: true, do: s.authTest},
		"apps.connections.open": {tier: tier3, json: true, appToken: true, do: s.connectionsOpen},
		"bots.info":             {tier: tier3, scopes: read, do: s.botsInfo, required: []string{"bot"}},
		"team.info":             {tier: tier3, scopes: []string{"team:read"}, do: s.teamInfo},

		"chat.postMessage":   {tier: special, json: true, scopes: write, do: s.chatPostMessage, required: []string{"channel"}},
		"chat.postEphemeral": {tier: tier4, json: true, scopes: write, do: s.chatPostEphemeral, required: []string{"channel", "user"}},
		"chat.update":        {tier: tier3, json: true, scopes: write, do: s.chatUpdate, required: []string{"channel", "ts"}},
		"chat.delete":        {tier: tier3, json: true, scopes: write, do: s.chatDelete, required: []string{"channel", "ts"}},
		"chat.getPermalink":  {tier: special, do: s.chatGetPermalink, required: []string{"channel", "message_ts"}},

		"conversations.open": {
			tier: tier3, json: true, do: s.conversationsOpen,
			scopes: []string{"channels:manage", "groups:write", "im:write", "mpim:write"},
		},
		"conversations.info":    {tier: tier3, scopes: byKind, do: s.conversationsInfo, required: []string{"channel"}},
		"conversations.members": {tier: tier4, scopes: byKind, do: s.conversationsMembers, required: []string{"channel"}},
		"conversations.list": {
			tier: tier2, do: s.conversationsList, scopes: []string{"channels:read", "groups:read", "im:read", "mpim:read"},
		},
		"conversations.history": {tier: tier3, scopes: byKind, json: true, do: s.conversationsHistory, required: []string{"channel"}},
		"conversations.replies": {tier: tier3, scopes: byKind, do: s.conversationsReplies, required: []string{"channel", "ts"}},

		"users.info":            {tier: tier4, scopes: read, do: s.usersInfo, required: []string{"user"}},
		"users.list":            {tier: tier2, scopes: read, do: s.usersList},
		"users.lookupByEmail":   {tier: tier3, scopes: []string{"users:read.email"}, do: s.usersLookupByEmail, required: []string{"email"}},
		"usergroups.list":       {tier: tier2, scopes: []string{"usergroups:read"}, do: s.usergroupsList},
		"usergroups.users.list": {tier: tier2, scopes: []string{"usergroups:read"}, do: s.usergroupsUsersList, required: []string{"usergroup"}},

		"views.open":    {tier: tier4, json: true, do: s.viewsOpen, required: []string{"trigger_id", "view"}},
		"views.push":    {tier: tier4, json: true, do: s.viewsPush, required: []string{"trigger_id", "view"}},
		"views.update":  {tier: tier4, json: true, do: s.viewsUpdate, required: []string{"view"}},
		"views.publish": {tier: tier4, json: true, do: s.viewsPublish, required: []string{"user_id", "view"}},

		"files.getUploadURLExternal": {
			tier: tier4, json: true, scopes: []string{"files:write"}, do: s.filesGetUploadURLExternal, required: []string{"filename", "length"},
		},
		"files.completeUploadExternal": {
			tier: tier4, json: true, scopes: []string{"files:write"}, do: s.filesCompleteUploadExternal, required: []string{"files"},
		},

		"reactions.add": {
			tier: tier3, json: true, scopes: []string{"reactions:write"}, do: s.reactionsAdd,
			required: []string{"channel", "name", "timestamp"},
		},
		"reactions.remove": {
			tier: tier2, json: true, scopes: []string{"reactions:write"}, do: s.reactionsRemove,
			required: []string{"channel", "name", "timestamp"},
		},
	}
}

func apiTest(c *call) (map[string]any, *apiError) {
	args := map[string]string{}
	for k, v := range c.args {
		if k != "token" {
			args[k] = v
		}
	}
	if code := c.args["error"]; code != "" {
		return nil, &apiError{code: code, more: map[string]any{"args": args}}
	}
	return map[string]any{"args": args}, nil
}

func (s *Server) authTest(c *call) (map[string]any, *apiError) {
	return map[string]any{
		"url": c.base + "/", "team": "Contoso", "user": s.people[BotUser].Handle, "team_id": TeamID, "user_id": BotUser,
		"bot_id": BotID, "is_enterprise_install": false,
	}, nil
}

func (s *Server) teamInfo(c *call) (map[string]any, *apiError) {
	if id := c.args["team"]; id != "" && id != TeamID {
		return nil, fail("team_not_found")
	}
	return map[string]any{"team": map[string]any{
		"id": TeamID, "name": "Contoso", "domain": TeamDomain, "email_domain": "contoso.com", "url": c.base + "/",
		"icon": map[string]any{"image_default": true},
	}}, nil
}
