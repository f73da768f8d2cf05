package commands

import (
	"slices"
	"strings"

	"mailback/recovery"
)

// bulkCommand asks for many mailboxes to come back.
type bulkCommand struct{ recovery.Ask }

// String gives the canonical form.
func (c bulkCommand) String() string {
	parts := []string{"bulk"}
	for _, kv := range [][2]string{
		{"after", c.Bulk.After}, {"before", c.Bulk.Before}, {"domain", c.Bulk.Domain}, {"department", c.Bulk.Department}, {"ticket", c.Ticket},
	} {
		if kv[1] != "" {
			parts = append(parts, keyString(kv[0], kv[1]))
		}
	}
	for _, a := range c.Bulk.Addresses {
		parts = append(parts, escape(a))
	}
	if c.Reason != "" {
		parts = append(parts, escape(c.Reason))
	}
	return strings.Join(parts, " ")
}

// bulkKeys are the keys of key:value behind bulk. Microsoft Graph does not say who deleted a user (Graph: user resource, deletedItems),
// so that by: is known only to be answered.
var bulkKeys = []string{"after", "before", "domain", "department", "ticket", "by"}

// parseBulk reads keys and pasted addresses, in any order, up to the first word of the reason.
func parseBulk(text string) (command, error) {
	c := bulkCommand{recovery.Ask{Bulk: &recovery.BulkWish{}}}
	rest := reduce(text)
	for {
		word, after := nextWord(rest)
		list, err := pasted(word)
		if err != nil {
			return nil, err
		}
		if word != "" && list != nil {
			c.Bulk.Addresses = append(c.Bulk.Addresses, list...)
			rest = after
			continue
		}
		left, err := readKeys(rest, bulkKeys, func(key, value string) error { return c.set(key, clean(value)) })
		if err != nil {
			return nil, err
		}
		if left == rest {
			break
		}
		rest = left
	}
	c.Reason = clean(rest)
	filtered := c.Bulk.After+c.Bulk.Before+c.Bulk.Domain+c.Bulk.Department != ""
	switch {
	case filtered && len(c.Bulk.Addresses) > 0:
		return nil, &syntaxError{Fault: faultBulkBoth}
	case !filtered && len(c.Bulk.Addresses) == 0:
		return nil, &syntaxError{Fault: faultBulkNone, Word: clean(rest)}
	}
	return c, checkReason(c.Reason, bulkKeys)
}

// pasted reads the addresses of a word, which may be several with commas between; nil where it is something else.
func pasted(word string) ([]string, error) {
	list := []string{}
	for part := range strings.FieldsFuncSeq(word, func(r rune) bool { return r == ',' || r == ';' }) {
		part = strings.TrimPrefix(trimWrapping(strings.TrimFunc(part, blank)), "mailto:")
		key, _, isKey := keyed(part)
		if !strings.ContainsAny(part, "@＠﹫") || isKey && slices.Contains(bulkKeys, key) {
			return nil, nil
		}
		address, err := parseAddress(part)
		if err != nil {
			return nil, err
		}
		list = append(list, address)
	}
	return list, nil
}

// set takes a key with its value, which is clean.
func (c *bulkCommand) set(key, value string) error {
	switch {
	case !slices.Contains(bulkKeys, key):
		return &syntaxError{Fault: faultBulkKey, Word: key + ":", Near: Nearest(key, bulkKeys)}
	case key == "by":
		return &syntaxError{Fault: faultBulkBy, Word: value}
	}
	if err := checkValue(key, value); err != nil {
		return err
	}
	switch key {
	case "after":
		return setDay(&c.Bulk.After, key, value)
	case "before":
		return setDay(&c.Bulk.Before, key, value)
	case "domain":
		value = strings.ToLower(strings.TrimRight(strings.TrimPrefix(value, "@"), ".,;"))
		if !validDomain(value) {
			return &syntaxError{Fault: faultDomain, Word: value}
		}
		return once(&c.Bulk.Domain, value, "domain:")
	case "department":
		return once(&c.Bulk.Department, value, "department:")
	default:
		return setTicket(&c.Ask, value)
	}
}
