package m365fake

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// defaultResultSize is what a Get- cmdlet returns unless told otherwise, with a warning when there is more.
const defaultResultSize = 1000

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
	types, err := recipientTypes(a["recipienttypedetails"])
	if err != nil {
		return nil, nil, err
	}
	limit, err := resultSize(a["resultsize"])
	if err != nil {
		return nil, nil, err
	}
	rows := []row{}
	for _, m := range found {
		if len(types) > 0 && !slices.Contains(types, m.Type) {
			continue
		}
		if r := mailboxRow(m); filter == nil || filter.match(r.property) {
			if len(rows) == limit {
				return rows, []string{"There are more results available than are currently displayed. To view them, increase the value for the ResultSize parameter."}, nil
			}
			rows = append(rows, r)
		}
	}
	return rows, nil, nil
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

func resultSize(v any) (int, error) {
	switch v := v.(type) {
	case nil:
		return defaultResultSize, nil
	case float64:
		return int(v), nil
	case string:
		if strings.EqualFold(v, "Unlimited") {
			return int(^uint(0) >> 1), nil
		}
		if n, err := strconv.Atoi(v); err == nil && n > 0 {
			return n, nil
		}
	}
	return 0, badParameter(fmt.Sprintf("Cannot convert value %q to type \"Unlimited\" for parameter 'ResultSize'.", fmt.Sprint(v)))
}

// recipientTypes completes each value to the first type that begins with it: a wrong enum value is matched by its prefix,
// silently (rknightion/graph2otel docs/graph-api-gotchas.md).
func recipientTypes(v any) ([]string, error) {
	var out []string
	values := items(v)
	if one, ok := v.(string); ok {
		for part := range strings.SplitSeq(one, ",") {
			values = append(values, strings.TrimSpace(part))
		}
	}
	for _, x := range values {
		known := []string{userMailbox, sharedMailbox, roomMailbox, equipmentMailbox, "LinkedMailbox", "DiscoveryMailbox", "SchedulingMailbox", "TeamMailbox", "GroupMailbox"}
		i := slices.IndexFunc(known, func(k string) bool {
			return text(x) != "" && strings.HasPrefix(strings.ToLower(k), strings.ToLower(text(x)))
		})
		if i < 0 {
			return nil, badParameter(fmt.Sprintf("Cannot convert value %q to type \"RecipientTypeDetails\".", fmt.Sprint(x)))
		}
		out = append(out, known[i])
	}
	return out, nil
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
	addresses := []string{"SMTP:" + m.Primary}
	for _, p := range m.Proxies {
		if !strings.EqualFold(p, "smtp:"+m.Primary) {
			addresses = append(addresses, p)
		}
	}
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
		"AutoExpandingArchiveEnabled": m.AutoExpanding, "RetainDeletedItemsFor": "14.00:00:00", "SingleItemRecoveryEnabled": true,
		"ProhibitSendReceiveQuota": "50 GB (53,687,091,200 bytes)", "RecoverableItemsQuota": "30 GB (32,212,254,720 bytes)",
		"InactiveMailboxRetireTime": nil,
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
		return nil, nil, badParameter("Cannot process command because of one or more missing mandatory parameters: Identity.")
	}
	found, err := s.identify(a)
	if err != nil {
		return nil, nil, err
	}
	rows := []row{}
	for _, m := range found {
		r := row{
			"Identity": m.GUID, "DisplayName": m.DisplayName, "MailboxGuid": m.GUID, "MailboxGuid@odata.type": "#Guid", "MailboxTypeDetail": m.Type,
			"ItemCount": m.Items, "DeletedItemCount": m.RecoverableItems, "TotalItemSize": exchangeSize(m.Bytes), "TotalDeletedItemSize": exchangeSize(int64(m.RecoverableItems) * 75_000),
			"StorageLimitStatus": "BelowLimit", "IsArchiveMailbox": false,
		}
		r.date("DisconnectDate", m.SoftDeleted)
		rows = append(rows, r)
	}
	return rows, nil, nil
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

// setMailbox converts a mailbox (-Type Regular, Shared, Room, Equipment), the part of Set-Mailbox that is built.
func (s *Server) setMailbox(a arguments) ([]row, []string, error) {
	types := map[string]string{"regular": userMailbox, "shared": sharedMailbox, "room": roomMailbox, "equipment": equipmentMailbox}
	to, known := types[strings.ToLower(a.text("Type"))]
	if !known {
		return nil, nil, badParameter("Cannot convert value \"" + a.text("Type") + "\" to type \"ConvertibleMailboxSubType\".")
	}
	if a.text("Identity") == "" {
		return nil, nil, badParameter("Cannot process command because of one or more missing mandatory parameters: Identity.")
	}
	found, err := s.identify(a)
	if err != nil {
		return nil, nil, err
	}
	if len(found) != 1 || !strings.EqualFold(s.mailboxKeyOf(found[0], a.text("Identity")), a.text("Identity")) {
		return nil, nil, &exchangeError{
			http.StatusBadRequest, "BadRequest", "|Microsoft.Exchange.Configuration.Tasks.ManagementObjectAmbiguousException",
			"The operation couldn't be performed because '" + a.text("Identity") + "' matches multiple entries.",
		}
	}
	s.mailboxes.change(found[0], func(m *mailbox) { m.Type = to })
	return []row{}, nil, nil
}

// mailboxKeyOf is the key of m that identity is, or "".
func (s *Server) mailboxKeyOf(m *mailbox, identity string) string {
	if slices.Contains(m.keys(), strings.ToLower(identity)) {
		return identity
	}
	return ""
}
