package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"mailback/internal/racetest"
	"mailback/recovery"
)

func done(string) (time.Duration, error) { return 0, nil }

// TestJobsRunSoonAfterTheirCommit leaves the bound to the run without the race detector, where nothing else takes the processor.
func TestJobsRunSoonAfterTheirCommit(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		r := u.create(s, "U1")
		c := newCalls(done)
		u.start(s, c.workers())
		c.wait(t, "advance 1 1", 30*time.Second)
		var took []time.Duration
		for i := range 20 {
			began := time.Now()
			u.update(s, r.ID, func(*recovery.Request) (recovery.Event, error) {
				return recovery.Event{Kind: recovery.EventStep}, nil
			})
			c.wait(t, fmt.Sprintf("advance 1 %d", i+2), 30*time.Second)
			took = append(took, time.Since(began))
		}
		slices.Sort(took)
		t.Logf("commit and pick-up: median %s, most %s", took[10], took[19])
		if took[10] > 500*time.Millisecond && !racetest.On {
			t.Errorf("median %s", took[10])
		}
	})
}

// TestOpenRequestKeepsItsJob: Advance that gives 0 and does nothing would leave the request without a job.
func TestOpenRequestKeepsItsJob(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		u.create(s, "U1")
		c := newCalls(done)
		u.start(s, c.workers())
		c.wait(t, "advance 1 1", 30*time.Second)
		c.wait(t, "advance 1 1", 30*time.Second)
		c.wait(t, "deliver 1 1", 30*time.Second)
		c.wait(t, "deliver 1 1", 30*time.Second) // for ever, since nobody says that it was shown
		u.update(s, 1, become(recovery.Cancelled, recovery.EventCancelled))
	})
}

func TestErrorsDoNotEndAJob(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		for range 4 {
			u.create(s, "U1")
		}
		errs := map[string]error{
			"advance 1 1": &recovery.Error{Kind: recovery.Throttled, RetryAfter: 1200 * time.Millisecond},
			"advance 2 1": fmt.Errorf("wrapped: %w", &recovery.Error{Kind: recovery.Unavailable}),
			"advance 3 1": errors.New("a defect"),
		}
		c := newCalls(func(call string) (time.Duration, error) {
			switch call {
			case "advance 1 1": // the answer comes late, and its pause begins with it
				time.Sleep(300 * time.Millisecond)
			case "advance 4 1":
				panic("a bug")
			}
			return 0, errs[call]
		})
		u.start(s, c.workers())
		c.wait(t, "advance 1 1", 30*time.Second)
		began := time.Now()
		c.wait(t, "advance 1 1", 30*time.Second)
		if waited := time.Since(began); waited < 1300*time.Millisecond {
			t.Errorf("throttled: repeated %s after its beginning, want 1.5 s", waited)
		}
		for _, call := range []string{"advance 2 1", "advance 3 1", "advance 4 1"} {
			deadline := time.Now().Add(15 * time.Second)
			for c.times(call) < 2 && time.Now().Before(deadline) {
				time.Sleep(20 * time.Millisecond)
			}
			if n := c.times(call); n < 2 {
				t.Errorf("%s ran %d times, want again", call, n)
			}
		}
		if n := u.jobs(s, "advance"); n != 4 {
			t.Errorf("%d jobs, want 4", n)
		}
	})
}

func TestAPanicTellsNoText(t *testing.T) {
	t.Parallel()
	var none map[string]int
	for want, v := range map[string]func(){
		"panic of type string":              func() { panic("subject: secret") },
		"panic of type *errors.errorString": func() { panic(errors.New("subject: secret")) },
		"panic: assignment to entry in nil": func() { none["secret"] = 1 },
	} {
		_, err := guard(func() (time.Duration, error) {
			v()
			return 0, nil
		})
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "jobs_test.go") {
			t.Errorf("%q: %v", want, err)
		}
	}
}

// slackError is as bot's errors are.
type slackError struct{ retry, limited bool }

func (e *slackError) Error() string     { return fmt.Sprintf("slack chat.update: retry %t", e.retry) }
func (e *slackError) Retryable() bool   { return e.retry }
func (e *slackError) RateLimited() bool { return e.limited }

func TestGravity(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err     error
		stopped bool
		want    slog.Level
	}{
		"Microsoft's limit":   {err: &recovery.Error{Kind: recovery.Throttled}, want: slog.LevelInfo},
		"Slack's limit":       {err: fmt.Errorf("deliver: %w", &slackError{retry: true, limited: true}), want: slog.LevelInfo},
		"Slack is away":       {err: fmt.Errorf("deliver: %w", &slackError{retry: true}), want: slog.LevelWarn},
		"Slack when stopped":  {err: &slackError{retry: true}, stopped: true, want: slog.LevelInfo},
		"stopped":             {err: &recovery.Error{Kind: recovery.Unavailable, Err: context.Canceled}, stopped: true, want: slog.LevelInfo},
		"Microsoft is away":   {err: &recovery.Error{Kind: recovery.Unavailable}, want: slog.LevelWarn},
		"Slack's token":       {err: &slackError{}, want: slog.LevelError},
		"a missing right":     {err: &recovery.Error{Kind: recovery.Forbidden}, want: slog.LevelError},
		"a defect":            {err: errors.New("a defect"), want: slog.LevelError},
		"a job took too long": {err: context.DeadlineExceeded, want: slog.LevelError},
	} {
		if got := gravity(c.err, c.stopped); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestLinesOfJobsNameTheirRequest(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		var log lines
		s := u.open(func(c *Config) { c.Logger = slog.New(slog.NewJSONHandler(&log, nil)) })
		for range 2 {
			u.create(s, "U1")
		}
		u.update(s, 1, event(recovery.EventWaiting)) // message 3
		c := newCalls(func(call string) (time.Duration, error) {
			switch call {
			case "advance 1 2":
				return 0, errors.New("a defect")
			case "deliver 1 1":
				return time.Hour, &slackError{retry: true, limited: true}
			case "deliver 3 1":
				return time.Hour, &slackError{}
			}
			return time.Hour, nil
		})
		u.start(s, c.workers())
		for _, call := range []string{"advance 1 2", "deliver 1 1", "deliver 2 1", "deliver 3 1"} {
			c.wait(t, call, 30*time.Second)
		}
		u.stop(s)
		var got []string
		for _, l := range log.read(t) {
			got = append(got, fmt.Sprintf("%v %v of %v: message %v", l["level"], l["job"], l["request"], l["message"]))
		}
		slices.Sort(got)
		want := []string{"ERROR advance of R-1: message <nil>", "ERROR deliver of R-1: message 3", "INFO deliver of R-1: message 1"}
		if !slices.Equal(got, want) {
			t.Errorf("logged %q, want %q", got, want)
		}
	})
}

func TestSnoozeFollowsTheClock(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		u.create(s, "U1")
		u.clock.advance(24 * time.Hour) // River's snooze alone would now be in the past
		c := newCalls(func(call string) (time.Duration, error) {
			if strings.HasPrefix(call, "advance") {
				return 10 * time.Hour, nil
			}
			return time.Hour, nil
		})
		u.start(s, c.workers())
		c.wait(t, "advance 1 1", 30*time.Second)
		time.Sleep(time.Second)
		if n := c.times("advance 1 1"); n != 1 {
			t.Fatalf("ran %d times within its ten hours", n)
		}
		u.clock.advance(10 * time.Hour)
		c.wait(t, "advance 1 1", 30*time.Second)
	})
}

func TestStopCancelsWhatDoesNotEnd(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		s := u.open()
		u.create(s, "U1")
		running, cancelled := make(chan bool, 1), make(chan bool, 1)
		u.start(s, Workers{
			Advance: func(ctx context.Context, _, _ int64) (time.Duration, error) {
				running <- true
				<-ctx.Done()
				cancelled <- true
				return 0, ctx.Err()
			},
			Deliver: func(context.Context, string, int64, int64) (time.Duration, error) { return time.Hour, nil },
		})
		<-running
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		if err := s.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
		select {
		case <-cancelled:
		default:
			t.Error("the job was not cancelled")
		}
		if n := u.jobs(s, "advance"); n != 1 {
			t.Errorf("%d jobs, want the one that was cancelled", n)
		}
		c := newCalls(func(string) (time.Duration, error) { return time.Hour, nil })
		u.start(s, c.workers()) // and it can start again
		c.wait(t, "advance 1 1", 30*time.Second)
	})
}

// childURL is the environment variable that makes the test binary a process to be killed.
const childURL = "STORE_TEST_CHILD_URL"

// child opens a store, leaves a lease and runs jobs that do not end.
func child(url string) {
	ctx := context.Background()
	s, err := Open(ctx, Config{URL: url, Render: render, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		panic(err)
	}
	r, _, err := s.Create(ctx, ask("U1"), recovery.Event{Kind: recovery.EventAsked})
	if err != nil {
		panic(err)
	}
	_, err = s.Update(ctx, r.ID, func(r *recovery.Request) (recovery.Event, error) {
		r.Lease = recovery.Lease{Owner: "child", Until: time.Now().Add(time.Hour)}
		return recovery.Event{}, nil
	})
	if err != nil {
		panic(err)
	}
	hang := func(kind string) func(context.Context, int64, int64) (time.Duration, error) {
		return func(context.Context, int64, int64) (time.Duration, error) {
			fmt.Println("running", kind)
			select {}
		}
	}
	if err := s.Start(ctx, Workers{Advance: hang("advance"), Deliver: forRequest(hang("deliver"))}); err != nil {
		panic(err)
	}
	select {}
}

// kill runs a child until both of its jobs run, and kills it.
func (u *setup) kill() {
	u.t.Helper()
	cmd := exec.CommandContext(u.t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childURL+"="+u.url)
	cmd.Stderr = u.t.Output()
	out, err := cmd.StdoutPipe()
	if err != nil {
		u.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		u.t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for n := 0; n < 2 && lines.Scan(); n++ {
		if !strings.HasPrefix(lines.Text(), "running ") {
			u.t.Errorf("the child says %q", lines.Text())
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		u.t.Fatal(err)
	}
	_ = cmd.Wait() // "signal: killed"
}

func TestKilledProcess(t *testing.T) {
	each(t, func(t *testing.T, u *setup) {
		u.kill()
		s := u.open()
		c := newCalls(func(string) (time.Duration, error) { return time.Hour, nil })
		u.start(s, c.workers())
		c.wait(t, "advance 1 2", 30*time.Second)
		c.wait(t, "deliver 1 2", 30*time.Second)
		u.stop(s)
		r, err := s.Request(t.Context(), 1)
		if err != nil || r.Lease.Owner != "" || r.Version != 2 {
			t.Errorf("after the start: %+v, %v", r, err)
		}
	})
}

// TestWakeTouchesWhatIsOpen: what has ended and what is shown stays as it is.
func TestWakeTouchesWhatIsOpen(t *testing.T) {
	t.Parallel()
	u := &setup{t: t, url: "sqlite:" + t.TempDir() + "/a.db", clock: &clock{}}
	s := u.open()
	ended, waiting := u.create(s, "U1"), u.create(s, "U1")
	u.update(s, ended.ID, become(recovery.Cancelled, recovery.EventCancelled))
	if err := s.Outbox().Posted(t.Context(), 1, 2, "D1", "1.0", true); err != nil {
		t.Fatal(err)
	}
	if err := s.wake(t.Context()); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[int64]int64{ended.ID: 2, waiting.ID: 2} {
		if r, err := s.Request(t.Context(), id); err != nil || r.Version != want {
			t.Errorf("R-%d has version %d, %v; want %d", id, r.Version, err, want)
		}
	}
	for id, want := range map[int64]int64{1: 2, 2: 2} {
		if _, _, _, _, version, _, _, err := s.Outbox().Message(t.Context(), id); err != nil || version != want {
			t.Errorf("message %d has version %d, %v; want %d", id, version, err, want)
		}
	}
	plan := u.plan(s, "SELECT id, body FROM requests WHERE active") +
		u.plan(s, "UPDATE messages SET version = version + 1, lease_until = 0 WHERE shown_version < version")
	for _, index := range []string{"requests_active", "messages_behind"} {
		if !strings.Contains(plan, index) {
			t.Errorf("the start does not use %s:\n%s", index, plan)
		}
	}
}

// plan gives SQLite's query plan.
func (u *setup) plan(s *Store, query string, args ...any) string {
	u.t.Helper()
	rows, err := s.db.write.QueryContext(u.t.Context(), "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		u.t.Fatal(err)
	}
	defer rows.Close()
	var plan strings.Builder
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			u.t.Fatal(err)
		}
		plan.WriteString(detail + "\n")
	}
	if err := rows.Err(); err != nil {
		u.t.Fatal(err)
	}
	return plan.String()
}
