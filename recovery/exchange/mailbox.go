package exchange

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"mailback/recovery"
)

const cmdGetMailbox = "Get-Mailbox"

// View is which mailboxes Get-Mailbox looks at: a switch of it, or none.
type View string

// The views of Get-Mailbox (learn.microsoft.com/powershell/module/exchangepowershell/get-mailbox).
const (
	Live        View = ""
	SoftDeleted View = "SoftDeletedMailbox"
	Inactive    View = "InactiveMailboxOnly"
)

// Find gives every mailbox, live, soft-deleted and inactive, that has the address or object id exactly. The three views
// are asked side by side.
func (c *Client) Find(ctx context.Context, q recovery.Query) ([]recovery.Mailbox, error) {
	if q.Kind != recovery.ByAddress && q.Kind != recovery.ByObjectID {
		return nil, wrong(fmt.Errorf("mailboxes are not found by %s", q.Kind))
	}
	views := []View{Live, SoftDeleted, Inactive}
	found := make([][]recovery.Mailbox, len(views))
	g, ctx := errgroup.WithContext(ctx)
	for i, view := range views {
		g.Go(func() (err error) {
			found[i], err = c.GetMailbox(ctx, view, q.Value)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return distinct(slices.Concat(found...)), nil
}

// distinct keeps each mailbox once: an inactive mailbox also shows among the soft-deleted ones.
func distinct(all []recovery.Mailbox) []recovery.Mailbox {
	var kept []recovery.Mailbox
	for _, m := range all {
		same := slices.IndexFunc(kept, func(k recovery.Mailbox) bool { return strings.EqualFold(k.ExchangeGUID, m.ExchangeGUID) })
		if same < 0 {
			kept = append(kept, m)
			continue
		}
		kept[same].Inactive = kept[same].Inactive || m.Inactive
	}
	return kept
}

// GetMailbox runs Get-Mailbox -Identity in one view and gives the mailboxes that have the identity: an address or an
// object id. An identity that does not exist may make Exchange return every mailbox there is, says the cmdlet's page, so
// an empty one is refused before the call, and rows about anybody else are dropped after it.
func (c *Client) GetMailbox(ctx context.Context, view View, identity string) ([]recovery.Mailbox, error) {
	identity = strings.TrimSpace(identity)
	if !strings.Contains(identity, "@") && uuid.Validate(identity) != nil {
		return nil, wrong(fmt.Errorf("%q is no address and no object id", identity))
	}
	parameters := map[string]any{"Identity": identity, "ResultSize": pageSize}
	if view != Live {
		parameters[string(view)] = true
	}
	rows, err := c.Invoke(ctx, cmdGetMailbox, parameters, "ExchangeGuid", "ExternalDirectoryObjectId", "PrimarySmtpAddress", "EmailAddresses",
		"UserPrincipalName", "RecipientTypeDetails", "WhenSoftDeleted", "WhenMailboxCreated", "IsInactiveMailbox")
	if recovery.KindOf(err) == recovery.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return matching(rows, view, identity)
}

// matching reads the rows that have the identity. As many rows as were asked for may be a list cut short.
func matching(rows []json.RawMessage, view View, identity string) ([]recovery.Mailbox, error) {
	if len(rows) >= pageSize {
		return nil, incomplete(fmt.Errorf("%d rows for one identity", len(rows)))
	}
	var found []recovery.Mailbox
	for _, raw := range rows {
		var r row
		if err := json.Unmarshal(raw, &r); err != nil {
			return nil, incomplete(errors.New("a row that cannot be read"))
		}
		if !r.has(identity) {
			continue
		}
		m, err := r.mailbox(view)
		if err != nil {
			return nil, incomplete(err)
		}
		found = append(found, m)
	}
	return found, nil
}

// row is a mailbox as Get-Mailbox shows it.
type row struct {
	ExchangeGUID       string   `json:"ExchangeGuid"`
	ObjectID           string   `json:"ExternalDirectoryObjectId"`
	Address            string   `json:"PrimarySmtpAddress"`
	EmailAddresses     []string `json:"EmailAddresses"`
	UserPrincipalName  string   `json:"UserPrincipalName"`
	Type               string   `json:"RecipientTypeDetails"`
	WhenSoftDeleted    string   `json:"WhenSoftDeleted"`
	WhenMailboxCreated string   `json:"WhenMailboxCreated"`
	Inactive           bool     `json:"IsInactiveMailbox"`
}

// has says whether the row is about the identity: its object id or one of its addresses, compared whole.
func (r row) has(identity string) bool {
	if strings.EqualFold(r.ObjectID, identity) || strings.EqualFold(r.Address, identity) ||
		strings.EqualFold(r.UserPrincipalName, identity) {
		return true
	}
	return slices.ContainsFunc(r.EmailAddresses, func(a string) bool { return strings.EqualFold(a, "smtp:"+identity) })
}

// mailbox turns a row into the domain's mailbox. A soft-deleted one must say since when: without that it would pass for live.
func (r row) mailbox(view View) (recovery.Mailbox, error) {
	m := recovery.Mailbox{
		ExchangeGUID: r.ExchangeGUID, ObjectID: r.ObjectID, Address: r.Address, Type: r.Type,
		Inactive: r.Inactive || view == Inactive,
	}
	var err error
	if m.SoftDeletedAt, err = parseTime(r.WhenSoftDeleted); err != nil {
		return m, err
	}
	if m.CreatedAt, err = parseTime(r.WhenMailboxCreated); err != nil {
		return m, err
	}
	if r.ExchangeGUID == "" || view == SoftDeleted && m.SoftDeletedAt.IsZero() {
		return m, errors.New("a mailbox without its ExchangeGuid or its WhenSoftDeleted")
	}
	return m, nil
}

// parseTime reads Exchange's dates: ISO 8601, or the invariant culture's, both UTC where they name no zone.
func parseTime(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "01/02/2006 15:04:05", "1/2/2006 3:04:05 PM"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("a date that cannot be read: %q", oneLine(text))
}

func wrong(err error) *recovery.Error {
	return &recovery.Error{Kind: recovery.Invalid, Op: cmdGetMailbox, Err: err}
}

func incomplete(err error) *recovery.Error {
	return &recovery.Error{Kind: recovery.Incomplete, Op: cmdGetMailbox, Err: err}
}
