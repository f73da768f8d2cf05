package commands

import (
	"fmt"
	"strings"

	"mailback/recovery"
)

// joined tells that somebody else asks for the same mailbox: the approvers who and why, the requester only that.
func (s *scene) joined(a, q reader, by markup) {
	if s.e.Note == nil || len(s.e.Note.Args) < 2 {
		return
	}
	ref, reason := s.e.Note.Args[0], s.e.Note.Args[1]
	key := "line.joined"
	if reason != "" {
		key += ".reason"
	}
	s.thread(a.say(key, a.ref, by, ref, reason))
	s.told(q.say("told.joined", q.ref))
}

// linked tells the approvers, in the thread of their card, which account somebody is known by from now on. Before there is a card it
// waits for it: a channel is told of no request that does not come to it.
func (s *scene) linked(a reader, by markup) {
	if s.e.Note != nil && len(s.e.Note.Args) > 0 {
		s.thread(a.say("line.linked", a.ref, by, s.e.Note.Args[0]))
	}
}

// newLinks says, while the request is to be decided, by which account those who ask became known with it. Of approvers the thread tells.
func (s *scene) newLinks(c *card) {
	for _, l := range s.r.NewLinks {
		if s.r.State == recovery.Pending && l.Actor == s.r.Requester {
			c.para(c.say("linked", mention(l.UserID), l.ObjectID))
		}
	}
}

// others tells those who joined the request of its turning points, each as if it were the own one: what its requester alone may see
// they do not see.
func (s *scene) others() {
	switch s.e.Kind {
	case recovery.EventApproved, recovery.EventDenied, recovery.EventCancelled, recovery.EventExpired, recovery.EventEnded, recovery.EventRetried:
	default:
		return
	}
	for i, j := range s.r.Joined {
		own := *s
		own.messages = nil
		own.r.Requester, own.r.Reader, own.r.Ask.Query = j.Actor, recovery.Reader{Language: j.Language}, j.Query
		own.lines()
		for _, m := range own.messages {
			if strings.HasPrefix(m.Key, "told:") && m.Channel == j.UserID {
				m.Key += fmt.Sprintf(":%d", i)
				s.messages = append(s.messages, m)
			}
		}
	}
}

// askedBy says who asks, and whether it is known which account is theirs.
func (s *scene) askedBy(c *card) {
	key := "asked-by"
	if s.r.Unlinked {
		key += ".unlinked"
	}
	c.para(c.say(key, mention(s.r.Requester.UserID)))
	var also []markup
	for _, j := range s.r.Joined {
		also = append(also, mention(j.UserID))
	}
	if len(also) > 0 {
		c.para(c.say("asked-by.also", commas(also)))
	}
	s.newLinks(c)
}

// unlinked names the approvers of whom it is not known which account is theirs.
func (s *scene) unlinked(to reader) markup {
	var who []markup
	for _, v := range s.approvals {
		if v.Unlinked {
			who = append(who, mention(v.By.UserID))
		}
	}
	if len(who) == 0 {
		return ""
	}
	return to.say("approvals.unlinked", commas(who))
}

func commas(list []markup) markup {
	var all markup
	for i, m := range list {
		if i > 0 {
			all += ", "
		}
		all += m
	}
	return all
}
