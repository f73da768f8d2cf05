package commands

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"strings"

	"mailback/recovery"
)

// itemsMeta is what the form of items carries from page to page, in the view's private_metadata. It names items by their numbers
// on the request's list; what they say is nowhere in it. It proves nothing: who may see and choose is read anew each time.
type itemsMeta struct {
	Request int64  `json:"r"`
	Listing string `json:"l,omitempty"` // the list that the numbers are of
	Page    int    `json:"p,omitempty"` // from 0
	Shown   string `json:"s,omitempty"` // packed: those that matched; empty for all
	Ticked  string `json:"t,omitempty"` // packed
	Here    []int  `json:"h,omitempty"` // those on this page
	Channel string `json:"c,omitempty"` // of the card whose button opened the form
	TS      string `json:"m,omitempty"`
}

// maxMetadata is what Slack takes (docs.slack.dev/reference/views/modal-views).
const maxMetadata = 3000

// write gives the metadata as a text; false where it is too long for Slack.
func (m itemsMeta) write() (string, bool) {
	b, err := json.Marshal(m)
	return string(b), err == nil && len(b) <= maxMetadata
}

func readItemsMeta(text string) (itemsMeta, bool) {
	var m itemsMeta
	err := json.Unmarshal([]byte(text), &m)
	return m, err == nil && m.Request > 0 && m.Page >= 0
}

// pack writes numbers as short as it can: as one bit for each, behind "b", or as the steps between them, behind "d".
func pack(t recovery.Ticks) string {
	var steps []byte
	last := 0
	for _, n := range t.Numbers() {
		steps = binary.AppendUvarint(steps, uint64(n-last)) //nolint:gosec // numbers ascend
		last = n
	}
	if bits := t.String(); len(bits) < base64.RawURLEncoding.EncodedLen(len(steps)) {
		return "b" + bits
	}
	return "d" + base64.RawURLEncoding.EncodeToString(steps)
}

// maxNumber is more than any list has.
const maxNumber = 1_000_000

// unpack reads what pack wrote; nothing where it is none of that.
func unpack(s string) recovery.Ticks {
	if bits, ok := strings.CutPrefix(s, "b"); ok {
		t, _ := recovery.ParseTicks(bits)
		return t
	}
	steps, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(s, "d"))
	if err != nil {
		return nil
	}
	var numbers []int
	for last := 0; len(steps) > 0; {
		step, size := binary.Uvarint(steps)
		if size <= 0 || step > maxNumber || last+int(step) > maxNumber {
			return nil
		}
		last += int(step)
		numbers, steps = append(numbers, last), steps[size:]
	}
	return recovery.TicksOf(numbers...)
}
