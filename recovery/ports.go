package recovery

import (
	"context"
	"time"
)

// Directory reads the tenant through Microsoft Graph. All errors are *Error.
type Directory interface {
	// Find finds the accounts that a query (by address, object id or display name) means, with Account alone, and reads the
	// tenant unless it is by name; at most two calls wait for each other. Matches are exact; a list that may be cut short is an
	// Incomplete error.
	Find(ctx context.Context, q Query) (Findings, error)
	// Complete reads what belongs to the accounts that were found, all side by side.
	Complete(ctx context.Context, found []Found) error
	// Account reads one live user by object id, with Microsoft's clock; NotFound when it is not (yet) live.
	Account(ctx context.Context, id string) (Account, Receipt, error)
	// Mailbox asks a live user's mailbox for its purpose.
	Mailbox(ctx context.Context, id string) (Probe, error)
	// Deleted lists deleted users whose name or address contains text, latest first; Incomplete when it cannot be whole.
	Deleted(ctx context.Context, text string) ([]Account, error)
}

// Restorer changes the tenant through Microsoft Graph. All errors are *Error; after Unavailable the change may have
// happened.
type Restorer interface {
	RestoreUser(ctx context.Context, id string, as RestoreAs) (Receipt, error)
	// AssignLicense adds a SKU with exactly these plans switched off (Graph replaces the list).
	AssignLicense(ctx context.Context, id string, license AssignedLicense) (Receipt, error)
	// RemoveLicense takes a SKU away that was assigned to the user directly. NotFound where it is not assigned; Invalid with Detail
	// FromGroup where a group gives it.
	RemoveLicense(ctx context.Context, id, sku string) (Receipt, error)
	ReprocessLicenses(ctx context.Context, id string) (Receipt, error)
	SetUsageLocation(ctx context.Context, id, country string) (Receipt, error)
	BlockSignIn(ctx context.Context, id string) (Receipt, error)
}

// RestoreAs says under which names a deleted user comes back. The zero value is: as it was.
type RestoreAs struct {
	UserPrincipalName string // newUserPrincipalName; empty keeps the old one
	DropConflicts     bool   // autoReconcileProxyConflict: addresses that others hold now stay with them
}

// People reads who somebody is in Slack, fresh enough for a decision. Its errors mean "not proven".
type People interface {
	Person(ctx context.Context, userID string) (Person, error)
	// Members gives the user ids of a user group; an error for a group that is disabled or not there.
	Members(ctx context.Context, groupID string) ([]string, error)
	Channel(ctx context.Context, channelID string) (Channel, error)
}

// Person is a Slack user as users.info shows it. A field that Slack left out counts as the worse value.
type Person struct {
	ID       string
	TeamID   string
	Name     string
	Email    string // empty unless confirmed
	Locale   string
	TimeZone string
	Deleted  bool
	Bot      bool // bot, app or workflow user
	Guest    bool // single- or multi-channel guest
	External bool // of another workspace: is_stranger, or another team
	Invited  bool // not yet signed in
}

// Channel is what is asked of the approval channel.
type Channel struct {
	ID       string
	Member   bool // the app is in it
	Private  bool
	Shared   bool // with another organisation
	Archived bool
}

// Store keeps requests. It is the only way to change one.
type Store interface {
	// Create stores a new request with its first event, its messages and its first job, and gives it its ID. When a
	// request with the same Key is there already it returns that one and false.
	Create(ctx context.Context, r Request, e Event) (Request, bool, error)
	// Update changes a request: row, event, messages and next job are committed together or not at all, and so are several
	// changes, each of which sees what those before it did. The closures do no I/O and may run more than once. An Event
	// without Kind is bookkeeping: the row alone is saved, the version stays. With an Event the version grows, a change of
	// State sets EnteredAt to the event's time, and the store fills in Request, Seq, From, To, Fingerprint and a missing At. A
	// change of State that the state table does not have is refused with ErrEdge. ErrNotFound when there is no such request.
	Update(ctx context.Context, id int64, changes ...func(*Request) (Event, error)) (Request, error)
	// Lease begins a turn: take sees the request as it is now and sets its lease, or refuses with an error, which Lease then gives. Only
	// the lease is kept, so this costs less than Update. ErrNotFound when there is no such request.
	Lease(ctx context.Context, id int64, take func(*Request) error) (Request, error)
	// Request gives one request as it is now; ErrNotFound.
	Request(ctx context.Context, id int64) (Request, error)
	// Requests lists requests, latest first.
	Requests(ctx context.Context, f Filter) ([]Request, error)
	// Posted tells which request and which of its messages was posted in channel as ts; ErrNotFound for none of ours.
	Posted(ctx context.Context, channel, ts string) (id int64, key string, err error)
	// Cards tells where the cards with this Key of these requests stand, by the requests' ids; it has none that was not posted.
	Cards(ctx context.Context, key string, ids []int64) (map[int64]Place, error)
}

// Place is where a message stands in Slack.
type Place struct{ Channel, TS string }

// ItemList keeps which recoverable items a request is about, and what became of each. It has no subject and no sender.
type ItemList interface {
	// SaveItems replaces the request's list, all at once.
	SaveItems(ctx context.Context, request int64, rows []ItemRow) error
	// ItemRows gives the whole list, by number.
	ItemRows(ctx context.Context, request int64) ([]ItemRow, error)
	// NextItems gives the first chosen rows without a result, at most limit: those with the fewest tries, and of these by number.
	NextItems(ctx context.Context, request int64, limit int) ([]ItemRow, error)
	// ChooseItems marks these numbers as chosen, and no others.
	ChooseItems(ctx context.Context, request int64, numbers []int) error
	// UpdateItems writes how far these rows are: Began, Tries, Sent, Result and RestoredTo, all at once.
	UpdateItems(ctx context.Context, request int64, rows ...ItemRow) error
	// ReopenItems takes back the results and the tries of all but those that were restored or are gone, so that they are tried again.
	ReopenItems(ctx context.Context, request int64) error
	// CountItems counts the chosen rows.
	CountItems(ctx context.Context, request int64) (ItemCounts, error)
}

// BulkList keeps the accounts that a request for many is about, and what became of each.
type BulkList interface {
	// SaveBulk replaces the request's list, all at once.
	SaveBulk(ctx context.Context, request int64, rows []BulkRow) error
	// BulkRows gives the whole list by number, each row with the state in which the request of its account is.
	BulkRows(ctx context.Context, request int64) ([]BulkRow, error)
	// UpdateBulk writes all of these rows but their State, all at once.
	UpdateBulk(ctx context.Context, request int64, rows ...BulkRow) error
}

// Uses counts what people do within a minute, over all processes.
type Uses interface {
	// Used counts one more use by somebody in the minute of at. It gives how many that person has made in it, and how many all together
	// have; 0 where the person is beyond most, which then does not count for all. 0 as most is no bound.
	Used(ctx context.Context, who string, at time.Time, most int) (mine, all int, err error)
}

// Links keeps which Entra account a Slack person is. Each link is its own audit line: it is never changed, only followed by another.
type Links interface {
	// KeepLink records the first link of a person. One who has a link keeps it.
	KeepLink(ctx context.Context, l Link) error
	// FollowLink has a link to l.Is follow the person's link to l.Was, and the approvers told of it; an error where that is not the person's link
	// any more.
	FollowLink(ctx context.Context, l Relinked) error
	// Links gives the links that somebody and all others have to one account, the one this person has; the oldest is the first.
	// It gives none for somebody without a link.
	Links(ctx context.Context, who Actor) ([]Link, error)
}

// Faults keeps of which faults of the installation the approvers were told: see Fault.
type Faults interface {
	// Met has a fault told in the approval channel, unless it was met within the two days before: once, however many requests meet it. A note
	// that is no fault is left alone.
	Met(ctx context.Context, n Note) error
	// SignedIn has it told that the sign-in to a service works again, if approvers were told that it does not.
	SignedIn(ctx context.Context, to Peer) error
}

// Filter selects requests. The accounts of a request for many are no requests that anybody asked for: without BulkOf they are left out.
type Filter struct {
	BulkOf    int64  // those of the list of this request
	Requester string // user id; empty for everybody
	Wish      string // only those that may be for this: see Request.Wish; compare what you get
	Open      bool   // only those that have not ended
	Mailbox   string // only those about this mailbox: see Request.Mailbox; empty for all
	ByPurge   bool   // those whose mailbox is purged first come first, those that never are last
	Limit     int    // at most so many; 0 means 20
}

// Message is a message that Slack should show for a request: its wording is the renderer's, its delivery the outbox's.
type Message struct {
	Key       string // names it within the request: CardApproval, CardRequester, or one per event
	Channel   string // a channel id, or a user id for the DM with that person
	Thread    string // Key of the message whose thread it belongs to; empty for none
	Ephemeral string // user id of the only reader; such a message is posted once and never edited
	Body      []byte // JSON {"text":…,"blocks":[…]}
}

// The two cards of a request; they are edited in place for as long as it lives.
const (
	CardApproval  = "approval"  // in the approval channel
	CardRequester = "requester" // in the requester's DM with the app
)

// Renderer words what a request shows after an event, in the request's current state. It is pure: same input, same output.
// It returns the cards as they should be now and any new lines for this event.
type Renderer func(r Request, e Event) ([]Message, error)

// SealRenderer words a seal for the approval channel. It is pure.
type SealRenderer func(Seal) (Message, error)

// FaultRenderer words a fault for the approval channel. It is pure.
type FaultRenderer func(Fault) (Message, error)

// LinkRenderer words for the approval channel that somebody is known by another account from now on. It is pure.
type LinkRenderer func(Relinked) (Message, error)

// Replier answers a slash command through its response URL, where the person cannot be written to.
type Replier interface {
	Reply(ctx context.Context, r Request) error
}

// Clock tells the time; the sandbox moves it.
type Clock func() time.Time
