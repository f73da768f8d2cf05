package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"mailback/bot"
	"mailback/internal/m365fake"
	"mailback/internal/slackfake"
	"mailback/recovery"
)

// TestDiagnosisChain counts how many calls to Microsoft a diagnosis makes one after the other, with its real clients. Time in the
// bubble stands still while anything can be done without it, and each call takes a second of it: a diagnosis takes as many
// seconds as its longest chain has calls, on however busy a machine. Three is the most that one may have.
func TestDiagnosisChain(t *testing.T) {
	for _, c := range []struct {
		name, address string
		chain         int
	}{
		{"live", "meganb", 2},                        // the account, then what belongs to it; the mailbox, then its size
		{"license removed", "debrab", 2},             // the same
		{"license removed, delayed", "pennyd", 2},    // also until when it works
		{"user deleted", "christiec", 2},             // the account, then its roles and who has its addresses now
		{"shared deleted", "info", 2},                // the same
		{"user deleted, by an alias", "partners", 3}, // the deletions since the last look, the account, what belongs to it
		{"several", "mollyd", 2},
		{"soft-deleted, with an archive", "sylviaa", 2}, // the mailbox, then its size and what may be done with it
		{"inactive", "benw", 2},
		{"on hold, its user deleted", "hannahh", 2},
		{"made anew", "enricoc", 2},
		{"gone", "formerstaff", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				service := inProcess(t)
				who := recovery.Actor{TeamID: slackfake.TeamID, UserID: slackfake.Patti}
				q := recovery.Query{Kind: recovery.ByAddress, Value: c.address + "@" + m365fake.TenantDomain}
				var took time.Duration
				for range 2 { // the first one signs in, and reads the aliases of all deleted users
					began := time.Now()
					if _, refused, err := service.Check(t.Context(), who, q); err != nil || refused != nil {
						t.Fatal(refused, err)
					}
					took = time.Since(began)
				}
				if took != time.Duration(c.chain)*time.Second {
					t.Errorf("%s is %v of calls long, want %d", c.address, took, c.chain)
				}
			})
		})
	}
}

// inProcess is the domain with its adapters, wired as serve does, and the stand-ins that it speaks to without a socket between them.
// A call to Microsoft takes a second, and Graph refuses to search the aliases of deleted users.
func inProcess(t *testing.T) *recovery.Service {
	t.Helper()
	m365, err := m365fake.New(m365fake.Config{Latency: time.Second, DelayedDelicensing: true, RefuseDeletedProxyFilter: true, Lag: -1, Provisioning: -1})
	if err != nil {
		t.Fatal(err)
	}
	slack := slackfake.New(slackfake.Config{NoRateLimits: true})
	t.Cleanup(slack.Close)
	hosts := handlers{
		"slack.com": slack.Handler(), "login.microsoftonline.com": m365.LoginHandler(),
		"graph.microsoft.com": m365.GraphHandler(), "outlook.office365.com": m365.ExchangeHandler(),
	}
	slackBot, err := bot.New(bot.Config{
		BotToken: slackfake.BotToken, AppToken: slackfake.AppToken, APIURL: "https://slack.com/api/", HTTPClient: &http.Client{Transport: hosts},
		Logger: slog.New(slog.DiscardHandler), Sorry: func(bot.Trouble, string) string { return "" },
	})
	if err != nil {
		t.Fatal(err)
	}
	app := m365.App()
	s := settings{
		AzureTenantID: app.TenantID, AzureClientID: app.ClientID, AzureClientSecret: app.ClientSecret,
		AzureAuthorityHost: "https://login.microsoftonline.com/", Cloud: "public", Exchange: "on", Locale: "en",
		Approvers: scoped{people: []string{slackfake.Patti}}, ApprovalChannel: slackfake.ApprovalsID, ApprovalsRequired: 1, RequestTTL: duration(24 * time.Hour),
	}
	credential, err := s.credential(hosts)
	if err != nil {
		t.Fatal(err)
	}
	service, _, err := s.service(credential, hosts, slackfake.TeamID, nil, slackBot, time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	service.Links = unlinked{}
	return service
}

// unlinked knows nobody's account.
type unlinked struct{}

func (unlinked) KeepLink(context.Context, recovery.Link) error { return nil }

func (unlinked) FollowLink(context.Context, recovery.Relinked) error { return nil }

func (unlinked) Links(context.Context, recovery.Actor) ([]recovery.Link, error) { return nil, nil }

// handlers answers calls by their host, in the caller's own goroutine.
type handlers map[string]http.Handler

// RoundTrip makes the call.
func (h handlers) RoundTrip(r *http.Request) (*http.Response, error) {
	to, known := h[r.URL.Hostname()]
	if !known {
		return nil, fmt.Errorf("nobody is at %s", r.URL.Host)
	}
	in := r.Clone(r.Context())
	in.Host, in.RequestURI = r.URL.Host, r.URL.RequestURI()
	if in.Body == nil {
		in.Body = http.NoBody
	}
	answer := httptest.NewRecorder()
	to.ServeHTTP(answer, in)
	return answer.Result(), nil
}
