package deploy

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

// read gives a file of this checkout.
func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// strictYAML reads YAML as Kubernetes' API server does: a field that the type does not have, also by a letter's case, or that stands there
// twice, is an error.
func strictYAML(text string, into any) error {
	asJSON, err := yaml.YAMLToJSONStrict([]byte(text))
	if err != nil {
		return err
	}
	odd, err := json.UnmarshalStrict(asJSON, into)
	return errors.Join(append(odd, err)...)
}

// setting is an environment variable of the program, as its struct of settings declares it.
type setting struct {
	secret bool // may be given as the path of a file, in NAME_FILE
	value  string
}

// settings are those of cmd/mailback, by name.
func settings(t *testing.T) map[string]setting {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "../cmd/mailback/settings.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]setting{}
	ast.Inspect(f, func(n ast.Node) bool {
		field, ok := n.(*ast.Field)
		if !ok || field.Tag == nil {
			return true
		}
		text, err := strconv.Unquote(field.Tag.Value)
		if err != nil {
			t.Fatal(err)
		}
		tag := reflect.StructTag(text)
		all[tag.Get("envconfig")] = setting{secret: tag.Get("secret") == "true", value: tag.Get("default")}
		return true
	})
	if len(all) < 30 || !all["SLACK_BOT_TOKEN"].secret || all["MAILBACK_STOP_TIMEOUT"].value == "" {
		t.Fatalf("the settings of cmd/mailback were not read: %v", all)
	}
	return all
}

// stopTimeout is how long the program takes to stop, at most, unless it is told otherwise.
func stopTimeout(t *testing.T) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(settings(t)["MAILBACK_STOP_TIMEOUT"].value)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// checkVariables tells of each variable that the program does not read, and of each secret that stands there in the open.
func checkVariables(t *testing.T, where string, vars map[string]string) {
	t.Helper()
	all := settings(t)
	for name, value := range vars {
		s, ok := all[name]
		if ok {
			if s.secret {
				t.Errorf("%s: the secret %s is no file", where, name)
			}
			continue
		}
		of, isFile := strings.CutSuffix(name, "_FILE")
		if !isFile || !all[of].secret {
			t.Errorf("%s: %s is no setting", where, name)
		} else if !filepath.IsAbs(value) && !strings.HasPrefix(value, "%d/") {
			t.Errorf("%s: %s=%s is no path", where, name, value)
		}
	}
}

// literals are the strings in the Go files of a folder, tests left out, that take accepts.
func literals(t *testing.T, dir string, take func(string) bool) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			if s, err := strconv.Unquote(lit.Value); err == nil && take(s) {
				found = append(found, s)
			}
			return true
		})
	}
	return sorted(found)
}

// sorted gives each string once, in order.
func sorted(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

var inBackticks = regexp.MustCompile("`([^`]+)`")

// row is a line of a table: what its first cell names, and that cell as it stands there.
type row struct {
	names []string
	cell  string
}

// table reads the table of docs/install.md of which the first column is headed so.
func table(t *testing.T, heading string) []row {
	t.Helper()
	_, rest, ok := strings.Cut(read(t, "../docs/install.md"), "\n| "+heading+" | ")
	if !ok {
		t.Fatalf("docs/install.md has no table of %s", heading)
	}
	var rows []row
	for i, line := range strings.Split(rest, "\n") {
		if i < 2 {
			continue // the heading's rest, and the line below it
		}
		cells := strings.Split(line, "|")
		if len(cells) < 3 {
			break
		}
		r := row{cell: cells[1]}
		for _, m := range inBackticks.FindAllStringSubmatch(cells[1], -1) {
			r.names = append(r.names, m[1])
		}
		rows = append(rows, r)
	}
	if len(rows) < 4 {
		t.Fatalf("docs/install.md: the table of %s has %d rows", heading, len(rows))
	}
	return rows
}

// named are the names of all rows that pick accepts.
func named(rows []row, pick func(row) bool) []string {
	var names []string
	for _, r := range rows {
		if pick(r) {
			names = append(names, r.names...)
		}
	}
	return sorted(names)
}

func anyRow(row) bool        { return true }
func optionalRow(r row) bool { return strings.Contains(r.cell, "(optional)") }
func neededRow(r row) bool   { return !optionalRow(r) }
