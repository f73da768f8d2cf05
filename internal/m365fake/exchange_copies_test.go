package m365fake

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// anchored runs a cmdlet with the anchor that writing ones need.
func (st *stand) anchored(cmdlet string, p params) reply {
	st.t.Helper()
	return st.run(cmdlet, p, "", "X-AnchorMailbox: APP:SystemMailbox{bb558c35-97f1-4cb9-8ff7-d53741dc928c}@"+TenantID)
}

// refused checks that a cmdlet is refused with status 400, or 404 for what is not there, and in these words.
func (st *stand) refused(cmdlet string, p params, words string) {
	st.t.Helper()
	r := st.anchored(cmdlet, p)
	if (r.status != 400 && r.status != 404) || !strings.Contains(strings.NewReplacer(`\\`, `\`, `\"`, `"`).Replace(string(r.raw)), words) {
		st.t.Errorf("%s %v: got %d %s, want %q", cmdlet, p, r.status, r.raw, words)
	}
}

// orphanID is the ExchangeGuid of a mailbox of the seed whose user is purged.
func orphanID(alias string) string { return newID("mailbox", "orphan/"+alias) }

// tame is a stand where copies take a minute in the queue and two for copying, on the tenant's clock.
func tame(t *testing.T) *stand {
	t.Helper()
	return newStand(t, func(c *Config) { c.CopyQueue, c.CopyTime = time.Minute, 2*time.Minute })
}

// copyOf starts a copy of an orphan into a live mailbox, and returns its RequestGuid.
func (st *stand) copyOf(alias, target string, more ...any) string {
	st.t.Helper()
	p := params{"SourceMailbox": orphanID(alias), "TargetMailbox": target, "Name": "R-" + alias, "TargetRootFolder": "Restored", "AllowLegacyDNMismatch": true}
	for i := 0; i+1 < len(more); i += 2 {
		p[more[i].(string)] = more[i+1]
	}
	r := st.anchored("New-MailboxRestoreRequest", p)
	st.wantStatus(r, 200)
	return r.column("RequestGuid")[0]
}

func (st *stand) statistics(guid string) map[string]any {
	st.t.Helper()
	r := st.run("Get-MailboxRestoreRequestStatistics", params{"Identity": guid, "IncludeReport": true}, "")
	if len(r.rows()) != 1 {
		st.t.Fatalf("statistics of %s: %d %s", guid, r.status, r.raw)
	}
	return r.rows()[0]
}

// mailboxNow is a mailbox as the control's view of the tenant shows it.
func (st *stand) mailboxNow(guid string) map[string]any {
	st.t.Helper()
	for _, m := range st.Tenant().Mailboxes {
		if m["ExchangeGuid"] == guid {
			return m
		}
	}
	st.t.Fatalf("no mailbox %s", guid)
	return nil
}

func liveID(alias string) string { return newID("mailbox", newID("user", alias+"@contoso.com")) }

func TestCopy(t *testing.T) {
	t.Parallel()
	st := tame(t)
	before := st.mailboxNow(liveID("meganb"))["ItemCount"].(int)
	all := st.mailboxNow(orphanID("brianj"))["ItemCount"].(int)
	guid := st.copyOf("brianj", "meganb@contoso.com", "BatchName", "mailback")
	x := st.run("Get-MailboxRestoreRequest", params{"Name": "R-brianj"}, "").rows()[0]
	if x["Identity"] != `meganb\R-brianj` || x["RequestGuid"] != guid || x["Status"] != "Queued" || x["BatchName"] != "mailback" {
		t.Errorf("the request is %v", x)
	}
	if s := st.statistics(guid); s["PercentComplete"] != 0.0 || s["StartTimestamp"] != nil || s["EstimatedTransferItemCount"] != float64(all) {
		t.Errorf("queued: %v", s)
	}
	st.clock.advance(2 * time.Minute)
	half := st.statistics(guid)
	if p := half["PercentComplete"].(float64); half["Status"] != "InProgress" || half["StatusDetail"] != "CopyingMessages" || p < 50 || p > 70 {
		t.Errorf("after two minutes: %v", half)
	}
	if moved := half["ItemsTransferred"].(float64); moved < float64(all)/3 || moved >= float64(all) || half["BytesTransferred"] == "0 B (0 bytes)" {
		t.Errorf("half of %d items is %v, %v", all, moved, half["BytesTransferred"])
	}
	st.clock.advance(2 * time.Minute)
	done := st.statistics(guid)
	for name, want := range map[string]any{
		"Status": "Completed", "StatusDetail": "Completed", "PercentComplete": 100.0, "ItemsTransferred": float64(all), "SourceExchangeGuid": orphanID("brianj"),
		"TargetExchangeGuid": liveID("meganb"), "TargetRootFolder": "Restored", "DataConsistencyScore": "Perfect", "BadItemsEncountered": 0.0, "FailureType": nil,
		"BytesTransferred": done["EstimatedTransferSize"], "ConflictResolutionOption": "KeepSourceItem",
	} {
		if done[name] != want {
			t.Errorf("%s is %v, want %v", name, done[name], want)
		}
	}
	if report, _ := done["Report"].(string); !strings.Contains(report, "Request is complete.") {
		t.Errorf("the report is %q", report)
	}
	target := st.mailboxNow(liveID("meganb"))
	if folders := target["RestoredFolders"].([]restoredFolder); !slices.Equal(folders, []restoredFolder{{"Restored", orphanID("brianj"), all, false}}) || target["ItemCount"] != before+all {
		t.Errorf("the target has %v of %d+%d items, %v", target["ItemCount"], before, all, folders)
	}
	if r := st.run("Get-MailboxStatistics", params{"Identity": "meganb"}, ""); r.rows()[0]["ItemCount"] != float64(before+all) {
		t.Errorf("statistics: %s", r.raw)
	}
	if source := st.mailboxNow(orphanID("brianj")); source["WhenSoftDeleted"] == nil || source["ItemCount"] != all {
		t.Errorf("the source is %v", source)
	}
	st.clock.advance(31 * day)
	if r := st.run("Get-MailboxRestoreRequest", params{}, ""); len(r.rows()) != 0 {
		t.Errorf("after CompletedRequestAgeLimit: %s", r.raw)
	}
}

func TestCopyIsNotIdempotent(t *testing.T) {
	t.Parallel()
	st := newStand(t, func(c *Config) { c.CopyQueue, c.CopyTime = -1, -1 })
	before := st.mailboxNow(liveID("meganb"))["ItemCount"].(int)
	var names []string
	p := params{"SourceMailbox": orphanID("benw"), "TargetMailbox": "meganb", "AllowLegacyDNMismatch": true}
	for range 10 {
		r := st.anchored("New-MailboxRestoreRequest", p)
		st.wantStatus(r, 200)
		names = append(names, r.column("Name")...)
	}
	if !slices.Equal(names, []string{
		"MailboxRestore", "MailboxRestore1", "MailboxRestore2", "MailboxRestore3", "MailboxRestore4", "MailboxRestore5",
		"MailboxRestore6", "MailboxRestore7", "MailboxRestore8", "MailboxRestore9",
	}) {
		t.Errorf("the names are %v", names)
	}
	st.refused("New-MailboxRestoreRequest", p, "There isn't a default name available for a new request owned by mailbox")
	items := st.mailboxNow(orphanID("benw"))["ItemCount"].(int)
	if got := st.mailboxNow(liveID("meganb")); got["ItemCount"] != before+10*items || got["RestoredFolders"].([]restoredFolder)[0] != (restoredFolder{"", orphanID("benw"), 10 * items, false}) {
		t.Errorf("ten copies of %d: %v", items, got)
	}
	p["Name"] = "mailboxrestore3"
	st.refused("New-MailboxRestoreRequest", p, "The name must be unique per mailbox.")
	p["TargetMailbox"] = "alexw"
	st.wantStatus(st.anchored("New-MailboxRestoreRequest", p), 200)
	if r := st.run("Get-MailboxRestoreRequest", params{"Name": "MailboxRestore3"}, ""); len(r.rows()) != 2 {
		t.Errorf("a name on two targets: %s", r.raw)
	}
}

func TestCopyRefusals(t *testing.T) {
	t.Parallel()
	st := tame(t)
	brian := orphanID("brianj")
	base := func(more ...any) params {
		p := params{"SourceMailbox": brian, "TargetMailbox": "meganb@contoso.com", "AllowLegacyDNMismatch": true}
		for i := 0; i+1 < len(more); i += 2 {
			p[more[i].(string)] = more[i+1]
		}
		return p
	}
	for words, p := range map[string]params{
		"missing mandatory parameters: TargetMailbox":                     {"SourceMailbox": brian},
		"Cannot bind argument to parameter 'SourceMailbox' because it is": base("SourceMailbox", ""),
		"parameter 'TargetMailbox' because it is null":                    base("TargetMailbox", nil),
		"'badtargetfolder'": base("BadTargetFolder", "x"),
		"'baditemlimit'":    base("BadItemLimit", 10),
		"SwitchParameter":   base("SourceIsArchive", "yes"),
		"object 'nobody@contoso.com' couldn't be found":         base("SourceMailbox", "nobody@contoso.com"),
		"'enricoc@contoso.com' matches multiple entries":        base("SourceMailbox", "enricoc@contoso.com"),
		"'cecilh@contoso.com' matches multiple entries":         base("SourceMailbox", "cecilh@contoso.com"),
		"object 'cameronw@contoso.com' couldn't be found":       base("TargetMailbox", "cameronw@contoso.com"),
		"isn't a soft-deleted or inactive mailbox":              base("SourceMailbox", liveID("alexw")),
		"has an auto-expanding archive":                         base("SourceMailbox", orphanID("biggs")),
		"doesn't have an archive":                               base("SourceIsArchive", true),
		"used only with the Suspend parameter":                  base("SuspendComment", "later"),
		`contains the invalid character '\'`:                    base("Name", `a\b`),
		"Unable to match the identifier name Clever to a valid": base("ConflictResolutionOption", "Clever"),
		"Unlimited`1[EnhancedTimeSpan]":                         base("CompletedRequestAgeLimit", "soon"),
	} {
		st.refused("New-MailboxRestoreRequest", p, words)
	}
	st.refused("New-MailboxRestoreRequest", base("SourceMailbox", orphanID("quinna")), "has an auto-expanding archive")
	st.refused("New-MailboxRestoreRequest", base("TargetIsArchive", true), "doesn't have an archive")
	if r := st.run("New-MailboxRestoreRequest", base(), ""); r.status != 403 || len(r.raw) != 0 {
		t.Errorf("without an anchor: %d %s", r.status, r.raw)
	}
	st.wantStatus(st.anchored("New-MailboxRestoreRequest", base("WhatIf", true)), 200)
	if r := st.run("Get-MailboxRestoreRequest", params{}, ""); len(r.rows()) != 0 {
		t.Errorf("refused ones are there: %s", r.raw)
	}
	guid := st.copyOf("cameronw", "alexw", "ConflictResolutionOption", "KeepL") // an enumeration's prefix does, silently
	if got := st.statistics(guid)["ConflictResolutionOption"]; got != "KeepLatestItem" {
		t.Errorf("KeepL is %v", got)
	}
}

func TestLegacyDNMismatch(t *testing.T) {
	t.Parallel()
	st := tame(t)
	order := params{"SourceMailbox": orphanID("brianj"), "TargetMailbox": "meganb@contoso.com"}
	dn := st.run("Get-Mailbox", params{"Identity": "brianj", "SoftDeletedMailbox": true}, "").column("LegacyExchangeDN")[0]
	st.refused("New-MailboxRestoreRequest", order, "Source mailbox's legacyExchangeDN '"+dn+"' doesn't match the legacyExchangeDN or X500 proxy for target mailbox 'meganb_")
	set := params{"Identity": liveID("meganb"), "EmailAddresses": map[string]any{"Add": "X500:" + dn}}
	st.refused("Set-Mailbox", set, "ProxyAddressCollection")
	set["EmailAddresses"] = map[string]any{"@odata.type": "#Exchange.GenericHashTable", "Add": "X500:" + dn}
	st.wantStatus(st.anchored("Set-Mailbox", set), 200)
	if r := st.call("GET", "/users/meganb@contoso.com?$select=proxyAddresses", ""); !strings.Contains(string(r.raw), "X500:"+dn) {
		t.Errorf("the user has %s", r.raw)
	}
	st.wantStatus(st.anchored("New-MailboxRestoreRequest", order), 200)
	set["EmailAddresses"] = map[string]any{"@odata.type": "#Exchange.GenericHashTable", "Remove": "X500:" + dn}
	st.wantStatus(st.anchored("Set-Mailbox", set), 200)
	if r := st.run("Get-Mailbox", params{"Identity": "meganb"}, ""); strings.Contains(string(r.raw), "X500:"+dn) {
		t.Errorf("still there: %s", r.raw)
	}
}

func TestCopyOfArchives(t *testing.T) {
	t.Parallel()
	st := newStand(t, func(c *Config) { c.CopyQueue, c.CopyTime = -1, -1 })
	guid := st.copyOf("sylviaa", "annal@contoso.com", "SourceIsArchive", true, "TargetIsArchive", true)
	s := st.statistics(guid)
	if s["SourceExchangeGuid"] != newID("archive", orphanID("sylviaa")) || s["TargetExchangeGuid"] != newID("archive", liveID("annal")) || s["ItemsTransferred"] != 420.0 {
		t.Errorf("from archive to archive: %v", s)
	}
	r := st.run("Get-MailboxStatistics", params{"Identity": "annal", "Archive": true}, "")
	if x := r.rows()[0]; x["ItemCount"] != 570.0 || x["IsArchiveMailbox"] != true {
		t.Errorf("the archive is %v", x)
	}
	own := st.anchored("New-MailboxRestoreRequest", params{"SourceMailbox": liveID("annal"), "SourceIsArchive": true, "TargetMailbox": "annal", "TargetRootFolder": "From the archive"})
	st.wantStatus(own, 200) // into one's own mailbox, which is live
	st.refused("New-MailboxRestoreRequest", params{"SourceMailbox": liveID("annal"), "SourceIsArchive": true, "TargetMailbox": "meganb", "AllowLegacyDNMismatch": true}, "isn't a soft-deleted or inactive mailbox")
}

func TestFlawedCopies(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ source, target, status, detail, score, words string }{
		{"fritzb", "alexw", "Failed", "FailedOther", "Perfect", "the folder is corrupt"},
		{"suzys", "alexw", "AutoSuspended", "AutoSuspended", "Perfect", ""},
		{"wendyw", "alexw", "CompletedWithWarning", "Completed", "Investigate", "7 items were skipped"},
		{"paulp", "alexw", "CompletedWithWarning", "Completed", "Poor", "90 items were skipped"},
		{"quentinl", "alexw", "Queued", "Queued", "Perfect", ""},
		{"brianj", "oscarf", "Failed", "FailedQuota", "Perfect", "ProhibitSendReceiveQuota"},
	} {
		st := tame(t)
		guid := st.copyOf(c.source, c.target)
		st.clock.advance(time.Hour)
		s := st.statistics(guid)
		if s["Status"] != c.status || s["StatusDetail"] != c.detail || s["DataConsistencyScore"] != c.score || !strings.Contains(fmt.Sprint(s["Message"]), c.words) {
			t.Errorf("%s into %s: %v %v %v %v", c.source, c.target, s["Status"], s["StatusDetail"], s["DataConsistencyScore"], s["Message"])
		}
		if failed := c.status == "Failed"; failed != (s["FailureType"] != nil) || failed != (s["FailureTimestamp"] != nil) {
			t.Errorf("%s: the failure is %v at %v", c.source, s["FailureType"], s["FailureTimestamp"])
		}
		if r := st.run("Get-MailboxRestoreRequest", params{"Status": c.status}, ""); len(r.rows()) != 1 {
			t.Errorf("%s by status: %s", c.source, r.raw)
		}
	}
}

func TestSkippedItems(t *testing.T) {
	t.Parallel()
	st := newStand(t, func(c *Config) { c.CopyQueue, c.CopyTime = -1, -1 })
	s := st.statistics(st.copyOf("wendyw", "alexw"))
	all := st.mailboxNow(orphanID("wendyw"))["ItemCount"].(int)
	if s["ItemsTransferred"] != float64(all-7) || s["BadItemsEncountered"] != 6.0 || s["LargeItemsEncountered"] != 1.0 || s["PercentComplete"] != 100.0 {
		t.Errorf("of %d items: %v", all, s)
	}
}

func TestSlowQueue(t *testing.T) {
	t.Parallel()
	st := tame(t)
	guid := st.copyOf("quentinl", "alexw")
	st.clock.advance(6 * time.Hour)
	if s := st.statistics(guid); s["Status"] != "Queued" {
		t.Errorf("after six hours: %v", s["Status"])
	}
	st.clock.advance(3 * time.Minute)
	if s := st.statistics(guid); s["Status"] != "Completed" {
		t.Errorf("after six hours and three minutes: %v", s["Status"])
	}
}

func TestSuspendResumeRemove(t *testing.T) {
	t.Parallel()
	st := tame(t)
	id := func(guid string) params { return params{"Identity": guid} }
	auto := st.copyOf("suzys", "alexw")
	st.clock.advance(time.Hour)
	if s := st.statistics(auto); s["PercentComplete"] != 60.0 || s["SuspendedTimestamp"] == nil {
		t.Errorf("suspended at %v", s["PercentComplete"])
	}
	st.refused("Suspend-MailboxRestoreRequest", id(auto), "its status is AutoSuspended")
	st.wantStatus(st.anchored("Resume-MailboxRestoreRequest", id(`alexw\R-suzys`)), 200)
	st.clock.advance(2 * time.Minute) // one in the queue, and 40 % of two are left
	all := st.mailboxNow(orphanID("suzys"))["ItemCount"].(int)
	if s := st.statistics(auto); s["Status"] != "Completed" || s["ItemsTransferred"] != float64(all) {
		t.Errorf("resumed: %v %v of %d", s["Status"], s["ItemsTransferred"], all)
	}
	if folders := st.mailboxNow(liveID("alexw"))["RestoredFolders"].([]restoredFolder); len(folders) != 1 || folders[0].ItemCount != all {
		t.Errorf("resumed: %v", folders)
	}
	st.refused("Resume-MailboxRestoreRequest", id(auto), "its status is Completed")

	paused := st.copyOf("cameronw", "alexw", "Suspend", true, "SuspendComment", "not yet")
	st.clock.advance(time.Hour)
	if s := st.statistics(paused); s["Status"] != "Suspended" || s["ItemsTransferred"] != 0.0 || s["SuspendComment"] != "not yet" {
		t.Errorf("suspended from the start: %v", s)
	}
	failed := st.copyOf("fritzb", "alexw")
	st.clock.advance(time.Hour)
	st.wantStatus(st.anchored("Resume-MailboxRestoreRequest", id(failed)), 200)
	st.clock.advance(time.Hour)
	if s := st.statistics(failed); s["Status"] != "Failed" || s["PercentComplete"] != 40.0 {
		t.Errorf("it fails again: %v at %v", s["Status"], s["PercentComplete"])
	}
	st.wantStatus(st.anchored("Remove-MailboxRestoreRequest", id(failed)), 200)
	st.refused("Remove-MailboxRestoreRequest", id(failed), "couldn't be found")
	st.refused("Remove-MailboxRestoreRequest", id(""), "because it is an empty string")
	st.refused("Remove-MailboxRestoreRequest", id("alexw"), "matches multiple entries")
}

// TestDangerousRequestIdentity checks the caution on the pages of both cmdlets.
func TestDangerousRequestIdentity(t *testing.T) {
	t.Parallel()
	st := newStand(t, func(c *Config) { c.LooseIdentity = true })
	guid := st.copyOf("brianj", "meganb")
	st.copyOf("cameronw", "alexw")
	st.copyOf("benw", "alexw")
	for _, cmdlet := range []string{"Get-MailboxRestoreRequest", "Get-MailboxRestoreRequestStatistics"} {
		for identity, want := range map[any]int{nil: 3, "": 3, "nobody": 3, newID("request", "none"): 3, guid: 1, `meganb\R-brianj`: 1, "alexw": 2} {
			if r := st.run(cmdlet, params{"Identity": identity}, ""); len(r.rows()) != want {
				t.Errorf("%s %v gives %d rows, want %d", cmdlet, identity, len(r.rows()), want)
			}
		}
	}
	st.refused("Get-MailboxRestoreRequestStatistics", params{}, "missing mandatory parameters: Identity")
	st.refused("Get-MailboxRestoreRequest", params{"Identity": guid, "Name": "R-brianj"}, "Parameter set cannot be resolved")
	strict := newStand(t)
	strict.refused("Get-MailboxRestoreRequest", params{"Identity": guid}, "couldn't be found")
	for p, want := range map[string]int{"alexw": 2, "meganb": 1} {
		if r := st.run("Get-MailboxRestoreRequest", params{"TargetMailbox": p}, ""); len(r.rows()) != want {
			t.Errorf("into %s: %s", p, r.raw)
		}
	}
	if r := st.run("Get-MailboxRestoreRequest", params{"ResultSize": 2}, ""); len(r.rows()) != 2 || len(r.body["@adminapi.warnings"].([]any)) != 1 {
		t.Errorf("two of three: %s", r.raw)
	}
}
