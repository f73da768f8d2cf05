package importtest

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// page reads a file of the project.
func page(t *testing.T, elements ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{root(t)}, elements...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// ticked are the words of a text that stand in backticks.
func ticked(text string) (words []string) {
	for _, m := range regexp.MustCompile("`([^`\n]+)`").FindAllStringSubmatch(text, -1) {
		words = append(words, m[1])
	}
	return words
}

// TestMapOfTheCode holds docs/architecture.md to the code: it has each folder with Go files, no other, and names no file that is not there.
func TestMapOfTheCode(t *testing.T) {
	t.Parallel()
	text := page(t, "docs", "architecture.md")
	_, parts, _ := strings.Cut(text, "## Parts\n\n```\n")
	parts, _, _ = strings.Cut(parts, "```")
	edges, err := imports(root(t))
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for _, e := range edges {
		want = append(want, e.from+"/")
	}
	for line := range strings.Lines(parts) {
		got = append(got, strings.Fields(line)[0])
	}
	slices.Sort(want)
	slices.Sort(got)
	if want = slices.Compact(want); !slices.Equal(got, want) {
		t.Errorf("docs/architecture.md has the folders\n%q, and there are\n%q", got, want)
	}
	for _, file := range ticked(text) {
		if !strings.Contains(file, "/") || strings.HasPrefix(file, "/") || strings.ContainsAny(file, " >") {
			continue
		}
		if _, err := os.Stat(filepath.Join(root(t), file)); err != nil {
			t.Errorf("docs/architecture.md names %s: %v", file, err)
		}
	}
}

// TestTablesAreNamed holds docs/architecture.md to the migrations.
func TestTablesAreNamed(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(root(t), "recovery", "store", "migrations", "*", "*.sql"))
	if err != nil || len(files) == 0 {
		t.Fatal("no migrations", err)
	}
	words := ticked(page(t, "docs", "architecture.md"))
	made := regexp.MustCompile(`CREATE (?:UNLOGGED )?TABLE (\w+)`)
	for _, f := range files {
		sql, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range made.FindAllStringSubmatch(string(sql), -1) {
			if name := strings.TrimSuffix(m[1], "_new"); !slices.Contains(words, name) {
				t.Errorf("docs/architecture.md does not have the table %s of %s", name, filepath.Base(f))
			}
		}
	}
}

// TestDependenciesHaveReasons compares docs/decisions/0003-dependencies.md with what the program and the tests of deploy require. A module
// stands there by its path, or by the end of it behind another of the same owner.
func TestDependenciesHaveReasons(t *testing.T) {
	t.Parallel()
	program, deploy, _ := strings.Cut(page(t, "docs", "decisions", "0003-dependencies.md"), "`deploy/go.mod`")
	for file, text := range map[string]string{"go.mod": program, "deploy/go.mod": deploy} {
		var named []string
		for line := range strings.Lines(text) {
			if first, _, found := strings.Cut(strings.TrimPrefix(line, "| "), " | "); found {
				named = append(named, ticked(first)...)
			}
		}
		required := regexp.MustCompile(`(?m)^\t(\S+) v\S+$`).FindAllStringSubmatch(page(t, filepath.FromSlash(file)), -1)
		if len(required) == 0 {
			t.Errorf("%s requires nothing", file)
		}
		for _, m := range required {
			if !slices.ContainsFunc(named, func(n string) bool { return m[1] == n || strings.HasSuffix(m[1], "/"+n) }) {
				t.Errorf("%s requires %s, and nothing says why", file, m[1])
			}
		}
		for _, n := range named {
			if strings.Contains(n, ".") && !slices.ContainsFunc(required, func(m []string) bool { return m[1] == n }) {
				t.Errorf("%s does not require %s, of which the page says why", file, n)
			}
		}
	}
}

// TestDecisionsAreListed compares the list of decisions with their files and titles.
func TestDecisionsAreListed(t *testing.T) {
	t.Parallel()
	list := page(t, "docs", "decisions", "README.md")
	files, err := filepath.Glob(filepath.Join(root(t), "docs", "decisions", "0*.md"))
	if err != nil || len(files) == 0 {
		t.Fatal("no decisions", err)
	}
	for _, f := range files {
		name := filepath.Base(f)
		title, _, _ := strings.Cut(strings.TrimPrefix(page(t, "docs", "decisions", name), "# "), "\n")
		if line := "- [" + name[:4] + "](" + name + ") " + title + "\n"; !strings.Contains(list, line) {
			t.Errorf("docs/decisions/README.md does not have\n%s", line)
		}
	}
}
