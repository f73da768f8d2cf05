package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"mailback/recovery/store"
	"mailback/recovery/store/pgtest"
)

// scriptDatabase is the bot's database, as somebody else gets in its way. Script by script it is a SQLite file, or a database of
// PostgreSQL at the other end of a line.
type scriptDatabase struct {
	url  string
	file string // SQLite
	lock *sql.Conn
	line *line // PostgreSQL
}

// openDatabase gives a script an empty database and its URL.
func openDatabase(ts *testscript.TestScript, c *conversation, postgres bool) (location string) {
	if !postgres {
		file := ts.MkAbs("mailback.db")
		c.database = scriptDatabase{url: "sqlite:" + file, file: file}
		return c.database.url
	}
	at, err := url.Parse(pgtest.Database(c.t))
	ts.Check(err)
	socket := filepath.Join(at.Query().Get("host"), ".s.PGSQL.5432")
	c.database.line, err = layLine(socket)
	ts.Check(err)
	ts.Defer(func() { ts.Check(c.database.line.close()) })
	c.database.url = fmt.Sprintf("postgres://postgres@%s%s?sslmode=disable", c.database.line.listener.Addr(), at.Path)
	return c.database.url
}

// save backs the database up while it is in use.
func (d *scriptDatabase) save(file string) error {
	if d.file == "" {
		return postgresProgram("pg_dump", "--format=custom", "--file="+file, d.url)
	}
	return store.Backup(context.Background(), d.url, file)
}

// lose takes away all that is in the database. No bot may be at work with it.
func (d *scriptDatabase) lose() error {
	if d.file == "" {
		return postgresProgram("psql", "--quiet", "--command=DROP SCHEMA public CASCADE; CREATE SCHEMA public", d.url)
	}
	return errors.Join(os.Remove(d.file), removeIfThere(d.file+"-wal"), removeIfThere(d.file+"-shm"))
}

// load restores a backup into the database, which is empty.
func (d *scriptDatabase) load(file string) error {
	if d.file == "" {
		return postgresProgram("pg_restore", "--clean", "--if-exists", "--exit-on-error", "--dbname="+d.url, file)
	}
	saved, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return os.WriteFile(d.file, saved, 0o600)
}

//go:embed testdata/first
var first embed.FS

// first fills the empty database with the first version's dump, which goes through a file.
func (d *scriptDatabase) first(file string) error {
	name := map[bool]string{true: "sqlite", false: "postgres"}[d.file != ""]
	packed, err := first.Open("testdata/first/" + name + ".sql.gz")
	if err != nil {
		return err
	}
	unpacked, err := gzip.NewReader(packed)
	if err != nil {
		return err
	}
	dump, err := io.ReadAll(unpacked)
	if err != nil {
		return err
	}
	dump = today(dump, unpacked.ModTime)
	if name == "postgres" {
		return errors.Join(os.WriteFile(file, dump, 0o600), postgresProgram("psql", "--quiet", "--set=ON_ERROR_STOP=1", "--file="+file, d.url))
	}
	db, err := sql.Open("sqlite", "file:"+d.file)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(context.Background(), string(dump))
	return errors.Join(err, db.Close())
}

// The times in a dump: in requests, and in columns in milliseconds.
var (
	stampInDump  = regexp.MustCompile(`\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)`)
	millisInDump = regexp.MustCompile(`\b1[789]\d{11}\b`)
)

// today moves the times of a dump by so much that it was made just now: requests wait, and Microsoft keeps what is deleted, for so long
// alone. Those of the audit trail stay, which would not hold otherwise.
func today(dump []byte, made time.Time) []byte {
	by := time.Since(made).Truncate(time.Second)
	var out bytes.Buffer
	events := false
	for line := range bytes.Lines(dump) {
		if bytes.HasPrefix(line, []byte("COPY ")) {
			events = bytes.HasPrefix(line, []byte("COPY public.events "))
		}
		if events || bytes.HasPrefix(line, []byte("INSERT INTO events ")) {
			out.Write(line)
		} else {
			out.Write(moved(line, by))
		}
	}
	return out.Bytes()
}

func moved(dump []byte, by time.Duration) []byte {
	dump = stampInDump.ReplaceAllFunc(dump, func(stamp []byte) []byte {
		at, err := time.Parse(time.RFC3339Nano, string(stamp))
		if err != nil {
			return stamp
		}
		return []byte(at.Add(by).Format(time.RFC3339Nano))
	})
	return millisInDump.ReplaceAllFunc(dump, func(millis []byte) []byte {
		n, err := strconv.ParseInt(string(millis), 10, 64)
		if err != nil {
			return millis
		}
		return strconv.AppendInt(nil, n+by.Milliseconds(), 10)
	})
}

func removeIfThere(path string) error {
	if err := os.Remove(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func postgresProgram(name string, args ...string) error {
	program, err := pgtest.Program(name)
	if err != nil {
		return err
	}
	if said, err := exec.CommandContext(context.Background(), program, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, said)
	}
	return nil
}

// disturb is "database locked|free" for SQLite, by another program, and "database gone|back" for PostgreSQL. "database save FILE", "database
// lost" and "database load FILE" back it up, lose it and restore it, as docs/operating.md does. "database first" fills it, empty, with what
// Mailback's first version left when it was killed: requests that were done, waited for people, and were at work.
func (c *conversation) disturb(ts *testscript.TestScript, _ bool, args []string) {
	d := &c.database
	if len(args) == 2 && (args[0] == "save" || args[0] == "load") {
		ts.Setenv("MAILBACK_DATABASE_URL", d.url)
		ts.Check(map[string]func(string) error{"save": d.save, "load": d.load}[args[0]](ts.MkAbs(args[1])))
		return
	}
	switch what := strings.Join(args, " "); {
	case what == "lost":
		ts.Check(d.lose())
	case what == "first":
		ts.Setenv("MAILBACK_DATABASE_URL", d.url)
		ts.Check(d.first(ts.MkAbs("first.sql")))
	case what == "locked" && d.file != "" && d.lock == nil:
		db, err := sql.Open("sqlite", "file:"+d.file)
		ts.Check(err)
		ts.Defer(func() { _ = db.Close() })
		d.lock, err = db.Conn(context.Background())
		ts.Check(err)
		c.await(ts, func() string { return "the database is never free to be locked" }, func(ctx context.Context) (bool, error) {
			_, err := d.lock.ExecContext(ctx, "BEGIN IMMEDIATE")
			return err == nil, nil
		})
	case what == "free" && d.lock != nil:
		_, err := d.lock.ExecContext(context.Background(), "ROLLBACK")
		ts.Check(errors.Join(err, d.lock.Close()))
		d.lock = nil
	case what == "gone" && d.line != nil:
		d.line.cut(true)
	case what == "back" && d.line != nil:
		d.line.cut(false)
	default:
		ts.Fatalf("usage: database locked|free|lost|first, database save|load FILE, or after sandbox --postgres database gone|back")
	}
}

// line leads from a port of the loopback to a Unix socket, and can be cut.
type line struct {
	listener net.Listener
	socket   string
	wait     sync.WaitGroup

	mu    sync.Mutex
	dead  bool
	conns []net.Conn
}

func layLine(socket string) (*line, error) {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	l := &line{listener: listener, socket: socket}
	l.wait.Go(l.serve)
	return l, nil
}

func (l *line) serve() {
	for {
		near, err := l.listener.Accept()
		if err != nil {
			return
		}
		far, err := (&net.Dialer{}).DialContext(context.Background(), "unix", l.socket)
		if err != nil || !l.hold(near, far) {
			_ = near.Close()
			continue
		}
		for from, to := range map[net.Conn]net.Conn{near: far, far: near} {
			l.wait.Go(func() {
				_, _ = io.Copy(to, from)
				_ = errors.Join(to.Close(), from.Close())
			})
		}
	}
}

// hold keeps both ends of a connection, unless the line is cut.
func (l *line) hold(near, far net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dead {
		_ = far.Close()
		return false
	}
	l.conns = append(l.conns, near, far)
	return true
}

// cut ends all connections and, until it is mended, new ones.
func (l *line) cut(dead bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dead = dead
	for _, c := range l.conns {
		_ = c.Close()
	}
	l.conns = nil
}

func (l *line) close() error {
	err := l.listener.Close()
	l.cut(true)
	l.wait.Wait()
	return err
}
