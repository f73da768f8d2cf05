package m365fake

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// The values of a restore request's Status that the stand-in gives
// (learn.microsoft.com/powershell/module/exchangepowershell/get-mailboxrestorerequest).
const (
	copyQueued        = "Queued"
	copyInProgress    = "InProgress"
	copySuspended     = "Suspended"
	copyAutoSuspended = "AutoSuspended"
	copyCompleted     = "Completed"
	copyWarned        = "CompletedWithWarning"
	copyFailed        = "Failed"
)

// slowQueue is how long a source that is queued long waits. Microsoft promises no time.
const slowQueue = 6 * time.Hour

// copyFlaw is what goes wrong when a mailbox is copied.
type copyFlaw struct {
	Queue   time.Duration // queued so much longer
	At      int           // the percentage at which it stops, 0 for never
	Suspend bool          // it stops as AutoSuspended and goes on when resumed; otherwise it fails, each time
	Skipped int           // items left out
	Score   string        // DataConsistencyScore, "" for Perfect
}

// copyJob is one mailbox restore request.
type copyJob struct {
	GUID, Name, Batch          string
	Source, Target             string // mailbox GUIDs
	FromArchive, ToArchive     bool
	Folder                     string
	Conflict, Associated       string
	ExcludeDumpster            bool
	AgeLimit                   time.Duration
	Comment                    string
	Items                      int // to copy
	Bytes                      int64
	Status                     string
	phase                      moment        // since when it is Queued or InProgress
	before                     time.Duration // what earlier runs have done of the copying
	Percent, Moved             int
	MovedBytes                 int64
	Flaw                       copyFlaw
	FailureType, Message       string
	Detail                     string // StatusDetail of a failure
	Created, Started, Changed  time.Time
	Suspended, Failed, Settled time.Time
	Report                     []string
}

func (j *copyJob) over() bool { return j.Status == copyCompleted || j.Status == copyWarned }

// skipped is how many items the copy leaves out in the end.
func (j *copyJob) skipped() int { return min(j.Flaw.Skipped, j.Items) }

// plus is the moment d later, on both clocks.
func (m moment) plus(d time.Duration) moment { return moment{m.wall.Add(d), m.clock.Add(d)} }

// advanceCopies lets time pass for the restore requests, and forgets those that are done since longer than they asked for.
func (t *tenant) advanceCopies() {
	now := t.clock().UTC()
	t.copies = slices.DeleteFunc(t.copies, func(j *copyJob) bool {
		t.advance(j)
		return j.over() && j.AgeLimit < math.MaxInt64 && !now.Before(j.Settled.Add(j.AgeLimit))
	})
}

func (t *tenant) advance(j *copyJob) {
	if wait := t.queueTime + j.Flaw.Queue; j.Status == copyQueued && t.since(j.phase) >= wait {
		j.phase = j.phase.plus(wait)
		j.Status, j.Started = copyInProgress, t.clock().UTC()
		t.report(j, "The Microsoft Exchange Mailbox Replication service has started the request.")
	}
	if j.Status != copyInProgress {
		return
	}
	done := 100
	if t.copyTime > 0 {
		done = int(min(100, 100*(j.before+t.since(j.phase))/t.copyTime))
	}
	if t.lostEnd(j) {
		t.fail(j, "FailedOther", "MailboxUnavailablePermanentException", "The source or target mailbox of the request is no longer available.")
		return
	}
	stop := j.Flaw.At > 0 && done >= j.Flaw.At
	if stop {
		done = j.Flaw.At
	}
	switch {
	case !t.move(j, done):
		t.fail(j, "FailedQuota", "QuotaExceededPermanentException", "Mailbox size exceeds the target quota. The target mailbox has reached its ProhibitSendReceiveQuota.")
	case stop && j.Flaw.Suspend:
		t.pause(j, copyAutoSuspended)
		j.Flaw.At = 0
	case stop:
		t.fail(j, "FailedOther", "CorruptDataPermanentException", "Error: Failed to open the folder '/Inbox/Projects' of the source mailbox: the folder is corrupt. --> MapiExceptionCorruptData: Unable to open folder.")
	case done == 100:
		t.complete(j)
	}
}

// lostEnd tells whether the source is purged or the target no longer in use.
func (t *tenant) lostEnd(j *copyJob) bool {
	target := t.mailboxes.all[j.Target]
	return t.mailboxes.all[j.Source] == nil || target == nil || !target.connected()
}

// move brings the target up to percent of the copy, and tells whether the target has room for it.
func (t *tenant) move(j *copyJob, percent int) bool {
	target := t.mailboxes.all[j.Target]
	items := (j.Items - j.skipped()) * percent / 100
	size := int64(float64(j.Bytes) * float64(items) / float64(max(j.Items, 1)))
	room := target.quota() - target.Bytes
	if j.ToArchive {
		room = 100*gigabyte - target.Store.ArchiveBytes
	}
	if size-j.MovedBytes > room {
		return false
	}
	if items > j.Moved {
		target.receive(restoredFolder{j.Folder, j.Source, items - j.Moved, j.ToArchive}, size-j.MovedBytes)
		j.Moved, j.MovedBytes, j.Changed = items, size, t.clock().UTC()
	}
	j.Percent = max(j.Percent, percent)
	return true
}

func (t *tenant) report(j *copyJob, line string) {
	j.Changed = t.clock().UTC()
	j.Report = append(j.Report, j.Changed.Format("1/2/2006 3:04:05 PM")+" [DB8PR01MB4016] "+line)
}

func (t *tenant) pause(j *copyJob, status string) {
	if j.Status == copyInProgress {
		j.before += t.since(j.phase)
		if j.Flaw.At > 0 { // no further than where it stopped by itself
			j.before = min(j.before, t.copyTime*time.Duration(j.Flaw.At)/100)
		}
	}
	j.Status, j.Suspended = status, t.clock().UTC()
	if j.Comment != "" { // learn.microsoft.com/powershell/module/exchangepowershell/resume-moverequest, example 3, finds it in Message
		j.Message = "Informational: " + j.Comment
	}
	t.report(j, "The request was suspended: "+status+".")
}

func (t *tenant) fail(j *copyJob, detail, kind, message string) {
	j.Status, j.Detail, j.FailureType, j.Message = copyFailed, detail, kind, message
	j.Failed = t.clock().UTC()
	t.report(j, "Fatal error "+kind+" has occurred. "+message)
}

func (t *tenant) complete(j *copyJob) {
	j.Status, j.Settled = copyCompleted, t.clock().UTC()
	if j.skipped() > 0 {
		j.Status = copyWarned
		j.Message = fmt.Sprintf("Warning: %d items were skipped. Data consistency score: %s.", j.skipped(), j.score())
		t.report(j, j.Message)
	}
	t.report(j, fmt.Sprintf("Request is complete. %d items, %s were copied.", j.Moved, exchangeSize(j.MovedBytes)))
}

// score is the DataConsistencyScore: Perfect, Good, Investigate or Poor
// (learn.microsoft.com/exchange/mailbox-migration/track-prevent-data-loss-dcs).
func (j *copyJob) score() string {
	if j.Flaw.Score == "" || j.Moved == 0 {
		return "Perfect"
	}
	return j.Flaw.Score
}

// resume queues a suspended or failed request again. What it had copied stays, and is not copied twice.
func (t *tenant) resume(j *copyJob) {
	j.Status, j.phase = copyQueued, t.moment()
	j.Detail, j.FailureType, j.Message = "", "", ""
	j.Flaw.Queue = 0
	t.report(j, "The request was resumed.")
}

// detail is the StatusDetail of the request.
func (j *copyJob) detail() string {
	switch j.Status {
	case copyInProgress:
		return "CopyingMessages"
	case copyFailed:
		return j.Detail
	case copyWarned:
		return copyCompleted
	}
	return j.Status
}

// identity is how the cmdlets name the request: the target's alias and the name (Get-MailboxRestoreRequest, -Identity).
func (t *tenant) identity(j *copyJob) string {
	alias := ""
	if m := t.mailboxes.all[j.Target]; m != nil {
		alias = m.Alias
	}
	return alias + `\` + j.Name
}

// defaultCopyName is MailboxRestore, or the first free of MailboxRestore1 to MailboxRestore9, "" when all are taken.
func (t *tenant) defaultCopyName(target string) string {
	for i := range 10 {
		name := "MailboxRestore"
		if i > 0 {
			name = fmt.Sprint(name, i)
		}
		if !t.copyNamed(target, name) {
			return name
		}
	}
	return ""
}

func (t *tenant) copyNamed(target, name string) bool {
	return slices.ContainsFunc(t.copies, func(j *copyJob) bool {
		return j.Target == target && strings.EqualFold(j.Name, name)
	})
}
