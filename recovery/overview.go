package recovery

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Overview is what somebody sees of all requests at once.
type Overview struct {
	Approver bool
	Own      []Carded  // the person's latest
	Waiting  []Carded  // for an approver's decision, those first whose mailbox is purged first; for approvers alone, as what follows
	Running  []Carded  // approved or at work
	Purged   []Account // deleted users that are purged within seven days, the next first
}

// Carded is a request, and where its reader's card of it stands; the zero Place where there is none yet.
type Carded struct {
	Request

	Card Place
}

// soonPurged is how near its purge a deleted user is shown in an Overview.
const soonPurged = 7 * 24 * time.Hour

// Overview gives what somebody may see at once. Who cannot be proven to be an approver sees the own requests alone. It gives a Note when
// the person may see nothing here.
func (s *Service) Overview(ctx context.Context, who Actor) (Overview, *Note, error) {
	if refused, err := s.mayAct(ctx, who); refused != nil || err != nil {
		return Overview{}, refused, err
	}
	own, err := s.Store.Requests(ctx, Filter{Requester: who.UserID, Limit: 10})
	if err != nil {
		return Overview{}, nil, fmt.Errorf("list own requests: %w", err)
	}
	own = slices.DeleteFunc(own, func(r Request) bool { return r.Requester != who })
	o := Overview{Own: s.carded(ctx, CardRequester, own)}
	if refused, err := s.mayApprove(ctx, matter{}, who); refused != nil || err != nil {
		return o, nil, nil //nolint:nilerr // see above
	}
	open, err := s.Store.Requests(ctx, Filter{Open: true, ByPurge: true, Limit: 50})
	if err != nil {
		return Overview{}, nil, fmt.Errorf("list open requests: %w", err)
	}
	if open, err = decidedBy(ctx, s, who, open, Request.matter); err != nil {
		return o, nil, nil //nolint:nilerr // see above
	}
	o.Approver = true
	for _, r := range s.carded(ctx, CardApproval, open) {
		switch r.State {
		case Pending:
			o.Waiting = append(o.Waiting, r)
		case Approved, Restoring:
			o.Running = append(o.Running, r)
		}
	}
	o.Purged = s.soonPurged(ctx, who)
	return o, nil, nil
}

// carded finds the requests' cards. Without them an overview has no links, which is no reason to have none.
func (s *Service) carded(ctx context.Context, key string, list []Request) []Carded {
	var ids []int64
	for _, r := range list {
		ids = append(ids, r.ID)
	}
	cards, err := s.Store.Cards(ctx, key, ids)
	if err != nil {
		s.Logger.WarnContext(ctx, "cards not found for an overview", "error", err)
	}
	var all []Carded
	for _, r := range list {
		all = append(all, Carded{r, cards[r.ID]})
	}
	return all
}

// soonPurged gives the deleted users that an approver could decide on and that are purged soon; none where they cannot be read.
func (s *Service) soonPurged(ctx context.Context, who Actor) []Account {
	accounts, refused, err := s.Deleted(ctx, who, "")
	if refused != nil || err != nil {
		if err != nil {
			s.Logger.WarnContext(ctx, "deleted users not read for an overview", "user", who.UserID, "error", err)
		}
		return nil
	}
	now := s.Now()
	soon := slices.DeleteFunc(accounts, func(a Account) bool {
		left := a.DeletedAt.Add(Retention).Sub(now)
		return left <= 0 || left > soonPurged
	})
	slices.SortStableFunc(soon, func(a, b Account) int { return a.DeletedAt.Compare(b.DeletedAt) })
	return soon
}
