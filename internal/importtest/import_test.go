package importtest

import (
	"cmp"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// module is the path of the module, as go.mod has it.
const module = "mailback"

// edge is one import: which package imports what, and in which file.
type edge struct {
	from string // folder within the module, such as recovery/graph
	to   string // import path; within the module, the folder
	ours bool   // to is within the module
	test bool   // a _test.go file
	file string
	std  bool // to is part of the standard library
}

// rule says why an import may not be; "" for one that may.
type rule struct {
	name  string
	wrong func(e edge) bool
}

// under says whether a folder or import path is one of roots or below it.
func under(path string, roots ...string) bool {
	return slices.ContainsFunc(roots, func(r string) bool { return path == r || strings.HasPrefix(path, r+"/") })
}

var (
	adapters = []string{"recovery/graph", "recovery/exchange", "recovery/store"}
	fakes    = []string{"internal/slackfake", "internal/m365fake"}
)

func adapter(path string) string {
	for _, a := range adapters {
		if under(path, a) {
			return a
		}
	}
	return ""
}

func rules() []rule {
	return []rule{
		{"recovery imports the standard library only", func(e edge) bool {
			return e.from == "recovery" && !e.test && !e.std
		}},
		{"recovery's tests import nothing of ours but racetest", func(e edge) bool {
			return e.from == "recovery" && e.test && e.ours && e.to != "recovery" && e.to != "internal/racetest"
		}},
		{"bot never imports the domain or the commands", func(e edge) bool {
			return under(e.from, "bot") && e.ours && under(e.to, "recovery", "commands", "cmd")
		}},
		{"commands imports bot and recovery, no adapter", func(e edge) bool {
			return under(e.from, "commands") && e.ours && (adapter(e.to) != "" || under(e.to, "cmd"))
		}},
		{"adapters never import each other", func(e edge) bool {
			return adapter(e.from) != "" && e.ours && adapter(e.to) != "" && adapter(e.from) != adapter(e.to)
		}},
		{"adapters import no bot, commands or cmd", func(e edge) bool {
			return adapter(e.from) != "" && e.ours && under(e.to, "bot", "commands", "cmd")
		}},
		{"recovery/entra, which adapters share, imports of ours the domain alone", func(e edge) bool {
			return under(e.from, "recovery/entra") && e.ours && !e.test && e.to != "recovery"
		}},
		{"the adapters that sign in to Entra, and cmd, which makes their credential, alone import recovery/entra", func(e edge) bool {
			return e.ours && under(e.to, "recovery/entra") && !under(e.from, "recovery/entra", "recovery/graph", "recovery/exchange", "cmd")
		}},
		{"recovery/graph alone imports msgraph-sdk-go", func(e edge) bool {
			return under(e.to, "github.com/microsoftgraph/msgraph-sdk-go", "github.com/microsoftgraph/msgraph-sdk-go-core") && !under(e.from, "recovery/graph")
		}},
		{"bot and commands alone import slack-go", func(e edge) bool {
			tests := e.test && under(e.from, "internal/slackfake", "internal/sandbox", "cmd")
			return under(e.to, "github.com/slack-go/slack") && !under(e.from, "bot", "commands") && !tests
		}},
		{"tests alone import Prometheus' modules, whose protobuf is 2 MB of a binary", func(e edge) bool {
			return under(e.to, "github.com/prometheus") && !e.test
		}},
		{"cmd alone imports internal/sandbox", func(e edge) bool {
			return e.ours && under(e.to, "internal/sandbox") && !under(e.from, "cmd", "internal/sandbox")
		}},
		{"the stand-ins are imported by internal/sandbox and tests alone", func(e edge) bool {
			return e.ours && under(e.to, fakes...) && !e.test && !under(e.from, append([]string{"internal/sandbox"}, fakes...)...)
		}},
		{"the stand-ins do not import what they stand in for", func(e edge) bool {
			return under(e.from, fakes...) && !e.test && e.ours && under(e.to, "bot", "commands", "recovery", "cmd")
		}},
		{"the stand-ins do not import each other", func(e edge) bool {
			return under(e.from, fakes[0]) && e.ours && under(e.to, fakes[1]) || under(e.from, fakes[1]) && e.ours && under(e.to, fakes[0])
		}},
		{"nobody imports cmd", func(e edge) bool {
			return e.ours && under(e.to, "cmd") && !under(e.from, "cmd")
		}},
	}
}

func TestImports(t *testing.T) {
	t.Parallel()
	edges, err := imports(root(t))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(edges, func(e edge) bool { return e.from == "recovery" && e.std }) {
		t.Fatal("the imports of package recovery were not read")
	}
	for _, r := range rules() {
		for _, e := range edges {
			if r.wrong(e) {
				t.Errorf("%s, but %s imports %s", r.name, e.file, e.to)
			}
		}
	}
}

// TestRulesBite shows each rule an import that it forbids and one that it allows.
func TestRulesBite(t *testing.T) {
	t.Parallel()
	const slackGo, sdk = "github.com/slack-go/slack/socketmode", "github.com/microsoftgraph/msgraph-sdk-go/users"
	for _, tt := range []struct {
		file, imports string
		broken        int // rules
	}{
		{"recovery/x.go", "context", 0},
		{"recovery/x.go", "encoding/json/v2", 0},
		{"recovery/x.go", "golang.org/x/sync/errgroup", 1},
		{"recovery/x.go", module + "/recovery/store", 1},
		{"recovery/x_test.go", "github.com/google/go-cmp/cmp", 0},
		{"recovery/x_test.go", module + "/recovery", 0},
		{"recovery/x_test.go", module + "/recovery/store", 1},
		{"bot/x.go", module + "/recovery", 1},
		{"recovery/x_test.go", module + "/internal/racetest", 0},
		{"recovery/x_test.go", module + "/internal/fault", 1},
		{"bot/x_test.go", module + "/recovery", 1},
		{"bot/x.go", slackGo, 0},
		{"commands/x.go", slackGo, 0},
		{"commands/x.go", module + "/recovery", 0},
		{"commands/x.go", module + "/recovery/graph", 1},
		{"recovery/graph/x.go", sdk, 0},
		{"recovery/graph/x.go", module + "/recovery", 0},
		{"recovery/graph/x.go", module + "/recovery/exchange", 1},
		{"recovery/graph/x.go", module + "/recovery/entra", 0},
		{"recovery/exchange/x.go", module + "/recovery/entra", 0},
		{"recovery/store/x.go", module + "/recovery/entra", 1},
		{"commands/x.go", module + "/recovery/entra", 1},
		{"recovery/entra/x.go", module + "/recovery", 0},
		{"recovery/entra/x.go", module + "/recovery/graph", 1},
		{"recovery/store/pgtest/x.go", module + "/recovery/store", 0},
		{"recovery/store/x.go", module + "/bot", 1},
		{"recovery/exchange/x.go", sdk, 1},
		{"internal/m365fake/x_test.go", sdk, 1},
		{"cmd/mailback/x.go", slackGo, 1},
		{"cmd/mailback/x.go", "github.com/prometheus/client_golang/prometheus", 1},
		{"cmd/mailback/x_test.go", "github.com/prometheus/common/expfmt", 0},
		{"internal/slackfake/x.go", slackGo, 1},
		{"internal/slackfake/x_test.go", slackGo, 0},
		{"cmd/mailback/x.go", module + "/internal/sandbox", 0},
		{"commands/x.go", module + "/internal/sandbox", 1},
		{"internal/sandbox/x.go", module + "/internal/slackfake", 0},
		{"bot/x_test.go", module + "/internal/slackfake", 0},
		{"bot/x.go", module + "/internal/slackfake", 1},
		{"cmd/mailback/x.go", module + "/internal/m365fake", 1},
		{"internal/slackfake/x.go", module + "/recovery", 1},
		{"internal/slackfake/x.go", module + "/internal/m365fake", 1},
		{"internal/slackfake/x.go", module + "/internal/fault", 0},
		{"internal/fault/x.go", module + "/cmd/mailback", 1},
	} {
		e := newEdge(tt.file, tt.imports)
		var broken []string
		for _, r := range rules() {
			if r.wrong(e) {
				broken = append(broken, r.name)
			}
		}
		if len(broken) != tt.broken {
			t.Errorf("%s imports %s: breaks %q, want %d rules", tt.file, tt.imports, broken, tt.broken)
		}
	}
}

// root finds the folder of go.mod above the test's.
func root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.HasPrefix(string(mod), "module "+module+"\n") {
			return dir
		}
		if filepath.Dir(dir) == dir {
			t.Fatalf("no go.mod of %s above the test", module)
		}
		dir = filepath.Dir(dir)
	}
}

// imports reads the import clauses of all Go files below dir, but for what the go command ignores as well: folders that
// begin with "." or "_", and testdata.
func imports(dir string) ([]edge, error) {
	var edges []edge
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && path != dir && (strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" || name == "vendor") {
			return filepath.SkipDir
		}
		if d.IsDir() || filepath.Ext(name) != ".go" {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return fmt.Errorf("read the imports: %w", err)
		}
		file, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		for _, spec := range parsed.Imports {
			to, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return fmt.Errorf("%s imports %s: %w", file, spec.Path.Value, err)
			}
			edges = append(edges, newEdge(filepath.ToSlash(file), to))
		}
		return nil
	})
	slices.SortFunc(edges, func(a, b edge) int { return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.to, b.to)) })
	return edges, err
}

func newEdge(file, to string) edge {
	e := edge{file: file, to: to, from: filepath.ToSlash(filepath.Dir(file)), test: strings.HasSuffix(file, "_test.go")}
	first, _, _ := strings.Cut(to, "/")
	switch rest, found := strings.CutPrefix(to, module+"/"); {
	case found:
		e.to, e.ours = rest, true
	case to != module && !strings.Contains(first, "."): // the go command's own rule for the standard library
		e.std = true
	}
	return e
}
