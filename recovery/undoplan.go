package recovery

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// assessUndo is the diagnosis of a request that undoes another.
func (s *Service) assessUndo(ctx context.Context, r Request) (Diagnosis, error) {
	old, err := s.Store.Request(ctx, r.UndoOf)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Diagnosis{}, fmt.Errorf("read the request to undo: %w", err)
	}
	return s.diagnoseUndo(ctx, r, old)
}

// diagnoseUndo reads whether the tenant is still as the old request left it, and says what of that can be put back. Whatever else
// has changed since stops it, but for what this request did itself before it was tried again.
func (s *Service) diagnoseUndo(ctx context.Context, r, old Request) (Diagnosis, error) {
	d := Diagnosis{Case: CaseUndo, ReadAt: s.Now()}
	if old.Plan == nil {
		return d.ends(CaseUndo, Note{NoteNothingToUndo, []string{Request{ID: r.UndoOf}.Ref()}}), nil
	}
	d.Deadline = old.UndoUntil()
	steps := r.leftToUndo(old)
	switch {
	case len(steps) == 0 && old.State.Open():
		return d.ends(CaseUndo, Note{NoteUndoGoesOn, []string{old.Ref(), string(old.State)}}), nil
	case len(steps) == 0 && !r.Touched():
		return d.ends(CaseUndo, Note{NoteNothingToUndo, []string{old.Ref()}}), nil
	case !d.Deadline.IsZero() && !s.Now().Before(d.Deadline) && !r.Touched():
		return d.ends(CaseUndo, Note{NoteUndoLate, []string{stamp(d.Deadline)}}), nil
	}
	u := undo{r: r, old: old, plan: s.undoPlan(d, old)}
	if why, err := s.checkCopies(ctx, &u, steps); why != nil || err != nil {
		return d.unless(why, err)
	}
	if why, err := s.checkAccount(ctx, &u, &d, steps); why != nil || err != nil {
		return d.unless(why, err)
	}
	d.Plan = u.finish()
	return d, nil
}

// unless ends the diagnosis with an obstacle, where it is not an error that there is.
func (d Diagnosis) unless(why *Note, err error) (Diagnosis, error) {
	if err != nil {
		return Diagnosis{}, fmt.Errorf("read the tenant: %w", err)
	}
	return d.ends(CaseUndo, *why), nil
}

// leftToUndo gives the steps to check: those that the old request would have put back, or once some may have been done, those that
// were agreed to.
func (r Request) leftToUndo(old Request) []Step {
	if !r.Touched() || r.Plan == nil {
		return old.undoSteps()
	}
	steps := slices.Clone(r.Plan.Steps)
	for i := range steps {
		steps[i].Progress = Progress{}
	}
	return steps
}

// undo is a plan to put back what a request did, under construction.
type undo struct {
	r, old Request
	plan   *Plan
}

// undoPlan is what all plans to put something back have.
func (s *Service) undoPlan(d Diagnosis, old Request) *Plan {
	return &Plan{
		Case: CaseUndo, Address: old.Plan.Address, Name: old.Plan.Name, SignInName: old.Plan.SignInName, SignIn: SignInUnchanged,
		Access: Access{RolesKnown: true, GroupsKnown: true}, Deadline: d.Deadline, Approvals: s.Settings.Approvals,
	}
}

// checkCopies takes over the copies that still run, or says why they cannot be stopped.
func (s *Service) checkCopies(ctx context.Context, u *undo, steps []Step) (*Note, error) {
	for _, st := range steps {
		if st.Kind != StepStopCopy {
			continue
		}
		if why := s.mayRun(ctx, "Remove-MailboxRestoreRequest"); why != nil {
			return why, nil
		}
		seen, err := s.lookStopped(ctx, st)
		switch {
		case hasEnded(err):
			return &Note{NoteMovedOn, []string{"copy-ended"}}, nil
		case err != nil:
			return nil, err
		case !seen.there:
			u.plan.Steps = append(u.plan.Steps, st)
		case !u.r.Touched():
			return &Note{NoteMovedOn, []string{"copy-gone"}}, nil
		}
	}
	return nil, nil
}

// mayRun says why the app cannot change copies by a cmdlet.
func (s *Service) mayRun(ctx context.Context, cmdlet string) *Note {
	if s.Copier == nil || s.Mailboxes == nil {
		return &Note{NoteMissingCmdlet, []string{cmdlet}}
	}
	list, err := s.Mailboxes.Cmdlets(ctx)
	if s.unknown(ctx, "list the cmdlets", err) {
		return nil
	}
	return reading{survey: survey{cmdlets: list}}.lacking(cmdlet)
}

// checkAccount takes over what is to be put back in the account, or says what has changed there since.
func (s *Service) checkAccount(ctx context.Context, u *undo, d *Diagnosis, steps []Step) (*Note, error) {
	steps = slices.DeleteFunc(slices.Clone(steps), func(st Step) bool { return st.Kind == StepStopCopy })
	if len(steps) == 0 {
		return nil, nil
	}
	id := u.old.account()
	f, err := s.Directory.Find(ctx, Query{ByObjectID, id})
	if err != nil {
		return nil, err
	}
	d.ReadAt = f.ReadAt
	i := slices.IndexFunc(f.Found, func(x Found) bool { return x.Account.ID == id })
	left := u.old.after()
	if i < 0 || left == nil {
		return &Note{NoteMovedOn, []string{"account"}}, nil
	}
	now := f.Found[i].Account
	d.Account = now
	if u.r.Touched() {
		left = left.undone(steps, now)
	}
	if moved := left.changed(*now.facts()); len(moved) > 0 {
		return &Note{NoteMovedOn, moved}, nil
	}
	u.plan.AccountID, u.plan.SignInName = id, now.UserPrincipalName
	for _, st := range steps {
		if now.shows(st) {
			continue
		}
		if why := mayUndo(f, st); why != nil {
			return why, nil
		}
		u.plan.Steps = append(u.plan.Steps, st)
	}
	return nil, nil
}

// undone gives the facts with the effects of the steps that show.
func (f Facts) undone(steps []Step, now Account) *Facts {
	for _, st := range steps {
		switch {
		case !now.shows(st):
		case st.Kind == StepBlockSignIn:
			f.Enabled = now.Enabled
		default:
			f = f.with(st.SKU, *now.facts())
		}
	}
	return &f
}

// mayUndo says which permission the app lacks for a step.
func mayUndo(f Findings, step Step) *Note {
	switch {
	case step.Kind == StepBlockSignIn && !f.May("User.EnableDisableAccount.All", "User.ReadWrite.All"):
		return &Note{NoteMissingRole, []string{"User.EnableDisableAccount.All"}}
	case step.Kind != StepBlockSignIn && !f.May("LicenseAssignment.ReadWrite.All", "User.ReadWrite.All", "Directory.ReadWrite.All"):
		return &Note{NoteMissingRole, []string{"LicenseAssignment.ReadWrite.All"}}
	default:
		return nil
	}
}

// finish says what becomes of sign-in, and what stays as it is.
func (u undo) finish() *Plan {
	p := u.plan
	for _, st := range p.Steps {
		switch st.Kind {
		case StepBlockSignIn:
			p.SignIn = SignInBlocked
		case StepTakeLicense, StepTurnOff:
			p.Warnings = append(p.Warnings, Note{NoteMailboxGoes, []string{st.PartNumber}})
		case StepStopCopy:
			p.Warnings = append(p.Warnings, Note{Code: NoteCopiedStays})
		}
	}
	for _, kind := range u.old.stays() {
		p.Warnings = append(p.Warnings, Note{NoteStays, []string{string(kind)}})
	}
	p.Warnings = append(p.Warnings, Note{Code: NoteNothingElse})
	return p
}

// stays gives what the request did, by its plans so far, and nobody puts back.
func (r Request) stays() []StepKind {
	kinds := slices.Clip(r.earlier().Stays)
	for _, st := range r.Plan.Steps {
		sent := !st.Progress.Acted.IsZero() && !st.Progress.Found
		if sent && st.stays() && !slices.Contains(kinds, st.Kind) {
			kinds = append(kinds, st.Kind)
		}
	}
	return kinds
}

// stays says whether nobody puts back what the step did.
func (s Step) stays() bool {
	switch s.Kind {
	case StepRestoreUser, StepUsageLocation, StepReprocess, StepAddress, StepReconnect:
		return true
	default:
		return false
	}
}
