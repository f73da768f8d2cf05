package m365fake

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// cmdlet is one Exchange cmdlet that InvokeCommand runs.
type cmdlet struct {
	name       string
	parameters string   // see parameter
	sets       []string // names that exclude those of another set
	write      bool     // needs X-AnchorMailbox (dfds/aad-aws-sync internal/ssu_exchange)
	role       string   // the management role that it is in, where the usual ones do not have it
	run        func(arguments) (rows []row, warnings []string, err error)
}

// row is one object of a cmdlet's output.
type row map[string]any

// arguments are a cmdlet's parameters by name in lower case.
type arguments map[string]any

func (a arguments) text(name string) string { return text(a[strings.ToLower(name)]) }

func (a arguments) on(name string) bool {
	v, _ := a[strings.ToLower(name)].(bool)
	return v
}

// exchangeError is a refusal of Exchange in the shape that the admin endpoint gives it
// (rknightion/graph2otel internal/exoclient, errors.go).
type exchangeError struct {
	status          int
	code, exception string // exception is "ExNNNNNN|Type"
	message         string
}

func (e *exchangeError) Error() string { return e.exception + "|" + e.message }

func badParameter(message string) error {
	return &exchangeError{http.StatusBadRequest, "BadRequest", "|System.Management.Automation.ParameterBindingException", message}
}

func objectNotFound(identity string) error {
	return &exchangeError{
		http.StatusNotFound, "NotFound", "Ex6F9304|Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException",
		"The operation couldn't be performed because object '" + identity + "' couldn't be found on 'DB8PR01A001DC001.EURPR01A001.PROD.OUTLOOK.COM'.",
	}
}

// cmdlets are those that the app's directory roles let it run; to it there are no others.
func (s *Server) cmdlets() map[string]cmdlet {
	all := mailboxCmdlets(s)
	all = append(all, rightsCmdlets(s)...)
	all = append(all, copyCmdlets(s)...)
	all = append(all, recoveryCmdlets(s)...)
	all = append(all, itemCmdlets(s)...)
	allowed := map[string]cmdlet{}
	for _, c := range all {
		if s.grants.runs(c) {
			allowed[strings.ToLower(c.name)] = c
		}
	}
	return allowed
}

func (s *Server) serveExchange(w http.ResponseWriter, r *http.Request) {
	s.delay(r)
	w.Header().Set("request-id", newRequestID(r))
	w.Header().Set("Date", s.now().UTC().Format(http.TimeFormat))
	claims, err := s.claims(r, exchangeAudience)
	if err != nil || !s.rolesIn(claims)["Exchange.ManageAsApp"] {
		w.Header().Set("WWW-Authenticate", `Bearer client_id="00000002-0000-0ff1-ce00-000000000000", error="invalid_token"`)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case len(parts) != 4 || !strings.EqualFold(parts[0], "adminapi"):
		w.WriteHeader(http.StatusNotFound)
	case !isTenant(parts[2]):
		w.WriteHeader(http.StatusForbidden)
	case strings.EqualFold(parts[3], "EXOModuleFile") && r.Method == http.MethodGet:
		s.moduleFile(w, r)
	case !strings.EqualFold(parts[3], "InvokeCommand"):
		w.WriteHeader(http.StatusNotFound)
	case parts[1] != "beta" || r.Method != http.MethodPost: // only beta answers it
		w.WriteHeader(http.StatusMethodNotAllowed)
	default:
		s.invoke(w, r)
	}
}

// moduleFile lists the cmdlets that the app may run (KelvinTegelaar/CIPP-API, New-ExoRequest -AvailableCmdlets).
func (s *Server) moduleFile(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	names := []string{}
	for _, c := range s.cmdlets() {
		names = append(names, c.name)
	}
	s.mu.Unlock()
	slices.Sort(names)
	writeJSON(w, "application/json; charset=utf-8", http.StatusOK, map[string]any{
		"@odata.context": origin(r) + "/adminapi/v1.0/" + TenantID + "/$metadata#EXOModuleFile", "value": []any{map[string]any{"exportedCmdlets": names}},
	})
}

// invoke runs the cmdlet of a request and answers with one page of its rows.
func (s *Server) invoke(w http.ResponseWriter, r *http.Request) {
	name, args, err := readInvocation(r)
	if err != nil {
		writeExchangeError(w, err)
		return
	}
	s.mu.Lock()
	s.tick()
	c, known := s.cmdlets()[strings.ToLower(name)]
	if !known || (c.write && r.Header.Get("X-AnchorMailbox") == "") {
		s.mu.Unlock()
		refuseCmdlet(w, known)
		return
	}
	rows, warnings, err := s.runOnce(c, r, args)
	s.mu.Unlock()
	if err != nil {
		writeExchangeError(w, err)
		return
	}
	page, next, err := exchangePage(r, rows)
	if err != nil {
		writeExchangeError(w, err)
		return
	}
	body := map[string]any{
		"@odata.context":               origin(r) + "/adminapi/beta/" + TenantID + "/$metadata#Collection(Exchange.GenericHashTable)",
		"adminapi.warnings@odata.type": "#Collection(String)",
		"@adminapi.warnings":           notNil(warnings),
		"value":                        page,
	}
	if next != "" {
		body["@odata.nextLink"] = next
	}
	writeJSON(w, "application/json; odata.metadata=minimal; charset=utf-8", http.StatusOK, body)
}

// runOnce runs a cmdlet. The further pages of one that writes are those of its last answer: following a nextLink, which is the
// same POST again, does nothing twice.
func (s *Server) runOnce(c cmdlet, r *http.Request, args arguments) ([]row, []string, error) {
	if !c.write {
		return c.call(args)
	}
	given, err := json.Marshal(args)
	if err != nil {
		return nil, nil, err
	}
	if key := c.name + string(given); !r.URL.Query().Has("$skiptoken") {
		s.writes++
		rows, warnings, err := c.call(args)
		s.written = written{key, rows}
		return rows, warnings, err
	} else if key == s.written.key {
		return s.written.rows, nil, nil
	}
	return nil, nil, expiredPage()
}

// written is the answer of the last cmdlet that wrote.
type written struct {
	key  string
	rows []row
}

// refuseCmdlet is the bare 403: a run of NUL bytes for a cmdlet that the app may not run, nothing for a missing anchor.
func refuseCmdlet(w http.ResponseWriter, known bool) {
	w.Header().Set("x-ms-diagnostics", "2000005;reason=\"The cmdlet is not available to the caller.\";error_category=\"invalid_authorization\"")
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(http.StatusForbidden)
	if !known {
		_, _ = w.Write(make([]byte, 64)) // the caller may be gone
	}
}

func readInvocation(r *http.Request) (string, arguments, error) {
	var body struct {
		CmdletInput struct {
			CmdletName string
			Parameters map[string]any
		}
	}
	if err := json.NewDecoder(io.LimitReader(r.Body, largestBody)).Decode(&body); err != nil || body.CmdletInput.CmdletName == "" {
		return "", nil, &exchangeError{http.StatusBadRequest, "BadRequest", "|System.ArgumentException", "The request body is not a valid CmdletInput."}
	}
	if body.CmdletInput.Parameters == nil {
		return "", nil, &exchangeError{http.StatusBadRequest, "BadRequest", "|System.ArgumentNullException", "Value cannot be null. (Parameter 'Parameters')"}
	}
	args := arguments{}
	for k, v := range body.CmdletInput.Parameters {
		args[strings.ToLower(k)] = v
	}
	return body.CmdletInput.CmdletName, args, nil
}

// call checks the parameters before it runs the cmdlet.
func (c cmdlet) call(args arguments) ([]row, []string, error) {
	bound, err := c.bind(args)
	if err != nil {
		return nil, nil, err
	}
	return c.run(bound)
}

// pageLife is how long a nextLink is good for.
const pageLife = 30 * time.Minute

// exchangePage cuts the page that Prefer and $skiptoken ask for, with the selected properties; a nextLink is followed
// by the same POST again.
func exchangePage(r *http.Request, rows []row) ([]row, string, error) {
	start, err := skipOf(r.URL.Query().Get("$skiptoken"))
	if err != nil {
		return nil, "", err
	}
	size := 1000
	for _, p := range strings.FieldsFunc(strings.Join(r.Header.Values("Prefer"), ","), func(c rune) bool { return c == ',' || c == ';' || c == ' ' }) {
		if n, ok := strings.CutPrefix(p, "odata.maxpagesize="); ok {
			if v, err := strconv.Atoi(n); err == nil && v > 0 {
				size = min(v, size)
			}
		}
	}
	start = min(start, len(rows))
	end := min(start+size, len(rows))
	page := []row{}
	for _, x := range rows[start:end] {
		page = append(page, x.selected(r.URL.Query().Get("$select")))
	}
	if end == len(rows) {
		return page, "", nil
	}
	values := r.URL.Query()
	values.Set("$skiptoken", base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d|%d", end, time.Now().Unix())))
	next := url.URL{Path: r.URL.Path, RawQuery: values.Encode()}
	return page, origin(r) + next.String(), nil
}

func skipOf(token string) (int, error) {
	if token == "" {
		return 0, nil
	}
	var skip, at int64
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err == nil {
		_, err = fmt.Sscanf(string(raw), "%d|%d", &skip, &at)
	}
	if err != nil || skip < 1 || time.Since(time.Unix(at, 0)) > pageLife {
		return 0, expiredPage()
	}
	return int(skip), nil
}

func expiredPage() error {
	return &exchangeError{http.StatusBadRequest, "BadRequest", "|System.InvalidOperationException", "Expired or Invalid pagination request. Default Expiry time is 00:30:00"}
}

// selected keeps the properties of $select with their side-cars (X@odata.type, X@data.type).
func (x row) selected(list string) row {
	if list == "" {
		return x
	}
	out := row{}
	for name := range strings.SplitSeq(list, ",") {
		for k := range maps.Keys(x) {
			property, _, _ := strings.Cut(k, "@")
			if strings.EqualFold(property, strings.TrimSpace(name)) {
				out[k] = x[k]
			}
		}
	}
	return out
}

func writeExchangeError(w http.ResponseWriter, err error) {
	var e *exchangeError
	if !errors.As(err, &e) {
		e = &exchangeError{http.StatusInternalServerError, "InternalServerError", "|System.Exception", err.Error()}
	}
	_, kind, _ := strings.Cut(e.exception, "|")
	writeJSON(w, "application/json; charset=utf-8", e.status, map[string]any{"error": map[string]any{
		"code": e.code, "message": "Error executing cmdlet",
		"details": []any{map[string]any{"code": "Client", "target": "", "message": strings.TrimPrefix(e.exception+"|"+e.message, "|")}},
		"innererror": map[string]any{
			"message": "Error executing cmdlet", "type": "Microsoft.Exchange.Admin.OData.Core.ODataServiceException",
			"internalexception": map[string]any{"message": e.message, "type": kind},
		},
	}})
}

// refuseExchange is Exchange's answer to a fault laid on it.
func refuseExchange(w http.ResponseWriter, _ *http.Request, status int, retryAfter time.Duration) {
	if retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(retryAfter.Seconds()+0.999)))
	}
	e := &exchangeError{status, "InternalServerError", "|Microsoft.Exchange.Data.Storage.StorageTransientException", "The server cannot service this request right now. Try again later."}
	if status == http.StatusTooManyRequests {
		e.code, e.exception = "TooManyRequests", "|Microsoft.Exchange.Data.Directory.OverBudgetException"
		e.message = "You have reached the maximum number of concurrent requests per tenant. Please wait and try again"
	}
	writeExchangeError(w, e)
}
