package recovery

import (
	"errors"
	"testing"
	"time"
)

func TestWhoIsNoApproverAnyMoreIsShownLess(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(w *world){
		"no approver any more": func(w *world) { w.set(func(s *Settings) { s.Approvers = []string{anna, desk} }) },
		"cannot be read":       func(w *world) { w.people.errs[bert] = errors.New("users.info: timeout") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.tenant.delay = time.Hour
			w.deleted(john, "john")
			r := w.is(w.asksAs(bert, Ask{Query: Query{ByAddress, "john@contoso.com"}}), Confirming)
			if !r.Reader.Approver {
				t.Fatal("an approver is shown too little")
			}
			w.is(w.press(r.ID, bert, ActConfirm), Pending)
			w.shortly(r.ID, anna, ActApprove)
			if r = w.is(w.request(r.ID), Restoring); !r.Reader.Approver {
				t.Fatal("an approver is shown too little")
			}
			change(w)
			list, note, err := w.svc.Status(w.ctx, by(bert), r.ID)
			if err != nil || note != nil || len(list) != 1 || list[0].Reader.Approver {
				t.Errorf("status: %v, %v, %v", list, note, err)
			}
			w.pass(2 * time.Hour)
			if r = w.is(w.request(r.ID), Succeeded); r.Reader.Approver {
				t.Error("the proof was shown as to an approver")
			}
		})
	}
}

// Who is told of an undo knows the mailbox by the address that was asked for.
func TestAnUndoIsAskedForAsTheRequestWas(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exchangeOff()
	w.deleted(john, "john")
	old := w.restored("john@fabrikam.com")
	undo := w.undoes(old.ID)
	if undo.Ask.Query != old.Ask.Query || undo.Plan.Address != "john@contoso.com" || undo.UndoFor != by(rita) {
		t.Errorf("undo %+v", undo)
	}
}
