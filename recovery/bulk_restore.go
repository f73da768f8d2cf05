package recovery

import (
	"context"
	"fmt"
	"time"
)

// How a request for many goes on: so many accounts at a time, of which most wait for their mailbox; a look at them as often; and an
// edit of the cards no more often than people read and Slack likes.
const (
	bulkOpen    = 600
	bulkBegin   = 200 // in one turn
	bulkLook    = time.Second
	bulkTell    = 6 * time.Second
	bulkHolding = 5 * time.Second // how often an account that waits looks whether the pause is over
)

// restoreBulk does a turn's worth of the step that brings many mailboxes back: it takes over what ended, and begins the next. Each
// account has a request of its own, found again by its key after a crash.
func (s *Service) restoreBulk(ctx context.Context, r Request, i int) (time.Duration, error) {
	rows, err := s.Bulk.BulkRows(ctx, r.ID)
	if err != nil {
		return 0, fmt.Errorf("read the list: %w", err)
	}
	if r.Plan.Steps[i].Progress.Bulk == nil { // before the first is begun
		began := s.Now()
		return 0, s.commit(ctx, r, func(r *Request) Event {
			p := &r.Plan.Steps[i].Progress
			p.Began, p.Bulk = began, &BulkProgress{BulkCounts: countBulk(rows), ToldAt: began}
			r.ChangedAt = began
			return Event{Kind: EventProgress, Step: StepBulk}
		})
	}
	hold := *r.Plan.Steps[i].Progress.Bulk
	if err := s.harvest(ctx, r, rows); err != nil {
		return 0, err
	}
	switch {
	case hold.Stopped:
		err = s.leaveRest(ctx, r, rows)
	case !hold.Paused:
		err = s.beginRows(ctx, r, rows)
	}
	if err != nil {
		return 0, err
	}
	now, c := s.Now(), countBulk(rows)
	if c.Left() == 0 {
		return 0, s.endBulk(ctx, r, i, c)
	}
	wait := bulkLook
	if c.Running == 0 && hold.Paused {
		wait = bulkTell
	}
	tell := c != hold.BulkCounts && now.Sub(hold.ToldAt) >= bulkTell
	return wait, s.commit(ctx, r, func(r *Request) Event {
		r.Next = now.Add(wait)
		if !tell {
			return Event{}
		}
		p := r.Plan.Steps[i].Progress.Bulk
		p.BulkCounts, p.ToldAt = c, now
		return Event{Kind: EventProgress, Step: StepBulk}
	})
}

// harvest takes over what became of accounts whose requests have ended.
func (s *Service) harvest(ctx context.Context, r Request, rows []BulkRow) error {
	ended := pickRows(rows, func(row BulkRow) bool { return row.open() && row.Child != 0 && !row.State.Open() })
	for _, row := range ended {
		child, err := s.Store.Request(ctx, row.Child)
		if err != nil {
			return fmt.Errorf("read the request of row %d: %w", row.N, err)
		}
		row.Result, row.Note = child.bulkResult()
	}
	return s.keepRows(ctx, r, ended)
}

// pickRows gives the rows that are so.
func pickRows(rows []BulkRow, so func(BulkRow) bool) (picked []*BulkRow) {
	for i := range rows {
		if so(rows[i]) {
			picked = append(picked, &rows[i])
		}
	}
	return picked
}

// keepRows records what is known of these rows.
func (s *Service) keepRows(ctx context.Context, r Request, rows []*BulkRow) error {
	if len(rows) == 0 {
		return nil
	}
	changed := make([]BulkRow, len(rows))
	for i, row := range rows {
		changed[i] = *row
	}
	if err := s.Bulk.UpdateBulk(ctx, r.ID, changed...); err != nil {
		return fmt.Errorf("keep the list: %w", err)
	}
	return nil
}

// bulkResult says what the end of an account's request means for its row.
func (r Request) bulkResult() (BulkResult, *Note) {
	why := r.Obstacle
	if why == nil && r.Proof != nil && len(r.Proof.Missing) > 0 {
		why = &r.Proof.Missing[0]
	}
	switch r.State {
	case Succeeded:
		return BulkDone, nil
	case Partial:
		return BulkPartly, why
	case Failed:
		return BulkFailed, why
	default:
		if why == nil {
			why = &Note{NoteState, []string{string(r.State)}}
		}
		return BulkSkipped, why
	}
}

// leaveRest ends the rows that were not begun when an approver stopped the request.
func (s *Service) leaveRest(ctx context.Context, r Request, rows []BulkRow) error {
	rest := pickRows(rows, func(row BulkRow) bool { return row.open() && row.Child == 0 })
	for _, row := range rest {
		row.Result, row.Note = BulkSkipped, &Note{Code: NoteBulkStopped}
	}
	return s.keepRows(ctx, r, rest)
}

// beginRows makes the requests of the next accounts, in the order in which they are purged.
func (s *Service) beginRows(ctx context.Context, r Request, rows []BulkRow) error {
	free := max(0, bulkOpen-countBulk(rows).Running)
	next := pickRows(rows, func(row BulkRow) bool { return row.open() && row.Child == 0 })
	next = next[:min(len(next), free, bulkBegin)]
	for _, row := range next {
		child, err := s.child(ctx, r, *row)
		if err != nil {
			return err
		}
		row.Child = child.ID
	}
	return s.keepRows(ctx, r, next)
}

// child makes the request of one row, or finds it.
func (s *Service) child(ctx context.Context, r Request, row BulkRow) (Request, error) {
	now := s.Now()
	c := Request{
		UUID: newUUID(), Key: fmt.Sprintf("bulk:%d:%d", r.ID, row.N), State: Submitted, EnteredAt: now, CreatedAt: now,
		BulkOf: r.ID, Agreed: row.Fingerprint, Requester: r.Requester, Reader: Reader{Language: r.Reader.Language},
		Ask: Ask{Query: Query{ByObjectID, row.AccountID}, Reason: r.Ask.Reason, Ticket: r.Ask.Ticket},
	}
	c, _, err := s.Store.Create(ctx, c, Event{At: now, Kind: EventAsked, By: r.Requester, To: Submitted, Note: r.bulkNote()})
	if err != nil {
		return Request{}, fmt.Errorf("begin row %d: %w", row.N, err)
	}
	return c, nil
}

// bulkNote names the request for many, with the digest of its list, in what happens to one account.
func (r Request) bulkNote() *Note { return &Note{NoteBulkOf, []string{r.Ref(), r.Plan.Bulk.Digest}} }

// endBulk ends the request by what was read back of each account.
func (s *Service) endBulk(ctx context.Context, r Request, i int, c BulkCounts) error {
	readers, err := s.approverIDs(ctx, r)
	if err != nil {
		return err
	}
	now := s.Now()
	return s.commit(ctx, r, func(r *Request) Event {
		p := &r.Plan.Steps[i].Progress
		p.Done, p.Bulk.BulkCounts, p.Bulk.ToldAt = now, c, now
		r.Readers, r.Proof = readers, &Proof{ReadAt: now, Bulk: &c}
		next := Succeeded
		switch {
		case c.Done == 0 && c.Partly == 0:
			next = Failed
		case c.Done < r.Plan.Bulk.Count:
			next = Partial
		}
		return r.become(next, Event{Kind: EventEnded, Step: StepBulk, Result: StepDone})
	})
}

// held gives how far the request for many is, with what approvers want of it; the zero value for any other.
func (r Request) held() BulkProgress {
	if r.Plan == nil {
		return BulkProgress{}
	}
	for _, st := range r.Plan.Steps {
		if st.Progress.Bulk != nil {
			return *st.Progress.Bulk
		}
	}
	return BulkProgress{}
}

// holdAllows says why a request for many does not take what an approver wants of it.
func (r *Request) holdAllows(c Click, wrong *Note) *Note {
	hold := r.held()
	switch {
	case r.State != Restoring || hold.ToldAt.IsZero() || hold.Stopped:
		return wrong
	case c.Plan != r.Plan.Fingerprint():
		return &Note{Code: NoteOldMessage}
	case c.Action == ActBulkPause && hold.Paused, c.Action == ActBulkResume && !hold.Paused:
		return &Note{Code: NoteTwice}
	}
	return nil
}

// hold does what an approver wants of a request for many.
func (r *Request) hold(c Click, now time.Time) Event {
	p := r.Plan.Steps[r.atHand()].Progress.Bulk
	p.By, p.Since = c.By, now
	e := Event{Step: StepBulk, Note: r.bulkNote()}
	switch c.Action {
	case ActBulkPause:
		p.Paused, e.Kind = true, EventPaused
	case ActBulkResume:
		p.Paused, e.Kind = false, EventWentOn
	default:
		p.Paused, p.Stopped, e.Kind = false, true, EventStopped
	}
	r.Next = time.Time{}
	return e
}
