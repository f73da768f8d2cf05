package store

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"math/big"
	"sync"

	"mailback/recovery"
)

// rehearse opens all connections to a server side by side, and does on each what is done for somebody who asks and then clicks, to take it
// back at once. Each connection is a process of the server's, which needs far longer for what it does for the first time: without the
// rehearsal the first who ask after a start would wait for all of them. A server that gives fewer connections says so to whoever needs one.
func (s *Store) rehearse(ctx context.Context) error {
	var all sync.WaitGroup
	conns := make([]*sql.Conn, poolSize)
	errs := make([]error, poolSize)
	for i := range conns {
		all.Go(func() {
			if conns[i], errs[i] = s.db.write.Conn(ctx); errs[i] == nil {
				errs[i] = s.rehearseOn(ctx, conns[i])
			}
		})
	}
	all.Wait()
	for _, c := range conns {
		if c != nil {
			_ = c.Close() // goes back to the pool
		}
	}
	return cmp.Or(errs...) // one says it
}

// rehearseOn is rehearse on one connection.
func (s *Store) rehearseOn(ctx context.Context, c *sql.Conn) error {
	tx, err := c.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin a rehearsal: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // it is never committed
	for range rehearsals {
		if err := s.play(ctx, txn{conn{q: tx, d: s.db.dialect}, tx}); err != nil {
			return err
		}
	}
	return nil
}

// rehearsals is how often all is done. A server plans a statement anew each of the first five times (PostgreSQL: PREPARE), and most are in
// both deeds.
const rehearsals = 3

// play does what an ask for a mailbox and a click on it do, as a request that no sequence gave its number: R-1 is the first that people see.
// There are no messages: neither of the two has any.
func (s *Store) play(ctx context.Context, t txn) error {
	nobody := recovery.Actor{TeamID: rand.Text(), UserID: rand.Text()}
	now := s.now()
	r := recovery.Request{Key: rand.Text(), UUID: rand.Text(), State: recovery.Submitted, CreatedAt: now, EnteredAt: now, Requester: nobody}
	if _, _, err := t.used(ctx, nobody.UserID, now.Unix()/60, -1); err != nil { // -1: everybody's row stays free for others
		return err
	}
	clause, args := selection(recovery.Filter{Requester: nobody.UserID, Wish: r.Wish(), Open: true, Limit: 50})
	if _, err := t.requests(ctx, clause, args...); err != nil {
		return err
	}
	var err error
	if r.ID, err = t.placeless(ctx, r); err != nil {
		return err
	}
	for _, kind := range []recovery.EventKind{recovery.EventAsked, recovery.EventClicked} {
		was, err := t.request(ctx, "WHERE id = $1"+t.d.lockRow, r.ID)
		if err != nil {
			return err
		}
		r.Version++
		e, err := t.append(ctx, was, r, recovery.Event{At: now, Kind: kind, By: nobody})
		if err != nil {
			return err
		}
		if err := t.write(ctx, r, millis(now), tip{e.Seq, e.Hash}); err != nil {
			return err
		}
		if err := s.next(ctx, t, nil, was.Version, r); err != nil {
			return err
		}
	}
	return nil
}

// placeless is reserve with a number below zero, which several can have at random without meeting.
func (t txn) placeless(ctx context.Context, r recovery.Request) (id int64, err error) {
	n, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		return 0, fmt.Errorf("make a number for a rehearsal: %w", err)
	}
	const query = `INSERT INTO requests (id, key, uuid, state, version, requester, open, active, created_at, updated_at, body, bulk_of)
		OVERRIDING SYSTEM VALUE VALUES ($1, $2, $3, '', 0, $4, FALSE, FALSE, $5, $5, '{}', 0) RETURNING id`
	args := []any{-1 - n.Int64(), r.Key, r.UUID, r.Requester.UserID, millis(r.CreatedAt)}
	err = t.row(ctx, "insert a request for a rehearsal", query, args, &id)
	return id, err
}
