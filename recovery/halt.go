package recovery

import "slices"

// What becomes of a request that people have to decide on anew: because the tenant changed, or because it is tried again. One that has
// changed something keeps what it did, whatever comes of that.

// void sends the request back to its requester with the new plan and how it differs.
func (r *Request) void(d Diagnosis, diff []Note) Event {
	r.halt()
	for _, st := range r.Plan.Steps {
		if !st.Progress.Acted.IsZero() || st.Progress.CopyID != "" {
			r.Attempts += 1 + st.Progress.Attempt
		}
	}
	r.Diagnosis, r.Plan, r.Obstacle, r.Changed, r.Reviews = &d, d.Plan, d.Obstacle, diff, nil
	e := r.become(Confirming, Event{Kind: EventVoided, Note: &diff[0]})
	if d.Plan == nil && !d.Obstacle.removable() {
		r.Replan = true // the next turn ends it with the reason
	}
	return e
}

// halt keeps the plan that something was done of, and that another one is to follow.
func (r *Request) halt() {
	if r.Touched() && (r.Halted == nil || r.Plan.sent()) {
		plan := *r.Plan
		plan.Steps = slices.Clone(plan.Steps)
		r.Halted = &Halted{&plan, r.Diagnosis, r.Attempts}
	}
}

// sent says whether anything of the plan was done, or may have been.
func (p *Plan) sent() bool {
	return p != nil && slices.ContainsFunc(p.Steps, func(st Step) bool { return !st.Progress.Acted.IsZero() || !st.Progress.Done.IsZero() })
}

// leave ends a request that has changed something and waits for people: what was done stays, and the plan that it was done by is in
// force again, so that it can be tried again or undone.
func (r *Request) leave(why Note) Event {
	r.unhalt()
	r.Changed, r.Obstacle = nil, &why
	return r.become(Partial, Event{Kind: EventEnded, Note: &why})
}

// unhalt puts the plan that something was done of in force again, where nothing of the one after it was.
func (r *Request) unhalt() {
	if h := r.Halted; h != nil && !r.Plan.sent() {
		r.Plan, r.Diagnosis, r.Attempts = h.Plan, h.Diagnosis, h.Attempts
	}
	r.Halted = nil
}

// expire ends a request that people did not bring on in time.
func (r *Request) expire() Event {
	e := Event{Kind: EventExpired}
	switch {
	case r.Touched():
		return r.leave(Note{Code: NoteUndecided})
	case r.State == Confirming && r.Plan != nil:
		e.Note = &Note{Code: NoteUnconfirmed}
		r.Obstacle = e.Note
	}
	return r.become(Expired, e)
}

// supersede lets go of the plan that something was done of, as another one begins, and keeps what of it can be put back: as far as the
// account still is as it was left. What somebody has changed since is theirs, and so is an account that is deleted anew.
func (r *Request) supersede(now Account) {
	if r.Halted == nil {
		return
	}
	was := *r
	was.Plan, was.Diagnosis = r.Halted.Plan, r.Halted.Diagnosis
	e := Earlier{Account: was.account(), Stays: was.stays()}
	if left := was.after(); left != nil && now.ID == e.Account && !now.Deleted() {
		e.After = now.facts()
		e.Steps = slices.DeleteFunc(slices.Clone(was.changesToUndo()), func(st Step) bool { return !left.keeps(st, *e.After) })
	}
	r.Halted, r.Earlier = nil, &e
}

// keeps says whether what a step would put back is now as it was left.
func (f Facts) keeps(back Step, now Facts) bool {
	if back.Kind == StepBlockSignIn {
		return true
	}
	left, had := f.license(back.SKU)
	held, has := now.license(back.SKU)
	return had && has && left.same(held)
}

// earlier gives what plans before the one in force did to the account that it is about.
func (r Request) earlier() Earlier {
	if r.Earlier == nil || r.Plan == nil || r.Earlier.Account != r.account() {
		return Earlier{}
	}
	return *r.Earlier
}
