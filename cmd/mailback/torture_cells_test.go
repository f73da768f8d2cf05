package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"
)

// cell is one thing to try: something breaks at one place of a conversation.
type cell struct {
	name        string
	row, column string                      // where it counts in the table
	try         func(*testing.T) (met bool) // met says whether the conversation came to the place
}

// sideBySide is how many cells are tried at a time: each of them waits most of the time.
const sideBySide = 4

// enough is when the long form stops: MAILBACK_TORTURE_FOR, halved because there are two parts. Zero is never.
func enough(t *testing.T) time.Time {
	t.Helper()
	text := os.Getenv("MAILBACK_TORTURE_FOR")
	if text == "" {
		return time.Time{}
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("MAILBACK_TORTURE_FOR is a duration such as 1h: %v", err)
	}
	return time.Now().Add(d / 2)
}

// tryAll tries the cells in a random order, until all were tried or the time is over, and prints what it tried.
func tryAll(t *testing.T, title string, cells []cell) {
	t.Helper()
	end := enough(t)
	rand.Shuffle(len(cells), func(i, j int) { cells[i], cells[j] = cells[j], cells[i] })
	next, tally := make(chan cell), &table{title: title, of: len(cells)}
	var workers sync.WaitGroup
	for range sideBySide {
		workers.Go(func() {
			for c := range next {
				ran, met := false, false // -run may leave it out
				passed := t.Run(c.name, func(t *testing.T) {
					ran = true
					met = c.try(t)
				})
				if ran {
					tally.count(c, met, passed)
				}
			}
		})
	}
	for _, c := range cells {
		if !end.IsZero() && time.Now().After(end) {
			break
		}
		next <- c
	}
	close(next)
	workers.Wait()
	tally.print(t)
}

// table counts what was tried.
type table struct {
	title string
	of    int // how many there were to try

	mu    sync.Mutex
	cells map[[2]string]*outcome
}

// outcome is what became of the cells of one row and column.
type outcome struct{ tried, met, passed int }

func (o outcome) String() string {
	if o.tried == 0 {
		return "-"
	}
	text := fmt.Sprintf("%d/%d", o.passed, o.tried)
	if o.met < o.tried {
		text += fmt.Sprintf(" (%d met)", o.met)
	}
	return text
}

func (b *table) count(c cell, met, passed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.cells == nil {
		b.cells = map[[2]string]*outcome{}
	}
	for _, at := range [][2]string{{c.row, c.column}, {"all", c.column}, {c.row, "all"}, {"all", "all"}} {
		o := b.cells[at]
		if o == nil {
			o = &outcome{}
			b.cells[at] = o
		}
		o.tried++
		if met {
			o.met++
		}
		if passed {
			o.passed++
		}
	}
}

// String is the table: passed of tried in each cell, and how many of those met the place where that is not all.
func (b *table) String() string {
	var rows, columns []string
	for at := range b.cells {
		rows, columns = append(rows, at[0]), append(columns, at[1])
	}
	rows, columns = headings(rows), headings(columns)
	var text strings.Builder
	total := b.cells[[2]string{"all", "all"}]
	if total == nil {
		total = &outcome{}
	}
	fmt.Fprintf(&text, "%s: %d of %d places tried, %d met, %d passed (each cell: passed/tried)\n", b.title, total.tried, b.of, total.met, total.passed)
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "\t%s\n", strings.Join(columns, "\t"))
	for _, row := range rows {
		line := []string{row}
		for _, column := range columns {
			o := b.cells[[2]string{row, column}]
			if o == nil {
				o = &outcome{}
			}
			line = append(line, o.String())
		}
		fmt.Fprintln(w, strings.Join(line, "\t"))
	}
	_ = w.Flush() // into memory
	return text.String()
}

// headings are the names in order, each once, with the sum at the end.
func headings(names []string) []string {
	slices.Sort(names)
	names = slices.DeleteFunc(slices.Compact(names), func(name string) bool { return name == "all" })
	return append(names, "all")
}

// print logs the table, and adds it to the file MAILBACK_TORTURE_TABLE.
func (b *table) print(t *testing.T) {
	t.Helper()
	t.Logf("\n%s", b)
	file := os.Getenv("MAILBACK_TORTURE_TABLE")
	if file == "" {
		return
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = fmt.Fprintf(f, "%s\n", b)
		_ = f.Close()
	}
	if err != nil {
		t.Error(err)
	}
}

// spread gives n of a list, from all over it; which ones differs from run to run.
func spread[T any](all []T, n int) []T {
	var list []T
	for i := range n {
		from, to := i*len(all)/n, (i+1)*len(all)/n
		if to > from {
			list = append(list, all[from+rand.N(to-from)])
		}
	}
	return list
}

// TestTable holds what the table says of cells that were not all tried, met or passed.
func TestTable(t *testing.T) {
	t.Parallel()
	b := &table{title: "faults", of: 4}
	b.count(cell{row: "graph", column: "hang"}, true, true)
	b.count(cell{row: "graph", column: "hang"}, false, true)
	b.count(cell{row: "slack", column: "lost"}, true, false)
	const want = `faults: 3 of 4 places tried, 2 met, 2 passed (each cell: passed/tried)
       hang         lost  all
graph  2/2 (1 met)  -     2/2 (1 met)
slack  -            0/1   0/1
all    2/2 (1 met)  0/1   2/3 (2 met)
`
	if b.String() != want {
		t.Errorf("got\n%s", b)
	}
}
