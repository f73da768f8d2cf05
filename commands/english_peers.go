package commands

// englishPeers has the services that Mailback calls, and what they may say of its credential.
func englishPeers() map[string]string {
	return map[string]string{ //nolint:gosec // words about credentials, none of them one
		// Who did not answer, or in another way than wanted.
		"peer.":         "Microsoft",
		"peer.slack":    "Slack",
		"peer.graph":    "Microsoft Graph",
		"peer.exchange": "Exchange Online",
		"peer.entra":    "Microsoft Entra (sign-in)",
		"peer.database": "My own database",

		// What is wrong with a credential, and what to do about it.
		"sign-in.":                "It gave no reason; a proxy may stand between. Whoever runs Mailback has to look at its log.",
		"sign-in.secret wrong":    "AZURE_CLIENT_SECRET is not a secret of its app. An administrator has to make a new one in Microsoft Entra, under App registrations; whoever runs Mailback puts it there.",
		"sign-in.secret expired":  "Its client secret has expired. An administrator has to make a new one in Microsoft Entra, under App registrations; whoever runs Mailback puts it in the place of the old one.",
		"sign-in.certificate":     "The certificate in AZURE_CLIENT_CERTIFICATE_PATH has expired or does not belong to its app. An administrator has to upload the right one in Microsoft Entra, under App registrations.",
		"sign-in.federated token": "The token in AZURE_FEDERATED_TOKEN_FILE fits no federated credential of its app. An administrator has to compare them in Microsoft Entra, under App registrations.",
		"sign-in.no such app":     "AZURE_CLIENT_ID names no app of this tenant. Whoever runs Mailback has to set it right and restart.",
		"sign-in.app disabled":    "Its app is disabled. An administrator has to enable it in Microsoft Entra, under Enterprise applications.",
		"sign-in.no such tenant":  "AZURE_TENANT_ID names no tenant. Whoever runs Mailback has to set it right and restart.",
		"sign-in.policy":          "A conditional access policy blocks its app. An administrator has to let it through in Microsoft Entra.",
		"sign-in.token":           "Its token is not accepted. Whoever runs Mailback has to look at MAILBACK_CLOUD and at the clock of its machine.",
	}
}
