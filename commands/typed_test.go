package commands

import (
	"errors"
	"strings"
	"testing"
)

// TestWhatPeopleType holds what is made of lines as people type and paste them, tired, on a phone: the command in its canonical form, or
// the answer to what was not understood.
func TestWhatPeopleType(t *testing.T) {
	t.Parallel()
	const (
		link    = "<mailto:adelev@contoso.com|adelev@contoso.com>"
		bulk    = "Which mailboxes? For example: `/restore-mailbox bulk after:yesterday domain:contoso.com` and the reason, or `bulk` and the addresses."
		first   = "after the mailbox: first the mailbox, then the keys, then the reason."
		tail    = "is not an address. Did you mean “adelev@contoso.com”? Then put a space after it."
		request = "looks like a request's id, not a mailbox. Type `/restore-mailbox status R-142` to see the request, or `/restore-mailbox cancel R-142` to withdraw it."
		oneAt   = "One request at a time, please: first R-1, then R-2, each with a command of its own."
		begin   = "Begin with the mailbox's address; approvers can also put a display name in quotes: \"Adele Vance\". Type `/restore-mailbox help` for more."
		instead = "Put the mailbox there instead: “adelev@contoso.com”."
	)
	for _, tt := range [][2]string{
		// Many at once.
		{"bulk a@x.example b@x.example", "bulk a@x.example b@x.example"},
		{"Bulk: a@x.example,\n<mailto:b@x.example|b@x.example>; mailto:c@x.example, They are back", "bulk a@x.example b@x.example c@x.example They are back"},
		{"bulk department:“Sales & Co” after:7d a sync rule", `bulk after:7d department:"Sales &amp; Co" a sync rule`},
		{"bulk domain:@Contoso.com ticket:4711 before:yesterday", "bulk before:yesterday domain:contoso.com ticket:4711"},
		{"bulk a@x.example domain:x.example", "Either addresses, or `after:`, `before:`, `domain:` and `department:`, please: both at once is not clear. Nothing was recorded."},
		{"bulk by:sam@x.example after:7d", "Microsoft does not tell who deleted a user, so `by:` cannot be answered. Narrow it with `after:` and `before:`, or paste the addresses."},
		{"bulk domian:x.example", "I do not know “domian:” after `bulk`. Did you mean “domain:”?"},
		{"bulk domain:x y", "“x” is not a domain. They look like contoso.com."},
		{"bulk they are all gone", bulk},
		{"bulk", bulk},
		{"language lv", "language lv"},
		{"Language Latviešu.", "language lv"},
		{"language “en-GB”", "language en"},
		{"LANGUAGE", "language"},
		{"language tlh", "I do not speak “tlh”. Type `/restore-mailbox language` for the languages that I know."},
		{"language lv please", "I do not understand “please” there. Leave it out and try again."},
		{"“Bulk Mail” is lost", `"Bulk Mail" is lost`},
		{`"Language Team"`, `"Language Team"`},
		{"bulk@contoso.com", "bulk@contoso.com"},
		{adele + " bulk mail is lost", adele + " bulk mail is lost"},

		// Names in quotes.
		{"“Adele Vance” x", `"Adele Vance" x`},
		{"”Adele Vance” x", `"Adele Vance" x`},
		{"„Adele Vance“ x", `"Adele Vance" x`},
		{"«Adele Vance» x", `"Adele Vance" x`},
		{"»Adele Vance« x", `"Adele Vance" x`},
		{"‘Adele Vance’ x", `"Adele Vance" x`},
		{"‚Adele Vance‘, x", `"Adele Vance" x`},
		{"‹Adele Vance› x", `"Adele Vance" x`},
		{"'Adele Vance' x", `"Adele Vance" x`},
		{"''Adele Vance''", `"Adele Vance"`},
		{"“The users’” x", `"The users’" x`},
		{"‘Pat O’Brien’ x", `"Pat O’Brien" x`},
		{"'Pat O'Brien' x", `"Pat O'Brien" x`},
		{"‘" + adele + "’ x", adele + " x"},
		{"“" + link + "” x", adele + " x"},
		{"'" + link + "' x", adele + " x"},
		{"items " + adele + " folder:‘Sent Items’ x", "items " + adele + ` folder:"Sent Items" x`},
		{"‘Adele Vance", `The quotes in “‘Adele Vance” do not fit. Put a name, and nothing else, between two of them: "Adele Vance".`},
		{"'Adele Vance", "I do not understand “'Adele”. " + begin},
		{"''", "There is nothing between the quotes. Put the display name there: \"Adele Vance\"."},

		// What stands around an address.
		{adele + ".", adele},
		{adele + "; x", adele + " x"},
		{adele + "!?", adele},
		{adele + "...", adele},
		{adele + "… x", adele + " x"},
		{adele + "”", adele},
		{adele + ")", adele},
		{link + "…", adele},
		{link + ").", adele},
		{"`" + adele + "` x", adele + " x"},
		{"*" + adele + "* x", adele + " x"},
		{adele + "'s mailbox", "“adelev@contoso.com's” " + tail},
		{adele + "’s mailbox", "“adelev@contoso.com’s” " + tail},
		{link + "'s mailbox", "“adelev@contoso.com's” " + tail},
		{link + ",she is back", "“adelev@contoso.com,she” " + tail},
		{adele + "🙏", "“adelev@contoso.com🙏” " + tail},
		{"<@U012ABCDEF>'s mailbox", "I do not understand “'s” there. Leave it out and try again."},

		// mailto: by hand.
		{"mailto:" + adele + " x", adele + " x"},
		{"MailTo:" + link + " x", adele + " x"},
		{"mailto: " + link + " x", adele + " x"},
		{"mailto:" + link + "?subject=Hello x", adele + " x"},
		{"<mailto:adelev@contoso.com?subject=Hello|adelev@contoso.com> x", adele + " x"},
		{"<mailto:o%27brien@contoso.com|o'brien@contoso.com>", "o'brien@contoso.com"},
		{"mailto:", "“mailto:” is not a whole address. I need one like adelev@contoso.com."},

		// Capitals, tabs, line breaks, spaces that do not break.
		{"CHECK " + adele, "check " + adele},
		{"Status R-142", "status R-142"},
		{"HELP", "help"},
		{"\n\tcheck\u00a0" + adele + "\r\n", "check " + adele},
		{adele + "\nshe\tis\u00a0back\u202fnow", adele + " she is back now"},

		// Requests.
		{"R-142", "“R-142” " + request},
		{"r142.", "“r142” " + request},
		{"142", "“142” " + request},
		{"check R-142", "“R-142” " + request},
		{"status r142.", "status R-142"},
		{"status R–142", "status R-142"},
		{"status R‑142!", "status R-142"},
		{"status #142", "status R-142"},
		{"cancel R-1 R-2", oneAt},
		{"cancel R-1, R-2 and R-3", oneAt},
		{"cancel R-1,R-2", oneAt},
		{"cancel R-1 and R-2", oneAt},
		{"cancel R-1 please", "I do not understand “please” there. Leave it out and try again."},
		{"cancel all", "“all” is not a request's id. They look like R-142. Type `/restore-mailbox status` for yours."},

		// Keys.
		{"into:lidiah@contoso.com " + adele, "Put “into:” " + first},
		{"into:<mailto:lidiah@contoso.com|lidiah@contoso.com> " + link, "Put “into:” " + first},
		{"License:SPE_E3 " + adele, "Put “license:” " + first},
		{"items after:7d " + adele, "Put “after:” " + first},
		{adele + " she left into:<mailto:lidiah@contoso.com|lidiah@contoso.com>", "Please put “into:lidiah@contoso.com” before the reason, right after the mailbox."},
		{adele + " she left ticket:4711", "Please put “ticket:4711” before the reason, right after the mailbox."},
		{adele + " into:“lidiah@contoso.com” x", adele + " into:lidiah@contoso.com x"},
		{adele + " Reason: she is back", adele + " Reason: she is back"},
		{adele + " reason:back", "I do not know the key “reason:”. I know as:, into:, license: and ticket:. The reason needs no key; if “reason:” belongs to it, put a word before it."},
		{adele + " tikcet:4711", "I do not know the key “tikcet:”. Did you mean “ticket:”?"},
		{adele + " ticket: 4711", "“ticket:” needs its value right after the colon, without a space."},
		{adele + " after:7d", "“after:” is for deleted items alone: `/restore-mailbox items adelev@contoso.com after:…`. To bring back the mailbox itself, leave it out; if it belongs to the reason, put a word before it."},
		{"items " + adele + " as:x@contoso.com", "After `items` I do not know the key “as:”. I know after:, before:, type:, folder: and ticket:, and for your own mailbox subject: and from:. The reason needs no key; if “as:” belongs to it, put a word before it."},
		{"items " + adele + " foldr:Inbox", "After `items` I do not know the key “foldr:”. Did you mean “folder:”?"},
		{"items " + adele + " ticket:4711 after:7d x", "items " + adele + " after:7d ticket:4711 x"},
		{"items", "Which mailbox? For example: `/restore-mailbox items adelev@contoso.com`."},

		// Emoji, and what is pasted.
		{adele + " 🙏 :wave:", adele + " 🙏 :wave:"},
		{"🙏 " + link, "I do not understand “🙏”. " + instead},
		{"Adele Vance\nSales\n" + link, "I do not understand “Adele”. " + instead},
		{"From: Adele Vance &lt;" + link + "&gt;", "I do not understand “From”. " + instead},
		{"email:" + link, "I do not understand “email:”. " + instead},
		{"/restore-mailbox " + adele, "I do not understand “/restore-mailbox”. " + instead},
		{"please restore " + link, "I do not understand “please”. " + instead},
		{
			link + "\n-- \nMegan Bowen | IT\nTel: +1 555 0100\n<mailto:megan@contoso.com|megan@contoso.com> <http://www.contoso.com|www.contoso.com>",
			adele + " --  Megan Bowen | IT Tel: +1 555 0100 megan@contoso.com www.contoso.com",
		},
		{"chekc " + adele, "I do not understand “chekc”. Did you mean “check”? Then type it like that. If it is a name, begin with the mailbox's address instead."},
		{"<#C0987654|>", "“#C0987654” is not a mailbox. Please type the mailbox's address, or mention the person."},
		{link + " <@U012ABCDEF>", "One mailbox at a time, please: I did not expect “<@U012ABCDEF>” there. If it belongs to the reason, put a word before it."},
	} {
		if got := answered(t, tt[0]); got != tt[1] {
			t.Errorf("%q\n got %s\nwant %s", tt[0], got, tt[1])
		}
	}
}

// answered gives the command that a line is, or the answer to it.
func answered(t *testing.T, text string) string {
	t.Helper()
	c, err := parse(text)
	if err == nil {
		return c.String()
	}
	fault, ok := errors.AsType[*syntaxError](err)
	if !ok {
		t.Fatalf("Parse(%q): %v", text, err)
	}
	return string(wordsIn("en").syntax(*fault))
}

// TestLookalikes: a character that is not what it seems is named, wherever an address can stand and whatever Slack made of it.
func TestLookalikes(t *testing.T) {
	t.Parallel()
	const (
		cyrillic = "The 3rd character of “ad\u0435lev@contoso.com” is a Cyrillic “\u0435” (U+0435), not “e”. Did you mean “adelev@contoso.com”? Please type it like that."
		domain   = "The 8th character of “adelev@\u0441ontoso.com” is a Cyrillic “\u0441” (U+0441), not “c”. Did you mean “adelev@contoso.com”? Please type it like that."
		hidden   = "“adelev@contoso.com” is not the address that it seems to be: after “ade” it has a character that nobody sees, a zero width space (U+200B). Please type it by hand."
	)
	for want, typed := range map[string][]string{
		cyrillic: {
			"ad\u0435lev@contoso.com", "ad\u0435<mailto:lev@contoso.com|lev@contoso.com>", "<mailto:ad\u0435lev@contoso.com>", "mailto:ad\u0435lev@contoso.com",
			"<mailto:ad\u0435lev@contoso.com|ad\u0435lev@contoso.com>", "<mailto:ad%D0%B5lev@contoso.com|ad\u0435lev@contoso.com>", "“ad\u0435lev@contoso.com”",
		},
		domain: {
			"adelev@\u0441ontoso.com", "adelev@\u0441<http://ontoso.com|ontoso.com>", "<mailto:adelev@\u0441ontoso.com>",
			"<mailto:adelev@\u0441ontoso.com|adelev@\u0441ontoso.com>", `"adelev@` + "\u0441" + `ontoso.com"`,
		},
		hidden: {
			"ade\u200blev@contoso.com", "ade\u200b<mailto:lev@contoso.com|lev@contoso.com>", "<mailto:ade\u200blev@contoso.com>", "mailto:ade\u200blev@contoso.com",
			"<mailto:ade\u200blev@contoso.com|ade\u200blev@contoso.com>", "“ade\u200blev@contoso.com”",
		},
	} {
		for _, text := range typed {
			lines := []string{text + " x", "check " + text, "items " + text + " after:7d"}
			if !strings.HasPrefix(text, "mailto:") {
				lines = append(lines, "bob@contoso.com as:"+text, "bob@contoso.com into:"+text+" x")
			}
			for _, line := range lines {
				if got := answered(t, line); got != want {
					t.Errorf("%+q\n got %s\nwant %s", line, got, want)
				}
			}
		}
	}
}

func TestAlphabets(t *testing.T) {
	t.Parallel()
	const byHand = "which does not fit the others. Please type the address by hand."
	for text, want := range map[string]string{
		// Honest ones.
		"jānis@contoso.com":                                         "jānis@contoso.com",
		"jā<mailto:nis@contoso.com|nis@contoso.com>":                "jānis@contoso.com",
		"adele@bücher.example":                                      "adele@bücher.example",
		"анна@почта.рф":                                             "анна@почта.рф",
		"анна@contoso.com":                                          "анна@contoso.com",
		"сара@почта.рф":                                             "сара@почта.рф",
		"adele@почта.example":                                       "adele@почта.example",
		"adele@東京の会社.example":                                       "adele@東京の会社.example",
		"r&amp;<mailto:d@contoso.com|d@contoso.com>":                "r&amp;d@contoso.com",
		"<mailto:adele@xn--bcher-kva.example|adele@bücher.example>": "adele@xn--bcher-kva.example",

		// Alphabets that do not go together.
		"п\u006fчта@contoso.com": "The 2nd character of “п\u006fчта@contoso.com” is a Latin “o” (U+006F), " + byHand,
		"adele@東京abc.example":    "The 7th character of “adele@東京abc.example” is “東” (U+6771), " + byHand,
		"adele@contoso.co.uк":    "The 19th character of “adele@contoso.co.uк” is a Cyrillic “к” (U+043A), " + byHand,
		"𝐚dele@contoso.com":      "The 1st character of “𝐚dele@contoso.com” is “𝐚” (U+1D41A), " + byHand,
		"\u0441\u0430\u0440\u0430@contoso.com": "The 1st character of “\u0441\u0430\u0440\u0430@contoso.com” is a Cyrillic “\u0441” (U+0441), not “c”. " +
			"Did you mean “capa@contoso.com”? Please type it like that.",
		"\u03b1dele@contoso.com": "The 1st character of “\u03b1dele@contoso.com” is a Greek “\u03b1” (U+03B1), not “a”. Did you mean “adele@contoso.com”? Please type it like that.",

		// Signs that phones and word processors make.
		"anna\u2011maria@contoso.com": "The 5th character of “anna\u2011maria@contoso.com” is “\u2011” (U+2011), not “-”. Did you mean “anna-maria@contoso.com”? Please type it like that.",
		"\uff41dele@contoso.com":      "The 1st character of “\uff41dele@contoso.com” is a full-width “\uff41” (U+FF41), not “a”. Did you mean “adele@contoso.com”? Please type it like that.",
		"\ufb01ona@contoso.com":       "The 1st character of “\ufb01ona@contoso.com” is “\ufb01” (U+FB01), not “fi”. Did you mean “fiona@contoso.com”? Please type it like that.",
		"ade\u00adlev@contoso.com":    "“adelev@contoso.com” is not the address that it seems to be: after “ade” it has a character that nobody sees, a soft hyphen (U+00AD). Please type it by hand.",
		"adelev@\u202econtoso.com":    "“adelev@contoso.com” is not the address that it seems to be: after “adelev@” it has a character that nobody sees, U+202E. Please type it by hand.",
	} {
		if got := answered(t, text); got != want {
			t.Errorf("%+q\n got %s\nwant %s", text, got, want)
		}
	}
}

// TestSignsThatMeanMoreThanThemselves: the recovery layer names no mailbox to Exchange by such an address, so an ask for one would
// wait in vain.
func TestSignsThatMeanMoreThanThemselves(t *testing.T) {
	t.Parallel()
	const more = "”, which could mean more than itself to Exchange Online, so I look up no mailbox by it. Please give another of its addresses, or its sign-in name."
	for text, want := range map[string]string{
		"adele*@contoso.com":                "“adele*@contoso.com” has the sign “*" + more,
		"ade?lev@contoso.com x":             "“ade?lev@contoso.com” has the sign “?" + more,
		`contoso\adelev@contoso.com`:        `“contoso\adelev@contoso.com” has the sign “\` + more,
		"mailto:{adelev@contoso.com":        "“{adelev@contoso.com” has the sign “{" + more,
		`"adele v"@contoso.com x`:           `“"adele v"@contoso.com” has the sign “"` + more,
		"'ade}lev@contoso.com' x":           "“ade}lev@contoso.com” has the sign “}" + more,
		adele + " as:ade{lev@contoso.com":   "“ade{lev@contoso.com” has the sign “{" + more,
		adele + " into:ade*lev@contoso.com": "“ade*lev@contoso.com” has the sign “*" + more,
		"bulk " + adele + " b*@contoso.com": "“b*@contoso.com” has the sign “*" + more,
	} {
		if got := answered(t, text); got != want {
			t.Errorf("%q\n got %s\nwant %s", text, got, want)
		}
	}
}

// TestAForeignDomainIsShownInASCII: letters of one alphabet can look like another's, so the ack shows which domain it is.
func TestAForeignDomainIsShownInASCII(t *testing.T) {
	t.Parallel()
	ack, _ := typed(t, &desk{}, "adele@contoso.\u0441\u043e\u043c x")
	wantText(t, ack, "adele@contoso.\u0441\u043e\u043c (contoso.xn--l1adi)")
	ack, _ = typed(t, &desk{}, "jānis@contoso.com x")
	wantText(t, ack, "request for jānis@contoso.com is")
	r := deletedUser()
	r.Ask.Query.Value = "adele@bücher.example"
	messages := render(t, r, event("planned", "", "submitted", r))
	if text := read(t, find(t, messages, "requester")).Text; !strings.Contains(text, "to mail programs it is xn--bcher-kva.example.") {
		t.Errorf("the card does not say it: %s", text)
	}
}

func TestOrdinals(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{1: "1st", 2: "2nd", 3: "3rd", 4: "4th", 11: "11th", 12: "12th", 13: "13th", 21: "21st", 112: "112th"} {
		if got := englishOrdinal(n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
}
