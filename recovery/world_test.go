package recovery

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"
)

// The people of the tests.
const (
	team                    = "T1"
	hq                      = "CAPPROVE"
	rita, sven              = "URITA", "USVEN" // full members, no approvers
	anna, bert, carl        = "UANNA", "UBERT", "UCARL"
	gus, bot, xena, gone    = "UGUS", "UBOT", "UXENA", "UGONE"
	ivan, fogg              = "UIVAN", "UFOGG" // invited; unreadable
	desk                    = "SDESK"          // the user group of approvers: carl
	john, jane, info, alien = "id-john", "id-jane", "id-info", "id-alien"
	lost                    = "guid-of-a-mailbox-without-its-user"
)

// by is a person of our workspace as an actor.
func by(user string) Actor { return Actor{TeamID: team, UserID: user} }

// fakePeople is Slack's directory.
type fakePeople struct {
	mu      sync.Mutex
	persons map[string]Person
	groups  map[string][]string
	errs    map[string]error // by user, group or channel id
	channel Channel
}

func newPeople() *fakePeople {
	p := &fakePeople{persons: map[string]Person{}, groups: map[string][]string{desk: {carl}}, errs: map[string]error{}}
	for _, id := range []string{rita, sven, anna, bert, carl, gus, bot, gone, ivan} {
		p.persons[id] = Person{ID: id, TeamID: team, Name: id, Email: strings.ToLower(id[1:]) + "@contoso.com"}
	}
	p.persons[xena] = Person{ID: xena, TeamID: "T9", External: true}
	p.set(gus, func(x *Person) { x.Guest = true })
	p.set(bot, func(x *Person) { x.Bot = true })
	p.set(gone, func(x *Person) { x.Deleted = true })
	p.set(ivan, func(x *Person) { x.Invited = true })
	p.errs[fogg] = errors.New("users.info: timeout")
	p.channel = Channel{ID: hq, Member: true, Private: true}
	return p
}

func (p *fakePeople) set(id string, change func(*Person)) {
	x := p.persons[id]
	change(&x)
	p.persons[id] = x
}

func (p *fakePeople) Person(_ context.Context, id string) (Person, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.errs[id]; err != nil {
		return Person{}, err
	}
	x, ok := p.persons[id]
	if !ok {
		return Person{}, &Error{Kind: NotFound, Op: "users.info"}
	}
	return x, nil
}

func (p *fakePeople) Members(_ context.Context, id string) ([]string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.errs[id]; err != nil {
		return nil, err
	}
	return p.groups[id], nil
}

func (p *fakePeople) Channel(_ context.Context, id string) (Channel, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.channel, p.errs[id]
}

// replier remembers whom it answered.
type replier struct {
	replies []Request
	fails   int // how many answers are lost
}

func (x *replier) Reply(_ context.Context, r Request) error {
	if x.fails--; x.fails >= 0 {
		return errors.New("the answer was lost")
	}
	x.replies = append(x.replies, r)
	return nil
}

// world is a whole installation on a clock of its own.
type world struct {
	testing.TB
	clock   time.Time
	store   *memStore
	tenant  *tenant
	people  *fakePeople
	replier *replier
	box     *recoverable
	lists   *memList
	bulk    *memBulk
	links   *memLinks
	spoken  memLanguages
	log     *bytes.Buffer
	svc     *Service
	ctx     context.Context //nolint:containedctx // what jobs run with, for tests of a job that runs out of time
	clicks  int
	jobs    int
	working bool // a job runs
}

// killed is what a panic says that stands for the death of the process.
type killed struct{ where string }

func newWorld(tb testing.TB) *world {
	tb.Helper()
	w := &world{TB: tb, clock: time.Date(2026, 11, 22, 12, 0, 0, 0, time.FixedZone("EET", 7200)), people: newPeople(), replier: &replier{}, ctx: context.Background()}
	w.store, w.tenant = newMemStore(w.now), newTenant(w.now)
	w.box, w.lists, w.bulk, w.links, w.spoken, w.log = newRecoverable(w.tenant), newMemList(), newMemBulk(w.store), &memLinks{}, memLanguages{}, &bytes.Buffer{}
	w.tenant.users["id-"+carl] = &user{account: Account{ID: "id-" + carl, UserType: "Member", Enabled: new(true)}}
	w.restart(Settings{
		TeamID: team, Approvers: []string{anna, bert, desk}, Requesters: []string{rita, sven}, ApprovalChannel: hq, Approvals: 1, TTL: 24 * time.Hour,
	})
	return w
}

func (w *world) now() time.Time { return w.clock }

// restart starts another process with these settings.
func (w *world) restart(s Settings) {
	w.svc = New(Config{
		Settings: s, Store: w.store, Directory: w.tenant, Restorer: w.tenant, Mailboxes: exchange{w.tenant}, Copier: exchange{w.tenant}, Reconnector: exchange{w.tenant}, People: w.people,
		Replier: w.replier, Items: w.box, Lists: w.lists, Bulk: w.bulk, Links: w.links, Languages: w.spoken, Faults: &memFaults{}, Now: w.now, Logger: slog.New(slog.NewTextHandler(w.log, nil)),
	})
}

// set changes the settings of a process that goes on.
func (w *world) set(change func(*Settings)) { change(&w.svc.Settings) }

// exchangeOff works without Exchange.
func (w *world) exchangeOff() { w.svc.Mailboxes = nil }

// ago is a time before now.
func (w *world) ago(d time.Duration) time.Time { return w.clock.Add(-d) }

// lives adds a live user; a mailbox in Exchange goes with it.
func (w *world) lives(id, name string, change ...func(*user)) *user {
	u := &user{account: Account{
		ID: id, DisplayName: name, UserPrincipalName: name + "@contoso.com", Mail: name + "@contoso.com",
		ProxyAddresses: []string{"SMTP:" + name + "@contoso.com", "smtp:" + name + "@fabrikam.com"},
		UserType:       "Member", Enabled: new(true), UsageLocation: "LV",
	}, purpose: "user"}
	for _, c := range change {
		c(u)
	}
	w.tenant.users[id] = u
	m := Mailbox{ExchangeGUID: "guid-" + id, ObjectID: id, Address: u.account.Mail, Type: "UserMailbox", CreatedAt: w.ago(800 * 24 * time.Hour), Quota: Unlimited}
	if u.purpose == "shared" {
		m.Type = "SharedMailbox"
	}
	w.tenant.mailboxes = append(w.tenant.mailboxes, m)
	return u
}

// deleted adds a deleted user with an E3 licence.
func (w *world) deleted(id, name string, change ...func(*user)) *user {
	first := func(u *user) {
		u.account.DeletedAt = w.ago(5 * 24 * time.Hour)
		u.account.Licenses = []AssignedLicense{{SKU: skuE3}}
	}
	u := w.lives(id, name, append([]func(*user){first}, change...)...)
	w.mailboxOf(id).SoftDeletedAt = u.account.DeletedAt
	return u
}

// shared makes a user one of a shared mailbox: disabled, without a licence.
func shared(u *user) {
	u.purpose, u.account.Enabled, u.account.Licenses = "shared", new(false), nil
}

func (w *world) mailboxOf(id string) *Mailbox {
	for i := range w.tenant.mailboxes {
		if w.tenant.mailboxes[i].ObjectID == id {
			return &w.tenant.mailboxes[i]
		}
	}
	w.Fatalf("no mailbox of %s", id)
	return nil
}

// asks raises a request by rita for an address.
func (w *world) asks(address string) Request {
	return w.asksAs(rita, Ask{Query: Query{ByAddress, address}})
}

func (w *world) asksAs(user string, ask Ask) Request {
	w.Helper()
	r, _, err := w.svc.Ask(w.ctx, AskInput{Ask: ask, Actor: by(user), Key: fmt.Sprintf("cmd-%d", len(w.store.rows)), ResponseURL: "https://hooks.slack.test/secret"})
	if err != nil {
		w.Fatal(err)
	}
	w.store.post(hq, fmt.Sprintf("%d.1", r.ID), r.ID, CardApproval)
	w.store.post("D"+user, fmt.Sprintf("%d.2", r.ID), r.ID, CardRequester)
	w.settle()
	return w.request(r.ID)
}

func (w *world) request(id int64) Request {
	w.Helper()
	r, err := w.store.Request(w.ctx, id)
	if err != nil {
		w.Fatal(err)
	}
	return r
}

// click makes a click as a person would, on the card that has the button.
func (w *world) click(id int64, user string, a Action, value string) Click {
	w.clicks++
	r := w.request(id)
	c := Click{Action: a, By: by(user), Channel: hq, TS: fmt.Sprintf("%d.1", id), At: w.clock, Key: fmt.Sprintf("click-%d", w.clicks)}
	if cards := cardsOf(a); cards[len(cards)-1] == CardRequester && (len(cards) == 1 || user == r.Requester.UserID) {
		c.Channel, c.TS = "D"+r.Requester.UserID, fmt.Sprintf("%d.2", id)
	}
	if r.Plan != nil {
		c.Plan = r.Plan.Fingerprint()
	}
	if a == ActDeny || a == ActEmergency {
		c.Reason = value
	} else {
		c.Value = value
	}
	return c
}

// clicks lets somebody click, lets all jobs run, and gives the request as it is then.
func (w *world) press(id int64, user string, a Action, value ...string) Request {
	w.Helper()
	w.send(id, w.click(id, user, a, strings.Join(value, "")))
	w.settle()
	return w.request(id)
}

func (w *world) send(id int64, c Click) {
	w.Helper()
	if note, err := w.svc.Click(w.ctx, id, c); err != nil || note != nil {
		w.Fatalf("click %s: %v, %v", c.Action, note, err)
	}
}

// soon is within which time a job counts as running now rather than as waiting for a person.
const soon = 6 * time.Minute

// settle runs jobs until none is due soon; the clock moves to where they are due.
func (w *world) settle() { w.Helper(); w.runUntil(w.clock.Add(1000*time.Hour), soon) }

// pass lets time pass, with its jobs.
func (w *world) pass(d time.Duration) {
	w.Helper()
	end := w.clock.Add(d)
	w.runUntil(end, d+soon)
	if w.clock.Before(end) {
		w.clock = end
	}
}

func (w *world) runUntil(end time.Time, ahead time.Duration) {
	w.Helper()
	for n := 0; ; n++ {
		limit := w.clock.Add(ahead)
		if limit.After(end) {
			limit = end
		}
		j, ok := w.store.next(limit)
		if !ok {
			return
		}
		if n > 5000 {
			w.Fatalf("R-%d spins: %s", j.id, w.store.story(j.id))
		}
		if j.due.After(w.clock) {
			w.clock = j.due
		}
		w.run(j)
	}
}

// run runs a job as the queue does: again after the wait it gives, after an error, and after its process died.
func (w *world) run(j job) {
	w.Helper()
	w.jobs++
	before := w.store.stored(j.id)
	wait, err := w.advance(j)
	if after := w.store.stored(j.id); after.version != before.version && after.state.Open() && after.content() == before.content() { // its next job finds what this one found, for ever
		w.Fatalf("R-%d: a turn with an event and nothing else: %s", j.id, w.store.story(j.id))
	}
	var k killed
	switch {
	case errors.As(err, &k):
		w.store.again(j, w.clock.Add(35*time.Second))
	case err != nil:
		w.store.again(j, w.clock.Add(backoff(j.tries, time.Minute)))
	case wait > 0:
		w.store.again(j, w.clock.Add(wait))
	case w.store.orphaned(j.id):
		w.Fatalf("R-%d has no job: %s", j.id, w.store.story(j.id))
	}
}

func (k killed) Error() string { return "killed after " + k.where }

func (w *world) advance(j job) (wait time.Duration, err error) {
	w.working = true
	defer func() {
		w.working = false
		if p := recover(); p != nil {
			k, ok := p.(killed)
			if !ok {
				panic(p)
			}
			err = k
		}
	}()
	return w.svc.Advance(w.ctx, j.id, j.version)
}

// is checks a request's state.
func (w *world) is(r Request, want State) Request {
	w.Helper()
	if r.State != want {
		note := "none"
		if r.Obstacle != nil {
			note = r.Obstacle.String()
		}
		w.Fatalf("%s is %s, want %s (obstacle %s): %s", r.Ref(), r.State, want, note, w.store.story(r.ID))
	}
	return r
}

// hindered checks a request's obstacle.
func (w *world) hindered(r Request, want NoteCode, args ...string) {
	w.Helper()
	if r.Obstacle == nil || !r.Obstacle.same(Note{want, args}) {
		w.Fatalf("%s in %s has obstacle %v, want %v", r.Ref(), r.State, r.Obstacle, Note{want, args})
	}
}

// events counts a request's events of a kind.
func (w *world) events(id int64, kind EventKind) (list []Event) {
	for _, e := range w.store.trail(id) {
		if e.Kind == kind {
			list = append(list, e)
		}
	}
	return list
}

// refusals gives the codes of a request's refused clicks.
func (w *world) refusals(id int64) (codes []NoteCode) {
	for _, e := range w.events(id, EventRefused) {
		codes = append(codes, e.Note.Code)
	}
	return codes
}
