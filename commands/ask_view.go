package commands

import (
	"github.com/slack-go/slack"
)

// askView is the form for asking, with what is known already.
func (h *Handlers) askView(t typedAsk) slack.ModalViewRequest {
	who := slack.NewPlainTextInputBlockElement(h.plainText("ask.who.placeholder"), askWho)
	who.InitialValue, who.MaxLength = cut(t.Who, maxName), maxName
	reason := slack.NewPlainTextInputBlockElement(h.plainText("ask.reason.placeholder"), askReason)
	reason.InitialValue, reason.MaxLength, reason.Multiline = cut(t.Reason, maxReason), maxReason, true
	ticket := slack.NewPlainTextInputBlockElement(nil, askTicket)
	ticket.InitialValue, ticket.MaxLength = cut(t.Ticket, maxTicket), maxTicket
	why := slack.NewInputBlock(askReason, h.plainText("ask.reason"), h.plainText("ask.reason.hint"), reason)
	why.Optional = !h.rules.ReasonRequired
	number := slack.NewInputBlock(askTicket, h.plainText("ask.ticket"), nil, ticket)
	number.Optional = true
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: askForm, Title: h.plainText("ask.title"),
		Submit: h.plainText("ask.look"), Close: h.plainText("ask.close"),
		Blocks: slack.Blocks{BlockSet: []slack.Block{
			slack.NewInputBlock(askWho, h.plainText("ask.who"), h.plainText("ask.who.hint"), who), why, number,
		}},
	}
}

// askNotice is the form with a sentence and nothing to do.
func (h *Handlers) askNotice(text markup) slack.ModalViewRequest {
	view := slack.ModalViewRequest{Type: slack.VTModal, CallbackID: askForm, Title: h.plainText("ask.title"), Close: h.plainText("ask.close")}
	if text != "" {
		view.Blocks = slack.Blocks{BlockSet: []slack.Block{slack.NewSectionBlock(mrkdwn(cutMarkup(string(text), maxSectionText)), nil, nil)}}
	}
	return view
}
