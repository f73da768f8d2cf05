package recovery

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// How much of a list one turn reads: so much fits well into a lease, and into the time that a job has.
const (
	bulkTurn   = 15 * time.Second
	bulkAtOnce = 8 // accounts side by side; each is some ten calls
)

// errListing says that a list is not read to its end yet: the next turn goes on with it.
var errListing = fmt.Errorf("the list is still being read")

// diagnoseBulk says what can be done about many accounts: it reads the deleted users once, and each account that is meant like one
// that was asked for by itself. The list is kept as it grows, so that a turn may end anywhere.
func (s *Service) diagnoseBulk(ctx context.Context, r Request, wish BulkWish) (Diagnosis, error) {
	d := Diagnosis{Case: CaseBulk, ReadAt: s.Now()}
	rows, err := s.Bulk.BulkRows(ctx, r.ID)
	if err != nil {
		return d, fmt.Errorf("read the list: %w", err)
	}
	if p := r.Plan; p != nil && p.Bulk != nil { // agreed to is that list, and each account is read again before anything is done to it
		d.Plan = s.Settings.planBulk(p.Bulk.After, p.Bulk.Before, rows)
		return d, nil
	}
	who, err := s.People.Person(ctx, r.Requester.UserID)
	if err != nil {
		return d, fmt.Errorf("read the requester: %w", err)
	}
	zone := zoneOf(who)
	after, before := dayStart(wish.After, r.CreatedAt, zone), dayStart(wish.Before, r.CreatedAt, zone)
	if why := (&ItemPlan{After: after, Before: before}).impossible(s.Now()); why != nil {
		return d.ends(CaseBulk, *why), nil
	}
	if len(rows) == 0 {
		why, err := s.listBulk(ctx, r, wish, after, before)
		switch {
		case err != nil:
			return d, err
		case why != nil:
			return d.ends(CaseBulk, *why), nil
		}
		return d, errListing
	}
	if slices.ContainsFunc(rows, func(row BulkRow) bool { return !row.judged() }) {
		if err := s.judgeBulk(ctx, r, rows); err != nil {
			return d, err
		}
		return d, errListing
	}
	order(rows)
	settleBulk(rows)
	if err := s.Bulk.SaveBulk(ctx, r.ID, rows); err != nil {
		return d, fmt.Errorf("keep the list: %w", err)
	}
	d.Plan = s.Settings.planBulk(after, before, rows)
	if d.Plan.Bulk.Count == 0 {
		return d.ends(CaseBulk, Note{NoteBulkAllSkipped, []string{itoa(d.Plan.Bulk.Skipped)}}), nil
	}
	return d, nil
}

// listBulk makes the list of those that are meant, and says why there is none to go by.
func (s *Service) listBulk(ctx context.Context, r Request, wish BulkWish, after, before time.Time) (*Note, error) {
	var rows []BulkRow
	for _, a := range wish.Addresses {
		rows = append(rows, BulkRow{N: len(rows) + 1, Address: a})
	}
	if len(wish.Addresses) == 0 {
		all, err := s.Directory.Deleted(ctx, "")
		if err != nil {
			return nil, fmt.Errorf("list the deleted users: %w", err)
		}
		for _, a := range all {
			if wish.fits(a, after, before) && s.Now().Before(a.DeletedAt.Add(Retention)) {
				rows = append(rows, BulkRow{N: len(rows) + 1, AccountID: a.ID, Address: a.Address(), Name: a.DisplayName, Deadline: a.DeletedAt.Add(Retention)})
			}
		}
	}
	switch most := s.Settings.bulkMax(); {
	case len(rows) == 0:
		return &Note{Code: NoteBulkNone}, nil
	case len(rows) > most:
		return &Note{NoteBulkMany, []string{itoa(len(rows)), itoa(most)}}, nil
	}
	if err := s.Bulk.SaveBulk(ctx, r.ID, rows); err != nil {
		return nil, fmt.Errorf("keep the list: %w", err)
	}
	return nil, nil
}

// bulkMax is how many accounts one request takes.
func (s Settings) bulkMax() int {
	if s.BulkMax <= 0 {
		return 1000
	}
	return s.BulkMax
}

// judgeBulk reads accounts for as long as a turn may last, and keeps what it found. One that cannot be read now ends the turn: it is
// read in the next.
func (s *Service) judgeBulk(ctx context.Context, r Request, rows []BulkRow) error {
	ctx, end := WithBulk(ctx), time.Now().Add(bulkTurn) // of this process' time, whatever the clock
	open := slices.DeleteFunc(rows, BulkRow.judged)
	for len(open) > 0 && time.Now().Before(end) {
		some := open[:min(bulkAtOnce, len(open))]
		open = open[len(some):]
		errs := make([]error, len(some))
		var wg beside
		for i := range some {
			wg.Go(func() { errs[i] = s.judgeRow(ctx, &some[i]) })
		}
		wg.Wait()
		if err := s.Bulk.UpdateBulk(ctx, r.ID, slices.DeleteFunc(slices.Clone(some), func(row BulkRow) bool { return !row.judged() })...); err != nil {
			return fmt.Errorf("keep the list: %w", err)
		}
		for _, err := range errs {
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// judgeRow finds out what would be done about one account. What needs somebody's choice, or is no account to restore, is left to a
// request of its own.
func (s *Service) judgeRow(ctx context.Context, row *BulkRow) error {
	if row.AccountID == "" {
		d, err := s.diagnose(ctx, Ask{Query: Query{ByAddress, row.Address}}, Choices{})
		if err == nil {
			err = d.unsettled()
		}
		if err != nil {
			return err
		}
		if d.Account.ID == "" {
			row.take(d)
			return nil
		}
		row.AccountID = d.Account.ID
	}
	d, err := s.diagnose(ctx, Ask{Query: Query{ByObjectID, row.AccountID}}, Choices{})
	if err == nil {
		err = d.unsettled()
	}
	if err != nil {
		return err
	}
	row.take(d)
	return nil
}

// take takes over the diagnosis of a row's account.
func (row *BulkRow) take(d Diagnosis) {
	row.Case, row.Deadline, row.Skip = d.Case, d.Deadline, d.beyondBulk()
	if d.Account.ID != "" {
		row.Name = d.Account.DisplayName
		if row.Address == "" {
			row.Address = d.Account.Address()
		}
	}
	if row.Skip == nil {
		row.Fingerprint, row.Approvals, row.Seat = d.Plan.Fingerprint(), d.Plan.Approvals, d.Plan.Seats
	}
}

// beyondBulk says why an account is left out of a request for many; nil when it is not.
func (d Diagnosis) beyondBulk() *Note {
	switch {
	case d.Plan == nil && d.Obstacle != nil:
		return d.Obstacle
	case d.Plan == nil || d.Account.ID == "":
		return &Note{NoteBulkAlone, []string{string(d.Case)}}
	case d.Case != CaseUser && d.Case != CaseShared && d.Case != CaseLicense:
		return &Note{NoteBulkAlone, []string{string(d.Case)}}
	}
	if i := slices.IndexFunc(d.Offers, Offer.open); i >= 0 {
		return &Note{NoteBulkChoice, []string{string(d.Offers[i].Action)}}
	}
	return nil
}

// planBulk makes the plan of a list: one more approver than usual, and than any of its accounts needs.
func (s Settings) planBulk(after, before time.Time, rows []BulkRow) *Plan {
	b := &BulkPlan{After: after, Before: before}
	b.describe(rows)
	need := s.Approvals
	for _, row := range rows {
		if row.Skip != nil {
			continue
		}
		if row.Approvals > s.Approvals {
			b.Roles++
		}
		need = max(need, row.Approvals)
	}
	return &Plan{
		Case: CaseBulk, SignIn: SignInUnchanged, Access: Access{RolesKnown: true, GroupsKnown: true}, Steps: []Step{{Kind: StepBulk}},
		Bulk: b, Approvals: need + 1,
	}
}
