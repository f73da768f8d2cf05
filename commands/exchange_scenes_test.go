package commands

import (
	"time"

	"mailback/recovery"
)

// oldMailbox is a request for a mailbox that outlived its user, to be copied into Lidia's.
func oldMailbox(state recovery.State, change ...func(*recovery.Request)) recovery.Request {
	gone := at(0).Add(-10 * 24 * time.Hour)
	size := recovery.Contents{Items: 1303, Bytes: 97_725_000}
	old := recovery.Mailbox{ExchangeGUID: "6ad3cd2e-0f4c-4d9a-bd1f-d4c0fbe5a0a1", Name: "Brian Johnson", Address: "brianj@contoso.com", Type: "UserMailbox", SoftDeletedAt: gone}
	plan := &recovery.Plan{
		Case: recovery.CaseSoftDeleted, Address: old.Address, Name: old.Name, SignIn: recovery.SignInNone, Approvals: 2, Deadline: gone.Add(recovery.Retention),
		Source: &recovery.Party{ExchangeGUID: old.ExchangeGUID, Address: old.Address, Name: old.Name, Type: old.Type},
		Target: &recovery.Party{ExchangeGUID: "0b9ac0de-53a4-4f5a-9f0e-9e2d1f0c7c11", Address: "lidiah@contoso.com", Name: "Lidia Holloway", Type: "UserMailbox", Asked: "lidiah@contoso.com"},
		Steps: []recovery.Step{
			{Kind: recovery.StepAddress, Address: "X500:/o=ExchangeLabs/cn=brianj"},
			{Kind: recovery.StepCopy, Folder: "Copy of brianj@contoso.com"},
			{Kind: recovery.StepCopyArchive, Folder: "Copy of brianj@contoso.com (archive)"},
		},
		Access:   recovery.Access{RolesKnown: true, GroupsKnown: true},
		Warnings: []recovery.Note{{Code: recovery.NoteTargetReads, Args: []string{"lidiah@contoso.com", "lidiah@contoso.com"}}, {Code: recovery.NoteOnHold}},
	}
	r := recovery.Request{
		ID: 142, Version: 3, State: state, EnteredAt: at(2), CreatedAt: at(0),
		Ask:       recovery.Ask{Query: recovery.Query{Kind: recovery.ByAddress, Value: old.Address}, Into: "lidiah@contoso.com", Reason: "She took over"},
		Requester: actor(requester), Reader: recovery.Reader{Language: "en"}, Plan: plan,
		Diagnosis: &recovery.Diagnosis{
			Case: recovery.CaseSoftDeleted, Type: old.Type, TypeProven: true, ReadAt: at(0), Deadline: plan.Deadline, Plan: plan, Mailbox: &old, Contents: &size,
			Evidence: []recovery.Note{{Code: recovery.NoteSoftDeleted, Args: []string{gone.Format(time.RFC3339)}}, {Code: recovery.NoteExchangeType, Args: []string{"UserMailbox"}}},
		},
	}
	for _, f := range change {
		f(&r)
	}
	return r
}

// exchangeScenes are those of mailboxes that outlived their user.
func exchangeScenes() []sceneCase {
	pending := oldMailbox(recovery.Pending)
	copying := func(state recovery.CopyState) func(*recovery.Request) {
		return func(r *recovery.Request) {
			r.Plan.Steps[0].Progress = recovery.Progress{Began: at(2), Acted: at(2), Done: at(2)}
			r.Plan.Steps[1].Progress = recovery.Progress{Began: at(2), Acted: at(2), CopyID: "x", Copy: &recovery.CopyStatus{
				State: state, Percent: 42, Items: 547, Bytes: 41_000_000, StartedAt: at(2), ReadAt: at(2).Add(20 * time.Minute),
			}}
			r.Next = at(3)
		}
	}
	running := oldMailbox(recovery.Restoring, reviewed(recovery.Approve, patti, nestor), copying(recovery.CopyInProgress))
	waiting := func(state recovery.CopyState, note recovery.Note) (recovery.Request, recovery.Event) {
		r := oldMailbox(recovery.Restoring, reviewed(recovery.Approve, patti, nestor), copying(state), func(r *recovery.Request) {
			r.Plan.Steps[1].Progress.Problem = &note
		})
		e := event(recovery.EventWaiting, "", recovery.Restoring, r)
		e.Note = &note
		return r, e
	}
	suspended, waits := waiting(recovery.CopySuspended, recovery.Note{Code: recovery.NoteCopyWaits, Args: []string{at(3).Format(time.RFC3339), "Informational: not before <ten>"}})
	queued, lasts := waiting(recovery.CopyQueued, recovery.Note{Code: recovery.NoteCopyQueued, Args: []string{at(2).Format(time.RFC3339)}})
	resumed := oldMailbox(recovery.Restoring, reviewed(recovery.Approve, patti, nestor), copying(recovery.CopySuspended))
	partly := oldMailbox(recovery.Partial, reviewed(recovery.Approve, patti, nestor), copying(recovery.CopyWithWarnings), func(r *recovery.Request) {
		for i := range r.Plan.Steps[1:] {
			p := &r.Plan.Steps[i+1].Progress
			p.Began, p.Done = at(2), at(3)
		}
		missing := recovery.Note{Code: recovery.NoteCopyPartly, Args: []string{"3", "Investigate"}}
		r.Proof = &recovery.Proof{
			ReadAt: at(3), Into: "lidiah@contoso.com", Asked: "lidiah@contoso.com", Contents: &recovery.Contents{Items: 4303, Bytes: 3 << 30},
			Grants: []recovery.Grant{{Who: "pattif@contoso.com", Rights: []string{"FullAccess", "SendAs"}}}, Missing: []recovery.Note{missing},
		}
		r.Obstacle = &missing
	})
	byHand := oldMailbox(recovery.Restoring, reviewed(recovery.Approve, patti), func(r *recovery.Request) {
		r.Plan.Case, r.Diagnosis.Case, r.Plan.Target, r.Plan.SignIn, r.Plan.Approvals = recovery.CaseInactive, recovery.CaseInactive, nil, recovery.SignInNew, 1
		r.Plan.Steps = []recovery.Step{
			{Kind: recovery.StepHandOver, Command: "New-Mailbox -InactiveMailbox '6ad3cd2e' -Name 'O''Neil <&>'", Progress: recovery.Progress{Began: at(2), Problem: &recovery.Note{Code: recovery.NoteByHand}}},
			{Kind: recovery.StepMailbox},
		}
		r.Plan.Warnings = []recovery.Note{{Code: recovery.NoteHoldsGo}, {Code: recovery.NoteNewUser}, {Code: recovery.NoteCouldCopy}}
	})
	hand := event(recovery.EventWaiting, "", recovery.Restoring, byHand)
	hand.Note = &recovery.Note{Code: recovery.NoteByHand}
	return []sceneCase{
		{"copy-pending", pending, event(recovery.EventConfirmed, requester, recovery.Confirming, pending), 0},
		{"copy-running", running, event(recovery.EventProgress, "", recovery.Restoring, running), 0},
		{"copy-suspended", suspended, waits, 1},
		{"copy-queued", queued, lasts, 2},
		{"copy-resumed", resumed, event(recovery.EventResumed, patti, recovery.Restoring, resumed), 1},
		{"copy-partly", partly, event(recovery.EventEnded, "", recovery.Restoring, partly), 2},
		{"by-hand", byHand, hand, 1},
	}
}
