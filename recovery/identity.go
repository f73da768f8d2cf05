package recovery

import (
	"context"
	"fmt"
	"slices"
)

// unidentified is the error of a look-up of whose Entra account somebody is: an ask waits for it, a decision does not.
type unidentified struct{ error }

func (u unidentified) Unwrap() error { return u.error }

// identified says why somebody's Entra account keeps that person from asking or deciding. Who is among ids by the own user id needs none,
// and counts also while Microsoft cannot be read; an account that is known to be disabled or gone refuses everybody.
func (s *Service) identified(ctx context.Context, r Request, who Actor, ids []string) (*Note, error) {
	listed := slices.Contains(ids, who.UserID)
	links, err := s.links(ctx, who)
	if err == nil && len(links) == 0 && !listed {
		links, err = s.introduce(ctx, r, who)
	}
	switch {
	case err != nil:
		return nil, unidentified{err}
	case len(links) == 0 && listed:
		return nil, nil
	case len(links) == 0:
		return &Note{Code: NoteNoIdentity}, nil
	}
	soon, cancel := context.WithTimeout(ctx, provingTime)
	defer cancel()
	a, _, err := s.Directory.Account(soon, links[0].ObjectID)
	switch {
	case KindOf(err) == NotFound:
		return &Note{Code: NoteAccountGone}, nil
	case err != nil && listed:
		s.Logger.WarnContext(ctx, "taken for who the settings say", "request", r.Ref(), "user", who.UserID, "error", err)
		return nil, nil
	case err != nil:
		return nil, unidentified{fmt.Errorf("read the account of %s: %w", who.UserID, err)}
	case a.Enabled == nil || !*a.Enabled:
		return &Note{Code: NoteAccountOff}, nil
	default:
		return nil, nil
	}
}

// introduce links somebody by what can be proven now, and is an error where that cannot be read.
func (s *Service) introduce(ctx context.Context, r Request, who Actor) ([]Link, error) {
	p, err := s.People.Person(ctx, who.UserID)
	if err != nil {
		return nil, fmt.Errorf("read the person %s: %w", who.UserID, err)
	}
	soon, cancel := context.WithTimeout(ctx, provingTime)
	defer cancel()
	account, err := s.proven(soon, p)
	switch {
	case err != nil || account == "":
		return nil, err
	case r.ID == 0: // a look at something: what is proven is kept with an event alone
		return []Link{{Actor: who, ObjectID: account}}, nil
	default:
		return s.link(ctx, r, who, account)
	}
}

// mayBeAsker says why the Entra account of a request's requester keeps that person from asking.
func (s *Service) mayBeAsker(ctx context.Context, r Request) (*Note, error) {
	ids := slices.Concat(s.Settings.approvers(r.matter()), s.Settings.requesters(r.matter()))
	return s.identified(ctx, r, r.Requester, ids)
}

// unlinked says whether it is not known whose Entra account somebody is.
func (s *Service) unlinked(ctx context.Context, who Actor) (bool, error) {
	links, err := s.links(ctx, who)
	return len(links) == 0, err
}
