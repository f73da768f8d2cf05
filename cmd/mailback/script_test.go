package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
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
	testscript.Main(withPostgres{m}, map[string]func(){"mailback": main})
}

// TestConversations holds the conversations of testdata/script, each with the unmodified bot in a sandbox of its own. They
// are the specification of what people see and of what happens to the tenant; README.md there explains how they are written.
func TestConversations(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("each conversation starts a bot")
	}
	turns := make(chan struct{}, atOnce)
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Values[conversationKey{}] = &conversation{t: e.T().(testing.TB), turns: turns, patience: patience, persons: persons()}
			return nil
		},
		Cmds: words(),
	})
}

// atOnce is how many bots run at a time.
const atOnce = 3
