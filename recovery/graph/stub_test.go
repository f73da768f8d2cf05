package graph_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"mailback/recovery/graph"
)

const someID = "7e06b566-15f3-4013-8bf8-79874d52e68a"

// fixed is a credential with one token. It notes the claims it was asked for.
type fixed struct {
	token string
	err   error

	mu     sync.Mutex
	claims []string
}

func (f *fixed) GetToken(_ context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.claims = append(f.claims, o.Claims)
	return azcore.AccessToken{Token: f.token, ExpiresOn: time.Now().Add(time.Hour)}, f.err
}

// secretToken is a JSON web token with two roles.
func secretToken() string {
	return "eyJhbGciOiJub25lIn0." + base64.RawURLEncoding.EncodeToString([]byte(`{"roles":["User.Read.All","User.DeleteRestore.All"]}`)) + ".c2VjcmV0LXNpZ25hdHVyZQ"
}

// request is a request as a stub got it.
type request struct {
	method, path, body string
	header             http.Header
}

// stub is a Graph that answers what a test says, and notes what it was asked.
type stub struct {
	*httptest.Server
	client     *graph.Client
	credential *fixed
	logged     *bytes.Buffer

	mu   sync.Mutex
	seen []request
}

// newStub serves answer. Its client gives up on a call after a second.
func newStub(t *testing.T, answer http.HandlerFunc) *stub {
	t.Helper()
	s := &stub{credential: &fixed{token: secretToken()}, logged: &bytes.Buffer{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // a short body shows in the test
		s.mu.Lock()
		s.seen = append(s.seen, request{r.Method, r.URL.RequestURI(), string(body), r.Header.Clone()})
		s.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	s.client = newClient(t, graph.Config{
		Credential: s.credential, BaseURL: s.URL, Timeout: time.Second,
		Logger: slog.New(slog.NewTextHandler(s.logged, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	return s
}

func (s *stub) requests() []request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]request{}, s.seen...)
}

// says answers with a status and a body; JSON unless it does not look so.
func says(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("request-id", "r-1")
		w.Header().Set("Content-Type", "application/json")
		if strings.HasPrefix(body, "<") {
			w.Header().Set("Content-Type", "text/html")
		}
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body) // the client may be gone
	}
}

// inTurn gives each call the next answer, and the last one to all that follow.
func inTurn(answers ...http.HandlerFunc) http.HandlerFunc {
	var mu sync.Mutex
	return func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		next := answers[0]
		if len(answers) > 1 {
			answers = answers[1:]
		}
		mu.Unlock()
		next(w, r)
	}
}

// drop closes the connection without an answer.
func drop(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
