package main

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// settingLine is a setting in .env.example: with a default, as a comment, or without one, to be filled in.
var settingLine = regexp.MustCompile(`^(#?)([A-Z][A-Z0-9_]*)=(.*)$`)

// TestEnvExample: the file names every setting once, with its default, and no other; what the start needs stands there uncommented.
func TestEnvExample(t *testing.T) {
	b, err := os.ReadFile("../../.env.example")
	if err != nil {
		t.Fatal(err)
	}
	required := []string{"SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "AZURE_TENANT_ID", "AZURE_CLIENT_ID", "MAILBACK_APPROVERS", "MAILBACK_APPROVAL_CHANNEL"}
	given := map[string]string{}
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSuffix(line, "\n")
		m := settingLine.FindStringSubmatch(line)
		if m == nil {
			if line != "" && !strings.HasPrefix(line, "# ") {
				t.Errorf("%q is neither a setting nor a comment", line)
			}
			continue
		}
		if _, twice := given[m[2]]; twice {
			t.Errorf("%s is there twice", m[2])
		}
		given[m[2]] = m[3]
		if isRequired := slices.Contains(required, m[2]); isRequired != (m[1] == "") {
			t.Errorf("%q: what is required, and that alone, has no # before it", line)
		}
	}
	for f := range reflect.TypeFor[settings]().Fields() {
		name := f.Tag.Get("envconfig")
		value, ok := given[name]
		if want := f.Tag.Get("default"); !ok || value != want {
			t.Errorf("%s=%s (there: %v), and its default is %q", name, value, ok, want)
		}
		delete(given, name)
	}
	for name := range given {
		t.Errorf("%s is no setting", name)
	}
	for _, name := range required {
		t.Setenv(name, "")
	}
	_, err = readSettings()
	for _, name := range required {
		if err == nil || !strings.Contains(err.Error(), name+":") {
			t.Errorf("%s is said to be required, and the start does not ask for it: %v", name, err)
		}
	}
}

// TestReadmeHasEverySetting: the table of settings and the settings are the same.
func TestReadmeHasEverySetting(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(b), "\n## Settings\n")
	if !ok {
		t.Fatal("README.md has no section Settings")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	told := map[string]bool{}
	for line := range strings.Lines(section) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 {
			continue
		}
		for _, name := range regexp.MustCompile("`([A-Z][A-Z0-9_]+)`").FindAllStringSubmatch(cells[1], -1) {
			told[name[1]] = true
		}
	}
	for f := range reflect.TypeFor[settings]().Fields() {
		name := f.Tag.Get("envconfig")
		if !told[name] {
			t.Errorf("README.md does not tell of %s", name)
		}
		delete(told, name)
	}
	for name := range told {
		t.Errorf("README.md tells of %s, which is no setting", name)
	}
}
