package commands

import (
	"strconv"

	"mailback/recovery"
)

// lines adds what people are told beside the cards: the requester at each turn, the approvers in the card's thread.
func (s *scene) lines() {
	by := mention(s.e.By.UserID)
	a, q := s.approvers(), s.requester()
	switch s.e.Kind {
	case recovery.EventChosen:
		if s.e.Click != nil && s.e.Click.Action == recovery.ChooseAccount {
			s.thread(a.say("line.chosen", a.ref, by))
		}
	case recovery.EventApproved:
		s.thread(a.say("line.approved", a.ref, by, s.approved(), s.needed()))
		if s.r.State == recovery.Approved {
			s.told(q.say(s.about("told.approved"), q.ref, s.reviewers(), s.subject(q)))
		}
	case recovery.EventEmergency:
		s.emergency(a, q, by)
	case recovery.EventReminded:
		s.reminded(a, q)
	case recovery.EventDenied:
		s.thread(a.say(s.whenTouched("line.denied"), a.ref, by, s.r.EndReason))
		s.told(q.say(s.whenTouched("told.denied"), q.ref, by, s.subject(q), s.r.EndReason))
	case recovery.EventCancelled:
		s.cancelled(a, q, by)
	case recovery.EventExpired:
		s.thread(a.say(s.expiredKey("line.expired"), a.ref))
		s.told(q.say(s.expiredKey("told.expired"), q.ref, s.subject(q)))
	case recovery.EventVoided:
		s.voided(a, q)
	case recovery.EventStep:
		s.stepLine(a)
	case recovery.EventWaiting:
		s.waiting(a, q)
	case recovery.EventEnded:
		s.ended(a, q)
		s.undoTold()
	case recovery.EventUndoAsked:
		s.thread(a.say("line.undo-asked", a.ref, by, recovery.Request{ID: s.r.UndoneBy}.Ref()))
	case recovery.EventResumed:
		s.thread(a.say("line.resumed", a.ref, by))
	case recovery.EventJoined:
		s.joined(a, q, by)
	case recovery.EventLinked:
		s.linked(a, by)
	case recovery.EventRetried:
		s.thread(a.say("line.retried", a.ref, by))
		s.told(q.say("told.retried", q.ref, by))
	}
}

// whenTouched is the key of the words for what happens after something was changed already, or may have been.
func (s *scene) whenTouched(key string) string {
	if s.r.Touched() {
		return key + ".touched"
	}
	return key
}

// expiredKey is the key of the words for an end in time: of a request that nobody decided on, or confirmed, of one that something stood in the
// way of, or of one that could not begin.
func (s *scene) expiredKey(key string) string {
	o := s.r.Obstacle
	switch {
	case s.r.Plan != nil && s.approved() >= s.needed():
		return key + ".approved"
	case o != nil && o.Code == recovery.NoteUnconfirmed:
		return key + ".unconfirmed"
	case o != nil && s.r.Plan == nil && !s.ambiguous():
		return key + ".obstacle"
	default:
		return key
	}
}

func (s *scene) cancelled(a, q reader, by markup) {
	if s.e.By.UserID == "" {
		s.thread(a.say("line.stopped", a.ref, s.obstacle(a)))
		s.told(q.say("told.stopped", q.ref, s.subject(q), s.obstacle(q)))
		return
	}
	s.thread(a.say("line.cancelled", a.ref, by))
	if s.e.By != s.r.Requester {
		s.told(q.say("told.cancelled", q.ref, by, s.subject(q)))
	}
}

func (s *scene) voided(a, q reader) {
	why := markup("")
	if s.e.Note != nil {
		why = a.note(*s.e.Note)
	}
	if s.r.State == recovery.Pending {
		s.thread(a.say("line.voided.pending", a.ref, why))
		key := "told.voided.pending"
		if s.e.Note != nil && s.e.Note.Code == recovery.NoteShortOf {
			key += ".short"
		}
		s.told(q.say(key, q.ref))
		return
	}
	s.thread(a.say("line.voided", a.ref, why))
	switch {
	case s.r.Plan == nil && s.r.Replan: // the next turn ends it, and tells why
		s.told(q.say("told.voided.ends", q.ref, s.subject(q)))
		return
	case s.r.Plan == nil:
		s.told(q.say("told.voided.obstacle", q.ref, s.subject(q), s.obstacle(q)))
		return
	}
	s.told(q.say(s.whenTouched("told.voided"), q.ref, s.subject(q)))
}

// stepLine tells that a step's effect was read back.
func (s *scene) stepLine(a reader) {
	if step, ok := s.step(s.e.Step); ok {
		s.thread(a.say("line.step", a.ref, a.step(step)))
	}
}

// waiting tells of a wait: the approvers of each, the requester only of one that is longer than people expect.
func (s *scene) waiting(a, q reader) {
	if s.e.Note != nil && s.r.State == recovery.Pending {
		s.thread(a.say("line.waiting", a.ref, a.note(*s.e.Note)))
		return
	}
	if s.e.Note == nil || s.r.State != recovery.Restoring {
		return // before the first change the cards say it
	}
	s.thread(a.say(s.waitingKey("line.waiting"), a.ref, a.note(*s.e.Note)))
	if long(*s.e.Note) {
		s.told(q.say(s.waitingKey("told.waiting"), q.ref, s.subject(q), q.note(*s.e.Note)))
	}
}

// long says whether a note is of a wait that is longer than people expect. Of a queue they are told only then.
func long(n recovery.Note) bool {
	if n.Code != recovery.NoteStillWaiting || len(n.Args) < 2 {
		return n.Code == recovery.NoteCopyQueued
	}
	minutes, err := strconv.Atoi(n.Args[1])
	return err == nil && minutes >= 30
}

// waitingKey is the key of the words for a wait: an account that is back and whose mailbox is not yet connected is no failure.
func (s *scene) waitingKey(key string) string {
	if s.e.Step == recovery.StepMailbox && s.connecting() {
		return key + ".mailbox"
	}
	return key
}

// ended tells how it ended. A request that ends at its diagnosis has no messages before, so that its card is the news.
func (s *scene) ended(a, q reader) {
	switch s.r.State {
	case recovery.Succeeded:
		s.thread(a.say(s.about("line.succeeded"), a.ref, s.subject(a), s.proofSentence(a)))
		if name := s.r.Plan.SignInName; s.renamed() {
			s.told(q.say("told.succeeded.as", q.ref, s.subject(q), name, s.proofSentence(q)))
			return
		}
		s.told(q.say(s.about("told.succeeded"), q.ref, s.subject(q), s.proofSentence(q)))
	case recovery.Partial, recovery.Failed:
		if s.copyStopped() {
			s.thread(a.say("line.copy-stopped", a.ref, s.subject(a), s.obstacle(a)))
			s.told(q.say("told.copy-stopped", q.ref, s.subject(q), s.obstacle(q)))
			return
		}
		key := string(s.r.State)
		s.thread(a.say(s.about("line."+key), a.ref, s.subject(a), s.obstacle(a), s.proofSentence(a)))
		s.told(sentences(q.say(s.about("told."+key), q.ref, s.subject(q), s.obstacle(q), s.proofSentence(q)), s.orMany(s.retry(q, "told.retry"))))
	case recovery.Unneeded, recovery.Impossible:
		key := string(s.r.State)
		s.thread(a.say(s.about(a.closing("line."+key, s.r)), a.ref, s.obstacle(a)))
		if s.e.From != recovery.Submitted {
			s.told(q.say(s.about(q.closing("told."+key, s.r)), q.ref, s.subject(q), s.obstacle(q)))
		}
	}
}

// retry says, by a key, that an approver can try it again; nothing where that would change nothing.
func (s *scene) retry(to reader, key string) markup {
	if s.r.Obstacle != nil && (s.r.Obstacle.Code == recovery.NoteEmptyMailbox || s.r.Obstacle.Code == recovery.NoteRolesCameBack) {
		return ""
	}
	return to.say(key)
}

// sentences puts sentences behind each other, leaving out empty ones.
func sentences(list ...markup) markup {
	var all markup
	for _, l := range list {
		if l != "" && all != "" {
			all += " "
		}
		all += l
	}
	return all
}

// renamed says whether the account came back under another sign-in name.
func (s *scene) renamed() bool {
	step, ok := s.step(recovery.StepRestoreUser)
	return ok && step.SignInName != ""
}

func (s *scene) step(kind recovery.StepKind) (recovery.Step, bool) {
	if s.r.Plan == nil {
		return recovery.Step{}, false
	}
	for _, st := range s.r.Plan.Steps {
		if st.Kind == kind {
			return st, true
		}
	}
	return recovery.Step{}, false
}

func (s *scene) obstacle(to reader) markup {
	if s.r.Obstacle == nil {
		return ""
	}
	return to.note(*s.r.Obstacle)
}

// needed is how many approvers the plan needs.
func (s *scene) needed() int {
	if s.r.Plan == nil {
		return 1
	}
	return max(1, s.r.Plan.Approvals)
}

// approved is how many approvals there are for the plan in force.
func (s *scene) approved() int { return len(s.approvals) }

func (s *scene) reviewers() markup {
	var who []markup
	for _, v := range s.approvals {
		who = append(who, mention(v.By.UserID))
	}
	return commas(who)
}

// proofFor is the proof as a reader may see it: of the account's names a requester knows the one asked for, and one chosen since.
func (s *scene) proofFor(to reader) recovery.Proof {
	p := *s.r.Proof
	if !to.approver && !s.renamed() && !recovery.SameAddress(p.SignInName, s.r.Ask.Query.Value) {
		p.SignInName = ""
	}
	return p
}

// proofSentence says in one line what was read back.
func (s *scene) proofSentence(to reader) markup {
	if s.r.Proof == nil {
		return ""
	}
	return sentences(proofLines(to, s.proofFor(to))...)
}
