package recovery

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"mailback/internal/racetest"
)

// walk lets people, time and Microsoft do anything in any order, as steps says, and checks after each commit that nothing
// unsafe has happened.
type walk struct {
	*world
	steps []byte
	id    int64
	from  State // where the last event led
	seen  int   // events
}

// next gives a number below n.
func (k *walk) next(n int) int {
	if len(k.steps) == 0 {
		return 0
	}
	b := k.steps[0]
	k.steps = k.steps[1:]
	return int(b) % n
}

func pick[T any](k *walk, list ...T) T { return list[k.next(len(list))] }

func newWalk(tb testing.TB, steps []byte) *walk {
	k := &walk{world: newWorld(tb), steps: steps}
	k.set(func(s *Settings) { s.Approvals = 1 + k.next(2); s.Approvers = []string{anna, bert, desk, rita} })
	k.tenant.lag, k.tenant.delay = pick(k, 0, 5*time.Second, 2*time.Minute), pick(k, 0, time.Minute, 40*time.Minute)
	pick(k,
		func() { k.deleted(john, "john") },
		func() { k.deleted(john, "john", shared) },
		func() { k.deleted(john, "john", unlicensed); k.tenant.access[john] = Access{} },
		func() { k.lives(john, "john", unlicensed, func(u *user) { u.account.UsageLocation = "" }) },
		func() { k.deleted(john, "john"); k.lives(alien, "john") },
	)()
	k.store.after = func(string) { k.check() }
	k.tenant.after = func(op string) { k.checkChange(op) }
	k.id = k.asks("john@contoso.com").ID
	return k
}

// step does one thing.
func (k *walk) step() {
	switch k.next(8) {
	case 0, 1, 2, 3:
		k.randomClick()
	case 4:
		k.pass(pick(k, time.Second, time.Minute, 20*time.Minute, time.Hour, 5*time.Hour))
	case 5:
		op := pick(k, "find", "exchange", "account", "mailbox", "restore", "assign", "block", "location")
		pick(k,
			func() { k.tenant.loses(op, 1) },
			func() { k.tenant.fails(op, 1+k.next(3), &Error{Kind: Unavailable, Op: op}) },
			func() { k.tenant.fails(op, 1, &Error{Kind: Throttled, Op: op, RetryAfter: time.Hour}) },
			func() { k.tenant.fails(op, 1, &Error{Kind: Forbidden, Op: op, Detail: "X"}) },
			func() { k.tenant.fails(op, 1, &Error{Kind: NotFound, Op: op}) },
			func() { k.tenant.fails(op, 1, &Error{Kind: Conflict, Op: op, Detail: "proxyAddresses"}) },
			func() { k.tenant.fails(op, 1, errors.New("a defect")) },
		)()
	case 6:
		k.changePeople()
	case 7:
		k.changeTenant()
	}
}

// right is who does what in a state, when all goes well.
func right(s State) (Action, string) {
	switch s {
	case Confirming:
		return ActConfirm, rita
	case Pending:
		return ActApprove, anna
	case Partial, Failed:
		return ActRetry, bert
	default:
		return ActCheck, rita
	}
}

func (k *walk) randomClick() {
	r := k.request(k.id)
	a, who := right(r.State)
	if o, open := r.OpenOffer(); open && r.State == Confirming {
		a = o.Action
	}
	if k.next(3) == 0 {
		a = pick(k, ActConfirm, ActApprove, ActRetry, ActCheck, ChooseAccount, ChooseSignInName, ChooseDrop, ChooseSignIn, ActDeny, ActCancel)
	}
	if k.next(2) == 0 {
		who = pick(k, rita, anna, bert, carl, sven, gus, fogg)
	}
	c := k.click(k.id, who, a, pick(k, "john2@contoso.com", "drop", "block", john, ""))
	if r.Diagnosis != nil && len(r.Diagnosis.Offers) > 0 && a != ActDeny {
		o := r.Diagnosis.Offers[k.next(len(r.Diagnosis.Offers))]
		if a == o.Action {
			c.Value = o.Options[k.next(len(o.Options))].Value
		}
	}
	if k.next(10) == 9 {
		c.Channel, c.TS = hq, "0.0"
	}
	if _, err := k.svc.Click(k.ctx, k.id, c); err != nil {
		k.Fatal(err)
	}
	if k.next(4) > 0 { // else more happens before a job gets to it
		k.runUntil(k.clock.Add(time.Hour), soon)
	}
}

func (k *walk) changePeople() {
	who := pick(k, anna, bert, carl, rita)
	pick(k,
		func() { k.people.set(who, func(p *Person) { p.Deleted = !p.Deleted }) },
		func() { k.people.set(who, func(p *Person) { p.Guest = !p.Guest }) },
		func() { k.people.errs[who] = errors.New("timeout") },
		func() { k.people.errs[desk] = &Error{Kind: pick(k, NotFound, Unavailable)} },
		func() { clear(k.people.errs) },
	)()
}

func (k *walk) changeTenant() {
	pick(k,
		func() { k.tenant.skus[0].Consumed = pick(k, 4, 10) },
		func() { k.tenant.users[john].account.Enabled = new(k.next(2) == 0) },
		func() { k.tenant.access[john] = Access{RolesKnown: true, Roles: []string{"User Administrator"}} },
		func() { k.tenant.unknown = pick(k, nil, []string{"Group.Read.All"}) },
		func() { k.tenant.others = pick(k, nil, []Holder{{Address: "john@fabrikam.com", Kind: HolderContact}}) },
		func() { k.tenant.fault = nil },
	)()
}

// check looks at the last event.
func (k *walk) check() {
	if len(k.store.events) == k.seen {
		return
	}
	e := k.store.events[len(k.store.events)-1]
	k.seen++
	if e.From != k.from || !e.From.CanBecome(e.To) || e.Seq != int64(k.seen) {
		k.Fatalf("event %d goes from %q to %q after %q", e.Seq, e.From, e.To, k.from)
	}
	k.from = e.To
	if e.To == Restoring && e.From != Restoring {
		k.checkApproved(e)
	}
}

// checkApproved checks that enough people who may have approved the plan that begins.
func (k *walk) checkApproved(e Event) {
	r := k.request(k.id)
	var who []string
	for _, v := range r.Reviews {
		p := k.people.persons[v.By.UserID]
		switch {
		case v.Verdict != Approve, v.Fingerprint != r.Plan.Fingerprint(), v.Fingerprint != e.Fingerprint:
			k.Fatalf("a review of something else counts: %+v", v)
		case v.By == r.Requester, p.Deleted, p.Guest, k.people.errs[p.ID] != nil, !slices.Contains([]string{anna, bert, carl}, p.ID):
			k.Fatalf("%s may not approve", p.ID)
		case !slices.Contains(who, p.ID):
			who = append(who, p.ID)
		}
	}
	if e.From != Approved || len(who) < r.Plan.Approvals || len(who) < k.svc.Settings.Approvals {
		k.Fatalf("begun from %s with %v, %d needed", e.From, who, r.Plan.Approvals)
	}
}

// checkChange checks that a change was made while restoring, and was one of the plan's.
func (k *walk) checkChange(op string) {
	kind := map[string]StepKind{"restore": StepRestoreUser, "assign": StepAssign, "block": StepBlockSignIn, "location": StepUsageLocation}[op]
	if kind == "" {
		return
	}
	if r := k.request(k.id); r.State != Restoring || !slices.Contains(stepKinds(r.Plan), kind) || r.Lease.Owner == "" {
		k.Fatalf("%s in %s, plan %v", op, r.State, stepKinds(r.Plan))
	}
}

// end lets everything be mended and two months pass: each request comes to an end.
func (k *walk) end() {
	clear(k.people.errs)
	k.tenant.fault = nil
	k.pass(60 * 24 * time.Hour)
	r := k.request(k.id)
	if r.State.Open() || len(r.Inbox) > 0 || r.Lease.Owner != "" {
		k.Fatalf("%s never ends: %s, inbox %v", r.Ref(), k.store.story(k.id), r.Inbox)
	}
	if k.tenant.did["restore"] > 1 {
		k.Fatalf("restored %d times", k.tenant.did["restore"])
	}
	if r.State == Succeeded && (r.Proof == nil || len(r.Proof.Missing) > 0) {
		k.Fatalf("succeeded without a proof: %+v", r.Proof)
	}
}

func (k *walk) all() State {
	for len(k.steps) > 0 {
		k.step()
	}
	k.end()
	return k.request(k.id).State
}

func TestRandomWalk(t *testing.T) {
	t.Parallel()
	racetest.Leave(t)
	ends := map[State]int{}
	for seed := range uint64(24) {
		random := rand.New(rand.NewPCG(seed, 1))
		steps := make([]byte, 150)
		for i := range steps {
			steps[i] = byte(random.Uint32())
		}
		ok := t.Run(fmt.Sprint(seed), func(t *testing.T) { ends[newWalk(t, steps).all()]++ })
		if !ok {
			return
		}
	}
	for _, s := range []State{Succeeded, Expired, Cancelled, Denied} {
		if ends[s] == 0 {
			t.Errorf("no walk ended as %s: %v", s, ends)
		}
	}
	t.Log(ends)
}

func FuzzWalk(f *testing.F) {
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 1})
	f.Add([]byte("confirm, approve, wait, fail, retry"))
	f.Fuzz(func(t *testing.T, steps []byte) {
		if len(steps) <= 300 {
			newWalk(t, steps).all()
		}
	})
}
