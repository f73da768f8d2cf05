package slackfake

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
)

func label(s string) *slack.TextBlockObject {
	return slack.NewTextBlockObject("plain_text", s, false, false)
}

// form is a modal that asks for a mailbox, which is required, and a reason, which is not.
func form(title string) slack.ModalViewRequest {
	reason := slack.NewInputBlock("why", label("Reason"), nil, slack.NewPlainTextInputBlockElement(nil, "reason"))
	reason.Optional = true
	return slack.ModalViewRequest{
		Type: slack.VTModal, Title: label(title), Submit: label("Ask"), Close: label("Cancel"), CallbackID: "restore",
		PrivateMetadata: "secret", NotifyOnClose: true,
		Blocks: slack.Blocks{BlockSet: []slack.Block{
			slack.NewInputBlock("who", label("Mailbox"), nil, slack.NewPlainTextInputBlockElement(nil, "mailbox")), reason,
			slack.NewActionBlock("acts", slack.NewButtonBlockElement("choice.more", "v", label("More"))),
		}},
	}
}

// opened opens the form for Megan by a shortcut.
func opened(t *testing.T, s *Server, api *slack.Client, got <-chan slack.InteractionCallback) *slack.ViewResponse {
	t.Helper()
	if r := must(s.Shortcut(t.Context(), Megan, "restore_mailbox"))(t); r.Error != "" {
		t.Fatalf("shortcut: %+v", r)
	}
	i := wait(t, got, "shortcut")
	if i.CallbackID != "restore_mailbox" || i.Type != slack.InteractionTypeShortcut || i.User.ID != Megan {
		t.Errorf("shortcut: %+v", i)
	}
	return must(api.OpenViewContext(t.Context(), i.TriggerID, form("Restore")))(t)
}

func TestTriggerIDs(t *testing.T) {
	t.Parallel()
	at := newClock()
	s, api, _ := workspace(t, Config{Now: at.now})
	got := interactions(t, api, nil)
	trigger := func() string {
		must(s.Shortcut(t.Context(), Megan, "restore_mailbox"))(t)
		return wait(t, got, "shortcut").TriggerID
	}
	open := func(id string) error {
		_, err := api.OpenViewContext(t.Context(), id, form("Restore"))
		return err
	}
	id := trigger()
	if err := open(id); err != nil {
		t.Error(err)
	}
	wantError(t, open(id), "exchanged_trigger_id")
	wantError(t, open("1.2.3"), "invalid_trigger_id")
	id = trigger()
	at.advance(3*time.Second + time.Millisecond)
	wantError(t, open(id), "expired_trigger_id")
	at.advance(time.Hour)
	trigger() // prunes the dead
	wantError(t, open(id), "invalid_trigger_id")
	_, err := s.Shortcut(t.Context(), Megan, "unknown")
	wantError(t, err, "unknown shortcut")
}

func TestViewLimits(t *testing.T) {
	t.Parallel()
	_, api, base := workspace(t, Config{NoRateLimits: true})
	x := func(n int) string { return strings.Repeat("x", n) }
	divider := func(n int) slack.Blocks {
		var b slack.Blocks
		for range n {
			b.BlockSet = append(b.BlockSet, slack.NewDividerBlock())
		}
		return b
	}
	for _, tt := range []struct {
		change func(*slack.ModalViewRequest)
		want   string
	}{
		{func(v *slack.ModalViewRequest) { v.Title = label(x(25)) }, "must be less than 25 characters [json-pointer:/view/title/text]"},
		{func(v *slack.ModalViewRequest) { v.Title = nil }, "missing required field: title"},
		{func(v *slack.ModalViewRequest) { v.Submit = nil }, "must define `submit` to use an `input` block in modals"},
		{func(v *slack.ModalViewRequest) { v.Close = label(x(25)) }, "[json-pointer:/view/close/text]"},
		{func(v *slack.ModalViewRequest) { v.PrivateMetadata = x(3001) }, "must be less than 3001 characters [json-pointer:/view/private_metadata]"},
		{func(v *slack.ModalViewRequest) { v.CallbackID = x(256) }, "[json-pointer:/view/callback_id]"},
		{func(v *slack.ModalViewRequest) { v.Blocks = divider(101) }, "no more than 100 items allowed [json-pointer:/view/blocks]"},
		{func(v *slack.ModalViewRequest) { v.Blocks = slack.Blocks{} }, "must provide an array [json-pointer:/view/blocks]"},
		{func(v *slack.ModalViewRequest) { v.Type = slack.VTHomeTab }, "[json-pointer:/view/type]"},
	} {
		v := form("Restore")
		tt.change(&v)
		_, err := api.OpenViewContext(t.Context(), "any", v)
		refused, ok := err.(slack.SlackErrorResponse) //nolint:errorlint // slack-go returns it bare.
		if !ok || refused.Err != "invalid_arguments" || !strings.Contains(fmt.Sprint(refused.ResponseMetadata.Messages), tt.want) {
			t.Errorf("%#v, want %q", err, tt.want)
		}
	}
	alert := `{"trigger_id":"any","view":{"type":"modal","title":{"type":"plain_text","text":"x"},"blocks":[{"type":"alert","text":{"type":"plain_text","text":"x"}}]}}`
	if _, answer := postTo(t, base, "views.open", BotToken, jsonType, alert); answer["error"] != "invalid_trigger_id" {
		t.Errorf("an alert in a modal: %v", answer)
	}
	huge := `{"trigger_id":"any","view":{"type":"modal","x":"` + x(250*1024) + `"}}`
	if _, answer := postTo(t, base, "views.open", BotToken, jsonType, huge); answer["error"] != "view_too_large" {
		t.Errorf("a huge view: %v", answer)
	}
}

func TestViewUpdateAndPush(t *testing.T) {
	t.Parallel()
	s, api, _ := workspace(t, Config{})
	got := interactions(t, api, nil)
	v := opened(t, s, api, got)
	if v.PrivateMetadata != "secret" || v.RootViewID != v.ID || v.Hash == "" || v.TeamID != TeamID {
		t.Errorf("views.open: %+v", v)
	}
	changed := must(api.UpdateViewContext(t.Context(), form("Changed"), "", v.Hash, v.ID))(t)
	if changed.Hash == v.Hash || changed.ID != v.ID {
		t.Errorf("views.update: %+v", changed)
	}
	_, err := api.UpdateViewContext(t.Context(), form("Again"), "", v.Hash, v.ID)
	wantError(t, err, "hash_conflict")
	_, err = api.UpdateViewContext(t.Context(), form("Again"), "", "", "V0NONE")
	wantError(t, err, "not_found")
	push := func(want string) {
		t.Helper()
		modals := must(s.Views(Megan))(t).Modals
		top := fmt.Sprint(modals[len(modals)-1]["id"])
		must(s.Click(t.Context(), ClickRequest{User: Megan, ViewID: top, ActionID: "choice.more"}))(t)
		i := wait(t, got, "click")
		if i.View.ID != top || i.Container.ViewID != top || i.ResponseURL != "" {
			t.Errorf("click in a view: %+v", i)
		}
		pushed, err := api.PushViewContext(t.Context(), i.TriggerID, form("Pushed"))
		if want != "" {
			wantError(t, err, want)
		} else if err != nil || pushed.PreviousViewID != top || pushed.RootViewID != v.ID {
			t.Errorf("views.push: %+v, %v", pushed, err)
		}
	}
	push("")
	push("")
	push("push_limit_reached")
	_, err = s.Submit(t.Context(), Megan, v.ID, nil)
	wantError(t, err, "not the topmost open modal")
	if r := must(s.CloseView(t.Context(), Megan, v.ID, true))(t); r.Error != "" {
		t.Errorf("closing: %+v", r)
	}
	if i := wait(t, got, "view_closed"); i.Type != slack.InteractionTypeViewClosed || !i.IsCleared {
		t.Errorf("closing sent %+v", i)
	}
	if n := len(must(s.Views(Megan))(t).Modals); n != 0 {
		t.Errorf("%d modals are open", n)
	}
	must(s.Shortcut(t.Context(), Megan, "restore_mailbox"))(t)
	_, err = api.PushViewContext(t.Context(), wait(t, got, "shortcut").TriggerID, form("Pushed"))
	wantError(t, err, "invalid_trigger_id")
}

// TestSubmit is long because its table is.
func TestSubmit(t *testing.T) {
	t.Parallel()
	who := map[string]map[string]any{"who": {"mailbox": map[string]any{"type": "plain_text_input", "value": "a@contoso.com"}}}
	broken := form(strings.Repeat("x", 25))
	next := form("Next")
	for _, tt := range []struct {
		name   string
		answer any
		want   SubmitResult
		modals string // titles of the modals that are open afterwards
	}{
		{"no payload closes", nil, SubmitResult{}, ""},
		{"clear", slack.NewClearViewSubmissionResponse(), SubmitResult{ResponseAction: "clear"}, ""},
		{"update", slack.NewUpdateViewSubmissionResponse(&next), SubmitResult{ResponseAction: "update"}, "Next "},
		{"push", slack.NewPushViewSubmissionResponse(&next), SubmitResult{ResponseAction: "push"}, "Restore Next "},
		{
			"errors", slack.NewErrorsViewSubmissionResponse(map[string]string{"who": "Unknown"}),
			SubmitResult{ResponseAction: "errors", Errors: map[string]string{"who": "Unknown"}},
			"Restore ",
		},
		{
			"errors elsewhere", slack.NewErrorsViewSubmissionResponse(map[string]string{"acts": "Unknown"}),
			SubmitResult{ResponseAction: "errors", Errors: map[string]string{"acts": "Unknown"}, Error: "trouble_connecting"},
			"Restore ",
		},
		{
			"broken view", slack.NewUpdateViewSubmissionResponse(&broken),
			SubmitResult{ResponseAction: "update", Error: "trouble_connecting"},
			"Restore ",
		},
		{"errors without any", map[string]any{"response_action": "errors"}, SubmitResult{ResponseAction: "errors", Error: "trouble_connecting"}, "Restore "},
		{"unknown action", map[string]any{"response_action": "dance"}, SubmitResult{ResponseAction: "dance", Error: "trouble_connecting"}, "Restore "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, api, _ := workspace(t, Config{})
			got := interactions(t, api, func(i slack.InteractionCallback) any {
				if i.Type == slack.InteractionTypeViewSubmission {
					return tt.answer
				}
				return nil
			})
			v := opened(t, s, api, got)
			r := must(s.Submit(t.Context(), Megan, v.ID, who))(t)
			i := wait(t, got, "submission")
			if i.View.State.Values["who"]["mailbox"].Value != "a@contoso.com" || i.View.CallbackID != "restore" || i.View.PrivateMetadata != "secret" {
				t.Errorf("submission: %+v", i.View)
			}
			if r.AckMS <= 0 {
				t.Errorf("ack_ms is %v", r.AckMS)
			}
			r.AckMS = 0
			if fmt.Sprint(r) != fmt.Sprint(tt.want) {
				t.Errorf("result is %+v, want %+v", r, tt.want)
			}
			titles := ""
			for _, m := range must(s.Views(Megan))(t).Modals {
				titles += plain(m["title"]) + " "
			}
			if titles != tt.modals {
				t.Errorf("open are %q, want %q", titles, tt.modals)
			}
		})
	}
}

func TestSubmitChecksInTheClient(t *testing.T) {
	t.Parallel()
	s, api, _ := workspace(t, Config{})
	got := interactions(t, api, nil)
	v := opened(t, s, api, got)
	r := must(s.Submit(t.Context(), Megan, v.ID, nil))(t)
	if r.Errors["who"] == "" || r.Errors["why"] != "" || r.AckMS != 0 {
		t.Errorf("without what is required: %+v", r)
	}
	r = must(s.Submit(t.Context(), Megan, v.ID, map[string]map[string]any{"who": {"mailbox": strings.Repeat("x", 3001)}}))(t)
	if r.Errors["who"] == "" {
		t.Errorf("with too long a text: %+v", r)
	}
	for _, state := range []map[string]map[string]any{{"none": {"mailbox": "x"}}, {"who": {"none": "x"}}, {"who": {"mailbox": true}}, {"acts": {"choice.more": "x"}}} {
		if _, err := s.Submit(t.Context(), Megan, v.ID, state); err == nil {
			t.Errorf("the state %v was taken", state)
		}
	}
	_, err := s.Submit(t.Context(), Alex, v.ID, nil)
	wantError(t, err, "not the topmost open modal")
	if len(got) != 0 {
		t.Error("something was sent")
	}
}

func TestSubmitTimesOut(t *testing.T) {
	t.Parallel()
	s, api, _ := workspace(t, Config{AckTimeout: 50 * time.Millisecond})
	c := hello(t, api)
	go func() { _, _ = s.Shortcut(context.Background(), Megan, "restore_mailbox") }()
	e := c.read()
	c.ack(e, nil)
	payload, _ := e["payload"].(map[string]any)
	v := must(api.OpenViewContext(t.Context(), fmt.Sprint(payload["trigger_id"]), form("Restore")))(t)
	r := must(s.Submit(t.Context(), Megan, v.ID, map[string]map[string]any{"who": {"mailbox": "x"}}))(t)
	if r.Error != "operation_timeout" || len(must(s.Views(Megan))(t).Modals) != 1 {
		t.Errorf("result: %+v", r)
	}
}

func TestHome(t *testing.T) {
	t.Parallel()
	s, api, _ := workspace(t, Config{})
	events := make(chan string, 10)
	connect(t, api, func(evt socketmode.Event) any {
		events <- string(evt.Request.Payload)
		return nil
	})
	home := slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: []slack.Block{slack.NewDividerBlock()}}}
	if r := must(s.Home(t.Context(), Megan))(t); r.Error != "" || r.AckMS <= 0 {
		t.Errorf("home: %+v", r)
	}
	if e := wait(t, events, "event"); !strings.Contains(e, `"type":"app_home_opened"`) || strings.Contains(e, `"view"`) {
		t.Errorf("event: %s", e)
	}
	if must(s.Views(Megan))(t).Home != nil {
		t.Error("there is a Home tab before one was published")
	}
	first := must(api.PublishViewContext(t.Context(), slack.PublishViewContextRequest{UserID: Megan, View: home}))(t)
	stale := "1.none"
	_, err := api.PublishViewContext(t.Context(), slack.PublishViewContextRequest{UserID: Megan, View: home, Hash: &stale})
	wantError(t, err, "hash_conflict")
	second := must(api.PublishViewContext(t.Context(), slack.PublishViewContextRequest{UserID: Megan, View: home, Hash: &first.Hash}))(t)
	if second.ID != first.ID || must(s.Views(Megan))(t).Home["id"] != first.ID || must(s.Views(Alex))(t).Home != nil {
		t.Errorf("Home tabs: %+v, %+v", first, second)
	}
	must(s.Home(t.Context(), Megan))(t)
	if e := wait(t, events, "event"); !strings.Contains(e, first.ID) {
		t.Errorf("the second event lacks the view: %s", e)
	}
	_, err = api.PublishViewContext(t.Context(), slack.PublishViewContextRequest{UserID: "U0NOBODY", View: home})
	wantError(t, err, "invalid_arguments")
	_, off, _ := workspace(t, Config{HomeOff: true})
	_, err = off.PublishViewContext(t.Context(), slack.PublishViewContextRequest{UserID: Megan, View: home})
	wantError(t, err, "not_enabled")
}

func TestExternalIDs(t *testing.T) {
	t.Parallel()
	s, api, _ := workspace(t, Config{})
	got := interactions(t, api, nil)
	v := opened(t, s, api, got)
	named := form("Named")
	named.ExternalID = "request-1"
	must(api.UpdateViewContext(t.Context(), named, "", "", v.ID))(t)
	if again := must(api.UpdateViewContext(t.Context(), named, "request-1", "", ""))(t); again.ID != v.ID {
		t.Errorf("the external id names %+v", again)
	}
	if r := must(s.Shortcut(t.Context(), Alex, "restore_mailbox"))(t); r.Error != "" {
		t.Fatal(r.Error)
	}
	_, err := api.OpenViewContext(t.Context(), wait(t, got, "shortcut").TriggerID, named)
	wantError(t, err, "duplicate_external_id")
}
