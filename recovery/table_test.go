package recovery

import (
	"slices"
	"testing"
	"time"
)

// TestDecisionTable walks Microsoft's decision tree (learn.microsoft.com/troubleshoot/exchange/user-and-shared-mailboxes/
// mailbox-recovery-in-exchange-online): what becomes of each state of the user with each state of the mailbox.
func TestDecisionTable(t *testing.T) {
	t.Parallel()
	days := func(w *world, n time.Duration) time.Time { return w.ago(n * 24 * time.Hour) }
	for _, tt := range []struct {
		user, mailbox string
		setup         func(w *world)
		want          Case
		first         StepKind // of the plan; empty: no way back
		why           NoteCode
	}{
		{"present", "present", func(w *world) { w.lives(john, "john", licensed, answers) }, CaseHealthy, "", NoteHealthy},
		{"present", "soft-deleted", func(w *world) {
			w.lives(john, "john")
			w.mailboxOf(john).SoftDeletedAt = days(w, 3)
		}, CaseLicense, StepAssign, ""},
		{"present", "soft-deleted, of an earlier user", func(w *world) {
			w.lives(john, "john", licensed, answers)
			w.orphaned(lost, "john")
		}, CaseSoftDeleted, "", ""},
		{"present", "inactive, of an earlier user", func(w *world) {
			w.lives(john, "john", licensed, answers)
			w.orphaned(lost, "john", inactive)
		}, CaseInactive, "", ""},
		{"present", "not present", func(w *world) { w.lives(john, "john"); w.tenant.mailboxes = nil }, CaseLicense, "", NoteMailboxGone},
		{"soft-deleted", "present", func(w *world) { // Exchange has not followed yet
			w.deleted(john, "john")
			w.mailboxOf(john).SoftDeletedAt = time.Time{}
		}, CaseUser, StepRestoreUser, ""},
		{"soft-deleted", "soft-deleted", func(w *world) { w.deleted(john, "john") }, CaseUser, StepRestoreUser, ""},
		{"soft-deleted", "soft-deleted, shared", func(w *world) {
			w.deleted(john, "john", shared)
			w.mailboxOf(john).Type = "SharedMailbox"
		}, CaseShared, StepRestoreUser, ""},
		{"soft-deleted", "inactive", func(w *world) {
			w.deleted(john, "john")
			w.mailboxOf(john).Inactive, w.mailboxOf(john).OnHold = true, true
		}, CaseUser, StepRestoreUser, ""},
		{"soft-deleted", "not present", func(w *world) { w.deleted(john, "john"); w.tenant.mailboxes = nil }, CaseUser, "", NoteMailboxGone},
		{"hard-deleted", "soft-deleted", func(w *world) { w.orphaned(lost, "john") }, CaseSoftDeleted, StepReconnect, ""},
		{"hard-deleted", "inactive", func(w *world) { w.orphaned(lost, "john", inactive) }, CaseInactive, StepHandOver, ""},
		{"hard-deleted", "present, of somebody else", func(w *world) {
			w.lives(jane, "jane", licensed, answers)
			w.mailboxOf(jane).Address = "john@contoso.com"
		}, CaseGone, "", NoteGone},
		{"hard-deleted", "not present", func(*world) {}, CaseGone, "", NoteGone},
	} {
		t.Run(tt.user+" and "+tt.mailbox, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.set(func(s *Settings) { s.Licenses = []string{"ENTERPRISEPACK"} })
			tt.setup(w)
			d := w.looks(Ask{}, Choices{})
			if d.Case != tt.want {
				t.Fatalf("case %s, obstacle %v; want %s", d.Case, d.Obstacle, tt.want)
			}
			switch {
			case tt.why != "":
				if d.Obstacle == nil || d.Obstacle.Code != tt.why || d.Plan != nil {
					t.Errorf("obstacle %v, want %s", d.Obstacle, tt.why)
				}
			case tt.first == "": // both are shown, and somebody says whether one is copied into the other
				if i := slices.IndexFunc(d.Offers, Offer.open); i < 0 || d.Offers[i].Action != ChooseTarget {
					t.Errorf("offers %+v", d.Offers)
				}
			case d.Plan == nil || d.Plan.Steps[0].Kind != tt.first:
				t.Errorf("plan %+v, obstacle %v; want %s first", d.Plan, d.Obstacle, tt.first)
			}
		})
	}
}
