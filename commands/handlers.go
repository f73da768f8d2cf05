package commands

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"

	"mailback/bot"
	"mailback/recovery"
)

// Service is what handlers need of recovery.Service, which documents it.
type Service interface {
	Admit(ctx context.Context, who recovery.Actor) *recovery.Note
	Ask(ctx context.Context, in recovery.AskInput) (r recovery.Request, isNew bool, err error)
	Click(ctx context.Context, id int64, c recovery.Click) (*recovery.Note, error)
	Cancel(ctx context.Context, id int64, c recovery.Click) (*recovery.Note, error)
	Check(ctx context.Context, who recovery.Actor, q recovery.Query) (recovery.CheckResult, *recovery.Note, error)
	Deleted(ctx context.Context, who recovery.Actor, text string) ([]recovery.Account, *recovery.Note, error)
	Status(ctx context.Context, who recovery.Actor, id int64) ([]recovery.Request, *recovery.Note, error)
	OwnItems(ctx context.Context, who recovery.Actor, id int64, f recovery.OwnFilter) (recovery.OwnList, *recovery.Note, error)
	ChooseItems(ctx context.Context, id int64, c recovery.Click, listing string, ticks recovery.Ticks) (*recovery.Note, error)
	Overview(ctx context.Context, who recovery.Actor) (recovery.Overview, *recovery.Note, error)
	Preview(ctx context.Context, who recovery.Actor, ask recovery.Ask) (recovery.CheckResult, *recovery.Note, error)
	Language(ctx context.Context, who recovery.Actor) string
	Speak(ctx context.Context, who recovery.Actor, code string) error
	Met(ctx context.Context, err error)
}

// Slack is what handlers need of bot.Bot to answer in place.
type Slack interface {
	OpenView(ctx context.Context, triggerID string, view slack.ModalViewRequest) (*slack.View, error)
	UpdateView(ctx context.Context, viewID, hash string, view slack.ModalViewRequest) (*slack.View, error)
	Respond(ctx context.Context, responseURL string, r bot.Response) error
	PublishView(ctx context.Context, userID string, view slack.HomeTabViewRequest) error
	Permalink(channel, ts string) string
}

// Config is what Handlers work with; all of it is required.
type Config struct {
	Service  Service
	Slack    Slack
	Language string // code, as in MAILBACK_LOCALE: of those whose own is not known
	Rules    Rules  // the zero value wants nothing
	Now      recovery.Clock
	Logger   *slog.Logger
}

// Handlers answer what people do in Slack. They record it and ack; what it leads to is decided by jobs, on fresh facts.
type Handlers struct {
	service Service
	slack   Slack
	words   words // of the installation, or of the person who is answered: see to
	rules   Rules
	now     recovery.Clock
	log     *slog.Logger
}

var _ bot.Handler = (*Handlers)(nil)

// New returns Handlers.
func New(cfg Config) *Handlers {
	return &Handlers{service: cfg.Service, slack: cfg.Slack, words: wordsIn(cfg.Language), rules: cfg.Rules, now: cfg.Now, log: cfg.Logger}
}

// to gives Handlers that speak the language of a person.
func (h *Handlers) to(ctx context.Context, who recovery.Actor) *Handlers {
	theirs, known := spoken(h.service.Language(ctx, who))
	if !known {
		return h
	}
	speaking := *h
	speaking.words = theirs
	return &speaking
}

// Sorry words the troubles of bot.Config.Sorry in a language.
func Sorry(languageCode string) func(bot.Trouble, string) string {
	w := wordsIn(languageCode)
	return func(why bot.Trouble, _ string) string { return string(w.say("trouble." + why.String())) }
}

// Shortcut opens the form for asking.
func (h *Handlers) Shortcut(ctx context.Context, s slack.InteractionCallback) bot.Reply {
	if s.CallbackID != askShortcut {
		h.log.WarnContext(ctx, "shortcut not understood", "user", s.User.ID, "callback_id", s.CallbackID)
		return bot.Reply{}
	}
	who := clicker(s)
	h.to(ctx, who).openAsk(ctx, s.TriggerID, who, typedAsk{})
	return bot.Reply{}
}

// Event shows a person's Home when that person opens it.
func (h *Handlers) Event(_ context.Context, e slackevents.EventsAPIEvent) bot.Reply {
	opened, ok := e.InnerEvent.Data.(*slackevents.AppHomeOpenedEvent)
	if !ok || opened.Tab != "home" {
		return bot.Reply{}
	}
	who := recovery.Actor{TeamID: e.TeamID, UserID: opened.User}
	return bot.Reply{After: func(ctx context.Context) { h.to(ctx, who).publishHome(ctx, who) }}
}

// ephemeral is the ack of a command: a message that its person alone sees.
type ephemeral struct {
	ResponseType string        `json:"response_type"`
	Text         string        `json:"text"`
	Blocks       []slack.Block `json:"blocks,omitempty"`
}

// maxAckText keeps an ack well under the 20480 bytes that Slack takes (slack-go socketmode/socketmode.go).
const maxAckText = 3000

func answer(text markup) bot.Reply {
	return bot.Reply{Payload: ephemeral{slack.ResponseTypeEphemeral, cutMarkup(string(text), maxAckText), nil}}
}

// Command answers /restore-mailbox.
func (h *Handlers) Command(ctx context.Context, c slack.SlashCommand) bot.Reply {
	who := recovery.Actor{TeamID: c.TeamID, UserID: c.UserID}
	return h.to(ctx, who).command(ctx, c, who)
}

func (h *Handlers) command(ctx context.Context, c slack.SlashCommand, who recovery.Actor) bot.Reply {
	command, err := parse(c.Text)
	if err != nil {
		return answer(h.misunderstood(err))
	}
	if makesWork(command) {
		if refused := h.service.Admit(ctx, who); refused != nil {
			return answer(reader{h.words, false, ""}.note(*refused))
		}
	}
	switch command := command.(type) {
	case askCommand:
		return h.ask(ctx, c, who, command)
	case itemsCommand:
		return h.items(ctx, c, who, command)
	case bulkCommand:
		_, reply := h.recordAsk(ctx, c, who, command.Ask, "ack.bulk")
		return reply
	case checkCommand:
		return h.later(c, func(ctx context.Context) bot.Response { return h.check(ctx, who, command) })
	case deletedCommand:
		return h.later(c, func(ctx context.Context) bot.Response { return h.deleted(ctx, who, command) })
	case statusCommand:
		return h.status(ctx, who, command)
	case cancelCommand:
		return h.cancel(ctx, c, who, command)
	case languageCommand:
		return h.speak(ctx, who, command)
	case helpCommand:
		if command.Empty && h.openAsk(ctx, c.TriggerID, who, typedAsk{}) {
			return bot.Reply{}
		}
		if command.Empty {
			return answer(h.words.say("help.short"))
		}
		return answer(h.words.say("help"))
	default:
		h.log.ErrorContext(ctx, "command without a handler", "command", command)
		return answer(h.words.say("error.internal"))
	}
}

// makesWork says whether a command costs more than its answer. Who wants to take back what was asked is never held up.
func makesWork(c command) bool {
	switch c.(type) {
	case cancelCommand, helpCommand, languageCommand:
		return false
	default:
		return true
	}
}

// ask records a request. The ack says what was recorded, and is honest when nothing was.
func (h *Handlers) ask(ctx context.Context, c slack.SlashCommand, who recovery.Actor, command askCommand) bot.Reply {
	_, reply := h.recordAsk(ctx, c, who, command.Ask, "ack.asked")
	return reply
}

// recordAsk records a request and acks it with the words of a key; its id is 0 where nothing was recorded.
func (h *Handlers) recordAsk(ctx context.Context, c slack.SlashCommand, who recovery.Actor, ask recovery.Ask, key string) (int64, bot.Reply) {
	if faults := h.rules.check(ask); len(faults) > 0 {
		return 0, answer(h.words.syntax(*faults[0]))
	}
	r, isNew, err := h.service.Ask(ctx, recovery.AskInput{
		Ask: ask, Actor: who, Key: "command:" + who.TeamID + ":" + who.UserID + ":" + c.TriggerID,
		ResponseURL: recovery.Secret(c.ResponseURL), Language: h.words.code,
	})
	if err != nil {
		h.log.ErrorContext(ctx, "ask not recorded", "user", who.UserID, "error", err)
		return 0, answer(h.unrecorded(err, "nothing-recorded"))
	}
	h.recorded(ctx, "command", r.ID, who, asked(isNew))
	if !isNew {
		key += ".before"
	}
	return r.ID, answer(h.words.say(key, r.Ref(), whoMarkup(ask.Query)))
}

// recorded links a request in the log to the envelope whose ack is about to leave: what somebody did by a command, a click or a form is in
// the database.
func (h *Handlers) recorded(ctx context.Context, how string, id int64, who recovery.Actor, what string) {
	h.log.InfoContext(ctx, "recorded", "request", recovery.Request{ID: id}.Ref(), "what", what, "how", how, "envelope", bot.EnvelopeID(ctx), "user", who.UserID)
}

// asked is what was recorded of an ask.
func asked(isNew bool) string {
	if isNew {
		return "asked"
	}
	return "asked-again"
}

// unrecorded says that nothing was recorded, or that it cannot be known.
func (h *Handlers) unrecorded(err error, key string, args ...any) markup {
	if errors.Is(err, recovery.ErrUnsure) {
		return h.words.say("trouble.failed")
	}
	return h.words.say(key, args...)
}

// cancel records that somebody wants to withdraw a request.
func (h *Handlers) cancel(ctx context.Context, c slack.SlashCommand, who recovery.Actor, command cancelCommand) bot.Reply {
	note, err := h.service.Cancel(ctx, command.ID, recovery.Click{
		Action: recovery.ActCancel, By: who, At: h.now(), Key: "command:" + who.TeamID + ":" + who.UserID + ":" + c.TriggerID,
	})
	r := recovery.Request{ID: command.ID}
	switch {
	case err != nil:
		h.log.ErrorContext(ctx, "cancel not recorded", "request", r.Ref(), "user", who.UserID, "error", err)
		return answer(h.unrecorded(err, "nothing-recorded"))
	case note != nil && note.Code == recovery.NoteOldMessage:
		return answer(h.words.say("no-such-request", r.Ref()))
	case note != nil:
		return answer(reader{h.words, false, r.Ref()}.note(*note))
	default:
		h.recorded(ctx, "command", r.ID, who, string(recovery.ActCancel))
		return answer(h.words.say("ack.cancel", r.Ref()))
	}
}

// status answers at once, for the store is near.
func (h *Handlers) status(ctx context.Context, who recovery.Actor, command statusCommand) bot.Reply {
	list, note, err := h.service.Status(ctx, who, command.ID)
	switch {
	case err != nil:
		h.log.ErrorContext(ctx, "status not read", "user", who.UserID, "error", err)
		return answer(h.words.say("not-read"))
	case note != nil:
		return answer(reader{h.words, false, ""}.note(*note))
	case len(list) == 0 && command.ID != 0:
		return answer(h.words.say("no-such-request", recovery.Request{ID: command.ID}.Ref()))
	case len(list) == 0:
		return answer(h.words.say("status.none"))
	case command.ID != 0:
		return answer(h.statusOf(list[0], who))
	default:
		return answer(h.statusList(list, who))
	}
}

// later acks with "Looking…" and sends the answer when it is there: in its place where Slack allows that, else below it.
func (h *Handlers) later(c slack.SlashCommand, find func(context.Context) bot.Response) bot.Reply {
	reply := answer(h.words.say("looking"))
	reply.After = func(ctx context.Context) {
		look, cancel := context.WithTimeout(ctx, lookTime)
		defer cancel()
		r := find(look)
		r.Replace = true
		if err := h.slack.Respond(ctx, c.ResponseURL, r); err != nil {
			h.log.WarnContext(ctx, "answer not delivered", "user", c.UserID, "error", err)
		}
	}
	return reply
}

// lookTime bounds a look-up that somebody waits for.
const lookTime = 20 * time.Second

// private answers the person who clicked, beside what was clicked.
func (h *Handlers) private(responseURL string, text markup) bot.Reply {
	return bot.Reply{After: func(ctx context.Context) {
		if responseURL == "" {
			return // a click on a form has no message to answer beside
		}
		if err := h.slack.Respond(ctx, responseURL, bot.Response{Text: cutMarkup(string(text), maxAckText)}); err != nil {
			h.log.WarnContext(ctx, "answer to a click not delivered", "error", err)
		}
	}}
}
