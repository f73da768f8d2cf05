package main

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

// clockRefresh is how old the offset read from a clock file may be.
const clockRefresh = 50 * time.Millisecond

// movedClock tells the time as the file says it is: its text is how far ahead of this machine's clock, as "24h0m0s". With no
// file it is this machine's clock.
func movedClock(file string) (func() time.Time, error) {
	if file == "" {
		return time.Now, nil
	}
	c := &fileClock{file: file}
	if err := c.refresh(time.Now()); err != nil {
		return nil, err
	}
	return c.now, nil
}

// fileClock reads its offset from a file now and then. A file that cannot be read leaves the offset as it was.
type fileClock struct {
	file string

	mu     sync.Mutex
	read   time.Time
	offset time.Duration
}

func (c *fileClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := time.Now()
	if t.Sub(c.read) > clockRefresh {
		_ = c.refresh(t) // keeps the offset
	}
	return t.Add(c.offset)
}

func (c *fileClock) refresh(t time.Time) error {
	c.read = t
	b, err := os.ReadFile(c.file)
	if err != nil {
		return fmt.Errorf("read the clock: %w", err)
	}
	offset, err := time.ParseDuration(strings.TrimSpace(string(b)))
	if err != nil {
		return fmt.Errorf("read the clock: %w", err)
	}
	c.offset = offset
	return nil
}
