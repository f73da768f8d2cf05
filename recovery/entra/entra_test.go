package entra_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"mailback/recovery"
	"mailback/recovery/entra"
)

const tenant = "72f988bf-86f1-41af-91ab-2d7cd011db47"

// login is a sign-in that refuses every token with the same answer. It gives the error that azidentity makes of it.
func login(ctx context.Context, t *testing.T, answer http.HandlerFunc) error {
	t.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.URL.Path, "openid-configuration") {
			answer(w, r)
			return
		}
		base := "https://" + r.Host + "/" + tenant
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"issuer":"%s/v2.0","authorization_endpoint":"%[1]s/authorize","token_endpoint":"%[1]s/oauth2/v2.0/token"}`, base)
	}))
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	options := azidentity.ClientSecretCredentialOptions{DisableInstanceDiscovery: true}
	options.Cloud = cloud.Configuration{ActiveDirectoryAuthorityHost: server.URL + "/"}
	options.Retry.MaxRetries = -1
	options.Transport = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}}
	credential, err := azidentity.NewClientSecretCredential(tenant, "0a1b2c3d-0000-4000-8000-000000000001", "the-secret", &options)
	if err != nil {
		t.Fatal(err)
	}
	_, err = credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{"https://graph.microsoft.com/.default"}})
	if err == nil {
		t.Fatal("there is a token")
	}
	return err
}

// refuses answers as Entra does.
func refuses(status int, code string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		if code != "" {
			fmt.Fprintf(w, `{"error":"invalid_request","error_description":"AADSTS%s: Something for app 'x'.\r\nTrace ID: secret-trace","error_codes":[%[1]s]}`, code)
		}
	}
}

func TestSignInFailed(t *testing.T) {
	t.Parallel()
	date := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		kind   recovery.Kind
		detail string
		wait   time.Duration
	}{
		"wrong secret":        {refuses(401, "7000215"), recovery.SignedOut, recovery.SecretWrong, 0},
		"expired secret":      {refuses(401, "7000222"), recovery.SignedOut, recovery.SecretExpired, 0},
		"unknown certificate": {refuses(401, "700027"), recovery.SignedOut, recovery.CertificateRefused, 0},
		"unknown application": {refuses(400, "700016"), recovery.SignedOut, recovery.AppUnknown, 0},
		"unknown tenant":      {refuses(400, "90002"), recovery.SignedOut, recovery.TenantUnknown, 0},
		"disabled":            {refuses(401, "7000112"), recovery.SignedOut, recovery.AppDisabled, 0},
		"policy":              {refuses(400, "53003"), recovery.SignedOut, recovery.PolicyBlocks, 0},
		"federation":          {refuses(400, "700213"), recovery.SignedOut, recovery.FederationRefused, 0},
		"any other":           {refuses(400, "50034"), recovery.SignedOut, "AADSTS50034", 0},
		"longer code":         {refuses(400, "900331"), recovery.SignedOut, "AADSTS900331", 0},
		"directory down":      {refuses(400, "90033"), recovery.Unavailable, "", 0},
		"transient":           {refuses(400, "90024"), recovery.Unavailable, "", 0},
		"retryable":           {refuses(400, "90006"), recovery.Unavailable, "", 0},
		"timed out there":     {refuses(400, "90012"), recovery.Unavailable, "", 0},
		"graph down":          {refuses(400, "90090"), recovery.Unavailable, "", 0},
		"graph out of reach":  {refuses(400, "90091"), recovery.Unavailable, "", 0},
		"5xx":                 {refuses(503, ""), recovery.Unavailable, "", 0},
		"5xx for a while":     {refuses(503, "", "Retry-After", "90"), recovery.Unavailable, "", 90 * time.Second},
		"5xx with a code":     {refuses(500, "7000222"), recovery.Unavailable, "", 0},
		"loop":                {refuses(400, "50196"), recovery.Throttled, "", 10 * time.Second},
		"blocked tenant":      {refuses(400, "90055", "Retry-After", "90"), recovery.Throttled, "", 90 * time.Second},
		"429":                 {refuses(429, "", "Retry-After", "60"), recovery.Throttled, "", time.Minute},
		"429 until":           {refuses(429, "", "Retry-After", date.Add(70*time.Second).Format(http.TimeFormat), "Date", date.Format(http.TimeFormat)), recovery.Throttled, "", 70 * time.Second},
		"429 until the past":  {refuses(429, "", "Retry-After", date.Format(http.TimeFormat)), recovery.Throttled, "", 10 * time.Second},
		"429 for how long":    {refuses(429, "90033"), recovery.Throttled, "", 10 * time.Second},
		"a proxy's page":      {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403); _, _ = io.WriteString(w, "<html>") }, recovery.SignedOut, "", 0},
		"lost":                {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, recovery.Unavailable, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := entra.SignInFailed(login(t.Context(), t, c.answer))
			if got.Kind != c.kind || got.Detail != c.detail || got.Peer != recovery.PeerEntra || got.RetryAfter != c.wait {
				t.Errorf("%v, after %v; want %s (%s) after %v", got, got.RetryAfter, c.kind, c.detail, c.wait)
			}
			if said := got.Error(); got.Op != "sign in" || strings.Contains(said, "the-secret") || got.Kind == recovery.SignedOut && strings.Contains(said, "secret-trace") {
				t.Errorf("said: %s", said)
			}
		})
	}
}

// A call that was given up, or had nobody to ask, says nothing about the sign-in.
func TestSignInGivenUp(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	err := login(ctx, t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then is it noticed that the caller has gone
		cancel()
		<-r.Context().Done()
	})
	if got := entra.SignInFailed(err); got.Kind != recovery.Unavailable || !strings.Contains(got.Error(), "context canceled") {
		t.Errorf("given up: %v", got)
	}
	if got := entra.SignInFailed(errors.New("no managed identity endpoint")); got.Kind != recovery.Unavailable {
		t.Errorf("no answer at all: %v", got)
	}
}
