package slackfake

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// message is one message of a channel. Its blocks are never changed in place, so that they may be read without the lock.
type message struct {
	channel  *channel
	ts       string
	threadTS string
	user     string // author
	text     string
	blocks   []any

	attachments json.RawMessage
	metadata    json.RawMessage
	files       []*file
	ephemeralTo string // who alone sees it; "" for everybody in the channel
	edited      string // ts of the edit that people are told of
	deleted     bool
	reactions   map[string][]string              // users by emoji
	replies     []*message                       // in its thread
	state       map[string]map[string]blockState // by user, then block id: what that person has entered
}

// content is what a message is made of, as the app sends it.
type content struct {
	text        string
	blocks      []any
	attachments json.RawMessage
	metadata    json.RawMessage
}

const (
	maxPostText   = 40000 // longer text is cut
	maxUpdateText = 4000  // longer text is msg_too_long
)

// readContent reads and checks the message that a call's arguments describe. The caller holds the lock.
func (s *Server) readContent(args map[string]string) (content, *apiError) {
	c := content{text: args["text"]}
	var refusal *apiError
	if c.blocks, refusal = s.parseBlocks(args["blocks"]); refusal != nil {
		return c, refusal
	}
	if raw := args["attachments"]; raw != "" && raw != "null" && raw != "[]" {
		var list []map[string]any
		if json.Unmarshal([]byte(raw), &list) != nil {
			return c, fail("invalid_attachments")
		}
		if len(list) > 100 {
			return c, fail("too_many_attachments")
		}
		c.attachments = json.RawMessage(raw)
	}
	c.metadata, refusal = readMetadata(args["metadata"])
	return c, refusal
}

// readMetadata reads message metadata (docs.slack.dev/messaging/message-metadata); without an event type there is none.
func readMetadata(raw string) (json.RawMessage, *apiError) {
	if raw == "" || raw == "null" {
		return nil, nil
	}
	var m struct {
		EventType string         `json:"event_type"`
		Payload   map[string]any `json:"event_payload"`
	}
	if json.Unmarshal([]byte(raw), &m) != nil {
		return nil, fail("invalid_metadata_format")
	}
	if m.EventType == "" {
		return nil, nil
	}
	if m.Payload == nil {
		return nil, fail("invalid_metadata_schema")
	}
	return json.RawMessage(raw), nil
}

func (c content) empty() bool { return c.text == "" && len(c.blocks) == 0 && c.attachments == nil }

// apply makes m look like c.
func (c content) apply(m *message) {
	m.text, m.blocks, m.attachments = c.text, c.blocks, c.attachments
	if c.metadata != nil {
		m.metadata = c.metadata
	}
}

// post adds a message to a channel. An unknown thread makes it an ordinary message, as at Slack when the parent is gone.
// The caller holds the lock.
func (s *Server) post(ch *channel, author, ephemeralTo, thread string, c content) *message {
	m := &message{channel: ch, ts: s.newTS(), user: author, ephemeralTo: ephemeralTo}
	c.apply(m)
	if parent := ch.byTS[thread]; parent != nil {
		m.threadTS = thread
		if ephemeralTo == "" {
			parent.threadTS = thread
			parent.replies = append(parent.replies, m)
		}
	}
	ch.messages = append(ch.messages, m)
	ch.byTS[m.ts] = m
	return m
}

// messageObject is a message as the Web API and interaction payloads show it.
func (s *Server) messageObject(m *message, withMetadata bool) map[string]any {
	o := map[string]any{"type": "message", "user": m.user, "text": m.text, "ts": m.ts, "team": TeamID}
	if p := s.people[m.user]; p != nil && p.Bot {
		o["bot_id"], o["app_id"] = p.BotID, AppID
		o["bot_profile"] = map[string]any{
			"id": p.BotID, "app_id": AppID, "user_id": p.ID, "name": p.RealName, "deleted": false, "team_id": TeamID, "updated": 0,
			"icons": map[string]any{},
		}
	}
	if m.blocks != nil {
		o["blocks"] = m.blocks
	}
	if m.attachments != nil {
		o["attachments"] = m.attachments
	}
	if m.threadTS != "" {
		o["thread_ts"] = m.threadTS
	}
	if len(m.files) > 0 {
		o["files"] = m.opened()
	}
	if len(m.replies) > 0 {
		o["reply_count"], o["latest_reply"] = len(m.replies), m.replies[len(m.replies)-1].ts
	}
	if m.edited != "" {
		o["edited"] = map[string]any{"user": m.user, "ts": m.edited}
	}
	if withMetadata && m.metadata != nil {
		o["metadata"] = m.metadata
	}
	if len(m.reactions) > 0 {
		var list []any
		for _, name := range sortedKeys(m.reactions) {
			users := slices.Clone(m.reactions[name])
			list = append(list, map[string]any{"name": name, "users": users, "count": len(users)})
		}
		o["reactions"] = list
	}
	return o
}

// destination finds the channel that chat.postMessage's channel argument names: a channel, direct messages, a person,
// with whom direct messages are then opened, or a public channel's name.
func (s *Server) destination(name string) (*channel, *apiError) {
	if strings.HasPrefix(name, "U") || strings.HasPrefix(name, "W") {
		ch, refusal := s.openDM(name)
		if refusal != nil && refusal.code == "user_not_found" {
			return nil, fail("channel_not_found")
		}
		return ch, refusal
	}
	for _, ch := range s.channels {
		if ch.Name != "" && !ch.private && strings.TrimPrefix(name, "#") == ch.Name {
			name = ch.ID
		}
	}
	ch, refusal := s.botChannel(name)
	if refusal != nil {
		return nil, refusal
	}
	if ch.im != "" {
		return s.openDM(ch.im)
	}
	if ch.archived {
		return nil, fail("is_archived")
	}
	if !ch.has(BotUser) && !s.hasScope("chat:write.public") {
		return nil, fail("not_in_channel")
	}
	return ch, nil
}

var tsPattern = regexp.MustCompile(`^\d{10,11}\.\d{6}$`)

func (s *Server) chatPostMessage(c *call) (map[string]any, *apiError) {
	ch, refusal := s.destination(c.args["channel"])
	if refusal != nil {
		return nil, refusal
	}
	body, refusal := s.readContent(c.args)
	if refusal != nil {
		return nil, refusal
	}
	thread := c.args["thread_ts"]
	switch {
	case body.empty():
		return nil, fail("no_text")
	case thread != "" && !tsPattern.MatchString(thread):
		return nil, fail("invalid_thread_ts")
	}
	if refusal := s.spend(ch); refusal != nil {
		return nil, refusal
	}
	body.text = truncate(body.text, maxPostText)
	m := s.post(ch, BotUser, "", thread, body)
	return map[string]any{"channel": ch.ID, "ts": m.ts, "message": s.messageObject(m, true)}, nil
}

// spend takes one message from the channel's rate limit.
func (s *Server) spend(ch *channel) *apiError {
	if s.cfg.NoRateLimits {
		return nil
	}
	if wait := s.limits.message(ch.ID); wait > 0 {
		return throttled(wait)
	}
	return nil
}

func truncate(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most])
}

func (s *Server) chatPostEphemeral(c *call) (map[string]any, *apiError) {
	ch, refusal := s.botChannel(c.args["channel"])
	if refusal != nil {
		return nil, refusal
	}
	body, refusal := s.readContent(c.args)
	switch {
	case refusal != nil:
		return nil, refusal
	case body.empty():
		return nil, fail("no_text")
	case !ch.has(BotUser):
		return nil, fail("not_in_channel")
	case !ch.has(c.args["user"]):
		return nil, fail("user_not_in_channel")
	}
	m := s.post(ch, BotUser, c.args["user"], c.args["thread_ts"], body)
	return map[string]any{"message_ts": m.ts}, nil
}

// ownMessage finds a message that chat.update and chat.delete may touch: the app's own, and not an ephemeral one.
func (s *Server) ownMessage(c *call, foreign string) (*message, *apiError) {
	ch, refusal := s.botChannel(c.args["channel"])
	if refusal != nil {
		return nil, refusal
	}
	m := ch.byTS[c.args["ts"]]
	if m == nil || m.ephemeralTo != "" {
		return nil, fail("message_not_found")
	}
	if m.user != BotUser {
		return nil, fail(foreign)
	}
	return m, nil
}

// chatUpdate changes a message (docs.slack.dev/reference/methods/chat.update): text without blocks removes the blocks,
// and people are told of the edit only where there are no blocks.
func (s *Server) chatUpdate(c *call) (map[string]any, *apiError) {
	m, refusal := s.ownMessage(c, "cant_update_message")
	if refusal != nil {
		return nil, refusal
	}
	body, refusal := s.readContent(c.args)
	switch {
	case refusal != nil:
		return nil, refusal
	case utf8.RuneCountInString(body.text) > maxUpdateText:
		return nil, fail("msg_too_long")
	case body.empty() && body.metadata == nil:
		return nil, fail("no_text")
	}
	if !body.empty() {
		body.apply(m)
		m.edited = ""
		if len(body.blocks) == 0 {
			m.edited = tsOf(s.cfg.Now())
		}
	}
	return map[string]any{"channel": m.channel.ID, "ts": m.ts, "text": m.text, "message": s.messageObject(m, true)}, nil
}

func (s *Server) chatDelete(c *call) (map[string]any, *apiError) {
	m, refusal := s.ownMessage(c, "cant_delete_message")
	if refusal != nil {
		return nil, refusal
	}
	s.remove(m)
	return map[string]any{"channel": m.channel.ID, "ts": m.ts}, nil
}

func (s *Server) remove(m *message) {
	m.deleted = true
	delete(m.channel.byTS, m.ts)
}

func (s *Server) chatGetPermalink(c *call) (map[string]any, *apiError) {
	ch, refusal := s.botChannel(c.args["channel"])
	if refusal != nil {
		return nil, refusal
	}
	m := ch.byTS[c.args["message_ts"]]
	if m == nil || m.ephemeralTo != "" {
		return nil, fail("message_not_found")
	}
	link := c.base + "/archives/" + ch.ID + "/p" + strings.ReplaceAll(m.ts, ".", "")
	if m.threadTS != "" {
		link += "?thread_ts=" + m.threadTS + "&cid=" + ch.ID
	}
	return map[string]any{"channel": ch.ID, "permalink": link}, nil
}

func (s *Server) reactionsAdd(c *call) (map[string]any, *apiError) {
	m, refusal := s.reacted(c)
	if refusal != nil {
		return nil, refusal
	}
	name := c.args["name"]
	if slices.Contains(m.reactions[name], BotUser) {
		return nil, fail("already_reacted")
	}
	if m.reactions == nil {
		m.reactions = map[string][]string{}
	}
	m.reactions[name] = append(m.reactions[name], BotUser)
	return nil, nil
}

func (s *Server) reactionsRemove(c *call) (map[string]any, *apiError) {
	m, refusal := s.reacted(c)
	if refusal != nil {
		return nil, refusal
	}
	i := slices.Index(m.reactions[c.args["name"]], BotUser)
	if i < 0 {
		return nil, fail("no_reaction")
	}
	m.reactions[c.args["name"]] = slices.Delete(m.reactions[c.args["name"]], i, i+1)
	if len(m.reactions[c.args["name"]]) == 0 {
		delete(m.reactions, c.args["name"])
	}
	return nil, nil
}

func (s *Server) reacted(c *call) (*message, *apiError) {
	ch, refusal := s.botChannel(c.args["channel"])
	if refusal != nil {
		return nil, refusal
	}
	if !regexp.MustCompile(`^[a-z0-9_+'-]+$`).MatchString(c.args["name"]) {
		return nil, fail("invalid_name")
	}
	m := ch.byTS[c.args["timestamp"]]
	if m == nil || m.ephemeralTo != "" {
		return nil, fail("message_not_found")
	}
	return m, nil
}
