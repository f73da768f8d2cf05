package commands

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"mailback/bot"
	"mailback/internal/racetest"
	"mailback/recovery"
)

// stretch makes every text in v what text gives, and every list in it as long as most. What is of a kind of its own, as a state, an
// action or what is private, stays, and so does what names something to a program.
func stretch(v reflect.Value, text func() string, most int) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			own := reflect.New(v.Type().Elem())
			own.Elem().Set(v.Elem())
			stretch(own.Elem(), text, most)
			v.Set(own)
		}
	case reflect.Slice:
		switch v.Type() {
		case reflect.TypeFor[[]recovery.Offer](), reflect.TypeFor[[]recovery.Step](): // there is one of each
			most = v.Len()
		}
		all := reflect.MakeSlice(v.Type(), 0, most)
		for i := 0; v.Len() > 0 && i < max(most, v.Len()); i++ {
			all = reflect.Append(all, v.Index(i%v.Len()))
			stretch(all.Index(i), text, most)
		}
		v.Set(all)
	case reflect.Struct:
		for i := range v.NumField() {
			switch f := v.Type().Field(i); {
			case f.Type == reflect.TypeFor[time.Time](), !f.IsExported(), f.Name == "ID", f.Name == "Value", f.Name == "UserID", f.Name == "TeamID", f.Name == "Language":
			default:
				stretch(v.Field(i), text, most)
			}
		}
	case reflect.String:
		if v.Type() == reflect.TypeFor[string]() {
			v.SetString(text())
		}
	}
}

// longest is a case of long fields.
type longest struct {
	name string
	text string
	most int // elements of a list
}

// each gives every field the same text.
func (l longest) each() string { return l.text }

// lengths draws fields of all lengths, most of them near those that Slack counts to, of letters, emoji and markup.
func lengths(draw *rand.Rand) func() string {
	alphabet := []string{"a", "ā", "🎉", "&", "<!channel>", "*", "\n", " ", "e\u0301"}
	near := []int{0, 1, 24, 75, 150, 250, 300, 500, 1000, 2000, 3000, 4000}
	return func() string {
		n := max(0, near[draw.IntN(len(near))]+draw.IntN(5)-2)
		return strings.Repeat(alphabet[draw.IntN(len(alphabet))], n/2) + strings.Repeat(alphabet[draw.IntN(len(alphabet))], n-n/2)
	}
}

// longests has texts that are longer than any text that Slack takes, and lists longer than any that it takes.
func longests() []longest {
	list := []longest{{"lists", "🎉 x", maxSelect + 1}, {"markup", strings.Repeat("<!channel> & *b* ", 180), 3}, {"letters", strings.Repeat("ā", 3100), 3}}
	for _, g := range graphemes {
		list = append(list, longest{g, strings.Repeat(g, 3100/units(g)), 3})
	}
	return list
}

// TestNothingIsTooLong shows all cards with every field as long as it can be. Slack refuses what is longer than it takes.
func TestNothingIsTooLong(t *testing.T) {
	t.Parallel()
	racetest.Leave(t)
	for _, l := range longests() {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			for _, scene := range scenes() {
				nothingTooLong(t, scene, l.each, l.most)
			}
		})
	}
}

// TestNothingOfAnyLengthIsTooLong shows all cards with fields and lists of lengths drawn at random.
func TestNothingOfAnyLengthIsTooLong(t *testing.T) {
	t.Parallel()
	racetest.Leave(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("drawn from %d", seed)
	draw := rand.New(rand.NewPCG(seed, 0))
	for _, scene := range scenes() {
		nothingTooLong(t, scene, lengths(draw), 1+draw.IntN(4))
	}
}

// nothingTooLong shows a scene in each language to approvers and others, with texts and lists as long as that.
func nothingTooLong(t *testing.T, scene sceneCase, text func() string, most int) {
	t.Helper()
	for _, l := range languages() {
		for _, approver := range []bool{false, true} {
			r, e := scene.r, scene.e
			stretch(reflect.ValueOf(&r).Elem(), text, most)
			stretch(reflect.ValueOf(&e).Elem(), text, most)
			r.Reader.Approver, r.Reader.Language = approver, l.code
			for _, m := range renderBy(t, sceneConfig(t, scene.name, l.code), r, e) {
				if err := bot.CheckBody(m.Body); err != nil {
					t.Errorf("%s in %s, %s: %v", scene.name, l.code, m.Key, err)
				}
			}
		}
	}
}

// TestNoFormIsTooLong does the same with forms.
func TestNoFormIsTooLong(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"en", "lv"} {
		noFormIsTooLong(t, code)
	}
}

func noFormIsTooLong(t *testing.T, code string) {
	t.Helper()
	h := handlers(&desk{})
	h.words = wordsIn(code)
	for _, l := range longests() {
		own := ownList(40)
		for i := range own.Items {
			own.Items[i].Subject, own.Items[i].From, own.Items[i].Folder = recovery.Private(l.text), recovery.Private(l.text), l.text
		}
		meta := itemsMeta{Request: 1 << 40, Listing: "0123456789abcdef", Page: 1, Channel: approvals, TS: "1764060000.000100"}
		denial, err := h.reasonView(recovery.ActDeny, askedWhy{Request: 1 << 40, Channel: approvals, TS: "1764060000.000100"})
		if err != nil {
			t.Fatal(err)
		}
		alone, err := h.reasonView(recovery.ActEmergency, askedWhy{Request: 1 << 40})
		if err != nil {
			t.Fatal(err)
		}
		found := recovery.CheckResult{Approver: true, Diagnosis: *deletedUser().Diagnosis}
		stretch(reflect.ValueOf(&found).Elem(), l.each, l.most)
		h.service.(*desk).result = found
		asked := typedAsk{Who: "adelev@contoso.com", Reason: cut(l.text, maxReason)}
		for what, view := range map[string]slack.ModalViewRequest{
			"items": h.itemsPage(meta, own, own.Ticked, own.Ticked), "notice": h.itemsNotice(literal(l.text) + markup(l.text)), "denial": denial, "emergency": alone,
			"ask": h.askView(typedAsk{l.text, l.text, l.text}), "plan": h.planView(t.Context(), actor(requester), recovery.Ask{Reason: l.text}, asked),
		} {
			if err := bot.CheckView(view); err != nil {
				t.Errorf("%s of %s: %v", what, l.name, err)
			}
		}
	}
}

// TestNoAnswerIsTooLong does the same with what the response URL takes.
func TestNoAnswerIsTooLong(t *testing.T) {
	t.Parallel()
	for _, l := range longests() {
		d := &desk{result: recovery.CheckResult{Approver: true, Diagnosis: *deletedUser().Diagnosis}, accounts: []recovery.Account{{DisplayName: "x", Mail: "x"}}, requests: []recovery.Request{deletedUser()}}
		stretch(reflect.ValueOf(&d.result).Elem(), l.each, l.most)
		stretch(reflect.ValueOf(&d.accounts).Elem(), l.each, l.most)
		stretch(reflect.ValueOf(&d.requests).Elem(), l.each, l.most)
		h := handlers(d)
		for _, command := range []string{"check adelev@contoso.com", "deleted", "status", "status R-142", "items adelev@contoso.com folder:Inbox", "help", "nonsense" + l.text} {
			reply := h.Command(t.Context(), slack.SlashCommand{TeamID: "T0CONTOSO1", UserID: requester, Text: command, TriggerID: "1.2.abc", ResponseURL: "https://hooks.example/1"})
			if reply.After != nil {
				reply.After(t.Context())
			}
			if said, ok := reply.Payload.(ephemeral); ok && units(said.Text) > maxAckText {
				t.Errorf("%s of %s: an ack of %d units", command, l.name, units(said.Text))
			}
		}
		for _, a := range d.answers {
			body, err := json.Marshal(content{a.Text, a.Blocks})
			if err == nil {
				err = bot.CheckBody(body)
			}
			if err != nil {
				t.Errorf("%s: %v", l.name, err)
			}
		}
	}
}
