package commands

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"mailback/recovery"
)

const spe3 = "05e9a617-0261-4cee-bb44-138d3ef5d965"

// undoable makes a request one that gave the account back with its licence.
func undoable(r *recovery.Request) {
	restored(r)
	enabled := true
	for i := range r.Plan.Steps[:2] {
		p := &r.Plan.Steps[i].Progress
		p.Found, p.Before, p.After = false, &recovery.Facts{Deleted: i == 0}, &recovery.Facts{Enabled: &enabled}
	}
}

// undoing is a request by an approver to put back what R-142 did, in a state.
func undoing(state recovery.State, change ...func(*recovery.Request)) recovery.Request {
	old := deletedUser()
	plan := &recovery.Plan{
		Case: recovery.CaseUndo, AccountID: old.Plan.AccountID, Address: adele, Name: "Adele Vance", SignInName: adele,
		Steps:  []recovery.Step{{Kind: recovery.StepBlockSignIn}, {Kind: recovery.StepTakeLicense, SKU: spe3, PartNumber: "SPE_E3"}},
		SignIn: recovery.SignInBlocked, Access: recovery.Access{RolesKnown: true, GroupsKnown: true},
		Warnings: []recovery.Note{
			{Code: recovery.NoteMailboxGoes, Args: []string{"SPE_E3"}},
			{Code: recovery.NoteStays, Args: []string{string(recovery.StepRestoreUser)}},
			{Code: recovery.NoteNothingElse},
		},
		Approvals: 1, Deadline: at(26),
	}
	r := recovery.Request{
		ID: 143, Version: 3, State: state, EnteredAt: at(4), CreatedAt: at(3), UndoOf: 142,
		Ask:       recovery.Ask{Query: recovery.Query{Kind: recovery.ByAddress, Value: adele}},
		Requester: actor(patti), UndoFor: actor(requester), Reader: recovery.Reader{Approver: true, Language: "en"}, Plan: plan,
		Diagnosis: &recovery.Diagnosis{Case: recovery.CaseUndo, Account: old.Diagnosis.Account, ReadAt: at(3), Deadline: plan.Deadline, Plan: plan},
	}
	r.Diagnosis.Account.DeletedAt = time.Time{}
	for _, f := range change {
		f(&r)
	}
	return r
}

// putBack says that steps of an undo are done and read back.
func putBack(r *recovery.Request) {
	for i := range r.Plan.Steps {
		r.Plan.Steps[i].Progress = recovery.Progress{Began: at(4), Acted: at(4), Done: at(4)}
	}
	blocked := false
	r.Proof = &recovery.Proof{
		ReadAt: at(4), SignInName: adele, SignInEnabled: &blocked,
		Undone: []recovery.Note{{Code: recovery.NoteBlocked}, {Code: recovery.NoteTaken, Args: []string{"SPE_E3"}}},
	}
}

func undoScenes() []sceneCase {
	ended := in(recovery.Succeeded, reviewed(recovery.Approve, patti, nestor), undoable)
	asked := ended
	asked.UndoneBy = 143
	ofCopy := undoing(recovery.Pending, func(r *recovery.Request) {
		r.Plan.AccountID, r.Plan.Deadline, r.Diagnosis.Deadline, r.Plan.SignIn = "", time.Time{}, time.Time{}, recovery.SignInUnchanged
		r.Plan.Steps = []recovery.Step{{Kind: recovery.StepStopCopy, CopyID: "c", CopyName: "n"}}
		r.Plan.Warnings = []recovery.Note{
			{Code: recovery.NoteCopiedStays}, {Code: recovery.NoteStays, Args: []string{string(recovery.StepAddress)}}, {Code: recovery.NoteNothingElse},
		}
		r.Diagnosis.Account = recovery.Account{}
	})
	working := undoing(recovery.Restoring, reviewed(recovery.Approve, nestor), func(r *recovery.Request) {
		r.Plan.Steps[0].Progress = recovery.Progress{Began: at(4), Acted: at(4), Done: at(4)}
	})
	stepDone := event(recovery.EventStep, "", recovery.Restoring, working)
	stepDone.Step = recovery.StepBlockSignIn
	done := undoing(recovery.Succeeded, reviewed(recovery.Approve, nestor), putBack)
	partial := undoing(recovery.Partial, reviewed(recovery.Approve, nestor), func(r *recovery.Request) {
		r.Plan.Steps[0].Progress = recovery.Progress{Began: at(4), Acted: at(4), Done: at(4)}
		r.Obstacle = &recovery.Note{Code: recovery.NoteFromGroup, Args: []string{"SPE_E3"}}
		r.Plan.Steps[1].Progress = recovery.Progress{Began: at(4), Problem: r.Obstacle}
	})
	impossible := undoing(recovery.Impossible, func(r *recovery.Request) {
		r.Obstacle = &recovery.Note{Code: recovery.NoteMovedOn, Args: []string{"licenses", "sign-in"}}
		r.Plan, r.Diagnosis.Plan, r.Diagnosis.Obstacle = nil, nil, r.Obstacle
	})
	confirming := undoing(recovery.Confirming)
	return []sceneCase{
		{"undoable", ended, event(recovery.EventEnded, "", recovery.Restoring, ended), 2},
		{"undo-asked", asked, event(recovery.EventUndoAsked, patti, recovery.Succeeded, asked), 1},
		{"undo-confirming", confirming, event(recovery.EventPlanned, "", recovery.Submitted, confirming), 0},
		{"undo-pending", undoing(recovery.Pending), event(recovery.EventConfirmed, patti, recovery.Confirming, undoing(recovery.Pending)), 0},
		{"undo-copy", ofCopy, event(recovery.EventConfirmed, patti, recovery.Confirming, ofCopy), 0},
		{"undo-restoring", working, stepDone, 1},
		{"undo-succeeded", done, event(recovery.EventEnded, "", recovery.Restoring, done), 3},
		{"undo-partial", partial, event(recovery.EventEnded, "", recovery.Restoring, partial), 3},
		{"undo-impossible", impossible, event(recovery.EventEnded, "", recovery.Submitted, impossible), 0},
	}
}

// copying is a request that copies a mailbox and is at work on that.
func copying(change ...func(*recovery.Request)) recovery.Request {
	return in(recovery.Restoring, append([]func(*recovery.Request){func(r *recovery.Request) {
		r.Plan.AccountID = ""
		r.Plan.Steps = []recovery.Step{{Kind: recovery.StepCopy, Folder: "Restored", Progress: recovery.Progress{
			Began: at(2), Acted: at(2), CopyID: "c", Copy: &recovery.CopyStatus{State: recovery.CopyInProgress, Percent: 40},
		}}}
	}}, change...)...)
}

func TestCopyCanBeStopped(t *testing.T) {
	t.Parallel()
	r := copying()
	card := read(t, find(t, render(t, r, event(recovery.EventProgress, "", recovery.Restoring, r)), recovery.CardApproval))
	if got := controls(card); !slices.Equal(got, []string{"request.undo"}) || !strings.Contains(card.Text, "can ask to stop it") {
		t.Errorf("the card has %v: %q", got, card.Text)
	}
	r.UndoneBy = 143
	card = read(t, find(t, render(t, r, event(recovery.EventProgress, "", recovery.Restoring, r)), recovery.CardApproval))
	if got := controls(card); len(got) > 0 || !strings.Contains(card.Text, "R-143 was opened to undo") {
		t.Errorf("once asked the card has %v: %q", got, card.Text)
	}
}

func TestStoppedCopyIsNotOfferedAgain(t *testing.T) {
	t.Parallel()
	r := copying(func(r *recovery.Request) {
		r.State, r.UndoneBy, r.Obstacle = recovery.Partial, 143, &recovery.Note{Code: recovery.NoteCopyStopped, Args: []string{"R-143"}}
	})
	messages := render(t, r, event(recovery.EventEnded, "", recovery.Restoring, r))
	if got := controls(read(t, find(t, messages, recovery.CardApproval))); len(got) > 0 {
		t.Errorf("the card has %v", got)
	}
	for _, m := range messages {
		if text := read(t, m).Text; strings.Contains(text, "ry again") || !strings.Contains(text, "R-143") {
			t.Errorf("%s says %q", m.Key, text)
		}
	}
}

func TestUndoIsOfferedForADay(t *testing.T) {
	t.Parallel()
	r := in(recovery.Succeeded, undoable)
	for hours, offered := range map[int]bool{4: true, 25: true, 26: false, 100: false} {
		e := event(recovery.EventRefused, patti, recovery.Succeeded, r)
		e.At, e.Click = at(hours), &recovery.Click{Action: recovery.ActUndo, By: actor(patti)}
		e.Note = &recovery.Note{Code: recovery.NoteUndoLate, Args: []string{at(26).Format(time.RFC3339)}}
		card := read(t, find(t, render(t, r, e), recovery.CardApproval))
		if got := slices.Contains(controls(card), "request.undo"); got != offered || strings.Contains(card.Text, "To undo: until") != offered {
			t.Errorf("%d hours on: offered %v", hours, got)
		}
	}
}

func TestUndoClickIsTaken(t *testing.T) {
	t.Parallel()
	d := &desk{}
	handlers(d).Action(t.Context(), press(slack.BlockAction{ActionID: "request.undo", Value: "142"}))
	if len(d.clicks) != 1 || d.clicks[0].Action != recovery.ActUndo || d.ids[0] != 142 {
		t.Errorf("clicks %v on %v", d.clicks, d.ids)
	}
}

func TestWordsOfAnUndoAreItsOwn(t *testing.T) {
	t.Parallel()
	w := wordsIn("en")
	undo := w.of(recovery.Request{UndoOf: 142})
	if got := undo.plain("head.succeeded"); got != "Undone" {
		t.Errorf("an undo ends with %q", got)
	}
	if got := w.of(recovery.Request{}).plain("head.succeeded"); got != "Mailbox restored" || w.plain("head.succeeded") != got {
		t.Errorf("a restore ends with %q", got)
	}
	for key := range w.text {
		if plain, ok := strings.CutSuffix(key, ".undo"); ok && !w.has(plain) && plain != "case" && plain != "case.noun" && plain != "button" {
			t.Errorf("%s stands for nothing", key)
		}
	}
}

func TestStatusTellsAnUndo(t *testing.T) {
	t.Parallel()
	h := handlers(&desk{})
	if got := string(h.statusOf(undoing(recovery.Impossible), actor(patti))); !strings.Contains(got, "to undo what was done for "+adele) || !strings.Contains(got, "cannot be undone") {
		t.Errorf("status: %q", got)
	}
}
