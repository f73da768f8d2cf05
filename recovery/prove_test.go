package recovery

import (
	"slices"
	"testing"
	"time"
)

// fills sets how many items are in a mailbox.
func (w *world) fills(guid string, items int) {
	w.tenant.contents[guid] = Contents{Items: items, Bytes: int64(items) << 10}
}

// carriedOut lets a request for john be confirmed, approved and carried out; before it ends, meanwhile happens.
func (w *world) carriedOut(meanwhile func()) Request {
	w.Helper()
	r := w.is(w.asks("john@contoso.com"), Confirming)
	w.is(w.press(r.ID, rita, ActConfirm), Pending)
	w.send(r.ID, w.click(r.ID, anna, ActApprove, ""))
	meanwhile()
	w.pass(4 * time.Hour)
	return w.request(r.ID)
}

func has(list []Note, code NoteCode, args ...string) bool {
	return slices.ContainsFunc(list, Note{code, args}.same)
}

func TestProofComparesContents(t *testing.T) {
	t.Parallel()
	inUse := func(w *world) { w.lives(john, "john", answers) } // the tenant delays taking the mailbox away
	gone := func(w *world) { w.deleted(john, "john") }
	outlived := func(w *world) { w.orphaned(lost, "john", sharedKind) }
	for name, tt := range map[string]struct {
		setup         func(*world)
		before, after int
		want          State
	}{
		"all of it":                          {gone, 1200, 1200, Succeeded},
		"and new mail":                       {gone, 1200, 1203, Succeeded},
		"some swept by retention":            {gone, 1200, 900, Succeeded},
		"just half":                          {gone, 1200, 600, Succeeded},
		"less than half":                     {gone, 1200, 599, Partial},
		"nothing":                            {gone, 1200, 0, Partial},
		"the only one":                       {gone, 1, 0, Partial},
		"it was empty":                       {gone, 0, 0, Succeeded},
		"tidied up while it was in use":      {inUse, 1200, 10, Succeeded},
		"nothing, though it was in use":      {inUse, 1200, 0, Partial},
		"all, with a new user":               {outlived, 1200, 1200, Succeeded},
		"nothing, though it has a new user":  {outlived, 1200, 0, Partial},
		"a little, though it has a new user": {outlived, 1200, 4, Partial},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			tt.setup(w)
			guid := w.tenant.mailboxes[0].ExchangeGUID
			w.fills(guid, tt.before)
			r := w.is(w.carriedOut(func() { w.fills(guid, tt.after) }), tt.want)
			if tt.want == Partial {
				w.hindered(r, NoteFewerItems, itoa(tt.before), itoa(tt.after))
			}
		})
	}
}

// A mailbox that is still connecting may count what is in it late: nobody is told of a loss before it had its time.
func TestContentsThatComeLate(t *testing.T) {
	t.Parallel()
	for minutes, want := range map[int]State{2: Succeeded, 25: Succeeded, 45: Partial} {
		w := newWorld(t)
		w.deleted(john, "john")
		w.fills("guid-"+john, 1200)
		r := w.is(w.asks("john@contoso.com"), Confirming)
		w.is(w.press(r.ID, rita, ActConfirm), Pending)
		w.fills("guid-"+john, 0)
		w.send(r.ID, w.click(r.ID, anna, ActApprove, ""))
		w.pass(time.Duration(minutes) * time.Minute)
		if got := w.request(r.ID).State; want == Succeeded && got != Restoring {
			t.Errorf("after %d minutes it is %s", minutes, got)
		}
		w.fills("guid-"+john, 1200)
		w.pass(time.Hour)
		w.is(w.request(r.ID), want)
	}
}

// What was counted before counts after a retry too: by then the diagnosis would find the empty mailbox.
func TestRetryComparesWithTheFirstCount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	w.fills("guid-"+john, 1200)
	r := w.is(w.carriedOut(func() { w.fills("guid-"+john, 3) }), Partial)
	w.send(r.ID, w.click(r.ID, anna, ActRetry, ""))
	w.pass(2 * time.Hour)
	w.hindered(w.is(w.request(r.ID), Partial), NoteFewerItems, "1200", "3")
	w.fills("guid-"+john, 1200)
	w.send(r.ID, w.click(r.ID, anna, ActRetry, ""))
	w.pass(2 * time.Hour)
	w.is(w.request(r.ID), Succeeded)
}

func TestContentsThatAreNotKnown(t *testing.T) {
	t.Parallel()
	unreadable := &Error{Kind: Unavailable, Op: "Get-MailboxStatistics"}
	t.Run("before", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.deleted(john, "john")
		w.tenant.fails("contents", 2, unreadable) // at the ask, and once more before the first change
		r := w.is(w.carriedOut(func() {}), Succeeded)
		if !has(r.Proof.Notes, NoteBeforeUnknown) || r.Proof.Contents == nil {
			t.Errorf("%+v", r.Proof)
		}
	})
	t.Run("after", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.deleted(john, "john")
		r := w.is(w.carriedOut(func() { w.tenant.fails("contents", 999, unreadable) }), Succeeded)
		if !has(r.Proof.Notes, NoteAfterUnknown, "unavailable") || r.Proof.Contents != nil {
			t.Errorf("%+v", r.Proof)
		}
	})
	t.Run("after, for a moment", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.deleted(john, "john")
		w.fills("guid-"+john, 7)
		r := w.is(w.carriedOut(func() { w.tenant.fails("contents", 3, unreadable) }), Succeeded)
		if has(r.Proof.Notes, NoteAfterUnknown, "unavailable") || r.Proof.Contents == nil {
			t.Errorf("%+v", r.Proof)
		}
	})
	t.Run("after, for want of a role", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.deleted(john, "john")
		r := w.is(w.asks("john@contoso.com"), Confirming)
		w.tenant.fails("contents", 999, &Error{Kind: Forbidden, Op: "Get-MailboxStatistics", Detail: "Get-MailboxStatistics"})
		w.press(r.ID, rita, ActConfirm)
		if r = w.is(w.press(r.ID, anna, ActApprove), Succeeded); !has(r.Proof.Notes, NoteAfterUnknown, "forbidden") {
			t.Errorf("%+v", r.Proof)
		}
	})
}

func TestWhoHasAccessIsReadOrNot(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		bend  func(*tenant)
		known bool
		notes []Note
	}{
		"nobody else": {func(*tenant) {}, true, nil},
		"somebody":    {func(x *tenant) { x.grants = []Grant{{Who: "carl@contoso.com", Rights: []string{"FullAccess"}}} }, true, nil},
		"cannot be read": {func(x *tenant) {
			x.fails("grants", 9, &Error{Kind: Forbidden, Op: "Get-MailboxPermission", Detail: "Get-MailboxPermission"})
		}, false, []Note{{NoteGrantsUnread, []string{"forbidden"}}}},
	} {
		for _, copied := range []bool{false, true} {
			w := newWorld(t)
			var r Request
			if copied {
				r = w.copies()
				tt.bend(w.tenant)
				r = w.is(w.agreed(r.ID), Succeeded)
			} else {
				w.deleted(john, "john")
				r = w.is(w.carriedOut(func() { tt.bend(w.tenant) }), Succeeded)
			}
			if p := r.Proof; p.GrantsKnown != tt.known || len(p.Grants) != len(w.tenant.grants) || !slices.EqualFunc(p.Notes, tt.notes, Note.same) {
				t.Errorf("%s: %+v", name, p)
			}
		}
	}
}

func TestMissingCmdletAtTheProofIsNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	r := w.carriedOut(func() {
		w.tenant.after = func(op string) {
			if op == "mailbox" { // the last step
				w.tenant.fails("exchange", 9, &Error{Kind: Forbidden, Op: "Get-Mailbox", Detail: "Get-Mailbox"})
			}
		}
	})
	w.hindered(w.is(r, Partial), NoteMissingCmdlet, "Get-Mailbox")
}
