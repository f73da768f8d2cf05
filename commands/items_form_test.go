package commands

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"

	"mailback/bot"
	"mailback/internal/slackfake"
	"mailback/recovery"
)

// ownList is a list of n items of the owner's, all ticked; every third says "report".
func ownList(n int) recovery.OwnList {
	own := recovery.OwnList{Listing: "0a1b"}
	for i := range n {
		subject := "XYZZY-subject"
		if i%3 == 0 {
			subject = "XYZZY-subject report"
		}
		own.Items = append(own.Items, recovery.OwnItem{N: i + 1, Item: recovery.Item{
			EntryID: fmt.Sprint("e", i), Folder: "Inbox", ModifiedAt: at(-i), Subject: recovery.Private(subject), From: "XYZZY-sender@contoso.com",
		}})
		own.Ticked = own.Ticked.Set(i+1, true)
	}
	return own
}

// modal gives somebody's form as it is now, once it has that many blocks or more.
func modal(t *testing.T, s *slackfake.Server, user string, so func(slack.View) bool) (v slack.View) {
	t.Helper()
	eventually(t, "the form", func() bool {
		views, err := s.Views(user)
		if err != nil || len(views.Modals) != 1 {
			return false
		}
		raw, err := json.Marshal(views.Modals[0])
		if err != nil {
			t.Fatal(err)
		}
		v = slack.View{}
		if err := json.Unmarshal(raw, &v); err != nil {
			t.Fatal(err)
		}
		return so(v)
	})
	return v
}

// boxes gives a form's field and what is ticked in it.
func boxes(v slack.View) (block string, all, ticked []string) {
	for _, b := range v.Blocks.BlockSet {
		in, ok := b.(*slack.InputBlock)
		if !ok {
			continue
		}
		e := in.Element.(*slack.CheckboxGroupsBlockElement)
		for _, o := range e.Options {
			all = append(all, o.Value)
		}
		for _, o := range e.InitialOptions {
			ticked = append(ticked, o.Value)
		}
		block = in.BlockID
	}
	return block, all, ticked
}

func onPage(values ...string) func(slack.View) bool {
	return func(v slack.View) bool { _, all, _ := boxes(v); return slices.Equal(all, values) }
}

func TestOwnerTicksItemsOverASocket(t *testing.T) {
	t.Parallel()
	s, api := workspace(t)
	d := &desk{own: ownList(33)}
	serve(t, api, d)
	out, err := s.Command(t.Context(), slackfake.Megan, "", "/restore-mailbox items adelev@contoso.com folder:Inbox subject:report lost it")
	if err != nil || out.Error != "" {
		t.Fatal(out, err)
	}
	wantText(t, out.Reply, "R-142", "deleted items", adele)
	v := modal(t, s, slackfake.Megan, onPage("1", "4", "7", "10", "13", "16", "19", "22", "25", "28"))
	if _, all, ticked := boxes(v); !slices.Equal(all, ticked) || strings.Contains(v.PrivateMetadata, "report") || strings.Contains(v.PrivateMetadata, "XYZZY") {
		t.Errorf("ticked %v, metadata %q", ticked, v.PrivateMetadata)
	}
	click := func(action, value string) {
		t.Helper()
		out, err := s.Click(t.Context(), slackfake.ClickRequest{User: slackfake.Megan, ViewID: v.ID, ActionID: action, Value: value})
		if err != nil || out.Error != "" {
			t.Fatal(action, out, err)
		}
	}
	click(itemsField, "1,7,28") // three of the first page stay ticked
	click(itemsNext, "")
	v = modal(t, s, slackfake.Megan, onPage("31"))
	click(itemsPrevious, "")
	v = modal(t, s, slackfake.Megan, onPage("1", "4", "7", "10", "13", "16", "19", "22", "25", "28"))
	if _, _, ticked := boxes(v); !slices.Equal(ticked, []string{"1", "7", "28"}) {
		t.Errorf("after paging, ticked %v", ticked)
	}
	block, _, _ := boxes(v)
	state := map[string]map[string]any{block: {itemsField: map[string]any{"type": "checkboxes", "selected_options": []any{map[string]any{"value": "7"}}}}}
	if out, err := s.Submit(t.Context(), slackfake.Megan, v.ID, state); err != nil || out.Error != "" || len(out.Errors) > 0 {
		t.Fatalf("%+v %v", out, err)
	}
	got := d.taken()
	if len(got) != 1 || got[0].Action != recovery.ChooseItems || got[0].Value != "0a1b:[7 31]" || got[0].By != actor(slackfake.Megan) {
		t.Errorf("clicks %+v", got)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	want := recovery.Ask{Query: address(adele), Items: &recovery.ItemWish{Folder: "Inbox", Pick: true}, Reason: "lost it"}
	if len(d.asks) != 1 || cmp.Diff(want, d.asks[0].Ask) != "" {
		t.Errorf("asked %+v", d.asks)
	}
}

func TestItemsFormTellsWhatIsInTheWay(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		d    *desk
		want string
	}{
		"not the owner": {&desk{note: &recovery.Note{Code: recovery.NoteNotOwner}}, "folder:"},
		"no match":      {&desk{own: ownList(0)}, "No deleted item of this mailbox matches"},
		"not yet there": {&desk{note: &recovery.Note{Code: recovery.NoteState, Args: []string{"pending"}}}, "waiting for approval"},
	} {
		var log bytes.Buffer
		h := New(Config{Service: tt.d, Slack: tt.d, Language: "en", Now: func() time.Time { return at(0) }, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		reply := h.Command(t.Context(), slack.SlashCommand{
			TeamID: "T0CONTOSO1", UserID: requester, Text: "items adelev@contoso.com subject:XYZZY", TriggerID: "1.2.abc", ResponseURL: "https://hooks.example/1",
		})
		reply.After(t.Context())
		raw, err := json.Marshal(tt.d.views)
		if err != nil || len(tt.d.views) != 2 || !strings.Contains(string(raw), tt.want) {
			t.Errorf("%s: %v %.300s", name, err, raw)
		}
		payload, err := json.Marshal(reply.Payload)
		if err != nil || strings.Contains(log.String()+string(payload), "XYZZY") || strings.Contains(fmt.Sprintf("%+v", tt.d.asks), "XYZZY") {
			t.Errorf("%s: what is private was logged, answered or recorded", name)
		}
	}
}

func TestItemsFormStaysWithinSlacksLimits(t *testing.T) {
	t.Parallel()
	h := handlers(&desk{})
	for _, n := range []int{1, 10, 11, 500, 10_000} {
		own := ownList(n)
		for i := range own.Items {
			own.Items[i].Subject, own.Items[i].From, own.Items[i].Folder = hostile+recovery.Private(strings.Repeat("ā", 500)), "", strings.Repeat("f", 300)
		}
		odd := recovery.TicksOf()
		for i := 1; i <= n; i += 2 {
			odd = odd.Set(i, true)
		}
		view := h.itemsPage(itemsMeta{Request: 142, Listing: own.Listing, Page: 1, Channel: approvals, TS: "1764060000.000100"}, own, nil, odd)
		if len(view.PrivateMetadata) > maxMetadata || view.Submit == nil {
			t.Errorf("%d items: %d characters of metadata, submit %v", n, len(view.PrivateMetadata), view.Submit)
		}
	}
	own := ownList(3_000) // of a search
	all := own.Ticked
	if view := h.itemsPage(itemsMeta{Request: 142, Shown: "x"}, own, all, all); len(view.PrivateMetadata) > maxMetadata {
		t.Errorf("%d characters of metadata", len(view.PrivateMetadata))
	}
}

func TestPack(t *testing.T) {
	t.Parallel()
	for _, numbers := range [][]int{nil, {1}, {10_000}, {1, 2, 3, 5, 8, 13, 9_999}, {200, 400, 600}} {
		ticks := recovery.TicksOf(numbers...)
		if got := unpack(pack(ticks)); !slices.Equal(got.Numbers(), ticks.Numbers()) {
			t.Errorf("%v came back as %v", numbers, got.Numbers())
		}
	}
	for _, bad := range []string{"", "x", "d!", "b!", "d_____w", "d" + strings.Repeat("_", 40)} {
		if got := unpack(bad); got.Count() != 0 {
			t.Errorf("%q is %v", bad, got.Numbers())
		}
	}
}

func TestChooseItemsButtonOpensTheForm(t *testing.T) {
	t.Parallel()
	s, api := workspace(t)
	d := &desk{own: ownList(3)}
	serve(t, api, d)
	card := find(t, sceneOf(t, "items-owner"), recovery.CardRequester)
	ts := post(t, api, slackfake.Megan, card.Body)
	messages, err := s.Messages(slackfake.Megan)
	if err != nil || len(messages) == 0 {
		t.Fatal(messages, err)
	}
	channel := messages[len(messages)-1].Channel
	out, err := s.Click(t.Context(), slackfake.ClickRequest{User: slackfake.Megan, Channel: channel, TS: ts, ActionID: string(recovery.ChooseItems)})
	if err != nil || out.Error != "" {
		t.Fatal(out, err)
	}
	v := modal(t, s, slackfake.Megan, onPage("1", "2", "3"))
	block, _, _ := boxes(v)
	none := map[string]map[string]any{block: {itemsField: map[string]any{"type": "checkboxes", "selected_options": []any{}}}}
	if out, err := s.Submit(t.Context(), slackfake.Megan, v.ID, none); err != nil || len(out.Errors) != 1 {
		t.Fatalf("nothing ticked: %+v %v", out, err)
	}
	some := map[string]map[string]any{block: {itemsField: map[string]any{"type": "checkboxes", "selected_options": []any{map[string]any{"value": "2"}}}}}
	if out, err := s.Submit(t.Context(), slackfake.Megan, v.ID, some); err != nil || len(out.Errors) > 0 {
		t.Fatalf("%+v %v", out, err)
	}
	if got := d.taken(); len(got) != 1 || got[0].Value != "0a1b:[2]" || got[0].TS != ts || got[0].Channel != channel {
		t.Errorf("clicks %+v", got)
	}
}

// refusing is a Slack that does not take the first form that it is to show.
type refusing struct {
	*desk

	err error
}

func (s *refusing) UpdateView(ctx context.Context, id, hash string, v slack.ModalViewRequest) (*slack.View, error) {
	if err := s.err; err != nil {
		s.err = nil
		return nil, err
	}
	return s.desk.UpdateView(ctx, id, hash, v)
}

// TestAFormThatSlackRefusesSaysSo: it would say "Looking…" for ever. One that was closed, or that a later click was faster with, is
// left alone.
func TestAFormThatSlackRefusesSaysSo(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err   error
		views int
	}{
		"too long":  {errors.New("block 2 (input) option 1 text has 76, may have 1 to 75"), 2},
		"invalid":   {&bot.Error{Method: "views.update", Code: "invalid_arguments", Verdict: bot.Refused}, 2},
		"no answer": {&bot.Error{Method: "views.update", Code: "network"}, 2},
		"closed":    {&bot.Error{Method: "views.update", Code: "not_found", Verdict: bot.Refused}, 1},
		"too slow":  {&bot.Error{Method: "views.update", Code: "hash_conflict", Verdict: bot.Refused}, 1},
	} {
		d := &desk{own: ownList(3)}
		s := &refusing{desk: d, err: tt.err}
		h := New(Config{Service: d, Slack: s, Language: "en", Now: func() time.Time { return at(0) }, Logger: slog.New(slog.DiscardHandler)})
		if !h.showItems(t.Context(), actor(requester), "1.2.abc", itemsMeta{Request: 142}, recovery.OwnFilter{}) {
			t.Errorf("%s: not opened", name)
		}
		last, err := json.Marshal(d.views[len(d.views)-1])
		if err != nil || len(d.views) != tt.views || strings.Contains(string(last), "I could not read the items just now") != (tt.views == 2) {
			t.Errorf("%s: %d views, the last %s", name, len(d.views), last)
		}
	}
}

// TestEmojiInTheForm has subjects that are longer than an option takes.
func TestEmojiInTheForm(t *testing.T) {
	t.Parallel()
	own := ownList(1)
	own.Items[0].Subject = "🎉 Last chance: everything in our autumn collection is now twenty percent cheaper until Sunday"
	view := handlers(&desk{}).itemsPage(itemsMeta{Request: 142, Listing: "0a1b"}, own, nil, own.Ticked)
	if err := bot.CheckView(view); err != nil {
		t.Error(err)
	}
}
