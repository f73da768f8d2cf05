package m365fake

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"strings"
	"time"
)

// nameOf is the name of a mailbox that may be gone.
func (s *Server) nameOf(guid string) string {
	if m := s.mailboxes.all[guid]; m != nil {
		return m.name()
	}
	return guid
}

func (s *Server) copyRow(j *copyJob) row {
	r := row{
		"Identity": s.identity(j), "Name": j.Name, "RequestGuid": j.GUID, "RequestGuid@odata.type": "#Guid",
		"SourceMailbox": s.nameOf(j.Source), "TargetMailbox": s.nameOf(j.Target), "Status": j.Status, "BatchName": j.Batch,
		"Suspend": j.Status == copySuspended || j.Status == copyAutoSuspended, "Direction": "Pull", "RequestStyle": "IntraOrg",
		"Flags": "IntraOrg, Pull", "Protect": false, "Type": "MailboxRestore", "FilterOption": nil, "OrganizationId": TenantDomain,
		"IsValid": true, "ObjectState": "Unchanged",
	}
	r.date("WhenCreated", j.Created)
	r.date("WhenChanged", j.Changed)
	return r
}

// getMailboxRestoreRequestStatistics is
// learn.microsoft.com/powershell/module/exchangepowershell/get-mailboxrestorerequeststatistics.
func (s *Server) getMailboxRestoreRequestStatistics(a arguments) ([]row, []string, error) {
	found, err := s.identifyCopies(a)
	if err != nil {
		return nil, nil, err
	}
	rows := []row{}
	for _, j := range found {
		rows = append(rows, s.statisticsRow(j, a.on("IncludeReport") || a.on("ReportOnly")))
	}
	return rows, nil, nil
}

func (s *Server) statisticsRow(j *copyJob, report bool) row {
	r := s.copyRow(j)
	delete(r, "SourceMailbox")
	delete(r, "TargetMailbox")
	source, target := j.Source, j.Target
	if m := s.mailboxes.all[source]; m != nil && j.FromArchive {
		source = m.ArchiveGUID
	}
	alias := ""
	if m := s.mailboxes.all[target]; m != nil {
		alias = m.Alias
		if j.ToArchive {
			target = m.ArchiveGUID
		}
	}
	bad, large := j.skipped(), 0
	if !j.over() {
		bad = 0
	}
	if bad > 1 {
		bad, large = bad-1, 1
	}
	more := row{
		"StatusDetail": j.detail(), "SyncStage": j.stage(), "Priority": "Normal", "WorkloadType": "Local",
		"SourceExchangeGuid": source, "SourceExchangeGuid@odata.type": "#Guid", "SourceRootFolder": "", "SourceIsArchive": j.FromArchive,
		"SourceMailboxIdentity": s.nameOf(j.Source), "MailboxRestoreFlags": "SoftDeletedRecipient",
		"TargetAlias": alias, "TargetIsArchive": j.ToArchive, "TargetExchangeGuid": target, "TargetExchangeGuid@odata.type": "#Guid",
		"TargetRootFolder": j.Folder, "TargetMailboxIdentity": s.nameOf(j.Target), "ExcludeDumpster": j.ExcludeDumpster,
		"ConflictResolutionOption": j.Conflict, "AssociatedMessagesCopyOption": j.Associated,
		"BadItemsEncountered": bad, "LargeItemsEncountered": large, "MissingItemsEncountered": 0, "DataConsistencyScore": j.score(),
		"EstimatedTransferSize": exchangeSize(j.Bytes), "EstimatedTransferItemCount": j.Items,
		"BytesTransferred": exchangeSize(j.MovedBytes), "ItemsTransferred": j.Moved, "PercentComplete": j.Percent,
		"CompletedRequestAgeLimit": spanText(j.AgeLimit), "PositionInQueue": "", "OverallDuration": spanText(s.lasted(j)),
		"FailureCode": nil, "FailureType": orNull(j.FailureType), "FailureSide": nil, "Message": j.Message, "SuspendComment": j.Comment,
		"Report": nil, "DiagnosticInfo": nil,
	}
	if j.Status == copyFailed {
		more["FailureCode"], more["FailureSide"] = -2146233088, map[bool]string{true: "Target", false: "Source"}[j.Detail == "FailedQuota"]
	}
	if report {
		more["Report"] = strings.Join(j.Report, "\n")
	}
	maps.Copy(r, more)
	s.copyDates(r, j)
	return r
}

func (s *Server) copyDates(r row, j *copyJob) {
	r.date("QueuedTimestamp", j.Created)
	r.date("StartTimestamp", j.Started)
	r.date("LastUpdateTimestamp", j.Changed)
	r.date("CompletionTimestamp", j.Settled)
	r.date("SuspendedTimestamp", j.Suspended)
	r.date("FailureTimestamp", j.Failed)
	expiry := time.Time{}
	if j.over() && j.AgeLimit < math.MaxInt64 {
		expiry = j.Settled.Add(j.AgeLimit)
	}
	r.date("RequestExpiryTimestamp", expiry)
}

func (s *Server) lasted(j *copyJob) time.Duration {
	end := s.clock().UTC()
	if j.over() {
		end = j.Settled
	}
	return end.Sub(j.Created)
}

func (j *copyJob) stage() string {
	switch {
	case j.over():
		return "SyncFinished"
	case j.Started.IsZero():
		return "None"
	}
	return cmp.Or(map[bool]string{true: "CreatingFolderHierarchy"}[j.Percent < 5], "CopyingMessages")
}

// spanText writes a span as Exchange does: "14.00:00:00", "00:02:05" or "Unlimited".
func spanText(d time.Duration) string {
	if d == math.MaxInt64 {
		return "Unlimited"
	}
	days := ""
	if d >= day {
		days = fmt.Sprintf("%d.", d/day)
	}
	rest := d % day
	return fmt.Sprintf("%s%02d:%02d:%02d", days, rest/time.Hour, rest%time.Hour/time.Minute, rest%time.Minute/time.Second)
}
