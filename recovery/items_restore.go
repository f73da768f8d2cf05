package recovery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// How much one turn does: so much fits well into a lease, and into the time that a job has.
const (
	itemsPerTurn = 20 // at least; the time bounds it
	itemTurn     = 20 * time.Second
	itemDoubts   = 3 // after so many items without an answer the turn ends
)

// itemTries is how often an item that gets no answer is tried, until it has its last try. It waits four times as long from each to
// the next, an hour before the last: a Microsoft that is down for a while is no item that cannot be had.
const itemTries = 5

// restoreItems does a turn's worth of the step that puts recoverable items back. What became of each is on the list, so that a
// turn may end anywhere.
func (s *Service) restoreItems(ctx context.Context, r Request, i int) (time.Duration, error) {
	p := r.Plan.Steps[i].Progress
	if why, err := s.grownOld(ctx, r); err != nil || why != nil {
		return s.notBegun(ctx, r, i, why, err)
	}
	if (s.Mailboxes == nil) != (r.Plan.Items.Mailbox == r.Plan.AccountID) { // Exchange was switched on or off: its ids are not Graph's
		return s.stepTrouble(ctx, r, i, &Error{Kind: Unavailable, Op: "restore items", Detail: "MAILBACK_EXCHANGE was changed"}, mark{p.Acted, r.ChangedAt})
	}
	if p.Items == nil {
		return s.beginItems(ctx, r, i)
	}
	next, err := s.Lists.NextItems(ctx, r.ID, max(itemsPerTurn, p.Items.Chosen/20)) // a twentieth: progress is told by tenths
	if err != nil {
		return 0, fmt.Errorf("read the list of items: %w", err)
	}
	if len(next) == 0 {
		return 0, s.endItems(ctx, r, i)
	}
	if wait := next[0].rests(s.Now()); wait > 0 {
		return wait, s.commit(ctx, r, func(r *Request) Event { r.Next = s.Now().Add(wait); return Event{} })
	}
	if next[0].last() { // those with fewer tries come first, so that no other is left
		if _, err := s.listed(ctx, r); err != nil { // then the trouble is not the items'
			return s.stepTrouble(ctx, r, i, err, mark{p.Acted, r.ChangedAt})
		}
	}
	return s.tryItems(ctx, r, i, next)
}

// last says whether the next try of an item is its last one.
func (row ItemRow) last() bool { return row.Tries >= itemTries }

// tryItems spends a turn on items.
func (s *Service) tryItems(ctx context.Context, r Request, i int, next []ItemRow) (time.Duration, error) {
	before := mark{r.Plan.Steps[i].Progress.Acted, r.ChangedAt}
	r, err := s.intend(ctx, r, i, nil)
	if err != nil {
		return 0, err
	}
	sent, trouble := s.someItems(ctx, r, next)
	if sent { // something may have been changed
		before = mark{r.Plan.Steps[i].Progress.Acted, r.ChangedAt}
	}
	counts, err := s.countItems(ctx, r.ID)
	if err != nil {
		return 0, err
	}
	if trouble == nil {
		return s.itemsWent(ctx, r, i, counts)
	}
	if r, err = s.keepCounts(ctx, r, i, counts); err != nil {
		return 0, err
	}
	return s.stepTrouble(ctx, r, i, trouble, before)
}

// lasting is for what must be recorded even when the turn's time is up.
func lasting(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), commitTime)
}

func (s *Service) countItems(ctx context.Context, id int64) (ItemCounts, error) {
	ctx, cancel := lasting(ctx)
	defer cancel()
	counts, err := s.Lists.CountItems(ctx, id)
	if err != nil {
		return ItemCounts{}, fmt.Errorf("count the items: %w", err)
	}
	return counts, nil
}

// itemsWent ends a turn in which items were done; people are told each tenth.
func (s *Service) itemsWent(ctx context.Context, r Request, i int, counts ItemCounts) (time.Duration, error) {
	told := r.Plan.Steps[i].Progress.Items.tenth() != counts.tenth() || r.Plan.Steps[i].Progress.Problem != nil
	wait := time.Duration(0)
	if !told {
		wait = 100 * time.Millisecond
	}
	return wait, s.commit(ctx, r, func(r *Request) Event {
		p := &r.Plan.Steps[i].Progress
		p.Items, p.Answered, p.Problem, p.Failures = &counts, true, nil, 0
		r.Tries, r.Next = 0, time.Time{}
		if !told {
			return Event{}
		}
		return Event{Kind: EventProgress, Step: StepItems}
	})
}

// keepCounts notes how far the items are, whatever becomes of the turn.
func (s *Service) keepCounts(ctx context.Context, was Request, i int, counts ItemCounts) (Request, error) {
	ctx, cancel := lasting(ctx)
	defer cancel()
	return s.Store.Update(ctx, was.ID, func(r *Request) (Event, error) {
		if !r.Lease.same(was.Lease) {
			return Event{}, errLost
		}
		r.Plan.Steps[i].Progress.Items = &counts
		return Event{}, nil
	})
}

// rests is how long an item whose last try had no answer is left alone: Exchange may still be at it.
func (row ItemRow) rests(now time.Time) time.Duration {
	if row.Tries == 0 {
		return 0
	}
	pause := repeatUncertain << (2 * min(row.Tries-1, itemTries-1)) // 15 s, 1 min, 4 min, 16 min, 64 min
	return row.Began.Add(pause).Sub(now)
}

// beginItems makes sure of the list. The owner's was agreed to, and is compared with what was agreed; for anybody else it is
// read only now.
func (s *Service) beginItems(ctx context.Context, r Request, i int) (time.Duration, error) {
	plan := r.Plan.Items
	var list []ItemRow
	var err error
	switch {
	case r.Plan.Steps[i].Progress.Attempt > 0:
		err = s.Lists.ReopenItems(ctx, r.ID)
	case plan.Listed:
		list, err = s.Lists.ItemRows(ctx, r.ID)
		if err == nil && digest(chosen(list)) != plan.Digest {
			return s.notBegun(ctx, r, i, &Note{Code: NoteItemsDiffer}, nil)
		}
	default:
		var why *Note
		if _, why, err = s.readList(ctx, r, plan); why != nil {
			return s.notBegun(ctx, r, i, why, nil)
		}
	}
	if err != nil {
		return s.stepTrouble(ctx, r, i, err, mark{r.Plan.Steps[i].Progress.Acted, r.ChangedAt})
	}
	counts, err := s.countItems(ctx, r.ID)
	if err != nil {
		return 0, err
	}
	return 0, s.commit(ctx, r, func(r *Request) Event {
		p := &r.Plan.Steps[i].Progress
		p.Items, p.Problem, p.Failures = &counts, nil, 0
		if p.Began.IsZero() {
			p.Began = s.Now()
		}
		return Event{Kind: EventProgress, Step: StepItems}
	})
}

// endItems ends the step: every item has its result.
func (s *Service) endItems(ctx context.Context, r Request, i int) error {
	counts, err := s.countItems(ctx, r.ID)
	if err != nil {
		return err
	}
	now := s.Now()
	return s.commit(ctx, r, func(r *Request) Event {
		p := &r.Plan.Steps[i].Progress
		p.Items, p.Done, p.Problem, p.Failures = &counts, now, nil, 0
		r.Tries, r.Next = 0, time.Time{}
		return Event{Kind: EventStep, Step: StepItems, Result: StepDone}
	})
}

// someItems restores items one after the other until the turn's time is over. It says whether a call was made that changes
// something, and what stands in the way of all items. An item without an answer is passed over: if others get theirs, the trouble is
// its own.
func (s *Service) someItems(ctx context.Context, r Request, next []ItemRow) (sent bool, err error) {
	start, answered := s.Now(), false
	var doubts []error
	for _, row := range next {
		if len(doubts) == itemDoubts || s.Now().Sub(start) >= itemTurn || ctx.Err() != nil || s.stopping() ||
			row.rests(s.Now()) > 0 || row.last() != next[0].last() {
			break
		}
		row, err := s.oneItem(ctx, r, row)
		sent = sent || row.Sent || row.Result == ItemRestored
		if doubt, ok := errors.AsType[itemDoubt](err); ok {
			doubts = append(doubts, doubt.error)
			continue
		}
		if err != nil {
			return sent, err
		}
		answered = true
	}
	if answered || len(doubts) == 0 {
		return sent, nil
	}
	return sent, doubts[0]
}

// stopping says whether the process is told to stop. An item that is under way gets its answer then, which a cancelled call would lose, and
// no other is begun.
func (s *Service) stopping() bool { return s.Stopping != nil && s.Stopping() }

// itemDoubt is the trouble of an item that got no answer.
type itemDoubt struct{ error }

func (d itemDoubt) Unwrap() error { return d.error }

// oneItem restores an item by its id and notes what became of it. That it is begun is noted before: whoever comes after a crash
// must know that it may have been restored.
func (s *Service) oneItem(ctx context.Context, r Request, row ItemRow) (ItemRow, error) {
	begun := row
	begun.Began, begun.Tries, begun.Sent = s.Now(), row.Tries+1, true
	if err := s.Lists.UpdateItems(ctx, r.ID, begun); err != nil {
		return row, fmt.Errorf("note that an item is begun: %w", err)
	}
	res, err := s.Items.RestoreItem(ctx, r.Plan.Items.Mailbox, row.EntryID, r.itemFolder())
	if err != nil && KindOf(err) != NotFound {
		s.Logger.WarnContext(ctx, "item not restored", "request", r.Ref(), "item", row.N, "tries", begun.Tries, "sent", res.Sent, "error", err)
	}
	tried, trouble := row.tried(s.Now(), res, err)
	keep, cancel := lasting(ctx)
	defer cancel()
	if err := s.Lists.UpdateItems(keep, r.ID, tried); err != nil {
		return begun, fmt.Errorf("note what became of an item: %w", err)
	}
	return tried, trouble
}

// tried is the row after a try. It gives an error where the try has no end: an itemDoubt that may be the item's own, else what
// stands in the way of all items.
func (row ItemRow) tried(now time.Time, res ItemResult, err error) (ItemRow, error) {
	e, _ := errors.AsType[*Error](err)
	switch KindOf(err) {
	case "":
		row.Result, row.RestoredTo = ItemFailed, res.Folder
		if res.Restored {
			row.Result = ItemRestored
		}
	case NotFound:
		switch {
		case e.Detail == NoMailbox: // it may come back: the item is not gone with it
			return row, &Error{Kind: Unavailable, Op: e.Op, Detail: NoMailbox, Err: err}
		case row.Sent && e.Detail != NotBack:
			row.Result = ItemUnknown
		default:
			row.Result = ItemGone
		}
	case Invalid, Conflict:
		row.Result = ItemFailed
	case Unavailable, Incomplete, Internal:
		row.Sent = row.Sent || res.Sent
		if !row.last() {
			row.Began, row.Tries = now, row.Tries+1
			return row, itemDoubt{err}
		}
		row.Result = ItemUnknown // until the proof
	default: // throttled, forbidden or signed out: it was not done
		return row, err
	}
	row.Began = now
	return row, nil
}

// itemFolder is the folder for items whose own is gone.
func (r Request) itemFolder() string { return "Restored " + r.CreatedAt.UTC().Format(time.DateOnly) }

// proveItems reads the list of recoverable items once more: what was restored must not be on it, where it was, any longer. One
// that is still there counts as failed.
func (s *Service) proveItems(ctx context.Context, r Request) (time.Duration, error) {
	changed, err := s.seenNow(ctx, r)
	if err != nil {
		return s.unproven(ctx, r, err)
	}
	if len(changed) > 0 && s.Now().Sub(r.lastDone()) < proofLag {
		wait := backoff(r.Tries, time.Minute)
		return wait, s.commit(ctx, r, func(r *Request) Event { r.Tries++; r.Next = s.Now().Add(wait); return Event{} })
	}
	for rows := range slices.Chunk(changed, rowsAtOnce) {
		if err := s.Lists.UpdateItems(ctx, r.ID, rows...); err != nil {
			return 0, fmt.Errorf("note what became of items: %w", err)
		}
	}
	list, err := s.Lists.ItemRows(ctx, r.ID)
	if err != nil {
		return 0, fmt.Errorf("read the list of items: %w", err)
	}
	proof := r.itemProof(chosen(list), s.Now())
	return 0, s.commit(ctx, r, func(r *Request) Event {
		for i := range r.Plan.Steps {
			if p := &r.Plan.Steps[i].Progress; p.Items != nil {
				p.Items = proof.Items
			}
		}
		return r.proven(proof)
	})
}

// rowsAtOnce is how many rows are written at once: little enough to be done in a moment.
const rowsAtOnce = 500

// seenNow gives the items of which the list of recoverable items tells something else than the answers did.
func (s *Service) seenNow(ctx context.Context, r Request) ([]ItemRow, error) {
	list, err := s.Lists.ItemRows(ctx, r.ID)
	if err != nil {
		return nil, fmt.Errorf("read the list of items: %w", err)
	}
	where, err := s.listed(ctx, r)
	if err != nil {
		return nil, err
	}
	var changed []ItemRow
	for _, row := range list {
		if seen := row.seen(where); seen != row.Result {
			row.Result, row.RestoredTo = seen, ""
			changed = append(changed, row)
		}
	}
	return changed, nil
}

// seen is what became of an item by where it is listed now.
func (row ItemRow) seen(where map[string]string) ItemState {
	source, listed := where[row.EntryID]
	switch {
	case row.Result != ItemRestored && row.Result != ItemUnknown:
		return row.Result
	case listed && source == row.Source:
		return ItemFailed
	case row.Result == ItemRestored || row.Sent:
		return row.Result
	case listed:
		return ItemFailed
	default: // so it was not us who took it away
		return ItemGone
	}
}

// listed reads where the items that fit are now: their sources, by EntryID.
func (s *Service) listed(ctx context.Context, r Request) (map[string]string, error) {
	items, err := s.Items.Items(ctx, r.Plan.Items.Mailbox, r.Plan.Items.filter())
	if err != nil {
		return nil, fmt.Errorf("list the recoverable items: %w", err)
	}
	where := make(map[string]string, len(items))
	for _, it := range items {
		where[it.EntryID] = it.Source
	}
	return where, nil
}

// itemProof sums up what became of the items.
func (r Request) itemProof(list []ItemRow, now time.Time) Proof {
	var counts ItemCounts
	dated := 0
	for _, row := range list {
		counts.Add(row.Result, 1)
		if row.Result == ItemRestored && row.RestoredTo == r.itemFolder() {
			dated++
		}
	}
	p := Proof{ReadAt: now, SignInName: r.Plan.SignInName, Items: &counts}
	if counts.Failed > 0 {
		p.Missing = append(p.Missing, Note{NoteItemsFailed, []string{itoa(counts.Failed)}})
	}
	if counts.Unknown > 0 {
		p.Missing = append(p.Missing, Note{NoteItemsUnknown, []string{itoa(counts.Unknown)}})
	}
	gone := Note{NoteItemsGone, []string{itoa(counts.Gone)}}
	switch {
	case counts.Gone > 0 && counts.Restored == 0: // nothing came back, which is no success
		p.Missing = append(p.Missing, gone)
	case counts.Gone > 0:
		p.Notes = append(p.Notes, gone)
	}
	if dated > 0 {
		p.Notes = append(p.Notes, Note{NoteItemsDated, []string{itoa(dated), r.itemFolder()}})
	}
	return p
}
