package recovery

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// How much one turn does: so much fits well into a lease, and into the time that a job has.
const (
	itemsPerTurn = 20
	itemTurn     = 20 * time.Second
)

// restoreItems does a turn's worth of the step that puts recoverable items back. What became of each is on the list, so that a
// turn may end anywhere.
func (s *Service) restoreItems(ctx context.Context, r Request, i int) (time.Duration, error) {
	p := r.Plan.Steps[i].Progress
	before := mark{p.Acted, r.ChangedAt}
	if why, err := s.grownOld(ctx, r); err != nil || why != nil {
		return s.notBegun(ctx, r, i, why, err)
	}
	if (s.Mailboxes == nil) != (r.Plan.Items.Mailbox == r.Plan.AccountID) { // Exchange was switched on or off: its ids are not Graph's
		return s.stepTrouble(ctx, r, i, &Error{Kind: Unavailable, Op: "restore items", Detail: "MAILBACK_EXCHANGE was changed"}, before)
	}
	if p.Items == nil {
		return s.beginItems(ctx, r, i)
	}
	next, err := s.Lists.NextItems(ctx, r.ID, itemsPerTurn)
	if err != nil {
		return 0, fmt.Errorf("read the list of items: %w", err)
	}
	if len(next) == 0 {
		return 0, s.endItems(ctx, r, i)
	}
	if wait := tooSoon(next[0], s.Now()); wait > 0 {
		return wait, s.commit(ctx, r, func(r *Request) Event { r.Next = s.Now().Add(wait); return Event{} })
	}
	if r, err = s.intend(ctx, r, i, nil); err != nil {
		return 0, err
	}
	trouble := s.someItems(ctx, r, next)
	counts, err := s.Lists.CountItems(context.WithoutCancel(ctx), r.ID)
	if err != nil {
		return 0, fmt.Errorf("count the items: %w", err)
	}
	if trouble != nil {
		if counts.Restored > 0 || uncertain(r.Plan.Steps[i], trouble) || KindOf(trouble) == Internal {
			before = mark{r.Plan.Steps[i].Progress.Acted, r.ChangedAt}
		}
		if r, err = s.keepCounts(ctx, r, i, counts); err != nil {
			return 0, err
		}
		return s.stepTrouble(ctx, r, i, trouble, before)
	}
	return s.itemsWent(ctx, r, i, counts)
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
	return s.Store.Update(context.WithoutCancel(ctx), was.ID, func(r *Request) (Event, error) {
		if !r.Lease.same(was.Lease) {
			return Event{}, errLost
		}
		r.Plan.Steps[i].Progress.Items = &counts
		return Event{}, nil
	})
}

// tooSoon is how long an item that was begun without a known end is left alone: Exchange may still be at it.
func tooSoon(row ItemRow, now time.Time) time.Duration {
	if row.Began.IsZero() {
		return 0
	}
	return row.Began.Add(repeatUncertain).Sub(now)
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
		if list, err = s.readList(ctx, r.ID, plan); err == nil && len(list) == 0 {
			return s.notBegun(ctx, r, i, &Note{Code: NoteNoItems}, nil)
		}
	}
	if err != nil {
		return s.stepTrouble(ctx, r, i, err, mark{r.Plan.Steps[i].Progress.Acted, r.ChangedAt})
	}
	counts, err := s.Lists.CountItems(ctx, r.ID)
	if err != nil {
		return 0, fmt.Errorf("count the items: %w", err)
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
	counts, err := s.Lists.CountItems(ctx, r.ID)
	if err != nil {
		return fmt.Errorf("count the items: %w", err)
	}
	now := s.Now()
	return s.commit(ctx, r, func(r *Request) Event {
		p := &r.Plan.Steps[i].Progress
		p.Items, p.Done, p.Problem, p.Failures = &counts, now, nil, 0
		r.Tries, r.Next = 0, time.Time{}
		return Event{Kind: EventStep, Step: StepItems}
	})
}

// someItems restores items one after the other until the turn's time is over. Its error stands in the way of all of them; what is
// an item's own trouble is that item's result.
func (s *Service) someItems(ctx context.Context, r Request, next []ItemRow) error {
	start := s.Now()
	for _, row := range next {
		if s.Now().Sub(start) >= itemTurn || tooSoon(row, s.Now()) > 0 {
			return nil
		}
		if err := s.oneItem(ctx, r, row); err != nil {
			return err
		}
	}
	return nil
}

// oneItem restores an item by its id and notes what became of it. One that was begun before and is gone was restored by us.
func (s *Service) oneItem(ctx context.Context, r Request, row ItemRow) error {
	begun := !row.Began.IsZero()
	if !begun {
		if err := s.Lists.BeginItem(ctx, r.ID, row.N, s.Now()); err != nil {
			return fmt.Errorf("note that an item is begun: %w", err)
		}
	}
	res, err := s.Items.RestoreItem(ctx, r.Plan.Items.Mailbox, row.EntryID, r.itemFolder())
	// What was done must not be forgotten, even when the turn's time is up.
	keep, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTime)
	defer cancel()
	result := ItemRestored
	if e, ok := errors.AsType[*Error](err); ok && e.Kind == NotFound && e.Detail == NoMailbox {
		return &Error{Kind: Unavailable, Op: e.Op, Detail: NoMailbox, Err: err} // it may come back: the item is not gone with it
	}
	switch KindOf(err) {
	case "":
		if !res.Restored {
			result = ItemFailed
		}
	case NotFound:
		if !begun {
			result = ItemGone
		}
	case Invalid, Conflict:
		s.Logger.WarnContext(ctx, "item not restored", "request", r.Ref(), "item", row.N, "error", err)
		result = ItemFailed
	case Throttled, Forbidden, SignedOut: // it was not done
		if !begun {
			err = errors.Join(err, s.Lists.BeginItem(keep, r.ID, row.N, time.Time{}))
		}
		return err
	default:
		return err
	}
	if err := s.Lists.SettleItem(keep, r.ID, row.N, result, res.Folder); err != nil {
		return fmt.Errorf("note what became of an item: %w", err)
	}
	return nil
}

// itemFolder is the folder for items whose own is gone.
func (r Request) itemFolder() string { return "Restored " + r.CreatedAt.UTC().Format(time.DateOnly) }

// proveItems reads the list of recoverable items once more: what was restored must not be on it, where it was, any longer. One
// that is still there counts as failed.
func (s *Service) proveItems(ctx context.Context, r Request) (time.Duration, error) {
	still, err := s.stillListed(ctx, r)
	if err != nil {
		return s.unproven(ctx, r, err)
	}
	if len(still) > 0 && s.Now().Sub(r.lastDone()) < proofLag {
		wait := backoff(r.Tries, time.Minute)
		return wait, s.commit(ctx, r, func(r *Request) Event { r.Tries++; r.Next = s.Now().Add(wait); return Event{} })
	}
	for _, row := range still {
		if err := s.Lists.SettleItem(ctx, r.ID, row.N, ItemFailed, ""); err != nil {
			return 0, fmt.Errorf("note what became of an item: %w", err)
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

// stillListed gives the items that were restored and are listed where they were.
func (s *Service) stillListed(ctx context.Context, r Request) ([]ItemRow, error) {
	list, err := s.Lists.ItemRows(ctx, r.ID)
	if err != nil {
		return nil, fmt.Errorf("read the list of items: %w", err)
	}
	items, err := s.Items.Items(ctx, r.Plan.Items.Mailbox, r.Plan.Items.filter())
	if err != nil {
		return nil, fmt.Errorf("list the recoverable items: %w", err)
	}
	where := make(map[string]string, len(items))
	for _, it := range items {
		where[it.EntryID] = it.Source
	}
	var still []ItemRow
	for _, row := range list {
		if source, there := where[row.EntryID]; there && row.Result == ItemRestored && source == row.Source {
			still = append(still, row)
		}
	}
	return still, nil
}

// itemProof sums up what became of the items.
func (r Request) itemProof(list []ItemRow, now time.Time) Proof {
	counts, dated := ItemCounts{Chosen: len(list)}, 0
	for _, row := range list {
		switch row.Result {
		case ItemRestored:
			counts.Restored++
			if row.RestoredTo == r.itemFolder() {
				dated++
			}
		case ItemGone:
			counts.Gone++
		case ItemFailed:
			counts.Failed++
		}
	}
	p := Proof{ReadAt: now, SignInName: r.Plan.SignInName, Items: &counts}
	if counts.Failed > 0 {
		p.Missing = append(p.Missing, Note{NoteItemsFailed, []string{itoa(counts.Failed)}})
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
