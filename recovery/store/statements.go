package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"regexp"
	"strconv"
)

// sqliteConnector opens connections that keep the statements they have parsed. The statements of this package and of River are always the
// same few, and parsing took SQLite longer than running most of them.
type sqliteConnector struct {
	url    string
	driver driver.Driver
}

// openKeeping gives a pool of such connections to a file.
func openKeeping(url string) (*sql.DB, error) {
	plain, err := sql.Open("sqlite", url) // it opens nothing yet
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(sqliteConnector{url, plain.Driver()}), plain.Close()
}

// Connect opens a connection.
func (c sqliteConnector) Connect(context.Context) (driver.Conn, error) {
	conn, err := c.driver.Open(c.url)
	if err != nil {
		return nil, err
	}
	full, ok := conn.(sqliteConn)
	if !ok {
		return nil, fmt.Errorf("the SQLite driver gave a %T, which cannot do all that is asked of a connection", conn)
	}
	return &keepingConn{sqliteConn: full, kept: map[string]*keptStmt{}, limits: map[string]bool{}}, nil
}

// Driver is modernc.org/sqlite.
func (c sqliteConnector) Driver() driver.Driver { return c.driver }

// sqliteConn is what a connection of modernc.org/sqlite can do and database/sql asks for.
type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// mostKept is how many statements a connection keeps, which is more than there are. If there are more after all, it begins anew.
const mostKept = 200

// keepingConn is a connection that keeps its statements. As of each driver.Conn, one goroutine at a time uses it.
type keepingConn struct {
	sqliteConn

	kept map[string]*keptStmt
	// limits says whether a statement has a LIMIT that is a parameter.
	limits map[string]bool
}

// keptStmt is a parsed statement. It is in use until the rows that it gave are closed.
type keptStmt struct {
	driver.StmtExecContext
	driver.StmtQueryContext

	close func() error
	inUse bool
}

// ExecContext runs a statement without rows.
func (c *keepingConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	s, err := c.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.sqliteConn.ExecContext(ctx, query, args)
	}
	return s.ExecContext(ctx, args)
}

// QueryContext runs a statement with rows.
func (c *keepingConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	query = c.limited(query, args)
	s, err := c.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.sqliteConn.QueryContext(ctx, query, args)
	}
	rows, err := s.QueryContext(ctx, args)
	if err != nil {
		return nil, err
	}
	s.inUse = true
	return keptRows{rows, s}, nil
}

var limitPattern = regexp.MustCompile(`\bLIMIT [?$]\d+\b`)

// limited writes the numbers of LIMITs into the statement: SQLite parses a kept statement anew whenever the parameter of a LIMIT is bound,
// in case another plan were better (sqlite3ExprIsInteger, expr.c). River looks for jobs with one such, ten times a second.
func (c *keepingConn) limited(query string, args []driver.NamedValue) string {
	has, known := c.limits[query]
	if !known {
		has = limitPattern.MatchString(query)
		if len(c.limits) >= mostKept {
			clear(c.limits)
		}
		c.limits[query] = has
	}
	if !has {
		return query
	}
	return limitPattern.ReplaceAllStringFunc(query, func(limit string) string {
		word, number := limit[:len("LIMIT ")], limit[len("LIMIT ?"):]
		n, err := strconv.Atoi(number)
		if err != nil || n < 1 || n > len(args) {
			return limit
		}
		most, ok := args[n-1].Value.(int64)
		if !ok || args[n-1].Ordinal != n {
			return limit
		}
		return word + strconv.FormatInt(most, 10)
	})
}

// statement gives a statement parsed; nil where the same one still gives rows, so that this call needs one of its own.
func (c *keepingConn) statement(ctx context.Context, query string) (*keptStmt, error) {
	if s := c.kept[query]; s != nil {
		if s.inUse {
			return nil, nil //nolint:nilnil // the comment above
		}
		return s, nil
	}
	if len(c.kept) >= mostKept {
		c.forget()
	}
	s, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	exec, canExec := s.(driver.StmtExecContext)
	rows, canQuery := s.(driver.StmtQueryContext)
	if !canExec || !canQuery {
		return nil, fmt.Errorf("the SQLite driver gave a %T, which cannot do all that is asked of a statement", s)
	}
	kept := &keptStmt{StmtExecContext: exec, StmtQueryContext: rows, close: s.Close}
	c.kept[query] = kept
	return kept, nil
}

// forget closes the statements that are not in use.
func (c *keepingConn) forget() {
	for query, s := range c.kept {
		if !s.inUse {
			_ = s.close() // it says again what its last run said
			delete(c.kept, query)
		}
	}
}

// Close closes the statements and the connection. database/sql has closed all rows before.
func (c *keepingConn) Close() error {
	c.forget()
	return c.sqliteConn.Close()
}

// keptRows are the rows of a kept statement.
type keptRows struct {
	driver.Rows

	of *keptStmt
}

// Close ends the rows, so that the statement can run again.
func (r keptRows) Close() error {
	r.of.inUse = false
	return r.Rows.Close()
}
