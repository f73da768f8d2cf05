package m365fake

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// messageType is learn.microsoft.com/graph/api/resources/message.
func messageType() mailType {
	selects := []string{
		"id", "subject", "from", "sender", "toRecipients", "ccRecipients", "bccRecipients", "replyTo", "receivedDateTime", "sentDateTime",
		"createdDateTime", "lastModifiedDateTime", "parentFolderId", "conversationId", "conversationIndex", "internetMessageId", "changeKey",
		"categories", "flag", "hasAttachments", "importance", "inferenceClassification", "isDeliveryReceiptRequested", "isDraft", "isRead",
		"isReadReceiptRequested", "webLink", "body", "bodyPreview", "uniqueBody",
	}
	return mailType{"message", selects, []string{
		"receivedDateTime", "lastModifiedDateTime", "createdDateTime", "sentDateTime", "subject", "isRead", "hasAttachments", "importance",
		"internetMessageId", "parentFolderId", "from/emailAddress/address", "sender/emailAddress/address",
	}}
}

func recipient(name, address string) map[string]any {
	return map[string]any{"emailAddress": map[string]any{"name": name, "address": address}}
}

// messageJSON is an item as Graph shows it to the caller: Mail.ReadBasic.All gives neither body nor preview, attachments or
// extended properties (learn.microsoft.com/graph/permissions-reference).
func messageJSON(c *call, m *mailbox, i *item) map[string]any {
	id := m.messageID(i, c.immutable())
	posted, key := timestamp(i.posted), base64.StdEncoding.EncodeToString(m.globalID(i.number))
	conversation := base64.URLEncoding.EncodeToString(m.globalID(i.birth))
	from := recipient(i.sender, i.address)
	all := map[string]any{
		"@odata.etag": `W/"` + key + `"`, "id": id, "changeKey": key, "subject": i.subject, "from": from, "sender": from,
		"toRecipients": []any{recipient(m.DisplayName, m.Primary)}, "ccRecipients": []any{}, "bccRecipients": []any{}, "replyTo": []any{},
		"receivedDateTime": posted, "sentDateTime": posted, "createdDateTime": posted, "lastModifiedDateTime": timestamp(i.modified),
		"parentFolderId": m.restID(m.folderEntry(i.folder)), "conversationId": conversation, "conversationIndex": conversation,
		"internetMessageId": "<" + upperHex(m.globalID(i.birth)) + "@" + i.address[strings.Index(i.address, "@")+1:] + ">", "categories": []any{},
		"flag": map[string]any{"flagStatus": "notFlagged"}, "hasAttachments": false, "importance": "normal", "inferenceClassification": "focused",
		"isDeliveryReceiptRequested": false, "isDraft": false, "isRead": true, "isReadReceiptRequested": false,
		"webLink": "https://outlook.office365.com/owa/?ItemID=" + url.QueryEscape(id) + "&exvsurl=1&viewmodel=ReadMessageItem",
	}
	if strings.HasPrefix(i.class, "IPM.Schedule.Meeting") {
		all["@odata.type"] = "#microsoft.graph.eventMessageRequest"
	}
	if c.readsBodies() {
		text := "The text of " + i.subject
		all["bodyPreview"], all["body"] = text, map[string]any{"contentType": "text", "content": text}
	}
	return all
}

func (c *call) readsBodies() bool { return c.held["Mail.Read"] || c.held["Mail.ReadWrite"] }

func (m *mailbox) messageID(i *item, immutable bool) string {
	if immutable {
		return m.restID(m.immutableEntry(i))
	}
	return m.restID(m.itemEntry(i))
}

// message is an item with what the query selects and expands: its last folder (0x348A), entry id and class.
func (q mailQuery) message(c *call, m *mailbox, i *item) map[string]any {
	extended := map[string]string{"0xfff": base64.StdEncoding.EncodeToString(m.itemEntry(i)), "0x1a": i.class}
	if i.last != nil {
		extended["0x348a"] = base64.StdEncoding.EncodeToString(m.folderKey(i.last))
	}
	return q.render(messageJSON(c, m, i), extended)
}

// readMessageQuery refuses extended properties to a caller who may read the basics alone.
func readMessageQuery(c *call) (mailQuery, error) {
	q, err := readMailQuery(c, messageType())
	if err == nil && q.expand != nil && !c.readsBodies() {
		err = accessDenied()
	}
	return q, err
}

// listMessages lists the messages of a folder, or of the whole mailbox but for Recoverable Items. Of a mailbox's contents
// those messages are there that are known one by one: the recoverable ones, and those that came back.
func (s *Server) listMessages(c *call) (answer, error) {
	m, f, err := s.folderInPath(c, "msgfolderroot")
	if err != nil {
		return answer{}, err
	}
	q, err := readMessageQuery(c)
	if err != nil {
		return answer{}, err
	}
	var all []*item
	for _, i := range m.open().items {
		inside := i.folder == f || (len(c.args) == 1 && i.folder.below(f))
		if inside && i.message() {
			all = append(all, i)
		}
	}
	slices.SortStableFunc(all, func(a, b *item) int { return b.posted.Compare(a.posted) }) // unless $orderby says otherwise
	all = keep(q, all, func(i *item) getter { return messageGetter(c, m, i) })
	set := "users('" + m.Owner + "')/messages"
	if len(c.args) > 1 {
		set = "users('" + m.Owner + "')/mailFolders('" + c.args[1] + "')/messages"
	}
	return q.page(c, set, len(all), func(n int) map[string]any { return q.message(c, m, all[n]) }), nil
}

// messageGetter reads the properties of a message for $filter and $orderby.
func messageGetter(c *call, m *mailbox, i *item) getter {
	return func(path string) any {
		switch path {
		case "receivedDateTime", "createdDateTime", "sentDateTime":
			return timestamp(i.posted)
		case "lastModifiedDateTime":
			return timestamp(i.modified)
		case "subject":
			return i.subject
		case "from/emailAddress/address", "sender/emailAddress/address":
			return i.address
		}
		return messageJSON(c, m, i)[path]
	}
}

// messageInPath is the message that the path names, in the folder that it may name too.
func (s *Server) messageInPath(c *call) (*mailbox, *item, error) {
	m, err := s.connectedMailbox(c)
	if err != nil {
		return nil, nil, err
	}
	i, err := m.itemByID(c.args[len(c.args)-1])
	if err != nil {
		return nil, nil, err
	}
	if len(c.args) == 3 {
		f, err := m.folderByID(c.args[1])
		if err != nil {
			return nil, nil, err
		}
		if i.folder != f {
			return nil, nil, itemNotFound()
		}
	}
	if !i.message() {
		return nil, nil, itemNotFound()
	}
	return m, i, nil
}

func (s *Server) getMessage(c *call) (answer, error) {
	m, i, err := s.messageInPath(c)
	if err != nil {
		return answer{}, err
	}
	q, err := readMessageQuery(c)
	if err != nil {
		return answer{}, err
	}
	return q.one(c, http.StatusOK, "users('"+m.Owner+"')/messages", q.message(c, m, i)), nil
}

// moveMessage is learn.microsoft.com/graph/api/message-move: the message gets a new id, unless the caller prefers immutable ones, and the old
// one names nothing any more. That it works out of Recoverable Items is what tools rely on and no page says.
func (s *Server) moveMessage(c *call) (answer, error) {
	m, i, err := s.messageInPath(c)
	if err != nil {
		return answer{}, err
	}
	var body struct{ DestinationID string }
	if err := c.read("move", &body, "destinationId", "DestinationId"); err != nil {
		return answer{}, err
	}
	if body.DestinationID == "" { // microsoftgraph/microsoft-graph-docs pull request 58
		return answer{}, &graphError{status: http.StatusBadRequest, code: "ErrorInvalidParameter", message: "The value of the parameter 'DestinationId' is empty."}
	}
	to, err := m.folderByID(body.DestinationID)
	if err != nil {
		return answer{}, err
	}
	if i.stuck {
		return answer{}, &graphError{status: http.StatusInternalServerError, code: "ErrorMoveCopyFailed", message: "The move or copy operation failed."}
	}
	m.move(i, to, s.clock())
	return mailQuery{}.one(c, http.StatusCreated, "users('"+m.Owner+"')/messages", messageJSON(c, m, i)), nil
}

// translateIDs is learn.microsoft.com/graph/api/user-translateexchangeids. It only rewrites ids: an entry id of something that is not there
// gives an id too.
func (s *Server) translateIDs(c *call) (answer, error) {
	m, err := s.connectedMailbox(c)
	if err != nil {
		return answer{}, err
	}
	var body struct {
		InputIDs                   []string
		SourceIDType, TargetIDType string
	}
	if err := c.read("translateExchangeIds", &body, "inputIds", "sourceIdType", "targetIdType", "InputIds", "SourceIdType", "TargetIdType"); err != nil {
		return answer{}, err
	}
	formats := []string{"entryId", "ewsId", "immutableEntryId", "restId", "restImmutableEntryId"}
	for name, v := range map[string]string{"sourceIdType": body.SourceIDType, "targetIdType": body.TargetIDType} {
		if !slices.Contains(formats, v) {
			return answer{}, badRequestCode("Invalid value '" + v + "' specified for parameter '" + name + "'.")
		}
	}
	if len(body.InputIDs) == 0 || len(body.InputIDs) > 1000 {
		return answer{}, &graphError{status: http.StatusBadRequest, code: "ErrorInvalidParameter", message: "The parameter 'InputIds' must hold 1 to 1000 ids."}
	}
	value := []any{}
	for _, id := range body.InputIDs {
		result := map[string]any{"sourceId": id}
		target, err := m.translate(id, body.SourceIDType, body.TargetIDType)
		if refused, is := errors.AsType[*graphError](err); is {
			result["errorDetails"] = map[string]any{"code": refused.code, "message": refused.message}
		} else {
			result["targetId"] = target
		}
		value = append(value, result)
	}
	return ok(map[string]any{"@odata.context": c.context("Collection(microsoft.graph.convertIdResult)", nil, false), "value": value}), nil
}

// translate rewrites one id. Of an immutable one only an item that is there has the other kind, and the other way round;
// folders have one kind alone.
func (m *mailbox) translate(id, from, to string) (string, error) {
	entry, err := m.readID(id, from)
	if err != nil {
		return "", err
	}
	immutable := to == "immutableEntryId" || to == "restImmutableEntryId"
	if kind := entry[entryKindAt]; kind != folderEntry && (kind == immutableEntry) != immutable {
		i := m.itemByEntry(entry)
		if i == nil {
			return "", itemNotFound()
		}
		if entry = m.itemEntry(i); immutable {
			entry = m.immutableEntry(i)
		}
	}
	switch to {
	case "entryId", "immutableEntryId":
		return urlToken(entry), nil
	case "ewsId":
		return strings.NewReplacer("-", "+", "_", "/").Replace(m.restID(entry)), nil
	}
	return m.restID(entry), nil
}

// readID is the entry id in an id of any format.
func (m *mailbox) readID(id, format string) ([]byte, error) {
	switch format {
	case "entryId", "immutableEntryId":
		return readURLToken(id)
	case "ewsId":
		id = strings.NewReplacer("+", "-", "/", "_").Replace(id)
	}
	return m.readRestID(id)
}
