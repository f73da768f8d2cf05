package commands

import (
	"cmp"
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"mailback/recovery"
)

// The quotation marks that people's keyboards make. Any of quoteMarks closes any other of them, and any of singleMarks any other of
// those, where it ends a word: inside one it is an apostrophe.
const (
	quoteMarks  = `"“”„‟«»`
	singleMarks = `'‘’‚‛‹›`
)

// quotes says whether r is a quotation mark, and no apostrophe.
func quotes(r rune) bool { return r != '\'' && strings.ContainsRune(quoteMarks+singleMarks, r) }

// cutQuoted takes a text in quotes off the beginning of another, and gives what follows; false where nothing closes it.
func cutQuoted(text string) (inner, rest string, ok bool) {
	opening, size := utf8.DecodeRuneInString(text)
	marks := quoteMarks
	if strings.ContainsRune(singleMarks, opening) {
		marks = singleMarks
	} else if !strings.ContainsRune(quoteMarks, opening) {
		return "", "", false
	}
	text = text[size:]
	for i, r := range text {
		behind := text[i+utf8.RuneLen(r):]
		if strings.ContainsRune(marks, r) && (marks == quoteMarks || endsWord(behind)) {
			return text[:i], behind, marks == quoteMarks || !strings.ContainsAny(text[:i], quoteMarks)
		}
	}
	return "", "", false
}

// endsWord says whether a word is over where a text begins.
func endsWord(text string) bool {
	r, _ := utf8.DecodeRuneInString(text)
	return text == "" || blank(r) && !invisible(r) || strings.ContainsRune(".,;:!?)", r)
}

var (
	objectIDPattern = regexp.MustCompile(`^(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	userIDPattern   = regexp.MustCompile(`^[UW][A-Z0-9]{2,30}$`)
	mentionPattern  = regexp.MustCompile(`^<@([UW][A-Z0-9]{2,30})(?:\|[^<>]*)?>$`)
)

// whoString writes a query as a person would type it.
func whoString(q recovery.Query) string {
	switch q.Kind {
	case recovery.ByPerson:
		return "<@" + q.Value + ">"
	case recovery.ByName:
		return `"` + escape(q.Value) + `"`
	default:
		if strings.HasPrefix(q.Value, "'") { // else it would be taken off as a mark around the address
			return `"` + escape(q.Value) + `"`
		}
		return escape(q.Value)
	}
}

// parseWho reads the mailbox that a text begins with, and gives what follows it, reduced; keys are those that may follow.
func parseWho(text string, keys []string) (recovery.Query, string, error) {
	text = strings.TrimLeftFunc(text, blank)
	if inQuotes(text) {
		return parseQuoted(reduce(text))
	}
	word, rest := nextWord(text)
	switch key, value, ok := keyed(reduce(word)); {
	case !ok:
	case slices.Contains(keys, key):
		return recovery.Query{}, "", &syntaxError{Fault: faultKeyFirst, Word: key + ":"}
	case key == "mailto" && value == "":
		if word, rest = nextWord(rest); word == "" {
			return recovery.Query{}, "", &syntaxError{Fault: faultAddress, Word: "mailto:"}
		}
	case key != "mailto" && isAddress(value):
		return recovery.Query{}, "", &syntaxError{Fault: faultWord, Word: key + ":", Near: trimWrapping(value)}
	}
	q, err := parseWhoWord(word, rest)
	return q, reduce(rest), err
}

// inQuotes says whether a text begins with one in quotes. An apostrophe may also begin a word.
func inQuotes(text string) bool {
	r, _ := utf8.DecodeRuneInString(text)
	if r != '\'' {
		return quotes(r)
	}
	_, _, closed := cutQuoted(reduce(text))
	return closed
}

// parseQuoted reads what is in quotes: a display name, or an address.
func parseQuoted(text string) (recovery.Query, string, error) {
	inner, rest, ok := cutQuoted(text)
	if !ok {
		return recovery.Query{}, "", &syntaxError{Fault: faultQuote, Word: clean(text)}
	}
	if strings.HasPrefix(rest, "@") { // an address whose part before the @ is quoted
		word, _ := nextWord(rest)
		return recovery.Query{}, "", &syntaxError{Fault: faultSign, Word: clean(`"` + inner + `"` + trimWrapping(word)), Char: '"'}
	}
	rest = strings.TrimLeft(rest, ".,;:!?)")
	if r, _ := utf8.DecodeRuneInString(rest); rest != "" && !blank(r) {
		return recovery.Query{}, "", &syntaxError{Fault: faultQuote, Word: clean(text)}
	}
	address, err := parseAddress(inner)
	if fault, _ := errors.AsType[*syntaxError](err); fault == nil || fault.Char != 0 && !strings.Contains(clean(inner), " ") {
		return recovery.Query{Kind: recovery.ByAddress, Value: address}, rest, err
	}
	name := clean(inner)
	if utf8.RuneCountInString(name) > maxName {
		return recovery.Query{}, "", &syntaxError{Fault: faultLongName, Word: name}
	}
	if name = unwrap(name); name == "" {
		return recovery.Query{}, "", &syntaxError{Fault: faultEmptyName}
	}
	return recovery.Query{Kind: recovery.ByName, Value: name}, rest, nil
}

// unwrap takes quotation marks off a name that is wholly in them, as ”Adele Vance” is twice.
func unwrap(name string) string {
	inner, behind, ok := cutQuoted(name)
	if !ok || behind != "" {
		return name
	}
	return unwrap(clean(inner))
}

// parseWhoWord reads a mailbox that is one word, as Slack delivers it; rest is what follows, for a hint.
func parseWhoWord(raw, rest string) (recovery.Query, error) {
	raw = trimEscaped(raw)
	if link, ok := typedLink(raw); ok {
		return parseLink(link)
	}
	if strings.Contains(raw, "<") && strings.Contains(raw, ">") {
		return parseLink(raw)
	}
	word := unescape(raw)
	id, isID := typedID(word)
	switch {
	case isID:
		return recovery.Query{}, &syntaxError{Fault: faultRequest, Word: clean(word), Near: recovery.Request{ID: id}.Ref()}
	case objectIDPattern.MatchString(word):
		return recovery.Query{Kind: recovery.ByObjectID, Value: strings.ToLower(word)}, nil
	case strings.HasPrefix(word, "@"):
		return recovery.Query{}, &syntaxError{Fault: faultHandle, Word: clean(word)}
	case strings.ContainsAny(word, "@＠﹫"):
		address, err := parseAddress(word)
		return recovery.Query{Kind: recovery.ByAddress, Value: address}, err
	default:
		return recovery.Query{}, &syntaxError{Fault: faultWord, Word: clean(word), Near: hint(word, rest)}
	}
}

// typedLink gives the link that somebody typed out or pasted in its raw form, mailto:a@b or <mailto:a@b|a@b>, whose marks
// Slack has escaped like any other text.
func typedLink(raw string) (string, bool) {
	inner := strings.TrimSuffix(strings.TrimPrefix(reduce(raw), "<"), ">")
	const scheme = "mailto:"
	if len(inner) < len(scheme) || !strings.EqualFold(inner[:len(scheme)], scheme) {
		return "", false
	}
	return "<" + escape(scheme+inner[len(scheme):]) + ">", true
}

// hint gives what somebody probably meant with a first word that is neither a mailbox nor a command.
func hint(word, rest string) string {
	if near := Nearest(word, verbs); near != "" {
		return near
	}
	for next := range strings.FieldsSeq(reduce(rest)) {
		if isAddress(next) {
			return trimWrapping(next)
		}
	}
	return ""
}

// parseLink reads what Slack makes of addresses and mentions: <mailto:a@b|a@b>, <mailto:a@b>, <@U1>, <@U1|name>.
func parseLink(raw string) (recovery.Query, error) {
	inner, ok := strings.CutPrefix(raw, "<")
	inner, closed := strings.CutSuffix(inner, ">")
	if !ok || !closed || strings.ContainsAny(inner, "<>") {
		return parseAround(raw)
	}
	target, label, _ := strings.Cut(inner, "|")
	target, label = unescape(target), unescape(label)
	if id, ok := strings.CutPrefix(target, "@"); ok && userIDPattern.MatchString(id) {
		return recovery.Query{Kind: recovery.ByPerson, Value: id}, nil
	}
	if !strings.Contains(target, "@") || strings.ContainsRune("@#!", rune(target[0])) {
		return recovery.Query{}, &syntaxError{Fault: faultNotPerson, Word: clean(cmp.Or(groupName(target, label), reduce(raw)))}
	}
	address, err := parseAddress(mailtoAddress(target, label))
	if err != nil {
		return recovery.Query{}, err
	}
	if strings.Contains(label, "@") && !recovery.SameAddress(inASCII(clean(label)), inASCII(address)) {
		return recovery.Query{}, &syntaxError{Fault: faultLabel, Word: clean(label), Near: address}
	}
	return recovery.Query{Kind: recovery.ByAddress, Value: address}, nil
}

// stuck finds a link that text stands against which Slack would have taken into it.
var stuck = regexp.MustCompile(`[A-Za-z0-9._%+'-]<|>[A-Za-z0-9.-]`)

// parseAround reads an address of which Slack made a link of a part alone, since it stops at letters that are not ASCII: what
// stands around the link was typed as well.
func parseAround(raw string) (recovery.Query, error) {
	if link, behind, _ := strings.Cut(raw, ">"); strings.HasPrefix(link, "<@") {
		return recovery.Query{}, &syntaxError{Fault: faultExtra, Word: clean(strings.TrimLeft(reduce(behind), ".,;:&/+"))}
	}
	address, err := parseAddress(trimWrapping(reduce(raw)))
	if err == nil && stuck.MatchString(raw) {
		err = &syntaxError{Fault: faultAddress, Word: clean(reduce(raw))}
	}
	return recovery.Query{Kind: recovery.ByAddress, Value: address}, err
}

// mailtoAddress takes the address out of a link's target. It may be encoded, which its label then shows, and a subject may follow it.
func mailtoAddress(target, label string) string {
	address, _, _ := strings.Cut(strings.TrimPrefix(target, "mailto:"), "?subject=")
	if plain, err := url.PathUnescape(address); err == nil && plain == label {
		return plain
	}
	return address
}

// groupName is what people call a channel or a group of people, by Slack's token for it; "" for anything else.
func groupName(target, label string) string {
	switch {
	case strings.HasPrefix(target, "#"):
		return "#" + cmp.Or(label, target[1:]) // a private channel comes without its name
	case strings.HasPrefix(target, "!") && label != "":
		return label
	case strings.HasPrefix(target, "!"):
		return "@" + target[1:]
	default:
		return ""
	}
}

// isAddress says whether a word is an address, but for what stands around it.
func isAddress(word string) bool {
	_, err := parseAddress(trimWrapping(word))
	return err == nil
}

// maxAddress is how long an address may be (RFC 3696, errata 1690, with some room).
const maxAddress = 320

// parseAddress checks the form of an address and gives it as it was typed, without invisible characters around it.
// Whether there is such a mailbox is not its business.
func parseAddress(word string) (string, error) {
	address := strings.TrimFunc(word, blank)
	if len(address) > maxAddress || !strings.ContainsAny(address, "@＠﹫") {
		return "", &syntaxError{Fault: faultAddress, Word: clean(address)}
	}
	if err := odd(address); err != nil {
		return "", err
	}
	at := strings.LastIndexByte(address, '@')
	local, domain := address[:at], address[at+1:]
	sign := strings.IndexAny(local, recovery.OddSigns)
	switch {
	case strings.Contains(local, "@"):
		return "", &syntaxError{Fault: faultTwo, Word: clean(address)}
	case sign >= 0:
		return "", &syntaxError{Fault: faultSign, Word: clean(address), Char: rune(local[sign])}
	case !validLocal(local) || !validDomain(domain):
		return "", &syntaxError{Fault: faultAddress, Word: clean(address), Near: addressBefore(local, domain)}
	}
	return address, nil
}

// addressBefore gives the address that a word begins with which has more behind it, as a@b.c's has; "" where it has none.
func addressBefore(local, domain string) string {
	end := strings.IndexFunc(domain, func(r rune) bool { return r != '.' && !inLabel(r) })
	if end < 0 || !validLocal(local) {
		return ""
	}
	if domain = strings.TrimRight(domain[:end], ".-"); !validDomain(domain) {
		return ""
	}
	return local + "@" + domain
}

// validLocal checks what stands before the @: letters, digits and the signs that Entra and RFC 5322 allow without quotes.
func validLocal(local string) bool {
	if local == "" || strings.HasPrefix(local, ".") || strings.HasSuffix(local, ".") || strings.Contains(local, "..") {
		return false
	}
	return !strings.ContainsFunc(local, func(r rune) bool {
		return r == utf8.RuneError || quotes(r) || strings.ContainsRune(`()<>[]:;,/`, r)
	})
}

// validDomain checks what stands after the @: at least two labels of letters, digits and hyphens, in any script.
func validDomain(domain string) bool {
	labels := strings.Split(domain, ".")
	for _, l := range labels {
		if l == "" || len(l) > 63 || strings.HasPrefix(l, "-") || strings.HasSuffix(l, "-") {
			return false
		}
		if strings.ContainsFunc(l, func(r rune) bool { return !inLabel(r) }) {
			return false
		}
	}
	return len(labels) > 1
}

func inLabel(r rune) bool { return r == '-' || unicode.In(r, unicode.L, unicode.M, unicode.Nd) }

// trimEscaped is trimWrapping for a word that is still escaped.
func trimEscaped(word string) string {
	return trimAround(word, "&lt;", "&gt;")
}

// trimWrapping takes off what sentences and mail programs put around an address: (a@b), <a@b>, 'a@b', *a@b* and a@b, are a@b.
func trimWrapping(word string) string {
	return trimAround(word, "<", ">")
}

// trailing is what may stand behind an address in a sentence.
const trailing = ".,;:!?)]}…。、" + quoteMarks + "’›"

func trimAround(word, open, closing string) string {
	for {
		before := word
		word = strings.TrimFunc(word, blank)
		word = strings.TrimSuffix(strings.TrimPrefix(word, open), closing)
		word = strings.TrimLeft(word, "([{")
		if last, size := utf8.DecodeLastRuneInString(word); strings.ContainsRune(trailing, last) && !escaped(word) {
			word = word[:len(word)-size]
		}
		if last := len(word) - 1; last > 1 && word[0] == word[last] && strings.IndexByte("'`*_~", word[0]) >= 0 {
			word = word[1:last]
		}
		if word == before {
			return word
		}
	}
}

// escaped says whether a word ends with one of Slack's entities, whose semicolon is part of it.
func escaped(word string) bool {
	return strings.HasSuffix(word, "&amp;") || strings.HasSuffix(word, "&lt;") || strings.HasSuffix(word, "&gt;")
}

// unquote takes quotation marks off a text that stands between two of them.
func unquote(s string) string {
	for {
		s = clean(s)
		first, size := utf8.DecodeRuneInString(s)
		last, lastSize := utf8.DecodeLastRuneInString(s)
		if len(s) <= size || !strings.ContainsRune(quoteMarks, first) || !strings.ContainsRune(quoteMarks, last) {
			return s
		}
		s = s[size : len(s)-lastSize]
	}
}
