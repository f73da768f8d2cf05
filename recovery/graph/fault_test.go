package graph_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"mailback/internal/fault"
	"mailback/internal/m365fake"
	"mailback/recovery"
	"mailback/recovery/graph"
)

func refusal(code, message, rest string) string {
	return `{"error":{"code":"` + code + `","message":"` + message + `"` + rest + `}}`
}

func TestErrorsOfChanges(t *testing.T) {
	t.Parallel()
	conflict := `,"details":[{"code":"ObjectConflict","message":"…","target":"proxyAddresses"},{"code":"ConflictingObjects","message":"…"}]`
	for name, c := range map[string]struct {
		status int
		body   string
		kind   recovery.Kind
		detail string
	}{
		"alias taken":        {400, refusal("Request_BadRequest", "Another object with the same value for property proxyAddresses already exists.", conflict), recovery.Conflict, "proxyAddresses"},
		"name taken":         {400, refusal("Request_BadRequest", "Another object …", strings.ReplaceAll(conflict, "proxyAddresses", "userPrincipalName")), recovery.Conflict, "userPrincipalName"},
		"no permission":      {403, refusal("Authorization_RequestDenied", "Insufficient privileges to complete the operation.", ""), recovery.Forbidden, "User.DeleteRestore.All"},
		"token refused":      {401, refusal("InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.", ""), recovery.SignedOut, recovery.TokenRefused},
		"not there":          {404, refusal("Request_ResourceNotFound", "Resource 'x' does not exist …", ""), recovery.NotFound, ""},
		"no sense":           {400, refusal("Request_BadRequest", "Invalid value specified for property 'newUserPrincipalName'.", ""), recovery.Invalid, ""},
		"concurrent":         {409, refusal("Directory_ConcurrencyViolation", "…", ""), recovery.Unavailable, "a concurrent change"},
		"throttled":          {429, refusal("TooManyRequests", "…", ""), recovery.Throttled, ""},
		"gateway timeout":    {504, refusal("UnknownError", "", ""), recovery.Unavailable, ""},
		"proxy's page":       {502, "<html>Bad Gateway</html>", recovery.Unavailable, ""},
		"empty body":         {503, "", recovery.Unavailable, ""},
		"error without text": {500, `{"error":{}}`, recovery.Unavailable, ""},
		"no error in it":     {500, `{}`, recovery.Unavailable, ""},
		"null error":         {400, `{"error":null}`, recovery.Invalid, ""},
		"details with null":  {400, `{"error":{"code":"Request_BadRequest","details":[null]}}`, recovery.Invalid, ""},
		"cut JSON":           {400, `{"error":{"code":"Requ`, recovery.Invalid, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStub(t, says(c.status, c.body))
			_, err := s.client.RestoreUser(t.Context(), someID, recovery.RestoreAs{})
			e, ok := errors.AsType[*recovery.Error](err)
			if !ok || e.Kind != c.kind || e.Detail != c.detail {
				t.Fatalf("%v, want %s (%s)", err, c.kind, c.detail)
			}
			if e.Receipt.RequestID != "r-1" || e.Receipt.ClientRequestID != s.requests()[0].header.Get("client-request-id") || e.Receipt.Date.IsZero() {
				t.Errorf("receipt: %+v", e.Receipt)
			}
			if n := len(s.requests()); n != 1 {
				t.Errorf("a change was sent %d times", n)
			}
		})
	}
}

func TestErrorsOfLicenses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		message string
		kind    recovery.Kind
		detail  string
	}{
		"no location": {"License assignment cannot be done for user with invalid usage location.", recovery.Unavailable, "usageLocation"},
		"no seat":     {"Subscription with SKU 05e9a617-0261-4cee-bb44-138d3ef5d965 does not have any available licenses.", recovery.NoSeat, ""},
		"by a group":  {"User license is inherited from a group membership and it cannot be removed directly from the user.", recovery.Invalid, recovery.FromGroup},
		"not held":    {"User does not have a corresponding license.", recovery.NotFound, ""},
		"exclusive":   {"License assignment failed because service plans a, b are mutually exclusive", recovery.Invalid, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStub(t, says(400, refusal("Request_BadRequest", c.message, "")))
			_, assign := s.client.AssignLicense(t.Context(), someID, recovery.AssignedLicense{SKU: someID})
			_, remove := s.client.RemoveLicense(t.Context(), someID, someID)
			for _, err := range []error{assign, remove} {
				if e, ok := errors.AsType[*recovery.Error](err); !ok || e.Kind != c.kind || e.Detail != c.detail {
					t.Errorf("%v, want %s (%s)", err, c.kind, c.detail)
				}
			}
		})
	}
}

func TestMissingPermissionIsNamed(t *testing.T) {
	t.Parallel()
	s := newStub(t, says(403, refusal("Authorization_RequestDenied", "Insufficient privileges to complete the operation.", "")))
	c, ctx := s.client, t.Context()
	for want, call := range map[string]func() error{
		"User.Read.All":          func() error { _, _, err := c.Account(ctx, someID); return err },
		"MailboxSettings.Read":   func() error { _, err := c.Mailbox(ctx, someID); return err },
		"User.DeleteRestore.All": func() error { _, err := c.RestoreUser(ctx, someID, recovery.RestoreAs{}); return err },
		"LicenseAssignment.ReadWrite.All": func() error {
			_, err := c.AssignLicense(ctx, someID, recovery.AssignedLicense{SKU: someID})
			return err
		},
		"User.ReadWrite.All":            func() error { _, err := c.SetUsageLocation(ctx, someID, "LV"); return err },
		"User.EnableDisableAccount.All": func() error { _, err := c.BlockSignIn(ctx, someID); return err },
	} {
		if e, ok := errors.AsType[*recovery.Error](call()); !ok || e.Kind != recovery.Forbidden || e.Detail != want {
			t.Errorf("%v, want %s named", e, want)
		}
	}
}

func TestMailboxThatIsNotThere(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"MailboxNotEnabledForRESTAPI", "ErrorInvalidUser", "ResourceNotFound", "Request_ResourceNotFound"} {
		s := newStub(t, says(404, refusal(code, "…", "")))
		if p, err := s.client.Mailbox(t.Context(), someID); err != nil || p != (recovery.Probe{State: recovery.MailboxAbsent}) {
			t.Errorf("%s: %+v, %v", code, p, err)
		}
	}
	for status, kind := range map[int]recovery.Kind{403: recovery.Forbidden, 500: recovery.Unavailable, 429: recovery.Throttled} {
		s := newStub(t, says(status, refusal("ErrorAccessDenied", "…", "")))
		if p, err := s.client.Mailbox(t.Context(), someID); recovery.KindOf(err) != kind || p.State != recovery.MailboxUnknown {
			t.Errorf("%d: %+v, %v", status, p, err)
		}
	}
	s := newStub(t, says(200, `{"userPurpose":"hologram"}`))
	if p, err := s.client.Mailbox(t.Context(), someID); err != nil || p != (recovery.Probe{State: recovery.MailboxAnswers}) {
		t.Errorf("an unheard-of purpose: %+v, %v", p, err)
	}
}

func TestThrottledForLong(t *testing.T) {
	t.Parallel()
	date := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"120": 2 * time.Minute, date.Add(90 * time.Second).Format(http.TimeFormat): 90 * time.Second, "": 10 * time.Second,
	} {
		s := newStub(t, says(429, refusal("TooManyRequests", "…", ""), "Retry-After", header, "Date", date.Format(http.TimeFormat)))
		_, _, err := s.client.Account(t.Context(), someID)
		if e, ok := errors.AsType[*recovery.Error](err); !ok || e.Kind != recovery.Throttled || e.RetryAfter != want || len(s.requests()) != 1 {
			t.Errorf("Retry-After %q: %v after %v, %d calls", header, err, e.RetryAfter, len(s.requests()))
		}
	}
}

func TestAwayForLong(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]time.Duration{"120": 2 * time.Minute, "": 0} {
		s := newStub(t, says(503, refusal("ServiceNotAvailable", "…", ""), "Retry-After", header))
		_, _, err := s.client.Account(t.Context(), someID)
		if e, ok := errors.AsType[*recovery.Error](err); !ok || e.Kind != recovery.Unavailable || e.RetryAfter != want {
			t.Errorf("Retry-After %q: %v after %v", header, err, e.RetryAfter)
		}
	}
}

func TestShortThrottleIsWaitedForByReadsAlone(t *testing.T) {
	t.Parallel()
	busy := says(503, refusal("ServiceNotAvailable", "…", ""), "Retry-After", "0.01")
	s := newStub(t, inTurn(busy, busy, says(200, `{"id":"`+someID+`"}`)))
	if _, _, err := s.client.Account(t.Context(), someID); err != nil || len(s.requests()) != 3 {
		t.Errorf("a read: %v after %d calls", err, len(s.requests()))
	}
	s = newStub(t, busy)
	if _, _, err := s.client.Account(t.Context(), someID); recovery.KindOf(err) != recovery.Unavailable || len(s.requests()) != 3 {
		t.Errorf("a read that stays busy: %v after %d calls", err, len(s.requests()))
	}
	s = newStub(t, inTurn(busy, says(200, `{}`)))
	if _, err := s.client.BlockSignIn(t.Context(), someID); recovery.KindOf(err) != recovery.Unavailable || len(s.requests()) != 1 {
		t.Errorf("a change: %v after %d calls", err, len(s.requests()))
	}
	s = newStub(t, inTurn(busy, drop))
	if _, _, err := s.client.Account(t.Context(), someID); recovery.KindOf(err) != recovery.Unavailable || strings.Contains(err.Error(), "503") {
		t.Errorf("the second try's failure counts: %v", err)
	}
}

func TestNoAnswer(t *testing.T) {
	t.Parallel()
	cut := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", "500")
		_, _ = io.WriteString(w, `{"id":"`) // then the handler returns, and the connection breaks
	}
	for name, answer := range map[string]http.HandlerFunc{
		"lost": drop, "cut": cut,
		"hung":      func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"no JSON":   says(200, "<html>Please sign in to the network</html>"),
		"redirect":  says(302, "", "Location", "https://example.com/"),
		"bad value": says(200, `{"id":17,"assignedLicenses":"x"}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStub(t, answer)
			_, _, err := s.client.Account(t.Context(), someID)
			if recovery.KindOf(err) != recovery.Unavailable {
				t.Errorf("read: %v", err)
			}
			_, err = s.client.RestoreUser(t.Context(), someID, recovery.RestoreAs{})
			if name == "lost" || name == "hung" || name == "redirect" {
				if recovery.KindOf(err) != recovery.Unavailable {
					t.Errorf("change: %v", err)
				}
			}
			posts := 0
			for _, r := range s.requests() {
				if r.method == http.MethodPost {
					posts++
				}
			}
			if posts != 1 {
				t.Errorf("the change was sent %d times", posts)
			}
		})
	}
}

func TestAnswerAboutSomebodyElse(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{"id":"11111111-2222-4333-8444-555555555555"}`, `{}`} {
		s := newStub(t, says(200, body))
		if a, _, err := s.client.Account(t.Context(), someID); recovery.KindOf(err) != recovery.Incomplete || a.ID != "" {
			t.Errorf("%s: %+v, %v", body, a, err)
		}
	}
	s := newStub(t, says(200, ""))
	if _, _, err := s.client.Account(t.Context(), someID); recovery.KindOf(err) != recovery.Incomplete {
		t.Errorf("an empty answer: %v", err)
	}
}

func TestCancelledCall(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s := newStub(t, func(http.ResponseWriter, *http.Request) { cancel(); time.Sleep(50 * time.Millisecond) })
	if _, _, err := s.client.Account(ctx, someID); recovery.KindOf(err) != recovery.Unavailable || !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestSignInFails(t *testing.T) {
	t.Parallel()
	fake, err := m365fake.New(m365fake.Config{})
	if err != nil {
		t.Fatal(err)
	}
	s := newStub(t, says(200, `{}`))
	c := newClient(t, graph.Config{Credential: signIn(t, fake, "wrong-secret"), BaseURL: s.URL})
	_, err = c.Find(t.Context(), byAddress("meganb@contoso.com"))
	e, ok := errors.AsType[*recovery.Error](err)
	if !ok || e.Kind != recovery.SignedOut || e.Peer != recovery.PeerEntra || e.Detail != recovery.SecretWrong || !strings.Contains(err.Error(), "AADSTS7000215") {
		t.Errorf("%v", err)
	}
	if strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "wrong-secret") {
		t.Errorf("%v", err)
	}
	if _, _, err = c.Account(t.Context(), someID); recovery.KindOf(err) != recovery.SignedOut {
		t.Errorf("inside a call: %v", err)
	}
	if len(s.requests()) != 0 {
		t.Error("Graph was called without a token")
	}
}

func TestSignInIsDown(t *testing.T) {
	t.Parallel()
	for kind, want := range map[fault.Fault]recovery.Kind{
		{Service: "login", Match: "/token", Kind: fault.Status, Value: 503}:  recovery.Unavailable,
		{Service: "login", Match: "/token", Kind: fault.Drop}:                recovery.Unavailable,
		{Service: "login", Match: "/token", Kind: fault.Throttle, Value: 30}: recovery.Throttled,
	} {
		n := newTenant(t, m365fake.Config{})
		if err := n.desk.Add(kind); err != nil {
			t.Fatal(err)
		}
		_, err := n.client.Find(t.Context(), byAddress("meganb@contoso.com"))
		if recovery.KindOf(err) != want {
			t.Errorf("%+v: %v", kind, err)
		}
	}
}

func TestTokenThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for _, token := range []string{"opaque", "a.b!.c", "a.e30x.c"} {
		s := newStub(t, says(200, `{"value":[]}`))
		s.credential.token = token
		if _, err := s.client.Find(t.Context(), byAddress("a@b.example")); recovery.KindOf(err) != recovery.Internal || strings.Contains(err.Error(), token) {
			t.Errorf("%s: %v", token, err)
		}
	}
}

func TestClaimsChallengeIsAnswered(t *testing.T) {
	t.Parallel()
	challenge := says(401, refusal("InvalidAuthenticationToken", "…", ""), "WWW-Authenticate", `Bearer realm="", error="insufficient_claims", claims="eyJhIjoxfQ=="`)
	s := newStub(t, inTurn(challenge, says(200, `{"id":"`+someID+`"}`)))
	if _, _, err := s.client.Account(t.Context(), someID); err != nil {
		t.Fatal(err)
	}
	if got := s.credential.claims; len(got) != 2 || got[1] != `{"a":1}` {
		t.Errorf("claims asked for: %q", got)
	}
}

func TestTokensAppearNowhere(t *testing.T) {
	t.Parallel()
	s := newStub(t, says(401, refusal("InvalidAuthenticationToken", "Access token validation failure.", "")))
	_, err := s.client.Find(t.Context(), byAddress("meganb@contoso.com"))
	if s.requests()[0].header.Get("Authorization") != "Bearer "+secretToken() {
		t.Error("the call has no token")
	}
	for _, text := range []string{err.Error(), s.logged.String()} {
		if strings.Contains(text, secretToken()) || strings.Contains(text, "c2VjcmV0LXNpZ25hdHVyZQ") || strings.Contains(text, "meganb") || text == "" {
			t.Errorf("said: %s", text)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []graph.Config{
		{BaseURL: "https://graph.microsoft.com", Scope: graphScope},
		{BaseURL: "https://graph.microsoft.com", Credential: &fixed{}},
		{BaseURL: "http://graph.microsoft.com", Scope: graphScope, Credential: &fixed{}},
		{BaseURL: "http://127.0.0.1.example.com", Scope: graphScope, Credential: &fixed{}},
		{BaseURL: "graph.microsoft.com", Scope: graphScope, Credential: &fixed{}},
		{BaseURL: "", Scope: graphScope, Credential: &fixed{}},
		{BaseURL: "https://\x00", Scope: graphScope, Credential: &fixed{}},
	} {
		if _, err := graph.New(c); err == nil {
			t.Errorf("%+v was taken", c)
		}
	}
}

// Log lines name the request that a call is made for, and none where there is none.
func TestLogNamesTheRequest(t *testing.T) {
	t.Parallel()
	for ref, want := range map[string]string{"R-142": " request=R-142\n", "": "request_id=r-1\n"} {
		s := newStub(t, says(200, `{"id":"`+someID+`"}`))
		if _, _, err := s.client.Account(recovery.WithRequest(t.Context(), ref), someID); err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(s.logged.String(), want) {
			t.Errorf("%q: %s", ref, s.logged)
		}
	}
}
