package graph_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"mailback/internal/m365fake"
	"mailback/recovery"
	"mailback/recovery/graph"
)

func nowOr(now func() time.Time) func() time.Time {
	if now == nil {
		return time.Now
	}
	return now
}

func byAddress(address string) recovery.Query {
	return recovery.Query{Kind: recovery.ByAddress, Value: address}
}

// findAll finds accounts and what belongs to them, all or nothing, as a diagnosis does.
func findAll(t testing.TB, c *graph.Client, q recovery.Query) (recovery.Findings, error) {
	t.Helper()
	f, err := c.Find(t.Context(), q)
	if err == nil && q.Kind != recovery.ByName {
		err = c.Complete(t.Context(), f.Found)
	}
	if err != nil {
		return recovery.Findings{}, err
	}
	return f, nil
}

func find(t *testing.T, n *tenant, q recovery.Query) recovery.Findings {
	t.Helper()
	f, err := findAll(t, n.client, q)
	if err != nil {
		t.Fatalf("Find %s: %v", q.Value, err)
	}
	return f
}

// one gives the only account that an address finds.
func one(t *testing.T, n *tenant, address string) recovery.Found {
	t.Helper()
	f := find(t, n, byAddress(address))
	if len(f.Found) != 1 {
		t.Fatalf("%s: %d accounts, want 1: %+v", address, len(f.Found), f.Found)
	}
	return f.Found[0]
}

func TestFindByAddress(t *testing.T) {
	t.Parallel()
	n := newTenant(t, m365fake.Config{})
	for address, want := range map[string]struct {
		name    string
		deleted bool
	}{
		"debrab@contoso.com":          {"debrab@contoso.com", false},
		"DebraB@Contoso.COM":          {"debrab@contoso.com", false},
		"vera.mann@contoso.com":       {"vm2210@contoso.com", false}, // another address than its sign-in name
		"vm2210@contoso.com":          {"vm2210@contoso.com", false},
		"adelev@contoso.com":          {"adelev@contoso.com", true},
		"john@contoso.com":            {"john@contoso.com", true}, // not bigjohn
		"s.o'neil@contoso.com":        {"s.o'neil@contoso.com", true},
		"dana+hr@contoso.com":         {"dana+hr@contoso.com", true},
		"svc#1@contoso.com":           {"svc#1@contoso.com", true},
		"tinaw@contoso.com":           {"tinaw@contoso.com", true}, // mail is null
		"kai.klein@contoso.com":       {"kk1204@contoso.com", true},
		"\u0430delev@contoso.com":     {"adele.vance2@contoso.com", true}, // an alias with a Cyrillic a
		"lukasz@northwindtraders.com": {"lukasz_northwindtraders.com#EXT#@contoso.onmicrosoft.com", false},
		"katria@contoso.com":          {"KatriA@Contoso.com", false},
		"partners@contoso.com":        {"biancap@contoso.com", true},
		"adele.vance2@contoso.com":    {"adele.vance2@contoso.com", true},
		" frontdesk@contoso.com ":     {"frontdesk@contoso.com", true},
		"HELPDESK@contoso.com":        {"helpdesk@contoso.com", false},
		"careers@contoso.com":         {"careers@contoso.com", true},
		"stephenk@contoso.com":        {"stephenk@contoso.com", false},
		"newsletter@contoso.com":      {"tonyk@contoso.com", true},
		"david.smith@contoso.com":     {"david.smith@contoso.com", false},
		"rainier@contoso.com":         {"rainier@contoso.com", true},
		"bigjohn@contoso.com":         {"bigjohn@contoso.com", true},
		"loripe@contoso.com":          {"loripe@contoso.com", true},
		"petrak@contoso.com":          {"petrak@contoso.com", false},
		"lukasz_northwindtraders.com#EXT#@contoso.onmicrosoft.com": {"lukasz_northwindtraders.com#EXT#@contoso.onmicrosoft.com", false},
	} {
		got := one(t, n, address).Account
		if got.UserPrincipalName != want.name || got.Deleted() != want.deleted {
			t.Errorf("%s: %s deleted=%t, want %s deleted=%t", address, got.UserPrincipalName, got.Deleted(), want.name, want.deleted)
		}
	}
}

func TestFindNothing(t *testing.T) {
	t.Parallel()
	n := newTenant(t, m365fake.Config{})
	for _, address := range []string{"formerstaff@contoso.com", "ohn@contoso.com", "nobody@contoso.com", "'@contoso.com", "@contoso.com"} {
		if f := find(t, n, byAddress(address)); len(f.Found) != 0 {
			t.Errorf("%s: found %+v", address, f.Found)
		}
	}
}

func TestFindSeveral(t *testing.T) {
	t.Parallel()
	n := newTenant(t, m365fake.Config{})
	twice := find(t, n, byAddress("mollyd@contoso.com")).Found
	if len(twice) != 2 || !twice[0].Account.DeletedAt.After(twice[1].Account.DeletedAt) {
		t.Errorf("mollyd was deleted twice, and the later one comes first: %+v", twice)
	}
	anew := find(t, n, byAddress("garthf@contoso.com")).Found
	if len(anew) != 2 || anew[0].Account.Deleted() || !anew[1].Account.Deleted() {
		t.Errorf("garthf is live and deleted, live first: %+v", anew)
	}
}

func TestFindReadsTheAccount(t *testing.T) {
	t.Parallel()
	n := newTenant(t, m365fake.Config{})
	nina := one(t, n, "ninac@contoso.com").Account
	if len(nina.Licenses) != 1 || len(nina.Licenses[0].DisabledPlans) != 1 || nina.Licenses[0].DisabledPlans[0] != "efb87545-963c-4e0d-99df-69c6916d9eb0" {
		t.Errorf("ninac's mailbox plan is switched off: %+v", nina.Licenses)
	}
	debra := one(t, n, "debrab@contoso.com").Account
	if !slices.ContainsFunc(debra.Plans, func(p recovery.AssignedPlan) bool {
		return p.ID == "efb87545-963c-4e0d-99df-69c6916d9eb0" && p.Status != "Enabled" && !p.AssignedAt.IsZero()
	}) {
		t.Errorf("debrab's lost plan shows in assignedPlans: %+v", debra.Plans)
	}
	stephen := one(t, n, "stephenk@contoso.com").Account
	if len(stephen.LicenseStates) != 1 || stephen.LicenseStates[0].Error != "CountViolation" || stephen.LicenseStates[0].Group == "" || stephen.LicenseStates[0].State != "Error" {
		t.Errorf("stephenk's licence by group is in error: %+v", stephen.LicenseStates)
	}
	lori := one(t, n, "loripe@contoso.com").Account
	if !lori.Synced || lori.DeletedAt.IsZero() || lori.UserType != "Member" || lori.DisplayName != "Lori Penor" {
		t.Errorf("loripe: %+v", lori)
	}
	blake := one(t, n, "blakem@contoso.com").Account
	if blake.Enabled == nil || *blake.Enabled || blake.UsageLocation != "US" {
		t.Errorf("blakem's sign-in is blocked: %+v", blake)
	}
}

func TestFindReadsTheTenant(t *testing.T) {
	t.Parallel()
	past := time.Now().Add(-50 * time.Hour).Truncate(time.Second)
	n := newTenant(t, m365fake.Config{Now: func() time.Time { return past }})
	f := find(t, n, byAddress("adelev@contoso.com"))
	if !f.ReadAt.Equal(past) {
		t.Errorf("ReadAt is %v, and Microsoft's clock says %v", f.ReadAt, past)
	}
	if f.Receipt.RequestID == "" || f.Receipt.ClientRequestID == "" || !f.Receipt.Date.Equal(past) {
		t.Errorf("receipt: %+v", f.Receipt)
	}
	if !f.May("User.DeleteRestore.All") || f.May("Mail.Read") {
		t.Errorf("permissions: %v", f.Permissions)
	}
	if f.Organization.Country == "" || !slices.Contains(f.Organization.Domains, "contoso.com") {
		t.Errorf("organization: %+v", f.Organization)
	}
	skus := map[string]recovery.SKU{}
	for _, s := range f.SKUs {
		skus[s.PartNumber] = s
	}
	if s := skus["SPE_E3"]; len(s.MailboxPlans) != 1 || !s.Assignable || s.Free() != 20 || s.ID != "05e9a617-0261-4cee-bb44-138d3ef5d965" {
		t.Errorf("SPE_E3: %+v", s)
	}
	if s := skus["SPE_E3"]; !slices.Contains(s.Plans, s.MailboxPlans[0]) || slices.Contains(s.Plans, "113feb6c-3fe4-4440-bddc-54d774bf0318") || len(s.Plans) < 2 {
		t.Errorf("SPE_E3's plans for users: %+v", s.Plans)
	}
	if s := skus["M365_F1"]; len(s.MailboxPlans) != 0 || s.ID == "" {
		t.Errorf("M365_F1 gives no mailbox, whatever its plans are called: %+v", s)
	}
	if s := skus["STANDARDPACK"]; s.Free() >= 0 {
		t.Errorf("STANDARDPACK is over-consumed: %+v", s)
	}
	if s := skus["EXCHANGEDESKLESS"]; s.Assignable || s.ID == "" {
		t.Errorf("EXCHANGEDESKLESS is suspended: %+v", s)
	}
}

func TestFindProbesMailboxes(t *testing.T) {
	t.Parallel()
	n := newTenant(t, m365fake.Config{})
	for address, want := range map[string]recovery.Probe{
		"meganb@contoso.com":   {State: recovery.MailboxAnswers, Purpose: "user"},
		"helpdesk@contoso.com": {State: recovery.MailboxAnswers, Purpose: "shared"},
		"adams@contoso.com":    {State: recovery.MailboxAnswers, Purpose: "room"},
		"debrab@contoso.com":   {State: recovery.MailboxAbsent},
	} {
		if got := one(t, n, address).Probe; got != want {
			t.Errorf("%s: %+v, want %+v", address, got, want)
		}
	}
}

func TestFindReadsAccess(t *testing.T) {
	t.Parallel()
	n := newTenant(t, m365fake.Config{})
	admin := one(t, n, "admin@contoso.com").Access
	if !admin.RolesKnown || !slices.Equal(admin.Roles, []string{"Global Administrator"}) {
		t.Errorf("admin: %+v", admin)
	}
	patti := one(t, n, "pattif@contoso.com").Access
	if !slices.Equal(patti.Roles, []string{"User Administrator"}) || patti.Groups != 1 {
		t.Errorf("pattif has a role through a group: %+v", patti)
	}
	robin := one(t, n, "robinc@contoso.com").Access
	if !robin.RolesKnown || !slices.Equal(robin.Roles, []string{"Global Administrator"}) || robin.GroupsKnown {
		t.Errorf("robinc was deleted as an administrator: %+v", robin)
	}
	n.RevokeRole("RoleManagement.Read.Directory")
	if got := one(t, n, "robinc@contoso.com").Access; got.RolesKnown || got.Roles != nil {
		t.Errorf("without the permission roles are unknown: %+v", got)
	}
}

func TestFindHolders(t *testing.T) {
	t.Parallel()
	n := newTenant(t, m365fake.Config{})
	for address, want := range map[string][]recovery.Holder{
		"adelev@contoso.com":  nil,
		"fadym@contoso.com":   {{Address: "press@contoso.com", Kind: recovery.HolderUser, Name: "Zrinka Makovac"}},
		"tonyk@contoso.com":   {{Address: "newsletter@contoso.com", Kind: recovery.HolderGroup, Name: "Newsletter"}},
		"biancap@contoso.com": {{Address: "partners@contoso.com", Kind: recovery.HolderContact, Name: "Partner Desk"}},
	} {
		found := one(t, n, address)
		for i := range found.Holders {
			found.Holders[i].ID = ""
		}
		if !slices.Equal(found.Holders, want) || found.HoldersUnknown != nil {
			t.Errorf("%s: %+v (unknown %v), want %+v", address, found.Holders, found.HoldersUnknown, want)
		}
	}
	garth := find(t, n, byAddress("garthf@contoso.com")).Found[1]
	if len(garth.Holders) != 2 || garth.Holders[0].SignIn == garth.Holders[1].SignIn || garth.Holders[0].ID == garth.Account.ID {
		t.Errorf("the new garthf has the old one's sign-in name and address: %+v", garth.Holders)
	}
}

func TestFindHoldersWithoutPermission(t *testing.T) {
	t.Parallel()
	n := newTenant(t, m365fake.Config{})
	n.RevokeRole("OrgContact.Read.All")
	n.RevokeRole("GroupMember.Read.All")
	if got := one(t, n, "biancap@contoso.com"); !slices.Equal(got.HoldersUnknown, []string{"GroupMember.Read.All", "OrgContact.Read.All"}) || got.Holders != nil {
		t.Errorf("holders %+v, unknown %v", got.Holders, got.HoldersUnknown)
	}
}

func TestFindByObjectID(t *testing.T) {
	t.Parallel()
	n := newTenant(t, m365fake.Config{})
	for _, address := range []string{"adelev@contoso.com", "debrab@contoso.com"} {
		want := one(t, n, address)
		f := find(t, n, recovery.Query{Kind: recovery.ByObjectID, Value: strings.ToUpper(want.Account.ID)})
		if len(f.Found) != 1 || f.Found[0].Account.UserPrincipalName != want.Account.UserPrincipalName || f.Found[0].Account.Deleted() != want.Account.Deleted() {
			t.Errorf("%s by id: %+v", address, f.Found)
		}
		if len(f.SKUs) == 0 || f.ReadAt.IsZero() || f.Receipt.RequestID == "" {
			t.Errorf("%s by id lacks the tenant: %+v", address, f)
		}
	}
	for _, id := range []string{"11111111-2222-4333-8444-555555555555", "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"} {
		f := find(t, n, recovery.Query{Kind: recovery.ByObjectID, Value: id})
		if len(f.Found) != 0 || f.ReadAt.IsZero() || len(f.SKUs) == 0 {
			t.Errorf("nobody's id %s: %+v", id, f)
		}
	}
}

// An id that cannot be one is nobody's: trying again would not help (the words are Graph's, as in
// AzureAD/microsoft-authentication-library-for-dotnet issue 1321).
func TestFindByImpossibleObjectID(t *testing.T) {
	t.Parallel()
	const zeros = "00000000-0000-0000-0000-000000000000"
	s := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.Contains(r.URL.Path, zeros):
			says(400, refusal("Request_BadRequest", "Invalid object identifier '"+zeros+"'.", ""), "Date", "Mon, 23 Nov 2026 12:00:00 GMT")(w, r)
		case strings.HasSuffix(r.URL.Path, "/organization"):
			says(200, `{"value":[{"id":"tenant"}]}`)(w, r)
		default:
			says(200, `{"value":[]}`)(w, r)
		}
	})
	f, err := s.client.Find(t.Context(), recovery.Query{Kind: recovery.ByObjectID, Value: zeros})
	if err != nil || len(f.Found) != 0 || f.ReadAt.Day() != 23 {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestFindByName(t *testing.T) {
	t.Parallel()
	n := newTenant(t, m365fake.Config{})
	f := find(t, n, recovery.Query{Kind: recovery.ByName, Value: "david smith"})
	if len(f.Found) != 2 || f.Found[0].Account.Deleted() || !f.Found[1].Account.Deleted() {
		t.Errorf("one is live and one deleted: %+v", f.Found)
	}
	if f.SKUs != nil || f.Found[0].Probe != (recovery.Probe{}) {
		t.Errorf("a name finds accounts alone: %+v", f)
	}
	if f := find(t, n, recovery.Query{Kind: recovery.ByName, Value: "Sean O'"}); len(f.Found) != 1 {
		t.Errorf("an apostrophe in a name: %+v", f.Found)
	}
}

func TestFindRefusesWhatItCannotSearch(t *testing.T) {
	t.Parallel()
	n := newTenant(t, m365fake.Config{})
	for _, q := range []recovery.Query{
		{},
		byAddress(""), byAddress("adelev"),
		{Kind: recovery.ByObjectID, Value: "meganb@contoso.com"},
		{Kind: recovery.ByObjectID},
		{Kind: recovery.ByName, Value: " "},
		{Kind: recovery.ByPerson, Value: "U0123456789"},
	} {
		if _, err := n.client.Find(t.Context(), q); recovery.KindOf(err) != recovery.Invalid {
			t.Errorf("%+v: %v", q, err)
		}
	}
	if calls := n.desk.Calls(); len(calls) != 0 {
		t.Errorf("calls were made: %+v", calls)
	}
}

func TestDeleted(t *testing.T) {
	t.Parallel()
	n := newTenant(t, m365fake.Config{Users: 25_000})
	all, err := n.client.Deleted(t.Context(), "")
	if err != nil || len(all) < 1250 {
		t.Fatalf("%d deleted users, %v", len(all), err)
	}
	if !slices.IsSortedFunc(all, func(a, b recovery.Account) int { return b.DeletedAt.Compare(a.DeletedAt) }) {
		t.Error("the latest does not come first")
	}
	for text, want := range map[string]string{"VANCE": "adelev@contoso.com", "partners@": "biancap@contoso.com", "kai.k": "kk1204@contoso.com"} {
		some, err := n.client.Deleted(t.Context(), text)
		if err != nil || len(some) == 0 || !slices.ContainsFunc(some, func(a recovery.Account) bool { return a.UserPrincipalName == want }) || len(some) > 100 {
			t.Errorf("%s: %d accounts, %v", text, len(some), err)
		}
	}
}
