package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// connector opens each connection to PostgreSQL with the password that is in force then. One that the server does not take leaves the one that it
// took last in use, as do a URL that cannot be had and one that differs in more: another server is another database, for which one restarts.
type connector struct {
	cfg pgx.ConnConfig
	url func() (string, error) // as Config.CurrentURL; nil for none
	log *slog.Logger

	mu       sync.Mutex
	password string // that the server took last, or that of the first URL
	said     string // what was last said of a URL or a password
}

var _ driver.Connector = (*connector)(nil)

// Connect opens a connection.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	c.mu.Lock()
	before := c.password
	c.mu.Unlock()
	password := c.current(before)
	conn, err := c.connect(ctx, password)
	if password == before {
		return conn, err
	}
	if err == nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.password != password {
			c.log.InfoContext(ctx, "the database's password has changed, and the new one is in use")
		}
		c.password, c.said = password, ""
		return conn, nil
	}
	if !refusesPassword(err) {
		return nil, err
	}
	older, olderErr := c.connect(ctx, before)
	if olderErr != nil {
		return nil, err // what is in force now is what somebody has to mend
	}
	c.say("the database does not take the new password, the one before stays in use")
	return older, nil
}

func (c *connector) connect(ctx context.Context, password string) (driver.Conn, error) {
	cfg := c.cfg
	cfg.Password = password
	return stdlib.GetConnector(cfg).Connect(ctx)
}

// Driver is that of pgx.
func (*connector) Driver() driver.Driver { return stdlib.GetDefaultDriver() }

// current is the password of the URL as it is now, or the one before.
func (c *connector) current(before string) string {
	if c.url == nil {
		return before
	}
	url, err := c.url()
	if err != nil {
		c.say(fmt.Sprintf("the database's URL cannot be read, the password before stays in use: %v", err))
		return before
	}
	cfg, err := pgx.ParseConfig(url)
	switch {
	case err != nil:
		c.say(fmt.Sprintf("the database's URL has changed and is not valid, the password before stays in use: %v", err)) // pgx leaves the password out
	case cfg.Host != c.cfg.Host, cfg.Port != c.cfg.Port, cfg.User != c.cfg.User, cfg.Database != c.cfg.Database:
		c.say("the database's URL has changed in more than the password, which needs a restart; the one before stays in use")
	case cfg.Password == before:
		c.mu.Lock()
		defer c.mu.Unlock()
		c.said = ""
		return before
	default:
		return cfg.Password
	}
	return before
}

// say warns of a trouble, once as long as it is the same.
func (c *connector) say(trouble string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.said != trouble {
		c.said = trouble
		c.log.Warn("the database's password", "warning", trouble)
	}
}

// refusesPassword says whether the server knows the user by another password (postgresql.org/docs/current/errcodes-appendix.html, class 28).
func refusesPassword(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (e.Code == "28P01" || e.Code == "28000")
}
