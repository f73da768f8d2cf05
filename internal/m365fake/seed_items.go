package m365fake

import (
	"fmt"
	"strings"
	"time"
)

// ItemMarker is in the subject, the text and the sender of every item of the seed and nowhere else in the tenant, so that
// a test can look for it where no item's subject belongs.
const ItemMarker = "Quillwort"

// itemKind is a type of item with the folders that such items are in and what they are about.
type itemKind struct {
	class           string
	folders, topics []string
}

func itemKinds() []itemKind {
	mail := itemKind{
		"IPM.Note",
		[]string{"Inbox", "Inbox/Projects", "Sent Items", "Inbox/Projects/Atlas", "Archive"},
		[]string{"Offer for Northwind", "Minutes of the board", "Travel to Lisbon", "Budget, third draft", "Contract with Fabrikam", "Question about the invoice", "Lunch on Thursday?"},
	}
	return []itemKind{
		mail, mail, mail, mail, mail, mail,
		{"IPM.Appointment", []string{"Calendar"}, []string{"Quarterly review", "Interview", "Stand-up"}},
		{"IPM.Contact", []string{"Contacts"}, []string{"Marta Keller", "Piet Jansen"}},
		{"IPM.Task", []string{"Tasks"}, []string{"Renew the passport", "Call the landlord"}},
		{"IPM.Schedule.Meeting.Request", []string{"Inbox"}, []string{"Project kick-off", "One-to-one"}},
	}
}

// seedItem makes the n-th item of a mailbox, last changed at a time; the same n gives the same item.
func (m *mailbox) seedItem(n int, modified time.Time) *item {
	c, all := m.open(), itemKinds()
	k := all[n%len(all)]
	round := n/len(all) + n
	names := []string{"Anna Novak", "Ben Ortiz", "Chiara Rossi", "Dov Katz", "Ewa Lis", "Finn Berg", "Gita Rao"}
	name := names[round%len(names)]
	i := &item{
		number: c.count(), birth: c.counter, class: k.class, folder: c.named("recoverableitemsdeletions"), last: c.at(k.folders[round%len(k.folders)]),
		subject: fmt.Sprintf("%s: %s (%d)", ItemMarker, k.topics[round%len(k.topics)], n+1), sender: name + " (" + ItemMarker + ")",
		address:  strings.ToLower(strings.ReplaceAll(name, " ", ".")+"@"+ItemMarker) + ".example",
		modified: modified.UTC().Truncate(time.Second), posted: modified.UTC().Truncate(time.Second).Add(-time.Duration(1+n%40) * 7 * time.Hour), size: int64(4_000 + n*977%190_000),
	}
	if k.class == "IPM.Note" && n%6 == 5 {
		i.folder = c.named("recoverableitemspurges")
	}
	c.items = append(c.items, i)
	return i
}

// seedItems makes n items whose deletion is spread over a time that ends at until.
func (m *mailbox) seedItems(n int, until time.Time, spread time.Duration) {
	m.open().items = make([]*item, 0, n)
	for k := range n {
		m.seedItem(k, until.Add(-spread*time.Duration(k)/time.Duration(n)))
	}
	m.tally()
}

// itemsOver gives an account n items, whose deletion is spread over a time until three hours ago, and changes each.
func (s *Server) itemsOver(n int, spread time.Duration, change ...func(c *contents, k int, i *item)) option {
	return func(a *account) {
		a.box.seedItems(n, s.clock().Add(-3*time.Hour), spread)
		for _, f := range change {
			for k, i := range a.box.contents.items {
				f(a.box.contents, k, i)
			}
		}
		a.box.tally()
	}
}

// seedRecoverable adds the accounts whose recoverable items are a trap, and makes real those that other accounts have as a
// number.
func (s *Server) seedRecoverable() {
	s.add("theresag", "Theresa Grau", s.itemsOver(10_000, 12*day))
	s.add("ursulav", "Ursula Voigt", s.itemsOver(1_500, 10*day))
	s.add("willemd", "Willem Dekker", s.itemsOver(8, 3*day, func(_ *contents, k int, i *item) { i.stuck = k == 2 }))
	s.add("xeniap", "Xenia Popova", s.itemsOver(24, 4*day), func(a *account) {
		a.box.contents.remove(a.box.contents.at("Inbox/Projects/Atlas"))
	})
	s.add("yusufk", "Yusuf Kaya", s.itemsOver(6, 5*day, func(c *contents, _ int, i *item) { i.folder = c.named("recoverableitemspurges") }))
	s.add("selmah", "Selma Hoch", s.itemsOver(14, 6*day, func(c *contents, k int, i *item) {
		i.folder = c.named(sourceFolders()[k%len(sourceFolders())][1])
	}), func(a *account) { a.box.Holds = []string{"UniH" + newID("hold", "selmah")} })
	s.add("ottol", "Otto Lang", s.itemsOver(12, 20*day, func(_ *contents, _ int, i *item) {
		i.class, i.modified = "IPM.Note", i.modified.Add(-15*day)
	}))
	s.add("quentinr", "Quentin Rossi", s.itemsOver(9, 5*day, func(_ *contents, k int, i *item) {
		i.modified = i.modified.Add(map[bool]time.Duration{true: -90 * day, false: -20 * day}[k == 6]) // the sixth is an appointment
	}), func(a *account) { a.box.Store.KeepsDeleted = 30 * day })
	s.add("vivianb", "Vivian Brandt")
	now := s.clock()
	for _, guid := range s.mailboxes.order {
		m := s.mailboxes.all[guid]
		if m.RecoverableItems == 0 || m.contents != nil {
			continue
		}
		until := now
		if !m.connected() {
			until = m.SoftDeleted
		}
		m.seedItems(m.RecoverableItems, until.Add(-3*time.Hour), 5*day)
	}
}
