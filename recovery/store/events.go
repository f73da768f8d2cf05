package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"mailback/recovery"
)

// append completes an event and adds it to the request's audit trail. Each line's hash covers its JSON and the hash of the
// line before, so that no line can be changed, taken out or put in without all later hashes changing.
func (t txn) append(ctx context.Context, was, r recovery.Request, e recovery.Event) (recovery.Event, error) {
	var seq int64
	var prev string
	const last = `SELECT seq, hash FROM events WHERE request_id = $1 ORDER BY seq DESC LIMIT 1`
	if err := t.row(ctx, "read the audit trail", last, []any{r.ID}, &seq, &prev); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return e, err
	}
	e.Request, e.Seq, e.From, e.To = r.ID, seq+1, was.State, r.State
	if e.Fingerprint == "" && r.Plan != nil {
		e.Fingerprint = r.Plan.Fingerprint()
	}
	body, err := json.Marshal(e)
	if err != nil {
		return e, fmt.Errorf("write an event of %s as JSON: %w", r.Ref(), err)
	}
	const query = `INSERT INTO events (request_id, seq, at, kind, body, prev_hash, hash) VALUES ($1, $2, $3, $4, $5, $6, $7)`
	err = t.exec(ctx, "write the audit trail", query, r.ID, e.Seq, millis(e.At), string(e.Kind), string(body), prev, chain(prev, body))
	return e, err
}

// chain is the hash of an event's JSON that follows the event with hash prev.
func chain(prev string, body []byte) string {
	h := sha256.New()
	h.Write([]byte(prev))
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}
