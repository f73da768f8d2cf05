package m365fake

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/golang-jwt/jwt/v5"
)

// serveLogin serves the sign-in over TLS with a certificate of NewCertificate, and returns a client that trusts only its CA.
func serveLogin(t *testing.T, st *stand) (*httptest.Server, *http.Client) {
	t.Helper()
	cert, err := NewCertificate()
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(st.LoginHandler())
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{cert.Server}, MinVersion: tls.VersionTLS12}
	srv.Config.ErrorLog = log.New(io.Discard, "", 0) // clients that close early are no news
	srv.StartTLS()
	t.Cleanup(srv.Close)
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(cert.CA) {
		t.Fatal("the CA is not PEM")
	}
	return srv, &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}}
}

func credential(t *testing.T, srv *httptest.Server, client *http.Client, tenant, id, secret string) *azidentity.ClientSecretCredential {
	t.Helper()
	c, err := azidentity.NewClientSecretCredential(tenant, id, secret, &azidentity.ClientSecretCredentialOptions{
		ClientOptions: azcore.ClientOptions{
			Cloud: cloud.Configuration{ActiveDirectoryAuthorityHost: srv.URL}, Transport: client,
			Retry: policy.RetryOptions{MaxRetries: -1},
		},
		DisableInstanceDiscovery: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAzidentitySignsIn(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	srv, client := serveLogin(t, st)
	app := st.App()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for _, scope := range []string{"https://graph.microsoft.com/.default", "https://outlook.office365.com/.default"} {
		got, err := credential(t, srv, client, app.TenantID, app.ClientID, app.ClientSecret).GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{scope}})
		if err != nil {
			t.Fatal(err)
		}
		claims := jwt.MapClaims{}
		if _, _, err := jwt.NewParser().ParseUnverified(got.Token, claims); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]any{"aud": strings.TrimSuffix(scope, "/.default"), "idtyp": "app", "tid": TenantID, "appid": ClientID, "oid": appObjectID, "app_displayname": "Mailback"} {
			if claims[name] != want {
				t.Errorf("%s: claim %s is %v, want %v", scope, name, claims[name], want)
			}
		}
		roles := fmt.Sprint(claims["roles"])
		if strings.Contains(roles, "Exchange.ManageAsApp") != strings.Contains(scope, "outlook") {
			t.Errorf("%s: roles are %s", scope, roles)
		}
		if strings.Contains(scope, "graph") {
			st.wantStatus(st.send("GET", st.graph.URL+"/v1.0/users/meganb@contoso.com", got.Token, ""), http.StatusOK)
		}
		if left := time.Until(got.ExpiresOn); left < 50*time.Minute || left > time.Hour {
			t.Errorf("%s: the token expires in %s", scope, left)
		}
	}
}

func TestAzidentityIsRefused(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	srv, client := serveLogin(t, st)
	other := "11111111-2222-4333-8444-555555555555"
	for _, c := range []struct{ name, tenant, id, secret, scope, want string }{
		{"secret", TenantID, ClientID, "wrong", "https://graph.microsoft.com/.default", "AADSTS7000215"},
		{"application", TenantID, other, "test", "https://graph.microsoft.com/.default", "AADSTS700016"},
		{"tenant", other, ClientID, "test", "https://graph.microsoft.com/.default", "AADSTS90002"},
		{"resource", TenantID, ClientID, "test", "https://example.com/.default", "AADSTS500011"},
		{"scope", TenantID, ClientID, "test", "https://graph.microsoft.com/User.Read.All", "AADSTS1002012"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			_, err := credential(t, srv, client, c.tenant, c.id, c.secret).GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{c.scope}})
			var failed *azidentity.AuthenticationFailedError
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %s", err, c.want)
			}
			if c.name != "tenant" && !errors.As(err, &failed) {
				t.Errorf("got a %T, want an AuthenticationFailedError", err)
			}
		})
	}
}

func TestTokenRequests(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	srv, client := serveLogin(t, st)
	assertion := assertionBy(t, st)
	base := url.Values{"grant_type": {"client_credentials"}, "client_id": {ClientID}, "scope": {"https://graph.microsoft.com/.default"}}
	for _, c := range []struct {
		name   string
		change url.Values
		status int
		code   float64
	}{
		{"assertion", url.Values{"client_assertion": {assertion}, "client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}}, 200, 0},
		{"broken assertion", url.Values{"client_assertion": {"x"}, "client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}}, 401, 50027},
		{"no credential", url.Values{}, 401, 7000218},
		{"two resources", url.Values{"client_secret": {"test"}, "scope": {"a/.default b/.default"}}, 400, 70011},
		{"grant type", url.Values{"client_secret": {"test"}, "grant_type": {"password"}}, 400, 70003},
		{"no scope", url.Values{"client_secret": {"test"}, "scope": {""}}, 400, 900144},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			form := url.Values{}
			for _, v := range []url.Values{base, c.change} {
				for k := range v {
					form.Set(k, v.Get(k))
				}
			}
			r, err := http.NewRequestWithContext(context.Background(), "POST", srv.URL+"/contoso.com/oauth2/v2.0/token", strings.NewReader(form.Encode()))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			got := do(t, client, r)
			codes, _ := got.body["error_codes"].([]any)
			if got.status != c.status || (c.code != 0 && (len(codes) != 1 || codes[0] != c.code)) {
				t.Errorf("got %d %s, want %d and %v", got.status, got.raw, c.status, c.code)
			}
		})
	}
}

func TestSignInMetadata(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	srv, client := serveLogin(t, st)
	get := func(path string) reply {
		r, err := http.NewRequestWithContext(context.Background(), "GET", srv.URL+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		return do(t, client, r)
	}
	if got := get("/" + TenantID + "/v2.0/.well-known/openid-configuration").body["token_endpoint"]; got != srv.URL+"/"+TenantID+"/oauth2/v2.0/token" {
		t.Errorf("token_endpoint is %v", got)
	}
	if got := get("/nobody/v2.0/.well-known/openid-configuration"); got.body["error"] != "invalid_tenant" {
		t.Errorf("an unknown tenant gets %s", got.raw)
	}
	if got := get("/common/discovery/instance?api-version=1.1"); got.body["tenant_discovery_endpoint"] == nil {
		t.Errorf("discovery says %s", got.raw)
	}
	keys, _ := get("/" + TenantID + "/discovery/v2.0/keys").body["keys"].([]any)
	if len(keys) != 1 || keys[0].(map[string]any)["kid"] != keyID {
		t.Errorf("keys are %v", keys)
	}
}

func TestGraphRefusesTokens(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	expired, err := st.mint(graphAudience, time.Now().Add(-2*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	for token, want := range map[string]string{
		"": "well formed", "x.y": "", expired: "expired", st.token(exchangeAudience): "audience", st.token(graphAudience) + "x": "signature",
	} {
		for range 2 { // also one whose signature is known
			r := st.send("GET", st.graph.URL+"/v1.0/organization", token, "")
			if r.status != 401 || r.code() != "InvalidAuthenticationToken" || !strings.Contains(r.message(), want) {
				t.Errorf("got %d %s, want 401 and %q", r.status, r.raw, want)
			}
		}
	}
}

// TestATokenEnds: one that was good is refused once its time is over, although its signature was verified before.
func TestATokenEnds(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	token, err := st.mint(graphAudience, time.Now().Add(2*time.Second-st.cfg.TokenLifetime))
	if err != nil {
		t.Fatal(err)
	}
	ask := func() reply { return st.send("GET", st.graph.URL+"/v1.0/organization", token, "") }
	if r := ask(); r.status != 200 {
		t.Fatalf("a good token: %d %s", r.status, r.raw)
	}
	for began := time.Now(); ask().status == 200; time.Sleep(50 * time.Millisecond) {
		if time.Since(began) > 20*time.Second {
			t.Fatal("it never ends")
		}
	}
	if r := ask(); r.status != 401 || !strings.Contains(r.message(), "expired") {
		t.Errorf("after its end: %d %s", r.status, r.raw)
	}
}

func TestAnAppThatIsOffGetsNoToken(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	srv, client := serveLogin(t, st)
	app := st.App()
	ask := func() error {
		_, err := credential(t, srv, client, app.TenantID, app.ClientID, app.ClientSecret).GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{"https://graph.microsoft.com/.default"}})
		return err
	}
	st.DisableApp(true)
	if err := ask(); err == nil || !strings.Contains(err.Error(), "AADSTS7000112") {
		t.Errorf("switched off: %v", err)
	}
	st.DisableApp(false)
	if err := ask(); err != nil {
		t.Error(err)
	}
}

// TestCredentialsOfTheApp: what is taken off the app signs in no more, and what is added does at once.
func TestCredentialsOfTheApp(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	srv, client := serveLogin(t, st)
	signIn := func(secret string) error {
		_, err := credential(t, srv, client, TenantID, ClientID, secret).GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{"https://graph.microsoft.com/.default"}})
		return err
	}
	if err := signIn("new"); err == nil || !strings.Contains(err.Error(), "AADSTS7000215") {
		t.Errorf("with a secret that is not there yet: %v", err)
	}
	st.SetSecrets("new", "newer")
	for secret, works := range map[string]bool{"new": true, "newer": true, "test": false} {
		if err := signIn(secret); (err == nil) != works {
			t.Errorf("with %s: %v", secret, err)
		}
	}
	if refused := checkAssertion(assertionBy(t, st), []*x509.Certificate{}); refused == nil || refused.code != 700027 {
		t.Errorf("signed by nobody who is known: %+v", refused)
	}
	if refused := checkAssertion(assertionBy(t, st), []*x509.Certificate{{PublicKey: &st.key.PublicKey}}); refused != nil {
		t.Errorf("signed by one who is known: %+v", refused)
	}
}

// assertionBy is signed with the stand-in's own key.
func assertionBy(t *testing.T, s *stand) string {
	t.Helper()
	assertion, err := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{"iss": ClientID, "sub": ClientID}).SignedString(s.key)
	if err != nil {
		t.Fatal(err)
	}
	return assertion
}
