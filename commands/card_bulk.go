package commands

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"mailback/recovery"
)

// many says in a few words which mailboxes a request for many is about.
func (w words) many(b *recovery.BulkWish) string {
	if n := len(b.Addresses); n > 0 {
		return string(w.count("bulk.addresses", n))
	}
	var text strings.Builder
	text.WriteString(w.plain("bulk.deleted"))
	for _, part := range [][2]string{{"domain", b.Domain}, {"department", b.Department}, {"after", b.After}, {"before", b.Before}} {
		if part[1] != "" {
			text.WriteString(w.plain("bulk.deleted."+part[0], part[1]))
		}
	}
	return text.String()
}

// unlessMany gives a key of words that do not fit a request for many, and for one of those the other.
func (s *scene) unlessMany(key, many string) string {
	if s.r.Ask.Bulk != nil {
		return many
	}
	return key
}

// orMany gives a sentence that does not fit a request for many, and nothing for one of those.
func (s *scene) orMany(text markup) markup {
	if s.r.Ask.Bulk != nil {
		return ""
	}
	return text
}

// bulkPlan says what the list holds, in numbers. The list itself goes as a file to those who may see it.
func (c *card) bulkPlan(p *recovery.Plan) {
	b := p.Bulk
	lines := []markup{c.say("bulk.count", c.count("mailboxes", b.Count))}
	if !b.After.IsZero() || !b.Before.IsZero() {
		lines = append(lines, c.itemFilter(&recovery.ItemPlan{After: b.After, Before: b.Before})...)
	}
	for _, n := range b.Cases {
		lines = append(lines, c.say("bulk.of", c.oneOf("case.noun.", n.What), n.N))
	}
	if !b.First.IsZero() {
		lines = append(lines, c.say("bulk.first", c.when(b.First)))
	}
	c.list(c.say("bulk.title"), lines)
	lines = nil
	for _, n := range b.Skips {
		lines = append(lines, c.say("bulk.of", c.oneOf("bulk.why.", n.What), n.N))
	}
	c.list(c.say("bulk.skipped", b.Skipped), lines)
	lines = nil
	for _, s := range b.Seats {
		lines = append(lines, c.say("bulk.seats", c.license(s.PartNumber), s.Needed, s.Free))
	}
	c.list(c.say("cost.title"), lines)
	warnings := []markup{c.say("bulk.back")}
	if b.Roles > 0 {
		warnings = append(warnings, c.say("bulk.roles", b.Roles))
	}
	c.list(c.say("warn.title"), append(warnings, c.say("bulk.each"), c.say("bulk.file")))
}

// bulkCounts says how far the list is.
func (w words) bulkCounts(n recovery.BulkCounts) markup {
	if n.Left() == 0 {
		return w.say("bulk.counts", n.Done, n.Partly, n.Failed, n.Skipped)
	}
	return w.say("bulk.counts.left", n.Done, n.Partly, n.Failed, n.Skipped, n.Running, n.Waiting)
}

// bulkProgress says how far the list is, since when, and what an approver wants of it.
func (c *card) bulkProgress(r recovery.Request) {
	for _, st := range r.Plan.Steps {
		p := st.Progress.Bulk
		if p == nil {
			c.para(c.say("bulk.starts"))
			continue
		}
		by := mention(p.By.UserID)
		switch {
		case !st.Progress.Done.IsZero():
		case p.Stopped:
			c.para(c.say("bulk.stopping", by, c.when(p.Since)))
		case p.Paused:
			c.para(c.say("bulk.paused", by, c.when(p.Since)))
		default:
			c.para(c.say("bulk.running", c.when(st.Progress.Began)))
		}
		c.para(c.bulkCounts(p.BulkCounts))
		if st.Progress.Done.IsZero() {
			c.para(c.say("bulk.told", c.when(p.ToldAt)))
		}
	}
}

// paused says whether an approver has paused a request for many.
func (s *scene) paused() bool {
	step, ok := s.step(recovery.StepBulk)
	return ok && s.r.State == recovery.Restoring && step.Progress.Bulk != nil && step.Progress.Bulk.Paused && !step.Progress.Bulk.Stopped
}

// bulkButtons are what approvers may do while a request for many is at work.
func (s *scene) bulkButtons() []button {
	step, ok := s.step(recovery.StepBulk)
	if !ok || s.r.State != recovery.Restoring || step.Progress.Bulk == nil || step.Progress.Bulk.Stopped {
		return nil
	}
	first := button{recovery.ActBulkPause, "button.bulk.pause", slack.StyleDefault}
	if step.Progress.Bulk.Paused {
		first = button{recovery.ActBulkResume, "button.bulk.resume", slack.StylePrimary}
	}
	return []button{first, {recovery.ActBulkStop, "button.bulk.stop", slack.StyleDanger}}
}

// bulkLines tells what an approver wants of a request for many.
func (s *scene) bulkLines() {
	key := map[recovery.EventKind]string{
		recovery.EventPaused: "line.bulk.paused", recovery.EventWentOn: "line.bulk.went-on", recovery.EventStopped: "line.bulk.stopped",
	}[s.e.Kind]
	if key == "" {
		return
	}
	a, q, by := s.approvers(), s.requester(), mention(s.e.By.UserID)
	s.thread(a.say(key, a.ref, by))
	if s.e.By != s.r.Requester {
		s.told(q.say(key, q.ref, by))
	}
}

// files adds the list of a request for many for those who get it: the requester with the plan, the approvers once it is theirs to
// decide, and all of them with its end. They go into direct messages alone, and whether a reader still may see them is asked when they
// are sent.
func (s *scene) files() {
	if s.r.Plan == nil || s.r.Plan.Bulk == nil {
		return
	}
	others := func(yield func(string) bool) {
		for _, id := range s.r.Readers {
			if id != s.r.Requester.UserID && !yield(id) {
				return
			}
		}
	}
	switch {
	case s.e.Kind == recovery.EventPlanned && s.r.State == recovery.Confirming:
		s.file(fileList, s.r.Requester.UserID)
	case s.e.Kind == recovery.EventConfirmed:
		for id := range others {
			s.file(fileList, id)
		}
	case s.e.Kind == recovery.EventEnded && s.r.Proof != nil:
		s.file(fileResults, s.r.Requester.UserID)
		for id := range others {
			s.file(fileResults, id)
		}
	}
}

// file adds a file for one reader.
func (s *scene) file(kind, user string) {
	to := s.approvers()
	if user == s.r.Requester.UserID {
		to = s.requester()
	}
	body, err := json.Marshal(map[string]any{
		"text": to.say("file."+kind, to.ref),
		"file": map[string]string{"name": fmt.Sprintf("%s-%s.csv", to.ref, kind), "key": fileKey(kind, s.r.ID, user)},
	})
	s.add(recovery.Message{Key: fmt.Sprintf("file:%d:%s", s.e.Seq, user), Channel: user}, body, err)
}
