package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mailback/internal/m365fake"
	"mailback/internal/sandbox"
	"mailback/internal/slackfake"
	"mailback/recovery/store"
	"mailback/recovery/store/pgtest"
)

// The torture: a whole conversation is held while something breaks, once at each place at which it can, and whatever broke, in the end
// everything must be as if nothing had. torture_kill_test.go kills the bot, torture_faults_test.go breaks what it talks to,
// torture_cells_test.go goes through all the places.
//
// The short form is part of the tests; MAILBACK_TORTURE=long ("make torture") tries every place.

// long says whether every place is tried.
func long() bool { return os.Getenv("MAILBACK_TORTURE") == "long" }

// plot is a conversation that is to come to a good end, whatever breaks.
type plot struct {
	name, address, line string
	approvals           int // that it takes
	effects             []effect
	write               string // part of the path of the call that changes the tenant
}

// effect is a call that must have happened exactly so often. What Microsoft answers with success has happened.
type effect struct {
	call  *regexp.Regexp // service METHOD path status
	times int
}

// plots are the three cases of the main job.
func plots() []plot {
	restored := effect{regexp.MustCompile(`^graph POST /v1.0/directory/deletedItems/[^/]*/restore 200$`), 1}
	assigned := effect{regexp.MustCompile(`^graph POST /v1.0/users/[^/]*/assignLicense 200$`), 1}
	never := func(e effect) effect { return effect{e.call, 0} }
	return []plot{
		{"user", "adelev@contoso.com", "/restore-mailbox adelev@contoso.com left by mistake", 1, []effect{restored, never(assigned)}, "/restore"},
		{"license", "debrab@contoso.com", "/restore-mailbox debrab@contoso.com licence was taken by mistake", 1, []effect{assigned, never(restored)}, "/assignLicense"},
		{"shared", "info@contoso.com", "/restore-mailbox info@contoso.com still needed", 1, []effect{restored, never(assigned)}, "/restore"},
	}
}

// stage is a sandbox in which a plot is played while something breaks.
type stage struct {
	*sandbox.Sandbox

	client   *sandbox.Client
	url      string // of the database, for those who check the audit trail
	log      logTail
	replicas int
	before   func(step string) // is told of each step of a play when it begins; nil for nobody
	mended   atomic.Bool       // what was broken is whole again, and people try what is offered to them
}

// begins tells that a step of a play begins.
func (s *stage) begins(step string) {
	if s.before != nil {
		s.before(step)
	}
}

// database is one of the two, with what each replica has to be told of it.
type database struct {
	url   string
	wires []*wire // of PostgreSQL: one for each replica
}

// of gives the settings of a replica, from 1.
func (d database) of(replica int) map[string]string {
	url := d.url
	if len(d.wires) > 0 {
		url = d.wires[replica-1].url
	}
	return map[string]string{"MAILBACK_DATABASE_URL": url}
}

func sqliteDatabase(t *testing.T) database {
	t.Helper()
	return database{url: "sqlite:" + filepath.Join(t.TempDir(), "mailback.db")}
}

// postgresDatabase is one with a wire for each of the replicas.
func postgresDatabase(replicas int) func(t *testing.T) database {
	return func(t *testing.T) database {
		t.Helper()
		d := database{url: pgtest.Database(t)}
		for range replicas {
			d.wires = append(d.wires, newWire(t, d.url))
		}
		return d
	}
}

// setStage starts a sandbox with that many bots.
func setStage(t *testing.T, db database, replicas int, settings map[string]string) *stage {
	t.Helper()
	return setLargeStage(t, db, sandbox.Config{Replicas: replicas, NoRateLimits: true}, settings)
}

// setLargeStage starts a sandbox that differs in more than the number of its bots.
func setLargeStage(t *testing.T, db database, c sandbox.Config, settings map[string]string) *stage {
	t.Helper()
	s, err := startStage(t, db, c, settings)
	if err != nil {
		t.Fatalf("%v\n%s", err, s.log.String())
	}
	return s
}

// startStage starts a sandbox whose bots may die while they start.
func startStage(t *testing.T, db database, c sandbox.Config, settings map[string]string) (*stage, error) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{url: db.url, replicas: c.Replicas}
	all := map[string]string{"MAILBACK_LOG_LEVEL": "debug", playsMailback: "1"}
	maps.Copy(all, settings)
	c.Program, c.Settings, c.ReplicaSettings, c.BotLog = program, all, db.of, &s.log
	s.Sandbox, err = sandbox.Start(t.Context(), c)
	if err != nil {
		return s, err
	}
	s.client = sandbox.NewClient(s.URL())
	return s, nil
}

// close ends the sandbox, and shows the log of a test that failed.
func (s *stage) close(t *testing.T) {
	t.Helper()
	if t.Failed() {
		t.Logf("the bots' log ends with:\n%s", s.log.String())
	}
	if err := s.Close(); err != nil {
		t.Errorf("close the sandbox: %v", err)
	}
}

// playWithin is how long a plot may take with all that breaks.
const playWithin = 150 * time.Second

// play holds the conversation as patient people do: they type again what was not acked, and press again what did not work. It gives
// why that did not come to a good end.
func (s *stage) play(ctx context.Context, p plot) error {
	ctx, cancel := context.WithTimeoutCause(ctx, playWithin, errors.New("it took too long"))
	defer cancel()
	s.begins("command")
	ref, err := s.ask(ctx, p)
	if err != nil {
		return err
	}
	s.begins("diagnosis")
	patience := s.patience()
	ends := regexp.MustCompile(`(?s)\b` + ref + `: ` + regexp.QuoteMeta(p.address) + ` is restored`)
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	for {
		done, err := s.told(ctx, ends)
		if done || err != nil && ctx.Err() != nil {
			return err
		}
		s.press(ctx, slackfake.Megan, "request.confirm")
		for _, approver := range []string{slackfake.Patti, slackfake.Nestor}[:p.approvals] {
			s.press(ctx, approver, "request.approve")
		}
		if s.mended.Load() {
			s.press(ctx, slackfake.Megan, "request.check")
			s.press(ctx, slackfake.Patti, "request.retry")
			patience(ctx)
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return fmt.Errorf("%w; Megan sees:\n%s", context.Cause(ctx), s.view(slackfake.Megan))
		}
	}
}

// patience is for those who wait for minutes: when nothing has come for some seconds, time is moved.
func (s *stage) patience() func(context.Context) {
	since, moved := time.Time{}, 0
	return func(ctx context.Context) {
		if since.IsZero() {
			since = time.Now()
		}
		if time.Since(since) < 4*time.Second || moved == 30 {
			return
		}
		since = time.Now()
		moved++
		_ = s.client.Advance(ctx, "61s")
	}
}

// ask types the command until it is acked with an id, which it gives. It is R-2 where the first ask was lost with its transaction:
// PostgreSQL gives no number twice.
func (s *stage) ask(ctx context.Context, p plot) (ref string, err error) {
	for {
		got, err := s.client.Command(ctx, slackfake.Megan, "", p.line)
		if ref = requestRef.FindString(got.Reply); err == nil && got.Error == "" && ref != "" {
			return ref, nil
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return "", fmt.Errorf("the command was never acked: %+v, %w", got, context.Cause(ctx))
		}
	}
}

// told says whether the requester was told the end.
func (s *stage) told(ctx context.Context, ends *regexp.Regexp) (bool, error) {
	list, err := s.client.Messages(ctx, slackfake.Megan)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(list, func(m slackfake.MessageInfo) bool { return ends.MatchString(m.Text) }), nil
}

// press presses a button if somebody has it, and says whether they have. What does not work is pressed again by the next look.
func (s *stage) press(ctx context.Context, user, action string) bool {
	list, err := s.client.Messages(ctx, user)
	if err != nil {
		return false
	}
	for _, m := range slices.Backward(list) {
		if e := sandbox.FindAction(m.Blocks, action); e != nil {
			s.begins(action)
			_, _ = s.client.Click(ctx, slackfake.ClickRequest{User: user, Channel: m.Channel, TS: m.TS, ActionID: action})
			return true
		}
	}
	return false
}

func (s *stage) view(user string) string {
	list, err := s.client.Messages(context.Background(), user)
	if err != nil {
		return err.Error()
	}
	var all []string
	for _, m := range list {
		all = append(all, m.Text)
	}
	return strings.Join(all, "\n--\n")
}

// settled waits until the bots have nothing to say any more: the last edits come after the end was told.
func (s *stage) settled(ctx context.Context) error {
	last, since := -1, time.Now()
	for {
		n := len(s.Desk().Calls())
		if n != last {
			last, since = n, time.Now()
		}
		if time.Since(since) > 700*time.Millisecond {
			return nil
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("the bots do not come to rest: %w", ctx.Err())
		}
	}
}

// faultless says what is not as if nothing had broken.
func (s *stage) faultless(ctx context.Context, p plot, before m365fake.Tenant) []string {
	var wrong []string
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	if err := s.settled(ctx); err != nil {
		say("%v", err)
	}
	after, err := s.client.Tenant(ctx)
	if err == nil {
		err = sandbox.Proved(p.name, before, after, p.address)
	}
	if err != nil {
		say("the tenant: %v", err)
	}
	for _, e := range p.effects {
		if n := s.had(e); n != e.times {
			say("%d calls had the effect %s, not %d", n, e.call, e.times)
		}
	}
	for _, user := range []string{slackfake.Megan, slackfake.Patti} {
		wrong = append(wrong, s.liveButtons(ctx, user)...)
	}
	if told, err := s.told(ctx, regexp.MustCompile(`is restored`)); err != nil || !told {
		say("the requester was not told: %v", err)
	}
	return append(wrong, s.unproven(ctx)...)
}

// had counts the calls that had an effect.
func (s *stage) had(e effect) int {
	n := 0
	for _, c := range s.Desk().Calls() {
		if e.call.MatchString(fmt.Sprintf("%s %s %s %d", c.Service, c.Method, c.Path, c.Done)) {
			n++
		}
	}
	return n
}

// liveButtons names the buttons that must not be there any more: what has ended can be neither confirmed, approved, denied nor cancelled.
func (s *stage) liveButtons(ctx context.Context, user string) []string {
	list, err := s.client.Messages(ctx, user)
	if err != nil {
		return []string{err.Error()}
	}
	var wrong []string
	for _, m := range list {
		for _, action := range []string{"request.confirm", "request.cancel", "request.approve", "request.deny"} {
			if sandbox.FindAction(m.Blocks, action) != nil {
				wrong = append(wrong, fmt.Sprintf("a message in %s still has %s", m.Channel, action))
			}
		}
	}
	return wrong
}

// unproven says what is wrong with the requests in the database and their audit trail.
func (s *stage) unproven(ctx context.Context) []string {
	trail, err := store.OpenTrail(ctx, s.url, time.Now)
	if err != nil {
		return []string{err.Error()}
	}
	defer trail.Close()
	var wrong []string
	v, err := trail.Verify(ctx, nil)
	if err != nil || v.Requests != 1 {
		wrong = append(wrong, fmt.Sprintf("%d requests, %v", v.Requests, err))
	}
	n := map[string]int{}
	err = trail.Export(ctx, time.Time{}, func(e store.Entry) error {
		n[string(e.Kind)]++
		return nil
	})
	if most := 1 + n["retried"]; err != nil || n["started"] < 1 || n["started"] > most || n["ended"] != most {
		wrong = append(wrong, fmt.Sprintf("the audit trail has %v, %v", n, err))
	}
	return wrong
}
