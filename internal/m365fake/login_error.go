package m365fake

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
)

func writeLoginError(w http.ResponseWriter, r *http.Request, e loginError) {
	trace, correlation := uuid.NewString(), r.Header.Get("client-request-id")
	if correlation == "" {
		correlation = uuid.NewString()
	}
	at := time.Now().UTC().Format("2006-01-02 15:04:05Z")
	w.Header().Set("x-ms-request-id", trace)
	writeJSON(w, "application/json; charset=utf-8", e.status, map[string]any{
		"error": e.kind, "error_codes": []int{e.code}, "timestamp": at, "trace_id": trace, "correlation_id": correlation,
		"error_description": fmt.Sprintf("AADSTS%d: %s Trace ID: %s Correlation ID: %s Timestamp: %s", e.code, e.text, trace, correlation, at),
		"error_uri":         "https://login.microsoftonline.com/error?code=" + strconv.Itoa(e.code),
	})
}

// refuseLogin is Entra's answer to a fault laid on it.
func refuseLogin(w http.ResponseWriter, r *http.Request, status int, retryAfter time.Duration) {
	if retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(retryAfter.Seconds()+0.999)))
	}
	e := loginError{status, "temporarily_unavailable", 90033, "A transient error has occurred. Please try again."}
	if status >= 400 && status < 500 && status != http.StatusTooManyRequests {
		e = loginError{status, "invalid_client", 7000222, "The provided client secret keys for app '" + ClientID + "' are expired."}
	}
	writeLoginError(w, r, e)
}

func invalidToken(message string) *graphError {
	return &graphError{status: http.StatusUnauthorized, code: "InvalidAuthenticationToken", message: message}
}

// tokenFault is what Graph says of a token that it does not take.
func tokenFault(err error) string {
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return "Lifetime validation failed, the token is expired."
	case errors.Is(err, jwt.ErrTokenInvalidAudience):
		return "Access token validation failure. Invalid audience."
	case errors.Is(err, jwt.ErrTokenMalformed):
		return "IDX14100: JWT is not well formed, there are no dots (.)."
	}
	return "Access token validation failure. Invalid signature."
}
