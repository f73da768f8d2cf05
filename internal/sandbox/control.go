package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// maxBody is how long a request of the control API may be, in bytes.
const maxBody = 1 << 20

// refusal is an error with the status that it is answered with. All others are answered with 400.
type refusal struct {
	status int
	text   string
}

func (r *refusal) Error() string { return r.text }

// handler serves the control API below /control/, and the page.
func (s *Sandbox) handler() http.Handler {
	page := pageHandler()
	control := s.routes()
	all := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/control/") {
			control.ServeHTTP(w, r)
			return
		}
		page.ServeHTTP(w, r)
	})
	sameOrigin := http.NewCrossOriginProtection() // no other web page may press buttons here
	sameOrigin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeError(w, &refusal{http.StatusForbidden, "requests from other web pages are refused"})
	}))
	return onlyLocal(func(w http.ResponseWriter, text string) {
		writeError(w, &refusal{http.StatusForbidden, text})
	}, sameOrigin.Handler(all))
}

// router finds the handler by path and method. Its refusals are JSON too, which is why it is not an http.ServeMux.
type router map[string]map[string]http.HandlerFunc

func (t router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	methods, ok := t[strings.TrimPrefix(r.URL.Path, "/control")]
	if !ok {
		writeError(w, &refusal{http.StatusNotFound, fmt.Sprintf("unknown call %s", r.URL.Path)})
		return
	}
	h, ok := methods[r.Method]
	if !ok {
		var allowed []string
		for m := range methods {
			allowed = append(allowed, m)
		}
		slices.Sort(allowed)
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		writeError(w, &refusal{http.StatusMethodNotAllowed, fmt.Sprintf("%s takes %s", r.URL.Path, strings.Join(allowed, " or "))})
		return
	}
	h(w, r)
}

func (s *Sandbox) routes() router {
	get := func(h http.HandlerFunc) map[string]http.HandlerFunc {
		return map[string]http.HandlerFunc{http.MethodGet: h}
	}
	post := func(h http.HandlerFunc) map[string]http.HandlerFunc {
		return map[string]http.HandlerFunc{http.MethodPost: h}
	}
	return router{
		"/people":     {http.MethodGet: query(s.people), http.MethodPost: body(s.changePerson)},
		"/channels":   {http.MethodGet: query(s.channels), http.MethodPost: body(s.changeChannel)},
		"/usergroups": get(query(s.usergroups)),
		"/command":    post(body(s.command)),
		"/click":      post(body(s.click)),
		"/submit":     post(body(s.submit)),
		"/close":      post(body(s.closeView)),
		"/home":       post(body(s.home)),
		"/shortcut":   post(body(s.shortcut)),
		"/messages":   get(query(s.messages, "user")),
		"/views":      get(query(s.views, "user")),
		"/envelope":   post(raw(s.envelope)),
		"/time":       {http.MethodGet: query(s.time), http.MethodPost: body(s.advance)},
		"/bot":        {http.MethodGet: query(s.botStatus), http.MethodPost: body(s.signalBot)},
		"/tenant":     {http.MethodGet: query(s.tenant), http.MethodPost: body(s.changeTenant)},
		"/calls":      get(query(s.calls)),
		"/faults":     {http.MethodPost: body(s.addFault), http.MethodDelete: query(s.clearFaults)},
	}
}

// body makes a handler of a call whose request is a JSON object. Fields that In does not have are refused.
func body[In, Out any](call func(context.Context, In) (Out, error)) http.HandlerFunc {
	return raw(func(ctx context.Context, text []byte) (out Out, err error) {
		in, err := decode[In](text)
		if err != nil {
			return out, err
		}
		return call(ctx, in)
	})
}

// raw makes a handler of a call that takes its request's body as it is.
func raw[Out any](call func(context.Context, []byte) (Out, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := onlyParameters(r.URL); err != nil {
			writeError(w, err)
			return
		}
		text, err := readBody(w, r)
		if err != nil {
			writeError(w, err)
			return
		}
		out, err := call(r.Context(), text)
		respond(w, out, err)
	}
}

// query makes a handler of a call without a body; it must have exactly these parameters.
func query[Out any](call func(context.Context, url.Values) (Out, error), parameters ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := onlyParameters(r.URL, parameters...); err != nil {
			writeError(w, err)
			return
		}
		out, err := call(r.Context(), r.URL.Query())
		respond(w, out, err)
	}
}

func onlyParameters(u *url.URL, names ...string) error {
	values, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return fmt.Errorf("the query cannot be read: %w", err)
	}
	for name := range values {
		if !slices.Contains(names, name) {
			return fmt.Errorf("unknown parameter %q", name)
		}
	}
	for _, name := range names {
		if values.Get(name) == "" {
			return fmt.Errorf("the parameter %q is missing", name)
		}
	}
	return nil
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return nil, fmt.Errorf("the body cannot be read: %w", err)
	}
	return raw, nil
}

// decode reads one JSON object and nothing else.
func decode[In any](raw []byte) (In, error) {
	var in In
	if len(strings.TrimSpace(string(raw))) == 0 {
		return in, errors.New("the body is a JSON object, and it is missing")
	}
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return in, fmt.Errorf("the body cannot be understood: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return in, errors.New("there is something behind the body's JSON object")
	}
	return in, nil
}

// respond writes the answer, or the error: what is unknown is 404, and any other refusal 400 unless it says otherwise.
func respond(w http.ResponseWriter, out any, err error) {
	if err != nil {
		writeError(w, err)
		return
	}
	writeJSON(w, http.StatusOK, out)
}

func writeError(w http.ResponseWriter, err error) {
	status := http.StatusBadRequest
	if r, ok := errors.AsType[*refusal](err); ok {
		status = r.status
	}
	writeJSON(w, status, map[string]string{"error": err.Error()})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	raw, err := json.Marshal(v)
	if err != nil {
		status, raw = http.StatusInternalServerError, []byte(`{"error":"the answer is no JSON"}`)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(append(raw, '\n')) // a caller who left needs no answer
}

// none is the answer of calls that have nothing to say.
type none struct{}
