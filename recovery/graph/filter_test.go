package graph

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

func TestAnyOf(t *testing.T) {
	t.Parallel()
	if got := anyOf(nil); got != nil {
		t.Errorf("nothing to ask: %q", got)
	}
	var all []string
	for i := range 200 {
		all = append(all, hasProxy(fmt.Sprintf("alias-%d.%s@contoso.com", i, strings.Repeat("ü", i%40))))
	}
	filters := anyOf(all)
	for _, f := range filters {
		if n := strings.Count(f, " or ") + 1; n > 15 || len(url.QueryEscape(f)) > 1500 {
			t.Errorf("%d alternatives, %d characters", n, len(url.QueryEscape(f)))
		}
	}
	if strings.Join(filters, " or ") != strings.Join(all, " or ") {
		t.Error("alternatives were lost")
	}
	long := anyOf([]string{strings.Repeat("x", 3000), "y"})
	if len(long) != 2 {
		t.Errorf("one that is too long goes alone: %d filters", len(long))
	}
}

func TestQuote(t *testing.T) {
	t.Parallel()
	if got := liveWith("O'Neil@b.c"); got != `userPrincipalName eq 'O''Neil@b.c' or mail eq 'O''Neil@b.c' or proxyAddresses/any(p:p eq 'smtp:o''neil@b.c')` {
		t.Error(got)
	}
}

func TestUnmangled(t *testing.T) {
	t.Parallel()
	const id = "7e06b566-15f3-4013-8bf8-79874d52e68a"
	for name, want := range map[string]string{
		"7e06b56615f340138bf879874d52e68ajohn@contoso.com": "john@contoso.com",
		"7E06B56615F340138BF879874D52E68Ajohn@contoso.com": "john@contoso.com",
		"7e06b56615f340138bf879874d52e68bjohn@contoso.com": "7e06b56615f340138bf879874d52e68bjohn@contoso.com", // somebody else's id
		"7e06b56615f340138bf879874d52e68a":                 "7e06b56615f340138bf879874d52e68a",
		"john@contoso.com":                                 "john@contoso.com",
		"":                                                 "",
	} {
		if got := unmangled(name, id); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestGivesMailbox(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]bool{
		"efb87545-963c-4e0d-99df-69c6916d9eb0": true,  // EXCHANGE_S_ENTERPRISE
		"9AAF7827-D63C-4B61-89C3-182F06F82E5C": true,  // EXCHANGE_S_STANDARD
		"113feb6c-3fe4-4440-bddc-54d774bf0318": false, // EXCHANGE_S_FOUNDATION
		"176a09a6-7ec5-4039-ac02-b2791c6ba793": false, // EXCHANGE_S_ARCHIVE_ADDON
		"326e2b78-9d27-42c9-8509-46c827743a17": false, // EOP_ENTERPRISE
		"":                                     false,
	} {
		if got := givesMailbox(id); got != want {
			t.Errorf("%s: %t", id, got)
		}
	}
}
