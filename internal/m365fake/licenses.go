package m365fake

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// licenseState is one entry of licenseAssignmentStates: a license given directly or by a group
// (learn.microsoft.com/graph/api/resources/licenseassignmentstate).
type licenseState struct {
	SKU, Group string // Group is "" for a direct assignment
	Disabled   []string
	State      string // Active, ActiveWithError, Disabled, Error
	Error      string // None, CountViolation, …
	Updated    time.Time
}

func (l licenseState) active() bool { return l.State == "Active" || l.State == "ActiveWithError" }

// assignedPlan is one service plan that a user has or had. Plans that went stay in the list as Deleted.
type assignedPlan struct {
	Plan     servicePlan
	Status   string // Enabled, Deleted
	Assigned time.Time
}

// assignment is one entry of assignedLicenses.
type assignment struct {
	SKU      string
	Disabled []string
}

// assigned sums up the active states: a plan is off in a license only where every source of it turns it off.
func (u *user) assigned() []assignment {
	var out []assignment
	for _, l := range u.Licenses {
		if !l.active() {
			continue
		}
		i := slices.IndexFunc(out, func(a assignment) bool { return a.SKU == l.SKU })
		if i < 0 {
			out = append(out, assignment{l.SKU, slices.Clone(l.Disabled)})
			continue
		}
		out[i].Disabled = slices.DeleteFunc(out[i].Disabled, func(p string) bool { return !slices.Contains(l.Disabled, p) })
	}
	return out
}

func (u *user) holds(skuID string) bool {
	return slices.ContainsFunc(u.Licenses, func(l licenseState) bool { return l.SKU == skuID && l.active() })
}

// hasMailboxPlan tells whether a plan that gives a mailbox is switched on.
func (u *user) hasMailboxPlan() bool {
	return slices.ContainsFunc(u.Plans, func(p assignedPlan) bool { return p.Plan.Mailbox && p.Status == "Enabled" })
}

// count adds delta to the consumed seats of every license that a living user holds. Deleted users hold none:
// their licenses come back with them even if no seat is free (learn.microsoft.com/entra/fundamentals/users-restore).
func (t *tenant) count(u *user, delta int) {
	if !u.Deleted.IsZero() {
		return
	}
	for _, a := range u.assigned() {
		if s := t.sku(a.SKU); s != nil {
			s.Consumed += delta
		}
	}
}

// plansFrom returns the plans that follow from u's licenses, with what it had before as Deleted.
func (t *tenant) plansFrom(u *user, now time.Time) []assignedPlan {
	on := map[string]servicePlan{}
	for _, a := range u.assigned() {
		if s := t.sku(a.SKU); s != nil {
			for _, p := range s.Plans {
				if !slices.Contains(a.Disabled, p.ID) {
					on[p.ID] = p
				}
			}
		}
	}
	plans := slices.Clone(u.Plans)
	for i, p := range plans {
		status := "Deleted"
		if _, ok := on[p.Plan.ID]; ok {
			status = "Enabled"
		}
		if p.Status != status {
			plans[i].Status, plans[i].Assigned = status, now
		}
		delete(on, p.Plan.ID)
	}
	for _, id := range slices.Sorted(maps.Keys(on)) {
		plans = append(plans, assignedPlan{on[id], "Enabled", now})
	}
	return plans
}

// relicense stores u with other licenses, and the plans that follow.
func (t *tenant) relicense(u *user, licenses []licenseState) *user {
	after := u.with(func(c *user) {
		c.Licenses = licenses
		c.Plans = t.plansFrom(c, t.clock().UTC())
	})
	t.put(u, after)
	return after
}

// assign does what assignLicense does; it changes nothing unless all can be done.
func (t *tenant) assign(u *user, add []assignment, remove []string) (*user, error) {
	licenses := slices.Clone(u.Licenses)
	for _, id := range remove {
		i := slices.IndexFunc(licenses, func(l licenseState) bool { return l.SKU == id && l.Group == "" })
		if i < 0 {
			return nil, removeError(u, id)
		}
		licenses = slices.Delete(licenses, i, i+1)
	}
	for _, a := range add {
		if err := t.assignable(u, a); err != nil {
			return nil, err
		}
		next := licenseState{SKU: a.SKU, Disabled: a.Disabled, State: "Active", Error: "None", Updated: t.clock().UTC()}
		i := slices.IndexFunc(licenses, func(l licenseState) bool { return l.SKU == a.SKU && l.Group == "" })
		if i >= 0 {
			licenses[i] = next
		} else {
			licenses = append(licenses, next)
		}
	}
	return t.relicense(u, licenses), nil
}

func removeError(u *user, id string) error {
	if slices.ContainsFunc(u.Licenses, func(l licenseState) bool { return l.SKU == id }) {
		return badRequest("User license is inherited from a group membership and it cannot be removed directly from the user.")
	}
	return badRequest("User does not have a corresponding license.")
}

// assignable refuses what cannot be given to u. The usage location is the one that reads show: a PATCH just made is
// not seen yet (learn.microsoft.com/answers/questions/5984903).
func (t *tenant) assignable(u *user, a assignment) error {
	s := t.sku(a.SKU)
	if s == nil {
		return badRequest(fmt.Sprintf("License %s does not correspond to a valid company License.", a.SKU))
	}
	if !s.assignable() {
		return badRequest(fmt.Sprintf("License %s cannot be assigned to a user.", a.SKU))
	}
	for _, p := range a.Disabled {
		if !s.has(p) {
			return badRequest(fmt.Sprintf("License assignment failed because service plan %s is not part of license %s.", p, a.SKU))
		}
	}
	if seen := t.visible(u.ID, t.lag); seen == nil || seen.UsageLocation == "" {
		return badRequest("License assignment cannot be done for user with invalid usage location.")
	}
	if !u.holds(a.SKU) && s.free() <= 0 {
		// Microsoft documents CountViolation for groups alone; this is the text that is seen for users.
		return badRequest(fmt.Sprintf("Subscription with SKU %s does not have any available licenses.", a.SKU))
	}
	return nil
}

// reprocess makes u's group licenses what its groups say, as reprocessLicenseAssignment does: failures stay in the
// state and are never an HTTP error.
func (t *tenant) reprocess(u *user) *user {
	licenses := slices.DeleteFunc(slices.Clone(u.Licenses), func(l licenseState) bool { return l.Group != "" })
	for _, g := range t.transitiveGroups(u.ID) {
		for _, id := range g.Licenses {
			licenses = append(licenses, t.groupLicense(u, g, id))
		}
	}
	return t.relicense(u, licenses)
}

func (t *tenant) groupLicense(u *user, g *group, skuID string) licenseState {
	next := licenseState{SKU: skuID, Group: g.ID, State: "Active", Error: "None", Updated: t.clock().UTC()}
	s := t.sku(skuID)
	if s == nil || (!u.holds(skuID) && s.free() <= 0) {
		next.State, next.Error = "Error", "CountViolation"
	}
	i := slices.IndexFunc(u.Licenses, func(l licenseState) bool { return l.Group == g.ID && l.SKU == skuID })
	if i >= 0 && u.Licenses[i].State == next.State {
		return u.Licenses[i]
	}
	return next
}

func skuJSON(s *sku) map[string]any {
	return map[string]any{
		"id": TenantID + "_" + s.ID, "accountId": TenantID, "accountName": "contoso",
		"appliesTo": s.AppliesTo, "capabilityStatus": s.Status, "consumedUnits": s.Consumed,
		"prepaidUnits": map[string]any{"enabled": s.Enabled, "suspended": s.Suspended, "warning": s.Warning, "lockedOut": 0},
		"servicePlans": plansJSON(s.Plans, nil), "skuId": s.ID, "skuPartNumber": s.Part,
		"subscriptionIds": []string{newID("subscription", s.Part)},
	}
}

// plansJSON are servicePlanInfo objects; plans in off are switched off.
func plansJSON(plans []servicePlan, off []string) []any {
	out := []any{}
	for _, p := range plans {
		status := "Success"
		if slices.Contains(off, p.ID) {
			status = "Disabled"
		}
		out = append(out, map[string]any{
			"servicePlanId": p.ID, "servicePlanName": p.Name, "provisioningStatus": status,
			"appliesTo": cmp.Or(map[bool]string{strings.HasSuffix(p.Name, "FOUNDATION"): "Company"}[true], "User"),
		})
	}
	return out
}

func licensesJSON(u *user) []any {
	out := []any{}
	for _, a := range u.assigned() {
		out = append(out, map[string]any{"skuId": a.SKU, "disabledPlans": notNil(a.Disabled)})
	}
	return out
}

func statesJSON(u *user) []any {
	out := []any{}
	for _, l := range u.Licenses {
		out = append(out, map[string]any{
			"skuId": l.SKU, "assignedByGroup": orNull(l.Group), "disabledPlans": notNil(l.Disabled),
			"state": l.State, "error": l.Error, "lastUpdatedDateTime": timestamp(l.Updated),
		})
	}
	return out
}

func assignedPlansJSON(u *user) []any {
	out := []any{}
	for _, p := range u.Plans {
		out = append(out, map[string]any{
			"servicePlanId": p.Plan.ID, "service": p.Plan.Service, "capabilityStatus": p.Status, "assignedDateTime": timestamp(p.Assigned),
		})
	}
	return out
}

func notNil(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

// orNull is s, or null where the directory holds nothing.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// timestamp is t as Graph writes it, or null for the zero time.
func timestamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339)
}

// badRequest is the directory's usual refusal.
func badRequest(message string) *graphError {
	return &graphError{status: http.StatusBadRequest, code: "Request_BadRequest", message: message}
}
