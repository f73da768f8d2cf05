package sandbox

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

// listen opens a port that this machine alone can reach.
func listen(ctx context.Context, address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("%q is no host:port", address)
	}
	if !isLoopback(host) {
		return nil, fmt.Errorf("the sandbox listens on this machine alone, 127.0.0.1 or [::1], not on %q", host)
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return l, nil
}

// botPort is any port for a bot, which opens it after it was closed here. Its address is drawn from four million, so that it is that of no
// connection and of no other bot, also of another sandbox on this machine: nothing takes the port meanwhile and answers in the bot's place.
func botPort() string {
	var b [3]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return fmt.Sprintf("127.%d.%d.%d:0", 128|b[0], b[1], 1|b[2])
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// onlyLocal refuses requests that were meant for another host: a web page whose name was made to point here (DNS
// rebinding) sends its own. The port may be another one, of a proxy on this machine.
func onlyLocal(refuse func(w http.ResponseWriter, text string), next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		if n := len(host); n > 1 && host[0] == '[' && host[n-1] == ']' {
			host = host[1 : n-1]
		}
		if !isLoopback(host) {
			refuse(w, "the sandbox is for this machine alone")
			return
		}
		next.ServeHTTP(w, r)
	})
}

func forbid(w http.ResponseWriter, text string) { http.Error(w, text, http.StatusForbidden) }

// server is one port with what it serves.
type server struct {
	addr         string
	handler      http.Handler
	certificates []tls.Certificate

	mu   sync.Mutex
	http *http.Server // nil while it refuses connections
	done chan error
}

// serve answers on l until close; with certificates it speaks TLS.
func serve(l net.Listener, h http.Handler, certificates ...tls.Certificate) *server {
	s := &server{addr: l.Addr().String(), handler: h, certificates: certificates}
	s.answer(l)
	return s
}

func (s *server) answer(l net.Listener) {
	web := &http.Server{
		Handler: s.handler, ReadHeaderTimeout: 10 * time.Second,
		ErrorLog: log.New(io.Discard, "", 0), // clients that hang up during a fault are no news
	}
	if len(s.certificates) > 0 {
		l = tls.NewListener(l, &tls.Config{Certificates: s.certificates, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}})
	}
	done := make(chan error, 1)
	s.http, s.done = web, done
	go func() { done <- web.Serve(l) }()
}

// close ends the port and all its connections. From then on connections are refused.
func (s *server) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.http == nil {
		return nil
	}
	err := s.http.Close()
	if served := <-s.done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	s.http = nil
	return err
}

// reopen takes connections again after close, on the same port.
func (s *server) reopen(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.http == nil {
		l, err := listen(ctx, s.addr)
		if err == nil {
			s.answer(l)
			return nil
		}
		select {
		case <-time.After(50 * time.Millisecond): // another program's connection may have that port for a moment
		case <-ctx.Done():
			return err
		}
	}
	return nil
}
