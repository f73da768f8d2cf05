package commands

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/slack-go/slack"

	"mailback/bot"
	"mailback/recovery"
)

// The form of items: its callback id, its field, and its buttons.
const (
	itemsForm     = "items.choose"
	itemsField    = "items"
	itemsNext     = "items.next"
	itemsPrevious = "items.previous"
	itemsAll      = "items.all"
	itemsNone     = "items.none"
)

// itemsPerPage is how many checkboxes one block takes (docs.slack.dev/reference/block-kit/block-elements/checkboxes-element).
const itemsPerPage = 10

// items records an ask for items. Where a subject or a sender was named, a form opens at once, for a trigger lives three seconds
// and they are kept nowhere: the owner ticks what matches.
func (h *Handlers) items(ctx context.Context, c slack.SlashCommand, who recovery.Actor, command itemsCommand) bot.Reply {
	id, reply := h.recordAsk(ctx, c, who, command.Ask, "ack.items")
	if id == 0 || !command.Items.Pick {
		return reply
	}
	reply.After = func(ctx context.Context) { h.showItems(ctx, who, c.TriggerID, itemsMeta{Request: id}, command.Own) }
	return reply
}

// openItems opens the form from the card.
func (h *Handlers) openItems(_ context.Context, a slack.InteractionCallback, id int64, click recovery.Click) bot.Reply {
	meta := itemsMeta{Request: id, Channel: click.Channel, TS: click.TS}
	return bot.Reply{After: func(ctx context.Context) {
		if !h.showItems(ctx, click.By, a.TriggerID, meta, recovery.OwnFilter{}) && a.ResponseURL != "" {
			text := h.words.say("form.items.not-opened", recovery.Request{ID: id}.Ref())
			if err := h.slack.Respond(ctx, a.ResponseURL, bot.Response{Text: string(text)}); err != nil {
				h.log.WarnContext(ctx, "answer to a click not delivered", "request", recovery.Request{ID: id}.Ref(), "error", err)
			}
		}
	}}
}

// showItems opens an empty form and fills it once the items are there. It gives false when Slack did not open it.
func (h *Handlers) showItems(ctx context.Context, who recovery.Actor, trigger string, meta itemsMeta, f recovery.OwnFilter) bool {
	ref := recovery.Request{ID: meta.Request}.Ref()
	view, err := h.slack.OpenView(ctx, trigger, h.itemsNotice(h.words.say("form.items.looking")))
	if err != nil {
		h.log.WarnContext(ctx, "form not opened", "request", ref, "user", who.UserID, "error", err)
		return false
	}
	filled := h.firstPage(ctx, who, meta, f)
	h.updateItems(ctx, ref, view.ID, view.Hash, filled)
	return true
}

// updateItems changes the open form. Where Slack does not take what it should show, it says so; it is left alone where it was closed, or
// a later click was faster.
func (h *Handlers) updateItems(ctx context.Context, ref, viewID, hash string, view slack.ModalViewRequest) {
	_, err := h.slack.UpdateView(ctx, viewID, hash, view)
	if err == nil {
		return
	}
	h.log.WarnContext(ctx, "form not updated", "request", ref, "error", err)
	if e, ok := errors.AsType[*bot.Error](err); ok && (e.Code == "hash_conflict" || e.Code == "not_found") {
		return
	}
	if _, err := h.slack.UpdateView(ctx, viewID, hash, h.itemsNotice(h.words.say("form.items.trouble"))); err != nil {
		h.log.WarnContext(ctx, "form not updated", "request", ref, "error", err)
	}
}

// firstPage is the form with the first of the items that match. All of those are ticked that are chosen.
func (h *Handlers) firstPage(ctx context.Context, who recovery.Actor, meta itemsMeta, f recovery.OwnFilter) slack.ModalViewRequest {
	own, trouble := h.ownItems(ctx, who, meta.Request, f)
	if trouble != nil {
		return *trouble
	}
	var shown recovery.Ticks
	ticked := own.Ticked
	if f != (recovery.OwnFilter{}) {
		shown = recovery.TicksOf(numbersOf(own.Items)...)
		meta.Shown, ticked = pack(shown), shown // what was asked for is what matches
	}
	meta.Listing = own.Listing
	return h.itemsPage(meta, own, shown, ticked)
}

// ownItems reads the items, and waits for the list while it is being made. Where they may not be shown, it gives the form that
// says why.
func (h *Handlers) ownItems(ctx context.Context, who recovery.Actor, id int64, f recovery.OwnFilter) (recovery.OwnList, *slack.ModalViewRequest) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	ref := recovery.Request{ID: id}.Ref()
	notice := func(text markup) (recovery.OwnList, *slack.ModalViewRequest) {
		view := h.itemsNotice(text)
		return recovery.OwnList{}, &view
	}
	for {
		own, note, err := h.service.OwnItems(ctx, who, id, f)
		switch {
		case err != nil:
			h.log.ErrorContext(ctx, "items not read", "request", ref, "user", who.UserID, "error", err)
			return notice(h.words.say("form.items.trouble"))
		case note == nil && len(own.Items) == 0:
			return notice(h.words.say("form.items.no-match", ref))
		case note == nil:
			return own, nil
		case note.Code != recovery.NoteListing:
			return notice(reader{h.words, false, ref}.note(*note))
		}
		select {
		case <-ctx.Done():
			return notice(h.words.say("form.items.slow", ref))
		case <-time.After(listPoll):
		}
	}
}

// listPoll is how often the form looks whether the list is there.
const listPoll = 300 * time.Millisecond

// turnPage answers the buttons of the form. The ticks of the page that is left are kept.
func (h *Handlers) turnPage(ctx context.Context, a slack.InteractionCallback) bot.Reply {
	meta, ok := readItemsMeta(a.View.PrivateMetadata)
	if !ok || len(a.ActionCallback.BlockActions) != 1 || a.ActionCallback.BlockActions[0] == nil {
		h.log.WarnContext(ctx, "click on a form not understood", "user", a.User.ID)
		return bot.Reply{}
	}
	shown, ticked := unpack(meta.Shown), meta.ticks(a.View.State)
	change := a.ActionCallback.BlockActions[0].ActionID
	switch change {
	case itemsNext:
		meta.Page++
	case itemsPrevious:
		meta.Page = max(0, meta.Page-1)
	case itemsAll, itemsNone:
	default:
		return bot.Reply{} // a tick: it is read with the page
	}
	who := clicker(a)
	return bot.Reply{After: func(ctx context.Context) {
		ref := recovery.Request{ID: meta.Request}.Ref()
		own, trouble := h.ownItems(ctx, who, meta.Request, recovery.OwnFilter{})
		if trouble != nil {
			h.updateItems(ctx, ref, a.View.ID, a.View.Hash, *trouble)
			return
		}
		own.Items = only(own.Items, meta.Shown != "", shown)
		switch change {
		case itemsAll:
			ticked = recovery.TicksOf(numbersOf(own.Items)...)
		case itemsNone:
			ticked = nil
		}
		h.updateItems(ctx, ref, a.View.ID, a.View.Hash, h.itemsPage(meta, own, shown, ticked))
	}}
}

// only gives the items that a search had shown.
func only(items []recovery.OwnItem, searched bool, shown recovery.Ticks) []recovery.OwnItem {
	if !searched {
		return items
	}
	var list []recovery.OwnItem
	for _, it := range items {
		if shown.Has(it.N) {
			list = append(list, it)
		}
	}
	return list
}

func numbersOf(items []recovery.OwnItem) []int {
	out := make([]int, len(items))
	for i, it := range items {
		out[i] = it.N
	}
	return out
}

// ticks are those of all pages, this one's as they are on the screen.
func (m itemsMeta) ticks(s *slack.ViewState) recovery.Ticks {
	ticked := unpack(m.Ticked)
	if s == nil {
		return ticked
	}
	field, there := s.Values[m.block()][itemsField]
	if !there {
		return ticked
	}
	for _, n := range m.Here {
		ticked = ticked.Set(n, false)
	}
	for _, o := range field.SelectedOptions {
		for _, n := range m.Here {
			if o.Value == strconv.Itoa(n) {
				ticked = ticked.Set(n, true)
			}
		}
	}
	return ticked
}

// block names the field of a page. It changes with the page and with its ticks, since Slack keeps what is marked in a block of the
// same name.
func (m itemsMeta) block() string {
	mark := 0
	for i, n := range m.Here {
		if unpack(m.Ticked).Has(n) {
			mark |= 1 << i
		}
	}
	return fmt.Sprintf("%s:%d:%d", itemsField, m.Page, mark)
}

// chooseItems answers the submitted form.
func (h *Handlers) chooseItems(ctx context.Context, v slack.InteractionCallback) bot.Reply {
	meta, ok := readItemsMeta(v.View.PrivateMetadata)
	if !ok || len(meta.Here) == 0 {
		h.log.WarnContext(ctx, "form not understood", "user", v.User.ID, "callback_id", v.View.CallbackID)
		return bot.Reply{}
	}
	ticked := meta.ticks(v.View.State)
	if ticked.Count() == 0 {
		return wrongField(meta.block(), h.words.plain("form.items.none-ticked"))
	}
	ref := recovery.Request{ID: meta.Request}.Ref()
	click := recovery.Click{By: clicker(v), Channel: meta.Channel, TS: meta.TS, At: h.now(), Key: "form:" + v.View.ID}
	note, err := h.service.ChooseItems(ctx, meta.Request, click, meta.Listing, ticked)
	switch {
	case err != nil:
		h.log.ErrorContext(ctx, "choice of items not recorded", "request", ref, "user", v.User.ID, "error", err)
		return wrongField(meta.block(), h.words.plain("deny.not-recorded"))
	case note != nil:
		return wrongField(meta.block(), unescape(string(h.refusal(ref, recovery.ChooseItems, *note))))
	default:
		h.recorded(ctx, "form", meta.Request, clicker(v), string(recovery.ChooseItems))
		return bot.Reply{}
	}
}
