package slackfake

import (
	"regexp"
	"strings"
)

// typed finds the parts of typed text that Slack rewrites.
var typed = regexp.MustCompile(`https?://[^\s<>|]+|<@[UW][A-Z0-9]+>|[A-Za-z0-9._%+'-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}|[@#&<>]`)

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// escape rewrites the text of a slash command as Slack does with should_escape
// (docs.slack.dev/interactivity/implementing-slash-commands): people, channels and URLs become tokens in angle
// brackets, so do mail addresses (as in messages; for commands unverified), and & < > become entities.
// A mention is @ with a person's handle or name, or <@U…>, of somebody the workspace knows; a channel is # with its name.
func (s *Server) escape(text string, by *Person) string {
	var out strings.Builder
	for text != "" {
		at := typed.FindStringIndex(text)
		if at == nil {
			out.WriteString(text)
			break
		}
		out.WriteString(text[:at[0]])
		token, used := s.token(text[at[0]:], text[at[0]:at[1]], by)
		out.WriteString(token)
		text = text[at[0]+used:]
	}
	return out.String()
}

// token returns what the match, which rest begins with, becomes, and how much of rest that used.
func (s *Server) token(rest, match string, by *Person) (string, int) {
	switch {
	case match == "@":
		for _, id := range s.order {
			for _, name := range []string{s.people[id].RealName, s.people[id].Handle} {
				if startsWithName(rest[1:], name) {
					return "<@" + id + ">", 1 + len(name)
				}
			}
		}
	case match == "#":
		for _, id := range sortedKeys(s.channels) {
			if c := s.channels[id]; c.Name != "" && s.visible(c, by) && startsWithName(rest[1:], c.Name) {
				label := c.Name
				if c.private {
					label = "" // private channels come without their name
				}
				return "<#" + c.ID + "|" + label + ">", 1 + len(c.Name)
			}
		}
	case strings.HasPrefix(match, "<@") && s.people[match[2:len(match)-1]] != nil:
		return match, len(match)
	case strings.HasPrefix(match, "http"):
		return "<" + escaper.Replace(match) + ">", len(match)
	case strings.Contains(match, "@") && match != "@" && match[0] != '<':
		address := escaper.Replace(match)
		return "<mailto:" + address + "|" + address + ">", len(match)
	}
	return escaper.Replace(match[:1]), 1
}

// startsWithName reports whether text begins with a name that ends there.
func startsWithName(text, name string) bool {
	if len(text) < len(name) || name == "" || !strings.EqualFold(text[:len(name)], name) {
		return false
	}
	return len(text) == len(name) || !regexp.MustCompile(`^[\w-]`).MatchString(text[len(name):])
}
