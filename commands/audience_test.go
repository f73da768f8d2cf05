package commands

import (
	"strings"
	"testing"

	"mailback/recovery"
)

// A requester knows a mailbox by the one address asked for, which need not be its own; what else it is called is for approvers.
func TestARequesterReadsOnlyTheAddressAskedFor(t *testing.T) {
	t.Parallel()
	tried := 0
	for _, s := range scenes() {
		if s.r.Plan == nil || s.r.Reader.Approver || s.r.UndoOf != 0 {
			continue
		}
		for _, q := range []recovery.Query{
			{Kind: recovery.ByAddress, Value: "alias@contoso.com"},
			{Kind: recovery.ByObjectID, Value: "87d349ed-44d7-43e1-9a83-5f2406dee5bd"},
		} {
			tried++
			s.r.Ask.Query = q
			for _, m := range render(t, s.r, s.e) {
				if m.Channel == requester && strings.Contains(string(m.Body), s.r.Plan.Address) {
					t.Errorf("%s, asked for as %s: %s says %s: %s", s.name, q.Value, m.Key, s.r.Plan.Address, m.Body)
				}
			}
		}
	}
	if tried < 40 {
		t.Errorf("%d scenes", tried)
	}
}

func TestNotesNameNoOtherAddressToARequester(t *testing.T) {
	t.Parallel()
	w := wordsIn("en")
	for _, code := range []recovery.NoteCode{
		recovery.NoteMailboxFirst, recovery.NoteSignInTaken, recovery.NoteAddressTaken, recovery.NoteAddressDropped,
		recovery.NoteSameAddress, recovery.NoteTargetReads,
	} {
		n := recovery.Note{Code: code, Args: []string{adele, "asked@contoso.com"}}
		if said := string(reader{w, false, "R-142"}.note(n)); strings.Contains(said, adele) {
			t.Errorf("%s: %s", code, said)
		}
		if said := string(reader{w, true, "R-142"}.note(n)); !strings.Contains(said, adele) {
			t.Errorf("%s names nothing to approvers: %s", code, said)
		}
	}
}
