package commands

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"mailback/bot"
	"mailback/internal/racetest"
	"mailback/recovery"
)

// seen is what people see of a message.
type seen struct {
	Text   string           `json:"text"`
	Blocks []map[string]any `json:"blocks"`
}

func read(t *testing.T, m recovery.Message) seen {
	t.Helper()
	var s seen
	if err := json.Unmarshal(m.Body, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func find(t *testing.T, messages []recovery.Message, key string) recovery.Message {
	t.Helper()
	i := slices.IndexFunc(messages, func(m recovery.Message) bool { return m.Key == key })
	if i < 0 {
		t.Fatalf("no message %q", key)
	}
	return messages[i]
}

// controls gives the action ids of a message.
func controls(s seen) []string {
	var ids []string
	for _, b := range s.Blocks {
		elements, _ := b["elements"].([]any)
		for _, e := range elements {
			if o, ok := e.(map[string]any); ok && o["action_id"] != nil {
				ids = append(ids, o["action_id"].(string))
			}
		}
	}
	return ids
}

// scene gives the messages of one of the golden scenes.
func sceneOf(t *testing.T, name string) []recovery.Message {
	t.Helper()
	for _, s := range scenes() {
		if s.name == name {
			return render(t, s.r, s.e)
		}
	}
	t.Fatalf("no scene %q", name)
	return nil
}

func TestPromisesThatScriptsRelyOn(t *testing.T) {
	t.Parallel()
	plan := read(t, find(t, sceneOf(t, "confirming"), recovery.CardRequester))
	if !strings.Contains(plan.Text, adele) || !strings.Contains(plan.Text, "R-142") || !slices.Contains(controls(plan), "request.confirm") {
		t.Errorf("the plan lacks the address, the id or its button: %q %v", plan.Text, controls(plan))
	}
	card := find(t, sceneOf(t, "pending"), recovery.CardApproval)
	if s := read(t, card); card.Channel != approvals || !strings.Contains(s.Text, "R-142") || !slices.Contains(controls(s), "request.approve") {
		t.Errorf("the approval card lacks the id or its button: %q %v", s.Text, controls(s))
	}
	last := sceneOf(t, "succeeded")
	end := last[len(last)-1]
	if s := read(t, end); end.Channel != requester || !strings.HasPrefix(s.Text, "R-142: "+adele+" is restored.") {
		t.Errorf("the last message to the requester: %s %q", end.Channel, s.Text)
	}
}

func TestNoOtherEndSaysRestored(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"partial", "partial-fewer", "failed", "denied", "cancelled", "expired", "voided", "waiting", "undo-succeeded", "undo-partial", "undo-impossible"} {
		for _, m := range sceneOf(t, name) {
			if s := read(t, m); strings.Contains(strings.ToLower(s.Text), "restored") {
				t.Errorf("%s, %s: %q", name, m.Key, s.Text)
			}
		}
	}
}

func TestButtonsGoWithTheDecision(t *testing.T) {
	t.Parallel()
	want := map[string][2][]string{ // requester's card, approvers' card
		"confirming":      {{"choice.signin", "request.confirm", "request.cancel"}, nil},
		"conflicts":       {{"choice.upn", "choice.drop", "choice.license", "request.cancel"}, nil},
		"ambiguous":       {{"request.cancel"}, {"choice.account"}},
		"no-seat":         {{"request.check", "request.cancel"}, nil},
		"impossible":      {nil, nil},
		"pending":         {{"request.cancel"}, {"request.approve", "request.deny"}},
		"one-of-two":      {{"request.cancel"}, {"request.approve", "request.deny"}},
		"approved":        {{"request.cancel"}, nil},
		"voided":          {{"choice.signin", "request.confirm", "request.cancel"}, nil},
		"restoring":       {nil, nil},
		"succeeded":       {nil, nil},
		"partial":         {nil, nil}, // a new mailbox stays empty, however often it is looked at
		"partial-fewer":   {nil, {"request.retry"}},
		"failed":          {nil, {"request.retry"}},
		"denied":          {nil, nil},
		"cancelled":       {nil, nil},
		"expired":         {nil, nil},
		"copy-running":    {nil, {"request.undo"}},
		"copy-suspended":  {nil, {"request.resume", "request.undo"}},
		"copy-resumed":    {nil, {"request.undo"}},
		"undoable":        {nil, {"request.undo"}},
		"undo-asked":      {nil, nil},
		"undo-confirming": {{"request.confirm", "request.cancel"}, nil},
		"undo-pending":    {{"request.cancel"}, {"request.approve", "request.deny"}},
		"undo-copy":       {{"request.cancel"}, {"request.approve", "request.deny"}},
		"undo-restoring":  {nil, nil},
		"undo-succeeded":  {nil, nil},
		"undo-partial":    {nil, {"request.retry"}},
		"undo-impossible": {nil, nil},
		"pending-chosen":  {{"request.cancel"}, {"request.approve", "request.deny"}},
	}
	for name, both := range want {
		for _, m := range sceneOf(t, name) {
			i := slices.Index([]string{recovery.CardRequester, recovery.CardApproval}, m.Key)
			if i < 0 {
				continue
			}
			if got := controls(read(t, m)); !slices.Equal(got, both[i]) {
				t.Errorf("%s, %s: %v, want %v", name, m.Key, got, both[i])
			}
		}
	}
}

func TestRequestersSeeNoSecrets(t *testing.T) {
	t.Parallel()
	for _, s := range scenes() {
		if s.r.Reader.Approver {
			continue
		}
		for _, m := range render(t, s.r, s.e) {
			if m.Channel != requester {
				continue
			}
			for _, secret := range []string{"Helpdesk", "Adele Vance", "seat", "7 groups", "id-1", "sales@contoso.com is held"} {
				if strings.Contains(string(m.Body), secret) {
					t.Errorf("%s, %s tells a requester %q: %s", s.name, m.Key, secret, m.Body)
				}
			}
		}
	}
}

// absurd fills everything that others can write with a text that is hostile and endless.
func absurd(r recovery.Request) recovery.Request {
	bad := strings.Repeat(hostile, 300)
	r.Ask.Reason, r.Ask.Ticket, r.EndReason = bad, bad, bad
	r.Ask.Query.Value = bad
	d, p := recovery.Diagnosis{}, recovery.Plan{}
	if r.Diagnosis != nil {
		d = *r.Diagnosis
	}
	d.Account.DisplayName, d.Account.Mail = bad, bad
	for range 60 {
		d.Evidence = append(d.Evidence, recovery.Note{Code: recovery.NoteSameAddress, Args: []string{bad}})
		d.Candidates = append(d.Candidates, recovery.Candidate{ID: bad, Name: bad, Address: bad})
	}
	for i := range d.Offers {
		o := &d.Offers[i]
		o.About = slices.Repeat([]recovery.Holder{{Address: bad, Name: bad, Kind: recovery.HolderGroup}}, 200)
		for j := range 150 {
			o.Options = append(o.Options, recovery.Option{Value: strings.Repeat("v", j+1), Label: bad})
		}
	}
	r.Diagnosis = &d
	if r.Plan != nil {
		p = *r.Plan
		p.Address, p.Name, p.SignInName = bad, bad, bad
		p.Access.Roles = slices.Repeat([]string{bad}, 100)
		p.Warnings = append(slices.Clone(p.Warnings), recovery.Note{Code: recovery.NoteAddressDropped, Args: []string{bad}})
		p.Steps = slices.Clone(p.Steps)
		for i := range p.Steps {
			p.Steps[i].SignInName, p.Steps[i].PartNumber, p.Steps[i].Drops = bad, bad, slices.Repeat([]string{bad}, 100)
		}
		r.Plan = &p
	}
	if r.Obstacle != nil {
		r.Obstacle = &recovery.Note{Code: r.Obstacle.Code, Args: slices.Repeat([]string{bad}, 50)}
	}
	return r
}

func TestAbsurdTextsDoNoHarm(t *testing.T) {
	t.Parallel()
	racetest.Leave(t)
	for _, s := range scenes() {
		for _, m := range render(t, absurd(s.r), s.e) {
			if err := bot.CheckBody(m.Body); err != nil {
				t.Errorf("%s, %s: Slack would refuse it: %v", s.name, m.Key, err)
			}
			c := read(t, m)
			harmless(t, s.name+", "+m.Key, c.Text)
			for _, b := range c.Blocks {
				for _, text := range markupOf(b) {
					harmless(t, s.name+", "+m.Key, text)
				}
			}
		}
	}
}

func harmless(t *testing.T, where, text string) {
	t.Helper()
	for _, bad := range []string{"<!channel", "<https", "\u202e", "%!"} {
		if strings.Contains(text, bad) {
			t.Errorf("%s holds %q: %.300q", where, bad, text)
			return
		}
	}
	if strings.Count(text, "<") != strings.Count(text, ">") {
		t.Errorf("%s has a token cut in two: %q", where, text[max(0, len(text)-100):])
	}
}

// markupOf gives all mrkdwn texts in a block.
func markupOf(v any) []string {
	var list []string
	switch v := v.(type) {
	case map[string]any:
		if text, ok := v["text"].(string); ok && v["type"] == "mrkdwn" {
			list = append(list, text)
		}
		for _, x := range v {
			list = append(list, markupOf(x)...)
		}
	case []any:
		for _, x := range v {
			list = append(list, markupOf(x)...)
		}
	}
	return list
}

func TestRefusedClicksAreAnsweredInPrivate(t *testing.T) {
	t.Parallel()
	r := in(recovery.Pending)
	e := event(recovery.EventRefused, requester, recovery.Pending, r)
	e.Note = &recovery.Note{Code: recovery.NoteYourOwn}
	e.Click = &recovery.Click{Action: recovery.ActApprove, By: actor(requester), Channel: approvals, TS: "1.2"}
	messages := render(t, r, e)
	if len(messages) != 1 {
		t.Fatalf("%d messages, want one", len(messages))
	}
	m := messages[0]
	if m.Key != "private:9" || m.Channel != approvals || m.Ephemeral != requester {
		t.Errorf("it goes to %+v", m)
	}
	if got := read(t, m).Text; got != "You asked for R-142, so someone else must decide." {
		t.Errorf("it says %q", got)
	}
	e.Click.Action, e.Click.Channel, e.Click.TS = recovery.ActCancel, "", ""
	if m := render(t, r, e)[0]; m.Channel != requester || m.Ephemeral != "" {
		t.Errorf("a refused command goes to %+v", m)
	}
}

func TestARefusedChoiceIsShownAsItIs(t *testing.T) {
	t.Parallel()
	r := deletedUser()
	e := event(recovery.EventRefused, patti, recovery.Confirming, r)
	e.Note = &recovery.Note{Code: recovery.NoteNotRequester}
	e.Click = &recovery.Click{Action: recovery.ChooseSignIn, Value: "block", By: actor(patti), Channel: "D1", TS: "1.2"}
	messages := render(t, r, e)
	if len(messages) != 2 || messages[1].Key != recovery.CardRequester {
		t.Errorf("got %d messages", len(messages))
	}
}

func TestRecordsAloneShowNothing(t *testing.T) {
	t.Parallel()
	for _, kind := range []recovery.EventKind{recovery.EventAsked, recovery.EventClicked, recovery.EventUnsent} {
		if messages := render(t, in(recovery.Pending), event(kind, requester, recovery.Pending, in(recovery.Pending))); len(messages) != 0 {
			t.Errorf("%s shows %d messages", kind, len(messages))
		}
	}
}

func TestNobodyIsWrittenToWhoCannotBe(t *testing.T) {
	t.Parallel()
	r := in(recovery.Cancelled, func(r *recovery.Request) {
		r.Obstacle = &recovery.Note{Code: recovery.NoteUnreachable, Args: []string{"messages_tab_disabled"}}
	})
	for _, m := range render(t, r, event(recovery.EventCancelled, "", recovery.Confirming, r)) {
		if m.Channel == requester {
			t.Errorf("%s goes to a person who cannot be written to", m.Key)
		}
	}
	r.Obstacle = &recovery.Note{Code: recovery.NoteChannel, Args: []string{"is_archived"}}
	told := false
	for _, m := range render(t, r, event(recovery.EventCancelled, "", recovery.Pending, r)) {
		told = told || strings.HasPrefix(m.Key, "told:")
		if m.Channel == approvals {
			t.Errorf("%s goes to a channel that cannot be used", m.Key)
		}
	}
	if !told {
		t.Error("the requester does not hear why it was cancelled")
	}
}

func TestManyChoicesAreAMenu(t *testing.T) {
	t.Parallel()
	r := deletedUser()
	o := recovery.Offer{Action: recovery.ChooseLicense, Required: true, Chosen: "s3"}
	for _, v := range []string{"s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", strings.Repeat("x", 76)} {
		o.Options = append(o.Options, recovery.Option{Value: v, Label: strings.ToUpper(v)})
	}
	r.Diagnosis.Offers = []recovery.Offer{o}
	m := find(t, render(t, r, event(recovery.EventPlanned, "", recovery.Submitted, r)), recovery.CardRequester)
	if err := bot.CheckBody(m.Body); err != nil {
		t.Error(err)
	}
	body := string(m.Body)
	if !strings.Contains(body, `"static_select"`) || strings.Contains(body, `"radio_buttons"`) {
		t.Errorf("eleven choices are no menu: %s", body)
	}
	if !strings.Contains(body, "too long for Slack") {
		t.Error("a choice was left out without a word")
	}
	if !strings.Contains(body, `"block_id":"request:142:choice.license:3"`) {
		t.Error("the menu's block does not name the request")
	}
}

func TestLookingAgainLeavesNoOldButtons(t *testing.T) {
	t.Parallel()
	var again recovery.Request
	for _, s := range scenes() {
		if s.name == "ambiguous" {
			again = s.r
		}
	}
	again.Choices.Account, again.Obstacle = "id-2", nil // as recovery leaves it until the next diagnosis
	e := event(recovery.EventChosen, patti, recovery.Submitted, again)
	e.Click = &recovery.Click{Action: recovery.ChooseAccount, Value: "id-2", By: actor(patti), Channel: approvals}
	messages := render(t, again, e)
	if got := controls(read(t, find(t, messages, recovery.CardApproval))); len(got) > 0 {
		t.Errorf("the approval card still has %v", got)
	}
	find(t, messages, "line:9")
	checked := again
	checked.Diagnosis, checked.Plan, checked.Choices.Account = nil, nil, ""
	card := read(t, find(t, render(t, checked, event(recovery.EventChosen, requester, recovery.Submitted, checked)), recovery.CardRequester))
	if got := controls(card); !slices.Equal(got, []string{"request.cancel"}) || !strings.Contains(card.Text, "Looking again") {
		t.Errorf("the requester's card has %v: %q", got, card.Text)
	}
}

// TestCardsDoNotMoveWithTheLooks: a look that finds nothing new has no event, so what cards say of the next one holds without it.
func TestCardsDoNotMoveWithTheLooks(t *testing.T) {
	t.Parallel()
	for _, s := range exchangeScenes() {
		s.r.Next = at(1)
		before := render(t, s.r, s.e)
		s.r.Next, s.r.Tries = at(7), 40
		for i, m := range render(t, s.r, s.e) {
			if string(m.Body) != string(before[i].Body) {
				t.Errorf("%s, %s changes with each look", s.name, m.Key)
			}
		}
	}
	for _, name := range []string{"copy-running", "copy-queued", "copy-suspended"} {
		for _, key := range []string{recovery.CardApproval, recovery.CardRequester} {
			if s := read(t, find(t, sceneOf(t, name), key)); !strings.Contains(s.Text, "I look again within 2 minutes.") {
				t.Errorf("%s, %s does not say when it is looked at again: %s", name, key, s.Text)
			}
		}
	}
}

func TestAChoiceLeavesNoOldButtons(t *testing.T) {
	t.Parallel()
	for name, choices := range map[string]recovery.Choices{"an account": {Account: "id-2"}, "an old mailbox": {Mailbox: "guid-1"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var chosen recovery.Request
			for _, s := range scenes() {
				if s.name == "ambiguous" {
					chosen = s.r
				}
			}
			chosen.Choices, chosen.Obstacle = choices, nil
			throttled := chosen
			throttled.Obstacle = &recovery.Note{Code: recovery.NoteWaitThrottled, Args: []string{at(5).Format(time.RFC3339)}}
			with := func(r recovery.Request) recovery.Request { r.Choices = choices; return r }
			for _, after := range []struct {
				kind recovery.EventKind
				r    recovery.Request
			}{
				{recovery.EventChosen, chosen},
				{recovery.EventWaiting, throttled},
				{recovery.EventPlanned, with(deletedUser())},
				{recovery.EventCancelled, with(in(recovery.Cancelled, func(r *recovery.Request) { r.EndedBy = actor(requester) }))},
				{recovery.EventExpired, with(in(recovery.Expired))},
				{recovery.EventEnded, with(in(recovery.Impossible))},
			} {
				m := find(t, render(t, after.r, event(after.kind, requester, recovery.Submitted, after.r)), recovery.CardApproval)
				if got := controls(read(t, m)); len(got) > 0 || strings.Contains(read(t, m).Text, "has to choose") {
					t.Errorf("after %s the approval card has %v: %s", after.kind, got, read(t, m).Text)
				}
			}
		})
	}
}
