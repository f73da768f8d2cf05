package recovery

import (
	"context"
	"errors"
	"time"
)

// Fault is something that is wrong with the installation itself, so that every request that needs it will meet it: a permission, cmdlet or
// scope that the app lacks, a credential that is not taken or soon will not be, approvers who are too few. No request can mend it, so it
// is told to the approvers once.
type Fault struct {
	Note // what it is

	At   time.Time // when it was met, or seen to be over
	Over bool      // it was told, and is over
}

// Lasting says whether a note is of a fault of the installation. A token that Slack does not take is none, for nobody can be told of it.
func (n Note) Lasting() bool {
	switch n.Code {
	case NoteSignInFailed:
		return len(n.Args) > 0 && n.Args[0] != string(PeerSlack)
	case NoteMissingRole, NoteMissingCmdlet, NoteMissingScope, NoteCertificate, NoteNobody:
		return true
	default:
		return false
	}
}

// Met has a fault told that stands behind an error of a look-up, if one does. The faults that requests meet the Store tells with their events.
func (s *Service) Met(ctx context.Context, err error) {
	kind := KindOf(err)
	if kind != Forbidden && kind != SignedOut {
		return
	}
	e, _ := errors.AsType[*Error](err)
	if err := s.Faults.Met(ctx, e.Mend()); err != nil {
		s.Logger.WarnContext(ctx, "a fault was not told to the approvers", "error", err)
	}
}

// Examine finds what is wrong with the approvers now, as faults. What Slack does not tell is none.
func (s *Service) Examine(ctx context.Context) []Note {
	var faults []Note
	for _, short := range s.shortages(ctx) {
		faults = append(faults, Note{NoteNobody, []string{itoa(s.Settings.Approvals), itoa(short.can)}})
	}
	return faults
}
