package recovery

import (
	"strconv"
	"strings"
	"time"
)

// maxDaysAgo is how far back 7d and its like reach: longer than Exchange keeps anything deleted.
const maxDaysAgo = 3650

// DayWord checks the form of a day as people type it, and gives its canonical form: 2026-11-22, today, yesterday, or 7d for
// seven days ago.
func DayWord(word string) (canonical string, ok bool) {
	word = strings.ToLower(word)
	if word == "today" || word == "yesterday" {
		return word, true
	}
	if day, err := time.Parse(time.DateOnly, word); err == nil {
		return word, day.Year() >= 1990
	}
	n, ok := daysAgo(word)
	return strconv.Itoa(n) + "d", ok
}

// daysAgo reads 7d.
func daysAgo(word string) (int, bool) {
	number, ok := strings.CutSuffix(word, "d")
	n, err := strconv.ParseUint(number, 10, 16)
	return int(n), ok && err == nil && n <= maxDaysAgo
}

// dayStart gives the first moment of the day that a word means, for somebody in zone who said it at said. The zero time stands for
// no word.
func dayStart(word string, said time.Time, zone *time.Location) time.Time {
	if word == "" {
		return time.Time{}
	}
	if day, err := time.Parse(time.DateOnly, word); err == nil {
		return firstOf(day, zone)
	}
	back := 0
	if word == "yesterday" {
		back = 1
	} else if n, ok := daysAgo(word); ok {
		back = n
	}
	y, m, d := said.In(zone).Date()
	return firstOf(time.Date(y, m, d-back, 0, 0, 0, 0, time.UTC), zone)
}

// firstOf gives the first moment in zone of a day, which is given by its midnight in UTC: mostly midnight, the first of two where
// clocks are set back over it, and the hour that they are set to where they leave it out.
func firstOf(day time.Time, zone *time.Location) time.Time {
	for at := day.AddDate(0, 0, -2).In(zone); ; {
		_, end := at.ZoneBounds()
		_, offset := at.Zone()
		first := day.Add(-time.Duration(offset) * time.Second)
		if first.Before(at) { // the clocks were set forward over it
			first = at.UTC()
		}
		if end.IsZero() || first.Before(end) {
			return first
		}
		at = end.In(zone)
	}
}

// zoneOf gives a person's time zone by its name in the IANA database; UTC where that is not known.
func zoneOf(p Person) *time.Location {
	if p.TimeZone == "Local" { // time.LoadLocation would take it for this machine's
		return time.UTC
	}
	zone, err := time.LoadLocation(p.TimeZone)
	if err != nil {
		return time.UTC
	}
	return zone
}
