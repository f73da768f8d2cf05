package recovery

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"
)

// Case is what happened to a mailbox.
type Case string

// The cases.
const (
	CaseLicense     Case = "license"      // live user without a plan that gives a mailbox
	CaseUser        Case = "user"         // deleted user with a user mailbox
	CaseShared      Case = "shared"       // deleted shared, room or equipment mailbox
	CaseSoftDeleted Case = "softdeleted"  // soft-deleted mailbox without its user
	CaseInactive    Case = "inactive"     // inactive mailbox, on hold
	CaseHealthy     Case = "healthy"      // nothing to restore
	CaseConnecting  Case = "connecting"   // live and licensed, and the mailbox does not answer yet: nothing to restore
	CaseUnknown     Case = "unknown"      // live and licensed, and whether its mailbox answers cannot be read
	CaseGone        Case = "gone"         // nothing with this address is there any more
	CaseAmbiguous   Case = "ambiguous"    // several accounts; somebody must choose
	CaseSynced      Case = "synchronised" // the account comes from on-premises and is restored there
	CaseUndo        Case = "undo"         // not of a mailbox: another request did something that is to be put back
	CaseItems       Case = "items"        // the mailbox is there; recoverable items are to go back into it
	CaseBulk        Case = "bulk"         // not of one mailbox: many of them
)

// settled says whether a mailbox works, or will by itself.
func (c Case) settled() bool { return c == CaseHealthy || c == CaseConnecting }

// Note is a fact or warning by its code, worded elsewhere. Args are what the words need, in the order each code documents.
type Note struct {
	Code NoteCode `json:"code"`
	Args []string `json:"args,omitempty"`
}

// same says whether two notes are the same.
func (n Note) same(o Note) bool { return n.Code == o.Code && slices.Equal(n.Args, o.Args) }

// Candidate is one of several accounts that an address may mean.
type Candidate struct {
	ID        string    `json:"id"` // object id; of a mailbox without its user, ExchangeGuid
	Name      string    `json:"name"`
	Address   string    `json:"address"`
	DeletedAt time.Time `json:"deleted_at,omitzero"` // zero for a live one
	Type      string    `json:"type,omitempty"`
	Orphan    bool      `json:"orphan,omitempty"` // a mailbox without its user
}

// Value is the candidate's value among the options of ChooseAccount.
func (c Candidate) Value() string {
	if c.Orphan {
		return orphanPrefix + c.ID
	}
	return c.ID
}

// Offer is a decision that somebody has to make before the plan can be confirmed, or may make.
type Offer struct {
	Action   Action   `json:"action"`
	Required bool     `json:"required"` // no confirmation without it
	Options  []Option `json:"options"`
	Chosen   string   `json:"chosen,omitempty"` // Value of the option taken
	About    []Holder `json:"about,omitempty"`  // who is in the way
	Again    bool     `json:"again,omitempty"`  // what was chosen before does not count any more
}

// open says whether the offer still keeps the plan from being confirmed.
func (o Offer) open() bool { return o.Required && o.Chosen == "" }

// Option is one value of an offer.
type Option struct {
	Value string `json:"value"`
	Label string `json:"label"`          // a name from the tenant: an address, a SKU part number
	Free  int    `json:"free,omitempty"` // seats, with ChooseLicense
}

// Goes says whether an ask for it would go on: there is a plan, or what is in the way can be removed.
func (d Diagnosis) Goes() bool { return d.Plan != nil || d.Obstacle != nil && d.Obstacle.removable() }

// Diagnosis is what Mailback found about a query.
type Diagnosis struct {
	Case       Case        `json:"case"`
	Account    Account     `json:"account,omitzero"`  // the one account it speaks of, where there is one
	Type       string      `json:"type,omitempty"`    // Exchange's RecipientTypeDetails; empty when unknown
	TypeProven bool        `json:"type_proven"`       // false: a guess from Graph alone ("probably shared")
	ReadAt     time.Time   `json:"read_at"`           // Microsoft's clock
	Deadline   time.Time   `json:"deadline,omitzero"` // when it is purged; zero when unknown
	Evidence   []Note      `json:"evidence,omitempty"`
	Candidates []Candidate `json:"candidates,omitempty"` // with CaseAmbiguous
	Mailbox    *Mailbox    `json:"mailbox,omitempty"`    // Exchange's view of it, where there is one
	Contents   *Contents   `json:"contents,omitempty"`   // how much is in it, where that is known; for approvers
	Obstacle   *Note       `json:"obstacle,omitempty"`   // why no plan can be carried out now
	Offers     []Offer     `json:"offers,omitempty"`
	Plan       *Plan       `json:"plan,omitempty"` // nil without a way back
}

// open says whether a required choice of that kind is still to be made.
func (d Diagnosis) open(a Action) bool {
	return slices.ContainsFunc(d.Offers, func(o Offer) bool { return o.Action == a && o.open() })
}

// unsettled is an error where what stands in the way goes by itself. That is no diagnosis but a look-up that failed, which is
// repeated later and later: a request that took it for an answer would be looked at again at once, for ever.
func (d Diagnosis) unsettled() error {
	if d.Obstacle == nil || !d.Obstacle.passing() {
		return nil
	}
	return &Error{Kind: Unavailable, Op: "diagnose", Detail: d.Obstacle.String()}
}

// StepKind is one thing that a plan does.
type StepKind string

// The steps, in the order in which plans have them.
const (
	StepRestoreUser   StepKind = "restore-user"
	StepBlockSignIn   StepKind = "block-sign-in"
	StepUsageLocation StepKind = "usage-location"
	StepAssign        StepKind = "assign-license"
	StepReprocess     StepKind = "reprocess-license"
	StepAddress       StepKind = "add-address"       // put the old mailbox's X500 address on the target
	StepCopy          StepKind = "copy-mailbox"      // a mailbox restore request
	StepCopyArchive   StepKind = "copy-archive"      // the same for the archive
	StepReconnect     StepKind = "reconnect-mailbox" // Undo-SoftDeletedMailbox: it gets a new user
	StepHandOver      StepKind = "hand-over"         // an administrator runs a command that no app can
	StepMailbox       StepKind = "mailbox"           // wait until the mailbox answers
	StepItems         StepKind = "items"             // put recoverable items back, one by one
	StepBulk          StepKind = "bulk"              // bring many mailboxes back, each by a request of its own

	// Those that put back what another request did; StepBlockSignIn is one of them too.
	StepStopCopy    StepKind = "stop-copy"      // remove a mailbox restore request that still runs
	StepTakeLicense StepKind = "take-license"   // take back a licence that was assigned
	StepTurnOff     StepKind = "turn-plans-off" // switch off again what was off in a licence before
)

// Step is one step of a plan with its progress.
type Step struct {
	Kind StepKind `json:"kind"`

	// What it does; part of the fingerprint.
	SignInName    string   `json:"sign_in_name,omitempty"`   // StepRestoreUser: the new one
	DropConflicts bool     `json:"drop_conflicts,omitempty"` // StepRestoreUser
	Drops         []string `json:"drops,omitempty"`          // StepRestoreUser: addresses that stay with others
	Country       string   `json:"country,omitempty"`        // StepUsageLocation
	SKU           string   `json:"sku,omitempty"`            // StepAssign, StepReprocess, StepTakeLicense, StepTurnOff: skuId
	PartNumber    string   `json:"part_number,omitempty"`
	DisabledPlans []string `json:"disabled_plans,omitempty"` // StepAssign, StepTurnOff: plans that are off
	Address       string   `json:"address,omitempty"`        // StepAddress: the proxy address, X500:…
	Folder        string   `json:"folder,omitempty"`         // StepCopy, StepCopyArchive: the folder that everything goes under
	ToArchive     bool     `json:"to_archive,omitempty"`     // StepCopyArchive: into the target's archive
	Command       string   `json:"command,omitempty"`        // StepHandOver: what the administrator runs
	CopyID        string   `json:"copy_id,omitempty"`        // StepStopCopy: RequestGuid
	CopyName      string   `json:"copy_name,omitempty"`      // StepStopCopy: the name under which it is listed

	Progress Progress `json:"progress,omitzero"`
}

// Progress is how far a step is.
type Progress struct {
	Began    time.Time `json:"began,omitzero"`     // first look
	Acted    time.Time `json:"acted,omitzero"`     // last time the change was sent
	Answered bool      `json:"answered,omitempty"` // it was answered with success
	Done     time.Time `json:"done,omitzero"`      // read back
	Found    bool      `json:"found,omitempty"`    // its effect was there before we acted
	Skipped  bool      `json:"skipped,omitempty"`  // no longer needed: the mailbox had come back by another way
	Problem  *Note     `json:"problem,omitempty"`  // why it waits or gave up
	Told     int       `json:"told,omitempty"`     // after how many minutes of waiting people were last told
	Failures int       `json:"failures,omitempty"` // errors in a row, of looking or acting
	Receipts []Receipt `json:"receipts,omitempty"`
	Before   *Facts    `json:"before,omitempty"` // what the look just before the first change read
	After    *Facts    `json:"after,omitempty"`  // what was read back with its effect

	Account string      `json:"account,omitempty"` // StepReconnect, StepHandOver: object id of the mailbox's new user
	CopyID  string      `json:"copy_id,omitempty"` // StepCopy, StepCopyArchive: RequestGuid
	Attempt int         `json:"attempt,omitempty"` // StepCopy, StepCopyArchive, StepItems: how many tries ended before; part of a copy's name
	Copy    *CopyStatus `json:"copy,omitempty"`
	Resume  bool        `json:"resume,omitempty"` // an approver wants the copy, which is suspended, to go on

	Items *ItemCounts   `json:"items,omitempty"` // StepItems: nil until its list is known
	Bulk  *BulkProgress `json:"bulk,omitempty"`  // StepBulk: nil before the first is begun
}

// Plan is the ordered steps that bring a mailbox back, and all that a person must know before agreeing to them.
type Plan struct {
	Case       Case      `json:"case"`
	AccountID  string    `json:"account_id,omitempty"` // empty where the mailbox has no user (yet)
	Source     *Party    `json:"source,omitempty"`     // the mailbox that outlived its user
	Target     *Party    `json:"target,omitempty"`     // the mailbox that its contents are copied into
	Address    string    `json:"address"`
	Name       string    `json:"name"`
	SignInName string    `json:"sign_in_name"` // as it will be
	Steps      []Step    `json:"steps"`
	SignIn     SignIn    `json:"sign_in"`
	Access     Access    `json:"access"` // what comes back with the account
	Items      *ItemPlan `json:"items,omitempty"`
	Bulk       *BulkPlan `json:"bulk,omitempty"`
	Seats      *Seats    `json:"seats,omitempty"`
	Warnings   []Note    `json:"warnings,omitempty"`
	Approvals  int       `json:"approvals"` // distinct approvers needed
	Deadline   time.Time `json:"deadline,omitzero"`
}

// Party is one of the two mailboxes of a copy, or one that is to be reconnected.
type Party struct {
	ExchangeGUID string   `json:"exchange_guid"`
	ArchiveGUID  string   `json:"archive_guid,omitempty"`
	Address      string   `json:"address"`
	Name         string   `json:"name,omitempty"`
	Type         string   `json:"type"`
	ObjectID     string   `json:"object_id,omitempty"`
	Asked        string   `json:"asked,omitempty"`     // the address by which the requester knows a target
	Addresses    []string `json:"addresses,omitempty"` // SMTP addresses, in lower case and sorted; of a target
}

// same says whether two parties are the same mailbox.
func (p *Party) same(o *Party) bool {
	return p == nil && o == nil || p != nil && o != nil && p.ExchangeGUID == o.ExchangeGUID
}

// SignIn says what becomes of the account's sign-in.
type SignIn string

// What can become of sign-in.
const (
	SignInUnchanged SignIn = "unchanged" // live account: it stays as it is
	SignInReturns   SignIn = "returns"   // the account can sign in again
	SignInStaysOff  SignIn = "stays off" // it was blocked at deletion and stays so
	SignInUnknown   SignIn = "unknown"   // Graph did not say
	SignInBlocked   SignIn = "blocked"   // the plan blocks it at once
	SignInNew       SignIn = "new"       // the account is a new one, whose password an administrator has to set
	SignInNone      SignIn = "none"      // no account comes back: contents are copied
)

// Seats is the licence that a plan uses and how many are free before it does.
type Seats struct {
	SKU        string `json:"sku"`
	PartNumber string `json:"part_number"`
	Free       int    `json:"free"`
}

// Fingerprint names what people agree to: the account, the steps, what comes back, what they were warned of and how many
// must approve. What changes by itself (seats, dates, progress) is not in it.
func (p Plan) Fingerprint() string {
	p.Seats, p.Deadline = nil, time.Time{}
	if p.Items != nil {
		items := *p.Items
		items.LeavesAt = time.Time{}
		p.Items = &items
	}
	if p.Bulk != nil {
		list := *p.Bulk
		list.Seats, list.First = nil, time.Time{}
		p.Bulk = &list
	}
	p.Steps = slices.Clone(p.Steps)
	for i := range p.Steps {
		p.Steps[i].Progress = Progress{}
	}
	p.Warnings = slices.DeleteFunc(slices.Clone(p.Warnings), func(n Note) bool { return n.changesByItself() })
	b, err := json.Marshal(p)
	if err != nil {
		panic("recovery: a plan is always JSON: " + err.Error())
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// changesByItself says whether a warning may come or go without anything else about the plan: by time, with the seats, with what can
// be counted just now, or because somebody did what it asks for.
func (n Note) changesByItself() bool {
	switch n.Code {
	case NoteNearPurge, NoteOverConsumed, NoteGraceSeats, NoteLarge, NoteSizeUnknown, NoteSwept:
		return true
	default:
		return false
	}
}

// Proof is what was read back after the last step.
type Proof struct {
	ReadAt         time.Time   `json:"read_at"`
	SignInName     string      `json:"sign_in_name,omitempty"`
	Asked          string      `json:"asked,omitempty"` // the address by which the requester knows that mailbox
	Into           string      `json:"into,omitempty"`  // address of the mailbox that a copy went into
	SignInEnabled  *bool       `json:"sign_in_enabled,omitempty"`
	Mailbox        Probe       `json:"mailbox"`
	AnsweredAt     time.Time   `json:"answered_at,omitzero"` // since when the mailbox answers
	MailboxCreated time.Time   `json:"mailbox_created,omitzero"`
	License        string      `json:"license,omitempty"` // part number read back
	SeatsLeft      *int        `json:"seats_left,omitempty"`
	Dropped        []string    `json:"dropped,omitempty"`  // addresses that did not come back
	After          *Facts      `json:"after,omitempty"`    // the account as it was read back
	Undone         []Note      `json:"undone,omitempty"`   // what was put back; of a request with UndoOf
	Contents       *Contents   `json:"contents,omitempty"` // of the mailbox, or of the target of a copy; for approvers
	Grants         []Grant     `json:"grants,omitempty"`   // who else may open it; for approvers
	GrantsKnown    bool        `json:"grants_known,omitempty"`
	Items          *ItemCounts `json:"items,omitempty"`
	Bulk           *BulkCounts `json:"bulk,omitempty"`
	Missing        []Note      `json:"missing,omitempty"` // what did not come back; none for Succeeded
	Notes          []Note      `json:"notes,omitempty"`
	Receipt        Receipt     `json:"receipt"`
}

// misses says whether a step's effect was not read back.
func (p Proof) misses(kind StepKind) bool {
	return slices.ContainsFunc(p.Missing, Note{NoteStepMissing, []string{string(kind)}}.same)
}
