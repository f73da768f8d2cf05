package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"mailback/recovery"
)

// Create stores a new request: see recovery.Store. After an error of kind Unavailable it may be there; asked again with the
// same Key, Create tells.
func (s *Store) Create(ctx context.Context, r recovery.Request, e recovery.Event) (recovery.Request, bool, error) {
	var created bool
	var events []recovery.Event
	uuid := r.UUID
	err := s.db.transact(ctx, func(t txn) error {
		id, err := t.reserve(ctx, r)
		if errors.Is(err, sql.ErrNoRows) {
			created, events = false, nil
			r, err = t.request(ctx, "WHERE key = $1", r.Key)
			return err
		}
		if err != nil {
			return err
		}
		created = true
		r.ID = id
		saved, jobs, err := s.save(ctx, t, recovery.Request{ID: id, UUID: r.UUID, Key: r.Key, CreatedAt: r.CreatedAt}, &r, e)
		if err != nil {
			return err
		}
		events = []recovery.Event{saved}
		return s.next(ctx, t, jobs, 0, r)
	})
	if errors.Is(err, recovery.ErrUnsure) {
		r, err = s.lookAgain(ctx, r.Key, err)
		created = r.UUID == uuid
	}
	if err != nil {
		return recovery.Request{}, false, err
	}
	if created {
		s.tell(ctx, events)
	}
	return r, created, nil
}

// lookTime is how long it may take to find out whether a request was recorded: somebody waits for the ack.
const lookTime = 500 * time.Millisecond

// lookAgain gives the request of a key, on another connection, after a commit of which nobody knows; unsure when it is not
// there, which proves nothing yet.
func (s *Store) lookAgain(ctx context.Context, key string, unsure error) (recovery.Request, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookTime)
	defer cancel()
	r, err := s.db.reader().request(ctx, "WHERE key = $1", key)
	if err != nil {
		return recovery.Request{}, unsure
	}
	return r, nil
}

// reserve inserts the bare row of a new request; sql.ErrNoRows when its key is there already.
func (t txn) reserve(ctx context.Context, r recovery.Request) (id int64, err error) {
	const query = `INSERT INTO requests (key, uuid, state, version, requester, open, active, created_at, updated_at, body, bulk_of)
		VALUES ($1, $2, '', 0, $3, FALSE, FALSE, $4, $4, '{}', $5) ON CONFLICT (key) DO NOTHING RETURNING id`
	err = t.row(ctx, "insert the request", query, []any{r.Key, r.UUID, r.Requester.UserID, millis(r.CreatedAt), r.BulkOf}, &id)
	return id, err
}

// Update changes a request: see recovery.Store.
func (s *Store) Update(ctx context.Context, id int64, changes ...func(*recovery.Request) (recovery.Event, error)) (recovery.Request, error) {
	var r recovery.Request
	var held recovery.Lease
	var events []recovery.Event
	err := s.db.transact(ctx, func(t txn) (err error) {
		r, held, events, err = s.change(ctx, t, id, changes...)
		return err
	})
	if err != nil {
		return recovery.Request{}, err
	}
	if s.db.single && r.Lease != held { // who does not hold the lease does not change it
		s.leases.set(id, r.Lease)
	}
	sat(ctx, r)
	s.tell(ctx, events)
	return r, nil
}

// change is Update within a transaction; sat and tell have to follow its commit. held is the lease that the request had before.
func (s *Store) change(ctx context.Context, t txn, id int64, changes ...func(*recovery.Request) (recovery.Event, error)) (
	r recovery.Request, held recovery.Lease, events []recovery.Event, err error,
) {
	r, err = t.request(ctx, "WHERE id = $1"+t.d.lockRow, id)
	if err != nil {
		return r, held, nil, notFound(err, "R-%d", id)
	}
	if s.db.single {
		r.Lease = s.leases.get(id)
	}
	held = r.Lease
	version := r.Version
	var jobs []job
	for _, change := range changes {
		was := r
		was.Reviews = slices.Clone(r.Reviews)
		e, err := change(&r)
		if err != nil {
			return r, held, nil, err
		}
		saved, more, err := s.save(ctx, t, was, &r, e)
		if err != nil {
			return r, held, nil, err
		}
		jobs = append(jobs, more...)
		if saved.Kind != "" {
			events = append(events, saved)
		}
	}
	return r, held, events, s.next(ctx, t, jobs, version, r)
}

// save checks a change and writes what belongs to it: the row, and with an event also its line in the audit trail, the
// reviews and the messages. It gives the event as it is kept, and the jobs that bring the messages to their readers.
func (s *Store) save(ctx context.Context, t txn, was recovery.Request, r *recovery.Request, e recovery.Event) (recovery.Event, []job, error) {
	r.ID, r.UUID, r.Key, r.CreatedAt, r.Version = was.ID, was.UUID, was.Key, was.CreatedAt, was.Version
	if !was.State.CanBecome(r.State) {
		return e, nil, fmt.Errorf("%s from %q to %q: %w", r.Ref(), was.State, r.State, recovery.ErrEdge)
	}
	if e.Kind == "" {
		if r.State != was.State {
			return e, nil, fmt.Errorf("%s from %q to %q without an event", r.Ref(), was.State, r.State)
		}
		return e, nil, t.write(ctx, *r, millis(s.now()), tip{})
	}
	if e.At.IsZero() {
		e.At = s.now()
	}
	r.Version++
	if r.State != was.State {
		r.EnteredAt = e.At
	}
	e, err := t.append(ctx, was, *r, e)
	if err != nil {
		return e, nil, err
	}
	if err := t.write(ctx, *r, millis(e.At), tip{e.Seq, e.Hash}); err != nil {
		return e, nil, err
	}
	if err := t.writeReviews(ctx, was.Reviews, *r); err != nil {
		return e, nil, err
	}
	jobs, err := s.writeMessages(ctx, t, *r, e)
	if err != nil || e.Note == nil {
		return e, jobs, err
	}
	more, err := s.met(ctx, t, *e.Note, e.At)
	return e, append(jobs, more...), err
}

// active says whether a request has a job: it moves by itself, waits for somebody, or has clicks to decide.
func active(r recovery.Request) bool { return r.State.Open() || len(r.Inbox) > 0 }

// write writes a request's row, with the new head of its audit trail if it has one.
func (t txn) write(ctx context.Context, r recovery.Request, updated int64, h tip) error {
	if t.d.single {
		r.Lease = recovery.Lease{} // see leases
	}
	body, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("write %s as JSON: %w", r.Ref(), err)
	}
	const query = `UPDATE requests SET state = $1, version = $2, requester = $3, open = $4, active = $5, updated_at = $6,
		body = $7, mailbox = $9, purged_at = $10, wish = $13,
		head_seq = CASE WHEN $11 > 0 THEN $11 ELSE head_seq END, head_hash = CASE WHEN $11 > 0 THEN $12 ELSE head_hash END WHERE id = $8`
	return t.exec(ctx, "write the request", query, string(r.State), r.Version, r.Requester.UserID, r.State.Open(), active(r),
		updated, string(body), r.ID, r.Mailbox(), purgedAt(r), h.seq, h.hash, r.Wish())
}

// never stands for no time of purge, so that such requests come last.
const never = 9_000_000_000_000_000_000

func purgedAt(r recovery.Request) int64 {
	if at := r.PurgedAt(); !at.IsZero() {
		return millis(at)
	}
	return never
}

// writeReviews notes what was decided. A review that no longer counts stays, marked so.
func (t txn) writeReviews(ctx context.Context, was []recovery.Review, r recovery.Request) error {
	same := func(a, b recovery.Review) bool { return a.By == b.By && a.At.Equal(b.At) && a.Verdict == b.Verdict }
	if slices.EqualFunc(was, r.Reviews, same) {
		return nil
	}
	if err := t.exec(ctx, "write the reviews", `UPDATE reviews SET stands = FALSE WHERE request_id = $1`, r.ID); err != nil {
		return err
	}
	const query = `INSERT INTO reviews (request_id, team_id, user_id, at, verdict, reason, fingerprint, stands)
		VALUES ($1, $2, $3, $4, $5, $6, $7, TRUE) ON CONFLICT (request_id, team_id, user_id, at) DO UPDATE SET stands = TRUE`
	for _, v := range r.Reviews {
		err := t.exec(ctx, "write the reviews", query, r.ID, v.By.TeamID, v.By.UserID, millis(v.At), string(v.Verdict), v.Reason,
			v.Fingerprint)
		if err != nil {
			return err
		}
	}
	return nil
}

// Request gives one request as it is now: see recovery.Store.
func (s *Store) Request(ctx context.Context, id int64) (recovery.Request, error) {
	r, err := s.db.reader().request(ctx, "WHERE id = $1", id)
	if s.db.single {
		r.Lease = s.leases.get(id)
	}
	return r, notFound(err, "R-%d", id)
}

// Requests lists requests, latest first: see recovery.Store.
func (s *Store) Requests(ctx context.Context, f recovery.Filter) ([]recovery.Request, error) {
	clause, args := selection(f)
	return s.db.reader().requests(ctx, clause, args...)
}

// selection is a filter in SQL.
func selection(f recovery.Filter) (clause string, args []any) {
	if f.Limit <= 0 {
		f.Limit = 20
	}
	clause, args = "WHERE bulk_of = 0", []any{f.Limit} // a number, as SQLite parses anew what a parameter may decide the index of
	order := " ORDER BY id DESC LIMIT $1"
	if f.BulkOf != 0 {
		args = append(args, f.BulkOf)
		clause = "WHERE bulk_of = $2"
	}
	if f.Requester != "" {
		args = append(args, f.Requester)
		clause += " AND requester = $" + strconv.Itoa(len(args))
	}
	if f.Wish != "" {
		args = append(args, f.Wish)
		clause += " AND wish IN ($" + strconv.Itoa(len(args)) + ", '')" // empty: written by a version that had no such column
		order = " ORDER BY +id DESC LIMIT $1"                           // the plus: not by an index in this order, which would read them all
	}
	if f.Mailbox != "" {
		args = append(args, f.Mailbox)
		clause += " AND mailbox = $" + strconv.Itoa(len(args))
	}
	if f.Open {
		clause += " AND open"
	}
	if f.ByPurge {
		order = " ORDER BY purged_at, id DESC LIMIT $1"
	}
	return clause + order, args
}

// request reads the request that clause selects; sql.ErrNoRows when there is none.
func (c conn) request(ctx context.Context, clause string, args ...any) (recovery.Request, error) {
	rs, err := c.requests(ctx, clause, args...)
	if err == nil && len(rs) == 0 {
		err = sql.ErrNoRows
	}
	if err != nil {
		return recovery.Request{}, err
	}
	return rs[0], nil
}

// requests reads the requests that clause selects.
func (c conn) requests(ctx context.Context, clause string, args ...any) ([]recovery.Request, error) {
	var rs []recovery.Request
	err := c.rows(ctx, "read requests", "SELECT id, body FROM requests "+clause, args, func(rows *sql.Rows) error {
		var id int64
		var body []byte
		if err := rows.Scan(&id, &body); err != nil {
			return err
		}
		var r recovery.Request
		if err := json.Unmarshal(body, &r); err != nil {
			return fmt.Errorf("read the JSON of R-%d: %w", id, err)
		}
		rs = append(rs, r)
		return nil
	})
	return rs, err
}
