package exchange

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"github.com/google/uuid"

	"mailback/recovery"
)

// identity is what says which object a cmdlet is about. Only identify makes one, so that none is ever empty: Microsoft's
// pages caution that an Identity which is null or does not exist makes a Get- cmdlet return all objects there are, and a
// Restore-RecoverableItems without a filter restores everything
// (learn.microsoft.com/powershell/module/exchangepowershell/get-mailbox, …/restore-recoverableitems).
type identity struct{ text string }

// MarshalJSON writes the text, and refuses an identity that identify did not make.
func (id identity) MarshalJSON() ([]byte, error) {
	if id.text == "" {
		return nil, errors.New("an empty identity")
	}
	return json.Marshal(id.text)
}

// filter is a -Filter of Exchange with the identity for each {}, where the filter has it between single quotation marks. One of the
// identity itself is doubled (learn.microsoft.com/powershell/exchange/recipient-filters).
func (id identity) filter(text string) identity {
	if id.text == "" {
		return identity{}
	}
	return identity{strings.ReplaceAll(text, "{}", strings.ReplaceAll(id.text, "'", "''"))}
}

// form is what an identity has to look like.
type form string

// The forms of an identity.
const (
	asGUID    form = "GUID"
	asAddress form = "address"
	asName    form = "name of a restore request"
	asEntryID form = "EntryID"
)

var (
	// entryID is an item's id: hexadecimal in every published example; base64 is let through as well.
	entryID = regexp.MustCompile(`^[0-9A-Za-z+/=]{16,1000}$`)
	// requestName is what Mailback calls its restore requests.
	requestName = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z @._-]*[0-9A-Za-z]$`)
)

// identify checks a text that is to name an object to Exchange. It refuses, as Invalid, what is empty, blank or of another
// form, the GUID of zeros, and what Exchange could take for a pattern.
func identify(as form, text string) (identity, error) {
	refuse := func(why string) (identity, error) {
		return identity{}, &recovery.Error{Kind: recovery.Invalid, Peer: recovery.PeerExchange, Op: "identify", Err: fmt.Errorf("%q is no %s: %s", oneLine(text), as, why)}
	}
	odd := func(r rune) bool { return unicode.IsControl(r) || strings.ContainsRune(recovery.OddSigns, r) }
	switch {
	case strings.TrimSpace(text) == "":
		return refuse("it is empty")
	case strings.ContainsFunc(text, odd):
		return refuse("it has a character that may mean more than itself")
	}
	switch as {
	case asGUID:
		guid, err := uuid.Parse(text)
		if err != nil || len(text) != len(uuid.Nil.String()) || guid == uuid.Nil {
			return refuse("it is not of the form or all zeros")
		}
		return identity{guid.String()}, nil
	case asAddress:
		text = strings.TrimSpace(text)
		at := strings.LastIndex(text, "@")
		if at < 1 || at == len(text)-1 || strings.ContainsFunc(text, unicode.IsSpace) || strings.ContainsAny(text, "<>,;:()[]") {
			return refuse("it is not of the form")
		}
	case asName:
		if !requestName.MatchString(text) {
			return refuse("it is not of the form")
		}
	case asEntryID:
		if !entryID.MatchString(text) {
			return refuse("it is not of the form")
		}
	default:
		return refuse("nothing is named so")
	}
	return identity{text}, nil
}

// only gives the one row that is about what was asked. None is NotFound, also among rows about others, which is how
// Exchange may answer for an object that does not exist. Several, or one among others, are Incomplete: then it is not clear
// what the answer is about.
func only[T any](cmdlet string, rows []T, is func(T) bool) (T, error) {
	var found []T
	for _, r := range rows {
		if is(r) {
			found = append(found, r)
		}
	}
	var none T
	switch {
	case len(found) == 0:
		return none, &recovery.Error{Kind: recovery.NotFound, Peer: recovery.PeerExchange, Op: cmdlet, Err: fmt.Errorf("none of %d rows is the object that was asked for", len(rows))}
	case len(found) > 1 || len(rows) > 1:
		return none, incomplete(cmdlet, fmt.Errorf("%d of %d rows are the one object that was asked for", len(found), len(rows)))
	}
	return found[0], nil
}

func wrong(cmdlet string, err error) *recovery.Error {
	return &recovery.Error{Kind: recovery.Invalid, Peer: recovery.PeerExchange, Op: cmdlet, Err: err}
}

func incomplete(cmdlet string, err error) *recovery.Error {
	return &recovery.Error{Kind: recovery.Incomplete, Peer: recovery.PeerExchange, Op: cmdlet, Err: err}
}
