package m365fake

import (
	"net/http"
	"slices"
	"strings"
)

func (s *Server) listGroups(c *call) (answer, error) {
	q, err := s.groups.parse(c.Request)
	if err != nil {
		return answer{}, err
	}
	return s.groups.page(c, "groups", s.groups.keep(s.allGroups, q), q), nil
}

func (s *Server) getGroup(c *call) (answer, error) {
	q, err := s.groups.parse(c.Request)
	if err != nil {
		return answer{}, err
	}
	g := s.groupByID(c.args[0])
	if g == nil {
		return answer{}, notFound(c.args[0])
	}
	body := s.groups.render(g, q.selects)
	body["@odata.context"] = c.context("groups", q.selects, true)
	return ok(body), nil
}

func (s *Server) groupMembers(c *call) (answer, error) {
	g := s.groupByID(c.args[0])
	if g == nil {
		return answer{}, notFound(c.args[0])
	}
	value := []any{}
	for _, u := range s.live.order {
		if g.Members[u.ID] {
			value = append(value, typed("#microsoft.graph.user", s.users.render(u, nil)))
		}
	}
	for _, x := range s.allGroups {
		if g.Members[x.ID] {
			value = append(value, typed("#microsoft.graph.group", s.groups.render(x, nil)))
		}
	}
	return ok(map[string]any{"@odata.context": c.context("directoryObjects", nil, false), "value": value}), nil
}

func typed(name string, body map[string]any) map[string]any {
	body["@odata.type"] = name
	return body
}

func (s *Server) listContacts(c *call) (answer, error) {
	e := contactEntity()
	q, err := e.parse(c.Request)
	if err != nil {
		return answer{}, err
	}
	return e.page(c, "contacts", e.keep(s.contacts, q), q), nil
}

func (s *Server) getContact(c *call) (answer, error) {
	e := contactEntity()
	for _, x := range s.contacts {
		if strings.EqualFold(x.ID, c.args[0]) {
			body := e.render(x, nil)
			body["@odata.context"] = c.context("contacts", nil, true)
			return ok(body), nil
		}
	}
	return answer{}, notFound(c.args[0])
}

// getObject finds any directory object by its id.
func (s *Server) getObject(c *call) (answer, error) {
	id := strings.ToLower(c.args[0])
	if u := s.visible(id, s.lag); u != nil && u.Deleted.IsZero() {
		return ok(s.oneObject(c, u, nil)), nil
	}
	body := map[string]any{}
	if g := s.groupByID(id); g != nil {
		body = typed("#microsoft.graph.group", s.groups.render(g, nil))
	}
	for _, r := range s.roles {
		if r.ID == id {
			body = typed("#microsoft.graph.directoryRole", roleJSON(r))
		}
	}
	for _, x := range s.contacts {
		if x.ID == id {
			body = typed("#microsoft.graph.orgContact", contactEntity().render(x, nil))
		}
	}
	if len(body) == 0 {
		return answer{}, notFound(c.args[0])
	}
	body["@odata.context"] = c.context("directoryObjects", nil, true)
	return ok(body), nil
}

func (s *Server) organization(c *call) (answer, error) {
	var verified []any
	for i, d := range s.domains {
		verified = append(verified, map[string]any{
			"name": d, "isDefault": i == 0, "isInitial": strings.HasSuffix(d, ".onmicrosoft.com"), "type": "Managed", "capabilities": "Email, OfficeCommunicationsOnline",
		})
	}
	org := map[string]any{
		"id": TenantID, "displayName": "Contoso", "countryLetterCode": s.usageLocation, "defaultUsageLocation": s.usageLocation,
		"country": nil, "city": nil, "businessPhones": []string{}, "verifiedDomains": verified, "tenantType": "AAD", "preferredLanguage": "en",
		"onPremisesSyncEnabled": true, "createdDateTime": "2021-03-01T08:00:00Z", "technicalNotificationMails": []string{"admin@contoso.com"},
	}
	return ok(map[string]any{"@odata.context": c.context("organization", nil, false), "value": []any{org}}), nil
}

func (s *Server) listDomains(c *call) (answer, error) {
	value := []any{}
	for i, d := range s.domains {
		value = append(value, map[string]any{
			"id": d, "authenticationType": "Managed", "isVerified": true, "isDefault": i == 0, "isAdminManaged": true, "isRoot": true,
			"isInitial": strings.HasSuffix(d, ".onmicrosoft.com"), "supportedServices": []string{"Email", "OfficeCommunicationsOnline"},
		})
	}
	return ok(map[string]any{"@odata.context": c.context("domains", nil, false), "value": value}), nil
}

// memberOf answers memberOf and transitiveMemberOf, the latter through nested groups, with or without a cast.
func (s *Server) memberOf(transitive bool) func(*call) (answer, error) {
	return func(c *call) (answer, error) {
		u, err := s.find(c.args[0])
		if err != nil {
			return answer{}, err
		}
		wantGroups, wantRoles := true, true
		if len(c.args) > 1 {
			cast := strings.TrimPrefix(strings.TrimPrefix(strings.ToLower(c.args[1]), "microsoft."), "graph.")
			wantGroups, wantRoles = cast == "group", cast == "directoryrole"
			if !wantGroups && !wantRoles {
				return answer{}, badRequestCode("Resource not found for the segment '" + c.args[1] + "'.")
			}
		}
		value := []any{}
		if wantGroups {
			for _, g := range s.groupsOf(u.ID, transitive) {
				value = append(value, typed("#microsoft.graph.group", s.groups.render(g, nil)))
			}
		}
		if wantRoles {
			for _, r := range s.heldRoles(u.ID, transitive) {
				value = append(value, typed("#microsoft.graph.directoryRole", roleJSON(r)))
			}
		}
		return ok(map[string]any{"@odata.context": c.context("directoryObjects", nil, false), "value": value}), nil
	}
}

func (s *Server) groupsOf(id string, transitive bool) []*group {
	if transitive {
		return s.transitiveGroups(id)
	}
	return s.directGroups(id)
}

// heldRoles are the roles of id, and through role-assignable groups if transitive.
func (s *Server) heldRoles(id string, transitive bool) []*role {
	held := s.rolesOf(id)
	if transitive {
		for _, g := range s.transitiveGroups(id) {
			for _, r := range s.rolesOf(g.ID) {
				if !slices.Contains(held, r) {
					held = append(held, r)
				}
			}
		}
	}
	return held
}

// checkMembers answers checkMemberGroups and checkMemberObjects: which of 1 to 20 ids hold the user, transitively.
// Roles count for checkMemberObjects, by id or by template.
func (s *Server) checkMembers(parameter string) func(*call) (answer, error) {
	return func(c *call) (answer, error) {
		var asked map[string][]string
		operation := map[string]string{"groupIds": "checkMemberGroups", "ids": "checkMemberObjects"}[parameter]
		if err := c.read(operation, &asked, parameter); err != nil {
			return answer{}, err
		}
		if err := c.mustHave(operation, parameter); err != nil {
			return answer{}, err
		}
		if n := len(asked[parameter]); n < 1 || n > 20 {
			return answer{}, &graphError{
				status: http.StatusBadRequest, code: "Directory_ResultSizeLimitExceeded",
				message: "The number of values specified in '" + parameter + "' must be between 1 and 20.",
			}
		}
		u, err := s.find(c.args[0])
		if err != nil {
			return answer{}, err
		}
		holding := s.holdersOf(u.ID, parameter == "ids")
		value := []string{}
		for _, id := range asked[parameter] {
			if slices.Contains(holding, strings.ToLower(id)) {
				value = append(value, id)
			}
		}
		return ok(map[string]any{"@odata.context": c.context("Collection(Edm.String)", nil, false), "value": value}), nil
	}
}

func (s *Server) holdersOf(id string, withRoles bool) []string {
	var out []string
	for _, g := range s.transitiveGroups(id) {
		out = append(out, g.ID)
	}
	if withRoles {
		for _, r := range s.heldRoles(id, true) {
			out = append(out, r.ID, r.Template)
		}
	}
	return out
}

func (s *Server) getMemberGroups(c *call) (answer, error) {
	var asked struct{ SecurityEnabledOnly *bool }
	if err := c.read("getMemberGroups", &asked, "securityEnabledOnly"); err != nil {
		return answer{}, err
	}
	u, err := s.find(c.args[0])
	if err != nil {
		return answer{}, err
	}
	value := []string{}
	for _, g := range s.transitiveGroups(u.ID) {
		if g.Security || asked.SecurityEnabledOnly == nil || !*asked.SecurityEnabledOnly {
			value = append(value, g.ID)
		}
	}
	return ok(map[string]any{"@odata.context": c.context("Collection(Edm.String)", nil, false), "value": value}), nil
}
