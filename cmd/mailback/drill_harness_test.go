package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mailback/internal/fault"
	"mailback/internal/m365fake"
	"mailback/internal/sandbox"
	"mailback/recovery"
)

// practiceAddress is of the practice account that the tests make.
const practiceAddress = "practice@contoso.com"

// The questions of a drill, in their order.
const (
	askDelete  = "type its address in full"
	askWait    = "Shall I wait"
	askRestore = "Restore the account now?"
	askLicense = "Give it again now?"
	askPost    = "Post it?"
)

// typed is an answer that the administrator of a test types, or what happens instead.
type typed struct {
	to   string            // a part of the question
	do   func(*drillWorld) // happens before the answer; nil: nothing
	line string            // what is typed
	end  bool              // the terminal is closed instead
	stop bool              // Ctrl-C instead
}

// drillTest is one drill.
type drillTest struct {
	name    string
	address string // practiceAddress unless it says otherwise
	env     map[string]string
	hurt    func(*drillWorld) // before the drill
	answers []typed
	onText  map[string]func(*drillWorld) // what happens once a text was printed
	slow    bool                         // with Microsoft's delays
	deaf    bool                         // there is no terminal
	loose   bool                         // somebody else changes the tenant meanwhile
}

// drillWorld is a drill in a sandbox, with what it said.
type drillWorld struct {
	*testing.T
	*sandbox.Sandbox

	stop     context.CancelFunc
	practice string // object id
	before   m365fake.Tenant
	calls    int // before the drill
	out      *screen
	err      error
}

// screen is the screen of a terminal, whose reader answers what it is asked.
type screen struct {
	w       *drillWorld
	mu      sync.Mutex
	text    strings.Builder
	read    int // of text: where the last question ended
	answers []typed
	onText  map[string]func(*drillWorld)
	keys    *io.PipeWriter
}

// question is how each ends.
var question = regexp.MustCompile(`(\[y/N\]|stops here:) $`)

// Write shows text. A question is answered as the next of the answers says; one that is none of them ends the terminal, and the test.
func (c *screen) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text.Write(p)
	shown := c.text.String()
	for what, do := range c.onText {
		if strings.Contains(shown, what) {
			delete(c.onText, what)
			do(c.w)
		}
	}
	asked := shown[c.read:]
	if !question.MatchString(asked) {
		return len(p), nil
	}
	c.read = len(shown)
	if len(c.answers) == 0 || !strings.Contains(asked, c.answers[0].to) {
		c.w.Errorf("not expected to be asked: %q", lastLine(asked))
		c.keys.Close()
		return len(p), nil
	}
	a := c.answers[0]
	c.answers = c.answers[1:]
	if a.do != nil {
		a.do(c.w)
	}
	switch {
	case a.stop:
		c.w.stop()
	case a.end:
		c.keys.Close()
	default:
		go func() { _, _ = io.WriteString(c.keys, a.line+"\n") }()
	}
	return len(p), nil
}

func lastLine(s string) string { return s[strings.LastIndex(strings.TrimRight(s, "\n"), "\n")+1:] }

func (c *screen) String() string { c.mu.Lock(); defer c.mu.Unlock(); return c.text.String() }

// quick is the pace of a drill against stand-ins.
func quick() drillPace {
	return drillPace{look: 20 * time.Millisecond, answer: 300 * time.Millisecond, shown: 5 * time.Second, follow: time.Second, byHand: 5 * time.Second, farewell: 3 * time.Second}
}

// drilled makes a drill in this process against a sandbox.
func drilled(t *testing.T, c drillTest) *drillWorld {
	t.Helper()
	s, err := sandbox.Start(t.Context(), sandbox.Config{NoDelays: !c.slow})
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	folder := t.TempDir()
	for _, v := range s.Env() {
		t.Setenv(v.Name, v.Value)
	}
	t.Setenv("MAILBACK_DATABASE_URL", "sqlite:"+filepath.Join(folder, "own.db"))
	t.Setenv("MAILBACK_LISTEN", "127.0.0.1:0")
	t.Setenv("TMPDIR", folder)
	for name, value := range c.env {
		t.Setenv(name, value)
	}
	id, err := s.Microsoft().AddUser(practiceAddress, "Practice Account")
	must(t, err)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	w := &drillWorld{T: t, Sandbox: s, stop: stop, practice: id}
	if c.slow {
		w.untilConnected()
	}
	if c.hurt != nil {
		c.hurt(w)
	}
	w.before, w.calls = s.Microsoft().Tenant(), len(s.Desk().Calls())
	in, keys := io.Pipe()
	t.Cleanup(func() { keys.Close() })
	w.out = &screen{w: w, answers: c.answers, onText: c.onText, keys: keys}
	address := practiceAddress
	if c.address != "" {
		address = c.address
	}
	x := examination{now: time.Now, limit: 5 * time.Second}
	w.err = runDrill(ctx, x, address, newTerminal(in, w.out, !c.deaf), quick())
	if len(w.out.answers) > 0 {
		t.Errorf("not asked: %q", w.out.answers[0].to)
	}
	left, err := os.ReadDir(folder)
	must(t, err)
	if len(left) > 0 {
		t.Errorf("it leaves %s: its own files, or the installation's database was opened", left[0].Name())
	}
	if !c.loose {
		w.checkOthers()
	}
	if t.Failed() {
		t.Logf("it said\n%s", w.out)
	}
	return w
}

// untilConnected waits until the practice account's mailbox is there.
func (w *drillWorld) untilConnected() {
	for range 200 {
		if m := w.mailbox(w.Microsoft().Tenant()); m != nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	w.Fatal("no mailbox")
}

// checkOthers holds that nothing but the practice account is another than before.
func (w *drillWorld) checkOthers() {
	w.Helper()
	before, after := w.others(w.before), w.others(w.Microsoft().Tenant())
	if !reflect.DeepEqual(before, after) {
		w.Error("somebody else in the tenant is not as before")
	}
	if n := w.Microsoft().ExchangeWrites(); n != 0 {
		w.Errorf("%d cmdlets changed something", n)
	}
}

// others is all of a tenant but the practice account and the seats that are taken, in an order of its own.
func (w *drillWorld) others(t m365fake.Tenant) []string {
	var all []string
	for _, list := range [][]map[string]any{t.Users, t.DeletedUsers, t.Mailboxes} {
		for _, one := range list {
			if one["id"] != w.practice && one["ExternalDirectoryObjectId"] != w.practice {
				all = append(all, fmt.Sprint(one))
			}
		}
	}
	slices.Sort(all)
	return all
}

// user is the practice account in a list of a tenant; nil where it is not there.
func (w *drillWorld) user(list []map[string]any) map[string]any {
	i := slices.IndexFunc(list, func(u map[string]any) bool { return u["id"] == w.practice })
	if i < 0 {
		return nil
	}
	return list[i]
}

// mailbox is the practice account's mailbox.
func (w *drillWorld) mailbox(t m365fake.Tenant) map[string]any {
	i := slices.IndexFunc(t.Mailboxes, func(m map[string]any) bool { return m["ExternalDirectoryObjectId"] == w.practice })
	if i < 0 {
		return nil
	}
	return t.Mailboxes[i]
}

// changes are the calls of the drill that change the tenant or post into Slack, as "DELETE users" and "POST restore"; those that were done.
func (w *drillWorld) changes() []string {
	var all []string
	for _, c := range w.Desk().Calls()[w.calls:] {
		path, _, _ := strings.Cut(c.Path, "?")
		switch {
		case c.Done == 0 || c.Done >= 400:
		case c.Service == "graph" && c.Method != "GET":
			all = append(all, c.Method+" "+strings.ReplaceAll(strings.TrimPrefix(path, "/v1.0/"), w.practice, "PRACTICE"))
		case c.Service == "slack" && strings.Contains(path, "chat."):
			all = append(all, strings.TrimPrefix(path, "/api/"))
		}
	}
	return all
}

// wants holds what was changed, and what was said.
func (w *drillWorld) wants(changes []string, says ...string) {
	w.Helper()
	if got := w.changes(); !slices.Equal(got, changes) {
		w.Errorf("changed: %q, want %q", got, changes)
	}
	for _, text := range says {
		if !strings.Contains(w.out.String(), text) {
			w.Errorf("it does not say %q", text)
		}
	}
	if w.Failed() {
		w.Logf("it said\n%s", w.out)
	}
}

// isBack holds that the account is as before, with its licence and the same mailbox.
func (w *drillWorld) isBack() {
	w.Helper()
	after := w.Microsoft().Tenant()
	was, is := w.user(w.before.Users), w.user(after.Users)
	if is == nil {
		w.Fatal("the account is not there")
	}
	for _, name := range []string{"userPrincipalName", "mail", "proxyAddresses", "accountEnabled", "usageLocation", "assignedLicenses", "createdDateTime", "deletedDateTime"} {
		if !reflect.DeepEqual(was[name], is[name]) {
			w.Errorf("%s is %v, and was %v", name, is[name], was[name])
		}
	}
	if !reflect.DeepEqual(w.mailbox(w.before), w.mailbox(after)) {
		w.Errorf("the mailbox is %v, and was %v", w.mailbox(after), w.mailbox(w.before))
	}
	if !reflect.DeepEqual(w.before.SKUs, after.SKUs) {
		w.Error("the seats are not as before")
	}
}

// isDeleted holds that the account is deleted, and that the way back was said.
func (w *drillWorld) isDeleted() {
	w.Helper()
	if w.user(w.Microsoft().Tenant().DeletedUsers) == nil {
		w.Error("the account is not deleted")
	}
	w.says("IS DELETED now", "/restore-mailbox "+practiceAddress, "Users, Deleted users, "+practiceAddress+", Restore user", "SPE_E3")
	until := w.user(w.Microsoft().Tenant().DeletedUsers)["deletedDateTime"]
	if at, err := time.Parse(time.RFC3339, fmt.Sprint(until)); err != nil || !strings.Contains(w.out.String(), "until "+day(at.Add(30*24*time.Hour))) {
		w.Errorf("it does not say until when, which is 30 days from %v", until)
	}
}

func (w *drillWorld) says(texts ...string) {
	w.Helper()
	w.wants(w.changes(), texts...)
}

// down refuses all connections to a service.
func (w *drillWorld) down(service string) {
	must(w.T, w.Desk().Add(fault.Fault{Service: service, Kind: fault.Drop}))
}

// lay lays a fault on a service's calls.
func (w *drillWorld) lay(f fault.Fault) { must(w.T, w.Desk().Add(f)) }

// drilledLoosely is drilled for a test in which somebody else changes the tenant meanwhile.
func drilledLoosely(t *testing.T, c drillTest) *drillWorld {
	t.Helper()
	c.loose = true
	return drilled(t, c)
}

// restorerCalls are all changes that a Restorer makes, of the account with an id.
func restorerCalls(r recovery.Restorer) map[string]func(context.Context, string) error {
	return map[string]func(context.Context, string) error{
		"restore": func(ctx context.Context, id string) error {
			_, err := r.RestoreUser(ctx, id, recovery.RestoreAs{})
			return err
		},
		"assign": func(ctx context.Context, id string) error {
			_, err := r.AssignLicense(ctx, id, recovery.AssignedLicense{SKU: "x"})
			return err
		},
		"remove":  func(ctx context.Context, id string) error { _, err := r.RemoveLicense(ctx, id, "x"); return err },
		"again":   func(ctx context.Context, id string) error { _, err := r.ReprocessLicenses(ctx, id); return err },
		"country": func(ctx context.Context, id string) error { _, err := r.SetUsageLocation(ctx, id, "LV"); return err },
		"block":   func(ctx context.Context, id string) error { _, err := r.BlockSignIn(ctx, id); return err },
	}
}
