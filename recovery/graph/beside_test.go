package graph

import (
	"context"
	"errors"
	"runtime"
	"testing"
)

// TestCallsBesideEachOther: what goes wrong in one ends the others, and reaches the one who waits: an error as an error, a panic as a panic.
func TestCallsBesideEachOther(t *testing.T) {
	t.Parallel()
	others := func(c *calls, ctx context.Context) {
		for range 3 {
			c.Go(func() error { <-ctx.Done(); return ctx.Err() })
		}
	}
	c, ctx := beside(t.Context())
	others(c, ctx)
	wrong := errors.New("wrong")
	c.Go(func() error { return wrong })
	if err := c.Wait(); !errors.Is(err, wrong) {
		t.Errorf("an error: %v", err)
	}

	c, ctx = atOnce(t.Context(), 4)
	others(c, ctx)
	c.Go(func() error { var none *calls; return none.Wait() })
	defer func() {
		if _, ok := recover().(runtime.Error); !ok {
			t.Error("the panic did not reach the one who waits")
		}
	}()
	t.Errorf("a panic: %v", c.Wait())
}
