package recovery

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// memStore keeps the contract of Store in memory. Like a database it hands out copies only, and gives times back without
// the location and the monotonic clock that they had.
type memStore struct {
	mu     sync.Mutex
	now    Clock
	rows   map[int64]row
	keys   map[string]int64
	events []Event
	jobs   []job
	cards  map[string]posted // by channel and ts

	after func(op string) // called after each commit, outside the lock
	fail  error           // what the next calls answer
}

// row is a request as it is kept.
type row struct {
	body    []byte
	state   State
	version int64
	events  int64
}

type posted struct {
	id  int64
	key string
}

// job is an advance job that waits.
type job struct {
	id, version int64
	due         time.Time
	tries       int
}

func newMemStore(now Clock) *memStore {
	return &memStore{now: now, rows: map[int64]row{}, keys: map[string]int64{}, cards: map[string]posted{}, after: func(string) {}}
}

func (m *memStore) Create(ctx context.Context, r Request, e Event) (Request, bool, error) {
	if err := m.down(ctx); err != nil {
		return Request{}, false, err
	}
	m.mu.Lock()
	if id, ok := m.keys[r.Key]; ok {
		defer m.mu.Unlock()
		return m.read(id), false, nil
	}
	r.ID = int64(len(m.rows) + 1)
	m.keys[r.Key] = r.ID
	err := m.save(row{}, &r, e)
	m.mu.Unlock()
	m.after("create")
	return r, true, err
}

// down says why the store cannot be used now.
func (m *memStore) down(ctx context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	return ctx.Err()
}

func (m *memStore) Update(ctx context.Context, id int64, changes ...func(*Request) (Event, error)) (Request, error) {
	if err := m.down(ctx); err != nil {
		return Request{}, err
	}
	m.mu.Lock()
	if _, ok := m.rows[id]; !ok {
		m.mu.Unlock()
		return Request{}, fmt.Errorf("R-%d: %w", id, ErrNotFound)
	}
	first := m.read(id)
	for _, change := range changes {
		if _, err := change(&first); err != nil { // a database may have to run the closures again
			m.mu.Unlock()
			return Request{}, err
		}
	}
	r, was, events, jobs := m.read(id), m.rows[id], len(m.events), len(m.jobs)
	for _, change := range changes {
		e, err := change(&r)
		if err == nil {
			m.jobs = m.jobs[:jobs] // one for the last
			err = m.save(m.rows[id], &r, e)
		}
		if err != nil {
			m.rows[id], m.events, m.jobs = was, m.events[:events], m.jobs[:jobs]
			m.mu.Unlock()
			return Request{}, err
		}
	}
	m.mu.Unlock()
	m.after("update")
	return r, nil
}

func (m *memStore) Lease(ctx context.Context, id int64, take func(*Request) error) (Request, error) {
	return m.Update(ctx, id, func(r *Request) (Event, error) { return Event{}, take(r) })
}

// save writes the row and, with an event, its line and the next job.
func (m *memStore) save(was row, r *Request, e Event) error {
	if !was.state.CanBecome(r.State) {
		return fmt.Errorf("from %q to %q: %w", was.state, r.State, ErrEdge)
	}
	r.Version = was.version
	if e.Kind == "" {
		if r.State != was.state {
			return fmt.Errorf("from %q to %q without an event", was.state, r.State)
		}
		m.write(*r, was.events)
		return nil
	}
	if e.At.IsZero() {
		e.At = m.now()
	}
	r.Version++
	if r.State != was.state {
		r.EnteredAt = e.At
	}
	e.Request, e.Seq, e.From, e.To = r.ID, was.events+1, was.state, r.State
	if r.Plan != nil {
		e.Fingerprint = r.Plan.Fingerprint()
	}
	m.events = append(m.events, e)
	if r.State.Open() || len(r.Inbox) > 0 {
		m.jobs = append(m.jobs, job{id: r.ID, version: r.Version, due: m.now()})
	}
	m.write(*r, e.Seq)
	return nil
}

func (m *memStore) write(r Request, events int64) {
	body, err := json.Marshal(r)
	if err != nil {
		panic(err)
	}
	m.rows[r.ID] = row{body, r.State, r.Version, events}
}

func (m *memStore) read(id int64) Request {
	var r Request
	if err := json.Unmarshal(m.rows[id].body, &r); err != nil {
		panic(err)
	}
	return r
}

func (m *memStore) Request(_ context.Context, id int64) (Request, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return Request{}, m.fail
	}
	if _, ok := m.rows[id]; !ok {
		return Request{}, ErrNotFound
	}
	return m.read(id), nil
}

func (m *memStore) Requests(_ context.Context, f Filter) ([]Request, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return nil, m.fail
	}
	var list []Request
	ids := slices.Sorted(maps.Keys(m.rows))
	slices.Reverse(ids)
	if f.ByPurge {
		slices.SortStableFunc(ids, func(a, b int64) int { return purgedFirst(m.read(a).PurgedAt(), m.read(b).PurgedAt()) })
	}
	for _, id := range ids {
		r := m.read(id)
		if f.Mailbox != "" && f.Mailbox != r.Mailbox() || f.Wish != "" && f.Wish != r.Wish() {
			continue
		}
		fits := (f.Requester == "" || f.Requester == r.Requester.UserID) && (!f.Open || r.State.Open())
		if fits && (f.Limit == 0 && len(list) < 20 || len(list) < f.Limit) {
			list = append(list, r)
		}
	}
	return list, nil
}

func (m *memStore) Posted(_ context.Context, channel, ts string) (int64, string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return 0, "", m.fail
	}
	p, ok := m.cards[channel+" "+ts]
	if !ok {
		return 0, "", ErrNotFound
	}
	return p.id, p.key, nil
}

func (m *memStore) Cards(_ context.Context, key string, ids []int64) (map[int64]Place, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	cards := map[int64]Place{}
	for place, p := range m.cards {
		if channel, ts, _ := strings.Cut(place, " "); p.key == key && slices.Contains(ids, p.id) {
			cards[p.id] = Place{channel, ts}
		}
	}
	return cards, m.fail
}

// post notes that a card was posted, as the outbox does.
func (m *memStore) post(channel, ts string, id int64, key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.cards[channel+" "+ts] = posted{id, key}
}

// next takes the job that is due first, if one is due by limit.
func (m *memStore) next(limit time.Time) (job, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	first := -1
	for i, j := range m.jobs {
		if !j.due.After(limit) && (first < 0 || j.due.Before(m.jobs[first].due)) {
			first = i
		}
	}
	if first < 0 {
		return job{}, false
	}
	j := m.jobs[first]
	m.jobs = slices.Delete(m.jobs, first, first+1)
	return j, true
}

// again puts a job back until due.
func (m *memStore) again(j job, due time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	j.due, j.tries = due, j.tries+1
	m.jobs = append(m.jobs, j)
}

// orphaned says whether a request that must move on has no job that could move it.
func (m *memStore) orphaned(id int64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.rows[id]
	if !r.state.Open() && len(m.read(id).Inbox) == 0 {
		return false
	}
	return !slices.ContainsFunc(m.jobs, func(j job) bool { return j.id == id && j.version == r.version })
}

// stored gives a request as it is written down: its row is never changed in place.
func (m *memStore) stored(id int64) row {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.rows[id]
}

// content is all that a turn may go by.
func (r row) content() string {
	var q Request
	if err := json.Unmarshal(r.body, &q); err != nil {
		panic(err)
	}
	q.Version, q.Lease, q.Tries = 0, Lease{}, 0
	body, err := json.Marshal(q)
	if err != nil {
		panic(err)
	}
	return string(body)
}

// trail gives a request's events.
func (m *memStore) trail(id int64) []Event {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(m.events), func(e Event) bool { return e.Request != id })
}

// story tells a request's events as "kind>state" words, those about clicks left out.
func (m *memStore) story(id int64) string {
	var words []string
	for _, e := range m.trail(id) {
		if e.Kind == EventClicked {
			continue
		}
		words = append(words, string(e.Kind)+">"+string(e.To))
	}
	return strings.Join(words, " ")
}

// purgedFirst orders times of purge; none is the last.
func purgedFirst(a, b time.Time) int {
	switch {
	case a.IsZero() && b.IsZero():
		return 0
	case a.IsZero():
		return 1
	case b.IsZero():
		return -1
	default:
		return a.Compare(b)
	}
}
