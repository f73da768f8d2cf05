package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"mailback/internal/fault"
	"mailback/internal/sandbox"
	"mailback/internal/slackfake"
)

// patience is how long a script waits for what it expects, unless it says otherwise.
const patience = 30 * time.Second

type conversationKey struct{}

// conversation is what a script's words work on.
type conversation struct {
	t        testing.TB
	turns    chan struct{}
	patience time.Duration
	persons  map[string]string // user ids by the names that scripts use

	database scriptDatabase
	sandbox  *sandbox.Sandbox
	client   *sandbox.Client
	log      logTail
	names    map[string]string // display names by user id
	reply    map[string]string // the answer to each person's last command
	pressed  map[string]button // the last button of each action that somebody saw, for clicks on what is no longer there
}

// button is an interactive element and where it stands.
type button struct {
	view        string // of a form
	channel, ts string // of a message
	block       string
	element     map[string]any
}

func persons() map[string]string {
	return map[string]string{
		"requester": slackfake.Megan, "requester2": slackfake.Isaiah, "approver": slackfake.Patti, "approver2": slackfake.Nestor,
		"approver3": slackfake.Joni, "member": slackfake.Lee, "guest": slackfake.Guest, "external": slackfake.External, "bot": slackfake.OtherBot,
	}
}

// words are what scripts may say.
func words() map[string]func(ts *testscript.TestScript, neg bool, args []string) {
	all := map[string]func(ts *testscript.TestScript, neg bool, args []string){"sandbox": startSandbox, "await-file": awaitFile}
	for word, say := range map[string]func(c *conversation, ts *testscript.TestScript, neg bool, args []string){
		"forge": (*conversation).forge, "fault": (*conversation).fault, "clear-faults": (*conversation).clearFaults,
		"advance": (*conversation).advance, "bot-kill": botSignal("kill"), "bot-stop": botSignal("stop"), "bot-start": botSignal("start"),
		"tenant": (*conversation).tenant, "copies": (*conversation).copies, "restore-requests": (*conversation).restoreRequests, "tenant-do": (*conversation).tenantDo, "slack-do": (*conversation).slackDo,
		"calls": (*conversation).calls, "await-call": (*conversation).awaitCall, "settle": (*conversation).settle,
		"patience": (*conversation).setPatience, "holds": (*conversation).holds, "log-lacks": (*conversation).logLacks,
		"health": (*conversation).health, "database": (*conversation).disturb,
	} {
		all[word] = func(ts *testscript.TestScript, neg bool, args []string) { say(begun(ts), ts, neg, args) }
	}
	for name, id := range persons() {
		all[name] = func(ts *testscript.TestScript, neg bool, args []string) { begun(ts).act(ts, neg, name, id, args) }
	}
	return all
}

func begun(ts *testscript.TestScript) *conversation {
	c := ts.Value(conversationKey{}).(*conversation)
	if c.sandbox == nil {
		ts.Fatalf("the script has to say sandbox first")
	}
	return c
}

// startSandbox is "sandbox [--postgres] [--users N] [KEY=value…]": values are settings of the bot. A mailback that the script runs itself has
// the bot's settings.
func startSandbox(ts *testscript.TestScript, _ bool, args []string) {
	c := ts.Value(conversationKey{}).(*conversation)
	program, err := exec.LookPath("mailback")
	ts.Check(err)
	cfg := sandbox.Config{Program: program, Settings: map[string]string{"MAILBACK_LOG_LEVEL": "debug"}, BotLog: &c.log}
	postgres := len(args) > 0 && args[0] == "--postgres"
	if postgres {
		args = args[1:]
	}
	cfg.Settings["MAILBACK_DATABASE_URL"] = openDatabase(ts, c, postgres)
	for len(args) > 0 {
		if args[0] == "--users" && len(args) > 1 {
			cfg.Users, err = strconv.Atoi(args[1])
			ts.Check(err)
			args = args[2:]
			continue
		}
		name, value, ok := strings.Cut(args[0], "=")
		if !ok {
			ts.Fatalf("usage: sandbox [--postgres] [--users N] [KEY=value…], not %q", args[0])
		}
		cfg.Settings[name], args = value, args[1:]
	}
	c.turns <- struct{}{}
	ts.Defer(func() { <-c.turns })
	c.sandbox, err = sandbox.Start(context.Background(), cfg)
	if err != nil {
		ts.Fatalf("%v\n%s", err, c.log.String())
	}
	ts.Defer(func() { c.end(ts) })
	for _, v := range c.sandbox.Env() {
		ts.Setenv(v.Name, v.Value)
	}
	for name, value := range cfg.Settings {
		ts.Setenv(name, value)
	}
	c.client, c.names = sandbox.NewClient(c.sandbox.URL()), map[string]string{}
	c.reply, c.pressed = map[string]string{}, map[string]button{}
	people, err := c.client.People(context.Background())
	ts.Check(err)
	for _, p := range people {
		c.names[p.ID] = p.Name
	}
}

// end closes the sandbox and leaves the bot's log for a failure. What the race detector found in the bot is one.
func (c *conversation) end(ts *testscript.TestScript) {
	err := c.sandbox.Close()
	ts.Logf("[the bot's log]\n%s", c.log.String())
	ts.Check(err)
	if race := c.log.find(dataRace); race != "" {
		c.t.Errorf("in the bot: %s", race)
	}
}

// dataRace is how the race detector begins what it tells of.
var dataRace = regexp.MustCompile(`WARNING: DATA RACE(?s:.{0,1000})`)

// setPatience is "patience DURATION": how long this script waits from now on, for what takes its time.
func (c *conversation) setPatience(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: patience DURATION")
	}
	var err error
	c.patience, err = time.ParseDuration(args[0])
	ts.Check(err)
}

// logLacks is "log-lacks REGEX": nothing that the bot wrote so far matches. With ! something does.
func (c *conversation) logLacks(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: log-lacks REGEX")
	}
	if at := c.log.find(expression(ts, args[0])); (at != "") != neg {
		ts.Fatalf("in the bot's log %q matches %q", at, args[0])
	}
}

// health is "health PATH REGEX": waits until the bot's health page answers with such a status and text. With ! it does not now.
func (c *conversation) health(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: health PATH REGEX")
	}
	pattern, said := expression(ts, args[1]), ""
	ask := func(ctx context.Context) (bool, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.sandbox.Health()+args[0], http.NoBody)
		if err != nil {
			return false, err
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return false, err
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		said = fmt.Sprintf("%d %s", answer.StatusCode, body)
		return pattern.MatchString(said), err
	}
	if !neg {
		c.await(ts, func() string { return fmt.Sprintf("%s says %s", args[0], said) }, ask)
		return
	}
	so, err := ask(context.Background())
	ts.Check(err)
	if so {
		ts.Fatalf("%s says %s", args[0], said)
	}
}

// await polls until done or patience is over, and then fails with why.
func (c *conversation) await(ts *testscript.TestScript, why func() string, done func(ctx context.Context) (bool, error)) {
	ctx, cancel := context.WithTimeout(context.Background(), c.patience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, err := done(ctx)
		if ctx.Err() != nil {
			ts.Fatalf("waited %v in vain: %s", c.patience, why())
		}
		ts.Check(err)
		if ok {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

// forge is "forge PERSON ACTION": a click by somebody whose client would not let them, on a button that is or was there.
func (c *conversation) forge(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 || c.persons[args[0]] == "" {
		ts.Fatalf("usage: forge PERSON ACTION")
	}
	by, ok := c.pressed[args[1]]
	if !ok {
		ts.Fatalf("nobody has seen the button %s yet", args[1])
	}
	user, team := c.persons[args[0]], slackfake.TeamID
	if user == slackfake.External {
		team = slackfake.OtherTeamID
	}
	action := map[string]any{"action_ts": fmt.Sprintf("%d.000001", time.Now().Unix()), "block_id": by.block}
	for _, key := range []string{"type", "action_id", "value", "text"} {
		action[key] = by.element[key]
	}
	payload, err := json.Marshal(map[string]any{
		"type": "block_actions", "api_app_id": slackfake.AppID, "token": "unused", "trigger_id": fmt.Sprintf("forged.%d", time.Now().UnixNano()),
		"team":      map[string]any{"id": slackfake.TeamID, "domain": slackfake.TeamDomain},
		"user":      map[string]any{"id": user, "username": args[0], "name": args[0], "team_id": team},
		"container": map[string]any{"type": "message", "message_ts": by.ts, "channel_id": by.channel, "is_ephemeral": false},
		"channel":   map[string]any{"id": by.channel, "name": "privategroup"},
		"message":   map[string]any{"type": "message", "ts": by.ts, "user": slackfake.BotUser}, "actions": []any{action},
	})
	ts.Check(err)
	c.send(ts, payload)
}

func (c *conversation) send(ts *testscript.TestScript, payload []byte) {
	result, err := c.client.Envelope(context.Background(), payload)
	ts.Check(err)
	if !result.Acked {
		ts.Fatalf("the envelope was not acked: %+v", result)
	}
}

// fault is "fault SERVICE KIND [match=PATH] [times=N] [value=N]".
func (c *conversation) fault(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: fault SERVICE KIND [match=PATH] [times=N] [value=N]")
	}
	f := fault.Fault{Service: args[0], Kind: fault.Kind(args[1])}
	for _, arg := range args[2:] {
		key, value, _ := strings.Cut(arg, "=")
		var err error
		switch key {
		case "match":
			f.Match = value
		case "times":
			f.Times, err = strconv.Atoi(value)
		case "value":
			f.Value, err = strconv.Atoi(value)
		default:
			ts.Fatalf("unknown part %q of a fault", arg)
		}
		ts.Check(err)
	}
	ts.Check(c.client.Fault(context.Background(), f))
}

func (c *conversation) clearFaults(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Check(c.client.ClearFaults(context.Background()))
}

// advance is "advance 24h".
func (c *conversation) advance(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: advance DURATION")
	}
	ts.Check(c.client.Advance(context.Background(), args[0]))
}

// botSignal makes the words bot-kill, which is kill -9, bot-stop and bot-start.
func botSignal(name string) func(c *conversation, ts *testscript.TestScript, neg bool, args []string) {
	return func(c *conversation, ts *testscript.TestScript, _ bool, _ []string) {
		ts.Check(c.client.Signal(context.Background(), name))
	}
}

// settle waits until the bot has made no call for a second.
func (c *conversation) settle(ts *testscript.TestScript, _ bool, _ []string) {
	last, since := -1, time.Now()
	c.await(ts, func() string { return "the bot goes on making calls" }, func(ctx context.Context) (bool, error) {
		calls, err := c.client.Calls(ctx)
		if len(calls) != last {
			last, since = len(calls), time.Now()
		}
		return time.Since(since) > time.Second, err
	})
}

// matching counts the calls whose "service METHOD path status" matches.
func (c *conversation) matching(ctx context.Context, pattern *regexp.Regexp) (n int, all []string, err error) {
	calls, err := c.client.Calls(ctx)
	for _, call := range calls {
		line := fmt.Sprintf("%s %s %s %d", call.Service, call.Method, call.Path, call.Status)
		all = append(all, line)
		if pattern.MatchString(line) {
			n++
		}
	}
	return n, all, err
}

// calls is "calls REGEX COUNT": so many calls there were so far, exactly.
func (c *conversation) calls(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: calls REGEX COUNT")
	}
	pattern, want := expression(ts, args[0]), args[1]
	n, all, err := c.matching(context.Background(), pattern)
	ts.Check(err)
	if strconv.Itoa(n) != want {
		ts.Fatalf("%d calls match %q, not %s:\n%s", n, pattern, want, strings.Join(all, "\n"))
	}
}

// awaitCall is "await-call REGEX [COUNT]": waits until there were so many such calls, or one.
func (c *conversation) awaitCall(ts *testscript.TestScript, _ bool, args []string) {
	want := 1
	if len(args) == 2 {
		var err error
		want, err = strconv.Atoi(args[1])
		ts.Check(err)
	}
	if len(args) == 0 || len(args) > 2 {
		ts.Fatalf("usage: await-call REGEX [COUNT]")
	}
	pattern := expression(ts, args[0])
	var all []string
	c.await(ts, func() string {
		return fmt.Sprintf("fewer than %d calls match %q:\n%s", want, pattern, strings.Join(all, "\n"))
	}, func(ctx context.Context) (bool, error) {
		n, lines, err := c.matching(ctx, pattern)
		all = lines
		return n >= want, err
	})
}

// awaitFile is "await-file FILE [REGEX]": waits until it is there, with such a text.
func awaitFile(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 && len(args) != 2 {
		ts.Fatalf("usage: await-file FILE [REGEX]")
	}
	name, pattern := ts.MkAbs(args[0]), expression(ts, strings.Join(args[1:], ""))
	var text []byte
	(&conversation{patience: patience}).await(ts, func() string { return fmt.Sprintf("%s does not match %q:\n%s", name, pattern, text) }, func(context.Context) (bool, error) {
		var err error
		text, err = os.ReadFile(name)
		return err == nil && pattern.Match(text), nil
	})
}

func expression(ts *testscript.TestScript, text string) *regexp.Regexp {
	r, err := regexp.Compile("(?s)" + text)
	ts.Check(err)
	return r
}

// logTail keeps what the bot writes.
type logTail struct {
	mu   sync.Mutex
	text []byte
}

var _ io.Writer = (*logTail)(nil)

// Write keeps p.
func (l *logTail) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, p...)
	return len(p), nil
}

// find gives the first that matches.
func (l *logTail) find(pattern *regexp.Regexp) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(pattern.Find(l.text))
}

// String is the end of it: 64 KB at most.
func (l *logTail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text[max(0, len(l.text)-64<<10):])
}
