package m365fake

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
)

const (
	leesBin   = "/users/leeg@contoso.com/mailFolders/recoverableitemsdeletions"
	immutable = `Prefer: IdType="ImmutableId"`
)

func expandProperty(id string) string {
	return "$expand=" + url.QueryEscape("singleValueExtendedProperties($filter=id eq '"+id+"')")
}

func (st *stand) mailFoldersOf(address string) []map[string]any {
	st.t.Helper()
	st.GrantRole("Mail.ReadBasic.All")
	r := st.call("GET", "/users/"+address+"/mailFolders?$top=100", "")
	st.wantStatus(r, 200)
	return r.rows()
}

// pages lists all pages of path.
func (st *stand) pages(path string) []map[string]any {
	st.t.Helper()
	var out []map[string]any
	for next := path; next != ""; {
		r := st.call("GET", next, "")
		st.wantStatus(r, 200)
		out = append(out, r.rows()...)
		next, _ = r.body["@odata.nextLink"].(string)
	}
	return out
}

func TestRecoverableMessages(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	st.GrantRole("Mail.Read")
	known, err := st.Items("leeg@contoso.com")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int{}
	for _, i := range known {
		if strings.HasPrefix(i.ItemClass, "IPM.Note") || strings.HasPrefix(i.ItemClass, "IPM.Schedule") { // no appointments, contacts and tasks
			want[i.Folder]++
		}
	}
	first := st.call("GET", leesBin+"/messages", "")
	if len(first.rows()) != 10 || first.body["@odata.nextLink"] == nil {
		t.Errorf("the first page has %d messages, next is %v", len(first.rows()), first.body["@odata.nextLink"])
	}
	for name, folder := range map[string]string{"recoverableitemsdeletions": "Recoverable Items/Deletions", "recoverableitemspurges": "Recoverable Items/Purges"} {
		got := st.pages("/users/leeg@contoso.com/mailFolders/" + name + "/messages?$top=7")
		if len(got) != want[folder] || want[folder] == 0 {
			t.Errorf("%s lists %d messages, want %d", name, len(got), want[folder])
		}
		for _, x := range got {
			from, _ := json.Marshal(x["from"])
			if !strings.HasPrefix(x["subject"].(string), ItemMarker) || !strings.Contains(string(from), ItemMarker) || x["body"] == nil {
				t.Errorf("got %v", x)
			}
		}
	}
	requests := slices.DeleteFunc(st.pages(leesBin+"/messages?$top=1000"), func(x map[string]any) bool {
		return x["@odata.type"] != "#microsoft.graph.eventMessageRequest"
	})
	if len(requests) != 3 {
		t.Errorf("%d are meeting requests", len(requests))
	}
}

func TestMessageQueries(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	st.GrantRole("Mail.Read")
	all := st.pages(leesBin + "/messages?$orderby=lastModifiedDateTime%20desc")
	third, total := all[2]["lastModifiedDateTime"].(string), len(all)
	if !slices.IsSortedFunc(all, func(a, b map[string]any) int {
		return strings.Compare(b["lastModifiedDateTime"].(string), a["lastModifiedDateTime"].(string))
	}) {
		t.Error("the list is not sorted")
	}
	ask := func(options ...string) reply {
		return st.call("GET", leesBin+"/messages?$top=1000&"+strings.Join(options, "&"), "")
	}
	filter := func(f string) string { return "$filter=" + url.QueryEscape(f) }
	for f, want := range map[string]int{
		"lastModifiedDateTime ge " + third:                                                   3,
		"lastModifiedDateTime lt " + third:                                                   total - 3,
		"lastModifiedDateTime gt " + third + " and receivedDateTime ge 2020-01-01T00:00:00Z": 2,
		"subject eq '" + all[4]["subject"].(string) + "'":                                    1,
		"contains(subject,'" + ItemMarker + "')":                                             total,
		"from/emailAddress/address eq 'nobody@contoso.com'":                                  0,
	} {
		if r := ask(filter(f)); len(r.rows()) != want || r.status != 200 {
			t.Errorf("%s gives %d, want %d", f, len(r.rows()), want)
		}
	}
	if r := ask(filter("lastModifiedDateTime ge "+third), "$orderby=lastModifiedDateTime", "$select=id,subject", "$count=true"); len(r.rows()) != 3 || len(r.rows()[0]) != 3 || r.body["@odata.count"] != 3.0 {
		t.Errorf("got %s", r.raw)
	}
	for options, code := range map[string]string{
		filter("lastModifiedDateTime ge '" + third + "'"):                       "BadRequest",
		filter("bodyPreview eq 'x'"):                                            "ErrorInvalidUrlQueryFilter",
		filter("subject eq"):                                                    "BadRequest",
		filter("receivedDateTime ge "+third) + "&$orderby=lastModifiedDateTime": "InefficientFilter",
		"$orderby=nothing":                                                      "BadRequest", "$select=nothing": "BadRequest", "$expand=attachments": "BadRequest", "$skip=-1": "BadRequest",
		"$search=%22x%22": "BadRequest", "$expand=" + url.QueryEscape("singleValueExtendedProperties($filter=id eq 'Binary 348A')"): "ErrorInvalidProperty",
	} {
		if r := ask(options); r.status != 400 || r.code() != code {
			t.Errorf("%s gets %d %s, want %s", options, r.status, r.code(), code)
		}
	}
}

// TestMoveMessage goes the way that a tool goes without Exchange's cmdlets: from the message to its last folder and back into it.
func TestMoveMessage(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	st.GrantRole("Mail.ReadWrite")
	in, deleted := st.counts("leeg@contoso.com")
	x := st.call("GET", leesBin+"/messages?$top=1&$select=id,subject&"+expandProperty("Binary 0x348A"), "").rows()[0]
	property, _ := x["singleValueExtendedProperties"].([]any)[0].(map[string]any)
	key, err := base64.StdEncoding.DecodeString(property["value"].(string))
	if err != nil || len(key) != 22 || property["id"] != "Binary 0x348a" {
		t.Fatalf("the last folder is %v, %v", property, err)
	}
	inbox := st.call("GET", "/users/leeg@contoso.com/mailFolders/inbox?"+expandProperty("Binary 0x0FFF"), "")
	property, _ = inbox.body["singleValueExtendedProperties"].([]any)[0].(map[string]any)
	entry, err := base64.StdEncoding.DecodeString(property["value"].(string))
	if err != nil {
		t.Fatal(err)
	}
	rebuilt, err := hex.DecodeString(hex.EncodeToString(entry)[:40] + "0100" + hex.EncodeToString(key) + "0000")
	if err != nil {
		t.Fatal(err)
	}
	r := st.call("POST", "/users/leeg@contoso.com/translateExchangeIds", fmt.Sprintf(`{"inputIds":[%q],"sourceIdType":"entryId","targetIdType":"restId"}`, urlToken(rebuilt)))
	st.wantStatus(r, 200)
	folder := st.call("GET", "/users/leeg@contoso.com/mailFolders/"+r.rows()[0]["targetId"].(string), "")
	if folder.status != 200 || folder.body["displayName"] != "Inbox" {
		t.Fatalf("the message was in %s", folder.raw)
	}
	moved := st.call("POST", "/users/leeg@contoso.com/messages/"+x["id"].(string)+"/move", `{"destinationId":"`+folder.body["id"].(string)+`"}`)
	st.wantStatus(moved, 201)
	if moved.body["id"] == x["id"] || moved.body["parentFolderId"] != folder.body["id"] || moved.body["subject"] != x["subject"] {
		t.Errorf("moved: %s", moved.raw)
	}
	st.wantCode(st.call("GET", "/users/leeg@contoso.com/messages/"+x["id"].(string), ""), 404, "ErrorItemNotFound", "")
	st.wantStatus(st.call("GET", "/users/leeg@contoso.com/messages/"+moved.body["id"].(string), ""), 200)
	if nowIn, nowDeleted := st.counts("leeg@contoso.com"); nowIn != in+1 || nowDeleted != deleted-1 {
		t.Errorf("%d and %d items, had %d and %d", nowIn, nowDeleted, in, deleted)
	}
	if got := st.call("GET", "/users/leeg@contoso.com/mailFolders/inbox", "").body["totalItemCount"]; got != inbox.body["totalItemCount"].(float64)+1 {
		t.Errorf("the inbox has %v items, had %v", got, inbox.body["totalItemCount"])
	}
}

func TestImmutableIDs(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	st.GrantRole("Mail.ReadWrite")
	list := st.call("GET", leesBin+"/messages?$top=1", "", immutable)
	id := list.rows()[0]["id"].(string)
	if !strings.HasPrefix(id, "AAkALg") || list.header.Get("Preference-Applied") != `IdType="ImmutableId"` {
		t.Fatalf("the id is %s, applied %q", id, list.header.Get("Preference-Applied"))
	}
	moved := st.call("POST", leesBin+"/messages/"+id+"/move", `{"destinationId":"archive"}`, immutable)
	if moved.status != 201 || moved.body["id"] != id {
		t.Errorf("moved: %s", moved.raw)
	}
	plain := st.call("GET", "/users/leeg@contoso.com/messages/"+id, "").body["id"].(string)
	if !strings.HasPrefix(plain, "AAMkA") {
		t.Errorf("the other id is %s", plain)
	}
	translate := func(from, to, id string) map[string]any {
		t.Helper()
		r := st.call("POST", "/users/leeg@contoso.com/translateExchangeIds", fmt.Sprintf(`{"inputIds":[%q],"sourceIdType":%q,"targetIdType":%q}`, id, from, to))
		st.wantStatus(r, 200)
		return r.rows()[0]
	}
	for _, way := range [][2]string{{"restId", "restImmutableEntryId"}, {"restId", "immutableEntryId"}, {"restId", "ewsId"}, {"restId", "entryId"}} {
		there := translate(way[0], way[1], plain)
		if back := translate(way[1], way[0], there["targetId"].(string)); back["targetId"] != plain {
			t.Errorf("%v: %v and back %v", way, there, back)
		}
	}
	if got := translate("restId", "restImmutableEntryId", plain); got["targetId"] != id {
		t.Errorf("translated: %v", got)
	}
	for _, bad := range []string{"x", "AAMk", strings.Replace(plain, "AAMkA", "AAMkB", 1)} {
		if got := translate("restId", "entryId", bad); got["errorDetails"] == nil || got["targetId"] != nil {
			t.Errorf("%s is translated: %v", bad, got)
		}
	}
	st.wantStatus(st.call("POST", "/users/leeg@contoso.com/translateExchangeIds", `{"inputIds":["x"],"sourceIdType":"restId","targetIdType":"any"}`), 400)
	st.wantStatus(st.call("POST", "/users/leeg@contoso.com/translateExchangeIds", `{"inputIds":[],"sourceIdType":"restId","targetIdType":"ewsId"}`), 400)
}

func TestMoveRefusals(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	st.GrantRole("Mail.ReadWrite")
	items := func(who string) []Item {
		all, err := st.Items(who)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	lee := items("leeg@contoso.com")
	var appointment, stuck string
	for _, i := range lee {
		if i.ItemClass == "IPM.Appointment" {
			appointment = i.ID
		}
	}
	stuck = items("willemd@contoso.com")[2].ID
	move := func(who, id, body string) reply {
		return st.call("POST", "/users/"+who+"@contoso.com/messages/"+id+"/move", body)
	}
	st.wantCode(move("leeg", lee[0].ID, `{}`), 400, "ErrorInvalidParameter", "The value of the parameter 'DestinationId' is empty.")
	st.wantCode(move("leeg", lee[0].ID, `{"destination":"inbox"}`), 400, "BadRequest", "destination")
	st.wantCode(move("leeg", lee[0].ID, `{"destinationId":"Restored"}`), 400, "ErrorInvalidIdMalformed", "")
	st.wantCode(move("leeg", "x", `{"destinationId":"inbox"}`), 400, "ErrorInvalidIdMalformed", "Id is malformed.")
	st.wantCode(move("jonis", lee[0].ID, `{"destinationId":"inbox"}`), 400, "ErrorInvalidMailboxItemId", "")
	st.wantCode(move("leeg", appointment, `{"destinationId":"inbox"}`), 404, "ErrorItemNotFound", "")
	st.wantCode(move("willemd", stuck, `{"destinationId":"inbox"}`), 500, "ErrorMoveCopyFailed", "")
	st.wantCode(st.call("POST", "/users/leeg@contoso.com/mailFolders/inbox/messages/"+lee[0].ID+"/move", `{"destinationId":"inbox"}`), 404, "ErrorItemNotFound", "")
	st.wantCode(st.call("GET", "/users/debrab@contoso.com/mailFolders/recoverableitemsdeletions/messages", ""), 404, "MailboxNotEnabledForRESTAPI", "")
}

func TestMailFolders(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	st.GrantRole("Mail.ReadWrite")
	first := st.call("GET", "/users/leeg@contoso.com/mailFolders?$top=5&$select=displayName", "")
	if names := first.column("displayName"); len(names) != 5 || names[0] != "Inbox" || first.body["@odata.nextLink"] == nil || slices.Contains(names, "Deletions") {
		t.Errorf("got %s", first.raw)
	}
	made := st.call("POST", "/users/leeg@contoso.com/mailFolders", `{"displayName":"Restored 2026-11-22"}`)
	st.wantStatus(made, 201)
	st.wantCode(st.call("POST", "/users/leeg@contoso.com/mailFolders", `{"displayName":"restored 2026-11-22"}`), 409, "ErrorFolderExists", "already exists")
	st.wantCode(st.call("POST", "/users/leeg@contoso.com/mailFolders", `{"displayName":""}`), 400, "ErrorInvalidRequest", "")
	id := made.body["id"].(string)
	st.wantStatus(st.call("POST", "/users/leeg@contoso.com/mailFolders/"+id+"/childFolders", `{"displayName":"More"}`), 201)
	if r := st.call("GET", "/users/leeg@contoso.com/mailFolders/"+id, ""); r.body["childFolderCount"] != 1.0 || r.body["displayName"] != "Restored 2026-11-22" {
		t.Errorf("the new folder is %s", r.raw)
	}
	if found := st.find("/users/leeg@contoso.com/mailFolders", "displayName eq 'Restored 2026-11-22'", ""); len(found.rows()) != 1 || found.rows()[0]["id"] != id {
		t.Errorf("by its name it is found as %s", found.raw)
	}
	st.wantCode(st.find("/users/leeg@contoso.com/mailFolders", "subject eq 'x'", ""), 400, "ErrorInvalidUrlQueryFilter", "")
	if names := st.call("GET", "/users/leeg@contoso.com/mailFolders?$orderby=displayName%20desc", "").column("displayName"); names[0] != "Sent Items" {
		t.Errorf("sorted: %v", names)
	}
	if names := st.call("GET", "/users/leeg@contoso.com/mailFolders/recoverableitemsroot/childFolders", "").column("displayName"); !slices.Contains(names, "Purges") {
		t.Errorf("below Recoverable Items are %v", names)
	}
}

func TestMailPermissions(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	id := func() string {
		all, err := st.Items("leeg@contoso.com")
		if err != nil {
			t.Fatal(err)
		}
		return all[0].ID
	}()
	list := func(options string) reply { return st.call("GET", leesBin+"/messages"+options, "") }
	move := func() reply {
		return st.call("POST", "/users/leeg@contoso.com/messages/"+id+"/move", `{"destinationId":"inbox"}`)
	}
	st.wantCode(list(""), 403, "ErrorAccessDenied", "Access is denied.")
	st.GrantRole("Mail.ReadBasic.All")
	if r := list(""); r.status != 200 || r.rows()[0]["body"] != nil || r.rows()[0]["bodyPreview"] != nil || r.rows()[0]["subject"] == nil {
		t.Errorf("the basics are %d %.300s", r.status, r.raw)
	}
	st.wantCode(list("?"+expandProperty("Binary 0x348A")), 403, "ErrorAccessDenied", "")
	st.wantCode(move(), 403, "ErrorAccessDenied", "")
	st.GrantRole("Mail.Read")
	st.wantStatus(list("?"+expandProperty("Binary 0x348A")), 200)
	st.wantCode(move(), 403, "ErrorAccessDenied", "")
	st.wantCode(st.call("POST", "/users/leeg@contoso.com/mailFolders", `{"displayName":"x"}`), 403, "ErrorAccessDenied", "")
	st.GrantRole("Mail.ReadWrite")
	st.wantStatus(move(), 201)
}

// TestManyMessages: 10,000 items are there one by one.
func TestManyMessages(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	st.GrantRole("Mail.ReadBasic.All")
	seen := map[any]bool{}
	for _, folder := range []string{"deletions", "purges"} {
		for _, x := range st.pages("/users/theresag@contoso.com/mailFolders/recoverableitems" + folder + "/messages?$top=1000&$select=id") {
			seen[x["id"]] = true
		}
	}
	if len(seen) != 7000 { // seven kinds of ten are messages
		t.Errorf("%d messages", len(seen))
	}
}
