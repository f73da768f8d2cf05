package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"
)

// kind is what an envelope brings.
type kind string

const (
	command    kind = "command"
	action     kind = "action"
	submission kind = "submission"
	shortcut   kind = "shortcut"
	event      kind = "event"
	other      kind = "other" // acked, and nothing else
)

// envelope is one delivery of Slack's, read as far as the bot itself has to.
type envelope struct {
	id          string // envelope_id: what the ack names
	kind        kind
	appID       string
	name, team  string   // of a command: as typed, and the workspace it was typed in
	interactive bool     // a click, a form or a shortcut: such a payload always names its app
	contrary    bool     // of an interaction: it names two channels or two messages
	key         string   // envelopes of one key are handled in order
	marks       []string // by these a repeat is recognised
	takes       bool     // accepts_response_payload
	user        string   // who did it; empty for some events
	responseURL string
	inputBlock  string      // of a submission: the first input block, where an error can be shown
	view        *slack.View // of a submission
	received    time.Time
	handle      func(ctx context.Context, h Handler) Reply
}

// open reads an envelope from what slack-go made of it.
func open(e socketmode.Event, received time.Time) (envelope, error) {
	if e.Request == nil {
		return envelope{}, fmt.Errorf("event %s without a request", e.Type)
	}
	env := envelope{
		id: e.Request.EnvelopeID, kind: other, takes: e.Request.AcceptsResponsePayload, received: received,
		handle: func(context.Context, Handler) Reply { return Reply{} },
	}
	if env.id == "" {
		return envelope{}, fmt.Errorf("event %s without an envelope_id", e.Type)
	}
	env.marks = []string{"envelope " + env.id}
	switch data := e.Data.(type) {
	case slack.SlashCommand:
		env.command(data)
	case slack.InteractionCallback:
		env.interaction(data)
	case slackevents.EventsAPIEvent:
		env.event(data, e.Request.Payload)
	}
	if env.key == "" {
		env.key = "envelope " + env.id
	}
	return env, nil
}

func (e *envelope) command(c slack.SlashCommand) {
	e.kind, e.appID, e.user, e.responseURL = command, c.APIAppID, c.UserID, c.ResponseURL
	e.name, e.team = c.Command, c.TeamID
	e.key = "user " + c.UserID
	e.mark(c.TriggerID, c.UserID)
	e.handle = func(ctx context.Context, h Handler) Reply { return h.Command(ctx, c) }
}

func (e *envelope) interaction(i slack.InteractionCallback) {
	e.appID, e.user, e.responseURL = i.APIAppID, i.User.ID, i.ResponseURL
	e.interactive, e.contrary = true, contrary(i)
	e.key = placeOf(i)
	e.mark(i.TriggerID, i.User.ID)
	switch i.Type {
	case slack.InteractionTypeBlockActions:
		e.kind = action
		e.handle = func(ctx context.Context, h Handler) Reply { return h.Action(ctx, i) }
	case slack.InteractionTypeViewSubmission:
		e.kind, e.view, e.inputBlock = submission, &i.View, firstInput(i.View)
		e.handle = func(ctx context.Context, h Handler) Reply { return h.Submission(ctx, i) }
	case slack.InteractionTypeShortcut, slack.InteractionTypeMessageAction:
		e.kind = shortcut
		e.handle = func(ctx context.Context, h Handler) Reply { return h.Shortcut(ctx, i) }
	}
}

// contrary tells whether an interaction names two channels or two messages. Rights hang on which message was clicked.
func contrary(i slack.InteractionCallback) bool {
	two := func(a, b string) bool { return a != "" && b != "" && a != b }
	return two(i.Channel.ID, i.Container.ChannelID) || two(i.Message.Timestamp, i.Container.MessageTs)
}

// event reads the ids that slack-go's types keep deep inside (docs.slack.dev/apis/events-api).
func (e *envelope) event(ev slackevents.EventsAPIEvent, payload json.RawMessage) {
	e.kind, e.appID = event, ev.APIAppID
	e.handle = func(ctx context.Context, h Handler) Reply { return h.Event(ctx, ev) }
	var outer struct {
		EventID string `json:"event_id"`
		Event   struct {
			User any `json:"user"` // an id, in a few events an object
		} `json:"event"`
	}
	if err := json.Unmarshal(payload, &outer); err != nil {
		return // slack-go has read the same bytes; without the ids the envelope's own has to do
	}
	if user, ok := outer.Event.User.(string); ok {
		e.user, e.key = user, "event "+user
	}
	if outer.EventID != "" {
		e.marks = append(e.marks, "event "+outer.EventID)
	}
}

// mark makes the envelope recognisable by its trigger, which belongs to one deed of one person.
func (e *envelope) mark(trigger, user string) {
	if trigger != "" {
		e.marks = append(e.marks, "trigger "+user+" "+trigger)
	}
}

// placeOf is where an interaction took place: a message, a view, else its person.
func placeOf(i slack.InteractionCallback) string {
	switch {
	case i.Container.MessageTs != "":
		return "message " + i.Container.ChannelID + " " + i.Container.MessageTs
	case i.Message.Timestamp != "":
		return "message " + i.Channel.ID + " " + i.Message.Timestamp
	case i.Container.ViewID != "":
		return "view " + i.Container.ViewID
	case i.View.ID != "":
		return "view " + i.View.ID
	}
	return "user " + i.User.ID
}

// firstInput is the block_id of the view's first input block: only there can Slack show an error of a submission.
func firstInput(v slack.View) string {
	for _, b := range v.Blocks.BlockSet {
		if in, ok := b.(*slack.InputBlock); ok {
			return in.BlockID
		}
	}
	return ""
}

// badEnvelope finds the envelope_id of a message that slack-go could not read.
func badEnvelope(e socketmode.Event) (id string, cause error) {
	bad, ok := e.Data.(*socketmode.ErrorBadMessage)
	if !ok {
		return "", errors.New("unreadable message")
	}
	var frame struct {
		EnvelopeID string `json:"envelope_id"`
	}
	// A frame that is no object has no envelope_id; there is nothing to ack then.
	_ = json.Unmarshal(bad.Message, &frame)
	return frame.EnvelopeID, bad.Cause
}

// apology is the ack's payload that shows text to the person; nil where an ack can show nothing.
func (e *envelope) apology(text string) json.RawMessage {
	if !e.takes || text == "" {
		return nil
	}
	var payload any
	switch {
	case e.kind == command:
		payload = map[string]any{"response_type": slack.ResponseTypeEphemeral, "text": text}
	case e.kind == submission && e.inputBlock != "":
		payload = slack.NewErrorsViewSubmissionResponse(map[string]string{e.inputBlock: text})
	case e.kind == submission:
		payload = slack.NewUpdateViewSubmissionResponse(apologyView(e.view, text))
	default:
		return nil
	}
	raw, err := json.Marshal(payload)
	if err != nil {
		return nil // unreachable: strings and maps of strings
	}
	return raw
}

func apologyView(v *slack.View, text string) *slack.ModalViewRequest {
	title := v.Title
	if title == nil {
		title = slack.NewTextBlockObject(slack.PlainTextType, "…", false, false)
	}
	return &slack.ModalViewRequest{
		Type: slack.VTModal, Title: title, Close: v.Close,
		Blocks: slack.Blocks{BlockSet: []slack.Block{
			slack.NewSectionBlock(slack.NewTextBlockObject(slack.PlainTextType, text, false, false), nil, nil),
		}},
	}
}
