package main

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"mailback/internal/fault"
	"mailback/internal/racetest"
	"mailback/internal/sandbox"
	"mailback/internal/slackfake"
)

// The changes of a drill.
const (
	madeDelete  = "DELETE users/PRACTICE"
	madeRestore = "POST directory/deletedItems/PRACTICE/restore"
	madeLicense = "POST users/PRACTICE/assignLicense"
	madePost    = "chat.postMessage"
)

func deletes() typed  { return typed{to: askDelete, line: practiceAddress} }
func restores() typed { return typed{to: askRestore, line: "y"} }
func posts() typed    { return typed{to: askPost, line: "y"} }

// takesLicense takes the licence from the account while it is deleted, so that it does not come back with it.
func takesLicense(w *drillWorld) { must(w.T, w.Microsoft().SetLicenses(w.practice)) }

// TestDrill goes the whole way: the account is back as it was, with its licence and the same mailbox, and nobody else was touched.
func TestDrill(t *testing.T) {
	w := drilled(t, drillTest{answers: []typed{deletes(), restores(), posts()}})
	if w.err != nil {
		t.Error(w.err)
	}
	w.wants([]string{madeDelete, madeRestore, madePost}, "PROVEN", "the same mailbox", "Exchange has taken its mailbox out of use", "From the deletion until now it took", "What will be done", "Posted")
	w.isBack()
	if strings.Contains(w.out.String(), "To undo") || strings.Contains(w.out.String(), "R-1") {
		t.Errorf("a card speaks of what only serve has:\n%s", w.out)
	}
	messages, err := sandbox.NewClient(w.URL()).Messages(t.Context(), slackfake.Patti)
	must(t, err)
	posted := slices.DeleteFunc(messages, func(m slackfake.MessageInfo) bool { return m.Channel != slackfake.ApprovalsID })
	if len(posted) != 1 || !strings.HasPrefix(posted[0].Text, "Drill: ") || !strings.Contains(posted[0].Text, practiceAddress) {
		t.Errorf("posted: %+v", posted)
	}
}

// TestDrillThatWaits: Microsoft shows changes late, and the mailbox comes back later still.
func TestDrillThatWaits(t *testing.T) {
	w := drilled(t, drillTest{slow: true, answers: []typed{deletes(), restores(), {to: askPost, line: ""}}})
	if w.err != nil {
		t.Error(w.err)
	}
	w.wants([]string{madeDelete, madeRestore}, "I wait until Microsoft shows it as deleted", "PROVEN", "Not posted")
	w.isBack()
}

// TestDrillGivesTheLicenceAgain where it did not come back with the account.
func TestDrillGivesTheLicenceAgain(t *testing.T) {
	w := drilled(t, drillTest{answers: []typed{
		deletes(), {to: askRestore, line: "yes", do: takesLicense}, {to: askLicense, line: "Y"}, {to: askPost, line: "n"},
	}})
	if w.err != nil {
		t.Error(w.err)
	}
	w.wants([]string{madeDelete, madeRestore, madeLicense}, "The licence SPE_E3 is not there as it was", "PROVEN")
	w.isBack()
}

// TestDrillIsRefusedByItsAdministrator: a no, an end of the terminal or Ctrl-C at each question leaves exactly what was done so far, and the end
// says what that is. No answer but a yes is one.
func TestDrillIsRefusedByItsAdministrator(t *testing.T) {
	racetest.Leave(t)
	ways := map[string]typed{"no": {line: "n"}, "return": {line: ""}, "a word": {line: "sure"}, "end": {end: true}, "ctrl-c": {stop: true}}
	for name, way := range ways {
		at := func(question string) typed { way := way; way.to = question; return way }
		t.Run(name+" to the deletion", func(t *testing.T) {
			w := drilled(t, drillTest{answers: []typed{at(askDelete)}})
			w.wants(nil, "Nothing was changed")
			w.isBack()
			if !errors.Is(w.err, errDrillRefused) {
				t.Error(w.err)
			}
		})
		t.Run(name+" to the restore", func(t *testing.T) {
			w := drilled(t, drillTest{answers: []typed{deletes(), at(askRestore)}})
			w.wants([]string{madeDelete}, "From the deletion until now it took")
			w.isDeleted()
			if !errors.Is(w.err, errDrillUnfinished) {
				t.Error(w.err)
			}
		})
		if name == "a word" || name == "return" {
			continue // they are a no, like any
		}
		t.Run(name+" to the licence", func(t *testing.T) {
			taken := restores()
			taken.do = takesLicense
			w := drilled(t, drillTest{answers: []typed{deletes(), taken, at(askLicense)}})
			w.wants([]string{madeDelete, madeRestore}, "is there, not deleted", "the licence SPE_E3 is missing", "a licence also with /restore-mailbox "+practiceAddress)
			if !errors.Is(w.err, errDrillUnfinished) {
				t.Error(w.err)
			}
		})
		t.Run(name+" to the line", func(t *testing.T) {
			w := drilled(t, drillTest{answers: []typed{deletes(), restores(), at(askPost)}})
			w.wants([]string{madeDelete, madeRestore}, "PROVEN", "Not posted")
			w.isBack()
			if w.err != nil {
				t.Error(w.err)
			}
		})
	}
}

// TestDrillTakesTheWholeAddress: a yes, or another address, deletes nothing.
func TestDrillTakesTheWholeAddress(t *testing.T) {
	for _, line := range []string{"y", "practice", "practice@contoso.co", "meganb@contoso.com"} {
		w := drilled(t, drillTest{answers: []typed{{to: askDelete, line: line}}})
		w.wants(nil, "what you typed is not the address", "Nothing was changed")
		if !errors.Is(w.err, errDrillRefused) {
			t.Error(w.err)
		}
	}
}

// TestDrillWithoutATerminal: nobody can say yes.
func TestDrillWithoutATerminal(t *testing.T) {
	w := drilled(t, drillTest{deaf: true, answers: []typed{{to: askDelete, line: practiceAddress}}})
	w.wants(nil, "there is no terminal", "Nothing was changed")
	if !errors.Is(w.err, errDrillRefused) {
		t.Error(w.err)
	}
}

// TestDrillTakesNoAnswerBeforeItsQuestion: what was typed while nobody asked is no answer.
func TestDrillTakesNoAnswerBeforeItsQuestion(t *testing.T) {
	w := drilled(t, drillTest{
		onText: map[string]func(*drillWorld){"Deleting the account": func(w *drillWorld) {
			go func() { _, _ = w.out.keys.Write([]byte("y\n")) }()
		}},
		answers: []typed{deletes(), {to: askRestore, line: "n"}},
	})
	w.wants([]string{madeDelete})
	w.isDeleted()
}

// TestDrillWithTroubles: what goes wrong on the way is looked up, waited for or said, and nothing is done twice.
func TestDrillWithTroubles(t *testing.T) {
	on := func(match string, kind fault.Kind, times, value int) func(*drillWorld) {
		return func(w *drillWorld) {
			w.lay(fault.Fault{Service: "graph", Match: match, Kind: kind, Times: times, Value: value})
		}
	}
	all := []string{madeDelete, madeRestore}
	whole := []typed{deletes(), restores(), {to: askPost, line: "n"}}
	for _, c := range []struct {
		drillTest

		changes []string
		says    []string
		err     error
	}{
		{drillTest{name: "the answer to the deletion is lost", hurt: on("DELETE ", fault.Lost, 1, 0), answers: whole}, all, []string{"The answer was lost", "It is deleted."}, nil},
		{drillTest{name: "the deletion does not arrive", hurt: on("DELETE ", fault.Drop, 1, 0), answers: whole[:1]}, nil, []string{"the account was not deleted", "is there, not deleted", "Its mailbox answers"}, errDrillUnfinished},
		{drillTest{name: "the deletion is throttled", hurt: on("DELETE ", fault.Throttle, 1, 1), answers: whole}, all, []string{"asks for a pause; I try again in 1s"}, nil},
		{drillTest{name: "the deletion is throttled for long", hurt: on("DELETE ", fault.Throttle, 0, 60), answers: whole[:1]}, nil, []string{"the account was not deleted, as Microsoft Graph asks"}, errDrillUnfinished},
		{drillTest{name: "the answer to the restore is lost", hurt: on("/restore", fault.Lost, 1, 0), answers: whole}, all, []string{"PROVEN"}, nil},
		{drillTest{name: "the restore is throttled", hurt: on("/restore", fault.Throttle, 1, 2), answers: whole}, all, []string{"Microsoft asks for a pause", "PROVEN"}, nil},
		{drillTest{name: "the restore is refused", hurt: on("/restore", fault.Status, 0, 403), answers: whole[:2]}, all[:1], []string{"it did not succeed", "IS DELETED now"}, errDrillUnfinished},
		{
			drillTest{
				name: "the network is lost", answers: []typed{deletes(), {to: askRestore, line: "y", do: func(w *drillWorld) { w.down("graph"); w.down("login") }}},
				onText: map[string]func(*drillWorld){"could not be read; I try again": func(w *drillWorld) { w.stop() }},
			},
			all[:1],
			[]string{"The drill was stopped", "Where the account is now could not be read", "/restore-mailbox " + practiceAddress, "until "},
			errDrillUnfinished,
		},
		{drillTest{name: "slack does not take the line", hurt: func(w *drillWorld) {
			w.lay(fault.Fault{Service: "slack", Match: "chat.postMessage", Kind: fault.Status, Value: 500})
		}, answers: []typed{deletes(), restores(), posts()}}, all, []string{"PROVEN", "Slack did not take it"}, errDrillUntold},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := drilled(t, c.drillTest)
			w.wants(c.changes, c.says...)
			if !errors.Is(w.err, c.err) {
				t.Errorf("%v, want %v", w.err, c.err)
			}
			if c.err == nil {
				w.isBack()
			}
		})
	}
}

// TestDrillGoesOnWithoutExchange, where that does not follow the deletion, and says what is not proven for it.
func TestDrillGoesOnWithoutExchange(t *testing.T) {
	w := drilled(t, drillTest{
		onText: map[string]func(*drillWorld){
			"The account is deleted.": func(w *drillWorld) {
				w.lay(fault.Fault{Service: "exchange", Match: "InvokeCommand", Kind: fault.Status, Value: 503})
			},
			"Exchange did not follow": func(w *drillWorld) { w.Desk().Clear() },
		},
		answers: []typed{deletes(), restores(), {to: askPost, line: "n"}},
	})
	w.wants([]string{madeDelete, madeRestore}, "I wait until Exchange follows", "PROVEN", "Not proven: that a mailbox comes back which was out of use")
	w.isBack()
	if w.err != nil {
		t.Error(w.err)
	}
}

// TestDrillByHand: where Microsoft does not let the app delete, the administrator does, and the drill goes on.
func TestDrillByHand(t *testing.T) {
	forbidden := func(w *drillWorld) {
		w.lay(fault.Fault{Service: "graph", Match: "DELETE ", Kind: fault.Status, Value: 403})
	}
	byHand := typed{to: askWait, line: "y", do: func(w *drillWorld) { must(w.T, w.Microsoft().Delete(w.practice)) }}
	w := drilled(t, drillTest{hurt: forbidden, answers: []typed{deletes(), byHand, restores(), {to: askPost, line: "n"}}})
	w.wants([]string{madeRestore}, "admin.microsoft.com, Users, Active users, "+practiceAddress+", Delete user", "PROVEN", "and the deletion by you")
	w.isBack()
	if w.err != nil {
		t.Error(w.err)
	}
	w = drilled(t, drillTest{hurt: forbidden, answers: []typed{deletes(), {to: askWait, line: "n"}}})
	w.wants(nil, "is there, not deleted")
	w.isBack()
	if !errors.Is(w.err, errDrillUnfinished) {
		t.Error(w.err)
	}
}

// TestDrillLooksAgainAfterAYes: an answer may take its time, and what happened meanwhile is seen before the restore is sent.
func TestDrillLooksAgainAfterAYes(t *testing.T) {
	w := drilledLoosely(t, drillTest{answers: []typed{deletes(), {to: askRestore, line: "y", do: func(w *drillWorld) {
		must(w.T, w.Microsoft().Restore(w.practice))
	}}, {to: askPost, line: "n"}}})
	w.wants([]string{madeDelete}, "it was there already", "PROVEN")
	w.isBack()
	for _, c := range w.Desk().Calls()[w.calls:] {
		if strings.HasSuffix(c.Path, "/restore") {
			t.Error("a restore was sent though the account was back")
		}
	}
	if w.err != nil {
		t.Error(w.err)
	}
}

// TestDrillStopsAtAnotherPlan: what happened to the account meanwhile makes the plan another than the one that was agreed to.
func TestDrillStopsAtAnotherPlan(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(*drillWorld)
		says string
	}{
		"its name is taken": {func(w *drillWorld) {
			must(w.T, w.Microsoft().Rename("other@contoso.com", practiceAddress))
		}, "The drill has ended: the diagnosis found something in the way"},
		"it is restored by somebody else": {func(w *drillWorld) { must(w.T, w.Microsoft().Restore(w.practice)) }, "is there, not deleted"},
	} {
		t.Run(name, func(t *testing.T) {
			w := drilledLoosely(t, drillTest{hurt: func(w *drillWorld) {
				_, err := w.Microsoft().AddUser("other@contoso.com", "Somebody Else") // the stand-in makes its id of its name and the second
				must(w.T, err)
			}, answers: []typed{deletes()}, onText: map[string]func(*drillWorld){"Now the request": c.do}})
			w.wants([]string{madeDelete}, c.says)
			if !errors.Is(w.err, errDrillUnfinished) {
				t.Error(w.err)
			}
		})
	}
}

func TestDrillIsAskedRight(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"--drill"},
		{"--drill", ""},
		{"--drill", "Practice Account"},
		{"--drill", "practice"},
		{"--drill", "@contoso.com"},
		{"--drill", "*@contoso.com"},
		{"--drill", "a@b@contoso.com"},
		{"--drill", "a@contoso.com,b@contoso.com"},
		{"--drill", practiceAddress, "--json"},
		{"--json", "--drill", practiceAddress},
	} {
		var out bytes.Buffer
		if err := doctor(t.Context(), args, &out, &out); err == nil || exitCode(err) != 2 {
			t.Errorf("%q: %v", args, err)
		}
	}
}

// TestDrillNeedsADoctorThatIsContent: where a check has failed, nothing is even looked at.
func TestDrillNeedsADoctorThatIsContent(t *testing.T) {
	w := drilled(t, drillTest{hurt: func(w *drillWorld) {
		w.Microsoft().RevokeRole("User.DeleteRestore.All")
		w.Microsoft().RevokeRole("User.ReadWrite.All")
	}})
	w.wants(nil, "failed   entra.role.User.DeleteRestore.All", "No drill: first put right what has failed above")
	if w.err == nil || strings.Contains(w.out.String(), "Reading") {
		t.Errorf("%v\n%s", w.err, w.out)
	}
}

// TestTerminalShowsNoControlCharacters: a name in the tenant draws over nothing.
func TestTerminalShowsNoControlCharacters(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	newTerminal(nil, &out, false).say("%s and %s", "Pra\x1b[2Jc\rtice\u202e", "two\nlines")
	if want := "Pra[2Jctice and two\nlines\n"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}

// TestAskingChangesNobodyElse: whatever a plan says, nothing but the practice account is changed, and nothing that a drill does not do.
func TestAskingChangesNobodyElse(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	d := &drill{t: newTerminal(nil, &out, false), yes: map[string]time.Time{}}
	d.before.account.ID = "the practice account"
	a := asking{d}
	for name, change := range restorerCalls(a) {
		for _, id := range []string{"", "somebody else"} {
			if err := change(t.Context(), id); err == nil || out.Len() > 0 || d.refused != nil {
				t.Errorf("%s of %q: %v, asked %q", name, id, err, out.String())
			}
		}
	}
	d.before.account.ID = ""
	for name, change := range restorerCalls(a) {
		if err := change(t.Context(), ""); err == nil || out.Len() > 0 {
			t.Errorf("%s of nobody: %v", name, err)
		}
	}
}
