package commands

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"mailback/bot"
	"mailback/internal/racetest"
	"mailback/recovery"
)

// poison puts a text into every plain string below a value: whatever people or the tenant can fill. Values of a type of their own, such
// as states and note codes, are Mailback's.
func poison(v reflect.Value, text string) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			poison(v.Elem(), text)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for _, field := range v.Fields() {
			poison(field, text)
		}
	case reflect.Slice:
		for i := range v.Len() {
			poison(v.Index(i), text)
		}
	case reflect.String:
		if v.Type() == reflect.TypeFor[string]() && v.CanSet() {
			v.SetString(text)
		}
	}
}

// TestHostileTextsInEveryField: no field of a request or an event, whatever it holds, puts a mention, a link or a right-to-left mark into
// a message, or cuts a token in two.
func TestHostileTextsInEveryField(t *testing.T) {
	t.Parallel()
	racetest.Leave(t)
	for _, s := range scenes() {
		raw, err := json.Marshal(struct {
			R recovery.Request
			E recovery.Event
		}{s.r, s.e})
		if err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string]string{
			"a channel": "<!channel>", "a link": "<https://evil.example|contoso.com>", "half a token": "<@U0", "an entity": "&lt;!here&gt;<!here>",
			"backwards": "\u202ecom.osotnoc", "lines": "a\n\n*R-1* approved\n<!everyone>", "code": "```<!here>", "endless": strings.Repeat(hostile, 100),
		} {
			var x struct {
				R recovery.Request
				E recovery.Event
			}
			if err := json.Unmarshal(raw, &x); err != nil {
				t.Fatal(err)
			}
			r, e := x.R, x.E
			r.Joined = []recovery.Joined{{Actor: recovery.Actor{TeamID: "T", UserID: text}, Query: recovery.Query{Kind: recovery.ByAddress}}}
			poison(reflect.ValueOf(&r).Elem(), text)
			poison(reflect.ValueOf(&e).Elem(), text)
			for _, m := range render(t, r, e) {
				if err := bot.CheckBody(m.Body); err != nil {
					t.Errorf("%s with %s, %s: Slack would refuse it: %v", s.name, name, m.Key, err)
				}
				c := read(t, m)
				texts := []string{c.Text}
				for _, b := range c.Blocks {
					texts = append(texts, markupOf(b)...)
				}
				for _, said := range texts {
					harmless(t, s.name+" with "+name+", "+m.Key, said)
					for _, bad := range []string{"<!here", "<!everyone"} {
						if strings.Contains(said, bad) {
							t.Errorf("%s with %s, %s holds %s", s.name, name, m.Key, bad)
						}
					}
				}
			}
		}
	}
}
