package graph

import (
	"context"
	"errors"
	"slices"
	"strings"

	abs "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/directory"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"golang.org/x/sync/errgroup"

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
	all, err := c.deletedUsers(ctx, nil, false, listFields())
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, latestFirst)
	return all, nil
}

// deletedUsers lists deleted users. The cast to user is a must: Graph refuses to search deleted items without it
// (microsoftgraph/microsoft-graph-docs-contrib issue 4495).
func (c *Client) deletedUsers(ctx context.Context, filter *string, advanced bool, fields []string) ([]recovery.Account, error) {
	query := directory.DeletedItemsGraphUserRequestBuilderGetQueryParameters{Filter: filter, Select: fields, Top: new(mostPerPage)}
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
	found, receipt, err := list[models.Userable](ctx, c, opDeletedUsers, ri, models.CreateUserCollectionResponseFromDiscriminatorValue)
	if err != nil {
		return nil, err
	}
	all := accounts(found)
	return all, dated(opDeletedUsers, receipt, all...)
}

// dated refuses deleted users without the time of their deletion: they would pass for live ones.
func dated(op operation, receipt recovery.Receipt, all ...recovery.Account) error {
	if !slices.ContainsFunc(all, func(a recovery.Account) bool { return !a.Deleted() }) {
		return nil
	}
	return &recovery.Error{Kind: recovery.Incomplete, Op: string(op), Receipt: receipt, Err: errors.New("a deleted user without its deletedDateTime")}
}

// deletedWith finds deleted users that have the address. A deleted user's sign-in name has its id in front, so the end
// of it is asked for, and what else ends so is dropped. Whether Graph can search their proxy addresses is documented
// nowhere; whole is false where it refused.
func (c *Client) deletedWith(ctx context.Context, address string) (found []recovery.Account, whole bool, err error) {
	var byName, byMail, byProxy []recovery.Account
	var refused error
	g, ctx := errgroup.WithContext(ctx)
	search := func(into *[]recovery.Account, filter string, advanced bool) func() error {
		return func() (err error) {
			*into, err = c.deletedUsers(ctx, &filter, advanced, accountFields())
			return err
		}
	}
	g.Go(search(&byName, "endsWith(userPrincipalName,"+quote(address)+")", true))
	g.Go(search(&byMail, "mail eq "+quote(address), false))
	g.Go(func() error {
		err := search(&byProxy, hasProxy(address), true)()
		if unsupported(err) {
			refused, err = err, nil
		}
		return err
	})
	if err := g.Wait(); err != nil {
		return nil, false, err
	}
	return distinct(slices.Concat(byName, byMail, byProxy), address), refused == nil, nil
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
func (c *Client) deletedByID(ctx context.Context, id string) (found []recovery.Account, whole bool, err error) {
	ri, err := c.deletedItems().ByDirectoryObjectId(id).GraphUser().ToGetRequestInformation(ctx, &directory.DeletedItemsItemGraphUserRequestBuilderGetRequestConfiguration{
		QueryParameters: &directory.DeletedItemsItemGraphUserRequestBuilderGetQueryParameters{Select: accountFields()},
	})
	if err != nil {
		return nil, false, wrong(opDeletedUser, err)
	}
	u, receipt, err := get[models.Userable](ctx, c, opDeletedUser, ri, models.CreateUserFromDiscriminatorValue)
	if recovery.KindOf(err) == recovery.NotFound {
		return nil, true, nil
	}
	if err != nil {
		return nil, false, err
	}
	a, err := asAsked(opDeletedUser, account(u), id, receipt)
	if err == nil {
		err = dated(opDeletedUser, receipt, a)
	}
	return []recovery.Account{a}, true, err
}

// wholeDeleted reads a deleted user of whom a list showed listFields alone.
func (c *Client) wholeDeleted(ctx context.Context, id string) (recovery.Account, error) {
	found, _, err := c.deletedByID(ctx, id)
	if err == nil && len(found) == 0 {
		err = inMotion(opDeletedUser, errors.New("a deleted user is gone since it was listed"))
	}
	if err != nil {
		return recovery.Account{}, err
	}
	return found[0], nil
}

// deletedNamed finds deleted users by the beginning of their display name.
func (c *Client) deletedNamed(ctx context.Context, name string) (found []recovery.Account, whole bool, err error) {
	filter := "startsWith(displayName," + quote(name) + ")"
	found, err = c.deletedUsers(ctx, &filter, false, accountFields())
	if unsupported(err) {
		found, err = c.allDeleted(ctx)
	}
	found = named(found, name)
	slices.SortFunc(found, latestFirst)
	return found, true, err
}

// named keeps the accounts whose display name begins with name.
func named(all []recovery.Account, name string) []recovery.Account {
	return slices.DeleteFunc(all, func(a recovery.Account) bool {
		return !strings.HasPrefix(strings.ToLower(a.DisplayName), strings.ToLower(name))
	})
}
