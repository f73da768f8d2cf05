package m365fake

import (
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

// wellKnownFolders are the folders that every mailbox has (learn.microsoft.com/graph/api/resources/mailfolder), by well-known name.
func wellKnownFolders() [][2]string {
	return [][2]string{
		{"inbox", "Inbox"}, {"drafts", "Drafts"}, {"sentitems", "Sent Items"}, {"deleteditems", "Deleted Items"}, {"archive", "Archive"}, {"junkemail", "Junk Email"},
	}
}

func folderID(m *mailbox, name string) string {
	return "AAMk" + strings.ReplaceAll(newID("folder", m.GUID+name), "-", "") + "AAA="
}

// folderJSON puts all of the mailbox's items into its inbox: nothing here tells them apart.
func folderJSON(m *mailbox, folder [2]string) map[string]any {
	total := 0
	if folder[0] == "inbox" {
		total = m.Items
	}
	return map[string]any{
		"id": folderID(m, folder[0]), "displayName": folder[1], "parentFolderId": folderID(m, "msgfolderroot"), "childFolderCount": 0,
		"unreadItemCount": 0, "totalItemCount": total, "isHidden": false,
	}
}

func (s *Server) mailFolders(c *call) (answer, error) {
	m, err := s.connectedMailbox(c)
	if err != nil {
		return answer{}, err
	}
	value := []any{}
	for _, f := range wellKnownFolders() {
		value = append(value, folderJSON(m, f))
	}
	return ok(map[string]any{"@odata.context": c.context("users('"+m.Owner+"')/mailFolders", nil, false), "value": value}), nil
}

func (s *Server) mailFolder(c *call) (answer, error) {
	m, err := s.connectedMailbox(c)
	if err != nil {
		return answer{}, err
	}
	for _, f := range wellKnownFolders() {
		if strings.EqualFold(f[0], c.args[1]) || folderID(m, f[0]) == c.args[1] {
			body := folderJSON(m, f)
			body["@odata.context"] = c.context("users('"+m.Owner+"')/mailFolders", nil, true)
			return ok(body), nil
		}
	}
	return answer{}, &graphError{status: http.StatusNotFound, code: "ErrorItemNotFound", message: "The specified object was not found in the store."}
}
