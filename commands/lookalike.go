package commands

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
)

// signs are characters that stand in no address but look like those that do: phones and word processors put them there.
var signs = strings.NewReplacer(
	"\uFE6B", "@",
	"\u3002", ".", "\uFF61", ".", "\u2024", ".",
	"\u2018", "'", "\u2019", "'", "\u201B", "'", "\u2032", "'", "\u02BC", "'", "\u00B4", "'",
	"\u2010", "-", "\u2011", "-", "\u2012", "-", "\u2013", "-", "\u2014", "-", "\u2212", "-",
	"\uFB00", "ff", "\uFB01", "fi", "\uFB02", "fl", "\uFB03", "ffi", "\uFB04", "ffl",
)

// confusables are letters of other alphabets that look like Latin ones (Unicode Technical Standard 39, confusables.txt).
var confusables = map[rune]rune{
	// Cyrillic
	'\u0430': 'a', '\u0435': 'e', '\u043E': 'o', '\u0440': 'p', '\u0441': 'c', '\u0443': 'y', '\u0445': 'x', '\u0456': 'i',
	'\u0458': 'j', '\u0455': 's', '\u04BB': 'h', '\u0501': 'd', '\u051B': 'q', '\u051D': 'w', '\u04CF': 'l',
	'\u0410': 'A', '\u0412': 'B', '\u0415': 'E', '\u041A': 'K', '\u041C': 'M', '\u041D': 'H', '\u041E': 'O', '\u0420': 'P',
	'\u0421': 'C', '\u0422': 'T', '\u0423': 'Y', '\u0425': 'X', '\u0406': 'I', '\u0408': 'J', '\u0405': 'S',
	// Greek
	'\u03B1': 'a', '\u03BF': 'o', '\u03BD': 'v', '\u03B9': 'i', '\u03C1': 'p', '\u03C5': 'u', '\u03BA': 'k', '\u03F2': 'c',
	'\u0391': 'A', '\u0392': 'B', '\u0395': 'E', '\u0396': 'Z', '\u0397': 'H', '\u0399': 'I', '\u039A': 'K', '\u039C': 'M',
	'\u039D': 'N', '\u039F': 'O', '\u03A1': 'P', '\u03A4': 'T', '\u03A5': 'Y', '\u03A7': 'X',
	// Armenian
	'\u0585': 'o', '\u0578': 'n', '\u057D': 'u', '\u0570': 'h', '\u0581': 'g',
}

// The full-width forms of the printed ASCII characters.
const (
	fullWidth    = '\uFF01'
	fullWidthEnd = '\uFF5E'
)

// latin writes a text with the characters that it looks to have.
func latin(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= fullWidth && r <= fullWidthEnd {
			return r - fullWidth + '!'
		}
		if l, ok := confusables[r]; ok {
			return l
		}
		return r
	}, signs.Replace(text))
}

// odd names the first character of an address that nobody sees, or that is not what it looks like; nil where there is none.
func odd(address string) error {
	at := strings.IndexFunc(address, blank)
	if at >= 0 {
		return oddAt(faultInvisible, address, at)
	}
	at = strings.IndexFunc(address, disguised)
	if at < 0 {
		at = foreign(address)
	}
	if at < 0 {
		return nil
	}
	err := oddAt(faultLookalike, address, at)
	near := latin(address)
	if near == address {
		return err
	}
	_, otherwise := parseAddress(near)
	switch fault, _ := errors.AsType[*syntaxError](otherwise); {
	case otherwise == nil:
		err.Near = near
	case script(err.Char) == "" && fault.Fault == faultAddress && fault.Near != "": // a curly apostrophe behind the address
		return &syntaxError{Fault: faultAddress, Word: err.Word, Near: fault.Near}
	}
	return err
}

func oddAt(f fault, address string, at int) *syntaxError {
	before := []rune(address[:at])
	return &syntaxError{Fault: f, Word: clean(address), Char: []rune(address[at:])[0], At: len(before) + 1}
}

// disguised tells characters that are none of an address's wherever they stand.
func disguised(r rune) bool {
	return r > unicode.MaxASCII && (latin(string(r)) != string(r) && confusables[r] == 0 || r >= 0x1D400 && r <= 0x1D7FF) // mathematical letters
}

// foreign finds a letter that is of another alphabet than the others of its label, or of the part before the @; -1 where there is none.
// A whole label may be of any alphabet, but letters before the @ that all look like Latin ones are none in a Latin domain.
func foreign(address string) int {
	local, domain, _ := strings.Cut(address, "@")
	if i := stranger(local, strings.ContainsFunc(domain, isLatin)); i >= 0 {
		return i
	}
	at := len(local) + 1
	for label := range strings.SplitSeq(domain, ".") {
		if i := stranger(label, false); i >= 0 {
			return at + i
		}
		at += len(label) + 1
	}
	return -1
}

// stranger finds the first letter of a label that is not of its alphabet: Latin, where it looks all Latin and is so in part or should
// be; else that of most of its letters.
func stranger(label string, shouldBeLatin bool) int {
	count := map[string]int{}
	for _, r := range label {
		if s := script(r); s != "" {
			count[s]++
		}
	}
	if len(count) == 0 || len(count) == 1 && !shouldBeLatin {
		return -1
	}
	looksLatin := !strings.ContainsFunc(latin(label), func(r rune) bool { return script(r) != "" && !isLatin(r) })
	if len(count) == 1 && !looksLatin {
		return -1
	}
	own := "Latin"
	for _, s := range slices.Sorted(maps.Keys(count)) {
		if !looksLatin && count[s] > count[own] {
			own = s
		}
	}
	return strings.IndexFunc(label, func(r rune) bool { s := script(r); return s != "" && s != own })
}

func isLatin(r rune) bool { return script(r) == "Latin" }

// alphabets are those that are told apart, by their names in Unicode. Those that are written together count as one.
var alphabets = []struct {
	name   string
	tables []*unicode.RangeTable
}{
	{"Latin", []*unicode.RangeTable{unicode.Latin}},
	{"Cyrillic", []*unicode.RangeTable{unicode.Cyrillic}},
	{"Greek", []*unicode.RangeTable{unicode.Greek, unicode.Coptic}},
	{"Armenian", []*unicode.RangeTable{unicode.Armenian}},
	{"Cherokee", []*unicode.RangeTable{unicode.Cherokee}},
	{"Georgian", []*unicode.RangeTable{unicode.Georgian}},
	{"Hebrew", []*unicode.RangeTable{unicode.Hebrew}},
	{"Arabic", []*unicode.RangeTable{unicode.Arabic}},
	{"Han", []*unicode.RangeTable{unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Bopomofo}},
	{"", []*unicode.RangeTable{unicode.Common, unicode.Inherited}},
}

// script names the alphabet that a letter is of; "" for what is no letter of one.
func script(r rune) string {
	if !unicode.IsLetter(r) {
		return ""
	}
	for _, a := range alphabets {
		if unicode.In(r, a.tables...) {
			return a.name
		}
	}
	return "other"
}

// domainInASCII gives the domain of an address as mail programs send it, xn--bcher-kva.example for bücher.example; "" where it is that
// already, or cannot be sent.
func domainInASCII(address string) string {
	at := strings.LastIndexByte(address, '@')
	domain := address[at+1:]
	if at < 0 || !strings.ContainsFunc(domain, func(r rune) bool { return r > unicode.MaxASCII }) {
		return ""
	}
	ascii, err := idna.Lookup.ToASCII(domain)
	if err != nil {
		return ""
	}
	return ascii
}

// inASCII gives an address with its domain in ASCII.
func inASCII(address string) string {
	if domain := domainInASCII(address); domain != "" {
		return address[:strings.LastIndexByte(address, '@')+1] + domain
	}
	return address
}

// notWhatItSeems names a character that is not the one it looks like, and with meant also that one.
func (w words) notWhatItSeems(r rune, meant bool) markup {
	if like := latin(string(r)); meant && like != string(r) {
		return w.say("char.not", w.character(r), like)
	}
	return w.character(r)
}

// character names a character by what it is and its code point.
func (w words) character(r rune) markup {
	code := fmt.Sprintf("%04X", r)
	key := "char." + script(r)
	switch {
	case w.has("char." + code):
		key = "char." + code
	case blank(r):
		key = "char.hidden"
	case r >= fullWidth && r <= fullWidthEnd:
		key = "char.wide"
	case disguised(r) || !w.has(key):
		key = "char.sign"
	}
	return w.say(key, string(r), code)
}
