package m365fake

import (
	"encoding/base64"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// parameter is one parameter of a cmdlet, read from its declaration: "Name", "Name?" for a switch, "Name:kind" for one
// whose value is checked, each with "!" at the end where it is mandatory. A kind is guid, text, texts, bool, int, limit
// (a number or "Unlimited"), span (a number of days, "30.00:00:00" or "Unlimited"), date, secret, or an enumeration's
// values divided by "|", where a trailing "*" allows several.
type parameter struct {
	name, kind string
	mandatory  bool
}

func parseParameters(declared string) map[string]parameter {
	all := map[string]parameter{}
	for word := range strings.FieldsSeq(declared) {
		word, mandatory := strings.CutSuffix(word, "!")
		name, isSwitch := strings.CutSuffix(word, "?")
		name, kind, _ := strings.Cut(name, ":")
		if isSwitch {
			kind = "switch"
		}
		all[strings.ToLower(name)] = parameter{name, kind, mandatory}
	}
	return all
}

// bind checks the arguments against the cmdlet's parameters, as PowerShell does before a cmdlet runs, and returns them with
// enumerations completed, limits as int, spans as time.Duration and dates as time.Time.
func (c cmdlet) bind(args arguments) (arguments, error) {
	known, bound := parseParameters(c.parameters), arguments{}
	for name, v := range args {
		p, ok := known[name]
		if !ok {
			return nil, badParameter("A parameter cannot be found that matches parameter name '" + name + "'.")
		}
		value, err := p.convert(v)
		if err != nil {
			return nil, err
		}
		bound[name] = value
	}
	if err := c.checkSets(bound); err != nil {
		return nil, err
	}
	var missing []string
	for name, p := range known {
		v, given := bound[name]
		if p.mandatory && !given {
			missing = append(missing, p.name)
		}
		if p.mandatory && given && c.write {
			if err := p.filled(v); err != nil {
				return nil, err
			}
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return nil, badParameter("Cannot process command because of one or more missing mandatory parameters: " + strings.Join(missing, " ") + ".")
	}
	return bound, nil
}

// filled refuses null and "" for a mandatory parameter. Get- cmdlets take both, and then return everything.
func (p parameter) filled(v any) error {
	if v == nil {
		return badParameter("Cannot bind argument to parameter '" + p.name + "' because it is null.")
	}
	if s, ok := v.(string); ok && strings.TrimSpace(s) == "" {
		return badParameter("Cannot bind argument to parameter '" + p.name + "' because it is an empty string.")
	}
	return nil
}

// checkSets refuses parameters of two parameter sets together. Parameters that are in none of c.sets are in all.
func (c cmdlet) checkSets(bound arguments) error {
	used := ""
	for _, set := range c.sets {
		for name := range strings.FieldsSeq(set) {
			if _, given := bound[strings.ToLower(name)]; !given {
				continue
			}
			if used != "" && used != set {
				return badParameter("Parameter set cannot be resolved using the specified named parameters.")
			}
			used = set
		}
	}
	return nil
}

func (p parameter) fail(v any, kind string) error {
	return badParameter(fmt.Sprintf("Cannot process argument transformation on parameter '%s'. Cannot convert value \"%v\" to type \"%s\".", p.name, v, kind))
}

func (p parameter) convert(v any) (any, error) {
	switch p.kind {
	case "":
		return v, nil
	case "switch":
		if _, ok := v.(bool); !ok {
			return nil, badParameter("Cannot convert '" + fmt.Sprint(v) + "' to the type 'SwitchParameter' required by parameter '" + p.name + "'.")
		}
		return v, nil
	case "texts":
		return p.texts(v)
	case "limit", "int":
		return p.number(v)
	}
	if v == nil {
		return nil, nil
	}
	if b, ok := v.(bool); ok && p.kind == "bool" {
		return b, nil
	}
	s, ok := v.(string)
	if n, isNumber := v.(float64); isNumber && p.kind == "span" {
		s, ok = strconv.Itoa(int(n)), true
	}
	if list := items(v); list != nil && strings.HasSuffix(p.kind, "*") {
		return p.enumerations(list)
	}
	if !ok {
		return nil, p.fail(v, map[bool]string{true: "System.Boolean", false: "System.String"}[p.kind == "bool"])
	}
	return p.convertText(s)
}

func (p parameter) convertText(s string) (any, error) {
	switch p.kind {
	case "text":
		return s, nil
	case "guid":
		id, err := uuid.Parse(s)
		if err != nil {
			return nil, p.fail(s, "System.Guid")
		}
		return id.String(), nil
	case "bool":
		return nil, p.fail(s, "System.Boolean")
	case "span":
		return p.span(s)
	case "date":
		return p.date(s)
	case "secret":
		return p.secret(s)
	}
	if strings.HasSuffix(p.kind, "*") {
		var list []any
		for x := range strings.SplitSeq(s, ",") {
			list = append(list, strings.TrimSpace(x))
		}
		return p.enumerations(list)
	}
	return p.enumeration(s)
}

// enumeration completes s to the first value that begins with it: a wrong value is matched by its prefix, silently
// (rknightion/graph2otel docs/graph-api-gotchas.md).
func (p parameter) enumeration(s string) (string, error) {
	values := strings.Split(strings.TrimSuffix(p.kind, "*"), "|")
	i := slices.IndexFunc(values, func(v string) bool {
		return s != "" && strings.HasPrefix(strings.ToLower(v), strings.ToLower(s))
	})
	if i < 0 {
		return "", badParameter(fmt.Sprintf("Cannot bind parameter '%s'. Unable to match the identifier name %s to a valid enumerator name. Specify one of the following enumerator names and try again: %s", p.name, s, strings.Join(values, ", ")))
	}
	return values[i], nil
}

func (p parameter) enumerations(list []any) (any, error) {
	var out []any
	for _, x := range list {
		v, err := p.enumeration(text(x))
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func (p parameter) texts(v any) (any, error) {
	if s, ok := v.(string); ok {
		return []string{s}, nil
	}
	out := []string{}
	for _, x := range items(v) {
		s, ok := x.(string)
		if !ok {
			return nil, p.fail(x, "System.String")
		}
		out = append(out, s)
	}
	if v != nil && items(v) == nil {
		return nil, p.fail(v, "System.String[]")
	}
	return out, nil
}

func (p parameter) number(v any) (any, error) {
	switch v := v.(type) {
	case float64:
		if v >= 0 && v == math.Trunc(v) {
			return int(v), nil
		}
	case string:
		if strings.EqualFold(v, "Unlimited") && p.kind == "limit" {
			return math.MaxInt, nil
		}
		if n, err := strconv.Atoi(v); err == nil && n >= 0 {
			return n, nil
		}
	}
	return nil, p.fail(v, map[bool]string{true: "Unlimited", false: "System.Int32"}[p.kind == "limit"])
}

// span reads an Unlimited<EnhancedTimeSpan>: "Unlimited", a number of days, or [d.]hh:mm:ss.
func (p parameter) span(s string) (any, error) {
	if strings.EqualFold(s, "Unlimited") {
		return time.Duration(math.MaxInt64), nil
	}
	days, clock, hasDays := strings.Cut(s, ".")
	if !hasDays && strings.Contains(s, ":") {
		days, clock = "0", s
	}
	n, err := strconv.Atoi(days)
	if err != nil || n < 0 {
		return nil, p.fail(s, "Unlimited`1[EnhancedTimeSpan]")
	}
	d := time.Duration(n) * day
	if clock == "" {
		return d, nil
	}
	t, err := time.Parse("15:04:05", clock)
	if err != nil {
		return nil, p.fail(s, "Unlimited`1[EnhancedTimeSpan]")
	}
	return d + time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute + time.Duration(t.Second())*time.Second, nil
}

// date reads ISO 8601, or the month first as the service's en-US writes it; without a zone it is UTC. How the service truly
// reads dates over REST is not documented: that it takes a day before the month is not to be hoped for.
func (p parameter) date(s string) (any, error) {
	for _, layout := range []string{
		time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", time.DateOnly,
		"1/2/2006", "1/2/2006 3:04:05 PM", "1/2/2006 3:04 PM", "1/2/2006 15:04:05", "1/2/2006 15:04",
	} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return nil, p.fail(s, "System.DateTime")
}

// secret takes a SecureString as the module sends it: encrypted with Microsoft's 2048-bit RSA key and coded in base64
// (GreyCorbel/ExoHelper Helpers/EncryptValue.ps1). A password in the clear is refused.
func (p parameter) secret(s string) (any, error) {
	raw, err := base64.StdEncoding.DecodeString(s)
	if err != nil || len(raw) != 256 {
		return nil, badParameter("Cannot process argument transformation on parameter '" + p.name + "'. Cannot convert the value to type \"System.Security.SecureString\".")
	}
	return s, nil
}

// duration is a bound span, or usual.
func (a arguments) duration(name string, usual time.Duration) time.Duration {
	if d, ok := a[strings.ToLower(name)].(time.Duration); ok {
		return d
	}
	return usual
}

func (a arguments) strings(name string) []string {
	list, _ := a[strings.ToLower(name)].([]string)
	return notNil(list)
}

// or is a bound text, or usual where there is none.
func (a arguments) or(name, usual string) string {
	if s := a.text(name); s != "" {
		return s
	}
	return usual
}

func (a arguments) given(name string) bool {
	_, ok := a[strings.ToLower(name)]
	return ok
}
