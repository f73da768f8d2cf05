package commands

import (
	"strings"
	"unicode/utf8"
)

// Nearest gives the known word, all of which are in small letters, that a typed one in any was probably meant to be, or "" when none is close.
func Nearest(typed string, known []string) string {
	typed = strings.ToLower(typed)
	if utf8.RuneCountInString(typed) > 40 {
		return ""
	}
	best, least := "", 3
	for _, k := range known {
		if d := distance([]rune(typed), []rune(k)); d < least && 2*d < utf8.RuneCountInString(k) {
			best, least = k, d
		}
	}
	return best
}

// distance counts the letters to insert, delete, change or swap with their neighbour to get from a to b.
func distance(a, b []rune) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range a {
		row[0] = i + 1
		for j := range b {
			change := 1
			if a[i] == b[j] {
				change = 0
			}
			row[j+1] = min(last[j]+change, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
