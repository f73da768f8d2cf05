package recovery

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// A diagnosis reads in rounds, in each of which all calls run side by side. Time in the bubble passes only while all of them wait.
func TestDiagnosisReadsInRounds(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		setup  func(*world)
		ask    Ask
		rounds int
	}{
		"deleted":                         {func(w *world) { w.deleted(john, "john") }, Ask{}, 2},
		"by a display name":               {func(w *world) { w.deleted(john, "john") }, Ask{Query: Query{ByName, "john"}}, 1},
		"under another name":              {func(w *world) { w.deleted(john, "john") }, Ask{As: "j@contoso.com"}, 2},
		"without its user":                {func(w *world) { w.orphaned(lost, "john", withArchive) }, Ask{}, 2},
		"several without their user":      {func(w *world) { w.orphaned(lost, "john"); w.orphaned(lost+"2", "john", inactive) }, Ask{}, 2},
		"copied":                          {func(w *world) { w.orphaned(lost, "john"); w.lives(jane, "jane", licensed, answers) }, Ask{Into: "jane@contoso.com"}, 2},
		"two whose users are named later": {func(w *world) { w.named(john, "john"); w.named(alien, "john") }, Ask{}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				tt.setup(w)
				w.tenant.takes = time.Second
				began := time.Now()
				w.looks(tt.ask, Choices{})
				if took := time.Since(began); took != time.Duration(tt.rounds)*time.Second {
					t.Errorf("%v, want %d rounds", took, tt.rounds)
				}
			})
		})
	}
}

// named adds a deleted user whose mailbox has the address, which Entra does not know of.
func (w *world) named(id, name string) {
	w.deleted(id, name, func(u *user) {
		u.account.UserPrincipalName, u.account.Mail, u.account.ProxyAddresses = id+"@fabrikam.com", "", nil
	})
	w.mailboxOf(id).Address = name + "@contoso.com"
}

func TestMailboxIsCountedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.orphaned(lost, "john", withArchive)
	w.looks(Ask{}, Choices{})
	if n := count(w.tenant.calls, "contents"); n != 2 {
		t.Errorf("%d counts of a mailbox and its archive", n)
	}
}

func TestOwnersAreFoundByTheirMailboxes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.named(john, "john")
	w.named(alien, "john")
	d := w.looks(Ask{}, Choices{})
	var ids []string
	for _, k := range d.Candidates {
		ids = append(ids, k.ID)
	}
	slices.Sort(ids)
	if !slices.Equal(ids, []string{alien, john}) {
		t.Errorf("candidates %+v", d.Candidates)
	}
}
