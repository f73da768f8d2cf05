package m365fake

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func (st *stand) restore(id, body string) reply {
	st.t.Helper()
	return st.call("POST", "/directory/deletedItems/"+id+"/restore", body)
}

func (st *stand) consumed(part string) float64 {
	st.t.Helper()
	for _, row := range st.call("GET", "/subscribedSkus", "").rows() {
		if row["skuPartNumber"] == part {
			return row["consumedUnits"].(float64)
		}
	}
	st.t.Fatalf("no subscription %s", part)
	return 0
}

func TestDeletedUser(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	id := st.deletedID("adelev")
	r := st.call("GET", "/directory/deletedItems/"+id+"?$select=id,userPrincipalName,mail,deletedDateTime,assignedLicenses", "")
	if want := strings.ReplaceAll(id, "-", "") + "adelev@contoso.com"; r.body["userPrincipalName"] != want || r.body["mail"] != "adelev@contoso.com" {
		t.Errorf("the deleted user is %s", r.raw)
	}
	if list, _ := r.body["assignedLicenses"].([]any); len(list) != 1 {
		t.Errorf("the deleted user holds %v", list)
	}
	before := st.consumed("SPE_E3")
	r = st.restore(id, "")
	if r.status != 200 || r.body["@odata.type"] != "#microsoft.graph.user" || r.body["userPrincipalName"] != "adelev@contoso.com" {
		t.Fatalf("restore answers %d %s", r.status, r.raw)
	}
	st.wantCode(st.restore(id, ""), 404, "Request_ResourceNotFound", id)
	if got := st.consumed("SPE_E3"); got != before+1 {
		t.Errorf("%v seats are used after %v", got, before)
	}
	if got := st.call("GET", "/users/adelev@contoso.com/memberOf", "").column("displayName"); !slices.Equal(got, []string{"Sales"}) {
		t.Errorf("groups after the restore: %v", got)
	}
	if r := st.call("GET", "/users/"+id+"/mailboxSettings", ""); r.body["userPurpose"] != "user" {
		t.Errorf("the mailbox says %s", r.raw)
	}
	if r := st.run("Get-Mailbox", map[string]any{"Identity": "adelev@contoso.com"}, ""); len(r.rows()) != 1 || r.rows()[0]["ExchangeGuid"] != newID("mailbox", id) {
		t.Errorf("not the old mailbox: %s", r.raw)
	}
}

func TestRestoreOverConsumes(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	if err := st.SetSeats("SPE_E3", 1); err != nil {
		t.Fatal(err)
	}
	st.wantStatus(st.restore(st.deletedID("adelev"), ""), 200)
	r := st.call("GET", "/users/adelev@contoso.com?$select=assignedLicenses", "")
	if list, _ := r.body["assignedLicenses"].([]any); len(list) != 1 {
		t.Errorf("the license did not come back: %s", r.raw)
	}
}

func TestRestoreConflicts(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	for _, c := range []struct{ alias, target string }{{"garthf", "userPrincipalName"}, {"fadym", "proxyAddresses"}, {"tonyk", "proxyAddresses"}, {"biancap", "proxyAddresses"}} {
		r := st.restore(st.deletedID(c.alias), "")
		st.wantCode(r, 400, "Request_BadRequest", "Another object with the same value for property "+c.target+" already exists.")
		details, _ := r.body["error"].(map[string]any)["details"].([]any)
		if len(details) == 0 || details[0].(map[string]any)["code"] != "ObjectConflict" || details[0].(map[string]any)["target"] != c.target {
			t.Errorf("%s: details are %v", c.alias, details)
		}
	}
	st.wantStatus(st.restore(st.deletedID("fadym"), `{"autoReconcileProxyConflict":true}`), 200)
	r := st.call("GET", "/users/fadym@contoso.com?$select=proxyAddresses", "")
	if got, _ := r.body["proxyAddresses"].([]any); len(got) != 1 || got[0] != "SMTP:fadym@contoso.com" {
		t.Errorf("fadym has %v", got)
	}
	if r := st.find("/users", "proxyAddresses/any(p:p eq 'smtp:press@contoso.com')", "&$select=mail"); !slices.Equal(r.column("mail"), []string{"zrinkam@contoso.com"}) {
		t.Errorf("press@ is held by %s", r.raw)
	}
	st.wantCode(st.restore(st.deletedID("garthf"), `{"newUserPrincipalName":"garth.old@contoso.com"}`), 400, "Request_BadRequest", "proxyAddresses")
	st.wantStatus(st.restore(st.deletedID("garthf"), `{"newUserPrincipalName":"garth.old@contoso.com","autoReconcileProxyConflict":true}`), 200)
	st.wantStatus(st.call("GET", "/users/garth.old@contoso.com", ""), 200)
}

func TestRestorePrivileged(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	robin := st.deletedID("robinc")
	st.wantCode(st.restore(robin, ""), 403, "Authorization_RequestDenied", "Insufficient privileges")
	st.GrantRole("Privileged Authentication Administrator")
	st.wantStatus(st.restore(robin, ""), 200)
	if got := st.call("GET", "/users/robinc@contoso.com/memberOf/graph.directoryRole", "").column("displayName"); !slices.Equal(got, []string{"Global Administrator"}) {
		t.Errorf("robinc is back with %v", got)
	}
}

func TestRestoreShared(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	for alias, purpose := range map[string]string{"info": "shared", "frontdesk": "shared", "careers": "shared", "rainier": "room"} {
		st.wantStatus(st.restore(st.deletedID(alias), ""), 200)
		r := st.call("GET", "/users/"+alias+"@contoso.com/mailboxSettings?$select=userPurpose", "")
		if r.body["userPurpose"] != purpose {
			t.Errorf("%s says %s", alias, r.raw)
		}
		r = st.call("GET", "/users/"+alias+"@contoso.com?$select=accountEnabled,assignedLicenses", "")
		if list, _ := r.body["assignedLicenses"].([]any); len(list) != 0 || r.body["accountEnabled"] != (alias == "careers") {
			t.Errorf("%s is %s", alias, r.raw)
		}
	}
}

func TestPurge(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	zoe, adele := st.deletedID("zoec"), st.deletedID("adelev")
	st.clock.advance(21 * time.Hour)
	st.wantStatus(st.call("GET", "/directory/deletedItems/"+zoe, ""), 200)
	st.clock.advance(2 * time.Hour)
	st.wantStatus(st.call("GET", "/directory/deletedItems/"+zoe, ""), 404)
	st.wantStatus(st.restore(zoe, ""), 404)
	r := st.run("Get-Mailbox", map[string]any{"Identity": "zoec@contoso.com", "SoftDeletedMailbox": true}, "")
	if r.status != 404 {
		t.Errorf("the mailbox of a purged user is %s", r.raw)
	}
	st.wantStatus(st.restore(adele, ""), 200)
	st.clock.advance(60 * day)
	if got := len(st.Tenant().DeletedUsers); got != 0 {
		t.Errorf("%d deleted users after 60 days", got)
	}
	st.wantStatus(st.call("GET", "/users/"+adele, ""), 200)
	r = st.run("Get-Mailbox", map[string]any{"InactiveMailboxOnly": true}, "?$select=Alias")
	if got := r.column("Alias"); !slices.Equal(got, []string{"benw", "deliad", "biggs", "rosaf", "hannahh", "rolandw", "andreww", "monicat"}) {
		t.Errorf("inactive mailboxes after 60 days: %v", got)
	}
}

func TestDeleteAndHardDelete(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	st.wantStatus(st.call("DELETE", "/users/meganb@contoso.com", ""), 204)
	st.wantStatus(st.call("GET", "/users/meganb@contoso.com", ""), 404)
	id := st.deletedID("meganb")
	soft := map[string]any{"Identity": "meganb@contoso.com", "SoftDeletedMailbox": true}
	if r := st.run("Get-Mailbox", soft, ""); len(r.rows()) != 1 || r.rows()[0]["ExternalDirectoryObjectId"] != id || r.rows()[0]["IsSoftDeletedByRemove"] != true {
		t.Errorf("after the deletion: %s", r.raw)
	}
	st.wantStatus(st.call("DELETE", "/directory/deletedItems/"+id, ""), 204)
	st.wantStatus(st.restore(id, ""), 404)
	if r := st.run("Get-Mailbox", soft, ""); len(r.rows()) != 1 || r.rows()[0]["ExternalDirectoryObjectId"] != "" {
		t.Errorf("after the purge: %s", r.raw)
	}
	st.wantCode(st.call("DELETE", "/users/admin@contoso.com", ""), 403, "Authorization_RequestDenied", "")
}

func TestReadsLagBehindWrites(t *testing.T) {
	t.Parallel()
	st := newStand(t, func(c *Config) { c.Lag = 400 * time.Millisecond })
	id := st.deletedID("adelev")
	st.wantStatus(st.restore(id, ""), 200)
	if r := st.call("GET", "/users/"+id, ""); r.status != 404 {
		t.Errorf("the restored user is there at once")
	}
	st.wantStatus(st.restore(id, ""), 404) // writes see each other
	inList := func() bool { return len(st.find("/users", "mail eq 'adelev@contoso.com'", "").rows()) == 1 }
	eventually(t, "GET by id shows the user", func() bool { return st.call("GET", "/users/"+id, "").status == 200 })
	if inList() {
		t.Error("$filter is as fast as a read by id")
	}
	eventually(t, "$filter shows the user", inList)

	// A usage location just set is not seen by the assignment that follows.
	assign := `{"addLicenses":[{"skuId":"` + SPE_E3 + `","disabledPlans":[]}],"removeLicenses":[]}`
	st.wantStatus(st.call("PATCH", "/users/hughm@contoso.com", `{"usageLocation":"DE"}`), 204)
	st.wantCode(st.call("POST", "/users/hughm@contoso.com/assignLicense", assign), 400, "Request_BadRequest", "invalid usage location")
	eventually(t, "the license is assigned", func() bool { return st.call("POST", "/users/hughm@contoso.com/assignLicense", assign).status == 200 })
}

func TestProvisioningTakesTime(t *testing.T) {
	t.Parallel()
	st := newStand(t, func(c *Config) { c.Provisioning = time.Hour })
	id := st.deletedID("adelev")
	st.wantStatus(st.restore(id, ""), 200)
	st.wantCode(st.call("GET", "/users/"+id+"/mailboxSettings", ""), 404, "MailboxNotEnabledForRESTAPI", "")
	st.clock.advance(59 * time.Minute)
	st.wantStatus(st.call("GET", "/users/"+id+"/mailboxSettings", ""), 404)
	st.clock.advance(2 * time.Minute)
	st.wantStatus(st.call("GET", "/users/"+id+"/mailboxSettings", ""), 200)

	quick := newStand(t, func(c *Config) {
		c.Provisioning = 50 * time.Millisecond
		c.Now = func() time.Time { return time.Unix(1_800_000_000, 0) }
	})
	quick.wantStatus(quick.restore(id, ""), 200)
	eventually(t, "the wall clock brings the mailbox while the tenant's stands still", func() bool {
		return quick.call("GET", "/users/"+id+"/mailboxSettings", "").status == 200
	})
}

func TestHeldMailboxBecomesInactive(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	id := newID("user", "meganb@contoso.com")
	st.mailboxes.of(id).Litigation = true
	st.wantStatus(st.call("DELETE", "/users/"+id, ""), 204)
	inactive := params{"Identity": "meganb@contoso.com", "InactiveMailboxOnly": true}
	st.wantStatus(st.run("Get-Mailbox", inactive, ""), 200)
	st.wantStatus(st.restore(id, ""), 200)
	st.wantStatus(st.call("GET", "/users/"+id+"/mailboxSettings", ""), 200)
	st.wantStatus(st.run("Get-Mailbox", inactive, ""), 404)
	st.wantStatus(st.call("DELETE", "/users/"+id, ""), 204)
	st.clock.advance(31 * day)
	if r := st.run("Get-Mailbox", inactive, ""); len(r.rows()) != 1 || r.rows()[0]["ExternalDirectoryObjectId"] != "" {
		t.Errorf("after the purge of the user: %s", r.raw)
	}
}
