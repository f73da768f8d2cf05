package main

import (
	"errors"
	"strings"
	"testing"

	"mailback/internal/fault"
	"mailback/internal/racetest"
	"mailback/recovery"
)

// TestDrillRefuses: an account that is not there for practice alone is refused before the first question, with the reason and what to do.
func TestDrillRefuses(t *testing.T) {
	racetest.Leave(t)
	do := func(change func(*drillWorld) error) func(*drillWorld) {
		return func(w *drillWorld) { must(w.T, change(w)) }
	}
	lay := func(service, match string, kind fault.Kind, value int) func(*drillWorld) {
		return func(w *drillWorld) {
			w.lay(fault.Fault{Service: service, Match: match, Kind: kind, Value: value})
		}
	}
	for _, c := range []struct {
		drillTest

		says string
	}{
		{drillTest{name: "nobody", address: "nobody@contoso.com"}, "no account has the address"},
		{drillTest{name: "a deleted account", address: "adelev@contoso.com"}, "it is deleted already"},
		{drillTest{name: "two accounts", hurt: do(func(w *drillWorld) error {
			return w.Microsoft().AddProxyAddress("lynner@contoso.com", practiceAddress)
		})}, "2 accounts have the address"},
		{drillTest{name: "a deleted one of the same address", address: "garthf@contoso.com"}, "2 accounts have the address"},
		{drillTest{name: "another address of the account", address: "other@contoso.com", hurt: do(func(w *drillWorld) error {
			return w.Microsoft().AddProxyAddress(w.practice, "other@contoso.com")
		})}, "is but one of the addresses of " + practiceAddress},
		{drillTest{name: "synchronised", address: "marior@contoso.com"}, "synchronised from an on-premises directory"},
		{drillTest{name: "a guest", address: "lukasz@northwindtraders.com"}, "it is a guest"},
		{drillTest{name: "blocked", hurt: do(func(w *drillWorld) error { return w.Microsoft().SetEnabled(w.practice, false) })}, "its sign-in is blocked"},
		{drillTest{name: "a shared mailbox", address: "helpdesk@contoso.com"}, "not a person's"},
		{drillTest{name: "a shared mailbox with sign-in", address: "payroll@contoso.com"}, "not a person's"},
		{drillTest{name: "a room", address: "adams@contoso.com"}, "not a person's"},
		{drillTest{name: "no licence", hurt: do(func(w *drillWorld) error { return w.Microsoft().SetLicenses(w.practice) })}, "its mailbox does not answer"},
		{drillTest{name: "no free seat", hurt: do(func(w *drillWorld) error { return w.Microsoft().SetSeats("SPE_E3", 1) })}, "no seat of its licence SPE_E3 is free"},
		{drillTest{name: "a licence by a group", address: "amyr@contoso.com"}, "a group gives it a licence"},
		{drillTest{name: "an admin", address: "admin@contoso.com"}, "it holds an admin role: Global Administrator"},
		{drillTest{name: "roles that cannot be read", hurt: func(w *drillWorld) {
			for _, role := range []string{"RoleManagement.Read.Directory", "RoleManagement.Read.All", "RoleManagement.ReadWrite.Directory", "Directory.Read.All", "Directory.ReadWrite.All"} {
				w.Microsoft().RevokeRole(role)
			}
		}}, "whether it holds an admin role could not be read"},
		{drillTest{name: "an approver", address: "jonis@contoso.com"}, "it is somebody's: in Slack, U0JONIS001"},
		{drillTest{name: "a requester", address: "meganb@contoso.com"}, "it is somebody's: in Slack, U0MEGANB01"},
		{drillTest{name: "somebody's other address", hurt: do(func(w *drillWorld) error {
			return w.Microsoft().AddProxyAddress(w.practice, "una@partner.example")
		})}, "it is somebody's: in Slack"},
		{drillTest{name: "slack does not tell", hurt: lay("slack", "users.lookupByEmail", fault.Status, 500)}, "whether the account is somebody's in Slack could not be read"},
		{drillTest{name: "a mailbox in use", address: "lynner@contoso.com"}, "which looks like somebody's own"},
		{drillTest{name: "on hold", address: "lauraw@contoso.com"}, "its mailbox is on hold"},
		{drillTest{name: "with an archive", address: "annal@contoso.com"}, "its mailbox has an archive"},
		{drillTest{name: "an older mailbox of the same address", address: "enricoc@contoso.com"}, "Exchange knows 2 mailboxes"},
		{drillTest{name: "exchange off", env: map[string]string{"MAILBACK_EXCHANGE": "off"}}, "MAILBACK_EXCHANGE is off"},
		{drillTest{name: "graph does not tell", hurt: lay("graph", "/transitiveMemberOf", fault.Status, 503)}, "what belongs to the account could not be read"},
		{drillTest{name: "exchange does not tell", hurt: lay("exchange", "InvokeCommand?", fault.Status, 503)}, "could not be read"},
		{drillTest{name: "changed while it was shown", answers: []typed{{to: askDelete, line: practiceAddress, do: do(func(w *drillWorld) error {
			return w.Microsoft().AddProxyAddress(w.practice, "new@contoso.com")
		})}}}, "it has changed since it was shown"},
		{drillTest{name: "blocked while it was shown", answers: []typed{{to: askDelete, line: practiceAddress, do: do(func(w *drillWorld) error {
			return w.Microsoft().SetEnabled(w.practice, false)
		})}}}, "its sign-in is blocked"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.loose = len(c.answers) > 0
			w := drilled(t, c.drillTest)
			w.wants(nil, "No drill with ", c.says, "What to do: ", "Nothing was changed.")
			if !errors.Is(w.err, errDrillRefused) {
				t.Error(w.err)
			}
		})
	}
}

// fitPractice is an account that a drill takes, with what was found beside it.
func fitPractice() (practice, recovery.Probe, recovery.Findings) {
	yes, sku := true, "sku"
	a := recovery.Account{
		ID: "id", UserType: "Member", Enabled: &yes, UsageLocation: "LV", Licenses: []recovery.AssignedLicense{{SKU: sku}},
		LicenseStates: []recovery.LicenseState{{SKU: sku, State: "Active"}},
	}
	f := recovery.Findings{SKUs: []recovery.SKU{{ID: sku, PartNumber: "E3", Enabled: 3, Consumed: 2, Assignable: true, MailboxPlans: []string{"mail"}}}}
	return practice{account: a}, recovery.Probe{State: recovery.MailboxAnswers, Purpose: "user"}, f
}

// TestWhatIsUnfitForADrill has what the sandbox's tenant has not.
func TestWhatIsUnfitForADrill(t *testing.T) {
	t.Parallel()
	for says, spoil := range map[string]func(*practice, *recovery.Probe, *recovery.Findings){
		"":                            func(*practice, *recovery.Probe, *recovery.Findings) {},
		"it is a guest, or":           func(p *practice, _ *recovery.Probe, _ *recovery.Findings) { p.account.UserType = "" },
		"does not say whether it is":  func(p *practice, _ *recovery.Probe, _ *recovery.Findings) { p.account.Enabled = nil },
		"no usage location":           func(p *practice, _ *recovery.Probe, _ *recovery.Findings) { p.account.UsageLocation = "" },
		"its mailbox does not answer": func(_ *practice, m *recovery.Probe, _ *recovery.Findings) { m.State = recovery.MailboxUnknown },
		"of the kind \"\"":            func(_ *practice, m *recovery.Probe, _ *recovery.Findings) { m.Purpose = "" },
		"the tenant does not list":    func(_ *practice, _ *recovery.Probe, f *recovery.Findings) { f.SKUs = nil },
		"can no longer be given":      func(_ *practice, _ *recovery.Probe, f *recovery.Findings) { f.SKUs[0].Assignable = false },
		"no seat of its licence E3":   func(_ *practice, _ *recovery.Probe, f *recovery.Findings) { f.SKUs[0].Consumed = 3 },
		"not in order (Error Count": func(p *practice, _ *recovery.Probe, _ *recovery.Findings) {
			p.account.LicenseStates[0].State, p.account.LicenseStates[0].Error = "Error", "CountViolation"
		},
		"a group gives it a licence": func(p *practice, _ *recovery.Probe, _ *recovery.Findings) { p.account.LicenseStates[0].Group = "g" },
		"it has no licence with a mail": func(p *practice, _ *recovery.Probe, _ *recovery.Findings) {
			p.account.Licenses[0].DisabledPlans = []string{"mail"}
		},
	} {
		p, probe, found := fitPractice()
		spoil(&p, &probe, &found)
		why := p.unfit(probe)
		if why == nil {
			why = p.seats(found)
		}
		if (why == nil) != (says == "") || why != nil && !strings.Contains(why.why, says) {
			t.Errorf("%v, want %q", why, says)
		}
	}
}

// TestARoleRefusesADrill, also one that membership does not show, and one that may be there.
func TestARoleRefusesADrill(t *testing.T) {
	t.Parallel()
	none, one := recovery.Access{RolesKnown: true}, recovery.Access{RolesKnown: true, Roles: []string{"Helpdesk Administrator"}}
	for _, c := range []struct {
		member, assigned recovery.Access
		says             string
	}{
		{none, none, ""},
		{one, none, "Helpdesk"},
		{none, one, "Helpdesk"},
		{one, one, "role: Helpdesk Administrator"},
		{recovery.Access{}, none, "could not be read"},
		{none, recovery.Access{}, "could not be read"},
	} {
		why := rolesRefused(c.member, c.assigned)
		if (why == nil) != (c.says == "") || why != nil && !strings.Contains(why.why, c.says) {
			t.Errorf("%v, want %q", why, c.says)
		}
	}
}

// TestOneAccountAloneIsMeant: an account without its object id is nobody.
func TestOneAccountAloneIsMeant(t *testing.T) {
	t.Parallel()
	one := recovery.Found{Account: recovery.Account{ID: "id", UserPrincipalName: "a@contoso.com"}}
	if why := oneAlone("A@contoso.com", []recovery.Found{one}); why != nil {
		t.Error(why)
	}
	nameless := one
	nameless.Account.ID = ""
	if why := oneAlone("a@contoso.com", []recovery.Found{nameless}); why == nil {
		t.Error("an empty identity is taken")
	}
}
