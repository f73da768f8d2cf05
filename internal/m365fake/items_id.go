package m365fake

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// A folder's entry id has 46 bytes, a message's 70 (learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcdata,
// folder and message EntryID structures): flags, the mailbox, a type, then for the folder and for the message the store's
// GUID, a counter of 6 bytes and 2 bytes of padding.
const (
	folderEntryLength = 46
	itemEntryLength   = 70
)

// What an entry id is of, at byte 20.
const (
	folderEntry    = 0x01
	itemEntry      = 0x07
	immutableEntry = 0x0d
	entryKindAt    = 20
)

// folderKey is the part of a folder's entry id by which items remember it: the property 0x348A (LAPFID), and
// LastParentFolderID (gsexdev.blogspot.com 2018/10).
func (m *mailbox) folderKey(f *mailFolder) []byte { return m.globalID(f.number) }

func (m *mailbox) globalID(number uint64) []byte {
	store := uuid.MustParse(newID("store", m.GUID))
	return append(store[:], binary.BigEndian.AppendUint64(nil, number)[2:]...)
}

func (m *mailbox) folderEntry(f *mailFolder) []byte {
	return m.entry(folderEntry, m.folderKey(f))
}

func (m *mailbox) itemEntry(i *item) []byte {
	return append(append(m.entry(itemEntry, m.folderKey(i.folder)), m.globalID(i.number)...), 0, 0)
}

func (m *mailbox) entry(kind byte, key []byte) []byte {
	owner := uuid.MustParse(m.GUID)
	b := append(make([]byte, 4, itemEntryLength), owner[:]...)
	b = append(append(b, kind, 0), key...)
	return append(b, 0, 0)
}

// immutableEntry is an entry id that moves within the mailbox do not change.
func (m *mailbox) immutableEntry(i *item) []byte {
	provider := []byte{0x1d, 0x84, 0x03, 0x11, 0xaa, 0x66, 0x11, 0xcd, 0x9b, 0xc8, 0x00, 0xaa, 0x00, 0x2f, 0xc4, 0x5a}
	b := append(make([]byte, 4, folderEntryLength), provider...)
	b = append(append(b, immutableEntry, 0), m.globalID(i.birth)...)
	return append(b, 0, 0)
}

// restID writes an entry id as Graph does. Exchange Web Services wrap one in the mailbox's GUID as text and the entry, each
// with its length, which gives the well-known "AAMkA…"; an immutable one is "AAkALg…".
func (m *mailbox) restID(entry []byte) string {
	size := byte(len(entry)) //nolint:gosec // an entry id is some 70 bytes
	b := []byte{0, 9, 0, size}
	if entry[entryKindAt] != immutableEntry {
		b = append(append([]byte{0, 3, 36, 0}, m.GUID...), 0, size, 0)
	}
	return base64.URLEncoding.EncodeToString(append(b, entry...))
}

// readRestID is the entry id in one of Graph's.
func (m *mailbox) readRestID(id string) ([]byte, error) {
	raw, err := base64.URLEncoding.DecodeString(id)
	head, lengthAt := 4, 3
	if err == nil && bytes.HasPrefix(raw, []byte{0, 3, 36, 0}) {
		head, lengthAt = 43, 41
	}
	if err != nil || len(raw) < head || !isEntry(raw[head:]) || int(raw[lengthAt]) != len(raw)-head {
		return nil, malformedID()
	}
	if head == 43 && string(raw[4:40]) != m.GUID {
		return nil, &graphError{status: 400, code: "ErrorInvalidMailboxItemId", message: "Item Id '" + id + "' doesn't belong to the current mailbox."}
	}
	return raw[head:], nil
}

func isEntry(b []byte) bool {
	if len(b) <= entryKindAt {
		return false
	}
	switch b[entryKindAt] {
	case folderEntry, immutableEntry:
		return len(b) == folderEntryLength
	case itemEntry:
		return len(b) == itemEntryLength
	}
	return false
}

func malformedID() *graphError {
	return &graphError{status: 400, code: "ErrorInvalidIdMalformed", message: "Id is malformed."}
}

func itemNotFound() *graphError {
	return &graphError{status: 404, code: "ErrorItemNotFound", message: "The specified object was not found in the store."}
}

// itemByEntry finds an item by its whole entry id, or returns nil.
func (m *mailbox) itemByEntry(entry []byte) *item {
	write := m.itemEntry
	if entry[entryKindAt] == immutableEntry {
		write = m.immutableEntry
	}
	number := binary.BigEndian.Uint64(entry[len(entry)-10:]) & (1<<48 - 1)
	for _, i := range m.open().items {
		if (i.number == number || i.birth == number) && bytes.Equal(write(i), entry) {
			return i
		}
	}
	return nil
}

// itemByID finds an item by Graph's id.
func (m *mailbox) itemByID(id string) (*item, error) {
	entry, err := m.readRestID(id)
	if err != nil {
		return nil, err
	}
	if i := m.itemByEntry(entry); i != nil {
		return i, nil
	}
	return nil, itemNotFound()
}

// folderByID finds a folder by its well-known name or Graph's id.
func (m *mailbox) folderByID(id string) (*mailFolder, error) {
	c := m.open()
	if f := c.named(id); f != nil && f.wellKnown != "root" {
		return f, nil
	}
	entry, err := m.readRestID(id)
	if err != nil {
		return nil, err
	}
	if f := c.folder(func(f *mailFolder) bool { return bytes.Equal(m.folderEntry(f), entry) }); f != nil {
		return f, nil
	}
	return nil, itemNotFound()
}

func upperHex(b []byte) string { return strings.ToUpper(hex.EncodeToString(b)) }

// urlToken is the base64 in which translateExchangeIds writes binary ids: URL-safe, with the number of padding signs as
// a digit in their place (learn.microsoft.com/graph/api/user-translateexchangeids).
func urlToken(b []byte) string {
	s := base64.URLEncoding.EncodeToString(b)
	bare := strings.TrimRight(s, "=")
	return bare + strconv.Itoa(len(s)-len(bare))
}

func readURLToken(s string) ([]byte, error) {
	if s == "" {
		return nil, malformedID()
	}
	bare, digit := s[:len(s)-1], int(s[len(s)-1])-'0'
	if digit < 0 || digit > 2 {
		return nil, malformedID()
	}
	b, err := base64.URLEncoding.DecodeString(bare + strings.Repeat("=", digit))
	if err != nil || !isEntry(b) {
		return nil, malformedID()
	}
	return b, nil
}
