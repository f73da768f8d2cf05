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

// check is one thing that must be well for the bot to be ready; its error says what is not.
type check struct {
	name string
	well func(context.Context) error
}

// healthHandler answers /healthz while the process lives and /readyz while every check is well; both name what they know.
func healthHandler(checks []check) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]string{"process": "ok"})
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
		defer cancel()
		status, said := http.StatusOK, map[string]string{}
		for _, c := range checks {
			said[c.name] = "ok"
			if err := c.well(ctx); err != nil {
				status, said[c.name] = http.StatusServiceUnavailable, err.Error()
			}
		}
		answer(w, status, said)
	})
	return mux
}

func answer(w http.ResponseWriter, status int, body map[string]string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) //nolint:errchkjson // a map of strings is always JSON, and a caller who left needs no answer
}

// serveHealth listens on addr and answers until ctx ends.
func serveHealth(ctx context.Context, addr string, checks []check) (wait func() error, err error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("MAILBACK_LISTEN: cannot listen on %s: %w", addr, err)
	}
	server := &http.Server{Handler: healthHandler(checks), ReadHeaderTimeout: 5 * time.Second}
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
