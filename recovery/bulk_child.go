package recovery

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// oneOfMany brings the request of one account among many to the point where its first change may be sent. What its people agreed to is
// the list: nobody is asked again, and whatever differs from the list ends it.
func (s *Service) oneOfMany(ctx context.Context, r Request) (time.Duration, error) {
	parent, wait, held, err := s.heldUp(ctx, r)
	if held || err != nil {
		return wait, err
	}
	if wait := r.Next.Sub(s.Now()); wait > 0 {
		return s.rest(ctx, r, wait)
	}
	switch r.State {
	case Submitted:
		return s.compare(ctx, r, parent)
	case Confirming, Pending: // where an earlier version left it
		return s.standFor(ctx, r, parent)
	default:
		return s.beginOne(ctx, r, parent)
	}
}

// heldUp gives the request of the list. Where an approver has stopped or paused it, or may just have, it leaves the account out or lets it
// rest, and says so.
func (s *Service) heldUp(ctx context.Context, r Request) (parent Request, wait time.Duration, held bool, err error) {
	if parent, err = s.Store.Request(ctx, r.BulkOf); err != nil {
		return parent, 0, false, fmt.Errorf("read the request of the list: %w", err)
	}
	switch hold := parent.held(); {
	case hold.Stopped:
		return parent, 0, true, s.leaveOut(ctx, r, Note{Code: NoteBulkStopped})
	case hold.Paused:
		wait, err = s.rest(ctx, r, bulkHolding)
		return parent, wait, true, err
	case slices.ContainsFunc(parent.Inbox, func(c Click) bool { return c.Action == ActBulkStop || c.Action == ActBulkPause }):
		wait, err = s.rest(ctx, r, bulkLook) // until it is decided on: nothing is begun behind the click
		return parent, wait, true, err
	}
	return parent, 0, false, nil
}

// leaveOut ends an account's request before anything was changed.
func (s *Service) leaveOut(ctx context.Context, r Request, why Note) error {
	return s.commit(ctx, r, func(r *Request) Event {
		r.Obstacle = &why
		return r.become(Cancelled, Event{Kind: EventCancelled, Note: &why})
	})
}

// compare reads the account again, and goes on if the plan is still the one on the list.
func (s *Service) compare(ctx context.Context, r, parent Request) (time.Duration, error) {
	if _, refused, err := s.mayRequest(ctx, r); err != nil || refused != nil {
		if err != nil {
			return s.stumble(ctx, r, err)
		}
		return 0, s.leaveOut(ctx, r, *refused)
	}
	d, err := s.assess(ctx, r, r.Ask)
	switch {
	case err != nil && !passes(err):
		note, _ := s.excuse(r, err)
		return 0, s.leaveOut(ctx, r, note)
	case err != nil:
		return s.stumble(ctx, r, err)
	}
	if why := d.beyondBulk(); why != nil {
		return 0, s.leaveOut(ctx, r, *why)
	}
	if d.Plan.Fingerprint() != r.Agreed {
		return 0, s.leaveOut(ctx, r, Note{Code: NoteBulkChanged})
	}
	r.Diagnosis, r.Plan = &d, d.Plan
	return s.standFor(ctx, r, parent, func(r *Request) Event {
		e := r.diagnosed(d)
		e.Note = parent.bulkNote()
		return e
	})
}

// standFor lets the yes and the approvals of the list stand for this account's, for they were given on a list that names its plan, and
// begins. All of it is one commit, with the changes that come before.
func (s *Service) standFor(ctx context.Context, r, parent Request, changes ...func(*Request) Event) (time.Duration, error) {
	given := parent.Approvals()
	if len(given) < max(r.Plan.Approvals, parent.Plan.Approvals) {
		return 0, s.leaveOut(ctx, r, Note{NotePlanDiffers, []string{"approvals"}})
	}
	if r.State != Pending {
		changes = append(changes, func(r *Request) Event {
			return r.become(Pending, Event{Kind: EventConfirmed, Note: parent.bulkNote()})
		})
	}
	r.Reviews = nil
	for _, v := range given {
		r.Reviews = append(r.Reviews, Review{By: v.By, Verdict: Approve, At: v.At, Fingerprint: r.Plan.Fingerprint()})
	}
	stand := r.Reviews
	changes = append(changes, func(r *Request) Event {
		r.Reviews = stand
		return r.become(Approved, Event{Kind: EventApproved, Note: parent.bulkNote()})
	})
	return s.beginOne(ctx, r, parent, changes...)
}

// beginOne checks that those who approved still may, reads the account once more where that is long ago, and begins, in one commit with
// the changes that come before.
func (s *Service) beginOne(ctx context.Context, r, parent Request, changes ...func(*Request) Event) (time.Duration, error) {
	f, err := s.freshFooting(ctx, r)
	if err != nil {
		return s.stumble(ctx, r, err)
	}
	f.short = f.short || len(f.stand) < parent.Plan.Approvals // a list needs more of them
	switch {
	case f.short && len(f.lost) > 0:
		return 0, s.leaveOut(ctx, r, Note{NoteApproverLost, []string{f.lost[0].By.UserID}})
	case f.short:
		return 0, s.leaveOut(ctx, r, Note{NotePlanDiffers, []string{"approvals"}})
	case len(f.diff) > 0:
		return 0, s.leaveOut(ctx, r, f.diff[0])
	}
	if _, wait, held, err := s.heldUp(ctx, r); held || err != nil { // while it was looked at
		return wait, err
	}
	return 0, s.commit(ctx, r, append(changes, func(r *Request) Event {
		r.Obstacle, r.Reviews = nil, f.stand
		return r.become(Restoring, Event{Kind: EventStarted})
	})...)
}

// freshFooting is stillRight, but for a diagnosis that was made just now.
func (s *Service) freshFooting(ctx context.Context, r Request) (footing, error) {
	if age := s.Now().Sub(r.Diagnosis.ReadAt); age < -staleFooting || age > staleFooting {
		return s.stillRight(ctx, r)
	}
	var f footing
	var err error
	if f.stand, f.lost, err = s.standingReviews(ctx, r); err != nil {
		return footing{}, err
	}
	r.Reviews = f.stand
	f.short = !r.enough()
	return f, nil
}
