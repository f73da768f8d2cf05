package recovery

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// madeCopy is a mailbox restore request of the tenant.
type madeCopy struct {
	order    CopyOrder
	id       string
	made, at time.Time // when it was asked for, and since when it runs
	state    CopyState // what it ends with; empty for Completed
	skipped  int
	score    string
	unlisted bool              // the statistics do not know it
	shows    func(*CopyStatus) // changes what the statistics say of it; nil for nothing
}

// orphaned adds a soft-deleted mailbox whose user is purged.
func (w *world) orphaned(guid, name string, change ...func(*Mailbox)) *Mailbox {
	m := Mailbox{
		ExchangeGUID: guid, Name: name, Address: name + "@contoso.com", SignInName: name + "@contoso.com", Addresses: []string{"SMTP:" + name + "@contoso.com"},
		LegacyDN: "/o=x/cn=" + guid, Type: "UserMailbox", SoftDeletedAt: w.ago(10 * 24 * time.Hour), CreatedAt: w.ago(700 * 24 * time.Hour),
	}
	for _, c := range change {
		c(&m)
	}
	w.tenant.mailboxes = append(w.tenant.mailboxes, m)
	w.tenant.contents[guid] = Contents{Items: 500, Bytes: 1 << 30}
	if m.ArchiveGUID != "" {
		w.tenant.contents[m.ArchiveGUID] = Contents{Items: 50, Bytes: 1 << 30}
	}
	return &w.tenant.mailboxes[len(w.tenant.mailboxes)-1]
}

func inactive(m *Mailbox)    { m.Inactive, m.OnHold = true, true }
func withArchive(m *Mailbox) { m.ArchiveGUID = "archive-" + m.ExchangeGUID }
func sharedKind(m *Mailbox)  { m.Type = "SharedMailbox" }
func autoExpands(m *Mailbox) { m.AutoExpanding = true }
func (t *tenant) held(guid string) *Mailbox {
	for i := range t.mailboxes {
		if t.mailboxes[i].ExchangeGUID == guid {
			return &t.mailboxes[i]
		}
	}
	return nil
}

func (x exchange) Mailbox(ctx context.Context, guid string) (m Mailbox, err error) {
	return m, x.call(ctx, "exchange", func() error {
		h := x.held(guid)
		if h == nil {
			return &Error{Kind: NotFound, Op: "Get-Mailbox"}
		}
		m = *h
		return nil
	})
}

func (x exchange) Contents(ctx context.Context, m Mailbox, archive bool) (c Contents, err error) {
	return c, x.call(ctx, "contents", func() error {
		h := x.held(m.ExchangeGUID)
		if h == nil {
			return &Error{Kind: NotFound, Op: "Get-MailboxStatistics"}
		}
		guid := h.ExchangeGUID
		if archive {
			guid = h.ArchiveGUID
		}
		c = x.contents[guid]
		return nil
	})
}

func (x exchange) Grants(ctx context.Context, _ string) (list []Grant, err error) {
	return list, x.call(ctx, "grants", func() error { list = x.grants; return nil })
}

func (x exchange) Delicensing(ctx context.Context, _ Mailbox) (at time.Time, err error) {
	return at, x.call(ctx, "delicensing", func() error { at = x.delicense; return nil })
}

func (x exchange) Cmdlets(ctx context.Context) (list []string, err error) {
	return list, x.call(ctx, "cmdlets", func() error { list = x.cmdlets; return nil })
}

func (x exchange) Copies(ctx context.Context, name string) (list []Copy, err error) {
	return list, x.call(ctx, "copies", func() error {
		if c, ok := x.copies[name]; ok {
			list = append(list, Copy{RequestGUID: c.id, Name: name})
		}
		return nil
	})
}

func (x exchange) StartCopy(ctx context.Context, o CopyOrder) (r Receipt, err error) {
	return r, x.call(ctx, "copy", func() error {
		if _, ok := x.copies[o.Name]; ok {
			return &Error{Kind: Conflict, Op: "New-MailboxRestoreRequest", Detail: "Name"}
		}
		c := &madeCopy{order: o, id: fmt.Sprintf("copy-%d", len(x.copies)+1), made: x.now(), at: x.now()}
		x.made(c)
		x.copies[o.Name] = c
		x.did["copy"]++
		r = x.receipt()
		return nil
	})
}

func (x exchange) CopyStatus(ctx context.Context, id string) (st CopyStatus, err error) {
	return st, x.call(ctx, "status", func() error {
		for _, c := range x.copies {
			if c.id == id && !c.unlisted {
				st = x.status(c)
				return nil
			}
		}
		return &Error{Kind: NotFound, Op: "Get-MailboxRestoreRequestStatistics"}
	})
}

func (x exchange) status(c *madeCopy) CopyStatus {
	from := c.order.Source
	if c.order.FromArchive {
		from = x.held(from).ArchiveGUID
	}
	all := x.contents[from]
	st := CopyStatus{Source: c.order.Source, Target: c.order.Target, State: CopyInProgress, QueuedAt: c.made, ReadAt: x.now()}
	done := min(x.now().Sub(c.at), x.copyTime)
	st.Percent = int(done * 100 / x.copyTime)
	st.Items = all.Items * st.Percent / 100
	switch {
	case c.state == CopySuspended || c.state == CopyAutoSuspend || c.state == CopyQueued:
		st.State, st.Percent = c.state, 0
	case st.Percent < 100:
	case c.state != "":
		st.State = c.state
	default:
		st.State = CopyCompleted
	}
	if st.State == CopyFailed {
		st.Failure = "MapiExceptionShutoffQuotaExceeded"
	}
	st.Skipped, st.Consistency = c.skipped, c.score
	if c.shows != nil {
		c.shows(&st)
	}
	return st
}

func (x exchange) ResumeCopy(ctx context.Context, id string) (r Receipt, err error) {
	return r, x.call(ctx, "resume", func() error {
		for _, c := range x.copies {
			switch {
			case c.id != id:
			case c.state != CopySuspended && c.state != CopyAutoSuspend:
				return &Error{Kind: Invalid, Op: "Resume-MailboxRestoreRequest"}
			default:
				c.state, c.at = "", x.now()
				x.did["resume"]++
				r = x.receipt()
				return nil
			}
		}
		return &Error{Kind: NotFound, Op: "Resume-MailboxRestoreRequest"}
	})
}

func (x exchange) RemoveCopy(ctx context.Context, id string) (r Receipt, err error) {
	return r, x.call(ctx, "remove", func() error {
		for name, c := range x.copies {
			if c.id == id {
				delete(x.copies, name)
				x.did["remove"]++
				r = x.receipt()
				return nil
			}
		}
		return &Error{Kind: NotFound, Op: "Remove-MailboxRestoreRequest"}
	})
}

func (x exchange) AddAddress(ctx context.Context, guid, address string) (r Receipt, err error) {
	return r, x.call(ctx, "address", func() error {
		h := x.held(guid)
		if !slices.Contains(h.Addresses, address) {
			h.Addresses = append(slices.Clone(h.Addresses), address)
			x.did["address"]++
		}
		r = x.receipt()
		return nil
	})
}

func (x exchange) UndoSoftDelete(ctx context.Context, guid string) (r Receipt, err error) {
	return r, x.call(ctx, "undo", func() error {
		h := x.held(guid)
		switch {
		case h == nil || h.Live():
			return &Error{Kind: NotFound, Op: "Undo-SoftDeletedMailbox"}
		case slices.ContainsFunc(x.accounts(), func(a Account) bool { return !a.Deleted() && strings.EqualFold(a.UserPrincipalName, h.SignInName) }):
			return &Error{Kind: Conflict, Op: "Undo-SoftDeletedMailbox", Detail: "WindowsLiveID"}
		}
		x.reconnect(h)
		r = x.receipt()
		return nil
	})
}

func (t *tenant) accounts() (list []Account) {
	for _, u := range t.users {
		list = append(list, u.account)
	}
	return list
}

// reconnect gives a mailbox a new user.
func (t *tenant) reconnect(m *Mailbox) {
	id := "new-" + m.ExchangeGUID
	m.SoftDeletedAt, m.Inactive, m.ObjectID = time.Time{}, false, id
	u := &user{account: Account{
		ID: id, DisplayName: m.Name, UserPrincipalName: m.SignInName, Mail: m.Address, ProxyAddresses: m.Addresses,
		UserType: "Member", Enabled: new(true),
	}, purpose: "user"}
	if m.Shared() {
		u.purpose = "shared"
	}
	t.users[id] = u
	t.did["reconnect"]++
	t.connect(u)
}
