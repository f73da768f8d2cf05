package exchange_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"mailback/internal/m365fake"
	"mailback/recovery"
	"mailback/recovery/exchange"
)

// Identities that are good in form.
const (
	unknownGUID    = "11111111-2222-4333-8444-555555555555"
	otherGUID      = "22222222-2222-4333-8444-555555555555"
	unknownAddress = "nobody@contoso.com"
)

// act is a method with every text that names an object to Exchange; texts are good ones.
type act struct {
	method string
	texts  []string
	run    func(context.Context, *exchange.Client, []string) error
	// whole says that rows about others mean nothing: the answer is a list, from which the right rows are picked.
	whole bool
}

// acts are all methods of Client.
func acts() []act {
	return []act{
		{"Find", []string{unknownAddress}, func(ctx context.Context, c *exchange.Client, x []string) error {
			return empty(c.Find(ctx, recovery.Query{Kind: recovery.ByAddress, Value: x[0]}))
		}, true},
		{"Find", []string{unknownGUID}, func(ctx context.Context, c *exchange.Client, x []string) error {
			return empty(c.Find(ctx, recovery.Query{Kind: recovery.ByObjectID, Value: x[0]}))
		}, true},
		{"Mailbox", []string{unknownGUID}, func(ctx context.Context, c *exchange.Client, x []string) error {
			return zero(c.Mailbox(ctx, x[0]))
		}, false},
		{"Contents", []string{unknownGUID}, func(ctx context.Context, c *exchange.Client, x []string) error {
			return zero(c.Contents(ctx, recovery.Mailbox{ExchangeGUID: x[0]}, false))
		}, false},
		{"Grants", []string{unknownGUID}, func(ctx context.Context, c *exchange.Client, x []string) error {
			return empty(c.Grants(ctx, x[0]))
		}, false},
		{"Delicensing", []string{unknownAddress}, func(ctx context.Context, c *exchange.Client, x []string) error {
			return zero(c.Delicensing(ctx, recovery.Mailbox{SignInName: x[0]}))
		}, true},
		{"Cmdlets", nil, func(ctx context.Context, c *exchange.Client, _ []string) error {
			_, err := c.Cmdlets(ctx)
			return err
		}, true},
		{"Copies", []string{"Mailback R-1"}, func(ctx context.Context, c *exchange.Client, x []string) error {
			return empty(c.Copies(ctx, x[0]))
		}, true},
		{"StartCopy", []string{unknownGUID, otherGUID, "Mailback R-1"}, func(ctx context.Context, c *exchange.Client, x []string) error {
			return zero(c.StartCopy(ctx, recovery.CopyOrder{Source: x[0], Target: x[1], Name: x[2], Folder: "Restored"}))
		}, false},
		{"CopyStatus", []string{unknownGUID}, func(ctx context.Context, c *exchange.Client, x []string) error {
			return zero(c.CopyStatus(ctx, x[0]))
		}, false},
		{"ResumeCopy", []string{unknownGUID}, func(ctx context.Context, c *exchange.Client, x []string) error {
			return zero(c.ResumeCopy(ctx, x[0]))
		}, false},
		{"RemoveCopy", []string{unknownGUID}, func(ctx context.Context, c *exchange.Client, x []string) error {
			return zero(c.RemoveCopy(ctx, x[0]))
		}, false},
		{"AddAddress", []string{unknownGUID}, func(ctx context.Context, c *exchange.Client, x []string) error {
			return zero(c.AddAddress(ctx, x[0], "X500:/o=ExchangeLabs/cn=x"))
		}, false},
		{"UndoSoftDelete", []string{unknownGUID}, func(ctx context.Context, c *exchange.Client, x []string) error {
			return zero(c.UndoSoftDelete(ctx, x[0]))
		}, false},
		{"Items", []string{unknownGUID}, func(ctx context.Context, c *exchange.Client, x []string) error {
			return empty(c.Items(ctx, x[0], recovery.ItemFilter{}))
		}, false},
		{"RestoreItem", []string{unknownGUID, entry(1)}, func(ctx context.Context, c *exchange.Client, x []string) error {
			return zero(c.RestoreItem(ctx, x[0], x[1], ""))
		}, false},
	}
}

// empty gives the error of a method, and one of its own where it says something about somebody.
func empty[T any](all []T, err error) error {
	if len(all) > 0 {
		return fmt.Errorf("it gave %+v (%w)", all, err)
	}
	return err
}

func zero[T any](v T, err error) error {
	if !reflect.ValueOf(v).IsZero() {
		return fmt.Errorf("it gave %+v (%w)", v, err)
	}
	return err
}

// oddities are texts that name nothing, or more than one thing, where a good one stands.
func oddities(good string) []string {
	all := []string{
		"", " ", "\t\n", "\u00a0", "\x00", "*", "?", "%", ".", "$null", "m*", `x\y`, `"`, "@contoso.com", "meganb@", "*@contoso.com", "{}",
		good + "*", good + "\x00", good + "\n", good + "," + good, "{" + good + "}", `"` + good + `"`,
	}
	switch good {
	case unknownGUID, otherGUID:
		return append(all, "00000000-0000-0000-0000-000000000000", good+" ", " "+good, "urn:uuid:"+good, strings.ReplaceAll(good, "-", ""), good[1:],
			"g"+good[1:], good[1:]+"\u0665", good+good, unknownAddress, "meganb", "Megan Bowen", "null")
	case unknownAddress:
		return append(all, "a b@contoso.com", "a@contoso.com,b@contoso.com", "<"+good+">", "smtp:"+good, unknownGUID, "Megan Bowen", "meganb", "null")
	case entry(1):
		return append(all, good+" ", good[:8], unknownGUID, unknownAddress, "null", strings.Repeat("0", 1001))
	default:
		return append(all, " "+good, good+" ", "-"+good, good+"\\"+good)
	}
}

// TestTheActsAreAllThereAre fails when a method is added that the tests below do not try.
func TestTheActsAreAllThereAre(t *testing.T) {
	t.Parallel()
	tried := map[string]bool{"Roles": true, "DelayedDelicensing": true} // of the app and of the tenant: they name nothing
	for _, a := range acts() {
		tried[a.method] = true
	}
	for m := range reflect.TypeFor[*exchange.Client]().Methods() {
		if !tried[m.Name] {
			t.Errorf("%s is not tried", m.Name)
		}
		delete(tried, m.Name)
	}
	if len(tried) > 0 {
		t.Errorf("%v are not there", tried)
	}
}

// TestNoCallLeavesWithoutAnIdentity puts each odd text into each place of each method, beside good ones, and wants none to
// reach Exchange.
func TestNoCallLeavesWithoutAnIdentity(t *testing.T) {
	t.Parallel()
	s := newStub(t, says(200, rows("")))
	for _, a := range acts() {
		for place, good := range a.texts {
			for _, odd := range oddities(good) {
				texts := slices.Clone(a.texts)
				texts[place] = odd
				if err := a.run(t.Context(), s.client, texts); recovery.KindOf(err) != recovery.Invalid {
					t.Errorf("%s with %q: %v", a.method, texts, err)
				}
			}
		}
	}
	if all := s.requests(); len(all) > 0 {
		t.Errorf("%d calls, the first: %+v", len(all), all[0])
	}
}

// everything is an Exchange that answers each Get- cmdlet with the rows of everybody else, and counts what else it is asked.
func everything(t *testing.T) *stub {
	t.Helper()
	row := func(n int) string {
		guid := fmt.Sprintf("99999999-2222-4333-8444-%012d", n)
		return `{"ExchangeGuid":"` + guid + `","ArchiveGuid":"` + guid + `","ExternalDirectoryObjectId":"` + guid + `","MailboxGuid":"` + guid + `","RequestGuid":"` + guid + `",` +
			`"Name":"somebody","Identity":"somebody` + fmt.Sprint(n) + `@contoso.com","PrimarySmtpAddress":"somebody@contoso.com","UserPrincipalName":"somebody@contoso.com",` +
			`"WhenSoftDeleted":"2026-01-02T03:04:05Z","WhenDueForDelicensingUTC":"2026-01-02T03:04:05Z","Status":"Completed","ItemCount":3,"TotalItemSize":"1 B (1 bytes)",` +
			`"User":"alexw@contoso.com","Trustee":"alexw@contoso.com","AccessRights":["FullAccess"],"EntryID":"` + entry(1) + `","Subject":"x","LastModifiedTime":"2026-01-02T03:04:05Z","WasRestoredSuccessfully":true}`
	}
	return newStub(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			_, _ = io.WriteString(w, `{"value":[{"exportedCmdlets":["Get-Mailbox"]}]}`) // the client may be gone
			return
		}
		_, _ = io.WriteString(w, rows("", row(1), row(2), row(3))) // the client may be gone
	})
}

// TestEverythingIsNobody has Exchange answer for an identity that does not exist with everything there is, as its pages say.
func TestEverythingIsNobody(t *testing.T) {
	t.Parallel()
	for _, a := range acts() {
		s := everything(t)
		err := a.run(t.Context(), s.client, a.texts)
		if k := recovery.KindOf(err); a.whole && err != nil || !a.whole && k != recovery.NotFound && k != recovery.Incomplete {
			t.Errorf("%s: %v", a.method, err)
		}
		for _, r := range s.requests() {
			if !strings.HasPrefix(r.path, "GET ") && !strings.HasPrefix(r.invoked(t).CmdletInput.CmdletName, "Get-") {
				t.Errorf("%s: sent %s", a.method, r.body)
			}
		}
	}
}

// TestEverythingAfterTheMailbox has Get-Mailbox find the mailbox, and the next cmdlet answer with everything.
func TestEverythingAfterTheMailbox(t *testing.T) {
	t.Parallel()
	mailbox := strings.Replace(megan, `"g-1"`, `"`+unknownGUID+`","ExternalDirectoryObjectId":"`+unknownGUID+`","UserPrincipalName":"meganb@contoso.com"`, 1)
	for _, a := range acts() {
		if !slices.Contains([]string{"Grants", "Items", "RestoreItem"}, a.method) {
			continue
		}
		next := everything(t)
		s := newStub(t, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body) // a short body shows in the test
			switch in := (sent{body: string(body)}).invoked(t); {
			case in.view() == "Get-Mailbox":
				_, _ = io.WriteString(w, rows("", mailbox)) // the client may be gone
			case in.CmdletInput.CmdletName == "Get-Mailbox":
				_, _ = io.WriteString(w, rows("")) // the client may be gone
			default:
				r.Body = io.NopCloser(strings.NewReader(string(body)))
				next.Config.Handler.ServeHTTP(w, r)
			}
		})
		err := a.run(t.Context(), s.client, a.texts)
		if k := recovery.KindOf(err); k != recovery.NotFound && k != recovery.Incomplete {
			t.Errorf("%s: %v", a.method, err)
		}
		if len(next.requests()) == 0 {
			t.Errorf("%s asks nothing more", a.method)
		}
	}
}

// TestTheTenantsEverything does the same in the stand-in's tenant.
func TestTheTenantsEverything(t *testing.T) {
	t.Parallel()
	c, fake, _ := newTenant(t, m365fake.Config{LooseIdentity: true})
	before := fake.Tenant()
	for _, a := range acts() {
		err := a.run(t.Context(), c, a.texts)
		if k := recovery.KindOf(err); a.whole && err != nil || !a.whole && k != recovery.NotFound && k != recovery.Incomplete {
			t.Errorf("%s: %v", a.method, err)
		}
	}
	if after := fake.Tenant(); !reflect.DeepEqual(after.Mailboxes, before.Mailboxes) {
		t.Error("the tenant changed")
	}
}
