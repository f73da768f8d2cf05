package graph_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mailback/internal/fault"
	"mailback/internal/m365fake"
	"mailback/recovery"
	"mailback/recovery/graph"
)

const atlas = "Inbox/Projects/Atlas" // the folder that xeniap's seed has removed

// restored puts an item back and checks that it is where the answer says.
func restored(t *testing.T, n *tenant, alias, who string, i recovery.Item, folder string) string {
	t.Helper()
	r, err := n.client.RestoreItem(t.Context(), who, i.EntryID, folder)
	if err != nil || !r.Restored {
		t.Fatalf("%+v, %v", r, err)
	}
	if is := truth(t, n, alias)[i.Subject]; is.Folder != r.Folder {
		t.Errorf("said to be in %q, it is in %q", r.Folder, is.Folder)
	}
	return r.Folder
}

func TestRestoreItem(t *testing.T) {
	t.Parallel()
	n := mailTenant(t, m365fake.Config{}, "Mail.ReadWrite")
	lee := box(t, n, "leeg")
	all := items(t, n, lee, recovery.ItemFilter{})
	for _, i := range all {
		if got := restored(t, n, "leeg", lee, i, "Restored"); got != i.Folder || got == "" {
			t.Errorf("from %q into %q", i.Folder, got)
		}
	}
	if left := items(t, n, lee, recovery.ItemFilter{}); len(left) != 0 || !slices.ContainsFunc(all, func(i recovery.Item) bool { return i.Source == "PurgedItems" }) {
		t.Errorf("%d of %d are left", len(left), len(all))
	}
	if moves := sentTo(n, http.MethodPost, "/move"); moves != len(all) || sentTo(n, http.MethodPost, "childFolders") != 0 {
		t.Errorf("%d moves for %d items", moves, len(all))
	}
	if again := restored(t, n, "leeg", lee, all[0], "Restored"); again != all[0].Folder || sentTo(n, http.MethodPost, "/move") != len(all) {
		t.Errorf("what is back is left there, not in %q", again)
	}
}

func TestRestoreItemWithoutItsFolder(t *testing.T) {
	t.Parallel()
	n := mailTenant(t, m365fake.Config{}, "Mail.ReadWrite")
	xenia := box(t, n, "xeniap")
	var lost []recovery.Item
	for _, i := range items(t, n, xenia, recovery.ItemFilter{}) {
		if truth(t, n, "xeniap")[i.Subject].LastPath == atlas {
			lost = append(lost, i)
		}
	}
	if len(lost) < 3 {
		t.Fatalf("%d items lost their folder", len(lost))
	}
	if got := restored(t, n, "xeniap", xenia, lost[0], ""); got != "Inbox" {
		t.Errorf("without another folder it goes into %q", got)
	}
	if got := restored(t, n, "xeniap", xenia, lost[1], "Inbox/Restored 2026-11-24"); got != "Inbox/Restored 2026-11-24" {
		t.Errorf("into %q", got)
	}
	if got := restored(t, n, "xeniap", xenia, lost[2], "/inbox/restored 2026-11-24/"); got != "Inbox/Restored 2026-11-24" {
		t.Errorf("into %q", got)
	}
	if made := sentTo(n, http.MethodPost, "childFolders"); made != 1 {
		t.Errorf("%d folders were made", made)
	}
}

// TestManyAtOnce puts items back side by side: the folder that they need is made once, and Exchange's limit is kept.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	n := mailTenant(t, m365fake.Config{Latency: 5 * time.Millisecond}, "Mail.ReadWrite")
	xenia := box(t, n, "xeniap")
	var mu sync.Mutex
	now, most := 0, 0
	count := func(by int) {
		mu.Lock()
		defer mu.Unlock()
		now += by
		most = max(most, now)
	}
	n.client = newClient(t, graph.Config{Credential: n.credential, BaseURL: n.graph.URL, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		count(1)
		defer count(-1)
		return http.DefaultTransport.RoundTrip(r)
	})})
	all := items(t, n, xenia, recovery.ItemFilter{})
	var wg sync.WaitGroup
	for _, i := range all {
		wg.Go(func() {
			want := i.Folder
			if want == "" {
				want = "Restored"
			}
			if r, err := n.client.RestoreItem(t.Context(), xenia, i.EntryID, "Restored"); err != nil || r.Folder != want {
				t.Errorf("%+v, %v, want %s", r, err, want)
			}
		})
	}
	wg.Wait()
	folders := map[string]int{}
	for _, i := range truth(t, n, "xeniap") {
		folders[i.Folder]++
	}
	if folders["Restored"] < 2 || most > 4 || most < 2 {
		t.Errorf("%v, at most %d calls at once", folders, most)
	}
}

func TestRestoreItemThatIsGone(t *testing.T) {
	t.Parallel()
	n := mailTenant(t, m365fake.Config{}, "Mail.ReadWrite")
	joni := box(t, n, "jonis")
	all := items(t, n, joni, recovery.ItemFilter{})
	if err := n.PurgeItem("jonis@contoso.com", truth(t, n, "jonis")[all[0].Subject].EntryID); err != nil {
		t.Fatal(err)
	}
	_, err := n.client.RestoreItem(t.Context(), joni, all[0].EntryID, "")
	wantFault(t, err, recovery.NotFound, recovery.NotBack)
	if n := sentTo(n, http.MethodPost, "/move"); n != 0 {
		t.Errorf("%d moves", n)
	}
}

// TestRestoreItemDeletedAgain: it is in Deleted Items, where Items does not list it.
func TestRestoreItemDeletedAgain(t *testing.T) {
	t.Parallel()
	n := mailTenant(t, m365fake.Config{}, "Mail.ReadWrite")
	xenia := box(t, n, "xeniap")
	all := items(t, n, xenia, recovery.ItemFilter{})
	lost := all[slices.IndexFunc(all, func(i recovery.Item) bool { return i.Folder == "" })]
	if got := restored(t, n, "xeniap", xenia, lost, "Deleted Items"); got != "Deleted Items" {
		t.Fatalf("into %q", got)
	}
	_, err := n.client.RestoreItem(t.Context(), xenia, lost.EntryID, "")
	wantFault(t, err, recovery.NotFound, recovery.NotBack)
}

// TestRestoreItemThatExchangeCannotMove is one item's failure and no error.
func TestRestoreItemThatExchangeCannotMove(t *testing.T) {
	t.Parallel()
	n := mailTenant(t, m365fake.Config{}, "Mail.ReadWrite")
	willem := box(t, n, "willemd")
	failed := 0
	all := items(t, n, willem, recovery.ItemFilter{})
	for _, i := range all {
		r, err := n.client.RestoreItem(t.Context(), willem, i.EntryID, "")
		if err != nil {
			t.Fatal(err)
		}
		if !r.Restored {
			failed++
			if is := truth(t, n, "willemd")[i.Subject]; is.Source != i.Source || r.Folder != "" {
				t.Errorf("%+v, it is %+v", r, is)
			}
		}
	}
	if failed != 1 || len(all) < 3 {
		t.Errorf("%d of %d failed", failed, len(all))
	}
}

func TestRestoreItemWhoseAnswerIsLost(t *testing.T) {
	t.Parallel()
	n := mailTenant(t, m365fake.Config{}, "Mail.ReadWrite")
	joni := box(t, n, "jonis")
	i := items(t, n, joni, recovery.ItemFilter{})[0]
	if err := n.desk.Add(fault.Fault{Service: "graph", Match: "/move", Kind: fault.Lost, Times: 1}); err != nil {
		t.Fatal(err)
	}
	r, err := n.client.RestoreItem(t.Context(), joni, i.EntryID, "")
	wantFault(t, err, recovery.Unavailable, "")
	if !r.Sent {
		t.Error("the move was sent")
	}
	if got := restored(t, n, "jonis", joni, i, ""); got != i.Folder {
		t.Errorf("it is in %q", got)
	}
	if moves := sentTo(n, http.MethodPost, "/move"); moves != 1 {
		t.Errorf("%d moves", moves)
	}
}

// TestFolderRemovedMeanwhile: what was learned of the folders a moment ago is not true any more.
func TestFolderRemovedMeanwhile(t *testing.T) {
	t.Parallel()
	n := mailTenant(t, m365fake.Config{}, "Mail.ReadWrite")
	lee := box(t, n, "leeg")
	of := items(t, n, lee, recovery.ItemFilter{Folder: "Atlas"})
	if len(of) < 2 {
		t.Fatalf("%d items", len(of))
	}
	if got := restored(t, n, "leeg", lee, of[0], "Restored"); got != atlas {
		t.Errorf("into %q", got)
	}
	if err := n.RemoveFolder("leeg@contoso.com", atlas); err != nil {
		t.Fatal(err)
	}
	if got := restored(t, n, "leeg", lee, of[1], "Restored"); got != "Restored" {
		t.Errorf("into %q", got)
	}
}

// translators are the permissions of translateExchangeIds.
var translators = []string{"User.Read.All", "User.ReadWrite.All"}

func TestRestoreItemWithoutTranslation(t *testing.T) {
	t.Parallel()
	n := mailTenant(t, m365fake.Config{}, "Mail.ReadWrite")
	lee := box(t, n, "leeg")
	all := items(t, n, lee, recovery.ItemFilter{})
	for _, role := range translators {
		n.RevokeRole(role)
	}
	n.client = newClient(t, graph.Config{Credential: n.credential, BaseURL: n.graph.URL}) // knows no folder
	if got := restored(t, n, "leeg", lee, all[0], "Restored"); got != "Restored" {
		t.Errorf("into %q", got)
	}
	grant(t, n, translators...)
	if err := n.desk.Add(fault.Fault{Service: "graph", Match: "translateExchangeIds", Kind: fault.Status, Value: 503}); err != nil {
		t.Fatal(err)
	}
	r, err := n.client.RestoreItem(t.Context(), lee, all[1].EntryID, "Restored")
	wantFault(t, err, recovery.Unavailable, "")
	if r.Sent {
		t.Error("nothing was sent that changes anything")
	}
}

// TestFolderThatIsNeverFound: the message is where it was, whatever is wrong with the folder.
func TestFolderThatIsNeverFound(t *testing.T) {
	t.Parallel()
	s := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		name := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
		switch {
		case r.Method == http.MethodPost:
			says(404, refusal("ErrorFolderNotFound", "…", ""))(w, r)
		case strings.Contains(r.URL.Path, "/messages/"):
			says(200, `{"id":"AAkALg==","parentFolderId":"deletions"}`)(w, r)
		default:
			says(200, `{"id":"`+strings.TrimPrefix(name, "recoverableitems")+`","displayName":"Inbox","parentFolderId":"x"}`)(w, r)
		}
	})
	r, err := s.client.RestoreItem(t.Context(), someID, "AAkALg==", "")
	wantFault(t, err, recovery.Unavailable, "")
	if !r.Sent {
		t.Error("the move was sent")
	}
}

func TestRestoreItemThatMakesNoSense(t *testing.T) {
	t.Parallel()
	s := newStub(t, says(200, `{}`))
	for _, c := range [][3]string{
		{"", "AAMk", ""},
		{"leeg@contoso.com", "AAMk", ""},
		{someID, "", ""},
		{someID, "../x", ""},
		{someID, "AAMk%2F", ""},
		{someID, "AAMk", " / "},
		{someID, "AAMk", "a\nb"},
	} {
		if r, err := s.client.RestoreItem(t.Context(), c[0], c[1], c[2]); recovery.KindOf(err) != recovery.Invalid || r.Restored {
			t.Errorf("%q: %+v, %v", c, r, err)
		}
	}
	if len(s.requests()) != 0 {
		t.Errorf("%d calls were made", len(s.requests()))
	}
	if _, err := s.client.RestoreItem(t.Context(), someID, "AAMk", ""); recovery.KindOf(err) != recovery.Incomplete {
		t.Errorf("an answer about no message: %v", err)
	}
}

func TestMailboxIsFull(t *testing.T) {
	t.Parallel()
	s := newStub(t, says(507, refusal("ErrorQuotaExceeded", "…", "")))
	_, err := s.client.RestoreItem(t.Context(), someID, "AAMk", "")
	wantFault(t, err, recovery.Invalid, "quota")
	if posts := len(s.requests()); posts != 1 {
		t.Errorf("%d calls", posts)
	}
}

// TestMoveIsSentAsGraphWantsIt looks at the one call that changes something.
func TestMoveIsSentAsGraphWantsIt(t *testing.T) {
	t.Parallel()
	s := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodPost:
			says(201, `{"id":"AAkALg=="}`)(w, r)
		case strings.Contains(r.URL.Path, "/messages/"):
			says(200, `{"id":"AAkALg==","parentFolderId":"deletions"}`)(w, r)
		default:
			name := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
			says(200, `{"id":"`+strings.TrimPrefix(name, "recoverableitems")+`","displayName":"Posteingang","parentFolderId":"x"}`)(w, r)
		}
	})
	r, err := s.client.RestoreItem(t.Context(), someID, "AAkALg==", "")
	if err != nil || r != (recovery.ItemResult{Sent: true, Restored: true, Folder: "Posteingang"}) {
		t.Errorf("%+v, %v", r, err)
	}
	all := s.requests()
	got := all[len(all)-1]
	if got.method != "POST" || got.path != "/v1.0/users/"+someID+"/messages/AAkALg%3D%3D/move" || got.body != `{"destinationId":"inbox"}` || got.header.Get("Prefer") != `IdType="ImmutableId"` {
		t.Errorf("%+v", got)
	}
}
