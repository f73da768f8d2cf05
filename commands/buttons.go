package commands

import (
	"context"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"mailback/bot"
	"mailback/recovery"
)

// Action answers a click on a card. The click is recorded, then acked; whether it is obeyed is decided by a job, which
// answers on the card, or to the clicker alone when it is refused.
func (h *Handlers) Action(ctx context.Context, a slack.InteractionCallback) bot.Reply {
	return h.to(ctx, clicker(a)).action(ctx, a)
}

func (h *Handlers) action(ctx context.Context, a slack.InteractionCallback) bot.Reply {
	switch {
	case a.View.CallbackID == itemsForm:
		return h.turnPage(ctx, a)
	case a.View.Type == slack.VTHomeTab:
		return h.homeAction(ctx, a)
	}
	id, click, ok := h.click(a)
	if !ok {
		h.log.WarnContext(ctx, "click not understood", "user", a.User.ID)
		return h.private(a.ResponseURL, reader{h.words, false, ""}.note(recovery.Note{Code: recovery.NoteOldMessage}))
	}
	switch click.Action {
	case recovery.ActDeny, recovery.ActEmergency:
		return h.askWhy(ctx, a, id, click)
	case recovery.ChooseItems:
		return h.openItems(ctx, a, id, click)
	}
	return h.record(ctx, a.ResponseURL, id, click)
}

// record stores a click.
func (h *Handlers) record(ctx context.Context, responseURL string, id int64, click recovery.Click) bot.Reply {
	click.Language = h.words.code
	ref := recovery.Request{ID: id}.Ref()
	note, err := h.service.Click(ctx, id, click)
	switch {
	case err != nil:
		h.log.ErrorContext(ctx, "click not recorded", "request", ref, "action", click.Action, "user", click.By.UserID, "error", err)
		return h.private(responseURL, h.unrecorded(err, "nothing-recorded.click", ref))
	case note != nil:
		h.log.InfoContext(ctx, "click refused", "request", ref, "action", click.Action, "user", click.By.UserID, "note", note.Code)
		return h.private(responseURL, h.refusal(ref, click.Action, *note))
	default:
		h.recorded(ctx, "click", id, click.By, string(click.Action))
		return bot.Reply{}
	}
}

func (h *Handlers) refusal(ref string, a recovery.Action, note recovery.Note) markup {
	return reader{h.words, false, ref}.refusal(a, note)
}

// click reads what Slack says about a click. It gives false for anything that no card of ours has: more than one action,
// another action, or a value that is no request's id.
func (h *Handlers) click(a slack.InteractionCallback) (int64, recovery.Click, bool) {
	if len(a.ActionCallback.BlockActions) != 1 || a.ActionCallback.BlockActions[0] == nil {
		return 0, recovery.Click{}, false
	}
	act := a.ActionCallback.BlockActions[0]
	c := recovery.Click{
		Action: recovery.Action(act.ActionID), By: clicker(a),
		Channel: a.Container.ChannelID, TS: a.Container.MessageTs, At: bot.ClickedAt(act.ActionTs, h.now()), Key: clickKey(a, act),
	}
	if c.By.UserID == "" || c.Channel == "" || c.TS == "" {
		return 0, recovery.Click{}, false
	}
	switch c.Action {
	case recovery.ActConfirm, recovery.ActCancel, recovery.ActApprove, recovery.ActDeny, recovery.ActEmergency, recovery.ActRetry, recovery.ActCheck,
		recovery.ActResume, recovery.ActUndo, recovery.ChooseItems, recovery.ActBulkPause, recovery.ActBulkResume, recovery.ActBulkStop:
		id, ok := requestID(act.Value)
		c.Plan = shownPlan(act.BlockID)
		return id, c, ok
	}
	if !isChoice(&c) {
		return 0, recovery.Click{}, false
	}
	c.Value = act.SelectedOption.Value
	id, ok := choiceRequest(act.BlockID, c.Action)
	return id, c, ok && c.Value != ""
}

// clickKey names a click, so that a second delivery of it is known: its trigger serves one click alone.
func clickKey(a slack.InteractionCallback, act *slack.BlockAction) string {
	if a.TriggerID != "" {
		return "click:" + a.TriggerID
	}
	return "click:" + a.User.ID + ":" + act.ActionID + ":" + act.ActionTs
}

// requestID reads the value of a button.
func requestID(value string) (int64, bool) {
	id, err := strconv.ParseInt(value, 10, 64)
	return id, err == nil && id > 0 && strconv.FormatInt(id, 10) == value
}

// choiceRequest reads the request's id from the name of a choice's block: see choiceBlock.
func choiceRequest(blockID string, action recovery.Action) (int64, bool) {
	parts := strings.Split(blockID, ":")
	if len(parts) < 3 || parts[0] != "request" || parts[2] != string(action) {
		return 0, false
	}
	return requestID(parts[1])
}

// shownPlan reads from a button's block which plan its card showed: Slack may show an old card for a while.
func shownPlan(blockID string) string {
	if parts := strings.Split(blockID, ":"); len(parts) == 4 && parts[2] == "buttons" {
		return parts[3]
	}
	return ""
}

// clicker is who clicked or submitted. A payload whose workspace is another than the person's proves neither, so its actor is of
// none; Slack leaves the workspace out where an app is installed for a whole organisation
// (docs.slack.dev/reference/interaction-payloads/block_actions-payload).
func clicker(c slack.InteractionCallback) recovery.Actor {
	who := recovery.Actor{TeamID: c.User.TeamID, UserID: c.User.ID}
	if c.Team.ID != "" && c.Team.ID != who.TeamID {
		who.TeamID = ""
	}
	return who
}
