package commands

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"mailback/recovery"
)

// quoteMarks are the quotation marks that people's keyboards make. Any of them closes any other.
const quoteMarks = `"“”„‟«»`

var (
	objectIDPattern = regexp.MustCompile(`^(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	userIDPattern   = regexp.MustCompile(`^[UW][A-Z0-9]{2,30}$`)
)

// whoString writes a query as a person would type it.
func whoString(q recovery.Query) string {
	switch q.Kind {
	case recovery.ByPerson:
		return "<@" + q.Value + ">"
	case recovery.ByName:
		return `"` + escape(q.Value) + `"`
	default:
		return escape(q.Value)
	}
}

// parseWho reads the mailbox that a text begins with, and gives what follows it.
func parseWho(text string) (recovery.Query, string, error) {
	text = strings.TrimLeftFunc(text, blank)
	if r, _ := utf8.DecodeRuneInString(text); strings.ContainsRune(quoteMarks, r) {
		return parseQuoted(reduce(text))
	}
	word, rest := nextWord(text)
	q, err := parseWhoWord(word, rest)
	return q, rest, err
}

// parseQuoted reads a display name in quotes, or an address with a quoted local part.
func parseQuoted(text string) (recovery.Query, string, error) {
	_, size := utf8.DecodeRuneInString(text)
	end := strings.IndexAny(text[size:], quoteMarks)
	if end < 0 {
		return recovery.Query{}, "", &SyntaxError{Fault: FaultQuote, Word: clean(text)}
	}
	name := clean(text[size : size+end])
	_, closing := utf8.DecodeRuneInString(text[size+end:])
	rest := text[size+end+closing:]
	if strings.HasPrefix(rest, "@") {
		word, after := nextWord(rest)
		address, err := parseAddress(`"` + text[size:size+end] + `"` + trimWrapping(word))
		return recovery.Query{Kind: recovery.ByAddress, Value: address}, after, err
	}
	rest = strings.TrimLeft(rest, ".,;:")
	if r, _ := utf8.DecodeRuneInString(rest); rest != "" && !blank(r) {
		return recovery.Query{}, "", &SyntaxError{Fault: FaultQuote, Word: clean(text)}
	}
	switch {
	case name == "":
		return recovery.Query{}, "", &SyntaxError{Fault: FaultEmptyName}
	case utf8.RuneCountInString(name) > maxName:
		return recovery.Query{}, "", &SyntaxError{Fault: FaultLongName, Word: name}
	}
	if address, err := parseAddress(name); err == nil {
		return recovery.Query{Kind: recovery.ByAddress, Value: address}, rest, nil
	}
	return recovery.Query{Kind: recovery.ByName, Value: name}, rest, nil
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
	switch {
	case objectIDPattern.MatchString(word):
		return recovery.Query{Kind: recovery.ByObjectID, Value: strings.ToLower(word)}, nil
	case strings.HasPrefix(word, "@"):
		return recovery.Query{}, &SyntaxError{Fault: FaultHandle, Word: clean(word)}
	case strings.ContainsAny(word, "@＠﹫"):
		address, err := parseAddress(word)
		return recovery.Query{Kind: recovery.ByAddress, Value: address}, err
	default:
		return recovery.Query{}, &SyntaxError{Fault: FaultWord, Word: clean(word), Near: hint(word, rest)}
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
	if near := nearest(word, verbs); near != "" {
		return near
	}
	for next := range strings.FieldsSeq(reduce(rest)) {
		if address, err := parseAddress(trimWrapping(next)); err == nil {
			return address
		}
	}
	return ""
}

// parseLink reads what Slack makes of addresses and mentions: <mailto:a@b|a@b>, <mailto:a@b>, <@U1>, <@U1|name>.
func parseLink(raw string) (recovery.Query, error) {
	inner, ok := strings.CutPrefix(raw, "<")
	inner, closed := strings.CutSuffix(inner, ">")
	if !ok || !closed || strings.ContainsAny(inner, "<>") {
		return recovery.Query{}, &SyntaxError{Fault: FaultAddress, Word: clean(reduce(raw))}
	}
	target, label, _ := strings.Cut(inner, "|")
	target, label = unescape(target), unescape(label)
	if id, ok := strings.CutPrefix(target, "@"); ok && userIDPattern.MatchString(id) {
		return recovery.Query{Kind: recovery.ByPerson, Value: id}, nil
	}
	if !strings.Contains(target, "@") || strings.ContainsRune("@#!", rune(target[0])) {
		return recovery.Query{}, &SyntaxError{Fault: FaultNotPerson, Word: clean(reduce(raw))}
	}
	address, err := parseAddress(strings.TrimPrefix(target, "mailto:"))
	if err != nil {
		return recovery.Query{}, err
	}
	if strings.Contains(label, "@") && !recovery.SameAddress(clean(label), address) {
		return recovery.Query{}, &SyntaxError{Fault: FaultLabel, Word: clean(label), Near: address}
	}
	return recovery.Query{Kind: recovery.ByAddress, Value: address}, nil
}

// parseAddress checks the form of an address and gives it as it was typed, without invisible characters around it.
// Whether there is such a mailbox is not its business.
func parseAddress(word string) (string, error) {
	address := strings.TrimFunc(word, blank)
	wrong := func(f Fault, near string) (string, error) {
		return "", &SyntaxError{Fault: f, Word: clean(address), Near: near}
	}
	switch {
	case strings.ContainsFunc(address, blank) && !strings.HasPrefix(address, `"`):
		return wrong(FaultInvisible, "")
	case strings.ContainsAny(address, "＠﹫’‘｡。．"):
		return wrong(FaultLookalike, strings.NewReplacer("＠", "@", "﹫", "@", "’", "'", "‘", "'", "｡", ".", "。", ".", "．", ".").Replace(clean(address)))
	}
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return wrong(FaultAddress, "")
	}
	local, domain := address[:at], address[at+1:]
	switch {
	case strings.Contains(local, "@") && !strings.HasPrefix(local, `"`):
		return wrong(FaultTwo, "")
	case !validLocal(local) || !validDomain(domain) || len(address) > 320:
		return wrong(FaultAddress, "")
	}
	return address, nil
}

// validLocal checks what stands before the @: letters, digits and the signs that Entra and RFC 5322 allow, or a quoted text.
func validLocal(local string) bool {
	if inner, ok := strings.CutPrefix(local, `"`); ok {
		inner, ok = strings.CutSuffix(inner, `"`)
		return ok && inner != "" && !strings.ContainsAny(inner, `"\<>`) && !strings.ContainsFunc(inner, notPrinted)
	}
	if local == "" || strings.HasPrefix(local, ".") || strings.HasSuffix(local, ".") || strings.Contains(local, "..") {
		return false
	}
	return !strings.ContainsFunc(local, func(r rune) bool {
		return notPrinted(r) || strings.ContainsRune(`()<>[]:;,\/`+quoteMarks, r)
	})
}

func notPrinted(r rune) bool { return r != ' ' && blank(r) || r == utf8.RuneError }

// validDomain checks what stands after the @: at least two labels of letters, digits and hyphens, in any script.
func validDomain(domain string) bool {
	labels := strings.Split(domain, ".")
	for _, l := range labels {
		if l == "" || len(l) > 63 || strings.HasPrefix(l, "-") || strings.HasSuffix(l, "-") {
			return false
		}
		if strings.ContainsFunc(l, func(r rune) bool { return r != '-' && !unicode.In(r, unicode.L, unicode.M, unicode.Nd) }) {
			return false
		}
	}
	return len(labels) > 1
}

// trimEscaped is trimWrapping for a word that is still escaped.
func trimEscaped(word string) string {
	return trimAround(word, "&lt;", "&gt;")
}

// trimWrapping takes off what sentences and mail programs put around an address: (a@b), <a@b>, 'a@b' and a@b, are a@b.
func trimWrapping(word string) string {
	return trimAround(word, "<", ">")
}

func trimAround(word, open, closing string) string {
	for {
		before := word
		word = strings.TrimFunc(word, blank)
		word = strings.TrimSuffix(strings.TrimPrefix(word, open), closing)
		word = strings.TrimLeft(word, "([{")
		if last := len(word) - 1; last >= 0 && strings.IndexByte(".,;:!?)]}", word[last]) >= 0 && !escaped(word) {
			word = word[:last]
		}
		if len(word) > 2 && word[0] == '\'' && word[len(word)-1] == '\'' {
			word = word[1 : len(word)-1]
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
