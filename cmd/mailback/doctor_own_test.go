package main

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"
	_ "modernc.org/sqlite"             // driver "sqlite"

	"mailback/commands"
	"mailback/recovery/store"
	"mailback/recovery/store/pgtest"
)

const databaseURLName = "MAILBACK_DATABASE_URL"

// migrated makes the tables of the database that the environment names, as serve does, and runs statements in it.
func migrated(more ...string) func(*testing.T, map[string]string) {
	return func(t *testing.T, env map[string]string) {
		db, err := store.Open(t.Context(), store.Config{URL: env[databaseURLName], Render: commands.NewRenderer(commands.RendererConfig{})})
		must(t, err)
		must(t, db.Close())
		statements(t, env[databaseURLName], more...)
	}
}

func statements(t *testing.T, url string, all ...string) {
	t.Helper()
	driver, source := "pgx", url
	if file, ok := strings.CutPrefix(url, "sqlite:"); ok {
		driver, source = "sqlite", file
	}
	db, err := sql.Open(driver, source)
	must(t, err)
	for _, s := range all {
		_, err := db.ExecContext(context.WithoutCancel(t.Context()), s)
		must(t, err)
	}
	must(t, db.Close())
}

// postgres names an empty database of a server, before the rest of the setup.
func postgres(rest func(*testing.T, map[string]string)) func(*testing.T, map[string]string) {
	return func(t *testing.T, env map[string]string) {
		env[databaseURLName] = pgtest.Database(t)
		rest(t, env)
	}
}

// ownAilments are those of the machine that doctor runs on, and of the database.
func ownAilments() []ailment {
	const newer = "INSERT INTO mailback_migrations (version, applied_at) VALUES (999, 0)"
	nothing := func(*testing.T, map[string]string) {}
	database := func(says string) func(*testing.T, map[string]finding) {
		return func(t *testing.T, all map[string]finding) {
			if f := all["database"]; !strings.Contains(f.Text, says) {
				t.Errorf("the database: %+v, want %q", f, says)
			}
		}
	}
	read := func(t *testing.T, env map[string]string) {
		statements(t, env[databaseURLName], `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database()); END $$`)
	}
	return []ailment{
		{name: "sqlite that serve has used", setup: migrated(), also: database("can be written, and has schema")},
		{name: "postgres that serve has used", setup: postgres(migrated()), also: database("can be written, and has schema")},
		{name: "postgres that is empty", setup: postgres(nothing), also: database("no tables yet")},
		{name: "an older sqlite", setup: migrated("DELETE FROM mailback_migrations WHERE version > 3"), also: database("from schema 3 to")},
		{name: "a newer sqlite", setup: migrated(newer), want: []string{"failed database"}, fix: "install the newer Mailback", says: "schema 999"},
		{name: "a newer postgres", setup: postgres(migrated(newer)), want: []string{"failed database"}, fix: "install the newer Mailback", says: "schema 999"},
		{name: "a read-only postgres", setup: postgres(read), want: []string{"failed database"}, fix: "MAILBACK_DATABASE_URL", says: "is read-only"},
		{
			name: "somebody else's postgres", want: []string{"failed database"}, fix: "put right", says: "may not do all",
			setup: postgres(func(t *testing.T, env map[string]string) {
				user := "guest_" + strings.ToLower(rest(env[databaseURLName]))
				migrated("CREATE ROLE "+user+" LOGIN")(t, env)
				t.Cleanup(func() {
					statements(t, strings.Replace(env[databaseURLName], user+"@", "postgres@", 1), "DROP ROLE "+user)
				})
				env[databaseURLName] = strings.Replace(env[databaseURLName], "postgres@", user+"@", 1)
			}),
		},
		{
			name: "no postgres", env: map[string]string{databaseURLName: "postgres://me:hush-hush@127.0.0.1:1/mailback"}, want: []string{"failed database"}, says: "cannot be reached",
			also: func(t *testing.T, all map[string]finding) {
				if strings.Contains(all["database"].Text, "hush") {
					t.Error("it shows the password")
				}
			},
		},
		{
			name: "no such postgres", want: []string{"failed database"}, says: "does not exist",
			setup: postgres(func(_ *testing.T, env map[string]string) {
				env[databaseURLName] = strings.Replace(env[databaseURLName], "/test", "/nowhere", 1)
			}),
		},
		{name: "no folder", env: map[string]string{databaseURLName: "sqlite:/nowhere/mailback.db"}, want: []string{"failed database"}, says: "there is no directory /nowhere"},
		{
			name: "not a database", want: []string{"failed database"}, says: "is no SQLite database",
			setup: func(t *testing.T, env map[string]string) {
				must(t, os.WriteFile(strings.TrimPrefix(env[databaseURLName], "sqlite:"), []byte(strings.Repeat("a letter to somebody ", 100)), 0o600))
			},
		},
		{
			name: "a database that others can read", want: []string{"warning database.files"}, says: "chmod 600",
			setup: func(t *testing.T, env map[string]string) {
				migrated()(t, env)
				must(t, os.Chmod(strings.TrimPrefix(env[databaseURLName], "sqlite:"), 0o644))
			},
		},
		{name: "a clock that is late", ahead: -2 * time.Minute, want: []string{"warning clock"}, fix: "NTP", says: "behind that of"},
		{name: "a clock that is fast", ahead: 10 * time.Minute, want: []string{"failed clock"}, fix: "NTP", says: "ahead of that of"},
		{name: "no address to listen at", env: map[string]string{"MAILBACK_LISTEN": "9090"}, want: []string{"failed settings"}, says: `MAILBACK_LISTEN: an address with a port, such as 127.0.0.1:9090, not "9090"`},
		{name: "nowhere to listen", env: map[string]string{"MAILBACK_LISTEN": "192.0.2.1:9090"}, want: []string{"failed listen"}, fix: "MAILBACK_LISTEN"},
	}
}

// rest is the name of the database of a URL.
func rest(url string) string {
	name, _, _ := strings.Cut(url[strings.LastIndex(url, "@/")+2:], "?")
	return name
}

// TestDoctorMakesNoFiles: where a database is not there yet, doctor leaves nothing behind; nor does it beside one that is.
func TestDoctorMakesNoFiles(t *testing.T) {
	dir := t.TempDir()
	for _, setup := range []func(*testing.T, map[string]string){func(*testing.T, map[string]string) {}, migrated()} {
		var before string
		a := ailment{setup: func(t *testing.T, env map[string]string) {
			env[databaseURLName] = "sqlite:" + filepath.Join(dir, "mailback.db")
			setup(t, env)
			before = listing(t, dir)
		}}
		a.check(t, examined(t, a))
		if after := listing(t, dir); after != before {
			t.Errorf("the folder was\n%s\nand is\n%s", before, after)
		}
	}
}

// listing gives the files of a folder with their contents.
func listing(t *testing.T, dir string) string {
	t.Helper()
	files, err := os.ReadDir(dir)
	must(t, err)
	var all strings.Builder
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(dir, f.Name()))
		must(t, err)
		all.WriteString(f.Name() + " " + string(b) + "\n")
	}
	return all.String()
}
