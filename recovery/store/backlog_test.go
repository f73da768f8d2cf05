package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"mailback/recovery"
)

func TestBacklogCountsWhatIsOpen(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		for range 3 {
			u.create(s, "U1") // no message is posted, as its job never runs: one to advance and one to deliver each
		}
		u.update(s, 2, become(recovery.Cancelled, recovery.EventCancelled))
		u.update(s, 3, become(recovery.Confirming, recovery.EventPlanned)) // with a second job of each kind
		u.clock.advance(7 * time.Minute)
		b, err := s.Backlog(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if want := map[recovery.State]int{recovery.Submitted: 1, recovery.Confirming: 1}; !maps.Equal(b.Requests, want) {
			t.Errorf("requests %v, want %v", b.Requests, want)
		}
		if n := b.Jobs["advance"]; n.Due != 4 || n.Later != 0 || n.Running != 0 || n.Oldest < 7*time.Minute || n.Oldest > 8*time.Minute {
			t.Errorf("jobs to advance: %+v", n)
		}
		if n := b.Jobs["deliver"].Due; n != 5 {
			t.Errorf("%d jobs to deliver", n)
		}
	})
}

func TestBacklogTellsRunningFromWaiting(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		u.create(s, "U1")
		u.create(s, "U1")
		c := newCalls(done)
		hold, begun := make(chan struct{}), make(chan struct{})
		c.onRun = func(call string) (time.Duration, error) {
			switch {
			case strings.HasPrefix(call, "advance 1"):
				close(begun)
				<-hold
			case strings.HasPrefix(call, "advance"):
				return time.Hour, nil
			}
			return time.Hour, nil
		}
		u.start(s, c.workers())
		<-begun
		var b Backlog
		ok := false
		for end := time.Now().Add(20 * time.Second); !ok && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
			var err error
			if b, err = s.Backlog(t.Context()); err != nil {
				t.Fatal(err)
			}
			n := b.Jobs["advance"]
			ok = n.Running == 1 && n.Later == 1 && n.Due == 0 && n.Oldest == 0
		}
		if !ok {
			t.Errorf("jobs %+v", b.Jobs)
		}
		close(hold)
	})
}

// TestBacklogIsTheLastOneWhereThereIsNoDatabase, with the error.
func TestBacklogIsTheLastOneWhereThereIsNoDatabase(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		u.create(s, "U1")
		before, err := s.Backlog(t.Context())
		if err != nil || before.Requests[recovery.Submitted] != 1 {
			t.Fatal(before, err)
		}
		u.create(s, "U1")
		if at, err := s.Backlog(t.Context()); err != nil || !reflect.DeepEqual(at, before) {
			t.Errorf("it was read again at once: %+v, %v", at, err)
		}
		time.Sleep(backlogFresh)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if after, err := s.Backlog(t.Context()); recovery.KindOf(err) != recovery.Unavailable || !reflect.DeepEqual(after, before) {
			t.Errorf("%+v, %v, want %+v", after, err, before)
		}
	})
}

// TestEventsAreToldOnceTheyAreCommitted, and logged with ids alone.
func TestEventsAreToldOnceTheyAreCommitted(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		var log bytes.Buffer
		var told []recovery.Event
		s := u.open(func(c *Config) {
			c.Logger = slog.New(slog.NewJSONHandler(&log, nil))
			c.Observe = func(e recovery.Event) { told = append(told, e) }
		})
		r := u.create(s, "U1")
		boom := errors.New("boom")
		if _, err := s.Update(t.Context(), r.ID, become(recovery.Confirming, recovery.EventPlanned),
			func(*recovery.Request) (recovery.Event, error) { return recovery.Event{}, boom }); !errors.Is(err, boom) {
			t.Fatal(err)
		}
		note := recovery.Note{Code: recovery.NoteLeft, Args: []string{"anna@contoso.com"}}
		u.update(s, r.ID, func(r *recovery.Request) (recovery.Event, error) {
			r.State = recovery.Cancelled
			return recovery.Event{
				Kind: recovery.EventCancelled, By: recovery.Actor{TeamID: "T1", UserID: "U2"}, Note: &note, Step: recovery.StepAssign,
				Result: recovery.StepFailed, Receipt: recovery.Receipt{RequestID: "theirs", ClientRequestID: "ours"},
				Click: &recovery.Click{Action: recovery.ActCancel, Reason: "no more"},
			}, nil
		})
		u.update(s, r.ID, func(*recovery.Request) (recovery.Event, error) { return recovery.Event{}, nil }) // bookkeeping
		kinds := []recovery.EventKind{}
		for _, e := range told {
			kinds = append(kinds, e.Kind)
		}
		if want := []recovery.EventKind{recovery.EventAsked, recovery.EventCancelled}; !slices.Equal(kinds, want) || told[1].From != recovery.Submitted {
			t.Errorf("told %v, want %v; %+v", kinds, want, told)
		}
		var last map[string]any
		for line := range strings.Lines(log.String()) {
			if strings.Contains(line, "request event") {
				last = nil
				if err := json.Unmarshal([]byte(line), &last); err != nil {
					t.Fatal(err)
				}
			}
		}
		delete(last, "time")
		want := map[string]any{
			"level": "INFO", "msg": "request event", "request": r.Ref(), "event": "cancelled", "seq": 2.0, "state": "cancelled", "from": "submitted",
			"by": "U2", "action": "request.cancel", "note": string(recovery.NoteLeft), "step": "assign-license", "result": "failed",
			"client_request_id": "ours", "request_id": "theirs",
		}
		if !maps.Equal(last, want) {
			t.Errorf("logged %v, want %v", last, want)
		}
		if strings.Contains(log.String(), "anna") || strings.Contains(log.String(), "no more") {
			t.Errorf("the log names somebody, or quotes: %s", log.String())
		}
	})
}
