package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"mailback/bot"
	"mailback/commands"
	"mailback/recovery/store"
)

// TestHealthTellsNoDetails: whoever reaches the port learns that something is wrong, and nothing about it that the log has.
func TestHealthTellsNoDetails(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	file := filepath.Join(t.TempDir(), "top-secret-name.db")
	db, err := store.Open(t.Context(), store.Config{URL: "sqlite:" + file, Render: commands.NewRenderer(commands.RendererConfig{})})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	slackBot, err := bot.New(bot.Config{BotToken: "xoxb-secret", AppToken: "xapp-secret", APIURL: "http://127.0.0.1:1/", Sorry: commands.Sorry("en")})
	if err != nil {
		t.Fatal(err)
	}
	logger := slog.New(slog.NewTextHandler(&log, nil))
	h := healthHandler(checks(slackBot, db, newSignIn(time.Now), time.Now, logger), newMetrics())
	for path, status := range map[string]int{"/healthz": http.StatusOK, "/readyz": http.StatusServiceUnavailable} {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path, nil))
		var said map[string]string
		if err := json.Unmarshal(rec.Body.Bytes(), &said); err != nil || rec.Code != status {
			t.Errorf("%s: %d %s, %v", path, rec.Code, rec.Body, err)
		}
		want := map[string]string{"process": "ok", "slack": "no connection for 0 s", "database": "it takes no transaction; the log says why", "sign-in": "not tried yet"}
		for name, text := range said {
			if text != want[name] {
				t.Errorf("%s says of %s %q", path, name, text)
			}
		}
	}
	if text := log.String(); !strings.Contains(text, "the database takes no transaction") || strings.Contains(text, "secret") {
		t.Errorf("log %s", text)
	}
}

// TestSignInIsNamedAndMakesNobodyUnready: what is down for a moment at Microsoft does not take the bot away from Slack.
func TestSignInIsNamedAndMakesNobodyUnready(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	signed := newSignIn(func() time.Time { return now })
	ready := func(context.Context) (string, error) { return "ok", nil }
	h := healthHandler([]check{{name: "slack", needed: true, well: ready}, {name: "sign-in", well: signed.said}}, http.NotFoundHandler())
	says := func(want string) {
		t.Helper()
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/readyz", nil))
		var said map[string]string
		if err := json.Unmarshal(rec.Body.Bytes(), &said); err != nil || rec.Code != http.StatusOK || said["sign-in"] != want {
			t.Errorf("%d %s, %v, want %q", rec.Code, rec.Body, err, want)
		}
	}
	credential := &fakeCredential{}
	watched := signed.watch(credential)
	sign := func(ctx context.Context, scope string) {
		_, err := watched.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{scope}})
		if !errors.Is(err, credential.err) {
			t.Errorf("the credential's error is lost: %v", err)
		}
	}
	says("not tried yet")
	credential.err = errors.New("AADSTS7000222 with secrets")
	stopped, stop := context.WithCancel(t.Context())
	stop()
	sign(stopped, "graph")
	says("not tried yet")
	sign(t.Context(), "graph")
	now = now.Add(5 * time.Second)
	says("failed 5 s ago, and has never worked; the log says why")
	credential.err = nil
	sign(t.Context(), "graph")
	now = now.Add(3 * time.Second)
	says("ok, 3 s ago")
	credential.err = errors.New("down")
	sign(t.Context(), "exchange")
	says("failed 0 s ago, and last worked 3 s ago; the log says why")
	credential.err = nil
	sign(t.Context(), "graph")
	says("failed 0 s ago, and last worked 0 s ago; the log says why") // for Exchange it still does
	sign(t.Context(), "exchange")
	says("ok, 0 s ago")
	if credential.calls != 6 {
		t.Errorf("%d sign-ins: a probe has made one", credential.calls)
	}
}

// fakeCredential gives a token, or err.
type fakeCredential struct {
	err   error
	calls int
}

func (c *fakeCredential) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	c.calls++
	return azcore.AccessToken{}, c.err
}

// TestExpiryIsTheCertificates: that of the key, whatever stands beside it in the file.
func TestExpiryIsTheCertificates(t *testing.T) {
	t.Parallel()
	if at, err := (&settings{AzureClientSecret: "s"}).expiry(); err != nil || !at.IsZero() {
		t.Errorf("of a secret: %v, %v", at, err)
	}
	ends := time.Now().Add(20 * 24 * time.Hour).UTC().Truncate(time.Second)
	issuer, _ := newCertificate(t, ends.Add(1000*time.Hour))
	leaf, key := newCertificate(t, ends)
	file := filepath.Join(t.TempDir(), "certificate.pem")
	if err := os.WriteFile(file, slices.Concat(issuer, leaf, key), 0o600); err != nil {
		t.Fatal(err)
	}
	if at, err := (&settings{AzureCertificatePath: file}).expiry(); err != nil || !at.Equal(ends) {
		t.Errorf("%v, %v, want %v", at, err, ends)
	}
	if err := os.WriteFile(file, slices.Concat(issuer, key), 0o600); err != nil {
		t.Fatal(err)
	}
	if at, err := (&settings{AzureCertificatePath: file}).expiry(); err == nil {
		t.Errorf("of another key: %v", at)
	}
}

// newCertificate gives one that signs itself, with its key, as PEM.
func newCertificate(t *testing.T, ends time.Time) (certificate, key []byte) {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mailback"}, NotAfter: ends}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})
}
