package recovery

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math"
	"time"
)

// Unlimited is the quota of a mailbox that has none.
const Unlimited = math.MaxInt64

// Mailbox is Exchange's view of a mailbox (Get-Mailbox).
type Mailbox struct {
	ExchangeGUID  string        `json:"exchange_guid"`
	ArchiveGUID   string        `json:"archive_guid,omitempty"` // empty without an archive
	ObjectID      string        `json:"object_id,omitempty"`    // ExternalDirectoryObjectId; empty once its user is purged
	Name          string        `json:"name,omitempty"`         // DisplayName
	Address       string        `json:"address"`                // PrimarySmtpAddress
	SignInName    string        `json:"sign_in_name,omitempty"` // UserPrincipalName
	Addresses     []string      `json:"addresses,omitempty"`    // EmailAddresses, with their prefix
	LegacyDN      string        `json:"legacy_dn,omitempty"`    // LegacyExchangeDN
	Type          string        `json:"type"`                   // RecipientTypeDetails: UserMailbox, SharedMailbox, RoomMailbox, EquipmentMailbox
	SoftDeletedAt time.Time     `json:"soft_deleted_at,omitzero"`
	CreatedAt     time.Time     `json:"created_at,omitzero"` // WhenMailboxCreated
	Inactive      bool          `json:"inactive,omitempty"`
	OnHold        bool          `json:"on_hold,omitempty"`        // LitigationHoldEnabled, or anything in InPlaceHolds
	Litigation    bool          `json:"litigation,omitempty"`     // LitigationHoldEnabled
	AutoExpanding bool          `json:"auto_expanding,omitempty"` // AutoExpandingArchiveEnabled: without its user it can be neither recovered nor restored
	Quota         int64         `json:"quota,omitempty"`          // ProhibitSendReceiveQuota in bytes, or Unlimited; 0 where it is not known
	ArchiveQuota  int64         `json:"archive_quota,omitempty"`  // ArchiveQuota in bytes, or Unlimited; 0 where it is not known
	RetentionHold bool          `json:"retention_hold,omitempty"` // RetentionHoldEnabled: retention policies leave it alone
	KeepsDeleted  time.Duration `json:"keeps_deleted,omitempty"`  // RetainDeletedItemsFor
}

// Shared says whether the mailbox is one that needs no licence: shared, room or equipment.
func (m Mailbox) Shared() bool {
	return m.Type == "SharedMailbox" || m.Type == "RoomMailbox" || m.Type == "EquipmentMailbox"
}

// Live says whether the mailbox is in use: neither soft-deleted nor inactive.
func (m Mailbox) Live() bool { return m.SoftDeletedAt.IsZero() && !m.Inactive }

// Contents is how much a mailbox or an archive holds (Get-MailboxStatistics).
type Contents struct {
	Items       int   `json:"items"`       // ItemCount
	Bytes       int64 `json:"bytes"`       // TotalItemSize
	Recoverable int   `json:"recoverable"` // DeletedItemCount
}

// Grant is somebody else's right to a mailbox (Get-MailboxPermission, Get-RecipientPermission), inherited ones and the
// owner's own left out.
type Grant struct {
	Who    string   `json:"who"`
	Rights []string `json:"rights"` // FullAccess, SendAs, …
}

// Mailboxes reads Exchange Online. All errors are *Error.
type Mailboxes interface {
	// Find gives every mailbox, live, soft-deleted and inactive, that has the address or object id exactly.
	Find(ctx context.Context, q Query) ([]Mailbox, error)
	// Mailbox gives the one mailbox with this ExchangeGuid, whatever its state; NotFound.
	Mailbox(ctx context.Context, guid string) (Mailbox, error)
	// Contents counts a mailbox as it was just read, or its archive.
	Contents(ctx context.Context, m Mailbox, archive bool) (Contents, error)
	// Grants lists who else may open a mailbox or send as it.
	Grants(ctx context.Context, guid string) ([]Grant, error)
	// Delicensing tells when a mailbox in use whose user's licence is gone will be taken offline, where the tenant delays
	// that; zero when it does not, or the user is not waiting for it.
	Delicensing(ctx context.Context, m Mailbox) (time.Time, error)
	// Cmdlets lists the cmdlets that the app may run.
	Cmdlets(ctx context.Context) ([]string, error)
}

// CopyOrder is a mailbox restore request to make: the contents of a soft-deleted or inactive mailbox, copied into a live
// one. Source and Target are ExchangeGuids.
type CopyOrder struct {
	Name        string // names the deed, so that a repeat finds it
	Source      string
	Target      string
	Folder      string // TargetRootFolder
	FromArchive bool   // SourceIsArchive
	ToArchive   bool   // TargetIsArchive
}

// Copy is a mailbox restore request as Exchange lists it (Get-MailboxRestoreRequest).
type Copy struct {
	RequestGUID string
	Name        string
}

// CopyState is the Status of a mailbox restore request.
type CopyState string

// The states of a copy (Microsoft: Get-MailboxRestoreRequest, -Status).
const (
	CopyQueued       CopyState = "Queued"
	CopyInProgress   CopyState = "InProgress"
	CopyCompletion   CopyState = "CompletionInProgress"
	CopyRetrying     CopyState = "Retrying"
	CopySynced       CopyState = "Synced"
	CopySuspended    CopyState = "Suspended"
	CopyAutoSuspend  CopyState = "AutoSuspended"
	CopyCompleted    CopyState = "Completed"
	CopyWithWarnings CopyState = "CompletedWithWarning"
	CopyFailed       CopyState = "Failed"
)

// CopyStatus is how far a copy is (Get-MailboxRestoreRequestStatistics).
type CopyStatus struct {
	State       CopyState `json:"state"`
	Detail      string    `json:"detail,omitempty"` // StatusDetail
	Source      string    `json:"source"`           // SourceExchangeGuid
	Target      string    `json:"target"`           // TargetExchangeGuid
	Percent     int       `json:"percent"`
	Items       int       `json:"items"`                 // ItemsTransferred
	Bytes       int64     `json:"bytes"`                 // BytesTransferred
	Skipped     int       `json:"skipped,omitempty"`     // bad, missing and large items
	Consistency string    `json:"consistency,omitempty"` // DataConsistencyScore
	Failure     string    `json:"failure,omitempty"`     // Exchange's own words
	QueuedAt    time.Time `json:"queued_at,omitzero"`
	StartedAt   time.Time `json:"started_at,omitzero"`
	ReadAt      time.Time `json:"read_at,omitzero"` // Microsoft's clock
	Since       time.Time `json:"since,omitzero"`   // when it was first seen in State; Exchange does not say
}

// Copier copies mailboxes through mailbox restore requests. All errors are *Error. StartCopy must not be repeated blindly:
// after Unavailable it may have happened.
type Copier interface {
	// Copies gives the restore requests with exactly this name.
	Copies(ctx context.Context, name string) ([]Copy, error)
	StartCopy(ctx context.Context, order CopyOrder) (Receipt, error)
	CopyStatus(ctx context.Context, requestGUID string) (CopyStatus, error)
	ResumeCopy(ctx context.Context, requestGUID string) (Receipt, error)
	RemoveCopy(ctx context.Context, requestGUID string) (Receipt, error)
}

// Reconnector changes mailboxes in Exchange. All errors are *Error.
type Reconnector interface {
	// AddAddress puts a proxy address, as X500:…, on a live mailbox.
	AddAddress(ctx context.Context, guid, proxyAddress string) (Receipt, error)
	// UndoSoftDelete brings a soft-deleted mailbox whose user is purged back with a new user (Undo-SoftDeletedMailbox); Conflict
	// where a live user has its name, so that Exchange wants a password.
	UndoSoftDelete(ctx context.Context, guid string) (Receipt, error)
}

// Private is a text from somebody's mail: a subject or a sender. It belongs to the mailbox's owner, is shown to nobody else
// and recorded nowhere: it prints as "[private]" and is no JSON.
type Private string

// String hides the text.
func (Private) String() string { return "[private]" }

// Format hides the text from every verb of package fmt.
func (Private) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[private]") }

// LogValue hides the text from slog.
func (Private) LogValue() slog.Value { return slog.StringValue("[private]") }

// MarshalJSON refuses: what is private is stored nowhere.
func (Private) MarshalJSON() ([]byte, error) {
	return nil, &json.UnsupportedValueError{Str: "a private text"}
}

// Item is a recoverable item (Get-RecoverableItems, or a message of Graph's recoverableitemsdeletions).
type Item struct {
	EntryID    string // of Exchange, or Graph's message id
	Class      string // ItemClass: IPM.Note, IPM.Appointment, …
	Folder     string // LastParentPath: where it was
	Source     string // SourceFolder: DeletedItems, RecoverableItems, PurgedItems
	ModifiedAt time.Time
	Subject    Private
	From       Private // empty where it is not known: Exchange's cmdlet does not say
}

// ItemFilter selects recoverable items by what anybody may filter by.
type ItemFilter struct {
	After  time.Time `json:"after,omitzero"`   // modified, which is deleted, at this time or later
	Before time.Time `json:"before,omitzero"`  // earlier than this
	Type   string    `json:"type,omitempty"`   // message, meeting, contact, task; empty for all
	Folder string    `json:"folder,omitempty"` // the folder that they were in: its name or its path
}

// ItemResult is what became of one item.
type ItemResult struct {
	Sent     bool // the call that restores it was made; beside an error this says that it may have been restored
	Restored bool
	Folder   string // RestoredToFolderPath
}

// Items lists and restores the recoverable items of one live mailbox, which is named by its ExchangeGuid (Exchange) or its
// user's object id (Graph). All errors are *Error.
type Items interface {
	// Items gives all items that match, latest first; Incomplete where the list cannot be whole.
	Items(ctx context.Context, mailbox string, f ItemFilter) ([]Item, error)
	// RestoreItem puts one item back: into its own folder while that is there, else into the named one, which is made where it is
	// missing. NotFound where the item is no longer there, with Detail NotBack where it is known not to be back either; Invalid or
	// Conflict where this one item cannot be restored. A result that is not Restored, without an error, says that the call was
	// understood and the item stays where it is.
	RestoreItem(ctx context.Context, mailbox string, entryID, folder string) (ItemResult, error)
}
