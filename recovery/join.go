package recovery

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// Joined is somebody who asked for a mailbox that was asked for already: told of what becomes of the first request, and no more
// entitled to decide on it than its requester.
type Joined struct {
	Actor

	Request  int64  `json:"request"` // id of the own request, which ended with this
	Query    Query  `json:"query"`   // as that person named the mailbox
	Language string `json:"language,omitempty"`
}

// asked says whether somebody asked for what the request is about.
func (r Request) asked(who Actor) bool {
	return who == r.Requester || slices.ContainsFunc(r.Joined, func(j Joined) bool { return j.Actor == who })
}

// askers are all who asked for what the request is about, the requester first.
func (r Request) askers() []Actor {
	all := []Actor{r.Requester}
	for _, j := range r.Joined {
		all = append(all, j.Actor)
	}
	return all
}

// Mailbox names the mailbox that a request is to bring back, whatever was typed: by the object id of its account, or by its
// ExchangeGuid where it has none. It is empty while that is not known, and for requests about anything else.
func (r Request) Mailbox() string {
	switch {
	case r.Plan == nil || r.UndoOf != 0 || r.Ask.Items != nil:
		return ""
	case r.Plan.Source != nil:
		return r.Plan.Source.ExchangeGUID
	default:
		return r.Plan.AccountID
	}
}

// Wish is a hash of who asks for what. Two open requests by which the same person wants the same (Ask.Equal) have the same. It is empty
// for an undo, which nobody asks for by a command, and for a request that has ended: a hash can be guessed from what people are named.
func (r Request) Wish() string {
	if r.UndoOf != 0 || !r.State.Open() {
		return ""
	}
	wish, err := json.Marshal(struct {
		By  Actor
		Ask Ask
	}{r.Requester, r.Ask})
	if err != nil {
		return "" // of texts and numbers alone JSON can always be made; requests without a wish are all compared
	}
	sum := sha256.Sum256(wish)
	return hex.EncodeToString(sum[:16])
}

// earlier gives the open request of somebody else for the same mailbox that r is to join; nil when there is none. Of two that both
// wait for their requesters it is the one with the lower id, so that they never join each other.
func (s *Service) earlier(ctx context.Context, r Request) (*Request, error) {
	mailbox := r.Mailbox()
	if mailbox == "" || r.Touched() {
		return nil, nil
	}
	open, err := s.Store.Requests(ctx, Filter{Mailbox: mailbox, Open: true})
	if err != nil {
		return nil, fmt.Errorf("look for the same mailbox: %w", err)
	}
	for _, o := range slices.Backward(open) { // the oldest first
		if o.ID != r.ID && o.Requester != r.Requester && (o.ID < r.ID || r.State == Submitted) {
			return &o, nil
		}
	}
	return nil, nil
}

// joins ends a request for a mailbox that somebody else has an open request for, and says whether it did. by are the clicks that are
// decided with it.
func (s *Service) joins(ctx context.Context, r Request, by ...Click) (bool, error) {
	other, err := s.earlier(ctx, r)
	if other == nil || err != nil {
		return false, err
	}
	return s.join(ctx, r, *other, by)
}

// join ends a request in favour of one that is open for the same mailbox, which is told who asks as well. The other one is written
// first: where the process dies in between, it is found done. It gives false where the other has ended meanwhile.
func (s *Service) join(ctx context.Context, r, other Request, by []Click) (bool, error) {
	note := Note{NoteJoined, []string{other.Ref()}}
	j := Joined{Actor: r.Requester, Request: r.ID, Query: r.Ask.Query, Language: r.Reader.Language}
	_, err := s.Store.Update(ctx, other.ID, func(o *Request) (Event, error) {
		switch {
		case o.asked(r.Requester):
			return Event{}, errNoChange
		case !o.State.Open():
			return Event{}, errEnded
		}
		o.Joined = append(slices.Clone(o.Joined), j)
		return Event{At: s.Now(), Kind: EventJoined, By: r.Requester, Note: &Note{NoteAlsoAsked, []string{r.Ref(), r.Ask.Reason}}}, nil
	})
	if errors.Is(err, errEnded) {
		return false, nil
	}
	if err != nil && !errors.Is(err, errNoChange) {
		return false, fmt.Errorf("join %s: %w", other.Ref(), err)
	}
	return true, s.commit(ctx, r, func(r *Request) Event {
		for _, c := range by {
			r.settle(c)
		}
		r.Obstacle = &note
		return r.become(Unneeded, Event{Kind: EventEnded, Note: &note})
	})
}
