package graph

import (
	"net/url"
	"testing"
)

func TestTokenIsForGraphAlone(t *testing.T) {
	t.Parallel()
	base, err := url.Parse("https://graph.microsoft.com/v1.0")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{
		"https://graph.microsoft.com/v1.0/users":                     true,
		"https://GRAPH.microsoft.com/v1.0/users?$skiptoken=a":        true,
		"http://graph.microsoft.com/v1.0/users":                      false,
		"https://graph.microsoft.com:8443/v1.0/users":                false,
		"https://user@graph.microsoft.com/v1.0/users":                false,
		"https://graph.microsoft.com/beta/users":                     false,
		"https://graph.microsoft.com/v1.01/users":                    false,
		"https://graph.microsoft.com.example.com/v1.0/users":         false,
		"https://example.com/v1.0/users?x=graph.microsoft.com/v1.0/": false,
	} {
		uri, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := (&bearer{base: base}).covers(uri); got != want {
			t.Errorf("%s: %t", text, got)
		}
	}
}
