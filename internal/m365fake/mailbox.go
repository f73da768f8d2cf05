package m365fake

import (
	"slices"
	"strings"
	"time"
)

// The values of RecipientTypeDetails that the tenant has.
const (
	userMailbox      = "UserMailbox"
	sharedMailbox    = "SharedMailbox"
	roomMailbox      = "RoomMailbox"
	equipmentMailbox = "EquipmentMailbox"
)

// mailbox is a mailbox of Exchange, in use, soft-deleted or inactive.
type mailbox struct {
	GUID, ArchiveGUID       string // ArchiveGUID is "" without an archive
	Owner                   string // id of its user, "" once that is purged
	UPN, DisplayName        string
	Alias, Primary          string
	Proxies                 []string // other addresses, as EmailAddresses holds them
	Type                    string
	Created                 time.Time
	SoftDeleted             time.Time // zero while in use
	ByDisable               bool      // soft-deleted because the license went, not because the user did
	Inactive, Litigation    bool
	Holds                   []string // InPlaceHolds
	AutoExpanding           bool     // AutoExpandingArchiveEnabled
	Items, RecoverableItems int      // RecoverableItems counts what is below Recoverable Items
	Bytes                   int64
	Store                   store
	contents                *contents // see open
}

func (m *mailbox) connected() bool { return m.SoftDeleted.IsZero() }

// purgeable tells whether the mailbox goes 30 days after its soft deletion: a hold keeps it as inactive instead.
func (m *mailbox) purgeable() bool { return !m.connected() && !m.Inactive }

func (m *mailbox) held() bool { return m.Litigation || len(m.Holds) > 0 }

// purpose is the mailbox's userPurpose in Graph's words.
func (m *mailbox) purpose() string {
	switch m.Type {
	case sharedMailbox:
		return "shared"
	case roomMailbox:
		return "room"
	case equipmentMailbox:
		return "equipment"
	}
	return "user"
}

// keys are the words by which -Identity finds the mailbox, in lower case. Its long names are compared one by one: see identify.
func (m *mailbox) keys() []string {
	all := []string{m.GUID, m.Owner, m.UPN, m.Alias, m.Primary, m.DisplayName, m.name()}
	for _, p := range m.Proxies {
		_, address, _ := strings.Cut(p, ":")
		all = append(all, address)
	}
	for i := range all {
		all[i] = strings.ToLower(all[i])
	}
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(k string) bool { return k == "" })
}

func (m *mailbox) name() string {
	if m.Store.Name != "" {
		return m.Store.Name
	}
	return m.Alias + "_" + m.GUID[:8]
}

func (m *mailbox) legacyDN() string {
	return "/o=ExchangeLabs/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn=" + strings.ReplaceAll(m.GUID, "-", "")
}

func (m *mailbox) distinguishedName() string {
	ou := ""
	if !m.connected() {
		ou = "OU=Soft Deleted Objects,"
	}
	return "CN=" + m.name() + "," + ou + "OU=contoso.onmicrosoft.com,OU=Microsoft Exchange Hosted Organizations,DC=NAMPR01A001,DC=PROD,DC=OUTLOOK,DC=COM"
}

// mailboxSet is all mailboxes, indexed by what an Identity may be and by their users.
type mailboxSet struct {
	all     map[string]*mailbox   // by GUID
	order   []string              // GUIDs, oldest first
	byKey   map[string][]string   // -> GUIDs
	byOwner map[string][]*mailbox // newest last
}

func newMailboxSet() *mailboxSet {
	return &mailboxSet{all: map[string]*mailbox{}, byKey: map[string][]string{}, byOwner: map[string][]*mailbox{}}
}

func (s *mailboxSet) add(m *mailbox) {
	s.all[m.GUID] = m
	s.order = append(s.order, m.GUID)
	s.index(m)
	if m.Owner != "" {
		s.byOwner[m.Owner] = append(s.byOwner[m.Owner], m)
	}
}

// named returns the mailboxes that an identity in lower case may mean.
func (s *mailboxSet) named(identity string) []*mailbox {
	guids := s.byKey[identity]
	if strings.HasPrefix(identity, "/o=") || strings.HasPrefix(identity, "cn=") {
		guids = slices.DeleteFunc(slices.Clone(s.order), func(guid string) bool {
			m := s.all[guid]
			return !strings.EqualFold(m.legacyDN(), identity) && !strings.EqualFold(m.distinguishedName(), identity)
		})
	}
	var out []*mailbox
	for _, guid := range guids {
		out = append(out, s.all[guid])
	}
	return out
}

func (s *mailboxSet) index(m *mailbox) {
	for _, k := range m.keys() {
		s.byKey[k] = append(s.byKey[k], m.GUID)
	}
}

func (s *mailboxSet) unindex(m *mailbox) {
	for _, k := range m.keys() {
		dropKey(s.byKey, k, m.GUID)
	}
}

// change alters m and keeps the index.
func (s *mailboxSet) change(m *mailbox, alter func(*mailbox)) {
	s.unindex(m)
	alter(m)
	s.index(m)
}

func (s *mailboxSet) disown(m *mailbox) {
	left := slices.DeleteFunc(slices.Clone(s.byOwner[m.Owner]), func(x *mailbox) bool { return x == m })
	if len(left) == 0 {
		delete(s.byOwner, m.Owner)
		return
	}
	s.byOwner[m.Owner] = left
}

// purge removes the soft-deleted mailboxes that nothing keeps any longer.
func (s *mailboxSet) purge(now time.Time) {
	s.order = slices.DeleteFunc(s.order, func(guid string) bool {
		m := s.all[guid]
		if !m.purgeable() || now.Before(m.SoftDeleted.Add(retention)) {
			return false
		}
		s.unindex(m)
		s.disown(m)
		delete(s.all, guid)
		return true
	})
}

// of is the newest mailbox of a user, or nil.
func (s *mailboxSet) of(owner string) *mailbox {
	if owned := s.byOwner[owner]; len(owned) > 0 {
		return owned[len(owned)-1]
	}
	return nil
}

// followUser lets the mailbox follow a change of its user: it goes at once and comes back after a while.
func (t *tenant) followUser(before, after *user) {
	m := t.mailboxes.of(idOf(before, after))
	switch {
	case after == nil:
		t.orphan(before.ID)
	case t.entitled(after, m):
		if m == nil || !m.connected() {
			t.provisioning = append(t.provisioning, waiting{after.ID, t.moment()})
		} else {
			t.keepLicensed(m, after)
		}
	case m != nil && m.connected() && t.delays(before, after):
		t.grant(m, &m.Store.DelicenseDue)
		t.mailboxes.change(m, func(m *mailbox) { m.copyFrom(after) })
	case m != nil && m.connected():
		t.softDelete(m, after.Deleted.IsZero())
	}
}

// keepLicensed lets a mailbox in use follow its user; a license ends what was granted to it without one.
func (t *tenant) keepLicensed(m *mailbox, u *user) {
	if u.hasMailboxPlan() {
		m.Store.GraceUntil, m.Store.DelicenseDue = time.Time{}, time.Time{}
	}
	t.mailboxes.change(m, func(m *mailbox) { m.copyFrom(u) })
}

// delays tells whether losing its license leaves a living user the mailbox for a while.
func (t *tenant) delays(before, after *user) bool {
	return t.delayed && after.Deleted.IsZero() && before != nil && before.hasMailboxPlan()
}

func (t *tenant) softDelete(m *mailbox, byDisable bool) {
	t.mailboxes.change(m, func(m *mailbox) {
		m.SoftDeleted, m.ByDisable = t.clock().UTC().Truncate(time.Second), byDisable
		m.Inactive = m.held()
		m.Store.GraceUntil, m.Store.DelicenseDue = time.Time{}, time.Time{}
	})
	t.nextPurge = earlier(t.nextPurge, t.clock().Add(retention))
}

// grant lets a mailbox in use go without a license for 30 days.
func (t *tenant) grant(m *mailbox, until *time.Time) {
	*until = t.clock().UTC().Truncate(time.Second).Add(retention)
	t.graced = append(t.graced, m)
}

// endGrace takes away the mailboxes that were to have a license by now.
func (t *tenant) endGrace() {
	now := t.clock()
	t.graced = slices.DeleteFunc(t.graced, func(m *mailbox) bool {
		if m.inGrace(now) {
			return false
		}
		if u := t.live.byID[m.Owner]; m.connected() && u != nil && !t.entitled(u, m) {
			t.softDelete(m, true)
		}
		return true
	})
}

// orphan leaves a purged user's mailboxes without their user.
func (t *tenant) orphan(owner string) {
	for _, m := range slices.Clone(t.mailboxes.byOwner[owner]) {
		t.mailboxes.disown(m)
		t.mailboxes.change(m, func(m *mailbox) { m.Owner = "" })
	}
}

// entitled tells whether u should have a mailbox: a living user with a plan, or one whose mailbox needs no license.
func (t *tenant) entitled(u *user, m *mailbox) bool {
	if !u.Deleted.IsZero() {
		return false
	}
	return u.hasMailboxPlan() || (m != nil && m.Type != userMailbox) || (m != nil && m.connected() && m.inGrace(t.clock()))
}

// provision brings the mailboxes whose time has come: the old one while it is kept, else a new and empty one, which
// looks like success and is not (learn.microsoft.com/troubleshoot/exchange/user-and-shared-mailboxes/mailbox-recovery-in-exchange-online).
func (t *tenant) provision() {
	t.provisioning = slices.DeleteFunc(t.provisioning, func(w waiting) bool {
		if t.since(w.since) < t.provisioningTime {
			return false
		}
		u, m := t.live.byID[w.id], t.mailboxes.of(w.id)
		if u == nil || !t.entitled(u, m) {
			return true
		}
		switch {
		case m == nil || (!m.connected() && !t.clock().Before(m.SoftDeleted.Add(retention)) && !m.Inactive):
			t.mailboxes.add(newMailbox(u, t.clock().UTC()))
		case !m.connected():
			t.mailboxes.change(m, func(m *mailbox) {
				m.SoftDeleted, m.ByDisable, m.Inactive = time.Time{}, false, false
				m.copyFrom(u)
			})
		}
		return true
	})
}

func newMailbox(u *user, created time.Time) *mailbox {
	m := &mailbox{
		GUID: newID("mailbox", u.ID+created.Format(time.RFC3339Nano)), Owner: u.ID,
		Type: userMailbox, Created: created,
	}
	m.copyFrom(u)
	return m
}

// copyFrom takes over names and addresses, which the directory rules.
func (m *mailbox) copyFrom(u *user) {
	m.UPN, m.DisplayName, m.Alias, m.Primary, m.Proxies = u.UPN, u.DisplayName, u.alias(), u.UPN, u.Proxies
	if u.Mail != "" {
		m.Primary = u.Mail
	}
}
