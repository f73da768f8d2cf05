package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailback/recovery/store/pgtest"
)

// TestBackup: the copy is made beside a store that is at work, has what was committed, even if it stands in the journal alone, and nobody else reads it.
func TestBackup(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	u := &setup{t: t, url: "sqlite:" + filepath.Join(dir, "mail back?#%.db"), clock: &clock{}}
	s := u.open()
	r := u.create(s, "U1")
	file := filepath.Join(dir, "copy's.db")
	if err := os.WriteFile(file+".part", []byte("left by one that was killed"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Backup(t.Context(), u.url, file); err != nil {
		t.Fatal(err)
	}
	later := u.create(s, "U2")
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v, want -rw-------", info, err)
	}
	if _, err := os.Stat(file + ".part"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a part is left: %v", err)
	}
	if err := Backup(t.Context(), u.url, file); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("over a backup: %v", err)
	}
	copied := (&setup{t: t, url: "sqlite:" + file, clock: u.clock}).open()
	if again, err := copied.Request(t.Context(), r.ID); err != nil || again.Key != r.Key {
		t.Errorf("the copy has %+v, %v", again, err)
	}
	if again, err := copied.Request(t.Context(), later.ID); err == nil {
		t.Errorf("the copy has what came after it: %+v", again)
	}
}

func TestBackupIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := filepath.Join(dir, "text.db")
	if err := os.WriteFile(text, []byte(strings.Repeat("this is no database\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	for url, want := range map[string]string{
		pgtest.Database(t):                        "pg_dump",
		"sqlite:" + filepath.Join(dir, "none.db"): "cannot be read",
		"sqlite:" + text:                          "cannot be written",
	} {
		if err := Backup(t.Context(), url, filepath.Join(dir, "backup.db")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("of %s: %v, want %q", url, err, want)
		}
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*backup*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
}
