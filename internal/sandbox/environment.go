package sandbox

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"mailback/internal/slackfake"
)

// Variable is one environment variable of the bot.
type Variable struct{ Name, Value string }

// variables are all that a bot needs to run against the stand-ins.
func (s *Sandbox) variables(slack, graph, exchange, login *server) []Variable {
	app := s.m365.App()
	return []Variable{
		{"SLACK_BOT_TOKEN", slackfake.BotToken},
		{"SLACK_APP_TOKEN", slackfake.AppToken},
		{"SLACK_API_URL", "http://" + slack.addr + "/api/"},
		{"AZURE_TENANT_ID", app.TenantID},
		{"AZURE_CLIENT_ID", app.ClientID},
		{"AZURE_CLIENT_SECRET", app.ClientSecret},
		{"AZURE_AUTHORITY_HOST", "https://" + login.addr + "/"},
		{"GRAPH_BASE_URL", "http://" + graph.addr + "/v1.0"},
		{"EXCHANGE_BASE_URL", "http://" + exchange.addr},
		{"MAILBACK_APPROVERS", slackfake.ApproverGroup},
		{"MAILBACK_APPROVAL_CHANNEL", slackfake.ApprovalsID},
		{"MAILBACK_COMMAND_LIMITS", "6000,30000"}, // scripts type faster than people
		{"MAILBACK_CA_FILE", s.caFile()},
	}
}

// Env returns what a bot needs to run against the stand-ins, as its documented settings.
func (s *Sandbox) Env() []Variable { return slices.Clone(s.env) }

// WriteEnv writes Env as KEY=value lines into a file that its owner alone can read. A file of that name is replaced, all
// at once.
func (s *Sandbox) WriteEnv(file string) error {
	if err := replaceFile(file, s.envText()); err != nil {
		return fmt.Errorf("write the settings: %w", err)
	}
	return nil
}

// RemoveEnv removes the file that WriteEnv wrote, unless somebody has changed or removed it since.
func (s *Sandbox) RemoveEnv(file string) error {
	if text, err := os.ReadFile(file); err != nil || string(text) != s.envText() { //nolint:gosec // the caller wrote it
		return nil //nolint:nilerr // what cannot be read is not ours any more
	}
	return os.Remove(file)
}

func (s *Sandbox) envText() string {
	var text strings.Builder
	for _, v := range s.env {
		fmt.Fprintf(&text, "%s=%s\n", v.Name, v.Value)
	}
	return text.String()
}

// kept are the variables that the bot has from the sandbox's own environment: where temporary files go, and what Windows
// and coverage need. All others are left out, so that settings of a real installation never get in.
func kept() []string { return []string{"HOME", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "GOCOVERDIR"} }

// botEnv is the whole environment of the replica n; health is the address where it answers /readyz.
func (s *Sandbox) botEnv(n int, health string) []string {
	all := map[string]string{
		"MAILBACK_DATABASE_URL": "sqlite:" + s.dir + "/mailback.db",
		"MAILBACK_STOP_TIMEOUT": "5s",
	}
	for _, v := range s.env {
		all[v.Name] = v.Value
	}
	maps.Copy(all, s.cfg.Settings)
	if s.cfg.ReplicaSettings != nil {
		maps.Copy(all, s.cfg.ReplicaSettings(n))
	}
	all["MAILBACK_LISTEN"] = health
	for _, name := range kept() {
		if v, ok := os.LookupEnv(name); ok {
			all[name] = v
		}
	}
	var env []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		env = append(env, name+"="+all[name])
	}
	return env
}
