package sandbox

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestRolesAreThoseOfTheInstallPage(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../../docs/install.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(b), "| app role | what for |")
	table, _, _ = strings.Cut(table, "\n\n")
	want := []string{"Exchange.ManageAsApp"}
	for _, cell := range regexp.MustCompile(`(?m)^\| ([^|]*) \|`).FindAllStringSubmatch(table, -1) {
		for _, name := range regexp.MustCompile("`([A-Za-z.]+)`").FindAllStringSubmatch(cell[1], -1) {
			want = append(want, name[1])
		}
	}
	got := append(roles(), "Mail.ReadWrite") // which is for a Mailback that does not ask Exchange
	slices.Sort(want)
	slices.Sort(got)
	if len(want) < 5 || !slices.Equal(want, got) {
		t.Errorf("the sandbox's app has the roles %q, docs/install.md names %q", got, want)
	}
}
