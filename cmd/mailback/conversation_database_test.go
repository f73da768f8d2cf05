package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"

	"mailback/recovery/store/pgtest"
)

// scriptDatabase is the bot's database, as somebody else gets in its way. Script by script it is a SQLite file, or a database of
// PostgreSQL at the other end of a line.
type scriptDatabase struct {
	file string // SQLite
	lock *sql.Conn
	line *line // PostgreSQL
}

// openDatabase gives a script an empty database and its URL.
func openDatabase(ts *testscript.TestScript, c *conversation, postgres bool) (location string) {
	if !postgres {
		c.database = scriptDatabase{file: ts.MkAbs("mailback.db")}
		return "sqlite:" + c.database.file
	}
	at, err := url.Parse(pgtest.Database(c.t))
	ts.Check(err)
	socket := filepath.Join(at.Query().Get("host"), ".s.PGSQL.5432")
	c.database.line, err = layLine(socket)
	ts.Check(err)
	ts.Defer(func() { ts.Check(c.database.line.close()) })
	return fmt.Sprintf("postgres://postgres@%s%s?sslmode=disable", c.database.line.listener.Addr(), at.Path)
}

// disturb is "database locked|free" for SQLite, by another program, and "database gone|back" for PostgreSQL.
func (c *conversation) disturb(ts *testscript.TestScript, _ bool, args []string) {
	d := &c.database
	switch what := strings.Join(args, " "); {
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
		ts.Fatalf("usage: database locked|free, or after sandbox --postgres database gone|back")
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
