package recovery

import (
	"fmt"
	"time"
)

// EventKind says what happened to a request.
type EventKind string

// The kinds of event.
const (
	EventAsked      EventKind = "asked"   // Note has the ticket that was named
	EventClicked    EventKind = "clicked" // recorded, not yet decided
	EventRefused    EventKind = "refused" // a click that its person may not make; Note says why
	EventPlanned    EventKind = "planned" // diagnosis made; Request.Plan or Request.Obstacle is new
	EventChosen     EventKind = "chosen"
	EventConfirmed  EventKind = "confirmed"
	EventApproved   EventKind = "approved"  // one review; the state tells whether it was enough
	EventEmergency  EventKind = "emergency" // one approver decided alone; Note says who is told
	EventReminded   EventKind = "reminded"  // people are waited for; Note says of whom and when next
	EventDenied     EventKind = "denied"
	EventCancelled  EventKind = "cancelled"
	EventExpired    EventKind = "expired"
	EventVoided     EventKind = "voided" // the tenant or the approvers changed: back to people
	EventStarted    EventKind = "started"
	EventStep       EventKind = "step"     // a step moved on; Note says how
	EventProgress   EventKind = "progress" // a copy is further; Request.Plan says how far
	EventWaiting    EventKind = "waiting"  // a step waits longer than people expect; Note says for what
	EventEnded      EventKind = "ended"    // succeeded, partial, failed, unneeded or impossible
	EventRetried    EventKind = "retried"
	EventResumed    EventKind = "resumed"    // a copy that was suspended is to go on
	EventPaused     EventKind = "paused"     // an approver wants no more of a request for many to be begun; Note names its list
	EventWentOn     EventKind = "went-on"    // an approver wants it to go on
	EventStopped    EventKind = "stopped"    // an approver wants what was not begun to be left
	EventUndoAsked  EventKind = "undo-asked" // another request was asked to put this one back; Note names it
	EventJoined     EventKind = "joined"     // somebody else asked for the same mailbox; Note names that request
	EventLinked     EventKind = "linked"     // By was linked to an Entra account; Note names it; of the store
	EventUnsent     EventKind = "unsent"     // Slack will not take a message; Note says which and why
	EventErased     EventKind = "erased"     // what named people in earlier events is gone; of the store
	EventCheckpoint EventKind = "checkpoint" // the events before it are gone, and it holds their hash; of the store
)

// StepResult says how a step moved on, for the log and who counts: the audit trail has it in the steps that follow each other.
type StepResult string

// The results of a step.
const (
	StepSent   StepResult = "sent"   // its change was sent; what it did is still to be read back
	StepDone   StepResult = "done"   // its effect was read back
	StepFound  StepResult = "found"  // its effect was there without us
	StepFailed StepResult = "failed" // it was given up, and the request ended with it
)

// Seal chains the newest hashes of all requests' audit trails, so that a database that was changed as a whole shows, too.
type Seal struct {
	N        int64 // 1, 2, 3…
	At       time.Time
	Requests int // that it covers: those with new events since the seal before
	Hash     string
}

// Anchor names the seal with its hash, as "mailback audit verify --expect" takes it.
func (s Seal) Anchor() string { return fmt.Sprintf("%d:%s", s.N, s.Hash) }

// Anchor names the event with the beginning of its hash, as "mailback audit verify --expect" takes it; empty where it has no hash yet.
func (e Event) Anchor() string {
	if len(e.Hash) < 16 {
		return ""
	}
	return fmt.Sprintf("R-%d/%d:%s", e.Request, e.Seq, e.Hash[:16])
}

// Event is one line of the audit trail. Nothing about a request changes without one, but leases.
type Event struct {
	Request     int64     `json:"request"`
	Seq         int64     `json:"seq"` // 1, 2, 3… within the request
	At          time.Time `json:"at"`
	Kind        EventKind `json:"kind"`
	By          Actor     `json:"by,omitzero"`          // zero for Mailback itself
	ByAccount   string    `json:"by_account,omitempty"` // object id of the Entra account that By is linked to; of the store
	From        State     `json:"from"`
	To          State     `json:"to"`
	Note        *Note     `json:"note,omitempty"`
	Click       *Click    `json:"click,omitempty"`
	Step        StepKind  `json:"step,omitempty"`
	Fingerprint string    `json:"fingerprint,omitempty"` // of the plan in force
	Receipt     Receipt   `json:"receipt,omitzero"`
	Again       bool      `json:"again,omitempty"`  // of a refusal: its person was told the same a moment ago, and is not told once more
	Before      *Facts    `json:"before,omitempty"` // of a step that changed something: what it was before

	Result StepResult `json:"-"` // of Step, where it moved on; it is not kept

	// The store fills these in.
	Ask   *Ask   `json:"ask,omitempty"`   // of EventAsked
	Plan  *Plan  `json:"plan,omitempty"`  // where it is new with this event
	Proof *Proof `json:"proof,omitempty"` // where it is new with this event
	Hash  string `json:"hash,omitempty"`  // of the event, in the chain of its request
}
