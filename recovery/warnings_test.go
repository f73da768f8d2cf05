package recovery

import (
	"slices"
	"testing"
)

// What only Exchange knows of a mailbox is said in every case in which it matters.
func TestWarningsOfTheMailbox(t *testing.T) {
	t.Parallel()
	const gb = 1 << 30
	large := func(reasons ...string) Note { return Note{NoteLarge, reasons} }
	code := func(c NoteCode) Note { return Note{Code: c} }
	spoken := []NoteCode{NoteLarge, NoteSizeUnknown, NoteDelegates, NoteDelegatesStay, NoteOnHold, NoteHeld, NoteHoldsGo, NoteArchive, NoteExpanding}
	mailbox := func(change ...func(*Mailbox)) func(*world) {
		return func(w *world) {
			for _, c := range change {
				c(&w.tenant.mailboxes[0])
			}
		}
	}
	held := func(m *Mailbox) { m.OnHold = true }
	litigation := func(m *Mailbox) { m.OnHold, m.Litigation = true, true }
	size := func(bytes int64) func(*world) {
		return func(w *world) {
			w.tenant.contents[w.tenant.mailboxes[0].ExchangeGUID] = Contents{Items: 9, Bytes: bytes}
		}
	}
	all := func(do ...func(*world)) func(*world) {
		return func(w *world) {
			for _, f := range do {
				f(w)
			}
		}
	}
	user := func(w *world) { w.deleted(john, "john") }
	sharedUser := func(w *world) { w.deleted(john, "john", shared) }
	unlicensedUser := func(w *world) { w.lives(john, "john") }
	orphan := func(w *world) { w.orphaned(lost, "john") }
	sharedOrphan := func(w *world) { w.orphaned(lost, "john", sharedKind) }
	inactiveShared := func(w *world) {
		w.orphaned(lost, "john", sharedKind, inactive, func(m *Mailbox) { m.Litigation = true })
	}
	unread := func(w *world) { w.tenant.fails("contents", 1, &Error{Kind: Forbidden, Op: "Get-MailboxStatistics"}) }
	for name, tt := range map[string]struct {
		setup func(*world)
		into  string
		want  []Note
	}{
		"deleted user":                               {user, "", []Note{code(NoteDelegates)}},
		"deleted user, on hold":                      {all(user, mailbox(held)), "", []Note{code(NoteDelegates), code(NoteHeld)}},
		"deleted user, archive":                      {all(user, mailbox(withArchive), size(60*gb)), "", []Note{code(NoteDelegates), code(NoteArchive)}},
		"deleted user, archive that expands":         {all(user, mailbox(withArchive, autoExpands)), "", []Note{code(NoteDelegates), code(NoteExpanding)}},
		"licence removed":                            {unlicensedUser, "", nil},
		"licence removed, on hold, archive":          {all(unlicensedUser, mailbox(litigation, withArchive)), "", []Note{code(NoteHeld), code(NoteArchive)}},
		"deleted shared mailbox":                     {all(sharedUser, size(50*gb)), "", []Note{code(NoteDelegates)}},
		"deleted shared mailbox of more than 50 GB":  {all(sharedUser, size(50*gb+1)), "", []Note{code(NoteDelegates), large("size")}},
		"deleted shared mailbox, retention policy":   {all(sharedUser, mailbox(held)), "", []Note{code(NoteDelegates), code(NoteHeld)}},
		"deleted shared mailbox, litigation hold":    {all(sharedUser, mailbox(litigation)), "", []Note{code(NoteDelegates), large("hold"), code(NoteHeld)}},
		"deleted shared mailbox, all of it":          {all(sharedUser, mailbox(litigation, withArchive), size(57*gb)), "", []Note{code(NoteDelegates), large("size", "archive", "hold"), code(NoteHeld), code(NoteArchive)}},
		"deleted shared mailbox with a licence":      {all(sharedUser, func(w *world) { licensed(w.tenant.users[john]) }, size(57*gb)), "", []Note{code(NoteDelegates)}},
		"deleted shared mailbox that is not counted": {all(sharedUser, unread), "", []Note{code(NoteDelegates), code(NoteSizeUnknown)}},
		"without its user":                           {all(orphan, size(57*gb)), "", []Note{code(NoteDelegates)}},
		"shared, without its user":                   {sharedOrphan, "", []Note{code(NoteDelegates)}},
		"shared, without its user, of 57 GB":         {all(sharedOrphan, size(57*gb)), "", []Note{code(NoteDelegates), large("size")}},
		"shared, without its user, on hold":          {all(sharedOrphan, mailbox(litigation)), "", []Note{code(NoteDelegates), large("hold"), code(NoteHeld)}},
		"inactive, shared, its holds go":             {all(inactiveShared, size(57*gb)), "", []Note{code(NoteHoldsGo), code(NoteDelegates), large("size")}},
		"copied":                                     {all(orphan, size(57*gb)), "jane@contoso.com", []Note{code(NoteDelegatesStay)}},
		"copied, on hold":                            {all(orphan, mailbox(held)), "jane@contoso.com", []Note{code(NoteDelegatesStay), code(NoteOnHold)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			tt.setup(w)
			w.lives(jane, "jane", licensed, answers)
			d := w.looks(Ask{Into: tt.into}, Choices{})
			if d.Plan == nil {
				t.Fatalf("no plan: %v", d.Obstacle)
			}
			got := slices.DeleteFunc(slices.Clone(d.Plan.Warnings), func(n Note) bool { return !slices.Contains(spoken, n.Code) })
			if !slices.EqualFunc(got, tt.want, Note.same) {
				t.Errorf("%v, want %v", got, tt.want)
			}
		})
	}
}

// A mailbox that grows by a message between two looks, or is put on retention hold, does not void what was agreed to.
func TestFingerprintLeavesOutWhatChangesByItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john", shared)
	w.fills("guid-"+john, 9)
	small := w.looks(Ask{}, Choices{}).Plan.Fingerprint()
	w.tenant.contents["guid-"+john] = Contents{Bytes: unlicensedLimit + 1}
	large := w.looks(Ask{}, Choices{}).Plan.Fingerprint()
	w.tenant.fails("contents", 1, &Error{Kind: Unavailable})
	unknown := w.looks(Ask{}, Choices{}).Plan.Fingerprint()
	w.mailboxOf(john).OnHold = true
	held := w.looks(Ask{}, Choices{}).Plan.Fingerprint()
	if small != large || small != unknown || small == held {
		t.Errorf("%s, %s, %s, %s", small, large, unknown, held)
	}
}
