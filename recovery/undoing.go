package recovery

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
)

// copyHasEnded is what an Error's Detail says of a copy that was to be stopped and ended by itself.
const copyHasEnded = "the copy has ended"

// hasEnded says whether an error is that a copy ended by itself.
func hasEnded(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Detail == copyHasEnded
}

// lookStopped reads whether a copy of ours is no longer listed. One that ended by itself is left alone.
func (s *Service) lookStopped(ctx context.Context, step Step) (sight, error) {
	list, err := s.Copier.Copies(ctx, step.CopyName)
	if err != nil {
		return sight{}, err
	}
	if !slices.ContainsFunc(list, func(c Copy) bool { return strings.EqualFold(c.RequestGUID, step.CopyID) }) {
		return sight{there: true}, nil
	}
	st, err := s.Copier.CopyStatus(ctx, step.CopyID)
	switch {
	case KindOf(err) == NotFound: // still listed, no longer known to the statistics
		return sight{facts: &Facts{}}, nil
	case err != nil:
		return sight{}, err
	case st.ended():
		return sight{}, &Error{Kind: Conflict, Op: "stop the copy", Detail: copyHasEnded}
	}
	return sight{facts: &Facts{Copy: &st}}, nil
}

// undoProblem words what only steps that put something back meet; nil for what others meet too.
func undoProblem(step Step, e *Error) *Note {
	if e == nil {
		return nil
	}
	switch {
	case step.Kind == StepStopCopy && e.Detail == copyHasEnded:
		return &Note{NoteMovedOn, []string{"copy-ended"}}
	case step.Kind == StepTakeLicense && e.Kind == Invalid && e.Detail == FromGroup:
		return &Note{NoteFromGroup, []string{step.PartNumber}}
	default:
		return nil
	}
}

// proveUndo reads back that what was to be put back is, and ends the request by it.
func (s *Service) proveUndo(ctx context.Context, r Request) (time.Duration, error) {
	proof := Proof{ReadAt: s.Now()}
	var now Account
	if id := r.Plan.AccountID; id != "" {
		a, receipt, err := s.Directory.Account(ctx, id)
		if err != nil {
			return s.unproven(ctx, r, err)
		}
		now = a
		proof.SignInName, proof.SignInEnabled, proof.After, proof.Receipt = a.UserPrincipalName, a.Enabled, a.facts(), receipt
	}
	for _, st := range r.Plan.Steps {
		there := now.shows(st)
		if st.Kind == StepStopCopy {
			seen, err := s.look(ctx, r, st)
			if err != nil && !hasEnded(err) {
				return s.unproven(ctx, r, err)
			}
			there = seen.there
		}
		if there {
			proof.Undone = append(proof.Undone, st.undone())
		} else {
			proof.Missing = append(proof.Missing, Note{NoteStepMissing, []string{string(st.Kind)}})
		}
	}
	return s.conclude(ctx, r, proof)
}

// undone says what was read back of a step that put something back.
func (s Step) undone() Note {
	switch s.Kind {
	case StepStopCopy:
		return Note{Code: NoteCopyUnlisted}
	case StepBlockSignIn:
		return Note{Code: NoteBlocked}
	case StepTurnOff:
		return Note{NoteTurnedOff, []string{s.PartNumber}}
	default:
		return Note{NoteTaken, []string{s.PartNumber}}
	}
}
