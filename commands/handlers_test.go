package commands

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"

	"mailback/bot"
	"mailback/recovery"
)

// desk is a Service and a Slack that write down what they are asked.
type desk struct {
	mu      sync.Mutex // guards what is written down
	asks    []recovery.AskInput
	clicks  []recovery.Click
	ids     []int64
	views   []slack.ModalViewRequest
	homes   []slack.HomeTabViewRequest
	answers []bot.Response
	spoken  string // the language that a person chose

	own      recovery.OwnList
	old      bool           // Ask finds an open request
	note     *recovery.Note // of Click, Check, Deleted and Status
	result   recovery.CheckResult
	overview recovery.Overview
	accounts []recovery.Account
	requests []recovery.Request
	fail     error   // of everything
	met      []error // errors of look-ups that were handed on
	flood    *recovery.Note
}

func (d *desk) Admit(context.Context, recovery.Actor) *recovery.Note { return d.flood }

func (d *desk) Ask(_ context.Context, in recovery.AskInput) (recovery.Request, bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asks = append(d.asks, in)
	return recovery.Request{ID: 142}, !d.old, d.fail
}

func (d *desk) Click(_ context.Context, id int64, c recovery.Click) (*recovery.Note, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ids, d.clicks = append(d.ids, id), append(d.clicks, c)
	return d.note, d.fail
}

func (d *desk) Check(context.Context, recovery.Actor, recovery.Query) (recovery.CheckResult, *recovery.Note, error) {
	return d.result, d.note, d.fail
}

func (d *desk) Preview(context.Context, recovery.Actor, recovery.Ask) (recovery.CheckResult, *recovery.Note, error) {
	return d.result, d.note, d.fail
}

func (d *desk) Overview(context.Context, recovery.Actor) (recovery.Overview, *recovery.Note, error) {
	return d.overview, d.note, d.fail
}

func (d *desk) Met(_ context.Context, err error) { d.met = append(d.met, err) }

func (d *desk) Permalink(channel, ts string) string {
	return "https://contoso.slack.com/archives/" + channel + "/p" + strings.ReplaceAll(ts, ".", "")
}

func (d *desk) Language(context.Context, recovery.Actor) string { return d.spoken }

func (d *desk) Speak(_ context.Context, _ recovery.Actor, code string) error {
	d.spoken = code
	return d.fail
}

func (d *desk) PublishView(_ context.Context, _ string, v slack.HomeTabViewRequest) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.homes = append(d.homes, v)
	return d.fail
}

func (d *desk) Deleted(context.Context, recovery.Actor, string) ([]recovery.Account, *recovery.Note, error) {
	return d.accounts, d.note, d.fail
}

func (d *desk) Cancel(ctx context.Context, id int64, c recovery.Click) (*recovery.Note, error) {
	return d.Click(ctx, id, c)
}

func (d *desk) Status(context.Context, recovery.Actor, int64) ([]recovery.Request, *recovery.Note, error) {
	return d.requests, d.note, d.fail
}

func (d *desk) OpenView(_ context.Context, trigger string, v slack.ModalViewRequest) (*slack.View, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if trigger == "expired" {
		return nil, &bot.Error{Method: "views.open", Code: "expired_trigger_id", Verdict: bot.Refused}
	}
	d.views = append(d.views, v)
	return &slack.View{}, nil
}

func (d *desk) UpdateView(_ context.Context, _, _ string, v slack.ModalViewRequest) (*slack.View, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.views = append(d.views, v)
	return &slack.View{}, d.fail
}

func (d *desk) OwnItems(_ context.Context, _ recovery.Actor, _ int64, f recovery.OwnFilter) (recovery.OwnList, *recovery.Note, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	own := d.own
	own.Items = slices.DeleteFunc(slices.Clone(own.Items), func(it recovery.OwnItem) bool {
		return !strings.Contains(string(it.Subject), string(f.Subject)) || !strings.Contains(string(it.From), string(f.From))
	})
	return own, d.note, d.fail
}

func (d *desk) ChooseItems(ctx context.Context, id int64, c recovery.Click, listing string, ticks recovery.Ticks) (*recovery.Note, error) {
	c.Action, c.Value = recovery.ChooseItems, listing+":"+fmt.Sprint(ticks.Numbers())
	return d.Click(ctx, id, c)
}

func (d *desk) Respond(_ context.Context, url string, r bot.Response) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if url == "" {
		return errors.New("no response URL")
	}
	d.answers = append(d.answers, r)
	return nil
}

// taken gives the clicks so far.
func (d *desk) taken() []recovery.Click {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.clicks)
}

func handlers(d *desk) *Handlers {
	return New(Config{Service: d, Slack: d, Language: "en", Now: func() time.Time { return at(0) }, Logger: slog.New(slog.DiscardHandler)})
}

// typed sends a command and gives the ack's text, and the answer that replaces it, if any.
func typed(t *testing.T, d *desk, text string) (ack, answer string) {
	t.Helper()
	reply := handlers(d).Command(t.Context(), slack.SlashCommand{
		TeamID: "T0CONTOSO1", UserID: requester, Command: "/restore-mailbox", Text: text, TriggerID: "1.2.abc", ResponseURL: "https://hooks.example/1",
	})
	raw, err := json.Marshal(reply.Payload)
	if err != nil {
		t.Fatal(err)
	}
	var said struct {
		Text string `json:"text"`
		Type string `json:"response_type"`
	}
	if err := json.Unmarshal(raw, &said); err != nil {
		t.Fatal(err)
	}
	if said.Type != "ephemeral" || said.Text == "" || len(raw) > 20_000 {
		t.Errorf("the ack of %q: %.200s", text, raw)
	}
	if reply.After == nil {
		return said.Text, ""
	}
	before := len(d.answers)
	reply.After(t.Context())
	if len(d.answers) != before+1 {
		t.Fatalf("%d answers to %q", len(d.answers)-before, text)
	}
	last := d.answers[before]
	if !last.Replace {
		t.Errorf("the answer to %q is not put in the ack's place: %+v", text, last)
	}
	sent, err := json.Marshal(last)
	if err = errors.Join(err, bot.CheckBody(sent)); err != nil {
		t.Errorf("the answer to %q: %v", text, err)
	}
	return said.Text, last.Text
}

func wantText(t *testing.T, got string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(got, p) {
			t.Errorf("%q lacks %q", got, p)
		}
	}
}

func TestAskIsRecordedAndAcked(t *testing.T) {
	t.Parallel()
	d := &desk{}
	ack, answer := typed(t, d, "<mailto:adelev@contoso.com|adelev@contoso.com> as:adele.v@contoso.com ticket:INC-4711 She is back")
	want := []recovery.AskInput{{
		Ask:   recovery.Ask{Query: address(adele), As: "adele.v@contoso.com", Ticket: "INC-4711", Reason: "She is back"},
		Actor: actor(requester), Key: "command:T0CONTOSO1:U0MEGANB01:1.2.abc", ResponseURL: "https://hooks.example/1", Language: "en",
	}}
	if diff := cmp.Diff(want, d.asks); diff != "" {
		t.Error(diff)
	}
	wantText(t, ack, "R-142", adele, "direct message")
	if answer != "" {
		t.Errorf("a second answer: %q", answer)
	}
	d.old = true
	ack, _ = typed(t, d, adele)
	wantText(t, ack, "R-142", "already")
}

func TestWhenNothingIsRecordedTheAckSaysSo(t *testing.T) {
	t.Parallel()
	for _, text := range []string{adele, "cancel R-142"} {
		ack, _ := typed(t, &desk{fail: errors.New("disk full")}, text)
		wantText(t, ack, "nothing was done", "try again")
		if strings.Contains(ack, "disk") {
			t.Errorf("%q shows the error to people", ack)
		}
	}
	ack, _ := typed(t, &desk{fail: errors.New("disk full")}, "status")
	wantText(t, ack, "could not read")
}

func TestCommandsThatAreNotUnderstood(t *testing.T) {
	t.Parallel()
	d := &desk{}
	for text, part := range map[string]string{
		"chekc " + adele:                       "“check”",
		"Adele Vance":                          "“Adele”",
		"adelev＠contoso.com":                   adele,
		adele + " licnse:SPE_E3":               "“license:”",
		adele + " zzz:x":                       "as:, into:, license: and ticket:",
		adele + " bob@contoso.com":             "One mailbox at a time",
		adele + " " + strings.Repeat("x", 700): "700",
		"a&lt;!channel&gt;b":                   "a&lt;!channel&gt;b",
		strings.Repeat("<", 9000):              "help",
	} {
		ack, _ := typed(t, d, text)
		wantText(t, ack, part)
		if strings.Contains(ack, "%!") || strings.Contains(ack, "<!") {
			t.Errorf("%q", ack)
		}
	}
	if len(d.asks) != 0 {
		t.Errorf("recorded: %v", d.asks)
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	d := &desk{}
	reply := handlers(d).Command(t.Context(), slack.SlashCommand{TeamID: "T0CONTOSO1", UserID: requester, TriggerID: "1.2.abc"})
	if reply.Payload != nil || len(d.views) != 1 || d.views[0].CallbackID != askForm {
		t.Errorf("without text: %v, %v", reply.Payload, d.views)
	}
	reply = handlers(d).Command(t.Context(), slack.SlashCommand{TeamID: "T0CONTOSO1", UserID: requester, TriggerID: "expired"})
	said, _ := reply.Payload.(ephemeral)
	wantText(t, said.Text, "/restore-mailbox adelev@contoso.com", "help")
	long, _ := typed(t, &desk{}, "help")
	for _, verb := range verbs {
		wantText(t, long, verb)
	}
}

func TestCancelCommand(t *testing.T) {
	t.Parallel()
	d := &desk{}
	ack, _ := typed(t, d, "cancel r-142")
	wantText(t, ack, "R-142")
	want := []recovery.Click{{Action: recovery.ActCancel, By: actor(requester), At: at(0), Key: "command:T0CONTOSO1:U0MEGANB01:1.2.abc"}}
	if diff := cmp.Diff(want, d.clicks); diff != "" || d.ids[0] != 142 {
		t.Error(d.ids, diff)
	}
	ack, _ = typed(t, &desk{note: &recovery.Note{Code: recovery.NoteOldMessage}}, "cancel R-9")
	wantText(t, ack, "no R-9")
	ack, _ = typed(t, &desk{note: &recovery.Note{Code: recovery.NoteExternal}}, "cancel R-9")
	wantText(t, ack, "workspace")
}

func TestStatus(t *testing.T) {
	t.Parallel()
	ack, _ := typed(t, &desk{}, "status")
	wantText(t, ack, "no requests")
	ack, _ = typed(t, &desk{}, "status R-9")
	wantText(t, ack, "no R-9")
	theirs := in(recovery.Pending, reviewed(recovery.Approve, patti))
	theirs.Requester = actor(nestor)
	ack, _ = typed(t, &desk{requests: []recovery.Request{in(recovery.Denied), theirs}}, "status")
	wantText(t, ack, "R-142, "+adele+": denied", "waiting for approval", "<@"+nestor+">")
	ack, _ = typed(t, &desk{requests: []recovery.Request{theirs}}, "status R-142")
	wantText(t, ack, "1 of 2", "left")
	denied := in(recovery.Denied, func(r *recovery.Request) { r.EndedBy, r.EndReason = actor(patti), "no <!here>" })
	ack, _ = typed(t, &desk{requests: []recovery.Request{denied}}, "status R-142")
	wantText(t, ack, "<@"+patti+"> denied", "no &lt;!here&gt;")
	var many []recovery.Request
	for range 200 {
		many = append(many, theirs)
	}
	typed(t, &desk{requests: many}, "status")
}

func TestCheck(t *testing.T) {
	t.Parallel()
	r := deletedUser()
	ack, answer := typed(t, &desk{result: recovery.CheckResult{Diagnosis: *r.Diagnosis}}, "check "+adele)
	wantText(t, ack, "Looking")
	wantText(t, answer, "was deleted", "11 days left", "What will be done", "/restore-mailbox "+adele)
	if strings.Contains(answer, "seat") || strings.Contains(answer, "Helpdesk") {
		t.Errorf("people who are no approvers are told: %q", answer)
	}
	_, answer = typed(t, &desk{result: recovery.CheckResult{Diagnosis: *r.Diagnosis, Approver: true}}, "check "+adele)
	wantText(t, answer, "4 seats free", "Helpdesk Administrator", "Adele Vance")
	gone := recovery.Diagnosis{Case: recovery.CaseGone, ReadAt: at(0), Obstacle: &recovery.Note{Code: recovery.NoteGone}}
	_, answer = typed(t, &desk{result: recovery.CheckResult{Diagnosis: gone}}, "check "+adele)
	wantText(t, answer, "no account with this address")
	for _, code := range []recovery.NoteCode{recovery.NoteNameOnly, recovery.NoteIDOnly} {
		_, answer = typed(t, &desk{note: &recovery.Note{Code: code}}, `check "Adele Vance"`)
		wantText(t, answer, "approvers", "ask with the address")
	}
}

func TestLookUpsThatFail(t *testing.T) {
	t.Parallel()
	for kind, part := range map[recovery.Kind]string{
		recovery.Forbidden: "User.Read.All", recovery.Throttled: "pause", recovery.Unavailable: "No answer", recovery.Incomplete: "cut short",
		recovery.Internal: "Mailback itself", recovery.Conflict: "Mailback itself", recovery.NotFound: "Check the spelling",
	} {
		err := fmt.Errorf("read: %w", &recovery.Error{Kind: kind, Op: "secret-op", Detail: "User.Read.All", Err: errors.New("secret-chain")})
		for _, text := range []string{"check " + adele, "deleted"} {
			d := &desk{fail: err}
			_, answer := typed(t, d, text)
			wantText(t, answer, part)
			if handedOn := len(d.met) == 1 && errors.Is(d.met[0], err); handedOn != (kind == recovery.Forbidden) {
				t.Errorf("%s, %s: handed on as a fault: %v", text, kind, d.met)
			}
			if strings.Contains(answer, "secret") {
				t.Errorf("%q shows the chain", answer)
			}
		}
	}
	_, answer := typed(t, &desk{fail: context.DeadlineExceeded}, "deleted")
	wantText(t, answer, "No answer")
}

func TestDeleted(t *testing.T) {
	t.Parallel()
	_, answer := typed(t, &desk{note: &recovery.Note{Code: recovery.NoteNotApprover}}, "deleted")
	wantText(t, answer, "Only approvers")
	_, answer = typed(t, &desk{}, "deleted &lt;!here&gt;")
	wantText(t, answer, "&lt;!here&gt;")
	var accounts []recovery.Account
	for i := range 25 {
		accounts = append(accounts, recovery.Account{UserPrincipalName: fmt.Sprintf("user%d@contoso.com", i), DisplayName: "User <x>", DeletedAt: at(-24 * i)})
	}
	_, answer = typed(t, &desk{accounts: accounts}, "deleted")
	wantText(t, answer, "25 deleted users", "user0@contoso.com, User &lt;x&gt;", "30 days left", "11 days left", "5 more")
	if strings.Contains(answer, "user20@") {
		t.Error("the list is endless")
	}
}

func TestSorryHasWordsForEachTrouble(t *testing.T) {
	t.Parallel()
	sorry := Sorry("en")
	for _, trouble := range []bot.Trouble{bot.Busy, bot.Failed, bot.Late, bot.Oversize, bot.Foreign, bot.External} {
		if got := sorry(trouble, requester); strings.HasPrefix(got, "trouble.") || got == "" {
			t.Errorf("%s: %q", trouble, got)
		}
	}
	wantText(t, sorry(bot.Busy, requester), "nothing was recorded")
}

func TestReplier(t *testing.T) {
	t.Parallel()
	d := &desk{}
	r := recovery.Request{ID: 7, ResponseURL: "https://hooks.example/1", Obstacle: &recovery.Note{Code: recovery.NoteUnreachable, Args: []string{"messages_tab_disabled"}}}
	if err := NewReplier(d, "en").Reply(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	wantText(t, d.answers[0].Text, "R-7", "messages_tab_disabled", "Messages")
	if d.answers[0].Replace {
		t.Errorf("%+v", d.answers[0])
	}
}
