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

// repeatAfter is how long a change that was sent is given to show before it is sent once more.
const repeatAfter = time.Minute

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
		return s.stepTrouble(ctx, r, i, err)
	}
	now := s.Now()
	if there {
		return 0, s.commit(ctx, r, func(r *Request) Event {
			p := &r.Plan.Steps[i].Progress
			p.Done, p.Found, p.Problem = now, p.Acted.IsZero() && step.Kind != StepMailbox, nil
			if p.Began.IsZero() {
				p.Began = now
			}
			r.Tries, r.Next = 0, time.Time{}
			return Event{Kind: EventStep, Step: step.Kind}
		})
	}
	if step.overdue(now) {
		return s.stepTrouble(ctx, r, i, &Error{Kind: NotFound, Op: "read back " + string(step.Kind), Detail: "the effect"})
	}
	if step.Kind == StepMailbox || !step.Progress.Acted.IsZero() && now.Sub(step.Progress.Acted) < repeatAfter {
		return s.awaitStep(ctx, r, i)
	}
	return s.act(ctx, r, i)
}

// overdue says whether the step has waited longer than its effect can take.
func (s Step) overdue(now time.Time) bool {
	return !s.Progress.Began.IsZero() && now.Sub(s.Progress.Began) > s.Kind.ceiling()
}

// look reads whether a step's effect is there.
func (s *Service) look(ctx context.Context, r Request, step Step) (bool, error) {
	id := r.Plan.AccountID
	if step.Kind == StepMailbox {
		probe, err := s.Directory.Mailbox(ctx, id)
		return probe.State == MailboxAnswers, err
	}
	a, _, err := s.Directory.Account(ctx, id)
	if KindOf(err) == NotFound {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	switch step.Kind {
	case StepRestoreUser:
		return !a.Deleted() && (step.SignInName == "" || SameAddress(a.UserPrincipalName, step.SignInName)), nil
	case StepBlockSignIn:
		return a.Enabled != nil && !*a.Enabled, nil
	case StepUsageLocation:
		return a.UsageLocation != "", nil
	default:
		return a.hasLicense(step.SKU, step.DisabledPlans), nil
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
	began := s.Now()
	receipt, err := s.send(ctx, r.Plan.AccountID, r.Plan.Steps[i])
	if err != nil && !uncertain(err) {
		return s.stepTrouble(ctx, r, i, err)
	}
	if err != nil {
		s.Logger.WarnContext(ctx, "change sent, answer lost: looking", "request", r.Ref(), "step", r.Plan.Steps[i].Kind, "error", err)
	}
	return 0, s.commit(ctx, r, func(r *Request) Event {
		p := &r.Plan.Steps[i].Progress
		if p.Began.IsZero() {
			p.Began = began
		}
		p.Acted, p.Problem = s.Now(), nil
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

// longWait is after how many minutes of waiting people are told, each once.
func longWait(before, now time.Duration) (int, bool) {
	for _, m := range []int{1, 30, 120, 720} {
		mark := time.Duration(m) * time.Minute
		if before < mark && now >= mark {
			return m, true
		}
	}
	return 0, false
}

// awaitStep waits for a step's effect to show.
func (s *Service) awaitStep(ctx context.Context, r Request, i int) (time.Duration, error) {
	now, p := s.Now(), r.Plan.Steps[i].Progress
	wait := backoff(r.Tries, 5*time.Minute)
	before := max(r.Next.Sub(p.Began), 0)
	minutes, long := longWait(before, now.Sub(p.Began))
	return wait, s.commit(ctx, r, func(r *Request) Event {
		p := &r.Plan.Steps[i].Progress
		first := p.Began.IsZero()
		if first {
			p.Began = now
		}
		r.Tries++
		r.Next = now.Add(wait)
		if first || !long {
			return Event{}
		}
		note := &Note{NoteStillWaiting, []string{itoa(minutes)}}
		p.Problem = note
		return Event{Kind: EventWaiting, Step: r.Plan.Steps[i].Kind, Note: note}
	})
}

// maxTries is how often a step meets an error that may pass before it is given up.
const maxTries = 12

// stepTrouble deals with an error of a step: what may pass is waited for, all else ends the request with what was and was
// not done.
func (s *Service) stepTrouble(ctx context.Context, r Request, i int, err error) (time.Duration, error) {
	step := r.Plan.Steps[i]
	note, wait := s.excuse(r, err)
	s.Logger.WarnContext(ctx, "step failed", "request", r.Ref(), "step", step.Kind, "tries", r.Tries, "error", err)
	passes := note.passing() && KindOf(err) != Invalid && KindOf(err) != Conflict && KindOf(err) != NotFound && KindOf(err) != NoSeat
	if passes && (KindOf(err) == Throttled || r.Tries < maxTries) {
		told := step.Progress.Problem != nil && step.Progress.Problem.Code == note.Code
		return wait, s.commit(ctx, r, func(r *Request) Event {
			p := &r.Plan.Steps[i].Progress
			if p.Began.IsZero() {
				p.Began = s.Now()
			}
			p.Problem = &note
			r.Tries++
			r.Next = s.Now().Add(wait)
			if told {
				return Event{}
			}
			return Event{Kind: EventWaiting, Step: step.Kind, Note: &note}
		})
	}
	problem := stepProblem(step, err)
	return 0, s.commit(ctx, r, func(r *Request) Event {
		r.Plan.Steps[i].Progress.Problem = &problem
		r.Obstacle = &problem
		next := Failed
		if r.begun() {
			next = Partial
		}
		e := Event{Kind: EventEnded, Step: step.Kind, Note: &problem}
		if x, ok := errors.AsType[*Error](err); ok {
			e.Receipt = x.Receipt
		}
		return r.become(next, e)
	})
}

// stepProblem words why a step was given up.
func stepProblem(step Step, err error) Note {
	e, ok := errors.AsType[*Error](err)
	switch KindOf(err) {
	case Forbidden:
		if step.Kind == StepRestoreUser {
			return Note{Code: NotePrivileged}
		}
		return Note{NoteMissingRole, []string{e.Detail}}
	case Conflict:
		if e.Detail == "userPrincipalName" {
			return Note{NoteSignInTaken, []string{e.Detail}}
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
