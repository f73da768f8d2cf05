package exchange

import (
	"context"

	"mailback/recovery"
)

// OneView asks one view of Get-Mailbox for an address: the least that a Client does, in one call.
func OneView(ctx context.Context, c *Client, v, address string) ([]recovery.Mailbox, error) {
	matches, err := c.find(ctx, recovery.Query{Kind: recovery.ByAddress, Value: address}, view(v))
	var all []recovery.Mailbox
	for _, m := range matches {
		all = append(all, m.Mailbox)
	}
	return all, err
}
