package recovery

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// shortly lets somebody click and a minute pass, since a copy that runs leaves jobs for hours.
func (w *world) shortly(id int64, user string, a Action) Request {
	w.Helper()
	w.send(id, w.click(id, user, a, ""))
	w.pass(time.Minute)
	return w.request(id)
}

// undoes lets anna ask to put back what a request did, and gives the request for that.
func (w *world) undoes(id int64) Request {
	w.Helper()
	w.shortly(id, anna, ActUndo)
	return w.undoOf(id)
}

// undoOf gives the request that puts another one back, with its cards posted.
func (w *world) undoOf(id int64) Request {
	w.Helper()
	undo := w.request(id).UndoneBy
	if undo == 0 {
		w.Fatalf("nobody puts R-%d back: %s, refused with %v", id, w.store.story(id), w.refusals(id))
	}
	w.posted(undo, anna)
	return w.request(undo)
}

func (w *world) posted(id int64, requester string) {
	w.store.post(hq, Request{ID: id}.cardTS("1"), id, CardApproval)
	w.store.post("D"+requester, Request{ID: id}.cardTS("2"), id, CardRequester)
}

func (r Request) cardTS(n string) string { return r.Ref()[2:] + "." + n }

// undone lets anna confirm and bert agree.
func (w *world) undone(id int64) Request {
	w.Helper()
	w.is(w.shortly(id, anna, ActConfirm), Pending)
	return w.shortly(id, bert, ActApprove)
}

// restored lets john's or jane's request go through.
func (w *world) restored(address string) Request {
	w.Helper()
	return w.is(w.request(w.done(address)), Succeeded)
}

func (w *world) done(address string) int64 {
	w.Helper()
	id := w.begin(address)
	w.settle()
	return id
}

func warned(p *Plan) (notes []string) {
	for _, n := range p.Warnings {
		notes = append(notes, n.String())
	}
	return notes
}

func TestFactsBeforeAndAfterAreKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.tenant.lag = 5 * time.Second
	w.deleted(john, "john", unlicensed, func(u *user) { u.account.UsageLocation = "" })
	r := w.restored("john@contoso.com")
	held := []HeldLicense{{AssignedLicense: AssignedLicense{SKU: skuE3}, Direct: true}}
	before := Facts{SignInName: "john@contoso.com", Enabled: new(true)}
	restore, location, assign := before, before, before
	restore.Deleted, assign.UsageLocation = true, "LV"
	after := assign
	after.Licenses = held
	for i, want := range []Facts{restore, location, assign} {
		if diff := cmp.Diff(&want, r.Plan.Steps[i].Progress.Before); diff != "" {
			t.Errorf("before %s (-want +got):\n%s", r.Plan.Steps[i].Kind, diff)
		}
	}
	if diff := cmp.Diff(&after, r.Proof.After); diff != "" {
		t.Errorf("after (-want +got):\n%s", diff)
	}
	kept := map[StepKind]int{}
	for _, e := range w.events(r.ID, EventStep) {
		if e.Before != nil {
			kept[e.Step]++
		}
	}
	if diff := cmp.Diff(map[StepKind]int{StepRestoreUser: 2, StepUsageLocation: 2, StepAssign: 2}, kept); diff != "" {
		t.Errorf("events with facts: sent, and read back (-want +got):\n%s", diff)
	}
}

func TestLicenseIsTakenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.tenant.lag = 10 * time.Second
	w.lives(jane, "jane", unlicensed)
	old := w.restored("jane@contoso.com")
	undo := w.is(w.undoes(old.ID), Confirming)
	if undo.UndoOf != old.ID || undo.UndoFor != by(rita) || undo.Requester != by(anna) || undo.Plan.Case != CaseUndo || undo.Plan.Approvals != 1 || undo.Plan.SignIn != SignInUnchanged {
		t.Errorf("undo %+v", undo)
	}
	if diff := cmp.Diff([]Step{{Kind: StepTakeLicense, SKU: skuE3, PartNumber: "ENTERPRISEPACK"}}, undo.Plan.Steps); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"mailbox-goes(ENTERPRISEPACK)", "nothing-else"}, warned(undo.Plan)); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
	if want := old.EnteredAt.Add(24 * time.Hour); !undo.Plan.Deadline.Equal(want) {
		t.Errorf("until %v, want %v", undo.Plan.Deadline, want)
	}
	undo = w.is(w.undone(undo.ID), Succeeded)
	if diff := cmp.Diff(map[string]int{"assign": 1, "take": 1}, w.tenant.did); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	if len(w.tenant.users[jane].account.Licenses) != 0 || undo.Proof == nil || !undo.Proof.Undone[0].same(Note{NoteTaken, []string{"ENTERPRISEPACK"}}) {
		t.Errorf("licences %v, proof %+v", w.tenant.users[jane].account.Licenses, undo.Proof)
	}
	if again := w.request(old.ID); again.State != Succeeded || len(again.Undo()) != 0 || len(undo.Undo()) != 0 {
		t.Errorf("offered again: %v, %v", again.Undo(), undo.Undo())
	}
	w.posted(undo.ID, anna)
	w.shortly(undo.ID, bert, ActUndo)
	if got := w.refusals(undo.ID); !slices.Equal(got, []NoteCode{NoteNothingToUndo}) {
		t.Errorf("an undo is undone: %v", got)
	}
}

func TestPlansAreTurnedOffAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.lives(jane, "jane", func(u *user) {
		u.account.Licenses = []AssignedLicense{{SKU: skuE3, DisabledPlans: []string{planYammer, planEXO2}}}
	})
	old := w.restored("jane@contoso.com")
	undo := w.is(w.undoes(old.ID), Confirming)
	want := []Step{{Kind: StepTurnOff, SKU: skuE3, PartNumber: "ENTERPRISEPACK", DisabledPlans: []string{planEXO2, planYammer}}}
	if diff := cmp.Diff(want, undo.Plan.Steps); diff != "" {
		t.Fatalf("steps (-want +got):\n%s", diff)
	}
	undo = w.is(w.undone(undo.ID), Succeeded)
	got := w.tenant.users[jane].account.Licenses
	if diff := cmp.Diff([]AssignedLicense{{SKU: skuE3, DisabledPlans: []string{planEXO2, planYammer}}}, got); diff != "" {
		t.Errorf("licences (-want +got):\n%s", diff)
	}
	if !undo.Proof.Undone[0].same(Note{NoteTurnedOff, []string{"ENTERPRISEPACK"}}) {
		t.Errorf("proof %+v", undo.Proof)
	}
}

func TestSignInOfARestoredAccountIsBlocked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john", unlicensed)
	old := w.restored("john@contoso.com")
	undo := w.is(w.undoes(old.ID), Confirming)
	if got := stepKinds(undo.Plan); !slices.Equal(got, []StepKind{StepBlockSignIn, StepTakeLicense}) || undo.Plan.SignIn != SignInBlocked {
		t.Fatalf("steps %v, sign-in %s", got, undo.Plan.SignIn)
	}
	if got := warned(undo.Plan); !slices.Contains(got, "stays(restore-user)") || got[len(got)-1] != "nothing-else" {
		t.Errorf("warnings %v", got)
	}
	undo = w.is(w.undone(undo.ID), Succeeded)
	a := w.tenant.users[john].account
	if *a.Enabled || a.Deleted() || len(a.Licenses) != 0 || len(undo.Proof.Undone) != 2 || *undo.Proof.SignInEnabled {
		t.Errorf("account %+v, proof %+v", a, undo.Proof)
	}
}

func TestNewUserOfAMailboxIsBlocked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.orphaned(lost, "john")
	id := w.asks("john@contoso.com").ID
	w.press(id, rita, ActConfirm)
	w.is(w.press(id, anna, ActApprove), Succeeded)
	undo := w.is(w.undoes(id), Confirming)
	if got := stepKinds(undo.Plan); !slices.Equal(got, []StepKind{StepBlockSignIn, StepTakeLicense}) || undo.Plan.AccountID != "new-"+lost {
		t.Fatalf("steps %v of %s", got, undo.Plan.AccountID)
	}
	w.is(w.undone(undo.ID), Succeeded)
}

// copying gives the request of a copy that runs for hours, at work.
func (w *world) copying(change ...func(*Mailbox)) Request {
	w.Helper()
	w.tenant.copyTime = 10 * time.Hour
	r := w.copies(change...)
	w.press(r.ID, rita, ActConfirm)
	w.press(r.ID, anna, ActApprove)
	w.send(r.ID, w.click(r.ID, bert, ActApprove, ""))
	w.pass(20 * time.Minute)
	return w.is(w.request(r.ID), Restoring)
}

func TestCopyIsStopped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.copying()
	if until := old.UndoUntil(); len(old.Undo()) != 1 || !until.IsZero() {
		t.Fatalf("offered: %v until %v", old.Undo(), until)
	}
	undo := w.is(w.undoes(old.ID), Confirming)
	if got := stepKinds(undo.Plan); !slices.Equal(got, []StepKind{StepStopCopy}) || undo.Plan.Steps[0].CopyID != "copy-1" || undo.Plan.AccountID != "" {
		t.Fatalf("plan %+v", undo.Plan)
	}
	if diff := cmp.Diff([]string{"copied-stays", "stays(add-address)", "nothing-else"}, warned(undo.Plan)); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
	undo = w.is(w.undone(undo.ID), Succeeded)
	if p := undo.Plan.Steps[0].Progress; p.Before == nil || p.Before.Copy == nil || p.Before.Copy.State != CopyInProgress {
		t.Errorf("before: %+v", p.Before)
	}
	w.settle()
	w.hindered(w.is(w.request(old.ID), Partial), NoteCopyStopped, undo.Ref())
	if diff := cmp.Diff(map[string]int{"address": 1, "copy": 1, "remove": 1}, w.tenant.did); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	w.is(w.press(old.ID, bert, ActRetry), Partial)
	if got := w.refusals(old.ID); !slices.Equal(got, []NoteCode{NoteUndoAsked}) {
		t.Errorf("the copy is made again: %v", got)
	}
}

func TestCopyRemovedByAnotherIsNotSaidToBeOurs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.copying()
	undo := w.undoes(old.ID)
	clear(w.tenant.copies)
	w.hindered(w.is(w.undone(undo.ID), Impossible), NoteMovedOn, "copy-gone")
	w.settle()
	w.hindered(w.is(w.request(old.ID), Partial), NoteCopyGone)
}

func TestUndoWithoutTheRights(t *testing.T) {
	t.Parallel()
	t.Run("cmdlet", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		old := w.copying()
		w.tenant.cmdlets = []string{"Get-MailboxRestoreRequest"}
		w.hindered(w.is(w.undoes(old.ID), Submitted), NoteMissingCmdlet, "Remove-MailboxRestoreRequest")
	})
	t.Run("exchange off", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		old := w.copying()
		undo := w.undoes(old.ID)
		w.svc.Copier = nil
		w.hindered(w.is(w.undone(undo.ID), Confirming), NoteMissingCmdlet, "Remove-MailboxRestoreRequest")
	})
	for _, tt := range []struct {
		name, have, lacks string
		change            func(*user)
	}{
		{"license", "User.EnableDisableAccount.All", "LicenseAssignment.ReadWrite.All", unlicensed},
		{"sign-in", "LicenseAssignment.ReadWrite.All", "User.EnableDisableAccount.All", licensed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.deleted(john, "john", tt.change)
			old := w.restored("john@contoso.com")
			w.tenant.permissions = []string{tt.have}
			w.hindered(w.is(w.undoes(old.ID), Submitted), NoteMissingRole, tt.lacks)
		})
	}
}

// What was not there when the step looked, though it had been there when the plan was made, is not ours to take.
func TestLicenseThatComesBackLateIsNotTaken(t *testing.T) {
	t.Parallel()
	held := AssignedLicense{SKU: skuE3, DisabledPlans: []string{planYammer}}
	r := Request{Plan: &Plan{AccountID: john}, Diagnosis: &Diagnosis{Account: Account{ID: john, Licenses: []AssignedLicense{held}}}}
	assign := Step{Kind: StepAssign, SKU: skuE3, DisabledPlans: []string{planYammer}}
	assign.Progress.Before = r.before(assign, &Facts{})
	if step, ok := assign.takeBack(); ok {
		t.Errorf("it would be taken by %+v", step)
	}
	assign.DisabledPlans = nil
	if step, ok := assign.takeBack(); !ok || step.Kind != StepTurnOff || !slices.Equal(step.DisabledPlans, []string{planYammer}) {
		t.Errorf("plans that were off: %+v, %v", step, ok)
	}
	assign.Progress.Before = &Facts{Licenses: []HeldLicense{{AssignedLicense: held, Group: true}}}
	if step, ok := assign.takeBack(); !ok || step.Kind != StepTakeLicense {
		t.Errorf("what a group gives stays, and ours goes: %+v, %v", step, ok)
	}
	assign.Progress.Before.Licenses[0].Direct = true
	if step, ok := assign.takeBack(); ok {
		t.Errorf("what came from two sides cannot be told apart, but: %+v", step)
	}
}

func TestUndoThatStoppedHalfwayIsTriedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john", unlicensed)
	old := w.restored("john@contoso.com")
	undo := w.undoes(old.ID)
	w.tenant.fails("take", 1, &Error{Kind: Invalid, Op: "assignLicense", Detail: FromGroup})
	w.hindered(w.is(w.undone(undo.ID), Partial), NoteFromGroup, "ENTERPRISEPACK")
	w.shortly(old.ID, bert, ActRetry)
	w.clock = w.clock.Add(30 * time.Hour) // what was begun may be ended
	undo = w.is(w.shortly(undo.ID, bert, ActRetry), Succeeded)
	if diff := cmp.Diff(map[string]int{"restore": 1, "assign": 1, "block": 1, "take": 1}, w.tenant.did); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	if len(undo.Proof.Undone) != 2 {
		t.Errorf("proof %+v", undo.Proof)
	}
}

func TestUndoTriedAgainMindsWhatOthersDid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john", unlicensed)
	undo := w.undoes(w.restored("john@contoso.com").ID)
	w.tenant.fails("take", 1, &Error{Kind: Forbidden, Op: "assignLicense", Detail: "X"})
	w.is(w.undone(undo.ID), Partial)
	w.tenant.users[john].account.UsageLocation = "EE"
	w.hindered(w.is(w.shortly(undo.ID, bert, ActRetry), Partial), NoteMovedOn, "location") // what was undone before stays undone
}

func TestUndoWhoseAnswerIsLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.tenant.lag = 5 * time.Second
	w.lives(jane, "jane", unlicensed)
	undo := w.undoes(w.restored("jane@contoso.com").ID)
	w.tenant.loses("take", 1)
	w.is(w.undone(undo.ID), Succeeded)
	if n := count(w.tenant.calls, "take"); n != 1 {
		t.Errorf("sent %d times", n)
	}
}

func TestUndoThatDoesNotLastIsPartial(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.lives(jane, "jane", unlicensed)
	undo := w.undoes(w.restored("jane@contoso.com").ID)
	w.store.after = func(string) {
		if r := w.store.read(undo.ID); r.State == Restoring && !r.Plan.Steps[0].Progress.Done.IsZero() {
			w.tenant.users[jane].account.Licenses = []AssignedLicense{{SKU: skuE3}}
		}
	}
	w.undone(undo.ID)
	w.pass(10 * time.Minute)
	w.hindered(w.is(w.request(undo.ID), Partial), NoteStepMissing, string(StepTakeLicense))
}

func TestRequestAtWorkAgainIsNotUndone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john", unlicensed)
	w.tenant.fails("assign", 1, &Error{Kind: NoSeat})
	id := w.done("john@contoso.com")
	old := w.is(w.request(id), Partial)
	if got := old.Undo(); len(got) != 1 || got[0].Kind != StepBlockSignIn {
		t.Fatalf("offered: %v", got)
	}
	undo := w.is(w.undoes(id), Confirming)
	w.is(w.press(id, bert, ActRetry), Partial)
	if got := w.refusals(id); !slices.Equal(got, []NoteCode{NoteUndoAsked}) {
		t.Errorf("tried again while it is put back: %v", got)
	}
	w.force(id, func(r *Request) { r.State = Approved }) // had it been, in the same moment
	w.store.again(job{id: undo.ID, version: undo.Version}, w.clock)
	w.shortly(undo.ID, anna, ActConfirm)
	w.hindered(w.is(w.shortly(undo.ID, bert, ActApprove), Impossible), NoteUndoGoesOn, old.Ref(), string(Approved))
}

func TestRequestMayBeTriedAgainOnceItsUndoIsDenied(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john", unlicensed)
	w.tenant.fails("assign", 1, &Error{Kind: NoSeat})
	id := w.done("john@contoso.com")
	undo := w.undoes(id)
	w.shortly(undo.ID, anna, ActConfirm)
	w.is(w.press(undo.ID, bert, ActDeny, "no"), Denied)
	w.is(w.press(id, bert, ActRetry), Succeeded)
}

func TestAskIsNotTakenForAnUndo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.lives(jane, "jane", unlicensed)
	undo := w.undoes(w.restored("jane@contoso.com").ID)
	if r := w.asksAs(anna, Ask{Query: Query{ByAddress, "jane@contoso.com"}}); r.ID == undo.ID || r.UndoOf != 0 {
		t.Errorf("the ask became %s", r.Ref())
	}
}

func TestUndoOfNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r, _, err := w.store.Create(w.ctx, Request{Key: "undo:77", State: Submitted, UndoOf: 77, Requester: by(anna), CreatedAt: w.clock, EnteredAt: w.clock},
		Event{Kind: EventAsked, To: Submitted})
	if err != nil {
		t.Fatal(err)
	}
	w.settle()
	w.hindered(w.is(w.request(r.ID), Impossible), NoteNothingToUndo, "R-77")
}

func TestUndoThatWasDoneUnseenIsNotDoneAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john", unlicensed)
	undo := w.undoes(w.restored("john@contoso.com").ID)
	w.tenant.after = func(op string) {
		if op == "take" { // it is taken, and then nobody may look
			w.tenant.after = func(string) {}
			w.tenant.fails("account", 1, &Error{Kind: Forbidden, Op: "user", Detail: "User.Read.All"})
		}
	}
	w.hindered(w.is(w.undone(undo.ID), Partial), NoteMissingRole, "User.Read.All")
	w.is(w.shortly(undo.ID, bert, ActRetry), Succeeded)
	if diff := cmp.Diff(map[string]int{"restore": 1, "assign": 1, "block": 1, "take": 1}, w.tenant.did); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

func TestUndoWaitsWhileNothingCanBeRead(t *testing.T) {
	t.Parallel()
	down := &Error{Kind: Unavailable, Op: "find"}
	t.Run("at first", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.lives(jane, "jane", unlicensed)
		old := w.restored("jane@contoso.com")
		w.tenant.fails("find", 3, down)
		w.is(w.undoes(old.ID), Confirming)
	})
	t.Run("for the proof", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.lives(jane, "jane", unlicensed)
		undo := w.undoes(w.restored("jane@contoso.com").ID)
		looks := 0
		w.tenant.after = func(op string) {
			if op == "account" {
				if looks++; looks == 2 { // before the change, and after it
					w.tenant.fails("account", 3, down)
				}
			}
		}
		w.is(w.undone(undo.ID), Succeeded)
		if looks != 6 {
			t.Errorf("%d looks", looks)
		}
	})
	t.Run("of a copy", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		undo := w.undoes(w.copying().ID)
		w.tenant.fails("copies", 3, down)
		w.shortly(undo.ID, anna, ActConfirm)
		w.shortly(undo.ID, bert, ActApprove)
		w.pass(time.Hour)
		w.is(w.request(undo.ID), Succeeded)
	})
}
