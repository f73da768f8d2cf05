package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"runtime/debug"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"mailback/bot"
	"mailback/commands"
	"mailback/recovery"
	"mailback/recovery/exchange"
	"mailback/recovery/graph"
	"mailback/recovery/store"
)

// gcPercent lets the collector run a third less often than it would: next to nothing of what is allocated is still needed a moment later, so
// that a few megabytes more save some of the processor's time. GOGC says otherwise.
const gcPercent = 150

// serve is the subcommand that runs the bot until ctx ends.
func serve(ctx context.Context, args []string, stderr io.Writer) error {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	flags.SetOutput(io.Discard)                // main prints what is wrong
	clockFile := flags.String("clock", "", "") // the sandbox moves time with it
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: mailback serve\n\nIts settings come from the environment: see README.md.")
	}
	if err := flags.Parse(args); err != nil {
		return flagError(err)
	}
	if flags.NArg() > 0 {
		return errUsage{fmt.Sprintf("serve takes no argument, and got %q", flags.Arg(0))}
	}
	s, err := readSettings()
	if err != nil {
		return err
	}
	now, err := movedClock(*clockFile)
	if err != nil {
		return err
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	log := s.logger(stderr)
	return run(ctx, s, now, log)
}

// flagError makes a flag's fault a fault of usage; asking for help is none.
func flagError(err error) error {
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	return errUsage{err.Error()}
}

// logger writes structured lines of the level and in the format that are set.
func (s *settings) logger(w io.Writer) *slog.Logger {
	level := new(slog.LevelVar)
	_ = s.level(level) // checked when the settings were read
	options := &slog.HandlerOptions{Level: level}
	if s.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// run wires the parts and keeps them going until ctx ends. They stop in this order: sockets, jobs, database.
func run(ctx context.Context, s settings, now recovery.Clock, log *slog.Logger) (err error) {
	direct, err := s.transport()
	if err != nil {
		return err
	}
	m, signed := newMetrics(), newSignIn(now)
	transport := newUpstream(direct, &s, m, log)
	db, err := s.open(ctx, now, log, m.event)
	if err != nil {
		return unlessStopped(ctx, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	signed.again = func(ctx context.Context) error { return db.SignedIn(ctx, recovery.PeerEntra) }
	slackBot, err := bot.New(bot.Config{
		BotToken: s.SlackBotToken, AppToken: s.SlackAppToken, Tokens: s.currentTokens, APIURL: s.SlackAPIURL, Now: now, Logger: log,
		HTTPClient: &http.Client{Transport: transport, Timeout: 15 * time.Second}, Sorry: commands.Sorry(s.Locale), Command: "/restore-mailbox",
		StopTimeout: time.Duration(s.StopTimeout) / 2, Observe: m.ack,
	})
	if err != nil {
		return err
	}
	credential, err := s.follow(transport, now, log)
	if err != nil {
		return fmt.Errorf("sign-in to Microsoft: %w", err)
	}
	m.stand(gauges{health: slackBot.Health, backlog: db.Backlog, signIn: signed, expiry: credential.expiry})
	stopHealth, err := serveHealth(ctx, s.Listen, healthHandler(checks(slackBot, db, signed, now, log), m))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stopHealth()) }()
	identity, err := slackBot.SignIn(ctx)
	if err != nil {
		return unlessStopped(ctx, err)
	}
	service, directory, err := s.service(signed.watch(credential), transport, identity.TeamID, db, slackBot, now, log)
	if err != nil {
		return err
	}
	if err := errors.Join(service.CheckApprovers(ctx)...); err != nil {
		return unlessStopped(ctx, err)
	}
	slackBot.ForgetPeople() // nothing is decided on what was read before the first request
	deliverer := bot.NewDeliverer(slackBot, db.Outbox(), commands.NewFiles(service, identity.TeamID, s.Locale).File)
	daily := examiner{approvers: service.Examine, roles: directory.Roles, expiry: credential.expiry, now: now, log: log}
	err = db.Start(ctx, store.Workers{Advance: service.Advance, Deliver: deliverer.Deliver, Refused: service.Unsent, Examine: daily.faults})
	if err != nil {
		return err
	}
	err = slackBot.Run(ctx, commands.New(commands.Config{
		Service: service, Slack: slackBot, Language: s.Locale, Rules: s.rules(), Now: now, Logger: log,
	}))
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Duration(s.StopTimeout)/2)
	defer cancel()
	return errors.Join(err, db.Stop(stop))
}

// unlessStopped is err, but nil where mailback was told to stop, which is why it came.
func unlessStopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// open opens the database. observe is told of each event of a request.
func (s *settings) open(ctx context.Context, now recovery.Clock, log *slog.Logger, observe func(recovery.Event)) (*store.Store, error) {
	cards := commands.RendererConfig{ApprovalChannel: s.ApprovalChannel, Language: s.Locale, TTL: time.Duration(s.RequestTTL), Rules: s.rules(), Emergency: s.Emergency}
	return store.Open(ctx, store.Config{
		URL: s.DatabaseURL, CurrentURL: s.currentURL, Now: now, Logger: log, Observe: observe,
		Render:     commands.NewRenderer(cards),
		RenderSeal: commands.NewSealRenderer(cards), RenderFault: commands.NewFaultRenderer(cards), RenderLink: commands.NewLinkRenderer(cards),
		Retention: time.Duration(s.Retention),
	})
}

// service builds the domain with its adapters, and gives that of Graph beside it.
func (s *settings) service(
	credential azcore.TokenCredential, rt http.RoundTripper, team string, db *store.Store, slackBot *bot.Bot, now recovery.Clock, log *slog.Logger,
) (*recovery.Service, *graph.Client, error) {
	at := s.endpoints()
	directory, err := graph.New(graph.Config{Credential: credential, BaseURL: at.graph, Scope: at.graphScope, Transport: rt, Logger: log})
	if err != nil {
		return nil, nil, fmt.Errorf("GRAPH_BASE_URL: %w", err)
	}
	cfg := recovery.Config{
		Settings: recovery.Settings{
			TeamID: team, Limits: recovery.Limits(s.CommandLimits), ApprovalChannel: s.ApprovalChannel,
			Approvers: s.Approvers.people, ApproverScopes: s.Approvers.scopes,
			Requesters: s.Requesters.people, RequesterScopes: s.Requesters.scopes,
			Approvals: s.ApprovalsRequired, SelfApproval: s.SelfApproval, TTL: time.Duration(s.RequestTTL),
			Reminder: time.Duration(s.Reminder), Emergency: s.Emergency,
			Licenses: s.Licenses, UsageLocation: s.UsageLocation, BulkMax: s.BulkMax,
		},
		Store: db, Lists: db, Bulk: db, Links: db, Languages: db, Uses: db, Faults: db, Directory: directory, Restorer: directory, Items: directory,
		People: commands.NewPeople(slackBot, team), Replier: commands.NewReplier(slackBot, s.Locale), Now: now, Logger: log, Stopping: db.Stopping,
	}
	if s.Exchange == "on" {
		client, err := exchange.New(exchange.Config{
			Credential: credential, BaseURL: at.exchange, Scope: at.exchangeScope, TenantID: s.AzureTenantID, Transport: rt, Logger: log,
		})
		if err != nil {
			return nil, nil, fmt.Errorf("EXCHANGE_BASE_URL: %w", err)
		}
		cfg.Mailboxes, cfg.Copier, cfg.Reconnector, cfg.Items = client, client, client, client
	}
	return recovery.New(cfg), directory, nil
}

// checks are what /readyz asks. The sign-in to Microsoft is named and makes nobody unready: while Microsoft is down for a moment, commands and
// clicks are to be acked and recorded as ever, their jobs wait, and neither a restart nor another replica would sign in where this one cannot.
// An alert tells of it instead (deploy/alerts.yml).
func checks(slackBot *bot.Bot, db *store.Store, signed *signIn, now recovery.Clock, log *slog.Logger) []check {
	began := now()
	return []check{
		{name: "slack", needed: true, well: func(context.Context) (string, error) {
			h := slackBot.Health()
			if h.Connections > 0 {
				return "ok", nil
			}
			return "", fmt.Errorf("no connection for %d s", int(h.Gap(now(), began).Seconds()))
		}},
		{name: "database", needed: true, well: func(ctx context.Context) (string, error) {
			if err := db.Ping(ctx); err != nil { // which may name hosts and users
				log.WarnContext(ctx, "the database takes no transaction", "error", err)
				return "", errors.New("it takes no transaction; the log says why")
			}
			return "ok", nil
		}},
		{name: "sign-in", well: signed.said},
	}
}
