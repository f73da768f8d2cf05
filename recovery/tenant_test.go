package recovery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// The plans and SKUs of the tenant that tests use.
const (
	planEXO1, planEXO2, planTeams, planYammer, planShield, planFoundation = "exo1", "exo2", "teams", "yammer", "shield", "foundation"
	skuE3, skuE5, skuEXO1, skuLookalike                                   = "sku-e3", "sku-e5", "sku-exo1", "sku-f1"
)

// tenant is a Microsoft 365 tenant behind Directory, Restorer and Mailboxes. What is written shows to readers only after
// lag, and a mailbox answers only delay after it could.
type tenant struct {
	mu    sync.Mutex
	now   Clock
	lag   time.Duration
	delay time.Duration
	takes time.Duration // a call, by the real clock

	users       map[string]*user
	skus        []SKU
	others      []Holder // groups and contacts
	mailboxes   []Mailbox
	permissions []string
	domains     []string
	country     string
	access      map[string]Access
	unknown     []string // HoldersUnknown
	newMailbox  bool     // Exchange makes a new, empty mailbox instead of the old one
	contents    map[string]Contents
	grants      []Grant
	cmdlets     []string
	delicense   time.Time
	copies      map[string]*madeCopy // by name
	made        func(*madeCopy)      // what becomes of one that is made
	copyTime    time.Duration        // how long a copy takes

	calls []string              // every call, by name
	did   map[string]int        // changes that had an effect, by name
	fault func(op string) fault // what a call meets; nil for nothing
	after func(op string)       // called when a call is over
}

// fault is what a call meets: err, before anything is done, or after it.
type fault struct {
	err  error
	late bool
}

// user is an account with what readers still see of it.
type user struct {
	account, old Account
	seenAt       time.Time // when readers see account; before, they see old
	answersAt    time.Time // when the mailbox answers; zero for never
	purpose      string
}

func newTenant(now Clock) *tenant {
	return &tenant{
		now: now, users: map[string]*user{}, domains: []string{"contoso.com", "fabrikam.com"}, country: "LV",
		permissions: []string{"User.Read.All", "User.DeleteRestore.All", "User.ReadWrite.All", "LicenseAssignment.ReadWrite.All", "MailboxSettings.Read"},
		skus: []SKU{
			{ID: skuE3, PartNumber: "ENTERPRISEPACK", Enabled: 10, Consumed: 4, MailboxPlans: []string{planEXO2}, Plans: []string{planEXO2, planTeams, planYammer}, Assignable: true},
			{ID: skuLookalike, PartNumber: "M365_F1", Enabled: 99, Plans: []string{planFoundation}, Assignable: true},
		},
		access: map[string]Access{}, did: map[string]int{}, after: func(string) {},
		contents: map[string]Contents{}, copies: map[string]*madeCopy{}, made: func(*madeCopy) {}, copyTime: 10 * time.Minute,
	}
}

// fails lets a call meet an error n times.
func (t *tenant) fails(op string, n int, err error) { t.meets(op, n, fault{err: err}) }

// loses lets a call's answer be lost n times, after it was done.
func (t *tenant) loses(op string, n int) {
	t.meets(op, n, fault{err: &Error{Kind: Unavailable, Op: op, Err: errors.New("connection reset")}, late: true})
}

func (t *tenant) meets(op string, n int, f fault) {
	before := t.fault
	t.fault = func(o string) fault {
		if o == op && n > 0 {
			n--
			return f
		}
		if before != nil {
			return before(o)
		}
		return fault{}
	}
}

// call runs a call with what it meets.
func (t *tenant) call(ctx context.Context, op string, do func() error) error {
	time.Sleep(t.takes)
	t.mu.Lock()
	t.calls = append(t.calls, op)
	var f fault
	if t.fault != nil {
		f = t.fault(op)
	}
	if err := ctx.Err(); err != nil && f.err == nil {
		f.err = &Error{Kind: Unavailable, Op: op, Err: err}
	}
	var err error
	if f.err == nil || f.late {
		err = do()
	}
	if f.err != nil {
		err = f.err
	}
	t.mu.Unlock()
	t.after(op)
	return err
}

// seen gives an account as readers see it now.
func (t *tenant) seen(u *user) Account {
	if t.now().Before(u.seenAt) {
		return u.old
	}
	return u.account
}

// change writes an account; readers see it after the lag.
func (t *tenant) change(u *user, op string, do func(a *Account)) {
	u.old, u.seenAt = t.seen(u), t.now().Add(t.lag)
	u.account.ProxyAddresses, u.account.Licenses = slices.Clone(u.account.ProxyAddresses), slices.Clone(u.account.Licenses)
	do(&u.account)
	t.did[op]++
}

func (t *tenant) receipt() Receipt {
	return Receipt{RequestID: fmt.Sprintf("req-%d", len(t.calls)), Date: t.now()}
}

func (t *tenant) Find(ctx context.Context, q Query) (f Findings, err error) {
	return f, t.call(ctx, "find", func() error {
		f = Findings{ReadAt: t.now(), SKUs: slices.Clone(t.skus), Permissions: t.permissions, Receipt: t.receipt()}
		f.Organization = Organization{Country: t.country, Domains: t.domains}
		for _, u := range t.users {
			a := t.seen(u)
			fits := q.Kind == ByAddress && a.Has(q.Value) || q.Kind == ByObjectID && a.ID == q.Value || q.Kind == ByName && a.DisplayName == q.Value
			if fits {
				f.Found = append(f.Found, Found{Account: a})
			}
		}
		slices.SortFunc(f.Found, func(a, b Found) int {
			if a.Account.Deleted() != b.Account.Deleted() {
				return map[bool]int{false: -1, true: 1}[a.Account.Deleted()]
			}
			return b.Account.DeletedAt.Compare(a.Account.DeletedAt)
		})
		return nil
	})
}

func (t *tenant) Complete(ctx context.Context, found []Found) error {
	return t.call(ctx, "complete", func() error {
		for i := range found {
			found[i] = t.found(found[i].Account)
		}
		return nil
	})
}

func (t *tenant) found(a Account) Found {
	x := Found{Account: a, Access: t.accessOf(a.ID)}
	if !a.Deleted() {
		x.Probe = t.probe(a)
		return x
	}
	x.Holders, x.HoldersUnknown = t.holders(a), t.unknown
	return x
}

func (t *tenant) accessOf(id string) Access {
	if a, ok := t.access[id]; ok {
		return a
	}
	return Access{RolesKnown: true}
}

func (t *tenant) probe(a Account) Probe {
	u := t.users[a.ID]
	if u.answersAt.IsZero() || t.now().Before(u.answersAt) {
		return Probe{State: MailboxAbsent}
	}
	return Probe{State: MailboxAnswers, Purpose: u.purpose}
}

// holders gives who holds a deleted account's addresses now.
func (t *tenant) holders(a Account) []Holder {
	var hs []Holder
	for _, u := range t.users {
		o := t.seen(u)
		if o.Deleted() {
			continue
		}
		if a.Has(o.UserPrincipalName) {
			hs = append(hs, Holder{Address: o.UserPrincipalName, SignIn: true, Kind: HolderUser, ID: o.ID, Name: o.DisplayName})
		}
		for _, p := range o.ProxyAddresses {
			if a.Has(p[5:]) {
				hs = append(hs, Holder{Address: p[5:], Kind: HolderUser, ID: o.ID, Name: o.DisplayName})
			}
		}
	}
	for _, h := range t.others {
		if a.Has(h.Address) {
			hs = append(hs, h)
		}
	}
	slices.SortFunc(hs, func(a, b Holder) int { return strings.Compare(a.Address+a.ID, b.Address+b.ID) })
	return hs
}

func (t *tenant) Account(ctx context.Context, id string) (a Account, r Receipt, err error) {
	return a, r, t.call(ctx, "account", func() error {
		u, ok := t.users[id]
		if !ok || t.seen(u).Deleted() {
			return &Error{Kind: NotFound, Op: "user"}
		}
		a, r = t.seen(u), t.receipt()
		return nil
	})
}

func (t *tenant) Mailbox(ctx context.Context, id string) (p Probe, err error) {
	return p, t.call(ctx, "mailbox", func() error {
		u, ok := t.users[id]
		if !ok || t.seen(u).Deleted() {
			p = Probe{State: MailboxUnknown}
			return &Error{Kind: NotFound, Op: "mailboxSettings"}
		}
		p = t.probe(u.account)
		return nil
	})
}

func (t *tenant) Deleted(ctx context.Context, text string) (list []Account, err error) {
	return list, t.call(ctx, "deleted", func() error {
		for _, u := range t.users {
			if a := t.seen(u); a.Deleted() && strings.Contains(a.UserPrincipalName+a.DisplayName, text) {
				list = append(list, a)
			}
		}
		return nil
	})
}

func (t *tenant) RestoreUser(ctx context.Context, id string, as RestoreAs) (r Receipt, err error) {
	return r, t.call(ctx, "restore", func() error {
		u, ok := t.users[id]
		if !ok || !u.account.Deleted() {
			return &Error{Kind: NotFound, Op: "restore"}
		}
		name := u.account.UserPrincipalName
		if as.UserPrincipalName != "" {
			name = as.UserPrincipalName
		}
		if why := t.conflict(u.account, name, as.DropConflicts); why != nil {
			return why
		}
		held := t.holders(u.account)
		t.change(u, "restore", func(a *Account) {
			a.DeletedAt, a.UserPrincipalName = time.Time{}, name
			a.ProxyAddresses = slices.DeleteFunc(a.ProxyAddresses, func(p string) bool {
				return slices.ContainsFunc(held, func(h Holder) bool { return SameAddress(h.Address, p[5:]) })
			})
		})
		t.connect(u)
		r = t.receipt()
		return nil
	})
}

// conflict says what Entra would refuse a restore for.
func (t *tenant) conflict(a Account, name string, drop bool) error {
	for _, u := range t.users {
		if !u.account.Deleted() && SameAddress(u.account.UserPrincipalName, name) {
			return &Error{Kind: Conflict, Op: "restore", Detail: "userPrincipalName"}
		}
	}
	proxies := Account{ProxyAddresses: a.ProxyAddresses}
	for _, h := range t.holders(a) {
		if proxies.Has(h.Address) && !h.SignIn && !drop {
			return &Error{Kind: Conflict, Op: "restore", Detail: "proxyAddresses"}
		}
	}
	return nil
}

// connect lets a live account's mailbox answer after the delay, where it has one.
func (t *tenant) connect(u *user) {
	if u.account.Deleted() || u.purpose == "user" && !hasMailboxPlan(u.account, t.skus) {
		return
	}
	u.answersAt = t.now().Add(t.lag + t.delay)
	for i := range t.mailboxes {
		m := &t.mailboxes[i]
		if m.ObjectID == u.account.ID {
			m.SoftDeletedAt = time.Time{}
			if t.newMailbox {
				m.CreatedAt = t.now()
			}
		}
	}
}

func (t *tenant) AssignLicense(ctx context.Context, id string, license AssignedLicense) (r Receipt, err error) {
	return r, t.call(ctx, "assign", func() error {
		u, ok := t.users[id]
		i := slices.IndexFunc(t.skus, func(k SKU) bool { return k.ID == license.SKU })
		has := ok && slices.ContainsFunc(u.account.Licenses, func(l AssignedLicense) bool { return l.SKU == license.SKU })
		switch {
		case !ok || u.account.Deleted() || i < 0:
			return &Error{Kind: NotFound, Op: "assignLicense"}
		case u.account.UsageLocation == "" || t.now().Before(u.seenAt) && u.old.UsageLocation == "" && !u.old.Deleted():
			return &Error{Kind: Unavailable, Op: "assignLicense", Detail: "usageLocation"}
		case !has && seats(t.skus[i]) <= 0:
			return &Error{Kind: NoSeat, Op: "assignLicense"}
		}
		if !has {
			t.skus[i].Consumed++
		}
		t.change(u, "assign", func(a *Account) {
			a.Licenses = slices.DeleteFunc(a.Licenses, func(l AssignedLicense) bool { return l.SKU == license.SKU })
			a.Licenses = append(a.Licenses, license)
		})
		t.connect(u)
		r = t.receipt()
		return nil
	})
}

func (t *tenant) RemoveLicense(ctx context.Context, id, sku string) (r Receipt, err error) {
	return r, t.call(ctx, "take", func() error {
		u, ok := t.users[id]
		held := ok && slices.ContainsFunc(u.account.Licenses, func(l AssignedLicense) bool { return l.SKU == sku })
		direct := false
		if held {
			direct, _ = u.account.sources(sku)
		}
		switch {
		case !ok || u.account.Deleted() || !held:
			return &Error{Kind: NotFound, Op: "assignLicense"}
		case !direct:
			return &Error{Kind: Invalid, Op: "assignLicense", Detail: FromGroup}
		}
		t.change(u, "take", func(a *Account) {
			a.Licenses = slices.DeleteFunc(a.Licenses, func(l AssignedLicense) bool { return l.SKU == sku })
		})
		u.answersAt = time.Time{}
		r = t.receipt()
		return nil
	})
}

func (t *tenant) ReprocessLicenses(ctx context.Context, id string) (r Receipt, err error) {
	return r, t.call(ctx, "reprocess", func() error {
		u := t.users[id]
		t.change(u, "reprocess", func(a *Account) {
			a.LicenseStates = slices.Clone(a.LicenseStates)
			for i := range a.LicenseStates {
				st := &a.LicenseStates[i]
				st.State, st.Error = "Active", "None"
				a.Licenses = append(a.Licenses, AssignedLicense{SKU: st.SKU, DisabledPlans: []string{planYammer}})
			}
		})
		t.connect(u)
		r = t.receipt()
		return nil
	})
}

func (t *tenant) SetUsageLocation(ctx context.Context, id, country string) (r Receipt, err error) {
	return r, t.call(ctx, "location", func() error {
		t.change(t.users[id], "location", func(a *Account) { a.UsageLocation = country })
		r = t.receipt()
		return nil
	})
}

func (t *tenant) BlockSignIn(ctx context.Context, id string) (r Receipt, err error) {
	return r, t.call(ctx, "block", func() error {
		t.change(t.users[id], "block", func(a *Account) { a.Enabled = new(false) })
		r = t.receipt()
		return nil
	})
}

// exchange is the tenant's Exchange.
type exchange struct{ *tenant }

func (x exchange) Find(ctx context.Context, q Query) (list []Mailbox, err error) {
	return list, x.call(ctx, "exchange", func() error {
		for _, m := range x.mailboxes {
			if q.Kind == ByObjectID && m.ObjectID == q.Value || q.Kind == ByAddress && SameAddress(m.Address, q.Value) {
				list = append(list, m)
			}
		}
		return nil
	})
}
