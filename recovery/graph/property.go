package graph

import (
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/microsoftgraph/msgraph-sdk-go/models"
)

// property is an extended property: one of Exchange's own that Graph's resources do not have
// (learn.microsoft.com/graph/api/resources/extended-properties-overview).
type property string

const (
	messageClass property = "String 0x001A" // PidTagMessageClass
	entryID      property = "Binary 0x0FFF" // PidTagEntryId
	lastParent   property = "Binary 0x348A" // the folder that a deleted item was in (LAPFID; gsexdev.blogspot.com 2018/10)
)

// expanded asks for properties in $expand.
func expanded(wanted ...property) []string {
	filters := make([]string, len(wanted))
	for i, p := range wanted {
		filters[i] = "id eq " + quote(string(p))
	}
	return []string{"singleValueExtendedProperties($filter=" + strings.Join(filters, " or ") + ")"}
}

// in is the property's value among those of a resource, "" where it has none.
func (p property) in(all []models.SingleValueLegacyExtendedPropertyable) string {
	for _, x := range all {
		if x != nil && p.named(text(x.GetId())) {
			return text(x.GetValue())
		}
	}
	return ""
}

// named says whether an id is the property's: Graph writes 0x001A as 0x1a.
func (p property) named(id string) bool {
	kind, tag, _ := strings.Cut(string(p), " ")
	kindOf, tagOf, _ := strings.Cut(id, " ")
	n, err := strconv.ParseUint(tag, 0, 16)
	m, errOf := strconv.ParseUint(tagOf, 0, 16)
	return err == nil && errOf == nil && n == m && strings.EqualFold(kind, kindOf)
}

// Of a folder's entry id (learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcdata, "Folder EntryID Structure") the
// first 20 bytes are the same in the whole mailbox; then come the type, the 22 bytes by which items remember the folder, and
// padding.
const (
	entryHead    = 20
	lastParentOf = 22
)

// bytes is the value of a binary property, nil for one that is shorter than expected.
func (p property) bytes(all []models.SingleValueLegacyExtendedPropertyable, least int) []byte {
	raw, err := base64.StdEncoding.DecodeString(p.in(all))
	if err != nil || len(raw) < least {
		return nil
	}
	return raw
}

// homeOf is what an item remembers its folder by, in hexadecimal digits; "" where it does not.
func homeOf(all []models.SingleValueLegacyExtendedPropertyable) string {
	key := lastParent.bytes(all, lastParentOf)
	if len(key) != lastParentOf {
		return ""
	}
	return hex.EncodeToString(key)
}

// entryOf is the entry id of the folder that an item remembers, as translateExchangeIds takes it: base64 for URLs, with the
// number of the padding signs in their place (learn.microsoft.com/graph/api/user-translateexchangeids).
func entryOf(head []byte, home string) (string, error) {
	key, err := hex.DecodeString(home)
	if err != nil {
		return "", err
	}
	raw := append(append(append(make([]byte, 0, 46), head...), 1, 0), key...)
	raw = append(raw, 0, 0)
	bare := base64.RawURLEncoding.EncodeToString(raw)
	return bare + strconv.Itoa((3-len(raw)%3)%3), nil
}
