package graph_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"mailback/internal/fault"
	"mailback/internal/m365fake"
	"mailback/recovery"
)

const spe3 = "05e9a617-0261-4cee-bb44-138d3ef5d965"

func TestChangesAreSentAsGraphWantsThem(t *testing.T) {
	t.Parallel()
	s := newStub(t, says(200, `{}`))
	c, ctx, plan := s.client, t.Context(), "efb87545-963c-4e0d-99df-69c6916d9eb0"
	for _, want := range []struct {
		call               func() (recovery.Receipt, error)
		method, path, body string
	}{
		{
			func() (recovery.Receipt, error) { return c.RestoreUser(ctx, someID, recovery.RestoreAs{}) },
			"POST", "/v1.0/directory/deletedItems/" + someID + "/restore", ``,
		},
		{
			func() (recovery.Receipt, error) {
				return c.RestoreUser(ctx, someID, recovery.RestoreAs{UserPrincipalName: "o'neil@contoso.com"})
			},
			"POST", "/v1.0/directory/deletedItems/" + someID + "/restore", `{"newUserPrincipalName":"o'neil@contoso.com"}`,
		},
		{
			func() (recovery.Receipt, error) {
				return c.RestoreUser(ctx, someID, recovery.RestoreAs{DropConflicts: true})
			},
			"POST", "/v1.0/directory/deletedItems/" + someID + "/restore", `{"autoReconcileProxyConflict":true}`,
		},
		{
			func() (recovery.Receipt, error) {
				return c.AssignLicense(ctx, someID, recovery.AssignedLicense{SKU: spe3})
			},
			"POST", "/v1.0/users/" + someID + "/assignLicense", `{"addLicenses":[{"disabledPlans":[],"skuId":"` + spe3 + `"}],"removeLicenses":[]}`,
		},
		{
			func() (recovery.Receipt, error) {
				return c.AssignLicense(ctx, someID, recovery.AssignedLicense{SKU: spe3, DisabledPlans: []string{plan}})
			},
			"POST", "/v1.0/users/" + someID + "/assignLicense", `{"addLicenses":[{"disabledPlans":["` + plan + `"],"skuId":"` + spe3 + `"}],"removeLicenses":[]}`,
		},
		{
			func() (recovery.Receipt, error) { return c.RemoveLicense(ctx, someID, spe3) },
			"POST", "/v1.0/users/" + someID + "/assignLicense", `{"addLicenses":[],"removeLicenses":["` + spe3 + `"]}`,
		},
		{func() (recovery.Receipt, error) { return c.ReprocessLicenses(ctx, someID) }, "POST", "/v1.0/users/" + someID + "/reprocessLicenseAssignment", ``},
		{func() (recovery.Receipt, error) { return c.SetUsageLocation(ctx, someID, "LV") }, "PATCH", "/v1.0/users/" + someID, `{"usageLocation":"LV"}`},
		{func() (recovery.Receipt, error) { return c.BlockSignIn(ctx, someID) }, "PATCH", "/v1.0/users/" + someID, `{"accountEnabled":false}`},
		{func() (recovery.Receipt, error) { return c.DeleteUser(ctx, someID) }, "DELETE", "/v1.0/users/" + someID, ``},
	} {
		receipt, err := want.call()
		all := s.requests()
		got := all[len(all)-1]
		if err != nil || got.method != want.method || got.path != want.path || !sameJSON(got.body, want.body) {
			t.Errorf("%s %s %s, %v, want %s %s %s", got.method, got.path, got.body, err, want.method, want.path, want.body)
		}
		if receipt.RequestID != "r-1" || receipt.ClientRequestID != got.header.Get("client-request-id") || receipt.Date.IsZero() {
			t.Errorf("receipt: %+v", receipt)
		}
		if got.header.Get("Content-Encoding") != "" || (got.body == "") != (got.header.Get("Content-Type") == "") {
			t.Errorf("headers: %v", got.header)
		}
	}
}

// sameJSON compares two bodies whatever the order of their members.
func sameJSON(a, b string) bool {
	if a == "" || b == "" {
		return a == b
	}
	var x, y map[string]any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return false
	}
	p, errP := json.Marshal(x)
	q, errQ := json.Marshal(y)
	return errP == nil && errQ == nil && string(p) == string(q)
}

func TestChangesThatMakeNoSenseAreNotSent(t *testing.T) {
	t.Parallel()
	s := newStub(t, says(200, `{}`))
	c, ctx := s.client, t.Context()
	calls := []func() error{
		func() error { _, err := c.SetUsageLocation(ctx, someID, "Latvia"); return err },
		func() error { _, err := c.RemoveLicense(ctx, someID, "SPE_E3"); return err },
		func() error {
			_, err := c.AssignLicense(ctx, someID, recovery.AssignedLicense{SKU: "SPE_E3"})
			return err
		},
		func() error {
			_, err := c.AssignLicense(ctx, someID, recovery.AssignedLicense{SKU: spe3, DisabledPlans: []string{"x"}})
			return err
		},
	}
	for _, id := range []string{"", "meganb@contoso.com", "../organization", "00000000-0000-0000-0000-000000000000", "{" + someID + "}"} {
		calls = append(calls,
			func() error { _, err := c.RestoreUser(ctx, id, recovery.RestoreAs{}); return err },
			func() error { _, err := c.AssignLicense(ctx, id, recovery.AssignedLicense{SKU: spe3}); return err },
			func() error { _, err := c.RemoveLicense(ctx, id, spe3); return err },
			func() error { _, err := c.ReprocessLicenses(ctx, id); return err },
			func() error { _, err := c.SetUsageLocation(ctx, id, "LV"); return err },
			func() error { _, err := c.BlockSignIn(ctx, id); return err },
			func() error { _, err := c.DeleteUser(ctx, id); return err },
			func() error { _, _, err := c.Account(ctx, id); return err },
			func() error { _, err := c.Mailbox(ctx, id); return err },
		)
	}
	for i, call := range calls {
		if err := call(); recovery.KindOf(err) != recovery.Invalid {
			t.Errorf("call %d: %v", i, err)
		}
	}
	if n := len(s.requests()); n != 0 {
		t.Errorf("%d calls were made", n)
	}
}

func TestRestoreUser(t *testing.T) {
	t.Parallel()
	n := newTenant(t, m365fake.Config{})
	id := one(t, n, "adelev@contoso.com").Account.ID
	if _, _, err := n.client.Account(t.Context(), id); recovery.KindOf(err) != recovery.NotFound {
		t.Fatalf("a deleted user is not live: %v", err)
	}
	receipt, err := n.client.RestoreUser(t.Context(), id, recovery.RestoreAs{})
	if err != nil || receipt.RequestID == "" {
		t.Fatalf("%+v, %v", receipt, err)
	}
	a, receipt, err := n.client.Account(t.Context(), id)
	if err != nil || a.Deleted() || a.UserPrincipalName != "adelev@contoso.com" || len(a.Licenses) != 1 || receipt.Date.IsZero() {
		t.Errorf("%+v, %v", a, err)
	}
	if p, err := n.client.Mailbox(t.Context(), id); err != nil || p.State != recovery.MailboxAnswers {
		t.Errorf("%+v, %v", p, err)
	}
	if x := one(t, n, "adelev@contoso.com").Access; !x.GroupsKnown || x.Groups == 0 {
		t.Errorf("its groups came back: %+v", x)
	}
	if _, err := n.client.RestoreUser(t.Context(), id, recovery.RestoreAs{}); recovery.KindOf(err) != recovery.NotFound {
		t.Errorf("a second restore: %v", err)
	}
}

func TestRestoreUserWithConflicts(t *testing.T) {
	t.Parallel()
	n := newTenant(t, m365fake.Config{})
	fady := one(t, n, "fadym@contoso.com").Account
	_, err := n.client.RestoreUser(t.Context(), fady.ID, recovery.RestoreAs{})
	if e, ok := errors.AsType[*recovery.Error](err); !ok || e.Kind != recovery.Conflict || e.Detail != "proxyAddresses" || e.Receipt.RequestID == "" {
		t.Errorf("%v", err)
	}
	if _, err := n.client.RestoreUser(t.Context(), fady.ID, recovery.RestoreAs{DropConflicts: true}); err != nil {
		t.Fatal(err)
	}
	a, _, err := n.client.Account(t.Context(), fady.ID)
	if err != nil || slices.ContainsFunc(a.ProxyAddresses, func(p string) bool { return strings.Contains(p, "press@") }) {
		t.Errorf("press@ stays with its holder: %+v, %v", a.ProxyAddresses, err)
	}
	garth := find(t, n, byAddress("garthf@contoso.com")).Found[1].Account
	if _, err := n.client.RestoreUser(t.Context(), garth.ID, recovery.RestoreAs{}); recovery.KindOf(err) != recovery.Conflict {
		t.Errorf("its name is taken: %v", err)
	}
	as := recovery.RestoreAs{UserPrincipalName: "garth.fort@contoso.com", DropConflicts: true}
	if _, err := n.client.RestoreUser(t.Context(), garth.ID, as); err != nil {
		t.Errorf("under another name: %v", err)
	}
}

func TestRestoreUserOfHigherRank(t *testing.T) {
	t.Parallel()
	n := newTenant(t, m365fake.Config{})
	robin := one(t, n, "robinc@contoso.com").Account
	_, err := n.client.RestoreUser(t.Context(), robin.ID, recovery.RestoreAs{})
	if e, ok := errors.AsType[*recovery.Error](err); !ok || e.Kind != recovery.Forbidden || e.Detail != "User.DeleteRestore.All" {
		t.Errorf("%v", err)
	}
}

func TestRestoreWhoseAnswerIsLost(t *testing.T) {
	t.Parallel()
	n := newTenant(t, m365fake.Config{})
	id := one(t, n, "alland@contoso.com").Account.ID
	if err := n.desk.Add(fault.Fault{Service: "graph", Match: "/restore", Kind: fault.Lost, Times: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := n.client.RestoreUser(t.Context(), id, recovery.RestoreAs{}); recovery.KindOf(err) != recovery.Unavailable {
		t.Errorf("it may have happened: %v", err)
	}
	sent := 0
	for _, c := range n.desk.Calls() {
		if strings.HasSuffix(c.Path, "/restore") {
			sent++
		}
	}
	if _, _, err := n.client.Account(t.Context(), id); err != nil || sent != 1 {
		t.Errorf("it did happen, by one call of %d: %v", sent, err)
	}
}

func TestLicenses(t *testing.T) {
	t.Parallel()
	n := newTenant(t, m365fake.Config{})
	ctx, hugh := t.Context(), one(t, n, "hughm@contoso.com").Account
	license := recovery.AssignedLicense{SKU: spe3}
	_, err := n.client.AssignLicense(ctx, hugh.ID, license)
	if e, ok := errors.AsType[*recovery.Error](err); !ok || e.Kind != recovery.Unavailable || e.Detail != "usageLocation" {
		t.Errorf("without a usage location: %v", err)
	}
	if _, err := n.client.SetUsageLocation(ctx, hugh.ID, "LV"); err != nil {
		t.Fatal(err)
	}
	if _, err := n.client.AssignLicense(ctx, hugh.ID, license); err != nil {
		t.Fatal(err)
	}
	a, _, err := n.client.Account(ctx, hugh.ID)
	if err != nil || a.UsageLocation != "LV" || len(a.Licenses) != 1 || a.Licenses[0].SKU != spe3 {
		t.Errorf("%+v, %v", a, err)
	}
	if p, err := n.client.Mailbox(ctx, hugh.ID); err != nil || p.State != recovery.MailboxAnswers {
		t.Errorf("%+v, %v", p, err)
	}
	james := one(t, n, "jamesl@contoso.com").Account
	if _, err := n.client.AssignLicense(ctx, james.ID, recovery.AssignedLicense{SKU: "4b9405b0-7788-4568-add1-99614e613b69"}); recovery.KindOf(err) != recovery.NoSeat {
		t.Errorf("no seat is left: %v", err)
	}
	stephen := one(t, n, "stephenk@contoso.com").Account
	if err := n.SetSeats("STANDARDPACK", 100); err != nil {
		t.Fatal(err)
	}
	if _, err := n.client.ReprocessLicenses(ctx, stephen.ID); err != nil {
		t.Fatal(err)
	}
	if a, _, err = n.client.Account(ctx, stephen.ID); err != nil || a.LicenseStates[0].State != "Active" {
		t.Errorf("the group's licence works now: %+v, %v", a.LicenseStates, err)
	}
}

func TestLicenseIsTakenBack(t *testing.T) {
	t.Parallel()
	n := newTenant(t, m365fake.Config{})
	ctx, hugh := t.Context(), one(t, n, "hughm@contoso.com").Account
	if _, err := n.client.SetUsageLocation(ctx, hugh.ID, "LV"); err != nil {
		t.Fatal(err)
	}
	if _, err := n.client.AssignLicense(ctx, hugh.ID, recovery.AssignedLicense{SKU: spe3}); err != nil {
		t.Fatal(err)
	}
	if receipt, err := n.client.RemoveLicense(ctx, hugh.ID, spe3); err != nil || receipt.RequestID == "" {
		t.Fatalf("%+v, %v", receipt, err)
	}
	if a, _, err := n.client.Account(ctx, hugh.ID); err != nil || len(a.Licenses) != 0 || a.UsageLocation != "LV" {
		t.Errorf("%+v, %v", a, err)
	}
	if _, err := n.client.RemoveLicense(ctx, hugh.ID, spe3); recovery.KindOf(err) != recovery.NotFound {
		t.Errorf("it is gone already: %v", err)
	}
	amy := one(t, n, "amyr@contoso.com").Account
	_, err := n.client.RemoveLicense(ctx, amy.ID, amy.Licenses[0].SKU)
	if e, ok := errors.AsType[*recovery.Error](err); !ok || e.Kind != recovery.Invalid || e.Detail != recovery.FromGroup {
		t.Errorf("a group gives it: %v", err)
	}
	if a, _, err := n.client.Account(ctx, amy.ID); err != nil || len(a.Licenses) != len(amy.Licenses) {
		t.Errorf("%+v, %v", a.Licenses, err)
	}
}

func TestBlockSignIn(t *testing.T) {
	t.Parallel()
	n := newTenant(t, m365fake.Config{})
	megan := one(t, n, "meganb@contoso.com").Account
	if _, err := n.client.BlockSignIn(t.Context(), megan.ID); err != nil {
		t.Fatal(err)
	}
	if a, _, err := n.client.Account(t.Context(), megan.ID); err != nil || a.Enabled == nil || *a.Enabled {
		t.Errorf("%+v, %v", a.Enabled, err)
	}
}

// TestDeleteUser: the user is among the deleted ones, a second call finds nobody, and a restore brings the very user back.
func TestDeleteUser(t *testing.T) {
	t.Parallel()
	n := newTenant(t, m365fake.Config{})
	megan := one(t, n, "meganb@contoso.com").Account
	if _, err := n.client.DeleteUser(t.Context(), megan.ID); err != nil {
		t.Fatal(err)
	}
	if gone := one(t, n, "meganb@contoso.com").Account; gone.ID != megan.ID || !gone.Deleted() {
		t.Errorf("%+v", gone)
	}
	if _, err := n.client.DeleteUser(t.Context(), megan.ID); recovery.KindOf(err) != recovery.NotFound {
		t.Errorf("a second time: %v", err)
	}
	if _, err := n.client.RestoreUser(t.Context(), megan.ID, recovery.RestoreAs{}); err != nil {
		t.Fatal(err)
	}
	if back := one(t, n, "meganb@contoso.com").Account; back.ID != megan.ID || back.Deleted() {
		t.Errorf("%+v", back)
	}
}

// TestRolesAssigned: an admin's roles are read, and where they may not be read they are unknown.
func TestRolesAssigned(t *testing.T) {
	t.Parallel()
	n := newTenant(t, m365fake.Config{})
	nestor, megan := one(t, n, "nestorw@contoso.com").Account, one(t, n, "meganb@contoso.com").Account
	if a, err := n.client.RolesAssigned(t.Context(), nestor.ID); err != nil || !a.RolesKnown || !slices.Equal(a.Roles, []string{"Exchange Administrator"}) {
		t.Errorf("%+v, %v", a, err)
	}
	if a, err := n.client.RolesAssigned(t.Context(), megan.ID); err != nil || !a.RolesKnown || len(a.Roles) > 0 {
		t.Errorf("%+v, %v", a, err)
	}
	s := newStub(t, says(403, refusal("Authorization_RequestDenied", "…", "")))
	if a, err := s.client.RolesAssigned(t.Context(), someID); err != nil || a.RolesKnown {
		t.Errorf("%+v, %v", a, err)
	}
	if _, err := s.client.RolesAssigned(t.Context(), ""); recovery.KindOf(err) != recovery.Invalid || len(s.requests()) != 1 {
		t.Errorf("of nobody: %v", err)
	}
}
