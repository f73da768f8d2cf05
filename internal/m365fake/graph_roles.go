package m365fake

import "strings"

func roleJSON(r *role) map[string]any {
	return map[string]any{
		"id": r.ID, "deletedDateTime": nil, "displayName": r.DisplayName, "roleTemplateId": r.Template,
		"description": "Members of " + r.DisplayName + ".",
	}
}

func definitionJSON(r *role) map[string]any {
	return map[string]any{
		"id": r.Template, "displayName": r.DisplayName, "description": "Members of " + r.DisplayName + ".", "templateId": r.Template,
		"isBuiltIn": true, "isEnabled": true, "isPrivileged": true, "version": "1", "resourceScopes": []string{"/"},
		"rolePermissions": []any{},
	}
}

func (s *Server) listRoles(c *call) (answer, error) {
	value := []any{}
	for _, r := range s.roles {
		value = append(value, roleJSON(r))
	}
	return ok(map[string]any{"@odata.context": c.context("directoryRoles", nil, false), "value": value}), nil
}

// roleAssignments answers a filter on principalId or roleDefinitionId (learn.microsoft.com/graph/api/rbacapplication-list-roleassignments).
// Assignments of deleted users are among them: they come back with the user.
func (s *Server) roleAssignments(c *call) (answer, error) {
	text := c.URL.Query().Get("$filter")
	if text == "" {
		return answer{}, unsupportedQuery("A $filter on principalId or roleDefinitionId is required for this application.")
	}
	filter, err := parseFilter(text)
	if err != nil {
		return answer{}, err
	}
	if !onlyAbout(filter, "principalId", "roleDefinitionId") {
		return answer{}, unsupportedQuery("Unsupported or invalid query filter clause specified for resource 'UnifiedRoleAssignment'.")
	}
	expand := c.URL.Query().Get("$expand")
	if expand != "" && !strings.EqualFold(expand, "roleDefinition") {
		return answer{}, badRequestCode("Parsing OData Select and Expand failed: Could not find a property named '" + expand + "' on type 'microsoft.graph.unifiedRoleAssignment'.")
	}
	value := []any{}
	for _, r := range s.roles {
		for member := range r.Members {
			row := map[string]any{"id": newID("assignment", r.ID+member), "principalId": member, "directoryScopeId": "/", "roleDefinitionId": r.Template}
			if !filter.match(func(path string) any { return row[path] }) {
				continue
			}
			if expand != "" {
				row["roleDefinition"] = definitionJSON(r)
			}
			value = append(value, row)
		}
	}
	return ok(map[string]any{"@odata.context": c.context("roleManagement/directory/roleAssignments", nil, false), "value": value}), nil
}

// onlyAbout tells whether a filter compares these properties alone, with eq.
func onlyAbout(f expr, names ...string) bool {
	switch f := f.(type) {
	case logic:
		return onlyAbout(f.left, names...) && onlyAbout(f.right, names...)
	case comparison:
		return f.op == "eq" && hasWord(strings.Join(names, " "), f.path)
	}
	return false
}

func (s *Server) roleDefinitions(c *call) (answer, error) {
	value := []any{}
	for _, r := range s.roles {
		value = append(value, definitionJSON(r))
	}
	return ok(map[string]any{"@odata.context": c.context("roleManagement/directory/roleDefinitions", nil, false), "value": value}), nil
}

func (s *Server) roleDefinition(c *call) (answer, error) {
	for _, r := range s.roles {
		if strings.EqualFold(r.Template, c.args[0]) {
			body := definitionJSON(r)
			body["@odata.context"] = c.context("roleManagement/directory/roleDefinitions", nil, true)
			return ok(body), nil
		}
	}
	return answer{}, notFound(c.args[0])
}
