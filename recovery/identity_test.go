package recovery

import (
	"errors"
	"slices"
	"testing"
	"time"
)

// unlisted lets people ask and approve by a user group alone, so that each needs a link.
func (w *world) unlisted() {
	w.people.groups["SALL"] = []string{rita, sven}
	w.people.groups[desk] = []string{anna, bert, carl}
	w.set(func(s *Settings) { s.Approvers, s.Requesters = []string{desk}, []string{"SALL"} })
	w.lives(rita, "rita")
	w.lives(anna, "anna")
	w.deleted(john, "john")
}

func TestWhoIsNotIdentifiedMayNotAsk(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*world)
		state  State
		note   NoteCode
	}{
		"with an own account":   {func(*world) {}, Confirming, ""},
		"without an address":    {func(w *world) { w.people.set(rita, func(p *Person) { p.Email = "" }) }, Impossible, NoteNoIdentity},
		"without an account":    {func(w *world) { delete(w.tenant.users, rita) }, Impossible, NoteNoIdentity},
		"with a disabled one":   {func(w *world) { *w.tenant.users[rita].account.Enabled = false }, Impossible, NoteNoIdentity},
		"linked to one gone":    {func(w *world) { w.knows(rita, "id-of-nobody") }, Impossible, NoteAccountGone},
		"linked to one blocked": {func(w *world) { w.knows(rita, rita); *w.tenant.users[rita].account.Enabled = false }, Impossible, NoteAccountOff},
		"listed by user id": {func(w *world) {
			delete(w.tenant.users, rita)
			w.set(func(s *Settings) { s.Requesters = []string{rita} })
		}, Confirming, ""},
		"listed, but blocked": {func(w *world) {
			w.knows(rita, rita)
			*w.tenant.users[rita].account.Enabled = false
			w.set(func(s *Settings) { s.Requesters = []string{rita} })
		}, Impossible, NoteAccountOff},
		"where Microsoft is away for a moment": {func(w *world) { w.tenant.fails("find", 2, &Error{Kind: Unavailable, Op: "users"}) }, Confirming, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.unlisted()
			tt.change(w)
			if _, note, err := w.svc.Check(w.ctx, by(rita), Query{ByAddress, "john@contoso.com"}); err == nil && (note == nil) != (tt.note == "") {
				t.Errorf("check: %v", note)
			}
			if name == "with an own account" && len(w.links.all) > 0 {
				t.Error("a look makes a link, without an event")
			}
			r := w.is(w.asks("john@contoso.com"), tt.state)
			if tt.note != "" {
				w.hindered(r, tt.note)
			} else if r.Unlinked != (len(w.links.all) == 0) {
				t.Errorf("unlinked %v, links %v", r.Unlinked, w.links.all)
			}
		})
	}
}

func TestWhoIsNotIdentifiedMayNotDecide(t *testing.T) {
	t.Parallel()
	away := &Error{Kind: Unavailable, Op: "users"}
	for name, tt := range map[string]struct {
		change func(*world)
		note   NoteCode
	}{
		"with an own account":   {func(*world) {}, ""},
		"without an account":    {func(w *world) { delete(w.tenant.users, anna) }, NoteNoIdentity},
		"linked to one gone":    {func(w *world) { w.knows(anna, "id-of-nobody") }, NoteAccountGone},
		"linked to one blocked": {func(w *world) { w.knows(anna, anna); *w.tenant.users[anna].account.Enabled = false }, NoteAccountOff},
		"no proof to be read":   {func(w *world) { w.tenant.fails("find", 1, away) }, NoteIdentityDark},
		"no account to be read": {func(w *world) { w.knows(anna, anna); w.tenant.fails("account", 1, away) }, NoteIdentityDark},
		"no links to be read":   {func(w *world) { w.links.fail = errors.New("disk full") }, NoteIdentityDark},
		"listed, without a link": {func(w *world) {
			delete(w.tenant.users, anna)
			w.set(func(s *Settings) { s.Approvers = []string{anna} })
		}, ""},
		"listed, no account to be read": {func(w *world) {
			w.knows(anna, anna)
			w.tenant.fails("account", 1, away)
			w.set(func(s *Settings) { s.Approvers = []string{anna} })
		}, ""},
		"listed, but blocked": {func(w *world) {
			w.knows(anna, anna)
			*w.tenant.users[anna].account.Enabled = false
			w.set(func(s *Settings) { s.Approvers = []string{anna} })
		}, NoteAccountOff},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.unlisted()
			r := w.asks("john@contoso.com")
			w.is(w.press(r.ID, rita, ActConfirm), Pending)
			tt.change(w)
			clicked := w.clock
			r = w.press(r.ID, anna, ActDeny, "no")
			if tt.note == "" {
				w.is(r, Denied)
				if unlinked := !linked(w.links.all, by(anna)); r.Reviews[0].Unlinked != unlinked {
					t.Errorf("review %+v, links %v", r.Reviews[0], w.links.all)
				}
				return
			}
			if refused := w.refusals(r.ID); !slices.Equal(refused, []NoteCode{tt.note}) || w.clock.Sub(clicked) > time.Minute {
				t.Errorf("refused %v after %s, want %s", refused, w.clock.Sub(clicked), tt.note)
			}
		})
	}
}

// TestAnApproverWhoseAccountIsGoneDoesNotCount at the moment the restore starts; one whose account cannot be read is waited for.
func TestAnApproverWhoseAccountIsGoneDoesNotCount(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*world)
		state  State
	}{
		"blocked since": {func(w *world) { *w.tenant.users[anna].account.Enabled = false }, Pending},
		"gone since":    {func(w *world) { delete(w.tenant.users, anna) }, Pending},
		"not readable":  {func(w *world) { w.tenant.fails("account", 2, &Error{Kind: Unavailable, Op: "users"}) }, Succeeded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.unlisted()
			w.knows(anna, anna)
			r := w.asks("john@contoso.com")
			w.is(w.press(r.ID, rita, ActConfirm), Pending)
			w.store.after = func(string) {
				if w.request(r.ID).State == Approved {
					w.store.after = func(string) {}
					tt.change(w)
				}
			}
			w.is(w.press(r.ID, anna, ActApprove), tt.state)
		})
	}
}
