package slackfake

import (
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"
)

// said returns what a person sees, as lines "author: text".
func said(t *testing.T, s *Server, user string) []string {
	t.Helper()
	var lines []string
	for _, m := range must(s.Messages(user))(t) {
		line := m.Author + ": " + m.Text
		if m.Ephemeral {
			line += " (only you)"
		}
		if m.Edited {
			line += " (edited)"
		}
		lines = append(lines, line)
	}
	return lines
}

func wantSaid(t *testing.T, s *Server, user string, want ...string) {
	t.Helper()
	if got := said(t, s, user); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s sees %q, want %q", user, got, want)
	}
}

func TestDirectMessages(t *testing.T) {
	t.Parallel()
	s, api, _ := workspace(t, Config{NoRateLimits: true})
	send := func(to string) (string, string, error) {
		return api.PostMessageContext(t.Context(), to, slack.MsgOptionText("hello", false))
	}
	channel, ts, err := send(Megan)
	if err != nil || channel[0] != 'D' {
		t.Fatalf("posting to a person went to %q, %v", channel, err)
	}
	wantSaid(t, s, Megan, BotUser+": hello")
	wantSaid(t, s, Joni)
	_, _, _, err = api.UpdateMessageContext(t.Context(), Megan, ts, slack.MsgOptionText("changed", false))
	wantError(t, err, "channel_not_found")
	if _, _, _, err = api.UpdateMessageContext(t.Context(), channel, ts, slack.MsgOptionText("changed", false)); err != nil {
		t.Error(err)
	}
	wantSaid(t, s, Megan, BotUser+": changed (edited)")
	for user, want := range map[string]string{
		OtherBot: "cannot_dm_bot", Deactivated: "user_disabled", "U0NOBODY": "channel_not_found", Stranger: "channel_not_found",
		"C0NOWHERE": "channel_not_found",
	} {
		_, _, err := send(user)
		wantError(t, err, want)
	}
	if err := s.ChangePerson(Megan, func(p *Person) { p.DMError = "messages_tab_disabled" }); err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{Megan, channel} {
		_, _, err := send(to)
		wantError(t, err, "messages_tab_disabled")
	}
	if _, _, err := send(External); err != nil {
		t.Errorf("a bot may write to people of connected organisations: %v", err)
	}
}

func TestUpdateKeepsSlacksRules(t *testing.T) {
	t.Parallel()
	s, api, _ := workspace(t, Config{NoRateLimits: true})
	channel, ts, err := api.PostMessageContext(t.Context(), GeneralID, slack.MsgOptionText("one", false), buttonBlocks("request.confirm", "R-1"))
	if err != nil {
		t.Fatal(err)
	}
	update := func(ts string, options ...slack.MsgOption) error {
		_, _, _, err := api.UpdateMessageContext(t.Context(), channel, ts, options...)
		return err
	}
	shown := func() MessageInfo { return must(s.Messages(Megan))(t)[0] }
	if err := update(ts, slack.MsgOptionText("two", false), buttonBlocks("request.cancel", "R-1")); err != nil {
		t.Fatal(err)
	}
	if m := shown(); m.Edited || len(m.Blocks) != 2 || m.Text != "two" {
		t.Errorf("after an update with blocks: %+v", m)
	}
	if err := update(ts, slack.MsgOptionText("three", false)); err != nil {
		t.Fatal(err)
	}
	if m := shown(); !m.Edited || len(m.Blocks) != 0 {
		t.Errorf("after an update without blocks: %+v", m)
	}
	wantError(t, update(ts, slack.MsgOptionText(strings.Repeat("x", 4001), false)), "msg_too_long")
	wantError(t, update(ts, slack.MsgOptionBlocks()), "no_text")
	wantError(t, update("1.000001", slack.MsgOptionText("x", false)), "message_not_found")
	ephemeral, err := api.PostEphemeralContext(t.Context(), channel, Megan, slack.MsgOptionText("psst", false))
	if err != nil {
		t.Fatal(err)
	}
	wantError(t, update(ephemeral, slack.MsgOptionText("x", false)), "message_not_found")
	s.mu.Lock()
	foreign := s.post(s.channels[channel], Megan, "", "", content{text: "mine"}).ts
	s.mu.Unlock()
	wantError(t, update(foreign, slack.MsgOptionText("x", false)), "cant_update_message")
	_, _, err = api.DeleteMessageContext(t.Context(), channel, foreign)
	wantError(t, err, "cant_delete_message")
	if _, _, err = api.DeleteMessageContext(t.Context(), channel, ts); err != nil {
		t.Error(err)
	}
	wantError(t, update(ts, slack.MsgOptionText("x", false)), "message_not_found")
	wantSaid(t, s, Megan, BotUser+": psst (only you)", Megan+": mine")
	wantSaid(t, s, Joni, Megan+": mine")
}

func TestPosting(t *testing.T) {
	t.Parallel()
	s, api, _ := workspace(t, Config{NoRateLimits: true})
	post := func(channel string, options ...slack.MsgOption) (string, error) {
		_, ts, err := api.PostMessageContext(t.Context(), channel, options...)
		return ts, err
	}
	_, err := post(GeneralID)
	wantError(t, err, "no_text")
	long := must(post("#general", slack.MsgOptionText(strings.Repeat("x", 40001), false)))(t)
	if n := len(must(s.Messages(Megan))(t)[0].Text); n != 40000 {
		t.Errorf("a long text has %d characters", n)
	}
	reply := must(post(GeneralID, slack.MsgOptionText("reply", false), slack.MsgOptionTS(long)))(t)
	if m := must(s.Messages(Megan))(t)[1]; m.ThreadTS != long || m.TS != reply {
		t.Errorf("the reply is %+v", m)
	}
	must(post(GeneralID, slack.MsgOptionText("orphan", false), slack.MsgOptionTS("1700000000.000001")))(t)
	if m := must(s.Messages(Megan))(t)[2]; m.ThreadTS != "" {
		t.Errorf("the reply to nothing is %+v", m)
	}
	_, err = post(GeneralID, slack.MsgOptionText("x", false), slack.MsgOptionTS("yesterday"))
	wantError(t, err, "invalid_thread_ts")
	link := must(api.GetPermalinkContext(t.Context(), &slack.PermalinkParameters{Channel: GeneralID, Ts: reply}))(t)
	if !strings.Contains(link, "/archives/"+GeneralID+"/p"+strings.ReplaceAll(reply, ".", "")+"?thread_ts="+long) {
		t.Errorf("the permalink is %s", link)
	}
	if err := s.ChangeMembers(GeneralID, nil, []string{BotUser}); err != nil {
		t.Fatal(err)
	}
	_, err = post(GeneralID, slack.MsgOptionText("x", false))
	wantError(t, err, "not_in_channel")
	_, err = api.PostEphemeralContext(t.Context(), ApprovalsID, Megan, slack.MsgOptionText("x", false))
	wantError(t, err, "user_not_in_channel")
}

func TestHistoryAndMetadata(t *testing.T) {
	t.Parallel()
	_, api, _ := workspace(t, Config{NoRateLimits: true})
	var first string
	for _, text := range []string{"one", "two", "three"} {
		_, ts, err := api.PostMessageContext(t.Context(), GeneralID, slack.MsgOptionText(text, false), slack.MsgOptionMetadata(slack.SlackMetadata{
			EventType: "request", EventPayload: map[string]any{"id": text},
		}))
		if err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = ts
		}
	}
	if _, _, err := api.PostMessageContext(t.Context(), GeneralID, slack.MsgOptionText("reply", false), slack.MsgOptionTS(first)); err != nil {
		t.Fatal(err)
	}
	page := must(api.GetConversationHistoryContext(t.Context(), &slack.GetConversationHistoryParameters{
		ChannelID: GeneralID, Limit: 2, IncludeAllMetadata: true,
	}))(t)
	if len(page.Messages) != 2 || page.Messages[0].Text != "three" || !page.HasMore || page.Messages[0].Metadata.EventPayload["id"] != "three" {
		t.Errorf("history: %+v", page)
	}
	page = must(api.GetConversationHistoryContext(t.Context(), &slack.GetConversationHistoryParameters{
		ChannelID: GeneralID, Oldest: first, Cursor: page.ResponseMetaData.NextCursor,
	}))(t)
	if len(page.Messages) != 0 {
		t.Errorf("after the first there is %+v", page.Messages)
	}
	thread, _, _, err := api.GetConversationRepliesContext(t.Context(), &slack.GetConversationRepliesParameters{ChannelID: GeneralID, Timestamp: first})
	if err != nil || len(thread) != 2 || thread[1].Text != "reply" || thread[0].ReplyCount != 1 {
		t.Errorf("replies: %+v, %v", thread, err)
	}
}

func TestReactions(t *testing.T) {
	t.Parallel()
	_, api, _ := workspace(t, Config{})
	_, ts, err := api.PostMessageContext(t.Context(), GeneralID, slack.MsgOptionText("x", false))
	if err != nil {
		t.Fatal(err)
	}
	at := slack.NewRefToMessage(GeneralID, ts)
	if err := api.AddReactionContext(t.Context(), "eyes", at); err != nil {
		t.Error(err)
	}
	wantError(t, api.AddReactionContext(t.Context(), "eyes", at), "already_reacted")
	if err := api.RemoveReactionContext(t.Context(), "eyes", at); err != nil {
		t.Error(err)
	}
	wantError(t, api.RemoveReactionContext(t.Context(), "eyes", at), "no_reaction")
	wantError(t, api.AddReactionContext(t.Context(), "not an emoji", at), "invalid_name")
}

func TestTimestampsNeverRepeat(t *testing.T) {
	t.Parallel()
	at := newClock() // stands still
	s, api, _ := workspace(t, Config{Now: at.now, NoRateLimits: true})
	seen := map[string]bool{}
	for range 3 {
		_, ts, err := api.PostMessageContext(t.Context(), GeneralID, slack.MsgOptionText("x", false))
		if err != nil {
			t.Fatal(err)
		}
		seen[ts] = true
	}
	at.advance(-24 * time.Hour)
	_, ts, err := api.PostMessageContext(t.Context(), GeneralID, slack.MsgOptionText("last", false))
	if err != nil {
		t.Fatal(err)
	}
	seen[ts] = true
	list := must(s.Messages(Megan))(t)
	if len(seen) != 4 || list[3].Text != "last" {
		t.Errorf("timestamps %v; last is %+v", seen, list[3])
	}
}
