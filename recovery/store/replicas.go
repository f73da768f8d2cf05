package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// rollCall is how often a process looks whether the others are alive.
const rollCall = 2 * time.Second

// rollLock is the class of the advisory locks of replicas; the object is a replica's id.
const rollLock = 0x6d61696c // "mail" in ASCII

// roll is this process among those that share a PostgreSQL database. Each has a row in replicas and holds an advisory lock of its id in
// a session of its own: the server gives the lock back when the process dies, whatever its clock or its network says. So the others
// know at once, and go on with what it was doing, long before River's own rescue would.
type roll struct {
	s    *Store
	stop context.CancelFunc
	done chan struct{}
}

// joinRoll enters this process. Where one process at a time has the database, there is no roll.
func (s *Store) joinRoll(ctx context.Context) (*roll, error) {
	if s.db.single {
		return &roll{}, nil
	}
	c, err := s.enrol(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r := &roll{s: s, stop: cancel, done: make(chan struct{})}
	go func() {
		defer close(r.done)
		r.keep(ctx, c)
	}()
	return r, nil
}

// leave takes this process off the roll.
func (r *roll) leave() {
	if r.stop != nil {
		r.stop()
		<-r.done
	}
}

// seat is a process's place on the roll: the session that holds its lock.
type seat struct {
	conn *sql.Conn
	id   int64
}

// enrol takes a place. The lock comes before the row: a row without a lock is a dead process.
func (s *Store) enrol(ctx context.Context) (seat, error) {
	conn, err := s.db.write.Conn(ctx)
	if err != nil {
		return seat{}, s.db.fault("enter the roll of replicas", err)
	}
	c := seat{conn: conn}
	err = c.session(s).row(ctx, "take a number", `SELECT nextval(pg_get_serial_sequence('replicas', 'id'))`, nil, &c.id)
	if err == nil {
		_, err = conn.ExecContext(ctx, `SELECT pg_advisory_lock($1, $2)`, rollLock, c.id)
	}
	if err == nil {
		_, err = conn.ExecContext(ctx, `INSERT INTO replicas (id, client, started_at) VALUES ($1, $2, $3)`, c.id, s.client, millis(s.now()))
	}
	if err != nil {
		return seat{}, errors.Join(s.db.fault("enter the roll of replicas", err), conn.Close())
	}
	return c, nil
}

// session runs statements in the session that holds the lock.
func (c seat) session(s *Store) conn { return conn{q: c.conn, d: s.db.dialect} }

// keep calls the roll until ctx ends, and takes a new place when the session was lost.
func (r *roll) keep(ctx context.Context, c seat) {
	tick := time.NewTicker(rollCall)
	defer tick.Stop()
	for {
		if c.conn == nil {
			c, _ = r.s.enrol(ctx) // tried again at the next tick; that the database is away is said by all else
		} else if err := r.s.callRoll(ctx, c); err != nil && ctx.Err() == nil {
			r.s.log.WarnContext(ctx, "the roll of replicas could not be called", "error", err)
			r.s.drop(c)
			c = seat{}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			r.s.withdraw(c)
			return
		}
	}
}

// drop ends a session whose locks must not go on in the pool.
func (s *Store) drop(c seat) {
	_ = c.conn.Raw(func(any) error { return driver.ErrBadConn }) // closes it for good (database/sql: Conn.Raw)
	_ = c.conn.Close()
}

// withdraw gives a place back.
func (s *Store) withdraw(c seat) {
	if c.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	_, err := c.conn.ExecContext(ctx, `DELETE FROM replicas WHERE id = $1`, c.id)
	if err == nil {
		_, err = c.conn.ExecContext(ctx, `SELECT pg_advisory_unlock($1, $2)`, rollLock, c.id)
	}
	if err != nil {
		s.log.DebugContext(ctx, "the roll of replicas was left without a word", "error", err)
	}
	_ = c.conn.Close()
}

// callRoll looks for processes that are dead, and wakes what they were doing.
func (s *Store) callRoll(ctx context.Context, c seat) error {
	var others []replica
	err := c.session(s).rows(ctx, "read the roll", `SELECT id, client FROM replicas WHERE id <> $1`, []any{c.id}, func(rows *sql.Rows) error {
		var x replica
		err := rows.Scan(&x.id, &x.client)
		others = append(others, x)
		return err
	})
	if err != nil {
		return err
	}
	for _, x := range others {
		if err := s.bury(ctx, c, x); err != nil {
			return err
		}
	}
	return nil
}

// replica is another process on the roll.
type replica struct {
	id     int64
	client string
}

// bury takes a process off the roll if nobody holds its lock, and wakes what it was doing. Only one of the living gets the lock.
func (s *Store) bury(ctx context.Context, c seat, x replica) error {
	var free bool
	const try = `SELECT pg_try_advisory_lock($1, $2)`
	if err := c.session(s).row(ctx, "see who lives", try, []any{rollLock, x.id}, &free); err != nil || !free {
		return err
	}
	err := s.db.transact(ctx, func(t txn) error { return s.takeOver(ctx, t, x) })
	_, unlockErr := c.conn.ExecContext(ctx, `SELECT pg_advisory_unlock($1, $2)`, rollLock, x.id)
	if err != nil || unlockErr != nil {
		return fmt.Errorf("take over from a dead replica: %w", errors.Join(err, unlockErr))
	}
	s.log.InfoContext(ctx, "a replica died: its work goes on here or elsewhere", slog.String("replica", x.client))
	return nil
}

// takeOver gives what a dead process was doing to the living: its requests and messages get new versions with new jobs. Its own jobs stay
// running for River until River rescues them, and then end at once because their versions are stale.
func (s *Store) takeOver(ctx context.Context, t txn, x replica) error {
	const running = `FROM river_job WHERE state = 'running' AND attempted_by[array_length(attempted_by, 1)] = $1`
	jobs, err := s.wakeRequests(ctx, t, `WHERE active AND id IN (SELECT (args->>'request_id')::bigint `+running+` AND kind = 'advance') FOR UPDATE`, x.client)
	if err != nil {
		return err
	}
	messages, err := s.wakeMessages(ctx, t, ` AND id IN (SELECT (args->>'message_id')::bigint `+running+` AND kind = 'deliver')`, x.client)
	if err != nil {
		return err
	}
	if err := t.exec(ctx, "end the lead of a dead replica", `DELETE FROM river_leader WHERE leader_id = $1`, x.client); err != nil {
		return err
	}
	if err := t.exec(ctx, "take a dead replica off the roll", `DELETE FROM replicas WHERE id = $1`, x.id); err != nil {
		return err
	}
	return s.enqueue(ctx, t, append(jobs, messages...))
}
