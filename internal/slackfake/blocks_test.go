package slackfake

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/slack-go/slack"
)

// TestBlockLimits is long because its table is.
func TestBlockLimits(t *testing.T) {
	t.Parallel()
	_, _, base := workspace(t, Config{NoRateLimits: true})
	x := func(n int) string { return strings.Repeat("x", n) }
	many := func(n int, f func(i int) string) string {
		parts := make([]string, n)
		for i := range parts {
			parts[i] = f(i)
		}
		return strings.Join(parts, ",")
	}
	plainText := func(n int) string { return `{"type":"plain_text","text":"` + x(n) + `"}` }
	button := func(more string) string {
		return `{"type":"actions","elements":[{"type":"button","action_id":"a","text":` + plainText(1) + more + `}]}`
	}
	section := func(n int) string { return `{"type":"section","text":{"type":"mrkdwn","text":"` + x(n) + `"}}` }
	divider := func(int) string { return `{"type":"divider"}` }
	menu := func(options string) string {
		return `{"type":"section","text":` + plainText(1) + `,"accessory":{"type":"static_select","action_id":"s","options":[` + options + `]}}`
	}
	option := func(value int) string {
		return `{"text":` + plainText(1) + `,"value":"` + fmt.Sprintf("%0*d", value, 1) + `"}`
	}
	rich := func(run string) string {
		return `{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[` + run + `]}]}`
	}
	for _, tt := range []struct{ blocks, want string }{
		{section(3000), ""},
		{section(3001), "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"},
		{section(0), "must be more than 0 characters [json-pointer:/blocks/0/text/text]"},
		{`{"type":"section"}`, "missing required field: text [json-pointer:/blocks/0]"},
		{`{"type":"section","fields":[` + many(11, func(int) string { return plainText(1) }) + `]}`, "no more than 10 items allowed [json-pointer:/blocks/0/fields]"},
		{`{"type":"section","fields":[` + plainText(2001) + `]}`, "must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]"},
		{many(50, divider), ""},
		{many(51, divider), "no more than 50 items allowed [json-pointer:/blocks]"},
		{`{"type":"header","text":` + plainText(150) + `}`, ""},
		{`{"type":"header","text":` + plainText(151) + `}`, "must be less than 151 characters [json-pointer:/blocks/0/text/text]"},
		{`{"type":"header","text":{"type":"mrkdwn","text":"x"}}`, "must be a valid enum value [json-pointer:/blocks/0/text/type]"},
		{`{"type":"divider","color":"red"}`, "invalid additional property: color [json-pointer:/blocks/0]"},
		{`{"type":"divider","block_id":"b"},{"type":"divider","block_id":"b"}`, `"b" already exists [json-pointer:/blocks/1/block_id]`},
		{`{"type":"divider","block_id":"` + x(256) + `"}`, "must be less than 256 characters [json-pointer:/blocks/0/block_id]"},
		{`{"type":"alert","text":` + plainText(1) + `}`, "unsupported type: alert [json-pointer:/blocks/0/type]"},
		{`{"type":"wall"}`, "unsupported type: wall [json-pointer:/blocks/0/type]"},
		{`{"text":"x"}`, "missing required field: type [json-pointer:/blocks/0]"},
		{`"x"`, "must provide an object [json-pointer:/blocks/0]"},
		{`{"type":"context","elements":[` + many(11, func(int) string { return plainText(1) }) + `]}`, "no more than 10 items allowed [json-pointer:/blocks/0/elements]"},
		{`{"type":"context","elements":[]}`, "must provide at least 1 items [json-pointer:/blocks/0/elements]"},
		{`{"type":"actions","elements":[` + many(26, func(i int) string {
			return fmt.Sprintf(`{"type":"button","action_id":"a%d","text":%s}`, i, plainText(1))
		}) + `]}`, "no more than 25 items allowed [json-pointer:/blocks/0/elements]"},
		{`{"type":"actions","elements":[` + many(2, func(int) string {
			return `{"type":"button","action_id":"a","text":` + plainText(1) + `}`
		}) + `]}`, `"a" already exists [json-pointer:/blocks/0/elements/1/action_id]`},
		{button(`,"value":"` + x(2000) + `"`), ""},
		{button(`,"value":"` + x(2001) + `"`), "must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]"},
		{button(`,"style":"default"`), "must be a valid enum value [json-pointer:/blocks/0/elements/0/style]"},
		{button(`,"accessibility_label":"` + x(76) + `"`), "must be less than 76 characters"},
		{button(`,"url":"` + x(3001) + `"`), "must be less than 3001 characters"},
		{button(`,"confirm":{"title":` + plainText(101) + `,"text":` + plainText(1) + `}`), "[json-pointer:/blocks/0/elements/0/confirm/title/text]"},
		{button(`,"confirm":{"text":` + plainText(301) + `}`), "must be less than 301 characters"},
		{button(`,"confirm":{"text":` + plainText(1) + `,"deny":` + plainText(31) + `}`), "must be less than 31 characters"},
		{`{"type":"actions","elements":[{"type":"button","text":` + plainText(76) + `}]}`, "must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]"},
		{menu(option(75)), ""},
		{menu(option(76)), "must be less than 76 characters [json-pointer:/blocks/0/accessory/options/0/value]"},
		{menu(""), "must provide at least 1 items [json-pointer:/blocks/0/accessory/options]"},
		{menu(many(101, func(int) string { return option(1) })), "no more than 100 items allowed [json-pointer:/blocks/0/accessory/options]"},
		{`{"type":"image","image_url":"https://x","alt_text":"` + x(2001) + `"}`, "must be less than 2001 characters"},
		{`{"type":"image","image_url":"https://x"}`, "missing required field: alt_text"},
		{`{"type":"input","label":` + plainText(2001) + `,"element":{"type":"plain_text_input","action_id":"a"}}`, "must be less than 2001 characters"},
		{`{"type":"input","label":` + plainText(1) + `}`, "missing required field: element"},
		{`{"type":"input","label":` + plainText(1) + `,"element":{"type":"button","action_id":"a","text":` + plainText(1) + `}}`, "unsupported type: button"},
		{`{"type":"input","label":` + plainText(1) + `,"element":{"type":"plain_text_input","placeholder":` + plainText(151) + `}}`, "must be less than 151 characters"},
		{`{"type":"input","label":` + plainText(1) + `,"element":{"type":"datepicker","initial_date":"22.11.2026"}}`, "must be a valid date"},
		{rich(`{"type":"text","text":"<!channel>","style":{"bold":true}}`), ""},
		{rich(`{"type":"text","text":""}`), "must be more than 0 characters [json-pointer:/blocks/0/elements/0/elements/0/text]"},
		{rich(`{"type":"text","text":"x","style":{"blink":true}}`), "invalid additional property: blink"},
		{rich(`{"type":"sound"}`), "unsupported type: sound"},
		{`{"type":"markdown","text":"` + x(12001) + `"}`, "must be less than 12001 characters"},
	} {
		body := url.Values{"channel": {GeneralID}, "blocks": {"[" + tt.blocks + "]"}}.Encode()
		_, answer := postTo(t, base, "chat.postMessage", BotToken, formType, body)
		got, short := fmt.Sprint(answer["response_metadata"]), tt.blocks
		if len(short) > 120 {
			short = short[:120]
		}
		switch {
		case tt.want == "" && answer["ok"] != true:
			t.Errorf("%s: %v", short, answer)
		case tt.want != "" && (answer["error"] != "invalid_blocks" || !strings.Contains(got, tt.want)):
			t.Errorf("%s: %v, want %q", short, answer, tt.want)
		}
	}
	_, answer := postTo(t, base, "chat.postMessage", BotToken, formType, "channel="+GeneralID+"&blocks=%7B")
	if answer["error"] != "invalid_blocks_format" {
		t.Errorf("broken JSON: %v", answer)
	}
}

// TestSlackGoBlocksPass sends what slack-go makes of every element that it has for messages.
func TestSlackGoBlocksPass(t *testing.T) {
	t.Parallel()
	_, api, _ := workspace(t, Config{})
	text := func(s string) *slack.TextBlockObject { return slack.NewTextBlockObject("plain_text", s, true, false) }
	options := []*slack.OptionBlockObject{slack.NewOptionBlockObject("1", text("one"), text("first")), slack.NewOptionBlockObject("2", text("two"), nil)}
	button := slack.NewButtonBlockElement("b", "v", text("Go")).WithStyle(slack.StylePrimary).
		WithConfirm(slack.NewConfirmationBlockObject(text("Sure?"), text("It acts."), text("Yes"), text("No")))
	list := slack.NewRichTextList(slack.RTEListBullet, 0, slack.NewRichTextSection(slack.NewRichTextSectionTextElement("x", nil)))
	_, _, err := api.PostMessageContext(t.Context(), GeneralID, slack.MsgOptionBlocks(
		slack.NewHeaderBlock(text("Header")), slack.NewDividerBlock(),
		slack.NewSectionBlock(text("x"), []*slack.TextBlockObject{text("y")}, slack.NewAccessory(slack.NewOverflowBlockElement("o", options...))),
		slack.NewContextBlock("", text("x"), slack.NewImageBlockElement("https://example.com/x.png", "x")),
		slack.NewActionBlock("", button, slack.NewOptionsSelectBlockElement("static_select", text("p"), "s", options...),
			slack.NewRadioButtonsBlockElement("r", options...), slack.NewCheckboxGroupsBlockElement("c", options...),
			slack.NewDatePickerBlockElement("d"), slack.NewTimePickerBlockElement("t")),
		slack.NewInputBlock("", text("Label"), text("Hint"), slack.NewPlainTextInputBlockElement(text("p"), "i")),
		slack.NewRichTextBlock("", slack.NewRichTextSection(slack.NewRichTextSectionUserElement(Megan, nil)), list,
			&slack.RichTextPreformatted{Type: slack.RTEPreformatted, Elements: []slack.RichTextSectionElement{slack.NewRichTextSectionTextElement("x", nil)}}),
		slack.NewImageBlock("https://example.com/x.png", "x", "", text("t")),
	))
	if err != nil {
		t.Errorf("%#v", err)
	}
}

func TestMissingIDsAreFilledIn(t *testing.T) {
	t.Parallel()
	s, api, _ := workspace(t, Config{})
	channel, ts, err := api.PostMessageContext(t.Context(), GeneralID, slack.MsgOptionBlocks(
		slack.NewActionBlock("", slack.NewButtonBlockElement("", "v", slack.NewTextBlockObject("plain_text", "Go", false, false)))))
	if err != nil {
		t.Fatal(err)
	}
	m := s.channels[channel].byTS[ts]
	b, _ := m.blocks[0].(map[string]any)
	if b["block_id"] == "" || blockElements(b)[0]["action_id"] == nil {
		t.Errorf("blocks are %v", m.blocks)
	}
}
