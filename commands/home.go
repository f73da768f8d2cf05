package commands

import (
	"context"

	"github.com/slack-go/slack"

	"mailback/bot"
	"mailback/recovery"
)

// The buttons of Home.
const (
	homeAsk     = "home.ask" // opens the form; its value is the address to begin with
	homeRefresh = "home.refresh"
	homeOpen    = "home.open" // a link to a card
)

// homeListed is how many requests, or mailboxes, a part of Home lists.
const homeListed = 10

// homeAction answers the buttons of Home.
func (h *Handlers) homeAction(ctx context.Context, a slack.InteractionCallback) bot.Reply {
	who := clicker(a)
	if len(a.ActionCallback.BlockActions) != 1 || a.ActionCallback.BlockActions[0] == nil {
		return bot.Reply{}
	}
	switch act := a.ActionCallback.BlockActions[0]; act.ActionID {
	case homeAsk:
		h.openAsk(ctx, a.TriggerID, who, typedAsk{Who: act.Value})
		return bot.Reply{}
	case homeOpen: // Slack opens the link itself, and tells of it
		return bot.Reply{}
	case homeRefresh:
		return bot.Reply{After: func(ctx context.Context) { h.publishHome(ctx, who) }}
	default:
		h.log.WarnContext(ctx, "button of Home not understood", "user", who.UserID, "action", act.ActionID)
		return bot.Reply{}
	}
}

// publishHome shows a person's Home as it is now.
func (h *Handlers) publishHome(ctx context.Context, who recovery.Actor) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	view := slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: h.homeBlocks(ctx, who)}}
	if err := h.slack.PublishView(ctx, who.UserID, view); err != nil {
		h.log.WarnContext(ctx, "Home not shown", "user", who.UserID, "error", err)
	}
}

// homeBlocks is what Home has for a person: what to do first, then for approvers what waits for them, then the own requests, and for
// approvers what runs and what is purged soon.
func (h *Handlers) homeBlocks(ctx context.Context, who recovery.Actor) []slack.Block {
	home, note, err := h.service.Overview(ctx, who)
	c := &card{reader: reader{h.words, home.Approver, ""}}
	c.para(c.say("home.hello"))
	if note == nil {
		c.blocks = append(c.blocks, h.homeButtons())
	}
	switch {
	case err != nil:
		h.log.ErrorContext(ctx, "Home not read", "user", who.UserID, "error", err)
		c.para(c.say("not-read"))
		return c.blocks
	case note != nil:
		c.para(c.note(*note))
		return c.blocks
	}
	if home.Approver {
		h.homeRequests(c, who, "home.waiting", home.Waiting)
	}
	h.homeRequests(c, who, "home.own", home.Own)
	if home.Approver {
		h.homeRequests(c, who, "home.running", home.Running)
		h.homePurged(c, home)
	}
	c.foot(c.say("home.foot", c.when(h.now())))
	return c.blocks
}

func (h *Handlers) homeButtons() slack.Block {
	ask := slack.NewButtonBlockElement(homeAsk, "", h.plainText("home.ask"))
	ask.Style = slack.StylePrimary
	return slack.NewActionBlock("home", ask, slack.NewButtonBlockElement(homeRefresh, "", h.plainText("home.refresh")))
}

// homeRequests lists requests with where they are and what comes next, each with a link to its card. An empty part says so where there are
// words for it.
func (h *Handlers) homeRequests(c *card, who recovery.Actor, part string, list []recovery.Carded) {
	if len(list) == 0 {
		if none := part + ".none"; c.has(none) {
			c.para(c.say(none))
		}
		return
	}
	c.para("*" + c.say(part) + "*")
	for _, r := range list[:min(len(list), homeListed)] {
		line := h.statusLine(r.Request, who)
		if next := "home.next." + string(r.State); r.Requester == who && c.has(next) {
			line += " " + c.say(next)
		}
		if r.Diagnosis != nil && r.State.Open() && !r.Diagnosis.Deadline.IsZero() {
			line += "\n" + c.say("deadline", c.when(r.Diagnosis.Deadline), c.left(r.Diagnosis.Deadline, h.now()))
		}
		c.para(homeLine(line))
		if url := h.cardURL(r.Card); url != "" {
			open := slack.NewButtonBlockElement(homeOpen, "", h.plainText("home.open"))
			open.URL, open.AccessibilityLabel = url, cut(c.plain("home.open.label", r.Ref()), maxButtonText)
			c.aside(open)
		}
	}
	if more := len(list) - homeListed; more > 0 {
		c.para(c.say("home.more", more))
	}
}

// homeLine keeps a line of Home so short that Slack takes them all: a view has at most 250 KB (docs.slack.dev/reference/views).
func homeLine(line markup) markup { return markup(cutMarkup(string(line), 800)) }

// cardURL is where a card is; empty where there is none, or no link that Slack takes.
func (h *Handlers) cardURL(at recovery.Place) string {
	if at == (recovery.Place{}) {
		return ""
	}
	url := h.slack.Permalink(at.Channel, at.TS)
	if len(url) > maxURL {
		return ""
	}
	return url
}

// maxURL is the longest link of a button (docs.slack.dev/reference/block-kit/block-elements/button-element).
const maxURL = 3000

// homePurged lists what will be purged soon, each with a button to ask for it.
func (h *Handlers) homePurged(c *card, home recovery.Overview) {
	if len(home.Purged) == 0 {
		return
	}
	c.para("*" + c.say("home.purged") + "*")
	for _, a := range home.Purged[:min(len(home.Purged), homeListed)] {
		ends := a.DeletedAt.Add(recovery.Retention)
		text := c.say("home.purged.line", a.Address(), a.DisplayName, c.when(ends), c.left(ends, h.now()))
		c.para(homeLine(text))
		if len(a.Address()) <= maxAddress {
			ask := slack.NewButtonBlockElement(homeAsk, a.Address(), h.plainText("home.ask.it"))
			ask.AccessibilityLabel = cut(c.plain("home.ask.it.label", a.Address()), maxButtonText)
			c.aside(ask)
		}
	}
	if more := len(home.Purged) - homeListed; more > 0 {
		c.para(c.say("home.purged.more", more))
	}
}
