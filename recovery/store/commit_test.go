package store

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mailback/recovery"
	"mailback/recovery/store/pgtest"
)

// What a wire does to the next COMMIT.
const (
	passes int32 = iota
	answerLost
	neverSent
	answerHangs
)

// wire stands between a store and PostgreSQL.
type wire struct {
	t      *testing.T
	server string // its socket
	fate   atomic.Int32
	ends   sync.WaitGroup
}

// newWire gives a wire to the server of a URL, and the URL that goes through it.
func newWire(t *testing.T, url string) (*wire, string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "wire") // short: the path of a socket has 107 bytes at most
	if err != nil {
		t.Fatal(err)
	}
	name, host, _ := strings.Cut(url, "?host=")
	w := &wire{t: t, server: filepath.Join(host, ".s.PGSQL.5432")}
	l, err := net.Listen("unix", filepath.Join(dir, ".s.PGSQL.5432"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = l.Close()
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
	return w, name + "?host=" + dir
}

// carry joins one connection to the server, until either side ends.
func (w *wire) carry(client net.Conn) {
	server, err := net.Dial("unix", w.server)
	if err != nil {
		w.t.Errorf("no server behind the wire: %v", err)
		_ = client.Close()
		return
	}
	var deaf atomic.Bool
	said := make(chan bool, 1)
	w.ends.Go(func() {
		defer client.Close()
		for b := make([]byte, 64<<10); ; {
			n, err := server.Read(b)
			if err != nil {
				return
			}
			if deaf.Load() {
				said <- true
				return
			}
			if _, err := client.Write(b[:n]); err != nil {
				return
			}
		}
	})
	defer server.Close()
	for b := make([]byte, 64<<10); ; {
		n, err := client.Read(b)
		if err != nil {
			return
		}
		fate := passes
		if bytes.Contains(b[:n], []byte("commit\x00")) {
			fate = w.fate.Swap(passes)
		}
		if fate == neverSent {
			_ = client.Close()
			return
		}
		deaf.Store(fate != passes)
		if _, err := server.Write(b[:n]); err != nil || fate == answerLost && <-said {
			return
		}
	}
}

// TestCommitThatNobodyKnowsOf: the connection ends, or the time is up, between a COMMIT and its answer.
func TestCommitThatNobodyKnowsOf(t *testing.T) {
	t.Parallel()
	u := &setup{t: t, clock: &clock{}}
	var w *wire
	w, u.url = newWire(t, pgtest.Database(t))
	s := u.open()
	create := func(in recovery.Request, fate int32) (recovery.Request, bool, error) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		if fate == answerHangs {
			ctx, cancel = context.WithTimeout(t.Context(), 500*time.Millisecond)
		}
		defer cancel()
		w.fate.Store(fate)
		return s.Create(ctx, in, recovery.Event{Kind: recovery.EventAsked})
	}
	for _, fate := range []int32{answerLost, answerHangs} {
		in := ask("U1")
		r, isNew, err := create(in, fate)
		if err != nil || !isNew || r.ID == 0 || r.UUID != in.UUID || r.Version != 1 {
			t.Fatalf("fate %d: committed, and told %+v, new %v, %v", fate, r, isNew, err)
		}
		if again, isNew, err := create(in, passes); err != nil || isNew || again.ID != r.ID {
			t.Errorf("fate %d: asked again: R-%d, new %v, %v; want R-%d", fate, again.ID, isNew, err, r.ID)
		}
	}
	in := ask("U1")
	_, _, err := create(in, neverSent)
	if !errors.Is(err, recovery.ErrUnsure) || recovery.KindOf(err) != recovery.Unavailable {
		t.Errorf("lost before it was sent: %v", err)
	}
	r, isNew, err := create(in, passes)
	if err != nil || !isNew {
		t.Fatalf("asked again: new %v, %v", isNew, err)
	}
	w.fate.Store(answerLost)
	_, err = s.Update(t.Context(), r.ID, become(recovery.Confirming, recovery.EventPlanned))
	if !errors.Is(err, recovery.ErrUnsure) || recovery.KindOf(err) != recovery.Unavailable {
		t.Errorf("an update: %v", err)
	}
	if now, err := s.Request(t.Context(), r.ID); err != nil || now.State != recovery.Confirming {
		t.Errorf("after the update: %s, %v", now.State, err)
	}
}

// TestWhatTheDatabaseRefusesIsSure: then nothing was recorded, and whoever asked may be told so.
func TestWhatTheDatabaseRefusesIsSure(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		over, cancel := context.WithCancel(t.Context())
		err := s.db.once(over, func(txn) error { cancel(); return nil })
		if err == nil || errors.Is(err, recovery.ErrUnsure) {
			t.Errorf("the time was up before the commit: %v", err)
		}
		u.create(s, "U1")
		if _, err := s.Update(t.Context(), 1, func(*recovery.Request) (recovery.Event, error) {
			return recovery.Event{}, errors.New("no")
		}); err == nil || errors.Is(err, recovery.ErrUnsure) {
			t.Errorf("a closure that says no: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.Create(t.Context(), ask("U1"), recovery.Event{Kind: recovery.EventAsked}); err == nil || errors.Is(err, recovery.ErrUnsure) {
			t.Errorf("without a database: %v", err)
		}
	})
}
