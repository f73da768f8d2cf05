package commands

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"mailback/bot"
	"mailback/recovery"
)

// legible is what a message says to whoever reads it: its text, and what its buttons say.
func legible(t *testing.T, m recovery.Message) string {
	t.Helper()
	var body struct {
		Text   string `json:"text"`
		Blocks []struct {
			Elements []struct {
				Type string `json:"type"`
				Text any    `json:"text"`
			} `json:"elements"`
		} `json:"blocks"`
	}
	if err := json.Unmarshal(m.Body, &body); err != nil {
		t.Fatal(err)
	}
	said := fmt.Sprintf("== %s\n%s\n", m.Key, body.Text)
	for _, b := range body.Blocks {
		for _, e := range b.Elements {
			if text, ok := e.Text.(map[string]any); ok && e.Type == "button" {
				said += fmt.Sprintf("[%s]\n", text["text"])
			}
		}
	}
	return said
}

// TestGoldenLatvian: all that people and the approvers read in Latvian, as text.
func TestGoldenLatvian(t *testing.T) {
	t.Parallel()
	for _, tt := range scenes() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := tt.r
			r.Reader.Language = "lv"
			var said strings.Builder
			for _, m := range renderBy(t, sceneConfig(t, tt.name, "lv"), r, tt.e) {
				if err := bot.CheckBody(m.Body); err != nil {
					t.Errorf("%s: Slack would refuse it: %v", m.Key, err)
				}
				said.WriteString(legible(t, m))
			}
			compareText(t, "lv", tt.name, said.String())
		})
	}
}

// TestLanguagesSayTheSame: each sentence is in every language, with the same arguments, though a language may have more forms of a number.
func TestLanguagesSayTheSame(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`\.(zero|one|other)$`)
	verb := regexp.MustCompile(`%(\[[1-6]\])?[sd]`)
	arguments := func(text string) []string { return slices.Sorted(slices.Values(verb.FindAllString(text, -1))) }
	first := english()
	for _, l := range languages()[1:] {
		for key, text := range l.text {
			same, ok := first.text[key]
			if !ok && form.MatchString(key) {
				same, ok = first.text[form.ReplaceAllString(key, ".other")]
			}
			if !ok || !slices.Equal(slices.Compact(arguments(text)), slices.Compact(arguments(same))) {
				t.Errorf("%s says %q as %q, English as %q", l.code, key, text, same)
			}
		}
		for key := range first.text {
			if _, ok := l.text[key]; !ok {
				t.Errorf("%s does not say %q", l.code, key)
			}
		}
	}
}

func TestLatvianNumbers(t *testing.T) {
	t.Parallel()
	w := wordsIn("lv")
	for n, want := range map[int]string{0: "0 dienu", 1: "1 diena", 2: "2 dienas", 10: "10 dienu", 11: "11 dienu", 21: "21 diena", 30: "30 dienu", 1303: "1 303 dienas"} {
		if got := string(w.count("days", n)); strings.ReplaceAll(got, "\u00a0", " ") != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
	if got := strings.ReplaceAll(string(w.size(3<<29)), "\u00a0", " "); got != "1,5 GB" {
		t.Errorf("a size: %q", got)
	}
	if got := w.date(time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)); got != "2026. gada 22. novembris, 09:30 UTC" {
		t.Errorf("a date: %q", got)
	}
}
