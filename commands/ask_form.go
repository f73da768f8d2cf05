package commands

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/slack-go/slack"

	"mailback/bot"
	"mailback/recovery"
)

// The form for asking: its two views by their callback ids, and its fields.
const (
	askForm     = "ask"
	askPlan     = "ask.plan"
	askWho      = "who"
	askReason   = "reason"
	askTicket   = "ticket"
	askShortcut = "restore_mailbox" // the callback id of the global shortcut: see manifest.yml
)

// typedAsk is what the form carries from one view to the next. It proves nothing: it is read and checked again like a command.
type typedAsk struct {
	Who    string `json:"who,omitempty"`
	Reason string `json:"reason,omitempty"`
	Ticket string `json:"ticket,omitempty"`
}

// openAsk opens the form with what is known already. Slack's trigger lives three seconds, so nothing is looked up before.
func (h *Handlers) openAsk(ctx context.Context, trigger string, who recovery.Actor, t typedAsk) bool {
	if _, err := h.slack.OpenView(ctx, trigger, h.askView(t)); err != nil {
		h.log.WarnContext(ctx, "form not opened", "user", who.UserID, "error", err)
		return false
	}
	return true
}

// understood reads the fields as a command's words are read. faults has what is wrong, by field.
func (h *Handlers) understood(t typedAsk) (ask recovery.Ask, faults map[string]string) {
	faults = map[string]string{}
	wrong := func(field string, err error) {
		if fault, ok := errors.AsType[*syntaxError](err); ok && faults[field] == "" {
			faults[field] = unmarked(h.words.syntax(*fault))
		}
	}
	q, rest, err := parseWho(escape(t.Who), nil)
	switch extra, _ := nextWord(rest); {
	case strings.TrimFunc(t.Who, blank) == "":
		faults[askWho] = h.words.plain("ask.no-who")
	case err != nil:
		wrong(askWho, err)
	case extra != "":
		wrong(askWho, &syntaxError{Fault: faultExtra, Word: clean(extra)})
	}
	ask.Query, ask.Reason = q, clean(t.Reason)
	if t.Ticket != "" {
		wrong(askTicket, setTicket(&ask, t.Ticket))
	}
	if n := len([]rune(ask.Reason)); n > maxReason {
		wrong(askReason, &syntaxError{Fault: faultReasonLong, Length: n})
	}
	for _, fault := range h.rules.check(ask) {
		if fault.Fault == faultNoReason {
			faults[askReason] = h.words.plain("ask.no-reason")
		} else {
			wrong(askTicket, fault)
		}
	}
	return ask, faults
}

// lookFor answers the form: it says what is wrong beside the fields, or looks and then shows what would be done.
func (h *Handlers) lookFor(ctx context.Context, v slack.InteractionCallback) bot.Reply {
	t := typedAsk{Who: fieldOf(v.View.State, askWho), Reason: fieldOf(v.View.State, askReason), Ticket: fieldOf(v.View.State, askTicket)}
	ask, faults := h.understood(t)
	if len(faults) > 0 {
		return bot.Reply{Payload: fieldErrors{"errors", faults}}
	}
	who := clicker(v)
	if refused := h.service.Admit(ctx, who); refused != nil {
		return wrongField(askWho, unmarked(reader{h.words, false, ""}.note(*refused)))
	}
	return bot.Reply{
		Payload: newView{"update", h.askNotice(h.words.say("looking"))},
		After: func(ctx context.Context) {
			look, cancel := context.WithTimeout(ctx, lookTime)
			defer cancel()
			if _, err := h.slack.UpdateView(ctx, v.View.ID, "", h.planView(look, who, ask, t)); err != nil {
				h.log.WarnContext(ctx, "form not updated", "user", who.UserID, "error", err)
			}
		},
	}
}

// newView is the answer that shows another view in place of the form (docs.slack.dev/surfaces/modals: response actions).
type newView struct {
	ResponseAction string                 `json:"response_action"`
	View           slack.ModalViewRequest `json:"view"`
}

// planView says what was found and what would be done, and asks only now.
func (h *Handlers) planView(ctx context.Context, who recovery.Actor, ask recovery.Ask, t typedAsk) slack.ModalViewRequest {
	res, note, err := h.service.Preview(ctx, who, ask)
	switch {
	case err != nil:
		return h.askNotice(markup(h.failed(ctx, "preview", who, err).Text))
	case note != nil:
		return h.askNotice(reader{h.words, false, ""}.note(*note))
	}
	metadata, err := json.Marshal(t)
	if err != nil {
		return h.askNotice(h.words.say("error.internal"))
	}
	c := h.checkedCard(ask.Query, res)
	c.quote(c.say("reason.title"), ask.Reason)
	view := h.askNotice("")
	view.CallbackID, view.PrivateMetadata = askPlan, string(metadata)
	if res.Diagnosis.Goes() {
		c.para(c.say("ask.next"))
		view.Submit = h.plainText("ask.submit")
	}
	view.Blocks = slack.Blocks{BlockSet: c.blocks[:min(len(c.blocks), maxFormBlocks)]}
	return view
}

// maxFormBlocks is how many blocks a view takes (docs.slack.dev/reference/views).
const maxFormBlocks = 100

// askFor records what the form's second view showed.
func (h *Handlers) askFor(ctx context.Context, v slack.InteractionCallback) bot.Reply {
	say := func(text markup) bot.Reply { return bot.Reply{Payload: newView{"update", h.askNotice(text)}} }
	var t typedAsk
	if err := json.Unmarshal([]byte(v.View.PrivateMetadata), &t); err != nil {
		h.log.WarnContext(ctx, "form not understood", "user", v.User.ID, "error", err)
		return say(h.words.say("error.internal"))
	}
	ask, faults := h.understood(t)
	if len(faults) > 0 { // the rules are others than a moment ago
		return bot.Reply{Payload: newView{"update", h.askView(t)}}
	}
	who := clicker(v)
	r, isNew, err := h.service.Ask(ctx, recovery.AskInput{Ask: ask, Actor: who, Key: "form:" + who.TeamID + ":" + v.View.ID, Language: h.words.code})
	if err != nil {
		h.log.ErrorContext(ctx, "ask not recorded", "user", who.UserID, "error", err)
		return say(h.unrecorded(err, "nothing-recorded"))
	}
	h.recorded(ctx, "form", r.ID, who, asked(isNew))
	if !isNew {
		return say(h.words.say("ack.asked.before", r.Ref(), whoMarkup(ask.Query)))
	}
	return say(h.words.say("ack.asked", r.Ref(), whoMarkup(ask.Query)))
}

func fieldOf(s *slack.ViewState, id string) string {
	if s == nil {
		return ""
	}
	return s.Values[id][id].Value
}
