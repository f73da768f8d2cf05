package store

import (
	"bytes"
	"errors"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"testing"

	"mailback/recovery/store/pgtest"
)

// TestThePasswordIsReadForEachConnection: the password of a PostgreSQL is changed while a store is at work, first on the server or first in the
// URL, and a URL that is of no use changes nothing.
func TestThePasswordIsReadForEachConnection(t *testing.T) {
	t.Parallel()
	url, change := pgtest.Locked(t, "one")
	var mu sync.Mutex
	current, unreadable := url, error(nil)
	set := func(password string) {
		mu.Lock()
		defer mu.Unlock()
		current = strings.Replace(url, ":one@", ":"+password+"@", 1)
	}
	var log bytes.Buffer
	u := &setup{t: t, url: url, clock: &clock{}}
	s := u.open(func(cfg *Config) {
		cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
		cfg.CurrentURL = func() (string, error) {
			mu.Lock()
			defer mu.Unlock()
			return current, unreadable
		}
	})
	works := func(what string, want bool) {
		t.Helper()
		s.db.write.SetMaxIdleConns(0) // so that the next one is new
		s.db.write.SetMaxIdleConns(poolSize)
		if err := s.db.write.PingContext(t.Context()); (err == nil) != want || !want && !strings.Contains(err.Error(), "28P01") {
			t.Errorf("%s: %v", what, err)
		}
	}
	logged := func(pattern string, want int) {
		t.Helper()
		if n := len(regexp.MustCompile(pattern).FindAllString(log.String(), -1)); n != want {
			t.Errorf("%d lines match %s, want %d:\n%s", n, pattern, want, log.String())
		}
	}
	works("as it was", true)
	set("two")
	works("before the server knows it", true)
	works("and again", true)
	logged(`level=WARN.*does not take the new password`, 1)
	change("two")
	works("once it does", true)
	logged(`level=INFO.*the new one is in use`, 1)
	change("three")
	works("before the URL has it", false)
	set("three")
	works("once it has", true)
	logged(`level=INFO.*the new one is in use`, 2)

	for what, bad := range map[string]string{"nothing": "", "no URL": "postgres://u:hush@host:port/x", "another server": strings.Replace(current, "?host=/", "?host=/other", 1)} {
		mu.Lock()
		good := current
		current = bad
		mu.Unlock()
		works(what, true)
		mu.Lock()
		current = good
		mu.Unlock()
		works("after "+what, true)
	}
	mu.Lock()
	unreadable = errors.New("no such file")
	mu.Unlock()
	works("without its file", true)
	logged(`level=WARN.*in more than the password`, 2)
	logged(`level=WARN.*is not valid`, 1)
	logged(`level=WARN.*cannot be read`, 1)
	if regexp.MustCompile(`:(one|two|three|hush)@|hush`).MatchString(log.String()) {
		t.Errorf("a password is logged:\n%s", log.String())
	}
}
