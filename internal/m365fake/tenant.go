package m365fake

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// tenant is everything that contoso.com holds. Server.mu guards it.
type tenant struct {
	clock                 func() time.Time
	lag, provisioningTime time.Duration
	queueTime, copyTime   time.Duration // of restore requests

	live, deleted *userSet
	history       map[string][]past // what recently changed users were before
	allGroups     []*group
	contacts      []*contact
	roles         []*role
	domains       []string
	skus          []*sku
	usageLocation string // of the organization

	mailboxes    *mailboxSet
	provisioning []waiting
	copies       []*copyJob
	rival        *mailbox   // see TakeCopyName
	graced       []*mailbox // in use without a license, for a while
	nextPurge    time.Time
	nextExpiry   time.Time // of a recoverable item
	seeding      bool
	delayed      bool // delicensing: see Config.DelayedDelicensing
}

// past is what a user was until a write; before is nil for one that did not exist.
type past struct {
	before *user
	at     moment
}

// moment is a point on both clocks. What must take a while takes it on the faster of the two, so that a test
// that moves the tenant's clock gets there as well as one that waits.
type moment struct{ wall, clock time.Time }

// waiting is a user whose mailbox is on its way.
type waiting struct {
	id    string
	since moment
}

func newTenant(cfg Config) tenant {
	return tenant{
		clock: cfg.Now, lag: cfg.Lag, provisioningTime: cfg.Provisioning,
		queueTime: cfg.CopyQueue, copyTime: cfg.CopyTime, delayed: cfg.DelayedDelicensing,
		live: newUserSet(), deleted: newUserSet(), history: map[string][]past{},
		mailboxes: newMailboxSet(), skus: newSKUs(), usageLocation: "US",
		domains: []string{TenantDomain, "contoso.onmicrosoft.com", "fabrikam.com"},
		seeding: true,
	}
}

func (t *tenant) moment() moment { return moment{time.Now(), t.clock()} }

func (t *tenant) since(m moment) time.Duration {
	return max(time.Since(m.wall), t.clock().Sub(m.clock))
}

func (t *tenant) setOf(u *user) *userSet {
	if u.Deleted.IsZero() {
		return t.live
	}
	return t.deleted
}

// settle ends the seeding: from here on writes are seen late and purges happen.
func (s *Server) settle() {
	s.live.sort()
	s.deleted.sort()
	s.seeding = false
	s.nextPurge = time.Time{}
	s.tick()
}

// put replaces before by after, either of which may be nil, and lets licences and mailbox follow.
func (t *tenant) put(before, after *user) {
	if before != nil {
		t.setOf(before).remove(before)
		t.count(before, -1)
	}
	if after != nil {
		t.count(after, +1)
		if t.seeding {
			t.setOf(after).append(after)
			return
		}
		t.setOf(after).add(after)
	}
	id := idOf(before, after)
	t.history[id] = append(t.history[id], past{before, t.moment()})
	t.followUser(before, after)
}

func idOf(users ...*user) string {
	for _, u := range users {
		if u != nil {
			return u.ID
		}
	}
	return ""
}

// current is the user with id, live or deleted, as writes see it.
func (t *tenant) current(id string) *user {
	id = strings.ToLower(id)
	if u := t.live.byID[id]; u != nil {
		return u
	}
	return t.deleted.byID[id]
}

// visible is the user with id as it was lag ago: what a read shows.
func (t *tenant) visible(id string, lag time.Duration) *user {
	id = strings.ToLower(id)
	for _, p := range t.history[id] {
		if t.since(p.at) < lag {
			return p.before
		}
	}
	return t.current(id)
}

// indexLag is how far lists are behind; the index of $filter is slower than a read by id.
func (t *tenant) indexLag() time.Duration { return 3 * t.lag }

// list returns the live or deleted users that a list shows and match keeps, in the order of ids.
func (t *tenant) list(deleted bool, f expr, match func(*user) bool) []*user {
	set := t.live
	if deleted {
		set = t.deleted
	}
	all, indexed := set.order, false
	if ids, ok := set.candidates(f); ok {
		all, indexed = set.resolve(ids), true
	}
	if !indexed && match == nil && len(t.history) == 0 {
		return all
	}
	var out []*user
	for _, u := range all {
		if _, changing := t.history[u.ID]; !changing && (match == nil || match(u)) {
			out = append(out, u)
		}
	}
	return t.addChanging(out, deleted, match)
}

// addChanging adds the users whose recent change lists do not show yet.
func (t *tenant) addChanging(out []*user, deleted bool, match func(*user) bool) []*user {
	for _, id := range slices.Collect(maps.Keys(t.history)) {
		u := t.visible(id, t.indexLag())
		if u != nil && u.Deleted.IsZero() != deleted && (match == nil || match(u)) {
			out = append(out, u)
		}
	}
	if len(t.history) > 0 {
		slices.SortFunc(out, compareUsers)
	}
	return out
}

// resolve returns the users behind ids, each once, in the order of ids.
func (s *userSet) resolve(ids []string) []*user {
	slices.Sort(ids)
	var out []*user
	for _, id := range slices.Compact(ids) {
		if u := s.byID[id]; u != nil {
			out = append(out, u)
		}
	}
	return out
}

// tick lets time pass: mailboxes arrive, changes become visible, and what is past its retention goes.
func (t *tenant) tick() {
	t.provision()
	t.advanceCopies()
	t.endGrace()
	for id, changes := range t.history {
		if t.since(changes[len(changes)-1].at) >= t.indexLag() {
			delete(t.history, id)
		}
	}
	now := t.clock()
	t.expireItems(now)
	if now.Before(t.nextPurge) {
		return
	}
	for _, u := range slices.Clone(t.deleted.order) {
		if !now.Before(u.Deleted.Add(retention)) {
			t.purge(u)
		}
	}
	t.mailboxes.purge(now)
	t.nextPurge = t.earliestPurge(now)
}

func (t *tenant) earliestPurge(now time.Time) time.Time {
	next := now.Add(retention)
	for _, u := range t.deleted.order {
		next = earlier(next, u.Deleted.Add(retention))
	}
	for _, m := range t.mailboxes.all {
		if m.purgeable() {
			next = earlier(next, m.SoftDeleted.Add(retention))
		}
	}
	return next
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// purge removes a deleted user for good. Its mailbox, if still kept, is left without its user.
func (t *tenant) purge(u *user) {
	t.put(u, nil)
	for _, m := range t.roles {
		delete(m.Members, u.ID)
	}
	for _, g := range t.allGroups {
		delete(g.Members, u.ID)
	}
}

// remove deletes a live user: it moves to the deleted users, groups, roles and licences unchanged.
func (t *tenant) remove(u *user) {
	t.put(u, u.with(func(c *user) { c.Deleted = t.clock().UTC().Truncate(time.Second) }))
	t.nextPurge = earlier(t.nextPurge, t.clock().Add(retention))
}

// holder names who among the living has an address: kind is user, group or contact, or "" for nobody.
// The user with id except is not counted.
func (t *tenant) holder(address, except string) (kind, id string) {
	address = strings.ToLower(address)
	for _, ids := range [][]string{t.live.byProxy["smtp:"+address], t.live.byUPN[address], t.live.byMail[address]} {
		for _, id := range ids {
			if id != except {
				return "user", id
			}
		}
	}
	for _, g := range t.allGroups {
		if holdsAddress(g.Mail, g.Proxies, address) {
			return "group", g.ID
		}
	}
	for _, c := range t.contacts {
		if holdsAddress(c.Mail, c.Proxies, address) {
			return "contact", c.ID
		}
	}
	return "", ""
}

func holdsAddress(mail string, proxies []string, address string) bool {
	return strings.EqualFold(mail, address) || slices.ContainsFunc(proxies, func(p string) bool {
		return strings.EqualFold(p, "smtp:"+address)
	})
}

// verified tells whether the domain of a sign-in name belongs to the tenant.
func (t *tenant) verified(upn string) bool {
	local, domain, ok := strings.Cut(upn, "@")
	return ok && local != "" && slices.Contains(t.domains, strings.ToLower(domain))
}
