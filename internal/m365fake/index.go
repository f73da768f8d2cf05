package m365fake

import (
	"cmp"
	"slices"
	"strings"
)

// userSet is the live or the deleted users, indexed so that a look-up costs the same at 10 and at 100,000.
type userSet struct {
	byID     map[string]*user
	byUPN    map[string][]string // lower case -> ids
	byMail   map[string][]string
	byProxy  map[string][]string // with its prefix
	order    []*user             // by id: the order of lists
	suffixes []suffix            // by reversed userPrincipalName: for endsWith
}

type suffix struct{ reversed, id string }

func newUserSet() *userSet {
	return &userSet{
		byID: map[string]*user{}, byUPN: map[string][]string{}, byMail: map[string][]string{}, byProxy: map[string][]string{},
	}
}

func compareUsers(a, b *user) int { return strings.Compare(a.ID, b.ID) }

func compareSuffixes(a, b suffix) int {
	return cmp.Or(strings.Compare(a.reversed, b.reversed), strings.Compare(a.id, b.id))
}

// append adds a user without keeping the ordered indexes; sort must follow. It makes bulk loading linear.
func (s *userSet) append(u *user) {
	s.addKeys(u)
	s.order = append(s.order, u)
	s.suffixes = append(s.suffixes, suffixOf(u))
}

func (s *userSet) sort() {
	slices.SortFunc(s.order, compareUsers)
	slices.SortFunc(s.suffixes, compareSuffixes)
}

func (s *userSet) add(u *user) {
	s.addKeys(u)
	i, _ := slices.BinarySearchFunc(s.order, u, compareUsers)
	s.order = slices.Insert(s.order, i, u)
	x := suffixOf(u)
	i, _ = slices.BinarySearchFunc(s.suffixes, x, compareSuffixes)
	s.suffixes = slices.Insert(s.suffixes, i, x)
}

func (s *userSet) addKeys(u *user) {
	s.byID[u.ID] = u
	addKey(s.byUPN, u.principal(), u.ID)
	addKey(s.byMail, u.Mail, u.ID)
	for _, p := range u.Proxies {
		addKey(s.byProxy, p, u.ID)
	}
}

func (s *userSet) remove(u *user) {
	delete(s.byID, u.ID)
	dropKey(s.byUPN, u.principal(), u.ID)
	dropKey(s.byMail, u.Mail, u.ID)
	for _, p := range u.Proxies {
		dropKey(s.byProxy, p, u.ID)
	}
	if i, ok := slices.BinarySearchFunc(s.order, u, compareUsers); ok {
		s.order = slices.Delete(s.order, i, i+1)
	}
	if i, ok := slices.BinarySearchFunc(s.suffixes, suffixOf(u), compareSuffixes); ok {
		s.suffixes = slices.Delete(s.suffixes, i, i+1)
	}
}

func addKey(index map[string][]string, key, id string) {
	if key = strings.ToLower(key); key != "" && !slices.Contains(index[key], id) {
		index[key] = append(index[key], id)
	}
}

func dropKey(index map[string][]string, key, id string) {
	key = strings.ToLower(key)
	left := slices.DeleteFunc(slices.Clone(index[key]), func(x string) bool { return x == id })
	if len(left) == 0 {
		delete(index, key)
		return
	}
	index[key] = left
}

func suffixOf(u *user) suffix { return suffix{reverse(strings.ToLower(u.principal())), u.ID} }

func reverse(s string) string {
	b := []rune(s)
	slices.Reverse(b)
	return string(b)
}

func (s *userSet) endingWith(end string) []string {
	prefix := reverse(strings.ToLower(end))
	i, _ := slices.BinarySearchFunc(s.suffixes, suffix{reversed: prefix}, compareSuffixes)
	var ids []string
	for ; i < len(s.suffixes) && strings.HasPrefix(s.suffixes[i].reversed, prefix); i++ {
		ids = append(ids, s.suffixes[i].id)
	}
	return ids
}

// candidates returns ids that hold every match of f, and whether an index could tell.
func (s *userSet) candidates(f expr) ([]string, bool) {
	switch f := f.(type) {
	case logic:
		return s.logicCandidates(f)
	case anyOf:
		c, ok := f.of.(comparison)
		if ok && f.path == "proxyAddresses" && c.path == f.variable && c.op == "eq" {
			return s.lookup(s.byProxy, c.values), true
		}
	case comparison:
		return s.comparisonCandidates(f)
	}
	return nil, false
}

func (s *userSet) logicCandidates(f logic) ([]string, bool) {
	left, okLeft := s.candidates(f.left)
	right, okRight := s.candidates(f.right)
	switch {
	case f.op == "or" && okLeft && okRight:
		return append(left, right...), true
	case f.op == "and" && okLeft:
		return left, true
	case f.op == "and" && okRight:
		return right, true
	}
	return nil, false
}

func (s *userSet) comparisonCandidates(f comparison) ([]string, bool) {
	if f.op == "endswith" && f.path == "userPrincipalName" {
		return s.endingWith(text(f.values[0])), true
	}
	if (f.op != "eq" && f.op != "in") || slices.Contains(f.values, any(nil)) {
		return nil, false
	}
	switch f.path {
	case "id":
		var ids []string
		for _, v := range f.values {
			ids = append(ids, strings.ToLower(text(v)))
		}
		return ids, true
	case "userPrincipalName":
		return s.lookup(s.byUPN, f.values), true
	case "mail":
		return s.lookup(s.byMail, f.values), true
	}
	return nil, false
}

func (s *userSet) lookup(index map[string][]string, values []any) []string {
	var ids []string
	for _, v := range values {
		ids = append(ids, index[strings.ToLower(text(v))]...)
	}
	return ids
}

func text(v any) string {
	s, _ := v.(string)
	return s
}
