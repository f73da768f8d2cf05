package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"time"

	"mailback/bot"
	"mailback/commands"
	"mailback/recovery"
)

const relinkUsage = `usage: mailback relink SLACK-USER-ID

Checks again which Microsoft account somebody in Slack has. Mailback knows people by the account that their confirmed address first led
to, and says so where the address leads to another one since. What counts now is what Slack and Microsoft Entra say now; the approvers are told
in their channel. It needs the settings of serve. With SQLite, stop serve first; with PostgreSQL it may run.
`

var slackUser = regexp.MustCompile(`^[UW][A-Z0-9]{2,}$`)

// relink is the subcommand that has somebody proven anew.
func relink(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("relink", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	if err := flags.Parse(args); err != nil {
		fmt.Fprint(stderr, relinkUsage)
		return flagError(err)
	}
	if flags.NArg() != 1 || !slackUser.MatchString(flags.Arg(0)) {
		return errUsage{"relink takes one Slack user id, such as U0123456789"}
	}
	s, err := readSettings()
	if err != nil {
		return err
	}
	done, err := proveAnew(ctx, s, flags.Arg(0))
	if err != nil {
		return unrelinked(done, err)
	}
	said := relinked(done)
	if !done.Changed() {
		return errors.New(said)
	}
	_, err = fmt.Fprintln(stdout, said)
	return err
}

// unrelinked says what an error left behind. One that came after the proof may have come after the change too.
func unrelinked(l recovery.Relinked, err error) error {
	if l.Changed() {
		return fmt.Errorf("whether the change was kept is not known: %s. Run it again: it says by which account %s is known", plainly(err), l.UserID)
	}
	return fmt.Errorf("nothing was changed: %s", plainly(err))
}

// proveAnew wires what the proof needs of serve's parts, and has it made.
func proveAnew(ctx context.Context, s settings, user string) (done recovery.Relinked, err error) {
	quiet := slog.New(slog.DiscardHandler)
	direct, err := s.transport()
	if err != nil {
		return done, err
	}
	defer direct.CloseIdleConnections()
	slackBot, err := bot.New(bot.Config{
		BotToken: s.SlackBotToken, AppToken: s.SlackAppToken, APIURL: s.SlackAPIURL, Now: time.Now, Logger: quiet,
		HTTPClient: &http.Client{Transport: direct, Timeout: 15 * time.Second}, Sorry: commands.Sorry(s.Locale),
	})
	if err != nil {
		return done, err
	}
	credential, err := s.credential(direct)
	if err != nil {
		return done, err
	}
	identity, err := slackBot.SignIn(ctx)
	if err != nil {
		return done, err
	}
	db, err := s.open(ctx, time.Now, quiet, nil)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	service, _, err := s.service(credential, direct, identity.TeamID, db, slackBot, time.Now, quiet)
	if err != nil {
		return done, err
	}
	return service.Relink(ctx, recovery.Actor{TeamID: identity.TeamID, UserID: user})
}

// relinked says what came of it.
func relinked(l recovery.Relinked) string {
	switch {
	case l.Was == "":
		return fmt.Sprintf("nothing was changed: Mailback has not had to know yet who %s is, and proves it when it has to", l.UserID)
	case l.Is == "":
		return fmt.Sprintf("nothing was changed: nothing proves which account %s has now. In Slack it has to be a full member with a confirmed address, "+
			"and in Microsoft Entra just one live user, a member who may sign in, has to have that address", l.UserID)
	case l.Is == l.Was:
		return fmt.Sprintf("nothing was changed: %s has the account that Mailback knows, %s", l.UserID, l.Was)
	default:
		return fmt.Sprintf("%s is known by %s from now on, no longer by %s. The approvers are told once serve runs.", l.UserID, l.Is, l.Was)
	}
}
