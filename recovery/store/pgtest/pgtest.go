// Package pgtest gives tests a real PostgreSQL: a cluster of their own in a temporary directory, on a Unix socket, that is
// gone when the test binary ends, however it ends.
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }
//	func TestX(t *testing.T)    { url := pgtest.Database(t); … }
//
// A machine without PostgreSQL fails these tests: what has not been tested must not look as if it had.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// cluster is the one of this test binary, started by the first test that needs it.
type cluster struct {
	start sync.Once
	err   error
	dir   string
	stdin io.Closer // the server stops when it is closed
	done  chan struct{}
	count atomic.Int64
}

var shared cluster //nolint:gochecknoglobals // one server for all tests of a binary, as TestMain has no other way to share

// Main runs the tests and stops the server, if one was started.
func Main(m *testing.M) int {
	code := m.Run()
	if err := shared.stop(); err != nil {
		fmt.Fprintln(os.Stderr, "pgtest:", err)
		return max(code, 1)
	}
	return code
}

// Database creates an empty database for one test and gives its URL. It is dropped after the test.
func Database(t testing.TB) string {
	t.Helper()
	shared.start.Do(func() { shared.err = shared.run() })
	if shared.err != nil {
		t.Fatalf("no PostgreSQL for this test: %v", shared.err)
	}
	name := fmt.Sprintf("test%d", shared.count.Add(1))
	if err := shared.exec("CREATE DATABASE " + name); err != nil {
		t.Fatalf("create a database: %v", err)
	}
	t.Cleanup(func() {
		if err := shared.exec("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Errorf("drop the database: %v", err)
		}
	})
	return shared.url(name)
}

// Locked is Database for a user with a password, which change changes; without the right one, the server lets nobody in as that user.
func Locked(t testing.TB, password string) (url string, change func(password string)) {
	t.Helper()
	plain := Database(t)
	user := fmt.Sprintf("locked%d", shared.count.Add(1))
	database := plain[strings.LastIndex(plain, "/test")+1 : strings.Index(plain, "?")]
	do := func(query string) {
		t.Helper()
		if err := shared.exec(query); err != nil {
			t.Fatalf("%v", err)
		}
	}
	do(fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD '%s' IN ROLE locked", user, password))
	do(fmt.Sprintf("ALTER DATABASE %s OWNER TO %s", database, user))
	t.Cleanup(func() { // the database is dropped after it, and has to have an owner
		do(fmt.Sprintf("ALTER DATABASE %s OWNER TO postgres", database))
	})
	change = func(password string) {
		t.Helper()
		do(fmt.Sprintf("ALTER ROLE %s PASSWORD '%s'", user, password))
	}
	return strings.Replace(plain, "postgres@", user+":"+password+"@", 1), change
}

// Durable is Database on a server that from now on waits for the disk, as a real one does. Tests need not: their machine keeps its power.
func Durable(t testing.TB) string {
	t.Helper()
	url := Database(t)
	for _, query := range []string{"ALTER SYSTEM SET fsync = on", "SELECT pg_reload_conf()"} {
		if err := shared.exec(query); err != nil {
			t.Fatalf("let the server wait for the disk: %v", err)
		}
	}
	return url
}

func (c *cluster) url(database string) string {
	return "postgres://postgres@/" + database + "?host=" + c.dir
}

func (c *cluster) exec(query string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.url("postgres"))
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, query)
	return errors.Join(err, conn.Close(ctx))
}

// run makes a cluster and starts its server. PostgreSQL does not run as root, so for root another user does it.
func (c *cluster) run() error {
	bin, err := binaries()
	if err != nil {
		return err
	}
	if c.dir, err = os.MkdirTemp("", "pgtest"); err != nil {
		return err
	}
	data := filepath.Join(c.dir, "data")
	//nolint:gosec // found in the system's own directories
	initdb := exec.CommandContext(context.Background(), filepath.Join(bin, "initdb"),
		"-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	if err := asOther(initdb, c.dir); err != nil {
		return err
	}
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	if err := c.configure(filepath.Join(data, "postgresql.auto.conf"), "fsync = off\n"); err != nil {
		return err
	}
	if err := prepend(filepath.Join(data, "pg_hba.conf"), "local all +locked scram-sha-256\n"); err != nil {
		return err
	}
	if err := c.serve(filepath.Join(bin, "postgres"), data); err != nil {
		return err
	}
	return c.exec("CREATE ROLE locked") // whose members need a password: see Locked
}

// configure adds a line to a file of settings that ALTER SYSTEM may change.
func (*cluster) configure(file, line string) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_APPEND, 0) //nolint:gosec // in a directory of its own
	if err != nil {
		return err
	}
	_, err = f.WriteString(line)
	return errors.Join(err, f.Close())
}

// prepend puts a line before all others of a file.
func prepend(file, line string) error {
	b, err := os.ReadFile(file) //nolint:gosec // in a directory of its own
	if err != nil {
		return err
	}
	return os.WriteFile(file, append([]byte(line), b...), 0o600) //nolint:gosec // as above
}

// watch runs a server until its own input ends, which the system sees to when the test binary is killed.
const watch = `dir=$1; shift; "$@" >"$dir/log" 2>&1 & cat >/dev/null; kill -QUIT $!; wait; cd / && rm -rf "$dir"`

func (c *cluster) serve(postgres, data string) error {
	//nolint:gosec // the same
	server := exec.CommandContext(context.Background(), "/bin/sh", "-c", watch, "sh", c.dir, postgres, "-D", data, "-k", c.dir,
		"-c", "listen_addresses=", "-c", "max_connections=300")
	if err := asOther(server, c.dir); err != nil {
		return err
	}
	stdin, err := server.StdinPipe()
	if err != nil {
		return err
	}
	if err := server.Start(); err != nil {
		return err
	}
	c.stdin, c.done = stdin, make(chan struct{})
	go func() {
		_ = server.Wait() // its exit code tells that it was told to quit
		close(c.done)
	}()
	return c.ready()
}

// ready waits until the server answers.
func (c *cluster) ready() error {
	deadline := time.Now().Add(30 * time.Second)
	for {
		err := c.exec("SELECT 1")
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			log, _ := os.ReadFile(filepath.Join(c.dir, "log"))
			return fmt.Errorf("the server does not answer: %w: %s", err, log)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// stop ends the server, if there is one, and waits for it.
func (c *cluster) stop() error {
	if c.dir == "" {
		return nil
	}
	var err error
	if c.stdin != nil {
		err = c.stdin.Close()
		<-c.done
	}
	return errors.Join(err, os.RemoveAll(c.dir))
}

// Program gives the path of one of PostgreSQL's programs, such as pg_dump, of the version that the tests' server has.
func Program(name string) (string, error) {
	bin, err := binaries()
	return filepath.Join(bin, name), err
}

// binaries finds the directory of the newest PostgreSQL.
func binaries() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // Debian keeps them out of PATH
	if err != nil {
		return "", err
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		found = append(found, path)
	}
	if len(found) == 0 {
		return "", errors.New("initdb is neither in PATH nor below /usr/lib/postgresql: install the Debian package postgresql")
	}
	newest := slices.MaxFunc(found, func(a, b string) int {
		if len(a) != len(b) { // 9 before 15
			return len(a) - len(b)
		}
		return strings.Compare(a, b)
	})
	return filepath.Dir(newest), nil
}
