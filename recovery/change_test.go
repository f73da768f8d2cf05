package recovery

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// approve lets a request be confirmed, changes the world, and lets anna approve.
func (w *world) approve(id int64, meanwhile func()) Request {
	w.Helper()
	w.is(w.press(id, rita, ActConfirm), Pending)
	if meanwhile != nil {
		meanwhile()
	}
	return w.press(id, anna, ActApprove)
}

func TestVoidWhenTheTenantChanged(t *testing.T) {
	t.Parallel()
	differs := func(what string) []Note { return []Note{{NotePlanDiffers, []string{what}}} }
	for _, tt := range []struct {
		name   string
		change func(w *world)
		want   State
		diff   []Note
	}{
		{"sign-in was blocked", func(w *world) { w.tenant.users[john].account.Enabled = new(false) }, Confirming, differs("sign-in")},
		{"sign-in name was taken", func(w *world) {
			w.lives(alien, "other", func(u *user) { u.account.UserPrincipalName, u.account.ProxyAddresses = "john@contoso.com", nil })
		}, Confirming, differs("sign-in")},
		{"an address was taken", func(w *world) {
			w.tenant.others = []Holder{{Address: "john@fabrikam.com", Kind: HolderGroup}}
		}, Confirming, differs("steps")},
		{"renamed", func(w *world) { w.tenant.users[john].account.DisplayName = "Johnny" }, Confirming, differs("account")},
		{"roles can no longer be read", func(w *world) { w.tenant.access[john] = Access{} }, Confirming, []Note{
			{NotePlanDiffers, []string{"access"}},
			{NotePlanDiffers, []string{"approvals"}},
		}},
		{"the licence is another", func(w *world) { w.tenant.users[john].account.Licenses[0].DisabledPlans = []string{planTeams} }, Confirming, differs("steps")},
		{"the licence is gone, several fit", func(w *world) {
			w.tenant.users[john].account.Licenses = nil
			w.stock(e3(1), exo1(1))
		}, Confirming, []Note{{NotePlanDiffers, []string{"steps"}}, {NotePlanDiffers, []string{"license"}}}},
		{"it is shared now", func(w *world) { w.mailboxOf(john).Type = "SharedMailbox" }, Confirming, []Note{
			{NoteCaseDiffers, []string{"user", "shared"}},
			{NotePlanDiffers, []string{"sign-in"}},
			{NotePlanDiffers, []string{"steps"}},
		}},
		{"holders cannot be asked", func(w *world) { w.tenant.unknown = []string{"Group.Read.All"} }, Confirming, differs("steps")},
		{"somebody restored it", func(w *world) {
			u := w.tenant.users[john]
			u.account.DeletedAt, u.answersAt = time.Time{}, w.clock
		}, Unneeded, []Note{{Code: NoteObstacleCame}}},
		{"purged", func(w *world) { delete(w.tenant.users, john); w.tenant.mailboxes = nil }, Impossible, []Note{{Code: NoteObstacleCame}}},
		{"permission taken away", func(w *world) { w.tenant.permissions = nil }, Confirming, []Note{{Code: NoteObstacleCame}}},
		{"seats and time", func(w *world) { w.tenant.skus[0].Consumed++; w.pass(time.Hour) }, Succeeded, nil},
		{"somebody else has the address as mail", func(w *world) {
			w.lives(alien, "new", func(u *user) { u.account.Mail = "john@contoso.com" })
		}, Succeeded, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.deleted(john, "john")
			r := w.asks("john@contoso.com")
			old := r.Plan.Fingerprint()
			r = w.is(w.approve(r.ID, func() { tt.change(w) }), tt.want)
			if tt.want == Succeeded {
				return
			}
			if diff := cmp.Diff(tt.diff, r.Changed); diff != "" {
				t.Errorf("changed (-want +got):\n%s", diff)
			}
			if len(w.tenant.did) != 0 || len(r.Reviews) != 0 || r.Plan != nil && len(tt.diff) > 0 && tt.diff[0].Args[0] != "sign-in" && r.Plan.Fingerprint() == old &&
				!r.Diagnosis.open(ChooseDrop) {
				t.Errorf("changes %v, reviews %v", w.tenant.did, r.Reviews)
			}
			if void := w.events(r.ID, EventVoided); len(void) != 1 || void[0].From != Approved || void[0].To != Confirming {
				t.Errorf("voided %+v", void)
			}
		})
	}
}

func TestVoidedRequestGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	r := w.asks("john@contoso.com")
	r = w.is(w.approve(r.ID, func() { w.lives(alien, "john") }), Confirming)
	w.is(w.press(r.ID, rita, ChooseDrop, "drop"), Confirming) // by the account, though the address is ambiguous now
	r = w.is(w.press(r.ID, rita, ChooseSignInName, "john2@contoso.com"), Confirming)
	if r.Plan == nil || r.Plan.AccountID != john {
		t.Fatalf("plan %+v, obstacle %v", r.Plan, r.Obstacle)
	}
	r = w.is(w.approve(r.ID, nil), Succeeded)
	if r.Proof.SignInName != "john2@contoso.com" || w.tenant.did["restore"] != 1 {
		t.Errorf("proof %+v", r.Proof)
	}
}

func TestApproverLostTheRight(t *testing.T) {
	t.Parallel()
	lose := map[string]func(*world){
		"no approver any more": func(w *world) { w.set(func(s *Settings) { s.Approvers = []string{bert, desk} }) },
		"deactivated":          func(w *world) { w.people.set(anna, func(p *Person) { p.Deleted = true }) },
		"guest now":            func(w *world) { w.people.set(anna, func(p *Person) { p.Guest = true }) },
		"not there":            func(w *world) { delete(w.people.persons, anna) },
	}
	for name, change := range lose {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.deleted(john, "john")
			r := w.asks("john@contoso.com")
			w.press(r.ID, rita, ActConfirm)
			w.tenant.fails("find", 3, &Error{Kind: Throttled, RetryAfter: time.Hour}) // who asked, twice, and then time to lose it
			w.is(w.press(r.ID, anna, ActApprove), Approved)
			change(w)
			w.pass(2 * time.Hour)
			r = w.is(w.request(r.ID), Pending)
			if len(r.Reviews) != 0 || r.Obstacle != nil || !r.Changed[0].same(Note{NoteApproverLost, []string{anna}}) {
				t.Errorf("reviews %v, obstacle %v, changed %v", r.Reviews, r.Obstacle, r.Changed)
			}
			w.is(w.press(r.ID, bert, ActApprove), Succeeded)
		})
	}
}

func TestUnreadableApproverIsWaitedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	r := w.asks("john@contoso.com")
	w.press(r.ID, rita, ActConfirm)
	w.tenant.fails("find", 1, &Error{Kind: Unavailable})
	w.tenant.after = func(op string) {
		if op == "find" {
			w.people.errs[anna] = errors.New("users.info: timeout")
		}
	}
	w.send(r.ID, w.click(r.ID, anna, ActApprove, ""))
	w.runUntil(w.clock.Add(10*time.Minute), soon)
	w.is(w.request(r.ID), Approved)
	w.tenant.after = func(string) {}
	delete(w.people.errs, anna)
	w.settle()
	w.is(w.request(r.ID), Succeeded)
}

func TestNobodyToApprove(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(*world)
		self   bool
		need   int
		args   []string
	}{
		{name: "enough", need: 3},
		{name: "one too few", need: 4, args: []string{"4", "3"}},
		{name: "the requester does not count", need: 3, args: []string{"3", "2"}, change: func(w *world) { w.set(func(s *Settings) { s.Approvers[0] = rita }) }},
		{name: "but with self-approval", need: 3, self: true, change: func(w *world) { w.set(func(s *Settings) { s.Approvers[0] = rita }) }},
		{name: "group disabled", need: 3, args: []string{"3", "2"}, change: func(w *world) { w.people.errs[desk] = &Error{Kind: NotFound} }},
		{name: "named twice", need: 4, args: []string{"4", "3"}, change: func(w *world) { w.people.groups[desk] = []string{carl, anna, bert} }},
		{name: "guests, bots and leavers do not count", need: 1, args: []string{"1", "0"}, change: func(w *world) {
			w.set(func(s *Settings) { s.Approvers = []string{gus, bot, gone, ivan, "UNOBODY"} })
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.set(func(s *Settings) { s.Approvals, s.SelfApproval = tt.need, tt.self })
			if tt.change != nil {
				tt.change(w)
			}
			w.deleted(john, "john")
			r := w.asks("john@contoso.com")
			if tt.args == nil {
				w.is(r, Confirming)
				return
			}
			w.hindered(w.is(r, Submitted), NoteNobody, tt.args...)
			w.set(func(s *Settings) { s.Approvers, s.Approvals = []string{anna, bert, carl}, 3 })
			w.is(w.press(r.ID, rita, ActCheck), Confirming)
		})
	}
}

func TestNobodyToApproveAnyMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	r := w.asks("john@contoso.com")
	w.set(func(s *Settings) { s.Approvers = nil })
	w.hindered(w.is(w.press(r.ID, rita, ChooseSignIn, "block"), Confirming), NoteNobody, "1", "0")
	w.set(func(s *Settings) { s.Approvers = []string{anna} })
	w.is(w.press(r.ID, rita, ActCheck), Confirming)
	w.is(w.approve(r.ID, nil), Succeeded)
}

func TestChannelObstacles(t *testing.T) {
	t.Parallel()
	for why, change := range map[string]func(*Channel){
		"archived":     func(c *Channel) { c.Archived = true },
		"shared":       func(c *Channel) { c.Shared = true },
		"not a member": func(c *Channel) { c.Member = false },
	} {
		w := newWorld(t)
		change(&w.people.channel)
		w.deleted(john, "john")
		w.hindered(w.is(w.asks("john@contoso.com"), Submitted), NoteChannel, why)
	}
	w := newWorld(t)
	w.people.errs[hq] = &Error{Kind: NotFound}
	w.deleted(john, "john")
	w.hindered(w.is(w.asks("john@contoso.com"), Submitted), NoteChannel, "unknown")
	if len(w.tenant.calls) != 0 {
		t.Errorf("Microsoft was asked: %v", w.tenant.calls)
	}
}

func TestUnreachablePeople(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	r := w.asks("john@contoso.com")
	for range 2 { // the outbox may say it twice
		if err := w.svc.Unsent(w.ctx, r.ID, CardRequester, "cannot_dm_bot"); err != nil {
			t.Fatal(err)
		}
	}
	w.settle()
	r = w.is(w.request(r.ID), Cancelled)
	w.hindered(r, NoteUnreachable, "cannot_dm_bot")
	if got := w.replier.replies; len(got) != 1 || got[0].State != Cancelled || got[0].Obstacle.Code != NoteUnreachable {
		t.Errorf("replies %+v", got)
	}
}

func TestUnreachablePeopleAreToldWhateverIsLost(t *testing.T) {
	t.Parallel()
	for fails, told := range map[int]int{2: 1, 1000: 0} { // in the end the request ends without
		w := newWorld(t)
		w.deleted(john, "john")
		r := w.asks("john@contoso.com")
		w.replier.fails = fails
		if err := w.svc.Unsent(w.ctx, r.ID, CardRequester, "cannot_dm_bot"); err != nil {
			t.Fatal(err)
		}
		w.pass(10 * time.Minute)
		w.is(w.request(r.ID), Cancelled)
		if len(w.replier.replies) != told {
			t.Errorf("%d answers lost: %d replies", fails, len(w.replier.replies))
		}
	}
}

func TestUnreachableChannel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	r := w.asks("john@contoso.com")
	w.press(r.ID, rita, ActConfirm)
	if err := w.svc.Unsent(w.ctx, r.ID, CardApproval, "is_archived"); err != nil {
		t.Fatal(err)
	}
	w.settle()
	w.hindered(w.is(w.request(r.ID), Cancelled), NoteChannel, "is_archived")
	if len(w.replier.replies) != 0 {
		t.Error("answered through the response URL though the requester can be written to")
	}
}

func TestUnsentMessageDoesNotStopARestore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.tenant.delay = time.Hour
	w.deleted(john, "john")
	r := w.asks("john@contoso.com")
	w.press(r.ID, rita, ActConfirm)
	w.send(r.ID, w.click(r.ID, anna, ActApprove, ""))
	w.pass(10 * time.Minute)
	w.is(w.request(r.ID), Restoring)
	for _, key := range []string{CardRequester, CardApproval, "line:4"} {
		if err := w.svc.Unsent(w.ctx, r.ID, key, "account_inactive"); err != nil {
			t.Fatal(err)
		}
	}
	w.pass(2 * time.Hour)
	w.is(w.request(r.ID), Succeeded)
	if err := w.svc.Unsent(w.ctx, 4711, CardApproval, "x"); !errors.Is(err, ErrNotFound) {
		t.Errorf("unsent message of no request: %v", err)
	}
}

func TestRetryNeedsAllApprovals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.set(func(s *Settings) { s.Approvals = 2 })
	w.deleted(john, "john")
	w.tenant.fails("restore", 1, &Error{Kind: Invalid, Op: "restore"})
	r := w.asks("john@contoso.com")
	w.press(r.ID, rita, ActConfirm)
	w.press(r.ID, anna, ActApprove)
	r = w.is(w.press(r.ID, bert, ActApprove), Failed)
	w.hindered(r, NoteFailedStep, "restore-user", "invalid")
	w.people.set(anna, func(p *Person) { p.Deleted = true })
	r = w.is(w.press(r.ID, bert, ActRetry), Pending) // bert alone is not two
	if !slices.ContainsFunc(r.Changed, Note{NoteApproverLost, []string{anna}}.same) || w.tenant.did["restore"] != 0 {
		t.Errorf("changed %v, did %v", r.Changed, w.tenant.did)
	}
	w.is(w.press(r.ID, carl, ActApprove), Succeeded)
}

func TestRetryByAThirdApprover(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.set(func(s *Settings) { s.Approvals = 2 })
	w.deleted(john, "john")
	w.tenant.fails("restore", 1, &Error{Kind: Invalid, Op: "restore"})
	r := w.asks("john@contoso.com")
	w.press(r.ID, rita, ActConfirm)
	w.press(r.ID, anna, ActApprove)
	w.is(w.press(r.ID, bert, ActApprove), Failed)
	w.people.set(anna, func(p *Person) { p.Deleted = true })
	r = w.is(w.press(r.ID, carl, ActRetry), Succeeded) // bert's still counts
	if len(r.Reviews) != 2 || r.Reviews[0].By != by(bert) || r.Reviews[1].By != by(carl) {
		t.Errorf("reviews %v", r.Reviews)
	}
}
