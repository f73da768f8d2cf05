package recovery

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Scope is those requests that have people of their own: those of one case, or those for mailboxes of one domain.
type Scope struct {
	Case   Case     // empty: of every case
	Domain string   // in lower case; empty: of every domain
	People []string // Slack user ids and user-group ids
}

// String is the scope as it is written in a setting.
func (s Scope) String() string {
	if s.Case != "" {
		return "case:" + string(s.Case)
	}
	return s.Domain
}

// ScopedCases are the cases that a scope can be for. An undo is of the case of what it undoes.
func ScopedCases() []Case {
	return []Case{CaseLicense, CaseUser, CaseShared, CaseSoftDeleted, CaseInactive, CaseItems}
}

// matter is what the rights to a request go by. Without a case it is not known yet.
type matter struct {
	of     Case
	domain string
}

// matter tells what the request is about: by its plan, else by what was found, else nothing is known. Where nothing was found, or
// several accounts, the domain is that of the address that was asked for.
func (r Request) matter() matter {
	of, address := Case(""), ""
	switch {
	case r.Plan != nil:
		of, address = r.Plan.Case, r.Plan.Address
	case r.Diagnosis != nil:
		of, address = r.Diagnosis.Case, r.Diagnosis.Account.Address()
		if address == "" && r.Diagnosis.Mailbox != nil {
			address = r.Diagnosis.Mailbox.Address
		}
	}
	if r.UndoOf != 0 {
		of = r.UndoCase
	}
	if address == "" && r.Ask.Query.Kind == ByAddress {
		address = r.Ask.Query.Value
	}
	return matter{of, domainOf(address)}
}

// matter tells what a deleted account would be about.
func (a Account) matter() matter { return matter{CaseUser, domainOf(a.Address())} }

func domainOf(address string) string {
	return strings.ToLower(address[strings.LastIndex(address, "@")+1:])
}

// approvers gives whom a matter's narrowest scope names. While the matter is not known it is everybody whom any scope names.
func (s Settings) approvers(m matter) []string { return narrowest(s.Approvers, s.ApproverScopes, m) }

// requesters does the same for those who may ask; it is empty where every full member may.
func (s Settings) requesters(m matter) []string { return narrowest(s.Requesters, s.RequesterScopes, m) }

// narrowest gives the people of the one scope that counts: that of the case before that of the domain, before those for all else.
func narrowest(otherwise []string, scopes []Scope, m matter) []string {
	if m.of == "" {
		all := slices.Clone(otherwise)
		for _, s := range scopes {
			all = append(all, s.People...)
		}
		return all
	}
	for _, fits := range []func(Scope) bool{
		func(s Scope) bool { return s.Case == m.of },
		func(s Scope) bool { return s.Domain != "" && s.Domain == m.domain },
	} {
		if i := slices.IndexFunc(scopes, fits); i >= 0 {
			return scopes[i].People
		}
	}
	return otherwise
}

// CheckApprovers says in a sentence for the operator which scopes of MAILBACK_APPROVERS have fewer people who may approve than are
// needed, and why. What Slack does not tell now is no fault: it is read again for each decision.
func (s *Service) CheckApprovers(ctx context.Context) []error {
	var faults []error
	for _, short := range s.shortages(ctx) {
		faults = append(faults, fmt.Errorf("MAILBACK_APPROVERS: %d must approve and %d may, in %s: %s",
			s.Settings.Approvals, short.can, short.named(), strings.Join(short.why, "; ")))
	}
	return faults
}

// shortage is a scope with fewer people who may approve than are needed.
type shortage struct {
	Scope

	can int
	why []string
}

func (s *Service) shortages(ctx context.Context) []shortage {
	var all []shortage
	for _, scope := range append([]Scope{{People: s.Settings.Approvers}}, s.Settings.ApproverScopes...) {
		can, why, err := s.able(ctx, scope.People, s.Settings.Approvals)
		switch {
		case err != nil:
			s.Logger.WarnContext(ctx, "not known whether anybody may approve", "scope", scope.named(), "error", err)
		case can < s.Settings.Approvals:
			all = append(all, shortage{scope, can, why})
		}
	}
	return all
}

func (s Scope) named() string {
	if s.String() == "" {
		return "what no scope fits"
	}
	return "the scope " + s.String()
}

// able counts the people among ids who may act at all, as far as need, and says why others, or whole groups, may not.
func (s *Service) able(ctx context.Context, ids []string, need int) (can int, why []string, err error) {
	people, why, err := s.members(ctx, ids)
	if err != nil {
		return 0, nil, err
	}
	for _, id := range people {
		if can == need {
			break
		}
		refused, err := s.mayAct(ctx, Actor{TeamID: s.Settings.TeamID, UserID: id})
		switch {
		case KindOf(err) == NotFound:
			why = append(why, id+" is not there")
		case err != nil:
			return 0, nil, err
		case refused != nil:
			why = append(why, fmt.Sprintf("%s may not (%s)", id, refused.Code))
		default:
			can++
		}
	}
	return can, why, nil
}

// members gives the user ids among ids and in the user groups among them, each once, and says which groups have nobody: one that
// is gone or disabled has not.
func (s *Service) members(ctx context.Context, ids []string) (people, empty []string, err error) {
	for _, id := range ids {
		if !isGroup(id) {
			people = append(people, id)
			continue
		}
		members, err := s.People.Members(ctx, id)
		switch {
		case KindOf(err) == NotFound:
			empty = append(empty, "the user group "+id+" is disabled or not there")
		case err != nil:
			return nil, nil, fmt.Errorf("read the user group %s: %w", id, err)
		case len(members) == 0:
			empty = append(empty, "the user group "+id+" is empty")
		}
		people = append(people, members...)
	}
	slices.Sort(people)
	return slices.Compact(people), empty, nil
}
