package graph_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mailback/internal/fault"
	"mailback/internal/m365fake"
	"mailback/recovery"
	"mailback/recovery/graph"
)

// refusing is a tenant whose Graph cannot search the aliases of deleted users.
func refusing(t *testing.T, users int) *tenant {
	t.Helper()
	return newTenant(t, m365fake.Config{RefuseDeletedProxyFilter: true, Users: users})
}

// deletedReads gives the reads of deleted users since the first n calls: of lists by alias, of lists by date or without a
// filter, and of single ones.
func deletedReads(d *fault.Desk, n int) (byAlias, listings, single int) {
	for _, c := range d.Calls()[n:] {
		path, err := url.QueryUnescape(c.Path)
		switch {
		case err != nil || !strings.Contains(path, "/deletedItems/"):
		case strings.Contains(path, "proxyAddresses/any"):
			byAlias++
		case !strings.Contains(path, "/deletedItems/graph.user?"):
			single++
		case !strings.Contains(path, "$filter") || strings.Contains(path, "deletedDateTime ge") || strings.Contains(path, "deletedDateTime le"):
			listings++
		}
	}
	return byAlias, listings, single
}

func names(f recovery.Findings) []string {
	var all []string
	for _, x := range f.Found {
		all = append(all, x.Account.UserPrincipalName)
	}
	return all
}

// Whatever Graph can search, the same is found: also a deleted user that has the address as an alias alone, beside a live
// one that has it now.
func TestFindDoesNotDependOnTheAliasFilter(t *testing.T) {
	t.Parallel()
	able, unable := newTenant(t, m365fake.Config{}), refusing(t, 0)
	for _, n := range []*tenant{able, unable} {
		if err := n.AddProxyAddress("meganb@contoso.com", "twice@contoso.com"); err != nil {
			t.Fatal(err)
		}
		if err := n.Delete("meganb@contoso.com"); err != nil {
			t.Fatal(err)
		}
		if _, err := n.AddUser("twice@contoso.com", "Somebody New"); err != nil {
			t.Fatal(err)
		}
	}
	for address, want := range map[string][]string{
		"press@contoso.com":       {"zrinkam@contoso.com", "fadym@contoso.com"},
		"TWICE@contoso.com":       {"twice@contoso.com", "meganb@contoso.com"},
		"partners@contoso.com":    {"biancap@contoso.com"},
		"newsletter@contoso.com":  {"tonyk@contoso.com"},
		"\u0430delev@contoso.com": {"adele.vance2@contoso.com"},
		"adelev@contoso.com":      {"adelev@contoso.com"},
		"nobody@contoso.com":      nil,
	} {
		a, b := find(t, able, byAddress(address)), find(t, unable, byAddress(address))
		if !slices.Equal(names(a), want) || !slices.Equal(names(b), want) {
			t.Errorf("%s: %v, and where Graph refuses %v; want %v", address, names(a), names(b), want)
		}
		if len(a.Found) != len(b.Found) {
			continue
		}
		for i := range a.Found {
			x, y := a.Found[i], b.Found[i]
			if !reflect.DeepEqual(x.Account.Licenses, y.Account.Licenses) || !reflect.DeepEqual(x.Access, y.Access) || len(x.Holders) != len(y.Holders) {
				t.Errorf("%s: %+v, and where Graph refuses %+v", address, x, y)
			}
		}
	}
}

// After the first search one call more tells what was deleted since, and one whether a user that had the alias is there: with
// what belongs to the account, the chain is three calls long, however many deleted users there are.
func TestAliasesAreReadOnce(t *testing.T) {
	t.Parallel()
	n := refusing(t, 60_000) // 3,000 of them deleted
	bianca := one(t, n, "partners@contoso.com")
	byAlias, listings, _ := deletedReads(n.desk, 0)
	if byAlias != 1 || listings < 4 {
		t.Errorf("the first search asked %d times by alias and read %d pages of 3,000", byAlias, listings)
	}
	for address, ids := range map[string]int{"partners@contoso.com": 1, "adelev@contoso.com": 0, "nobody@contoso.com": 0} {
		before := len(n.desk.Calls())
		find(t, n, byAddress(address))
		if byAlias, listings, single := deletedReads(n.desk, before); byAlias != 0 || listings != 1 || single != ids {
			t.Errorf("%s: asked %d times by alias, read %d pages and %d deleted users, want 0, 1 and %d", address, byAlias, listings, single, ids)
		}
	}
	if again := one(t, n, "partners@contoso.com"); !reflect.DeepEqual(again, bianca) || len(bianca.Account.Licenses) == 0 {
		t.Errorf("%+v, and at first %+v", again, bianca)
	}
}

func TestAliasesFollowTheDirectory(t *testing.T) {
	t.Parallel()
	n := refusing(t, 0)
	if err := n.AddProxyAddress("meganb@contoso.com", "mb@contoso.com"); err != nil {
		t.Fatal(err)
	}
	step := func(what string, do func(string) error, deleted, there bool) {
		t.Helper()
		if do != nil {
			if err := do("meganb@contoso.com"); err != nil {
				t.Fatal(what, err)
			}
		}
		f := find(t, n, byAddress("mb@contoso.com")).Found
		if there != (len(f) == 1) || there && f[0].Account.Deleted() != deleted {
			t.Errorf("%s: %+v", what, f)
		}
	}
	step("live", nil, false, true)
	step("deleted since", n.Delete, true, true)
	step("restored", n.Restore, false, true)
	step("deleted again", n.Delete, true, true)
	step("purged", n.Purge, true, false)
}

// A part that cannot be read is no empty part: nothing is found at all, and the next search reads all again.
func TestAliasesAreWholeOrNothing(t *testing.T) {
	t.Parallel()
	n := refusing(t, 60_000)
	lay := fault.Fault{Service: "graph", Match: "deletedDateTime", Kind: fault.Status, Value: 503, Times: 1}
	if err := n.desk.Add(lay); err != nil {
		t.Fatal(err)
	}
	if f, err := n.client.Find(t.Context(), byAddress("partners@contoso.com")); recovery.KindOf(err) != recovery.Unavailable || f.Found != nil {
		t.Fatalf("%+v, %v", f.Found, err)
	}
	if got := one(t, n, "partners@contoso.com").Account.DisplayName; got != "Bianca Pisani" {
		t.Errorf("then: %s", got)
	}
}

// Many searches at once, the first ones, read all deleted users once.
func TestFirstSearchesTogether(t *testing.T) {
	t.Parallel()
	n := refusing(t, 0)
	var wg sync.WaitGroup
	for range 12 {
		wg.Go(func() {
			f, err := n.client.Find(t.Context(), byAddress("press@contoso.com"))
			if err != nil || len(f.Found) != 2 {
				t.Errorf("%v, %v", names(f), err)
			}
		})
	}
	wg.Wait()
	whole := 0
	for _, c := range n.desk.Calls() {
		if strings.Contains(c.Path, "/deletedItems/graph.user?") && !strings.Contains(c.Path, "filter") {
			whole++
		}
	}
	if whole != 1 {
		t.Errorf("all deleted users were read %d times", whole)
	}
}

// directory is a Graph that refuses to search aliases, and answers a list of deleted users as listed says.
func directory(t *testing.T, listed http.HandlerFunc) *stub {
	t.Helper()
	return newStub(t, func(w http.ResponseWriter, r *http.Request) {
		filter := r.URL.Query().Get("$filter")
		switch {
		case strings.HasSuffix(r.URL.Path, "/organization"):
			says(200, `{"value":[{"id":"tenant"}]}`)(w, r)
		case strings.Contains(r.URL.Path, "/deletedItems/"+someID):
			says(200, `{"id":"`+someID+`","mail":"a@contoso.com","proxyAddresses":["smtp:old@contoso.com"],"deletedDateTime":"2026-11-20T10:00:00Z"}`)(w, r)
		case strings.HasSuffix(r.URL.Path, "/deletedItems/graph.user") && strings.Contains(filter, "proxyAddresses"):
			says(400, refusal("Request_UnsupportedQuery", "Unsupported or invalid query filter clause specified for property 'proxyAddresses' of resource 'User'.", ""))(w, r)
		case strings.HasSuffix(r.URL.Path, "/deletedItems/graph.user") && !strings.Contains(filter, "address") && !strings.Contains(filter, "@"):
			listed(w, r)
		default:
			says(200, `{"value":[]}`)(w, r)
		}
	})
}

// Where Graph does not sift deleted users by date, whether it says so or not, they are read page by page.
func TestDatesThatCannotBeAsked(t *testing.T) {
	t.Parallel()
	one := `{"id":"` + someID + `","mail":"a@contoso.com","proxyAddresses":["smtp:old@contoso.com"],"deletedDateTime":"2026-11-20T10:00:00Z"}`
	two := `{"id":"11111111-2222-4333-8444-555555555555","deletedDateTime":"2026-11-01T10:00:00Z"}`
	all := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("$skiptoken") {
			says(200, `{"value":[`+one+`]}`, "Date", "Mon, 23 Nov 2026 12:00:00 GMT")(w, r)
			return
		}
		says(200, fmt.Sprintf(`{"value":[%s],"@odata.nextLink":%q}`, two, ownLink(r)), "Date", "Mon, 23 Nov 2026 12:00:00 GMT")(w, r)
	}
	for name, dated := range map[string]http.HandlerFunc{
		"refused": says(400, refusal("Request_UnsupportedQuery", "Unsupported filter.", "")), "ignored": all,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := directory(t, func(w http.ResponseWriter, r *http.Request) {
				if strings.Contains(r.URL.Query().Get("$filter"), "deletedDateTime") {
					dated(w, r)
					return
				}
				all(w, r)
			})
			for range 2 {
				f, err := s.client.Find(t.Context(), byAddress("old@contoso.com"))
				if err != nil || len(f.Found) != 1 || f.Found[0].Account.ID != someID {
					t.Errorf("%+v, %v", f.Found, err)
				}
			}
			if n := len(s.requests()); n > 60 {
				t.Errorf("%d calls", n)
			}
		})
	}
}

// Whoever waits for the first reading and gives up knows nothing.
func TestGivingUpOnTheFirstReading(t *testing.T) {
	t.Parallel()
	reading, finish := make(chan struct{}), make(chan struct{})
	var once atomic.Bool
	s := directory(t, func(w http.ResponseWriter, r *http.Request) {
		if once.CompareAndSwap(false, true) {
			close(reading)
			<-finish
		}
		says(200, `{"value":[]}`)(w, r)
	})
	patient := newClient(t, graph.Config{Credential: s.credential, BaseURL: s.URL})
	first := make(chan error, 1)
	go func() {
		_, err := patient.Find(t.Context(), byAddress("old@contoso.com"))
		first <- err
	}()
	<-reading
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err := patient.Find(ctx, byAddress("old@contoso.com"))
	if recovery.KindOf(err) != recovery.Incomplete || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the one that gave up: %v", err)
	}
	close(finish)
	if err := <-first; err != nil {
		t.Errorf("the one that read: %v", err)
	}
	if _, err := patient.Find(t.Context(), byAddress("old@contoso.com")); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// A user that a list shows a moment before it is gone was not found, which is not the same as not being there.
func TestListedAndGone(t *testing.T) {
	t.Parallel()
	s := directory(t, says(200, `{"value":[{"id":"11111111-2222-4333-8444-555555555555","proxyAddresses":["smtp:old@contoso.com"],"deletedDateTime":"2026-11-20T10:00:00Z"}]}`,
		"Date", "Mon, 23 Nov 2026 12:00:00 GMT"))
	gone := s.Config.Handler
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "11111111-2222") {
			says(404, refusal("Request_ResourceNotFound", "…", ""))(w, r)
			return
		}
		gone.ServeHTTP(w, r)
	})
	if f, err := s.client.Find(t.Context(), byAddress("old@contoso.com")); recovery.KindOf(err) != recovery.Unavailable || f.Found != nil {
		t.Errorf("%+v, %v", f.Found, err)
	}
}
