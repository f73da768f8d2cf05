package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"mailback/recovery"
)

// Workers is what jobs call. Advance and Deliver give how long to wait before they are called again with the same
// arguments, 0 for never. Deliver is told whose message it is, as R-142, for its log. An error with a wait says why; an error alone is
// waited for as its recovery.Kind asks. Either way the job stays.
type Workers struct {
	Advance func(ctx context.Context, request, version int64) (time.Duration, error)
	Deliver func(ctx context.Context, request string, message, version int64) (time.Duration, error)
	// Refused is told that Slack will never take a message of a request, by its key; code is Slack's error. Optional.
	Refused func(ctx context.Context, request int64, key, code string) error
	// Examine is asked once a day for what is wrong with the installation. Optional.
	Examine func(ctx context.Context) []recovery.Note
}

// job is one that is about to be inserted.
type job = river.InsertManyParams

// The version is among the arguments, and a job is unique by all of them: one unique by its request alone would swallow
// the wake-up that lands while it runs or waits.
type (
	advanceArgs struct {
		Request int64 `json:"request_id"`
		Version int64 `json:"version"`
	}
	deliverArgs struct {
		Message int64 `json:"message_id"`
		Version int64 `json:"version"`
		Request int64 `json:"request_id"` // whose message it is, for the log
	}
)

// Kind names the job.
func (advanceArgs) Kind() string { return "advance" }

// Kind names the job.
func (deliverArgs) Kind() string { return "deliver" }

// InsertOpts gives the kind its own queue, so that a Slack that hangs holds up no restore.
func (a advanceArgs) InsertOpts() river.InsertOpts { return insertOpts(a.Kind()) }

// InsertOpts gives the kind its own queue.
func (a deliverArgs) InsertOpts() river.InsertOpts { return insertOpts(a.Kind()) }

func insertOpts(queue string) river.InsertOpts {
	return river.InsertOpts{
		Queue:       queue,
		MaxAttempts: 30_000, // only a process that dies in the middle counts, see run; River keeps it in 16 bits
		UniqueOpts:  river.UniqueOpts{ByArgs: true},
	}
}

// nearPurge is within which time of its purge a request goes before others.
const nearPurge = 3 * 24 * time.Hour

// advanceJob is the next job of a request. Those whose mailbox is purged soon go before others that are due. The accounts of requests
// for many have a queue of their own; in it, those that are to begin go before those that have begun, most of which wait for Microsoft anyway.
func advanceJob(r recovery.Request, now time.Time) job {
	opts := &river.InsertOpts{Priority: 2}
	if at := r.PurgedAt(); !at.IsZero() && at.Sub(now) < nearPurge {
		opts.Priority = 1
	}
	if r.BulkOf != 0 {
		opts.Queue = bulkQueue
		if r.State != recovery.Submitted {
			opts.Priority++
		}
	}
	return job{Args: advanceArgs{Request: r.ID, Version: r.Version}, InsertOpts: opts}
}

func deliverJob(request, message, version int64) job {
	return job{Args: deliverArgs{Message: message, Version: version, Request: request}}
}

// enqueue inserts jobs with the transaction.
func (s *Store) enqueue(ctx context.Context, t txn, jobs []job) error {
	if len(jobs) == 0 {
		return nil
	}
	_, err := s.insert.InsertManyTx(t.span(ctx), t.tx, jobs)
	return t.d.fault("insert jobs", err)
}

// riverConfig is what the client that inserts jobs and the one that runs them have in common.
func (s *Store) riverConfig() *river.Config {
	cfg := &river.Config{Logger: calm(s.log), RetryPolicy: retryPolicy{s}}
	if s.cfg.Now != nil {
		cfg.Test.Time = riverClock{s}
	}
	return cfg
}

// bulkQueue is for the accounts of requests for many, so that they hold up nobody else's.
const bulkQueue = "bulk"

// How many jobs of a kind run side by side. Those of requests for many wait for Graph most of the time.
const (
	workersPerQueue = 16
	bulkWorkers     = 28
)

// Start runs jobs until Stop. ctx bounds the start alone.
func (s *Store) Start(ctx context.Context, w Workers) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running != nil {
		return errors.New("jobs run already")
	}
	s.workers = w
	s.stopping.Store(false)
	cfg := s.riverConfig()
	cfg.ID = s.client
	cfg.Workers = s.riverWorkers()
	queue := river.QueueConfig{MaxWorkers: workersPerQueue}
	poll := s.cfg.PollInterval
	cfg.Queues = map[string]river.QueueConfig{
		advanceArgs{}.Kind(): queue,
		deliverArgs{}.Kind(): queue,
		// Nobody waits for a single one of these: they are looked for less often, and then more are found.
		bulkQueue:           {MaxWorkers: bulkWorkers, FetchCooldown: min(poll, 30*time.Millisecond), FetchPollInterval: 4 * poll},
		upkeepArgs{}.Kind(): {MaxWorkers: 1, FetchPollInterval: 10 * poll},
	}
	cfg.FetchPollInterval = poll
	cfg.FetchCooldown = min(poll, 10*time.Millisecond)
	cfg.JobTimeout, cfg.RescueStuckJobsAfter = s.cfg.JobTimeout+s.sittingTime(), s.cfg.RescueAfter
	cfg.CompletedJobRetentionPeriod = time.Hour
	if err := s.redraw(ctx); err != nil {
		return err
	}
	if err := s.schedule(ctx); err != nil {
		return fmt.Errorf("schedule the daily job: %w", err)
	}
	if err := s.sweep(ctx); err != nil {
		return fmt.Errorf("look for requests without a job: %w", err)
	}
	client, err := river.NewClient(s.db.driver(s.db.write), cfg)
	if err != nil {
		return fmt.Errorf("set up the jobs: %w", err)
	}
	if s.roll, err = s.joinRoll(ctx); err != nil { // before the first job: the others cover for nobody who is not on it
		return err
	}
	if err := client.Start(context.WithoutCancel(ctx)); err != nil {
		s.roll.leave()
		return fmt.Errorf("start the jobs: %w", err)
	}
	s.running = client
	return nil
}

// stopGrace is how long jobs get to notice that they are cancelled.
const stopGrace = 3 * time.Second

// Stop takes up no more jobs and waits for those that run. When ctx ends first they are cancelled; they stay in the
// database and go on with the next Start.
func (s *Store) Stop(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running == nil {
		return nil
	}
	return s.halt(ctx)
}

// Stopping says whether Stop was called: jobs that run are to come to their end.
func (s *Store) Stopping() bool { return s.stopping.Load() }

// halt stops the jobs, and then leaves the roll: as long as a job runs, this process is alive.
func (s *Store) halt(ctx context.Context) error {
	s.stopping.Store(true)
	if err := s.running.Stop(ctx); err != nil {
		hard, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopGrace)
		defer cancel()
		if err := s.running.StopAndCancel(hard); err != nil {
			return fmt.Errorf("jobs do not stop: %w", err)
		}
	}
	s.roll.leave()
	s.running, s.roll = nil, nil
	return nil
}

func (s *Store) riverWorkers() *river.Workers {
	ws := river.NewWorkers()
	river.AddWorker(ws, river.WorkFunc(func(ctx context.Context, j *river.Job[advanceArgs]) error {
		return s.run(ctx, j.JobRow, s.log.With(logRequest(j.Args.Request)), func(log *slog.Logger, since *time.Time) (time.Duration, error) {
			sit := &sitting{request: j.Args.Request, job: j.ID}
			sit.version.Store(j.Args.Version)
			return s.advance(ofJob(ctx), log, sit, since)
		})
	}))
	river.AddWorker(ws, river.WorkFunc(func(ctx context.Context, j *river.Job[deliverArgs]) error {
		log := s.log.With(logRequest(j.Args.Request), slog.Int64("message", j.Args.Message))
		return s.run(ctx, j.JobRow, log, func(log *slog.Logger, _ *time.Time) (time.Duration, error) {
			defer s.db.yield(ctx)()
			return s.deliver(ofJob(ctx), log, j.Args)
		})
	}))
	river.AddWorker(ws, river.WorkFunc(func(ctx context.Context, j *river.Job[upkeepArgs]) error {
		return s.run(ctx, j.JobRow, s.log, func(log *slog.Logger, _ *time.Time) (time.Duration, error) {
			defer s.db.yield(ctx)()
			return s.upkeep(ofJob(ctx), log)
		})
	}))
	return ws
}

// logRequest names a request in a line of the log as people know it.
func logRequest(id int64) slog.Attr { return slog.String("request", ref(id)) }

// ref is a request as people know it; empty for none, as a seal's.
func ref(id int64) string {
	if id == 0 {
		return ""
	}
	return recovery.Request{ID: id}.Ref()
}

// leftBehind keeps a job whose work ended without doing anything, where there is still something to do: an open request
// and a message that is not shown are never without a job.
func (s *Store) leftBehind(ctx context.Context, log *slog.Logger, query string, id, version int64) (time.Duration, error) {
	var left bool
	if err := s.db.reader().row(ctx, "look at what a job did", query, []any{id, version}, &left); err != nil || !left {
		return 0, err
	}
	log.WarnContext(ctx, "a job ended and left its work undone: it is repeated", "version", version)
	return time.Second, nil
}

// run is every job. An error does not end one: the job waits and comes again, which in River is a snooze. A retry of
// River's would count, and be given up in the end. What a job waits is counted from when it began, or from when it says by since; after
// an error, from the error on.
func (s *Store) run(ctx context.Context, row *rivertype.JobRow, log *slog.Logger, work func(log *slog.Logger, since *time.Time) (time.Duration, error)) error {
	log = log.With(slog.String("job", row.Kind))
	since := s.now()
	wait, err := guard(func() (time.Duration, error) { return work(log, &since) })
	if err != nil {
		since = s.now() // a service that wants a pause wants it from its answer on
		stopped := errors.Is(ctx.Err(), context.Canceled)
		if wait <= 0 {
			wait = s.patience(row, err, stopped)
		}
		log.LogAttrs(ctx, gravity(err, stopped), "job is repeated", slog.Duration("wait", wait), slog.Any("error", err))
	}
	if wait <= 0 {
		return nil
	}
	// River counts a snooze from the system's clock, whatever clock it was given (river internal/jobexecutor). The wait is counted from
	// a beginning: where the clock was moved meanwhile, the job comes again early rather than late.
	return river.JobSnooze(max(0, time.Until(since.Add(wait))))
}

// retryable is an error that says of itself whether the same call may work later, and whether nothing is wrong but that it came too
// soon: what delivers messages has such.
type retryable interface {
	error
	Retryable() bool
	RateLimited() bool
}

// gravity tells how loud an error is to be logged: that the other side wants a call to wait is everyday, that it is away is
// not, and what does not go away by itself is for an operator.
func gravity(err error, stopped bool) slog.Level {
	kind := recovery.KindOf(err)
	says, ok := errors.AsType[retryable](err)
	switch {
	case stopped, kind == recovery.Throttled, ok && says.RateLimited():
		return slog.LevelInfo
	case kind == recovery.Unavailable, ok && says.Retryable():
		return slog.LevelWarn
	default:
		return slog.LevelError
	}
}

// guard turns a panic into an error. It says what the runtime says; of a value that somebody else panicked with it says the type
// alone, for its text may hold anything that was at hand.
func guard(work func() (time.Duration, error)) (wait time.Duration, err error) {
	defer func() {
		switch v := recover().(type) {
		case nil:
		case runtime.Error:
			wait, err = 0, fmt.Errorf("panic: %w\n%s", v, debug.Stack())
		default:
			wait, err = 0, fmt.Errorf("panic of type %T\n%s", v, debug.Stack())
		}
	}()
	return work()
}

// patience is how long to wait after an error: as long as Microsoft asks, else a quarter of the job's age, within bounds.
// A job that Stop cut off goes on with the next Start.
func (s *Store) patience(row *rivertype.JobRow, err error, stopped bool) time.Duration {
	age := s.now().Sub(row.CreatedAt) / 4
	kind, asked := recovery.KindOf(err), recovery.Pause(err)
	switch {
	case kind == recovery.Throttled:
		return max(asked, time.Second)
	case stopped:
		return 100 * time.Millisecond
	case kind == recovery.Unavailable:
		return max(asked, min(max(age, time.Second), time.Minute))
	default:
		return max(asked, min(max(age, 5*time.Second), 5*time.Minute))
	}
}

// retryPolicy is for what run does not see: the jobs of a process that died.
type retryPolicy struct{ s *Store }

// NextRetry is soon.
func (p retryPolicy) NextRetry(*rivertype.JobRow) time.Time { return p.s.now().Add(time.Second) }

// riverClock gives River the Config's clock.
type riverClock struct{ s *Store }

// NowUTC is the time.
func (c riverClock) NowUTC() time.Time { return c.s.now().UTC() }

// NowUTCOrNil is the time; nil would mean the database's own.
func (c riverClock) NowUTCOrNil() *time.Time {
	now := c.NowUTC()
	return &now
}
