package entra_test

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"mailback/recovery/entra"
)

func TestRoles(t *testing.T) {
	t.Parallel()
	token := func(payload string) string {
		return "e30." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + ".signature"
	}
	for in, want := range map[string][]string{
		token(`{"aud":"x","roles":["User.Read.All","Mail.Send"]}`): {"User.Read.All", "Mail.Send"},
		token(`{"aud":"x"}`): nil,
	} {
		if got, err := entra.Roles(in); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"", "opaque-secret", "a.b!secret.c", token(`secret`), token(`{"roles":"secret"}`)} {
		if got, err := entra.Roles(in); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
}
