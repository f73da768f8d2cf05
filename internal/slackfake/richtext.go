package slackfake

import "maps"

// richText is the rich_text block (docs.slack.dev/reference/block-kit/blocks/rich-text-block).
var richText = object(props{
	"type!": enum("rich_text"), "block_id": str(1, maxID),
	"elements!": list(1, 1000, byType(map[string]check{
		"rich_text_section":      object(props{"type!": anything, "elements!": richRun}),
		"rich_text_quote":        object(props{"type!": anything, "elements!": richRun, "border": integer(0, 1)}),
		"rich_text_preformatted": object(props{"type!": anything, "elements!": richRun, "border": integer(0, 1), "language": str(1, 100)}),
		"rich_text_list": object(props{
			"type!": anything, "style!": enum("bullet", "ordered"), "indent": integer(0, 8), "offset": integer(0, 1e6),
			"border": integer(0, 1),
			"elements!": list(1, 1000, byType(map[string]check{
				"rich_text_section": object(props{"type!": anything, "elements!": richRun}),
			})),
		}),
	})),
})

// richRun is the text inside a section, quote, list item or preformatted part.
var richRun = list(0, 1000, byType(map[string]check{
	"text":      run(props{"text!": str(1, 12000)}),
	"link":      run(props{"url!": str(1, maxURL), "text": str(0, 12000), "unsafe": boolean}),
	"user":      run(props{"user_id!": str(1, maxID)}),
	"usergroup": run(props{"usergroup_id!": str(1, maxID)}),
	"channel":   run(props{"channel_id!": str(1, maxID)}),
	"team":      run(props{"team_id!": str(1, maxID)}),
	"emoji":     run(props{"name!": str(1, 100), "unicode": str(1, 100), "skin_tone": integer(1, 6), "url": str(1, maxURL)}),
	"broadcast": run(props{"range!": enum("here", "channel", "everyone")}),
	"color":     run(props{"value!": str(1, 100)}),
	"date": run(props{
		"timestamp!": integer(0, 1e11), "format!": str(1, 200), "url": str(1, maxURL), "fallback": str(1, 200), "timezone": str(1, 100),
	}),
}))

var richStyle = object(props{
	"bold": boolean, "italic": boolean, "strike": boolean, "code": boolean, "underline": boolean, "highlight": boolean,
	"client_highlight": boolean, "unlink": boolean,
})

func run(more props) check {
	fields := props{"type!": anything, "style": richStyle}
	maps.Copy(fields, more)
	return object(fields)
}
