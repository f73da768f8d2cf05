package main

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The pages of docs/ are tested by their readers' way: their blocks are run as they stand, in their order.

// pageBlock is a fenced block of a page.
type pageBlock struct {
	kind string // sh is run; console is what cannot be run here
	text string
}

// first is the block's first line, by which tests name it.
func (b pageBlock) first() string {
	line, _, _ := strings.Cut(b.text, "\n")
	return line
}

// pageBlocks are all fenced blocks of a page that are commands.
func pageBlocks(t *testing.T, page string) (blocks []pageBlock) {
	t.Helper()
	text, err := os.ReadFile("../../docs/" + page)
	if err != nil {
		t.Fatal(err)
	}
	open := false
	for line := range strings.Lines(string(text)) {
		kind, fence := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case fence && !open:
			blocks = append(blocks, pageBlock{kind: kind})
		case !fence && open:
			blocks[len(blocks)-1].text += line
		}
		open = open != fence
	}
	if open {
		t.Fatalf("a block of %s does not end", page)
	}
	return blocks
}

// leaveOut takes the blocks out that are not run, and holds that each of them is known, by its first line, with the reason.
func leaveOut(t *testing.T, blocks []pageBlock, reasons map[string]string) (run []pageBlock) {
	t.Helper()
	var left []string
	for _, b := range blocks {
		switch {
		case b.kind == "sh":
			run = append(run, b)
		case b.kind == "console" && reasons[b.first()] != "":
			left = append(left, b.first())
		default:
			t.Errorf("a block marked %q is neither run nor has a reason why not:\n%s", b.kind, b.text)
		}
	}
	for first := range reasons {
		if !slices.Contains(left, first) {
			t.Errorf("the page has no block any more that begins with %q", first)
		}
	}
	return run
}

// shell is where a reader types.
type shell struct {
	dir string
	env []string
}

// run runs a block, as bash does that stops at the first error, and gives what it printed.
func (s shell) run(t *testing.T, block string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", block)
	cmd.Dir, cmd.Env = s.dir, s.env
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s\nsaid\n%s", err, block, out)
	}
	return string(out)
}
