package graph_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"mailback/internal/fault"
	"mailback/internal/m365fake"
	"mailback/recovery"
	"mailback/recovery/graph"
)

// mailTenant is a tenant whose app has these permissions for mail.
func mailTenant(t *testing.T, cfg m365fake.Config, roles ...string) *tenant {
	t.Helper()
	n := newTenant(t, cfg)
	for _, role := range roles {
		n.GrantRole(role)
	}
	return n
}

// grant gives the app permissions, which are in the next token.
func grant(t *testing.T, n *tenant, roles ...string) {
	t.Helper()
	for _, role := range roles {
		n.GrantRole(role)
	}
	n.credential = signIn(t, n.Server, n.App().ClientSecret)
	n.client = newClient(t, graph.Config{Credential: n.credential, BaseURL: n.graph.URL})
}

// box is a mailbox's name: its user's object id.
func box(t *testing.T, n *tenant, alias string) string {
	t.Helper()
	return one(t, n, alias+"@contoso.com").Account.ID
}

func items(t *testing.T, n *tenant, who string, f recovery.ItemFilter) []recovery.Item {
	t.Helper()
	all, err := n.client.Items(t.Context(), who, f)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// truth gives the items of a mailbox as they are, by subject: the seed numbers them.
func truth(t *testing.T, n *tenant, alias string) map[recovery.Private]m365fake.Item {
	t.Helper()
	all, err := n.Items(alias + "@contoso.com")
	if err != nil {
		t.Fatal(err)
	}
	known := map[recovery.Private]m365fake.Item{}
	for _, i := range all {
		known[recovery.Private(i.Subject)] = i
	}
	return known
}

// listed says whether Graph's mail folders list such an item among the recoverable ones.
func listed(i m365fake.Item) bool {
	return (i.Source == "RecoverableItems" || i.Source == "PurgedItems") &&
		(strings.HasPrefix(i.ItemClass, "IPM.Note") || strings.HasPrefix(i.ItemClass, "IPM.Schedule"))
}

func wantFault(t *testing.T, err error, kind recovery.Kind, detail string) {
	t.Helper()
	if e, ok := errors.AsType[*recovery.Error](err); !ok || e.Kind != kind || e.Detail != detail {
		t.Errorf("got %v, want %s (%s)", err, kind, detail)
	}
}

// sentTo counts the calls whose method and path have all these parts.
func sentTo(n *tenant, method string, parts ...string) int {
	count := 0
	for _, c := range n.desk.Calls() {
		has := func(part string) bool { return strings.Contains(c.Path, part) }
		if c.Method == method && !slices.ContainsFunc(parts, func(p string) bool { return !has(p) }) {
			count++
		}
	}
	return count
}

func TestRecoverableMessages(t *testing.T) {
	t.Parallel()
	n := mailTenant(t, m365fake.Config{}, "Mail.Read")
	for _, alias := range []string{"leeg", "jonis", "xeniap", "willemd"} {
		known := truth(t, n, alias)
		got := items(t, n, box(t, n, alias), recovery.ItemFilter{})
		for _, i := range got {
			is := known[i.Subject]
			folder := is.LastPath
			if alias == "xeniap" && folder == "Inbox/Projects/Atlas" {
				folder = "" // it is gone
			}
			if !listed(is) || i.Class != is.ItemClass || i.Source != is.Source || i.Folder != folder || !strings.Contains(string(i.From), is.Sender+" <") {
				t.Errorf("%s: got %+v, it is %+v", alias, i, is)
			}
			delete(known, i.Subject)
		}
		for _, is := range known {
			if listed(is) {
				t.Errorf("%s: %s is missing", alias, is.EntryID)
			}
		}
		if len(got) == 0 || !slices.IsSortedFunc(got, func(a, b recovery.Item) int { return b.ModifiedAt.Compare(a.ModifiedAt) }) {
			t.Errorf("%s: %d items, latest first: %v", alias, len(got), got)
		}
	}
}

func TestItemFilters(t *testing.T) {
	t.Parallel()
	n := mailTenant(t, m365fake.Config{}, "Mail.Read")
	lee := box(t, n, "leeg")
	all := items(t, n, lee, recovery.ItemFilter{})
	third, seventh := all[2].ModifiedAt, all[6].ModifiedAt
	in := func(f recovery.ItemFilter) int {
		return len(slices.DeleteFunc(slices.Clone(all), func(i recovery.Item) bool {
			return !f.After.IsZero() && i.ModifiedAt.Before(f.After) || !f.Before.IsZero() && !i.ModifiedAt.Before(f.Before)
		}))
	}
	for _, f := range []recovery.ItemFilter{
		{After: third},
		{Before: third},
		{After: seventh, Before: third},
		{After: third.Add(time.Nanosecond)},
		{Before: third.Add(time.Nanosecond)},
		{After: third, Before: third},
		{After: third.In(time.FixedZone("", -5*3600))},
	} {
		if got, want := items(t, n, lee, f), in(f); len(got) != want || want == len(all) {
			t.Errorf("%+v: %d, want %d of %d", f, len(got), want, len(all))
		}
	}
	asked := url.QueryEscape("lastModifiedDateTime ge " + seventh.Format(time.RFC3339) + " and lastModifiedDateTime lt " + third.Format(time.RFC3339))
	if sentTo(n, http.MethodGet, "deletions/messages", strings.ReplaceAll(asked, "+", "%20")) == 0 {
		t.Errorf("Graph was not asked for the dates alone: %v", n.desk.Calls())
	}
	if got := items(t, n, lee, recovery.ItemFilter{Type: "message"}); len(got) == 0 || len(got) == len(all) || slices.ContainsFunc(got, func(i recovery.Item) bool { return i.Class != "IPM.Note" }) {
		t.Errorf("messages: %d of %d", len(got), len(all))
	}
	for folder, is := range map[string]func(string) bool{
		"Projects":       func(p string) bool { return p == "Inbox/Projects" },
		"inbox/projects": func(p string) bool { return p == "Inbox/Projects" },
		`\Inbox\`:        func(p string) bool { return p == "Inbox" },
		"jects":          func(string) bool { return false },
	} {
		want := len(slices.DeleteFunc(slices.Clone(all), func(i recovery.Item) bool { return !is(i.Folder) }))
		if got := items(t, n, lee, recovery.ItemFilter{Folder: folder}); len(got) != want || slices.ContainsFunc(got, func(i recovery.Item) bool { return !is(i.Folder) }) || want == 0 && folder != "jects" {
			t.Errorf("%s: %d, want %d", folder, len(got), want)
		}
	}
}

func TestItemsThatGraphDoesNotList(t *testing.T) {
	t.Parallel()
	s := newStub(t, says(200, `{"value":[]}`))
	for _, kind := range []string{"meeting", "contact", "task", "note"} {
		_, err := s.client.Items(t.Context(), someID, recovery.ItemFilter{Type: kind})
		wantFault(t, err, recovery.Invalid, "type")
	}
	for _, who := range []string{"", "leeg@contoso.com", "../me"} {
		if _, err := s.client.Items(t.Context(), who, recovery.ItemFilter{}); recovery.KindOf(err) != recovery.Invalid {
			t.Errorf("%q: %v", who, err)
		}
	}
	if len(s.requests()) != 0 {
		t.Error("Graph was asked")
	}
	n := mailTenant(t, m365fake.Config{}, "Mail.Read")
	_, err := n.client.Items(t.Context(), box(t, n, "debrab"), recovery.ItemFilter{})
	wantFault(t, err, recovery.NotFound, "")
}

// TestThousandsOfItems reads ten thousand items by few calls.
func TestThousandsOfItems(t *testing.T) {
	t.Parallel()
	n := mailTenant(t, m365fake.Config{}, "Mail.Read")
	theresa := box(t, n, "theresag")
	before := len(n.desk.Calls())
	ids := map[string]bool{}
	for _, i := range items(t, n, theresa, recovery.ItemFilter{}) {
		ids[i.EntryID] = true
	}
	if calls := len(n.desk.Calls()) - before; len(ids) != 7000 || calls > 40 { // seven kinds of ten are messages
		t.Errorf("%d messages by %d calls", len(ids), calls)
	}
}

func TestItemsNeedPermissions(t *testing.T) {
	t.Parallel()
	n := mailTenant(t, m365fake.Config{})
	lee, ctx := box(t, n, "leeg"), t.Context()
	_, err := n.client.Items(ctx, lee, recovery.ItemFilter{})
	wantFault(t, err, recovery.Forbidden, "Mail.ReadBasic.All")
	grant(t, n, "Mail.ReadBasic.All")
	basics := items(t, n, lee, recovery.ItemFilter{})
	if len(basics) == 0 || slices.ContainsFunc(basics, func(i recovery.Item) bool { return i.Folder != "" || i.Subject == "" }) {
		t.Errorf("the basics are %d", len(basics))
	}
	known := truth(t, n, "leeg")
	for _, i := range basics {
		if !strings.HasPrefix(known[i.Subject].ItemClass, i.Class) {
			t.Errorf("%s was taken for %s", known[i.Subject].ItemClass, i.Class)
		}
	}
	_, err = n.client.Items(ctx, lee, recovery.ItemFilter{Folder: "Inbox"})
	wantFault(t, err, recovery.Forbidden, "Mail.Read")
	_, err = n.client.RestoreItem(ctx, lee, basics[0].EntryID, "")
	wantFault(t, err, recovery.Forbidden, "Mail.ReadWrite")
	grant(t, n, "Mail.Read")
	_, err = n.client.RestoreItem(ctx, lee, basics[0].EntryID, "")
	wantFault(t, err, recovery.Forbidden, "Mail.ReadWrite")
	for _, role := range translators {
		n.RevokeRole(role)
	}
	grant(t, n) // a client that has learned no folder yet
	untold := items(t, n, lee, recovery.ItemFilter{})
	if len(untold) != len(basics) || slices.ContainsFunc(untold, func(i recovery.Item) bool { return i.Folder != "" }) {
		t.Errorf("%d without folders, want %d", len(untold), len(basics))
	}
	_, err = n.client.Items(ctx, lee, recovery.ItemFilter{Folder: "Inbox"})
	wantFault(t, err, recovery.Forbidden, "User.Read.All")
}

func TestListsOfItemsAreWhole(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault  fault.Fault
		kind   recovery.Kind
		detail string
	}{
		"later page":      {fault.Fault{Match: "skip=", Kind: fault.Status, Value: 500}, recovery.Incomplete, "page 2"},
		"refused page":    {fault.Fault{Match: "skip=", Kind: fault.Status, Value: 403}, recovery.Incomplete, "page 2"},
		"lost page":       {fault.Fault{Match: "skip=1000", Kind: fault.Drop}, recovery.Incomplete, "page 3"},
		"throttled page":  {fault.Fault{Match: "skip=", Kind: fault.Throttle, Value: 60}, recovery.Throttled, ""},
		"first page":      {fault.Fault{Match: "deletions/messages", Kind: fault.Status, Value: 503}, recovery.Unavailable, ""},
		"purges are down": {fault.Fault{Match: "purges/messages", Kind: fault.Status, Value: 503}, recovery.Unavailable, ""},
		"folders":         {fault.Fault{Match: "mailFolders/AA", Kind: fault.Status, Value: 503}, recovery.Unavailable, ""},
		"translation":     {fault.Fault{Match: "translateExchangeIds", Kind: fault.Drop}, recovery.Unavailable, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := mailTenant(t, m365fake.Config{}, "Mail.Read")
			who := box(t, n, "theresag")
			c.fault.Service = "graph"
			if err := n.desk.Add(c.fault); err != nil {
				t.Fatal(err)
			}
			got, err := n.client.Items(t.Context(), who, recovery.ItemFilter{})
			wantFault(t, err, c.kind, c.detail)
			if got != nil {
				t.Errorf("%d items nevertheless", len(got))
			}
		})
	}
}

// TestPurgesThatDoNotAnswer: the folder's name is documented nowhere.
func TestPurgesThatDoNotAnswer(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 403, 404} {
		n := mailTenant(t, m365fake.Config{}, "Mail.ReadWrite")
		lee := box(t, n, "leeg")
		if err := n.desk.Add(fault.Fault{Service: "graph", Match: "recoverableitemspurges", Kind: fault.Status, Value: status}); err != nil {
			t.Fatal(err)
		}
		got := items(t, n, lee, recovery.ItemFilter{})
		if len(got) == 0 || slices.ContainsFunc(got, func(i recovery.Item) bool { return i.Source != "RecoverableItems" || i.Folder == "" }) {
			t.Errorf("%d: got %+v", status, got)
		}
		if r, err := n.client.RestoreItem(t.Context(), lee, got[0].EntryID, ""); err != nil || r.Folder != got[0].Folder {
			t.Errorf("%d: %+v, %v", status, r, err)
		}
	}
}

func TestMessagesThatLackSomething(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{"value":[{"id":"AAMk"}]}`, `{"value":[{"lastModifiedDateTime":"2026-11-20T10:00:00Z"}]}`, `{"value":[null]}`, `{}`} {
		s := newStub(t, says(200, body))
		if got, err := s.client.Items(t.Context(), someID, recovery.ItemFilter{}); recovery.KindOf(err) != recovery.Incomplete {
			t.Errorf("%s: %+v, %v", body, got, err)
		}
	}
	bare := `{"value":[{"id":"AAMk","lastModifiedDateTime":"2026-11-20T10:00:00Z","from":{"emailAddress":{"address":"a@b.example"}},
		"singleValueExtendedProperties":[{"id":"Binary 0x348a","value":"no base64"},{"id":"odd"}]}]}`
	s := newStub(t, says(200, bare))
	got, err := s.client.Items(t.Context(), someID, recovery.ItemFilter{})
	want := recovery.Item{EntryID: "AAMk", Class: "IPM.Note", From: "a@b.example", ModifiedAt: time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)}
	if err != nil || len(got) != 1 { // both folders list it
		t.Fatalf("%+v, %v", got, err)
	}
	if want.Source = got[0].Source; got[0] != want {
		t.Errorf("%+v", got[0])
	}
	if len(s.requests()) != 2 {
		t.Errorf("there was no folder to ask for: %+v", s.requests())
	}
}

// TestFoldersThatCannotBeTold: where a mailbox does not show its folders' entry ids, items have no folder.
func TestFoldersThatCannotBeTold(t *testing.T) {
	t.Parallel()
	s := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/messages") {
			says(200, `{"value":[{"id":"AAMk","lastModifiedDateTime":"2026-11-20T10:00:00Z","singleValueExtendedProperties":[
				{"id":"Binary 0x348a","value":"AAECAwQFBgcICQoLDA0ODxAREhMUFQ=="},{"id":"String 0x1a","value":"REPORT.IPM.Note.NDR"}]}]}`)(w, r)
			return
		}
		says(200, `{"id":"AAMkFolder","displayName":"…","parentFolderId":"AAMkRoot"}`)(w, r)
	})
	got, err := s.client.Items(t.Context(), someID, recovery.ItemFilter{})
	if err != nil || len(got) != 1 || got[0].Folder != "" || got[0].From != "" || got[0].Class != "REPORT.IPM.Note.NDR" {
		t.Errorf("%+v, %v", got, err)
	}
	_, err = s.client.Items(t.Context(), someID, recovery.ItemFilter{Folder: "Inbox"})
	wantFault(t, err, recovery.Invalid, "folder")
	if got, err := s.client.Items(t.Context(), someID, recovery.ItemFilter{Type: "message"}); err != nil || len(got) != 1 {
		t.Errorf("a report lies among the messages: %+v, %v", got, err)
	}
}

// TestMailStaysPrivate: whatever Graph answers, neither errors nor log lines quote it.
func TestMailStaysPrivate(t *testing.T) {
	t.Parallel()
	secret := m365fake.ItemMarker
	for name, answer := range map[string]http.HandlerFunc{
		"refused":  says(400, refusal("ErrorInvalidRequest", "The subject '"+secret+"' is odd.", "")),
		"denied":   says(403, refusal("ErrorAccessDenied", secret, "")),
		"quoted":   says(500, refusal("about "+secret, secret, "")),
		"failed":   says(500, refusal("ErrorInternalServerError", secret, "")),
		"odd":      says(200, `{"value":[{"id":{"`+secret+`":1},"subject":["`+secret+`"]}],"id":["`+secret+`"]}`),
		"odd date": says(200, `{"value":[{"id":"AA","lastModifiedDateTime":"`+secret+`","subject":"`+secret+`"}],"isRead":"`+secret+`"}`),
		"cut": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", "500")
			_, _ = fmt.Fprintf(w, `{"value":[{"subject":"%s`, secret)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStub(t, answer)
			_, errItems := s.client.Items(t.Context(), someID, recovery.ItemFilter{})
			_, errRestore := s.client.RestoreItem(t.Context(), someID, "AAMk", "Restored")
			for _, err := range []error{errItems, errRestore} {
				if err == nil || strings.Contains(err.Error(), secret) {
					t.Errorf("got %v", err)
				}
			}
			if logged := s.logged.String(); strings.Contains(logged, secret) || !strings.Contains(logged, "recoverable message") {
				t.Errorf("logged: %s", logged)
			}
		})
	}
	n := mailTenant(t, m365fake.Config{}, "Mail.ReadWrite")
	lee, logged := box(t, n, "leeg"), &bytes.Buffer{}
	n.client = newClient(t, graph.Config{
		Credential: n.credential, BaseURL: n.graph.URL, Transport: lockstep(http.DefaultTransport),
		Logger: slog.New(slog.NewTextHandler(logged, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	all := items(t, n, lee, recovery.ItemFilter{})
	if _, err := n.client.RestoreItem(t.Context(), lee, all[0].EntryID, ""); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{logged.String(), fmt.Sprintf("%v %+v %#v", all, all[0], all[0])} {
		if strings.Contains(text, secret) || text == "" {
			t.Errorf("said: %.300s", text)
		}
	}
}
