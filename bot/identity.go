package bot

import (
	"strings"
	"sync"
)

// Identity is who the bot is: the app and where it is installed.
type Identity struct {
	AppID        string // from the socket's hello; empty until the first one
	TeamID       string // the workspace the bot token belongs to
	EnterpriseID string // empty outside of Enterprise organisations
	BotUserID    string // the bot's own user id
	BotID        string // the bot's id as an author of messages
	URL          string // of the workspace, with a slash behind it: https://contoso.slack.com/
}

// Permalink is the address of a message (docs.slack.dev/reference/methods/chat.getPermalink: the form of its answer); empty before the bot
// has signed in.
func (id Identity) Permalink(channel, ts string) string {
	if id.URL == "" {
		return ""
	}
	return strings.TrimSuffix(id.URL, "/") + "/archives/" + channel + "/p" + strings.ReplaceAll(ts, ".", "")
}

// self keeps the Identity as it becomes known.
type self struct {
	mu sync.RWMutex
	id Identity
}

func (s *self) get() Identity {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.id
}

// learn records what auth.test said.
func (s *self) learn(id Identity) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id.AppID = s.id.AppID
	s.id = id
}

// hello records the app id of the first socket. Those of one app-level token never differ in it, and what comes by a token of another app is
// refused as another app's (see app).
func (s *self) hello(appID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.id.AppID == "" {
		s.id.AppID = appID
	}
}

// app tells whether an envelope is for our app. Some of Slack's payloads name none (docs.slack.dev/apis/events-api/using-socket-mode,
// the sample of a slash command): those came over our own socket and pass. Interactions have to name it.
func (s *self) app(e envelope) bool {
	own := s.get().AppID
	if e.interactive {
		return e.appID != "" && e.appID == own
	}
	return own == "" || e.appID == "" || e.appID == own
}
