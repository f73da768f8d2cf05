package recovery

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// standing says why a person may do nothing here at all; nil for a full member of the workspace.
func (s Settings) standing(p Person) *Note {
	switch {
	case p.External || p.TeamID != s.TeamID:
		return &Note{Code: NoteExternal}
	case p.Bot:
		return &Note{Code: NoteBot}
	case p.Deleted || p.Invited:
		return &Note{Code: NoteDeactivated}
	case p.Guest:
		return &Note{Code: NoteGuest}
	default:
		return nil
	}
}

// mayAct reads who somebody is and why that person may do nothing at all; nil for a full member.
func (s *Service) mayAct(ctx context.Context, who Actor) (*Note, error) {
	if who.UserID == "" || who.TeamID != s.Settings.TeamID {
		return &Note{Code: NoteExternal}, nil
	}
	p, err := s.People.Person(ctx, who.UserID)
	if err != nil {
		return nil, fmt.Errorf("read the person %s: %w", who.UserID, err)
	}
	if p.ID != who.UserID {
		return &Note{Code: NoteUnproven}, nil
	}
	return s.Settings.standing(p), nil
}

// mayApprove says why somebody may not decide on a matter in general; nil for an approver of it.
func (s *Service) mayApprove(ctx context.Context, m matter, who Actor) (*Note, error) {
	refused, err := s.mayAct(ctx, who)
	if refused != nil || err != nil {
		return refused, err
	}
	in, err := s.among(ctx, s.Settings.approvers(m), who.UserID)
	if err != nil {
		return nil, err
	}
	if !in {
		return &Note{Code: NoteNotApprover}, nil
	}
	return nil, nil
}

// mayDecide says why somebody may not decide on this request; nil for an approver who did not ask for it.
func (s *Service) mayDecide(ctx context.Context, r Request, who Actor) (*Note, error) {
	if r.asked(who) && !s.Settings.SelfApproval {
		return &Note{Code: NoteYourOwn}, nil
	}
	refused, err := s.mayApprove(ctx, r.matter(), who)
	if refused != nil || err != nil {
		return refused, err
	}
	if refused, err = s.identified(ctx, r, who, s.Settings.approvers(r.matter())); refused != nil || err != nil {
		return refused, err
	}
	if refused, err = s.secondSelf(ctx, r, who); refused != nil || err != nil {
		return refused, err
	}
	return s.benefits(ctx, r.Plan, who)
}

// benefits refuses an approver whose own mailbox is the target of a copy, or may be: somebody without a confirmed address cannot be
// told from its owner.
func (s *Service) benefits(ctx context.Context, plan *Plan, who Actor) (*Note, error) {
	if plan == nil || plan.Target == nil {
		return nil, nil
	}
	p, err := s.People.Person(ctx, who.UserID)
	if err != nil {
		return nil, fmt.Errorf("read the person %s: %w", who.UserID, err)
	}
	switch {
	case p.Email == "":
		return &Note{Code: NoteNoAddress}, nil
	case slices.Contains(plan.Target.Addresses, strings.ToLower(p.Email)):
		return &Note{Code: NoteOwnBenefit}, nil
	default:
		return nil, nil
	}
}

// mayAsk says whether somebody is an approver of a matter, and why that person may not ask about it.
func (s *Service) mayAsk(ctx context.Context, m matter, who Actor) (approver bool, refused *Note, err error) {
	refused, err = s.mayApprove(ctx, m, who)
	if err != nil {
		return false, nil, err
	}
	if refused == nil {
		return true, nil, nil
	}
	if refused.Code != NoteNotApprover {
		return false, refused, nil
	}
	asking := s.Settings.requesters(m)
	if len(asking) == 0 {
		return false, nil, nil
	}
	in, err := s.among(ctx, asking, who.UserID)
	if err != nil {
		return false, nil, err
	}
	if !in {
		return false, &Note{Code: NoteNotAsker}, nil
	}
	return false, nil, nil
}

// mayRequest says whether a request's requester is an approver, and why that person may not have it. What was done is put back for
// approvers alone.
func (s *Service) mayRequest(ctx context.Context, r Request) (approver bool, refused *Note, err error) {
	approver, refused, err = s.mayAsk(ctx, r.matter(), r.Requester)
	switch {
	case refused != nil || err != nil || approver:
	case r.Ask.Bulk != nil:
		refused = &Note{Code: NoteBulkApprovers}
	case r.UndoOf != 0:
		refused = &Note{Code: NoteNotApprover}
	default:
		refused = r.Ask.Query.beyond()
	}
	return approver, refused, err
}

// among says whether a user is one of ids, by user id or through a user group. A group that is gone or disabled has nobody
// in it; one that cannot be read is an error unless the user is among the others.
func (s *Service) among(ctx context.Context, ids []string, user string) (bool, error) {
	if slices.Contains(ids, user) {
		return true, nil
	}
	var failed error
	for _, id := range ids {
		if !isGroup(id) {
			continue
		}
		members, err := s.People.Members(ctx, id)
		if KindOf(err) == NotFound {
			continue
		}
		if err != nil {
			failed = fmt.Errorf("read the user group %s: %w", id, err)
			continue
		}
		if slices.Contains(members, user) {
			return true, nil
		}
	}
	return false, failed
}

// isGroup tells a user-group id (S…) from a user id (U… or W…).
func isGroup(id string) bool { return strings.HasPrefix(id, "S") }

// approverIDs lists who may decide on a request, those of user groups included, each once. Whether each may still do or see anything is
// another question.
func (s *Service) approverIDs(ctx context.Context, r Request) ([]string, error) {
	people, _, err := s.members(ctx, s.Settings.approvers(r.matter()))
	return people, err
}

// enoughApprovers says whether as many people as the request's plan needs could decide on it; it stops counting there.
func (s *Service) enoughApprovers(ctx context.Context, r Request) (*Note, error) {
	need := r.Plan.Approvals
	people, _, err := s.members(ctx, s.Settings.approvers(r.matter()))
	if err != nil {
		return nil, err
	}
	if alone, err := s.oneAlone(ctx, r, people); alone || err != nil {
		return nil, err
	}
	selves, err := s.selves(ctx, r)
	if err != nil {
		return nil, err
	}
	var can []Review
	for _, id := range people {
		if len(can) == need {
			break
		}
		who := Actor{TeamID: s.Settings.TeamID, UserID: id}
		if (r.asked(who) || linked(selves, who)) && !s.Settings.SelfApproval {
			continue
		}
		refused, err := s.mayAct(ctx, who)
		if err == nil && refused == nil {
			refused, err = s.benefits(ctx, r.Plan, who)
		}
		if err == nil && refused == nil {
			refused, err = s.sameVoice(ctx, can, who)
		}
		if err != nil && KindOf(err) != NotFound {
			return nil, err
		}
		if refused == nil && err == nil {
			can = append(can, Review{By: who})
		}
	}
	if len(can) < need {
		return &Note{Code: NoteNobody, Args: []string{fmt.Sprint(need), fmt.Sprint(len(can))}}, nil
	}
	return nil, nil
}

// channelObstacle says why the approval channel cannot be used; nil when it can.
func (s *Service) channelObstacle(ctx context.Context) (*Note, error) {
	c, err := s.People.Channel(ctx, s.Settings.ApprovalChannel)
	if err != nil {
		if KindOf(err) == NotFound {
			return &Note{Code: NoteChannel, Args: []string{"unknown"}}, nil
		}
		return nil, fmt.Errorf("read the approval channel: %w", err)
	}
	if !c.Private {
		s.public.Do(func() {
			s.Logger.WarnContext(ctx, "the approval channel is public: all members of the workspace can read whose mailbox is asked for",
				"channel", c.ID, "setting", "MAILBACK_APPROVAL_CHANNEL")
		})
	}
	switch {
	case c.Archived:
		return &Note{Code: NoteChannel, Args: []string{"archived"}}, nil
	case c.Shared:
		return &Note{Code: NoteChannel, Args: []string{"shared"}}, nil
	case !c.Member:
		return &Note{Code: NoteChannel, Args: []string{"not a member"}}, nil
	default:
		return nil, nil
	}
}
