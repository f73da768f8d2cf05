package store

import (
	"context"
	"log/slog"

	"mailback/recovery"
)

// tell logs what was committed, and tells it to who observes.
func (s *Store) tell(ctx context.Context, events []recovery.Event) {
	for _, e := range events {
		level := slog.LevelInfo
		if e.Kind == recovery.EventProgress { // of it there may be hundreds
			level = slog.LevelDebug
		}
		if s.log.Enabled(ctx, level) {
			s.log.LogAttrs(ctx, level, "request event", eventAttrs(e)...)
		}
		if s.cfg.Observe != nil {
			s.cfg.Observe(e)
		}
	}
}

// eventAttrs are what the log has of an event: kinds, codes and ids. What names a mailbox, and what people wrote, is in the audit trail
// alone.
func eventAttrs(e recovery.Event) []slog.Attr {
	attrs := make([]slog.Attr, 0, 12)
	attrs = append(attrs, logRequest(e.Request), slog.String("event", string(e.Kind)), slog.Int64("seq", e.Seq), slog.String("state", string(e.To)))
	add := func(key, value string) {
		if value != "" {
			attrs = append(attrs, slog.String(key, value))
		}
	}
	if e.From != e.To {
		add("from", string(e.From))
	}
	add("by", e.By.UserID)
	if e.Click != nil {
		add("action", string(e.Click.Action))
	}
	if e.Note != nil {
		add("note", string(e.Note.Code))
	}
	add("step", string(e.Step))
	add("result", string(e.Result))
	add("client_request_id", e.Receipt.ClientRequestID)
	add("request_id", e.Receipt.RequestID)
	return attrs
}
