package main

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// wire stands between a bot and PostgreSQL, and breaks what it carries.
type wire struct {
	url    string // through the wire
	server string // socket of the server
	broken atomic.Value
	commit atomic.Pointer[func(sent bool) (cut bool)] // told of each COMMIT before it is sent, and when its answer has come

	mu   sync.Mutex
	open map[net.Conn]bool
	ends sync.WaitGroup
}

// The ways in which a wire breaks. Each holds until another is set.
const (
	wireWhole   = ""
	wireRefused = "refused" // no connection is taken, and those that are there end
	wireHang    = "hang"    // nothing is carried any more
	wireSlow    = "slow"    // each message takes a tenth of a second
	wireCut     = "cut"     // every answer ends in its middle
	wireLost    = "lost"    // what is asked is done, and the connection ends before the answer
)

// newWire gives a wire to the server of a URL.
func newWire(t *testing.T, url string) *wire {
	t.Helper()
	dir, err := os.MkdirTemp("", "wire") // short: the path of a socket has 107 bytes at most
	if err != nil {
		t.Fatal(err)
	}
	name, host, _ := strings.Cut(url, "?host=")
	w := &wire{url: name + "?host=" + dir, server: filepath.Join(host, ".s.PGSQL.5432"), open: map[net.Conn]bool{}}
	w.broken.Store(wireWhole)
	l, err := net.Listen("unix", filepath.Join(dir, ".s.PGSQL.5432"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = l.Close()
		w.endAll()
		w.ends.Wait()
		_ = os.RemoveAll(dir)
	})
	w.ends.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			w.ends.Go(func() { w.carry(c) })
		}
	})
	return w
}

// breaks has the wire broken in a way.
func (w *wire) breaks(how string) {
	w.broken.Store(how)
	if how == wireRefused {
		w.endAll()
	}
}

func (w *wire) is(how string) bool { return w.broken.Load() == how }

func (w *wire) endAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.open {
		_ = c.Close()
	}
}

// own notes a connection, so that it can be ended.
func (w *wire) own(c net.Conn) (disown func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open[c] = true
	return func() {
		_ = c.Close()
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.open, c)
	}
}

// carry joins one connection to the server, until either side ends.
func (w *wire) carry(client net.Conn) {
	defer w.own(client)()
	if w.is(wireRefused) {
		return
	}
	server, err := net.Dial("unix", w.server)
	if err != nil {
		return
	}
	defer w.own(server)()
	var committing atomic.Bool
	w.ends.Go(func() {
		defer client.Close()
		w.answers(client, server, &committing)
	})
	for b := make([]byte, 64<<10); ; {
		n, err := client.Read(b)
		if err != nil || !w.pass() {
			return
		}
		if told := w.commit.Load(); told != nil && bytes.Contains(b[:n], []byte("commit\x00")) {
			if (*told)(false) {
				return
			}
			committing.Store(true)
		}
		if _, err := server.Write(b[:n]); err != nil {
			return
		}
	}
}

// answers carries what the server says.
func (w *wire) answers(client, server net.Conn, committing *atomic.Bool) {
	for b := make([]byte, 64<<10); ; {
		n, err := server.Read(b)
		if err != nil || !w.pass() {
			return
		}
		if told := w.commit.Load(); committing.Swap(false) && told != nil && (*told)(true) {
			return
		}
		switch {
		case w.is(wireLost):
			return
		case w.is(wireCut):
			_, _ = client.Write(b[:n/2])
			return
		}
		if _, err := client.Write(b[:n]); err != nil {
			return
		}
	}
}

// pass waits as the wire is broken. It is false when the connection is to end.
func (w *wire) pass() bool {
	for w.is(wireHang) {
		time.Sleep(20 * time.Millisecond)
	}
	if w.is(wireSlow) {
		time.Sleep(100 * time.Millisecond)
	}
	return !w.is(wireRefused)
}
