package commands

// latvianPeers has the services that Mailback calls, and what they may say of its credential.
func latvianPeers() map[string]string {
	return map[string]string{ //nolint:gosec // words about credentials, none of them one
		// Who did not answer, or in another way than wanted.
		"peer.":         "Microsoft",
		"peer.slack":    "Slack",
		"peer.graph":    "Microsoft Graph",
		"peer.exchange": "Exchange Online",
		"peer.entra":    "Microsoft Entra (pierakstīšanās)",
		"peer.database": "Mana datubāze",

		// What is wrong with a credential, and what to do about it.
		"sign-in.":                "Iemesls nav norādīts; varbūt pa vidu ir starpniekserveris. Mailback uzturētājam jāieskatās žurnālā.",
		"sign-in.secret wrong":    "AZURE_CLIENT_SECRET neatbilst nevienam lietotnes noslēpumam. Administratoram jāizveido jauns Microsoft Entra sadaļā „App registrations”; Mailback uzturētājam tas jāieraksta vecā vietā.",
		"sign-in.secret expired":  "Lietotnes klienta noslēpumam beidzies derīgums. Administratoram jāizveido jauns Microsoft Entra sadaļā „App registrations”; Mailback uzturētājam tas jāieraksta vecā vietā.",
		"sign-in.certificate":     "AZURE_CLIENT_CERTIFICATE_PATH sertifikātam beidzies derīgums vai tas nepieder lietotnei. Administratoram jāaugšupielādē pareizais Microsoft Entra sadaļā „App registrations”.",
		"sign-in.federated token": "AZURE_FEDERATED_TOKEN_FILE marķieris neatbilst nevieniem lietotnes federētajiem akreditācijas datiem. Administratoram tie jāsalīdzina Microsoft Entra sadaļā „App registrations”.",
		"sign-in.no such app":     "AZURE_CLIENT_ID nenorāda nevienu šī nomnieka lietotni. Mailback uzturētājam tas jāizlabo un Mailback jārestartē.",
		"sign-in.app disabled":    "Lietotne ir atspējota. Administratoram tā jāiespējo Microsoft Entra sadaļā „Enterprise applications”.",
		"sign-in.no such tenant":  "AZURE_TENANT_ID nenorāda nevienu nomnieku. Mailback uzturētājam tas jāizlabo un Mailback jārestartē.",
		"sign-in.policy":          "Lietotni bloķē nosacījuma piekļuves politika. Administratoram lietotne jāatļauj Microsoft Entra.",
		"sign-in.token":           "Lietotnes marķieris netiek pieņemts. Mailback uzturētājam jāpārbauda MAILBACK_CLOUD un servera pulkstenis.",
	}
}
