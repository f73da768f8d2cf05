package slackfake

import (
	"encoding/json"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// method is one Web API method.
type method struct {
	scopes   []string // of the bot token; any one of them will do
	required []string // arguments
	tier     tier
	json     bool // takes a JSON body too; for other methods Slack ignores such a body
	appToken bool // wants the app-level token, in the header alone
	do       func(*call) (map[string]any, *apiError)
}

// call is one call of a method. Its do function runs under the server's lock.
type call struct {
	base string // the server's address as the caller knows it
	args map[string]string
}

func (c *call) flag(name string) bool {
	v := c.args[name]
	return v == "true" || v == "1"
}

// apiError is a refusal, such as {"ok":false,"error":"channel_not_found"}.
type apiError struct {
	code  string
	more  map[string]any
	retry time.Duration // not 0: answered 429 with Retry-After
}

func fail(code string) *apiError { return &apiError{code: code} }

// failWith is a refusal that names what is wrong, as Slack does with response_metadata.messages.
func failWith(code string, f *faults) *apiError {
	messages := make([]string, len(f.messages))
	for i, m := range f.messages {
		messages[i] = "[ERROR] " + m
	}
	return &apiError{code: code, more: map[string]any{
		"errors": f.messages, "response_metadata": map[string]any{"messages": messages},
	}}
}

func throttled(wait time.Duration) *apiError { return &apiError{code: "ratelimited", retry: wait} }

func (s *Server) serveMethod(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-OAuth-Scopes", strings.Join(s.scopes(), ","))
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	name := r.PathValue("method")
	result, refusal := s.answer(name, r)
	if refusal == nil {
		if result == nil {
			result = map[string]any{}
		}
		result["ok"] = true
		writeJSON(w, http.StatusOK, result)
		return
	}
	body := map[string]any{"ok": false, "error": refusal.code}
	maps.Copy(body, refusal.more)
	if refusal.retry > 0 {
		refuse(w, r, http.StatusTooManyRequests, refusal.retry)
		return
	}
	writeJSON(w, http.StatusOK, body)
}

func (s *Server) answer(name string, r *http.Request) (map[string]any, *apiError) {
	m, ok := s.methods[name]
	if !ok {
		return nil, &apiError{code: "unknown_method", more: map[string]any{"req_method": name}}
	}
	args, refusal := readArgs(r, m.json)
	if refusal != nil {
		return nil, refusal
	}
	if refusal := s.authenticate(r, m, args["token"]); refusal != nil {
		return nil, refusal
	}
	if !s.cfg.NoRateLimits {
		if wait := s.limits.method(name, m.tier); wait > 0 {
			return nil, throttled(wait)
		}
	}
	f := &faults{}
	for _, arg := range m.required {
		if args[arg] == "" {
			f.messages = append(f.messages, "missing required field: "+arg)
		}
	}
	if len(f.messages) > 0 {
		return nil, failWith("invalid_arguments", f)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return m.do(&call{base: baseURL(r), args: args})
}

// authenticate checks the token, which stands in the Authorization header or in a form's token field
// (docs.slack.dev/authentication/tokens), and its scopes.
func (s *Server) authenticate(r *http.Request, m method, formToken string) *apiError {
	token, inHeader := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !inHeader && !m.appToken {
		token = formToken
	}
	s.mu.Lock()
	want, other, revoked := s.cfg.BotToken, s.cfg.AppToken, s.authError
	s.mu.Unlock()
	if m.appToken {
		want, other = other, want
	}
	switch {
	case token == "":
		return fail("not_authed")
	case token == other:
		return fail("not_allowed_token_type")
	case token != want:
		return fail("invalid_auth")
	case revoked != "":
		return fail(revoked)
	case m.appToken || len(m.scopes) == 0:
		return nil
	}
	return s.needScope(m.scopes...)
}

// needScope refuses unless the bot token has one of the scopes.
func (s *Server) needScope(anyOf ...string) *apiError {
	if slices.ContainsFunc(anyOf, s.hasScope) {
		return nil
	}
	return &apiError{code: "missing_scope", more: map[string]any{
		"needed": strings.Join(anyOf, ","), "provided": strings.Join(s.scopes(), ","),
	}}
}

const maxBody = 2 << 20

// readArgs reads a call's arguments from the query, from a form, or from a JSON object, whose values it keeps as
// JSON where they are not strings. A token in the query string is not accepted.
func readArgs(r *http.Request, takesJSON bool) (map[string]string, *apiError) {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	args := map[string]string{}
	for k, v := range r.URL.Query() {
		if k != "token" {
			args[k] = v[0]
		}
	}
	if kind == "application/json" {
		if !takesJSON {
			return args, nil
		}
		return args, readJSON(r.Body, args)
	}
	var err error
	if kind == "multipart/form-data" {
		err = r.ParseMultipartForm(maxBody) //nolint:gosec // limited by the caller
	} else {
		err = r.ParseForm()
	}
	if err != nil {
		return nil, fail("invalid_form_data")
	}
	for k, v := range r.PostForm {
		args[k] = v[0]
	}
	return args, nil
}

func readJSON(body io.Reader, args map[string]string) *apiError {
	raw, err := io.ReadAll(io.LimitReader(body, maxBody))
	if err != nil {
		return fail("request_timeout")
	}
	if len(raw) == 0 {
		return nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		if json.Valid(raw) {
			return fail("json_not_object")
		}
		return fail("invalid_json")
	}
	for k, v := range fields {
		var text string
		if k == "token" || string(v) == "null" {
			continue
		}
		if json.Unmarshal(v, &text) != nil {
			text = string(v)
		}
		args[k] = text
	}
	return nil
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	raw, err := json.Marshal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(raw) // The caller is gone; there is nobody to tell.
}

// page cuts items to the page that the arguments limit and cursor ask for, and returns the next cursor.
func page[T any](c *call, items []T, most int) ([]T, string, *apiError) {
	limit, start := most, 0
	if v := c.args["limit"]; v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 {
			return nil, "", fail("invalid_limit")
		}
		if n > 0 {
			limit = min(n, most)
		}
	}
	if v := c.args["cursor"]; v != "" {
		n, err := strconv.Atoi(strings.TrimPrefix(v, "next:"))
		if err != nil || n < 0 || n > len(items) {
			return nil, "", fail("invalid_cursor")
		}
		start = n
	}
	end := min(start+limit, len(items))
	if end == len(items) {
		return items[start:], "", nil
	}
	return items[start:end], "next:" + strconv.Itoa(end), nil
}

func cursor(next string) map[string]any { return map[string]any{"next_cursor": next} }
