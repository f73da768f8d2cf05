package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// clock is the stand-ins' clock and, through its file, the bot's. The file holds how far it is ahead of this machine's
// clock, as "24h0m0s".
type clock struct {
	file string

	mu     sync.Mutex
	offset time.Duration
}

// settle is how long the bot may go by the offset that it read before.
const settle = 100 * time.Millisecond

func newClock(file string) (*clock, error) {
	c := &clock{file: file}
	return c, c.write(0)
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.offset)
}

func (c *clock) ahead() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.offset
}

// advance moves the clock forwards and returns once the bot has seen it.
func (c *clock) advance(d time.Duration) error {
	if d <= 0 {
		return errors.New("time only goes forwards: advance is a duration such as 24h")
	}
	c.mu.Lock()
	err := c.write(c.offset + d)
	if err == nil {
		c.offset += d
	}
	c.mu.Unlock()
	if err == nil {
		time.Sleep(settle)
	}
	return err
}

func (c *clock) write(offset time.Duration) error {
	if err := replaceFile(c.file, offset.String()+"\n"); err != nil {
		return fmt.Errorf("write the clock: %w", err)
	}
	return nil
}

// replaceFile writes a file that its owner alone can read. Whoever reads it finds the old text or the new one whole.
func replaceFile(name, text string) error {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
