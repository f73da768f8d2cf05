package graph

import (
	"context"
	"errors"
	"slices"
	"strings"

	abs "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/directory"
	"github.com/microsoftgraph/msgraph-sdk-go/models"

	"mailback/recovery"
)

// Deleted lists deleted users whose name or address contains text, latest first. Graph has no such filter for deleted
// users, so all of them, thirty days' worth, are read and sifted here. The accounts have their names, addresses and
// date alone.
func (c *Client) Deleted(ctx context.Context, text string) ([]recovery.Account, error) {
	all, err := c.allDeleted(ctx)
	if err != nil {
		return nil, err
	}
	text = strings.ToLower(text)
	return slices.DeleteFunc(all, func(a recovery.Account) bool { return !mentions(a, text) }), nil
}

// mentions says whether the account's name or one of its addresses contains text, which is in lower case.
func mentions(a recovery.Account, text string) bool {
	named := append([]string{a.DisplayName, a.UserPrincipalName, a.Mail}, a.ProxyAddresses...)
	return slices.ContainsFunc(named, func(s string) bool { return strings.Contains(strings.ToLower(s), text) })
}

// allDeleted lists all deleted users with listFields, latest first.
func (c *Client) allDeleted(ctx context.Context) ([]recovery.Account, error) {
	all, err := c.deletedUsers(ctx, "", false, listFields())
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, latestFirst)
	return all, nil
}

// deletedUsers lists deleted users.
func (c *Client) deletedUsers(ctx context.Context, filter string, advanced bool, fields []string) ([]recovery.Account, error) {
	l, err := c.deletedListing(ctx, filter, advanced, fields)
	for err == nil && l.next != nil {
		err = l.page(ctx)
	}
	if err != nil {
		return nil, err
	}
	all := accounts(l.all)
	return all, dated(opDeletedUsers, l.first, all...)
}

// deletedListing begins a list of deleted users; an empty filter is for all of them. The cast to user is a must: Graph
// refuses to search deleted items without it (microsoftgraph/microsoft-graph-docs-contrib issue 4495).
func (c *Client) deletedListing(ctx context.Context, filter string, advanced bool, fields []string) (*listing[models.Userable], error) {
	query := directory.DeletedItemsGraphUserRequestBuilderGetQueryParameters{Select: fields, Top: new(mostPerPage)}
	if filter != "" {
		query.Filter = &filter
	}
	headers := abs.NewRequestHeaders()
	if advanced {
		query.Count, headers = new(true), eventually()
	}
	ri, err := c.deletedItems().GraphUser().ToGetRequestInformation(ctx, &directory.DeletedItemsGraphUserRequestBuilderGetRequestConfiguration{
		Headers: headers, QueryParameters: &query,
	})
	if err != nil {
		return nil, wrong(opDeletedUsers, err)
	}
	return newListing[models.Userable](c, opDeletedUsers, ri, models.CreateUserCollectionResponseFromDiscriminatorValue), nil
}

// dated refuses deleted users without the time of their deletion: they would pass for live ones.
func dated(op operation, receipt recovery.Receipt, all ...recovery.Account) error {
	if !slices.ContainsFunc(all, func(a recovery.Account) bool { return !a.Deleted() }) {
		return nil
	}
	return &recovery.Error{Kind: recovery.Incomplete, Peer: recovery.PeerGraph, Op: string(op), Receipt: receipt, Err: errors.New("a deleted user without its deletedDateTime")}
}

// deletedWith finds deleted users that have the address. A deleted user's sign-in name has its id in front, so the end
// of it is asked for, and what else ends so is dropped.
func (c *Client) deletedWith(ctx context.Context, address string) ([]recovery.Account, error) {
	var byName, byMail, byAlias []recovery.Account
	g, ctx := beside(ctx)
	g.Go(func() (err error) {
		byName, err = c.deletedUsers(ctx, "endsWith(userPrincipalName,"+quote(address)+")", true, accountFields())
		return err
	})
	g.Go(func() (err error) {
		byMail, err = c.deletedUsers(ctx, "mail eq "+quote(address), false, accountFields())
		return err
	})
	g.Go(func() (err error) { byAlias, err = c.deletedWithAlias(ctx, address); return err })
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return distinct(slices.Concat(byName, byMail, byAlias), address), nil
}

// distinct keeps each account once, and only those that have the address.
func distinct(all []recovery.Account, address string) []recovery.Account {
	seen := map[string]bool{}
	kept := slices.DeleteFunc(all, func(a recovery.Account) bool {
		drop := seen[a.ID] || !a.Has(address)
		seen[a.ID] = true
		return drop
	})
	slices.SortFunc(kept, latestFirst)
	return kept
}

// deletedByID reads one deleted user; none where there is none.
func (c *Client) deletedByID(ctx context.Context, id string) ([]recovery.Account, error) {
	ri, err := c.deletedItems().ByDirectoryObjectId(id).GraphUser().ToGetRequestInformation(ctx, &directory.DeletedItemsItemGraphUserRequestBuilderGetRequestConfiguration{
		QueryParameters: &directory.DeletedItemsItemGraphUserRequestBuilderGetQueryParameters{Select: accountFields()},
	})
	if err != nil {
		return nil, wrong(opDeletedUser, err)
	}
	u, receipt, err := get[models.Userable](ctx, c, opDeletedUser, ri, models.CreateUserFromDiscriminatorValue)
	if recovery.KindOf(err) == recovery.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	a, err := asAsked(opDeletedUser, account(u), id, receipt)
	if err == nil {
		err = dated(opDeletedUser, receipt, a)
	}
	return []recovery.Account{a}, err
}

// deletedNamed finds deleted users by the beginning of their display name.
func (c *Client) deletedNamed(ctx context.Context, name string) ([]recovery.Account, error) {
	found, err := c.deletedUsers(ctx, "startsWith(displayName,"+quote(name)+")", false, accountFields())
	if unsupported(err) {
		found, err = c.allDeleted(ctx)
	}
	found = named(found, name)
	slices.SortFunc(found, latestFirst)
	return found, err
}

// named keeps the accounts whose display name begins with name.
func named(all []recovery.Account, name string) []recovery.Account {
	return slices.DeleteFunc(all, func(a recovery.Account) bool {
		return !strings.HasPrefix(strings.ToLower(a.DisplayName), strings.ToLower(name))
	})
}
