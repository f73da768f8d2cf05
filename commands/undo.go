package commands

import (
	"fmt"

	"github.com/slack-go/slack"

	"mailback/recovery"
)

// of gives the words to speak of a request with: one that has ended, one that puts back what another did and one that ended because the
// mailbox comes by itself have sentences of their own, under the same keys with ".ended", ".undo" and ".connecting" behind.
func (w words) of(r recovery.Request) words {
	if !r.State.Open() {
		w = w.over()
	}
	switch {
	case r.UndoOf != 0:
		return w.overlaid(".undo")
	case r.Diagnosis != nil && r.Diagnosis.Case == recovery.CaseConnecting:
		return w.overlaid(".connecting")
	}
	return w
}

// undoPlan says what will be undone, and before the rest of what to know what will not.
func (c *card) undoPlan(p *recovery.Plan) {
	var steps, warnings []markup
	for _, st := range p.Steps {
		steps = append(steps, c.step(st))
	}
	for _, n := range p.Warnings {
		if !notUndone(n) {
			warnings = append(warnings, c.note(n))
		}
	}
	c.list(c.say("plan.title"), steps)
	c.undoStays(p)
	c.list(c.say("warn.title"), warnings)
}

// undoStays says what is not undone, before it is decided and after.
func (c *card) undoStays(p *recovery.Plan) {
	var stays []markup
	for _, n := range p.Warnings {
		if notUndone(n) {
			stays = append(stays, c.note(n))
		}
	}
	c.list(c.say("undo.stays"), stays)
}

// notUndone says whether a warning is of something that is not undone.
func notUndone(n recovery.Note) bool {
	return n.Code == recovery.NoteStays || n.Code == recovery.NoteCopiedStays || n.Code == recovery.NoteNothingElse
}

// canUndo gives what could be put back of the request as the card is drawn.
func (s *scene) canUndo() []recovery.Step {
	if until := s.r.UndoUntil(); !until.IsZero() && !s.e.At.Before(until) {
		return nil
	}
	return s.r.Undo()
}

// undoOf says which request's doing this one puts back.
func (s *scene) undoOf(c *card) {
	if s.r.UndoOf != 0 {
		c.para(c.say("undo.of", recovery.Request{ID: s.r.UndoOf}.Ref()))
	}
}

// undo says, on the approvers' card, who puts the request back, or what could be put back of it.
func (s *scene) undo(c *card) {
	steps := s.canUndo()
	switch {
	case s.r.UndoneBy != 0:
		c.para(c.say("undo.asked", recovery.Request{ID: s.r.UndoneBy}.Ref()))
	case len(steps) == 0:
	case s.r.State == recovery.Restoring:
		c.para(c.say("undo.offer.stop"))
	default:
		var lines []markup
		for _, st := range steps {
			lines = append(lines, c.step(st))
		}
		c.list(c.say("undo.offer", c.when(s.r.UndoUntil())), append(lines, c.say("undo.offer.rest")))
	}
}

// undoButtons gives the button by which an approver asks to put back what can be put back.
func (s *scene) undoButtons() []button {
	switch {
	case len(s.canUndo()) == 0:
		return nil
	case s.r.State == recovery.Restoring:
		return []button{{recovery.ActUndo, "button.stop", slack.StyleDefault}}
	default:
		return []button{{recovery.ActUndo, "button.undo", slack.StyleDefault}}
	}
}

// undoTold tells the person for whom a mailbox was brought back that it was put back in part. A copy that was stopped is told by its
// own request.
func (s *scene) undoTold() {
	r := s.r
	changed := r.State == recovery.Succeeded || r.State == recovery.Partial
	if !changed || r.UndoFor.UserID == "" || r.UndoFor == r.Requester || r.Plan == nil || r.Plan.AccountID == "" {
		return
	}
	to := reader{s.wordsOf(s.Language).over(), false, r.Ref()}
	old := recovery.Request{ID: r.UndoOf}.Ref()
	text := to.say("told.undone", old, r.Ref(), s.subject(to), s.proofSentence(to))
	if r.State == recovery.Partial {
		text = to.say("told.undone-partly", old, r.Ref(), s.subject(to), s.obstacle(to))
	}
	s.line(recovery.Message{Key: fmt.Sprintf("undone:%d", s.e.Seq), Channel: r.UndoFor.UserID}, text)
}

// copyStopped says whether the request ended because an approver had its copy stopped: nobody is told to try it again.
func (s *scene) copyStopped() bool {
	return s.r.Obstacle != nil && s.r.Obstacle.Code == recovery.NoteCopyStopped
}
