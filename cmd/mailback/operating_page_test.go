package main

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"mailback/internal/fault"
	"mailback/internal/racetest"
	"mailback/internal/sandbox"
	"mailback/internal/slackfake"
	"mailback/recovery/store/pgtest"
)

// TestOperatingPage operates a Mailback by docs/operating.md: its blocks are run as they stand, one after the other, on a mailback serve against
// the stand-ins, once with SQLite and once with PostgreSQL. operationSteps says what happens in between, and what each block has to show.
func TestOperatingPage(t *testing.T) {
	t.Parallel()
	racetest.Leave(t)
	if testing.Short() {
		t.Skip("it starts bots")
	}
	blocks := leaveOut(t, pageBlocks(t, "operating.md"), map[string]string{
		"# cd /var/lib/mailback; set -a; . /etc/mailback/mailback.env; set +a": "needs an installation below /etc and /var; the block before it does the same",
		"# journalctl --unit mailback | grep -w 'request=R-1'":                 "needs systemd; the block before it does the same with a file",
		"# systemctl stop mailback":                                            "needs systemd; the test sends the signals itself",
	})
	if len(blocks) == 0 || blocks[0].text != "set -a; . ./mailback.env; set +a\n" {
		t.Fatalf("the page does not begin with the settings: %q", blocks)
	}
	for _, database := range []string{"sqlite", "postgres"} {
		t.Run(database, func(t *testing.T) {
			t.Parallel()
			o := newOperation(t, database)
			o.settings = blocks[0].text
			steps := operationSteps()
			for _, b := range blocks[1:] {
				step, known := steps[b.first()]
				if !known {
					t.Errorf("nobody says what this block has to show:\n%s", b.text)
				}
				delete(steps, b.first())
				if step.only != "" && step.only != database {
					continue
				}
				if step.before != nil {
					step.before(o)
				}
				said := o.run(t, o.settings+b.text)
				if t.Failed() {
					o.fatal("so the rest of the page cannot be run")
				}
				step.after(o, said)
			}
			for _, first := range slices.Sorted(maps.Keys(steps)) {
				t.Errorf("the page has no block any more that begins with %q", first)
			}
			o.stop(syscall.SIGTERM)
		})
	}
}

// operationStep is what comes before a block of the page, and what the block has to have done.
type operationStep struct {
	only   string // the database that the block is for; "" for each
	before func(*operation)
	after  func(o *operation, said string)
}

// operationSteps are those of the page's blocks, by their first lines.
func operationSteps() map[string]operationStep {
	return map[string]operationStep{
		"curl -s http://127.0.0.1:9090/healthz   # the process is alive":                                 {"", (*operation).begin, (*operation).looksWell},
		"grep -w 'request=R-1' mailback.log":                                                             {"", nil, (*operation).tellsTheWay},
		"mailback backup mailback-backup.db":                                                             {"sqlite", nil, (*operation).isBackedUp},
		`pg_dump --format=custom --file=mailback.dump "$MAILBACK_DATABASE_URL"`:                          {"postgres", nil, (*operation).isBackedUp},
		"rm -f mailback.db mailback.db-wal mailback.db-shm":                                              {"sqlite", (*operation).lose, (*operation).isRestored},
		`pg_restore --clean --if-exists --exit-on-error --dbname="$MAILBACK_DATABASE_URL" mailback.dump`: {"postgres", (*operation).lose, (*operation).isRestored},
		"install -m 600 new-secret azure-client-secret   # the file of AZURE_CLIENT_SECRET_FILE":         {"", (*operation).haveNewSecret, (*operation).followsItsSecret},
		"mailback audit verify":                   {"", (*operation).noteSeal, (*operation).trailHolds},
		"mailback audit erase adelev@contoso.com": {"", nil, (*operation).isErased},
		"curl -s http://127.0.0.1:9090/metrics":   {"", nil, (*operation).isMeasured},
		"grep 'step failed' mailback.log":         {"", (*operation).failAStep, (*operation).tellsWhy},
		"mailback relink U0LEEG0001":              {"", (*operation).haveAnotherAccount, (*operation).isKnownAnew},
	}
}

// begin starts Mailback, has R-1 restored, and leaves R-2 to wait for its requester.
func (o *operation) begin() {
	o.start()
	o.asks(slackfake.Megan, "/restore-mailbox adelev@contoso.com left by mistake", "R-1")
	o.clicks(slackfake.Megan, "request.confirm", "R-1")
	o.clicks(slackfake.Patti, "request.approve", "R-1")
	o.sees(slackfake.Megan, `R-1: adelev@contoso\.com is restored`)
	o.asks(slackfake.Isaiah, "/restore-mailbox debrab@contoso.com her licence went by mistake", "R-2")
	o.sees(slackfake.Isaiah, `R-2 · Waiting for your confirmation`)
	o.settle()
}

func (o *operation) looksWell(said string) {
	o.shows(said, `"process":"ok"`, `"slack":"ok"`, `"database":"ok"`, `"sign-in":"ok, `, `(?m)^ok +database:`, `(?m)^ok +entra\.sign-in:`, `(?m)^note +listen: .* is in use`)
	o.lacks(said, `(?m)^failed`)
}

func (o *operation) tellsTheWay(said string) {
	o.shows(said, `(?s)envelope=.*step begun.*result=done.*proof read.*state=succeeded`)
	o.lacks(said, `(?m)^.*request=R-[^1].*$`)
}

func (o *operation) isBackedUp(string) {
	name := map[string]string{"sqlite": "mailback-backup.db", "postgres": "mailback.dump"}[o.database]
	info, err := os.Stat(filepath.Join(o.dir, name))
	if err != nil || info.Size() == 0 || o.database == "sqlite" && info.Mode().Perm() != 0o600 {
		o.fatal("the backup: %v, %v", info, err)
	}
}

// lose has R-3 asked for after the backup, kills Mailback, and takes the database away: SQLite's file is damaged, and its journal is still
// there; PostgreSQL's database is empty.
func (o *operation) lose() {
	o.asks(slackfake.Megan, "/restore-mailbox christiec@contoso.com asked after the backup", "R-3")
	o.sees(slackfake.Megan, `R-3 · Waiting for your confirmation`)
	o.settle() // its card is posted first, and gets its buttons then
	o.stop(syscall.SIGKILL)
	if o.database == "postgres" {
		o.check((&scriptDatabase{url: o.url}).lose())
		return
	}
	if info, err := os.Stat(filepath.Join(o.dir, "mailback.db-wal")); err != nil || info.Size() == 0 {
		o.fatal("the killed one has left no journal: %v, %v", info, err)
	}
	o.check(os.WriteFile(filepath.Join(o.dir, "mailback.db"), []byte(strings.Repeat("damaged ", 1<<10)), 0o600))
}

// isRestored goes on: R-2 from where the backup has it, R-3 is gone, and no number is given again.
func (o *operation) isRestored(said string) {
	o.shows(said, `1 cards will be shown anew`, `New requests begin with R-1003`)
	if o.database == "sqlite" {
		info, err := os.Stat(filepath.Join(o.dir, "mailback.db"))
		if err != nil || info.Mode().Perm() != 0o600 {
			o.t.Errorf("the restored database: %v, %v", info, err)
		}
	}
	o.start()
	o.clicks(slackfake.Isaiah, "request.confirm", "R-2")
	o.clicks(slackfake.Patti, "request.approve", "R-2")
	o.sees(slackfake.Isaiah, `R-2: debrab@contoso\.com is restored`)
	o.clicks(slackfake.Megan, "request.confirm", "R-3")
	o.sees(slackfake.Megan, `R-3: That message is out of date`)
	o.asks(slackfake.Megan, "/restore-mailbox christiec@contoso.com asked once more", "R-1003")
	o.sees(slackfake.Megan, `R-1003 · Waiting for your confirmation`)
}

// haveNewSecret has a secret to be put in place. Entra's stand-in knows one alone, so it is the same one, as another file.
func (o *operation) haveNewSecret() {
	old, err := os.ReadFile(filepath.Join(o.dir, "azure-client-secret"))
	o.check(err)
	o.check(os.WriteFile(filepath.Join(o.dir, "new-secret"), append(old, '\n'), 0o644))
}

func (o *operation) followsItsSecret(said string) {
	o.shows(said, `(?m)^ok +entra\.sign-in:`)
	info, err := os.Stat(filepath.Join(o.dir, "azure-client-secret"))
	if err != nil || info.Mode().Perm() != 0o600 {
		o.t.Errorf("the secret in place: %v, %v", info, err)
	}
	_, err = o.client.Command(o.t.Context(), slackfake.Patti, "", "/restore-mailbox check christiec@contoso.com")
	o.check(err)
	o.await("the new secret is not in use", func() bool {
		log, err := os.ReadFile(filepath.Join(o.dir, "mailback.log"))
		return err == nil && strings.Contains(string(log), "the sign-in's file has changed, and what is new is in use")
	})
}

// noteSeal copies the hash that stands at the end of R-1's proof, as the page's reader does.
func (o *operation) noteSeal() {
	hash := regexp.MustCompile("audit trail `?(R-1/[0-9]+:[0-9a-f]{16})").FindStringSubmatch(o.seen(slackfake.Megan))
	if hash == nil {
		o.fatal("no proof of R-1 has a hash")
	}
	o.env = append(o.env, "SEAL="+hash[1])
}

func (o *operation) trailHolds(said string) {
	o.shows(said, `(?s)The audit trail holds: \d+ events of 3 requests.*The audit trail holds:.*It has all 1 hashes that you gave`)
	csv, err := os.ReadFile(filepath.Join(o.dir, "audit.csv"))
	o.check(err)
	o.shows(string(csv), `^request,seq,at,kind`, `(?m)^R-1,1,.*adelev@contoso\.com`, `(?m)^R-2,\d+,.*,approved,`, `(?m)^R-1003,1,`)
	o.lacks(string(csv), `(?m)^R-3,`)
}

func (o *operation) isErased(said string) {
	o.shows(said, `1 requests named that person`)
	left := o.run(o.t, o.settings+"mailback audit export; mailback audit verify")
	o.shows(left, `"kind":"erased"`, `The audit trail holds`, `fields that named people were erased`, `debrab@contoso\.com`)
	o.lacks(left, `adelev`)
}

// haveAnotherAccount has Lee known by his account, and then gives him another one with his address.
func (o *operation) haveAnotherAccount() {
	o.asks(slackfake.Lee, "/restore-mailbox items leeg@contoso.com", "R-1004")
	o.sees(slackfake.Lee, `R-1004 · Waiting for your confirmation`)
	o.clicks(slackfake.Lee, "request.cancel", "R-1004")
	o.sees(slackfake.Lee, `R-1004 · Cancelled`)
	o.check(o.client.ChangeTenant(o.t.Context(), "delete", "leeg@contoso.com", "", 0))
	o.check(o.client.ChangeTenant(o.t.Context(), "create", "leeg@contoso.com", "Lee Gu", 0))
	o.check(o.client.Advance(o.t.Context(), "1m")) // until Entra lists it
	o.stop(syscall.SIGTERM)
}

func (o *operation) isKnownAnew(said string) {
	o.shows(said, `U0LEEG0001 is known by [-0-9a-f]+ from now on`)
	o.start()
	o.sees(slackfake.Patti, `had me check again who .*Lee Gu.* is`)
}

func (o *operation) isMeasured(said string) {
	o.shows(said, `(?m)^mailback_ready 1$`, `(?m)^mailback_sockets [12]$`, `(?m)^mailback_requests_ended_total\{state="succeeded"\} 1$`, `(?m)^mailback_requests_open\{state="confirming"\} 1$`)
}

// failAStep has Microsoft refuse a restore.
func (o *operation) failAStep() {
	o.check(o.client.Fault(o.t.Context(), fault.Fault{Service: "graph", Kind: "status", Match: "/restore", Value: 400}))
	o.clicks(slackfake.Megan, "request.confirm", "R-1003")
	o.clicks(slackfake.Patti, "request.approve", "R-1003")
	o.sees(slackfake.Megan, `R-1003 · Not brought back`)
}

func (o *operation) tellsWhy(said string) {
	o.shows(said, `^.*msg="step failed" request=R-1003 step=restore-user .*error=".*request-id`)
}

// operation is a Mailback that is operated, and its people.
type operation struct {
	shell

	t             *testing.T
	database, url string
	settings      string // the block of the page that reads them
	listen        string
	client        *sandbox.Client
	names         map[string]string
	serve         *exec.Cmd
}

// newOperation starts the stand-ins and makes the folder: the settings, and a way from the port of the page to the one that is free here.
func newOperation(t *testing.T, database string) *operation {
	t.Helper()
	o := &operation{t: t, database: database, names: map[string]string{}}
	o.dir = t.TempDir()
	program, err := pgtest.Program("pg_dump")
	o.check(err)
	o.env = []string{"PATH=" + os.Getenv("PATH") + ":" + filepath.Dir(program), "HOME=" + o.dir, "TMPDIR=" + t.TempDir()}
	standIns := o.command("sandbox", "--services-only", "--env-file", "services.env", "--listen", "127.0.0.1:0")
	var said logTail
	standIns.Stdout, standIns.Stderr = &said, &said
	o.check(standIns.Start())
	t.Cleanup(func() { o.end(standIns, syscall.SIGTERM) })
	ready := regexp.MustCompile(`ready: http://[^/]+`)
	o.await("the stand-ins are not ready", func() bool { return said.find(ready) != "" })
	o.client = sandbox.NewClient(strings.TrimPrefix(said.find(ready), "ready: "))
	people, err := o.client.People(t.Context())
	o.check(err)
	for _, p := range people {
		o.names[p.ID] = p.Name
	}
	services, err := os.ReadFile(filepath.Join(o.dir, "services.env"))
	o.check(err)
	o.listen = freeAddress(t)
	secret := regexp.MustCompile(`(?m)^AZURE_CLIENT_SECRET=(.*)$`)
	o.check(os.WriteFile(filepath.Join(o.dir, "azure-client-secret"), secret.FindSubmatch(services)[1], 0o600))
	settings := secret.ReplaceAllString(string(services), "AZURE_CLIENT_SECRET_FILE=azure-client-secret") + "MAILBACK_LISTEN=" + o.listen + "\n"
	if database == "postgres" {
		o.url = pgtest.Database(t)
		settings += "MAILBACK_DATABASE_URL='" + o.url + "'\n"
	}
	o.check(os.WriteFile(filepath.Join(o.dir, "mailback.env"), []byte(settings), 0o600))
	o.check(os.WriteFile(filepath.Join(o.dir, ".curlrc"), []byte("connect-to = 127.0.0.1:9090:"+o.listen+"\n"), 0o600))
	return o
}

func (o *operation) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(context.WithoutCancel(o.t.Context()), "mailback", args...)
	cmd.Dir, cmd.Env = o.dir, o.env
	return cmd
}

// start starts mailback serve, whose log is added to mailback.log, and waits until it is ready.
func (o *operation) start() {
	o.t.Helper()
	log, err := os.OpenFile(filepath.Join(o.dir, "mailback.log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	o.check(err)
	defer log.Close()
	cmd := exec.CommandContext(context.WithoutCancel(o.t.Context()), "bash", "-c", o.settings+"exec mailback serve")
	cmd.Dir, cmd.Env, cmd.Stderr = o.dir, o.env, log
	o.check(cmd.Start())
	o.serve = cmd
	o.t.Cleanup(func() { o.end(cmd, syscall.SIGKILL) })
	o.await("mailback serve does not get ready", func() bool {
		answer, err := http.Get("http://" + o.listen + "/readyz")
		if err != nil {
			return false
		}
		return answer.Body.Close() == nil && answer.StatusCode == http.StatusOK
	})
}

// stop ends mailback serve.
func (o *operation) stop(with syscall.Signal) {
	o.t.Helper()
	if err := o.end(o.serve, with); err != nil && with != syscall.SIGKILL {
		o.t.Errorf("mailback serve ends with %v", err)
	}
}

// end ends a process, unless it has ended already.
func (*operation) end(cmd *exec.Cmd, with syscall.Signal) error {
	if cmd.ProcessState != nil {
		return nil
	}
	if err := cmd.Process.Signal(with); err != nil {
		return err
	}
	return cmd.Wait()
}

func (o *operation) check(err error) {
	o.t.Helper()
	if err != nil {
		o.fatal("%v", err)
	}
}

func (o *operation) fatal(format string, args ...any) {
	o.t.Helper()
	log, _ := os.ReadFile(filepath.Join(o.dir, "mailback.log"))
	o.t.Fatalf(format+"\nthe log ends with\n%s", append(args, log[max(0, len(log)-8<<10):])...)
}

func (o *operation) shows(said string, patterns ...string) {
	o.t.Helper()
	for _, p := range patterns {
		if !regexp.MustCompile(p).MatchString(said) {
			o.t.Errorf("nothing matches %s:\n%s", p, said)
		}
	}
}

func (o *operation) lacks(said string, patterns ...string) {
	o.t.Helper()
	for _, p := range patterns {
		if at := regexp.MustCompile(p).FindString(said); at != "" {
			o.t.Errorf("%q matches %s:\n%s", at, p, said)
		}
	}
}

func (o *operation) await(why string, done func() bool) {
	o.t.Helper()
	for until := time.Now().Add(patience); !done(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(until) {
			o.fatal("waited %v in vain: %s", patience, why)
		}
	}
}

// seen is all that a person sees in Slack.
func (o *operation) seen(user string) string {
	list, err := o.client.Messages(o.t.Context(), user)
	o.check(err)
	var all strings.Builder
	for _, m := range list {
		fmt.Fprintln(&all, sandbox.Plain(m, func(id string) string { return o.names[id] }))
	}
	return all.String()
}

func (o *operation) sees(user, pattern string) {
	o.t.Helper()
	expected := regexp.MustCompile(pattern)
	o.await("nobody sees "+pattern, func() bool { return expected.MatchString(o.seen(user)) })
}

// asks types a command, which becomes the request ref.
func (o *operation) asks(user, line, ref string) {
	o.t.Helper()
	got, err := o.client.Command(o.t.Context(), user, "", line)
	if err != nil || got.Error != "" || requestRef.FindString(got.Reply) != ref {
		o.fatal("%s is answered with %+v, %v; want %s", line, got, err, ref)
	}
}

// clicks presses the button on the card of a request, once it is there.
func (o *operation) clicks(user, action, ref string) {
	o.t.Helper()
	card := regexp.MustCompile(`\b` + ref + ` · `)
	o.await(fmt.Sprintf("no card of %s has %s", ref, action), func() bool {
		list, err := o.client.Messages(o.t.Context(), user)
		o.check(err)
		i := slices.IndexFunc(list, func(m slackfake.MessageInfo) bool {
			return sandbox.FindAction(m.Blocks, action) != nil && card.MatchString(sandbox.Plain(m, func(string) string { return "" }))
		})
		if i < 0 {
			return false
		}
		out, err := o.client.Click(o.t.Context(), slackfake.ClickRequest{User: user, Channel: list[i].Channel, TS: list[i].TS, ActionID: action})
		return err == nil && out.Error == ""
	})
}

// settle waits until Mailback has made no call for a second.
func (o *operation) settle() {
	last, since := -1, time.Now()
	o.await("Mailback does not come to rest", func() bool {
		calls, err := o.client.Calls(o.t.Context())
		o.check(err)
		if len(calls) != last {
			last, since = len(calls), time.Now()
		}
		return time.Since(since) > time.Second
	})
}
