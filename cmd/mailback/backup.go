package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"mailback/recovery"
	"mailback/recovery/store"
)

const backupUsage = `usage: mailback backup FILE

Copies the SQLite database of MAILBACK_DATABASE_URL into a new file, while mailback serve runs.
`

// backup is the subcommand that backs a SQLite database up.
func backup(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("backup", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	if err := flags.Parse(args); err != nil {
		fmt.Fprint(stderr, backupUsage)
		return flagError(err)
	}
	if flags.NArg() != 1 {
		return errUsage{"backup takes the name of a new file"}
	}
	url, err := databaseURL()
	if err != nil {
		return err
	}
	if err := store.Backup(ctx, url, flags.Arg(0)); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%s has the whole database. It names people: keep it as safe as the database itself.\n", flags.Arg(0))
	return nil
}

// backupRestored is the subcommand that is run once after the database was restored from a backup, before serve is started again.
func backupRestored(ctx context.Context, args []string, w io.Writer) (err error) {
	if len(args) > 0 {
		return errUsage{fmt.Sprintf("backup-restored takes no argument, and got %q", args[0])}
	}
	url, err := databaseURL()
	if err != nil {
		return err
	}
	found, err := store.Inspect(ctx, url)
	switch {
	case err != nil:
		return err
	case found.Schema == 0:
		return fmt.Errorf("%s has no tables of Mailback's: put the backup in its place first, or name the right one in MAILBACK_DATABASE_URL", found.Place)
	}
	none := func(recovery.Request, recovery.Event) ([]recovery.Message, error) { return nil, nil } // nothing happens here that people are told of
	db, err := store.Open(ctx, store.Config{URL: url, Render: none, Now: time.Now})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	cards, next, err := db.Refresh(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%d cards will be shown anew once serve is started.\n", cards)
	if next > 0 {
		fmt.Fprintf(w, "New requests begin with R-%d, so that no number is given twice.\n", next)
	}
	fmt.Fprintln(w, "What happened after the backup is not known any more: the approval channel has it, and in Microsoft 365 it stays as it was done.")
	return nil
}
