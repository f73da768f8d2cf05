package recovery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// copyName names a copy by its request's UUID, so that whoever comes after a crash finds it. Exchange takes no two of one name.
func (r Request) copyName(step Step) string {
	name := "Mailback " + r.Ref() + " " + r.UUID
	if step.Kind == StepCopyArchive {
		name += " archive"
	}
	if n := r.Attempts + step.Progress.Attempt; n > 0 {
		name += " " + itoa(n+1)
	}
	return name
}

// copyOrder is the restore request that a step makes.
func (r Request) copyOrder(step Step) CopyOrder {
	return CopyOrder{
		Name: r.copyName(step), Source: r.Plan.Source.ExchangeGUID, Target: r.Plan.Target.ExchangeGUID, Folder: r.folder(step),
		FromArchive: step.Kind == StepCopyArchive, ToArchive: step.ToArchive,
	}
}

// folder is the folder in the target that a copy goes under: the plan's with the day of the request, so that two copies never mix.
func (r Request) folder(step Step) string {
	return step.Folder + " " + r.CreatedAt.UTC().Format("2006-01-02") + " " + r.Ref()
}

// lookAddress reads whether the target has the old mailbox's address.
func (s *Service) lookAddress(ctx context.Context, r Request, step Step) (sight, error) {
	t, err := s.Mailboxes.Mailbox(ctx, r.Plan.Target.ExchangeGUID)
	if err != nil {
		return sight{}, err
	}
	there := slices.ContainsFunc(t.Addresses, func(a string) bool { return strings.EqualFold(a, step.Address) })
	return sight{there: there, facts: absentUnless(there)}, nil
}

// absentUnless are the facts of something that is there or not.
func absentUnless(there bool) *Facts {
	if there {
		return nil
	}
	return &Facts{Absent: true}
}

// lookReconnected reads whether the mailbox is in use again, and by which account. It is there once Entra knows that too.
func (s *Service) lookReconnected(ctx context.Context, r Request) (sight, error) {
	m, err := s.Mailboxes.Mailbox(ctx, r.Plan.Source.ExchangeGUID)
	if KindOf(err) == NotFound || err == nil && (!m.Live() || m.ObjectID == "") {
		return sight{facts: absentUnless(false)}, nil
	}
	if err != nil {
		return sight{}, err
	}
	a, _, err := s.Directory.Account(ctx, m.ObjectID)
	if KindOf(err) == NotFound {
		return sight{busy: true}, nil
	}
	return sight{there: true, account: m.ObjectID, facts: a.facts()}, err
}

// lookCopy finds our copy, by its id or else by its name, and reads how far it is. It counts only if it is of the two
// mailboxes that were approved.
func (s *Service) lookCopy(ctx context.Context, r Request, step Step) (sight, error) {
	id := step.Progress.CopyID
	if id == "" {
		list, err := s.Copier.Copies(ctx, r.copyName(step))
		switch {
		case err != nil:
			return sight{}, err
		case len(list) == 0:
			return sight{facts: absentUnless(false)}, nil
		case len(list) > 1:
			return sight{}, &Error{Kind: Incomplete, Op: "find the copy", Detail: "there are several of its name"}
		}
		id = list[0].RequestGUID
	}
	st, err := s.Copier.CopyStatus(ctx, id)
	if KindOf(err) == NotFound && step.Progress.CopyID != "" {
		return s.lookListed(ctx, r, step)
	}
	silent := st.Source == "" || st.Target == "" // it does not say of which mailboxes it is
	switch {
	case KindOf(err) == NotFound: // listed, and not yet known to the statistics
		return sight{busy: true}, nil
	case err != nil:
		return sight{}, err
	case silent && !st.ended():
		return sight{busy: true, copyID: id, copy: &st}, nil
	case silent && st.State != CopyFailed:
		return sight{}, &Error{Kind: Conflict, Op: "read the copy", Detail: copyIsSilent}
	case !silent && !r.isOurs(st, step):
		return sight{}, &Error{Kind: Conflict, Op: "read the copy", Detail: copyIsForeign}
	case st.State == CopyFailed:
		return sight{}, &copyFailure{st, id}
	}
	done := st.State == CopyCompleted || st.State == CopyWithWarnings
	resumable := st.suspended() && step.Progress.Resume
	return sight{there: done, busy: !done && !resumable, copyID: id, copy: &st}, nil
}

// lookListed reads whether a copy that the statistics do not know any more is still listed: for an identity that does not exist
// Exchange may answer with others' rows or none, so that one such answer proves nothing.
func (s *Service) lookListed(ctx context.Context, r Request, step Step) (sight, error) {
	list, err := s.Copier.Copies(ctx, r.copyName(step))
	if err != nil {
		return sight{}, err
	}
	if slices.ContainsFunc(list, func(c Copy) bool { return strings.EqualFold(c.RequestGUID, step.Progress.CopyID) }) {
		return sight{busy: true}, nil
	}
	return sight{}, &Error{Kind: NotFound, Op: "read the copy", Detail: copyIsGone}
}

// What an Error's Detail says of a copy.
const (
	copyIsGone    = "the copy was removed"
	copyIsForeign = "a copy of other mailboxes has our name"
	copyIsSilent  = "it is not said of which mailboxes the copy was"
)

// copyFailure is a copy that Exchange gave up.
type copyFailure struct {
	status CopyStatus
	id     string
}

func (f *copyFailure) Error() string { return "the copy failed: " + f.status.Failure }

// As lets errors.AsType read it as an Error of kind Invalid: it is not repeated by itself.
func (f *copyFailure) As(target any) bool {
	e, ok := target.(**Error)
	if ok {
		*e = &Error{Kind: Invalid, Op: "copy the mailbox", Detail: f.status.Failure, Err: errors.New(f.status.Detail)}
	}
	return ok
}

// isOurs says whether a copy is of the mailboxes in the plan. Of an archive Exchange may give its own GUID or its mailbox's.
func (r Request) isOurs(st CopyStatus, step Step) bool {
	is := func(guid string, p *Party, archive bool) bool {
		return guid != "" && (strings.EqualFold(guid, p.ExchangeGUID) || archive && strings.EqualFold(guid, p.ArchiveGUID))
	}
	return is(st.Source, r.Plan.Source, step.Kind == StepCopyArchive) && is(st.Target, r.Plan.Target, step.ToArchive)
}

// copyNews says what people are told about a copy that is under way: each tenth, a pause, a queue that is long, and that it goes on
// being long.
func (p *Progress) copyNews(kind StepKind, before *CopyStatus, now time.Time) Event {
	p.Resume = p.Resume && p.Copy.suspended()
	p.Copy.follow(before, now)
	told, known := p.Problem, p.Told
	p.Problem, p.Told = p.copyProblem(now)
	problem := p.Problem
	switch {
	case problem != nil && (told == nil || !told.same(*problem) || p.Told > known):
		return Event{Kind: EventWaiting, Step: kind, Note: problem}
	case before == nil, before.State != p.Copy.State, p.Copy.Percent/10 != before.Percent/10, told != nil && problem == nil:
		return Event{Kind: EventProgress, Step: kind}
	default:
		return Event{}
	}
}

// copyProblem says why a copy does not move, nil when it does, and after how many minutes that is told.
func (p *Progress) copyProblem(now time.Time) (problem *Note, told int) {
	goesOn := p.Resume || p.Answered && now.Sub(p.resumed()) < repeatAfter // it need not show yet
	switch {
	case p.Copy.suspended() && !goesOn:
		problem = &Note{NoteCopyWaits, []string{stamp(p.Copy.Since)}}
		if p.Copy.Failure != "" {
			problem.Args = append(problem.Args, p.Copy.Failure)
		}
	case p.Copy.State == CopyQueued:
		if minutes := longWait(now.Sub(p.Copy.Since)); minutes >= 30 {
			return &Note{NoteCopyQueued, []string{stamp(p.Copy.Since)}}, minutes
		}
	}
	return problem, 0
}

// follow sets since when a copy is in its state: since that was seen. Of its first queue Exchange says it, but of none after that: a
// copy that is resumed keeps the time at which it was made.
func (c *CopyStatus) follow(before *CopyStatus, now time.Time) {
	switch {
	case before != nil && before.State == c.State && !before.Since.IsZero():
		c.Since = before.Since
	case before == nil && c.State == CopyQueued && !c.QueuedAt.IsZero():
		c.Since = c.QueuedAt
	default:
		c.Since = now
	}
}

// handedOver tells once that a person has to act.
func (p *Progress) handedOver() Event {
	if p.Problem != nil {
		return Event{}
	}
	p.Problem = &Note{Code: NoteByHand}
	return Event{Kind: EventWaiting, Step: StepHandOver, Note: p.Problem}
}

// exchangeProblem words what Exchange alone refuses; nil for what Graph may refuse too.
func exchangeProblem(step Step, e *Error) *Note {
	if e == nil {
		return nil
	}
	copies, known := step.copies(), step.Progress.Problem
	switch {
	case copies && e.Detail == notInTime && known != nil && (known.Code == NoteCopyWaits || known.Code == NoteCopyQueued):
		return known // why it did not come
	case e.Detail == copyIsSilent && copies:
		return &Note{Code: NoteCopyUnproven}
	case e.Detail == copyIsForeign && copies:
		return &Note{Code: NoteCopyForeign}
	case e.Detail == copyIsGone && copies:
		return &Note{Code: NoteCopyGone}
	case copies && e.Kind == Invalid:
		return &Note{NoteCopyFailed, []string{e.Detail}}
	case step.Kind == StepAddress && e.Kind == Conflict:
		return &Note{Code: NoteX500Taken}
	case step.Kind == StepReconnect && e.Kind == Conflict:
		return &Note{Code: NoteNeedsPassword}
	default:
		return nil
	}
}

// proveCopy reads back what the copies brought, and ends the request by it.
func (s *Service) proveCopy(ctx context.Context, r Request) (time.Duration, error) {
	if err := s.needs(Step{Kind: StepCopy}); err != nil {
		return s.unproven(ctx, r, err)
	}
	t, err := s.Mailboxes.Mailbox(ctx, r.Plan.Target.ExchangeGUID)
	if err == nil && !t.Live() {
		err = &Error{Kind: Unavailable, Op: "read back", Detail: "the target is not in use"}
	}
	var now Contents
	if err == nil {
		now, err = s.Mailboxes.Contents(ctx, t, false)
	}
	if err != nil {
		return s.unproven(ctx, r, err)
	}
	proof := Proof{ReadAt: s.Now(), Into: t.Address, Asked: r.Plan.Target.Asked, Contents: &now}
	for _, st := range r.Plan.Steps {
		proof.copied(st)
	}
	s.grants(ctx, &proof, t)
	return 0, s.commit(ctx, r, func(r *Request) Event { return r.proven(proof) })
}

// copied adds what a copy left out. Exchange says itself how far its result can be trusted (DataConsistencyScore: Perfect, Good,
// Investigate, Poor); what it does not say counts as good only where it skipped nothing.
func (p *Proof) copied(st Step) {
	c := st.Progress.Copy
	switch {
	case !st.copies():
		return
	case c == nil:
		p.Missing = append(p.Missing, Note{NoteStepMissing, []string{string(st.Kind)}})
		return
	}
	if c.ReadAt.After(time.Time{}) {
		p.ReadAt = c.ReadAt
	}
	trusted := c.Consistency == "" || c.Consistency == "Perfect" || c.Consistency == "Good"
	if c.State == CopyWithWarnings || c.Skipped > 0 || !trusted {
		p.Missing = append(p.Missing, Note{NoteCopyPartly, []string{fmt.Sprint(c.Skipped), c.Consistency}})
	}
}

// proven ends the request by what was read back.
func (r *Request) proven(proof Proof) Event {
	r.Proof, r.Obstacle = &proof, nil
	next, e := Succeeded, Event{Kind: EventEnded, Receipt: proof.Receipt}
	if len(proof.Missing) > 0 {
		next, e.Note = Partial, &proof.Missing[0]
		r.Obstacle = &proof.Missing[0]
	}
	return r.become(next, e)
}
