package store

import (
	"testing"

	"mailback/recovery"
)

func TestLanguages(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s, ctx := u.open(), t.Context()
		who := recovery.Actor{TeamID: "T1", UserID: "U11"}
		want := func(what, language string) {
			t.Helper()
			if got, err := s.Language(ctx, who); err != nil || got != language {
				t.Errorf("%s: %q, %v", what, got, err)
			}
		}
		want("nothing is known", "")
		u.must(s.KeepLanguage(ctx, who, "de-DE", false))
		want("Slack's", "de-DE")
		u.must(s.KeepLanguage(ctx, who, "fr-FR", false))
		want("Slack's has changed", "fr-FR")
		u.must(s.KeepLanguage(ctx, who, "lv", true))
		u.must(s.KeepLanguage(ctx, who, "fr-FR", false))
		want("the person's own stays", "lv")
		u.must(s.KeepLanguage(ctx, who, "en", true))
		want("the person has changed it", "en")
		if got, err := s.Language(ctx, recovery.Actor{TeamID: "T2", UserID: "U11"}); err != nil || got != "" {
			t.Errorf("the same id in another workspace: %q, %v", got, err)
		}
		if _, err := u.trail().Erase(ctx, []string{"U12"}); err != nil {
			t.Error(err)
		}
		want("somebody else was erased", "en")
		if _, err := u.trail().Erase(ctx, []string{"u11 "}); err != nil {
			t.Error(err)
		}
		want("the person was erased", "")
	})
}
