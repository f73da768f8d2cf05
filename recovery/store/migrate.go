package store

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/riverqueue/river/rivermigrate"
)

// migrations holds a folder of numbered files for each database.
//
//go:embed migrations
var migrations embed.FS

// migrate brings the tables of Mailback and of River up to date, one process at a time.
func (s *Store) migrate(ctx context.Context) error {
	return s.db.exclude(ctx, func() error {
		if err := s.migrateOwn(ctx); err != nil {
			return err
		}
		return s.migrateRiver(ctx)
	})
}

// migrations lists the database's migrations, in order.
func (d *dialect) migrations() ([]string, error) {
	files, err := fs.Glob(migrations, path.Join("migrations", d.name, "*.sql")) // sorted
	if err != nil {
		return nil, fmt.Errorf("list the migrations: %w", err)
	}
	return files, nil
}

func (s *Store) migrateOwn(ctx context.Context) error {
	files, err := s.db.migrations()
	if err != nil {
		return err
	}
	const table = `CREATE TABLE IF NOT EXISTS mailback_migrations (version BIGINT PRIMARY KEY, applied_at BIGINT NOT NULL)`
	if err := s.db.writer().exec(ctx, "create the table of migrations", table); err != nil {
		return err
	}
	var have int
	const newest = `SELECT COALESCE(MAX(version), 0) FROM mailback_migrations`
	if err := s.db.writer().row(ctx, "read the schema's version", newest, nil, &have); err != nil {
		return err
	}
	if have > len(files) {
		return fmt.Errorf("the database has schema %d and this Mailback knows schemas up to %d: install the newer Mailback, "+
			"or restore the backup from before its installation", have, len(files))
	}
	for _, file := range files[have:] {
		if err := s.apply(ctx, file); err != nil {
			return fmt.Errorf("bring the database up to date: %w", err)
		}
	}
	return nil
}

// apply runs one file and notes it, in one transaction. Its number is the schema's version.
func (s *Store) apply(ctx context.Context, file string) error {
	text, err := migrations.ReadFile(file)
	if err != nil {
		return err
	}
	version, err := migrationNumber(file)
	if err != nil {
		return err
	}
	return s.db.transact(ctx, func(t txn) error {
		if err := t.exec(ctx, file, string(text)); err != nil {
			return err
		}
		const note = `INSERT INTO mailback_migrations (version, applied_at) VALUES ($1, $2)`
		return t.exec(ctx, file, note, version, millis(s.now()))
	})
}

// migrateRiver leaves each of River's migrations its own transaction, which some of them need (rivermigrate.Migrate).
func (s *Store) migrateRiver(ctx context.Context) error {
	m, err := rivermigrate.New(s.db.driver(s.db.write), &rivermigrate.Config{Logger: calm(s.log)})
	if err == nil {
		_, err = m.Migrate(ctx, rivermigrate.DirectionUp, nil)
	}
	if err != nil {
		return errors.Join(errors.New("the job queue's tables cannot be brought up to date"), err)
	}
	return nil
}
