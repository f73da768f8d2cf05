package store

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// calmPause is how long a message of River's is not repeated.
const calmPause = 10 * time.Second

// calm gives River a logger that keeps its warnings and errors, and each of them once in calmPause: while the database is
// away, River would say so at every poll.
func calm(log *slog.Logger) *slog.Logger {
	return slog.New(&calmHandler{Handler: log.Handler(), said: &said{at: map[string]time.Time{}}})
}

// said is when each message was last let through.
type said struct {
	mu sync.Mutex
	at map[string]time.Time
}

func (s *said) lately(message string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if last, ok := s.at[message]; ok && now.Sub(last) < calmPause {
		return true
	}
	s.at[message] = now
	return false
}

type calmHandler struct {
	slog.Handler

	said *said
}

// Enabled lets warnings and errors through.
func (h *calmHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && h.Handler.Enabled(ctx, level)
}

// Handle drops what was said lately.
func (h *calmHandler) Handle(ctx context.Context, r slog.Record) error {
	if h.said.lately(r.Message, r.Time) {
		return nil
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs keeps the calm.
func (h *calmHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &calmHandler{Handler: h.Handler.WithAttrs(attrs), said: h.said}
}

// WithGroup keeps the calm.
func (h *calmHandler) WithGroup(name string) slog.Handler {
	return &calmHandler{Handler: h.Handler.WithGroup(name), said: h.said}
}
