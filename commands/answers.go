package commands

import (
	"context"
	"errors"
	"strings"

	"mailback/bot"
	"mailback/recovery"
)

// whoMarkup names what somebody asked for, in an answer to that person. A domain of other letters than ASCII's is shown in those as
// well, since letters of one alphabet can look like another's.
func whoMarkup(q recovery.Query) markup {
	if q.Kind == recovery.ByPerson {
		return mention(q.Value)
	}
	if domain := domainInASCII(q.Value); domain != "" {
		return literal(q.Value + " (" + domain + ")")
	}
	return literal(q.Value)
}

// askedFor names what an ask is for.
func (w words) askedFor(ask recovery.Ask) markup {
	if ask.Bulk != nil {
		return literal(w.many(ask.Bulk))
	}
	return whoMarkup(ask.Query)
}

// inASCII says under which name an address's domain goes to mail programs, where that is another than the one it is written with.
func (w words) inASCII(address string) markup {
	if domain := domainInASCII(address); domain != "" {
		return w.say("in-ascii", domain)
	}
	return ""
}

// misunderstood names the word that was not understood and what to type instead.
func (h *Handlers) misunderstood(err error) markup {
	fault, ok := errors.AsType[*syntaxError](err)
	if !ok {
		return h.words.say("error.internal")
	}
	return h.words.syntax(*fault)
}

// syntax words what was not understood.
func (w words) syntax(f syntaxError) markup {
	key := "syntax." + string(f.Fault)
	switch {
	case strings.Contains(f.Near, "@") && w.has(key+".address"):
		key += ".address"
	case f.Near != "" && w.has(key+".near"):
		key += ".near"
	}
	limit := map[fault]int{faultReasonLong: maxReason, faultLongName: maxName, faultTicket: maxTicket}[f.Fault]
	char, place := markup(""), ""
	switch f.Fault {
	case faultLookalike:
		char, place = w.notWhatItSeems(f.Char, f.Near != ""), w.ordinal(f.At)
	case faultSign:
		char = literal(string(f.Char))
	case faultInvisible: // Word is without it
		char, place = w.character(f.Char), cut(string([]rune(f.Word)[:f.At-1]), maxWord)
	}
	word := literal(cut(f.Word, maxWord))
	if m := mentionPattern.FindStringSubmatch(f.Word); m != nil {
		word = mention(m[1])
	}
	return w.say(key, word, f.Near, f.Length, limit, char, place)
}

// maxWord is how much of a word that was not understood is repeated, in characters.
const maxWord = 80

// failed words an error of a look-up. Its chain goes to the log.
func (h *Handlers) failed(ctx context.Context, what string, who recovery.Actor, err error) bot.Response {
	h.log.ErrorContext(ctx, "look-up failed", "what", what, "user", who.UserID, "error", err)
	kind := recovery.KindOf(err)
	e, ok := errors.AsType[*recovery.Error](err)
	if errors.Is(err, context.DeadlineExceeded) {
		kind = recovery.Unavailable
	}
	switch {
	case kind == recovery.Forbidden, kind == recovery.SignedOut:
		h.service.Met(ctx, err)
		return h.refused(e.Mend())
	case !ok:
		e = &recovery.Error{}
	}
	key := "error." + strings.ReplaceAll(string(kind), " ", "-")
	if !h.words.has(key) {
		key = "error.internal"
	}
	return bot.Response{Text: string(h.words.say(key, h.words.oneOf("peer.", string(e.Peer))))}
}

func (h *Handlers) refused(note recovery.Note) bot.Response {
	return bot.Response{Text: string(reader{h.words, false, ""}.note(note))}
}

// check says what is known about a mailbox.
func (h *Handlers) check(ctx context.Context, who recovery.Actor, command checkCommand) bot.Response {
	res, note, err := h.service.Check(ctx, who, command.Who)
	switch {
	case err != nil:
		return h.failed(ctx, "check", who, err)
	case note != nil:
		return h.refused(*note)
	}
	c := h.checkedCard(command.Who, res)
	if res.Diagnosis.Plan != nil {
		c.para(c.say("check.ask", markup(whoString(command.Who))))
	}
	c.foot(c.say("check.foot", c.when(res.Diagnosis.ReadAt)))
	out := c.content()
	return bot.Response{Text: out.Text, Blocks: out.Blocks}
}

// checkedCard says what was found out about a mailbox, and what would be done to bring it back.
func (h *Handlers) checkedCard(q recovery.Query, res recovery.CheckResult) *card {
	c := &card{reader: reader{h.words, res.Approver, ""}}
	d := res.Diagnosis
	c.what(&d, c.checked(q, res))
	if !d.Deadline.IsZero() || d.Plan != nil {
		c.deadline(d.Deadline, d.ReadAt)
	}
	if d.Obstacle != nil {
		c.para(c.note(*d.Obstacle))
	}
	c.found(&d)
	if res.Approver && len(d.Candidates) > 0 {
		var lines []markup
		for _, k := range d.Candidates[:min(len(d.Candidates), maxListed)] {
			lines = append(lines, c.candidate(k))
		}
		c.list(c.say("who.title"), lines)
	}
	if d.Plan != nil {
		c.plan(d.Plan)
	}
	return c
}

// checked is what the answer calls the mailbox: as it was asked for, or to approvers by its own address.
func (w reader) checked(q recovery.Query, res recovery.CheckResult) string {
	switch {
	case res.Approver && res.Diagnosis.Account.ID != "":
		return res.Diagnosis.Account.Address()
	case q.Kind == recovery.ByPerson:
		return w.plain("mentioned")
	}
	return q.Value
}

// deleted lists deleted users, for approvers.
func (h *Handlers) deleted(ctx context.Context, who recovery.Actor, command deletedCommand) bot.Response {
	accounts, note, err := h.service.Deleted(ctx, who, command.Text)
	switch {
	case err != nil:
		return h.failed(ctx, "deleted", who, err)
	case note != nil:
		return h.refused(*note)
	case len(accounts) == 0 && command.Text != "":
		return bot.Response{Text: string(h.words.say("deleted.none.text", command.Text))}
	case len(accounts) == 0:
		return bot.Response{Text: string(h.words.say("deleted.none"))}
	}
	now := h.now()
	lines := []string{string(h.words.say("deleted.title", h.words.count("accounts", len(accounts))))}
	for i, a := range accounts {
		if i == maxDeleted {
			lines = append(lines, string(h.words.say("deleted.more", len(accounts)-i)))
			break
		}
		ends := a.DeletedAt.Add(recovery.Retention)
		lines = append(lines, "• "+string(h.words.say("deleted.line", a.Address(), a.DisplayName, h.words.when(a.DeletedAt), h.words.left(ends, now))))
	}
	return bot.Response{Text: cutMarkup(strings.Join(lines, "\n"), maxMessageText)}
}

// maxDeleted is how many deleted users one answer lists.
const maxDeleted = 20

// statusList is a line for each request.
func (h *Handlers) statusList(list []recovery.Request, who recovery.Actor) markup {
	lines := []markup{h.words.say("status.title")}
	for _, r := range list {
		lines = append(lines, "• "+h.statusLine(r, who))
	}
	all := lines[0]
	for _, l := range lines[1:] {
		all += "\n" + l
	}
	return all
}

func (h *Handlers) statusLine(r recovery.Request, who recovery.Actor) markup {
	w := h.words.of(r)
	state := w.ending("state."+string(r.State), r)
	if r.Requester == who && w.has(state+".own") {
		state += ".own"
	}
	line := w.say("status.line", r.Ref(), w.askedFor(r.Ask), w.say(state), w.when(r.EnteredAt))
	if r.Requester != who {
		line += " " + w.say("status.by", mention(r.Requester.UserID))
	}
	return line
}

// statusOf is one request in a few lines.
func (h *Handlers) statusOf(r recovery.Request, who recovery.Actor) markup {
	to := reader{h.words.of(r), r.Requester != who || r.Reader.Approver, r.Ref()} // a request of others is given to approvers alone
	all := h.statusLine(r, who)
	if next := "home.next." + string(r.State); r.Requester == who && to.has(next) {
		all += " " + to.say(next)
	}
	add := func(m markup) {
		if m != "" {
			all += "\n" + m
		}
	}
	if r.Diagnosis != nil && r.State.Open() && !r.Diagnosis.Deadline.IsZero() {
		add(to.say("deadline", to.when(r.Diagnosis.Deadline), to.left(r.Diagnosis.Deadline, h.now())))
	}
	if r.Obstacle != nil {
		add(to.note(*r.Obstacle))
	}
	s := renderer{}.scene(r, recovery.Event{})
	if r.Plan != nil && r.State == recovery.Pending {
		add(to.say("approvals", s.approved(), s.needed()))
	}
	if step, ok := s.step(recovery.StepBulk); ok && step.Progress.Bulk != nil {
		add(to.bulkCounts(step.Progress.Bulk.BulkCounts))
	}
	if r.State == recovery.Denied {
		add(to.say(s.whenTouched("end.denied"), mention(r.EndedBy.UserID)))
		add(to.say("status.reason", r.EndReason))
	}
	return all
}

// Replier answers a command through its response URL, where the requester cannot be written to. It is recovery's Replier.
type Replier struct {
	slack Responder
	words words
}

// Responder is what a Replier needs of bot.Bot.
type Responder interface {
	Respond(ctx context.Context, responseURL string, r bot.Response) error
}

// NewReplier returns a Replier that speaks the requester's language, and one of its own where that is not known.
func NewReplier(to Responder, languageCode string) *Replier {
	return &Replier{slack: to, words: wordsIn(languageCode)}
}

// Reply tells the requester that the request was cancelled because Slack does not let Mailback write, and how to change that.
func (p *Replier) Reply(ctx context.Context, r recovery.Request) error {
	code := ""
	if r.Obstacle != nil && len(r.Obstacle.Args) > 0 {
		code = r.Obstacle.Args[0]
	}
	w := p.words
	if theirs, known := spoken(r.Reader.Language); known {
		w = theirs
	}
	text := w.say("unreachable", r.Ref(), code)
	return p.slack.Respond(ctx, string(r.ResponseURL), bot.Response{Text: string(text)})
}
