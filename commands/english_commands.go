package commands

// englishSyntax says what was not understood, and what to type instead: %[1]s the word, %[2]s what was probably meant, %[3]d its length,
// %[4]d the limit, %[5]s the character at fault, %[6]s where it is. A sentence under ".near" has a meaning, one under ".address" an address.
func englishSyntax() map[string]string {
	return map[string]string{
		"syntax.long":            "That is too long: %[3]d characters. Name one mailbox and a short reason.",
		"syntax.word":            "I do not understand “%[1]s”. Begin with the mailbox's address; approvers can also put a display name in quotes: \"Adele Vance\". Type `/restore-mailbox help` for more.",
		"syntax.word.near":       "I do not understand “%[1]s”. Did you mean “%[2]s”? Then type it like that. If it is a name, begin with the mailbox's address instead.",
		"syntax.word.address":    "I do not understand “%[1]s”. Put the mailbox there instead: “%[2]s”.",
		"syntax.language":        "I do not speak “%[1]s”. Type `/restore-mailbox language` for the languages that I know.",
		"syntax.request":         "“%[1]s” looks like a request's id, not a mailbox. Type `/restore-mailbox status %[2]s` to see the request, or `/restore-mailbox cancel %[2]s` to withdraw it.",
		"syntax.extra":           "I do not understand “%[1]s” there. Leave it out and try again.",
		"syntax.no-who":          "Which mailbox? For example: `/restore-mailbox %[1]s adelev@contoso.com`.",
		"syntax.address":         "“%[1]s” is not a whole address. I need one like adelev@contoso.com.",
		"syntax.address.address": "“%[1]s” is not an address. Did you mean “%[2]s”? Then put a space after it.",
		"syntax.invisible":       "“%[1]s” is not the address that it seems to be: after “%[6]s” it has a character that nobody sees, %[5]s. Please type it by hand.",
		"syntax.lookalike":       "The %[6]s character of “%[1]s” is %[5]s, which does not fit the others. Please type the address by hand.",
		"syntax.lookalike.near":  "The %[6]s character of “%[1]s” is %[5]s. Did you mean “%[2]s”? Please type it like that.",
		"syntax.sign":            "“%[1]s” has the sign “%[5]s”, which could mean more than itself to Exchange Online, so I look up no mailbox by it. Please give another of its addresses, or its sign-in name.",
		"syntax.two":             "One mailbox at a time, please: I did not expect “%[1]s” there. If it belongs to the reason, put a word before it.",
		"syntax.handle":          "“%[1]s” did not become a mention. Pick the person from the list that Slack shows, or type the address.",
		"syntax.not-person":      "“%[1]s” is not a mailbox. Please type the mailbox's address, or mention the person.",
		"syntax.label":           "The link shows “%[1]s” but holds another address. Please type the one that you mean.",
		"syntax.label.near":      "The link shows “%[1]s” but holds “%[2]s”. Please type the one that you mean.",
		"syntax.quote":           "The quotes in “%[1]s” do not fit. Put a name, and nothing else, between two of them: \"Adele Vance\".",
		"syntax.empty-name":      "There is nothing between the quotes. Put the display name there: \"Adele Vance\".",
		"syntax.long-name":       "“%[1]s” is too long to look for: %[4]d characters are possible. Type less of it, or the mailbox's address.",
		"syntax.key":             "I do not know the key “%[1]s”. I know as:, into:, license: and ticket:. The reason needs no key; if “%[1]s” belongs to it, put a word before it.",
		"syntax.key.near":        "I do not know the key “%[1]s”. Did you mean “%[2]s:”?",
		"syntax.item-key":        "After `items` I do not know the key “%[1]s”. I know after:, before:, type:, folder: and ticket:, and for your own mailbox subject: and from:. The reason needs no key; if “%[1]s” belongs to it, put a word before it.",
		"syntax.item-key.near":   "After `items` I do not know the key “%[1]s”. Did you mean “%[2]s:”?",
		"syntax.key-items":       "“%[1]s” is for deleted items alone: `/restore-mailbox items adelev@contoso.com %[1]s…`. To bring back the mailbox itself, leave it out; if it belongs to the reason, put a word before it.",
		"syntax.key-first":       "Put “%[1]s” after the mailbox: first the mailbox, then the keys, then the reason.",
		"syntax.key-empty":       "“%[1]s” needs its value right after the colon, without a space.",
		"syntax.key-twice":       "“%[1]s” is there twice. Leave one of them out and try again.",
		"syntax.key-late":        "Please put “%[1]s” before the reason, right after the mailbox.",
		"syntax.license":         "“%[1]s” is not a licence's part number. They look like SPE_E3 or ENTERPRISEPACK.",
		"syntax.ticket":          "The ticket has %[3]d characters; %[4]d are possible. Give its number alone, and the rest as the reason.",
		"syntax.ticket-form":     "“%[1]s” is not how tickets are numbered here. Check the number and try again; nothing was recorded.",
		"syntax.no-reason":       "Please say why: put the reason at the end, such as “She is back from leave”, and send it again. Nothing was recorded.",
		"syntax.reason-long":     "The reason has %[3]d characters; %[4]d are possible. Nothing was recorded; please shorten it.",
		"syntax.no-id":           "Which request? For example: `/restore-mailbox cancel R-142`. Type `/restore-mailbox status` for yours.",
		"syntax.id":              "“%[1]s” is not a request's id. They look like R-142. Type `/restore-mailbox status` for yours.",
		"syntax.two-ids":         "One request at a time, please: first %[2]s, then %[1]s, each with a command of its own.",

		// Characters that are not what they seem: %[1]s the character, %[2]s its code point.
		"char.Cyrillic": "a Cyrillic “%[1]s” (U+%[2]s)",
		"char.Greek":    "a Greek “%[1]s” (U+%[2]s)",
		"char.Armenian": "an Armenian “%[1]s” (U+%[2]s)",
		"char.Latin":    "a Latin “%[1]s” (U+%[2]s)",
		"char.wide":     "a full-width “%[1]s” (U+%[2]s)",
		"char.sign":     "“%[1]s” (U+%[2]s)",
		"char.hidden":   "U+%[2]s",
		"char.not":      "%[1]s, not “%[2]s”",
		"char.0020":     "a space (U+%[2]s)",
		"char.00A0":     "a no-break space (U+%[2]s)",
		"char.00AD":     "a soft hyphen (U+%[2]s)",
		"char.200B":     "a zero width space (U+%[2]s)",
		"char.200C":     "a zero width non-joiner (U+%[2]s)",
		"char.200D":     "a zero width joiner (U+%[2]s)",
		"char.200E":     "a left-to-right mark (U+%[2]s)",
		"char.200F":     "a right-to-left mark (U+%[2]s)",
		"char.2060":     "a word joiner (U+%[2]s)",
		"char.FEFF":     "a byte order mark (U+%[2]s)",
	}
}

// englishCommands has the answers to commands, buttons and forms. It is one table, hence its length.
func englishCommands() map[string]string {
	return map[string]string{
		"ack.asked":        "%[1]s: your request for %[2]s is recorded. I am looking at it and go on in a direct message to you.",
		"ack.asked.before": "%[1]s: you have asked for %[2]s already, and it is still open. It goes on in my direct messages to you.",
		"ack.cancel":       "%[1]s: I have noted that you want to cancel it. You will hear from me.",
		"looking":          "Looking…",

		"nothing-recorded":       "I could not record that, so nothing was done. Please try again in a minute.",
		"nothing-recorded.click": "%[1]s: I could not record your click, so nothing was done. Please press again.",
		"not-read":               "I could not read the requests just now. Please try again in a minute.",
		"no-such-request":        "There is no %[1]s that you may see. Type `/restore-mailbox status` for yours.",
		"unreachable":            "%[1]s: I cannot write to you (%[2]s), so I cancelled it and nothing was changed. In Slack, open *Apps*, then *Mailback*, then its *Messages* tab, and ask again.",

		"help.short": "Tell me which mailbox is missing, for example: `/restore-mailbox adelev@contoso.com She is back from leave`. " +
			"Type `/restore-mailbox help` for more.",
		"help": "I bring Microsoft 365 mailboxes back. You ask, see what is lost and what will be done, and confirm; an approver decides.\n" +
			"• `/restore-mailbox adelev@contoso.com She is back` asks for a mailbox, with a reason. A mention will do as well; for approvers also an object id or a \"display name\".\n" +
			"• `as:adele.v@contoso.com` before the reason gives it a new sign-in name; `license:SPE_E3` names the licence, `ticket:4711` your ticket.\n" +
			"• `into:lidiah@contoso.com` copies a mailbox whose account is gone into another one.\n" +
			"• `/restore-mailbox check adelev@contoso.com` tells what is known and changes nothing.\n" +
			"• `/restore-mailbox items adelev@contoso.com after:7d folder:Inbox` brings deleted messages, meetings, contacts and tasks back into a mailbox that is there. " +
			"Narrow it with `after:` `before:` `type:` `folder:`; in your own mailbox also with `subject:` and `from:`, which are recorded nowhere.\n" +
			"• `/restore-mailbox bulk after:yesterday domain:contoso.com A sync rule went wrong` brings many back at once, for approvers; `before:` `department:` and pasted addresses will do too.\n" +
			"• `/restore-mailbox status` lists your requests, `status R-142` shows one.\n" +
			"• `/restore-mailbox cancel R-142` withdraws one, until the first change is made.\n" +
			"• `/restore-mailbox deleted` lists deleted users, for approvers; `deleted adele` only those that fit.\n" +
			"• `/restore-mailbox` alone opens a form; so do the shortcut *Restore a mailbox* and my *Home*, which has all your requests.\n" +
			"• `/restore-mailbox language lv` has me speak Latvian to you.\n" +
			"• `/restore-mailbox help` shows this.",

		"language.which":  "I speak English to you. You can choose. %[1]s",
		"language.choice": "%[1]s: `/restore-mailbox language %[2]s`",
		"language.chosen": "From now on I speak English to you.",

		"error.internal":    "Something went wrong in Mailback itself. Please try again; if it stays so, tell whoever runs it.",
		"error.invalid":     "%[1]s did not accept the question. Tell whoever runs Mailback.",
		"error.not-found":   "%[1]s has nothing like that, or no longer. Check the spelling and try again; if it should be there, tell whoever runs Mailback.",
		"error.throttled":   "%[1]s asks for a pause. Please try again in a minute.",
		"error.unavailable": "No answer from %[1]s just now. Please try again in a minute.",
		"error.incomplete":  "Microsoft's answer may have been cut short, so I do not show it. Try again in a minute; a list of deleted users with a text that narrows it: `/restore-mailbox deleted adele`.",

		"trouble.busy":     "I am too busy just now, so nothing was recorded. Please try again in a minute.",
		"trouble.failed":   "Something went wrong in Mailback. It may not have been recorded: look with `/restore-mailbox status` before you try again.",
		"trouble.foreign":  "That command is not one of mine here, so nothing was recorded. Try `/restore-mailbox help`.",
		"trouble.external": "Only people of the workspace that installed Mailback can use it, so nothing was recorded.",
		"trouble.late":     "That takes longer than usual. Whether it was recorded, `/restore-mailbox status` will show.",
		"trouble.oversize": "It is done, but the answer is too long to show. Look with `/restore-mailbox status` how it stands.",

		"accounts.one": "%d deleted user", "accounts.other": "%d deleted users",
		"deleted.title":     "%[1]s:",
		"deleted.line":      "%[1]s, %[2]s: deleted %[3]s, %[4]s",
		"deleted.more":      "… and %[1]d more. Narrow it: `/restore-mailbox deleted adele`.",
		"deleted.none":      "There are no deleted users.",
		"deleted.none.text": "No deleted user has “%[1]s” in the name or address. Try less of it, or `/restore-mailbox deleted` for all.",

		"in-ascii":   "Its domain has letters outside ASCII; to mail programs it is %[1]s. Make sure that this is the one you mean.",
		"check.ask":  "To bring it back, type: `/restore-mailbox %[1]s` and the reason.",
		"check.foot": "Read %[1]s. Nothing was changed.",

		// Notes about what was typed.
		"note.ticket":  "Ticket: %[1]s",
		"note.id-only": "An object id can be used by approvers alone. Please ask with the address.",

		"status.title":  "Requests:",
		"status.none":   "You have no requests. Ask for one: `/restore-mailbox adelev@contoso.com She is back`.",
		"status.line":   "%[1]s, %[2]s: %[3]s, since %[4]s.",
		"status.by":     "Asked for by %[1]s.",
		"status.reason": "Reason: %[1]s",

		"emergency.title":       "Urgent: %[1]s",
		"emergency.label":       "Why can it not wait?",
		"emergency.placeholder": "The court's deadline ends today, and …",
		"emergency.hint":        "You decide alone. All approvers and the requester are told at once, with your reason, and it is marked in the audit log.",
		"emergency.submit":      "Restore now",
		"emergency.close":       "Back",
		"emergency.empty":       "Deciding alone needs a reason.",

		"deny.title":        "Deny %[1]s",
		"deny.label":        "Why?",
		"deny.placeholder":  "The account stays closed, because …",
		"deny.hint":         "The requester will read it, and it is kept in the audit log. Please be specific.",
		"deny.submit":       "Deny request",
		"deny.close":        "Back",
		"deny.empty":        "A denial needs a reason.",
		"deny.long":         "At most %[1]d characters, please; there are %[2]d.",
		"deny.not-recorded": "I could not record that, so nothing was done. Please try again in a minute.",
		"form.not-opened":   "%[1]s: Slack did not open the form, so nothing was done. Please press “%[2]s” again.",
	}
}
