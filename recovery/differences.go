package recovery

import "slices"

// differences says how a fresh diagnosis differs from the plan that was approved; nothing when it does not.
func (r *Request) differences(d Diagnosis) []Note {
	switch {
	case r.Touched() && r.Plan.Target == nil && d.Case.settled():
		return nil // our own steps did it
	case r.Touched() && d.Plan == nil && d.Obstacle.refusesAStep():
		return nil // the step that it refuses says so, and what was done before stays known
	case d.Plan == nil:
		return []Note{{Code: NoteObstacleCame}}
	case r.cameBack(d) && r.Plan.Case == CaseShared:
		return nil // it needs no licence, and its mailbox shows itself later
	case r.begun(), r.cameBack(d), r.UndoOf != 0 && r.Touched():
		if r.remainderHas(d.Plan.Steps) || r.Plan.Items != nil && r.Plan.Items.same(d.Plan.Items) {
			return nil
		}
		return []Note{{NotePlanDiffers, []string{"steps"}}}
	}
	left := *r.Plan
	left.Steps = slices.DeleteFunc(slices.Clone(left.Steps), func(st Step) bool { return !st.Progress.Done.IsZero() })
	return planDiff(&left, d)
}

// planDiff names the parts in which a fresh diagnosis' plan differs from the one that was agreed to. A choice that nobody
// was asked for yet is a difference too: somebody has come to hold a name or an address since.
func planDiff(old *Plan, d Diagnosis) []Note {
	var diff []Note
	add := func(differs bool, what string) {
		note := Note{NotePlanDiffers, []string{what}}
		if differs && !slices.ContainsFunc(diff, note.same) {
			diff = append(diff, note)
		}
	}
	if old.Case != d.Plan.Case {
		diff = append(diff, Note{NoteCaseDiffers, []string{string(old.Case), string(d.Plan.Case)}})
	}
	fresh, a, b := d.Plan, old.Access, d.Plan.Access
	add(!old.Source.same(fresh.Source) || !old.Target.same(fresh.Target), "mailboxes")
	add(d.open(ChooseTarget), "mailboxes")
	add(old.AccountID != fresh.AccountID || old.Address != fresh.Address || old.Name != fresh.Name, "account")
	add(old.SignIn != fresh.SignIn || old.SignInName != fresh.SignInName || d.open(ChooseSignInName), "sign-in")
	add(!slices.EqualFunc(old.Steps, fresh.Steps, Step.same) || d.open(ChooseDrop), "steps")
	add(d.open(ChooseLicense), "license")
	add(!slices.Equal(a.Roles, b.Roles) || a.RolesKnown != b.RolesKnown || a.Groups != b.Groups || a.GroupsKnown != b.GroupsKnown, "access")
	add(!old.Items.same(fresh.Items), "items")
	add(!old.Bulk.same(fresh.Bulk), "list")
	add(old.Approvals != fresh.Approvals, "approvals")
	add(len(diff) == 0 && old.Fingerprint() != fresh.Fingerprint(), "steps")
	return diff
}

// begun says whether a step of the plan has been done, so that the tenant is no longer as it was when it was made.
func (r *Request) begun() bool {
	return slices.ContainsFunc(r.Plan.Steps, func(s Step) bool { return !s.Progress.Done.IsZero() && !s.Progress.Found })
}

// cameBack says whether the account that the plan restores is there, after a change whose outcome nobody saw.
func (r *Request) cameBack(d Diagnosis) bool {
	restores := slices.ContainsFunc(r.Plan.Steps, func(s Step) bool { return s.Kind == StepRestoreUser })
	return r.Touched() && restores && d.Case == CaseLicense && d.Plan.AccountID == r.Plan.AccountID
}

// remainderHas says whether all of the steps are among those still to be done.
func (r *Request) remainderHas(steps []Step) bool {
	return !slices.ContainsFunc(steps, func(f Step) bool {
		return !slices.ContainsFunc(r.Plan.Steps, func(o Step) bool { return o.Progress.Done.IsZero() && o.same(f) })
	})
}
