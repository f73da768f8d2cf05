package m365fake

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"
)

// ciphertext is a password as the module sends it: 256 bytes, which only Microsoft can read, in base64.
func ciphertext() string { return base64.StdEncoding.EncodeToString(make([]byte, 256)) }

// liveUser is the user with a sign-in name, straight from the directory.
func (st *stand) liveUser(upn string) map[string]any {
	st.t.Helper()
	r := st.call("GET", "/users/"+upn+"?$select=id,userPrincipalName,proxyAddresses,assignedLicenses,accountEnabled,usageLocation", "")
	st.wantStatus(r, 200)
	return r.body
}

func TestUndoSoftDeletedMailbox(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	undo := params{"SoftDeletedObject": orphanID("brianj")}
	if r := st.run("Undo-SoftDeletedMailbox", undo, ""); r.status != 403 || len(r.raw) != 0 {
		t.Errorf("without an anchor: %d %s", r.status, r.raw)
	}
	r := st.anchored("Undo-SoftDeletedMailbox", undo)
	st.wantStatus(r, 200)
	u := st.liveUser("brianj@contoso.com")
	if x := r.rows()[0]; x["ExchangeGuid"] != orphanID("brianj") || x["ExternalDirectoryObjectId"] != u["id"] || x["WhenSoftDeleted"] != nil {
		t.Errorf("the mailbox is %v", x)
	}
	if u["id"] == newID("user", "brianj@contoso.com") || len(u["assignedLicenses"].([]any)) != 0 || u["accountEnabled"] != true {
		t.Errorf("the user is %v", u)
	}
	if warnings := r.body["@adminapi.warnings"].([]any); len(warnings) != 1 || !strings.Contains(warnings[0].(string), "assign the mailbox a license") {
		t.Errorf("the warnings are %v", warnings)
	}
	st.wantStatus(st.call("GET", "/users/brianj@contoso.com/mailboxSettings", ""), 200)
	st.refused("Undo-SoftDeletedMailbox", undo, "couldn't be found") // it is soft-deleted no more
}

// TestGrace checks that an undone mailbox goes again after 30 days, unless it has a license by then.
func TestGrace(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	for _, alias := range []string{"brianj", "cameronw"} {
		st.wantStatus(st.anchored("Undo-SoftDeletedMailbox", params{"SoftDeletedObject": orphanID(alias)}), 200)
	}
	if err := st.SetLicenses("cameronw@contoso.com", "SPE_E3"); err != nil {
		t.Fatal(err)
	}
	st.clock.advance(29 * day)
	if !st.hasMailbox("brianj", "") || !st.hasMailbox("cameronw", "") {
		t.Error("gone within the grace period")
	}
	st.clock.advance(2 * day)
	if st.hasMailbox("brianj", "") || !st.hasMailbox("brianj", "SoftDeletedMailbox") || !st.hasMailbox("cameronw", "") {
		t.Error("the mailbox without a license is to go, the licensed one to stay")
	}
	st.wantCode(st.call("GET", "/users/brianj@contoso.com/mailboxSettings", ""), 404, "MailboxNotEnabledForRESTAPI", "")
	if err := st.SetLicenses("cameronw@contoso.com"); err != nil {
		t.Fatal(err)
	}
	if st.hasMailbox("cameronw", "") {
		t.Error("a license that went has a grace period that was for having none")
	}
}

func TestUndoOfSharedMailbox(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	st.wantStatus(st.anchored("Undo-SoftDeletedMailbox", params{"SoftDeletedObject": "warehouse@contoso.com", "DisplayName": "Old Warehouse"}), 200)
	if u := st.liveUser("warehouse@contoso.com"); u["accountEnabled"] != false {
		t.Errorf("sign-in is not blocked: %v", u)
	}
	r := st.call("GET", "/users/warehouse@contoso.com/mailboxSettings", "")
	if r.body["userPurpose"] != "shared" {
		t.Errorf("it is %s", r.raw)
	}
	if r := st.run("Get-MailboxPermission", params{"Identity": "warehouse"}, ""); !slices.Contains(r.column("User"), "meganb@contoso.com") {
		t.Errorf("its delegates are gone: %s", r.raw)
	}
	st.clock.advance(40 * day)
	if r := st.run("Get-Mailbox", params{"Identity": "warehouse"}, ""); len(r.rows()) != 1 || r.rows()[0]["DisplayName"] != "Old Warehouse" {
		t.Errorf("it needs no license: %s", r.raw)
	}
}

func TestUndoRefusals(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	for words, p := range map[string]params{
		"missing mandatory parameters: SoftDeletedObject": {},
		"because it is an empty string":                   {"SoftDeletedObject": " "},
		"object 'meganb@contoso.com' couldn't be found":   {"SoftDeletedObject": "meganb@contoso.com"},
		"'cecilh@contoso.com' matches multiple entries":   {"SoftDeletedObject": "cecilh@contoso.com"},
		"is an inactive mailbox":                          {"SoftDeletedObject": orphanID("benw")},
		"Restore the user instead":                        {"SoftDeletedObject": newID("mailbox", st.deletedID("adelev"))},
		`"enricoc@contoso.com" still exists`:              {"SoftDeletedObject": orphanID("enricoc")},
		`"debrab@contoso.com" still exists`:               {"SoftDeletedObject": "debrab@contoso.com"},
		"must be used together":                           {"SoftDeletedObject": orphanID("enricoc"), "WindowsLiveID": "enrico2@contoso.com"},
		"System.Security.SecureString":                    {"SoftDeletedObject": orphanID("enricoc"), "WindowsLiveID": "enrico2@contoso.com", "Password": "Pa$$word1"},
		"isn't an accepted domain":                        {"SoftDeletedObject": orphanID("enricoc"), "WindowsLiveID": "enrico2@northwindtraders.com", "Password": ciphertext()},
		`"meganb@contoso.com" is already being used`:      {"SoftDeletedObject": orphanID("enricoc"), "WindowsLiveID": "meganb@contoso.com", "Password": ciphertext()},
	} {
		st.refused("Undo-SoftDeletedMailbox", p, words)
	}
	st.refused("Undo-SoftDeletedMailbox", params{"SoftDeletedObject": orphanID("enricoc"), "Password": "Pa$$word1"}, "SecureString")
	st.wantStatus(st.anchored("Undo-SoftDeletedMailbox", params{"SoftDeletedObject": orphanID("enricoc"), "WindowsLiveID": "enrico2@contoso.com", "Password": ciphertext()}), 200)
	if u := st.liveUser("enrico2@contoso.com"); slices.Contains(u["proxyAddresses"].([]any), any("smtp:enricoc@contoso.com")) {
		t.Errorf("it takes its successor's address: %v", u)
	}
	st.clock.advance(31 * day)
	st.refused("Undo-SoftDeletedMailbox", params{"SoftDeletedObject": orphanID("cameronw")}, "couldn't be found")
}

func TestUndoByHand(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	id, err := st.UndoSoftDeleted(orphanID("cameronw"), "cam@contoso.com")
	if err != nil {
		t.Fatal(err)
	}
	u := st.liveUser("cam@contoso.com")
	if u["id"] != id || !slices.Contains(u["proxyAddresses"].([]any), any("smtp:cameronw@contoso.com")) {
		t.Errorf("the old id is to be a proxy address: %v", u)
	}
	if _, err := st.UndoSoftDeleted(orphanID("benw"), "ben@contoso.com"); err == nil {
		t.Error("an inactive mailbox is undone")
	}
}

func TestRecoverInactive(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	if _, err := st.RecoverInactive(orphanID("biggs"), "biggs@contoso.com"); err == nil || !strings.Contains(err.Error(), "auto-expanding archive") {
		t.Errorf("biggs: %v", err)
	}
	if _, err := st.RecoverInactive(newID("mailbox", st.deletedID("hannahh")), "hannahh@contoso.com"); err == nil || !strings.Contains(err.Error(), "Restore the user instead") {
		t.Errorf("hannahh: %v", err)
	}
	if _, err := st.RecoverInactive(orphanID("brianj"), "brianj@contoso.com"); err == nil || !strings.Contains(err.Error(), "couldn't be found") {
		t.Errorf("brianj: %v", err)
	}
	id, err := st.RecoverInactive(orphanID("benw"), "benw@contoso.com")
	if err != nil {
		t.Fatal(err)
	}
	x := st.run("Get-Mailbox", params{"Identity": orphanID("benw")}, "").rows()[0]
	for name, want := range map[string]any{
		"ExternalDirectoryObjectId": id, "IsInactiveMailbox": false, "LitigationHoldEnabled": false, "RetentionHoldEnabled": true,
		"RetainDeletedItemsFor": "30.00:00:00", "WhenSoftDeleted": nil,
	} {
		if x[name] != want {
			t.Errorf("%s is %v, want %v", name, x[name], want)
		}
	}
	if _, err := st.RecoverInactive(orphanID("deliad"), "delia@contoso.com"); err != nil {
		t.Fatal(err)
	}
	if x := st.run("Get-Mailbox", params{"Identity": "delia@contoso.com"}, "").rows()[0]; x["LitigationHoldEnabled"] != true || len(x["InPlaceHolds"].([]any)) != 0 {
		t.Errorf("a litigation hold is to stand in for the retention policy: %v", x)
	}
}

func TestNewMailboxNeedsAnEncryptedPassword(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	p := params{"InactiveMailbox": orphanID("benw"), "Name": "benw", "DisplayName": "Ben W", "MicrosoftOnlineServicesID": "benw@contoso.com"}
	st.refused("New-Mailbox", p, "missing mandatory parameters: Password")
	p["Password"] = "Pa$$word1"
	st.refused("New-Mailbox", p, "System.Security.SecureString")
	p["Password"] = ciphertext()
	p["MicrosoftOnlineServicesID"] = "meganb@contoso.com"
	st.refused("New-Mailbox", p, "already being used")
	p["MicrosoftOnlineServicesID"] = "benw@contoso.com"
	r := st.anchored("New-Mailbox", p)
	st.wantStatus(r, 200)
	if x := r.rows()[0]; x["ExchangeGuid"] != orphanID("benw") || x["Name"] != "benw" || x["DisplayName"] != "Ben W" {
		t.Errorf("recovered: %v", x)
	}
}

// TestSeededMailboxes checks that the mailboxes of seed_exchange.go are as the seed's comment says.
func TestSeededMailboxes(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	for alias, want := range map[string]params{
		"warehouse":  {"RecipientTypeDetails": "SharedMailbox", "ExternalDirectoryObjectId": "", "IsInactiveMailbox": false, "IsSoftDeletedByRemove": true},
		"blueprints": {"RecipientTypeDetails": "SharedMailbox", "ExternalDirectoryObjectId": ""},
		"sylviaa":    {"ArchiveStatus": "Active", "AutoExpandingArchiveEnabled": false, "IsInactiveMailbox": false},
		"rosaf":      {"ArchiveStatus": "Active", "AutoExpandingArchiveEnabled": false, "IsInactiveMailbox": true},
		"quinna":     {"ArchiveStatus": "Active", "AutoExpandingArchiveEnabled": true, "IsInactiveMailbox": false},
		"hannahh":    {"IsInactiveMailbox": true, "LitigationHoldEnabled": true, "ExternalDirectoryObjectId": st.deletedID("hannahh")},
		"projects":   {"RecipientTypeDetails": "SharedMailbox", "ExternalDirectoryObjectId": st.deletedID("projects")},
	} {
		r := st.run("Get-Mailbox", params{"Identity": alias + "@contoso.com", "SoftDeletedMailbox": true}, "")
		if len(r.rows()) != 1 {
			t.Errorf("%s: %s", alias, r.raw)
			continue
		}
		for name, value := range want {
			if got := r.rows()[0][name]; got != value {
				t.Errorf("%s: %s is %v, want %v", alias, name, got, value)
			}
		}
	}
	hannah := newID("mailbox", st.deletedID("hannahh"))
	st.wantStatus(st.restore(st.deletedID("hannahh"), ""), 200)
	if x := st.mailboxNow(hannah); x["IsInactiveMailbox"] != false || x["WhenSoftDeleted"] != nil {
		t.Errorf("restored with its user, an inactive mailbox is in use: %v", x)
	}
}
