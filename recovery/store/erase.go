package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"mailback/recovery"
)

// atATime is how many requests one transaction erases from.
const atATime = 50

// expire takes all personal fields out of requests that ended longer ago than the retention, at most atATime of them. more says that
// others are left.
func (s *Store) expire(ctx context.Context, log *slog.Logger) (more bool, err error) {
	var ids []int64
	err = s.db.transact(ctx, func(t txn) error {
		ids = nil
		const query = `SELECT id FROM requests WHERE NOT active AND erased_at = 0 AND updated_at < $1 ORDER BY updated_at LIMIT $2`
		args := []any{millis(s.now().Add(-s.cfg.Retention)), atATime}
		err := t.rows(ctx, "look for requests to erase", query, args, func(rows *sql.Rows) error {
			var id int64
			err := rows.Scan(&id)
			ids = append(ids, id)
			return err
		})
		if err != nil {
			return err
		}
		for _, id := range ids {
			if _, err := t.erase(ctx, id, s.now(), func(field) bool { return true }); err != nil {
				return err
			}
		}
		return nil
	})
	if len(ids) > 0 && err == nil {
		log.InfoContext(ctx, "personal fields of old requests erased", "requests", len(ids))
	}
	return len(ids) == atATime, err
}

// errOpen says that a request cannot be erased from, because it has not ended.
type errOpen struct{ ids []int64 }

// Error is a sentence.
func (e errOpen) Error() string {
	names := make([]string, len(e.ids))
	for i, id := range e.ids {
		names[i] = recovery.Request{ID: id}.Ref()
	}
	return "nothing was erased: " + strings.Join(names, ", ") + " still open; cancel or finish first"
}

// Erasure is what became of an erasure.
type Erasure struct {
	Requests int // that named the person
	Fields   int // of events that are gone
}

// Erase takes one person out of all requests that have ended: names are the Slack user id, the Entra object id and the addresses by
// which the person is known. From the audit trail go the fields that have one of them; from the requests, their messages and lists, all
// personal fields; and the person's links and language. The chain of events still verifies. It erases nothing while a request that names the person
// is open.
func (t *Trail) Erase(ctx context.Context, names []string) (Erasure, error) {
	if slices.ContainsFunc(names, func(n string) bool { return len(strings.TrimSpace(n)) < 3 }) || len(names) == 0 {
		return Erasure{}, errors.New("say whom to erase: a Slack user id, an Entra object id or an address")
	}
	p := person(names)
	ids, err := t.naming(ctx, p)
	if err != nil {
		return Erasure{}, err
	}
	var done Erasure
	for _, id := range ids {
		fields := 0
		err := t.db.transact(ctx, func(tx txn) error {
			n, err := tx.erase(ctx, id, t.now(), func(f field) bool { return p.in(f.value) })
			fields = n
			return err
		})
		if err != nil {
			return done, err
		}
		done.Requests++
		done.Fields += fields
	}
	return done, t.eraseKept(ctx, p)
}

// eraseKept takes away what is kept of a person beside requests: the Entra account, the language and notices to the approvers.
func (t *Trail) eraseKept(ctx context.Context, p person) error {
	return t.db.transact(ctx, func(tx txn) error {
		for _, name := range p {
			name = strings.ToLower(strings.TrimSpace(name))
			if err := tx.exec(ctx, "erase links", `DELETE FROM links WHERE lower(user_id) = $1 OR lower(object_id) = $1`, name); err != nil {
				return err
			}
			if err := tx.exec(ctx, "erase a language", `DELETE FROM languages WHERE lower(user_id) = $1`, name); err != nil {
				return err
			}
		}
		return tx.eraseNotices(ctx, p)
	})
}

// eraseNotices takes away the words of messages of no request that name a person.
func (t txn) eraseNotices(ctx context.Context, p person) error {
	var ids []int64
	err := t.rows(ctx, "look for a person in notices", `SELECT id, body FROM messages WHERE request_id IS NULL`, nil, func(rows *sql.Rows) error {
		var id int64
		var body string
		if err := rows.Scan(&id, &body); err != nil {
			return err
		}
		if p.in(body) {
			ids = append(ids, id)
		}
		return nil
	})
	for _, id := range ids {
		if err == nil {
			err = t.exec(ctx, "erase a notice", `UPDATE messages SET body = '{}' WHERE id = $1`, id)
		}
	}
	return err
}

// person is one, by all names.
type person []string

// in says whether a text has one of the names as a whole word, in whatever case.
func (p person) in(text string) bool {
	text = strings.ToLower(text)
	return slices.ContainsFunc(p, func(name string) bool { return hasWord(text, strings.ToLower(strings.TrimSpace(name))) })
}

// hasWord says whether a word is in a text with nothing before and behind it that belongs to an id or an address.
func hasWord(text, word string) bool {
	part := func(b byte) bool {
		return b >= 'a' && b <= 'z' || b >= '0' && b <= '9' || b == '-' || b == '_' || b == '.' || b == '@' || b == '+' || b >= 0x80
	}
	for from := 0; ; {
		i := strings.Index(text[from:], word)
		if i < 0 {
			return false
		}
		start, end := from+i, from+i+len(word)
		if (start == 0 || !part(text[start-1])) && (end == len(text) || !part(text[end])) {
			return true
		}
		from = start + 1
	}
}

// naming gives the requests that name a person. Their rows and all fields of their events are read.
func (t *Trail) naming(ctx context.Context, p person) ([]int64, error) {
	found, open := map[int64]bool{}, map[int64]bool{}
	err := t.snapshot(ctx, func(c conn) error {
		const requests = `SELECT id, active, body FROM requests WHERE erased_at = 0`
		err := c.rows(ctx, "look for a person", requests, nil, func(rows *sql.Rows) error {
			var id int64
			var active bool
			var body string
			if err := rows.Scan(&id, &active, &body); err != nil {
				return err
			}
			if p.in(body) {
				found[id], open[id] = true, active
			}
			return nil
		})
		if err != nil {
			return err
		}
		const lists = `SELECT r.id, r.active, b.account_id || ' ' || b.address || ' ' || b.name FROM bulk_rows b JOIN requests r ON r.id = b.request_id`
		err = c.rows(ctx, "look for a person on lists", lists, nil, func(rows *sql.Rows) error {
			var id int64
			var active bool
			var row string
			if err := rows.Scan(&id, &active, &row); err != nil {
				return err
			}
			if p.in(row) {
				found[id], open[id] = true, active
			}
			return nil
		})
		if err != nil {
			return err
		}
		return c.each(ctx, func(e entry) error {
			if slices.ContainsFunc(e.fields, func(f field) bool { return p.in(f.value) }) || e.format == formatWhole && p.in(string(e.body)) {
				found[e.request] = true
			}
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	var blocked []int64
	for id := range found {
		if open[id] {
			blocked = append(blocked, id)
		}
	}
	if len(blocked) > 0 {
		slices.Sort(blocked)
		return nil, errOpen{blocked}
	}
	return slices.Sorted(maps.Keys(found)), nil
}

// erase takes those fields of a request's events that which selects, and says so in an event. The request itself loses all that names
// people. It gives how many fields went.
func (t txn) erase(ctx context.Context, id int64, now time.Time, which func(field) bool) (int, error) {
	r, err := t.request(ctx, "WHERE id = $1"+t.d.lockRow, id)
	if err != nil {
		return 0, notFound(err, "R-%d", id)
	}
	if active(r) {
		return 0, errOpen{[]int64{id}}
	}
	gone, count, err := t.eraseFields(ctx, id, which)
	if err != nil {
		return 0, err
	}
	if err := t.checkpoint(ctx, r, now); err != nil {
		return 0, err
	}
	if len(gone) > 0 {
		l := line{At: now.UTC().Truncate(time.Millisecond), Kind: recovery.EventErased, From: r.State, To: r.State, Erased: gone}
		if err := t.note(ctx, id, l); err != nil {
			return 0, err
		}
	}
	return count, t.strip(ctx, r, now)
}

// note adds an event of the store's own to a request's trail.
func (t txn) note(ctx context.Context, id int64, l line) error {
	var prev string
	const last = `SELECT head_seq, head_hash FROM requests WHERE id = $1`
	if err := t.row(ctx, "read the head of the audit trail", last, []any{id}, &l.Seq, &prev); err != nil {
		return err
	}
	l.Request, l.Seq = id, l.Seq+1
	_, err := t.link(ctx, prev, sealedEvent{line: l})
	return err
}

// eraseFields deletes fields of a request's events, and says which.
func (t txn) eraseFields(ctx context.Context, id int64, which func(field) bool) (gone []erased, count int, err error) {
	const query = `SELECT seq, name, value FROM event_fields WHERE request_id = $1 ORDER BY seq, name`
	err = t.rows(ctx, "read the fields of the audit trail", query, []any{id}, func(rows *sql.Rows) error {
		var seq int64
		var f field
		if err := rows.Scan(&seq, &f.name, &f.value); err != nil || !which(f) {
			return err
		}
		if len(gone) == 0 || gone[len(gone)-1].Seq != seq {
			gone = append(gone, erased{Seq: seq})
		}
		last := &gone[len(gone)-1]
		last.Names = append(last.Names, f.name)
		count++
		return nil
	})
	for _, g := range gone {
		for _, name := range g.Names {
			if err == nil {
				err = t.exec(ctx, "erase a field", `DELETE FROM event_fields WHERE request_id = $1 AND seq = $2 AND name = $3`, id, g.Seq, name)
			}
		}
	}
	return gone, count, err
}

// checkpoint takes away the events of a request that have what names people within them, as older versions wrote them. Its own event
// holds the hash that they ended with.
func (t txn) checkpoint(ctx context.Context, r recovery.Request, now time.Time) error {
	var last int64
	const whole = `SELECT COALESCE(MAX(seq), 0) FROM events WHERE request_id = $1 AND format = $2`
	if err := t.row(ctx, "look for old events", whole, []any{r.ID, formatWhole}, &last); err != nil || last == 0 {
		return err
	}
	l := line{At: now.UTC().Truncate(time.Millisecond), Kind: recovery.EventCheckpoint, From: r.State, To: r.State}
	if err := t.note(ctx, r.ID, l); err != nil {
		return err
	}
	const fields = `DELETE FROM event_fields WHERE request_id = $1 AND seq < (SELECT MAX(seq) FROM events WHERE request_id = $1 AND kind = $2)`
	if err := t.exec(ctx, "delete old fields", fields, r.ID, string(recovery.EventCheckpoint)); err != nil {
		return err
	}
	const events = `DELETE FROM events WHERE request_id = $1 AND seq < (SELECT MAX(seq) FROM events WHERE request_id = $1 AND kind = $2)`
	return t.exec(ctx, "delete old events", events, r.ID, string(recovery.EventCheckpoint))
}

// strip leaves of a request what names nobody: what case it was, how it ended and when.
func (t txn) strip(ctx context.Context, r recovery.Request, now time.Time) error {
	kept := recovery.Request{
		ID: r.ID, UUID: r.UUID, Version: r.Version, Key: r.Key, State: r.State, EnteredAt: r.EnteredAt, CreatedAt: r.CreatedAt,
		UndoOf: r.UndoOf, UndoneBy: r.UndoneBy, BulkOf: r.BulkOf, ErasedAt: now.UTC(),
	}
	body, err := json.Marshal(kept)
	if err != nil {
		return fmt.Errorf("write %s as JSON: %w", r.Ref(), err)
	}
	const request = `UPDATE requests SET body = $1, requester = '', mailbox = '', wish = '', erased_at = $2 WHERE id = $3`
	if err := t.exec(ctx, "erase a request", request, string(body), millis(now), r.ID); err != nil {
		return err
	}
	for _, query := range []string{
		`UPDATE messages SET body = '{}', channel = '', posted_channel = '', ts = '', ephemeral = CASE ephemeral WHEN '' THEN '' ELSE 'erased' END
			WHERE request_id = $1`,
		`DELETE FROM items WHERE request_id = $1`,
		`DELETE FROM bulk_rows WHERE request_id = $1`,
		`DELETE FROM reviews WHERE request_id = $1`,
	} {
		if err := t.exec(ctx, "erase what belongs to a request", query, r.ID); err != nil {
			return err
		}
	}
	return nil
}
