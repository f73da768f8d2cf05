package graph

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/organization"
	"github.com/microsoftgraph/msgraph-sdk-go/subscribedskus"

	"mailback/recovery"
)

// mostAtOnce bounds the calls of one round: Exchange takes four at a time for one mailbox, the directory has no such limit
// but counts resource units (learn.microsoft.com/graph/throttling-limits).
const mostAtOnce = 16

// Find finds accounts and reads the tenant, in one round of calls side by side. Where Graph cannot search the aliases of deleted
// users the round is two calls long for an address that one of them has as an alias, and longer for the first search after the
// start: see aliases.go.
func (c *Client) Find(ctx context.Context, q recovery.Query) (recovery.Findings, error) {
	s, err := c.searchFor(q)
	if err != nil {
		return recovery.Findings{}, wrong(opUsers, err)
	}
	var f recovery.Findings
	if f.Permissions, err = c.bearer.roles(ctx); err != nil {
		return recovery.Findings{}, fault(&call{op: opSignIn}, err)
	}
	live, deleted, err := c.round(ctx, s, &f)
	if err != nil {
		return recovery.Findings{}, err
	}
	if f.Found, err = join(live, deleted); err != nil {
		return recovery.Findings{}, err
	}
	return f, nil
}

// search is how a kind of query finds accounts.
type search struct {
	live    func(context.Context) ([]recovery.Account, recovery.Receipt, error)
	deleted func(context.Context) ([]recovery.Account, error)
	tenant  bool // SKUs and organization too
}

// searchFor checks a query and says how it is answered.
func (c *Client) searchFor(q recovery.Query) (search, error) {
	value := strings.TrimSpace(q.Value)
	switch {
	case q.Kind == recovery.ByAddress && strings.Contains(value, "@"):
		return search{
			live: func(ctx context.Context) ([]recovery.Account, recovery.Receipt, error) {
				return c.liveHaving(ctx, value)
			},
			deleted: func(ctx context.Context) ([]recovery.Account, error) { return c.deletedWith(ctx, value) },
			tenant:  true,
		}, nil
	case q.Kind == recovery.ByObjectID && canonical(value): // of one that nobody can have, Graph says that it is not there
		return search{
			live:    func(ctx context.Context) ([]recovery.Account, recovery.Receipt, error) { return c.liveByID(ctx, value) },
			deleted: func(ctx context.Context) ([]recovery.Account, error) { return c.deletedByID(ctx, value) },
			tenant:  true,
		}, nil
	case q.Kind == recovery.ByName && value != "":
		return search{
			live: func(ctx context.Context) ([]recovery.Account, recovery.Receipt, error) {
				return c.liveNamed(ctx, value)
			},
			deleted: func(ctx context.Context) ([]recovery.Account, error) { return c.deletedNamed(ctx, value) },
		}, nil
	default:
		return search{}, fmt.Errorf("%q is no %s that can be searched for", q.Value, q.Kind)
	}
}

// round finds the accounts and reads the tenant.
func (c *Client) round(ctx context.Context, s search, f *recovery.Findings) (live, deleted []recovery.Account, err error) {
	g, round := beside(ctx)
	g.Go(func() (err error) { live, f.Receipt, err = s.live(round); return err })
	g.Go(func() (err error) { deleted, err = s.deleted(round); return err })
	if s.tenant {
		g.Go(func() (err error) { f.SKUs, err = c.skus(round); return err })
		g.Go(func() (err error) { f.Organization, err = c.organization(round); return err })
	}
	if err := g.Wait(); err != nil {
		return nil, nil, err
	}
	f.ReadAt = f.Receipt.Date
	return live, deleted, nil
}

// liveHaving finds live users that have the address.
func (c *Client) liveHaving(ctx context.Context, address string) ([]recovery.Account, recovery.Receipt, error) {
	found, receipt, err := c.liveUsers(ctx, liveWith(address), accountFields(), true)
	return distinct(found, address), receipt, err
}

// liveByID reads one live user; none where there is none, with the receipt of that answer.
func (c *Client) liveByID(ctx context.Context, id string) ([]recovery.Account, recovery.Receipt, error) {
	a, receipt, err := c.liveUser(ctx, id)
	if e, ok := errors.AsType[*recovery.Error](err); ok && e.Kind == recovery.NotFound {
		return nil, e.Receipt, nil
	}
	return []recovery.Account{a}, receipt, err
}

// liveNamed finds live users by the beginning of their display name.
func (c *Client) liveNamed(ctx context.Context, name string) ([]recovery.Account, recovery.Receipt, error) {
	found, receipt, err := c.liveUsers(ctx, "startsWith(displayName,"+quote(name)+")", accountFields(), false)
	return named(found, name), receipt, err
}

// join puts live accounts before deleted ones. An account that shows as both is on its way from one to the other.
func join(live, deleted []recovery.Account) ([]recovery.Found, error) {
	found := make([]recovery.Found, 0, len(live)+len(deleted))
	alive := map[string]bool{}
	for _, a := range live {
		alive[a.ID] = true
		found = append(found, recovery.Found{Account: a})
	}
	for _, a := range deleted {
		if alive[a.ID] {
			return nil, inMotion(opUsers, errors.New("an account shows as live and as deleted: the directory is still catching up"))
		}
		found = append(found, recovery.Found{Account: a})
	}
	return found, nil
}

// inMotion is for an account that is on its way from live to deleted or back.
func inMotion(op operation, err error) *recovery.Error {
	return &recovery.Error{Kind: recovery.Unavailable, Peer: recovery.PeerGraph, Op: string(op), Detail: "an account in motion", Err: err}
}

// Complete reads, side by side, what belongs to each account.
func (c *Client) Complete(ctx context.Context, found []recovery.Found) error {
	g, ctx := atOnce(ctx, mostAtOnce)
	for i := range found {
		f := &found[i]
		if f.Account.Deleted() {
			g.Go(func() (err error) { f.Access, err = c.rolesOfDeleted(ctx, f.Account.ID); return err })
			g.Go(func() (err error) { f.Holders, f.HoldersUnknown, err = c.holders(ctx, f.Account); return err })
			continue
		}
		g.Go(func() (err error) { f.Probe, err = orUnknown(c.Mailbox(ctx, f.Account.ID)); return err })
		g.Go(func() (err error) { f.Access, err = orUnknown(c.accessOf(ctx, f.Account.ID)); return err })
	}
	return g.Wait()
}

// orUnknown lets a diagnosis go on without what the app may not read, or what is gone since the first round: the value that
// comes with such an error says that it is unknown.
func orUnknown[T any](value T, err error) (T, error) {
	switch recovery.KindOf(err) {
	case recovery.Forbidden, recovery.NotFound:
		return value, nil
	default:
		return value, err
	}
}

// skus reads the tenant's subscriptions.
func (c *Client) skus(ctx context.Context) ([]recovery.SKU, error) {
	ri, err := subscribedskus.NewSubscribedSkusRequestBuilderInternal(c.parameters(), c.adapter).ToGetRequestInformation(ctx,
		&subscribedskus.SubscribedSkusRequestBuilderGetRequestConfiguration{
			QueryParameters: &subscribedskus.SubscribedSkusRequestBuilderGetQueryParameters{
				Select: []string{"skuId", "skuPartNumber", "appliesTo", "capabilityStatus", "consumedUnits", "prepaidUnits", "servicePlans"},
			},
		})
	if err != nil {
		return nil, wrong(opSKUs, err)
	}
	found, _, err := list[models.SubscribedSkuable](ctx, c, opSKUs, ri, models.CreateSubscribedSkuCollectionResponseFromDiscriminatorValue)
	skus := make([]recovery.SKU, len(found))
	for i, s := range found {
		skus[i] = sku(s)
	}
	return skus, err
}

// organization reads the tenant itself.
func (c *Client) organization(ctx context.Context) (recovery.Organization, error) {
	ri, err := organization.NewOrganizationRequestBuilderInternal(c.parameters(), c.adapter).ToGetRequestInformation(ctx,
		&organization.OrganizationRequestBuilderGetRequestConfiguration{
			QueryParameters: &organization.OrganizationRequestBuilderGetQueryParameters{Select: []string{"id", "countryLetterCode", "verifiedDomains"}},
		})
	if err != nil {
		return recovery.Organization{}, wrong(opOrganization, err)
	}
	found, receipt, err := list[models.Organizationable](ctx, c, opOrganization, ri, models.CreateOrganizationCollectionResponseFromDiscriminatorValue)
	if err == nil && len(found) != 1 {
		err = &recovery.Error{Kind: recovery.Incomplete, Peer: recovery.PeerGraph, Op: string(opOrganization), Receipt: receipt, Err: fmt.Errorf("%d organizations", len(found))}
	}
	if err != nil {
		return recovery.Organization{}, err
	}
	return organizationOf(found[0]), nil
}
