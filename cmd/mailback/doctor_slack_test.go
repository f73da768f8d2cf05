package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailback/internal/fault"
	"mailback/internal/sandbox"
	"mailback/internal/slackfake"
)

// must fails the test where something could not be broken.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// down closes a service's port.
func down(service string) func(*testing.T, *sandbox.Sandbox) {
	return func(t *testing.T, s *sandbox.Sandbox) {
		must(t, sandbox.NewClient(s.URL()).Fault(t.Context(), fault.Fault{Service: service, Kind: fault.Refused}))
	}
}

// broken lays a fault on a service's calls.
func broken(service, match string, kind fault.Kind, value int) func(*testing.T, *sandbox.Sandbox) {
	return func(t *testing.T, s *sandbox.Sandbox) {
		must(t, s.Desk().Add(fault.Fault{Service: service, Match: match, Kind: kind, Value: value}))
	}
}

func settingsAilments() []ailment {
	bad := func(name, value, says string) ailment {
		return ailment{
			name: "setting " + name + ": " + says, env: map[string]string{name: value}, want: []string{"failed settings"}, says: says, fix: "README.md",
		}
	}
	all := []ailment{
		bad("SLACK_BOT_TOKEN", "", "SLACK_BOT_TOKEN: the bot token"),
		bad("SLACK_BOT_TOKEN", slackfake.AppToken, "SLACK_BOT_TOKEN: the bot token"),
		bad("SLACK_APP_TOKEN", slackfake.BotToken, "SLACK_APP_TOKEN: an app-level token"),
		bad("AZURE_TENANT_ID", "", "AZURE_TENANT_ID: the tenant's id"),
		bad("AZURE_FEDERATED_TOKEN_FILE", "token", "AZURE_CLIENT_SECRET, AZURE_FEDERATED_TOKEN_FILE: give one way"),
		bad("MAILBACK_APPROVAL_CHANNEL", "#it", "a channel id such as"),
		bad("MAILBACK_APPROVERS", "@joni", "is no Slack user id"),
		bad("MAILBACK_DATABASE_URL", "mysql:x", "sqlite:FILE or postgres://"),
		bad("MAILBACK_EXCHANGE", "maybe", "on or off"),
		bad("SLACK_APP_TOKEN_FILE", "/nowhere", "SLACK_APP_TOKEN and SLACK_APP_TOKEN_FILE are both set"),
	}
	return append(all, ailment{
		name: "a setting's name misspelt", env: map[string]string{"MAILBACK_LICENCES": "SPE_E3", "SLACK_BOT_TOKN_FILE": "x"}, says: "MAILBACK_LICENCES is no setting, and is not read",
		want: []string{"warning settings.MAILBACK_LICENCES", "warning settings.SLACK_BOT_TOKN_FILE"}, fix: "name it ",
		also: func(t *testing.T, all map[string]finding) {
			if fix := all["settings.MAILBACK_LICENCES"].Fix; !strings.Contains(fix, "MAILBACK_LICENSES") {
				t.Errorf("it was meant to be %q", fix)
			}
		},
	}, ailment{
		name: "licences that the tenant does not have", env: map[string]string{"MAILBACK_LICENSES": "E3, spe_e3"}, want: []string{"warning tenant.licence.E3"},
		fix: "SPE_E3 for Microsoft 365 E3", says: `MAILBACK_LICENSES has "E3"`,
	}, ailment{
		name: "settings, two of them", env: map[string]string{"AZURE_CLIENT_ID": "", "MAILBACK_LOCALE": "xx"}, fix: "README.md",
		want: []string{"failed settings", "failed settings"},
		also: func(t *testing.T, all map[string]finding) {
			if all["slack.bot-token"].Status != statusOK || all["entra.sign-in"].Status != statusNote || all["clock"].Status != statusOK {
				t.Error("what those settings are not for was not checked, or what they are for was")
			}
		},
	}, ailment{
		name: "no CA file", env: map[string]string{"MAILBACK_CA_FILE": "/nowhere/ca.pem"}, want: []string{"failed settings"}, says: "MAILBACK_CA_FILE: a file with PEM certificates, or none: open /nowhere/ca.pem",
	}, ailment{
		name: "a CA file without certificates", want: []string{"failed settings"}, says: "MAILBACK_CA_FILE: a file with PEM certificates, of which ",
		setup: func(t *testing.T, env map[string]string) {
			env["MAILBACK_CA_FILE"] = filepath.Join(t.TempDir(), "ca.pem")
			must(t, os.WriteFile(env["MAILBACK_CA_FILE"], []byte("none"), 0o600))
		},
	})
}

func slackAilments() []ailment {
	revoked := func(code string) func(*testing.T, *sandbox.Sandbox) {
		return func(_ *testing.T, s *sandbox.Sandbox) { s.Slack().SetTokenError(code) }
	}
	all := []ailment{
		{
			name: "wrong bot token", env: map[string]string{"SLACK_BOT_TOKEN": "xoxb-1-other"}, want: []string{"failed slack.bot-token"}, says: "invalid_auth",
			fix: "reinstall the app",
		},
		{
			name: "wrong app token", env: map[string]string{"SLACK_APP_TOKEN": "xapp-1-other"}, want: []string{"failed slack.app-token"}, says: "invalid_auth",
			fix: "make a new app-level token with connections:write",
		},
		{
			name: "revoked", hurt: revoked("token_revoked"), want: []string{"failed slack.bot-token", "failed slack.app-token"}, says: "token_revoked",
		},
		{
			name: "app uninstalled", hurt: revoked("account_inactive"), want: []string{"failed slack.bot-token", "failed slack.app-token"}, says: "account_inactive",
		},
		{
			name: "socket mode off", want: []string{"failed slack.socket-mode"}, fix: "switch Socket Mode on",
			hurt: func(t *testing.T, s *sandbox.Sandbox) { must(t, s.Slack().Disconnect("link_disabled", "")) },
		},
		{name: "slack down", hurt: down("slack"), want: []string{"failed slack"}, fix: "status.slack.com"},
		{name: "slack in trouble", hurt: broken("slack", "", fault.Status, 503), want: []string{"failed slack"}, fix: "status.slack.com", says: "503"},
		{name: "slack hangs", hurt: broken("slack", "", fault.Hang, 0), want: []string{"failed slack"}, fix: "status.slack.com"},
		{
			name: "scopes that are not needed",
			hurt: func(_ *testing.T, s *sandbox.Sandbox) { s.Slack().SetScopes(append(scopeNames(), "im:history")...) },
			also: func(t *testing.T, all map[string]finding) {
				if f := all["slack.scopes.more"]; f.Status != statusNote || !strings.HasSuffix(f.Text, ": im:history") {
					t.Errorf("%+v", f)
				}
			},
		},
	}
	for _, lost := range scopeNames() {
		all = append(all, ailment{
			name: "without " + lost, want: []string{"failed slack.scope." + lost}, says: "lacks the scope " + lost, fix: "install the app again",
			hurt: func(_ *testing.T, s *sandbox.Sandbox) {
				s.Slack().SetScopes(slices.DeleteFunc(scopeNames(), func(n string) bool { return n == lost })...)
			},
		})
	}
	return append(all, channelAilments()...)
}

func scopeNames() []string {
	var all []string
	for _, s := range slackScopes() {
		all = append(all, s[0])
	}
	return all
}

func channelAilments() []ailment {
	general := map[string]string{"MAILBACK_APPROVAL_CHANNEL": slackfake.GeneralID}
	members := func(channel string, gone ...string) func(*testing.T, *sandbox.Sandbox) {
		return func(t *testing.T, s *sandbox.Sandbox) { must(t, s.Slack().ChangeMembers(channel, nil, gone)) }
	}
	return []ailment{
		{name: "no such channel", env: map[string]string{"MAILBACK_APPROVAL_CHANNEL": "C0NOWHERE"}, want: []string{"failed slack.channel"}, fix: "take the id", says: "no channel C0NOWHERE"},
		{name: "not in the private channel", hurt: members(slackfake.ApprovalsID, slackfake.BotUser), want: []string{"failed slack.channel"}, fix: "/invite"},
		{
			name: "not in the public channel", env: general, hurt: members(slackfake.GeneralID, slackfake.BotUser, slackfake.External),
			want: []string{"failed slack.channel"}, fix: "/invite", says: "the bot is not in",
		},
		{name: "a public channel", env: general, hurt: members(slackfake.GeneralID, slackfake.External), want: []string{"warning slack.channel"}, fix: "private", says: "public"},
		{name: "a shared channel", env: general, want: []string{"failed slack.channel"}, fix: "no other organisation", says: "shared"},
		{
			name: "an archived channel", want: []string{"failed slack.channel"}, fix: "unarchive", says: "archived",
			hurt: func(t *testing.T, s *sandbox.Sandbox) { must(t, s.Slack().ArchiveChannel(slackfake.ApprovalsID)) },
		},
		{
			name: "an archived channel that is refused", want: []string{"failed slack.channel"}, fix: "unarchive", says: "archived",
			hurt: func(t *testing.T, s *sandbox.Sandbox) {
				must(t, s.Slack().FailChannel(slackfake.ApprovalsID, "is_archived"))
			},
		},
	}
}

func peopleAilments() []ailment {
	is := func(what, id, says string, hurt func(*slackfake.Person)) ailment {
		a := ailment{name: "approver " + what, env: map[string]string{"MAILBACK_APPROVERS": id}, want: []string{"failed slack.approver." + id}, says: says, fix: "MAILBACK_APPROVERS"}
		if hurt != nil {
			a.hurt = func(t *testing.T, s *sandbox.Sandbox) { must(t, s.Slack().ChangePerson(id, hurt)) }
		}
		return a
	}
	of := func(what, says string, hurt func(*slackfake.Server) error) ailment {
		return ailment{
			name: "group " + what, want: []string{"failed slack.group." + slackfake.ApproverGroup}, says: says, fix: "user group",
			hurt: func(t *testing.T, s *sandbox.Sandbox) { must(t, hurt(s.Slack())) },
		}
	}
	approvers := func(value string) map[string]string {
		return map[string]string{"MAILBACK_APPROVERS": value}
	}
	return []ailment{
		is("deactivated", slackfake.Joni, "is deactivated", func(p *slackfake.Person) { p.Deleted = true }),
		is("a guest", slackfake.Joni, "is a guest", func(p *slackfake.Person) { p.Restricted = true }),
		is("invited", slackfake.Invited, "has not signed in yet", nil),
		is("of another organisation", slackfake.External, "another organisation", nil),
		is("a bot", slackfake.OtherBot, "is a bot", nil),
		is("unknown", "U0NOBODY", "is nobody", nil),
		{
			name: "one of two approvers deactivated", env: approvers(slackfake.Joni + "," + slackfake.Deactivated), fix: "MAILBACK_APPROVERS",
			want: []string{"warning slack.approver." + slackfake.Deactivated},
		},
		{
			name: "approvers of a scope unknown", env: approvers(slackfake.ApproverGroup + ";fabrikam.com=U0NOBODY"), fix: "MAILBACK_APPROVERS",
			want: []string{"failed slack.approver.U0NOBODY"},
		},
		{
			name: "too few approvers", env: map[string]string{"MAILBACK_APPROVALS_REQUIRED": "4"}, want: []string{"failed slack.approvers"},
			fix: "MAILBACK_APPROVALS_REQUIRED", says: "4 must approve what no scope fits, and 3 may",
		},
		of("empty", "without members", func(s *slackfake.Server) error { return s.SetGroup(slackfake.ApproverGroup) }),
		of("disabled", "is disabled", func(s *slackfake.Server) error { return s.DisableGroup(slackfake.ApproverGroup) }),
		of("of deactivated people", "nobody who may act", func(s *slackfake.Server) error {
			return s.SetGroup(slackfake.ApproverGroup, slackfake.Deactivated)
		}),
		{name: "group unknown", env: approvers("S0NOBODY"), want: []string{"failed slack.group.S0NOBODY"}, says: "no user group", fix: "MAILBACK_APPROVERS"},
		{
			name: "requester unknown", env: map[string]string{"MAILBACK_REQUESTERS": slackfake.Megan + ",U0NOBODY"},
			want: []string{"warning slack.requester.U0NOBODY"}, fix: "MAILBACK_REQUESTERS",
		},
	}
}
