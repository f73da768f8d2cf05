package recovery

import (
	"slices"
	"testing"
	"time"
)

// moves are what others may do in the tenant once a request has ended, and what is said of it.
var moves = []struct {
	name string
	move func(w *world, u *user)
	want []string
}{
	{"another licence", func(_ *world, u *user) {
		u.account.Licenses = append(slices.Clone(u.account.Licenses), AssignedLicense{SKU: skuE5})
	}, []string{"licenses"}},
	{"no licence", func(_ *world, u *user) { u.account.Licenses = nil }, []string{"licenses"}},
	{"a plan off", func(_ *world, u *user) {
		u.account.Licenses = []AssignedLicense{{SKU: skuE3, DisabledPlans: []string{planYammer}}}
	}, []string{"licenses"}},
	{"by a group too", func(_ *world, u *user) {
		u.account.LicenseStates = []LicenseState{{SKU: skuE3, State: "Active"}, {SKU: skuE3, State: "Active", Group: "g"}}
	}, []string{"licenses"}},
	{"sign-in blocked", func(_ *world, u *user) { u.account.Enabled = new(false) }, []string{"sign-in"}},
	{"sign-in unknown", func(_ *world, u *user) { u.account.Enabled = nil }, []string{"sign-in"}},
	{"renamed and moved", func(_ *world, u *user) {
		u.account.UserPrincipalName, u.account.UsageLocation = "john.new@contoso.com", "EE"
	}, []string{"name", "location"}},
	{"deleted again", func(w *world, u *user) { u.account.DeletedAt = w.clock }, []string{"account"}},
	{"purged", func(w *world, _ *user) { delete(w.tenant.users, john) }, []string{"account"}},
}

func TestNothingIsUndoneOnceTheTenantMovedOn(t *testing.T) {
	t.Parallel()
	for _, m := range moves {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.deleted(john, "john", unlicensed)
			old := w.restored("john@contoso.com")
			m.move(w, w.tenant.users[john])
			w.hindered(w.is(w.undoes(old.ID), Impossible), NoteMovedOn, m.want...)
			if w.tenant.did["take"]+w.tenant.did["block"] != 0 {
				t.Errorf("changes %v", w.tenant.did)
			}
		})
		t.Run(m.name+" while it is decided", func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.deleted(john, "john", unlicensed)
			undo := w.undoes(w.restored("john@contoso.com").ID)
			w.shortly(undo.ID, anna, ActConfirm)
			m.move(w, w.tenant.users[john])
			w.hindered(w.is(w.shortly(undo.ID, bert, ActApprove), Impossible), NoteMovedOn, m.want...)
			if w.tenant.did["take"]+w.tenant.did["block"] != 0 || len(w.events(undo.ID, EventVoided)) != 1 {
				t.Errorf("changes %v: %s", w.tenant.did, w.store.story(undo.ID))
			}
		})
	}
}

func TestCopyThatEndedIsNotStopped(t *testing.T) {
	t.Parallel()
	for _, state := range []CopyState{CopyCompleted, CopyWithWarnings, CopyFailed} {
		t.Run(string(state), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			undo := w.undoes(w.copying().ID)
			w.shortly(undo.ID, anna, ActConfirm)
			w.tenant.copyTime = time.Second
			for _, c := range w.tenant.copies {
				c.state = state
			}
			w.hindered(w.is(w.shortly(undo.ID, bert, ActApprove), Impossible), NoteMovedOn, "copy-ended")
			if w.tenant.did["remove"] != 0 {
				t.Errorf("changes %v", w.tenant.did)
			}
		})
	}
}

func TestCopyThatEndsAtTheLastMomentIsNotStopped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	undo := w.undoes(w.copying().ID)
	w.shortly(undo.ID, anna, ActConfirm)
	looks := 0
	w.tenant.after = func(op string) {
		if op == "copies" {
			if looks++; looks == 1 { // the check before it starts
				w.tenant.copyTime = time.Second
			}
		}
	}
	w.tenant.meets("status", 1, fault{err: &Error{Kind: NotFound, Op: "status"}})
	w.hindered(w.is(w.shortly(undo.ID, bert, ActApprove), Failed), NoteMovedOn, "copy-ended")
	if w.tenant.did["remove"] != 0 {
		t.Errorf("changes %v", w.tenant.did)
	}
}

func TestUndoVoidedWhenItsPlanDiffers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.copying(withArchive)
	undo := w.is(w.undoes(old.ID), Confirming)
	first := undo.Plan.Steps[0]
	w.is(w.shortly(undo.ID, anna, ActConfirm), Pending)
	w.pass(10 * time.Hour) // the mailbox is copied, and its archive begins
	undo = w.is(w.shortly(undo.ID, bert, ActApprove), Confirming)
	if len(undo.Changed) == 0 || !undo.Changed[0].same(Note{NotePlanDiffers, []string{"steps"}}) || len(undo.Plan.Steps) != 1 || undo.Plan.Steps[0].same(first) {
		t.Fatalf("changed %v, steps %+v instead of %+v", undo.Changed, undo.Plan.Steps, first)
	}
	w.is(w.undone(undo.ID), Succeeded)
	w.settle()
	w.hindered(w.is(w.request(old.ID), Partial), NoteCopyStopped, undo.Ref())
	if w.tenant.did["remove"] != 1 || len(w.tenant.copies) != 1 {
		t.Errorf("changes %v, copies %v", w.tenant.did, w.tenant.copies)
	}
}

func TestUndoIsOfferedForADay(t *testing.T) {
	t.Parallel()
	t.Run("asked too late", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.lives(jane, "jane", unlicensed)
		old := w.restored("jane@contoso.com")
		w.clock = old.EnteredAt.Add(24 * time.Hour)
		w.shortly(old.ID, anna, ActUndo)
		if got := w.refusals(old.ID); !slices.Equal(got, []NoteCode{NoteUndoLate}) || len(w.store.rows) != 1 {
			t.Errorf("refused with %v, requests %d", got, len(w.store.rows))
		}
	})
	t.Run("looked at too late", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.lives(jane, "jane", unlicensed)
		old := w.restored("jane@contoso.com")
		w.clock = old.EnteredAt.Add(24*time.Hour - time.Second)
		w.send(old.ID, w.click(old.ID, anna, ActUndo, ""))
		j, _ := w.store.next(w.clock)
		w.run(j)
		w.clock = w.clock.Add(time.Minute)
		w.settle()
		w.hindered(w.is(w.undoOf(old.ID), Impossible), NoteUndoLate, stamp(old.EnteredAt.Add(24*time.Hour)))
	})
	t.Run("approved too late", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.lives(jane, "jane", unlicensed)
		old := w.restored("jane@contoso.com")
		w.clock = old.EnteredAt.Add(23 * time.Hour)
		undo := w.undoes(old.ID)
		w.shortly(undo.ID, anna, ActConfirm)
		w.pass(2 * time.Hour)
		w.is(w.request(undo.ID), Expired)
		if w.tenant.did["take"] != 0 {
			t.Errorf("changes %v", w.tenant.did)
		}
	})
}

func TestSecondClickFindsTheSameUndo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.lives(jane, "jane", unlicensed)
	old := w.restored("jane@contoso.com")
	w.send(old.ID, w.click(old.ID, anna, ActUndo, ""))
	w.send(old.ID, w.click(old.ID, bert, ActUndo, ""))
	w.settle()
	undo := w.undoOf(old.ID)
	w.shortly(old.ID, anna, ActUndo)
	if got := w.refusals(old.ID); !slices.Equal(got, []NoteCode{NoteUndoAsked, NoteUndoAsked}) || len(w.store.rows) != 2 || undo.Requester != by(anna) {
		t.Errorf("refused with %v, %d requests, asked by %v", got, len(w.store.rows), undo.Requester)
	}
	if e := w.events(old.ID, EventUndoAsked); len(e) != 1 || e[0].By != by(anna) || !e[0].Note.same(Note{NoteUndoAsked, []string{undo.Ref()}}) {
		t.Errorf("events %+v", e)
	}
}

func TestClickThatWasCutShortFindsItsUndo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.lives(jane, "jane", unlicensed)
	old := w.restored("jane@contoso.com")
	w.store.after = func(op string) {
		if op == "create" && w.working {
			w.store.after = func(string) {}
			panic(killed{"create"})
		}
	}
	w.undoes(old.ID)
	if got := w.request(old.ID); len(w.store.rows) != 2 || got.UndoneBy != 2 || len(w.refusals(old.ID)) != 0 {
		t.Errorf("%d requests, undone by %d, refused %v", len(w.store.rows), got.UndoneBy, w.refusals(old.ID))
	}
}

func TestWhoDecidesOnAnUndo(t *testing.T) {
	t.Parallel()
	for _, self := range []bool{false, true} {
		w := newWorld(t)
		w.set(func(s *Settings) { s.SelfApproval = self })
		w.lives(jane, "jane", unlicensed)
		undo := w.undoes(w.restored("jane@contoso.com").ID)
		w.shortly(undo.ID, bert, ActConfirm)
		w.shortly(undo.ID, anna, ActConfirm)
		got := w.shortly(undo.ID, anna, ActApprove)
		want, refused := Pending, []NoteCode{NoteNotRequester, NoteYourOwn}
		if self {
			want, refused = Succeeded, refused[:1]
		}
		w.is(got, want)
		if codes := w.refusals(undo.ID); !slices.Equal(codes, refused) {
			t.Errorf("self-approval %v: refused with %v, want %v", self, codes, refused)
		}
	}
}

func TestUndoIsForApproversAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.lives(jane, "jane", unlicensed)
	old := w.restored("jane@contoso.com")
	w.shortly(old.ID, rita, ActUndo)
	if got := w.refusals(old.ID); !slices.Equal(got, []NoteCode{NoteNotApprover}) || len(w.store.rows) != 1 {
		t.Errorf("refused with %v", got)
	}
	w.set(func(s *Settings) { s.Approvers = []string{anna, bert} })
	undo := w.undoes(old.ID)
	w.set(func(s *Settings) { s.Approvers, s.Requesters = []string{bert, carl}, nil })
	w.is(w.shortly(undo.ID, anna, ActConfirm), Confirming)
	if got := w.refusals(undo.ID); !slices.Equal(got, []NoteCode{NoteNotApprover}) {
		t.Errorf("who is no approver any more confirms: %v", got)
	}
}

func TestNothingToUndo(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		setup func(w *world)
	}{
		{"sign-in was off before", func(w *world) { w.deleted(john, "john", shared) }},
		{"its group's licence", func(w *world) {
			w.lives(john, "john", unlicensed, func(u *user) {
				u.account.LicenseStates = []LicenseState{{SKU: skuE3, Group: "g1", State: "Error", Error: "CountViolation", UpdatedAt: w.ago(48 * time.Hour)}}
			})
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			tt.setup(w)
			old := w.restored("john@contoso.com")
			w.shortly(old.ID, anna, ActUndo)
			if got := w.refusals(old.ID); !slices.Equal(got, []NoteCode{NoteNothingToUndo}) || len(old.Undo()) != 0 {
				t.Errorf("refused with %v, offered %v", got, old.Undo())
			}
		})
	}
}

func TestCopyThatIsGoneIsNotStopped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.copying()
	clear(w.tenant.copies)
	w.settle()
	w.hindered(w.is(w.request(old.ID), Partial), NoteCopyGone)
	w.shortly(old.ID, anna, ActUndo)
	if got := w.refusals(old.ID); !slices.Equal(got, []NoteCode{NoteNothingToUndo}) {
		t.Errorf("refused with %v", got)
	}
}

func TestCopyThatMayNotBeRemoved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	undo := w.undoes(w.copying().ID)
	w.tenant.fails("remove", 1, &Error{Kind: Forbidden, Op: "Remove-MailboxRestoreRequest", Detail: "Remove-MailboxRestoreRequest"})
	w.hindered(w.is(w.undone(undo.ID), Failed), NoteMissingCmdlet, "Remove-MailboxRestoreRequest")
	w.is(w.shortly(undo.ID, bert, ActRetry), Succeeded)
}
