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

// Command is what somebody typed, understood: an AskCommand, ItemsCommand, BulkCommand, CheckCommand, DeletedCommand, StatusCommand,
// CancelCommand, LanguageCommand or HelpCommand. String gives it in canonical form, which parses to the same Command, but for what is
// private in an ItemsCommand.
type Command interface{ String() string }

// AskCommand asks for a mailbox to come back.
type AskCommand struct{ recovery.Ask }

// CheckCommand asks what is known about a mailbox and changes nothing.
type CheckCommand struct{ Who recovery.Query }

// DeletedCommand lists deleted users; Text narrows the list and may be empty.
type DeletedCommand struct{ Text string }

// StatusCommand shows the request with the number ID; 0 stands for all that its person may see.
type StatusCommand struct{ ID int64 }

// CancelCommand withdraws the request with the number ID.
type CancelCommand struct{ ID int64 }

// LanguageCommand has Mailback speak the language of a code to its person; an empty Code asks which there are.
type LanguageCommand struct{ Code string }

// HelpCommand shows how to use the command; Empty says that nothing was typed.
type HelpCommand struct{ Empty bool }

// String gives the canonical form.
func (c AskCommand) String() string {
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
func (c CheckCommand) String() string { return "check " + whoString(c.Who) }

// String gives the canonical form.
func (c DeletedCommand) String() string { return strings.TrimSpace("deleted " + escape(c.Text)) }

// String gives the canonical form.
func (c StatusCommand) String() string {
	if c.ID == 0 {
		return "status"
	}
	return fmt.Sprintf("status R-%d", c.ID)
}

// String gives the canonical form.
func (c CancelCommand) String() string { return fmt.Sprintf("cancel R-%d", c.ID) }

// String gives the canonical form.
func (c LanguageCommand) String() string { return strings.TrimSpace("language " + c.Code) }

// String gives the canonical form.
func (c HelpCommand) String() string {
	if c.Empty {
		return ""
	}
	return "help"
}

// Fault says in which way a typed line was not understood.
type Fault string

// The faults. SyntaxError.Word is the word at fault, Near what was probably meant.
const (
	FaultLong       Fault = "long"        // the whole line is too long
	FaultWord       Fault = "word"        // neither a mailbox nor a command; Near is a command or an address further on
	FaultBulkNone   Fault = "bulk-none"   // bulk without saying which
	FaultBulkBoth   Fault = "bulk-both"   // bulk with addresses and a filter
	FaultBulkBy     Fault = "bulk-by"     // bulk by who deleted them, which cannot be known
	FaultBulkKey    Fault = "bulk-key"    // an unknown key behind bulk; Near is the one probably meant
	FaultDomain     Fault = "domain"      // not the form of a domain
	FaultLanguage   Fault = "language"    // one that Mailback does not speak
	FaultRequest    Fault = "request"     // a request's id in place of a mailbox; Near is the id
	FaultExtra      Fault = "extra"       // words after a command that takes no more
	FaultNoWho      Fault = "no-who"      // no mailbox behind a command, which is Word
	FaultAddress    Fault = "address"     // not a whole address; Near is the one that it begins with
	FaultInvisible  Fault = "invisible"   // Char, inside an address, is seen by nobody
	FaultLookalike  Fault = "lookalike"   // Char, inside an address, only looks like the right one; Near has the right one
	FaultSign       Fault = "sign"        // Char, inside an address, is one of recovery.OddSigns
	FaultTwo        Fault = "two"         // two mailboxes
	FaultHandle     Fault = "handle"      // @name that did not become a mention
	FaultNotPerson  Fault = "not-person"  // a channel, a user group or a web address
	FaultLabel      Fault = "label"       // a link that shows one address and holds another; Near is the hidden one
	FaultQuote      Fault = "quote"       // a quote that is not closed, or closed in the middle of a word
	FaultEmptyName  Fault = "empty-name"  // nothing between the quotes
	FaultLongName   Fault = "long-name"   // a name nobody has
	FaultKey        Fault = "key"         // an unknown key; Near is the one probably meant
	FaultItemKey    Fault = "item-key"    // the same behind items
	FaultKeyOfItems Fault = "key-items"   // a key that stands behind items alone
	FaultKeyFirst   Fault = "key-first"   // a key in front of the mailbox
	FaultKeyEmpty   Fault = "key-empty"   // a key without its value
	FaultKeyTwice   Fault = "key-twice"   // the same key again
	FaultKeyLate    Fault = "key-late"    // a key behind the first word of the reason
	FaultLicense    Fault = "license"     // not the form of a licence's part number
	FaultTicket     Fault = "ticket"      // no ticket is that long
	FaultTicketForm Fault = "ticket-form" // not as the installation's tickets look: see Rules
	FaultNoReason   Fault = "no-reason"   // the installation wants one
	FaultReasonLong Fault = "reason-long" // Length characters of reason
	FaultDay        Fault = "day"         // not the form of a day
	FaultType       Fault = "type"        // not a kind of item
	FaultNoID       Fault = "no-id"       // cancel without a request
	FaultID         Fault = "id"          // not the form of a request's id
	FaultTwoIDs     Fault = "two-ids"     // a second request, which is Word; Near is the first
)

// SyntaxError says what was not understood. Its fields are for wording; Error is for logs and names no person.
type SyntaxError struct {
	Fault  Fault
	Word   string
	Near   string
	Length int  // with FaultReasonLong and FaultLong, in characters
	Char   rune // with FaultInvisible, FaultLookalike and FaultSign
	At     int  // Char's place in what was typed, counted from 1
}

// Error names the fault alone: what people typed does not belong into logs.
func (e *SyntaxError) Error() string { return "not understood: " + string(e.Fault) }

// verbs are the words that a command may begin with.
var verbs = []string{"check", "items", "bulk", "deleted", "status", "cancel", "language", "help"}

// keys are the keys of key:value.
var keys = []string{"as", "license", "licence", "into", "ticket"}

// Parse understands the text of a /restore-mailbox command as Slack delivers it, escaped. Its errors are *SyntaxError.
func Parse(text string) (Command, error) {
	if n := utf8.RuneCountInString(text); n > maxTyped {
		return nil, &SyntaxError{Fault: FaultLong, Length: n}
	}
	text = strings.ToValidUTF8(text, "\uFFFD")
	word, rest := nextWord(text)
	switch strings.ToLower(strings.TrimRight(clean(word), ".,;:!?")) {
	case "":
		if word == "" {
			return HelpCommand{Empty: true}, nil
		}
		return nil, &SyntaxError{Fault: FaultWord, Word: word}
	case "help":
		return HelpCommand{}, nil
	case "check":
		return parseCheck(rest)
	case "items":
		return parseItems(rest)
	case "deleted":
		return parseDeleted(rest)
	case "status":
		id, err := parseID(rest)
		return StatusCommand{ID: id}, err
	case "cancel":
		id, err := parseID(rest)
		if err == nil && id == 0 {
			return nil, &SyntaxError{Fault: FaultNoID}
		}
		return CancelCommand{ID: id}, err
	case "bulk":
		return parseBulk(rest)
	case "language":
		return parseLanguage(rest)
	default:
		return parseAsk(text)
	}
}

func parseCheck(text string) (Command, error) {
	if strings.TrimFunc(text, blank) == "" {
		return nil, &SyntaxError{Fault: FaultNoWho, Word: "check"}
	}
	who, rest, err := parseWho(text, nil)
	if err != nil {
		return nil, err
	}
	if extra, _ := nextWord(rest); extra != "" {
		return nil, &SyntaxError{Fault: FaultExtra, Word: clean(extra)}
	}
	return CheckCommand{Who: who}, nil
}

func parseLanguage(text string) (Command, error) {
	word, rest := nextWord(reduce(text))
	word = strings.TrimRight(unquote(clean(word)), ".,;:!?")
	if extra, _ := nextWord(rest); extra != "" {
		return nil, &SyntaxError{Fault: FaultExtra, Word: clean(extra)}
	}
	if word == "" {
		return LanguageCommand{}, nil
	}
	w, known := spoken(word)
	if !known {
		return nil, &SyntaxError{Fault: FaultLanguage, Word: word}
	}
	return LanguageCommand{Code: w.code}, nil
}

func parseDeleted(text string) (Command, error) {
	name := clean(reduce(text))
	if utf8.RuneCountInString(name) > maxName {
		return nil, &SyntaxError{Fault: FaultLongName, Word: name}
	}
	return DeletedCommand{Text: unquote(name)}, nil
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
		return 0, &SyntaxError{Fault: FaultID, Word: words[0]}
	}
	for _, w := range words[1:] {
		if _, ok := typedID(w); ok {
			return 0, &SyntaxError{Fault: FaultTwoIDs, Word: w, Near: recovery.Request{ID: id}.Ref()}
		}
	}
	if len(words) > 1 {
		return 0, &SyntaxError{Fault: FaultExtra, Word: words[1]}
	}
	return id, nil
}

func parseAsk(text string) (Command, error) {
	who, rest, err := parseWho(text, keys)
	if err != nil {
		return nil, err
	}
	c := AskCommand{recovery.Ask{Query: who}}
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
			return "", &SyntaxError{Fault: FaultQuote, Word: clean(value)}
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

func (c *AskCommand) set(key, value string) error {
	switch known := slices.Contains(keys, key); {
	case !known && slices.Contains(itemKeys, key):
		return &SyntaxError{Fault: FaultKeyOfItems, Word: key + ":"}
	case !known:
		return &SyntaxError{Fault: FaultKey, Word: key + ":", Near: Nearest(key, keys)}
	case value == "":
		return &SyntaxError{Fault: FaultKeyEmpty, Word: key + ":"}
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
			return &SyntaxError{Fault: FaultLicense, Word: clean(value)}
		}
		return once(&c.License, value, "license:")
	}
}

// setTicket takes the number of a ticket, in whatever form the help desk gives it.
func setTicket(ask *recovery.Ask, value string) error {
	value = clean(strings.TrimRight(clean(value), ".,;"))
	switch n := utf8.RuneCountInString(value); {
	case n == 0:
		return &SyntaxError{Fault: FaultKeyEmpty, Word: "ticket:"}
	case n > maxTicket:
		return &SyntaxError{Fault: FaultTicket, Word: value, Length: n}
	}
	return once(&ask.Ticket, value, "ticket:")
}

func once[T ~string](field *T, value T, key string) error {
	if *field != "" {
		return &SyntaxError{Fault: FaultKeyTwice, Word: key}
	}
	*field = value
	return nil
}

// licensePattern is the form of Graph's skuPartNumber, as SPE_E3.
var licensePattern = regexp.MustCompile(`^[A-Za-z0-9_+.-]{1,100}$`)

// checkReason refuses a reason that holds what was probably meant as something else: a mailbox, or one of the keys.
func checkReason(reason string, keys []string) error {
	if n := utf8.RuneCountInString(reason); n > maxReason {
		return &SyntaxError{Fault: FaultReasonLong, Length: n}
	}
	for i, word := range strings.Fields(reason) {
		if i == 0 && (isAddress(word) || mentionPattern.MatchString(word)) {
			return &SyntaxError{Fault: FaultTwo, Word: word}
		}
		if key, value, ok := keyed(word); ok && value != "" && slices.Contains(keys, key) {
			return &SyntaxError{Fault: FaultKeyLate, Word: word}
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
