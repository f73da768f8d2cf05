package recovery

// unlicensedLimit is how much a mailbox without a licence may hold (Microsoft: about shared mailboxes).
const unlicensedLimit = 50 << 30

// kept says what people must know of a mailbox that comes back as it was, as far as Exchange alone knows it: what may not come with
// it, and what it cannot have without a licence. Who has rights to it is for approvers, who read it in the proof.
func (r reading) kept(m Mailbox, licensed bool) []Note {
	var list []Note
	if !licensed {
		list = r.unlicensedLimits(m)
	}
	if m.OnHold {
		list = append(list, Note{Code: NoteHeld})
	}
	switch {
	case m.AutoExpanding:
		list = append(list, Note{Code: NoteExpanding})
	case m.ArchiveGUID != "":
		list = append(list, Note{Code: NoteArchive})
	}
	return list
}

// unlicensedLimits says what a mailbox has that takes Exchange Online Plan 2, where it comes back without a licence.
func (r reading) unlicensedLimits(m Mailbox) []Note {
	var reasons []string
	size, known := r.contents[m.ExchangeGUID]
	if known && size.Bytes > unlicensedLimit {
		reasons = append(reasons, "size")
	}
	if m.ArchiveGUID != "" {
		reasons = append(reasons, "archive")
	}
	if m.Litigation {
		reasons = append(reasons, "hold")
	}
	switch {
	case len(reasons) > 0:
		return []Note{{NoteLarge, reasons}}
	case !known:
		return []Note{{Code: NoteSizeUnknown}}
	default:
		return nil
	}
}

// notCopied says what does not come with the contents of a mailbox that is copied.
func notCopied(m Mailbox) []Note {
	list := []Note{{Code: NoteDelegatesStay}}
	if m.OnHold {
		list = append(list, Note{Code: NoteOnHold})
	}
	return list
}
