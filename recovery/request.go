package recovery

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"
)

// State is where a request is on its way.
type State string

// The states of a request.
const (
	Submitted  State = "submitted"
	Confirming State = "confirming"
	Pending    State = "pending"
	Approved   State = "approved"
	Restoring  State = "restoring"
	Succeeded  State = "succeeded"
	Partial    State = "partial"
	Failed     State = "failed"
	Denied     State = "denied"
	Cancelled  State = "cancelled"
	Expired    State = "expired"
	Unneeded   State = "unneeded"   // healthy: there is nothing to restore
	Impossible State = "impossible" // the message names the next best way
)

// ErrEdge is what a Store gives for a change of state that the table does not have.
var ErrEdge = errors.New("that change of state is not in the state table")

// edges is the state table: from each state, where a request may go. One that has changed something and waits for people, because it
// is tried again, is never cancelled nor does it expire: it goes back to partial, which keeps what was done. An approval is for now: a
// restore that could not begin in time expires.
var edges = map[State][]State{
	"":         {Submitted},
	Submitted:  {Confirming, Unneeded, Impossible, Cancelled, Expired},
	Confirming: {Pending, Cancelled, Expired, Unneeded, Impossible, Partial},
	Pending:    {Approved, Denied, Confirming, Cancelled, Expired, Partial},
	Approved:   {Pending, Confirming, Restoring, Cancelled, Expired, Partial},
	Restoring:  {Succeeded, Partial, Failed},
	Partial:    {Approved},
	Failed:     {Approved},
}

// CanBecome says whether the state table has the edge from s to next. Staying is always allowed.
func (s State) CanBecome(next State) bool { return s == next || slices.Contains(edges[s], next) }

// Open says whether the request still moves by itself or waits for somebody.
func (s State) Open() bool {
	switch s {
	case Submitted, Confirming, Pending, Approved, Restoring:
		return true
	default:
		return false
	}
}

// Actor is who did something: a Slack user, or Mailback itself when UserID is empty.
type Actor struct {
	TeamID string `json:"team_id,omitempty"`
	UserID string `json:"user_id,omitempty"`
}

// Secret is a text that must reach no log: a response URL. It prints as "[secret]" but is stored as it is.
type Secret string

// String hides the secret.
func (Secret) String() string { return "[secret]" }

// Format hides the secret from every verb of package fmt, wrong ones included.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[secret]") }

// LogValue hides the secret from slog.
func (Secret) LogValue() slog.Value { return slog.StringValue("[secret]") }

// Request is one ask with all that became of it.
type Request struct {
	ID      int64  `json:"id"`
	UUID    string `json:"uuid"`
	Version int64  `json:"version"` // grows with every event
	Key     string `json:"key"`     // names the ask itself, so that a repeated delivery finds it

	UndoOf   int64 `json:"undo_of,omitempty"`   // id of the request that this one puts back; 0 for one that restores
	UndoFor  Actor `json:"undo_for,omitzero"`   // who asked for that request
	UndoCase Case  `json:"undo_case,omitempty"` // what that request was about: its people decide
	UndoneBy int64 `json:"undone_by,omitempty"` // id of the request that was asked to put this one back

	BulkOf  int64    `json:"bulk_of,omitempty"` // id of the request for many of which this is one account; it has no messages of its own
	Agreed  string   `json:"agreed,omitempty"`  // fingerprint of the plan that the list of BulkOf has for it
	Readers []string `json:"readers,omitempty"` // of a request for many: the approvers, who get its lists

	State     State     `json:"state"`
	EnteredAt time.Time `json:"entered_at"` // when it came into State
	CreatedAt time.Time `json:"created_at"`

	Ask         Ask       `json:"ask"`
	Requester   Actor     `json:"requester"`
	Unlinked    bool      `json:"unlinked,omitempty"`  // it is not known whose Entra account the requester is
	NewLinks    []NewLink `json:"new_links,omitempty"` // who was linked to an account with this request
	Joined      []Joined  `json:"joined,omitempty"`    // who asked for the same mailbox since
	Reader      Reader    `json:"reader"`              // what the requester is shown
	ResponseURL Secret    `json:"response_url,omitempty"`

	Choices   Choices    `json:"choices"`
	Diagnosis *Diagnosis `json:"diagnosis,omitempty"`
	Plan      *Plan      `json:"plan,omitempty"`
	Obstacle  *Note      `json:"obstacle,omitempty"` // why it does not move on, or why it ended
	Changed   []Note     `json:"changed,omitempty"`  // how the tenant changed since the last plan
	Reviews   []Review   `json:"reviews,omitempty"`
	Proof     *Proof     `json:"proof,omitempty"`
	Halted    *Halted    `json:"halted,omitempty"`  // what was begun before, while people decide on another plan
	Earlier   *Earlier   `json:"earlier,omitempty"` // what plans before this one did
	EndedBy   Actor      `json:"ended_by,omitzero"` // who cancelled or denied it
	EndReason string     `json:"end_reason,omitempty"`

	Replan    bool      `json:"replan,omitempty"`    // a choice was made: the plan is to be made anew
	Undos     int       `json:"undos,omitempty"`     // requests to undo this one that ended before they changed anything
	Attempts  int       `json:"attempts,omitempty"`  // copies that plans before this one asked for: part of the names of the next
	ChangedAt time.Time `json:"changed_at,omitzero"` // when a first change was sent that may have happened; it stays through retries and new plans

	ErasedAt time.Time `json:"erased_at,omitzero"` // since when it names nobody any more

	Inbox     []Click   `json:"inbox,omitempty"`   // clicks that were recorded and wait to be decided
	Decided   []string  `json:"decided,omitempty"` // keys of the latest decided clicks, so that one delivered again is known
	Refused   []Refusal `json:"refused,omitempty"` // what people were told of refused clicks a moment ago
	Lease     Lease     `json:"lease,omitzero"`
	Look      Look      `json:"look,omitzero"`       // the last that somebody asked for
	Reminders int       `json:"reminders,omitempty"` // that were sent in this state
	Tries     int       `json:"tries,omitempty"`     // looks or failed tries of the current step
	Next      time.Time `json:"next,omitzero"`       // when it is looked at again
}

// Halted is a plan that was carried out in part, with the diagnosis that it was made of.
type Halted struct {
	Plan      *Plan      `json:"plan"`
	Diagnosis *Diagnosis `json:"diagnosis,omitempty"`
	Attempts  int        `json:"attempts,omitempty"` // Request.Attempts, by which its copies are named
}

// Earlier is what plans that were carried out in part, and gave way to another, did to an account and would have to be put back.
type Earlier struct {
	Account string     `json:"account"`         // object id
	Steps   []Step     `json:"steps,omitempty"` // that put back what can be
	Stays   []StepKind `json:"stays,omitempty"` // what was done and nobody puts back
	After   *Facts     `json:"after,omitempty"` // the account as the plan in force found it
}

// Look is a look at the tenant that somebody asked for, by ActCheck.
type Look struct {
	Asked time.Time `json:"asked,omitzero"` // when that was granted
	Ended time.Time `json:"ended,omitzero"` // zero while it runs
}

// Refusal is what somebody was told of a click that was refused.
type Refusal struct {
	By     Actor     `json:"by"`
	Action Action    `json:"action"`
	Code   NoteCode  `json:"code"`
	At     time.Time `json:"at"`
}

// LogValue keeps a request that reaches a log by mistake down to its id.
func (r Request) LogValue() slog.Value { return slog.StringValue(r.Ref()) }

// Reader says what a requester may see and in which language.
type Reader struct {
	Approver bool   `json:"approver,omitempty"` // may see candidates, holders, seats and access
	Language string `json:"language,omitempty"`
}

// Ref is the id that people use: R-142.
func (r Request) Ref() string { return fmt.Sprintf("R-%d", r.ID) }

// Touched says whether the tenant was, or may have been, changed for the request.
func (r Request) Touched() bool { return !r.ChangedAt.IsZero() }

// Expires tells when a request that waits ends by itself, ttl being how long it may: in its state so long, but never past the purge.
// What was changed already keeps nothing to the purge. Zero for a request that does not wait.
func (r Request) Expires(ttl time.Duration) time.Time {
	switch r.State {
	case Submitted, Confirming, Pending, Approved:
	default:
		return time.Time{}
	}
	at := r.EnteredAt.Add(ttl)
	if purge := r.PurgedAt(); !purge.IsZero() && purge.Before(at) {
		at = purge
	}
	return at
}

// PurgedAt is when what the request is about is purged; zero when that is not known, or does not count any more.
func (r Request) PurgedAt() time.Time {
	switch {
	case r.Touched():
		return time.Time{}
	case r.Plan != nil:
		return r.Plan.Deadline
	case r.Diagnosis != nil:
		return r.Diagnosis.Deadline
	default:
		return time.Time{}
	}
}

// Lease says who works on a request, so that two processes never do.
type Lease struct {
	Owner string    `json:"owner,omitempty"`
	Until time.Time `json:"until,omitzero"`
}

// same says whether two leases are one; a time that came back from a database is equal, not identical.
func (l Lease) same(o Lease) bool { return l.Owner == o.Owner && l.Until.Equal(o.Until) }

// Verdict is what an approver decided.
type Verdict string

// The two verdicts.
const (
	Approve Verdict = "approve"
	Deny    Verdict = "deny"
)

// Review is an approver's decision on one plan.
type Review struct {
	By          Actor     `json:"by"`
	Verdict     Verdict   `json:"verdict"`
	Reason      string    `json:"reason,omitempty"` // always with a denial, and by the emergency path
	At          time.Time `json:"at"`
	Fingerprint string    `json:"fingerprint"`         // of the plan that was decided on
	Emergency   bool      `json:"emergency,omitempty"` // it counts alone, by the emergency path
	Unlinked    bool      `json:"unlinked,omitempty"`  // it was not known whose Entra account the approver is
}

// Action is what a click asks for: the action ids of the buttons and choices.
type Action string

// The actions that a request takes.
const (
	ActConfirm       Action = "request.confirm"
	ActCancel        Action = "request.cancel"
	ActApprove       Action = "request.approve"
	ActDeny          Action = "request.deny"
	ActEmergency     Action = "request.emergency" // decide alone, with a reason
	ActRetry         Action = "request.retry"
	ActCheck         Action = "request.check"  // look again: the obstacle may be gone
	ActResume        Action = "request.resume" // let a copy go on that was suspended; for approvers
	ActUndo          Action = "request.undo"   // ask, by a request of its own, to put back what can be put back
	ChooseAccount    Action = "choice.account" // which of several accounts; for approvers
	ChooseSignInName Action = "choice.upn"     // the new sign-in name
	ChooseDrop       Action = "choice.drop"    // leave conflicting addresses to those who hold them
	ChooseLicense    Action = "choice.license" // which SKU
	ChooseSignIn     Action = "choice.signin"  // "block" or "allow"
	ChooseTarget     Action = "choice.target"  // the mailbox to copy into, by ExchangeGuid
	ChooseItems      Action = "choice.items"   // which recoverable items: see ItemChoice
	ActBulkPause     Action = "bulk.pause"     // begin no more of a request for many
	ActBulkResume    Action = "bulk.resume"
	ActBulkStop      Action = "bulk.stop" // begin no more for good; what runs goes on to its end

	// actUnsent is no button: the outbox reports that Slack will never take a card (Value: its key and Slack's error).
	actUnsent Action = "message.unsent"
)

// Click is a button, choice or form that somebody used, as Slack told it. What it may do is decided later, on fresh facts.
type Click struct {
	Action   Action    `json:"action"`
	By       Actor     `json:"by"`
	Channel  string    `json:"channel,omitempty"` // where the message is; empty for the cancel command
	TS       string    `json:"ts,omitempty"`
	Value    string    `json:"value,omitempty"`  // of a choice: one of the values offered
	Reason   string    `json:"reason,omitempty"` // of a denial, or of deciding alone
	At       time.Time `json:"at"`
	Plan     string    `json:"plan,omitempty"`     // fingerprint of the plan that the card showed; empty where it showed none
	Language string    `json:"language,omitempty"` // in which its person reads
	Unlinked bool      `json:"unlinked,omitempty"` // of a decision: it is not known whose Entra account its person is
	Key      string    `json:"key"`                // Slack's id of the click, so that a repeated delivery is known
}

// Choices are the requester's decisions about the plan (ChooseAccount: an approver's).
type Choices struct {
	Account       string `json:"account,omitempty"` // object id
	Mailbox       string `json:"mailbox,omitempty"` // ExchangeGuid of a mailbox without its user
	Target        string `json:"target,omitempty"`  // ExchangeGuid of the mailbox to copy into
	SignInName    string `json:"sign_in_name,omitempty"`
	DropConflicts bool   `json:"drop_conflicts,omitempty"`
	License       string `json:"license,omitempty"` // skuId
	BlockSignIn   bool   `json:"block_sign_in,omitempty"`

	Items ItemChoice `json:"items,omitzero"` // zero for all
}

// Meant says whether an approver chose which account, or which mailbox without its user, is meant.
func (c Choices) Meant() bool { return c.Account != "" || c.Mailbox != "" }

// settled are the choices with the mailboxes that the plan speaks of, whatever else has come to have their addresses since.
func (r Request) settled() Choices {
	c := r.Choices
	switch {
	case r.Plan != nil && r.Plan.Source != nil:
		c.Mailbox = r.Plan.Source.ExchangeGUID
		if r.Plan.Target != nil {
			c.Target = r.Plan.Target.ExchangeGUID
		}
	case r.Diagnosis != nil && r.Diagnosis.Account.ID == "" && r.Diagnosis.Mailbox != nil:
		c.Mailbox = r.Diagnosis.Mailbox.ExchangeGUID
	}
	return c
}

// again is the ask for looking once more at the account that was found: by its object id, whatever else has come to have
// the address since.
func (r Request) again() Ask {
	ask := r.Ask
	switch {
	case r.Plan != nil && r.Plan.AccountID != "":
		ask.Query = Query{Kind: ByObjectID, Value: r.Plan.AccountID}
	case r.Diagnosis != nil && r.Diagnosis.Account.ID != "":
		ask.Query = Query{Kind: ByObjectID, Value: r.Diagnosis.Account.ID}
	}
	return ask
}
