package recovery

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	q := Query{ByAddress, "john@contoso.com"}
	for user, want := range map[string]NoteCode{rita: "", anna: "", gus: NoteGuest, bot: NoteBot, gone: NoteDeactivated} {
		got, note, err := w.svc.Check(w.ctx, by(user), q)
		if err != nil || (note == nil) != (want == "") || note != nil && note.Code != want {
			t.Errorf("%s: %v, %v", user, note, err)
		}
		if note == nil && (got.Diagnosis.Case != CaseUser || got.Approver != (user == anna)) {
			t.Errorf("%s: %+v", user, got)
		}
	}
	for q, want := range map[Query]NoteCode{{ByName, "john"}: NoteNameOnly, {ByObjectID, john}: NoteIDOnly} {
		if got, note, err := w.svc.Check(w.ctx, by(rita), q); err != nil || note == nil || note.Code != want || got.Diagnosis.Case != "" {
			t.Errorf("%v by rita: %+v, %v, %v", q, got, note, err)
		}
	}
	if got, note, err := w.svc.Check(w.ctx, by(anna), Query{ByObjectID, john}); err != nil || note != nil || got.Diagnosis.Account.ID != john {
		t.Errorf("an object id by anna: %+v, %v, %v", got, note, err)
	}
	if got, note, err := w.svc.Check(w.ctx, by(anna), Query{ByName, "john"}); err != nil || note != nil || len(got.Diagnosis.Candidates) != 1 {
		t.Errorf("a name by anna: %+v, %v, %v", got, note, err)
	}
	if _, _, err := w.svc.Check(w.ctx, by(fogg), q); err == nil {
		t.Error("somebody unreadable was answered")
	}
	w.tenant.fails("find", 1, &Error{Kind: Incomplete})
	if _, _, err := w.svc.Check(w.ctx, by(rita), q); KindOf(err) != Incomplete {
		t.Errorf("error %v", err)
	}
	if len(w.tenant.did) != 0 || len(w.store.rows) != 0 {
		t.Error("a check changed something")
	}
}

func TestDisplayNameFromRequester(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	ask := Ask{Query: Query{ByName, "john"}}
	w.hindered(w.is(w.asksAs(rita, ask), Impossible), NoteNameOnly)
	w.hindered(w.is(w.asksAs(anna, ask), Submitted), NoteAmbiguous, "1")
}

// A card would show the address behind the id to somebody who did not know it.
func TestObjectIDFromRequester(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	for _, items := range []*ItemWish{nil, {}} {
		ask := Ask{Query: Query{ByObjectID, john}, Items: items}
		r := w.is(w.asksAs(rita, ask), Impossible)
		if w.hindered(r, NoteIDOnly); r.Diagnosis != nil || r.Plan != nil {
			t.Errorf("the tenant was read for it: %+v", r.Diagnosis)
		}
	}
	w.is(w.asksAs(anna, Ask{Query: Query{ByObjectID, john}}), Confirming)
}

// meeting is a directory in which the look for the mailbox and the one for the asker each wait for the other to have begun.
type meeting struct {
	Directory

	mailbox, asker chan struct{}
	met            func(begun, other chan struct{})
}

func (m meeting) Find(ctx context.Context, q Query) (Findings, error) {
	m.met(m.mailbox, m.asker)
	return m.Directory.Find(ctx, q)
}

func (m meeting) Account(ctx context.Context, id string) (Account, Receipt, error) {
	m.met(m.asker, m.mailbox)
	return m.Directory.Account(ctx, id)
}

// TestCheckLooksSideBySide: whose account an asker is, is read while the mailbox is looked at, and one whose account is disabled is told
// nothing of what was found.
func TestCheckLooksSideBySide(t *testing.T) {
	t.Parallel()
	for _, enabled := range []bool{true, false} {
		w := newWorld(t)
		w.unlisted()
		w.knows(rita, rita)
		*w.tenant.users[rita].account.Enabled = enabled
		var once [2]sync.Once
		m := meeting{Directory: w.svc.Directory, mailbox: make(chan struct{}), asker: make(chan struct{})}
		m.met = func(begun, other chan struct{}) {
			i := map[chan struct{}]int{m.mailbox: 0, m.asker: 1}[begun]
			once[i].Do(func() { close(begun) })
			select {
			case <-other:
			case <-time.After(10 * time.Second):
				t.Error("one look waits for the other to end")
			}
		}
		w.svc.Directory = m
		got, note, err := w.svc.Check(w.ctx, by(rita), Query{ByAddress, "john@contoso.com"})
		switch {
		case err != nil || enabled != (note == nil):
			t.Errorf("enabled %v: %v, %v", enabled, note, err)
		case enabled && got.Diagnosis.Case != CaseUser, !enabled && (note.Code != NoteAccountOff || got.Diagnosis.Case != ""):
			t.Errorf("enabled %v: %v, %+v", enabled, note, got)
		}
	}
}

func TestTicketIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	ask := Ask{Query: Query{ByAddress, "john@contoso.com"}, Ticket: "INC-4711"}
	r := w.asksAs(rita, ask)
	if r.Ask.Ticket != "INC-4711" {
		t.Errorf("kept: %+v", r.Ask)
	}
	asked := w.events(r.ID, EventAsked)
	if len(asked) != 1 || asked[0].Note == nil || asked[0].Note.Code != NoteTicket || asked[0].Note.Args[0] != "INC-4711" {
		t.Errorf("the audit trail has %+v", asked)
	}
	if again := w.asksAs(rita, ask); again.ID != r.ID {
		t.Error("the same ask is another request")
	}
	other := ask
	other.Ticket = "INC-4712"
	if ask.Equal(other) {
		t.Error("an ask with another ticket is the same")
	}
	if plain := w.asksAs(rita, Ask{Query: Query{ByAddress, "john@contoso.com"}}); w.events(plain.ID, EventAsked)[0].Note != nil {
		t.Error("a ticket that nobody named")
	}
}

func TestDeletedIsForApprovers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	if list, note, err := w.svc.Deleted(w.ctx, by(anna), "joh"); err != nil || note != nil || len(list) != 1 {
		t.Errorf("%v, %v, %v", list, note, err)
	}
	if list, note, err := w.svc.Deleted(w.ctx, by(rita), "joh"); err != nil || note == nil || note.Code != NoteNotApprover || list != nil {
		t.Errorf("%v, %v, %v", list, note, err)
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	w.deleted(jane, "jane")
	w.asks("john@contoso.com")
	w.asksAs(sven, Ask{Query: Query{ByAddress, "jane@contoso.com"}})
	w.asksAs(anna, Ask{Query: Query{ByAddress, "nobody@contoso.com"}}) // ends at once
	for _, tt := range []struct {
		user string
		id   int64
		want []int64
	}{
		{rita, 0, []int64{1}},
		{sven, 0, []int64{2}},
		{gus, 0, nil},
		{anna, 0, []int64{2, 1, 3}},
		{rita, 1, []int64{1}},
		{rita, 2, nil}, // as if it were not there
		{rita, 99, nil},
		{carl, 2, []int64{2}},
		{gus, 1, nil},
	} {
		got, note, err := w.svc.Status(w.ctx, by(tt.user), tt.id)
		if err != nil || note != nil || len(got) != len(tt.want) {
			t.Errorf("%s asks for %d: %d requests, %v, %v", tt.user, tt.id, len(got), note, err)
			continue
		}
		for i, r := range got {
			if r.ID != tt.want[i] {
				t.Errorf("%s asks for %d: %s at %d", tt.user, tt.id, r.Ref(), i)
			}
		}
	}
	if _, note, err := w.svc.Status(w.ctx, Actor{"T9", rita}, 1); err != nil || note == nil || note.Code != NoteExternal {
		t.Errorf("from elsewhere: %v, %v", note, err)
	}
}

func TestNothingRecordedIsAnError(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	r := w.asks("john@contoso.com")
	w.store.fail = errors.New("disk full")
	if _, _, err := w.svc.Ask(w.ctx, AskInput{Actor: by(rita)}); !errors.Is(err, w.store.fail) {
		t.Errorf("ask: %v", err)
	}
	if _, err := w.svc.Click(w.ctx, r.ID, w.confirmClick()); !errors.Is(err, w.store.fail) {
		t.Errorf("click: %v", err)
	}
	if err := w.svc.Unsent(w.ctx, r.ID, CardApproval, "x"); !errors.Is(err, w.store.fail) {
		t.Errorf("unsent: %v", err)
	}
	if _, err := w.svc.Advance(w.ctx, r.ID, r.Version); !errors.Is(err, w.store.fail) {
		t.Errorf("advance: %v", err)
	}
	if _, _, err := w.svc.Status(w.ctx, by(rita), r.ID); !errors.Is(err, w.store.fail) {
		t.Errorf("status: %v", err)
	}
}

func (w *world) confirmClick() Click {
	return Click{Action: ActConfirm, By: by(rita), Channel: "D" + rita, TS: "1.2", At: w.clock, Key: "x"}
}
