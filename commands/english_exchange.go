package commands

// englishExchange has the words of the cases that Exchange alone can bring back: mailboxes that outlived their user.
func englishExchange() map[string]string {
	return map[string]string{
		"step.add-address":            "Give the target mailbox the old one's internal address (X500), so that replies to old mail arrive.",
		"step.copy-mailbox":           "Copy everything into a new folder of the target mailbox, “%[1]s” with the day.",
		"step.copy-archive":           "Copy the archive as well, into the folder “%[1]s” with the day.",
		"step.reconnect-mailbox":      "Have Exchange make a new account for the old mailbox.",
		"step.hand-over":              "An Exchange administrator runs a command, which asks for a new password.",
		"step.noun.add-address":       "give the target the old internal address",
		"step.noun.copy-mailbox":      "copy the contents",
		"step.noun.copy-archive":      "copy the archive",
		"step.noun.reconnect-mailbox": "make a new account for the mailbox",
		"step.noun.hand-over":         "wait for an administrator's command",
		"progress.copy":               "At work since %[1]s: %[2]s %[3]d percent so far (%[5]s, %[4]s).",
		"progress.copied":             "Done %[1]s: %[2]s %[3]s, %[4]s.",

		"back.sign-in.new": "*Sign-in*: the account is a new one. An administrator sets its password before anybody can sign in.",
		"back.new-user":    "Groups, admin roles and rights of the old account do not come back.",
		"back.copy":        "A copy of everything that Exchange still has, in *%[1]s*. Whoever can read that mailbox can read the copy.",
		"back.copy.old":    "The old mailbox stays as it is.",
		"back.copy.open":   "A copy of its contents, in a mailbox that is still to be chosen.",

		"offer.target":          "The address belongs to another, working mailbox now. Shall the old contents be copied into it?",
		"option.target":         "Copy into %[1]s",
		"action.choice.target":  "the mailbox to copy into",
		"chosen.target":         "Copied into: *%[1]s*",
		"differs.mailboxes":     "which mailboxes it is about",
		"who.orphan":            "%[1]s, %[2]s: a mailbox without an account, deleted %[3]s",
		"who.inactive":          "%[1]s, %[2]s: a mailbox on hold, without an account",
		"option.account.orphan": "%[1]s, old mailbox (%[2]s)",

		"copy.":                         "it did not say why.",
		"copy.LegacyExchangeDN":         "the target mailbox lacks the old one's internal address (X500).",
		"copy.ProhibitSendReceiveQuota": "the target mailbox is full.",
		"copy.ArchiveGuid":              "there is no archive.",

		"by-hand":           "No app can do this step, because Exchange wants a password. An Exchange administrator runs this in Exchange Online PowerShell, then presses “It is done”:",
		"button.check.done": "It is done",
		"proof.into":        "A copy of its contents is in %[1]s.",
		"proof.contents":    "It holds %[1]s, %[2]s.",
		"proof.grants":      "Others who have access: %[1]s.",

		// Evidence and warnings.
		"note.soft-deleted": "Exchange keeps the mailbox without an account since %[1]s.",
		"note.inactive":     "A hold keeps the mailbox without an account.",
		"note.delayed":      "The tenant delays taking mailboxes away: this one works until %[1]s.",
		"note.target-reads": "Whoever can read %[1]s will be able to read all of this mail. One more approver than usual is needed.",
		"note.on-hold":      "A hold is on the old mailbox. It does not come with the contents.",
		"note.holds-go":     "The command takes the holds off the mailbox. Ask whoever set them before it is run.",
		"note.new-user":     "The mailbox gets a new account, so whoever had access to other things has to be given it again.",
		"note.large":        "Without a licence a mailbox may hold 50 GB and have no archive. This one needs Exchange Online Plan 2, or it may stop receiving mail.",
		"note.delegates":    "Others' rights to the mailbox come back only if they were not removed when it was deleted.",

		// Obstacles.
		"note.auto-expanding":      "The mailbox has an auto-expanding archive, which Exchange can neither recover nor restore. Its contents can still be exported with an eDiscovery search in Microsoft Purview.",
		"note.no-target":           "No working mailbox has the address you gave with into:. Check it and ask again.",
		"note.two-targets":         "Several mailboxes have the address you gave with into:. Ask again with an address that only one has.",
		"note.target-full":         "The contents do not fit into the target mailbox: %[1]s are needed, %[2]s are free. Make room, or ask again with another mailbox.",
		"note.target-full.limited": "The contents do not fit into the target mailbox. Ask again with another one, or have its owner make room.",
		"note.missing-cmdlet":      "Mailback may not run the Exchange cmdlet %[1]s. An administrator has to give its app a role that has it.",
		"note.copy-failed":         "Exchange gave up the copy: %[1]s",
		"note.copy-failed.limited": "Exchange gave up the copy. The approvers can see why.",
		"note.copy-suspended":      "The copy is suspended, by Exchange or by an administrator. It goes on after Resume-MailboxRestoreRequest; I keep looking.",
		"note.copy-queued":         "Exchange has had the copy in its queue for %[1]s. That can last hours; I keep looking.",
		"note.copy-foreign":        "A copy with this request's name is of other mailboxes, so I left it alone. An Exchange administrator has to look at it.",
		"note.copy-partly":         "The copy ended, but not all of it came: %[1]s skipped, and Exchange rates the result “%[2]s”.",
		"note.copy-gone":           "The copy was removed in Exchange before it ended. What was copied until then is in the target mailbox.",
		"note.x500-taken":          "Another mailbox already has the old one's internal address (X500), probably from an earlier copy. Ask again with into: and that mailbox, or have an Exchange administrator remove the address there.",
		"note.needs-password":      "Another account has the mailbox's name now, so Exchange wants a password and no app can do it. Ask again with into: to copy the contents instead.",
		"note.by-hand":             "This waits for an Exchange administrator to run a command.",
		"note.own-benefit":         "%[5]s would bring mail into your own mailbox, so someone else must decide.",
	}
}
