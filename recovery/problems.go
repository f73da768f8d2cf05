package recovery

import "errors"

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
	for _, note := range []*Note{exchangeProblem(step, e), undoProblem(step, e)} {
		if note != nil {
			return *note
		}
	}
	switch KindOf(err) {
	case Forbidden:
		_, looked := errors.AsType[unseen](err)
		if step.Kind == StepRestoreUser && !step.Progress.Acted.IsZero() && !looked { // the plan made sure of the permission
			return Note{Code: NotePrivileged}
		}
		return e.lacks()
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
