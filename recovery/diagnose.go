package recovery

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Retention is how long Microsoft keeps a deleted user, and the mailbox of a user without a licence (Microsoft: restore
// or permanently remove a deleted user; delete or restore user mailboxes).
const Retention = 30 * 24 * time.Hour

// nearPurge is when the purge is so close that people are warned.
const nearPurge = 3 * 24 * time.Hour

// diagnose reads the tenant and says what it found.
func (s *Service) diagnose(ctx context.Context, ask Ask, c Choices) (Diagnosis, error) {
	q, note, err := s.resolve(ctx, ask.Query)
	if err != nil {
		return Diagnosis{}, err
	}
	if note != nil {
		return Diagnosis{Case: CaseGone, ReadAt: s.Now(), Obstacle: note}, nil
	}
	if c.Account != "" {
		q = Query{Kind: ByObjectID, Value: c.Account}
	}
	if c.SignInName == "" {
		c.SignInName = ask.As
	}
	if c.Mailbox != "" && s.Mailboxes == nil {
		return Diagnosis{}, &Error{Kind: Unavailable, Peer: PeerExchange, Op: "read the mailbox", Detail: "Exchange is switched off"}
	}
	r, err := s.read(ctx, wanted{query: q, as: c.SignInName, into: ask.Into, mailbox: c.Mailbox, target: c.Target})
	if err != nil {
		return Diagnosis{}, err
	}
	d := s.Settings.judge(r, ask, c, q)
	if r.unread != nil && d.Obstacle != nil && d.Obstacle.Code == NoteUnreadable { // nothing is decided on a size that nobody read
		return Diagnosis{}, fmt.Errorf("count the mailboxes: %w", r.unread)
	}
	return d, nil
}

// resolve turns a mention into the person's confirmed address.
func (s *Service) resolve(ctx context.Context, q Query) (Query, *Note, error) {
	if q.Kind != ByPerson {
		return q, nil, nil
	}
	p, err := s.People.Person(ctx, q.Value)
	if err != nil && KindOf(err) != NotFound {
		return Query{}, nil, fmt.Errorf("read the mentioned person: %w", err)
	}
	if err != nil || p.Email == "" || strings.ContainsAny(p.Email, OddSigns) || p.External || p.Bot {
		return Query{}, &Note{Code: NoteUnlinked}, nil
	}
	return Query{Kind: ByAddress, Value: p.Email}, nil, nil
}

// judge decides which case a reading shows and what can be done.
func (s Settings) judge(r reading, ask Ask, c Choices, q Query) Diagnosis {
	d := Diagnosis{ReadAt: r.ReadAt}
	found := slices.DeleteFunc(slices.Clone(r.Found), func(f Found) bool {
		return f.Account.Deleted() && !r.ReadAt.Before(f.Account.DeletedAt.Add(Retention))
	})
	orphans := r.orphans()
	switch {
	case r.chosen != "": // by its ExchangeGuid
		return s.outlived(d, r, orphans, ask, c)
	case len(found) == 0:
		return s.nobody(d, r, orphans, ask, c)
	case q.Kind == ByName || len(found) > 1 && !wantsTheDeleted(found, c):
		return ambiguous(d, r, found, orphans)
	}
	f := found[0]
	for _, o := range found[1:] { // of a live and a deleted one
		if f, o = deletedFirst(f, o); !o.Account.Deleted() {
			d.Evidence = append(d.Evidence, Note{NoteSameAddress, []string{o.Account.UserPrincipalName}})
		}
	}
	d.Account = f.Account
	d.know(r, f.Account.ID)
	if f.Account.Deleted() {
		d = s.deleted(d, r, f, ask, c)
	} else {
		d = s.live(d, r, f, ask, c)
	}
	return s.besides(d, r, found, orphans, ask, c)
}

func deletedFirst(a, b Found) (Found, Found) {
	if a.Account.Deleted() {
		return a, b
	}
	return b, a
}

// wantsTheDeleted says whether, of a live and one deleted account with the same address, the deleted one is meant beyond
// doubt: the requester named the new sign-in name under which it shall come back.
func wantsTheDeleted(found []Found, c Choices) bool {
	deleted := 0
	for _, f := range found {
		if f.Account.Deleted() {
			deleted++
		}
	}
	return deleted == 1 && len(found) == 2 && c.SignInName != ""
}

// live is the diagnosis of an account that is not deleted: healthy, or without a licence.
func (s Settings) live(d Diagnosis, r reading, f Found, ask Ask, c Choices) Diagnosis {
	a := f.Account
	d.Type, d.TypeProven = purposeType(f.Probe.Purpose), f.Probe.Purpose != ""
	m, known := r.mailbox(a.ID)
	if known {
		d.Type, d.TypeProven = m.Type, true
	}
	licensed := hasMailboxPlan(a, r.SKUs)
	switch {
	case f.Probe.State == MailboxAnswers && (licensed || f.Probe.Purpose != "user"):
		d.Evidence = append(d.Evidence, Note{NoteMailboxAnswers, []string{f.Probe.Purpose}})
		return d.ends(CaseHealthy, Note{Code: NoteHealthy})
	case a.Synced:
		d.Evidence = append(d.Evidence, Note{Code: NoteSynced})
		return d.ends(CaseSynced, Note{Code: NoteSyncedUser})
	case a.UserType == "Guest":
		return d.ends(CaseGone, Note{Code: NoteGuestAccount})
	case licensed && f.Probe.State == MailboxUnknown:
		return d.ends(CaseUnknown, Note{NoteMissingRole, []string{"MailboxSettings.Read"}})
	case licensed:
		return d.connecting(r, m, known)
	}
	d.Case = CaseLicense
	d.Evidence = append(d.Evidence, Note{Code: NoteNoMailboxPlan})
	if r.delicense.After(r.ReadAt) {
		d.Evidence = append(d.Evidence, Note{NoteDelayed, []string{stamp(r.delicense)}})
	}
	switch {
	case f.Probe.State == MailboxUnknown:
		return d.ends(CaseLicense, Note{NoteMissingRole, []string{"MailboxSettings.Read"}})
	case f.Probe.State == MailboxAbsent && r.exchange && !known:
		return d.ends(CaseLicense, Note{Code: NoteMailboxGone})
	case known && m.Shared() && m.SoftDeletedAt.IsZero():
		return d.ends(CaseHealthy, Note{Code: NoteHealthy})
	case f.Probe.State == MailboxAbsent:
		d.Evidence = append(d.Evidence, Note{Code: NoteMailboxAbsent})
	}
	if r.delicense.Add(Retention).After(r.ReadAt) { // the tenant delays: the mailbox is lost only from then on
		d.Deadline = r.delicense.Add(Retention)
	} else if lost := lostAt(a, m, r.SKUs); !lost.IsZero() {
		d.Evidence = append(d.Evidence, Note{NoteLicenseLost, []string{stamp(lost)}})
		d.Deadline = lost.Add(Retention)
		if !r.ReadAt.Before(d.Deadline) {
			return d.ends(CaseLicense, Note{NoteLostTooLong, []string{stamp(lost)}})
		}
	}
	return s.planLicense(d, r, ask, c)
}

// connecting is the diagnosis of a live account that has its licence while its mailbox does not answer: Microsoft connects it, or makes
// one where there is none (Microsoft: delays in provisioning of a mailbox).
func (d Diagnosis) connecting(r reading, m Mailbox, known bool) Diagnosis {
	d.Evidence = append(d.Evidence, Note{Code: NoteMailboxAbsent})
	switch {
	case r.exchange && !known:
		return d.ends(CaseConnecting, Note{Code: NoteMadeNew})
	case known && m.Live():
		d.Evidence = append(d.Evidence, Note{Code: NoteListed})
	case known:
		d.Evidence = append(d.Evidence, Note{NoteListedDeleted, []string{stamp(m.SoftDeletedAt)}})
	}
	return d.ends(CaseConnecting, Note{Code: NoteConnecting})
}

// deleted is the diagnosis of a deleted account.
func (s Settings) deleted(d Diagnosis, r reading, f Found, ask Ask, c Choices) Diagnosis {
	a := f.Account
	d.Deadline = a.DeletedAt.Add(Retention)
	d.Evidence = append(d.Evidence, Note{NoteDeletedOn, []string{stamp(a.DeletedAt)}})
	d.Case = CaseUser
	m, known := r.mailbox(a.ID)
	switch {
	case known:
		d.Type, d.TypeProven = m.Type, true
		d.Evidence = append(d.Evidence, Note{NoteExchangeType, []string{m.Type}})
		if m.Shared() {
			d.Case = CaseShared
		}
	case len(a.Licenses) == 0 && a.Enabled != nil && !*a.Enabled:
		d.Case, d.Type = CaseShared, "SharedMailbox"
		d.Evidence = append(d.Evidence, Note{Code: NoteProbablyShared})
	default:
		d.Type = "UserMailbox"
	}
	switch {
	case a.Synced:
		d.Evidence = append(d.Evidence, Note{Code: NoteSynced})
		return d.ends(CaseSynced, Note{Code: NoteSyncedUser})
	case a.UserType == "Guest":
		return d.ends(CaseGone, Note{Code: NoteGuestAccount})
	case r.exchange && !known:
		return d.ends(d.Case, Note{Code: NoteMailboxGone})
	}
	return s.planRestore(d, r, f, ask, c)
}

// ends makes a diagnosis one without a plan.
func (d Diagnosis) ends(c Case, why Note) Diagnosis {
	d.Case, d.Obstacle, d.Plan = c, &why, nil
	return d
}

// purposeType gives the RecipientTypeDetails that fits a userPurpose.
func purposeType(purpose string) string {
	switch purpose {
	case "user":
		return "UserMailbox"
	case "shared":
		return "SharedMailbox"
	case "room":
		return "RoomMailbox"
	case "equipment":
		return "EquipmentMailbox"
	default:
		return ""
	}
}

// hasMailboxPlan says whether the account has a licence whose mailbox plan is on and has no error.
func hasMailboxPlan(a Account, skus []SKU) bool {
	for _, l := range a.Licenses {
		sku, ok := skuByID(skus, l.SKU)
		if !ok || inError(a, l.SKU) {
			continue
		}
		if slices.ContainsFunc(sku.MailboxPlans, func(p string) bool { return !slices.Contains(l.DisabledPlans, p) }) {
			return true
		}
	}
	return false
}

// inError says whether every assignment of the SKU is in error, so that it gives nothing.
func inError(a Account, sku string) bool {
	bad := false
	for _, st := range a.LicenseStates {
		if st.SKU != sku {
			continue
		}
		if st.State == "Active" || st.State == "ActiveWithError" {
			return false
		}
		bad = true
	}
	return bad
}

// lostAt tells when the account lost its mailbox licence, as far as anybody kept it; zero when unknown.
func lostAt(a Account, m Mailbox, skus []SKU) time.Time {
	if !m.SoftDeletedAt.IsZero() {
		return m.SoftDeletedAt
	}
	var lost time.Time
	for _, st := range a.LicenseStates {
		sku, ok := skuByID(skus, st.SKU)
		if ok && len(sku.MailboxPlans) > 0 && (st.State == "Error" || st.State == "Disabled") && st.UpdatedAt.After(lost) {
			lost = st.UpdatedAt
		}
	}
	return lost
}

func skuByID(skus []SKU, id string) (SKU, bool) {
	i := slices.IndexFunc(skus, func(s SKU) bool { return s.ID == id })
	if i < 0 {
		return SKU{}, false
	}
	return skus[i], true
}

// stamp writes a time as a Note's argument.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
