package m365fake

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// expr is a parsed $filter. getter reads a property of the object that is tried, by its path.
type expr interface{ match(get getter) bool }

type getter func(path string) any

type logic struct {
	op          string // and, or
	left, right expr
}

type negation struct{ of expr }

// comparison is `path op value`; op is one of eq ne gt ge lt le in startswith endswith contains.
type comparison struct {
	path, op string
	values   []any // one, but for in
}

// anyOf is `path/any(variable:of)`.
type anyOf struct {
	path, variable string
	of             expr
}

func (l logic) match(get getter) bool {
	if l.op == "and" {
		return l.left.match(get) && l.right.match(get)
	}
	return l.left.match(get) || l.right.match(get)
}

func (n negation) match(get getter) bool { return !n.of.match(get) }

func (a anyOf) match(get getter) bool {
	return slices.ContainsFunc(items(get(a.path)), func(item any) bool {
		return a.of.match(func(path string) any {
			if path == a.variable {
				return item
			}
			if field, ok := strings.CutPrefix(path, a.variable+"/"); ok {
				object, _ := item.(map[string]any)
				return object[field]
			}
			return get(path)
		})
	})
}

func items(v any) []any {
	switch v := v.(type) {
	case []any:
		return v
	case []string:
		out := make([]any, len(v))
		for i, s := range v {
			out[i] = s
		}
		return out
	}
	return nil
}

func (c comparison) match(get getter) bool {
	var v any
	if path, ok := strings.CutSuffix(c.path, "/$count"); ok {
		v = float64(len(items(get(path))))
	} else {
		v = get(c.path)
	}
	return slices.ContainsFunc(c.values, func(want any) bool { return compareValues(c.op, v, want) })
}

// compareValues compares as the directory does: strings without regard to case, dates as the strings they are written as.
func compareValues(op string, have, want any) bool {
	if op == "ne" {
		return !compareValues("eq", have, want)
	}
	h, ok1 := have.(string)
	w, ok2 := want.(string)
	if !ok1 || !ok2 {
		if n, ok := have.(int); ok {
			have = float64(n)
		}
		return (op == "eq" || op == "in") && have == want
	}
	h, w = strings.ToLower(h), strings.ToLower(w)
	switch op {
	case "eq", "in":
		return h == w
	case "gt":
		return h > w
	case "ge":
		return h >= w
	case "lt":
		return h < w
	case "le":
		return h <= w
	case "startswith":
		return strings.HasPrefix(h, w)
	case "endswith":
		return strings.HasSuffix(h, w)
	}
	return strings.Contains(h, w)
}

// token kinds.
const (
	wordToken   = 'w'
	stringToken = 's'
	punctuation = 'p'
	endToken    = 'e'
)

type token struct {
	kind byte
	text string
	at   int
}

// tokenPattern is one token. A number or a date may hold colons; a name may not, since a lambda's variable ends at one.
var tokenPattern = regexp.MustCompile(`^(?:'((?:[^']|'')*)'|([(),:])|([0-9][0-9A-Za-z:.+-]*|[A-Za-z_$@][\w.\-/$@]*|-[0-9.]+))`)

func lex(input string) ([]token, error) {
	var out []token
	for at := 0; at < len(input); {
		if input[at] == ' ' {
			at++
			continue
		}
		m := tokenPattern.FindStringSubmatch(input[at:])
		switch {
		case m == nil:
			return nil, syntaxError(input, at)
		case strings.HasPrefix(m[0], "'"):
			out = append(out, token{stringToken, strings.ReplaceAll(m[1], "''", "'"), at})
		case m[2] != "":
			out = append(out, token{punctuation, m[2], at})
		default:
			out = append(out, token{wordToken, m[3], at})
		}
		at += len(m[0])
	}
	return append(out, token{endToken, "", len(input)}), nil
}

func syntaxError(input string, at int) error {
	return &graphError{
		status: 400, code: "BadRequest",
		message: fmt.Sprintf("Invalid filter clause: Syntax error at position %d in '%s'.", at, input),
	}
}

type filterParser struct {
	input  string
	tokens []token
}

// parseFilter parses a $filter. Its errors are Graph's own.
func parseFilter(input string) (expr, error) {
	tokens, err := lex(input)
	if err != nil {
		return nil, err
	}
	p := &filterParser{input, tokens}
	e, err := p.either()
	if err == nil && p.tokens[0].kind != endToken {
		err = p.fail()
	}
	if err != nil {
		return nil, err
	}
	return e, nil
}

func (p *filterParser) fail() error { return syntaxError(p.input, p.tokens[0].at) }

func (p *filterParser) next() token {
	t := p.tokens[0]
	if t.kind != endToken {
		p.tokens = p.tokens[1:]
	}
	return t
}

// take consumes the next token if it reads so, whatever its case.
func (p *filterParser) take(kind byte, text string) bool {
	if t := p.tokens[0]; t.kind == kind && strings.EqualFold(t.text, text) {
		p.next()
		return true
	}
	return false
}

func (p *filterParser) either() (expr, error) { return p.chain("or", p.both) }

func (p *filterParser) both() (expr, error) { return p.chain("and", p.single) }

func (p *filterParser) chain(op string, operand func() (expr, error)) (expr, error) {
	left, err := operand()
	for err == nil && p.take(wordToken, op) {
		var right expr
		right, err = operand()
		left = logic{op, left, right}
	}
	return left, err
}

func (p *filterParser) single() (expr, error) {
	if p.take(wordToken, "not") {
		e, err := p.single()
		return negation{e}, err
	}
	if p.take(punctuation, "(") {
		e, err := p.either()
		if err == nil && !p.take(punctuation, ")") {
			err = p.fail()
		}
		return e, err
	}
	if p.tokens[0].kind != wordToken {
		return nil, p.fail()
	}
	name := p.next().text
	if p.take(punctuation, "(") {
		return p.call(name)
	}
	return p.compare(name)
}

// call parses what follows `name(`: a lambda or a string function.
func (p *filterParser) call(name string) (expr, error) {
	if path, ok := strings.CutSuffix(name, "/any"); ok {
		return p.lambda(path)
	}
	op := strings.ToLower(name)
	if op != "startswith" && op != "endswith" && op != "contains" {
		return nil, p.fail()
	}
	path := p.next()
	if path.kind != wordToken || !p.take(punctuation, ",") || p.tokens[0].kind != stringToken {
		return nil, p.fail()
	}
	value := p.next().text
	if !p.take(punctuation, ")") {
		return nil, p.fail()
	}
	if p.take(wordToken, "eq") && !p.take(wordToken, "true") {
		return nil, p.fail()
	}
	return comparison{path.text, op, []any{value}}, nil
}

func (p *filterParser) lambda(path string) (expr, error) {
	variable := p.next()
	if variable.kind != wordToken || !p.take(punctuation, ":") {
		return nil, p.fail()
	}
	of, err := p.either()
	if err == nil && !p.take(punctuation, ")") {
		err = p.fail()
	}
	return anyOf{path, variable.text, of}, err
}

func (p *filterParser) compare(path string) (expr, error) {
	op := strings.ToLower(p.tokens[0].text)
	if p.tokens[0].kind != wordToken || !slices.Contains([]string{"eq", "ne", "gt", "ge", "lt", "le", "in"}, op) {
		return nil, p.fail()
	}
	p.next()
	if op != "in" {
		v, err := p.literal()
		return comparison{path, op, []any{v}}, err
	}
	if !p.take(punctuation, "(") {
		return nil, p.fail()
	}
	var values []any
	for {
		v, err := p.literal()
		if err != nil {
			return nil, err
		}
		values = append(values, v)
		if p.take(punctuation, ")") {
			return comparison{path, op, values}, nil
		}
		if !p.take(punctuation, ",") {
			return nil, p.fail()
		}
	}
}

func (p *filterParser) literal() (any, error) {
	t := p.tokens[0]
	if t.kind != wordToken && t.kind != stringToken {
		return nil, p.fail()
	}
	p.next()
	if t.kind == stringToken {
		return t.text, nil
	}
	switch strings.ToLower(t.text) {
	case "null":
		return nil, nil
	case "true", "false":
		return strings.EqualFold(t.text, "true"), nil
	}
	if d, err := time.Parse(time.RFC3339, t.text); err == nil {
		return timestamp(d), nil
	}
	var n float64
	if _, err := fmt.Sscanf(t.text+"\n", "%g\n", &n); err == nil && !strings.Contains(t.text, "-") {
		return n, nil
	}
	return t.text, nil // a GUID
}
