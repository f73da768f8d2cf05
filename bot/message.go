package bot

import (
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf8"
)

// body is a message as the Outbox keeps it: the arguments of chat.postMessage that are the same wherever it goes.
type body struct {
	Text   string            `json:"text"`
	Blocks []json.RawMessage `json:"blocks,omitempty"`
	User   string            `json:"user,omitempty"` // the only reader, of an ephemeral message
	File   *attachment       `json:"file,omitempty"`
}

func readBody(raw []byte) (body, error) {
	var b body
	if err := json.Unmarshal(raw, &b); err != nil {
		return body{}, fmt.Errorf("reading a message's body: %w", err)
	}
	return b, nil
}

// plain is the body without blocks and with a text that Slack takes: what is left of one that breaks Slack's limits.
func (b body) plain() body {
	const mark = "…"
	text := b.Text
	if units(text) > maxText {
		n := 0
		for i, r := range text {
			n += units(string(r))
			if n > maxText-utf8.RuneCountInString(mark) {
				text = text[:i] + mark
				break
			}
		}
	}
	return body{Text: text, User: b.User, File: b.File}
}

// quiet is the body without anything that can be clicked, and whether that differs.
func (b body) quiet() (quiet body, differs bool) {
	quiet = body{Text: b.Text, User: b.User}
	for _, raw := range b.Blocks {
		kept, whole := quietBlock(raw)
		if kept != nil {
			quiet.Blocks = append(quiet.Blocks, kept)
		}
		differs = differs || !whole
	}
	return quiet, differs
}

// quietBlock is a block without its buttons: nil when nothing else is in it; whole when there were none.
func quietBlock(raw json.RawMessage) (kept json.RawMessage, whole bool) {
	var b map[string]any
	if json.Unmarshal(raw, &b) != nil || !clickable(b) {
		return raw, true
	}
	if b["type"] != "section" {
		return nil, false
	}
	delete(b, "accessory")
	kept, err := json.Marshal(b)
	if err != nil {
		return nil, false // unreachable: it was JSON before
	}
	return kept, false
}

// clickable tells whether there is something to click in a block: actions, input, or an element with an
// action_id, which Slack adds to those that have none (docs.slack.dev/reference/block-kit/block-elements).
func clickable(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		switch v["type"] {
		case "actions", "context_actions", "input", "button", "overflow", "workflow_button":
			return true
		}
		if _, has := v["action_id"]; has {
			return true
		}
		for _, inner := range v {
			if clickable(inner) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, clickable)
	}
	return false
}
