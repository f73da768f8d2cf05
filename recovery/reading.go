package recovery

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// reading is all that was read for one diagnosis.
type reading struct {
	Findings
	mailboxes []Mailbox
	named     bool // by a display name, so that the accounts are known and nothing else
	exchange  bool // Exchange was asked
	asTaken   bool // the wished sign-in name belongs to a live user
	survey
}

// wanted is what is read for a diagnosis.
type wanted struct {
	query   Query
	as      string // the wished sign-in name
	into    string // address of the mailbox to copy into
	mailbox string // ExchangeGuid of the one mailbox that is meant
	target  string // ExchangeGuid of the mailbox to copy into
}

// read reads the tenant in two rounds, in each of which nothing waits for anything else: who and what there is, then what belongs to
// it. The rounds are at most three calls long together, for which the tests count them on the wire.
func (s *Service) read(ctx context.Context, w wanted) (reading, error) {
	r, err := s.find(ctx, w)
	if err == nil {
		err = s.complete(ctx, &r)
	}
	if err != nil {
		return reading{}, fmt.Errorf("read the tenant: %w", err)
	}
	return r, nil
}

// find asks Graph for the accounts and Exchange for the mailboxes.
func (s *Service) find(ctx context.Context, w wanted) (reading, error) {
	var (
		wg                         beside
		graph, exchange, to, taken error
	)
	r := reading{named: w.query.Kind == ByName}
	r.chosen = w.mailbox
	wg.Go(func() { r.Findings, graph = s.Directory.Find(ctx, w.query) })
	if s.Mailboxes != nil && !r.named {
		r.exchange = true
		wg.Go(func() { r.mailboxes, exchange = s.mailboxes(ctx, w.query, w.mailbox) })
	}
	if r.exchange && (w.into != "" || w.target != "") {
		wg.Go(func() { r.targets, to = s.targets(ctx, w) })
	}
	if w.as != "" {
		wg.Go(func() {
			var f Findings
			f, taken = s.Directory.Find(ctx, Query{Kind: ByAddress, Value: w.as})
			r.asTaken = slices.ContainsFunc(f.Found, func(x Found) bool { return !x.Account.Deleted() })
		})
	}
	wg.Wait()
	return r, errors.Join(graph, exchange, to, taken)
}

// complete reads what belongs to the accounts and the mailboxes, and looks for the users of mailboxes that seem to have none.
func (s *Service) complete(ctx context.Context, r *reading) error {
	if r.named { // several may fit, and nothing is decided on any of them
		return nil
	}
	var (
		wg           beside
		belongs, own error
		owners       []Found
	)
	orphans := r.orphans()
	found, ids := r.Found, r.ownersOf(orphans)
	for _, ask := range s.measures(ctx, r, orphans) {
		wg.Go(ask)
	}
	wg.Go(func() { belongs = s.Directory.Complete(ctx, found) })
	wg.Go(func() { owners, own = s.owners(ctx, ids) })
	wg.Wait()
	r.Found = append(r.Found, owners...)
	return errors.Join(belongs, own)
}

// ownersOf gives the object ids of the users that mailboxes which seem to have outlived them name, each once. One may be among the
// deleted users under another address than its mailbox has.
func (r reading) ownersOf(orphans []Mailbox) []string {
	var ids []string
	for _, m := range orphans {
		known := slices.ContainsFunc(r.Found, func(f Found) bool { return f.Account.ID == m.ObjectID })
		if m.ObjectID != "" && !known && !slices.Contains(ids, m.ObjectID) {
			ids = append(ids, m.ObjectID)
		}
	}
	return ids
}

// owners reads users by their object ids, all side by side. A live one with another mailbox in use is no owner.
func (s *Service) owners(ctx context.Context, ids []string) ([]Found, error) {
	found, errs := make([][]Found, len(ids)), make([]error, len(ids))
	var wg beside
	for i, id := range ids {
		wg.Go(func() { found[i], errs[i] = s.ownerBy(ctx, id) })
	}
	wg.Wait()
	return slices.Concat(found...), errors.Join(errs...)
}

func (s *Service) ownerBy(ctx context.Context, id string) ([]Found, error) {
	var (
		wg              beside
		f               Findings
		boxes           []Mailbox
		graph, exchange error
	)
	q := Query{Kind: ByObjectID, Value: id}
	wg.Go(func() { f, graph = s.Directory.Find(ctx, q) })
	wg.Go(func() { boxes, exchange = s.Mailboxes.Find(ctx, q) })
	wg.Wait()
	if err := errors.Join(graph, exchange); err != nil {
		return nil, err
	}
	owners := slices.DeleteFunc(f.Found, func(x Found) bool {
		return !x.Account.Deleted() && slices.ContainsFunc(boxes, Mailbox.Live)
	})
	return owners, s.Directory.Complete(ctx, owners)
}

// mailboxes asks Exchange for all mailboxes that fit the query and, where one is named by its ExchangeGuid, for that one.
func (s *Service) mailboxes(ctx context.Context, q Query, guid string) ([]Mailbox, error) {
	if guid == "" {
		return s.Mailboxes.Find(ctx, q)
	}
	var (
		list       []Mailbox
		wg         beside
		find, none error
		named      Mailbox
	)
	if q.Value != "" {
		wg.Go(func() { list, find = s.Mailboxes.Find(ctx, q) })
	}
	wg.Go(func() { named, none = s.Mailboxes.Mailbox(ctx, guid) })
	wg.Wait()
	if KindOf(none) == NotFound {
		return list, find
	}
	if err := errors.Join(find, none); err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(m Mailbox) bool { return m.ExchangeGUID == guid })
	return append(list, named), nil
}

// targets asks Exchange for the mailbox to copy into: the one that was chosen, else all that have the address.
func (s *Service) targets(ctx context.Context, w wanted) ([]Mailbox, error) {
	if w.target != "" {
		return s.mailboxes(ctx, Query{}, w.target)
	}
	return s.Mailboxes.Find(ctx, Query{ByAddress, w.into})
}

// mailbox gives Exchange's view of an account's own mailbox.
func (r reading) mailbox(account string) (Mailbox, bool) {
	own := slices.DeleteFunc(slices.Clone(r.mailboxes), func(m Mailbox) bool { return m.ObjectID != account })
	if i := slices.IndexFunc(own, Mailbox.Live); i >= 0 {
		return own[i], true
	}
	if len(own) == 0 {
		return Mailbox{}, false
	}
	return own[0], true
}
