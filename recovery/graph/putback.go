package graph

import (
	"context"
	"errors"
	"strings"

	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/users"

	"mailback/recovery"
)

// moveBody is learn.microsoft.com/graph/api/message-move.
type moveBody struct {
	DestinationID string `json:"destinationId"`
}

// RestoreItem puts one message of a live user's mailbox back, by the id that Items gave: into the folder that it was in
// while that is there, else into the folder at the given path, which is made where it is missing, or into the inbox where
// none is given. Where Exchange says that the move failed, ItemResult.Restored is false and there is no error.
//
// The id is the same after the move (learn.microsoft.com/graph/outlook-immutable-id). So where an answer was lost (Unavailable) it can
// be asked for again: a message that is back already is found and left where it is. NotFound, with NotBack, where it is in no folder
// that people see nor in one that it can be had from.
func (c *Client) RestoreItem(ctx context.Context, mailbox, entryID, folder string) (recovery.ItemResult, error) {
	switch err := objectID(mailbox); {
	case err != nil:
		return recovery.ItemResult{}, wrong(opMove, err)
	case !isItemID(entryID):
		return recovery.ItemResult{}, wrong(opMove, errors.New("no message can have that id"))
	case folder != "" && !isPath(folder):
		return recovery.ItemResult{}, oddFolder()
	}
	m := c.mail(mailbox)
	result, err := m.putBack(ctx, entryID, folder)
	if moveRefused(err) { // because the message is gone, or the folder
		m.box.keep(nil)
		result, err = m.putBack(ctx, entryID, folder)
	}
	if hasCode(err, "ErrorMoveCopyFailed") {
		return recovery.ItemResult{Sent: true}, nil
	}
	return result, notThere(err)
}

// notThere says what it is that was not found: the mailbox, the message, or a folder, which the message does not vanish with.
func notThere(err error) error {
	e, ok := errors.AsType[*recovery.Error](err)
	switch {
	case !ok || e.Kind != recovery.NotFound:
	case noMailbox(err):
		e.Detail = recovery.NoMailbox
	case e.Op == string(opItem):
		e.Detail = recovery.NotBack
	default:
		e.Kind = recovery.Unavailable
	}
	return err
}

// isItemID says whether a text has the form of Graph's ids: base64 for URLs.
func isItemID(id string) bool {
	return id != "" && !strings.ContainsFunc(id, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && !strings.ContainsRune("-_=", r)
	})
}

// moveRefused says whether the move itself was refused for what it names.
func moveRefused(err error) bool {
	e, ok := errors.AsType[*recovery.Error](err)
	return ok && e.Op == string(opMove) && (e.Kind == recovery.NotFound || e.Kind == recovery.Invalid && e.Detail == "")
}

func (m *mail) putBack(ctx context.Context, id, folder string) (recovery.ItemResult, error) {
	in, home, err := m.whereabouts(ctx, id)
	if err != nil {
		return recovery.ItemResult{}, err
	}
	f, err := m.folders(ctx)
	if err != nil {
		return recovery.ItemResult{}, err
	}
	if in != f.known[deletions].id && in != f.known[purges].id {
		return m.isBack(ctx, f, in)
	}
	to, path, err := m.destination(ctx, f, home, folder)
	if err != nil {
		return recovery.ItemResult{}, err
	}
	if err := m.move(ctx, id, to); err != nil {
		return recovery.ItemResult{Sent: true}, err
	}
	return recovery.ItemResult{Sent: true, Restored: true, Folder: path}, nil
}

// whereabouts reads which folder a message is in, and which one it remembers.
func (m *mail) whereabouts(ctx context.Context, id string) (in, home string, err error) {
	ri, err := m.user(m.id).Messages().ByMessageId(id).ToGetRequestInformation(ctx, &users.ItemMessagesMessageItemRequestBuilderGetRequestConfiguration{
		Headers: sameIDs(), QueryParameters: &users.ItemMessagesMessageItemRequestBuilderGetQueryParameters{
			Select: []string{"id", "parentFolderId"}, Expand: expanded(lastParent),
		},
	})
	if err != nil {
		return "", "", wrong(opItem, err)
	}
	got, receipt, err := get[models.Messageable](ctx, m.Client, opItem, ri, models.CreateMessageFromDiscriminatorValue)
	if err != nil {
		return "", "", err
	}
	if text(got.GetId()) != id || text(got.GetParentFolderId()) == "" {
		return "", "", &recovery.Error{Kind: recovery.Incomplete, Peer: recovery.PeerGraph, Op: string(opItem), Receipt: receipt, Err: errors.New("an answer about another message, or without its folder")}
	}
	return text(got.GetParentFolderId()), homeOf(got.GetSingleValueExtendedProperties()), nil
}

// isBack is for a message that is not among the recoverable ones: back where people see it, or beyond reach.
func (m *mail) isBack(ctx context.Context, f *folders, in string) (recovery.ItemResult, error) {
	if err := m.read(ctx, f, []string{in}); err != nil {
		return recovery.ItemResult{}, err
	}
	if path := f.path(in); path != "" {
		return recovery.ItemResult{Restored: true, Folder: path}, nil
	}
	return recovery.ItemResult{}, &recovery.Error{Kind: recovery.NotFound, Peer: recovery.PeerGraph, Op: string(opItem), Err: errors.New("the message is in neither Deletions nor Purges")}
}

// destination is where a message goes.
func (m *mail) destination(ctx context.Context, f *folders, home, folder string) (id, path string, err error) {
	if err := m.findHomes(ctx, f, []string{home}); err != nil && !refused(err) {
		return "", "", err
	}
	if id = f.home(home); f.path(id) != "" {
		return id, f.path(id), nil
	}
	if folder == "" {
		return f.known[inbox].id, f.known[inbox].name, nil
	}
	return m.folderAt(ctx, folder)
}

// move moves a message. Its answer, which has the message, is not looked at.
func (m *mail) move(ctx context.Context, id, to string) error {
	ri, err := m.writing("/users/{id}/messages/{message}/move", map[string]string{"message": id}, moveBody{to})
	if err != nil {
		return wrong(opMove, err)
	}
	ri.Headers.AddAll(sameIDs())
	_, err = m.once(ctx, opMove, ri)
	return err
}
