package main

import (
	"bytes"
	"flag"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"mailback/internal/racetest"
	"mailback/internal/slackfake"
)

// wholeWindow stands for all that the window shows.
const wholeWindow = "main"

var pictures = flag.String("pictures", "", "the folder that gets the pictures of README.md; none are kept without it")

// TestPictures takes the pictures of README.md from a sandbox that runs, light and dark: the plan, the approval card, Home and the page.
func TestPictures(t *testing.T) {
	t.Parallel()
	racetest.Leave(t)
	dir := *pictures
	if dir == "" {
		dir = t.TempDir()
	}
	for _, scheme := range []string{"light", "dark"} {
		b := browses(t, 1400, nil)
		b.do("choose "+scheme, prefers(scheme))
		take := func(name, selector string, width, height int64) {
			t.Helper()
			var raw []byte
			shot := chromedp.CaptureScreenshot(&raw)
			if selector != wholeWindow {
				shot = chromedp.Screenshot(selector, &raw, chromedp.NodeVisible)
			}
			b.do("take a picture of "+name, chromedp.EmulateViewport(width, height), chromedp.WaitVisible(selector), shot)
			picture, err := png.Decode(bytes.NewReader(raw))
			if err != nil || picture.Bounds().Dx() < 300 || picture.Bounds().Dy() < 100 {
				t.Fatalf("%s is no picture of it: %v, %v", name, picture.Bounds(), err)
			}
			if err := os.WriteFile(filepath.Join(dir, name+"-"+scheme+".png"), raw, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		b.types("/restore-mailbox christiec@contoso.com she comes back on Monday")
		b.sees("Waiting for your confirmation")
		take("plan", "#messages article:last-of-type", 1400, 2400) // so high that nothing of it has to be scrolled to
		b.presses("request.confirm")
		b.becomes(slackfake.Patti)
		b.goes(approvalsChannel)
		b.sees("Approvals: 0 of 1")
		take("approval", "#messages article:last-of-type", 1400, 2400)
		take("page-narrow", wholeWindow, 400, 900)
		b.clicks("#open-home")
		b.do("wait for Home", chromedp.WaitVisible("#home .block.actions"))
		take("home", "#home", 1400, 1600)
		b.goes(approvalsChannel)
		b.presses("request.approve")
		b.sees("R-1 · Mailbox restored.*christiec@contoso.com: account deleted → live")
		take("page", wholeWindow, 1400, 1000)
	}
}
