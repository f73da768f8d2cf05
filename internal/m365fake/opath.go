package m365fake

import (
	"regexp"
	"slices"
	"strings"
)

var opathToken = regexp.MustCompile(`\s*(?:'((?:[^']|'')*)'|"([^"]*)"|([(){}])|([^\s(){}'"]+))`)

// parseOPath parses a -Filter of Exchange (learn.microsoft.com/powershell/exchange/filter-properties): comparisons with
// -eq, -ne, -gt, -ge, -lt, -le and -like, joined by -and, -or, -not and parentheses.
func parseOPath(input string) (expr, error) {
	p := &opathParser{input: input}
	for _, m := range opathToken.FindAllStringSubmatch(input, -1) {
		switch {
		case m[3] == "{" || m[3] == "}": // PowerShell's script block around a filter
		case m[3] != "" || m[4] != "":
			p.tokens = append(p.tokens, token{wordToken, m[3] + m[4], 0})
		default:
			p.tokens = append(p.tokens, token{stringToken, strings.ReplaceAll(m[1], "''", "'") + m[2], 0})
		}
	}
	e, err := p.either()
	if err == nil && len(p.tokens) > 0 {
		err = p.fail()
	}
	return e, err
}

type opathParser struct {
	input  string
	tokens []token
}

func (p *opathParser) fail() error {
	return &exchangeError{400, "BadRequest", "|Microsoft.Exchange.Data.ParsingException", "Invalid filter syntax in '" + p.input + "'."}
}

func (p *opathParser) take(word string) bool {
	if len(p.tokens) > 0 && p.tokens[0].kind == wordToken && strings.EqualFold(p.tokens[0].text, word) {
		p.tokens = p.tokens[1:]
		return true
	}
	return false
}

func (p *opathParser) either() (expr, error) {
	left, err := p.both()
	for err == nil && p.take("-or") {
		var right expr
		right, err = p.both()
		left = logic{"or", left, right}
	}
	return left, err
}

func (p *opathParser) both() (expr, error) {
	left, err := p.single()
	for err == nil && p.take("-and") {
		var right expr
		right, err = p.single()
		left = logic{"and", left, right}
	}
	return left, err
}

func (p *opathParser) single() (expr, error) {
	if p.take("-not") {
		e, err := p.single()
		return negation{e}, err
	}
	if p.take("(") {
		e, err := p.either()
		if err == nil && !p.take(")") {
			err = p.fail()
		}
		return e, err
	}
	if len(p.tokens) < 3 || p.tokens[0].kind != wordToken || p.tokens[1].kind != wordToken {
		return nil, p.fail()
	}
	property, op, value := p.tokens[0].text, strings.ToLower(strings.TrimPrefix(p.tokens[1].text, "-")), p.tokens[2]
	p.tokens = p.tokens[3:]
	if !slices.Contains([]string{"eq", "ne", "gt", "ge", "lt", "le", "like"}, op) {
		return nil, p.fail()
	}
	return opathComparison{property, op, opathValue(value)}, nil
}

func opathValue(t token) any {
	if t.kind == wordToken {
		switch strings.ToLower(t.text) {
		case "$true":
			return true
		case "$false":
			return false
		case "$null":
			return nil
		}
	}
	return t.text
}

// opathComparison compares one property; a list fits if one of its values does.
type opathComparison struct {
	property, op string
	value        any
}

func (c opathComparison) match(get getter) bool {
	have := get(c.property)
	if list := items(have); list != nil {
		return slices.ContainsFunc(list, c.holds)
	}
	return c.holds(have)
}

func (c opathComparison) holds(have any) bool {
	want := c.value
	if b, isBool := have.(bool); isBool {
		if w, isText := want.(string); isText { // 'True' is as good as $true
			want = strings.EqualFold(w, "true")
		}
		have = b
	}
	if c.op != "like" {
		return compareValues(c.op, have, want)
	}
	quoted := strings.ReplaceAll(regexp.QuoteMeta(strings.ToLower(text(want))), `\*`, `.*`)
	matched, err := regexp.MatchString("^"+quoted+"$", strings.ToLower(text(have)))
	return err == nil && matched
}
