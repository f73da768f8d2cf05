package m365fake

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// entity describes a resource type: what can be read of it, what comes without $select, and how it may be filtered.
type entity[T any] struct {
	name, odataType string
	props           map[string]func(T) any // in JSON's types; nil is null
	canonical       map[string]string      // lower case -> property
	defaults        []string               // without $select
	filters         map[string]operators
	sorts           []string // properties that $orderby takes without the advanced query parameters
	advancedSorts   []string
}

// absent marks a property that is known but left out of answers: it lives in another service.
type absent struct{}

func newEntity[T any](name, odataType string, props map[string]func(T) any, defaults ...string) *entity[T] {
	e := &entity[T]{name: name, odataType: odataType, props: props, defaults: defaults, canonical: map[string]string{}}
	for p := range props {
		e.canonical[strings.ToLower(p)] = p
	}
	return e
}

// get reads properties of o for $filter.
func (e *entity[T]) get(o T) getter {
	return func(path string) any {
		if read := e.props[path]; read != nil {
			return read(o)
		}
		return nil
	}
}

// render is o with the selected properties, or the default ones.
func (e *entity[T]) render(o T, selects []string) map[string]any {
	if len(selects) == 0 {
		selects = e.defaults
	}
	out := map[string]any{}
	for _, p := range selects {
		if v := e.props[p](o); v != (absent{}) {
			out[p] = v
		}
	}
	return out
}

// selects parses $select.
func (e *entity[T]) selects(list string) ([]string, error) {
	var out []string
	for name := range strings.SplitSeq(list, ",") {
		name = strings.TrimSpace(name)
		if name == "" {
			continue
		}
		p, ok := e.canonical[strings.ToLower(name)]
		if !ok {
			return nil, &graphError{
				status: http.StatusBadRequest, code: "BadRequest",
				message: fmt.Sprintf("Parsing OData Select and Expand failed: Could not find a property named '%s' on type '%s'.", name, e.odataType),
			}
		}
		out = append(out, p)
	}
	return out, nil
}

// userEntity is learn.microsoft.com/graph/api/resources/user.
func userEntity() *entity[*user] {
	props := userProperties()
	constants := func(value any, names string) {
		for name := range strings.FieldsSeq(names) {
			props[name] = func(*user) any { return value }
		}
	}
	constants(nil, `ageGroup city companyName consentProvidedForMinor country creationType employeeHireDate employeeId
		employeeLeaveDateTime employeeOrgData employeeType externalUserState externalUserStateChangeDateTime faxNumber
		isManagementRestricted isResourceAccount legalAgeGroupClassification onPremisesDistinguishedName onPremisesDomainName
		onPremisesSecurityIdentifier passwordPolicies passwordProfile postalCode preferredDataLocation preferredLanguage
		showInAddressList state streetAddress authorizationInfo onPremisesExtensionAttributes customSecurityAttributes`)
	constants([]any{}, "businessPhones onPremisesProvisioningErrors identities imAddresses otherMails provisionedPlans serviceProvisioningErrors")
	constants(absent{}, `aboutMe birthday hireDate interests mySite pastProjects preferredName responsibilities schools skills
		deviceEnrollmentLimit mailboxSettings print signInActivity`)
	e := newEntity("User", "microsoft.graph.user", props, "businessPhones", "displayName", "givenName", "id", "jobTitle", "mail",
		"mobilePhone", "officeLocation", "preferredLanguage", "surname", "userPrincipalName")
	e.filters = userFilters()
	e.sorts = []string{"displayName", "userPrincipalName"}
	e.advancedSorts = []string{"createdDateTime", "deletedDateTime", "displayName", "userPrincipalName"}
	return e
}

// deletedUserEntity is a user in directory/deletedItems: every sort needs the advanced query parameters there
// (learn.microsoft.com/graph/api/directory-deleteditems-list).
func (s *Server) deletedUserEntity() *entity[*user] {
	e := *s.users
	e.sorts = nil
	if s.cfg.RefuseDeletedProxyFilter {
		e.filters = maps.Clone(e.filters)
		delete(e.filters, "proxyAddresses")
	}
	return &e
}

func userProperties() map[string]func(*user) any {
	return map[string]func(*user) any{
		"id":                              func(u *user) any { return u.ID },
		"accountEnabled":                  func(u *user) any { return u.Enabled },
		"assignedLicenses":                func(u *user) any { return licensesJSON(u) },
		"assignedPlans":                   func(u *user) any { return assignedPlansJSON(u) },
		"createdDateTime":                 func(u *user) any { return timestamp(u.Created) },
		"deletedDateTime":                 func(u *user) any { return timestamp(u.Deleted) },
		"department":                      func(u *user) any { return orNull(u.Department) },
		"displayName":                     func(u *user) any { return orNull(u.DisplayName) },
		"givenName":                       func(u *user) any { return orNull(u.First) },
		"jobTitle":                        func(u *user) any { return orNull(u.Job) },
		"mail":                            func(u *user) any { return orNull(u.Mail) },
		"mailNickname":                    func(u *user) any { return u.alias() },
		"mobilePhone":                     func(*user) any { return nil },
		"officeLocation":                  func(u *user) any { return orNull(u.Office) },
		"proxyAddresses":                  func(u *user) any { return notNil(u.Proxies) },
		"surname":                         func(u *user) any { return orNull(u.Last) },
		"usageLocation":                   func(u *user) any { return orNull(u.UsageLocation) },
		"userPrincipalName":               func(u *user) any { return u.principal() },
		"userType":                        func(u *user) any { return u.Type },
		"licenseAssignmentStates":         func(u *user) any { return statesJSON(u) },
		"lastPasswordChangeDateTime":      func(u *user) any { return timestamp(u.Created) },
		"signInSessionsValidFromDateTime": func(u *user) any { return timestamp(u.Created) },
		"securityIdentifier":              func(u *user) any { return "S-1-12-1-" + u.ID[:8] },
		"onPremisesSyncEnabled":           syncedOnly(func(*user) any { return true }),
		"onPremisesImmutableId":           syncedOnly(func(u *user) any { return "A" + u.ID[:8] + "==" }),
		"onPremisesSamAccountName":        syncedOnly(func(u *user) any { return u.alias() }),
		"onPremisesUserPrincipalName":     syncedOnly(func(u *user) any { return u.UPN }),
		"onPremisesLastSyncDateTime":      syncedOnly(func(u *user) any { return timestamp(u.Created) }),
	}
}

func syncedOnly(read func(*user) any) func(*user) any {
	return func(u *user) any {
		if !u.Synced {
			return nil
		}
		return read(u)
	}
}

func listOf(s string) []string {
	if s == "" {
		return []string{}
	}
	return []string{s}
}

// groupEntity is learn.microsoft.com/graph/api/resources/group.
func groupEntity() *entity[*group] {
	props := map[string]func(*group) any{
		"id":                 func(g *group) any { return g.ID },
		"createdDateTime":    func(g *group) any { return timestamp(g.Created) },
		"deletedDateTime":    func(*group) any { return nil },
		"description":        func(g *group) any { return orNull(g.Description) },
		"displayName":        func(g *group) any { return g.DisplayName },
		"groupTypes":         func(g *group) any { return listOf(map[bool]string{true: "Unified"}[g.Unified]) },
		"isAssignableToRole": func(g *group) any { return map[bool]any{true: true}[g.RoleAssignable] },
		"mail":               func(g *group) any { return orNull(g.Mail) },
		"mailEnabled":        func(g *group) any { return g.MailEnabled },
		"mailNickname":       func(g *group) any { return strings.ReplaceAll(g.DisplayName, " ", "") },
		"proxyAddresses":     func(g *group) any { return notNil(g.Proxies) },
		"securityEnabled":    func(g *group) any { return g.Security },
		"visibility":         func(g *group) any { return map[bool]any{true: "Private"}[g.Unified] },
		"assignedLicenses": func(g *group) any {
			out := []any{}
			for _, id := range g.Licenses {
				out = append(out, map[string]any{"skuId": id, "disabledPlans": []string{}})
			}
			return out
		},
		"onPremisesSyncEnabled": func(*group) any { return nil },
	}
	e := newEntity("Group", "microsoft.graph.group", props, slices.Sorted(maps.Keys(props))...)
	e.filters = groupFilters()
	e.sorts, e.advancedSorts = []string{"displayName"}, []string{"displayName"}
	return e
}

// contactEntity is learn.microsoft.com/graph/api/resources/orgcontact.
func contactEntity() *entity[*contact] {
	props := map[string]func(*contact) any{
		"id":                    func(c *contact) any { return c.ID },
		"displayName":           func(c *contact) any { return c.DisplayName },
		"mail":                  func(c *contact) any { return orNull(c.Mail) },
		"proxyAddresses":        func(c *contact) any { return notNil(c.Proxies) },
		"deletedDateTime":       func(*contact) any { return nil },
		"companyName":           func(*contact) any { return nil },
		"givenName":             func(*contact) any { return nil },
		"surname":               func(*contact) any { return nil },
		"onPremisesSyncEnabled": func(*contact) any { return nil },
	}
	e := newEntity("OrgContact", "microsoft.graph.orgContact", props, slices.Sorted(maps.Keys(props))...)
	e.filters = contactFilters()
	return e
}
