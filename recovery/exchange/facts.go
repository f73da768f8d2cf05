package exchange

import (
	"context"
	"errors"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"mailback/recovery"
	"mailback/recovery/entra"
)

const cmdGetOrganization = "Get-OrganizationConfig"

// ManageAsApp is the app role without which no cmdlet runs (learn.microsoft.com/powershell/exchange/app-only-auth-powershell-v2).
const ManageAsApp = "Exchange.ManageAsApp"

// Roles gives the app's permissions on Exchange Online, as its access token has them; it makes no call to Exchange. A sign-in that fails
// is a *recovery.Error of recovery.PeerEntra.
func (c *Client) Roles(ctx context.Context) ([]string, error) {
	x := &call{cmdlet: "sign in"}
	token, err := c.cfg.Credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{c.cfg.Scope}})
	if err != nil {
		return nil, x.fault(entra.SignInFailed(err))
	}
	roles, err := entra.Roles(token.Token)
	if err != nil {
		return nil, &recovery.Error{Kind: recovery.Internal, Peer: recovery.PeerExchange, Op: x.cmdlet, Err: err}
	}
	return roles, nil
}

// DelayedDelicensing says whether the tenant keeps mailboxes for a while whose licence goes: DelayedDelicensingEnabled
// (learn.microsoft.com/powershell/module/exchangepowershell/set-organizationconfig). Forbidden where the app may not run
// Get-OrganizationConfig; Incomplete where Exchange does not say.
func (c *Client) DelayedDelicensing(ctx context.Context) (bool, error) {
	raw, _, err := c.read(ctx, command{name: cmdGetOrganization, tenant: true, columns: []string{"DelayedDelicensingEnabled"}})
	if err != nil {
		return false, err
	}
	rows, err := decode[struct {
		Delayed *bool `json:"DelayedDelicensingEnabled"`
	}](cmdGetOrganization, raw)
	if err != nil {
		return false, err
	}
	if len(rows) != 1 || rows[0].Delayed == nil {
		return false, incomplete(cmdGetOrganization, errors.New("it does not say whether delicensing is delayed"))
	}
	return *rows[0].Delayed, nil
}
