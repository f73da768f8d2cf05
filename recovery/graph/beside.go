package graph

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"mailback/recovery"
)

// calls run side by side; the first that fails ends the others. A panic of one is raised again in Wait, as in the domain.
type calls struct {
	group  *errgroup.Group
	panics recovery.Panics
}

// beside gives calls, and the context that they are to use.
func beside(ctx context.Context) (*calls, context.Context) {
	g, ctx := errgroup.WithContext(ctx)
	return &calls{group: g}, ctx
}

// atOnce gives calls of which so many run at once.
func atOnce(ctx context.Context, most int) (*calls, context.Context) {
	c, ctx := beside(ctx)
	c.group.SetLimit(most)
	return c, ctx
}

// Go runs a call in a goroutine of its own.
func (c *calls) Go(call func() error) {
	c.group.Go(func() error {
		err := errors.New("a call panicked")
		c.panics.Catch(func() { err = call() })
		return err
	})
}

// Wait waits for all calls and gives the error of the first that failed.
func (c *calls) Wait() error {
	err := c.group.Wait()
	c.panics.Raise()
	return err
}
