package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"sync"

	"mailback/recovery"
)

// group commits together the transactions that wait for the one connection of SQLite that writes, so that they wait for the disk once and
// not each for itself. One of them leads: it gets the connection, runs all that wait by then, commits, and gives the lead to the next.
// Each is as alone: one that fails is taken back, and no other with it.
type group struct {
	db *database

	mu      sync.Mutex
	waiting []*member // in the order in which they came; the first of them leads
	led     bool      // somebody leads
}

// mostMembers is how many transactions are committed together.
const mostMembers = 32

// member is a transaction.
type member struct {
	ctx   context.Context //nolint:containedctx // of the caller who waits for it
	do    func(txn) error
	lead  chan struct{} // closed when it is to lead
	ended chan struct{} // closed when err and panicked hold

	err      error
	panicked any
}

// run runs a transaction. A panic of do's goes to its caller.
func (g *group) run(ctx context.Context, do func(txn) error) error {
	m := &member{ctx: ctx, do: do, lead: make(chan struct{}), ended: make(chan struct{})}
	g.join(m)
	select {
	case <-m.lead:
		g.leads(m)
	case <-m.ended:
	case <-ctx.Done():
		g.leave(m, ctx.Err())
		<-m.ended
	}
	if m.panicked != nil {
		panic(m.panicked)
	}
	return m.err
}

// join puts a member behind the others.
func (g *group) join(m *member) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waiting = append(g.waiting, m)
	if !g.led {
		g.led = true
		close(m.lead)
	}
}

// leave ends a member that still waits. One that was taken up ends by itself.
func (g *group) leave(m *member, why error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.Index(g.waiting, m)
	if i < 0 {
		return
	}
	g.waiting = slices.Delete(g.waiting, i, i+1)
	m.end(g.db.fault("begin", why))
	select {
	case <-m.lead:
		g.passOn()
	default:
	}
}

// passOn gives the lead to the first who waits. The caller holds mu.
func (g *group) passOn() {
	g.led = len(g.waiting) > 0
	if g.led {
		close(g.waiting[0].lead)
	}
}

// errBroken is what the members are told when the leader does not come back from the commit, as after a panic.
var errBroken = fmt.Errorf("%w: the commit was broken off", recovery.ErrUnsure)

// leads runs the leader's transaction and those that wait with it.
func (g *group) leads(m *member) {
	c, err := g.db.write.Conn(m.ctx)
	if err != nil {
		g.leave(m, err)
		return
	}
	members := g.take()
	err = g.db.fault("commit", errBroken)
	defer func() {
		_ = c.Close() // goes back to the pool
		for _, m := range members {
			m.end(err)
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		g.passOn()
	}()
	err = g.commit(c, members)
}

// take takes up those who wait, the leader among them.
func (g *group) take() []*member {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := min(len(g.waiting), mostMembers)
	members := slices.Clone(g.waiting[:n])
	g.waiting = slices.Delete(g.waiting, 0, n)
	return members
}

// commit runs the members in one transaction. Its error is that of all who have none of their own. No caller's patience breaks off a
// statement: SQLite would take back all that stands before it.
func (g *group) commit(c *sql.Conn, members []*member) error {
	tx, err := c.BeginTx(context.Background(), nil)
	if err != nil {
		return g.db.fault("begin", err)
	}
	defer tx.Rollback() //nolint:errcheck // an error after Commit; before it, nothing was written
	t := txn{conn{q: tx, d: g.db.dialect, steady: true}, tx}
	wanted := false // by any member
	for _, m := range members {
		if err := m.within(t, len(members) > 1); err != nil {
			return &recovery.Error{Kind: recovery.Unavailable, Peer: recovery.PeerDatabase, Op: "take back another transaction", Err: err}
		}
		wanted = wanted || !m.failed()
	}
	if !wanted {
		return nil
	}
	return g.db.fault("commit", g.db.unsure(tx.Commit()))
}

// within runs a member within a transaction, and takes back what it did if it fails, where there are others. An error means that the
// transaction is lost to all.
func (m *member) within(t txn, others bool) error {
	if !others {
		m.try(t)
		return nil
	}
	ctx := t.span(m.ctx)
	if _, err := t.tx.ExecContext(ctx, "SAVEPOINT member"); err != nil {
		return err
	}
	m.try(t)
	if m.failed() {
		if _, err := t.tx.ExecContext(ctx, "ROLLBACK TO member"); err != nil {
			return err
		}
	}
	_, err := t.tx.ExecContext(ctx, "RELEASE member")
	return err
}

// try runs what the member does. It fails when its caller no longer waits: then it is for sure not committed.
func (m *member) try(t txn) {
	defer func() { m.panicked = recover() }()
	if m.err = m.do(t); m.err == nil {
		m.err = t.d.fault("commit", m.ctx.Err())
	}
}

// failed says whether the member is not to be committed.
func (m *member) failed() bool { return m.err != nil || m.panicked != nil }

// end tells the caller how it went: err is that of the whole group.
func (m *member) end(err error) {
	if !m.failed() {
		m.err = err
	}
	close(m.ended)
}
