package recovery

import (
	"slices"
	"strconv"
	"strings"
)

// orphans gives the soft-deleted and inactive mailboxes that have no user among those found: each outlived its user.
func (r reading) orphans() []Mailbox {
	return slices.DeleteFunc(slices.Clone(r.mailboxes), func(m Mailbox) bool {
		owned := slices.ContainsFunc(r.Found, func(f Found) bool {
			return f.Account.ID == m.ObjectID && (f.Account.Deleted() || !r.hasLive(m.ObjectID))
		})
		return m.Live() || owned && m.ObjectID != "" || r.chosen != "" && m.ExchangeGUID != r.chosen
	})
}

// hasLive says whether an account has a mailbox in use, so that a deleted one with its id is an older one.
func (r reading) hasLive(account string) bool {
	return slices.ContainsFunc(r.mailboxes, func(m Mailbox) bool { return m.ObjectID == account && m.Live() })
}

// nobody is the diagnosis where Entra has no account: gone, or a mailbox that outlived its user.
func (s Settings) nobody(d Diagnosis, r reading, orphans []Mailbox, ask Ask, c Choices) Diagnosis {
	switch {
	case len(orphans) > 1:
		return ambiguous(d, r, nil, orphans)
	case len(orphans) == 1:
		return s.outlived(d, r, orphans, ask, c)
	}
	return d.ends(CaseGone, r.gone())
}

// gone says that there is no account; where Exchange was not asked, a mailbox may have outlived it.
func (r reading) gone() Note {
	var purged []string
	for _, f := range r.Found { // those past their thirty days
		purged = []string{stamp(f.Account.DeletedAt.Add(Retention))}
	}
	switch {
	case !r.exchange && purged != nil:
		return Note{NotePurgedHere, purged}
	case !r.exchange:
		return Note{Code: NoteGoneHere}
	case purged != nil:
		return Note{NotePurged, purged}
	default:
		return Note{Code: NoteGone}
	}
}

// besides weighs an account's diagnosis against the mailboxes that an earlier account with the same address left behind: a user
// who was created anew has another, empty one. Where both could be brought back, somebody chooses.
func (s Settings) besides(d Diagnosis, r reading, found []Found, orphans []Mailbox, ask Ask, c Choices) Diagnosis {
	switch {
	case len(orphans) == 0 || c.Account != "":
		return d
	case d.Plan == nil && (d.Case.settled() || d.Obstacle.Code == NoteMailboxGone):
		if len(orphans) > 1 {
			return ambiguous(d, r, nil, orphans)
		}
		return s.outlived(Diagnosis{ReadAt: d.ReadAt}, r, orphans, ask, c)
	case d.Plan == nil && !d.Obstacle.removable():
		return d
	default:
		return ambiguous(Diagnosis{ReadAt: d.ReadAt}, r, found, orphans)
	}
}

// ambiguous is the diagnosis where somebody must choose the account, or the mailbox that outlived one.
func ambiguous(d Diagnosis, r reading, found []Found, orphans []Mailbox) Diagnosis {
	d.Case = CaseAmbiguous
	d.Obstacle = &Note{NoteAmbiguous, []string{strconv.Itoa(len(found) + len(orphans))}}
	offer := Offer{Action: ChooseAccount, Required: true}
	for _, f := range found {
		m, _ := r.mailbox(f.Account.ID)
		d.Candidates = append(d.Candidates, Candidate{
			ID: f.Account.ID, Name: f.Account.DisplayName, Address: f.Account.UserPrincipalName,
			DeletedAt: f.Account.DeletedAt, Type: m.Type,
		})
		offer.Options = append(offer.Options, Option{Value: f.Account.ID, Label: f.Account.UserPrincipalName})
	}
	for _, m := range orphans {
		k := Candidate{ID: m.ExchangeGUID, Name: m.Name, Address: m.Address, Type: m.Type, Orphan: true}
		if !m.Inactive {
			k.DeletedAt = m.SoftDeletedAt
		}
		d.Candidates = append(d.Candidates, k)
		offer.Options = append(offer.Options, Option{Value: k.Value(), Label: m.Address})
	}
	d.Offers = []Offer{offer}
	return d
}

// orphanPrefix marks the value of an option of ChooseAccount that is a mailbox's ExchangeGuid and no user's object id.
const orphanPrefix = "mailbox:"

// outlived is the diagnosis of the one mailbox that outlived its user.
func (s Settings) outlived(d Diagnosis, r reading, orphans []Mailbox, ask Ask, c Choices) Diagnosis {
	if len(orphans) != 1 { // chosen, and in use again or gone since
		if slices.ContainsFunc(r.mailboxes, func(m Mailbox) bool { return m.Live() && m.ExchangeGUID == r.chosen }) {
			return d.ends(CaseHealthy, Note{Code: NoteHealthy})
		}
		return d.ends(CaseGone, Note{Code: NoteGone})
	}
	m := orphans[0]
	d.describe(m, r)
	switch {
	case m.AutoExpanding:
		return d.ends(d.Case, Note{Code: NoteAutoExpanding})
	case !d.Deadline.IsZero() && !r.ReadAt.Before(d.Deadline):
		return d.ends(d.Case, Note{NotePurged, []string{stamp(d.Deadline)}})
	}
	twins := r.twins(m)
	switch {
	case ask.Into != "" || c.Target != "":
		return s.planCopy(d, m, r, ask, c)
	case len(twins) > 0:
		d.Evidence = append(d.Evidence, Note{NoteSameAddress, []string{twins[0].Address}})
		return s.askTarget(d, m, twins)
	case m.Inactive:
		return s.planHandOver(d, m, r, ask, c)
	default:
		return s.planReconnect(d, m, r, ask, c)
	}
}

// describe takes over what Exchange says of a mailbox without its user.
func (d *Diagnosis) describe(m Mailbox, r reading) {
	d.Mailbox, d.Type, d.TypeProven = &m, m.Type, true
	d.Case = CaseSoftDeleted
	if m.Inactive {
		d.Case = CaseInactive
		d.Evidence = append(d.Evidence, Note{Code: NoteInactive})
	} else {
		d.Deadline = m.SoftDeletedAt.Add(Retention)
		d.Evidence = append(d.Evidence, Note{NoteSoftDeleted, []string{stamp(m.SoftDeletedAt)}})
	}
	d.Evidence = append(d.Evidence, Note{NoteExchangeType, []string{m.Type}})
	if c, ok := r.contents[m.ExchangeGUID]; ok {
		d.Contents = &c
	}
}

// know takes over what Exchange says of an account's own mailbox.
func (d *Diagnosis) know(r reading, account string) {
	m, ok := r.mailbox(account)
	if !ok {
		return
	}
	d.Mailbox = &m
	if c, ok := r.contents[m.ExchangeGUID]; ok {
		d.Contents = &c
	}
}

// twins gives the live mailboxes that have the address of one that outlived its user.
func (r reading) twins(m Mailbox) []Mailbox {
	return slices.DeleteFunc(slices.Clone(r.mailboxes), func(o Mailbox) bool {
		return !o.Live() || o.ExchangeGUID == m.ExchangeGUID || !o.has(m.Address) && !m.has(o.Address)
	})
}

// has says whether the mailbox has an SMTP address.
func (m Mailbox) has(address string) bool {
	return SameAddress(m.Address, address) || Account{ProxyAddresses: m.Addresses}.Has(address)
}

// party names the mailbox in a plan.
func (m Mailbox) party() *Party {
	return &Party{ExchangeGUID: m.ExchangeGUID, ArchiveGUID: m.ArchiveGUID, Address: m.Address, Name: m.Name, Type: m.Type, ObjectID: m.ObjectID}
}

// smtp lists the mailbox's SMTP addresses, in lower case and sorted.
func (m Mailbox) smtp() []string {
	list := []string{strings.ToLower(m.Address)}
	if m.SignInName != "" {
		list = append(list, strings.ToLower(m.SignInName))
	}
	for _, p := range m.Addresses {
		if len(p) > 5 && strings.EqualFold(p[:5], "smtp:") {
			list = append(list, strings.ToLower(p[5:]))
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}
