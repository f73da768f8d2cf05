package m365fake

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// graphError is a refusal in Graph's shape (learn.microsoft.com/graph/errors).
type graphError struct {
	status        int
	code, message string
	target        string
	details       []detail
	retryAfter    time.Duration
}

type detail struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Target  string `json:"target"`
}

func (e *graphError) Error() string { return e.code + ": " + e.message }

func notFound(id string) *graphError {
	return &graphError{
		status: http.StatusNotFound, code: "Request_ResourceNotFound",
		message: "Resource '" + id + "' does not exist or one of its queried reference-property objects are not present.",
	}
}

func denied() *graphError {
	return &graphError{
		status: http.StatusForbidden, code: "Authorization_RequestDenied",
		message: "Insufficient privileges to complete the operation.",
	}
}

func accessDenied() *graphError {
	return &graphError{
		status: http.StatusForbidden, code: "ErrorAccessDenied",
		message: "Access is denied. Check credentials and try again.",
	}
}

func throttled(after time.Duration) *graphError {
	return &graphError{
		status: http.StatusTooManyRequests, code: "TooManyRequests", message: "Too many requests.", retryAfter: max(after, time.Second),
	}
}

// conflict is what a restore or an update says when another object has the value. Clients tell it by
// details[].code and target (microsoftgraph/microsoft-graph-docs-contrib issue 8421).
func conflict(property string) *graphError {
	message := "Another object with the same value for property " + property + " already exists."
	return &graphError{
		status: http.StatusBadRequest, code: "Request_BadRequest", message: message,
		details: []detail{{"ObjectConflict", message, property}, {"ConflictingObjects", message, property}},
	}
}

// answer is what a handler returns: a nil body is 204.
type answer struct {
	status int
	body   any
	plain  string // text/plain, for $count

	immutable bool // the ids in it are: Preference-Applied says so
}

func ok(body any) answer { return answer{status: http.StatusOK, body: body} }

// identify puts the headers on that every answer of Graph has.
func identify(w http.ResponseWriter, r *http.Request) (request, client string) {
	request = uuid.NewString()
	client = r.Header.Get("client-request-id")
	if client == "" {
		client = request
	}
	w.Header().Set("request-id", request)
	w.Header().Set("client-request-id", client)
	w.Header().Set("x-ms-ags-diagnostic", `{"ServerInfo":{"DataCenter":"North Europe","Slice":"E","Ring":"4","ScaleUnit":"001","RoleInstance":"DB1PEPF00000000"}}`)
	return request, client
}

func (s *Server) writeAnswer(w http.ResponseWriter, r *http.Request, a answer, err error) {
	if refused, ok := errors.AsType[*graphError](err); ok {
		s.writeGraphError(w, r, refused)
		return
	}
	identify(w, r)
	w.Header().Set("Date", s.now().UTC().Format(http.TimeFormat))
	if a.immutable {
		w.Header().Set("Preference-Applied", `IdType="ImmutableId"`)
	}
	switch {
	case a.plain != "":
		w.Header().Set("Content-Type", "text/plain")
		_, _ = w.Write([]byte(a.plain)) // the caller may be gone
	case a.body == nil:
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("OData-Version", "4.0")
		writeJSON(w, "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8", a.status, a.body)
	}
}

func (s *Server) writeGraphError(w http.ResponseWriter, r *http.Request, e *graphError) {
	request, client := identify(w, r)
	now := s.now()
	w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
	body := map[string]any{
		"code": e.code, "message": e.message,
		"innerError": map[string]any{"date": now.UTC().Format("2006-01-02T15:04:05"), "request-id": request, "client-request-id": client},
	}
	if e.target != "" {
		body["target"] = e.target
	}
	if e.details != nil {
		body["details"] = e.details
	}
	if e.retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(e.retryAfter.Seconds()+0.999)))
	}
	if e.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", client_id="00000003-0000-0000-c000-000000000000"`)
	}
	writeJSON(w, "application/json", e.status, map[string]any{"error": body})
}

// refuseGraph is Graph's answer to a fault laid on it.
func (s *Server) refuseGraph(w http.ResponseWriter, r *http.Request, status int, retryAfter time.Duration) {
	e := &graphError{status: status, retryAfter: retryAfter}
	switch status {
	case http.StatusTooManyRequests:
		e = throttled(retryAfter)
	case http.StatusServiceUnavailable:
		e.code, e.message = "ServiceNotAvailable", "The service is temporarily unavailable. Please try again later."
	case http.StatusGatewayTimeout:
		e.code, e.message = "UnknownError", "The operation timed out."
	case http.StatusUnauthorized:
		e.code, e.message = "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired."
	case http.StatusForbidden:
		e.code, e.message = "Authorization_RequestDenied", "Insufficient privileges to complete the operation."
	case http.StatusNotFound:
		e.code, e.message = "Request_ResourceNotFound", "Resource does not exist or one of its queried reference-property objects are not present."
	default:
		e.code, e.message = "generalException", "An internal server error occurred while processing the request."
	}
	s.writeGraphError(w, r, e)
}

// writeJSON writes body as JSON with a length, so that a cut answer can be told from a whole one.
func writeJSON(w http.ResponseWriter, contentType string, status int, body any) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(body); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the caller may be gone
}
