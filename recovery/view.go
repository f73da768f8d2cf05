package recovery

import (
	"context"
	"time"
)

// viewTime is how long it may take to find out whether somebody may see what approvers see: nothing else waits longer for it.
const viewTime = 2 * time.Second

// seesAll says whether somebody is proven, now, to be an approver.
func (s *Service) seesAll(ctx context.Context, who Actor) bool {
	ctx, cancel := context.WithTimeout(ctx, viewTime)
	defer cancel()
	refused, err := s.mayApprove(ctx, who)
	return refused == nil && err == nil
}

// limit takes the approvers' view from a requester who is no approver any more, or cannot be proven to be one, before anything else
// is shown.
func (s *Service) limit(ctx context.Context, was Request) (Request, error) {
	if !was.Reader.Approver || s.seesAll(ctx, was.Requester) {
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
