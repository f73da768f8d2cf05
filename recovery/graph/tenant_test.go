package graph_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"mailback/internal/fault"
	"mailback/internal/m365fake"
	"mailback/recovery/graph"
)

const graphScope = "https://graph.microsoft.com/.default"

// tenant is the stand-in's tenant with a client that signs in to it as the product does.
type tenant struct {
	*m365fake.Server
	client     *graph.Client
	desk       *fault.Desk
	graph      *httptest.Server
	credential azcore.TokenCredential
}

// newTenant serves a tenant on the loopback. Its writes are seen at once unless cfg says otherwise.
func newTenant(t testing.TB, cfg m365fake.Config) *tenant {
	t.Helper()
	if cfg.Lag == 0 {
		cfg.Lag = -1
	}
	if cfg.Provisioning == 0 {
		cfg.Provisioning = -1
	}
	desk := fault.New(nowOr(cfg.Now))
	cfg.Desk = desk
	fake, err := m365fake.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(fake.GraphHandler())
	t.Cleanup(server.Close)
	n := &tenant{Server: fake, desk: desk, graph: server, credential: signIn(t, fake, fake.App().ClientSecret)}
	n.client = newClient(t, graph.Config{Credential: n.credential, BaseURL: server.URL})
	return n
}

func newClient(t testing.TB, cfg graph.Config) *graph.Client {
	t.Helper()
	cfg.Scope = graphScope
	c, err := graph.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// signIn serves the tenant's sign-in over TLS and gives a credential for it.
func signIn(t testing.TB, fake *m365fake.Server, secret string) azcore.TokenCredential {
	t.Helper()
	certificate, err := m365fake.NewCertificate()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(fake.LoginHandler())
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate.Server}, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(certificate.CA)
	options := azidentity.ClientSecretCredentialOptions{DisableInstanceDiscovery: true}
	options.Cloud = cloud.Configuration{ActiveDirectoryAuthorityHost: server.URL + "/"}
	options.Retry.MaxRetries = -1
	options.Transport = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}}
	credential, err := azidentity.NewClientSecretCredential(fake.App().TenantID, fake.App().ClientID, secret, &options)
	if err != nil {
		t.Fatal(err)
	}
	return credential
}
