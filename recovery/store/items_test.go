package store

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailback/recovery"
)

// itemRows makes a list of n items.
func itemRows(n int) []recovery.ItemRow {
	list := make([]recovery.ItemRow, n)
	for i := range list {
		list[i] = recovery.ItemRow{
			N: i + 1, EntryID: fmt.Sprintf("entry-%d", i+1), Class: "IPM.Note", Folder: "/Inbox", Source: "RecoverableItems",
			ModifiedAt: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC).Add(-time.Duration(i) * time.Minute), Chosen: true,
		}
	}
	return list
}

func numbersOf(list []recovery.ItemRow) []int {
	out := make([]int, len(list))
	for i, r := range list {
		out[i] = r.N
	}
	return out
}

func (u *setup) must(err error) {
	u.t.Helper()
	if err != nil {
		u.t.Fatal(err)
	}
}

func TestItemList(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s, ctx := u.open(), t.Context()
		r, other := u.create(s, "U1"), u.create(s, "U2")
		u.must(s.SaveItems(ctx, other.ID, itemRows(3)))
		u.must(s.SaveItems(ctx, r.ID, itemRows(9)))
		u.must(s.SaveItems(ctx, r.ID, itemRows(8)))
		list, err := s.ItemRows(ctx, r.ID)
		if diff := cmp.Diff(itemRows(8), list); err != nil || diff != "" {
			t.Fatalf("%v, read back (-want +got):\n%s", err, diff)
		}
		u.must(s.ChooseItems(ctx, r.ID, []int{1, 2, 4, 5, 6, 7, 8}))
		began := time.UnixMilli(1_800_000_000_000).UTC()
		row := func(n int, change func(*recovery.ItemRow)) recovery.ItemRow {
			r := list[n-1]
			r.Began, r.Tries, r.Sent = began, 1, true
			change(&r)
			return r
		}
		ended := func(result recovery.ItemState, folder string) func(*recovery.ItemRow) {
			return func(r *recovery.ItemRow) { r.Result, r.RestoredTo = result, folder }
		}
		u.must(s.UpdateItems(ctx, r.ID, row(1, ended(recovery.ItemRestored, "/Inbox")), row(2, ended(recovery.ItemGone, ""))))
		u.must(s.UpdateItems(ctx, r.ID, row(4, ended(recovery.ItemFailed, "")), row(7, ended(recovery.ItemUnknown, ""))))
		u.must(s.UpdateItems(ctx, r.ID, row(5, func(r *recovery.ItemRow) { r.Tries = 3 })))
		u.must(s.UpdateItems(ctx, r.ID, row(6, func(r *recovery.ItemRow) { r.Tries, r.Sent, r.Began = 2, false, time.Time{} })))
		next, err := s.NextItems(ctx, r.ID, 2)
		if err != nil || !slices.Equal(numbersOf(next), []int{8, 6}) || !next[0].Began.IsZero() || !next[1].Began.IsZero() || next[1].Sent || next[1].Tries != 2 {
			t.Errorf("next %+v, %v", next, err)
		}
		if next, err = s.NextItems(ctx, r.ID, 9); err != nil || len(next) != 3 || cmp.Diff(row(5, func(r *recovery.ItemRow) { r.Tries = 3 }), next[2]) != "" {
			t.Errorf("next %+v, %v", next, err)
		}
		counts, err := s.CountItems(ctx, r.ID)
		if diff := cmp.Diff(recovery.ItemCounts{Chosen: 7, Restored: 1, Gone: 1, Failed: 1, Unknown: 1}, counts); err != nil || diff != "" {
			t.Errorf("%v, counts (-want +got):\n%s", err, diff)
		}
		u.reopens(s, r.ID)
		list, err = s.ItemRows(ctx, r.ID)
		if err != nil || list[0].Result != recovery.ItemRestored || list[0].RestoredTo != "/Inbox" || list[2].Chosen || list[1].Result != recovery.ItemGone {
			t.Errorf("list %+v, %v", list, err)
		}
		if list, err = s.ItemRows(ctx, other.ID); err != nil || cmp.Diff(itemRows(3), list) != "" {
			t.Errorf("another request's list: %+v, %v", list, err)
		}
	})
}

// reopens has the items of TestItemList that did not come back tried again: all but those that were restored or are gone.
func (u *setup) reopens(s *Store, request int64) {
	t := u.t
	t.Helper()
	u.must(s.ReopenItems(t.Context(), request))
	next, err := s.NextItems(t.Context(), request, 10)
	sent := slices.Collect(func(yield func(bool) bool) {
		for _, r := range next {
			yield(r.Sent)
		}
	})
	if err != nil || !slices.Equal(numbersOf(next), []int{4, 5, 6, 7, 8}) || !slices.Equal(sent, []bool{true, true, false, true, false}) {
		t.Errorf("next, after those that failed were reopened: %+v, %v", next, err)
	}
	for _, r := range next {
		if !r.Began.IsZero() || r.Tries != 0 || r.Result != "" {
			t.Errorf("reopened: %+v", r)
		}
	}
}

func TestLargeItemList(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s, ctx := u.open(), t.Context()
		r := u.create(s, "U1")
		u.must(s.SaveItems(ctx, r.ID, itemRows(10_001)))
		var even []int
		for n := 2; n <= 10_001; n += 2 {
			even = append(even, n)
		}
		u.must(s.ChooseItems(ctx, r.ID, even))
		counts, err := s.CountItems(ctx, r.ID)
		if err != nil || counts.Chosen != 5000 {
			t.Errorf("counts %+v, %v", counts, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		next, err := u.open().NextItems(ctx, r.ID, 3) // it survives a restart
		if err != nil || !slices.Equal(numbersOf(next), []int{2, 4, 6}) {
			t.Errorf("next %v, %v", numbersOf(next), err)
		}
	})
}

func TestAListIsReplacedAtOnce(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s, ctx := u.open(), t.Context()
		r := u.create(s, "U1")
		u.must(s.SaveItems(ctx, r.ID, itemRows(600)))
		bad := itemRows(600)
		bad[599].N = 1 // the last statement breaks the key
		if err := s.SaveItems(ctx, r.ID, bad[:600]); err == nil || recovery.KindOf(err) != recovery.Internal {
			t.Fatalf("two items of one number: %v", err)
		}
		if counts, err := s.CountItems(ctx, r.ID); err != nil || counts.Chosen != 600 {
			t.Errorf("the old list: %+v, %v", counts, err)
		}
	})
}
