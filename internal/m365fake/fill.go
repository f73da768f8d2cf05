package m365fake

import (
	"fmt"
	"time"
)

// deletedShare is how many of the added users there are for each deleted one.
const deletedShare = 20

// fill adds n users to give the tenant its size, named user00001 and so on, with an SPE_E3 seat each. They share
// their license lists, which are never changed in place.
func (s *Server) fill(n int) {
	if n <= 0 {
		return
	}
	firsts := []string{"Ada", "Bruno", "Carla", "Dmitri", "Elin", "Farid", "Greta", "Hiro", "Ines", "Jonas", "Kira", "Liam", "Maya", "Nils", "Olga", "Paul", "Rosa", "Sven", "Tara", "Uwe"}
	lasts := []string{"Abel", "Berg", "Costa", "Dahl", "Eder", "Frank", "Garcia", "Horn", "Ivanov", "Jung", "Koch", "Lange", "Moser", "Novak", "Ortiz", "Peters", "Quist", "Roth", "Silva"}
	now := s.clock().UTC().Truncate(time.Second)
	licenses := []licenseState{{SKU: SPE_E3, State: "Active", Error: "None", Updated: now.Add(-300 * day)}}
	plans := s.plansFrom(&user{Licenses: licenses}, now.Add(-300*day))
	for i := 1; i <= n; i++ {
		upn := fmt.Sprintf("user%05d@%s", i, TenantDomain)
		first, last := firsts[i%len(firsts)], lasts[i/len(firsts)%len(lasts)]
		u := &user{
			ID: newID("user", upn), UPN: upn, Mail: upn, DisplayName: first + " " + last, First: first, Last: last, Proxies: []string{"SMTP:" + upn},
			Type: "Member", Enabled: true, UsageLocation: "US", Created: now.Add(-300 * day), Licenses: licenses, Plans: plans,
		}
		m := &mailbox{GUID: newID("mailbox", u.ID), Owner: u.ID, Type: userMailbox, Created: u.Created, Items: 100 + i%4000, Bytes: int64(100+i%4000) * 75_000}
		m.copyFrom(u)
		if i%deletedShare == 0 {
			u.Deleted = now.Add(-day - time.Duration(i/deletedShare%(24*24))*time.Hour)
			m.SoftDeleted = u.Deleted
		}
		s.put(nil, u)
		s.mailboxes.add(m)
	}
	s.sku(SPE_E3).Enabled += n
}
