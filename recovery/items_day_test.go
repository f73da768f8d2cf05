package recovery

import (
	"testing"
	"time"
)

// TestDaysBegin has the days on which clocks are changed at or around midnight.
func TestDaysBegin(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ zone, day, want string }{
		{"Europe/Riga", "2026-03-29", "2026-03-28T22:00:00Z"},         // set forward at 3
		{"Europe/Riga", "2026-03-30", "2026-03-29T21:00:00Z"},         // the day after
		{"Europe/Riga", "2026-10-25", "2026-10-24T21:00:00Z"},         // set back at 4
		{"Europe/Riga", "2026-10-26", "2026-10-25T22:00:00Z"},         // the day after
		{"Africa/Cairo", "2026-04-24", "2026-04-23T22:00:00Z"},        // begins at 1: midnight is left out
		{"Africa/Cairo", "2026-10-30", "2026-10-29T22:00:00Z"},        // set back at midnight, over the hour before it
		{"America/Havana", "2026-03-08", "2026-03-08T05:00:00Z"},      // begins at 1
		{"America/Havana", "2026-11-01", "2026-11-01T04:00:00Z"},      // has midnight twice
		{"Australia/Lord_Howe", "2026-10-04", "2026-10-03T13:30:00Z"}, // half an hour
		{"America/New_York", "2026-11-01", "2026-11-01T04:00:00Z"},    // set back at 2
		{"Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"},        // never was: the next begins instead
		{"Pacific/Kiritimati", "2026-11-22", "2026-11-21T10:00:00Z"},  // 14 hours ahead
		{"Pacific/Pago_Pago", "2026-11-22", "2026-11-22T11:00:00Z"},   // 11 behind
		{"UTC", "2026-11-22", "2026-11-22T00:00:00Z"},                 //
		{"", "2026-11-22", "2026-11-22T00:00:00Z"},                    // not known
		{"Local", "2026-11-22", "2026-11-22T00:00:00Z"},               // this machine's is nobody's
		{"../../etc/passwd", "2026-11-22", "2026-11-22T00:00:00Z"},    // no zone
		{"Mars/Olympus_Mons", "2026-11-22", "2026-11-22T00:00:00Z"},   // no zone
	} {
		got := dayStart(tt.day, time.Time{}, zoneOf(Person{TimeZone: tt.zone}))
		if got.Format(time.RFC3339) != tt.want {
			t.Errorf("%s in %q begins %s, want %s", tt.day, tt.zone, got.Format(time.RFC3339), tt.want)
		}
	}
}

// TestDaysFollowEachOther counts back over a change of the clocks.
func TestDaysFollowEachOther(t *testing.T) {
	t.Parallel()
	zone := zoneOf(Person{TimeZone: "Africa/Cairo"})
	said := time.Date(2026, 4, 25, 22, 30, 0, 0, time.UTC) // 26 April, half past one in the morning
	for word, want := range map[string]string{
		"today": "2026-04-25T21:00:00Z", "0d": "2026-04-25T21:00:00Z", "yesterday": "2026-04-24T21:00:00Z", "1d": "2026-04-24T21:00:00Z",
		"2d": "2026-04-23T22:00:00Z", "3d": "2026-04-22T22:00:00Z",
	} {
		if got := dayStart(word, said, zone); got.Format(time.RFC3339) != want {
			t.Errorf("%s begins %s, want %s", word, got.Format(time.RFC3339), want)
		}
	}
}
