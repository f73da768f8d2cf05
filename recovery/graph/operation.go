package graph

// operation names a call in errors and logs.
type operation string

// The calls that this package makes.
const (
	opSignIn       operation = "sign in"
	opUsers        operation = "list users"
	opUser         operation = "get user"
	opDeletedUsers operation = "list deleted users"
	opDeletedUser  operation = "get deleted user"
	opSKUs         operation = "list subscribedSkus"
	opOrganization operation = "get organization"
	opMailbox      operation = "get mailboxSettings"
	opMemberOf     operation = "list transitiveMemberOf"
	opRoles        operation = "list roleAssignments"
	opGroups       operation = "list groups"
	opContacts     operation = "list contacts"
	opRestore      operation = "restore user"
	opAssign       operation = "assignLicense"
	opRemove       operation = "assignLicense (remove)"
	opReprocess    operation = "reprocessLicenseAssignment"
	opLocation     operation = "set usageLocation"
	opBlock        operation = "block sign-in"
	opDelete       operation = "delete user"
	opItems        operation = "list recoverable messages"
	opItemFolders  operation = "list recoverable messages with their folders"
	opItem         operation = "get recoverable message"
	opFolder       operation = "get mailFolder"
	opFolders      operation = "list childFolders"
	opTranslate    operation = "translateExchangeIds"
	opNewFolder    operation = "create mailFolder"
	opMove         operation = "move message"
)

// permission is the least privileged application permission that opens the call
// (microsoftgraph/microsoft-graph-devx-content permissions/new/permissions.json).
func (op operation) permission() string {
	switch op {
	case opSignIn:
		return ""
	case opSKUs:
		return "LicenseAssignment.Read.All"
	case opOrganization:
		return "Organization.Read.All"
	case opMailbox:
		return "MailboxSettings.Read"
	case opRoles:
		return "RoleManagement.Read.Directory"
	case opGroups:
		return "GroupMember.Read.All"
	case opContacts:
		return "OrgContact.Read.All"
	case opRestore, opDelete:
		return "User.DeleteRestore.All"
	case opAssign, opRemove:
		return "LicenseAssignment.ReadWrite.All"
	case opReprocess, opLocation:
		return "User.ReadWrite.All"
	case opBlock:
		return "User.EnableDisableAccount.All"
	case opItems, opFolder, opFolders:
		return "Mail.ReadBasic.All"
	case opItemFolders:
		return "Mail.Read"
	case opItem, opNewFolder, opMove: // a message is read by itself only to be moved
		return "Mail.ReadWrite"
	default:
		return "User.Read.All"
	}
}

// private says whether the call's answer has something of somebody's mail, so that no text of it may reach an error or a log.
func (op operation) private() bool {
	switch op {
	case opItems, opItemFolders, opItem, opFolder, opFolders, opTranslate, opNewFolder, opMove:
		return true
	default:
		return false
	}
}
