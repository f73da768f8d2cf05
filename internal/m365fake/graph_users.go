package m365fake

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// find is the live user with an object id or a sign-in name, as a read by id shows it.
func (s *Server) find(key string) (*user, error) {
	if uuid.Validate(key) == nil {
		if u := s.visible(key, s.lag); u != nil && u.Deleted.IsZero() {
			return u, nil
		}
		return nil, notFound(key)
	}
	ids := slices.Concat(s.live.byUPN[strings.ToLower(key)], slices.Collect(maps.Keys(s.history)))
	for _, id := range ids {
		if u := s.visible(id, s.lag); u != nil && u.Deleted.IsZero() && strings.EqualFold(u.UPN, key) {
			return u, nil
		}
	}
	return nil, notFound(key)
}

// findForWrite is the live user that a write changes: writes see each other at once.
func (s *Server) findForWrite(key string) (*user, error) {
	id := strings.ToLower(key)
	if uuid.Validate(key) != nil {
		if ids := s.live.byUPN[strings.ToLower(key)]; len(ids) > 0 {
			id = ids[0]
		}
	}
	if u := s.live.byID[id]; u != nil {
		return u, nil
	}
	return nil, notFound(key)
}

func (s *Server) listUsers(c *call) (answer, error) {
	q, err := s.users.parse(c.Request)
	if err != nil {
		return answer{}, err
	}
	return s.users.page(c, "users", s.list(false, q.filter, s.users.matcher(q)), q), nil
}

func (s *Server) countUsers(c *call) (answer, error) { return s.countOf(c, s.users, false) }

// countOf answers …/$count, which needs the header of advanced queries.
func (s *Server) countOf(c *call, e *entity[*user], deleted bool) (answer, error) {
	if !strings.EqualFold(c.Header.Get("ConsistencyLevel"), "eventual") {
		return answer{}, unsupportedQuery("$count is not currently supported.")
	}
	values := c.URL.Query()
	values.Set("$count", "true")
	c.URL.RawQuery = values.Encode()
	q, err := e.parse(c.Request)
	if err != nil {
		return answer{}, err
	}
	return countAnswer(len(s.list(deleted, q.filter, e.matcher(q)))), nil
}

func (s *Server) getUser(c *call) (answer, error) {
	q, err := s.users.parse(c.Request)
	if err != nil {
		return answer{}, err
	}
	u, err := s.find(c.args[0])
	if err != nil {
		return answer{}, err
	}
	return ok(s.oneUser(c, u, q.selects)), nil
}

func (s *Server) oneUser(c *call, u *user, selects []string) map[string]any {
	body := s.users.render(u, selects)
	body["@odata.context"] = c.context("users", selects, true)
	return body
}

// updateUser changes what Mailback and scripts change; other properties are refused as unknown ones are.
// Enabling alone is open to User.EnableDisableAccount.All.
func (s *Server) updateUser(c *call) (answer, error) {
	u, err := s.findForWrite(c.args[0])
	if err != nil {
		return answer{}, err
	}
	var patch map[string]json.RawMessage
	if err := json.Unmarshal(c.body, &patch); err != nil {
		return answer{}, badRequestCode("Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.")
	}
	maps.DeleteFunc(patch, func(name string, _ json.RawMessage) bool { return strings.HasPrefix(name, "@odata.") }) // Microsoft's SDKs send @odata.type
	after := u.with(func(*user) {})
	for name, raw := range patch {
		if name != "accountEnabled" && !c.held["User.ReadWrite.All"] && !c.held["Directory.ReadWrite.All"] {
			return answer{}, denied()
		}
		if err := s.setProperty(after, name, raw); err != nil {
			return answer{}, err
		}
	}
	if u.Synced && onlyMastered(patch) {
		return answer{}, badRequest("Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration.")
	}
	s.put(u, after)
	return answer{status: http.StatusNoContent}, nil
}

// onlyMastered tells whether a patch holds a property that synchronised users take from on-premises alone.
func onlyMastered(patch map[string]json.RawMessage) bool {
	for name := range patch {
		if name != "usageLocation" {
			return true
		}
	}
	return false
}

func (s *Server) setProperty(u *user, name string, raw json.RawMessage) error {
	if name == "accountEnabled" {
		if json.Unmarshal(raw, &u.Enabled) != nil {
			return invalidProperty(name)
		}
		return nil
	}
	var value *string
	if json.Unmarshal(raw, &value) != nil {
		return invalidProperty(name)
	}
	v := ""
	if value != nil {
		v = *value
	}
	switch name {
	case "usageLocation":
		if v != "" && (len(v) != 2 || strings.ToUpper(v) != v) {
			return invalidProperty(name)
		}
		u.UsageLocation = v
	case "displayName":
		u.DisplayName = v
	case "givenName":
		u.First = v
	case "surname":
		u.Last = v
	case "jobTitle":
		u.Job = v
	case "department":
		u.Department = v
	case "officeLocation":
		u.Office = v
	case "userPrincipalName":
		return s.rename(u, v)
	default:
		return &graphError{status: http.StatusBadRequest, code: "Request_BadRequest", message: "One or more property values specified are invalid.", target: name}
	}
	return nil
}

func (s *Server) rename(u *user, upn string) error {
	if !s.verified(upn) {
		return unverifiedDomain()
	}
	if ids := s.live.byUPN[strings.ToLower(upn)]; len(ids) > 0 && !slices.Contains(ids, u.ID) {
		return conflict("userPrincipalName")
	}
	u.UPN = upn
	return nil
}

func unverifiedDomain() *graphError {
	message := "The domain portion of the userPrincipalName property is invalid. You must use one of the verified domain names in your organization."
	return &graphError{
		status: http.StatusBadRequest, code: "Request_BadRequest", message: message,
		details: []detail{{"InvalidValue", message, "userPrincipalName"}},
	}
}

func invalidProperty(name string) *graphError {
	message := "Invalid value specified for property '" + name + "' of resource 'User'."
	return &graphError{
		status: http.StatusBadRequest, code: "Request_BadRequest", message: message,
		details: []detail{{"InvalidValue", message, name}},
	}
}

func (s *Server) deleteUser(c *call) (answer, error) {
	u, err := s.findForWrite(c.args[0])
	if err != nil {
		return answer{}, err
	}
	if len(s.rolesOf(u.ID)) > 0 && !s.grants.privileged() {
		return answer{}, denied()
	}
	s.remove(u)
	return answer{status: http.StatusNoContent}, nil
}

func (s *Server) revokeSessions(c *call) (answer, error) {
	if _, err := s.findForWrite(c.args[0]); err != nil {
		return answer{}, err
	}
	return ok(map[string]any{"@odata.context": origin(c.Request) + "/v1.0/$metadata#Edm.Boolean", "value": true}), nil
}
