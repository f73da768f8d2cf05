package bot

import (
	"context"
	"strings"

	"github.com/slack-go/slack"
)

// TokenFacts is what Slack says of the bot token.
type TokenFacts struct {
	Identity

	Workspace string   // its name
	User      string   // the bot's name in it
	Scopes    []string // of the token; nil where Slack did not say
}

// TestToken asks auth.test once what the bot token is (docs.slack.dev/reference/methods/auth.test). The scopes are those of the
// answer's header X-OAuth-Scopes (docs.slack.dev/authentication/installing-with-oauth). A token that Slack refuses is a *FatalError,
// all else an *Error.
func (b *Bot) TestToken(ctx context.Context) (TokenFacts, error) {
	said, err := b.api.now(ctx).AuthTestContext(ctx)
	if err != nil {
		return TokenFacts{}, fatalOr(botSetting, classify("auth.test", err))
	}
	facts := TokenFacts{
		Identity:  identityOf(said),
		Workspace: said.Team, User: said.User,
	}
	b.self.learn(facts.Identity)
	for _, list := range said.Header.Values("X-OAuth-Scopes") {
		for scope := range strings.SplitSeq(list, ",") {
			if scope = strings.TrimSpace(scope); scope != "" {
				facts.Scopes = append(facts.Scopes, scope)
			}
		}
	}
	return facts, nil
}

// TestSocketMode asks apps.connections.open once whether Slack would give the app a socket; it opens none
// (docs.slack.dev/reference/methods/apps.connections.open). A refusal that an operator can mend is a *FatalError. What Slack answers
// while Socket Mode is off is not documented, so that an *Error of verdict Refused may mean that too.
func (b *Bot) TestSocketMode(ctx context.Context) error {
	_, _, err := b.api.now(ctx).StartSocketModeContext(ctx)
	return fatalOr(appSetting, classify("apps.connections.open", err))
}

// identityOf is who auth.test says that the bot is.
func identityOf(said *slack.AuthTestResponse) Identity {
	return Identity{TeamID: said.TeamID, EnterpriseID: said.EnterpriseID, BotUserID: said.UserID, BotID: said.BotID, URL: said.URL}
}

// fatalOr gives the FatalError for what somebody has to mend, else err as it is.
func fatalOr(setting string, err error) error {
	if end := fatal(setting, err); end != nil {
		return end
	}
	return err
}
