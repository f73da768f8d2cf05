package slackfake

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// blockState holds what a person has entered in a block, by action id, as Slack's state.values has it.
type blockState map[string]map[string]any

// entry says how the value of an element is told: under which key, and in which form.
type entry struct {
	key  string
	form entryForm
}

type entryForm int

const (
	oneText entryForm = iota
	oneNumber
	oneOption
	manyOptions
	manyTexts
	richForm
)

// entries are the elements that keep a value. The others, buttons and overflow menus, only act.
var entries = map[string]entry{
	"static_select": {"selected_option", oneOption}, "external_select": {"selected_option", oneOption},
	"radio_buttons": {"selected_option", oneOption},
	"checkboxes":    {"selected_options", manyOptions}, "multi_static_select": {"selected_options", manyOptions},
	"multi_external_select": {"selected_options", manyOptions},
	"datepicker":            {"selected_date", oneText}, "timepicker": {"selected_time", oneText},
	"datetimepicker": {"selected_date_time", oneNumber},
	"users_select":   {"selected_user", oneText}, "multi_users_select": {"selected_users", manyTexts},
	"channels_select": {"selected_channel", oneText}, "multi_channels_select": {"selected_channels", manyTexts},
	"conversations_select":       {"selected_conversation", oneText},
	"multi_conversations_select": {"selected_conversations", manyTexts},
	"plain_text_input":           {"value", oneText}, "email_text_input": {"value", oneText}, "url_text_input": {"value", oneText},
	"number_input": {"value", oneText}, "rich_text_input": {"rich_text_value", richForm},
}

func (e entry) initial() string {
	if name, ok := strings.CutPrefix(e.key, "selected_"); ok {
		return "initial_" + name
	}
	return "initial_value"
}

func (e entry) many() bool { return e.form == manyOptions || e.form == manyTexts }

// stateValues is Slack's state.values: of every element that keeps a value, what was entered or else stood there at first.
func stateValues(blocks []any, entered map[string]blockState) map[string]any {
	values := map[string]any{}
	for _, item := range blocks {
		b, ok := item.(map[string]any)
		if !ok {
			continue
		}
		id, _ := b["block_id"].(string)
		actions := map[string]any{}
		for _, e := range blockElements(b) {
			action, _ := e["action_id"].(string)
			if kind, ok := entries[fmt.Sprint(e["type"])]; ok {
				actions[action] = current(kind, e, entered[id][action])
			}
		}
		if len(actions) > 0 {
			values[id] = actions
		}
	}
	return values
}

func current(kind entry, e, entered map[string]any) map[string]any {
	if entered != nil && entered["type"] == e["type"] {
		return entered
	}
	v := map[string]any{"type": e["type"], kind.key: e[kind.initial()]}
	if kind.many() && v[kind.key] == nil {
		v[kind.key] = []any{}
	}
	return v
}

// enter is the state of an element after a person has entered texts: option values for menus, else what the element
// takes. No text empties it.
func enter(e map[string]any, texts []string) (map[string]any, error) {
	name := fmt.Sprint(e["type"])
	kind, ok := entries[name]
	if !ok {
		return nil, fmt.Errorf("a %s keeps no value", name)
	}
	if len(texts) > 1 && !kind.many() {
		return nil, fmt.Errorf("a %s takes one value, not %d", name, len(texts))
	}
	state := map[string]any{"type": name, kind.key: nil}
	if kind.many() {
		list := []any{}
		for _, text := range texts {
			v, err := entryValue(e, kind, text)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		state[kind.key] = list
		return state, nil
	}
	if len(texts) == 0 || texts[0] == "" {
		return state, nil
	}
	v, err := entryValue(e, kind, texts[0])
	state[kind.key] = v
	return state, err
}

func entryValue(e map[string]any, kind entry, text string) (any, error) {
	switch {
	case kind.form == oneOption || kind.form == manyOptions:
		return findOption(e, text)
	case kind.form == oneNumber:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is no Unix time", text)
		}
		return n, nil
	case kind.form == richForm:
		return map[string]any{"type": "rich_text", "elements": []any{map[string]any{
			"type": "rich_text_section", "elements": []any{map[string]any{"type": "text", "text": text}},
		}}}, nil
	case e["type"] == "datepicker" && !datePattern.MatchString(text):
		return nil, fmt.Errorf("%q is no date of the form 2026-11-22", text)
	case e["type"] == "timepicker" && !timePattern.MatchString(text):
		return nil, fmt.Errorf("%q is no time of the form 15:04", text)
	}
	return text, nil
}

// findOption finds an element's option by its value, or by the text that people see.
func findOption(e map[string]any, text string) (map[string]any, error) {
	options, known := allOptions(e)
	if e["type"] == "external_select" || e["type"] == "multi_external_select" {
		return map[string]any{"text": map[string]any{"type": "plain_text", "text": text, "emoji": true}, "value": text}, nil
	}
	for _, match := range []func(o map[string]any) bool{
		func(o map[string]any) bool { return o["value"] == text },
		func(o map[string]any) bool { t, _ := o["text"].(map[string]any); return t["text"] == text },
	} {
		if i := slices.IndexFunc(options, match); i >= 0 {
			return options[i], nil
		}
	}
	return nil, fmt.Errorf("there is no option %q; there are %q", text, known)
}

func allOptions(e map[string]any) (options []map[string]any, values []string) {
	collect := func(list any) {
		items, _ := list.([]any)
		for _, item := range items {
			if o, ok := item.(map[string]any); ok {
				options = append(options, o)
				values = append(values, fmt.Sprint(o["value"]))
			}
		}
	}
	collect(e["options"])
	groups, _ := e["option_groups"].([]any)
	for _, g := range groups {
		if o, ok := g.(map[string]any); ok {
			collect(o["options"])
		}
	}
	return options, values
}

// textsOf reads a value of state.values, as scripts give it, into the texts that enter takes. A bare text, a list of
// texts and Slack's own objects are understood.
func textsOf(given any) ([]string, error) {
	switch v := given.(type) {
	case nil:
		return nil, nil
	case string:
		return []string{v}, nil
	case float64:
		return []string{strconv.FormatFloat(v, 'f', -1, 64)}, nil
	case []any:
		var all []string
		for _, item := range v {
			texts, err := textsOf(item)
			if err != nil {
				return nil, err
			}
			all = append(all, texts...)
		}
		return all, nil
	case map[string]any:
		for _, key := range sortedKeys(v) {
			if key == "value" || strings.HasPrefix(key, "selected_") {
				return textsOf(v[key])
			}
		}
	}
	return nil, fmt.Errorf("%v is no value of Slack's view.state.values", given)
}
