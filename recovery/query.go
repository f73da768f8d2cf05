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

// OddSigns are the signs with which a text may mean more than itself to Exchange Online: wildcards of an Identity (* and ?) and
// what quotes or groups in PowerShell. RFC 5322 allows them in an address, but no mailbox is looked up by one that has them.
const OddSigns = "*?\\\"{}"

// beyond says why a requester who is no approver may not ask so; nil for one address or person. A name can mean several people,
// and behind an object id stands an address that nobody named.
func (q Query) beyond() *Note {
	switch q.Kind {
	case ByName:
		return &Note{Code: NoteNameOnly}
	case ByObjectID:
		return &Note{Code: NoteIDOnly}
	default:
		return nil
	}
}

// Ask is a requester's wish as typed, parsed and checked for form.
type Ask struct {
	Query   Query  `json:"query"`
	As      string `json:"as,omitempty"`      // new sign-in name wished for (as:)
	License string `json:"license,omitempty"` // SKU part number wished for (license:)
	Into    string `json:"into,omitempty"`    // address of the mailbox to copy into (into:)
	Ticket  string `json:"ticket,omitempty"`  // number of the help desk's ticket (ticket:)
	Reason  string `json:"reason,omitempty"`

	Items *ItemWish `json:"items,omitempty"` // recoverable items of the mailbox are wanted back, not the mailbox
	Bulk  *BulkWish `json:"bulk,omitempty"`  // many mailboxes are wanted back; Query is empty
}

// Equal says whether two asks want the same.
func (a Ask) Equal(o Ask) bool {
	one, two := a.Items, o.Items
	many, others := a.Bulk, o.Bulk
	a.Items, o.Items, a.Bulk, o.Bulk = nil, nil, nil, nil
	return a == o && many.equal(others) && (one == nil) == (two == nil) && (one == nil || *one == *two)
}

// ItemWish says which recoverable items are wanted back, by what anybody may filter by. What only the mailbox's owner may
// filter by, subjects and senders, is no part of an ask: it is recorded nowhere.
type ItemWish struct {
	After  string `json:"after,omitempty"`  // deleted from the start of this day on: see DayWord
	Before string `json:"before,omitempty"` // deleted before the start of this day
	Type   string `json:"type,omitempty"`   // as in ItemFilter
	Folder string `json:"folder,omitempty"` // as in ItemFilter
	Pick   bool   `json:"pick,omitempty"`   // none but those that the owner ticks: a subject or a sender was named
}

// SameAddress says whether two SMTP addresses or sign-in names are the same to Exchange and Entra, which ignore case.
func SameAddress(a, b string) bool { return a != "" && strings.EqualFold(a, b) }
