package commands

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"

	"mailback/bot"
	"mailback/recovery"
)

// press is a click as Slack tells it.
func press(act slack.BlockAction, change ...func(*slack.InteractionCallback)) slack.InteractionCallback {
	act.ActionTs = "1764000000.000200"
	a := slack.InteractionCallback{
		Type: slack.InteractionTypeBlockActions, TriggerID: "9.8.xyz", ResponseURL: "https://hooks.example/2",
		User:           slack.User{ID: patti, TeamID: "T0CONTOSO1"},
		Team:           slack.Team{ID: "T0CONTOSO1"},
		Container:      slack.Container{Type: "message", ChannelID: approvals, MessageTs: "1764000000.000100"},
		ActionCallback: slack.ActionCallbacks{BlockActions: []*slack.BlockAction{&act}},
	}
	for _, f := range change {
		f(&a)
	}
	return a
}

func TestClicks(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		act  slack.BlockAction
		want recovery.Click
	}{
		{"a button", slack.BlockAction{ActionID: "request.approve", Value: "142"}, recovery.Click{Action: recovery.ActApprove}},
		{"a radio button", slack.BlockAction{
			ActionID: "choice.upn", BlockID: "request:142:choice.upn:7", SelectedOption: slack.OptionBlockObject{Value: "adele2@contoso.com"},
		}, recovery.Click{Action: recovery.ChooseSignInName, Value: "adele2@contoso.com"}},
		{"a choice without a version", slack.BlockAction{
			ActionID: "choice.account", BlockID: "request:142:choice.account", SelectedOption: slack.OptionBlockObject{Value: "id-1"},
		}, recovery.Click{Action: recovery.ChooseAccount, Value: "id-1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := &desk{}
			if reply := handlers(d).Action(t.Context(), press(tt.act)); reply.After != nil || reply.Payload != nil {
				t.Error("a recorded click is answered")
			}
			tt.want.By, tt.want.Channel, tt.want.TS, tt.want.Language = actor(patti), approvals, "1764000000.000100", "en"
			tt.want.At, tt.want.Key = time.Unix(1764000000, 200_000).UTC(), "click:9.8.xyz"
			if diff := cmp.Diff([]recovery.Click{tt.want}, d.clicks); diff != "" || d.ids[0] != 142 {
				t.Error(d.ids, diff)
			}
		})
	}
}

func TestAClickOfTwoWorkspacesIsOfNone(t *testing.T) {
	t.Parallel()
	for team, want := range map[string]string{"T0EVIL": "", "": "T0CONTOSO1"} {
		d := &desk{}
		handlers(d).Action(t.Context(), press(slack.BlockAction{ActionID: "request.approve", Value: "142"}, func(a *slack.InteractionCallback) {
			a.Team.ID = team
		}))
		if got := d.clicks[0].By.TeamID; got != want {
			t.Errorf("workspace %q: the clicker is of %q, want %q", team, got, want)
		}
	}
}

func TestForgedClicksAreNotRecorded(t *testing.T) {
	t.Parallel()
	button := slack.BlockAction{ActionID: "request.approve", Value: "142"}
	choice := func(block string) slack.BlockAction {
		return slack.BlockAction{ActionID: "choice.upn", BlockID: block, SelectedOption: slack.OptionBlockObject{Value: "x"}}
	}
	tests := map[string]slack.InteractionCallback{
		"no action":    press(button, func(a *slack.InteractionCallback) { a.ActionCallback.BlockActions = nil }),
		"a nil action": press(button, func(a *slack.InteractionCallback) { a.ActionCallback.BlockActions[0] = nil }),
		"two actions": press(button, func(a *slack.InteractionCallback) {
			a.ActionCallback.BlockActions = append(a.ActionCallback.BlockActions, &button)
		}),
		"no person":      press(button, func(a *slack.InteractionCallback) { a.User.ID = "" }),
		"no message":     press(button, func(a *slack.InteractionCallback) { a.Container.MessageTs = "" }),
		"another action": press(slack.BlockAction{ActionID: "request.everything", Value: "142"}),
		"inner action":   press(slack.BlockAction{ActionID: "message.unsent", Value: "142"}),
		"no id":          press(slack.BlockAction{ActionID: "request.approve"}),
		"a padded id":    press(slack.BlockAction{ActionID: "request.approve", Value: "0142"}),
		"a negative id":  press(slack.BlockAction{ActionID: "request.approve", Value: "-1"}),
		"an overflow":    press(slack.BlockAction{ActionID: "request.approve", Value: "99999999999999999999"}),
		"no block":       press(choice("")),
		"another block":  press(choice("request:142:choice.license:1")),
		"a bad block":    press(choice("request:x:choice.upn:1")),
		"no value":       press(slack.BlockAction{ActionID: "choice.upn", BlockID: "request:142:choice.upn:7"}),
	}
	for name, a := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := &desk{}
			reply := handlers(d).Action(t.Context(), a)
			if len(d.clicks) != 0 || len(d.views) != 0 {
				t.Fatalf("recorded: %v", d.clicks)
			}
			reply.After(t.Context())
			wantText(t, d.answers[0].Text, "out of date")
		})
	}
}

func TestARefusedClickIsAnsweredToItsPerson(t *testing.T) {
	t.Parallel()
	d := &desk{note: &recovery.Note{Code: recovery.NoteExternal}}
	handlers(d).Action(t.Context(), press(slack.BlockAction{ActionID: "request.approve", Value: "142"})).After(t.Context())
	wantText(t, d.answers[0].Text, "R-142", "workspace")
	if d.answers[0].Replace {
		t.Error("the answer is not for the clicker alone, beside the card")
	}
	d = &desk{fail: errors.New("disk full")}
	handlers(d).Action(t.Context(), press(slack.BlockAction{ActionID: "request.confirm", Value: "142"})).After(t.Context())
	wantText(t, d.answers[0].Text, "R-142", "nothing was done")
}

func TestAClickWithoutATriggerHasItsTimeAsKey(t *testing.T) {
	t.Parallel()
	d := &desk{}
	handlers(d).Action(t.Context(), press(slack.BlockAction{ActionID: "request.check", Value: "1"}, func(a *slack.InteractionCallback) { a.TriggerID = "" }))
	if d.clicks[0].Key != "click:U0PATTIF01:request.check:1764000000.000200" {
		t.Errorf("key %q", d.clicks[0].Key)
	}
}

// submission is the denial's form as Slack sends it back.
func submission(v slack.ModalViewRequest, reason string) slack.InteractionCallback {
	return slack.InteractionCallback{
		Type: slack.InteractionTypeViewSubmission, User: slack.User{ID: patti, TeamID: "T0CONTOSO1"},
		View: slack.View{
			ID: "V1", CallbackID: v.CallbackID, PrivateMetadata: v.PrivateMetadata,
			State: &slack.ViewState{Values: map[string]map[string]slack.BlockAction{"reason": {"reason": {Value: reason}}}},
		},
	}
}

func openDenial(t *testing.T, d *desk) slack.ModalViewRequest {
	t.Helper()
	reply := handlers(d).Action(t.Context(), press(slack.BlockAction{ActionID: "request.deny", Value: "142"}))
	if reply.After != nil || len(d.views) != 1 || len(d.clicks) != 0 {
		t.Fatalf("%d forms opened, %d clicks recorded", len(d.views), len(d.clicks))
	}
	if err := bot.CheckView(d.views[0]); err != nil {
		t.Fatal(err)
	}
	return d.views[0]
}

func TestADenialAsksForItsReason(t *testing.T) {
	t.Parallel()
	d := &desk{}
	v := openDenial(t, d)
	if v.Title.Text != "Deny R-142" {
		t.Errorf("title %q", v.Title.Text)
	}
	if reply := handlers(d).Submission(t.Context(), submission(v, " Left for good <!here>\n\u202e")); reply.Payload != nil {
		t.Errorf("payload %v", reply.Payload)
	}
	want := []recovery.Click{{
		Action: recovery.ActDeny, By: actor(patti), Channel: approvals, TS: "1764000000.000100", Reason: "Left for good <!here>", Language: "en", At: at(0), Key: "form:V1",
	}}
	if diff := cmp.Diff(want, d.clicks); diff != "" || d.ids[0] != 142 {
		t.Error(d.ids, diff)
	}
}

func TestADenialThatCannotBeTakenKeepsItsForm(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, reason, want string
		desk               *desk
	}{
		{"no reason", " \n\u200b", "needs a reason", &desk{}},
		{"a long one", strings.Repeat("x", 501), "501", &desk{}},
		{"not recorded", "why", "nothing was done", &desk{fail: errors.New("disk full")}},
		{"refused", "why", "workspace", &desk{note: &recovery.Note{Code: recovery.NoteExternal}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v := openDenial(t, &desk{})
			raw, err := json.Marshal(handlers(tt.desk).Submission(t.Context(), submission(v, tt.reason)).Payload)
			if err != nil {
				t.Fatal(err)
			}
			var got fieldErrors
			if err := json.Unmarshal(raw, &got); err != nil || got.ResponseAction != "errors" {
				t.Fatalf("%s %v", raw, err)
			}
			wantText(t, got.Errors["reason"], tt.want)
		})
	}
}

func TestAFormThatDoesNotOpen(t *testing.T) {
	t.Parallel()
	d := &desk{}
	a := press(slack.BlockAction{ActionID: "request.deny", Value: "142"}, func(a *slack.InteractionCallback) { a.TriggerID = "expired" })
	handlers(d).Action(t.Context(), a).After(t.Context())
	wantText(t, d.answers[0].Text, "R-142", "press")
}

func TestForgedForms(t *testing.T) {
	t.Parallel()
	for _, v := range []slack.ModalViewRequest{
		{CallbackID: "other", PrivateMetadata: `{"request":142}`},
		{CallbackID: "request.deny", PrivateMetadata: "{"},
		{CallbackID: "request.deny", PrivateMetadata: `{"request":0}`},
	} {
		d := &desk{}
		if reply := handlers(d).Submission(t.Context(), submission(v, "why")); len(d.clicks) != 0 || reply.Payload != nil {
			t.Errorf("%+v was taken", v)
		}
	}
	d := &desk{}
	a := submission(openDenial(t, &desk{}), "")
	a.View.State = nil
	if reply := handlers(d).Submission(t.Context(), a); reply.Payload == nil || len(d.clicks) != 0 {
		t.Error("a form without its state was taken")
	}
}

// TestWhoIsNoApproverReadsWhatTheButtonIsFor: only who presses a button that decides reads that this is not theirs to decide.
func TestWhoIsNoApproverReadsWhatTheButtonIsFor(t *testing.T) {
	t.Parallel()
	for action, want := range map[recovery.Action]string{
		recovery.ActApprove:    "decide on R-142",
		recovery.ActDeny:       "decide on R-142",
		recovery.ActEmergency:  "decide on R-142",
		recovery.ChooseAccount: "choose the account for R-142",
		recovery.ActUndo:       "ask to stop or undo R-142",
		recovery.ActRetry:      "try R-142 again",
		recovery.ActResume:     "resume the copy of R-142",
		recovery.ActCheck:      "have it checked again",
		recovery.ActCancel:     "end it",
		recovery.ActConfirm:    "confirm R-142",
		recovery.ActBulkPause:  "pause R-142, stop it",
		recovery.ActBulkResume: "let it go on",
		recovery.ActBulkStop:   "pause R-142, stop it",
	} {
		r := in(recovery.Submitted)
		e := event(recovery.EventRefused, nestor, recovery.Submitted, r)
		e.Note = &recovery.Note{Code: recovery.NoteNotApprover}
		e.Click = &recovery.Click{Action: action, By: actor(nestor), Channel: approvals, TS: "1.1", Language: "en"}
		said := read(t, find(t, render(t, r, e), "private:9")).Text
		if !strings.Contains(said, "not an approver, so you cannot ") || !strings.Contains(said, want) || !strings.Contains(said, "R-142") {
			t.Errorf("%s: %q, want %q", action, said, want)
		}
	}
}
