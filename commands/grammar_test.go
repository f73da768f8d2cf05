package commands

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"mailback/recovery"
)

func address(a string) recovery.Query { return recovery.Query{Kind: recovery.ByAddress, Value: a} }

func ask(q recovery.Query, reason string) askCommand {
	return askCommand{recovery.Ask{Query: q, Reason: reason}}
}

const adele = "adelev@contoso.com"

func TestParse(t *testing.T) {
	t.Parallel()
	object := recovery.Query{Kind: recovery.ByObjectID, Value: "87d349ed-44d7-43e1-9a83-5f2406dee5bd"}
	person := recovery.Query{Kind: recovery.ByPerson, Value: "U012ABCDEF"}
	name := recovery.Query{Kind: recovery.ByName, Value: "Adele Vance"}
	tests := []struct {
		name, text string
		want       command
	}{
		{"nothing", "", helpCommand{Empty: true}},
		{"blanks", " \t\u00a0\u200b", helpCommand{Empty: true}},
		{"help", "HELP", helpCommand{}},
		{"help with a question mark", "help?", helpCommand{}},
		{"an address", "adelev@contoso.com", ask(address(adele), "")},
		{"case is kept", "AdeleV@Contoso.com", ask(address("AdeleV@Contoso.com"), "")},
		{"mailto with a label", "<mailto:adelev@contoso.com|adelev@contoso.com> left by mistake", ask(address(adele), "left by mistake")},
		{"mailto without a label", "<mailto:adelev@contoso.com>", ask(address(adele), "")},
		{"typed out as a link", "&lt;mailto:adelev@contoso.com|adelev@contoso.com&gt; x", ask(address(adele), "x")},
		{"typed out, with Slack's links in it", "&lt;mailto:<mailto:adelev@contoso.com|adelev@contoso.com>|<mailto:adelev@contoso.com|adelev@contoso.com>&gt; x", ask(address(adele), "x")},
		{"with the scheme", "MAILTO:adelev@contoso.com x", ask(address(adele), "x")},
		{"mailto with a name as label", "<mailto:adelev@contoso.com|Adele Vance> x", ask(address(adele), "x")},
		{"mailto and a comma", "<mailto:adelev@contoso.com|adelev@contoso.com>, please", ask(address(adele), "please")},
		{"a mention", "<@U012ABCDEF>", ask(person, "")},
		{"a mention with a label", "<@U012ABCDEF|adele> came back", ask(person, "came back")},
		{"a mention in an organisation", "<@W012ABCDEF>", ask(recovery.Query{Kind: recovery.ByPerson, Value: "W012ABCDEF"}, "")},
		{"an object id", "87D349ED-44d7-43e1-9a83-5f2406dee5bd", ask(object, "")},
		{"a name in straight quotes", `"Adele Vance" went on leave`, ask(name, "went on leave")},
		{"in curly quotes", "“Adele Vance”", ask(name, "")},
		{"in low quotes", "„Adele Vance“", ask(name, "")},
		{"in angle quotes", "«Adele Vance» x", ask(name, "x")},
		{"a quoted address is an address", `"adelev@contoso.com"`, ask(address(adele), "")},
		{"trailing comma", "adelev@contoso.com, she is back", ask(address(adele), "she is back")},
		{"trailing full stop", "adelev@contoso.com.", ask(address(adele), "")},
		{"brackets as mail programs write them", "&lt;adelev@contoso.com&gt;", ask(address(adele), "")},
		{"brackets around a link", "&lt;<mailto:adelev@contoso.com|adelev@contoso.com>&gt;;", ask(address(adele), "")},
		{"parentheses", "(adelev@contoso.com)", ask(address(adele), "")},
		{"single quotes", "'adelev@contoso.com'", ask(address(adele), "")},
		{"an apostrophe", "o'brien@contoso.com", ask(address("o'brien@contoso.com"), "")},
		{"a plus", "adele+news@contoso.com", ask(address("adele+news@contoso.com"), "")},
		{"an ampersand", "a&amp;b@contoso.com", ask(address("a&b@contoso.com"), "")},
		{"angle brackets behind a name", `"Adele Vance" lost &lt;all of it&gt;`, askCommand{recovery.Ask{
			Query: recovery.Query{Kind: recovery.ByName, Value: "Adele Vance"}, Reason: "lost <all of it>",
		}}},
		{"a domain in another script", "adele@bücher.example", ask(address("adele@bücher.example"), "")},
		{"a local part in another script", "jānis@contoso.com", ask(address("jānis@contoso.com"), "")},
		{"zero-width and RTL marks around it", "\u200f\u200badelev@contoso.com\u200b\ufeff", ask(address(adele), "")},
		{"a non-breaking space before the reason", "adelev@contoso.com\u00a0why", ask(address(adele), "why")},
		{"line breaks in the reason", "adelev@contoso.com line one\nline two", ask(address(adele), "line one line two")},
		{"a reason with a link", "adelev@contoso.com see <https://help.example/1|ticket 1>", ask(address(adele), "see ticket 1 (https://help.example/1)")},
		{"a reason that begins with a link", "adelev@contoso.com <https://help.example/1>", ask(address(adele), "https://help.example/1")},
		{"a reason with markup", "adelev@contoso.com a &lt;!channel&gt; &amp;lt; b", ask(address(adele), "a <!channel> &lt; b")},
		{"a mention in the reason", "adelev@contoso.com ask <@U1AA>", ask(address(adele), "ask <@U1AA>")},
		{"an address later in the reason", "adelev@contoso.com asked by bob@contoso.com", ask(address(adele), "asked by bob@contoso.com")},
		{"a colon in the reason", "adelev@contoso.com from HR: she is back", ask(address(adele), "from HR: she is back")},
		{"direction marks leave the reason", "adelev@contoso.com a\u202eb", ask(address(adele), "ab")},
		{"keys", "adelev@contoso.com as:adele.v@contoso.com License:SPE_E3 back", askCommand{recovery.Ask{
			Query: address(adele), As: "adele.v@contoso.com", License: "SPE_E3", Reason: "back",
		}}},
		{"a key with a link", "adelev@contoso.com as:<mailto:adele.v@contoso.com|adele.v@contoso.com>", askCommand{recovery.Ask{
			Query: address(adele), As: "adele.v@contoso.com",
		}}},
		{"a target", "adelev@contoso.com into:<mailto:lidiah@contoso.com|lidiah@contoso.com> left", askCommand{recovery.Ask{
			Query: address(adele), Into: "lidiah@contoso.com", Reason: "left",
		}}},
		{"a ticket", "adelev@contoso.com ticket:INC-4711, back", askCommand{recovery.Ask{Query: address(adele), Ticket: "INC-4711", Reason: "back"}}},
		{"a ticket with a blank", "adelev@contoso.com ticket:“HD 4711” as:a@contoso.com", askCommand{recovery.Ask{
			Query: address(adele), As: "a@contoso.com", Ticket: "HD 4711",
		}}},
		{"a ticket with its web address", "adelev@contoso.com ticket:<https://help.example/4711>", askCommand{recovery.Ask{
			Query: address(adele), Ticket: "https://help.example/4711",
		}}},
		{"the British key", "adelev@contoso.com licence:SPE_E3", askCommand{recovery.Ask{Query: address(adele), License: "SPE_E3"}}},
		{"check", "check adelev@contoso.com", checkCommand{Who: address(adele)}},
		{"check a name", `Check "Adele Vance"`, checkCommand{Who: name}},
		{"deleted", "deleted", deletedCommand{}},
		{"deleted with a text", "deleted Adele V", deletedCommand{Text: "Adele V"}},
		{"deleted with a quoted text", `deleted “Adele V”`, deletedCommand{Text: "Adele V"}},
		{"deleted with an address", "deleted <mailto:adelev@contoso.com|adelev@contoso.com>", deletedCommand{Text: adele}},
		{"status", "status", statusCommand{}},
		{"status of one", "status R-142", statusCommand{ID: 142}},
		{"in small letters", "status r-142.", statusCommand{ID: 142}},
		{"without the hyphen", "status R142", statusCommand{ID: 142}},
		{"the number alone", "status 142", statusCommand{ID: 142}},
		{"cancel", "cancel R-7", cancelCommand{ID: 7}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := parse(tt.text)
			if err != nil {
				t.Fatalf("Parse(%q): %v", tt.text, err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Parse(%q) (-want +got):\n%s", tt.text, diff)
			}
		})
	}
}

func TestParseFaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		want       syntaxError
	}{
		{"a misspelt command", "chekc adelev@contoso.com", syntaxError{Fault: faultWord, Word: "chekc", Near: "check"}},
		{"another one", "stauts", syntaxError{Fault: faultWord, Word: "stauts", Near: "status"}},
		{"a name without quotes", "Adele Vance", syntaxError{Fault: faultWord, Word: "Adele"}},
		{"as mail programs copy it", "Adele Vance &lt;<mailto:adelev@contoso.com|adelev@contoso.com>&gt;", syntaxError{Fault: faultWord, Word: "Adele", Near: adele}},
		{"a handle", "@adele", syntaxError{Fault: faultHandle, Word: "@adele"}},
		{"a channel", "<#C123|general>", syntaxError{Fault: faultNotPerson, Word: "#general"}},
		{"a user group", "<!subteam^S1|@it>", syntaxError{Fault: faultNotPerson, Word: "@it"}},
		{"a web address", "<https://contoso.com>", syntaxError{Fault: faultNotPerson, Word: "https://contoso.com"}},
		{"an empty link", "<|x>", syntaxError{Fault: faultNotPerson, Word: "<|x>"}},
		{"no domain", "adelev@", syntaxError{Fault: faultAddress, Word: "adelev@"}},
		{"a domain of one label", "adelev@contoso", syntaxError{Fault: faultAddress, Word: "adelev@contoso"}},
		{"two dots", "adelev@contoso..com", syntaxError{Fault: faultAddress, Word: "adelev@contoso..com"}},
		{"text stuck to a link", "x<mailto:adelev@contoso.com|adelev@contoso.com>", syntaxError{Fault: faultAddress, Word: "xadelev@contoso.com"}},
		{"a quoted local part", `"adele vance"@contoso.com why`, syntaxError{Fault: faultSign, Word: `"adele vance"@contoso.com`, Char: '"'}},
		{"an invisible character inside", "ade\u200blev@contoso.com", syntaxError{Fault: faultInvisible, Word: adele, Char: 0x200B, At: 4}},
		{"a full-width @", "adelev＠contoso.com", syntaxError{Fault: faultLookalike, Word: "adelev＠contoso.com", Near: adele, Char: '＠', At: 7}},
		{"a curly apostrophe", "o’brien@contoso.com", syntaxError{Fault: faultLookalike, Word: "o’brien@contoso.com", Near: "o'brien@contoso.com", Char: '’', At: 2}},
		{"two addresses", "adelev@contoso.com bob@contoso.com", syntaxError{Fault: faultTwo, Word: "bob@contoso.com"}},
		{"two addresses with a comma", "adelev@contoso.com,bob@contoso.com", syntaxError{Fault: faultTwo, Word: "adelev@contoso.com,bob@contoso.com"}},
		{"a label that lies", "<mailto:bob@contoso.com|adelev@contoso.com>", syntaxError{Fault: faultLabel, Word: adele, Near: "bob@contoso.com"}},
		{"an open quote", `"Adele Vance`, syntaxError{Fault: faultQuote, Word: `"Adele Vance`}},
		{"a quote in the middle", `"Adele "Del" Vance"`, syntaxError{Fault: faultQuote, Word: `"Adele "Del" Vance"`}},
		{"empty quotes", `""`, syntaxError{Fault: faultEmptyName}},
		{"a key of another version", "adelev@contoso.com color:blue", syntaxError{Fault: faultKey, Word: "color:"}},
		{"a target that is no address", "adelev@contoso.com into:bob", syntaxError{Fault: faultAddress, Word: "bob"}},
		{"two targets", "adelev@contoso.com into:a@contoso.com into:b@contoso.com", syntaxError{Fault: faultKeyTwice, Word: "into:"}},
		{"a misspelt key", "adelev@contoso.com licnse:SPE_E3", syntaxError{Fault: faultKey, Word: "licnse:", Near: "license"}},
		{"an empty key", "adelev@contoso.com as: adele@contoso.com", syntaxError{Fault: faultKeyEmpty, Word: "as:"}},
		{"a key twice", "adelev@contoso.com license:A licence:B", syntaxError{Fault: faultKeyTwice, Word: "license:"}},
		{"a key in the reason", "adelev@contoso.com with license:SPE_E3", syntaxError{Fault: faultKeyLate, Word: "license:SPE_E3"}},
		{"a bad licence", "adelev@contoso.com license:E3/E5", syntaxError{Fault: faultLicense, Word: "E3/E5"}},
		{"a bad new name", "adelev@contoso.com as:adele", syntaxError{Fault: faultAddress, Word: "adele"}},
		{"check alone", "check", syntaxError{Fault: faultNoWho, Word: "check"}},
		{"check with more", "check adelev@contoso.com now", syntaxError{Fault: faultExtra, Word: "now"}},
		{"cancel alone", "cancel", syntaxError{Fault: faultNoID}},
		{"cancel an address", "cancel adelev@contoso.com", syntaxError{Fault: faultID, Word: adele}},
		{"status of zero", "status R-0", syntaxError{Fault: faultID, Word: "R-0"}},
		{"status of two", "status R-1 R-2", syntaxError{Fault: faultTwoIDs, Word: "R-2", Near: "R-1"}},
		{"a long text for deleted", "deleted " + strings.Repeat("x", 257), syntaxError{Fault: faultLongName, Word: strings.Repeat("x", 257)}},
		{"a long ticket", "adelev@contoso.com ticket:" + strings.Repeat("1", 101), syntaxError{Fault: faultTicket, Word: strings.Repeat("1", 101), Length: 101}},
		{"a long reason", "adelev@contoso.com " + strings.Repeat("ā", 501), syntaxError{Fault: faultReasonLong, Length: 501}},
		{"a long line", strings.Repeat("x", 40_001), syntaxError{Fault: faultLong, Length: 40_001}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := parse(tt.text)
			fault, ok := errors.AsType[*syntaxError](err)
			if !ok {
				t.Fatalf("parse(%q) = %v, %v; want a syntaxError", tt.text, got, err)
			}
			if diff := cmp.Diff(tt.want, *fault); diff != "" {
				t.Errorf("Parse(%q) (-want +got):\n%s", tt.text, diff)
			}
			if strings.Contains(err.Error(), "contoso") {
				t.Errorf("the error for logs repeats what was typed: %v", err)
			}
		})
	}
}

func TestReasonAtTheLimit(t *testing.T) {
	t.Parallel()
	reason := strings.Repeat("é", maxReason)
	c, err := parse(adele + " " + reason)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.(askCommand).Reason; got != reason {
		t.Errorf("the reason lost something: %d characters of %d are left", utf8.RuneCountInString(got), maxReason)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", "help", "adelev@contoso.com as:a@b.c license:SPE_E3 because", "<mailto:a@b.c|a@b.c> x", `"Adele" y`, "<@U123|x> z",
		"items a@b.c after:2026-11-22 before:7d type:mails folder:“Sent Items” subject:\"x y\" from:<mailto:d@e.f|d@e.f> why", "items a@b.c folder:&lt;a b&gt;",
		"check “A B”", "deleted x", "status R-1", "cancel 9", `"a b"@c.de`, "&lt;a@b.c&gt;", "a&amp;b@c.de &amp;lt;", "as:x", "<|>",
		"bulk a@b.c", "language lv", "R-1", "cancel R-1, R–2", "a@b.c ticket:“4 7” Re: x", "into:a@b.c d@e.f", "‘A O’B’ x", "'A B' x", "'a@b.c x' y",
		"ad\u0435le@b.c", "j\u0101<mailto:nis@b.c|nis@b.c>", "a@\u0441<http://o.de|o.de>", "<mailto:o%27b@c.de|o'b@c.de>", "mailto: a@b.c?subject=x", "a@b.c’s", "a@bücher.de",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parse(text)
		if err != nil {
			fault, ok := errors.AsType[*syntaxError](err)
			if !ok {
				t.Fatalf("parse(%q): %v is no syntaxError", text, err)
			}
			if said := string(wordsIn("en").syntax(*fault)); strings.Contains(said, "%!") && !strings.Contains(text, "%!") || strings.Contains(said, "<!") || strings.HasPrefix(said, "syntax.") {
				t.Fatalf("Parse(%q) is answered with %q", text, said)
			}
			return
		}
		if items, ok := c.(itemsCommand); ok {
			items.Own, items.Items.Pick = recovery.OwnFilter{}, false // which it does not print
			c = items
		}
		again, err := parse(c.String())
		if err != nil {
			t.Fatalf("Parse(%q) = %q, which does not parse: %v %+v", text, c, err, err)
		}
		if diff := cmp.Diff(c, again); diff != "" {
			t.Fatalf("Parse(%q) prints %q, which means something else:\n%s", text, c, diff)
		}
		a, ok := c.(askCommand)
		if !ok {
			return
		}
		seen := strings.ToValidUTF8(text, "\uFFFD")
		if v := a.Query.Value; a.Query.Kind == recovery.ByAddress && !strings.Contains(unescape(seen), v) && !strings.Contains(reduce(seen), v) {
			t.Fatalf("Parse(%q) found the address %q, which nobody typed", text, v)
		}
		if v := a.Query.Value; a.Query.Kind == recovery.ByName && !strings.Contains(clean(reduce(seen)), v) {
			t.Fatalf("Parse(%q) found the name %q, which nobody typed", text, v)
		}
		if named := a.As + a.Into; strings.ContainsAny(named, recovery.OddSigns) || a.Query.Kind == recovery.ByAddress && strings.ContainsAny(a.Query.Value, recovery.OddSigns) {
			t.Fatalf("Parse(%q) took an address with a sign by which no mailbox is looked up: %+v", text, a.Ask)
		}
		if a.Query.Kind == recovery.ByAddress && odd(a.Query.Value) != nil {
			t.Fatalf("Parse(%q) took %q, which is not what it looks like", text, a.Query.Value)
		}
		if n := utf8.RuneCountInString(a.Reason); n > maxReason {
			t.Fatalf("a reason of %d characters", n)
		}
	})
}

// BenchmarkParseWorst parses the lines that take longest, all that Slack lets one type.
func BenchmarkParseWorst(b *testing.B) {
	for _, part := range []string{"<", "<>", "(", "((a@b.c", "'", "''a", "&lt;", "&gt;", "&amp;", "\u200b", "a ", "a@b.c ", "as: ", "as:a@b.c ", `"`, `" `, "<|", "@", ",", "a@", "'a' ", "‘a", "\u0436 a\u0436@b.c ", "\u0b85@b.c ", "R-1 "} {
		line := "check " + strings.Repeat(part, maxTyped/utf8.RuneCountInString(part)-6)
		b.Run(part, func(b *testing.B) {
			for b.Loop() {
				_, _ = parse(line) // understood or not
			}
		})
	}
}
