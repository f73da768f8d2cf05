package m365fake

import "time"

// orphan adds a mailbox whose user is purged. The GUID follows from the alias, and from seq for those that share it.
func (s *Server) orphan(alias, seq, name string, gone time.Duration, changes ...func(*mailbox)) {
	now, address := s.clock().UTC().Truncate(time.Second), alias+"@"+TenantDomain
	m := &mailbox{
		GUID: newID("mailbox", "orphan/"+alias+seq), UPN: address, DisplayName: name, Alias: alias, Primary: address, Proxies: []string{"SMTP:" + address},
		Type: userMailbox, Created: now.Add(-900 * day), SoftDeleted: now.Add(-gone), Items: 900 + 31*len(name), RecoverableItems: 4,
	}
	m.Bytes = int64(m.Items) * 75_000
	for _, change := range changes {
		change(m)
	}
	s.mailboxes.add(m)
}

func onHold(m *mailbox) { m.Inactive, m.Litigation = true, true }

func sharedKind(m *mailbox) { m.Type = sharedMailbox }

func sized(bytes int64) func(*mailbox) {
	return func(m *mailbox) { m.Bytes, m.Items = bytes, int(bytes/500_000) }
}

// archived gives the mailbox an archive of its own size.
func archived(items int) func(*mailbox) {
	return func(m *mailbox) {
		m.ArchiveGUID = newID("archive", m.GUID)
		m.Store.ArchiveItems, m.Store.ArchiveBytes = items, int64(items)*90_000
	}
}

func flawed(f copyFlaw) func(*mailbox) { return func(m *mailbox) { m.Store.Copy = &f } }

func delegates(all ...delegate) func(*mailbox) {
	return func(m *mailbox) { m.Store.Delegates = all }
}

// seedMailboxes adds the mailboxes whose users are purged.
func (s *Server) seedMailboxes() {
	s.orphan("brianj", "", "Brian Johnson", 10*day)
	s.orphan("cameronw", "", "Cameron White", 8*day)
	s.orphan("enricoc", "", "Enrico Cattaneo", 6*day)
	s.orphan("warehouse", "", "Warehouse", 7*day, sharedKind, delegates(delegate{"meganb@contoso.com", false}, delegate{"meganb@contoso.com", true}))
	s.orphan("blueprints", "", "Blueprints", 9*day, sharedKind, sized(57*gigabyte))
	s.orphan("sylviaa", "", "Sylvia Arenas", 11*day, archived(420))
	s.orphan("quinna", "", "Quinn Anderson", 12*day, archived(5200), func(m *mailbox) { m.AutoExpanding = true })
	s.orphan("cecilh", "", "Cecil Hardy", 18*day)
	s.orphan("cecilh", "2", "Cecil Hardy", 5*day)
	s.orphan("benw", "", "Ben Walters", 90*day, onHold)
	s.orphan("deliad", "", "Delia Dennis", 60*day, func(m *mailbox) {
		m.Inactive, m.Holds = true, []string{"UniH" + newID("hold", "retention")}
	})
	s.orphan("biggs", "", "Barbara Biggs", 120*day, onHold, archived(8000), func(m *mailbox) {
		m.AutoExpanding, m.ArchiveGUID = true, newID("archive", "biggs")
	})
	s.orphan("rosaf", "", "Rosa Fischer", 75*day, onHold, archived(310))
	s.seedCopies()
	s.seedLive()
}

// seedCopies adds soft-deleted mailboxes that do not copy as they should.
func (s *Server) seedCopies() {
	s.orphan("fritzb", "", "Fritz Bauer", 9*day, flawed(copyFlaw{At: 40}))
	s.orphan("suzys", "", "Suzy Stone", 9*day, flawed(copyFlaw{At: 60, Suspend: true}))
	s.orphan("wendyw", "", "Wendy Wood", 9*day, flawed(copyFlaw{Skipped: 7, Score: "Investigate"}))
	s.orphan("paulp", "", "Paul Poole", 9*day, flawed(copyFlaw{Skipped: 90, Score: "Poor"}))
	s.orphan("quentinl", "", "Quentin Lane", 9*day, flawed(copyFlaw{Queue: slowQueue}))
}

// seedLive adds what Exchange alone knows of accounts in use, and accounts that are odd in Exchange alone.
func (s *Server) seedLive() {
	held := func(a *account) { a.box.Litigation = true }
	of := func(alias string) *mailbox { return s.mailboxes.of(newID("user", alias+"@"+TenantDomain)) }
	s.add("hannahh", "Hannah Haynes", held, deletedFor(6*day))
	s.add("rolandw", "Roland Winkler", held, deletedFor(8*day))
	s.seedUnfollowed("kellyk", "Kelly Krout")
	s.seedUnfollowed("jordanm", "Jordan Miller")
	s.seedSuccessor("andreww", "Andrew Wolfe")
	s.seedSuccessor("monicat", "Monica Thomson")
	s.add("lauraw", "Laura West", held)
	s.add("oscarf", "Oscar Fuller")
	sized(100*gigabyte - 20_000_000)(of("oscarf"))
	s.add("annal", "Anna Lidman")
	archived(150)(of("annal"))
	s.add("projects", "Projects", kept(sharedMailbox), deletedFor(5*day))
	sized(61 * gigabyte)(of("projects"))
	delegates(delegate{"alexw@contoso.com", false}, delegate{"lidiah@contoso.com", false}, delegate{"alexw@contoso.com", true})(of("helpdesk"))
	delegates(delegate{"lynner@contoso.com", false}, delegate{"lynner@contoso.com", true})(of("info"))
	s.add("pennyd", "Penny Drake", lostFor(3*day))
	if m := of("pennyd"); s.delayed {
		lost := m.SoftDeleted
		m.SoftDeleted, m.ByDisable = time.Time{}, false
		s.grant(m, &m.Store.DelicenseDue)
		m.Store.DelicenseDue = lost.Add(retention)
	}
}

// seedUnfollowed adds a deleted user whose mailbox is still in use: Exchange has not followed Entra yet.
func (s *Server) seedUnfollowed(alias, name string) {
	u := s.add(alias, name, deletedFor(4*day))
	s.mailboxes.of(u.ID).SoftDeleted = time.Time{}
}

// seedSuccessor adds a user with a mailbox, and the inactive mailbox of an earlier user with the same address.
func (s *Server) seedSuccessor(alias, name string) {
	s.add(alias, name, again("new"), func(a *account) { a.box.Items, a.box.Created = 80, s.clock().UTC().Add(-100*day) })
	s.orphan(alias, "", name, 200*day, onHold)
}
