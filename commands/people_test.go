package commands

import (
	"fmt"
	"go/ast"
	"go/types"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailback/bot"
	"mailback/recovery"
)

// people gives a People over a real bot.Bot, whose Slack answers each method with a body.
func people(t *testing.T, bodies map[string]string) *People {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := bodies[r.URL.Path]
		switch {
		case !ok:
			http.NotFound(w, r)
		case body == "429":
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusTooManyRequests)
		case body == "503":
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			w.Header().Set("Content-Type", "application/json")
			_, _ = fmt.Fprint(w, body)
		}
	}))
	t.Cleanup(srv.Close)
	b, err := bot.New(bot.Config{BotToken: "xoxb-test", AppToken: "xapp-test", APIURL: srv.URL + "/", Sorry: Sorry("en")})
	if err != nil {
		t.Fatal(err)
	}
	return NewPeople(b, "T0CONTOSO1")
}

func TestPerson(t *testing.T) {
	t.Parallel()
	member := recovery.Person{ID: "U1", TeamID: "T0CONTOSO1", Name: "meganb"}
	with := func(change func(*recovery.Person)) recovery.Person {
		p := member
		change(&p)
		return p
	}
	tests := []struct {
		name, user string
		want       recovery.Person
	}{
		{
			"a member", `"team_id":"T0CONTOSO1","locale":"en-US","tz":"Europe/Riga","is_email_confirmed":true,"profile":{"display_name":"meganb","email":"m@contoso.com"}`,
			with(func(p *recovery.Person) { p.Email, p.Locale, p.TimeZone = "m@contoso.com", "en-US", "Europe/Riga" }),
		},
		{"an address that nobody confirmed", `"team_id":"T0CONTOSO1","profile":{"display_name":"meganb","email":"m@contoso.com"}`, member},
		{"a name from elsewhere", `"team_id":"T0CONTOSO1","real_name":"meganb","profile":{}`, member},
		{
			"no team is another team", `"is_email_confirmed":true,"profile":{"display_name":"meganb","email":"m@contoso.com"}`,
			with(func(p *recovery.Person) { p.TeamID, p.External = "", true }),
		},
		{
			"another team, though no stranger", `"team_id":"T0FABRIKAM","is_stranger":false,"is_email_confirmed":true,"profile":{"display_name":"meganb","email":"m@x.example"}`,
			with(func(p *recovery.Person) { p.TeamID, p.External = "T0FABRIKAM", true }),
		},
		{"a stranger", `"team_id":"T0CONTOSO1","is_stranger":true,"profile":{"display_name":"meganb"}`, with(func(p *recovery.Person) { p.External = true })},
		{"a guest", `"team_id":"T0CONTOSO1","is_restricted":true,"profile":{"display_name":"meganb"}`, with(func(p *recovery.Person) { p.Guest = true })},
		{"a single-channel guest", `"team_id":"T0CONTOSO1","is_ultra_restricted":true,"profile":{"display_name":"meganb"}`, with(func(p *recovery.Person) { p.Guest = true })},
		{"a bot", `"team_id":"T0CONTOSO1","is_bot":true,"is_email_confirmed":true,"profile":{"display_name":"meganb","email":"b@contoso.com"}`, with(func(p *recovery.Person) { p.Bot = true })},
		{"an app's user", `"team_id":"T0CONTOSO1","is_app_user":true,"profile":{"display_name":"meganb"}`, with(func(p *recovery.Person) { p.Bot = true })},
		{"a workflow", `"team_id":"T0CONTOSO1","is_workflow_bot":true,"profile":{"display_name":"meganb"}`, with(func(p *recovery.Person) { p.Bot = true })},
		{"a bot by its profile", `"team_id":"T0CONTOSO1","profile":{"display_name":"meganb","bot_id":"B1"}`, with(func(p *recovery.Person) { p.Bot = true })},
		{"a deactivated one", `"team_id":"T0CONTOSO1","deleted":true,"profile":{"display_name":"meganb"}`, with(func(p *recovery.Person) { p.Deleted = true })},
		{"an invited one", `"team_id":"T0CONTOSO1","is_invited_user":true,"profile":{"display_name":"meganb"}`, with(func(p *recovery.Person) { p.Invited = true })},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := people(t, map[string]string{"/users.info": `{"ok":true,"user":{"id":"U1",` + tt.user + `}}`}).Person(t.Context(), "U1")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSlackbotIsABot(t *testing.T) {
	t.Parallel()
	p, err := people(t, map[string]string{"/users.info": `{"ok":true,"user":{"id":"USLACKBOT","team_id":"T0CONTOSO1","is_bot":false}}`}).Person(t.Context(), "USLACKBOT")
	if err != nil || !p.Bot {
		t.Errorf("%+v %v", p, err)
	}
}

func TestPeopleErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body string
		kind       recovery.Kind
		detail     string
	}{
		{"nobody", `{"ok":false,"error":"user_not_found"}`, recovery.NotFound, "user_not_found"},
		{"a missing scope", `{"ok":false,"error":"missing_scope","needed":"users:read"}`, recovery.Forbidden, "users:read"},
		{"a revoked token", `{"ok":false,"error":"token_revoked"}`, recovery.SignedOut, "token_revoked"},
		{"another refusal", `{"ok":false,"error":"method_deprecated"}`, recovery.Invalid, "method_deprecated"},
		{"Slack's own trouble", `{"ok":false,"error":"internal_error"}`, recovery.Unavailable, ""},
		{"a status", "503", recovery.Unavailable, ""},
		{"too many", "429", recovery.Throttled, ""},
		{"an answer without a user", `{"ok":true}`, recovery.Unavailable, "an answer without a user"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := people(t, map[string]string{"/users.info": tt.body}).Person(t.Context(), "U1")
			e, ok := err.(*recovery.Error) //nolint:errorlint // it is classified once, so nothing is around it
			if !ok {
				t.Fatalf("%T %v", err, err)
			}
			if e.Kind != tt.kind || e.Detail != tt.detail || e.Peer != recovery.PeerSlack {
				t.Errorf("%s (%s), want %s (%s)", e.Kind, e.Detail, tt.kind, tt.detail)
			}
			if tt.kind == recovery.Throttled && e.RetryAfter != 7*time.Second {
				t.Errorf("retry after %v", e.RetryAfter)
			}
		})
	}
}

// TestErrorsNameTheirService: what an adapter says of a failed call is worded by whose call it was.
func TestErrorsNameTheirService(t *testing.T) {
	t.Parallel()
	for _, folder := range []string{".", "../recovery/graph", "../recovery/exchange", "../recovery/entra", "../recovery/store"} {
		for _, f := range sources(t, folder) {
			ast.Inspect(f, func(n ast.Node) bool {
				lit, ok := n.(*ast.CompositeLit)
				if !ok || len(lit.Elts) == 0 || types.ExprString(lit.Type) != "recovery.Error" {
					return true
				}
				named := slices.ContainsFunc(lit.Elts, func(e ast.Expr) bool {
					kv, ok := e.(*ast.KeyValueExpr)
					return ok && types.ExprString(kv.Key) == "Peer"
				})
				if !named {
					t.Errorf("%s: an error does not say whose it is: %s", folder, types.ExprString(lit))
				}
				return true
			})
		}
	}
}

func TestMembers(t *testing.T) {
	t.Parallel()
	groups := `{"ok":true,"usergroups":[{"id":"S1"},{"id":"S2","date_delete":1700000000},{"id":"S3","is_external":true}]}`
	p := people(t, map[string]string{"/usergroups.list": groups, "/usergroups.users.list": `{"ok":true,"users":["U1","W2"]}`})
	got, err := p.Members(t.Context(), "S1")
	if diff := cmp.Diff([]string{"U1", "W2"}, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	for _, id := range []string{"S2", "S3", "S4"} {
		if _, err := p.Members(t.Context(), id); recovery.KindOf(err) != recovery.NotFound {
			t.Errorf("%s: %v", id, err)
		}
	}
}

func TestChannel(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]recovery.Channel{
		`"is_member":true,"is_private":true`:    {ID: "C1", Member: true, Private: true},
		`"is_member":true,"is_ext_shared":true`: {ID: "C1", Member: true, Shared: true},
		`"is_org_shared":true`:                  {ID: "C1", Shared: true},
		`"is_pending_ext_shared":true`:          {ID: "C1", Shared: true},
		`"is_archived":true`:                    {ID: "C1", Archived: true},
	} {
		p := people(t, map[string]string{"/conversations.info": `{"ok":true,"channel":{"id":"C1",` + body + `}}`})
		got, err := p.Channel(t.Context(), "C1")
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Error(body, err, diff)
		}
	}
	p := people(t, map[string]string{"/conversations.info": `{"ok":false,"error":"channel_not_found"}`})
	if _, err := p.Channel(t.Context(), "C1"); recovery.KindOf(err) != recovery.NotFound {
		t.Error(err)
	}
}
