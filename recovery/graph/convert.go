package graph

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/microsoftgraph/msgraph-sdk-go/models"

	"mailback/recovery"
)

// accountFields are the properties of a user that account reads; Graph gives most of them only on request.
func accountFields() []string {
	return []string{
		"id", "displayName", "userPrincipalName", "mail", "proxyAddresses", "userType", "accountEnabled", "usageLocation",
		"onPremisesSyncEnabled", "createdDateTime", "deletedDateTime", "assignedLicenses", "assignedPlans", "licenseAssignmentStates",
	}
}

// listFields are what a list of all deleted users is looked through by. A page of a thousand users with their plans takes as long
// to read as the call itself.
func listFields() []string {
	return []string{"id", "displayName", "userPrincipalName", "mail", "proxyAddresses", "deletedDateTime", "department"}
}

// account turns Graph's user into the domain's account.
func account(u models.Userable) recovery.Account {
	id := text(u.GetId())
	a := recovery.Account{
		ID: id, DisplayName: text(u.GetDisplayName()), UserPrincipalName: text(u.GetUserPrincipalName()), Mail: text(u.GetMail()),
		ProxyAddresses: u.GetProxyAddresses(), UserType: text(u.GetUserType()), Enabled: u.GetAccountEnabled(),
		UsageLocation: text(u.GetUsageLocation()), Synced: flag(u.GetOnPremisesSyncEnabled()), Department: text(u.GetDepartment()),
		CreatedAt: at(u.GetCreatedDateTime()), DeletedAt: at(u.GetDeletedDateTime()),
	}
	if a.Deleted() {
		a.UserPrincipalName = unmangled(a.UserPrincipalName, id)
	}
	for _, l := range u.GetAssignedLicenses() {
		a.Licenses = append(a.Licenses, recovery.AssignedLicense{SKU: guid(l.GetSkuId()), DisabledPlans: guids(l.GetDisabledPlans())})
	}
	for _, p := range u.GetAssignedPlans() {
		a.Plans = append(a.Plans, recovery.AssignedPlan{
			ID: guid(p.GetServicePlanId()), Status: text(p.GetCapabilityStatus()), AssignedAt: at(p.GetAssignedDateTime()),
		})
	}
	for _, s := range u.GetLicenseAssignmentStates() {
		a.LicenseStates = append(a.LicenseStates, recovery.LicenseState{
			SKU: guid(s.GetSkuId()), Group: text(s.GetAssignedByGroup()), State: text(s.GetState()),
			Error: licenseError(text(s.GetError())), UpdatedAt: at(s.GetLastUpdatedDateTime()),
		})
	}
	return a
}

func accounts(us []models.Userable) []recovery.Account {
	all := make([]recovery.Account, len(us))
	for i, u := range us {
		all[i] = account(u)
	}
	return all
}

// unmangled takes off the object id, without hyphens, that Entra puts before a deleted user's sign-in name
// (pnp/cli-microsoft365 docs, entra user recyclebinitem list).
func unmangled(name, id string) string {
	prefix := strings.ReplaceAll(id, "-", "")
	if len(prefix) == 32 && len(name) > 32 && strings.EqualFold(name[:32], prefix) {
		return name[32:]
	}
	return name
}

// licenseError gives "" for the value None that stands for no error (Microsoft Graph: licenseAssignmentState).
func licenseError(text string) string {
	if strings.EqualFold(text, "None") {
		return ""
	}
	return text
}

// latestFirst orders deleted accounts by their deletion, and of two at once by id so that the order is always the same.
func latestFirst(a, b recovery.Account) int {
	return cmp.Or(b.DeletedAt.Compare(a.DeletedAt), cmp.Compare(a.ID, b.ID))
}

func sku(s models.SubscribedSkuable) recovery.SKU {
	got := recovery.SKU{ID: guid(s.GetSkuId()), PartNumber: text(s.GetSkuPartNumber()), Consumed: number(s.GetConsumedUnits())}
	if units := s.GetPrepaidUnits(); units != nil {
		got.Enabled, got.Warning = number(units.GetEnabled()), number(units.GetWarning())
	}
	for _, p := range s.GetServicePlans() {
		id := guid(p.GetServicePlanId())
		if givesMailbox(id) {
			got.MailboxPlans = append(got.MailboxPlans, id)
		}
		if text(p.GetAppliesTo()) == "User" {
			got.Plans = append(got.Plans, id)
		}
	}
	status := text(s.GetCapabilityStatus())
	got.Assignable = text(s.GetAppliesTo()) == "User" && (status == "Enabled" || status == "Warning")
	return got
}

func organizationOf(o models.Organizationable) recovery.Organization {
	got := recovery.Organization{Country: text(o.GetCountryLetterCode())}
	for _, d := range o.GetVerifiedDomains() {
		got.Domains = append(got.Domains, text(d.GetName()))
	}
	return got
}

// access reads memberships: directory roles by name, and how many groups.
func access(memberships []models.DirectoryObjectable) recovery.Access {
	a := recovery.Access{RolesKnown: true, GroupsKnown: true}
	for _, m := range memberships {
		switch object := m.(type) {
		case models.DirectoryRoleable:
			a.Roles = append(a.Roles, cmp.Or(text(object.GetDisplayName()), text(object.GetRoleTemplateId()), text(object.GetId())))
		case models.Groupable:
			a.Groups++
		}
	}
	slices.Sort(a.Roles)
	a.Roles = slices.Compact(a.Roles)
	return a
}

func flag(b *bool) bool { return b != nil && *b }

func at(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

func number(n *int32) int {
	if n == nil {
		return 0
	}
	return int(*n)
}

func guid(id *uuid.UUID) string {
	if id == nil {
		return ""
	}
	return id.String()
}

func guids(ids []uuid.UUID) []string {
	all := make([]string, 0, len(ids))
	for _, id := range ids {
		all = append(all, id.String())
	}
	if len(all) == 0 {
		return nil
	}
	return all
}
