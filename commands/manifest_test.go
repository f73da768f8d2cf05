package commands

import (
	"encoding/json"
	"go/ast"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

const manifestPath = "../manifest.yml"

// manifest is what the tests read of manifest.yml.
type manifest struct {
	Features struct {
		AppHome struct {
			HomeTab      bool `yaml:"home_tab_enabled"`
			MessagesTab  bool `yaml:"messages_tab_enabled"`
			MessagesOnly bool `yaml:"messages_tab_read_only_enabled"`
		} `yaml:"app_home"`
		BotUser struct {
			Name string `yaml:"display_name"`
		} `yaml:"bot_user"`
		Commands []struct {
			Command string `yaml:"command"`
			Escape  bool   `yaml:"should_escape"`
		} `yaml:"slash_commands"`
		Shortcuts []struct {
			Type     string `yaml:"type"`
			Callback string `yaml:"callback_id"`
		} `yaml:"shortcuts"`
	} `yaml:"features"`
	OAuth struct {
		Scopes struct {
			Bot  []string `yaml:"bot"`
			User []string `yaml:"user"`
		} `yaml:"scopes"`
	} `yaml:"oauth_config"`
	Settings struct {
		Events struct {
			Bot []string `yaml:"bot_events"`
		} `yaml:"event_subscriptions"`
		Interactivity struct {
			Enabled bool `yaml:"is_enabled"`
		} `yaml:"interactivity"`
		SocketMode bool `yaml:"socket_mode_enabled"`
		Rotation   bool `yaml:"token_rotation_enabled"`
	} `yaml:"settings"`
}

func readManifest(t *testing.T) manifest {
	t.Helper()
	raw, err := os.ReadFile(manifestPath)
	if err != nil {
		t.Fatal(err)
	}
	var m manifest
	if err := yaml.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// TestManifestFitsItsSchema checks the manifest with Slack's own schema (slackapi/manifest-schema).
func TestManifestFitsItsSchema(t *testing.T) {
	t.Parallel()
	contracts := os.Getenv("MAILBACK_CONTRACTS")
	if contracts == "" {
		t.Skip("MAILBACK_CONTRACTS is not set: it names a folder with slack-manifest.schema.json of slackapi/manifest-schema")
	}
	compiler := jsonschema.NewCompiler()
	compiler.UseRegexpEngine(compileECMA)
	schema, err := compiler.Compile(filepath.Join(contracts, "slack-manifest.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(manifestPath)
	if err != nil {
		t.Fatal(err)
	}
	inJSON, err := yaml.YAMLToJSON(raw)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(inJSON, &v); err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(v); err != nil {
		t.Error(err)
	}
	v.(map[string]any)["features"].(map[string]any)["slash_commands"].([]any)[0].(map[string]any)["command"] = "restore"
	if schema.Validate(v) == nil {
		t.Error("the schema takes a command without its slash, so it proves nothing")
	}
}

// ecma is a regular expression that may begin with a negative look-ahead, ^(?!…)…, which Go's do not have and Slack's schema
// has for domains.
type ecma struct {
	source    string
	not, then *regexp.Regexp
}

func (e ecma) String() string { return e.source }

func (e ecma) MatchString(s string) bool {
	return (e.not == nil || !e.not.MatchString(s)) && e.then.MatchString(s)
}

func compileECMA(source string) (jsonschema.Regexp, error) {
	e, then := ecma{source: source}, source
	if m := regexp.MustCompile(`^\^\(\?!([^()]*)\)(.*)$`).FindStringSubmatch(source); m != nil {
		not, err := regexp.Compile("^(?:" + m[1] + ")")
		if err != nil {
			return nil, err
		}
		e.not, then = not, "^"+m[2]
	}
	re, err := regexp.Compile(then)
	e.then = re
	return e, err
}

// scopes are the bot scopes that slack-go's calls need (docs.slack.dev/reference/methods), by the name of the client's
// method. chat.postMessage opens a DM by itself when it gets a user's id, without im:write.
func scopes() map[string][]string {
	return map[string][]string{
		"AuthTestContext":               nil,
		"PostMessageContext":            {"chat:write"},
		"SendMessageContext":            {"chat:write"},
		"GetUserInfoContext":            {"users:read", "users:read.email"},
		"GetUserByEmailContext":         {"users:read", "users:read.email"},
		"GetConversationInfoContext":    {"channels:read", "groups:read"},
		"GetUserGroupsContext":          {"usergroups:read"},
		"GetUserGroupMembersContext":    {"usergroups:read"},
		"StartSocketModeContext":        nil,
		"OpenViewContext":               nil,
		"UpdateViewContext":             nil,
		"PublishViewContext":            nil,
		"GetUploadURLExternalContext":   {"files:write"},
		"UploadToURL":                   nil,
		"CompleteUploadExternalContext": {"files:write"},
	}
}

// endpoints are the scopes of methods that are named in a string.
func endpoints() map[string][]string {
	return map[string][]string{
		"files.getUploadURLExternal": {"files:write"}, "files.completeUploadExternal": {"files:write"}, "upload_url": nil,
		"chat.postMessage": {"chat:write"}, "chat.postEphemeral": {"chat:write"}, "chat.update": {"chat:write"},
		"auth.test": nil, "views.open": nil, "views.update": nil, "views.publish": nil, "apps.connections.open": nil,
		"users.info": {"users:read"}, "users.lookupByEmail": {"users:read", "users:read.email"}, "conversations.info": {"channels:read", "groups:read"},
		"usergroups.list": {"usergroups:read"}, "usergroups.users.list": {"usergroups:read"},
	}
}

var methodName = regexp.MustCompile(`^(apps|auth|bots|chat|conversations|dnd|emoji|files|pins|reactions|team|usergroups|users|views)(\.[a-zA-Z]+)+$`)

// isClient says whether a function is the one that gives slack-go's client: b.api.now.
func isClient(fun ast.Expr) bool {
	now, ok := fun.(*ast.SelectorExpr)
	if !ok || now.Sel.Name != "now" {
		return false
	}
	api, ok := now.X.(*ast.SelectorExpr)
	return ok && api.Sel.Name == "api"
}

func TestManifestAsksForWhatTheCodeUses(t *testing.T) {
	t.Parallel()
	needed := map[string]bool{"commands": true}
	need := func(list []string) {
		for _, s := range list {
			needed[s] = true
		}
	}
	calls := 0
	for _, f := range append(sources(t, "../bot"), sources(t, ".")...) {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr: // b.api.now(ctx).GetUserInfoContext
				client, ok := n.X.(*ast.CallExpr)
				if !ok || !isClient(client.Fun) {
					return true
				}
				list, known := scopes()[n.Sel.Name]
				if !known {
					t.Errorf("which scopes does slack-go's %s need?", n.Sel.Name)
				}
				calls++
				need(list)
			case *ast.BasicLit:
				name, err := strconv.Unquote(n.Value)
				if err != nil || !methodName.MatchString(name) {
					return true
				}
				list, known := endpoints()[name]
				if !known {
					t.Errorf("which scopes does %s need?", name)
				}
				need(list)
			}
			return true
		})
	}
	if calls < 5 {
		t.Fatalf("only %d calls of slack-go found", calls)
	}
	m := readManifest(t)
	want := slices.Sorted(maps.Keys(needed))
	if diff := cmp.Diff(want, slices.Sorted(slices.Values(m.OAuth.Scopes.Bot))); diff != "" {
		t.Errorf("scopes (-what the code needs +what the manifest asks for):\n%s", diff)
	}
	if len(m.OAuth.Scopes.User) > 0 {
		t.Errorf("user scopes %v are used by nothing", m.OAuth.Scopes.User)
	}
}

func TestManifestSwitchesOnWhatIsUsed(t *testing.T) {
	t.Parallel()
	m := readManifest(t)
	if len(m.Features.Commands) != 1 || m.Features.Commands[0].Command != "/restore-mailbox" || !m.Features.Commands[0].Escape {
		t.Errorf("commands %+v: the grammar reads one command, escaped", m.Features.Commands)
	}
	if s := m.Features.Shortcuts; len(s) != 1 || s[0].Type != "global" || s[0].Callback != askShortcut {
		t.Errorf("shortcuts %+v: Handlers answer the global one with %q", s, askShortcut)
	}
	if !slices.Equal(m.Settings.Events.Bot, []string{"app_home_opened"}) || !m.Features.AppHome.HomeTab {
		t.Errorf("events %v, Home tab %v: Home is shown when it is opened", m.Settings.Events.Bot, m.Features.AppHome.HomeTab)
	}
	if !m.Settings.Interactivity.Enabled || !m.Settings.SocketMode {
		t.Error("buttons and sockets need interactivity and Socket Mode")
	}
	if m.Settings.Rotation {
		t.Error("tokens that rotate expire, and nothing refreshes them")
	}
	if !m.Features.AppHome.MessagesTab || m.Features.AppHome.MessagesOnly {
		t.Error("people read their plan in the Messages tab and type commands there")
	}
	if !regexp.MustCompile(`^[a-z0-9._-]{1,80}$`).MatchString(m.Features.BotUser.Name) {
		t.Errorf("display_name %q: Slack takes small letters, digits and . _ -", m.Features.BotUser.Name) // its schema does not check
	}
}
