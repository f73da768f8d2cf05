package graph

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/users"

	"mailback/recovery"
)

// messagesPerPage is half of the most that Graph gives (learn.microsoft.com/graph/api/user-list-messages), so that a page
// with its extended properties is there in time.
const messagesPerPage int32 = 500

// lostMessage is a recoverable message and what it remembers its folder by.
type lostMessage struct {
	recovery.Item
	home string
}

// Items gives the recoverable messages of a live user's mailbox that match, latest first: those of Deletions, and of Purges
// where Graph lists it. Appointments, contacts and tasks are not among them, so Type is "message" or empty, which includes
// requests for meetings; another is Invalid, with Detail "type". Times are those of the last change, for most messages of
// the deletion; After is part of the interval, Before is not.
//
// EntryID is Graph's immutable id. Folder is empty where Graph does not tell it: without Mail.Read, where it translates no
// ids for apps, or when the folder is gone. Where it is told of no message, a filter by it is Forbidden, or Invalid with Detail
// "folder".
func (c *Client) Items(ctx context.Context, mailbox string, f recovery.ItemFilter) ([]recovery.Item, error) {
	if err := objectID(mailbox); err != nil {
		return nil, wrong(opItems, err)
	}
	if f.Type != "" && f.Type != "message" {
		return nil, &recovery.Error{Kind: recovery.Invalid, Peer: recovery.PeerGraph, Op: string(opItems), Detail: "type", Err: errors.New("mail folders list messages alone")}
	}
	m := c.mail(mailbox)
	lost, err := m.lost(ctx, f)
	if err != nil {
		return nil, err
	}
	lost = slices.DeleteFunc(lost, func(x lostMessage) bool { return !x.within(f) })
	if err := m.place(ctx, lost); err != nil && (f.Folder != "" || !refused(err)) {
		return nil, unplaced(err)
	}
	items, seen := []recovery.Item{}, map[string]bool{} // pages shift when something is deleted meanwhile
	for _, x := range lost {
		if wasIn(x.Folder, f.Folder) && !seen[x.EntryID] {
			items, seen[x.EntryID] = append(items, x.Item), true
		}
	}
	slices.SortFunc(items, func(a, b recovery.Item) int {
		return cmp.Or(b.ModifiedAt.Compare(a.ModifiedAt), strings.Compare(a.EntryID, b.EntryID))
	})
	return items, nil
}

// lost lists both folders with what tells the messages' folders; without that where the app may read the basics alone. It
// tries, because the token does not name permissions for some mailboxes alone (RBAC for Applications).
func (m *mail) lost(ctx context.Context, f recovery.ItemFilter) ([]lostMessage, error) {
	lost, err := m.lostIn(ctx, f, opItemFolders)
	if recovery.KindOf(err) == recovery.Forbidden && f.Folder == "" {
		return m.lostIn(ctx, f, opItems)
	}
	return lost, err
}

func (m *mail) lostIn(ctx context.Context, f recovery.ItemFilter, op operation) ([]lostMessage, error) {
	var deleted, purged []lostMessage
	g, ctx := beside(ctx)
	g.Go(func() (err error) {
		deleted, err = m.messages(ctx, deletions, "RecoverableItems", f, op)
		return err
	})
	g.Go(func() (err error) {
		if purged, err = m.messages(ctx, purges, "PurgedItems", f, op); refused(err) {
			return nil
		}
		return err
	})
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return append(deleted, purged...), nil
}

// messages lists a folder.
func (m *mail) messages(ctx context.Context, folder, source string, f recovery.ItemFilter, op operation) ([]lostMessage, error) {
	query := users.ItemMailFoldersItemMessagesRequestBuilderGetQueryParameters{
		Select: []string{"id", "subject", "from", "lastModifiedDateTime"}, Orderby: []string{"lastModifiedDateTime desc"}, Top: new(messagesPerPage),
	}
	if dates := changedWithin(f); dates != "" {
		query.Filter = &dates
	}
	if op == opItemFolders {
		query.Expand = expanded(lastParent, messageClass)
	}
	ri, err := m.mailFolder(folder).Messages().ToGetRequestInformation(ctx, &users.ItemMailFoldersItemMessagesRequestBuilderGetRequestConfiguration{
		Headers: sameIDs(), QueryParameters: &query,
	})
	if err != nil {
		return nil, wrong(op, err)
	}
	got, receipt, err := list[models.Messageable](ctx, m.Client, op, ri, models.CreateMessageCollectionResponseFromDiscriminatorValue)
	if err != nil {
		return nil, err
	}
	lost := make([]lostMessage, 0, len(got))
	for _, x := range got {
		if text(x.GetId()) == "" || x.GetLastModifiedDateTime() == nil {
			return nil, &recovery.Error{Kind: recovery.Incomplete, Peer: recovery.PeerGraph, Op: string(op), Receipt: receipt, Err: errors.New("a message without its id or date")}
		}
		lost = append(lost, lostMessage{Item: itemFrom(x, source), home: homeOf(x.GetSingleValueExtendedProperties())})
	}
	return lost, nil
}

// changedWithin is the filter's interval in whole seconds, a little wider than asked for where it is not of such.
func changedWithin(f recovery.ItemFilter) string {
	var bounds []string
	if !f.After.IsZero() {
		bounds = append(bounds, "lastModifiedDateTime ge "+f.After.UTC().Truncate(time.Second).Format(time.RFC3339))
	}
	if !f.Before.IsZero() {
		bounds = append(bounds, "lastModifiedDateTime lt "+f.Before.UTC().Add(time.Second-1).Truncate(time.Second).Format(time.RFC3339))
	}
	return strings.Join(bounds, " and ")
}

// within says whether a message is of the interval and the type that are asked for
// (learn.microsoft.com/office/vba/outlook/concepts/forms/item-types-and-message-classes; reports of delivery and of reading are
// REPORT.IPM.Note.NDR and the like, learn.microsoft.com/office/client-developer/outlook/mapi/pidtagmessageclass-canonical-property).
func (x lostMessage) within(f recovery.ItemFilter) bool {
	if !f.After.IsZero() && x.ModifiedAt.Before(f.After) || !f.Before.IsZero() && !x.ModifiedAt.Before(f.Before) {
		return false
	}
	ofType := func(prefix string) bool { return strings.HasPrefix(strings.ToLower(x.Class), prefix) }
	return f.Type == "" || slices.ContainsFunc([]string{"ipm.note", "ipm.post", "report."}, ofType)
}

func itemFrom(x models.Messageable, source string) recovery.Item {
	return recovery.Item{
		EntryID: text(x.GetId()), Class: classOf(x), Source: source, ModifiedAt: x.GetLastModifiedDateTime().UTC(),
		Subject: recovery.Private(text(x.GetSubject())), From: recovery.Private(senderOf(x)),
	}
}

// classOf is the ItemClass; where Graph does not give that, what its own types tell.
func classOf(x models.Messageable) string {
	class := messageClass.in(x.GetSingleValueExtendedProperties())
	_, meeting := x.(models.EventMessageable)
	switch {
	case class != "":
		return class
	case meeting:
		return "IPM.Schedule.Meeting"
	default:
		return "IPM.Note"
	}
}

func senderOf(x models.Messageable) string {
	if x.GetFrom() == nil || x.GetFrom().GetEmailAddress() == nil {
		return ""
	}
	from := x.GetFrom().GetEmailAddress()
	name, address := text(from.GetName()), text(from.GetAddress())
	if name == "" || address == "" {
		return name + address
	}
	return name + " <" + address + ">"
}

// place names the folders that messages were in.
func (m *mail) place(ctx context.Context, lost []lostMessage) error {
	homes := make([]string, len(lost))
	for i, x := range lost {
		homes[i] = x.home
	}
	if !slices.ContainsFunc(homes, func(h string) bool { return h != "" }) {
		return nil
	}
	f, err := m.folders(ctx)
	if err != nil {
		return err
	}
	err = m.findHomes(ctx, f, homes)
	for i := range lost {
		lost[i].Folder = f.path(f.home(lost[i].home))
	}
	return err
}

// unplaced is for a list that cannot be filtered by folder: NotFound would say that the mailbox is not there.
func unplaced(err error) error {
	if !refused(err) || recovery.KindOf(err) == recovery.Forbidden {
		return err
	}
	return &recovery.Error{Kind: recovery.Invalid, Peer: recovery.PeerGraph, Op: string(opItems), Detail: "folder", Err: err}
}

// wasIn says whether a path is the wanted folder: its whole path, or the end of it.
func wasIn(path, folder string) bool {
	clean := func(s string) string {
		return "/" + strings.Trim(strings.ReplaceAll(strings.ToLower(s), `\`, "/"), "/ ")
	}
	return folder == "" || strings.HasSuffix(clean(path), clean(folder))
}
