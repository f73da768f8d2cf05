package graph

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/microsoftgraph/msgraph-sdk-go/models"

	"mailback/recovery"
)

// sweep reads the users deleted within a span of time. A list's pages can be read only one after the other, so a span that
// does not fit on one page is read in parts, side by side: the calls that need each other's answers are few even for a
// hundred thousand deleted users.
type sweep struct {
	client *Client
	slots  chan struct{} // bounds the calls at once

	mu    sync.Mutex
	found map[string]recovery.Account // by id: parts share their bounds
}

// span is from one second to another, both included; a zero time is open.
type span struct{ from, to time.Time }

// errDates says that Graph does not sift deleted users by their date.
var errDates = errors.New("deleted users of other dates than asked for")

// deletedSince lists the users deleted at a time or later, all of them for the zero time, with listFields. The receipt is of
// the first call, so what was deleted before its date is in the list. That Graph sifts deleted users by date is seen in the
// field and documented nowhere; where it does not, all are read, page by page.
func (c *Client) deletedSince(ctx context.Context, since time.Time) ([]recovery.Account, recovery.Receipt, error) {
	s := &sweep{client: c, slots: make(chan struct{}, mostAtOnce), found: map[string]recovery.Account{}}
	receipt, err := s.read(ctx, span{from: since})
	if unsupported(err) || errors.Is(err, errDates) {
		receipt, err = s.readPages(ctx)
	}
	if err != nil {
		return nil, recovery.Receipt{}, err
	}
	all := make([]recovery.Account, 0, len(s.found))
	for _, a := range s.found {
		all = append(all, a)
	}
	return all, receipt, nil
}

// read reads a span: its first page, and where there are more its parts.
func (s *sweep) read(ctx context.Context, during span) (recovery.Receipt, error) {
	l, err := s.client.deletedListing(ctx, during.filter(), false, listFields())
	if err != nil {
		return recovery.Receipt{}, err
	}
	if err := s.page(ctx, l); err != nil {
		return recovery.Receipt{}, err
	}
	if slices.ContainsFunc(accounts(l.all), func(a recovery.Account) bool { return !during.has(a.DeletedAt) }) {
		return recovery.Receipt{}, &recovery.Error{Kind: recovery.Incomplete, Peer: recovery.PeerGraph, Op: string(opDeletedUsers), Receipt: l.first, Err: errDates}
	}
	parts := during.parts(l.first.Date)
	if l.next == nil || len(parts) < 2 {
		return l.first, s.rest(ctx, l)
	}
	g, ctx := beside(ctx)
	for _, part := range parts {
		g.Go(func() error { _, err := s.read(ctx, part); return err })
	}
	return l.first, g.Wait()
}

// readPages reads all deleted users, a page after the other.
func (s *sweep) readPages(ctx context.Context) (recovery.Receipt, error) {
	l, err := s.client.deletedListing(ctx, "", false, listFields())
	if err != nil {
		return recovery.Receipt{}, err
	}
	err = s.rest(ctx, l)
	return l.first, err
}

// rest reads what is left of a list and keeps all of it.
func (s *sweep) rest(ctx context.Context, l *listing[models.Userable]) error {
	for l.next != nil {
		if err := s.page(ctx, l); err != nil {
			return err
		}
	}
	all := accounts(l.all)
	if err := dated(opDeletedUsers, l.first, all...); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range all {
		s.found[a.ID] = a
	}
	return nil
}

// page reads a page when few enough others are being read.
func (s *sweep) page(ctx context.Context, l *listing[models.Userable]) error {
	select {
	case s.slots <- struct{}{}:
	case <-ctx.Done():
		return &recovery.Error{Kind: recovery.Unavailable, Peer: recovery.PeerGraph, Op: string(opDeletedUsers), Err: ctx.Err()}
	}
	defer func() { <-s.slots }()
	return l.page(ctx)
}

// filter selects the users deleted during the span.
func (d span) filter() string {
	var bounds []string
	if !d.from.IsZero() {
		bounds = append(bounds, "deletedDateTime ge "+d.from.Format(time.RFC3339))
	}
	if !d.to.IsZero() {
		bounds = append(bounds, "deletedDateTime le "+d.to.Format(time.RFC3339))
	}
	return strings.Join(bounds, " and ")
}

// has says whether a time is within the span.
func (d span) has(t time.Time) bool {
	return !t.Before(d.from) && (d.to.IsZero() || !t.After(d.to))
}

// parts cuts the span, as of now, into some that share their bounds and have all that it has; into itself where it is too
// short. Deletions are months old at most, so the open beginning is cut at the retention, and the open end now: what is
// beyond stays open.
func (d span) parts(now time.Time) []span {
	const most = 16
	from, to := d.from, d.to
	if from.IsZero() {
		from = now.Add(-recovery.Retention)
	}
	if to.IsZero() {
		to = now
	}
	from, to = from.Truncate(time.Second), to.Truncate(time.Second)
	step := to.Sub(from) / most
	if step < time.Second {
		return []span{d}
	}
	bounds := []time.Time{d.from}
	for i := range most {
		bounds = append(bounds, from.Add(time.Duration(i)*step).Truncate(time.Second))
	}
	bounds = slices.CompactFunc(append(bounds, to, d.to), time.Time.Equal)
	var parts []span
	for i := range len(bounds) - 1 {
		parts = append(parts, span{bounds[i], bounds[i+1]})
	}
	return parts
}
