package m365fake

import "time"

func (s *Server) seedDeletedTraps() {
	s.add("mollyd", "Molly Dempsey", deletedFor(20*day))
	s.add("mollyd", "Molly Dempsey", again("2"), deletedFor(3*day))
	s.add("garthf", "Garth Fort", deletedFor(5*day))
	s.add("garthf", "Garth Fort", again("new"), func(a *account) { a.box.Items, a.box.Created = 0, s.clock().UTC().Add(-2*day) })
	s.add("fadym", "Fady Morgan", aliases("press@contoso.com"), deletedFor(6*day))
	s.add("zrinkam", "Zrinka Makovac", aliases("press@contoso.com"))
	s.add("tonyk", "Tony Krijnen", aliases("newsletter@contoso.com"), deletedFor(8*day))
	s.add("biancap", "Bianca Pisani", aliases("partners@contoso.com"), deletedFor(9*day))
	s.add("john", "John Doyle", deletedFor(5*day))
	s.add("bigjohn", "John Bigley", deletedFor(6*day))
	s.add("s.o'neil", "Sean O'Neil", deletedFor(4*day))
	s.add("dana+hr", "Dana Swope", deletedFor(3*day))
	s.add("svc#1", "Service One", deletedFor(11*day))
	s.add("adele.vance2", "Adele V\u0430nce", aliases("\u0430delev@contoso.com"), deletedFor(10*day)) // Cyrillic a
	s.add("loripe", "Lori Penor", synced, deletedFor(5*day))
	s.add("robinc", "Robin Counts", deletedFor(6*day))
	s.add("zoec", "Zoe Carter", deletedFor(29*day+2*time.Hour))
	s.add("gerhartm", "Gerhart Moller", lostFor(50*day), deletedFor(5*day))
	s.add("daisyp", "Daisy Phillips", licensed(M365_F1), noMailbox, deletedFor(6*day))
	s.add("davids", "David Smith", deletedFor(7*day))
	s.add("tinaw", "Tina Wagner", deletedFor(4*day), edit(func(u *user) { u.Mail = "" }))
	s.add("kk1204", "Kai Klein", deletedFor(5*day), edit(func(u *user) {
		u.Mail, u.Proxies = "kai.klein@contoso.com", []string{"SMTP:kai.klein@contoso.com", "smtp:kk1204@contoso.com"}
	}))
	s.add("rainier", "Conf Room Rainier", kept(roomMailbox), deletedFor(4*day))
	s.add("projector", "Projector", kept(equipmentMailbox), deletedFor(6*day))
	s.add("careers", "Careers", kept(sharedMailbox), deletedFor(12*day), edit(func(u *user) { u.Enabled = true }))
}

func (s *Server) seedLicenseTraps() {
	s.add("KatriA@Contoso.com", "Katri Ahokas", lostFor(6*day))
	s.add("hollyd", "Holly Dickson", synced, lostFor(4*day))
	s.add("hughm", "Hugh Marsh", lostFor(7*day), edit(func(u *user) { u.UsageLocation = "" }))
	s.add("jamesl", "James Lim", licensed(EXCHANGESTANDARD), lostFor(8*day))
	s.add("karlaw", "Karla Weiss", licensed(EXCHANGESTANDARD))
	s.add("petrak", "Petra Kovac", licensed(EXCHANGESTANDARD, EXCHANGEENTERPRISE))
	s.add("olafj", "Olaf Jansen", lostFor(45*day))
	s.add("omarb", "Omar Bennett", licensed(SPE_E3, SPE_E5), lostFor(5*day))
	s.add("blakem", "Blake Martin", lostFor(5*day), edit(func(u *user) { u.Enabled = false }))
	s.add("frankm", "Frank Miller", licensed(), func(a *account) {
		s.relicensed(a, SPE_E3, licenseState{SKU: M365_F1, State: "Active", Error: "None"}, 10*day)
	})
	s.add("ninac", "Nina Costa", licensed(), func(a *account) {
		s.relicensed(a, SPE_E3, licenseState{SKU: SPE_E3, State: "Active", Error: "None"}, 6*day, "EXCHANGE_S_ENTERPRISE")
	})
	e1 := &group{
		ID: newID("group", "e1"), DisplayName: "Licensed - Office 365 E1", Security: true, Created: s.clock().UTC().Truncate(time.Second).Add(-500 * day),
		Members: map[string]bool{}, Licenses: []string{STANDARDPACK},
	}
	s.allGroups = append(s.allGroups, e1)
	for alias, name := range map[string]string{"amyr": "Amy Rusko", "markh": "Mark Hassall"} {
		u := s.add(alias, name, licensed(), edit(func(u *user) {
			u.Licenses = []licenseState{{SKU: STANDARDPACK, Group: e1.ID, State: "Active", Error: "None", Updated: u.Created}}
		}))
		e1.Members[u.ID] = true
	}
	for alias, ago := range map[string]time.Duration{"stephenk": 6 * day, "ruthd": 45 * day} {
		name := map[string]string{"stephenk": "Stephen Kolar", "ruthd": "Ruth Dahl"}[alias]
		u := s.add(alias, name, licensed(), func(a *account) {
			s.relicensed(a, STANDARDPACK, licenseState{SKU: STANDARDPACK, Group: e1.ID, State: "Error", Error: "CountViolation"}, ago)
		})
		e1.Members[u.ID] = true
	}
}

// relicensed gives the account a license in place of the one it had until some time ago, when its mailbox went.
func (s *Server) relicensed(a *account, had string, l licenseState, ago time.Duration, off ...string) {
	u, now := a.user, s.clock().UTC().Truncate(time.Second)
	u.Licenses = []licenseState{{SKU: had, State: "Active"}}
	u.Plans = s.plansFrom(u, u.Created)
	for _, name := range off {
		l.Disabled = append(l.Disabled, knownPlans()[name].ID)
	}
	l.Updated = now.Add(-ago)
	u.Licenses = []licenseState{l}
	u.Plans = s.plansFrom(u, l.Updated)
	if ago >= retention {
		a.box = nil
		return
	}
	a.box.SoftDeleted, a.box.ByDisable = l.Updated, true
}

func (s *Server) seedOtherTraps() {
	s.add("marior", "Mario Rogers", synced)
	s.add("david.smith", "David Smith")
	s.add("vm2210", "Vera Mann", edit(func(u *user) {
		u.Mail, u.Proxies = "vera.mann@contoso.com", []string{"SMTP:vera.mann@contoso.com", "smtp:vm2210@contoso.com"}
	}))
	s.add("helpdesk", "Helpdesk", kept(sharedMailbox))
	s.add("payroll", "Payroll", kept(sharedMailbox), func(a *account) { a.user.Enabled = true })
	s.add("adams", "Conf Room Adams", kept(roomMailbox))
	s.add("enricoc", "Enrico Cattaneo", again("new"), func(a *account) { a.box.Items, a.box.Created = 3, s.clock().UTC().Add(-4*day) })
	s.add("lukasz_northwindtraders.com#EXT#@contoso.onmicrosoft.com", "Lukasz Nowak", licensed(), noMailbox, edit(func(u *user) {
		u.Type, u.Mail, u.Proxies, u.UsageLocation = "Guest", "lukasz@northwindtraders.com", []string{"SMTP:lukasz@northwindtraders.com"}, ""
	}))
}
