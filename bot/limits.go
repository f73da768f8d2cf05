package bot

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/slack-go/slack"
)

// Slack's limits, in characters and pieces (docs.slack.dev/reference/block-kit and the comments of
// slackapi/node-slack-sdk, packages/types). Text is limited to what chat.update takes, as every message may be edited.
const (
	maxText          = 4000
	maxMessageBlocks = 50
	maxViewBlocks    = 100
	maxViewBytes     = 250_000
	maxID            = 255
)

// CheckBody tells every way in which Slack would refuse a message, as JSON {"text":…,"blocks":[…]}, or nil. A message needs
// a text, which is all that notifications and screen readers show.
func CheckBody(body []byte) error {
	var m struct {
		Text   string           `json:"text"`
		Blocks []map[string]any `json:"blocks"`
	}
	if err := json.Unmarshal(body, &m); err != nil {
		return fmt.Errorf("reading the message: %w", err)
	}
	c := &checker{}
	c.between("text", units(m.Text), 1, maxText)
	c.blocks(m.Blocks, maxMessageBlocks, false)
	return errors.Join(c.faults...)
}

// CheckView tells every way in which Slack would refuse a form, or nil.
func CheckView(view slack.ModalViewRequest) error {
	raw, err := json.Marshal(view)
	if err != nil {
		return fmt.Errorf("writing the view: %w", err)
	}
	var v struct {
		Title           map[string]any   `json:"title"`
		Submit          map[string]any   `json:"submit"`
		Close           map[string]any   `json:"close"`
		PrivateMetadata string           `json:"private_metadata"`
		CallbackID      string           `json:"callback_id"`
		ExternalID      string           `json:"external_id"`
		Blocks          []map[string]any `json:"blocks"`
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		return fmt.Errorf("reading the view: %w", err)
	}
	c := &checker{}
	c.between("view in bytes", len(raw), 1, maxViewBytes)
	c.text("title", v.Title, 1, 24)
	c.text("submit", v.Submit, 0, 24)
	c.text("close", v.Close, 0, 24)
	c.between("private_metadata", units(v.PrivateMetadata), 0, 3000)
	c.between("callback_id", units(v.CallbackID), 0, maxID)
	c.between("external_id", units(v.ExternalID), 0, maxID)
	c.blocks(v.Blocks, maxViewBlocks, true)
	if v.Submit == nil && slices.ContainsFunc(v.Blocks, isInput) {
		c.fault("a view with an input block needs submit")
	}
	return errors.Join(c.faults...)
}

// CheckHome tells every way in which Slack would refuse a Home tab, or nil.
func CheckHome(view slack.HomeTabViewRequest) error {
	raw, err := json.Marshal(view)
	if err != nil {
		return fmt.Errorf("writing the Home tab: %w", err)
	}
	var v struct {
		Blocks []map[string]any `json:"blocks"`
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		return fmt.Errorf("reading the Home tab: %w", err)
	}
	c := &checker{}
	c.between("view in bytes", len(raw), 1, maxViewBytes)
	c.blocks(v.Blocks, maxViewBlocks, true)
	return errors.Join(c.faults...)
}

func isInput(b map[string]any) bool { return b["type"] == "input" }

// units counts characters as Slack's JavaScript does, in UTF-16.
func units(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r > 0xFFFF {
			n++
		}
	}
	return n
}

// checker collects faults.
type checker struct{ faults []error }

func (c *checker) fault(format string, args ...any) {
	c.faults = append(c.faults, fmt.Errorf(format, args...))
}

func (c *checker) between(what string, n, least, most int) {
	if n < least || n > most {
		c.fault("%s has %d, may have %d to %d", what, n, least, most)
	}
}

// text checks a text object; least 0 means that it may be missing.
func (c *checker) text(what string, object any, least, most int) {
	t, ok := object.(map[string]any)
	if !ok || t == nil {
		if least > 0 {
			c.fault("%s is missing", what)
		}
		return
	}
	c.between(what, units(str(t["text"])), 1, most)
}

func str(v any) string {
	s, _ := v.(string)
	return s
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

func (c *checker) blocks(blocks []map[string]any, most int, modal bool) {
	c.between("blocks", len(blocks), 0, most)
	ids := map[string]bool{}
	for i, b := range blocks {
		where := fmt.Sprintf("block %d (%s)", i+1, str(b["type"]))
		id := str(b["block_id"])
		c.between(where+" block_id", units(id), 0, maxID)
		if id != "" && ids[id] {
			c.fault("%s: block_id %q is there twice", where, id)
		}
		ids[id] = true
		c.block(where, b, modal)
	}
}

func (c *checker) block(where string, b map[string]any, modal bool) {
	switch str(b["type"]) {
	case "section":
		c.section(where, b)
	case "header":
		c.text(where+" text", b["text"], 1, 150)
	case "context":
		c.between(where+" elements", len(list(b["elements"])), 1, 10)
		c.elements(where, b)
	case "actions":
		c.between(where+" elements", len(list(b["elements"])), 1, 25)
		c.elements(where, b)
	case "context_actions":
		c.between(where+" elements", len(list(b["elements"])), 1, 5)
		c.elements(where, b)
	case "input":
		c.text(where+" label", b["label"], 1, 2000)
		c.text(where+" hint", b["hint"], 0, 2000)
		c.element(where, b["element"])
	case "image":
		c.element(where, b)
	case "markdown":
		c.between(where+" text", units(str(b["text"])), 1, 12_000)
	case "alert":
		if !modal {
			c.fault("%s: Slack takes alerts in modals alone", where)
		}
		c.text(where+" text", b["text"], 1, 200)
	case "table":
		c.table(where, b)
	case "":
		c.fault("%s has no type", where)
	}
}

func (c *checker) section(where string, b map[string]any) {
	fields := list(b["fields"])
	if len(fields) == 0 {
		c.text(where+" text", b["text"], 1, 3000)
	} else {
		c.text(where+" text", b["text"], 0, 3000)
	}
	c.between(where+" fields", len(fields), 0, 10)
	for i, f := range fields {
		c.text(fmt.Sprintf("%s field %d", where, i+1), f, 1, 2000)
	}
	c.element(where+" accessory", b["accessory"])
}

func (c *checker) table(where string, b map[string]any) {
	rows := list(b["rows"])
	c.between(where+" rows", len(rows), 1, 100)
	for i, r := range rows {
		c.between(fmt.Sprintf("%s row %d", where, i+1), len(list(r)), 1, 20)
	}
}

// elements checks the elements of a block; an action_id may be there only once.
func (c *checker) elements(where string, b map[string]any) {
	ids := map[string]bool{}
	for i, e := range list(b["elements"]) {
		at := fmt.Sprintf("%s element %d", where, i+1)
		c.element(at, e)
		m, _ := e.(map[string]any)
		id := str(m["action_id"])
		if id != "" && ids[id] {
			c.fault("%s: action_id %q is there twice", at, id)
		}
		ids[id] = true
	}
}

// element checks buttons, selects, inputs, images and texts by the fields they share.
func (c *checker) element(where string, element any) {
	e, ok := element.(map[string]any)
	if !ok {
		return
	}
	c.between(where+" action_id", units(str(e["action_id"])), 0, maxID)
	c.between(where+" accessibility_label", units(str(e["accessibility_label"])), 0, 75)
	c.between(where+" value", units(str(e["value"])), 0, 2000)
	c.between(where+" url", units(str(e["url"])), 0, 3000)
	c.text(where+" placeholder", e["placeholder"], 0, 150)
	c.text(where+" confirm title", inConfirm(e, "title"), 0, 100)
	c.text(where+" confirm text", inConfirm(e, "text"), 0, 300)
	c.text(where+" confirm button", inConfirm(e, "confirm"), 0, 30)
	c.text(where+" deny button", inConfirm(e, "deny"), 0, 30)
	switch str(e["type"]) {
	case "button":
		c.text(where+" text", e["text"], 1, 75)
		if s := str(e["style"]); s != "" && s != "primary" && s != "danger" {
			c.fault("%s: style %q is neither primary nor danger", where, s)
		}
	case "image":
		c.between(where+" alt_text", units(str(e["alt_text"])), 1, 2000)
	}
	c.options(where, list(e["options"]))
	for _, g := range list(e["option_groups"]) {
		group, _ := g.(map[string]any)
		c.text(where+" group label", group["label"], 1, 75)
		c.options(where, list(group["options"]))
	}
}

func (c *checker) options(where string, options []any) {
	c.between(where+" options", len(options), 0, 100)
	for i, o := range options {
		at := fmt.Sprintf("%s option %d", where, i+1)
		option, _ := o.(map[string]any)
		c.text(at+" text", option["text"], 1, 75)
		c.text(at+" description", option["description"], 0, 75)
		c.between(at+" value", units(str(option["value"])), 1, 75)
	}
}

// inConfirm is a field of an element's confirmation dialog, or nil.
func inConfirm(e map[string]any, field string) any {
	o, _ := e["confirm"].(map[string]any)
	return o[field]
}
