package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"mailback/recovery"
	"mailback/recovery/exchange"
	"mailback/recovery/graph"
)

const graphDown = "look at the network, at GRAPH_BASE_URL and a proxy, and at status.cloud.microsoft"

// tenant reads from Microsoft Graph what an operator wants to know of the tenant.
func (x examination) tenant(ctx context.Context, directory *graph.Client, roles []string) []finding {
	facts, err := directory.TenantFacts(ctx)
	missing := slices.ContainsFunc(x.roleFindings(roles), func(f finding) bool { return f.Status == statusFail })
	if missing && recovery.KindOf(err) == recovery.Forbidden {
		return []finding{unchecked("graph", "an app role is missing")}
	}
	if err != nil {
		fix := graphDown
		if e, ok := errors.AsType[*recovery.Error](err); ok && e.Kind == recovery.SignedOut {
			fix = "set MAILBACK_CLOUD to the tenant's cloud, and look at this machine's clock"
		}
		return []finding{failed("graph", fix, "Microsoft Graph does not answer as it should: %v", err)}
	}
	synced := "no account comes from an on-premises directory"
	if facts.Synced {
		synced = "accounts may come from an on-premises directory: those are restored there, and Mailback says so"
	}
	return append([]finding{
		well("graph", "Microsoft Graph answers for the tenant %s", facts.Name),
		note("tenant.licences", "%s", seats(facts.SKUs)),
		note("tenant.synchronisation", "%s", synced),
	}, unknownLicences(x.s.Licenses, facts.SKUs)...)
}

// unknownLicences warns of licences that are preferred and that the tenant does not have, or that give no mailbox.
func unknownLicences(preferred []string, skus []recovery.SKU) []finding {
	var all []finding
	for _, name := range preferred {
		if !slices.ContainsFunc(skus, func(s recovery.SKU) bool { return strings.EqualFold(s.PartNumber, name) && len(s.MailboxPlans) > 0 }) {
			all = append(all, warned("tenant.licence."+name, "put a part number into MAILBACK_LICENSES that tenant.licences lists, such as SPE_E3 for Microsoft 365 E3",
				"MAILBACK_LICENSES has %q, which is no licence with a mailbox in this tenant", name))
		}
	}
	return all
}

// seats tells of each licence with a mailbox how many seats are free.
func seats(skus []recovery.SKU) string {
	var list []string
	for _, s := range skus {
		if s.Assignable && len(s.MailboxPlans) > 0 {
			list = append(list, fmt.Sprintf("%s %d of %d", s.PartNumber, max(s.Free(), 0), s.Enabled))
		}
	}
	if list == nil {
		return "the tenant has no licence with a mailbox"
	}
	slices.Sort(list)
	return "free seats of licences with a mailbox: " + strings.Join(list, ", ")
}

// cmdletNeed is a cmdlet that Mailback runs.
type cmdletNeed struct {
	name    string
	status  status // of a check that finds it missing
	what    string // what it is for
	without string // what is lost without it
}

// cmdletNeeds are those of docs/install.md.
func cmdletNeeds() []cmdletNeed {
	const (
		rights, rightsLost = "who has access, shown to approvers with the proof", "the proof says that it could not be read"
		copies, copiesLost = "copies with `into:`", "the request says which one is missing"
		items              = "`items`"
	)
	return []cmdletNeed{
		{"Get-Mailbox", statusFail, "a deleted mailbox's type, age and size, and mailboxes without a user", "only MAILBACK_EXCHANGE=off works"},
		{"Get-MailboxStatistics", statusFail, "a deleted mailbox's type, age and size, and mailboxes without a user", "only MAILBACK_EXCHANGE=off works"},
		{"Get-MailboxPermission", statusWarn, rights, rightsLost},
		{"Get-RecipientPermission", statusWarn, rights, rightsLost},
		{"Get-PendingDelicenseUser", statusWarn, "tenants that delay taking mailboxes away", "it is left out"},
		{"Get-OrganizationConfig", statusWarn, "whether the tenant delays taking mailboxes away, for `mailback doctor`", "doctor says that it cannot be read"},
		{"New-MailboxRestoreRequest", statusWarn, copies, copiesLost},
		{"Get-MailboxRestoreRequest", statusWarn, copies, copiesLost},
		{"Get-MailboxRestoreRequestStatistics", statusWarn, copies, copiesLost},
		{"Set-Mailbox", statusWarn, copies, copiesLost},
		{"Resume-MailboxRestoreRequest", statusWarn, "let a copy go on that was suspended", "the click is refused and names it"},
		{"Remove-MailboxRestoreRequest", statusWarn, "undo: stop a copy that still runs", "the request to undo names it; the copy runs on"},
		{"Get-RecoverableItems", statusWarn, items, copiesLost},
		{"Restore-RecoverableItems", statusWarn, items, copiesLost},
		{"Undo-SoftDeletedMailbox", statusWarn, "a soft-deleted mailbox without its user", copiesLost},
	}
}

const (
	exchangeDown = "look at the network, at EXCHANGE_BASE_URL and a proxy, and at status.cloud.microsoft"
	cmdletFix    = "give the app an Exchange role that has it; `Get-ManagementRole -Cmdlet %s` tells which"
	exchangeRole = "give the app's service principal an Exchange role group with the cmdlets that docs/install.md lists, or the Entra role Exchange Administrator; it may take hours to count"
	exchangeApp  = "in Microsoft Entra, App registrations, the app, API permissions: add Exchange.ManageAsApp of Office 365 Exchange Online, and grant admin consent"
)

// exchange checks what the app may do in Exchange Online.
func (x examination) exchange(ctx context.Context, mailboxes *exchange.Client) []finding {
	if mailboxes == nil {
		return []finding{note("exchange", "it is not asked, as MAILBACK_EXCHANGE is off")}
	}
	roles, err := mailboxes.Roles(ctx)
	if err != nil {
		return []finding{signInFailed("exchange.sign-in", err), unchecked("exchange", "there is no sign-in to it")}
	}
	idle := idleRoles("exchange.privilege", roles, map[string]bool{exchange.ManageAsApp: true})
	if !slices.Contains(roles, exchange.ManageAsApp) {
		return append(idle, failed("exchange.role."+exchange.ManageAsApp, exchangeApp, "the app role %s is missing; without it: only MAILBACK_EXCHANGE=off works", exchange.ManageAsApp),
			unchecked("exchange", "the app role "+exchange.ManageAsApp+" is missing"))
	}
	var list []string
	var delicensing finding
	side(
		func() { list, err = mailboxes.Cmdlets(ctx) },
		func() { delicensing = delicensingFinding(mailboxes.DelayedDelicensing(ctx)) },
	)
	if err != nil {
		return append(idle, noCmdlets(err))
	}
	return slices.Concat(idle, cmdletFindings(list), []finding{delicensing})
}

// noCmdlets says why Exchange did not list the app's cmdlets. It refuses, or lists none, where the app has no role there.
func noCmdlets(err error) finding {
	switch recovery.KindOf(err) {
	case recovery.Forbidden, recovery.Incomplete:
		return failed("exchange.role", exchangeRole, "Exchange lists no cmdlet that the app may run: %v", err)
	default:
		return failed("exchange", exchangeDown, "Exchange Online does not answer as it should: %v", err)
	}
}

// cmdletFindings compares the cmdlets that the app may run with those that Mailback runs. Exchange writes them in any case.
func cmdletFindings(list []string) []finding {
	all := []finding{well("exchange", "Exchange Online answers")}
	for _, c := range cmdletNeeds() {
		if slices.ContainsFunc(list, func(have string) bool { return strings.EqualFold(have, c.name) }) {
			continue
		}
		f := warned("exchange.cmdlet."+c.name, fmt.Sprintf(cmdletFix, c.name), "the app may not run %s (%s); without it: %s", c.name, c.what, c.without)
		f.Status = c.status
		all = append(all, f)
	}
	if len(all) == 1 {
		all = append(all, well("exchange.cmdlets", "the app may run all %d that Mailback does", len(cmdletNeeds())))
	}
	return all
}

// delicensingFinding tells whether the tenant delays taking mailboxes away, as far as the app may read it.
func delicensingFinding(delayed bool, err error) finding {
	const name = "tenant.delicensing"
	switch {
	case err != nil:
		return note(name, "whether the tenant keeps mailboxes for a while whose licence goes cannot be read: %v", err)
	case delayed:
		return note(name, "the tenant keeps mailboxes for 30 more days in use whose licence goes (DelayedDelicensingEnabled)")
	}
	return note(name, "a mailbox whose licence goes is taken away at once (DelayedDelicensingEnabled is off)")
}
