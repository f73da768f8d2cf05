package main

import (
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mailback/bot"
	"mailback/internal/m365fake"
	"mailback/internal/slackfake"
	"mailback/recovery"
)

// callTime is what each call to Graph and Exchange takes in BenchmarkDiagnosis.
const callTime = 100 * time.Millisecond

// BenchmarkDiagnosis is the time of a diagnosis against its longest chain of calls that need each other's answers. A live
// account's is two calls long: the account, then its mailbox. So is a deleted one's: the account, then its roles and who has
// its addresses now. Where Graph refuses to search the aliases of deleted users, a search by one is three calls long: the
// deletions since the last search, the account, what belongs to it. Exchange is asked beside all this, two calls long: the
// mailbox, then how much is in it. Calls that start after others have ended are counted, so a chain that grows shows too.
func BenchmarkDiagnosis(b *testing.B) {
	for _, c := range []struct {
		name, address string
		users, chain  int
	}{
		{"live", "meganb@" + m365fake.TenantDomain, 0, 2},
		{"deleted", "christiec@" + m365fake.TenantDomain, 0, 2},
		{"soft-deleted", "sylviaa@" + m365fake.TenantDomain, 0, 2},
		{"deleted-by-alias", "partners@" + m365fake.TenantDomain, 40_000, 3}, // 2,000 of them deleted, and the seed's
	} {
		b.Run(c.name, func(b *testing.B) {
			w := newWorld(b, slackfake.Config{}, m365fake.Config{Latency: callTime, Users: c.users, RefuseDeletedProxyFilter: true})
			calls := &callLog{}
			service := w.service(b, calls)
			who := recovery.Actor{TeamID: slackfake.TeamID, UserID: slackfake.Patti}
			var took []time.Duration
			for range 6 {
				calls.spans = nil
				began := time.Now()
				found, refused, err := service.Check(b.Context(), who, recovery.Query{Kind: recovery.ByAddress, Value: c.address})
				if err != nil || refused != nil || found.Diagnosis.Account.ID == "" && found.Diagnosis.Mailbox == nil {
					b.Fatal(found, refused, err)
				}
				took = append(took, time.Since(began))
			}
			typical := median(took[1:]) // the first one signs in, and reads the aliases of all deleted users
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(ms(typical), "ms")
			most(b, "chain", float64(calls.inSequence()), float64(c.chain))
			most(b, "ratio", float64(typical)/float64(callTime)/float64(c.chain), 1.3)
		})
	}
}

// service is the domain with its adapters, wired as serve does, whose calls to Microsoft go by calls. Nothing is stored.
func (w *world) service(b *testing.B, calls *callLog) *recovery.Service {
	b.Helper()
	for name, value := range w.env {
		b.Setenv(name, value)
	}
	s, err := readSettings()
	if err != nil {
		b.Fatal(err)
	}
	transport, err := s.transport()
	if err != nil {
		b.Fatal(err)
	}
	calls.next = transport
	slackBot, err := bot.New(bot.Config{
		BotToken: s.SlackBotToken, AppToken: s.SlackAppToken, APIURL: s.SlackAPIURL, Logger: slog.New(slog.DiscardHandler),
		Sorry: func(bot.Trouble, string) string { return "" },
	})
	if err != nil {
		b.Fatal(err)
	}
	credential, err := s.credential(calls)
	if err != nil {
		b.Fatal(err)
	}
	service, _, err := s.service(credential, calls, slackfake.TeamID, nil, slackBot, time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	service.Links = unlinked{}
	return service
}

// callLog carries calls and keeps when each of them ran. Sign-in is none of them.
type callLog struct {
	next http.RoundTripper

	mu    sync.Mutex
	spans []span
}

type span struct{ from, to time.Time }

// RoundTrip makes the call.
func (l *callLog) RoundTrip(r *http.Request) (*http.Response, error) {
	from := time.Now()
	answer, err := l.next.RoundTrip(r)
	if strings.Contains(r.URL.Path, "/oauth2/") || strings.Contains(r.URL.Path, "/.well-known/") {
		return answer, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.spans = append(l.spans, span{from, time.Now()})
	return answer, err
}

// inSequence is how many calls at most ran one after the other.
func (l *callLog) inSequence() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	slices.SortFunc(l.spans, func(a, b span) int { return a.to.Compare(b.to) })
	n, last := 0, time.Time{}
	for _, s := range l.spans {
		if s.from.After(last) {
			n, last = n+1, s.to
		}
	}
	return n
}
