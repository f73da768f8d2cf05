package m365fake

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Page sizes of directory collections (learn.microsoft.com/graph/api/user-list).
const (
	defaultPage = 100
	largestPage = 999
)

// query is what the $-options of a collection ask for.
type query struct {
	filter   expr
	search   func(getter) bool
	order    []sortKey
	selects  []string
	top      int
	after    string // id of the last object of the page before
	skipped  int    // how many objects came before
	eventual bool
	count    bool
	values   url.Values
}

type sortKey struct {
	property   string
	descending bool
}

// advanced tells whether both parameters of an advanced query are there.
func (q query) advanced() bool { return q.eventual && q.count }

// parse reads the $-options; the "$" may be left out.
func (e *entity[T]) parse(r *http.Request) (query, error) {
	q := query{top: defaultPage, values: url.Values{}, eventual: strings.EqualFold(r.Header.Get("ConsistencyLevel"), "eventual")}
	for name, v := range r.URL.Query() {
		q.values.Set("$"+strings.TrimPrefix(strings.ToLower(name), "$"), v[0])
	}
	q.count = strings.EqualFold(q.values.Get("$count"), "true")
	for _, read := range []func(*query) error{e.readTop, e.readSelect, e.readFilter, readSearch, e.readOrder, readToken} {
		if err := read(&q); err != nil {
			return q, err
		}
	}
	return q, nil
}

func (e *entity[T]) readTop(q *query) error {
	if q.values.Has("$skip") {
		return unsupportedQuery("'$skip' is not supported by the service.")
	}
	if !q.values.Has("$top") {
		return nil
	}
	v := q.values.Get("$top")
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 {
		return &graphError{
			status: http.StatusBadRequest, code: "BadRequest",
			message: fmt.Sprintf("Invalid value '%s' for $top query option found. The $top query option requires a non-negative integer value.", v),
		}
	}
	if n < 1 || n > largestPage {
		return unsupportedQuery(fmt.Sprintf("Invalid page size specified: '%d'. Must be between 1 and %d inclusive.", n, largestPage))
	}
	q.top = n
	return nil
}

func (e *entity[T]) readSelect(q *query) error {
	if x := q.values.Get("$expand"); x != "" {
		return &graphError{
			status: http.StatusBadRequest, code: "BadRequest",
			message: fmt.Sprintf("Parsing OData Select and Expand failed: Could not find a property named '%s' on type '%s'.", x, e.odataType),
		}
	}
	var err error
	q.selects, err = e.selects(q.values.Get("$select"))
	return err
}

func (e *entity[T]) readFilter(q *query) error {
	if !q.values.Has("$filter") {
		return nil
	}
	f, err := parseFilter(q.values.Get("$filter"))
	if err != nil {
		return err
	}
	q.filter = f
	return e.checkFilter(f, *q)
}

// readSearch reads $search: quoted "property:words" joined by AND or OR (learn.microsoft.com/graph/search-query-parameter).
func readSearch(q *query) error {
	text := q.values.Get("$search")
	if text == "" {
		return nil
	}
	if !q.eventual {
		return unsupportedQuery("Request with $search query parameter only works through MSGraph with a special request header: 'ConsistencyLevel: eventual'")
	}
	clauses := regexp.MustCompile(`"(\w+):([^"]*)"`).FindAllStringSubmatch(text, -1)
	if len(clauses) == 0 {
		return unsupportedQuery("Unrecognized clause in $search. Use the form \"property:value\", in quotes.")
	}
	all := !strings.Contains(text, `" OR "`)
	q.search = func(get getter) bool {
		for _, c := range clauses {
			if containsWord(get(c[1]), c[2]) != all {
				return !all
			}
		}
		return all
	}
	return nil
}

// containsWord tells whether value, or a word of it, begins with want.
func containsWord(value any, want string) bool {
	s, want := strings.ToLower(text(value)), strings.ToLower(want)
	if strings.HasPrefix(s, want) {
		return true
	}
	words := strings.FieldsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(w, want) })
}

func (e *entity[T]) readOrder(q *query) error {
	for part := range strings.SplitSeq(q.values.Get("$orderby"), ",") {
		name, direction, _ := strings.Cut(strings.TrimSpace(part), " ")
		if name == "" {
			continue
		}
		p := e.canonical[strings.ToLower(name)]
		sortable := slices.Contains(e.sorts, p) && !q.advanced()
		if q.advanced() {
			sortable = slices.Contains(e.advancedSorts, p)
		}
		if !sortable {
			return unsupportedQuery(fmt.Sprintf("Unsupported sort property '%s' for '%s'.", name, e.name))
		}
		if (q.filter != nil || q.search != nil) && !q.advanced() {
			return unsupportedQuery("Sorting not supported for current query.")
		}
		q.order = append(q.order, sortKey{p, strings.EqualFold(strings.TrimSpace(direction), "desc")})
	}
	return nil
}

func readToken(q *query) error {
	token := q.values.Get("$skiptoken")
	if token == "" {
		return nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	n, after, ok := strings.Cut(string(raw), "|")
	if err == nil && ok {
		q.after = after
		q.skipped, err = strconv.Atoi(n)
	}
	if err != nil || !ok || q.skipped < 1 {
		return &graphError{status: http.StatusBadRequest, code: "Directory_ExpiredPageToken", message: "The specified page token value has expired and can no longer be included in your request."}
	}
	return nil
}

// matcher is what the query keeps, or nil for everything.
func (e *entity[T]) matcher(q query) func(T) bool {
	if q.filter == nil && q.search == nil {
		return nil
	}
	return func(o T) bool {
		get := e.get(o)
		return (q.filter == nil || q.filter.match(get)) && (q.search == nil || q.search(get))
	}
}

// keep returns the objects that the query keeps.
func (e *entity[T]) keep(all []T, q query) []T {
	match := e.matcher(q)
	if match == nil {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(o T) bool { return !match(o) })
}

// page is one page of found, as the answer to c.
func (e *entity[T]) page(c *call, context string, found []T, q query) answer {
	if len(q.order) > 0 {
		found = slices.Clone(found)
		slices.SortStableFunc(found, func(a, b T) int { return e.compare(a, b, q.order) })
	}
	id := e.props["id"]
	start := min(q.skipped, len(found))
	if q.after != "" {
		if i := slices.IndexFunc(found, func(o T) bool { return id(o) == q.after }); i >= 0 {
			start = i + 1
		}
	}
	end := min(start+q.top, len(found))
	value := []any{}
	for _, o := range found[start:end] {
		value = append(value, e.render(o, q.selects))
	}
	body := map[string]any{"@odata.context": c.context(context, q.selects, false), "value": value}
	if q.advanced() {
		body["@odata.count"] = len(found)
	}
	if end < len(found) {
		body["@odata.nextLink"] = c.nextLink(end, text(id(found[end-1])))
	}
	return ok(body)
}

func (e *entity[T]) compare(a, b T, order []sortKey) int {
	for _, k := range order {
		x, y := strings.ToLower(text(e.props[k.property](a))), strings.ToLower(text(e.props[k.property](b)))
		if n := strings.Compare(x, y); n != 0 {
			if k.descending {
				return -n
			}
			return n
		}
	}
	return 0
}

// nextLink is the request's own address with a $skiptoken.
func (c *call) nextLink(skip int, after string) string {
	values := c.URL.Query()
	values.Set("$skiptoken", base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d|%s", skip, after)))
	return origin(c.Request) + c.URL.EscapedPath() + "?" + values.Encode()
}

// context is an @odata.context.
func (c *call) context(set string, selects []string, one bool) string {
	s := origin(c.Request) + "/v1.0/$metadata#" + set
	if len(selects) > 0 {
		s += "(" + strings.Join(selects, ",") + ")"
	}
	if one {
		s += "/$entity"
	}
	return s
}
