package graph

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
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
	return strings.TrimSpace(fmt.Sprintf("HTTP %d %s: %s", r.status, r.code, oneLine(r.message)))
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
	e := &recovery.Error{Op: string(x.op), Err: err}
	if x.status != 0 {
		e.Receipt = x.receipt()
	} else {
		e.Receipt.ClientRequestID = x.id
	}
	if known, ok := errors.AsType[*recovery.Error](err); ok { // of sign-in
		e.Kind, e.Detail, e.RetryAfter, e.Err = known.Kind, known.Detail, known.RetryAfter, known.Err
		return e
	}
	switch {
	case errors.Is(err, errForeign):
		e.Kind = recovery.Incomplete
	case x.status < 400: // no answer, or a good one cut short
		e.Kind = recovery.Unavailable
	default:
		r := refusalOf(err, x.status)
		e.Err = r
		e.Kind, e.Detail = r.kind(x.op)
		e.RetryAfter = x.retryAfter()
		if e.Kind == recovery.Throttled && e.RetryAfter == 0 {
			e.RetryAfter = unnamedWait
		}
	}
	return e
}

// unnamedWait is for throttled answers that do not say how long: Graph's own advice is to back off exponentially, which
// begins here (learn.microsoft.com/graph/throttling).
const unnamedWait = 10 * time.Second

// kind reads a refusal: by details and codes first, by status where those say nothing.
func (r *refusal) kind(op operation) (recovery.Kind, string) {
	switch {
	case r.conflict != "":
		return recovery.Conflict, r.conflict
	case r.status == http.StatusTooManyRequests || r.is("TooManyRequests", "ApplicationThrottled"):
		return recovery.Throttled, ""
	case r.status >= 500 || r.status == http.StatusRequestTimeout:
		return recovery.Unavailable, ""
	case r.status == http.StatusUnauthorized:
		return recovery.Forbidden, "a token that Graph accepts"
	case r.status == http.StatusForbidden || r.is("Authorization_RequestDenied"):
		return recovery.Forbidden, op.permission()
	case r.status == http.StatusNotFound || r.is("Request_ResourceNotFound"):
		return recovery.NotFound, ""
	case r.status == http.StatusConflict, r.status == http.StatusPreconditionFailed, r.status == http.StatusLocked,
		r.is("Directory_ConcurrencyViolation", "LicenseAssignmentAttributeConcurrencyException"):
		return recovery.Unavailable, "a concurrent change" // Entra's own advice is to try again
	case op == opAssign:
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

// unsupported says whether Graph refused the query itself.
func unsupported(err error) bool { return recovery.KindOf(err) == recovery.Invalid }

var aadsts = regexp.MustCompile(`AADSTS(\d+): [^\r\n"\\]*`)

// signInFailed words why there is no token (codes: learn.microsoft.com/entra/identity-platform/reference-error-codes).
// What the sign-in said comes as its one sentence; the whole answer is long and names the app.
func signInFailed(err error) *recovery.Error {
	e := &recovery.Error{Kind: recovery.Unavailable, Op: string(opSignIn), Err: err}
	var status int
	if failed, ok := errors.AsType[*azidentity.AuthenticationFailedError](err); ok && failed.RawResponse != nil {
		status = failed.RawResponse.StatusCode
		e.RetryAfter = (&call{header: failed.RawResponse.Header}).retryAfter()
	}
	said := aadsts.FindStringSubmatch(err.Error())
	if said != nil {
		e.Err = errors.New(said[0])
	}
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
	case status == http.StatusTooManyRequests:
		e.Kind, e.RetryAfter = recovery.Throttled, max(e.RetryAfter, time.Second)
	case status >= 500 || said != nil && passing(said[1]):
	case said != nil:
		e.Kind, e.Detail = recovery.Forbidden, "sign-in to Microsoft Entra: "+signInCause(said[1])
	case status >= 400:
		e.Kind, e.Detail = recovery.Forbidden, "sign-in to Microsoft Entra"
	}
	return e
}

// passing says whether a sign-in error goes away by itself.
func passing(code string) bool {
	return code == "90033" || code == "90024" || code == "50196"
}

// signInCause is what an operator can do something about.
func signInCause(code string) string {
	switch code {
	case "7000215":
		return "the client secret is wrong"
	case "7000222":
		return "the client secret has expired"
	case "700027", "1000502":
		return "the client certificate is not registered or has expired"
	case "700016":
		return "the application is not in this tenant"
	case "90002", "900023":
		return "there is no such tenant"
	case "7000112":
		return "the application is disabled"
	case "53003":
		return "a conditional access policy blocks it"
	case "700211", "700212", "700213", "70021":
		return "the federated token fits no federated credential"
	default:
		return "AADSTS" + code
	}
}

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
