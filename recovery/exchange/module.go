package exchange

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"mailback/recovery"
)

// moduleFile is what lists the cmdlets, and moduleVersion the module that asks for it (KelvinTegelaar/CIPP-API, New-ExoRequest
// -AvailableCmdlets).
const (
	moduleFile    = "EXOModuleFile"
	moduleVersion = "3.9.2"
)

// Cmdlets lists the cmdlets that the app may run, in alphabetical order: those of its roles. It asks the endpoint from which
// Microsoft's module learns which cmdlets to offer.
func (c *Client) Cmdlets(ctx context.Context) ([]string, error) {
	link := c.base.JoinPath("adminapi", "v1.0", c.cfg.TenantID, moduleFile)
	link.RawQuery = "Version=" + moduleVersion
	page, err := c.ask(ctx, &call{cmdlet: moduleFile, method: http.MethodGet, all: true}, link, nil)
	if err != nil {
		return nil, err
	}
	rows, err := decode[struct {
		Names texts `json:"exportedCmdlets"`
	}](moduleFile, page.Value)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, r := range rows {
		all = append(all, r.Names...)
	}
	if len(all) == 0 || page.NextLink != "" || len(page.Warnings) > 0 {
		return nil, &recovery.Error{Kind: recovery.Incomplete, Peer: recovery.PeerExchange, Op: moduleFile, Receipt: page.receipt, Err: errors.New("no cmdlets, or not all of them")}
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}
