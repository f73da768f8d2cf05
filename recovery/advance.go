package recovery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// leaseTime is how long one turn may hold a request; longer than a job may run.
const leaseTime = 40 * time.Second

var (
	errStale = errors.New("a newer version has its own job")
	errEnded = errors.New("the request has ended")
	errLost  = errors.New("the lease was lost")
)

// errHeld says that another job holds the request's lease.
type errHeld struct{ until time.Time }

func (e errHeld) Error() string { return "leased until " + e.until.Format(time.RFC3339) }

// Advance is the job that brings a request on: it takes the lease, looks at the world and does the one next thing. It gives
// how long to wait before it is called again with the same version; 0 when there is nothing to wait for. It ends at once
// when version is not the newest.
//
// Jobs are the only ones that change a request's state, and clicks only add to its inbox, so what a job read under its
// lease stays true until it commits.
func (s *Service) Advance(ctx context.Context, id, version int64) (time.Duration, error) {
	r, err := s.lease(ctx, id, version)
	if held, ok := errors.AsType[errHeld](err); ok {
		return min(max(held.until.Sub(s.Now()), 0)+100*time.Millisecond, time.Second), nil
	}
	if errors.Is(err, errEnded) { // by this very job, perhaps, whose process died then
		return 0, s.offerUndoAgain(ctx, id)
	}
	if errors.Is(err, errStale) || errors.Is(err, ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("lease R-%d: %w", id, err)
	}
	ctx = WithRequest(ctx, r.Ref())
	if r.BulkOf != 0 {
		ctx = WithBulk(ctx)
	}
	wait, err := s.turn(ctx, r)
	if errors.Is(err, errLost) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("advance %s in %s: %w", r.Ref(), r.State, errors.Join(err, s.release(ctx, r)))
	}
	if r.UndoOf != 0 && wait == 0 {
		return 0, s.offerUndoAgain(ctx, r.ID)
	}
	return wait, nil
}

func (s *Service) lease(ctx context.Context, id, version int64) (Request, error) {
	return s.Store.Lease(ctx, id, func(r *Request) error {
		now := s.Now()
		switch {
		case !r.State.Open() && len(r.Inbox) == 0:
			return errEnded
		case r.Version != version:
			return errStale
		case r.Lease.Until.After(now):
			return errHeld{r.Lease.Until}
		}
		r.Lease = s.newLease(now)
		return nil
	})
}

// newLease gives a lease as a database keeps it: whole milliseconds, UTC, no monotonic clock.
func (s *Service) newLease(now time.Time) Lease {
	return Lease{Owner: s.owner, Until: now.Add(leaseTime).UTC().Truncate(time.Millisecond)}
}

// commitTime is how long a turn's result may take to be recorded.
const commitTime = 5 * time.Second

// commit ends a turn: it changes the request, gives the lease back and records the events. It does so even when the turn's
// time is up: what was read or done must not be forgotten.
func (s *Service) commit(ctx context.Context, was Request, changes ...func(*Request) Event) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTime)
	defer cancel()
	var all []func(*Request) (Event, error)
	for i, change := range changes {
		all = append(all, func(r *Request) (Event, error) {
			if i == 0 && !r.Lease.same(was.Lease) {
				return Event{}, errLost
			}
			r.Lease = Lease{}
			if len(was.Inbox) == 0 { // no click was decided: the turn looked
				r.Look.end(s.Now())
			}
			e := change(r)
			if e.Kind != "" {
				e.At = s.Now()
			}
			return e, nil
		})
	}
	_, err := s.Store.Update(ctx, was.ID, all...)
	return err
}

// rest ends a turn without an event: nothing happened, look again after wait.
func (s *Service) rest(ctx context.Context, r Request, wait time.Duration) (time.Duration, error) {
	wait = s.atMost(r, wait)
	return wait, s.commit(ctx, r, func(*Request) Event { return Event{} })
}

// release gives the lease back after a turn that failed, so that its repeat need not wait for it.
func (s *Service) release(ctx context.Context, r Request) error {
	if err := s.commit(ctx, r, func(*Request) Event { return Event{} }); err != nil && !errors.Is(err, errLost) {
		return fmt.Errorf("release the lease: %w", err)
	}
	return nil
}

// turn does the one next thing for a request.
func (s *Service) turn(ctx context.Context, r Request) (time.Duration, error) {
	r, err := s.limit(ctx, r)
	if err != nil {
		return 0, err
	}
	if expires := s.expires(r); !expires.IsZero() && !s.Now().Before(expires) {
		return 0, s.commit(ctx, r, (*Request).expire)
	}
	if len(r.Inbox) > 0 {
		return 0, s.decide(ctx, r, r.Inbox[0])
	}
	if at := s.reminder(r); !at.IsZero() && !s.Now().Before(at) {
		return 0, s.remind(ctx, r)
	}
	if r.BulkOf != 0 && r.State != Restoring && r.State.Open() {
		return s.oneOfMany(ctx, r)
	}
	switch r.State {
	case Submitted:
		return s.submitted(ctx, r)
	case Confirming:
		return s.confirming(ctx, r)
	case Pending:
		return s.pending(ctx, r)
	case Approved:
		return s.approved(ctx, r)
	case Restoring:
		return s.restoring(ctx, r)
	default:
		return 0, s.commit(ctx, r, func(*Request) Event { return Event{} })
	}
}

// become moves the request to a state; what belonged to the old one goes.
func (r *Request) become(next State, e Event) Event {
	if r.State != next {
		r.Reminders = 0
	}
	r.State, r.Tries, r.Next, r.Replan = next, 0, time.Time{}, false
	if !next.Open() {
		r.ResponseURL = "" // nobody will be answered there any more
	}
	return e
}

// expires tells when a request that waits for people ends by itself; zero when it does not.
func (s *Service) expires(r Request) time.Time { return r.Expires(s.Settings.TTL) }

// atMost keeps a wait from being so short that it spins, or from going beyond the request's end.
func (s *Service) atMost(r Request, wait time.Duration) time.Duration {
	for _, at := range []time.Time{s.expires(r), s.reminder(r)} {
		if !at.IsZero() {
			wait = min(wait, at.Sub(s.Now()))
		}
	}
	return max(wait, 100*time.Millisecond)
}

// untilExpiry waits for a person.
func (s *Service) untilExpiry(ctx context.Context, r Request) (time.Duration, error) {
	return s.rest(ctx, r, s.expires(r).Sub(s.Now()))
}

// approverLook is how often it is read whether anybody can still decide on a request that waits for that.
const approverLook = 15 * time.Minute

// pending waits for approvers, and tells when there are not enough of them any more.
func (s *Service) pending(ctx context.Context, r Request) (time.Duration, error) {
	nobody, err := s.enoughApprovers(ctx, r)
	switch {
	case err != nil:
		s.Logger.WarnContext(ctx, "not known whether anybody may approve", "request", r.Ref(), "error", err)
	case nobody != nil && (r.Obstacle == nil || !nobody.same(*r.Obstacle)):
		return 0, s.commit(ctx, r, func(r *Request) Event {
			r.Obstacle = nobody
			return Event{Kind: EventWaiting, Note: nobody}
		})
	case nobody == nil && r.Obstacle != nil:
		return 0, s.commit(ctx, r, func(r *Request) Event {
			r.Obstacle = nil
			return Event{Kind: EventProgress}
		})
	}
	return s.rest(ctx, r, approverLook)
}

// submitted finds out who asks, what happened to the mailbox and whether anybody could decide.
func (s *Service) submitted(ctx context.Context, r Request) (time.Duration, error) {
	if r.Obstacle != nil {
		if !r.Obstacle.passing() {
			return s.untilExpiry(ctx, r)
		}
		if wait := r.Next.Sub(s.Now()); wait > 0 {
			return s.rest(ctx, r, wait)
		}
	}
	_, refused, err := s.mayRequest(ctx, r)
	if refused == nil && err == nil {
		refused, err = s.mayBeAsker(ctx, r)
	}
	if err != nil {
		return s.stumble(ctx, r, err)
	}
	if refused != nil {
		return 0, s.commit(ctx, r, func(r *Request) Event { return r.turnAway(refused) })
	}
	blocked, err := s.channelObstacle(ctx)
	if err != nil {
		return s.stumble(ctx, r, err)
	}
	if blocked != nil { // an administrator can mend it, and the requester then look again
		return 0, s.commit(ctx, r, func(r *Request) Event {
			r.Obstacle = blocked
			return Event{Kind: EventPlanned, Note: blocked}
		})
	}
	d, err := s.decidable(ctx, r, r.Ask)
	if errors.Is(err, errListing) {
		return s.rest(ctx, r, 0)
	}
	if err != nil {
		return s.stumble(ctx, r, err)
	}
	found := r
	found.Diagnosis, found.Plan = &d, d.Plan
	approver, refused, err := s.mayRequest(ctx, found) // now that the scope is known
	if err != nil {
		return s.stumble(ctx, r, err)
	}
	unlinked, err := s.unlinked(ctx, r.Requester)
	if err != nil {
		return s.stumble(ctx, r, err)
	}
	if refused == nil {
		if ended, err := s.joins(ctx, found); ended || err != nil {
			return 0, err
		}
	}
	language := s.learnLanguage(ctx, r)
	return 0, s.commit(ctx, r, func(r *Request) Event {
		if refused != nil {
			return r.turnAway(refused)
		}
		r.Reader, r.Unlinked = Reader{Approver: approver, Language: language}, unlinked
		return r.diagnosed(d)
	})
}

// turnAway ends a request that its requester may not have.
func (r *Request) turnAway(why *Note) Event {
	r.Obstacle = why
	return r.become(Impossible, Event{Kind: EventEnded, Note: why})
}

// assess makes the diagnosis of a request.
func (s *Service) assess(ctx context.Context, r Request, ask Ask) (Diagnosis, error) {
	d, err := s.examine(ctx, r, ask)
	if err == nil {
		err = d.unsettled()
	}
	if err != nil {
		return Diagnosis{}, err
	}
	return d, nil
}

// examine reads what became of a mailbox that is lost, of items that are, or of what is to be undone.
func (s *Service) examine(ctx context.Context, r Request, ask Ask) (Diagnosis, error) {
	switch {
	case r.UndoOf != 0:
		return s.assessUndo(ctx, r)
	case ask.Bulk != nil:
		return s.diagnoseBulk(ctx, r, *ask.Bulk)
	case ask.Items != nil:
		return s.diagnoseItems(ctx, r, ask)
	default:
		return s.diagnose(ctx, ask, r.settled())
	}
}

// decidable is a diagnosis whose plan enough people may decide on.
func (s *Service) decidable(ctx context.Context, r Request, ask Ask) (Diagnosis, error) {
	d, err := s.assess(ctx, r, ask)
	if err != nil || d.Plan == nil {
		return d, err
	}
	r.Diagnosis, r.Plan = &d, d.Plan
	nobody, err := s.enoughApprovers(ctx, r)
	if nobody != nil {
		if d.Plan.Target != nil { // who asks to read another's mail is refused, and does not wait until somebody may allow it
			nobody.Code = NoteNobodyCopy
		}
		d = d.ends(d.Case, *nobody)
	}
	return d, err
}

// diagnosed takes a diagnosis into a request that waits for one: to confirming with a plan, to its end without one, or to
// stay with an obstacle that people can remove.
func (r *Request) diagnosed(d Diagnosis) Event {
	r.Diagnosis, r.Plan, r.Obstacle, r.Tries, r.Replan = &d, d.Plan, d.Obstacle, 0, false
	switch {
	case d.Plan != nil:
		return r.become(Confirming, Event{Kind: EventPlanned})
	case d.Obstacle.removable():
		return Event{Kind: EventPlanned, Note: d.Obstacle}
	case r.Touched():
		return r.leave(*d.Obstacle)
	case d.Case.settled() || d.Obstacle.Code == NoteNoItems || d.Obstacle.Code == NoteBulkNone:
		return r.become(Unneeded, Event{Kind: EventEnded, Note: d.Obstacle})
	default:
		return r.become(Impossible, Event{Kind: EventEnded, Note: d.Obstacle})
	}
}

// removable says whether somebody can remove the obstacle, so that the request stays and can be looked at again.
func (n *Note) removable() bool {
	switch n.Code {
	case NoteAmbiguous, NoteNoSeat, NoteNoLicense, NoteNoSuchLicense, NoteNoLocation, NoteMissingRole, NoteMissingCmdlet, NoteTargetFull, NoteArchiveFull,
		NoteSignInTaken, NoteDomain, NoteNobody: // an administrator can name more approvers
		return true
	default:
		return n.passing()
	}
}

// refusesAStep says whether the obstacle is one that Microsoft would put before a single step.
func (n *Note) refusesAStep() bool {
	switch n.Code {
	case NoteNoSeat, NoteNoLicense, NoteNoLocation, NoteMissingRole, NoteMissingCmdlet, NoteTargetFull, NoteArchiveFull:
		return true
	default:
		return false
	}
}

// passing says whether the obstacle is one that goes by itself, so that the request is looked at again soon.
func (n *Note) passing() bool {
	switch n.Code {
	case NoteUnreadable, NoteWaitThrottled, NoteIncomplete:
		return true
	default:
		return false
	}
}

// confirming waits for the requester, and makes the plan anew after a choice.
func (s *Service) confirming(ctx context.Context, r Request) (time.Duration, error) {
	if !r.Replan {
		return s.untilExpiry(ctx, r)
	}
	if wait := r.Next.Sub(s.Now()); r.Obstacle != nil && wait > 0 {
		return s.rest(ctx, r, wait)
	}
	d, err := s.decidable(ctx, r, r.again())
	if err != nil {
		return s.stumble(ctx, r, err)
	}
	return 0, s.commit(ctx, r, func(r *Request) Event {
		return r.diagnosed(d)
	})
}

// approved checks everything once more and then begins.
func (s *Service) approved(ctx context.Context, r Request) (time.Duration, error) {
	if wait := r.Next.Sub(s.Now()); r.Obstacle != nil && wait > 0 {
		return s.rest(ctx, r, wait)
	}
	now, err := s.stillRight(ctx, r)
	if err != nil {
		return s.stumble(ctx, r, err)
	}
	return 0, s.commit(ctx, r, func(r *Request) Event {
		switch {
		case slices.ContainsFunc(r.Inbox, r.changedBy): // as by a cancellation, which came meanwhile: its own job decides it first
			return Event{}
		case now.short:
			return r.shortOf(now.stand, now.lost)
		case len(now.diff) > 0:
			return r.void(now.diagnosis, now.diff)
		}
		r.Obstacle, r.Reviews = nil, now.stand
		r.supersede(now.diagnosis.Account)
		if now.diagnosis.Case.settled() && r.Plan.Source == nil { // else the steps look for themselves
			r.skipHealthy(s.Now())
		}
		return r.become(Restoring, Event{Kind: EventStarted})
	})
}

// changedBy says whether a click that came during the last check may change what follows from it, so that the check is not to be acted on.
// What is refused as things stand, such as a second approval, waits for the next turn and has nothing checked again. Nor has a wish to look
// again: it is what was just done.
func (r *Request) changedBy(c Click) bool {
	return c.Action == actUnsent || c.Action != ActCheck && r.stateAllows(c) == nil
}

// footing is what a restore stands on: who approved it and still may, and what the tenant looks like.
type footing struct {
	stand, lost []Review
	short       bool // too few of those who approved still may
	diagnosis   Diagnosis
	diff        []Note // how the plan would differ
}

// stillRight reads whether enough of those who approved the plan still may, and whether it would be the same plan today.
func (s *Service) stillRight(ctx context.Context, r Request) (footing, error) {
	var f footing
	var err error
	if f.stand, f.lost, err = s.standingReviews(ctx, r); err != nil {
		return footing{}, err
	}
	if r.Reviews = f.stand; !r.enough() {
		f.short = true
		return f, nil
	}
	if f.diagnosis, err = s.assess(ctx, r, r.again()); err != nil {
		return footing{}, err
	}
	f.diff = r.differences(f.diagnosis)
	return f, nil
}

// skipHealthy drops the steps of a plan that is tried again and that a mailbox which answers and has its licence does not
// need: doing them would spend a second licence. What was to be blocked is still to be blocked.
func (r *Request) skipHealthy(now time.Time) {
	for i := range r.Plan.Steps {
		p := &r.Plan.Steps[i].Progress
		switch k := r.Plan.Steps[i].Kind; {
		case !p.Done.IsZero(), k == StepBlockSignIn, k == StepMailbox:
		default:
			p.Done, p.Skipped, p.Problem = now, true, nil
		}
	}
}

// standingReviews parts the reviews into those that still count and those whose approver may not decide any more, or is one with an
// approver before. Somebody who is not there any more (NotFound) may not.
func (s *Service) standingReviews(ctx context.Context, r Request) (stand, lost []Review, err error) {
	for _, v := range r.Reviews {
		refused, err := s.mayStand(ctx, r, v)
		if refused == nil && err == nil {
			refused, err = s.sameVoice(ctx, stand, v.By)
		}
		switch {
		case err != nil && KindOf(err) != NotFound:
			return nil, nil, err
		case err != nil || refused != nil:
			lost = append(lost, v)
		default:
			stand = append(stand, v)
		}
	}
	return stand, lost, nil
}

// shortOf sends the request back to its approvers because too few of those who approved still may.
func (r *Request) shortOf(stand, lost []Review) Event {
	r.Reviews, r.Changed, r.Obstacle = stand, nil, nil
	for _, v := range lost {
		r.Changed = append(r.Changed, Note{NoteApproverLost, []string{v.By.UserID}})
	}
	if len(lost) == 0 { // the plan asks for more than there ever were
		r.Changed = []Note{{Code: NoteShortOf}}
	}
	return r.become(Pending, Event{Kind: EventVoided, Note: &r.Changed[0]})
}
