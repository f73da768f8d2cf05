package store

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestInspect looks at a database before it is made, once it has its tables, and beside a store that is at work.
func TestInspect(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		sqlite := strings.HasPrefix(u.url, "sqlite:")
		before, err := Inspect(t.Context(), u.url)
		if err != nil || before.Absent != sqlite || before.Schema != 0 || before.Newest == 0 || before.Exposed != "" {
			t.Errorf("before: %+v, %v", before, err)
		}
		u.create(u.open(), "U1")
		at, err := Inspect(t.Context(), u.url)
		if err != nil || at.Absent || at.Schema != at.Newest || at.Newest != before.Newest || at.Place == "" {
			t.Errorf("beside a store: %+v, %v", at, err)
		}
	})
}

func TestInspectRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	letter := filepath.Join(dir, "letter")
	if err := os.WriteFile(letter, []byte(strings.Repeat("to somebody ", 200)), 0o600); err != nil {
		t.Fatal(err)
	}
	for url, want := range map[string]string{
		"mysql:x":                            "it has to be sqlite:FILE or postgres://",
		"sqlite:":                            "names no file",
		"sqlite::memory:":                    "names no file",
		"sqlite:" + dir + "/no/db":           "there is no directory",
		"sqlite:" + letter:                   "is no SQLite database",
		"postgres://me:hush@127.0.0.1:1/x":   "cannot be reached",
		"postgres://me:hush@127.0.0.1:port/": "is not valid",
	} {
		if c, err := Inspect(t.Context(), url); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %+v, %v; want %q", url, c, err, want)
		}
	}
}
