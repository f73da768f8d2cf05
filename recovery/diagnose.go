package recovery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Retention is how long Microsoft keeps a deleted user, and the mailbox of a user without a licence (Microsoft: restore
// or permanently remove a deleted user; delete or restore user mailboxes).
const Retention = 30 * 24 * time.Hour

// nearPurge is when the purge is so close that people are warned.
const nearPurge = 3 * 24 * time.Hour

// reading is all that was read for one diagnosis.
type reading struct {
	Findings
	mailboxes []Mailbox
	exchange  bool // Exchange was asked
	asTaken   bool // the wished sign-in name belongs to a live user
}

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
	r, err := s.read(ctx, q, c.SignInName)
	if err != nil {
		return Diagnosis{}, err
	}
	return s.Settings.judge(r, ask, c, q), nil
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
	if err != nil || p.Email == "" || p.External || p.Bot {
		return Query{}, &Note{Code: NoteUnlinked}, nil
	}
	return Query{Kind: ByAddress, Value: p.Email}, nil, nil
}

// read asks Graph and Exchange side by side.
func (s *Service) read(ctx context.Context, q Query, as string) (reading, error) {
	var (
		r                   reading
		wg                  sync.WaitGroup
		graph, exchange, at error
	)
	wg.Go(func() { r.Findings, graph = s.Directory.Find(ctx, q) })
	if s.Mailboxes != nil && q.Kind != ByName {
		r.exchange = true
		wg.Go(func() { r.mailboxes, exchange = s.Mailboxes.Find(ctx, q) })
	}
	if as != "" {
		wg.Go(func() {
			var f Findings
			f, at = s.Directory.Find(ctx, Query{Kind: ByAddress, Value: as})
			r.asTaken = slices.ContainsFunc(f.Found, func(x Found) bool { return !x.Account.Deleted() })
		})
	}
	wg.Wait()
	if err := errors.Join(graph, exchange, at); err != nil {
		return reading{}, fmt.Errorf("read the tenant: %w", err)
	}
	return r, nil
}

// mailbox gives Exchange's view of an account's own mailbox.
func (r reading) mailbox(account string) (Mailbox, bool) {
	i := slices.IndexFunc(r.mailboxes, func(m Mailbox) bool { return m.ObjectID == account })
	if i < 0 {
		return Mailbox{}, false
	}
	return r.mailboxes[i], true
}

// judge decides which case a reading shows and what can be done.
func (s Settings) judge(r reading, ask Ask, c Choices, q Query) Diagnosis {
	d := Diagnosis{ReadAt: r.ReadAt}
	found := slices.DeleteFunc(slices.Clone(r.Found), func(f Found) bool {
		return f.Account.Deleted() && !r.ReadAt.Before(f.Account.DeletedAt.Add(Retention))
	})
	switch {
	case len(found) == 0:
		return s.nobody(d, r)
	case q.Kind == ByName || len(found) > 1 && !wantsTheDeleted(found, c):
		return ambiguous(d, r, found)
	}
	f := found[0]
	for _, o := range found[1:] { // of a live and a deleted one
		if f, o = deletedFirst(f, o); !o.Account.Deleted() {
			d.Evidence = append(d.Evidence, Note{NoteSameAddress, []string{o.Account.UserPrincipalName}})
		}
	}
	d.Account = f.Account
	if f.Account.Deleted() {
		return s.deleted(d, r, f, ask, c)
	}
	d = s.live(d, r, f, ask, c)
	if m, ok := r.severed(found); ok && d.Plan == nil && (d.Case == CaseHealthy || d.Obstacle.Code == NoteMailboxGone) {
		return d.leftBehind(m)
	}
	return d
}

func deletedFirst(a, b Found) (Found, Found) {
	if a.Account.Deleted() {
		return a, b
	}
	return b, a
}

// severed gives the soft-deleted or inactive mailbox that an earlier account with the same address left behind: a user who
// was created anew has another, empty one.
func (r reading) severed(found []Found) (Mailbox, bool) {
	for _, m := range r.mailboxes {
		own := slices.ContainsFunc(found, func(f Found) bool { return f.Account.ID == m.ObjectID })
		if !own && (m.Inactive || !m.SoftDeletedAt.IsZero()) {
			return m, true
		}
	}
	return Mailbox{}, false
}

// leftBehind is the diagnosis of a mailbox that outlived its user.
func (d Diagnosis) leftBehind(m Mailbox) Diagnosis {
	d = d.ends(CaseSoftDeleted, Note{Code: NoteNotThisWay})
	d.Type, d.TypeProven, d.Deadline = m.Type, true, time.Time{}
	switch {
	case m.Inactive:
		d.Case = CaseInactive
	case !m.SoftDeletedAt.IsZero():
		d.Deadline = m.SoftDeletedAt.Add(Retention)
	}
	return d
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

// nobody is the diagnosis where Entra has no account: gone, or a mailbox that outlived its user.
func (s Settings) nobody(d Diagnosis, r reading) Diagnosis {
	d.Case, d.Obstacle = CaseGone, &Note{Code: NoteGone}
	for _, f := range r.Found { // those left out above: past their thirty days
		d.Obstacle = &Note{NotePurged, []string{stamp(f.Account.DeletedAt.Add(Retention))}}
	}
	if i := slices.IndexFunc(r.mailboxes, func(m Mailbox) bool { return m.Inactive }); i >= 0 {
		return d.leftBehind(r.mailboxes[i])
	}
	if len(r.mailboxes) > 0 {
		return d.leftBehind(r.mailboxes[0])
	}
	if !r.exchange {
		d.Evidence = append(d.Evidence, Note{Code: NoteMaybeNotBack})
	}
	return d
}

// ambiguous is the diagnosis where somebody must choose the account.
func ambiguous(d Diagnosis, r reading, found []Found) Diagnosis {
	d.Case = CaseAmbiguous
	d.Obstacle = &Note{NoteAmbiguous, []string{strconv.Itoa(len(found))}}
	offer := Offer{Action: ChooseAccount, Required: true}
	for _, f := range found {
		m, _ := r.mailbox(f.Account.ID)
		d.Candidates = append(d.Candidates, Candidate{
			ID: f.Account.ID, Name: f.Account.DisplayName, Address: f.Account.UserPrincipalName,
			DeletedAt: f.Account.DeletedAt, Type: m.Type,
		})
		offer.Options = append(offer.Options, Option{Value: f.Account.ID, Label: f.Account.UserPrincipalName})
	}
	d.Offers = []Offer{offer}
	return d
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
		return d.ends(CaseHealthy, Note{NoteMissingRole, []string{"MailboxSettings.Read"}})
	case licensed:
		return d.ends(CaseHealthy, Note{NoteStillWaiting, []string{"0"}})
	}
	d.Case = CaseLicense
	d.Evidence = append(d.Evidence, Note{Code: NoteNoMailboxPlan})
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
	if lost := lostAt(a, m, r.SKUs); !lost.IsZero() {
		d.Evidence = append(d.Evidence, Note{NoteLicenseLost, []string{stamp(lost)}})
		d.Deadline = lost.Add(Retention)
		if !r.ReadAt.Before(d.Deadline) {
			return d.ends(CaseLicense, Note{NoteLostTooLong, []string{stamp(lost)}})
		}
	}
	return s.planLicense(d, r, ask, c)
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
