package recovery

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"
)

// ItemState is what became of an item.
type ItemState string

// The ends of an item; before it has one, its state is empty.
const (
	ItemRestored ItemState = "restored"
	ItemGone     ItemState = "gone"    // it was no longer there when its turn came
	ItemFailed   ItemState = "failed"  // it is where it was
	ItemUnknown  ItemState = "unknown" // the answer was lost, and it is no longer where it was: it is back, or it is gone
)

// ItemRow is an item on a request's list. What its text says is no part of it.
type ItemRow struct {
	N          int    // its number on the list, from 1: the latest is the first
	EntryID    string // as in Item, like all that follow
	Class      string
	Folder     string
	Source     string
	ModifiedAt time.Time

	Chosen     bool
	Began      time.Time // when the last try began
	Tries      int       // how many in a row ended without an answer
	Sent       bool      // the call that restores it may have been made: where it is missing, that may be our doing
	Result     ItemState
	RestoredTo string // the folder
}

// ItemCounts says how far the items of a request are.
type ItemCounts struct {
	Chosen   int `json:"chosen"`
	Restored int `json:"restored"`
	Gone     int `json:"gone"`
	Failed   int `json:"failed"`
	Unknown  int `json:"unknown,omitempty"`
}

// Add counts n items that ended so; those without an end count as chosen alone.
func (c *ItemCounts) Add(result ItemState, n int) {
	c.Chosen += n
	switch result {
	case ItemRestored:
		c.Restored += n
	case ItemGone:
		c.Gone += n
	case ItemFailed:
		c.Failed += n
	case ItemUnknown:
		c.Unknown += n
	}
}

// Left counts those that have no end yet.
func (c ItemCounts) Left() int { return c.Chosen - c.Restored - c.Gone - c.Failed - c.Unknown }

// failed says whether there are items that may be tried again.
func (c *ItemCounts) failed() bool { return c != nil && c.Failed+c.Unknown > 0 }

// tenth tells in which tenth of its way it is.
func (c ItemCounts) tenth() int {
	if c.Chosen == 0 {
		return 10
	}
	return (c.Chosen - c.Left()) * 10 / c.Chosen
}

// ItemPlan is which recoverable items a plan puts back. Where the requester is the mailbox's proven owner, the list is read
// before anybody agrees to it, and the plan names it by its digests; for anybody else only once it is approved.
type ItemPlan struct {
	Mailbox string    `json:"mailbox"`          // as Items names it
	After   time.Time `json:"after,omitzero"`   // deleted at this time or later
	Before  time.Time `json:"before,omitzero"`  // deleted before this time
	Type    string    `json:"type,omitempty"`   // as in ItemFilter
	Folder  string    `json:"folder,omitempty"` // as in ItemFilter
	Owner   bool      `json:"owner"`            // the requester is the mailbox's proven owner

	Listed   bool          `json:"listed"` // what follows is known
	Listing  string        `json:"listing,omitempty"`
	Digest   string        `json:"digest,omitempty"` // of the chosen items
	All      int           `json:"all,omitempty"`    // how many there are on the list
	Count    int           `json:"count,omitempty"`  // how many of them are chosen
	Oldest   time.Time     `json:"oldest,omitzero"`
	Newest   time.Time     `json:"newest,omitzero"`
	Folders  []FolderCount `json:"folders,omitempty"`  // by name; at most mostFolders, the fullest
	Further  int           `json:"further,omitempty"`  // how many items were in further folders
	LeavesAt time.Time     `json:"leaves_at,omitzero"` // about when the first of them is purged; zero where none is
}

// FolderCount is how many items were in a folder.
type FolderCount struct {
	Folder string `json:"folder"`
	Items  int    `json:"items"`
}

// filter is what the plan's items are selected by.
func (p ItemPlan) filter() ItemFilter {
	return ItemFilter{After: p.After, Before: p.Before, Type: p.Type, Folder: p.Folder}
}

// same says whether two plans are about the same items.
func (p *ItemPlan) same(o *ItemPlan) bool {
	if p == nil || o == nil {
		return p == o
	}
	return p.Mailbox == o.Mailbox && p.Owner == o.Owner && p.Listed == o.Listed && p.Digest == o.Digest &&
		p.After.Equal(o.After) && p.Before.Equal(o.Before) && p.Type == o.Type && p.Folder == o.Folder
}

// ItemChoice is which items of a list its owner ticked.
type ItemChoice struct {
	Listing string `json:"listing,omitempty"` // ItemPlan.Listing of the list that was shown
	Ticks   string `json:"ticks,omitempty"`   // as Ticks writes them
}

// value is the choice as a click carries it.
func (c ItemChoice) value() string { return c.Listing + ":" + c.Ticks }

// tick chooses those rows of a list that were ticked; all of a list that the ticks are not of. It says whether it changed any.
func (c ItemChoice) tick(list []ItemRow) (changed bool) {
	ticks, _ := ParseTicks(c.Ticks) // it was parsed before it was kept
	all := c.Ticks == "" || c.Listing != listing(list)
	for i, row := range list {
		list[i].Chosen = all || ticks.Has(row.N)
		changed = changed || list[i].Chosen != row.Chosen
	}
	return changed
}

// parseItemChoice reads the value of a click.
func parseItemChoice(value string) (ItemChoice, bool) {
	listing, ticks, ok := strings.Cut(value, ":")
	if _, fine := ParseTicks(ticks); !fine || listing == "" {
		return ItemChoice{}, false
	}
	return ItemChoice{listing, ticks}, ok
}

// rows makes a list of items, none of whose text is in it.
func rows(items []Item) []ItemRow {
	list := make([]ItemRow, len(items))
	for i, it := range items {
		list[i] = ItemRow{
			N: i + 1, EntryID: it.EntryID, Class: it.Class, Folder: it.Folder, Source: it.Source, ModifiedAt: it.ModifiedAt.UTC().Truncate(time.Millisecond), Chosen: true, // as a database gives it back
		}
	}
	return list
}

// digest names a set of items, whatever their order.
func digest(list []ItemRow) string {
	ids := make([]string, len(list))
	for i, row := range list {
		ids[i] = row.EntryID
	}
	slices.Sort(ids)
	return fingerprint(ids)
}

// listing names a list by what its numbers stand for.
func listing(list []ItemRow) string {
	ids := make([]string, len(list))
	for i, row := range list {
		ids[i] = itoa(row.N) + " " + row.EntryID
	}
	return fingerprint(ids)
}

func fingerprint(ids []string) string {
	sum := sha256.Sum256([]byte(strings.Join(ids, "\n")))
	return hex.EncodeToString(sum[:8])
}

// chosen gives the rows that are to be restored.
func chosen(list []ItemRow) []ItemRow {
	return slices.DeleteFunc(slices.Clone(list), func(row ItemRow) bool { return !row.Chosen })
}

// How long Exchange keeps a deleted item where nobody set it, and an appointment in any case (Microsoft: Recoverable Items folder).
const (
	keepsDeleted      = 14 * 24 * time.Hour
	keepsAppointments = 120 * 24 * time.Hour
)

// describe takes over what a list says; keeps is how long the mailbox keeps what was deleted.
func (p *ItemPlan) describe(list []ItemRow, keeps time.Duration) {
	if keeps <= 0 {
		keeps = keepsDeleted
	}
	picked := chosen(list)
	p.Listed, p.Listing, p.Digest, p.All, p.Count = true, listing(list), digest(picked), len(list), len(picked)
	folders := map[string]int{}
	for _, row := range picked {
		at := row.ModifiedAt
		folders[row.Folder]++
		if p.Oldest.IsZero() || at.Before(p.Oldest) {
			p.Oldest = at
		}
		if at.After(p.Newest) {
			p.Newest = at
		}
		if leaves := row.leaves(keeps); !leaves.IsZero() && (p.LeavesAt.IsZero() || leaves.Before(p.LeavesAt)) {
			p.LeavesAt = leaves
		}
	}
	p.count(folders)
}

// leaves is about when Exchange deletes an item for good; zero for one that lies in Deleted Items, where nothing is purged by itself.
func (row ItemRow) leaves(keeps time.Duration) time.Time {
	if row.Source == "DeletedItems" {
		return time.Time{}
	}
	if strings.HasPrefix(strings.ToLower(row.Class), "ipm.appointment") {
		keeps = max(keeps, keepsAppointments)
	}
	return row.ModifiedAt.Add(keeps)
}

// mostFolders is how many folders a plan names: it is kept with every event of its request.
const mostFolders = 50

// count takes over how many items were in each folder.
func (p *ItemPlan) count(folders map[string]int) {
	for name, n := range folders {
		p.Folders = append(p.Folders, FolderCount{name, n})
	}
	byName := func(a, b FolderCount) int { return strings.Compare(a.Folder, b.Folder) }
	slices.SortFunc(p.Folders, func(a, b FolderCount) int { return cmp.Or(b.Items-a.Items, byName(a, b)) })
	for _, f := range p.Folders[min(mostFolders, len(p.Folders)):] {
		p.Further += f.Items
	}
	p.Folders = p.Folders[:min(mostFolders, len(p.Folders))]
	slices.SortFunc(p.Folders, byName)
}
