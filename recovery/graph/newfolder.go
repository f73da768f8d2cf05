package graph

import (
	"context"
	"errors"
	"strings"
	"unicode"

	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/users"

	"mailback/recovery"
)

// newFolderBody is a folder to make (learn.microsoft.com/graph/api/mailfolder-post-childfolders).
type newFolderBody struct {
	DisplayName string `json:"displayName"`
}

// foldersPerPage is far below the largest page, and more folders than most people have side by side.
const foldersPerPage int32 = 250

// isPath says whether a text can be a folder's path.
func isPath(path string) bool {
	return len(namesIn(path)) > 0 && !strings.ContainsFunc(path, unicode.IsControl)
}

func namesIn(path string) []string {
	var names []string
	for name := range strings.SplitSeq(path, "/") {
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// folderAt finds the folder at a path below the mailbox's top, as "Inbox/Restored", and makes what is missing of it.
func (m *mail) folderAt(ctx context.Context, path string) (id, place string, err error) {
	id = topFolder
	var names []string
	for _, name := range namesIn(path) {
		f, err := m.childFolder(ctx, id, name)
		if err != nil {
			return "", "", err
		}
		id, names = f.id, append(names, f.name)
	}
	return id, strings.Join(names, "/"), nil
}

// childFolder finds a folder by its name, or makes it. Another call may make it between the two.
func (m *mail) childFolder(ctx context.Context, parent, name string) (folder, error) {
	for last := false; ; last = true {
		f, err := m.findChild(ctx, parent, name)
		if err != nil || f.id != "" {
			return f, err
		}
		if f, err = m.newFolder(ctx, parent, name); err == nil || last || !hasCode(err, "ErrorFolderExists") {
			return f, err
		}
	}
}

// findChild looks for a name as Exchange does, whatever its case; the zero folder where there is none.
func (m *mail) findChild(ctx context.Context, parent, name string) (folder, error) {
	ri, err := m.mailFolder(parent).ChildFolders().ToGetRequestInformation(ctx, &users.ItemMailFoldersItemChildFoldersRequestBuilderGetRequestConfiguration{
		QueryParameters: &users.ItemMailFoldersItemChildFoldersRequestBuilderGetQueryParameters{Select: folderFields(), Top: new(foldersPerPage)},
	})
	if err != nil {
		return folder{}, wrong(opFolders, err)
	}
	all, receipt, err := list[models.MailFolderable](ctx, m.Client, opFolders, ri, models.CreateMailFolderCollectionResponseFromDiscriminatorValue)
	if err != nil {
		return folder{}, err
	}
	for _, f := range all {
		if strings.EqualFold(text(f.GetDisplayName()), name) {
			return folderFrom(opFolders, f, receipt)
		}
	}
	return folder{}, nil
}

func (m *mail) newFolder(ctx context.Context, parent, name string) (folder, error) {
	ri, err := m.writing("/users/{id}/mailFolders/{parent}/childFolders", map[string]string{"parent": parent}, newFolderBody{name})
	if err != nil {
		return folder{}, wrong(opNewFolder, err)
	}
	got, receipt, err := get[models.MailFolderable](ctx, m.Client, opNewFolder, ri, models.CreateMailFolderFromDiscriminatorValue)
	if err != nil {
		return folder{}, err
	}
	return folderFrom(opNewFolder, got, receipt)
}

// oddFolder is for what cannot be a folder's path.
func oddFolder() error {
	return &recovery.Error{Kind: recovery.Invalid, Peer: recovery.PeerGraph, Op: string(opMove), Detail: "folder", Err: errors.New("no folder can have that path")}
}
