package commands

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"mailback/recovery"
)

// The files of a request for many.
const (
	fileList    = "list"
	fileResults = "results"
)

// fileKey names a file for one reader.
func fileKey(kind string, request int64, user string) string {
	return fmt.Sprintf("%s:%d:%s", kind, request, user)
}

// Lists is what Files needs of recovery.Service.
type Lists interface {
	BulkList(ctx context.Context, id int64, reader string) ([]recovery.BulkRow, *recovery.Note, error)
}

// Files writes the lists of requests for many, when they are sent.
type Files struct {
	lists Lists
	words words
}

// NewFiles returns Files that speak a language.
func NewFiles(lists Lists, languageCode string) *Files { return &Files{lists, wordsIn(languageCode)} }

// File gives the file of a key; it is bot's FileSource.
func (f *Files) File(ctx context.Context, key string) (content []byte, refusal string, err error) {
	kind, rest, _ := strings.Cut(key, ":")
	number, user, _ := strings.Cut(rest, ":")
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil || kind != fileList && kind != fileResults {
		return nil, "invalid_body", nil
	}
	rows, note, err := f.lists.BulkList(ctx, id, user)
	switch {
	case err != nil:
		return nil, "", err
	case note != nil:
		return nil, strings.ReplaceAll(string(note.Code), "-", "_"), nil
	}
	content, err = f.table(kind, rows)
	return content, "", err
}

// table writes rows as CSV, with the mark by which spreadsheets know UTF-8.
func (f *Files) table(kind string, rows []recovery.BulkRow) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("\uFEFF")
	w := csv.NewWriter(&b)
	head := []string{"n", "address", "name", "object id", "case", "purged on", "plan", "reason", "licence"}
	if kind == fileResults {
		head = append(head, "result", "why", "request")
	}
	all := [][]string{head}
	for _, row := range rows {
		all = append(all, f.row(kind, row))
	}
	for _, cells := range all {
		for i := range cells {
			cells[i] = CalmCell(cells[i])
		}
		if err := w.Write(cells); err != nil {
			return nil, fmt.Errorf("write a list: %w", err)
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

func (f *Files) row(kind string, row recovery.BulkRow) []string {
	plan, purged, license := "restore", "", ""
	if row.Skip != nil {
		plan = "leave out"
	}
	if !row.Deadline.IsZero() {
		purged = row.Deadline.UTC().Format(time.RFC3339)
	}
	if row.Seat != nil {
		license = row.Seat.PartNumber
	}
	cells := []string{
		strconv.Itoa(row.N), row.Address, row.Name, row.AccountID, string(f.words.oneOf("case.noun.", string(row.Case))), purged, plan,
		f.reason(row.Skip), license,
	}
	if kind != fileResults {
		return cells
	}
	result, child := string(row.Result), ""
	if row.Skip != nil {
		result = string(recovery.BulkSkipped)
	}
	if row.Child != 0 {
		child = recovery.Request{ID: row.Child}.Ref()
	}
	return append(cells, result, f.reason(row.Note), child)
}

// reason words a note for a cell.
func (f *Files) reason(n *recovery.Note) string {
	if n == nil {
		return ""
	}
	return unmarked(reader{f.words, true, ""}.note(*n))
}

var datePattern = regexp.MustCompile(`<!date\^[^|>]*\|([^>]*)>`)

// unmarked is markup as plain text.
func unmarked(m markup) string {
	return unescape(strings.NewReplacer("*", "", "`", "").Replace(datePattern.ReplaceAllString(string(m), "$1")))
}

// CalmCell keeps a cell from being run as a formula by a spreadsheet (OWASP: CSV injection).
func CalmCell(cell string) string {
	if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r") {
		return "'" + cell
	}
	return cell
}
