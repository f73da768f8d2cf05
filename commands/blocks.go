package commands

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"mailback/recovery"
)

// Slack's limits that cards keep to, in units (docs.slack.dev/reference/block-kit), each with a little room.
const (
	maxMessageText = 3900 // chat.update takes 4000
	maxSectionText = 2900
	maxHeadText    = 150
	maxOptionText  = 75
	maxButtonText  = 75
	maxRadio       = 10
	maxSelect      = 100
)

// card is a message under construction: the same content as blocks for the eye and as text for notifications and screen
// readers, which show nothing else.
type card struct {
	reader
	id      int64  // of the request
	version int64  // of the request
	shown   string // fingerprint of the plan that it shows; empty without one
	blocks  []slack.Block
	text    []string
}

// head is the card's first line: the request's id and its state, with a colour that says no more than the words do.
func (c *card) head(key string) {
	sign := " " + colour(key)
	text := cut(c.plain("head", c.ref, c.plain(key)), maxHeadText-units(sign))
	c.blocks = append(c.blocks, slack.NewHeaderBlock(slack.NewTextBlockObject(slack.PlainTextType, text+sign, true, false)))
	c.text = append(c.text, escape(text))
}

// colour is yellow for what waits, green for what was granted, red for what was refused or failed, white for the rest.
func colour(key string) string {
	state, _, _ := strings.Cut(strings.TrimPrefix(key, "head."), ".")
	switch recovery.State(state) {
	case recovery.Submitted, recovery.Confirming, recovery.Pending:
		return "🟡"
	case recovery.Approved, recovery.Restoring, recovery.Succeeded:
		return "🟢"
	case recovery.Partial, recovery.Failed, recovery.Denied, recovery.Impossible:
		return "🔴"
	default:
		return "⚪"
	}
}

// para is one paragraph, a line for each sentence that is not empty.
func (c *card) para(lines ...markup) {
	var kept []string
	for _, l := range lines {
		if l != "" {
			kept = append(kept, string(l))
		}
	}
	if len(kept) == 0 {
		return
	}
	text := strings.Join(kept, "\n")
	c.blocks = append(c.blocks, slack.NewSectionBlock(mrkdwn(cutMarkup(text, maxSectionText)), nil, nil))
	c.text = append(c.text, text)
}

// aside puts an element beside the last paragraph.
func (c *card) aside(e slack.BlockElement) {
	if last, ok := c.blocks[len(c.blocks)-1].(*slack.SectionBlock); ok {
		last.Accessory = slack.NewAccessory(e)
	}
}

// list is a title with lines; nothing when there are no lines.
func (c *card) list(title markup, lines []markup) {
	if len(lines) == 0 {
		return
	}
	all := []markup{"*" + title + "*"}
	for _, l := range lines {
		all = append(all, "• "+l)
	}
	c.para(all...)
}

// quote is a text of somebody's own, which Slack shows as it is: nothing in it is taken for markup.
func (c *card) quote(title markup, text string) {
	text = cut(clean(text), maxSectionText)
	if text == "" {
		return
	}
	bold := &slack.RichTextSectionTextStyle{Bold: true}
	quoted := slack.RichTextQuote{Type: slack.RTEQuote, Elements: []slack.RichTextSectionElement{slack.NewRichTextSectionTextElement(text, nil)}}
	c.blocks = append(c.blocks, slack.NewRichTextBlock("",
		slack.NewRichTextSection(slack.NewRichTextSectionTextElement(string(title), bold)), &quoted))
	c.text = append(c.text, string(title)+": "+escape(text))
}

// code shows a command to be copied, word for word.
func (c *card) code(text string) {
	text = cut(clean(text), maxSectionText) // a command that reads otherwise than it is pasted is worse than one that finds nothing
	pre := slack.RichTextPreformatted{
		Type: slack.RTEPreformatted, Elements: []slack.RichTextSectionElement{slack.NewRichTextSectionTextElement(text, nil)},
	}
	c.blocks = append(c.blocks, slack.NewRichTextBlock("", &pre))
	c.text = append(c.text, escape(text))
}

// foot is the small print.
func (c *card) foot(parts ...markup) {
	var kept []string
	for _, p := range parts {
		if p != "" {
			kept = append(kept, string(p))
		}
	}
	text := strings.Join(kept, " · ")
	c.blocks = append(c.blocks, slack.NewContextBlock("", mrkdwn(cutMarkup(text, maxSectionText))))
	c.text = append(c.text, text)
}

// button is what a button says, with a longer label for screen readers.
type button struct {
	action recovery.Action
	key    string // of its words; its label is under key.label and takes the request's id and the address
	style  slack.Style
}

// buttons is a row of buttons. They carry the request's id and nothing else.
func (c *card) buttons(address string, list ...button) {
	var elements []slack.BlockElement
	for _, b := range list {
		e := slack.NewButtonBlockElement(string(b.action), fmt.Sprint(c.id),
			slack.NewTextBlockObject(slack.PlainTextType, cut(c.plain(b.key), maxButtonText), false, false))
		e.Style = b.style
		e.AccessibilityLabel = cut(c.plain(b.key+".label", c.ref, address), maxButtonText)
		elements = append(elements, e)
	}
	if len(elements) > 0 {
		c.blocks = append(c.blocks, slack.NewActionBlock(fmt.Sprintf("request:%d:buttons:%s", c.id, c.shown), elements...))
	}
}

// choice is one of several values to pick, as radio buttons, or as a menu when there are many. Values that do not fit
// into an option are left out, which is said.
func (c *card) choice(action recovery.Action, options []*slack.OptionBlockObject, chosen string) {
	fit := make([]*slack.OptionBlockObject, 0, len(options))
	for _, o := range options {
		if units(o.Value) <= maxOptionText && len(fit) < maxSelect {
			fit = append(fit, o)
		}
	}
	if len(fit) < len(options) {
		c.para(c.say("offer.too-long"))
	}
	if len(fit) == 0 {
		return
	}
	var first *slack.OptionBlockObject
	for _, o := range fit {
		if o.Value == chosen {
			first = o
		}
		c.text = append(c.text, "• "+escape(o.Text.Text))
	}
	var element slack.BlockElement
	if len(fit) <= maxRadio {
		radio := slack.NewRadioButtonsBlockElement(string(action), fit...)
		radio.InitialOption = first
		element = radio
	} else {
		menu := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic,
			slack.NewTextBlockObject(slack.PlainTextType, c.plain("offer.choose"), false, false), string(action), fit...)
		menu.InitialOption = first
		element = menu
	}
	c.blocks = append(c.blocks, slack.NewActionBlock(choiceBlock(c.id, action, c.version), element))
}

func option(value, text, description string) *slack.OptionBlockObject {
	text = cmp.Or(cut(clean(text), maxOptionText), value) // Slack takes none without a text
	o := slack.NewOptionBlockObject(value, slack.NewTextBlockObject(slack.PlainTextType, text, false, false), nil)
	if about := cut(clean(description), maxOptionText); about != "" {
		o.Description = slack.NewTextBlockObject(slack.PlainTextType, about, false, false)
	}
	return o
}

// choiceBlock names the block of a choice, "request:142:choice.upn:7". It carries the request's id, since the values are the
// choices themselves, and changes with the request, since Slack keeps what is marked in a block of the same name.
func choiceBlock(id int64, action recovery.Action, version int64) string {
	return fmt.Sprintf("request:%d:%s:%d", id, action, version)
}

// content is a message as Slack takes it.
type content struct {
	Text   string        `json:"text"`
	Blocks []slack.Block `json:"blocks,omitempty"`
}

func (c *card) content() content {
	return content{Text: cutMarkup(strings.Join(c.text, "\n"), maxMessageText), Blocks: c.blocks}
}

func (c *card) body() ([]byte, error) {
	b, err := json.Marshal(c.content())
	if err != nil {
		return nil, fmt.Errorf("write a card: %w", err)
	}
	return b, nil
}

// mrkdwn is text with markup; verbatim keeps Slack from making more links out of it than stand there.
func mrkdwn(text string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.MarkdownType, text, false, true)
}
