package recovery

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// restores takes a request from its plan to its end.
func (w *world) restores(r Request) Request {
	w.Helper()
	w.is(r, Confirming)
	w.is(w.press(r.ID, r.Requester.UserID, ActConfirm), Pending)
	return w.press(r.ID, anna, ActApprove)
}

func TestOwnItemsComeBack(t *testing.T) {
	t.Parallel()
	w := itemWorld(t, true)
	w.holds(john, 3, func(i int, it *Item) {
		if i == 1 {
			it.Folder = "/Projects"
		}
	})
	r := w.is(w.asksItems(rita, ItemWish{}), Confirming)
	p := r.Plan.Items
	if !p.Owner || !p.Listed || p.Count != 3 || !p.Newest.Equal(w.box.items[0].ModifiedAt) || !p.Oldest.Equal(w.box.items[2].ModifiedAt) {
		t.Errorf("plan %+v", p)
	}
	if diff := cmp.Diff([]FolderCount{{"/Inbox", 2}, {"/Projects", 1}}, p.Folders); diff != "" {
		t.Error(diff)
	}
	if want := p.Oldest.Add(14 * 24 * time.Hour); !p.LeavesAt.Equal(want) {
		t.Errorf("leaves at %v, want %v", p.LeavesAt, want)
	}
	w.box.items = append(w.box.items, Item{EntryID: "later", Folder: "/Inbox", ModifiedAt: w.clock}) // deleted after the preview
	r = w.is(w.restores(r), Succeeded)
	if diff := cmp.Diff(&ItemCounts{Chosen: 3, Restored: 3}, r.Proof.Items); diff != "" {
		t.Error(diff)
	}
	if _, restored := w.box.put["later"]; restored {
		t.Error("an item that was not on the list was restored")
	}
	w.silent()
}

func TestWhatAPlanSaysOfItsList(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	var list []ItemRow
	for n := 1; n <= 60; n++ { // a folder for each, and a second item in the last
		list = append(list, ItemRow{N: n, EntryID: itoa(n), Folder: "/" + itoa(n), Class: "IPM.Note", ModifiedAt: at, Chosen: true})
	}
	list = append(list, ItemRow{N: 61, EntryID: "61", Folder: "/60", Class: "IPM.Appointment", ModifiedAt: at.Add(-60 * 24 * time.Hour), Chosen: true},
		ItemRow{N: 62, EntryID: "62", Source: "DeletedItems", Class: "IPM.Note", ModifiedAt: at.Add(-90 * 24 * time.Hour), Chosen: true}, ItemRow{N: 63, EntryID: "63"})
	var p ItemPlan
	p.describe(list, 0)
	if len(p.Folders) != mostFolders || !slices.Contains(p.Folders, FolderCount{"/60", 2}) || p.Further != 11 || p.Count != 62 || p.All != 63 {
		t.Errorf("%+v", p)
	}
	if want := at.Add(keepsDeleted); !p.LeavesAt.Equal(want) { // what lies in Deleted Items stays, and an appointment for longer
		t.Errorf("leaves at %v, want %v", p.LeavesAt, want)
	}
}

func TestOthersGetCountsAfterApproval(t *testing.T) {
	t.Parallel()
	w := itemWorld(t, false)
	w.holds(john, 30, func(i int, it *Item) {
		if i >= 20 {
			it.Folder = "/Other"
		}
	})
	r := w.is(w.asksItems(rita, ItemWish{Folder: "inbox"}), Confirming)
	w.press(r.ID, rita, ActConfirm)
	if p := r.Plan.Items; p.Owner || p.Listed || p.Count != 0 || len(r.Diagnosis.Offers) != 0 || slices.Contains(w.tenant.calls, "items") {
		t.Errorf("before approval: %+v, calls %v", p, w.tenant.calls)
	}
	r = w.is(w.press(r.ID, anna, ActApprove), Succeeded)
	if diff := cmp.Diff(&ItemCounts{Chosen: 20, Restored: 20}, r.Proof.Items); diff != "" {
		t.Error(diff)
	}
	w.silent()
}

func TestWhoIsTheOwner(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*world)
		owner  bool
	}{
		"by an address of the account": {func(w *world) { w.people.set(rita, func(p *Person) { p.Email = "John@fabrikam.com" }) }, true},
		"unconfirmed":                  {func(w *world) { w.people.set(rita, func(p *Person) { p.Email = "" }) }, false},
		"another's": {func(w *world) {
			w.lives(jane, "rita")
			w.people.set(rita, func(p *Person) { p.Email = "rita@contoso.com" })
		}, false},
		"blocked":         {func(w *world) { w.tenant.users[john].account.Enabled = new(false) }, false},
		"unknown sign-in": {func(w *world) { w.tenant.users[john].account.Enabled = nil }, false},
		"kind unknown":    {func(w *world) { w.tenant.users[john].account.UserType = "" }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := itemWorld(t, true)
			w.holds(john, 1)
			tt.change(w)
			r := w.is(w.asksItems(rita, ItemWish{}), Confirming)
			_, note, err := w.svc.OwnItems(w.ctx, by(rita), r.ID, OwnFilter{})
			if r.Plan.Items.Owner != tt.owner || (note == nil) != tt.owner || err != nil {
				t.Errorf("owner %v, want %v; %v %v", r.Plan.Items.Owner, tt.owner, note, err)
			}
		})
	}
}

func TestDaysAreOfTheRequestersZone(t *testing.T) {
	t.Parallel()
	w := itemWorld(t, true)
	w.holds(john, 1, func(_ int, it *Item) { it.ModifiedAt = w.ago(30 * time.Hour) })
	w.people.set(rita, func(p *Person) { p.TimeZone = "Pacific/Auckland" }) // 22 November, 10:00 UTC is 23:00 there
	r := w.is(w.asksItems(rita, ItemWish{After: "yesterday", Before: "2026-11-23"}), Confirming)
	if p := r.Plan.Items; !p.After.Equal(time.Date(2026, 11, 20, 11, 0, 0, 0, time.UTC)) || !p.Before.Equal(time.Date(2026, 11, 22, 11, 0, 0, 0, time.UTC)) {
		t.Errorf("from %v to %v", p.After, p.Before)
	}
	r = w.is(w.asksItems(rita, ItemWish{After: "today", Before: "7d"}), Impossible)
	w.hindered(r, NoteNoInterval, "2026-11-21T11:00:00Z", "2026-11-14T11:00:00Z")
	r = w.is(w.asksItems(rita, ItemWish{After: "2026-11-23"}), Impossible)
	w.hindered(r, NoteDayAhead, "2026-11-22T11:00:00Z")
	w.is(w.asksItems(rita, ItemWish{After: "7d", Before: "2030-01-01"}), Confirming) // until now
}

func TestDayWords(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]string{
		"2026-11-22": "2026-11-22", "Today": "today", "YESTERDAY": "yesterday", "7d": "7d", "07D": "7d", "0d": "0d",
		"2026-13-01": "", "22.11.2026": "", "7": "", "d": "", "-1d": "", "99999d": "", "tomorrow": "", "": "",
	} {
		got, ok := DayWord(word)
		if ok != (want != "") || ok && got != want {
			t.Errorf("%q is %q, %v; want %q", word, got, ok, want)
		}
	}
}

func TestItemObstacles(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*world)
		wish   ItemWish
		state  State
		note   NoteCode
	}{
		"nothing fits":       {func(*world) {}, ItemWish{Folder: "Nowhere"}, Unneeded, NoteNoItems},
		"a nameless folder":  {func(w *world) { w.people.set(rita, func(p *Person) { p.Email = "" }) }, ItemWish{Folder: `/\`}, Unneeded, NoteNoItems},
		"not there":          {func(w *world) { w.tenant.users, w.tenant.mailboxes = map[string]*user{}, nil }, ItemWish{}, Impossible, NoteGone},
		"no mailbox":         {func(w *world) { w.tenant.mailboxes = nil }, ItemWish{}, Impossible, NoteMailboxFirst},
		"soft-deleted":       {func(w *world) { w.mailboxOf(john).SoftDeletedAt = w.clock }, ItemWish{}, Impossible, NoteMailboxFirst},
		"account deleted":    {func(w *world) { w.tenant.users[john].account.DeletedAt = w.ago(time.Hour) }, ItemWish{}, Impossible, NoteMailboxFirst},
		"graph says nothing": {func(w *world) { w.exchangeOff(); w.tenant.users[john].answersAt = time.Time{} }, ItemWish{}, Impossible, NoteMailboxFirst},
		"cannot be read":     {func(w *world) { w.svc.Items = nil }, ItemWish{}, Impossible, NoteItemsOff},
		"two accounts":       {func(w *world) { w.lives(alien, "john") }, ItemWish{}, Submitted, NoteAmbiguous},
		"not the owner's":    {func(w *world) { w.people.set(rita, func(p *Person) { p.Email = "" }) }, ItemWish{Pick: true}, Impossible, NoteNotOwner},
		"cut short":          {func(w *world) { w.tenant.fails("items", 1000, &Error{Kind: Incomplete, Op: "items"}) }, ItemWish{}, Submitted, NoteIncomplete},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := itemWorld(t, true)
			w.holds(john, 2)
			tt.change(w)
			r := w.request(w.asksNow(tt.wish).ID)
			if r = w.is(r, tt.state); r.Obstacle == nil || r.Obstacle.Code != tt.note {
				t.Errorf("obstacle %v, want %s", r.Obstacle, tt.note)
			}
			w.silent()
		})
	}
}

// asksNow asks without waiting for what is repeated for ever.
func (w *world) asksNow(wish ItemWish) Request {
	w.Helper()
	r, _, err := w.svc.Ask(w.ctx, AskInput{Ask: Ask{Query: Query{ByAddress, "john@contoso.com"}, Items: &wish}, Actor: by(rita), Key: "now"})
	if err != nil {
		w.Fatal(err)
	}
	w.pass(time.Minute)
	return r
}

func TestOwnerTicks(t *testing.T) {
	t.Parallel()
	w := itemWorld(t, true)
	w.holds(john, 12)
	r := w.is(w.asksItems(rita, ItemWish{Pick: true}), Confirming)
	if _, open := r.OpenOffer(); !open {
		t.Fatal("a subject was named, and nothing has to be ticked")
	}
	own, note, err := w.svc.OwnItems(w.ctx, by(rita), r.ID, OwnFilter{Subject: "invoice 1", From: "BOSS"})
	if note != nil || err != nil || len(own.Items) != 4 { // 1, 10, 11, 12
		t.Fatalf("%d items, %v, %v", len(own.Items), note, err)
	}
	w.press(r.ID, rita, ActConfirm)
	if got := w.refusals(r.ID); !slices.Equal(got, []NoteCode{NoteChooseFirst}) {
		t.Errorf("refusals %v", got)
	}
	var ticks Ticks
	for _, it := range own.Items {
		ticks = ticks.Set(it.N, true)
	}
	c := Click{By: by(rita), At: w.clock, Key: "form"}
	if note, err := w.svc.ChooseItems(w.ctx, r.ID, c, own.Listing, ticks); note != nil || err != nil {
		t.Fatal(note, err)
	}
	w.settle()
	r = w.is(w.request(r.ID), Confirming)
	if r.Plan.Items.Count != 4 || r.Plan.Items.All != 12 {
		t.Errorf("plan %+v", r.Plan.Items)
	}
	r = w.is(w.restores(r), Succeeded)
	if got := len(w.box.put); got != 4 || r.Proof.Items.Restored != 4 || w.box.put["entry-010"] == "" {
		t.Errorf("restored %v, proof %+v", w.box.put, r.Proof.Items)
	}
	w.silent()
}

func TestTicksAreRefused(t *testing.T) {
	t.Parallel()
	w := itemWorld(t, true)
	w.holds(john, 3)
	r := w.asksItems(rita, ItemWish{})
	listing := r.Plan.Items.Listing
	for name, tt := range map[string]struct {
		who     string
		listing string
		ticks   Ticks
		want    NoteCode
	}{
		"none":         {rita, listing, nil, NoteNoneTicked},
		"another list": {rita, "abc", TicksOf(1), NoteNotOffered},
		"off the list": {rita, listing, TicksOf(4), NoteNotOffered},
		"a stranger":   {sven, listing, TicksOf(1), NoteOldMessage},
	} {
		note, err := w.svc.ChooseItems(w.ctx, r.ID, Click{By: by(tt.who), At: w.clock, Key: name}, tt.listing, tt.ticks)
		if err != nil || note == nil || note.Code != tt.want {
			t.Errorf("%s: %v, %v; want %s", name, note, err, tt.want)
		}
	}
	w.people.set(rita, func(p *Person) { p.Email = "" }) // no longer proven
	if note, err := w.svc.ChooseItems(w.ctx, r.ID, Click{By: by(rita), At: w.clock, Key: "late"}, listing, TicksOf(1)); note != nil || err != nil {
		t.Fatal(note, err)
	}
	w.settle()
	if got := w.refusals(r.ID); !slices.Equal(got, []NoteCode{NoteNotOwner}) {
		t.Errorf("refusals %v", got)
	}
	if _, note, _ := w.svc.OwnItems(w.ctx, by(anna), r.ID, OwnFilter{}); note == nil || note.Code != NoteOldMessage {
		t.Errorf("an approver is shown the items: %v", note)
	}
}

func TestEachItemHasItsResult(t *testing.T) {
	t.Parallel()
	w := itemWorld(t, true)
	w.holds(john, 5, func(i int, it *Item) {
		if i == 1 {
			it.Folder = "/Old"
		}
	})
	w.box.lostDir["/Old"] = true
	w.box.stuck["entry-003"] = &Error{Kind: Invalid, Op: "Restore-RecoverableItems"}
	r := w.is(w.asksItems(rita, ItemWish{}), Confirming)
	w.box.items = slices.Delete(w.box.items, 3, 4) // somebody else took it
	r = w.is(w.restores(r), Partial)
	if diff := cmp.Diff(&ItemCounts{Chosen: 5, Restored: 3, Gone: 1, Failed: 1}, r.Proof.Items); diff != "" {
		t.Error(diff)
	}
	w.hindered(r, NoteItemsFailed, "1")
	if got := w.box.put["entry-002"]; got != "Restored 2026-11-22" {
		t.Errorf("an item without its folder went to %q", got)
	}
	delete(w.box.stuck, "entry-003")
	r = w.is(w.press(r.ID, bert, ActRetry), Succeeded)
	if diff := cmp.Diff(&ItemCounts{Chosen: 5, Restored: 4, Gone: 1}, r.Proof.Items); diff != "" {
		t.Error(diff)
	}
	if w.tenant.did["restore-item"] != 4 {
		t.Errorf("changes %v", w.tenant.did)
	}
	w.silent()
}

// TestManyItemsSurviveEverything kills the process again and again. Through Graph every item is found where it went; of those
// whose answer was lost Exchange cannot tell.
func TestManyItemsSurviveEverything(t *testing.T) {
	t.Parallel()
	for name, follows := range map[string]bool{"Exchange": false, "Graph": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := itemWorld(t, false)
			w.box.follows = follows
			w.holds(john, 500, func(i int, it *Item) { it.ModifiedAt = w.ago(time.Duration(i+1) * time.Minute) })
			w.tenant.loses("restore-item", 3)
			w.tenant.fails("restore-item", 1, &Error{Kind: Throttled, Op: "restore", RetryAfter: 90 * time.Second})
			lost := w.keepsDying()
			r := w.asksItems(rita, ItemWish{})
			w.is(r, Confirming)
			w.press(r.ID, rita, ActConfirm)
			w.press(r.ID, anna, ActApprove)
			w.pass(10 * time.Hour)
			r = w.request(r.ID)
			want, state := ItemCounts{Chosen: 500, Restored: 500}, Succeeded
			if !follows {
				want, state = ItemCounts{Chosen: 500, Restored: 497 - *lost, Unknown: 3 + *lost}, Partial
			}
			w.is(r, state)
			if diff := cmp.Diff(&want, r.Proof.Items); diff != "" {
				t.Error(diff)
			}
			if w.tenant.did["restore-item"] != 500 {
				t.Errorf("changes %v", w.tenant.did)
			}
			if got := len(w.events(r.ID, EventProgress)); got < 10 || got > 30 {
				t.Errorf("%d progress events, want about one each tenth", got)
			}
			w.silent()
		})
	}
}

// keepsDying kills the process after many calls and commits about items. It counts the items whose restore was done, and whose
// answer died with the process.
func (w *world) keepsDying() (lost *int) {
	calls, commits, done, lost := 0, 0, 0, new(int)
	w.tenant.after = func(op string) {
		if op != "restore-item" || !w.working { // others are made side by side
			return
		}
		before := done
		done = w.tenant.did[op]
		if calls++; calls%37 == 0 {
			*lost += done - before
			panic(killed{op})
		}
	}
	w.lists.after = func(op string) {
		if commits++; op != "settle" && w.working && commits%53 == 0 {
			panic(killed{op})
		}
	}
	return lost
}

func TestWhatStaysListedIsNotRestored(t *testing.T) {
	t.Parallel()
	w := itemWorld(t, true)
	w.holds(john, 2)
	w.box.ghosts = true
	r := w.restores(w.asksItems(rita, ItemWish{}))
	w.pass(10 * time.Minute)
	w.hindered(w.is(w.request(r.ID), Partial), NoteItemsFailed, "2")
}

func TestAListThatDiffersIsNotRestored(t *testing.T) {
	t.Parallel()
	w := itemWorld(t, true)
	w.holds(john, 2)
	r := w.asksItems(rita, ItemWish{})
	w.press(r.ID, rita, ActConfirm)
	w.lists.lists[r.ID][0].EntryID = "another" // and read anew it has another one, too
	w.box.items[0].EntryID = "a third"
	r = w.press(r.ID, anna, ActApprove)
	if w.is(r, Confirming); len(w.box.put) != 0 || len(r.Changed) == 0 || !r.Changed[0].same(Note{NotePlanDiffers, []string{"items"}}) {
		t.Errorf("changed %v, restored %v", r.Changed, w.box.put)
	}
}

func TestMoreItemsThanOneRequestTakes(t *testing.T) {
	t.Parallel()
	for _, owner := range []bool{true, false} {
		w := itemWorld(t, owner)
		w.holds(john, mostItems+1)
		r := w.asksItems(rita, ItemWish{})
		if !owner {
			r = w.is(w.restores(r), Failed)
		}
		w.hindered(r, NoteManyItems, "20001", "20000")
		if len(w.lists.lists[r.ID]) != 0 || len(w.box.put) != 0 {
			t.Errorf("%d rows were kept, %d items put back", len(w.lists.lists[r.ID]), len(w.box.put))
		}
	}
}

func TestNothingFoundAfterApproval(t *testing.T) {
	t.Parallel()
	w := itemWorld(t, false)
	w.holds(john, 2)
	r := w.restores(w.asksItems(rita, ItemWish{Folder: "Nowhere"}))
	w.hindered(w.is(r, Failed), NoteNoItems)
	if r.Touched() {
		t.Error("nothing was restored, and it counts as changed")
	}
}

func TestItemsThatMayNotBeRestored(t *testing.T) {
	t.Parallel()
	w := itemWorld(t, true)
	w.holds(john, 2)
	w.tenant.fails("restore-item", 1, &Error{Kind: Forbidden, Op: "Restore-RecoverableItems", Detail: "Mailbox Import Export"})
	r := w.restores(w.asksItems(rita, ItemWish{}))
	w.hindered(w.is(r, Failed), NoteMissingRole, "Mailbox Import Export")
	w.is(w.press(r.ID, bert, ActRetry), Succeeded)
}

func TestAThrottledItemWasNotOurs(t *testing.T) {
	t.Parallel()
	w := itemWorld(t, true)
	w.holds(john, 2)
	w.tenant.fails("restore-item", 1, &Error{Kind: Throttled, Op: "restore", RetryAfter: 10 * time.Minute})
	r := w.restores(w.asksItems(rita, ItemWish{}))
	w.is(r, Restoring)
	w.box.items = w.box.items[1:] // while we wait, somebody else takes the one that was refused
	w.pass(time.Hour)
	r = w.is(w.request(r.ID), Succeeded)
	if diff := cmp.Diff(&ItemCounts{Chosen: 2, Restored: 1, Gone: 1}, r.Proof.Items); diff != "" {
		t.Error(diff)
	}
}

func TestItemsThroughGraphAlone(t *testing.T) {
	t.Parallel()
	w := itemWorld(t, true)
	w.exchangeOff()
	w.holds(john, 1)
	w.box.mailbox = john
	w.is(w.restores(w.asksItems(rita, ItemWish{})), Succeeded)
}

func TestTicks(t *testing.T) {
	t.Parallel()
	many := TicksOf(1, 8, 9, 10_000)
	if got := many.Numbers(); !slices.Equal(got, []int{1, 8, 9, 10_000}) || many.Count() != 4 || many.Has(2) || many.Has(0) || !many.Has(9) {
		t.Errorf("ticks %v", got)
	}
	if n := len(many.String()); n > 1700 {
		t.Errorf("10,000 ticks take %d characters", n)
	}
	back, ok := ParseTicks(many.String())
	if !ok || !slices.Equal(back, many) || many.Set(1, false).Has(1) || !many.Has(1) || len(TicksOf(77).Set(77, false)) != 0 {
		t.Errorf("read back %v, %v", back, ok)
	}
	for _, bad := range []string{"!", "AA", "A", "AQ=="} {
		if _, ok := ParseTicks(bad); ok {
			t.Errorf("%q counts as ticks", bad)
		}
	}
}

// TestAStopEndsATurnOfItems: the item that is under way gets its answer, no other is begun, and the rest is for the next process.
func TestAStopEndsATurnOfItems(t *testing.T) {
	t.Parallel()
	w := itemWorld(t, false)
	w.holds(john, 100)
	r := w.asksItems(rita, ItemWish{})
	w.press(r.ID, rita, ActConfirm)
	stopping, ended := false, 0
	w.svc.Stopping = func() bool { return stopping }
	w.tenant.after = func(op string) {
		if op == "restore-item" && w.tenant.did[op] == 7 { // others are made side by side
			stopping = true
		}
	}
	w.store.after = func(string) { // the turn's end
		if stopping {
			stopping, ended = false, w.tenant.did["restore-item"]
		}
	}
	r = w.is(w.press(r.ID, anna, ActApprove), Succeeded)
	if want := (ItemCounts{Chosen: 100, Restored: 100}); ended != 7 || *r.Proof.Items != want {
		t.Errorf("the turn ended after %d items, and in the end %+v", ended, r.Proof.Items)
	}
}
