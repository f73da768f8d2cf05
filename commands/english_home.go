package commands

// englishHome has the form for asking, and the Home tab.
func englishHome() map[string]string {
	return map[string]string{
		"ask.title":              "Restore a mailbox",
		"ask.look":               "Look",
		"ask.submit":             "Ask for it",
		"ask.close":              "Close",
		"ask.who":                "Which mailbox?",
		"ask.who.placeholder":    "adelev@contoso.com",
		"ask.who.hint":           "Its address. Nothing is asked for yet: first you see what is lost and what would be done.",
		"ask.no-who":             "Which mailbox? Type its address, such as adelev@contoso.com.",
		"ask.reason":             "Why?",
		"ask.reason.placeholder": "She is back from leave",
		"ask.reason.hint":        "The approvers read it.",
		"ask.no-reason":          "Please say why, such as “She is back from leave”.",
		"ask.ticket":             "Ticket",
		"ask.next":               "If you ask for it, I look once more, you confirm the plan in my direct messages, and an approver decides.",

		"home.hello":           "I bring Microsoft 365 mailboxes back. You ask, see what is lost and what will be done, and confirm; an approver decides.",
		"home.ask":             "Ask for a mailbox",
		"home.ask.it":          "Ask for it",
		"home.ask.it.label":    "Ask for the mailbox %[1]s",
		"home.refresh":         "Refresh",
		"home.own":             "Your requests",
		"home.own.none":        "You have no requests.",
		"home.waiting":         "Waiting for approval",
		"home.waiting.none":    "Nothing waits for you.",
		"home.running":         "At work",
		"home.open":            "Open",
		"home.open.label":      "Open the card of %[1]s",
		"home.purged":          "Soon deleted for good: within seven days",
		"home.purged.line":     "*%[1]s*, %[2]s: %[3]s, %[4]s",
		"home.purged.more":     "… and %[1]d more: `/restore-mailbox deleted`.",
		"home.more":            "… and %[1]d more: `/restore-mailbox status`.",
		"home.foot":            "As of %[1]s.",
		"home.next.confirming": "Confirm it in my *Messages*.",
		"home.next.pending":    "An approver decides next.",
		"home.next.approved":   "I begin in a moment.",
		"home.next.restoring":  "I tell you when it is done.",
	}
}
