package exchange_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
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

	"mailback/internal/m365fake"
	"mailback/recovery"
	"mailback/recovery/exchange"
)

const secret = "secret-token"

// fixed is a credential with one token.
type fixed struct{}

func (fixed) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: secret, ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// sent is a request as a stub got it.
type sent struct {
	path, body string
	header     http.Header
}

// stub is an Exchange that answers what a test says, and notes what it was asked.
type stub struct {
	*httptest.Server
	client *exchange.Client
	logged bytes.Buffer

	mu   sync.Mutex
	seen []sent
}

func newStub(t *testing.T, answer http.HandlerFunc) *stub {
	t.Helper()
	s := &stub{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // a short body shows in the test
		s.mu.Lock()
		s.seen = append(s.seen, sent{r.Method + " " + r.URL.RequestURI(), string(body), r.Header.Clone()})
		s.mu.Unlock()
		r.Body = io.NopCloser(bytes.NewReader(body))
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	log := slog.New(slog.NewTextHandler(&s.logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s.client = newClient(t, exchange.Config{Credential: fixed{}, BaseURL: s.URL, Timeout: time.Second, Logger: log})
	return s
}

func (s *stub) requests() []sent {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]sent{}, s.seen...)
}

func says(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("request-id", "r-1")
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body) // the client may be gone
	}
}

func rows(rest string, rows ...string) string {
	return `{"@adminapi.warnings":[],"value":[` + strings.Join(rows, ",") + `]` + rest + `}`
}

const megan = `{"ExchangeGuid":"g-1","PrimarySmtpAddress":"meganb@contoso.com","EmailAddresses":["SMTP:meganb@contoso.com","smtp:mb@contoso.com"],"RecipientTypeDetails":"UserMailbox","WhenMailboxCreated":"2026-01-02T03:04:05Z"}`

func live(s *stub, t *testing.T, identity string) ([]recovery.Mailbox, error) {
	t.Helper()
	return exchange.OneView(t.Context(), s.client, "", identity)
}

func TestInvokeIsSentAsExchangeWantsIt(t *testing.T) {
	t.Parallel()
	s := newStub(t, says(200, rows("", megan)))
	got, err := exchange.OneView(t.Context(), s.client, "SoftDeletedMailbox", "o'neil@contoso.com")
	if err != nil || got != nil {
		t.Errorf("somebody else's row: %+v, %v", got, err)
	}
	r := s.requests()[0]
	if want := "POST /adminapi/beta/" + m365fake.TenantID + "/InvokeCommand?$select=ExchangeGuid%2C"; !strings.HasPrefix(r.path, want) {
		t.Errorf("path: %s", r.path)
	}
	var body map[string]map[string]any
	if err := json.Unmarshal([]byte(r.body), &body); err != nil {
		t.Fatal(err)
	}
	parameters, _ := body["CmdletInput"]["Parameters"].(map[string]any)
	if body["CmdletInput"]["CmdletName"] != "Get-Mailbox" || parameters["Identity"] != "o'neil@contoso.com" || parameters["SoftDeletedMailbox"] != true {
		t.Errorf("body: %s", r.body)
	}
	for name, want := range map[string]string{
		"Authorization": "Bearer " + secret, "Prefer": "odata.maxpagesize=1000", "Content-Type": "application/json; charset=utf-8",
		"X-AnchorMailbox": "APP:SystemMailbox{bb558c35-97f1-4cb9-8ff7-d53741dc928c}@" + m365fake.TenantID,
	} {
		if r.header.Get(name) != want {
			t.Errorf("%s: %q", name, r.header.Get(name))
		}
	}
	if r.header.Get("client-request-id") == "" {
		t.Error("no client-request-id")
	}
	if strings.Contains(s.logged.String(), secret) || strings.Contains(s.logged.String(), "neil") || s.logged.Len() == 0 {
		t.Errorf("logged: %s", s.logged.String())
	}
}

// refused is Exchange's error body.
func refused(detail, inner string) string {
	return `{"error":{"code":"BadRequest","message":"Error executing cmdlet","details":[{"code":"Client","target":"","message":"` + detail + `"}],"innererror":` + inner + `}}`
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		kind   recovery.Kind
		detail string
		says   string
	}{
		"by ticket":       {400, refused("Ex6F9304|Microsoft.Exchange.Data.UnableToWriteToAadException|try again", `{}`), recovery.Throttled, "", "try again"},
		"by inner":        {500, refused("…", `{"internalexception":{"message":"You have reached the maximum number of concurrent requests per tenant. Please wait and try again","type":"X"}}`), recovery.Throttled, "", "concurrent"},
		"bad parameter":   {400, refused("|System.Management.Automation.ParameterBindingException|A parameter cannot be found", `{}`), recovery.Invalid, "", "A parameter cannot be found"},
		"transient":       {400, refused("|Microsoft.Exchange.Data.Directory.ADTransientException|…", `{}`), recovery.Unavailable, "", ""},
		"NUL bytes":       {403, strings.Repeat("\x00", 64), recovery.Forbidden, "Get-Mailbox", ""},
		"bare 403":        {403, "", recovery.Forbidden, "Get-Mailbox", ""},
		"bare 401":        {401, "", recovery.Forbidden, "Exchange.ManageAsApp", ""},
		"bare 404":        {404, "", recovery.Invalid, "", ""},
		"a proxy's 404":   {404, "<html>", recovery.Unavailable, "", ""},
		"bare 500":        {500, "", recovery.Unavailable, "", ""},
		"no JSON":         {200, "<html>", recovery.Unavailable, "", ""},
		"no list":         {200, "{}", recovery.Incomplete, "", ""},
		"null list":       {200, `{"value":null}`, recovery.Incomplete, "", ""},
		"warning":         {200, strings.Replace(rows("", megan), "[]", `["There are more results available than are currently displayed."]`, 1), recovery.Incomplete, "", "more results"},
		"unreadable row":  {200, rows("", `{"EmailAddresses":7}`), recovery.Incomplete, "", ""},
		"unreadable date": {200, rows("", strings.Replace(megan, "2026-01-02T03:04:05Z", "yesterday", 1)), recovery.Incomplete, "", "yesterday"},
		"no GUID":         {200, rows("", strings.Replace(megan, "g-1", "", 1)), recovery.Incomplete, "", ""},
		"foreign link":    {200, rows(`,"@odata.nextLink":"https://example.com/x"`, megan), recovery.Incomplete, "page 2", "not Exchange's"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStub(t, says(c.status, c.body))
			got, err := live(s, t, "meganb@contoso.com")
			e, ok := errors.AsType[*recovery.Error](err)
			if !ok || got != nil || e.Kind != c.kind || e.Detail != c.detail || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("%+v, %v, want %s (%s)", got, err, c.kind, c.detail)
			}
			if strings.ContainsAny(err.Error(), "\n\x00") || strings.Contains(err.Error(), secret) {
				t.Errorf("%q", err)
			}
			if e.Kind == recovery.Throttled && e.RetryAfter <= 0 {
				t.Error("throttled without a time")
			}
			calls := s.requests()
			if cut := name == "warning"; cut != (len(calls) == 2) || !cut && len(calls) != 1 {
				t.Errorf("%d calls", len(calls))
			} else if cut && (strings.Contains(calls[1].body, "Identity") || !strings.Contains(calls[1].body, "meganb@contoso.com")) {
				t.Errorf("what was cut short is asked for again by %s", calls[1].body)
			}
		})
	}
}

func TestNotFoundIsAnAnswer(t *testing.T) {
	t.Parallel()
	s := newStub(t, says(404, `{"error":{"code":"NotFound","message":"Error executing cmdlet","details":[{"message":"Ex6F9304|Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException|The operation couldn't be performed because object 'x' couldn't be found on 'y'."}]}}`))
	if got, err := live(s, t, "meganb@contoso.com"); err != nil || got != nil {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestSoftDeletedWithoutDateIsNotTakenForLive(t *testing.T) {
	t.Parallel()
	s := newStub(t, says(200, rows("", megan)))
	if got, err := exchange.OneView(t.Context(), s.client, "SoftDeletedMailbox", "meganb@contoso.com"); recovery.KindOf(err) != recovery.Incomplete {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAliasesAndDates(t *testing.T) {
	t.Parallel()
	want := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, date := range []string{"2026-01-02T03:04:05Z", "2026-01-02T05:04:05+02:00", "2026-01-02T03:04:05", "01/02/2026 03:04:05", "1/2/2026 3:04:05 AM"} {
		s := newStub(t, says(200, rows("", strings.Replace(megan, "2026-01-02T03:04:05Z", date, 1))))
		got, err := live(s, t, "MB@contoso.com")
		if err != nil || len(got) != 1 || !got[0].CreatedAt.Equal(want) {
			t.Errorf("%s: %+v, %v", date, got, err)
		}
	}
}

func TestTooManyRowsForOneIdentity(t *testing.T) {
	t.Parallel()
	var many []string
	for i := range 1000 {
		many = append(many, fmt.Sprintf(`{"ExchangeGuid":"g-%d","PrimarySmtpAddress":"u%d@contoso.com"}`, i, i))
	}
	s := newStub(t, says(200, rows("", many...)))
	if got, err := live(s, t, "meganb@contoso.com"); recovery.KindOf(err) != recovery.Incomplete {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	paged := func(second http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.RawQuery, "skiptoken") {
				second(w, r)
				return
			}
			says(200, rows(`,"@odata.nextLink":"http://`+r.Host+r.URL.Path+`?$skiptoken=a"`, megan))(w, r)
		}
	}
	s := newStub(t, paged(says(200, rows("", strings.Replace(megan, "g-1", "g-2", 1)))))
	got, err := live(s, t, "meganb@contoso.com")
	if all := s.requests(); err != nil || len(got) != 2 || len(all) != 2 || all[1].body != all[0].body || all[1].header.Get("X-AnchorMailbox") == "" {
		t.Errorf("%+v, %v: the same body is posted to the link: %+v", got, err, all)
	}
	for name, second := range map[string]http.HandlerFunc{
		"expired": says(400, `{"error":{"code":"BadRequest","message":"Expired or Invalid pagination request. Default Expiry time is 00:30:00"}}`),
		"failing": says(500, ""), "empty": says(200, ""), "refused": says(403, ""),
		"not found": says(404, `{"error":{"code":"NotFound","details":[{"message":"Ex1|X.ManagementObjectNotFoundException|…"}]}}`),
		"circle": func(w http.ResponseWriter, r *http.Request) {
			says(200, rows(`,"@odata.nextLink":"http://`+r.Host+r.URL.Path+`?$skiptoken=a"`, megan))(w, r)
		},
	} {
		s := newStub(t, paged(second))
		if got, err := live(s, t, "meganb@contoso.com"); recovery.KindOf(err) != recovery.Incomplete || got != nil {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	s = newStub(t, paged(says(429, "", "Retry-After", "70")))
	_, err = live(s, t, "meganb@contoso.com")
	if e, ok := errors.AsType[*recovery.Error](err); !ok || e.Kind != recovery.Throttled || e.RetryAfter != 70*time.Second {
		t.Errorf("throttled: %v", err)
	}
}

func TestAwayForAWhile(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]time.Duration{"70": 70 * time.Second, "": 0, "-70": 0, "later": 0} {
		s := newStub(t, says(503, "", "Retry-After", header))
		_, err := live(s, t, "meganb@contoso.com")
		if e, ok := errors.AsType[*recovery.Error](err); !ok || e.Kind != recovery.Unavailable || e.RetryAfter != want {
			t.Errorf("Retry-After %q: %v after %v", header, err, e.RetryAfter)
		}
	}
}

func TestNoAnswer(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{
		"lost": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"hung": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"cut":  says(200, `{"value":[`, "Content-Length", "900"),
		"huge": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(bytes.Repeat([]byte(" "), 17<<20)) },
	} {
		s := newStub(t, answer)
		if got, err := live(s, t, "meganb@contoso.com"); recovery.KindOf(err) != recovery.Unavailable || got != nil || len(s.requests()) != 1 {
			t.Errorf("%s: %+v, %v, %d calls", name, got, err, len(s.requests()))
		}
	}
}

func TestTokenStaysWithTrustedHosts(t *testing.T) {
	t.Parallel()
	stranger := newStub(t, says(200, rows("", megan)))
	s := newStub(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", stranger.URL+"/adminapi/beta/x/InvokeCommand")
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	if got, err := live(s, t, "meganb@contoso.com"); recovery.KindOf(err) != recovery.Incomplete || got != nil || len(stranger.requests()) != 0 {
		t.Errorf("%+v, %v, %d calls to the stranger", got, err, len(stranger.requests()))
	}
	moved := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/region") {
			says(200, rows("", megan))(w, r)
			return
		}
		w.Header().Set("Location", "/region"+r.URL.RequestURI())
		w.WriteHeader(http.StatusFound)
	})
	got, err := live(moved, t, "meganb@contoso.com")
	if all := moved.requests(); err != nil || len(got) != 1 || len(all) != 2 || all[1].body != all[0].body || all[1].header.Get("Authorization") == "" {
		t.Errorf("%+v, %v: %+v", got, err, all)
	}
	circle := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.URL.Path, http.StatusPermanentRedirect)
	})
	if _, err := live(circle, t, "meganb@contoso.com"); recovery.KindOf(err) != recovery.Unavailable || len(circle.requests()) != 3 {
		t.Errorf("%v after %d calls", err, len(circle.requests()))
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	good := exchange.Config{BaseURL: "https://outlook.office365.com", Scope: scope, TenantID: m365fake.TenantID, Credential: fixed{}}
	if _, err := exchange.New(good); err != nil {
		t.Fatal(err)
	}
	for _, spoil := range []func(*exchange.Config){
		func(c *exchange.Config) { c.BaseURL = "http://outlook.office365.com" },
		func(c *exchange.Config) { c.BaseURL = "" },
		func(c *exchange.Config) { c.BaseURL = "https://\x00" },
		func(c *exchange.Config) { c.Scope = "" },
		func(c *exchange.Config) { c.TenantID = "" },
		func(c *exchange.Config) { c.Credential = nil },
	} {
		bad := good
		spoil(&bad)
		if _, err := exchange.New(bad); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
}

// Log lines name the request that a call is made for, and none where there is none.
func TestLogNamesTheRequest(t *testing.T) {
	t.Parallel()
	for ref, want := range map[string]bool{"R-142": true, "": false} {
		s := newStub(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"value":[]}`) })
		if _, err := exchange.OneView(recovery.WithRequest(t.Context(), ref), s.client, "", "meganb@contoso.com"); err != nil {
			t.Fatal(err)
		}
		if said := s.logged.String(); strings.Contains(said, " request=R-142\n") != want || strings.Contains(said, " request=") != want {
			t.Errorf("%q: %s", ref, said)
		}
	}
}
