package recovery

import "time"

// ceiling is how long the effect of a step may take to show after the change was sent. Entra is eventually consistent
// (minutes); a mailbox takes up to a day to be provisioned (Microsoft: delays in provisioning of a mailbox).
func (k StepKind) ceiling() time.Duration {
	switch k {
	case StepMailbox:
		return 24 * time.Hour
	case StepAssign, StepReprocess, StepTakeLicense, StepTurnOff, StepStopCopy, StepReconnect:
		return time.Hour
	case StepCopy, StepCopyArchive, StepHandOver, StepItems: // Exchange queues copies for as long as it likes; people have weekends
		return 7 * 24 * time.Hour
	default:
		return 15 * time.Minute
	}
}

// How long a change that was sent is given to show before it is sent once more: the longer where it was answered with
// success, the shorter where the answer was lost or the process died. Each may be repeated: a second restore finds nothing to
// restore, and the others set what is set.
// An Exchange cmdlet may run for a quarter of an hour (Microsoft: exchange-online-powershell-v2), and a copy must not be made twice.
const (
	repeatAfter     = time.Minute
	repeatUncertain = 15 * time.Second
	repeatCmdlet    = 16 * time.Minute
)

// fresh says whether the step's change was sent so short a time ago that its effect may just not show yet.
func (s Step) fresh(now time.Time) bool {
	p, wait := s.Progress, repeatUncertain
	sent := p.Acted
	switch {
	case s.copies() && p.CopyID == "", s.Kind == StepReconnect:
		wait = repeatCmdlet
	case p.Answered:
		wait = repeatAfter
	}
	if p.CopyID != "" { // it was made, and resuming it makes no second one
		sent = p.resumed()
	}
	return !sent.IsZero() && now.Sub(sent) < wait
}

// overdue says whether the step has waited longer than its effect can take.
func (s Step) overdue(now time.Time) bool {
	ceiling := s.Kind.ceiling()
	if s.Progress.Acted.IsZero() && s.acts() { // nothing was sent yet, so that there is no effect to miss: Microsoft cannot be read
		ceiling = 24 * time.Hour
	}
	return !s.Progress.Began.IsZero() && now.Sub(s.Progress.Began) > ceiling
}

// longWait gives after how many minutes of waiting people are to be told, of those that have passed the last one; 0 for
// none.
func longWait(waited time.Duration) int {
	last := 0
	for _, m := range []int{1, 30, 120, 720} {
		if waited >= time.Duration(m)*time.Minute {
			last = m
		}
	}
	return last
}

// mostPause is the longest pause after an error that may pass, but for one that Microsoft asks for.
const mostPause = 5 * time.Minute

// LooksWithin is within which time a request that is at work is looked at again, counted from whenever that is read: unlike Next, it
// stays true without being told anew. It is 0 where nothing is waited for, and while Microsoft asks for a pause: the step's problem
// says until when.
func (r Request) LooksWithin() time.Duration {
	i := r.atHand()
	if i < 0 {
		return 0
	}
	step := r.Plan.Steps[i]
	problem := step.Progress.Problem
	switch {
	case problem != nil && problem.Code == NoteWaitThrottled:
		return 0
	case problem != nil && problem.passing():
		return max(step.Kind.patience(), mostPause)
	case step.Kind == StepItems, step.Kind == StepBulk: // it works without a pause
		return 0
	default:
		return step.Kind.patience()
	}
}

// patience is the longest pause between two looks at a step.
func (k StepKind) patience() time.Duration {
	switch k {
	case StepHandOver: // a person says when it is done
		return time.Hour
	case StepCopy, StepCopyArchive:
		return 2 * time.Minute
	default:
		return mostPause
	}
}

// maxTries is how many errors in a row that may pass a step meets before it is given up; not before its ceiling, though.
const maxTries = 12
