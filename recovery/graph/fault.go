package graph

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/microsoftgraph/msgraph-sdk-go/models/odataerrors"

	"mailback/recovery"
)

// refusal is Graph's error body. The SDK's own error is not passed on: its text is the message alone, and it panics
// where there is none.
type refusal struct {
	status        int
	code, message string
	conflict      string   // target of details[].code ObjectConflict
	details       []string // details[].code
}

func (r *refusal) Error() string {
	s := strings.TrimSpace(fmt.Sprintf("HTTP %d %s", r.status, word(r.code)))
	if r.message == "" {
		return s
	}
	return s + ": " + oneLine(r.message)
}

// word gives a code, which is one word; what is more than that is no code, and may quote anything.
func word(code string) string {
	odd := func(r rune) bool { return r != '.' && r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) }
	if strings.ContainsFunc(code, odd) {
		return "?"
	}
	return code
}

// is says whether the code is one of those given; case varies between Graph's services.
func (r *refusal) is(codes ...string) bool {
	for _, c := range codes {
		if strings.EqualFold(r.code, c) {
			return true
		}
	}
	return false
}

func (r *refusal) says(text string) bool {
	return strings.Contains(strings.ToLower(r.message), text)
}

// refusalOf takes the error body out of the SDK's error; a body that is no OData error leaves the status.
func refusalOf(err error, status int) *refusal {
	r := &refusal{status: status}
	odata, ok := errors.AsType[*odataerrors.ODataError](err)
	if !ok || odata.GetErrorEscaped() == nil {
		r.message = "no error body that can be read"
		return r
	}
	body := odata.GetErrorEscaped()
	r.code, r.message = text(body.GetCode()), text(body.GetMessage())
	for _, d := range body.GetDetails() {
		if d == nil {
			continue
		}
		r.details = append(r.details, text(d.GetCode()))
		if text(d.GetCode()) == "ObjectConflict" && r.conflict == "" {
			r.conflict = text(d.GetTarget())
		}
	}
	return r
}

// fault classifies why a call failed; it is the only place that does. x is what the wire noted.
func fault(x *call, err error) *recovery.Error {
	e := &recovery.Error{Peer: recovery.PeerGraph, Op: string(x.op), Err: err}
	if x.status != 0 {
		e.Receipt = x.receipt()
	} else {
		e.Receipt.ClientRequestID = x.id
	}
	if known, ok := errors.AsType[*recovery.Error](err); ok { // of sign-in
		e.Kind, e.Peer, e.Detail, e.RetryAfter, e.Err = known.Kind, known.Peer, known.Detail, known.RetryAfter, known.Err
		return e
	}
	switch {
	case errors.Is(err, errForeign):
		e.Kind = recovery.Incomplete
	case x.status < 400: // no answer, or a good one cut short
		e.Kind = recovery.Unavailable
		if x.status > 0 && x.op.private() {
			e.Err = unquoted(err)
		}
	default:
		r := refusalOf(err, x.status)
		e.Err = r
		e.Kind, e.Detail = r.kind(x.op)
		if x.op.private() {
			r.message = ""
		}
		e.RetryAfter = x.pause(e.Kind)
	}
	return e
}

// unquoted is an error about an answer that may be private: its own text could quote from it.
func unquoted(err error) error {
	for _, harmless := range []error{context.Canceled, context.DeadlineExceeded, errRedirected} {
		if errors.Is(err, harmless) {
			return harmless
		}
	}
	return errors.New("an answer that cannot be read")
}

// unnamedWait is for throttled answers that do not say how long: Graph's own advice is to back off exponentially, which
// begins here (learn.microsoft.com/graph/throttling).
const unnamedWait = 10 * time.Second

// pause is how long an answer asks to be left alone: one that throttles, or that says that Graph is away.
func (c *call) pause(kind recovery.Kind) time.Duration {
	switch asked := c.retryAfter(); kind {
	case recovery.Throttled:
		return cmp.Or(asked, unnamedWait)
	case recovery.Unavailable:
		return asked
	default:
		return 0
	}
}

// kind reads a refusal: by details and codes first, by status where those say nothing.
func (r *refusal) kind(op operation) (recovery.Kind, string) {
	switch {
	case r.conflict != "":
		return recovery.Conflict, r.conflict
	case r.status == http.StatusTooManyRequests || r.is("TooManyRequests", "ApplicationThrottled"):
		return recovery.Throttled, ""
	case r.is("ErrorQuotaExceeded"): // some answers have 507 with it, but waiting makes no room
		return recovery.Invalid, "quota"
	case r.status >= 500 || r.status == http.StatusRequestTimeout:
		return recovery.Unavailable, ""
	case r.status == http.StatusUnauthorized:
		return recovery.SignedOut, recovery.TokenRefused
	case r.status == http.StatusForbidden || r.is("Authorization_RequestDenied"):
		return recovery.Forbidden, op.permission()
	case r.status == http.StatusNotFound || r.is("Request_ResourceNotFound") || r.says("invalid object identifier"):
		return recovery.NotFound, "" // the last one: what nobody can have as an id is nobody's
	case r.status == http.StatusConflict, r.status == http.StatusPreconditionFailed, r.status == http.StatusLocked,
		r.is("Directory_ConcurrencyViolation", "LicenseAssignmentAttributeConcurrencyException"):
		return recovery.Unavailable, "a concurrent change" // Entra's own advice is to try again
	case op == opAssign, op == opRemove:
		return r.licenseKind()
	default:
		return recovery.Invalid, ""
	}
}

// licenseKind reads what assignLicense says with 400 Request_BadRequest, where only details and words tell.
func (r *refusal) licenseKind() (recovery.Kind, string) {
	switch {
	case r.says("usage location"):
		// A usage location that was set a moment ago is not seen at once: learn.microsoft.com/answers/questions/5984903.
		return recovery.Unavailable, "usageLocation"
	case r.says("does not have any available licenses"), r.says("countviolation"), strings.Contains(strings.Join(r.details, " "), "CountViolation"):
		return recovery.NoSeat, ""
	case r.says("inherited from a group"): // taking it away; the texts are those that administrators report
		return recovery.Invalid, recovery.FromGroup
	case r.says("does not have a corresponding license"):
		return recovery.NotFound, ""
	default:
		return recovery.Invalid, ""
	}
}

// noMailbox says whether mailboxSettings was refused because there is no mailbox that answers: not licensed,
// soft-deleted, on-premises or not yet connected (codes as in alcionai/corso src/pkg/services/m365/api/graph/errors.go).
func noMailbox(err error) bool {
	r, ok := errors.AsType[*refusal](err)
	return ok && r.is("MailboxNotEnabledForRESTAPI", "MailboxNotSupportedForRESTAPI", "ErrorInvalidUser", "ErrorNonExistentMailbox",
		"ResourceNotFound", "Request_ResourceNotFound")
}

// refused says whether Graph answered that this is not to be had: not that it may be had later.
func refused(err error) bool {
	switch recovery.KindOf(err) {
	case recovery.Invalid, recovery.NotFound, recovery.Forbidden:
		return true
	default:
		return false
	}
}

// hasCode says whether Graph refused a call with that code.
func hasCode(err error, code string) bool {
	r, ok := errors.AsType[*refusal](err)
	return ok && r.is(code)
}

// unsupported says whether Graph refused the query itself.
func unsupported(err error) bool { return recovery.KindOf(err) == recovery.Invalid }

// oneLine keeps an error's text fit for a log line.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 300 {
		return string(r[:300]) + "…"
	}
	return s
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
