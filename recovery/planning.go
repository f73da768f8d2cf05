package recovery

import (
	"fmt"
	"slices"
	"strings"
)

// planLicense is the way back for a live account without a mailbox licence.
func (s Settings) planLicense(d Diagnosis, r reading, ask Ask, c Choices) Diagnosis {
	a := d.Account
	p := &Plan{
		Case: d.Case, AccountID: a.ID, Address: a.Address(), Name: a.DisplayName, SignInName: a.UserPrincipalName,
		SignIn: SignInUnchanged, Access: Access{RolesKnown: true, GroupsKnown: true}, Deadline: d.Deadline, Approvals: s.Approvals,
	}
	if !s.addLicense(&d, p, r, ask, c) {
		return d
	}
	if ask.As != "" {
		p.Warnings = append(p.Warnings, Note{NoteAsIgnored, []string{ask.As}})
	}
	if d.Deadline.IsZero() {
		p.Warnings = append(p.Warnings, Note{Code: NoteLossUnknown})
	}
	return s.finish(d, p, r, ask.Into)
}

// planRestore is the way back for a deleted account.
func (s Settings) planRestore(d Diagnosis, r reading, f Found, ask Ask, c Choices) Diagnosis {
	if !r.May(restorePermission, "User.ReadWrite.All") {
		return d.ends(d.Case, Note{NoteMissingRole, []string{restorePermission}})
	}
	a := f.Account
	p := &Plan{
		Case: d.Case, AccountID: a.ID, Address: a.Address(), Name: a.DisplayName, SignInName: a.UserPrincipalName,
		Access: f.Access, Deadline: d.Deadline, Approvals: s.Approvals,
	}
	p.Access.Roles = sorted(f.Access.Roles)
	step := Step{Kind: StepRestoreUser}
	if why := s.nameConflicts(&d, &step, r, f, c); why != nil {
		return d.ends(d.Case, *why)
	}
	if step.SignInName != "" {
		p.SignInName = step.SignInName
	}
	p.Steps = append(p.Steps, step)
	s.addSignIn(&d, p, r, c)
	if d.Case == CaseUser && !s.addLicense(&d, p, r, ask, c) {
		return d
	}
	if d.Case == CaseShared && ask.License != "" {
		p.Warnings = append(p.Warnings, Note{NoteLicenseUnneeded, []string{ask.License}})
	}
	for _, drop := range step.Drops {
		p.Warnings = append(p.Warnings, Note{NoteAddressDropped, []string{drop}})
	}
	if len(f.HoldersUnknown) > 0 {
		p.Warnings = append(p.Warnings, Note{NoteHoldersUnknown, sorted(f.HoldersUnknown)})
	}
	addAccess(p, p.Access)
	if d.Mailbox != nil {
		p.Warnings = append(p.Warnings, Note{Code: NoteDelegates})
	}
	if d.Case == CaseShared && !d.TypeProven {
		p.Warnings = append(p.Warnings, Note{Code: NoteTypeUnknown})
	}
	return s.finish(d, p, r, ask.Into)
}

// finish adds what every plan has.
func (s Settings) finish(d Diagnosis, p *Plan, r reading, into string) Diagnosis {
	p.Steps = append(p.Steps, Step{Kind: StepMailbox})
	if d.Mailbox != nil {
		p.Warnings = append(p.Warnings, r.kept(*d.Mailbox, d.Case != CaseShared || hasMailboxPlan(d.Account, r.SKUs))...)
	}
	if into != "" {
		p.Warnings = append([]Note{{NoteIntoIgnored, []string{into}}}, p.Warnings...)
	}
	if !d.Deadline.IsZero() && d.Deadline.Sub(r.ReadAt) < nearPurge {
		p.Warnings = append(p.Warnings, Note{NoteNearPurge, []string{stamp(d.Deadline)}})
	}
	if !r.exchange {
		p.Warnings = append(p.Warnings, Note{Code: NoteMaybeNotBack})
	}
	d.Plan = p
	return d
}

// addAccess says what comes back beside the mail. An account that held an admin role, or may have, needs one more
// approver.
func addAccess(p *Plan, a Access) {
	switch {
	case !a.RolesKnown:
		p.Warnings = append(p.Warnings, Note{Code: NoteRolesUnknown})
		p.Approvals++
	case len(a.Roles) > 0:
		p.Warnings = append(p.Warnings, Note{NoteHadRoles, a.Roles})
		p.Approvals++
	}
}

// nameConflicts finds under which names the account can come back, and what the requester must choose for that. It gives
// an obstacle when a wish cannot be met.
func (s Settings) nameConflicts(d *Diagnosis, step *Step, r reading, f Found, c Choices) *Note {
	a := f.Account
	var names, addresses []Holder
	for _, h := range f.Holders {
		if h.SignIn && SameAddress(h.Address, a.UserPrincipalName) {
			names = append(names, h)
		} else {
			addresses = append(addresses, h)
		}
	}
	if wish := c.SignInName; wish != "" && (len(names) > 0 || !SameAddress(wish, a.UserPrincipalName)) {
		if why := wishRefused(wish, r); why != nil {
			d.Offers = append(d.Offers, otherNames(a, wish, names, r.Organization.Domains))
			return why
		}
		step.SignInName = wish
	}
	if len(names) > 0 {
		d.Offers = append(d.Offers, Offer{
			Action: ChooseSignInName, Required: true, About: names, Chosen: step.SignInName,
			Options: signInNames(a.UserPrincipalName, step.SignInName, r.Organization.Domains),
		})
	}
	if len(addresses) == 0 && len(f.HoldersUnknown) == 0 {
		return nil
	}
	offer := Offer{
		Action: ChooseDrop, Required: len(addresses) > 0, About: addresses, // without rights to look, it is a precaution
		Options: []Option{{Value: "drop", Label: strings.Join(heldAddresses(addresses), ", ")}},
	}
	if c.DropConflicts {
		offer.Chosen, step.DropConflicts, step.Drops = "drop", true, heldAddresses(addresses)
	}
	d.Offers = append(d.Offers, offer)
	return nil
}

// otherNames offers the names under which an account can come back in place of one that is not to be had: first its own, where nobody has it.
func otherNames(a Account, wish string, taken []Holder, domains []string) Offer {
	own := ""
	if len(taken) == 0 && onDomain(a.UserPrincipalName, domains) {
		own = a.UserPrincipalName
	}
	options := slices.DeleteFunc(signInNames(a.UserPrincipalName, own, domains), func(o Option) bool { return SameAddress(o.Value, wish) })
	return Offer{Action: ChooseSignInName, Required: true, About: taken, Options: options}
}

// wishRefused says why the account cannot come back under the sign-in name that was wished for; nil when it can.
func wishRefused(wish string, r reading) *Note {
	switch {
	case !onDomain(wish, r.Organization.Domains):
		return &Note{NoteDomain, []string{wish}}
	case r.asTaken:
		return &Note{NoteSignInTaken, []string{wish}}
	default:
		return nil
	}
}

// heldAddresses lists the addresses that holders have, each once.
func heldAddresses(hs []Holder) []string {
	var list []string
	for _, h := range hs {
		if a := strings.ToLower(h.Address); !slices.Contains(list, a) {
			list = append(list, a)
		}
	}
	slices.Sort(list)
	return list
}

// signInNames offers free-looking names for an account whose own is taken. Whether one is free is read when it is chosen.
func signInNames(old, chosen string, domains []string) []Option {
	local, domain, _ := strings.Cut(old, "@")
	if !slices.ContainsFunc(domains, func(d string) bool { return strings.EqualFold(d, domain) }) && len(domains) > 0 {
		domain = domains[0]
	}
	var options []Option
	for _, n := range []string{chosen, local + ".restored@" + domain, local + "2@" + domain} {
		if n != "" && !slices.ContainsFunc(options, func(o Option) bool { return o.Value == n }) {
			options = append(options, Option{Value: n, Label: n})
		}
	}
	return options
}

// onDomain says whether a sign-in name is on one of the tenant's verified domains.
func onDomain(name string, domains []string) bool {
	local, domain, ok := strings.Cut(name, "@")
	return ok && local != "" && slices.ContainsFunc(domains, func(d string) bool { return strings.EqualFold(d, domain) })
}

// addSignIn says what becomes of sign-in and offers to block it.
func (s Settings) addSignIn(d *Diagnosis, p *Plan, r reading, c Choices) {
	switch {
	case d.Account.Enabled == nil:
		p.SignIn = SignInUnknown
	case *d.Account.Enabled:
		p.SignIn = SignInReturns
	default:
		p.SignIn = SignInStaysOff
	}
	can := r.May("User.EnableDisableAccount.All", "User.ReadWrite.All")
	switch {
	case d.Case == CaseShared && can:
		p.SignIn = SignInBlocked
		p.Steps = append(p.Steps, Step{Kind: StepBlockSignIn})
		p.Warnings = append(p.Warnings, Note{Code: NoteSharedNoSignIn})
	case p.SignIn == SignInStaysOff:
	case !can:
		p.Warnings = append(p.Warnings, Note{NoteCannotBlock, []string{"User.EnableDisableAccount.All"}})
	default:
		offer := Offer{Action: ChooseSignIn, Chosen: "allow", Options: []Option{{Value: "allow"}, {Value: "block"}}}
		if c.BlockSignIn {
			offer.Chosen, p.SignIn = "block", SignInBlocked
			p.Steps = append(p.Steps, Step{Kind: StepBlockSignIn})
		}
		d.Offers = append(d.Offers, offer)
	}
	if p.SignIn == SignInReturns || p.SignIn == SignInUnknown {
		p.Warnings = append(p.Warnings, Note{Code: NoteSignInReturns})
	}
}

// addLicense adds the steps that give the account a mailbox licence. It gives false, with the obstacle in d, when there is
// no way.
func (s Settings) addLicense(d *Diagnosis, p *Plan, r reading, ask Ask, c Choices) bool {
	step, why := s.licenseStep(d, p, r, ask, c)
	if why != nil {
		*d = d.ends(d.Case, *why)
		return false
	}
	if step.Kind == "" { // the requester has still to choose one
		return true
	}
	if !r.May("LicenseAssignment.ReadWrite.All", "User.ReadWrite.All", "Directory.ReadWrite.All") {
		*d = d.ends(d.Case, Note{NoteMissingRole, []string{"LicenseAssignment.ReadWrite.All"}})
		return false
	}
	if step.Kind == StepReprocess && !r.May("User.ReadWrite.All", "Directory.ReadWrite.All") {
		*d = d.ends(d.Case, Note{NoteMissingRole, []string{"User.ReadWrite.All"}})
		return false
	}
	if step.Kind == StepAssign && d.Account.UsageLocation == "" { // a group's licence takes the tenant's by itself
		if why := s.addLocation(p, r); why != nil {
			*d = d.ends(d.Case, *why)
			return false
		}
	}
	p.Steps = append(p.Steps, step)
	if ask.License != "" && c.License == "" && !strings.EqualFold(step.PartNumber, ask.License) {
		p.Warnings = append(p.Warnings, Note{NoteLicenseIgnored, []string{ask.License, step.PartNumber}})
	}
	return true
}

// addLocation adds the step that sets the usage location, without which Graph refuses a licence.
func (s Settings) addLocation(p *Plan, r reading) *Note {
	country := s.UsageLocation
	if country == "" {
		country = r.Organization.Country
		p.Warnings = append(p.Warnings, Note{NoteCountryTenant, []string{country}})
	}
	switch {
	case country == "":
		return &Note{Code: NoteNoLocation}
	case !r.May("User.ReadWrite.All", "Directory.ReadWrite.All"):
		return &Note{NoteMissingRole, []string{"User.ReadWrite.All"}}
	}
	p.Steps = append(p.Steps, Step{Kind: StepUsageLocation, Country: country})
	return nil
}

// licenseStep finds the one thing to do about the licence, in this order: what the account still holds, its group's, what
// the requester chose or typed, the installation's preference, what assignedPlans still shows, and last the requester's
// choice among all. A zero Step means that the choice is open. Where there is no seat, those of other SKUs are offered, and taken only
// by the requester's choice.
func (s Settings) licenseStep(d *Diagnosis, p *Plan, r reading, ask Ask, c Choices) (Step, *Note) {
	fits := slices.DeleteFunc(slices.Clone(r.SKUs), func(k SKU) bool { return len(k.MailboxPlans) == 0 || !k.Assignable })
	step, why := s.findLicense(d, p, r, fits, ask, c)
	if why != nil && (why.Code == NoteNoSeat || why.Code == NoteNoSuchLicense) {
		d.offerSeats(fits)
	}
	return step, why
}

// offerSeats offers every SKU that has a seat.
func (d *Diagnosis) offerSeats(fits []SKU) {
	free := slices.DeleteFunc(slices.Clone(fits), func(k SKU) bool { return seats(k) <= 0 })
	d.Offers = slices.DeleteFunc(d.Offers, func(o Offer) bool { return o.Action == ChooseLicense })
	if len(free) > 0 {
		d.Offers = append(d.Offers, licenseOffer(free, ""))
	}
}

// findLicense is licenseStep among the SKUs that fit.
func (s Settings) findLicense(d *Diagnosis, p *Plan, r reading, fits []SKU, ask Ask, c Choices) (Step, *Note) {
	chosen, ok := skuByID(fits, c.License)
	if ask.License != "" && !ok && !slices.ContainsFunc(r.SKUs, func(k SKU) bool { return strings.EqualFold(k.PartNumber, ask.License) }) {
		return Step{}, &Note{NoteNoSuchLicense, []string{ask.License}}
	}
	if step, why, held := heldLicense(d, p, r); held && (why == nil || !ok) {
		return step, why
	}
	if len(fits) == 0 {
		return Step{}, &Note{Code: NoteNoLicense}
	}
	if ok {
		d.Offers = append(d.Offers, licenseOffer(fits, chosen.ID))
		return assign(p, chosen, nil)
	}
	if ask.License != "" {
		i := slices.IndexFunc(fits, func(k SKU) bool { return strings.EqualFold(k.PartNumber, ask.License) })
		if i < 0 {
			return Step{}, &Note{NoteNoSuchLicense, []string{ask.License}}
		}
		return assign(p, fits[i], nil)
	}
	wanted := s.preferred(fits)
	if len(wanted) == 0 {
		wanted = stillShown(d.Account, fits)
	}
	if len(wanted) == 0 {
		wanted = fits
	}
	free := slices.DeleteFunc(slices.Clone(wanted), func(k SKU) bool { return seats(k) <= 0 })
	switch {
	case len(free) == 0:
		return Step{}, &Note{NoteNoSeat, partNumbers(wanted)}
	case len(free) == 1 && len(wanted) == 1 || len(s.preferred(fits)) > 0:
		return assign(p, free[0], nil)
	default:
		d.Offers = append(d.Offers, licenseOffer(free, ""))
		return Step{}, nil
	}
}

// heldLicense deals with a licence that the account has: one that comes back with it, one whose mailbox plan is switched
// off, or one from a group in error. It gives false when the account holds none that gives a mailbox.
func heldLicense(d *Diagnosis, p *Plan, r reading) (Step, *Note, bool) {
	a := d.Account
	for _, l := range a.Licenses {
		sku, ok := skuByID(r.SKUs, l.SKU)
		if !ok || len(sku.MailboxPlans) == 0 || inError(a, l.SKU) {
			continue
		}
		keep := slices.DeleteFunc(slices.Clone(l.DisabledPlans), func(id string) bool { return slices.Contains(sku.MailboxPlans, id) })
		off := len(l.DisabledPlans)-len(keep) == len(sku.MailboxPlans)
		if off && hasMailboxPlan(a, r.SKUs) {
			continue // another one gives the mailbox
		}
		if off {
			d.Evidence = append(d.Evidence, Note{NotePlanOff, []string{sku.PartNumber}})
			p.Seats = &Seats{SKU: sku.ID, PartNumber: sku.PartNumber, Free: sku.Free()}
			return assignStep(sku, keep), nil, true
		}
		if a.Deleted() {
			p.Warnings = append(p.Warnings, Note{NoteLicenseWithIt, []string{sku.PartNumber}})
			if sku.Free() < 0 {
				p.Warnings = append(p.Warnings, Note{NoteOverConsumed, []string{sku.PartNumber, fmt.Sprint(sku.Free())}})
			}
			p.Seats = &Seats{SKU: sku.ID, PartNumber: sku.PartNumber, Free: sku.Free()}
			return assignStep(sku, l.DisabledPlans), nil, true
		}
	}
	for _, st := range a.LicenseStates {
		sku, ok := skuByID(r.SKUs, st.SKU)
		if !ok || st.Group == "" || st.State != "Error" || len(sku.MailboxPlans) == 0 {
			continue
		}
		d.Evidence = append(d.Evidence, Note{NoteGroupLicense, []string{sku.PartNumber, st.Error}})
		if seats(sku) <= 0 {
			return Step{}, &Note{NoteNoSeat, []string{sku.PartNumber}}, true
		}
		p.Seats = &Seats{SKU: sku.ID, PartNumber: sku.PartNumber, Free: sku.Free()}
		return Step{Kind: StepReprocess, SKU: sku.ID, PartNumber: sku.PartNumber}, nil, true
	}
	return Step{}, nil, false
}

// assign makes the step that assigns a SKU, or says that it has no seat.
func assign(p *Plan, sku SKU, off []string) (Step, *Note) {
	if seats(sku) <= 0 {
		return Step{}, &Note{NoteNoSeat, []string{sku.PartNumber}}
	}
	if sku.Free() <= 0 {
		p.Warnings = append(p.Warnings, Note{NoteGraceSeats, []string{sku.PartNumber}})
	}
	p.Seats = &Seats{SKU: sku.ID, PartNumber: sku.PartNumber, Free: sku.Free()}
	return assignStep(sku, off), nil
}

func assignStep(sku SKU, off []string) Step {
	return Step{Kind: StepAssign, SKU: sku.ID, PartNumber: sku.PartNumber, DisabledPlans: sorted(off)}
}

// sorted gives a list in an order that two readings have in common, as fingerprints need it.
func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }

// preferred gives the SKUs of MAILBACK_LICENSES that the tenant has, in that order.
func (s Settings) preferred(fits []SKU) []SKU {
	var list []SKU
	for _, name := range s.Licenses {
		for _, k := range fits {
			if strings.EqualFold(k.PartNumber, name) {
				list = append(list, k)
			}
		}
	}
	return list
}

// stillShown gives the SKU that the account had, by what assignedPlans still shows: the largest SKU all of whose plans are
// there. Where that is not one, it gives all whose mailbox plan is there.
func stillShown(a Account, fits []SKU) []SKU {
	shown := func(plan string) bool {
		return slices.ContainsFunc(a.Plans, func(p AssignedPlan) bool { return p.ID == plan })
	}
	var whole, part []SKU
	most := 0
	for _, k := range fits {
		if !slices.ContainsFunc(k.MailboxPlans, shown) {
			continue
		}
		part = append(part, k)
		missing := slices.ContainsFunc(k.Plans, func(p string) bool { return !shown(p) })
		switch {
		case missing || len(k.Plans) < most:
		case len(k.Plans) > most:
			whole, most = []SKU{k}, len(k.Plans)
		default:
			whole = append(whole, k)
		}
	}
	if len(whole) == 1 {
		return whole
	}
	return part
}

// seats is how many more users a SKU takes, those of its grace period included.
func seats(k SKU) int { return k.Enabled + k.Warning - k.Consumed }

func partNumbers(skus []SKU) []string {
	list := make([]string, len(skus))
	for i, k := range skus {
		list[i] = k.PartNumber
	}
	return list
}

func licenseOffer(skus []SKU, chosen string) Offer {
	o := Offer{Action: ChooseLicense, Required: true, Chosen: chosen}
	for _, k := range skus {
		o.Options = append(o.Options, Option{Value: k.ID, Label: k.PartNumber, Free: seats(k)})
	}
	return o
}
