package m365fake

import (
	"encoding/base64"
	"slices"
	"strings"
)

// folderScopes are the values of -FolderScope.
const folderScopes = "All|Archive|Calendar|Contacts|ConversationHistory|DeletedItems|Drafts|Inbox|JunkEmail|Journal|LegacyArchiveJournals|ManagedCustomFolder|" +
	"NonIpmRoot|Notes|Outbox|Personal|RecoverableItems|RssSubscriptions|SentItems|SyncIssues|Tasks"

// getFolderStatistics is learn.microsoft.com/powershell/module/exchangepowershell/get-mailboxfolderstatistics. An archive has no folders
// here that are known one by one: only its root, with what it holds.
func (s *Server) getFolderStatistics(a arguments) ([]row, []string, error) {
	m, err := s.one(a.text("Identity"), a.wants)
	if err != nil {
		return nil, nil, err
	}
	if a.on("Archive") {
		if m.ArchiveGUID == "" {
			return nil, nil, noArchive(m)
		}
		top := m.open().named("msgfolderroot")
		return []row{folderRow(m, top, amount{m.Store.ArchiveItems, m.Store.ArchiveBytes}, amount{m.Store.ArchiveItems, m.Store.ArchiveBytes})}, nil, nil
	}
	c, own := m.open(), m.folderAmounts()
	rows := []row{}
	for _, f := range c.folders {
		if f.parent == nil || !inScope(f, a.or("FolderScope", "All")) {
			continue
		}
		var sum amount
		for _, x := range c.folders {
			if x.below(f) {
				sum.items, sum.bytes = sum.items+own[x].items, sum.bytes+own[x].bytes
			}
		}
		rows = append(rows, folderRow(m, f, own[f], sum))
	}
	skip, _ := a["skipcount"].(int)
	rows, warnings := cut(rows[min(skip, len(rows)):], a)
	return rows, warnings, nil
}

// amount is how much a folder holds.
type amount struct {
	items int
	bytes int64
}

// folderAmounts counts each folder by itself. What is not known one by one is in the inbox.
func (m *mailbox) folderAmounts() map[*mailFolder]amount {
	own, inUse := map[*mailFolder]amount{}, amount{}
	for _, i := range m.open().items {
		own[i.folder] = amount{own[i.folder].items + 1, own[i.folder].bytes + i.size}
		if !i.folder.dumpster() {
			inUse = amount{inUse.items + 1, inUse.bytes + i.size}
		}
	}
	inbox := m.open().named("inbox")
	own[inbox] = amount{own[inbox].items + m.Items - inUse.items, max(0, own[inbox].bytes+m.Bytes-inUse.bytes)}
	return own
}

// inScope tells whether -FolderScope asks for f: a default folder by its name, with what is below it.
func inScope(f *mailFolder, scope string) bool {
	switch scope {
	case "All":
		return true
	case "RecoverableItems", "NonIpmRoot":
		return f.dumpster()
	case "Personal", "ManagedCustomFolder":
		return scope == "Personal" && f.wellKnown == ""
	}
	for ; f != nil; f = f.parent {
		if strings.EqualFold(f.wellKnown, scope) {
			return true
		}
	}
	return false
}

// folderRow has the columns that the cmdlet shows. Folders of Recoverable Items have their own name as path.
func folderRow(m *mailbox, f *mailFolder, own, sum amount) row {
	path, kind := "/"+f.path(), "User Created"
	if f.dumpster() || f.wellKnown == "msgfolderroot" {
		path = "/" + f.display
	}
	if f.wellKnown != "" {
		kind = folderType(f)
	}
	// A length, the entry id and a type: the "LgAAAA…" from which scripts cut the folder's key.
	id := slices.Concat([]byte{folderEntryLength}, m.folderEntry(f), []byte{1})
	return row{
		"Name": f.display, "Identity": m.name() + strings.ReplaceAll(path, "/", `\`), "FolderPath": path, "FolderId": base64.StdEncoding.EncodeToString(id),
		"FolderType": kind, "ContainerClass": f.class, "ItemsInFolder": own.items, "FolderSize": exchangeSize(own.bytes),
		"ItemsInFolderAndSubfolders": sum.items, "FolderAndSubfolderSize": exchangeSize(sum.bytes),
	}
}

// folderType is a default folder's type in the cmdlet's words.
func folderType(f *mailFolder) string {
	switch {
	case f.wellKnown == "msgfolderroot":
		return "Root"
	case f.dumpster():
		return "RecoverableItems" + strings.TrimPrefix(f.display, "Recoverable Items")
	}
	return strings.ReplaceAll(f.display, " ", "")
}
