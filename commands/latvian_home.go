package commands

// latvianHome has the form for asking, and the Home tab.
func latvianHome() map[string]string {
	return map[string]string{
		"ask.title":              "Atjaunot pastkasti",
		"ask.look":               "Skatīt",
		"ask.submit":             "Pieprasīt",
		"ask.close":              "Aizvērt",
		"ask.who":                "Kura pastkaste?",
		"ask.who.placeholder":    "adelev@contoso.com",
		"ask.who.hint":           "Tās adrese. Nekas vēl netiek pieprasīts: vispirms redzēsiet, kas ir zudis un kas tiktu darīts.",
		"ask.no-who":             "Kura pastkaste? Ierakstiet tās adresi, piemēram, adelev@contoso.com.",
		"ask.reason":             "Kāpēc?",
		"ask.reason.placeholder": "Viņa ir atgriezusies no atvaļinājuma",
		"ask.reason.hint":        "To lasīs apstiprinātāji.",
		"ask.no-reason":          "Lūdzu, norādiet iemeslu, piemēram, „Viņa ir atgriezusies”.",
		"ask.ticket":             "Pieteikums",
		"ask.next":               "Ja pieprasīsiet, es paskatīšos vēlreiz, jūs apliecināsiet plānu manos tiešajos ziņojumos, un apstiprinātājs izlems.",

		"home.hello":           "Es atgūstu Microsoft 365 pastkastes. Jūs pieprasāt, redzat, kas ir zudis un kas tiks darīts, un apliecināt; apstiprinātājs izlemj.",
		"home.ask":             "Pieprasīt pastkasti",
		"home.ask.it":          "Pieprasīt",
		"home.ask.it.label":    "Pieprasīt pastkasti %[1]s",
		"home.refresh":         "Atsvaidzināt",
		"home.own":             "Jūsu pieprasījumi",
		"home.own.none":        "Jums nav pieprasījumu.",
		"home.waiting":         "Gaida apstiprinājumu",
		"home.waiting.none":    "Nekas negaida jūsu lēmumu.",
		"home.running":         "Notiek darbs",
		"home.open":            "Atvērt",
		"home.open.label":      "Atvērt %[1]s kartīti",
		"home.purged":          "Izdzēstie, kas septiņu dienu laikā zudīs neatgriezeniski",
		"home.purged.line":     "*%[1]s*, %[2]s: %[3]s, %[4]s",
		"home.purged.more":     "… un vēl %[1]d: `/restore-mailbox deleted`.",
		"home.more":            "… un vēl %[1]d: `/restore-mailbox status`.",
		"home.foot":            "Dati nolasīti: %[1]s.",
		"home.next.confirming": "Aplieciniet to manos ziņojumos (*Messages*).",
		"home.next.pending":    "Tālāk izlemj apstiprinātājs.",
		"home.next.approved":   "Tūlīt sākšu.",
		"home.next.restoring":  "Paziņošu, kad būs pabeigts.",
	}
}
