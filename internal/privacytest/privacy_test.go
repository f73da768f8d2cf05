package privacytest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mailback/bot"
	"mailback/commands"
	"mailback/internal/slackfake"
	"mailback/recovery"
	"mailback/recovery/store"
)

// secretMark stands in every subject and sender of the mailbox, and in what its owner looks for.
const secretMark = "XYZZY"

// onePerson is a tenant with one live account, megan's, and her mailbox with deleted items.
type onePerson struct {
	mu    sync.Mutex
	items []recovery.Item
	back  []string
}

func (o *onePerson) account() recovery.Account {
	return recovery.Account{
		ID: "0e1f", UserPrincipalName: "meganb@contoso.com", Mail: "meganb@contoso.com", UserType: "Member", Enabled: new(true),
	}
}

func (o *onePerson) Find(_ context.Context, q recovery.Query) (recovery.Findings, error) {
	f := recovery.Findings{ReadAt: time.Now()}
	if a := o.account(); a.Has(q.Value) || a.ID == q.Value {
		f.Found = []recovery.Found{{Account: a}}
	}
	return f, nil
}

func (o *onePerson) Complete(_ context.Context, found []recovery.Found) error {
	for i := range found {
		found[i].Probe = recovery.Probe{State: recovery.MailboxAnswers, Purpose: "user"}
		found[i].Access = recovery.Access{RolesKnown: true, GroupsKnown: true}
	}
	return nil
}

func (o *onePerson) Account(context.Context, string) (recovery.Account, recovery.Receipt, error) {
	return o.account(), recovery.Receipt{}, nil
}

func (o *onePerson) Mailbox(context.Context, string) (recovery.Probe, error) {
	return recovery.Probe{State: recovery.MailboxAnswers, Purpose: "user"}, nil
}

func (o *onePerson) Deleted(context.Context, string) ([]recovery.Account, error) { return nil, nil }

func (o *onePerson) Items(context.Context, string, recovery.ItemFilter) ([]recovery.Item, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.items), nil
}

func (o *onePerson) RestoreItem(_ context.Context, _ string, id, _ string) (recovery.ItemResult, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	before := len(o.items)
	o.items = slices.DeleteFunc(o.items, func(it recovery.Item) bool { return it.EntryID == id })
	if len(o.items) == before {
		return recovery.ItemResult{}, &recovery.Error{Kind: recovery.NotFound, Op: "restore the item"}
	}
	o.back = append(o.back, id)
	return recovery.ItemResult{Restored: true, Folder: "Inbox"}, nil
}

// lockedBuffer is a log that several goroutines write.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// house is a whole Mailback but for Microsoft: a database, its jobs, and a bot at a stand-in for Slack.
type house struct {
	t      *testing.T
	slack  *slackfake.Server
	tenant *onePerson
	log    *lockedBuffer
	file   string
}

func newHouse(t *testing.T, items int) *house {
	t.Helper()
	s := slackfake.New(slackfake.Config{NoRateLimits: true})
	web := httptest.NewServer(s.Handler())
	t.Cleanup(func() {
		s.Close()
		web.Close()
	})
	api := web.URL + "/api/"
	h := &house{t: t, slack: s, tenant: &onePerson{}, log: &lockedBuffer{}, file: filepath.Join(t.TempDir(), "mailback.db")}
	for i := range items {
		h.tenant.items = append(h.tenant.items, recovery.Item{
			EntryID: fmt.Sprint("entry-", i+1), Folder: "Inbox", Source: "RecoverableItems", ModifiedAt: time.Now().Add(-time.Duration(i) * time.Hour),
			Subject: recovery.Private(fmt.Sprintf("%s-%d subject", secretMark, i%2)), From: secretMark + "@fabrikam.com",
		})
	}
	log := slog.New(slog.NewTextHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	db, err := store.Open(t.Context(), store.Config{
		URL: "sqlite:" + h.file, Logger: log, Render: commands.NewRenderer(commands.RendererConfig{ApprovalChannel: slackfake.ApprovalsID, Language: "en", TTL: time.Hour}),
	})
	if err != nil {
		t.Fatal(err)
	}
	b, err := bot.New(bot.Config{BotToken: slackfake.BotToken, AppToken: slackfake.AppToken, APIURL: api, Sorry: commands.Sorry("en"), Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	service := recovery.New(recovery.Config{
		Settings: recovery.Settings{
			TeamID: slackfake.TeamID, Approvers: []string{slackfake.Patti}, ApprovalChannel: slackfake.ApprovalsID, Approvals: 1, TTL: time.Hour,
		},
		Store: db, Directory: h.tenant, Items: h.tenant, Lists: db, People: commands.NewPeople(b, slackfake.TeamID), Replier: commands.NewReplier(b, "en"), Now: time.Now, Logger: log,
	})
	if err := db.Start(t.Context(), store.Workers{Advance: service.Advance, Deliver: bot.NewDeliverer(b, db.Outbox()).Deliver, Refused: service.Unsent}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- b.Run(ctx, commands.New(commands.Config{Service: service, Slack: b, Language: "en", Now: time.Now, Logger: log}))
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		stop, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := db.Stop(stop); err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	eventually(t, "a socket is up", func() bool { return b.Health().Connections > 0 })
	return h
}

// press waits for a message with a button and clicks it.
func (h *house) press(user string, action recovery.Action) {
	h.t.Helper()
	eventually(h.t, string(action), func() bool {
		messages, err := h.slack.Messages(user)
		if err != nil {
			return false
		}
		for _, m := range slices.Backward(messages) {
			raw, err := json.Marshal(m.Blocks)
			if err != nil || !strings.Contains(string(raw), `"`+string(action)+`"`) {
				continue
			}
			out, err := h.slack.Click(h.t.Context(), slackfake.ClickRequest{User: user, Channel: m.Channel, TS: m.TS, ActionID: string(action)})
			return err == nil && out.Error == ""
		}
		return false
	})
}

// said waits until somebody was told a text.
func (h *house) said(user, text string) {
	h.t.Helper()
	eventually(h.t, text, func() bool {
		messages, err := h.slack.Messages(user)
		return err == nil && slices.ContainsFunc(messages, func(m slackfake.MessageInfo) bool { return strings.Contains(m.Text, text) })
	})
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
	for deadline := time.Now().Add(15 * time.Second); !so(); {
		if time.Now().After(deadline) {
			t.Fatalf("not in fifteen seconds: %s", what)
		}
		<-time.After(10 * time.Millisecond)
	}
}

// public gives all that is kept, logged, or shown to anybody but in the owner's form.
func (h *house) public() string {
	h.t.Helper()
	all := h.log.String()
	for _, name := range []string{h.file, h.file + "-wal"} {
		raw, err := os.ReadFile(name)
		if err != nil {
			h.t.Fatal(err)
		}
		all += string(raw)
	}
	for _, user := range []string{slackfake.Megan, slackfake.Patti, slackfake.Nestor} {
		messages, err := h.slack.Messages(user)
		if err != nil {
			h.t.Fatal(err)
		}
		raw, err := json.Marshal(messages)
		if err != nil {
			h.t.Fatal(err)
		}
		all += string(raw)
	}
	return all
}

func TestSubjectsAndSendersStayWithTheOwner(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 24)
	out, err := h.slack.Command(t.Context(), slackfake.Megan, "", "/restore-mailbox items meganb@contoso.com subject:"+secretMark+"-0 from:"+secretMark+"@fabrikam.com lost it")
	if err != nil || out.Error != "" {
		t.Fatal(out, err)
	}
	f, shown := h.open(slackfake.Megan, func(raw string) bool { return strings.Contains(raw, "checkboxes") })
	if !strings.Contains(shown, secretMark+"-0 subject") || strings.Contains(shown, secretMark+"-1 subject") {
		t.Errorf("the owner's form: %s", shown)
	}
	if f.PrivateMetadata == "" || strings.Contains(f.PrivateMetadata, secretMark) {
		t.Errorf("metadata %q", f.PrivateMetadata)
	}
	h.tick(slackfake.Megan, f, 0, 3) // of the ten on this page; the two on the next stay ticked
	h.said(slackfake.Megan, "ticked out of 24")
	h.press(slackfake.Megan, recovery.ActConfirm)
	h.press(slackfake.Patti, recovery.ActApprove)
	h.said(slackfake.Megan, "the items of meganb@contoso.com are restored")
	h.tenant.mu.Lock()
	slices.Sort(h.tenant.back)
	if want := []string{"entry-1", "entry-21", "entry-23", "entry-7"}; !slices.Equal(h.tenant.back, want) {
		t.Errorf("restored %v, want %v", h.tenant.back, want)
	}
	h.tenant.mu.Unlock()
	all := h.public()
	if strings.Count(all, "lost it") < 3 { // in the database, and on two cards
		t.Error("the search finds nothing")
	}
	if strings.Contains(all, secretMark) {
		at := strings.Index(all, secretMark)
		t.Errorf("what is the owner's alone is kept, logged or shown: …%q", all[max(0, at-200):at+40])
	}
}

func TestOthersAreToldInTheForm(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 3)
	out, err := h.slack.Command(t.Context(), slackfake.Alex, "", "/restore-mailbox items meganb@contoso.com subject:"+secretMark)
	if err != nil || out.Error != "" {
		t.Fatal(out, err)
	}
	h.open(slackfake.Alex, func(raw string) bool {
		return strings.Contains(raw, "for the mailbox's owner alone") && strings.Contains(raw, "folder:")
	})
	if all := h.public(); strings.Contains(all, secretMark) {
		t.Error("what was looked for is kept, logged or shown")
	}
}
