package exchange

import (
	"net/url"
	"testing"
)

func TestTrusts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"https://outlook.office365.com/adminapi":       true,
		"https://OUTLOOK.office365.com/adminapi":       true,
		"https://eurpr01.outlook.office365.com/x":      true,
		"https://outlook.office.com/x":                 true,
		"http://outlook.office365.com/x":               false,
		"https://outlook.office365.com:8443/x":         false,
		"https://user@outlook.office365.com/x":         false,
		"https://office365.com.example.com/x":          false,
		"https://evil-office365.com/x":                 false,
		"https://example.com/outlook.office365.com":    false,
		"https://outlook.office365.us.example.com/x":   false,
		"https://example.com/?x=.outlook.office365.us": false,
	} {
		base, err := url.Parse("https://outlook.office365.com")
		if err != nil {
			t.Fatal(err)
		}
		uri, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := (&Client{base: base}).trusts(uri); got != want {
			t.Errorf("%s: %t", text, got)
		}
	}
	local := &Client{base: &url.URL{Scheme: "http", Host: "127.0.0.1:8080"}}
	if local.trusts(&url.URL{Scheme: "https", Host: "outlook.office365.com"}) || !local.trusts(&url.URL{Scheme: "http", Host: "127.0.0.1:8080"}) {
		t.Error("a configured host that is not Microsoft's trusts itself alone")
	}
}
