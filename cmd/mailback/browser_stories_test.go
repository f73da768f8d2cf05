package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"mailback/internal/racetest"
	"mailback/internal/slackfake"
)

// TestPageTellsEachCase from typing to proof.
func TestPageTellsEachCase(t *testing.T) {
	t.Parallel()
	racetest.Leave(t)
	b := browses(t, 1400, nil)
	for i, c := range []struct {
		line      string
		approvers []string
	}{
		{"/restore-mailbox debrab@contoso.com her licence went by mistake", []string{slackfake.Patti}},
		{"/restore-mailbox christiec@contoso.com she comes back", []string{slackfake.Patti}},
		{"/restore-mailbox info@contoso.com customers still write to it", []string{slackfake.Patti}},
		{"/restore-mailbox brianj@contoso.com into:lidiah@contoso.com she took over", []string{slackfake.Patti, slackfake.Nestor}},
		{"/restore-mailbox benw@contoso.com into:lidiah@contoso.com for the audit", []string{slackfake.Patti, slackfake.Nestor}},
		{"/restore-mailbox items leeg@contoso.com type:message he emptied the wrong folder", []string{slackfake.Patti}},
	} {
		b.becomes(slackfake.Megan)
		b.types(c.line)
		b.sees(fmt.Sprintf("R-%d · Waiting for your confirmation", i+1))
		b.presses("request.confirm")
		for _, approver := range c.approvers {
			b.becomes(approver)
			b.goes(approvalsChannel)
			b.sees(fmt.Sprintf("R-%d · Waiting for approval", i+1))
			b.presses("request.approve")
		}
		b.becomes(slackfake.Megan)
		b.sees(fmt.Sprintf(`R-%d: [^\n]*restored`, i+1))
	}
	b.sees(`christiec@contoso\.com: account deleted → live`) // what the calls changed
	b.accessible("after six requests")
}

// TestPageTellsItsStories: each story of the page can be had done step by step, and ends as it says.
func TestPageTellsItsStories(t *testing.T) {
	t.Parallel()
	racetest.Leave(t)
	b := browses(t, 1400, nil)
	stories := []struct {
		name, ends, reader string
		steps              int
	}{
		{"A deleted user", `R-1: [^\n]*restored`, slackfake.Megan, 3},
		{"A licence was removed", `R-2: [^\n]*restored`, slackfake.Megan, 3},
		{"A deleted shared mailbox", `R-3: [^\n]*restored`, slackfake.Megan, 3},
		{"A mailbox without its user", `R-4: [^\n]*restored`, slackfake.Megan, 4},
		{"An inactive mailbox", `R-5: [^\n]*restored`, slackfake.Megan, 4},
		{"Deleted messages", `R-6: [^\n]*restored`, slackfake.Megan, 3},
		{"Many at once", "R-7: the mailboxes are restored", slackfake.Patti, 4},
		{"A denial", `R-\d+ · Denied`, slackfake.Megan, 3},
		{"Somebody who may not", "You are not an approver, so you cannot decide on R-[0-9]+", slackfake.Lee, 3},
	}
	var told int
	b.do("count the stories", chromedp.Evaluate(`document.querySelectorAll("#stories button").length`, &told))
	if told != len(stories) {
		t.Errorf("the page has %d stories, and %d are read here", told, len(stories))
	}
	for _, s := range stories {
		b.clicks(fmt.Sprintf(`[data-story=%q]`, s.name))
		for step := range s.steps {
			b.clicks(fmt.Sprintf(`[data-step="%d"]`, step))
			b.do(fmt.Sprintf("%s, step %d", s.name, step+1), chromedp.WaitVisible(fmt.Sprintf(`#story li.done:nth-child(%d)`, step+1)))
		}
		b.becomes(s.reader)
		if s.reader == slackfake.Lee {
			b.goes(approvalsChannel)
		}
		b.sees(s.ends)
	}
}

// TestPageHasFormsAndHome, and a denial.
func TestPageHasFormsAndHome(t *testing.T) {
	t.Parallel()
	racetest.Leave(t)
	b := browses(t, 1400, nil)
	b.clicks("#shortcut")
	b.submits(map[string]string{"who": "nonsense"})
	b.sees("is not a whole address|I do not understand")
	b.accessible("a form with an error")
	b.submits(map[string]string{"who": "irvins@contoso.com", "reason": "just to look"})
	b.sees("If you ask for it")
	b.accessible("a form with a plan")
	b.submits(nil)
	b.sees("R-1: your request for irvins@contoso.com is recorded")
	b.clicks(`#modal footer button[type="button"]`)
	b.presses("request.confirm")
	b.clicks("#open-home")
	b.sees("Your requests.*R-1, irvins@contoso.com")
	b.accessible("Home")
	b.becomes(slackfake.Patti)
	b.clicks("#open-home")
	b.sees("Waiting for approval.*R-1, irvins@contoso.com")
	b.presses("home.open") // the link to the card
	b.sees("R-1 · Waiting for approval")
	b.presses("request.deny")
	b.submits(map[string]string{"reason": "A look is not reason enough."})
	b.sees("R-1 · Denied")
	b.becomes(slackfake.Megan)
	b.sees("Patti Fernandez denied this.*A look is not reason enough")
}

// TestPageRendersEveryBlock that is in a golden file of a card or a message, and shows plainly one that it does not know.
func TestPageRendersEveryBlock(t *testing.T) {
	t.Parallel()
	racetest.Leave(t)
	b := browses(t, 1400, nil)
	render := func(blocks string) (said string) {
		t.Helper()
		b.do("render blocks", chromedp.Evaluate(`import("/blocks.js").then((m) => m.renderBlocks(`+blocks+`, { act() {} }).map((n) => n.className + " " + n.textContent).join("\n"))`, &said,
			func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
		return said
	}
	paths, err := filepath.Glob("../../commands/testdata/*.golden.json")
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var messages []struct {
			Body struct{ Blocks json.RawMessage }
		}
		if err := json.Unmarshal(raw, &messages); err != nil {
			t.Fatal(err)
		}
		for _, m := range messages {
			if m.Body.Blocks == nil {
				continue
			}
			if said := render(string(m.Body.Blocks)); said == "" || strings.Contains(said, "unknown ") && !strings.Contains(string(raw), "unknown ") {
				t.Errorf("%s: the page shows %q", path, said)
			}
		}
	}
	if said := render(`[{"type":"hologram"}]`); !strings.Contains(said, "A block of the unknown type “hologram”") {
		t.Errorf("a block that it does not know: %q", said)
	}
}

// TestPageBreaksThings: a fault by its switch, time by its slider, and a bot that is stopped.
func TestPageBreaksThings(t *testing.T) {
	t.Parallel()
	racetest.Leave(t)
	b := browses(t, 1400, nil)
	b.clicks(`#switches label:nth-child(2) input`)
	b.types("/restore-mailbox check debrab@contoso.com")
	b.sees("No answer from Microsoft|could not be read")
	b.clicks(`#switches label:nth-child(2) input`)
	b.types("/restore-mailbox christiec@contoso.com she comes back")
	b.sees("Waiting for your confirmation")
	b.do("move time on by two days", chromedp.SetValue("#advance", "2"))
	b.clicks(`#time button[type="submit"]`)
	b.sees("Expired")
	var seen bool
	b.clicks(`[data-signal="stop"]`)
	b.sees("The bot is not running")
	b.types("/restore-mailbox help")
	b.sees("Slack shows: ")
	b.do("look from the foot of the page", chromedp.Evaluate(`(() => { window.scrollTo(0, document.body.scrollHeight);
		const r = document.querySelector("#status").getBoundingClientRect(); return r.height > 0 && r.top >= 0 && r.bottom <= innerHeight; })()`, &seen))
	if !seen {
		b.Error("what went wrong is out of sight")
	}
	b.accessible("with what went wrong")
}

// TestPageSpeaksLatvian to who chooses it.
func TestPageSpeaksLatvian(t *testing.T) {
	t.Parallel()
	racetest.Leave(t)
	b := browses(t, 1400, nil)
	b.types("/restore-mailbox language lv")
	b.sees("Turpmāk runāšu ar jums latviski")
	b.types("/restore-mailbox debrab@contoso.com viņa atgriezās")
	b.sees("Apliecināt pieprasījumu")
}

// TestPageWorksByKeyboard alone: the focus goes where it is wanted by Tab and the arrow keys, and nowhere else.
func TestPageWorksByKeyboard(t *testing.T) {
	t.Parallel()
	racetest.Leave(t)
	b := browses(t, 1400, nil)
	b.tabsTo("#line")
	b.do("type into the line", chromedp.KeyEvent(kb.End+"debrab@contoso.com by keyboard"+kb.Enter))
	b.sees("R-1 · Waiting for your confirmation")
	b.tabsTo(`[data-action="request.confirm"]`)
	b.do("press it", chromedp.KeyEvent(kb.Enter))
	b.tabsTo(`#people [aria-checked="true"]`)
	b.reaches(`[data-person="`+slackfake.Patti+`"]`, kb.ArrowDown)
	b.tabsTo(`[data-place="` + approvalsChannel + `"]`)
	b.do("go to the channel", chromedp.KeyEvent(kb.Enter))
	b.sees("R-1 · Waiting for approval")
	b.tabsTo(`[data-action="request.approve"]`)
	b.do("press it", chromedp.KeyEvent(kb.Enter))
	b.sees("R-1 · Mailbox restored")
}

// TestPageFitsAPhone at 400 px.
func TestPageFitsAPhone(t *testing.T) {
	t.Parallel()
	racetest.Leave(t)
	b := browses(t, 400, nil)
	b.fits("at first")
	b.types("/restore-mailbox debrab@contoso.com on the train")
	b.presses("request.confirm")
	b.fits("with a card")
	b.clicks("#shortcut")
	b.do("the form opens", chromedp.WaitVisible(`#modal button[type="submit"]`))
	b.fits("with a form")
	b.accessible("on a phone")
}
