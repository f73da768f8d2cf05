package recovery

import "time"

// suspended says whether the copy waits for somebody to resume it.
func (c *CopyStatus) suspended() bool {
	return c != nil && (c.State == CopySuspended || c.State == CopyAutoSuspend)
}

// resumed tells when a copy that is suspended was resumed: when something was sent since it was seen so; zero when it was not.
func (p Progress) resumed() time.Time {
	if !p.Copy.suspended() || !p.Acted.After(p.Copy.Since) {
		return time.Time{}
	}
	return p.Acted
}

// Suspended says whether the request waits for a copy that is suspended, so that an approver may let it go on.
func (r Request) Suspended() bool {
	i := r.atHand()
	if i < 0 {
		return false
	}
	p := r.Plan.Steps[i].Progress
	return p.CopyID != "" && p.Copy.suspended() && p.Problem != nil && p.Problem.Code == NoteCopyWaits
}

// resume lets the copy go on that is suspended. That is done by a later turn, which first reads that it is still suspended and of the
// two mailboxes that were approved (lookCopy). The step has its time anew.
func (r *Request) resume(now time.Time) Event {
	step := &r.Plan.Steps[r.atHand()]
	p := &step.Progress
	p.Resume, p.Problem, p.Began, p.Told = true, nil, now, 0
	r.Tries, r.Next = 0, time.Time{}
	return Event{Kind: EventResumed, Step: step.Kind}
}
