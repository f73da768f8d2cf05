package commands

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"mailback/recovery"
)

// The lengths that a command may have, in characters.
const (
	maxTyped  = 40_000 // Slack cuts messages there
	maxReason = 500
	maxName   = 256
	maxTicket = 100
)

// command is what somebody typed, understood: an askCommand, itemsCommand, bulkCommand, checkCommand, deletedCommand, statusCommand,
// cancelCommand, languageCommand or helpCommand. String gives it in canonical form, which parses to the same command, but for what is
// private in an itemsCommand.
type command interface{ String() string }

// askCommand asks for a mailbox to come back.
type askCommand struct{ recovery.Ask }

// checkCommand asks what is known about a mailbox and changes nothing.
type checkCommand struct{ Who recovery.Query }

// deletedCommand lists deleted users; Text narrows the list and may be empty.
type deletedCommand struct{ Text string }

// statusCommand shows the request with the number ID; 0 stands for all that its person may see.
type statusCommand struct{ ID int64 }

// cancelCommand withdraws the request with the number ID.
type cancelCommand struct{ ID int64 }

// languageCommand has Mailback speak the language of a code to its person; an empty Code asks which there are.
type languageCommand struct{ Code string }

// helpCommand shows how to use the command; Empty says that nothing was typed.
type helpCommand struct{ Empty bool }

// String gives the canonical form.
func (c askCommand) String() string {
	s := whoString(c.Query)
	if c.As != "" {
		s += " as:" + escape(c.As)
	}
	if c.License != "" {
		s += " license:" + c.License
	}
	if c.Into != "" {
		s += " into:" + escape(c.Into)
	}
	if c.Ticket != "" {
		s += " " + keyString("ticket", c.Ticket)
	}
	if c.Reason != "" {
		s += " " + escape(c.Reason)
	}
	return s
}

// String gives the canonical form.
func (c checkCommand) String() string { return "check " + whoString(c.Who) }

// String gives the canonical form.
func (c deletedCommand) String() string { return strings.TrimSpace("deleted " + escape(c.Text)) }

// String gives the canonical form.
func (c statusCommand) String() string {
	if c.ID == 0 {
		return "status"
	}
	return fmt.Sprintf("status R-%d", c.ID)
}

// String gives the canonical form.
func (c cancelCommand) String() string { return fmt.Sprintf("cancel R-%d", c.ID) }

// String gives the canonical form.
func (c languageCommand) String() string { return strings.TrimSpace("language " + c.Code) }

// String gives the canonical form.
func (c helpCommand) String() string {
	if c.Empty {
		return ""
	}
	return "help"
}

// fault says in which way a typed line was not understood.
type fault string

// The faults. syntaxError.Word is the word at fault, Near what was probably meant.
const (
	faultLong       fault = "long"        // the whole line is too long
	faultWord       fault = "word"        // neither a mailbox nor a command; Near is a command or an address further on
	faultBulkNone   fault = "bulk-none"   // bulk without saying which
	faultBulkBoth   fault = "bulk-both"   // bulk with addresses and a filter
	faultBulkBy     fault = "bulk-by"     // bulk by who deleted them, which cannot be known
	faultBulkKey    fault = "bulk-key"    // an unknown key behind bulk; Near is the one probably meant
	faultDomain     fault = "domain"      // not the form of a domain
	faultLanguage   fault = "language"    // one that Mailback does not speak
	faultRequest    fault = "request"     // a request's id in place of a mailbox; Near is the id
	faultExtra      fault = "extra"       // words after a command that takes no more
	faultNoWho      fault = "no-who"      // no mailbox behind a command, which is Word
	faultAddress    fault = "address"     // not a whole address; Near is the one that it begins with
	faultInvisible  fault = "invisible"   // Char, inside an address, is seen by nobody
	faultLookalike  fault = "lookalike"   // Char, inside an address, only looks like the right one; Near has the right one
	faultSign       fault = "sign"        // Char, inside an address, is one of recovery.OddSigns
	faultTwo        fault = "two"         // two mailboxes
	faultHandle     fault = "handle"      // @name that did not become a mention
	faultNotPerson  fault = "not-person"  // a channel, a user group or a web address
	faultLabel      fault = "label"       // a link that shows one address and holds another; Near is the hidden one
	faultQuote      fault = "quote"       // a quote that is not closed, or closed in the middle of a word
	faultEmptyName  fault = "empty-name"  // nothing between the quotes
	faultLongName   fault = "long-name"   // a name nobody has
	faultKey        fault = "key"         // an unknown key; Near is the one probably meant
	faultItemKey    fault = "item-key"    // the same behind items
	faultKeyOfItems fault = "key-items"   // a key that stands behind items alone
	faultKeyFirst   fault = "key-first"   // a key in front of the mailbox
	faultKeyEmpty   fault = "key-empty"   // a key without its value
	faultKeyTwice   fault = "key-twice"   // the same key again
	faultKeyLate    fault = "key-late"    // a key behind the first word of the reason
	faultLicense    fault = "license"     // not the form of a licence's part number
	faultTicket     fault = "ticket"      // no ticket is that long
	faultTicketForm fault = "ticket-form" // not as the installation's tickets look: see Rules
	faultNoReason   fault = "no-reason"   // the installation wants one
	faultReasonLong fault = "reason-long" // Length characters of reason
	faultDay        fault = "day"         // not the form of a day
	faultType       fault = "type"        // not a kind of item
	faultNoID       fault = "no-id"       // cancel without a request
	faultID         fault = "id"          // not the form of a request's id
	faultTwoIDs     fault = "two-ids"     // a second request, which is Word; Near is the first
)

// syntaxError says what was not understood. Its fields are for wording; Error is for logs and names no person.
type syntaxError struct {
	Fault  fault
	Word   string
	Near   string
	Length int  // with faultReasonLong and faultLong, in characters
	Char   rune // with faultInvisible, faultLookalike and faultSign
	At     int  // Char's place in what was typed, counted from 1
}

// Error names the fault alone: what people typed does not belong into logs.
func (e *syntaxError) Error() string { return "not understood: " + string(e.Fault) }

// verbs are the words that a command may begin with.
var verbs = []string{"check", "items", "bulk", "deleted", "status", "cancel", "language", "help"}

// keys are the keys of key:value.
var keys = []string{"as", "license", "licence", "into", "ticket"}

// parse understands the text of a /restore-mailbox command as Slack delivers it, escaped. Its errors are *syntaxError.
func parse(text string) (command, error) {
	if n := utf8.RuneCountInString(text); n > maxTyped {
		return nil, &syntaxError{Fault: faultLong, Length: n}
	}
	text = strings.ToValidUTF8(text, "\uFFFD")
	word, rest := nextWord(text)
	switch strings.ToLower(strings.TrimRight(clean(word), ".,;:!?")) {
	case "":
		if word == "" {
			return helpCommand{Empty: true}, nil
		}
		return nil, &syntaxError{Fault: faultWord, Word: word}
	case "help":
		return helpCommand{}, nil
	case "check":
		return parseCheck(rest)
	case "items":
		return parseItems(rest)
	case "deleted":
		return parseDeleted(rest)
	case "status":
		id, err := parseID(rest)
		return statusCommand{ID: id}, err
	case "cancel":
		id, err := parseID(rest)
		if err == nil && id == 0 {
			return nil, &syntaxError{Fault: faultNoID}
		}
		return cancelCommand{ID: id}, err
	case "bulk":
		return parseBulk(rest)
	case "language":
		return parseLanguage(rest)
	default:
		return parseAsk(text)
	}
}

func parseCheck(text string) (command, error) {
	if strings.TrimFunc(text, blank) == "" {
		return nil, &syntaxError{Fault: faultNoWho, Word: "check"}
	}
	who, rest, err := parseWho(text, nil)
	if err != nil {
		return nil, err
	}
	if extra, _ := nextWord(rest); extra != "" {
		return nil, &syntaxError{Fault: faultExtra, Word: clean(extra)}
	}
	return checkCommand{Who: who}, nil
}

func parseLanguage(text string) (command, error) {
	word, rest := nextWord(reduce(text))
	word = strings.TrimRight(unquote(clean(word)), ".,;:!?")
	if extra, _ := nextWord(rest); extra != "" {
		return nil, &syntaxError{Fault: faultExtra, Word: clean(extra)}
	}
	if word == "" {
		return languageCommand{}, nil
	}
	w, known := spoken(word)
	if !known {
		return nil, &syntaxError{Fault: faultLanguage, Word: word}
	}
	return languageCommand{Code: w.code}, nil
}

func parseDeleted(text string) (command, error) {
	name := clean(reduce(text))
	if utf8.RuneCountInString(name) > maxName {
		return nil, &syntaxError{Fault: faultLongName, Word: name}
	}
	return deletedCommand{Text: unquote(name)}, nil
}

// idPattern takes R-142, r-142, R142, #142 and 142, with whatever hyphen a phone made of it.
var idPattern = regexp.MustCompile(`^(?:[Rr][-‐‑–—−]?|#)?([0-9]{1,18})$`)

// typedID reads a word that has the form of a request's id.
func typedID(word string) (id int64, ok bool) {
	m := idPattern.FindStringSubmatch(strings.TrimRight(clean(word), ".,;:!?"))
	if m == nil {
		return 0, false
	}
	id, err := strconv.ParseInt(m[1], 10, 64)
	return id, err == nil && id > 0
}

// parseID reads a request's id; 0 when there is none.
func parseID(text string) (int64, error) {
	words := strings.FieldsFunc(clean(reduce(text)), func(r rune) bool { return r == ' ' || r == ',' || r == ';' })
	if len(words) == 0 {
		return 0, nil
	}
	id, ok := typedID(words[0])
	if !ok {
		return 0, &syntaxError{Fault: faultID, Word: words[0]}
	}
	for _, w := range words[1:] {
		if _, ok := typedID(w); ok {
			return 0, &syntaxError{Fault: faultTwoIDs, Word: w, Near: recovery.Request{ID: id}.Ref()}
		}
	}
	if len(words) > 1 {
		return 0, &syntaxError{Fault: faultExtra, Word: words[1]}
	}
	return id, nil
}

func parseAsk(text string) (command, error) {
	who, rest, err := parseWho(text, keys)
	if err != nil {
		return nil, err
	}
	c := askCommand{recovery.Ask{Query: who}}
	if rest, err = readKeys(rest, keys, c.set); err != nil {
		return nil, err
	}
	c.Reason = clean(rest)
	return c, checkReason(c.Reason, keys)
}

// readKeys takes key:value off the beginning of a text for as long as there is one, and gives what follows.
func readKeys(text string, known []string, set func(key, value string) error) (rest string, err error) {
	for {
		word, after := nextWord(text)
		key, value, ok := keyed(word)
		if !ok || prose(key, value, known) {
			return text, nil
		}
		if key != "as" && key != "into" { // "ab"@c.de is an address
			if value, after, err = quotedValue(text, value, after); err != nil {
				return "", err
			}
		}
		if strings.Contains(value, " ") && strings.ContainsAny(value, quoteMarks) {
			return "", &syntaxError{Fault: faultQuote, Word: clean(value)}
		}
		if err := set(key, value); err != nil {
			return "", err
		}
		text = after
	}
}

// prose says whether a word with a colon behind it, as "Reason:", begins the reason: it is like no key, and has no value.
func prose(key, value string, known []string) bool {
	return value == "" && !slices.Contains(itemKeys, key) && !slices.Contains(keys, key) && Nearest(key, known) == ""
}

// keyString writes key:value as a person would type it.
func keyString(key, value string) string {
	if r, _ := utf8.DecodeRuneInString(value); strings.Contains(value, " ") || quotes(r) {
		value = `"` + value + `"`
	}
	return key + ":" + escape(value)
}

// keyPattern takes key:value, but not a web address.
var keyPattern = regexp.MustCompile(`^(\pL[\pL_-]*):(.*)$`)

// keyed takes a word apart into key and value.
func keyed(word string) (key, value string, ok bool) {
	m := keyPattern.FindStringSubmatch(clean(word))
	if m == nil || strings.HasPrefix(m[2], "//") {
		return "", "", false
	}
	_, value, _ = strings.Cut(word, ":")
	return strings.ToLower(m[1]), strings.TrimFunc(value, blank), true
}

func (c *askCommand) set(key, value string) error {
	switch known := slices.Contains(keys, key); {
	case !known && slices.Contains(itemKeys, key):
		return &syntaxError{Fault: faultKeyOfItems, Word: key + ":"}
	case !known:
		return &syntaxError{Fault: faultKey, Word: key + ":", Near: Nearest(key, keys)}
	case value == "":
		return &syntaxError{Fault: faultKeyEmpty, Word: key + ":"}
	}
	switch key {
	case "as", "into":
		if inner, rest, ok := cutQuoted(value); ok && rest == "" {
			value = inner
		}
		address, err := parseAddress(trimWrapping(value))
		if err != nil {
			return err
		}
		return once(map[string]*string{"as": &c.As, "into": &c.Into}[key], address, key+":")
	case "ticket":
		return setTicket(&c.Ask, value)
	default:
		value = strings.TrimRight(value, ".,;")
		if !licensePattern.MatchString(value) {
			return &syntaxError{Fault: faultLicense, Word: clean(value)}
		}
		return once(&c.License, value, "license:")
	}
}

// setTicket takes the number of a ticket, in whatever form the help desk gives it.
func setTicket(ask *recovery.Ask, value string) error {
	value = clean(strings.TrimRight(clean(value), ".,;"))
	switch n := utf8.RuneCountInString(value); {
	case n == 0:
		return &syntaxError{Fault: faultKeyEmpty, Word: "ticket:"}
	case n > maxTicket:
		return &syntaxError{Fault: faultTicket, Word: value, Length: n}
	}
	return once(&ask.Ticket, value, "ticket:")
}

func once[T ~string](field *T, value T, key string) error {
	if *field != "" {
		return &syntaxError{Fault: faultKeyTwice, Word: key}
	}
	*field = value
	return nil
}

// licensePattern is the form of Graph's skuPartNumber, as SPE_E3.
var licensePattern = regexp.MustCompile(`^[A-Za-z0-9_+.-]{1,100}$`)

// checkReason refuses a reason that holds what was probably meant as something else: a mailbox, or one of the keys.
func checkReason(reason string, keys []string) error {
	if n := utf8.RuneCountInString(reason); n > maxReason {
		return &syntaxError{Fault: faultReasonLong, Length: n}
	}
	for i, word := range strings.Fields(reason) {
		if i == 0 && (isAddress(word) || mentionPattern.MatchString(word)) {
			return &syntaxError{Fault: faultTwo, Word: word}
		}
		if key, value, ok := keyed(word); ok && value != "" && slices.Contains(keys, key) {
			return &syntaxError{Fault: faultKeyLate, Word: word}
		}
	}
	return nil
}

// nextWord takes the first word off a text; a link in angle brackets is one word even with a blank inside.
func nextWord(text string) (word, rest string) {
	text = strings.TrimLeftFunc(text, blank)
	for end := 0; end < len(text); {
		r, size := utf8.DecodeRuneInString(text[end:])
		if r == '<' {
			if n := strings.IndexByte(text[end:], '>'); n > 0 {
				end += n + 1
				continue
			}
		}
		if blank(r) && !invisible(r) {
			return strings.TrimRightFunc(text[:end], blank), text[end:]
		}
		end += size
	}
	return strings.TrimRightFunc(text, blank), ""
}
