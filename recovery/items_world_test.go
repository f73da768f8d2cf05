package recovery

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// marker stands in every subject and sender of the tests, and must stand nowhere else.
const marker = "XYZZY"

// recoverable is the recoverable items of one mailbox, and what lies in its folders.
type recoverable struct {
	*tenant

	mailbox string
	items   []Item
	put     map[string]string // entry id -> folder, of what was restored
	lostDir map[string]bool   // folders that are gone
	stuck   map[string]error  // entry id -> what restoring it meets
	late    bool              // what is stuck meets it when the restoring call was made
	follows bool              // it finds an item that was put back, as Graph does
	ghosts  bool              // restored items stay on the list
}

func newRecoverable(t *tenant) *recoverable {
	return &recoverable{tenant: t, put: map[string]string{}, lostDir: map[string]bool{}, stuck: map[string]error{}}
}

// holds gives john's mailbox n deleted messages, an hour apart, the latest first.
func (w *world) holds(account string, n int, change ...func(i int, it *Item)) {
	w.box.mailbox = "guid-" + account
	for i := range n {
		it := Item{
			EntryID: fmt.Sprintf("entry-%03d", i+1), Class: "IPM.Note", Folder: "/Inbox", Source: "RecoverableItems",
			ModifiedAt: w.ago(time.Duration(i+1) * time.Hour), Subject: Private(fmt.Sprintf("Invoice %d %s", i+1, marker)), From: "boss-" + marker + "@contoso.com",
		}
		for _, c := range change {
			c(i, &it)
		}
		w.box.items = append(w.box.items, it)
	}
}

func (x *recoverable) Items(ctx context.Context, mailbox string, f ItemFilter) (list []Item, err error) {
	return list, x.call(ctx, "items", func() error {
		if mailbox != x.mailbox {
			return &Error{Kind: NotFound, Op: "Get-RecoverableItems", Detail: NoMailbox}
		}
		for _, it := range x.items {
			_, done := x.put[it.EntryID]
			fits := !it.ModifiedAt.Before(f.After) && (f.Before.IsZero() || it.ModifiedAt.Before(f.Before)) &&
				(f.Folder == "" || strings.EqualFold(strings.TrimPrefix(it.Folder, "/"), f.Folder)) && (f.Type == "" || f.Type == "message")
			if fits && (!done || x.ghosts) {
				list = append(list, it)
			}
		}
		slices.SortStableFunc(list, func(a, b Item) int { return b.ModifiedAt.Compare(a.ModifiedAt) })
		return nil
	})
}

func (x *recoverable) RestoreItem(ctx context.Context, mailbox, entryID, folder string) (res ItemResult, err error) {
	return res, x.call(ctx, "restore-item", func() error {
		res.Sent = x.late
		if err := x.stuck[entryID]; err != nil {
			return err
		}
		i := slices.IndexFunc(x.items, func(it Item) bool { return it.EntryID == entryID })
		to, done := x.put[entryID]
		if done && x.follows {
			res = ItemResult{Restored: true, Folder: to}
			return nil
		}
		if done || i < 0 || mailbox != x.mailbox {
			detail := ""
			if x.follows {
				detail = NotBack
			}
			return &Error{Kind: NotFound, Op: "Restore-RecoverableItems", Detail: detail}
		}
		to = x.items[i].Folder
		if x.lostDir[to] {
			to = folder
		}
		x.put[entryID] = to
		x.did["restore-item"]++
		res = ItemResult{Sent: true, Restored: true, Folder: to}
		return nil
	})
}

// memList keeps lists in memory.
type memList struct {
	mu    sync.Mutex
	lists map[int64][]ItemRow
	after func(op string)
}

func newMemList() *memList { return &memList{lists: map[int64][]ItemRow{}, after: func(string) {}} }

func (m *memList) change(op string, request int64, do func([]ItemRow) []ItemRow) error {
	m.mu.Lock()
	m.lists[request] = do(slices.Clone(m.lists[request]))
	m.mu.Unlock()
	m.after(op)
	return nil
}

// each changes rows of a list.
func (m *memList) each(op string, request int64, do func(*ItemRow)) error {
	return m.change(op, request, func(list []ItemRow) []ItemRow {
		for i := range list {
			do(&list[i])
		}
		return list
	})
}

func (m *memList) SaveItems(_ context.Context, request int64, list []ItemRow) error {
	return m.change("save", request, func([]ItemRow) []ItemRow { return slices.Clone(list) })
}

func (m *memList) ItemRows(_ context.Context, request int64) ([]ItemRow, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.lists[request]), nil
}

func (m *memList) NextItems(ctx context.Context, request int64, limit int) ([]ItemRow, error) {
	list, _ := m.ItemRows(ctx, request)
	list = slices.DeleteFunc(list, func(r ItemRow) bool { return !r.Chosen || r.Result != "" })
	slices.SortStableFunc(list, func(a, b ItemRow) int { return a.Tries - b.Tries })
	return list[:min(limit, len(list))], nil
}

func (m *memList) ChooseItems(_ context.Context, request int64, numbers []int) error {
	return m.each("choose", request, func(r *ItemRow) { r.Chosen = slices.Contains(numbers, r.N) })
}

func (m *memList) UpdateItems(_ context.Context, request int64, rows ...ItemRow) error {
	op := "begin"
	if slices.ContainsFunc(rows, func(r ItemRow) bool { return r.Result != "" }) {
		op = "settle"
	}
	return m.each(op, request, func(r *ItemRow) {
		for _, row := range rows {
			if r.N == row.N {
				r.Began, r.Tries, r.Sent, r.Result, r.RestoredTo = row.Began, row.Tries, row.Sent, row.Result, row.RestoredTo
			}
		}
	})
}

func (m *memList) ReopenItems(_ context.Context, request int64) error {
	return m.each("reopen", request, func(r *ItemRow) {
		if r.Result != ItemRestored && r.Result != ItemGone {
			r.Result, r.Began, r.Tries, r.RestoredTo = "", time.Time{}, 0, ""
		}
	})
}

func (m *memList) CountItems(ctx context.Context, request int64) (c ItemCounts, err error) {
	if _, ends := ctx.Deadline(); !ends { // it is asked when the turn's time may be up
		return c, errors.New("counting the items could take for ever")
	}
	list, _ := m.ItemRows(ctx, request)
	for _, r := range list {
		if !r.Chosen {
			continue
		}
		c.Add(r.Result, 1)
	}
	return c, nil
}

// itemWorld has john with a live mailbox, whom rita is in Entra: its owner where owner is true.
func itemWorld(t *testing.T, owner bool) *world {
	t.Helper()
	w := newWorld(t)
	w.lives(john, "john", func(u *user) {
		u.account.Licenses, u.answersAt = []AssignedLicense{{SKU: skuE3}}, w.clock
	})
	if owner {
		w.people.set(rita, func(p *Person) { p.Email, p.TimeZone = "john@contoso.com", "Europe/Riga" })
	}
	return w
}

// asksItems asks for items of john's mailbox.
func (w *world) asksItems(user string, wish ItemWish) Request {
	w.Helper()
	return w.asksAs(user, Ask{Query: Query{ByAddress, "john@contoso.com"}, Items: &wish})
}

// silent fails where anything that is kept or logged holds a subject or a sender.
func (w *world) silent() {
	w.Helper()
	kept := w.log.String() + fmt.Sprintf("%+v %+v %+v", w.store.events, w.lists.lists, w.replier.replies)
	for _, id := range slices.Sorted(maps.Keys(w.store.rows)) {
		kept += string(w.store.rows[id].body)
	}
	if at := strings.Index(kept, marker); at >= 0 {
		w.Errorf("a subject or a sender was kept: …%s", kept[max(0, at-80):at+len(marker)])
	}
}
