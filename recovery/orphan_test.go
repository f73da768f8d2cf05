package recovery

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// copies begins the copy of john's old mailbox into jane's and gives the request in its first state.
func (w *world) copies(change ...func(*Mailbox)) Request {
	w.Helper()
	w.orphaned(lost, "john", change...)
	w.lives(jane, "jane", licensed, answers)
	return w.is(w.asksAs(rita, Ask{Query: Query{ByAddress, "john@contoso.com"}, Into: "jane@contoso.com"}), Confirming)
}

// agreed lets the requester confirm and two approvers agree.
func (w *world) agreed(id int64) Request {
	w.Helper()
	w.is(w.press(id, rita, ActConfirm), Pending)
	w.is(w.press(id, anna, ActApprove), Pending)
	return w.press(id, bert, ActApprove)
}

func TestContentsAreCopied(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.tenant.grants = []Grant{{Who: "carl@contoso.com", Rights: []string{"FullAccess"}}}
	r := w.copies(withArchive)
	plan := r.Plan
	if plan.Approvals != 2 || len(plan.Warnings) == 0 || plan.Warnings[0].Code != NoteTargetReads {
		t.Errorf("approvals %d, warnings %v", plan.Approvals, plan.Warnings)
	}
	if got := stepKinds(plan); !slices.Equal(got, []StepKind{StepAddress, StepCopy, StepCopyArchive}) {
		t.Errorf("steps %v", got)
	}
	r = w.is(w.agreed(r.ID), Succeeded)
	if !slices.Contains(w.mailboxOf(jane).Addresses, "X500:/o=x/cn="+lost) {
		t.Errorf("addresses %v", w.mailboxOf(jane).Addresses)
	}
	if w.tenant.did["copy"] != 2 || r.Proof == nil || r.Proof.Contents == nil || len(r.Proof.Grants) != 1 {
		t.Errorf("copies %d, proof %+v", w.tenant.did["copy"], r.Proof)
	}
	for name, c := range w.tenant.copies {
		if !strings.Contains(name, r.UUID) || c.order.Source != lost || c.order.Target != "guid-"+jane || !strings.Contains(c.order.Folder, r.Ref()) {
			t.Errorf("copy %q: %+v", name, c.order)
		}
	}
	if m := w.tenant.held(lost); m.Live() {
		t.Error("the old mailbox is not what it was")
	}
}

func TestBothEndsOfACopyAreMeasuredAmongManyMailboxes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.orphaned(lost, "john")
	for i := range mostMeasured { // they have the target's address, and are in use no more
		w.orphaned(fmt.Sprintf("old-%d", i), "jane", inactive)
	}
	w.lives(jane, "jane", licensed, answers)
	r := w.is(w.asksAs(rita, Ask{Query: Query{ByAddress, "john@contoso.com"}, Into: "jane@contoso.com"}), Confirming)
	if r.Plan.Target.ExchangeGUID != "guid-"+jane || count(w.tenant.calls, "contents") != 2 {
		t.Errorf("target %+v, calls %v", r.Plan.Target, w.tenant.calls)
	}
}

func TestRoomOfTheTarget(t *testing.T) {
	t.Parallel()
	const gb = 1 << 30
	in := func(w *world, archive string, quota, fill int64) { // the old mailbox has 1 GB, and its archive too
		m := w.mailboxOf(jane)
		m.ArchiveGUID, m.ArchiveQuota = archive, quota
		w.tenant.contents[archive] = Contents{Bytes: fill}
	}
	for name, tt := range map[string]struct {
		setup func(*world)
		code  NoteCode // empty where it fits
		args  []string
	}{
		"no quotas":                                  {func(w *world) { in(w, "a", Unlimited, 0) }, "", nil},
		"just fits its archive":                      {func(w *world) { in(w, "a", 100*gb, 99*gb) }, "", nil},
		"one byte more in its archive":               {func(w *world) { in(w, "a", 100*gb, 99*gb+1) }, NoteArchiveFull, []string{"1073741824", "1073741823"}},
		"its archive is over its quota":              {func(w *world) { in(w, "a", 100*gb, 120*gb) }, NoteArchiveFull, []string{"1073741824", "0"}},
		"full, though its archive has room":          {func(w *world) { in(w, "a", 100*gb, 0); w.mailboxOf(jane).Quota = gb / 2 }, NoteTargetFull, []string{"1073741824", "536870912"}},
		"has room for one of two, the archive apart": {func(w *world) { in(w, "a", 100*gb, 0); w.mailboxOf(jane).Quota = gb }, "", nil},
		"has room for one of two, and no archive":    {func(w *world) { w.mailboxOf(jane).Quota = gb }, NoteTargetFull, []string{"2147483648", "1073741824"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.orphaned(lost, "john", withArchive)
			w.lives(jane, "jane", licensed, answers)
			tt.setup(w)
			d := w.looks(Ask{Into: "jane@contoso.com"}, Choices{})
			if tt.code != "" {
				says(t, d, CaseSoftDeleted, tt.code, tt.args...)
				if !d.Obstacle.removable() || !d.Obstacle.refusesAStep() {
					t.Error("nobody can make room and look again")
				}
				return
			}
			plans(t, d, CaseSoftDeleted, StepAddress, StepCopy, StepCopyArchive)
		})
	}
}

// What the target's archive holds, or may hold, is not known: then it is not taken to have room.
func TestRoomThatCannotBeRead(t *testing.T) {
	t.Parallel()
	m, to := Mailbox{ExchangeGUID: lost, ArchiveGUID: "a"}, Mailbox{ExchangeGUID: "t", ArchiveGUID: "b", Quota: Unlimited, ArchiveQuota: 1 << 40}
	r := reading{survey: survey{contents: map[string]Contents{lost: {}, "t": {}}, archives: map[string]Contents{lost: {}}}}
	if why := r.room(m, to); why == nil || why.Code != NoteUnreadable {
		t.Errorf("%v", why)
	}
	r.archives["t"] = Contents{}
	if why := r.room(m, to); why != nil {
		t.Errorf("%v", why)
	}
	for name, unsaid := range map[string]func(to *Mailbox){"quota": func(to *Mailbox) { to.Quota = 0 }, "quota of the archive": func(to *Mailbox) { to.ArchiveQuota = 0 }} {
		to := to
		unsaid(&to)
		if why := r.room(m, to); why == nil || why.Code != NoteUnreadable {
			t.Errorf("without a %s: %v", name, why)
		}
	}
}

func TestRetentionMaySweepWhatIsCopied(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.copies()
	if !has(r.Plan.Warnings, NoteSwept, "jane@contoso.com") {
		t.Errorf("warnings %v", r.Plan.Warnings)
	}
	w.is(w.press(r.ID, rita, ActConfirm), Pending)
	w.is(w.press(r.ID, anna, ActApprove), Pending)
	w.mailboxOf(jane).RetentionHold = true // as the warning asks: the approval stands
	w.is(w.press(r.ID, bert, ActApprove), Succeeded)
	w.orphaned(lost+"2", "mary")
	if d := w.looks(Ask{Query: Query{ByAddress, "mary@contoso.com"}, Into: "jane@contoso.com"}, Choices{}); slices.Contains(warnings(d), NoteSwept) {
		t.Errorf("warnings %v", warnings(d))
	}
}

func TestCopyWithoutWordsAsksForItsTarget(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.orphaned(lost, "john")
	w.lives(john, "john", licensed, answers) // made anew
	r := w.is(w.asks("john@contoso.com"), Confirming)
	if o, open := r.OpenOffer(); !open || o.Action != ChooseTarget || o.Options[0].Value != "guid-"+john {
		t.Fatalf("offers %+v", r.Diagnosis.Offers)
	}
	r = w.is(w.press(r.ID, rita, ChooseTarget, "guid-"+john), Confirming)
	w.is(w.agreed(r.ID), Succeeded)
	if w.tenant.did["copy"] != 1 {
		t.Errorf("changes %v", w.tenant.did)
	}
}

func TestCopyNeedsOneMoreApprover(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.set(func(s *Settings) { s.Approvers = []string{anna} })
	w.orphaned(lost, "john")
	w.lives(jane, "jane", licensed, answers)
	r := w.asksAs(rita, Ask{Query: Query{ByAddress, "john@contoso.com"}, Into: "jane@contoso.com"})
	w.hindered(w.is(r, Impossible), NoteNobodyCopy, "2", "1")
}

func TestOwnerOfTheTargetDoesNotDecide(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.people.persons[anna]
	p.Email = "Jane@contoso.com" // the target's address
	w.people.persons[anna] = p
	r := w.copies()
	w.is(w.press(r.ID, rita, ActConfirm), Pending)
	w.is(w.press(r.ID, anna, ActApprove), Pending)
	if got := w.refusals(r.ID); !slices.Equal(got, []NoteCode{NoteOwnBenefit}) {
		t.Errorf("refused with %v", got)
	}
}

// Somebody whose address is not confirmed cannot be told from the target's owner, and so counts neither at the click, nor when it is
// asked whether enough people could decide, nor as one who has approved.
func TestApproverWithoutAnAddressDoesNotDecideOnACopy(t *testing.T) {
	t.Parallel()
	unconfirmed := func(p *Person) { p.Email = "" }
	w := newWorld(t)
	w.people.set(anna, unconfirmed)
	r := w.copies()
	w.is(w.press(r.ID, rita, ActConfirm), Pending)
	w.is(w.press(r.ID, anna, ActApprove), Pending)
	if got := w.refusals(r.ID); !slices.Equal(got, []NoteCode{NoteNoAddress}) || len(w.request(r.ID).Reviews) != 0 {
		t.Errorf("refused with %v, reviews %v", got, w.request(r.ID).Reviews)
	}

	w = newWorld(t)
	w.people.set(anna, unconfirmed)
	w.people.set(bert, unconfirmed)
	w.orphaned(lost, "john")
	w.lives(jane, "jane", licensed, answers)
	few := w.asksAs(rita, Ask{Query: Query{ByAddress, "john@contoso.com"}, Into: "jane@contoso.com"})
	w.hindered(w.is(few, Impossible), NoteNobodyCopy, "2", "1")

	w = newWorld(t)
	r = w.copies()
	w.is(w.press(r.ID, rita, ActConfirm), Pending)
	w.is(w.press(r.ID, anna, ActApprove), Pending)
	w.people.set(anna, unconfirmed) // since the click
	w.is(w.press(r.ID, bert, ActApprove), Pending)
	if len(w.tenant.copies) != 0 {
		t.Errorf("copied: %v", w.tenant.copies)
	}

	w = newWorld(t) // on anything else they decide as ever
	w.people.set(anna, unconfirmed)
	w.deleted(john, "john")
	r = w.asks("john@contoso.com")
	w.is(w.press(r.ID, rita, ActConfirm), Pending)
	w.is(w.press(r.ID, anna, ActApprove), Succeeded)
}

func TestCopyIsMadeOnce(t *testing.T) {
	t.Parallel()
	t.Run("answer lost", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		r := w.copies()
		w.tenant.loses("copy", 1)
		w.is(w.agreed(r.ID), Succeeded)
		if w.tenant.did["copy"] != 1 {
			t.Errorf("changes %v", w.tenant.did)
		}
	})
	t.Run("nothing happened", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		r := w.copies()
		w.tenant.fails("copy", 1, &Error{Kind: Unavailable})
		w.is(w.press(r.ID, rita, ActConfirm), Pending)
		w.press(r.ID, anna, ActApprove)
		w.send(r.ID, w.click(r.ID, bert, ActApprove, ""))
		w.pass(15 * time.Minute)
		if n := count(w.tenant.calls, "copy"); n != 1 {
			t.Errorf("sent %d times within a cmdlet's time", n)
		}
		w.pass(time.Hour)
		w.is(w.request(r.ID), Succeeded)
	})
}

func TestCopiesThatDoNotEndWell(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		bend  func(*madeCopy)
		state State
		want  NoteCode
		args  []string
	}{
		{"failed", func(c *madeCopy) { c.state = CopyFailed }, Partial, NoteCopyFailed, []string{"MapiExceptionShutoffQuotaExceeded"}},
		{"with warnings", func(c *madeCopy) { c.state, c.skipped, c.score = CopyWithWarnings, 3, "Investigate" }, Partial, NoteCopyPartly, []string{"3", "Investigate"}},
		{"items skipped", func(c *madeCopy) { c.skipped = 1 }, Partial, NoteCopyPartly, []string{"1", ""}},
		{"poor", func(c *madeCopy) { c.score = "Poor" }, Partial, NoteCopyPartly, []string{"0", "Poor"}},
		{"of another mailbox", func(c *madeCopy) { c.order.Source = "guid-" + jane }, Partial, NoteCopyForeign, nil},
		{"good", func(c *madeCopy) { c.score = "Good" }, Succeeded, "", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r := w.copies()
			w.tenant.after = func(op string) {
				if op == "copy" {
					for _, c := range w.tenant.copies {
						tt.bend(c)
					}
				}
			}
			r = w.is(w.agreed(r.ID), tt.state)
			if tt.want != "" {
				w.hindered(r, tt.want, tt.args...)
			}
		})
	}
}

func TestFailedCopyIsTriedUnderAnotherName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.copies()
	w.tenant.after = func(op string) {
		if c := w.tenant.copies; op == "copy" && len(c) == 1 {
			for _, x := range c {
				x.state = CopyFailed
			}
		}
	}
	w.is(w.agreed(r.ID), Partial)
	w.is(w.press(r.ID, anna, ActRetry), Succeeded)
	if w.tenant.did["copy"] != 2 || len(w.tenant.copies) != 2 {
		t.Errorf("copies %v", w.tenant.copies)
	}
}

func TestCopyThatWaitsIsSaid(t *testing.T) {
	t.Parallel()
	for state, want := range map[CopyState]NoteCode{CopySuspended: NoteCopyWaits, CopyQueued: NoteCopyQueued} {
		w := newWorld(t)
		r := w.copies()
		var made *madeCopy
		w.tenant.after = func(op string) {
			if op == "copy" {
				for _, c := range w.tenant.copies {
					made, c.state = c, state
				}
			}
		}
		w.is(w.press(r.ID, rita, ActConfirm), Pending)
		w.press(r.ID, anna, ActApprove)
		w.send(r.ID, w.click(r.ID, bert, ActApprove, ""))
		w.pass(3 * time.Hour)
		r = w.is(w.request(r.ID), Restoring)
		i := slices.IndexFunc(r.Plan.Steps, func(s Step) bool { return s.Kind == StepCopy })
		if p := r.Plan.Steps[i].Progress.Problem; p == nil || p.Code != want {
			t.Errorf("%s: problem %v, want %s", state, p, want)
		}
		made.state = ""
		w.pass(time.Hour)
		w.is(w.request(r.ID), Succeeded)
	}
}

func TestCopyThatWasRemoved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.copies()
	w.is(w.press(r.ID, rita, ActConfirm), Pending)
	w.press(r.ID, anna, ActApprove)
	w.send(r.ID, w.click(r.ID, bert, ActApprove, ""))
	w.pass(5 * time.Minute)
	w.is(w.request(r.ID), Restoring)
	clear(w.tenant.copies)
	w.settle()
	w.hindered(w.is(w.request(r.ID), Partial), NoteCopyGone)
	w.is(w.press(r.ID, anna, ActRetry), Succeeded)
}

func TestMailboxGetsANewUser(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		kind  func(*Mailbox)
		steps []StepKind
	}{
		{"user", func(*Mailbox) {}, []StepKind{StepReconnect, StepUsageLocation, StepAssign, StepMailbox}},
		{"shared", sharedKind, []StepKind{StepReconnect, StepBlockSignIn, StepMailbox}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.tenant.lag, w.tenant.delay = 5*time.Second, 10*time.Second
			w.orphaned(lost, "john", tt.kind)
			w.set(func(s *Settings) { s.Licenses = []string{"ENTERPRISEPACK"} })
			r := w.is(w.asks("john@contoso.com"), Confirming)
			if got := stepKinds(r.Plan); !slices.Equal(got, tt.steps) || r.Plan.AccountID != "" {
				t.Fatalf("steps %v of %q", got, r.Plan.AccountID)
			}
			w.is(w.press(r.ID, rita, ActConfirm), Pending)
			r = w.is(w.press(r.ID, anna, ActApprove), Succeeded)
			if !w.tenant.held(lost).Live() || w.tenant.did["reconnect"] != 1 {
				t.Errorf("changes %v", w.tenant.did)
			}
		})
	}
}

func TestReconnectThatWantsAPassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.orphaned(lost, "john", sharedKind)
	r := w.is(w.asks("john@contoso.com"), Confirming)
	w.tenant.fails("undo", 9, &Error{Kind: Conflict, Op: "Undo-SoftDeletedMailbox"})
	w.is(w.press(r.ID, rita, ActConfirm), Pending)
	w.hindered(w.is(w.press(r.ID, anna, ActApprove), Failed), NoteNeedsPassword)
}

func TestInactiveMailboxIsHandedOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.orphaned(lost, "john", inactive, func(m *Mailbox) { m.Name = "John O'Neil" })
	w.set(func(s *Settings) { s.Licenses = []string{"ENTERPRISEPACK"} })
	r := w.is(w.asks("john@contoso.com"), Confirming)
	if c := r.Plan.Steps[0].Command; !strings.Contains(c, "-InactiveMailbox '"+lost+"'") || !strings.Contains(c, "'John O''Neil'") {
		t.Errorf("command %s", c)
	}
	w.is(w.press(r.ID, rita, ActConfirm), Pending)
	w.send(r.ID, w.click(r.ID, anna, ActApprove, ""))
	w.pass(10 * time.Minute)
	r = w.is(w.request(r.ID), Restoring)
	if !r.ByHand() {
		t.Fatal("it does not wait for a person")
	}
	w.send(r.ID, w.click(r.ID, anna, ActCheck, ""))
	w.pass(time.Minute)
	w.is(w.request(r.ID), Restoring)
	w.tenant.reconnect(w.tenant.held(lost)) // the administrator's command
	w.send(r.ID, w.click(r.ID, anna, ActCheck, ""))
	w.pass(10 * time.Minute)
	w.is(w.request(r.ID), Succeeded)
}

func TestOneOfTwoOldMailboxesIsChosen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.orphaned(lost, "john", sharedKind)
	w.orphaned(lost+"2", "john", sharedKind)
	r := w.is(w.asks("john@contoso.com"), Submitted)
	r = w.is(w.press(r.ID, anna, ChooseAccount, orphanPrefix+lost+"2"), Confirming)
	if r.Plan.Source.ExchangeGUID != lost+"2" {
		t.Fatalf("source %+v", r.Plan.Source)
	}
	w.is(w.press(r.ID, rita, ActConfirm), Pending)
	w.is(w.press(r.ID, anna, ActApprove), Succeeded)
	if w.tenant.held(lost).Live() || !w.tenant.held(lost+"2").Live() {
		t.Error("the other mailbox came back")
	}
}

func TestDeletedUserIsFoundByItsMailbox(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	w.mailboxOf(john).Address = "sales@contoso.com" // which Entra does not know
	r := w.is(w.asks("sales@contoso.com"), Confirming)
	if r.Plan.AccountID != john {
		t.Errorf("plan %+v", r.Plan)
	}
}

func TestPowerShellQuotes(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"plain": "'plain'", "o'neil": "'o''neil'", "a’b": "'a’’b'", "x\n; Remove-Mailbox": "'x ; Remove-Mailbox'", "$(evil)": "'$(evil)'",
	} {
		if got := quote(in); got != want {
			t.Errorf("quote(%q) = %s, want %s", in, got, want)
		}
	}
}
