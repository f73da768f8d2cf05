package graph

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"

	abs "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/users"

	"mailback/recovery"
)

// Well-known names of folders (learn.microsoft.com/graph/api/resources/mailfolder). That of Purges is in no list, but
// answers (12Knocksinna/Office365itpros Report-RecoverableItems.PS1).
const (
	deletions    = "recoverableitemsdeletions"
	purges       = "recoverableitemspurges"
	deletedItems = "deleteditems"
	inbox        = "inbox"
	topFolder    = "msgfolderroot"
)

// folder is a mail folder; the zero one is not there.
type folder struct{ id, name, parent string }

// folders is what is known of a mailbox's folders. It is safe for concurrent use.
type folders struct {
	known map[string]folder // by well-known name
	head  []byte            // that all entry ids of folders begin with; nil where Graph does not tell

	mu    sync.Mutex
	byID  map[string]folder
	homes map[string]string // the ids of the folders that items remember, "" for what is none
}

// folders gives what is known of the mailbox's folders, and reads the well-known ones first where that is nothing.
func (m *mail) folders(ctx context.Context) (*folders, error) {
	if known := m.box.remember(); known != nil {
		return known, nil
	}
	f := &folders{known: map[string]folder{}, byID: map[string]folder{}, homes: map[string]string{}}
	g, ctx := beside(ctx)
	for _, name := range []string{deletions, purges, deletedItems, inbox, topFolder} {
		g.Go(func() error {
			got, head, err := m.folder(ctx, name, name == deletions)
			if name == purges && refused(err) {
				return nil
			}
			if err != nil {
				return err
			}
			f.mu.Lock()
			defer f.mu.Unlock()
			if f.known[name] = got; name == deletions {
				f.head = head
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	m.box.keep(f)
	return f, nil
}

// folder reads a folder by id or well-known name, and the head of its entry id if that is wanted.
func (m *mail) folder(ctx context.Context, id string, withEntry bool) (folder, []byte, error) {
	query := users.ItemMailFoldersMailFolderItemRequestBuilderGetQueryParameters{Select: folderFields()}
	if withEntry {
		query.Expand = expanded(entryID)
	}
	ri, err := m.mailFolder(id).ToGetRequestInformation(ctx, &users.ItemMailFoldersMailFolderItemRequestBuilderGetRequestConfiguration{QueryParameters: &query})
	if err != nil {
		return folder{}, nil, wrong(opFolder, err)
	}
	got, receipt, err := get[models.MailFolderable](ctx, m.Client, opFolder, ri, models.CreateMailFolderFromDiscriminatorValue)
	if err != nil {
		return folder{}, nil, err
	}
	f, err := folderFrom(opFolder, got, receipt)
	if raw := entryID.bytes(got.GetSingleValueExtendedProperties(), entryHead); raw != nil {
		return f, raw[:entryHead], err
	}
	return f, nil, err
}

func folderFields() []string { return []string{"id", "displayName", "parentFolderId"} }

func folderFrom(op operation, got models.MailFolderable, receipt recovery.Receipt) (folder, error) {
	f := folder{text(got.GetId()), text(got.GetDisplayName()), text(got.GetParentFolderId())}
	if f.id == "" {
		return folder{}, &recovery.Error{Kind: recovery.Incomplete, Peer: recovery.PeerGraph, Op: string(op), Receipt: receipt, Err: errors.New("a folder without its id")}
	}
	return f, nil
}

// findHomes reads the folders that items remember, by homeOf. A refusal means that Graph does not tell them: no folder is
// known then.
func (m *mail) findHomes(ctx context.Context, f *folders, homes []string) error {
	if homes = f.unknownHomes(homes); len(homes) == 0 {
		return nil
	}
	const most = 1000 // ids in one call
	for part := range slices.Chunk(homes, most) {
		if err := m.translate(ctx, f, part); err != nil {
			return err
		}
	}
	var ids []string
	for _, h := range homes {
		ids = append(ids, f.home(h))
	}
	return m.read(ctx, f, ids)
}

// translate has Exchange tell the folders' ids (learn.microsoft.com/graph/api/user-translateexchangeids). It only rewrites
// ids: a folder that is gone has one too.
func (m *mail) translate(ctx context.Context, f *folders, homes []string) error {
	if f.head == nil {
		return &recovery.Error{Kind: recovery.NotFound, Peer: recovery.PeerGraph, Op: string(opTranslate), Err: errors.New("the folders have no entry ids")}
	}
	body := translateBody{SourceIDType: "entryId", TargetIDType: "restId"}
	asked := map[string]string{}
	for _, h := range homes {
		entry, err := entryOf(f.head, h)
		if err != nil {
			return wrong(opTranslate, err)
		}
		asked[entry], body.InputIDs = h, append(body.InputIDs, entry)
	}
	ri, err := m.writing("/users/{id}/translateExchangeIds", nil, body)
	if err != nil {
		return wrong(opTranslate, err)
	}
	got, _, err := get[page[models.ConvertIdResultable]](ctx, m.Client, opTranslate, ri, users.CreateItemTranslateExchangeIdsPostResponseFromDiscriminatorValue)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, h := range homes {
		f.homes[h] = ""
	}
	for _, x := range got.GetValue() {
		if x == nil {
			continue
		}
		if h, ok := asked[text(x.GetSourceId())]; ok {
			f.homes[h] = text(x.GetTargetId())
		}
	}
	return nil
}

// translateBody is the body of translateExchangeIds.
type translateBody struct {
	InputIDs     []string `json:"inputIds"`
	SourceIDType string   `json:"sourceIdType"`
	TargetIDType string   `json:"targetIdType"`
}

// writing makes a POST below the mailbox's user.
func (m *mail) writing(path string, parameters map[string]string, body any) (*abs.RequestInformation, error) {
	all := m.parameters()
	all["id"] = m.id
	maps.Copy(all, parameters)
	return writing(abs.POST, path, all, body)
}

// read reads folders, and those that they are in.
func (m *mail) read(ctx context.Context, f *folders, ids []string) error {
	for ids = f.unknown(ids); len(ids) > 0; {
		above := make([]string, len(ids))
		g, ctx := atOnce(ctx, mostPerMailbox)
		for i, id := range ids {
			g.Go(func() error {
				got, _, err := m.folder(ctx, id, false)
				if err != nil && (!refused(err) || recovery.KindOf(err) == recovery.Forbidden) {
					return err
				}
				f.learn(id, got) // the zero folder for one that is gone
				above[i] = got.parent
				return nil
			})
		}
		if err := g.Wait(); err != nil {
			return err
		}
		ids = f.unknown(above)
	}
	return nil
}

func (f *folders) learn(id string, is folder) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.byID[id] = is
}

// home is the id of the folder that items remember so, "" where there is none.
func (f *folders) home(home string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.homes[home]
}

func (f *folders) unknownHomes(homes []string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return remaining(homes, func(h string) bool { _, known := f.homes[h]; return known })
}

// unknown gives the folders that must be read yet.
func (f *folders) unknown(ids []string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return remaining(ids, func(id string) bool {
		_, known := f.byID[id]
		return known || id == f.known[topFolder].id || id == f.known[deletedItems].id
	})
}

// remaining sorts texts and drops the empty ones, repeats, and those that are to be left out.
func remaining(all []string, leaveOut func(string) bool) []string {
	all = slices.DeleteFunc(slices.Clone(all), func(s string) bool { return s == "" || leaveOut(s) })
	slices.Sort(all)
	return slices.Compact(all)
}

// path is where a folder is that was read, as "Inbox/Projects". It is empty for one that is gone: deleted, or with a folder
// above it in Deleted Items or in Recoverable Items.
func (f *folders) path(id string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var names []string
	for range len(f.byID) + 1 {
		if id == f.known[topFolder].id {
			slices.Reverse(names)
			return strings.Join(names, "/")
		}
		is := f.byID[id]
		if is.name == "" {
			return ""
		}
		names, id = append(names, is.name), is.parent
	}
	return ""
}
