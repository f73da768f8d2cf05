package recovery

import (
	"context"
	"errors"
	"fmt"
)

// BulkList gives the list of a request for many to one reader, who has to be an approver now; a Note says why there is none.
func (s *Service) BulkList(ctx context.Context, id int64, reader string) ([]BulkRow, *Note, error) {
	r, err := s.Store.Request(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return nil, &Note{Code: NoteOldMessage}, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read R-%d: %w", id, err)
	}
	refused, err := s.mayApprove(ctx, r.matter(), Actor{TeamID: s.Settings.TeamID, UserID: reader})
	if KindOf(err) == NotFound {
		return nil, &Note{Code: NoteUnproven}, nil
	}
	if refused != nil || err != nil {
		return nil, refused, err
	}
	rows, err := s.Bulk.BulkRows(ctx, id)
	if err != nil {
		return nil, nil, fmt.Errorf("read the list of R-%d: %w", id, err)
	}
	if len(rows) == 0 {
		return nil, &Note{Code: NoteOldMessage}, nil
	}
	return rows, nil, nil
}
