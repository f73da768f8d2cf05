package exchange

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/sync/errgroup"

	"mailback/recovery"
)

const (
	cmdNewCopy       = "New-MailboxRestoreRequest"
	cmdGetCopy       = "Get-MailboxRestoreRequest"
	cmdGetCopyStatus = "Get-MailboxRestoreRequestStatistics"
	cmdResumeCopy    = "Resume-MailboxRestoreRequest"
	cmdRemoveCopy    = "Remove-MailboxRestoreRequest"
)

// copyRow is a mailbox restore request as Get-MailboxRestoreRequest shows it.
type copyRow struct {
	Name        string
	RequestGUID string `json:"RequestGuid"`
}

// Copies gives the restore requests with exactly this name, in whatever case: Exchange takes no two that differ in case alone
// (learn.microsoft.com/powershell/module/exchangepowershell/get-mailboxrestorerequest).
func (c *Client) Copies(ctx context.Context, name string) ([]recovery.Copy, error) {
	id, err := identify(asName, name)
	if err != nil {
		return nil, err
	}
	rows, err := c.getCopies(ctx, map[string]identity{"Name": id}, map[string]any{"ResultSize": unlimited})
	if recovery.KindOf(err) == recovery.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []recovery.Copy
	for _, r := range rows {
		if !strings.EqualFold(r.Name, name) {
			continue
		}
		if _, err := identify(asGUID, r.RequestGUID); err != nil {
			return nil, incomplete(cmdGetCopy, errors.New("a restore request without its RequestGuid"))
		}
		all = append(all, recovery.Copy{RequestGUID: r.RequestGUID, Name: r.Name})
	}
	return all, nil
}

func (c *Client) getCopies(ctx context.Context, about map[string]identity, with map[string]any) ([]copyRow, error) {
	raw, _, err := c.read(ctx, command{name: cmdGetCopy, about: about, with: with, columns: []string{"Name", "RequestGuid"}})
	if err != nil {
		return nil, err
	}
	return decode[copyRow](cmdGetCopy, raw)
}

// StartCopy makes a mailbox restore request by the ExchangeGuids of both mailboxes, after Get-Mailbox has shown that the source
// is soft-deleted or inactive and the target in use (learn.microsoft.com/powershell/module/exchangepowershell/new-mailboxrestorerequest).
// What is in a folder twice is kept once, the default of -ConflictResolutionOption. Conflict with Detail "Name" where the
// target has a request of that name; Invalid with Detail "LegacyExchangeDN" where the target lacks the source's as an X500
// address, or "ProhibitSendReceiveQuota"; NotFound with Detail "SourceMailbox" or "TargetMailbox".
func (c *Client) StartCopy(ctx context.Context, order recovery.CopyOrder) (recovery.Receipt, error) {
	about, err := orderIdentities(order)
	if err != nil {
		return recovery.Receipt{}, err
	}
	if err := c.checkOrder(ctx, order); err != nil {
		return recovery.Receipt{}, err
	}
	with := map[string]any{"TargetRootFolder": order.Folder}
	if order.FromArchive {
		with["SourceIsArchive"] = true
	}
	if order.ToArchive {
		with["TargetIsArchive"] = true
	}
	_, receipt, err := c.change(ctx, command{name: cmdNewCopy, about: about, with: with, columns: []string{"Name", "RequestGuid"}})
	return receipt, err
}

// orderIdentities checks the order's form. Without a folder the contents would be merged into the target's own.
func orderIdentities(order recovery.CopyOrder) (map[string]identity, error) {
	about := map[string]identity{}
	for _, p := range []struct {
		parameter, text string
		as              form
	}{{"SourceMailbox", order.Source, asGUID}, {"TargetMailbox", order.Target, asGUID}, {"Name", order.Name, asName}} {
		id, err := identify(p.as, p.text)
		if err != nil {
			return nil, err
		}
		about[p.parameter] = id
	}
	if about["SourceMailbox"] == about["TargetMailbox"] {
		return nil, wrong(cmdNewCopy, errors.New("the source is the target"))
	}
	if order.Folder == "" || !isFolder(order.Folder) {
		return nil, wrong(cmdNewCopy, errors.New("the folder to copy into has no name, or an odd one"))
	}
	return about, nil
}

// isFolder says whether a text can be a folder's path.
func isFolder(path string) bool {
	return path == strings.TrimSpace(path) && !strings.ContainsFunc(path, unicode.IsControl)
}

// checkOrder looks at both mailboxes, side by side.
func (c *Client) checkOrder(ctx context.Context, order recovery.CopyOrder) error {
	end := func(parameter, guid string, archive bool, views ...view) func() error {
		return func() error {
			m, err := c.locate(ctx, guid, views...)
			if e, ok := errors.AsType[*recovery.Error](err); ok && e.Kind == recovery.NotFound {
				return &recovery.Error{Kind: recovery.NotFound, Peer: recovery.PeerExchange, Op: cmdNewCopy, Detail: parameter, Err: err}
			}
			if err == nil && archive && m.ArchiveGUID == "" {
				return &recovery.Error{Kind: recovery.Invalid, Peer: recovery.PeerExchange, Op: cmdNewCopy, Detail: "ArchiveGuid", Err: errors.New("the mailbox has no archive")}
			}
			return err
		}
	}
	var g errgroup.Group
	g.Go(end("SourceMailbox", order.Source, order.FromArchive, softDeleted, inactive))
	g.Go(end("TargetMailbox", order.Target, order.ToArchive, live))
	return g.Wait()
}

// ResumeCopy lets a suspended or failed restore request go on. NotFound where it is gone.
func (c *Client) ResumeCopy(ctx context.Context, requestGUID string) (recovery.Receipt, error) {
	return c.changeCopy(ctx, cmdResumeCopy, requestGUID)
}

// RemoveCopy forgets a restore request, and ends it where it runs. What it has copied stays. NotFound where it is gone.
func (c *Client) RemoveCopy(ctx context.Context, requestGUID string) (recovery.Receipt, error) {
	return c.changeCopy(ctx, cmdRemoveCopy, requestGUID)
}

// changeCopy runs a cmdlet on the one restore request with this RequestGuid, after looking that it is there.
func (c *Client) changeCopy(ctx context.Context, cmdlet, requestGUID string) (recovery.Receipt, error) {
	id, err := identify(asGUID, requestGUID)
	if err != nil {
		return recovery.Receipt{}, err
	}
	about := map[string]identity{"Identity": id}
	rows, err := c.getCopies(ctx, about, nil)
	if err != nil {
		return recovery.Receipt{}, err
	}
	if _, err := only(cmdGetCopy, rows, func(r copyRow) bool { return strings.EqualFold(r.RequestGUID, id.text) }); err != nil {
		return recovery.Receipt{}, err
	}
	_, receipt, err := c.change(ctx, command{name: cmdlet, about: about, with: map[string]any{"Confirm": false}})
	return receipt, err
}

// statusRow is a restore request as Get-MailboxRestoreRequestStatistics shows it. Microsoft documents no output; the names are
// those that KelvinTegelaar/CIPP shows (MailboxRestoreDetails.jsx). Names for why it failed vary.
type statusRow struct {
	RequestGUID string `json:"RequestGuid"`
	Status      string

	Detail      lenient[string] `json:"StatusDetail"`
	Source      lenient[string] `json:"SourceExchangeGuid"`
	Target      lenient[string] `json:"TargetExchangeGuid"`
	Percent     lenient[count]  `json:"PercentComplete"`
	Items       lenient[count]  `json:"ItemsTransferred"`
	Bytes       lenient[size]   `json:"BytesTransferred"`
	Bad         lenient[count]  `json:"BadItemsEncountered"`
	Missing     lenient[count]  `json:"MissingItemsEncountered"`
	Large       lenient[count]  `json:"LargeItemsEncountered"`
	Consistency lenient[string] `json:"DataConsistencyScore"`

	FailureType    lenient[string]
	FailureMessage lenient[string]
	LastFailure    lenient[string]
	Message        lenient[string]

	Queued  lenient[moment] `json:"QueuedTimestamp"`
	Started lenient[moment] `json:"StartTimestamp"`
}

// CopyStatus tells how far a restore request is
// (learn.microsoft.com/powershell/module/exchangepowershell/get-mailboxrestorerequeststatistics). Incomplete where Exchange names
// a state that Mailback does not know; what else it does not say is zero. It asks for no report: that may name items.
func (c *Client) CopyStatus(ctx context.Context, requestGUID string) (recovery.CopyStatus, error) {
	id, err := identify(asGUID, requestGUID)
	if err != nil {
		return recovery.CopyStatus{}, err
	}
	raw, receipt, err := c.read(ctx, command{name: cmdGetCopyStatus, about: map[string]identity{"Identity": id}})
	if err != nil {
		return recovery.CopyStatus{}, err
	}
	rows, err := decode[statusRow](cmdGetCopyStatus, raw)
	if err != nil {
		return recovery.CopyStatus{}, err
	}
	r, err := only(cmdGetCopyStatus, rows, func(r statusRow) bool { return strings.EqualFold(r.RequestGUID, id.text) })
	if err != nil {
		return recovery.CopyStatus{}, err
	}
	state, ok := copyState(r.Status)
	if !ok {
		return recovery.CopyStatus{}, incomplete(cmdGetCopyStatus, errors.New("a Status that is not known: "+oneLine(r.Status)))
	}
	return r.status(state, receipt.Date), nil
}

func (r statusRow) status(state recovery.CopyState, at time.Time) recovery.CopyStatus {
	return recovery.CopyStatus{
		State: state, Detail: r.Detail.value, Source: known(r.Source.value), Target: known(r.Target.value),
		Percent: min(int(r.Percent.value), 100), Items: int(r.Items.value), Bytes: int64(r.Bytes.value),
		Skipped: int(r.Bad.value + r.Missing.value + r.Large.value), Consistency: r.Consistency.value,
		Failure: r.failure(), QueuedAt: time.Time(r.Queued.value), StartedAt: time.Time(r.Started.value),
		ReadAt: at,
	}
}

// failure is what Exchange says about why it failed, each thing once.
func (r statusRow) failure() string {
	var said []string
	for _, s := range []string{r.FailureType.value, r.FailureMessage.value, r.LastFailure.value, r.Message.value} {
		if s != "" && !slices.Contains(said, s) {
			said = append(said, s)
		}
	}
	return oneLine(strings.Join(said, ": "))
}

// copyState reads a Status, in whatever case.
func copyState(status string) (recovery.CopyState, bool) {
	all := []recovery.CopyState{
		recovery.CopyQueued, recovery.CopyInProgress, recovery.CopyCompletion, recovery.CopyRetrying, recovery.CopySynced, recovery.CopySuspended,
		recovery.CopyAutoSuspend, recovery.CopyCompleted, recovery.CopyWithWarnings, recovery.CopyFailed,
	}
	i := slices.IndexFunc(all, func(s recovery.CopyState) bool { return strings.EqualFold(string(s), status) })
	if i < 0 {
		return "", false
	}
	return all[i], true
}
