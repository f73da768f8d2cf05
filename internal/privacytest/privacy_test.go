package privacytest

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"mailback/internal/m365fake"
	"mailback/internal/slackfake"
	"mailback/recovery"
)

// ways are how mail is read, with what the owner may look for in each: Exchange does not tell senders.
func ways(t *testing.T, test func(t *testing.T, h *house, search string, words ...string)) {
	t.Helper()
	t.Parallel()
	t.Run("Exchange", func(t *testing.T) {
		t.Parallel()
		test(t, newHouse(t, true), "subject:northwind", "northwind")
	})
	t.Run("Graph", func(t *testing.T) {
		t.Parallel()
		test(t, newHouse(t, false), "subject:northwind from:novak", "northwind", "novak")
	})
}

// asks has somebody type a command about items.
func (h *house) asks(user, line string) {
	h.t.Helper()
	out, err := h.slack.Command(h.t.Context(), user, "", "/restore-mailbox items "+line+" lost it")
	if err != nil || out.Error != "" {
		h.t.Fatal(out, err)
	}
}

// owner says whose forms may show what the items say.
func (h *house) owner(user string) {
	h.record.mu.Lock()
	defer h.record.mu.Unlock()
	h.record.owner = user
}

// button waits until somebody has a message with a button, and gives the newest one.
func (h *house) button(user string, action recovery.Action) (m slackfake.MessageInfo) {
	h.t.Helper()
	eventually(h.t, string(action), func() bool {
		messages, err := h.slack.Messages(user)
		h.must(err)
		for _, m = range slices.Backward(messages) {
			raw, err := json.Marshal(m.Blocks)
			h.must(err)
			if strings.Contains(string(raw), `"`+string(action)+`"`) {
				return true
			}
		}
		return false
	})
	return m
}

// press clicks a button as soon as it is there.
func (h *house) press(user string, action recovery.Action) {
	h.t.Helper()
	eventually(h.t, string(action), func() bool { // the card may be edited in between
		m := h.button(user, action)
		out, err := h.slack.Click(h.t.Context(), slackfake.ClickRequest{User: user, Channel: m.Channel, TS: m.TS, ActionID: string(action)})
		return err == nil && out.Error == ""
	})
}

// said waits until somebody was told a text.
func (h *house) said(user, text string) {
	h.t.Helper()
	eventually(h.t, text, func() bool { return h.told(user, text) })
}

func (h *house) told(user, text string) bool {
	messages, err := h.slack.Messages(user)
	return err == nil && slices.ContainsFunc(messages, func(m slackfake.MessageInfo) bool { return strings.Contains(m.Text, text) })
}

// form is a modal as far as it matters here.
type form struct {
	ID              string `json:"id"`
	PrivateMetadata string `json:"private_metadata"`
	Blocks          []struct {
		ID      string `json:"block_id"`
		Type    string `json:"type"`
		Element struct {
			ActionID string `json:"action_id"`
			Options  []struct {
				Value string `json:"value"`
			} `json:"options"`
		} `json:"element"`
	} `json:"blocks"`
}

// open waits until somebody has a form open of which so is true, and gives it, also as its JSON.
func (h *house) open(user string, so func(raw string) bool) (f form, text string) {
	h.t.Helper()
	eventually(h.t, "the form", func() bool {
		views, err := h.slack.Views(user)
		if err != nil || len(views.Modals) != 1 {
			return false
		}
		raw, err := json.Marshal(views.Modals[0])
		if err != nil {
			h.t.Fatal(err)
		}
		f, text = form{}, string(raw)
		return json.Unmarshal(raw, &f) == nil && so(text)
	})
	return f, text
}

// closes closes somebody's forms, once there is one.
func (h *house) closes(user string) {
	h.t.Helper()
	f, _ := h.open(user, func(string) bool { return true })
	if out, err := h.slack.CloseView(h.t.Context(), user, f.ID, true); err != nil || out.Error != "" {
		h.t.Fatal(out, err)
	}
}

// tick submits a form whose page has these of its boxes ticked.
func (h *house) tick(user string, f form, boxes ...int) {
	h.t.Helper()
	for _, b := range f.Blocks {
		if b.Type != "input" {
			continue
		}
		var chosen []any
		for _, i := range boxes {
			chosen = append(chosen, map[string]any{"value": b.Element.Options[i].Value})
		}
		state := map[string]map[string]any{b.ID: {b.Element.ActionID: map[string]any{"type": "checkboxes", "selected_options": chosen}}}
		if out, err := h.slack.Submit(h.t.Context(), user, f.ID, state); err != nil || out.Error != "" || len(out.Errors) > 0 {
			h.t.Fatalf("%+v %v", out, err)
		}
		return
	}
	h.t.Fatal("the form has nothing to tick")
}

// eventually waits until something is so.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	within(t, 15*time.Second, what, so)
}

// within waits so long until something is so.
func within(t *testing.T, d time.Duration, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(d); !so(); {
		if time.Now().After(deadline) {
			t.Fatalf("not in %s: %s", d, what)
		}
		<-time.After(10 * time.Millisecond)
	}
}

func TestSubjectsAndSendersStayWithTheOwner(t *testing.T) {
	ways(t, func(t *testing.T, h *house, search string, words ...string) {
		h.owner(slackfake.Lee)
		h.asks(slackfake.Lee, "leeg@contoso.com "+search)
		f, shown := h.open(slackfake.Lee, func(raw string) bool { return strings.Contains(raw, "checkboxes") })
		if !strings.Contains(shown, m365fake.ItemMarker+": Offer for Northwind") || strings.Contains(shown, "Lunch") {
			t.Errorf("the owner's form: %s", shown)
		}
		if f.PrivateMetadata == "" || strings.Contains(f.PrivateMetadata, m365fake.ItemMarker) {
			t.Errorf("metadata %q", f.PrivateMetadata)
		}
		h.tick(slackfake.Lee, f, 0)
		h.said(slackfake.Lee, "ticked out of")
		h.press(slackfake.Lee, recovery.ActConfirm)
		h.press(slackfake.Patti, recovery.ActApprove)
		h.said(slackfake.Lee, "the items of leeg@contoso.com are restored")
		if !strings.Contains(h.record.forms.String(), m365fake.ItemMarker) {
			t.Error("the recorder has missed the owner's form")
		}
		h.keepsSecret(words...)
	})
}

func TestOthersAreToldInTheForm(t *testing.T) {
	ways(t, func(_ *testing.T, h *house, search string, words ...string) {
		h.asks(slackfake.Alex, "leeg@contoso.com "+search)
		h.open(slackfake.Alex, func(raw string) bool {
			return strings.Contains(raw, "for the mailbox's owner alone") && strings.Contains(raw, "folder:")
		})
		h.keepsSecret(words...)
	})
}

func TestAnItemThatFailsIsNotQuoted(t *testing.T) {
	ways(t, func(_ *testing.T, h *house, _ string, _ ...string) {
		h.owner(slackfake.Megan)
		h.must(h.slack.ChangePerson(slackfake.Megan, func(p *slackfake.Person) { p.Email = "willemd@contoso.com" }))
		h.asks(slackfake.Megan, "willemd@contoso.com type:message")
		h.press(slackfake.Megan, recovery.ActConfirm)
		h.press(slackfake.Patti, recovery.ActApprove)
		h.said(slackfake.Megan, "Items that could not be put back: 1")
		h.keepsSecret()
	})
}

// TestErrorsDoNotQuoteItems: an error that Microsoft words with the items in it comes through neither to people nor to operators.
func TestErrorsDoNotQuoteItems(t *testing.T) {
	ways(t, func(t *testing.T, h *house, search string, words ...string) {
		h.owner(slackfake.Lee)
		h.spoil.Store(true)
		h.asks(slackfake.Lee, "leeg@contoso.com "+search)
		eventually(t, "the job met the error", func() bool { return h.spoiled.Load() > 0 && strings.Contains(h.log.String(), "look-up failed") })
		h.spoil.Store(false)
		h.closes(slackfake.Lee)
		h.press(slackfake.Lee, recovery.ChooseItems)
		f, _ := h.open(slackfake.Lee, func(raw string) bool { return strings.Contains(raw, "checkboxes") })
		h.tick(slackfake.Lee, f, 0)
		h.said(slackfake.Lee, "ticked out of")
		h.spoil.Store(true)
		h.press(slackfake.Lee, recovery.ChooseItems)
		h.open(slackfake.Lee, func(raw string) bool { return strings.Contains(raw, "could not read the items just now") })
		h.press(slackfake.Lee, recovery.ActConfirm)
		h.button(slackfake.Patti, recovery.ActApprove)
		before := h.spoiled.Load()
		h.press(slackfake.Patti, recovery.ActApprove)
		eventually(t, "the restore met the error", func() bool { return h.spoiled.Load() > before })
		h.spoil.Store(false)
		const restored = "the items of leeg@contoso.com are restored"
		within(t, 30*time.Second, restored, func() bool { return h.told(slackfake.Lee, restored) }) // 15 until a change without an answer is repeated
		h.keepsSecret(words...)
	})
}

// TestAPanicDoesNotQuoteItems: neither one of a job, nor one of what fills the form.
func TestAPanicDoesNotQuoteItems(t *testing.T) {
	ways(t, func(t *testing.T, h *house, search string, words ...string) {
		h.owner(slackfake.Lee)
		h.asks(slackfake.Lee, "leeg@contoso.com "+search)
		h.button(slackfake.Lee, recovery.ChooseItems)
		h.closes(slackfake.Lee)
		h.items.armed.Store(true)
		h.press(slackfake.Lee, recovery.ChooseItems)
		eventually(t, "the form panics", func() bool { return strings.Contains(h.log.String(), "handler panicked") })
		h.asks(slackfake.Lee, "leeg@contoso.com folder:Inbox")
		eventually(t, "the job panics", func() bool { return strings.Contains(h.log.String(), "panic of type string") })
		h.keepsSecret(words...)
	})
}
