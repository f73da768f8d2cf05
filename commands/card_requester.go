package commands

import (
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
	s.planOrProgress(c)
	if r.State == recovery.Confirming && r.Diagnosis != nil && !r.Replan {
		c.offers(r.Diagnosis)
	}
	if r.State == recovery.Confirming && r.Plan != nil {
		c.para(c.approvalsNeeded(s.needed()))
	}
	c.buttons(subject, s.requesterButtons()...)
	c.foot(s.foot(c)...)
	return c
}

// requesterHead is the key of the head's words.
func (s *scene) requesterHead() string {
	switch {
	case s.looking():
		return "head.confirming.again"
	case s.mustChoose():
		return "head.submitted.choose"
	case s.r.State == recovery.Confirming && s.r.Plan == nil:
		return "head.submitted"
	case s.r.State == recovery.Confirming && s.openOffer():
		return "head.confirming.choose"
	case s.copyStopped():
		return "head.partial.copy-stopped"
	default:
		return s.about("head." + string(s.r.State))
	}
}

// looking says whether the tenant is being read anew, after a choice or because somebody asked for it.
func (s *scene) looking() bool {
	return s.r.State == recovery.Confirming && s.r.Replan || s.r.State == recovery.Submitted && s.r.Obstacle == nil
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
		c.para(c.say("end.denied", by))
		c.quote(c.say("reason.title"), r.EndReason)
	case recovery.Cancelled:
		if r.EndedBy.UserID == "" {
			c.para(c.say("end.stopped"), s.obstacle(c.reader))
			return
		}
		c.para(c.say("end.cancelled", by))
	case recovery.Expired:
		c.para(c.say(s.whenTouched("end.expired")))
	case recovery.Pending:
		c.para(c.say("told.approvers"))
	case recovery.Partial:
		if s.copyStopped() {
			c.para(s.obstacle(c.reader))
			return
		}
		c.para(s.obstacle(c.reader), c.say("end.retry"))
	case recovery.Failed:
		c.para(s.obstacle(c.reader), c.say("end.not-begun"), c.say("end.retry"))
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
	case recovery.Approved, recovery.Restoring, recovery.Succeeded, recovery.Partial, recovery.Failed:
		if r.Plan != nil {
			c.progress(r)
		}
		if r.Proof != nil {
			c.proof(s.proofFor(c.reader))
		}
		if r.Plan != nil && r.UndoOf != 0 {
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

func (s *scene) requesterButtons() []button {
	cancel := button{recovery.ActCancel, "button.cancel", slack.StyleDefault}
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
		case s.r.Replan:
		case s.r.Plan == nil:
			list = append(list, check)
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
		if v.Verdict == recovery.Deny {
			key = "foot.denied"
		}
		parts = append(parts, c.say(key, mention(v.By.UserID), c.when(v.At)))
	}
	switch {
	case !r.State.Open():
		parts = append(parts, c.say("foot.ended", c.when(r.EnteredAt)))
	case s.TTL > 0 && (r.State == recovery.Confirming || r.State == recovery.Pending || r.State == recovery.Submitted):
		ends := r.EnteredAt.Add(s.TTL)
		if r.Plan != nil && !r.Plan.Deadline.IsZero() && r.Plan.Deadline.Before(ends) {
			ends = r.Plan.Deadline
		}
		parts = append(parts, c.say("foot.expires", c.when(ends)))
	}
	if anchor := s.e.Anchor(); r.Proof != nil && anchor != "" {
		parts = append(parts, c.say("foot.audit", anchor))
	}
	return parts
}
