package exchange

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"mailback/recovery"
)

// refusal is Exchange's error body; its useful text lies deep (rknightion/graph2otel internal/exoclient/errors.go).
type refusal struct {
	Error struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		Details []struct {
			Message string `json:"message"`
		} `json:"details"`
		Inner struct {
			Exception struct {
				Message string `json:"message"`
				Type    string `json:"type"`
			} `json:"internalexception"`
		} `json:"innererror"`
	} `json:"error"`
}

// ticket is what Exchange puts before a message, as in
// Ex6F9304|Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException|The operation couldn't be performed.
var ticket = regexp.MustCompile(`^(?:Ex[0-9A-F]+)?\|?([\w.]+Exception)\|`)

// said gives the exception's type and the text that people can read.
func (r refusal) said() (exception, message string) {
	exception, message = r.Error.Inner.Exception.Type, r.Error.Inner.Exception.Message
	if len(r.Error.Details) > 0 {
		detail := r.Error.Details[0].Message
		if m := ticket.FindStringSubmatch(detail); m != nil {
			exception, detail = cmp.Or(exception, m[1]), detail[len(m[0]):]
		}
		message = cmp.Or(message, detail)
	}
	return exception, cmp.Or(message, r.Error.Message)
}

// fault classifies why a call failed; it is the only place that does. A nil err means that the answer itself is the failure.
func (x *call) fault(err error) *recovery.Error {
	e := &recovery.Error{Peer: recovery.PeerExchange, Op: x.cmdlet, Err: err, Receipt: x.receipt()}
	if known, ok := errors.AsType[*recovery.Error](err); ok { // of sign-in
		e.Kind, e.Peer, e.Detail, e.RetryAfter, e.Err = known.Kind, known.Peer, known.Detail, known.RetryAfter, known.Err
		return e
	}
	if err != nil {
		e.Kind = recovery.Unavailable // no answer, or one cut short
		if errors.Is(err, errForeign) {
			e.Kind = recovery.Incomplete
		}
		return e
	}
	var r refusal
	readable := json.Unmarshal(x.body, &r) == nil
	exception, message := r.said()
	e.Err = fmt.Errorf("HTTP %d %s %s: %s", x.status, x.word(r.Error.Code), x.word(exception), x.quote(message))
	e.Kind, e.Detail = x.kind(exception, message)
	if !readable && len(bytes.Trim(x.body, "\x00")) > 0 && e.Kind == recovery.Invalid {
		e.Kind = recovery.Unavailable // something between us and Exchange answered
	}
	switch e.Kind {
	case recovery.Throttled:
		e.RetryAfter = max(retryAfter(x.header), unnamedWait)
	case recovery.Unavailable:
		e.RetryAfter = retryAfter(x.header)
	}
	return e
}

// quote gives the text that Exchange refused with, on one line, unless it may hold something private.
func (x *call) quote(message string) string {
	if x.private {
		return "the text is not shown"
	}
	return oneLine(cmp.Or(message, x.header.Get("x-ms-diagnostics"), "no error body"))
}

// word gives a code or a type's name, which is one word; of a private answer it is one of Microsoft's types or nothing.
func (x *call) word(s string) string {
	odd := func(r rune) bool { return r != '.' && !unicode.IsLetter(r) && !unicode.IsDigit(r) }
	if strings.ContainsFunc(s, odd) || x.private && !strings.HasPrefix(s, "Microsoft.Exchange.") && !strings.HasPrefix(s, "System.") {
		return "?"
	}
	return s
}

// unnamedWait is the least wait after a throttled answer: Exchange's own seldom say how long.
const unnamedWait = 5 * time.Second

// kind reads a refusal: by the exception first, by status where that says nothing.
func (x *call) kind(exception, message string) (recovery.Kind, string) {
	switch {
	case x.status == http.StatusTooManyRequests, strings.Contains(message, "maximum number of concurrent requests per tenant"),
		strings.Contains(exception, "UnableToWriteToAadException"):
		return recovery.Throttled, ""
	case strings.Contains(exception, "ManagementObjectNotFoundException"):
		return recovery.NotFound, ""
	case x.status == http.StatusUnauthorized:
		return recovery.Forbidden, "Exchange.ManageAsApp"
	case x.status == http.StatusForbidden: // an unknown or forbidden cmdlet: a run of NUL bytes for a body
		return recovery.Forbidden, x.cmdlet
	case x.status >= 500, x.status == http.StatusRequestTimeout:
		return recovery.Unavailable, ""
	default:
		return reason(exception, message)
	}
}

// reasons are refusals that say which property stands in the way, by a part of the exception's type or of the text. Microsoft
// documents neither; the types are those of Exchange Server's Microsoft.Exchange.Management.Tasks and .Data.Directory.
var reasons = []struct {
	exception, message string
	kind               recovery.Kind
	detail             string
}{
	{"Transient", "", recovery.Unavailable, ""},
	{"NameMustBeUnique", "name must be unique", recovery.Conflict, "Name"},
	{"NonMatchingLegacyDN", "AllowLegacyDNMismatch", recovery.Invalid, "LegacyExchangeDN"},
	{"QuotaExceeded", "exceeds the target quota", recovery.Invalid, "ProhibitSendReceiveQuota"},
	{"ProxyAddressExists", "is already being used by the proxy addresses", recovery.Conflict, "proxyAddresses"},
	{"ADObjectAlreadyExists", "WindowsLiveID", recovery.Conflict, "userPrincipalName"},
	{"WLCDManagedMember", "Password parameter", recovery.Conflict, "userPrincipalName"},
}

func reason(exception, message string) (recovery.Kind, string) {
	for _, r := range reasons {
		if strings.Contains(exception, r.exception) || r.message != "" && strings.Contains(message, r.message) {
			return r.kind, r.detail
		}
	}
	return recovery.Invalid, ""
}

// receipt gives the ids of the call. A recipient dates an answer that has no Date itself (RFC 9110, 6.6.1).
func (x *call) receipt() recovery.Receipt {
	r := recovery.Receipt{RequestID: x.header.Get("request-id"), ClientRequestID: x.id}
	if x.status == 0 {
		return r
	}
	date, err := http.ParseTime(x.header.Get("Date"))
	if err != nil {
		date = time.Now()
	}
	r.Date = date.UTC()
	return r
}

// retryAfter reads the header in seconds, which is how Exchange gives it; 0 where it does not.
func retryAfter(h http.Header) time.Duration {
	seconds, err := strconv.ParseFloat(h.Get("Retry-After"), 64)
	if err != nil {
		return 0
	}
	return max(0, time.Duration(seconds*float64(time.Second)))
}

// oneLine keeps an error's text fit for a log line.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 300 {
		return string(r[:300]) + "…"
	}
	return s
}
