package graph

import (
	"context"
	"strings"
	"sync"
	"time"

	abs "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/users"
)

// mostPerMailbox is how many calls Exchange takes at once from one app for one mailbox
// (learn.microsoft.com/graph/throttling-limits, "Outlook service limits").
const mostPerMailbox = 4

// lane lets few calls through at once; a nil one all.
type lane chan struct{}

// enter waits for its turn; leave gives it to the next.
func (l lane) enter(ctx context.Context) (leave func(), err error) {
	if l == nil {
		return func() {}, nil
	}
	select {
	case l <- struct{}{}:
		return func() { <-l }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// mailboxes keeps what calls about one mailbox share, by its user's object id. It has one of each mailbox that was asked
// for.
type mailboxes struct {
	mu sync.Mutex
	of map[string]*mailbox
}

// mailbox is a lane and, for a while, what was learned of the folders.
type mailbox struct {
	lane lane

	mu      sync.Mutex
	folders *folders
	until   time.Time
}

// remembered is how long the folders of a mailbox are taken to be as they were: putting many items back would else ask for
// the same folders each time. A folder that is gone by then makes a move fail, and is asked for again.
const remembered = time.Minute

func (b *mailboxes) open(id string) *mailbox {
	id = strings.ToLower(id)
	b.mu.Lock()
	defer b.mu.Unlock()
	box, ok := b.of[id]
	if !ok {
		box = &mailbox{lane: make(lane, mostPerMailbox)}
		b.of[id] = box
	}
	return box
}

// remember gives the folders that were kept last; nil when they are none, or old.
func (b *mailbox) remember() *folders {
	b.mu.Lock()
	defer b.mu.Unlock()
	if time.Now().After(b.until) {
		b.folders = nil
	}
	return b.folders
}

// keep keeps folders for a while; nil forgets them.
func (b *mailbox) keep(f *folders) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.folders, b.until = f, time.Now().Add(remembered)
}

// mail speaks to one mailbox.
type mail struct {
	*Client // whose calls wait for the mailbox's lane
	id      string
	box     *mailbox
}

func (c *Client) mail(id string) *mail {
	box, own := c.boxes.open(id), *c
	own.lane = box.lane
	return &mail{Client: &own, id: id, box: box}
}

func (m *mail) mailFolder(id string) *users.ItemMailFoldersMailFolderItemRequestBuilder {
	return m.user(m.id).MailFolders().ByMailFolderId(id)
}

// sameIDs asks for ids that a move does not change (learn.microsoft.com/graph/outlook-immutable-id).
func sameIDs() *abs.RequestHeaders {
	h := abs.NewRequestHeaders()
	h.Add("Prefer", `IdType="ImmutableId"`)
	return h
}
