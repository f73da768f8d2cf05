package m365fake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// largestBatch is learn.microsoft.com/graph/json-batching.
const largestBatch = 20

type batchPart struct {
	ID        string            `json:"id"`
	Method    string            `json:"method"`
	URL       string            `json:"url"`
	Headers   map[string]string `json:"headers"`
	Body      json.RawMessage   `json:"body"`
	DependsOn []string          `json:"dependsOn"`
}

type batchAnswer struct {
	ID      string            `json:"id"`
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body,omitempty"`
}

// serveBatch runs the parts one after another, each through the desk as a call of its own.
func (s *Server) serveBatch(w http.ResponseWriter, r *http.Request) {
	parts, err := s.readBatch(r)
	if err != nil {
		s.writeAnswer(w, r, answer{}, err)
		return
	}
	answers := []batchAnswer{}
	failed := map[string]bool{}
	for _, p := range parts {
		var a batchAnswer
		if slices.ContainsFunc(p.DependsOn, func(id string) bool { return failed[id] }) {
			a = failedDependency(p.ID)
		} else {
			a = s.runPart(r, p)
		}
		failed[p.ID] = a.Status >= http.StatusBadRequest
		answers = append(answers, a)
	}
	s.writeAnswer(w, r, ok(map[string]any{"responses": answers}), nil)
}

func (s *Server) readBatch(r *http.Request) ([]batchPart, error) {
	if r.Method != http.MethodPost {
		return nil, &graphError{status: http.StatusMethodNotAllowed, code: "Request_BadRequest", message: "Specified HTTP method is not allowed for the request target."}
	}
	if _, err := s.authorize(r); err != nil {
		return nil, err
	}
	var body struct {
		Requests []batchPart `json:"requests"`
	}
	raw, err := readBody(r)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(raw, &body); err != nil || len(body.Requests) == 0 {
		return nil, badRequestCode("Invalid batch payload format.")
	}
	if len(body.Requests) > largestBatch {
		return nil, badRequestCode(fmt.Sprintf("Number of batch request steps exceeds the maximum value of %d.", largestBatch))
	}
	seen := map[string]bool{}
	for _, p := range body.Requests {
		if p.ID == "" || p.Method == "" || p.URL == "" {
			return nil, badRequestCode("Invalid batch payload format.")
		}
		if seen[p.ID] {
			return nil, badRequestCode("Duplicate request id '" + p.ID + "' found in the batch.")
		}
		for _, d := range p.DependsOn {
			if !seen[d] {
				return nil, badRequestCode("Invalid dependsOn value '" + d + "': it must name an earlier request.")
			}
		}
		seen[p.ID] = true
	}
	return body.Requests, nil
}

func (s *Server) runPart(outer *http.Request, p batchPart) batchAnswer {
	target := "/v1.0/" + strings.TrimPrefix(strings.TrimPrefix(p.URL, "/"), "v1.0/")
	r, err := http.NewRequestWithContext(outer.Context(), strings.ToUpper(p.Method), target, bytes.NewReader(p.Body))
	if err != nil {
		return batchAnswer{ID: p.ID, Status: http.StatusBadRequest, Headers: map[string]string{}, Body: json.RawMessage(`{"error":{"code":"BadRequest","message":"Invalid URL."}}`)}
	}
	r.Host, r.TLS, r.RequestURI = outer.Host, outer.TLS, target
	r.Header.Set("Authorization", outer.Header.Get("Authorization"))
	for name, v := range p.Headers {
		r.Header.Set(name, v)
	}
	w := &recorder{header: http.Header{}, status: http.StatusOK}
	s.graph.ServeHTTP(w, r)
	a := batchAnswer{ID: p.ID, Status: w.status, Headers: map[string]string{}}
	for name := range w.header {
		if name != "Content-Length" {
			a.Headers[name] = w.header.Get(name)
		}
	}
	if w.body.Len() > 0 {
		a.Body = bytes.TrimSpace(w.body.Bytes())
		if !json.Valid(a.Body) {
			a.Body, _ = json.Marshal(w.body.Bytes()) // bytes always encode: other bodies are sent in base64
		}
	}
	return a
}

func failedDependency(id string) batchAnswer {
	return batchAnswer{
		ID: id, Status: http.StatusFailedDependency, Headers: map[string]string{"Content-Type": "application/json"},
		Body: json.RawMessage(`{"error":{"code":"FailedDependency","message":"The request failed because a request that it depends on failed."}}`),
	}
}

// recorder keeps the answer to one part.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *recorder) Header() http.Header         { return w.header }
func (w *recorder) WriteHeader(status int)      { w.status = status }
func (w *recorder) Write(p []byte) (int, error) { return w.body.Write(p) }
