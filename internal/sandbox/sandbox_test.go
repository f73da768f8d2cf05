package sandbox

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"mailback/internal/slackfake"
)

// started starts a sandbox that ends with the test.
func started(t *testing.T, cfg Config) *Sandbox {
	t.Helper()
	s, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

// withBot is a sandbox whose bot is the fake one.
func withBot(t *testing.T, cfg Config) *Sandbox {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cfg.Program = program
	return started(t, cfg)
}

func TestBotLivesAndDiesOnDemand(t *testing.T) {
	t.Parallel()
	s := withBot(t, Config{Settings: map[string]string{"FAKE_SETTING": "here"}})
	c, ctx := NewClient(s.URL()), t.Context()
	reply, err := c.Command(ctx, slackfake.Megan, "", "/restore-mailbox help")
	if err != nil || reply.Reply != "0s <nil> here" || reply.AckMS <= 0 {
		t.Fatalf("the bot's answer: %+v, %v", reply, err)
	}
	first := s.bots[0].current()
	if err := c.Signal(ctx, "start"); err == nil {
		t.Error("a second bot was started")
	}
	if err := c.Signal(ctx, "kill"); err != nil {
		t.Fatal(err)
	}
	if first.alive() || first.cmd.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Errorf("after kill the bot has the state %v", first.cmd.ProcessState)
	}
	if reply, err = c.Command(ctx, slackfake.Megan, "", "/restore-mailbox help"); err != nil || reply.Error != "dispatch_failed" {
		t.Errorf("a command without a bot: %+v, %v", reply, err)
	}
	if err := c.Signal(ctx, "stop"); err == nil {
		t.Error("a dead bot was stopped")
	}
	if err := c.Signal(ctx, "start"); err != nil {
		t.Fatal(err)
	}
	second := s.bots[0].current()
	if err := c.Signal(ctx, "stop"); err != nil {
		t.Fatal(err)
	}
	if !second.cmd.ProcessState.Success() {
		t.Errorf("after stop the bot has the state %v", second.cmd.ProcessState)
	}
	if err := c.Signal(ctx, "hug"); err == nil || !strings.Contains(err.Error(), "kill, stop, start") {
		t.Errorf("an unknown signal: %v", err)
	}
}

func TestTimeMovesForAll(t *testing.T) {
	t.Parallel()
	s := withBot(t, Config{})
	c, ctx := NewClient(s.URL()), t.Context()
	for _, by := range []string{"24h", "90m"} {
		if err := c.Advance(ctx, by); err != nil {
			t.Fatal(err)
		}
	}
	for _, by := range []string{"-1h", "0s", "soon", ""} {
		if err := c.Advance(ctx, by); err == nil {
			t.Errorf("time was advanced by %q", by)
		}
	}
	reply, err := c.Command(ctx, slackfake.Megan, "", "/restore-mailbox help")
	if err != nil || !strings.HasPrefix(reply.Reply, "25h30m0s") {
		t.Errorf("the bot's clock: %+v, %v", reply, err)
	}
	ahead := time.Until(s.clock.now())
	if ahead < 25*time.Hour || ahead > 26*time.Hour {
		t.Errorf("the stand-ins' clock is ahead by %v", ahead)
	}
}

func TestCloseLeavesNothing(t *testing.T) {
	t.Parallel()
	s := withBot(t, Config{})
	p := s.bots[0].current()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s.servers, s.bots = nil, nil // the clean-up closes once more
	if p.alive() {
		t.Error("the bot lives on")
	}
	if _, err := os.Stat(s.dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder is still there: %v", err)
	}
}

func TestBotThatFails(t *testing.T) {
	t.Parallel()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s, err := Start(t.Context(), Config{Program: program, Settings: map[string]string{"FAKE_FAILURE": "no such token"}})
	if err == nil || !strings.Contains(err.Error(), "no such token") {
		t.Errorf("Start = %v, %v; the bot's log is not told", s, err)
	}
}

func TestBotThatCrashesIsTold(t *testing.T) {
	t.Parallel()
	told := make(chan error, 1)
	s := withBot(t, Config{BotEnded: func(err error) { told <- err }})
	if _, err := NewClient(s.URL()).Command(t.Context(), slackfake.Megan, "", "/restore-mailbox crash"); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-told:
		if !strings.Contains(err.Error(), "exit status 3") {
			t.Errorf("told %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("nobody was told")
	}
}

func TestEnvFile(t *testing.T) {
	t.Parallel()
	s := started(t, Config{})
	file := filepath.Join(t.TempDir(), "env")
	if err := os.WriteFile(file, []byte("older text"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := s.WriteEnv(file); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if all, _ := os.ReadDir(filepath.Dir(file)); len(all) != 1 {
		t.Errorf("there is more than the file: %v", all)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for line := range strings.Lines(string(text)) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok || value == "" {
			t.Errorf("line %q", line)
		}
		names = append(names, name)
	}
	want := "SLACK_BOT_TOKEN SLACK_APP_TOKEN SLACK_API_URL AZURE_TENANT_ID AZURE_CLIENT_ID AZURE_CLIENT_SECRET AZURE_AUTHORITY_HOST " +
		"GRAPH_BASE_URL EXCHANGE_BASE_URL MAILBACK_APPROVERS MAILBACK_APPROVAL_CHANNEL MAILBACK_COMMAND_LIMITS MAILBACK_CA_FILE"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("names\n%s, want\n%s", got, want)
	}
	if err := s.RemoveEnv(file); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is still there: %v", err)
	}
	if err := os.WriteFile(file, []byte("somebody else's"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.RemoveEnv(file); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(file); err != nil {
		t.Errorf("somebody else's file was removed: %v", err)
	}
}

func setting(t *testing.T, s *Sandbox, name string) string {
	t.Helper()
	for _, v := range s.Env() {
		if v.Name == name {
			return v.Value
		}
	}
	t.Fatalf("no setting %s", name)
	return ""
}

func TestSettingsSignIn(t *testing.T) {
	t.Parallel()
	s := started(t, Config{})
	pem, err := os.ReadFile(setting(t, s, "MAILBACK_CA_FILE"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}}
	answer, err := client.PostForm(setting(t, s, "AZURE_AUTHORITY_HOST")+setting(t, s, "AZURE_TENANT_ID")+"/oauth2/v2.0/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {setting(t, s, "AZURE_CLIENT_ID")}, "client_secret": {setting(t, s, "AZURE_CLIENT_SECRET")},
		"scope": {"https://graph.microsoft.com/.default"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("sign-in: %s", answer.Status)
	}
	for _, u := range []string{setting(t, s, "GRAPH_BASE_URL") + "/users", setting(t, s, "EXCHANGE_BASE_URL") + "/adminapi/beta/x/InvokeCommand", setting(t, s, "SLACK_API_URL") + "auth.test"} {
		answer, err := http.Get(u)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if answer.StatusCode == http.StatusForbidden || answer.StatusCode == http.StatusNotFound || len(text) == 0 && answer.StatusCode == http.StatusOK {
			t.Errorf("%s: %s %s", u, answer.Status, text)
		}
	}
}

func TestOnlyThisMachine(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"0.0.0.0:0", ":0", "192.0.2.1:8080", "example.com:80", "127.0.0.1"} {
		if s, err := Start(t.Context(), Config{Listen: address}); err == nil {
			t.Errorf("listens on %q", address)
			_ = s.Close()
		}
	}
	s := started(t, Config{})
	services := []string{s.URL() + "/control/people", s.URL() + "/", setting(t, s, "SLACK_API_URL") + "auth.test", setting(t, s, "GRAPH_BASE_URL") + "/users", setting(t, s, "EXCHANGE_BASE_URL") + "/adminapi"}
	for _, u := range services {
		for host, refused := range map[string]bool{"evil.example": true, "evil.example:8080": true, "127.0.0.1.evil.example": true, "10.0.0.1": true, "localhost:1234": false, "[::1]:99": false, "127.0.0.1": false} {
			if got := statusWithHost(t.Context(), t, u, host); (got == http.StatusForbidden) != refused {
				t.Errorf("%s with Host %s: status %d, refused should be %v", u, host, got, refused)
			}
		}
	}
}

func statusWithHost(ctx context.Context, t *testing.T, u, host string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}
