package recovery

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestUndoKnowsWhatWasDoneBeforeAnotherPlan: of a request that restored an account by one plan and gave it a licence by another, both are
// put back, and what stays is said of both.
func TestUndoKnowsWhatWasDoneBeforeAnotherPlan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := halted(w)
	r = w.is(w.approve(r.ID, nil), Succeeded)
	want := []Step{{Kind: StepBlockSignIn}, {Kind: StepTakeLicense, SKU: skuEXO1, PartNumber: "EXCHANGESTANDARD"}}
	if diff := cmp.Diff(want, r.Undo()); diff != "" || r.Halted != nil {
		t.Fatalf("halted %v, offered (-want +got):\n%s", r.Halted, diff)
	}
	undo := w.is(w.undoes(r.ID), Confirming)
	if diff := cmp.Diff([]StepKind{StepBlockSignIn, StepTakeLicense}, stepKinds(undo.Plan)); diff != "" || !slices.Contains(warned(undo.Plan), "stays(restore-user)") {
		t.Errorf("warned of %v, steps (-want +got):\n%s", warned(undo.Plan), diff)
	}
	w.is(w.undone(undo.ID), Succeeded)
	if diff := cmp.Diff(map[string]int{"restore": 1, "assign": 1, "block": 1, "take": 1}, w.tenant.did); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

// TestUndoOfAPlanThatDidNothing: what the one before did can be put back also where the next one met trouble at its first step.
func TestUndoOfAPlanThatDidNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := halted(w)
	w.tenant.fails("assign", 1, &Error{Kind: NoSeat})
	r = w.is(w.approve(r.ID, nil), Partial)
	if diff := cmp.Diff([]Step{{Kind: StepBlockSignIn}}, r.Undo()); diff != "" {
		t.Errorf("offered (-want +got):\n%s", diff)
	}
	undo := w.is(w.undoes(r.ID), Confirming)
	w.is(w.undone(undo.ID), Succeeded)
}

// TestUndoMindsWhatChangedBetweenTwoPlans: the account was no longer as the first plan left it when the second began.
func TestUndoMindsWhatChangedBetweenTwoPlans(t *testing.T) {
	t.Parallel()
	done := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	held := func(skus ...string) (f Facts) {
		f.Enabled = new(true)
		for _, sku := range skus {
			f.Licenses = append(f.Licenses, HeldLicense{AssignedLicense{SKU: sku}, true, false})
		}
		return f
	}
	step := func(kind StepKind, sku string, before, after Facts) Step {
		return Step{Kind: kind, SKU: sku, PartNumber: sku, Progress: Progress{Acted: done, Done: done, Before: &before, After: &after}}
	}
	account := func(skus ...string) Account {
		a := Account{ID: john, Enabled: new(true)}
		for _, sku := range skus {
			a.Licenses = append(a.Licenses, AssignedLicense{SKU: sku})
		}
		return a
	}
	block, takeE3, takeE5 := Step{Kind: StepBlockSignIn}, Step{Kind: StepTakeLicense, SKU: skuE3, PartNumber: skuE3}, Step{Kind: StepTakeLicense, SKU: skuE5, PartNumber: skuE5}
	for name, tt := range map[string]struct {
		found  func(*Account)
		second []Step
		want   []Step
	}{
		"nothing":                        {want: []Step{block, takeE3}},
		"the second gave another":        {second: []Step{step(StepAssign, skuE5, held(skuE3), held(skuE3, skuE5))}, want: []Step{block, takeE3, takeE5}},
		"the second turned its plans on": {second: []Step{step(StepAssign, skuE3, held(skuE3), held(skuE3))}, want: []Step{block, takeE3}},
		"the licence was taken away":     {found: func(a *Account) { a.Licenses = nil }, want: []Step{block}},
		"and given back by the second":   {func(a *Account) { a.Licenses = nil }, []Step{step(StepAssign, skuE3, held(), held(skuE3))}, []Step{block, takeE3}},
		"somebody turned plans off":      {found: func(a *Account) { a.Licenses[0].DisabledPlans = []string{planTeams} }, want: []Step{block}},
		"a group gives it now": {found: func(a *Account) {
			a.LicenseStates = []LicenseState{{SKU: skuE3, State: "Active"}, {SKU: skuE3, State: "Active", Group: "g1"}}
		}, want: []Step{block}},
		"its sign-in was blocked":   {found: func(a *Account) { a.Enabled = new(false) }, want: []Step{takeE3}},
		"it was deleted anew":       {found: func(a *Account) { a.DeletedAt = done }},
		"it is another account now": {found: func(a *Account) { a.ID = jane }},
	} {
		now := account(skuE3)
		if tt.found != nil {
			tt.found(&now)
		}
		first := &Plan{AccountID: john, Steps: []Step{step(StepRestoreUser, "", held(), held()), step(StepAssign, skuE3, held(), held(skuE3))}}
		r := Request{State: Approved, ChangedAt: done, Halted: &Halted{Plan: first}, Plan: &Plan{AccountID: now.ID, Steps: tt.second}}
		r.supersede(now)
		r.State = Succeeded
		if diff := cmp.Diff(tt.want, slices.Clip(r.Undo())); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
