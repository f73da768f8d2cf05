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
