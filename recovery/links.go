package recovery

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Link says which Entra account a Slack person is, by its object id. An address proves it once; ever after the object id counts,
// so that somebody who takes on another's address does not become the other.
type Link struct {
	Actor

	ObjectID string
	LinkedAt time.Time
	By       Actor   // who had it made; zero for Mailback itself
	Why      LinkWhy // what it rests on
	Request  int64   // id of the request that needed it; 0 for none
}

// LinkWhy is what a link rests on.
type LinkWhy string

// LinkAddress is a link by the address that Slack confirmed, which one live account had.
const LinkAddress LinkWhy = "confirmed-address"

// LinkAnew is a link that follows another: whoever runs Mailback had the person proven anew.
const LinkAnew LinkWhy = "proven-anew"

// Relinked is what came of proving somebody anew: a link to Is that follows the one to Was, where both are known and differ.
type Relinked struct {
	Actor

	Was string // object id by which the person was known; empty for none
	Is  string // object id that is proven now; empty for none
	At  time.Time
}

// Changed says whether the person is known by another account than before.
func (l Relinked) Changed() bool { return l.Was != "" && l.Is != "" && l.Was != l.Is }

// NewLink is somebody who was linked to an Entra account, as the approvers of the request that needed it are told.
type NewLink struct {
	Actor

	ObjectID string `json:"object_id"`
}

// linked says whether somebody has one of the links.
func linked(links []Link, who Actor) bool {
	return slices.ContainsFunc(links, func(l Link) bool { return l.Actor == who })
}

// proven gives the object id of the account that somebody's confirmed address belongs to: exactly one live account, a member's,
// that may sign in. It is empty where nothing is proven.
func (s *Service) proven(ctx context.Context, p Person) (string, error) {
	if p.Email == "" || s.Settings.standing(p) != nil {
		return "", nil
	}
	f, err := s.Directory.Find(ctx, Query{ByAddress, p.Email})
	if err != nil {
		return "", fmt.Errorf("find the account of %s: %w", p.ID, err)
	}
	live := slices.DeleteFunc(f.Found, func(x Found) bool { return x.Account.Deleted() })
	if len(live) != 1 {
		return "", nil
	}
	if a := live[0].Account; a.UserType != "Member" || a.Enabled == nil || !*a.Enabled {
		return "", nil
	}
	return live[0].Account.ID, nil
}

// link records what was proven of somebody, unless that person has a link, and gives all links to the person's account.
func (s *Service) link(ctx context.Context, r Request, who Actor, account string) ([]Link, error) {
	l := Link{Actor: who, ObjectID: account, LinkedAt: s.Now(), Why: LinkAddress, Request: r.ID}
	if err := s.Links.KeepLink(ctx, l); err != nil {
		return nil, fmt.Errorf("keep the link of %s: %w", who.UserID, err)
	}
	return s.links(ctx, who)
}

func (s *Service) links(ctx context.Context, who Actor) ([]Link, error) {
	links, err := s.Links.Links(ctx, who)
	if err != nil {
		return nil, fmt.Errorf("read the link of %s: %w", who.UserID, err)
	}
	return links, nil
}

// Relink proves anew whose Entra account somebody is who is linked to one, and keeps what is proven as a link that follows. The approvers are
// told of a change. Nobody can say which account it is to be.
func (s *Service) Relink(ctx context.Context, who Actor) (Relinked, error) {
	done := Relinked{Actor: who, At: s.Now()}
	known, err := s.links(ctx, who)
	if err != nil || len(known) == 0 {
		return done, err
	}
	done.Was = known[0].ObjectID
	p, err := s.People.Person(ctx, who.UserID)
	if err != nil {
		return done, fmt.Errorf("read the person %s: %w", who.UserID, err)
	}
	if p.ID != who.UserID {
		return done, fmt.Errorf("asked for %s, and was told of %q", who.UserID, p.ID)
	}
	if done.Is, err = s.proven(ctx, p); err != nil || !done.Changed() {
		return done, err
	}
	return done, s.Links.FollowLink(ctx, done)
}

// owns says why a request's requester is not proven to be the owner of an account's mailbox; nil for the owner. The address proves
// it anew each time, the link has to say the same, and of several Slack people with one account the first is the owner.
func (s *Service) owns(ctx context.Context, r Request, p Person, account string) (*Note, error) {
	who, no := r.Requester, &Note{Code: NoteNotOwner}
	if p.ID != who.UserID || account == "" {
		return no, nil
	}
	proven, err := s.proven(ctx, p)
	if err != nil || proven == "" {
		return no, err
	}
	links, err := s.link(ctx, r, who, proven)
	if err != nil {
		return nil, err
	}
	known := links[0].ObjectID
	switch {
	case proven != account && known != account:
		return no, nil
	case proven != known:
		no.Code = NoteLinkDiffers
	case links[0].Actor != who:
		no.Code = NoteLinkTaken
	default:
		return nil, nil
	}
	s.Logger.WarnContext(ctx, "not taken for the owner of a mailbox", "request", r.Ref(), "why", no.Code, "user", who.UserID,
		"linked", known, "proven", proven, "first", links[0].UserID)
	return no, nil
}

// provingTime is how long an approver's click waits for the proof that it is nobody else's.
const provingTime = 5 * time.Second

// selves gives the links of all Slack accounts that belong to people who asked for what a request is about.
func (s *Service) selves(ctx context.Context, r Request) ([]Link, error) {
	var all []Link
	for _, who := range r.askers() {
		links, err := s.links(ctx, who)
		if err != nil {
			return nil, err
		}
		all = append(all, links...)
	}
	return all, nil
}

// secondSelf refuses an approver who is somebody that asked, with another Slack account: both are linked to one Entra account. Who
// has no link is proven now; where nothing can be proven, or Microsoft cannot be read, only links count.
func (s *Service) secondSelf(ctx context.Context, r Request, who Actor) (*Note, error) {
	if r.asked(who) || s.Settings.SelfApproval {
		return nil, nil
	}
	selves, err := s.selves(ctx, r)
	if err == nil && len(selves) == 0 { // who asked was taken at the settings' word
		if selves, err = s.introduce(ctx, r, r.Requester); s.unknown(ctx, "the account of a requester", err) {
			return nil, nil
		}
	}
	if err != nil || len(selves) == 0 {
		return nil, err
	}
	known, err := s.links(ctx, who)
	if err == nil && len(known) == 0 {
		if known, err = s.introduce(ctx, r, who); s.unknown(ctx, "the account of an approver", err) {
			return nil, nil
		}
	}
	if err != nil || len(known) == 0 || !slices.ContainsFunc(selves, func(l Link) bool { return l.ObjectID == known[0].ObjectID }) {
		return nil, err
	}
	return &Note{Code: NoteYourOwn}, nil
}

// newVoice refuses an approver who agreed to the plan already, with another Slack account: both are linked to one Entra account.
// Whoever of them has no link is proven now, as for secondSelf.
func (s *Service) newVoice(ctx context.Context, r Request, who Actor) (*Note, error) {
	given := r.Approvals()
	if len(given) == 0 {
		return nil, nil
	}
	voices := []Actor{who}
	for _, v := range given {
		voices = append(voices, v.By)
	}
	for _, a := range voices {
		known, err := s.links(ctx, a)
		if err == nil && len(known) == 0 {
			_, err = s.introduce(ctx, r, a)
		}
		s.unknown(ctx, "the account of an approver", err)
	}
	return s.sameVoice(ctx, given, who)
}

// sameVoice refuses an approver whose Entra account is that of somebody else among those who agreed, as far as they are linked.
func (s *Service) sameVoice(ctx context.Context, given []Review, who Actor) (*Note, error) {
	links, err := s.links(ctx, who)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(given, func(v Review) bool { return v.By != who && linked(links, v.By) }) {
		return &Note{Code: NoteTwice}, nil
	}
	return nil, nil
}
