package commands

import (
	"context"
	"encoding/json"

	"github.com/slack-go/slack"

	"mailback/bot"
	"mailback/recovery"
)

// reasonForms are the acts that want a reason, which a form asks for. Its callback id is the act's, and its words are under its key.
var reasonForms = map[recovery.Action]string{recovery.ActDeny: "deny", recovery.ActEmergency: "emergency"}

// reasonField is the id of the form's one field.
const reasonField = "reason"

// askedWhy is what the form carries from the click to its submission. It proves nothing: the submission is decided like any
// other click.
type askedWhy struct {
	Request int64  `json:"request"`
	Channel string `json:"channel"`
	TS      string `json:"ts"`
	Plan    string `json:"plan,omitempty"`
}

// askWhy asks for the reason of an act. Slack's trigger lives three seconds, so the form opens before anything else is done.
func (h *Handlers) askWhy(ctx context.Context, a slack.InteractionCallback, id int64, click recovery.Click) bot.Reply {
	key := reasonForms[click.Action]
	view, err := h.reasonView(click.Action, askedWhy{Request: id, Channel: click.Channel, TS: click.TS, Plan: click.Plan})
	if err == nil {
		_, err = h.slack.OpenView(ctx, a.TriggerID, view)
	}
	if err != nil {
		ref := recovery.Request{ID: id}.Ref()
		h.log.WarnContext(ctx, "form not opened", "request", ref, "user", click.By.UserID, "error", err)
		return h.private(a.ResponseURL, h.words.say("form.not-opened", ref, h.words.plain("button."+key)))
	}
	return bot.Reply{}
}

// maxTitle is how long a form's title may be (docs.slack.dev/reference/views).
const maxTitle = 24

func (h *Handlers) reasonView(act recovery.Action, d askedWhy) (slack.ModalViewRequest, error) {
	metadata, err := json.Marshal(d)
	if err != nil {
		return slack.ModalViewRequest{}, err
	}
	form := reasonForms[act]
	plain := func(key string) *slack.TextBlockObject { return h.plainText(form + "." + key) }
	title := slack.NewTextBlockObject(slack.PlainTextType, cut(h.words.plain(form+".title", recovery.Request{ID: d.Request}.Ref()), maxTitle), false, false)
	input := slack.NewPlainTextInputBlockElement(plain("placeholder"), reasonField)
	input.Multiline = true
	input.MaxLength = maxReason
	block := slack.NewInputBlock(reasonField, plain("label"), plain("hint"), input)
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: string(act), PrivateMetadata: string(metadata),
		Title: title, Submit: plain("submit"), Close: plain("close"),
		Blocks: slack.Blocks{BlockSet: []slack.Block{block}},
	}, nil
}

// fieldErrors is the answer that keeps a form open (docs.slack.dev/surfaces/modals).
type fieldErrors struct {
	ResponseAction string            `json:"response_action"`
	Errors         map[string]string `json:"errors"`
}

func wrongReason(text string) bot.Reply { return wrongField(reasonField, text) }

// wrongField says beside a field what is wrong with it.
func wrongField(blockID, text string) bot.Reply {
	return bot.Reply{Payload: fieldErrors{"errors", map[string]string{blockID: text}}}
}

// Submission answers a form.
func (h *Handlers) Submission(ctx context.Context, v slack.InteractionCallback) bot.Reply {
	return h.to(ctx, clicker(v)).submission(ctx, v)
}

func (h *Handlers) submission(ctx context.Context, v slack.InteractionCallback) bot.Reply {
	switch v.View.CallbackID {
	case itemsForm:
		return h.chooseItems(ctx, v)
	case askForm:
		return h.lookFor(ctx, v)
	case askPlan:
		return h.askFor(ctx, v)
	default:
		return h.giveReason(ctx, v)
	}
}

// giveReason answers the form of an act that wants a reason.
func (h *Handlers) giveReason(ctx context.Context, v slack.InteractionCallback) bot.Reply {
	var d askedWhy
	act := recovery.Action(v.View.CallbackID)
	form, ok := reasonForms[act]
	if !ok || json.Unmarshal([]byte(v.View.PrivateMetadata), &d) != nil || d.Request <= 0 {
		h.log.WarnContext(ctx, "form not understood", "user", v.User.ID, "callback_id", v.View.CallbackID)
		return bot.Reply{}
	}
	reason := clean(reasonOf(v.View.State))
	switch n := len([]rune(reason)); {
	case n == 0:
		return wrongReason(h.words.plain(form + ".empty"))
	case n > maxReason:
		return wrongReason(h.words.plain("deny.long", maxReason, n))
	}
	ref := recovery.Request{ID: d.Request}.Ref()
	note, err := h.service.Click(ctx, d.Request, recovery.Click{
		Action: act, By: clicker(v),
		Channel: d.Channel, TS: d.TS, Plan: d.Plan, Reason: reason, Language: h.words.code, At: h.now(), Key: "form:" + v.View.ID,
	})
	switch {
	case err != nil:
		h.log.ErrorContext(ctx, "act not recorded", "request", ref, "action", act, "user", v.User.ID, "error", err)
		return wrongReason(h.words.plain("deny.not-recorded"))
	case note != nil:
		return wrongReason(unescape(string(h.refusal(ref, act, *note))))
	default:
		h.recorded(ctx, "form", d.Request, clicker(v), string(act))
		return bot.Reply{}
	}
}

func reasonOf(s *slack.ViewState) string {
	if s == nil {
		return ""
	}
	return s.Values[reasonField][reasonField].Value
}
