// Package racetest lets tests of many cases leave the race detector's run: it makes each case ten times as dear, most of all with
// SQLite, and finds in the hundredth what it found in the tenth. "make test" runs their packages a second time, without it.
package racetest

import "testing"

// Leave skips a test where the race detector is on.
func Leave(t testing.TB) {
	t.Helper()
	if On {
		t.Skip("too many cases for the race detector; make test runs it without")
	}
}
