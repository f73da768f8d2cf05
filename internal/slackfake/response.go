package slackfake

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// trigger is a trigger id: it opens one view, for the person whose act it came with, within three seconds.
type trigger struct {
	user string
	view string // the view that the act happened in, if any
	at   time.Time
	used bool
}

const (
	triggerLife  = 3 * time.Second
	triggerKept  = 10 * time.Minute // how long a dead one is still told apart from one that never was
	responseLife = 30 * time.Minute
)

// newTrigger returns the id of a new trigger. The caller holds the lock.
func (s *Server) newTrigger(user, view string) string {
	now := s.cfg.Now()
	for len(s.oldest) > 0 && now.Sub(s.triggers[s.oldest[0]].at) > triggerKept {
		delete(s.triggers, s.oldest[0])
		s.oldest = s.oldest[1:]
	}
	s.lastID++
	id := fmt.Sprintf("%d.%d.%s", now.UnixMilli(), s.lastID, randomHex(32))
	s.triggers[id] = &trigger{user: user, view: view, at: now}
	s.oldest = append(s.oldest, id)
	return id
}

// useTrigger takes a trigger id. Its errors are those of docs.slack.dev/reference/methods/views.open.
func (s *Server) useTrigger(id string) (*trigger, *apiError) {
	t, ok := s.triggers[id]
	switch {
	case !ok:
		return nil, fail("invalid_trigger_id")
	case t.used:
		return nil, fail("exchanged_trigger_id")
	case s.cfg.Now().Sub(t.at) > triggerLife:
		return nil, fail("expired_trigger_id")
	}
	t.used = true
	return t, nil
}

// responseURL lets the app answer a command or a click: five times within thirty minutes
// (docs.slack.dev/interactivity/handling-user-interaction).
type responseURL struct {
	user    string
	channel *channel
	source  *message // that was clicked; nil for a command
	at      time.Time
	uses    int
}

// newResponseURL returns a new response URL at the address base. The caller holds the lock.
func (s *Server) newResponseURL(base string, r responseURL) string {
	r.at = s.cfg.Now()
	id := s.nextID("") + randomHex(16)
	s.responses[id] = &r
	return base + "/response/" + TeamID + "/" + id
}

// answerBody is what an app may send as the answer to a command or click, in an ack or to a response URL.
type answerBody struct {
	ResponseType    string `json:"response_type"`
	ReplaceOriginal *bool  `json:"replace_original"`
	DeleteOriginal  bool   `json:"delete_original"`
	ThreadTS        string `json:"thread_ts"`

	content
}

// readAnswer reads an answerBody. The caller holds the lock.
func (s *Server) readAnswer(raw []byte) (answerBody, *apiError) {
	var a answerBody
	args := map[string]string{}
	if refusal := readJSON(strings.NewReader(string(raw)), args); refusal != nil {
		return a, fail("invalid_payload")
	}
	if err := json.Unmarshal(raw, &a); err != nil {
		return a, fail("invalid_payload")
	}
	var refusal *apiError
	if a.content, refusal = s.readContent(args); refusal != nil {
		return a, refusal
	}
	switch a.ResponseType {
	case "", "ephemeral", "in_channel":
		return a, nil
	}
	return a, fail("invalid_response_type")
}

// serveResponseURL answers with status 404 once the URL is used up, and 400 where it refuses the message, as incoming
// webhooks do; which status response URLs have is unverified.
func (s *Server) serveResponseURL(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		refuse(w, r, http.StatusBadRequest, 0)
		return
	}
	refusal := s.respond(r.PathValue("id"), raw)
	switch {
	case refusal == nil:
		writeJSON(w, http.StatusOK, map[string]any{"ok": true})
	case refusal.retry > 0:
		refuse(w, r, http.StatusTooManyRequests, refusal.retry)
	default:
		status := http.StatusBadRequest
		if strings.HasSuffix(refusal.code, "_url") {
			status = http.StatusNotFound
		}
		writeJSON(w, status, map[string]any{"ok": false, "error": refusal.code})
	}
}

func (s *Server) respond(id string, raw []byte) *apiError {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, ok := s.responses[id]
	switch {
	case !ok:
		return fail("invalid_url")
	case s.cfg.Now().Sub(u.at) > responseLife:
		return fail("expired_url")
	case u.uses >= responseURLUses:
		return fail("used_url")
	}
	a, refusal := s.readAnswer(raw)
	if refusal != nil {
		return refusal
	}
	if refusal := s.respondWith(u, a); refusal != nil {
		return refusal
	}
	u.uses++
	return nil
}

// respondWith deletes or replaces the message that was clicked, or posts a new one. A command's typed line cannot be
// touched; and an answer into a thread replaces the source unless replace_original says false.
func (s *Server) respondWith(u *responseURL, a answerBody) *apiError {
	source := u.source
	if source != nil && source.deleted {
		source = nil
	}
	if a.DeleteOriginal {
		if source != nil {
			s.remove(source)
		}
		return nil
	}
	if a.empty() {
		return fail("no_text")
	}
	replace := a.ThreadTS != ""
	if a.ReplaceOriginal != nil {
		replace = *a.ReplaceOriginal
	}
	if replace && source != nil {
		a.apply(source)
		return nil
	}
	if refusal := s.spend(u.channel); refusal != nil {
		return refusal
	}
	to := u.user
	if a.ResponseType == "in_channel" {
		to = ""
	}
	s.post(u.channel, BotUser, to, a.ThreadTS, a.content)
	return nil
}
