package commands

import (
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/feature/plural"
	textlanguage "golang.org/x/text/language"
	"golang.org/x/text/message"
)

// language is one table of sentences. A sentence takes its arguments by number, %[1]s, since languages order them differently.
type language struct {
	code    string                 // as in MAILBACK_LOCALE
	name    string                 // in the language itself
	english string                 // its name in English
	also    []string               // what else people type for it
	tag     textlanguage.Tag       // for plurals and numbers
	numbers *message.Printer       // writes numbers as the language does: 1,303.5 or 1 303,5
	text    map[string]string      // by key
	ordinal func(n int) string     // 3rd
	date    func(time.Time) string // a date with its time in UTC, for readers whose Slack shows no date tokens
}

// plural gives the form that a number takes, as it is appended to a key: "one", "other", and in Latvian "zero"
// (CLDR's plural rules).
func (l language) plural(n int) string {
	switch plural.Cardinal.MatchPlural(l.tag, n, 0, 0, 0, 0) {
	case plural.Zero:
		return "zero"
	case plural.One:
		return "one"
	default:
		return "other"
	}
}

// languages gives all languages there are; the first one stands in for those that are not.
var languages = sync.OnceValue(func() []language { return []language{english(), latvian()} })

// spoken gives the words of a language by its code, a locale such as en-GB, or its name; false where there is no such language.
func spoken(language string) (words, bool) {
	for _, l := range languages() {
		if slices.ContainsFunc(append(l.also, l.name, l.english), func(name string) bool { return strings.EqualFold(language, name) }) {
			return words{language: l}, true
		}
	}
	short, _, _ := strings.Cut(strings.ToLower(strings.ReplaceAll(language, "_", "-")), "-")
	for _, l := range languages() {
		if l.code == short {
			return words{language: l}, true
		}
	}
	return words{language: languages()[0]}, false
}

// Spoken says whether there is a language of this code.
func Spoken(code string) bool {
	for _, l := range languages() {
		if l.code == code {
			return true
		}
	}
	return false
}

// wordsIn gives the words of a language, by its code or a Slack locale such as en-GB: English where there is no such language.
func wordsIn(code string) words {
	w, _ := spoken(code)
	return w
}
