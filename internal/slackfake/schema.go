package slackfake

import (
	"fmt"
	"slices"
	"unicode/utf8"
)

// faults collects what is wrong with blocks or a view, in Slack's own words.
type faults struct {
	messages []string
}

// add notes one fault at a JSON pointer, as `must be less than 3001 characters [json-pointer:/blocks/0/text/text]`.
func (f *faults) add(at, format string, args ...any) {
	f.messages = append(f.messages, fmt.Sprintf(format, args...)+" [json-pointer:"+at+"]")
}

// A check notes in f what is wrong with v, which stands at the pointer at.
type check func(f *faults, at string, v any)

// props are the properties that an object may have; a name that ends in "!" is required.
type props map[string]check

func object(fields props) check {
	known, required := make(props, len(fields)), []string{}
	for name, c := range fields {
		if bare, ok := cutBang(name); ok {
			required = append(required, bare)
			known[bare] = c
			continue
		}
		known[name] = c
	}
	slices.Sort(required)
	return func(f *faults, at string, v any) {
		o, ok := v.(map[string]any)
		if !ok {
			f.add(at, "must provide an object")
			return
		}
		for _, name := range required {
			if _, has := o[name]; !has {
				f.add(at, "missing required field: %s", name)
			}
		}
		for _, name := range sortedKeys(o) {
			c, ok := known[name]
			if !ok {
				f.add(at, "invalid additional property: %s", name)
				continue
			}
			c(f, at+"/"+name, o[name])
		}
	}
}

func cutBang(name string) (string, bool) {
	if last := len(name) - 1; name[last] == '!' {
		return name[:last], true
	}
	return name, false
}

func str(least, most int) check {
	return func(f *faults, at string, v any) {
		s, ok := v.(string)
		if !ok {
			f.add(at, "must provide a string")
			return
		}
		if n := utf8.RuneCountInString(s); n > most {
			f.add(at, "must be less than %d characters", most+1)
		} else if n < least {
			f.add(at, "must be more than %d characters", least-1)
		}
	}
}

func enum(values ...string) check {
	return func(f *faults, at string, v any) {
		if s, ok := v.(string); !ok || !slices.Contains(values, s) {
			f.add(at, "must be a valid enum value")
		}
	}
}

func boolean(f *faults, at string, v any) {
	if _, ok := v.(bool); !ok {
		f.add(at, "must be a boolean")
	}
}

func integer(least, most float64) check {
	return func(f *faults, at string, v any) {
		n, ok := v.(float64)
		switch {
		case !ok || n != float64(int64(n)):
			f.add(at, "must be an integer")
		case n > most:
			f.add(at, "must be less than %d", int64(most)+1)
		case n < least:
			f.add(at, "must be more than %d", int64(least)-1)
		}
	}
}

func list(least, most int, item check) check {
	return func(f *faults, at string, v any) {
		items, ok := v.([]any)
		if !ok {
			f.add(at, "must provide an array")
			return
		}
		if len(items) < least {
			f.add(at, "must provide at least %d items", least)
		}
		if len(items) > most {
			f.add(at, "no more than %d items allowed", most)
			return
		}
		for i, v := range items {
			item(f, fmt.Sprintf("%s/%d", at, i), v)
		}
	}
}

// byType chooses the check by the object's type property.
func byType(kinds map[string]check) check {
	return func(f *faults, at string, v any) {
		o, ok := v.(map[string]any)
		if !ok {
			f.add(at, "must provide an object")
			return
		}
		kind, ok := o["type"].(string)
		if !ok {
			f.add(at, "missing required field: type")
			return
		}
		c, ok := kinds[kind]
		if !ok {
			f.add(at+"/type", "unsupported type: %s", kind)
			return
		}
		c(f, at, v)
	}
}

// anything accepts every value.
func anything(*faults, string, any) {}

// oneOf demands exactly one of the named properties, besides what c checks.
func oneOf(c check, names ...string) check {
	return func(f *faults, at string, v any) {
		c(f, at, v)
		o, _ := v.(map[string]any)
		n := 0
		for _, name := range names {
			if _, has := o[name]; has {
				n++
			}
		}
		if n != 1 {
			f.add(at, "must provide exactly one of %v", names)
		}
	}
}
