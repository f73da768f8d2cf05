package sandbox

import (
	"encoding/json"
	"testing"

	"mailback/internal/slackfake"
)

func TestPlain(t *testing.T) {
	t.Parallel()
	name := func(id string) string { return map[string]string{"U1": "Megan Bowen"}[id] }
	for _, c := range []struct{ what, text, blocks, want string }{
		{"text alone", "R-1: *done* for <@U1> &amp; others", `[]`, "R-1: done for @Megan Bowen & others"},
		{"blocks win", "fallback", `[{"type":"header","text":{"type":"plain_text","text":"R-1 *as is*"}}]`, "R-1 *as is*"},
		{
			"dates and links", "", `[{"type":"section","text":{"type":"mrkdwn","text":"until <!date^1764000000^{date}|24 November>, see <https://x.example|here>, <mailto:a@b.example|a@b.example> or <https://y.example>"}}]`,
			"until 24 November, see here, a@b.example or https://y.example",
		},
		{"a token in bold", "*Read back <!date^1764000000^{date_short} {time}|24 November>*, _then_ ~off~", `[]`, "Read back 24 November, then off"},
		{"stars that are no emphasis", "", `[{"type":"section","text":{"type":"mrkdwn","text":"2 * 3 * 4 and snake_case_name"}}]`, "2 * 3 * 4 and snake_case_name"},
		{"fields and accessory", "", `[{"type":"section","fields":[{"type":"mrkdwn","text":"*A*"},{"type":"plain_text","text":"B"}],"accessory":{"type":"button","text":{"type":"plain_text","text":"Press"}}}]`, "A\nB\n[Press]"},
		{"menu", "", `[{"type":"actions","elements":[{"type":"static_select","options":[{"text":{"type":"plain_text","text":"One"},"value":"1"},{"text":{"type":"plain_text","text":"Two"},"value":"2"}],"initial_option":{"text":{"type":"plain_text","text":"Two"},"value":"2"}}]}]`, "[One | (Two)]"},
		{"rich text", "", `[{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"for "},{"type":"user","user_id":"U1"}]}]}]`, "for @Megan Bowen"},
		{"unknown", "", `[{"type":"hologram"}]`, "(unknown block hologram)"},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			m := slackfake.MessageInfo{Text: c.text}
			if err := json.Unmarshal([]byte(c.blocks), &m.Blocks); err != nil {
				t.Fatal(err)
			}
			if got := Plain(m, name); got != c.want {
				t.Errorf("Plain = %q, want %q", got, c.want)
			}
		})
	}
}
