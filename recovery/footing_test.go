package recovery

import (
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"
)

// throttledAtStart gives an approved request whose first change Microsoft did not take for longer than its checks are good.
func throttledAtStart(w *world, meanwhile func()) Request {
	w.deleted(john, "john")
	id := w.begin("john@contoso.com")
	w.tenant.fails("restore", 1, &Error{Kind: Throttled, RetryAfter: 2 * time.Hour})
	w.settle()
	r := w.is(w.request(id), Restoring)
	if r.Touched() {
		w.Fatal("a throttled change counts as made")
	}
	meanwhile()
	w.pass(3 * time.Hour)
	return w.request(id)
}

func TestChecksAreMadeAgainBeforeALateFirstChange(t *testing.T) {
	t.Parallel()
	t.Run("nothing changed", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.is(throttledAtStart(w, func() {}), Succeeded)
	})
	t.Run("the approver left", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		r := throttledAtStart(w, func() {
			p := w.people.persons[anna]
			p.Deleted = true
			w.people.persons[anna] = p
		})
		w.hindered(w.is(r, Failed), NoteApproverLost, anna)
		if w.tenant.did["restore"] != 0 || r.Touched() {
			t.Errorf("changed without an approval: %v", w.tenant.did)
		}
		w.is(w.press(r.ID, bert, ActRetry), Succeeded)
	})
	t.Run("the plan would differ", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		r := throttledAtStart(w, func() { w.tenant.access[john] = Access{RolesKnown: true, Roles: []string{"Exchange Administrator"}} })
		w.is(r, Failed)
		if w.tenant.did["restore"] != 0 {
			t.Errorf("changed by a plan that nobody saw: %v", w.tenant.did)
		}
		w.is(w.press(r.ID, bert, ActRetry), Confirming)
	})
	t.Run("cannot be read", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		r := throttledAtStart(w, func() { w.people.errs[anna] = &Error{Kind: Unavailable, Op: "users.info"} })
		w.is(r, Restoring)
		delete(w.people.errs, anna)
		w.pass(10 * time.Minute)
		w.is(w.request(r.ID), Succeeded)
	})
}

func TestWhatMayHaveChangedIsRemembered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	id := w.begin("john@contoso.com")
	w.tenant.meets("restore", 9999, fault{err: &Error{Kind: Unavailable, Op: "restore"}}) // it never says what it did
	w.pass(48 * time.Hour)
	r := w.is(w.request(id), Partial)
	if !r.Touched() {
		t.Error("a change without an answer counts as not made")
	}
	w.tenant.fault = nil
	r = w.press(id, bert, ActRetry)
	if r.ChangedAt.IsZero() {
		t.Error("a retry forgets what may have changed")
	}
	w.is(r, Succeeded)
}

func TestRetryOfAHealthyMailboxSpendsNoSecondLicense(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.stock(e3(5), e5(5))
	w.lives(john, "john", unlicensed, showsPlans(planEXO2, planTeams, planYammer))
	id := w.begin("john@contoso.com")
	w.tenant.fails("assign", 1, &Error{Kind: NoSeat, Op: "assign"})
	w.tenant.fails("assign", 1, &Error{Kind: Unavailable, Op: "assign"}) // the first
	w.settle()
	w.is(w.request(id), Partial)
	u := w.tenant.users[john] // somebody gave another licence by hand
	u.account.Licenses, u.answersAt = []AssignedLicense{{SKU: skuE5}}, w.clock
	r := w.is(w.press(id, bert, ActRetry), Succeeded)
	if len(u.account.Licenses) != 1 {
		t.Errorf("licenses %v", u.account.Licenses)
	}
	if i := slices.IndexFunc(r.Plan.Steps, func(s Step) bool { return s.Kind == StepAssign }); i < 0 || !r.Plan.Steps[i].Progress.Skipped {
		t.Errorf("the step is not shown as skipped: %+v", r.Plan.Steps)
	}
}

func TestRestoredByAnotherIsNotSaidToBeOurs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.deleted(john, "john")
	id := w.begin("john@contoso.com")
	w.tenant.after = func(op string) {
		if op == "account" && u.account.Deleted() { // just before our own call
			u.old, u.seenAt = u.account, w.clock.Add(3*time.Second)
			u.account.DeletedAt, u.answersAt = time.Time{}, w.clock
			w.mailboxOf(john).SoftDeletedAt = time.Time{}
		}
	}
	w.settle()
	r := w.is(w.request(id), Succeeded)
	if p := r.Plan.Steps[0].Progress; !p.Found || w.tenant.did["restore"] != 0 {
		t.Errorf("step %+v, changes %v", p, w.tenant.did)
	}
}

func TestProofAsksExchange(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		then func(w *world)
		want NoteCode
	}{
		{"not listed", func(w *world) { w.tenant.mailboxes = nil }, NoteNotListed},
		{"still soft-deleted", func(w *world) { w.mailboxOf(john).SoftDeletedAt = w.ago(5 * 24 * time.Hour) }, NoteStillDeleted},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.deleted(john, "john")
			id := w.begin("john@contoso.com")
			w.tenant.after = func(op string) {
				if op == "mailbox" {
					tt.then(w)
				}
			}
			w.pass(time.Hour)
			w.hindered(w.is(w.request(id), Partial), tt.want)
		})
	}
}

func TestChannelThatWasSharedSinceIsNotAskedIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	r := w.is(w.asks("john@contoso.com"), Confirming)
	w.people.channel.Shared = true
	w.press(r.ID, rita, ActConfirm)
	w.is(w.request(r.ID), Confirming)
	w.people.channel.Shared = false
	w.is(w.press(r.ID, rita, ActConfirm), Pending)
	w.people.channel.Shared = true
	w.is(w.press(r.ID, anna, ActApprove), Pending)
	want := []NoteCode{NoteChannel, NoteChannel}
	if got := w.refusals(r.ID); !slices.Equal(got, want) {
		t.Errorf("refused with %v, want %v", got, want)
	}
	w.is(w.press(r.ID, anna, ActDeny, "the channel is shared"), Denied)
}

func TestWordsWithoutEffectAreSaid(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		ask  Ask
		put  func(w *world)
		want []NoteCode
	}{
		{"as: of a live account", Ask{As: "new@contoso.com"}, func(w *world) { w.lives(john, "john", unlicensed) }, []NoteCode{NoteAsIgnored}},
		{"license: beside the one held", Ask{License: "EXO1"}, func(w *world) { w.stock(e3(3), exo1(3)); w.deleted(john, "john") }, []NoteCode{NoteLicenseIgnored}},
		{"license: of a shared mailbox", Ask{License: "ENTERPRISEPACK"}, func(w *world) {
			w.deleted(john, "john", shared)
			w.mailboxOf(john).Type = "SharedMailbox"
		}, []NoteCode{NoteLicenseUnneeded}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			tt.put(w)
			tt.ask.Query = Query{ByAddress, "john@contoso.com"}
			if tt.ask.License == "EXO1" {
				tt.ask.License = w.tenant.skus[1].PartNumber
			}
			r := w.is(w.asksAs(rita, tt.ask), Confirming)
			for _, code := range tt.want {
				if !slices.ContainsFunc(r.Plan.Warnings, func(n Note) bool { return n.Code == code }) {
					t.Errorf("warnings %v, want %s", r.Plan.Warnings, code)
				}
			}
		})
	}
}

func TestAddressesCanBeLeftWhereNobodyMaySeeWhoHoldsThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	w.tenant.unknown = []string{"GroupMember.Read.All"}
	r := w.is(w.asks("john@contoso.com"), Confirming)
	if o, open := r.OpenOffer(); open {
		t.Fatalf("the precaution is required: %+v", o)
	}
	r = w.is(w.press(r.ID, rita, ChooseDrop, "drop"), Confirming)
	if !r.Plan.Steps[0].DropConflicts {
		t.Errorf("plan %+v", r.Plan.Steps[0])
	}
}

func TestPublicChannelIsWarnedAboutOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var log strings.Builder
	w.svc.Logger = slog.New(slog.NewTextHandler(&log, nil))
	w.people.channel.Private = false
	w.deleted(john, "john")
	w.deleted(jane, "jane")
	w.is(w.asks("john@contoso.com"), Confirming)
	w.is(w.asks("jane@contoso.com"), Confirming)
	if n := strings.Count(log.String(), "MAILBACK_APPROVAL_CHANNEL"); n != 1 {
		t.Errorf("warned %d times: %s", n, log.String())
	}
}

func TestWhatIsLackingIsNamedForWhatItIs(t *testing.T) {
	t.Parallel()
	for detail, want := range map[string]NoteCode{
		"User.DeleteRestore.All": NoteMissingRole, "Restore-RecoverableItems": NoteMissingCmdlet,
		"sign-in to Microsoft Entra: the secret is wrong": NoteMissingRole, "Exchange.ManageAsApp": NoteMissingRole, "": NoteMissingRole,
	} {
		if got := (&Error{Kind: Forbidden, Detail: detail}).lacks(); got.Code != want || got.Args[0] != detail {
			t.Errorf("%q: %v, want %s", detail, got, want)
		}
	}
}

// The change was made, its answer lost, and then the sign-in refused: the end names the sign-in, and a retry takes the account that has come
// back for our own doing, though its mailbox does not answer yet.
func TestRetryOfAChangeThatNobodySawGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.tenant.delay = 10 * time.Minute
	w.deleted(info, "info", shared)
	id := w.begin("info@contoso.com")
	const cause = "sign-in to Microsoft Entra: the client secret has expired"
	w.tenant.loses("restore", 1)
	lost := w.tenant.fault
	w.tenant.fault = func(op string) fault {
		if op == "account" && w.tenant.did["restore"] > 0 {
			return fault{err: &Error{Kind: Forbidden, Op: op, Detail: cause}}
		}
		return lost(op)
	}
	w.settle()
	w.hindered(w.is(w.request(id), Partial), NoteMissingRole, cause)
	back, m := w.clock.Add(10*time.Minute), w.mailboxOf(info)
	w.tenant.users[info].answersAt, m.SoftDeletedAt = back, w.clock // Exchange is not that far
	w.tenant.fault = func(string) fault {                           // one call at a time: a diagnosis asks side by side
		if !w.clock.Before(back) {
			m.SoftDeletedAt = time.Time{}
		}
		return fault{}
	}
	w.is(w.press(id, bert, ActRetry), Succeeded)
	if n := w.tenant.did["restore"]; n != 1 {
		t.Errorf("restored %d times", n)
	}
}

func TestNeverBegunWithoutApprovals(t *testing.T) {
	t.Parallel()
	for name, reviews := range map[string][]Review{
		"none":             nil,
		"of another plan":  {{By: by(anna), Verdict: Approve, Fingerprint: "x"}},
		"a denial":         {{By: by(anna), Verdict: Deny}},
		"by the requester": {{By: by(rita), Verdict: Approve}},
	} {
		w := newWorld(t)
		r := inState(w, Approved)
		w.force(r.ID, func(r *Request) {
			r.Reviews = reviews
			if len(reviews) > 0 && r.Reviews[0].Fingerprint == "" {
				r.Reviews[0].Fingerprint = r.Plan.Fingerprint()
			}
		})
		w.store.again(job{id: r.ID, version: r.Version + 1}, w.clock)
		w.settle()
		if w.is(w.request(r.ID), Pending); len(w.tenant.did) != 0 {
			t.Errorf("%s: did %v", name, w.tenant.did)
		}
	}
}
