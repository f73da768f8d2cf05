package recovery

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
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
