package main

import (
	"context"
	_ "embed"
	"fmt"
	"log"
	"maps"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"mailback/internal/sandbox"
	"mailback/internal/slackfake"
)

// axe is the accessibility checker axe-core 4.10.3 (npm, MPL-2.0; its licence stands beside it).
//
//go:embed testdata/axe/axe.min.js
var axe string

// browser is a headless Chromium with the page of a sandbox of its own.
type browser struct {
	*testing.T

	ctx context.Context //nolint:containedctx // chromedp keeps its tab in it
	url string

	mu      sync.Mutex
	console []string // what the page's console said was wrong
}

// browses opens the page in a window of such a width. What its console says is wrong fails the test.
func browses(t *testing.T, width int64, settings map[string]string) *browser {
	t.Helper()
	if testing.Short() {
		t.Skip("each browser test starts Chromium and a bot")
	}
	program, err := exec.LookPath("mailback")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{"MAILBACK_DATABASE_URL": "sqlite:" + filepath.Join(t.TempDir(), "mailback.db")}
	maps.Copy(all, settings)
	s, err := sandbox.Start(t.Context(), sandbox.Config{Program: program, Settings: all})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	// chromedp would have Chromium killed with the thread that started it, and threads end: each sandbox locks one to its bot.
	unbound := chromedp.ModifyCmdFunc(func(*exec.Cmd) {})
	options := append(chromedp.DefaultExecAllocatorOptions[:], unbound, chromedp.NoSandbox, chromedp.WindowSize(int(width), 900),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-background-networking", true))
	allocated, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(allocated, chromedp.WithErrorf(func(format string, args ...any) {
		if !strings.HasPrefix(format, "unhandled ") { // events of a Chromium newer than chromedp
			log.Printf(format, args...)
		}
	}))
	t.Cleanup(cancel)
	b := &browser{T: t, ctx: ctx, url: s.URL()}
	if err := chromedp.Run(ctx); err != nil { // the first run starts the browser, which ends with the context of this one
		t.Fatalf("start Chromium: %v", err)
	}
	chromedp.ListenTarget(ctx, b.listen)
	b.do("open the page", chromedp.EmulateViewport(width, 900), prefers("light"), cdplog.Enable(), chromedp.Navigate(s.URL()+"/"), chromedp.WaitVisible(`#people [aria-checked="true"]`), chromedp.Evaluate(tellRefusals, nil))
	t.Cleanup(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, c := range b.console {
			t.Errorf("the console says %s", c)
		}
	})
	return b
}

// prefers sets the color scheme, and that nothing moves: what fades in has not yet its contrast.
func prefers(scheme string) chromedp.Action {
	return emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	})
}

// tellRefusals has the page's console say what the sandbox refused and why, where the browser says no more than 400.
const tellRefusals = `(() => { const real = window.fetch; window.fetch = async (...call) => {
	const answer = await real(...call);
	if (!answer.ok) console.error(call[0], call[1]?.body, await answer.clone().text());
	return answer;
}; })()`

// listen keeps what the console says is wrong.
func (b *browser) listen(event any) {
	said := ""
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		said = e.ExceptionDetails.Error()
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.APITypeError || e.Type == runtime.APITypeWarning {
			for _, arg := range e.Args {
				said += string(arg.Value) + " "
			}
		}
	case *cdplog.EventEntryAdded:
		if e.Entry.Level == cdplog.LevelError {
			said = e.Entry.Text + " " + e.Entry.URL
		}
	}
	if said != "" {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.console = append(b.console, said)
	}
}

// within is how long the page may take to show something.
const within = 30 * time.Second

// do does something in the page.
func (b *browser) do(what string, actions ...chromedp.Action) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, within)
	defer cancel()
	if err := chromedp.Run(ctx, actions...); err != nil {
		b.Fatalf("%s: %v\nthe page says:\n%s", what, err, b.text())
	}
}

// text is all that the page shows.
func (b *browser) text() string {
	var text string
	if err := chromedp.Run(b.ctx, chromedp.Evaluate("document.body.innerText", &text)); err != nil {
		return err.Error()
	}
	return text
}

// sees waits until what the page shows matches.
func (b *browser) sees(pattern string) {
	b.Helper()
	re := regexp.MustCompile("(?s)" + pattern)
	for until := time.Now().Add(within); ; time.Sleep(100 * time.Millisecond) {
		text := b.text()
		if re.MatchString(text) {
			return
		}
		if time.Now().After(until) {
			b.Fatalf("nothing matches %q in:\n%s", pattern, text)
		}
	}
}

// clicks the last element of the page that matches a CSS selector, once there is one to be seen. It is found and clicked in one step of
// the page's script, since the page is drawn anew beside it, and only where nothing lies over it, as with a hand.
func (b *browser) clicks(selector string) {
	b.Helper()
	var over string
	for until := time.Now().Add(within); ; time.Sleep(100 * time.Millisecond) {
		b.do("click "+selector, chromedp.Evaluate(fmt.Sprintf(clickLast, selector), &over))
		if over == "" {
			return
		}
		if time.Now().After(until) {
			b.Fatalf("click %s: %s\nthe page says:\n%s", selector, over, b.text())
		}
	}
}

// clickLast tells why there was no click, and nothing where there was.
const clickLast = `(() => {
	const e = [...document.querySelectorAll(%q)].at(-1);
	if (!e) return "it is not there";
	e.scrollIntoView({ block: "center", inline: "center" });
	const r = e.getBoundingClientRect();
	const top = document.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2);
	if (!r.width || !top || !e.contains(top)) return "what can be clicked there is " + (top?.outerHTML.slice(0, 200) ?? "out of sight");
	if (e.disabled) return "it is disabled";
	e.focus();
	e.click();
	return "";
})()`

// becomes changes who sits before the page.
func (b *browser) becomes(user string) {
	b.Helper()
	person := fmt.Sprintf(`[data-person=%q]`, user)
	b.clicks(person)
	b.do("become "+user, chromedp.WaitVisible(person+`[aria-checked="true"]`))
}

// goes looks at a place: a channel, the direct messages, or Home.
func (b *browser) goes(place string) {
	b.Helper()
	b.clicks(fmt.Sprintf(`[data-place=%q]`, place))
}

// types sends a line.
func (b *browser) types(line string) {
	b.Helper()
	b.do("type "+line, chromedp.SetValue("#line", line))
	b.clicks(`#typing button[type="submit"]`)
}

// presses uses the newest button of an action that the page shows.
func (b *browser) presses(action string) {
	b.Helper()
	for range 3 {
		var shown string
		b.clicks(fmt.Sprintf(`[data-action=%q]`, action))
		b.do("read what "+action+" did", chromedp.WaitNotPresent(`main[aria-busy]`), chromedp.Text("#status", &shown))
		if !strings.Contains(shown, "Slack shows: ") {
			return
		}
		b.Logf("%s: %s; it is pressed again, as a person would", action, shown)
	}
	b.Fatalf("Slack shows an error each time that %s is pressed", action)
}

// submits fills in the open form's fields, by their action ids, and submits it.
func (b *browser) submits(fields map[string]string) {
	b.Helper()
	b.do("the form opens", chromedp.WaitVisible(`#modal button[type="submit"]`))
	for action, value := range fields {
		b.do("fill in "+action, chromedp.SetValue(fmt.Sprintf(`#modal [data-action=%q]`, action), value))
	}
	b.clicks(`#modal button[type="submit"]`)
}

// accessible has axe look at the page as it is, and fails for what it calls serious or critical.
func (b *browser) accessible(what string) {
	b.Helper()
	var found []struct {
		ID     string `json:"id"`
		Impact string `json:"impact"`
		Help   string `json:"help"`
		Nodes  []struct {
			HTML string `json:"html"`
		} `json:"nodes"`
	}
	b.do("check for accessibility", chromedp.Evaluate(axe, nil), chromedp.Evaluate("axe.run().then((r) => r.violations)", &found,
		func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	for _, v := range found {
		if v.Impact != "serious" && v.Impact != "critical" {
			continue
		}
		var where []string
		for _, n := range v.Nodes {
			where = append(where, n.HTML)
		}
		b.Errorf("%s: %s (%s): %s\n%s", what, v.ID, v.Impact, v.Help, strings.Join(where, "\n"))
	}
}

// tabsTo presses Tab until what matches has the focus.
func (b *browser) tabsTo(selector string) {
	b.Helper()
	b.reaches(selector, kb.Tab)
}

// reaches presses a key until what matches has the focus. What is not there yet may come: the page is looked at anew each second.
func (b *browser) reaches(selector, key string) {
	b.Helper()
	for range 300 {
		var there bool
		b.do("press a key", chromedp.KeyEvent(key), chromedp.Evaluate(fmt.Sprintf("document.activeElement.matches(%q)", selector), &there))
		if there {
			return
		}
	}
	b.Fatalf("the key does not lead to %s", selector)
}

// fits fails where the page is wider than its window.
func (b *browser) fits(what string) {
	b.Helper()
	var over float64
	b.do("measure the page", chromedp.Evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth", &over))
	if over > 0 {
		b.Errorf("%s: the page is %v px wider than its window", what, over)
	}
}

const approvalsChannel = slackfake.ApprovalsID
