package commands

import (
	"slices"
	"strings"
	"testing"
	"time"

	"mailback/recovery"
)

// stuck is a request in Submitted with something in the way.
func stuckAt(note recovery.Note, offers ...recovery.Offer) recovery.Request {
	return in(recovery.Submitted, func(r *recovery.Request) {
		r.Plan, r.Obstacle = nil, &note
		r.Diagnosis.Plan, r.Diagnosis.Obstacle, r.Diagnosis.Offers = nil, r.Obstacle, append(r.Diagnosis.Offers, offers...)
	})
}

// triedAgain is a request that restored an account, could give it no licence, and waits for people with a new plan.
func triedAgain(state recovery.State, change ...func(*recovery.Request)) recovery.Request {
	return in(state, append([]func(*recovery.Request){func(r *recovery.Request) {
		begun := *r.Plan
		begun.Steps = slices.Clone(begun.Steps)
		begun.Steps[0].Progress = recovery.Progress{Began: at(1), Acted: at(1), Done: at(1)}
		r.ChangedAt, r.Halted = at(1), &recovery.Halted{Plan: &begun, Diagnosis: r.Diagnosis}
		plan := *r.Plan
		plan.Case, plan.SignIn = recovery.CaseLicense, recovery.SignInUnchanged
		plan.Steps = []recovery.Step{{Kind: recovery.StepAssign, SKU: "sku1", PartNumber: "EXCHANGESTANDARD"}, {Kind: recovery.StepMailbox}}
		plan.Seats, plan.Warnings = &recovery.Seats{SKU: "sku1", PartNumber: "EXCHANGESTANDARD", Free: 2}, nil
		d := *r.Diagnosis
		d.Case, d.Plan, d.Offers = recovery.CaseLicense, &plan, nil
		r.Plan, r.Diagnosis = &plan, &d
		r.Changed = []recovery.Note{{Code: recovery.NotePlanDiffers, Args: []string{"steps"}}}
	}}, change...)...)
}

// leftAt is such a request when it went back to what was done before.
func leftAt(note recovery.Note) recovery.Request {
	return triedAgain(recovery.Partial, func(r *recovery.Request) {
		r.Plan, r.Diagnosis, r.Halted, r.Changed, r.Obstacle = r.Halted.Plan, r.Halted.Diagnosis, nil, nil, &note
	})
}

// broughtBack is a request whose mailbox somebody else brought back before its restore began.
func broughtBack(state recovery.State) recovery.Request {
	return in(state, func(r *recovery.Request) {
		d := *r.Diagnosis
		d.Case, d.Plan, d.Obstacle, d.Deadline, d.Offers = recovery.CaseHealthy, nil, &recovery.Note{Code: recovery.NoteHealthy}, time.Time{}, nil
		r.Diagnosis, r.Plan, r.Obstacle, r.Replan = &d, nil, d.Obstacle, state == recovery.Confirming
		r.Changed = []recovery.Note{{Code: recovery.NoteObstacleCame}}
	})
}

// stateScenes are those of requests that stand still, wait or end in an uncommon way.
func stateScenes() []sceneCase {
	another := recovery.Offer{Action: recovery.ChooseLicense, Required: true, Options: []recovery.Option{{Value: "sku1", Label: "EXCHANGESTANDARD", Free: 2}}}
	noSeat := stuckAt(recovery.Note{Code: recovery.NoteNoSeat, Args: []string{"SPE_E3"}}, another)
	domain := stuckAt(recovery.Note{Code: recovery.NoteDomain, Args: []string{"adele@elsewhere.com"}}, recovery.Offer{
		Action: recovery.ChooseSignInName, Required: true, Options: []recovery.Option{{Value: adele, Label: adele}, {Value: "adelev2@contoso.com", Label: "adelev2@contoso.com"}},
	})
	nobody := stuckAt(recovery.Note{Code: recovery.NoteNobody, Args: []string{"2", "1"}})
	secret := stuckAt(recovery.Note{Code: recovery.NoteSignInFailed, Args: []string{"entra", recovery.SecretExpired}})
	secret.Reader.Approver = true
	slackDown := stuckAt(recovery.Note{Code: recovery.NoteUnreadable, Args: []string{"unavailable", "slack"}})
	slackDown.Diagnosis = nil
	refused := in(recovery.Impossible, func(r *recovery.Request) {
		r.Plan, r.Diagnosis, r.Obstacle = nil, nil, &recovery.Note{Code: recovery.NoteNotAsker}
	})
	perhaps := in(recovery.Confirming, func(r *recovery.Request) {
		r.Plan.Warnings = append(r.Plan.Warnings, recovery.Note{Code: recovery.NoteHoldersUnknown, Args: []string{"GroupMember.Read.All"}})
		r.Diagnosis.Offers = append(r.Diagnosis.Offers, recovery.Offer{Action: recovery.ChooseDrop, Options: []recovery.Option{{Value: "drop"}}})
		r.Reader.Approver = true
	})
	dropped := in(recovery.Pending, func(r *recovery.Request) {
		r.Choices.DropConflicts, r.Plan.Steps[0].DropConflicts = true, true
		r.Diagnosis.Offers = append(r.Diagnosis.Offers, recovery.Offer{Action: recovery.ChooseDrop, Chosen: "drop", Options: []recovery.Option{{Value: "drop"}}})
	})
	connecting := in(recovery.Restoring, reviewed(recovery.Approve, patti, nestor), func(r *recovery.Request) {
		r.Plan.Steps[0].Progress = recovery.Progress{Began: at(2), Acted: at(2), Done: at(2)}
		r.Plan.Steps[1].Progress = recovery.Progress{Began: at(2), Done: at(2), Found: true}
		r.Plan.Steps[2].Progress = recovery.Progress{Began: at(2), Problem: &recovery.Note{Code: recovery.NoteStillWaiting, Args: []string{at(1).Format(time.RFC3339), "30"}}}
		r.Next = at(4)
	})
	slow := event(recovery.EventWaiting, "", recovery.Restoring, connecting)
	slow.Step, slow.Note = recovery.StepMailbox, &recovery.Note{Code: recovery.NoteStillWaiting, Args: []string{at(1).Format(time.RFC3339), "30"}}
	late := in(recovery.Expired, reviewed(recovery.Approve, patti, nestor))
	unconfirmed := in(recovery.Expired, func(r *recovery.Request) { r.Obstacle = &recovery.Note{Code: recovery.NoteUnconfirmed} })
	hindered := noSeat
	hindered.State = recovery.Expired
	over := broughtBack(recovery.Confirming)
	voided := triedAgain(recovery.Confirming)
	pending := triedAgain(recovery.Pending)
	held := triedAgain(recovery.Approved, reviewed(recovery.Approve, patti, nestor), func(r *recovery.Request) {
		r.Obstacle = &recovery.Note{Code: recovery.NoteMissingRole, Args: []string{"User.Read.All"}}
	})
	left := leftAt(recovery.Note{Code: recovery.NoteLeft, Args: []string{requester}})
	undecided := leftAt(recovery.Note{Code: recovery.NoteUndecided})
	denied := leftAt(recovery.Note{})
	denied.State, denied.Obstacle, denied.EndedBy, denied.EndReason = recovery.Denied, nil, actor(patti), "Not this licence"
	return []sceneCase{
		{"no-seat-another", noSeat, event(recovery.EventPlanned, "", recovery.Submitted, noSeat), 0},
		{"domain", domain, event(recovery.EventPlanned, "", recovery.Submitted, domain), 0},
		{"nobody", nobody, event(recovery.EventPlanned, "", recovery.Submitted, nobody), 0},
		{"secret-expired", secret, event(recovery.EventWaiting, "", recovery.Submitted, secret), 0},
		{"slack-down", slackDown, event(recovery.EventWaiting, "", recovery.Submitted, slackDown), 0},
		{"refused", refused, event(recovery.EventEnded, "", recovery.Submitted, refused), 0},
		{"drop-perhaps", perhaps, event(recovery.EventPlanned, "", recovery.Submitted, perhaps), 0},
		{"drop-perhaps-pending", dropped, event(recovery.EventConfirmed, requester, recovery.Confirming, dropped), 0},
		{"connecting", connecting, slow, 2},
		{"expired-approved", late, event(recovery.EventExpired, "", recovery.Approved, late), 2},
		{"expired-unconfirmed", unconfirmed, event(recovery.EventExpired, "", recovery.Confirming, unconfirmed), 1},
		{"expired-obstacle", hindered, event(recovery.EventExpired, "", recovery.Submitted, hindered), 1},
		{"voided-ends", over, event(recovery.EventVoided, "", recovery.Approved, over), 2},
		{"touched-voided", voided, event(recovery.EventVoided, "", recovery.Approved, voided), 2},
		{"touched-pending", pending, event(recovery.EventConfirmed, requester, recovery.Confirming, pending), 0},
		{"touched-approved", held, event(recovery.EventWaiting, "", recovery.Approved, held), 0},
		{"touched-left", left, event(recovery.EventEnded, requester, recovery.Confirming, left), 2},
		{"touched-undecided", undecided, event(recovery.EventEnded, "", recovery.Pending, undecided), 2},
		{"touched-denied", denied, event(recovery.EventDenied, patti, recovery.Pending, denied), 2},
	}
}

// TestWhyItEndsIsToldOnce: that the approval is void and that there is nothing to do are told one after the other, the reason with the second.
func TestWhyItEndsIsToldOnce(t *testing.T) {
	t.Parallel()
	var told []string
	for state, kind := range map[recovery.State]recovery.EventKind{recovery.Confirming: recovery.EventVoided, recovery.Unneeded: recovery.EventEnded} {
		r := broughtBack(state)
		for _, m := range render(t, r, event(kind, "", recovery.Approved, r)) {
			if strings.HasPrefix(m.Key, "told:") {
				told = append(told, read(t, m).Text)
			}
		}
	}
	why := reader{wordsIn("en"), false, "R-142"}.note(recovery.Note{Code: recovery.NoteHealthy})
	if n := strings.Count(strings.Join(told, "\n"), string(why)); len(told) != 2 || n != 1 {
		t.Errorf("%d times %q in %q", n, why, told)
	}
}

func TestNoButtonIsNamedThatIsNotThere(t *testing.T) {
	t.Parallel()
	for _, s := range scenes() {
		for _, m := range render(t, s.r, s.e) {
			if m.Key != recovery.CardRequester && m.Key != recovery.CardApproval {
				continue
			}
			said := read(t, m)
			for text, action := range map[string]string{"“Check again”": "request.check", "“Cancel": "request.cancel", "“It is done”": "request.check"} {
				if strings.Contains(said.Text, text) && !slices.Contains(controls(said), action) {
					t.Errorf("%s, %s names %s: %q", s.name, m.Key, text, said.Text)
				}
			}
		}
	}
	for _, code := range constants(t, "../recovery", "NoteCode") {
		for _, approver := range []bool{true, false} {
			n := recovery.Note{Code: recovery.NoteCode(code), Args: []string{"x", "y"}}
			if got := (reader{wordsIn("en"), approver, ""}).note(n); strings.Contains(string(got), "press “Check again”") {
				t.Errorf("check, which has no buttons, says %q", got)
			}
			if got := (reader{wordsIn("en").of(recovery.Request{State: recovery.Partial}), approver, "R-142"}).note(n); strings.Contains(string(got), "press “Check again”") {
				t.Errorf("what has ended says %q", got)
			}
		}
	}
}

func TestWhatHasChangedSomethingIsNotSaidToBeCancelled(t *testing.T) {
	t.Parallel()
	for _, s := range stateScenes() {
		if !strings.HasPrefix(s.name, "touched-") {
			continue
		}
		for _, m := range render(t, s.r, s.e) {
			body := string(m.Body)
			for _, wrong := range []string{"Cancel request", "or cancel", "ancelled", "Nothing was changed", "xpired", "expires"} {
				if strings.Contains(body, wrong) {
					t.Errorf("%s, %s says %q: %s", s.name, m.Key, wrong, body)
				}
			}
		}
	}
}

func TestEndsAreCalledWhatTheyAre(t *testing.T) {
	t.Parallel()
	for code, want := range map[recovery.NoteCode][2]string{
		recovery.NoteNotAsker:     {"head.impossible.refused", "state.impossible.refused"},
		recovery.NoteGuest:        {"head.impossible.refused", "state.impossible.refused"},
		recovery.NoteNameOnly:     {"head.impossible.again", "state.impossible.again"},
		recovery.NoteUnlinked:     {"head.impossible.again", "state.impossible.again"},
		recovery.NoteNobodyCopy:   {"head.impossible.nobody", "state.impossible.nobody"},
		recovery.NoteGone:         {"head.impossible", "state.impossible"},
		recovery.NoteStillWaiting: {"head.impossible", "state.impossible"},
	} {
		r := recovery.Request{ID: 1, State: recovery.Impossible, Obstacle: &recovery.Note{Code: code}}
		w := wordsIn("en")
		if got := [2]string{w.ending("head.impossible", r), w.ending("state.impossible", r)}; got != want {
			t.Errorf("%s: %v, want %v", code, got, want)
		}
		for _, m := range render(t, r, event(recovery.EventEnded, "", recovery.Submitted, r)) {
			if text := read(t, m).Text; strings.Contains(text, "o way back") == (code != recovery.NoteGone && code != recovery.NoteStillWaiting) {
				t.Errorf("%s: %q", code, text)
			}
		}
	}
}

func TestRefusalThatWasToldIsNotToldAgain(t *testing.T) {
	t.Parallel()
	r := deletedUser()
	e := event(recovery.EventRefused, patti, recovery.Confirming, r)
	e.Note, e.Again = &recovery.Note{Code: recovery.NoteNotRequester}, true
	e.Click = &recovery.Click{Action: recovery.ChooseSignIn, Value: "block", By: actor(patti), Channel: "D1", TS: "1.2"}
	if messages := render(t, r, e); len(messages) != 0 {
		t.Errorf("%d messages", len(messages))
	}
	e.By, e.Click.By = actor(requester), actor(requester)
	if messages := render(t, r, e); len(messages) != 1 || messages[0].Key != recovery.CardRequester { // whose mark has to go
		t.Errorf("%d messages", len(messages))
	}
}

func TestCredentialFaultsAreNoMissingPermissions(t *testing.T) {
	t.Parallel()
	said := func(args ...string) string {
		return string(reader{wordsIn("en"), true, "R-142"}.note(recovery.Note{Code: recovery.NoteSignInFailed, Args: args}))
	}
	for _, tt := range []struct{ got, want string }{
		{said("entra", recovery.SecretExpired), "Microsoft Entra (sign-in) does not let Mailback in. Its client secret has expired. An administrator has to make a new one"},
		{said("entra", "AADSTS50034"), "Microsoft Entra (sign-in) does not let Mailback in (AADSTS50034)."},
		{said("entra", ""), "It gave no reason;"},
		{said("graph", recovery.TokenRefused), "Microsoft Graph does not let Mailback in. Its token is not accepted."},
		{said("slack", "token_revoked"), "Slack does not take Mailback's token (token_revoked)."},
	} {
		if !strings.Contains(tt.got, tt.want) || strings.Contains(tt.got, "permission") {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}
