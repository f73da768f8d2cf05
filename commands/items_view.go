package commands

import (
	"strconv"

	"github.com/slack-go/slack"

	"mailback/recovery"
)

// itemsView is the form of items without its blocks.
func (h *Handlers) itemsView(blocks ...slack.Block) slack.ModalViewRequest {
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: itemsForm, Title: h.plainText("form.items.title"), Close: h.plainText("form.items.close"),
		Blocks: slack.Blocks{BlockSet: blocks},
	}
}

func (h *Handlers) plainText(key string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, h.words.plain(key), false, false)
}

// itemsNotice is the form with a sentence and nothing to do.
func (h *Handlers) itemsNotice(text markup) slack.ModalViewRequest {
	return h.itemsView(slack.NewSectionBlock(mrkdwn(cutMarkup(string(text), maxSectionText)), nil, nil))
}

// itemsPage is one page of the form. It alone shows subjects and senders, to the owner.
func (h *Handlers) itemsPage(meta itemsMeta, own recovery.OwnList, shown, ticked recovery.Ticks) slack.ModalViewRequest {
	total := h.words.count("items", len(own.Items))
	pages := max(1, (len(own.Items)+itemsPerPage-1)/itemsPerPage)
	meta.Page = min(meta.Page, pages-1)
	page := own.Items[meta.Page*itemsPerPage : min((meta.Page+1)*itemsPerPage, len(own.Items))]
	meta.Here, meta.Ticked = numbersOf(page), pack(ticked)
	if meta.Shown != "" {
		meta.Shown = pack(shown)
	}
	metadata, fits := meta.write()
	switch {
	case len(page) == 0:
		return h.itemsNotice(h.words.say("form.items.no-match", recovery.Request{ID: meta.Request}.Ref()))
	case !fits:
		return h.itemsNotice(h.words.say("form.items.too-many", total))
	}
	head := h.words.say("form.items.page", total, meta.Page+1, pages, ticked.Count())
	blocks := []slack.Block{slack.NewSectionBlock(mrkdwn(string(head)), nil, nil), h.itemBoxes(meta, page, ticked)}
	if buttons := h.itemButtons(meta.Page, pages); len(buttons) > 0 {
		blocks = append(blocks, slack.NewActionBlock("", buttons...))
	}
	view := h.itemsView(blocks...)
	view.PrivateMetadata, view.Submit = metadata, h.plainText("form.items.submit")
	return view
}

// itemBoxes is a box for each item of a page.
func (h *Handlers) itemBoxes(meta itemsMeta, page []recovery.OwnItem, ticked recovery.Ticks) slack.Block {
	var all, marked []*slack.OptionBlockObject
	for _, it := range page {
		o := h.itemOption(it)
		all = append(all, o)
		if ticked.Has(it.N) {
			marked = append(marked, o)
		}
	}
	boxes := slack.NewCheckboxGroupsBlockElement(itemsField, all...)
	boxes.InitialOptions = marked
	block := slack.NewInputBlock(meta.block(), h.plainText("form.items.label"), nil, boxes)
	block.Optional = true // what is ticked may be on other pages
	return block
}

func (h *Handlers) itemOption(it recovery.OwnItem) *slack.OptionBlockObject {
	or := func(text, key string) string {
		if clean(text) == "" {
			return h.words.plain(key)
		}
		return text
	}
	about := h.words.plain("form.items.about", or(string(it.From), "form.items.no-sender"), h.words.date(it.ModifiedAt.UTC()),
		or(it.Folder, "form.items.no-folder"))
	return option(strconv.Itoa(it.N), or(string(it.Subject), "form.items.no-subject"), about)
}

func (h *Handlers) itemButtons(page, pages int) []slack.BlockElement {
	var list []slack.BlockElement
	add := func(action, key string) {
		list = append(list, slack.NewButtonBlockElement(action, "", h.plainText(key)))
	}
	if page > 0 {
		add(itemsPrevious, "form.items.previous")
	}
	if page < pages-1 {
		add(itemsNext, "form.items.next")
	}
	if pages > 1 {
		add(itemsAll, "form.items.all")
		add(itemsNone, "form.items.none")
	}
	return list
}
