package recovery

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// beside runs work side by side, as sync.WaitGroup does. A panic of any is raised again in Wait, where the job or the click that wants the
// work is ready for it. In a goroutine of its own it would end the process, and once more each time the job is taken up again.
type beside struct {
	all    sync.WaitGroup
	panics Panics
}

// Go runs work in a goroutine of its own.
func (b *beside) Go(work func()) {
	b.all.Go(func() { b.panics.Catch(work) })
}

// Wait waits for all that runs. It panics where any of it did.
func (b *beside) Wait() {
	b.all.Wait()
	b.panics.Raise()
}

// Panics takes a panic from one goroutine to another.
type Panics struct{ first atomic.Pointer[elsewhere] }

// Catch runs work and keeps its panic.
func (p *Panics) Catch(work func()) {
	defer func() {
		if v := recover(); v != nil {
			p.first.CompareAndSwap(nil, &elsewhere{v, debug.Stack()})
		}
	}()
	work()
}

// Raise panics with the first panic that was caught, if there was one.
func (p *Panics) Raise() {
	if e := p.first.Load(); e != nil {
		panic(e)
	}
}

// elsewhere is a panic of another goroutine, with the way to it. It says what the runtime says; of a value that somebody else panicked with
// it says the type alone, for its text may hold anything that was at hand.
type elsewhere struct {
	value any
	stack []byte
}

// RuntimeError makes it a runtime.Error: its text may be logged.
func (e *elsewhere) RuntimeError() {}

func (e *elsewhere) Error() string {
	if err, ok := e.value.(runtime.Error); ok {
		return fmt.Sprintf("%s, side by side with others\n%s", err.Error(), e.stack)
	}
	return fmt.Sprintf("of type %T, side by side with others\n%s", e.value, e.stack)
}
