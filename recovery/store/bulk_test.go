package store

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailback/recovery"
)

// bulkRows makes a list of n accounts.
func bulkRows(n int) []recovery.BulkRow {
	rows := make([]recovery.BulkRow, n)
	for i := range rows {
		rows[i] = recovery.BulkRow{
			N: i + 1, AccountID: "id", Address: "a@contoso.com", Name: "A", Case: recovery.CaseUser, Deadline: time.UnixMilli(1_800_000_000_000).UTC(),
			Fingerprint: "f", Approvals: 1, Seat: &recovery.Seats{SKU: "s", PartNumber: "P", Free: 3},
		}
	}
	return rows
}

func TestBulkList(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s, ctx := u.open(), t.Context()
		r, other := u.create(s, "U1"), u.create(s, "U2")
		child := ask("U1")
		child.BulkOf = r.ID
		child, isNew, err := s.Create(ctx, child, recovery.Event{Kind: recovery.EventAsked})
		if err != nil || !isNew {
			t.Fatal(err)
		}
		u.must(s.SaveBulk(ctx, other.ID, bulkRows(2)))
		u.must(s.SaveBulk(ctx, r.ID, bulkRows(50)))
		u.must(s.SaveBulk(ctx, r.ID, bulkRows(45)))
		want := bulkRows(45)
		want[2].Child, want[3].Result, want[3].Note = child.ID, recovery.BulkPartly, &recovery.Note{Code: recovery.NoteGone, Args: []string{"x"}}
		want[4].Skip, want[4].Seat, want[4].Deadline = &recovery.Note{Code: recovery.NoteBulkTwice}, nil, time.Time{}
		u.must(s.UpdateBulk(ctx, r.ID, want[2:5]...))
		want[2].State = recovery.Submitted
		got, err := s.BulkRows(ctx, r.ID)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%v, read back (-want +got):\n%s", err, diff)
		}
		if got, err = s.BulkRows(ctx, other.ID); err != nil || len(got) != 2 {
			t.Errorf("another request's list: %+v, %v", got, err)
		}
		list, err := s.Requests(ctx, recovery.Filter{Requester: "U1"})
		if err != nil || len(list) != 1 || list[0].ID != r.ID {
			t.Errorf("the accounts of a list are no requests that anybody asked for: %v, %v", list, err)
		}
		if list, err = s.Requests(ctx, recovery.Filter{BulkOf: r.ID}); err != nil || len(list) != 1 || list[0].ID != child.ID {
			t.Errorf("the accounts of a list: %v, %v", list, err)
		}
	})
}
