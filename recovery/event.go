package recovery

import "time"

// EventKind says what happened to a request.
type EventKind string

// The kinds of event.
const (
	EventAsked     EventKind = "asked"
	EventClicked   EventKind = "clicked" // recorded, not yet decided
	EventRefused   EventKind = "refused" // a click that its person may not make; Note says why
	EventPlanned   EventKind = "planned" // diagnosis made; Request.Plan or Request.Obstacle is new
	EventChosen    EventKind = "chosen"
	EventConfirmed EventKind = "confirmed"
	EventApproved  EventKind = "approved" // one review; the state tells whether it was enough
	EventDenied    EventKind = "denied"
	EventCancelled EventKind = "cancelled"
	EventExpired   EventKind = "expired"
	EventVoided    EventKind = "voided" // the tenant or the approvers changed: back to people
	EventStarted   EventKind = "started"
	EventStep      EventKind = "step"     // a step moved on; Note says how
	EventProgress  EventKind = "progress" // a copy is further; Request.Plan says how far
	EventWaiting   EventKind = "waiting"  // a step waits longer than people expect; Note says for what
	EventEnded     EventKind = "ended"    // succeeded, partial, failed, unneeded or impossible
	EventRetried   EventKind = "retried"
	EventUndoAsked EventKind = "undo-asked" // another request was asked to put this one back; Note names it
	EventUnsent    EventKind = "unsent"     // Slack will not take a message; Note says which and why
)

// Event is one line of the audit trail. Nothing about a request changes without one, but leases.
type Event struct {
	Request     int64     `json:"request"`
	Seq         int64     `json:"seq"` // 1, 2, 3… within the request
	At          time.Time `json:"at"`
	Kind        EventKind `json:"kind"`
	By          Actor     `json:"by,omitzero"` // zero for Mailback itself
	From        State     `json:"from"`
	To          State     `json:"to"`
	Note        *Note     `json:"note,omitempty"`
	Click       *Click    `json:"click,omitempty"`
	Step        StepKind  `json:"step,omitempty"`
	Fingerprint string    `json:"fingerprint,omitempty"` // of the plan in force
	Receipt     Receipt   `json:"receipt,omitzero"`
	Again       bool      `json:"again,omitempty"`  // of a refusal: its person was told the same a moment ago, and is not told once more
	Before      *Facts    `json:"before,omitempty"` // of a step that changed something: what it was before
}
