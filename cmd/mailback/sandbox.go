package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"syscall"

	"mailback/internal/sandbox"
)

const sandboxUsage = `usage: mailback sandbox [flags]

Runs Mailback on this machine against stand-ins for Slack and Microsoft 365, with a page to try it on. It needs no account and
no setting.

`

// sandboxFlags are the flags of mailback sandbox.
type sandboxFlags struct {
	listen       string
	users        int
	play         playFlag
	servicesOnly bool
	envFile      string
	verbose      bool
}

// playFlag is --play or --play=CASE.
type playFlag struct {
	on   bool
	name string
}

// String gives the case.
func (p *playFlag) String() string { return p.name }

// Set takes a case; the flag without one comes as "true".
func (p *playFlag) Set(s string) error {
	if s == "true" {
		s = ""
	}
	p.on, p.name = true, s
	return nil
}

// IsBoolFlag tells package flag that the value may be left out.
func (p *playFlag) IsBoolFlag() bool { return true }

func parseSandbox(args []string, stderr io.Writer) (sandboxFlags, error) {
	var f sandboxFlags
	flags := flag.NewFlagSet("sandbox", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // main prints what is wrong
	flags.Usage = func() {
		fmt.Fprint(stderr, sandboxUsage)
		flags.SetOutput(stderr)
		flags.PrintDefaults()
	}
	flags.StringVar(&f.listen, "listen", "127.0.0.1:8080", "the `address` of the page and the control API, on this machine alone; with --play a free port unless it is given")
	flags.IntVar(&f.users, "users", 0, "how many users, a `number`, to add to the tenant; a twentieth of them are deleted, and there are seats for all")
	flags.Var(&f.play, "play", "play a `case` and end: license, user, shared, softdeleted, items, inactive, refused or all; without one the first three")
	flags.BoolVar(&f.servicesOnly, "services-only", false, "start no bot; write what a bot needs to run against the stand-ins into --env-file")
	flags.StringVar(&f.envFile, "env-file", "", "the `file` of --services-only; it is there once they listen, and as long as they do")
	flags.BoolVar(&f.verbose, "verbose", false, "show the bot's log")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return f, err
	} else if err != nil {
		return f, errUsage{err.Error()}
	}
	if flags.NArg() > 0 {
		return f, errUsage{fmt.Sprintf("sandbox takes no argument, and got %q; a case is written --play=CASE", flags.Arg(0))}
	}
	if f.play.on && !isSet(flags, "listen") {
		f.listen = "127.0.0.1:0"
	}
	return f, f.faults()
}

func isSet(flags *flag.FlagSet, name string) bool {
	set := false
	flags.Visit(func(f *flag.Flag) { set = set || f.Name == name })
	return set
}

func (f sandboxFlags) faults() error {
	switch {
	case f.users < 0:
		return errUsage{"--users cannot be negative"}
	case f.play.on && f.servicesOnly:
		return errUsage{"--play needs the bot, which --services-only leaves out: give one of them"}
	case f.servicesOnly && f.envFile == "":
		return errUsage{"--services-only needs --env-file"}
	case !f.servicesOnly && f.envFile != "":
		return errUsage{"--env-file goes with --services-only"}
	}
	return nil
}

// runSandbox is the subcommand that runs the sandbox until ctx ends, or until the play is over.
func runSandbox(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	f, err := parseSandbox(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	cases, err := sandbox.Cases(f.play.name)
	if err != nil {
		return errUsage{err.Error()}
	}
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	cfg, err := f.config(stderr, fail)
	if err != nil {
		return err
	}
	s, err := sandbox.Start(ctx, cfg)
	if err != nil {
		if ctx.Err() != nil {
			return nil // told to end before it had begun
		}
		if errors.Is(err, syscall.EADDRINUSE) {
			return fmt.Errorf("another program has %s; --listen 127.0.0.1:0 takes any free port", f.listen)
		}
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	switch {
	case f.play.on:
		return sandbox.Play(ctx, s.URL(), cases, stdout)
	case f.servicesOnly:
		return offerServices(ctx, s, f.envFile, stdout)
	}
	fmt.Fprintf(stdout, "The sandbox is ready: %s/\nIts people, tenant and switches are on that page. Ctrl-C ends it.\n", s.URL())
	<-ctx.Done()
	return nil
}

// config is the sandbox that the flags ask for. A bot that ends by itself fails a play, and is told otherwise.
func (f sandboxFlags) config(stderr io.Writer, fail func(error)) (cfg sandbox.Config, err error) {
	cfg = sandbox.Config{Listen: f.listen, Users: f.users}
	if f.verbose {
		cfg.BotLog = stderr
	}
	if f.servicesOnly {
		return cfg, nil
	}
	cfg.BotEnded = func(err error) {
		fmt.Fprintf(stderr, "%v\nPOST /control/bot {\"signal\": \"start\"} starts it again.\n", err)
	}
	if f.play.on {
		cfg.BotEnded = fail
	}
	if cfg.Program, err = os.Executable(); err != nil {
		return cfg, fmt.Errorf("find this program: %w", err)
	}
	return cfg, nil
}

// offerServices writes the settings into the file, which is there until ctx ends.
func offerServices(ctx context.Context, s *sandbox.Sandbox, file string, stdout io.Writer) error {
	if err := s.WriteEnv(file); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "The stand-ins are ready: %s/\n%s has the settings for mailback serve; with --clock %s it follows /control/time.\n", s.URL(), file, s.ClockFile())
	<-ctx.Done()
	return s.RemoveEnv(file)
}
