package commands

import (
	"slices"
	"strings"
	"testing"

	"mailback/recovery"
)

// joinedRequest is a request that somebody else has joined, named by another address.
func joinedRequest(state recovery.State) recovery.Request {
	return in(state, func(r *recovery.Request) {
		r.Joined = []recovery.Joined{{Actor: actor("UJOINED"), Request: 7, Query: recovery.Query{Kind: recovery.ByAddress, Value: "other@contoso.com"}}}
	})
}

func TestWhoJoinedIsToldOfTurningPoints(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		kind  recovery.EventKind
		from  recovery.State
		state recovery.State
		say   string // "" for nothing
	}{
		{recovery.EventApproved, recovery.Pending, recovery.Approved, "approved"},
		{recovery.EventDenied, recovery.Pending, recovery.Denied, "denied"},
		{recovery.EventExpired, recovery.Pending, recovery.Expired, "expired"},
		{recovery.EventCancelled, recovery.Pending, recovery.Cancelled, "withdrew"},
		{recovery.EventEnded, recovery.Restoring, recovery.Succeeded, "restored"},
		{recovery.EventConfirmed, recovery.Confirming, recovery.Pending, ""},
		{recovery.EventVoided, recovery.Pending, recovery.Confirming, ""},
	} {
		r := joinedRequest(tt.state)
		r.Reader.Approver = true // what its requester sees the others do not
		if tt.kind == recovery.EventCancelled {
			r.EndedBy = actor(requester)
		}
		var told []string
		for _, m := range render(t, r, event(tt.kind, requester, tt.from, r)) {
			if m.Channel == "UJOINED" {
				told = append(told, read(t, m).Text)
			}
		}
		switch {
		case tt.say == "" && len(told) > 0:
			t.Errorf("%s: told %q", tt.kind, told)
		case tt.say != "" && (len(told) != 1 || !strings.Contains(told[0], tt.say) && tt.kind != recovery.EventCancelled):
			t.Errorf("%s: told %q, want %q", tt.kind, told, tt.say)
		case tt.say != "" && strings.Contains(told[0], r.Plan.Address):
			t.Errorf("%s: told of an address that this person did not ask for: %q", tt.kind, told)
		}
	}
}

func TestJoiningIsTold(t *testing.T) {
	t.Parallel()
	for reason, want := range map[string]string{"": "asks for this mailbox as well (R-7).", "<my boss>": "Reason: &lt;my boss&gt;"} {
		r := joinedRequest(recovery.Pending)
		e := event(recovery.EventJoined, "UJOINED", recovery.Pending, r)
		e.Note = &recovery.Note{Code: recovery.NoteAlsoAsked, Args: []string{"R-7", reason}}
		var lines []string
		for _, m := range render(t, r, e) {
			lines = append(lines, m.Channel+": "+read(t, m).Text)
		}
		all := strings.Join(lines, "\n")
		if !strings.Contains(all, want) || !strings.Contains(all, "somebody else asks for this mailbox as well") || strings.Contains(all, "<my") {
			t.Errorf("said %s", all)
		}
		if i := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, requester+": ") && strings.Contains(l, "UJOINED") }); i >= 0 {
			t.Errorf("the requester is told who: %s", lines[i])
		}
	}
}

func TestCardsSayWhoIsNotLinked(t *testing.T) {
	t.Parallel()
	r := in(recovery.Approved, func(r *recovery.Request) {
		r.Unlinked = true
		r.Reviews = []recovery.Review{{By: actor("U0APPROVER"), Verdict: recovery.Approve, Fingerprint: r.Plan.Fingerprint(), Unlinked: true}}
	})
	card := string(find(t, render(t, r, event(recovery.EventApproved, "U0APPROVER", recovery.Pending, r)), recovery.CardApproval).Body)
	for _, want := range []string{"asks for this. It is not known which Microsoft account is theirs", "the settings list them by name: \\u003c@U0APPROVER\\u003e"} {
		if !strings.Contains(card, want) {
			t.Errorf("the card does not say %q: %s", want, card)
		}
	}
}

// TestLinksAreToldToApprovers on the card and in its thread; of a request that does not come to them they hear nothing.
func TestLinksAreToldToApprovers(t *testing.T) {
	t.Parallel()
	for state, want := range map[recovery.State]int{recovery.Submitted: 0, recovery.Pending: 2} {
		r := in(state, func(r *recovery.Request) {
			r.NewLinks = []recovery.NewLink{{Actor: actor(requester), ObjectID: "object-1"}}
		})
		e := event(recovery.EventLinked, requester, state, r)
		e.Note = &recovery.Note{Code: recovery.NoteLinked, Args: []string{"object-1"}}
		told := 0
		for _, m := range render(t, r, e) {
			if m.Channel == approvals && strings.Contains(read(t, m).Text, "object-1") {
				told++
			}
		}
		if told != want {
			t.Errorf("in %s: told %d times, want %d", state, told, want)
		}
	}
}

func TestFloodsAreAnsweredPolitely(t *testing.T) {
	t.Parallel()
	for command, refused := range map[string]bool{
		"john@contoso.com": true, "check john@contoso.com": true, "deleted": true, "items john@contoso.com": true, "status": true,
		"cancel R-1": false, "help": false,
	} {
		d := &desk{flood: &recovery.Note{Code: recovery.NoteFlood, Args: []string{"30", at(5).Format("2006-01-02T15:04:05Z07:00")}}}
		said, _ := typed(t, d, command)
		if got := strings.Contains(said, "try again after"); got != refused || refused && len(d.asks) > 0 {
			t.Errorf("%s: %q, asks %d", command, said, len(d.asks))
		}
	}
}
