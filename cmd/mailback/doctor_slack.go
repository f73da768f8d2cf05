package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"mailback/bot"
	"mailback/commands"
)

// slackScopes are the bot scopes of manifest.yml, with what docs/install.md says that they are for.
func slackScopes() [][2]string {
	return [][2]string{
		{"commands", "`/restore-mailbox`"},
		{"chat:write", "cards, direct messages and private answers"},
		{"files:write", "the list of a request for many mailboxes (`bulk`), as a file in direct messages to its requester and the approvers"},
		{"users:read", "who clicks: guest, bot, deactivated, of another workspace; the person's time zone"},
		{"users:read.email", "the address of who is mentioned, and of who asks or decides: it tells whose Entra account that is; in a drill, whether an account is somebody's"},
		{"usergroups:read", "approvers given as a user group"},
		{"channels:read", "whether the approval channel is there, shared or archived, and the bot in it"},
		{"groups:read", "whether the approval channel is there, shared or archived, and the bot in it"},
	}
}

const (
	slackDown    = "look at the network, at SLACK_API_URL and a proxy, and at status.slack.com"
	slackInstall = "add it under OAuth & Permissions of the app at api.slack.com/apps, or take the whole of manifest.yml, and install the app again"
)

// slack checks tokens, scopes, sockets, the approval channel and people. The token comes first, since all else but the socket hangs on it.
func (x examination) slack(ctx context.Context) []finding {
	if why := x.without("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_API_URL"); why != "" {
		return x.noSlack(why)
	}
	b, err := bot.New(bot.Config{
		BotToken: x.s.SlackBotToken, AppToken: x.s.SlackAppToken, APIURL: x.s.SlackAPIURL, Now: x.now, Logger: slog.New(slog.DiscardHandler),
		HTTPClient: &http.Client{Transport: x.transport, Timeout: x.limit}, Sorry: commands.Sorry(x.s.Locale),
	})
	if err != nil {
		return []finding{failed("slack", "set it as it says", "%v", err)}
	}
	var (
		token, socket, channel, people []finding
		facts                          bot.TokenFacts
	)
	side(
		func() {
			facts, token = inTime(ctx, x.limit, "slack", func(ctx context.Context) (bot.TokenFacts, []finding) { return x.botToken(ctx, b) })
		},
		func() {
			socket = x.within(ctx, "slack.socket-mode", func(ctx context.Context) []finding { return x.socketMode(ctx, b) })
		},
	)
	if facts.TeamID == "" {
		return slices.Concat(token, socket, x.noPeople("Slack did not take the bot token, or did not answer"))
	}
	who := commands.NewPeople(b, facts.TeamID)
	side(
		func() {
			channel = x.within(ctx, "slack.channel", func(ctx context.Context) []finding { return x.channel(ctx, who) })
		},
		func() {
			people = x.within(ctx, "slack.approvers", func(ctx context.Context) []finding { return x.people(ctx, who) })
		},
	)
	return slices.Concat(token, scopeFindings(facts.Scopes), socket, x.appSettings(), channel, people)
}

// noSlack is for settings that let Slack not be asked at all.
func (x examination) noSlack(why string) []finding {
	all := []finding{unchecked("slack.bot-token", why), unchecked("slack.app-token", why)}
	return append(all, x.noPeople(why)...)
}

func (x examination) noPeople(why string) []finding {
	return append([]finding{unchecked("slack.scopes", why)},
		append(x.appSettings(), unchecked("slack.channel", why), unchecked("slack.approvers", why))...)
}

// botToken asks Slack what the bot token is. Without an answer that names the workspace the facts are empty.
func (x examination) botToken(ctx context.Context, b *bot.Bot) (bot.TokenFacts, []finding) {
	const name = "slack.bot-token"
	facts, err := b.TestToken(ctx)
	if refused, ok := errors.AsType[*bot.FatalError](err); ok {
		return bot.TokenFacts{}, []finding{failed(name, refused.Remedy, "Slack refuses %s: %s", refused.Setting, refused.Code)}
	}
	if err != nil {
		return bot.TokenFacts{}, []finding{failed("slack", slackDown, "Slack does not answer: %v", err)}
	}
	if facts.BotID == "" {
		return bot.TokenFacts{}, []finding{failed(name, "take the Bot User OAuth Token under OAuth & Permissions of the app", "SLACK_BOT_TOKEN is of a person, not of a bot")}
	}
	return facts, []finding{
		well("slack", "Slack answers"),
		well(name, "it is of the bot %s in the workspace %s (%s)", facts.User, facts.Workspace, facts.TeamID),
	}
}

// scopeFindings compares the token's scopes with those that Mailback needs.
func scopeFindings(have []string) []finding {
	const name = "slack.scopes"
	if len(have) == 0 {
		return []finding{note(name, "not known: Slack's answer has no header X-OAuth-Scopes")}
	}
	var missing, more []finding
	needed := map[string]bool{}
	for _, s := range slackScopes() {
		needed[s[0]] = true
		if !slices.Contains(have, s[0]) {
			missing = append(missing, failed("slack.scope."+s[0], slackInstall, "the bot token lacks the scope %s: %s", s[0], s[1]))
		}
	}
	if len(missing) == 0 {
		missing = []finding{well(name, "the bot token has all %d that Mailback needs", len(needed))}
	}
	var idle []string
	for _, s := range have {
		if !needed[s] {
			idle = append(idle, s)
		}
	}
	if len(idle) > 0 {
		more = []finding{note("slack.scopes.more", "the bot token has scopes that Mailback does not need, and that can be taken away: %s", strings.Join(idle, ", "))}
	}
	return append(missing, more...)
}

// socketMode asks Slack for a socket, and opens none. Slack documents no error for an app whose Socket Mode is off, so whatever does not
// speak of the token counts as that.
func (x examination) socketMode(ctx context.Context, b *bot.Bot) []finding {
	const app, socket = "slack.app-token", "slack.socket-mode"
	const mend = "switch Socket Mode on in the settings of the app at api.slack.com/apps; where it is on, have an admin of the workspace approve the app"
	err := b.TestSocketMode(ctx)
	if refused, ok := errors.AsType[*bot.FatalError](err); ok {
		switch refused.Code {
		case "forbidden_team", "team_access_not_granted", "link_disabled":
			return []finding{well(app, "Slack knows it"), failed(socket, mend, "Slack gives the app no socket: %s", refused.Code)}
		}
		return []finding{failed(app, refused.Remedy, "Slack refuses %s: %s", refused.Setting, refused.Code), unchecked(socket, "Slack does not take the app-level token")}
	}
	e, ok := errors.AsType[*bot.Error](err)
	switch {
	case err == nil:
		return []finding{well(app, "Slack takes it"), well(socket, "it is on")}
	case ok && e.Verdict == bot.Refused:
		return []finding{well(app, "Slack knows it"), failed(socket, mend, "Slack gives the app no socket: %s", e.Code)}
	default:
		return []finding{unchecked(app, "Slack does not answer"), unchecked(socket, "Slack does not answer")}
	}
}

// appSettings says what Slack lets nobody read.
func (x examination) appSettings() []finding {
	return []finding{note("slack.app-settings", "Slack has no API by which a bot sees whether interactivity, the command /restore-mailbox, "+
		"the shortcut and the Home tab are there: compare the app at api.slack.com/apps, under App Manifest, with manifest.yml")}
}
