package m365fake

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"mailback/internal/fault"
)

// The tenant and the application that are registered in it.
const (
	TenantID     = "0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9"
	TenantDomain = "contoso.com"
	ClientID     = "5f0a1b7c-6a53-4d0e-9a1f-2f4b8f6c9d10"
)

// retention is how long deleted users and soft-deleted mailboxes are kept
// (learn.microsoft.com/entra/architecture/recover-from-deletions).
const retention = 30 * 24 * time.Hour

// Config says how the stand-in behaves. The zero value is a tenant with the seed alone, on the wall clock.
type Config struct {
	// Now is the tenant's clock: deletion dates, days left, purges. Nil means time.Now. Tokens always follow
	// the wall clock, because the clients that cache them do.
	Now func() time.Time
	// Desk spoils and records the calls of "login", "graph" and "exchange". Nil means a desk of its own.
	Desk *fault.Desk
	// ClientSecret is the application's secret. Empty means a random one: see Server.App.
	ClientSecret string
	// Roles are the application permissions of the app. Nil means all those that an operation here wants, and some more.
	Roles []string
	// Users is how many users to add to the seed; a twentieth of them are deleted, and there are seats for all.
	Users int
	// Latency is added to each Graph and Exchange call.
	Latency time.Duration
	// Provisioning is how long a mailbox takes to answer once its user and licence are back, on the wall clock
	// or on Now, whichever is faster. 0 means 2 s, a negative value none.
	Provisioning time.Duration
	// CopyQueue is how long a mailbox restore request is Queued, and CopyTime how long its copying then takes, on the
	// faster of the two clocks. 0 means 2 s and 4 s, a negative value none.
	CopyQueue, CopyTime time.Duration
	// DelayedDelicensing keeps the mailbox of a user whose license goes for 30 more days
	// (learn.microsoft.com/powershell/module/exchangepowershell/set-organizationconfig). Only tenants with more than
	// 5,000 paid licenses can have it.
	DelayedDelicensing bool
	// Lag is how long a read by id shows the state before a write; lists lag three times as long.
	// 0 means 300 ms, a negative value none.
	Lag time.Duration
	// TokenLifetime is how long an access token is good for. 0 means an hour.
	TokenLifetime time.Duration
	// RefuseDeletedProxyFilter refuses $filter on proxyAddresses of deleted users. Microsoft documents neither
	// that it works there nor that it does not.
	RefuseDeletedProxyFilter bool
	// LooseIdentity makes Get- cmdlets return every object for an Identity that does not exist, as the caution on
	// Get-Mailbox's page warns, instead of the ManagementObjectNotFoundException that is usually seen.
	// For a null or empty Identity they always do.
	LooseIdentity bool
}

// App is what a client needs to sign in.
type App struct{ TenantID, ClientID, ClientSecret string }

// Server is the stand-in. Its handlers may be served on one listener or several. It is safe for concurrent use.
type Server struct {
	cfg    Config
	now    func() time.Time
	desk   *fault.Desk
	key    *rsa.PrivateKey
	routes []route
	users  *entity[*user]
	groups *entity[*group]
	limits *limiter
	signed signed

	graph http.Handler // desk and all: also the way of $batch's parts

	mu           sync.Mutex // guards all below
	grants       grants
	off          bool // the app: see DisableApp
	secrets      []string
	certificates []*x509.Certificate
	written      written
	writes       int // cmdlets that wrote, or would have
	tenant
}

// New returns a stand-in with its tenant seeded.
func New(cfg Config) (*Server, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, fmt.Errorf("make the sign-in's key: %w", err)
	}
	cfg = cfg.withDefaults()
	s := &Server{
		cfg: cfg, now: cfg.Now, desk: cfg.Desk, key: key,
		users: userEntity(), groups: groupEntity(),
		grants: defaultGrants(), secrets: []string{cfg.ClientSecret},
	}
	if cfg.Roles != nil {
		s.grants.app = setOf(strings.Join(cfg.Roles, " "))
	}
	s.limits = newLimiter()
	s.tenant = newTenant(cfg)
	s.routes = s.graphRoutes()
	s.graph = s.desk.Wrap("graph", s.refuseGraph, http.HandlerFunc(s.serveGraph))
	s.seed()
	s.fill(cfg.Users)
	s.settle()
	return s, nil
}

func (c Config) withDefaults() Config {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Desk == nil {
		c.Desk = fault.New(c.Now)
	}
	if c.ClientSecret == "" {
		c.ClientSecret = rand.Text()
	}
	c.TokenLifetime = orDefault(c.TokenLifetime, time.Hour)
	c.Provisioning = orDefault(c.Provisioning, 2*time.Second)
	c.CopyQueue = orDefault(c.CopyQueue, 2*time.Second)
	c.CopyTime = orDefault(c.CopyTime, 4*time.Second)
	c.Lag = orDefault(c.Lag, 300*time.Millisecond)
	return c
}

func orDefault(d, usual time.Duration) time.Duration {
	if d == 0 {
		return usual
	}
	return max(d, 0)
}

// App returns the identifiers and the secret of the registered application.
func (s *Server) App() App {
	return App{TenantID: TenantID, ClientID: ClientID, ClientSecret: s.cfg.ClientSecret}
}

// GraphHandler serves Microsoft Graph below /v1.0/.
func (s *Server) GraphHandler() http.Handler { return s.graph }

// ExchangeHandler serves Exchange Online's admin endpoint below /adminapi/.
func (s *Server) ExchangeHandler() http.Handler {
	return s.desk.Wrap("exchange", refuseExchange, http.HandlerFunc(s.serveExchange))
}

// LoginHandler serves Entra sign-in. Clients insist on TLS for it: see NewCertificate.
func (s *Server) LoginHandler() http.Handler {
	return s.desk.Wrap("login", refuseLogin, s.loginMux())
}

// delay waits for the configured latency, or until the caller is gone.
func (s *Server) delay(r *http.Request) {
	if s.cfg.Latency <= 0 {
		return
	}
	select {
	case <-time.After(s.cfg.Latency):
	case <-r.Context().Done():
	}
}

// origin is the scheme and host that the caller used, for the links in answers.
func origin(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}
