package store

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"mailback/recovery"
)

// The formats of an event's body.
const (
	formatWhole  = 1 // the whole event; written by versions that had no other
	formatHashed = 2 // a line: what names people is in event_fields
)

// line is an event as the hash chain keeps it: without anything that names a person. Its JSON is canonical (RFC 8785): the keys
// stand in order, without blanks.
type line struct {
	Action      recovery.Action    `json:"action,omitempty"` // of a click
	At          time.Time          `json:"at"`
	Erased      []erased           `json:"erased,omitempty"` // with EventErased
	Fields      map[string]string  `json:"fields,omitempty"` // by name: the salted hash of what stands in event_fields
	Fingerprint string             `json:"fingerprint,omitempty"`
	From        recovery.State     `json:"from"`
	Kind        recovery.EventKind `json:"kind"`
	Note        recovery.NoteCode  `json:"note,omitempty"`
	Receipt     receipt            `json:"receipt,omitzero"`
	Request     int64              `json:"request"`
	Seq         int64              `json:"seq"`
	Step        recovery.StepKind  `json:"step,omitempty"`
	To          recovery.State     `json:"to"`
}

// receipt is a recovery.Receipt with its keys in order.
type receipt struct {
	ClientRequestID string    `json:"client_request_id,omitempty"`
	Date            time.Time `json:"date,omitzero"`
	RequestID       string    `json:"request_id,omitempty"`
}

// byline is who did something, with the Entra account where it is known.
type byline struct {
	recovery.Actor

	ObjectID string `json:"object_id,omitempty"`
}

// erased names fields of an earlier event that are gone, and have to be: what is missing without it was taken away.
type erased struct {
	Names []string `json:"names"`
	Seq   int64    `json:"seq"`
}

// field is a part of an event that names people. It can be erased, and its hash in the chain still proves what it was.
type field struct {
	name, salt, value string
}

// hash is what the chain holds of a field. The salt keeps a value that one can guess from being found by its hash.
func (f field) hash() string {
	sum := sha256.Sum256([]byte(f.salt + f.value))
	return hex.EncodeToString(sum[:])
}

// sealedEvent is an event in the form in which it is stored.
type sealedEvent struct {
	line   line
	fields []field
}

// seal parts an event into what the chain keeps and what names people.
func seal(e recovery.Event) (sealedEvent, error) {
	s := sealedEvent{line: line{
		At: e.At.UTC(), Fingerprint: e.Fingerprint, From: e.From, Kind: e.Kind, Request: e.Request, Seq: e.Seq, Step: e.Step, To: e.To,
		Receipt: receipt{e.Receipt.ClientRequestID, e.Receipt.Date.UTC(), e.Receipt.RequestID},
	}}
	named := map[string]any{}
	if e.By != (recovery.Actor{}) {
		named["by"] = byline{e.By, e.ByAccount}
	}
	if e.Click != nil {
		s.line.Action, named["click"] = e.Click.Action, e.Click
	}
	if e.Note != nil {
		s.line.Note = e.Note.Code
		if len(e.Note.Args) > 0 {
			named["note"] = e.Note.Args
		}
	}
	if e.Before != nil {
		named["before"] = e.Before
	}
	if e.Ask != nil {
		named["ask"] = e.Ask
	}
	if e.Plan != nil {
		named["plan"] = e.Plan
	}
	if e.Proof != nil {
		named["proof"] = e.Proof
	}
	for _, name := range slices.Sorted(maps.Keys(named)) {
		value, err := canonical(named[name])
		if err != nil {
			return s, fmt.Errorf("write the field %s of an event as JSON: %w", name, err)
		}
		s.fields = append(s.fields, field{name, rand.Text(), string(value)})
	}
	s.line.Fields = hashes(s.fields)
	return s, nil
}

func hashes(fields []field) map[string]string {
	all := map[string]string{}
	for _, f := range fields {
		all[f.name] = f.hash()
	}
	return all
}

// canonical gives a value's JSON without the escapes that Go adds for HTML, which RFC 8785 does not have.
func canonical(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// tip is the newest event of an audit trail.
type tip struct {
	seq  int64
	hash string
}

// append completes an event and adds it to the request's audit trail, whose head is to be written with the request. Each event's hash
// covers its body and the hash of the event before, so that none can be changed, taken out or put in without all later hashes changing.
func (t txn) append(ctx context.Context, was, r recovery.Request, e recovery.Event) (recovery.Event, error) {
	var last tip
	if was.Version > 0 { // a new request has no event yet
		const query = `SELECT head_seq, head_hash FROM requests WHERE id = $1`
		if err := t.row(ctx, "read the head of the audit trail", query, []any{r.ID}, &last.seq, &last.hash); err != nil {
			return e, err
		}
	}
	e = complete(was, r, e)
	e.Seq = last.seq + 1
	var err error
	if e.ByAccount, err = t.account(ctx, e.By); err != nil {
		return e, err
	}
	s, err := seal(e)
	if err != nil {
		return e, err
	}
	e.Hash, err = t.insertEvent(ctx, last.hash, s)
	return e, err
}

// complete fills in what an event says of its request: the states, what was asked, and a plan or a proof that is new.
func complete(was, r recovery.Request, e recovery.Event) recovery.Event {
	e.Request, e.From, e.To = r.ID, was.State, r.State
	if e.Kind == recovery.EventAsked {
		e.Ask = &r.Ask
	}
	if r.Plan != nil {
		if e.Fingerprint == "" {
			e.Fingerprint = r.Plan.Fingerprint()
		}
		if was.Plan == nil || was.Plan.Fingerprint() != r.Plan.Fingerprint() {
			e.Plan = r.Plan
		}
	}
	if was.Proof == nil {
		e.Proof = r.Proof
	}
	return e
}

// link writes an event behind the one with the hash prev, and makes it the request's head. It gives its hash.
func (t txn) link(ctx context.Context, prev string, s sealedEvent) (string, error) {
	hash, err := t.insertEvent(ctx, prev, s)
	if err != nil {
		return "", err
	}
	const query = `UPDATE requests SET head_seq = $1, head_hash = $2 WHERE id = $3`
	return hash, t.exec(ctx, "write the head of the audit trail", query, s.line.Seq, hash, s.line.Request)
}

// insertEvent writes an event behind the one with the hash prev. It gives its hash.
func (t txn) insertEvent(ctx context.Context, prev string, s sealedEvent) (string, error) {
	l := s.line
	body, err := canonical(l)
	if err != nil {
		return "", fmt.Errorf("write an event of R-%d as JSON: %w", l.Request, err)
	}
	hash := chain(prev, body)
	const query = `INSERT INTO events (request_id, seq, at, kind, body, prev_hash, hash, format) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`
	err = t.exec(ctx, "write the audit trail", query, l.Request, l.Seq, millis(l.At), string(l.Kind), string(body), prev, hash, formatHashed)
	if err != nil {
		return "", err
	}
	return hash, t.insertFields(ctx, l.Request, l.Seq, s.fields)
}

// insertFields writes all fields of an event in one statement.
func (t txn) insertFields(ctx context.Context, request, seq int64, fields []field) error {
	if len(fields) == 0 {
		return nil
	}
	var rows []string
	var args []any
	for _, f := range fields {
		n := len(args)
		rows = append(rows, "($"+strconv.Itoa(n+1)+", $"+strconv.Itoa(n+2)+", $"+strconv.Itoa(n+3)+", $"+strconv.Itoa(n+4)+", $"+strconv.Itoa(n+5)+")")
		args = append(args, request, seq, f.name, f.salt, f.value)
	}
	query := `INSERT INTO event_fields (request_id, seq, name, salt, value) VALUES ` + strings.Join(rows, ", ")
	return t.exec(ctx, "write the fields of the audit trail", query, args...)
}

// chain is the hash of an event's body that follows the event with hash prev.
func chain(prev string, body []byte) string {
	h := sha256.New()
	h.Write([]byte(prev))
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}
