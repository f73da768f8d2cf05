package exchange_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"mailback/internal/m365fake"
	"mailback/recovery"
)

func TestItems(t *testing.T) {
	t.Parallel()
	c, fake, _ := newTenant(t, m365fake.Config{LooseIdentity: true})
	for address, n := range map[string]int{"theresag@contoso.com": 10_000, "ursulav@contoso.com": 1_500, "willemd@contoso.com": 8, "vivianb@contoso.com": 0} {
		got, err := c.Items(t.Context(), one(t, c, address, true).ExchangeGUID, recovery.ItemFilter{})
		if err != nil || len(got) != n {
			t.Errorf("%s: %d items, %v, want %d", address, len(got), err, n)
		}
		if !slices.IsSortedFunc(got, func(a, b recovery.Item) int { return b.ModifiedAt.Compare(a.ModifiedAt) }) {
			t.Errorf("%s: not the latest first", address)
		}
	}
	true8, err := fake.Items("willemd@contoso.com")
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Items(t.Context(), one(t, c, "willemd@contoso.com", true).ExchangeGUID, recovery.ItemFilter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range true8 {
		i := slices.IndexFunc(got, func(x recovery.Item) bool { return x.EntryID == want.EntryID })
		if i < 0 || got[i].Class != want.ItemClass || got[i].Source != want.Source || got[i].Folder != want.LastPath || string(got[i].Subject) != want.Subject || got[i].From != "" {
			t.Errorf("%+v is not in %+v", want, got)
		}
	}
}

func TestItemFilters(t *testing.T) {
	t.Parallel()
	c, _, _ := newTenant(t, m365fake.Config{})
	ursula := one(t, c, "ursulav@contoso.com", true).ExchangeGUID
	all, err := c.Items(t.Context(), ursula, recovery.ItemFilter{})
	if err != nil || len(all) != 1_500 {
		t.Fatal(len(all), err)
	}
	classes := func(prefixes ...string) func(recovery.Item) bool {
		return func(i recovery.Item) bool {
			return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(i.Class, p) })
		}
	}
	in := func(from, to time.Time) func(recovery.Item) bool {
		return func(i recovery.Item) bool { return !i.ModifiedAt.Before(from) && i.ModifiedAt.Before(to) }
	}
	cet := time.FixedZone("", 2*3600)
	after, before := all[900].ModifiedAt, all[100].ModifiedAt
	for name, x := range map[string]struct {
		f    recovery.ItemFilter
		want func(recovery.Item) bool
	}{
		"message":     {recovery.ItemFilter{Type: "message"}, classes("IPM.Note")},
		"meeting":     {recovery.ItemFilter{Type: "meeting"}, classes("IPM.Appointment", "IPM.Schedule.Meeting")},
		"contact":     {recovery.ItemFilter{Type: "contact"}, classes("IPM.Contact")},
		"task":        {recovery.ItemFilter{Type: "task"}, classes("IPM.Task")},
		"between":     {recovery.ItemFilter{After: after.In(cet), Before: before.In(cet)}, in(after, before)},
		"since":       {recovery.ItemFilter{After: after}, in(after, time.Now().Add(day))},
		"until":       {recovery.ItemFilter{Before: before}, in(time.Time{}, before)},
		"folder":      {recovery.ItemFilter{Folder: "projects"}, func(i recovery.Item) bool { return i.Folder == "Inbox/Projects" }},
		"path":        {recovery.ItemFilter{Folder: `\Inbox\Projects\Atlas`}, func(i recovery.Item) bool { return i.Folder == "Inbox/Projects/Atlas" }},
		"half a name": {recovery.ItemFilter{Folder: "jects"}, func(recovery.Item) bool { return false }},
		"both": {recovery.ItemFilter{Type: "message", Folder: "Sent Items", After: after}, func(i recovery.Item) bool {
			return i.Folder == "Sent Items" && strings.HasPrefix(i.Class, "IPM.Note") && !i.ModifiedAt.Before(after)
		}},
	} {
		got, err := c.Items(t.Context(), ursula, x.f)
		want := slices.DeleteFunc(slices.Clone(all), func(i recovery.Item) bool { return !x.want(i) })
		if err != nil || !slices.Equal(got, want) || len(want) == 0 != (name == "half a name") {
			t.Errorf("%s: %d items, %v, want %d", name, len(got), err, len(want))
		}
	}
	_, err = c.Items(t.Context(), ursula, recovery.ItemFilter{Type: "letter"})
	wantKind(t, err, recovery.Invalid, "")
}

const boxGUID = "11111111-2222-4333-8444-555555555555"

// box is Megan's mailbox with a good ExchangeGuid.
func box() string { return rows("", strings.Replace(megan, `"g-1"`, `"`+boxGUID+`"`, 1)) }

// entry is the EntryID of the n-th item.
func entry(n int) string { return fmt.Sprintf("0000000012345678%04X", n) }

// itemRow is an item as Exchange shows it, deleted n days before the last of January.
func itemRow(n int, identity, more string) string {
	at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC).Add(-time.Duration(n) * day)
	return fmt.Sprintf(`{"Identity":%q,"EntryID":%q,"Subject":"%s %d","ItemClass":"IPM.Note.SMIME","SourceFolder":"RecoverableItems","LastParentPath":"Inbox","LastModifiedTime":%q%s}`,
		identity, entry(n), m365fake.ItemMarker, n, at.Format("01/02/2006 15:04:05"), more)
}

// TestItemsWhereExchangeDoesNotFilter has a server that ignores the times, and sends a thousand rows and no link.
func TestItemsWhereExchangeDoesNotFilter(t *testing.T) {
	t.Parallel()
	var all []string
	for n := range 1000 {
		all = append(all, itemRow(n, "meganb@contoso.com", ""))
	}
	s := script(t, map[string]string{"Get-Mailbox": box(), "Get-RecoverableItems": rows("", all...)})
	if got, err := s.client.Items(t.Context(), boxGUID, recovery.ItemFilter{}); err != nil || len(got) != 1000 {
		t.Errorf("%d, %v", len(got), err)
	}
	f := recovery.ItemFilter{After: time.Date(2026, 1, 20, 14, 0, 0, 0, time.FixedZone("", 2*3600)), Before: time.Date(2026, 1, 30, 12, 0, 0, 0, time.UTC), Type: "message"}
	got, err := s.client.Items(t.Context(), boxGUID, f)
	if err != nil || len(got) != 10 || got[0].EntryID != entry(2) || got[9].EntryID != entry(11) {
		t.Errorf("%+v, %v", got, err)
	}
	last := s.requests()[len(s.requests())-1].invoked(t).CmdletInput.Parameters
	if last["FilterStartTime"] != "2026-01-19T12:00:00Z" || last["FilterEndTime"] != "2026-01-31T12:00:00Z" || last["ResultSize"] != "Unlimited" || last["Identity"] != boxGUID {
		t.Errorf("%v", last)
	}
	for _, never := range []string{"SubjectContains", "FilterItemType"} {
		if _, sent := last[never]; sent {
			t.Errorf("%s is sent", never)
		}
	}
}

// TestItemsOfOneMailbox has answers that are about other mailboxes, or that may be.
func TestItemsOfOneMailbox(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		identities []string
		ok         bool
	}{
		"its address":           {[]string{"meganb@contoso.com", "MEGANB@contoso.com"}, true},
		"its ExchangeGuid":      {[]string{boxGUID, boxGUID + `\123`, "meganb@contoso.com"}, true},
		"one name, unknown":     {[]string{`Megan Bowen\1`, `Megan Bowen\2`}, true},
		"two names, unknown":    {[]string{`Megan Bowen\1`, `Alex Wilber\2`}, false},
		"unknown and known":     {[]string{`Megan Bowen\1`, "meganb@contoso.com"}, false},
		"another address":       {[]string{"alexw@contoso.com"}, false},
		"another among its own": {[]string{"meganb@contoso.com", "alexw@contoso.com"}, false},
		"another GUID":          {[]string{"99999999-2222-4333-8444-555555555555"}, false},
		"none":                  {[]string{""}, false},
	} {
		var all []string
		for n, identity := range x.identities {
			all = append(all, itemRow(n, identity, ""))
		}
		s := script(t, map[string]string{"Get-Mailbox": box(), "Get-RecoverableItems": rows("", all...)})
		got, err := s.client.Items(t.Context(), boxGUID, recovery.ItemFilter{})
		if x.ok != (err == nil) || x.ok && len(got) != len(all) || !x.ok && recovery.KindOf(err) != recovery.Incomplete {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestRestoreItem(t *testing.T) {
	t.Parallel()
	c, fake, _ := newTenant(t, m365fake.Config{LooseIdentity: true})
	willem := one(t, c, "willemd@contoso.com", true).ExchangeGUID
	items, err := c.Items(t.Context(), willem, recovery.ItemFilter{})
	if err != nil || len(items) != 8 {
		t.Fatal(items, err)
	}
	stuck := 0
	for i, item := range items {
		folder := []string{"", "Restored/2026"}[i%2] // its own is there
		got, err := c.RestoreItem(t.Context(), willem, item.EntryID, folder)
		if err != nil || got.Restored && got.Folder != item.Folder {
			t.Errorf("%+v: %+v, %v", item, got, err)
		}
		if !got.Restored {
			stuck++
		}
	}
	if left, err := c.Items(t.Context(), willem, recovery.ItemFilter{}); err != nil || len(left) != 1 || stuck != 1 {
		t.Errorf("%+v, %v, %d stuck", left, err, stuck)
	}
	id, err := fake.DeleteItem("willemd@contoso.com")
	if err != nil {
		t.Fatal(err)
	}
	if err := fake.PurgeItem("willemd@contoso.com", id); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"", "Restored"} {
		_, err = c.RestoreItem(t.Context(), willem, id, folder)
		wantKind(t, err, recovery.NotFound, "")
	}
	_, err = c.RestoreItem(t.Context(), one(t, c, "xeniap@contoso.com", true).ExchangeGUID, items[1].EntryID, "")
	wantKind(t, err, recovery.NotFound, "")
	_, err = c.RestoreItem(t.Context(), willem, id, "\tx")
	wantKind(t, err, recovery.Invalid, "")
	fake.RevokeRole("Mailbox Import Export")
	fake.SetCmdlet("Restore-RecoverableItems", false)
	_, err = c.RestoreItem(t.Context(), willem, id, "")
	wantKind(t, err, recovery.Forbidden, "Restore-RecoverableItems")
}

// TestRestoreItemWhoseFolderIsGone puts such an item, and no other, into the folder that is named.
func TestRestoreItemWhoseFolderIsGone(t *testing.T) {
	t.Parallel()
	c, _, _ := newTenant(t, m365fake.Config{LooseIdentity: true})
	xenia := one(t, c, "xeniap@contoso.com", true).ExchangeGUID
	items, err := c.Items(t.Context(), xenia, recovery.ItemFilter{})
	if err != nil {
		t.Fatal(err)
	}
	went := map[bool]int{}
	for _, item := range items {
		gone, want := item.Folder == "Inbox/Projects/Atlas", item.Folder
		if gone {
			want = "Restored 2026-11-24"
		}
		got, err := c.RestoreItem(t.Context(), xenia, item.EntryID, "Restored 2026-11-24")
		if err != nil || !got.Restored || got.Folder != want {
			t.Errorf("%+v: %+v, %v", item, got, err)
		}
		went[gone]++
	}
	if went[true] == 0 || went[false] == 0 {
		t.Errorf("%v", went)
	}
}

// TestRestoreItemLooksFirst asks for the item before it names a folder, and goes by what Exchange says of the item's own.
func TestRestoreItemLooksFirst(t *testing.T) {
	t.Parallel()
	me := "meganb@contoso.com"
	done := rows("", itemRow(1, me, `,"WasRestoredSuccessfully":true,"RestoredToFolderPath":"Inbox"`))
	for look, want := range map[string]any{
		rows("", itemRow(1, me, "")):                                nil,
		rows("", itemRow(1, me, `,"OriginalFolderExists":null`)):    nil,
		rows("", itemRow(1, me, `,"OriginalFolderExists":"True"`)):  nil,
		rows("", itemRow(1, me, `,"OriginalFolderExists":false`)):   "Restored",
		rows("", itemRow(1, me, `,"OriginalFolderExists":"False"`)): "Restored",
	} {
		s := script(t, map[string]string{"Get-Mailbox": box(), "Get-RecoverableItems": look, "Restore-RecoverableItems": done})
		if got, err := s.client.RestoreItem(t.Context(), boxGUID, entry(1), "Restored"); err != nil || !got.Restored {
			t.Errorf("%s: %+v, %v", look, got, err)
		}
		asked := s.requests()[1].invoked(t).CmdletInput
		if asked.Parameters["EntryID"] != entry(1) || asked.Parameters["Identity"] != boxGUID || len(asked.Parameters) != 2 {
			t.Errorf("looked with %+v", asked)
		}
		if last := s.requests()[2].invoked(t).CmdletInput; last.Parameters["RestoreTargetFolder"] != want {
			t.Errorf("%s: %+v", look, last)
		}
	}
	for _, look := range []string{rows(""), rows("", itemRow(2, me, "")), rows("", itemRow(1, "alexw@contoso.com", "")), rows("", itemRow(1, me, ""), itemRow(2, me, ""))} {
		s := script(t, map[string]string{"Get-Mailbox": box(), "Get-RecoverableItems": look, "Restore-RecoverableItems": done})
		if got, err := s.client.RestoreItem(t.Context(), boxGUID, entry(1), "Restored"); err == nil || got != (recovery.ItemResult{}) || len(s.requests()) != 2 {
			t.Errorf("%s: %+v, %v, %d requests", look, got, err, len(s.requests()))
		}
	}
}

func TestRestoreItemAsItMayBeAnswered(t *testing.T) {
	t.Parallel()
	done, not := `,"WasRestoredSuccessfully":true,"RestoredToFolderPath":"Inbox"`, `,"WasRestoredSuccessfully":"False"`
	me := "meganb@contoso.com"
	for answer, want := range map[string]struct {
		result recovery.ItemResult
		kind   recovery.Kind
	}{
		rows("", itemRow(1, me, done)):                       {recovery.ItemResult{Restored: true, Folder: "Inbox"}, ""},
		rows("", itemRow(1, me, not)):                        {},
		rows("", itemRow(1, me, "")):                         {kind: recovery.Incomplete},
		rows(""):                                             {kind: recovery.NotFound},
		rows("", itemRow(2, me, done)):                       {kind: recovery.Incomplete},
		rows("", itemRow(1, me, done), itemRow(2, me, done)): {kind: recovery.Incomplete},
		rows("", itemRow(1, me, done), itemRow(1, me, done)): {kind: recovery.Incomplete},
		rows("", itemRow(1, "alexw@contoso.com", done)):      {kind: recovery.Incomplete},
		`{`: {kind: recovery.Unavailable},
		"400 " + refused("|System.Exception|no", `{}`):          {kind: recovery.Invalid},
		"400 " + refused("|X.StorageTransientException|", `{}`): {kind: recovery.Unavailable},
	} {
		s := script(t, map[string]string{"Get-Mailbox": box(), "Restore-RecoverableItems": answer})
		got, err := s.client.RestoreItem(t.Context(), boxGUID, entry(1), "")
		want.result.Sent = true
		if got != want.result || recovery.KindOf(err) != want.kind {
			t.Errorf("%s: %+v, %v", answer, got, err)
		}
		last := s.requests()[1].invoked(t).CmdletInput
		if len(s.requests()) != 2 || last.Parameters["EntryID"] != entry(1) || last.Parameters["Identity"] != boxGUID || len(last.Parameters) != 2 {
			t.Errorf("%+v", last)
		}
	}
}

// TestNothingPrivateIsSaid lays a marker into every text of every answer to the cmdlets about items, and looks for it in
// what the package says and logs.
func TestNothingPrivateIsSaid(t *testing.T) {
	t.Parallel()
	const marker = m365fake.ItemMarker
	good := itemRow(1, "meganb@contoso.com", `,"WasRestoredSuccessfully":true`)
	for _, answer := range []string{
		rows("", good),
		rows("", strings.ReplaceAll(good, "01/30/2026 12:00:00", marker)),
		rows("", strings.ReplaceAll(good, `"IPM.Note.SMIME"`, `{"`+marker+`":"`+marker+`"}`)),
		rows("", strings.ReplaceAll(good, "meganb@contoso.com", marker+"@contoso.com")),
		rows("", strings.ReplaceAll(good, "true", `"`+marker+`"`)),
		rows("", strings.ReplaceAll(good, entry(1), entry(2))),
		rows("", good, strings.ReplaceAll(good, "meganb@contoso.com", marker)),
		rows("", `"`+marker+`"`),
		strings.Replace(rows("", good), "[]", `["`+marker+`"]`, 1),
		strings.Replace(rows("", good), "[]", `"`+marker+`"`, 1),
		rows(`,"@odata.nextLink":"`+marker+`"`, good),
		rows(`,"@odata.nextLink":"https://`+marker+`.example/"`, good),
		rows("", good) + marker,
		`<html>` + marker,
		"400 " + refused(marker, `{}`),
		"400 " + refused("Ex1|"+marker+"Exception|"+marker, `{}`),
		"400 " + refused("", `{"internalexception":{"message":"`+marker+`","type":"`+marker+`"}}`),
		"400 " + `{"error":{"code":"` + marker + `","message":"` + marker + `"}}`,
		"400 " + `<html>` + marker,
	} {
		s := script(t, map[string]string{"Get-Mailbox": box(), "Get-RecoverableItems": answer, "Restore-RecoverableItems": answer})
		items, listed := s.client.Items(t.Context(), boxGUID, recovery.ItemFilter{})
		result, restored := s.client.RestoreItem(t.Context(), boxGUID, entry(1), "")
		said := fmt.Sprintf("%+v %v %+v %v %s", items, listed, result, restored, s.logged.String())
		if strings.Contains(said, marker) {
			t.Errorf("%s: said %s", answer, said)
		}
		if n := len(s.requests()); n < 4 || !strings.Contains(s.logged.String(), "Restore-RecoverableItems") {
			t.Errorf("%s: %d calls, logged %s", answer, n, s.logged.String())
		}
	}
}

// TestItemClasses has classes beside the plain ones, and one item on two pages.
func TestItemClasses(t *testing.T) {
	t.Parallel()
	var all []string
	classes := []string{
		"IPM.Note.SMIME.MultipartSigned", "IPM.Post", "REPORT.IPM.Note.NDR", "IPM.DistList", "IPM.Contact", "IPM.TaskRequest.Accept",
		"IPM.Schedule.Meeting.Request", "IPM.Appointment", "IPM.StickyNote", "IPM.Activity", "IPM.File", "",
	}
	for n, class := range classes {
		all = append(all, strings.Replace(itemRow(n, "meganb@contoso.com", ""), "IPM.Note.SMIME", class, 1))
	}
	s := script(t, map[string]string{"Get-Mailbox": box(), "Get-RecoverableItems": rows("", append(all, all[0])...)})
	for kind, want := range map[string][]string{
		"": classes, "message": classes[:3], "contact": classes[3:5], "task": classes[5:6], "meeting": classes[6:8],
	} {
		got, err := s.client.Items(t.Context(), boxGUID, recovery.ItemFilter{Type: kind})
		var is []string
		for _, i := range got {
			is = append(is, i.Class)
		}
		if err != nil || !slices.Equal(is, want) {
			t.Errorf("%q: %q, %v", kind, is, err)
		}
	}
}

func TestItemsThatAreCut(t *testing.T) {
	t.Parallel()
	good := itemRow(1, "meganb@contoso.com", "")
	for _, answer := range []string{
		strings.Replace(rows("", good), "[]", `["There are more results available."]`, 1),
		rows(`,"@odata.nextLink":"https://example.com/"`, good),
		rows("", `{"Identity":"meganb@contoso.com"}`),
		rows("", strings.ReplaceAll(good, "01/30/2026 12:00:00", "")),
		`{}`,
	} {
		s := script(t, map[string]string{"Get-Mailbox": box(), "Get-RecoverableItems": answer})
		if got, err := s.client.Items(t.Context(), boxGUID, recovery.ItemFilter{}); recovery.KindOf(err) != recovery.Incomplete || got != nil {
			t.Errorf("%s: %+v, %v", answer, got, err)
		}
	}
}
