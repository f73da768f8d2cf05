package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"mailback/recovery/store"
)

func TestVersionLine(t *testing.T) {
	t.Parallel()
	setting := func(key, value string) debug.BuildSetting { return debug.BuildSetting{Key: key, Value: value} }
	for want, info := range map[string]*debug.BuildInfo{
		"mailback development (unknown commit, unknown Go, schema 7)": {},
		"mailback development (commit 0a1b2c, go1.26.8, schema 7)": {
			GoVersion: "go1.26.8", Settings: []debug.BuildSetting{setting("vcs", "git"), setting("vcs.revision", "0a1b2c"), setting("vcs.modified", "false")},
		},
		"mailback development (commit 0a1b2c with changes, go1.26.8, schema 7)": {
			GoVersion: "go1.26.8", Settings: []debug.BuildSetting{setting("vcs.revision", "0a1b2c"), setting("vcs.modified", "true")},
		},
	} {
		if got := versionLine(info, 7); got != want {
			t.Errorf("%s\nwant\n%s", got, want)
		}
	}
}

func TestVersionIsOfThisBuild(t *testing.T) {
	t.Parallel()
	schema, err := store.Schema()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := command(t.Context(), []string{"version"}, &out, &out); err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("%s, schema %d)\n", runtime.Version(), schema); !strings.HasSuffix(out.String(), want) {
		t.Errorf("%q, want %q at its end", out.String(), want)
	}
}
