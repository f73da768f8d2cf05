package commands

import (
	"slices"

	"mailback/recovery"
)

// Why a request ended that found no way, where "no way" would be the wrong word for it.
const (
	endRefused = "refused" // its requester may not ask
	endAgain   = "again"   // asked in another way it may be possible
	endNobody  = "nobody"  // too few people could decide
	endJoined  = "joined"  // somebody else asked before
	endSoon    = "soon"    // there is nothing to do but wait
)

// endOf gives why a request ended; empty where its state says it.
func endOf(r recovery.Request) string {
	if r.State.Open() || r.Obstacle == nil {
		return ""
	}
	switch r.Obstacle.Code {
	case recovery.NoteNotAsker, recovery.NoteNotApprover, recovery.NoteGuest, recovery.NoteExternal, recovery.NoteBot, recovery.NoteDeactivated,
		recovery.NoteNoIdentity, recovery.NoteAccountOff, recovery.NoteAccountGone:
		return endRefused
	case recovery.NoteNameOnly, recovery.NoteUnlinked, recovery.NoteNoTarget, recovery.NoteTwoTargets, recovery.NoteMailboxFirst,
		recovery.NoteNoInterval, recovery.NoteNotOwner:
		return endAgain
	case recovery.NoteNobodyCopy:
		return endNobody
	case recovery.NoteJoined:
		return endJoined
	case recovery.NoteStillWaiting:
		return endSoon
	default:
		return ""
	}
}

// ending gives the key of the words for a state, by why it ended where those have words of their own.
func (w words) ending(key string, r recovery.Request) string {
	if why := endOf(r); why != "" && w.has(key+"."+why) {
		return key + "." + why
	}
	return key
}

// closing gives the key of the line that tells of an end: where "no way" is the wrong word, it says no more than that it is closed.
func (w words) closing(key string, r recovery.Request) string {
	if endOf(r) != "" {
		return key + ".closed"
	}
	return key
}

// over gives the words to speak of what has ended with: there are no buttons any more but "Try again". They stand under the same keys
// with ".ended" behind.
func (w words) over() words { return w.overlaid(".ended") }

// overlaid puts the sentences whose keys end in suffix over those without it.
func (w words) overlaid(suffix string) words {
	w.suffixes = append(slices.Clip(w.suffixes), suffix)
	return w
}
