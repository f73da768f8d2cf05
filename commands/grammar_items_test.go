package commands

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailback/recovery"
)

func TestParseItems(t *testing.T) {
	t.Parallel()
	own := recovery.OwnFilter{Subject: "annual report", From: "boss@contoso.com"}
	for text, want := range map[string]struct {
		wish   recovery.ItemWish
		own    recovery.OwnFilter
		reason string
	}{
		"adelev@contoso.com": {},
		"<mailto:adelev@contoso.com|adelev@contoso.com> after:2026-11-20 before:Yesterday type:mails folder:Inbox gone by mistake": {
			wish: recovery.ItemWish{After: "2026-11-20", Before: "yesterday", Type: "message", Folder: "Inbox"}, reason: "gone by mistake",
		},
		"adelev@contoso.com After:07d Type:Appointment":                                                {wish: recovery.ItemWish{After: "7d", Type: "meeting"}},
		"adelev@contoso.com folder:“Sent Items” why":                                                   {wish: recovery.ItemWish{Folder: "Sent Items"}, reason: "why"},
		`adelev@contoso.com subject:"annual report" from:<mailto:boss@contoso.com|boss@contoso.com> x`: {wish: recovery.ItemWish{Pick: true}, own: own, reason: "x"},
	} {
		got, err := parse("items " + text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		wish := want.wish
		c := itemsCommand{recovery.Ask{Query: address(adele), Items: &wish, Reason: want.reason}, want.own}
		if diff := cmp.Diff(c, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}

func TestItemsCommandKeepsWhatIsPrivate(t *testing.T) {
	t.Parallel()
	c, err := parse("items adelev@contoso.com subject:XYZZY from:XYZZY@contoso.com type:task")
	if err != nil {
		t.Fatal(err)
	}
	for _, printed := range []string{c.String(), fmt.Sprint(c), fmt.Sprintf("%+v %#v", c, c)} {
		if strings.Contains(printed, "XYZZY") {
			t.Errorf("printed as %q", printed)
		}
	}
}

func TestParseItemsFaults(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]syntaxError{
		"":                                 {Fault: faultNoWho, Word: "items"},
		"adele":                            {Fault: faultWord, Word: "adele"},
		"a@b.example after:22.11.2026":     {Fault: faultDay, Word: "22.11.2026"},
		"a@b.example type:notes":           {Fault: faultType, Word: "notes"},
		"a@b.example type:mesage":          {Fault: faultType, Word: "mesage", Near: "message"},
		"a@b.example foldr:x":              {Fault: faultItemKey, Word: "foldr:", Near: "folder"},
		"a@b.example as:c@d.example":       {Fault: faultItemKey, Word: "as:"},
		"a@b.example subject:":             {Fault: faultKeyEmpty, Word: "subject:"},
		`a@b.example subject:""`:           {Fault: faultKeyEmpty, Word: "subject:"},
		`a@b.example subject:"a b`:         {Fault: faultQuote, Word: `"a b`},
		`a@b.example subject:"a b"c`:       {Fault: faultQuote, Word: `"a b"c`},
		"a@b.example from:x from:y":        {Fault: faultKeyTwice, Word: "from:"},
		"a@b.example because subject:x":    {Fault: faultKeyLate, Word: "subject:x"}, // it would be recorded with the reason
		"a@b.example after:7d c@d.example": {Fault: faultTwo, Word: "c@d.example"},
	} {
		got, err := parse("items " + text)
		fault, ok := errors.AsType[*syntaxError](err)
		if !ok {
			t.Errorf("%q: %v, %v", text, got, err)
			continue
		}
		if diff := cmp.Diff(want, *fault); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}
