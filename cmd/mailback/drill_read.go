package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"mailback/recovery"
)

// practice is the practice account as it is before the drill.
type practice struct {
	account  recovery.Account
	access   recovery.Access
	mailbox  recovery.Mailbox
	contents recovery.Contents
	licenses []heldLicense
}

// heldLicense is a licence that the account has, with its seats.
type heldLicense struct {
	recovery.SKU

	disabled []string // plans that are off in it
}

// license gives the part number of a licence that the account has.
func (p practice) license(sku string) (part string, had bool) {
	for _, l := range p.licenses {
		if l.ID == sku {
			return l.PartNumber, true
		}
	}
	return "", false
}

// same says whether two readings show the account alike in all that is shown before the deletion. Mail that comes in changes nothing of that.
func (p practice) same(o practice) bool {
	signIn := func(a recovery.Account) bool { return a.Enabled != nil && *a.Enabled }
	held := func(p practice) (list []string) {
		for _, l := range p.licenses {
			list = append(list, l.ID+" "+strings.Join(slices.Sorted(slices.Values(l.disabled)), " "))
		}
		slices.Sort(list)
		return list
	}
	return p.account.ID == o.account.ID && p.account.UserPrincipalName == o.account.UserPrincipalName && p.account.Mail == o.account.Mail &&
		slices.Equal(sortedCopy(p.account.ProxyAddresses), sortedCopy(o.account.ProxyAddresses)) && signIn(p.account) == signIn(o.account) &&
		p.access.Groups == o.access.Groups && p.mailbox.ExchangeGUID == o.mailbox.ExchangeGUID && slices.Equal(held(p), held(o))
}

func sortedCopy(list []string) []string { return slices.Sorted(slices.Values(list)) }

// refusal says why there is no drill with this account, and what to do instead.
type refusal struct{ why, instead string }

func (r refusal) Error() string { return r.why + ": " + r.instead }

const (
	anotherAccount = "take an account that is there for practice alone: a cloud user with a mailbox, one licence of its own, and no admin role"
	readAgain      = "try again later; /restore-mailbox check in Slack may say more"
)

// mostItems is how many items a practice mailbox may hold. Somebody may be in no Slack and hold no role, and still have a mailbox that is in use.
const mostItems = 500

// read reads the account by its exact address, by the product's own look-up, and is a refusal where anything about it speaks against a drill.
// What cannot be read speaks against it.
func (d *drill) read(ctx context.Context) (practice, error) {
	if d.service.Mailboxes == nil {
		return practice{}, refusal{
			"MAILBACK_EXCHANGE is off, so that whether the mailbox is on hold, or is one of several, cannot be read",
			"give the app its role in Exchange (docs/install.md, 3), set MAILBACK_EXCHANGE=on for the drill, and start again",
		}
	}
	q := recovery.Query{Kind: recovery.ByAddress, Value: d.address}
	found, err := d.graph.Find(ctx, q)
	if err != nil {
		return practice{}, unread("the account", err)
	}
	if why := oneAlone(d.address, found.Found); why != nil {
		return practice{}, *why
	}
	if err := d.graph.Complete(ctx, found.Found); err != nil {
		return practice{}, unread("what belongs to the account", err)
	}
	p := practice{account: found.Found[0].Account, access: found.Found[0].Access}
	assigned, err := d.graph.RolesAssigned(ctx, p.account.ID)
	if err != nil {
		return practice{}, unread("the account's admin roles", err)
	}
	for _, why := range []*refusal{
		p.unfit(found.Found[0].Probe), rolesRefused(p.access, assigned), p.seats(found),
	} {
		if why != nil {
			return practice{}, *why
		}
	}
	if p.mailbox, err = d.oneMailbox(ctx, q, p.account); err != nil {
		return practice{}, err
	}
	if err := d.nobodys(ctx, p.account); err != nil {
		return practice{}, err
	}
	if p.contents, err = d.service.Mailboxes.Contents(ctx, p.mailbox, false); err != nil {
		return practice{}, unread("how much is in the mailbox", err)
	}
	if p.contents.Items > mostItems {
		return practice{}, refusal{
			fmt.Sprintf("its mailbox holds %d items, which looks like somebody's own: a drill takes one with at most %d", p.contents.Items, mostItems), anotherAccount,
		}
	}
	return p, d.healthy(ctx, q, p)
}

func unread(what string, err error) error {
	return refusal{what + " could not be read: " + plainly(err), readAgain}
}

// oneAlone refuses an address that means no account, or several, or a deleted one, or that is not the account's own name.
func oneAlone(address string, found []recovery.Found) *refusal {
	switch {
	case len(found) == 0:
		return &refusal{"no account has the address " + address, "look for a slip of the pen, or make a practice account, give it a licence, and wait until its mailbox works"}
	case len(found) > 1:
		return &refusal{
			fmt.Sprintf("%d accounts have the address %s, live or deleted", len(found), address),
			"take an address that one account alone has; a deleted one that is left from practice can be deleted for good in Microsoft Entra, Deleted users",
		}
	}
	a := found[0].Account
	switch {
	case a.ID == "":
		return &refusal{"Microsoft named the account without its object id", readAgain}
	case a.Deleted():
		return &refusal{"it is deleted already", "restore it with /restore-mailbox " + address + ", and start again"}
	case !recovery.SameAddress(a.UserPrincipalName, address) && !recovery.SameAddress(a.Mail, address):
		return &refusal{address + " is but one of the addresses of " + a.UserPrincipalName, "name the account by its sign-in name or its main address, if you mean it"}
	}
	return nil
}

// unfit refuses an account that is not a plain user of the cloud whose mailbox answers.
func (p practice) unfit(probe recovery.Probe) *refusal {
	a := p.account
	switch {
	case a.Synced:
		return &refusal{"it is synchronised from an on-premises directory, from where it would have to be restored", anotherAccount}
	case a.UserType != "Member":
		return &refusal{"it is a guest, or Microsoft does not say that it is a member", anotherAccount}
	case probe.State == recovery.MailboxAnswers && probe.Purpose != "user":
		return &refusal{fmt.Sprintf("its mailbox is not a person's but one of the kind %q", probe.Purpose), anotherAccount}
	case a.Enabled == nil || !*a.Enabled:
		return &refusal{"its sign-in is blocked, or Microsoft does not say whether it is, so that a drill could not show that it comes back", "allow its sign-in in Microsoft Entra, or " + anotherAccount}
	case probe.State != recovery.MailboxAnswers:
		return &refusal{"its mailbox does not answer", "give it a licence with a mailbox and wait until that works, mostly half an hour; or " + anotherAccount}
	case a.UsageLocation == "":
		return &refusal{"it has no usage location, without which Microsoft gives no licence", "set one in Microsoft Entra, or " + anotherAccount}
	}
	return nil
}

// rolesRefused refuses an account that has an admin role, or may have.
func rolesRefused(member, assigned recovery.Access) *refusal {
	roles := slices.Compact(slices.Sorted(slices.Values(slices.Concat(member.Roles, assigned.Roles))))
	switch {
	case !member.RolesKnown || !assigned.RolesKnown:
		return &refusal{"whether it holds an admin role could not be read", "grant the app User.Read.All and RoleManagement.Read.Directory (docs/install.md, 2), and start again"}
	case len(roles) > 0:
		return &refusal{"it holds an admin role: " + strings.Join(roles, ", "), anotherAccount}
	}
	return nil
}

// seats takes up the licences, and refuses those that might not come back: a group's, which Microsoft gives by itself, one in error, one that
// is sold no more, and one of which no seat is left when somebody takes the one that the deletion sets free.
func (p *practice) seats(found recovery.Findings) *refusal {
	for _, s := range p.account.LicenseStates {
		switch {
		case s.Group != "":
			return &refusal{"a group gives it a licence, which comes and goes with the group", "give it a licence of its own, or " + anotherAccount}
		case s.State != "Active":
			return &refusal{"one of its licences is not in order (" + strings.TrimSpace(s.State+" "+s.Error) + ")", "put that right in the Microsoft 365 admin centre, or " + anotherAccount}
		}
	}
	gives := false
	for _, l := range p.account.Licenses {
		i := slices.IndexFunc(found.SKUs, func(k recovery.SKU) bool { return k.ID == l.SKU })
		if i < 0 {
			return &refusal{"it has a licence that the tenant does not list", anotherAccount}
		}
		k := found.SKUs[i]
		switch {
		case !k.Assignable:
			return &refusal{"its licence " + k.PartNumber + " can no longer be given", "give it another one, or " + anotherAccount}
		case k.Free() < 1:
			return &refusal{
				"no seat of its licence " + k.PartNumber + " is free: if somebody took the one that the deletion sets free, none would be left for it to come back with",
				"free a seat or buy one, and start again",
			}
		}
		p.licenses = append(p.licenses, heldLicense{k, l.DisabledPlans})
		gives = gives || slices.ContainsFunc(k.MailboxPlans, func(plan string) bool { return !slices.Contains(l.DisabledPlans, plan) })
	}
	if !gives {
		return &refusal{"it has no licence with a mailbox", "give it one and wait until its mailbox works, or " + anotherAccount}
	}
	return nil
}

// oneMailbox reads the mailbox from Exchange, which has to be one, the account's own, in use and bound by nothing.
func (d *drill) oneMailbox(ctx context.Context, q recovery.Query, a recovery.Account) (recovery.Mailbox, error) {
	boxes, err := d.service.Mailboxes.Find(ctx, q)
	if err != nil {
		return recovery.Mailbox{}, unread("the mailbox", err)
	}
	refuse := func(why, instead string) (recovery.Mailbox, error) { return recovery.Mailbox{}, refusal{why, instead} }
	switch {
	case len(boxes) == 0:
		return refuse("Exchange knows no mailbox with the address "+d.address, "wait until it does, mostly half an hour after the licence was given")
	case len(boxes) > 1:
		return refuse(fmt.Sprintf("Exchange knows %d mailboxes with the address %s, in use, deleted or inactive", len(boxes), d.address), anotherAccount)
	}
	m := boxes[0]
	switch {
	case m.ExchangeGUID == "" || !recovery.SameAddress(m.ObjectID, a.ID):
		return refuse("the mailbox that Exchange has under this address is not the account's", anotherAccount)
	case !m.Live():
		return refuse("Exchange has the mailbox as deleted", readAgain)
	case m.Type != "UserMailbox":
		return refuse("its mailbox is not a person's but a "+m.Type, anotherAccount)
	case m.OnHold || m.Litigation || m.RetentionHold:
		return refuse("its mailbox is on hold: deleting it would make an inactive mailbox of what somebody has to keep", anotherAccount)
	case m.ArchiveGUID != "" || m.AutoExpanding:
		return refuse("its mailbox has an archive", anotherAccount)
	}
	return m, nil
}

// nobodys refuses the account of anybody in Slack, who may be an approver or a requester.
func (d *drill) nobodys(ctx context.Context, a recovery.Account) error {
	addresses := []string{strings.ToLower(a.UserPrincipalName), strings.ToLower(a.Mail)}
	for _, p := range a.ProxyAddresses {
		if kind, address, _ := strings.Cut(strings.ToLower(p), ":"); kind == "smtp" {
			addresses = append(addresses, address)
		}
	}
	for _, address := range distinct(addresses) {
		if address == "" {
			continue
		}
		who, err := d.slack.UserByEmail(ctx, address)
		switch {
		case err != nil:
			return refusal{"whether the account is somebody's in Slack could not be read: " + oneLine(err.Error()), "look at what it says, and start again"}
		case who != nil:
			return refusal{fmt.Sprintf("it is somebody's: in Slack, %s has the address %s, and may ask or approve with Mailback", who.ID, address), anotherAccount}
		}
	}
	return nil
}

// healthy asks for the product's own judgement, which is what /restore-mailbox check says.
func (d *drill) healthy(ctx context.Context, q recovery.Query, p practice) error {
	got, refused, err := d.service.Check(ctx, drillActor(), q)
	switch {
	case err != nil:
		return unread("the account", err)
	case refused != nil:
		return refusal{"Mailback does not look at it (" + string(refused.Code) + ")", readAgain}
	case got.Diagnosis.Case != recovery.CaseHealthy || got.Diagnosis.Account.ID != p.account.ID:
		return refusal{"Mailback does not find the account and its mailbox in order (" + string(got.Diagnosis.Case) + ")", readAgain}
	}
	return nil
}
