package exchange

import (
	"context"
	"errors"
	"strings"
	"unicode"

	"mailback/recovery"
)

const (
	cmdSetMailbox = "Set-Mailbox"
	cmdUndo       = "Undo-SoftDeletedMailbox"
)

// AddAddress puts an X500 address on a live mailbox, so that a soft-deleted one with that LegacyExchangeDN can be copied into it
// and replies to its old messages arrive (learn.microsoft.com/purview/restore-an-inactive-mailbox). Other kinds of address
// are refused. Conflict with Detail "proxyAddresses" where another recipient has it.
func (c *Client) AddAddress(ctx context.Context, guid, proxyAddress string) (recovery.Receipt, error) {
	prefix, dn, _ := strings.Cut(proxyAddress, ":")
	if !strings.EqualFold(prefix, "X500") || !strings.HasPrefix(dn, "/") || dn != strings.TrimSpace(dn) || strings.ContainsFunc(dn, unicode.IsControl) {
		return recovery.Receipt{}, wrong(cmdSetMailbox, errors.New("the address is no X500 address"))
	}
	m, err := c.locate(ctx, guid, live)
	if err != nil {
		return recovery.Receipt{}, err
	}
	id, err := identify(asGUID, m.ExchangeGUID)
	if err != nil {
		return recovery.Receipt{}, err
	}
	// A hash table needs its type (KelvinTegelaar/CIPP-API).
	addresses := map[string]string{"@odata.type": "#Exchange.GenericHashTable", "Add": proxyAddress}
	_, receipt, err := c.change(ctx, command{name: cmdSetMailbox, about: map[string]identity{"Identity": id}, with: map[string]any{"EmailAddresses": addresses}})
	return receipt, err
}

// UndoSoftDelete brings a soft-deleted mailbox whose user is purged back with a new user
// (learn.microsoft.com/powershell/module/exchangepowershell/undo-softdeletedmailbox). Conflict with Detail "userPrincipalName"
// where its old sign-in name is in use: then Exchange wants another one with a password, which Mailback does not set.
// NotFound for a mailbox that is not soft-deleted, Invalid for an inactive one.
func (c *Client) UndoSoftDelete(ctx context.Context, guid string) (recovery.Receipt, error) {
	m, err := c.locate(ctx, guid, softDeleted, inactive)
	if err != nil {
		return recovery.Receipt{}, err
	}
	if m.Inactive {
		return recovery.Receipt{}, wrong(cmdUndo, errors.New("the mailbox is inactive: it can be recovered or copied, not undone"))
	}
	id, err := identify(asGUID, m.ExchangeGUID)
	if err != nil {
		return recovery.Receipt{}, err
	}
	_, receipt, err := c.change(ctx, command{name: cmdUndo, about: map[string]identity{"SoftDeletedObject": id}, with: map[string]any{"Confirm": false}, columns: []string{"ExchangeGuid"}})
	return receipt, err
}
