package slackfake

import (
	"encoding/json"
	"fmt"
	"slices"
)

// view is an open modal or a Home tab. Its body is never changed in place.
type view struct {
	id, user string
	body     map[string]any // as the app sent it
	hash     string
	root     string
	previous string
	state    map[string]blockState
}

// stack is what one person has open.
type stack struct {
	modals []*view // bottom first
	home   *view
}

const (
	maxViewBytes = 250 * 1024
	maxStack     = 3
)

func (v *view) text(name string) string {
	s, _ := v.body[name].(string)
	return s
}

func (v *view) flag(name string) bool {
	b, _ := v.body[name].(bool)
	return b
}

func (v *view) blocks() []any {
	b, _ := v.body["blocks"].([]any)
	return b
}

var viewShape = object(props{
	"type!": enum("modal", "home"), "blocks!": anything, "title": plainText(1, 24), "submit": plainText(1, 24), "close": plainText(1, 24),
	"private_metadata": str(0, 3000), "callback_id": str(0, 255), "external_id": str(0, 255),
	"clear_on_close": boolean, "notify_on_close": boolean, "submit_disabled": boolean,
})

// readView reads and checks a view of a kind (docs.slack.dev/reference/views).
func (s *Server) readView(raw, kind string) (map[string]any, *apiError) {
	if len(raw) > maxViewBytes {
		return nil, fail("view_too_large")
	}
	var body map[string]any
	if json.Unmarshal([]byte(raw), &body) != nil || body == nil {
		return nil, failWith("invalid_arguments", &faults{messages: []string{"must provide an object [json-pointer:/view]"}})
	}
	where := map[string]surface{"modal": inModal, "home": inHome}[kind]
	f := &faults{}
	if body["type"] != kind {
		f.add("/view/type", "must be a valid enum value: %s", kind)
	}
	viewShape(f, "/view", body)
	checkBlocks(f, "/view/blocks", where, body["blocks"])
	if kind == "modal" {
		checkModal(f, body)
	}
	if len(f.messages) > 0 {
		return nil, failWith("invalid_arguments", f)
	}
	blocks, _ := body["blocks"].([]any)
	s.fillIDs(blocks)
	return body, nil
}

func checkModal(f *faults, body map[string]any) {
	if body["title"] == nil {
		f.add("/view", "missing required field: title")
	}
	blocks, _ := body["blocks"].([]any)
	isInput := func(b any) bool { o, ok := b.(map[string]any); return ok && o["type"] == "input" }
	if i := slices.IndexFunc(blocks, isInput); i >= 0 && body["submit"] == nil {
		f.add(fmt.Sprintf("/view/blocks/%d/input", i), "must define `submit` to use an `input` block in modals")
	}
}

// show makes v the view that a person sees with this body.
func (s *Server) show(v *view, body map[string]any) {
	v.body = body
	v.hash = fmt.Sprintf("%d.%s", s.cfg.Now().Unix(), randomHex(8))
	s.views[v.id] = v
}

// openModal puts a new modal on a person's stack.
func (s *Server) openModal(user string, body map[string]any) *view {
	st := s.stackOf(user)
	v := &view{id: s.nextID("V"), user: user}
	v.root = v.id
	if n := len(st.modals); n > 0 {
		v.root, v.previous = st.modals[0].id, st.modals[n-1].id
	}
	st.modals = append(st.modals, v)
	s.show(v, body)
	return v
}

func (s *Server) stackOf(user string) *stack {
	st := s.stacks[user]
	if st == nil {
		st = &stack{}
		s.stacks[user] = st
	}
	return st
}

// closeModals takes a person's modals from index on off the stack.
func (s *Server) closeModals(user string, from int) {
	st := s.stackOf(user)
	for _, v := range st.modals[from:] {
		delete(s.views, v.id)
	}
	st.modals = st.modals[:from]
}

func (s *Server) viewObject(v *view) map[string]any {
	blocks := v.body["blocks"]
	o := map[string]any{
		"id": v.id, "team_id": TeamID, "type": v.body["type"], "blocks": blocks, "private_metadata": v.text("private_metadata"),
		"callback_id": v.text("callback_id"), "state": map[string]any{"values": stateValues(v.blocks(), v.state)}, "hash": v.hash,
		"title": v.body["title"], "clear_on_close": v.flag("clear_on_close"), "notify_on_close": v.flag("notify_on_close"),
		"close": v.body["close"], "submit": v.body["submit"], "previous_view_id": nil, "root_view_id": v.root, "app_id": AppID,
		"external_id": v.text("external_id"), "app_installed_team_id": TeamID, "bot_id": BotID,
	}
	if v.previous != "" {
		o["previous_view_id"] = v.previous
	}
	return o
}

// externalTaken reports whether another open view has the body's external id.
func (s *Server) externalTaken(body map[string]any, except *view) bool {
	id, _ := body["external_id"].(string)
	v := s.byExternal(id)
	return v != nil && v != except
}

func (s *Server) byExternal(id string) *view {
	if id == "" {
		return nil
	}
	for _, v := range s.views {
		if v.text("external_id") == id {
			return v
		}
	}
	return nil
}

// newModal reads the modal of a call that shows one more, and uses the call's trigger.
func (s *Server) newModal(c *call) (body map[string]any, t *trigger, refusal *apiError) {
	if body, refusal = s.readView(c.args["view"], "modal"); refusal != nil {
		return nil, t, refusal
	}
	if s.externalTaken(body, nil) {
		return nil, t, fail("duplicate_external_id")
	}
	t, refusal = s.useTrigger(c.args["trigger_id"])
	return body, t, refusal
}

func (s *Server) viewsOpen(c *call) (map[string]any, *apiError) {
	body, t, refusal := s.newModal(c)
	if refusal != nil {
		return nil, refusal
	}
	s.closeModals(t.user, 0)
	return map[string]any{"view": s.viewObject(s.openModal(t.user, body))}, nil
}

func (s *Server) viewsPush(c *call) (map[string]any, *apiError) {
	body, t, refusal := s.newModal(c)
	if refusal != nil {
		return nil, refusal
	}
	n := len(s.stackOf(t.user).modals)
	switch {
	case n == 0 || s.views[t.view] == nil:
		return nil, fail("invalid_trigger_id") // the act was in no open modal; Slack's word for it is unverified
	case n >= maxStack:
		return nil, fail("push_limit_reached")
	}
	return map[string]any{"view": s.viewObject(s.openModal(t.user, body))}, nil
}

func (s *Server) viewsUpdate(c *call) (map[string]any, *apiError) {
	v := s.views[c.args["view_id"]]
	if c.args["view_id"] == "" {
		v = s.byExternal(c.args["external_id"])
	}
	if v == nil {
		return nil, fail("not_found")
	}
	body, refusal := s.readView(c.args["view"], v.text("type"))
	switch {
	case refusal != nil:
		return nil, refusal
	case c.args["hash"] != "" && c.args["hash"] != v.hash:
		return nil, fail("hash_conflict")
	case s.externalTaken(body, v):
		return nil, fail("duplicate_external_id")
	}
	s.show(v, body)
	return map[string]any{"view": s.viewObject(v)}, nil
}

func (s *Server) viewsPublish(c *call) (map[string]any, *apiError) {
	p := s.people[c.args["user_id"]]
	body, refusal := s.readView(c.args["view"], "home")
	switch {
	case s.cfg.HomeOff:
		return nil, fail("not_enabled")
	case p == nil || p.Bot || p.Stranger:
		return nil, failWith("invalid_arguments", &faults{messages: []string{"invalid `user_id` [json-pointer:/user_id]"}})
	case refusal != nil:
		return nil, refusal
	}
	st := s.stackOf(p.ID)
	if st.home == nil {
		st.home = &view{id: s.nextID("V"), user: p.ID}
		st.home.root = st.home.id
	} else if c.args["hash"] != "" && c.args["hash"] != st.home.hash {
		return nil, fail("hash_conflict")
	}
	s.show(st.home, body)
	return map[string]any{"view": s.viewObject(st.home)}, nil
}
