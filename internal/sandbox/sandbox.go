package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"mailback/internal/fault"
	"mailback/internal/m365fake"
	"mailback/internal/slackfake"
)

// Config says what a sandbox is made of. The zero value is the stand-ins alone, on a free port.
type Config struct {
	// Listen is the address of the control API and the page, on the loopback. Empty means a free port of 127.0.0.1.
	Listen string
	// Users is how many users are added to the tenant's seed; a twentieth of them are deleted, and there are seats for all.
	Users int
	// Program is the file whose "serve" is the bot. Empty means no bot: /control/bot is then refused.
	Program string
	// Replicas is how many bots there are beside each other; 0 means one. Several need a database that they can share, by Settings.
	Replicas int
	// Settings are environment variables for the bot, beside and before those that Env lists.
	Settings map[string]string
	// ReplicaSettings are further ones for each replica, from 1. Nil means none.
	ReplicaSettings func(n int) map[string]string
	// NoRateLimits takes Slack's limits away, for a harness that plays the same conversation a thousand times.
	NoRateLimits bool
	// NoDelays takes Microsoft's delays away: what was changed is read at once, and a mailbox answers as soon as its user is back. For a
	// harness that counts calls.
	NoDelays bool
	// BotLog gets what the bot writes. Nil means a file, whose end is told when the bot fails.
	BotLog io.Writer
	// BotEnded is told why the bot ended, if it had been ready and nobody had asked for it. Nil means that nobody is told.
	BotEnded func(error)
}

// Sandbox is the stand-ins with their control API and, unless it is left out, the bot. Close ends it.
type Sandbox struct {
	cfg     Config
	dir     string
	clock   *clock
	desk    *fault.Desk
	slack   *slackfake.Server
	m365    *m365fake.Server
	bots    []*bot // none without Config.Program
	env     []Variable
	servers []*server // as they were started
	byName  map[string]*server
	control *server
}

// Start starts a sandbox. It returns once everything listens and the bot is ready, which means that it has a socket to
// Slack; ctx bounds the start alone.
func Start(ctx context.Context, cfg Config) (_ *Sandbox, err error) {
	if cfg.Users < 0 {
		return nil, errors.New("the number of users cannot be negative")
	}
	s := &Sandbox{cfg: cfg}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if s.dir, err = os.MkdirTemp("", "mailback-sandbox-"); err != nil {
		return nil, fmt.Errorf("make the sandbox's folder: %w", err)
	}
	if s.clock, err = newClock(s.ClockFile()); err != nil {
		return nil, err
	}
	if err := s.startServices(ctx); err != nil {
		return nil, err
	}
	if cfg.Program != "" {
		for n := range max(cfg.Replicas, 1) {
			s.bots = append(s.bots, newBot(s, n+1))
		}
	}
	if s.control, err = s.open(ctx, cfg.Listen, s.handler()); err != nil {
		return nil, err
	}
	for _, b := range s.bots {
		if err := b.start(ctx); err != nil {
			return s, err
		}
	}
	return s, nil
}

// startServices seeds both stand-ins and gives each service a port of its own.
func (s *Sandbox) startServices(ctx context.Context) error {
	s.desk = fault.New(s.clock.now)
	s.slack = slackfake.New(slackfake.Config{Now: s.clock.now, Desk: s.desk, Scopes: scopes(), NoRateLimits: s.cfg.NoRateLimits})
	var delay time.Duration
	if s.cfg.NoDelays {
		delay = -1
	}
	var err error
	if s.m365, err = m365fake.New(m365fake.Config{
		Now: s.clock.now, Desk: s.desk, Roles: roles(), Users: s.cfg.Users, Lag: delay, Provisioning: delay,
		// What Microsoft's pages caution about. A tenant that is filled to size says that there is no such object, as Exchange is seen to
		// do as well: a thousand rows for each look-up would be most of what the stand-in does. recovery/exchange tests both together.
		LooseIdentity: s.cfg.Users == 0,
	}); err != nil {
		return err
	}
	slack, err := s.open(ctx, "", onlyLocal(forbid, s.slack.Handler()))
	if err != nil {
		return err
	}
	graph, err := s.open(ctx, "", onlyLocal(forbid, s.m365.GraphHandler()))
	if err != nil {
		return err
	}
	exchange, err := s.open(ctx, "", onlyLocal(forbid, s.m365.ExchangeHandler()))
	if err != nil {
		return err
	}
	login, err := s.openLogin(ctx)
	if err != nil {
		return err
	}
	s.byName = map[string]*server{"slack": slack, "graph": graph, "exchange": exchange, "login": login}
	s.env = s.variables(slack, graph, exchange, login)
	return nil
}

// scopes are those of manifest.yml, so that a call which needs another fails here too. A test compares them.
func scopes() []string {
	return []string{"commands", "chat:write", "users:read", "users:read.email", "usergroups:read", "channels:read", "groups:read", "files:write"}
}

// roles are the app roles of the README for a Mailback that asks Exchange, so that a call which needs another fails here too. A test
// compares them.
func roles() []string {
	return []string{
		"User.Read.All", "User.DeleteRestore.All", "LicenseAssignment.ReadWrite.All", "MailboxSettings.Read", "Organization.Read.All",
		"RoleManagement.Read.Directory", "User.EnableDisableAccount.All", "GroupMember.Read.All", "OrgContact.Read.All", "User.ReadWrite.All",
		"Exchange.ManageAsApp",
	}
}

// openLogin serves the sign-in over TLS, which clients insist on, with a certificate of an authority of its own.
func (s *Sandbox) openLogin(ctx context.Context) (*server, error) {
	cert, err := m365fake.NewCertificate()
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(s.caFile(), cert.CA, 0o600); err != nil {
		return nil, fmt.Errorf("write the sign-in's certificate: %w", err)
	}
	l, err := listen(ctx, anyPort)
	if err != nil {
		return nil, err
	}
	login := serve(l, onlyLocal(forbid, s.m365.LoginHandler()), cert.Server)
	s.servers = append(s.servers, login)
	return login, nil
}

// anyPort is a free port of the loopback.
const anyPort = "127.0.0.1:0"

func (s *Sandbox) open(ctx context.Context, address string, h http.Handler) (*server, error) {
	if address == "" {
		address = anyPort
	}
	l, err := listen(ctx, address)
	if err != nil {
		return nil, err
	}
	started := serve(l, h)
	s.servers = append(s.servers, started)
	return started, nil
}

// Desk is where faults are laid on the stand-ins' calls, and calls are watched.
func (s *Sandbox) Desk() *fault.Desk { return s.desk }

// URL is the address of the page, and of the control API below /control/. It ends in no slash.
func (s *Sandbox) URL() string { return "http://" + s.control.addr }

// ClockFile is what "serve --clock" takes for a bot whose time is to move with the sandbox's.
func (s *Sandbox) ClockFile() string { return filepath.Join(s.dir, "clock") }

func (s *Sandbox) caFile() string { return filepath.Join(s.dir, "ca.pem") }

// Close stops the bot, ends the stand-ins and removes the sandbox's files.
func (s *Sandbox) Close() error {
	var errs []error
	for _, b := range s.bots {
		errs = append(errs, b.close())
	}
	if s.slack != nil {
		s.slack.Close()
	}
	for _, srv := range s.servers {
		errs = append(errs, srv.close())
	}
	if s.dir != "" {
		errs = append(errs, os.RemoveAll(s.dir))
	}
	return errors.Join(errs...)
}
