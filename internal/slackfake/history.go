package slackfake

import "slices"

func (s *Server) conversationsHistory(c *call) (map[string]any, *apiError) {
	ch, refusal := s.channelFor(c, "history")
	if refusal != nil {
		return nil, refusal
	}
	if !ch.has(BotUser) {
		return nil, fail("not_in_channel")
	}
	var found []*message
	for _, m := range slices.Backward(ch.messages) {
		reply := m.threadTS != "" && m.threadTS != m.ts
		if !m.deleted && m.ephemeralTo == "" && !reply && within(c, m.ts) {
			found = append(found, m)
		}
	}
	return s.messagePage(c, found)
}

func (s *Server) conversationsReplies(c *call) (map[string]any, *apiError) {
	ch, refusal := s.channelFor(c, "history")
	if refusal != nil {
		return nil, refusal
	}
	parent := ch.byTS[c.args["ts"]]
	if parent == nil || parent.ephemeralTo != "" {
		return nil, fail("thread_not_found")
	}
	found := []*message{parent}
	for _, m := range parent.replies {
		if !m.deleted && within(c, m.ts) {
			found = append(found, m)
		}
	}
	return s.messagePage(c, found)
}

// within reports whether a message is between the arguments oldest and latest. Timestamps of the same length sort as text.
func within(c *call, ts string) bool {
	oldest, latest := c.args["oldest"], c.args["latest"]
	if c.flag("inclusive") && (ts == oldest || ts == latest) {
		return true
	}
	return (oldest == "" || oldest == "0" || ts > oldest) && (latest == "" || ts < latest)
}

func (s *Server) messagePage(c *call, found []*message) (map[string]any, *apiError) {
	found, next, refusal := page(c, found, 999)
	if refusal != nil {
		return nil, refusal
	}
	list := []any{}
	for _, m := range found {
		list = append(list, s.messageObject(m, c.flag("include_all_metadata")))
	}
	return map[string]any{"messages": list, "has_more": next != "", "response_metadata": cursor(next)}, nil
}
