package recovery

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestSecretNeverPrints(t *testing.T) {
	t.Parallel()
	const url = "https://hooks.slack.test/T1/123/abc"
	in := AskInput{ResponseURL: url}
	r := Request{ID: 142, ResponseURL: url}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%10.3s"} {
		for _, x := range []any{r, &r, in, r.ResponseURL, []Secret{url}, map[string]Secret{"a": url}} {
			if got := fmt.Sprintf(verb, x); strings.Contains(got, "hooks.slack") || strings.Contains(strings.ToLower(got), "68747470") {
				t.Errorf("%s of %T prints %s", verb, x, got)
			}
		}
	}
	if got := r.ResponseURL.String(); got != "[secret]" {
		t.Errorf("as a string: %s", got)
	}
	var out bytes.Buffer
	for _, h := range []slog.Handler{slog.NewJSONHandler(&out, nil), slog.NewTextHandler(&out, nil)} {
		slog.New(h).Info("asked", "request", r, "pointer", &r, "url", r.ResponseURL)
	}
	if got := out.String(); strings.Contains(got, "hooks.slack") || !strings.Contains(got, "R-142") || !strings.Contains(got, "[secret]") {
		t.Errorf("logged: %s", got)
	}
	body, err := json.Marshal(r)
	if err != nil || !bytes.Contains(body, []byte(url)) {
		t.Errorf("not stored: %s, %v", body, err)
	}
}

func TestRequestSurvivesJSON(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted(john, "john")
	r := w.asks("john@contoso.com")
	body, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var back Request
	if err := json.Unmarshal(body, &back); err != nil {
		t.Fatal(err)
	}
	if back.Plan.Fingerprint() != r.Plan.Fingerprint() || back.ResponseURL != r.ResponseURL || back.Ref() != "R-1" {
		t.Errorf("came back as %+v", back)
	}
}

func TestLeaseSurvivesADatabase(t *testing.T) {
	t.Parallel()
	s := &Service{owner: "me"}
	l := s.newLease(time.Now())
	for name, o := range map[string]Lease{
		"milliseconds": {Owner: "me", Until: time.UnixMilli(l.Until.UnixMilli())},
		"elsewhere":    {Owner: "me", Until: l.Until.In(time.FixedZone("EET", 7200))},
	} {
		if !l.same(o) {
			t.Errorf("%s: %v is not %v", name, o, l)
		}
	}
	if l.same(Lease{Owner: "you", Until: l.Until}) || l.same(Lease{Owner: "me", Until: l.Until.Add(time.Millisecond)}) {
		t.Error("another's lease passes as ours")
	}
}

func TestNotesAsText(t *testing.T) {
	t.Parallel()
	for want, n := range map[string]Note{
		"gone":                    {Code: NoteGone},
		"no-seat(E3, E5)":         {NoteNoSeat, []string{"E3", "E5"}},
		"plan-differs(approvals)": {NotePlanDiffers, []string{"approvals"}},
	} {
		if got := n.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	cause := errors.New("connection reset")
	e := &Error{Kind: Unavailable, Op: "restore user", Detail: "x", Receipt: Receipt{RequestID: "r1"}, Err: cause}
	if got, want := e.Error(), "restore user: unavailable (x) [request-id r1]: connection reset"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := (&Error{Kind: NotFound, Op: "user"}).Error(); got != "user: not found" {
		t.Errorf("%q", got)
	}
	for _, tt := range []struct {
		err  error
		want Kind
	}{
		{nil, ""},
		{cause, Internal},
		{e, Unavailable},
		{fmt.Errorf("read: %w", e), Unavailable},
		{errors.Join(cause, e), Unavailable},
	} {
		if got := KindOf(tt.err); got != tt.want {
			t.Errorf("KindOf(%v) = %q, want %q", tt.err, got, tt.want)
		}
	}
	if !errors.Is(e, cause) {
		t.Error("the cause is lost")
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	a := Account{UserPrincipalName: "jd@contoso.com", ProxyAddresses: []string{"smtp:old@contoso.com", "SMTP:John@contoso.com", "X500:/o=x", "SIP:sip@contoso.com", "smtp:"}}
	for address, want := range map[string]bool{
		"JD@CONTOSO.COM": true, "john@contoso.com": true, "OLD@contoso.com": true,
		"sip@contoso.com": false, "/o=x": false, "": false, "d@contoso.com": false, "bigjohn@contoso.com": false,
	} {
		if a.Has(address) != want {
			t.Errorf("Has(%q) = %v", address, !want)
		}
	}
	if got := a.Address(); got != "John@contoso.com" {
		t.Errorf("address %q", got)
	}
	a.Mail = "mail@contoso.com"
	if got := a.Address(); got != "mail@contoso.com" {
		t.Errorf("address %q", got)
	}
	if got := (Account{UserPrincipalName: "u@c"}).Address(); got != "u@c" {
		t.Errorf("address %q", got)
	}
}

func TestUUID(t *testing.T) {
	t.Parallel()
	a, b := newUUID(), newUUID()
	if a == b || len(a) != 36 || a[14] != '4' || !strings.ContainsRune("89ab", rune(a[19])) {
		t.Errorf("%s and %s", a, b)
	}
}
