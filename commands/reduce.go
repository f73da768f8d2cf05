package commands

import (
	"strings"
	"unicode"
)

// Slack escapes what people type: & < > become entities, and links, addresses and mentions stand in angle brackets
// (docs.slack.dev/messaging/formatting-message-text, docs.slack.dev/interactivity/implementing-slash-commands).

var (
	escaper   = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	unescaper = strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">")
)

// unescape undoes Slack's escaping, once.
func unescape(s string) string { return unescaper.Replace(s) }

// escape makes a text safe to stand in a message: nothing in it can become a mention, a link or a broadcast.
func escape(s string) string { return escaper.Replace(s) }

// reduce turns escaped text into the text as the person saw it: links and addresses lose their brackets. Mentions stay,
// for there is no other name in them.
func reduce(s string) string {
	var b strings.Builder
	for {
		i := strings.IndexByte(s, '<')
		if i < 0 {
			return b.String() + unescape(s)
		}
		j := strings.IndexByte(s[i:], '>')
		if j < 0 {
			return b.String() + unescape(s)
		}
		b.WriteString(unescape(s[:i]) + reduceLink(s[i+1:i+j]))
		s = s[i+j+1:]
	}
}

// reduceLink turns what stands between < and > into plain text.
func reduceLink(inner string) string {
	target, label, labelled := strings.Cut(inner, "|")
	target, label = unescape(target), unescape(label)
	if target == "" || strings.ContainsAny(target[:1], "@#!") {
		return "<" + unescape(inner) + ">"
	}
	switch target {
	case "mailto:" + label, "http://" + label, "https://" + label: // Slack itself made the link
		return label
	}
	plain := strings.TrimPrefix(target, "mailto:")
	if !labelled || label == "" || strings.HasSuffix(target, label) {
		return plain
	}
	return label + " (" + plain + ")"
}

// invisible tells characters that nobody sees: zero-width ones, and those that turn the direction of writing. Copied
// addresses often begin or end with one.
func invisible(r rune) bool {
	switch {
	case r == 0xAD, r == 0x61C, r == 0x180E, r == 0xFEFF, r >= 0x200B && r <= 0x200F, r >= 0x202A && r <= 0x202E,
		r >= 0x2060 && r <= 0x206F:
		return true
	default:
		return unicode.Is(unicode.Variation_Selector, r)
	}
}

func blank(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || invisible(r) }

// clean takes control characters and those that turn the direction of writing out of a text, which could make it look like
// another one; joiners inside words and emoji stay. Line breaks become spaces.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == 0x200C || r == 0x200D || unicode.Is(unicode.Variation_Selector, r):
			return r
		case unicode.IsSpace(r) || unicode.IsControl(r):
			return ' '
		case invisible(r):
			return -1
		default:
			return r
		}
	}, strings.ToValidUTF8(s, "\uFFFD"))
	return strings.TrimFunc(s, blank)
}
