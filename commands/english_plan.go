package commands

// englishPlan has what a plan does, how far it is, what comes back with the mailbox and what it costs.
func englishPlan() map[string]string {
	return map[string]string{
		"plan.title":             "What will be done",
		"step.restore-user":      "Bring the deleted account back.",
		"step.restore-user.as":   "Bring the deleted account back, with the sign-in name %[1]s.",
		"step.block-sign-in":     "Block its sign-in at once.",
		"step.usage-location":    "Set its usage location to %[1]s.",
		"step.assign-license":    "Give it the licence %[1]s.",
		"step.reprocess-license": "Have Microsoft give it its group's licence %[1]s again.",
		"step.mailbox":           "Wait until the mailbox answers, then read everything back.",

		"done.title":           "What is done",
		"progress.title":       "How far it is",
		"progress.title.ended": "What was done",
		"progress.done":        "Done %[1]s: %[2]s",
		"progress.skipped":     "No longer needed, the mailbox is back by another way: %[1]s",
		"progress.found":       "Already in place: %[1]s",
		"progress.working":     "At work since %[1]s: %[2]s",
		"progress.problem":     "Waiting since %[1]s: %[2]s %[3]s",
		"progress.by-hand":     "Waiting since %[1]s: %[2]s",
		"progress.failed":      "Not done: %[1]s",
		"progress.open":        "Still to do: %[1]s",
		"progress.next":        "I look again within %[1]s.",

		"back.title":           "What comes back with it",
		"back.unchanged":       "Nothing else changes: the account is live and keeps its sign-in, groups and roles.",
		"back.limited":         "The account comes back as it was, with its groups and everything else it could reach.",
		"back.sign-in.returns": "*Sign-in*: the person can sign in again at once.",
		"back.sign-in.off":     "Sign-in: it was blocked and stays blocked.",
		"back.sign-in.unknown": "*Sign-in*: Microsoft did not say whether it was blocked; count on it that the person can sign in.",
		"back.sign-in.blocked": "Sign-in: it will be blocked at once.",
		"back.roles":           "*Admin roles*: %[1]s.",
		"back.roles.none":      "Admin roles: none given to it directly. Roles that come through a group cannot be read while it is deleted; they are looked for when it is back.",
		"back.roles.unknown":   "*Admin roles*: they could not be read. Count on it that there are some.",
		"back.groups":          "Groups: %[1]s.",
		"back.groups.unknown":  "Groups: those that it was in. Which they are cannot be read while it is deleted.",

		"cost.title":   "What it costs",
		"cost":         "One licence %[1]s.",
		"cost.seats":   "One licence %[1]s, with %[2]s before this.",
		"cost.none":    "No licence.",
		"cost.pending": "A licence, still to be chosen.",

		"lost.title":     "What does not come back",
		"warn.title":     "Please note",
		"found.title":    "What I found",
		"changed.title":  "What changed since the plan was agreed",
		"who.title":      "Who may be meant",
		"who.live":       "%[1]s, %[2]s: live",
		"who.deleted":    "%[1]s, %[2]s: deleted %[3]s",
		"holder":         "%[1]s is held by %[2]s (%[3]s).",
		"holder.user":    "a user",
		"holder.group":   "a group",
		"holder.contact": "a contact",
	}
}
