package recovery

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestStateDiagram compares the diagram of docs/architecture.md, and the sentence below it about what can be cancelled, with the state table.
func TestStateDiagram(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	drawn := map[[2]State]bool{}
	for _, m := range regexp.MustCompile(`(?m)^    (\S+) --> (\w+)`).FindAllStringSubmatch(string(text), -1) {
		drawn[[2]State{State(strings.Trim(m[1], "[*]")), State(m[2])}] = true
	}
	sentence := regexp.MustCompile("(?m)^(.*) can also become `cancelled`").FindStringSubmatch(string(text))
	if sentence == nil {
		t.Fatal("nothing is said of what can be cancelled")
	}
	for _, m := range regexp.MustCompile("`(\\w+)`").FindAllStringSubmatch(sentence[1], -1) {
		drawn[[2]State{State(m[1]), Cancelled}] = true
	}
	for _, from := range allStates {
		for _, to := range allStates {
			if may := from != to && from.CanBecome(to); may != drawn[[2]State{from, to}] {
				t.Errorf("%q to %q: drawn %v, in the table %v", from, to, drawn[[2]State{from, to}], may)
			}
			delete(drawn, [2]State{from, to})
		}
	}
	if len(drawn) > 0 {
		t.Errorf("drawn of states that are not there: %v", drawn)
	}
}
