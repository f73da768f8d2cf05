package recovery

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// askTarget is the diagnosis of a mailbox whose address another, live one has now: the requester is asked whether the contents
// are to be copied into that.
func (s Settings) askTarget(d Diagnosis, m Mailbox, twins []Mailbox) Diagnosis {
	offer := Offer{Action: ChooseTarget, Required: true}
	for _, t := range twins {
		offer.Options = append(offer.Options, Option{Value: t.ExchangeGUID, Label: t.Address})
	}
	d.Offers = append(d.Offers, offer)
	d.Plan = s.orphanPlan(d, m)
	d.Plan.SignIn, d.Plan.Warnings = SignInNone, notCopied(m)
	d.Plan.Approvals++
	return d
}

// orphanPlan is what all plans for a mailbox without its user have.
func (s Settings) orphanPlan(d Diagnosis, m Mailbox) *Plan {
	return &Plan{
		Case: d.Case, Source: m.party(), Address: m.Address, Name: m.Name, SignInName: m.SignInName,
		Access: Access{RolesKnown: true, GroupsKnown: true}, Deadline: d.Deadline, Approvals: s.Approvals,
	}
}

// planCopy is the copy of a mailbox's contents into a live one: the way back that leaves the old mailbox as it is.
func (s Settings) planCopy(d Diagnosis, m Mailbox, r reading, ask Ask, c Choices) Diagnosis {
	t, why := r.target(m)
	if why == nil {
		why = r.lacking("New-MailboxRestoreRequest", "Get-MailboxRestoreRequest", "Get-MailboxRestoreRequestStatistics")
	}
	if why != nil {
		return d.ends(d.Case, *why)
	}
	if c.Target != "" {
		d.Offers = append(d.Offers, Offer{
			Action: ChooseTarget, Required: true, Chosen: c.Target, Options: []Option{{Value: c.Target, Label: t.Address}},
		})
	}
	p := s.orphanPlan(d, m)
	p.Target, p.SignIn = t.party(), SignInNone
	p.Target.Addresses, p.Target.Asked = t.smtp(), cmp.Or(ask.Into, m.Address)
	p.Approvals++ // whoever reads the target reads what comes into it
	p.Warnings = append([]Note{{NoteTargetReads, []string{t.Address, p.Target.Asked}}}, notCopied(m)...)
	if !t.RetentionHold {
		p.Warnings = append(p.Warnings, Note{NoteSwept, []string{t.Address}})
	}
	if x500 := "X500:" + m.LegacyDN; m.LegacyDN != "" && !slices.ContainsFunc(t.Addresses, func(a string) bool { return strings.EqualFold(a, x500) }) {
		if why := r.lacking("Set-Mailbox"); why != nil {
			return d.ends(d.Case, *why)
		}
		p.Steps = append(p.Steps, Step{Kind: StepAddress, Address: x500})
	}
	p.Warnings = append(p.Warnings, without(ask.As, NoteAsIgnored)...)
	p.Warnings = append(p.Warnings, without(ask.License, NoteLicenseUnneeded)...)
	folder := "Copy of " + m.Address
	p.Steps = append(p.Steps, Step{Kind: StepCopy, Folder: folder})
	if m.ArchiveGUID != "" {
		p.Steps = append(p.Steps, Step{Kind: StepCopyArchive, Folder: folder + " (archive)", ToArchive: t.ArchiveGUID != ""})
	}
	if why := r.room(m, t); why != nil {
		return d.ends(d.Case, *why)
	}
	return s.nearPurge(d, p, r)
}

// without warns of a word that was typed and has no effect; nothing where it was not typed.
func without(word string, code NoteCode) []Note {
	if word == "" {
		return nil
	}
	return []Note{{code, []string{word}}}
}

// target gives the one live mailbox to copy into, or why there is none.
func (r reading) target(m Mailbox) (Mailbox, *Note) {
	live := slices.DeleteFunc(slices.Clone(r.targets), func(t Mailbox) bool { return !t.Live() })
	switch {
	case len(live) == 0:
		return Mailbox{}, &Note{Code: NoteNoTarget}
	case len(live) > 1:
		return Mailbox{}, &Note{Code: NoteTwoTargets}
	case live[0].ExchangeGUID == m.ExchangeGUID:
		return Mailbox{}, &Note{Code: NoteNoTarget}
	default:
		return live[0], nil
	}
}

// room says why the contents do not fit into the target, or the archive not into its archive where there are two; nil when they do.
// What cannot be known is not taken to fit.
func (r reading) room(m, t Mailbox) *Note {
	from, known := r.contents[m.ExchangeGUID]
	to, knownTo := r.contents[t.ExchangeGUID]
	archive, knownArchive := r.archives[m.ExchangeGUID]
	toArchive, knownToArchive := r.archives[t.ExchangeGUID]
	has := m.ArchiveGUID != ""
	apart := has && t.ArchiveGUID != ""
	switch {
	case !known, !knownTo, has && !knownArchive, apart && !knownToArchive, t.Quota == 0, apart && t.ArchiveQuota == 0:
		return &Note{NoteUnreadable, []string{string(Unavailable), string(PeerExchange)}}
	case apart:
		return cmp.Or(beyond(NoteTargetFull, from.Bytes, to.Bytes, t.Quota), beyond(NoteArchiveFull, archive.Bytes, toArchive.Bytes, t.ArchiveQuota))
	default:
		return beyond(NoteTargetFull, from.Bytes+archive.Bytes, to.Bytes, t.Quota)
	}
}

// beyond says that so much more is beyond a quota.
func beyond(code NoteCode, more, there, quota int64) *Note {
	if there+more <= quota {
		return nil
	}
	return &Note{code, []string{fmt.Sprint(more), fmt.Sprint(max(0, quota-there))}}
}

// planReconnect gives a soft-deleted mailbox a user again, without a password: possible while no live user has its name.
func (s Settings) planReconnect(d Diagnosis, m Mailbox, r reading, ask Ask, c Choices) Diagnosis {
	if why := r.lacking("Undo-SoftDeletedMailbox"); why != nil {
		return d.ends(d.Case, *why)
	}
	p := s.orphanPlan(d, m)
	p.SignIn = SignInNew
	p.Steps = append(p.Steps, Step{Kind: StepReconnect})
	return s.planNewUser(d, p, m, r, ask, c)
}

// planHandOver recovers an inactive mailbox as a new one. Exchange wants the new password encrypted, so that an administrator
// has to run the command.
func (s Settings) planHandOver(d Diagnosis, m Mailbox, r reading, ask Ask, c Choices) Diagnosis {
	p := s.orphanPlan(d, m)
	p.SignIn = SignInNew
	p.Warnings = append(p.Warnings, Note{Code: NoteHoldsGo})
	m.OnHold, m.Litigation = false, false // it comes back without
	p.Steps = append(p.Steps, Step{Kind: StepHandOver, Command: handOverCommand(m)})
	return s.planNewUser(d, p, m, r, ask, c)
}

// planNewUser adds what a mailbox needs once it has a new user.
func (s Settings) planNewUser(d Diagnosis, p *Plan, m Mailbox, r reading, ask Ask, c Choices) Diagnosis {
	switch {
	case m.Shared() && r.May("User.EnableDisableAccount.All", "User.ReadWrite.All"):
		p.SignIn = SignInBlocked
		p.Steps = append(p.Steps, Step{Kind: StepBlockSignIn})
		p.Warnings = append(p.Warnings, Note{Code: NoteSharedNoSignIn})
	case m.Shared():
		p.Warnings = append(p.Warnings, Note{NoteCannotBlock, []string{"User.EnableDisableAccount.All"}})
	case !s.addLicense(&d, p, r, ask, c):
		return d
	}
	p.Warnings = append(p.Warnings, Note{Code: NoteNewUser}, Note{Code: NoteDelegates}, Note{Code: NoteCouldCopy})
	p.Warnings = append(p.Warnings, r.kept(m, !m.Shared())...)
	p.Warnings = append(p.Warnings, without(ask.As, NoteAsIgnored)...)
	if m.Shared() {
		p.Warnings = append(p.Warnings, without(ask.License, NoteLicenseUnneeded)...)
	}
	p.Steps = append(p.Steps, Step{Kind: StepMailbox})
	return s.nearPurge(d, p, r)
}

// nearPurge gives the diagnosis its plan, with a warning where little time is left.
func (s Settings) nearPurge(d Diagnosis, p *Plan, r reading) Diagnosis {
	if !d.Deadline.IsZero() && d.Deadline.Sub(r.ReadAt) < nearPurge {
		p.Warnings = append(p.Warnings, Note{NoteNearPurge, []string{stamp(d.Deadline)}})
	}
	d.Plan = p
	return d
}

// handOverCommand is what an administrator runs to recover an inactive mailbox as a new one (Microsoft: recover an inactive
// mailbox).
func handOverCommand(m Mailbox) string {
	name := m.SignInName
	if name == "" {
		name = m.Address
	}
	return fmt.Sprintf("New-Mailbox -InactiveMailbox %s -Name %s -DisplayName %s -MicrosoftOnlineServicesID %s -Password (Read-Host -AsSecureString) -ResetPasswordOnNextLogon $true",
		quote(m.ExchangeGUID), quote(name), quote(m.Name), quote(name))
}

// quote writes a text as PowerShell takes it literally (Microsoft: about_Quoting_Rules); typographic quotes end a string too.
func quote(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, text)
	for _, q := range []string{"'", "‘", "’", "‚", "‛"} {
		text = strings.ReplaceAll(text, q, q+q)
	}
	return "'" + text + "'"
}
