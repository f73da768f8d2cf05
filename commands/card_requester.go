package commands

import (
	"slices"

	"github.com/slack-go/slack"

	"mailback/recovery"
)

// requesterCard is the request as its requester sees it.
func (s *scene) requesterCard() *card {
	c, r := s.card(s.requester()), s.r
	subject := s.subject(c.reader)
	c.head(s.requesterHead())
	c.what(r.Diagnosis, subject)
	s.undoOf(c)
	if r.State == recovery.Confirming {
		c.list(c.say("changed.title"), c.notes(r.Changed))
	}
	s.standing(c)
	s.done(c)
	s.planOrProgress(c)
	s.offers(c)
	if r.State == recovery.Confirming && r.Plan != nil {
		if s.openOffer() {
			c.para(c.say("approvals.first"))
		}
		c.para(c.approvalsNeeded(s.needed()))
	}
	c.buttons(subject, s.requesterButtons()...)
	c.foot(s.foot(c)...)
	return c
}

// requesterHead is the key of the head's words.
func (s *scene) requesterHead() string {
	confirming := s.r.State == recovery.Confirming
	switch {
	case s.looking():
		return "head.confirming.again"
	case s.mustChoose():
		return "head.submitted.choose"
	case confirming && (s.r.Plan == nil || s.r.Replan):
		return "head.submitted"
	case confirming && s.openOffer():
		return "head.confirming.choose"
	default:
		return s.head()
	}
}

// head is the key of the head's words where they are the same for everybody.
func (s *scene) head() string {
	switch {
	case s.copyStopped():
		return "head.partial.copy-stopped"
	case s.connecting():
		return "head.restoring.connecting"
	case s.r.ByHand():
		return "head.restoring.by-hand"
	case s.paused():
		return "head.restoring.paused"
	case s.r.State == recovery.Approved && s.r.Obstacle != nil:
		return "head.approved.held"
	default:
		return s.about(s.wordsOf(s.Language).ending("head."+string(s.r.State), s.r))
	}
}

// looking says whether the tenant is being read anew, after a choice or because somebody asked for it, and nothing is in the way.
func (s *scene) looking() bool {
	return s.r.Obstacle == nil && (s.r.State == recovery.Confirming && s.r.Replan || s.r.State == recovery.Submitted)
}

// connecting says whether all is done but that the mailbox answers.
func (s *scene) connecting() bool {
	if s.r.State != recovery.Restoring {
		return false
	}
	for _, st := range s.r.Plan.Steps {
		if st.Progress.Done.IsZero() {
			return st.Kind == recovery.StepMailbox
		}
	}
	return false
}

// offers shows the choices that are the requester's. While something is in the way, only those without which there is no plan.
func (s *scene) offers(c *card) {
	d := s.r.Diagnosis
	switch {
	case d == nil || s.r.Replan:
	case s.r.State == recovery.Confirming:
		c.offers(d.Offers, s.r.Obstacle)
	case s.r.State == recovery.Submitted && s.r.Obstacle != nil:
		c.offers(slices.DeleteFunc(slices.Clone(d.Offers), func(o recovery.Offer) bool { return !o.Required }), s.r.Obstacle)
	}
}

// done says, of a request that has changed something and waits for people again, what that was and that it stays.
func (s *scene) done(c *card) {
	if !s.waitsTouched() {
		return
	}
	plan := s.r.Plan
	if s.r.Halted != nil {
		plan = s.r.Halted.Plan
	} else if s.r.State == recovery.Approved { // whose own steps show it
		plan = nil
	}
	var lines []markup
	for _, st := range steps(plan) {
		if !st.Progress.Done.IsZero() {
			lines = append(lines, c.stepProgress(st, s.r.State))
		}
	}
	c.list(c.say("done.title"), lines)
	c.para(c.say("waits.touched"))
}

// steps gives the steps of a plan; none without one.
func steps(p *recovery.Plan) []recovery.Step {
	if p == nil {
		return nil
	}
	return p.Steps
}

// waitsTouched says whether the request waits for people though it has changed something.
func (s *scene) waitsTouched() bool {
	switch s.r.State {
	case recovery.Confirming, recovery.Pending, recovery.Approved:
		return s.r.Touched()
	default:
		return false
	}
}

// openOffer says whether a required choice is still open.
func (s *scene) openOffer() bool {
	_, open := s.r.OpenOffer()
	return open
}

// standing says why it does not go on, or how it ended, and what to do next.
func (s *scene) standing(c *card) {
	r := s.r
	by := mention(r.EndedBy.UserID)
	switch r.State {
	case recovery.Denied:
		c.para(c.say(s.whenTouched("end.denied"), by))
		c.quote(c.say("reason.title"), r.EndReason)
	case recovery.Cancelled:
		if r.EndedBy.UserID == "" {
			c.para(c.say("end.stopped"), s.obstacle(c.reader))
			return
		}
		c.para(c.say("end.cancelled", by))
	case recovery.Expired:
		c.para(c.say(s.expiredKey("end.expired")))
	case recovery.Pending:
		c.para(c.say("told.approvers"), s.obstacle(c.reader))
	case recovery.Partial:
		if s.copyStopped() {
			c.para(s.obstacle(c.reader))
			return
		}
		c.para(s.obstacle(c.reader), c.say(s.unlessMany("", "end.bulk")), s.orMany(s.retry(c.reader, "end.retry")))
	case recovery.Failed:
		c.para(s.obstacle(c.reader), c.say(s.unlessMany("end.not-begun", "end.bulk")), s.orMany(s.retry(c.reader, "end.retry")))
	case recovery.Submitted:
		if s.mustChoose() {
			c.para(s.obstacle(c.reader), c.say("choosing"))
			return
		}
		c.para(s.obstacle(c.reader))
	default:
		c.para(s.obstacle(c.reader))
	}
}

// planOrProgress shows the plan until it is agreed to, then how far it is, then its proof.
func (s *scene) planOrProgress(c *card) {
	r := s.r
	switch r.State {
	case recovery.Submitted, recovery.Confirming, recovery.Pending:
		if r.Plan != nil && r.Plan.Bulk != nil {
			c.bulkPlan(r.Plan)
			return
		}
		if r.Plan != nil && r.Plan.Items != nil {
			c.itemPlan(r.Plan, s.e.At)
			return
		}
		if r.Diagnosis == nil || r.Diagnosis.Deadline.IsZero() && r.Plan == nil {
			return
		}
		c.deadline(r.Diagnosis.Deadline, s.e.At)
		if r.Plan != nil {
			c.plan(r.Plan)
		}
	case recovery.Approved, recovery.Restoring, recovery.Succeeded, recovery.Partial, recovery.Failed, recovery.Denied:
		switch {
		case r.Plan == nil || r.State == recovery.Denied && !r.Touched():
		case r.Plan.Bulk != nil && r.Proof == nil:
			c.bulkProgress(r)
		case r.Plan.Bulk == nil:
			c.progress(r)
		}
		if r.Proof != nil {
			c.proof(s.proofFor(c.reader), r.Obstacle)
		}
		if r.Plan != nil && r.UndoOf != 0 && r.State != recovery.Denied {
			c.undoStays(r.Plan)
		}
	}
}

// canCheck says whether looking again may help a request that is not yet planned. Where several accounts fit, a choice does.
func (s *scene) canCheck() bool { return s.r.Obstacle != nil && !s.mustChoose() }

func (w reader) approvalsNeeded(n int) markup {
	if n > 1 {
		return w.say("approvals.need.more", n)
	}
	return w.say("approvals.need")
}

// cancelButton ends a request that waits: where something was changed, what was done stays.
func (s *scene) cancelButton() button {
	if s.r.Touched() {
		return button{recovery.ActCancel, "button.leave", slack.StyleDefault}
	}
	return button{recovery.ActCancel, "button.cancel", slack.StyleDefault}
}

func (s *scene) requesterButtons() []button {
	cancel := s.cancelButton()
	check := button{recovery.ActCheck, "button.check", slack.StyleDefault}
	var list []button
	switch s.r.State {
	case recovery.Submitted:
		if s.canCheck() {
			list = append(list, check)
		}
		list = append(list, cancel)
	case recovery.Confirming:
		switch {
		case s.r.Obstacle != nil:
			list = append(list, check)
		case s.r.Replan || s.r.Plan == nil:
		case !s.openOffer():
			list = append(list, button{recovery.ActConfirm, "button.confirm", slack.StylePrimary})
		}
		if s.ownItems() {
			list = append(list, button{recovery.ChooseItems, "button.items", slack.StyleDefault})
		}
		list = append(list, cancel)
	case recovery.Approved:
		if s.r.Obstacle != nil {
			list = append(list, check)
		}
		list = append(list, cancel)
	case recovery.Pending:
		list = append(list, cancel)
	}
	return list
}

// foot says who asked and who decided, and when.
func (s *scene) foot(c *card) []markup {
	r := s.r
	parts := []markup{c.say("foot.asked", c.ref, c.when(r.CreatedAt))}
	for _, v := range r.Reviews {
		key := "foot.approved"
		switch {
		case v.Verdict == recovery.Deny:
			key = "foot.denied"
		case v.Emergency:
			key = "foot.emergency"
		}
		parts = append(parts, c.say(key, mention(v.By.UserID), c.when(v.At)))
	}
	switch {
	case !r.State.Open():
		parts = append(parts, c.say("foot.ended", c.when(r.EnteredAt)))
	case r.State == recovery.Approved && r.Obstacle == nil: // about to start
	case s.TTL > 0 && !r.Expires(s.TTL).IsZero():
		parts = append(parts, c.say(s.whenTouched("foot.expires"), c.when(r.Expires(s.TTL))))
	}
	if anchor := s.e.Anchor(); r.Proof != nil && anchor != "" {
		parts = append(parts, c.say("foot.audit", anchor))
	}
	return parts
}
