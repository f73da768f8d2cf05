package m365fake

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestPermissions(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	r := st.run("Get-MailboxPermission", params{"Identity": "helpdesk@contoso.com"}, "")
	if got := r.column("User"); !slices.Equal(got, []string{`NT AUTHORITY\SELF`, "alexw@contoso.com", "lidiah@contoso.com", `NAMPR01A001\Organization Management`}) {
		t.Errorf("who may open it: %v", got)
	}
	inherited := func(i int) any { return r.rows()[i]["IsInherited"] }
	if x := r.rows()[1]; x["Deny"] != false || inherited(1) != false || inherited(3) != true || fmt.Sprint(x["AccessRights"]) != "[FullAccess]" {
		t.Errorf("the rights are %v", r.rows())
	}
	if r := st.run("Get-MailboxPermission", params{"Identity": "helpdesk", "User": "alexw@contoso.com"}, ""); len(r.rows()) != 1 {
		t.Errorf("of one person: %s", r.raw)
	}
	r = st.run("Get-RecipientPermission", params{"Identity": "helpdesk@contoso.com"}, "")
	if got := r.column("Trustee"); !slices.Equal(got, []string{`NT AUTHORITY\SELF`, "alexw@contoso.com"}) || fmt.Sprint(r.rows()[1]["AccessRights"]) != "[SendAs]" {
		t.Errorf("who may send as it: %s", r.raw)
	}
	if r := st.run("Get-MailboxPermission", params{"Identity": orphanID("warehouse"), "SoftDeletedMailbox": true}, ""); !slices.Contains(r.column("User"), "meganb@contoso.com") {
		t.Errorf("of a soft-deleted mailbox: %s", r.raw)
	}
	st.refused("Get-MailboxPermission", params{"Identity": orphanID("warehouse")}, "couldn't be found")
	st.refused("Get-MailboxPermission", params{"Identity": "helpdesk", "Owner": true, "User": "alexw"}, "Parameter set cannot be resolved")
}

func TestSizesAndQuotas(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	x := st.run("Get-MailboxStatistics", params{"Identity": orphanID("blueprints"), "IncludeSoftDeletedRecipients": true}, "").rows()[0]
	if x["TotalItemSize"] != "57 GB (61,203,283,968 bytes)" || x["DisconnectReason"] != "SoftDeleted" || x["StorageLimitStatus"] != "MailboxDisabled" {
		t.Errorf("57 GB in 50: %v", x)
	}
	st.refused("Get-MailboxStatistics", params{"Identity": orphanID("blueprints")}, "couldn't be found")
	st.refused("Get-MailboxStatistics", params{"Identity": "meganb", "Archive": true}, "doesn't have an archive")
	x = st.run("Get-MailboxStatistics", params{"Identity": orphanID("sylviaa"), "IncludeSoftDeletedRecipients": true, "Archive": true}, "").rows()[0]
	if x["ItemCount"] != 420.0 || x["MailboxGuid"] != newID("archive", orphanID("sylviaa")) {
		t.Errorf("an archive: %v", x)
	}
	for alias, want := range map[string]string{"meganb": "100 GB (107,374,182,400 bytes)", "helpdesk": "50 GB (53,687,091,200 bytes)"} {
		if x := st.run("Get-Mailbox", params{"Identity": alias}, "").rows()[0]; x["ProhibitSendReceiveQuota"] != want || x["ProhibitSendQuota"] == nil {
			t.Errorf("%s may hold %v", alias, x["ProhibitSendReceiveQuota"])
		}
	}
	if x := st.run("Get-Mailbox", params{"Identity": "lauraw"}, "").rows()[0]; x["RecoverableItemsQuota"] != "100 GB (107,374,182,400 bytes)" || x["LitigationHoldEnabled"] != true {
		t.Errorf("on hold: %v", x["RecoverableItemsQuota"])
	}
}

func TestSetMailboxAddresses(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	set := func(table map[string]any) params {
		table["@odata.type"] = "#Exchange.GenericHashTable"
		return params{"Identity": "meganb@contoso.com", "EmailAddresses": table}
	}
	for words, p := range map[string]params{
		`The proxy address "smtp:press@contoso.com" is already being used`:      set(map[string]any{"Add": "press@contoso.com"}),
		`The proxy address "smtp:newsletter@contoso.com" is already being used`: set(map[string]any{"Add": []string{"smtp:newsletter@contoso.com"}}),
		"exactly one primary SMTP address":                                      set(map[string]any{"Remove": "SMTP:meganb@contoso.com"}),
		"hashtable key 'Put' is not valid":                                      set(map[string]any{"Put": "x"}),
		"exceeds the maximum allowed":                                           {"Identity": "meganb", "RetainDeletedItemsFor": "31.00:00:00"},
		"Unable to match the identifier name Sheared":                           {"Identity": "meganb", "Type": "Sheared"},
	} {
		st.refused("Set-Mailbox", p, words)
	}
	alexDN := st.run("Get-Mailbox", params{"Identity": "alexw"}, "").column("LegacyExchangeDN")[0]
	st.refused("Set-Mailbox", set(map[string]any{"Add": "X500:" + alexDN}), "LegacyExchangeDN of")
	st.wantStatus(st.anchored("Set-Mailbox", set(map[string]any{"Add": []string{"bowen@contoso.com", "megan@contoso.com"}, "Remove": "nobody@contoso.com"})), 200)
	if got := fmt.Sprint(st.liveUser("meganb@contoso.com")["proxyAddresses"]); got != "[SMTP:meganb@contoso.com smtp:bowen@contoso.com smtp:megan@contoso.com]" {
		t.Errorf("the addresses are %s", got)
	}
	st.wantStatus(st.anchored("Set-Mailbox", params{"Identity": "meganb", "RetentionHoldEnabled": true, "RetainDeletedItemsFor": "30.00:00:00"}), 200)
	if x := st.run("Get-Mailbox", params{"Identity": "bowen@contoso.com"}, "").rows()[0]; x["RetentionHoldEnabled"] != true || x["RetainDeletedItemsFor"] != "30.00:00:00" {
		t.Errorf("set: %v", x)
	}
}

func TestDelayedDelicensing(t *testing.T) {
	t.Parallel()
	off := newStand(t)
	if r := off.run("Get-PendingDelicenseUser", params{}, ""); len(r.rows()) != 0 || off.hasMailbox("pennyd", "") {
		t.Errorf("without it: %s", r.raw)
	}
	st := newStand(t, func(c *Config) { c.DelayedDelicensing = true })
	if x := st.run("Get-OrganizationConfig", params{}, "").rows()[0]; x["DelayedDelicensingEnabled"] != true {
		t.Errorf("the organization: %v", x)
	}
	if err := st.SetLicenses("alexw@contoso.com"); err != nil {
		t.Fatal(err)
	}
	r := st.run("Get-PendingDelicenseUser", params{}, "")
	if got := r.column("UserPrincipalName"); !slices.Equal(slices.Sorted(slices.Values(got)), []string{"alexw@contoso.com", "pennyd@contoso.com"}) {
		t.Errorf("pending: %v", got)
	}
	r = st.run("Get-PendingDelicenseUser", params{"Identity": "pennyd@contoso.com"}, "")
	due, err := time.Parse(time.RFC3339, r.column("WhenDueForDelicensingUTC")[0])
	if left := due.Sub(st.clock.now()); err != nil || left < 26*day || left > 28*day {
		t.Errorf("pennyd is due in %s, %v", left, err)
	}
	st.wantStatus(st.call("GET", "/users/pennyd@contoso.com/mailboxSettings", ""), 200)
	if err := st.SetLicenses("alexw@contoso.com", "SPE_E3"); err != nil {
		t.Fatal(err)
	}
	st.clock.advance(31 * day)
	if st.hasMailbox("pennyd", "") || !st.hasMailbox("alexw", "") {
		t.Error("pennyd is to lose the mailbox, alexw to keep it")
	}
}

func TestCmdletsCanBeTakenAway(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	module := func() []any {
		r := st.send("GET", st.exchange.URL+"/adminapi/v1.0/"+TenantID+"/EXOModuleFile?Version=3.9.2", st.token(exchangeAudience), "", "CommandName: *")
		names, _ := r.rows()[0]["exportedCmdlets"].([]any)
		return names
	}
	for _, name := range []string{"New-MailboxRestoreRequest", "Get-MailboxPermission"} {
		if !slices.Contains(module(), any(name)) {
			t.Errorf("%s is not there to begin with", name)
		}
		st.SetCmdlet(strings.ToLower(name), false)
		r := st.anchored(name, params{})
		if r.status != 403 || len(r.raw) == 0 || len(bytes.Trim(r.raw, "\x00")) != 0 || slices.Contains(module(), any(name)) {
			t.Errorf("%s taken away: %d %q", name, r.status, r.raw)
		}
		st.SetCmdlet(name, true)
		if !slices.Contains(module(), any(name)) {
			t.Errorf("%s is not back", name)
		}
	}
	st.RevokeRole("Exchange Administrator")
	st.GrantRole("Global Reader")
	if names := module(); slices.Contains(names, any("New-MailboxRestoreRequest")) || !slices.Contains(names, any("Get-MailboxRestoreRequest")) {
		t.Errorf("a reader may run %v", names)
	}
}

// TestParametersAreMicrosofts checks that each cmdlet has parameters of the reference alone, with its switches as switches
// and what it demands demanded. Get-RecipientPermission and Get-PendingDelicenseUser are not in the file.
func TestParametersAreMicrosofts(t *testing.T) {
	t.Parallel()
	reference := cmdletReference(t)
	absent := []string{"Get-RecipientPermission", "Get-PendingDelicenseUser"}
	for _, c := range newStand(t).cmdlets() {
		known, described := reference[c.name]
		if described == slices.Contains(absent, c.name) {
			t.Errorf("%s is described: %v", c.name, described)
		}
		for _, p := range parseParameters(c.parameters) {
			q, ok := known.Parameters[p.name]
			if described && (!ok || (q.Online != nil && !*q.Online)) {
				t.Errorf("%s has no -%s in Exchange Online", c.name, p.name)
			}
			if ok && (q.Type == "SwitchParameter") != (p.kind == "switch") {
				t.Errorf("%s -%s is a %s, here %q", c.name, p.name, q.Type, p.kind)
			}
			if all, inAll := q.Sets["(All)"]; ok && inAll && all != p.mandatory {
				t.Errorf("%s -%s is mandatory: %v, here %v", c.name, p.name, all, p.mandatory)
			}
		}
	}
}
