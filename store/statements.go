package store

import (
	"context"
	"database/sql"
	"database/sql/driver"

	"modernc.org/sqlite"
)

// openPool opens a pool of connections that keep their prepared statements: SQLite takes longer to read and plan most
// of our queries than to run them, and database/sql would have it done again for each.
func openPool(dsn string) (*sql.DB, error) {
	connector, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(preparing{connector}), nil
}

// preparing opens connections that keep their statements.
type preparing struct{ driver.Connector }

func (p preparing) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := p.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &keepingConn{sqliteConn: conn.(sqliteConn), idle: map[string]statement{}}, nil
}

// sqliteConn is what every connection of the driver can do.
type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// statement is what every prepared statement of the driver can do.
type statement interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// maxIdleStatements is how many statements a connection keeps. The program has fewer, but the text of one that takes a
// list of ids differs with its length.
const maxIdleStatements = 200

// keepingConn keeps the statements that are not running, by their text. Like every connection it is used by one
// goroutine at a time.
type keepingConn struct {
	sqliteConn
	idle map[string]statement
}

// Unwrap returns the connection of the driver.
func (c *keepingConn) Unwrap() driver.Conn { return c.sqliteConn }

// take returns a statement that nobody else uses before put.
func (c *keepingConn) take(ctx context.Context, query string) (statement, error) {
	if s, ok := c.idle[query]; ok {
		delete(c.idle, query)
		return s, nil
	}
	s, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.(statement), nil
}

// put gives a statement back. A second one of the same text, for which rows of the first were still open, is not kept;
// where there is no room, any other goes.
func (c *keepingConn) put(query string, s statement) error {
	if _, ok := c.idle[query]; ok {
		return s.Close()
	}
	if len(c.idle) >= maxIdleStatements {
		for some, other := range c.idle {
			delete(c.idle, some)
			if err := other.Close(); err != nil {
				return err
			}
			break
		}
	}
	c.idle[query] = s
	return nil
}

// ExecContext implements driver.ExecerContext.
func (c *keepingConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	s, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	result, err := s.ExecContext(ctx, args)
	if err != nil {
		_ = s.Close() // after a failure nothing is kept: it is rare, and a statement that failed is not worth a doubt
		return nil, err
	}
	return result, c.put(query, s)
}

// QueryContext implements driver.QueryerContext.
func (c *keepingConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	rows, err := s.QueryContext(ctx, args)
	if err != nil {
		_ = s.Close()
		return nil, err
	}
	return &keptRows{rows, c, query, s}, nil
}

// Close ends the statements with the connection.
func (c *keepingConn) Close() error {
	for _, s := range c.idle {
		_ = s.Close()
	}
	return c.sqliteConn.Close()
}

// keptRows gives its statement back when it is closed.
type keptRows struct {
	driver.Rows
	conn  *keepingConn
	query string
	stmt  statement
}

func (r *keptRows) Close() error {
	if err := r.Rows.Close(); err != nil {
		_ = r.stmt.Close()
		return err
	}
	return r.conn.put(r.query, r.stmt)
}
