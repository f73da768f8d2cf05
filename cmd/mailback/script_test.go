package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"mailback/internal/racetest"
	"mailback/recovery/store/pgtest"
)

// playsMailback makes the test binary be the mailback command, for the bots that tests start by themselves.
const playsMailback = "MAILBACK_TEST_BINARY"

// TestMain lets the test binary be the mailback command too, for the bots of the conversations.
func TestMain(m *testing.M) {
	if os.Getenv(playsMailback) != "" {
		dieAtCommit(os.Getenv(crashDir))
		main()
		return
	}
	testscript.Main(binary{m}, map[string]func(){"mailback": main})
}

// binary is this package's tests.
type binary struct{ tests *testing.M }

// Run runs them, and stops the PostgreSQL that a script may have started. Conversations wait most of the time, so as many are held at
// once as there are turns, also on fewer processors; -parallel says otherwise.
func (b binary) Run() int {
	if err := flag.Set("test.parallel", strconv.Itoa(max(atOnce(), runtime.GOMAXPROCS(0)))); err != nil {
		panic(err) // package testing has the flag
	}
	code := pgtest.Main(b.tests)
	for _, m := range misses {
		fmt.Fprintln(os.Stderr, "goal missed:", m)
		code = max(code, 1)
	}
	return code
}

// TestLongConversations holds the conversations about thousands of items, those of testdata/long.
func TestLongConversations(t *testing.T) {
	t.Parallel()
	racetest.Leave(t)
	holdConversations(t, "testdata/long/*.txtar")
}

// TestConversations holds the conversations of testdata/script, each with the unmodified bot in a sandbox of its own. They
// are the specification of what people see and of what happens to the tenant; README.md there explains how they are written. With
// the race detector those of the cases are held.
func TestConversations(t *testing.T) {
	t.Parallel()
	which := "*"
	if racetest.On {
		which = "case_*"
	}
	holdConversations(t, "testdata/script/"+which+".txtar")
}

// holdConversations holds those of which the files match a pattern.
func holdConversations(t *testing.T, pattern string) {
	t.Helper()
	if testing.Short() {
		t.Skip("each conversation starts a bot")
	}
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no conversations %s: %v", pattern, err)
	}
	turns := make(chan struct{}, atOnce())
	testscript.Run(t, testscript.Params{
		Files: files, RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Values[conversationKey{}] = &conversation{t: e.T().(testing.TB), turns: turns, patience: patience, persons: persons()}
			return nil
		},
		Cmds: words(),
	})
}

// atOnce is how many conversations are held at a time: two cores are enough for as many bots that mostly wait, and with the race detector
// for two, which it keeps busy.
func atOnce() int {
	if racetest.On {
		return 2
	}
	return 5
}
