package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"mailback/bot"
	"mailback/commands"
	"mailback/recovery"
	"mailback/recovery/graph"
	"mailback/recovery/store"
)

// drill is one walk on a practice account: it is deleted, and comes back by the product's own recovery.Service, wired as serve wires it. What
// differs is who is asked: the store is a temporary one, the terminal stands for Slack, and each change of the tenant passes through asking
// (drill_ports.go), which lets none through without a yes. The installation's own database is not opened, and no message goes to Slack but the
// one line that is asked for at the end.
type drill struct {
	x       examination
	address string
	t       *terminal
	pace    drillPace
	slack   *bot.Bot
	service *recovery.Service
	graph   *graph.Client
	db      *store.Store

	before      practice
	sent        time.Time            // when the deletion was first sent, or left to the administrator; zero: nothing was changed
	handDeleted bool                 // by the administrator, as Microsoft does not let the app
	refused     error                // what ended a question other than yes
	yes         map[string]time.Time // questions that were answered with yes, and when, until their change is made
	ended       recovery.Request
	unfollowed  bool // Exchange had not followed the deletion when the request was made
}

// drillPace is how long a drill waits for what Microsoft brings by itself.
type drillPace struct {
	look     time.Duration // between two looks
	answer   time.Duration // until an account of whose deletion the answer was lost counts as not deleted
	shown    time.Duration // until a deleted account has to show as deleted, and for how long a throttled deletion is tried
	follow   time.Duration // until Exchange has to follow the deletion, before the drill goes on without
	byHand   time.Duration // until the administrator has deleted the account
	farewell time.Duration // for the last look, after the drill has ended
}

func usualPace() drillPace {
	return drillPace{look: 3 * time.Second, answer: 2 * time.Minute, shown: 15 * time.Minute, follow: 10 * time.Minute, byHand: 30 * time.Minute, farewell: 20 * time.Second}
}

// errDrill is how a drill ends that has not come to its proof. It was told at length before.
type errDrill string

func (e errDrill) Error() string { return string(e) }

const (
	errDrillRefused    errDrill = "no drill: nothing was changed"
	errDrillUnfinished errDrill = "the drill was not finished: see above in what state the account is"
	errDrillUnproven   errDrill = "the drill came to its end without the whole proof: see above"
	errDrillUntold     errDrill = "the drill is proven, and the line for the approval channel was not posted"
)

// runDrill makes doctor's checks, and where none failed the drill on the account with this address.
func runDrill(ctx context.Context, x examination, address string, t *terminal, pace drillPace) error {
	if err := examine(ctx, x, t.out); err != nil {
		t.say("\nNo drill: first put right what has failed above. Nothing was changed.")
		return err
	}
	x.s, _ = settingsAndFaults() // which have no faults
	d := &drill{x: x, address: address, t: t, pace: pace, yes: map[string]time.Time{}}
	done, err := d.open(ctx)
	if err != nil {
		t.say("\nNo drill: %s. Nothing was changed.", plainly(err))
		return errDrillRefused
	}
	defer func() {
		if err := done(); err != nil {
			t.say("The drill's own files could not be removed: %v", err)
		}
	}()
	return d.run(ctx)
}

// checkDrillAddress refuses what is no address that a drill could go by.
func checkDrillAddress(address string) error {
	local, domain, _ := strings.Cut(address, "@")
	if local == "" || domain == "" || strings.Contains(domain, "@") || strings.ContainsAny(address, recovery.OddSigns+"<>,; \t\r\n") || printable(address) != address {
		return errUsage{fmt.Sprintf("--drill takes the address of a practice account, such as practice@contoso.com, not %q", address)}
	}
	return nil
}

// run goes the whole way. Whatever ends it, the end says in what state the account is.
func (d *drill) run(ctx context.Context) error {
	d.t.say("\nDRILL. Mailback goes the whole way once on a practice account, and asks before each change.\n")
	d.t.say("Reading %s …", d.address)
	before, err := d.read(ctx)
	if err != nil {
		return d.refuse(ctx, err)
	}
	d.before = before
	d.announce()
	if err := d.t.address(ctx, "To delete the account now, type its address in full. Anything else stops here:", d.address); err != nil {
		return d.stop(ctx, err)
	}
	again, err := d.read(ctx) // an answer may take its time
	if err == nil && !before.same(again) {
		err = refusal{"it has changed since it was shown", "look at what changed it, and start again"}
	}
	if err != nil {
		return d.refuse(ctx, err)
	}
	if err := d.remove(ctx); err != nil {
		return d.stop(ctx, err)
	}
	if d.ended, err = d.walk(ctx); err != nil {
		return d.stop(ctx, err)
	}
	return d.conclude(ctx)
}

// open makes what a drill works with. What it gives removes that again.
func (d *drill) open(ctx context.Context) (func() error, error) {
	direct, err := d.x.s.transport()
	if err != nil {
		return nil, err
	}
	quiet := slog.New(slog.DiscardHandler)
	if d.slack, err = bot.New(bot.Config{
		BotToken: d.x.s.SlackBotToken, AppToken: d.x.s.SlackAppToken, APIURL: d.x.s.SlackAPIURL, Now: d.x.now, Logger: quiet,
		HTTPClient: &http.Client{Transport: direct, Timeout: 15 * time.Second}, Sorry: commands.Sorry(d.x.s.Locale),
	}); err != nil {
		return nil, err
	}
	credential, err := d.x.s.credential(direct)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "mailback-drill-")
	if err != nil {
		return nil, err
	}
	remove := func() error { return os.RemoveAll(dir) }
	d.db, err = store.Open(ctx, store.Config{
		URL: "sqlite:" + filepath.Join(dir, "drill.db"), Now: d.x.now, Logger: quiet, Render: func(recovery.Request, recovery.Event) ([]recovery.Message, error) { return nil, nil },
		Observe: d.observe,
	})
	if err != nil {
		return nil, errors.Join(err, remove())
	}
	remove = func() error { direct.CloseIdleConnections(); return errors.Join(d.db.Close(), os.RemoveAll(dir)) }
	if d.service, d.graph, err = d.x.s.service(credential, direct, drillTeam, d.db, d.slack, d.x.now, quiet); err != nil {
		return nil, errors.Join(err, remove())
	}
	d.standIn()
	return remove, nil
}

// sleep waits, and is an error where the drill is told to stop meanwhile.
func (d *drill) sleep(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// isTerminal says whether somebody can type into f.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// plainly words an error for an administrator, who knows the services by name.
func plainly(err error) string {
	e, ok := errors.AsType[*recovery.Error](err)
	if !ok {
		return oneLine(err.Error())
	}
	peer := map[recovery.Peer]string{
		recovery.PeerSlack: "Slack", recovery.PeerGraph: "Microsoft Graph", recovery.PeerExchange: "Exchange Online", recovery.PeerEntra: "Microsoft Entra",
	}[e.Peer]
	if peer == "" {
		return oneLine(err.Error())
	}
	id := ""
	if e.Receipt.RequestID != "" {
		id = ", request-id " + e.Receipt.RequestID
	}
	switch e.Kind {
	case recovery.Throttled:
		return fmt.Sprintf("%s asks to be left alone for a while%s", peer, id)
	case recovery.Unavailable:
		return fmt.Sprintf("%s did not answer as it should (%s%s)", peer, e.Op, id)
	case recovery.Forbidden:
		return fmt.Sprintf("%s does not allow it to the app (%s; it names %s%s)", peer, e.Op, e.Detail, id)
	case recovery.SignedOut:
		return fmt.Sprintf("%s does not take the app's sign-in (%s%s)", peer, e.Detail, id)
	default:
		return oneLine(err.Error())
	}
}
