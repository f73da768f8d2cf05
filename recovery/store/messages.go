package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"mailback/recovery"
)

// writeMessages asks the renderer what people should see after an event, and gives the jobs that bring it to them: one for
// each new message and for each card that reads differently now.
func (s *Store) writeMessages(ctx context.Context, t txn, r recovery.Request, e recovery.Event) ([]job, error) {
	messages, err := s.cfg.Render(r, e)
	if err != nil {
		return nil, fmt.Errorf("word the messages of %s: %w", r.Ref(), err)
	}
	var jobs []job
	for _, m := range messages {
		id, version, err := t.put(ctx, r.ID, m)
		if err != nil {
			return nil, err
		}
		if version > 0 {
			jobs = append(jobs, deliverJob(r.ID, id, version))
		}
	}
	return jobs, nil
}

// put inserts a message, or gives a card its new body. The version is 0 when there was nothing to change: lines are
// written once, and a card that reads the same stays as it is.
func (t txn) put(ctx context.Context, request int64, m recovery.Message) (id, version int64, err error) {
	var body string
	const find = `SELECT id, version, body FROM messages WHERE request_id = $1 AND key = $2`
	err = t.row(ctx, "read a message", find, []any{request, m.Key}, &id, &version, &body)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		const query = `INSERT INTO messages (request_id, key, channel, thread_key, ephemeral, body, version)
			VALUES ($1, $2, $3, $4, $5, $6, 1) RETURNING id`
		err = t.row(ctx, "insert a message", query,
			[]any{request, m.Key, m.Channel, m.Thread, m.Ephemeral, string(m.Body)}, &id)
		return id, 1, err
	case err != nil:
		return 0, 0, err
	case !isCard(m) || body == string(m.Body):
		return id, 0, nil
	}
	// Where it goes can change only while it is nowhere.
	const query = `UPDATE messages SET body = $1, version = version + 1, channel = CASE WHEN ts = '' THEN $2 ELSE channel END
		WHERE id = $3`
	err = t.exec(ctx, "change a card", query, string(m.Body), m.Channel, id)
	return id, version + 1, err
}

// isCard says whether a message is edited in place.
func isCard(m recovery.Message) bool {
	return m.Ephemeral == "" && (m.Key == recovery.CardApproval || m.Key == recovery.CardRequester)
}

// Posted tells whose message is in channel as ts: see recovery.Store.
func (s *Store) Posted(ctx context.Context, channel, ts string) (id int64, key string, err error) {
	const query = `SELECT COALESCE(request_id, 0), key FROM messages WHERE posted_channel = $1 AND ts = $2 AND ts <> '' AND ephemeral = ''`
	err = s.db.reader().row(ctx, "find a message", query, []any{channel, ts}, &id, &key)
	return id, key, notFound(err, "message %s in %s", ts, channel)
}

// Cards tells where cards stand: see recovery.Store.
func (s *Store) Cards(ctx context.Context, key string, ids []int64) (map[int64]recovery.Place, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	args := []any{key}
	var marks []string
	for _, id := range ids {
		args = append(args, id)
		marks = append(marks, "$"+strconv.Itoa(len(args)))
	}
	query := `SELECT request_id, posted_channel, ts FROM messages WHERE key = $1 AND ts <> '' AND request_id IN (` + strings.Join(marks, ", ") + `)`
	cards := map[int64]recovery.Place{}
	err := s.db.reader().rows(ctx, "find cards", query, args, func(rows *sql.Rows) error {
		var id int64
		var at recovery.Place
		if err := rows.Scan(&id, &at.Channel, &at.TS); err != nil {
			return err
		}
		cards[id] = at
		return nil
	})
	return cards, err
}
