package recovery

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// diagnoseItems says what can be done about the recoverable items of one live mailbox.
func (s *Service) diagnoseItems(ctx context.Context, r Request, ask Ask) (Diagnosis, error) {
	q, note, err := s.resolve(ctx, ask.Query)
	if err != nil {
		return Diagnosis{}, err
	}
	if note != nil {
		return Diagnosis{Case: CaseGone, ReadAt: s.Now(), Obstacle: note}, nil
	}
	if r.Choices.Account != "" {
		q = Query{Kind: ByObjectID, Value: r.Choices.Account}
	}
	found, err := s.read(ctx, wanted{query: q})
	if err != nil {
		return Diagnosis{}, err
	}
	d, mailbox := found.inUse(q)
	switch {
	case d.Obstacle != nil:
		return d, nil
	case s.Items == nil:
		return d.ends(CaseItems, Note{Code: NoteItemsOff}), nil
	case !found.exchange && ask.Items.Type != "" && ask.Items.Type != "message":
		return d.ends(CaseItems, Note{Code: NoteMessagesOnly}), nil
	}
	if why := s.mayRestoreItems(ctx); why != nil {
		return d.ends(CaseItems, *why), nil
	}
	return s.planItems(ctx, r, *ask.Items, d, mailbox)
}

// mayRestoreItems says which cmdlet about items the app may not run; nil where Exchange did not say, or is not asked.
func (s *Service) mayRestoreItems(ctx context.Context) *Note {
	if s.Mailboxes == nil {
		return nil
	}
	list, err := s.Mailboxes.Cmdlets(ctx)
	if s.unknown(ctx, "list the cmdlets", err) {
		return nil
	}
	return reading{survey: survey{cmdlets: list}}.lacking("Get-RecoverableItems", "Restore-RecoverableItems")
}

// inUse finds the one mailbox that is in use, and gives what Items calls it.
func (r reading) inUse(q Query) (Diagnosis, string) {
	d := Diagnosis{Case: CaseItems, ReadAt: r.ReadAt}
	live := slices.DeleteFunc(slices.Clone(r.Found), func(f Found) bool { return f.Account.Deleted() })
	switch {
	case q.Kind == ByName && len(r.Found) > 0:
		return ambiguous(d, r, r.Found, nil), ""
	case len(live) > 1:
		return ambiguous(d, r, live, nil), ""
	case len(live) == 0 && len(r.Found)+len(r.mailboxes) > 0:
		return d.ends(CaseItems, Note{NoteMailboxFirst, []string{q.Value}}), ""
	case len(live) == 0:
		return d.ends(CaseGone, r.gone()), ""
	}
	f := live[0]
	d.Account = f.Account
	d.know(r, f.Account.ID)
	first := Note{NoteMailboxFirst, []string{f.Account.Address()}}
	if f.Account.UserType == "Guest" {
		return d.ends(CaseGone, Note{Code: NoteGuestAccount}), ""
	}
	if !r.exchange {
		d.Type, d.TypeProven = purposeType(f.Probe.Purpose), f.Probe.Purpose != ""
		switch f.Probe.State {
		case MailboxAnswers:
			return d, f.Account.ID
		case MailboxAbsent:
			return d.ends(CaseItems, first), ""
		default:
			return d.ends(CaseItems, Note{NoteMissingRole, []string{"MailboxSettings.Read"}}), ""
		}
	}
	own := slices.DeleteFunc(slices.Clone(r.mailboxes), func(m Mailbox) bool { return m.ObjectID != f.Account.ID || !m.Live() })
	if len(own) != 1 {
		return d.ends(CaseItems, first), ""
	}
	d.Mailbox, d.Type, d.TypeProven = &own[0], own[0].Type, true
	return d, own[0].ExchangeGUID
}

// planItems makes the plan. A list is read, and kept, for the mailbox's proven owner alone.
func (s *Service) planItems(ctx context.Context, r Request, wish ItemWish, d Diagnosis, mailbox string) (Diagnosis, error) {
	who, err := s.People.Person(ctx, r.Requester.UserID)
	if err != nil {
		return Diagnosis{}, fmt.Errorf("read the requester: %w", err)
	}
	p := &ItemPlan{Mailbox: mailbox, Type: wish.Type, Folder: wish.Folder}
	zone := zoneOf(who)
	p.After, p.Before = dayStart(wish.After, r.CreatedAt, zone), dayStart(wish.Before, r.CreatedAt, zone)
	if r.Plan != nil && r.Plan.Items != nil { // as it was shown, wherever the person is by now
		p.After, p.Before = r.Plan.Items.After, r.Plan.Items.Before
	}
	if why := p.impossible(s.Now()); why != nil {
		return d.ends(CaseItems, *why), nil
	}
	refused, err := s.owns(ctx, r, who, d.Account.ID)
	switch {
	case err != nil:
		return Diagnosis{}, err
	case refused != nil && (wish.Pick || refused.Code != NoteNotOwner):
		return d.ends(CaseItems, *refused), nil
	}
	p.Owner = refused == nil
	if p.Owner {
		list, why, err := s.ownList(ctx, r, p)
		switch {
		case err != nil:
			return Diagnosis{}, err
		case why != nil:
			return d.ends(CaseItems, *why), nil
		}
		p.describe(list, d.keepsDeleted())
		d.Offers = []Offer{p.offer(wish, r.Choices.Items)}
	}
	a := d.Account
	d.Plan = &Plan{
		Case: CaseItems, AccountID: a.ID, Address: a.Address(), Name: a.DisplayName, SignInName: a.UserPrincipalName, SignIn: SignInUnchanged,
		Access: Access{RolesKnown: true, GroupsKnown: true}, Steps: []Step{{Kind: StepItems}}, Items: p, Approvals: s.Settings.Approvals,
	}
	switch {
	case d.Mailbox == nil:
		d.Plan.Warnings = []Note{{Code: NoteMessagesOnly}}
	case d.Mailbox.ArchiveGUID != "":
		d.Plan.Warnings = []Note{{Code: NoteArchiveItems}}
	}
	return d, nil
}

// keepsDeleted is how long the mailbox keeps what was deleted; 0 where that is not known.
func (d Diagnosis) keepsDeleted() time.Duration {
	if d.Mailbox == nil {
		return 0
	}
	return d.Mailbox.KeepsDeleted
}

// impossible says why nothing at all can fit; nil when something can.
func (p *ItemPlan) impossible(now time.Time) *Note {
	switch {
	case p.Folder != "" && strings.Trim(p.Folder, `/\ `) == "": // no folder has an empty name
		return &Note{Code: NoteNoItems}
	case !p.Before.IsZero() && !p.After.Before(p.Before):
		return &Note{NoteNoInterval, []string{stamp(p.After), stamp(p.Before)}}
	case p.After.After(now):
		return &Note{NoteDayAhead, []string{stamp(p.After)}}
	default:
		return nil
	}
}

// offer lets the owner tick items. One who named a subject or a sender has to, for that was recorded nowhere; and so has one whose
// ticks are of another list.
func (p *ItemPlan) offer(wish ItemWish, c ItemChoice) Offer {
	o := Offer{Action: ChooseItems, Required: wish.Pick}
	switch {
	case c.Listing == p.Listing:
		o.Chosen = c.Ticks
	case c != (ItemChoice{}):
		o.Required, o.Again = true, true
	}
	return o
}

// ownList gives the owner's list with what was chosen of it. It is read once: what is agreed to is that list, and what was
// deleted since is not on it. It is read anew where the one on file is not the one that the plan speaks of, as when Exchange was
// switched on or off: ids of the other adapter say nothing.
func (s *Service) ownList(ctx context.Context, r Request, p *ItemPlan) ([]ItemRow, *Note, error) {
	if r.Plan == nil || r.Plan.Items == nil || !r.Plan.Items.Listed || r.Plan.Items.Mailbox != p.Mailbox {
		return s.readList(ctx, r, p)
	}
	list, err := s.Lists.ItemRows(ctx, r.ID)
	if err != nil {
		return nil, nil, fmt.Errorf("read the list of items: %w", err)
	}
	if listing(list) != r.Plan.Items.Listing {
		return s.readList(ctx, r, p)
	}
	if !r.Choices.Items.tick(list) {
		return list, nil, nil
	}
	if err := s.Lists.ChooseItems(ctx, r.ID, numbers(chosen(list))); err != nil {
		return nil, nil, fmt.Errorf("keep the choice of items: %w", err)
	}
	return list, nil, nil
}

// mostItems is how many items one request takes: twice as many as anybody should want. Each of them is one or two calls, and a row.
const mostItems = 20_000

// readList lists the items that fit and keeps the list, or says why there is none to go by. A list that may be cut short is an error:
// nothing is decided on it.
func (s *Service) readList(ctx context.Context, r Request, p *ItemPlan) ([]ItemRow, *Note, error) {
	items, err := s.Items.Items(ctx, p.Mailbox, p.filter())
	switch {
	case err != nil:
		return nil, nil, fmt.Errorf("list the recoverable items: %w", err)
	case len(items) == 0:
		return nil, &Note{Code: NoteNoItems}, nil
	case len(items) > mostItems:
		return nil, &Note{NoteManyItems, []string{itoa(len(items)), itoa(mostItems)}}, nil
	}
	list := rows(items)
	r.Choices.Items.tick(list)
	if err := s.Lists.SaveItems(ctx, r.ID, list); err != nil {
		return nil, nil, fmt.Errorf("keep the list of items: %w", err)
	}
	return list, nil, nil
}

func numbers(list []ItemRow) []int {
	out := make([]int, len(list))
	for i, row := range list {
		out[i] = row.N
	}
	return out
}
