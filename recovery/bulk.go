package recovery

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// BulkWish says which accounts a request for many mailboxes is about: deleted users by a filter, or whatever has these addresses.
type BulkWish struct {
	After      string   `json:"after,omitempty"`  // deleted from the start of this day on: see DayWord
	Before     string   `json:"before,omitempty"` // deleted before the start of this day
	Domain     string   `json:"domain,omitempty"` // of the sign-in name or an address
	Department string   `json:"department,omitempty"`
	Addresses  []string `json:"addresses,omitempty"`
}

// equal says whether two wishes are for the same.
func (w *BulkWish) equal(o *BulkWish) bool {
	if w == nil || o == nil {
		return w == o
	}
	return w.After == o.After && w.Before == o.Before && w.Domain == o.Domain && w.Department == o.Department && slices.Equal(w.Addresses, o.Addresses)
}

// fits says whether a deleted account is among those that the filter is for; after and before are what its days mean.
func (w *BulkWish) fits(a Account, after, before time.Time) bool {
	return (after.IsZero() || !a.DeletedAt.Before(after)) && (before.IsZero() || a.DeletedAt.Before(before)) &&
		(w.Domain == "" || a.on(w.Domain)) && (w.Department == "" || strings.EqualFold(a.Department, w.Department))
}

// on says whether the account has its sign-in name or an SMTP address on a domain.
func (a Account) on(domain string) bool {
	at := "@" + strings.ToLower(domain)
	has := func(s string) bool { return strings.HasSuffix(strings.ToLower(s), at) }
	return has(a.UserPrincipalName) || has(a.Mail) || slices.ContainsFunc(a.ProxyAddresses, func(p string) bool {
		return len(p) > 5 && strings.EqualFold(p[:5], "smtp:") && has(p[5:])
	})
}

// BulkResult is what became of a row.
type BulkResult string

// The ends of a row; before it has one, its result is empty.
const (
	BulkDone    BulkResult = "done"    // read back whole
	BulkPartly  BulkResult = "partly"  // something is missing
	BulkFailed  BulkResult = "failed"  // nothing of it was done
	BulkSkipped BulkResult = "skipped" // left out: by the plan, because something had changed since, or because somebody stopped the rest
)

// BulkRow is one account on the list of a request for many.
type BulkRow struct {
	N           int    // its number on the list, from 1: the order in which they are purged
	AccountID   string // object id; empty while it is not known
	Address     string
	Name        string
	Case        Case
	Deadline    time.Time
	Fingerprint string // of the plan that it would have by itself
	Approvals   int    // that its plan would need by itself
	Seat        *Seats
	Skip        *Note // why it is left out

	Child  int64 // id of the request that brings it back; 0 before there is one
	State  State // of that request, as it is now; the store fills it in
	Result BulkResult
	Note   *Note // why, where the result needs a reason
}

// judged says whether the row's account was read.
func (row BulkRow) judged() bool { return row.Fingerprint != "" || row.Skip != nil }

// open says whether the row still waits for its end.
func (row BulkRow) open() bool { return row.Skip == nil && row.Result == "" }

// BulkCounts says how far the rows of a request are.
type BulkCounts struct {
	Done    int `json:"done"`
	Partly  int `json:"partly"`
	Failed  int `json:"failed"`
	Skipped int `json:"skipped"` // those that the plan left out are among them
	Running int `json:"running"` // begun
	Waiting int `json:"waiting"` // to do
}

// Left counts those that have no end yet.
func (c BulkCounts) Left() int { return c.Running + c.Waiting }

// countBulk counts rows.
func countBulk(rows []BulkRow) BulkCounts {
	var c BulkCounts
	for _, row := range rows {
		switch {
		case row.Skip != nil || row.Result == BulkSkipped:
			c.Skipped++
		case row.Result == BulkDone:
			c.Done++
		case row.Result == BulkPartly:
			c.Partly++
		case row.Result == BulkFailed:
			c.Failed++
		case row.Child != 0:
			c.Running++
		default:
			c.Waiting++
		}
	}
	return c
}

// BulkProgress is how far the step that brings many mailboxes back is, and what approvers want of it.
type BulkProgress struct {
	BulkCounts

	Paused  bool      `json:"paused,omitempty"`  // nothing more is begun
	Stopped bool      `json:"stopped,omitempty"` // nothing more ever is
	By      Actor     `json:"by,omitzero"`       // who paused or stopped it last
	Since   time.Time `json:"since,omitzero"`    // when
	ToldAt  time.Time `json:"told_at,omitzero"`  // when people were last shown how far it is
}

// BulkPlan is the list of a request for many in a few numbers. The list itself is kept beside, and named by its digest.
type BulkPlan struct {
	After   time.Time   `json:"after,omitzero"`  // deleted at this time or later
	Before  time.Time   `json:"before,omitzero"` // deleted before this time
	Digest  string      `json:"digest"`
	Count   int         `json:"count"`   // how many will be brought back
	Skipped int         `json:"skipped"` // how many will not
	Cases   []BulkCount `json:"cases,omitempty"`
	Skips   []BulkCount `json:"skips,omitempty"` // by the code of the reason
	Roles   int         `json:"roles,omitempty"` // accounts that held admin roles, or may have
	Seats   []BulkSeats `json:"seats,omitempty"`
	First   time.Time   `json:"first,omitzero"` // when the first of them is purged
}

// BulkCount is how many rows have something in common.
type BulkCount struct {
	What string `json:"what"`
	N    int    `json:"n"`
}

// BulkSeats is how many seats of a licence the list needs, and how many are free.
type BulkSeats struct {
	SKU        string `json:"sku"`
	PartNumber string `json:"part_number"`
	Needed     int    `json:"needed"`
	Free       int    `json:"free"`
}

// same says whether two plans are about the same list.
func (p *BulkPlan) same(o *BulkPlan) bool {
	if p == nil || o == nil {
		return p == o
	}
	return p.Digest == o.Digest
}

// order sorts rows by when they are purged, those without a date behind the others, and numbers them.
func order(rows []BulkRow) {
	slices.SortStableFunc(rows, func(a, b BulkRow) int {
		if a.Deadline.IsZero() != b.Deadline.IsZero() {
			return cmp.Compare(b2i(a.Deadline.IsZero()), b2i(b.Deadline.IsZero()))
		}
		return cmp.Or(a.Deadline.Compare(b.Deadline), strings.Compare(a.Address, b.Address), strings.Compare(a.AccountID, b.AccountID))
	})
	for i := range rows {
		rows[i].N = i + 1
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// settleBulk leaves out what comes twice, and what no seat is left for: in the order in which they are purged.
func settleBulk(rows []BulkRow) {
	seen, left := map[string]bool{}, map[string]int{}
	for _, row := range rows {
		if row.Seat == nil {
			continue
		}
		if free, ok := left[row.Seat.SKU]; !ok || row.Seat.Free < free {
			left[row.Seat.SKU] = row.Seat.Free
		}
	}
	for i := range rows {
		row := &rows[i]
		if row.AccountID != "" && seen[row.AccountID] {
			row.Skip = &Note{Code: NoteBulkTwice}
		}
		if row.Skip != nil {
			continue
		}
		seen[row.AccountID] = true
		if row.Seat == nil {
			continue
		}
		if left[row.Seat.SKU] <= 0 {
			row.Skip = &Note{NoteNoSeat, []string{row.Seat.PartNumber}}
			continue
		}
		left[row.Seat.SKU]--
	}
}

// describe takes over what a list says, in numbers.
func (p *BulkPlan) describe(rows []BulkRow) {
	var lines []string
	cases, skips, seats := map[string]int{}, map[string]int{}, map[string]*BulkSeats{}
	for _, row := range rows {
		reason := ""
		if row.Skip != nil {
			reason = string(row.Skip.Code)
			skips[reason]++
			p.Skipped++
		} else {
			cases[string(row.Case)]++
			p.Count++
			if p.First.IsZero() || !row.Deadline.IsZero() && row.Deadline.Before(p.First) {
				p.First = row.Deadline
			}
		}
		lines = append(lines, strings.Join([]string{itoa(row.N), row.AccountID, row.Address, row.Fingerprint, reason}, "\t"))
		if row.Seat != nil && (row.Skip == nil || row.Skip.Code == NoteNoSeat) {
			s := seats[row.Seat.SKU]
			if s == nil {
				s = &BulkSeats{SKU: row.Seat.SKU, PartNumber: row.Seat.PartNumber, Free: row.Seat.Free}
				seats[row.Seat.SKU] = s
			}
			s.Needed, s.Free = s.Needed+1, min(s.Free, row.Seat.Free)
		}
	}
	p.Digest = fingerprint(lines)
	p.Cases, p.Skips = counts(cases), counts(skips)
	for _, s := range seats {
		p.Seats = append(p.Seats, *s)
	}
	slices.SortFunc(p.Seats, func(a, b BulkSeats) int { return strings.Compare(a.PartNumber, b.PartNumber) })
}

func counts(of map[string]int) []BulkCount {
	var list []BulkCount
	for what, n := range of {
		list = append(list, BulkCount{what, n})
	}
	slices.SortFunc(list, func(a, b BulkCount) int { return cmp.Or(b.N-a.N, strings.Compare(a.What, b.What)) })
	return list
}
