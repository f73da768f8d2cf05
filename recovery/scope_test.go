package recovery

import (
	"errors"
	"strings"
	"testing"
)

// scopes sets approvers of their own for contoso.com (bert), fabrikam.com (anna) and deleted users' mailboxes of both (carl).
func (w *world) scopes(scopes ...Scope) {
	w.set(func(s *Settings) { s.Approvers, s.ApproverScopes = []string{anna}, scopes })
}

func TestTheNarrowestScopeDecides(t *testing.T) {
	t.Parallel()
	contoso, fabrikam := Scope{Domain: "contoso.com", People: []string{bert}}, Scope{Domain: "fabrikam.com", People: []string{sven}}
	deleted, inactive := Scope{Case: CaseUser, People: []string{desk}}, Scope{Case: CaseInactive, People: []string{sven}}
	for name, tt := range map[string]struct {
		scopes []Scope
		may    string
	}{
		"no scope":                    {nil, anna},
		"scopes that do not fit":      {[]Scope{fabrikam, inactive}, anna},
		"the domain before all else":  {[]Scope{fabrikam, contoso}, bert},
		"the case before all else":    {[]Scope{inactive, deleted}, carl},
		"the case before the domain":  {[]Scope{contoso, deleted}, carl},
		"in whichever order they are": {[]Scope{deleted, contoso}, carl},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.scopes(tt.scopes...)
			w.deleted(john, "john", func(u *user) { u.account.Mail = "John@Contoso.COM" })
			r := w.is(w.asks("john@contoso.com"), Confirming)
			w.is(w.press(r.ID, rita, ActConfirm), Pending)
			for _, other := range []string{anna, bert, carl, sven} {
				if other == tt.may {
					continue
				}
				w.is(w.press(r.ID, other, ActApprove), Pending)
				w.is(w.press(r.ID, other, ActDeny, "no"), Pending)
				w.is(w.press(r.ID, other, ActCancel), Pending)
				if list, _, err := w.svc.Status(w.ctx, by(other), r.ID); err != nil || len(list) > 0 {
					t.Errorf("%s sees %v, %v", other, list, err)
				}
			}
			if refused := w.refusals(r.ID); len(refused) != 9 {
				t.Errorf("refused %v", refused)
			}
			w.is(w.press(r.ID, tt.may, ActApprove), Succeeded)
		})
	}
}

func TestOnlyTheScopesApproversCount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.scopes(Scope{Domain: "contoso.com", People: []string{rita, bert}})
	w.set(func(s *Settings) { s.Approvals, s.Approvers = 2, []string{anna, sven, carl} })
	w.deleted(john, "john")
	w.hindered(w.is(w.asks("john@contoso.com"), Submitted), NoteNobody, "2", "1")
}

func TestWhatApproversSeeGoesByScope(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.scopes(Scope{Domain: "contoso.com", People: []string{bert}})
	w.set(func(s *Settings) { s.Requesters = []string{anna, bert} })
	w.deleted(john, "john")
	w.deleted(jane, "jane", func(u *user) { u.account.Mail = "jane@fabrikam.com" })
	for user, want := range map[string]string{anna: jane, bert: john} {
		if list, note, err := w.svc.Deleted(w.ctx, by(user), ""); err != nil || note != nil || len(list) != 1 || list[0].ID != want {
			t.Errorf("%s sees %v, %v, %v", user, list, note, err)
		}
		r := w.asksAs(user, Ask{Query: Query{ByAddress, "john@contoso.com"}})
		if r.Reader.Approver != (user == bert) {
			t.Errorf("%s reads as approver: %v", user, r.Reader.Approver)
		}
		if c, note, err := w.svc.Check(w.ctx, by(user), Query{ByAddress, "john@contoso.com"}); err != nil || note != nil || c.Approver != (user == bert) {
			t.Errorf("%s checks as approver: %v, %v, %v", user, c.Approver, note, err)
		}
	}
	if list, _, err := w.svc.Status(w.ctx, by(bert), 0); err != nil || len(list) != 2 {
		t.Errorf("bert sees %d requests, %v", len(list), err)
	}
	if list, _, err := w.svc.Status(w.ctx, by(anna), 0); err != nil || len(list) != 1 { // the own one
		t.Errorf("anna sees %d requests, %v", len(list), err)
	}
}

func TestRequestersByScope(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		user, asks string
		state      State
	}{
		"within the scope":          {rita, "john@contoso.com", Confirming},
		"outside of it":             {rita, "jane@fabrikam.com", Impossible},
		"by another address of it":  {rita, "jane@contoso.com", Impossible},
		"of the default":            {sven, "jane@fabrikam.com", Confirming},
		"of the default, within it": {sven, "john@contoso.com", Impossible},
		"in no scope":               {gus, "john@contoso.com", Impossible},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.set(func(s *Settings) {
				s.Requesters, s.RequesterScopes = []string{sven}, []Scope{{Domain: "contoso.com", People: []string{rita}}}
			})
			w.deleted(john, "john")
			w.deleted(jane, "jane", func(u *user) {
				u.account.Mail, u.account.ProxyAddresses = "jane@fabrikam.com", []string{"SMTP:jane@fabrikam.com", "smtp:jane@contoso.com"}
			})
			w.is(w.asksAs(tt.user, Ask{Query: Query{ByAddress, tt.asks}}), tt.state)
			if _, note, err := w.svc.Check(w.ctx, by(tt.user), Query{ByAddress, tt.asks}); err != nil || (note == nil) != (tt.state == Confirming) {
				t.Errorf("check: %v, %v", note, err)
			}
		})
	}
}

func TestAnUndoIsDecidedByThePeopleOfWhatItUndoes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.scopes(Scope{Case: CaseUser, People: []string{bert, carl}})
	w.deleted(john, "john")
	r := w.asks("john@contoso.com")
	w.press(r.ID, rita, ActConfirm)
	r = w.is(w.press(r.ID, bert, ActApprove), Succeeded)
	r = w.press(r.ID, anna, ActUndo)
	if r.UndoneBy != 0 {
		t.Fatal("somebody of another scope asked for the undo")
	}
	undo := w.is(w.request(w.press(r.ID, bert, ActUndo).UndoneBy), Confirming)
	w.store.post("D"+bert, "undo.2", undo.ID, CardRequester)
	if note, err := w.svc.mayDecide(w.ctx, undo, by(anna)); err != nil || note == nil || note.Code != NoteNotApprover {
		t.Errorf("somebody of another scope: %v, %v", note, err)
	}
	if note, err := w.svc.mayDecide(w.ctx, undo, by(carl)); err != nil || note != nil {
		t.Errorf("somebody of the scope: %v, %v", note, err)
	}
}

// TestAScopeThatLosesItsApprovers: the request says so while it waits, and goes on when there is somebody again.
func TestAScopeThatLosesItsApprovers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.scopes(Scope{Domain: "contoso.com", People: []string{desk}})
	w.deleted(john, "john")
	r := w.asks("john@contoso.com")
	w.people.groups[desk] = nil
	w.is(w.press(r.ID, rita, ActConfirm), Confirming)
	if refused := w.refusals(r.ID); len(refused) != 1 || refused[0] != NoteNobody {
		t.Errorf("refused %v", refused)
	}
	w.people.groups[desk] = []string{carl}
	w.is(w.press(r.ID, rita, ActConfirm), Pending)
	w.people.set(carl, func(p *Person) { p.Deleted = true })
	w.pass(approverLook)
	w.hindered(w.is(w.request(r.ID), Pending), NoteNobody, "1", "0")
	w.pass(10 * approverLook)
	if told := w.events(r.ID, EventWaiting); len(told) != 1 {
		t.Errorf("told %d times", len(told))
	}
	w.people.set(carl, func(p *Person) { p.Deleted = false })
	w.pass(approverLook)
	if r = w.is(w.request(r.ID), Pending); r.Obstacle != nil {
		t.Errorf("still hindered by %v", r.Obstacle)
	}
	w.is(w.press(r.ID, carl, ActApprove), Succeeded)
}

func TestScopesWithoutApproversAreNamedAtTheStart(t *testing.T) {
	t.Parallel()
	contoso := Scope{Domain: "contoso.com", People: []string{desk}}
	for name, tt := range map[string]struct {
		change func(*world)
		want   string // "" for no fault
	}{
		"all well":         {func(*world) {}, ""},
		"an empty group":   {func(w *world) { w.people.groups[desk] = nil }, "the scope contoso.com: the user group SDESK is empty"},
		"a disabled group": {func(w *world) { w.people.errs[desk] = &Error{Kind: NotFound} }, "the scope contoso.com: the user group SDESK is disabled or not there"},
		"a deactivated person": {
			func(w *world) { w.people.set(carl, func(p *Person) { p.Deleted = true }) }, "the scope contoso.com: UCARL may not (deactivated)",
		},
		"a case":              {func(w *world) { w.scopes(Scope{Case: CaseInactive, People: []string{gone}}) }, "the scope case:inactive: UGONE may not"},
		"all else":            {func(w *world) { w.set(func(s *Settings) { s.Approvers = []string{"UNOBODY"} }) }, "what no scope fits: UNOBODY is not there"},
		"too few":             {func(w *world) { w.set(func(s *Settings) { s.Approvals, s.Approvers = 2, []string{anna, bert} }) }, "2 must approve and 1 may, in the scope contoso.com"},
		"Slack does not tell": {func(w *world) { w.people.errs[desk] = errors.New("timeout") }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.scopes(contoso)
			tt.change(w)
			faults := errors.Join(w.svc.CheckApprovers(w.ctx)...)
			if (faults != nil) != (tt.want != "") || faults != nil && !strings.Contains(faults.Error(), tt.want) {
				t.Errorf("faults %v, want %q", faults, tt.want)
			}
		})
	}
}
