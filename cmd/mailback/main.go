// Command mailback is the Slack bot that brings Microsoft 365 mailboxes back.
//
// It reads its settings from the environment (settings.go), wires the parts (serve.go) and runs them until it is told to
// stop; health.go and metrics.go answer who watches it. The other subcommands are in files of their names: doctor checks what
// serve needs, audit reads and erases the audit trail, relink has it proven anew who somebody is, backup-restored readies a
// database that came from a backup, and sandbox runs the same bot against stand-ins for Slack and Microsoft on this machine.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // people's time zones, where the machine has no database of them
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "mailback:", err)
		os.Exit(exitCode(err))
	}
}

// errUsage is an error of how mailback was called; it exits with 2.
type errUsage struct{ text string }

func (e errUsage) Error() string { return e.text }

func exitCode(err error) int {
	if _, ok := errors.AsType[errUsage](err); ok {
		return 2
	}
	return 1
}

const usage = `usage: mailback COMMAND

  serve      run the bot; its settings come from the environment (see README.md)
  doctor     check everything that serve needs, and change nothing
  audit      verify, export or erase the audit trail
  relink     check again which Microsoft account somebody in Slack has
  backup     copy a SQLite database into a file, while serve runs
  backup-restored
             ready a database that was restored from a backup, once, before serve is started again
  sandbox    try it on this machine, without any account
  version    print the version
  help       print this

"mailback COMMAND -h" tells a command's flags.
`

// command runs one subcommand.
func command(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		fmt.Fprint(stderr, usage)
		return errUsage{"say what to do"}
	}
	switch name, rest := args[0], args[1:]; name {
	case "version", "--version", "-version", "backup-restored":
		if isHelp(rest) { // they have no flags
			_, err := fmt.Fprint(stdout, usage)
			return err
		}
	case "help", "--help", "-h":
		if len(rest) > 0 && !isHelp(rest) {
			return command(ctx, append(rest, "-h"), stdout, stderr)
		}
	}
	switch name, rest := args[0], args[1:]; name {
	case "serve":
		return serve(ctx, rest, stderr)
	case "doctor":
		return doctor(ctx, rest, stdout, stderr)
	case "audit":
		return audit(ctx, rest, stdout, stderr)
	case "relink":
		return relink(ctx, rest, stdout, stderr)
	case "backup":
		return backup(ctx, rest, stdout, stderr)
	case "backup-restored":
		return backupRestored(ctx, rest, stdout)
	case "sandbox":
		return runSandbox(ctx, rest, stdout, stderr)
	case "version", "--version", "-version":
		if len(rest) > 0 {
			return errUsage{fmt.Sprintf("version takes no argument, and got %q", rest[0])}
		}
		return version(stdout)
	case "help", "--help", "-h":
		_, err := fmt.Fprint(stdout, usage)
		return err
	default:
		fmt.Fprint(stderr, usage)
		return errUsage{fmt.Sprintf("unknown command %q", name)}
	}
}
