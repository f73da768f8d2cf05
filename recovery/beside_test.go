package recovery

import (
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
)

// raised runs work and gives the panic that it ends with.
func raised(work func()) (v any) {
	defer func() { v = recover() }()
	work()
	return nil
}

func TestBesideRaisesAPanicWhereItIsWaitedFor(t *testing.T) {
	t.Parallel()
	var none map[string]int
	for name, tt := range map[string]struct {
		panics    func()
		says      string
		keepsBack string
	}{
		"of the runtime":   {func() { none["a"] = 1 }, "assignment to entry in nil map", "\x00"},
		"of somebody else": {func() { panic("subject: secret") }, "of type string", "secret"},
		"from deeper down": {func() {
			var inner beside
			inner.Go(func() { panic("subject: secret") })
			inner.Wait()
		}, "of type string", "secret"},
	} {
		var (
			b     beside
			ended atomic.Int32
		)
		b.Go(func() { ended.Add(1) })
		b.Go(tt.panics)
		b.Go(func() { ended.Add(1) })
		err, ok := raised(b.Wait).(runtime.Error)
		if !ok || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), tt.keepsBack) || !strings.Contains(err.Error(), "beside_test.go") || ended.Load() != 2 {
			t.Errorf("%s: %d others ended, and then: %v", name, ended.Load(), err)
		}
	}
	var quiet beside
	quiet.Go(func() {})
	if v := raised(quiet.Wait); v != nil {
		t.Errorf("nothing panicked, and then: %v", v)
	}
}

// odd ports panic at whatever they are asked.
type (
	oddDirectory struct{ Directory }
	oddMailboxes struct{ Mailboxes }
)

// TestAPanicAtAnAnswerEndsTheLookUpAlone: the other look-ups that run beside it are waited for, and the job or click that asked survives it.
func TestAPanicAtAnAnswerEndsTheLookUpAlone(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Service){
		"Graph":    func(s *Service) { s.Directory = oddDirectory{} },
		"Exchange": func(s *Service) { s.Mailboxes = oddMailboxes{} },
	} {
		w := newWorld(t)
		w.deleted(john, "john")
		change(w.svc)
		v := raised(func() { _, _ = w.svc.diagnose(w.ctx, Ask{Query: Query{ByAddress, "john@contoso.com"}}, Choices{}) })
		if err, ok := v.(runtime.Error); !ok || !strings.Contains(err.Error(), "nil pointer") {
			t.Errorf("%s: %v", name, v)
		}
	}
}
