package recovery

import "context"

// The emergency path, where the setting allows it: one approver decides alone, also on an own request, says why, and all approvers are told.
// It opens nothing that is closed for another reason: whoever takes it is an approver who is known and may read what comes back.

// mayEmergency says why somebody may not decide alone on this request; nil for an approver of it, where the path is open.
func (s *Service) mayEmergency(ctx context.Context, r Request, who Actor) (*Note, error) {
	if !s.Settings.Emergency {
		return &Note{Code: NoteNotOffered}, nil
	}
	refused, err := s.mayApprove(ctx, r.matter(), who)
	if refused != nil || err != nil {
		return refused, err
	}
	if refused, err = s.identified(ctx, r, who, s.Settings.approvers(r.matter())); refused != nil || err != nil {
		return refused, err
	}
	return s.benefits(ctx, r.Plan, who)
}

// mayStand says why a review does not count any more.
func (s *Service) mayStand(ctx context.Context, r Request, v Review) (*Note, error) {
	if v.Emergency {
		return s.mayEmergency(ctx, r, v.By)
	}
	return s.mayDecide(ctx, r, v.By)
}

// oneAlone says whether there is anybody who could take the emergency path.
func (s *Service) oneAlone(ctx context.Context, r Request, people []string) (bool, error) {
	if !s.Settings.Emergency {
		return false, nil
	}
	for _, id := range people {
		who := Actor{TeamID: s.Settings.TeamID, UserID: id}
		refused, err := s.mayAct(ctx, who)
		if err == nil && refused == nil {
			refused, err = s.benefits(ctx, r.Plan, who)
		}
		if err != nil && KindOf(err) != NotFound {
			return false, err
		}
		if refused == nil && err == nil {
			return true, nil
		}
	}
	return false, nil
}

// ByEmergency gives the review by which one approver decided alone on the plan in force; false where there is none.
func (r Request) ByEmergency() (Review, bool) {
	for _, v := range r.Approvals() {
		if v.Emergency {
			return v, true
		}
	}
	return Review{}, false
}
