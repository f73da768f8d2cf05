package commands

// products are the product names of well-known part numbers, the same in every language
// (Microsoft Learn: Product names and service plan identifiers for licensing).
var products = map[string]string{
	"O365_BUSINESS_ESSENTIALS": "Microsoft 365 Business Basic",
	"O365_BUSINESS_PREMIUM":    "Microsoft 365 Business Standard",
	"SPB":                      "Microsoft 365 Business Premium",
	"STANDARDPACK":             "Office 365 E1",
	"ENTERPRISEPACK":           "Office 365 E3",
	"ENTERPRISEPREMIUM":        "Office 365 E5",
	"DESKLESSPACK":             "Office 365 F3",
	"SPE_E3":                   "Microsoft 365 E3",
	"SPE_E5":                   "Microsoft 365 E5",
	"SPE_F1":                   "Microsoft 365 F3",
	"EXCHANGESTANDARD":         "Exchange Online Plan 1",
	"EXCHANGEENTERPRISE":       "Exchange Online Plan 2",
	"EXCHANGEDESKLESS":         "Exchange Online Kiosk",
}
