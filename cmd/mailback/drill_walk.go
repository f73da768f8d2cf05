package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"mailback/commands"
	"mailback/internal/sandbox"
	"mailback/recovery"
)

// walk asks for the account as somebody would in Slack, and takes the request's turns until it has ended: what the store's jobs do for serve.
func (d *drill) walk(ctx context.Context) (recovery.Request, error) {
	d.t.say("\nNow the request, as /restore-mailbox %s would make it. The diagnosis is made …", d.address)
	ask := recovery.Ask{Query: recovery.Query{Kind: recovery.ByAddress, Value: d.address}, Reason: "a drill by mailback doctor"}
	r, _, err := d.service.Ask(ctx, recovery.AskInput{Ask: ask, Actor: drillActor(), Key: "drill", Language: "en"})
	if err != nil {
		return r, fmt.Errorf("the request could not be recorded: %w", err)
	}
	clicked := map[recovery.Action]bool{}
	for {
		if r, err = d.service.Store.Request(ctx, r.ID); err != nil {
			return r, fmt.Errorf("the request could not be read: %w", err)
		}
		if !r.State.Open() {
			return r, nil
		}
		if err := d.decide(ctx, r, clicked); err != nil {
			return r, err
		}
		if r, err = d.service.Store.Request(ctx, r.ID); err != nil {
			return r, fmt.Errorf("the request could not be read: %w", err)
		}
		wait, err := d.service.Advance(ctx, r.ID, r.Version)
		switch {
		case ctx.Err() != nil:
			return r, ctx.Err()
		case err != nil: // as a job would
			d.t.say("  %s; I try again in %s.", plainly(err), d.pace.look)
			wait = d.pace.look
		}
		d.tellWait(ctx, r.ID, wait)
		if err := d.sleep(ctx, wait); err != nil {
			return r, err
		}
	}
}

// decide stands for the requester's and the approver's click, once each, on the plan that was shown.
func (d *drill) decide(ctx context.Context, r recovery.Request, clicked map[recovery.Action]bool) error {
	c := recovery.Click{By: drillActor(), Channel: drillTerminal, At: d.x.now()}
	switch {
	case r.State == recovery.Submitted && r.Obstacle != nil && !passes(*r.Obstacle):
		d.show(r, recovery.CardRequester)
		return errors.New("the diagnosis found something in the way")
	case r.State == recovery.Confirming:
		c.Action, c.TS = recovery.ActConfirm, recovery.CardRequester
	case r.State == recovery.Pending:
		c.Action, c.TS = recovery.ActApprove, recovery.CardApproval
	default:
		return nil
	}
	if why := d.unlike(r); why != "" {
		d.show(r, recovery.CardApproval)
		return errors.New(why)
	}
	if len(r.Inbox) > 0 { // it is decided in the next turn
		return nil
	}
	if clicked[c.Action] {
		return fmt.Errorf("the request takes no %s", c.Action)
	}
	clicked[c.Action] = true
	if c.Action == recovery.ActApprove {
		d.t.say("\nThis is the card on which your approvers decide. In a drill you stand for the requester and the approver.\n")
		d.show(r, recovery.CardApproval)
		d.t.say("")
	}
	c.Plan, c.Key = r.Plan.Fingerprint(), "drill:"+string(c.Action)
	refused, err := d.service.Click(ctx, r.ID, c)
	switch {
	case err != nil:
		return fmt.Errorf("the click could not be recorded: %w", err)
	case refused != nil:
		return fmt.Errorf("the request takes no %s (%s)", c.Action, refused.Code)
	}
	return nil
}

// passes says whether an obstacle goes by itself, so that the request is looked at again.
func passes(n recovery.Note) bool {
	return slices.Contains([]recovery.NoteCode{recovery.NoteUnreadable, recovery.NoteWaitThrottled, recovery.NoteIncomplete}, n.Code)
}

// unlike says how a plan is another than the one that a drill was agreed to for: the same account, by its own name, with its licence; "" for none.
func (d *drill) unlike(r recovery.Request) string {
	if r.Plan == nil {
		return "there is no plan"
	}
	p := *r.Plan
	_, open := r.OpenOffer()
	switch {
	case p.AccountID == "" || p.AccountID != d.before.account.ID || p.Source != nil || p.Target != nil:
		return "the plan is about another account or mailbox"
	case p.Case != recovery.CaseUser:
		return "the plan is not that of a deleted user (" + string(p.Case) + ")"
	case p.Approvals != 1:
		return "the account turned out to hold an admin role, or may: " + strings.Join(p.Access.Roles, ", ")
	case open:
		return "somebody has to choose something first: the address or the sign-in name is taken by now"
	}
	for _, st := range p.Steps {
		switch {
		case st.Kind == recovery.StepRestoreUser && (st.SignInName != "" || st.DropConflicts):
			return "the account could come back under another name alone"
		case st.Kind != recovery.StepRestoreUser && st.Kind != recovery.StepAssign && st.Kind != recovery.StepMailbox:
			return "the plan has a step that a drill does not have (" + string(st.Kind) + ")"
		}
	}
	return ""
}

// show prints a card of the request as its reader would see it in Slack, without the buttons. What is out of place in a drill is left out: that
// nobody knows whose account the one at the terminal has, and how to undo a request that no serve has.
func (d *drill) show(r recovery.Request, key string) {
	at := d.x.now()
	if !r.State.Open() {
		at = at.Add(48 * time.Hour) // an undo is offered for a day
	}
	r.Unlinked, r.Reviews = false, slices.Clone(r.Reviews)
	for i := range r.Reviews {
		r.Reviews[i].Unlinked = false
	}
	render := commands.NewRenderer(commands.RendererConfig{ApprovalChannel: drillTerminal, Language: "en", TTL: d.service.Settings.TTL})
	messages, err := render(r, recovery.Event{Kind: recovery.EventPlanned, At: at})
	if err != nil {
		d.t.say("  (the card cannot be shown: %v)", err)
		return
	}
	for _, m := range messages {
		if m.Key == key {
			d.t.say("%s", cardText(m.Body))
		}
	}
}

var drillRef = regexp.MustCompile(`\bR-1\b`)

// cardText is a card as plain text, each line behind a bar.
func cardText(body []byte) string {
	var card struct{ Blocks []any }
	if json.Unmarshal(body, &card) != nil {
		return "" // unreachable: the renderer writes JSON
	}
	shown := slices.DeleteFunc(card.Blocks, func(b any) bool {
		block, _ := b.(map[string]any)
		return block["type"] == "actions" || block["accessory"] != nil
	})
	text := sandbox.PlainBlocks(shown, func(string) string { return drillUser })
	text = strings.ReplaceAll(text, "@"+drillUser, "the administrator at this terminal")
	text = drillRef.ReplaceAllString(text, "The drill") // serve has an R-1 of its own
	return "  | " + strings.ReplaceAll(text, "\n", "\n  | ")
}

// observe tells of each step of the restore as it moves on.
func (d *drill) observe(e recovery.Event) {
	if e.Kind != recovery.EventStep {
		return
	}
	name := stepName(e.Step)
	switch e.Result {
	case recovery.StepSent:
		d.t.say("  %s: sent (request-id %s). I look for what it did.", name, e.Receipt.RequestID)
	case recovery.StepDone:
		d.t.say("  %s: done, and read back.", name)
	case recovery.StepFound:
		d.t.say("  %s: it was there already, nothing had to be changed.", name)
	}
}

func stepName(k recovery.StepKind) string {
	switch k {
	case recovery.StepRestoreUser:
		return "Restore the account"
	case recovery.StepAssign:
		return "Give the licence"
	case recovery.StepMailbox:
		return "Wait for the mailbox"
	default:
		return string(k)
	}
}

// worthTelling is from which pause on it is told that there is one.
const worthTelling = 2 * time.Second

// tellWait says for what the request waits.
func (d *drill) tellWait(ctx context.Context, id int64, wait time.Duration) {
	if wait < worthTelling {
		return
	}
	r, err := d.service.Store.Request(ctx, id)
	if err != nil {
		return
	}
	for _, st := range planSteps(r) {
		if !st.Progress.Done.IsZero() {
			continue
		}
		switch p := st.Progress.Problem; {
		case p != nil && p.Code == recovery.NoteWaitThrottled:
			d.t.say("  %s: Microsoft asks for a pause; I go on in %s.", stepName(st.Kind), wait.Round(time.Second))
		case p != nil && passes(*p):
			d.t.say("  %s: Microsoft could not be read; I try again in %s.", stepName(st.Kind), wait.Round(time.Second))
		case st.Kind == recovery.StepMailbox:
			d.t.say("  Wait for the mailbox: it does not answer yet. Mostly it takes some minutes, at most a day; I look again in %s.", wait.Round(time.Second))
		default:
			d.t.say("  %s: its effect does not show yet; I look again in %s.", stepName(st.Kind), wait.Round(time.Second))
		}
		return
	}
	if r.Obstacle != nil && passes(*r.Obstacle) {
		d.t.say("  Microsoft could not be read, or has not caught up with the change yet; I read again in %s. Ctrl-C ends the drill.", wait.Round(time.Second))
		return
	}
	d.t.say("  I read again in %s.", wait.Round(time.Second))
}

func planSteps(r recovery.Request) []recovery.Step {
	if r.State != recovery.Restoring || r.Plan == nil {
		return nil
	}
	return r.Plan.Steps
}
