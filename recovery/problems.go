package recovery

import "errors"

// restorePermission is what a refused restore is said to lack. Graph refuses it in the same words for somebody who held an admin role,
// whatever permission the app has (Microsoft: restore deleted item; who can perform sensitive actions).
const restorePermission = "User.DeleteRestore.All"

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
		if step.Kind == StepRestoreUser && e.Detail == restorePermission { // the plan made sure of it
			return Note{Code: NotePrivileged}
		}
		return e.Mend()
	case SignedOut:
		return e.Mend()
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
