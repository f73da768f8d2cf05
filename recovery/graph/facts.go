package graph

import (
	"context"
	"fmt"

	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/organization"

	"mailback/recovery"
)

// TenantFacts is what an operator wants to know of the tenant.
type TenantFacts struct {
	Name   string         // displayName
	Synced bool           // onPremisesSyncEnabled: accounts may come from an on-premises directory
	SKUs   []recovery.SKU // the subscriptions, those without a mailbox too
}

// Roles gives the app's permissions on Microsoft Graph, as its access token has them; it makes no call to Graph. A sign-in that fails is a
// *recovery.Error of recovery.PeerEntra.
func (c *Client) Roles(ctx context.Context) ([]string, error) {
	roles, err := c.bearer.roles(ctx)
	if err != nil {
		return nil, fault(&call{op: opSignIn}, err)
	}
	return roles, nil
}

// TenantFacts reads organization and subscribedSkus, side by side. Errors are *recovery.Error.
func (c *Client) TenantFacts(ctx context.Context) (TenantFacts, error) {
	var facts TenantFacts
	g, round := beside(ctx)
	g.Go(func() (err error) { facts.SKUs, err = c.skus(round); return err })
	g.Go(func() error {
		o, err := c.tenantName(round)
		if err == nil {
			facts.Name, facts.Synced = text(o.GetDisplayName()), flag(o.GetOnPremisesSyncEnabled())
		}
		return err
	})
	return facts, g.Wait()
}

// tenantName reads the tenant's name, and whether it is synchronised from on-premises (learn.microsoft.com/graph/api/resources/organization).
func (c *Client) tenantName(ctx context.Context) (models.Organizationable, error) {
	ri, err := organization.NewOrganizationRequestBuilderInternal(c.parameters(), c.adapter).ToGetRequestInformation(ctx,
		&organization.OrganizationRequestBuilderGetRequestConfiguration{
			QueryParameters: &organization.OrganizationRequestBuilderGetQueryParameters{Select: []string{"id", "displayName", "onPremisesSyncEnabled"}},
		})
	if err != nil {
		return nil, wrong(opOrganization, err)
	}
	found, receipt, err := list[models.Organizationable](ctx, c, opOrganization, ri, models.CreateOrganizationCollectionResponseFromDiscriminatorValue)
	if err == nil && len(found) != 1 {
		err = &recovery.Error{Kind: recovery.Incomplete, Peer: recovery.PeerGraph, Op: string(opOrganization), Receipt: receipt, Err: fmt.Errorf("%d organizations", len(found))}
	}
	if err != nil {
		return nil, err
	}
	return found[0], nil
}
