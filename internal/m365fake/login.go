package m365fake

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
)

// The audiences of the two services, by the resource that a scope names. usgov hosts serve the same tenant.
const (
	graphAudience    = "https://graph.microsoft.com"
	exchangeAudience = "https://outlook.office365.com"
	keyID            = "mailback-sandbox"
)

// appObjectID is the object id of the application's service principal.
const appObjectID = "7d3f2a10-95c4-4f0b-8b7e-1c2d3e4f5a6b"

// grants are the application permissions and directory roles of the app.
type grants struct {
	app       map[string]bool // roles claims: User.Read.All, Exchange.ManageAsApp, …
	directory map[string]bool // Entra roles of the service principal, and management roles of Exchange beside them
	denied    map[string]bool // cmdlets, in lower case, that the app's Exchange roles leave out
}

func defaultGrants() grants {
	return grants{
		app: setOf(`User.Read.All User.DeleteRestore.All User.EnableDisableAccount.All User.ReadWrite.All User.RevokeSessions.All
			LicenseAssignment.Read.All LicenseAssignment.ReadWrite.All MailboxSettings.Read GroupMember.Read.All Organization.Read.All
			OrgContact.Read.All Domain.Read.All RoleManagement.Read.Directory Exchange.ManageAsApp`),
		directory: map[string]bool{"Exchange Administrator": true, importExport: true}, denied: map[string]bool{},
	}
}

func setOf(words string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		set[w] = true
	}
	return set
}

// privileged tells whether the app may touch users that hold admin roles
// (learn.microsoft.com/graph/api/resources/users, "Who can perform sensitive actions").
func (g grants) privileged() bool {
	return g.directory["Global Administrator"] || g.directory["Privileged Authentication Administrator"]
}

// runs tells whether the app may run a cmdlet. One in a management role of its own needs that role and no other.
func (g grants) runs(c cmdlet) bool {
	if c.role != "" {
		return !g.denied[strings.ToLower(c.name)] && g.directory[c.role]
	}
	return !g.denied[strings.ToLower(c.name)] && (g.writesMailboxes() || (!c.write && g.readsMailboxes()))
}

// readsMailboxes tells whether a directory role lets the app run Get-Mailbox (rknightion/graph2otel docs/graph-api-gotchas.md).
func (g grants) readsMailboxes() bool {
	return g.writesMailboxes() || g.directory["Global Reader"]
}

func (g grants) writesMailboxes() bool {
	return g.directory["Global Administrator"] || g.directory["Exchange Administrator"] || g.directory["Exchange Recipient Administrator"]
}

func (s *Server) loginMux() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{tenant}/oauth2/v2.0/token", s.token)
	mux.HandleFunc("GET /{tenant}/v2.0/.well-known/openid-configuration", s.openID)
	mux.HandleFunc("GET /{tenant}/.well-known/openid-configuration", s.openID)
	mux.HandleFunc("GET /common/discovery/instance", s.discovery)
	mux.HandleFunc("GET /{tenant}/discovery/v2.0/keys", s.keys)
	return mux
}

// loginError is a refusal of Entra (learn.microsoft.com/entra/identity-platform/reference-error-codes).
type loginError struct {
	status int
	kind   string
	code   int
	text   string
}

func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store, no-cache")
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		writeLoginError(w, r, loginError{400, "invalid_request", 900144, "The request body could not be read."})
		return
	}
	audience, refused := s.checkToken(r)
	if refused != nil {
		writeLoginError(w, r, *refused)
		return
	}
	token, err := s.mint(audience, time.Now())
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	seconds := int(s.cfg.TokenLifetime/time.Second) - 1
	w.Header().Set("x-ms-request-id", uuid.NewString())
	writeJSON(w, "application/json; charset=utf-8", http.StatusOK, map[string]any{
		"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token,
	})
}

// checkToken returns the audience that the request may have a token for.
func (s *Server) checkToken(r *http.Request) (string, *loginError) {
	if !isTenant(r.PathValue("tenant")) {
		return "", &loginError{400, "invalid_request", 90002, fmt.Sprintf("Tenant '%s' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. "+
			"Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.", r.PathValue("tenant"))}
	}
	for _, name := range []string{"grant_type", "client_id", "scope"} {
		if r.PostForm.Get(name) == "" {
			return "", &loginError{400, "invalid_request", 900144, fmt.Sprintf("The request body must contain the following parameter: '%s'.", name)}
		}
	}
	if g := r.PostForm.Get("grant_type"); g != "client_credentials" {
		return "", &loginError{400, "unsupported_grant_type", 70003, fmt.Sprintf("The app requested an unsupported grant type '%s'.", g)}
	}
	if id := r.PostForm.Get("client_id"); !strings.EqualFold(id, ClientID) {
		return "", &loginError{400, "unauthorized_client", 700016, fmt.Sprintf("Application with identifier '%s' was not found in the directory 'Contoso'. "+
			"This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. "+
			"You may have sent your authentication request to the wrong tenant.", id)}
	}
	if s.disabled() {
		return "", &loginError{400, "unauthorized_client", 7000112, fmt.Sprintf("Application '%s'(Mailback) is disabled.", ClientID)}
	}
	if refused := s.checkSecret(r); refused != nil {
		return "", refused
	}
	return audienceOf(r.PostForm.Get("scope"))
}

func isTenant(name string) bool {
	return slices.Contains([]string{TenantID, TenantDomain, "contoso.onmicrosoft.com"}, strings.ToLower(name))
}

// checkSecret takes a secret of the app's, or an assertion that is a well-formed JWT and that a certificate of the app's has signed.
func (s *Server) checkSecret(r *http.Request) *loginError {
	secrets, certificates := s.credentials()
	if assertion := r.PostForm.Get("client_assertion"); assertion != "" {
		if r.PostForm.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
			return &loginError{401, "invalid_client", 50027, "JWT token is invalid or malformed."}
		}
		return checkAssertion(assertion, certificates)
	}
	switch secret := r.PostForm.Get("client_secret"); {
	case secret == "":
		return &loginError{401, "invalid_client", 7000218, "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."}
	case slices.Contains(secrets, secret):
		return nil
	}
	return &loginError{401, "invalid_client", 7000215, fmt.Sprintf("Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, "+
		"not the client secret ID, for a secret added to app '%s'.", ClientID)}
}

// checkAssertion looks who has signed an assertion; where no certificates are known, anybody may have
// (learn.microsoft.com/entra/identity-platform/certificate-credentials).
func checkAssertion(assertion string, certificates []*x509.Certificate) *loginError {
	claims := jwt.MapClaims{}
	if _, _, err := jwt.NewParser().ParseUnverified(assertion, claims); err != nil {
		return &loginError{401, "invalid_client", 50027, "JWT token is invalid or malformed."}
	}
	if certificates == nil {
		return nil
	}
	for _, c := range certificates {
		if _, err := jwt.Parse(assertion, func(*jwt.Token) (any, error) { return c.PublicKey, nil }, jwt.WithValidMethods([]string{"RS256", "PS256"})); err == nil {
			return nil
		}
	}
	return &loginError{401, "invalid_client", 700027, "The certificate with identifier used to sign the client assertion is not registered on application. [Reason - The key was not found.]"}
}

// audienceOf reads the resource from a scope of the form <resource>/.default; the reserved OpenID scopes are ignored.
func audienceOf(scope string) (string, *loginError) {
	var resources []string
	for w := range strings.FieldsSeq(scope) {
		if !slices.Contains([]string{"openid", "offline_access", "profile"}, w) {
			resources = append(resources, w)
		}
	}
	if len(resources) != 1 {
		return "", &loginError{400, "invalid_scope", 70011, fmt.Sprintf("The provided request must include a 'scope' input parameter. The provided value for the input parameter 'scope' is not valid. The scope %s is not valid.", scope)}
	}
	if !strings.HasSuffix(resources[0], "/.default") {
		return "", &loginError{400, "invalid_scope", 1002012, fmt.Sprintf("The provided value for scope %s is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).", scope)}
	}
	resource := strings.TrimSuffix(strings.TrimSuffix(resources[0], "/.default"), "/")
	switch resource {
	case graphAudience, "https://graph.microsoft.us", "https://dod-graph.microsoft.us", "00000003-0000-0000-c000-000000000000":
		return graphAudience, nil
	case exchangeAudience, "https://outlook.office365.us", "https://outlook-dod.office365.us", "https://outlook.office.com", "00000002-0000-0ff1-ce00-000000000000":
		return exchangeAudience, nil
	}
	return "", &loginError{400, "invalid_resource", 500011, fmt.Sprintf("The resource principal named %s was not found in the tenant named Contoso. "+
		"This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant.", resource)}
}

// mint signs an access token as of now, which is the wall clock: the clients that cache tokens live on it.
func (s *Server) mint(audience string, now time.Time) (string, error) {
	s.mu.Lock()
	roles := []string{}
	for r, held := range s.grants.app {
		if held && (r == "Exchange.ManageAsApp") == (audience == exchangeAudience) {
			roles = append(roles, r)
		}
	}
	s.mu.Unlock()
	slices.Sort(roles)
	claims := jwt.MapClaims{
		"aud": audience, "iss": "https://sts.windows.net/" + TenantID + "/", "iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(s.cfg.TokenLifetime).Unix(),
		"appid": ClientID, "app_displayname": "Mailback", "appidacr": "1", "idtyp": "app", "idp": "https://sts.windows.net/" + TenantID + "/",
		"oid": appObjectID, "sub": appObjectID, "tid": TenantID, "roles": roles, "ver": "1.0", "uti": uuid.NewString(),
	}
	t := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	t.Header["kid"] = keyID
	return t.SignedString(s.key)
}

// claims verifies a bearer token for an audience.
func (s *Server) claims(r *http.Request, audience string) (jwt.MapClaims, error) {
	bearer, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	claims, err := s.signed.claims(bearer, &s.key.PublicKey)
	if err != nil {
		return nil, err
	}
	return claims, jwt.NewValidator(jwt.WithAudience(audience), jwt.WithExpirationRequired()).Validate(claims)
}

// mostSigned is how many tokens are remembered; when there are more, it begins anew.
const mostSigned = 100

// signed remembers the tokens whose signature was verified, which takes longer than most answers. What they claim is validated at each call.
type signed struct {
	mu  sync.Mutex
	all map[string]jwt.MapClaims
}

func (s *signed) claims(bearer string, key *rsa.PublicKey) (jwt.MapClaims, error) {
	s.mu.Lock()
	known, ok := s.all[bearer]
	s.mu.Unlock()
	if ok {
		return known, nil
	}
	claims := jwt.MapClaims{}
	_, err := jwt.ParseWithClaims(bearer, claims, func(*jwt.Token) (any, error) { return key, nil },
		jwt.WithValidMethods([]string{"RS256"}), jwt.WithoutClaimsValidation())
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil || len(s.all) >= mostSigned {
		s.all = map[string]jwt.MapClaims{}
	}
	s.all[bearer] = claims
	return claims, nil
}

// rolesIn are those of the token that are still granted: a revoked one ends at once here, where Entra lets it live
// as long as the token; a new one needs a new token.
func (s *Server) rolesIn(claims jwt.MapClaims) map[string]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	held := map[string]bool{}
	list, _ := claims["roles"].([]any)
	for _, r := range list {
		if name, ok := r.(string); ok && s.grants.app[name] {
			held[name] = true
		}
	}
	return held
}

// authorize verifies Graph's token and returns the application permissions that count.
func (s *Server) authorize(r *http.Request) (map[string]bool, error) {
	if r.Header.Get("Authorization") == "" {
		return nil, invalidToken("Access token is empty.")
	}
	claims, err := s.claims(r, graphAudience)
	if err != nil {
		return nil, invalidToken(tokenFault(err))
	}
	return s.rolesIn(claims), nil
}

func (s *Server) openID(w http.ResponseWriter, r *http.Request) {
	if tenant := r.PathValue("tenant"); !isTenant(tenant) && tenant != "common" && tenant != "organizations" {
		writeLoginError(w, r, loginError{400, "invalid_tenant", 90002, fmt.Sprintf("Tenant '%s' not found.", tenant)})
		return
	}
	base := origin(r) + "/" + r.PathValue("tenant")
	writeJSON(w, "application/json; charset=utf-8", http.StatusOK, map[string]any{
		"issuer": origin(r) + "/" + TenantID + "/v2.0", "token_endpoint": base + "/oauth2/v2.0/token", "authorization_endpoint": base + "/oauth2/v2.0/authorize",
		"device_authorization_endpoint": base + "/oauth2/v2.0/devicecode", "jwks_uri": base + "/discovery/v2.0/keys",
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "private_key_jwt", "client_secret_basic"},
		"id_token_signing_alg_values_supported": []string{"RS256"}, "response_types_supported": []string{"code"},
		"subject_types_supported": []string{"pairwise"}, "scopes_supported": []string{"openid"}, "tenant_region_scope": "EU",
		"cloud_instance_name": "microsoftonline.com", "msgraph_host": "graph.microsoft.com",
	})
}

// discovery is the instance discovery that client libraries make before they trust an authority.
func (s *Server) discovery(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, "application/json; charset=utf-8", http.StatusOK, map[string]any{
		"tenant_discovery_endpoint": origin(r) + "/" + TenantID + "/v2.0/.well-known/openid-configuration", "api-version": "1.1",
		"metadata": []any{map[string]any{"preferred_network": r.Host, "preferred_cache": r.Host, "aliases": []string{r.Host}}},
	})
}

func (s *Server) keys(w http.ResponseWriter, _ *http.Request) {
	encode := base64.RawURLEncoding.EncodeToString
	writeJSON(w, "application/json; charset=utf-8", http.StatusOK, map[string]any{"keys": []any{map[string]any{
		"kty": "RSA", "use": "sig", "kid": keyID, "alg": "RS256",
		"n": encode(s.key.N.Bytes()), "e": encode(big.NewInt(int64(s.key.E)).Bytes()),
	}}})
}
