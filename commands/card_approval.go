package commands

import (
	"strings"

	"github.com/slack-go/slack"

	"mailback/recovery"
)

// approvalCard is the request as the approvers see it, in their channel. What the requester chose stands first.
func (s *scene) approvalCard() *card {
	c, r := s.card(s.approvers()), s.r
	subject := s.subject(c.reader)
	c.head(s.approvalHead())
	if r.Plan != nil && r.Plan.Target != nil && r.State == recovery.Pending {
		c.para("*" + c.note(recovery.Note{Code: recovery.NoteTargetReads, Args: []string{r.Plan.Target.Address}}) + "*")
	}
	c.list(c.say("chosen.title"), s.chosen(c))
	s.byEmergency(c)
	s.askedBy(c)
	if r.Ask.Reason == "" && r.UndoOf == 0 { // a click has none
		c.para(c.say("reason.none"))
	}
	c.quote(c.say("reason.title"), r.Ask.Reason)
	s.ticket(c)
	c.what(r.Diagnosis, subject)
	if asked := r.Ask.Query; r.Ask.Bulk == nil && asked.Value != subject && asked.Kind != recovery.ByPerson {
		c.para(c.say("asked-as", asked.Value))
	}
	s.undoOf(c)
	s.approvalStanding(c)
	c.para(s.unlinked(c.reader))
	s.done(c)
	if s.mustChoose() {
		c.candidates(r.Diagnosis)
	}
	s.planOrProgress(c)
	s.byHand(c)
	if s.resumable() {
		c.para(c.say("resume.offer"))
	}
	s.undo(c)
	if r.Diagnosis != nil && r.State == recovery.Pending {
		c.found(r.Diagnosis)
	}
	c.buttons(subject, append(s.approvalButtons(), s.undoButtons()...)...)
	c.foot(append(s.foot(c), s.fingerprint(c))...)
	return c
}

func (s *scene) approvalHead() string {
	switch {
	case s.r.State == recovery.Submitted && s.looking():
		return "head.confirming.again"
	case s.mustChoose():
		return "head.submitted.choose"
	case s.r.State == recovery.Confirming && s.r.Obstacle != nil:
		return "head.submitted"
	case s.r.State == recovery.Confirming:
		return "head.confirming.other"
	default:
		return s.head()
	}
}

// chosen lists what somebody decided about the plan, as far as it is in the plan.
func (s *scene) chosen(c *card) []markup {
	r := s.r
	var lines []markup
	switch {
	case r.Choices.Account != "":
		lines = append(lines, c.say("chosen.account"))
	case r.Choices.Mailbox != "":
		lines = append(lines, c.say("chosen.mailbox"))
	}
	if r.Plan == nil {
		return lines
	}
	if p := r.Plan.Items; p != nil && r.Choices.Items.Ticks != "" && r.Choices.Items.Listing == p.Listing {
		lines = append(lines, c.say("chosen.items", p.Count, p.All))
	}
	if step, ok := s.step(recovery.StepRestoreUser); ok {
		if step.SignInName != "" {
			lines = append(lines, c.say("chosen.upn", step.SignInName))
		}
		switch {
		case step.DropConflicts && len(step.Drops) == 0: // who holds which could not be read
			lines = append(lines, c.say("chosen.drop.unknown"))
		case step.DropConflicts:
			lines = append(lines, c.say("chosen.drop", literals(step.Drops)))
			for _, o := range r.Diagnosis.Offers {
				if o.Action == recovery.ChooseDrop {
					lines = append(lines, c.holders(o)...)
				}
			}
		}
	}
	if s.licenseChosen() {
		lines = append(lines, c.say("chosen.license", c.license(r.Plan.Seats.PartNumber)))
	}
	if r.Plan.Target != nil {
		lines = append(lines, c.say("chosen.target", r.Plan.Target.Address))
	}
	if r.Choices.BlockSignIn {
		lines = append(lines, c.say("chosen.signin"))
	}
	return lines
}

// byHand hands an administrator the command that no app can run.
func (s *scene) byHand(c *card) {
	if step, ok := s.step(recovery.StepHandOver); ok && (s.r.ByHand() || s.r.State == recovery.Pending) {
		c.para(c.say("by-hand"))
		c.code(step.Command)
	}
}

// resumable says whether an approver can let a suspended copy go on: not while another request is there to stop it.
func (s *scene) resumable() bool { return s.r.Suspended() && s.r.UndoneBy == 0 }

// licenseChosen says whether the plan's licence is the requester's choice.
func (s *scene) licenseChosen() bool {
	p := s.r.Plan
	return p.Seats != nil && (p.Seats.SKU == s.r.Choices.License || strings.EqualFold(p.Seats.PartNumber, s.r.Ask.License))
}

// approvalStanding says where it stands, to approvers.
func (s *scene) approvalStanding(c *card) {
	r := s.r
	switch r.State {
	case recovery.Pending:
		c.list(c.say("changed.title"), c.notes(r.Changed))
		if s.approved() > 0 {
			c.para(c.say("approvals.by", s.approved(), s.needed(), s.reviewers()))
		} else {
			c.para(c.say("approvals", 0, s.needed()))
		}
		c.para(s.obstacle(c.reader))
	case recovery.Confirming:
		c.list(c.say("changed.title"), c.notes(r.Changed))
		if r.Obstacle != nil {
			c.para(s.obstacle(c.reader))
			return
		}
		c.para(c.say("waiting-requester"))
	case recovery.Partial:
		c.para(s.obstacle(c.reader))
	case recovery.Failed:
		c.para(s.obstacle(c.reader), c.say(s.unlessMany("end.not-begun", "end.bulk")))
	case recovery.Submitted:
		c.para(s.obstacle(c.reader))
	default:
		s.standing(c)
	}
}

func (s *scene) approvalButtons() []button {
	check := button{recovery.ActCheck, "button.check", slack.StyleDefault}
	switch s.r.State {
	case recovery.Pending:
		list := []button{
			{recovery.ActApprove, s.approveKey(), slack.StylePrimary},
			{recovery.ActDeny, "button.deny", slack.StyleDefault},
		}
		if s.Emergency {
			list = append(list, button{recovery.ActEmergency, "button.emergency", slack.StyleDanger})
		}
		return list
	case recovery.Confirming, recovery.Approved:
		var list []button
		if s.r.Obstacle != nil {
			list = append(list, check)
		}
		if s.r.Touched() && (s.r.Obstacle != nil || s.r.State == recovery.Confirming) {
			list = append(list, s.cancelButton())
		}
		return list
	case recovery.Restoring:
		switch {
		case s.r.ByHand():
			return []button{{recovery.ActCheck, "button.check.done", slack.StylePrimary}}
		case s.resumable():
			return []button{{recovery.ActResume, "button.resume", slack.StylePrimary}}
		}
		return s.bulkButtons()
	case recovery.Partial, recovery.Failed:
		if !s.retryHelps() {
			return nil
		}
		return []button{{recovery.ActRetry, "button.retry", slack.StylePrimary}}
	}
	return nil
}

// retryHelps says whether trying again may change how the request ended: not where its copy was stopped on purpose, where it was for many,
// whose rest is found by another one, nor where Microsoft made a new mailbox, which the old one does not come into.
func (s *scene) retryHelps() bool {
	o := s.r.Obstacle
	return !s.copyStopped() && s.r.Ask.Bulk == nil && (o == nil || o.Code != recovery.NoteEmptyMailbox)
}

// approveKey is the key of what the button says that approves.
func (s *scene) approveKey() string {
	if s.r.Plan != nil && s.r.Plan.Target != nil {
		return "button.approve.copy"
	}
	return s.about("button.approve")
}

// fingerprint names the plan that people agree to.
func (s *scene) fingerprint(c *card) markup {
	if s.plan == "" {
		return ""
	}
	return c.say("foot.plan", s.plan)
}
