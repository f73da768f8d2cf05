package main

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mailback/bot"
	"mailback/commands"
	"mailback/recovery/store"
)

// TestHealthTellsNoDetails: whoever reaches the port learns that something is wrong, and nothing about it that the log has.
func TestHealthTellsNoDetails(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	file := filepath.Join(t.TempDir(), "top-secret-name.db")
	db, err := store.Open(t.Context(), store.Config{URL: "sqlite:" + file, Render: commands.NewRenderer(commands.RendererConfig{})})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	slackBot, err := bot.New(bot.Config{BotToken: "xoxb-secret", AppToken: "xapp-secret", APIURL: "http://127.0.0.1:1/", Sorry: commands.Sorry("en")})
	if err != nil {
		t.Fatal(err)
	}
	h := healthHandler(checks(slackBot, db, time.Now, slog.New(slog.NewTextHandler(&log, nil))))
	for path, status := range map[string]int{"/healthz": http.StatusOK, "/readyz": http.StatusServiceUnavailable} {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path, nil))
		var said map[string]string
		if err := json.Unmarshal(rec.Body.Bytes(), &said); err != nil || rec.Code != status {
			t.Errorf("%s: %d %s, %v", path, rec.Code, rec.Body, err)
		}
		want := map[string]string{"process": "ok", "slack": "no connection for 0 s", "database": "it takes no transaction; the log says why"}
		for name, text := range said {
			if text != want[name] {
				t.Errorf("%s says of %s %q", path, name, text)
			}
		}
	}
	if text := log.String(); !strings.Contains(text, "the database takes no transaction") || strings.Contains(text, "secret") {
		t.Errorf("log %s", text)
	}
}
