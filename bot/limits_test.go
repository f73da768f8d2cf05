package bot

import (
	"fmt"
	"strings"
	"testing"

	"github.com/slack-go/slack"
)

func TestCheckBody(t *testing.T) {
	t.Parallel()
	x := func(n int) string { return strings.Repeat("x", n) }
	txt := func(n int) string { return `{"type":"plain_text","text":"` + x(n) + `"}` }
	blocks := func(b string) string { return `{"text":"t","blocks":[` + b + `]}` }
	button := func(fields string) string {
		return blocks(`{"type":"actions","elements":[{"type":"button",` + fields + `}]}`)
	}
	many := func(n int, of string) string { return strings.TrimSuffix(strings.Repeat(of+",", n), ",") }
	for _, c := range []struct{ name, at, over, says string }{
		{"text", `{"text":"` + x(4000) + `"}`, `{"text":"` + x(4001) + `"}`, "text has 4001"},
		{"text is needed", `{"text":"t"}`, `{"blocks":[]}`, "text has 0"},
		{"UTF-16", `{"text":"` + strings.Repeat("😀", 2000) + `"}`, `{"text":"` + strings.Repeat("😀", 2001) + `"}`, "text has 4002"},
		{"blocks", blocks(many(50, `{"type":"divider"}`)), blocks(many(51, `{"type":"divider"}`)), "blocks has 51"},
		{"block_id", blocks(`{"type":"divider","block_id":"` + x(255) + `"}`), blocks(`{"type":"divider","block_id":"` + x(256) + `"}`), "block_id has 256"},
		{"block_id twice", blocks(`{"type":"divider","block_id":"a"},{"type":"divider","block_id":"b"}`), blocks(many(2, `{"type":"divider","block_id":"a"}`)), "twice"},
		{"section text", blocks(`{"type":"section","text":` + txt(3000) + `}`), blocks(`{"type":"section","text":` + txt(3001) + `}`), "3001"},
		{"section without anything", blocks(`{"type":"section","fields":[` + txt(1) + `]}`), blocks(`{"type":"section"}`), "text is missing"},
		{"fields", blocks(`{"type":"section","fields":[` + many(10, txt(1)) + `]}`), blocks(`{"type":"section","fields":[` + many(11, txt(1)) + `]}`), "fields has 11"},
		{"field", blocks(`{"type":"section","fields":[` + txt(2000) + `]}`), blocks(`{"type":"section","fields":[` + txt(2001) + `]}`), "field 1 has 2001"},
		{"header", blocks(`{"type":"header","text":` + txt(150) + `}`), blocks(`{"type":"header","text":` + txt(151) + `}`), "151"},
		{"context", blocks(`{"type":"context","elements":[` + many(10, txt(1)) + `]}`), blocks(`{"type":"context","elements":[` + many(11, txt(1)) + `]}`), "11"},
		{"markdown", blocks(`{"type":"markdown","text":"` + x(12000) + `"}`), blocks(`{"type":"markdown","text":"` + x(12001) + `"}`), "12001"},
		{"image", blocks(`{"type":"image","alt_text":"x"}`), blocks(`{"type":"image"}`), "alt_text has 0"},
		{"table", blocks(`{"type":"table","rows":[` + many(100, `[{}]`) + `]}`), blocks(`{"type":"table","rows":[` + many(101, `[{}]`) + `]}`), "rows has 101"},
		{"table row", blocks(`{"type":"table","rows":[[` + many(20, `{}`) + `]]}`), blocks(`{"type":"table","rows":[[` + many(21, `{}`) + `]]}`), "row 1 has 21"},
		{"button text", button(`"text":` + txt(75)), button(`"text":` + txt(76)), "76"},
		{"button without text", button(`"text":` + txt(1)), button(`"value":"1"`), "text is missing"},
		{"action_id", button(`"action_id":"` + x(255) + `","text":` + txt(1)), button(`"action_id":"` + x(256) + `","text":` + txt(1)), "action_id has 256"},
		{"value", button(`"value":"` + x(2000) + `","text":` + txt(1)), button(`"value":"` + x(2001) + `","text":` + txt(1)), "value has 2001"},
		{"url", button(`"url":"` + x(3000) + `","text":` + txt(1)), button(`"url":"` + x(3001) + `","text":` + txt(1)), "url has 3001"},
		{"label", button(`"accessibility_label":"` + x(75) + `","text":` + txt(1)), button(`"accessibility_label":"` + x(76) + `","text":` + txt(1)), "label has 76"},
		{"style", button(`"style":"danger","text":` + txt(1)), button(`"style":"red","text":` + txt(1)), "neither primary nor danger"},
		{"confirm title", button(`"confirm":{"title":` + txt(100) + `},"text":` + txt(1)), button(`"confirm":{"title":` + txt(101) + `},"text":` + txt(1)), "title has 101"},
		{"confirm text", button(`"confirm":{"text":` + txt(300) + `},"text":` + txt(1)), button(`"confirm":{"text":` + txt(301) + `},"text":` + txt(1)), "text has 301"},
		{"confirm button", button(`"confirm":{"confirm":` + txt(30) + `},"text":` + txt(1)), button(`"confirm":{"deny":` + txt(31) + `},"text":` + txt(1)), "deny button has 31"},
		{"elements", blocks(`{"type":"actions","elements":[` + many(25, `{"type":"x"}`) + `]}`), blocks(`{"type":"actions","elements":[` + many(26, `{"type":"x"}`) + `]}`), "elements has 26"},
		{"no elements", blocks(`{"type":"actions","elements":[{}]}`), blocks(`{"type":"actions","elements":[]}`), "elements has 0"},
		{"action_id twice", blocks(`{"type":"actions","elements":[{"action_id":"a"},{"action_id":"b"}]}`), blocks(`{"type":"actions","elements":[{"action_id":"a"},{"action_id":"a"}]}`), "twice"},
		{
			"option", blocks(`{"type":"actions","elements":[{"type":"static_select","options":[{"text":` + txt(75) + `,"value":"` + x(75) + `"}]}]}`),
			blocks(`{"type":"actions","elements":[{"type":"static_select","option_groups":[{"label":` + txt(75) + `,"options":[{"text":` + txt(76) + `,"value":"1"}]}]}]}`), "option 1 text has 76",
		},
		{"placeholder", blocks(`{"type":"section","text":` + txt(1) + `,"accessory":{"placeholder":` + txt(150) + `}}`), blocks(`{"type":"section","text":` + txt(1) + `,"accessory":{"placeholder":` + txt(151) + `}}`), "placeholder has 151"},
		{"alert", `{"text":"t"}`, blocks(`{"type":"alert","text":` + txt(1) + `}`), "modals alone"},
		{"type", blocks(`{"type":"divider"}`), blocks(`{}`), "no type"},
		{"JSON", `{"text":"t"}`, `[`, "reading the message"},
	} {
		if err := CheckBody([]byte(c.at)); err != nil {
			t.Errorf("%s: refused: %v", c.name, err)
		}
		if err := CheckBody([]byte(c.over)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", c.name, err, c.says)
		}
	}
}

func TestCheckView(t *testing.T) {
	t.Parallel()
	txt := func(n int) *slack.TextBlockObject {
		return slack.NewTextBlockObject(slack.PlainTextType, strings.Repeat("x", n), false, false)
	}
	input := slack.NewInputBlock("in", txt(1), nil, slack.NewPlainTextInputBlockElement(nil, "a"))
	good := func() slack.ModalViewRequest {
		return slack.ModalViewRequest{Type: slack.VTModal, Title: txt(24), Submit: txt(24), Close: txt(24), Blocks: slack.Blocks{BlockSet: []slack.Block{input}}}
	}
	if err := CheckView(good()); err != nil {
		t.Error(err)
	}
	for says, change := range map[string]func(*slack.ModalViewRequest){
		"title has 25":              func(v *slack.ModalViewRequest) { v.Title = txt(25) },
		"title is missing":          func(v *slack.ModalViewRequest) { v.Title = nil },
		"submit has 25":             func(v *slack.ModalViewRequest) { v.Submit = txt(25) },
		"close has 25":              func(v *slack.ModalViewRequest) { v.Close = txt(25) },
		"needs submit":              func(v *slack.ModalViewRequest) { v.Submit = nil },
		"private_metadata has 3001": func(v *slack.ModalViewRequest) { v.PrivateMetadata = strings.Repeat("x", 3001) },
		"callback_id has 256":       func(v *slack.ModalViewRequest) { v.CallbackID = strings.Repeat("x", 256) },
		"blocks has 101": func(v *slack.ModalViewRequest) {
			for range 100 {
				v.Blocks.BlockSet = append(v.Blocks.BlockSet, slack.NewDividerBlock())
			}
		},
		"view in bytes": func(v *slack.ModalViewRequest) {
			for i := range 99 {
				v.Blocks.BlockSet = append(v.Blocks.BlockSet, slack.NewSectionBlock(txt(3000), nil, nil, slack.SectionBlockOptionBlockID(fmt.Sprint(i))))
			}
		},
	} {
		v := good()
		change(&v)
		if err := CheckView(v); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
}
