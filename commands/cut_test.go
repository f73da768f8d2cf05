package commands

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// The characters that people see as one and that are several to a computer.
var graphemes = []string{
	"é", "e\u0301", "ā\u0323", "🎉", "❤️", "👍🏽", "👩‍👩‍👧‍👦", "🏳️‍🌈", "🇱🇻", "🏴\U000E0067\U000E0062\U000E0073\U000E0063\U000E0074\U000E007F", "5️⃣",
	"नि", "\u1112\u1161\u11ab", "ｶ\uff9e", "漢", "𝒳",
}

func TestCut(t *testing.T) {
	t.Parallel()
	for _, g := range graphemes {
		whole := strings.Repeat(g, 75)
		for n := units(truncated) + 1; n <= units(whole); n++ {
			got := cut(whole, n)
			kept, marked := strings.CutSuffix(got, truncated)
			rest := strings.ReplaceAll(strings.ReplaceAll(kept, g, ""), strings.TrimRightFunc(g, blank), "")
			fits := units(g) <= n-len(truncated) // else one alone is cut
			if units(got) > n || utf8.RuneCountInString(got) > n || !utf8.ValidString(got) || (fits && rest != "") || marked == (n == units(whole)) {
				t.Fatalf("%q to %d: %q", g, n, got)
			}
			if fits && n-len(truncated)-units(kept) > 2*units(g) { // a blank end of it is left out
				t.Fatalf("%q to %d: %q is shorter than it has to be", g, n, got)
			}
		}
	}
	if got := cut("e"+strings.Repeat("\u0301", 500), 75); units(got) > 75 || !strings.HasPrefix(got, "e\u0301") {
		t.Errorf("a letter with 500 accents: %q", got)
	}
	for s, want := range map[string]string{"": "", "🎉": "🎉", "🎉🎉🎉": "🎉🎉", "a🇱🇻🇱🇻": "a"} {
		if got := cut(s, 4); got != want {
			t.Errorf("%q to 4: %q, want %q", s, got, want)
		}
	}
}

func TestCutMarkup(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		strings.Repeat("🎉", 60), strings.Repeat("<@U0MEGANB01> ", 9), strings.Repeat("&amp;", 25), strings.Repeat("<!date^1^{time}|🎉> ", 6), strings.Repeat("👩‍👩‍👧‍👦 &lt;", 12),
	} {
		for n := 14; n < units(s); n++ {
			got := cutMarkup(s, n)
			kept, marked := strings.CutSuffix(got, truncated)
			if units(got) > n || !marked || !strings.HasPrefix(s, kept) || strings.Count(kept, "<") != strings.Count(kept, ">") || strings.Count(kept, "&") != strings.Count(kept, ";") {
				t.Fatalf("%q to %d: %q", s, n, got)
			}
		}
	}
}

func FuzzCut(f *testing.F) {
	for _, g := range graphemes {
		f.Add(strings.Repeat(g, 20), 40)
	}
	f.Add("\xff\xfe🎉", 3)
	f.Fuzz(func(t *testing.T, s string, n int) {
		n = max(n%5000, 1)
		for what, got := range map[string]string{"cut": cut(s, n), "cutMarkup": cutMarkup(s, max(n, 20)), "beginning": beginning(s, n)} {
			if most := map[bool]int{true: max(n, 20), false: n}[what == "cutMarkup"]; units(got) > most || units(s) <= most && got != s {
				t.Errorf("%s of %q to %d: %q", what, s, most, got)
			}
		}
		if got := beginning(s, n); !strings.HasPrefix(s, got) {
			t.Errorf("%q does not begin with %q", s, got)
		}
	})
}
