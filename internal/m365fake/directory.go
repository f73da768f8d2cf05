package m365fake

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// user is a user as it was at one moment. A stored user is never changed: a write stores a changed copy.
type user struct {
	ID                       string
	DisplayName, First, Last string
	UPN                      string // without the prefix that deletion adds
	Mail                     string // "" is null
	Proxies                  []string
	Type                     string // Member or Guest
	Enabled                  bool
	UsageLocation            string // "" is null
	Job, Department, Office  string
	Synced                   bool
	Created, Deleted         time.Time // Deleted is zero while the user lives
	Licenses                 []licenseState
	Plans                    []assignedPlan
}

// principal is the userPrincipalName as Graph shows it. Deletion puts the 32 hex digits of the id in front
// (pnp/cli-microsoft365 docs, entra user recyclebinitem list), which frees the name for others.
func (u *user) principal() string {
	if u.Deleted.IsZero() {
		return u.UPN
	}
	return strings.ReplaceAll(u.ID, "-", "") + u.UPN
}

func (u *user) alias() string {
	alias, _, _ := strings.Cut(u.UPN, "@")
	return alias
}

// with returns a copy of u, changed.
func (u *user) with(change func(*user)) *user {
	c := *u
	change(&c)
	return &c
}

// group is a group or distribution list.
type group struct {
	ID, DisplayName, Description, Mail string
	Proxies                            []string
	Unified, Security, MailEnabled     bool
	RoleAssignable                     bool
	Created                            time.Time
	Members                            map[string]bool // ids of users and groups
	Licenses                           []string        // skuIds that members inherit
}

// contact is an organizational contact: a mail address of somebody outside the tenant.
type contact struct {
	ID, DisplayName, Mail string
	Proxies               []string
}

// role is an activated directory role. Members keep it through deletion: "all properties are maintained,
// including … roles" (learn.microsoft.com/entra/architecture/recover-from-deletions).
type role struct {
	ID, Template, DisplayName string
	Members                   map[string]bool
}

// transitiveGroups are the groups that hold id, directly or through other groups, in the tenant's order.
func (t *tenant) transitiveGroups(id string) []*group {
	held := map[string]bool{id: true}
	for grown := true; grown; {
		grown = false
		for _, g := range t.allGroups {
			if !held[g.ID] && holdsAny(g, held) {
				held[g.ID], grown = true, true
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(t.allGroups), func(g *group) bool { return !held[g.ID] || g.ID == id })
}

func holdsAny(g *group, ids map[string]bool) bool {
	for id := range maps.Keys(ids) {
		if g.Members[id] {
			return true
		}
	}
	return false
}

func (t *tenant) directGroups(id string) []*group {
	return slices.DeleteFunc(slices.Clone(t.allGroups), func(g *group) bool { return !g.Members[id] })
}

func (t *tenant) rolesOf(id string) []*role {
	return slices.DeleteFunc(slices.Clone(t.roles), func(r *role) bool { return !r.Members[id] })
}

func (t *tenant) groupByID(id string) *group {
	for _, g := range t.allGroups {
		if strings.EqualFold(g.ID, id) {
			return g
		}
	}
	return nil
}
