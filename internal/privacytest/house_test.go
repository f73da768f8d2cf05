package privacytest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"mailback/bot"
	"mailback/commands"
	"mailback/internal/m365fake"
	"mailback/internal/slackfake"
	"mailback/recovery"
	"mailback/recovery/exchange"
	"mailback/recovery/graph"
	"mailback/recovery/store"
)

// stderr gets what is written to the standard error of the whole process.
var stderr *os.File

func TestMain(m *testing.M) {
	var err error
	if stderr, err = os.CreateTemp("", "privacytest-"); err != nil {
		log.Fatal(err)
	}
	os.Stderr = stderr
	log.SetOutput(stderr)
	code := m.Run()
	_ = os.Remove(stderr.Name())
	os.Exit(code)
}

// house is a whole Mailback with all that it talks to.
type house struct {
	t      *testing.T
	slack  *slackfake.Server
	m365   *m365fake.Server
	record *record // of what Slack was sent
	spoiler
	items *bomb
	log   *lockedBuffer
	file  string // the database's
}

// newHouse has mail read through Exchange, or through Graph alone.
func newHouse(t *testing.T, throughExchange bool) *house {
	t.Helper()
	h := &house{t: t, log: &lockedBuffer{}, file: filepath.Join(t.TempDir(), "mailback.db")}
	logger := slog.New(slog.NewTextHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	h.slack = slackfake.New(slackfake.Config{NoRateLimits: true})
	t.Cleanup(h.slack.Close)
	h.record = &record{slack: h.slack, next: h.slack.Handler(), own: map[string]bool{}}
	b, err := bot.New(bot.Config{
		BotToken: slackfake.BotToken, AppToken: slackfake.AppToken, APIURL: h.serve(h.record) + "/api/", Sorry: commands.Sorry("en"), Logger: logger,
	})
	h.must(err)
	db, err := store.Open(t.Context(), store.Config{
		URL: "sqlite:" + h.file, Logger: logger,
		Render: commands.NewRenderer(commands.RendererConfig{ApprovalChannel: slackfake.ApprovalsID, Language: "en", TTL: time.Hour}),
	})
	h.must(err)
	cfg := recovery.Config{
		Settings: recovery.Settings{
			TeamID: slackfake.TeamID, Approvers: []string{slackfake.Patti}, ApprovalChannel: slackfake.ApprovalsID, Approvals: 1, TTL: time.Hour,
		},
		Store: db, Lists: db, Links: db, Languages: db, Faults: db, People: commands.NewPeople(b, slackfake.TeamID), Replier: commands.NewReplier(b, "en"), Now: time.Now, Logger: logger,
	}
	h.microsoft(&cfg, throughExchange)
	service := recovery.New(cfg)
	h.must(db.Start(t.Context(), store.Workers{Advance: service.Advance, Deliver: bot.NewDeliverer(b, db.Outbox(), nil).Deliver, Refused: service.Unsent}))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- b.Run(ctx, commands.New(commands.Config{Service: service, Slack: b, Language: "en", Now: time.Now, Logger: logger}))
	}()
	t.Cleanup(func() {
		cancel()
		h.must(<-done)
		stop, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		h.must(db.Stop(stop))
		h.must(db.Close())
	})
	eventually(t, "a socket is up", func() bool { return b.Health().Connections > 0 })
	return h
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Error(err)
	}
}

// serve serves a stand-in until the test ends.
func (h *house) serve(next http.Handler) string {
	s := httptest.NewServer(next)
	h.t.Cleanup(s.Close)
	return s.URL
}

// microsoft connects the tenant through the adapters of the product.
func (h *house) microsoft(cfg *recovery.Config, throughExchange bool) {
	var err error
	h.m365, err = m365fake.New(m365fake.Config{Lag: -1, Provisioning: -1})
	h.must(err)
	credential := h.signIn()
	directory, err := graph.New(graph.Config{
		Credential: credential, BaseURL: h.serve(h.spoils(h.m365.GraphHandler())) + "/v1.0", Scope: "https://graph.microsoft.com/.default", Logger: cfg.Logger,
	})
	h.must(err)
	cfg.Directory, cfg.Restorer = directory, directory
	h.items = &bomb{next: directory}
	cfg.Items = h.items
	if !throughExchange {
		h.m365.GrantRole("Mail.ReadWrite")
		h.m365.GrantRole("Mail.Read")
		return
	}
	client, err := exchange.New(exchange.Config{
		Credential: credential, BaseURL: h.serve(h.spoils(h.m365.ExchangeHandler())), Scope: "https://outlook.office365.com/.default", TenantID: m365fake.TenantID, Logger: cfg.Logger,
	})
	h.must(err)
	h.items.next = client
	cfg.Mailboxes, cfg.Copier, cfg.Reconnector = client, client, client
}

// signIn gives a credential of the tenant's own sign-in.
func (h *house) signIn() azcore.TokenCredential {
	h.t.Helper()
	certificate, err := m365fake.NewCertificate()
	h.must(err)
	server := httptest.NewUnstartedServer(h.m365.LoginHandler())
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate.Server}, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	h.t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(certificate.CA)
	options := azidentity.ClientSecretCredentialOptions{DisableInstanceDiscovery: true}
	options.Cloud = cloud.Configuration{ActiveDirectoryAuthorityHost: server.URL + "/"}
	options.Transport = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}}
	app := h.m365.App()
	credential, err := azidentity.NewClientSecretCredential(app.TenantID, app.ClientID, app.ClientSecret, &options)
	h.must(err)
	return credential
}
