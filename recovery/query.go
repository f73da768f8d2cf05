package recovery

import "strings"

// QueryKind says how a person named the mailbox.
type QueryKind string

// The ways to name a mailbox.
const (
	ByAddress  QueryKind = "address" // an SMTP address or sign-in name
	ByObjectID QueryKind = "object"  // an Entra object id
	ByPerson   QueryKind = "person"  // a Slack user id, from a mention
	ByName     QueryKind = "name"    // a display name: finds candidates, never decides
)

// Query is what a person named: the WHO of /restore-mailbox.
type Query struct {
	Kind  QueryKind `json:"kind"`
	Value string    `json:"value"`
}

// Ask is a requester's wish as typed, parsed and checked for form.
type Ask struct {
	Query   Query  `json:"query"`
	As      string `json:"as,omitempty"`      // new sign-in name wished for (as:)
	License string `json:"license,omitempty"` // SKU part number wished for (license:)
	Into    string `json:"into,omitempty"`    // address of the mailbox to copy into (into:)
	Reason  string `json:"reason,omitempty"`
}

// SameAddress says whether two SMTP addresses or sign-in names are the same to Exchange and Entra, which ignore case.
func SameAddress(a, b string) bool { return a != "" && strings.EqualFold(a, b) }
