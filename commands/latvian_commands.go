package commands

// latvianSyntax says what was not understood, and what to type instead: %[1]s the word, %[2]s what was probably meant, %[3]d its length,
// %[4]d the limit, %[5]s the character at fault, %[6]s where it is. A sentence under ".near" has a meaning, one under ".address" an address.
func latvianSyntax() map[string]string {
	return map[string]string{
		"syntax.long":            "Teksts ir pārāk garš (rakstzīmes: %[3]d). Norādiet vienu pastkasti un īsu iemeslu.",
		"syntax.word":            "Nesaprotu „%[1]s”. Sāciet ar pastkastes adresi; apstiprinātāji var rakstīt arī parādāmo vārdu pēdiņās: \"Adele Vance\". Vairāk: `/restore-mailbox help`.",
		"syntax.word.near":       "Nesaprotu „%[1]s”. Vai domājāt „%[2]s”? Tad rakstiet tā. Ja tas ir personas vārds, tā vietā sāciet ar pastkastes adresi.",
		"syntax.word.address":    "Nesaprotu „%[1]s”. Tā vietā norādiet pastkasti: „%[2]s”.",
		"syntax.language":        "Es nerunāju šajā valodā: „%[1]s”. Valodas, kuras protu, rāda `/restore-mailbox language`.",
		"syntax.request":         "„%[1]s” izskatās pēc pieprasījuma ID, nevis pastkastes. Ierakstiet `/restore-mailbox status %[2]s`, lai redzētu pieprasījumu, vai `/restore-mailbox cancel %[2]s`, lai to atceltu.",
		"syntax.extra":           "Šeit nesaprotu „%[1]s”. Izlaidiet to un mēģiniet vēlreiz.",
		"syntax.no-who":          "Kura pastkaste? Piemēram: `/restore-mailbox %[1]s adelev@contoso.com`.",
		"syntax.address":         "„%[1]s” nav pilna adrese. Man vajag tādu kā adelev@contoso.com.",
		"syntax.address.address": "„%[1]s” nav adrese. Vai domājāt „%[2]s”? Tad aiz tās lieciet atstarpi.",
		"syntax.invisible":       "„%[1]s” nav tāda adrese, kāda izskatās: aiz „%[6]s” tajā ir neredzama rakstzīme, %[5]s. Lūdzu, ierakstiet adresi ar roku.",
		"syntax.lookalike":       "„%[1]s”: %[6]s rakstzīme ir %[5]s, un tā neatbilst pārējām. Lūdzu, ierakstiet adresi ar roku.",
		"syntax.lookalike.near":  "„%[1]s”: %[6]s rakstzīme ir %[5]s. Vai domājāt „%[2]s”? Lūdzu, rakstiet tā.",
		"syntax.sign":            "Adresē „%[1]s” ir zīme „%[5]s”, ko Exchange Online var saprast arī citādi, tāpēc pēc šīs adreses pastkasti nemeklēju. Lūdzu, norādiet citu pastkastes adresi vai pierakstīšanās vārdu.",
		"syntax.two":             "Lūdzu, pa vienai pastkastei: „%[1]s” šeit ir lieks. Ja tas pieder pie iemesla, lieciet tam priekšā kādu vārdu.",
		"syntax.handle":          "„%[1]s” nekļuva par pieminējumu. Izvēlieties personu sarakstā, ko rāda Slack, vai ierakstiet adresi.",
		"syntax.not-person":      "„%[1]s” nav pastkaste. Lūdzu, ierakstiet pastkastes adresi vai pieminiet personu.",
		"syntax.label":           "Saite rāda „%[1]s”, bet tajā ir cita adrese. Lūdzu, ierakstiet to, kuru domājat.",
		"syntax.label.near":      "Saite rāda „%[1]s”, bet tajā ir „%[2]s”. Lūdzu, ierakstiet to, kuru domājat.",
		"syntax.quote":           "Pēdiņas šeit nesader: „%[1]s”. Lieciet starp divām pēdiņām vārdu un neko citu: \"Adele Vance\".",
		"syntax.empty-name":      "Starp pēdiņām nekā nav. Ierakstiet tur parādāmo vārdu: \"Adele Vance\".",
		"syntax.long-name":       "„%[1]s” ir pārāk garš meklēšanai (atļautās rakstzīmes: %[4]d). Ierakstiet mazāk vai pastkastes adresi.",
		"syntax.key":             "Nepazīstu atslēgvārdu „%[1]s”. Pazīstu as:, into:, license: un ticket:. Iemeslam atslēgvārdu nevajag; ja „%[1]s” pieder pie tā, lieciet tam priekšā kādu vārdu.",
		"syntax.key.near":        "Nepazīstu atslēgvārdu „%[1]s”. Vai domājāt „%[2]s:”?",
		"syntax.item-key":        "Aiz items nepazīstu atslēgvārdu „%[1]s”. Pazīstu after:, before:, type:, folder: un ticket:, savai pastkastei arī subject: un from:. Iemeslam atslēgvārdu nevajag; ja „%[1]s” pieder pie tā, lieciet tam priekšā kādu vārdu.",
		"syntax.item-key.near":   "Aiz items nepazīstu atslēgvārdu „%[1]s”. Vai domājāt „%[2]s:”?",
		"syntax.key-items":       "„%[1]s” der tikai izdzēstiem vienumiem: `/restore-mailbox items adelev@contoso.com %[1]s…`. Lai atgūtu pašu pastkasti, izlaidiet to; ja tas pieder pie iemesla, lieciet tam priekšā kādu vārdu.",
		"syntax.key-first":       "Lieciet „%[1]s” aiz pastkastes: vispirms pastkaste, tad atslēgvārdi, tad iemesls.",
		"syntax.key-empty":       "Tūlīt aiz „%[1]s” jābūt vērtībai, bez atstarpes pēc kola.",
		"syntax.key-twice":       "„%[1]s” ir divreiz. Izlaidiet vienu un mēģiniet vēlreiz.",
		"syntax.key-late":        "Lūdzu, lieciet „%[1]s” pirms iemesla, tūlīt aiz pastkastes.",
		"syntax.license":         "„%[1]s” nav licences kods (SKU). Tāds kods ir, piemēram, SPE_E3 vai ENTERPRISEPACK.",
		"syntax.ticket":          "Pieteikums ir pārāk garš (rakstzīmes: %[3]d, atļautas: %[4]d). Norādiet tikai tā numuru, pārējo – kā iemeslu.",
		"syntax.ticket-form":     "„%[1]s” neatbilst šeit lietotajai pieteikumu numerācijai. Pārbaudiet numuru un mēģiniet vēlreiz; nekas netika reģistrēts.",
		"syntax.no-reason":       "Lūdzu, norādiet iemeslu: ierakstiet to rindas beigās, piemēram, „Viņa ir atgriezusies”, un nosūtiet vēlreiz. Nekas netika reģistrēts.",
		"syntax.reason-long":     "Iemesls ir pārāk garš (rakstzīmes: %[3]d, atļautas: %[4]d). Nekas netika reģistrēts; lūdzu, saīsiniet to.",
		"syntax.no-id":           "Kurš pieprasījums? Piemēram: `/restore-mailbox cancel R-142`. Jūsu pieprasījumus rāda `/restore-mailbox status`.",
		"syntax.id":              "„%[1]s” nav pieprasījuma ID. Pieprasījuma ID izskatās, piemēram, šādi: R-142. Jūsu pieprasījumus rāda `/restore-mailbox status`.",
		"syntax.two-ids":         "Lūdzu, pa vienam pieprasījumam: vispirms %[2]s, tad %[1]s, katrs ar savu komandu.",

		// Characters that are not what they seem: %[1]s the character, %[2]s its code point.
		"char.Cyrillic": "kirilicas „%[1]s” (U+%[2]s)",
		"char.Greek":    "grieķu „%[1]s” (U+%[2]s)",
		"char.Armenian": "armēņu „%[1]s” (U+%[2]s)",
		"char.Latin":    "latīņu „%[1]s” (U+%[2]s)",
		"char.wide":     "pilna platuma „%[1]s” (U+%[2]s)",
		"char.sign":     "„%[1]s” (U+%[2]s)",
		"char.hidden":   "U+%[2]s",
		"char.not":      "%[1]s, nevis „%[2]s”",
		"char.0020":     "atstarpe (U+%[2]s)",
		"char.00A0":     "nedalāmā atstarpe (U+%[2]s)",
		"char.00AD":     "mīkstā defise (U+%[2]s)",
		"char.200B":     "nulles platuma atstarpe (U+%[2]s)",
		"char.200C":     "nulles platuma atdalītājs (U+%[2]s)",
		"char.200D":     "nulles platuma savienotājs (U+%[2]s)",
		"char.200E":     "virziena zīme pa labi (U+%[2]s)",
		"char.200F":     "virziena zīme pa kreisi (U+%[2]s)",
		"char.2060":     "vārdu savienotājs (U+%[2]s)",
		"char.FEFF":     "baitu secības zīme (U+%[2]s)",
	}
}

// latvianCommands has the answers to commands, buttons and forms. It is one table, hence its length.
func latvianCommands() map[string]string {
	return map[string]string{
		"ack.asked":        "%[1]s: jūsu pieprasījums ir reģistrēts (%[2]s). Es to izskatu un tālāk rakstīšu jums tiešajā ziņojumā.",
		"ack.asked.before": "%[1]s: šāds pieprasījums jums jau ir, un tas vēl ir atvērts (%[2]s). Tas turpinās manos tiešajos ziņojumos jums.",
		"ack.cancel":       "%[1]s: jūsu lūgums to atcelt ir reģistrēts. Es jums paziņošu.",
		"looking":          "Meklēju…",

		"nothing-recorded":       "Man neizdevās to reģistrēt, tāpēc nekas netika darīts. Lūdzu, pēc minūtes mēģiniet vēlreiz.",
		"nothing-recorded.click": "%[1]s: man neizdevās reģistrēt jūsu klikšķi, tāpēc nekas netika darīts. Lūdzu, nospiediet vēlreiz.",
		"not-read":               "Man neizdevās nolasīt pieprasījumus. Lūdzu, pēc minūtes mēģiniet vēlreiz.",
		"no-such-request":        "Jums redzama pieprasījuma %[1]s nav. Jūsu pieprasījumus rāda `/restore-mailbox status`.",
		"unreachable":            "%[1]s: es nevaru jums rakstīt (%[2]s), tāpēc pieprasījumu atcēlu, un nekas netika mainīts. Slack atveriet *Apps*, tad *Mailback*, tad cilni *Messages* un pieprasiet vēlreiz.",

		"help.short": "Pasakiet, kuras pastkastes trūkst, piemēram: `/restore-mailbox adelev@contoso.com Viņa ir atgriezusies no atvaļinājuma`. " +
			"Vairāk: `/restore-mailbox help`.",
		"help": "Es atgūstu Microsoft 365 pastkastes. Jūs pieprasāt, redzat, kas ir zudis un kas tiks darīts, un apliecināt; apstiprinātājs izlemj.\n" +
			"• `/restore-mailbox adelev@contoso.com Viņa ir atpakaļ` pieprasa pastkasti un nosauc iemeslu. Der arī pieminējums; apstiprinātājiem arī objekta ID vai \"parādāmais vārds\".\n" +
			"• `as:adele.v@contoso.com` pirms iemesla dod tai jaunu pierakstīšanās vārdu; `license:SPE_E3` nosauc licenci, `ticket:4711` – jūsu pieteikumu.\n" +
			"• `into:lidiah@contoso.com` kopē pastkasti, kuras konta vairs nav, citā pastkastē.\n" +
			"• `/restore-mailbox check adelev@contoso.com` pasaka, kas ir zināms, un neko nemaina.\n" +
			"• `/restore-mailbox items adelev@contoso.com after:7d folder:Inbox` atgūst izdzēstos ziņojumus, sapulces, kontaktpersonas un uzdevumus esošā pastkastē. " +
			"Sašauriniet atlasi ar `after:` `before:` `type:` `folder:`; savā pastkastē arī ar `subject:` un `from:`, kas nekur netiek saglabāti.\n" +
			"• `/restore-mailbox bulk after:yesterday domain:contoso.com Kļūda sinhronizācijā` atgūst daudzas pastkastes reizē (tikai apstiprinātājiem); der arī `before:` `department:` un ielīmētas adreses.\n" +
			"• `/restore-mailbox status` uzskaita jūsu pieprasījumus, `status R-142` parāda vienu.\n" +
			"• `/restore-mailbox cancel R-142` atceļ pieprasījumu, kamēr vēl nekas nav mainīts.\n" +
			"• `/restore-mailbox deleted` uzskaita izdzēstos lietotājus (tikai apstiprinātājiem); `deleted adele` – tikai atbilstošos.\n" +
			"• `/restore-mailbox` bez nekā cita atver veidlapu; to atver arī saīsne *Restore a mailbox* un mana cilne *Home*, kurā ir visi jūsu pieprasījumi.\n" +
			"• `/restore-mailbox language en` liek man runāt ar jums angliski.\n" +
			"• `/restore-mailbox help` parāda šo tekstu.",

		"language.which":  "Es runāju ar jums latviski. Jūs varat izvēlēties. %[1]s",
		"language.choice": "%[1]s: `/restore-mailbox language %[2]s`",
		"language.chosen": "Turpmāk runāšu ar jums latviski.",

		"error.internal":    "Pašā Mailback darbībā radās kļūda. Lūdzu, mēģiniet vēlreiz; ja tā atkārtojas, pasakiet Mailback uzturētājam.",
		"error.invalid":     "%[1]s nepieņēma jautājumu. Pasakiet to Mailback uzturētājam.",
		"error.not-found":   "%[1]s: nekā tāda nav vai vairs nav. Pārbaudiet rakstību un mēģiniet vēlreiz; ja tam tur jābūt, pasakiet Mailback uzturētājam.",
		"error.throttled":   "%[1]s lūdz pauzi. Lūdzu, pēc minūtes mēģiniet vēlreiz.",
		"error.unavailable": "%[1]s pašlaik neatbild. Lūdzu, pēc minūtes mēģiniet vēlreiz.",
		"error.incomplete":  "Microsoft atbilde, iespējams, nav pilna, tāpēc es to nerādu. Pēc minūtes mēģiniet vēlreiz; izdzēsto lietotāju sarakstu sašauriniet ar tekstu: `/restore-mailbox deleted adele`.",

		"trouble.busy":     "Man pašlaik ir pārāk daudz darba, tāpēc nekas netika reģistrēts. Lūdzu, pēc minūtes mēģiniet vēlreiz.",
		"trouble.failed":   "Mailback darbībā radās kļūda. Iespējams, tas netika reģistrēts: pirms mēģināt vēlreiz, paskatieties ar `/restore-mailbox status`.",
		"trouble.foreign":  "Šeit tā nav mana komanda, tāpēc nekas netika reģistrēts. Mēģiniet `/restore-mailbox help`.",
		"trouble.external": "Mailback var lietot tikai cilvēki no darbvietas, kurā tas ir instalēts, tāpēc nekas netika reģistrēts.",
		"trouble.late":     "Tas aizņem ilgāku laiku nekā parasti. Vai tas ir reģistrēts, rādīs `/restore-mailbox status`.",
		"trouble.oversize": "Tas ir izdarīts, bet atbilde ir pārāk gara, lai to parādītu. Kā ir tagad, rāda `/restore-mailbox status`.",

		"accounts.zero": "%d izdzēstu lietotāju", "accounts.one": "%d izdzēsts lietotājs", "accounts.other": "%d izdzēsti lietotāji",
		"deleted.title":     "%[1]s:",
		"deleted.line":      "%[1]s, %[2]s (izdzēsts: %[3]s): %[4]s",
		"deleted.more":      "… un vēl %[1]d. Sašauriniet: `/restore-mailbox deleted adele`.",
		"deleted.none":      "Izdzēstu lietotāju nav.",
		"deleted.none.text": "Nevienam izdzēstam lietotājam vārdā vai adresē nav „%[1]s”. Rakstiet mazāk; visus rāda `/restore-mailbox deleted`.",

		"in-ascii":   "Domēnā ir burti ārpus ASCII; pasta programmām tas ir %[1]s. Pārliecinieties, ka domājat tieši šo domēnu.",
		"check.ask":  "Lai to atgūtu, ierakstiet: `/restore-mailbox %[1]s` un iemeslu.",
		"check.foot": "Nolasīts: %[1]s. Nekas netika mainīts.",

		// Notes about what was typed.
		"note.ticket":  "Pieteikums: %[1]s",
		"note.id-only": "Objekta ID var izmantot tikai apstiprinātāji. Lūdzu, pieprasiet ar adresi.",

		"status.title":  "Pieprasījumi:",
		"status.none":   "Jums nav pieprasījumu. Pieprasiet: `/restore-mailbox adelev@contoso.com Viņa ir atpakaļ`.",
		"status.line":   "%[1]s, %[2]s: %[3]s (kopš: %[4]s).",
		"status.by":     "Pieprasīja %[1]s.",
		"status.reason": "Iemesls: %[1]s",

		"emergency.title":       "Steidzami: %[1]s",
		"emergency.label":       "Kāpēc tas nevar gaidīt?",
		"emergency.placeholder": "Tiesas termiņš beidzas šodien, un …",
		"emergency.hint":        "Jūs izlemjat vienpersoniski. Visiem apstiprinātājiem un pieprasītājam par to uzreiz tiek paziņots, norādot arī jūsu iemeslu, un tas tiek atzīmēts audita žurnālā.",
		"emergency.submit":      "Atjaunot tūlīt",
		"emergency.close":       "Atpakaļ",
		"emergency.empty":       "Lai izlemtu vienam, vajadzīgs iemesls.",

		"deny.title":        "Noraidīt %[1]s",
		"deny.label":        "Kāpēc?",
		"deny.placeholder":  "Konts paliek slēgts, jo …",
		"deny.hint":         "Pieprasītājs to lasīs, un tas paliks audita žurnālā. Lūdzu, rakstiet konkrēti.",
		"deny.submit":       "Noraidīt pieprasījumu",
		"deny.close":        "Atpakaļ",
		"deny.empty":        "Noraidījumam vajag iemeslu.",
		"deny.long":         "Rakstzīmju skaits ir %[2]d; lūdzu, ne vairāk kā %[1]d.",
		"deny.not-recorded": "Man neizdevās to reģistrēt, tāpēc nekas netika darīts. Lūdzu, pēc minūtes mēģiniet vēlreiz.",
		"form.not-opened":   "%[1]s: Slack neatvēra veidlapu, tāpēc nekas netika darīts. Lūdzu, vēlreiz nospiediet „%[2]s”.",
	}
}
