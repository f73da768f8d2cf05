package store

import (
	"slices"
	"strings"
	"testing"

	"mailback/recovery"
)

func TestRequestsByWish(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		var all []recovery.Request
		for _, who := range []string{"U1", "U1", "U2", "U1"} {
			all = append(all, u.create(s, who))
		}
		wish := all[0].Wish()
		for _, r := range all[1:] {
			if same := r.Requester == all[0].Requester && r.Ask.Equal(all[0].Ask); same != (r.Wish() == wish) {
				t.Fatalf("%s and %s want the same: %v; wishes %q and %q", all[0].Ref(), r.Ref(), same, wish, r.Wish())
			}
		}
		ids := func() (list []int64) {
			rs, err := s.Requests(t.Context(), recovery.Filter{Requester: "U1", Wish: wish, Open: true})
			u.must(err)
			for _, r := range rs {
				if r.Wish() == wish {
					list = append(list, r.ID)
				}
			}
			return list
		}
		if got := ids(); !slices.Equal(got, []int64{4, 2, 1}) {
			t.Errorf("of one wish: %v", got)
		}
		u.must(s.db.writer().exec(t.Context(), "forget a wish", `UPDATE requests SET wish = '' WHERE id = 2`))
		if got := ids(); !slices.Equal(got, []int64{4, 2, 1}) {
			t.Errorf("with one that an older version wrote: %v", got)
		}
		u.update(s, 4, become(recovery.Cancelled, recovery.EventCancelled))
		if got := ids(); !slices.Equal(got, []int64{2, 1}) {
			t.Errorf("with one that has ended: %v", got)
		}
		if n := u.count(s, `SELECT COUNT(*) FROM requests WHERE id = 4 AND wish <> ''`); n != 0 {
			t.Error("an ended request keeps the hash of what was asked")
		}
	})
}

// TestWishHasItsIndex: with many open requests, the same ask is found without a look at the others.
func TestWishHasItsIndex(t *testing.T) {
	t.Parallel()
	u := &setup{t: t, url: "sqlite:" + t.TempDir() + "/m.db", clock: &clock{}}
	s := u.open()
	clause, args := selection(recovery.Filter{Requester: "U1", Wish: "w", Open: true, Limit: 50})
	if plan := u.plan(s, "SELECT id, body FROM requests "+clause, args...); !strings.Contains(plan, "requests_wish (requester=? AND wish=?)") {
		t.Errorf("SQLite reads\n%s", plan)
	}
}
