package recovery

import (
	"context"
	"errors"
	"slices"
	"time"
)

// sight is what was seen of a step's effect.
type sight struct {
	there   bool
	busy    bool        // it is under way: nothing is to be sent
	account string      // of a mailbox that has its user now
	copyID  string      // RequestGuid
	copy    *CopyStatus // of a copy
	facts   *Facts      // of what the step changes, as it is now; nil where it cannot be seen
}

// note takes over what was seen.
func (p *Progress) note(seen sight) {
	if seen.account != "" {
		p.Account = seen.account
	}
	if seen.copy != nil {
		p.CopyID, p.Copy = seen.copyID, seen.copy
	}
}

// again is the progress of a step that is tried once more, by an approver's word. A copy that failed is left alone: the next has
// another name. One that is suspended is to go on.
func (p Progress) again() Progress {
	next := Progress{Receipts: p.Receipts, Attempt: p.Attempt, CopyID: p.CopyID, Copy: p.Copy, Resume: p.Copy.suspended()}
	if !p.Acted.IsZero() { // what it was before is what it was before our first change
		next.Before = p.Before
	}
	if p.Items != nil {
		next.Attempt++
	}
	if p.Copy != nil && p.Copy.State == CopyFailed || p.Problem != nil && (p.Problem.Code == NoteCopyGone || p.Problem.Code == NoteCopyStopped) {
		next.Attempt, next.CopyID, next.Copy = p.Attempt+1, "", nil
	}
	return next
}

// account gives the object id of the account that the plan is about: the one it was made for, or the mailbox's new one.
func (r Request) account() string {
	id := r.Plan.AccountID
	for _, st := range r.Plan.Steps {
		if st.Progress.Account != "" {
			id = st.Progress.Account
		}
	}
	return id
}

// atHand is the index of the step that a request which is at work is at; -1 for none.
func (r Request) atHand() int {
	if r.State != Restoring || r.Plan == nil {
		return -1
	}
	return slices.IndexFunc(r.Plan.Steps, func(st Step) bool { return st.Progress.Done.IsZero() })
}

// ByHand says whether the request waits for an administrator to run a command.
func (r Request) ByHand() bool {
	i := r.atHand()
	return i >= 0 && r.Plan.Steps[i].Kind == StepHandOver
}

// restoring does the next step of the plan: it looks whether the step's effect is there, and if not, makes the change.
func (s *Service) restoring(ctx context.Context, r Request) (time.Duration, error) {
	if wait := r.Next.Sub(s.Now()); wait > 0 {
		return s.rest(ctx, r, wait)
	}
	i := r.atHand()
	if i < 0 {
		return s.prove(ctx, r)
	}
	step := r.Plan.Steps[i]
	if step.Progress.Began.IsZero() { // whatever this turn finds, the step has begun with it
		s.Logger.InfoContext(ctx, "step begun", "request", r.Ref(), "step", step.Kind)
	}
	switch step.Kind {
	case StepItems:
		return s.restoreItems(ctx, r, i)
	case StepBulk:
		return s.restoreBulk(ctx, r, i)
	}
	seen, err := s.look(ctx, r, step)
	if err != nil {
		return s.stepTrouble(ctx, r, i, err, mark{step.Progress.Acted, r.ChangedAt})
	}
	now := s.Now()
	if seen.there {
		return 0, s.commit(ctx, r, func(r *Request) Event {
			p := &r.Plan.Steps[i].Progress
			p.note(seen)
			p.Done, p.Found, p.Problem = now, (p.Acted.IsZero() || p.Found) && step.acts(), nil
			p.Failures = 0
			p.After = seen.facts
			if p.Began.IsZero() {
				p.Began = now
			}
			if step.Kind == StepHandOver && !r.Touched() { // by a person, for us
				r.ChangedAt = now
			}
			r.Tries, r.Next = 0, time.Time{}
			e := p.told(step.Kind, Receipt{})
			e.Result = StepDone
			if p.Found {
				e.Result = StepFound
			}
			return e
		})
	}
	if step.overdue(now) {
		err := &Error{Kind: NotFound, Op: "read back " + string(step.Kind), Detail: notInTime}
		return s.stepTrouble(ctx, r, i, err, mark{step.Progress.Acted, r.ChangedAt})
	}
	if !step.acts() || seen.busy || step.fresh(now) {
		return s.awaitStep(ctx, r, i, seen)
	}
	if why, err := s.grownOld(ctx, r); err != nil || why != nil {
		return s.notBegun(ctx, r, i, why, err)
	}
	return s.act(ctx, r, i, seen.facts)
}

// grownOld says why a restore whose first change is about to be sent no longer stands, where its checks are old; nil when it
// stands.
func (s *Service) grownOld(ctx context.Context, r Request) (*Note, error) {
	if r.Touched() || s.Now().Sub(r.EnteredAt) <= staleFooting {
		return nil, nil
	}
	return s.lapsed(ctx, r)
}

// staleFooting is how old the checks before a restore may be when its first change is sent. A crash or a throttled Microsoft can
// put hours between them.
const staleFooting = 15 * time.Second

// lapsed says why a restore that was begun, but of which nothing was sent yet, no longer stands; nil when it does.
func (s *Service) lapsed(ctx context.Context, r Request) (*Note, error) {
	f, err := s.stillRight(ctx, r)
	switch {
	case err != nil:
		return nil, err
	case len(f.lost) > 0 && f.short:
		return &Note{NoteApproverLost, []string{f.lost[0].By.UserID}}, nil
	case f.short:
		return &Note{Code: NoteShortOf}, nil
	case len(f.diff) > 0:
		return &f.diff[0], nil
	default:
		return nil, nil
	}
}

// notBegun ends a restore that no longer stands before its first change, or waits while that cannot be read.
func (s *Service) notBegun(ctx context.Context, r Request, i int, why *Note, err error) (time.Duration, error) {
	if err != nil {
		return s.stepTrouble(ctx, r, i, err, mark{})
	}
	return 0, s.commit(ctx, r, func(r *Request) Event {
		r.Obstacle = why
		return r.become(Failed, Event{Kind: EventEnded, Step: r.Plan.Steps[i].Kind, Note: why, Result: StepFailed})
	})
}

// notInTime is what an Error's Detail says of an effect that did not show in time.
const notInTime = "the effect"

// copies says whether the step is a mailbox restore request.
func (s Step) copies() bool { return s.Kind == StepCopy || s.Kind == StepCopyArchive }

// acts says whether the step changes something, rather than waiting for Microsoft or for a person.
func (s Step) acts() bool { return s.Kind != StepMailbox && s.Kind != StepHandOver }

// look reads whether a step's effect is there.
func (s *Service) look(ctx context.Context, r Request, step Step) (sight, error) {
	if err := s.needs(step); err != nil {
		return sight{}, err
	}
	switch step.Kind {
	case StepAddress:
		return s.lookAddress(ctx, r, step)
	case StepCopy, StepCopyArchive:
		return s.lookCopy(ctx, r, step)
	case StepReconnect, StepHandOver:
		return s.lookReconnected(ctx, r)
	case StepStopCopy:
		return s.lookStopped(ctx, step)
	}
	id := r.account()
	if id == "" {
		return sight{}, &Error{Kind: Internal, Op: "look at " + string(step.Kind), Detail: "no account is known"}
	}
	if step.Kind == StepMailbox {
		probe, err := s.Directory.Mailbox(ctx, id)
		if KindOf(err) == NotFound { // the part of Graph that was asked does not know the account yet
			return sight{}, nil
		}
		return sight{there: probe.State == MailboxAnswers}, err
	}
	a, _, err := s.Directory.Account(ctx, id)
	if KindOf(err) == NotFound {
		return sight{}, nil
	}
	if err != nil {
		return sight{}, err
	}
	return sight{there: a.shows(step), facts: a.facts()}, nil
}

// needs says that Exchange was switched off though the step works there. It is waited for: somebody may switch it on again.
func (s *Service) needs(step Step) error {
	switch step.Kind {
	case StepAddress, StepCopy, StepCopyArchive, StepReconnect, StepHandOver, StepStopCopy:
		if s.Mailboxes == nil || s.Copier == nil || s.Reconnector == nil {
			return &Error{Kind: Unavailable, Peer: PeerExchange, Op: "look at " + string(step.Kind), Detail: "Exchange is switched off"}
		}
	}
	return nil
}

// shows says whether the effect of a step on the account is there.
func (a Account) shows(step Step) bool {
	switch step.Kind {
	case StepRestoreUser:
		return !a.Deleted() && (step.SignInName == "" || SameAddress(a.UserPrincipalName, step.SignInName))
	case StepBlockSignIn:
		return a.Enabled != nil && !*a.Enabled
	case StepUsageLocation:
		return a.UsageLocation != ""
	case StepTakeLicense:
		held, ok := a.facts().license(step.SKU)
		return !ok || !held.Direct
	case StepTurnOff:
		held, ok := a.facts().license(step.SKU)
		return ok && slices.Equal(held.DisabledPlans, step.DisabledPlans)
	case StepReprocess: // which plans are off in it is the group's affair
		return a.hasLicense(step.SKU, a.disabledPlans(step.SKU))
	default:
		return a.hasLicense(step.SKU, step.DisabledPlans)
	}
}

// hasLicense says whether the account has the SKU, without error, with no more plans off than named.
func (a Account) hasLicense(sku string, off []string) bool {
	for _, l := range a.Licenses {
		if l.SKU == sku && !inError(a, sku) {
			return !slices.ContainsFunc(l.DisabledPlans, func(p string) bool { return !slices.Contains(off, p) })
		}
	}
	return false
}

// act sends the step's change. What it did is read back in a later turn.
func (s *Service) act(ctx context.Context, r Request, i int, seen *Facts) (time.Duration, error) {
	before := mark{r.Plan.Steps[i].Progress.Acted, r.ChangedAt}
	r, err := s.intend(ctx, r, i, r.before(r.Plan.Steps[i], seen))
	if err != nil {
		return 0, err
	}
	receipt, err := s.send(ctx, r, r.Plan.Steps[i])
	if err != nil && !uncertain(r.Plan.Steps[i], err) {
		if KindOf(err) == Internal { // who knows
			before = mark{r.Plan.Steps[i].Progress.Acted, r.ChangedAt}
		}
		return s.stepTrouble(ctx, r, i, err, before)
	}
	resumed := r.Plan.Steps[i].Progress.Resume
	byAnother := KindOf(err) == NotFound && before.acted.IsZero() && !resumed // there is nothing to do any more, and it was not us
	if err != nil {
		s.Logger.WarnContext(ctx, "change sent, answer lost: looking", "request", r.Ref(), "step", r.Plan.Steps[i].Kind, "error", err)
	}
	return 0, s.commit(ctx, r, func(r *Request) Event {
		p := &r.Plan.Steps[i].Progress
		p.Acted, p.Answered, p.Problem, p.Failures, p.Found = s.Now(), err == nil, nil, 0, byAnother
		p.Resume = resumed && KindOf(err) == Unavailable // one word is for one time
		if byAnother {
			r.ChangedAt = before.changed
		}
		if err != nil {
			p.Problem = unanswered(err)
		}
		if receipt != (Receipt{}) {
			p.Receipts = append(p.Receipts, receipt)
		}
		r.Tries = 0
		e := p.told(r.Plan.Steps[i].Kind, receipt)
		e.Result = StepSent
		if resumed {
			e.Before = &Facts{Copy: p.Copy}
		}
		return e
	})
}

// unanswered is the note that the answer to a change was lost.
func unanswered(err error) *Note {
	e, _ := errors.AsType[*Error](err)
	note := e.note(NoteUnreadable, string(KindOf(err)))
	return &note
}

// told is the event of a step that moved on, with what it was before, where it was us who changed it.
func (p Progress) told(kind StepKind, receipt Receipt) Event {
	e := Event{Kind: EventStep, Step: kind, Receipt: receipt}
	if !p.Found {
		e.Before = p.Before
	}
	return e
}

// mark is what a request knew about its changes before one was sent: when the step's was sent last, and when the first was.
type mark struct{ acted, changed time.Time }

// unsend goes back to what was known of a step's change where it was not made after all.
func (r *Request) unsend(p *Progress, known mark) {
	p.Acted, r.ChangedAt = known.acted, known.changed
	if p.Acted.IsZero() {
		p.Before = nil
	}
}

// intend notes, before a change is sent, that it is: whoever comes after a crash must know that the change may be ours. It
// makes sure of the lease as well, and renews it. What is to be changed is kept as it was before the first try.
func (s *Service) intend(ctx context.Context, was Request, i int, before *Facts) (Request, error) {
	return s.Store.Update(ctx, was.ID, func(r *Request) (Event, error) {
		if !r.Lease.same(was.Lease) {
			return Event{}, errLost
		}
		now := s.Now()
		r.Lease = s.newLease(now)
		p := &r.Plan.Steps[i].Progress
		if p.Acted.IsZero() { // however long it took to get here: the change has its time from now
			p.Began = now
		}
		if p.Before == nil {
			p.Before = before
		}
		p.Acted, p.Answered = now, false
		if r.ChangedAt.IsZero() {
			r.ChangedAt = now
		}
		return Event{}, nil
	})
}

// uncertain says whether a change may have happened though its call failed: the answer was lost, or it is gone from where
// it was because it was done before.
func uncertain(step Step, err error) bool {
	kind := KindOf(err)
	if step.Progress.Resume && (kind == NotFound || kind == Invalid || kind == Conflict) {
		return true // somebody has resumed or removed it, or it has ended: the look finds out
	}
	switch kind {
	case Unavailable:
		return true
	case NotFound:
		return step.Kind == StepRestoreUser || step.Kind == StepReconnect || step.Kind == StepStopCopy || step.Kind == StepTakeLicense
	case Conflict: // a copy with our name is there: the look finds it
		return step.copies()
	default:
		return false
	}
}

// send makes the change of a step.
func (s *Service) send(ctx context.Context, r Request, step Step) (Receipt, error) {
	switch step.Kind {
	case StepAddress:
		return s.Reconnector.AddAddress(ctx, r.Plan.Target.ExchangeGUID, step.Address)
	case StepCopy, StepCopyArchive:
		if step.Progress.Resume {
			return s.Copier.ResumeCopy(ctx, step.Progress.CopyID)
		}
		return s.Copier.StartCopy(ctx, r.copyOrder(step))
	case StepReconnect:
		return s.Reconnector.UndoSoftDelete(ctx, r.Plan.Source.ExchangeGUID)
	case StepStopCopy:
		return s.Copier.RemoveCopy(ctx, step.CopyID)
	}
	id := r.account()
	switch step.Kind {
	case StepRestoreUser:
		return s.Restorer.RestoreUser(ctx, id, RestoreAs{UserPrincipalName: step.SignInName, DropConflicts: step.DropConflicts})
	case StepBlockSignIn:
		return s.Restorer.BlockSignIn(ctx, id)
	case StepUsageLocation:
		return s.Restorer.SetUsageLocation(ctx, id, step.Country)
	case StepTakeLicense:
		return s.Restorer.RemoveLicense(ctx, id, step.SKU)
	case StepAssign, StepTurnOff:
		return s.Restorer.AssignLicense(ctx, id, AssignedLicense{SKU: step.SKU, DisabledPlans: step.DisabledPlans})
	case StepReprocess:
		return s.Restorer.ReprocessLicenses(ctx, id)
	default:
		return Receipt{}, &Error{Kind: Internal, Op: "send " + string(step.Kind), Detail: "no such step"}
	}
}

// awaitStep waits for a step's effect to show.
func (s *Service) awaitStep(ctx context.Context, r Request, i int, seen sight) (time.Duration, error) {
	now, wait := s.Now(), backoff(r.Tries, r.Plan.Steps[i].Kind.patience())
	return wait, s.commit(ctx, r, func(r *Request) Event {
		p := &r.Plan.Steps[i].Progress
		if p.Began.IsZero() {
			p.Began = now
		}
		p.Failures = 0
		r.Tries++
		r.Next = now.Add(wait)
		return p.awaits(r.Plan.Steps[i].Kind, seen, now)
	})
}

// awaits takes over what was seen of a step whose effect does not show yet, and says what people are told of it.
func (p *Progress) awaits(kind StepKind, seen sight, now time.Time) Event {
	before, passed := p.Copy, p.Problem != nil && p.Problem.passing() // it could be read again
	p.note(seen)
	if passed {
		p.Problem = nil
	}
	var e Event
	switch {
	case seen.copy != nil:
		e = p.copyNews(kind, before, now)
	case kind == StepHandOver:
		e = p.handedOver()
	default:
		e = p.stillWaiting(kind, now)
	}
	if e.Kind == "" && passed {
		return Event{Kind: EventProgress, Step: kind}
	}
	return e
}

// stillWaiting tells of a wait that is longer than people expect: since when, which stays true, and not how long.
func (p *Progress) stillWaiting(kind StepKind, now time.Time) Event {
	minutes := longWait(now.Sub(p.Began))
	if minutes <= p.Told {
		return Event{}
	}
	p.Told, p.Problem = minutes, &Note{NoteStillWaiting, []string{stamp(p.Began), itoa(minutes)}}
	return Event{Kind: EventWaiting, Step: kind, Note: p.Problem}
}

// stepTrouble deals with an error of a step: what may pass is waited for, all else ends the request with what was and was
// not done. sent is what may have been changed.
func (s *Service) stepTrouble(ctx context.Context, r Request, i int, err error, sent mark) (time.Duration, error) {
	step, now := r.Plan.Steps[i], s.Now()
	note, wait := s.excuse(r, err)
	s.Logger.WarnContext(ctx, "step failed", "request", r.Ref(), "step", step.Kind, "failures", step.Progress.Failures, "error", err)
	if passes(err) && (KindOf(err) == Throttled || step.Progress.Failures < maxTries || !step.overdue(now)) {
		tell := note.worthTelling(step.Progress.Problem, wait)
		return wait, s.commit(ctx, r, func(r *Request) Event {
			p := &r.Plan.Steps[i].Progress
			if p.Began.IsZero() {
				p.Began = now
			}
			p.Problem = &note
			r.unsend(p, sent)
			p.Failures++
			r.Tries++
			r.Next = now.Add(wait)
			if !tell {
				return Event{}
			}
			return Event{Kind: EventWaiting, Step: step.Kind, Note: &note}
		})
	}
	problem := s.stopped(ctx, r, stepProblem(*r.Plan, step, err))
	return 0, s.commit(ctx, r, func(r *Request) Event {
		p := &r.Plan.Steps[i].Progress
		p.Problem = &problem
		r.unsend(p, sent)
		if f, ok := errors.AsType[*copyFailure](err); ok {
			p.note(sight{copyID: f.id, copy: &f.status})
		}
		r.Obstacle = &problem
		next := Failed
		if r.Touched() {
			next = Partial
		}
		e := Event{Kind: EventEnded, Step: step.Kind, Note: &problem, Result: StepFailed}
		if x, ok := errors.AsType[*Error](err); ok {
			e.Receipt = x.Receipt
		}
		return r.become(next, e)
	})
}
