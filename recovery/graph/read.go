package graph

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	abs "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/users"

	"mailback/recovery"
)

// mostPerPage is the largest $top of a directory list.
const mostPerPage int32 = 999

// objectID checks that text is an Entra object id in its canonical form, and one that somebody can have. Graph's paths also
// take sign-in names, which may belong to somebody else by now.
func objectID(text string) error {
	if !canonical(text) || text == uuid.Nil.String() {
		return fmt.Errorf("%q is no object id", text)
	}
	return nil
}

// canonical says whether text has the form of an object id.
func canonical(text string) bool {
	_, err := uuid.Parse(text)
	return err == nil && len(text) == 36
}

// Account reads one live user by object id. By id the directory answers without the lag of its search index.
func (c *Client) Account(ctx context.Context, id string) (recovery.Account, recovery.Receipt, error) {
	if err := objectID(id); err != nil {
		return recovery.Account{}, recovery.Receipt{}, wrong(opUser, err)
	}
	return c.liveUser(ctx, id)
}

// liveUser is Account for whatever has the form of an object id.
func (c *Client) liveUser(ctx context.Context, id string) (recovery.Account, recovery.Receipt, error) {
	none := recovery.Account{}
	ri, err := c.user(id).ToGetRequestInformation(ctx, &users.UserItemRequestBuilderGetRequestConfiguration{
		QueryParameters: &users.UserItemRequestBuilderGetQueryParameters{Select: accountFields()},
	})
	if err != nil {
		return none, recovery.Receipt{}, wrong(opUser, err)
	}
	u, receipt, err := get[models.Userable](ctx, c, opUser, ri, models.CreateUserFromDiscriminatorValue)
	if err != nil {
		return none, recovery.Receipt{}, err
	}
	a, err := asAsked(opUser, account(u), id, receipt)
	return a, receipt, err
}

// Mailbox asks a live user's mailbox for its purpose. A mailbox that is not there is an answer, not an error.
func (c *Client) Mailbox(ctx context.Context, id string) (recovery.Probe, error) {
	unknown := recovery.Probe{State: recovery.MailboxUnknown}
	if err := objectID(id); err != nil {
		return unknown, wrong(opMailbox, err)
	}
	ri, err := c.user(id).MailboxSettings().ToGetRequestInformation(ctx, &users.ItemMailboxSettingsRequestBuilderGetRequestConfiguration{
		QueryParameters: &users.ItemMailboxSettingsRequestBuilderGetQueryParameters{Select: []string{"userPurpose"}},
	})
	if err != nil {
		return unknown, wrong(opMailbox, err)
	}
	s, _, err := get[models.MailboxSettingsable](ctx, c, opMailbox, ri, models.CreateMailboxSettingsFromDiscriminatorValue)
	switch {
	case noMailbox(err):
		return recovery.Probe{State: recovery.MailboxAbsent}, nil
	case err != nil:
		return unknown, err
	}
	probe := recovery.Probe{State: recovery.MailboxAnswers}
	if p := s.GetUserPurpose(); p != nil {
		probe.Purpose = p.String()
	}
	return probe, nil
}

// accessOf reads the directory roles that a live account has, directly or by groups, and how many groups it is in. Roles
// that it may only activate (eligible assignments) are not among them.
func (c *Client) accessOf(ctx context.Context, id string) (recovery.Access, error) {
	ri, err := c.user(id).TransitiveMemberOf().ToGetRequestInformation(ctx, &users.ItemTransitiveMemberOfRequestBuilderGetRequestConfiguration{
		QueryParameters: &users.ItemTransitiveMemberOfRequestBuilderGetQueryParameters{Select: []string{"id", "displayName"}, Top: new(mostPerPage)},
	})
	if err != nil {
		return recovery.Access{}, wrong(opMemberOf, err)
	}
	memberships, _, err := list[models.DirectoryObjectable](ctx, c, opMemberOf, ri, models.CreateDirectoryObjectCollectionResponseFromDiscriminatorValue)
	if err != nil {
		return recovery.Access{}, err
	}
	return access(memberships), nil
}

// liveUsers lists live users by a filter. Advanced filters go through the lagging index and need eventually's header.
func (c *Client) liveUsers(ctx context.Context, filter string, fields []string, advanced bool) ([]recovery.Account, recovery.Receipt, error) {
	query := users.UsersRequestBuilderGetQueryParameters{Filter: &filter, Select: fields, Top: new(mostPerPage)}
	headers := abs.NewRequestHeaders()
	if advanced {
		query.Count, headers = new(true), eventually()
	}
	ri, err := c.users().ToGetRequestInformation(ctx, &users.UsersRequestBuilderGetRequestConfiguration{Headers: headers, QueryParameters: &query})
	if err != nil {
		return nil, recovery.Receipt{}, wrong(opUsers, err)
	}
	found, receipt, err := list[models.Userable](ctx, c, opUsers, ri, models.CreateUserCollectionResponseFromDiscriminatorValue)
	return accounts(found), receipt, err
}

// asAsked refuses an answer about another object than the one asked for.
func asAsked(op operation, a recovery.Account, id string, receipt recovery.Receipt) (recovery.Account, error) {
	if !recovery.SameAddress(a.ID, id) {
		return recovery.Account{}, &recovery.Error{Kind: recovery.Incomplete, Peer: recovery.PeerGraph, Op: string(op), Receipt: receipt, Err: errors.New("an answer about another object")}
	}
	return a, nil
}
