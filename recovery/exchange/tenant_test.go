package exchange_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"mailback/internal/fault"
	"mailback/internal/m365fake"
	"mailback/recovery"
	"mailback/recovery/exchange"
)

const scope = "https://outlook.office365.com/.default"

func newClient(t *testing.T, cfg exchange.Config) *exchange.Client {
	t.Helper()
	cfg.Scope, cfg.TenantID, cfg.Transport = scope, m365fake.TenantID, checked{t}
	c, err := exchange.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// newTenant serves the stand-in's tenant with a client that signs in to it as the product does.
func newTenant(t *testing.T, cfg m365fake.Config) (*exchange.Client, *m365fake.Server, *fault.Desk) {
	t.Helper()
	cfg.Desk = fault.New(time.Now)
	fake, err := m365fake.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(fake.ExchangeHandler())
	t.Cleanup(server.Close)
	return newClient(t, exchange.Config{Credential: signIn(t, fake, fake.App().ClientSecret), BaseURL: server.URL}), fake, cfg.Desk
}

func signIn(t *testing.T, fake *m365fake.Server, password string) azcore.TokenCredential {
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
	credential, err := azidentity.NewClientSecretCredential(m365fake.TenantID, m365fake.ClientID, password, &options)
	if err != nil {
		t.Fatal(err)
	}
	return credential
}

func byAddress(address string) recovery.Query {
	return recovery.Query{Kind: recovery.ByAddress, Value: address}
}

func TestFind(t *testing.T) {
	t.Parallel()
	for _, loose := range []bool{false, true} { // whether an identity that does not exist gives everything
		c, _, desk := newTenant(t, m365fake.Config{LooseIdentity: loose})
		for address, want := range map[string][]string{
			"meganb@contoso.com":       {"UserMailbox"},
			"MeganB@contoso.com":       {"UserMailbox"},
			"helpdesk@contoso.com":     {"SharedMailbox"},
			"vm2210@contoso.com":       {"UserMailbox"},
			"adelev@contoso.com":       {"UserMailbox deleted"},
			"careers@contoso.com":      {"SharedMailbox deleted"},
			"rainier@contoso.com":      {"RoomMailbox deleted"},
			"debrab@contoso.com":       {"UserMailbox deleted"},
			"benw@contoso.com":         {"UserMailbox deleted inactive"},
			"enricoc@contoso.com":      {"UserMailbox", "UserMailbox deleted"},
			"mollyd@contoso.com":       {"UserMailbox deleted", "UserMailbox deleted"},
			"s.o'neil@contoso.com":     {"UserMailbox deleted"},
			"john@contoso.com":         {"UserMailbox deleted"},
			"formerstaff@contoso.com":  nil,
			"olafj@contoso.com":        nil,
			"ohn@contoso.com":          nil,
			"newsletter@contoso.com":   {"UserMailbox deleted"},
			" frontdesk@contoso.com  ": {"SharedMailbox deleted"},
		} {
			got, err := c.Find(t.Context(), byAddress(address))
			if err != nil || !slices.Equal(kinds(got), want) {
				t.Errorf("%s (loose %t): %v, %v, want %v", address, loose, kinds(got), err, want)
			}
		}
		if n := len(desk.Calls()); n == 0 {
			t.Error("no call was made")
		}
	}
}

// kinds gives each mailbox's type and state.
func kinds(all []recovery.Mailbox) []string {
	var out []string
	for _, m := range all {
		kind := m.Type
		if !m.SoftDeletedAt.IsZero() {
			kind += " deleted"
		}
		if m.Inactive {
			kind += " inactive"
		}
		out = append(out, kind)
	}
	return out
}

func TestFindByObjectID(t *testing.T) {
	t.Parallel()
	c, _, _ := newTenant(t, m365fake.Config{LooseIdentity: true})
	first, err := c.Find(t.Context(), byAddress("adelev@contoso.com"))
	if err != nil || len(first) != 1 {
		t.Fatalf("%+v, %v", first, err)
	}
	m := first[0]
	if m.ExchangeGUID == "" || m.ObjectID == "" || m.Address != "adelev@contoso.com" || m.CreatedAt.IsZero() || !m.SoftDeletedAt.After(m.CreatedAt) {
		t.Errorf("%+v", m)
	}
	again, err := c.Find(t.Context(), recovery.Query{Kind: recovery.ByObjectID, Value: strings.ToUpper(m.ObjectID)})
	if err != nil || !reflect.DeepEqual(again, first) {
		t.Errorf("%+v, %v", again, err)
	}
}

func TestFindRefusesWhatCouldMeanEverybody(t *testing.T) {
	t.Parallel()
	c, _, desk := newTenant(t, m365fake.Config{})
	for _, q := range []recovery.Query{
		{},
		byAddress(""), byAddress(" "), byAddress("meganb"), byAddress("*"),
		{Kind: recovery.ByObjectID},
		{Kind: recovery.ByName, Value: "Megan Bowen"},
		{Kind: recovery.ByPerson, Value: "U0123"},
	} {
		if got, err := c.Find(t.Context(), q); recovery.KindOf(err) != recovery.Invalid || got != nil {
			t.Errorf("%+v: %+v, %v", q, got, err)
		}
	}
	if n := len(desk.Calls()); n != 0 {
		t.Errorf("%d calls were made", n)
	}
}

func TestMissingRoles(t *testing.T) {
	t.Parallel()
	c, fake, _ := newTenant(t, m365fake.Config{})
	fake.RevokeRole("Exchange Administrator")
	_, err := c.Find(t.Context(), byAddress("meganb@contoso.com"))
	if e, ok := errors.AsType[*recovery.Error](err); !ok || e.Kind != recovery.Forbidden || e.Detail != "Get-Mailbox" || !strings.Contains(err.Error(), "not available to the caller") {
		t.Errorf("no Exchange role: %v", err)
	}
	fake.RevokeRole("Exchange.ManageAsApp")
	_, err = c.Find(t.Context(), byAddress("meganb@contoso.com"))
	if e, ok := errors.AsType[*recovery.Error](err); !ok || e.Kind != recovery.Forbidden || e.Detail != "Exchange.ManageAsApp" {
		t.Errorf("no app role: %v", err)
	}
}

func TestSignInFails(t *testing.T) {
	t.Parallel()
	fake, err := m365fake.New(m365fake.Config{})
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(t, exchange.Config{Credential: signIn(t, fake, "wrong-secret"), BaseURL: "http://127.0.0.1:1"})
	_, err = c.Find(t.Context(), byAddress("meganb@contoso.com"))
	if e, ok := errors.AsType[*recovery.Error](err); !ok || e.Kind != recovery.SignedOut || e.Peer != recovery.PeerEntra || e.Detail != recovery.SecretWrong || strings.Contains(err.Error(), "wrong-secret") {
		t.Errorf("%v", err)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for want, f := range map[recovery.Kind]fault.Fault{
		recovery.Throttled:   {Service: "exchange", Match: "InvokeCommand", Kind: fault.Throttle, Value: 42},
		recovery.Unavailable: {Service: "exchange", Match: "InvokeCommand", Kind: fault.Status, Value: 503},
	} {
		c, _, desk := newTenant(t, m365fake.Config{})
		if err := desk.Add(f); err != nil {
			t.Fatal(err)
		}
		_, err := c.Find(t.Context(), byAddress("meganb@contoso.com"))
		e, ok := errors.AsType[*recovery.Error](err)
		if !ok || e.Kind != want || want == recovery.Throttled && e.RetryAfter != 42*time.Second {
			t.Errorf("%+v: %v", f, err)
		}
	}
}
