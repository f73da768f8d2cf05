package m365fake

import (
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"
)

func copyCmdlets(s *Server) []cmdlet {
	return []cmdlet{
		{name: "New-MailboxRestoreRequest", run: s.newMailboxRestoreRequest, write: true, parameters: "SourceMailbox:text! TargetMailbox:text! Name:text BatchName:text TargetRootFolder:text SourceIsArchive? TargetIsArchive? " +
			"AllowLegacyDNMismatch? AcceptLargeDataLoss? ExcludeDumpster? ConflictResolutionOption:KeepSourceItem|KeepLatestItem|KeepAll|UpdateFromSource|ForceCopy|KeepTargetItem " +
			"AssociatedMessagesCopyOption:DoNotCopy|MapByMessageClass|Copy SkipMerging:texts CompletedRequestAgeLimit:span Suspend? SuspendComment:text Confirm? WhatIf?"},
		{
			name: "Get-MailboxRestoreRequest", run: s.getMailboxRestoreRequest,
			parameters: "Identity BatchName:text HighPriority:bool Name:text ResultSize:limit Status:" + copyStatuses + " Suspend:bool TargetMailbox:text",
			sets:       []string{"Identity", "BatchName HighPriority Name Status Suspend TargetMailbox"},
		},
		{name: "Get-MailboxRestoreRequestStatistics", run: s.getMailboxRestoreRequestStatistics, parameters: "Identity! IncludeReport? IncludeSkippedItems? ReportOnly?"},
		{name: "Suspend-MailboxRestoreRequest", run: s.suspendMailboxRestoreRequest, write: true, parameters: "Identity:text! SuspendComment:text Confirm? WhatIf?"},
		{name: "Resume-MailboxRestoreRequest", run: s.resumeMailboxRestoreRequest, write: true, parameters: "Identity:text! Confirm? WhatIf?"},
		{name: "Remove-MailboxRestoreRequest", run: s.removeMailboxRestoreRequest, write: true, parameters: "Identity:text! Force? Confirm? WhatIf?"},
	}
}

// copyStatuses are the values of -Status.
const copyStatuses = "None|Queued|InProgress|AutoSuspended|CompletionInProgress|Synced|Completed|CompletedWithWarning|Suspended|Failed|Retrying"

func replicationError(kind, message string) error {
	return &exchangeError{http.StatusBadRequest, "BadRequest", "|Microsoft.Exchange.MailboxReplicationService." + kind, message}
}

// newMailboxRestoreRequest is learn.microsoft.com/powershell/module/exchangepowershell/new-mailboxrestorerequest. It makes
// another request each time it is called.
func (s *Server) newMailboxRestoreRequest(a arguments) ([]row, []string, error) {
	source, err := s.copySource(a)
	if err != nil {
		return nil, nil, err
	}
	target, err := s.one(a.text("TargetMailbox"), (*mailbox).connected)
	if err != nil {
		return nil, nil, err
	}
	if err := checkCopy(a, source, target); err != nil {
		return nil, nil, err
	}
	s.beat(a, target)
	name, err := s.copyName(a, target)
	if err != nil || a.on("WhatIf") {
		return []row{}, nil, err
	}
	j := s.newCopy(a, name, source, target)
	s.copies = append(s.copies, j)
	return []row{s.copyRow(j)}, nil, nil
}

// one returns the mailbox that an identity means among those that fit; anything but exactly one is refused.
func (s *Server) one(identity string, fits func(*mailbox) bool) (*mailbox, error) {
	found := slices.DeleteFunc(s.mailboxes.named(strings.ToLower(strings.TrimSpace(identity))), func(m *mailbox) bool { return !fits(m) })
	switch len(found) {
	case 0:
		return nil, objectNotFound(identity)
	case 1:
		return found[0], nil
	}
	return nil, ambiguous(identity)
}

func ambiguous(identity string) error {
	return &exchangeError{
		http.StatusBadRequest, "BadRequest", "|Microsoft.Exchange.Configuration.Tasks.ManagementObjectAmbiguousException",
		"The operation couldn't be performed because '" + identity + "' matches multiple entries.",
	}
}

// copySource is the soft-deleted or inactive mailbox to copy from. An address may mean a live mailbox too, and then
// means none: only the DN and the ExchangeGuid are unique (learn.microsoft.com/purview/restore-an-inactive-mailbox).
// A live mailbox is taken for its own archive alone, which is how archives are brought back.
func (s *Server) copySource(a arguments) (*mailbox, error) {
	m, err := s.one(a.text("SourceMailbox"), func(*mailbox) bool { return true })
	if err != nil {
		return nil, err
	}
	switch {
	case m.connected() && !a.on("SourceIsArchive"): // Microsoft documents no text for this and the next
		return nil, replicationError("SourceMailboxNotDisconnectedPermanentException", "The source mailbox '"+m.name()+"' isn't a soft-deleted or inactive mailbox.")
	case m.AutoExpanding:
		return nil, replicationError("AutoExpandingArchiveNotSupportedPermanentException", "The mailbox '"+m.name()+"' has an auto-expanding archive. It can't be restored by a restore request.")
	}
	return m, nil
}

func checkCopy(a arguments, source, target *mailbox) error {
	fromArchive, toArchive := a.on("SourceIsArchive"), a.on("TargetIsArchive")
	switch {
	case source.connected() && source != target:
		return replicationError("SourceMailboxNotDisconnectedPermanentException", "The source mailbox '"+source.name()+"' isn't a soft-deleted or inactive mailbox.")
	case source == target && fromArchive == toArchive:
		return replicationError("CannotRestoreIntoSelfPermanentException", "The source and the target of the request are the same mailbox.")
	case fromArchive && source.ArchiveGUID == "":
		return noArchive(source)
	case toArchive && target.ArchiveGUID == "":
		return noArchive(target)
	case a.text("SuspendComment") != "" && !a.on("Suspend"):
		return replicationError("SuspendCommentWithoutSuspendPermanentException", "The SuspendComment parameter can be used only with the Suspend parameter.")
	}
	dn := source.legacyDN()
	known := strings.EqualFold(dn, target.legacyDN()) || slices.ContainsFunc(target.Proxies, func(p string) bool { return strings.EqualFold(p, "x500:"+dn) })
	if !known && !a.on("AllowLegacyDNMismatch") {
		return replicationError("NonMatchingLegacyDNPermanentUseSwitchException", "Source mailbox's legacyExchangeDN '"+dn+
			"' doesn't match the legacyExchangeDN or X500 proxy for target mailbox '"+target.name()+"'. Use the 'AllowLegacyDNMismatch' switch if you want to allow this operation.")
	}
	return nil
}

func noArchive(m *mailbox) error {
	return replicationError("MailboxHasNoArchivePermanentException", "The mailbox '"+m.name()+"' doesn't have an archive.")
}

// copyName is the request's name: the given one, which must be new for the target, or the next free default.
func (s *Server) copyName(a arguments, target *mailbox) (string, error) {
	name := a.text("Name")
	switch {
	case strings.Contains(name, `\`):
		return "", replicationError("InvalidNameCharacterPermanentException", `The name '`+name+`' contains the invalid character '\'.`)
	case name != "" && s.copyNamed(target.GUID, name):
		return "", &exchangeError{
			http.StatusBadRequest, "BadRequest", "|Microsoft.Exchange.Management.Tasks.NameMustBeUniquePermanentException",
			"The name must be unique per mailbox. A request named '" + name + "' already exists for mailbox '" + target.name() + "'.",
		}
	case name != "":
		return name, nil
	}
	if name = s.defaultCopyName(target.GUID); name == "" {
		return "", &exchangeError{
			http.StatusBadRequest, "BadRequest", "|Microsoft.Exchange.Management.Tasks.NoAvailableDefaultNamePermanentException",
			"The name must be unique per mailbox. There isn't a default name available for a new request owned by mailbox '" + target.name() +
				"'. Please clean up existing requests by using the Remove cmdlet or specify a unique name.",
		}
	}
	return name, nil
}

func (s *Server) newCopy(a arguments, name string, source, target *mailbox) *copyJob {
	now := s.clock().UTC()
	j := &copyJob{
		GUID: uuid.NewString(), Name: name, Batch: a.text("BatchName"), Source: source.GUID, Target: target.GUID,
		FromArchive: a.on("SourceIsArchive"), ToArchive: a.on("TargetIsArchive"), Folder: a.text("TargetRootFolder"),
		Conflict: a.or("ConflictResolutionOption", "KeepSourceItem"), Associated: a.or("AssociatedMessagesCopyOption", "DoNotCopy"),
		ExcludeDumpster: a.on("ExcludeDumpster"), AgeLimit: a.duration("CompletedRequestAgeLimit", retention), Comment: a.text("SuspendComment"),
		Items: source.Items, Bytes: source.Bytes, Status: copyQueued, phase: s.moment(), Created: now,
	}
	if j.FromArchive {
		j.Items, j.Bytes = source.Store.ArchiveItems, source.Store.ArchiveBytes
	}
	if source.Store.Copy != nil {
		j.Flaw = *source.Store.Copy
	}
	target.Store.Requests++
	s.report(j, "'"+TenantDomain+"' created request.")
	if a.on("Suspend") {
		s.pause(j, copySuspended)
	}
	return j
}

// namedCopies are the requests that an identity means: a RequestGuid, alias\name, or the alias or address of a target.
func (s *Server) namedCopies(identity string) []*copyJob {
	identity = strings.TrimSpace(identity)
	owner, name, hasName := strings.Cut(identity, `\`)
	var found []*copyJob
	for _, j := range s.copies {
		target := s.mailboxes.all[j.Target]
		byTarget := target != nil && s.mailboxKeyOf(target, owner) != "" && (!hasName || strings.EqualFold(j.Name, name))
		if byTarget || strings.EqualFold(j.GUID, identity) {
			found = append(found, j)
		}
	}
	return found
}

// identifyCopies are the requests that -Identity of a Get- cmdlet means. A null or empty one means all of them, as the
// caution on these cmdlets' pages says; Config.LooseIdentity is about one that does not exist.
func (s *Server) identifyCopies(a arguments) ([]*copyJob, error) {
	identity := a.text("Identity")
	if identity == "" {
		return s.copies, nil
	}
	found := s.namedCopies(identity)
	if len(found) == 0 && !s.cfg.LooseIdentity {
		return nil, objectNotFound(identity)
	}
	if len(found) == 0 {
		return s.copies, nil
	}
	return found, nil
}

// oneCopy is the request that a cmdlet is to change.
func (s *Server) oneCopy(a arguments) (*copyJob, error) {
	found := s.namedCopies(a.text("Identity"))
	switch len(found) {
	case 0:
		return nil, objectNotFound(a.text("Identity"))
	case 1:
		return found[0], nil
	}
	return nil, ambiguous(a.text("Identity"))
}

// getMailboxRestoreRequest is learn.microsoft.com/powershell/module/exchangepowershell/get-mailboxrestorerequest.
func (s *Server) getMailboxRestoreRequest(a arguments) ([]row, []string, error) {
	found, err := s.identifyCopies(a)
	if err != nil {
		return nil, nil, err
	}
	target := ""
	if a.text("TargetMailbox") != "" {
		m, err := s.one(a.text("TargetMailbox"), (*mailbox).connected)
		if err != nil {
			return nil, nil, err
		}
		target = m.GUID
	}
	rows := []row{}
	for _, j := range found {
		if s.fits(j, a) && (target == "" || j.Target == target) {
			rows = append(rows, s.copyRow(j))
		}
	}
	rows, warnings := cut(rows, a)
	return rows, warnings, nil
}

func (s *Server) fits(j *copyJob, a arguments) bool {
	same := func(parameter, value string) bool {
		want := a.text(parameter)
		return want == "" || strings.EqualFold(want, value)
	}
	suspended := j.Status == copySuspended || j.Status == copyAutoSuspended
	return same("Name", j.Name) && same("BatchName", j.Batch) && same("Status", j.Status) &&
		(!a.given("Suspend") || a.on("Suspend") == suspended) && !a.on("HighPriority")
}

func (s *Server) suspendMailboxRestoreRequest(a arguments) ([]row, []string, error) {
	j, err := s.oneCopy(a)
	if err != nil || a.on("WhatIf") {
		return []row{}, nil, err
	}
	if j.Status != copyQueued && j.Status != copyInProgress {
		return nil, nil, replicationError("CannotSuspendRequestPermanentException", "Couldn't suspend the request '"+s.identity(j)+"' because its status is "+j.Status+".")
	}
	j.Comment = a.text("SuspendComment")
	s.pause(j, copySuspended)
	return []row{}, nil, nil
}

// resumeMailboxRestoreRequest lets a suspended or failed request go on; nothing else can be resumed.
func (s *Server) resumeMailboxRestoreRequest(a arguments) ([]row, []string, error) {
	j, err := s.oneCopy(a)
	if err != nil || a.on("WhatIf") {
		return []row{}, nil, err
	}
	if !slices.Contains([]string{copySuspended, copyAutoSuspended, copyFailed}, j.Status) {
		return nil, nil, replicationError("CannotResumeRequestPermanentException", "Couldn't resume the request '"+s.identity(j)+"' because its status is "+j.Status+".")
	}
	s.resume(j)
	return []row{}, nil, nil
}

// removeMailboxRestoreRequest forgets a request and ends it if it runs. What it has copied stays.
func (s *Server) removeMailboxRestoreRequest(a arguments) ([]row, []string, error) {
	j, err := s.oneCopy(a)
	if err != nil || a.on("WhatIf") {
		return []row{}, nil, err
	}
	s.copies = slices.DeleteFunc(s.copies, func(x *copyJob) bool { return x == j })
	return []row{}, nil, nil
}
