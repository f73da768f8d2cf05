package recovery

import (
	"slices"
	"strings"
)

// Facts are what the steps of plans change in an account or a mailbox, as read at one time: just before a change, or with what it
// did.
type Facts struct {
	SignInName    string        `json:"sign_in_name,omitempty"`
	Deleted       bool          `json:"deleted,omitempty"`
	Enabled       *bool         `json:"enabled,omitempty"` // accountEnabled; nil when Graph did not say
	UsageLocation string        `json:"usage_location,omitempty"`
	Licenses      []HeldLicense `json:"licenses,omitempty"` // sorted by SKU
	Absent        bool          `json:"absent,omitempty"`   // what the step makes (an address, a copy, a user) was not there
	Copy          *CopyStatus   `json:"copy,omitempty"`     // of a copy that was to be stopped
}

// HeldLicense is a licence with where it came from. Direct and Group may both be true.
type HeldLicense struct {
	AssignedLicense
	Direct bool `json:"direct,omitempty"` // given to the account itself: it can be taken back
	Group  bool `json:"group,omitempty"`  // given by a group
}

// facts gives the account's facts, in an order that two readings have in common.
func (a Account) facts() *Facts {
	f := &Facts{SignInName: a.UserPrincipalName, Deleted: a.Deleted(), Enabled: a.Enabled, UsageLocation: a.UsageLocation}
	for _, l := range a.Licenses {
		direct, group := a.sources(l.SKU)
		f.Licenses = append(f.Licenses, HeldLicense{AssignedLicense{l.SKU, sorted(l.DisabledPlans)}, direct, group})
	}
	slices.SortFunc(f.Licenses, func(a, b HeldLicense) int { return strings.Compare(a.SKU, b.SKU) })
	return f
}

// sources tells by whom the account has a licence. One of which Graph says nothing counts as given directly.
func (a Account) sources(sku string) (direct, group bool) {
	for _, st := range a.LicenseStates {
		if st.SKU != sku || st.State != "Active" && st.State != "ActiveWithError" {
			continue
		}
		direct, group = direct || st.Group == "", group || st.Group != ""
	}
	return direct || !group, group
}

// license gives a licence that was held.
func (f Facts) license(sku string) (HeldLicense, bool) {
	i := slices.IndexFunc(f.Licenses, func(l HeldLicense) bool { return l.SKU == sku })
	if i < 0 {
		return HeldLicense{}, false
	}
	return f.Licenses[i], true
}

// with gives the facts with one licence as it is in other ones: held like there, or not at all.
func (f Facts) with(sku string, there Facts) Facts {
	f.Licenses = slices.DeleteFunc(slices.Clone(f.Licenses), func(l HeldLicense) bool { return l.SKU == sku })
	if l, ok := there.license(sku); ok {
		f.Licenses = append(f.Licenses, l)
		slices.SortFunc(f.Licenses, func(a, b HeldLicense) int { return strings.Compare(a.SKU, b.SKU) })
	}
	return f
}

// same says whether two readings show the same licence.
func (l HeldLicense) same(o HeldLicense) bool {
	return l.SKU == o.SKU && l.Direct == o.Direct && l.Group == o.Group && slices.Equal(l.DisabledPlans, o.DisabledPlans)
}

// changed names what differs between two readings of an account, as NoteMovedOn has it. What one of them does not know differs.
func (f Facts) changed(now Facts) []string {
	var list []string
	add := func(differs bool, what string) {
		if differs {
			list = append(list, what)
		}
	}
	add(f.Deleted != now.Deleted, "account")
	add(!strings.EqualFold(f.SignInName, now.SignInName), "name")
	add((f.Enabled == nil) != (now.Enabled == nil) || f.Enabled != nil && *f.Enabled != *now.Enabled, "sign-in")
	add(f.UsageLocation != now.UsageLocation, "location")
	add(!slices.EqualFunc(f.Licenses, now.Licenses, HeldLicense.same), "licenses")
	return list
}

// before gives the facts that a change is made on: those that the look just before it read. A deleted account cannot be looked at, so
// that it is as the diagnosis read it; and a licence that it had then comes back with it, even where the directory does not show
// it yet.
func (r Request) before(step Step, seen *Facts) *Facts {
	known := r.Diagnosis != nil && r.Diagnosis.Account.ID != "" && r.Diagnosis.Account.ID == r.account()
	switch {
	case seen == nil && step.Kind == StepRestoreUser && known:
		f := r.Diagnosis.Account.facts()
		f.Deleted = true
		return f
	case seen == nil && step.Kind == StepRestoreUser:
		return &Facts{Deleted: true}
	case seen == nil || step.Kind != StepAssign || !known:
		return seen
	}
	if _, shown := seen.license(step.SKU); shown {
		return seen
	}
	f := seen.with(step.SKU, *r.Diagnosis.Account.facts())
	return &f
}
