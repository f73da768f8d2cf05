package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"modernc.org/sqlite"

	"mailback/internal/fault"
	"mailback/internal/racetest"
	"mailback/internal/sandbox"
)

// crashDir names the folder in which a bot finds at which commit it is to die, and writes how many it made.
const crashDir = "MAILBACK_TEST_CRASH"

// dieAtCommit has this process killed in the commit with the number that stands in the folder's file "die", once: the file goes first.
// The number of commits so far stands in "commits". SQLite calls the hook right before it commits, so the commit is lost.
func dieAtCommit(dir string) {
	if dir == "" {
		return
	}
	die := -1
	if text, err := os.ReadFile(filepath.Join(dir, "die")); err == nil {
		die, _ = strconv.Atoi(string(text))
		_ = os.Remove(filepath.Join(dir, "die"))
	}
	var made atomic.Int64
	sqlite.RegisterConnectionHook(func(conn sqlite.ExecQuerierContext, _ string) error {
		hooks, ok := conn.(sqlite.HookRegisterer)
		if !ok {
			return errors.New("this driver has no commit hooks")
		}
		hooks.RegisterCommitHook(func() int32 {
			n := made.Add(1)
			_ = os.WriteFile(filepath.Join(dir, "commits"), []byte(strconv.FormatInt(n, 10)), 0o600)
			if n == int64(die) {
				_ = os.WriteFile(filepath.Join(dir, "died"), nil, 0o600)
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
				select {}
			}
			return 0
		})
		return nil
	})
}

// crash is one place at which the bot is killed.
type crash struct {
	at    string // "commit", "commit before", "commit after", "call before" or "call after"
	n     int    // which one
	sight string // what it was, for the table
}

// crashed plays a plot in which the bot is killed at one place and started again, and says what is not as it should be, and whether the
// place was met.
func crashed(t *testing.T, db database, replicas int, p plot, c crash) (met bool) {
	t.Helper()
	dir := t.TempDir()
	died := func() bool { return exists(filepath.Join(dir, "died")) }
	if c.at == "commit" {
		if err := os.WriteFile(filepath.Join(dir, "die"), []byte(strconv.Itoa(c.n)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := startStage(t, db, sandbox.Config{Replicas: replicas, NoRateLimits: true}, map[string]string{crashDir: dir})
	if err != nil && died() { // in its first start, on the way to being ready
		s, err = startStage(t, db, sandbox.Config{Replicas: replicas, NoRateLimits: true}, map[string]string{crashDir: dir})
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, s.log.String())
	}
	defer s.close(t)
	before, err := s.client.Tenant(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case strings.HasPrefix(c.at, "call"):
		died = s.killAtCall(c)
	case c.at != "commit":
		died = s.killAtCommit(db, c)
	}
	stop := s.supervise()
	defer stop()
	if err := s.play(t.Context(), p); err != nil {
		t.Errorf("%s: %v", c, err)
	}
	for _, what := range s.comesRight(t.Context(), p, before) { // the last edits stand in line for Slack's rate
		t.Errorf("%s: %s", c, what)
	}
	return died()
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

func (c crash) String() string { return fmt.Sprintf("killed at %s %d (%s)", c.at, c.n, c.sight) }

// killAtCall kills a bot at its n-th call from now: before the call has an effect, or after it had, but before its answer.
func (s *stage) killAtCall(c crash) (died func() bool) {
	var n atomic.Int64
	var dead atomic.Bool
	s.Desk().Watch(func(m fault.Moment) {
		if m.Served == (c.at == "call after") && n.Add(1) == int64(c.n) {
			err := s.client.SignalReplica(context.Background(), 1+c.n%s.replicas, "kill") // which one made it cannot be told
			dead.Store(err == nil)
		}
	})
	return dead.Load
}

// killAtCommit kills a bot at the n-th COMMIT that its wire carries: before it is sent, or when it is done, but before its answer.
func (s *stage) killAtCommit(db database, c crash) (died func() bool) {
	var n atomic.Int64
	var dead atomic.Bool
	for i, w := range db.wires {
		told := func(done bool) bool {
			if done != (c.at == "commit after") || n.Add(1) != int64(c.n) {
				return false
			}
			err := s.client.SignalReplica(context.Background(), i+1, "kill")
			dead.Store(err == nil)
			return true
		}
		w.commit.Store(&told)
	}
	return dead.Load
}

// supervise starts every bot again that is gone, as an operator's system does.
func (s *stage) supervise() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var watched sync.WaitGroup
	for n := 1; n <= s.replicas; n++ {
		watched.Go(func() {
			for ctx.Err() == nil {
				_ = s.client.SignalReplica(ctx, n, "start") // refused while it runs
				select {
				case <-time.After(200 * time.Millisecond):
				case <-ctx.Done():
				}
			}
		})
	}
	return func() { cancel(); watched.Wait() }
}

// places plays a plot without a crash and gives all places at which it could have been.
func places(t *testing.T, db database, replicas int, p plot) []crash {
	t.Helper()
	dir := t.TempDir()
	s := setStage(t, db, replicas, map[string]string{crashDir: dir})
	defer s.close(t)
	before, err := s.client.Tenant(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var carried atomic.Int64
	for _, w := range db.wires {
		told := func(done bool) bool {
			if done {
				carried.Add(1)
			}
			return false
		}
		w.commit.Store(&told)
	}
	var mu sync.Mutex
	var calls []string
	s.Desk().Watch(func(m fault.Moment) {
		if !m.Served {
			mu.Lock()
			defer mu.Unlock()
			calls = append(calls, m.Service+" "+m.Method+" "+strings.SplitN(m.Path, "?", 2)[0])
		}
	})
	if err := s.play(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	for _, what := range s.comesRight(t.Context(), p, before) {
		t.Error(what)
	}
	var all []crash
	text, _ := os.ReadFile(filepath.Join(dir, "commits")) // there is none of PostgreSQL
	commits, _ := strconv.Atoi(string(text))
	for n := range commits {
		all = append(all, crash{"commit", n + 1, ""})
	}
	mu.Lock()
	defer mu.Unlock()
	for n := range carried.Load() {
		all = append(all, crash{"commit before", int(n) + 1, ""}, crash{"commit after", int(n) + 1, ""})
	}
	for n, call := range calls {
		all = append(all, crash{"call before", n + 1, call}, crash{"call after", n + 1, call})
	}
	return all
}

// TestKilledAtEveryPlace kills the bot at places of each plot: a few in the short form, all of them in the long one. It prints a table of
// what it tried.
func TestKilledAtEveryPlace(t *testing.T) {
	racetest.Leave(t)
	if testing.Short() {
		t.Skip("each place starts a bot")
	}
	type form struct {
		name     string
		database func(*testing.T) database
		replicas int
	}
	var all []cell
	for _, f := range []form{{"sqlite", sqliteDatabase, 1}, {"postgres", postgresDatabase(1), 1}, {"three replicas", postgresDatabase(3), 3}} {
		for i, p := range plots() {
			if !long() && (i > 0 || f.name == "postgres") {
				continue
			}
			found := places(t, f.database(t), f.replicas, p)
			if !long() {
				found = spread(found, 4)
			}
			for _, c := range found {
				name := fmt.Sprintf("%s/%s/%s %d", f.name, p.name, c.at, c.n)
				all = append(all, cell{name, f.name, c.at, func(t *testing.T) bool { return crashed(t, f.database(t), f.replicas, p, c) }})
			}
		}
	}
	tryAll(t, "killed", all)
}
