package m365fake

import (
	"slices"
	"strings"
	"time"
)

const day = 24 * time.Hour

// account is a user under construction, with its mailbox.
type account struct {
	user    *user
	box     *mailbox // nil for no mailbox
	skus    []string
	lost    time.Duration // how long ago the licenses went, 0 for never
	deleted time.Duration // how long ago the user was deleted, 0 for never
}

// option makes an account differ from a healthy member with SPE_E3.
type option func(*account)

// add seeds one account. The id follows from the sign-in name, and from seq for those that share it.
func (s *Server) add(upn, name string, options ...option) *user {
	now := s.clock().UTC().Truncate(time.Second)
	first, last, _ := strings.Cut(name, " ")
	if !strings.Contains(upn, "@") {
		upn += "@" + TenantDomain
	}
	u := &user{
		ID: newID("user", strings.ToLower(upn)), UPN: upn, Mail: upn, DisplayName: name, First: first, Last: last,
		Proxies: []string{"SMTP:" + upn}, Type: "Member", Enabled: true, UsageLocation: "US", Created: now.Add(-700 * day),
	}
	a := &account{user: u, skus: []string{SPE_E3}, box: &mailbox{Type: userMailbox, Items: 1200 + 37*len(name), Created: u.Created}}
	for _, o := range options {
		o(a)
	}
	s.place(a, now)
	return u
}

// place gives the account its licenses, plans and mailbox, and stores it.
func (s *Server) place(a *account, now time.Time) {
	u, given := a.user, now.Add(-400*day)
	for _, id := range a.skus {
		u.Licenses = append(u.Licenses, licenseState{SKU: id, State: "Active", Error: "None", Updated: given})
	}
	u.Plans = s.plansFrom(u, given)
	if a.lost > 0 {
		u.Licenses = slices.DeleteFunc(u.Licenses, licenseState.active)
		u.Plans = s.plansFrom(u, now.Add(-a.lost))
	}
	if a.deleted > 0 {
		u.Deleted = now.Add(-a.deleted)
	}
	s.put(nil, u)
	if a.box == nil || a.lost >= retention {
		return
	}
	m := a.box
	m.GUID, m.Owner = newID("mailbox", u.ID), u.ID
	m.Bytes = int64(m.Items) * 75_000
	m.copyFrom(u)
	switch {
	case a.deleted > 0:
		m.SoftDeleted = u.Deleted
	case a.lost > 0 && m.Type == userMailbox:
		m.SoftDeleted, m.ByDisable = now.Add(-a.lost), true
	}
	m.Inactive = !m.connected() && m.held()
	s.mailboxes.add(m)
}

func deletedFor(d time.Duration) option { return func(a *account) { a.deleted = d } }
func lostFor(d time.Duration) option    { return func(a *account) { a.lost = d } }
func licensed(skus ...string) option    { return func(a *account) { a.skus = skus } }
func aliases(addresses ...string) option {
	return func(a *account) {
		for _, x := range addresses {
			a.user.Proxies = append(a.user.Proxies, "smtp:"+x)
		}
	}
}

// again gives a second account under a name its own id.
func again(seq string) option {
	return func(a *account) { a.user.ID = newID("user", strings.ToLower(a.user.UPN)+seq) }
}

// kept is a mailbox that needs no license, of a type; sign-in to its account is blocked.
func kept(kind string) option {
	return func(a *account) {
		a.skus, a.box.Type, a.user.Enabled = nil, kind, false
	}
}

func edit(change func(*user)) option { return func(a *account) { change(a.user) } }
func synced(a *account)              { a.user.Synced = true }
func noMailbox(a *account)           { a.box = nil }
func recoverable(n int) option       { return func(a *account) { a.box.RecoverableItems = n } }

// seed fills the tenant.
//
// Plain, with nothing odd about them:
//
//	healthy            meganb alexw pattif isaiahl nestorw lidiah leeg jonis diegos and more, all @contoso.com
//	license removed    debrab irvins emilyb
//	user deleted       adelev christiec alland
//	shared deleted     info frontdesk invoices
//	soft-deleted       brianj cameronw, and warehouse, a shared one (their users are purged)
//	inactive           benw deliad
//	recoverable items  leeg jonis
//
// Traps, in seed_traps.go:
//
//	mollyd                 deleted twice with the same address
//	garthf                 deleted; a live user was made anew under its name
//	fadym                  deleted; its alias press@ is held by zrinkam
//	tonyk                  deleted; its alias newsletter@ is held by a group
//	biancap                deleted; its alias partners@ is held by a contact
//	john, bigjohn          deleted; one name ends with the other
//	s.o'neil               deleted; an apostrophe
//	dana+hr, svc#1         deleted; characters that URLs eat
//	KatriA@Contoso.com     license removed; capital letters
//	adele.vance2           deleted; a name and an alias in look-alike letters
//	loripe                 synchronised from on-premises, deleted
//	marior, hollyd         synchronised, healthy; synchronised, license removed
//	hughm                  license removed, no usage location
//	jamesl                 license removed, and EXCHANGESTANDARD, which it had, has no seat left
//	stephenk               license by a group in error (CountViolation) since 6 days
//	ruthd                  the same since 45 days: the mailbox is gone
//	olafj                  direct license removed 45 days ago: the mailbox is gone
//	frankm                 has M365_F1, which looks like Exchange and gives no mailbox
//	ninac                  has SPE_E3 with its Exchange plan switched off
//	omarb                  license removed, had two that fit
//	petrak                 Exchange plans 1 and 2 at once, healthy
//	lukasz_…#EXT#          a guest
//	robinc                 deleted, held Global Administrator
//	zoec                   deleted, one day from its purge
//	formerstaff            purged: in no store
//	gerhartm               deleted 45 days after it lost its license: no mailbox is left
//	daisyp                 deleted; had M365_F1 and never a mailbox
//	rainier                deleted room mailbox; adams is a live one
//	projector              deleted equipment mailbox
//	careers                deleted shared mailbox, converted from a user's; payroll a live one
//	davids, david.smith    share a display name; one deleted, one live
//	tinaw                  deleted, mail is null, the address is in proxyAddresses alone
//	kk1204                 deleted, its mail kai.klein@ differs from its sign-in name; vm2210 a live one
//	helpdesk               a healthy shared mailbox
//	enricoc                live with a new mailbox, while the old one is soft-deleted without its user
//	blakem                 license removed, sign-in blocked
//	theresag, ursulav      10,000 and 1,500 recoverable items
//	willemd                8, of which one cannot be restored
//	xeniap                 24, and the folder Inbox/Projects/Atlas of some is gone
//	yusufk                 6, all purged by their owner
//	selmah                 14 in all four source folders; on hold
//	ottol                  had 12, all past their retention
//	quentinr               9, some three weeks old: keeps deleted items for 30 days; one appointment older still
//	vivianb                none
//	biggs                  soft-deleted by hand, archive that grows by itself, on hold: inactive
//
// Traps of Exchange, in seed_exchange.go:
//
//	sylviaa, rosaf         soft-deleted and inactive, with an archive; annal a live one
//	quinna                 soft-deleted without its user, archive that grows by itself
//	cecilh                 two soft-deleted mailboxes with the same address, their users purged
//	blueprints             soft-deleted shared mailbox of 57 GB, its user purged
//	projects               deleted shared mailbox of 61 GB
//	hannahh, rolandw       deleted while on hold: inactive, and their users in the recycle bin
//	kellyk, jordanm        deleted, and Exchange has not followed: their mailboxes are still in use
//	andreww, monicat       live with a mailbox of their own; an earlier user's, with the same address, is inactive
//	lauraw                 healthy, on litigation hold
//	fritzb                 soft-deleted; a copy of it fails at 40 %
//	suzys                  soft-deleted; a copy of it suspends itself at 60 % and goes on when resumed
//	wendyw, paulp          soft-deleted; a copy of it skips 7 items (Investigate), or 90 (Poor)
//	quentinl               soft-deleted; a copy of it is queued for six hours
//	oscarf                 live, 20 MB short of its quota: nothing fits
//	helpdesk, info, warehouse  have delegates
//	pennyd                 license removed; its removal is pending where Config.DelayedDelicensing is set
//
// Subscriptions: STANDARDPACK is over-consumed, EXCHANGESTANDARD is used up, EXCHANGEDESKLESS is suspended.
func (s *Server) seed() {
	s.seedHealthy()
	s.seedPlain()
	s.seedDeletedTraps()
	s.seedLicenseTraps()
	s.seedOtherTraps()
	s.seedMailboxes()
	s.seedRecoverable()
	s.seedGroups()
	for part, spare := range map[string]int{
		SPE_E3: 20, SPE_E5: 5, ENTERPRISEPACK: 3, STANDARDPACK: -1, EXCHANGESTANDARD: 0, EXCHANGEENTERPRISE: 2,
		SPE_F1: 4, M365_F1: 10, EMS: 10,
	} {
		k := s.sku(part)
		k.Enabled = k.Consumed + spare
	}
	suspended := s.sku(EXCHANGEDESKLESS)
	suspended.Status, suspended.Suspended = "Suspended", 25
}

func (s *Server) seedHealthy() {
	for alias, name := range map[string]string{
		"meganb": "Megan Bowen", "alexw": "Alex Wilber", "pattif": "Patti Fernandez", "isaiahl": "Isaiah Langer", "nestorw": "Nestor Wilke",
		"lidiah": "Lidia Holloway", "diegos": "Diego Siciliani", "lynner": "Lynne Robbins",
		"miriamg": "Miriam Graham", "pradeepg": "Pradeep Gupta", "gradya": "Grady Archie", "henriettam": "Henrietta Mueller",
		"johannal": "Johanna Lorenz", "raulr": "Raul Razo", "admin": "MOD Administrator",
	} {
		s.add(alias, name)
	}
	s.add("leeg", "Lee Gu", recoverable(36))
	s.add("jonis", "Joni Sherman", recoverable(48))
}

func (s *Server) seedPlain() {
	s.add("debrab", "Debra Berger", lostFor(5*day))
	s.add("irvins", "Irvin Sayers", lostFor(9*day))
	s.add("emilyb", "Emily Braun", lostFor(3*day))
	s.add("adelev", "Adele Vance", deletedFor(4*day))
	s.add("christiec", "Christie Cline", deletedFor(7*day))
	s.add("alland", "Allan Deyoung", deletedFor(2*day))
	s.add("info", "Contoso Info", kept(sharedMailbox), deletedFor(3*day))
	s.add("frontdesk", "Front Desk", kept(sharedMailbox), deletedFor(6*day))
	s.add("invoices", "Invoices", kept(sharedMailbox), deletedFor(8*day))
}

func (s *Server) seedGroups() {
	members := func(aliases ...string) map[string]bool {
		set := map[string]bool{}
		for _, a := range aliases {
			set[newID("user", a+"@"+TenantDomain)] = true
		}
		return set
	}
	created := s.clock().UTC().Truncate(time.Second).Add(-600 * day)
	s.allGroups = append(s.allGroups,
		&group{ID: newID("group", "approvers"), DisplayName: "Mailbox Restore Approvers", Security: true, RoleAssignable: true, Created: created, Members: members("pattif", "isaiahl")},
		&group{ID: newID("group", "sales"), DisplayName: "Sales", Mail: "sales@contoso.com", Proxies: []string{"SMTP:sales@contoso.com"}, Unified: true, MailEnabled: true, Created: created, Members: members("meganb", "adelev", "christiec", "alexw")},
		&group{ID: newID("group", "newsletter"), DisplayName: "Newsletter", Mail: "newsletter@contoso.com", Proxies: []string{"SMTP:newsletter@contoso.com"}, MailEnabled: true, Created: created, Members: members("lynner")},
		&group{ID: newID("group", "staff"), DisplayName: "All Staff", Security: true, Created: created, Members: map[string]bool{newID("group", "sales"): true}},
	)
	s.contacts = append(s.contacts, &contact{ID: newID("contact", "partners"), DisplayName: "Partner Desk", Mail: "desk@northwindtraders.com", Proxies: []string{"SMTP:desk@northwindtraders.com", "smtp:partners@contoso.com"}})
	s.roles = append(s.roles,
		&role{ID: newID("role", "ga"), Template: "62e90394-69f5-4237-9190-012177145e10", DisplayName: "Global Administrator", Members: members("admin", "robinc")},
		&role{ID: newID("role", "exo"), Template: "29232cdf-9323-42fd-ade2-1d097af3e4de", DisplayName: "Exchange Administrator", Members: members("nestorw")},
		&role{ID: newID("role", "ua"), Template: "fe930be7-5e62-47db-91af-98c3a49a38b1", DisplayName: "User Administrator", Members: map[string]bool{newID("group", "approvers"): true}},
	)
}
