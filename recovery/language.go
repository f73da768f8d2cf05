package recovery

import (
	"context"
	"fmt"
	"strings"
)

// Languages keeps in which language people read Mailback.
type Languages interface {
	// Language gives somebody's language as it was kept, a code or a Slack locale; empty where none is.
	Language(ctx context.Context, who Actor) (string, error)
	// KeepLanguage keeps somebody's language. What Slack tells of a person (chosen false) never replaces what the person chose.
	KeepLanguage(ctx context.Context, who Actor, language string, chosen bool) error
}

// slacksOwn is the locale of everybody who never set one, so it is no wish (docs.slack.dev/reference/objects/user-object: locale).
const slacksOwn = "en-US"

// Language gives the language of a person, a code or a Slack locale; empty where it is not known, or cannot be read: then the
// installation's stands in.
func (s *Service) Language(ctx context.Context, who Actor) string {
	language, err := s.Languages.Language(ctx, who)
	if err != nil {
		s.Logger.WarnContext(ctx, "the language of a person was not read", "user", who.UserID, "error", err)
		return ""
	}
	return language
}

// Speak keeps the language that a person chose, and has the person's open requests go on in it.
func (s *Service) Speak(ctx context.Context, who Actor, code string) error {
	if who.UserID == "" || who.TeamID != s.Settings.TeamID {
		return fmt.Errorf("keep a language: %s is nobody of this workspace", who.UserID)
	}
	if err := s.Languages.KeepLanguage(ctx, who, code, true); err != nil {
		return fmt.Errorf("keep the language of %s: %w", who.UserID, err)
	}
	open, err := s.Store.Requests(ctx, Filter{Requester: who.UserID, Open: true, Limit: 50})
	if err != nil {
		return fmt.Errorf("list the requests of %s: %w", who.UserID, err)
	}
	for _, r := range open {
		if r.Requester != who || r.Reader.Language == code {
			continue
		}
		_, err := s.Store.Update(ctx, r.ID, func(r *Request) (Event, error) {
			r.Reader.Language = code
			return Event{}, nil
		})
		if err != nil {
			return fmt.Errorf("change the language of %s: %w", r.Ref(), err)
		}
	}
	return nil
}

// learnLanguage keeps the language of a requester's Slack, where none is kept, and gives the one that counts now. It is no ground for
// any decision, so what cannot be read changes nothing.
func (s *Service) learnLanguage(ctx context.Context, r Request) string {
	known := s.Language(ctx, r.Requester)
	if known != "" {
		return known
	}
	p, err := s.People.Person(ctx, r.Requester.UserID)
	if err != nil || p.ID != r.Requester.UserID || p.Locale == "" || strings.EqualFold(p.Locale, slacksOwn) {
		return r.Reader.Language
	}
	if err := s.Languages.KeepLanguage(ctx, r.Requester, p.Locale, false); err != nil {
		s.Logger.WarnContext(ctx, "the language of a person was not kept", "user", r.Requester.UserID, "error", err)
	}
	return p.Locale
}
