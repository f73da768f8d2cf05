package recovery

import (
	"context"
	"slices"
	"sync"
)

// memBulk keeps the contract of BulkList in memory.
type memBulk struct {
	store *memStore

	mu    sync.Mutex
	lists map[int64][]BulkRow
}

func newMemBulk(store *memStore) *memBulk {
	return &memBulk{store: store, lists: map[int64][]BulkRow{}}
}

func (m *memBulk) SaveBulk(ctx context.Context, id int64, rows []BulkRow) error {
	if err := m.store.down(ctx); err != nil {
		return err
	}
	m.mu.Lock()
	m.lists[id] = slices.Clone(rows)
	m.mu.Unlock()
	m.store.after("save the list")
	return nil
}

func (m *memBulk) BulkRows(ctx context.Context, id int64) ([]BulkRow, error) {
	if err := m.store.down(ctx); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	rows := slices.Clone(m.lists[id])
	for i := range rows {
		if rows[i].Child == 0 {
			continue
		}
		child, err := m.store.Request(ctx, rows[i].Child)
		if err != nil {
			return nil, err
		}
		rows[i].State = child.State
	}
	return rows, nil
}

func (m *memBulk) UpdateBulk(ctx context.Context, id int64, rows ...BulkRow) error {
	if err := m.store.down(ctx); err != nil {
		return err
	}
	m.mu.Lock()
	for _, row := range rows {
		i := slices.IndexFunc(m.lists[id], func(o BulkRow) bool { return o.N == row.N })
		m.lists[id][i] = row
	}
	m.mu.Unlock()
	m.store.after("update the list")
	return nil
}
