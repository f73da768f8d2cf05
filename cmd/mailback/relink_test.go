package main

import (
	"errors"
	"testing"

	"mailback/recovery"
)

// TestAFailedRelinkSaysWhatItLeft: "nothing was changed" is said only where it is sure.
func TestAFailedRelinkSaysWhatItLeft(t *testing.T) {
	t.Parallel()
	who := recovery.Actor{TeamID: "T1", UserID: "U1LEE"}
	for want, l := range map[string]recovery.Relinked{
		"nothing was changed: the disk is full": {Actor: who, Was: "object-1"},
		"whether the change was kept is not known: the disk is full. Run it again: it says by which account U1LEE is known": {Actor: who, Was: "object-1", Is: "object-2"},
	} {
		if got := unrelinked(l, errors.New("the disk is full")).Error(); got != want {
			t.Errorf("%+v: %q, want %q", l, got, want)
		}
	}
}
