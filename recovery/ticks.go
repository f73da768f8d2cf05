package recovery

import (
	"encoding/base64"
	"math/bits"
	"slices"
)

// Ticks are the numbers of a list, from 1 on, that somebody ticked: one bit each. As a text, 10,000 of them take 1,700 characters.
type Ticks []byte

// TicksOf ticks these numbers; what is below 1 is left out.
func TicksOf(numbers ...int) Ticks {
	var t Ticks
	for _, n := range numbers {
		t = t.Set(n, true)
	}
	return t
}

// Has says whether a number is ticked.
func (t Ticks) Has(n int) bool {
	i := n - 1
	return i >= 0 && i/8 < len(t) && t[i/8]&(1<<(i%8)) != 0
}

// Set ticks a number, or takes its tick away; the result is a new value.
func (t Ticks) Set(n int, on bool) Ticks {
	i := n - 1
	if i < 0 {
		return t
	}
	t = slices.Clone(t)
	for len(t) <= i/8 {
		t = append(t, 0)
	}
	t[i/8] &^= 1 << (i % 8)
	if on {
		t[i/8] |= 1 << (i % 8)
	}
	for len(t) > 0 && t[len(t)-1] == 0 { // one text for one set
		t = t[:len(t)-1]
	}
	return t
}

// Count tells how many are ticked.
func (t Ticks) Count() int {
	n := 0
	for _, b := range t {
		n += bits.OnesCount8(b)
	}
	return n
}

// Numbers lists what is ticked, in order.
func (t Ticks) Numbers() []int {
	list := make([]int, 0, t.Count())
	for n := 1; n <= 8*len(t); n++ {
		if t.Has(n) {
			list = append(list, n)
		}
	}
	return list
}

// String gives the ticks as a text without blanks, which ParseTicks reads.
func (t Ticks) String() string { return base64.RawURLEncoding.EncodeToString(t) }

// ParseTicks reads what String wrote.
func ParseTicks(s string) (Ticks, bool) {
	t, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return t, err == nil && (len(t) == 0 || t[len(t)-1] != 0)
}
