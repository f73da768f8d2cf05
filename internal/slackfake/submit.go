package slackfake

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf8"
)

// SubmitResult is what became of a form. ResponseAction is what the app answered, "" if nothing, which closes the form.
// Errors are by block id: the app's, or the client's own where something required is missing; then nothing was sent.
type SubmitResult struct {
	AckMS          float64           `json:"ack_ms"`
	ResponseAction string            `json:"response_action"`
	Errors         map[string]string `json:"errors"`
	Error          string            `json:"error"`
}

// Submit enters state, as Slack's view.state.values, in the topmost modal and submits it.
func (s *Server) Submit(ctx context.Context, user, viewID string, state map[string]map[string]any) (SubmitResult, error) {
	s.mu.Lock()
	p, v, err := s.openForm(user, viewID, state)
	var problems map[string]string
	if err == nil {
		problems = clientErrors(v)
	}
	s.mu.Unlock()
	if err != nil || len(problems) > 0 {
		return SubmitResult{Errors: problems}, err
	}
	out := s.deliver(ctx, func(string) envelope {
		payload := s.interaction("view_submission", p)
		payload["trigger_id"], payload["view"], payload["response_urls"] = s.newTrigger(p.ID, v.id), s.viewObject(v), []any{}
		return envelope{kind: interactive, accepts: true, payload: payload}
	})
	result := SubmitResult{AckMS: out.ms, Error: out.failure}
	if out.acked {
		s.answerForm(v, out.payload, &result)
	}
	return result, nil
}

// openForm finds the modal and enters the state in it.
func (s *Server) openForm(user, viewID string, state map[string]map[string]any) (*Person, *view, error) {
	p, err := s.actor(user)
	if err != nil {
		return nil, nil, err
	}
	st := s.stackOf(user)
	if len(st.modals) == 0 || st.modals[len(st.modals)-1].id != viewID {
		return nil, nil, fmt.Errorf("%q is not the topmost open modal of %s", viewID, user)
	}
	v := st.modals[len(st.modals)-1]
	if v.body["submit"] == nil {
		return nil, nil, fmt.Errorf("view %q has no submit button", viewID)
	}
	for _, block := range sortedKeys(state) {
		for _, action := range sortedKeys(state[block]) {
			f, err := findElement(v.blocks(), ClickRequest{BlockID: block, ActionID: action})
			if err != nil {
				return nil, nil, fmt.Errorf("block %q: %w", block, err)
			}
			texts, err := textsOf(state[block][action])
			if err != nil {
				return nil, nil, fmt.Errorf("block %q, action %q: %w", block, action, err)
			}
			entered, err := enter(f.element, texts)
			if err != nil {
				return nil, nil, fmt.Errorf("block %q, action %q: %w", block, action, err)
			}
			if v.entered()[block] == nil {
				v.state[block] = blockState{}
			}
			v.state[block][action] = entered
		}
	}
	return p, v, nil
}

// clientErrors are what the Slack client itself refuses to submit.
func clientErrors(v *view) map[string]string {
	problems := map[string]string{}
	for _, item := range v.blocks() {
		b, _ := item.(map[string]any)
		if b["type"] != "input" {
			continue
		}
		id := fmt.Sprint(b["block_id"])
		e := blockElements(b)[0]
		kind, ok := entries[fmt.Sprint(e["type"])]
		if !ok {
			continue
		}
		value := current(kind, e, v.state[id][fmt.Sprint(e["action_id"])])[kind.key]
		list, isList := value.([]any)
		empty := value == nil || value == "" || isList && len(list) == 0
		switch optional, _ := b["optional"].(bool); {
		case empty && !optional:
			problems[id] = "Please complete this required field."
		case !empty:
			if problem := lengthProblem(e, value); problem != "" {
				problems[id] = problem
			}
		}
	}
	return problems
}

func lengthProblem(e map[string]any, value any) string {
	text, ok := value.(string)
	if !ok || e["type"] != "plain_text_input" {
		return ""
	}
	n := float64(utf8.RuneCountInString(text))
	most, ok := e["max_length"].(float64)
	if !ok {
		most = maxText
	}
	if least, ok := e["min_length"].(float64); ok && n < least {
		return fmt.Sprintf("Please enter at least %v characters.", least)
	}
	if n > most {
		return fmt.Sprintf("Please enter at most %v characters.", most)
	}
	return ""
}

// answerForm does what the app's answer to a form says (docs.slack.dev/surfaces/modals). An answer that Slack cannot
// follow leaves the form open, with "We had some trouble connecting"; the app is not told.
func (s *Server) answerForm(v *view, payload json.RawMessage, result *SubmitResult) {
	var answer struct {
		Action string            `json:"response_action"`
		View   json.RawMessage   `json:"view"`
		Errors map[string]string `json:"errors"`
	}
	if len(payload) > 0 && json.Unmarshal(payload, &answer) != nil {
		result.Error = troubleConnects
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	at := slices.Index(s.stackOf(v.user).modals, v)
	if at < 0 {
		return // closed meanwhile
	}
	result.ResponseAction = answer.Action
	ok := true
	switch answer.Action {
	case "":
		s.closeModals(v.user, at)
	case "clear":
		s.closeModals(v.user, 0)
	case "update", "push":
		ok = s.answerView(v, answer.Action, string(answer.View))
	case "errors":
		result.Errors = answer.Errors
		ok = areInputs(v, answer.Errors)
	default:
		ok = false
	}
	if !ok {
		result.Error = troubleConnects
	}
}

func (s *Server) answerView(v *view, action, raw string) bool {
	body, refusal := s.readView(raw, "modal")
	if refusal != nil {
		return false
	}
	if action == "update" {
		if s.externalTaken(body, v) {
			return false
		}
		s.show(v, body)
		return true
	}
	if len(s.stackOf(v.user).modals) >= maxStack || s.externalTaken(body, nil) {
		return false
	}
	s.openModal(v.user, body)
	return true
}

// areInputs reports whether all errors are for input blocks of the view, and there is one.
func areInputs(v *view, problems map[string]string) bool {
	ids := map[string]bool{}
	for _, item := range v.blocks() {
		if b, ok := item.(map[string]any); ok && b["type"] == "input" {
			ids[fmt.Sprint(b["block_id"])] = true
		}
	}
	for id := range problems {
		if !ids[id] {
			return false
		}
	}
	return len(problems) > 0
}

// CloseView closes a modal as its Cancel button does, or with all the whole stack as its × does. The app hears of it
// (view_closed) where the view asked for notify_on_close.
func (s *Server) CloseView(ctx context.Context, user, viewID string, all bool) (Outcome, error) {
	s.mu.Lock()
	p, err := s.actor(user)
	v := s.views[viewID]
	if err == nil && (v == nil || v.user != user || v.text("type") != "modal") {
		err = fmt.Errorf("unknown modal %q for %s", viewID, user)
	}
	if err != nil {
		s.mu.Unlock()
		return Outcome{}, err
	}
	from := slices.Index(s.stackOf(user).modals, v)
	cleared := all || v.flag("clear_on_close")
	if cleared {
		from = 0
	}
	s.closeModals(user, from)
	s.mu.Unlock()
	if !v.flag("notify_on_close") {
		return Outcome{}, nil
	}
	return s.deliver(ctx, func(string) envelope {
		payload := s.interaction("view_closed", p)
		payload["view"], payload["is_cleared"] = s.viewObject(v), cleared
		return envelope{kind: interactive, accepts: true, payload: payload}
	}).public(), nil
}
