package recovery

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// approved asks for john's items, and takes the request to its restore.
func (w *world) approved(wish ItemWish) Request {
	w.Helper()
	r := w.is(w.asksItems(rita, wish), Confirming)
	w.press(r.ID, rita, ActConfirm)
	return w.press(r.ID, anna, ActApprove)
}

// ends lets time pass until a request has ended, and gives how long that took.
func (w *world) ends(id int64) (r Request, took time.Duration) {
	w.Helper()
	start := w.clock
	for w.request(id).State == Restoring && w.clock.Sub(start) < 10*24*time.Hour {
		w.pass(10 * time.Minute)
	}
	return w.request(id), w.clock.Sub(start)
}

func (w *world) counts(r Request, want ItemCounts) {
	w.Helper()
	if r.Proof == nil {
		w.Fatalf("R-%d is %s, without a proof", r.ID, r.State)
	}
	if diff := cmp.Diff(&want, r.Proof.Items); diff != "" {
		w.Error(diff)
	}
}

// TestOneItemHoldsUpNoOther has an item that never gets an answer, whatever is wrong with it.
func TestOneItemHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	for _, kind := range []Kind{Unavailable, Incomplete, Internal} {
		for _, late := range []bool{false, true} {
			t.Run(fmt.Sprint(kind, late), func(t *testing.T) {
				t.Parallel()
				w := itemWorld(t, true)
				w.holds(john, 30)
				w.box.stuck["entry-003"], w.box.late = &Error{Kind: kind, Op: "Restore-RecoverableItems"}, late
				r := w.approved(ItemWish{})
				w.pass(time.Minute)
				if len(w.box.put) != 29 {
					t.Errorf("%d items are back after a minute", len(w.box.put))
				}
				r, took := w.ends(r.ID)
				w.counts(w.is(r, Partial), ItemCounts{Chosen: 30, Restored: 29, Failed: 1})
				w.hindered(r, NoteItemsFailed, "1")
				if took > 2*time.Hour {
					t.Errorf("it took %v", took)
				}
				delete(w.box.stuck, "entry-003")
				r = w.is(w.press(r.ID, bert, ActRetry), Succeeded)
				w.counts(r, ItemCounts{Chosen: 30, Restored: 30})
				w.silent()
			})
		}
	}
}

// TestItemsThatAllGetNoAnswer has several such items and no other: each is tried a few times, and none is tried for ever.
func TestItemsThatAllGetNoAnswer(t *testing.T) {
	t.Parallel()
	w := itemWorld(t, true)
	w.holds(john, 12)
	for _, it := range w.box.items {
		w.box.stuck[it.EntryID] = &Error{Kind: Unavailable, Op: "Get-RecoverableItems"}
	}
	r := w.approved(ItemWish{})
	r, _ = w.ends(r.ID)
	w.counts(w.is(r, Partial), ItemCounts{Chosen: 12, Failed: 12})
	n := 0
	for _, call := range w.tenant.calls {
		if call == "restore-item" {
			n++
		}
	}
	if n != 12*(itemTries+1) {
		t.Errorf("%d calls", n)
	}
}

// TestAnOutageIsNoItemsTrouble has Exchange away for most of a day: no item is given up for it.
func TestAnOutageIsNoItemsTrouble(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 30} {
		w := itemWorld(t, true)
		w.holds(john, n)
		r := w.is(w.asksItems(rita, ItemWish{}), Confirming)
		w.press(r.ID, rita, ActConfirm)
		away := &Error{Kind: Unavailable, Op: "Exchange"}
		w.tenant.after = func(op string) {
			if op == "restore-item" { // once it has begun
				w.tenant.fails("items", 10_000, away)
				w.tenant.after = func(string) {}
			}
		}
		w.tenant.fails("restore-item", 10_000, away)
		w.press(r.ID, anna, ActApprove)
		w.pass(20 * time.Hour)
		w.is(w.request(r.ID), Restoring)
		w.tenant.fault = nil
		w.pass(3 * time.Hour)
		w.counts(w.is(w.request(r.ID), Succeeded), ItemCounts{Chosen: n, Restored: n})
	}
}

// TestRestoredIsWhatWasSeen has an item that is missing when it is tried again.
func TestRestoredIsWhatWasSeen(t *testing.T) {
	t.Parallel()
	outage := &Error{Kind: Unavailable, Op: "Get-Mailbox"}
	for name, tt := range map[string]struct {
		meets   func(*world)
		follows bool
		state   State
		want    ItemCounts
		note    NoteCode
	}{
		"never sent, then purged": {func(w *world) { w.tenant.fails("restore-item", 1, outage); w.purgedAfterATry() }, false, Partial, ItemCounts{Chosen: 1, Gone: 1}, NoteItemsGone},
		"sent, not done, then purged": {func(w *world) {
			w.box.stuck["entry-001"], w.box.late = outage, true
			w.purgedAfterATry()
		}, false, Partial, ItemCounts{Chosen: 1, Unknown: 1}, NoteItemsUnknown},
		"done, the answer lost": {func(w *world) { w.tenant.loses("restore-item", 1) }, false, Partial, ItemCounts{Chosen: 1, Unknown: 1}, NoteItemsUnknown},
		"the process died before": {func(w *world) {
			w.lists.after = func(op string) {
				if op == "begin" && w.working {
					w.lists.after, w.box.items = func(string) {}, nil
					panic(killed{op})
				}
			}
		}, false, Partial, ItemCounts{Chosen: 1, Unknown: 1}, NoteItemsUnknown},
		"done, and found where it went": {func(w *world) { w.tenant.loses("restore-item", 1) }, true, Succeeded, ItemCounts{Chosen: 1, Restored: 1}, ""},
		"sent, and nowhere in the mailbox": {func(w *world) {
			w.box.stuck["entry-001"], w.box.late = outage, true
			w.purgedAfterATry()
		}, true, Partial, ItemCounts{Chosen: 1, Gone: 1}, NoteItemsGone},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := itemWorld(t, true)
			w.holds(john, 1)
			r := w.is(w.asksItems(rita, ItemWish{}), Confirming)
			w.press(r.ID, rita, ActConfirm)
			w.box.follows = tt.follows
			tt.meets(w)
			w.press(r.ID, anna, ActApprove)
			w.pass(time.Hour)
			r = w.is(w.request(r.ID), tt.state)
			w.counts(r, tt.want)
			if tt.note != "" {
				w.hindered(r, tt.note, "1")
			}
			if r.Proof.Items.Unknown == 0 {
				return
			}
			w.press(r.ID, bert, ActRetry) // it is looked for once more, and nobody is the wiser
			w.pass(time.Hour)
			w.counts(w.is(w.request(r.ID), Partial), tt.want)
		})
	}
}

// purgedAfterATry ends the retention of all items once one was tried.
func (w *world) purgedAfterATry() {
	w.tenant.after = func(op string) {
		if op == "restore-item" {
			w.box.items, w.box.stuck = nil, nil
		}
	}
}

// TestTheListTellsMore has what the answers said of items, and where these are listed in the end.
func TestTheListTellsMore(t *testing.T) {
	t.Parallel()
	listed := map[string]string{"there": "RecoverableItems", "moved": "PurgedItems"}
	for _, tt := range []struct {
		id   string
		row  ItemRow
		want ItemState
	}{
		{"there", ItemRow{Result: ItemRestored, Sent: true}, ItemFailed},
		{"moved", ItemRow{Result: ItemRestored}, ItemRestored}, // and deleted again
		{"missing", ItemRow{Result: ItemRestored}, ItemRestored},
		{"there", ItemRow{Result: ItemUnknown}, ItemFailed},
		{"there", ItemRow{Result: ItemUnknown, Sent: true}, ItemFailed},
		{"moved", ItemRow{Result: ItemUnknown}, ItemFailed},
		{"moved", ItemRow{Result: ItemUnknown, Sent: true}, ItemUnknown},
		{"missing", ItemRow{Result: ItemUnknown}, ItemGone},
		{"missing", ItemRow{Result: ItemUnknown, Sent: true}, ItemUnknown},
		{"there", ItemRow{Result: ItemGone}, ItemGone},
		{"missing", ItemRow{Result: ItemFailed}, ItemFailed},
		{"there", ItemRow{}, ""}, // not chosen
	} {
		tt.row.EntryID, tt.row.Source = tt.id, "RecoverableItems"
		if got := tt.row.seen(listed); got != tt.want {
			t.Errorf("%+v: %s, want %s", tt.row, got, tt.want)
		}
	}
}

// TestTicksAreOfOneList switches Exchange off while a request waits: Graph lists other items, and what was ticked by number on the
// one list says nothing of the other.
func TestTicksAreOfOneList(t *testing.T) {
	t.Parallel()
	w := itemWorld(t, true)
	w.holds(john, 5)
	r := w.is(w.asksItems(rita, ItemWish{}), Confirming)
	w.ticks(r, 2)
	first := w.request(r.ID)
	w.press(r.ID, rita, ActConfirm)

	exchange, mailboxes := slices.Clone(w.box.items), w.svc.Mailboxes
	w.exchangeOff()
	w.box.mailbox = john
	for i := range w.box.items {
		w.box.items[i].EntryID = "graph-" + w.box.items[i].EntryID
	}
	w.box.items = w.box.items[1:]
	r = w.is(w.press(r.ID, anna, ActApprove), Confirming)
	if o, open := r.OpenOffer(); !open || o.Action != ChooseItems || !o.Again || r.Plan.Items.Count != 4 {
		t.Errorf("offers %+v, plan %+v", r.Diagnosis.Offers, r.Plan.Items)
	}
	w.press(r.ID, rita, ActConfirm)
	if got := w.refusals(r.ID); !slices.Equal(got, []NoteCode{NoteChooseFirst}) {
		t.Errorf("refusals %v", got)
	}
	w.ticks(w.request(r.ID), 1)
	w.press(r.ID, rita, ActConfirm)

	w.box.items, w.box.mailbox, w.svc.Mailboxes = exchange, "guid-"+john, mailboxes // and on again
	r = w.is(w.press(r.ID, anna, ActApprove), Confirming)
	if _, open := r.OpenOffer(); !open {
		t.Errorf("offers %+v, plan %+v", r.Diagnosis.Offers, r.Plan.Items)
	}
	w.ticks(w.request(r.ID), 2)
	if got := w.request(r.ID); got.Plan.Items.Digest != first.Plan.Items.Digest {
		t.Errorf("plan %+v, want the first one's", got.Plan.Items)
	}
	w.press(r.ID, rita, ActConfirm)
	w.is(w.press(r.ID, anna, ActApprove), Succeeded)
	if _, ok := w.box.put["entry-002"]; !ok || len(w.box.put) != 1 {
		t.Errorf("restored %v", w.box.put)
	}
}

// ticks has rita tick items.
func (w *world) ticks(r Request, numbers ...int) {
	w.Helper()
	w.clicks++
	c := Click{By: by(rita), At: w.clock, Key: fmt.Sprintf("form-%d", w.clicks)}
	if note, err := w.svc.ChooseItems(w.ctx, r.ID, c, r.Plan.Items.Listing, TicksOf(numbers...)); note != nil || err != nil {
		w.Fatal(note, err)
	}
	w.settle()
}

// TestAListOnFileIsThePlans has a list on file that the process read and did not live to put into the plan.
func TestAListOnFileIsThePlans(t *testing.T) {
	t.Parallel()
	w := itemWorld(t, true)
	w.holds(john, 3)
	r := w.asksItems(rita, ItemWish{})
	w.ticks(r, 3)
	for i := range w.lists.lists[r.ID] {
		w.lists.lists[r.ID][i].EntryID = "graph-" + w.lists.lists[r.ID][i].EntryID
	}
	w.is(w.restores(w.request(r.ID)), Succeeded)
	if _, ok := w.box.put["entry-003"]; !ok || len(w.box.put) != 1 {
		t.Errorf("restored %v", w.box.put)
	}
}

// TestAListingKnowsItsOrder has a list whose items are the same and whose numbers are not.
func TestAListingKnowsItsOrder(t *testing.T) {
	t.Parallel()
	list := []ItemRow{{N: 1, EntryID: "a"}, {N: 2, EntryID: "b"}}
	turned := []ItemRow{{N: 1, EntryID: "b"}, {N: 2, EntryID: "a"}}
	if listing(list) == listing(turned) || digest(list) != digest(turned) {
		t.Error("the numbers of one list count as those of the other")
	}
	c := ItemChoice{listing(list), TicksOf(1).String()}
	if c.tick(turned); !turned[0].Chosen || !turned[1].Chosen {
		t.Errorf("ticked %+v", turned)
	}
	if c.tick(list); !list[0].Chosen || list[1].Chosen {
		t.Errorf("ticked %+v", list)
	}
}
