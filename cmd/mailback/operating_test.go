package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestEachErrorInTheLogIsExplained: docs/operating.md says of each message at level ERROR what it means and what to do.
func TestEachErrorInTheLogIsExplained(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, dir := range []string{"../../bot", "../../commands", "../../recovery", "."} {
		err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			for _, message := range errorMessages(t, path) {
				found++
				if !strings.Contains(string(page), "`"+message+"`") {
					t.Errorf("%s logs %q, which docs/operating.md does not explain", path, message)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if found < 20 {
		t.Errorf("only %d messages found: they are no longer logged as this test thinks", found)
	}
}

// errorMessages gives the messages that a file logs at level ERROR.
func errorMessages(t *testing.T, path string) (messages []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		logger, ok := call.Fun.(*ast.SelectorExpr)
		at := map[bool]int{true: 1, false: 0}[ok && logger.Sel.Name == "ErrorContext"]
		if !ok || logger.Sel.Name != "Error" && logger.Sel.Name != "ErrorContext" || len(call.Args) <= at {
			return true
		}
		if message, ok := call.Args[at].(*ast.BasicLit); ok && message.Kind == token.STRING {
			if text, err := strconv.Unquote(message.Value); err == nil {
				messages = append(messages, text)
			}
		} else {
			t.Errorf("%s logs an error whose message is not written out", path)
		}
		return true
	})
	return messages
}
