package m365fake

import (
	"testing"
	"time"
)

// plan is the capabilityStatus of a user's service plan, "" without it.
func (st *stand) plan(upn, name string) string {
	st.t.Helper()
	r := st.call("GET", "/users/"+upn+"@contoso.com?$select=assignedPlans", "")
	list, _ := r.body["assignedPlans"].([]any)
	for _, x := range list {
		if p := x.(map[string]any); p["servicePlanId"] == knownPlans()[name].ID {
			return p["capabilityStatus"].(string)
		}
	}
	return ""
}

func (st *stand) assignTo(alias, sku, disabled string) reply {
	st.t.Helper()
	return st.call("POST", "/users/"+alias+"@contoso.com/assignLicense", `{"addLicenses":[{"skuId":"`+sku+`","disabledPlans":[`+disabled+`]}],"removeLicenses":[]}`)
}

func (st *stand) items(identity string) any {
	st.t.Helper()
	r := st.run("Get-MailboxStatistics", map[string]any{"Identity": identity}, "")
	if len(r.rows()) != 1 {
		return nil
	}
	return r.rows()[0]["ItemCount"]
}

func TestLicenseLostAndGivenBack(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	for _, alias := range []string{"debrab", "irvins", "emilyb"} {
		if got := st.plan(alias, "EXCHANGE_S_ENTERPRISE"); got != "Deleted" {
			t.Errorf("%s: the plan is %q before", alias, got)
		}
		before := st.consumed("SPE_E3")
		st.wantStatus(st.assignTo(alias, SPE_E3, ""), 200)
		if got := st.plan(alias, "EXCHANGE_S_ENTERPRISE"); got != "Enabled" || st.consumed("SPE_E3") != before+1 {
			t.Errorf("%s: the plan is %q after", alias, got)
		}
		st.wantStatus(st.call("GET", "/users/"+alias+"@contoso.com/mailboxSettings", ""), 200)
		if n, _ := st.items(alias + "@contoso.com").(float64); n == 0 {
			t.Errorf("%s: the mailbox is empty", alias)
		}
	}
	st.wantStatus(st.call("POST", "/users/debrab@contoso.com/assignLicense", `{"addLicenses":[],"removeLicenses":["`+SPE_E3+`"]}`), 200)
	st.wantStatus(st.call("GET", "/users/debrab@contoso.com/mailboxSettings", ""), 404)
}

func TestLicenseLostTooLongAgo(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	for _, alias := range []string{"olafj"} {
		st.wantStatus(st.assignTo(alias, SPE_E3, ""), 200)
		if n := st.items(alias + "@contoso.com"); n != 0.0 {
			t.Errorf("%s: the new mailbox has %v items", alias, n)
		}
	}
	st.clock.advance(26 * day) // debrab lost hers 5 days ago
	st.wantStatus(st.assignTo("debrab", SPE_E3, ""), 200)
	if n := st.items("debrab@contoso.com"); n != 0.0 {
		t.Errorf("debrab: after 31 days the mailbox has %v items", n)
	}
	r := st.run("Get-Mailbox", map[string]any{"Identity": "debrab@contoso.com"}, "?$select=WhenMailboxCreated")
	if created, _ := time.Parse(time.RFC3339, r.column("WhenMailboxCreated")[0]); st.clock.now().Sub(created) > time.Hour {
		t.Errorf("the new mailbox says it was made at %s", created)
	}
}

func TestPlanSwitchedOff(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	st.wantStatus(st.call("GET", "/users/ninac@contoso.com/mailboxSettings", ""), 404)
	before := st.consumed("SPE_E3")
	st.wantStatus(st.assignTo("ninac", SPE_E3, `"`+knownPlans()["TEAMS1"].ID+`"`), 200)
	if st.plan("ninac", "EXCHANGE_S_ENTERPRISE") != "Enabled" || st.plan("ninac", "TEAMS1") != "Deleted" || st.consumed("SPE_E3") != before {
		t.Error("the disabled plans were not replaced")
	}
	st.wantStatus(st.call("GET", "/users/ninac@contoso.com/mailboxSettings", ""), 200)
	st.wantCode(st.assignTo("ninac", SPE_E3, `"`+knownPlans()["EXCHANGE_S_STANDARD"].ID+`"`), 400, "Request_BadRequest", "is not part of license")
}

func TestGroupLicenseInError(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	state := func(alias string) map[string]any {
		r := st.call("GET", "/users/"+alias+"@contoso.com?$select=licenseAssignmentStates", "")
		list, _ := r.body["licenseAssignmentStates"].([]any)
		if len(list) != 1 {
			t.Fatalf("%s has %s", alias, r.raw)
		}
		return list[0].(map[string]any)
	}
	if s := state("stephenk"); s["state"] != "Error" || s["error"] != "CountViolation" || s["assignedByGroup"] != newID("group", "e1") {
		t.Errorf("stephenk has %v", s)
	}
	lost, err := time.Parse(time.RFC3339, state("ruthd")["lastUpdatedDateTime"].(string))
	if err != nil || time.Since(lost) < retention {
		t.Errorf("ruthd lost hers at %v", lost)
	}
	reprocess := func(alias string) {
		st.wantStatus(st.call("POST", "/users/"+alias+"@contoso.com/reprocessLicenseAssignment", ""), 200)
	}
	reprocess("stephenk") // no seat yet: 200, and still in error
	if s := state("stephenk"); s["state"] != "Error" {
		t.Errorf("stephenk got a seat that is not there: %v", s)
	}
	if err := st.SetSeats("STANDARDPACK", 10); err != nil {
		t.Fatal(err)
	}
	reprocess("stephenk")
	reprocess("ruthd")
	if s := state("stephenk"); s["state"] != "Active" {
		t.Errorf("stephenk has %v", s)
	}
	if n, _ := st.items("stephenk@contoso.com").(float64); n == 0 {
		t.Error("stephenk's mailbox is empty")
	}
	if n := st.items("ruthd@contoso.com"); n != 0.0 {
		t.Errorf("ruthd's new mailbox has %v items", n)
	}
	if err := st.SetMembership("stephenk@contoso.com", "Licensed - Office 365 E1", false); err != nil {
		t.Fatal(err)
	}
	reprocess("stephenk")
	if got := st.plan("stephenk", "EXCHANGE_S_STANDARD"); got != "Deleted" {
		t.Errorf("out of the group the plan is %q", got)
	}
}

func TestSeats(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	free := map[string]float64{}
	for _, k := range st.call("GET", "/subscribedSkus", "").rows() {
		free[k["skuPartNumber"].(string)] = k["prepaidUnits"].(map[string]any)["enabled"].(float64) - k["consumedUnits"].(float64)
	}
	for part, want := range map[string]float64{"STANDARDPACK": -1, "EXCHANGESTANDARD": 0, "SPE_E3": 20, "EXCHANGEDESKLESS": 0} {
		if free[part] != want {
			t.Errorf("%s has %v free seats, want %v", part, free[part], want)
		}
	}
	if st.plan("frankm", "EXCHANGE_S_FOUNDATION") != "Enabled" {
		t.Error("frankm lacks the plan that looks like Exchange")
	}
	st.wantStatus(st.call("GET", "/users/frankm@contoso.com/mailboxSettings", ""), 404)
	if err := st.SetLicenses("meganb@contoso.com", "M365_F1"); err != nil {
		t.Fatal(err)
	}
	st.wantStatus(st.call("GET", "/users/meganb@contoso.com/mailboxSettings", ""), 404)
}
