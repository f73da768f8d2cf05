package m365fake

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Page sizes of mail collections (learn.microsoft.com/graph/api/user-list-messages).
const (
	defaultMailPage = 10
	largestMailPage = 1000
)

// mailQuery is what the $-options of Outlook's collections ask for. They obey other rules than the directory's.
type mailQuery struct {
	selects   []string // in lower case, nil for all
	filter    expr
	order     []sortKey
	expand    []string // ids of extended properties, as "0x348a"
	top, skip int
	count     bool
}

// mailType is a resource type of Outlook: what $select, and what $filter and $orderby, take of it.
type mailType struct {
	name             string
	selects, filters []string
}

// readMailQuery reads the $-options; the "$" may be left out.
func readMailQuery(c *call, t mailType) (mailQuery, error) {
	values := url.Values{}
	for name, v := range c.URL.Query() {
		values.Set("$"+strings.TrimPrefix(strings.ToLower(name), "$"), v[0])
	}
	q := mailQuery{top: defaultMailPage, selects: selectOption(c), count: strings.EqualFold(values.Get("$count"), "true")}
	for _, name := range q.selects {
		if !slices.ContainsFunc(t.selects, func(k string) bool { return strings.EqualFold(k, name) }) {
			return q, badRequestCode("Parsing OData Select and Expand failed: Could not find a property named '" + name + "' on type 'microsoft.graph." + t.name + "'.")
		}
	}
	if values.Has("$search") {
		return q, badRequestCode("The query parameter '$search' is not supported here.")
	}
	var err error
	if q.top, err = mailNumber(values, "$top", defaultMailPage, 1, largestMailPage); err != nil {
		return q, err
	}
	if q.skip, err = mailNumber(values, "$skip", 0, 0, 1<<31-1); err != nil {
		return q, err
	}
	if q.expand, err = readExpand(t, values.Get("$expand")); err != nil {
		return q, err
	}
	return q, q.readFilter(t, values)
}

func mailNumber(values url.Values, name string, usual, least, most int) (int, error) {
	if !values.Has(name) {
		return usual, nil
	}
	n, err := strconv.Atoi(values.Get(name))
	if err != nil || n < least || n > most {
		return 0, badRequestCode(fmt.Sprintf("The value '%s' of %s is not between %d and %d.", values.Get(name), name, least, most))
	}
	return n, nil
}

// readExpand reads singleValueExtendedProperties($filter=id eq 'Binary 0x348A' or id eq '…'), the one navigation that is built
// (learn.microsoft.com/graph/api/singlevaluelegacyextendedproperty-get).
func readExpand(t mailType, text string) ([]string, error) {
	if text == "" {
		return nil, nil
	}
	m := regexp.MustCompile(`(?i)^singleValueExtendedProperties\(\$filter=(.*)\)$`).FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		return nil, badRequestCode("Parsing OData Select and Expand failed: Could not find a property named '" + text + "' on type 'microsoft.graph." + t.name + "'.")
	}
	var ids []string
	for _, part := range regexp.MustCompile(`(?i) or `).Split(m[1], -1) {
		p := regexp.MustCompile(`(?i)^\s*id eq '(?:binary|string|integer|systemtime) 0x0*([0-9a-f]{1,4})'\s*$`).FindStringSubmatch(part)
		if p == nil {
			return nil, &graphError{status: http.StatusBadRequest, code: "ErrorInvalidProperty", message: "The property " + part + " is invalid."}
		}
		ids = append(ids, "0x"+strings.ToLower(p[1]))
	}
	return ids, nil
}

// readFilter reads $filter and $orderby, whose properties must begin the filter when both are there
// (learn.microsoft.com/graph/api/user-list-messages, "Using filter and orderby in the same query").
func (q *mailQuery) readFilter(t mailType, values url.Values) error {
	if text := values.Get("$filter"); text != "" {
		var err error
		if q.filter, err = parseFilter(text); err != nil {
			return err
		}
		if regexp.MustCompile(`(?i)DateTime\s+\w\w\s+'`).MatchString(text) {
			return badRequestCode("A binary operator with incompatible types was detected. Found operand types 'Edm.DateTimeOffset' and 'Edm.String' for operator kind 'GreaterThanOrEqual'.")
		}
	}
	paths := filterPaths(q.filter)
	for _, p := range paths {
		if !slices.Contains(t.filters, p) {
			return &graphError{status: http.StatusBadRequest, code: "ErrorInvalidUrlQueryFilter", message: "The query filter contains one or more invalid nodes."}
		}
	}
	for part := range strings.SplitSeq(values.Get("$orderby"), ",") {
		name, direction, _ := strings.Cut(strings.TrimSpace(part), " ")
		switch {
		case name == "":
			continue
		case !slices.Contains(t.filters, name):
			return badRequestCode("Could not find a property named '" + name + "' on type 'microsoft.graph." + t.name + "'.")
		case q.filter != nil && (len(paths) <= len(q.order) || paths[len(q.order)] != name):
			return &graphError{status: http.StatusBadRequest, code: "InefficientFilter", message: "The restriction or sort order is too complex for this operation."}
		}
		q.order = append(q.order, sortKey{name, strings.EqualFold(strings.TrimSpace(direction), "desc")})
	}
	return nil
}

// keep is what of all the query keeps, in the order that it asks for; get reads an object's properties.
func keep[T any](q mailQuery, all []T, get func(T) getter) []T {
	if q.filter != nil {
		all = slices.DeleteFunc(slices.Clone(all), func(x T) bool { return !q.filter.match(get(x)) })
	}
	if q.order != nil {
		slices.SortStableFunc(all, func(a, b T) int { return compareBy(get(a), get(b), q.order) })
	}
	return all
}

func compareBy(a, b getter, order []sortKey) int {
	for _, k := range order {
		n := strings.Compare(strings.ToLower(text(a(k.property))), strings.ToLower(text(b(k.property))))
		if k.descending {
			n = -n
		}
		if n != 0 {
			return n
		}
	}
	return 0
}

// filterPaths are the properties of a filter in the order in which they first stand there.
func filterPaths(f expr) []string {
	var out []string
	switch f := f.(type) {
	case logic:
		out = append(filterPaths(f.left), filterPaths(f.right)...)
	case negation:
		out = filterPaths(f.of)
	case comparison:
		out = []string{f.path}
	case anyOf:
		out = []string{f.path + "/any"}
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(out, func(p string) bool {
		again := seen[p]
		seen[p] = true
		return again
	})
}

// render keeps the selected properties and adds the expanded ones, whose ids come back in small letters and without
// leading zeros.
func (q mailQuery) render(all map[string]any, extended map[string]string) map[string]any {
	out := map[string]any{}
	for name, v := range all {
		if q.selects == nil || name == "id" || strings.HasPrefix(name, "@") || slices.Contains(q.selects, strings.ToLower(name)) {
			out[name] = v
		}
	}
	var list []any
	for _, id := range q.expand {
		if v, there := extended[id]; there {
			list = append(list, map[string]any{"id": map[bool]string{true: "Binary ", false: "String "}[id == "0xfff" || id == "0x348a"] + id, "value": v})
		}
	}
	if list != nil {
		out["singleValueExtendedProperties"] = list
	}
	return out
}

// page is one page of total rows, each rendered by row.
func (q mailQuery) page(c *call, set string, total int, row func(int) map[string]any) answer {
	start := min(q.skip, total)
	end := min(start+q.top, total)
	value := []any{}
	for n := start; n < end; n++ {
		value = append(value, row(n))
	}
	body := map[string]any{"@odata.context": c.context(set, q.selects, false), "value": value}
	if q.count {
		body["@odata.count"] = total
	}
	if end < total {
		values := c.URL.Query()
		values.Set("$top", strconv.Itoa(q.top))
		values.Set("$skip", strconv.Itoa(end))
		body["@odata.nextLink"] = origin(c.Request) + c.URL.EscapedPath() + "?" + values.Encode()
	}
	return answer{status: http.StatusOK, body: body, immutable: c.immutable()}
}

// one is a single object as an answer.
func (q mailQuery) one(c *call, status int, set string, object map[string]any) answer {
	object["@odata.context"] = c.context(set, q.selects, true)
	return answer{status: status, body: object, immutable: c.immutable()}
}

// immutable tells whether the caller prefers ids that moves do not change (learn.microsoft.com/graph/outlook-immutable-id).
func (c *call) immutable() bool {
	for _, p := range strings.FieldsFunc(strings.Join(c.Header.Values("Prefer"), ","), func(r rune) bool { return r == ',' || r == ';' }) {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		if strings.EqualFold(name, "IdType") && strings.EqualFold(strings.Trim(value, `"`), "ImmutableId") {
			return true
		}
	}
	return false
}
