package privacytest

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"mailback/internal/m365fake"
	"mailback/internal/slackfake"
	"mailback/recovery"
)

// lockedBuffer is a text that several goroutines write.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// record stands before the stand-in for Slack and keeps each request as it came: in forms what is the owner's form, in public all
// others.
type record struct {
	slack *slackfake.Server
	next  http.Handler

	public, forms lockedBuffer

	mu    sync.Mutex
	owner string          // who may be shown what the items say; nobody if empty
	own   map[string]bool // ids of the owner's forms
}

func (c *record) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/link/") { // a socket: what is written to it is in Server.Acks
		c.next.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	answer := httptest.NewRecorder()
	c.next.ServeHTTP(answer, r)
	into := &c.public
	if strings.HasPrefix(r.URL.Path, "/api/views.") && c.owners(body, answer.Body.Bytes()) {
		into = &c.forms
	}
	_, _ = fmt.Fprintf(into, "%s %s %s\n", r.URL.RequestURI(), body, readable(body))
	maps.Copy(w.Header(), answer.Header())
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// readable is a form's body without its escapes.
func readable(body []byte) string {
	text, err := url.QueryUnescape(string(body))
	if err != nil {
		return ""
	}
	return text
}

// owners says whether a call about a view is about the owner's own.
func (c *record) owners(request, answer []byte) bool {
	var asked struct {
		ViewID string `json:"view_id"`
	}
	var got struct {
		View struct {
			ID string `json:"id"`
		} `json:"view"`
	}
	_ = json.Unmarshal(request, &asked) // a call without one is about a new view
	_ = json.Unmarshal(answer, &got)
	c.mu.Lock()
	defer c.mu.Unlock()
	if views, err := c.slack.Views(c.owner); err == nil {
		for _, v := range views.Modals {
			c.own[fmt.Sprint(v["id"])] = true
		}
	}
	return c.own[asked.ViewID] || c.own[got.View.ID]
}

// spoiler makes answers with items ones of 500 whose error text quotes the first of them.
type spoiler struct {
	spoil   atomic.Bool
	spoiled atomic.Int32
}

func (s *spoiler) spoils(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		body, status := answer.Body.Bytes(), answer.Code
		if at := bytes.Index(body, []byte(m365fake.ItemMarker)); at >= 0 && s.spoil.Load() {
			s.spoiled.Add(1)
			status = http.StatusInternalServerError
			text, _ := json.Marshal(string(body[at:min(at+80, len(body))])) // a string is always JSON
			body = fmt.Appendf(nil, `{"error":{"code":%[1]s,"message":%[1]s,"details":[{"message":%[1]s}],"innererror":{"internalexception":{"message":%[1]s,"type":"System.Exception"}}}}`, text)
			answer.Header().Del("Content-Length")
		}
		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(status)
		_, _ = w.Write(body)
	})
}

// bomb is the way to the items, which panics with what they say once it is armed.
type bomb struct {
	next  recovery.Items
	armed atomic.Bool
}

func (b *bomb) RestoreItem(ctx context.Context, mailbox, entryID, folder string) (recovery.ItemResult, error) {
	return b.next.RestoreItem(ctx, mailbox, entryID, folder)
}

func (b *bomb) Items(ctx context.Context, mailbox string, f recovery.ItemFilter) ([]recovery.Item, error) {
	items, err := b.next.Items(ctx, mailbox, f)
	if b.armed.Load() && len(items) > 0 {
		panic("cannot read " + string(items[0].Subject) + string(items[0].From))
	}
	return items, err
}

// public gives all that was sent, kept, logged or written, but in the owner's form.
func (h *house) public() string {
	h.t.Helper()
	var all strings.Builder
	all.WriteString(h.log.String() + h.record.public.String() + h.rows())
	for _, a := range h.slack.Acks() {
		all.Write(a.Frame)
	}
	for _, name := range []string{h.file, h.file + "-wal", stderr.Name()} {
		raw, err := os.ReadFile(name)
		h.must(err)
		all.Write(raw)
	}
	return all.String()
}

// rows gives all rows of all tables, those of the jobs too.
func (h *house) rows() string {
	h.t.Helper()
	db, err := sql.Open("sqlite", "file:"+h.file+"?mode=ro")
	h.must(err)
	defer db.Close()
	var all strings.Builder
	tables := h.query(db, `SELECT name FROM sqlite_master WHERE type = 'table'`)
	if !slices.ContainsFunc(tables, func(t []any) bool { return t[0] == "river_job" }) {
		h.t.Errorf("tables %v", tables)
	}
	for _, table := range tables {
		for _, row := range h.query(db, fmt.Sprintf(`SELECT * FROM %q`, table[0])) {
			fmt.Fprintf(&all, "%s: %s\n", table[0], row)
		}
	}
	return all.String()
}

func (h *house) query(db *sql.DB, query string) (list [][]any) {
	h.t.Helper()
	rows, err := db.QueryContext(h.t.Context(), query)
	if err != nil {
		h.t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	h.must(err)
	for rows.Next() {
		row, to := make([]any, len(columns)), make([]any, len(columns))
		for i := range row {
			to[i] = &row[i]
		}
		h.must(rows.Scan(to...))
		list = append(list, row)
	}
	h.must(rows.Err())
	return list
}

// keepsSecret fails where one of the words, or the mark of all items, is anywhere but in the owner's form.
func (h *house) keepsSecret(words ...string) {
	h.t.Helper()
	all := strings.ToLower(h.public())
	if strings.Count(all, "lost it") < 4 { // a row, an event, a job's message, and what Slack was sent
		h.t.Error("the search finds nothing")
	}
	for _, word := range append(words, m365fake.ItemMarker) {
		if at := strings.Index(all, strings.ToLower(word)); at >= 0 {
			h.t.Errorf("%s is kept, logged or shown: …%q", word, all[max(0, at-300):min(len(all), at+80)])
		}
	}
}
