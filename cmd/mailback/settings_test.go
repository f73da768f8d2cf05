package main

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"mailback/recovery"
)

// setEnv sets exactly what a minimal installation sets.
func setEnv(t *testing.T, more map[string]string) {
	t.Helper()
	env := map[string]string{
		"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1", "AZURE_TENANT_ID": "t", "AZURE_CLIENT_ID": "c", "AZURE_CLIENT_SECRET": "s",
		"MAILBACK_APPROVERS": "S0123,U0456", "MAILBACK_APPROVAL_CHANNEL": "C0123",
	}
	maps.Copy(env, more)
	for k, v := range env {
		t.Setenv(k, v)
	}
}

func TestSettingsDefaults(t *testing.T) {
	setEnv(t, nil)
	s, err := readSettings()
	if err != nil {
		t.Fatal(err)
	}
	if time.Duration(s.RequestTTL) != 24*time.Hour || s.DatabaseURL != "sqlite:mailback.db" || s.ApprovalsRequired != 1 || s.Exchange != "on" {
		t.Errorf("defaults are not those of the README: %+v", s)
	}
	if people := s.Approvers.people; len(people) != 2 || people[0] != "S0123" {
		t.Errorf("Approvers = %q", people)
	}
}

func TestSettingsByScope(t *testing.T) {
	setEnv(t, map[string]string{
		"MAILBACK_APPROVERS":  " S0123, U0456 ;Contoso.com = S3A ; case:inactive=S4A,U0456",
		"MAILBACK_REQUESTERS": "U0789;fabrikam.com=S5A",
	})
	s, err := readSettings()
	if err != nil {
		t.Fatal(err)
	}
	want := scoped{[]string{"S0123", "U0456"}, []recovery.Scope{
		{Domain: "contoso.com", People: []string{"S3A"}}, {Case: recovery.CaseInactive, People: []string{"S4A", "U0456"}},
	}}
	if !reflect.DeepEqual(s.Approvers, want) {
		t.Errorf("approvers %+v, want %+v", s.Approvers, want)
	}
	want = scoped{[]string{"U0789"}, []recovery.Scope{{Domain: "fabrikam.com", People: []string{"S5A"}}}}
	if !reflect.DeepEqual(s.Requesters, want) {
		t.Errorf("requesters %+v, want %+v", s.Requesters, want)
	}
}

func TestSettingsOfLimits(t *testing.T) {
	setEnv(t, nil)
	if s, err := readSettings(); err != nil || s.CommandLimits != (limits{30, 600}) {
		t.Errorf("by default: %v, %v", s.CommandLimits, err)
	}
	t.Setenv("MAILBACK_COMMAND_LIMITS", "5, 0")
	if s, err := readSettings(); err != nil || s.CommandLimits != (limits{5, 0}) {
		t.Errorf("5, 0: %v, %v", s.CommandLimits, err)
	}
	for _, value := range []string{"many", "5", "5,", "-1,5", "5,-1"} {
		setEnv(t, map[string]string{"MAILBACK_COMMAND_LIMITS": value})
		if _, err := readSettings(); err == nil || !strings.Contains(err.Error(), "MAILBACK_COMMAND_LIMITS: two numbers such as 30,600") {
			t.Errorf("%q: %v", value, err)
		}
	}
}

func TestSettingsFaultsOfScopes(t *testing.T) {
	for value, want := range map[string]string{
		"contoso.com=S3A":                            "for all that no scope fits",
		"U0123;contoso.com=":                         `the scope "contoso.com" names nobody`,
		"U0123;contoso.com=anna":                     `"anna" is no Slack user id`,
		"U0123;contoso=S3A":                          `the scope "contoso" is neither a domain`,
		"U0123;case:lost=S3A":                        `the scope "case:lost" is of no case`,
		"U0123;=S3A":                                 `the scope "" is neither a domain`,
		"U0123;contoso.com=S3A;CONTOSO.com=S4A":      `the scope "contoso.com" is there twice`,
		"U0123;case:inactive=S3A;case:inactive=U012": `the scope "case:inactive" is there twice`,
	} {
		setEnv(t, map[string]string{"MAILBACK_APPROVERS": value})
		if _, err := readSettings(); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "MAILBACK_APPROVERS") {
			t.Errorf("%s: %v, want %q", value, err, want)
		}
	}
	setEnv(t, map[string]string{"MAILBACK_REQUESTERS": "contoso.com=S3A"})
	if _, err := readSettings(); err == nil || !strings.Contains(err.Error(), "MAILBACK_REQUESTERS") {
		t.Errorf("requesters without those for all else: %v", err)
	}
}

func TestSettingsNameEveryFaultAtOnce(t *testing.T) {
	setEnv(t, map[string]string{
		"SLACK_BOT_TOKEN": "xapp-1", "AZURE_TENANT_ID": "", "MAILBACK_APPROVERS": "#admins", "MAILBACK_APPROVAL_CHANNEL": "#it",
		"MAILBACK_EXCHANGE": "maybe", "MAILBACK_CLOUD": "mars", "AZURE_FEDERATED_TOKEN_FILE": "f", "MAILBACK_USAGE_LOCATION": "Latvia",
		"GRAPH_BASE_URL": "graph", "MAILBACK_DATABASE_URL": "mysql:x", "MAILBACK_LOG_LEVEL": "loud",
	})
	_, err := readSettings()
	if err == nil {
		t.Fatal("no fault was found")
	}
	for _, name := range []string{
		"SLACK_BOT_TOKEN", "AZURE_TENANT_ID", "MAILBACK_APPROVERS", "MAILBACK_APPROVAL_CHANNEL", "MAILBACK_EXCHANGE", "MAILBACK_CLOUD",
		"AZURE_CLIENT_SECRET, AZURE_FEDERATED_TOKEN_FILE", "MAILBACK_USAGE_LOCATION", "GRAPH_BASE_URL", "MAILBACK_DATABASE_URL", "MAILBACK_LOG_LEVEL",
	} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("the fault of %s is not named in:\n%v", name, err)
		}
	}
}

func TestSettingsBadValueNamesTheVariable(t *testing.T) {
	for name, value := range map[string]string{
		"MAILBACK_REQUEST_TTL": "soon", "MAILBACK_SELF_APPROVAL": "perhaps", "MAILBACK_APPROVALS_REQUIRED": "two",
	} {
		t.Run(name, func(t *testing.T) {
			setEnv(t, map[string]string{name: value})
			if _, err := readSettings(); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("readSettings() = %v, which does not name %s", err, name)
			}
		})
	}
}

func TestSettingsNameEveryUnreadableVariable(t *testing.T) {
	setEnv(t, map[string]string{
		"MAILBACK_REQUEST_TTL": "soon", "MAILBACK_STOP_TIMEOUT": "10", "MAILBACK_SELF_APPROVAL": "perhaps",
		"MAILBACK_APPROVALS_REQUIRED": "two", "AZURE_TENANT_ID": "", "SLACK_BOT_TOKEN_FILE": "x", "MAILBACK_LOCALE": "xx",
	})
	_, err := readSettings()
	if err == nil {
		t.Fatal("no fault was found")
	}
	for _, name := range []string{
		"MAILBACK_REQUEST_TTL", "MAILBACK_STOP_TIMEOUT", "MAILBACK_SELF_APPROVAL", "MAILBACK_APPROVALS_REQUIRED", "AZURE_TENANT_ID",
		"SLACK_BOT_TOKEN_FILE", "MAILBACK_LOCALE",
	} {
		if n := strings.Count(err.Error(), name); n != 1 {
			t.Errorf("%s is named %d times in:\n%v", name, n, err)
		}
	}
	if !strings.HasPrefix(err.Error(), "7 settings are wrong") {
		t.Errorf("the faults are not counted: %v", err)
	}
}

// TestSettingsSayWhatIsWanted: people are told how a value is written, not of which type of Go's it is, and of one fault once.
func TestSettingsSayWhatIsWanted(t *testing.T) {
	for variable, want := range map[string]string{
		"MAILBACK_REMINDER=30":              `MAILBACK_REMINDER: a time such as 90s, 30m, 24h or 30d, not "30"`,
		"MAILBACK_RETENTION=1y":             `MAILBACK_RETENTION: a time such as 90s, 30m, 24h or 30d, not "1y"`,
		"MAILBACK_EMERGENCY=off":            `MAILBACK_EMERGENCY: true or false, not "off"`,
		"MAILBACK_BULK_MAX=many":            `MAILBACK_BULK_MAX: a whole number, not "many"`,
		"MAILBACK_APPROVERS=":               "MAILBACK_APPROVERS: Slack user ids and user-group ids, such as U0123456789,S0123456789",
		"MAILBACK_APPROVERS=U01;case:x=U01": `MAILBACK_APPROVERS: the scope "case:x" is of no case; the cases are license, user, shared, softdeleted, inactive, items`,
		"MAILBACK_LISTEN=localhost:heaven":  `MAILBACK_LISTEN: an address with a port, such as 127.0.0.1:9090, not "localhost:heaven"`,
		"MAILBACK_CA_FILE=/nowhere":         "MAILBACK_CA_FILE: a file with PEM certificates, or none: open /nowhere: no such file or directory",
		"SLACK_BOT_TOKEN_FILE=/nowhere":     "SLACK_BOT_TOKEN_FILE: open /nowhere: no such file or directory",
	} {
		t.Run(variable, func(t *testing.T) {
			name, value, _ := strings.Cut(variable, "=")
			env := map[string]string{name: value}
			if secret, isFile := strings.CutSuffix(name, "_FILE"); isFile {
				env[secret] = ""
			}
			setEnv(t, env)
			if _, err := readSettings(); err == nil || err.Error() != "1 setting is wrong:\n"+want {
				t.Errorf("readSettings() = %v, want %s", err, want)
			}
		})
	}
}

func TestSettingsSendTokensOverHTTPS(t *testing.T) {
	for _, name := range []string{"SLACK_API_URL", "GRAPH_BASE_URL", "EXCHANGE_BASE_URL", "AZURE_AUTHORITY_HOST"} {
		for value, fine := range map[string]bool{
			"https://proxy.contoso.com/api/": true, "http://127.0.0.1:8080/api/": true, "http://[::1]:8080/api/": true,
			"http://localhost:8080/api/": true, "http://proxy.contoso.com/api/": false, "http://127.0.0.1.contoso.com/api/": false,
			"http://10.0.0.1/api/": false, "ftp://127.0.0.1/api/": false, "https:///api/": false, "https://:443/api/": false,
		} {
			t.Run(name+"="+value, func(t *testing.T) {
				setEnv(t, map[string]string{name: value})
				if _, err := readSettings(); (err == nil) != fine || err != nil && !strings.Contains(err.Error(), name+":") {
					t.Errorf("readSettings() = %v", err)
				}
			})
		}
	}
}

func TestSecretsFromFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("xoxb-from-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	setEnv(t, map[string]string{"SLACK_BOT_TOKEN": "", "SLACK_BOT_TOKEN_FILE": file})
	s, err := readSettings()
	if err != nil {
		t.Fatal(err)
	}
	if s.SlackBotToken != "xoxb-from-file" {
		t.Errorf("SlackBotToken = %q", s.SlackBotToken)
	}
	t.Setenv("SLACK_APP_TOKEN_FILE", file)
	if _, err := readSettings(); err == nil || !strings.Contains(err.Error(), "SLACK_APP_TOKEN_FILE") {
		t.Errorf("a secret given twice was taken: %v", err)
	}
}

func TestDurationsInDays(t *testing.T) {
	setEnv(t, map[string]string{"MAILBACK_REQUEST_TTL": "3d"})
	s, err := readSettings()
	if err != nil || time.Duration(s.RequestTTL) != 72*time.Hour {
		t.Errorf("3d is %v, %v", time.Duration(s.RequestTTL), err)
	}
}

func TestEndpointsOfClouds(t *testing.T) {
	setEnv(t, map[string]string{"MAILBACK_CLOUD": "usgov", "GRAPH_BASE_URL": "http://127.0.0.1:1"})
	s, err := readSettings()
	if err != nil {
		t.Fatal(err)
	}
	c := s.endpoints()
	if c.graph != "http://127.0.0.1:1" || c.graphScope != "https://graph.microsoft.us/.default" || c.authority != "https://login.microsoftonline.us/" {
		t.Errorf("endpoints = %+v", c)
	}
}
