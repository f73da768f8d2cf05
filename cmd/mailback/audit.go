package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"mailback/commands"
	"mailback/recovery"
	"mailback/recovery/store"
)

const auditUsage = `usage: mailback audit COMMAND

  verify [--expect R-12/17:HASH | --expect SEAL:HASH]...
             check that the audit trail is as it was written; a hash from Slack shows that the whole was not made anew
  export [--since 2026-11-01 | --since 30d] [--format jsonl|csv]
             print the events, request by request
  erase NAME...
             take one person out of all requests that have ended; NAME is a Slack user id, an Entra object id or an address

The database is that of MAILBACK_DATABASE_URL. All three work while mailback serve runs.
`

// audit is the subcommand for the audit trail.
func audit(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	if len(args) == 0 {
		fmt.Fprint(stderr, auditUsage)
		return errUsage{"say what to do with the audit trail"}
	}
	do, ok := map[string]func(context.Context, func() (*store.Trail, error), []string, io.Writer) error{
		"verify": auditVerify, "export": auditExport, "erase": auditErase,
	}[args[0]]
	if !ok {
		fmt.Fprint(stderr, auditUsage)
		return flagError(unlessHelp(args[0]))
	}
	if isHelp(args[1:]) {
		fmt.Fprint(stderr, auditUsage)
		return nil
	}
	open := func() (*store.Trail, error) {
		url, err := databaseURL()
		if err != nil {
			return nil, err
		}
		return store.OpenTrail(ctx, url, time.Now)
	}
	return do(ctx, open, args[1:], stdout)
}

func unlessHelp(word string) error {
	if slices.Contains([]string{"help", "-h", "--help"}, word) {
		return flag.ErrHelp
	}
	return fmt.Errorf("unknown command %q of the audit trail", word)
}

// databaseURL reads the one setting that the audit trail needs.
func databaseURL() (string, error) {
	const name = "MAILBACK_DATABASE_URL"
	var s settings
	for _, fault := range fileSecrets() {
		if strings.HasPrefix(fault.Error(), name) {
			return "", fault
		}
	}
	if err := s.read()[name]; err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	return s.DatabaseURL, nil
}

// auditVerify says whether the trail holds.
func auditVerify(ctx context.Context, open func() (*store.Trail, error), args []string, w io.Writer) (err error) {
	var anchors []store.Anchor
	flags := flag.NewFlagSet("audit verify", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Func("expect", "", func(s string) error {
		a, err := parseAnchor(s)
		anchors = append(anchors, a)
		return err
	})
	if err := parseAll(flags, args); err != nil {
		return err
	}
	trail, err := open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, trail.Close()) }()
	v, err := trail.Verify(ctx, anchors)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "The audit trail holds: %d events of %d requests, %d seals.\n", v.Events, v.Requests, v.Seals)
	if v.Erased > 0 {
		fmt.Fprintf(w, "%d fields that named people were erased, as the trail says.\n", v.Erased)
	}
	if len(anchors) > 0 {
		fmt.Fprintf(w, "It has all %d hashes that you gave.\n", len(anchors))
	}
	if v.Newest.N > 0 {
		fmt.Fprintf(w, "Newest seal, as it stands in the approval channel: %s\n", v.Newest.Anchor())
	}
	return nil
}

// parseAll parses flags that no argument may follow.
func parseAll(flags *flag.FlagSet, args []string) error {
	if err := flags.Parse(args); err != nil {
		return flagError(err)
	}
	if flags.NArg() > 0 {
		return errUsage{fmt.Sprintf("%s does not take %q", flags.Name(), flags.Arg(0))}
	}
	return nil
}

// parseAnchor reads R-12/17:HASH, or SEAL:HASH.
func parseAnchor(s string) (store.Anchor, error) {
	where, hash, ok := strings.Cut(strings.Trim(s, "` "), ":")
	var a store.Anchor
	wrong := fmt.Errorf("%q has not the form R-12/17:HASH or 4:HASH, as it stands in Slack", s)
	if !ok || len(hash) < 12 || strings.Trim(hash, "0123456789abcdef") != "" {
		return a, wrong
	}
	a.Hash = hash
	var err error
	if request, isRequest := strings.CutPrefix(where, "R-"); isRequest {
		id, seq, _ := strings.Cut(request, "/")
		a.Request, err = strconv.ParseInt(id, 10, 64)
		if err == nil {
			a.Seq, err = strconv.ParseInt(seq, 10, 64)
		}
	} else {
		a.Seal, err = strconv.ParseInt(where, 10, 64)
	}
	if err != nil {
		return a, wrong
	}
	return a, nil
}

// auditExport prints the events.
func auditExport(ctx context.Context, open func() (*store.Trail, error), args []string, w io.Writer) (err error) {
	flags := flag.NewFlagSet("audit export", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	from := flags.String("since", "", "")
	format := flags.String("format", "jsonl", "")
	if err := parseAll(flags, args); err != nil {
		return err
	}
	since, err := parseSince(*from, time.Now())
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	var write func(store.Entry) error
	switch *format {
	case "jsonl":
		enc := json.NewEncoder(out)
		enc.SetEscapeHTML(false)
		write = func(e store.Entry) error { return enc.Encode(e) }
	case "csv":
		table := csv.NewWriter(out)
		if err := table.Write(auditColumns()); err != nil {
			return err
		}
		write = func(e store.Entry) error {
			if err := table.Write(auditRow(e)); err != nil {
				return err
			}
			table.Flush()
			return table.Error()
		}
	default:
		return errUsage{fmt.Sprintf("--format is jsonl or csv, not %q", *format)}
	}
	trail, err := open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, trail.Close()) }()
	return errors.Join(trail.Export(ctx, since, write), out.Flush())
}

// parseSince reads a day (UTC), or a time that has passed since, such as 30d.
func parseSince(s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if day, err := time.Parse(time.DateOnly, s); err == nil {
		return day, nil
	}
	var d duration
	if err := d.Decode(s); err != nil || d <= 0 {
		return time.Time{}, errUsage{fmt.Sprintf("--since is a day such as 2026-11-01, or a time such as 30d, not %q", s)}
	}
	return now.Add(-time.Duration(d)), nil
}

func auditColumns() []string {
	return []string{
		"request", "seq", "at", "kind", "from", "to", "team", "user", "action", "value", "reason", "note", "note_args", "step", "fingerprint",
		"request_id", "client_request_id", "asked_for", "erased", "hash",
	}
}

func auditRow(e store.Entry) []string {
	row := []string{
		recovery.Request{ID: e.Request}.Ref(), strconv.FormatInt(e.Seq, 10), e.At.UTC().Format(time.RFC3339Nano), string(e.Kind), string(e.From),
		string(e.To), e.By.TeamID, e.By.UserID,
	}
	var click recovery.Click
	if e.Click != nil {
		click = *e.Click
	}
	var note recovery.Note
	if e.Note != nil {
		note = *e.Note
	}
	asked := ""
	if e.Ask != nil {
		asked = e.Ask.Query.Value
		click.Reason = e.Ask.Reason
	}
	row = append(row, string(click.Action), click.Value, click.Reason, string(note.Code), strings.Join(note.Args, "; "), string(e.Step),
		e.Fingerprint, e.Receipt.RequestID, e.Receipt.ClientRequestID, asked, strings.Join(e.Erased, " "), e.Hash)
	for i := range row {
		row[i] = commands.CalmCell(row[i])
	}
	return row
}

// erasable are the names that are one person's: Slack's, Entra's, an address.
var erasable = regexp.MustCompile(`(?i)^\s*([uw][a-z0-9]{2,}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[^@\s]+@[^@\s]+)\s*$`)

// auditErase takes a person out.
func auditErase(ctx context.Context, open func() (*store.Trail, error), args []string, w io.Writer) (err error) {
	flags := flag.NewFlagSet("audit erase", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	if err := flags.Parse(args); err != nil {
		return flagError(err)
	}
	if flags.NArg() == 0 {
		return errUsage{"say whom to erase: a Slack user id, an Entra object id or an address"}
	}
	for _, name := range flags.Args() {
		if !erasable.MatchString(name) {
			return errUsage{fmt.Sprintf("%q is no Slack user id, no Entra object id and no address; a name that people may share erases nobody", name)}
		}
	}
	trail, err := open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, trail.Close()) }()
	done, err := trail.Erase(ctx, flags.Args())
	if done.Requests > 0 || err == nil {
		fmt.Fprintf(w, "%d requests named that person. %d fields of their events are erased, and all that the requests themselves kept.\n", done.Requests, done.Fields)
		fmt.Fprintln(w, "What stands in Slack is for Slack to delete. The audit trail still verifies.")
	}
	return err
}
