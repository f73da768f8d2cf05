package commands

import (
	"strings"
	"testing"
	"time"

	"mailback/recovery"
)

// itemsIn is a request for items in a state; owner says whether its requester is the mailbox's owner.
func itemsIn(state recovery.State, owner bool, change ...func(*recovery.Request)) recovery.Request {
	r := deletedUser()
	r.State, r.Ask.Items = state, &recovery.ItemWish{After: "2026-11-16", Folder: "Inbox"}
	items := &recovery.ItemPlan{Mailbox: "guid", After: at(-168), Folder: "Inbox", Owner: owner}
	if owner {
		items.Listed, items.Listing, items.Digest, items.All, items.Count = true, "0a1b", "2c3d", 12, 12
		items.Oldest, items.Newest, items.LeavesAt = at(-150), at(-3), at(-150).Add(14*24*time.Hour)
		items.Folders = []recovery.FolderCount{{Folder: "Inbox", Items: 9}, {Folder: "Inbox/Ops <x>", Items: 3}}
	}
	r.Plan = &recovery.Plan{
		Case: recovery.CaseItems, AccountID: r.Plan.AccountID, Address: adele, Name: "Adele Vance", SignInName: adele,
		Steps: []recovery.Step{{Kind: recovery.StepItems}}, SignIn: recovery.SignInUnchanged, Items: items, Approvals: 1,
	}
	d := *r.Diagnosis
	d.Case, d.Deadline, d.Evidence, d.Offers, d.Plan = recovery.CaseItems, time.Time{}, nil, nil, r.Plan
	if owner {
		d.Offers = []recovery.Offer{{Action: recovery.ChooseItems}}
	}
	r.Diagnosis = &d
	for _, f := range change {
		f(&r)
	}
	return r
}

// itemsDone gives a request's step these counts.
func itemsDone(n recovery.ItemCounts) func(*recovery.Request) {
	return func(r *recovery.Request) {
		p := &r.Plan.Steps[0].Progress
		p.Began, p.Acted, p.Items = at(2), at(2), &n
		if n.Left() > 0 {
			return
		}
		p.Done = at(3)
		r.Proof = &recovery.Proof{ReadAt: at(3), SignInName: adele, Items: &n}
		if n.Failed > 0 {
			r.Proof.Missing = []recovery.Note{{Code: recovery.NoteItemsFailed, Args: []string{"2"}}}
			r.Obstacle = &r.Proof.Missing[0]
		}
	}
}

func itemScenes() []sceneCase {
	must := itemsIn(recovery.Confirming, true, func(r *recovery.Request) {
		r.Ask.Items.Pick, r.Diagnosis.Offers[0].Required = true, true
	})
	ticked := itemsIn(recovery.Pending, true, func(r *recovery.Request) {
		r.Plan.Items.Count, r.Choices.Items = 4, recovery.ItemChoice{Listing: "0a1b", Ticks: "Dw"}
	})
	own, others := itemsIn(recovery.Confirming, true), itemsIn(recovery.Confirming, false)
	working := itemsIn(recovery.Restoring, false, reviewed(recovery.Approve, patti), itemsDone(recovery.ItemCounts{Chosen: 40, Restored: 11, Gone: 1}))
	done := itemsIn(recovery.Succeeded, true, reviewed(recovery.Approve, patti), itemsDone(recovery.ItemCounts{Chosen: 12, Restored: 11, Gone: 1}), func(r *recovery.Request) {
		r.Proof.Notes = []recovery.Note{{Code: recovery.NoteItemsGone, Args: []string{"1"}}, {Code: recovery.NoteItemsDated, Args: []string{"2", "Restored 2026-11-23"}}}
	})
	partly := itemsIn(recovery.Partial, true, reviewed(recovery.Approve, patti), itemsDone(recovery.ItemCounts{Chosen: 12, Restored: 10, Failed: 2}))
	unknown := itemsIn(recovery.Partial, false, reviewed(recovery.Approve, patti), itemsDone(recovery.ItemCounts{Chosen: 40, Restored: 38, Gone: 1, Unknown: 1}), func(r *recovery.Request) {
		r.Proof.Missing = []recovery.Note{{Code: recovery.NoteItemsUnknown, Args: []string{"1"}}}
		r.Proof.Notes = []recovery.Note{{Code: recovery.NoteItemsGone, Args: []string{"1"}}}
		r.Obstacle = &r.Proof.Missing[0]
	})
	again := itemsIn(recovery.Confirming, true, func(r *recovery.Request) {
		r.Diagnosis.Offers[0].Required, r.Diagnosis.Offers[0].Again = true, true
		r.Choices.Items = recovery.ItemChoice{Listing: "ffff", Ticks: "Dw"}
		r.Changed = []recovery.Note{{Code: recovery.NotePlanDiffers, Args: []string{"items"}}}
		r.Plan.Warnings = []recovery.Note{{Code: recovery.NoteArchiveItems}}
		r.Plan.Items.Further = 2
		r.Plan.Items.Folders = append(r.Plan.Items.Folders, recovery.FolderCount{Items: 1})
	})
	return []sceneCase{
		{"items-unknown", unknown, event(recovery.EventEnded, "", recovery.Restoring, unknown), 2},
		{"items-tick-again", again, event(recovery.EventVoided, "", recovery.Approved, again), 2},
		{"items-owner", own, event(recovery.EventPlanned, "", recovery.Submitted, own), 0},
		{"items-owner-must-tick", must, event(recovery.EventPlanned, "", recovery.Submitted, must), 0},
		{"items-others", others, event(recovery.EventPlanned, "", recovery.Submitted, others), 0},
		{"items-pending", ticked, event(recovery.EventConfirmed, requester, recovery.Confirming, ticked), 0},
		{"items-restoring", working, event(recovery.EventProgress, "", recovery.Restoring, working), 0},
		{"items-succeeded", done, event(recovery.EventEnded, "", recovery.Restoring, done), 2},
		{"items-partial", partly, event(recovery.EventEnded, "", recovery.Restoring, partly), 2},
	}
}

func TestItemPromises(t *testing.T) {
	t.Parallel()
	last := sceneOf(t, "items-succeeded")
	end := last[len(last)-1]
	if s := read(t, end); end.Channel != requester || !strings.Contains(s.Text, "R-142") || !strings.Contains(s.Text, "restored") {
		t.Errorf("the last message to the requester: %s %q", end.Channel, s.Text)
	}
	for _, name := range []string{"items-partial", "items-unknown", "items-restoring", "items-others"} {
		for _, m := range sceneOf(t, name) {
			if s := read(t, m); strings.Contains(strings.ToLower(s.Text), "restored") {
				t.Errorf("%s, %s: %q", name, m.Key, s.Text)
			}
		}
	}
	for name, want := range map[string]string{
		"items-owner":           "choice.items request.confirm request.cancel",
		"items-owner-must-tick": "choice.items request.cancel",
		"items-tick-again":      "choice.items request.cancel",
		"items-others":          "request.confirm request.cancel",
	} {
		got := controls(read(t, find(t, sceneOf(t, name), recovery.CardRequester)))
		if len(got) != len(strings.Fields(want)) {
			t.Errorf("%s: %v, want %s", name, got, want)
		}
		for _, id := range got {
			if !strings.Contains(want, id) {
				t.Errorf("%s: %v, want %s", name, got, want)
			}
		}
	}
}
