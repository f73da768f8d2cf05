//go:build !race

package main

import "testing"

// TestLongConversations holds the conversations about thousands of items, those of testdata/long. The race detector makes each item ten
// times as dear and finds in the thousandth what it found in the tenth, so "make test" holds these without it.
func TestLongConversations(t *testing.T) {
	t.Parallel()
	holdConversations(t, "testdata/long")
}
