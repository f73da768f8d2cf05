package commands

import (
	"cmp"
	"maps"
	"strconv"
	"time"

	textlanguage "golang.org/x/text/language"
	"golang.org/x/text/message"
)

// english is the first language. Its sentences are written for somebody tired, on a phone.
func english() language {
	l := language{
		code: "en", name: "English", english: "English", also: []string{"angļu", "anglu", "angliski"},
		tag: textlanguage.English, numbers: message.NewPrinter(textlanguage.English),
		ordinal: englishOrdinal,
		text:    map[string]string{},
		date:    func(t time.Time) string { return t.Format("2 January 2006, 15:04 UTC") },
	}
	for _, part := range []map[string]string{englishCommon(), englishPeers(), englishCards(), englishPlan(), englishExchange(), englishLines(), englishNotes(), englishSyntax(), englishCommands(), englishUndo(), englishItems(), englishBulk(), englishHome()} {
		maps.Copy(l.text, part)
	}
	return l
}

func englishOrdinal(n int) string {
	if n%100 >= 11 && n%100 <= 13 {
		return strconv.Itoa(n) + "th"
	}
	return strconv.Itoa(n) + cmp.Or(map[int]string{1: "st", 2: "nd", 3: "rd"}[n%10], "th")
}

// englishCommon has the names of things: states, cases, steps, and numbers. It is one table, hence its length.
func englishCommon() map[string]string {
	return map[string]string{
		"days.one": "%d day", "days.other": "%d days",
		"hours.one": "%d hour", "hours.other": "%d hours",
		"minutes.one": "%d minute", "minutes.other": "%d minutes",
		"groups.one": "%d group", "groups.other": "%d groups",
		"items.one": "%d item", "items.other": "%d items",
		"seats.one": "%d seat free", "seats.other": "%d seats free",

		"left":         "%[1]s left",
		"left.over":    "the time is over",
		"left.minutes": "less than an hour left",

		// What a state is called in a sentence: "R-142 is …".
		"state.submitted":      "being looked at",
		"state.confirming":     "waiting for the requester's confirmation",
		"state.confirming.own": "waiting for your confirmation",
		"state.pending":        "waiting for approval",
		"state.approved":       "approved",
		"state.restoring":      "in progress",
		"state.succeeded":      "done",
		"state.partial":        "partly done",
		"state.failed":         "ended without success",
		"state.denied":         "denied",
		"state.cancelled":      "cancelled",
		"state.expired":        "expired",
		"state.unneeded":       "closed, because there is nothing to bring back",
		"state.impossible":     "closed, because there is no way back",

		// The same, where that would be the wrong word for it.
		"state.unneeded.soon":      "closed, because the mailbox is on its way",
		"state.impossible.refused": "closed, because the requester may not ask for that",
		"state.impossible.again":   "closed, because it has to be asked for in another way",
		"state.impossible.nobody":  "closed, because too few people could decide",

		// What a case is called in a list and in "first …, now …".
		"case.noun.license":      "licence removed",
		"case.noun.user":         "user deleted",
		"case.noun.shared":       "shared mailbox deleted",
		"case.noun.softdeleted":  "mailbox without its user",
		"case.noun.inactive":     "inactive mailbox",
		"case.noun.healthy":      "working mailbox",
		"case.noun.connecting":   "mailbox that is still connecting",
		"case.noun.unknown":      "mailbox that cannot be read",
		"case.noun.gone":         "not there",
		"case.noun.ambiguous":    "several accounts",
		"case.noun.synchronised": "on-premises account",

		"type.UserMailbox":      "a person's mailbox",
		"type.SharedMailbox":    "a shared mailbox",
		"type.RoomMailbox":      "a room",
		"type.EquipmentMailbox": "equipment",

		// What a step does, after "I could not".
		"step.noun.restore-user":      "bring the account back",
		"step.noun.block-sign-in":     "block its sign-in",
		"step.noun.usage-location":    "set its usage location",
		"step.noun.assign-license":    "give it its licence",
		"step.noun.reprocess-license": "give it its group's licence again",
		"step.noun.mailbox":           "reach the mailbox",

		// What was not so, after "When I read it back,".
		"missing.restore-user":      "the account was not there",
		"missing.block-sign-in":     "its sign-in was not blocked",
		"missing.usage-location":    "its usage location was not set",
		"missing.assign-license":    "its licence was not there",
		"missing.reprocess-license": "the licence from its group was not there",
		"missing.add-address":       "the target mailbox did not have the old one's internal address (X500)",
		"missing.copy-mailbox":      "the copy was not there",
		"missing.copy-archive":      "the copy of the archive was not there",
		"missing.reconnect-mailbox": "the mailbox had no new account",
		"missing.hand-over":         "the mailbox was not recovered",
		"missing.mailbox":           "the mailbox did not answer",
		"missing.items":             "not all of the items were there",
		"missing.stop-copy":         "the copy was still there",
		"missing.take-license":      "the licence was still there",
		"missing.turn-plans-off":    "what was off in the licence was still on",

		// Why something did not work.
		"kind.internal":    "a fault in Mailback itself",
		"kind.invalid":     "the call was refused",
		"kind.not found":   "it is not there",
		"kind.forbidden":   "a permission is missing",
		"kind.signed out":  "the sign-in was refused",
		"kind.conflict":    "a name or address is taken",
		"kind.no seat":     "no licence is free",
		"kind.throttled":   "too many calls at once",
		"kind.unavailable": "no answer",
		"kind.incomplete":  "the answer was cut short",

		"action.choice.account": "which account",
		"action.choice.upn":     "the new sign-in name",
		"action.choice.drop":    "what to do about addresses that are taken",
		"action.choice.license": "which licence",
		"action.choice.signin":  "whether the person may sign in",

		"differs.account":   "the account's name or address",
		"differs.steps":     "the steps that are needed",
		"differs.license":   "the licence",
		"differs.access":    "its groups or admin roles",
		"differs.sign-in":   "what becomes of its sign-in",
		"differs.approvals": "how many people must approve",
		"differs.warnings":  "what you must know before you agree",

		"channel.archived":     "it is archived",
		"channel.not a member": "the app is not in it",
		"channel.shared":       "it is shared with another organisation",
		"channel.unknown":      "there is no such channel",

		// The same, in Slack's own words.
		"channel.is_archived":       "it is archived",
		"channel.not_in_channel":    "the app is not in it",
		"channel.channel_not_found": "there is no such channel, or the app is not in it",
	}
}
