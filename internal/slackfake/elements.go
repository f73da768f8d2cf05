package slackfake

import "maps"

import "regexp"

// The limits in this file and in blocks.go are those of docs.slack.dev/reference/block-kit and of the comments in
// slackapi/node-slack-sdk, packages/types/src/block-kit.

const (
	maxID    = 255
	maxText  = 3000
	maxURL   = 3000
	maxValue = 2000
)

func plainText(least, most int) check {
	return textObject(least, most, "plain_text")
}

func anyText(least, most int) check {
	return textObject(least, most, "plain_text", "mrkdwn")
}

func textObject(least, most int, types ...string) check {
	fields := object(props{"type!": enum(types...), "text!": str(least, most), "emoji": boolean, "verbatim": boolean})
	return func(f *faults, at string, v any) {
		fields(f, at, v)
		if o, ok := v.(map[string]any); ok && o["type"] == "mrkdwn" && o["emoji"] != nil {
			f.add(at, "invalid additional property: emoji")
		}
	}
}

var confirmObject = object(props{
	"title": plainText(1, 100), "text!": anyText(1, 300), "confirm": plainText(1, 30), "deny": plainText(1, 30),
	"style": enum("primary", "danger"),
})

func option(text check) check {
	return object(props{"text!": text, "value!": str(1, 75), "description": anyText(1, 75), "url": str(1, maxURL)})
}

var (
	menuOption  = option(plainText(1, 75))
	richOption  = option(anyText(1, 75))
	optionGroup = object(props{"label!": plainText(1, 75), "options!": list(1, 100, menuOption)})
	fileObject  = oneOf(object(props{"id": str(1, maxID), "url": str(1, maxURL)}), "id", "url")
	dispatch    = object(props{"trigger_actions_on": list(1, 2, enum("on_enter_pressed", "on_character_entered"))})
	userIDs     = list(0, 1000, str(1, maxID))
)

var (
	datePattern = regexp.MustCompile(`^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$`)
	timePattern = regexp.MustCompile(`^([01]\d|2[0-3]):[0-5]\d$`)
)

func pattern(re *regexp.Regexp, words string) check {
	return func(f *faults, at string, v any) {
		if s, ok := v.(string); !ok || !re.MatchString(s) {
			f.add(at, "%s", words)
		}
	}
}

// element is an interactive element: more are its own properties, besides those that all have.
func element(kind string, more props) check {
	fields := props{"type!": enum(kind), "action_id": str(1, maxID), "focus_on_load": boolean}
	maps.Copy(fields, more)
	return object(fields)
}

func menu(kind string, more props) check {
	fields := props{"placeholder": plainText(1, 150), "confirm": confirmObject}
	maps.Copy(fields, more)
	return element(kind, fields)
}

func textInput(kind string, more props) check {
	fields := props{"placeholder": plainText(1, 150), "initial_value": str(0, maxText), "dispatch_action_config": dispatch}
	maps.Copy(fields, more)
	return element(kind, fields)
}

var imageElement = oneOf(object(props{
	"type!": enum("image"), "image_url": str(1, maxURL), "slack_file": fileObject, "alt_text!": str(1, 2000),
}), "image_url", "slack_file")

var buttonElement = element("button", props{
	"text!": plainText(1, 75), "value": str(0, maxValue), "url": str(1, maxURL), "confirm": confirmObject,
	"style": enum("primary", "danger"), "accessibility_label": str(1, 75), "visible_to_user_ids": userIDs,
	"agent_prompt": str(1, maxText), "agent_prompt_display": str(1, maxText),
})

var workflowButton = element("workflow_button", props{
	"text!": plainText(1, 75), "workflow!": anything, "style": enum("primary", "danger"), "accessibility_label": str(1, 75),
})

// menus are the elements that may stand in a section, in an actions block and in an input block.
func menus() map[string]check {
	filter := object(props{"include": anything, "exclude_external_shared_channels": boolean, "exclude_bot_users": boolean})
	return map[string]check{
		"static_select": oneOf(menu("static_select", props{
			"options": list(1, 100, menuOption), "option_groups": list(1, 100, optionGroup), "initial_option": menuOption,
		}), "options", "option_groups"),
		"external_select": menu("external_select", props{"min_query_length": integer(0, 100), "initial_option": menuOption}),
		"users_select":    menu("users_select", props{"initial_user": str(1, maxID)}),
		"conversations_select": menu("conversations_select", props{
			"initial_conversation": str(1, maxID), "default_to_current_conversation": boolean, "response_url_enabled": boolean, "filter": filter,
		}),
		"channels_select": menu("channels_select", props{"initial_channel": str(1, maxID), "response_url_enabled": boolean}),
		"datepicker":      menu("datepicker", props{"initial_date": pattern(datePattern, "must be a valid date of the format YYYY-MM-DD")}),
		"timepicker": menu("timepicker", props{
			"initial_time": pattern(timePattern, "must be a valid time of the format HH:mm"), "timezone": str(1, 100),
		}),
		"radio_buttons": element("radio_buttons", props{
			"options!": list(1, 10, richOption), "initial_option": richOption, "confirm": confirmObject,
		}),
		"checkboxes": element("checkboxes", props{
			"options!": list(1, 10, richOption), "initial_options": list(1, 10, richOption), "confirm": confirmObject,
			"visible_to_user_ids": userIDs,
		}),
	}
}

// multiMenus are the elements that may stand in a section and in an input block.
func multiMenus() map[string]check {
	most := props{"max_selected_items": integer(1, 100)}
	with := func(more props) props {
		maps.Copy(more, most)
		return more
	}
	ids := list(1, 100, str(1, maxID))
	return map[string]check{
		"multi_static_select": oneOf(menu("multi_static_select", with(props{
			"options": list(1, 100, menuOption), "option_groups": list(1, 100, optionGroup), "initial_options": list(1, 100, menuOption),
		})), "options", "option_groups"),
		"multi_external_select": menu("multi_external_select", with(props{
			"min_query_length": integer(0, 100), "initial_options": list(1, 100, menuOption),
		})),
		"multi_users_select": menu("multi_users_select", with(props{"initial_users": ids})),
		"multi_conversations_select": menu("multi_conversations_select", with(props{
			"initial_conversations": ids, "default_to_current_conversation": boolean, "filter": anything,
		})),
		"multi_channels_select": menu("multi_channels_select", with(props{"initial_channels": ids})),
	}
}

// buttons are the elements that may stand in a section and in an actions block.
func buttons() map[string]check {
	return map[string]check{
		"button": buttonElement, "workflow_button": workflowButton,
		"overflow": element("overflow", props{"options!": list(1, 5, menuOption), "confirm": confirmObject}),
	}
}

// inputs are the elements that may stand in an input block alone.
func inputs() map[string]check {
	length := integer(0, maxText)
	return map[string]check{
		"plain_text_input": textInput("plain_text_input", props{"multiline": boolean, "min_length": length, "max_length": integer(1, maxText)}),
		"email_text_input": textInput("email_text_input", nil),
		"url_text_input":   textInput("url_text_input", nil),
		"number_input": textInput("number_input", props{
			"is_decimal_allowed!": boolean, "min_value": str(1, 100), "max_value": str(1, 100),
		}),
		"rich_text_input": textInput("rich_text_input", props{"initial_value": richText, "min_lines": length, "max_lines": length}),
		"datetimepicker":  element("datetimepicker", props{"initial_date_time": integer(0, 1e10), "confirm": confirmObject}),
		"file_input":      element("file_input", props{"filetypes": anything, "max_files": integer(1, 10)}),
	}
}
