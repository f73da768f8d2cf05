package recovery

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func stepKinds(p *Plan) (kinds []StepKind) {
	for _, s := range p.Steps {
		kinds = append(kinds, s.Kind)
	}
	return kinds
}

func TestUserComesBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.tenant.lag, w.tenant.delay = 20*time.Second, 3*time.Minute
	w.deleted(john, "john")

	r := w.is(w.asks("John@Contoso.com"), Confirming)
	if want := []StepKind{StepRestoreUser, StepAssign, StepMailbox}; !slices.Equal(stepKinds(r.Plan), want) {
		t.Fatalf("steps %v, want %v", stepKinds(r.Plan), want)
	}
	w.is(w.press(r.ID, rita, ActConfirm), Pending)
	r = w.is(w.press(r.ID, anna, ActApprove), Succeeded)

	if diff := cmp.Diff(map[string]int{"restore": 1}, w.tenant.did); diff != "" {
		t.Errorf("changes made (-want +got):\n%s", diff)
	}
	if p := r.Proof; p == nil || p.License != "ENTERPRISEPACK" || p.SignInName != "john@contoso.com" || p.AnsweredAt.IsZero() ||
		p.Mailbox.State != MailboxAnswers || len(p.Missing) != 0 || *p.SeatsLeft != 6 {
		t.Errorf("proof %+v", p)
	}
	want := "asked>submitted planned>confirming confirmed>pending approved>approved started>restoring step>restoring " +
		"step>restoring step>restoring waiting>restoring step>restoring ended>succeeded"
	if got := w.store.story(r.ID); got != want {
		t.Errorf("story\n got %s\nwant %s", got, want)
	}
	if !r.Plan.Steps[1].Progress.Found || r.Plan.Steps[0].Progress.Found {
		t.Errorf("found there already: %+v", r.Plan.Steps)
	}
}

func TestSharedMailboxComesBack(t *testing.T) {
	t.Parallel()
	for _, enabled := range []bool{false, true} {
		w := newWorld(t)
		w.deleted(info, "info", shared, func(u *user) { u.account.Enabled = &enabled })
		r := w.is(w.asks("info@contoso.com"), Confirming)
		if r.Plan.Case != CaseShared || r.Plan.Seats != nil || r.Plan.SignIn != SignInBlocked || !r.Diagnosis.TypeProven {
			t.Fatalf("plan %+v", r.Plan)
		}
		w.press(r.ID, rita, ActConfirm)
		w.is(w.press(r.ID, bert, ActApprove), Succeeded)
		want := map[string]int{"restore": 1}
		if enabled {
			want["block"] = 1
		}
		if diff := cmp.Diff(want, w.tenant.did); diff != "" {
			t.Errorf("changes made (-want +got):\n%s", diff)
		}
	}
}

func unlicensed(u *user) { u.account.Licenses = nil }

func TestLicenseComesBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.tenant.lag = 10 * time.Second
	w.lives(jane, "jane", unlicensed, func(u *user) { u.account.UsageLocation = "" })
	r := w.is(w.asks("jane@contoso.com"), Confirming)
	if want := []StepKind{StepUsageLocation, StepAssign, StepMailbox}; !slices.Equal(stepKinds(r.Plan), want) {
		t.Fatalf("steps %v, want %v", stepKinds(r.Plan), want)
	}
	w.press(r.ID, rita, ActConfirm)
	r = w.is(w.press(r.ID, carl, ActApprove), Succeeded) // an approver by group
	if diff := cmp.Diff(map[string]int{"location": 1, "assign": 1}, w.tenant.did); diff != "" {
		t.Errorf("changes made (-want +got):\n%s", diff)
	}
	if r.Proof.License != "ENTERPRISEPACK" || *r.Proof.SeatsLeft != 5 {
		t.Errorf("proof %+v", r.Proof)
	}
}

func TestGroupLicenseIsReprocessed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.lives(jane, "jane", unlicensed, func(u *user) {
		u.account.UsageLocation = ""
		u.account.LicenseStates = []LicenseState{{SKU: skuE3, Group: "g1", State: "Error", Error: "CountViolation", UpdatedAt: w.ago(48 * time.Hour)}}
	})
	r := w.is(w.asks("jane@contoso.com"), Confirming)
	if want := []StepKind{StepReprocess, StepMailbox}; !slices.Equal(stepKinds(r.Plan), want) {
		t.Fatalf("steps %v, want %v", stepKinds(r.Plan), want)
	}
	w.press(r.ID, rita, ActConfirm)
	w.is(w.press(r.ID, anna, ActApprove), Succeeded) // though the group switches a plan off
	if diff := cmp.Diff(map[string]int{"reprocess": 1}, w.tenant.did); diff != "" {
		t.Errorf("changes made (-want +got):\n%s", diff)
	}
}

func TestTwoApprovals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.set(func(s *Settings) { s.Approvals = 2 })
	w.deleted(john, "john")
	r := w.asks("john@contoso.com")
	w.press(r.ID, rita, ActConfirm)
	w.is(w.press(r.ID, anna, ActApprove), Pending)
	w.is(w.press(r.ID, anna, ActApprove), Pending)
	if diff := cmp.Diff([]NoteCode{NoteTwice}, w.refusals(r.ID)); diff != "" {
		t.Errorf("refusals (-want +got):\n%s", diff)
	}
	w.is(w.press(r.ID, carl, ActApprove), Succeeded)
}

func TestFormerAdminNeedsOneMore(t *testing.T) {
	t.Parallel()
	for name, access := range map[string]Access{"held": {RolesKnown: true, Roles: []string{"User Administrator", "Exchange Administrator"}}, "unknown": {}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.deleted(john, "john")
			w.tenant.access[john] = access
			r := w.asks("john@contoso.com")
			w.press(r.ID, rita, ActConfirm)
			w.is(w.press(r.ID, anna, ActApprove), Pending)
			w.is(w.press(r.ID, bert, ActApprove), Succeeded)
		})
	}
}

func TestEndsByPeople(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		confirm bool
		who     string
		act     Action
		value   string
		want    State
	}{
		{"denied", true, anna, ActDeny, "not now", Denied},
		{"cancelled while confirming", false, rita, ActCancel, "", Cancelled},
		{"cancelled while pending", true, rita, ActCancel, "", Cancelled},
		{"cancelled by an approver", true, bert, ActCancel, "", Cancelled},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.deleted(john, "john")
			r := w.asks("john@contoso.com")
			if tt.confirm {
				w.press(r.ID, rita, ActConfirm)
			}
			r = w.is(w.press(r.ID, tt.who, tt.act, tt.value), tt.want)
			if r.EndedBy != by(tt.who) || r.EndReason != tt.value || len(w.tenant.did) != 0 {
				t.Errorf("ended by %v because %q, changes %v", r.EndedBy, r.EndReason, w.tenant.did)
			}
		})
	}
}

func TestCancelCommandNeedsNoMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	r := w.asks("john@contoso.com")
	w.send(r.ID, Click{Action: ActCancel, By: by(sven), At: w.clock, Key: "1"})
	w.settle()
	w.is(w.request(r.ID), Confirming)
	w.send(r.ID, Click{Action: ActCancel, By: by(rita), At: w.clock, Key: "2"})
	w.settle()
	w.is(w.request(r.ID), Cancelled)
}

func TestExpires(t *testing.T) {
	t.Parallel()
	day := 24 * time.Hour
	for _, tt := range []struct {
		name  string
		setup func(*world)
		reach func(*world, int64)
		state State
		after time.Duration // since the state was entered
	}{
		{"submitted", func(w *world) { w.tenant.skus[0].Consumed = 10; w.lives(john, "john") }, nil, Submitted, day},
		{"confirming", func(w *world) { w.deleted(john, "john") }, nil, Confirming, day},
		{"pending", func(w *world) { w.deleted(john, "john") }, func(w *world, id int64) {
			w.pass(20 * time.Hour)
			w.press(id, rita, ActConfirm)
		}, Pending, day},
		{"purge is earlier", func(w *world) {
			w.deleted(john, "john", func(u *user) { u.account.DeletedAt = w.ago(30*day - 3*time.Hour) })
		}, nil, Confirming, 3 * time.Hour},
		{"purge is earlier, no seat", func(w *world) {
			w.tenant.skus[0].Consumed = 10
			w.deleted(john, "john", unlicensed, func(u *user) { u.account.DeletedAt = w.ago(30*day - 3*time.Hour) })
		}, nil, Submitted, 3 * time.Hour},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			tt.setup(w)
			r := w.asks("john@contoso.com")
			if tt.reach != nil {
				tt.reach(w, r.ID)
			}
			r = w.is(w.request(r.ID), tt.state)
			entered := r.EnteredAt
			w.pass(entered.Add(tt.after).Sub(w.clock) - time.Second)
			w.is(w.request(r.ID), tt.state)
			w.pass(2 * time.Second)
			r = w.is(w.request(r.ID), Expired)
			if late := r.EnteredAt.Sub(entered) - tt.after; late < 0 || late > time.Second {
				t.Errorf("expired %v after its time", late)
			}
		})
	}
}

func TestAskedTwiceIsOneRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	one, two := w.asks("john@contoso.com"), w.asks("john@contoso.com")
	if one.ID != two.ID {
		t.Errorf("asked again: %s and %s", one.Ref(), two.Ref())
	}
	in := AskInput{Ask: Ask{Query: Query{ByAddress, "x@contoso.com"}}, Actor: by(sven), Key: "same"}
	a, isNew, err := w.svc.Ask(w.ctx, in)
	if err != nil || !isNew {
		t.Fatal(a, isNew, err)
	}
	in.Reason = "a repeated delivery after the first was cut"
	if b, isNew, err := w.svc.Ask(w.ctx, in); err != nil || isNew || b.ID != a.ID {
		t.Errorf("same key gives %s, %v, %v", b.Ref(), isNew, err)
	}
}

func TestAmbiguityIsResolvedByAnApprover(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	w.lives(alien, "john", func(u *user) { u.account.Licenses = []AssignedLicense{{SKU: skuE3}}; u.answersAt = w.clock })
	r := w.is(w.asks("john@contoso.com"), Submitted)
	w.hindered(r, NoteAmbiguous, "2")
	if w.press(r.ID, rita, ChooseAccount, john).State != Submitted || w.refusals(r.ID)[0] != NoteOldMessage && w.refusals(r.ID)[0] != NoteNotApprover {
		t.Errorf("a requester chose: %v", w.refusals(r.ID))
	}
	r = w.is(w.press(r.ID, anna, ChooseAccount, john), Confirming)
	w.press(r.ID, rita, ActConfirm)
	if got := w.refusals(r.ID); got[len(got)-1] != NoteChooseFirst {
		t.Errorf("refusals %v", got)
	}
	w.press(r.ID, rita, ChooseSignInName, "john2@contoso.com")
	r = w.is(w.press(r.ID, rita, ChooseDrop, "drop"), Confirming)
	if o, open := r.OpenOffer(); open {
		t.Fatalf("offer %+v is still open", o)
	}
	w.press(r.ID, rita, ActConfirm)
	r = w.is(w.press(r.ID, bert, ActApprove), Succeeded)
	if diff := cmp.Diff([]string{"john@contoso.com", "john@fabrikam.com"}, r.Proof.Dropped); diff != "" || r.Proof.SignInName != "john2@contoso.com" {
		t.Errorf("proof %+v", r.Proof)
	}
}

func TestObstacleGoesAndIsCheckedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.tenant.skus[0].Consumed = 10
	w.lives(jane, "jane", unlicensed)
	r := w.is(w.asks("jane@contoso.com"), Submitted)
	w.hindered(r, NoteNoSeat, "ENTERPRISEPACK")
	w.hindered(w.press(r.ID, rita, ActCheck), NoteNoSeat, "ENTERPRISEPACK")
	w.tenant.skus[0].Consumed = 9
	w.is(w.press(r.ID, anna, ActCheck), Confirming)
}
