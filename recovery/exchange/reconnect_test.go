package exchange_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mailback/internal/fault"
	"mailback/internal/m365fake"
	"mailback/recovery"
	"mailback/recovery/exchange"
)

// lossy is a tenant that carries a cmdlet out and loses the answer; it counts how often.
func lossy(t *testing.T, cmdlet string) (*exchange.Client, *atomic.Int32) {
	t.Helper()
	fake, err := m365fake.New(m365fake.Config{Desk: fault.New(time.Now)})
	if err != nil {
		t.Fatal(err)
	}
	var lost atomic.Int32
	handler := fake.ExchangeHandler()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // a short body shows in the test
		r.Body = io.NopCloser(bytes.NewReader(body))
		if !bytes.Contains(body, []byte(`"`+cmdlet+`"`)) {
			handler.ServeHTTP(w, r)
			return
		}
		lost.Add(1)
		handler.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	}))
	t.Cleanup(server.Close)
	return newClient(t, exchange.Config{Credential: signIn(t, fake, fake.App().ClientSecret), BaseURL: server.URL}), &lost
}

func TestAddAddress(t *testing.T) {
	t.Parallel()
	c, _, _ := newTenant(t, m365fake.Config{LooseIdentity: true})
	old, target := one(t, c, "brianj@contoso.com", false), one(t, c, "meganb@contoso.com", true)
	for range 2 { // a repeat changes nothing
		if _, err := c.AddAddress(t.Context(), target.ExchangeGUID, "X500:"+old.LegacyDN); err != nil {
			t.Fatal(err)
		}
		after := one(t, c, "meganb@contoso.com", true)
		if want := append(slices.Clone(target.Addresses), "X500:"+old.LegacyDN); !slices.Equal(after.Addresses, want) {
			t.Errorf("%v, want %v", after.Addresses, want)
		}
	}
	_, err := c.AddAddress(t.Context(), one(t, c, "annal@contoso.com", true).ExchangeGUID, "X500:"+old.LegacyDN)
	wantKind(t, err, recovery.Conflict, "proxyAddresses")
	_, err = c.AddAddress(t.Context(), old.ExchangeGUID, "X500:/o=x")
	wantKind(t, err, recovery.NotFound, "")
	for _, address := range []string{"", "x", "smtp:a@contoso.com", "SMTP:a@contoso.com", "X500:", "X500: /o=x", "X500:/o=x\n", "X500:smtp:a@b"} {
		_, err := c.AddAddress(t.Context(), target.ExchangeGUID, address)
		wantKind(t, err, recovery.Invalid, "")
	}
}

func TestUndoSoftDelete(t *testing.T) {
	t.Parallel()
	c, _, _ := newTenant(t, m365fake.Config{LooseIdentity: true})
	old := one(t, c, "brianj@contoso.com", false)
	if receipt, err := c.UndoSoftDelete(t.Context(), old.ExchangeGUID); err != nil || receipt.RequestID == "" {
		t.Fatalf("%+v, %v", receipt, err)
	}
	if m, err := c.Mailbox(t.Context(), old.ExchangeGUID); err != nil || !m.Live() || m.ObjectID == "" || m.Address != old.Address {
		t.Errorf("%+v, %v", m, err)
	}
	_, err := c.UndoSoftDelete(t.Context(), old.ExchangeGUID)
	wantKind(t, err, recovery.NotFound, "")
	_, err = c.UndoSoftDelete(t.Context(), one(t, c, "benw@contoso.com", false).ExchangeGUID)
	wantKind(t, err, recovery.Invalid, "")
	_, err = c.UndoSoftDelete(t.Context(), one(t, c, "adelev@contoso.com", false).ExchangeGUID) // its user is deleted, not purged
	wantKind(t, err, recovery.Invalid, "")
	_, err = c.UndoSoftDelete(t.Context(), one(t, c, "enricoc@contoso.com", false).ExchangeGUID)
	wantKind(t, err, recovery.Conflict, "userPrincipalName")
}

func TestAnUndoWhoseAnswerIsLost(t *testing.T) {
	t.Parallel()
	c, lost := lossy(t, "Undo-SoftDeletedMailbox")
	old := one(t, c, "brianj@contoso.com", false)
	_, err := c.UndoSoftDelete(t.Context(), old.ExchangeGUID)
	wantKind(t, err, recovery.Unavailable, "")
	if m, err := c.Mailbox(t.Context(), old.ExchangeGUID); err != nil || !m.Live() || lost.Load() != 1 {
		t.Errorf("%+v, %v, %d times", m, err, lost.Load())
	}
}

// TestWarningsOfChanges are news about something that was done: they fail nothing, and are logged.
func TestWarningsOfChanges(t *testing.T) {
	t.Parallel()
	const guid = "11111111-2222-4333-8444-555555555555"
	deleted := strings.Replace(strings.Replace(megan, `"g-1"`, `"`+guid+`"`, 1), "{", `{"WhenSoftDeleted":"2026-02-03T04:05:06Z",`, 1)
	answer := strings.Replace(rows(`,"@odata.nextLink":"https://example.com/"`), `"@adminapi.warnings":[]`, `"@adminapi.warnings":["assign the mailbox a license"]`, 1)
	s := script(t, map[string]string{"Get-Mailbox SoftDeletedMailbox": rows("", deleted), "Undo-SoftDeletedMailbox": answer})
	if _, err := s.client.UndoSoftDelete(t.Context(), guid); err != nil {
		t.Error(err)
	}
	if !strings.Contains(s.logged.String(), "level="+slog.LevelInfo.String()) || !strings.Contains(s.logged.String(), "assign the mailbox a license") {
		t.Errorf("%s", s.logged.String())
	}
	if n := len(s.requests()); n != 3 {
		t.Errorf("%d calls: the link of a change is not followed", n)
	}
}

// TestAnInactiveMailboxIsNotUndone sends nothing that changes anything.
func TestAnInactiveMailboxIsNotUndone(t *testing.T) {
	t.Parallel()
	deleted := strings.Replace(strings.Replace(megan, `"g-1"`, `"`+unknownGUID+`"`, 1), "{", `{"WhenSoftDeleted":"2026-02-03T04:05:06Z",`, 1)
	s := script(t, map[string]string{"Get-Mailbox SoftDeletedMailbox": rows("", deleted), "Get-Mailbox InactiveMailboxOnly": rows("", deleted)})
	_, err := s.client.UndoSoftDelete(t.Context(), unknownGUID)
	wantKind(t, err, recovery.Invalid, "")
	if all := s.cmdlets(t); !slices.Equal(all, []string{"Get-Mailbox", "Get-Mailbox"}) {
		t.Errorf("%v", all)
	}
}
