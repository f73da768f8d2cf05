package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// exposure is the most that "systemd-analyze security" may find, in tenths: 10 is "OK", 100 "UNSAFE". What is left is the network.
const exposure = "11"

// directives are the unit's lines, by name, in order.
func directives(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for line := range strings.Lines(read(t, "mailback.service")) {
		if name, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "="); ok && !strings.HasPrefix(name, "#") {
			all[name] = append(all[name], value)
		}
	}
	return all
}

// TestUnit lets systemd read the unit, with a program that is there.
func TestUnit(t *testing.T) {
	t.Parallel()
	if got := directives(t)["ExecStart"]; len(got) != 1 || got[0] != "/usr/local/bin/mailback serve" {
		t.Fatalf("ExecStart=%q", got)
	}
	text := strings.Replace(read(t, "mailback.service"), "=/usr/local/bin/mailback serve\n", "=/bin/true\n", 1)
	file := filepath.Join(t.TempDir(), "mailback.service")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "systemd-analyze", "verify", "--man=no", file).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("systemd-analyze verify: %v (Debian's package systemd)\n%s", err, out)
	}
	out, err = exec.CommandContext(t.Context(), "systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold="+exposure, file).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "Overall exposure level for mailback.service") {
		t.Errorf("systemd-analyze security: %v\n%s", err, out)
	}
}

func TestUnitOfTheProgram(t *testing.T) {
	t.Parallel()
	all := directives(t)
	vars, credentials := map[string]string{}, map[string]bool{}
	for _, line := range all["LoadCredential"] {
		name, path, _ := strings.Cut(line, ":")
		credentials[name] = filepath.IsAbs(path)
	}
	for _, line := range all["Environment"] {
		name, value, _ := strings.Cut(line, "=")
		vars[name] = value
		if of, ok := strings.CutPrefix(value, "%d/"); ok && !credentials[of] {
			t.Errorf("%s: no LoadCredential gives %s", line, of)
		}
	}
	checkVariables(t, "mailback.service", vars)
	for _, name := range []string{"SLACK_BOT_TOKEN_FILE", "SLACK_APP_TOKEN_FILE", "AZURE_CLIENT_CERTIFICATE_PATH"} {
		if !strings.HasPrefix(vars[name], "%d/") {
			t.Errorf("%s=%s is no credential of systemd's", name, vars[name])
		}
	}
	stop, err := time.ParseDuration(strings.Join(all["TimeoutStopSec"], ""))
	if err != nil || stop <= stopTimeout(t) {
		t.Errorf("TimeoutStopSec=%v, %v: systemd kills what takes up to %v to stop", stop, err, stopTimeout(t))
	}
	for name, want := range map[string]string{
		"DynamicUser": "yes", "StateDirectory": "mailback", "WorkingDirectory": "%S/mailback", "ProtectSystem": "strict", "NoNewPrivileges": "yes",
		"CapabilityBoundingSet": "", "MemoryDenyWriteExecute": "yes", "Restart": "on-failure", "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
	} {
		if got := all[name]; len(got) != 1 || got[0] != want {
			t.Errorf("%s=%q, want %q", name, got, want)
		}
	}
	if filters := all["SystemCallFilter"]; len(filters) == 0 || filters[0] != "@system-service" {
		t.Errorf("SystemCallFilter=%q", filters)
	}
}
