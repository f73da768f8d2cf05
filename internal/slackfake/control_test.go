package slackfake

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
)

func TestPeople(t *testing.T) {
	t.Parallel()
	s, _, _ := workspace(t, Config{})
	roles := func() map[string]int {
		n := map[string]int{}
		for _, p := range s.People() {
			n[p.Role]++
		}
		return n
	}
	want := map[string]int{"requester": 5, "approver": 3, "guest": 2, "external": 1, "bot": 2}
	if got := roles(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("roles are %v, want %v", got, want)
	}
	if err := errors.Join(s.SetGroup(ApproverGroup, Joni, Patti), s.ChangePerson(Lee, func(p *Person) { p.Restricted = true })); err != nil {
		t.Fatal(err)
	}
	want = map[string]int{"requester": 5, "approver": 2, "guest": 3, "external": 1, "bot": 2}
	if got := roles(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("then roles are %v, want %v", got, want)
	}
}

func TestEscape(t *testing.T) {
	t.Parallel()
	s, _, _ := workspace(t, Config{})
	for typed, want := range map[string]string{
		"":                           "",
		"help":                       "help",
		"adelev@contoso.com please":  "<mailto:adelev@contoso.com|adelev@contoso.com> please",
		"as:o'neil+x@contoso.co.uk.": "as:<mailto:o'neil+x@contoso.co.uk|o'neil+x@contoso.co.uk>.",
		"@alexw, now":                "<@" + Alex + ">, now",
		"@Alex Wilber":               "<@" + Alex + ">",
		"@alexwilder @nobody":        "@alexwilder @nobody",
		"<@" + Alex + "> <@U0EVIL>":  "<@" + Alex + "> &lt;@U0EVIL&gt;",
		"#general #it-approvals":     "<#" + GeneralID + "|general> #it-approvals", // Megan does not see the second
		"https://x.example/?a=1&b=2": "<https://x.example/?a=1&amp;b=2>",
		"<!channel> a & b > c":       "&lt;!channel&gt; a &amp; b &gt; c",
		"jānis@ and ĀĒ":              "jānis@ and ĀĒ",
	} {
		s.mu.Lock()
		got := s.escape(typed, s.people[Megan])
		s.mu.Unlock()
		if got != want {
			t.Errorf("%q became %q, want %q", typed, got, want)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if got := s.escape("#it-approvals", s.people[Joni]); got != "<#"+ApprovalsID+"|>" {
		t.Errorf("a private channel became %q", got)
	}
}

func TestCommandPayload(t *testing.T) {
	t.Parallel()
	s, api, base := workspace(t, Config{})
	got := make(chan slack.SlashCommand, 10)
	connect(t, api, func(evt socketmode.Event) any {
		c, _ := evt.Data.(slack.SlashCommand)
		got <- c
		return map[string]any{"response_type": "ephemeral", "blocks": []any{map[string]any{
			"type": "section", "text": map[string]any{"type": "mrkdwn", "text": "R-1 recorded"},
		}}}
	})
	r := must(s.Command(t.Context(), Megan, "", "/restore-mailbox  adelev@contoso.com  R&D "))(t)
	c := wait(t, got, "command")
	if r.Reply != "R-1 recorded" || r.Error != "" {
		t.Errorf("result: %+v", r)
	}
	if c.Command != "/restore-mailbox" || c.Text != "<mailto:adelev@contoso.com|adelev@contoso.com>  R&amp;D" ||
		c.UserID != Megan || c.TeamID != TeamID || c.APIAppID != AppID || c.ChannelName != "directmessage" || c.ChannelID[0] != 'D' {
		t.Errorf("payload: %+v", c)
	}
	if !strings.HasPrefix(c.ResponseURL, base+"/response/") || c.TriggerID == "" {
		t.Errorf("links: %q, %q", c.ResponseURL, c.TriggerID)
	}
	wantSaid(t, s, Megan, BotUser+":  (only you)")
	must(s.Command(t.Context(), Lee, "#it-approvals", "/restore-mailbox help"))(t)
	if c := wait(t, got, "command"); c.ChannelID != ApprovalsID || c.ChannelName != "privategroup" {
		t.Errorf("in a private channel: %+v", c)
	}
	for _, tt := range []struct{ user, channel, line, want string }{
		{"U0NOBODY", "", "/restore-mailbox", "unknown user"},
		{Megan, ApprovalsID, "/restore-mailbox", "unknown channel"},
		{Megan, "", "/other", "not a command"},
		{Megan, "", "restore-mailbox", "not a command"},
		{External, "", "/restore-mailbox", "not shared with other organisations"},
		{Deactivated, "", "/restore-mailbox", "deactivated"},
		{Invited, "", "/restore-mailbox", "has not signed in"},
		{BotUser, "", "/restore-mailbox", "is a bot"},
	} {
		_, err := s.Command(t.Context(), tt.user, tt.channel, tt.line)
		wantError(t, err, tt.want)
	}
}

func TestInChannelReplyShowsTheCommand(t *testing.T) {
	t.Parallel()
	s, api, _ := workspace(t, Config{})
	reply := make(chan any, 2)
	connect(t, api, func(socketmode.Event) any { return <-reply })
	reply <- map[string]any{"response_type": "in_channel", "text": "seen"}
	must(s.Command(t.Context(), Megan, GeneralID, "/restore-mailbox a & b"))(t)
	wantSaid(t, s, Alex, Megan+": /restore-mailbox a &amp; b", BotUser+": seen")
	reply <- map[string]any{"blocks": []any{map[string]any{"type": "wall"}}}
	if r := must(s.Command(t.Context(), Megan, GeneralID, "/restore-mailbox"))(t); r.Error != "invalid_blocks" {
		t.Errorf("a reply that Slack cannot show: %+v", r)
	}
}

// interactions connects an app that passes interactions on, and acknowledges with what answers says.
func interactions(t *testing.T, api *slack.Client, answer func(slack.InteractionCallback) any) <-chan slack.InteractionCallback {
	t.Helper()
	got := make(chan slack.InteractionCallback, 100)
	connect(t, api, func(evt socketmode.Event) any {
		i, ok := evt.Data.(slack.InteractionCallback)
		if !ok {
			return nil
		}
		var payload any
		if answer != nil {
			payload = answer(i)
		}
		got <- i
		return payload
	})
	return got
}

func TestClickPayload(t *testing.T) {
	t.Parallel()
	s, api, _ := workspace(t, Config{})
	got := interactions(t, api, nil)
	if err := s.ChangeMembers(ApprovalsID, []string{External}, nil); err != nil { // as somebody who shares the channel does
		t.Fatal(err)
	}
	_, ts, err := api.PostMessageContext(t.Context(), ApprovalsID, slack.MsgOptionText("R-1", false), buttonBlocks("request.approve", "uuid-1"))
	if err != nil {
		t.Fatal(err)
	}
	click := ClickRequest{User: External, Channel: ApprovalsID, TS: ts, ActionID: "request.approve"}
	if r := must(s.Click(t.Context(), click))(t); r.Error != "" || r.AckMS <= 0 {
		t.Errorf("click: %+v", r)
	}
	i := wait(t, got, "click")
	a := i.ActionCallback.BlockActions[0]
	if i.Type != slack.InteractionTypeBlockActions || i.User.ID != External || i.User.TeamID != OtherTeamID || i.Team.ID != TeamID ||
		i.APIAppID != AppID || i.Channel.ID != ApprovalsID || i.Container.MessageTs != ts || i.Container.ChannelID != ApprovalsID ||
		i.Container.IsEphemeral || i.Message.Text != "R-1" || len(i.Message.Blocks.BlockSet) != 2 {
		t.Errorf("payload: %+v", i)
	}
	if a.ActionID != "request.approve" || a.BlockID != "acts" || a.Value != "uuid-1" || a.Text.Text != "Confirm" || a.ActionTs == "" {
		t.Errorf("action: %+v", a)
	}
	for _, tt := range []struct {
		change func(*ClickRequest)
		want   string
	}{
		{func(r *ClickRequest) { r.User = Megan }, "message_not_found"},
		{func(r *ClickRequest) { r.TS = "1.000001" }, "message_not_found"},
		{func(r *ClickRequest) { r.Channel = "C0NOWHERE" }, "message_not_found"},
		{func(r *ClickRequest) { r.ActionID = "request.deny" }, `there is no action "request.deny"; there are ["request.approve"]`},
		{func(r *ClickRequest) { r.BlockID = "other" }, "there is no action"},
		{func(r *ClickRequest) { r.User = Deactivated }, "deactivated"},
	} {
		r := click
		tt.change(&r)
		_, err := s.Click(t.Context(), r)
		wantError(t, err, tt.want)
	}
	if _, _, _, err := api.UpdateMessageContext(t.Context(), ApprovalsID, ts, slack.MsgOptionText("decided", false)); err != nil {
		t.Fatal(err)
	}
	_, err = s.Click(t.Context(), click)
	wantError(t, err, "there is no action")
}

func TestButtonTimesOut(t *testing.T) {
	t.Parallel()
	s, api, _ := workspace(t, Config{AckTimeout: 20 * time.Millisecond})
	hello(t, api)
	_, ts, err := api.PostMessageContext(t.Context(), GeneralID, buttonBlocks("a", "v"))
	if err != nil {
		t.Fatal(err)
	}
	if r := must(s.Click(t.Context(), ClickRequest{User: Megan, Channel: GeneralID, TS: ts, ActionID: "a"}))(t); r.Error != "operation_timeout" {
		t.Errorf("click: %+v", r)
	}
}

func TestMenusKeepTheirState(t *testing.T) {
	t.Parallel()
	s, api, base := workspace(t, Config{})
	got := interactions(t, api, nil)
	blocks := `[{"type":"actions","block_id":"b","elements":[
		{"type":"static_select","action_id":"choice.license","options":[{"text":{"type":"plain_text","text":"E3"},"value":"SPE_E3"},{"text":{"type":"plain_text","text":"E5"},"value":"SPE_E5"}]},
		{"type":"checkboxes","action_id":"choice.signin","options":[{"text":{"type":"plain_text","text":"Block"},"value":"block"},{"text":{"type":"plain_text","text":"Tell"},"value":"tell"}]},
		{"type":"datepicker","action_id":"date","initial_date":"2026-11-22"},
		{"type":"users_select","action_id":"who"},
		{"type":"overflow","action_id":"more","options":[{"text":{"type":"plain_text","text":"Later"},"value":"later"}]}]},
		{"type":"input","block_id":"i","label":{"type":"plain_text","text":"Reason"},"element":{"type":"plain_text_input","action_id":"reason"}},
		{"type":"input","block_id":"d","dispatch_action":true,"label":{"type":"plain_text","text":"Ticket"},"element":{"type":"plain_text_input","action_id":"ticket"}}]`
	body := must(json.Marshal(map[string]any{"channel": GeneralID, "blocks": json.RawMessage(blocks)}))(t)
	_, answer := postTo(t, base, "chat.postMessage", BotToken, jsonType, string(body))
	ts, _ := answer["ts"].(string)
	click := func(action, value string) (Outcome, error) {
		return s.Click(t.Context(), ClickRequest{User: Megan, Channel: GeneralID, TS: ts, ActionID: action, Value: value})
	}
	if r := must(click("reason", "a leaver"))(t); r != (Outcome{}) {
		t.Errorf("an input that sends nothing: %+v", r)
	}
	for _, tt := range []struct {
		action, value string
		want          func(a *slack.BlockAction) string
	}{
		{"choice.license", "SPE_E5", func(a *slack.BlockAction) string { return a.SelectedOption.Value }},
		{"choice.signin", "block,tell", func(a *slack.BlockAction) string {
			return a.SelectedOptions[0].Value + "," + a.SelectedOptions[1].Value
		}},
		{"date", "2026-11-23", func(a *slack.BlockAction) string { return a.SelectedDate }},
		{"who", Alex, func(a *slack.BlockAction) string { return a.SelectedUser }},
		{"more", "later", func(a *slack.BlockAction) string { return a.SelectedOption.Value }},
		{"ticket", "INC-7", func(a *slack.BlockAction) string { return a.Value }},
	} {
		if r := must(click(tt.action, tt.value))(t); r.Error != "" {
			t.Errorf("%s: %+v", tt.action, r)
		}
		i := wait(t, got, "choice")
		if v := tt.want(i.ActionCallback.BlockActions[0]); v != tt.value {
			t.Errorf("%s sent %q, want %q", tt.action, v, tt.value)
		}
		state := i.BlockActionState.Values
		if state["i"]["reason"].Value != "a leaver" || state["b"]["choice.license"].SelectedOption.Value != "SPE_E5" {
			t.Errorf("state at %s: %+v", tt.action, state)
		}
	}
	for action, value := range map[string]string{"choice.license": "SPE_E9", "choice.signin": "block,never", "date": "tomorrow", "more": "now"} {
		if _, err := click(action, value); err == nil {
			t.Errorf("%s took %q", action, value)
		}
	}
}

func TestResponseURL(t *testing.T) {
	t.Parallel()
	at := newClock()
	s, api, base := workspace(t, Config{Now: at.now, NoRateLimits: true})
	urls := make(chan string, 10)
	connect(t, api, func(evt socketmode.Event) any {
		switch d := evt.Data.(type) {
		case slack.SlashCommand:
			urls <- d.ResponseURL
		case slack.InteractionCallback:
			urls <- d.ResponseURL
		}
		return nil
	})
	must(s.Command(t.Context(), Megan, GeneralID, "/restore-mailbox"))(t)
	url := wait(t, urls, "response URL")
	for body, want := range map[string]string{
		`{"text":""}`: "no_text", `[]`: "invalid_payload", `{"blocks":[{"type":"wall"}]}`: "invalid_blocks",
		`{"text":"x","response_type":"loud"}`: "invalid_response_type",
	} {
		if status, answer := respondTo(t, url, body); status != http.StatusBadRequest || answer["error"] != want {
			t.Errorf("%s: %d %v", body, status, answer)
		}
	}
	for _, body := range []string{
		`{"text":"mine"}`, `{"text":"ours","response_type":"in_channel"}`, `{"text":"new","replace_original":true}`,
		`{"delete_original":true}`, `{"text":"fifth","metadata":{"event_type":"","event_payload":null},"blocks":null}`,
	} {
		if status, answer := respondTo(t, url, body); status != http.StatusOK || answer["ok"] != true {
			t.Errorf("%s: %d %v", body, status, answer)
		}
	}
	if status, answer := respondTo(t, url, `{"text":"sixth"}`); status != http.StatusNotFound || answer["error"] != "used_url" {
		t.Errorf("the sixth use: %d %v", status, answer)
	}
	wantSaid(t, s, Megan, BotUser+": mine (only you)", BotUser+": ours", BotUser+": new (only you)", BotUser+": fifth (only you)")
	wantSaid(t, s, Alex, BotUser+": ours")
	must(s.Command(t.Context(), Megan, GeneralID, "/restore-mailbox"))(t)
	late := wait(t, urls, "response URL")
	at.advance(30*time.Minute + time.Second)
	if status, answer := respondTo(t, late, `{"text":"late"}`); status != http.StatusNotFound || answer["error"] != "expired_url" {
		t.Errorf("half an hour later: %d %v", status, answer)
	}
	if _, answer := respondTo(t, base+"/response/T1/none", `{"text":"x"}`); answer["error"] != "invalid_url" {
		t.Errorf("an unknown URL: %v", answer)
	}
}

func TestResponseURLOfAClick(t *testing.T) {
	t.Parallel()
	s, api, _ := workspace(t, Config{NoRateLimits: true})
	got := interactions(t, api, nil)
	ephemeral, err := api.PostEphemeralContext(t.Context(), GeneralID, Megan, slack.MsgOptionText("only you", false), buttonBlocks("a", "v"))
	if err != nil {
		t.Fatal(err)
	}
	click := ClickRequest{User: Megan, Channel: GeneralID, TS: ephemeral, ActionID: "a"}
	_, err = s.Click(t.Context(), ClickRequest{User: Alex, Channel: GeneralID, TS: ephemeral, ActionID: "a"})
	if !errors.Is(err, ErrMessageNotFound) {
		t.Errorf("somebody else's ephemeral message: %v", err)
	}
	must(s.Click(t.Context(), click))(t)
	i := wait(t, got, "click")
	if !i.Container.IsEphemeral || i.Container.MessageTs != ephemeral || i.Message.Timestamp != "" {
		t.Errorf("payload: %+v", i)
	}
	respondTo(t, i.ResponseURL, `{"text":"changed","replace_original":true,"response_type":"in_channel"}`)
	wantSaid(t, s, Megan, BotUser+": changed (only you)") // it cannot become public
	wantSaid(t, s, Alex)
	respondTo(t, i.ResponseURL, `{"delete_original":true}`)
	wantSaid(t, s, Megan)
	_, ts, err := api.PostMessageContext(t.Context(), GeneralID, slack.MsgOptionText("card", false), buttonBlocks("a", "v"))
	if err != nil {
		t.Fatal(err)
	}
	click.TS = ts
	must(s.Click(t.Context(), click))(t)
	i = wait(t, got, "click")
	respondTo(t, i.ResponseURL, `{"text":"beside","thread_ts":"`+ts+`","replace_original":false}`)
	wantSaid(t, s, Megan, BotUser+": card", BotUser+": beside (only you)")
	respondTo(t, i.ResponseURL, `{"text":"over it","thread_ts":"`+ts+`"}`) // the trap: without replace_original
	wantSaid(t, s, Megan, BotUser+": over it", BotUser+": beside (only you)")
}
