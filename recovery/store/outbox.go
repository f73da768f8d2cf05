package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"mailback/recovery"
)

// Outbox is the messages that wait for Slack: bot's Outbox.
type Outbox struct{ s *Store }

// Outbox gives the store's outbox.
func (s *Store) Outbox() *Outbox { return &Outbox{s} }

// Message gives message id as it should be now: where it goes, or where it is once it was posted; its ts, empty until
// then; the ts of its thread; its body, with "user" for an ephemeral one; its version; and whether Slack is known to show
// this version with its buttons. It waits while the message whose thread it belongs to has not been posted, or an
// earlier message of its request to the same channel: people read them in the order in which they happened.
func (o *Outbox) Message(ctx context.Context, id int64) (channel, ts, threadTS string, body []byte, version int64, live, waits bool, err error) {
	const query = `SELECT m.channel, m.posted_channel, m.ts, m.ephemeral, m.body, m.version, m.live AND m.shown_version = m.version,
		COALESCE(p.channel, ''), COALESCE(p.posted_channel, ''), COALESCE(p.ts, ''),
		COALESCE(p.ts = '' AND p.refused = '', FALSE) OR m.ts = '' AND m.ephemeral = '' AND EXISTS (
			SELECT 1 FROM messages e WHERE e.request_id = m.request_id AND e.id < m.id AND e.channel = m.channel
			AND e.ts = '' AND e.refused = '' AND e.ephemeral = '')
		FROM messages m LEFT JOIN messages p ON m.thread_key <> '' AND p.request_id = m.request_id AND p.key = m.thread_key
		WHERE m.id = $1`
	var posted, user, pChannel, pPosted string
	err = o.s.db.reader().row(ctx, "read a message", query, []any{id},
		&channel, &posted, &ts, &user, &body, &version, &live, &pChannel, &pPosted, &threadTS, &waits)
	if err != nil {
		return "", "", "", nil, 0, false, false, notFound(err, "message %d", id)
	}
	switch {
	case ts != "":
		channel, waits = posted, false
	case waits: // what it follows has no place yet
	case threadTS != "" && pChannel == channel:
		channel = pPosted // the DM of a person has its own id
	}
	body, err = forReader(body, user)
	return channel, ts, threadTS, body, version, live, waits, err
}

// forReader adds the only reader to the body of an ephemeral message.
func forReader(body []byte, user string) ([]byte, error) {
	if user == "" {
		return body, nil
	}
	var fields map[string]any
	if err := json.Unmarshal(body, &fields); err != nil {
		return nil, fmt.Errorf("read the body of an ephemeral message: %w", err)
	}
	fields["user"] = user
	return json.Marshal(fields)
}

// Turn takes a turn of a rate that all processes share: see bot's Outbox. The moment kept is the one at which the rate would be whole again,
// by the server's clock, so that one statement decides (a generic cell rate algorithm: ITU-T I.371).
func (o *Outbox) Turn(ctx context.Context, line string, every time.Duration, burst int) (wait time.Duration, err error) {
	if o.s.db.single {
		return 0, nil
	}
	const now = `(EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::bigint`
	const take = `INSERT INTO paces AS p (line, whole_at) VALUES ($1, ` + now + ` + $2)
		ON CONFLICT (line) DO UPDATE SET whole_at = GREATEST(p.whole_at, ` + now + `) + $2 WHERE p.whole_at - $3 <= ` + now + ` RETURNING 0`
	slack := every.Milliseconds() * int64(burst-1)
	err = o.s.db.writer().row(ctx, "take a turn", take, []any{line, every.Milliseconds(), slack}, &wait)
	if !errors.Is(err, sql.ErrNoRows) {
		return 0, err
	}
	var millis int64
	const until = `SELECT COALESCE(MAX(whole_at) - $2 - ` + now + `, 0) FROM paces WHERE line = $1`
	err = o.s.db.reader().row(ctx, "wait for a turn", until, []any{line, slack}, &millis)
	return time.Duration(max(millis, 1)) * time.Millisecond, err
}

// Posted records that Slack shows version of message id in channel as ts; live when with its buttons, if it has any. Only
// then the version counts as shown.
func (o *Outbox) Posted(ctx context.Context, id, version int64, channel, ts string, live bool) error {
	const query = `UPDATE messages SET posted_channel = $1, ts = $2, live = $3, refused = '',
		shown_version = CASE WHEN $3 THEN $4 ELSE shown_version END WHERE id = $5`
	return o.s.db.transact(ctx, func(t txn) error {
		return t.exec(ctx, "record a posted message", query, channel, ts, live, version, id)
	})
}

// Refused records that Slack will never take version of message id, after it has told the request, so that a crash in
// between tells it twice rather than never. code is Slack's error.
func (o *Outbox) Refused(ctx context.Context, id, version int64, code string) error {
	var request int64
	var key string
	const find = `SELECT COALESCE(request_id, 0), key FROM messages WHERE id = $1`
	if err := o.s.db.reader().row(ctx, "read a message", find, []any{id}, &request, &key); err != nil {
		return notFound(err, "message %d", id)
	}
	if hook := o.s.workers.Refused; hook != nil && request != 0 { // a seal stays in the database
		if err := hook(ctx, request, key, code); err != nil {
			return fmt.Errorf("tell R-%d of its refused message: %w", request, err)
		}
	}
	const query = `UPDATE messages SET refused = $1, shown_version = $2 WHERE id = $3 AND shown_version < $2`
	return o.s.db.transact(ctx, func(t txn) error {
		return t.exec(ctx, "record a refused message", query, code, version, id)
	})
}

// How long a delivery holds its message, and how long another waits for it.
const (
	messageLease = 40 * time.Second
	messageWait  = 250 * time.Millisecond
)

// deliver is the job of one version of a message. It takes a lease, so that an old and a new version never post the same
// card twice.
func (s *Store) deliver(ctx context.Context, log *slog.Logger, args deliverArgs) (time.Duration, error) {
	id, version, until := args.Message, args.Version, s.now().Add(messageLease)
	held, behind, err := s.claim(ctx, id, version, until)
	if err != nil || !behind {
		return 0, err
	}
	if !held {
		return messageWait, nil
	}
	wait, err := s.workers.Deliver(recovery.WithRequest(ctx, ref(args.Request)), ref(args.Request), id, version)
	err = errors.Join(err, s.unclaim(ctx, id, until))
	if wait > 0 || err != nil {
		return wait, err
	}
	const still = `SELECT EXISTS (SELECT 1 FROM messages WHERE id = $1 AND version = $2 AND shown_version < version)`
	return s.leftBehind(ctx, log, still, id, version)
}

// claim takes the lease of a message whose version is not shown yet.
func (s *Store) claim(ctx context.Context, id, version int64, until time.Time) (held, behind bool, err error) {
	err = s.db.transact(ctx, func(t txn) error {
		held, behind = false, false
		var lease int64
		find := `SELECT lease_until FROM messages WHERE id = $1 AND version = $2 AND shown_version < version` + t.d.lockRow
		err := t.row(ctx, "lease a message", find, []any{id, version}, &lease)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		behind = true
		if err != nil || lease > millis(s.now()) {
			return err
		}
		held = true
		return t.exec(ctx, "lease a message", `UPDATE messages SET lease_until = $1 WHERE id = $2`, millis(until), id)
	})
	return held, behind, err
}

// unclaim gives the lease back, also after a job that ran out of time.
func (s *Store) unclaim(ctx context.Context, id int64, until time.Time) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	const query = `UPDATE messages SET lease_until = 0 WHERE id = $1 AND lease_until = $2`
	return s.db.transact(ctx, func(t txn) error {
		return t.exec(ctx, "release a message", query, id, millis(until))
	})
}
