package recovery

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// stock gives the tenant these SKUs, and no other with a mailbox.
func (w *world) stock(skus ...SKU) { w.tenant.skus = skus }

// sku is a SKU with seats free.
func sku(id string, free int, plans ...string) SKU {
	k := SKU{ID: id, PartNumber: map[string]string{skuE3: "ENTERPRISEPACK", skuE5: "ENTERPRISEPREMIUM", skuEXO1: "EXCHANGESTANDARD"}[id]}
	k.Enabled, k.Consumed, k.Plans, k.Assignable = 10, 10-free, plans, true
	for _, p := range plans {
		if p == planEXO1 || p == planEXO2 {
			k.MailboxPlans = append(k.MailboxPlans, p)
		}
	}
	return k
}

func e3(free int) SKU { return sku(skuE3, free, planEXO2, planTeams, planYammer) }

func e5(free int) SKU { return sku(skuE5, free, planEXO2, planTeams, planYammer, planShield) }

func exo1(free int) SKU { return sku(skuEXO1, free, planEXO1) }

// shows leaves plans in assignedPlans.
func showsPlans(ids ...string) func(*user) {
	return func(u *user) {
		for _, id := range ids {
			u.account.Plans = append(u.account.Plans, AssignedPlan{ID: id, Status: "Deleted"})
		}
	}
}

func TestWhichLicense(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		stock   []SKU
		user    func(*user)
		prefer  []string
		ask     Ask
		choice  Choices
		want    string   // SKU assigned; "" for a choice or an obstacle
		offered []string // SKUs to choose from
		code    NoteCode
		args    []string
	}{
		{name: "the only one", stock: []SKU{e3(1)}, want: skuE3},
		{name: "several fit: asked", stock: []SKU{e3(1), exo1(3)}, offered: []string{skuE3, skuEXO1}},
		{name: "several fit, one free: asked still", stock: []SKU{e3(1), exo1(0)}, offered: []string{skuE3}},
		{name: "chosen", stock: []SKU{e3(1), exo1(3)}, choice: Choices{License: skuEXO1}, want: skuEXO1, offered: []string{skuE3, skuEXO1}},
		{name: "chosen, sold out since", stock: []SKU{e3(1), exo1(0)}, choice: Choices{License: skuEXO1}, offered: []string{skuE3}, code: NoteNoSeat, args: []string{"EXCHANGESTANDARD"}},
		{name: "E3 still shows", stock: []SKU{e3(1), e5(1)}, user: showsPlans(planEXO2, planTeams, planYammer), want: skuE3},
		{name: "E5 still shows: E3 is part of it", stock: []SKU{e3(1), e5(1)}, user: showsPlans(planEXO2, planTeams, planYammer, planShield), want: skuE5},
		{name: "E5 still shows, the other way round", stock: []SKU{e5(1), e3(1)}, user: showsPlans(planEXO2, planTeams, planYammer, planShield), want: skuE5},
		{name: "the one that shows is full", stock: []SKU{e3(0), exo1(1)}, user: showsPlans(planEXO2, planTeams, planYammer), offered: []string{skuEXO1}, code: NoteNoSeat, args: []string{"ENTERPRISEPACK"}},
		{name: "only the mailbox plan shows", stock: []SKU{e3(1), e5(1), exo1(1)}, user: showsPlans(planEXO2), offered: []string{skuE3, skuE5}},
		{name: "preferred", stock: []SKU{e3(1), exo1(3)}, prefer: []string{"exchangestandard", "ENTERPRISEPACK"}, want: skuEXO1},
		{name: "the first preferred is full", stock: []SKU{e3(1), exo1(0)}, prefer: []string{"EXCHANGESTANDARD", "ENTERPRISEPACK"}, want: skuE3},
		{name: "all preferred are full", stock: []SKU{e3(1), exo1(0)}, prefer: []string{"EXCHANGESTANDARD"}, offered: []string{skuE3}, code: NoteNoSeat, args: []string{"EXCHANGESTANDARD"}},
		{name: "preferred ones that the tenant has not", stock: []SKU{e3(1)}, prefer: []string{"SPE_E5"}, want: skuE3},
		{name: "preferred before shown", stock: []SKU{e3(1), exo1(1)}, prefer: []string{"EXCHANGESTANDARD"}, user: showsPlans(planEXO2, planTeams, planYammer), want: skuEXO1},
		{name: "license: typed", stock: []SKU{e3(1), exo1(1)}, ask: Ask{License: "exchangestandard"}, prefer: []string{"ENTERPRISEPACK"}, want: skuEXO1},
		{name: "license: unknown", stock: []SKU{e3(1)}, ask: Ask{License: "E7"}, offered: []string{skuE3}, code: NoteNoSuchLicense, args: []string{"E7"}},
		{name: "license: unknown, another chosen", stock: []SKU{e3(1), exo1(1)}, ask: Ask{License: "E7"}, choice: Choices{License: skuEXO1}, want: skuEXO1, offered: []string{skuE3, skuEXO1}},
		{name: "license: without a mailbox", stock: []SKU{e3(1), {ID: skuLookalike, PartNumber: "M365_F1", Enabled: 9, Plans: []string{planFoundation}, Assignable: true}}, ask: Ask{License: "M365_F1"}, offered: []string{skuE3}, code: NoteNoSuchLicense, args: []string{"M365_F1"}},
		{name: "license: full", stock: []SKU{e3(0), exo1(1)}, ask: Ask{License: "ENTERPRISEPACK"}, offered: []string{skuEXO1}, code: NoteNoSeat, args: []string{"ENTERPRISEPACK"}},
		{name: "no seat", stock: []SKU{e3(0), exo1(-2)}, code: NoteNoSeat, args: []string{"ENTERPRISEPACK", "EXCHANGESTANDARD"}},
		{name: "look-alikes alone", stock: []SKU{{ID: skuLookalike, PartNumber: "M365_F1", Enabled: 9, Plans: []string{planFoundation}, Assignable: true}}, code: NoteNoLicense},
		{name: "suspended", stock: []SKU{func() SKU { k := e3(5); k.Assignable = false; return k }()}, code: NoteNoLicense},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.stock(tt.stock...)
			w.set(func(s *Settings) { s.Licenses = tt.prefer })
			change := []func(*user){unlicensed}
			if tt.user != nil {
				change = append(change, tt.user)
			}
			w.lives(john, "john", change...)
			d := w.looks(tt.ask, tt.choice)
			var offered []string
			for _, o := range d.Offers {
				for _, p := range o.Options {
					offered = append(offered, p.Value)
				}
			}
			if diff := cmp.Diff(tt.offered, offered); diff != "" {
				t.Errorf("offered (-want +got):\n%s", diff)
			}
			if tt.code != "" {
				says(t, d, CaseLicense, tt.code, tt.args...)
				return
			}
			if tt.want == "" {
				plans(t, d, CaseLicense, StepMailbox)
				if !d.open(ChooseLicense) {
					t.Error("the plan could be confirmed without a licence")
				}
				return
			}
			p := plans(t, d, CaseLicense, StepAssign, StepMailbox)
			if p.Steps[0].SKU != tt.want || p.Seats == nil || p.Seats.SKU != tt.want {
				t.Errorf("step %+v, seats %+v", p.Steps[0], p.Seats)
			}
		})
	}
}

func TestGraceSeats(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	k := e3(0)
	k.Warning = 2
	w.stock(k)
	w.lives(john, "john")
	d := w.looks(Ask{}, Choices{})
	plans(t, d, CaseLicense, StepAssign, StepMailbox)
	if !slices.Contains(warnings(d), NoteGraceSeats) || d.Plan.Seats.Free != 0 {
		t.Errorf("warnings %v, seats %+v", warnings(d), d.Plan.Seats)
	}
}

func TestHeldLicenses(t *testing.T) {
	t.Parallel()
	off := func(id string, plans ...string) AssignedLicense {
		return AssignedLicense{SKU: id, DisabledPlans: plans}
	}
	for _, tt := range []struct {
		name    string
		deleted bool
		has     []AssignedLicense
		want    AssignedLicense
		warns   []NoteCode
	}{
		{"mailbox plan off: other plans stay off", false, []AssignedLicense{off(skuE3, planYammer, planEXO2, planTeams)}, off(skuE3, planTeams, planYammer), []NoteCode{NoteLossUnknown}},
		{"comes back with the account", true, []AssignedLicense{off(skuE3, planYammer)}, off(skuE3, planYammer), []NoteCode{NoteSignInReturns, NoteLicenseWithIt, NoteDelegates}},
		{"comes back with its mailbox plan off", true, []AssignedLicense{off(skuE3, planEXO2, planTeams)}, off(skuE3, planTeams), []NoteCode{NoteSignInReturns, NoteDelegates}},
		{"comes back, another with its plan off first", true, []AssignedLicense{off(skuE3, planEXO2), off(skuEXO1)}, off(skuEXO1), []NoteCode{NoteSignInReturns, NoteLicenseWithIt, NoteDelegates}},
		{"comes back beyond the seats", true, []AssignedLicense{off(skuE5)}, off(skuE5), []NoteCode{NoteSignInReturns, NoteLicenseWithIt, NoteOverConsumed, NoteDelegates}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.stock(e3(1), exo1(1), e5(-1))
			change := func(u *user) { u.account.Licenses = tt.has }
			if tt.deleted {
				w.deleted(john, "john", change)
			} else {
				w.lives(john, "john", change)
			}
			d := w.looks(Ask{}, Choices{})
			if d.Plan == nil {
				t.Fatalf("no plan: %v", d.Obstacle)
			}
			step := d.Plan.Steps[slices.Index(stepKinds(d.Plan), StepAssign)]
			if diff := cmp.Diff(tt.want, AssignedLicense{SKU: step.SKU, DisabledPlans: step.DisabledPlans}); diff != "" {
				t.Errorf("licence (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.warns, warnings(d)); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
		})
	}
}

// Where the tenant delays taking a mailbox away, Exchange knows until when it works: the thirty days begin then, whatever the licence's
// own state says, and nothing about the loss is unknown.
func TestDelayedDelicensing(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for name, tt := range map[string]struct {
		due     time.Duration // from now
		works   bool
		unknown bool
	}{
		"works for a month": {30 * day, true, false},
		"just over":         {-time.Minute, false, false},
		"long over":         {-31 * day, false, true}, // and yet in use: the date says nothing
	} {
		w := newWorld(t)
		w.lives(john, "john", answers)
		w.tenant.delicense = w.clock.Add(tt.due)
		d := w.looks(Ask{}, Choices{})
		plans(t, d, CaseLicense, StepAssign, StepMailbox)
		works := slices.ContainsFunc(d.Evidence, Note{NoteDelayed, []string{stamp(w.tenant.delicense)}}.same)
		if unknown := slices.Contains(warnings(d), NoteLossUnknown); works != tt.works || unknown != tt.unknown || d.Deadline.IsZero() != tt.unknown || !d.Plan.Deadline.Equal(d.Deadline) {
			t.Errorf("%s: evidence %v, warnings %v, deadline %v", name, d.Evidence, warnings(d), d.Deadline)
		}
		if !tt.unknown && !d.Deadline.Equal(w.tenant.delicense.Add(Retention)) {
			t.Errorf("%s: deadline %v", name, d.Deadline)
		}
	}
	w := newWorld(t) // the group's licence was lost longer ago than the mailbox would be kept without the delay
	w.lives(john, "john", answers, func(u *user) {
		u.account.LicenseStates = []LicenseState{{SKU: skuE3, State: "Disabled", UpdatedAt: w.ago(31 * day)}}
	})
	w.tenant.delicense = w.clock.Add(day)
	plans(t, w.looks(Ask{}, Choices{}), CaseLicense, StepAssign, StepMailbox)
}

func TestGroupLicenseInError(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	inGroup := func(u *user) {
		u.account.Licenses = []AssignedLicense{{SKU: skuE3}} // shown though it gives nothing
		u.account.LicenseStates = []LicenseState{{SKU: skuE3, Group: "g", State: "Error", Error: "CountViolation", UpdatedAt: w.ago(10 * 24 * time.Hour)}}
	}
	w.stock(e3(1), exo1(5))
	w.lives(john, "john", inGroup)
	d := w.looks(Ask{}, Choices{})
	plans(t, d, CaseLicense, StepReprocess, StepMailbox)
	if !slices.ContainsFunc(d.Evidence, Note{NoteGroupLicense, []string{"ENTERPRISEPACK", "CountViolation"}}.same) || d.Deadline.IsZero() || slices.Contains(warnings(d), NoteLossUnknown) {
		t.Errorf("evidence %v, deadline %v, %v", d.Evidence, d.Deadline, warnings(d))
	}
	w.stock(e3(0), exo1(5)) // no direct licence behind the group's back
	d = w.looks(Ask{}, Choices{})
	says(t, d, CaseLicense, NoteNoSeat, "ENTERPRISEPACK")
	if !d.open(ChooseLicense) || d.Offers[0].Options[0].Value != skuEXO1 {
		t.Errorf("offers %+v", d.Offers)
	}
	if p := plans(t, w.looks(Ask{}, Choices{License: skuEXO1}), CaseLicense, StepAssign, StepMailbox); p.Steps[0].SKU != skuEXO1 { // but by choice
		t.Errorf("step %+v", p.Steps[0])
	}
	w.stock(e3(1))
	w.tenant.permissions = []string{"LicenseAssignment.ReadWrite.All"}
	says(t, w.looks(Ask{}, Choices{}), CaseLicense, NoteMissingRole, "User.ReadWrite.All")
}

func TestUsageLocation(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		country string
		setting string
		may     string
		want    string
		warns   bool
		code    NoteCode
		args    []string
	}{
		{name: "the tenant's", country: "LV", may: "User.ReadWrite.All", want: "LV", warns: true},
		{name: "the setting's", country: "LV", setting: "EE", may: "User.ReadWrite.All", want: "EE"},
		{name: "neither", may: "User.ReadWrite.All", code: NoteNoLocation},
		{name: "without permission", country: "LV", may: "User.Read.All", code: NoteMissingRole, args: []string{"User.ReadWrite.All"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.tenant.country, w.tenant.permissions = tt.country, []string{"LicenseAssignment.ReadWrite.All", tt.may}
			w.set(func(s *Settings) { s.UsageLocation = tt.setting })
			w.lives(john, "john", func(u *user) { u.account.UsageLocation = "" })
			d := w.looks(Ask{}, Choices{})
			if tt.code != "" {
				says(t, d, CaseLicense, tt.code, tt.args...)
				return
			}
			p := plans(t, d, CaseLicense, StepUsageLocation, StepAssign, StepMailbox)
			if p.Steps[0].Country != tt.want || slices.Contains(warnings(d), NoteCountryTenant) != tt.warns {
				t.Errorf("country %s, warnings %v", p.Steps[0].Country, warnings(d))
			}
		})
	}
}

func TestFingerprint(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john", func(u *user) { u.account.Licenses[0].DisabledPlans = []string{planTeams, planYammer} })
	w.tenant.access[john] = Access{RolesKnown: true, Roles: []string{"b", "a"}}
	base := w.looks(Ask{}, Choices{}).Plan
	fp := base.Fingerprint()
	for name, change := range map[string]func(*Plan){
		"seats":    func(p *Plan) { p.Seats = &Seats{Free: 99} },
		"deadline": func(p *Plan) { p.Deadline = p.Deadline.Add(time.Hour) },
		"progress": func(p *Plan) { p.Steps[0].Progress = Progress{Began: w.clock, Problem: &Note{}, Told: 30, Failures: 2} },
		"near":     func(p *Plan) { p.Warnings = append(p.Warnings, Note{Code: NoteNearPurge}) },
		"over":     func(p *Plan) { p.Warnings = append(p.Warnings, Note{Code: NoteOverConsumed}) },
		"grace":    func(p *Plan) { p.Warnings = append(p.Warnings, Note{Code: NoteGraceSeats}) },
	} {
		if p := copied(*base, change); p.Fingerprint() != fp {
			t.Errorf("%s changes the fingerprint", name)
		}
	}
	for name, change := range map[string]func(*Plan){
		"case":      func(p *Plan) { p.Case = CaseShared },
		"account":   func(p *Plan) { p.AccountID = jane },
		"address":   func(p *Plan) { p.Address = "x" },
		"sign-in":   func(p *Plan) { p.SignIn = SignInBlocked },
		"name":      func(p *Plan) { p.SignInName = "x" },
		"step":      func(p *Plan) { p.Steps = p.Steps[1:] },
		"drop":      func(p *Plan) { p.Steps[0].DropConflicts = true },
		"drops":     func(p *Plan) { p.Steps[0].Drops = []string{"x"} },
		"sku":       func(p *Plan) { p.Steps[1].SKU = "x" },
		"plans off": func(p *Plan) { p.Steps[1].DisabledPlans = nil },
		"roles":     func(p *Plan) { p.Access.Roles = nil },
		"groups":    func(p *Plan) { p.Access.Groups = 3 },
		"approvals": func(p *Plan) { p.Approvals++ },
		"warning":   func(p *Plan) { p.Warnings = append(p.Warnings, Note{Code: NoteHoldersUnknown}) },
	} {
		if p := copied(*base, change); p.Fingerprint() == fp {
			t.Errorf("%s does not change the fingerprint", name)
		}
	}
	w.tenant.access[john] = Access{RolesKnown: true, Roles: []string{"a", "b"}} // Graph promises no order
	w.tenant.users[john].account.Licenses[0].DisabledPlans = []string{planYammer, planTeams}
	w.tenant.skus[0].Consumed++
	w.clock = w.clock.Add(time.Hour)
	if got := w.looks(Ask{}, Choices{}).Plan.Fingerprint(); got != fp {
		t.Error("another order of the same facts, an hour later, is another plan")
	}
}

// copied gives a changed copy of a plan.
func copied(p Plan, change func(*Plan)) Plan {
	p.Steps, p.Warnings = slices.Clone(p.Steps), slices.Clone(p.Warnings)
	change(&p)
	return p
}
