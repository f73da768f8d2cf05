package store

import (
	"testing"

	"mailback/recovery"
)

// TestCardsOfAnOlderVersionAreDrawnAnew, those of open requests, once, when the jobs start.
func TestCardsOfAnOlderVersionAreDrawnAnew(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		for _, requester := range []string{"U1", "U2"} {
			u.create(s, requester)
		}
		u.update(s, 2, become(recovery.Cancelled, recovery.EventCancelled))
		old := func() {
			t.Helper()
			err := s.db.transact(t.Context(), func(x txn) error {
				return x.exec(t.Context(), "word a card as an older version", `UPDATE messages SET body = '{"text":"old"}'`)
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		redrawn := func() []string {
			t.Helper()
			if err := s.redraw(t.Context()); err != nil {
				t.Fatal(err)
			}
			return []string{u.message(s, 1).text, u.message(s, 2).text}
		}
		old()
		if got := redrawn(); got[0] != "R-1 submitted" || got[1] != "old" {
			t.Errorf("after an upgrade: %q", got)
		}
		old()
		if got := redrawn(); got[0] != "old" {
			t.Errorf("without an upgrade: %q", got)
		}
	})
}

// TestRefresh: the cards of open requests are brought anew and those of ended ones are not, and a thousand numbers are left out.
func TestRefresh(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		if cards, _, err := s.Refresh(t.Context()); cards != 0 || err != nil {
			t.Errorf("without requests: %d cards, %v", cards, err)
		}
		u.create(s, "U1")
		u.create(s, "U2")
		for id := range int64(2) {
			u.posted(s, id+1, 1, "D1", []string{"10.1", "10.2"}[id], true)
		}
		u.update(s, 2, become(recovery.Cancelled, recovery.EventCancelled))
		u.posted(s, 2, 2, "D1", "10.2", true)
		before := u.count(s, `SELECT COUNT(*) FROM river_job WHERE kind = 'deliver'`)
		cards, next, err := s.Refresh(t.Context())
		if cards != 1 || next != 1003 || err != nil {
			t.Errorf("%d cards, next R-%d, %v; want 1 and R-1003", cards, next, err)
		}
		if n := u.count(s, `SELECT COUNT(*) FROM river_job WHERE kind = 'deliver'`); n != before+1 {
			t.Errorf("%d jobs more, want 1", n-before)
		}
		if m := u.message(s, 1); m.ts != "10.1" || m.version != 2 {
			t.Errorf("the card of the open one: %+v", m)
		}
		if m := u.message(s, 2); m.version != 2 {
			t.Errorf("the card of the ended one: %+v", m)
		}
		if r := u.create(s, "U3"); r.ID != 1003 {
			t.Errorf("the next request is %s", r.Ref())
		}
	})
}
