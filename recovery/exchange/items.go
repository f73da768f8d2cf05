package exchange

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"mailback/recovery"
)

const (
	cmdGetItems     = "Get-RecoverableItems"
	cmdRestoreItems = "Restore-RecoverableItems"
)

// dateMargin widens the times that Exchange is asked for: how it reads them over this endpoint is not documented, and a time
// taken for local is off by at most 14 hours. What is asked for is picked here.
const dateMargin = 24 * time.Hour

// itemRow is a recoverable item as the two cmdlets show it. It says nothing about the sender.
type itemRow struct {
	Identity string
	EntryID  string
	Subject  string
	Class    string `json:"ItemClass"`
	Source   string `json:"SourceFolder"`
	Folder   string `json:"LastParentPath"`
	Modified moment `json:"LastModifiedTime"`
	Has      *flag  `json:"OriginalFolderExists"` // of Get-RecoverableItems; not documented, and nil where it is not there

	Restored   *flag  `json:"WasRestoredSuccessfully"` // of Restore-RecoverableItems
	RestoredTo string `json:"RestoredToFolderPath"`
}

// Items gives the recoverable items of the live mailbox with this ExchangeGuid that match, latest first: those in Deleted
// Items, in Deletions and in Purges (learn.microsoft.com/powershell/module/exchangepowershell/get-recoverableitems). Times are
// those of the last change, for most items of the deletion; After is part of the interval, Before is not. Type and folder are
// compared here: Exchange's -FilterItemType is one exact class.
//
// The rows carry no ExchangeGuid. They are taken if each Identity is a name that Get-Mailbox gave for it, or, where it is
// neither an address nor a GUID, if all rows have the same one.
func (c *Client) Items(ctx context.Context, mailbox string, f recovery.ItemFilter) ([]recovery.Item, error) {
	classes, err := classesOf(f.Type)
	if err != nil {
		return nil, err
	}
	m, id, err := c.itemsOf(ctx, mailbox)
	if err != nil {
		return nil, err
	}
	with := map[string]any{"ResultSize": unlimited}
	if !f.After.IsZero() {
		with["FilterStartTime"] = f.After.Add(-dateMargin).UTC().Format(time.RFC3339)
	}
	if !f.Before.IsZero() {
		with["FilterEndTime"] = f.Before.Add(dateMargin).UTC().Format(time.RFC3339)
	}
	raw, _, err := c.read(ctx, command{name: cmdGetItems, about: map[string]identity{"Identity": id}, with: with, private: true})
	if err != nil {
		return nil, err
	}
	rows, err := itemRows(cmdGetItems, raw, m)
	if err != nil {
		return nil, err
	}
	var all []recovery.Item
	seen := map[string]bool{} // pages shift when something is deleted meanwhile
	for _, r := range rows {
		if r.matches(f, classes) && !seen[r.EntryID] {
			all, seen[r.EntryID] = append(all, r.item()), true
		}
	}
	slices.SortFunc(all, func(a, b recovery.Item) int {
		return cmp.Or(b.ModifiedAt.Compare(a.ModifiedAt), strings.Compare(a.EntryID, b.EntryID))
	})
	return all, nil
}

// itemsOf makes sure of the mailbox.
func (c *Client) itemsOf(ctx context.Context, guid string) (found, identity, error) {
	m, err := c.locate(ctx, guid, live)
	if err != nil {
		if e, ok := errors.AsType[*recovery.Error](err); ok && e.Kind == recovery.NotFound {
			e.Detail = recovery.NoMailbox
		}
		return found{}, identity{}, err
	}
	id, err := identify(asGUID, m.ExchangeGUID)
	return m, id, err
}

// itemRows reads the rows and makes sure that they are the mailbox's.
func itemRows(cmdlet string, raw []json.RawMessage, m found) ([]itemRow, error) {
	rows, err := decode[itemRow](cmdlet, raw)
	if err != nil {
		return nil, err
	}
	strange := ""
	for _, r := range rows {
		name, _, _ := strings.Cut(r.Identity, `\`)
		switch {
		case r.EntryID == "" || time.Time(r.Modified).IsZero():
			return nil, incomplete(cmdlet, errors.New("an item without its EntryID or LastModifiedTime"))
		case m.is(name):
			name = m.ExchangeGUID
		case name == "" || strings.Contains(name, "@") || uuid.Validate(name) == nil:
			return nil, incomplete(cmdlet, errors.New("an item of another mailbox"))
		}
		if strange == "" {
			strange = name
		}
		if name != strange {
			return nil, incomplete(cmdlet, errors.New("items of several mailboxes"))
		}
	}
	return rows, nil
}

// matches says whether the filter lets the item through.
func (r itemRow) matches(f recovery.ItemFilter, classes []string) bool {
	at := time.Time(r.Modified)
	if !f.After.IsZero() && at.Before(f.After) || !f.Before.IsZero() && !at.Before(f.Before) {
		return false
	}
	ofType := func(prefix string) bool { return strings.HasPrefix(strings.ToLower(r.Class), prefix) }
	return (len(classes) == 0 || slices.ContainsFunc(classes, ofType)) && wasIn(r.Folder, f.Folder)
}

// classesOf gives the beginnings of ItemClass, in small letters, that a type of item means
// (learn.microsoft.com/office/vba/outlook/concepts/forms/item-types-and-message-classes; reports of delivery and of reading are
// REPORT.IPM.Note.NDR and the like, learn.microsoft.com/office/client-developer/outlook/mapi/pidtagmessageclass-canonical-property).
// What is of none of them, as notes and journal entries, is found without a type.
func classesOf(kind string) ([]string, error) {
	switch kind {
	case "":
		return nil, nil
	case "message":
		return []string{"ipm.note", "ipm.post", "report."}, nil
	case "meeting":
		return []string{"ipm.appointment", "ipm.schedule.meeting"}, nil
	case "contact":
		return []string{"ipm.contact", "ipm.distlist"}, nil
	case "task":
		return []string{"ipm.task"}, nil
	}
	return nil, wrong(cmdGetItems, fmt.Errorf("there is no type of item %q", oneLine(kind)))
}

// wasIn says whether a path is the wanted folder: its whole path, or the end of it.
func wasIn(path, folder string) bool {
	clean := func(s string) string {
		return "/" + strings.Trim(strings.ReplaceAll(strings.ToLower(s), `\`, "/"), "/ ")
	}
	return folder == "" || strings.HasSuffix(clean(path), clean(folder))
}

func (r itemRow) item() recovery.Item {
	return recovery.Item{
		EntryID: r.EntryID, Class: r.Class, Folder: r.Folder, Source: r.Source, ModifiedAt: time.Time(r.Modified), Subject: recovery.Private(r.Subject),
	}
}

// RestoreItem puts one item of the live mailbox with this ExchangeGuid back, by its EntryID alone: into the folder that it was
// in. Where that is gone it goes into the named one, which is made where it is missing, or with no name into the default one of
// its type (learn.microsoft.com/powershell/module/exchangepowershell/restore-recoverableitems). Exchange's answer to a failure is a
// row that says so: then ItemResult.Restored is false and there is no error. NotFound where the item is no longer there; no cmdlet
// tells whether it is back.
func (c *Client) RestoreItem(ctx context.Context, mailbox, entryID, folder string) (recovery.ItemResult, error) {
	entry, err := identify(asEntryID, entryID)
	if err != nil {
		return recovery.ItemResult{}, err
	}
	if !isFolder(folder) {
		return recovery.ItemResult{}, wrong(cmdRestoreItems, errors.New("an odd folder"))
	}
	m, id, err := c.itemsOf(ctx, mailbox)
	if err != nil {
		return recovery.ItemResult{}, err
	}
	about := map[string]identity{"Identity": id, "EntryID": entry}
	if folder != "" {
		if folder, err = c.unlessItsOwn(ctx, m, about, folder); err != nil {
			return recovery.ItemResult{}, err
		}
	}
	cmd := command{name: cmdRestoreItems, about: about, private: true}
	if folder != "" {
		cmd.with = map[string]any{"RestoreTargetFolder": folder}
	}
	raw, _, err := c.change(ctx, cmd)
	if err != nil {
		return recovery.ItemResult{Sent: true}, err
	}
	rows, err := itemRows(cmdRestoreItems, raw, m)
	if err != nil {
		return recovery.ItemResult{Sent: true}, err
	}
	return restored(rows, entryID)
}

// unlessItsOwn is the folder that an item is to be sent to: none while its own is there, which Exchange then takes by itself. Where
// Exchange does not say, its own counts as there.
func (c *Client) unlessItsOwn(ctx context.Context, m found, about map[string]identity, folder string) (string, error) {
	raw, _, err := c.read(ctx, command{name: cmdGetItems, about: about, private: true})
	if err != nil {
		return "", err
	}
	rows, err := itemRows(cmdGetItems, raw, m)
	if err != nil {
		return "", err
	}
	r, err := only(cmdGetItems, rows, func(r itemRow) bool { return r.EntryID == about["EntryID"].text })
	if err != nil || r.Has == nil || bool(*r.Has) {
		return "", err
	}
	return folder, nil
}

// restored reads the one row that the item must have in the answer to the call that restores it.
func restored(rows []itemRow, entryID string) (recovery.ItemResult, error) {
	result := recovery.ItemResult{Sent: true}
	if len(rows) == 1 && rows[0].EntryID != entryID {
		return result, incomplete(cmdRestoreItems, errors.New("the answer is about another item"))
	}
	r, err := only(cmdRestoreItems, rows, func(r itemRow) bool { return r.EntryID == entryID })
	if err != nil {
		return result, err
	}
	if r.Restored == nil {
		return result, incomplete(cmdRestoreItems, errors.New("the answer does not say whether the item was restored"))
	}
	result.Restored, result.Folder = bool(*r.Restored), r.RestoredTo
	return result, nil
}
