package main

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"mailback/recovery"
)

// scoped are people by what a request is about: "S1,U2;contoso.com=S3;case:inactive=S4".
type scoped struct {
	people []string // for all that no scope fits
	scopes []recovery.Scope
}

// Decode reads the form above (envconfig.Decoder). What is wrong in it faults tells, so that all of it is named at once.
func (s *scoped) Decode(text string) error { //nolint:unparam // envconfig's interface //nolint:unparam // envconfig.Decoder has the error
	for part := range strings.SplitSeq(text, ";") {
		name, people, named := strings.Cut(part, "=")
		switch name = strings.ToLower(strings.TrimSpace(name)); {
		case !named:
			s.people = append(s.people, ids(part)...)
		case strings.HasPrefix(name, "case:"):
			s.scopes = append(s.scopes, recovery.Scope{Case: recovery.Case(name[len("case:"):]), People: ids(people)})
		default:
			s.scopes = append(s.scopes, recovery.Scope{Domain: name, People: ids(people)})
		}
	}
	return nil
}

func ids(list string) []string {
	var all []string
	for id := range strings.SplitSeq(list, ",") {
		if id = strings.TrimSpace(id); id != "" {
			all = append(all, id)
		}
	}
	return all
}

// scopedCases lists the cases that a scope may name, for people.
func scopedCases() string {
	var names []string
	for _, c := range recovery.ScopedCases() {
		names = append(names, string(c))
	}
	return strings.Join(names, ", ")
}

var domain = regexp.MustCompile(`^[^\s@=;,.]+(\.[^\s@=;,.]+)+$`)

// faults names everything that is wrong in the setting name.
func (s *scoped) faults(name string) []error {
	list := peopleFaults(name, s.people)
	for i, scope := range s.scopes {
		list = append(list, peopleFaults(name, scope.People)...)
		bad := func(wrong bool, format string, args ...any) {
			if wrong {
				list = append(list, fmt.Errorf("%s: the scope %q "+format, append([]any{name, scope.String()}, args...)...))
			}
		}
		bad(len(scope.People) == 0, "names nobody")
		bad(scope.Case != "" && !slices.Contains(recovery.ScopedCases(), scope.Case), "is of no case; the cases are %s", scopedCases())
		bad(scope.Case == "" && !domain.MatchString(scope.Domain), "is neither a domain such as contoso.com nor a case such as case:inactive")
		same := func(o recovery.Scope) bool { return o.String() == scope.String() }
		bad(slices.IndexFunc(s.scopes, same) < i, "is there twice")
	}
	return list
}

func peopleFaults(name string, people []string) []error {
	var list []error
	for _, id := range people {
		if !slackPeople.MatchString(id) {
			list = append(list, fmt.Errorf("%s: %q is no Slack user id (U…, W…) or user-group id (S…)", name, id))
		}
	}
	return list
}

// errForm says how a setting has to be written.
type errForm string

func (e errForm) Error() string { return string(e) }

// limits are how many commands a minute are taken: "30,600" of one person and of all; 0 is no limit.
type limits recovery.Limits

// Decode reads the form above (envconfig.Decoder).
func (l *limits) Decode(text string) error {
	each, all, _ := strings.Cut(text, ",")
	var err error
	if l.Each, err = strconv.Atoi(strings.TrimSpace(each)); err == nil {
		l.All, err = strconv.Atoi(strings.TrimSpace(all))
	}
	if err != nil || l.Each < 0 || l.All < 0 {
		return errForm(fmt.Sprintf("two numbers such as 30,600 (commands a minute of one person and of all), not %q", text))
	}
	return nil
}
