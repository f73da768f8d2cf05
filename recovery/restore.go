package recovery

import (
	"context"
	"errors"
	"slices"
	"time"
)

// ceiling is how long the effect of a step may take to show after the change was sent. Entra is eventually consistent
// (minutes); a mailbox takes up to a day to be provisioned (Microsoft: delays in provisioning of a mailbox).
func (k StepKind) ceiling() time.Duration {
	switch k {
	case StepMailbox:
		return 24 * time.Hour
	case StepAssign, StepReprocess:
		return time.Hour
	default:
		return 15 * time.Minute
	}
}

// How long a change that was sent is given to show before it is sent once more: the longer where it was answered with
// success, the shorter where the answer was lost or the process died. Each may be repeated: a second restore finds nothing to
// restore, and the others set what is set.
const (
	repeatAfter     = time.Minute
	repeatUncertain = 15 * time.Second
)

// fresh says whether the step's change was sent so short a time ago that its effect may just not show yet.
func (p Progress) fresh(now time.Time) bool {
	wait := repeatUncertain
	if p.Answered {
		wait = repeatAfter
	}
	return !p.Acted.IsZero() && now.Sub(p.Acted) < wait
}

// restoring does the next step of the plan: it looks whether the step's effect is there, and if not, makes the change.
func (s *Service) restoring(ctx context.Context, r Request) (time.Duration, error) {
	if wait := r.Next.Sub(s.Now()); wait > 0 {
		return s.rest(ctx, r, wait)
	}
	i := slices.IndexFunc(r.Plan.Steps, func(st Step) bool { return st.Progress.Done.IsZero() })
	if i < 0 {
		return s.prove(ctx, r)
	}
	step := r.Plan.Steps[i]
	there, err := s.look(ctx, r, step)
	if err != nil {
		return s.stepTrouble(ctx, r, i, err, mark{step.Progress.Acted, r.ChangedAt})
	}
	now := s.Now()
	if there {
		return 0, s.commit(ctx, r, func(r *Request) Event {
			p := &r.Plan.Steps[i].Progress
			p.Done, p.Found, p.Problem = now, (p.Acted.IsZero() || p.Found) && step.Kind != StepMailbox, nil
			p.Failures = 0
			if p.Began.IsZero() {
				p.Began = now
			}
			r.Tries, r.Next = 0, time.Time{}
			return Event{Kind: EventStep, Step: step.Kind}
		})
	}
	if step.overdue(now) {
		err := &Error{Kind: NotFound, Op: "read back " + string(step.Kind), Detail: "the effect"}
		return s.stepTrouble(ctx, r, i, err, mark{step.Progress.Acted, r.ChangedAt})
	}
	if step.Kind == StepMailbox || step.Progress.fresh(now) {
		return s.awaitStep(ctx, r, i)
	}
	if !r.Touched() && now.Sub(r.EnteredAt) > staleFooting {
		if why, err := s.lapsed(ctx, r); err != nil || why != nil {
			return s.notBegun(ctx, r, i, why, err)
		}
	}
	return s.act(ctx, r, i)
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
		return &Note{NotePlanDiffers, []string{"approvals"}}, nil
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
		return r.become(Failed, Event{Kind: EventEnded, Step: r.Plan.Steps[i].Kind, Note: why})
	})
}

// overdue says whether the step has waited longer than its effect can take.
func (s Step) overdue(now time.Time) bool {
	ceiling := s.Kind.ceiling()
	if s.Progress.Acted.IsZero() { // nothing was sent yet, so that there is no effect to miss: Microsoft cannot be read
		ceiling = 24 * time.Hour
	}
	return !s.Progress.Began.IsZero() && now.Sub(s.Progress.Began) > ceiling
}

// look reads whether a step's effect is there.
func (s *Service) look(ctx context.Context, r Request, step Step) (bool, error) {
	id := r.Plan.AccountID
	if step.Kind == StepMailbox {
		probe, err := s.Directory.Mailbox(ctx, id)
		if KindOf(err) == NotFound { // the part of Graph that was asked does not know the account yet
			return false, nil
		}
		return probe.State == MailboxAnswers, err
	}
	a, _, err := s.Directory.Account(ctx, id)
	if KindOf(err) == NotFound {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return a.shows(step), nil
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
func (s *Service) act(ctx context.Context, r Request, i int) (time.Duration, error) {
	before := mark{r.Plan.Steps[i].Progress.Acted, r.ChangedAt}
	r, err := s.intend(ctx, r, i)
	if err != nil {
		return 0, err
	}
	receipt, err := s.send(ctx, r.Plan.AccountID, r.Plan.Steps[i])
	if err != nil && !uncertain(err) {
		if KindOf(err) == Internal { // who knows
			before = mark{r.Plan.Steps[i].Progress.Acted, r.ChangedAt}
		}
		return s.stepTrouble(ctx, r, i, err, before)
	}
	byAnother := KindOf(err) == NotFound && before.acted.IsZero() // there is nothing to do any more, and it was not us
	if err != nil {
		s.Logger.WarnContext(ctx, "change sent, answer lost: looking", "request", r.Ref(), "step", r.Plan.Steps[i].Kind, "error", err)
	}
	return 0, s.commit(ctx, r, func(r *Request) Event {
		p := &r.Plan.Steps[i].Progress
		p.Acted, p.Answered, p.Problem, p.Failures, p.Found = s.Now(), err == nil, nil, 0, byAnother
		if byAnother {
			r.ChangedAt = before.changed
		}
		if err != nil {
			p.Problem = &Note{NoteUnreadable, []string{string(KindOf(err))}}
		}
		if receipt != (Receipt{}) {
			p.Receipts = append(p.Receipts, receipt)
		}
		r.Tries = 0
		return Event{Kind: EventStep, Step: r.Plan.Steps[i].Kind, Receipt: receipt}
	})
}

// mark is what a request knew about its changes before one was sent: when the step's was sent last, and when the first was.
type mark struct{ acted, changed time.Time }

// intend notes, before a change is sent, that it is: whoever comes after a crash must know that the change may be ours. It
// makes sure of the lease as well, and renews it.
func (s *Service) intend(ctx context.Context, was Request, i int) (Request, error) {
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
		p.Acted, p.Answered = now, false
		if r.ChangedAt.IsZero() {
			r.ChangedAt = now
		}
		return Event{}, nil
	})
}

// uncertain says whether a change may have happened though its call failed: the answer was lost, or it is gone from where
// it was because it was done before.
func uncertain(err error) bool {
	k := KindOf(err)
	return k == Unavailable || k == NotFound
}

// send makes the change of a step.
func (s *Service) send(ctx context.Context, id string, step Step) (Receipt, error) {
	switch step.Kind {
	case StepRestoreUser:
		return s.Restorer.RestoreUser(ctx, id, RestoreAs{UserPrincipalName: step.SignInName, DropConflicts: step.DropConflicts})
	case StepBlockSignIn:
		return s.Restorer.BlockSignIn(ctx, id)
	case StepUsageLocation:
		return s.Restorer.SetUsageLocation(ctx, id, step.Country)
	case StepAssign:
		return s.Restorer.AssignLicense(ctx, id, AssignedLicense{SKU: step.SKU, DisabledPlans: step.DisabledPlans})
	case StepReprocess:
		return s.Restorer.ReprocessLicenses(ctx, id)
	default:
		return Receipt{}, &Error{Kind: Internal, Op: "send " + string(step.Kind), Detail: "no such step"}
	}
}

// longWait gives after how many minutes of waiting people are to be told, of those that have passed the last one; 0 for
// none.
func longWait(waited time.Duration) int {
	last := 0
	for _, m := range []int{1, 30, 120, 720} {
		if waited >= time.Duration(m)*time.Minute {
			last = m
		}
	}
	return last
}

// awaitStep waits for a step's effect to show.
func (s *Service) awaitStep(ctx context.Context, r Request, i int) (time.Duration, error) {
	now, wait := s.Now(), backoff(r.Tries, 5*time.Minute)
	return wait, s.commit(ctx, r, func(r *Request) Event {
		p := &r.Plan.Steps[i].Progress
		if p.Began.IsZero() {
			p.Began = now
		}
		p.Failures = 0
		r.Tries++
		r.Next = now.Add(wait)
		minutes := longWait(now.Sub(p.Began))
		if minutes <= p.Told {
			return Event{}
		}
		p.Told, p.Problem = minutes, &Note{NoteStillWaiting, []string{itoa(minutes)}}
		return Event{Kind: EventWaiting, Step: r.Plan.Steps[i].Kind, Note: p.Problem}
	})
}

// maxTries is how many errors in a row that may pass a step meets before it is given up; not before its ceiling, though.
const maxTries = 12

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
			p.Problem, p.Acted, r.ChangedAt = &note, sent.acted, sent.changed
			p.Failures++
			r.Tries++
			r.Next = now.Add(wait)
			if !tell {
				return Event{}
			}
			return Event{Kind: EventWaiting, Step: step.Kind, Note: &note}
		})
	}
	problem := stepProblem(*r.Plan, step, err)
	return 0, s.commit(ctx, r, func(r *Request) Event {
		r.Plan.Steps[i].Progress.Problem, r.Plan.Steps[i].Progress.Acted, r.ChangedAt = &problem, sent.acted, sent.changed
		r.Obstacle = &problem
		next := Failed
		if r.Touched() {
			next = Partial
		}
		e := Event{Kind: EventEnded, Step: step.Kind, Note: &problem}
		if x, ok := errors.AsType[*Error](err); ok {
			e.Receipt = x.Receipt
		}
		return r.become(next, e)
	})
}

// passes says whether an error may go by itself.
func passes(err error) bool {
	switch KindOf(err) {
	case Throttled, Unavailable, Incomplete, Internal:
		return true
	default:
		return false
	}
}

// stepProblem words why a step was given up.
func stepProblem(p Plan, step Step, err error) Note {
	e, ok := errors.AsType[*Error](err)
	switch KindOf(err) {
	case Forbidden:
		if step.Kind == StepRestoreUser && !step.Progress.Acted.IsZero() { // the plan made sure of the permission
			return Note{Code: NotePrivileged}
		}
		return Note{NoteMissingRole, []string{e.Detail}}
	case Conflict:
		if e.Detail == "userPrincipalName" {
			return Note{NoteSignInTaken, []string{p.SignInName}}
		}
		return Note{NoteAddressTaken, []string{e.Detail}}
	case NoSeat:
		return Note{NoteNoSeat, []string{step.PartNumber}}
	case NotFound:
		return Note{NoteStepMissing, []string{string(step.Kind)}}
	default:
		kind := Internal
		if ok {
			kind = e.Kind
		}
		return Note{NoteFailedStep, []string{string(step.Kind), string(kind)}}
	}
}
