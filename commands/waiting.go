package commands

import (
	"fmt"
	"regexp"
	"strings"

	"mailback/recovery"
)

// groupPattern is the form of a user group's id.
var groupPattern = regexp.MustCompile(`^S[A-Z0-9]{2,30}$`)

// called mentions people and user groups, who are notified (docs.slack.dev/messaging/formatting-message-text: mentioning groups).
func called(ids []string) markup {
	var list []string
	for _, id := range ids[:min(len(ids), maxListed)] {
		if groupPattern.MatchString(id) {
			list = append(list, "<!subteam^"+id+">")
		} else {
			list = append(list, string(mention(id)))
		}
	}
	return markup(strings.Join(list, ", "))
}

// reminded reminds those who are waited for, and says when it does so next.
func (s *scene) reminded(a, q reader) {
	if s.e.Note == nil {
		return
	}
	next := func(to reader) markup {
		if again := to.noteTime(*s.e.Note); again != "" {
			return to.say("reminder.next", again)
		}
		return to.say("reminder.last")
	}
	if s.r.State == recovery.Confirming {
		s.told(sentences(q.say("told.reminded", q.ref, s.subject(q)), next(q)))
		return
	}
	s.thread(sentences(a.say("line.reminded", a.ref, s.subject(a), called(s.e.Note.Args[min(1, len(s.e.Note.Args)):])), next(a)))
}

// emergency tells everybody that one approver decided alone: the channel, not only the card's thread, each approver and the requester.
func (s *scene) emergency(a, q reader, by markup) {
	v, ok := s.r.ByEmergency()
	if !ok {
		return
	}
	text := a.say("line.emergency", a.ref, by, s.subject(a), v.Reason)
	s.line(recovery.Message{Key: fmt.Sprintf("emergency:%d", s.e.Seq), Channel: s.ApprovalChannel}, text)
	if s.e.Note != nil {
		for _, id := range s.e.Note.Args[:min(len(s.e.Note.Args), maxTold)] {
			if id != s.e.By.UserID {
				s.line(recovery.Message{Key: fmt.Sprintf("emergency:%d:%s", s.e.Seq, id), Channel: id}, text)
			}
		}
	}
	if s.r.Requester != s.e.By {
		s.told(q.say("told.emergency", q.ref, by, s.subject(q), v.Reason))
	}
}

// maxTold is how many approvers are told each for themselves. All others read it in the channel.
const maxTold = 50

// byEmergency marks the card of a request on which one approver decided alone.
func (s *scene) byEmergency(c *card) {
	if v, ok := s.r.ByEmergency(); ok {
		c.para(c.say("by-emergency", mention(v.By.UserID)))
		c.quote(c.say("reason.title"), v.Reason)
	}
}
