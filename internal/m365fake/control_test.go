package m365fake

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"mailback/internal/fault"
)

func TestControl(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	adele := st.deletedID("adelev")
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	id, err := st.AddUser("adelev@contoso.com", "Adele Vance")
	check(err)
	st.wantCode(st.restore(adele, ""), 400, "Request_BadRequest", "userPrincipalName")
	if r := st.run("Get-Mailbox", params{"Identity": id}, ""); r.status != 200 {
		t.Errorf("the new user's mailbox is %s", r.raw)
	}
	check(st.Rename(id, "adele.new@contoso.com"))
	st.wantCode(st.restore(adele, ""), 400, "Request_BadRequest", "proxyAddresses") // the address stays with the new user
	check(st.Delete(id))
	check(st.Purge(id))
	check(st.Restore(adele))
	st.wantStatus(st.restore(adele, ""), 404)
	check(st.SetEnabled("adelev@contoso.com", false))
	if r := st.call("GET", "/users/"+adele+"?$select=accountEnabled", ""); r.body["accountEnabled"] != false {
		t.Errorf("sign-in is %s", r.raw)
	}
	check(st.AddProxyAddress("meganb@contoso.com", "christiec@contoso.com"))
	st.wantCode(st.restore(st.deletedID("christiec"), ""), 400, "Request_BadRequest", "proxyAddresses")
	for _, err := range []error{
		st.Delete("nobody@contoso.com"), st.Restore("meganb@contoso.com"), st.Delete(st.deletedID("alland")), st.Purge("meganb@contoso.com"),
		st.SetSeats("NOTHING", 1), st.SetLicenses("meganb@contoso.com", "NOTHING"), st.SetMembership("meganb@contoso.com", "Nobody", true),
		st.Rename("meganb@contoso.com", "meganb@example.com"),
	} {
		if err == nil {
			t.Error("nonsense was taken")
		}
	}
	if _, err := st.AddUser("meganb@contoso.com", "Megan"); err == nil {
		t.Error("a name was given twice")
	}
}

func TestTenantForScripts(t *testing.T) {
	t.Parallel()
	st := newStand(t)
	raw, err := json.Marshal(st.Tenant())
	if err != nil {
		t.Fatal(err)
	}
	var got map[string][]map[string]any
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	adele := st.deletedID("adelev")
	for _, u := range got["deleted_users"] {
		if licenses, _ := u["assignedLicenses"].([]any); u["id"] == adele && len(licenses) != 1 {
			t.Errorf("adelev is %v", u)
		}
	}
	for _, m := range got["mailboxes"] {
		for _, name := range []string{"ExchangeGuid", "ExternalDirectoryObjectId", "PrimarySmtpAddress", "RecipientTypeDetails", "WhenSoftDeleted", "IsInactiveMailbox", "ItemCount", "RecoverableItems"} {
			if _, there := m[name]; !there {
				t.Fatalf("%s is missing from %v", name, m)
			}
		}
	}
	if len(got["users"]) < 30 || len(got["skus"]) != 10 || len(got["mailboxes"]) < 50 {
		t.Errorf("%d users, %d subscriptions, %d mailboxes", len(got["users"]), len(got["skus"]), len(got["mailboxes"]))
	}
}

func TestLatencyAndFaults(t *testing.T) {
	t.Parallel()
	desk := fault.New(time.Now)
	st := newStand(t, func(c *Config) { c.Latency = 30 * time.Millisecond; c.Desk = desk })
	begun := time.Now()
	st.wantStatus(st.call("GET", "/organization", ""), 200)
	if took := time.Since(begun); took < 30*time.Millisecond {
		t.Errorf("the call took %s", took)
	}
	// A fault of kind status does nothing: the next try restores.
	id := st.deletedID("adelev")
	if err := desk.Add(fault.Fault{Service: "graph", Match: "/restore", Kind: fault.Status, Value: 503, Times: 1}); err != nil {
		t.Fatal(err)
	}
	st.wantCode(st.restore(id, ""), 503, "ServiceNotAvailable", "")
	// A lost answer: it is done, the caller hears nothing, and whoever asks again gets 404.
	if err := desk.Add(fault.Fault{Service: "graph", Match: "/restore", Kind: fault.Lost, Times: 1}); err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(context.Background(), "POST", st.graph.URL+"/v1.0/directory/deletedItems/"+id+"/restore", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+st.token(graphAudience))
	if res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r); err == nil {
		_ = res.Body.Close()
		t.Errorf("the lost answer arrived: %d", res.StatusCode)
	}
	st.wantStatus(st.restore(id, ""), 404)
	st.wantStatus(st.call("GET", "/users/"+id, ""), 200)
}
