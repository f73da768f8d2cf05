package exchange_test

import (
	"slices"
	"testing"

	"mailback/internal/m365fake"
	"mailback/recovery"
	"mailback/recovery/exchange"
)

func TestDelayedDelicensing(t *testing.T) {
	t.Parallel()
	c, fake, _ := newTenant(t, m365fake.Config{})
	for _, want := range []bool{false, true} {
		fake.SetDelayedDelicensing(want)
		if got, err := c.DelayedDelicensing(t.Context()); err != nil || got != want {
			t.Errorf("%t, %v; want %t", got, err, want)
		}
	}
	fake.SetCmdlet("Get-OrganizationConfig", false)
	_, err := c.DelayedDelicensing(t.Context())
	wantKind(t, err, recovery.Forbidden, "Get-OrganizationConfig")
	for _, answer := range []string{`[]`, `[{}]`, `[{"DelayedDelicensingEnabled":null}]`, `[{"DelayedDelicensingEnabled":true},{"DelayedDelicensingEnabled":true}]`} {
		s := script(t, map[string]string{"Get-OrganizationConfig": `{"value":` + answer + `}`})
		if _, err := s.client.DelayedDelicensing(t.Context()); recovery.KindOf(err) != recovery.Incomplete {
			t.Errorf("%s: %v", answer, err)
		}
	}
	if fake.ExchangeWrites() != 0 {
		t.Error("something was written")
	}
}

func TestRolesOfTheToken(t *testing.T) {
	t.Parallel()
	c, fake, _ := newTenant(t, m365fake.Config{})
	if roles, err := c.Roles(t.Context()); err != nil || !slices.Equal(roles, []string{exchange.ManageAsApp}) {
		t.Errorf("%q, %v", roles, err)
	}
	other := newClient(t, exchange.Config{Credential: signIn(t, fake, "wrong"), BaseURL: "http://127.0.0.1:1"})
	_, err := other.Roles(t.Context())
	wantKind(t, err, recovery.SignedOut, recovery.SecretWrong)
}
