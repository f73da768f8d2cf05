package recovery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// clickTTL is how long a recorded click may wait to be decided. An older one is refused: its person no longer expects it to
// act.
const clickTTL = 5 * time.Minute

// decide takes the oldest click out of the inbox: it is obeyed or refused, on facts read now.
func (s *Service) decide(ctx context.Context, r Request, c Click) error {
	if c.Action == actUnsent {
		return s.unreachable(ctx, r, c)
	}
	refused, err := s.judge(ctx, r, &c)
	if err != nil {
		return err
	}
	if refused == nil && c.Action == ActUndo {
		if r, err = s.reopenUndo(ctx, r); err != nil {
			return err
		}
	}
	var approvers []string // who get the list of many, or are told of an emergency
	if refused == nil && (c.Action == ActConfirm && r.Ask.Bulk != nil || c.Action == ActEmergency) {
		if approvers, err = s.approverIDs(ctx, r); err != nil {
			return err
		}
	}
	if refused == nil && c.Action == ActConfirm && r.State == Confirming { // two that were diagnosed side by side did not see each other
		if ended, err := s.joins(ctx, r, c); ended || err != nil {
			return err
		}
	}
	undos := r.Undos
	if refused == nil {
		refused = r.stateAllows(c) // nobody else changes the state while we have the lease
	}
	var undo Request
	if refused == nil && c.Action == ActUndo { // first the other request, then the click: after a crash it is found by its key
		if undo, err = s.askUndo(ctx, r, c); err != nil {
			return err
		}
	}
	return s.commit(ctx, r, func(r *Request) Event {
		r.settle(c)
		if refused != nil {
			return Event{Kind: EventRefused, By: c.By, Click: &c, Note: refused, Again: r.refuse(c, refused.Code, s.Now())}
		}
		if c.Action == ActUndo {
			r.UndoneBy, r.Undos = undo.ID, undos
		}
		if approvers != nil && c.Action == ActConfirm {
			r.Readers = approvers
		}
		e := r.obey(c, s.Now())
		e.By, e.Click = c.By, &c
		if c.Action == ActEmergency {
			e.Note = &Note{NoteEmergency, approvers}
		}
		return e
	})
}

// judge says why a click is refused; nil where its person may do it. Of a decision it notes whether its person's account is known. A click
// whose person cannot be read now is judged again, until it is too old.
func (s *Service) judge(ctx context.Context, r Request, c *Click) (*Note, error) {
	refused, err := s.allows(ctx, r, *c)
	if dark, ok := errors.AsType[unidentified](err); ok && c.decides() {
		s.Logger.WarnContext(ctx, "decision refused: its person could not be identified", "request", r.Ref(), "error", dark)
		refused, err = &Note{Code: NoteIdentityDark}, nil
	}
	if err == nil && refused == nil && c.decides() {
		c.Unlinked, err = s.unlinked(ctx, c.By)
	}
	if err != nil {
		if s.Now().Sub(c.At) < clickTTL && KindOf(err) != NotFound {
			return nil, err
		}
		s.Logger.WarnContext(ctx, "click refused: its person could not be read", "request", r.Ref(), "error", err)
		refused = &Note{Code: NoteUnproven}
	}
	return refused, nil
}

// decides says whether the click is an approver's decision, which waits for nothing.
func (c Click) decides() bool {
	return slices.Contains([]Action{ActApprove, ActDeny, ActEmergency, ActRetry, ActResume, ChooseAccount}, c.Action)
}

// keptDecided is how many decided clicks a request remembers. Slack delivers a click again within minutes.
const keptDecided = 50

// settle takes a click out of the inbox and remembers that it was decided.
func (r *Request) settle(c Click) {
	r.Inbox = slices.DeleteFunc(r.Inbox, func(o Click) bool { return o.Key == c.Key })
	r.Decided = append(r.Decided, c.Key)
	r.Decided = r.Decided[max(0, len(r.Decided)-keptDecided):]
}

// How long a refusal is fresh in the memory of whoever was told of it, and how many are remembered.
const (
	refusalTTL  = time.Minute
	keptRefused = 50
)

// refuse says whether the click's person was told the same of the same action a moment ago, and else remembers that it is told now.
func (r *Request) refuse(c Click, code NoteCode, now time.Time) (again bool) {
	r.Refused = slices.DeleteFunc(r.Refused, func(f Refusal) bool { return now.Sub(f.At) >= refusalTTL })
	if slices.ContainsFunc(r.Refused, func(f Refusal) bool { return f.By == c.By && f.Action == c.Action && f.Code == code }) {
		return true
	}
	r.Refused = append(r.Refused, Refusal{c.By, c.Action, code, now})
	r.Refused = r.Refused[max(0, len(r.Refused)-keptRefused):]
	return false
}

// allows says why a click's person may not do it, on this message; nil when it is allowed. Whether the request's state
// allows it is another question.
func (s *Service) allows(ctx context.Context, r Request, c Click) (*Note, error) {
	if s.Now().Sub(c.At) >= clickTTL {
		return &Note{Code: NoteStale}, nil
	}
	if refused, err := s.onFile(ctx, r, c); refused != nil || err != nil {
		return refused, err
	}
	switch c.Action {
	case ChooseItems:
		return s.mayPick(ctx, r, c.By)
	case ActConfirm, ChooseSignInName, ChooseDrop, ChooseLicense, ChooseSignIn, ChooseTarget:
		if c.By != r.Requester {
			return s.orWorse(ctx, c.By, Note{Code: NoteNotRequester})
		}
		_, refused, err := s.mayRequest(ctx, r)
		if refused != nil || err != nil || c.Action != ActConfirm {
			return refused, err
		}
		if refused, err = s.mayBeAsker(ctx, r); refused != nil || err != nil {
			return refused, err
		}
		return s.undecidable(ctx, r)
	case ActApprove, ActRetry, ActResume:
		refused, err := s.mayDecide(ctx, r, c.By)
		if refused == nil && err == nil && c.Action != ActResume {
			refused, err = s.newVoice(ctx, r, c.By)
		}
		if refused == nil && err == nil && c.Action != ActApprove {
			refused, err = s.mayRetry(ctx, r)
		}
		if refused == nil && err == nil && c.Action == ActResume {
			refused = s.mayRun(ctx, "Resume-MailboxRestoreRequest")
		}
		if refused != nil || err != nil {
			return refused, err
		}
		return s.channelObstacle(ctx)
	case ActDeny:
		return s.mayDecide(ctx, r, c.By)
	case ActEmergency:
		if refused, err := s.mayEmergency(ctx, r, c.By); refused != nil || err != nil {
			return refused, err
		}
		return s.channelObstacle(ctx)
	case ActBulkPause, ActBulkResume, ActBulkStop:
		return s.mayApprove(ctx, r.matter(), c.By)
	case ChooseAccount, ActUndo:
		if refused, err := s.mayApprove(ctx, r.matter(), c.By); refused != nil || err != nil {
			return refused, err
		}
		return s.identified(ctx, r, c.By, s.Settings.approvers(r.matter()))
	case ActCancel, ActCheck:
		if c.By == r.Requester {
			return s.mayAct(ctx, c.By)
		}
		return s.mayApprove(ctx, r.matter(), c.By)
	default:
		return &Note{Code: NoteNotOffered}, nil
	}
}

// undecidable says why a request could not be decided on if it were confirmed now: its people or its channel may have changed since
// the diagnosis.
func (s *Service) undecidable(ctx context.Context, r Request) (*Note, error) {
	if blocked, err := s.channelObstacle(ctx); blocked != nil || err != nil || r.Plan == nil {
		return blocked, err
	}
	return s.enoughApprovers(ctx, r)
}

// orWorse gives the reason why somebody may do nothing at all, else otherwise.
func (s *Service) orWorse(ctx context.Context, who Actor, otherwise Note) (*Note, error) {
	refused, err := s.mayAct(ctx, who)
	if err != nil || refused != nil {
		return refused, err
	}
	return &otherwise, nil
}

// onFile checks that the click was made on the card that the request has on file for such an act. The cancel command and the
// form that a command opened have no message.
func (s *Service) onFile(ctx context.Context, r Request, c Click) (*Note, error) {
	if (c.Action == ActCancel || c.Action == ChooseItems) && c.Channel == "" && c.TS == "" {
		return nil, nil
	}
	id, key, err := s.Store.Posted(ctx, c.Channel, c.TS)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, fmt.Errorf("find the message of the click: %w", err)
	}
	if err != nil || id != r.ID || !slices.Contains(cardsOf(c.Action), key) {
		return &Note{Code: NoteOldMessage}, nil
	}
	return nil, nil
}

// cardsOf gives the cards that an action may be on.
func cardsOf(a Action) []string {
	switch a {
	case ActApprove, ActDeny, ActEmergency, ActRetry, ActResume, ActUndo, ChooseAccount, ActBulkPause, ActBulkResume, ActBulkStop:
		return []string{CardApproval}
	case ActCancel, ActCheck:
		return []string{CardApproval, CardRequester}
	default:
		return []string{CardRequester}
	}
}

// stateAllows says why the request, as it is now, does not take the click.
func (r *Request) stateAllows(c Click) *Note {
	wrong := &Note{NoteState, []string{string(r.State)}}
	switch c.Action {
	case ActConfirm:
		if r.State != Confirming || r.Plan == nil || r.Replan {
			return wrong
		}
		if c.Plan != r.Plan.Fingerprint() { // the card that was clicked showed another plan
			return &Note{Code: NoteOldMessage}
		}
		if o, open := r.OpenOffer(); open {
			return &Note{NoteChooseFirst, []string{string(o.Action)}}
		}
	case ChooseSignInName, ChooseDrop, ChooseLicense, ChooseSignIn, ChooseTarget, ChooseAccount:
		return r.offerAllows(c, wrong)
	case ChooseItems:
		return r.pickAllows(c, wrong)
	case ActApprove, ActDeny, ActEmergency:
		return r.reviewAllows(c, wrong)
	case ActCancel:
		switch {
		case !r.State.Open():
			return wrong
		case r.State == Restoring:
			return &Note{Code: NoteTooLate}
		}
	case ActRetry:
		if r.State != Partial && r.State != Failed || r.Plan == nil || r.Ask.Bulk != nil { // who is left is found by another one
			return wrong
		}
	case ActCheck:
		waits := r.Obstacle != nil && slices.Contains([]State{Submitted, Confirming, Approved}, r.State)
		if !waits && !r.ByHand() {
			return wrong
		}
		if why := r.paused(c.At); why != nil {
			return why
		}
		if r.Look.spans(c.At) {
			return &Note{Code: NoteLooked}
		}
	case ActResume:
		switch {
		case !r.Suspended():
			return wrong
		case c.Plan != r.Plan.Fingerprint():
			return &Note{Code: NoteOldMessage}
		}
		return r.paused(c.At)
	case ActBulkPause, ActBulkResume, ActBulkStop:
		return r.holdAllows(c, wrong)
	case ActUndo:
		return r.undoAllows(c.At)
	}
	return nil
}

// offerAllows says why a choice cannot be taken: it must be one of the values offered.
func (r *Request) offerAllows(c Click, wrong *Note) *Note {
	if r.State != Confirming && r.State != Submitted || r.Diagnosis == nil {
		return wrong
	}
	for _, o := range r.Diagnosis.Offers {
		if o.Action != c.Action {
			continue
		}
		if slices.ContainsFunc(o.Options, func(p Option) bool { return p.Value == c.Value }) {
			return nil
		}
	}
	return &Note{Code: NoteNotOffered}
}

// reviewAllows says why an approval or denial does not count.
func (r *Request) reviewAllows(c Click, wrong *Note) *Note {
	if r.State != Pending || r.Plan == nil {
		return wrong
	}
	if slices.ContainsFunc(r.Reviews, func(v Review) bool { return v.By == c.By }) && c.Action == ActApprove {
		return &Note{Code: NoteTwice}
	}
	if c.Action != ActDeny && c.Plan != r.Plan.Fingerprint() { // the card that was clicked showed another plan
		return &Note{Code: NoteOldMessage}
	}
	if c.Action != ActApprove && c.Reason == "" {
		return &Note{Code: NoteNeedReason}
	}
	return nil
}

// OpenOffer gives the first required offer that nobody has chosen from.
func (r Request) OpenOffer() (Offer, bool) {
	if r.Diagnosis == nil {
		return Offer{}, false
	}
	i := slices.IndexFunc(r.Diagnosis.Offers, Offer.open)
	if i < 0 {
		return Offer{}, false
	}
	return r.Diagnosis.Offers[i], true
}

// obey does what an allowed click asks for.
func (r *Request) obey(c Click, now time.Time) Event {
	switch c.Action {
	case ActConfirm:
		r.Changed, r.Reviews, r.Obstacle = nil, nil, nil
		return r.become(Pending, Event{Kind: EventConfirmed})
	case ActApprove:
		r.Reviews = append(r.Reviews, Review{By: c.By, Verdict: Approve, At: now, Fingerprint: r.Plan.Fingerprint(), Unlinked: c.Unlinked})
		r.Changed, r.Obstacle = nil, nil
		if r.enough() {
			return r.become(Approved, Event{Kind: EventApproved})
		}
		return Event{Kind: EventApproved}
	case ActEmergency:
		r.Reviews = append(r.Reviews, Review{
			By: c.By, Verdict: Approve, Reason: c.Reason, At: now, Fingerprint: r.Plan.Fingerprint(), Emergency: true, Unlinked: c.Unlinked,
		})
		r.Changed, r.Obstacle = nil, nil
		return r.become(Approved, Event{Kind: EventEmergency})
	case ActDeny:
		r.Reviews = append(r.Reviews, Review{By: c.By, Verdict: Deny, Reason: c.Reason, At: now, Fingerprint: r.Plan.Fingerprint(), Unlinked: c.Unlinked})
		r.EndedBy, r.EndReason = c.By, c.Reason
		e := Event{Kind: EventDenied, Fingerprint: r.Plan.Fingerprint()}
		r.unhalt()
		return r.become(Denied, e)
	case ActCancel:
		if r.Touched() {
			return r.leave(Note{NoteLeft, []string{c.By.UserID}})
		}
		r.EndedBy = c.By
		return r.become(Cancelled, Event{Kind: EventCancelled})
	case ActRetry:
		return r.retry(c, now)
	case ActResume:
		return r.resume(now)
	case ActBulkPause, ActBulkResume, ActBulkStop:
		return r.hold(c, now)
	case ActUndo:
		return Event{Kind: EventUndoAsked, Note: &Note{NoteUndoAsked, []string{Request{ID: r.UndoneBy}.Ref()}}}
	case ActCheck:
		r.Next, r.Tries, r.Replan, r.Look = time.Time{}, 0, r.State == Confirming, Look{Asked: now}
		if r.State == Submitted {
			r.Obstacle, r.Diagnosis = nil, nil
		}
		return Event{Kind: EventChosen}
	default:
		return r.choose(c, now)
	}
}

// choose takes a choice; the plan is made anew with it, though not before a pause is over that Microsoft asked for.
func (r *Request) choose(c Click, now time.Time) Event {
	switch c.Action {
	case ChooseAccount:
		r.Choices.Account, r.Choices.Mailbox = c.Value, ""
		if guid, ok := strings.CutPrefix(c.Value, orphanPrefix); ok {
			r.Choices.Account, r.Choices.Mailbox = "", guid
		}
	case ChooseTarget:
		r.Choices.Target = c.Value
	case ChooseSignInName:
		r.Choices.SignInName = c.Value
	case ChooseDrop:
		r.Choices.DropConflicts = true
	case ChooseLicense:
		r.Choices.License = c.Value
	case ChooseItems:
		r.Choices.Items, _ = parseItemChoice(c.Value) // pickAllows has read it
	case ChooseSignIn:
		r.Choices.BlockSignIn = c.Value == "block"
	}
	r.Replan = r.State == Confirming
	if r.paused(now) == nil {
		r.Next, r.Obstacle = time.Time{}, nil
	}
	return Event{Kind: EventChosen}
}

// retry starts an ended request again, on the word of an approver with fresh rights beside those who approved the plan
// before. Steps that were read back stay done, but for those that the proof missed.
func (r *Request) retry(c Click, now time.Time) Event {
	r.Reviews = slices.DeleteFunc(r.Reviews, func(v Review) bool { return v.By == c.By })
	r.Reviews = append(r.Reviews, Review{By: c.By, Verdict: Approve, At: now, Fingerprint: r.Plan.Fingerprint(), Unlinked: c.Unlinked})
	for i := range r.Plan.Steps {
		st := &r.Plan.Steps[i]
		if st.Progress.Done.IsZero() || r.Proof != nil && r.Proof.misses(st.Kind) || st.Progress.Items.failed() {
			st.Progress = st.Progress.again()
		}
	}
	r.Proof, r.Obstacle = nil, nil
	return r.become(Approved, Event{Kind: EventRetried})
}

// Approvals gives the approvals of the plan in force, one for each person.
func (r Request) Approvals() []Review {
	if r.Plan == nil {
		return nil
	}
	fp := r.Plan.Fingerprint()
	var list []Review
	for _, v := range r.Reviews {
		same := func(o Review) bool { return o.By == v.By }
		if v.Verdict == Approve && v.Fingerprint == fp && !slices.ContainsFunc(list, same) {
			list = append(list, v)
		}
	}
	return list
}

// enough says whether as many people approved the plan as it needs, or one by the emergency path.
func (r Request) enough() bool {
	if r.Plan == nil {
		return false
	}
	_, alone := r.ByEmergency()
	return alone || len(r.Approvals()) >= r.Plan.Approvals
}

// replyTime is how long it is tried to tell a requester who cannot be written to, before the request ends without.
const replyTime = time.Minute

// unreachable ends a request whose requester, or whose approvers, Slack does not let us write to. One that is being
// restored goes on: the mailbox matters more than the message.
func (s *Service) unreachable(ctx context.Context, r Request, c Click) error {
	note := Note{NoteUnreachable, []string{c.Reason}}
	if c.Value == CardApproval {
		note = Note{NoteChannel, []string{c.Reason}}
	}
	ends := r.State.CanBecome(Cancelled) && r.State != Cancelled
	if ends && c.Value != CardApproval && r.ResponseURL != "" {
		told := r
		told.Obstacle, told.State = &note, Cancelled
		if err := s.Replier.Reply(ctx, told); err != nil { // before the commit: better told twice than never
			if s.Now().Sub(c.At) < replyTime {
				return fmt.Errorf("tell the requester: %w", err)
			}
			s.Logger.WarnContext(ctx, "requester not told", "request", r.Ref(), "error", err)
		}
	}
	return s.commit(ctx, r, func(r *Request) Event {
		r.Inbox = slices.DeleteFunc(r.Inbox, func(o Click) bool { return o.Key == c.Key })
		switch {
		case !ends:
			return Event{Kind: EventUnsent, Note: &note}
		case r.Touched():
			return r.leave(note)
		}
		r.Obstacle = &note
		return r.become(Cancelled, Event{Kind: EventCancelled, Note: &note})
	})
}

// same says whether two steps do the same.
func (s Step) same(o Step) bool {
	return s.Kind == o.Kind && s.SignInName == o.SignInName && s.DropConflicts == o.DropConflicts && slices.Equal(s.Drops, o.Drops) &&
		s.Country == o.Country && s.SKU == o.SKU && slices.Equal(s.DisabledPlans, o.DisabledPlans) &&
		s.Address == o.Address && s.Folder == o.Folder && s.ToArchive == o.ToArchive && s.Command == o.Command &&
		s.CopyID == o.CopyID && s.CopyName == o.CopyName
}
