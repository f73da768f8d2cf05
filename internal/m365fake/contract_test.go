package m365fake

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// contractCall is one call whose answer must fit the description of its path. Later calls see what earlier ones did.
type contractCall struct {
	path         string // as in the description
	method, call string
	body         string
	status       int
	headers      []string
}

// contractCalls are calls of every described path that the stand-in serves. It serves these too, which the description,
// cut to 30 paths, does not hold; here are their sources instead:
//
//	DELETE /users/{id}                                learn.microsoft.com/graph/api/user-delete
//	GET /users/$count, …/graph.user/$count            learn.microsoft.com/graph/aad-advanced-queries
//	GET /users/{id}/mailboxSettings/userPurpose       learn.microsoft.com/graph/api/user-get-mailboxsettings
//	GET …/memberOf/graph.group, …/graph.directoryRole learn.microsoft.com/graph/api/user-list-transitivememberof
//	DELETE /directory/deletedItems/{id}               learn.microsoft.com/graph/api/directory-deleteditems-delete
//	GET /subscribedSkus/{id}                          learn.microsoft.com/graph/api/subscribedsku-get
//	GET /groups, /groups/{id}, /groups/{id}/members   learn.microsoft.com/graph/api/group-list
//	GET /contacts, /contacts/{id}                     learn.microsoft.com/graph/api/orgcontact-list
//	GET /directoryObjects/{id}                        learn.microsoft.com/graph/api/directoryobject-get
//	GET /directoryRoles                               learn.microsoft.com/graph/api/directoryrole-list
//	GET /roleManagement/directory/…                   learn.microsoft.com/graph/api/rbacapplication-list-roleassignments
//	GET /domains                                      learn.microsoft.com/graph/api/domain-list
//	POST /users/{id}/mailFolders                      learn.microsoft.com/graph/api/user-post-mailfolders
//	POST /users/{id}/translateExchangeIds             learn.microsoft.com/graph/api/user-translateexchangeids
func contractCalls(st *stand) []contractCall {
	adele, info, fady := st.deletedID("adelev"), st.deletedID("info"), st.deletedID("fadym")
	debra, irvin := newID("user", "debrab@contoso.com"), newID("user", "irvins@contoso.com")
	approvers := newID("group", "approvers")
	all := "id,accountEnabled,assignedLicenses,assignedPlans,createdDateTime,deletedDateTime,licenseAssignmentStates,mail,mailNickname,onPremisesSyncEnabled," +
		"onPremisesProvisioningErrors,proxyAddresses,usageLocation,userPrincipalName,userType,identities,city,signInSessionsValidFromDateTime"
	filter := func(f string) string { return "?$filter=" + url.QueryEscape(f) }
	e3 := `{"addLicenses":[{"skuId":"` + SPE_E3 + `","disabledPlans":[]}],"removeLicenses":[]}`
	return []contractCall{
		{"/users", "GET", "/users?$top=5", "", 200, nil},
		{"/users", "GET", "/users?$top=999&$count=true&$select=" + all, "", 200, []string{eventual}},
		{"/users", "GET", "/users" + filter("endsWith(mail,'x')"), "", 400, nil},
		{"/users", "GET", "/users" + filter("mail eq 'nobody@contoso.com'"), "", 200, nil},
		{"/users", "GET", "/users?$select=nothing", "", 400, nil},
		{"/users", "GET", "/users?$top=1000", "", 400, nil},
		{"/users/{user-id}", "GET", "/users/meganb@contoso.com?$select=" + all, "", 200, nil},
		{"/users/{user-id}", "GET", "/users/nobody@contoso.com", "", 404, nil},
		{"/users/{user-id}", "PATCH", "/users/" + debra, `{"usageLocation":"DE"}`, 204, nil},
		{"/users/{user-id}", "PATCH", "/users/" + debra, `{"usageLocation":"Deutschland"}`, 400, nil},
		{"/users/{user-id}/assignLicense", "POST", "/users/" + debra + "/assignLicense", e3, 200, nil},
		{"/users/{user-id}/assignLicense", "POST", "/users/" + irvin + "/assignLicense", `{"addLicenses":[]}`, 400, nil},
		{"/users/{user-id}/reprocessLicenseAssignment", "POST", "/users/stephenk@contoso.com/reprocessLicenseAssignment", "", 200, nil},
		{"/users/{user-id}/checkMemberGroups", "POST", "/users/pattif@contoso.com/checkMemberGroups", `{"groupIds":["` + approvers + `"]}`, 200, nil},
		{"/users/{user-id}/checkMemberGroups", "POST", "/users/pattif@contoso.com/checkMemberGroups", `{"groupIds":[]}`, 400, nil},
		{"/users/{user-id}/checkMemberObjects", "POST", "/users/pattif@contoso.com/checkMemberObjects", `{"ids":["` + approvers + `"]}`, 200, nil},
		{"/users/{user-id}/getMemberGroups", "POST", "/users/pattif@contoso.com/getMemberGroups", `{"securityEnabledOnly":true}`, 200, nil},
		{"/users/{user-id}/revokeSignInSessions", "POST", "/users/pattif@contoso.com/revokeSignInSessions", "", 200, nil},
		{"/users/{user-id}/licenseDetails", "GET", "/users/meganb@contoso.com/licenseDetails", "", 200, nil},
		{"/users/{user-id}/mailboxSettings", "GET", "/users/meganb@contoso.com/mailboxSettings", "", 200, nil},
		{"/users/{user-id}/mailboxSettings", "GET", "/users/helpdesk@contoso.com/mailboxSettings?$select=userPurpose", "", 200, nil},
		{"/users/{user-id}/mailboxSettings", "GET", "/users/irvins@contoso.com/mailboxSettings", "", 404, nil},
		{"/users/{user-id}/memberOf", "GET", "/users/meganb@contoso.com/memberOf", "", 200, nil},
		{"/users/{user-id}/transitiveMemberOf", "GET", "/users/admin@contoso.com/transitiveMemberOf", "", 200, nil},
		{"/users/{user-id}/transitiveMemberOf", "GET", "/users/meganb@contoso.com/transitiveMemberOf", "", 200, nil},
		{"/users/{user-id}/mailFolders", "GET", "/users/meganb@contoso.com/mailFolders", "", 200, nil},
		{"/users/{user-id}/mailFolders/{mailFolder-id}", "GET", "/users/meganb@contoso.com/mailFolders/inbox", "", 200, nil},
		{"/users/{user-id}/mailFolders/{mailFolder-id}", "GET", "/users/meganb@contoso.com/mailFolders/nowhere", "", 400, nil},
		{"/subscribedSkus", "GET", "/subscribedSkus", "", 200, nil},
		{"/subscribedSkus", "GET", "/subscribedSkus?$filter=x", "", 400, nil},
		{"/organization", "GET", "/organization", "", 200, nil},
		{"/directory/deletedItems", "GET", "/directory/deletedItems", "", 400, nil},
		{"/directory/deletedItems/graph.user", "GET", "/directory/deletedItems/graph.user?$top=3", "", 200, nil},
		{"/directory/deletedItems/microsoft.graph.user", "GET", "/directory/deletedItems/microsoft.graph.user?$select=" + all, "", 200, nil},
		{"/directory/deletedItems/microsoft.graph.user", "GET", "/directory/deletedItems/microsoft.graph.user?$orderby=deletedDateTime", "", 400, nil},
		{"/directory/deletedItems/{directoryObject-id}", "GET", "/directory/deletedItems/" + adele, "", 200, nil},
		{"/directory/deletedItems/{directoryObject-id}", "GET", "/directory/deletedItems/" + debra, "", 404, nil},
		{"/directory/deletedItems/{directoryObject-id}/graph.user", "GET", "/directory/deletedItems/" + adele + "/graph.user", "", 200, nil},
		{"/directory/deletedItems/{directoryObject-id}/restore", "POST", "/directory/deletedItems/" + fady + "/restore", "", 400, nil},
		{"/directory/deletedItems/{directoryObject-id}/restore", "POST", "/directory/deletedItems/" + fady + "/restore", `{"autoReconcileProxyConflict":true}`, 200, nil},
		{"/directory/deletedItems/{directoryObject-id}/restore", "POST", "/directory/deletedItems/" + fady + "/restore", "", 404, nil},
		{"/directory/deletedItems/{directoryObject-id}/microsoft.graph.restore", "POST", "/directory/deletedItems/" + info + "/microsoft.graph.restore", "{}", 200, nil},
		{"/$batch", "POST", "/$batch", `{"requests":[{"id":"1","method":"GET","url":"/users/meganb@contoso.com"},{"id":"2","method":"GET","url":"/nonsense"}]}`, 200, nil},
		{"/$batch", "POST", "/$batch", `{}`, 400, nil},
	}
}

// mailCalls are those of mail folders and messages.
func mailCalls(st *stand) []contractCall {
	items, err := st.Items("leeg@contoso.com")
	if err != nil {
		st.t.Fatal(err)
	}
	user, bin := "/users/leeg@contoso.com", "/users/leeg@contoso.com/mailFolders/recoverableitemsdeletions"
	one, other, immutable := items[0].ID, items[1].ID, []string{`Prefer: IdType="ImmutableId"`}
	lapfid := "$expand=" + url.QueryEscape("singleValueExtendedProperties($filter=id eq 'Binary 0x348A')")
	since := "$filter=" + url.QueryEscape("lastModifiedDateTime ge 2020-01-01T00:00:00Z")
	folders, messages := "/users/{user-id}/mailFolders/{mailFolder-id}", "/users/{user-id}/mailFolders/{mailFolder-id}/messages"
	return []contractCall{
		{"/users/{user-id}/mailFolders", "GET", user + "/mailFolders?$top=2", "", 200, nil},
		{"/users/{user-id}/mailFolders", "GET", user + "/mailFolders?$expand=" + url.QueryEscape("singleValueExtendedProperties($filter=id eq 'Binary 0x0FFF')"), "", 200, nil},
		{folders, "GET", bin, "", 200, nil},
		{folders + "/childFolders", "GET", user + "/mailFolders/recoverableitemsroot/childFolders", "", 200, nil},
		{folders + "/childFolders", "POST", user + "/mailFolders/inbox/childFolders", `{"displayName":"Restored"}`, 201, nil},
		{folders + "/childFolders", "POST", user + "/mailFolders/inbox/childFolders", `{"displayName":"Restored"}`, 409, nil},
		{messages, "GET", bin + "/messages?$top=50&$count=true&" + since, "", 200, nil},
		{messages, "GET", bin + "/messages?$select=id,subject,from,receivedDateTime,lastModifiedDateTime,parentFolderId&" + lapfid, "", 200, immutable},
		{messages, "GET", bin + "/messages?$select=title", "", 400, nil},
		{messages, "GET", bin + "/messages?$top=1001", "", 400, nil},
		{"/users/{user-id}/messages", "GET", user + "/messages", "", 200, nil},
		{"/users/{user-id}/messages/{message-id}", "GET", user + "/messages/" + one, "", 200, nil},
		{"/users/{user-id}/messages/{message-id}", "GET", user + "/messages/x", "", 400, nil},
		{"/users/{user-id}/messages/{message-id}/move", "POST", user + "/messages/" + one + "/move", `{"destinationId":"inbox"}`, 201, nil},
		{"/users/{user-id}/messages/{message-id}/move", "POST", user + "/messages/" + one + "/move", `{"destinationId":"inbox"}`, 404, nil},
		{"/users/{user-id}/messages", "GET", user + "/messages", "", 200, nil},
		{messages + "/{message-id}/move", "POST", bin + "/messages/" + other + "/move", `{"DestinationId":"archive"}`, 201, nil},
		{messages + "/{message-id}/move", "POST", bin + "/messages/" + other + "/move", `{}`, 404, nil},
	}
}

func TestAnswersFitTheDescription(t *testing.T) {
	t.Parallel()
	folder := os.Getenv("MAILBACK_CONTRACTS")
	if folder == "" {
		t.Skip("MAILBACK_CONTRACTS does not name the folder that holds graph-openapi.strict.json, which is not part of this repository")
	}
	doc, err := openapi3.NewLoader().LoadFromFile(filepath.Join(folder, "graph-openapi.strict.json"))
	if err != nil {
		t.Fatal(err)
	}
	invented := map[string]any{"value": []any{map[string]any{"invented": true}}}
	if doc.Paths.Value("/users").Get.Responses.Value("2XX").Value.Content.Get("application/json").Schema.Value.VisitJSON(invented) == nil {
		t.Fatal("the description takes an invented property: it is not the strict one")
	}
	st := newStand(t)
	st.GrantRole("Mail.ReadWrite")
	for _, c := range append(contractCalls(st), mailCalls(st)...) {
		name := c.method + " " + c.call
		r := st.call(c.method, c.call, c.body, c.headers...)
		if r.status != c.status {
			t.Errorf("%s: got %d %s, want %d", name, r.status, r.raw, c.status)
			continue
		}
		if r.header.Get("request-id") == "" || r.header.Get("client-request-id") == "" || r.header.Get("Date") == "" {
			t.Errorf("%s: an identifying header is missing from %v", name, r.header)
		}
		checkAnswer(t, doc, name, c, r)
	}
}

func checkAnswer(t *testing.T, doc *openapi3.T, name string, c contractCall, r reply) {
	t.Helper()
	item := doc.Paths.Value(c.path)
	if item == nil || item.GetOperation(c.method) == nil {
		t.Errorf("%s: the description has no %s %s", name, c.method, c.path)
		return
	}
	response := responseFor(item.GetOperation(c.method), r.status)
	if response == nil {
		t.Errorf("%s: the description has no answer for %d", name, r.status)
		return
	}
	media := response.Content.Get("application/json")
	if media == nil {
		if len(r.raw) > 0 {
			t.Errorf("%s: a body where none is described: %s", name, r.raw)
		}
		return
	}
	if !strings.HasPrefix(r.header.Get("Content-Type"), "application/json") {
		t.Errorf("%s: the answer is %s", name, r.header.Get("Content-Type"))
	}
	if err := media.Schema.Value.VisitJSON(r.body, openapi3.VisitAsResponse(), openapi3.MultiErrors()); err != nil {
		t.Errorf("%s: %.800s", name, err)
	}
}

func responseFor(op *openapi3.Operation, status int) *openapi3.Response {
	names := []string{"default"}
	if status < http.StatusMultipleChoices {
		names = []string{"2XX"}
		if r := op.Responses.Status(status); r != nil {
			return r.Value
		}
	}
	for _, n := range names {
		if r := op.Responses.Value(n); r != nil {
			return r.Value
		}
	}
	return nil
}
