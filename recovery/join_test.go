package recovery

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestAskersForOneMailboxJoin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	first := w.is(w.asks("john@contoso.com"), Confirming)
	w.people.persons["UJOHN"] = Person{ID: "UJOHN", TeamID: team, Email: "john@contoso.com"}
	second := w.asksAs(sven, Ask{Query: Query{ByPerson, "UJOHN"}, Reason: "he is my boss"}) // the same mailbox by another name
	w.hindered(w.is(second, Unneeded), NoteJoined, "R-1")
	first = w.request(first.ID)
	want := Joined{Actor: by(sven), Request: 2, Query: Query{ByPerson, "UJOHN"}}
	if !slices.Equal(first.Joined, []Joined{want}) {
		t.Errorf("joined %+v", first.Joined)
	}
	told := w.events(first.ID, EventJoined)
	if len(told) != 1 || told[0].By != by(sven) || !told[0].Note.same(Note{NoteAlsoAsked, []string{"R-2", "he is my boss"}}) {
		t.Errorf("told %+v", told)
	}
	w.press(first.ID, rita, ActConfirm)
	w.is(w.press(first.ID, anna, ActApprove), Succeeded)
	w.deleted(jane, "jane")
	w.is(w.asksAs(sven, Ask{Query: Query{ByAddress, "jane@contoso.com"}}), Confirming)
}

func TestWhoJoinsNot(t *testing.T) {
	t.Parallel()
	john1 := Ask{Query: Query{ByAddress, "john@contoso.com"}}
	for name, tt := range map[string]struct {
		change func(*world, Request)
		user   string
		ask    Ask
	}{
		"the same person again": {nil, rita, Ask{Query: john1.Query, Reason: "again"}},
		"for another mailbox":   {nil, sven, Ask{Query: Query{ByAddress, "jane@contoso.com"}}},
		"when the first ended":  {func(w *world, r Request) { w.press(r.ID, rita, ActCancel) }, sven, john1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.deleted(john, "john")
			w.deleted(jane, "jane")
			r := w.asks("john@contoso.com")
			if tt.change != nil {
				tt.change(w, r)
			}
			w.is(w.asksAs(tt.user, tt.ask), Confirming)
			if r = w.request(r.ID); len(r.Joined) > 0 {
				t.Errorf("joined %+v", r.Joined)
			}
		})
	}
}

// TestTwoDiagnosedSideBySide: neither saw the other's plan, so that the later one joins when it is confirmed.
func TestTwoDiagnosedSideBySide(t *testing.T) {
	t.Parallel()
	for name, order := range map[string][]string{"the first confirms first": {rita, sven}, "the second confirms first": {sven, rita}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.deleted(john, "john")
			first, asked := w.asks("john@contoso.com"), w.clock
			w.force(first.ID, func(r *Request) { r.Plan.AccountID = "" }) // not there yet
			second := w.is(w.asksAs(sven, Ask{Query: Query{ByAddress, "john@contoso.com"}}), Confirming)
			w.force(first.ID, func(r *Request) { r.Plan.AccountID = john })
			for _, user := range order {
				w.press(map[string]int64{rita: first.ID, sven: second.ID}[user], user, ActConfirm)
			}
			w.is(w.request(first.ID), Pending)
			second = w.is(w.request(second.ID), Unneeded)
			w.hindered(second, NoteJoined, first.Ref())
			if len(second.Inbox) > 0 || len(w.refusals(second.ID)) > 0 || len(w.request(first.ID).Joined) != 1 || w.clock.Sub(asked) > time.Hour {
				t.Errorf("clicks left %v, refused %v", second.Inbox, w.refusals(second.ID))
			}
		})
	}
}

func TestWhoJoinedDecidesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	first := w.asks("john@contoso.com")
	w.press(first.ID, rita, ActConfirm)
	w.set(func(s *Settings) { s.Approvals = 2 })
	w.force(first.ID, func(r *Request) { r.Plan.Approvals = 2 })
	w.is(w.press(first.ID, anna, ActApprove), Pending) // and then asks for it herself
	w.is(w.asksAs(anna, Ask{Query: Query{ByAddress, "john@contoso.com"}}), Unneeded)
	w.is(w.press(first.ID, anna, ActDeny, "mine"), Pending)
	r := w.press(first.ID, bert, ActApprove)
	if w.tenant.did["restore"] > 0 || !slices.ContainsFunc(w.is(r, Pending).Changed, func(n Note) bool { return n.same(Note{NoteApproverLost, []string{anna}}) }) {
		t.Errorf("an approval of somebody who asks for it too counted: %v", r.Changed)
	}
	if refused := w.refusals(first.ID); !slices.Equal(refused, []NoteCode{NoteYourOwn}) {
		t.Errorf("refused %v", refused)
	}
}

func TestWhoJoinedIsNoApproverToCount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.set(func(s *Settings) { s.Approvers = []string{anna} })
	w.deleted(john, "john")
	r := w.asks("john@contoso.com")
	w.force(r.ID, func(r *Request) { r.Joined = []Joined{{Actor: by(anna), Request: 2}} })
	w.is(w.press(r.ID, rita, ActConfirm), Confirming)
	if refused := w.refusals(r.ID); !slices.Equal(refused, []NoteCode{NoteNobody}) {
		t.Errorf("refused %v", refused)
	}
}

// TestJoiningSurvivesAKill: between the two requests, and where the store fails.
func TestJoiningSurvivesAKill(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	w.asks("john@contoso.com")
	first := w.request(1)
	w.store.after = func(string) {
		if now := w.request(1); len(now.Joined) > len(first.Joined) {
			first = now
			panic(killed{"joining"})
		}
	}
	w.hindered(w.is(w.asksAs(sven, Ask{Query: Query{ByAddress, "john@contoso.com"}}), Unneeded), NoteJoined, "R-1")
	if joined := w.events(1, EventJoined); len(joined) != 1 {
		t.Errorf("joined %d times", len(joined))
	}
}

// TestStatusIsInTheOrderOfPurges: what goes first stands first, what stays for ever last.
func TestStatusIsInTheOrderOfPurges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.set(func(s *Settings) { s.TTL = 100 * 24 * time.Hour })
	for id, days := range map[string]int{john: 5, jane: 25, info: 15} {
		w.deleted(id, strings.TrimPrefix(id, "id-"), func(u *user) { u.account.DeletedAt = w.ago(time.Duration(days) * 24 * time.Hour) })
	}
	want := []string{"jane@contoso.com", "info@contoso.com", "john@contoso.com", "nobody"}
	for _, name := range []string{"john", "jane", "info"} {
		w.asks(name + "@contoso.com")
	}
	if _, _, err := w.svc.Ask(w.ctx, AskInput{Ask: Ask{Query: Query{ByAddress, "nobody"}}, Actor: by(rita), Key: "not yet diagnosed"}); err != nil {
		t.Fatal(err)
	}
	list, _, err := w.svc.Status(w.ctx, by(anna), 0)
	var got []string
	for _, r := range list {
		got = append(got, r.Ask.Query.Value)
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
}

// TestALateConfirmationJoinsNothing: a request that waits for its approvers stays one of its own, also where an earlier one has come to be
// about its mailbox since, as by an approver's choice.
func TestALateConfirmationJoinsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(jane, "jane")
	w.deleted(john, "john")
	first := w.is(w.asks("jane@contoso.com"), Confirming)
	second := w.is(w.asksAs(sven, Ask{Query: Query{ByAddress, "john@contoso.com"}}), Confirming)
	w.is(w.press(second.ID, sven, ActConfirm), Pending)
	w.force(first.ID, func(r *Request) { r.Plan.AccountID = john })
	w.is(w.press(second.ID, sven, ActConfirm), Pending)
	if got := w.refusals(second.ID); !slices.Equal(got, []NoteCode{NoteState}) {
		t.Errorf("refused %v", got)
	}
}
