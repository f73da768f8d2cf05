package exchange

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"mailback/recovery"
)

// null is how JSON writes what a property does not have.
const null = "null"

// size is a number of bytes: "99 GB (106,300,440,576 bytes)", or a number (rknightion/graph2otel docs/graph-api-gotchas.md).
type size int64

// UnmarshalJSON reads a size.
func (s *size) UnmarshalJSON(raw []byte) error {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return json.Unmarshal(raw, (*int64)(s))
	}
	_, rest, ok := strings.Cut(text, "(")
	digits, unit, _ := strings.Cut(rest, " ")
	digits = strings.Map(func(r rune) rune {
		if strings.ContainsRune(",.'\u00a0\u202f", r) {
			return -1
		}
		return r
	}, digits)
	n, err := strconv.ParseInt(digits, 10, 64)
	if !ok || !strings.HasPrefix(unit, "bytes") || err != nil || n < 0 {
		return errors.New("a size that cannot be read")
	}
	*s = size(n)
	return nil
}

// quota is how many bytes a mailbox may hold: a size, or "Unlimited". It is 0 where Exchange does not say.
type quota int64

// UnmarshalJSON reads a quota.
func (q *quota) UnmarshalJSON(raw []byte) error {
	switch text := strings.Trim(string(raw), `"`); {
	case text == null || text == "":
		return nil
	case strings.EqualFold(text, "Unlimited"):
		*q = recovery.Unlimited
		return nil
	default:
		return (*size)(q).UnmarshalJSON(raw)
	}
}

// span is a time span, [d.]hh:mm:ss.
type span time.Duration

// UnmarshalJSON reads a span.
func (s *span) UnmarshalJSON(raw []byte) error {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil || text == "" {
		return err
	}
	days, clock, ok := strings.Cut(text, ".")
	if !ok || strings.Contains(days, ":") {
		days, clock = "0", text
	}
	n, err := strconv.Atoi(days)
	t, wrong := time.Parse("15:04:05", clock)
	if err != nil || wrong != nil || n < 0 {
		return errors.New("a time span that cannot be read")
	}
	hours, minutes, seconds := t.Clock()
	*s = span(time.Duration(n*24+hours)*time.Hour + time.Duration(minutes)*time.Minute + time.Duration(seconds)*time.Second)
	return nil
}

// count is a whole number, also as text.
type count int

// UnmarshalJSON reads a count.
func (c *count) UnmarshalJSON(raw []byte) error {
	text := strings.Trim(string(raw), `"`)
	if text == null || text == "" {
		return nil
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || n < 0 || n > 1<<40 {
		return errors.New("a count that cannot be read")
	}
	*c = count(n)
	return nil
}

// flag is a truth value, also as text.
type flag bool

// UnmarshalJSON reads a flag.
func (f *flag) UnmarshalJSON(raw []byte) error {
	text := strings.Trim(string(raw), `"`)
	if text == null || text == "" {
		return nil
	}
	on, err := strconv.ParseBool(text)
	if err != nil {
		return errors.New("a truth value that cannot be read")
	}
	*f = flag(on)
	return nil
}

// texts are several words: a list, or one text with commas between them.
type texts []string

// UnmarshalJSON reads texts.
func (t *texts) UnmarshalJSON(raw []byte) error {
	var one string
	if err := json.Unmarshal(raw, &one); err != nil {
		return json.Unmarshal(raw, (*[]string)(t))
	}
	for word := range strings.SplitSeq(strings.Trim(one, "{}"), ",") {
		if word = strings.TrimSpace(word); word != "" {
			*t = append(*t, word)
		}
	}
	return nil
}

// moment is one of Exchange's dates.
type moment time.Time

// UnmarshalJSON reads a moment.
func (m *moment) UnmarshalJSON(raw []byte) error {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return err
	}
	at, err := parseTime(text)
	*m = moment(at)
	return err
}

// lenient is a value that is shown where it is known: the zero value where it is missing or cannot be read.
type lenient[T any] struct{ value T }

// UnmarshalJSON never fails.
func (l *lenient[T]) UnmarshalJSON(raw []byte) error {
	var v T
	if json.Unmarshal(raw, &v) == nil {
		l.value = v
	}
	return nil
}

// parseTime reads Exchange's dates: ISO 8601, or the invariant culture's, both UTC where they name no zone.
func parseTime(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "01/02/2006 15:04:05", "1/2/2006 3:04:05 PM"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("a date that cannot be read: %q", oneLine(text))
}

// decode reads rows of one kind. Errors quote nothing of them.
func decode[T any](cmdlet string, rows []json.RawMessage) ([]T, error) {
	all := make([]T, len(rows))
	for i, raw := range rows {
		if err := json.Unmarshal(raw, &all[i]); err != nil {
			return nil, incomplete(cmdlet, errors.New("a row that cannot be read"))
		}
	}
	return all, nil
}
