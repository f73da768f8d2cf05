package graph_test

import (
	"slices"
	"testing"

	"mailback/internal/m365fake"
	"mailback/recovery"
	"mailback/recovery/graph"
)

func TestTenantFacts(t *testing.T) {
	t.Parallel()
	n := newTenant(t, m365fake.Config{})
	facts, err := n.client.TenantFacts(t.Context())
	if err != nil || facts.Name != "Contoso" || !facts.Synced {
		t.Errorf("%+v, %v", facts, err)
	}
	if !slices.ContainsFunc(facts.SKUs, func(s recovery.SKU) bool {
		return s.PartNumber == "SPE_E3" && s.Assignable && len(s.MailboxPlans) == 1 && s.Enabled > 0
	}) {
		t.Errorf("no SPE_E3 with its mailbox in %+v", facts.SKUs)
	}
	for _, role := range []string{"Organization.Read.All", "User.Read.All", "User.ReadWrite.All"} {
		n.RevokeRole(role)
	}
	if _, err := n.client.TenantFacts(t.Context()); recovery.KindOf(err) != recovery.Forbidden {
		t.Errorf("without Organization.Read.All: %v", err)
	}
}

func TestRolesOfTheToken(t *testing.T) {
	t.Parallel()
	n := newTenant(t, m365fake.Config{Roles: []string{"User.Read.All", "Exchange.ManageAsApp"}})
	roles, err := n.client.Roles(t.Context())
	if err != nil || !slices.Equal(roles, []string{"User.Read.All"}) {
		t.Errorf("%q, %v", roles, err)
	}
	for _, c := range n.desk.Calls() {
		if c.Service != "login" {
			t.Errorf("a call of %s: %s", c.Service, c.Path)
		}
	}
	n.DisableApp(true)
	other := newClient(t, graph.Config{Credential: signIn(t, n.Server, n.App().ClientSecret), BaseURL: n.graph.URL})
	_, err = other.Roles(t.Context())
	if recovery.KindOf(err) != recovery.SignedOut {
		t.Errorf("of an app that is off: %v", err)
	}
}
