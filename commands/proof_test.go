package commands

import (
	"strings"
	"testing"

	"mailback/recovery"
)

// That nobody else has access and that nobody could find out are two things; who has access is for approvers.
func TestWhoHasAccess(t *testing.T) {
	t.Parallel()
	nobody, unread := "Nobody else has access to it.", "Who else has access could not be read (a permission is missing)."
	for name, tt := range map[string]struct {
		change func(*recovery.Proof)
		want   string
		others []string
	}{
		"somebody": {func(p *recovery.Proof) {
			p.Grants, p.GrantsKnown = []recovery.Grant{{Who: "pattif@contoso.com", Rights: []string{"FullAccess"}}}, true
		}, "pattif@contoso.com (FullAccess)", []string{nobody, unread}},
		"nobody": {func(p *recovery.Proof) { p.GrantsKnown = true }, nobody, []string{"Others who have access", unread}},
		"unread": {func(p *recovery.Proof) {
			p.Notes = []recovery.Note{{Code: recovery.NoteGrantsUnread, Args: []string{"forbidden"}}}
		}, unread, []string{"Others who have access", nobody}},
		"not asked": {func(*recovery.Proof) {}, "Checked", []string{"Others who have access", nobody, unread}},
	} {
		r := in(recovery.Succeeded, reviewed(recovery.Approve, patti, nestor), restored, func(r *recovery.Request) { tt.change(r.Proof) })
		list := render(t, r, event(recovery.EventEnded, "", recovery.Restoring, r))
		card, own := string(find(t, list, recovery.CardApproval).Body), string(find(t, list, recovery.CardRequester).Body)
		if !strings.Contains(card, tt.want) {
			t.Errorf("%s: approvers do not read %q in %s", name, tt.want, card)
		}
		for _, other := range tt.others {
			if strings.Contains(card, other) || strings.Contains(own, other) {
				t.Errorf("%s: somebody reads %q", name, other)
			}
		}
		if tt.want != "Checked" && strings.Contains(own, tt.want) {
			t.Errorf("%s: the requester reads %q", name, tt.want)
		}
	}
}

// A mailbox that needs a licence later does not cost nothing, and what it is that it needs it for is for approvers.
func TestCostOfALargeMailbox(t *testing.T) {
	t.Parallel()
	r := in(recovery.Pending, func(r *recovery.Request) {
		r.Plan.Case, r.Diagnosis.Case, r.Plan.Seats, r.Plan.SignIn = recovery.CaseShared, recovery.CaseShared, nil, recovery.SignInBlocked
		r.Plan.Warnings = []recovery.Note{{Code: recovery.NoteLarge, Args: []string{"size", "hold"}}}
	})
	list := render(t, r, event(recovery.EventConfirmed, requester, recovery.Confirming, r))
	for key, reasons := range map[string]bool{recovery.CardApproval: true, recovery.CardRequester: false} {
		card := string(find(t, list, key).Body)
		if strings.Contains(card, "No licence.") || !strings.Contains(card, "Exchange Online Plan 2") || strings.Contains(card, "This one has more than 50 GB, a litigation hold:") != reasons {
			t.Errorf("%s: %s", key, card)
		}
	}
}

// What only waits for Microsoft is neither a mailbox that works nor one that is lost, wherever it is spoken of.
func TestStillConnectingIsSaid(t *testing.T) {
	t.Parallel()
	r := in(recovery.Unneeded, func(r *recovery.Request) {
		r.Plan, r.Obstacle = nil, &recovery.Note{Code: recovery.NoteConnecting}
		r.Diagnosis = &recovery.Diagnosis{Case: recovery.CaseConnecting, Account: r.Diagnosis.Account, ReadAt: at(0), Obstacle: r.Obstacle}
	})
	card := string(find(t, render(t, r, event(recovery.EventEnded, "", recovery.Submitted, r)), recovery.CardRequester).Body)
	for _, want := range []string{"Still connecting", "Its mailbox is still connecting.", "up to a day", "Ask again"} {
		if !strings.Contains(card, want) {
			t.Errorf("no %q in %s", want, card)
		}
	}
	told := render(t, r, event(recovery.EventEnded, "", recovery.Confirming, r))
	status := string(wordsIn("en").of(r).oneOf("state.", string(r.State)))
	for _, text := range []string{card, status, string(told[len(told)-1].Body)} {
		for _, wrong := range []string{"mailbox works", "is there.", "Nothing to bring back", "no way back"} {
			if strings.Contains(text, wrong) {
				t.Errorf("%q in %s", wrong, text)
			}
		}
	}
}
