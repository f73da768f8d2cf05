package deploy

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

var graphFilter = regexp.MustCompile(`^(displayName|appId) eq '([^']*)'$`)

// graph answers a call of Microsoft Graph v1.0.
func (t *tenant) graph(method, uri string, parameters []string, body []byte) (any, error) {
	u, err := url.Parse(uri)
	if err != nil || u.Host != "graph.microsoft.com" {
		return nil, fmt.Errorf("no call of Graph: %s", uri)
	}
	query := map[string]string{}
	for _, p := range parameters {
		name, value, ok := strings.Cut(p, "=")
		if !ok {
			return nil, usageError("--uri-parameters: " + p)
		}
		query[name] = value
	}
	path := strings.Split(strings.TrimPrefix(u.Path, "/v1.0/"), "/")
	route := method + " " + path[0]
	if len(path) > 1 {
		route += "/*"
	}
	if len(path) > 2 {
		route += "/" + strings.Join(path[2:], "/")
	}
	var list []any
	switch route {
	case "get applications", "get servicePrincipals":
		list, err = t.search(path[0], query["$filter"])
		return page(list, query["$select"]), err
	case "post applications":
		return t.makeApplication(body)
	case "post servicePrincipals":
		return t.makePrincipal(body)
	case "get applications/*", "patch applications/*", "get applications/*/federatedIdentityCredentials", "post applications/*/federatedIdentityCredentials":
		return t.graphApplication(route, path[1], query["$select"], body)
	case "get servicePrincipals/*/appRoleAssignments", "post servicePrincipals/*/appRoleAssignments":
		return t.graphGrants(method, path[1], body)
	}
	return nil, fmt.Errorf(`Bad Request({"error":{"code":"BadRequest","message":"Resource not found for the segment: %s"}})`, route)
}

// search lists applications or service principals by a filter of the two forms that are used.
func (t *tenant) search(of, filter string) ([]any, error) {
	m := graphFilter.FindStringSubmatch(filter)
	if m == nil {
		return nil, fmt.Errorf(`Bad Request({"error":{"code":"Request_UnsupportedQuery","message":"Invalid filter clause: %s"}})`, filter)
	}
	var found []any
	if of == "applications" {
		for _, a := range t.Applications {
			if m[1] == "appId" && a.AppID == m[2] || m[1] == "displayName" && strings.EqualFold(a.DisplayName, m[2]) {
				found = append(found, a)
			}
		}
		return found, nil
	}
	for _, p := range t.Principals {
		if m[1] == "appId" && p.AppID == m[2] {
			found = append(found, p)
		}
	}
	return found, nil
}

func (t *tenant) makeApplication(body []byte) (any, error) {
	var want struct {
		DisplayName string `json:"displayName"`
		Audience    string `json:"signInAudience"`
	}
	if err := strict(body, &want); err != nil {
		return nil, err
	}
	a := &application{ID: newID(), AppID: newID(), DisplayName: want.DisplayName, Audience: want.Audience, Created: "2026-11-30T10:00:00Z"}
	t.Applications = append(t.Applications, a)
	return a, nil
}

// makePrincipal makes a service principal, which an application has once.
func (t *tenant) makePrincipal(body []byte) (any, error) {
	var want struct {
		AppID string `json:"appId"`
	}
	if err := strict(body, &want); err != nil {
		return nil, err
	}
	if t.Unknown > 0 {
		t.Unknown--
		return nil, fmt.Errorf(`Bad Request({"error":{"code":"Request_BadRequest","message":"The appId '%s' of the service principal does not reference a valid application object."}})`, want.AppID)
	}
	if slices.ContainsFunc(t.Principals, func(p *principal) bool { return p.AppID == want.AppID }) {
		return nil, errors.New(`Conflict({"error":{"code":"Request_MultipleObjectsWithSameKeyValue","message":"The service principal cannot be created, as its app is in use."}})`)
	}
	p := &principal{ID: newID(), AppID: want.AppID}
	t.Principals = append(t.Principals, p)
	return p, nil
}

func (t *tenant) graphApplication(route, id, fields string, body []byte) (any, error) {
	a, err := t.application(id)
	if err != nil || id != a.ID {
		return nil, cmp.Or(err, notFound(id))
	}
	switch route {
	case "get applications/*":
		return chosen(a, fields), nil
	case "patch applications/*":
		var want struct {
			Required []resourceAccess `json:"requiredResourceAccess"`
		}
		if err := strict(body, &want); err != nil {
			return nil, err
		}
		a.Required = want.Required
		return nil, nil // 204
	case "get applications/*/federatedIdentityCredentials":
		return map[string]any{"value": a.Federated}, nil
	default:
		var want federated
		if err := strict(body, &want); err != nil {
			return nil, err
		}
		a.Federated = append(a.Federated, want)
		return want, nil
	}
}

// graphGrants reads or makes appRoleAssignments; one that is there is refused.
func (t *tenant) graphGrants(method, id string, body []byte) (any, error) {
	i := slices.IndexFunc(t.Principals, func(p *principal) bool { return p.ID == id })
	if i < 0 {
		return nil, notFound(id)
	}
	if t.Unknown > 0 && method == "post" {
		t.Unknown--
		return nil, notFound(id)
	}
	p := t.Principals[i]
	if method == "get" {
		return map[string]any{"value": p.Grants}, nil
	}
	var want grant
	if err := strict(body, &want); err != nil {
		return nil, err
	}
	if slices.Contains(p.Grants, want) {
		return nil, errors.New(`Bad Request({"error":{"code":"Request_BadRequest","message":"Permission being assigned already exists on the object"}})`)
	}
	isRole := func(r appRole) bool {
		return r.ID == want.Role && r.Enabled && slices.Contains(r.Members, "Application")
	}
	isResource := func(r *principal) bool { return r.ID == want.Resource && slices.ContainsFunc(r.Roles, isRole) }
	if want.Principal != id || !slices.ContainsFunc(t.Principals, isResource) {
		return nil, errors.New(`Bad Request({"error":{"code":"Request_BadRequest","message":"Permission being assigned was not found on application"}})`)
	}
	p.Grants = append(p.Grants, want)
	return want, nil
}

// strict reads a body that holds nothing else.
func strict(body []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf(`Bad Request({"error":{"code":"Request_BadRequest","message":"%s in %s"}})`, err.Error(), body)
	}
	return nil
}

// page is a list, with the chosen properties of each.
func page(list []any, fields string) any {
	value := []any{}
	for _, v := range list {
		value = append(value, chosen(v, fields))
	}
	return map[string]any{"value": value}
}

// chosen leaves the properties that $select names.
func chosen(v any, fields string) any {
	b, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	var all map[string]any
	if err := json.Unmarshal(b, &all); err != nil || fields == "" {
		return all
	}
	some := map[string]any{}
	for name := range strings.SplitSeq(fields, ",") {
		some[name] = all[name]
	}
	return some
}
