package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/riverqueue/river"

	"mailback/recovery"
)

// Config is what a Store works with. URL and Render are required.
type Config struct {
	URL string // "sqlite:mailback.db", or "postgres://user@host/name"
	// CurrentURL gives the URL as it is now. It is asked for each new connection to PostgreSQL, and its password is used if nothing else in it has
	// changed and the server takes it; else the one before. Nil: URL stays as it is.
	CurrentURL  func() (string, error)
	Render      recovery.Renderer      // words the messages of an event
	RenderSeal  recovery.SealRenderer  // words a seal of the audit trail; nil: it is posted nowhere
	RenderFault recovery.FaultRenderer // words a fault of the installation; nil: it is told nowhere
	RenderLink  recovery.LinkRenderer  // words that somebody is known by another account; nil: nobody's link can be followed by another
	Retention   time.Duration          // how long ended requests keep what names people; 0: for ever
	Now         recovery.Clock         // nil: the system's; given to River too, so that waiting jobs follow a moved clock
	Logger      *slog.Logger           // nil: slog.Default(). It gets a line for each event of a request, with ids alone
	// Observe is told of each event of a request once it is committed. Others wait for it, so it must not block. Optional.
	Observe func(recovery.Event)

	JobTimeout   time.Duration // how long a turn of a job may take; 0: 30 s
	RescueAfter  time.Duration // when the job of a process that died is taken over by another; 0: 40 s, never before it can have come to its end
	PollInterval time.Duration // how often new jobs are looked for; 0: 75 ms, which costs 2 % of a core where nothing happens
}

// Store is a recovery.Store that also runs the jobs. Its methods may be called side by side.
type Store struct {
	cfg    Config
	log    *slog.Logger
	db     *database
	insert *river.Client[*sql.Tx] // inserts jobs, runs none
	client string                 // by which River knows this process
	tally  tally
	gauge  gauge
	leases leases // where one process has the database

	stopping atomic.Bool // jobs are to come to their end

	mu      sync.Mutex
	workers Workers
	running *river.Client[*sql.Tx] // nil unless started
	roll    *roll                  // nil unless started
}

var _ recovery.Store = (*Store)(nil)

// Open opens the database, which it creates in the case of SQLite, and brings its tables up to date. Its errors are
// sentences for whoever starts the program.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	if cfg.Render == nil {
		return nil, errors.New("store: no renderer")
	}
	s := &Store{cfg: cfg, log: cfg.Logger, client: "mailback-" + rand.Text()}
	if s.log == nil {
		s.log = slog.Default()
	}
	s.cfg.JobTimeout = orDefault(cfg.JobTimeout, 30*time.Second)
	s.cfg.RescueAfter = max(orDefault(cfg.RescueAfter, 40*time.Second), s.cfg.JobTimeout+s.sittingTime())
	s.cfg.PollInterval = orDefault(cfg.PollInterval, 75*time.Millisecond)
	db, err := openDatabase(ctx, cfg.URL, cfg.CurrentURL, s.log)
	if err != nil {
		return nil, err
	}
	s.db = db
	if db.warning != "" {
		s.log.WarnContext(ctx, "the database file", "warning", db.warning)
	}
	if err := s.migrate(ctx); err != nil {
		return nil, errors.Join(err, db.close())
	}
	s.insert, err = river.NewClient(db.driver(db.write), s.riverConfig())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("set up the job queue: %w", err), db.close())
	}
	if !db.single {
		if err := s.rehearse(ctx); err != nil {
			s.log.WarnContext(ctx, "the first commands and clicks may be slow", "error", err)
		}
		return s, nil
	}
	if err := s.wake(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("wake the open requests: %w", err), db.close())
	}
	return s, nil
}

func orDefault(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}

// Close stops jobs that still run and closes the database. Call Stop first to let them finish. Only the first call counts.
func (s *Store) Close() error {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return errors.Join(s.Stop(ctx), s.db.close())
}

// Ping says whether the database takes a transaction now. The error is a *recovery.Error.
func (s *Store) Ping(ctx context.Context) error {
	return s.db.transact(ctx, func(t txn) error {
		var one int
		return t.row(ctx, "ping the database", "SELECT 1", nil, &one)
	})
}

// now is the time of the Config's clock.
func (s *Store) now() time.Time {
	if s.cfg.Now == nil {
		return time.Now()
	}
	return s.cfg.Now()
}
