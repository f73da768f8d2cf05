package importtest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestThreatsAreTested holds docs/security.md to its word: each threat names its tests, and each of them exists.
func TestThreatsAreTested(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	text, err := os.ReadFile(filepath.Join(root, "docs", "security.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "| threat |")
	table, _, _ = strings.Cut(table, "\n\n")
	rows := strings.Split(table, "\n")[2:]
	named := regexp.MustCompile("`([a-z0-9]+)\\.([A-Za-z_0-9]+)`")
	for _, row := range rows {
		cells := strings.Split(strings.Trim(row, "| "), " | ")
		if len(cells) != 3 {
			t.Errorf("not three cells: %s", row)
			continue
		}
		tests := named.FindAllStringSubmatch(cells[2], -1)
		if len(tests) == 0 {
			t.Errorf("%q has no test", cells[0])
		}
		for _, name := range tests {
			if !exists(t, root, name[1], name[2]) {
				t.Errorf("%q names %s, which is not there", cells[0], name[0])
			}
		}
	}
	if len(rows) < 20 {
		t.Errorf("only %d threats were found", len(rows))
	}
}

// exists says whether a package has a test, or a folder of conversations a script.
func exists(t *testing.T, root, pkg, name string) bool {
	t.Helper()
	if pkg == "script" {
		_, err := os.Stat(filepath.Join(root, "cmd", "mailback", "testdata", "script", name+".txtar"))
		return err == nil
	}
	var files []string
	for _, dir := range []string{pkg, "recovery/" + pkg, "internal/" + pkg, "cmd/" + pkg} {
		found, err := filepath.Glob(filepath.Join(root, dir, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "\nfunc "+name+"(t *testing.T)") {
			return true
		}
	}
	return false
}
