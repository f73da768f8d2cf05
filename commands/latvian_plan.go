package commands

// latvianPlan has what a plan does, how far it is, what comes back with the mailbox and what it costs.
func latvianPlan() map[string]string {
	return map[string]string{
		"plan.title":             "Kas tiks darīts",
		"step.restore-user":      "Atgūt izdzēsto kontu.",
		"step.restore-user.as":   "Atgūt izdzēsto kontu ar pierakstīšanās vārdu %[1]s.",
		"step.block-sign-in":     "Uzreiz bloķēt pierakstīšanos.",
		"step.usage-location":    "Iestatīt lietošanas atrašanās vietu: %[1]s.",
		"step.assign-license":    "Piešķirt kontam licenci %[1]s.",
		"step.reprocess-license": "Likt Microsoft vēlreiz piešķirt kontam grupas licenci %[1]s.",
		"step.mailbox":           "Sagaidīt, līdz pastkaste atbild, tad visu pārbaudīt.",

		"done.title":           "Kas ir paveikts",
		"progress.title":       "Izpildes gaita",
		"progress.title.ended": "Kas tika darīts",
		"progress.done":        "Pabeigts (%[1]s): %[2]s",
		"progress.skipped":     "Vairs nav vajadzīgs, pastkaste atgūta citādi: %[1]s",
		"progress.found":       "Jau bija izdarīts: %[1]s",
		"progress.working":     "Sākts (%[1]s), vēl notiek: %[2]s",
		"progress.problem":     "Sākts (%[1]s), gaida: %[2]s %[3]s",
		"progress.by-hand":     "Sākts (%[1]s), gaida: %[2]s",
		"progress.failed":      "Nav izdarīts: %[1]s",
		"progress.open":        "Vēl jāizdara: %[1]s",
		"progress.next":        "Līdz nākamajai pārbaudei ne vairāk kā %[1]s.",

		"back.title":           "Kas atgriežas līdzi",
		"back.unchanged":       "Nekas cits nemainās: konts ir aktīvs un patur pierakstīšanos, grupas un lomas.",
		"back.limited":         "Konts atgriežas tāds, kāds bija, ar grupām un visu pārējo, kam tas varēja piekļūt.",
		"back.sign-in.returns": "*Pierakstīšanās*: persona uzreiz atkal varēs pierakstīties.",
		"back.sign-in.off":     "Pierakstīšanās: bija bloķēta un paliek bloķēta.",
		"back.sign-in.unknown": "*Pierakstīšanās*: Microsoft nenorādīja, vai tā bija bloķēta; rēķinieties, ka persona varēs pierakstīties.",
		"back.sign-in.blocked": "Pierakstīšanās: tiks uzreiz bloķēta.",
		"back.roles":           "*Administratora lomas*: %[1]s.",
		"back.roles.none":      "Administratora lomas: tieši piešķirtu nav. Lomas, kas nāk caur grupu, nevar nolasīt, kamēr konts ir izdzēsts; tās pārbaudīšu, kad konts būs atgūts.",
		"back.roles.unknown":   "*Administratora lomas*: tās nevarēja nolasīt. Rēķinieties, ka tādas ir.",
		"back.groups":          "Grupas: %[1]s.",
		"back.groups.unknown":  "Grupas: tās pašas, kas bija. Kuras tās ir, nevar nolasīt, kamēr konts ir izdzēsts.",

		"cost.title":   "Izmaksas",
		"cost":         "Viena licence %[1]s.",
		"cost.seats":   "Viena licence %[1]s; pirms tam %[2]s.",
		"cost.none":    "Bez licences.",
		"cost.pending": "Licence, kas vēl jāizvēlas.",

		"lost.title":     "Kas neatgriežas",
		"warn.title":     "Ņemiet vērā",
		"found.title":    "Kas atrasts",
		"changed.title":  "Kas mainījies kopš plāna saskaņošanas",
		"who.title":      "Kas varētu būt domāts",
		"who.live":       "%[1]s, %[2]s: aktīvs",
		"who.deleted":    "%[1]s, %[2]s: izdzēsts (%[3]s)",
		"holder":         "Adresi %[1]s tagad izmanto %[2]s (%[3]s).",
		"holder.user":    "lietotājs",
		"holder.group":   "grupa",
		"holder.contact": "kontaktpersona",
	}
}
