package recovery

import "testing"

// TestAClickOnACardOfAnotherPlan: Slack shows the old card for a while after a plan was made anew, and what is agreed to is
// what was shown.
func TestAClickOnACardOfAnotherPlan(t *testing.T) {
	t.Parallel()
	plan := &Plan{AccountID: "a", Approvals: 1}
	for _, tt := range []struct {
		state  State
		action Action
	}{{Confirming, ActConfirm}, {Pending, ActApprove}} {
		r := Request{State: tt.state, Plan: plan}
		for shown, fits := range map[string]bool{plan.Fingerprint(): true, "0123456789abcdef": false, "": false} {
			got := r.stateAllows(Click{Action: tt.action, Plan: shown})
			if fits != (got == nil) || got != nil && got.Code != NoteOldMessage {
				t.Errorf("%s on a card that shows %q: %v", tt.action, shown, got)
			}
		}
	}
}
