package m365fake

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// Item is an item of a mailbox as it truly is.
type Item struct {
	EntryID   string // as Get-RecoverableItems shows it
	ID        string // Graph's
	Subject   string
	Sender    string
	ItemClass string
	Source    string // SourceFolder, "" for one that is not deleted
	Folder    string // where it is: "Inbox/Projects", "Recoverable Items/Deletions"
	LastPath  string // LastParentPath
}

// mailboxOf is the mailbox in use of who, a key that -Identity takes.
func (s *Server) mailboxOf(who string) (*mailbox, error) {
	for _, m := range s.mailboxes.named(strings.ToLower(who)) {
		if m.connected() {
			return m, nil
		}
	}
	return nil, fmt.Errorf("no mailbox in use is %q", who)
}

// Items returns the items of a mailbox that the tenant knows one by one: the recoverable ones and those that came back.
func (s *Server) Items(who string) ([]Item, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	m, err := s.mailboxOf(who)
	if err != nil {
		return nil, err
	}
	out := []Item{}
	for _, i := range m.open().items {
		out = append(out, Item{
			EntryID: upperHex(m.itemEntry(i)), ID: m.messageID(i, false), Subject: i.subject, Sender: i.sender, ItemClass: i.class,
			Source: i.source(), Folder: i.folder.path(), LastPath: i.last.path(),
		})
	}
	return out, nil
}

// DeleteItem deletes a new message from a mailbox's inbox, so that it is recoverable from now on. It returns the EntryID.
func (s *Server) DeleteItem(who string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	m, err := s.mailboxOf(who)
	if err != nil {
		return "", err
	}
	i := m.seedItem(10*len(m.open().items), s.clock()) // every tenth is a message
	i.folder, i.last = m.open().named("recoverableitemsdeletions"), m.open().named("inbox")
	m.tally()
	return upperHex(m.itemEntry(i)), nil
}

// PurgeItem takes an item away for good by another hand.
func (s *Server) PurgeItem(who, entryID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := s.mailboxOf(who)
	if err != nil {
		return err
	}
	entry, err := hex.DecodeString(entryID)
	if err != nil || !isEntry(entry) {
		return fmt.Errorf("%q is no EntryID", entryID)
	}
	i := m.itemByEntry(entry)
	if i == nil {
		return fmt.Errorf("no item %s in %s", entryID, who)
	}
	if !i.folder.dumpster() {
		m.Items, m.Bytes = m.Items-1, m.Bytes-i.size
	}
	m.contents.items = slices.DeleteFunc(m.contents.items, func(x *item) bool { return x == i })
	m.tally()
	return nil
}

// RemoveFolder deletes a folder, named by its path below Top of Information Store, by another hand. Items that are in it
// become recoverable.
func (s *Server) RemoveFolder(who, path string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := s.mailboxOf(who)
	if err != nil {
		return err
	}
	c := m.open()
	f := c.folder(func(f *mailFolder) bool {
		return strings.EqualFold(f.path(), strings.Trim(path, "/")) && f.wellKnown == ""
	})
	if f == nil {
		return fmt.Errorf("no folder %q that can be removed in %s", path, who)
	}
	for _, i := range c.items {
		if i.folder.below(f) {
			m.move(i, c.named("recoverableitemsdeletions"), s.clock())
		}
	}
	c.remove(f)
	return nil
}
