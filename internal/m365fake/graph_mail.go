package m365fake

import (
	"encoding/base64"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// connectedMailbox is the mailbox in use of the user in the path. Graph's mail services have their own words for a user
// without one (alcionai/corso src/pkg/services/m365/api/graph/errors.go lists the codes).
func (s *Server) connectedMailbox(c *call) (*mailbox, error) {
	u, err := s.find(c.args[0])
	if err != nil {
		return nil, &graphError{status: http.StatusNotFound, code: "ErrorInvalidUser", message: "The requested user '" + c.args[0] + "' is invalid."}
	}
	m := s.mailboxes.of(u.ID)
	if m == nil || !m.connected() {
		return nil, &graphError{
			status: http.StatusNotFound, code: "MailboxNotEnabledForRESTAPI",
			message: "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
		}
	}
	return m, nil
}

func (s *Server) mailboxSettings(c *call) (answer, error) {
	m, err := s.connectedMailbox(c)
	if err != nil {
		return answer{}, err
	}
	all := map[string]any{
		"archiveFolder": folderID(m, "archive"), "timeZone": "W. Europe Standard Time",
		"delegateMeetingMessageDeliveryOptions": "sendToDelegateOnly", "dateFormat": "dd.MM.yyyy", "timeFormat": "HH:mm",
		"userPurpose":             m.purpose(),
		"language":                map[string]any{"locale": "en-US", "displayName": "English (United States)"},
		"automaticRepliesSetting": map[string]any{"status": "disabled", "externalAudience": "all", "internalReplyMessage": "", "externalReplyMessage": ""},
	}
	body := map[string]any{"@odata.context": c.context("users('"+m.Owner+"')/mailboxSettings", nil, false)}
	wanted := selectOption(c)
	for name, v := range all {
		if wanted == nil || slices.Contains(wanted, strings.ToLower(name)) {
			body[name] = v
		}
	}
	for _, name := range wanted {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(all)), func(k string) bool { return strings.EqualFold(k, name) }) {
			return answer{}, badRequestCode("Parsing OData Select and Expand failed: Could not find a property named '" + name + "' on type 'microsoft.graph.mailboxSettings'.")
		}
	}
	return ok(body), nil
}

// selectOption is $select in lower case, nil without one.
func selectOption(c *call) []string {
	v := c.URL.Query().Get("$select")
	if v == "" {
		return nil
	}
	return strings.Split(strings.ToLower(strings.ReplaceAll(v, " ", "")), ",")
}

func (s *Server) userPurpose(c *call) (answer, error) {
	m, err := s.connectedMailbox(c)
	if err != nil {
		return answer{}, err
	}
	return ok(map[string]any{"@odata.context": c.context("users('"+m.Owner+"')/mailboxSettings/userPurpose", nil, false), "value": m.purpose()}), nil
}

// folderID is Graph's id of the folder with a well-known name.
func folderID(m *mailbox, wellKnown string) string {
	return m.restID(m.folderEntry(m.open().named(wellKnown)))
}

// folderJSON counts the items that are not known one by one into the inbox.
func folderJSON(m *mailbox, f *mailFolder) map[string]any {
	c, inside, elsewhere := m.open(), 0, 0
	for _, i := range c.items {
		switch {
		case i.folder == f:
			inside++
		case !i.folder.dumpster():
			elsewhere++
		}
	}
	if f.wellKnown == "inbox" {
		inside = m.Items - elsewhere
	}
	parent := f.parent
	if parent == nil {
		parent = f
	}
	return map[string]any{
		"id": m.restID(m.folderEntry(f)), "displayName": f.display, "parentFolderId": m.restID(m.folderEntry(parent)),
		"childFolderCount": len(c.children(f)), "unreadItemCount": 0, "totalItemCount": inside, "isHidden": false,
	}
}

// listFolders lists the mail folders right below the one in the path, or below Top of Information Store.
func (s *Server) listFolders(c *call) (answer, error) {
	m, parent, err := s.folderInPath(c, "msgfolderroot")
	if err != nil {
		return answer{}, err
	}
	q, err := readMailQuery(c, mailFolderType())
	if err != nil {
		return answer{}, err
	}
	folders := m.open().children(parent)
	if parent.wellKnown == "msgfolderroot" { // calendars, contacts and tasks are no mail folders
		folders = slices.DeleteFunc(folders, func(f *mailFolder) bool { return f.class != "IPF.Note" })
	}
	folders = keep(q, folders, func(f *mailFolder) getter { return func(string) any { return f.display } })
	set := "users('" + m.Owner + "')/mailFolders"
	if len(c.args) > 1 {
		set += "('" + c.args[1] + "')/childFolders"
	}
	return q.page(c, set, len(folders), func(n int) map[string]any { return q.folder(m, folders[n]) }), nil
}

func (s *Server) getFolder(c *call) (answer, error) {
	m, f, err := s.folderInPath(c, "")
	if err != nil {
		return answer{}, err
	}
	q, err := readMailQuery(c, mailFolderType())
	if err != nil {
		return answer{}, err
	}
	return q.one(c, http.StatusOK, "users('"+m.Owner+"')/mailFolders", q.folder(m, f)), nil
}

// folder is a folder with the selected properties and the expanded ones: its entry id (PR_ENTRYID).
func (q mailQuery) folder(m *mailbox, f *mailFolder) map[string]any {
	all := folderJSON(m, f)
	return q.render(all, map[string]string{"0xfff": base64.StdEncoding.EncodeToString(m.folderEntry(f)), "0x3001": f.display})
}

// mailFolderType is learn.microsoft.com/graph/api/resources/mailfolder.
func mailFolderType() mailType {
	return mailType{
		"mailFolder",
		[]string{"id", "displayName", "parentFolderId", "childFolderCount", "unreadItemCount", "totalItemCount", "isHidden"},
		[]string{"displayName"},
	}
}

// createFolder is learn.microsoft.com/graph/api/user-post-mailfolders and mailfolder-post-childfolders. That a name is taken is said with
// 409 by some accounts and with 400 by others; the code is the same.
func (s *Server) createFolder(c *call) (answer, error) {
	m, parent, err := s.folderInPath(c, "msgfolderroot")
	if err != nil {
		return answer{}, err
	}
	var body struct {
		DisplayName string
		IsHidden    bool
	}
	if err := c.read("mailFolders", &body, "displayName", "isHidden"); err != nil {
		return answer{}, err
	}
	if body.DisplayName == "" {
		return answer{}, &graphError{status: http.StatusBadRequest, code: "ErrorInvalidRequest", message: "The folder name cannot be empty."}
	}
	if m.open().child(parent, body.DisplayName) != nil {
		return answer{}, &graphError{
			status: http.StatusConflict, code: "ErrorFolderExists",
			message: "A folder with the specified name already exists., Could not create folder '" + body.DisplayName + "'.",
		}
	}
	f := m.open().add(parent, "", body.DisplayName, "IPF.Note")
	return mailQuery{}.one(c, http.StatusCreated, "users('"+m.Owner+"')/mailFolders", folderJSON(m, f)), nil
}

// folderInPath is the mailbox and the folder that the path names, or the one with a well-known name where it names none.
func (s *Server) folderInPath(c *call, usual string) (*mailbox, *mailFolder, error) {
	m, err := s.connectedMailbox(c)
	if err != nil {
		return nil, nil, err
	}
	if len(c.args) > 1 {
		usual = c.args[1]
	}
	f, err := m.folderByID(usual)
	return m, f, err
}
