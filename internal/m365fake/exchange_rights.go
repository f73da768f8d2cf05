package m365fake

import (
	"slices"
	"strings"
)

// rightsCmdlets are those about who may open mailboxes, and about the organization.
func rightsCmdlets(s *Server) []cmdlet {
	return []cmdlet{
		{
			name: "Get-MailboxPermission", run: s.getMailboxPermission, sets: []string{"Owner", "User SoftDeletedMailbox"},
			parameters: "Identity:text! User:text Owner? SoftDeletedMailbox? ResultSize:limit",
		},
		{name: "Get-RecipientPermission", run: s.getRecipientPermission, parameters: "Identity Trustee:text AccessRights:SendAs* ResultSize:limit"},
		{
			name: "Get-PendingDelicenseUser", run: s.getPendingDelicenseUser, sets: []string{"Identity", "ResultSize ShowDueObjectsOnly"},
			parameters: "Identity ResultSize:limit ShowDueObjectsOnly?",
		},
		{name: "Get-OrganizationConfig", run: s.getOrganizationConfig},
	}
}

const self = `NT AUTHORITY\SELF`

// getMailboxPermission is learn.microsoft.com/powershell/module/exchangepowershell/get-mailboxpermission: the owner's own
// right and those given, each with an inherited one of the service besides.
func (s *Server) getMailboxPermission(a arguments) ([]row, []string, error) {
	m, err := s.one(a.text("Identity"), a.wants)
	if err != nil {
		return nil, nil, err
	}
	if a.on("Owner") {
		return []row{{"Identity": m.name(), "Owner": self}}, nil, nil
	}
	right := func(who string, inherited bool, rights ...string) row {
		return row{
			"Identity": m.name(), "User": who, "AccessRights": rights, "AccessRights@odata.type": "#Collection(String)",
			"Deny": false, "IsInherited": inherited, "InheritanceType": "All", "IsValid": true,
		}
	}
	rows := []row{right(self, false, "FullAccess", "ReadPermission")}
	for _, d := range m.Store.Delegates {
		if !d.SendAs {
			rows = append(rows, right(d.UPN, false, "FullAccess"))
		}
	}
	rows = append(rows, right(`NAMPR01A001\Organization Management`, true, "FullAccess", "DeleteItem", "ReadPermission", "ChangePermission", "ChangeOwner"))
	rows, warnings := cut(whoIs(rows, "User", a.text("User")), a)
	return rows, warnings, nil
}

// whoIs keeps the rows about one person.
func whoIs(rows []row, column, who string) []row {
	return slices.DeleteFunc(rows, func(r row) bool { return who != "" && !strings.EqualFold(text(r[column]), who) })
}

// getRecipientPermission is learn.microsoft.com/powershell/module/exchangepowershell/get-recipientpermission, for mailboxes.
func (s *Server) getRecipientPermission(a arguments) ([]row, []string, error) {
	found, err := s.identify(a)
	if err != nil {
		return nil, nil, err
	}
	rows := []row{}
	for _, m := range found {
		right := func(who string) row {
			return row{
				"Identity": m.name(), "Trustee": who, "AccessControlType": "Allow", "AccessRights": []string{"SendAs"}, "AccessRights@odata.type": "#Collection(String)",
				"IsInherited": false, "InheritanceType": "None", "PrimarySmtpAddress": m.Primary, "IsValid": true, "ObjectState": "Unchanged",
			}
		}
		rows = append(rows, right(self))
		for _, d := range m.Store.Delegates {
			if d.SendAs {
				rows = append(rows, right(d.UPN))
			}
		}
	}
	rows, warnings := cut(whoIs(rows, "Trustee", a.text("Trustee")), a)
	return rows, warnings, nil
}

// getPendingDelicenseUser is learn.microsoft.com/powershell/module/exchangepowershell/get-pendingdelicenseuser: the mailboxes
// in use whose license is gone.
func (s *Server) getPendingDelicenseUser(a arguments) ([]row, []string, error) {
	found, err := s.identify(a)
	if err != nil {
		return nil, nil, err
	}
	rows := []row{}
	for _, m := range found {
		due := m.Store.DelicenseDue
		if due.IsZero() || (a.on("ShowDueObjectsOnly") && s.clock().Before(due)) {
			continue
		}
		r := row{
			"Identity": m.name(), "DisplayName": m.DisplayName, "UserPrincipalName": m.UPN, "PrimarySmtpAddress": m.Primary,
			"ExternalDirectoryObjectId": m.Owner,
		}
		r.date("WhenDueForDelicensingUTC", due)
		rows = append(rows, r)
	}
	rows, warnings := cut(rows, a)
	return rows, warnings, nil
}

// getOrganizationConfig is a part of learn.microsoft.com/powershell/module/exchangepowershell/get-organizationconfig.
func (s *Server) getOrganizationConfig(arguments) ([]row, []string, error) {
	return []row{{
		"Identity": "contoso.onmicrosoft.com", "Name": "contoso.onmicrosoft.com", "DisplayName": "Contoso", "Guid": TenantID, "Guid@odata.type": "#Guid",
		"DelayedDelicensingEnabled": s.delayed, "TenantAdminNotificationForDelayedDelicensingEnabled": false,
		"EndUserMailNotificationForDelayedDelicensingEnabled": false, "AutoExpandingArchiveEnabled": false, "IsDehydrated": false, "IsValid": true,
	}}, nil, nil
}
