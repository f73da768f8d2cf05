package recovery

import (
	"slices"
	"strings"
	"time"
)

// Account is an Entra user, live or deleted, as Microsoft Graph's user resource shows it.
type Account struct {
	ID                string            `json:"id"`
	DisplayName       string            `json:"display_name,omitempty"`
	UserPrincipalName string            `json:"user_principal_name"` // without the object id that Entra puts before a deleted user's
	Mail              string            `json:"mail,omitempty"`
	ProxyAddresses    []string          `json:"proxy_addresses,omitempty"` // with their prefix: SMTP:, smtp:, X500:, SIP:
	UserType          string            `json:"user_type,omitempty"`       // Member or Guest
	Enabled           *bool             `json:"enabled,omitempty"`         // accountEnabled; nil when Graph did not say
	UsageLocation     string            `json:"usage_location,omitempty"`
	Department        string            `json:"department,omitempty"` // in a list of deleted users alone
	Synced            bool              `json:"synced,omitempty"`     // onPremisesSyncEnabled
	CreatedAt         time.Time         `json:"created_at,omitzero"`
	DeletedAt         time.Time         `json:"deleted_at,omitzero"` // zero for a live user
	Licenses          []AssignedLicense `json:"licenses,omitempty"`
	Plans             []AssignedPlan    `json:"plans,omitempty"`
	LicenseStates     []LicenseState    `json:"license_states,omitempty"`
}

// AssignedLicense is a SKU that a user has, with the service plans switched off in it.
type AssignedLicense struct {
	SKU           string   `json:"sku"` // skuId
	DisabledPlans []string `json:"disabled_plans,omitempty"`
}

// AssignedPlan is a service plan that a user has or had: Status is Enabled, Warning, Suspended, Deleted or LockedOut.
type AssignedPlan struct {
	ID         string    `json:"id"` // servicePlanId
	Status     string    `json:"status"`
	AssignedAt time.Time `json:"assigned_at,omitzero"`
}

// LicenseState is Graph's licenseAssignmentState: how a SKU came to the user and whether that worked.
type LicenseState struct {
	SKU       string    `json:"sku"`
	Group     string    `json:"group,omitempty"` // assignedByGroup; empty for a direct assignment
	State     string    `json:"state"`           // Active, ActiveWithError, Disabled, Error
	Error     string    `json:"error,omitempty"` // CountViolation, MutuallyExclusiveViolation, …
	UpdatedAt time.Time `json:"updated_at,omitzero"`
}

// Deleted says whether the account is among the deleted users.
func (a Account) Deleted() bool { return !a.DeletedAt.IsZero() }

// Address is the account's address to show: mail, else the primary proxy address, else the sign-in name.
func (a Account) Address() string {
	if a.Mail != "" {
		return a.Mail
	}
	for _, p := range a.ProxyAddresses {
		if addr, ok := strings.CutPrefix(p, "SMTP:"); ok {
			return addr
		}
	}
	return a.UserPrincipalName
}

// Has says whether the account has the address as sign-in name, mail or SMTP proxy address; the comparison is exact but for case.
func (a Account) Has(address string) bool {
	if SameAddress(a.UserPrincipalName, address) || SameAddress(a.Mail, address) {
		return true
	}
	return slices.ContainsFunc(a.ProxyAddresses, func(p string) bool {
		return len(p) > 5 && strings.EqualFold(p[:5], "smtp:") && SameAddress(p[5:], address)
	})
}

// SKU is a subscription of the tenant (Graph's subscribedSku) as far as mailboxes go.
type SKU struct {
	ID           string   `json:"id"`
	PartNumber   string   `json:"part_number"`
	Enabled      int      `json:"enabled"`         // prepaidUnits.enabled
	Warning      int      `json:"warning"`         // prepaidUnits.warning: the grace period
	Consumed     int      `json:"consumed"`        // consumedUnits
	MailboxPlans []string `json:"mailbox_plans"`   // ids of its service plans that give a mailbox; empty when it gives none
	Plans        []string `json:"plans,omitempty"` // ids of all its service plans for users
	Assignable   bool     `json:"assignable"`      // appliesTo User, capabilityStatus Enabled or Warning
}

// Free is the number of seats left, which an over-consumed SKU has below zero.
func (s SKU) Free() int { return s.Enabled - s.Consumed }

// MailboxState says what a mailbox answered when it was asked for its purpose.
type MailboxState string

// What mailboxSettings can tell (Microsoft Graph: mailboxSettings; errors as seen by Graph clients).
const (
	MailboxAnswers MailboxState = "answers"
	MailboxAbsent  MailboxState = "absent" // MailboxNotEnabledForRESTAPI and its like
	MailboxUnknown MailboxState = "unknown"
)

// Probe is a mailbox's answer with its userPurpose: user, linked, shared, room, equipment or others.
type Probe struct {
	State   MailboxState `json:"state"`
	Purpose string       `json:"purpose,omitempty"`
}

// Access is what an account may do beside reading its mail, all of which comes back with it.
type Access struct {
	RolesKnown  bool     `json:"roles_known"` // false: the roles could not be read, so it may have held any
	Roles       []string `json:"roles,omitempty"`
	GroupsKnown bool     `json:"groups_known"`
	Groups      int      `json:"groups,omitempty"`
}

// HolderKind is the kind of directory object that holds an address.
type HolderKind string

// The kinds of object that can hold an address.
const (
	HolderUser    HolderKind = "user"
	HolderGroup   HolderKind = "group"
	HolderContact HolderKind = "contact"
)

// Holder is a live object that holds an address of a deleted account.
type Holder struct {
	Address string     `json:"address"`
	SignIn  bool       `json:"sign_in"` // it holds it as its sign-in name
	Kind    HolderKind `json:"kind"`
	ID      string     `json:"id"`
	Name    string     `json:"name"`
}

// Organization is the tenant itself.
type Organization struct {
	Country string   `json:"country,omitempty"` // countryLetterCode
	Domains []string `json:"domains"`           // verified ones
}

// Found is one account that a query found, with what else is known of it.
type Found struct {
	Account        Account  `json:"account"`
	Probe          Probe    `json:"probe"` // of a live account
	Access         Access   `json:"access"`
	Holders        []Holder `json:"holders,omitempty"`         // of a deleted account: who holds its addresses now
	HoldersUnknown []string `json:"holders_unknown,omitempty"` // kinds of object that could not be asked, by missing permission
}

// Findings is all that Microsoft Graph knows about a query, read at one time.
type Findings struct {
	ReadAt       time.Time    `json:"read_at"` // Microsoft's clock
	Found        []Found      `json:"found"`   // every exact match, live first, then the deleted, latest first
	SKUs         []SKU        `json:"skus"`
	Organization Organization `json:"organization"`
	Permissions  []string     `json:"permissions"` // app roles in the token, such as User.DeleteRestore.All
	Receipt      Receipt      `json:"receipt"`
}

// May says whether the app has one of the named Graph app roles.
func (f Findings) May(roles ...string) bool {
	return slices.ContainsFunc(roles, func(r string) bool { return slices.Contains(f.Permissions, r) })
}
