package commands

import (
	"fmt"
	"time"

	"mailback/recovery"
)

// about gives the key of words about items or about many mailboxes, where the request is about such and there are such words.
func (s *scene) about(key string) string {
	if s.r.Ask.Items != nil && s.requester().has(key+".items") {
		return key + ".items"
	}
	if s.r.Ask.Bulk != nil && s.requester().has(key+".bulk") {
		return key + ".bulk"
	}
	return key
}

// ownItems says whether the requester may tick items: proven to be the mailbox's owner.
func (s *scene) ownItems() bool {
	return !s.r.Replan && s.r.Plan != nil && s.r.Plan.Items != nil && s.r.Plan.Items.Owner
}

// itemPlan says which items will come back, and how. What their text says is never on a card.
func (c *card) itemPlan(p *recovery.Plan, now time.Time) {
	c.list(c.say("items.title"), append(c.itemFilter(p.Items), c.itemList(p.Items, now)...))
	var steps []markup
	for _, st := range p.Steps {
		steps = append(steps, c.step(st))
	}
	c.list(c.say("plan.title"), steps)
	c.list(c.say("warn.title"), c.notes(p.Warnings))
}

// itemFilter shows what was asked for, the days as an interval.
func (w reader) itemFilter(p *recovery.ItemPlan) []markup {
	var lines []markup
	switch {
	case !p.After.IsZero() && !p.Before.IsZero():
		lines = append(lines, w.say("items.between", w.when(p.After), w.when(p.Before)))
	case !p.After.IsZero():
		lines = append(lines, w.say("items.after", w.when(p.After)))
	case !p.Before.IsZero():
		lines = append(lines, w.say("items.before", w.when(p.Before)))
	}
	if p.Type != "" {
		lines = append(lines, w.say("items.type", w.oneOf("item.type.", p.Type)))
	}
	if p.Folder != "" {
		lines = append(lines, w.say("items.folder", p.Folder))
	}
	return lines
}

// itemList says what the list holds, or that it is read only once the request is approved.
func (w reader) itemList(p *recovery.ItemPlan, now time.Time) []markup {
	if !p.Listed {
		return []markup{w.say("items.unlisted")}
	}
	lines := []markup{w.say("items.whole", w.count("items", p.Count))}
	if p.Count < p.All {
		lines = []markup{w.say("items.ticked", w.count("items", p.Count), p.All)}
	}
	if p.Count > 0 {
		lines = append(lines, w.say("items.from-to", w.when(p.Oldest), w.when(p.Newest)), w.folders(p))
	}
	switch {
	case p.LeavesAt.IsZero():
	case p.LeavesAt.After(now):
		lines = append(lines, w.say("items.leave", w.when(p.LeavesAt), w.left(p.LeavesAt, now)))
	default:
		lines = append(lines, w.say("items.leave.now"))
	}
	return lines
}

// folders names the folders that the items were in; all beyond maxListed are one number.
func (w reader) folders(p *recovery.ItemPlan) markup {
	names, further := []string{}, p.Further
	for i, f := range p.Folders {
		switch {
		case i >= maxListed:
			further += f.Items
		case f.Folder == "":
			names = append(names, fmt.Sprintf("%s (%d)", w.plain("form.items.no-folder"), f.Items))
		default:
			names = append(names, fmt.Sprintf("%s (%d)", cut(clean(f.Folder), maxFolder), f.Items))
		}
	}
	if further > 0 {
		return w.say("items.folders.more", literals(names), w.count("items", further))
	}
	return w.say("items.folders", literals(names))
}

// maxFolder is how much of a folder's path is shown, in units.
const maxFolder = 120

// itemProgress says how far the items are, while they are being put back.
func (c *card) itemProgress(p *recovery.Plan) {
	for _, st := range p.Steps {
		if n := st.Progress.Items; n != nil && st.Progress.Done.IsZero() {
			c.para(c.say("items.progress", n.Chosen-n.Left(), n.Chosen), c.itemCounts(*n))
		}
	}
}

// itemCounts counts what became of the items.
func (w words) itemCounts(n recovery.ItemCounts) markup {
	if n.Unknown > 0 {
		return w.say("items.counts.unknown", n.Restored, n.Gone, n.Failed, n.Unknown)
	}
	return w.say("items.counts", n.Restored, n.Gone, n.Failed)
}
