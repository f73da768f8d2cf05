package slackfake

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Roles of the people that People lists.
const (
	RoleRequester = "requester"
	RoleApprover  = "approver"
	RoleGuest     = "guest"
	RoleExternal  = "external"
	RoleBot       = "bot"
)

// PersonInfo is one person who can act in the workspace.
type PersonInfo struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Email string `json:"email"`
	Role  string `json:"role"`
}

// Outcome is what became of something that a person did. AckMS is the time in milliseconds from writing the envelope
// to reading its ack, 0 without one. Error is what Slack would show, as operation_timeout.
type Outcome struct {
	AckMS float64 `json:"ack_ms"`
	Error string  `json:"error"`
}

// CommandResult is what became of a slash command. Reply is the text of the ack's message, if it had one.
type CommandResult struct {
	AckMS float64 `json:"ack_ms"`
	Reply string  `json:"reply"`
	Error string  `json:"error"`
}

// EnvelopeResult is what the app acknowledged.
type EnvelopeResult struct {
	AckMS   float64         `json:"ack_ms"`
	Acked   bool            `json:"acked"`
	Payload json.RawMessage `json:"payload"`
	Error   string          `json:"error"`
}

// MessageInfo is a message as one person sees it now.
type MessageInfo struct {
	Channel   string `json:"channel"`
	TS        string `json:"ts"`
	ThreadTS  string `json:"thread_ts"`
	Ephemeral bool   `json:"ephemeral"`
	Edited    bool   `json:"edited"`
	Author    string `json:"author"` // user id
	Text      string `json:"text"`
	Blocks    []any  `json:"blocks"`

	Files []FileInfo `json:"files,omitempty"`
}

// ViewsInfo is what one person has open: the Home tab, nil if the app never published one, and modals, bottom first.
type ViewsInfo struct {
	Home   map[string]any   `json:"home"`
	Modals []map[string]any `json:"modals"`
}

func (o outcome) public() Outcome { return Outcome{AckMS: o.ms, Error: o.failure} }

// People lists everybody who can act, and the bots. Deactivated people, invited ones who have not signed in yet and
// strangers are left out.
func (s *Server) People() []PersonInfo {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []PersonInfo{}
	for _, id := range s.order {
		if p := s.people[id]; !p.Deleted && !p.Invited && !p.Stranger {
			list = append(list, PersonInfo{ID: p.ID, Name: p.RealName, Email: p.Email, Role: s.role(p)})
		}
	}
	return list
}

// GroupInfo is a user group of the workspace.
type GroupInfo struct {
	ID     string   `json:"id"`
	Handle string   `json:"handle"`
	Users  []string `json:"users"`
}

// Groups lists the user groups that are enabled, by id.
func (s *Server) Groups() []GroupInfo {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []GroupInfo{}
	for _, id := range sortedKeys(s.groups) {
		if g := s.groups[id]; !g.disabled {
			list = append(list, GroupInfo{g.ID, g.Handle, append([]string{}, g.Users...)})
		}
	}
	return list
}

func (s *Server) role(p *Person) string {
	switch {
	case p.Bot:
		return RoleBot
	case p.Team != TeamID:
		return RoleExternal
	case p.Restricted:
		return RoleGuest
	case slices.Contains(s.groups[ApproverGroup].Users, p.ID):
		return RoleApprover
	}
	return RoleRequester
}

// actor finds a person who can do something in the Slack client.
func (s *Server) actor(id string) (*Person, error) {
	p, ok := s.people[id]
	switch {
	case !ok:
		return nil, fmt.Errorf("unknown user %q", id)
	case p.Bot:
		return nil, fmt.Errorf("%s is a bot and neither types nor clicks", id)
	case p.Deleted:
		return nil, fmt.Errorf("%s is deactivated", id)
	case p.Invited:
		return nil, fmt.Errorf("%s has been invited and has not signed in yet", id)
	}
	return p, nil
}

// place finds a channel that a person is in, by id or #name; without one, the person's direct messages with the app.
func (s *Server) place(p *Person, name string) (*channel, error) {
	if name == "" {
		return s.dm(p), nil
	}
	for _, c := range s.channels {
		if (c.ID == name || c.Name != "" && "#"+c.Name == name) && c.has(p.ID) {
			return c, nil
		}
	}
	if name == s.dm(p).ID {
		return s.dm(p), nil
	}
	return nil, fmt.Errorf("unknown channel %q for %s", name, p.ID)
}

// Command types a whole line, as "/restore-mailbox a@contoso.com", into a channel, or without one into the person's direct
// messages with the app. The text is escaped as Slack does. An unknown person, channel or command is an error.
func (s *Server) Command(ctx context.Context, user, channel, line string) (CommandResult, error) {
	s.mu.Lock()
	p, ch, err := s.typist(user, channel)
	command, text, _ := strings.Cut(strings.TrimSpace(line), " ")
	if err == nil && command != appCommand {
		err = fmt.Errorf("%q is not a command of this app", command)
	}
	if err != nil {
		s.mu.Unlock()
		return CommandResult{}, err
	}
	text = s.escape(strings.TrimSpace(text), p)
	s.mu.Unlock()
	out := s.deliver(ctx, func(base string) envelope {
		return envelope{kind: slashCommands, accepts: true, payload: map[string]any{
			"token": "unused", "team_id": TeamID, "team_domain": TeamDomain, "channel_id": ch.ID, "channel_name": ch.payloadName(),
			"user_id": p.ID, "user_name": p.Handle, "command": command, "text": text, "api_app_id": AppID,
			"is_enterprise_install": "false", "trigger_id": s.newTrigger(p.ID, ""),
			"response_url": s.newResponseURL(base, responseURL{user: p.ID, channel: ch}),
		}}
	})
	result := CommandResult{AckMS: out.ms, Error: out.failure}
	if len(out.payload) > 0 {
		result.Reply, result.Error = s.commandReply(p, ch, line, out.payload)
	}
	return result, nil
}

func (s *Server) typist(user, channel string) (*Person, *channel, error) {
	p, err := s.actor(user)
	if err != nil {
		return nil, nil, err
	}
	if p.Team != TeamID {
		return nil, nil, errors.New("slash commands and shortcuts are not shared with other organisations")
	}
	ch, err := s.place(p, channel)
	return p, ch, err
}

// commandReply shows the message of a command's ack: to the person alone, or to the channel together with what was typed.
func (s *Server) commandReply(p *Person, ch *channel, line string, payload json.RawMessage) (reply, failure string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, refusal := s.readAnswer(payload)
	if refusal != nil {
		return "", refusal.code // What Slack shows for a reply that it cannot read is unverified.
	}
	if a.empty() {
		return "", ""
	}
	to := p.ID
	if a.ResponseType == "in_channel" {
		to = ""
		s.post(ch, p.ID, "", "", content{text: escaper.Replace(line)})
	}
	s.post(ch, BotUser, to, "", a.content)
	return cmp.Or(a.text, plain(a.blocks)), ""
}

// plain is the text in blocks, which stands for a message that has no text of its own.
func plain(v any) string {
	var parts []string
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			parts = append(parts, plain(item))
		}
	case map[string]any:
		if text, ok := v["text"].(string); ok {
			return text
		}
		for _, key := range []string{"text", "fields", "elements"} {
			parts = append(parts, plain(v[key]))
		}
	}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "\n")
}

// Messages returns what a person can see, oldest first, messages to that person alone included.
func (s *Server) Messages(user string) ([]MessageInfo, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.people[user]
	if !ok {
		return nil, fmt.Errorf("unknown user %q", user)
	}
	list := []MessageInfo{}
	for _, c := range s.channels {
		if !s.visible(c, p) {
			continue
		}
		for _, m := range c.messages {
			if !m.deleted && (m.ephemeralTo == "" || m.ephemeralTo == p.ID) {
				list = append(list, m.info())
			}
		}
	}
	slices.SortFunc(list, func(a, b MessageInfo) int { return cmp.Compare(a.TS, b.TS) })
	return list, nil
}

func (m *message) info() MessageInfo {
	return MessageInfo{
		Channel: m.channel.ID, TS: m.ts, ThreadTS: m.threadTS, Ephemeral: m.ephemeralTo != "", Edited: m.edited != "",
		Author: m.user, Text: m.text, Blocks: append([]any{}, m.blocks...), Files: m.opened(),
	}
}

// Views returns what a person has open.
func (s *Server) Views(user string) (ViewsInfo, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.people[user] == nil {
		return ViewsInfo{}, fmt.Errorf("unknown user %q", user)
	}
	info := ViewsInfo{Modals: []map[string]any{}}
	st := s.stackOf(user)
	if st.home != nil {
		info.Home = s.viewObject(st.home)
	}
	for _, v := range st.modals {
		info.Modals = append(info.Modals, s.viewObject(v))
	}
	return info, nil
}

// Home opens the app's Home tab: the app gets an app_home_opened event.
func (s *Server) Home(ctx context.Context, user string) (Outcome, error) {
	s.mu.Lock()
	p, err := s.actor(user)
	if err != nil {
		s.mu.Unlock()
		return Outcome{}, err
	}
	event := map[string]any{
		"type": "app_home_opened", "user": p.ID, "channel": s.dm(p).ID, "tab": "home", "event_ts": tsOf(s.cfg.Now()),
	}
	if home := s.stackOf(p.ID).home; home != nil {
		event["view"] = s.viewObject(home)
	}
	payload := s.eventPayload(event)
	s.mu.Unlock()
	return s.deliverEvent(ctx, payload).public(), nil
}

func (s *Server) eventPayload(event map[string]any) map[string]any {
	return map[string]any{
		"token": "unused", "team_id": TeamID, "context_team_id": TeamID, "context_enterprise_id": nil, "api_app_id": AppID,
		"event": event, "type": "event_callback", "event_id": s.nextID("Ev"), "event_time": s.cfg.Now().Unix(),
		"authorizations": []any{map[string]any{
			"enterprise_id": nil, "team_id": TeamID, "user_id": BotUser, "is_bot": true, "is_enterprise_install": false,
		}},
		"is_ext_shared_channel": false, "event_context": "4-" + randomHex(16),
	}
}

// Shortcut uses one of the app's global shortcuts.
func (s *Server) Shortcut(ctx context.Context, user, callbackID string) (Outcome, error) {
	s.mu.Lock()
	p, _, err := s.typist(user, "")
	s.mu.Unlock()
	if err != nil {
		return Outcome{}, err
	}
	if callbackID != appShortcut {
		return Outcome{}, fmt.Errorf("unknown shortcut %q", callbackID)
	}
	out := s.deliver(ctx, func(string) envelope {
		payload := s.interaction("shortcut", p)
		payload["callback_id"], payload["trigger_id"], payload["action_ts"] = callbackID, s.newTrigger(p.ID, ""), tsOf(s.cfg.Now())
		return envelope{kind: interactive, accepts: true, payload: payload}
	})
	return out.public(), nil
}

// interaction is what all interaction payloads have. The person's team is the person's own, be it another organisation.
func (s *Server) interaction(kind string, p *Person) map[string]any {
	return map[string]any{
		"type": kind, "token": "unused", "api_app_id": AppID, "enterprise": nil, "is_enterprise_install": false,
		"team": map[string]any{"id": TeamID, "domain": TeamDomain},
		"user": map[string]any{"id": p.ID, "username": p.Handle, "name": p.Handle, "team_id": p.Team},
	}
}

// Envelope sends a payload as it is, forged or odd, and returns what the app acknowledged. A JSON object that has a type
// and a payload of its own is taken for a whole envelope; of any other the type is guessed from its fields.
func (s *Server) Envelope(ctx context.Context, raw json.RawMessage) (EnvelopeResult, error) {
	var o map[string]any
	if err := json.Unmarshal(raw, &o); err != nil || o == nil {
		return EnvelopeResult{}, errors.New("an envelope is a JSON object")
	}
	e := envelope{payload: o}
	payload, whole := o["payload"]
	switch kind, _ := o["type"].(string); {
	case whole && kind != "":
		e.kind, e.payload = kind, payload
		e.id, _ = o["envelope_id"].(string)
	case o["command"] != nil:
		e.kind = slashCommands
	case kind == "event_callback":
		e.kind = eventsAPI
	default:
		e.kind = interactive
	}
	e.accepts = e.kind != eventsAPI
	if accepts, ok := o["accepts_response_payload"].(bool); ok && whole {
		e.accepts = accepts
	}
	out := s.deliver(ctx, func(string) envelope { return e })
	return EnvelopeResult{AckMS: out.ms, Acked: out.acked, Payload: out.payload, Error: out.failure}, nil
}
