package slackfake

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
)

// ErrMessageNotFound is the answer to a click on a message that the person cannot see.
var ErrMessageNotFound = errors.New("message_not_found")

// ClickRequest is a click on a button, or a choice in a menu, of a message or of a view.
type ClickRequest struct {
	User     string `json:"user"`
	Channel  string `json:"channel"`
	TS       string `json:"ts"`
	ViewID   string `json:"view_id"`  // in place of Channel and TS
	BlockID  string `json:"block_id"` // only needed where several blocks have the action id
	ActionID string `json:"action_id"`
	Value    string `json:"value"` // an option's value, a date, a text; a comma list where several may be chosen
}

// element is an interactive element and the block it stands in.
type found struct {
	block   string
	sends   bool // a change of it is sent to the app
	element map[string]any
}

// Click does what the request says. Confirmation dialogs are taken as confirmed. It only works if that person can see the
// message and the message has that element now; otherwise it is ErrMessageNotFound or an error that says what is there.
func (s *Server) Click(ctx context.Context, r ClickRequest) (Outcome, error) {
	s.mu.Lock()
	build, sends, err := s.click(r)
	s.mu.Unlock()
	if err != nil || !sends {
		return Outcome{}, err
	}
	return s.deliver(ctx, build).public(), nil
}

// click enters the value and returns how to build the envelope.
func (s *Server) click(r ClickRequest) (build func(base string) envelope, sends bool, err error) {
	p, err := s.actor(r.User)
	if err != nil {
		return nil, false, err
	}
	if r.ViewID != "" {
		return s.clickView(p, r)
	}
	ch := s.channels[r.Channel]
	if ch == nil || !s.visible(ch, p) {
		return nil, false, ErrMessageNotFound
	}
	m := ch.byTS[r.TS]
	if m == nil || m.ephemeralTo != "" && m.ephemeralTo != p.ID {
		return nil, false, ErrMessageNotFound
	}
	f, err := findElement(m.blocks, r)
	if err != nil {
		return nil, false, err
	}
	if m.state == nil {
		m.state = map[string]map[string]blockState{}
	}
	state := entriesOf(m.state, p.ID)
	action, err := s.act(f, r.Value, state)
	if err != nil || !f.sends {
		return nil, false, err
	}
	values := stateValues(m.blocks, state)
	return func(base string) envelope {
		payload := s.interaction("block_actions", p)
		maps.Copy(payload, map[string]any{
			"container": container(m), "channel": map[string]any{"id": ch.ID, "name": ch.payloadName()},
			"state": map[string]any{"values": values}, "actions": []any{action}, "trigger_id": s.newTrigger(p.ID, ""),
			"response_url": s.newResponseURL(base, responseURL{user: p.ID, channel: ch, source: m}),
		})
		if m.ephemeralTo == "" {
			payload["message"] = s.messageObject(m, false)
		}
		return envelope{kind: interactive, accepts: true, payload: payload}
	}, true, nil
}

func (s *Server) clickView(p *Person, r ClickRequest) (build func(base string) envelope, sends bool, err error) {
	v := s.views[r.ViewID]
	if v == nil || v.user != p.ID {
		return nil, false, fmt.Errorf("unknown view %q for %s", r.ViewID, p.ID)
	}
	f, err := findElement(v.blocks(), r)
	if err != nil {
		return nil, false, err
	}
	action, err := s.act(f, r.Value, v.entered())
	if err != nil || !f.sends {
		return nil, false, err
	}
	return func(string) envelope {
		payload := s.interaction("block_actions", p)
		shown := s.viewObject(v)
		maps.Copy(payload, map[string]any{
			"container": map[string]any{"type": "view", "view_id": v.id}, "view": shown, "state": shown["state"],
			"actions": []any{action}, "trigger_id": s.newTrigger(p.ID, v.id),
		})
		return envelope{kind: interactive, accepts: true, payload: payload}
	}, true, nil
}

func (v *view) entered() map[string]blockState {
	if v.state == nil {
		v.state = map[string]blockState{}
	}
	return v.state
}

func entriesOf(all map[string]map[string]blockState, user string) map[string]blockState {
	if all[user] == nil {
		all[user] = map[string]blockState{}
	}
	return all[user]
}

func container(m *message) map[string]any {
	o := map[string]any{"type": "message", "message_ts": m.ts, "channel_id": m.channel.ID, "is_ephemeral": m.ephemeralTo != ""}
	if m.threadTS != "" {
		o["thread_ts"] = m.threadTS
	}
	return o
}

// findElement finds the interactive element with the request's action id.
func findElement(blocks []any, r ClickRequest) (found, error) {
	var there []string
	for _, item := range blocks {
		b, _ := item.(map[string]any)
		id, _ := b["block_id"].(string)
		dispatch, _ := b["dispatch_action"].(bool)
		for _, e := range blockElements(b) {
			action, _ := e["action_id"].(string)
			there = append(there, action)
			if action == r.ActionID && (r.BlockID == "" || r.BlockID == id) {
				input := b["type"] == "input"
				return found{block: id, sends: !input || dispatch, element: e}, nil
			}
		}
	}
	return found{}, fmt.Errorf("there is no action %q; there are %q", r.ActionID, there)
}

// act enters a value in an element and returns the action of the payload.
func (s *Server) act(f found, value string, state map[string]blockState) (map[string]any, error) {
	e := f.element
	action := map[string]any{"action_id": e["action_id"], "block_id": f.block, "type": e["type"], "action_ts": tsOf(s.cfg.Now())}
	switch e["type"] {
	case "button", "workflow_button":
		for _, key := range []string{"text", "value", "style", "url"} {
			if v, ok := e[key]; ok {
				action[key] = v
			}
		}
		return action, nil
	case "overflow":
		option, err := findOption(e, value)
		action["selected_option"] = option
		return action, err
	}
	texts := []string{value}
	if kind, ok := entries[fmt.Sprint(e["type"])]; ok && kind.many() {
		texts = strings.FieldsFunc(value, func(r rune) bool { return r == ',' })
	}
	entered, err := enter(e, texts)
	if err != nil {
		return nil, err
	}
	if state[f.block] == nil {
		state[f.block] = blockState{}
	}
	state[f.block][fmt.Sprint(e["action_id"])] = entered
	maps.Copy(action, entered)
	return action, nil
}
