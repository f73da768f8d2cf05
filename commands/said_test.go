package commands

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"mailback/bot"
	"mailback/recovery"
)

// compareText holds a text against testdata/<language>/<name>.golden.txt.
func compareText(t *testing.T, code, name, got string) {
	t.Helper()
	comparePath(t, filepath.Join("testdata", code, name+".golden.txt"), got)
}

// sayings collects what is said, each under what it answers.
type sayings struct{ strings.Builder }

func (s *sayings) add(what string, texts ...string) {
	fmt.Fprintf(s, "== %s\n", what)
	for _, text := range texts {
		if text != "" {
			s.WriteString(text + "\n")
		}
	}
}

// spelled is what Slack's objects say to who reads them, in their order: each text, and buttons and fields in brackets.
func spelled(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var tree map[string]any
	if err := json.Unmarshal(raw, &tree); err != nil {
		t.Fatal(err)
	}
	var lines []string
	textOf := func(v any) string {
		o, _ := v.(map[string]any)
		text, _ := o["text"].(string)
		return text
	}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			switch kind := v["type"]; kind {
			case "plain_text", "mrkdwn":
				lines = append(lines, fmt.Sprint(v["text"]))
				return
			case "button":
				lines = append(lines, fmt.Sprintf("[%s]", textOf(v["text"])))
				return
			}
			for _, part := range []string{"title", "label", "hint", "text", "placeholder", "element", "elements", "accessory", "options", "fields", "blocks"} {
				walk(v[part])
			}
			for _, part := range []string{"submit", "close"} {
				if text := textOf(v[part]); text != "" {
					lines = append(lines, fmt.Sprintf("[%s]", text))
				}
			}
		}
	}
	walk(tree)
	return strings.Join(lines, "\n")
}

// typedSamples are lines as people type them: each command, and each way of not being understood.
func typedSamples() []string {
	return []string{
		"help", "language", "language lv", "adelev@contoso.com she is back", "check adelev@contoso.com", "deleted", "status", "status R-142", "cancel R-142",
		"items adelev@contoso.com folder:Inbox gone by mistake", "bulk after:7d domain:contoso.com a sync rule",
		"adelev@contoso.com " + strings.Repeat("why ", 126), strings.Repeat("a", maxTyped+1), "stats", "bulk", "bulk a@x.example domain:x.example", "bulk by:sam@x.example", "bulk domian:x.example",
		"bulk domain:x y", "language tlh", "R-142", "cancel R-1 please", "check", "adelev@contoso", "adelev@contoso.com,she", "adelev@cont\u200boso.com", "аdelev@contoso.com", "adele'v\u02bc@contoso.com", "adele*@contoso.com",
		"adelev@contoso.com bela@contoso.com", "@adele", "<#C0APPROVALS|it-approvals>", "<mailto:evil@x.example|adelev@contoso.com>", "“Adele Vance", `""`, `"` + strings.Repeat("a", maxName+1) + `"`,
		"adelev@contoso.com tikcet:1", "items adelev@contoso.com foldr:Inbox", "adelev@contoso.com after:7d", "into:a@x.example adelev@contoso.com", "adelev@contoso.com into:",
		"adelev@contoso.com into:a@x.example into:b@x.example", "adelev@contoso.com she left into:a@x.example", "adelev@contoso.com license:(E3)",
		"adelev@contoso.com ticket:" + strings.Repeat("1", maxTicket+1), "adelev@contoso.com ticket:4711 back", "bela@contoso.com ticket:INC-1", "items adelev@contoso.com after:someday",
		"items adelev@contoso.com type:letter", "cancel", "cancel all", "cancel R-1 R-2",
	}
}

// wanting are the rules of an installation that wants both a reason and tickets of a form.
func wanting(t *testing.T) Rules {
	t.Helper()
	form, err := WholeTicket("INC-[0-9]+")
	if err != nil {
		t.Fatal(err)
	}
	return Rules{ReasonRequired: true, TicketPattern: form, TicketURL: "https://tickets.example/{ticket}"}
}

// deskWith has something of everything that can be asked for.
func deskWith() *desk {
	due := deletedUser()
	due.State = recovery.Pending
	return &desk{
		result:   recovery.CheckResult{Approver: true, Diagnosis: *deletedUser().Diagnosis},
		accounts: []recovery.Account{deletedUser().Diagnosis.Account},
		requests: []recovery.Request{deletedUser(), due},
		own:      ownList(12),
		overview: recovery.Overview{
			Approver: true, Own: []recovery.Carded{{Request: deletedUser(), Card: recovery.Place{Channel: "D0MEGANB01", TS: "1764000000.000100"}}},
			Waiting: []recovery.Carded{{Request: due, Card: recovery.Place{Channel: approvals, TS: "1764000000.000200"}}}, Running: []recovery.Carded{{Request: in(recovery.Restoring)}},
			Purged: []recovery.Account{deletedUser().Diagnosis.Account},
		},
	}
}

// TestGoldenAnswers holds what each line that people type is answered with, in every language.
func TestGoldenAnswers(t *testing.T) {
	t.Parallel()
	for _, l := range languages() {
		var said sayings
		met := map[fault]bool{}
		for _, line := range typedSamples() {
			d := deskWith()
			h := handlers(d)
			h.words, h.rules = words{language: l}, wanting(t)
			reply := h.Command(t.Context(), slack.SlashCommand{TeamID: "T0CONTOSO1", UserID: requester, Text: line, TriggerID: "1.2.abc", ResponseURL: "https://hooks.example/1"})
			if reply.After != nil {
				reply.After(t.Context())
			}
			ack := ""
			if reply.Payload != nil {
				ack = spelled(t, map[string]any{"blocks": []any{map[string]any{"type": "mrkdwn", "text": reply.Payload.(ephemeral).Text}}})
			}
			var answers []string
			for _, a := range d.answers {
				answers = append(answers, a.Text)
			}
			said.add("/restore-mailbox "+cut(line, 80), append([]string{ack}, answers...)...)
			for _, f := range constants(t, ".", "fault") {
				met[fault(f)] = met[fault(f)] || faultOf(h, line) == fault(f)
			}
		}
		for _, f := range constants(t, ".", "fault") {
			if !met[fault(f)] {
				t.Errorf("no line shows the fault %q", f)
			}
		}
		compareText(t, l.code, "answers", said.String())
	}
}

// faultOf is what is wrong with a line; empty for nothing.
func faultOf(h *Handlers, line string) fault {
	command, err := parse(line)
	if fault, ok := err.(*syntaxError); ok { //nolint:errorlint // parse gives it bare
		return fault.Fault
	}
	if ask, ok := command.(askCommand); ok {
		for _, fault := range h.rules.check(ask.Ask) {
			return fault.Fault
		}
	}
	return ""
}

// TestGoldenForms holds the forms and Home, in every language.
func TestGoldenForms(t *testing.T) {
	t.Parallel()
	for _, l := range languages() {
		var said sayings
		d := deskWith()
		h := handlers(d)
		h.words, h.rules = words{language: l}, wanting(t)
		deny, err := h.reasonView(recovery.ActDeny, askedWhy{Request: 142})
		if err != nil {
			t.Fatal(err)
		}
		alone, err := h.reasonView(recovery.ActEmergency, askedWhy{Request: 142})
		if err != nil {
			t.Fatal(err)
		}
		said.add("to ask", spelled(t, h.askView(typedAsk{})))
		_, faults := h.understood(typedAsk{Who: "adelev@contoso", Ticket: "4711"})
		said.add("beside its fields", fmt.Sprintf("who: %s\nticket: %s\nreason: %s", faults[askWho], faults[askTicket], faults[askReason]))
		said.add("while it looks", spelled(t, h.askNotice(h.words.say("looking"))))
		ask := recovery.Ask{Query: recovery.Query{Kind: recovery.ByAddress, Value: adele}, Reason: "She is back"}
		said.add("what would be done", spelled(t, h.planView(t.Context(), actor(requester), ask, typedAsk{Who: adele, Reason: ask.Reason})))
		said.add("to deny", spelled(t, deny))
		said.add("to decide alone", spelled(t, alone))
		said.add("to tick items", spelled(t, h.itemsPage(itemsMeta{Request: 142, Page: 1}, d.own, d.own.Ticked, d.own.Ticked)))
		home := func(who string) string {
			return spelled(t, slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: h.homeBlocks(t.Context(), actor(who))}})
		}
		said.add("Home of an approver", home(patti))
		d.overview = recovery.Overview{Own: deskWith().overview.Own}
		said.add("Home of a requester", home(requester))
		d.overview = recovery.Overview{Approver: true}
		said.add("Home of an approver for whom nothing waits", home(patti))
		d.note = &recovery.Note{Code: recovery.NoteGuest}
		said.add("Home of a guest", home(requester))
		compareText(t, l.code, "forms", said.String())
	}
}

// noteArgs are typical arguments of those notes that take any.
func noteArgs() map[recovery.NoteCode][]string {
	then, until := at(-240).Format(time.RFC3339), at(24).Format(time.RFC3339)
	args := map[recovery.NoteCode][]string{}
	give := func(list []string, codes ...recovery.NoteCode) {
		for _, c := range codes {
			args[c] = list
		}
	}
	give([]string{then}, recovery.NoteDeletedOn, recovery.NoteListedDeleted, recovery.NoteLicenseLost, recovery.NoteSoftDeleted, recovery.NoteLostTooLong, recovery.NotePurged, recovery.NotePurgedHere,
		recovery.NoteCopyWaits, recovery.NoteCopyQueued, recovery.NoteEmptyMailbox, recovery.NoteUndoLate)
	give([]string{until}, recovery.NoteDelayed, recovery.NoteNearPurge, recovery.NoteDayAhead, recovery.NoteFloodAll, recovery.NoteReminder, recovery.NoteCertificate)
	give([]string{"SPE_E3"}, recovery.NotePlanOff, recovery.NoteGraceSeats, recovery.NoteLicenseWithIt, recovery.NoteNoSeat, recovery.NoteLicenseUnneeded, recovery.NoteNoSuchLicense,
		recovery.NoteFromGroup, recovery.NoteMailboxGoes, recovery.NoteTaken, recovery.NoteTurnedOff)
	give([]string{"adele.new@contoso.com"}, recovery.NoteSameAddress, recovery.NoteAddressDropped, recovery.NoteSwept, recovery.NoteAsIgnored, recovery.NoteIntoIgnored,
		recovery.NoteDomain, recovery.NoteSignInTaken, recovery.NoteAddressTaken, recovery.NoteMailboxFirst)
	give([]string{"User.EnableDisableAccount.All"}, recovery.NoteCannotBlock, recovery.NoteHoldersUnknown, recovery.NoteMissingRole)
	give([]string{"Helpdesk Administrator"}, recovery.NoteHadRoles, recovery.NoteRolesCameBack)
	give([]string{"5368709120", "1073741824"}, recovery.NoteTargetFull, recovery.NoteArchiveFull)
	give([]string{"141"}, recovery.NoteJoined, recovery.NoteNothingToUndo, recovery.NoteUndoAsked, recovery.NoteCopyStopped)
	give([]string{patti}, recovery.NoteLeft, recovery.NoteApproverLost)
	give([]string{"3"}, recovery.NoteAmbiguous, recovery.NoteItemsFailed, recovery.NoteItemsGone, recovery.NoteItemsUnknown, recovery.NoteBulkAllSkipped)
	give([]string{"1200", "1000"}, recovery.NoteManyItems, recovery.NoteBulkMany, recovery.NoteFewerItems)
	give([]string{"unavailable", "graph"}, recovery.NoteUnreadable, recovery.NoteNotProven, recovery.NoteAfterUnknown, recovery.NoteGrantsUnread)
	give([]string{"2", "1"}, recovery.NoteNobody, recovery.NoteNobodyCopy)
	maps.Copy(args, map[recovery.NoteCode][]string{
		recovery.NoteTargetReads: {"lidiah@contoso.com", "lidia@contoso.com"}, recovery.NoteMailboxAnswers: {"user"}, recovery.NoteExchangeType: {"SharedMailbox"}, recovery.NoteGroupLicense: {"SPE_E3", "CountViolation"}, recovery.NoteTicket: {"INC-4711"},
		recovery.NoteOverConsumed: {"SPE_E3", "0"}, recovery.NoteLarge: {"size", "archive"}, recovery.NoteLicenseIgnored: {"SPE_E5", "SPE_E3"}, recovery.NoteCountryTenant: {"LV"},
		recovery.NoteAlsoAsked: {"143", "She is back"}, recovery.NoteMissingCmdlet: {"New-MailboxRestoreRequest"}, recovery.NoteMissingScope: {"files:write"},
		recovery.NoteSignInFailed: {"entra", recovery.SecretExpired}, recovery.NoteCopyFailed: {"MailboxReplicationPermanentException"}, recovery.NoteCopyPartly: {"3", "Acceptable"},
		recovery.NoteChannel: {"archived"}, recovery.NoteWaitThrottled: {until, "graph"}, recovery.NoteUnreachable: {"messages_tab_disabled"}, recovery.NoteFailedStep: {"assign-license", "no seat"},
		recovery.NoteStillWaiting: {then, "30"}, recovery.NoteStepMissing: {"assign-license"}, recovery.NoteNoInterval: {until, then}, recovery.NoteItemsDated: {"3", "Recovered 2026-11-23"},
		recovery.NoteBulkAlone: {"softdeleted"}, recovery.NoteBulkChoice: {"choice.upn"}, recovery.NoteBulkOf: {"140", "0a1b"}, recovery.NoteUndoGoesOn: {"141", "restoring"},
		recovery.NoteMovedOn: {"name", "licenses"}, recovery.NoteStays: {"restore-user"}, recovery.NoteState: {"denied"}, recovery.NoteChooseFirst: {"choice.license"},
		recovery.NoteLinked: {"87d349ed-44d7-43e1-9a83-5f2406dee5bd"}, recovery.NoteFlood: {"30", until}, recovery.NoteEmergency: {patti, nestor}, recovery.NotePlanDiffers: {"license"},
		recovery.NoteCaseDiffers: {"user", "softdeleted"},
	})
	return args
}

// TestGoldenFaults holds what the approval channel reads of the installation itself, its faults and people, in every language.
func TestGoldenFaults(t *testing.T) {
	t.Parallel()
	args := noteArgs()
	for _, l := range languages() {
		var said sayings
		word := NewFaultRenderer(RendererConfig{ApprovalChannel: approvals, Language: l.code})
		tell := func(what string, f recovery.Fault) {
			f.At = at(0)
			m, err := word(f)
			var body content
			if err != nil || json.Unmarshal(m.Body, &body) != nil || m.Channel != approvals {
				t.Fatalf("%+v, %v", m, err)
			}
			said.add(what, body.Text)
		}
		for _, code := range constants(t, "../recovery", "NoteCode") {
			note := recovery.Note{Code: recovery.NoteCode(code), Args: args[recovery.NoteCode(code)]}
			if note.Lasting() {
				tell(code, recovery.Fault{Note: note})
			}
		}
		m, err := NewLinkRenderer(RendererConfig{ApprovalChannel: approvals, Language: l.code})(recovery.Relinked{
			Actor: recovery.Actor{TeamID: "T0CONTOSO1", UserID: nestor}, Was: "0e5d0f3a-f2c0-54e3-a952-6589b9054d8e", Is: "cd31837b-7489-5aea-810e-291082db8d22", At: at(0),
		})
		var body content
		if err != nil || json.Unmarshal(m.Body, &body) != nil || m.Channel != approvals {
			t.Fatalf("%+v, %v", m, err)
		}
		said.add("somebody is known by another account", body.Text)
		tell("over", recovery.Fault{Note: recovery.Note{Code: recovery.NoteSignInFailed, Args: []string{string(recovery.PeerEntra)}}, Over: true})
		compareText(t, l.code, "faults", said.String())
	}
}

// TestGoldenNotes holds each fact, warning, obstacle and refusal as approvers and requesters read it, in every language.
func TestGoldenNotes(t *testing.T) {
	t.Parallel()
	args := noteArgs()
	for _, l := range languages() {
		var said sayings
		w := words{language: l}
		for _, code := range slices.Sorted(slices.Values(constants(t, "../recovery", "NoteCode"))) {
			note := recovery.Note{Code: recovery.NoteCode(code), Args: args[recovery.NoteCode(code)]}
			approver, other := string(reader{w, true, "R-142"}.note(note)), string(reader{w, false, "R-142"}.note(note))
			if approver == other {
				other = ""
			} else if other != "" {
				other = "(requester) " + other
			}
			said.add(code, approver, other)
			if strings.Contains(approver+other, "%!") {
				t.Errorf("%s in %s: %s", code, l.code, approver+other)
			}
		}
		for _, a := range slices.DeleteFunc(constants(t, "../recovery", "Action"), func(a string) bool { return forApprovers(recovery.Action(a)) == "" }) {
			said.add("not-approver of "+a, string(reader{w, false, "R-142"}.refusal(recovery.Action(a), recovery.Note{Code: recovery.NoteNotApprover})))
		}
		for _, trouble := range []bot.Trouble{bot.Busy, bot.Failed, bot.Late, bot.Oversize, bot.Foreign, bot.External} {
			said.add("trouble: "+trouble.String(), Sorry(l.code)(trouble, requester))
		}
		compareText(t, l.code, "notes", said.String())
	}
}
