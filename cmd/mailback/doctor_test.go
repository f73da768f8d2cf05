package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"mailback/internal/fault"
	"mailback/internal/sandbox"
)

// ailment is a case of TestDoctor: one thing that is wrong, and what doctor has to say of it.
type ailment struct {
	name  string
	env   map[string]string                    // settings beside those of the sandbox; one that is empty is not set
	setup func(*testing.T, map[string]string)  // makes what a setting names
	hurt  func(*testing.T, *sandbox.Sandbox)   // breaks something
	ahead time.Duration                        // of doctor's clock
	want  []string                             // "failed NAME" or "warning NAME" of each check that is not well
	fix   string                               // a part of the fix of each
	says  string                               // a part of the text of one of them, where the fix alone does not tell
	also  func(*testing.T, map[string]finding) // looks at the other findings
}

// diagnosis is what doctor said.
type diagnosis struct {
	findings []finding
	err      error
	text     string
}

// examined runs doctor in this process against a sandbox with one ailment.
func examined(t *testing.T, a ailment) diagnosis {
	t.Helper()
	s, err := sandbox.Start(t.Context(), sandbox.Config{NoDelays: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	env := map[string]string{
		"MAILBACK_DATABASE_URL": "sqlite:" + filepath.Join(t.TempDir(), "mailback.db"), "MAILBACK_LISTEN": "127.0.0.1:0",
	}
	for _, v := range s.Env() {
		env[v.Name] = v.Value
	}
	maps.Copy(env, a.env)
	if a.setup != nil {
		a.setup(t, env)
	}
	for name, value := range env {
		t.Setenv(name, value)
		if value == "" {
			if err := os.Unsetenv(name); err != nil {
				t.Fatal(err)
			}
		}
	}
	if a.hurt != nil {
		a.hurt(t, s)
	}
	before, writes := s.Microsoft().Tenant(), s.Microsoft().ExchangeWrites()
	var out bytes.Buffer
	now := func() time.Time { return time.Now().Add(a.ahead) }
	err = examine(t.Context(), examination{now: now, limit: 5 * time.Second, json: true}, &out)
	d := diagnosis{err: err, text: out.String()}
	if err := json.Unmarshal(out.Bytes(), &d.findings); err != nil {
		t.Fatalf("%v in\n%s", err, d.text)
	}
	changesNothing(t, s.Desk().Calls())
	if after := s.Microsoft().Tenant(); !reflect.DeepEqual(before, after) || s.Microsoft().ExchangeWrites() != writes {
		t.Error("the tenant is not as it was")
	}
	for _, name := range []string{"SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "AZURE_CLIENT_SECRET"} {
		if secret := env[name]; len(secret) > 5 && strings.Contains(d.text, secret) {
			t.Errorf("it shows %s", name)
		}
	}
	return d
}

// changesNothing holds that no call that was made writes.
func changesNothing(t *testing.T, calls []fault.Call) {
	t.Helper()
	reads := []string{
		`^slack POST /api/(auth\.test|apps\.connections\.open|conversations\.info|users\.info|usergroups\.list|usergroups\.users\.list)$`,
		`^login (GET /[^ ]*openid-configuration\??|POST /[^ ]*/oauth2/v2\.0/token)$`,
		`^graph GET `,
		`^exchange GET /adminapi/v1\.0/[^ ]*/EXOModuleFile`,
		`^exchange POST /adminapi/beta/[^ ]*/InvokeCommand`, // whether its cmdlet writes the stand-in counts
	}
	for _, c := range calls {
		call := c.Service + " " + c.Method + " " + c.Path
		if !slices.ContainsFunc(reads, func(r string) bool { return regexp.MustCompile(r).MatchString(call) }) {
			t.Errorf("doctor called %s", call)
		}
	}
}

// check holds what doctor said against what it has to say.
func (a ailment) check(t *testing.T, d diagnosis) {
	t.Helper()
	var got []string
	byName := map[string]finding{}
	anyFailed, said := false, a.says == ""
	for _, f := range d.findings {
		byName[f.Name] = f
		if f.Status != statusFail && f.Status != statusWarn {
			continue
		}
		anyFailed = anyFailed || f.Status == statusFail
		got = append(got, string(f.Status)+" "+f.Name)
		said = said || strings.Contains(f.Text, a.says)
		if f.Fix == "" || !strings.Contains(f.Fix, a.fix) {
			t.Errorf("the fix of %s is %q, want %q in it", f.Name, f.Fix, a.fix)
		}
	}
	slices.Sort(got)
	slices.Sort(a.want)
	if !slices.Equal(got, a.want) {
		t.Errorf("not well are %q, want %q, in\n%s", got, a.want, d.text)
	}
	if !said {
		t.Errorf("none of them says %q, in\n%s", a.says, d.text)
	}
	if (d.err != nil) != anyFailed {
		t.Errorf("doctor ended with %v", d.err)
	}
	if a.also != nil {
		a.also(t, byName)
	}
}

// TestDoctor breaks one thing at a time: doctor names that and nothing else, says what to do about it, and changes nothing.
func TestDoctor(t *testing.T) {
	for _, a := range slices.Concat(settingsAilments(), slackAilments(), peopleAilments(), entraAilments(), exchangeAilments(), ownAilments()) {
		t.Run(a.name, func(t *testing.T) { a.check(t, examined(t, a)) })
	}
}

// TestDoctorFindsNothing: all is well with what the sandbox gives to a bot that somebody else runs.
func TestDoctorFindsNothing(t *testing.T) {
	a := ailment{also: func(t *testing.T, all map[string]finding) {
		for name, want := range map[string]status{
			"settings": statusOK, "slack": statusOK, "slack.bot-token": statusOK, "slack.scopes": statusOK, "slack.app-token": statusOK,
			"slack.socket-mode": statusOK, "slack.app-settings": statusNote, "slack.channel": statusOK, "slack.approvers": statusOK,
			"slack.group-editors": statusNote, "entra.sign-in": statusOK, "entra.roles": statusOK, "graph": statusOK,
			"tenant.licences": statusNote, "tenant.synchronisation": statusNote, "tenant.delicensing": statusNote, "exchange": statusOK,
			"exchange.cmdlets": statusOK, "database": statusNote, "listen": statusOK, "clock": statusOK,
		} {
			f, there := all[name]
			if !there || f.Status != want || f.Text == "" {
				t.Errorf("%s is %+v, want %s", name, f, want)
			}
		}
		if text := all["tenant.licences"].Text; !regexp.MustCompile(`\bSPE_E3 \d+ of \d+`).MatchString(text) || strings.Contains(text, "M365_F1 ") {
			t.Errorf("the licences with a mailbox are told as %q", text)
		}
		if text := all["entra.sign-in"].Text; !strings.Contains(text, "cannot be read") {
			t.Errorf("of the secret's end it says %q", text)
		}
	}}
	a.check(t, examined(t, a))
}

// TestDoctorPrintsLines: each finding is one line, and the fix stands in it.
func TestDoctorPrintsLines(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	err := examination{}.print(&out, []finding{
		well("slack", "Slack answers"), failed("graph", "look\nat it.", "it says:\n  no"), warned("clock", "set it", "late"), note("listen", "free"),
	})
	want := "ok       slack: Slack answers\nfailed   graph: it says: no. Fix: look at it\nwarning  clock: late. Fix: set it\nnote     listen: free\n"
	if err != nil || out.String() != want {
		t.Errorf("%v\n%s", err, out.String())
	}
}

func TestDoctorIsAskedRight(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := doctor(t.Context(), []string{"now"}, &out, &out); exitCode(err) != 2 || err == nil {
		t.Errorf("with an argument: %v", err)
	}
	out.Reset()
	if err := doctor(t.Context(), []string{"--help"}, &out, &out); err != nil || !strings.HasPrefix(out.String(), "usage: mailback doctor") {
		t.Errorf("asked for help: %v, %s", err, out.String())
	}
}

// TestDoctorChecksWhatTheInstallPageLists compares the tables of scopes, app roles and cmdlets with those of docs/install.md.
func TestDoctorChecksWhatTheInstallPageLists(t *testing.T) {
	t.Parallel()
	var scopes, roles, cmdlets []string
	for _, s := range slackScopes() {
		scopes = append(scopes, s[0])
	}
	for _, r := range appRoles() {
		roles = append(roles, r.name)
	}
	for _, c := range cmdletNeeds() {
		cmdlets = append(cmdlets, c.name)
	}
	for head, got := range map[string][]string{"| scope | what for |": scopes, "| app role | what for |": roles, "| cmdlets | what for |": cmdlets} {
		want := installColumn(t, head)
		slices.Sort(got)
		if !slices.Equal(got, want) || len(want) < 5 {
			t.Errorf("%s\ndoctor checks   %q,\ndocs/install.md has %q", head, got, want)
		}
	}
	page := installText(t)
	for _, r := range appRoles() {
		if !strings.Contains(page, "| "+r.without+" |") {
			t.Errorf("docs/install.md does not say of any app role %q", r.without)
		}
	}
	for _, s := range slackScopes() {
		if !strings.Contains(page, "| "+s[1]+" |") {
			t.Errorf("docs/install.md does not say of any scope %q", s[1])
		}
	}
}

func installText(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../../docs/install.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// installColumn gives the words in code of a table's first column, sorted. "`New-`, `Get-X`" is short for New-X and Get-X.
func installColumn(t *testing.T, head string) []string {
	t.Helper()
	_, table, _ := strings.Cut(installText(t), head)
	table, _, _ = strings.Cut(table, "\n\n")
	var all []string
	for _, line := range strings.Split(table, "\n")[1:] {
		cell, _, _ := strings.Cut(strings.TrimPrefix(line, "| "), " |")
		var verb string
		for _, word := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cell, -1) {
			if strings.HasSuffix(word[1], "-") {
				verb = word[1]
				continue
			}
			if _, noun, ok := strings.Cut(word[1], "-"); ok && verb != "" {
				all = append(all, verb+noun)
				verb = ""
			}
			all = append(all, word[1])
		}
	}
	slices.Sort(all)
	return all
}
