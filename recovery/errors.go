package recovery

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind classifies an error. The adapter that knows the protocol sets it, once; everybody else reads it by KindOf.
type Kind string

// The kinds of error, and what the job that meets one does.
const (
	Internal    Kind = "internal"    // a defect of ours: recorded, retried slowly
	Invalid     Kind = "invalid"     // the other side says the call makes no sense: recorded, not repeated
	NotFound    Kind = "not found"   // the object is not there (any more, or yet)
	Forbidden   Kind = "forbidden"   // the app lacks a permission; Error.Detail names it
	SignedOut   Kind = "signed out"  // the service does not take the app's credential or token; Error.Detail says why
	Conflict    Kind = "conflict"    // the value is taken; Error.Detail is the property (userPrincipalName, proxyAddresses)
	NoSeat      Kind = "no seat"     // no free licence
	Throttled   Kind = "throttled"   // wait Error.RetryAfter, then again
	Unavailable Kind = "unavailable" // network, 5xx, time-out: it may or may not have happened, so look before repeating
	Incomplete  Kind = "incomplete"  // an answer that may be cut short: never acted on
)

// Peer is the service on the other side of a call that failed; empty for Mailback itself.
type Peer string

// The services that Mailback calls.
const (
	PeerSlack    Peer = "slack"
	PeerGraph    Peer = "graph"    // Microsoft Graph
	PeerExchange Peer = "exchange" // Exchange Online's admin endpoint
	PeerEntra    Peer = "entra"    // the sign-in to Microsoft Entra
	PeerDatabase Peer = "database" // Mailback's own
)

// Error is an error with its kind and what operators need to follow it to the vendor.
type Error struct {
	Kind       Kind
	Peer       Peer          // whose answer, or silence, it is
	Op         string        // what was tried: "restore user", "subscribedSkus"
	Detail     string        // the thing the kind speaks of: a permission, a property, a cmdlet
	RetryAfter time.Duration // with Throttled and Unavailable: how long the other side asks to be left alone
	Receipt    Receipt       // the vendor's ids of the call, where it had any
	Err        error
}

// Error gives the chain for operators. People never see it.
func (e *Error) Error() string {
	s := fmt.Sprintf("%s: %s", e.Op, e.Kind)
	if e.Detail != "" {
		s += " (" + e.Detail + ")"
	}
	if e.Receipt.RequestID != "" {
		s += " [request-id " + e.Receipt.RequestID + "]"
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap gives the error underneath.
func (e *Error) Unwrap() error { return e.Err }

// lacks names what a Forbidden error says is missing: a scope of the Slack app, a cmdlet, which is Verb-Noun, or a permission.
func (e *Error) lacks() Note {
	switch {
	case e.Peer == PeerSlack:
		return Note{NoteMissingScope, []string{e.Detail}}
	case strings.Contains(e.Detail, "-") && !strings.ContainsAny(e.Detail, ". :"):
		return Note{NoteMissingCmdlet, []string{e.Detail}}
	default:
		return Note{NoteMissingRole, []string{e.Detail}}
	}
}

// Mend names what somebody has to grant or to put right before a call can work that was Forbidden or SignedOut.
func (e *Error) Mend() Note {
	if e.Kind == SignedOut {
		return Note{NoteSignInFailed, []string{string(e.Peer), e.Detail}}
	}
	return e.lacks()
}

// note is a note about the error's peer, which is its last argument where it is known.
func (e *Error) note(code NoteCode, args ...string) Note {
	if e != nil && e.Peer != "" {
		args = append(args, string(e.Peer))
	}
	return Note{code, args}
}

// KindOf tells an error's kind: Internal where no Error is in its chain, "" for nil.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// What the Detail of a SignedOut error says is wrong with the credential. A code of the peer's own stands for what is not among them.
const (
	SecretWrong        = "secret wrong"
	SecretExpired      = "secret expired"
	CertificateRefused = "certificate"
	FederationRefused  = "federated token"
	AppUnknown         = "no such app"
	AppDisabled        = "app disabled"
	TenantUnknown      = "no such tenant"
	PolicyBlocks       = "policy"
	TokenRefused       = "token" // of a service that is not the sign-in
)

// FromGroup is the Detail of an Invalid error where a licence cannot be taken from an account because a group gives it.
const FromGroup = "assignedByGroup"

// ErrNotFound is what a Store gives for a request that it does not have.
var ErrNotFound = errors.New("no such request")

// What the Detail of a NotFound error about an item says.
const (
	NoMailbox = "mailbox"  // its mailbox is not there: nothing is known of the item
	NotBack   = "not back" // it is in no folder of its mailbox: nobody put it back, or somebody has deleted it since
)

// ErrUnsure is what a Store gives when a change may be recorded: the connection was lost, or the time was up, before the database
// answered its commit.
var ErrUnsure = errors.New("it may have been recorded")

// Receipt holds the ids by which the vendor finds a call again, and its clock.
type Receipt struct {
	RequestID       string    `json:"request_id,omitempty"`        // Graph's request-id header
	ClientRequestID string    `json:"client_request_id,omitempty"` // ours, as sent
	Date            time.Time `json:"date,omitzero"`               // the Date header
}
