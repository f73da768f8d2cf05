package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"mailback/recovery"
)

// Trail is the audit trail of a database, for whoever verifies, exports or erases it. It works beside a Mailback that runs.
type Trail struct {
	db  *database
	now recovery.Clock
}

// OpenTrail opens the audit trail of a database that a Mailback has made. Its errors are sentences for whoever starts the program.
func OpenTrail(ctx context.Context, url string, now recovery.Clock) (*Trail, error) {
	db, err := openBeside(ctx, url)
	if err != nil {
		return nil, err
	}
	t := &Trail{db: db, now: now}
	if err := t.known(ctx); err != nil {
		return nil, errors.Join(err, db.close())
	}
	return t, nil
}

// Close closes the database.
func (t *Trail) Close() error { return t.db.close() }

// known says whether the database has the tables of this version.
func (t *Trail) known(ctx context.Context) error {
	have, want := 0, 0
	const newest = `SELECT COALESCE(MAX(version), 0) FROM mailback_migrations`
	err := t.db.reader().row(ctx, "read the schema's version", newest, nil, &have)
	files, globErr := t.db.migrations()
	want = len(files)
	switch {
	case globErr != nil:
		return globErr
	case err != nil && !t.db.defect(err):
		return err
	case err != nil:
		return errors.New("the database has no audit trail: is it the one that mailback serve uses?")
	case have != want:
		return fmt.Errorf("the database has schema %d and this Mailback knows schema %d: use the version that mailback serve runs", have, want)
	}
	return nil
}

// entry is an event as it is stored.
type entry struct {
	request, seq, at int64
	kind             string
	body             []byte
	prev, hash       string
	format           int
	fields           []field // of formatHashed: those that are still there, by name
}

// snapshot runs do in a transaction that sees the database as it is now, however long it takes.
func (t *Trail) snapshot(ctx context.Context, do func(conn) error) error {
	tx, err := t.db.read.BeginTx(ctx, &sql.TxOptions{Isolation: t.db.snapshot, ReadOnly: t.db.snapshot != sql.LevelDefault})
	if err != nil {
		return t.db.fault("begin", err)
	}
	defer tx.Rollback() //nolint:errcheck // nothing was written
	return do(conn{q: tx, d: t.db.dialect})
}

// atOnce is how many events are in memory at a time.
const atOnce = 2_000

// place is where an event stands.
type place struct{ request, seq int64 }

// entries gives the events behind a place, with their fields, atOnce of them at most.
func (c conn) entries(ctx context.Context, after place) ([]entry, error) {
	const query = `SELECT request_id, seq, at, kind, body, prev_hash, hash, format FROM events
		WHERE (request_id, seq) > ($1, $2) ORDER BY request_id, seq LIMIT $3`
	list := make([]entry, 0, atOnce)
	err := c.rows(ctx, "read the audit trail", query, []any{after.request, after.seq, atOnce}, func(rows *sql.Rows) error {
		var e entry
		err := rows.Scan(&e.request, &e.seq, &e.at, &e.kind, &e.body, &e.prev, &e.hash, &e.format)
		list = append(list, e)
		return err
	})
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return list, c.readFields(ctx, list)
}

// readFields reads the fields of events that stand one behind the other. Fields of events that are not there are an error of the
// trail, which verify finds by their number.
func (c conn) readFields(ctx context.Context, list []entry) error {
	first, last := list[0], list[len(list)-1]
	const query = `SELECT request_id, seq, name, salt, value FROM event_fields
		WHERE (request_id, seq) >= ($1, $2) AND (request_id, seq) <= ($3, $4) ORDER BY request_id, seq, name`
	i := 0
	return c.rows(ctx, "read the fields of the audit trail", query, []any{first.request, first.seq, last.request, last.seq}, func(rows *sql.Rows) error {
		var at place
		var f field
		if err := rows.Scan(&at.request, &at.seq, &f.name, &f.salt, &f.value); err != nil {
			return err
		}
		for i < len(list) && (list[i].request < at.request || list[i].request == at.request && list[i].seq < at.seq) {
			i++
		}
		if i < len(list) && list[i].request == at.request && list[i].seq == at.seq {
			list[i].fields = append(list[i].fields, f)
		}
		return nil
	})
}

// each calls do for all events, in the order of their requests.
func (c conn) each(ctx context.Context, do func(entry) error) error {
	var at place
	for {
		list, err := c.entries(ctx, at)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, e := range list {
			if err := do(e); err != nil {
				return err
			}
		}
		last := list[len(list)-1]
		at = place{last.request, last.seq}
	}
}

// Entry is an event of the audit trail for people and programs outside.
type Entry struct {
	recovery.Event

	Erased []string `json:"erased,omitempty"` // names of its fields that are gone
}

// Export calls each for all events since a time, request by request. It stops at an error of each's and gives it.
func (t *Trail) Export(ctx context.Context, since time.Time, each func(Entry) error) error {
	return t.snapshot(ctx, func(c conn) error {
		return c.each(ctx, func(e entry) error {
			if !since.IsZero() && e.at < millis(since) {
				return nil
			}
			out, err := e.open()
			if err != nil {
				return err
			}
			return each(out)
		})
	})
}

// open puts an event together again.
func (e entry) open() (Entry, error) {
	var out Entry
	if e.format == formatWhole {
		err := json.Unmarshal(e.body, &out.Event)
		out.Hash = e.hash
		return out, err
	}
	var l line
	if err := json.Unmarshal(e.body, &l); err != nil {
		return Entry{}, fmt.Errorf("read the event %d of R-%d: %w", e.seq, e.request, err)
	}
	out.Event = recovery.Event{
		Request: l.Request, Seq: l.Seq, At: l.At, Kind: l.Kind, From: l.From, To: l.To, Step: l.Step, Fingerprint: l.Fingerprint, Hash: e.hash,
		Receipt: recovery.Receipt{RequestID: l.Receipt.RequestID, ClientRequestID: l.Receipt.ClientRequestID, Date: l.Receipt.Date},
	}
	if l.Note != "" {
		out.Note = &recovery.Note{Code: l.Note}
	}
	if l.Action != "" {
		out.Click = &recovery.Click{Action: l.Action}
	}
	for _, f := range e.fields {
		if err := out.take(f); err != nil {
			return Entry{}, fmt.Errorf("read the field %s of the event %d of R-%d: %w", f.name, e.seq, e.request, err)
		}
	}
	for name := range l.Fields {
		if !slices.ContainsFunc(e.fields, func(f field) bool { return f.name == name }) {
			out.Erased = append(out.Erased, name)
		}
	}
	slices.Sort(out.Erased)
	return out, nil
}

// take puts a field back where seal took it from.
func (out *Entry) take(f field) error {
	into := map[string]any{
		"click": &out.Click, "before": &out.Before, "ask": &out.Ask, "plan": &out.Plan, "proof": &out.Proof,
	}
	switch f.name {
	case "note":
		return json.Unmarshal([]byte(f.value), &out.Note.Args)
	case "by":
		var by byline
		err := json.Unmarshal([]byte(f.value), &by)
		out.By, out.ByAccount = by.Actor, by.ObjectID
		return err
	}
	if to, ok := into[f.name]; ok {
		return json.Unmarshal([]byte(f.value), to)
	}
	return errors.New("there is no such field")
}
