package m365fake

import (
	"bytes"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"mailback/internal/fault"
)

type params = map[string]any

func TestGetMailbox(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	adele := newID("mailbox", st.deletedID("adelev"))
	for _, c := range []struct {
		name   string
		params params
		want   []string // aliases, sorted
	}{
		{"by address", params{"Identity": "meganb@contoso.com"}, []string{"meganb"}},
		{"by alias", params{"Identity": "MeganB"}, []string{"meganb"}},
		{"by user's id", params{"Identity": newID("user", "meganb@contoso.com")}, []string{"meganb"}},
		{"by proxy address", params{"Identity": "press@contoso.com"}, []string{"zrinkam"}},
		{"by name of two", params{"Identity": "Garth Fort"}, []string{"garthf"}},
		{"soft-deleted by GUID", params{"Identity": adele, "SoftDeletedMailbox": true}, []string{"adelev"}},
		{"soft-deleted, same address twice", params{"Identity": "mollyd@contoso.com", "SoftDeletedMailbox": true}, []string{"mollyd", "mollyd"}},
		{"soft-deleted without its user", params{"Identity": "brianj@contoso.com", "SoftDeletedMailbox": true}, []string{"brianj"}},
		{"license lost", params{"Identity": "debrab@contoso.com", "SoftDeletedMailbox": true}, []string{"debrab"}},
		{"inactive", params{"Identity": "benw@contoso.com", "InactiveMailboxOnly": true}, []string{"benw"}},
		{"inactive included", params{"Identity": "benw@contoso.com", "IncludeInactiveMailbox": true}, []string{"benw"}},
		{"re-created: the live one", params{"Identity": "enricoc@contoso.com"}, []string{"enricoc"}},
		{"re-created: the old one", params{"Identity": "enricoc@contoso.com", "SoftDeletedMailbox": true}, []string{"enricoc"}},
		{"by type", params{"RecipientTypeDetails": "RoomMailbox"}, []string{"adams"}},
		{"by types, one cut short", params{"RecipientTypeDetails": []string{"Share", "RoomMailbox"}}, []string{"adams", "helpdesk", "payroll"}},
		{"filtered", params{"Filter": "(Alias -like 'mega*' -or PrimarySmtpAddress -eq 'vera.mann@contoso.com') -and IsInactiveMailbox -eq $false"}, []string{"meganb", "vm2210"}},
		{"filtered by list", params{"Filter": "EmailAddresses -eq 'smtp:press@contoso.com'"}, []string{"zrinkam"}},
		{"filtered, soft-deleted", params{"Filter": "{ ExternalDirectoryObjectId -eq \"\" -and -not IsInactiveMailbox -eq 'True' }", "SoftDeletedMailbox": true}, []string{
			"blueprints", "brianj", "cameronw", "cecilh", "cecilh", "enricoc", "fritzb", "paulp", "quentinl", "quinna", "suzys", "sylviaa", "warehouse", "wendyw",
		}},
		{"by Anr", params{"Anr": "megan"}, []string{"meganb"}},
	} {
		r := st.run("Get-Mailbox", c.params, "?$select=Alias,ExchangeGuid")
		got := r.column("Alias")
		slices.Sort(got)
		if r.status != 200 || !slices.Equal(got, c.want) {
			t.Errorf("%s: got %d %v (%.200s), want %v", c.name, r.status, got, r.raw, c.want)
		}
	}
}

func TestGetMailboxRow(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	r := st.run("Get-Mailbox", params{"Identity": "biggs", "InactiveMailboxOnly": true}, "")
	x := r.rows()[0]
	for name, want := range map[string]any{
		"IsInactiveMailbox": true, "AutoExpandingArchiveEnabled": true, "LitigationHoldEnabled": true, "RecipientTypeDetails": "UserMailbox",
		"ExternalDirectoryObjectId": "", "RetainDeletedItemsFor": "14.00:00:00", "ExchangeGuid@odata.type": "#Guid", "WhenSoftDeleted@data.type": "System.DateTime",
	} {
		if x[name] != want {
			t.Errorf("%s is %v, want %v", name, x[name], want)
		}
	}
	if warnings, ok := r.body["@adminapi.warnings"].([]any); !ok || len(warnings) != 0 {
		t.Errorf("warnings are %v", r.body["@adminapi.warnings"])
	}
	for _, identity := range []string{x["DistinguishedName"].(string), x["LegacyExchangeDN"].(string)} {
		if r := st.run("Get-Mailbox", params{"Identity": identity, "InactiveMailboxOnly": true}, "?$select=Alias"); !slices.Equal(r.column("Alias"), []string{"biggs"}) {
			t.Errorf("%s finds %s", identity, r.raw)
		}
	}
	picked := st.run("Get-Mailbox", params{"Identity": "biggs", "InactiveMailboxOnly": true}, "?$select=ExchangeGuid").rows()[0]
	if got := slices.Sorted(maps.Keys(picked)); !slices.Equal(got, []string{"ExchangeGuid", "ExchangeGuid@odata.type"}) {
		t.Errorf("$select gives %v", got)
	}
	if size := exchangeSize(106_300_440_576); size != "99 GB (106,300,440,576 bytes)" {
		t.Errorf("the size is %q", size)
	}
}

func TestDangerousIdentity(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	all := len(st.run("Get-Mailbox", params{"SoftDeletedMailbox": true}, "").rows())
	if all < 20 {
		t.Fatalf("%d soft-deleted mailboxes", all)
	}
	for _, identity := range []any{nil, ""} {
		if got := len(st.run("Get-Mailbox", params{"SoftDeletedMailbox": true, "Identity": identity}, "").rows()); got != all {
			t.Errorf("Identity %v gives %d rows, want all %d", identity, got, all)
		}
	}
	r := st.run("Get-Mailbox", params{"Identity": "nobody@contoso.com"}, "")
	if r.status != 404 || r.code() != "NotFound" || !strings.Contains(string(r.raw), "Ex6F9304|Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException|The operation couldn't be performed because object 'nobody@contoso.com' couldn't be found on '") {
		t.Errorf("an unknown identity gets %d %s", r.status, r.raw)
	}
	loose := newStand(t, func(c *Config) { c.LooseIdentity = true })
	if got := len(loose.run("Get-Mailbox", params{"SoftDeletedMailbox": true, "Identity": "nobody@contoso.com"}, "").rows()); got != all {
		t.Errorf("loose: an unknown identity gives %d rows, want all %d", got, all)
	}
}

func TestExchangePaging(t *testing.T) {
	t.Parallel()
	st := newStand(t, func(c *Config) { c.Users = 1200 })
	r := st.run("Get-Mailbox", params{}, "?$select=Alias")
	if warnings, _ := r.body["@adminapi.warnings"].([]any); len(r.rows()) != 1000 || len(warnings) != 1 {
		t.Errorf("by default %d rows and %v", len(r.rows()), warnings)
	}
	if got := len(st.run("Get-Mailbox", params{"ResultSize": 7}, "").rows()); got != 7 {
		t.Errorf("ResultSize 7 gives %d", got)
	}
	body := `{"CmdletInput":{"CmdletName":"Get-Mailbox","Parameters":{"ResultSize":"Unlimited"}}}`
	seen := map[string]bool{}
	next := st.exchange.URL + "/adminapi/beta/" + TenantID + "/InvokeCommand?$select=ExchangeGuid"
	for next != "" {
		r := st.send("POST", next, st.token(exchangeAudience), body, "Prefer: odata.maxpagesize=500")
		st.wantStatus(r, 200)
		if len(r.rows()) > 500 {
			t.Errorf("a page has %d rows", len(r.rows()))
		}
		for _, guid := range r.column("ExchangeGuid") {
			seen[guid] = true
		}
		next, _ = r.body["@odata.nextLink"].(string)
	}
	connected := 0
	for _, m := range st.Tenant().Mailboxes {
		if m["WhenSoftDeleted"] == nil {
			connected++
		}
	}
	if len(seen) != connected {
		t.Errorf("%d mailboxes on all pages, want %d", len(seen), connected)
	}
	r = st.run("Get-Mailbox", params{}, "?$skiptoken=old")
	if r.status != 400 || !strings.Contains(string(r.raw), "Expired or Invalid pagination request. Default Expiry time is 00:30:00") {
		t.Errorf("a bad token gets %d %s", r.status, r.raw)
	}
}

func TestExchangeRefusals(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	url := st.exchange.URL + "/adminapi/beta/" + TenantID + "/InvokeCommand"
	if r := st.send("POST", url, st.token(graphAudience), "{}"); r.status != 401 {
		t.Errorf("Graph's token gets %d", r.status)
	}
	if r := st.send("POST", strings.Replace(url, "beta", "v1.0", 1), st.token(exchangeAudience), "{}"); r.status != http.StatusMethodNotAllowed {
		t.Errorf("v1.0 gets %d", r.status)
	}
	for body, want := range map[string]string{
		`{"CmdletInput":{"CmdletName":"Get-Mailbox","Parameters":null}}`:                         "cannot be null",
		`{"CmdletInput":{"CmdletName":"Get-Mailbox","Parameters":{"Idenity":"x"}}}`:              "A parameter cannot be found that matches parameter name 'idenity'.",
		`{"CmdletInput":{"CmdletName":"Get-Mailbox","Parameters":{"SoftDeletedMailbox":"yes"}}}`: "SwitchParameter",
		`{"CmdletInput":{"CmdletName":"Get-Mailbox","Parameters":{"ResultSize":"lots"}}}`:        "ResultSize",
		`{"CmdletInput":{"CmdletName":"Get-Mailbox","Parameters":{"Filter":"Alias -foo 'x'"}}}`:  "Invalid filter syntax",
		`{"CmdletInput":{"CmdletName":"Get-Mailbox","Parameters":{"RecipientTypeDetails":"Z"}}}`: "RecipientTypeDetails",
		`{`: "not a valid CmdletInput",
	} {
		if r := st.send("POST", url, st.token(exchangeAudience), body); r.status != 400 || r.code() != "BadRequest" || !strings.Contains(string(r.raw), want) {
			t.Errorf("%s: got %d %s", body, r.status, r.raw)
		}
	}
	r := st.run("Remove-Mailbox", params{"Identity": "meganb"}, "")
	if r.status != 403 || len(r.raw) == 0 || len(bytes.Trim(r.raw, "\x00")) != 0 || r.header.Get("x-ms-diagnostics") == "" {
		t.Errorf("an unknown cmdlet gets %d %q", r.status, r.raw)
	}
	st.RevokeRole("Exchange Administrator")
	if r := st.run("Get-Mailbox", params{"Identity": "meganb"}, ""); r.status != 403 || len(bytes.Trim(r.raw, "\x00")) != 0 {
		t.Errorf("without a directory role: %d %q", r.status, r.raw)
	}
	st.GrantRole("Global Reader")
	st.wantStatus(st.run("Get-Mailbox", params{"Identity": "meganb"}, ""), 200)
	st.RevokeRole("Exchange.ManageAsApp")
	if r := st.run("Get-Mailbox", params{"Identity": "meganb"}, ""); r.status != 401 {
		t.Errorf("without the app role: %d", r.status)
	}
}

func TestSetMailboxNeedsAnAnchor(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	convert := params{"Identity": "meganb@contoso.com", "Type": "Shared"}
	if r := st.run("Set-Mailbox", convert, ""); r.status != 403 || len(r.raw) != 0 {
		t.Errorf("without an anchor: %d %q", r.status, r.raw)
	}
	anchor := "X-AnchorMailbox: APP:SystemMailbox{bb558c35-97f1-4cb9-8ff7-d53741dc928c}@" + TenantID
	st.wantStatus(st.run("Set-Mailbox", convert, "", anchor), 200)
	if r := st.call("GET", "/users/meganb@contoso.com/mailboxSettings", ""); r.body["userPurpose"] != "shared" {
		t.Errorf("meganb is %s", r.raw)
	}
	if r := st.run("Set-Mailbox", params{"Identity": "", "Type": "Shared"}, "", anchor); r.status != 400 {
		t.Errorf("an empty identity gets %d", r.status)
	}
	if r := st.run("Set-Mailbox", params{"Identity": "meganb", "Type": "Sheared"}, "", anchor); r.status != 400 {
		t.Errorf("a wrong type gets %d", r.status)
	}
}

func TestModuleFile(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	r := st.send("GET", st.exchange.URL+"/adminapi/v1.0/"+TenantID+"/EXOModuleFile?Version=3.9.2", st.token(exchangeAudience), "", "CommandName: *")
	st.wantStatus(r, 200)
	names, _ := r.rows()[0]["exportedCmdlets"].([]any)
	if !slices.Contains(names, any("Get-Mailbox")) || !slices.Contains(names, any("Set-Mailbox")) {
		t.Errorf("the app may run %v", names)
	}
}

func TestExchangeFaults(t *testing.T) {
	t.Parallel()
	desk := fault.New(time.Now)
	st := newStand(t, func(c *Config) { c.Desk = desk })
	if err := desk.Add(fault.Fault{Service: "exchange", Match: "InvokeCommand", Kind: fault.Throttle, Value: 4, Times: 1}); err != nil {
		t.Fatal(err)
	}
	r := st.run("Get-Mailbox", params{"Identity": "meganb"}, "")
	if r.status != 429 || r.header.Get("Retry-After") != "4" || !strings.Contains(string(r.raw), "maximum number of concurrent requests") {
		t.Errorf("throttled: %d %s", r.status, r.raw)
	}
	st.wantStatus(st.run("Get-Mailbox", params{"Identity": "meganb"}, ""), 200)
	if calls := desk.Calls(); len(calls) != 2 || calls[1].Service != "exchange" || calls[1].Status != 200 {
		t.Errorf("the desk saw %v", calls)
	}
}
