package m365fake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

const anchor = "X-AnchorMailbox: APP:SystemMailbox{bb558c35-97f1-4cb9-8ff7-d53741dc928c}@" + TenantID

func (st *stand) recoverable(p params) reply {
	st.t.Helper()
	r := st.run("Get-RecoverableItems", p, "")
	st.wantStatus(r, 200)
	return r
}

func (st *stand) bringItemsBack(p params) reply {
	st.t.Helper()
	r := st.run("Restore-RecoverableItems", p, "", anchor)
	st.wantStatus(r, 200)
	return r
}

// counts are ItemCount and DeletedItemCount, which the tenant's own view must agree with.
func (st *stand) counts(address string) (in, deleted int) {
	st.t.Helper()
	x := st.run("Get-MailboxStatistics", params{"Identity": address}, "").rows()[0]
	in, deleted = int(x["ItemCount"].(float64)), int(x["DeletedItemCount"].(float64))
	for _, m := range st.Tenant().Mailboxes {
		if m["PrimarySmtpAddress"] == address && (m["ItemCount"] != in || m["RecoverableItems"] != deleted) {
			st.t.Errorf("%s has %d and %d items, the tenant says %v and %v", address, in, deleted, m["ItemCount"], m["RecoverableItems"])
		}
	}
	return in, deleted
}

func TestRecoverableItemRow(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	x := st.recoverable(params{"Identity": "leeg@contoso.com", "ResultSize": 1}).rows()[0]
	for name, pattern := range map[string]string{
		"Identity": `^leeg@contoso\.com$`, "Subject": "^" + ItemMarker + ": ", "ItemClass": `^IPM\.Note$`, "SourceFolder": "^RecoverableItems$", "LastParentPath": "^Inbox$",
		"LastParentFolderID": "^[0-9A-F]{44}$", "EntryID": "^00000000[0-9A-F]{132}$", "LastModifiedTime": `^\d\d/\d\d/\d{4} \d\d:\d\d:\d\d$`,
	} {
		if !regexp.MustCompile(pattern).MatchString(fmt.Sprint(x[name])) {
			t.Errorf("%s is %v", name, x[name])
		}
	}
	changed, err := time.Parse("01/02/2006 15:04:05", x["LastModifiedTime"].(string))
	if ago := st.clock.now().Sub(changed); err != nil || ago < 2*time.Hour || ago > 4*time.Hour {
		t.Errorf("the latest item was deleted %s ago, in UTC", ago)
	}
	if strings.Contains(fmt.Sprint(x), "@quillwort") {
		t.Errorf("the row shows the sender: %v", x)
	}
}

func TestItemFilters(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	all := st.recoverable(params{"Identity": "leeg@contoso.com"}).rows()
	count := func(keep func(map[string]any) bool) int {
		return len(slices.DeleteFunc(slices.Clone(all), func(x map[string]any) bool { return !keep(x) }))
	}
	is := func(name, value string) func(map[string]any) bool {
		return func(x map[string]any) bool { return x[name] == value }
	}
	at := func(n int) time.Time {
		d, err := time.Parse("01/02/2006 15:04:05", all[n]["LastModifiedTime"].(string))
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	folder := all[0]["LastParentFolderID"].(string)
	for _, c := range []struct {
		name   string
		filter params
		want   int
	}{
		{"exact class", params{"FilterItemType": "IPM.Appointment"}, count(is("ItemClass", "IPM.Appointment"))},
		{"class in small letters", params{"FilterItemType": "ipm.note"}, count(is("ItemClass", "IPM.Note"))},
		{"the front of a class finds nothing", params{"FilterItemType": "IPM.Schedule"}, 0},
		{"the whole of it does", params{"FilterItemType": "IPM.Schedule.Meeting.Request"}, count(is("ItemClass", "IPM.Schedule.Meeting.Request"))},
		{"subject", params{"SubjectContains": "TRAVEL to"}, count(func(x map[string]any) bool { return strings.Contains(x["Subject"].(string), "Travel to") })},
		{"last folder", params{"LastParentFolderID": strings.ToLower(folder)}, count(is("LastParentFolderID", folder))},
		{"purged", params{"SourceFolder": "PurgedItems"}, count(is("SourceFolder", "PurgedItems"))},
		{"a folder cut short", params{"SourceFolder": "Recov"}, count(is("SourceFolder", "RecoverableItems"))},
		{"entry", params{"EntryID": all[3]["EntryID"]}, 1},
		{"entry of nothing", params{"EntryID": strings.Repeat("0", 40) + "07" + strings.Repeat("0", 98)}, 0},
		{"entry in another folder", params{"EntryID": all[0]["EntryID"], "SourceFolder": "PurgedItems"}, 0},
		{"since, both ends included", params{"FilterStartTime": at(9).Format(time.RFC3339)}, 10},
		{"until", params{"FilterEndTime": at(9).Format("2006-01-02T15:04:05")}, 27},
		{"with an offset", params{"FilterStartTime": at(9).In(time.FixedZone("", 7200)).Format(time.RFC3339)}, 10},
		{"month first", params{"FilterStartTime": at(9).Format("1/2/2006 3:04:05 PM"), "FilterEndTime": at(5).Format("01/02/2006 15:04:05")}, 5},
		{"a whole day", params{"FilterStartTime": st.clock.now().Add(day).UTC().Format("1/2/2006")}, 0},
		{"skip and size", params{"SkipCount": 30, "ResultSize": 4}, 4},
		{"skip to the end", params{"SkipCount": 34}, 2},
		{"parallel", params{"MaxParallelSize": 10}, 36},
		{"a tag that none has", params{"PolicyTag": []string{"7a2b"}}, 0},
	} {
		p := params{"Identity": "leeg@contoso.com"}
		maps.Copy(p, c.filter)
		if got := len(st.recoverable(p).rows()); got != c.want {
			t.Errorf("%s: got %d items, want %d", c.name, got, c.want)
		}
	}
	for name, v := range map[string]any{
		"FilterStartTime": "22.11.2026", "FilterEndTime": "25/12/2026", "SourceFolder": "Trash", "EntryID": "zz", "MaxParallelSize": 11, "SkipCount": -1,
		"ResultSize": "lots", "FilterItemType": 7, "Sender": "anna", "RestoreTargetFolder": "x",
	} {
		if r := st.run("Get-RecoverableItems", params{"Identity": "leeg", name: v}, ""); r.status != 400 || r.code() != "BadRequest" {
			t.Errorf("%s %v gets %d %s", name, v, r.status, r.raw)
		}
	}
}

// TestItemsOfEverybody: what the caution on the page of Get-RecoverableItems says.
func TestItemsOfEverybody(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	for name, identity := range map[string]any{"null": nil, "empty": "", "unknown": "nobody@contoso.com", "soft-deleted": "adelev@contoso.com", "one of two unknown": []string{"leeg", "nobody"}} {
		seen := map[any]bool{}
		for _, x := range st.recoverable(params{"Identity": identity, "SubjectContains": "(3)"}).rows() {
			seen[x["Identity"]] = true
		}
		if len(seen) < 8 || !seen["jonis@contoso.com"] {
			t.Errorf("%s gives the items of %v", name, seen)
		}
	}
	two := st.recoverable(params{"Identity": []string{"leeg@contoso.com", "jonis@contoso.com"}})
	if len(two.rows()) != 84 {
		t.Errorf("two mailboxes have %d", len(two.rows()))
	}
	if r := st.run("Get-RecoverableItems", params{}, ""); r.status != 400 {
		t.Errorf("without an identity: %d", r.status)
	}
	for _, identity := range []any{nil, "", []string{}} {
		if r := st.run("Restore-RecoverableItems", params{"Identity": identity}, "", anchor); r.status != 400 {
			t.Errorf("restoring the items of %v gets %d %.200s", identity, r.status, r.raw)
		}
	}
	if r := st.run("Restore-RecoverableItems", params{"Identity": "nobody@contoso.com"}, "", anchor); r.status != 404 {
		t.Errorf("restoring nobody's items gets %d", r.status)
	}
	if _, left := st.counts("leeg@contoso.com"); left != 36 {
		t.Errorf("leeg has %d items left", left)
	}
}

func TestSilentCut(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	r := st.recoverable(params{"Identity": "ursulav@contoso.com"})
	if warnings, _ := r.body["@adminapi.warnings"].([]any); len(r.rows()) != 1000 || len(warnings) != 0 || r.body["@odata.nextLink"] != nil {
		t.Errorf("%d rows, warnings %v, next %v", len(r.rows()), warnings, r.body["@odata.nextLink"])
	}
	if got := len(st.recoverable(params{"Identity": "ursulav@contoso.com", "SkipCount": 1000}).rows()); got != 500 {
		t.Errorf("behind the cut are %d", got)
	}
	if got := len(st.bringItemsBack(params{"Identity": "ursulav@contoso.com"}).rows()); got != 1000 {
		t.Errorf("%d came back", got)
	}
	if _, left := st.counts("ursulav@contoso.com"); left != 500 {
		t.Errorf("%d are left", left)
	}
}

// TestPagesOfARestore: the same POST again, to a nextLink, restores nothing.
func TestPagesOfARestore(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	p := params{"Identity": "jonis@contoso.com", "FilterItemType": "IPM.Note"}
	body, err := json.Marshal(map[string]any{"CmdletInput": map[string]any{"CmdletName": "Restore-RecoverableItems", "Parameters": p}})
	if err != nil {
		t.Fatal(err)
	}
	target, seen := st.exchange.URL+"/adminapi/beta/"+TenantID+"/InvokeCommand", map[string]bool{}
	first := ""
	for target != "" {
		r := st.send("POST", target, st.token(exchangeAudience), string(body), anchor, "Prefer: odata.maxpagesize=10")
		st.wantStatus(r, 200)
		for _, id := range r.column("EntryID") {
			seen[id] = true
		}
		if target, _ = r.body["@odata.nextLink"].(string); first == "" {
			first = target
			if _, err := st.DeleteItem("jonis@contoso.com"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, left := st.counts("jonis@contoso.com"); len(seen) != 30 || left != 48-30+1 {
		t.Errorf("%d items on all pages, %d left", len(seen), left)
	}
	st.bringItemsBack(params{"Identity": "jonis@contoso.com", "FilterItemType": "IPM.Task"})
	if r := st.send("POST", first, st.token(exchangeAudience), string(body), anchor); r.status != 400 {
		t.Errorf("an old page gets %d", r.status)
	}
}

func TestRestoreItem(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	in, deleted := st.counts("leeg@contoso.com")
	for n, class := range []string{"IPM.Note", "IPM.Appointment", "IPM.Contact", "IPM.Task", "IPM.Schedule.Meeting.Request"} {
		x := st.recoverable(params{"Identity": "leeg@contoso.com", "FilterItemType": class}).rows()[0]
		one := params{"Identity": "leeg@contoso.com", "EntryID": x["EntryID"]}
		if r := st.run("Restore-RecoverableItems", one, ""); r.status != 403 || len(r.raw) != 0 {
			t.Errorf("without an anchor: %d %q", r.status, r.raw)
		}
		r := st.bringItemsBack(one).rows()
		if len(r) != 1 || r[0]["WasRestoredSuccessfully"] != true || r[0]["RestoredToFolderPath"] != x["LastParentPath"] || r[0]["EntryID"] != x["EntryID"] {
			t.Fatalf("%s: %v", class, r)
		}
		if again := st.bringItemsBack(one).rows(); len(again) != 0 {
			t.Errorf("%s was restored twice: %v", class, again)
		}
		if nowIn, nowDeleted := st.counts("leeg@contoso.com"); nowIn != in+n+1 || nowDeleted != deleted-n-1 {
			t.Errorf("%s: %d and %d items, had %d and %d", class, nowIn, nowDeleted, in, deleted)
		}
	}
	r := st.bringItemsBack(params{"Identity": "leeg@contoso.com"}).rows()
	if _, left := st.counts("leeg@contoso.com"); len(r) != deleted-5 || left != 0 {
		t.Errorf("without a filter %d came back, %d are left", len(r), left)
	}
}

func TestRestoreElsewhere(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	for target, want := range map[string]string{
		"/Restored 2026-11-22/": "Restored 2026-11-22", "restored 2026-11-22": "Restored 2026-11-22", "Inbox/From the bin": "Inbox/From the bin", "/": "",
	} {
		id := st.recoverable(params{"Identity": "jonis@contoso.com"}).rows()[0]["EntryID"]
		r := st.bringItemsBack(params{"Identity": "jonis@contoso.com", "EntryID": id, "RestoreTargetFolder": target}).rows()
		if len(r) != 1 || !strings.EqualFold(r[0]["RestoredToFolderPath"].(string), want) {
			t.Errorf("%q: %v", target, r)
		}
	}
	made := 0
	for _, f := range st.mailFoldersOf("jonis@contoso.com") {
		if strings.EqualFold(f["displayName"].(string), "restored 2026-11-22") && f["totalItemCount"] == 2.0 {
			made++
		}
	}
	if made != 1 {
		t.Error("the folder is not there once with both items")
	}
	if r := st.bringItemsBack(params{"Identity": "jonis@contoso.com", "ResultSize": 2, "NoOutput": true}); len(r.rows()) != 0 {
		t.Errorf("-NoOutput gives %s", r.raw)
	}
	if _, left := st.counts("jonis@contoso.com"); left != 42 {
		t.Errorf("%d are left", left)
	}
}

func TestItemThatStays(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	r := st.bringItemsBack(params{"Identity": "willemd@contoso.com"}).rows()
	failed := slices.DeleteFunc(slices.Clone(r), func(x map[string]any) bool { return x["WasRestoredSuccessfully"] == true })
	if len(r) != 8 || len(failed) != 1 || failed[0]["RestoredToFolderPath"] != "" {
		t.Fatalf("%d rows, failed %v", len(r), failed)
	}
	left := st.recoverable(params{"Identity": "willemd@contoso.com"}).rows()
	if len(left) != 1 || left[0]["EntryID"] != failed[0]["EntryID"] {
		t.Errorf("left are %v", left)
	}
}

func TestOriginalFolderGone(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	gone := 0
	for _, x := range st.recoverable(params{"Identity": "xeniap@contoso.com"}).rows() {
		if x["OriginalFolderExists"] == true {
			continue
		}
		gone++
		r := st.bringItemsBack(params{"Identity": "xeniap@contoso.com", "EntryID": x["EntryID"]}).rows()
		if x["LastParentPath"] != "Inbox/Projects/Atlas" || r[0]["RestoredToFolderPath"] != "Inbox" {
			t.Errorf("%v went to %v", x["LastParentPath"], r[0]["RestoredToFolderPath"])
		}
	}
	if gone == 0 {
		t.Error("no folder is gone")
	}
	if err := st.RemoveFolder("leeg@contoso.com", "Inbox/Projects"); err != nil {
		t.Fatal(err)
	}
	for _, x := range st.recoverable(params{"Identity": "leeg@contoso.com"}).rows() {
		if below := strings.HasPrefix(x["LastParentPath"].(string), "Inbox/Projects"); below == (x["OriginalFolderExists"] == true) {
			t.Errorf("%v exists: %v", x["LastParentPath"], x["OriginalFolderExists"])
		}
	}
	if st.RemoveFolder("leeg@contoso.com", "Inbox") == nil || st.RemoveFolder("nobody", "x") == nil {
		t.Error("a folder that cannot go went")
	}
}

func TestSourceFolders(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	in, deleted := st.counts("selmah@contoso.com")
	for folder, want := range map[string]int{"DeletedItems": 4, "RecoverableItems": 4, "PurgedItems": 3, "DiscoveryHoldsItems": 3} {
		p := params{"Identity": "selmah@contoso.com", "SourceFolder": folder}
		if got := st.recoverable(p).column("SourceFolder"); len(got) != want || len(slices.Compact(got)) != 1 || got[0] != folder {
			t.Errorf("%s has %v", folder, got)
		}
	}
	st.bringItemsBack(params{"Identity": "selmah@contoso.com", "SourceFolder": "DeletedItems"})
	if nowIn, nowDeleted := st.counts("selmah@contoso.com"); nowIn != in || nowDeleted != deleted {
		t.Errorf("items of Deleted Items, which are in the mailbox already, change its counts from %d and %d to %d and %d", in, deleted, nowIn, nowDeleted)
	}
	if only := st.recoverable(params{"Identity": "yusufk@contoso.com"}).column("SourceFolder"); slices.ContainsFunc(only, func(f string) bool { return f != "PurgedItems" }) {
		t.Errorf("yusufk has %v", only)
	}
}

func TestItemsExpire(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	left := func(alias string) []string {
		return st.recoverable(params{"Identity": alias + "@contoso.com"}).column("ItemClass")
	}
	if got := left("quentinr"); len(got) != 9 {
		t.Errorf("quentinr, who keeps items for 30 days, has %d", len(got))
	}
	st.clock.advance(8 * day)
	if got := len(left("leeg")); got != 36 {
		t.Errorf("after 8 days leeg has %d", got)
	}
	st.clock.advance(2*day + 12*time.Hour)
	if got := len(left("leeg")); got >= 36 || got < 18 {
		t.Errorf("after 10 days leeg has %d", got)
	}
	if got := left("quentinr"); len(got) != 1 || got[0] != "IPM.Appointment" {
		t.Errorf("quentinr has %v", got)
	}
	st.clock.advance(20 * day)
	got := left("leeg")
	if _, counted := st.counts("leeg@contoso.com"); len(got) != 3 || slices.ContainsFunc(got, func(c string) bool { return c != "IPM.Appointment" }) || counted != 3 {
		t.Errorf("after a month leeg has %v and counts %d", got, counted)
	}
	st.clock.advance(110 * day)
	if got := left("leeg"); len(got) != 0 {
		t.Errorf("after four months leeg has %v", got)
	}
	if got := left("selmah"); len(got) != 11 {
		t.Errorf("selmah, on hold, has %d", len(got))
	}
}

// TestItemsDrift: what a filter finds later is not what it found before.
func TestItemsDrift(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	before := st.recoverable(params{"Identity": "leeg@contoso.com"}).rows()
	id, err := st.DeleteItem("leeg@contoso.com")
	if err != nil {
		t.Fatal(err)
	}
	if err := st.PurgeItem("leeg@contoso.com", before[1]["EntryID"].(string)); err != nil {
		t.Fatal(err)
	}
	after := st.recoverable(params{"Identity": "leeg@contoso.com"}).column("EntryID")
	if len(after) != 36 || after[0] != id || slices.Contains(after, before[1]["EntryID"].(string)) {
		t.Errorf("%d items, the latest is %s", len(after), after[0])
	}
	known, err := st.Items("leeg@contoso.com")
	if err != nil || len(known) != 36 || !slices.ContainsFunc(known, func(i Item) bool {
		return i.EntryID == id && i.LastPath == "Inbox" && strings.Contains(i.Sender, ItemMarker)
	}) {
		t.Errorf("%d items are known, %v", len(known), err)
	}
	if st.PurgeItem("leeg@contoso.com", id[:8]) == nil || st.PurgeItem("leeg@contoso.com", before[1]["EntryID"].(string)) == nil {
		t.Error("nothing was purged")
	}
}

func TestItemsNeedTheirRole(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	st.RevokeRole("Mailbox Import Export")
	for _, name := range []string{"Get-RecoverableItems", "Restore-RecoverableItems"} {
		r := st.run(name, params{"Identity": "leeg@contoso.com"}, "", anchor)
		if r.status != http.StatusForbidden || len(r.raw) == 0 || len(bytes.Trim(r.raw, "\x00")) != 0 {
			t.Errorf("%s gets %d %q", name, r.status, r.raw)
		}
	}
	exported := func() []any {
		r := st.send("GET", st.exchange.URL+"/adminapi/v1.0/"+TenantID+"/EXOModuleFile?Version=3.9.2", st.token(exchangeAudience), "", "CommandName: *")
		names, _ := r.rows()[0]["exportedCmdlets"].([]any)
		return names
	}
	if slices.Contains(exported(), any("Restore-RecoverableItems")) {
		t.Error("the module file lists it all the same")
	}
	st.RevokeRole("Exchange Administrator")
	st.GrantRole("Mailbox Import Export")
	if names := exported(); !slices.Contains(names, any("Restore-RecoverableItems")) || slices.Contains(names, any("Get-Mailbox")) {
		t.Errorf("with that role alone the app may run %v", names)
	}
	st.recoverable(params{"Identity": "leeg@contoso.com"})
}

func TestFolderStatistics(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	folders := func(p params) map[string]map[string]any {
		t.Helper()
		p["Identity"] = "leeg@contoso.com"
		r := st.run("Get-MailboxFolderStatistics", p, "")
		st.wantStatus(r, 200)
		out := map[string]map[string]any{}
		for _, x := range r.rows() {
			out[x["FolderPath"].(string)] = x
		}
		return out
	}
	in, deleted := st.counts("leeg@contoso.com")
	bin := folders(params{"FolderScope": "RecoverableItems"})
	whole, deletions, purges := bin["/Recoverable Items"], bin["/Deletions"]["ItemsInFolder"].(float64), bin["/Purges"]["ItemsInFolder"].(float64)
	if len(bin) != 5 || whole["ItemsInFolder"] != 0.0 || whole["ItemsInFolderAndSubfolders"] != float64(deleted) || deletions+purges != float64(deleted) || purges == 0 {
		t.Errorf("of %d recoverable items there are %v", deleted, bin)
	}
	if id := fmt.Sprint(bin["/Deletions"]["FolderId"]); !strings.HasPrefix(id, "LgAAAA") || bin["/Deletions"]["FolderType"] != "RecoverableItemsDeletions" {
		t.Errorf("deletions are %v", bin["/Deletions"])
	}
	st.bringItemsBack(params{"Identity": "leeg@contoso.com", "FilterItemType": "IPM.Task"})
	all := folders(params{})
	if tasks := all["/Tasks"]["ItemsInFolder"].(float64); tasks != 3 || all["/Top of Information Store"]["ItemsInFolderAndSubfolders"] != float64(in)+tasks {
		t.Errorf("with %v tasks there are %v", tasks, all["/Top of Information Store"])
	}
	if x := all["/Inbox/Projects"]; x["Identity"] != all["/Inbox"]["Identity"].(string)+`\Projects` || x["FolderType"] != "User Created" {
		t.Errorf("got %v", x)
	}
	if calendar := folders(params{"FolderScope": "Calendar"}); len(calendar) != 1 || calendar["/Calendar"] == nil {
		t.Errorf("the calendar is %v", calendar)
	}
	if r := st.run("Get-MailboxFolderStatistics", params{"Identity": "leeg", "Archive": true}, ""); r.status != 400 && r.status != 404 {
		t.Errorf("without an archive: %d %s", r.status, r.raw)
	}
	if r := st.run("Get-MailboxFolderStatistics", params{"Identity": "nobody"}, ""); r.status != 404 {
		t.Errorf("nobody's folders get %d", r.status)
	}
}
