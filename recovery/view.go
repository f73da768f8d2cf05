package recovery

import (
	"context"
	"time"
)

// viewTime is how long it may take to find out whether somebody may see what approvers see: nothing else waits longer for it.
const viewTime = 2 * time.Second

// seesAll says whether a request's requester is proven, now, to be an approver of it.
func (s *Service) seesAll(ctx context.Context, r Request) bool {
	ctx, cancel := context.WithTimeout(ctx, viewTime)
	defer cancel()
	refused, err := s.mayApprove(ctx, r.matter(), r.Requester)
	return refused == nil && err == nil
}

// limit takes the approvers' view from a requester who is no approver any more, or cannot be proven to be one, before anything else
// is shown.
func (s *Service) limit(ctx context.Context, was Request) (Request, error) {
	if !was.Reader.Approver || s.seesAll(ctx, was) {
		return was, nil
	}
	return s.Store.Update(ctx, was.ID, func(r *Request) (Event, error) {
		if !r.Lease.same(was.Lease) {
			return Event{}, errLost
		}
		r.Reader.Approver = false
		return Event{}, nil
	})
}
