package sandbox

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"mailback/internal/fault"
	"mailback/internal/slackfake"
)

// ask calls the control API with a raw body and returns status and answer.
func ask(t *testing.T, s *Sandbox, method, path, body string, header ...string) (int, map[string]any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if answer.StatusCode != http.StatusOK || strings.HasPrefix(string(raw), "{") {
		if err := json.Unmarshal(raw, &out); err != nil {
			t.Fatalf("%s %s: %s answers no JSON object: %s", method, path, answer.Status, raw)
		}
	}
	return answer.StatusCode, out
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	s := started(t, Config{})
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", "/control/nothing", "", 404},
		{"GET", "/control/", "", 404},
		{"DELETE", "/control/people", "", 405},
		{"GET", "/control/command", "", 405},
		{"POST", "/control/command", "", 400},
		{"POST", "/control/command", "[]", 400},
		{"POST", "/control/command", `{"user":"U0MEGANB01","text":"/restore-mailbox x","loudly":true}`, 400},
		{"POST", "/control/command", `{"user":"U0MEGANB01","text":"/restore-mailbox x"} {}`, 400},
		{"POST", "/control/command", `{"user":"UNOBODY","text":"/restore-mailbox x"}`, 404},
		{"POST", "/control/command", `{"user":"U0MEGANB01","text":"/dance"}`, 400},
		{"POST", "/control/command", `{"user":"U0MEGANB01","channel":"C0NOWHERE","text":"/restore-mailbox x"}`, 404},
		{"POST", "/control/command?user=1", `{"user":"U0MEGANB01","text":"/restore-mailbox x"}`, 400},
		{"POST", "/control/submit", `{"user":"U0MEGANB01","view_id":"V1","state":{}}`, 400},
		{"POST", "/control/click", `{"user":"UNOBODY","channel":"C0GENERAL01","ts":"1.2","action_id":"x"}`, 404},
		{"POST", "/control/click", `{"user":"U0MEGANB01","view_id":"V1","action_id":"x"}`, 404},
		{"POST", "/control/shortcut", `{"user":"U0MEGANB01","callback_id":"other"}`, 404},
		{"POST", "/control/envelope", `nonsense`, 400},
		{"GET", "/control/messages", "", 400},
		{"GET", "/control/messages?user=UNOBODY", "", 404},
		{"GET", "/control/messages?user=U0MEGANB01&loud=1", "", 400},
		{"GET", "/control/views?user=UNOBODY", "", 404},
		{"GET", "/control/tenant?all=1", "", 400},
		{"POST", "/control/time", `{"advance":"tomorrow"}`, 400},
		{"POST", "/control/bot", `{"signal":"kill"}`, 409},
		{"POST", "/control/faults", `{"service":"mail","kind":"hang"}`, 400},
		{"POST", "/control/faults", `{"service":"graph","kind":"rain"}`, 400},
		{"POST", "/control/faults", `{"service":"graph","kind":"disconnect"}`, 400},
		{"POST", "/control/faults", `{"service":"slack","kind":"disconnect","match":"hello"}`, 400},
		{"POST", "/control/faults", `{"service":"mail","kind":"refused"}`, 400},
		{"POST", "/control/faults", `{"service":"graph","kind":"refused","match":"/users"}`, 400},
		{"POST", "/control/tenant", `{"do":"explode"}`, 400},
		{"POST", "/control/tenant", `{"do":"delete","user":"nobody@contoso.com"}`, 400},
		{"POST", "/control/people", `{"user":"UNOBODY","guest":true}`, 404},
		{"POST", "/control/channels", `{"channel":"C0NOWHERE"}`, 404},
		{"POST", "/", "", 405},
	} {
		status, out := ask(t, s, c.method, c.path, c.body)
		if text, _ := out["error"].(string); status != c.status || text == "" {
			t.Errorf("%s %s %s: %d %v, want %d with an error", c.method, c.path, c.body, status, out, c.status)
		}
	}
}

func TestOtherWebPagesAreRefused(t *testing.T) {
	t.Parallel()
	s := started(t, Config{})
	const fault = `{"service":"graph","kind":"hang"}`
	if status, _ := ask(t, s, "POST", "/control/faults", fault, "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"); status != http.StatusForbidden {
		t.Errorf("another web page may press buttons: %d", status)
	}
	if status, _ := ask(t, s, "POST", "/control/faults", fault, "Origin", s.URL(), "Sec-Fetch-Site", "same-origin"); status != http.StatusOK {
		t.Errorf("the page itself may not: %d", status)
	}
}

func TestClickOnWhatIsNotSeen(t *testing.T) {
	t.Parallel()
	s := started(t, Config{})
	status, out := ask(t, s, "POST", "/control/click", `{"user":"U0MEGANB01","channel":"C0APPROVALS","ts":"1.2","action_id":"request.approve"}`)
	if status != http.StatusOK || out["error"] != "message_not_found" {
		t.Errorf("%d %v", status, out)
	}
}

func TestPeopleHaveTheirRoles(t *testing.T) {
	t.Parallel()
	s := started(t, Config{})
	c, ctx := NewClient(s.URL()), t.Context()
	roles := func() map[string]int {
		people, err := c.People(ctx)
		if err != nil {
			t.Fatal(err)
		}
		count := map[string]int{}
		for _, p := range people {
			count[p.Role]++
		}
		return count
	}
	first := roles()
	for role, least := range map[string]int{"requester": 2, "approver": 2, "guest": 1, "external": 1, "bot": 1} {
		if first[role] < least {
			t.Errorf("%d people of the role %s", first[role], role)
		}
	}
	if err := c.ChangePerson(ctx, slackfake.Patti, map[string]any{"approver": false}); err != nil {
		t.Fatal(err)
	}
	if err := c.ChangePerson(ctx, slackfake.Megan, map[string]any{"guest": true}); err != nil {
		t.Fatal(err)
	}
	second := roles()
	if second["approver"] != first["approver"]-1 || second["guest"] != first["guest"]+1 || second["requester"] != first["requester"] {
		t.Errorf("roles were %v and are %v", first, second)
	}
	if err := c.ChangePerson(ctx, slackfake.Guest, map[string]any{"approver": true}); err == nil {
		t.Error("a guest became an approver")
	}
}

func TestTenantChanges(t *testing.T) {
	t.Parallel()
	s := started(t, Config{Users: 40})
	c, ctx := NewClient(s.URL()), t.Context()
	for _, d := range []struct{ do, user, value string }{
		{"restore", "adelev@contoso.com", ""},
		{"block", "adelev@contoso.com", ""},
		{"rename", "meganb@contoso.com", "megan.bowen@contoso.com"},
		{"create", "meganb@contoso.com", "Another Megan"},
		{"address", "alexw@contoso.com", "alex@contoso.com"},
		{"licenses", "pattif@contoso.com", "SPE_E5"},
		{"delete", "leeg@contoso.com", ""},
		{"join", "alexw@contoso.com", "Newsletter"},
		{"revoke", "", "User.DeleteRestore.All"},
		{"grant", "", "User.DeleteRestore.All"},
	} {
		if err := c.ChangeTenant(ctx, d.do, d.user, d.value, 0); err != nil {
			t.Errorf("%s %s: %v", d.do, d.user, err)
		}
	}
	for _, d := range []struct{ do, value, want string }{
		{"revoke", "", `the app has no "" to take; it has Exchange Administrator, `},
		{"revoke", "Mail.Send", `the app has no "Mail.Send" to take`},
		{"grant", "", "value: say which permission or role"},
		{"forbid-cmdlet", "", "value: say which cmdlet"},
	} {
		if err := c.ChangeTenant(ctx, d.do, "", d.value, 0); err == nil || !strings.Contains(err.Error(), d.want) {
			t.Errorf("%s %q: %v, want %q", d.do, d.value, err, d.want)
		}
	}
	if err := c.ChangeTenant(ctx, "seats", "", "SPE_E3", 1); err != nil {
		t.Error(err)
	}
	tenant, err := c.Tenant(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if u := findUser(tenant.Users, "adelev@contoso.com"); u == nil || u["accountEnabled"] != false {
		t.Errorf("restored and blocked: %v", u)
	}
	if findUser(tenant.DeletedUsers, "leeg@contoso.com") == nil || findUser(tenant.Users, "user00001@contoso.com") == nil {
		t.Error("the deleted user or an added one is missing")
	}
	if u := findUser(tenant.Users, "pattif@contoso.com"); !hasMailboxPlan(tenant.SKUs, u) {
		t.Errorf("SPE_E5 gives no mailbox: %v", u["assignedLicenses"])
	}
	if u := findUser(tenant.Users, "debrab@contoso.com"); hasMailboxPlan(tenant.SKUs, u) {
		t.Errorf("no licence gives a mailbox: %v", u["assignedLicenses"])
	}
}

func TestFaultsAndCalls(t *testing.T) {
	t.Parallel()
	s := started(t, Config{})
	c, ctx := NewClient(s.URL()), t.Context()
	if err := c.Fault(ctx, fault.Fault{Service: "slack", Match: "auth.test", Kind: fault.Status, Value: 503, Times: 1}); err != nil {
		t.Fatal(err)
	}
	api := setting(t, s, "SLACK_API_URL")
	for _, want := range []int{503, 200} {
		if got := statusWithHost(ctx, t, api+"auth.test", "localhost"); got != want {
			t.Errorf("status %d, want %d", got, want)
		}
	}
	if err := c.Fault(ctx, fault.Fault{Service: "slack", Kind: fault.Drop}); err != nil {
		t.Fatal(err)
	}
	if err := c.ClearFaults(ctx); err != nil {
		t.Fatal(err)
	}
	if got := statusWithHost(ctx, t, api+"auth.test", "localhost"); got != 200 {
		t.Errorf("status %d after the faults were cleared", got)
	}
	calls, err := c.Calls(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, call := range calls {
		all = append(all, call.Service+call.Path)
	}
	if len(calls) != 3 || calls[0].Status != 503 || all[0] != "slack/api/auth.test" {
		t.Errorf("calls %+v", calls)
	}
}

func TestDisconnectNow(t *testing.T) {
	t.Parallel()
	s := withBot(t, Config{})
	before := s.slack.Connections()
	if err := NewClient(s.URL()).Fault(t.Context(), fault.Fault{Service: "slack", Kind: fault.Disconnect}); err != nil {
		t.Fatal(err)
	}
	for _, c := range s.slack.Connections() {
		if len(before) != 1 || c.ID == before[0].ID {
			t.Errorf("the socket %v is still open; before there were %v", c, before)
		}
	}
}

func TestPageIsSafe(t *testing.T) {
	t.Parallel()
	s := started(t, Config{})
	for path, kind := range map[string]string{"/": "text/html", "/style.css": "text/css", "/app.js": "text/javascript"} {
		r, err := http.Get(s.URL() + path)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r.Body)
		_ = r.Body.Close()
		if err != nil || r.StatusCode != http.StatusOK || !strings.HasPrefix(r.Header.Get("Content-Type"), kind) {
			t.Fatalf("%s: %s %s %v", path, r.Status, r.Header.Get("Content-Type"), err)
		}
		if policy := r.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: policy %q", path, policy)
		}
		for _, bad := range []string{"https://", "innerHTML", "outerHTML", "insertAdjacentHTML", " onclick=", " style="} {
			if strings.Contains(string(text), bad) {
				t.Errorf("%s contains %q", path, bad)
			}
		}
	}
}
