package exchange_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"mailback/internal/m365fake"
	"mailback/recovery"
	"mailback/recovery/exchange"
)

const day = 24 * time.Hour

// one finds the one mailbox of an address that is live, or is not.
func one(t *testing.T, c *exchange.Client, address string, live bool) recovery.Mailbox {
	t.Helper()
	all, err := c.Find(t.Context(), byAddress(address))
	all = slices.DeleteFunc(all, func(m recovery.Mailbox) bool { return m.Live() != live })
	if err != nil || len(all) != 1 {
		t.Fatalf("%s: %+v, %v", address, all, err)
	}
	return all[0]
}

// wantKind checks that an error is of a kind, and what it speaks of.
func wantKind(t *testing.T, err error, kind recovery.Kind, detail string) {
	t.Helper()
	e, _ := err.(*recovery.Error) //nolint:errorlint // That all errors are of this type is what is checked.
	if e == nil || e.Kind != kind || e.Detail != detail {
		t.Errorf("got %v, want %s (%s)", err, kind, detail)
	}
}

func TestMailbox(t *testing.T) {
	t.Parallel()
	for _, loose := range []bool{false, true} {
		c, _, _ := newTenant(t, m365fake.Config{LooseIdentity: loose})
		for address, live := range map[string]bool{"meganb@contoso.com": true, "annal@contoso.com": true, "rosaf@contoso.com": false, "adelev@contoso.com": false, "enricoc@contoso.com": false} {
			want := one(t, c, address, live)
			got, err := c.Mailbox(t.Context(), strings.ToUpper(want.ExchangeGUID))
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %+v, %v, want %+v", address, got, err, want)
			}
		}
		_, err := c.Mailbox(t.Context(), "11111111-2222-4333-8444-555555555555")
		wantKind(t, err, recovery.NotFound, "")
		_, err = c.Mailbox(t.Context(), one(t, c, "meganb@contoso.com", true).ObjectID) // names the mailbox, but not by its ExchangeGuid
		wantKind(t, err, recovery.NotFound, "")
	}
}

func TestMailboxHasAllThatExchangeKnows(t *testing.T) {
	t.Parallel()
	c, fake, _ := newTenant(t, m365fake.Config{})
	if err := fake.AddProxyAddress("meganb@contoso.com", "megan@contoso.com"); err != nil {
		t.Fatal(err)
	}
	m := one(t, c, "meganb@contoso.com", true)
	if m.Name != "Megan Bowen" || m.SignInName != "meganb@contoso.com" || !slices.Contains(m.Addresses, "smtp:megan@contoso.com") || !strings.HasPrefix(m.LegacyDN, "/o=") ||
		m.ArchiveGUID != "" || m.OnHold || m.Litigation || m.AutoExpanding || m.Quota < 50<<30 || m.ArchiveQuota != 100<<30 || m.RetentionHold || m.KeepsDeleted != 14*day || m.CreatedAt.IsZero() || !m.Live() {
		t.Errorf("%+v", m)
	}
	if b := one(t, c, "biggs@contoso.com", false); !b.Inactive || !b.OnHold || !b.Litigation || !b.AutoExpanding || b.ArchiveGUID == "" || b.ObjectID != "" {
		t.Errorf("%+v", b)
	}
	if d := one(t, c, "deliad@contoso.com", false); !d.OnHold || d.Litigation || !d.Inactive {
		t.Errorf("held by a policy alone: %+v", d)
	}
	if q := one(t, c, "quentinr@contoso.com", true); q.KeepsDeleted != 30*day {
		t.Errorf("%+v", q)
	}
}

// TestFindsAmongMoreThanAnAnswerHolds looks for mailboxes, and for none, in a tenant of thousands that answers with everybody for
// what does not exist.
func TestFindsAmongMoreThanAnAnswerHolds(t *testing.T) {
	t.Parallel()
	c, _, _ := newTenant(t, m365fake.Config{LooseIdentity: true, Users: 3000})
	for address, state := range map[string]struct{ live, deleted int }{"adelev@contoso.com": {0, 1}, "meganb@contoso.com": {1, 0}, "nobody.o'neil@contoso.com": {}} {
		all, err := c.Find(t.Context(), recovery.Query{Kind: recovery.ByAddress, Value: address})
		live, deleted := 0, 0
		for _, m := range all {
			byID, err := c.Find(t.Context(), recovery.Query{Kind: recovery.ByObjectID, Value: m.ObjectID})
			if again, failed := c.Mailbox(t.Context(), m.ExchangeGUID); failed != nil || again.Address != address || err != nil || len(byID) != 1 {
				t.Errorf("%s: %+v, %v; %+v, %v", address, again, failed, byID, err)
			}
			if m.Live() {
				live++
			} else {
				deleted++
			}
		}
		if err != nil || live != state.live || deleted != state.deleted {
			t.Errorf("%s: %d live, %d deleted, %v", address, live, deleted, err)
		}
	}
	if _, err := c.Mailbox(t.Context(), unknownGUID); recovery.KindOf(err) != recovery.NotFound {
		t.Errorf("an unknown one: %v", err)
	}
}

func TestContents(t *testing.T) {
	t.Parallel()
	c, _, desk := newTenant(t, m365fake.Config{LooseIdentity: true})
	for address, x := range map[string]struct{ live, archive bool }{
		"meganb@contoso.com": {live: true}, "brianj@contoso.com": {}, "benw@contoso.com": {}, "annal@contoso.com": {true, true}, "sylviaa@contoso.com": {false, true},
	} {
		got, err := c.Contents(t.Context(), one(t, c, address, x.live), x.archive)
		if err != nil || got.Items == 0 || got.Bytes < int64(got.Items) {
			t.Errorf("%s: %+v, %v", address, got, err)
		}
	}
	sylvia := one(t, c, "sylviaa@contoso.com", false)
	primary, err := c.Contents(t.Context(), sylvia, false)
	archive, again := c.Contents(t.Context(), sylvia, true)
	if err != nil || again != nil || archive != (recovery.Contents{Items: 420, Bytes: 420 * 90_000}) || primary.Recoverable != 4 || primary.Items == archive.Items {
		t.Errorf("%+v, %v, %+v, %v", primary, err, archive, again)
	}
	bowen := one(t, c, "meganb@contoso.com", true)
	before := len(desk.Calls())
	_, err = c.Contents(t.Context(), bowen, true)
	wantKind(t, err, recovery.NotFound, "ArchiveGuid")
	if after := desk.Calls(); len(after) != before {
		t.Errorf("an archive that is not there is asked for: %+v", after[before:])
	}
	if _, err := c.Contents(t.Context(), bowen, false); err != nil || len(desk.Calls()) != before+1 {
		t.Errorf("a mailbox that was just read takes %d calls to count, want 1: %v", len(desk.Calls())-before, err)
	}
}

func TestGrants(t *testing.T) {
	t.Parallel()
	for _, loose := range []bool{false, true} {
		c, _, _ := newTenant(t, m365fake.Config{LooseIdentity: loose})
		got, err := c.Grants(t.Context(), one(t, c, "helpdesk@contoso.com", true).ExchangeGUID)
		want := []recovery.Grant{{Who: "alexw@contoso.com", Rights: []string{"FullAccess", "SendAs"}}, {Who: "lidiah@contoso.com", Rights: []string{"FullAccess"}}}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v, %v", got, err)
		}
		if got, err := c.Grants(t.Context(), one(t, c, "meganb@contoso.com", true).ExchangeGUID); err != nil || len(got) != 0 {
			t.Errorf("nobody else: %+v, %v", got, err)
		}
		_, err = c.Grants(t.Context(), one(t, c, "warehouse@contoso.com", false).ExchangeGUID)
		wantKind(t, err, recovery.NotFound, "")
	}
}

func TestDelicensing(t *testing.T) {
	t.Parallel()
	for _, loose := range []bool{false, true} {
		now := time.Now()
		c, fake, _ := newTenant(t, m365fake.Config{DelayedDelicensing: true, LooseIdentity: loose, Now: func() time.Time { return now }})
		due, err := c.Delicensing(t.Context(), one(t, c, "pennyd@contoso.com", true))
		if want := now.Add(27 * day); err != nil || due.Sub(want).Abs() > time.Minute {
			t.Errorf("%s, %v, want %s", due, err, want)
		}
		for _, address := range []string{"meganb@contoso.com", "adelev@contoso.com"} { // licensed; deleted
			m := one(t, c, address, address == "meganb@contoso.com")
			if due, err := c.Delicensing(t.Context(), m); err != nil || !due.IsZero() {
				t.Errorf("%s: %s, %v", address, due, err)
			}
		}
		penny := one(t, c, "pennyd@contoso.com", true)
		fake.SetCmdlet("Get-PendingDelicenseUser", false)
		_, err = c.Delicensing(t.Context(), penny)
		wantKind(t, err, recovery.Forbidden, "Get-PendingDelicenseUser")
	}
}

// TestDelicensingOfOthers has rows as Microsoft's page shows them, without an object id.
func TestDelicensingOfOthers(t *testing.T) {
	t.Parallel()
	row := func(name, due string) string {
		return `{"DisplayName":"Megan Bowen","UserPrincipalName":"` + name + `","WhenDueForDelicensingUTC":"` + due + `"}`
	}
	other, own := row("alexw@contoso.com", "2026-01-02T03:04:05Z"), row("MeganB@contoso.com", "2026-02-03T04:05:06Z")
	for answer, want := range map[string]struct {
		due  time.Time
		kind recovery.Kind
	}{
		rows("", other):                             {},
		rows("", other, own):                        {due: time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)},
		rows("", own, own):                          {kind: recovery.Incomplete},
		rows("", row("meganb@contoso.com", "soon")): {kind: recovery.Incomplete},
		"400 " + refused("|Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException|not there", `{}`): {},
	} {
		s := script(t, map[string]string{"Get-PendingDelicenseUser": answer})
		if due, err := s.client.Delicensing(t.Context(), recovery.Mailbox{ObjectID: unknownGUID, SignInName: "meganb@contoso.com"}); !due.Equal(want.due) || recovery.KindOf(err) != want.kind {
			t.Errorf("%s: %s, %v", answer, due, err)
		}
	}
}

func TestCmdlets(t *testing.T) {
	t.Parallel()
	c, fake, _ := newTenant(t, m365fake.Config{})
	all, err := c.Cmdlets(t.Context())
	if err != nil || !slices.IsSorted(all) || !slices.Contains(all, "New-MailboxRestoreRequest") || !slices.Contains(all, "Get-Mailbox") {
		t.Errorf("%v, %v", all, err)
	}
	fake.SetCmdlet("New-MailboxRestoreRequest", false)
	less, err := c.Cmdlets(t.Context())
	if err != nil || slices.Contains(less, "New-MailboxRestoreRequest") || len(less) != len(all)-1 {
		t.Errorf("%v, %v", less, err)
	}
	fake.RevokeRole("Exchange.ManageAsApp")
	_, err = c.Cmdlets(t.Context())
	wantKind(t, err, recovery.Forbidden, "Exchange.ManageAsApp")
}

func TestCmdletsAsTheyMayBeListed(t *testing.T) {
	t.Parallel()
	for body, want := range map[string][]string{
		`{"value":[{"exportedCmdlets":["Get-Mailbox","Add-X"]}]}`:          {"Add-X", "Get-Mailbox"},
		`{"value":[{"exportedCmdlets":"Get-Mailbox, Add-X,Get-Mailbox"}]}`: {"Add-X", "Get-Mailbox"},
		`{"value":[]}`:                      nil,
		`{"value":[{"exportedCmdlets":7}]}`: nil,
		`{"value":[{"exportedCmdlets":["A-B"]}],"@adminapi.warnings":["cut"]}`:          nil,
		`{"value":[{"exportedCmdlets":["A-B"]}],"@odata.nextLink":"http://127.0.0.1/"}`: nil,
	} {
		s := newStub(t, says(200, body))
		got, err := s.client.Cmdlets(t.Context())
		if !slices.Equal(got, want) || (err == nil) != (want != nil) || want == nil && recovery.KindOf(err) != recovery.Incomplete {
			t.Errorf("%s: %v, %v", body, got, err)
		}
		r := s.requests()[0]
		if r.path != "GET /adminapi/v1.0/"+m365fake.TenantID+"/EXOModuleFile?Version=3.9.2" || r.header.Get("CommandName") != "*" || r.body != "" {
			t.Errorf("%+v", r)
		}
	}
}

func TestAMailboxThatMovesBetweenTwoViews(t *testing.T) {
	t.Parallel()
	row := strings.Replace(megan, `"g-1"`, `"11111111-2222-4333-8444-555555555555"`, 1)
	s := script(t, map[string]string{
		"Get-Mailbox": rows("", row), "Get-Mailbox SoftDeletedMailbox": rows("", strings.Replace(row, "{", `{"WhenSoftDeleted":"2026-02-03T04:05:06Z",`, 1)),
		"Get-Mailbox InactiveMailboxOnly": rows(""),
	})
	_, err := s.client.Mailbox(t.Context(), "11111111-2222-4333-8444-555555555555")
	wantKind(t, err, recovery.Incomplete, "")
	if n := len(s.requests()); n != 3 {
		t.Errorf("%d calls", n)
	}
}
