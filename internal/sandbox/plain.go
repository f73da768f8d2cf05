package sandbox

import (
	"fmt"
	"regexp"
	"strings"

	"mailback/internal/slackfake"
)

// Plain is a message as its reader sees it, without formatting: its blocks, or else its text. Buttons stand in brackets.
// name tells what a user id is shown as.
func Plain(m slackfake.MessageInfo, name func(id string) string) string {
	p := plainer{name}
	text := p.mrkdwn(m.Text)
	if len(m.Blocks) > 0 {
		text = p.blocks(m.Blocks)
	}
	for _, f := range m.Files {
		text = join("\n", text, "(file: "+f.Name+")", f.Text)
	}
	return text
}

// PlainBlocks is the same for the blocks of a view.
func PlainBlocks(blocks []any, name func(id string) string) string {
	return plainer{name}.blocks(blocks)
}

// object is Block Kit as JSON has it.
type object = map[string]any

type plainer struct{ name func(id string) string }

func (p plainer) blocks(list []any) string {
	var lines []string
	for _, item := range list {
		if b, ok := item.(object); ok {
			if text := p.block(b); text != "" {
				lines = append(lines, text)
			}
		}
	}
	return strings.Join(lines, "\n")
}

func (p plainer) block(b object) string {
	switch b["type"] {
	case "header":
		return p.text(b["text"])
	case "section":
		return join("\n", p.text(b["text"]), p.texts("\n", b["fields"]), p.element(b["accessory"]))
	case "context":
		return p.elements("  ", b["elements"])
	case "actions":
		return p.elements(" ", b["elements"])
	case "input":
		return join(" ", p.text(b["label"]), p.element(b["element"]))
	case "rich_text":
		return p.rich(b)
	case "image":
		return fmt.Sprintf("(image: %v)", b["alt_text"])
	case "divider":
		return "----"
	}
	return fmt.Sprintf("(unknown block %v)", b["type"])
}

func (p plainer) texts(between string, list any) string {
	var all []string
	items, _ := list.([]any)
	for _, item := range items {
		all = append(all, p.text(item))
	}
	return join(between, all...)
}

func (p plainer) elements(between string, list any) string {
	var all []string
	items, _ := list.([]any)
	for _, item := range items {
		all = append(all, p.element(item))
	}
	return join(between, all...)
}

// text is a text object.
func (p plainer) text(v any) string {
	o, _ := v.(object)
	s, _ := o["text"].(string)
	if o["type"] == "mrkdwn" {
		return p.mrkdwn(s)
	}
	return s
}

func (p plainer) element(v any) string {
	o, _ := v.(object)
	if o == nil {
		return ""
	}
	switch kind := fmt.Sprint(o["type"]); kind {
	case "mrkdwn", "plain_text":
		return p.text(o)
	case "image":
		return fmt.Sprintf("(image: %v)", o["alt_text"])
	case "button", "workflow_button":
		return "[" + p.text(o["text"]) + "]"
	default:
		return p.menu(o, kind)
	}
}

// menu shows an element that takes a value, with its options.
func (p plainer) menu(o object, kind string) string {
	options := optionsOf(o)
	if len(options) == 0 {
		return "[" + join(": ", strings.ReplaceAll(kind, "_", " "), p.text(o["placeholder"])) + "]"
	}
	var all []string
	for _, option := range options {
		text := p.text(option["text"])
		if chosen, _ := o["initial_option"].(object); chosen["value"] == option["value"] {
			text = "(" + text + ")"
		}
		all = append(all, text)
	}
	return "[" + strings.Join(all, " | ") + "]"
}

func optionsOf(o object) []object {
	var all []object
	add := func(list any) {
		items, _ := list.([]any)
		for _, item := range items {
			if option, ok := item.(object); ok {
				all = append(all, option)
			}
		}
	}
	add(o["options"])
	groups, _ := o["option_groups"].([]any)
	for _, g := range groups {
		group, _ := g.(object)
		add(group["options"])
	}
	return all
}

// rich is rich_text or a part of it: the texts in their order.
func (p plainer) rich(o object) string {
	switch o["type"] {
	case "text":
		return fmt.Sprint(o["text"])
	case "link":
		if text, ok := o["text"].(string); ok {
			return text
		}
		return fmt.Sprint(o["url"])
	case "user":
		return "@" + p.name(fmt.Sprint(o["user_id"]))
	case "emoji":
		return fmt.Sprintf(":%v:", o["name"])
	case "date":
		return fmt.Sprint(o["fallback"])
	}
	var parts []string
	list, _ := o["elements"].([]any)
	for _, item := range list {
		if part, ok := item.(object); ok {
			parts = append(parts, p.rich(part))
		}
	}
	if o["type"] == "rich_text" || o["type"] == "rich_text_list" {
		return strings.Join(parts, "\n")
	}
	return strings.Join(parts, "")
}

// token is <…> in Slack's mrkdwn (docs.slack.dev/messaging/formatting-message-text).
var token = regexp.MustCompile(`<([^<>]*)>`)

// emphasis is *text*, _text_ and ~text~.
var emphasis = []*regexp.Regexp{
	regexp.MustCompile(`(^|[\s(\[*_~•])\*(\S|\S[^*\n]*\S)\*`),
	regexp.MustCompile(`(^|[\s(\[*_~•])_(\S|\S[^_\n]*\S)_`),
	regexp.MustCompile(`(^|[\s(\[*_~•])~(\S|\S[^~\n]*\S)~`),
}

var unescaper = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")

// mrkdwn takes the formatting off a text. Tokens are set aside meanwhile: what stands in them is no formatting.
func (p plainer) mrkdwn(s string) string {
	var tokens []string
	s = token.ReplaceAllStringFunc(s, func(t string) string {
		tokens = append(tokens, p.token(t[1:len(t)-1]))
		return "\x00"
	})
	for _, mark := range emphasis {
		s = mark.ReplaceAllString(s, "$1$2")
	}
	for _, t := range tokens {
		s = strings.Replace(s, "\x00", t, 1)
	}
	return unescaper.Replace(s)
}

func (p plainer) token(t string) string {
	target, label, labelled := strings.Cut(t, "|")
	switch {
	case strings.HasPrefix(target, "@"):
		return "@" + p.name(target[1:])
	case strings.HasPrefix(target, "!"):
		if labelled {
			return label
		}
		return "@" + target[1:]
	case strings.HasPrefix(target, "#") && label == "":
		return target
	case labelled:
		return label
	}
	return strings.TrimPrefix(target, "mailto:")
}

func join(between string, parts ...string) string {
	var all []string
	for _, part := range parts {
		if part != "" {
			all = append(all, part)
		}
	}
	return strings.Join(all, between)
}
