package commands

import (
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"mailback/recovery"
)

// subject is how a reader knows the mailbox: requesters by what they asked for, approvers by its own address.
func (s *scene) subject(to reader) string {
	q := s.r.Ask.Query
	switch {
	case s.r.Ask.Bulk != nil:
		return to.many(s.r.Ask.Bulk)
	case !to.approver && q.Kind != recovery.ByPerson:
		return q.Value
	case s.r.Plan != nil:
		return s.r.Plan.Address
	case s.r.Diagnosis != nil && s.r.Diagnosis.Account.ID != "" && to.approver:
		return s.r.Diagnosis.Account.Address()
	case q.Kind == recovery.ByPerson:
		return to.plain("mentioned")
	default:
		return q.Value
	}
}

// what says which mailbox it is, what happened to it, and until when it can be brought back.
func (c *card) what(d *recovery.Diagnosis, subject string) {
	if d == nil {
		c.para(c.say("asked-as", subject))
		return
	}
	name := markup("")
	if c.approver && d.Account.DisplayName != "" {
		name = c.say("name", d.Account.DisplayName)
	}
	what := "case." + string(d.Case)
	if d.Case == recovery.CaseShared && !d.TypeProven {
		what = "case.shared.probably"
	}
	c.para(c.say(what, subject), c.inASCII(subject), name)
}

// ticket names the help desk's ticket, beside the reason.
func (s *scene) ticket(c *card) {
	if number := s.r.Ask.Ticket; number != "" {
		c.para(c.say("note.ticket", s.Rules.link(number)))
	}
}

// found lists what the diagnosis rests on; how much the mailbox holds is for approvers.
func (c *card) found(d *recovery.Diagnosis) {
	lines := c.notes(d.Evidence)
	if d.Contents != nil && c.approver {
		lines = append(lines, c.say("found.contents", c.count("items", d.Contents.Items), c.size(d.Contents.Bytes)))
	}
	c.list(c.say("found.title"), lines)
}

// deadline says until when, as a date and as the time left.
func (c *card) deadline(deadline, now time.Time) {
	if deadline.IsZero() {
		c.para(c.say("deadline.unknown"))
		return
	}
	c.para(c.say("deadline", c.when(deadline), c.left(deadline, now)))
}

// plan says what comes back with the mailbox, what will be done, what it costs and what people must know before they agree.
func (c *card) plan(p *recovery.Plan) {
	if p.Case == recovery.CaseUndo {
		c.undoPlan(p)
		return
	}
	var steps []markup
	for _, st := range p.Steps {
		if st.Progress.Done.IsZero() { // the others are done, where it is tried again
			steps = append(steps, c.step(st))
		}
	}
	c.list(c.say("back.title"), c.comesBack(p))
	c.list(c.say("plan.title"), steps)
	c.list(c.say("cost.title"), []markup{c.cost(p)})
	var lost, warnings []markup
	for _, n := range p.Warnings {
		switch m := c.note(n); {
		case m == "":
		case n.Code == recovery.NoteAddressDropped:
			if !slices.Contains(lost, m) {
				lost = append(lost, m)
			}
		case n.Code == recovery.NoteTargetReads && c.approver: // their card's first line
		case n.Code != recovery.NoteSignInReturns: // said with what comes back
			if !slices.Contains(warnings, m) {
				warnings = append(warnings, m)
			}
		}
	}
	c.list(c.say("lost.title"), lost)
	c.list(c.say("warn.title"), warnings)
}

// step says what a step does.
func (w reader) step(st recovery.Step) markup {
	switch {
	case st.Kind == recovery.StepRestoreUser && st.SignInName != "":
		return w.say("step.restore-user.as", st.SignInName)
	case !w.approver && w.has("step."+string(st.Kind)+".limited"):
		return w.say("step." + string(st.Kind) + ".limited")
	case st.Kind == recovery.StepCopy, st.Kind == recovery.StepCopyArchive:
		return w.say("step."+string(st.Kind), st.Folder)
	case st.Kind == recovery.StepUsageLocation:
		return w.say("step.usage-location", st.Country)
	case st.Kind == recovery.StepAssign, st.Kind == recovery.StepReprocess, st.Kind == recovery.StepTakeLicense, st.Kind == recovery.StepTurnOff:
		return w.say("step."+string(st.Kind), w.license(st.PartNumber))
	default:
		return w.say("step." + string(st.Kind))
	}
}

// comesBack lists what comes back beside the mail, sign-in and admin roles first.
func (c *card) comesBack(p *recovery.Plan) []markup {
	var lines []markup
	switch p.SignIn {
	case recovery.SignInUnchanged:
		return []markup{c.say("back.unchanged")}
	case recovery.SignInNone:
		return c.copied(p)
	case recovery.SignInNew:
		return []markup{c.say("back.sign-in.new"), c.say("back.new-user")}
	case recovery.SignInReturns:
		lines = append(lines, c.say("back.sign-in.returns"))
	case recovery.SignInStaysOff:
		lines = append(lines, c.say("back.sign-in.off"))
	case recovery.SignInBlocked:
		lines = append(lines, c.say("back.sign-in.blocked"))
	default:
		lines = append(lines, c.say("back.sign-in.unknown"))
	}
	if !c.approver {
		return append(lines, c.say("back.limited"))
	}
	switch {
	case !p.Access.RolesKnown:
		lines = append(lines, c.say("back.roles.unknown"))
	case len(p.Access.Roles) == 0:
		lines = append(lines, c.say("back.roles.none"))
	default:
		lines = append(lines, c.say("back.roles", literals(p.Access.Roles)))
	}
	if !p.Access.GroupsKnown {
		return append(lines, c.say("back.groups.unknown"))
	}
	return append(lines, c.say("back.groups", c.count("groups", p.Access.Groups)))
}

// copied says what a copy brings, and into which mailbox.
func (c *card) copied(p *recovery.Plan) []markup {
	if p.Target == nil {
		return []markup{c.say("back.copy.open")}
	}
	into := p.Target.Address
	if !c.approver {
		into = p.Target.Asked
	}
	return []markup{c.say("back.copy", into), c.say("back.copy.old")}
}

// cost names the licence, and to approvers the seats that are free.
func (c *card) cost(p *recovery.Plan) markup {
	large := slices.ContainsFunc(p.Warnings, func(n recovery.Note) bool { return n.Code == recovery.NoteLarge })
	switch {
	case p.Seats == nil && large:
		return c.say("cost.none.large")
	case p.Seats == nil && (p.Case == recovery.CaseShared || p.SignIn == recovery.SignInNone || p.Source != nil && p.SignIn == recovery.SignInBlocked):
		return c.say("cost.none")
	case p.Seats == nil:
		return c.say("cost.pending")
	case c.approver:
		return c.say("cost.seats", c.license(p.Seats.PartNumber), c.count("seats", p.Seats.Free))
	default:
		return c.say("cost", c.license(p.Seats.PartNumber))
	}
}

// progress says how far each step is, and within which time it is looked at again: when that is would need an edit for each look.
func (c *card) progress(r recovery.Request) {
	var lines []markup
	for _, st := range r.Plan.Steps {
		lines = append(lines, c.stepProgress(st, r.State))
	}
	c.list(c.say("progress.title"), lines)
	c.itemProgress(r.Plan)
	if pause := r.LooksWithin(); pause > 0 {
		c.para(c.say("progress.next", c.lasting(pause)))
	}
}

func (c *card) stepProgress(st recovery.Step, state recovery.State) markup {
	p, what, problem := st.Progress, c.step(st), markup("")
	if p.Problem != nil && p.Problem.Code != recovery.NoteByHand { // the step says it
		problem = c.note(*p.Problem)
	}
	switch {
	case p.Skipped:
		return c.say("progress.skipped", what)
	case p.Copy != nil && p.Done.IsZero() && problem == "" && state == recovery.Restoring:
		return c.say("progress.copy", c.when(p.Began), what, c.copyState(*p.Copy))
	case p.Copy != nil && !p.Done.IsZero() && c.approver:
		return c.say("progress.copied", c.when(p.Done), what, c.count("items", p.Copy.Items), c.size(p.Copy.Bytes))
	case p.Found && !p.Done.IsZero():
		return c.say("progress.found", what)
	case !p.Done.IsZero():
		return c.say("progress.done", c.when(p.Done), what)
	case state == recovery.Partial || state == recovery.Failed || state == recovery.Denied:
		return c.say("progress.failed", what)
	case p.Began.IsZero():
		return c.say("progress.open", what)
	case problem != "" && p.Problem.Code == recovery.NoteCopyWaits && p.Copy != nil:
		return c.say("progress.suspended", c.when(p.Began), what, problem, c.copyState(*p.Copy))
	case p.Problem != nil && p.Problem.Code == recovery.NoteByHand:
		return c.say("progress.by-hand", c.when(p.Began), what)
	case problem != "":
		return c.say("progress.problem", c.when(p.Began), what, problem)
	default:
		return c.say("progress.working", c.when(p.Began), what)
	}
}

// copyState says how far a copy is, and how fast it has been on average once that can be told and it moves.
func (c *card) copyState(st recovery.CopyStatus) markup {
	if st.State == recovery.CopyQueued {
		return c.say("copy.queued")
	}
	if !c.approver { // how much is in it is for approvers
		return c.say("copy.percent", st.Percent)
	}
	percent, items, size := st.Percent, c.count("items", st.Items), c.size(st.Bytes)
	if took := st.ReadAt.Sub(st.StartedAt); st.State == recovery.CopyInProgress && !st.StartedAt.IsZero() && took >= time.Minute && st.Bytes > 0 {
		return c.say("copy.rate", percent, items, size, c.size(int64(float64(st.Bytes)/took.Minutes())))
	}
	return c.say("copy.state", percent, items, size)
}

// proof shows what was read back. What is missing is not said once more where it is the obstacle, which stands further up.
func (c *card) proof(p recovery.Proof, obstacle *recovery.Note) {
	lines := proofLines(c.reader, p)
	if c.approver && len(p.Undone) == 0 {
		if !p.MailboxCreated.IsZero() && len(p.Missing) == 0 {
			lines = append(lines, c.say("proof.created", c.when(p.MailboxCreated)))
		}
		if p.Contents != nil {
			lines = append(lines, c.say("proof.contents", c.count("items", p.Contents.Items), c.size(p.Contents.Bytes)))
		}
		switch {
		case len(p.Grants) > 0:
			lines = append(lines, c.say("proof.grants", grants(p.Grants)))
		case p.GrantsKnown:
			lines = append(lines, c.say("proof.grants.none"))
		}
		if p.SignInEnabled != nil && *p.SignInEnabled {
			lines = append(lines, c.say("proof.enabled"))
		} else if p.SignInEnabled != nil {
			lines = append(lines, c.say("proof.blocked"))
		}
	}
	lines = append(lines, c.notes(p.Notes)...)
	c.list(c.say("proof.title", c.when(p.ReadAt)), lines)
	missing := slices.DeleteFunc(c.notes(p.Missing), func(m markup) bool { return obstacle != nil && m == c.note(*obstacle) })
	c.list(c.say("proof.missing"), missing)
}

// proofLines are the facts of a proof that everybody is told.
func proofLines(to reader, p recovery.Proof) []markup {
	if len(p.Undone) > 0 {
		return to.notes(p.Undone)
	}
	if p.Items != nil {
		return []markup{to.itemCounts(*p.Items)}
	}
	if p.Bulk != nil {
		return []markup{to.bulkCounts(*p.Bulk)}
	}
	var lines []markup
	if !p.AnsweredAt.IsZero() {
		lines = append(lines, to.say("proof.mailbox", to.when(p.AnsweredAt)))
	}
	if !to.approver && !p.MailboxCreated.IsZero() && len(p.Missing) == 0 { // approvers read when it was made
		lines = append(lines, to.say("proof.old"))
	}
	switch {
	case p.License != "" && p.SeatsLeft != nil && to.approver:
		lines = append(lines, to.say("proof.seats", to.license(p.License), to.count("seats", *p.SeatsLeft)))
	case p.License != "":
		lines = append(lines, to.say("proof.license", to.license(p.License)))
	}
	switch {
	case p.Into != "" && !to.approver:
		lines = append(lines, to.say("proof.into", p.Asked))
	case p.Into != "":
		lines = append(lines, to.say("proof.into", p.Into))
	case p.SignInName != "":
		lines = append(lines, to.say("proof.sign-in", p.SignInName))
	}
	switch {
	case len(p.Dropped) > 0 && to.approver:
		lines = append(lines, to.say("proof.dropped", literals(p.Dropped)))
	case len(p.Dropped) > 0:
		lines = append(lines, to.say("proof.dropped.limited"))
	}
	return lines
}

// grants lists who else may open a mailbox, with each one's rights.
func grants(list []recovery.Grant) markup {
	var all []string
	for _, g := range list {
		all = append(all, g.Who+" ("+strings.Join(g.Rights, ", ")+")")
	}
	return literals(all)
}

// offers shows those choices that are the requester's, each with its reason. obstacle is what is in the way of a plan, if anything is.
func (c *card) offers(list []recovery.Offer, obstacle *recovery.Note) {
	for _, o := range list {
		switch o.Action {
		case recovery.ChooseAccount: // for approvers, on their card: candidates
			continue
		case recovery.ChooseItems: // in a form of its own
			switch {
			case o.Again:
				c.para("*" + c.say("offer.items.again") + "*")
			case o.Required:
				c.para("*" + c.say("offer.items") + "*")
			}
			continue
		}
		lines := []markup{"*" + c.say("offer."+offerReason(o, obstacle)) + "*"}
		if c.approver {
			lines = append(lines, c.holders(o)...)
		}
		c.para(lines...)
		var options []*slack.OptionBlockObject
		for _, p := range o.Options {
			options = append(options, option(p.Value, c.optionText(o.Action, p), ""))
		}
		c.choice(o.Action, options, o.Chosen)
	}
}

// offerReason is the part of an offer's key that says why there is a choice.
func offerReason(o recovery.Offer, obstacle *recovery.Note) string {
	name := offerName(o.Action)
	switch {
	case o.Action == recovery.ChooseDrop && len(o.About) == 0: // who holds them could not be read
		return name + ".unknown"
	case o.Action == recovery.ChooseSignInName && len(o.About) == 0: // its own is free, the one that was wished for is not to be had
		return name + ".free"
	case o.Action == recovery.ChooseLicense && obstacle != nil && obstacle.Code == recovery.NoteNoSeat:
		return name + ".instead"
	default:
		return name
	}
}

// holders says who is in the way of what an offer is about.
func (c *card) holders(o recovery.Offer) []markup {
	var lines []markup
	for _, h := range o.About[:min(len(o.About), maxListed)] {
		lines = append(lines, c.say("holder", h.Address, h.Name, c.say("holder."+string(h.Kind))))
	}
	return lines
}

// offerName is the part of an action's id behind "choice.".
func offerName(a recovery.Action) string { return string(a)[len("choice."):] }

func (c *card) optionText(a recovery.Action, p recovery.Option) string {
	switch {
	case a == recovery.ChooseSignIn:
		return c.plain("option.signin." + p.Value)
	case a == recovery.ChooseDrop && p.Label == "":
		return c.plain("option.drop.unknown")
	case a == recovery.ChooseDrop && c.approver:
		return c.plain("option.drop", p.Label)
	case a == recovery.ChooseDrop:
		return c.plain("option.drop.limited")
	case a == recovery.ChooseTarget && !c.approver:
		return c.plain("option.target.limited")
	case a == recovery.ChooseTarget:
		return c.plain("option.target", p.Label)
	case a == recovery.ChooseLicense && c.approver:
		return c.plain("option.license", unescape(string(c.license(p.Label))), c.count("seats", p.Free))
	case a == recovery.ChooseLicense:
		return unescape(string(c.license(p.Label)))
	default:
		return p.Label
	}
}

// candidates lets approvers choose the account.
func (c *card) candidates(d *recovery.Diagnosis) {
	var lines []markup
	about := map[string]recovery.Candidate{}
	for i, k := range d.Candidates {
		about[k.Value()] = k
		if i < maxListed {
			lines = append(lines, c.candidate(k))
		}
	}
	c.list(c.say("who.title"), lines)
	for _, o := range d.Offers {
		if o.Action != recovery.ChooseAccount {
			continue
		}
		var options []*slack.OptionBlockObject
		for _, p := range o.Options {
			k := about[p.Value]
			options = append(options, option(p.Value, c.candidateOption(k), c.candidateNote(k)))
		}
		c.para("*" + c.say("offer.account") + "*")
		c.choice(o.Action, options, o.Chosen)
	}
}

func (w reader) candidate(k recovery.Candidate) markup {
	switch {
	case k.Orphan && k.DeletedAt.IsZero():
		return w.say("who.inactive", k.Address, k.Name)
	case k.Orphan:
		return w.say("who.orphan", k.Address, k.Name, w.when(k.DeletedAt))
	case k.DeletedAt.IsZero():
		return w.say("who.live", k.Address, k.Name)
	default:
		return w.say("who.deleted", k.Address, k.Name, w.when(k.DeletedAt))
	}
}

// candidateOption begins with what tells accounts of one address apart, since Slack shows little of a long option.
func (w reader) candidateOption(k recovery.Candidate) string {
	if k.Orphan {
		return w.plain("option.account.orphan", k.Address, k.Type)
	}
	if k.DeletedAt.IsZero() {
		return w.plain("option.account.live", k.Address)
	}
	return w.plain("option.account.deleted", k.Address, w.date(k.DeletedAt.UTC()))
}

func (w reader) candidateNote(k recovery.Candidate) string {
	if k.Orphan && k.DeletedAt.IsZero() {
		return w.plain("who.inactive", k.Name, k.ID[:min(len(k.ID), 8)])
	}
	if k.Orphan {
		return w.plain("who.orphan", k.Name, k.ID[:min(len(k.ID), 8)], w.date(k.DeletedAt.UTC()))
	}
	if k.DeletedAt.IsZero() {
		return w.plain("who.live", k.Name, k.ID)
	}
	return w.plain("who.deleted", k.Name, k.ID[:min(len(k.ID), 8)], w.date(k.DeletedAt.UTC()))
}
