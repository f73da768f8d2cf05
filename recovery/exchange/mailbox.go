package exchange

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"mailback/recovery"
)

const cmdGetMailbox = "Get-Mailbox"

// view is which mailboxes Get-Mailbox looks at: a switch of it, or none.
type view string

// The views of Get-Mailbox (learn.microsoft.com/powershell/module/exchangepowershell/get-mailbox).
const (
	live        view = ""
	softDeleted view = "SoftDeletedMailbox"
	inactive    view = "InactiveMailboxOnly"
)

// found is a mailbox that Get-Mailbox has shown to be the one asked for.
type found struct {
	recovery.Mailbox
	names []string // by which the rows of other cmdlets may speak of it
}

// is says whether a row of another cmdlet that names its mailbox so is about this one.
func (m found) is(name string) bool {
	return name != "" && slices.ContainsFunc(m.names, func(n string) bool { return strings.EqualFold(n, name) })
}

// Find gives every mailbox, live, soft-deleted and inactive, that has the address or object id exactly. The three views
// are asked side by side.
func (c *Client) Find(ctx context.Context, q recovery.Query) ([]recovery.Mailbox, error) {
	var all []recovery.Mailbox
	matches, err := c.find(ctx, q, live, softDeleted, inactive)
	for _, m := range matches {
		all = append(all, m.Mailbox)
	}
	return all, err
}

// Mailbox gives the one mailbox with this ExchangeGuid, live, soft-deleted or inactive; NotFound. The ExchangeGuid is what
// is unique: an address may be a live, a soft-deleted and an inactive mailbox's at once
// (learn.microsoft.com/purview/restore-an-inactive-mailbox).
func (c *Client) Mailbox(ctx context.Context, guid string) (recovery.Mailbox, error) {
	m, err := c.locate(ctx, guid, live, softDeleted, inactive)
	return m.Mailbox, err
}

// find asks some views, side by side, for the mailboxes with an address or an object id.
func (c *Client) find(ctx context.Context, q recovery.Query, views ...view) ([]found, error) {
	switch q.Kind {
	case recovery.ByAddress:
		id, err := identify(asAddress, q.Value)
		if err != nil {
			return nil, err
		}
		filter := id.filter("EmailAddresses -eq 'smtp:{}' -or UserPrincipalName -eq '{}'")
		return c.look(ctx, sought{id, filter, func(r row) bool { return r.hasAddress(id.text) }}, views)
	case recovery.ByObjectID:
		id, err := identify(asGUID, q.Value)
		if err != nil {
			return nil, err
		}
		filter := id.filter("ExternalDirectoryObjectId -eq '{}'")
		return c.look(ctx, sought{id, filter, func(r row) bool { return strings.EqualFold(r.ObjectID, id.text) }}, views)
	default:
		return nil, wrong(cmdGetMailbox, fmt.Errorf("mailboxes are not found by %s", q.Kind))
	}
}

// sought is what a mailbox has to have to be the one that is looked for.
type sought struct {
	id     identity
	filter identity // the same as -Filter (learn.microsoft.com/powershell/exchange/filter-properties)
	is     func(row) bool
}

// locate asks some views, side by side, for the one mailbox with an ExchangeGuid; NotFound where they do not have it. Whatever
// is done to a mailbox or read of it comes after this.
func (c *Client) locate(ctx context.Context, guid string, views ...view) (found, error) {
	id, err := identify(asGUID, guid)
	if err != nil {
		return found{}, err
	}
	filter := id.filter("ExchangeGuid -eq '{}'")
	matches, err := c.look(ctx, sought{id, filter, func(r row) bool { return strings.EqualFold(r.ExchangeGUID, id.text) }}, views)
	if err != nil {
		return found{}, err
	}
	return only(cmdGetMailbox, matches, func(found) bool { return true })
}

// look asks the views side by side for the mailboxes that are sought. Each comes once: an inactive mailbox also shows among
// the soft-deleted ones. One that is live in one view and not in another has changed between the two answers.
func (c *Client) look(ctx context.Context, what sought, views []view) ([]found, error) {
	answers := make([][]found, len(views))
	g, ctx := errgroup.WithContext(ctx)
	for i, v := range views {
		g.Go(func() (err error) {
			answers[i], err = c.getMailbox(ctx, v, what)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	var kept []found
	for _, m := range slices.Concat(answers...) {
		same := slices.IndexFunc(kept, func(k found) bool { return strings.EqualFold(k.ExchangeGUID, m.ExchangeGUID) })
		switch {
		case same < 0:
			kept = append(kept, m)
		case kept[same].Live() != m.Live():
			return nil, incomplete(cmdGetMailbox, errors.New("a mailbox is both in use and soft-deleted"))
		default:
			kept[same].Inactive = kept[same].Inactive || m.Inactive
		}
	}
	return kept, nil
}

// getMailbox gives the mailboxes of one view that are sought; rows about anybody else are dropped. Where Exchange answers for an
// Identity that does not exist with all there are, and these are more than it gives at once, the filter says what it has.
func (c *Client) getMailbox(ctx context.Context, v view, what sought) ([]found, error) {
	raw, err := c.rows(ctx, v, "Identity", what.id)
	if errors.Is(err, errCut) {
		raw, err = c.rows(ctx, v, "Filter", what.filter)
	}
	if recovery.KindOf(err) == recovery.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return matching(raw, v, what.is)
}

// rows runs Get-Mailbox in one view. As many rows as were asked for may be a list cut short.
func (c *Client) rows(ctx context.Context, v view, parameter string, id identity) ([]json.RawMessage, error) {
	with := map[string]any{"ResultSize": pageSize}
	if v != live {
		with[string(v)] = true
	}
	raw, _, err := c.read(ctx, command{name: cmdGetMailbox, about: map[string]identity{parameter: id}, with: with, columns: rowColumns()})
	if err == nil && len(raw) >= pageSize {
		return nil, incomplete(cmdGetMailbox, fmt.Errorf("%w: %d rows for one %s", errCut, len(raw), parameter))
	}
	return raw, err
}

// matching reads the rows that is knows.
func matching(raw []json.RawMessage, v view, is func(row) bool) ([]found, error) {
	rows, err := decode[row](cmdGetMailbox, raw)
	if err != nil {
		return nil, err
	}
	var all []found
	for _, r := range rows {
		if !is(r) {
			continue
		}
		m, err := r.mailbox(v)
		if err != nil {
			return nil, incomplete(cmdGetMailbox, err)
		}
		all = append(all, found{m, r.names()})
	}
	return all, nil
}

// row is a mailbox as Get-Mailbox shows it.
type row struct {
	ExchangeGUID       string `json:"ExchangeGuid"`
	ArchiveGUID        string `json:"ArchiveGuid"`
	ObjectID           string `json:"ExternalDirectoryObjectId"`
	DirectoryGUID      string `json:"Guid"`
	Identity           string `json:"Identity"`
	Name               string `json:"Name"`
	Alias              string `json:"Alias"`
	DistinguishedName  string `json:"DistinguishedName"`
	LegacyDN           string `json:"LegacyExchangeDN"`
	DisplayName        string `json:"DisplayName"`
	Address            string `json:"PrimarySmtpAddress"`
	EmailAddresses     texts  `json:"EmailAddresses"`
	UserPrincipalName  string `json:"UserPrincipalName"`
	Type               string `json:"RecipientTypeDetails"`
	WhenSoftDeleted    string `json:"WhenSoftDeleted"`
	WhenMailboxCreated string `json:"WhenMailboxCreated"`
	Inactive           flag   `json:"IsInactiveMailbox"`
	LitigationHold     flag   `json:"LitigationHoldEnabled"`
	InPlaceHolds       texts  `json:"InPlaceHolds"`
	AutoExpanding      flag   `json:"AutoExpandingArchiveEnabled"`
	Quota              quota  `json:"ProhibitSendReceiveQuota"`
	ArchiveQuota       quota  `json:"ArchiveQuota"`
	RetentionHold      flag   `json:"RetentionHoldEnabled"`
	KeepsDeleted       span   `json:"RetainDeletedItemsFor"`
}

// rowColumns are the properties that a row has, as $select takes them.
func rowColumns() []string {
	var all []string
	for f := range reflect.TypeFor[row]().Fields() {
		all = append(all, f.Tag.Get("json"))
	}
	return all
}

// hasAddress says whether one of the row's addresses or its sign-in name is this one, compared whole.
func (r row) hasAddress(address string) bool {
	return recovery.SameAddress(r.Address, address) || recovery.SameAddress(r.UserPrincipalName, address) ||
		slices.ContainsFunc(r.EmailAddresses, func(a string) bool { return strings.EqualFold(a, "smtp:"+address) })
}

// names are what else the mailbox goes by. A display name is none: others may have it too.
func (r row) names() []string {
	return []string{r.ExchangeGUID, r.ObjectID, r.DirectoryGUID, r.Identity, r.Name, r.Alias, r.DistinguishedName, r.LegacyDN, r.Address, r.UserPrincipalName}
}

// mailbox turns a row into the domain's mailbox. A soft-deleted one must say since when: without that it would pass for live.
func (r row) mailbox(v view) (recovery.Mailbox, error) {
	m := recovery.Mailbox{
		ExchangeGUID: r.ExchangeGUID, ArchiveGUID: known(r.ArchiveGUID), ObjectID: known(r.ObjectID), Name: r.DisplayName, Address: r.Address,
		SignInName: r.UserPrincipalName, Addresses: r.EmailAddresses, LegacyDN: r.LegacyDN, Type: r.Type,
		Inactive: bool(r.Inactive) || v == inactive, OnHold: bool(r.LitigationHold) || slices.ContainsFunc(r.InPlaceHolds, holds), Litigation: bool(r.LitigationHold),
		AutoExpanding: bool(r.AutoExpanding), Quota: int64(r.Quota), ArchiveQuota: int64(r.ArchiveQuota), RetentionHold: bool(r.RetentionHold), KeepsDeleted: time.Duration(r.KeepsDeleted),
	}
	var err error
	if m.SoftDeletedAt, err = parseTime(r.WhenSoftDeleted); err != nil {
		return m, err
	}
	if m.CreatedAt, err = parseTime(r.WhenMailboxCreated); err != nil {
		return m, err
	}
	if known(r.ExchangeGUID) == "" || v == softDeleted && m.SoftDeletedAt.IsZero() {
		return m, errors.New("a mailbox without its ExchangeGuid or its WhenSoftDeleted")
	}
	return m, nil
}

// known gives an id, "" for the GUID of zeros, which is how Exchange writes that there is none.
func known(guid string) string {
	if guid == uuid.Nil.String() {
		return ""
	}
	return guid
}

// holds says whether an entry of InPlaceHolds keeps something: one that begins with a minus takes the mailbox out of a hold
// of the whole organization (learn.microsoft.com/purview/ediscovery-identify-a-hold-on-an-exchange-online-mailbox).
func holds(entry string) bool { return entry != "" && !strings.HasPrefix(entry, "-") }
