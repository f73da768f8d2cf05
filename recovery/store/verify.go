package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"mailback/recovery"
)

// Verified is what a verification found in order.
type Verified struct {
	Requests, Events, Seals int64
	Erased                  int64         // fields that name people, and are gone as the trail says
	Newest                  recovery.Seal // N is 0 where there is none
}

// Anchor is a hash that was seen outside the database, in Slack: of a request's event, or where Request is 0, of a seal. Hash may be
// the beginning of it alone.
type Anchor struct {
	Request, Seq int64
	Seal         int64
	Hash         string
}

// TamperError names the first place, in the order of requests, at which the trail is not as it was written.
type TamperError struct {
	Where string // such as "R-12, event 4"
	What  string // what is wrong there, as a clause
}

// Error is a sentence.
func (e *TamperError) Error() string {
	return fmt.Sprintf("the audit trail does not hold at %s: %s", e.Where, e.What)
}

func tampered(request, seq int64, what string, args ...any) error {
	return &TamperError{fmt.Sprintf("R-%d, event %d", request, seq), fmt.Sprintf(what, args...)}
}

// Verify reads the whole audit trail and checks that it is as it was written: every event's hash follows from the event and the hash
// before, every field from its own hash, the newest event is the one that its request knows, and seals and anchors are met. Its error is
// a *TamperError where that is not so.
func (t *Trail) Verify(ctx context.Context, anchors []Anchor) (Verified, error) {
	v := verifier{anchors: slices.Clone(anchors)}
	err := t.snapshot(ctx, func(c conn) error {
		if err := v.requests(ctx, c); err != nil {
			return err
		}
		if err := v.seals(ctx, c); err != nil {
			return err
		}
		return v.met()
	})
	return v.found, err
}

// verifier is a verification under way.
type verifier struct {
	found   Verified
	anchors []Anchor // those that are still to be met
}

// head is the newest event of a request, as the request or a seal knows it.
type head struct {
	request, seq, seal int64
	hash               string
}

// stretch is all that there is of the requests with ids from one to another.
type stretch struct {
	entries       []entry
	heads, sealed []head
}

// requests reads and checks side by side.
func (v *verifier) requests(ctx context.Context, c conn) error {
	stretches := make(chan stretch, 1)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(stretches)
		return c.stretches(ctx, func(s stretch) error {
			select {
			case stretches <- s:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	})
	g.Go(func() error {
		for s := range stretches {
			if err := v.stretch(s); err != nil {
				return err
			}
		}
		return nil
	})
	return g.Wait()
}

// stretches gives all requests to do, in order and each whole.
func (c conn) stretches(ctx context.Context, do func(stretch) error) error {
	var held []entry
	var after place
	from := int64(math.MinInt64)
	for {
		list, err := c.entries(ctx, after)
		if err != nil {
			return err
		}
		held = append(held, list...)
		whole, to := len(held), int64(math.MaxInt64)
		if len(list) > 0 { // the last request may have more
			last := list[len(list)-1]
			after, to = place{last.request, last.seq}, last.request-1
			whole = slices.IndexFunc(held, func(e entry) bool { return e.request == last.request })
		}
		s := stretch{entries: held[:whole]}
		const heads = `SELECT id, head_seq, 0, head_hash FROM requests WHERE id >= $1 AND id <= $2 AND head_seq > 0 ORDER BY id`
		if s.heads, err = c.readHeads(ctx, heads, from, to); err != nil {
			return err
		}
		const sealed = `SELECT request_id, seq, seal, hash FROM seal_heads WHERE request_id >= $1 AND request_id <= $2 ORDER BY request_id, seq`
		if s.sealed, err = c.readHeads(ctx, sealed, from, to); err != nil {
			return err
		}
		if err := do(s); err != nil || len(list) == 0 {
			return err
		}
		held, from = slices.Clone(held[whole:]), to+1
	}
}

func (c conn) readHeads(ctx context.Context, query string, args ...any) (list []head, err error) {
	err = c.rows(ctx, "read the heads of the audit trail", query, args, func(rows *sql.Rows) error {
		var h head
		err := rows.Scan(&h.request, &h.seq, &h.seal, &h.hash)
		list = append(list, h)
		return err
	})
	return list, err
}

// stretch checks requests one by one, in the order of their ids.
func (v *verifier) stretch(s stretch) error {
	for len(s.entries)+len(s.heads)+len(s.sealed) > 0 {
		id := int64(math.MaxInt64)
		if len(s.entries) > 0 {
			id = s.entries[0].request
		}
		for _, list := range [][]head{s.heads, s.sealed} {
			if len(list) > 0 {
				id = min(id, list[0].request)
			}
		}
		var entries []entry
		var known, sealed []head
		entries, s.entries = split(s.entries, func(e entry) bool { return e.request == id })
		known, s.heads = split(s.heads, func(h head) bool { return h.request == id })
		sealed, s.sealed = split(s.sealed, func(h head) bool { return h.request == id })
		if err := v.request(id, entries, known, sealed); err != nil {
			return err
		}
	}
	return nil
}

// split cuts off the front of a list for which is holds.
func split[T any](list []T, is func(T) bool) (front, rest []T) {
	n := slices.IndexFunc(list, func(x T) bool { return !is(x) })
	if n < 0 {
		n = len(list)
	}
	return list[:n], list[n:]
}

// request checks all events of a request.
func (v *verifier) request(id int64, entries []entry, known, sealed []head) error {
	c := chainCheck{id: id, missing: map[int64][]string{}}
	for _, e := range entries {
		if err := c.event(e); err != nil {
			return err
		}
		sealed = slices.DeleteFunc(sealed, func(h head) bool { return h.seq == e.seq && h.hash == e.hash })
		v.anchors = slices.DeleteFunc(v.anchors, func(a Anchor) bool {
			return a.Request == id && a.Seq == e.seq && strings.HasPrefix(e.hash, a.Hash)
		})
	}
	for _, seq := range slices.Sorted(maps.Keys(c.missing)) {
		return tampered(id, seq, "its fields %s are gone, and no erasure took them", strings.Join(c.missing[seq], ", "))
	}
	switch {
	case len(known) == 0:
		return tampered(id, c.last, "there is no such request")
	case known[0].seq != c.last || known[0].hash != c.hash:
		return tampered(id, max(c.last, known[0].seq), "the request's newest event is another")
	}
	for _, h := range sealed { // what a checkpoint has taken away was checked when it was there
		if h.seq >= c.first {
			return tampered(id, h.seq, "seal %d knows another one", h.seal)
		}
	}
	v.found.Requests++
	v.found.Events += int64(len(entries))
	v.found.Erased += c.gone
	return nil
}

// chainCheck goes along the chain of one request.
type chainCheck struct {
	id          int64
	first, last int64  // numbers of the first event that is there, and of the last one that was checked
	hash        string // of the last one
	missing     map[int64][]string
	gone        int64
}

// event checks the next event.
func (c *chainCheck) event(e entry) error {
	if c.last == 0 && e.kind == string(recovery.EventCheckpoint) { // what was before it is gone
		c.last, c.hash = e.seq-1, e.prev
	}
	if c.first == 0 {
		c.first = c.last + 1
	}
	switch {
	case e.seq != c.last+1:
		return tampered(c.id, c.last+1, "it is not there")
	case e.prev != c.hash:
		return tampered(c.id, e.seq, "it does not follow from the event before it")
	case e.hash != chain(e.prev, e.body):
		return tampered(c.id, e.seq, "it was changed")
	}
	c.last, c.hash = e.seq, e.hash
	return c.body(e)
}

// body checks that an event's columns and fields are what its body says.
func (c *chainCheck) body(e entry) error {
	var l line
	if err := json.Unmarshal(e.body, &l); err != nil && e.format == formatHashed {
		return tampered(c.id, e.seq, "it cannot be read")
	}
	if e.format == formatWhole {
		var w recovery.Event
		if err := json.Unmarshal(e.body, &w); err != nil {
			return tampered(c.id, e.seq, "it cannot be read")
		}
		l = line{Request: w.Request, Seq: w.Seq, Kind: w.Kind, At: w.At}
	}
	if l.Request != e.request || l.Seq != e.seq || string(l.Kind) != e.kind || millis(l.At) != e.at {
		return tampered(c.id, e.seq, "its columns were changed")
	}
	for _, f := range e.fields {
		if l.Fields[f.name] != f.hash() {
			return tampered(c.id, e.seq, "its field %s was changed or added", f.name)
		}
		delete(l.Fields, f.name)
	}
	if len(l.Fields) > 0 {
		c.missing[e.seq] = slices.Sorted(maps.Keys(l.Fields))
		c.gone += int64(len(l.Fields))
	}
	for _, gone := range l.Erased {
		c.missing[gone.Seq] = slices.DeleteFunc(c.missing[gone.Seq], func(name string) bool { return slices.Contains(gone.Names, name) })
		if len(c.missing[gone.Seq]) == 0 {
			delete(c.missing, gone.Seq)
		}
	}
	return nil
}

// seals checks the chain of seals, and that each has the heads that it had.
func (v *verifier) seals(ctx context.Context, c conn) error {
	list, err := c.allSeals(ctx)
	if err != nil {
		return err
	}
	prev := ""
	for i, s := range list {
		where := fmt.Sprintf("seal %d", i+1)
		heads, n, err := c.sum(ctx, s.n)
		if err != nil {
			return err
		}
		var b sealBody
		jsonErr := json.Unmarshal(s.body, &b)
		switch {
		case s.n != int64(i+1):
			return &TamperError{where, "it is not there"}
		case s.prev != prev:
			return &TamperError{where, "it does not follow from the seal before it"}
		case s.hash != chain(prev, s.body) || jsonErr != nil || b.N != s.n || millis(b.At) != s.at:
			return &TamperError{where, "it was changed"}
		case b.Heads != heads || b.Requests != n:
			return &TamperError{where, "it has other events than it had"}
		}
		prev = s.hash
		v.anchors = slices.DeleteFunc(v.anchors, func(a Anchor) bool {
			return a.Request == 0 && a.Seal == s.n && strings.HasPrefix(s.hash, a.Hash)
		})
		v.found.Seals++
		v.found.Newest = recovery.Seal{N: s.n, At: b.At, Requests: b.Requests, Hash: s.hash}
	}
	var last int64
	if err := c.row(ctx, "read the seals", `SELECT COALESCE(MAX(seal), 0) FROM seal_heads`, nil, &last); err != nil {
		return err
	}
	if last > v.found.Seals {
		return &TamperError{fmt.Sprintf("seal %d", last), "it is not there"}
	}
	return nil
}

// met says which anchor is not in the trail.
func (v *verifier) met() error {
	if len(v.anchors) == 0 {
		return nil
	}
	a := v.anchors[0]
	where := fmt.Sprintf("seal %d", a.Seal)
	if a.Request != 0 {
		where = fmt.Sprintf("R-%d, event %d", a.Request, a.Seq)
	}
	return &TamperError{where, "its hash is not the one that you gave"}
}

// sealRow is a seal as it is stored.
type sealRow struct {
	n, at      int64
	body       []byte
	prev, hash string
}

func (c conn) allSeals(ctx context.Context) (list []sealRow, err error) {
	const query = `SELECT n, at, body, prev_hash, hash FROM seals ORDER BY n`
	err = c.rows(ctx, "read the seals", query, nil, func(rows *sql.Rows) error {
		var s sealRow
		err := rows.Scan(&s.n, &s.at, &s.body, &s.prev, &s.hash)
		list = append(list, s)
		return err
	})
	return list, err
}

// sum gives the hash over all heads of a seal, and how many they are.
func (c conn) sum(ctx context.Context, seal int64) (string, int, error) {
	h := sha256.New()
	n := 0
	const query = `SELECT request_id, seq, hash FROM seal_heads WHERE seal = $1 ORDER BY request_id`
	err := c.rows(ctx, "read the heads of a seal", query, []any{seal}, func(rows *sql.Rows) error {
		var x head
		if err := rows.Scan(&x.request, &x.seq, &x.hash); err != nil {
			return err
		}
		n++
		_, err := fmt.Fprintf(h, "R-%d/%d %s\n", x.request, x.seq, x.hash)
		return err
	})
	return hex.EncodeToString(h.Sum(nil)), n, err
}

// sealBody is what the chain of seals hashes. Its JSON is canonical.
type sealBody struct {
	At       time.Time `json:"at"`
	Heads    string    `json:"heads"`
	N        int64     `json:"n"`
	Requests int       `json:"requests"`
}
