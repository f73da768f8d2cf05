package m365fake

import (
	"fmt"
	"net/url"
	"testing"
	"time"
)

// hasMailbox tells whether a mailbox of alias is found with a switch, "" for live ones.
func (st *stand) hasMailbox(alias, how string) bool {
	p := params{"Identity": alias + "@contoso.com"}
	if how != "" {
		p[how] = true
	}
	return st.run("Get-Mailbox", p, "").status == 200
}

// TestPlainAccounts checks that the accounts that scripts rely on are as the seed's comment says.
func TestPlainAccounts(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	for _, alias := range []string{"meganb", "alexw", "pattif", "isaiahl", "nestorw", "lidiah", "leeg", "jonis", "diegos", "helpdesk", "marior", "petrak"} {
		st.wantStatus(st.call("GET", "/users/"+alias+"@contoso.com/mailboxSettings", ""), 200)
		if !st.hasMailbox(alias, "") {
			t.Errorf("%s has no mailbox in Exchange", alias)
		}
	}
	for _, alias := range []string{"debrab", "irvins", "emilyb"} {
		st.wantCode(st.call("GET", "/users/"+alias+"@contoso.com/mailboxSettings", ""), 404, "MailboxNotEnabledForRESTAPI", "")
		if st.hasMailbox(alias, "") || !st.hasMailbox(alias, "SoftDeletedMailbox") {
			t.Errorf("%s: the mailbox is not kept", alias)
		}
	}
	for _, alias := range []string{"adelev", "christiec", "alland", "info", "frontdesk", "invoices"} {
		r := st.call("GET", "/directory/deletedItems/"+st.deletedID(alias)+"?$select=deletedDateTime,assignedLicenses,accountEnabled", "")
		gone, err := time.Parse(time.RFC3339, fmt.Sprint(r.body["deletedDateTime"]))
		if err != nil || time.Since(gone) > 20*day || !st.hasMailbox(alias, "SoftDeletedMailbox") {
			t.Errorf("%s: %s", alias, r.raw)
		}
		licenses, _ := r.body["assignedLicenses"].([]any)
		if shared := r.body["accountEnabled"] == false; shared != (len(licenses) == 0) {
			t.Errorf("%s: sign-in blocked is %v with %d licenses", alias, shared, len(licenses))
		}
	}
	for alias, how := range map[string]string{"brianj": "SoftDeletedMailbox", "cameronw": "SoftDeletedMailbox", "benw": "InactiveMailboxOnly", "deliad": "InactiveMailboxOnly"} {
		if !st.hasMailbox(alias, how) || st.hasMailbox(alias, "") {
			t.Errorf("%s is not found by %s alone", alias, how)
		}
	}
}

// TestTraps checks the traps that no other test looks at.
func TestTraps(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	live := func(filter string) int { return len(st.find("/users", filter, "").rows()) }
	gone := func(filter string) int {
		return len(st.find("/directory/deletedItems/graph.user", filter, "").rows())
	}
	for what, ok := range map[string]bool{
		"garthf lives and is deleted":             live("mail eq 'garthf@contoso.com'") == 1 && gone("mail eq 'garthf@contoso.com'") == 1,
		"david smith lives and is deleted":        live("displayName eq 'David Smith'") == 1 && gone("displayName eq 'David Smith'") == 1,
		"the deleted look-alike has its own name": gone("displayName eq 'Adele Vance'") == 1 && gone("startsWith(displayName,'Adele')") == 2,
		"the look-alike address is another":       gone("proxyAddresses/any(p:p eq 'smtp:adelev@contoso.com')") == 1,
		"capital letters do not matter":           live("userPrincipalName eq 'katria@contoso.com'") == 1,
		"mail differs from the sign-in name":      gone("mail eq 'kai.klein@contoso.com'") == 1 && gone("mail eq 'kk1204@contoso.com'") == 0,
		"mail may be null":                        gone("mail eq 'tinaw@contoso.com'") == 0 && gone("mail eq null") == 1,
		"a purged user is nowhere":                live("mail eq 'formerstaff@contoso.com'")+gone("mail eq 'formerstaff@contoso.com'") == 0 && !st.hasMailbox("formerstaff", "SoftDeletedMailbox"),
		"synchronised and deleted":                gone("onPremisesSyncEnabled eq true") == 1,
		"sign-in blocked":                         live("accountEnabled eq false and mail eq 'blakem@contoso.com'") == 1,
		"a guest has no mailbox":                  st.call("GET", "/users/"+url.PathEscape("lukasz_northwindtraders.com#EXT#@contoso.onmicrosoft.com")+"/mailboxSettings", "").code() == "MailboxNotEnabledForRESTAPI",
		"omarb had two licenses that fit":         st.plan("omarb", "EXCHANGE_S_ENTERPRISE") == "Deleted" && st.plan("omarb", "EXCHANGE_ANALYTICS") == "Deleted",
		"petrak has both Exchange plans":          st.plan("petrak", "EXCHANGE_S_STANDARD") == "Enabled" && st.plan("petrak", "EXCHANGE_S_ENTERPRISE") == "Enabled",
		"enricoc's new mailbox is nearly empty":   st.items("enricoc@contoso.com") == 3.0,
	} {
		if !ok {
			t.Error("not so: " + what)
		}
	}
	for alias, views := range map[string][3]bool{ // in use, soft-deleted, inactive
		"kellyk": {true, false, false}, "jordanm": {true, false, false}, "gerhartm": {}, "daisyp": {},
		"hannahh": {false, true, true}, "rolandw": {false, true, true}, "andreww": {true, true, true}, "monicat": {true, true, true},
	} {
		if got := [3]bool{st.hasMailbox(alias, ""), st.hasMailbox(alias, "SoftDeletedMailbox"), st.hasMailbox(alias, "InactiveMailboxOnly")}; got != views {
			t.Errorf("%s is in use, soft-deleted, inactive: %v, not %v", alias, got, views)
		}
		deleted := alias != "andreww" && alias != "monicat"
		if got := gone("mail eq '"+alias+"@contoso.com'") == 1; got != deleted || live("mail eq '"+alias+"@contoso.com'") == 1 == deleted {
			t.Errorf("%s is deleted: %v, not %v", alias, got, deleted)
		}
	}
	r := st.call("GET", "/directory/deletedItems/"+st.deletedID("zoec"), "")
	st.wantStatus(r, 200)
	if left := st.deleted.byID[st.deletedID("zoec")].Deleted.Add(retention).Sub(st.clock.now()); left < 12*time.Hour || left > day {
		t.Errorf("zoec has %s left", left)
	}
}

// TestSize holds the promise that a large tenant is asked by its indexes.
func TestSize(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: 100,000 users take a second")
	}
	st := newStand(t, func(c *Config) { c.Users = 100_000 })
	upn := "user54320@contoso.com" // a multiple of 20: deleted
	gone := "/directory/deletedItems/microsoft.graph.user"
	for _, c := range []struct{ path, filter, more, header string }{
		{gone, "mail eq '" + upn + "'", "", ""},
		{gone, "proxyAddresses/any(p:p eq 'smtp:" + upn + "')", "", ""},
		{gone, "endsWith(userPrincipalName,'" + upn + "')", "&$count=true", eventual},
		{gone, "id eq '" + newID("user", upn) + "'", "", ""},
		{"/users", "userPrincipalName eq 'user54321@contoso.com' or mail eq 'user54321@contoso.com' or proxyAddresses/any(p:p eq 'smtp:user54321@contoso.com')", "", ""},
	} {
		f, err := parseFilter(c.filter)
		if err != nil {
			t.Fatal(err)
		}
		set := map[bool]*userSet{true: st.deleted, false: st.live}[c.path == gone]
		if ids, indexed := set.candidates(f); !indexed || len(ids) > 3 {
			t.Errorf("%s looks at %d users, indexed %v", c.filter, len(ids), indexed)
		}
		if r := st.find(c.path, c.filter, c.more, c.header); len(r.rows()) != 1 {
			t.Fatalf("%s finds %s", c.filter, r.raw)
		}
	}
	st.wantStatus(st.call("POST", gone[:len("/directory/deletedItems")]+"/"+newID("user", upn)+"/restore", ""), 200)
	free := 0.0
	for _, k := range st.call("GET", "/subscribedSkus", "").rows() {
		if k["skuPartNumber"] == "SPE_E3" {
			free = k["prepaidUnits"].(map[string]any)["enabled"].(float64) - k["consumedUnits"].(float64)
		}
	}
	if free < 5000 {
		t.Errorf("%v seats are free: not enough for all deleted users", free)
	}
}
