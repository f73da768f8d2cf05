package recovery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// undoTime is how long after its end what a request did may be put back.
const undoTime = 24 * time.Hour

// Undo gives the steps that would put back what can be put back of what the request did, by what it knows itself: a copy that
// still runs is stopped; of an account that it restored the sign-in is blocked; a licence that it assigned is taken back. There are
// none while it works on anything but a copy, none for a request that puts back, and none once another one was asked to.
func (r Request) Undo() []Step {
	if r.Plan == nil || r.UndoOf != 0 || r.UndoneBy != 0 {
		return nil
	}
	return r.undoSteps()
}

// UndoUntil is until when another request may put back what this one did: zero while it works, for as long as a copy runs.
func (r Request) UndoUntil() time.Time {
	if r.State.Open() {
		return time.Time{}
	}
	return r.EnteredAt.Add(undoTime)
}

func (r Request) undoSteps() []Step {
	switch r.State {
	case Restoring:
		return r.copiesToStop()
	case Succeeded, Partial, Failed, Denied: // the last one where it was tried again
		return append(r.copiesToStop(), r.changesToUndo()...)
	default:
		return nil
	}
}

// copiesToStop gives a step for each copy of ours that was seen and has not ended as far as we know.
func (r Request) copiesToStop() []Step {
	var steps []Step
	for _, st := range r.Plan.Steps {
		p := st.Progress
		if !st.copies() || !p.Done.IsZero() || p.CopyID == "" || p.Copy == nil || p.Copy.ended() || p.Problem != nil && p.Problem.copyLost() {
			continue
		}
		steps = append(steps, Step{Kind: StepStopCopy, CopyID: p.CopyID, CopyName: r.copyName(st)})
	}
	return steps
}

// ended says whether Exchange works on the copy no more.
func (c CopyStatus) ended() bool {
	return c.State == CopyCompleted || c.State == CopyWithWarnings || c.State == CopyFailed
}

// copyLost says whether the note is that a copy is not there any more, or is not ours.
func (n Note) copyLost() bool {
	return n.Code == NoteCopyGone || n.Code == NoteCopyStopped || n.Code == NoteCopyForeign
}

// ours says whether the step's effect was read back, was not there before and was made by us.
func (s Step) ours() bool {
	p := s.Progress
	return !p.Done.IsZero() && !p.Acted.IsZero() && !p.Found && !p.Skipped && p.Before != nil
}

// changesToUndo gives the steps that put back what was changed in the account, its sign-in first. Of what two plans changed, the first
// knows how it was before.
func (r Request) changesToUndo() []Step {
	after := r.after()
	if after == nil {
		return nil
	}
	steps := r.earlier().Steps
	for _, st := range r.Plan.Steps {
		back, ok := st.putBack()
		if ok && !slices.ContainsFunc(steps, func(o Step) bool { return o.SKU == back.SKU }) {
			steps = append(slices.Clip(steps), back)
		}
	}
	blocks := func(st Step) bool { return st.Kind == StepBlockSignIn }
	licenses := slices.DeleteFunc(slices.Clone(steps), blocks)
	if len(licenses) < len(steps) && (after.Enabled == nil || *after.Enabled) {
		return append([]Step{{Kind: StepBlockSignIn}}, licenses...)
	}
	return licenses
}

// putBack gives the step that puts back what this one changed in the account, where it did and that can be.
func (s Step) putBack() (Step, bool) {
	switch {
	case !s.ours():
		return Step{}, false
	case s.Kind == StepRestoreUser, s.Kind == StepReconnect:
		return Step{Kind: StepBlockSignIn}, true
	case s.Kind == StepAssign:
		return s.takeBack()
	default:
		return Step{}, false
	}
}

// takeBack gives the step that puts a licence back to what it was before this step assigned it: away, or with the plans off that
// were off. A licence that was held by the account itself and by a group at once cannot be told apart again.
func (s Step) takeBack() (Step, bool) {
	held, was := s.Progress.Before.license(s.SKU)
	switch {
	case !was || !held.Direct:
		return Step{Kind: StepTakeLicense, SKU: s.SKU, PartNumber: s.PartNumber}, true
	case held.Group || slices.Equal(held.DisabledPlans, sorted(s.DisabledPlans)):
		return Step{}, false
	default:
		return Step{Kind: StepTurnOff, SKU: s.SKU, PartNumber: s.PartNumber, DisabledPlans: held.DisabledPlans}, true
	}
}

// after gives the account as the request left it: as its proof read it, else as its last step did, else as its plan found it after the
// one before.
func (r Request) after() *Facts {
	if r.Proof != nil && r.Proof.After != nil {
		return r.Proof.After
	}
	var last Progress
	for _, st := range r.Plan.Steps {
		if p := st.Progress; p.After != nil && !p.Done.Before(last.Done) {
			last = p
		}
	}
	if last.After == nil {
		return r.earlier().After
	}
	return last.After
}

// undoAllows says why nothing of the request can be asked to be put back at a time.
func (r *Request) undoAllows(now time.Time) *Note {
	until := r.UndoUntil()
	switch {
	case r.UndoneBy != 0:
		return &Note{NoteUndoAsked, []string{Request{ID: r.UndoneBy}.Ref()}}
	case len(r.Undo()) == 0:
		return &Note{NoteNothingToUndo, []string{r.Ref()}}
	case !until.IsZero() && !now.Before(until):
		return &Note{NoteUndoLate, []string{stamp(until)}}
	default:
		return nil
	}
}

// undoKey names the next request that undoes this one.
func (r Request) undoKey() string { return fmt.Sprintf("undo:%d:%d", r.ID, r.Undos) }

// askUndo records the request that puts back what r did, for the approver who clicked. Its key names the deed: after a crash, and
// for a second click, it is there already.
func (s *Service) askUndo(ctx context.Context, r Request, c Click) (Request, error) {
	now := s.Now()
	undo := Request{
		UUID: newUUID(), Key: r.undoKey(), State: Submitted, EnteredAt: now, CreatedAt: now,
		UndoOf: r.ID, UndoFor: r.Requester, UndoCase: r.matter().of,
		Ask: Ask{Query: r.Ask.Query}, Requester: c.By,
	}
	undo, _, err := s.Store.Create(ctx, undo, Event{At: now, Kind: EventAsked, By: c.By, To: Submitted})
	if err != nil {
		return Request{}, fmt.Errorf("record the request that undoes %s: %w", r.Ref(), err)
	}
	return undo, nil
}

// reopenUndo lets a request be undone after all whose undo was cancelled, denied or expired before it changed anything.
func (s *Service) reopenUndo(ctx context.Context, r Request) (Request, error) {
	undo, err := s.undoing(ctx, r)
	if err != nil || undo != nil || r.UndoneBy == 0 {
		return r, err
	}
	r.UndoneBy, r.Undos = 0, r.Undos+1
	return r, nil
}

// offerUndoAgain lets the request that one was to undo offer that again, once people, or time, have ended the undo before it
// changed anything. The two are written one after the other: where the process dies between them, the job that ended the undo comes
// again and does only this.
func (s *Service) offerUndoAgain(ctx context.Context, id int64) error {
	undo, err := s.Store.Request(ctx, id)
	byPeople := undo.State == Cancelled || undo.State == Denied || undo.State == Expired
	if err != nil || undo.UndoOf == 0 || !byPeople || undo.Touched() {
		return err
	}
	_, err = s.Store.Update(ctx, undo.UndoOf, func(old *Request) (Event, error) {
		if undo.Key != old.undoKey() { // it is done, or there is a later one
			return Event{}, errNoChange
		}
		old.UndoneBy, old.Undos = 0, old.Undos+1
		return Event{At: s.Now(), Kind: EventProgress}, nil
	})
	if errors.Is(err, errNoChange) || errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// undoing gives the request that was asked to put back what this one did, where there is one that goes on or has changed something.
func (s *Service) undoing(ctx context.Context, r Request) (*Request, error) {
	if r.UndoneBy == 0 {
		return nil, nil
	}
	undo, err := s.Store.Request(ctx, r.UndoneBy)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the request that undoes %s: %w", r.Ref(), err)
	}
	if !undo.State.Open() && !undo.Touched() {
		return nil, nil
	}
	return &undo, nil
}

// mayRetry says why a request may not be tried again, nor its copy be resumed: another one puts back what it did.
func (s *Service) mayRetry(ctx context.Context, r Request) (*Note, error) {
	undo, err := s.undoing(ctx, r)
	if undo == nil || err != nil {
		return nil, err
	}
	return &Note{NoteUndoAsked, []string{undo.Ref()}}, nil
}

// stopped gives the note on a copy that is gone because an approver had it stopped, else the note as it is.
func (s *Service) stopped(ctx context.Context, r Request, note Note) Note {
	if note.Code != NoteCopyGone {
		return note
	}
	undo, err := s.undoing(ctx, r)
	if err != nil {
		s.Logger.WarnContext(ctx, "not known who removed the copy", "request", r.Ref(), "error", err)
	}
	if undo == nil || !undo.Touched() {
		return note
	}
	return Note{NoteCopyStopped, []string{undo.Ref()}}
}
