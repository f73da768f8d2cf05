package m365fake

import (
	"compress/gzip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"mailback/internal/fault"
)

func TestReadUser(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	byName := st.call("GET", "/users/MeganB@contoso.com", "")
	st.wantStatus(byName, 200)
	id, _ := byName.body["id"].(string)
	for _, path := range []string{"/users/" + id, "/users/" + strings.ToUpper(id), "/users('meganb@contoso.com')", "/users/meganb%40contoso.com"} {
		if r := st.call("GET", path, ""); r.body["id"] != id {
			t.Errorf("%s: got %s", path, r.raw)
		}
	}
	for _, p := range []string{"accountEnabled", "assignedLicenses", "proxyAddresses", "userType"} {
		if _, there := byName.body[p]; there {
			t.Errorf("%s comes without being asked for", p)
		}
	}
	chosen := st.call("GET", "/users/"+id+"?$select=displayName,usageLocation", "")
	if chosen.body["usageLocation"] != "US" || chosen.body["id"] != nil || chosen.body["mail"] != nil {
		t.Errorf("$select gives %s", chosen.raw)
	}
	if got := byName.body["@odata.context"]; got != st.graph.URL+"/v1.0/$metadata#users/$entity" {
		t.Errorf("the context is %v", got)
	}
}

func TestGraphRefusals(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	adele := st.deletedID("adelev")
	for _, c := range []struct {
		method, path, body string
		status             int
		code, message      string
	}{
		{"GET", "/users/nobody@contoso.com", "", 404, "Request_ResourceNotFound", "Resource 'nobody@contoso.com' does not exist"},
		{"GET", "/users/" + adele, "", 404, "Request_ResourceNotFound", adele},
		{"GET", "/users?$select=shoeSize", "", 400, "BadRequest", "Could not find a property named 'shoeSize' on type 'microsoft.graph.user'."},
		{"GET", "/users?$top=0", "", 400, "Request_UnsupportedQuery", "Must be between 1 and 999"},
		{"GET", "/users?$top=many", "", 400, "BadRequest", "non-negative integer"},
		{"GET", "/users?$skiptoken=made-up", "", 400, "Directory_ExpiredPageToken", ""},
		{"GET", "/users?$search=%22displayName:me%22", "", 400, "Request_UnsupportedQuery", "ConsistencyLevel: eventual"},
		{"GET", "/users?$filter=mail+eq", "", 400, "BadRequest", "Syntax error at position 7"},
		{"GET", "/users?$filter=shoeSize+eq+3", "", 400, "BadRequest", "Could not find a property named 'shoeSize'"},
		{"GET", "/users?$filter=licenseAssignmentStates/any(l:l/state+eq+'Error')", "", 400, "Request_UnsupportedQuery", "'licenseAssignmentStates' of resource 'User'"},
		{"GET", "/users?$filter=mail+ne+'x'", "", 400, "Request_UnsupportedQuery", "Operator 'NotEqualsMatch' is not supported because the 'ConsistencyLevel:eventual' header is missing"},
		{"GET", "/users?$filter=mail+eq+'x'&$orderby=displayName", "", 400, "Request_UnsupportedQuery", "Sorting not supported"},
		{"GET", "/directory/deletedItems", "", 400, "Request_UnsupportedQuery", "Searches against this resource are not supported. Only specific instances can be queried."},
		{"GET", "/directory/deletedItems/graph.user?$orderby=deletedDateTime", "", 400, "Request_UnsupportedQuery", "Unsupported sort property 'deletedDateTime' for 'User'."},
		{"GET", "/directory/deletedItems/xyz", "", 400, "Request_BadRequest", "Invalid object identifier 'xyz'"},
		{"POST", "/users/" + adele + "/restore", "", 404, "Request_ResourceNotFound", adele},
		{"POST", "/directory/deletedItems/" + adele + "/restore", `{"newUpn":"x"}`, 400, "BadRequest", "The parameter 'newUpn'"},
		{"POST", "/directory/deletedItems/" + adele + "/restore", `{"newUserPrincipalName":"adele@example.com"}`, 400, "Request_BadRequest", "verified domain"},
		{"POST", "/directory/deletedItems/" + newID("user", "nobody") + "/restore", "", 404, "Request_ResourceNotFound", "does not exist"},
		{"POST", "/users/meganb@contoso.com/assignLicense", `{"addLicenses":[]}`, 400, "BadRequest", "The missing parameters are: removeLicenses"},
		{"POST", "/users/meganb@contoso.com/assignLicense", `{"addLicenses":[{"skuId":"E3"}],"removeLicenses":[]}`, 400, "BadRequest", "Edm.Guid"},
		{"POST", "/users/meganb@contoso.com/assignLicense", `{"addLicenses":[{"skuId":"` + adele + `"}],"removeLicenses":[]}`, 400, "Request_BadRequest", "does not correspond to a valid company License"},
		{"POST", "/users/meganb@contoso.com/assignLicense", `{"addLicenses":[{"skuId":"` + EXCHANGEDESKLESS + `"}],"removeLicenses":[]}`, 400, "Request_BadRequest", "cannot be assigned"},
		{"POST", "/users/meganb@contoso.com/assignLicense", `{"addLicenses":[],"removeLicenses":["` + SPE_E5 + `"]}`, 400, "Request_BadRequest", "User does not have a corresponding license."},
		{"POST", "/users/amyr@contoso.com/assignLicense", `{"addLicenses":[],"removeLicenses":["` + STANDARDPACK + `"]}`, 400, "Request_BadRequest", "inherited from a group membership"},
		{"POST", "/users/hughm@contoso.com/assignLicense", `{"addLicenses":[{"skuId":"` + SPE_E3 + `"}],"removeLicenses":[]}`, 400, "Request_BadRequest", "License assignment cannot be done for user with invalid usage location."},
		{"POST", "/users/jamesl@contoso.com/assignLicense", `{"addLicenses":[{"skuId":"` + EXCHANGESTANDARD + `"}],"removeLicenses":[]}`, 400, "Request_BadRequest", "does not have any available licenses"},
		{"PATCH", "/users/loripe@contoso.com", `{"accountEnabled":false}`, 404, "Request_ResourceNotFound", "loripe"},
		{"PATCH", "/users/marior@contoso.com", `{"accountEnabled":false}`, 400, "Request_BadRequest", "on-premises mastered"},
		{"GET", "/users/irvins@contoso.com/mailboxSettings", "", 404, "MailboxNotEnabledForRESTAPI", "inactive, soft-deleted, or is hosted on-premise"},
		{"GET", "/users/nobody@contoso.com/mailboxSettings", "", 404, "ErrorInvalidUser", "nobody@contoso.com"},
		{"GET", "/users/meganb@contoso.com/mailFolders", "", 403, "ErrorAccessDenied", "Access is denied. Check credentials and try again."},
		{"GET", "/me", "", 400, "BadRequest", "delegated"},
		{"GET", "/unheard", "", 400, "BadRequest", "Resource not found for the segment 'unheard'."},
		{"PUT", "/users", "{}", 405, "Request_BadRequest", "method is not allowed"},
		{"GET", "/subscribedSkus?$filter=x", "", 400, "Request_UnsupportedQuery", "Unsupported Query"},
	} {
		r := st.call(c.method, c.path, c.body)
		if r.status != c.status || r.code() != c.code || !strings.Contains(r.message(), c.message) {
			t.Errorf("%s %s: got %d %s, want %d %s %q", c.method, c.path, r.status, r.raw, c.status, c.code, c.message)
		}
		inner, _ := r.body["error"].(map[string]any)["innerError"].(map[string]any)
		if inner["request-id"] != r.header.Get("request-id") || inner["date"] == nil {
			t.Errorf("%s %s: innerError is %v", c.method, c.path, inner)
		}
	}
}

func TestFilters(t *testing.T) {
	t.Parallel()
	st := newStand(t, func(c *Config) { c.Users = 400 })
	const deleted = "/directory/deletedItems/microsoft.graph.user"
	advanced := "&$count=true"
	for _, c := range []struct {
		path, filter, more, header string
		want                       []string // mailNickname, sorted; nil: see count
		count                      int
	}{
		{"/users", "userPrincipalName eq 'MEGANB@contoso.com' or mail eq 'nobody' or proxyAddresses/any(p:p eq 'smtp:meganb@contoso.com')", "", "", []string{"meganb"}, 0},
		{"/users", "mail eq 'vera.mann@contoso.com'", "", "", []string{"vm2210"}, 0},
		{"/users", "proxyAddresses/any(x:x eq 'smtp:press@contoso.com')", "", "", []string{"zrinkam"}, 0},
		{"/users", "id in ('" + newID("user", "meganb@contoso.com") + "','" + newID("user", "alexw@contoso.com") + "')", "", "", []string{"alexw", "meganb"}, 0},
		{"/users", "(startsWith(displayName,'Megan') or startsWith(displayName,'Alex')) and accountEnabled eq true", "", "", []string{"alexw", "meganb"}, 0},
		{"/users", "startsWith(displayName,'Lee') and not(userType eq 'Guest')", advanced, eventual, []string{"leeg"}, 0},
		{"/users", "userType eq 'Guest'", "", "", []string{"lukasz_northwindtraders.com#EXT#"}, 0},
		{"/users", "onPremisesSyncEnabled eq true", "", "", []string{"hollyd", "marior"}, 0},
		{"/users", "assignedLicenses/any(l:l/skuId eq " + M365_F1 + ")", "", "", []string{"frankm"}, 0},
		{"/users", "assignedLicenses/$count eq 0 and endsWith(userPrincipalName,'ns@contoso.com')", advanced, eventual, []string{"irvins"}, 0},
		{"/users", "usageLocation eq null and userType eq 'Member'", "", "", []string{"hughm"}, 0},
		{"/users", "mail eq 'nobody'", "", "", []string{}, 0},
		{deleted, "mail eq 's.o''neil@contoso.com'", "", "", []string{"s.o'neil"}, 0},
		{deleted, "mail eq 'dana+hr@contoso.com' or mail eq 'svc#1@contoso.com'", "", "", []string{"dana+hr", "svc#1"}, 0},
		{deleted, "userPrincipalName eq 'adelev@contoso.com'", "", "", []string{}, 0},
		{deleted, "endsWith(userPrincipalName,'john@contoso.com')", advanced, eventual, []string{"bigjohn", "john"}, 0},
		{deleted, "endsWith(userPrincipalName,'mollyd@contoso.com')", advanced, eventual, []string{"mollyd", "mollyd"}, 0},
		{deleted, "proxyAddresses/any(p:p eq 'smtp:tinaw@contoso.com')", "", "", []string{"tinaw"}, 0},
		{deleted, "displayName eq 'David Smith'", "", "", []string{"davids"}, 0},
		{deleted, "deletedDateTime ge " + time.Now().Add(-36*time.Hour-30*time.Minute).UTC().Format(time.RFC3339) + " and startsWith(mail,'user')", "", "", nil, 12},
	} {
		r := st.find(c.path, c.filter, c.more+"&$top=999&$select=id,mailNickname", c.header)
		got := r.column("mailNickname")
		slices.Sort(got)
		if r.status != 200 || (c.want != nil && !slices.Equal(got, c.want)) || (c.want == nil && len(got) != c.count) {
			t.Errorf("%s: got %d %v (%s), want %v", c.filter, r.status, got, r.message(), c.want)
		}
		if (c.header != "") != (r.body["@odata.count"] != nil) {
			t.Errorf("%s: @odata.count is %v", c.filter, r.body["@odata.count"])
		}
	}
	halfway := st.find("/users", "mail ne 'x'", "", eventual)
	st.wantCode(halfway, 400, "Request_UnsupportedQuery", "Try adding $count=true")
}

func TestSearchAndSort(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	r := st.call("GET", "/users?$search="+url.QueryEscape(`"displayName:smi" AND "mail:david"`)+"&$select=mail", "", eventual)
	if got := r.column("mail"); !slices.Equal(got, []string{"david.smith@contoso.com"}) {
		t.Errorf("search finds %v: %s", got, r.raw)
	}
	r = st.call("GET", "/directory/deletedItems/graph.user?$orderby=deletedDateTime%20desc&$count=true&$select=deletedDateTime", "", eventual)
	got := r.column("deletedDateTime")
	if !slices.IsSortedFunc(got, func(a, b string) int { return strings.Compare(b, a) }) || len(got) < 20 {
		t.Errorf("deleted users are not sorted: %v", got)
	}
	r = st.call("GET", "/users?$orderby=displayName&$select=displayName", "")
	if got := r.column("displayName"); len(got) < 20 || !slices.IsSortedFunc(got, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) }) {
		t.Errorf("users are not sorted: %v", got)
	}
	if r := st.call("GET", "/users/$count", "", eventual); string(r.raw) == "" || r.body != nil {
		t.Errorf("$count is %s", r.raw)
	}
}

func TestPaging(t *testing.T) {
	t.Parallel()
	st := newStand(t, func(c *Config) { c.Users = 300 })
	seen := map[string]bool{}
	pages := 0
	for next := "/users?$select=id"; next != ""; pages++ {
		r := st.call("GET", next, "")
		st.wantStatus(r, 200)
		for _, id := range r.column("id") {
			if seen[id] {
				t.Fatalf("%s comes twice", id)
			}
			seen[id] = true
		}
		if pages == 0 && len(r.rows()) != 100 {
			t.Errorf("the first page has %d users", len(r.rows()))
		}
		next, _ = r.body["@odata.nextLink"].(string)
		if next != "" && !strings.HasPrefix(next, st.graph.URL+"/v1.0/users?") {
			t.Fatalf("nextLink is %s", next)
		}
		if pages == 1 { // a user who goes between two pages does not shift the next one
			if err := st.Delete("user00001@contoso.com"); err != nil {
				t.Fatal(err)
			}
		}
	}
	want := len(st.Tenant().Users)
	if pages < 4 || len(seen) < want || len(seen) > want+1 {
		t.Errorf("%d users on %d pages, want %d", len(seen), pages, want)
	}
}

func TestAppRoles(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	st.RevokeRole("User.DeleteRestore.All")
	st.RevokeRole("User.ReadWrite.All")
	st.wantCode(st.call("POST", "/directory/deletedItems/"+st.deletedID("adelev")+"/restore", ""), 403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
	st.wantCode(st.call("PATCH", "/users/meganb@contoso.com", `{"usageLocation":"DE"}`), 403, "Authorization_RequestDenied", "")
	st.wantStatus(st.call("PATCH", "/users/meganb@contoso.com", `{"accountEnabled":false}`), 204)
	st.RevokeRole("MailboxSettings.Read")
	st.wantCode(st.call("GET", "/users/meganb@contoso.com/mailboxSettings", ""), 403, "ErrorAccessDenied", "Access is denied.")
	st.GrantRole("User.DeleteRestore.All")
	st.wantStatus(st.call("POST", "/directory/deletedItems/"+st.deletedID("adelev")+"/restore", ""), 200)
}

func TestMembership(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	approvers, sales, staff := newID("group", "approvers"), newID("group", "sales"), newID("group", "staff")
	r := st.call("POST", "/users/pattif@contoso.com/checkMemberGroups", `{"groupIds":["`+approvers+`","`+sales+`"]}`)
	if got, _ := r.body["value"].([]any); len(got) != 1 || got[0] != approvers {
		t.Errorf("pattif is in %s", r.raw)
	}
	r = st.call("POST", "/users/meganb@contoso.com/checkMemberGroups", `{"groupIds":["`+staff+`"]}`)
	if got, _ := r.body["value"].([]any); len(got) != 1 {
		t.Errorf("a nested group does not count: %s", r.raw)
	}
	if got := st.call("GET", "/users/meganb@contoso.com/memberOf", "").column("displayName"); !slices.Equal(got, []string{"Sales"}) {
		t.Errorf("meganb is a direct member of %v", got)
	}
	template := "fe930be7-5e62-47db-91af-98c3a49a38b1"
	r = st.call("POST", "/users/pattif@contoso.com/checkMemberObjects", `{"ids":["`+template+`"]}`)
	if got, _ := r.body["value"].([]any); len(got) != 1 {
		t.Errorf("a role through a group does not count: %s", r.raw)
	}
	if got := st.call("GET", "/users/admin@contoso.com/transitiveMemberOf/microsoft.graph.directoryRole", "").column("displayName"); !slices.Equal(got, []string{"Global Administrator"}) {
		t.Errorf("admin has the roles %v", got)
	}
	many := `{"groupIds":[` + strings.Repeat(`"`+sales+`",`, 20) + `"` + sales + `"]}`
	st.wantCode(st.call("POST", "/users/pattif@contoso.com/checkMemberGroups", many), 400, "Directory_ResultSizeLimitExceeded", "1 and 20")
	r = st.find("/roleManagement/directory/roleAssignments", "principalId eq '"+st.deletedID("robinc")+"'", "&$expand=roleDefinition")
	if rows := r.rows(); len(rows) != 1 || rows[0]["roleDefinition"].(map[string]any)["displayName"] != "Global Administrator" {
		t.Errorf("robinc has %s", r.raw)
	}
}

func TestWhoHoldsAnAddress(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	for path, address := range map[string]string{"/users": "press", "/groups": "newsletter", "/contacts": "partners"} {
		r := st.find(path, "proxyAddresses/any(p:p eq 'smtp:"+address+"@contoso.com')", "")
		if len(r.rows()) != 1 {
			t.Errorf("%s@ is held by %s", address, r.raw)
			continue
		}
		id, _ := r.rows()[0]["id"].(string)
		if got := st.call("GET", "/directoryObjects/"+id, ""); got.body["id"] != id || got.body["@odata.type"] == nil {
			t.Errorf("the holder of %s@ is %s", address, got.raw)
		}
	}
	if r := st.find("/groups", "mail eq 'sales@contoso.com'", ""); len(r.rows()) != 1 {
		t.Errorf("sales@ is held by %s", r.raw)
	}
	if got := st.call("GET", "/domains", "").column("id"); !slices.Contains(got, "contoso.com") {
		t.Errorf("domains are %v", got)
	}
}

func TestBatch(t *testing.T) {
	t.Parallel()
	desk := fault.New(time.Now)
	st := newStand(t, func(c *Config) { c.Desk = desk })
	if err := desk.Add(fault.Fault{Service: "graph", Match: "/users/alexw", Kind: fault.Throttle, Value: 7, Times: 1}); err != nil {
		t.Fatal(err)
	}
	r := st.call("POST", "/$batch", `{"requests":[
		{"id":"1","method":"GET","url":"/users/meganb@contoso.com?$select=id"},
		{"id":"2","method":"GET","url":"/users/alexw@contoso.com"},
		{"id":"3","method":"GET","url":"/users/leeg@contoso.com","dependsOn":["2"]},
		{"id":"4","method":"PATCH","url":"/users/leeg@contoso.com","headers":{"Content-Type":"application/json"},"body":{"usageLocation":"DE"}}]}`)
	st.wantStatus(r, 200)
	status := map[string]float64{}
	list, _ := r.body["responses"].([]any)
	for _, x := range list {
		part := x.(map[string]any)
		status[part["id"].(string)] = part["status"].(float64)
		if part["id"] == "2" && part["headers"].(map[string]any)["Retry-After"] != "7" {
			t.Errorf("the throttled part has headers %v", part["headers"])
		}
	}
	if status["1"] != 200 || status["2"] != 429 || status["3"] != 424 || status["4"] != 204 {
		t.Errorf("the parts answered %v", status)
	}
	single := slices.ContainsFunc(desk.Calls(), func(c fault.Call) bool { return c.Path == "/v1.0/users/alexw@contoso.com" && c.Status == 429 })
	if !single {
		t.Errorf("the desk saw %v", desk.Calls())
	}
	part := `{"id":"x","method":"GET","url":"/organization"}`
	st.wantCode(st.call("POST", "/$batch", `{"requests":[`+part+`,`+part+`]}`), 400, "BadRequest", "Duplicate")
	var many []string
	for i := range 21 {
		many = append(many, strings.Replace(part, `"x"`, `"`+string(rune('a'+i))+`"`, 1))
	}
	st.wantCode(st.call("POST", "/$batch", `{"requests":[`+strings.Join(many, ",")+`]}`), 400, "BadRequest", "maximum value of 20")
}

func TestThrottling(t *testing.T) {
	t.Parallel()
	desk := fault.New(time.Now)
	st := newStand(t, func(c *Config) { c.Desk = desk })
	if err := desk.Add(fault.Fault{Service: "graph", Match: "organization", Kind: fault.Throttle, Value: 3, Times: 1}); err != nil {
		t.Fatal(err)
	}
	r := st.call("GET", "/organization", "")
	st.wantCode(r, 429, "TooManyRequests", "")
	if r.header.Get("Retry-After") != "3" {
		t.Errorf("Retry-After is %q", r.header.Get("Retry-After"))
	}
	st.limits.writes.left, st.limits.writes.at = 1, time.Now() // it fills up by 20 a second
	st.wantStatus(st.call("PATCH", "/users/leeg@contoso.com", `{"@odata.type":"#microsoft.graph.user","usageLocation":"DE"}`), 204)
	r = st.call("PATCH", "/users/leeg@contoso.com", `{"usageLocation":"DE"}`)
	st.wantCode(r, 429, "TooManyRequests", "")
	if r.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	st.wantStatus(st.call("GET", "/organization", ""), 200)

	held := route{outlook: true}
	var leave []func()
	for range perMailbox {
		l, err := st.limits.enter(held, []string{"MeganB@contoso.com"})
		if err != nil {
			t.Fatal(err)
		}
		leave = append(leave, l)
	}
	st.wantCode(st.call("GET", "/users/meganb@contoso.com/mailboxSettings", ""), 429, "ApplicationThrottled", "MailboxConcurrency")
	st.wantStatus(st.call("GET", "/users/alexw@contoso.com/mailboxSettings", ""), 200)
	leave[0]()
	st.wantStatus(st.call("GET", "/users/meganb@contoso.com/mailboxSettings", ""), 200)
}

// TestCompressedBody sends what Microsoft's own client libraries send by default, and the broken retry of
// microsoft/kiota-http-go issue 183: plain JSON that is labelled as gzip.
func TestCompressedBody(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	const body = `{"newUserPrincipalName":"adele.vance@contoso.com"}`
	var packed strings.Builder
	w := gzip.NewWriter(&packed)
	if _, err := w.Write([]byte(body)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path := "/directory/deletedItems/" + st.deletedID("adelev") + "/restore"
	st.wantCode(st.call("POST", path, body, "Content-Encoding: gzip"), 400, "BadRequest", "gzip")
	st.wantStatus(st.call("POST", path, packed.String(), "Content-Encoding: gzip"), 200)
	st.wantStatus(st.call("GET", "/users/adele.vance@contoso.com", ""), 200)
}

// TestRenameFreesTheOldName also holds that an old name is not read for longer than the lag.
func TestRenameFreesTheOldName(t *testing.T) {
	t.Parallel()
	st := newStand(t, func(c *Config) { c.Lag = 400 * time.Millisecond })
	if err := st.Rename("meganb@contoso.com", "megan.bowen@contoso.com"); err != nil {
		t.Fatal(err)
	}
	st.wantStatus(st.call("GET", "/users/meganb@contoso.com", ""), 200)
	st.wantStatus(st.call("GET", "/users/megan.bowen@contoso.com", ""), 404)
	eventually(t, "the new name is read", func() bool { return st.call("GET", "/users/megan.bowen@contoso.com", "").status == 200 })
	st.wantStatus(st.call("GET", "/users/meganb@contoso.com", ""), 404)
}
