package m365fake

import "time"

// The sizes that Exchange Online gives mailboxes (Exchange Online limits, learn.microsoft.com/office365/servicedescriptions):
// 50 GB without a license, 100 GB with Exchange Online Plan 2; 30 GB of recoverable items, 100 GB on hold.
const gigabyte = int64(1) << 30

// store is what Exchange alone knows of a mailbox: nothing of it is in the directory.
type store struct {
	ArchiveItems  int
	ArchiveBytes  int64
	Name          string        // given to it when it was recovered; "" follows from the alias
	Quota         int64         // ProhibitSendReceiveQuota, 0 for the usual
	RetentionHold bool          // RetentionHoldEnabled: retention policies leave it alone
	KeepsDeleted  time.Duration // RetainDeletedItemsFor, 0 for 14 days
	GraceUntil    time.Time     // recovered without a license: it goes again then
	DelicenseDue  time.Time     // license gone, removal delayed until then
	Delegates     []delegate
	Restored      []restoredFolder
	Requests      int       // mailbox restore requests that were ever made into it, removed ones included
	Copy          *copyFlaw // what goes wrong when it is copied, nil for nothing
}

// delegate is somebody who may open a mailbox, or send as it.
type delegate struct {
	UPN    string
	SendAs bool // otherwise FullAccess
}

// restoredFolder is what mailbox restore requests have put into a mailbox so far.
type restoredFolder struct {
	Name               string // TargetRootFolder, "" for a merge into the mailbox's own folders
	SourceExchangeGUID string `json:"SourceExchangeGuid"` // of the source, also where its archive was copied
	ItemCount          int
	Archive            bool // it went to the target's archive
}

func (m *mailbox) quota() int64 {
	switch {
	case m.Store.Quota > 0:
		return m.Store.Quota
	case m.Type == userMailbox:
		return 100 * gigabyte
	}
	return 50 * gigabyte
}

func (m *mailbox) recoverableQuota() int64 {
	if m.held() {
		return 100 * gigabyte
	}
	return 30 * gigabyte
}

func (m *mailbox) keepsDeleted() time.Duration {
	if m.Store.KeepsDeleted > 0 {
		return m.Store.KeepsDeleted
	}
	return 14 * day
}

// receive takes copied items in and keeps the account of where they went.
func (m *mailbox) receive(f restoredFolder, bytes int64) {
	if f.Archive {
		m.Store.ArchiveItems += f.ItemCount
		m.Store.ArchiveBytes += bytes
	} else {
		m.Items += f.ItemCount
		m.Bytes += bytes
	}
	for i, r := range m.Store.Restored {
		if r.Name == f.Name && r.SourceExchangeGUID == f.SourceExchangeGUID && r.Archive == f.Archive {
			m.Store.Restored[i].ItemCount += f.ItemCount
			return
		}
	}
	m.Store.Restored = append(m.Store.Restored, f)
}

// inGrace tells whether a recovered or delicensed mailbox may still go without a license.
func (m *mailbox) inGrace(now time.Time) bool {
	return m != nil && (now.Before(m.Store.GraceUntil) || now.Before(m.Store.DelicenseDue))
}
