package commands

import (
	"strings"
	"unicode"
)

// truncated ends a text that was cut.
const truncated = " (truncated)"

// units counts a text as Slack does at most. Slack's pages say "characters"; its servers and clients count UTF-16 as JavaScript does,
// and a text that is short enough in UTF-16 is so in code points as well.
func units(s string) int {
	n := 0
	for _, r := range s {
		n += unitsOf(r)
	}
	return n
}

func unitsOf(r rune) int {
	if r > 0xFFFF {
		return 2
	}
	return 1
}

// cut shortens a text to at most n units, and says that it did.
func cut(s string, n int) string {
	switch {
	case units(s) <= n:
		return s
	case n <= len(truncated):
		return beginning(s, n)
	default:
		return strings.TrimRightFunc(beginning(s, n-len(truncated)), blank) + truncated
	}
}

// cutMarkup shortens markup to at most n units, without cutting a token or an entity in two.
func cutMarkup(s string, n int) string {
	if units(s) <= n {
		return s
	}
	s = beginning(s, n-len(truncated))
	if open := strings.LastIndexByte(s, '<'); open > strings.LastIndexByte(s, '>') {
		s = s[:open]
	}
	if amp := strings.LastIndexByte(s, '&'); amp >= 0 && !strings.Contains(s[amp:], ";") {
		s = s[:amp]
	}
	return s + truncated
}

// beginning is as much of a text as takes at most n units. It ends between two characters as people see them, unless one alone takes
// more: an emoji of several parts, a flag or a letter with its accents is not cut in two.
func beginning(s string, n int) string {
	length, whole := 0, 0
	before, half := rune(0), false // half: before is the first of the two letters of a flag
	for i, r := range s {
		second := half && isFlag(r)
		if !second && !joins(before, r) {
			whole = i
		}
		if length += unitsOf(r); length > n {
			if whole == 0 {
				return s[:i]
			}
			return s[:whole]
		}
		before, half = r, isFlag(r) && !second
	}
	return s
}

func isFlag(r rune) bool { return r >= 0x1F1E6 && r <= 0x1F1FF }

// joins says whether r is part of the character that before is in: what Unicode calls an extended grapheme cluster (UAX 29), as far
// as its tables are in the standard library.
func joins(before, r rune) bool {
	const joiner = 0x200D
	switch {
	case before == joiner, r == joiner, r == 0x200C:
		return true
	case r >= 0x1F3FB && r <= 0x1F3FF: // skin
		return true
	case r >= 0xE0020 && r <= 0xE007F: // tags, as of the flag of Scotland
		return true
	case r >= 0x1160 && r <= 0x11FF, r == 0xFF9E, r == 0xFF9F: // the rest of a Korean syllable; Japanese voice marks
		return true
	default:
		return unicode.Is(unicode.M, r) // accents, vowel signs, variation selectors, the frame of a keycap
	}
}
