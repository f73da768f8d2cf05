package m365fake

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// defaultResultSize is what a Get- cmdlet returns unless told otherwise, with a warning when there is more.
const defaultResultSize = 1000

// mailboxTypes are the values of -RecipientTypeDetails.
const mailboxTypes = userMailbox + "|" + sharedMailbox + "|" + roomMailbox + "|" + equipmentMailbox + "|LinkedMailbox|DiscoveryMailbox|SchedulingMailbox|TeamMailbox|GroupMailbox"

func mailboxCmdlets(s *Server) []cmdlet {
	return []cmdlet{
		{
			name: "Get-Mailbox", run: s.getMailbox, sets: []string{"Identity", "Anr"},
			parameters: "Identity Anr:text Filter:text ResultSize:limit RecipientTypeDetails:" + mailboxTypes + "* Archive? SoftDeletedMailbox? InactiveMailboxOnly? IncludeInactiveMailbox?",
		},
		{name: "Get-MailboxStatistics", run: s.getMailboxStatistics, parameters: "Identity! Archive? IncludeSoftDeletedRecipients?"},
		{name: "Set-Mailbox", run: s.setMailbox, write: true, parameters: "Identity:text! Type:Regular|Room|Equipment|Shared EmailAddresses RetentionHoldEnabled:bool " +
			"StartDateForRetentionHold:date EndDateForRetentionHold:date RetainDeletedItemsFor:span Force? Confirm? WhatIf?"},
	}
}

// getMailbox is learn.microsoft.com/powershell/module/exchangepowershell/get-mailbox.
func (s *Server) getMailbox(a arguments) ([]row, []string, error) {
	found, err := s.identify(a)
	if err != nil {
		return nil, nil, err
	}
	var filter expr
	if f := a.text("Filter"); f != "" {
		if filter, err = parseOPath(f); err != nil {
			return nil, nil, err
		}
	}
	types := items(a["recipienttypedetails"])
	rows := []row{}
	for _, m := range found {
		if (len(types) > 0 && !slices.Contains(types, any(m.Type))) || (a.on("Archive") && m.ArchiveGUID == "") {
			continue
		}
		if r := mailboxRow(m); filter == nil || filter.match(r.property) {
			rows = append(rows, r)
		}
		if len(rows) > a.limit() {
			break
		}
	}
	rows, warnings := cut(rows, a)
	return rows, warnings, nil
}

// limit is -ResultSize.
func (a arguments) limit() int {
	if n, given := a["resultsize"].(int); given {
		return n
	}
	return defaultResultSize
}

// cut keeps as many rows as ResultSize asks for, and warns when there are more.
func cut(rows []row, a arguments) ([]row, []string) {
	if len(rows) <= a.limit() {
		return rows, nil
	}
	return rows[:a.limit()], []string{"There are more results available than are currently displayed. To view them, increase the value for the ResultSize parameter."}
}

// identify returns the mailboxes of the asked kind that Identity or Anr mean. A null or empty Identity means all of them,
// as the caution on Get-Mailbox's page says.
func (s *Server) identify(a arguments) ([]*mailbox, error) {
	identity := strings.ToLower(strings.TrimSpace(a.text("Identity")))
	if v, given := a["identity"]; given && v != nil && identity == "" && v != "" {
		return nil, badParameter(fmt.Sprintf("Cannot process argument transformation on parameter 'Identity'. Cannot convert value %q.", fmt.Sprint(v)))
	}
	if identity != "" {
		var found []*mailbox
		for _, m := range s.mailboxes.named(identity) {
			if a.wants(m) {
				found = append(found, m)
			}
		}
		if len(found) > 0 {
			return found, nil
		}
		if !s.cfg.LooseIdentity {
			return nil, objectNotFound(a.text("Identity"))
		}
	}
	anr := strings.ToLower(a.text("Anr"))
	var found []*mailbox
	for _, guid := range s.mailboxes.order {
		m := s.mailboxes.all[guid]
		if a.wants(m) && slices.ContainsFunc(m.keys(), func(k string) bool { return strings.HasPrefix(k, anr) }) {
			found = append(found, m)
		}
	}
	return found, nil
}

// wants tells whether the switches ask for mailboxes such as m. Inactive ones are soft-deleted ones that a hold keeps.
func (a arguments) wants(m *mailbox) bool {
	switch {
	case a.on("InactiveMailboxOnly"):
		return m.Inactive
	case a.on("SoftDeletedMailbox"):
		return !m.connected()
	case a.on("IncludeInactiveMailbox"):
		return m.connected() || m.Inactive
	case a.on("IncludeSoftDeletedRecipients"):
		return true
	}
	return m.connected()
}

// property reads a column for -Filter, whatever the case of its name.
func (x row) property(name string) any {
	for k, v := range x {
		if strings.EqualFold(k, name) {
			return v
		}
	}
	return nil
}

func mailboxRow(m *mailbox) row {
	addresses := addressesOf(m)
	r := row{
		"Identity": m.name(), "Name": m.name(), "Id": m.name(), "DisplayName": m.DisplayName, "Alias": m.Alias, "UserPrincipalName": m.UPN,
		"MicrosoftOnlineServicesID": m.UPN, "WindowsEmailAddress": m.Primary, "PrimarySmtpAddress": m.Primary,
		"EmailAddresses": addresses, "EmailAddresses@odata.type": "#Collection(String)",
		"ExchangeGuid": m.GUID, "ExchangeGuid@odata.type": "#Guid", "Guid": newID("object", m.GUID), "Guid@odata.type": "#Guid",
		"ArchiveGuid": orZeroGUID(m.ArchiveGUID), "ArchiveGuid@odata.type": "#Guid", "ArchiveStatus": map[bool]string{true: "Active", false: "None"}[m.ArchiveGUID != ""],
		"ExternalDirectoryObjectId": m.Owner, "LegacyExchangeDN": m.legacyDN(), "DistinguishedName": m.distinguishedName(),
		"RecipientType": "UserMailbox", "RecipientTypeDetails": m.Type, "IsShared": m.Type == sharedMailbox, "IsResource": m.Type == roomMailbox || m.Type == equipmentMailbox,
		"IsInactiveMailbox": m.Inactive, "IsSoftDeletedByRemove": !m.connected() && !m.ByDisable, "IsSoftDeletedByDisable": m.ByDisable,
		"LitigationHoldEnabled": m.Litigation, "InPlaceHolds": notNil(m.Holds), "InPlaceHolds@odata.type": "#Collection(String)",
		"AutoExpandingArchiveEnabled": m.AutoExpanding, "RetainDeletedItemsFor": spanText(m.keepsDeleted()), "SingleItemRecoveryEnabled": true,
		"RetentionHoldEnabled": m.Store.RetentionHold, "InactiveMailboxRetireTime": nil,
		"ProhibitSendReceiveQuota": exchangeSize(m.quota()), "ProhibitSendQuota": exchangeSize(m.quota() / 100 * 99), "IssueWarningQuota": exchangeSize(m.quota() / 100 * 98),
		"RecoverableItemsQuota": exchangeSize(m.recoverableQuota()), "RecoverableItemsWarningQuota": exchangeSize(m.recoverableQuota() - 10*gigabyte),
		"ArchiveQuota": exchangeSize(100 * gigabyte), "ArchiveWarningQuota": exchangeSize(90 * gigabyte), "UseDatabaseQuotaDefaults": false,
	}
	r.date("WhenCreated", m.Created)
	r.date("WhenMailboxCreated", m.Created)
	r.date("WhenSoftDeleted", m.SoftDeleted)
	return r
}

// date sets a date with its side-cars, null for the zero time.
func (x row) date(name string, t time.Time) {
	x[name] = nil
	if !t.IsZero() {
		x[name] = t.UTC().Format("2006-01-02T15:04:05Z")
		x[name+"@odata.type"], x[name+"@data.type"] = "#DateTimeOffset", "System.DateTime"
	}
}

func orZeroGUID(guid string) string {
	if guid == "" {
		return "00000000-0000-0000-0000-000000000000"
	}
	return guid
}

// getMailboxStatistics is learn.microsoft.com/powershell/module/exchangepowershell/get-mailboxstatistics.
func (s *Server) getMailboxStatistics(a arguments) ([]row, []string, error) {
	if a.text("Identity") == "" {
		return nil, nil, badParameter("Cannot bind argument to parameter 'Identity' because it is null.")
	}
	found, err := s.identify(a)
	if err != nil {
		return nil, nil, err
	}
	rows := []row{}
	for _, m := range found {
		if a.on("Archive") && m.ArchiveGUID == "" {
			return nil, nil, noArchive(m)
		}
		rows = append(rows, contentsRow(m, a.on("Archive")))
	}
	return rows, nil, nil
}

func contentsRow(m *mailbox, archive bool) row {
	guid, count, deleted, size, quota := m.GUID, m.Items, m.RecoverableItems, m.Bytes, m.quota()
	deletedSize := m.recoverableBytes()
	if archive {
		guid, count, deleted, size, quota = m.ArchiveGUID, m.Store.ArchiveItems, 0, m.Store.ArchiveBytes, 100*gigabyte
		deletedSize = 0
	}
	limit := "BelowLimit"
	if size >= quota/100*99 {
		limit = "ProhibitSend"
	}
	if size >= quota {
		limit = "MailboxDisabled"
	}
	r := row{
		"Identity": guid, "DisplayName": m.DisplayName, "MailboxGuid": guid, "MailboxGuid@odata.type": "#Guid", "MailboxTypeDetail": m.Type,
		"ItemCount": count, "DeletedItemCount": deleted, "TotalItemSize": exchangeSize(size), "TotalDeletedItemSize": exchangeSize(deletedSize),
		"StorageLimitStatus": limit, "IsArchiveMailbox": archive, "DisconnectReason": nil, "LastLogonTime": nil,
	}
	if !m.connected() {
		r["DisconnectReason"] = "SoftDeleted"
	}
	r.date("DisconnectDate", m.SoftDeleted)
	return r
}

// exchangeSize writes a size as Exchange does: "1.5 GB (1,610,612,736 bytes)".
func exchangeSize(bytes int64) string {
	units, n, i := []string{"B", "KB", "MB", "GB", "TB"}, float64(bytes), 0
	for ; n >= 1024 && i < len(units)-1; i++ {
		n /= 1024
	}
	digits := strconv.FormatInt(bytes, 10)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return strconv.FormatFloat(n, 'g', 4, 64) + " " + units[i] + " (" + digits + " bytes)"
}

// mailboxKeyOf is the key of m that identity is, or "".
func (s *Server) mailboxKeyOf(m *mailbox, identity string) string {
	if slices.Contains(m.keys(), strings.ToLower(identity)) {
		return identity
	}
	return ""
}
