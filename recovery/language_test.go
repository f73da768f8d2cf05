package recovery

import (
	"context"
	"errors"
	"testing"
)

// memLanguages keeps languages in memory: what was chosen has a mark before it.
type memLanguages map[Actor]string

func (m memLanguages) Language(_ context.Context, who Actor) (string, error) {
	if who.UserID == "U0BROKEN" {
		return "", errors.New("disk full")
	}
	return m[who], nil
}

func (m memLanguages) KeepLanguage(_ context.Context, who Actor, language string, chosen bool) error {
	if chosen || m[who] == "" {
		m[who] = language
	}
	return nil
}

func TestWhoseLanguageIsSpoken(t *testing.T) {
	t.Parallel()
	for locale, want := range map[string]string{"lv-LV": "lv-LV", "en-US": "", "en-GB": "en-GB", "": ""} {
		w := newWorld(t)
		w.deleted("id-1", "adele")
		p := w.people.persons[rita]
		p.Locale = locale
		w.people.persons[rita] = p
		if r := w.asks("adele@contoso.com"); r.Reader.Language != want {
			t.Errorf("%q: %q", locale, r.Reader.Language)
		}
		if got := w.svc.Language(w.ctx, by(rita)); got != want {
			t.Errorf("%q is kept as %q", locale, got)
		}
	}
}

// TestAChosenLanguageStays against Slack's, and open requests go on in it.
func TestAChosenLanguageStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleted("id-1", "adele")
	w.deleted("id-2", "bella")
	open := w.asks("adele@contoso.com")
	if err := w.svc.Speak(w.ctx, by(rita), "lv"); err != nil {
		t.Fatal(err)
	}
	if r := w.request(open.ID); r.Reader.Language != "lv" || r.Version != open.Version {
		t.Errorf("the open one: %+v, version %d after %d", r.Reader, r.Version, open.Version)
	}
	p := w.people.persons[rita]
	p.Locale = "de-DE"
	w.people.persons[rita] = p
	if r := w.asks("bella@contoso.com"); r.Reader.Language != "lv" {
		t.Errorf("the next one: %+v", r.Reader)
	}
	if err := w.svc.Speak(w.ctx, Actor{TeamID: "T0OTHER", UserID: rita}, "lv"); err == nil {
		t.Error("somebody of another workspace chooses")
	}
	if got := w.svc.Language(w.ctx, Actor{TeamID: team, UserID: "U0BROKEN"}); got != "" {
		t.Errorf("what cannot be read is %q", got)
	}
}
