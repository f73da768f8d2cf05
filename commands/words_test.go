package commands

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"mailback/bot"
	"mailback/recovery"
)

// constants gives the values of all string constants of a type in the Go files of a folder.
func constants(t *testing.T, folder, typeName string) []string {
	t.Helper()
	var values []string
	for _, f := range sources(t, folder) {
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			if id, ok := spec.Type.(*ast.Ident); !ok || id.Name != typeName {
				return true
			}
			for _, v := range spec.Values {
				if lit, ok := v.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					s, err := strconv.Unquote(lit.Value)
					if err != nil {
						t.Fatal(err)
					}
					values = append(values, s)
				}
			}
			return true
		})
	}
	if len(values) == 0 {
		t.Fatalf("no constants of type %s in %s", typeName, folder)
	}
	return values
}

// sources parses the Go files of a folder, tests left out.
func sources(t *testing.T, folder string) []*ast.File {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no Go files in %s: %v", folder, err)
	}
	var files []*ast.File
	for _, p := range paths {
		if strings.HasSuffix(p, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), p, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

// families are the keys that are put together from a prefix and a value of a known set.
func families(t *testing.T) map[string][]string {
	t.Helper()
	states := constants(t, "../recovery", "State")
	ended := []string{"partial", "failed", "unneeded", "impossible"}
	cases := constants(t, "../recovery", "Case")
	steps := constants(t, "../recovery", "StepKind")
	kinds := constants(t, "../recovery", "Kind")
	errorKeys := slices.DeleteFunc(slices.Clone(kinds), func(k string) bool {
		return slices.Contains([]string{"conflict", "no seat", "forbidden", "signed out"}, k)
	}) // of changes alone, or worded by a note
	for i, k := range errorKeys {
		errorKeys[i] = strings.ReplaceAll(k, " ", "-")
	}
	var choices, offers []string
	for _, a := range constants(t, "../recovery", "Action") {
		if name, ok := strings.CutPrefix(a, "choice."); ok {
			choices, offers = append(choices, a), append(offers, name)
		}
	}
	var troubles []string
	for _, tr := range []bot.Trouble{bot.Busy, bot.Failed, bot.Late, bot.Oversize, bot.Foreign, bot.External} {
		troubles = append(troubles, tr.String())
	}
	return map[string][]string{
		"note.":      constants(t, "../recovery", "NoteCode"),
		"state.":     states,
		"head.":      states,
		"case.":      cases,
		"case.noun.": cases,
		"step.":      steps,
		"step.noun.": steps,
		"kind.":      kinds,
		"error.":     errorKeys,
		"action.":    choices,
		"offer.":     offers,
		"missing.":   steps,
		"peer.":      append(constants(t, "../recovery", "Peer"), ""),
		"sign-in.": {
			recovery.SecretWrong, recovery.SecretExpired, recovery.CertificateRefused, recovery.FederationRefused, recovery.AppUnknown,
			recovery.AppDisabled, recovery.TenantUnknown, recovery.PolicyBlocks, recovery.TokenRefused, "",
		},
		"holder.":        constants(t, "../recovery", "HolderKind"),
		"syntax.":        constants(t, ".", "fault"),
		"trouble.":       troubles,
		"told.":          ended,
		"line.":          ended,
		"option.signin.": {"allow", "block"},
		"differs.":       {"account", "steps", "license", "access", "sign-in", "approvals", "warnings", "mailboxes", "items", "list"},
		"copy.":          {"", "LegacyExchangeDN", "ProhibitSendReceiveQuota", "ArchiveGuid"},
		"stays.":         {"restore-user", "usage-location", "reprocess-license", "add-address", "reconnect-mailbox"},
		"moved.":         {"account", "name", "sign-in", "location", "licenses", "copy-ended", "copy-gone"},
		"char.":          {"Cyrillic", "Greek", "Armenian", "Latin", "wide", "sign", "hidden", "not", "0020", "00A0", "00AD", "200B", "200C", "200D", "200E", "200F", "2060", "FEFF"},
		"bulk.deleted.":  {"domain", "department", "after", "before"},
		"bulk.why.": {
			"synced-user", "no-seat", "bulk-choice", "bulk-alone", "bulk-twice", "healthy", "gone", "mailbox-gone", "ambiguous", "guest-account", "lost-too-long",
			"missing-role", "no-license", "no-location", "still-waiting", "purged", "missing-cmdlet",
		},
		"file.":         {"list", "results"},
		"file.column.":  append(slices.Clone(listColumns), resultColumns...),
		"file.result.":  constants(t, "../recovery", "BulkResult"),
		"large.":        {"size", "archive", "hold"},
		"item.type.":    {"message", "meeting", "contact", "task"},
		"channel.":      {"archived", "not a member", "shared", "unknown", "is_archived", "not_in_channel", "channel_not_found"},
		"home.":         {"own.none", "waiting.none", "own", "waiting", "running"},
		"home.next.":    {"confirming", "pending", "approved", "restoring"},
		"not-approver.": {"confirm", "cancel", "check", "retry", "resume", "put-back", "choose", "bulk"},
		"emergency.":    {"title", "label", "placeholder", "hint", "submit", "close", "empty"},
		"deny.":         {"title", "label", "placeholder", "hint", "submit", "close", "empty", "long", "not-recorded"},
		"button.":       {"deny", "emergency"},
		"type.":         {"UserMailbox", "SharedMailbox", "RoomMailbox", "EquipmentMailbox"},
	}
}

func TestWordsAreComplete(t *testing.T) {
	t.Parallel()
	all := families(t)
	for _, l := range languages() {
		for prefix, values := range all {
			for _, v := range values {
				if _, ok := l.text[prefix+v]; !ok {
					t.Errorf("%s has no words for %q", l.code, prefix+v)
				}
			}
		}
		for _, key := range saidKeys(t) {
			if _, ok := l.text[key]; ok || strings.HasSuffix(key, ".") && all[key] != nil {
				continue
			}
			for n := range 102 { // in each of the forms that the language has
				if _, ok := l.text[key+"."+l.plural(n)]; !ok {
					t.Errorf("%s has no words for %q of %d", l.code, key, n)
					break
				}
			}
		}
	}
}

// saidKeys gives the keys that the code words by a literal, and the prefixes that it adds a value to.
func saidKeys(t *testing.T) []string {
	t.Helper()
	var keys []string
	for _, f := range sources(t, ".") {
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			sel, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || !slices.Contains([]string{"say", "plain", "count", "oneOf", "about"}, sel.Sel.Name) {
				return true
			}
			arg := call.Args[0]
			if sum, ok := arg.(*ast.BinaryExpr); ok {
				arg = sum.X
			}
			if lit, ok := arg.(*ast.BasicLit); ok {
				key, err := strconv.Unquote(lit.Value)
				if err != nil {
					t.Fatal(err)
				}
				keys = append(keys, key)
			}
			return true
		})
	}
	if len(keys) < 50 {
		t.Fatalf("only %d keys found", len(keys))
	}
	return keys
}

func TestNoWordsAreIdle(t *testing.T) {
	t.Parallel()
	var literals []string
	for _, f := range sources(t, ".") {
		ast.Inspect(f, func(n ast.Node) bool {
			if kv, ok := n.(*ast.KeyValueExpr); ok {
				ast.Inspect(kv.Value, func(n ast.Node) bool { literals = appendLiteral(literals, n); return true })
				return false // keys of the tables are no use of them
			}
			literals = appendLiteral(literals, n)
			return true
		})
	}
	all := families(t)
	suffixes := regexp.MustCompile(`\.(zero|one|other|own|limited|general|ended|unnamed|near|label|as|undo|items|bulk|connecting|before|touched|approved|mailbox|free|unknown|instead|` +
		`address|internal|short|closed|other|slack|refused|again|nobody|soon|joined|reason|unlinked|unconfirmed|obstacle)$`)
	for _, key := range spokenKeys() {
		used := func(k string) bool {
			for prefix, values := range all {
				if v, ok := strings.CutPrefix(k, prefix); ok && slices.Contains(values, v) {
					return true
				}
			}
			return slices.Contains(literals, k)
		}
		short := key
		for !used(short) && suffixes.MatchString(short) {
			short = suffixes.ReplaceAllString(short, "")
		}
		if !used(short) {
			t.Errorf("nothing says %q", key)
		}
	}
}

// spokenKeys are the keys of all languages.
func spokenKeys() []string {
	all := map[string]bool{}
	for _, l := range languages() {
		for key := range l.text {
			all[key] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// forms are the forms that numbers take in a language.
func forms(l language) []string {
	var list []string
	for n := range 102 {
		if form := l.plural(n); !slices.Contains(list, form) {
			list = append(list, form)
		}
	}
	return list
}

// TestNoTextStandsOutsideTheWords: what people read is in the tables, where each language has it. What operators read, and patterns, are not.
func TestNoTextStandsOutsideTheWords(t *testing.T) {
	t.Parallel()
	sentence := regexp.MustCompile(`\pL{2,} \pL{2,}`)
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	tables := regexp.MustCompile(`^(english|latvian)|^products\.go$|_test\.go$`)
	for _, path := range slices.DeleteFunc(paths, tables.MatchString) {
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				return !forOperators(n)
			case *ast.Field: // its tag
				return false
			case *ast.FuncDecl:
				return n.Name.Name != "Error"
			case *ast.KeyValueExpr: // of a recovery.Error
				key, ok := n.Key.(*ast.Ident)
				return !ok || !slices.Contains([]string{"Op", "Detail", "Err"}, key.Name)
			case *ast.BasicLit:
				if text, err := strconv.Unquote(n.Value); err == nil && n.Kind == token.STRING && sentence.MatchString(text) {
					t.Errorf("%s says %q", path, text)
				}
			}
			return true
		})
	}
}

// forOperators says whether a call's texts are read by operators, or by nobody: errors, logs and patterns.
func forOperators(call *ast.CallExpr) bool {
	f, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		own, ok := call.Fun.(*ast.Ident)
		return ok && own.Name == "peopleError"
	}
	return slices.Contains([]string{"Errorf", "New", "MustCompile", "DebugContext", "InfoContext", "WarnContext", "ErrorContext", "failed", "StringValue"}, f.Sel.Name)
}

func appendLiteral(list []string, n ast.Node) []string {
	lit, ok := n.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return list
	}
	s, err := strconv.Unquote(lit.Value)
	if err != nil {
		return list
	}
	return append(list, s)
}

func TestSentencesNumberTheirArguments(t *testing.T) {
	t.Parallel()
	verb := regexp.MustCompile(`%(\[[1-6]\][sd])?`)
	for _, l := range languages() {
		for key, text := range l.text {
			if strings.Contains(text, "%d") { // a number with its noun
				if form := key[strings.LastIndexByte(key, '.')+1:]; !slices.Contains(forms(l), form) || strings.Count(text, "%") != 1 {
					t.Errorf("%s: %q is no number with its noun: %q", l.code, key, text)
				}
				continue
			}
			for _, v := range verb.FindAllString(text, -1) {
				if v == "%" {
					t.Errorf("%s: %q has an argument without its number: %q", l.code, key, text)
				}
			}
		}
	}
}

// hostile is a text that would do harm if it stood in a message as it is.
const hostile = "<!channel> & <https://evil.example|contoso.com>\u202e"

func TestNotesAreSafe(t *testing.T) {
	t.Parallel()
	for _, code := range constants(t, "../recovery", "NoteCode") {
		for _, approver := range []bool{true, false} {
			for _, args := range [][]string{nil, {hostile}, {hostile, hostile, hostile}, {"a@b.example", "7"}, {"2026-11-23T12:00:00Z"}} {
				got := string(reader{wordsIn("en"), approver, "R-142"}.note(recovery.Note{Code: recovery.NoteCode(code), Args: args}))
				if strings.Contains(got, "%!") || strings.Contains(got, "<!channel") || strings.Contains(got, "<https") || strings.Contains(got, "\u202e") {
					t.Errorf("note %s %q: %q", code, args, got)
				}
			}
		}
	}
}

func TestNoteWords(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		note     recovery.Note
		approver bool
		want     string
	}{
		{
			"a time",
			recovery.Note{Code: recovery.NoteDeletedOn, Args: []string{"2026-11-12T09:30:00Z"}},
			true,
			"The account was deleted on <!date^1794475800^{date_short} {time}|12 November 2026, 09:30 UTC>.",
		},
		{
			"a known licence",
			recovery.Note{Code: recovery.NoteNoSeat, Args: []string{"SPE_E3", "HOUSE_PLAN"}},
			true,
			"No licence is free: Microsoft 365 E3 (SPE_E3), HOUSE_PLAN. Buy a seat or take one back. After that, press “Check again”.",
		},
		{
			"seats are for approvers",
			recovery.Note{Code: recovery.NoteNoSeat, Args: []string{"SPE_E3"}},
			false,
			"No licence is free. Ask your administrators for one. After that, press “Check again”.",
		},
		{"who holds an address is not for requesters", recovery.Note{Code: recovery.NoteSameAddress, Args: []string{"new@contoso.com"}}, false, ""},
		{"your own", recovery.Note{Code: recovery.NoteYourOwn}, false, "You asked for R-142, so someone else must decide."},
		{"a state", recovery.Note{Code: recovery.NoteState, Args: []string{"denied"}}, false, "That is not possible any more, or not yet: R-142 is denied."},
		{
			"a step",
			recovery.Note{Code: recovery.NoteFailedStep, Args: []string{"assign-license", "no seat"}},
			true,
			"I could not give it its licence (no licence is free).",
		},
		{
			"a property in place of an address",
			recovery.Note{Code: recovery.NoteSignInTaken, Args: []string{"userPrincipalName"}},
			true,
			"The sign-in name is taken by another account. Ask again with as: and another one.",
		},
		{
			"a wait by its beginning",
			recovery.Note{Code: recovery.NoteStillWaiting, Args: []string{"2026-11-12T09:30:00Z", "120"}},
			true,
			"Microsoft has been at work on it since <!date^1794475800^{date_short} {time}|12 November 2026, 09:30 UTC>. It can take up to a day.",
		},
		{
			"what Exchange says is for approvers",
			recovery.Note{Code: recovery.NoteCopyWaits, Args: []string{"2026-11-12T09:30:00Z", "Informational: not before ten"}},
			false,
			"The copy has been suspended since <!date^1794475800^{date_short} {time}|12 November 2026, 09:30 UTC> and does not go on by itself. The approvers know.",
		},
		{
			"a fault of ours is not Microsoft's",
			recovery.Note{Code: recovery.NoteUnreadable, Args: []string{"internal"}},
			false,
			"Mailback has met a fault of its own and cannot go on yet. I will try again by myself; if it stays so, tell whoever runs Mailback: the details are in its log under R-142.",
		},
		{
			"one of theirs is",
			recovery.Note{Code: recovery.NoteUnreadable, Args: []string{"unavailable"}},
			false,
			"Microsoft could not be read just now (no answer). I will try again by myself.",
		},
		{
			"who cannot be written to",
			recovery.Note{Code: recovery.NoteUnreachable, Args: []string{"messages_tab_disabled"}},
			false,
			"Slack does not let me write to you. Open *Apps*, then *Mailback*, then its *Messages* tab, and ask again.",
		},
		{
			"who approved",
			recovery.Note{Code: recovery.NoteApproverLost, Args: []string{"U0PATTIF01"}},
			true,
			"The approval of <@U0PATTIF01> no longer counts, because that person may not approve any more.",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := (reader{wordsIn("en-GB"), tt.approver, "R-142"}).note(tt.note); string(got) != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestTimeLeft(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for left, want := range map[time.Duration]string{
		-time.Hour: "the time is over", 0: "the time is over", 59 * time.Minute: "less than an hour left",
		time.Hour: "1 hour left", 47 * time.Hour: "47 hours left", 11*24*time.Hour + time.Hour: "11 days left",
	} {
		if got := wordsIn("en").left(now.Add(left), now); string(got) != want {
			t.Errorf("%v: %q, want %q", left, got, want)
		}
	}
}

func TestUnknownLanguageIsEnglish(t *testing.T) {
	t.Parallel()
	if got := wordsIn("tlh").code; got != "en" {
		t.Errorf("got %q", got)
	}
}

// TestSentencesTakeWhatTheyNeed: a sentence that needs fewer arguments than it is given says nothing of the rest.
func TestSentencesTakeWhatTheyNeed(t *testing.T) {
	t.Parallel()
	for _, l := range languages() {
		w := words{language: l}
		for key := range l.text {
			if said := w.format(key, []any{"a", "b", 3, 4, "e", "f"}); strings.Contains(said, "EXTRA") || strings.Contains(said, "MISSING") || strings.Contains(said, "BADINDEX") {
				t.Errorf("%s in %s says %q", key, l.code, said)
			}
		}
	}
}
