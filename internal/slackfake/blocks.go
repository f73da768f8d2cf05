package slackfake

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// surface is where blocks are shown; it decides how many there may be and of which types.
type surface struct {
	most   int
	blocks check
}

var (
	inMessage = newSurface(50)
	inModal   = newSurface(100, "alert")
	inHome    = newSurface(100)
)

func newSurface(most int, extra ...string) surface {
	kinds := blockTypes()
	for _, kind := range []string{"alert"} {
		if !slices.Contains(extra, kind) {
			delete(kinds, kind)
		}
	}
	return surface{most: most, blocks: list(0, most, byType(kinds))}
}

// block is a layout block: more are its own properties, besides those that all have.
func block(kind string, more props) check {
	fields := props{"type!": enum(kind), "block_id": str(1, maxID)}
	maps.Copy(fields, more)
	return object(fields)
}

// blockTypes are the layout blocks. Those that a bot of this kind uses are checked to the last property; of the
// others Slack's limits are only partly published, so they are taken as they come.
func blockTypes() map[string]check {
	kinds := map[string]check{
		"header":    block("header", props{"text!": plainText(1, 150), "level": integer(1, 6)}),
		"divider":   block("divider", nil),
		"section":   sectionBlock(),
		"context":   block("context", props{"elements!": list(1, 10, byType(contextElements()))}),
		"actions":   block("actions", props{"elements!": list(1, 25, byType(union(menus(), buttons())))}),
		"rich_text": richText,
		"image": oneOf(block("image", props{
			"image_url": str(1, maxURL), "slack_file": fileObject, "alt_text!": str(1, 2000), "title": plainText(1, 2000),
		}), "image_url", "slack_file"),
		"input": block("input", props{
			"label!": plainText(1, 2000), "element!": byType(union(menus(), multiMenus(), inputs())), "hint": plainText(1, 2000),
			"optional": boolean, "dispatch_action": boolean,
		}),
		"alert":    block("alert", props{"text!": anyText(1, 200), "level": enum("default", "info", "warning", "error", "success")}),
		"markdown": block("markdown", props{"text!": str(1, 12000)}),
	}
	for _, kind := range []string{
		"call", "card", "carousel", "container", "context_actions", "data_table", "data_visualization", "file", "plan",
		"table", "task_card", "video",
	} {
		kinds[kind] = anything
	}
	return kinds
}

func sectionBlock() check {
	accessories := union(menus(), multiMenus(), buttons())
	accessories["image"] = imageElement
	fields := block("section", props{
		"text": anyText(1, maxText), "fields": list(1, 10, anyText(1, 2000)), "accessory": byType(accessories), "expand": boolean,
	})
	return func(f *faults, at string, v any) {
		fields(f, at, v)
		if o, ok := v.(map[string]any); ok && o["text"] == nil && o["fields"] == nil {
			f.add(at, "missing required field: text")
		}
	}
}

func contextElements() map[string]check {
	return map[string]check{"image": imageElement, "plain_text": anyText(1, maxText), "mrkdwn": anyText(1, maxText)}
}

func union(sets ...map[string]check) map[string]check {
	all := map[string]check{}
	for _, set := range sets {
		maps.Copy(all, set)
	}
	return all
}

func sortedKeys[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}

// checkBlocks notes everything that Slack would refuse in blocks that stand at the pointer at.
func checkBlocks(f *faults, at string, where surface, blocks any) {
	where.blocks(f, at, blocks)
	items, _ := blocks.([]any)
	if len(items) > where.most {
		return
	}
	seen := map[string]bool{}
	for i, item := range items {
		b, ok := item.(map[string]any)
		if !ok {
			continue
		}
		here := fmt.Sprintf("%s/%d", at, i)
		if id, ok := b["block_id"].(string); ok {
			if seen[id] {
				f.add(here+"/block_id", "`block_id` %q already exists", id)
			}
			seen[id] = true
		}
		checkActionIDs(f, here, b)
	}
}

func checkActionIDs(f *faults, at string, b map[string]any) {
	elements, _ := b["elements"].([]any)
	seen := map[string]bool{}
	for i, item := range elements {
		e, _ := item.(map[string]any)
		id, ok := e["action_id"].(string)
		if ok && seen[id] {
			f.add(fmt.Sprintf("%s/elements/%d/action_id", at, i), "`action_id` %q already exists", id)
		}
		seen[id] = true
	}
}

// parseBlocks reads and checks a message's blocks. Blocks without a block_id, and elements without an action_id, get
// one, as at Slack. An absent or null list is nil. The caller holds the lock.
func (s *Server) parseBlocks(raw string) ([]any, *apiError) {
	if raw == "" || raw == "null" {
		return nil, nil
	}
	var v any
	if err := json.Unmarshal([]byte(raw), &v); err != nil {
		return nil, fail("invalid_blocks_format")
	}
	blocks, ok := v.([]any)
	if !ok {
		return nil, fail("invalid_blocks_format")
	}
	f := &faults{}
	checkBlocks(f, "/blocks", inMessage, v)
	if len(f.messages) > 0 {
		return nil, failWith("invalid_blocks", f)
	}
	s.fillIDs(blocks)
	return blocks, nil
}

// fillIDs gives an id to blocks and interactive elements that came without. The caller holds the lock.
func (s *Server) fillIDs(blocks []any) {
	for _, item := range blocks {
		b, ok := item.(map[string]any)
		if !ok {
			continue
		}
		if _, has := b["block_id"]; !has {
			b["block_id"] = s.nextID("")
		}
		for _, e := range blockElements(b) {
			if _, has := e["action_id"]; !has {
				e["action_id"] = s.nextID("")
			}
		}
	}
}

// blockElements returns the interactive elements of a block, which are those that may have an action_id.
func blockElements(b map[string]any) []map[string]any {
	var candidates []any
	switch b["type"] {
	case "actions", "context_actions":
		candidates, _ = b["elements"].([]any)
	case "section":
		candidates = []any{b["accessory"]}
	case "input":
		candidates = []any{b["element"]}
	}
	var found []map[string]any
	for _, c := range candidates {
		if e, ok := c.(map[string]any); ok && e["type"] != "image" {
			found = append(found, e)
		}
	}
	return found
}
