package recovery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

func itoa(n int) string { return strconv.Itoa(n) }

// prove reads everything back after the last step and ends the request by what was read.
func (s *Service) prove(ctx context.Context, r Request) (time.Duration, error) {
	switch {
	case r.UndoOf != 0:
		return s.proveUndo(ctx, r)
	case r.Plan.Items != nil:
		return s.proveItems(ctx, r)
	case r.Plan.Target != nil:
		return s.proveCopy(ctx, r)
	}
	reading, err := s.read(ctx, wanted{query: Query{Kind: ByObjectID, Value: r.account()}})
	if err == nil && len(reading.Found) != 1 {
		err = &Error{Kind: Unavailable, Op: "read back", Detail: "the account", Err: errors.New("not there, or not there alone")}
	}
	if err != nil {
		return s.unproven(ctx, r, err)
	}
	proof := r.proof(reading)
	if m, known := reading.mailbox(r.account()); known && m.Live() {
		s.grants(ctx, &proof, m)
	}
	return s.conclude(ctx, r, proof)
}

// conclude ends the request by what was read back, once that is not just late.
func (s *Service) conclude(ctx context.Context, r Request, proof Proof) (time.Duration, error) {
	if s.Now().Sub(r.lastDone()) < proof.lag() {
		wait := backoff(r.Tries, time.Minute)
		return wait, s.commit(ctx, r, func(r *Request) Event { r.Tries++; r.Next = s.Now().Add(wait); return Event{} })
	}
	s.Logger.InfoContext(ctx, "proof read", "request", r.Ref(), "missing", len(proof.Missing), "request_id", proof.Receipt.RequestID)
	return 0, s.commit(ctx, r, func(r *Request) Event { return r.proven(proof) })
}

// proofTime is how long the proof may be unreadable before the request ends without it.
const proofTime = 2 * time.Hour

// unproven deals with a proof that cannot be read: what may pass is waited for, and then the request ends as one of which nobody
// knows.
func (s *Service) unproven(ctx context.Context, r Request, err error) (time.Duration, error) {
	s.Logger.WarnContext(ctx, "proof not read", "request", r.Ref(), "tries", r.Tries, "error", err)
	note, wait := s.excuse(r, err)
	if passes(err) && s.Now().Sub(r.lastDone()) < proofTime {
		return wait, s.commit(ctx, r, func(r *Request) Event { r.Tries++; r.Next = s.Now().Add(wait); return Event{} })
	}
	if note.Code != NoteMissingRole && note.Code != NoteMissingCmdlet && note.Code != NoteSignInFailed {
		note = Note{NoteNotProven, []string{string(KindOf(err))}}
	}
	return 0, s.commit(ctx, r, func(r *Request) Event {
		r.Obstacle = &note
		return r.become(Partial, Event{Kind: EventEnded, Note: &note})
	})
}

// lastDone tells when the last step was read back.
func (r Request) lastDone() time.Time {
	last := r.EnteredAt
	for _, st := range r.Plan.Steps {
		if st.Progress.Done.After(last) {
			last = st.Progress.Done
		}
	}
	return last
}

// How long a proof that misses something is read again. Each step was read back before, so a directory that is behind is the likelier
// reason. A mailbox that was just connected again may take as long as most take to be provisioned until it counts what is in it
// (Microsoft: delays in provisioning of a mailbox; usually less than half an hour).
const (
	proofLag    = 5 * time.Minute
	contentsLag = 30 * time.Minute
)

// lag is for how long after the last step what the proof misses, or could not compare, may still be there by the next look.
func (p Proof) lag() time.Duration {
	has := func(code NoteCode) func(Note) bool { return func(n Note) bool { return n.Code == code } }
	switch {
	case slices.ContainsFunc(p.Missing, has(NoteFewerItems)):
		return contentsLag
	case slices.ContainsFunc(p.Missing, has(NoteStepMissing)), slices.ContainsFunc(p.Missing, has(NoteNotListed)), slices.ContainsFunc(p.Missing, has(NoteStillDeleted)):
		return proofLag
	case slices.ContainsFunc(p.Notes, func(n Note) bool { return n.Code == NoteAfterUnknown && n.Args[0] != string(Forbidden) }):
		return proofLag
	default:
		return 0
	}
}

// proof compares what was read back with what the plan promised.
func (r Request) proof(reading reading) Proof {
	f := reading.Found[0]
	p := Proof{
		ReadAt: reading.ReadAt, SignInName: f.Account.UserPrincipalName, SignInEnabled: f.Account.Enabled,
		Mailbox: f.Probe, After: f.Account.facts(), Receipt: reading.Receipt,
	}
	for _, st := range r.Plan.Steps {
		if st.Kind == StepMailbox {
			p.AnsweredAt = st.Progress.Done
		}
		if !st.Progress.Skipped && !f.shows(st) {
			p.Missing = append(p.Missing, Note{NoteStepMissing, []string{string(st.Kind)}})
		}
	}
	if r.Plan.Seats != nil && f.Account.hasLicense(r.Plan.Seats.SKU, f.Account.disabledPlans(r.Plan.Seats.SKU)) {
		p.License = r.Plan.Seats.PartNumber
		if sku, ok := skuByID(reading.SKUs, r.Plan.Seats.SKU); ok {
			left := sku.Free()
			p.SeatsLeft = &left
		}
	}
	if r.Diagnosis != nil {
		p.Dropped = dropped(r.Diagnosis.Account, f.Account)
	}
	if extra := r.unplannedRoles(f.Access); len(extra) > 0 {
		p.Missing = append(p.Missing, Note{NoteRolesCameBack, extra})
	}
	p.contents(r, reading)
	return p
}

// unplannedRoles gives the admin roles that a restored account turned out to hold though the plan did not name them: Graph
// documents nowhere that it lists the roles of a deleted user, so an empty list may have been wrong.
func (r Request) unplannedRoles(now Access) []string {
	if !slices.ContainsFunc(r.Plan.Steps, func(s Step) bool { return s.Kind == StepRestoreUser }) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(now.Roles), func(role string) bool { return slices.Contains(r.Plan.Access.Roles, role) })
}

// contents says whether the mailbox is the old one, and compares what is in it with what was.
func (p *Proof) contents(r Request, reading reading) {
	if !reading.exchange {
		p.Notes = append(p.Notes, Note{Code: NoteMaybeNotBack})
		return
	}
	m, known := reading.mailbox(r.account())
	if c, ok := reading.contents[m.ExchangeGUID]; known && ok {
		p.Contents = &c
	}
	if why := r.another(m, known); why != nil {
		p.Missing = append(p.Missing, *why)
		return
	}
	p.MailboxCreated = m.CreatedAt
	if m.CreatedAt.IsZero() && r.oldMailbox() == "" {
		p.Notes = append(p.Notes, Note{Code: NoteAgeUnknown})
	}
	p.compare(r.Diagnosis, reading.unread)
}

// another says why what was read back is not the old mailbox, in use: one that was created by the restore is a new, empty one.
func (r Request) another(m Mailbox, known bool) *Note {
	old := r.oldMailbox()
	switch {
	case !known:
		return &Note{Code: NoteNotListed}
	case !m.Live():
		return &Note{Code: NoteStillDeleted}
	case r.Plan.Source != nil && m.ExchangeGUID == old: // the very mailbox, with its new user
		return nil
	case old != "" && m.ExchangeGUID != old, m.CreatedAt.After(r.looked()):
		return &Note{NoteEmptyMailbox, []string{stamp(m.CreatedAt)}}
	default:
		return nil
	}
}

// looked tells when the mailbox was first asked about; by Microsoft's clock, where ours is ahead.
func (r Request) looked() time.Time {
	if r.Diagnosis != nil && r.Diagnosis.ReadAt.Before(r.CreatedAt) {
		return r.Diagnosis.ReadAt
	}
	return r.CreatedAt
}

// compare holds what is in the mailbox against what the diagnosis counted. Nothing where there was something is a loss, and so is less
// than half of it in a mailbox that was not in use meanwhile: nobody can have tidied that up, and retention policies delete by age,
// some days' worth at a time. In one that was in use people may have deleted as much as they liked. Counts that rise slowly are waited
// for before this is believed: see lag.
func (p *Proof) compare(d *Diagnosis, unread error) {
	switch {
	case d == nil || d.Contents == nil:
		p.Notes = append(p.Notes, Note{Code: NoteBeforeUnknown})
	case p.Contents == nil:
		p.Notes = append(p.Notes, Note{NoteAfterUnknown, []string{string(KindOf(unread))}})
	default:
		before, after := d.Contents.Items, p.Contents.Items
		used := d.Mailbox == nil || d.Mailbox.Live()
		if before > 0 && after == 0 || !used && 2*after < before {
			p.Missing = append(p.Missing, Note{NoteFewerItems, []string{itoa(before), itoa(after)}})
		}
	}
}

// oldMailbox gives the ExchangeGuid of the mailbox that is to come back; empty where Exchange did not tell.
func (r Request) oldMailbox() string {
	switch {
	case r.Plan.Source != nil:
		return r.Plan.Source.ExchangeGUID
	case r.Diagnosis != nil && r.Diagnosis.Mailbox != nil:
		return r.Diagnosis.Mailbox.ExchangeGUID
	default:
		return ""
	}
}

// grants reads who else may open a mailbox in use, for the approvers to look at; they are told where it cannot be read.
func (s *Service) grants(ctx context.Context, p *Proof, m Mailbox) {
	list, err := s.Mailboxes.Grants(ctx, m.ExchangeGUID)
	if s.unknown(ctx, "list who has access", err) {
		p.Notes = append(p.Notes, Note{NoteGrantsUnread, []string{string(KindOf(err))}})
		return
	}
	p.Grants, p.GrantsKnown = list, true
}

// shows says whether a step's effect was read back.
func (f Found) shows(st Step) bool {
	switch st.Kind {
	case StepMailbox:
		return f.Probe.State == MailboxAnswers
	case StepReconnect, StepHandOver: // its account is there: it was read by its id
		return !f.Account.Deleted()
	default:
		return f.Account.shows(st)
	}
}

// disabledPlans gives the plans that are off in a SKU of the account.
func (a Account) disabledPlans(sku string) []string {
	i := slices.IndexFunc(a.Licenses, func(l AssignedLicense) bool { return l.SKU == sku })
	if i < 0 {
		return nil
	}
	return a.Licenses[i].DisabledPlans
}

// dropped gives the SMTP addresses that an account had and has no more.
func dropped(before, after Account) []string {
	var list []string
	now := Account{ProxyAddresses: after.ProxyAddresses} // mail and sign-in name deliver nothing
	for _, p := range before.ProxyAddresses {
		if len(p) > 5 && strings.EqualFold(p[:5], "smtp:") && !now.Has(p[5:]) {
			list = append(list, strings.ToLower(p[5:]))
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// String shows a note in logs.
func (n Note) String() string {
	if len(n.Args) == 0 {
		return string(n.Code)
	}
	return fmt.Sprintf("%s(%s)", n.Code, strings.Join(n.Args, ", "))
}
