package commands

// latvianCommon has the names of things: states, cases, steps, and numbers. It is one table, hence its length.
func latvianCommon() map[string]string {
	return map[string]string{
		"days.zero": "%d dienu", "days.one": "%d diena", "days.other": "%d dienas",
		"hours.zero": "%d stundu", "hours.one": "%d stunda", "hours.other": "%d stundas",
		"minutes.zero": "%d minūšu", "minutes.one": "%d minūte", "minutes.other": "%d minūtes",
		"groups.zero": "%d grupu", "groups.one": "%d grupa", "groups.other": "%d grupas",
		"items.zero": "%d vienumu", "items.one": "%d vienums", "items.other": "%d vienumi",
		"seats.zero": "%d brīvu licenču", "seats.one": "%d brīva licence", "seats.other": "%d brīvas licences",

		"left":         "vēl %[1]s",
		"left.over":    "termiņš ir beidzies",
		"left.minutes": "mazāk nekā stunda",

		// What a state is called in a sentence: "R-142 is …".
		"state.submitted":      "tiek izskatīts",
		"state.confirming":     "gaida pieprasītāja apliecinājumu",
		"state.confirming.own": "gaida jūsu apliecinājumu",
		"state.pending":        "gaida apstiprinājumu",
		"state.approved":       "apstiprināts",
		"state.restoring":      "tiek izpildīts",
		"state.succeeded":      "pabeigts",
		"state.partial":        "daļēji pabeigts",
		"state.failed":         "beidzies nesekmīgi",
		"state.denied":         "noraidīts",
		"state.cancelled":      "atcelts",
		"state.expired":        "beidzies termiņš",
		"state.unneeded":       "slēgts, jo nav ko atgūt",
		"state.impossible":     "slēgts, jo atgūt nav iespējams",

		// The same, where that would be the wrong word for it.
		"state.unneeded.soon":      "slēgts, jo pastkaste jau tiek gatavota",
		"state.impossible.refused": "slēgts, jo pieprasītājam nav tiesību to pieprasīt",
		"state.impossible.again":   "slēgts, jo tas jāpieprasa citādi",
		"state.impossible.nobody":  "slēgts, jo trūkst apstiprinātāju",

		// What a case is called in a list and in "first …, now …".
		"case.noun.license":      "noņemta licence",
		"case.noun.user":         "izdzēsts lietotājs",
		"case.noun.shared":       "izdzēsta koplietota pastkaste",
		"case.noun.softdeleted":  "pastkaste bez lietotāja",
		"case.noun.inactive":     "neaktīva pastkaste",
		"case.noun.healthy":      "pastkaste darbojas",
		"case.noun.connecting":   "pastkaste vēl tiek pieslēgta",
		"case.noun.unknown":      "pastkasti nevar nolasīt",
		"case.noun.gone":         "nav atrasta",
		"case.noun.ambiguous":    "vairāki konti",
		"case.noun.synchronised": "lokālā direktorija konts",

		"type.UserMailbox":      "personas pastkaste",
		"type.SharedMailbox":    "koplietota pastkaste",
		"type.RoomMailbox":      "telpa",
		"type.EquipmentMailbox": "aprīkojums",

		// What a step does, after "I could not".
		"step.noun.restore-user":      "atgūt kontu",
		"step.noun.block-sign-in":     "bloķēt pierakstīšanos",
		"step.noun.usage-location":    "iestatīt lietošanas atrašanās vietu",
		"step.noun.assign-license":    "piešķirt kontam licenci",
		"step.noun.reprocess-license": "vēlreiz piešķirt kontam grupas licenci",
		"step.noun.mailbox":           "sasniegt pastkasti",

		// What was not so, after "When I read it back,".
		"missing.restore-user":      "konta nebija",
		"missing.block-sign-in":     "pierakstīšanās nebija bloķēta",
		"missing.usage-location":    "lietošanas atrašanās vieta nebija iestatīta",
		"missing.assign-license":    "kontam nebija licences",
		"missing.reprocess-license": "kontam nebija grupas licences",
		"missing.add-address":       "mērķa pastkastei nebija vecās pastkastes iekšējās adreses (X500)",
		"missing.copy-mailbox":      "kopijas nebija",
		"missing.copy-archive":      "arhīva kopijas nebija",
		"missing.reconnect-mailbox": "pastkastei nebija jauna konta",
		"missing.hand-over":         "pastkaste nebija atkopta",
		"missing.mailbox":           "pastkaste neatbildēja",
		"missing.items":             "daļas vienumu nebija",
		"missing.stop-copy":         "kopija joprojām bija",
		"missing.take-license":      "licence joprojām bija",
		"missing.turn-plans-off":    "licencē joprojām bija ieslēgts tas, kas bija izslēgts",

		// Why something did not work.
		"kind.internal":    "kļūda pašā Mailback",
		"kind.invalid":     "izsaukums tika noraidīts",
		"kind.not found":   "nav atrodams",
		"kind.forbidden":   "trūkst atļaujas",
		"kind.signed out":  "pierakstīšanās tika noraidīta",
		"kind.conflict":    "vārds vai adrese jau ir aizņemta",
		"kind.no seat":     "nav brīvas licences",
		"kind.throttled":   "par daudz izsaukumu reizē",
		"kind.unavailable": "atbildes nav",
		"kind.incomplete":  "atbilde aprāvās",

		"action.choice.account": "kurš konts",
		"action.choice.upn":     "jaunais pierakstīšanās vārds",
		"action.choice.drop":    "ko darīt ar aizņemtajām adresēm",
		"action.choice.license": "kura licence",
		"action.choice.signin":  "vai persona drīkst pierakstīties",

		"differs.account":   "konta vārds vai adrese",
		"differs.steps":     "vajadzīgie soļi",
		"differs.license":   "licence",
		"differs.access":    "konta grupas vai administratora lomas",
		"differs.sign-in":   "kas notiks ar pierakstīšanos",
		"differs.approvals": "vajadzīgo apstiprinājumu skaits",
		"differs.warnings":  "kas jums jāzina, pirms piekrītat",

		"channel.archived":     "tas ir arhivēts",
		"channel.not a member": "lietotne nav tam pievienota",
		"channel.shared":       "tas ir kopīgots ar citu organizāciju",
		"channel.unknown":      "tāda kanāla nav",

		// The same, in Slack's own words.
		"channel.is_archived":       "tas ir arhivēts",
		"channel.not_in_channel":    "lietotne nav tam pievienota",
		"channel.channel_not_found": "tāda kanāla nav vai lietotne nav tam pievienota",
	}
}
