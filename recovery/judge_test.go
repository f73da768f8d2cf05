package recovery

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// looks diagnoses an address, or what the ask names, as it is in the world now.
func (w *world) looks(ask Ask, c Choices) Diagnosis {
	w.Helper()
	if ask.Query.Value == "" {
		ask.Query = Query{ByAddress, "john@contoso.com"}
	}
	d, err := w.svc.diagnose(w.ctx, ask, c)
	if err != nil {
		w.Fatal(err)
	}
	return d
}

// warnings gives the codes of a plan's warnings.
func warnings(d Diagnosis) (codes []NoteCode) {
	if d.Plan == nil {
		return nil
	}
	for _, n := range d.Plan.Warnings {
		codes = append(codes, n.Code)
	}
	return codes
}

// says checks whether a diagnosis ends with a note, and no plan.
func says(t *testing.T, d Diagnosis, c Case, code NoteCode, args ...string) {
	t.Helper()
	if d.Case != c || d.Plan != nil || d.Obstacle == nil || !d.Obstacle.same(Note{code, args}) {
		t.Errorf("case %s, obstacle %v, plan %v; want %s, %v", d.Case, d.Obstacle, d.Plan, c, Note{code, args})
	}
}

// plans checks a diagnosis' plan by its steps.
func plans(t *testing.T, d Diagnosis, c Case, steps ...StepKind) *Plan {
	t.Helper()
	if d.Plan == nil || d.Obstacle != nil {
		t.Fatalf("case %s, obstacle %v, no plan", d.Case, d.Obstacle)
	}
	if diff := cmp.Diff(steps, stepKinds(d.Plan)); diff != "" || d.Case != c || d.Plan.Case != c {
		t.Errorf("case %s, steps (-want +got):\n%s", d.Case, diff)
	}
	return d.Plan
}

func licensed(u *user) { u.account.Licenses = []AssignedLicense{{SKU: skuE3}} }

// answers lets the mailbox answer.
func answers(u *user) { u.answersAt = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

func guest(u *user) { u.account.UserType = "Guest" }

func synced(u *user) { u.account.Synced = true }

func TestDiagnosesWithoutAWayBack(t *testing.T) {
	t.Parallel()
	month := Retention
	for _, tt := range []struct {
		name  string
		setup func(*world)
		ask   Ask
		want  Case
		code  NoteCode
		args  []string
	}{
		{"nothing there", func(*world) {}, Ask{}, CaseGone, NoteGone, nil},
		{"healthy", func(w *world) { w.lives(john, "john", licensed, answers) }, Ask{}, CaseHealthy, NoteHealthy, nil},
		{"healthy shared", func(w *world) { w.lives(john, "john", shared, answers) }, Ask{}, CaseHealthy, NoteHealthy, nil},
		{"shared that does not answer Graph", func(w *world) { w.lives(john, "john", shared) }, Ask{}, CaseHealthy, NoteHealthy, nil},
		{"licensed, not there yet", func(w *world) { w.lives(john, "john", licensed) }, Ask{}, CaseConnecting, NoteConnecting, nil},
		{"synced, live", func(w *world) { w.lives(john, "john", synced) }, Ask{}, CaseSynced, NoteSyncedUser, nil},
		{"synced, deleted", func(w *world) { w.deleted(john, "john", synced) }, Ask{}, CaseSynced, NoteSyncedUser, nil},
		{"guest, live", func(w *world) { w.lives(john, "john", guest) }, Ask{}, CaseGone, NoteGuestAccount, nil},
		{"guest, deleted", func(w *world) { w.deleted(john, "john", guest) }, Ask{}, CaseGone, NoteGuestAccount, nil},
		{"purged", func(w *world) {
			w.deleted(john, "john", func(u *user) { u.account.DeletedAt = w.ago(month) })
			w.tenant.mailboxes = nil
		}, Ask{}, CaseGone, NotePurged, []string{"2026-11-22T10:00:00Z"}},
		{"no mailbox of a deleted user", func(w *world) { w.deleted(john, "john"); w.tenant.mailboxes = nil }, Ask{}, CaseUser, NoteMailboxGone, nil},
		{"no mailbox of a live user", func(w *world) { w.lives(john, "john"); w.tenant.mailboxes = nil }, Ask{}, CaseLicense, NoteMailboxGone, nil},
		{"soft-deleted without its user", func(w *world) {
			w.orphaned(lost, "john", autoExpands)
		}, Ask{}, CaseSoftDeleted, NoteAutoExpanding, nil},
		{"inactive", func(w *world) { w.orphaned(lost, "john", inactive, autoExpands) }, Ask{}, CaseInactive, NoteAutoExpanding, nil},
		{"two that outlived their user", func(w *world) { w.orphaned(lost, "john"); w.orphaned(lost+"2", "john", inactive) }, Ask{}, CaseAmbiguous, NoteAmbiguous, []string{"2"}},
		{"a live user without a licence, and an old mailbox", func(w *world) { w.lives(john, "john"); w.orphaned(lost, "john") }, Ask{}, CaseAmbiguous, NoteAmbiguous, []string{"2"}},
		{"a deleted user, and an older mailbox", func(w *world) { w.deleted(john, "john"); w.orphaned(lost, "john") }, Ask{}, CaseAmbiguous, NoteAmbiguous, []string{"2"}},
		{"soft-deleted 30 days ago", func(w *world) {
			w.orphaned(lost, "john", func(m *Mailbox) { m.SoftDeletedAt = w.ago(month) })
		}, Ask{}, CaseSoftDeleted, NotePurged, []string{"2026-11-22T10:00:00Z"}},
		{"no such target", func(w *world) { w.orphaned(lost, "john") }, Ask{Into: "jane@contoso.com"}, CaseSoftDeleted, NoteNoTarget, nil},
		{"target is not in use", func(w *world) { w.orphaned(lost, "john"); w.deleted(jane, "jane") }, Ask{Into: "jane@contoso.com"}, CaseSoftDeleted, NoteNoTarget, nil},
		{"target without room", func(w *world) {
			w.orphaned(lost, "john")
			w.lives(jane, "jane", licensed, answers)
			w.mailboxOf(jane).Quota = 1 << 29
		}, Ask{Into: "jane@contoso.com"}, CaseSoftDeleted, NoteTargetFull, []string{"1073741824", "536870912"}},
		{"may not copy", func(w *world) {
			w.orphaned(lost, "john")
			w.lives(jane, "jane", licensed, answers)
			w.tenant.cmdlets = []string{"Get-Mailbox"}
		}, Ask{Into: "jane@contoso.com"}, CaseSoftDeleted, NoteMissingCmdlet, []string{"New-MailboxRestoreRequest"}},
		{"may not reconnect", func(w *world) {
			w.orphaned(lost, "john")
			w.tenant.cmdlets = []string{"Get-Mailbox"}
		}, Ask{}, CaseSoftDeleted, NoteMissingCmdlet, []string{"Undo-SoftDeletedMailbox"}},
		{"lost for 30 days, by the group's state", func(w *world) {
			w.lives(john, "john", func(u *user) {
				u.account.LicenseStates = []LicenseState{{SKU: skuE3, State: "Disabled", UpdatedAt: w.ago(month)}}
			})
		}, Ask{}, CaseLicense, NoteLostTooLong, []string{"2026-10-23T10:00:00Z"}},
		{"lost for 30 days, by Exchange", func(w *world) {
			w.lives(john, "john")
			w.mailboxOf(john).SoftDeletedAt = w.ago(month + time.Hour)
		}, Ask{}, CaseLicense, NoteLostTooLong, []string{"2026-10-23T09:00:00Z"}},
		{"several deleted", func(w *world) { w.deleted(john, "john"); w.deleted(alien, "john") }, Ask{}, CaseAmbiguous, NoteAmbiguous, []string{"2"}},
		{"several deleted with as:", func(w *world) { w.deleted(john, "john"); w.deleted(alien, "john") }, Ask{As: "j@contoso.com"}, CaseAmbiguous, NoteAmbiguous, []string{"2"}},
		{"two live with as:", func(w *world) { w.lives(john, "john"); w.lives(alien, "john") }, Ask{As: "j@contoso.com"}, CaseAmbiguous, NoteAmbiguous, []string{"2"}},
		{"live and deleted", func(w *world) { w.deleted(john, "john"); w.lives(alien, "john") }, Ask{}, CaseAmbiguous, NoteAmbiguous, []string{"2"}},
		{"by name, one", func(w *world) { w.deleted(john, "john") }, Ask{Query: Query{ByName, "john"}}, CaseAmbiguous, NoteAmbiguous, []string{"1"}},
		{"as: on a foreign domain", func(w *world) { w.deleted(john, "john") }, Ask{As: "john@evil.com"}, CaseUser, NoteDomain, []string{"john@evil.com"}},
		{"as: without a name", func(w *world) { w.deleted(john, "john") }, Ask{As: "@contoso.com"}, CaseUser, NoteDomain, []string{"@contoso.com"}},
		{"as: taken", func(w *world) { w.deleted(john, "john"); w.lives(jane, "jane") }, Ask{As: "jane@contoso.com"}, CaseUser, NoteSignInTaken, []string{"jane@contoso.com"}},
		{"may not restore", func(w *world) { w.deleted(john, "john"); w.tenant.permissions = []string{"User.Read.All"} }, Ask{}, CaseUser, NoteMissingRole, []string{"User.DeleteRestore.All"}},
		{"may not assign", func(w *world) { w.lives(john, "john"); w.tenant.permissions = []string{"User.Read.All"} }, Ask{}, CaseLicense, NoteMissingRole, []string{"LicenseAssignment.ReadWrite.All"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			tt.setup(w)
			says(t, w.looks(tt.ask, Choices{}), tt.want, tt.code, tt.args...)
		})
	}
}

// A licensed account whose mailbox does not answer is not healthy, and yet nothing is to be done: Exchange tells what comes.
func TestStillConnecting(t *testing.T) {
	t.Parallel()
	absent := Note{Code: NoteMailboxAbsent}
	for name, tt := range map[string]struct {
		setup    func(*world)
		code     NoteCode
		evidence []Note
	}{
		"in use":            {func(*world) {}, NoteConnecting, []Note{absent, {Code: NoteListed}}},
		"still deleted":     {func(w *world) { w.mailboxOf(john).SoftDeletedAt = w.ago(time.Hour) }, NoteConnecting, []Note{absent, {NoteListedDeleted, []string{"2026-11-22T09:00:00Z"}}}},
		"none":              {func(w *world) { w.tenant.mailboxes = nil }, NoteMadeNew, []Note{absent}},
		"Exchange is off":   {func(w *world) { w.exchangeOff() }, NoteConnecting, []Note{absent}},
		"Exchange is off 2": {func(w *world) { w.exchangeOff(); w.tenant.mailboxes = nil }, NoteConnecting, []Note{absent}},
	} {
		w := newWorld(t)
		w.lives(john, "john", licensed)
		tt.setup(w)
		d := w.looks(Ask{}, Choices{})
		says(t, d, CaseConnecting, tt.code)
		if !slices.EqualFunc(d.Evidence, tt.evidence, Note.same) {
			t.Errorf("%s: evidence %v", name, d.Evidence)
		}
		w.is(w.asks("john@contoso.com"), Unneeded)
	}
}

// Without Exchange nobody looked for mailboxes that outlived their account, so none is said not to be there.
func TestGoneWithoutExchange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.orphaned(lost, "john")
	w.exchangeOff()
	says(t, w.looks(Ask{}, Choices{}), CaseGone, NoteGoneHere)
	items := w.asksAs(rita, Ask{Query: Query{ByAddress, "nobody@contoso.com"}, Items: &ItemWish{}})
	w.hindered(w.is(items, Impossible), NoteGoneHere)
	w.deleted(jane, "jane", func(u *user) { u.account.DeletedAt = w.ago(Retention) })
	says(t, w.looks(Ask{Query: Query{ByAddress, "jane@contoso.com"}}, Choices{}), CaseGone, NotePurgedHere, "2026-11-22T10:00:00Z")
	says(t, newWorld(t).looks(Ask{Query: Query{ByName, "john"}}, Choices{}), CaseGone, NoteGoneHere) // Exchange is not asked by name
}

func TestEndsOfDiagnoses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		setup func(*world)
		want  State
	}{
		"healthy":   {func(w *world) { w.lives(john, "john", licensed, answers) }, Unneeded},
		"gone":      {func(*world) {}, Impossible},
		"synced":    {func(w *world) { w.deleted(john, "john", synced) }, Impossible},
		"ambiguous": {func(w *world) { w.deleted(john, "john"); w.deleted(alien, "john") }, Submitted},
		"no role":   {func(w *world) { w.deleted(john, "john"); w.tenant.permissions = nil }, Submitted},
		"found":     {func(w *world) { w.deleted(john, "john") }, Confirming},
	} {
		w := newWorld(t)
		tt.setup(w)
		if r := w.asks("john@contoso.com"); r.State != tt.want {
			t.Errorf("%s: %s, want %s", name, r.State, tt.want)
		}
	}
}

func TestUnknownMailboxIsNoVerdict(t *testing.T) {
	t.Parallel()
	for _, has := range []bool{true, false} {
		f := Found{Account: Account{ID: john, UserType: "Member"}, Probe: Probe{State: MailboxUnknown}}
		want := CaseLicense
		if has {
			f.Account.Licenses, want = []AssignedLicense{{SKU: skuE3}}, CaseUnknown
		}
		r := reading{Findings: Findings{Found: []Found{f}, SKUs: []SKU{{ID: skuE3, MailboxPlans: []string{planEXO2}}}}}
		says(t, Settings{}.judge(r, Ask{}, Choices{}, Query{Kind: ByAddress}), want, NoteMissingRole, "MailboxSettings.Read")
	}
}

func TestStillAnsweringWithoutLicense(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.lives(john, "john", answers) // the first days after the loss
	p := plans(t, w.looks(Ask{}, Choices{}), CaseLicense, StepAssign, StepMailbox)
	if !slices.ContainsFunc(p.Warnings, Note{Code: NoteLossUnknown}.same) || p.SignIn != SignInUnchanged || p.Approvals != 1 {
		t.Errorf("plan %+v", p)
	}
}

func TestCandidates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	w.deleted(alien, "john", shared, func(u *user) { u.account.DeletedAt = w.ago(time.Hour) })
	d := w.looks(Ask{}, Choices{})
	want := []Candidate{
		{ID: alien, Name: "john", Address: "john@contoso.com", DeletedAt: w.ago(time.Hour), Type: "SharedMailbox"},
		{ID: john, Name: "john", Address: "john@contoso.com", DeletedAt: w.ago(5 * 24 * time.Hour), Type: "UserMailbox"},
	}
	if diff := cmp.Diff(want, d.Candidates); diff != "" {
		t.Errorf("candidates (-want +got):\n%s", diff)
	}
	if len(d.Offers) != 1 || d.Offers[0].Action != ChooseAccount || len(d.Offers[0].Options) != 2 {
		t.Errorf("offers %+v", d.Offers)
	}
	plans(t, w.looks(Ask{}, Choices{Account: john}), CaseUser, StepRestoreUser, StepAssign, StepMailbox)
	plans(t, w.looks(Ask{}, Choices{Account: alien}), CaseShared, StepRestoreUser, StepBlockSignIn, StepMailbox)
}

func TestPurgedOnesDoNotMakeItAmbiguous(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	w.deleted(alien, "john", func(u *user) { u.account.DeletedAt = w.ago(Retention) })
	if p := plans(t, w.looks(Ask{}, Choices{}), CaseUser, StepRestoreUser, StepAssign, StepMailbox); p.AccountID != john {
		t.Errorf("plan for %s", p.AccountID)
	}
}

func TestLiveAndDeletedWithAs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	w.lives(alien, "john", licensed, answers)
	d := w.looks(Ask{As: "john.old@fabrikam.com"}, Choices{})
	p := plans(t, d, CaseUser, StepRestoreUser, StepAssign, StepMailbox)
	if p.AccountID != john || p.SignInName != "john.old@fabrikam.com" || p.Steps[0].SignInName != "john.old@fabrikam.com" {
		t.Errorf("plan %+v", p)
	}
	if !slices.ContainsFunc(d.Evidence, Note{NoteSameAddress, []string{"john@contoso.com"}}.same) {
		t.Errorf("evidence %v", d.Evidence)
	}
	if d.open(ChooseSignInName) || !d.open(ChooseDrop) {
		t.Errorf("offers %+v", d.Offers)
	}
}

func TestTakenSignInName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	w.lives(alien, "other", func(u *user) { u.account.UserPrincipalName, u.account.ProxyAddresses = "JOHN@contoso.com", nil })
	q := Ask{Query: Query{ByObjectID, john}}
	d := w.looks(q, Choices{})
	if !d.open(ChooseSignInName) || d.open(ChooseDrop) || d.Offers[0].About[0].ID != alien {
		t.Fatalf("offers %+v", d.Offers)
	}
	fp := d.Plan.Fingerprint()
	d = w.looks(q, Choices{SignInName: d.Offers[0].Options[0].Value})
	if d.open(ChooseSignInName) || d.Plan.Fingerprint() == fp || d.Plan.SignInName != "john.restored@contoso.com" {
		t.Errorf("chosen: %+v", d.Plan)
	}
	w.lives(jane, "john.restored")
	d = w.looks(q, Choices{SignInName: "john.restored@contoso.com"})
	says(t, d, CaseUser, NoteSignInTaken, "john.restored@contoso.com")
	want := []Option{{Value: "john2@contoso.com", Label: "john2@contoso.com"}}
	if i := slices.IndexFunc(d.Offers, func(o Offer) bool { return o.Action == ChooseSignInName }); i < 0 || !slices.Equal(d.Offers[i].Options, want) {
		t.Errorf("another name cannot be chosen: %+v", d.Offers)
	}
}

func TestAnotherNameIsOfferedWhereTheWishCannotBe(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	r := w.is(w.asksAs(rita, Ask{Query: Query{ByAddress, "john@contoso.com"}, As: "john@elsewhere.com"}), Submitted)
	w.hindered(r, NoteDomain, "john@elsewhere.com")
	own := Option{Value: "john@contoso.com", Label: "john@contoso.com"}
	if !r.Diagnosis.open(ChooseSignInName) || r.Diagnosis.Offers[0].Options[0] != own {
		t.Fatalf("offers %+v", r.Diagnosis.Offers)
	}
	r = w.is(w.press(r.ID, rita, ChooseSignInName, own.Value), Confirming)
	if r.Plan.Steps[0].SignInName != "" || r.Plan.SignInName != own.Value {
		t.Errorf("plan %+v", r.Plan)
	}
}

func TestAnotherLicenseIsChosenWhereThereIsNoSeat(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.stock(e3(0), exo1(1))
	w.lives(john, "john", unlicensed, showsPlans(planEXO2, planTeams, planYammer))
	r := w.is(w.asks("john@contoso.com"), Submitted)
	w.hindered(r, NoteNoSeat, "ENTERPRISEPACK")
	r = w.is(w.press(r.ID, rita, ChooseLicense, skuEXO1), Confirming)
	if r.Plan.Seats.SKU != skuEXO1 {
		t.Errorf("plan %+v", r.Plan)
	}
	w.is(w.approve(r.ID, nil), Succeeded)
}

func TestAddressesHeldByOthers(t *testing.T) {
	t.Parallel()
	for _, kind := range []HolderKind{HolderUser, HolderGroup, HolderContact} {
		w := newWorld(t)
		w.deleted(john, "john")
		w.tenant.others = []Holder{{Address: "John@Fabrikam.com", Kind: kind, ID: "h"}}
		d := w.looks(Ask{}, Choices{})
		if !d.open(ChooseDrop) || d.Offers[0].About[0].Kind != kind || d.Plan.Steps[0].DropConflicts {
			t.Fatalf("%s: offers %+v", kind, d.Offers)
		}
		d = w.looks(Ask{}, Choices{DropConflicts: true})
		step := d.Plan.Steps[0]
		if d.open(ChooseDrop) || !step.DropConflicts || !slices.Equal(step.Drops, []string{"john@fabrikam.com"}) || !slices.Contains(warnings(d), NoteAddressDropped) {
			t.Errorf("%s: dropped %+v, warnings %v", kind, step, warnings(d))
		}
	}
	w := newWorld(t)
	w.deleted(john, "john")
	w.tenant.unknown = []string{"OrgContact.Read.All", "Group.Read.All"}
	if p := w.looks(Ask{}, Choices{}).Plan; !slices.ContainsFunc(p.Warnings, Note{NoteHoldersUnknown, []string{"Group.Read.All", "OrgContact.Read.All"}}.same) {
		t.Errorf("warnings %v", p.Warnings)
	}
}

func TestSharedCertainAndProbable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john", shared)
	for _, kind := range []string{"SharedMailbox", "RoomMailbox", "EquipmentMailbox"} {
		w.mailboxOf(john).Type = kind
		d := w.looks(Ask{}, Choices{})
		plans(t, d, CaseShared, StepRestoreUser, StepBlockSignIn, StepMailbox)
		if d.Type != kind || !d.TypeProven || slices.Contains(warnings(d), NoteTypeUnknown) {
			t.Errorf("%s: %s, %v, %v", kind, d.Type, d.TypeProven, warnings(d))
		}
	}
	w.exchangeOff()
	d := w.looks(Ask{}, Choices{})
	plans(t, d, CaseShared, StepRestoreUser, StepBlockSignIn, StepMailbox)
	if d.TypeProven || !slices.Contains(warnings(d), NoteTypeUnknown) || !slices.ContainsFunc(d.Evidence, Note{Code: NoteProbablyShared}.same) ||
		!slices.Contains(warnings(d), NoteMaybeNotBack) {
		t.Errorf("%+v", d)
	}
	w.tenant.users[john].account.Enabled = nil // not known to be blocked: no guess
	plans(t, w.looks(Ask{}, Choices{}), CaseUser, StepRestoreUser, StepAssign, StepMailbox)
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	restoreOnly := []string{"User.DeleteRestore.All", "LicenseAssignment.ReadWrite.All"}
	for _, tt := range []struct {
		name    string
		enabled *bool
		shared  bool
		may     []string // nil: all
		choice  Choices
		want    SignIn
		warns   []NoteCode
		offered bool
	}{
		{"returns", new(true), false, nil, Choices{}, SignInReturns, []NoteCode{NoteSignInReturns}, true},
		{"blocked by choice", new(true), false, nil, Choices{BlockSignIn: true}, SignInBlocked, nil, true},
		{"unknown", nil, false, nil, Choices{}, SignInUnknown, []NoteCode{NoteSignInReturns}, true},
		{"stays off", new(false), false, nil, Choices{}, SignInStaysOff, nil, false},
		{"cannot block", new(true), false, restoreOnly, Choices{BlockSignIn: true}, SignInReturns, []NoteCode{NoteCannotBlock, NoteSignInReturns}, false},
		{"shared", new(true), true, nil, Choices{}, SignInBlocked, []NoteCode{NoteSharedNoSignIn}, false},
		{"shared, cannot block", new(true), true, restoreOnly, Choices{}, SignInReturns, []NoteCode{NoteCannotBlock, NoteSignInReturns}, false},
		{"shared, off, cannot block", new(false), true, restoreOnly, Choices{}, SignInStaysOff, nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.deleted(john, "john", func(u *user) {
				if tt.shared {
					shared(u)
				}
				u.account.Enabled = tt.enabled
			})
			if tt.may != nil {
				w.tenant.permissions = tt.may
			}
			d := w.looks(Ask{}, tt.choice)
			got := slices.DeleteFunc(warnings(d), func(c NoteCode) bool { return c == NoteLicenseWithIt || c == NoteDelegates })
			offers := slices.ContainsFunc(d.Offers, func(o Offer) bool { return o.Action == ChooseSignIn })
			blocks := slices.Contains(stepKinds(d.Plan), StepBlockSignIn)
			if d.Plan.SignIn != tt.want || !slices.Equal(got, tt.warns) || offers != tt.offered || blocks != (tt.want == SignInBlocked) {
				t.Errorf("%s, warnings %v, offered %v, step %v", d.Plan.SignIn, got, offers, blocks)
			}
		})
	}
}

func TestAccessThatComesBack(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		access Access
		need   int
		warn   NoteCode
	}{
		{Access{RolesKnown: true}, 1, ""},
		{Access{RolesKnown: true, Roles: []string{"b", "a"}}, 2, NoteHadRoles},
		{Access{}, 2, NoteRolesUnknown},
	} {
		w := newWorld(t)
		w.deleted(john, "john")
		w.tenant.access[john] = tt.access
		d := w.looks(Ask{}, Choices{})
		if d.Plan.Approvals != tt.need || tt.warn != "" && !slices.Contains(warnings(d), tt.warn) {
			t.Errorf("%+v: %d approvals, %v", tt.access, d.Plan.Approvals, warnings(d))
		}
	}
}

func TestNearPurge(t *testing.T) {
	t.Parallel()
	for left, near := range map[time.Duration]bool{nearPurge: false, nearPurge - time.Second: true} {
		w := newWorld(t)
		w.deleted(john, "john", func(u *user) { u.account.DeletedAt = w.ago(Retention - left) })
		d := w.looks(Ask{}, Choices{})
		if slices.Contains(warnings(d), NoteNearPurge) != near || !d.Deadline.Equal(w.clock.Add(left)) || !d.Plan.Deadline.Equal(d.Deadline) {
			t.Errorf("%v left: %v, deadline %v", left, warnings(d), d.Deadline)
		}
	}
}

func TestMentionedPerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "sven")
	q := Ask{Query: Query{ByPerson, sven}}
	plans(t, w.looks(q, Choices{}), CaseUser, StepRestoreUser, StepAssign, StepMailbox)
	for name, change := range map[string]func(*Person){
		"no confirmed address": func(p *Person) { p.Email = "" },
		"an odd address":       func(p *Person) { p.Email = "sven*@contoso.com" },
		"bot":                  func(p *Person) { p.Bot = true },
		"external":             func(p *Person) { p.External = true },
	} {
		was := w.people.persons[sven]
		w.people.set(sven, change)
		says(t, w.looks(q, Choices{}), CaseGone, NoteUnlinked)
		w.people.persons[sven] = was
		if t.Failed() {
			t.Fatal(name)
		}
	}
	says(t, w.looks(Ask{Query: Query{ByPerson, "UNOBODY"}}, Choices{}), CaseGone, NoteUnlinked)
	if _, err := w.svc.diagnose(w.ctx, Ask{Query: Query{ByPerson, fogg}}, Choices{}); err == nil {
		t.Error("an unreadable person was decided on")
	}
}
