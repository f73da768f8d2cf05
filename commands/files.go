package commands

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"regexp"
	"slices"
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
	Language(ctx context.Context, who recovery.Actor) string
	BulkList(ctx context.Context, id int64, reader string) ([]recovery.BulkRow, *recovery.Note, error)
}

// Files writes the lists of requests for many, when they are sent.
type Files struct {
	lists Lists
	team  string
	words words // of readers whose language is not known
}

// NewFiles returns Files for the people of a workspace, who read them in their own language, or in this one where that is not known.
func NewFiles(lists Lists, teamID, languageCode string) *Files {
	return &Files{lists, teamID, wordsIn(languageCode)}
}

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
	w, known := spoken(f.lists.Language(ctx, recovery.Actor{TeamID: f.team, UserID: user}))
	if !known {
		w = f.words
	}
	content, err = w.table(kind, rows)
	return content, "", err
}

// The columns of a list, and those that its results have besides, by the keys of their words.
var (
	listColumns   = []string{"n", "address", "name", "object-id", "case", "purged", "plan", "reason", "license"}
	resultColumns = []string{"result", "why", "request"}
)

// table writes rows as CSV, with the mark by which spreadsheets know UTF-8.
func (w words) table(kind string, rows []recovery.BulkRow) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("\uFEFF")
	out := csv.NewWriter(&b)
	columns := listColumns
	if kind == fileResults {
		columns = append(slices.Clone(listColumns), resultColumns...)
	}
	var head []string
	for _, c := range columns {
		head = append(head, w.plain("file.column."+c))
	}
	all := [][]string{head}
	for _, row := range rows {
		all = append(all, w.row(kind, row))
	}
	for _, cells := range all {
		for i := range cells {
			cells[i] = CalmCell(cells[i])
		}
		if err := out.Write(cells); err != nil {
			return nil, fmt.Errorf("write a list: %w", err)
		}
	}
	out.Flush()
	return b.Bytes(), out.Error()
}

func (w words) row(kind string, row recovery.BulkRow) []string {
	plan, purged, license := w.plain("file.restore"), "", ""
	if row.Skip != nil {
		plan = w.plain("file.leave-out")
	}
	if !row.Deadline.IsZero() {
		purged = row.Deadline.UTC().Format(time.RFC3339)
	}
	if row.Seat != nil {
		license = row.Seat.PartNumber
	}
	cells := []string{
		strconv.Itoa(row.N), row.Address, row.Name, row.AccountID, unmarked(w.oneOf("case.noun.", string(row.Case))), purged, plan,
		w.reason(row.Skip), license,
	}
	if kind != fileResults {
		return cells
	}
	result, child := row.Result, ""
	if row.Skip != nil {
		result = recovery.BulkSkipped
	}
	if row.Child != 0 {
		child = recovery.Request{ID: row.Child}.Ref()
	}
	return append(cells, unmarked(w.oneOf("file.result.", string(result))), w.reason(row.Note), child)
}

// reason words a note for a cell.
func (w words) reason(n *recovery.Note) string {
	if n == nil {
		return ""
	}
	return unmarked(reader{w, true, ""}.note(*n))
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
