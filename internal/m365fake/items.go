package m365fake

import (
	"slices"
	"strings"
	"time"
)

// keepsCalendar is how long deleted calendar items are kept, where other items go after the mailbox's RetainDeletedItemsFor,
// 14 days unless it was raised to at most 30 (learn.microsoft.com/exchange/security-and-compliance/recoverable-items-folder).
const keepsCalendar = 120 * day

// mailFolder is one folder of a mailbox.
type mailFolder struct {
	number    uint64 // its counter, which its ids are made of
	wellKnown string // Graph's name for it, "" for one that somebody made
	display   string
	class     string // PR_CONTAINER_CLASS
	parent    *mailFolder
}

// item is a message, appointment, contact or task that the tenant knows by itself. The rest of a mailbox is a number.
type item struct {
	number, birth    uint64 // number is new after each move, birth stays: it is the immutable id's
	class            string // ItemClass
	subject          string
	sender, address  string
	folder, last     *mailFolder // where it is, and where it was before it was deleted
	modified, posted time.Time
	size             int64
	stuck            bool // cannot be moved
}

// contents are a mailbox's folders and the items that are known one by one.
type contents struct {
	folders []*mailFolder
	items   []*item
	counter uint64
}

// sourceFolders are the values of -SourceFolder with the folders that they mean
// (learn.microsoft.com/powershell/module/exchangepowershell/get-recoverableitems).
func sourceFolders() [][2]string {
	return [][2]string{
		{"DeletedItems", "deleteditems"},
		{"RecoverableItems", "recoverableitemsdeletions"},
		{"PurgedItems", "recoverableitemspurges"},
		{"DiscoveryHoldsItems", "recoverableitemsdiscoveryholds"},
	}
}

// open returns the mailbox's folders and items, made when first asked for.
func (m *mailbox) open() *contents {
	if m.contents == nil {
		m.contents = newContents()
	}
	return m.contents
}

// newContents has the folders that every mailbox has (learn.microsoft.com/graph/api/resources/mailfolder). Those of
// Recoverable Items but for deletions are known by the names that Exchange Web Services gives them, which Graph takes too
// (12Knocksinna/Office365itpros Report-RecoverableItems.PS1).
func newContents() *contents {
	c := &contents{counter: 0x10c}
	root := c.add(nil, "root", "Root", "")
	top := c.add(root, "msgfolderroot", "Top of Information Store", "")
	for _, f := range [][3]string{
		{"inbox", "Inbox", "IPF.Note"},
		{"drafts", "Drafts", "IPF.Note"},
		{"sentitems", "Sent Items", "IPF.Note"},
		{"deleteditems", "Deleted Items", "IPF.Note"},
		{"archive", "Archive", "IPF.Note"},
		{"junkemail", "Junk Email", "IPF.Note"},
		{"outbox", "Outbox", "IPF.Note"},
		{"conversationhistory", "Conversation History", "IPF.Note"},
		{"calendar", "Calendar", "IPF.Appointment"},
		{"contacts", "Contacts", "IPF.Contact"},
		{"tasks", "Tasks", "IPF.Task"},
	} {
		c.add(top, f[0], f[1], f[2])
	}
	dumpster := c.add(root, "recoverableitemsroot", "Recoverable Items", "")
	for _, name := range []string{"Deletions", "Versions", "Purges", "DiscoveryHolds"} {
		c.add(dumpster, "recoverableitems"+strings.ToLower(name), name, "")
	}
	return c
}

func (c *contents) add(parent *mailFolder, wellKnown, display, class string) *mailFolder {
	f := &mailFolder{number: c.count(), wellKnown: wellKnown, display: display, class: class, parent: parent}
	c.folders = append(c.folders, f)
	return f
}

// count is the next number of the mailbox.
func (c *contents) count() uint64 {
	c.counter++
	return c.counter
}

// named is the folder with a well-known name, or nil.
func (c *contents) named(wellKnown string) *mailFolder {
	return c.folder(func(f *mailFolder) bool { return f.wellKnown != "" && strings.EqualFold(f.wellKnown, wellKnown) })
}

func (c *contents) folder(is func(*mailFolder) bool) *mailFolder {
	if i := slices.IndexFunc(c.folders, is); i >= 0 {
		return c.folders[i]
	}
	return nil
}

// child is the folder of that name below parent, or nil.
func (c *contents) child(parent *mailFolder, display string) *mailFolder {
	return c.folder(func(f *mailFolder) bool { return f.parent == parent && strings.EqualFold(f.display, display) })
}

func (c *contents) children(parent *mailFolder) []*mailFolder {
	return slices.DeleteFunc(slices.Clone(c.folders), func(f *mailFolder) bool { return f.parent != parent })
}

// at is the folder at a path below Top of Information Store, as "Inbox/Projects", made where it is missing. A "/" in
// front or behind is ignored.
func (c *contents) at(path string) *mailFolder {
	f := c.named("msgfolderroot")
	for name := range strings.SplitSeq(path, "/") {
		if name == "" {
			continue
		}
		next := c.child(f, name)
		if next == nil {
			next = c.add(f, "", name, "IPF.Note")
		}
		f = next
	}
	return f
}

func (c *contents) exists(f *mailFolder) bool { return f != nil && slices.Contains(c.folders, f) }

// remove takes a folder away with all below it. Items that were in it keep its memory.
func (c *contents) remove(f *mailFolder) {
	c.folders = slices.DeleteFunc(c.folders, func(x *mailFolder) bool { return x.below(f) })
}

// below tells whether f is top or anywhere under it.
func (f *mailFolder) below(top *mailFolder) bool {
	return f != nil && (f == top || f.parent.below(top))
}

// path is the folder's place below Top of Information Store, or below the root for what is not there.
func (f *mailFolder) path() string {
	if f == nil || f.parent == nil || f.wellKnown == "msgfolderroot" {
		return ""
	}
	return strings.TrimPrefix(f.parent.path()+"/"+f.display, "/")
}

// dumpster tells whether the folder is of Recoverable Items, which counts apart from the mailbox.
func (f *mailFolder) dumpster() bool {
	return f != nil && (f.wellKnown == "recoverableitemsroot" || f.parent.dumpster())
}

// source is the item's SourceFolder, "" for one that is not deleted.
func (i *item) source() string {
	for _, s := range sourceFolders() {
		if i.folder.wellKnown == s[1] {
			return s[0]
		}
	}
	return ""
}

// message tells whether Graph's mail folders list the item: they have no appointments, contacts and tasks.
func (i *item) message() bool {
	return strings.HasPrefix(i.class, "IPM.Note") || strings.HasPrefix(i.class, "IPM.Schedule.Meeting")
}

// home is where the item goes back to: its own folder while that exists, else the default folder of its type.
func (c *contents) home(i *item) *mailFolder {
	if c.exists(i.last) {
		return i.last
	}
	for prefix, name := range map[string]string{"IPM.Appointment": "calendar", "IPM.Contact": "contacts", "IPM.Task": "tasks"} {
		if strings.HasPrefix(i.class, prefix) {
			return c.named(name)
		}
	}
	return c.named("inbox")
}

// move puts an item into another folder, where it has a new number and so new ids.
func (m *mailbox) move(i *item, to *mailFolder, now time.Time) {
	gone := i.folder.dumpster()
	if !gone && (to.dumpster() || to.wellKnown == "deleteditems") {
		i.last = i.folder
	}
	i.number, i.folder, i.modified = m.open().count(), to, now.UTC().Truncate(time.Second)
	switch {
	case gone && !to.dumpster():
		m.Items, m.Bytes, m.RecoverableItems = m.Items+1, m.Bytes+i.size, m.RecoverableItems-1
	case !gone && to.dumpster():
		m.Items, m.Bytes, m.RecoverableItems = m.Items-1, m.Bytes-i.size, m.RecoverableItems+1
	}
}

// tally counts the recoverable items anew.
func (m *mailbox) tally() {
	m.RecoverableItems = 0
	for _, i := range m.open().items {
		if i.folder.dumpster() {
			m.RecoverableItems++
		}
	}
}

// recoverableBytes is TotalDeletedItemSize.
func (m *mailbox) recoverableBytes() int64 {
	if m.contents == nil {
		return 0
	}
	var sum int64
	for _, i := range m.contents.items {
		if i.folder.dumpster() {
			sum += i.size
		}
	}
	return sum
}

// expiry is when an item of Recoverable Items is purged; zero for one that stays. A hold keeps everything, and nobody
// tidies a mailbox that is not in use.
func (m *mailbox) expiry(i *item) time.Time {
	switch {
	case !i.folder.dumpster() || m.held() || !m.connected():
		return time.Time{}
	case strings.HasPrefix(i.class, "IPM.Appointment"):
		return i.modified.Add(max(keepsCalendar, m.keepsDeleted()))
	}
	return i.modified.Add(m.keepsDeleted())
}

// expireItems purges the items whose time has come. It looks once a day at least, for retention that was changed.
func (t *tenant) expireItems(now time.Time) {
	if now.Before(t.nextExpiry) {
		return
	}
	t.nextExpiry = now.Add(day)
	for _, m := range t.mailboxes.all {
		if m.contents == nil {
			continue
		}
		m.contents.items = slices.DeleteFunc(m.contents.items, func(i *item) bool {
			end := m.expiry(i)
			if !end.IsZero() && now.Before(end) {
				t.nextExpiry = earlier(t.nextExpiry, end)
			}
			return !end.IsZero() && !now.Before(end)
		})
		m.tally()
	}
}
