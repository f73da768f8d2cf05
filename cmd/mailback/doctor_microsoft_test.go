package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mailback/internal/fault"
	"mailback/internal/sandbox"
)

// certified signs in with a certificate that ends so long from now.
func certified(left time.Duration) func(*testing.T, map[string]string) {
	return func(t *testing.T, env map[string]string) {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		must(t, err)
		now := time.Now()
		c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Mailback"}, NotBefore: now.Add(-100 * 24 * time.Hour), NotAfter: now.Add(left)}
		der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
		must(t, err)
		private, err := x509.MarshalPKCS8PrivateKey(key)
		must(t, err)
		file := filepath.Join(t.TempDir(), "app.pem")
		text := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
		must(t, os.WriteFile(file, text, 0o600))
		env["AZURE_CLIENT_SECRET"], env["AZURE_CLIENT_CERTIFICATE_PATH"] = "", file
	}
}

func entraAilments() []ailment {
	const day = 24 * time.Hour
	all := []ailment{
		{name: "wrong secret", env: map[string]string{"AZURE_CLIENT_SECRET": "something else"}, want: []string{"failed entra.sign-in"}, fix: "AZURE_CLIENT_SECRET", says: "AADSTS7000215"},
		{name: "expired secret", hurt: broken("login", "/token", fault.Status, 401), want: []string{"failed entra.sign-in"}, fix: "make a new client secret", says: "AADSTS7000222"},
		{name: "unknown app", env: map[string]string{"AZURE_CLIENT_ID": "00000000-0000-4000-8000-000000000001"}, want: []string{"failed entra.sign-in"}, fix: "AZURE_CLIENT_ID", says: "AADSTS700016"},
		{name: "unknown tenant", env: map[string]string{"AZURE_TENANT_ID": "00000000-0000-4000-8000-000000000002"}, want: []string{"failed entra.sign-in"}},
		{
			name: "app disabled", want: []string{"failed entra.sign-in"}, fix: "enable the app", says: "AADSTS7000112",
			hurt: func(_ *testing.T, s *sandbox.Sandbox) { s.Microsoft().DisableApp(true) },
		},
		{name: "login down", hurt: down("login"), want: []string{"failed entra.sign-in"}, fix: "AZURE_AUTHORITY_HOST"},
		{name: "login in trouble", hurt: broken("login", "/token", fault.Status, 503), want: []string{"failed entra.sign-in"}, fix: "status.cloud.microsoft"},
		{name: "a certificate", setup: certified(200 * day), also: func(t *testing.T, all map[string]finding) {
			if f := all["entra.certificate"]; f.Status != statusOK || !strings.Contains(f.Text, "in 199 days") {
				t.Errorf("%+v", f)
			}
		}},
		{name: "a certificate that ends soon", setup: certified(10*day + time.Hour), want: []string{"warning entra.certificate"}, fix: "make a new certificate", says: "in 10 days"},
		{name: "a certificate that has ended", setup: certified(-day), want: []string{"failed entra.certificate"}, fix: "make a new certificate", says: "expired on"},
		{
			name: "no certificate in its file", want: []string{"failed entra.sign-in"}, says: "AZURE_CLIENT_CERTIFICATE_PATH",
			env: map[string]string{"AZURE_CLIENT_SECRET": "", "AZURE_CLIENT_CERTIFICATE_PATH": "/nowhere/app.pem"},
		},
		{
			name: "a role too many", want: []string{"warning entra.privilege"}, fix: "remove them", says: ": Mail.Send",
			hurt: func(_ *testing.T, s *sandbox.Sandbox) { s.Microsoft().GrantRole("Mail.Send") },
		},
		{
			name: "a role that Exchange makes needless", want: []string{"warning entra.privilege"}, fix: "remove them", says: ": Mail.ReadWrite",
			hurt: func(_ *testing.T, s *sandbox.Sandbox) { s.Microsoft().GrantRole("Mail.ReadWrite") },
		},
		{name: "graph down", hurt: down("graph"), want: []string{"failed graph"}, fix: "GRAPH_BASE_URL"},
		{name: "graph in trouble", hurt: broken("graph", "", fault.Status, 503), want: []string{"failed graph"}, fix: "status.cloud.microsoft", says: "503"},
		{name: "graph throttles", hurt: broken("graph", "subscribedSkus", fault.Throttle, 60), want: []string{"failed graph"}, says: "throttled"},
		{name: "graph takes no token", hurt: broken("graph", "", fault.Status, 401), want: []string{"failed graph"}, fix: "MAILBACK_CLOUD"},
	}
	for _, r := range appRoles() {
		if r.name != "Mail.ReadWrite" {
			all = append(all, withoutRole(r))
		}
	}
	return all
}

// withoutRole takes an app role away, with those that would stand in for it.
func withoutRole(r appRole) ailment {
	a := ailment{name: "without " + r.name, hurt: func(_ *testing.T, s *sandbox.Sandbox) {
		for _, name := range append(slices.Clone(r.covers), r.name) {
			s.Microsoft().RevokeRole(name)
		}
	}}
	if r.status == statusNote {
		a.also = func(t *testing.T, all map[string]finding) {
			if f := all["entra.role."+r.name]; f.Status != statusNote || !strings.Contains(f.Text, r.without) {
				t.Errorf("%+v", f)
			}
		}
		return a
	}
	a.want, a.says, a.fix = []string{string(r.status) + " entra.role." + r.name}, r.without, "grant admin consent"
	return a
}

func exchangeAilments() []ailment {
	revoke := func(names ...string) func(*testing.T, *sandbox.Sandbox) {
		return func(_ *testing.T, s *sandbox.Sandbox) {
			for _, name := range names {
				s.Microsoft().RevokeRole(name)
			}
		}
	}
	all := []ailment{
		{name: "without Exchange.ManageAsApp", hurt: revoke("Exchange.ManageAsApp"), want: []string{"failed exchange.role.Exchange.ManageAsApp"}, fix: "Exchange.ManageAsApp"},
		{name: "without a role in Exchange", hurt: revoke("Exchange Administrator", "Mailbox Import Export"), want: []string{"failed exchange.role"}, fix: "Exchange Administrator"},
		{
			name: "without Mailbox Import Export", hurt: revoke("Mailbox Import Export"), fix: "Get-ManagementRole -Cmdlet ",
			want: []string{"warning exchange.cmdlet.Get-RecoverableItems", "warning exchange.cmdlet.Restore-RecoverableItems"},
		},
		{name: "exchange down", hurt: down("exchange"), want: []string{"failed exchange"}, fix: "EXCHANGE_BASE_URL"},
		{name: "exchange in trouble", hurt: broken("exchange", "", fault.Status, 503), want: []string{"failed exchange"}, fix: "status.cloud.microsoft", says: "503"},
		{name: "exchange refuses the list", hurt: broken("exchange", "EXOModuleFile", fault.Status, 403), want: []string{"failed exchange.role"}, fix: "role group"},
		{
			name: "exchange does not tell of delicensing", hurt: broken("exchange", "InvokeCommand", fault.Status, 403),
			also: func(t *testing.T, all map[string]finding) {
				if f := all["tenant.delicensing"]; !strings.Contains(f.Text, "cannot be read") {
					t.Errorf("%+v", f)
				}
			},
		},
		{
			name: "delicensing is delayed", hurt: func(_ *testing.T, s *sandbox.Sandbox) { s.Microsoft().SetDelayedDelicensing(true) },
			also: func(t *testing.T, all map[string]finding) {
				if f := all["tenant.delicensing"]; !strings.Contains(f.Text, "30 more days") {
					t.Errorf("%+v", f)
				}
			},
		},
		{
			name: "exchange is off", env: map[string]string{"MAILBACK_EXCHANGE": "off"}, hurt: down("exchange"),
			also: func(t *testing.T, all map[string]finding) {
				if f := all["entra.role.Mail.ReadWrite"]; all["exchange"].Status != statusNote || f.Status != statusNote {
					t.Errorf("%+v, %+v", all["exchange"], f)
				}
			},
		},
	}
	for _, c := range cmdletNeeds() {
		all = append(all, ailment{
			name: "without " + c.name, want: []string{string(c.status) + " exchange.cmdlet." + c.name}, says: c.without, fix: "-Cmdlet " + c.name + "`",
			hurt: func(_ *testing.T, s *sandbox.Sandbox) { s.Microsoft().SetCmdlet(c.name, false) },
		})
	}
	return all
}
