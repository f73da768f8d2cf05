package recovery

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailback/internal/racetest"
)

// undoStory is a flow from the ask to what was put back, which must end the same wherever its process dies.
type undoStory struct {
	name string
	play func(w *world) (old, undo Request)
}

func undoStories() []undoStory {
	return []undoStory{
		{"account", func(w *world) (Request, Request) {
			w.tenant.lag = 5 * time.Second
			w.deleted(john, "john", unlicensed)
			old := w.restored("john@contoso.com")
			undo := w.undoes(old.ID)
			w.undone(undo.ID)
			w.pass(5 * time.Minute)
			return w.request(old.ID), w.request(undo.ID)
		}},
		{"copy", func(w *world) (Request, Request) {
			old := w.copying()
			undo := w.undoes(old.ID)
			w.undone(undo.ID)
			w.pass(30 * time.Minute)
			return w.request(old.ID), w.request(undo.ID)
		}},
	}
}

func TestUndoKilledAnywhere(t *testing.T) {
	t.Parallel()
	racetest.Leave(t)
	for _, s := range undoStories() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			places := w.killAt(-1)
			old, undo := s.play(w)
			w.is(undo, Succeeded)
			all := len(*places)
			for n := 1; n <= all; n++ {
				k := newWorld(t)
				places := k.killAt(n)
				o, u := s.play(k)
				where := (*places)[min(n, len(*places))-1]
				if o.State != old.State || u.State != undo.State || len(k.store.rows) != 2 {
					t.Errorf("killed at %d of %d, %s: %s and %s, %d requests", n, all, where, k.store.story(o.ID), k.store.story(u.ID), len(k.store.rows))
				}
				if diff := cmp.Diff(w.tenant.did, k.tenant.did); diff != "" {
					t.Errorf("killed at %d of %d, %s: changes (-want +got):\n%s", n, all, where, diff)
				}
				for i, st := range u.Plan.Steps {
					if (st.Progress.Before == nil) != (undo.Plan.Steps[i].Progress.Before == nil) {
						t.Errorf("killed at %d of %d, %s: before %v", n, all, where, st.Progress.Before)
					}
				}
			}
		})
	}
}

// An undo that people, or time, end before it changed anything can be asked for again, wherever the process dies.
func TestUndoIsOfferedAgainWhereverItsEndDies(t *testing.T) {
	t.Parallel()
	for name, ends := range map[State]func(w *world, undo int64){
		Cancelled: func(w *world, undo int64) { w.shortly(undo, anna, ActCancel) },
		Denied: func(w *world, undo int64) {
			w.shortly(undo, anna, ActConfirm)
			w.send(undo, w.click(undo, bert, ActDeny, "no"))
			w.pass(time.Minute)
		},
		Expired: func(w *world, _ int64) { w.pass(time.Hour) },
	} {
		t.Run(string(name), func(t *testing.T) {
			t.Parallel()
			for n, all := 1, 1; n <= all; n++ {
				w := newWorld(t)
				w.set(func(s *Settings) { s.TTL = time.Hour })
				w.deleted(john, "john")
				old := w.restored("john@contoso.com")
				undo := w.undoes(old.ID)
				places := w.killAt(n)
				ends(w, undo.ID)
				w.pass(5 * time.Minute)
				all = max(all, len(*places))
				w.is(w.request(undo.ID), name)
				if old = w.request(old.ID); old.UndoneBy != 0 || old.Undos != 1 || len(old.Undo()) == 0 {
					t.Errorf("killed at %d, %s: undone by %d, %d times, offers %v", n, (*places)[min(n, len(*places))-1], old.UndoneBy, old.Undos, old.Undo())
				}
			}
		})
	}
}

func TestAClickOfAnotherKindLeavesTheUndoAsItIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	r := w.restored("john@contoso.com")
	undo := w.undoes(r.ID)
	w.is(w.shortly(undo.ID, anna, ActCancel), Cancelled)
	w.force(r.ID, func(r *Request) { r.State, r.UndoneBy, r.Undos = Partial, undo.ID, 0 }) // the offer is yet to be made again
	c := w.click(r.ID, bert, ActRetry, "")
	w.send(r.ID, c)
	leased := false
	w.store.after = func(string) {
		if !leased {
			leased = true
			if err := w.svc.offerUndoAgain(w.ctx, undo.ID); err != nil {
				t.Error(err)
			}
		}
	}
	if _, err := w.svc.Advance(w.ctx, r.ID, w.request(r.ID).Version); err != nil {
		t.Fatal(err)
	}
	if r = w.is(w.request(r.ID), Approved); r.UndoneBy != 0 || r.Undos != 1 {
		t.Errorf("undone by %d, %d times", r.UndoneBy, r.Undos)
	}
}
