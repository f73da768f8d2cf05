package recovery

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// Settings are the rules of an installation.
type Settings struct {
	TeamID          string   // the workspace whose people count
	Approvers       []string // Slack user ids and user-group ids
	ApproverScopes  []Scope  // those who approve in their place where a scope fits
	Requesters      []string // as Approvers; empty: every full member
	RequesterScopes []Scope  // those who ask in their place where a scope fits
	ApprovalChannel string
	Approvals       int           // distinct approvers, at least 1
	SelfApproval    bool          // a requester who is an approver may decide on the own request
	Emergency       bool          // an approver may decide alone, also on an own request: see mayEmergency
	TTL             time.Duration // how long a request waits for a person
	Reminder        time.Duration // after which people are first reminded; 0: never
	Licenses        []string      // preferred SKU part numbers, in order
	BulkMax         int           // how many accounts a request for many takes; 0: 1000
	Limits          Limits        // of commands that make work
	UsageLocation   string        // country code for users without one; empty: the tenant's country
}

// Config is what a Service works with. Mailboxes, Copier and Reconnector are nil where Exchange is off, and Items where
// recoverable items cannot be read; all else is required.
type Config struct {
	Settings    Settings
	Store       Store
	Directory   Directory
	Restorer    Restorer
	Mailboxes   Mailboxes
	Copier      Copier
	Reconnector Reconnector
	Items       Items    // of Exchange where Mailboxes is set, else of Graph: they name a mailbox differently
	Lists       ItemList // which items a request is about
	Bulk        BulkList // which accounts a request for many is about
	People      People
	Links       Links // which Entra accounts they are
	Languages   Languages
	Faults      Faults
	Uses        Uses // counts commands; needed where Settings has Limits
	Replier     Replier
	Now         Clock
	Logger      *slog.Logger
	Stopping    func() bool // says that the process is told to stop, so that a long turn begins nothing more; nil: it never is
}

// Service is the domain's front: people ask, click and look by its methods, and jobs bring requests on by Advance.
type Service struct {
	Config
	owner  string // names this process in leases
	flood  flood
	public sync.Once // a public approval channel is warned about once
}

// New returns a Service.
func New(cfg Config) *Service {
	return &Service{Config: cfg, owner: rand.Text()}
}

// AskInput is an ask with who raised it and how to answer.
type AskInput struct {
	Ask
	Actor
	Key         string // Slack's id of the command, so that a repeated delivery is known
	ResponseURL Secret
	Language    string
}

// Ask records a request; jobs do the rest. It gives the requester's open request, and false, when the same was asked
// before. Nothing is recorded when it returns an error, but for ErrUnsure.
func (s *Service) Ask(ctx context.Context, in AskInput) (Request, bool, error) {
	now := s.Now()
	r := Request{
		UUID: newUUID(), Key: in.Key, State: Submitted, EnteredAt: now, CreatedAt: now,
		Ask: in.Ask, Requester: in.Actor, ResponseURL: in.ResponseURL, Reader: Reader{Language: in.Language},
	}
	open, err := s.Store.Requests(ctx, Filter{Requester: in.UserID, Wish: r.Wish(), Open: true, Limit: 50})
	if err != nil {
		return Request{}, false, fmt.Errorf("look for the same ask: %w", err)
	}
	for _, o := range open {
		if o.Requester == r.Requester && o.Ask.Equal(r.Ask) && o.UndoOf == 0 {
			return o, false, nil
		}
	}
	e := Event{At: now, Kind: EventAsked, By: in.Actor, To: Submitted}
	if in.Ticket != "" {
		e.Note = &Note{NoteTicket, []string{in.Ticket}}
	}
	r, isNew, err := s.Store.Create(ctx, r, e)
	if err != nil {
		return Request{}, false, fmt.Errorf("record the ask: %w", err)
	}
	return r, isNew, nil
}

// How many clicks of one request may wait for a decision, in all and of one person: nobody can shut the others out.
const (
	maxInbox     = 100
	maxInboxEach = 5
)

// waiting counts somebody's clicks that wait for a decision.
func (r *Request) waiting(who Actor) int {
	n := 0
	for _, c := range r.Inbox {
		if c.By == who {
			n++
		}
	}
	return n
}

var errNoChange = errors.New("nothing to change")

// Click records that somebody used a button, choice or form of a request; a job decides it on fresh facts. It gives a
// Note when the click is refused at once, and an error when nothing could be recorded.
func (s *Service) Click(ctx context.Context, id int64, c Click) (*Note, error) {
	if c.By.TeamID != s.Settings.TeamID {
		return &Note{Code: NoteExternal}, nil
	}
	var refused *Note
	_, err := s.Store.Update(ctx, id, func(r *Request) (Event, error) {
		refused = nil
		if slices.ContainsFunc(r.Inbox, c.repeats) || slices.Contains(r.Decided, c.Key) {
			return Event{}, errNoChange
		}
		if n := r.waiting(c.By); n >= maxInboxEach || len(r.Inbox) >= maxInbox {
			refused = &Note{Code: NoteBusy}
			return Event{}, errNoChange
		}
		r.Inbox = append(r.Inbox, c)
		return Event{At: s.Now(), Kind: EventClicked, By: c.By, Click: &c}, nil
	})
	switch {
	case errors.Is(err, ErrNotFound):
		return &Note{Code: NoteOldMessage}, nil
	case err != nil && !errors.Is(err, errNoChange):
		return nil, fmt.Errorf("record the click on R-%d: %w", id, err)
	}
	return refused, nil
}

// Cancel records that somebody wants to withdraw a request by the command. A request of somebody else is for approvers; to
// others it is as if it were not there.
func (s *Service) Cancel(ctx context.Context, id int64, c Click) (*Note, error) {
	r, err := s.Store.Request(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return &Note{Code: NoteOldMessage}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read R-%d: %w", id, err)
	}
	if r.Requester != c.By {
		refused, err := s.mayApprove(ctx, r.matter(), c.By)
		if err != nil {
			return nil, err
		}
		if refused != nil {
			return &Note{Code: NoteOldMessage}, nil
		}
	}
	if why := r.stateAllows(c); why != nil {
		return why, nil
	}
	return s.Click(ctx, id, c)
}

// repeats says whether the click is one delivered again, or the same wish by the same person.
func (c Click) repeats(o Click) bool {
	same := c
	same.At, same.Key, same.Language = o.At, o.Key, o.Language
	return c.Key == o.Key || same == o
}

// Unsent records that Slack will never take a message of a request: code is Slack's error. A request whose requester or
// approvers cannot be reached does not go on.
func (s *Service) Unsent(ctx context.Context, id int64, key, code string) error {
	_, err := s.Store.Update(ctx, id, func(r *Request) (Event, error) {
		note := Note{Code: NoteUnreachable, Args: []string{code}}
		if key == CardApproval {
			note.Code = NoteChannel
		}
		if key == CardApproval || key == CardRequester {
			r.Inbox = append(r.Inbox, Click{Action: actUnsent, Value: key, Reason: code, At: s.Now(), Key: "unsent:" + key})
		}
		return Event{At: s.Now(), Kind: EventUnsent, Note: &note}, nil
	})
	if err != nil {
		return fmt.Errorf("record the unsent message %s of R-%d: %w", key, id, err)
	}
	return nil
}

// CheckResult is a diagnosis with what its reader may see of it.
type CheckResult struct {
	Diagnosis Diagnosis
	Approver  bool
}

// Check looks at a mailbox and changes nothing. It gives a Note when the person may not ask so.
func (s *Service) Check(ctx context.Context, who Actor, q Query) (CheckResult, *Note, error) {
	return s.Preview(ctx, who, Ask{Query: q})
}

// Preview is Check of what an ask would do.
func (s *Service) Preview(ctx context.Context, who Actor, ask Ask) (CheckResult, *Note, error) {
	approver, refused, err := s.mayAsk(ctx, matter{}, who)
	if refused != nil || err != nil {
		return CheckResult{}, refused, err
	}
	if why := ask.Query.beyond(); why != nil && !approver {
		return CheckResult{}, why, nil
	}
	d, refused, err := s.checked(ctx, who, ask)
	if refused != nil || err != nil {
		return CheckResult{}, refused, err
	}
	found := Request{Ask: ask, Requester: who, Diagnosis: &d, Plan: d.Plan}
	if approver, refused, err = s.mayRequest(ctx, found); refused != nil || err != nil { // now that the scope is known
		return CheckResult{}, refused, err
	}
	return CheckResult{Diagnosis: d, Approver: approver}, nil, nil
}

// checked diagnoses a mailbox and reads meanwhile whose Entra account the asker is, which takes as many calls. Nothing of what was found is
// given before that is known.
func (s *Service) checked(ctx context.Context, who Actor, ask Ask) (Diagnosis, *Note, error) {
	looking, stop := context.WithCancel(ctx)
	defer stop()
	var (
		wg      beside
		refused *Note
		unknown error
	)
	wg.Go(func() {
		if refused, unknown = s.mayBeAsker(ctx, Request{Requester: who}); refused != nil || unknown != nil {
			stop()
		}
	})
	d, err := s.diagnose(looking, ask, Choices{})
	wg.Wait()
	if refused != nil || unknown != nil {
		return Diagnosis{}, refused, unknown
	}
	return d, nil, err
}

// Deleted lists deleted users whose name or address contains text, latest first. Approvers alone may see them, each those on
// whom that approver could decide.
func (s *Service) Deleted(ctx context.Context, who Actor, text string) ([]Account, *Note, error) {
	refused, err := s.mayApprove(ctx, matter{}, who)
	if refused == nil && err == nil {
		refused, err = s.identified(ctx, Request{}, who, s.Settings.approvers(matter{}))
	}
	if refused != nil || err != nil {
		return nil, refused, err
	}
	accounts, err := s.Directory.Deleted(ctx, text)
	if err != nil {
		return nil, nil, err
	}
	accounts, err = decidedBy(ctx, s, who, accounts, Account.matter)
	return accounts, nil, err
}

// decidedBy keeps of a list what somebody is an approver of.
func decidedBy[T any](ctx context.Context, s *Service, who Actor, list []T, about func(T) matter) ([]T, error) {
	var kept []T
	for _, one := range list {
		refused, err := s.mayApprove(ctx, about(one), who)
		if err != nil {
			return nil, err
		}
		if refused == nil {
			kept = append(kept, one)
		}
	}
	return kept, nil
}

// Status gives the request id, or with id 0 the person's own latest ones, before which approvers get 20 that are open, first those whose
// mailbox is purged first. A request of somebody else is for approvers; to others it is as if it were not there.
func (s *Service) Status(ctx context.Context, who Actor, id int64) ([]Request, *Note, error) {
	if who.TeamID != s.Settings.TeamID {
		return nil, &Note{Code: NoteExternal}, nil
	}
	if id != 0 {
		return s.statusOf(ctx, who, id)
	}
	own, err := s.Store.Requests(ctx, Filter{Requester: who.UserID, Limit: 10})
	if err != nil {
		return nil, nil, fmt.Errorf("list own requests: %w", err)
	}
	if refused, err := s.mayApprove(ctx, matter{}, who); refused != nil || err != nil {
		return own, nil, nil //nolint:nilerr // who cannot be proven to be an approver sees the own ones alone
	}
	open, err := s.Store.Requests(ctx, Filter{Open: true, ByPurge: true, Limit: 20})
	if err != nil {
		return nil, nil, fmt.Errorf("list open requests: %w", err)
	}
	list, err := decidedBy(ctx, s, who, open, Request.matter)
	if err != nil {
		return own, nil, nil //nolint:nilerr // as above
	}
	for _, r := range own {
		if !slices.ContainsFunc(list, func(o Request) bool { return o.ID == r.ID }) {
			list = append(list, r)
		}
	}
	return list, nil, nil
}

func (s *Service) statusOf(ctx context.Context, who Actor, id int64) ([]Request, *Note, error) {
	r, err := s.Store.Request(ctx, id)
	if err != nil {
		if errors.Is(err, ErrNotFound) {
			return nil, nil, nil
		}
		return nil, nil, fmt.Errorf("read R-%d: %w", id, err)
	}
	if r.Requester == who {
		r.Reader.Approver = r.Reader.Approver && s.seesAll(ctx, r) // no turn may have come since
		return []Request{r}, nil, nil
	}
	refused, err := s.mayApprove(ctx, r.matter(), who)
	if err != nil {
		return nil, nil, err
	}
	if refused != nil {
		return nil, nil, nil
	}
	return []Request{r}, nil, nil
}

// newUUID gives a random (version 4) UUID.
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
