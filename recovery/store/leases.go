package store

import (
	"context"
	"sync"

	"mailback/recovery"
)

// leases are kept here where one process at a time has the database: nobody else asks for them, and they end with the process. So a turn
// begins without a commit. Where processes share the database, a lease stands in the request's row.
type leases [64]leasePart

// leasePart is the leases of every 64th request.
type leasePart struct {
	sync.Mutex

	of map[int64]recovery.Lease // by request; those that nobody holds are not there
}

// part is where a request's lease is.
func (l *leases) part(id int64) *leasePart { return &l[id%int64(len(l))] }

func (p *leasePart) put(id int64, lease recovery.Lease) {
	if lease == (recovery.Lease{}) {
		delete(p.of, id)
		return
	}
	if p.of == nil {
		p.of = map[int64]recovery.Lease{}
	}
	p.of[id] = lease
}

// get is the lease of a request.
func (l *leases) get(id int64) recovery.Lease {
	part := l.part(id)
	part.Lock()
	defer part.Unlock()
	return part.of[id]
}

// set sets it. A zero one is nobody's.
func (l *leases) set(id int64, lease recovery.Lease) {
	part := l.part(id)
	part.Lock()
	defer part.Unlock()
	part.put(id, lease)
}

// Lease begins a turn: see recovery.Store.
func (s *Store) Lease(ctx context.Context, id int64, take func(*recovery.Request) error) (recovery.Request, error) {
	if !s.db.single {
		return s.Update(ctx, id, func(r *recovery.Request) (recovery.Event, error) { return recovery.Event{}, take(r) })
	}
	part := s.leases.part(id)
	part.Lock()
	defer part.Unlock()
	r, err := s.db.reader().request(ctx, "WHERE id = $1", id) // whoever gave the lease back had committed before
	if err != nil {
		return r, notFound(err, "R-%d", id)
	}
	r.Lease = part.of[id]
	if err := take(&r); err != nil {
		return r, err
	}
	part.put(id, r.Lease)
	return r, nil
}
