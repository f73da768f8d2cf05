package exchange

import (
	"context"
	"errors"
	"strings"

	"mailback/recovery"
)

const cmdGetStatistics = "Get-MailboxStatistics"

// Contents counts a mailbox that Find or Mailbox gave, or its archive
// (learn.microsoft.com/powershell/module/exchangepowershell/get-mailboxstatistics). Get-Mailbox is not run again for that: the
// answer says itself which mailbox it is about, and is taken if its MailboxGuid is the mailbox's ExchangeGuid, or its
// ArchiveGuid. NotFound for a mailbox that is not there, or has no archive.
func (c *Client) Contents(ctx context.Context, m recovery.Mailbox, archive bool) (recovery.Contents, error) {
	id, err := identify(asGUID, m.ExchangeGUID)
	if err != nil {
		return recovery.Contents{}, err
	}
	store, with := m.ExchangeGUID, map[string]any{}
	if archive {
		store, with["Archive"] = m.ArchiveGUID, true
	}
	if store == "" {
		return recovery.Contents{}, &recovery.Error{Kind: recovery.NotFound, Peer: recovery.PeerExchange, Op: cmdGetStatistics, Detail: "ArchiveGuid", Err: errors.New("the mailbox has no archive")}
	}
	if !m.Live() {
		with["IncludeSoftDeletedRecipients"] = true
	}
	return c.statistics(ctx, id, with, store)
}

// statistics runs the cmdlet and reads its one row.
func (c *Client) statistics(ctx context.Context, id identity, with map[string]any, store string) (recovery.Contents, error) {
	type row struct {
		MailboxGUID string `json:"MailboxGuid"`
		Items       *count `json:"ItemCount"`
		Size        *size  `json:"TotalItemSize"`
		Deleted     count  `json:"DeletedItemCount"`
	}
	raw, _, err := c.read(ctx, command{
		name: cmdGetStatistics, about: map[string]identity{"Identity": id}, with: with,
		columns: []string{"MailboxGuid", "ItemCount", "TotalItemSize", "DeletedItemCount"},
	})
	if err != nil {
		return recovery.Contents{}, err
	}
	rows, err := decode[row](cmdGetStatistics, raw)
	if err != nil {
		return recovery.Contents{}, err
	}
	r, err := only(cmdGetStatistics, rows, func(r row) bool { return strings.EqualFold(r.MailboxGUID, store) })
	if err != nil {
		return recovery.Contents{}, err
	}
	if r.Items == nil || r.Size == nil {
		return recovery.Contents{}, incomplete(cmdGetStatistics, errors.New("a row without its ItemCount or TotalItemSize"))
	}
	return recovery.Contents{Items: int(*r.Items), Bytes: int64(*r.Size), Recoverable: int(r.Deleted)}, nil
}
