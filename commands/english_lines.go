package commands

// englishLines has the messages beside the cards, each on one line with the request's id.
func englishLines() map[string]string {
	return map[string]string{
		// Lines to the requester: new messages, so that a phone rings.
		"told.approved":        "%[1]s: approved by %[2]s. I am bringing %[3]s back now and will tell you when it is there.",
		"told.retried":         "%[1]s: %[2]s has started it again. I will tell you how it ends.",
		"told.denied":          "%[1]s: %[2]s denied your request for %[3]s. Reason: %[4]s",
		"told.cancelled":       "%[1]s: %[2]s cancelled your request for %[3]s. Nothing was changed.",
		"told.stopped":         "%[1]s: I had to cancel your request for %[2]s. %[3]s",
		"told.expired.touched": "%[1]s: nobody decided on %[2]s in time, so the request has expired. What was done before stays as it is. Ask again, or speak to an approver.",
		"told.expired":         "%[1]s: nobody decided on %[2]s in time, so the request has expired. Nothing was changed. Ask again, or speak to an approver.",
		"told.voided":          "%[1]s: something changed in Microsoft 365, so the approval for %[2]s no longer counts. Please look at its new plan and confirm it, or cancel.",
		"told.voided.obstacle": "%[1]s: something changed in Microsoft 365, so the approval for %[2]s no longer counts. %[3]s",
		"told.voided.pending":  "%[1]s: one who approved may no longer do so. It waits for another approver.",
		"told.waiting":         "%[1]s: %[2]s is not there yet. %[3]s I keep looking and will tell you.",
		"told.succeeded":       "%[1]s: %[2]s is restored. %[3]s",
		"told.succeeded.as":    "%[1]s: %[2]s is restored, with the sign-in name %[3]s. %[4]s",
		"told.partial":         "%[1]s: %[2]s is only partly back. %[3]s An approver can try again.",
		"told.failed":          "%[1]s: %[2]s could not be brought back. %[3]s An approver can try again.",
		"told.unneeded":        "%[1]s: there is nothing to do for %[2]s. %[3]s",
		"told.impossible":      "%[1]s: there is no way to bring %[2]s back from here. %[3]s",

		// Lines in the thread of the approval card.
		"line.chosen":          "%[1]s: %[2]s chose the account.",
		"line.approved":        "%[1]s: %[2]s approved (%[3]d of %[4]d).",
		"line.denied":          "%[1]s: %[2]s denied. Reason: %[3]s",
		"line.cancelled":       "%[1]s: %[2]s cancelled. Nothing was changed.",
		"line.stopped":         "%[1]s: cancelled. %[2]s",
		"line.expired.touched": "%[1]s: expired, nobody decided in time. What was done before stays as it is.",
		"line.expired":         "%[1]s: expired, nobody decided in time. Nothing was changed.",
		"line.voided":          "%[1]s: the approvals no longer count. %[2]s",
		"line.voided.pending":  "%[1]s: %[2]s It waits for another approver.",
		"line.step":            "%[1]s: done: %[2]s",
		"line.waiting":         "%[1]s: waiting. %[2]s",
		"line.succeeded":       "%[1]s: %[2]s is restored. %[3]s",
		"line.partial":         "%[1]s: %[2]s is only partly back. %[3]s",
		"line.failed":          "%[1]s: %[2]s could not be brought back. %[3]s",
		"line.unneeded":        "%[1]s: closed, there is nothing to do. %[2]s",
		"line.impossible":      "%[1]s: closed, there is no way back. %[2]s",
		"line.retried":         "%[1]s: %[2]s started it again.",
		"line.resumed":         "%[1]s: %[2]s lets the copy go on.",
	}
}
