package graph_test

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"mailback/internal/m365fake"
	"mailback/recovery"
	"mailback/recovery/graph"
)

// undescribed are the calls whose paths are not in the description, each with the public page that documents it.
var undescribed = map[string]string{
	"GET /v1.0/groups":   "learn.microsoft.com/graph/api/group-list",
	"GET /v1.0/contacts": "learn.microsoft.com/graph/api/orgcontact-list",
	"GET /v1.0/roleManagement/directory/roleAssignments": "learn.microsoft.com/graph/api/rbacapplication-list-roleassignments",
	"DELETE /v1.0/users/{id}":                            "learn.microsoft.com/graph/api/user-delete",
	"POST /v1.0/users/{id}/translateExchangeIds":         "learn.microsoft.com/graph/api/user-translateexchangeids",
}

// named is a call with {id} in the place of its ids, Entra's and Exchange's.
func named(r *http.Request) string {
	return r.Method + " " + regexp.MustCompile(`[0-9a-f-]{36}|AA[\w=-]{60,}`).ReplaceAllString(r.URL.Path, "{id}")
}

// watched passes calls on and keeps a copy of each.
type watched struct{ sent []*http.Request }

func (w *watched) RoundTrip(r *http.Request) (*http.Response, error) {
	kept := r.Clone(r.Context())
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		kept.Body = io.NopCloser(bytes.NewReader(body))
	}
	w.sent = append(w.sent, kept)
	return http.DefaultTransport.RoundTrip(r)
}

// TestRequestsFitGraphsDescription sends every call that the client makes and checks each against Microsoft's OpenAPI
// description of Graph, closed so that an invented property is an error.
func TestRequestsFitGraphsDescription(t *testing.T) {
	folder := os.Getenv("MAILBACK_CONTRACTS")
	if folder == "" {
		t.Skip("MAILBACK_CONTRACTS is not set: it names the folder that has graph-openapi.strict.json")
	}
	doc, err := openapi3.NewLoader().LoadFromFile(filepath.Join(folder, "graph-openapi.strict.json"))
	if err != nil {
		t.Fatal(err)
	}
	router, err := legacy.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	described := map[string]bool{}
	for _, r := range everyCall(t) {
		name := named(r)
		if source, ok := undescribed[name]; ok {
			t.Logf("not described: %s, see %s", name, source)
			continue
		}
		if err := fits(doc, router, r); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		described[name] = true
	}
	for _, want := range []string{
		"GET /v1.0/users", "GET /v1.0/users/{id}", "GET /v1.0/users/{id}/mailboxSettings", "GET /v1.0/users/{id}/transitiveMemberOf",
		"GET /v1.0/directory/deletedItems/graph.user", "GET /v1.0/directory/deletedItems/{id}/graph.user", "GET /v1.0/subscribedSkus",
		"GET /v1.0/organization", "POST /v1.0/directory/deletedItems/{id}/restore", "POST /v1.0/users/{id}/assignLicense",
		"POST /v1.0/users/{id}/reprocessLicenseAssignment", "PATCH /v1.0/users/{id}",
		"GET /v1.0/users/{id}/mailFolders/recoverableitemsdeletions/messages", "GET /v1.0/users/{id}/mailFolders/recoverableitemspurges/messages",
		"GET /v1.0/users/{id}/mailFolders/msgfolderroot", "GET /v1.0/users/{id}/mailFolders/{id}", "GET /v1.0/users/{id}/messages/{id}",
		"GET /v1.0/users/{id}/mailFolders/msgfolderroot/childFolders", "POST /v1.0/users/{id}/mailFolders/msgfolderroot/childFolders",
		"POST /v1.0/users/{id}/mailFolders/{id}/childFolders", "POST /v1.0/users/{id}/messages/{id}/move",
	} {
		if !described[want] {
			t.Errorf("%s was not sent", want)
		}
	}
}

// everyCall uses the whole client once and gives what it sent.
func everyCall(t *testing.T) []*http.Request {
	t.Helper()
	n := mailTenant(t, m365fake.Config{RefuseDeletedProxyFilter: true}, "Mail.ReadWrite")
	wire := &watched{}
	c := newClient(t, graph.Config{Credential: n.credential, BaseURL: n.graph.URL, Transport: lockstep(wire)})
	ctx := t.Context()
	fady := one(t, n, "fadym@contoso.com").Account.ID
	var failed error
	try := func(err error) {
		if failed == nil {
			failed = err
		}
	}
	for _, q := range []recovery.Query{
		byAddress("s.o'neil@contoso.com"), byAddress("fadym@contoso.com"), byAddress("partners@contoso.com"), byAddress("meganb@contoso.com"),
		{Kind: recovery.ByObjectID, Value: fady},
		{Kind: recovery.ByName, Value: "David"},
	} {
		_, err := findAll(t, c, q)
		try(err)
	}
	_, err := c.Deleted(ctx, "x")
	try(err)
	_, err = c.RestoreUser(ctx, fady, recovery.RestoreAs{UserPrincipalName: "fady@contoso.com", DropConflicts: true})
	try(err)
	for _, change := range []func() (recovery.Receipt, error){
		func() (recovery.Receipt, error) { return c.SetUsageLocation(ctx, fady, "LV") },
		func() (recovery.Receipt, error) {
			return c.AssignLicense(ctx, fady, recovery.AssignedLicense{SKU: spe3})
		},
		func() (recovery.Receipt, error) { return c.RemoveLicense(ctx, fady, spe3) },
		func() (recovery.Receipt, error) { return c.ReprocessLicenses(ctx, fady) },
		func() (recovery.Receipt, error) { return c.BlockSignIn(ctx, fady) },
		func() (recovery.Receipt, error) { return c.DeleteUser(ctx, fady) },
	} {
		_, err := change()
		try(err)
	}
	xenia := box(t, n, "xeniap")
	lost, err := c.Items(ctx, xenia, recovery.ItemFilter{After: time.Now().Add(-30 * 24 * time.Hour), Before: time.Now(), Type: "message"})
	try(err)
	for _, i := range lost {
		_, err := c.RestoreItem(ctx, xenia, i.EntryID, "Restored/2026-11-24")
		try(err)
	}
	if failed != nil {
		t.Fatal(failed)
	}
	return wire.sent
}

// lockstep lets one call through at a time.
func lockstep(next http.RoundTripper) http.RoundTripper {
	turn := make(chan struct{}, 1)
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		turn <- struct{}{}
		defer func() { <-turn }()
		return next.RoundTrip(r)
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// fits checks a request's path, parameters, properties and body against the description.
func fits(doc *openapi3.T, router routers.Router, r *http.Request) error {
	local := r.Clone(r.Context())
	local.URL = &url.URL{Path: r.URL.Path, RawQuery: r.URL.RawQuery}
	local.Body = r.Body
	route, params, err := router.FindRoute(local)
	if err != nil {
		return err
	}
	if err := selects(doc, route.Operation, r.URL.Query().Get("$select")); err != nil {
		return err
	}
	return openapi3filter.ValidateRequest(r.Context(), &openapi3filter.RequestValidationInput{
		Request: local, Route: route, PathParams: params, Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	})
}

type unknownProperty string

func (p unknownProperty) Error() string { return "$select names no property: " + string(p) }

// selects checks that $select names properties of the type that the description gives for it.
func selects(doc *openapi3.T, op *openapi3.Operation, list string) error {
	kind, _ := op.Extensions["x-select-type"].(string)
	if list == "" || kind == "" {
		return nil
	}
	schema, ok := doc.Components.Schemas[kind]
	if !ok {
		return unknownProperty(kind)
	}
	for property := range strings.SplitSeq(list, ",") {
		if _, known := schema.Value.Properties[property]; !known {
			return unknownProperty(property)
		}
	}
	return nil
}

// The description knows each parameter by its name; one that it does not know is an error that the library does not see.
func TestQueryParametersAreKnown(t *testing.T) {
	t.Parallel()
	known := []string{"$count", "$expand", "$filter", "$orderby", "$select", "$top"}
	for _, r := range everyCall(t) {
		for name := range r.URL.Query() {
			if !slices.Contains(known, name) {
				t.Errorf("%s has the parameter %s", r.URL.Path, name)
			}
		}
		advanced := r.URL.Query().Has("$count")
		if advanced != (r.Header.Get("ConsistencyLevel") == "eventual") {
			t.Errorf("%s: an advanced query needs both $count and ConsistencyLevel", r.URL)
		}
	}
}
