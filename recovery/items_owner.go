package recovery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// OwnFilter is what a mailbox's owner alone may filter by. It is used at once and kept nowhere.
type OwnFilter struct {
	Subject Private // part of the subject, in any case
	From    Private // part of the sender, in any case
}

// OwnItem is an item with its number on the request's list.
type OwnItem struct {
	Item

	N int
}

// OwnList is what the owner sees of a request's list.
type OwnList struct {
	Listing string // names the list, for ChooseItems
	Ticked  Ticks  // those that are chosen now
	Items   []OwnItem
}

// OwnItems gives the items on a request's list that match, with what they say, to the proven owner of the mailbox, who asked
// for them. To anybody else it gives a Note, and reads nothing.
func (s *Service) OwnItems(ctx context.Context, who Actor, id int64, f OwnFilter) (OwnList, *Note, error) {
	r, err := s.Store.Request(ctx, id)
	switch {
	case errors.Is(err, ErrNotFound), err == nil && (r.Requester != who || r.Ask.Items == nil):
		return OwnList{}, &Note{Code: NoteOldMessage}, nil
	case err != nil:
		return OwnList{}, nil, fmt.Errorf("read R-%d: %w", id, err)
	}
	if note := r.pickable(); note != nil {
		return OwnList{}, note, nil
	}
	ctx = WithRequest(ctx, r.Ref())
	if note, err := s.mayPick(ctx, r, who); note != nil || err != nil {
		return OwnList{}, note, err
	}
	items, err := s.Items.Items(ctx, r.Plan.Items.Mailbox, r.Plan.Items.filter())
	if err != nil {
		return OwnList{}, nil, fmt.Errorf("list the recoverable items: %w", err)
	}
	list, err := s.Lists.ItemRows(ctx, id)
	if err != nil {
		return OwnList{}, nil, fmt.Errorf("read the list of items: %w", err)
	}
	return ownList(r.Plan.Items.Listing, list, items, f), nil, nil
}

// ownList brings what a list knows together with what its items say.
func ownList(listing string, list []ItemRow, items []Item, f OwnFilter) OwnList {
	says := make(map[string]Item, len(items))
	for _, it := range items {
		says[it.EntryID] = it
	}
	own := OwnList{Listing: listing, Ticked: TicksOf(numbers(chosen(list))...)}
	for _, row := range list {
		if it, there := says[row.EntryID]; there && f.matches(it) {
			own.Items = append(own.Items, OwnItem{it, row.N})
		}
	}
	return own
}

func (f OwnFilter) matches(it Item) bool {
	has := func(text, part Private) bool {
		return strings.Contains(strings.ToLower(string(text)), strings.ToLower(string(part)))
	}
	return has(it.Subject, f.Subject) && has(it.From, f.From)
}

// pickable says why items cannot be ticked now; nil when they can.
func (r Request) pickable() *Note {
	switch {
	case r.State == Submitted && r.Obstacle == nil, r.State == Confirming && r.Replan && r.Obstacle == nil:
		return &Note{Code: NoteListing}
	case r.Obstacle != nil && r.Plan == nil:
		return r.Obstacle
	case r.State != Confirming || r.Plan == nil || r.Plan.Items == nil:
		return &Note{NoteState, []string{string(r.State)}}
	case !r.Plan.Items.Owner:
		return &Note{Code: NoteNotOwner}
	default:
		return nil
	}
}

// mayPick says why somebody may not see and tick the items of a request; nil for the requester who is, by what is read now, the
// mailbox's owner.
func (s *Service) mayPick(ctx context.Context, r Request, who Actor) (*Note, error) {
	if who != r.Requester {
		return s.orWorse(ctx, who, Note{Code: NoteNotRequester})
	}
	if _, refused, err := s.mayAsk(ctx, r.matter(), who); refused != nil || err != nil {
		return refused, err
	}
	p, err := s.People.Person(ctx, who.UserID)
	if err != nil {
		return nil, fmt.Errorf("read the person %s: %w", who.UserID, err)
	}
	account := ""
	if r.Plan != nil {
		account = r.Plan.AccountID
	}
	refused, err := s.owns(ctx, r, p, account)
	if refused != nil || err != nil {
		return refused, err
	}
	if r.Plan.Items == nil || !r.Plan.Items.Owner {
		return &Note{Code: NoteNotOwner}, nil
	}
	return nil, nil
}

// ChooseItems records which items of a list its owner ticked; a job makes the plan anew with them. c says who did it, when and
// under which key; a form that a command opened has no message. It gives a Note when the choice is refused at once.
func (s *Service) ChooseItems(ctx context.Context, id int64, c Click, listing string, ticks Ticks) (*Note, error) {
	if ticks.Count() == 0 {
		return &Note{Code: NoteNoneTicked}, nil
	}
	r, err := s.Store.Request(ctx, id)
	switch {
	case errors.Is(err, ErrNotFound), err == nil && r.Requester != c.By:
		return &Note{Code: NoteOldMessage}, nil
	case err != nil:
		return nil, fmt.Errorf("read R-%d: %w", id, err)
	}
	c.Action, c.Value = ChooseItems, ItemChoice{listing, ticks.String()}.value()
	if why := r.stateAllows(c); why != nil {
		return why, nil
	}
	return s.Click(ctx, id, c)
}

// pickAllows says why a choice of items cannot be taken: it must be of the list that is on file.
func (r *Request) pickAllows(c Click, wrong *Note) *Note {
	if r.State != Confirming || r.Plan == nil || r.Plan.Items == nil || !r.Plan.Items.Owner {
		return wrong
	}
	choice, ok := parseItemChoice(c.Value)
	ticks, _ := ParseTicks(choice.Ticks)
	all := slices.Max(append(ticks.Numbers(), 0)) <= r.Plan.Items.All
	if !ok || choice.Listing != r.Plan.Items.Listing || !all {
		return &Note{Code: NoteNotOffered}
	}
	if ticks.Count() == 0 {
		return &Note{Code: NoteNoneTicked}
	}
	return nil
}
