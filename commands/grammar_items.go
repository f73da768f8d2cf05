package commands

import (
	"log/slog"
	"slices"
	"strings"
	"unicode/utf8"

	"mailback/recovery"
)

// itemsCommand asks for recoverable items of a mailbox. Own is for its owner alone and is no part of the ask.
type itemsCommand struct {
	recovery.Ask

	Own recovery.OwnFilter
}

// LogValue keeps an itemsCommand that reaches a log by mistake silent.
func (itemsCommand) LogValue() slog.Value { return slog.StringValue("items") }

// String gives the canonical form, without what is private.
func (c itemsCommand) String() string {
	parts := []string{"items", whoString(c.Query)}
	for _, kv := range [][2]string{
		{"after", c.Items.After}, {"before", c.Items.Before}, {"type", c.Items.Type}, {"folder", c.Items.Folder}, {"ticket", c.Ticket},
	} {
		if kv[1] != "" {
			parts = append(parts, keyString(kv[0], kv[1]))
		}
	}
	if c.Reason != "" {
		parts = append(parts, escape(c.Reason))
	}
	return strings.Join(parts, " ")
}

// itemKeys are the keys of key:value behind items.
var itemKeys = []string{"after", "before", "type", "folder", "subject", "from", "ticket"}

// itemTypes are the kinds of item by the words that people use for them.
var itemTypes = map[string]string{
	"message": "message", "messages": "message", "mail": "message", "mails": "message", "email": "message", "emails": "message",
	"meeting": "meeting", "meetings": "meeting", "appointment": "meeting", "appointments": "meeting",
	"contact": "contact", "contacts": "contact", "task": "task", "tasks": "task",
}

func parseItems(text string) (command, error) {
	if strings.TrimFunc(text, blank) == "" {
		return nil, &syntaxError{Fault: faultNoWho, Word: "items"}
	}
	who, rest, err := parseWho(text, itemKeys)
	if err != nil {
		return nil, err
	}
	c := itemsCommand{Ask: recovery.Ask{Query: who, Items: &recovery.ItemWish{}}}
	rest, err = readKeys(rest, itemKeys, func(key, value string) error { return c.set(key, clean(value)) })
	if err != nil {
		return nil, err
	}
	c.Items.Pick = c.Own != recovery.OwnFilter{}
	c.Reason = clean(rest)
	return c, checkReason(c.Reason, itemKeys)
}

// quotedValue reads the value of key:"a value" at the beginning of a text, and gives what follows it; value and rest as they are where
// there are no quotes.
func quotedValue(text, value, rest string) (inner, behind string, err error) {
	if r, _ := utf8.DecodeRuneInString(value); !quotes(r) {
		return value, rest, nil
	}
	_, text, _ = strings.Cut(text, ":")
	text = strings.TrimLeftFunc(text, blank)
	inner, behind, ok := cutQuoted(text)
	if r, _ := utf8.DecodeRuneInString(behind); !ok || behind != "" && (!blank(r) || invisible(r)) {
		return "", "", &syntaxError{Fault: faultQuote, Word: clean(text)}
	}
	return clean(inner), behind, nil
}

// set takes a key with its value, which is clean.
func (c *itemsCommand) set(key, value string) error {
	if !slices.Contains(itemKeys, key) {
		return &syntaxError{Fault: faultItemKey, Word: key + ":", Near: Nearest(key, itemKeys)}
	}
	if err := checkValue(key, value); err != nil {
		return err
	}
	switch key {
	case "after":
		return setDay(&c.Items.After, key, value)
	case "before":
		return setDay(&c.Items.Before, key, value)
	case "type":
		kind, ok := itemTypes[strings.ToLower(value)]
		if !ok {
			return &syntaxError{Fault: faultType, Word: value, Near: Nearest(value, []string{"message", "meeting", "contact", "task"})}
		}
		return once(&c.Items.Type, kind, "type:")
	case "folder":
		return once(&c.Items.Folder, value, "folder:")
	case "ticket":
		return setTicket(&c.Ask, value)
	case "subject":
		return once(&c.Own.Subject, recovery.Private(value), "subject:")
	default:
		return once(&c.Own.From, recovery.Private(value), "from:")
	}
}

// checkValue refuses a key without a value, and one that is longer than any.
func checkValue(key, value string) error {
	switch {
	case value == "":
		return &syntaxError{Fault: faultKeyEmpty, Word: key + ":"}
	case utf8.RuneCountInString(value) > maxName:
		return &syntaxError{Fault: faultLongName, Word: value}
	}
	return nil
}

// setDay sets a day of after: or before:.
func setDay(to *string, key, value string) error {
	day, ok := recovery.DayWord(value)
	if !ok {
		return &syntaxError{Fault: faultDay, Word: value}
	}
	return once(to, day, key+":")
}
