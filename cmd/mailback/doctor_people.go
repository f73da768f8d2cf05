package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"mailback/recovery"
)

// channel looks at the approval channel.
func (x examination) channel(ctx context.Context, who recovery.People) []finding {
	const name = "slack.channel"
	if why := x.without("MAILBACK_APPROVAL_CHANNEL"); why != "" {
		return []finding{unchecked(name, why)}
	}
	id := x.s.ApprovalChannel
	c, err := who.Channel(ctx, id)
	e, _ := errors.AsType[*recovery.Error](err)
	switch {
	case e != nil && e.Detail == "is_archived", err == nil && c.Archived:
		return []finding{failed(name, "unarchive it in Slack, or name another one in MAILBACK_APPROVAL_CHANNEL", "the channel %s is archived", id)}
	case e != nil && e.Kind == recovery.NotFound:
		return []finding{failed(name, "take the id from the end of the channel's details in Slack; if the channel is private, type /invite @mailback in it",
			"there is no channel %s that the bot can see", id)}
	case e != nil && e.Kind == recovery.Forbidden:
		return []finding{unchecked(name, "the bot token lacks one of the scopes "+e.Detail)}
	case err != nil:
		return []finding{failed(name, slackDown, "the channel %s cannot be read: %v", id, err)}
	case c.Shared:
		return []finding{failed(name, "name a channel in MAILBACK_APPROVAL_CHANNEL that no other organisation is in", "the channel %s is shared with another organisation", id)}
	case !c.Member:
		return []finding{failed(name, "type /invite @mailback in it", "the bot is not in the channel %s", id)}
	case !c.Private:
		return []finding{warned(name, "make it private, unless all may read whose mailbox is asked for", "the channel %s is public", id)}
	}
	return []finding{well(name, "%s is private, and the bot is in it", id)}
}

// mostAsked bounds the members of a user group that are looked at: Slack allows about a hundred users.info a minute
// (docs.slack.dev/apis/web-api/rate-limits, tier 4).
const mostAsked = 20

// standing is what is known of an id in MAILBACK_APPROVERS or MAILBACK_REQUESTERS.
type standing struct {
	id      string
	able    []string // users who may act: the one of this id, or of the group's members as many as were asked
	size    int      // members of the group
	fault   string   // why nobody may by this id; empty where somebody may
	unknown string   // why that is not known
}

func (s standing) group() bool { return strings.HasPrefix(s.id, "S") }

// check is the name of the check of this id; role is approver or requester.
func (s standing) check(role string) string {
	if s.group() {
		role = "group"
	}
	return "slack." + role + "." + s.id
}

// people looks at approvers and requesters.
func (x examination) people(ctx context.Context, who recovery.People) []finding {
	if why := x.without("MAILBACK_APPROVERS", "MAILBACK_REQUESTERS", "MAILBACK_APPROVALS_REQUIRED"); why != "" {
		return []finding{unchecked("slack.approvers", why)}
	}
	scopes := append([]recovery.Scope{{People: x.s.Approvers.people}}, x.s.Approvers.scopes...)
	requesters := slices.Clone(x.s.Requesters.people)
	for _, scope := range x.s.Requesters.scopes {
		requesters = append(requesters, scope.People...)
	}
	known := x.standings(ctx, who, append(peopleOf(scopes), requesters...))
	all := x.approverFindings(scopes, known)
	for _, id := range distinct(requesters) {
		s := known[id]
		if s.fault != "" && !slices.ContainsFunc(all, func(f finding) bool { return f.Name == s.check("requester") }) {
			all = append(all, warned(s.check("requester"), s.fix("MAILBACK_REQUESTERS"), "%s %s", id, s.fault))
		}
	}
	if slices.ContainsFunc(distinct(append(peopleOf(scopes), requesters...)), func(id string) bool { return known[id].group() }) {
		all = append(all, note("slack.group-editors", "whoever may edit a user group of MAILBACK_APPROVERS can become an approver, and Slack has no API that tells who may: "+
			"see the workspace's settings, Permissions, User Groups"))
	}
	return all
}

func peopleOf(scopes []recovery.Scope) []string {
	var all []string
	for _, s := range scopes {
		all = append(all, s.People...)
	}
	return distinct(all)
}

// distinct gives each id once, in their order.
func distinct(ids []string) []string {
	var all []string
	for _, id := range ids {
		if !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	return all
}

// approverFindings says of each scope whether enough people may approve, and which ids give none. An id that gives none has failed where its
// scope is short of people without it, which serve does not start with.
func (x examination) approverFindings(scopes []recovery.Scope, known map[string]standing) []finding {
	need := x.s.ApprovalsRequired
	var all []finding
	for _, scope := range scopes {
		can := map[string]bool{}
		var faulty, unknown []standing
		for _, id := range distinct(scope.People) {
			s := known[id]
			for _, user := range s.able {
				can[user] = true
			}
			if s.fault != "" {
				faulty = append(faulty, s)
			}
			if s.unknown != "" {
				unknown = append(unknown, s)
			}
		}
		short := len(can) < need
		for _, s := range faulty {
			f := warned(s.check("approver"), s.fix("MAILBACK_APPROVERS"), "%s %s", s.id, s.fault)
			if short {
				f.Status = statusFail
			}
			all = once(all, f)
		}
		for _, s := range unknown {
			all = once(all, unchecked(s.check("approver"), s.unknown))
		}
		if short && len(faulty)+len(unknown) == 0 {
			all = append(all, failed("slack.approvers", "name more people in MAILBACK_APPROVERS, or lower MAILBACK_APPROVALS_REQUIRED",
				"%d must approve %s, and %d may", need, about(scope), len(can)))
		}
	}
	if len(all) == 0 {
		all = append(all, well("slack.approvers", "each id of MAILBACK_APPROVERS gives somebody who may approve, and %d must", need))
	}
	return all
}

// once adds a finding, or where one of its name is there, as of an id in two scopes, leaves the worse of the two.
func once(all []finding, f finding) []finding {
	i := slices.IndexFunc(all, func(o finding) bool { return o.Name == f.Name })
	if i < 0 {
		return append(all, f)
	}
	if f.Status == statusFail {
		all[i] = f
	}
	return all
}

func about(s recovery.Scope) string {
	if s.String() == "" {
		return "what no scope fits"
	}
	return "in the scope " + s.String()
}

// standings looks at all ids, a few at a time.
func (x examination) standings(ctx context.Context, who recovery.People, ids []string) map[string]standing {
	var mu sync.Mutex
	known := map[string]standing{}
	turns := make(chan struct{}, 5)
	var asks []func()
	for _, id := range distinct(ids) {
		asks = append(asks, func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			s := x.standing(ctx, who, id)
			mu.Lock()
			defer mu.Unlock()
			known[id] = s
		})
	}
	side(asks...)
	return known
}

// standing looks at one id. Of a group's members as many are looked at as have to approve.
func (x examination) standing(ctx context.Context, who recovery.People, id string) standing {
	s := standing{id: id}
	if !s.group() {
		s.fault, s.unknown = person(ctx, who, id)
		if s.fault+s.unknown == "" {
			s.able = []string{id}
		}
		return s
	}
	members, err := who.Members(ctx, id)
	if err != nil {
		s.fault, s.unknown = groupFault(err)
		return s
	}
	if s.size = len(members); s.size == 0 {
		s.fault = "is a user group without members"
		return s
	}
	var why []string
	for _, user := range members[:min(s.size, mostAsked)] {
		if len(s.able) == x.s.ApprovalsRequired {
			break
		}
		fault, unknown := person(ctx, who, user)
		if unknown != "" {
			s.unknown = unknown
			return s
		}
		if fault == "" {
			s.able = append(s.able, user)
		} else {
			why = append(why, user+" "+fault)
		}
	}
	if len(s.able) == 0 {
		s.fault = fmt.Sprintf("is a user group of %d that has nobody who may act: %s", s.size, strings.Join(why, "; "))
	}
	return s
}

// groupFault says why a user group gives nobody.
func groupFault(err error) (fault, unknown string) {
	e, ok := errors.AsType[*recovery.Error](err)
	switch {
	case ok && e.Detail == "subteam_disabled":
		return "is a user group that is disabled", ""
	case ok && e.Detail == "subteam_external":
		return "is a user group of another organisation", ""
	case ok && e.Kind == recovery.NotFound:
		return "is no user group of this workspace", ""
	case ok && e.Kind == recovery.Forbidden:
		return "", "the bot token lacks the scope " + e.Detail
	default:
		return "", fmt.Sprintf("it cannot be read: %v", err)
	}
}

// person says why somebody may not act, or why that is not known.
func person(ctx context.Context, who recovery.People, id string) (fault, unknown string) {
	p, err := who.Person(ctx, id)
	e, ok := errors.AsType[*recovery.Error](err)
	switch {
	case ok && e.Kind == recovery.NotFound:
		return "is nobody in this workspace", ""
	case ok && e.Kind == recovery.Forbidden:
		return "", "the bot token lacks the scope " + e.Detail
	case err != nil:
		return "", fmt.Sprintf("it cannot be read: %v", err)
	case p.Bot:
		return "is a bot", ""
	case p.External:
		return "is of another organisation", ""
	case p.Deleted:
		return "is deactivated", ""
	case p.Guest:
		return "is a guest", ""
	case p.Invited:
		return "was invited and has not signed in yet", ""
	}
	return "", ""
}

// fix says what to do about an id that gives nobody.
func (s standing) fix(setting string) string {
	if s.group() {
		return "put full members into the user group, enable it, or take it out of " + setting
	}
	return "take it out of " + setting + ", or name a full member who is active: the id is in the person's profile in Slack, under Copy member ID"
}
