package main

import (
	"context"
	"fmt"
	"time"

	"mailback/recovery"
	"mailback/recovery/store"
)

// Who and where a drill is, in place of Slack, which gives out longer ids.
const (
	drillTeam     = "TDRILL"
	drillUser     = "UDRILL"
	drillTerminal = "CDRILL" // the channel of both cards
)

// drillActor is whoever sits at the terminal: requester and approver of this one drill.
func drillActor() recovery.Actor { return recovery.Actor{TeamID: drillTeam, UserID: drillUser} }

// standIn puts the terminal in the place of Slack, and asking before all that changes the tenant. The rules of the installation about people are
// not those of a drill; which licences it prefers, and where its users are, is.
func (d *drill) standIn() {
	s := d.service
	s.Settings = recovery.Settings{
		TeamID: drillTeam, Approvers: []string{drillUser}, Requesters: []string{drillUser}, ApprovalChannel: drillTerminal,
		Approvals: 1, SelfApproval: true, TTL: 24 * time.Hour, Licenses: s.Settings.Licenses, UsageLocation: s.Settings.UsageLocation,
	}
	s.Store, s.People, s.Replier = drillStore{d.db}, drillPeople{}, drillReplier{}
	s.Restorer = asking{d}
	s.Copier, s.Reconnector, s.Items = nil, nil, nil // a drill's plan has nothing for them: see unlike
}

// drillStore is the temporary store, whose cards stand on the terminal, where they are named by their keys.
type drillStore struct{ *store.Store }

// Posted says that the cards of the one request were shown.
func (s drillStore) Posted(_ context.Context, channel, ts string) (id int64, key string, err error) {
	if channel != drillTerminal {
		return 0, "", recovery.ErrNotFound
	}
	return drillRequest, ts, nil
}

// drillRequest is the id of the one request that a drill's store has.
const drillRequest = 1

// drillPeople knows one person.
type drillPeople struct{}

// Person gives whoever sits at the terminal.
func (drillPeople) Person(_ context.Context, id string) (recovery.Person, error) {
	if id != drillUser {
		return recovery.Person{}, &recovery.Error{Kind: recovery.NotFound, Op: "look for a person of the drill"}
	}
	return recovery.Person{ID: drillUser, TeamID: drillTeam, Name: drillUser}, nil
}

// Members gives nobody: a drill has no groups.
func (drillPeople) Members(context.Context, string) ([]string, error) {
	return nil, &recovery.Error{Kind: recovery.NotFound, Op: "look for a group of the drill"}
}

// Channel gives the terminal.
func (drillPeople) Channel(context.Context, string) (recovery.Channel, error) {
	return recovery.Channel{ID: drillTerminal, Member: true, Private: true}, nil
}

// drillReplier has nobody to answer: what the request comes to is said at the end.
type drillReplier struct{}

// Reply does nothing.
func (drillReplier) Reply(context.Context, recovery.Request) error { return nil }

// asking is a Restorer that changes nothing but the practice account, and nothing without a yes.
type asking struct{ d *drill }

var _ recovery.Restorer = asking{}

// yesTime is for how long a yes counts while Microsoft does not take the change.
const yesTime = 10 * time.Minute

// allowed asks before a change of the account with this id. A no ends the request, and drill.refused says why. A yes may have taken its time, so
// that it counts from the next turn on: the request then looks once more whether the change is there, and whether its plan still stands, as after
// any pause. It counts until Microsoft has taken the change.
func (a asking) allowed(ctx context.Context, id, question string) error {
	d := a.d
	if id == "" || id != d.before.account.ID {
		return notInDrill("another account than the practice account")
	}
	if at, said := d.yes[question]; said && d.x.now().Sub(at) < yesTime {
		return nil
	}
	if d.refused == nil { // one no is enough
		d.refused = d.t.yes(ctx, question)
	}
	if d.refused != nil {
		return &recovery.Error{Kind: recovery.Invalid, Op: "ask before a change", Err: d.refused}
	}
	d.yes[question] = d.x.now()
	return &recovery.Error{Kind: recovery.Throttled, Op: "ask before a change", RetryAfter: time.Second}
}

// sent uses a yes up, unless Microsoft did not take the change because it was throttled.
func (a asking) sent(question string, receipt recovery.Receipt, err error) (recovery.Receipt, error) {
	if recovery.KindOf(err) != recovery.Throttled {
		delete(a.d.yes, question)
	}
	return receipt, err
}

func notInDrill(what string) error {
	return &recovery.Error{Kind: recovery.Invalid, Op: "change the tenant in a drill", Detail: what}
}

// RestoreUser brings the practice account back as it was.
func (a asking) RestoreUser(ctx context.Context, id string, as recovery.RestoreAs) (recovery.Receipt, error) {
	if as != (recovery.RestoreAs{}) {
		return recovery.Receipt{}, notInDrill("another name")
	}
	const question = "Restore the account now?"
	if err := a.allowed(ctx, id, question); err != nil {
		return recovery.Receipt{}, err
	}
	receipt, err := a.d.graph.RestoreUser(ctx, id, as)
	return a.sent(question, receipt, err)
}

// AssignLicense gives it a licence that it had.
func (a asking) AssignLicense(ctx context.Context, id string, license recovery.AssignedLicense) (recovery.Receipt, error) {
	part, had := a.d.before.license(license.SKU)
	if !had {
		return recovery.Receipt{}, notInDrill("a licence that the account did not have")
	}
	question := fmt.Sprintf("The licence %s is not there as it was. Give it again now?", part)
	if err := a.allowed(ctx, id, question); err != nil {
		return recovery.Receipt{}, err
	}
	receipt, err := a.d.graph.AssignLicense(ctx, id, license)
	return a.sent(question, receipt, err)
}

// SetUsageLocation does not belong to a drill: an account without one is refused.
func (asking) SetUsageLocation(context.Context, string, string) (recovery.Receipt, error) {
	return recovery.Receipt{}, notInDrill("the usage location")
}

// RemoveLicense does not belong to a drill.
func (asking) RemoveLicense(context.Context, string, string) (recovery.Receipt, error) {
	return recovery.Receipt{}, notInDrill("take a licence away")
}

// ReprocessLicenses does not belong to a drill: licences of groups are refused.
func (asking) ReprocessLicenses(context.Context, string) (recovery.Receipt, error) {
	return recovery.Receipt{}, notInDrill("the licences of groups")
}

// BlockSignIn does not belong to a drill: sign-in comes back as it was.
func (asking) BlockSignIn(context.Context, string) (recovery.Receipt, error) {
	return recovery.Receipt{}, notInDrill("block sign-in")
}
