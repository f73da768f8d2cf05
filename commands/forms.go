package commands

import (
	"context"
	"encoding/json"

	"github.com/slack-go/slack"

	"mailback/bot"
	"mailback/recovery"
)

// The denial's form: its callback id, and the ids of its one field.
const (
	denialForm  = "request.deny"
	reasonField = "reason"
)

// denial is what the form carries from the click to its submission. It proves nothing: the submission is decided like any
// other click.
type denial struct {
	Request int64  `json:"request"`
	Channel string `json:"channel"`
	TS      string `json:"ts"`
}

// openDenial asks for the reason. Slack's trigger lives three seconds, so the form opens before anything else is done.
func (h *Handlers) openDenial(ctx context.Context, a slack.InteractionCallback, id int64, click recovery.Click) bot.Reply {
	view, err := h.denialView(denial{Request: id, Channel: click.Channel, TS: click.TS})
	if err == nil {
		_, err = h.slack.OpenView(ctx, a.TriggerID, view)
	}
	if err != nil {
		ref := recovery.Request{ID: id}.Ref()
		h.log.WarnContext(ctx, "form not opened", "request", ref, "user", click.By.UserID, "error", err)
		return h.private(a.ResponseURL, h.words.say("form.not-opened", ref))
	}
	return bot.Reply{}
}

func (h *Handlers) denialView(d denial) (slack.ModalViewRequest, error) {
	metadata, err := json.Marshal(d)
	if err != nil {
		return slack.ModalViewRequest{}, err
	}
	plain := func(key string, args ...any) *slack.TextBlockObject {
		return slack.NewTextBlockObject(slack.PlainTextType, h.words.plain(key, args...), false, false)
	}
	input := slack.NewPlainTextInputBlockElement(plain("deny.placeholder"), reasonField)
	input.Multiline = true
	input.MaxLength = maxReason
	block := slack.NewInputBlock(reasonField, plain("deny.label"), plain("deny.hint"), input)
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: denialForm, PrivateMetadata: string(metadata),
		Title:  plain("deny.title", recovery.Request{ID: d.Request}.Ref()),
		Submit: plain("deny.submit"), Close: plain("deny.close"),
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
	if v.View.CallbackID == itemsForm {
		return h.chooseItems(ctx, v)
	}
	return h.deny(ctx, v)
}

// deny answers the denial's form.
func (h *Handlers) deny(ctx context.Context, v slack.InteractionCallback) bot.Reply {
	var d denial
	if v.View.CallbackID != denialForm || json.Unmarshal([]byte(v.View.PrivateMetadata), &d) != nil || d.Request <= 0 {
		h.log.WarnContext(ctx, "form not understood", "user", v.User.ID, "callback_id", v.View.CallbackID)
		return bot.Reply{}
	}
	reason := clean(reasonOf(v.View.State))
	switch n := len([]rune(reason)); {
	case n == 0:
		return wrongReason(h.words.plain("deny.empty"))
	case n > maxReason:
		return wrongReason(h.words.plain("deny.long", maxReason, n))
	}
	ref := recovery.Request{ID: d.Request}.Ref()
	note, err := h.service.Click(ctx, d.Request, recovery.Click{
		Action: recovery.ActDeny, By: clicker(v),
		Channel: d.Channel, TS: d.TS, Reason: reason, At: h.now(), Key: "form:" + v.View.ID,
	})
	switch {
	case err != nil:
		h.log.ErrorContext(ctx, "denial not recorded", "request", ref, "user", v.User.ID, "error", err)
		return wrongReason(h.words.plain("deny.not-recorded"))
	case note != nil:
		return wrongReason(unescape(string(h.refusal(ref, *note))))
	default:
		return bot.Reply{}
	}
}

func reasonOf(s *slack.ViewState) string {
	if s == nil {
		return ""
	}
	return s.Values[reasonField][reasonField].Value
}
