package slackfake

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// file is one that the app uploads in three steps: it asks where to, sends the bytes there, and says where to show it
// (docs.slack.dev/messaging/working-with-files).
type file struct {
	ID, Name, Title string
	length          int
	content         []byte
	sent, shared    bool
}

// FileInfo is a file as somebody who sees its message can open it.
type FileInfo struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Title string `json:"title"`
	Text  string `json:"text"`
}

// filesGetUploadURLExternal is docs.slack.dev/reference/methods/files.getUploadURLExternal.
func (s *Server) filesGetUploadURLExternal(c *call) (map[string]any, *apiError) {
	n, err := strconv.Atoi(c.args["length"])
	if err != nil || n <= 0 {
		return nil, fail("invalid_arguments")
	}
	s.lastID++
	f := &file{ID: fmt.Sprintf("F%09d", s.lastID), Name: c.args["filename"], length: n}
	s.files[f.ID] = f
	return map[string]any{"file_id": f.ID, "upload_url": c.base + "/upload/v1/" + f.ID}, nil
}

// serveUpload takes a file's bytes, raw or as a form.
func (s *Server) serveUpload(w http.ResponseWriter, r *http.Request) {
	content, err := uploaded(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.files[r.PathValue("id")]
	switch {
	case f == nil || f.sent:
		http.Error(w, "no such upload", http.StatusNotFound)
	case err != nil || len(content) != f.length:
		http.Error(w, "the length is not as announced", http.StatusBadRequest)
	default:
		f.content, f.sent = content, true
		_, _ = io.WriteString(w, "OK") // The caller is gone; there is nobody to tell.
	}
}

func uploaded(r *http.Request) ([]byte, error) {
	body := io.LimitReader(r.Body, maxBody)
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "multipart/form-data" {
		return io.ReadAll(body)
	}
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, err
	}
	part, err := parts.NextPart()
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(part, maxBody))
}

// filesCompleteUploadExternal is docs.slack.dev/reference/methods/files.completeUploadExternal. What it answers where the app is not in
// the channel is unverified; chat.postMessage's word stands in.
func (s *Server) filesCompleteUploadExternal(c *call) (map[string]any, *apiError) {
	var asked []struct{ ID, Title string }
	if json.Unmarshal([]byte(c.args["files"]), &asked) != nil || len(asked) == 0 {
		return nil, fail("invalid_arguments")
	}
	var list []*file
	var answer []any
	for _, a := range asked {
		f := s.files[a.ID]
		if f == nil || !f.sent || f.shared {
			return nil, fail("file_not_found")
		}
		f.Title = a.Title
		list, answer = append(list, f), append(answer, map[string]any{"id": f.ID, "title": f.Title})
	}
	if c.args["channel_id"] != "" {
		ch, refusal := s.botChannel(c.args["channel_id"])
		switch {
		case refusal != nil:
			return nil, refusal
		case !ch.has(BotUser):
			return nil, fail("not_in_channel")
		}
		m := s.post(ch, BotUser, "", c.args["thread_ts"], content{text: c.args["initial_comment"]})
		m.files = list
	}
	for _, f := range list {
		f.shared = true
	}
	return map[string]any{"files": answer}, nil
}

// opened is what people see of a message's files.
func (m *message) opened() []FileInfo {
	var list []FileInfo
	for _, f := range m.files {
		list = append(list, FileInfo{ID: f.ID, Name: f.Name, Title: f.Title, Text: strings.ToValidUTF8(string(f.content), "\uFFFD")})
	}
	return list
}
