// Package entra says what a failed sign-in to Microsoft Entra means and what a token allows: what the adapters for Microsoft Graph and
// for Exchange Online share, since both sign in the same way and neither may import the other.
package entra

import (
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"mailback/recovery"
)

// unnamedWait is for a throttled sign-in that does not say how long to wait.
const unnamedWait = 10 * time.Second

// aadsts finds the sign-in's error code and its one sentence; ids and links follow it on lines of their own.
var aadsts = regexp.MustCompile(`AADSTS(\d+): [^\r\n"\\]*`)

// SignInFailed classifies why there is no token (codes: learn.microsoft.com/entra/identity-platform/reference-error-codes).
// Throttled has the time to wait; SignedOut names the cause, which somebody must mend; anything else is Unavailable. Of a
// long answer, which names the app, its one sentence alone is kept.
func SignInFailed(err error) *recovery.Error {
	e := &recovery.Error{Kind: recovery.Unavailable, Peer: recovery.PeerEntra, Op: "sign in", Err: err}
	var answer *http.Response
	if failed, ok := errors.AsType[*azidentity.AuthenticationFailedError](err); ok {
		answer = failed.RawResponse
	}
	status := 0
	if answer != nil {
		status = answer.StatusCode
	}
	var code string
	if said := aadsts.FindStringSubmatch(err.Error()); said != nil {
		code, e.Err = said[1], errors.New(said[0])
	}
	switch {
	case status == http.StatusTooManyRequests, throttles(code):
		e.Kind, e.RetryAfter = recovery.Throttled, unnamedWait
		if asked := retryAfter(answer); asked > 0 {
			e.RetryAfter = asked
		}
	case status >= http.StatusInternalServerError, status == http.StatusRequestTimeout, passes(code):
		e.RetryAfter = retryAfter(answer)
	case code != "":
		e.Kind, e.Detail = recovery.SignedOut, cause(code)
	case status >= http.StatusBadRequest:
		e.Kind = recovery.SignedOut
	}
	return e
}

// retryAfter is how long the answer asks to wait, in seconds or until a date (RFC 9110, 10.2.3); 0 where it does not say.
func retryAfter(answer *http.Response) time.Duration {
	if answer == nil {
		return 0
	}
	text := answer.Header.Get("Retry-After")
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		return time.Duration(seconds * float64(time.Second))
	}
	until, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(answer.Header.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return until.Sub(now)
}

// throttles says whether the code asks for fewer calls.
func throttles(code string) bool {
	switch code {
	case "50196", // LoopDetected: the app asks for the same token too often
		"90055": // TenantThrottlingError
		return true
	default:
		return false
	}
}

// passes says whether the error goes away by itself.
func passes(code string) bool {
	switch code {
	case "90006", // ExternalServerRetryableError
		"90012", // RequestTimeout
		"90024", // RequestBudgetExceededError
		"90033", // MsodsServiceUnavailable
		"90090", // GraphRetryableError
		"90091": // GraphServiceUnreachable
		return true
	default:
		return false
	}
}

// cause names what an operator can do something about; a code that says nothing more stands for itself.
func cause(code string) string {
	switch code {
	case "7000215":
		return recovery.SecretWrong
	case "7000222":
		return recovery.SecretExpired
	case "700027", "1000502":
		return recovery.CertificateRefused
	case "700211", "700212", "700213", "70021":
		return recovery.FederationRefused
	case "700016":
		return recovery.AppUnknown
	case "7000112":
		return recovery.AppDisabled
	case "90002", "900023":
		return recovery.TenantUnknown
	case "53003":
		return recovery.PolicyBlocks
	default:
		return "AADSTS" + code
	}
}
