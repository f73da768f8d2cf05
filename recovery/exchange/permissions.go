package exchange

import (
	"context"
	"errors"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"mailback/recovery"
)

const (
	cmdGetPermission          = "Get-MailboxPermission"
	cmdGetRecipientPermission = "Get-RecipientPermission"
)

// unlimited is the ResultSize that asks for all there is.
const unlimited = "Unlimited"

// right is somebody's right as the two cmdlets show it.
type right struct {
	Identity  string
	User      string // of Get-MailboxPermission
	Trustee   string // of Get-RecipientPermission
	Rights    texts  `json:"AccessRights"`
	Deny      flag
	Control   string `json:"AccessControlType"` // Allow or Deny
	Inherited flag   `json:"IsInherited"`
}

// Grants lists who else may open a live mailbox (Get-MailboxPermission) or send as it (Get-RecipientPermission), by name. A
// right of an account that is gone is there under its security identifier, S-1-5-…, as Exchange shows it. The rows carry no
// ExchangeGuid: they are taken if each names its mailbox by one of the names that Get-Mailbox gave for the ExchangeGuid.
// NotFound for a mailbox that is not in use.
func (c *Client) Grants(ctx context.Context, guid string) ([]recovery.Grant, error) {
	m, err := c.locate(ctx, guid, live)
	if err != nil {
		return nil, err
	}
	mailbox, err := identify(asGUID, m.ExchangeGUID)
	if err != nil {
		return nil, err
	}
	recipient, err := identify(asAddress, m.Address) // the page of the second cmdlet speaks of no ExchangeGuid
	if err != nil {
		return nil, err
	}
	var open, send []right
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		open, err = c.rights(ctx, cmdGetPermission, mailbox, m)
		return err
	})
	g.Go(func() (err error) {
		send, err = c.rights(ctx, cmdGetRecipientPermission, recipient, m)
		return err
	})
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return granted(slices.Concat(open, send)), nil
}

// rights runs one of the two cmdlets.
func (c *Client) rights(ctx context.Context, cmdlet string, id identity, m found) ([]right, error) {
	raw, _, err := c.read(ctx, command{name: cmdlet, about: map[string]identity{"Identity": id}, with: map[string]any{"ResultSize": unlimited}})
	if err != nil {
		return nil, err
	}
	rows, err := decode[right](cmdlet, raw)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(rows, func(r right) bool { return !m.is(r.Identity) }) {
		return nil, incomplete(cmdlet, errors.New("rows about another mailbox"))
	}
	return rows, nil
}

// granted gathers each person's rights: not the owner's own, nor those of the service that every mailbox inherits.
func granted(rows []right) []recovery.Grant {
	var all []recovery.Grant
	for _, r := range rows {
		who := r.User + r.Trustee // one of them
		if who == "" || bool(r.Inherited) || bool(r.Deny) || strings.EqualFold(r.Control, "Deny") || own(who) {
			continue
		}
		i := slices.IndexFunc(all, func(g recovery.Grant) bool { return strings.EqualFold(g.Who, who) })
		if i < 0 {
			all, i = append(all, recovery.Grant{Who: who}), len(all)
		}
		for _, x := range r.Rights {
			if !slices.Contains(all[i].Rights, x) {
				all[i].Rights = append(all[i].Rights, x)
			}
		}
	}
	slices.SortFunc(all, func(a, b recovery.Grant) int { return strings.Compare(strings.ToLower(a.Who), strings.ToLower(b.Who)) })
	return all
}

// own says whether a name is the mailbox's owner: SELF, or its well-known security identifier
// (learn.microsoft.com/windows-server/identity/ad-ds/manage/understand-security-identifiers).
func own(who string) bool { return strings.EqualFold(who, `NT AUTHORITY\SELF`) || who == "S-1-5-10" }
