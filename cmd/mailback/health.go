package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// check is one thing that /readyz says by its name.
type check struct {
	name string
	// well says how it is, or as an error what is wrong.
	well func(context.Context) (string, error)
	// needed says whether the bot is not ready without it.
	needed bool
}

// healthHandler answers /healthz while the process lives, /readyz while every check that is needed is well, naming them all, and /metrics.
func healthHandler(checks []check, metrics http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]string{"process": "ok"})
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
		defer cancel()
		status, said := http.StatusOK, map[string]string{}
		for _, c := range checks {
			text, err := c.well(ctx)
			if err != nil {
				text = err.Error()
			}
			if err != nil && c.needed {
				status = http.StatusServiceUnavailable
			}
			said[c.name] = text
		}
		answer(w, status, said)
	})
	mux.Handle("GET /metrics", metrics)
	return mux
}

func answer(w http.ResponseWriter, status int, body map[string]string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) //nolint:errchkjson // a map of strings is always JSON, and a caller who left needs no answer
}

// serveHealth listens on addr and answers until ctx ends.
func serveHealth(ctx context.Context, addr string, handler http.Handler) (wait func() error, err error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("MAILBACK_LISTEN: cannot listen on %s: %w", addr, err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	return func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		err := server.Shutdown(ctx)
		if served := <-done; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
		return err
	}, nil
}
